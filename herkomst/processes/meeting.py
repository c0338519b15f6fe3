"""Meeting: that a hit is on a good which a depot found is written down where a sale of it looks.

It follows casework, because hits are found there. What it writes says that there is such a hit and
no more: whether that hit stands is asked of its own events when the good is to be sold on, so
nothing has to be taken back here when it falls. A good that a dealer bought is sold as before, and
no answer to a till tells of a hit.
"""

from collections.abc import Iterator, Sequence, Set
from typing import Final
from uuid import UUID

from psycopg import Connection

from herkomst.domain import ids
from herkomst.domain.casework import hit, kept
from herkomst.domain.events import Event, Recorded
from herkomst.domain.register import purchase
from herkomst.projections.follower import Kind
from herkomst.projections.model import Model
from herkomst.record.application import envelope, pending, this_moment
from herkomst.record.casework import CUSTODY
from herkomst.record.database import Row
from herkomst.record.reader import SequenceReader
from herkomst.record.recorder import SequenceRecorder

ACTOR: Final = "process:meeting"
_REGISTER = SequenceReader("register")


class Meeting:
    """The process of that name."""

    name = "meeting"
    kind: Kind = "process"
    sequence = "casework"
    models: Sequence[Model] = ()
    topics: Set[str] = frozenset({hit.Found.TOPIC, hit.Reopened.TOPIC, hit.Suggested.TOPIC})

    def __init__(self, casework: SequenceRecorder) -> None:
        self._casework = casework

    def apply(self, connection: Connection[Row], facts: Sequence[Recorded]) -> None:
        met = [fact for fact in facts if fact.topic in self.topics]
        sold = {UUID(hex=_pair(fact).purchase) for fact in met}
        histories = _REGISTER.streams(connection, list(sold)) if sold else {}
        found = {stream for stream, events in histories.items() if any(map(_is_found, events))}
        on_found = [fact for fact in met if UUID(hex=_pair(fact).purchase) in found]
        if on_found:
            self._write(connection, on_found)

    def _write(self, connection: Connection[Row], facts: Sequence[Recorded]) -> None:
        with connection.cursor() as cursor:
            self._casework.lock(cursor)
            streams = list({_stream(fact) for fact in facts})
            told = self._casework.reader.streams(connection, streams)
            known = {hit for events in told.values() for hit in kept.folded(events)}
            events = [pending(event) for event in _events(facts, known)]
            if events:
                self._casework.append_locked(cursor, events)


def _events(facts: Sequence[Recorded], known: set[str]) -> Iterator[Event]:
    for fact in facts:
        if fact.stream.hex not in known:
            known.add(fact.stream.hex)
            pair = _pair(fact)
            data = kept.HitMet(hit=fact.stream.hex, line=pair.line, stolen=pair.stolen)
            under = envelope(ACTOR, CUSTODY, this_moment(), data.VERSION)
            yield Event(_stream(fact), data, under)


def _pair(fact: Recorded) -> hit.Pair:
    data = fact.data
    assert isinstance(data, hit.Finding)
    return data.pair


def _stream(fact: Recorded) -> UUID:
    return ids.kept_of(UUID(hex=_pair(fact).purchase))


def _is_found(fact: Recorded) -> bool:
    """Whether the register says, or ever said, that the goods were found (gevonden)."""
    data = fact.data
    return isinstance(data, purchase.Content) and data.mode == "found"
