"""A case as it was known: replayed from the events of the streams that were in it.

There are two axes. What was *recorded* after a day was not known on it, whenever it happened; what
*happened* after a day is left out where that is asked. The answer for a day is a function of the
events up to it, so it is the same whenever it is asked, as long as nothing was destroyed since and
the viewer's rights are the same: what may be read is decided by the rights of now.
"""

from collections import namedtuple
from collections.abc import Callable, Collection, Container, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any, Literal, LiteralString, NamedTuple, Self
from uuid import UUID

import msgspec
from msgspec.structs import replace
from psycopg.sql import SQL

from herkomst.access import policy
from herkomst.access.policy import Action, Permitted
from herkomst.domain import ids
from herkomst.domain.calendar import Occurred, interval, start_of
from herkomst.domain.events import Recorded
from herkomst.investigations import (
    cases,
    hits,
    presentations,
    purchases,
    stolen_items,
    visibility,
)
from herkomst.investigations.cases import Case, CaseEntry, CaseItem
from herkomst.investigations.goods import Told, Withheld
from herkomst.investigations.hits import Hit
from herkomst.investigations.inquiry import Inquiry
from herkomst.investigations.pages import Count, Page, Slice
from herkomst.investigations.presentations import Identity, Presentation
from herkomst.investigations.purchases import Purchase
from herkomst.investigations.stolen_items import StolenItem
from herkomst.projections.case_entries import CaseEntries
from herkomst.projections.case_items import CaseItems
from herkomst.projections.cases import Cases
from herkomst.projections.hits import Hits
from herkomst.projections.model import Model, Unsealed
from herkomst.projections.presentations import Presentations
from herkomst.projections.purchases import Purchases
from herkomst.projections.stolen_items import StolenItems
from herkomst.record.vault import DataKey

CHANGES, DIFFERENCES = "case_changes", "case_differences"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_AT_ONCE = 1 << 11
"""Events that may share a moment and keep their places, while a place fits into 63 bits."""
_CASES, _ITEMS, _ENTRIES = Cases(), CaseItems(), CaseEntries()
_PURCHASES, _STOLEN, _HITS, _PRESENTATIONS = Purchases(), StolenItems(), Hits(), Presentations()
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
    "SELECT purchase AS id, register_number, NULL AS handling, true AS shown, "
    "NULL::timestamptz AS revealed_at FROM {purchases} p "
    "WHERE purchase = ANY(%(ids)s) AND {purchase_shown} UNION ALL "
    # An identity that was corrected away has no row any more, but was known before.
    "SELECT n.presentation, NULL, NULL, true, (SELECT min(r.revealed_at) FROM {reveals} r "
    "WHERE r.presentation = n.presentation AND r.case_id = %(case)s) "
    "FROM (SELECT v.presentation, v.purchase, coalesce(m.state, 'presented') AS state "
    "FROM unnest(%(presented)s::uuid[], %(bought)s::uuid[]) AS v (presentation, purchase) "
    "LEFT JOIN {presentations} m ON m.presentation = v.presentation) n WHERE {presentation_shown} "
    "OR %(register_in_case)s AND n.presentation IN {in_case} AND n.state <> 'vault' UNION ALL "
    "SELECT stolen_item, NULL, handling, {item_shown}, NULL FROM {stolen_items} s "
    "WHERE stolen_item = ANY(%(ids)s) AND {item_known} UNION ALL "
    "SELECT h.hit, NULL, NULL, {hit_shown}, NULL FROM {hits} h {goods_of_hit} "
    "WHERE h.hit = ANY(%(ids)s) AND {hit_known}"
)
_RIGHTS = {
    "purchase": Action.READ_PURCHASES,
    "presentation": Action.READ_PRESENTATIONS,
    "stolen_item": Action.READ_STOLEN_ITEMS,
    "hit": Action.READ_HITS,
}
"""What a viewer must be allowed to be told of an item."""
_KINDS = (
    "case",
    "case_item",
    "case_entry",
    "purchase",
    "presentation",
    "stolen_item",
    "hit",
)
"""In this order differences are told."""
_OF_IDENTITY = tuple(f"/identity/{field}" for field in Identity.__struct_fields__)
Record = Purchase | StolenItem | Hit | Presentation | Withheld


class Moment(NamedTuple):
    """Up to when: the first moment that is left out of what was recorded, and of what happened."""

    recorded: datetime
    happened: datetime | None = None


class KnownItem(Told, frozen=True, kw_only=True):
    """An item with its record as both were known; None where the record was not there yet."""

    item: CaseItem
    record: Record | None

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


class FieldChange(Told, frozen=True, kw_only=True):
    """A field that differs: a JSON pointer, and its value on both days as JSON; None where there
    was none."""

    field: str
    before: str | None
    after: str | None


class Difference(Told, frozen=True, kw_only=True):
    """What differs of one thing between two days."""

    of: UUID
    kind: str
    """case, case_item, case_entry, purchase, stolen_item, hit or presentation."""
    became: Literal["there", "gone", "other"]
    fields: tuple[FieldChange, ...]
    """Of what is there on one day alone: all of its fields."""
    revision: int
    """Its place from the end of the list."""


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
    shown = latest[: wanted.first]
    records = await _Records.read(permitted, inquiry, case, shown, at)
    keys = await inquiry.keys([case.id, *records.sealed])
    if not rows:
        return None
    key = keys.get(case.id)
    then = records.as_of(at, keys)
    items = [KnownItem(item=cases.item(row, key), record=then.told(row.item)) for row in shown]
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
    """The records in a case, as far as their own policy allows: their events, and what of them
    may be seen now."""

    def __init__(
        self, permitted: Permitted, inquiry: Inquiry, kinds: Mapping[UUID, str], case: Case
    ) -> None:
        self.permitted, self.inquiry, self.kinds, self._case = permitted, inquiry, kinds, case
        self.facts: Sequence[Recorded] = ()
        self.seen: Mapping[UUID, Any] = {}

    @classmethod
    async def read(
        cls, permitted: Permitted, inquiry: Inquiry, case: Case, items: Iterable[Any], at: Moment
    ) -> Self:
        """The records of these rows of items: two statements, however many there are."""
        records = cls(permitted, inquiry, {row.item: row.kind for row in items}, case)
        allowed = [each for each, kind in records.kinds.items() if records.may_read(kind)]
        records.facts = await _facts(inquiry, allowed, at)
        records.seen = {row.id: row for row in await inquiry.rows(_SEEN, records._asked(allowed))}
        return records

    def _asked(self, allowed: Sequence[UUID]) -> dict[str, object]:
        presented = [each for each in allowed if self.kinds[each] == "presentation"]
        return {
            "ids": allowed,
            "presented": presented,
            "bought": [ids.purchase_of(each) for each in presented],
            "case": self._case.id,
            **visibility.values_in_case(self.permitted.reading),
        }

    @property
    def sealed(self) -> set[UUID]:
        """Whose keys are needed to tell them, at whatever moment."""
        presented = (k for k, kind in self.kinds.items() if kind == "presentation")
        return {*self.seen, *map(ids.purchase_of, presented)}

    def may_read(self, kind: str) -> bool:
        return policy.allows(self.permitted.reading, _RIGHTS[kind])

    def as_of(self, at: Moment, keys: Mapping[UUID, DataKey]) -> "_Then":
        """The same at a moment."""
        return _Then(self, _before(self.facts, at), at, keys)


class _Then:
    """Records as they were known at a moment."""

    def __init__(
        self, records: _Records, facts: Sequence[Recorded], at: Moment, keys: Mapping[UUID, DataKey]
    ) -> None:
        self._records, self._inquiry, self._at, self._keys = records, records.inquiry, at, keys
        self._rows: dict[UUID, Any] = {
            row[0]: row
            for model in (_PURCHASES, _STOLEN, _HITS, _PRESENTATIONS)
            for row in _replayed(model, facts)
        }

    def told(self, item: UUID) -> Record | None:
        """A record; None where it was not there yet, and where not even that may be told."""
        kind = self._records.kinds[item]
        if not self._records.may_read(kind):
            self._inquiry.returned.withhold()
            return Withheld(reason=kind, contact="")
        row, now = self._rows.get(item), self._records.seen.get(item)
        if row is None or now is None:
            return None
        return _TELL[kind](self, row, now)

    def hit(self, row: Any, now: Any) -> Hit:
        return replace(hits.told(self._inquiry, row, shown=now.shown), as_known=True)

    def purchase(self, row: Any, now: Any) -> Purchase:
        self._inquiry.returned.add("purchase", row.purchase)
        numbered = row._replace(register_number=now.register_number)
        key = self._key(row.purchase, row.sealed)
        return replace(purchases.purchase(numbered, key), as_known=True)

    def presentation(self, row: Any, now: Any) -> Presentation:
        """A person, by whom he was to the case then: what was revealed later was not known."""
        revealed = now.revealed_at is not None and now.revealed_at < self._at.recorded
        key = self._key(row.purchase, row.sealed)
        self._inquiry.returned.add("presentation", row.presentation)
        return presentations.replayed(
            self._records.permitted, self._inquiry, row, key, revealed=revealed
        )

    def stolen_item(self, row: Any, now: Any) -> StolenItem | Withheld:
        """What may be read of it now is what may be told of it then."""
        if now.shown:
            self._inquiry.returned.add("stolen_item", row.stolen_item)
            return stolen_items.item(row, self._key(row.stolen_item, row.sealed))
        self._inquiry.returned.withhold()
        reason = f"handling_{now.handling}"
        may_ask = policy.allows(self._records.permitted.reading, Action.REQUEST_ACCESS)
        return Withheld(reason=reason, contact=row.source, can_request=may_ask)

    def _key(self, owner: UUID, sealed: bytes | None) -> DataKey | None:
        return None if sealed is None else self._keys.get(owner)


_TELL: Mapping[str, Callable[[_Then, Any, Any], Record]] = {
    "hit": _Then.hit,
    "purchase": _Then.purchase,
    "presentation": _Then.presentation,
    "stolen_item": _Then.stolen_item,
}


async def case_changes(
    permitted: Permitted, inquiry: Inquiry, case: Case, since: date, until: date, wanted: Page
) -> Slice[Change]:
    """What was recorded after one day and up to another, of a case and of the records in it by
    then; the newest first. What happened by the first day and arrived later is marked."""
    permitted.must_be(Action.READ_CASES)
    at = Moment(end_of(until))
    requests = [row.stream for row in await inquiry.rows(_ASKED, {"case": case.id})]
    facts = await _facts(inquiry, [case.id, *requests], at)
    records = await _Records.read(permitted, inquiry, case, _replayed(_ITEMS, facts), at)
    then = records.as_of(at, {})
    with inquiry.unreturned():
        told = {
            stream
            for stream in {fact.stream for fact in records.facts}
            if not isinstance(then.told(stream), Withheld | None)
        }
    facts += [fact for fact in records.facts if fact.stream in told]
    before = end_of(since)
    changed = [
        _change(fact, place, before) for fact, place in _placed(facts) if fact.recorded_at >= before
    ]
    older = [change for change in reversed(changed) if change.revision < wanted.before]
    found = older[: wanted.first + 1]
    kinds = {case.id: "case", **dict.fromkeys(requests, "access_request"), **records.kinds}
    for each in found[: wanted.first]:
        inquiry.returned.add(kinds[each.stream], each.stream)
    return inquiry.cursors.slice(
        CHANGES, wanted, found[: wanted.first], len(found), _total(len(changed))
    )


async def case_differences(
    permitted: Permitted, inquiry: Inquiry, case: Case, early: Moment, late: Moment, wanted: Page
) -> Slice[Difference]:
    """How a case and the records in it, as known at one moment, differ from how they were known at
    another: the case first, then its items and entries, then the records."""
    permitted.must_be(Action.READ_CASES)
    facts = await _facts(inquiry, [case.id], late)
    items = _replayed(_ITEMS, facts) + _replayed(_ITEMS, _before(facts, early))
    records = await _Records.read(permitted, inquiry, case, items, late)
    keys = await inquiry.keys([case.id, *records.sealed])
    with inquiry.unreturned():
        before, after = (
            _everything(case, _before(facts, at), records.as_of(at, keys), keys)
            for at in (early, late)
        )
    found = _differences(before, after)
    older = [each for each in found if each.revision < wanted.before]
    shown = older[: wanted.first + 1]
    for each in shown[: wanted.first]:
        _note(inquiry, each)
    return inquiry.cursors.slice(
        DIFFERENCES, wanted, shown[: wanted.first], len(shown), _total(len(found))
    )


def _note(inquiry: Inquiry, told: Difference) -> None:
    inquiry.returned.add(told.kind, told.of)
    if any(change.field.startswith(_OF_IDENTITY) for change in told.fields):
        inquiry.returned.add("identity", told.of)


def _everything(
    case: Case, facts: Sequence[Recorded], then: _Then, keys: Mapping[UUID, DataKey]
) -> dict[tuple[str, UUID], dict[str, str]]:
    """The fields of all that these events make, by what they are of; in the order of telling."""
    key = keys.get(case.id)
    told: dict[tuple[str, UUID], Told] = {}
    for row in _replayed(_CASES, facts):
        told["case", case.id] = cases.case(row._replace(number=case.number), key)
    items = _replayed(_ITEMS, facts)
    told |= {("case_item", row.entry): cases.item(row, key) for row in items}
    told |= {("case_entry", r.entry): cases.entry(r, key) for r in _replayed(_ENTRIES, facts)}
    records = {(row.kind, row.item): then.told(row.item) for row in items}
    told |= {of: record for of, record in records.items() if record is not None}
    return {of: dict(_fields(msgspec.to_builtins(each), "")) for of, each in told.items()}


def _fields(value: object, pointer: str) -> Iterator[tuple[str, str]]:
    """Each value within a value, as JSON, by its pointer."""
    if isinstance(value, dict) and value:
        for name, part in value.items():
            if (pointer, name) != ("", "revision"):
                yield from _fields(part, f"{pointer}/{name}")
    elif isinstance(value, list | tuple) and value:
        for place, part in enumerate(value):
            yield from _fields(part, f"{pointer}/{place}")
    else:
        yield pointer, msgspec.json.encode(value).decode()


def _differences(
    before: Mapping[tuple[str, UUID], Mapping[str, str]],
    after: Mapping[tuple[str, UUID], Mapping[str, str]],
) -> list[Difference]:
    differing = [of for of in {**after, **before} if before.get(of) != after.get(of)]
    return [
        Difference(
            of=identity,
            kind=kind,
            became=_became((kind, identity), before, after),
            fields=_changes(before.get((kind, identity), {}), after.get((kind, identity), {})),
            revision=place,
        )
        for place, (kind, identity) in zip(
            range(len(differing), 0, -1), sorted(differing, key=_order), strict=True
        )
    ]


def _order(of: tuple[str, UUID]) -> tuple[int, UUID]:
    return _KINDS.index(of[0]), of[1]


def _became(
    of: tuple[str, UUID], before: Container[object], after: Container[object]
) -> Literal["there", "gone", "other"]:
    if of not in before:
        return "there"
    return "other" if of in after else "gone"


def _changes(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[FieldChange, ...]:
    fields = sorted({**before, **after})
    return tuple(
        FieldChange(field=field, before=before.get(field), after=after.get(field))
        for field in fields
        if before.get(field) != after.get(field)
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


async def _facts(inquiry: Inquiry, streams: Collection[UUID], at: Moment) -> list[Recorded]:
    """The events of these streams that were known, in the order of each stream."""
    rows = await inquiry.rows(_FACTS, {"ids": list(streams), "until": at.recorded})
    return _before([Recorded(*row) for row in rows], at)


def _before(facts: Iterable[Recorded], at: Moment) -> list[Recorded]:
    """Those of these events that were known at a moment."""
    recorded = [fact for fact in facts if fact.recorded_at < at.recorded]
    if at.happened is None:
        return recorded
    happened = [f for f in recorded if interval(f.envelope.occurred).start < at.happened]
    begun = {fact.stream for fact in happened if fact.version == 1}
    return [fact for fact in happened if fact.stream in begun]


def _replayed(model: Model, facts: Iterable[Recorded]) -> list[Any]:
    """Rows as the read model would have them."""
    make = _row_type(model)
    return [make(*row) for row in model.replayed(facts, _NOTHING_UNSEALED)]


@cache
def _row_type(model: Model) -> Any:
    return namedtuple(model.name, [column.name for column in model.columns])
