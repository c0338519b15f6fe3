"""A request for access (verzoek om toestemming, art. 2:11 Bpg): what is withheld is asked for.

Who sees that something exists and is withheld asks its owner, for the purpose that he works for.
The owner has a term to answer in. He grants it until a moment, or refuses it on a ground; what he
does not answer lapses into overdue, and is still to be answered. Nobody answers himself.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

import msgspec

from herkomst.domain.calendar import legal_date
from herkomst.domain.events import EventData, Recorded, event
from herkomst.domain.rules import end_of, national

State = Literal["asked", "overdue", "granted", "refused"]
Refusal = Literal["investigation", "protection", "no_need", "other"]
"""The interest of an investigation, the protection of somebody, no need for the purpose, another
that is told."""


@event
class AccessRequested(EventData, frozen=True, kw_only=True):
    """Somebody asked the owner of a record for it."""

    TOPIC = "casework.access.requested"

    answer_by: str
    """First moment in UTC at which it is overdue."""
    by: str
    case: str | None = None
    """Stream of the case that was the purpose, in hex; it is for who works in it."""
    of_case: str | None = None
    """Stream of the investigation that it belongs to, in hex, where it is to be used in another
    (art. 9 Wpg); None where it is withheld."""
    owner: str
    """Unit that answers for the record."""
    purpose: str
    record: str
    """Stream of the stolen item, or of what is to be used, in hex."""
    role: str
    unit: str
    why: bytes
    """Sealed."""


@event
class AccessGranted(EventData, frozen=True, kw_only=True):
    """The owner lets it be read for that purpose."""

    TOPIC = "casework.access.granted"

    by: str
    request: int = 0
    """Version of the event that asked; 0 where it was not written down."""
    until: str
    """First moment in UTC at which it no longer holds."""
    why: bytes
    """Sealed."""


@event
class AccessRefused(EventData, frozen=True, kw_only=True):
    """The owner does not let it be read, or no longer."""

    TOPIC = "casework.access.refused"

    by: str
    ground: Refusal
    request: int = 0
    """Version of the event that asked; 0 where it was not written down."""
    why: bytes
    """Sealed."""


@event
class AccessLapsed(EventData, frozen=True, kw_only=True):
    """The term went by without an answer, which is still to be given."""

    TOPIC = "casework.access.lapsed"


class RequestRefused(Exception):
    """What cannot be asked or answered as it stands, and how to mend it."""

    def __init__(self, code: str, message: str, cure: str) -> None:
        super().__init__(f"{message} {cure}")
        self.code, self.message, self.cure = code, message, cure


class AccessRequest(msgspec.Struct):
    """A record that is asked for, for one purpose, as the last request left it."""

    state: State | None = None
    """None when it was never asked for."""
    by: str = ""
    answer_by: datetime | None = None
    until: datetime | None = None
    """First moment at which what was granted no longer holds."""
    began: int = 0
    """Version of the event that asked last."""
    ended: int = 0
    """Version of the last event."""

    @property
    def is_open(self) -> bool:
        return self.state in ("asked", "overdue")

    def holds(self, now: datetime) -> bool:
        return self.state == "granted" and self.until is not None and now < self.until

    def must_be_new(self, now: datetime) -> None:
        """Raises `RequestRefused` while one is open, or what was granted holds."""
        if self.is_open or self.holds(now):
            raise RequestRefused(
                "already_asked",
                "It was asked for already, for this purpose.",
                "Look at it in `accessRequests`.",
            )

    def must_await(self, by: str, now: datetime) -> None:
        """Raises `RequestRefused` unless this person may answer it, or take back what holds."""
        if self.state is None or not (self.is_open or self.holds(now)):
            raise RequestRefused("nothing_open", "Nothing is to be answered.", "Look at the list.")
        if by == self.by:
            raise RequestRefused(
                "own_request", "Nobody answers himself.", "Let somebody else answer it."
            )

    def has_lapsed(self, now: datetime) -> bool:
        """Whether the term went by, and nothing says so yet."""
        return self.state == "asked" and self.answer_by is not None and self.answer_by <= now


def answer_by(now: datetime) -> datetime:
    """First moment at which a request of now is overdue."""
    return end_of("access_answer_days", now)


def must_end(until: datetime, now: datetime) -> None:
    """Raises `RequestRefused` where what is granted would not end, or has ended already."""
    rule = national("access_grant_days", legal_date(now))
    assert rule is not None
    if not now < until <= now + timedelta(days=rule.value):
        raise RequestRefused(
            "until",
            f"Access is granted for at most {rule.value} days from now.",
            "Name a moment within them; it can be asked for again.",
        )


def folded(facts: Sequence[Recorded]) -> AccessRequest:
    """What is asked of one record for one purpose, after these events."""
    request = AccessRequest()
    for fact in facts:
        data = fact.data
        if isinstance(data, AccessRequested):
            due = datetime.fromisoformat(data.answer_by)
            request = AccessRequest("asked", data.by, due, began=fact.version)
        elif isinstance(data, AccessLapsed):
            request.state = "overdue"
        elif isinstance(data, AccessGranted):
            request.state, request.until = "granted", datetime.fromisoformat(data.until)
        elif isinstance(data, AccessRefused):
            request.state, request.until = "refused", None
        request.ended = fact.version
    return request
