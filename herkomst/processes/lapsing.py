"""Lapsing: a request for access that was not answered in its term is said to be overdue, once.

It follows the journal, because somebody reads all the time: what is recorded there tells how late
it is, so it takes no clock of its own. Whether a request is open is asked of its own events, under
the lock of those who write; so it does not matter how far the read models have come, nor how often
it is looked at. What is overdue is shown as such from that moment on, also before it is said.
"""

from collections.abc import Sequence, Set
from datetime import datetime
from typing import Final
from uuid import UUID

from psycopg import Connection
from psycopg.sql import SQL

from herkomst.domain.casework.request import AccessLapsed, folded
from herkomst.domain.events import Event, Recorded
from herkomst.domain.journal import Attempted, Read
from herkomst.projections import registry
from herkomst.projections.access_requests import AccessRequests
from herkomst.projections.follower import Kind, NotYet
from herkomst.projections.model import Model
from herkomst.record.application import Custody, envelope, pending, this_moment
from herkomst.record.database import Row
from herkomst.record.recorder import SequenceRecorder

ACTOR: Final = "process:lapsing"
_DUE = SQL("SELECT DISTINCT stream FROM {} WHERE state = 'asked' AND answer_by <= %s")


class Lapsing:
    """The process of that name."""

    name = "lapsing"
    kind: Kind = "process"
    sequence = "journal"
    models: Sequence[Model] = ()
    topics: Set[str] = frozenset({Read.TOPIC, Attempted.TOPIC})

    def __init__(self, casework: SequenceRecorder) -> None:
        self._casework = casework

    def apply(self, connection: Connection[Row], facts: Sequence[Recorded]) -> None:
        model = AccessRequests()
        if model.name not in registry.generations(connection):
            raise NotYet(f"{model.name} has not been built")
        table = model.table(registry.live(connection, model))
        due = connection.execute(_DUE.format(table), (facts[-1].recorded_at,)).fetchall()
        if due:
            self._lapse(connection, [row[0] for row in due], facts[-1].recorded_at)

    def _lapse(self, connection: Connection[Row], streams: Sequence[UUID], now: datetime) -> None:
        with connection.cursor() as cursor:
            self._casework.lock(cursor)
            found = self._casework.reader.streams(connection, streams)
            lapsed = [facts for facts in found.values() if folded(facts).has_lapsed(now)]
            if lapsed:
                self._casework.append_locked(cursor, [pending(_event(facts)) for facts in lapsed])


def _event(facts: Sequence[Recorded]) -> Event:
    """Under whom the request falls, so does that it lapsed."""
    asked = facts[0].envelope
    custody = Custody(asked.controller, asked.ground, asked.regime, asked.unit)
    data = AccessLapsed()
    return Event(facts[0].stream, data, envelope(ACTOR, custody, this_moment(), data.VERSION))
