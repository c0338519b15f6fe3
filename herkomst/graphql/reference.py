"""The reference of the API: each field with what it tells, costs and needs, and an example.

All of it is derived: the words from the schema, the cost from the limits, the right from the
definition of the field, and the example from the shortest way there.
`docs/graphql.md` is this text, and tests run every example.
"""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    OperationType,
    get_named_type,
    is_composite_type,
    is_introspection_type,
    is_required_argument,
)

from herkomst.graphql.limits import COST, COUNT, MEMBERS, OBJECT, TRUSTED_COST, UNPRICED, extra_cost

SAMPLES = {
    "first": "1",
    "title": '"Bicycles of March"',
    "aim": '"Who brings them?"',
    "why": '"It belongs to the series."',
    "text": '"Ask the shop for its camera images."',
    "member": '"dev:district_detective@amsterdam"',
    "lead": '"dev:team_leader@amsterdam"',
    "unit": '"amsterdam"',
    "task": '"1"',
    "recorded": '"2030-01-01"',
    "since": '"2020-01-01"',
    "until": '"2030-01-01"',
    "name": '"Testa Voorbeeld"',
    "words": '"gazelle"',
}
"""What examples send, by the name of the argument; an id is a variable."""
_OF_TYPE = {
    "Boolean": "true",
    "Date": '"2026-03-02"',
    "DateTime": '"2026-03-02T14:05:00+01:00"',
    "Float": "1.0",
    "Int": "1",
    "String": '"example"',
}
VARIABLES = {
    "alert": "the id of an alert",
    "case": "the id of a case, or where one is read its number",
    "dealer": "the id of a dealer",
    "hit": "the id of a hit",
    "mute": "the id of a mute of a number",
    "number": "the id of a number, as `rejectHit` offers it",
    "presentation": "the id of a presentation",
    "purchase": "the id of a purchase",
    "record": "the id of any record",
    "request": "the id of a request for access",
    "sighting": "the id of a sighting",
    "stolenItem": "the id of a stolen item",
}
_OF_FIELD = {
    "node": "record",
    "case": "case",
    "caseAsKnown": "case",
    "caseChanges": "case",
    "caseDifferences": "case",
    "assessHit": "hit",
    "confirmHit": "hit",
    "rejectHit": "hit",
    "grantAccess": "request",
    "refuseAccess": "request",
    "activateAlert": "alert",
    "muteAlert": "alert",
    "unmuteAlert": "alert",
    "withdrawAlert": "alert",
    "answerSighting": "sighting",
    "unmuteNumber": "mute",
}
"""Which variable is sent as `id`, where it is not named as its field."""
_OF_ARGUMENT = {"item": "purchase", "of": "hit"}


class Step(NamedTuple):
    """A field on the way to another, and the type that it is asked of."""

    on: str
    name: str
    field: GraphQLField


class Example(NamedTuple):
    """A question that asks one field."""

    element: str
    """Such as `Hit.grade`."""
    text: str
    variables: tuple[str, ...]


class Reference:
    """What is told of one schema."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema
        self._ways = dict(_ways(schema))

    @cached_property
    def shapes(self) -> list[GraphQLObjectType]:
        """The types that have fields: the roots first, then the others by name."""
        types = self._schema.type_map.values()
        objects = [t for t in types if isinstance(t, GraphQLObjectType)]
        told = [t for t in objects if not is_introspection_type(t) and t.name in self._ways]
        return sorted(told, key=lambda t: (bool(self._ways[t.name]), t.name))

    def examples(self) -> Iterator[Example]:
        """One for each field."""
        for shape in self.shapes:
            for name, field in shape.fields.items():
                yield self._example(shape, name, field)

    def _example(self, shape: GraphQLObjectType, name: str, field: GraphQLField) -> Example:
        way = [*self._ways[shape.name], Step(shape.name, name, field)]
        variables: dict[str, str] = {}
        text = _written(way, variables)
        kind = self._kind(way[0].on)
        declared = ", ".join(f"${v}: ID!" for v in variables)
        head = f"{kind} ({declared})" if declared else kind
        return Example(f"{shape.name}.{name}", f"{head} {{ {text} }}", tuple(variables))

    def _kind(self, root: str) -> str:
        for kind in (OperationType.MUTATION, OperationType.SUBSCRIPTION):
            type_ = self._schema.get_root_type(kind)
            if type_ is not None and type_.name == root:
                return str(kind.value)
        return str(OperationType.QUERY.value)

    @cached_property
    def rights(self) -> Mapping[str, frozenset[str]]:
        """What each type needs: the right that stands nearest above it, on each way there."""
        found: dict[str, frozenset[str]] = {shape.name: frozenset() for shape in self.shapes}
        while True:
            before = dict(found)
            for shape in self.shapes:
                for name, field in shape.fields.items():
                    passed = self.needed(shape, name, found)
                    for member in _members(self._schema, field):
                        if (shape.name, name) != ("Query", "node") and member.name in found:
                            found[member.name] |= passed
            if found == before:
                return found

    def needed(
        self,
        shape: GraphQLObjectType,
        name: str,
        rights: Mapping[str, frozenset[str]] | None = None,
    ) -> frozenset[str]:
        """The rights of which a field needs one."""
        own = _metadata(shape.fields[name]).get("right")
        if own is not None:
            return frozenset({str(own)})
        return (self.rights if rights is None else rights)[shape.name]

    def page(self) -> str:
        """The reference as Markdown."""
        parts = [_INTRODUCTION, *map(self._section, self.shapes), *self._words()]
        return "\n".join(parts)

    def _section(self, shape: GraphQLObjectType) -> str:
        rows = [f"## {shape.name}", "", shape.description or "", "", *_HEADING]
        for name, field in shape.fields.items():
            needs = " or ".join(f"`{each}`" for each in sorted(self.needed(shape, name)))
            example = self._example(shape, name, field).text
            cells = (
                f"`{name}: {field.type}`",
                _cell(field.description),
                cost_of(field),
                needs or ("that of its kind" if name == "node" else "-"),
                f"`{example}`",
            )
            rows.append(f"| {' | '.join(cells)} |")
        return "\n".join([*rows, ""])

    def _words(self) -> Iterator[str]:
        for name in sorted(self._schema.type_map):
            type_ = self._schema.type_map[name]
            if isinstance(type_, GraphQLEnumType) and not is_introspection_type(type_):
                yield f"## {name}\n\n{type_.description}\n"
                for word, value in type_.values.items():
                    yield f"- `{word}`{': ' if value.description else ''}{value.description or ''}"
                yield ""


def cost_of(field: GraphQLField) -> str:
    """What a field costs, by the same constants that price a question."""
    extra = extra_cost(field)
    if extra:
        return str(extra)
    if not is_composite_type(get_named_type(field.type)):
        return "0"
    if "first" in field.args:
        return f"{OBJECT} + `first` × one"
    return f"{MEMBERS} × one, or the page's size" if _is_list(field) else str(OBJECT)


def _is_list(field: GraphQLField) -> bool:
    type_ = field.type
    while isinstance(type_, GraphQLNonNull):
        type_ = type_.of_type
    return isinstance(type_, GraphQLList)


def _ways(schema: GraphQLSchema) -> Iterator[tuple[str, list[Step]]]:
    """The shortest way to each type, by a query where one leads there."""
    met: set[str] = set()
    for root in (schema.query_type, schema.mutation_type, schema.subscription_type):
        waiting: deque[tuple[GraphQLObjectType, list[Step]]] = deque()
        if root is not None:
            waiting.append((root, []))
        while waiting:
            shape, way = waiting.popleft()
            yield shape.name, way
            for name, field in shape.fields.items():
                # What `node` answers depends on the id, so it leads to nothing for sure.
                for member in () if name == "node" and not way else _members(schema, field):
                    if member.name not in met:
                        met.add(member.name)
                        waiting.append((member, [*way, Step(shape.name, name, field)]))


def _members(schema: GraphQLSchema, field: GraphQLField) -> Sequence[GraphQLObjectType]:
    """The types that a field may answer."""
    type_ = get_named_type(field.type)
    if isinstance(type_, GraphQLObjectType):
        return [type_]
    if isinstance(type_, GraphQLUnionType | GraphQLInterfaceType):
        return list(schema.get_possible_types(type_))
    return []


def _written(way: Sequence[Step], variables: dict[str, str]) -> str:
    """The selections that lead to the last field; the variables that they name are noted."""
    step, *rest = way
    asked = f"{step.name}{_arguments(step, variables)}"
    type_ = get_named_type(step.field.type)
    if not rest:
        return f"{asked} {{ __typename }}" if is_composite_type(type_) else asked
    inner = _written(rest, variables)
    if rest[0].on != type_.name:
        inner = f"... on {rest[0].on} {{ {inner} }}"
    return f"{asked} {{ {inner} }}"


def _arguments(step: Step, variables: dict[str, str]) -> str:
    needed = {n: a for n, a in step.field.args.items() if is_required_argument(a)}
    written = [f"{n}: {_sample(step.name, n, a, variables)}" for n, a in needed.items()]
    return f"({', '.join(written)})" if written else ""


def _sample(field: str, name: str, argument: GraphQLArgument, variables: dict[str, str]) -> str:
    type_ = get_named_type(argument.type)
    if isinstance(type_, GraphQLEnumType):
        return str(next(iter(type_.values)))
    if type_.name != "ID":
        return SAMPLES.get(name) or _OF_TYPE[type_.name]
    named = _OF_FIELD.get(field, field) if name == "id" else _OF_ARGUMENT.get(name, name)
    variables[named] = type_.name
    return f"${named}"


def _metadata(field: GraphQLField) -> Mapping[Any, Any]:
    definition = field.extensions.get("strawberry-definition")
    return {} if definition is None else definition.metadata or {}


def _cell(text: str | None) -> str:
    return " ".join((text or "").split()).replace("|", "\\|")


_HEADING = (
    "| Field | What it tells | Cost | Needs | Example |",
    "| --- | --- | --- | --- | --- |",
)
_VARIABLES = "; ".join(f"`${name}` is {meaning}" for name, meaning in VARIABLES.items())
_INTRODUCTION = f"""# The API, field by field

Written by `python -m herkomst.graphql --reference` from the schema and the limits; a test
compares it with them and asks every example.

**Asking.** `POST /graphql` with `{{"query", "variables", "operationName"}}`, or with `documentId`
in the place of `query` for a trusted document of `herkomst/graphql/documents/`: `sha256:` and the
SHA-256 of its file. Each request names its purpose and ground in headers (`docs/interfaces.md`)
and is journaled before it is answered. Subscriptions come over a websocket at the same path
(`graphql-transport-ws`, with `Authorization`, `Herkomst-Purpose` and `Herkomst-Ground` in the
payload of `connection_init`) or as server-sent events (`Accept: text/event-stream`, the distinct
connections mode of graphql-sse). A push tells `extensions.after`; send it as `after` to go on
behind it.

**Cost.** It is computed before anything is read, from the question and the schema alone: an object
costs {OBJECT}, what it says of itself nothing; a page costs `first` times what one of it costs, any
other list {MEMBERS} times; counting a list costs {COUNT}. A question may cost {COST}, a trusted
document {TRUSTED_COST}. Every answer tells `extensions.cost {{requested, maximum}}`, also one that
refuses; what was refused before it could be priced counts as {UNPRICED}.

**Needs.** The right that the policy must allow to the role, on the ground and for the purpose of
the request; `herkomst/access/policy.csv` says who has it. Where it is not allowed, the answer is of
a type that says so, or null where even the existence may not be told; never an error.

**Examples** are run as they stand. Their variables: {_VARIABLES}.
"""
