"""The journal: who asked what, for which purpose, and what was returned (art. 32a Wpg)."""

from herkomst.domain.events import EventData, event


@event
class Read(EventData, frozen=True, kw_only=True):
    """An operation read; the entry is committed before the first byte of the answer."""

    TOPIC = "journal.read"

    asked: bytes
    """The question with its variables, sealed with the data key of this entry."""
    asked_token: str
    """Keyed hash of the question, for equality only."""
    count: int
    """How many records were returned."""
    document: str
    """SHA-256 of the operation's text, without its variables."""
    duration_us: int
    ground: str
    purpose: str
    returned: tuple[str, ...] = ()
    """Ids of what was returned."""
    role: str
    unit: str
    user: str
    way: str
    """How it came in: graphql, stream, export, command."""
    withheld: int = 0


@event
class Attempted(EventData, frozen=True, kw_only=True):
    """A mutation was attempted; its outcome follows on the same stream."""

    TOPIC = "journal.attempted"

    asked: bytes
    asked_token: str
    document: str
    ground: str
    purpose: str
    role: str
    unit: str
    user: str
    way: str


@event
class Concluded(EventData, frozen=True, kw_only=True):
    """How an attempted mutation ended."""

    TOPIC = "journal.concluded"

    outcome: str
    positions: tuple[str, ...] = ()
