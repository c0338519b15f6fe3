"""What people do in reviews of reads: asked, answered and judged, each an event."""

from collections.abc import Callable, Sequence
from uuid import UUID

from herkomst.domain.casework import review
from herkomst.domain.casework.review import Review
from herkomst.domain.events import EventData, Recorded
from herkomst.record.application import Custody
from herkomst.record.casework import Casework, Seal

CUSTODY = Custody(controller="politie", ground="wpg:32a", regime="wpg:32a", unit="herkomst")
"""The journal serves the control of reads, and so does what is made of it."""


class UnknownReview(Exception):
    """There is no review of this id."""

    code = "unknown_review"


def act_in_review(
    casework: Casework, review_id: UUID, act: Callable[[Review, Seal], EventData], *, actor: str
) -> int:
    """Do something in a review: `act` calls one of its methods. The new position.

    Raises `UnknownReview`, `review.ReviewRefused`.
    """

    def known(facts: Sequence[Recorded]) -> Review:
        state = folded(facts)
        if state is None:
            raise UnknownReview(f"There is no review {review_id}.")
        return state

    def acting(state: Review, seal: Seal) -> EventData:
        def sealed(text: str) -> bytes:
            state.must_be_open()
            review.must_say(text)
            return seal(text)

        return act(state, sealed)

    return casework.add([review_id], known, acting, actor, CUSTODY)[1]


def folded(facts: Sequence[Recorded]) -> Review | None:
    """The review that a stream tells of; None when it tells of something else, or of nothing."""
    if not facts or facts[0].topic != review.Queued.TOPIC:
        return None
    state: Review | None = None
    for fact in facts:
        state = review.evolve(state, fact.data, fact.envelope.actor)
    return state
