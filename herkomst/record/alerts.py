"""What people do about alerts and sightings, each an event on a stream of its own: decided under
the lock, against the events so far."""

from collections.abc import Callable
from typing import NamedTuple
from uuid import UUID

import uuid_utils
from psycopg import Cursor

from herkomst.domain.casework import alert
from herkomst.domain.casework.alert import Alert, Sighting
from herkomst.domain.events import Event, EventData
from herkomst.record.application import Custody, Outcome, envelope, pending, this_moment
from herkomst.record.casework import Casework, Seal
from herkomst.record.database import Row
from herkomst.record.reader import SequenceReader

_REGISTER = SequenceReader("register")


class Done(NamedTuple):
    """What was recorded: on which stream, and where in casework."""

    data: EventData
    stream: UUID
    position: int


def set_alert(
    casework: Casework, act: Callable[[Seal], EventData], actor: str, custody: Custody
) -> Done:
    """Begin an alert. Raises what `act` raises, and `case.CaseRefused`."""
    stream = UUID(bytes=uuid_utils.uuid7().bytes)
    return act_in_alert(casework, stream, lambda _, seal: act(seal), actor, custody)


def activate(
    casework: Casework,
    stream: UUID,
    act: Callable[[Alert, int], EventData],
    actor: str,
    custody: Custody,
) -> Done:
    """Let an alert fire on what the register says from now on: `act` is given the position of its
    last event. It is read under the lock of casework, under which `processes/alerting.py` looks
    which alerts are active: what it has done with cannot come after that position, and what it has
    not cannot be before it unseen. Raises what `act` raises."""

    def append(cursor: Cursor[Row]) -> Outcome[Done]:
        connection = cursor.connection
        facts = casework.recorder.reader.streams(connection, [stream]).get(stream, [])
        data = act(alert.folded(facts), _REGISTER.head(connection))
        under = envelope(actor, custody, this_moment(), data.VERSION)
        done = [pending(Event(stream, data, under))]
        appended = casework.recorder.append_locked(cursor, done)
        return Outcome(Done(data, stream, appended.last), done, appended)

    return casework.committing(append)


def act_in_alert(
    casework: Casework,
    stream: UUID,
    act: Callable[[Alert, Seal], EventData],
    actor: str,
    custody: Custody,
) -> Done:
    """Mute, unmute or withdraw it. Raises what `act` raises, and `case.CaseRefused`."""
    data, position = casework.add([stream], alert.folded, act, actor, custody)
    return Done(data, stream, position)


def act_in_sighting(
    casework: Casework,
    stream: UUID,
    act: Callable[[Sighting, Seal], EventData],
    actor: str,
    custody: Custody,
) -> Done:
    """Answer a sighting. Raises what `act` raises, and `case.CaseRefused`."""
    data, position = casework.add([stream], alert.folded_sighting, act, actor, custody)
    return Done(data, stream, position)
