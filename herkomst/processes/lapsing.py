"""Lapsing: what a term went by of is said, once: a request for access that was not answered, the
review of a read and that of a broken glass which nobody judged, and what keeps a good after a hit:
the holding period, an order to keep, the term for a complaint; and the end date of an alert, and of
the mute of a number.

It follows the journal, because somebody reads all the time: what is recorded there tells how late
it is, so it takes no clock of its own. Whether something runs is asked of its own events, under
the lock of those who write; so it does not matter how far the read models have come, nor how often
it is looked at. What is over is shown as such from that moment on, also before it is said.
"""

from collections.abc import Callable, Iterable, Sequence, Set
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from psycopg import Connection
from psycopg.sql import SQL

from herkomst.domain import ids
from herkomst.domain.casework import alert, glass, mute, request, review, sequel
from herkomst.domain.events import Event, EventData, Recorded
from herkomst.domain.journal import Attempted, Read
from herkomst.projections import registry
from herkomst.projections.access_requests import AccessRequests
from herkomst.projections.alerts import Alerts
from herkomst.projections.follower import Kind, NotYet
from herkomst.projections.glasses import Glasses
from herkomst.projections.measures import Measures
from herkomst.projections.model import Model
from herkomst.projections.muted_numbers import MutedNumbers
from herkomst.projections.reviews import Reviews
from herkomst.record import reviews
from herkomst.record.application import Custody, envelope, pending, this_moment
from herkomst.record.database import Row
from herkomst.record.recorder import SequenceRecorder

ACTOR: Final = "process:lapsing"
MOST: Final = 1_000
"""Of each kind that lapse in one transaction; those that are left do in the next."""
Lapsed = Callable[[UUID, Sequence[Recorded], datetime], Iterable[EventData]]


def _itself(found: UUID) -> UUID:
    return found


class Term(NamedTuple):
    """Something that has a term: where it is found when that is over, and what its events say."""

    model: Model
    due: SQL
    lapsed: Lapsed
    """The events that say so; none where it was answered, or said, already."""
    stream: Callable[[UUID], UUID] = _itself
    """Where its events are, of what is found."""


def _request(_: UUID, facts: Sequence[Recorded], now: datetime) -> Iterable[EventData]:
    return [request.AccessLapsed()] if request.folded(facts).has_lapsed(now) else []


def _glass(_: UUID, facts: Sequence[Recorded], now: datetime) -> Iterable[EventData]:
    return [glass.ReviewLapsed()] if glass.folded(facts).has_lapsed(now) else []


def _review(_: UUID, facts: Sequence[Recorded], now: datetime) -> Iterable[EventData]:
    state = reviews.folded(facts)
    assert state is not None, "a row of `reviews` is of a review"
    return [review.ReviewLapsed()] if state.has_lapsed(facts[0].recorded_at, now) else []


def _sequel(hit: UUID, facts: Sequence[Recorded], now: datetime) -> Iterable[EventData]:
    return sequel.folded(facts).lapsing(hit.hex, now)


def _alert(_: UUID, facts: Sequence[Recorded], now: datetime) -> Iterable[EventData]:
    state = alert.folded(facts)
    if not state.has_lapsed(now):
        return []
    assert state.until is not None
    until = state.until.isoformat(timespec="milliseconds")
    return [alert.AlertLapsed(case=state.case, until=until)]


def _mutes(_: UUID, facts: Sequence[Recorded], now: datetime) -> Iterable[EventData]:
    return mute.folded(facts).lapsing(now)


TERMS: Final = (
    Term(
        AccessRequests(),
        SQL("SELECT DISTINCT stream FROM {} WHERE state = 'asked' AND answer_by <= %s LIMIT %s"),
        _request,
    ),
    Term(
        Glasses(),
        SQL(
            "SELECT DISTINCT stream FROM {} "
            "WHERE verdict IS NULL AND lapsed_at IS NULL AND judge_by <= %s LIMIT %s"
        ),
        _glass,
    ),
    Term(
        Reviews(),
        SQL(
            "SELECT review FROM {} "
            "WHERE state <> 'decided' AND lapsed_at IS NULL AND judge_by <= %s LIMIT %s"
        ),
        _review,
    ),
    Term(
        Measures(),
        SQL("SELECT DISTINCT hit FROM {} WHERE due <= %s LIMIT %s"),
        _sequel,
        ids.sequel_of,
    ),
    Term(
        Alerts(),
        SQL("SELECT alert FROM {} WHERE state IN ('set', 'active') AND until <= %s LIMIT %s"),
        _alert,
    ),
    Term(
        MutedNumbers(),
        SQL("SELECT DISTINCT number FROM {} WHERE state = 'running' AND until <= %s LIMIT %s"),
        _mutes,
    ),
)


class Lapsing:
    """The process of that name."""

    name = "lapsing"
    kind: Kind = "process"
    sequence = "journal"
    models: Sequence[Model] = ()
    topics: Set[str] = frozenset({Attempted.TOPIC, Read.TOPIC})

    def __init__(self, casework: SequenceRecorder) -> None:
        self._casework = casework

    def apply(self, connection: Connection[Row], facts: Sequence[Recorded]) -> None:
        now = facts[-1].recorded_at
        _must_be_built(connection)
        for term in TERMS:
            self._lapse(connection, term, now)

    def _lapse(self, connection: Connection[Row], term: Term, now: datetime) -> None:
        table = term.model.table(registry.live(connection, term.model))
        statement = term.due.format(table)
        due = [row[0] for row in connection.execute(statement, (now, MOST)).fetchall()]
        if not due:
            return
        with connection.cursor() as cursor:
            self._casework.lock(cursor)
            streams = {found: term.stream(found) for found in due}
            facts = self._casework.reader.streams(connection, list(streams.values()))
            events = [
                _event(facts[stream][0], data)
                for found, stream in streams.items()
                if stream in facts
                for data in term.lapsed(found, facts[stream], now)
            ]
            if events:
                self._casework.append_locked(cursor, [pending(event) for event in events])


def _must_be_built(connection: Connection[Row]) -> None:
    """Raises `NotYet`, also while what is live is of a version that tells of no terms."""
    built = registry.generations(connection)
    for term in TERMS:
        if term.model.name not in built or built[term.model.name][1] != term.model.version:
            raise NotYet(f"{term.model.name} has not been built")


def _event(first: Recorded, data: EventData) -> Event:
    """Under whom falls what was asked or done, so does that it lapsed."""
    under = first.envelope
    custody = Custody(under.controller, under.ground, under.regime, under.unit)
    return Event(first.stream, data, envelope(ACTOR, custody, this_moment(), data.VERSION))
