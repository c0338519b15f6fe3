"""Breaking the glass: reading what is withheld, for hours, when there is no time to ask.

It takes a kind of emergency and a reason, tells who owns what was read and who reviews, and ends
by itself. No new one begins before somebody else gave a verdict on the last. A verdict has a term;
what nobody judged in it lapses into overdue, is told to who oversees reviews, and is still to be
judged: the door stays shut.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

import msgspec

from herkomst.domain.events import EventData, Recorded, event
from herkomst.domain.rules import end_of

Emergency = Literal["life", "escape", "evidence"]
"""A life in danger, somebody about to get away, evidence about to be lost."""
Verdict = Literal["lawful", "training", "report"]
BROKEN_GLASS = "duty:break_glass"
"""The purpose under which is read what the glass hid."""
LONGEST = 4
"""Hours."""


@event
class Broken(EventData, frozen=True, kw_only=True):
    """Somebody broke the glass."""

    TOPIC = "casework.glass.broken"

    by: str
    emergency: Emergency
    role: str
    unit: str
    until: str
    """First moment in UTC at which it no longer holds."""
    why: bytes
    """Sealed."""


@event
class Ended(EventData, frozen=True, kw_only=True):
    """Who broke it needs it no longer."""

    TOPIC = "casework.glass.ended"


@event
class Reviewed(EventData, frozen=True, kw_only=True):
    """Somebody else gave a verdict on it."""

    TOPIC = "casework.glass.reviewed"

    by: str
    verdict: Verdict
    why: bytes
    """Sealed."""


@event
class ReviewLapsed(EventData, frozen=True, kw_only=True):
    """The term for a verdict went by without one, which is still to be given."""

    TOPIC = "casework.glass.review_lapsed"


class GlassRefused(Exception):
    """What cannot be done with the glass as it is, and how to mend it."""

    def __init__(self, code: str, message: str, cure: str) -> None:
        super().__init__(f"{message} {cure}")
        self.code, self.message, self.cure = code, message, cure


class Glass(msgspec.Struct):
    """The glass of one officer, as the last breaking left it."""

    until: datetime | None = None
    """First moment at which the last one holds no longer; None when it was never broken."""
    reviewed: bool = True
    began: int = 0
    """Version of the event that began the last one."""
    ended: int = 0
    """Version of the last event."""
    lapsed: bool = False
    """Whether it was said that the term for its verdict went by."""

    @property
    def place(self) -> int:
        """Version of the event that began the one that is open, or will begin the next."""
        return self.ended + 1 if self.reviewed else self.began

    def is_broken(self, now: datetime) -> bool:
        return self.until is not None and now < self.until

    def until_of(self, hours: int, now: datetime) -> datetime:
        """Until when a new one would hold. Raises `GlassRefused`."""
        if not self.reviewed:
            raise GlassRefused(
                "review_open",
                "The last time is still to be reviewed.",
                "Ask the access reviewer for his verdict; where its term went by, the privacy "
                "officer knows of it.",
            )
        if not 1 <= hours <= LONGEST:
            raise GlassRefused(
                "hours", f"It holds from 1 to {LONGEST} hours.", "Name as many as are needed."
            )
        return now + timedelta(hours=hours)

    def has_lapsed(self, now: datetime) -> bool:
        """Whether the term for a verdict went by, and nothing says so yet."""
        if self.until is None or self.reviewed or self.lapsed:
            return False
        return judge_by(self.until) <= now

    def must_be_broken(self, now: datetime) -> None:
        """Raises `GlassRefused`."""
        if not self.is_broken(now):
            raise GlassRefused("not_broken", "It is not broken now.", "Nothing need be done.")

    def must_await(self, officer: str, by: str, now: datetime) -> None:
        """Raises `GlassRefused` unless somebody else may give his verdict now."""
        if by == officer:
            raise GlassRefused(
                "own_review", "Nobody reviews himself.", "Let somebody else review it."
            )
        if self.reviewed:
            raise GlassRefused("nothing_open", "Nothing is to be reviewed.", "Look at the list.")
        if self.is_broken(now):
            raise GlassRefused("not_ended", "It has not ended yet.", "Wait for its end.")


def judge_by(ended: datetime) -> datetime:
    """First moment at which the verdict on one that ended then is overdue."""
    return end_of("glass_review_days", ended)


def folded(facts: Sequence[Recorded]) -> Glass:
    """The glass of an officer after these events."""
    glass = Glass()
    for fact in facts:
        if isinstance(fact.data, Broken):
            glass.until, glass.reviewed = datetime.fromisoformat(fact.data.until), False
            glass.began, glass.lapsed = fact.version, False
        elif isinstance(fact.data, Ended):
            glass.until = fact.recorded_at
        elif isinstance(fact.data, Reviewed):
            glass.reviewed = True
        elif isinstance(fact.data, ReviewLapsed):
            glass.lapsed = True
        glass.ended = fact.version
    return glass
