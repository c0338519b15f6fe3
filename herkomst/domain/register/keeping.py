"""What may be done with the key of what is no identity: a stolen item, a case, a dealer, an
officer, or what somebody said of why he did what controls look at.

An identity has its own events for that (`identity.IdentityRestricted`), because read models hold
more of it than a sealed part.
"""

from collections.abc import Iterable
from typing import Literal

from herkomst.domain.events import EventData, Recorded, event

Kind = Literal[
    "stolen_item",
    "purchase",
    "dealer",
    "case",
    "reveal",
    "glass",
    "hold",
    "access_request",
    "authorisation",
    "review",
    "person_request",
    "sequel",
    "alert",
    "number_mute",
    "officer",
]
"""Of reveals those of an officer on a day have one key. Of glasses, holds, requests for access,
authorisations, mutes of numbers and what followed a hit each has its own
(`herkomst.domain.casework.parts`). A purchase is one at which no identity was presented."""


@event
class KeyRestricted(EventData, frozen=True, kw_only=True):
    """What may be done with the key is another than before, because a clock ran."""

    TOPIC = "privacy.key.restricted"

    because: str
    """What it is kept for in that state, in words."""
    kind: Kind
    on: str
    """Legal date by which it was counted."""
    record: str
    """Stream of the record, in hex; its data key has the same id."""
    state: Literal["active", "comparable", "vault"]


@event
class KeyDestroyed(EventData, frozen=True, kw_only=True):
    """The key was destroyed (vernietiging, art. 14 Wpg): what it sealed opens no more."""

    TOPIC = "privacy.key.destroyed"

    because: str
    kind: Kind
    on: str
    record: str
    """Stream of the record, in hex."""


@event
class HitsRemoved(EventData, frozen=True, kw_only=True):
    """Hits were removed, which have no keys: each store acknowledges that it has none of them."""

    TOPIC = "privacy.hits.removed"

    hits: tuple[str, ...]
    """Their streams, in hex."""
    on: str
    """Legal date by which it was counted."""


@event
class JournalDestroyed(EventData, frozen=True, kw_only=True):
    """What was asked, and why, in a run of the journal opens no more: the keys of its entries were
    destroyed. Who read what on which purpose stays."""

    TOPIC = "privacy.journal.destroyed"

    after: int
    """Position of the journal behind which it begins."""
    on: str
    """Legal date by which it was counted."""
    until: int
    """Last position of the run."""


def is_found(data: KeyDestroyed | KeyRestricted) -> bool:
    """Whether anything is still found by what the key seals."""
    return isinstance(data, KeyRestricted) and data.state != "vault"


def reached(facts: Iterable[Recorded]) -> Literal["active", "comparable", "vault", "destroyed"]:
    """The state that was recorded of a key, given the stream of its keeping."""
    state: Literal["active", "comparable", "vault", "destroyed"] = "active"
    for fact in facts:
        if isinstance(fact.data, KeyDestroyed):
            return "destroyed"
        if isinstance(fact.data, KeyRestricted):
            state = fact.data.state
    return state
