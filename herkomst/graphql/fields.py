"""How the shapes of this room are resolved: from the records of investigations, by name."""

from collections.abc import Callable
from functools import wraps
from inspect import signature
from typing import Any, TypeVar
from uuid import UUID

import strawberry

from herkomst.access.policy import Action
from herkomst.graphql.context import Info

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")


def by_name(record: Any, name: str) -> Any:
    """The default resolver: an attribute of the record; an id is told as its text."""
    value = getattr(record, name)
    return str(value) if isinstance(value, UUID) else value


def parsed_id(text: str) -> UUID | None:
    """An id as it was given; None when it is none."""
    try:
        return UUID(text)
    except ValueError:
        return None


def resolved(
    shape: Any, description: str, right: Action | None = None, cost: int = 0
) -> Callable[[F], F]:
    """A field that a function resolves to a record of this shape.

    `right` is what the viewer must be allowed beside what led to it, and `cost` what it costs
    beside the objects that it answers: the same definition is enforced, priced and documented.
    """

    def define(function: F) -> F:
        pages = "first" in signature(function).parameters
        decorator: Callable[[F], F] = strawberry.field(
            graphql_type=shape,
            description=whole_description(description, pages, right, cost),
            metadata={"right": right, "cost": cost},
        )
        return decorator(function)

    return define


def mutation(shape: Any, description: str, right: Action) -> Callable[[F], F]:
    """A mutation whose outcome is a record of this shape."""

    def define(function: F) -> F:
        @wraps(function)
        async def changing(*args: Any, info: Info, **named: Any) -> Any:
            return await info.context.changing(function(*args, info=info, **named))

        decorator: Callable[[Any], F] = strawberry.mutation(
            graphql_type=shape,
            description=whole_description(description, False, right, 0),
            metadata={"right": right, "cost": 0},
        )
        return decorator(changing)

    return define


def told(description: str, name: str | None = None, right: Action | None = None) -> Any:
    """A field that is an attribute of the record; one with a right is withheld without it."""
    return strawberry.field(
        description=whole_description(description, False, right, 0),
        name=name,
        metadata={"right": right, "cost": 0},
    )


def whole_description(description: str, pages: bool, right: Action | None, cost: int) -> str:
    """A description with what the field needs and costs."""
    parts = [description]
    if right is not None:
        parts.append(f"Needs `{right}`.")
    if pages:
        parts.append("Costs `first` times what one of it costs.")
    if cost:
        parts.append(f"Costs {cost}.")
    return " ".join(parts)


def right_of(info: Info) -> Action:
    """What the field that is being resolved needs, by its definition."""
    right = info._field.metadata["right"]
    assert isinstance(right, Action)
    return right


def shape_of(record: type | tuple[type, ...]) -> Callable[[type[T]], type[T]]:
    """Mark a type as the shape of a record, so that a union tells its members apart."""

    def mark(shape: type[T]) -> type[T]:
        shape.is_type_of = lambda value, _info: isinstance(value, record)  # type: ignore[attr-defined]
        return shape

    return mark
