"""The request of a person: what is held on me, and who received it (art. 15 AVG, art. 25 Wpg).

It is received with a term that the law gives, answered only to who was seen to be the person, and
stands on identities that were presented: by a document, or with one purchase.
"""

from collections.abc import Sequence
from datetime import date
from functools import cache
from typing import Literal

import msgspec

from herkomst.domain.calendar import Unit, add_term
from herkomst.domain.events import EventData, Recorded, event
from herkomst.domain.tables import rows

Right = Literal["avg:15", "wpg:25"]
Outcome = Literal["told", "refused", "withdrawn"]
Through = Literal["document", "seller"]


@event
class RequestReceived(EventData, frozen=True, kw_only=True):
    """A person asked."""

    TOPIC = "privacy.request.received"

    about: bytes
    """Who asks, and where the answer goes, sealed."""
    by: str
    due: str
    """Last legal date for the answer."""
    on: str
    """Legal date on which it came in."""
    rights: tuple[Right, ...]


@event
class IdentityChecked(EventData, frozen=True, kw_only=True):
    """Who asks was seen to be the person."""

    TOPIC = "privacy.request.identity_checked"

    by: str
    how: bytes
    """Sealed."""


@event
class IdentityFound(EventData, frozen=True, kw_only=True):
    """An identity that was presented is this person's."""

    TOPIC = "privacy.request.identity_found"

    by: str
    presentation: str
    """Its stream, in hex."""
    through: Through


@event
class Extended(EventData, frozen=True, kw_only=True):
    """The answer takes longer; the person was told so within the first term."""

    TOPIC = "privacy.request.extended"

    by: str
    due: str
    why: bytes
    """Sealed."""


@event
class RequestAnswered(EventData, frozen=True, kw_only=True):
    """The person was answered."""

    TOPIC = "privacy.request.answered"

    by: str
    digest: str | None = None
    """SHA-256 of what was told; without a name in it."""
    outcome: Outcome
    why: bytes
    """What it was answered with, in short, sealed."""


class RequestRefused(Exception):
    """What cannot be done with a request as it stands, and how to mend it."""

    def __init__(self, code: str, message: str, cure: str) -> None:
        super().__init__(f"{message} {cure}")
        self.code, self.message, self.cure = code, message, cure


class Term(msgspec.Struct, frozen=True):
    """Within what a request on a right is answered, and by how much that is extended: a row."""

    right: Right
    length: int
    unit: Unit
    extended_by: int
    extended_unit: Unit
    source: str
    valid_from: date
    valid_to: date | None = None

    def holds(self, on: date) -> bool:
        return self.valid_from <= on and (self.valid_to is None or on <= self.valid_to)


@cache
def terms() -> tuple[Term, ...]:
    """The table."""
    return tuple(
        msgspec.convert({n: text or None for n, text in row.items()}, Term, strict=False)
        for row in rows("answer_terms")
    )


def due_of(rights: Sequence[Right], on: date) -> date:
    """The last day for an answer to what came in on a day: the shortest term counts. Raises
    `RequestRefused`."""
    held = [term for term in terms() if term.right in rights and term.holds(on)]
    if {term.right for term in held} != set(rights) or not held:
        raise RequestRefused(
            "no_right", "What is named is no right on that day.", "Name avg:15, wpg:25 or both."
        )
    return min(add_term(on, term.length, term.unit) for term in held)


class Request(msgspec.Struct):
    """A request as its events tell it. Its methods say what may happen next."""

    rights: tuple[Right, ...]
    on: date
    due: date
    checked: bool = False
    extended: bool = False
    identities: list[str] = []
    outcome: Outcome | None = None

    def must_be_open(self) -> None:
        if self.outcome is not None:
            raise RequestRefused("answered", "It was answered.", "Receive another one.")

    def must_be_checked(self) -> None:
        """Raises `RequestRefused` as long as anybody may have asked in another's name."""
        self.must_be_open()
        if not self.checked:
            raise RequestRefused(
                "identity_unchecked",
                "Nobody has seen yet that who asks is the person.",
                "Check the identity first, and say how.",
            )

    def check(self, how: bytes, by: str) -> IdentityChecked:
        self.must_be_open()
        return IdentityChecked(by=by, how=how)

    def find(self, presentation: str, through: Through, by: str) -> IdentityFound:
        self.must_be_checked()
        if presentation in self.identities:
            raise RequestRefused("found_before", "It was found before.", "Nothing need be done.")
        return IdentityFound(by=by, presentation=presentation, through=through)

    def extend(self, why: bytes, by: str, today: date) -> Extended:
        self.must_be_open()
        if self.extended or today > self.due:
            raise RequestRefused(
                "not_extended",
                "It is extended once, and within its first term.",
                "Answer it.",
            )
        held = [term for term in terms() if term.right in self.rights and term.holds(self.on)]
        due = min(add_term(self.due, term.extended_by, term.extended_unit) for term in held)
        return Extended(by=by, due=due.isoformat(), why=why)

    def answer(self, outcome: Outcome, why: bytes, digest: str | None, by: str) -> RequestAnswered:
        self.must_be_open()
        if outcome == "told":
            self.must_be_checked()
        return RequestAnswered(by=by, digest=digest, outcome=outcome, why=why)


def folded(facts: Sequence[Recorded]) -> Request | None:
    """The request that a stream tells of; None when it tells of something else, or of nothing."""
    state: Request | None = None
    for fact in facts:
        state = evolve(state, fact.data)
    return state


def evolve(state: Request | None, data: EventData) -> Request | None:
    """The request after this event."""
    if isinstance(data, RequestReceived):
        on, due = date.fromisoformat(data.on), date.fromisoformat(data.due)
        return Request(rights=data.rights, on=on, due=due)
    if state is None:
        return None
    if isinstance(data, IdentityChecked):
        state.checked = True
    elif isinstance(data, IdentityFound):
        state.identities.append(data.presentation)
    elif isinstance(data, Extended):
        state.extended, state.due = True, date.fromisoformat(data.due)
    elif isinstance(data, RequestAnswered):
        state.outcome = data.outcome
    return state
