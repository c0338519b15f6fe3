"""How the shapes of this room are resolved: from the records of investigations, by name."""

from collections.abc import Callable
from typing import Any, TypeVar
from uuid import UUID

import strawberry

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


def resolved(shape: Any, description: str) -> Callable[[F], F]:
    """A field that a function resolves to a record of this shape."""
    decorator: Callable[[F], F] = strawberry.field(graphql_type=shape, description=description)
    return decorator


def mutation(shape: Any, description: str) -> Callable[[F], F]:
    """A mutation whose outcome is a record of this shape."""
    decorator: Callable[[F], F] = strawberry.mutation(graphql_type=shape, description=description)
    return decorator


def told(description: str, name: str | None = None) -> Any:
    """A field that is an attribute of the record."""
    return strawberry.field(description=description, name=name)


def shape_of(record: type | tuple[type, ...]) -> Callable[[type[T]], type[T]]:
    """Mark a type as the shape of a record, so that a union tells its members apart."""

    def mark(shape: type[T]) -> type[T]:
        shape.is_type_of = lambda value, _info: isinstance(value, record)  # type: ignore[attr-defined]
        return shape

    return mark
