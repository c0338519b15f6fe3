"""Verification: the whole record is read again, and what was tampered with is named.

Each event is hashed and held against the leaf that its append kept, each append against the keyed
chain over those before it, each purchase against its number. Pages come in binary and are let go
of, so memory does not grow with the record. Who owns the database and lacks the key file cannot
forge a chain; the one thing he can do unseen by it is to take away the newest events with their
appends, and what was derived from those tells: followers, and data keys.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from psycopg import Connection
from psycopg.abc import Loader
from psycopg.sql import SQL, Identifier, Literal
from psycopg.types.numeric import Int8BinaryLoader
from psycopg.types.string import ByteaBinaryLoader

from herkomst.domain import journal  # noqa: F401 - its events are known once it is imported
from herkomst.domain.casework import personnel, rehearsal  # noqa: F401 - likewise
from herkomst.domain.casework.parts import BEGIN, key_of
from herkomst.domain.events import (
    Envelope,
    EventData,
    Recorded,
    UnknownTopic,
    UnknownVersion,
    decode,
    encode,
)
from herkomst.domain.register import book, purchase
from herkomst.record.application import RecordApplication
from herkomst.record.archive import Archive
from herkomst.record.database import Row, connect
from herkomst.record.keyring import Keyring
from herkomst.record.leaf import SIZE, leaf

PAGE = 10_000
"""Events that are held at a time."""
MOST = 1000
"""Findings that one statement of the database lists."""
Progress = Callable[[str, int, int], None]
"""Told the sequence, how far it was read and where it ends."""

_Row = tuple[int, bytes, int, bytes, bytes, int]
"""The fields of `_Stored`, which is made of it only where something is wrong."""
_RAW: dict[str, type[Loader]] = {
    "uuid": ByteaBinaryLoader,
    "text": ByteaBinaryLoader,
    "timestamptz": Int8BinaryLoader,
}
"""How columns are read when nothing is made of them but bytes to hash."""

_BEGUN = (
    "SELECT notification_id, originator_id, originator_version, topic, state, recorded_at "
    "FROM record.casework_events WHERE topic = ANY(%s) ORDER BY notification_id"
)
_FIRST = -(2**63)
_TO_1970 = 946_684_800_000_000
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, LookupError, TypeError, ValueError)
_decode_any = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


class Finding(msgspec.Struct, frozen=True):
    """Something that the record would not hold, had nobody tampered with it."""

    sequence: str
    """`register`, `casework` or `journal`; `vault` for a data key."""
    position: int
    """0 where it is not about one position."""
    what: str
    """A code, such as `leaf_differs`."""
    message: str


class _Stored(NamedTuple):
    """An event as it lies in the table."""

    position: int
    stream: bytes
    version: int
    topic: bytes
    state: bytes
    since_2000: int
    """Microseconds, as PostgreSQL keeps a moment."""

    def __str__(self) -> str:
        topic = self.topic.decode(errors="replace")
        return f"{topic}, version {self.version} of stream {UUID(bytes=self.stream)}"


def verify(archive: Archive, progress: Progress | None = None) -> Iterator[Finding]:
    """Read the record again, and name what does not hold. Appends may go on meanwhile."""
    with ExitStack() as stack:
        urls = dict.fromkeys((archive.database.url, archive.journal.database.url))
        connections = {url: stack.enter_context(_connected(url)) for url in urls}
        # Before the heads: a follower is never ahead of a head that is looked up after it.
        followers = connections[archive.database.url].execute(
            "SELECT name, sequence, position FROM follow.followers ORDER BY name"
        )
        standings = followers.fetchall()
        for application in (archive.register, archive.casework, archive.journal):
            connection = connections[application.database.url]
            yield from _Sequence(connection, application, progress).findings(standings)
        for connection in connections.values():
            yield from _keys_without_event(connection)


def _connected(url: str) -> Connection[Row]:
    connection = connect(url, "herkomst verify")
    # In the order of the index, also where a fresh table has no statistics yet.
    connection.execute("SET enable_sort = off")
    connection.execute("SET enable_bitmapscan = off")
    return connection


class _Sequence:
    """One sequence, while it is read."""

    def __init__(
        self,
        connection: Connection[Row],
        application: RecordApplication,
        progress: Progress | None,
    ) -> None:
        self._connection = connection
        self._progress = progress or _untold
        self._reader = application.recorder.reader
        self.name = application.sequence
        self._chain = _Chain(self.name, application.keyring)
        self._books = _Books(self.name)
        self._next = 1
        self._latest = _FIRST
        self._statement = SQL(
            "SELECT notification_id, originator_id, originator_version, topic, state, recorded_at "
            "FROM {} WHERE notification_id > %s AND notification_id <= %s "
            "ORDER BY notification_id LIMIT %s"
        ).format(self._reader.table)

    def findings(self, followers: list[Row]) -> Iterator[Finding]:
        head, appended = self._ends()
        for rows, appends in self._pages(head):
            found = self._chain.follow(appends)
            for row in rows:
                self._check(row, found)
            yield from found
            self._chain.forget(rows[-1][0])
            self._progress(self.name, rows[-1][0], head)
        yield from self._books.close()
        if appended > head:
            yield self._missing(head + 1, appended)
        for name, sequence, position in followers:
            if sequence == self.name and position > head:
                yield self._truncated(name, position, head)
        yield from self._version_gaps()

    # Reading

    def _ends(self) -> tuple[int, int]:
        """The last position, and the last that was appended, as one statement sees them."""
        row = self._connection.execute(
            SQL(
                "SELECT (SELECT coalesce(max(notification_id), 0) FROM {}), "
                "(SELECT coalesce(max(last_position), 0) FROM record.appends WHERE sequence = {})"
            ).format(self._reader.table, Literal(self.name))
        ).fetchone()
        assert row is not None
        return int(row[0]), int(row[1])

    def _pages(self, head: int) -> Iterator[tuple[list[_Row], list[Row]]]:
        """Events in order with the appends that begin among them; the next are read ahead."""
        with ThreadPoolExecutor(1, thread_name_prefix="verify") as reader:
            ahead = reader.submit(self._page, _FIRST, head)
            while (page := ahead.result())[0]:
                ahead = reader.submit(self._page, page[0][-1][0], head)
                yield page

    def _page(self, after: int, head: int) -> tuple[list[_Row], list[Row]]:
        with self._connection.cursor(binary=True) as cursor:
            for name, loader in _RAW.items():
                cursor.adapters.register_loader(name, loader)
            rows = cursor.execute(self._statement, (after, head, PAGE)).fetchall()
            until = rows[-1][0] if rows else after
            cursor.execute(
                "SELECT first_position, last_position, leaves, chain FROM record.appends "
                "WHERE sequence = %s AND first_position > %s AND first_position <= %s "
                "ORDER BY first_position",
                (self.name, after, until),
            )
            return rows, cursor.fetchall()

    # Checking

    def _check(self, row: _Row, found: list[Finding]) -> None:
        position, stream, version, topic, state, since_2000 = row
        if position != self._next:
            found.append(self._misplaced(_Stored(*row)))
        self._next = position + 1
        kept = self._chain.leaves.get(position)
        if kept != leaf(stream, version, since_2000 + _TO_1970, topic, state):
            self._not_kept(_Stored(*row), kept, found)
        if since_2000 < self._latest:
            told = "was recorded before the event before it"
            found.append(self._finding(_Stored(*row), "clock_went_back", told))
        self._latest = since_2000
        data = self._read(row, found)
        if data is not None:
            self._books.see(row, data, found)

    def _read(self, row: _Row, found: list[Finding]) -> EventData | None:
        """What the event says, if that can be told; that its bytes are the canonical ones."""
        try:
            body = decode(row[3].decode(), row[4])
        except (UnknownTopic, UnknownVersion) as error:
            found.append(self._finding(_Stored(*row), error.code, f"cannot be read: {error}"))
            return None
        except _UNREADABLE as error:
            found.append(self._finding(_Stored(*row), "unreadable", f"cannot be read: {error}"))
            return None
        data: EventData = body.data
        if not _is_canonical(data, body.envelope, row[4]):
            told = "does not read back to the bytes it has"
            found.append(self._finding(_Stored(*row), "not_canonical", told))
        return data

    def _misplaced(self, row: _Stored) -> Finding:
        if row.position > self._next:
            return self._missing(self._next, row.position - 1)
        return self._finding(row, "position_surplus", "stands where no event can stand")

    def _not_kept(self, row: _Stored, kept: bytes | None, found: list[Finding]) -> None:
        if kept is not None:
            found.append(self._finding(row, "leaf_differs", "is not what was appended there"))
        elif self._chain.lacks(row.position):
            found.append(self._finding(row, "append_missing", "was put there by no append"))

    def _version_gaps(self) -> Iterator[Finding]:
        rows = self._connection.execute(
            SQL(
                "SELECT originator_id, count(*), max(originator_version) FROM {} "
                "GROUP BY originator_id HAVING min(originator_version) <> 1 "
                "OR max(originator_version) <> count(*) ORDER BY originator_id LIMIT {}"
            ).format(self._reader.table, Literal(MOST))
        )
        for stream, count, last in rows:
            yield Finding(
                self.name,
                0,
                "version_gap",
                f"{self.name}: stream {stream} holds {count} events, and the last is version "
                f"{last}: versions between are missing.",
            )

    # Naming

    def _finding(self, row: _Stored, what: str, told: str) -> Finding:
        return _finding(self.name, row, what, told)

    def _missing(self, first: int, last: int) -> Finding:
        places = f"position {first}" if first == last else f"positions {first} to {last}"
        return Finding(
            self.name,
            first,
            "position_missing",
            f"{self.name}: nothing stands at {places}: events were removed.",
        )

    def _truncated(self, follower: str, position: int, head: int) -> Finding:
        return Finding(
            self.name,
            head + 1,
            "tail_missing",
            f"{self.name} ends at {head}, but the follower {follower!r} has read it up to "
            f"{position}: the last events were removed.",
        )


class _Chain:
    """The appends of a sequence, each linked to the one before by a key outside the database."""

    def __init__(self, sequence: str, keyring: Keyring) -> None:
        self._sequence = sequence
        self._keyring = keyring
        self._next = 1
        self._link = b""
        self.leaves: dict[int, bytes] = {}

    def follow(self, rows: list[Row]) -> list[Finding]:
        """Keep the leaves of these appends by position; what is wrong with the appends."""
        found: list[Finding] = []
        for first, last, leaves, link in rows:
            if first != self._next:
                found.append(self._gap(first))
            if len(leaves) != SIZE * (last + 1 - first):
                told = "does not hold one leaf for each position"
                found.append(self._broken(first, last, told))
            elif link != self._keyring.chain(self._link, first, leaves):
                found.append(self._broken(first, last, "does not follow from the one before it"))
            self._next, self._link = last + 1, link
            parts = [leaves[at : at + SIZE] for at in range(0, len(leaves), SIZE)]
            self.leaves.update(zip(range(first, last + 1), parts, strict=False))
        return found

    def lacks(self, position: int) -> bool:
        """Whether it is news that no append covers a position; from then on it is none."""
        is_news = position >= self._next
        self._next = max(self._next, position + 1)
        return is_news

    def forget(self, until: int) -> None:
        """Let go of the leaves up to a position."""
        self.leaves = {p: kept for p, kept in self.leaves.items() if p > until}

    def _gap(self, first: int) -> Finding:
        if first < self._next:
            return self._broken(first, first, "overlaps the one before it")
        return Finding(
            self._sequence,
            self._next,
            "append_missing",
            f"{self._sequence}: no append covers positions {self._next} to {first - 1}.",
        )

    def _broken(self, first: int, last: int, told: str) -> Finding:
        return Finding(
            self._sequence,
            first,
            "chain_broken",
            f"{self._sequence}: the append of positions {first} to {last} {told}.",
        )


class _Books:
    """That each registered purchase is followed by its one entry in the book of its dealer."""

    def __init__(self, sequence: str) -> None:
        self._sequence = sequence
        self._due: tuple[_Row, purchase.Registered] | None = None

    def see(self, row: _Row, data: EventData, found: list[Finding]) -> None:
        due, self._due = self._due, None
        if isinstance(data, book.Entered):
            self._entered(row, data, due, found)
        elif due is not None:
            found.append(self._unnumbered(due[0]))
        if isinstance(data, purchase.Registered):
            self._due = row, data
            if row[2] != 1:
                told = "begins a purchase that had begun"
                found.append(_finding(self._sequence, _Stored(*row), "registered_twice", told))

    def close(self) -> list[Finding]:
        return [] if self._due is None else [self._unnumbered(self._due[0])]

    def _entered(
        self,
        row: _Row,
        data: book.Entered,
        due: tuple[_Row, purchase.Registered] | None,
        found: list[Finding],
    ) -> None:
        if due is None or data.purchase != due[0][1].hex():
            told = "numbers no purchase that stands before it"
            found.append(_finding(self._sequence, _Stored(*row), "number_surplus", told))
            if due is not None:
                found.append(self._unnumbered(due[0]))
        elif row[1] != purchase.book_of(due[1]).bytes:
            told = "stands in the book of another"
            found.append(_finding(self._sequence, _Stored(*row), "number_misplaced", told))

    def _unnumbered(self, row: _Row) -> Finding:
        told = "has no register number behind it"
        return _finding(self._sequence, _Stored(*row), "number_missing", told)


def _finding(sequence: str, row: _Stored, what: str, told: str) -> Finding:
    return Finding(sequence, row.position, what, f"{sequence} {row.position} ({row}) {told}.")


def _keys_without_event(connection: Connection[Row]) -> Iterator[Finding]:
    """A data key is committed with the event that opens its stream, or a part of it; one that is
    left alone shows where events were removed."""
    tables = [Identifier("record", f"{s}_events") for s in ("register", "casework", "journal")]
    unknown = SQL(" AND ").join(
        SQL(
            "NOT EXISTS (SELECT FROM {} e WHERE e.originator_id = k.key_id "
            "AND e.originator_version = 1)"
        ).format(table)
        for table in tables
    )
    statement = SQL(
        "SELECT key_id FROM vault.keys k WHERE {} AND k.key_id <> ALL({}) ORDER BY key_id LIMIT {}"
    )
    known = Literal(list(_parts(connection)))
    for (key_id,) in connection.execute(statement.format(unknown, known, Literal(MOST))):
        yield Finding(
            "vault",
            0,
            "key_without_event",
            f"vault: the data key {key_id} belongs to no stream: its events were removed.",
        )


def _parts(connection: Connection[Row]) -> Iterator[UUID]:
    """The data keys of parts of streams, by the events with which they begin. What cannot be read
    was told of before, and begins none."""
    for row in connection.execute(_BEGUN, (list(BEGIN),)).fetchall():
        with suppress(UnknownTopic, UnknownVersion, *_UNREADABLE):
            yield key_of(Recorded(*row))


def _is_canonical(data: EventData, envelope: Envelope, state: bytes) -> bool:
    if envelope.v == data.VERSION:
        return encode(data, envelope) == state
    # It was lifted, so what was written is only known without its type.
    return canonical(_decode_any(state)) == state


def canonical(value: Any) -> bytes:
    """Canonical JSON (RFC 8785) of a value without floats."""
    return _encode(_sorted(value))


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        names = sorted(value, key=lambda name: name.encode("utf-16-be"))
        return {name: _sorted(value[name]) for name in names}
    return [_sorted(part) for part in value] if isinstance(value, list) else value


def _untold(*_: object) -> None:
    """Progress that nobody watches."""
