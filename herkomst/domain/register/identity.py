"""The identity presented with a purchase: sealed from birth, one stream a purchase.

Who the person is, is resolved later and reversibly; a presentation only says what was shown.
"""

from collections.abc import Iterable
from operator import attrgetter
from typing import Literal

from herkomst.domain.events import EventData, Recorded, event
from herkomst.domain.register.records import Seller


class Presentation(EventData, frozen=True, kw_only=True):
    purchase: str
    """Stream of the purchase, in hex."""
    sealed: bytes
    """The seller as written, encrypted with the data key of the purchase."""
    shown: tuple[str, ...]
    """Which fields were given, in alphabetical order: what is missing can be counted unsealed."""
    source: str
    source_key: str


@event
class Presented(Presentation, frozen=True, kw_only=True):
    """A seller presented an identity."""

    TOPIC = "dor.identity.presented"


@event
class IdentityCorrected(Presentation, frozen=True, kw_only=True):
    """The presented identity was written down wrongly and was corrected."""

    TOPIC = "dor.identity.corrected"


@event
class IdentityWithdrawn(EventData, frozen=True, kw_only=True):
    """The entry was corrected: nobody presented an identity with this purchase."""

    TOPIC = "dor.identity.withdrawn"

    purchase: str
    """Stream of the purchase, in hex."""
    source: str
    source_key: str


@event
class IdentityErased(EventData, frozen=True, kw_only=True):
    """The identity is to be erased (wissing, art. 17 AVG; vernietiging, art. 14 Wpg)."""

    TOPIC = "dor.identity.erased"

    erasure: str
    """Stream of the erasure that ordered it, in hex."""


@event
class IdentityRestricted(EventData, frozen=True, kw_only=True):
    """What may be done with the identity is another than before, because a clock ran or because it
    is needed again (art. 8 and 14 Wpg)."""

    TOPIC = "dor.identity.restricted"

    because: str
    """What it is kept for in that state, in words."""
    on: str
    """Legal date by which it was counted."""
    state: Literal["active", "comparable", "vault"]


def is_found(data: IdentityErased | IdentityRestricted) -> bool:
    """Whether anything is still found by the identity, or by what else its key seals."""
    return isinstance(data, IdentityRestricted) and data.state != "vault"


def reached(facts: Iterable[Recorded]) -> Literal["active", "comparable", "vault", "destroyed"]:
    """The state that was recorded of an identity, given its stream."""
    state: Literal["active", "comparable", "vault", "destroyed"] = "active"
    for fact in facts:
        if isinstance(fact.data, IdentityErased):
            return "destroyed"
        if isinstance(fact.data, IdentityRestricted):
            state = fact.data.state
    return state


def shown_last(facts: Iterable[Recorded]) -> Presentation | None:
    """What was presented, as it stands after corrections, given its stream."""
    shown: Presentation | None = None
    for fact in facts:
        if isinstance(fact.data, Presentation):
            shown = fact.data
        elif isinstance(fact.data, IdentityWithdrawn | IdentityErased):
            shown = None
    return shown


_FIELDS = tuple(sorted(Seller.__struct_fields__))
_values = attrgetter(*_FIELDS)


def shown_fields(seller: Seller) -> tuple[str, ...]:
    """Names of the fields that the seller's identity holds."""
    return tuple(
        [n for n, value in zip(_FIELDS, _values(seller), strict=True) if value is not None]
    )
