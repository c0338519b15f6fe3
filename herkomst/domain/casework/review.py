"""The review (beoordeling) of a read: put in a queue, asked about, answered, and judged.

A read is in the queue because of its rank or by lot. That is no reproach: most of what is queued is
lawful, and a verdict is given by a person who is not the one who read. A verdict has a term; what
nobody judged in it lapses into overdue, is told to who oversees reviews, and is still to be judged.
"""

from datetime import datetime
from typing import Literal

import msgspec

from herkomst.domain.events import EventData, event
from herkomst.domain.rules import end_of

Verdict = Literal["lawful", "training", "report"]
"""Lawful; not as it should be, and talked over; or reported to who investigates it."""
Why = Literal["rank", "lot"]
State = Literal["queued", "asked", "answered", "decided"]
REAL = "journal"
"""Source of a read that was really made, and not rehearsed."""
LONGEST = 4_000
"""Characters of a question, an answer or a reason."""


class Weight(msgspec.Struct, frozen=True, kw_only=True):
    """A rule that held, with what it added to the score."""

    code: str
    weight: int


@event
class QueueOpened(EventData, frozen=True, kw_only=True):
    """The reads of a period were weighed, and a queue was made of them."""

    TOPIC = "review.queue_opened"

    after: int
    """Position in the journal behind which the period begins."""
    explained: int
    queued: int
    reads: int
    seed: str
    """Keyed hash of the chain of the journal up to there: who lacks the key file cannot foresee
    what is drawn by lot, and who has it can draw it again."""
    until: int
    """Position in the journal that the period reaches."""


@event
class Queued(EventData, frozen=True, kw_only=True):
    """A read was put in the queue, with what was known of it; or anew, where more became known."""

    TOPIC = "review.queued"

    at: str
    """Moment of the read, in UTC."""
    explained: bool
    key: str
    officer: str
    """`SOURCE:KEY` of who read, or the name of a user of the product."""
    opening: int
    """Number of the opening that put it there."""
    path: tuple[str, ...]
    purpose: str
    rank: int
    """Place among the reads of that opening, from 1."""
    read: str
    """Stream of the read, in hex."""
    role: str
    rules: tuple[Weight, ...]
    score: int
    source: str
    why: Why


@event
class QuestionAsked(EventData, frozen=True, kw_only=True):
    """The reviewer asked the officer about the read."""

    TOPIC = "review.question_asked"

    text: bytes
    """Sealed."""


@event
class Answered(EventData, frozen=True, kw_only=True):
    """The officer answered."""

    TOPIC = "review.answered"

    text: bytes
    """Sealed."""


@event
class VerdictGiven(EventData, frozen=True, kw_only=True):
    """The reviewer judged the read."""

    TOPIC = "review.verdict_given"

    verdict: Verdict
    why: bytes | None = None
    """Sealed."""


@event
class ReviewLapsed(EventData, frozen=True, kw_only=True):
    """The term for a verdict went by without one, which is still to be given."""

    TOPIC = "review.lapsed"


class ReviewRefused(Exception):
    """What cannot be done with a review as it stands, and how to mend it."""

    def __init__(self, code: str, message: str, cure: str) -> None:
        super().__init__(f"{message} {cure}")
        self.code, self.message, self.cure = code, message, cure


class Review(msgspec.Struct):
    """A review as its events tell it. Its methods say what may happen next."""

    queued: Queued
    state: State = "queued"
    asked_by: str | None = None
    lapsed: bool = False
    """Whether it was said that the term for its verdict went by."""

    def has_lapsed(self, queued_at: datetime, now: datetime) -> bool:
        """Whether the term for a verdict went by, and nothing says so yet. Of a rehearsal nobody
        need judge anything."""
        if self.queued.source != REAL or self.state == "decided" or self.lapsed:
            return False
        return judge_by(queued_at) <= now

    def is_of(self, user: str) -> bool:
        """Whether somebody is the officer whose read it is."""
        return user in (self.queued.officer, self.queued.officer.partition(":")[2])

    def ask(self, by: str, text: bytes) -> QuestionAsked:
        self.must_be_open()
        self._must_not_be_own(by)
        return QuestionAsked(text=text)

    def answer(self, by: str, text: bytes) -> Answered:
        self.must_be_open()
        if not self.is_of(by):
            raise ReviewRefused(
                "not_asked", "Another officer was asked.", "Answer what is asked of you."
            )
        if self.state == "queued":
            raise ReviewRefused("nothing_asked", "Nothing was asked yet.", "Wait to be asked.")
        return Answered(text=text)

    def judge(self, by: str, verdict: Verdict, why: bytes | None) -> VerdictGiven:
        self.must_be_open()
        self._must_not_be_own(by)
        if verdict != "lawful" and why is None:
            raise ReviewRefused(
                "reason_missing",
                "A verdict that is not `lawful` has no reason.",
                "Say why, in words that the officer may read.",
            )
        return VerdictGiven(verdict=verdict, why=why)

    def must_be_open(self) -> None:
        """Raises `ReviewRefused`."""
        if self.state == "decided":
            raise ReviewRefused("decided", "The read was judged already.", "Nothing need be done.")

    def _must_not_be_own(self, by: str) -> None:
        if self.is_of(by):
            raise ReviewRefused(
                "own_read",
                "Nobody asks about, or judges, a read of his own.",
                "Leave it to another reviewer.",
            )


def judge_by(queued_at: datetime) -> datetime:
    """First moment at which the verdict on a read that was queued then is overdue."""
    return end_of("read_review_days", queued_at)


def must_say(text: str) -> None:
    """Raises `ReviewRefused` for a text that says nothing, or too much."""
    if not text.strip():
        raise ReviewRefused("text_missing", "The text is empty.", "Say something in it.")
    if len(text) > LONGEST:
        raise ReviewRefused(
            "text_too_long",
            f"The text has {len(text)} characters; {LONGEST} are allowed.",
            "Say it in fewer.",
        )


def evolve(state: Review | None, data: EventData, actor: str) -> Review:
    """The review after this event; `actor` is who its envelope names."""
    if isinstance(data, Queued):
        if state is None:
            return Review(data)
        state.queued = data
        return state
    if state is None:
        raise ValueError(f"a review cannot begin with {data.TOPIC}")
    if isinstance(data, QuestionAsked):
        state.state, state.asked_by = "asked", actor
    elif isinstance(data, Answered):
        state.state = "answered"
    elif isinstance(data, VerdictGiven):
        state.state = "decided"
    elif isinstance(data, ReviewLapsed):
        state.lapsed = True
    return state
