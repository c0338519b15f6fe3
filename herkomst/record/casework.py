"""Casework: hits, what people decide on them, and numbers that flood."""

from collections.abc import Callable
from typing import ClassVar
from uuid import UUID

from psycopg import Cursor

from herkomst.domain.casework import hit
from herkomst.domain.events import Event, EventData
from herkomst.record.application import (
    Custody,
    Outcome,
    RecordApplication,
    envelope,
    pending,
    this_moment,
)
from herkomst.record.database import Row

CUSTODY = Custody(controller="politie", ground="wpg:8", regime="wpg:8", unit="herkomst")
"""A hit becomes police data when it is found, whoever reported the goods."""


class UnknownHit(Exception):
    """There is no hit of this id."""

    code = "unknown_hit"


class Casework(RecordApplication):
    """The application of the sequence `casework`."""

    name = "casework"
    sequence: ClassVar[str] = "casework"

    def decide(
        self, hit_id: UUID, decide: Callable[[hit.Hit], EventData], *, actor: str, ground: str
    ) -> int:
        """Assess, confirm or reject a hit: `decide` calls one of its methods. The new position.

        Raises `UnknownHit`, `hit.HitClosed`.
        """

        def append(cursor: Cursor[Row]) -> Outcome[int]:
            events = self.recorder.reader.streams(cursor.connection, [hit_id]).get(hit_id)
            if events is None:
                raise UnknownHit(f"There is no hit {hit_id}.")
            state: hit.Hit | None = None
            for recorded in events:
                state = hit.evolve(state, recorded.data)
            assert state is not None
            data = decide(state)
            under = CUSTODY._replace(ground=ground)
            decided = [
                pending(Event(hit_id, data, envelope(actor, under, this_moment(), data.VERSION)))
            ]
            appended = self.recorder.append_locked(cursor, decided)
            return Outcome(appended.last, decided, appended)

        return self.committing(append)
