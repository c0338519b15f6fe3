"""The journal: who asked what, for which purpose, and what was returned (art. 32a Wpg)."""

from typing import Any

from herkomst.domain.events import EventData, event


def _without_circumstances(data: dict[str, Any]) -> dict[str, Any]:
    """Version 1 told neither the device, nor the version of the policy, nor a reason."""
    return data | {"device": "", "policy": "", "reason": None}


def _without_counts(data: dict[str, Any]) -> dict[str, Any]:
    """Version 2 told of a count its question alone, and not what was answered."""
    return data | {"answered_token": None, "counts": ()}


def _without_ids(data: dict[str, Any]) -> dict[str, Any]:
    """Version 2 of an attempt told what it was about in what is sealed alone."""
    return data | {"sought": ()}


def _without_numbers(data: dict[str, Any]) -> dict[str, Any]:
    """Version 3 told of a number that was searched for in the question alone."""
    return data | {"numbers": None}


@event
class Read(EventData, frozen=True, kw_only=True):
    """An operation read; the entry is committed before the first byte of the answer."""

    TOPIC = "journal.read"
    VERSION = 4
    UPCASTS = {  # noqa: RUF012 - a table of the class
        1: _without_circumstances,
        2: _without_counts,
        3: _without_numbers,
    }

    answered_token: str | None = None
    """Keyed hash of the answer, where it counts: ids alone would not say what was told."""
    asked: bytes
    """The question with its variables, sealed with the data key of this entry."""
    asked_token: str
    """Keyed hash of the question, for equality only."""
    count: int
    """How many records were returned."""
    counts: tuple[int | None, ...] = ()
    """The sizes of what was counted; None for more than is counted."""
    device: str
    """With what it was asked, as it named itself; empty where nothing did."""
    document: str
    """SHA-256 of the operation's text, without its variables."""
    duration_us: int
    ground: str
    numbers: bytes | None = None
    """Where goods meet that bear a number which was searched for, a line each; sealed like what
    was asked."""
    policy: str
    """Version of the policy that allowed it."""
    purpose: str
    reason: bytes | None = None
    """Why, where more than the purpose was said; sealed."""
    returned: tuple[str, ...] = ()
    """Ids of what was returned."""
    role: str
    sought: tuple[str, ...] = ()
    """Ids that were asked for one by one, in hex, whether there was anything to return or not."""
    unit: str
    user: str
    way: str
    """How it came in: graphql, stream, export, command."""
    withheld: int = 0


@event
class Attempted(EventData, frozen=True, kw_only=True):
    """A mutation was attempted; its outcome follows on the same stream."""

    TOPIC = "journal.attempted"
    VERSION = 3
    UPCASTS = {1: _without_circumstances, 2: _without_ids}  # noqa: RUF012

    asked: bytes
    asked_token: str
    device: str
    document: str
    ground: str
    policy: str
    purpose: str
    reason: bytes | None = None
    role: str
    sought: tuple[str, ...] = ()
    """Ids that the operation names, in hex, whether there is anything of them or not."""
    unit: str
    user: str
    way: str


@event
class Concluded(EventData, frozen=True, kw_only=True):
    """How an attempted mutation ended."""

    TOPIC = "journal.concluded"

    outcome: str
    positions: tuple[str, ...] = ()
