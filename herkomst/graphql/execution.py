"""Execution: what a record says of itself is read off it at once, without a step for each field.

Most of an answer is attributes of records. The library asks a resolver for each of them, tells it
where it stands, and looks whether it must wait: that is a quarter of a read. Here a selection is
turned once into a function that reads all of it. What a resolver has a part in is left to the
library, and so is a record that cannot be told as its type says: the library comes upon the field
that fails, and says so as ever.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from graphql import (
    Executor,
    FieldNode,
    GraphQLField,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLResolveInfo,
    Undefined,
    is_leaf_type,
)
from graphql.execution.collect_fields import FieldDetails
from graphql.pyutils import AwaitableOrValue, Path

from herkomst.graphql.fields import by_name

Read = Callable[[Any], Any]
"""What is told of a value. It raises where a value cannot be told as its type says."""
Selected = dict[str, list[FieldDetails]]
"""What is selected of an object, by the names that it has in the answer."""


class Untellable(Exception):
    """A value is none of its type."""


class Beside(NamedTuple):
    """A field that a resolver hands over at once, or promises, and how what it gives is told."""

    resolve: Callable[..., Any]
    field: GraphQLField
    nodes: list[FieldNode]
    tell: Read


class Parts(NamedTuple):
    """What is selected of an object: what it says of itself, and what resolvers have a part in."""

    told: Mapping[str, Read]
    left: Selected
    beside: Mapping[str, Beside] | None
    """All that is left, where it can be asked for of many records at once."""
    whole: Selected


class RecordExecutor(Executor[None]):
    """Reads what records say of themselves; all else is the library's."""

    def __init__(self, *values: Any, **options: Any) -> None:
        super().__init__(*values, **options)
        self._known: dict[int, Parts] = {}

    def execute_fields(
        self,
        parent_type: GraphQLObjectType,
        source_value: Any,
        path: Path | None,
        grouped_field_set: Selected,
        position_context: None,
    ) -> AwaitableOrValue[dict[str, Any]]:
        """The fields of an object, in the order in which they are selected."""
        parts = self._parts(parent_type, grouped_field_set)
        left = parts.left
        try:
            found = {name: read(source_value) for name, read in parts.told.items()}
        except Exception:  # The library comes upon it again, and tells where it is.
            found, left = {}, grouped_field_set
        if not left:
            return found
        rest = super().execute_fields(parent_type, source_value, path, left, position_context)
        if not found:
            return rest
        if isinstance(rest, dict):
            return _ordered(grouped_field_set, found | rest)
        return _awaited(grouped_field_set, found, rest)

    def complete_iterable_value(
        self,
        item_type: GraphQLOutputType,
        field_details_list: list[FieldDetails],
        info: GraphQLResolveInfo[Any],
        path: Path,
        items: Iterable[Any],
        position_context: None,
    ) -> AwaitableOrValue[list[Any]]:
        """The members of a list; what stands beside each of them is asked for of all at once."""
        complete = super().complete_iterable_value
        type_ = item_type.of_type if isinstance(item_type, GraphQLNonNull) else item_type
        if isinstance(type_, GraphQLObjectType) and isinstance(items, list | tuple):
            parts = self._parts(type_, self.collect_subfields(type_, field_details_list)[0])
            if parts.beside:
                by_library = partial(
                    complete, item_type, field_details_list, info, path, items, position_context
                )
                return self._together(type_, parts, parts.beside, path, items, by_library)
        return complete(item_type, field_details_list, info, path, items, position_context)

    async def _together(
        self,
        type_: GraphQLObjectType,
        parts: Parts,
        beside: Mapping[str, Beside],
        path: Path,
        records: Sequence[Any],
        by_library: Callable[[], AwaitableOrValue[list[Any]]],
    ) -> list[Any]:
        """These records, without a task for each of them that waits for what is read for all."""
        try:
            read = _record(type_, parts.told)
            found = [read(record) for record in records]
            promised = {
                name: self._asked(type_, each, path, records) for name, each in beside.items()
            }
            for name, values in promised.items():
                for one, value in zip(found, values, strict=True):
                    given = await value if self.is_awaitable(value) else value
                    one[name] = beside[name].tell(given)
            return [_ordered(parts.whole, one) for one in found]
        except Exception:  # As above; loaders give what they gave before.
            completed = by_library()
            return completed if isinstance(completed, list) else await completed

    def _asked(
        self, type_: GraphQLObjectType, each: Beside, path: Path, records: Sequence[Any]
    ) -> list[Any]:
        info = self.build_resolve_info(each.field, each.nodes, type_, path)
        return [each.resolve(record, info) for record in records]

    def _parts(self, parent: GraphQLObjectType, selected: Selected) -> Parts:
        """The same for all objects of a list. The selection is kept, so no other has its id."""
        known = self._known.get(id(selected))
        if known is not None:
            return known
        read = {name: self._field(parent, fields) for name, fields in selected.items()}
        told = {name: each for name, each in read.items() if each is not None}
        left = {name: fields for name, fields in selected.items() if name not in told}
        found = {name: self._beside(parent, fields) for name, fields in left.items()}
        beside = {name: each for name, each in found.items() if each is not None}
        whole = beside if beside and len(beside) == len(left) else None
        self._known[id(selected)] = known = Parts(told, left, whole, selected)
        return known

    def _field(self, parent: GraphQLObjectType, fields: list[FieldDetails]) -> Read | None:
        """How a field is read off its record; None where a resolver has a part in it."""
        name = fields[0].node.name.value
        if name == "__typename":
            return lambda _: parent.name
        field = parent.fields.get(name)
        definition = None if field is None else field.extensions.get("strawberry-definition")
        if field is None or definition is None or not definition.is_basic_field:
            return None
        tell, attribute = self._value(field.type, fields), definition.python_name
        return None if tell is None else lambda record: tell(by_name(record, attribute))

    def _beside(self, parent: GraphQLObjectType, fields: list[FieldDetails]) -> Beside | None:
        """A field whose resolver waits for nothing itself, and whose value tells all of itself."""
        field = parent.fields.get(fields[0].node.name.value)
        definition = None if field is None else field.extensions.get("strawberry-definition")
        if field is None or field.resolve is None or field.args:
            return None
        if definition is None or definition.is_async:
            return None
        tell = self._value(field.type, fields)
        nodes = [each.node for each in fields]
        return None if tell is None else Beside(field.resolve, field, nodes, tell)

    def _value(self, type_: GraphQLOutputType, fields: list[FieldDetails]) -> Read | None:
        """How a value of this type is told; None where a resolver has a part in it."""
        inner = type_.of_type if isinstance(type_, GraphQLNonNull) else type_
        if is_leaf_type(inner):
            tell: Read | None = inner.coerce_output_value
        elif isinstance(inner, GraphQLList):
            tell = _each(self._value(inner.of_type, fields))
        elif isinstance(inner, GraphQLObjectType):
            tell = self._object(inner, fields)
        else:
            tell = None  # Of which type it is, the library finds out.
        return None if tell is None else _checked(tell, nullable=inner is type_)

    def _object(self, type_: GraphQLObjectType, fields: list[FieldDetails]) -> Read | None:
        parts = self._parts(type_, self.collect_subfields(type_, fields)[0])
        return None if parts.left else _record(type_, parts.told)


def _record(type_: GraphQLObjectType, told: Mapping[str, Read]) -> Read:
    # The shapes of this room look at the record alone, and need not know where it stands.
    is_of_type: Any = type_.is_type_of or _is_any

    def read(record: Any) -> dict[str, Any]:
        if not is_of_type(record, None):
            raise Untellable
        return {name: tell(record) for name, tell in told.items()}

    return read


def _each(tell: Read | None) -> Read | None:
    if tell is None:
        return None

    def read(values: Any) -> list[Any]:
        if not isinstance(values, list | tuple):
            raise Untellable
        return [tell(each) for each in values]

    return read


def _is_any(_value: Any, _info: None) -> bool:
    return True


def _checked(tell: Read, *, nullable: bool) -> Read:
    """The same, which raises where there is nothing and must be something."""

    def read(value: Any) -> Any:
        if value is None and nullable:
            return None
        told = None if value is None else tell(value)
        if told is None or told is Undefined:
            raise Untellable
        return told

    return read


async def _awaited(
    selected: Selected, found: dict[str, Any], rest: Awaitable[dict[str, Any]]
) -> dict[str, Any]:
    return _ordered(selected, found | await rest)


def _ordered(selected: Selected, found: dict[str, Any]) -> dict[str, Any]:
    """What was found, in the order in which it is selected."""
    return {name: found[name] for name in selected}
