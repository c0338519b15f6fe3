"""Who was engaged in what, from when to when, and since when the record knew it.

One model of circumstances for both: what the feed of personnel tells (cases, tasks, duties), and
what happens in cases of the product. A row that the feed amends stays, with the moment until which
it was what was known, so that a read is held against what was known when it was made.
"""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from herkomst.domain import ids
from herkomst.domain.calendar import interval
from herkomst.domain.casework import case
from herkomst.domain.casework.personnel import CaseTold, DutyTold, TaskTold, moment, person_name
from herkomst.domain.events import EventData, Recorded
from herkomst.projections.model import UNTOLD, Column, Model, Rows, Unsealed

_NAME, _OFFICER, _PART, _UNIT, _SINCE, _UNTIL, _TOLD_TO, _PLANNED = 3, 5, 6, 7, 8, 9, 14, 15
CASES: frozenset[type[EventData]] = frozenset(
    {
        case.Opened,
        case.Numbered,
        case.MemberJoined,
        case.MemberLeft,
        case.HandedOver,
        case.Closed,
        case.Reopened,
    }
)


class Engagements(Model):
    name = "engagements"
    version = 1
    sequence = "casework"
    owner = "matter"
    key = ("entry",)
    order = (
        'kind COLLATE "C", source COLLATE "C", name COLLATE "C", version, officer COLLATE "C", '
        "CASE WHEN source <> '' THEN since END, CASE WHEN source <> '' THEN until END"
    )
    columns = (
        Column("entry", "uuid", UNTOLD),
        Column("matter", "uuid", UNTOLD),
        Column("kind", "text"),
        Column("name", "text"),
        Column("source", "text"),
        Column("officer", "text"),
        Column("part", "text"),
        Column("unit", "text"),
        Column("since", "timestamptz", "CASE WHEN source <> '' THEN since END"),
        Column("until", "timestamptz", "CASE WHEN source <> '' THEN until END"),
        Column("covers", "text"),
        Column("dealer", "uuid"),
        Column("version", "integer"),
        Column("told_from", "timestamptz", UNTOLD),
        Column("told_to", "timestamptz", UNTOLD),
        Column("planned", "timestamptz", UNTOLD),
        Column("revision", "bigint", UNTOLD),
    )
    indexes = ("(officer, since)", "(name)", "(matter)")
    topics = CASES | {CaseTold, TaskTold, DutyTold}

    def owner_of(self, fact: Recorded) -> UUID:
        return UUID(hex=fact.data.case) if isinstance(fact.data, case.Numbered) else fact.stream

    def fold(self, rows: Rows, fact: Recorded, unsealed: Unsealed) -> Rows:
        if isinstance(fact.data, CaseTold | TaskTold | DutyTold):
            return [*_amended(rows, fact), *_told(fact)]
        return _worked_in(rows, fact)


def _amended(rows: Rows, fact: Recorded) -> Rows:
    """What was told before, which is from now on only what was known before."""
    return [
        row
        if row[_TOLD_TO] is not None
        else (*row[:_TOLD_TO], fact.recorded_at, *row[_TOLD_TO + 1 :])
        for row in rows
    ]


# What the feed tells


def _told(fact: Recorded) -> Rows:
    data = fact.data
    if isinstance(data, CaseTold):
        closed = None if data.closed is None else end_of(data.closed)
        return [
            _row(fact, place, "case", data, m.officer, start_of(m.from_), _sooner(m.to, closed))
            for place, m in enumerate(data.members)
        ]
    assert isinstance(data, TaskTold | DutyTold)
    kind = data.kind if isinstance(data, DutyTold) else "task"
    return [_row(fact, 0, kind, data, data.officer, start_of(data.from_), end_of(data.to))]


def _sooner(to: str | None, closed: datetime | None) -> datetime | None:
    """Nobody works on a case that is closed, whatever his term says."""
    ends = [end for end in (None if to is None else end_of(to), closed) if end is not None]
    return min(ends, default=None)


def _row(
    fact: Recorded,
    place: int,
    kind: str,
    data: CaseTold | TaskTold | DutyTold,
    officer: Any,
    since: datetime,
    until: datetime | None,
) -> tuple[Any, ...]:
    covers, dealer = None, None
    if isinstance(data, DutyTold):
        covers = None if data.covers is None else person_name(data.covers.source, data.covers.key)
        dealer = None if data.dealer is None else ids.dealer_id(data.dealer.source, data.dealer.key)
    return (
        ids.entry_id(fact.stream, "engagement", fact.version, place),
        fact.stream,
        kind,
        data.key,
        data.source,
        person_name(officer.source, officer.key),
        None,
        data.unit,
        since,
        until,
        covers,
        dealer,
        fact.version,
        fact.recorded_at,
        None,
        None,
        fact.position,
    )


def start_of(written: str) -> datetime:
    """First moment of a term as it was written."""
    return interval(moment(written)).start


def end_of(written: str) -> datetime:
    """First moment at which a term no longer holds: a last day is whole, a moment is itself."""
    occurred = moment(written)
    span = interval(occurred)
    return span.end if occurred.precision in ("day", "month") else span.start


# What happens in a case of the product


def _worked_in(rows: Rows, fact: Recorded) -> Rows:
    data = fact.data
    if isinstance(data, case.Opened):
        return [_term(rows, fact, data.lead, "lead", data.since, None, fact.envelope.unit)]
    if isinstance(data, case.Numbered):
        number = case.number_told(fact)
        return [(*row[:_NAME], number, *row[_NAME + 1 :]) for row in rows]
    unit = rows[-1][_UNIT]
    if isinstance(data, case.MemberJoined):
        joined = _term(rows, fact, data.member, data.part, data.since, data.until, unit)
        return [*_ended(rows, {data.member}, data.since), joined]
    if isinstance(data, case.MemberLeft):
        return _ended(rows, {data.member}, data.until)
    if isinstance(data, case.HandedOver):
        lead = next(row[_OFFICER] for row in reversed(rows) if row[_PART] == "lead")
        begun = _term(rows, fact, data.lead, "lead", data.since, None, data.unit)
        return [*_ended(rows, {lead, data.lead}, data.since), begun]
    return _closed(rows, fact) if isinstance(data, case.Closed) else _reopened(rows, fact)


def _term(
    rows: Rows,
    fact: Recorded,
    member: str,
    part: str,
    since: str,
    until: str | None,
    unit: str,
) -> tuple[Any, ...]:
    return (
        ids.entry_id(fact.stream, "engagement", fact.version, len(rows)),
        fact.stream,
        "case",
        rows[0][_NAME] if rows else None,
        "",
        member,
        part,
        unit,
        datetime.fromisoformat(since),
        None if until is None else datetime.fromisoformat(until),
        None,
        None,
        fact.version,
        fact.recorded_at,
        None,
        None,
        fact.position,
    )


def _ended(rows: Rows, members: set[str], at: str) -> Rows:
    ends = datetime.fromisoformat(at)
    return [
        _until(row, ends)
        if row[_OFFICER] in members and (row[_UNTIL] is None or row[_UNTIL] > ends)
        else row
        for row in rows
    ]


def _until(row: tuple[Any, ...], ends: datetime) -> tuple[Any, ...]:
    return (*row[:_UNTIL], ends, *row[_UNTIL + 1 :])


_FOREVER = datetime(9999, 12, 31, tzinfo=UTC)


def _closed(rows: Rows, fact: Recorded) -> Rows:
    """Every term ends; until when it was meant to last is kept for who reopens the case."""
    at = fact.recorded_at
    return [
        (*_until(row, at)[:_PLANNED], row[_UNTIL] or _FOREVER, *row[_PLANNED + 1 :])
        if row[_UNTIL] is None or row[_UNTIL] > at
        else row
        for row in rows
    ]


def _reopened(rows: Rows, fact: Recorded) -> Rows:
    """Who worked in it when it was closed does so again, from now on."""
    again = []
    for place, row in enumerate(rows):
        planned = row[_PLANNED]
        if planned is None or planned <= fact.recorded_at:
            continue
        head = (ids.entry_id(fact.stream, "engagement", fact.version, place), *row[1:_SINCE])
        until = None if planned == _FOREVER else planned
        tail = (*row[_UNTIL + 1 : 12], fact.version, fact.recorded_at, None, None, fact.position)
        again.append((*head, fact.recorded_at, until, *tail))
    return [(*row[:_PLANNED], None, *row[_PLANNED + 1 :]) for row in rows] + again
