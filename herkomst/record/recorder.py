"""The recorder of a sequence: dense positions, gap-free versions, one transaction, one lock.

It replaces the library's recorder where that one cannot serve us. Its `LOCK TABLE` is refused to a
role that may not update, and holds up index builds: here an advisory lock orders the writers. Its
pipelined insert hangs on large saves: here nothing is pipelined, and much goes by COPY. Its serial
leaves gaps: here the next position is read under the lock, so the order of positions is the order
of commits, a reader that tails misses nothing, and a rolled back append burns no number.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from struct import Struct
from typing import Any, LiteralString, NamedTuple
from uuid import UUID

import psycopg
from eventsourcing.persistence import IntegrityError, Notification, OperationalError, StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore
from psycopg import Cursor
from psycopg.sql import SQL, Composed, Identifier

from herkomst.record.database import Database, Row
from herkomst.record.keyring import Keyring
from herkomst.record.leaf import leaf
from herkomst.record.reader import SequenceReader
from herkomst.record.vault import KeyRow

NEXT = 0
"""As version of a pending event: the next of its stream, taken under the lock."""
COPY_THRESHOLD = 32
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_TO_2000 = 946_684_800_000_000  # PostgreSQL counts microseconds from 2000, we from 1970.
_copy_head = Struct(">hi16siqi").pack
_copy_state = Struct(">i").pack
_copy_tail = Struct(">iqiq").pack
COPY_BEGIN = b"PGCOPY\n\xff\r\n\0" + bytes(8)
COPY_END = b"\xff\xff"
"""What stands around the rows of a binary COPY."""


class Pending(NamedTuple):
    """An encoded event that waits for its position, and for its version where that is `NEXT`."""

    stream: bytes
    """The 16 bytes of its id, which cost less to compare than the id does."""
    version: int
    topic: bytes
    state: bytes


class Appended(NamedTuple):
    """Where a run of events came to stand."""

    first: int
    last: int
    versions: tuple[int, ...]
    """Of each pending event, in order; a register number is one of these."""
    recorded_at: datetime


_LOCK = SQL("SELECT pg_advisory_xact_lock(hashtextextended(current_database() || {}, 0))")


def lock_sequence(cursor: Cursor[Row], sequence: str) -> None:
    """Take the lock of the writers of a sequence until the transaction ends. Who needs those of
    both takes that of the register first."""
    cursor.execute(_LOCK.format(sequence))


class Datastore(PostgresDatastore):
    """The library's datastore over our pool, so that three applications share one."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.schema = "record"
        self.lock_timeout = 30
        self.originator_id_type = "uuid"
        self.enable_db_functions = False
        self.db_type_names = set()

    @contextmanager
    def get_connection(self) -> Iterator[Any]:
        with self.database.connection() as connection:
            yield connection

    def register_type_adapters(self) -> None:
        """Nothing is sent as a composite type, so there is none to register."""

    def close(self) -> None:
        """The pool is closed by who opened it."""


class SequenceRecorder(PostgresApplicationRecorder):
    """Appends to and reads from one sequence."""

    def __init__(self, datastore: Datastore, sequence: str, keyring: Keyring) -> None:
        super().__init__(datastore, events_table_name=f"{sequence}_events")
        self.sequence = sequence
        self.database = datastore.database
        self.channel_name = f"herkomst_{sequence}"  # The library's subscriptions listen there.
        self._keyring = keyring
        self.reader = SequenceReader(sequence)
        self._sql = _statements(sequence)

    # Writing

    def lock(self, cursor: Cursor[Row]) -> None:
        """Take the lock of the writers of this sequence until the transaction ends."""
        lock_sequence(cursor, self.sequence)

    def begin_locked(self, cursor: Cursor[Row]) -> None:
        """Begin a transaction under that lock, in one round trip."""
        cursor.execute(self._sql.begin_locked)

    def append(self, cursor: Cursor[Row], pending: Sequence[Pending]) -> Appended:
        """Append inside the caller's transaction. Raises the library's `IntegrityError` when a
        version is taken: another writer was first, and the caller should decide anew."""
        self.lock(cursor)
        return self.append_locked(cursor, pending)

    def append_locked(
        self, cursor: Cursor[Row], pending: Sequence[Pending], keys: Sequence[KeyRow] = ()
    ) -> Appended:
        """The same for who took the lock of the writers in this transaction, as `committing` does:
        it is not asked for again. Without the lock, two would take the same positions. The data
        keys that are born with these events are stored beside them."""
        head, now, chain, versions = self._head(cursor, pending)
        recorded_us = (now - _EPOCH) // _MICROSECOND
        leaves = b"".join(
            [
                leaf(stream, version, recorded_us, topic, state)
                for (stream, _, topic, state), version in zip(pending, versions, strict=True)
            ]
        )
        first, last = head + 1, head + len(pending)
        link = self._keyring.chain(chain, first, leaves)
        told = (self.sequence, first, last, leaves, link, *_columns(keys), self.channel_name)
        try:
            if len(pending) < COPY_THRESHOLD:
                rows = self._rows(pending, versions, first, now)
                cursor.execute(self._sql.append_few, (*rows, *told))
            else:
                self._copy(cursor, pending, versions, first, recorded_us)
                cursor.execute(self._sql.append, told)
        except psycopg.errors.UniqueViolation as error:
            raise IntegrityError(error) from error
        return Appended(first, last, versions, now)

    def _head(
        self, cursor: Cursor[Row], pending: Sequence[Pending]
    ) -> tuple[int, datetime, bytes, tuple[int, ...]]:
        """The last position, the time, the last link of the chain, and the versions to be taken."""
        numbered = list({stream for stream, version, _, _ in pending if version == NEXT})
        row = cursor.execute(self._sql.head, (_hex(numbered), self.sequence)).fetchone()
        assert row is not None
        position, now, chain, last = row
        taken = dict(zip(numbered, last, strict=True))
        versions = []
        for stream, version, _, _ in pending:
            if version == NEXT:
                version = taken[stream] = taken[stream] + 1
            elif stream in taken:
                taken[stream] = version
            versions.append(version)
        return int(position), now, bytes(chain), tuple(versions)

    def begun(self, cursor: Cursor[Row], streams: Iterable[bytes]) -> set[UUID]:
        """Which of these streams have begun."""
        cursor.execute(self._sql.begun, (_hex(streams),))
        return {row[0] for row in cursor.fetchall()}

    @staticmethod
    def _rows(
        pending: Sequence[Pending], versions: Sequence[int], first: int, now: datetime
    ) -> tuple[object, ...]:
        return (
            _hex(event.stream for event in pending),
            _joined(versions),
            b",".join([event.topic for event in pending]).decode(),
            _array([event.state for event in pending]),
            _joined(range(first, first + len(pending))),
            now,
        )

    def _copy(
        self,
        cursor: Cursor[Row],
        pending: Sequence[Pending],
        versions: Sequence[int],
        first: int,
        recorded_us: int,
    ) -> None:
        since_2000 = recorded_us - _TO_2000
        parts = [COPY_BEGIN]
        rows = zip(pending, versions, strict=True)
        for position, ((stream, _, topic, state), version) in enumerate(rows, first):
            parts += (
                _copy_head(6, 16, stream, 8, version, len(topic)),
                topic,
                _copy_state(len(state)),
                state,
                _copy_tail(8, position, 8, since_2000),
            )
        parts.append(COPY_END)
        with cursor.copy(self._sql.copy) as copy:
            copy.write(b"".join(parts))

    # What the library's event store calls

    def insert_events(self, stored_events: Sequence[StoredEvent], **_: Any) -> Sequence[int]:
        pending = [
            Pending(_uuid(e.originator_id).bytes, e.originator_version, e.topic.encode(), e.state)
            for e in stored_events
        ]
        if not pending:
            return []
        try:
            with self.database.transaction() as cursor:
                appended = self.append(cursor, pending)
        except psycopg.OperationalError as error:
            raise OperationalError(error) from error
        return range(appended.first, appended.last + 1)

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        with self.database.connection() as connection:
            rows = self.reader.stored(connection, originator_id, gt or 0, lte, desc, limit)
        return [StoredEvent(*row) for row in rows]

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        after = (start or 0) - (1 if inclusive_of_start and start is not None else 0)
        with self.database.connection() as connection:
            rows = self.reader.between(connection, after, stop, topics, limit)
        return [
            Notification(
                id=row[0],
                originator_id=row[1],
                originator_version=row[2],
                topic=row[3],
                state=row[4],
            )
            for row in rows
        ]

    def max_notification_id(self) -> int | None:
        with self.database.connection() as connection:
            return self.reader.head(connection) or None


class _Statements:
    """The writing statements of one sequence, composed once."""

    def __init__(self, sequence: str, table: Identifier) -> None:
        def over(text: LiteralString) -> Composed:
            return SQL(text).format(table=table)

        self.begin_locked = SQL("BEGIN; {}").format(_LOCK.format(sequence))
        self.head = over(
            "SELECT coalesce(e.notification_id, 0), "
            "greatest(clock_timestamp(), e.recorded_at), coalesce(a.chain, ''), "
            "ARRAY(SELECT coalesce((SELECT originator_version FROM {table} "
            "WHERE originator_id = s.id ORDER BY originator_version DESC LIMIT 1), 0) "
            "FROM unnest(string_to_array(%s, ',')::uuid[]) WITH ORDINALITY AS s (id, place) "
            "ORDER BY place) FROM (SELECT 1) one "
            "LEFT JOIN (SELECT notification_id, recorded_at FROM {table} "
            "ORDER BY notification_id DESC LIMIT 1) e ON true "
            "LEFT JOIN (SELECT chain FROM record.appends WHERE sequence = %s "
            "ORDER BY first_position DESC LIMIT 1) a ON true"
        )
        self.begun = over(
            "SELECT originator_id FROM {table} "
            "WHERE originator_id = ANY(string_to_array(%s, ',')::uuid[]) AND originator_version = 1"
        )
        told = SQL(
            "appended AS (INSERT INTO record.appends VALUES (%s, %s, %s, %s, %s)), "
            "keyed AS (INSERT INTO vault.keys "
            "SELECT * FROM unnest(string_to_array(%s, ',')::uuid[], %s::bytea[], "
            "string_to_array(%s, ',')::integer[])) "
            "SELECT pg_notify(%s, '')"
        )
        stored = over(
            "stored AS (INSERT INTO {table} SELECT e.*, r.at FROM "
            "unnest(string_to_array(%s, ',')::uuid[], string_to_array(%s, ',')::bigint[], "
            "string_to_array(%s, ','), %s::bytea[], string_to_array(%s, ',')::bigint[]) AS e, "
            "(SELECT %s::timestamptz AS at) AS r)"
        )
        self.append = SQL("WITH {}").format(told)
        self.append_few = SQL("WITH {}, {}").format(stored, told)
        self.copy = over("COPY {table} FROM STDIN (FORMAT BINARY)")


@cache
def _statements(sequence: str) -> _Statements:
    return _Statements(sequence, SequenceReader(sequence).table)


def _columns(keys: Sequence[KeyRow]) -> tuple[str, str, str]:
    return (
        _hex(key.key_id.bytes for key in keys),
        _array([key.wrapped for key in keys]),
        _joined(key.kek for key in keys),
    )


# Each column is sent as one text, which the driver need not look through as it does a list.


def _hex(streams: Iterable[bytes]) -> str:
    return _joined(stream.hex() for stream in streams)


def _joined(values: Iterable[object]) -> str:
    return ",".join(map(str, values))


def _array(values: Iterable[bytes]) -> str:
    """Bytes as PostgreSQL writes an array of them."""
    return "{{{}}}".format(",".join([rf'"\\x{value.hex()}"' for value in values]))


def _uuid(value: UUID | str) -> UUID:
    return value if isinstance(value, UUID) else UUID(value)
