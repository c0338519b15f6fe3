"""Authorisations in the record: granted, ended, and what holds for a subject at this moment.

They stand in `casework`, a stream a subject. What holds is read from those events and from no
read model, so that an authorisation that was ended holds for no operation after it.
"""

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from psycopg import Cursor

from herkomst.domain import ids
from herkomst.domain.casework import authorisation
from herkomst.domain.casework.authorisation import Authorisations, Grant
from herkomst.domain.events import Event, EventData, Recorded
from herkomst.record.application import Custody, Outcome, envelope, pending, this_moment
from herkomst.record.casework import Casework, Seal
from herkomst.record.database import Row
from herkomst.record.vault import DataKey, KeyRow

CONTROLLER = "politie"
REGIME = "avg"
"""Who may do what is personnel data; it is no police data."""
Act = Callable[[Authorisations, Seal], EventData]


class Appended(NamedTuple):
    """What was granted or ended, and where it stands in casework."""

    id: UUID
    position: int


class UnknownAuthorisation(Exception):
    """There is no authorisation of this id."""

    code = "unknown_authorisation"


def act_on(
    casework: Casework, subject: str, act: Act, *, actor: str, ground: str, unit: str
) -> Appended:
    """Grant to a subject, or end what was: `act` calls a method of his authorisations.

    Raises `authorisation.AuthorisationRefused`.
    """
    stream = ids.authorisations_of(subject)

    def append(cursor: Cursor[Row]) -> Outcome[Appended]:
        facts = casework.recorder.reader.streams(cursor.connection, [stream]).get(stream, [])
        key, row = _key(casework, cursor, stream)
        data = act(_state(facts), lambda why: _sealed(key, why))
        assert isinstance(data, authorisation.Granted | authorisation.Ended)
        custody = Custody(CONTROLLER, ground, REGIME, unit)
        events = [pending(Event(stream, data, envelope(actor, custody, this_moment(), 1)))]
        appended = casework.recorder.append_locked(cursor, events)
        if row is not None:
            cursor.execute("INSERT INTO vault.keys VALUES (%s, %s, %s)", row)
        told = Appended(ids.authorisation_id(stream, data.grant), appended.last)
        return Outcome(told, events, appended)

    return casework.committing(append)


def _key(casework: Casework, cursor: Cursor[Row], stream: UUID) -> tuple[DataKey, KeyRow | None]:
    """The data key of a subject's reasons, and its row where it is new or was destroyed."""
    key = casework.vault.keys(cursor.connection, [stream]).get(stream)
    return (key, None) if key is not None else casework.vault.new_key(stream)


def _sealed(key: DataKey, why: str) -> bytes:
    authorisation.must_say(why)
    return key.seal(why.encode())


def of(casework: Casework, subject: str) -> Authorisations:
    """What was granted to a subject and not ended."""
    stream = ids.authorisations_of(subject)
    with casework.database.connection() as connection:
        return _state(casework.recorder.reader.streams(connection, [stream]).get(stream, []))


def holding(casework: Casework, subject: str, at: datetime) -> list[Grant]:
    """What holds for a subject at a moment, as of the last commit."""
    return of(casework, subject).holding(at)


def _state(facts: list[Recorded]) -> Authorisations:
    state: Authorisations | None = None
    for fact in facts:
        state = authorisation.evolve(state, fact.data)
    return state or Authorisations()
