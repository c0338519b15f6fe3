"""Names in PostgreSQL: the keys of a person's name stand among the words of its document, behind an
`@`, so that the index of words finds them and what is gone takes them along."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from psycopg.sql import SQL, Composable, Composed, Literal

from herkomst.search.names import COMPARED, Candidate, Name, Plan, Wanted, Way, Worth, keys


class _Named(msgspec.Struct):
    """Of a document, what is compared."""

    name: Name


_decode = msgspec.json.Decoder(_Named).decode


def lexemes(name: Name | None) -> tuple[str, ...]:
    """What stands among the words of a document for its name. They hold no quotation marks."""
    return () if name is None else tuple(f"@{key}" for key in keys(name))


def statement(table: Composable, plan: Plan, ways: Sequence[Way], shown: Composable) -> Composed:
    """The question for candidates; of which documents the viewer may know is part of it."""
    met = [SQL("({})").format(SQL(" AND ").join(map(_has, way))) for way in ways]
    worth = [_worth(part) for part in plan.parts]
    worth += [_best([((key,), Worth.WHOLE)]) for key in plan.whole]
    return SQL(
        "SELECT id, record, source FROM {table} WHERE ({met}) AND {shown} "
        "ORDER BY {worth} DESC, id LIMIT {most}"
    ).format(
        table=table,
        met=SQL(" OR ").join(met),
        shown=shown,
        worth=SQL(" + ").join(worth),
        most=Literal(COMPARED),
    )


def candidate(row: Any) -> Candidate:
    """A row of `statement`."""
    return Candidate(row.id, row.record, _decode(row.source).name)


def _worth(part: Wanted) -> Composed:
    branches = ((part.strong, Worth.STRONG), (part.weak, Worth.WEAK))
    return _best([*branches, ((part.initial,), Worth.INITIAL)])


def _best(branches: Sequence[tuple[tuple[str, ...], int]]) -> Composed:
    """What the first branch is worth of which a name has a key."""
    whens = [
        SQL("WHEN {} THEN {}").format(_has(some), Literal(worth))
        for some, worth in branches
        if some
    ]
    return SQL("CASE {} ELSE 0 END").format(SQL(" ").join(whens))


def _has(some: Iterable[str]) -> Composed:
    """Whether a name has one of these keys."""
    query = " | ".join(f"'@{key}'" for key in some)
    return SQL("words @@ {}::tsquery").format(Literal(query))
