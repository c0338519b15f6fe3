"""Clocks: what may be done with a record on a day, what comes next, and what blocks it; and the run
that destroys what is due."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from typing import Any, Literal
from uuid import UUID

import msgspec

from herkomst.access.policy import Action, Permitted, permit
from herkomst.access.purpose import Asked, hold
from herkomst.access.reading import Asked as Entry
from herkomst.access.reading import Question, Returned, write
from herkomst.access.viewer import Role, operator
from herkomst.domain import clocks, ids
from herkomst.domain.calendar import legal_today
from herkomst.domain.clocks import Block, State
from herkomst.investigations.goods import Told
from herkomst.investigations.inquiry import Inquiry
from herkomst.processes import forgetting, keeping, retention
from herkomst.processes.keeping import Change, Facts, Kept
from herkomst.record.archive import Archive
from herkomst.record.erasures import compact

Kind = Literal["presentation"] | clocks.Kind
PURPOSE, GROUND = "duty:retention", "avg:5"


class Clock(Told, frozen=True, kw_only=True):
    """What may be done with the key of a record on a day, if nothing happens until then."""

    record: UUID
    kind: str
    recorded: State
    """What was recorded of it up to now."""
    on: date
    state: State
    why: str
    changes_on: date | None
    becomes: State | None
    blocks: tuple[Block, ...]


async def clock(
    permitted: Permitted, inquiry: Inquiry, kind: Kind, record: UUID, on: date | None
) -> Clock | None:
    """The clock of one record; None where there is no such record, or its key is destroyed."""
    permitted.must_be(Action.READ_CLOCKS)
    found = _clocks(inquiry, await _kept(inquiry, kind, record), on)
    return found[0] if found else None


async def _kept(inquiry: Inquiry, kind: Kind, record: UUID) -> Iterable[Kept]:
    """A record with what it is kept for."""
    if kind == "case":
        rows = await inquiry.rows(keeping.CASES, {"ids": [record]})
        held = await inquiry.rows(keeping.HELD, {"items": [record]})
        return keeping.kept_cases(rows, held)
    if kind == "stolen_item":
        return await _kept_stolen_item(inquiry, record)
    if kind in keeping.FOUND:
        return await _kept_pair(inquiry, kind, record)
    if kind in keeping.REASONED:
        return await _kept_reason(inquiry, kind, record)
    if kind == "dealer":
        return keeping.kept_dealers(await inquiry.rows(keeping.DEALERS, {"ids": [record]}))
    if kind == "officer":
        return keeping.kept_officers(await inquiry.rows(keeping.OFFICERS, {"ids": [record]}))
    return await _kept_purchase(inquiry, kind, record)


async def _kept_stolen_item(inquiry: Inquiry, record: UUID) -> Iterable[Kept]:
    rows = await inquiry.rows(keeping.STOLEN_ITEMS, {"ids": [record]})
    hits = await inquiry.rows(keeping.HITS_ON, {"ids": [record]})
    items = {"items": [record, *(row.hit for row in hits)]}
    cases = await inquiry.rows(keeping.IN_CASES, items)
    held = await inquiry.rows(keeping.HELD, items)
    return keeping.kept_stolen_items(rows, hits, cases, held)


async def _kept_pair(inquiry: Inquiry, kind: Kind, record: UUID) -> Iterable[Kept]:
    rows = await inquiry.rows(keeping.FOUND_HITS, {"ids": [record]})
    sold = [ids.presentation_id(row.purchase) for row in rows]
    goods = [each for row in rows for each in (row.record, row.stolen_item, row.purchase)]
    gone = await inquiry.rows(keeping.ERASED, {"ids": sold})
    items = {"items": [*goods, *sold]}
    cases = await inquiry.rows(keeping.IN_CASES, items)
    held = await inquiry.rows(keeping.HELD, items)
    reviewed = await inquiry.rows(keeping.REVIEWED, items)
    wanted = [row for row in rows if row.kind == kind]
    return keeping.kept_hits(wanted, gone, cases, held, reviewed)


async def _kept_reason(inquiry: Inquiry, kind: Kind, record: UUID) -> Iterable[Kept]:
    """By the part that is named; what was sealed before parts had keys is that of the stream."""
    keys = await inquiry.rows(keeping.KEY_OF_REASON, {"id": record, "kind": kind})
    rows = await inquiry.rows(keeping.REASONS, {"ids": [row.record for row in keys]})
    named = [case for row in rows for case in row.cases]
    return keeping.kept_reasons(rows, await inquiry.rows(keeping.CASES, {"ids": named}))


async def _kept_purchase(inquiry: Inquiry, kind: Kind, record: UUID) -> Iterable[Kept]:
    """A presented identity; of a purchase the one that was, or what else is sealed of it."""
    identity = record if kind == "presentation" else ids.presentation_id(record)
    facts = await facts_of(inquiry, [identity])
    if kind != "purchase":
        return keeping.kept_identities(facts)
    found = await inquiry.rows(keeping.BARE_PURCHASES, {"ids": [record]})
    bare = await _sold(inquiry, found)
    return [*keeping.kept_identities(facts), *keeping.kept_identities(bare, "purchase")]


async def clocks_of(
    permitted: Permitted, inquiry: Inquiry, presentations: Sequence[UUID], on: date | None
) -> list[Clock]:
    """The clocks of presented identities; of one that was erased there is none."""
    permitted.must_be(Action.READ_CLOCKS, Action.HANDLE_PERSON_REQUEST)
    facts = await facts_of(inquiry, presentations)
    return _clocks(inquiry, keeping.kept_identities(facts), on)


async def facts_of(inquiry: Inquiry, presentations: Sequence[UUID]) -> Facts:
    """What identities are kept for, in five statements."""
    return await _sold(
        inquiry, await inquiry.rows(keeping.IDENTITIES, {"ids": list(presentations)})
    )


async def _sold(inquiry: Inquiry, found: list[Any]) -> Facts:
    purchases = [row.purchase for row in found]
    hits = await inquiry.rows(keeping.HITS, {"purchases": purchases})
    items = {"items": [*(row.record for row in found), *purchases, *(row.hit for row in hits)]}
    cases = await inquiry.rows(keeping.IN_CASES, items)
    held = await inquiry.rows(keeping.HELD, items)
    return Facts(found, hits, cases, held, await inquiry.rows(keeping.REVIEWED, items))


def _clocks(inquiry: Inquiry, kept: Iterable[Kept], on: date | None) -> list[Clock]:
    day = on or legal_today()
    return [_clock(inquiry, Change(each, each.standing(day)), day) for each in kept]


def _clock(inquiry: Inquiry, change: Change, on: date) -> Clock:
    kept, standing = change
    inquiry.returned.add("clock", kept.id)
    return Clock(
        record=kept.id,
        kind=kept.kind,
        recorded=kept.state,
        on=on,
        state=standing.state,
        why=standing.why,
        changes_on=standing.changes_on,
        becomes=standing.becomes,
        blocks=standing.blocks,
    )


# A run


class Blocked(msgspec.Struct, frozen=True):
    """A record whose own clock ran out, and that is kept for something else."""

    record: str
    id: UUID
    state: State
    blocks: tuple[dict[str, object], ...]


class Count(msgspec.Struct, frozen=True, rename={"from_": "from"}):
    """How many records of a kind went, or would go, from one state to another."""

    record: str
    from_: State
    to: State
    count: int


class Report(msgspec.Struct, frozen=True):
    """What a run did, or would do."""

    on: date
    dry_run: bool
    changes: tuple[Count, ...]
    blocked: tuple[Blocked, ...]
    orders: tuple[UUID, ...]
    """Streams of the orders that stores acknowledge."""


class _Tally:
    """What is told of the changes of a run."""

    def __init__(self, returned: Returned) -> None:
        self._counts: Counter[tuple[str, State, State]] = Counter()
        self._blocked: list[Blocked] = []
        self._returned = returned

    def add(self, changes: Iterable[Change]) -> None:
        for change in changes:
            kept, standing = change
            if change.is_due:
                self._counts[kept.kind, kept.state, standing.state] += 1
            if standing.blocks:
                self._returned.add("clock", kept.id)
                told = tuple(block._asdict() for block in standing.blocks)
                self._blocked.append(Blocked(kept.kind, kept.id, standing.state, told))

    def forget(self, entries: int) -> None:
        """Count entries of the journal whose questions are forgotten."""
        if entries:
            self._counts["journal", State.ACTIVE, State.DESTROYED] += entries

    def report(self, on: date, orders: Sequence[UUID], *, dry_run: bool) -> Report:
        counts = (Count(*moved, count) for moved, count in sorted(self._counts.items()))
        return Report(on, dry_run, tuple(counts), tuple(self._blocked), tuple(orders))


class NotThatDay(Exception):
    """What is destroyed is destroyed by the clocks of today."""

    code = "not_that_day"

    def __init__(self, on: date) -> None:
        super().__init__(
            f"Nothing is destroyed by the clocks of {on}. Leave out --on, or add --dry-run."
        )


def run(archive: Archive, on: date | None, wait: Callable[[], None], *, dry_run: bool) -> Report:
    """Do what the clocks say of today, or tell what they say of a day, as the privacy officer.

    Journaled before anything is told, and a run before it begins. `wait` is called while followers
    are behind. Raises `NotThatDay`, `NotPermitted`, `JournalUnavailable`, and what `wait` raises.
    """
    today = legal_today()
    day = on or today
    if day != today and not dry_run:
        raise NotThatDay(day)
    asked = Asked.parse(PURPOSE, GROUND)
    reading = hold(archive.standings, operator(Role.PRIVACY_OFFICER), asked)
    permit(reading, Action.READ_CLOCKS if dry_run else Action.RUN_CLOCKS)
    question = Question("retention", {"on": day.isoformat(), "dry_run": dry_run}, "command")
    entry, returned = Entry(archive, reading, question), Returned()
    tally = _Tally(returned)
    tally.forget(forgetting.due(archive, day))
    orders: list[UUID] = []
    if dry_run:
        tally.add(retention.preview(archive, day))
    else:
        write(archive, entry.attempted())
        try:
            orders += _carried_out(archive, day, wait, tally)
        except Exception as error:
            write(archive, entry.concluded(str(getattr(error, "code", "failed")), ()))
            raise
        write(archive, entry.concluded("done", tuple(f"order={each}" for each in orders)))
        entry = Entry(archive, reading, question)
    write(archive, entry.read(returned))
    return tally.report(day, orders, dry_run=dry_run)


def _carried_out(
    archive: Archive, on: date, wait: Callable[[], None], tally: _Tally
) -> Iterator[UUID]:
    for done in retention.carry_out(archive, on, wait):
        tally.add(done.changes)
        yield from done.orders
    yield from set(forgetting.forget(archive, on))
    if archive.erasures is not None:
        compact(archive.register, archive.erasures)
