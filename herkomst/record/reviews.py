"""What people do in reviews of reads: asked, answered and judged, each an event."""

from collections.abc import Callable
from functools import partial
from uuid import UUID

from psycopg import Cursor

from herkomst.domain.casework import review
from herkomst.domain.casework.review import Review
from herkomst.domain.events import Event, EventData, Recorded
from herkomst.record.application import Custody, Outcome, envelope, pending, this_moment
from herkomst.record.casework import Casework, Seal
from herkomst.record.database import Row
from herkomst.record.vault import DataKey

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

    def append(cursor: Cursor[Row]) -> Outcome[int]:
        facts = casework.recorder.reader.streams(cursor.connection, [review_id]).get(review_id, [])
        state = folded(facts)
        if state is None:
            raise UnknownReview(f"There is no review {review_id}.")
        key = _key(casework, cursor, review_id)
        data = act(state, partial(_sealed, key))
        told = envelope(actor, CUSTODY, this_moment(), data.VERSION)
        done = [pending(Event(review_id, data, told))]
        appended = casework.recorder.append_locked(cursor, done)
        return Outcome(appended.last, done, appended)

    return casework.committing(append)


def folded(facts: list[Recorded]) -> Review | None:
    """The review that a stream tells of; None when it tells of something else, or of nothing."""
    if not facts or facts[0].topic != review.Queued.TOPIC:
        return None
    state: Review | None = None
    for fact in facts:
        state = review.evolve(state, fact.data, fact.envelope.actor)
    return state


def _key(casework: Casework, cursor: Cursor[Row], review_id: UUID) -> DataKey:
    """The data key of a review, which is made when something is first written in it."""
    found = casework.vault.keys(cursor.connection, [review_id]).get(review_id)
    if found is not None:
        return found
    key, row = casework.vault.new_key(review_id)
    cursor.execute("INSERT INTO vault.keys VALUES (%s, %s, %s)", row)
    return key


def _sealed(key: DataKey, text: str) -> bytes:
    """A text that says something, sealed. Raises `ReviewRefused`."""
    review.must_say(text)
    return key.seal(text.encode())
