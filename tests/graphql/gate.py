"""The gate on changes of the schema: `python -m tests.graphql.gate` says what stands against it.

The schema of the last release is a file. Nothing of it goes away, or changes its meaning for who
asks, before the day that `docs/schema-changes.json` gave at least three months of notice of: always
the first day of a quarter. A change that may surprise a client, such as a new word of an enum,
stands in the same file with the reason.
"""

import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    build_schema,
    find_breaking_changes,
    find_dangerous_changes,
)

ROOT = Path(__file__).parents[2]
LISTED = ROOT / "docs" / "schema-changes.json"
SERVED = ROOT / "schema.graphql"


class Deprecation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Notice that a part of the schema goes away."""

    element: str
    """Such as `Hit.why`, `Mode.held` or `Query.hits(since:)`."""
    since: date
    until: date
    """The first day on which it may be gone."""
    replacement: str
    reason: str


class Dangerous(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A change that clients may not expect, and why it was made."""

    change: str
    on: date
    reason: str


class Changes(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The list of changes."""

    released: str
    notice_days: int
    deprecated: tuple[Deprecation, ...] = ()
    dangerous: tuple[Dangerous, ...] = ()


class Found(NamedTuple):
    """A part of the schema that is deprecated there."""

    element: str
    reason: str


def objections(
    released: GraphQLSchema, served: GraphQLSchema, changes: Changes, today: date
) -> list[str]:
    """What stands against serving this schema; nothing when it may be served."""
    return [
        *_unannounced(released, served, changes, today),
        *_unexpected(released, served, changes),
        *_badly_announced(changes),
        *_not_listed(served, changes),
    ]


def _unannounced(
    released: GraphQLSchema, served: GraphQLSchema, changes: Changes, today: date
) -> Iterator[str]:
    gone = {each.element: each for each in changes.deprecated}
    for change in find_breaking_changes(released, served):
        notice = next((gone[e] for e in gone if f" {e} " in f" {_spaced(change)} "), None)
        if notice is None:
            yield f"breaks clients without notice: {change.description}"
        elif today < notice.until:
            yield f"comes before {notice.until}, of which notice was given: {change.description}"


def _spaced(change: Any) -> str:
    return str(change.description).replace("'", " ").rstrip(".")


def _unexpected(released: GraphQLSchema, served: GraphQLSchema, changes: Changes) -> Iterator[str]:
    listed = {each.change for each in changes.dangerous}
    for change in find_dangerous_changes(released, served):
        if change.description not in listed:
            yield f"may surprise clients and is not listed: {change.description}"


def _badly_announced(changes: Changes) -> Iterator[str]:
    for each in changes.deprecated:
        if (each.until - each.since).days < changes.notice_days:
            yield f"less than {changes.notice_days} days of notice: {each.element}"
        if each.until.day != 1 or each.until.month not in (1, 4, 7, 10):
            yield f"goes away on another day than the first of a quarter: {each.element}"
        if not each.replacement or not each.reason:
            yield f"without a replacement or a reason: {each.element}"


def _not_listed(served: GraphQLSchema, changes: Changes) -> Iterator[str]:
    listed = {each.element: each for each in changes.deprecated}
    for found in deprecated(served):
        notice = listed.get(found.element)
        if notice is None:
            yield f"deprecated without a date: {found.element}"
        elif str(notice.until) not in found.reason:
            yield f"its reason does not tell the day {notice.until}: {found.element}"


def deprecated(schema: GraphQLSchema) -> Iterator[Found]:
    """The fields, arguments and words that are deprecated in a schema."""
    for name, type_ in schema.type_map.items():
        if isinstance(type_, GraphQLEnumType):
            parts: Mapping[str, Any] = type_.values
        elif isinstance(type_, GraphQLObjectType | GraphQLInterfaceType):
            parts = type_.fields
        else:
            continue
        for part, value in parts.items():
            yield from _of_part(f"{name}.{part}", value)


def _of_part(element: str, value: Any) -> Iterator[Found]:
    if value.deprecation_reason is not None:
        yield Found(element, value.deprecation_reason)
    if isinstance(value, GraphQLField):
        for name, argument in value.args.items():
            if argument.deprecation_reason is not None:
                yield Found(f"{element}({name}:)", argument.deprecation_reason)


def listed() -> Changes:
    """The list of changes as it is published."""
    return msgspec.json.decode(LISTED.read_bytes(), type=Changes)


def main() -> int:
    changes = listed()
    released = build_schema((ROOT / changes.released).read_text("utf-8"))
    served = build_schema(SERVED.read_text("utf-8"))
    found = objections(released, served, changes, datetime.now(UTC).date())
    for each in found:
        sys.stderr.write(f"schema.graphql {each}\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
