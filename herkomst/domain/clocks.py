"""How long what is kept may be kept (bewaartermijnen), and what may be done with it meanwhile.

The terms are a table with a source and a validity, one row a law and a state; here is how they are
counted. A record is kept for one or more processings (verwerkingen): the register, a hit, each case
that it is in. Each has a clock of its own, because article 8 is not 9, 10, 13 or 14, and the record
is in the state that lets most be done with it. Without new facts it never goes back.
"""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from enum import StrEnum
from functools import cache, lru_cache
from typing import Literal, NamedTuple

import msgspec

from herkomst.domain.calendar import Unit, add_term
from herkomst.domain.register import keeping
from herkomst.domain.tables import rows

ANY = "*"
Kind = Literal["identity", "hit", "passage", keeping.Kind]
"""What a clock of its own runs for; all but a hit and a passage have a key that it is for."""


class State(StrEnum):
    """What may be done with a key, from all to nothing."""

    ACTIVE = "active"
    """It is read by who may."""
    COMPARABLE = "comparable"
    """It is compared, and read by nobody but who works in a case that it is in."""
    VAULT = "vault"
    """It lies shut, for complaints and for accounting (art. 14 Wpg)."""
    DESTROYED = "destroyed"


ORDER = tuple(State)
Moment = Literal["processed", "ended", "needed", "vault"]
"""From what a clock counts: the first processing, the end of the purpose, the last processing that
showed the need, and the day on which the vault was entered."""


class Clock(msgspec.Struct, frozen=True):
    """A row: a record of a kind under a regime is in a state once the term is over."""

    record: str
    regime: str
    state: State
    counted_from: Moment
    length: int
    unit: Unit
    source: str
    confirmed: str
    valid_from: date
    valid_to: date | None = None

    def holds(self, on: date) -> bool:
        return self.valid_from <= on and (self.valid_to is None or on <= self.valid_to)


class Processing(NamedTuple):
    """One thing that a record is kept for, under one law."""

    kind: str
    """What keeps it: register, hit, case or report."""
    name: str
    record: str
    """As the table calls it."""
    regime: str
    processed: date
    """First processing (art. 8 Wpg counts from there, and not from the last change)."""
    ended: date | None = None
    """When its purpose ended; None as long as it has not."""
    needed: date | None = None
    """Last processing that showed the need."""
    confined: bool = False
    """Whether only who works in it reads it: elsewhere it is compared at most."""


class Keep(NamedTuple):
    """What puts destruction off: a hold, or a review that needs it."""

    kind: str
    name: str
    ground: str
    until: date | None
    """Last day; None as long as it is open."""

    def stands(self, on: date) -> bool:
        return self.until is None or on <= self.until


class Stage(NamedTuple):
    """From when a processing puts a record in a state."""

    state: State
    since: date


class Block(NamedTuple):
    """What a record is still kept for, although its own clock ran out."""

    kind: str
    name: str
    ground: str
    until: date | None
    """Last day on which it keeps it; None as long as it is open."""


class Standing(NamedTuple):
    """What may be done with a record on a day, why, and what comes next if nothing happens."""

    state: State
    why: str
    """The processing, or the keep, that decides."""
    changes_on: date | None
    becomes: State | None
    blocks: tuple[Block, ...]


@cache
def clocks() -> tuple[Clock, ...]:
    """The table, in the order of the file."""
    return tuple(
        msgspec.convert({n: text or None for n, text in row.items()}, Clock, strict=False)
        for row in rows("clocks")
    )


@lru_cache(maxsize=1 << 10)
def clocks_of(record: str, regime: str, on: date) -> tuple[Clock, ...]:
    """The rows for a kind of record on a day, in the order of their states; one that names the kind
    stands before one for any."""
    held = [row for row in clocks() if row.regime == regime and row.holds(on)]
    found: dict[State, Clock] = {}
    for named in (ANY, record):
        found |= {row.state: row for row in held if row.record == named}
    return tuple(found[state] for state in ORDER if state in found)


def shortest(record: str, regime: str, on: date) -> date | None:
    """The last day of first processing that may have left a state by its clock; None where no row
    counts from there."""
    terms = [c for c in clocks_of(record, regime, on) if c.counted_from == "processed"]
    return max((_before(on, term) for term in terms), default=None)


def spent(record: str, regime: str, on: date, since: Moment = "processed") -> date | None:
    """The last day of first processing, or of another moment, that may be over the last of its
    terms; None where that does not hang on this moment alone."""
    terms = {term.state: term for term in clocks_of(record, regime, on)}
    state, day = State.DESTROYED, on
    while (term := terms.get(state)) is not None and term.counted_from == "vault":
        state, day = State.VAULT, _before(day, term)
    return None if term is None or term.counted_from != since else _before(day, term)


def _before(on: date, term: Clock) -> date:
    day = add_term(on, -term.length, term.unit)
    # Adding may end on the last day of a shorter month, so the way back is looked at once more.
    while add_term(day + timedelta(1), term.length, term.unit) <= on:
        day += timedelta(1)
    return day


def stages(of: Processing, on: date) -> tuple[Stage, ...]:
    """From when this processing puts a record in which state, by the rules of a day."""
    first = State.COMPARABLE if of.confined else State.ACTIVE
    found = [Stage(first, date.min)]
    for row in clocks_of(of.record, of.regime, on):
        begins = _begins(row, of, found)
        if begins is not None and ORDER.index(row.state) > ORDER.index(found[-1].state):
            found.append(Stage(row.state, max(begins, found[-1].since)))
    return tuple(found)


def _begins(row: Clock, of: Processing, before: Sequence[Stage]) -> date | None:
    if row.counted_from == "vault":
        start = next((s.since for s in before if s.state == State.VAULT), None)
    else:
        start = getattr(of, row.counted_from)
    return None if start is None else add_term(start, row.length, row.unit)


def standing(
    processings: Sequence[Processing],
    keeps: Sequence[Keep],
    on: date,
    reached: State = State.ACTIVE,
) -> Standing:
    """What may be done with a record on a day.

    Args:
        processings: what it is kept for, its own first.
        keeps: holds, and reviews that need it.
        reached: the state that was recorded of it; from the vault on nothing goes back, because
            reopening it is a decision of a person (art. 14(3) Wpg).
    """
    planned = {of: stages(of, on) for of in processings}
    state, why = _on(planned, keeps, on, reached)
    later = [day for day in _days(planned, keeps) if day > on]
    changes = ((day, _on(planned, keeps, day, reached)[0]) for day in later)
    next_day, becomes = next(((d, s) for d, s in changes if s != state), (None, None))
    return Standing(state, why, next_day, becomes, _blocks(planned, keeps, on, state))


_Planned = dict[Processing, tuple[Stage, ...]]


def _on(planned: _Planned, keeps: Sequence[Keep], on: date, reached: State) -> tuple[State, str]:
    states = [(_at(staged, on), of.name) for of, staged in planned.items()]
    state, why = min(states, key=lambda told: ORDER.index(told[0]))
    if reached in (State.VAULT, State.DESTROYED):
        state = max(state, reached, key=ORDER.index)
    kept = next((keep for keep in keeps if keep.stands(on)), None)
    if state == State.DESTROYED and reached != State.DESTROYED and kept is not None:
        return State.VAULT, kept.name
    return state, why


def _at(staged: Sequence[Stage], on: date) -> State:
    return next(stage.state for stage in reversed(staged) if stage.since <= on)


def _days(planned: _Planned, keeps: Sequence[Keep]) -> list[date]:
    """The days on which anything may change."""
    starts = {stage.since for staged in planned.values() for stage in staged}
    ends = {keep.until + timedelta(1) for keep in keeps if keep.until is not None}
    return sorted(starts | ends)


def _blocks(planned: _Planned, keeps: Sequence[Keep], on: date, state: State) -> tuple[Block, ...]:
    """What still keeps it once its own clock has run out."""
    own = _at(next(iter(planned.values())), on)
    if own != State.DESTROYED or state == State.DESTROYED:
        return ()
    return (*_processing_blocks(planned, on), *_keep_blocks(keeps, on))


def _processing_blocks(planned: _Planned, on: date) -> Iterator[Block]:
    for of, staged in planned.items():
        if _at(staged, on) != State.DESTROYED:
            last = staged[-1]
            until = last.since - timedelta(1) if last.state == State.DESTROYED else None
            yield Block(of.kind, of.name, of.regime, until)


def _keep_blocks(keeps: Sequence[Keep], on: date) -> Iterator[Block]:
    return (Block(*keep) for keep in keeps if keep.stands(on))
