"""Retention: what each record is kept for on a day, and what follows from it for its key.

What is due is found by an index, a page at a time, so nobody looks through what is not. A page is
decided on and carried out in one transaction under the locks of the writers, over read models that
have come to the end of casework: who places a hold or opens a case comes before or after, and never
in between. Cut off anywhere it goes on where it was, because what is done is not due any more.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal, LiteralString, NamedTuple
from uuid import UUID

import uuid_utils
from psycopg import Connection, Cursor
from psycopg.rows import namedtuple_row
from psycopg.sql import SQL, Identifier

from herkomst.domain import clocks, ids
from herkomst.domain.calendar import start_of
from herkomst.domain.casework import hit
from herkomst.domain.clocks import Kind, State
from herkomst.domain.events import Event, EventData, Recorded
from herkomst.domain.register import erasure, identity, keeping
from herkomst.processes.keeping import (
    BARE_PURCHASES,
    CASES,
    DEALERS,
    ERASED,
    FOUND,
    FOUND_HITS,
    HELD,
    HITS,
    HITS_ON,
    IDENTITIES,
    IN_CASES,
    KEYS_OF_REASONS,
    OFFICERS,
    REASONED,
    REASONS,
    REVIEWED,
    STOLEN_ITEMS,
    Change,
    Facts,
    Kept,
    kept_cases,
    kept_dealers,
    kept_hits,
    kept_identities,
    kept_officers,
    kept_reasons,
    kept_stolen_items,
)
from herkomst.projections import registry
from herkomst.projections.case_items import CaseItems
from herkomst.projections.cases import Cases
from herkomst.projections.dealers import Dealers
from herkomst.projections.establishments import Establishments
from herkomst.projections.follower import NotYet
from herkomst.projections.hits import Hits
from herkomst.projections.holds import Holds
from herkomst.projections.keepings import Keepings
from herkomst.projections.model import Model
from herkomst.projections.officers import Officers
from herkomst.projections.passages import Passages
from herkomst.projections.presentations import Presentations
from herkomst.projections.purchases import Purchases
from herkomst.projections.reads import Reads
from herkomst.projections.reasons import Reasons
from herkomst.projections.reviews import Reviews
from herkomst.projections.stolen_items import StolenItems
from herkomst.record.application import Custody, Outcome, envelope, pending, this_moment
from herkomst.record.archive import Archive
from herkomst.record.casework import CUSTODY as HIT_CUSTODY
from herkomst.record.database import Row
from herkomst.record.recorder import lock_sequence
from herkomst.record.vault import destroy
from herkomst.steps import reached

ACTOR = "process:retention"
PAGE = 500
MODELS: tuple[Model, ...] = (
    Presentations(),
    Purchases(),
    Dealers(),
    Establishments(),
    Officers(),
    Hits(),
    Cases(),
    CaseItems(),
    Passages(),
    Holds(),
    Keepings(),
    Reviews(),
    Reads(),
    Reasons(),
    StolenItems(),
)
AWAITED = ("case_items", "cases", "hits", "holds", "officers", "passages", "reasons", "reviews")
"""Followers of casework that must stand at its end before anything is decided on."""

# Which records are asked about: each page behind the one before it.
NO_LONGER_ACTIVE = SQL(
    "SELECT presentation AS record, since AS place FROM {presentations} "
    "WHERE state = 'presented' AND since < %(before)s "
    "AND (since, presentation) > (%(place)s, %(after)s) "
    "ORDER BY since, presentation LIMIT %(limit)s"
)
RESTRICTED = SQL(
    "SELECT presentation AS record FROM {presentations} "
    "WHERE state IN ('comparable', 'vault') AND presentation > %(after)s "
    "ORDER BY presentation LIMIT %(limit)s"
)
_ENDING_CASES = SQL(
    "SELECT case_id AS record FROM {cases} c WHERE case_id > %(after)s "
    "AND (state = 'closed' OR regime IN ('wpg:8', 'wpg:10')) "
    "AND EXISTS (SELECT FROM vault.keys k WHERE k.key_id = c.case_id) "
    "ORDER BY case_id LIMIT %(limit)s"
)
_ENDED_ITEMS = SQL(
    "SELECT stolen_item AS record FROM {stolen_items} s "
    "WHERE status <> 'reported' AND stolen_item > %(after)s "
    "AND EXISTS (SELECT FROM vault.keys k WHERE k.key_id = s.stolen_item) "
    "ORDER BY stolen_item LIMIT %(limit)s"
)

BARE = SQL(
    "SELECT purchase AS record, acquired_from AS place FROM {purchases} p "
    "WHERE NOT seller AND acquired_from < %(before)s "
    "AND (acquired_from, purchase) > (%(place)s, %(after)s) "
    "AND EXISTS (SELECT FROM vault.keys k WHERE k.key_id = p.purchase) "
    "ORDER BY acquired_from, purchase LIMIT %(limit)s"
)
_CEASED = SQL(
    "SELECT dealer AS record FROM {dealers} d WHERE dealer > %(after)s "
    "AND NOT EXISTS (SELECT FROM {establishments} e WHERE e.dealer = d.dealer "
    "AND e.open_to IS NULL) "
    "AND EXISTS (SELECT FROM vault.keys k WHERE k.key_id = d.dealer) "
    "ORDER BY dealer LIMIT %(limit)s"
)
_LEFT = SQL(
    "SELECT officer AS record FROM {officers} o WHERE officer > %(after)s "
    "AND NOT EXISTS (SELECT FROM jsonb_array_elements(o.roles) r WHERE r ->> 'to' IS NULL) "
    "AND EXISTS (SELECT FROM vault.keys k WHERE k.key_id = o.officer) "
    "ORDER BY officer LIMIT %(limit)s"
)
_NEXT: LiteralString = "AND k.key_id > %(after)s ORDER BY record LIMIT %(limit)s"
_BEGAN: LiteralString = "AND r.since < %(before)s "
_ENDED: LiteralString = "AND r.ended_at < %(before)s "
REASONS_SINCE, REASONS_ENDED = (
    SQL(KEYS_OF_REASONS + _BEGAN + _NEXT),
    SQL(KEYS_OF_REASONS + _ENDED + _NEXT),
)
SPENT_HITS = SQL(
    "SELECT record FROM (SELECT hit AS record FROM {hits} WHERE found_at < %(before)s UNION "
    "SELECT h.hit FROM {keepings} k JOIN {hits} h ON h.stolen_item = k.key_id "
    "WHERE k.kind = 'stolen_item' AND k.state = 'destroyed') spent "
    "WHERE record > %(after)s ORDER BY record LIMIT %(limit)s"
)
"""Hits that are over their term, and those of which a good was destroyed."""
SPENT_PASSAGES = SQL(
    "SELECT record FROM (SELECT pair AS record FROM {passages} WHERE noted_at < %(before)s UNION "
    "SELECT p.pair FROM {keepings} k JOIN {passages} p ON p.stolen_item = k.key_id "
    "WHERE k.kind = 'stolen_item' AND k.state = 'destroyed') spent "
    "WHERE record > %(after)s AND NOT EXISTS (SELECT FROM {hits} h WHERE h.hit = record) "
    "ORDER BY record LIMIT %(limit)s"
)
"""The same of passages that never were hits."""

Ask = Callable[[SQL, Mapping[str, object]], list[Any]]


def _ask(connection: Connection[Row]) -> Ask:
    def ask(statement: SQL, values: Mapping[str, object]) -> list[Any]:
        # A run takes long, and a model may be rebuilt meanwhile.
        tables: Mapping[str, Identifier] = registry.live_tables(connection, MODELS)
        with connection.cursor(row_factory=namedtuple_row) as cursor:
            return cursor.execute(statement.format(**tables), values).fetchall()

    return ask


def _identities(ask: Ask, records: Sequence[UUID]) -> Iterator[Kept]:
    return _sold(ask, ask(IDENTITIES, {"ids": list(records)}), "identity")


def _bare_purchases(ask: Ask, records: Sequence[UUID]) -> Iterator[Kept]:
    return _sold(ask, ask(BARE_PURCHASES, {"ids": list(records)}), "purchase")


def _sold(ask: Ask, found: list[Any], kind: Kind) -> Iterator[Kept]:
    purchases = [row.purchase for row in found]
    hits = ask(HITS, {"purchases": purchases})
    items = {"items": [*(row.record for row in found), *purchases, *(row.hit for row in hits)]}
    rows = [ask(statement, items) for statement in (IN_CASES, HELD, REVIEWED)]
    return kept_identities(Facts(found, hits, *rows), kind)


def _dealers(ask: Ask, records: Sequence[UUID]) -> Iterator[Kept]:
    return kept_dealers(ask(DEALERS, {"ids": list(records)}))


def _officers(ask: Ask, records: Sequence[UUID]) -> Iterator[Kept]:
    return kept_officers(ask(OFFICERS, {"ids": list(records)}))


def _cases(ask: Ask, records: Sequence[UUID]) -> Iterator[Kept]:
    found = ask(CASES, {"ids": list(records)})
    return kept_cases(found, ask(HELD, {"items": list(records)}))


def _stolen_items(ask: Ask, records: Sequence[UUID]) -> Iterator[Kept]:
    found, hits = (ask(statement, {"ids": list(records)}) for statement in (STOLEN_ITEMS, HITS_ON))
    items = {"items": [*records, *(row.hit for row in hits)]}
    return kept_stolen_items(found, hits, ask(IN_CASES, items), ask(HELD, items))


def _reasons(ask: Ask, records: Sequence[UUID]) -> Iterator[Kept]:
    found = ask(REASONS, {"ids": list(records)})
    return kept_reasons(found, ask(CASES, {"ids": [case for row in found for case in row.cases]}))


def _hits(ask: Ask, records: Sequence[UUID]) -> Iterator[Kept]:
    found = ask(FOUND_HITS, {"ids": list(records)})
    sold = [ids.presentation_id(row.purchase) for row in found]
    goods = [each for row in found for each in (row.record, row.stolen_item)]
    items = {"items": [*goods, *sold, *(row.purchase for row in found)]}
    cases, held, reviewed = (ask(statement, items) for statement in (IN_CASES, HELD, REVIEWED))
    return kept_hits(found, ask(ERASED, {"ids": sold}), cases, held, reviewed)


_KEPT: Mapping[Kind, Callable[[Ask, Sequence[UUID]], Iterator[Kept]]] = {
    "identity": _identities,
    "purchase": _bare_purchases,
    "dealer": _dealers,
    "officer": _officers,
    "case": _cases,
    "stolen_item": _stolen_items,
    "hit": _hits,
    "passage": _hits,
    **dict.fromkeys(REASONED, _reasons),
}
KINDS: frozenset[Kind] = frozenset(_KEPT)
"""What a run asks the clocks of."""
_NOBODY = UUID(int=0)
_LONG_AGO = datetime(1, 1, 2, tzinfo=UTC)


class Page(NamedTuple):
    """Some records of a kind that may be due."""

    kind: Kind
    records: tuple[UUID, ...]


def may_be_due(ask: Ask, on: date) -> Iterator[Page]:
    """Page after page of what the clocks are to be asked of on a day."""
    register = clocks.shortest("identity", "avg", on)
    yield from _pages(ask, "identity", NO_LONGER_ACTIVE, _before(register))
    yield from _pages(ask, "identity", RESTRICTED, {})
    bare = clocks.shortest("purchase", "avg", on)
    yield from _pages(ask, "purchase", BARE, _before(bare))
    yield from _pages(ask, "dealer", _CEASED, {})
    yield from _pages(ask, "officer", _LEFT, {})
    yield from _pages(ask, "case", _ENDING_CASES, {})
    yield from _pages(ask, "stolen_item", _ENDED_ITEMS, {})
    for kind, regime in REASONED.items():
        yield from _reasons_due(ask, kind, regime, on)
    hits = clocks.spent("hit", HIT_CUSTODY.regime, on)
    yield from _pages(ask, "hit", SPENT_HITS, _before(hits))
    yield from _pages(ask, "passage", SPENT_PASSAGES, _before(hits))


def _reasons_due(ask: Ask, kind: Kind, regime: str, on: date) -> Iterator[Page]:
    since = clocks.spent(kind, regime, on)
    yield from _pages(ask, kind, REASONS_SINCE, {"kind": kind, **_before(since)})
    ended = clocks.spent(kind, regime, on, "ended")
    yield from _pages(ask, kind, REASONS_ENDED, {"kind": kind, **_before(ended)})


def _before(last: date | None) -> Mapping[str, object]:
    """What began on a day or before it; nothing where no clock counts from there."""
    return {"before": _LONG_AGO if last is None else start_of(last + timedelta(1))}


def _pages(ask: Ask, kind: Kind, statement: SQL, values: Mapping[str, object]) -> Iterator[Page]:
    after: Mapping[str, object] = {"after": _NOBODY, "place": _LONG_AGO}
    while rows := ask(statement, {**values, **after, "limit": PAGE}):
        yield Page(kind, tuple(row.record for row in rows))
        after = {"after": rows[-1].record, "place": getattr(rows[-1], "place", None)}


def preview(archive: Archive, on: date) -> Iterator[Change]:
    """What a run on a day would say, changing nothing."""
    with archive.database.connection() as connection, connection.transaction():
        ask = _ask(connection)
        for page in may_be_due(ask, on):
            for change in _changes(ask, page, on):
                if change.is_told:
                    yield change


def _changes(ask: Ask, page: Page, on: date) -> list[Change]:
    return [Change(kept, kept.standing(on)) for kept in _KEPT[page.kind](ask, page.records)]


class Done(NamedTuple):
    """What a page came to: what is told of it, and the streams on which each store acknowledges
    what was destroyed."""

    changes: tuple[Change, ...]
    orders: tuple[UUID, ...]


_RESTRICTING: Mapping[State, Literal["active", "comparable", "vault"]] = {
    State.ACTIVE: "active",
    State.COMPARABLE: "comparable",
    State.VAULT: "vault",
}


def carry_out(archive: Archive, on: date, wait: Callable[[], None]) -> Iterator[Done]:
    """Do what is due on a day, a page a transaction. `wait` is called while followers are behind.

    Raises what `wait` raises.
    """
    with archive.database.connection() as looking:
        for page in may_be_due(_ask(looking), on):
            done = _insisting(archive, page, on, wait)
            if done.changes:
                yield done


def _insisting(archive: Archive, page: Page, on: date, wait: Callable[[], None]) -> Done:
    while True:
        try:
            return archive.register.committing(
                lambda cursor: _Transaction(archive, cursor, on).carry_out(page)
            )
        except NotYet:
            wait()


class _Transaction:
    """One page, under the locks of register and casework."""

    def __init__(self, archive: Archive, cursor: Cursor[Row], on: date) -> None:
        self._register, self._casework = archive.register, archive.casework
        self._cursor, self._on = cursor, on
        lock_sequence(cursor, "casework")
        _must_have_followed(cursor.connection, archive.casework.recorder.reader.head)

    def carry_out(self, page: Page) -> Outcome[Done]:
        kept, streams = self._as_recorded(page)
        told = [Change(each, each.standing(self._on)) for each in kept]
        changes = tuple(change for change in told if change.is_told)
        due = [change for change in changes if change.is_due]
        if not due:
            return Outcome(Done(changes, ()))
        if page.kind in FOUND:
            return self._remove(changes, due)
        return self._destroy(changes, due, streams)

    def _destroy(
        self,
        changes: tuple[Change, ...],
        due: Sequence[Change],
        streams: Mapping[UUID, list[Recorded]],
    ) -> Outcome[Done]:
        gone = [change for change in due if change.standing.state == State.DESTROYED]
        orders = list(self._orders(gone))
        events = [self._event(change, streams, orders) for change in due]
        events += [order.event for order in orders]
        others = [_stream_of(each.kept) for each in gone if each.kept.kind != "identity"]
        done = Done(changes, (*(order.event.stream for order in orders), *others))
        appending = [pending(event) for event in events]
        appended = self._register.recorder.append_locked(self._cursor, appending)
        destroy(self._cursor, [change.kept.key for change in gone])
        assert reached("erasure.destroyed")
        return Outcome(done, appending, appended)

    def _remove(self, changes: tuple[Change, ...], due: Sequence[Change]) -> Outcome[Done]:
        """Let hits and passages go, which have no keys: each says so itself, and an order names
        them all."""
        on, under = self._on.isoformat(), HIT_CUSTODY._replace(ground="wpg:14")
        order = ids.erasure_id(f"retention:{on}:{uuid_utils.uuid7()}")
        named = keeping.HitsRemoved(hits=tuple([each.kept.id.hex for each in due]), on=on)
        gone = [
            pending(
                _event(
                    each.kept.id,
                    hit.Removed(because=each.kept.processings[0].regime, order=order.hex),
                    under,
                )
            )
            for each in due
        ]
        self._casework.recorder.append_locked(self._cursor, gone)
        ordered = [pending(_event(order, named, under))]
        appended = self._register.recorder.append_locked(self._cursor, ordered)
        assert reached("erasure.destroyed")
        return Outcome(Done(changes, (order,)), ordered, appended)

    def _as_recorded(self, page: Page) -> tuple[list[Kept], dict[UUID, list[Recorded]]]:
        """The records of a page in the state that their events tell, which a read model may not
        have come to yet; without those that are destroyed."""
        found = list(_KEPT[page.kind](_ask(self._cursor.connection), page.records))
        reader = self._register.recorder.reader
        streams = reader.streams(self._cursor.connection, [_stream_of(each) for each in found])
        kept = [each._replace(state=_state(each, streams)) for each in found]
        return [each for each in kept if each.state != State.DESTROYED], streams

    def _orders(self, gone: Sequence[Change]) -> Iterator["_Order"]:
        """One for each ground: it names the identities, and each store acknowledges it."""
        grounds = sorted({change.ground for change in gone if change.kept.kind == "identity"})
        for ground in grounds:
            named = [c.kept.id for c in gone if (c.kept.kind, c.ground) == ("identity", ground)]
            subject = f"retention:{self._on}:{uuid_utils.uuid7()}"
            ordered = erasure.ErasureOrdered(
                identities=tuple(each.hex for each in named), subject=subject
            )
            # It concerns registers of many; whose each identity was, its own event tells.
            custody = Custody("herkomst", ground, "avg", "herkomst")
            event = _event(ids.erasure_id(subject), ordered, custody)
            yield _Order(frozenset(named), event)

    def _event(
        self,
        change: Change,
        streams: Mapping[UUID, list[Recorded]],
        orders: Sequence["_Order"],
    ) -> Event:
        stream = _stream_of(change.kept)
        if change.kept.kind == "identity":
            born = streams[stream][0].envelope
            custody = Custody(born.controller, change.ground, born.regime, born.unit)
        else:
            regime = change.kept.processings[0].regime
            custody = Custody("politie", change.ground, regime, "herkomst")
        return _event(stream, self._data(change, orders), custody)

    def _data(self, change: Change, orders: Sequence["_Order"]) -> EventData:
        kept, standing = change
        on, because, state = self._on.isoformat(), standing.why, standing.state
        if kept.kind == "identity":
            if state == State.DESTROYED:
                order = next(order for order in orders if kept.id in order.identities)
                return identity.IdentityErased(erasure=order.event.stream.hex)
            return identity.IdentityRestricted(because=because, on=on, state=_RESTRICTING[state])
        assert kept.kind != "hit"
        assert kept.kind != "passage"
        record = kept.id.hex
        if state == State.DESTROYED:
            return keeping.KeyDestroyed(because=because, kind=kept.kind, on=on, record=record)
        return keeping.KeyRestricted(
            because=because, kind=kept.kind, on=on, record=record, state=_RESTRICTING[state]
        )


class _Order(NamedTuple):
    identities: frozenset[UUID]
    event: Event


def _stream_of(kept: Kept) -> UUID:
    return kept.id if kept.kind == "identity" else ids.keeping_of(kept.id)


def _state(kept: Kept, streams: Mapping[UUID, list[Recorded]]) -> State:
    facts = streams.get(_stream_of(kept), [])
    return State((identity if kept.kind == "identity" else keeping).reached(facts))


def _event(stream: UUID, data: EventData, custody: Custody) -> Event:
    return Event(stream, data, envelope(ACTOR, custody, this_moment(), data.VERSION))


def _must_have_followed(
    connection: Connection[Row], head: Callable[[Connection[Row]], int]
) -> None:
    """Raises `NotYet`."""
    end = head(connection)
    stands = {each.name: each.position for each in registry.standings(connection)}
    for name in AWAITED:
        if stands.get(name, -1) < end:
            raise NotYet(f"{name} stands at {stands.get(name)}, before {end}")
