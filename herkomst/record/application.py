"""What the three applications of the record share: one recorder, one mapper, one pool."""

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar, NamedTuple
from uuid import UUID

import uuid_utils
from eventsourcing.application import Application
from eventsourcing.persistence import (
    AggregateRecorder,
    ApplicationRecorder,
    InfrastructureFactory,
    InfrastructureFactoryError,
    JSONTranscoder,
    Mapper,
    ProcessRecorder,
)
from eventsourcing.utils import Environment, EnvType

from herkomst.domain.calendar import Occurred
from herkomst.domain.events import Envelope, Event, EventData, encode
from herkomst.record.database import Database
from herkomst.record.keyring import Keyring
from herkomst.record.mapper import CanonicalMapper, Placed
from herkomst.record.recorder import NEXT, Datastore, Pending, SequenceRecorder
from herkomst.record.vault import Vault


class Custody(NamedTuple):
    """Under whom and on what a record falls; it stays with the record from its birth."""

    controller: str
    ground: str
    regime: str
    unit: str


def envelope(
    actor: str, custody: Custody, occurred: Occurred, version: int, handling: str = "open"
) -> Envelope:
    """A complete envelope with a fresh event id and salt."""
    return Envelope(
        actor=actor,
        controller=custody.controller,
        ground=custody.ground,
        handling=handling,
        id=uuid_utils.uuid7().hex,
        occurred=occurred,
        regime=custody.regime,
        salt=os.urandom(16),
        unit=custody.unit,
        v=version,
    )


def pending(event: Event, version: int = NEXT) -> Pending:
    """The event encoded, to be appended."""
    return Pending(
        event.stream, version, event.data.TOPIC.encode(), encode(event.data, event.envelope)
    )


def this_moment() -> Occurred:
    """Now, as the time at which something done here happened."""
    return Occurred(
        from_=datetime.now(UTC).isoformat(timespec="seconds"), precision="second", zone="UTC"
    )


class _Factory(InfrastructureFactory[Any]):
    """Hands the library the recorder that we made; it makes no tables and follows nothing."""

    def __init__(self, env: Environment, recorder: SequenceRecorder) -> None:
        super().__init__(env)
        self._recorder = recorder

    def application_recorder(self) -> ApplicationRecorder:
        return self._recorder

    def aggregate_recorder(self, purpose: str = "events") -> AggregateRecorder:  # noqa: ARG002
        raise InfrastructureFactoryError("streams are short: there are no snapshots")

    def tracking_recorder(self, tracking_recorder_class: Any = None) -> Any:  # noqa: ARG002
        raise InfrastructureFactoryError("followers keep their positions in follow.followers")

    def process_recorder(self) -> ProcessRecorder:
        raise InfrastructureFactoryError("followers keep their positions in follow.followers")


class RecordApplication(Application[UUID]):
    """An application of the library over one sequence of the record."""

    sequence: ClassVar[str]
    recorder: SequenceRecorder

    def __init__(self, database: Database, keyring: Keyring) -> None:
        self.database = database
        self.keyring = keyring
        self.vault = Vault(keyring)
        super().__init__()

    def construct_env(self, name: str, env: EnvType | None = None) -> Environment:
        return Environment(name, dict(env or {}))  # Settings come in as a value, not from outside.

    def construct_factory(self, env: Environment) -> InfrastructureFactory[Any]:
        recorder = SequenceRecorder(Datastore(self.database), self.sequence, self.keyring)
        return _Factory(env, recorder)

    def construct_transcoder(self) -> JSONTranscoder:
        return JSONTranscoder()

    def construct_mapper(self) -> Mapper[UUID]:
        return CanonicalMapper(self.construct_transcoder())

    def put(self, events: Sequence[Placed]) -> int:
        """Save events at places already decided on; the position of the last.

        Raises the library's `IntegrityError` when another writer took a place first.
        """
        recordings = self.events.put(events)
        return recordings[-1].notification.id if recordings else 0

    def history(self, stream: UUID) -> list[EventData]:
        """What happened in a stream, in order; empty when it has not begun."""
        return [placed.data for placed in self.events.get(stream)]  # type: ignore[attr-defined]
