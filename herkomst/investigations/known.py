"""A case as it was known: replayed from the events of the streams that were in it.

There are two axes. What was *recorded* after a day was not known on it, whenever it happened; what
*happened* after a day is left out where that is asked. The answer for a day is a function of the
events up to it, so it is the same whenever it is asked, as long as nothing was destroyed since and
the viewer's rights are the same: what may be read is decided by the rights of now.
"""

from collections import namedtuple
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any, LiteralString, NamedTuple
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
from herkomst.investigations.pages import Page, Slice
from herkomst.investigations.purchases import Purchase
from herkomst.investigations.stolen_items import StolenItem
from herkomst.projections.case_entries import CaseEntries
from herkomst.projections.case_items import CaseItems
from herkomst.projections.cases import Cases
from herkomst.projections.hits import Hits
from herkomst.projections.model import Model, Unsealed
from herkomst.projections.purchases import Purchases
from herkomst.projections.stolen_items import StolenItems

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
_IN_ORDER: LiteralString = " ORDER BY originator_id, originator_version"
_REGISTER = SQL(_COLUMNS + "record.register_events" + _WITHIN + _IN_ORDER)
_CASEWORK = SQL(_COLUMNS + "record.casework_events" + _WITHIN + _IN_ORDER)
_PURCHASES_SEEN = SQL(
    "SELECT purchase AS id, register_number FROM {purchases} p "
    "WHERE purchase = ANY(%(ids)s) AND {purchase_shown}"
)
_ITEMS_SEEN = SQL(
    "SELECT stolen_item AS id, handling, {item_shown} AS shown FROM {stolen_items} s "
    "WHERE stolen_item = ANY(%(ids)s) AND {item_known}"
)
_HITS_SEEN = SQL(
    "SELECT h.hit AS id, {hit_shown} AS shown FROM {hits} h "
    "CROSS JOIN LATERAL (SELECT regime, handling FROM {stolen_items} "
    "WHERE stolen_item = h.stolen_item LIMIT 1) s "
    "WHERE h.hit = ANY(%(ids)s) AND {hit_known}"
)


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
    return start_of(day + timedelta(1))


async def case_as_known(
    permitted: Permitted, inquiry: Inquiry, case: Case, at: Moment, wanted: Page
) -> KnownCase | None:
    """A case that the viewer was shown, as it was known; None when there was none yet.

    Raises `InvalidPage`.
    """
    permitted.must_be(Action.READ_CASES)
    facts = await _facts(inquiry, _CASEWORK, [case.id], at)
    # The number stands on the stream of its year, and never changes.
    rows = [row._replace(number=case.number) for row in _replayed(_CASES, facts)]
    if not rows:
        return None
    key = (await inquiry.keys([case.id])).get(case.id)
    found = [cases.item(row, key) for row in _latest(_replayed(_ITEMS, facts), wanted)]
    records = await _records(permitted, inquiry, found[: wanted.first], at)
    items = [
        KnownItem(item=item, record=records.get(item.item_id)) for item in found[: wanted.first]
    ]
    entries = tuple([cases.entry(row, key) for row in _replayed(_ENTRIES, facts)])
    cases.note_returned(inquiry, "case_item", [item.item for item in items])
    cases.note_returned(inquiry, "case_entry", entries)
    return KnownCase(
        case=cases.case(rows[0], key),
        items=inquiry.cursors.slice(cases.ITEMS, wanted, items, len(found)),
        entries=entries,
    )


def _latest(rows: Sequence[Any], wanted: Page) -> list[Any]:
    """Of these rows a page and one more, the one that changed last first."""
    older = [row for row in rows if row.revision < wanted.before]
    return sorted(older, key=lambda row: row.revision, reverse=True)[: wanted.first + 1]


async def _records(
    permitted: Permitted, inquiry: Inquiry, items: Sequence[CaseItem], at: Moment
) -> dict[UUID, Purchase | StolenItem | Hit | Withheld]:
    """The records of these items as they were known, as far as their own policy allows."""
    ids: dict[str, list[UUID]] = {}
    for item in items:
        ids.setdefault(item.kind, []).append(item.item_id)
    return {
        **await _purchases(permitted, inquiry, ids.get("purchase", ()), at),
        **await _stolen_items(permitted, inquiry, ids.get("stolen_item", ()), at),
        **await _hits(permitted, inquiry, ids.get("hit", ()), at),
    }


async def _purchases(
    permitted: Permitted, inquiry: Inquiry, ids: Collection[UUID], at: Moment
) -> dict[UUID, Purchase | Withheld]:
    seen = await _seen(permitted, inquiry, Action.READ_PURCHASES, _PURCHASES_SEEN, ids)
    if seen is None:
        return _all_withheld(inquiry, ids, "purchase")
    rows = _replayed(_PURCHASES, await _facts(inquiry, _REGISTER, seen, at))
    keys = await inquiry.keys(row.purchase for row in rows if row.sealed is not None)
    found: dict[UUID, Purchase | Withheld] = {}
    for row in rows:
        inquiry.returned.add("purchase", row.purchase)
        numbered = row._replace(register_number=seen[row.purchase].register_number)
        found[row.purchase] = purchases.purchase(numbered, keys.get(row.purchase))
    return found


async def _stolen_items(
    permitted: Permitted, inquiry: Inquiry, ids: Collection[UUID], at: Moment
) -> dict[UUID, StolenItem | Withheld]:
    """What may be read of it now is what may be told of it then."""
    seen = await _seen(permitted, inquiry, Action.READ_STOLEN_ITEMS, _ITEMS_SEEN, ids)
    if seen is None:
        return _all_withheld(inquiry, ids, "stolen_item")
    rows = _replayed(_STOLEN, await _facts(inquiry, _REGISTER, seen, at))
    keys = await inquiry.keys(row.stolen_item for row in rows if row.sealed is not None)
    found: dict[UUID, StolenItem | Withheld] = {}
    for row in rows:
        now = seen[row.stolen_item]
        if now.shown:
            inquiry.returned.add("stolen_item", row.stolen_item)
            found[row.stolen_item] = stolen_items.item(row, keys.get(row.stolen_item))
        else:
            inquiry.returned.withhold()
            reason = f"handling_{now.handling}"
            found[row.stolen_item] = Withheld(reason=reason, contact=row.source, can_request=True)
    return found


async def _hits(
    permitted: Permitted, inquiry: Inquiry, ids: Collection[UUID], at: Moment
) -> dict[UUID, Hit | Withheld]:
    seen = await _seen(permitted, inquiry, Action.READ_HITS, _HITS_SEEN, ids)
    if seen is None:
        return _all_withheld(inquiry, ids, "hit")
    rows = _replayed(_HITS, await _facts(inquiry, _CASEWORK, seen, at))
    return {row.hit: hits.told(inquiry, row, shown=seen[row.hit].shown) for row in rows}


async def _seen(
    permitted: Permitted, inquiry: Inquiry, action: Action, statement: SQL, ids: Collection[UUID]
) -> dict[UUID, Any] | None:
    """What may be known of these records now, by their ids; None where the policy allows nothing
    of this kind."""
    if not ids:
        return {}
    if not policy.allows(permitted.reading, action):
        return None
    allowed = policy.permit(permitted.reading, action)
    values = {"ids": list(ids), **visibility.values(allowed)}
    return {row.id: row for row in await inquiry.rows(statement, values)}


def _all_withheld(inquiry: Inquiry, ids: Collection[UUID], what: str) -> dict[UUID, Any]:
    for _ in ids:
        inquiry.returned.withhold()
    return {each: Withheld(reason=what, contact="") for each in ids}


async def case_changes(
    permitted: Permitted, inquiry: Inquiry, case: Case, since: date, until: date, wanted: Page
) -> Slice[Change]:
    """What was recorded after one day and up to another, of a case and of the records in it by
    then; the newest first. What happened by the first day and arrived later is marked."""
    permitted.must_be(Action.READ_CASES)
    at = Moment(end_of(until))
    facts = await _facts(inquiry, _CASEWORK, [case.id], at)
    items = [cases.item(row, None) for row in _replayed(_ITEMS, facts)]
    streams = {item.item_id: item.kind for item in items}
    visible = await _records(permitted, inquiry, items, at)
    told = {stream for stream, record in visible.items() if not isinstance(record, Withheld)}
    register = [s for s in told if streams[s] in ("purchase", "stolen_item")]
    facts += await _facts(inquiry, _REGISTER, register, at)
    facts += await _facts(inquiry, _CASEWORK, [s for s in told if streams[s] == "hit"], at)
    before = end_of(since)
    changed = [
        _change(fact, place, before)
        for fact, place in _placed(facts)
        if fact.recorded_at >= before and place < wanted.before
    ]
    found = changed[::-1][: wanted.first + 1]
    return inquiry.cursors.slice(CHANGES, wanted, found[: wanted.first], len(found))


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


async def _facts(
    inquiry: Inquiry, statement: SQL, ids: Collection[UUID], at: Moment
) -> list[Recorded]:
    """The events of these streams that were known, in the order of each stream."""
    if not ids:
        return []
    rows = await inquiry.rows(statement, {"ids": list(ids), "until": at.recorded})
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
