"""Small events to append, without what taking in records brings along."""

import os
from uuid import UUID

import uuid_utils

from herkomst.domain.calendar import Occurred
from herkomst.domain.events import Event, EventData
from herkomst.domain.journal import Concluded
from herkomst.record.application import Custody, envelope
from herkomst.record.journal import journal_event
from herkomst.record.mapper import Placed

CUSTODY = Custody(controller="politie", ground="wpg:8", regime="wpg:8", unit="eenheid")
MOMENT = Occurred("2026-03-02T14:05:00+01:00")


def new_stream() -> UUID:
    return UUID(bytes=uuid_utils.uuid7().bytes)


def concluded(outcome: str = "done", stream: UUID | None = None) -> Event:
    """An event of no meaning, on a stream of its own unless one is given."""
    sealed = envelope("user:tester", CUSTODY, MOMENT, 1)
    return Event(stream or new_stream(), Concluded(outcome=outcome), sealed)


def placed(version: int, stream: UUID, data: EventData | None = None) -> Placed:
    sealed = envelope("user:tester", CUSTODY, MOMENT, 1)
    return Placed(stream, version, data or Concluded(outcome="done"), sealed)


def of_size(size: int, stream: UUID, version: int = 1) -> Placed:
    """An event of about so many bytes that do not compress."""
    return placed(version, stream, Concluded(outcome=os.urandom(size // 2).hex()))


def an_entry(stream: UUID, outcome: str = "done") -> Event:
    """The outcome of an operation, on the stream of its entry."""
    data = Concluded(outcome=outcome)
    return journal_event(stream, data, user="tester", ground="wpg:8", unit="eenheid")
