"""Found goods (gevonden voorwerpen, art. 5:5 BW) with hits on them: a depot does not sell them on.

Which hits there were is written down here; whether one stands is asked of its own events."""

from collections.abc import Mapping, Sequence

from herkomst.domain.events import EventData, Recorded, event


@event
class HitMet(EventData, frozen=True, kw_only=True):
    """A hit was found on a good that a depot found."""

    TOPIC = "casework.kept.hit_met"

    hit: str
    """Stream of the hit, in hex."""
    line: int
    stolen: str
    """Stream of the stolen item, in hex."""


def folded(facts: Sequence[Recorded]) -> Mapping[str, HitMet]:
    """The hits that there ever were on goods of a purchase, by their streams."""
    return {fact.data.hit: fact.data for fact in facts if isinstance(fact.data, HitMet)}
