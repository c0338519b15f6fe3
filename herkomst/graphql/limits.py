"""Limits on what may be asked at once, found in the text before anything is validated or executed.

A question is read once, with a cap on its size; then its selections are walked, each fragment once,
so that a document that would unfold without end is refused as fast as any other. What is left has
a price: an object costs one point, a list as many times what one of it costs as it may have
members. The price is told with every answer, as `extensions.cost`.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from graphql import (
    DocumentNode,
    FieldNode,
    FloatValueNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLField,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLSchema,
    GraphQLSyntaxError,
    InlineFragmentNode,
    IntValueNode,
    Node,
    OperationDefinitionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    get_named_type,
    parse,
    validate,
)

from herkomst.investigations.pages import LARGEST

LENGTH = 20_000
"""Characters of a document."""
TOKENS = 2_000
COMMENTS = 200
VALUES = 500
"""Values in the variables, those in lists included."""
DEPTH = 12
INTROSPECTION_DEPTH = 20
NESTING = 60
"""Selection sets inside each other, those of fragments included."""
WRITTEN = 300
"""Fields of a document, as they are written."""
FIELDS = 250
"""Fields of an operation, with its fragments unfolded."""
ALIASES = 30
REPEATS = 5
"""How often one selection set may name one field: comparing the repeats is what costs."""
DIRECTIVES = 20
DEFINITIONS = 40
VARIABLES = 40
DIGITS = 18
"""Characters of a number that is written into a document."""
LEVELS = 20
"""Lists and objects inside each other, in the variables and in a value of a document."""
COST = 10_000
TRUSTED_COST = 25_000
"""What a trusted document may cost: it was looked at before it was taken up."""
UNPRICED = 1
"""What is told as the cost of a question that was refused before it could be priced."""
OBJECT = 1
"""What an object costs; what it says of itself costs nothing."""
MEMBERS = 5
"""Members that a list is taken to have."""
COUNT = 100
"""What it costs to count a list."""
REMEMBERED = 64
"""Documents whose reading is kept: screens ask the same ones."""
_INTROSPECTION = frozenset({"__schema", "__type"})
_GIVEN_UP = "Parsing aborted."
"""How the parser ends its sentence where a document is too much for it, and not wrong."""


class Refused(GraphQLError):
    """A document that asks too much at once."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message, extensions={"code": code})


class Weight(NamedTuple):
    """What a selection unfolds to."""

    cost: int = 0
    fields: int = 0
    aliases: int = 0

    def plus(self, other: "Weight", times: int = 1) -> "Weight":
        return Weight(
            self.cost + times * other.cost, self.fields + other.fields, self.aliases + other.aliases
        )


class Cost(NamedTuple):
    """What a question costs, and what it may cost."""

    requested: int = UNPRICED
    maximum: int = COST


Sizes = tuple[tuple[str, float | None], ...]
"""Of the variables what may be the size of a page: nothing else of them has a part in a price."""


class Readied(NamedTuple):
    """A document that was read, found to be small enough, and validated."""

    document: DocumentNode
    errors: tuple[GraphQLError, ...]


class Reader:
    """Reads documents against one schema, and remembers what it read."""

    def __init__(self, schema: GraphQLSchema, *, introspection: bool) -> None:
        self._schema = schema
        self._introspection = introspection
        self.ready = lru_cache(maxsize=REMEMBERED)(self._ready)
        self.price = lru_cache(maxsize=REMEMBERED)(self._price)

    def _ready(self, text: str) -> Readied:
        """Raises `GraphQLError`, and `Refused` where it asks too much at once."""
        document = read(text)
        refuse_abundance(document)
        for operation in operations(document):
            weigh(self._schema, document, operation, None, introspection=self._introspection)
        errors = validate(self._schema, document, hide_suggestions=not self._introspection)
        return Readied(document, tuple(errors))

    def _price(self, text: str, name: str | None, sizes: Sizes) -> int:
        """What an operation of a document costs. Raises `Refused` for a page that is none."""
        document = self.ready(text).document
        operation = chosen(document, name)
        assert operation is not None
        return price(self._schema, document, operation, dict(sizes))


def read(text: str) -> DocumentNode:
    """The document, if it is not too long and can be read. Raises `GraphQLError`."""
    if len(text) > LENGTH:
        raise Refused(
            "document_too_long",
            f"The document has {len(text)} characters; {LENGTH} are allowed. "
            "Send values as variables.",
        )
    try:
        return parse(text, max_lexical_tokens=TOKENS, max_comments=COMMENTS)
    except GraphQLSyntaxError as error:
        if error.description.endswith(_GIVEN_UP):
            raise Refused("document_too_large", error.description) from None
        raise


def refuse_abundance(document: DocumentNode) -> None:
    """Refuse too much of anything that can be counted. Raises `Refused`."""
    if len(document.definitions) > DEFINITIONS:
        raise Refused(
            "too_many_definitions",
            f"The document has {len(document.definitions)} operations and fragments; "
            f"{DEFINITIONS} are allowed.",
        )
    for operation in operations(document):
        if len(operation.variable_definitions or ()) > VARIABLES:
            raise Refused("too_many_variables", f"An operation has at most {VARIABLES} variables.")
    nodes = list(_nodes(document))
    directives = sum(len(getattr(node, "directives", None) or ()) for node in nodes)
    if directives > DIRECTIVES:
        raise Refused(
            "too_many_directives",
            f"The document has {directives} directives; {DIRECTIVES} are allowed.",
        )
    # Also those of fragments that are not used: validation compares them all with each other.
    fields = sum(isinstance(node, FieldNode) for node in nodes)
    if fields > WRITTEN:
        raise Refused(
            "too_many_fields", f"The document has {fields} fields; {WRITTEN} are allowed."
        )
    for value, level in _values(nodes):
        if level > LEVELS:
            raise Refused("too_deep", f"Values are nested at most {LEVELS} levels deep.")
        if isinstance(value, IntValueNode | FloatValueNode) and len(value.value) > DIGITS:
            raise Refused(
                "number_too_long", f"A number in a document has at most {DIGITS} characters."
            )


def _nodes(document: DocumentNode) -> Iterator[Node]:
    """The definitions of a document, with their variables, selections and fields."""
    nodes: list[Any] = list(document.definitions)
    while nodes:
        node = nodes.pop()
        yield node
        nodes += getattr(node, "variable_definitions", None) or ()
        selections = getattr(node, "selection_set", None)
        nodes += selections.selections if selections else ()


def _values(nodes: Iterable[Node]) -> Iterator[tuple[ValueNode, int]]:
    """The values that are written at these nodes, each with how deep it lies in another."""
    values: list[tuple[Any, int]] = [(node, 0) for node in nodes]
    while values:
        node, level = values.pop()
        if isinstance(node, ValueNode):
            yield node, level
        inner = [*(getattr(node, "values", None) or ()), *(getattr(node, "fields", None) or ())]
        values += ((each, level + 1) for each in inner)
        beside = [*(getattr(node, "arguments", None) or ()), getattr(node, "value", None)]
        beside += [getattr(node, "default_value", None)]
        values += ((each, level) for each in beside if isinstance(each, Node))
        for directive in getattr(node, "directives", None) or ():
            values.append((directive, level))


def sizes(variables: Mapping[str, Any]) -> Sizes:
    return tuple(
        [
            (name, value if isinstance(value, int | float) else None)
            for name, value in variables.items()
        ]
    )


def refuse_many_values(variables: Mapping[str, Any] | None) -> None:
    """Refuse more values than any question needs, or deeper ones. Raises `Refused`."""
    found, values = 0, [(value, 1) for value in (variables or {}).values()]
    while values:
        value, level = values.pop()
        found += 1
        if found > VALUES:
            raise Refused("too_many_values", f"The variables have more than {VALUES} values.")
        if level > LEVELS:
            raise Refused("too_deep", f"Variables are nested at most {LEVELS} levels deep.")
        if isinstance(value, list | dict):
            inner = value if isinstance(value, list) else value.values()
            values += ((each, level + 1) for each in inner)


def price(
    schema: GraphQLSchema,
    document: DocumentNode,
    operation: OperationDefinitionNode,
    variables: Mapping[str, Any],
) -> int:
    """What an operation costs with these variables. Raises `Refused` for a page that is none."""
    return weigh(schema, document, operation, variables, introspection=True).cost


def refuse_dear(cost: Cost) -> None:
    """Raises `Refused` above the limit."""
    if cost.requested > cost.maximum:
        raise Refused(
            "too_costly",
            f"The question costs {cost.requested} points; {cost.maximum} are allowed. Ask for "
            "smaller pages, or for less of each record.",
        )


def weigh(
    schema: GraphQLSchema,
    document: DocumentNode,
    operation: OperationDefinitionNode,
    variables: Mapping[str, Any] | None,
    *,
    introspection: bool,
) -> Weight:
    """What an operation unfolds to. Raises `Refused` when it is too much.

    Without variables the price is left open, and only the rest is looked at.
    """
    given = _defaults(operation) | dict(variables or {})
    scale = _Scale(schema, document, given, introspection=introspection)
    root = schema.get_root_type(operation.operation)
    return scale.selections(operation.selection_set, root, _Place(1, DEPTH, None))


class _Scale:
    """Weighs the selections of one operation, each fragment once for each place it is met at."""

    def __init__(
        self,
        schema: GraphQLSchema,
        document: DocumentNode,
        variables: Mapping[str, Any],
        *,
        introspection: bool,
    ) -> None:
        self._schema = schema
        self._variables = variables
        self._introspection = introspection
        self._fragments = {
            d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)
        }
        self._known: dict[tuple[str, _Place], Weight] = {}
        self._open: set[str] = set()
        self._nesting = 0

    def selections(
        self, node: SelectionSetNode | None, on: GraphQLNamedType | None, place: "_Place"
    ) -> Weight:
        """What a selection set unfolds to on a type; None is a type that does not exist."""
        self._nesting += 1
        if self._nesting > NESTING:
            raise Refused("too_deep", f"Selections are nested more than {NESTING} times.")
        total = Weight()
        met: Counter[str] = Counter()
        for selection in node.selections if node else ():
            if isinstance(selection, FieldNode):
                name = (selection.alias or selection.name).value
                met[name] += 1
                if met[name] > REPEATS:
                    raise Refused(
                        "too_many_repeats", f"{name!r} is selected more than {REPEATS} times."
                    )
                total = total.plus(self._field(selection, on, place))
            elif isinstance(selection, FragmentSpreadNode):
                total = total.plus(self._fragment(selection.name.value, place))
            else:
                assert isinstance(selection, InlineFragmentNode)
                condition = selection.type_condition
                inner = self._schema.get_type(condition.name.value) if condition else on
                total = total.plus(self.selections(selection.selection_set, inner, place))
            _refuse_weight(total)
        self._nesting -= 1
        return total

    def _fragment(self, name: str, place: "_Place") -> Weight:
        fragment = self._fragments.get(name)
        if fragment is None:
            return Weight()  # Validation says that it is missing.
        if name in self._open:
            raise Refused("fragment_cycle", f"The fragment {name!r} spreads itself.")
        if (name, place) not in self._known:
            self._open.add(name)
            on = self._schema.get_type(fragment.type_condition.name.value)
            self._known[name, place] = self.selections(fragment.selection_set, on, place)
            self._open.discard(name)
        return self._known[name, place]

    def _field(self, node: FieldNode, on: GraphQLNamedType | None, place: "_Place") -> Weight:
        name = node.name.value
        own = Weight(fields=1, aliases=1 if node.alias else 0)
        if place.depth > place.deepest:
            raise Refused("too_deep", f"A question is nested at most {place.deepest} levels deep.")
        if name in _INTROSPECTION:
            if not self._introspection:
                raise Refused("introspection_off", "The schema is not told here; it is published.")
            below = _Place(place.depth + 1, INTROSPECTION_DEPTH, None)
            return own.plus(self.selections(node.selection_set, None, below))
        field = getattr(on, "fields", {}).get(name)
        own = own.plus(Weight(cost=extra_cost(field)))
        if node.selection_set is None:
            return own
        type_ = None if field is None else field.type
        inner = None if type_ is None else get_named_type(type_)
        page = self._page(node)
        if page is None and not _is_list(type_):
            page = place.page  # A page may lie deeper than the field that says how large it is.
        deeper = _Place(place.depth + 1, place.deepest, page)
        below_it = self.selections(node.selection_set, inner, deeper)
        return own.plus(Weight(cost=OBJECT).plus(below_it), _members(type_, place.page))

    def _page(self, node: FieldNode) -> int | None:
        """The size of the page that is asked for; None where none is, or is none that can be."""
        for argument in node.arguments or ():
            if argument.name.value == "first":
                first = self._value(argument.value)
                if isinstance(first, float) and first.is_integer():
                    first = int(first)  # An Int may be sent as 100.0.
                if isinstance(first, int) and not 1 <= first <= LARGEST:
                    raise Refused(
                        "first", f"A page has from 1 to {LARGEST} records: send such a `first`."
                    )
                return first if isinstance(first, int) else None
        return None

    def _value(self, node: ValueNode) -> Any:
        if isinstance(node, VariableNode):
            return self._variables.get(node.name.value)
        return _small_number(node)


class _Place(NamedTuple):
    """Where a selection is met: how deep, how deep it may be, and in a page of how many."""

    depth: int
    deepest: int
    page: int | None


def extra_cost(field: GraphQLField | None) -> int:
    """What a field costs beside the objects that it answers, as its definition says."""
    definition = None if field is None else field.extensions.get("strawberry-definition")
    return 0 if definition is None else int((definition.metadata or {}).get("cost", 0))


def _members(type_: Any, page: int | None) -> int:
    """How many a field may answer: of a list in a page as many as the page has."""
    if not _is_list(type_):
        return 1
    return MEMBERS if page is None else page


def _is_list(type_: Any) -> bool:
    while isinstance(type_, GraphQLNonNull):
        type_ = type_.of_type
    return isinstance(type_, GraphQLList)


def _small_number(node: ValueNode | None) -> int | None:
    """A whole number; of one longer than any page can be, enough to tell that it is."""
    return int(node.value[:9]) if isinstance(node, IntValueNode) else None


def _refuse_weight(weight: Weight) -> None:
    if weight.fields > FIELDS:
        raise Refused("too_many_fields", f"The question has more than {FIELDS} fields.")
    if weight.aliases > ALIASES:
        raise Refused("too_many_aliases", f"The question has more than {ALIASES} aliases.")


def operations(document: DocumentNode) -> Iterator[OperationDefinitionNode]:
    for definition in document.definitions:
        if isinstance(definition, OperationDefinitionNode):
            yield definition


def chosen(document: DocumentNode, name: str | None) -> OperationDefinitionNode | None:
    """The operation of this name, or the only one; None where that says nothing."""
    found = [o for o in operations(document) if name in (None, o.name and o.name.value)]
    return found[0] if len(found) == 1 else None


def _defaults(operation: OperationDefinitionNode) -> dict[str, Any]:
    """What variables are when they are not sent, as far as it may be the size of a page."""
    return {
        variable.variable.name.value: _small_number(variable.default_value)
        for variable in operation.variable_definitions or ()
    }
