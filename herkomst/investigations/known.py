"""A case as it was known: replayed from the events of the streams that were in it.

There are two axes. What was *recorded* after a day was not known on it, whenever it happened; what
*happened* after a day is left out where that is asked. The answer for a day is a function of the
events up to it, so it is the same whenever it is asked, as long as nothing was destroyed since and
the viewer's rights are the same: what may be read is decided by the rights of now.
"""

from collections import namedtuple
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any, LiteralString, NamedTuple, Self
from uuid import UUID

from psycopg.sql import SQL

from herkomst.access import policy
from herkomst.access.policy import Action, Permitted
from herkomst.domain.calendar import Occurred, interval, start_of
from herkomst.domain.events import Recorded
from herkomst.investigations import cases, hits, purchases, stolen_items, visibility
from herkomst.investigations.cases import Case, CaseEntry, CaseItem
from herkomst.investigations.goods import Told, Withheld
from herkomst.investigations.hits import Hit
from herkomst.investigations.inquiry import Inquiry
from herkomst.investigations.pages import Count, Page, Slice
from herkomst.investigations.purchases import Purchase
from herkomst.investigations.stolen_items import StolenItem
from herkomst.projections.case_entries import CaseEntries
from herkomst.projections.case_items import CaseItems
from herkomst.projections.cases import Cases
from herkomst.projections.hits import Hits
from herkomst.projections.model import Model, Unsealed
from herkomst.projections.purchases import Purchases
from herkomst.projections.stolen_items import StolenItems
from herkomst.record.vault import DataKey

CHANGES = "case_changes"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_AT_ONCE = 1 << 11
"""Events that may share a moment and keep their places, while a place fits into 63 bits."""
_CASES, _ITEMS, _ENTRIES = Cases(), CaseItems(), CaseEntries()
_PURCHASES, _STOLEN, _HITS = Purchases(), StolenItems(), Hits()
_NOTHING_UNSEALED = Unsealed({}, lambda _: "")
_COLUMNS: LiteralString = (
    "SELECT notification_id, originator_id, originator_version, topic, state, recorded_at FROM "
)
_WITHIN: LiteralString = " WHERE originator_id = ANY(%(ids)s) AND recorded_at < %(until)s"
_ASKED = SQL("SELECT stream FROM {access_requests} WHERE case_id = %(case)s OR of_case = %(case)s")
_FACTS = SQL(
    _COLUMNS
    + "record.register_events"
    + _WITHIN
    + " UNION ALL "
    + _COLUMNS
    + "record.casework_events"
    + _WITHIN
    + " ORDER BY originator_id, originator_version"
)
_SEEN = SQL(
    "SELECT purchase AS id, register_number, NULL AS handling, true AS shown FROM {purchases} p "
    "WHERE purchase = ANY(%(ids)s) AND {purchase_shown} UNION ALL "
    "SELECT stolen_item, NULL, handling, {item_shown} FROM {stolen_items} s "
    "WHERE stolen_item = ANY(%(ids)s) AND {item_known} UNION ALL "
    "SELECT h.hit, NULL, NULL, {hit_shown} FROM {hits} h "
    "CROSS JOIN LATERAL (SELECT regime, handling FROM {stolen_items} "
    "WHERE stolen_item = h.stolen_item LIMIT 1) s WHERE h.hit = ANY(%(ids)s) AND {hit_known}"
)
_RIGHTS = {
    "purchase": Action.READ_PURCHASES,
    "stolen_item": Action.READ_STOLEN_ITEMS,
    "hit": Action.READ_HITS,
}
"""What a viewer must be allowed to be told of an item; a person is told by his category alone."""


class Moment(NamedTuple):
    """Up to when: the first moment that is left out of what was recorded, and of what happened."""

    recorded: datetime
    happened: datetime | None = None


class KnownItem(Told, frozen=True, kw_only=True):
    """An item with its record as both were known; None where the record was not there yet."""

    item: CaseItem
    record: Purchase | StolenItem | Hit | Withheld | None

    @property
    def revision(self) -> int:
        return self.item.revision


class KnownCase(Told, frozen=True, kw_only=True):
    """A case as it was known, with a page of what was in it and all that was written in it."""

    case: Case
    items: Slice[KnownItem]
    entries: tuple[CaseEntry, ...]


class Change(Told, frozen=True, kw_only=True):
    """An event of the case or of a record in it."""

    stream: UUID
    topic: str
    actor: str
    happened: Occurred
    recorded_at: datetime
    late: bool
    """It happened on or before the day from which is compared, and was recorded after it."""
    revision: int


def until(recorded: date, happened: date | None) -> Moment:
    """Up to the end of these legal days."""
    return Moment(end_of(recorded), None if happened is None else end_of(happened))


def end_of(day: date) -> datetime:
    """The first moment after a legal day."""
    # Behind the last day of the calendar there is none; nothing is recorded on it either.
    return start_of(min(day, date.max - timedelta(2)) + timedelta(1))


async def case_as_known(
    permitted: Permitted, inquiry: Inquiry, case: Case, at: Moment, wanted: Page
) -> KnownCase | None:
    """A case that the viewer was shown, as it was known; None when there was none yet.

    Raises `InvalidPage`.
    """
    permitted.must_be(Action.READ_CASES)
    facts = await _facts(inquiry, [case.id], at)
    # The number stands on the stream of its year, and never changes.
    rows = [row._replace(number=case.number) for row in _replayed(_CASES, facts)]
    all_items = _replayed(_ITEMS, facts)
    latest = _latest(all_items, wanted)
    records = await _records(permitted, inquiry, latest[: wanted.first], at)
    keys = await inquiry.keys([case.id, *records.sealed])
    if not rows:
        return None
    key = keys.get(case.id)
    items = [
        KnownItem(item=cases.item(row, key), record=records.told(row.item, keys))
        for row in latest[: wanted.first]
    ]
    entries = tuple([cases.entry(row, key) for row in _replayed(_ENTRIES, facts)])
    cases.note_returned(inquiry, "case_item", [item.item for item in items])
    cases.note_returned(inquiry, "case_entry", entries)
    total = _total(len(all_items))
    return KnownCase(
        case=cases.case(rows[0], key),
        items=inquiry.cursors.slice(cases.ITEMS, wanted, items, len(latest), total),
        entries=entries,
    )


def _total(length: int) -> Count:
    """What tells how many there are of what was counted already."""

    async def total() -> int:
        return length

    return total


def _latest(rows: Sequence[Any], wanted: Page) -> list[Any]:
    """Of these rows a page and one more, the one that changed last first."""
    older = [row for row in rows if row.revision < wanted.before]
    return sorted(older, key=lambda row: row.revision, reverse=True)[: wanted.first + 1]


class _Records:
    """The records of items as they were known, as far as their own policy allows."""

    def __init__(self, permitted: Permitted, inquiry: Inquiry, kinds: Mapping[UUID, str]) -> None:
        self.facts: Sequence[Recorded] = ()
        self._permitted, self._inquiry, self._kinds = permitted, inquiry, kinds
        self._rows: dict[UUID, Any] = {}
        self._seen: dict[UUID, Any] = {}
        """What may be known of them now, by their ids."""

    async def read(self, at: Moment) -> Self:
        """Two statements, however many records there are."""
        allowed = [each for each, kind in self._kinds.items() if self._may_read(kind)]
        self.facts = await _facts(self._inquiry, allowed, at)
        for model in (_PURCHASES, _STOLEN, _HITS):
            for row in _replayed(model, self.facts):
                self._rows[row[0]] = row
        values = {"ids": allowed, **visibility.values_in_case(self._permitted.reading)}
        self._seen = {row.id: row for row in await self._inquiry.rows(_SEEN, values)}
        return self

    @property
    def sealed(self) -> list[UUID]:
        """Whose keys are needed to tell them."""
        return [each for each, row in self._rows.items() if getattr(row, "sealed", None)]

    def told(
        self, item: UUID, keys: Mapping[UUID, DataKey]
    ) -> Purchase | StolenItem | Hit | Withheld | None:
        """A record; None where it was not there yet, and where not even that may be told."""
        kind = self._kinds[item]
        if kind in _RIGHTS and not self._may_read(kind):
            self._inquiry.returned.withhold()
            return Withheld(reason=kind, contact="")
        row, now = self._rows.get(item), self._seen.get(item)
        if row is None or now is None:
            return None
        if kind == "hit":
            return hits.told(self._inquiry, row, shown=now.shown)
        if kind == "stolen_item":
            return self._stolen_item(row, now, keys.get(item))
        self._inquiry.returned.add("purchase", item)
        numbered = row._replace(register_number=now.register_number)
        return purchases.purchase(numbered, keys.get(item))

    def _may_read(self, kind: str) -> bool:
        return kind in _RIGHTS and policy.allows(self._permitted.reading, _RIGHTS[kind])

    def _stolen_item(self, row: Any, now: Any, key: DataKey | None) -> StolenItem | Withheld:
        """What may be read of it now is what may be told of it then."""
        if now.shown:
            self._inquiry.returned.add("stolen_item", row.stolen_item)
            return stolen_items.item(row, key)
        self._inquiry.returned.withhold()
        reason = f"handling_{now.handling}"
        may_ask = policy.allows(self._permitted.reading, Action.REQUEST_ACCESS)
        return Withheld(reason=reason, contact=row.source, can_request=may_ask)


async def _records(
    permitted: Permitted, inquiry: Inquiry, rows: Sequence[Any], at: Moment
) -> _Records:
    """The records of these rows of items."""
    return await _Records(permitted, inquiry, {row.item: row.kind for row in rows}).read(at)


async def case_changes(
    permitted: Permitted, inquiry: Inquiry, case: Case, since: date, until: date, wanted: Page
) -> Slice[Change]:
    """What was recorded after one day and up to another, of a case and of the records in it by
    then; the newest first. What happened by the first day and arrived later is marked."""
    permitted.must_be(Action.READ_CASES)
    at = Moment(end_of(until))
    asked = await inquiry.rows(_ASKED, {"case": case.id})
    facts = await _facts(inquiry, [case.id, *(row.stream for row in asked)], at)
    records = await _records(permitted, inquiry, _replayed(_ITEMS, facts), at)
    told = {
        stream
        for stream in {fact.stream for fact in records.facts}
        if not isinstance(records.told(stream, {}), Withheld | None)
    }
    facts += [fact for fact in records.facts if fact.stream in told]
    before = end_of(since)
    changed = [
        _change(fact, place, before) for fact, place in _placed(facts) if fact.recorded_at >= before
    ]
    older = [change for change in reversed(changed) if change.revision < wanted.before]
    found = older[: wanted.first + 1]
    return inquiry.cursors.slice(
        CHANGES, wanted, found[: wanted.first], len(found), _total(len(changed))
    )


def _placed(facts: Iterable[Recorded]) -> Iterator[tuple[Recorded, int]]:
    """Events of several sequences from the oldest, each with a number that grows: positions of two
    sequences tell nothing of each other, and the events of one append share their moment."""
    before = 0
    for fact in sorted(facts, key=lambda fact: (fact.recorded_at, fact.stream, fact.version)):
        at = (fact.recorded_at - _EPOCH) // _MICROSECOND
        before = max(before + 1, at * _AT_ONCE)
        yield fact, before


def _change(fact: Recorded, place: int, before: datetime) -> Change:
    return Change(
        stream=fact.stream,
        topic=fact.topic,
        actor=fact.envelope.actor,
        happened=fact.envelope.occurred,
        recorded_at=fact.recorded_at,
        late=interval(fact.envelope.occurred).start < before,
        revision=place,
    )


async def _facts(inquiry: Inquiry, ids: Collection[UUID], at: Moment) -> list[Recorded]:
    """The events of these streams that were known, in the order of each stream."""
    rows = await inquiry.rows(_FACTS, {"ids": list(ids), "until": at.recorded})
    facts = [Recorded(*row) for row in rows]
    if at.happened is None:
        return facts
    happened = [f for f in facts if interval(f.envelope.occurred).start < at.happened]
    begun = {fact.stream for fact in happened if fact.version == 1}
    return [fact for fact in happened if fact.stream in begun]


def _replayed(model: Model, facts: Iterable[Recorded]) -> list[Any]:
    """Rows as the read model would have them."""
    make = _row_type(model)
    return [make(*row) for row in model.replayed(facts, _NOTHING_UNSEALED)]


@cache
def _row_type(model: Model) -> Any:
    return namedtuple(model.name, [column.name for column in model.columns])
