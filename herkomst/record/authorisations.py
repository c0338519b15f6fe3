"""Authorisations in the record: granted, ended, and what holds for a subject at this moment.

They stand in `casework`, a stream a subject. What holds is read from those events and from no
read model, so that an authorisation that was ended holds for no operation after it.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

from herkomst.domain import ids
from herkomst.domain.casework import authorisation
from herkomst.domain.casework.authorisation import Authorisations, Grant
from herkomst.domain.casework.parts import Part
from herkomst.domain.events import EventData, Recorded
from herkomst.record.application import Custody
from herkomst.record.casework import Casework, Seal

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
    casework: Casework,
    subject: str,
    act: Act,
    *,
    actor: str,
    ground: str,
    unit: str,
    ending: str | None = None,
) -> Appended:
    """Grant to a subject, or end what was: `act` calls a method of his authorisations. `ending` is
    the name of the one that is ended.

    Raises `authorisation.AuthorisationRefused`.
    """
    stream = ids.authorisations_of(subject)

    def acting(state: Authorisations, seal: Seal) -> EventData:
        def sealed(why: str) -> bytes:
            if ending is not None:
                state.must_last(ending, datetime.now(UTC))
            authorisation.must_say(why)
            return seal(why)

        return act(state, sealed)

    def part(state: Authorisations) -> Part:
        name = ending or state.next_name
        return Part(ids.authorisation_id(stream, name), begins=ending is None)

    custody = Custody(CONTROLLER, ground, REGIME, unit)
    data, position = casework.add([stream], _state, acting, actor, custody, part)
    assert isinstance(data, authorisation.Granted | authorisation.Ended)
    return Appended(ids.authorisation_id(stream, data.grant), position)


def of(casework: Casework, subject: str) -> Authorisations:
    """What was granted to a subject and not ended."""
    stream = ids.authorisations_of(subject)
    with casework.database.connection() as connection:
        return _state(casework.recorder.reader.streams(connection, [stream]).get(stream, []))


def holding(casework: Casework, subject: str, at: datetime) -> list[Grant]:
    """What holds for a subject at a moment, as of the last commit."""
    return of(casework, subject).holding(at)


def _state(facts: Sequence[Recorded]) -> Authorisations:
    state: Authorisations | None = None
    for fact in facts:
        state = authorisation.evolve(state, fact.data)
    return state or Authorisations()
