"""What the three applications of the record share: one recorder, one mapper, one pool, and how
they commit when the database is lost meanwhile."""

import logging
import os
from binascii import b2a_base64
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from time import sleep
from typing import Any, ClassVar, Generic, NamedTuple, TypeVar
from uuid import UUID

import msgspec
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
from psycopg import Cursor

from herkomst.domain.calendar import Occurred
from herkomst.domain.events import Envelope, Event, EventData, encode
from herkomst.record.database import LOST, Database, DatabaseDown, DiskFull, Row
from herkomst.record.keyring import Keyring
from herkomst.record.mapper import CanonicalMapper, Placed
from herkomst.record.recorder import NEXT, Appended, Datastore, Pending, SequenceRecorder
from herkomst.record.vault import Vault
from herkomst.steps import reached

log = logging.getLogger(__name__)
_encode = msgspec.json.Encoder().encode
_SALT = 16
T = TypeVar("T")
ATTEMPTS = 5


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
        salt=os.urandom(_SALT),
        unit=custody.unit,
        v=version,
    )


def pending(event: Event, version: int = NEXT) -> Pending:
    """The event encoded, to be appended."""
    return Pending(
        event.stream.bytes, version, event.data.TOPIC.encode(), encode(event.data, event.envelope)
    )


class Outcome(NamedTuple, Generic[T]):
    """What one transaction came to, and what it appended if anything."""

    result: T
    pending: Sequence[Pending] = ()
    appended: Appended | None = None


class Stamp:
    """Encodes the events that one record means: who did it, on which ground and when is the same
    for each of them, so it is encoded once. What it makes is what `pending` makes."""

    __slots__ = ("_head", "_middle", "_tail")

    def __init__(self, actor: str, custody: Custody, occurred: Occurred, handling: str = "open"):
        head, middle, tail = _form(actor, custody, handling)
        self._head = head
        self._middle = b'","occurred":%b%b' % (_encode(occurred), middle)
        self._tail = tail

    def pending(self, stream: bytes, data: EventData, version: int = NEXT) -> Pending:
        """An event with an id and a salt of its own, to be appended."""
        state = b"".join(
            (
                b'{"data":',
                _encode(data),
                self._head,
                uuid_utils.uuid7().hex.encode(),
                self._middle,
                b2a_base64(os.urandom(_SALT), newline=False),
                self._tail % data.VERSION,
            )
        )
        return Pending(stream, version, data.TOPIC.encode(), state)


@lru_cache(maxsize=1 << 12)
def _form(actor: str, custody: Custody, handling: str) -> tuple[bytes, bytes, bytes]:
    """The encoded envelope before the id, from what occurred to the salt, and behind the salt."""
    whole = _encode(envelope(actor, custody, Occurred(""), 0, handling))
    # A quote inside a value is escaped, so these are found where they stand as keys.
    head, rest = whole.split(b'"id":"', 1)
    middle, rest = rest.split(b',"regime":', 1)[1].split(b'"salt":"', 1)
    tail = rest.split(b'"', 1)[1].removesuffix(b"0}").replace(b"%", b"%%")
    return (
        b',"envelope":%b"id":"' % head,
        b',"regime":%b"salt":"' % middle,
        b'"%b%%d}}' % tail,
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

    def committing(self, act: Callable[[Cursor[Row]], Outcome[T]], *, dry_run: bool = False) -> T:
        """Do something under the lock of the writers, in one transaction, and commit it once.

        When the connection breaks, also during the commit, it is done again; what the attempt
        before was to commit is looked for first, so what stands is never called a failure, nor
        done twice. With `dry_run` it is rolled back.
        """
        sent: list[Outcome[T]] = []

        def attempt() -> T:
            # Leaving the connection commits what was begun on it, and rolls it back on an error.
            with self.database.connection() as connection, connection.cursor() as cursor:
                self.recorder.begin_locked(cursor)
                if sent and self._stands(cursor, sent[-1]):
                    return sent[-1].result
                assert reached("append.locked")
                outcome = act(cursor)
                if dry_run:
                    connection.rollback()
                    return outcome.result
                if outcome.appended is not None:
                    sent.append(outcome)
            assert reached("append.committed")
            return outcome.result

        return self.insisting(attempt)

    def insisting(self, act: Callable[[], T]) -> T:
        """Do it again when the connection breaks; a server of ours that died is started again."""
        for attempt in range(1, ATTEMPTS):
            try:
                return act()
            except DiskFull:
                raise  # Trying again makes no room.
            except (*LOST, DatabaseDown) as error:
                log.warning("the database was lost, trying again: %s", error)
                sleep(0.05 * 2**attempt)
                self.database.revive()
        return act()

    def _stands(self, cursor: Cursor[Row], sent: Outcome[Any]) -> bool:
        """Whether that attempt was committed: its first event then stands where it was put.
        Its lock was let go of only once that could be seen."""
        assert sent.appended is not None
        first = sent.appended.first
        rows = self.recorder.reader.between(cursor.connection, first - 1, first, topics=(), limit=1)
        # The bytes hold the event's id and salt, so no other event has them.
        return bool(rows) and rows[0][4] == sent.pending[0].state

    def put(self, events: Sequence[Placed]) -> int:
        """Save events at places already decided on; the position of the last.

        Raises the library's `IntegrityError` when another writer took a place first.
        """
        recordings = self.events.put(events)
        return recordings[-1].notification.id if recordings else 0

    def history(self, stream: UUID) -> list[EventData]:
        """What happened in a stream, in order; empty when it has not begun."""
        return [placed.data for placed in self.events.get(stream)]  # type: ignore[attr-defined]
