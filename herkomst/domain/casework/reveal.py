"""Revealing (onthullen) whose identity was presented: registers show pseudonyms until somebody who
needs to know says on what he stands.

A reveal stands on a case that the person is in, a hit on what he sold, an order (bevel) of the
prosecutor, or an emergency for which the glass was broken. More than twenty in an hour take a
second person.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

import msgspec

from herkomst.domain.events import EventData, Recorded, event

Basis = Literal["case", "hit", "order", "emergency"]
AT_MOST = 20
"""Reveals of one officer within `WITHIN` that need nobody else."""
WITHIN = timedelta(hours=1)
MOST_MORE = 200
LONGEST = timedelta(hours=24)


@event
class Revealed(EventData, frozen=True, kw_only=True):
    """An identity was revealed to somebody."""

    TOPIC = "casework.identity.revealed"

    basis: Basis
    by: str
    case: str | None = None
    """Stream of the case that was the purpose, in hex; who works in it sees the identity too."""
    hit: str | None = None
    """Stream of the hit that it stands on, in hex."""
    order: bytes | None = None
    """How the order is known, sealed."""
    presentation: str
    """Stream of the presented identity, in hex."""
    purpose: str
    why: bytes
    """Sealed."""


@event
class MoreAllowed(EventData, frozen=True, kw_only=True):
    """A second person allowed more reveals than one may make alone, up to a moment."""

    TOPIC = "casework.identity.more_allowed"

    by: str
    more: int
    officer: str
    until: str
    """First moment in UTC at which it no longer holds."""
    why: bytes
    """Sealed."""


class RevealRefused(Exception):
    """What may not be revealed, and how to mend it."""

    def __init__(self, code: str, message: str, cure: str) -> None:
        super().__init__(f"{message} {cure}")
        self.code, self.message, self.cure = code, message, cure


class Allowance(NamedTuple):
    """How many more are allowed, and until when."""

    more: int
    until: datetime


class Reveals(msgspec.Struct):
    """What an officer revealed lately, and what others allowed him."""

    times: list[datetime] = []
    allowances: list[Allowance] = []

    def must_be_few(self, now: datetime) -> None:
        """Raises `RevealRefused` where the next one takes a second person."""
        allowed = AT_MOST + sum(each.more for each in self.allowances if now < each.until)
        if sum(now - WITHIN < at for at in self.times) >= allowed:
            raise RevealRefused(
                "second_person",
                f"{allowed} identities were revealed within an hour; more take a second person.",
                "Let a team leader or an authorised officer allow more, or wait.",
            )


def must_be_allowed(by: str, officer: str, more: int, until: datetime, now: datetime) -> None:
    """Raises `RevealRefused` where one may not allow this to another."""
    if by == officer:
        raise RevealRefused(
            "own_allowance", "Nobody allows himself more.", "Let somebody else allow it."
        )
    if not 1 <= more <= MOST_MORE:
        raise RevealRefused(
            "more", f"From 1 to {MOST_MORE} more are allowed at once.", "Name a number between."
        )
    if not now < until <= now + LONGEST:
        raise RevealRefused(
            "until", "It holds for at most a day from now.", "Name a moment within a day."
        )


def folded(facts: Sequence[Recorded]) -> Reveals:
    """What these events, those of one officer, come to."""
    state = Reveals([], [])
    for fact in facts:
        if isinstance(fact.data, Revealed):
            state.times.append(fact.recorded_at)
        elif isinstance(fact.data, MoreAllowed):
            until = datetime.fromisoformat(fact.data.until)
            state.allowances.append(Allowance(fact.data.more, until))
    return state
