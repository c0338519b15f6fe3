"""What a case, a task or a duty is about: records, and persons by what they presented.

Together with the engagements it is what a read is explained by; rows that the feed amends stay,
with the moment until which they were what was known.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from herkomst.domain import ids
from herkomst.domain.casework import case
from herkomst.domain.casework.personnel import CaseTold, DutyTold, Named, TaskTold
from herkomst.domain.events import Recorded
from herkomst.projections.engagements import end_of, start_of
from herkomst.projections.model import UNTOLD, Column, Model, Rows, Unsealed

_ITEM, _UNTIL, _TOLD_TO = 3, 7, 10


class Concerns(Model):
    name = "concerns"
    version = 1
    sequence = "casework"
    owner = "matter"
    key = ("entry",)
    order = (
        'item, version, category COLLATE "C", kind COLLATE "C", name COLLATE "C", '
        "CASE WHEN name IS NOT NULL THEN since END, CASE WHEN name IS NOT NULL THEN until END"
    )
    columns = (
        Column("entry", "uuid", UNTOLD),
        Column("matter", "uuid", UNTOLD),
        Column("kind", "text"),
        Column("item", "uuid"),
        Column("name", "text"),
        Column("category", "text"),
        Column("since", "timestamptz", "CASE WHEN name IS NOT NULL THEN since END"),
        Column("until", "timestamptz", "CASE WHEN name IS NOT NULL THEN until END"),
        Column("version", "integer"),
        Column("told_from", "timestamptz", UNTOLD),
        Column("told_to", "timestamptz", UNTOLD),
        Column("revision", "bigint", UNTOLD),
    )
    indexes = ("(matter)", "(item)")
    topics = frozenset(
        {
            CaseTold,
            TaskTold,
            DutyTold,
            case.ItemAdded,
            case.ItemRemoved,
            case.SubjectNamed,
            case.SubjectDropped,
        }
    )

    def fold(self, rows: Rows, fact: Recorded, unsealed: Unsealed) -> Rows:
        data = fact.data
        if isinstance(data, CaseTold | TaskTold | DutyTold):
            return [*_amended(rows, fact), *_told(fact)]
        if isinstance(data, case.ItemAdded):
            return [*rows, _added(fact, len(rows), data.kind, data.item, "item")]
        if isinstance(data, case.SubjectNamed):
            kept = _removed(rows, fact, data.subject)
            return [*kept, _added(fact, len(rows), "presentation", data.subject, data.category)]
        assert isinstance(data, case.ItemRemoved | case.SubjectDropped)
        gone = data.item if isinstance(data, case.ItemRemoved) else data.subject
        return _removed(rows, fact, gone)


def _amended(rows: Rows, fact: Recorded) -> Rows:
    return [
        row
        if row[_TOLD_TO] is not None
        else (*row[:_TOLD_TO], fact.recorded_at, *row[_TOLD_TO + 1 :])
        for row in rows
    ]


def _told(fact: Recorded) -> Rows:
    data = fact.data
    if isinstance(data, CaseTold):
        until = None if data.closed is None else end_of(data.closed)
        return [
            _about(fact, place, s.purchase, s.category, start_of(s.from_), until)
            for place, s in enumerate(data.subjects)
        ]
    assert isinstance(data, TaskTold | DutyTold)
    since, until = start_of(data.from_), end_of(data.to)
    return [
        _about(fact, place, about, "about", since, until) for place, about in enumerate(data.about)
    ]


def _about(
    fact: Recorded,
    place: int,
    purchase: Named,
    category: str,
    since: datetime,
    until: datetime | None,
) -> tuple[Any, ...]:
    return (
        ids.entry_id(fact.stream, "concern", fact.version, place),
        fact.stream,
        "purchase",
        ids.purchase_id(purchase.source, purchase.key),
        purchase.key,
        category,
        since,
        until,
        fact.version,
        fact.recorded_at,
        None,
        fact.position,
    )


def _added(fact: Recorded, place: int, kind: str, item: str, category: str) -> tuple[Any, ...]:
    return (
        ids.entry_id(fact.stream, "concern", fact.version, place),
        fact.stream,
        kind,
        UUID(hex=item),
        None,
        category,
        fact.recorded_at,
        None,
        None,
        fact.recorded_at,
        None,
        fact.position,
    )


def _removed(rows: Rows, fact: Recorded, item: str) -> Rows:
    gone = UUID(hex=item)
    return [
        (*row[:_UNTIL], fact.recorded_at, *row[_UNTIL + 1 :])
        if row[_ITEM] == gone and row[_UNTIL] is None
        else row
        for row in rows
    ]
