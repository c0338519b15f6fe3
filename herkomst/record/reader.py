"""Reading a sequence: typed events behind a position, and whole short streams.

Rows come in binary. Because the order of positions is the order of commits, whoever reads behind
a position misses nothing.
"""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, LiteralString, NamedTuple
from uuid import UUID

from psycopg import Connection
from psycopg.sql import SQL, Composed, Identifier

from herkomst.domain.events import Recorded, must_know
from herkomst.record.database import Row


class Batch(NamedTuple):
    """The next events behind a position, without those that nobody asked for."""

    facts: list[Recorded]
    end: int
    """The position that it reaches, asked for or not; where it began when nothing is left."""


class SequenceReader:
    """Reads one sequence over a connection of the caller, inside its transaction if it has one."""

    def __init__(self, sequence: str) -> None:
        self.sequence = sequence
        self.table = Identifier("record", f"{sequence}_events")
        self._sql = _statements(sequence)

    def head(self, connection: Connection[Row]) -> int:
        """Position of the last event; 0 when there is none."""
        return int(self._rows(connection, self._sql.head, ())[0][0])

    def after(self, connection: Connection[Row], position: int, limit: int) -> list[Recorded]:
        """The next events behind a position, in order."""
        # Positions are dense, so the next ones are a range. Given only a limit, a planner without
        # statistics sorts all that lies behind the position, which a fresh import makes much.
        rows = self._rows(connection, self._sql.range, (position, position + limit))
        if not rows:
            rows = self._rows(connection, self._sql.after, (position, limit))
        return _recorded(rows)

    def batch(
        self, connection: Connection[Row], position: int, limit: int, without: Iterable[str]
    ) -> Batch:
        """As many of the next events, without those of some topics, which stay at the server."""
        end = self._rows(connection, self._sql.reach, (position, position + limit))[0][0]
        if end is None:
            facts = self.after(connection, position, limit)
            return Batch(facts, facts[-1].position if facts else position)
        return Batch(self.within(connection, position, end, without), end)

    def within(
        self, connection: Connection[Row], after: int, until: int, without: Iterable[str]
    ) -> list[Recorded]:
        """The events of a range, in order, without those of some topics."""
        return _recorded(
            self._rows(connection, self._sql.range_without, (after, until, list(without)))
        )

    def streams(
        self, connection: Connection[Row], streams: Sequence[UUID]
    ) -> dict[UUID, list[Recorded]]:
        """The whole of some short streams; one that has not begun is not there."""
        found: dict[UUID, list[Recorded]] = {}
        for fact in _recorded(self._rows(connection, self._sql.streams, (list(streams),))):
            found.setdefault(fact.stream, []).append(fact)
        return found

    def version_of(self, connection: Connection[Row], stream: UUID) -> int:
        """Version of the last event of a stream; 0 when it has not begun."""
        return int(self._rows(connection, self._sql.version_of, (stream,))[0][0])

    def fact(self, connection: Connection[Row], stream: UUID, version: int) -> Recorded | None:
        """One event of a stream, by its version."""
        found = _recorded(self._rows(connection, self._sql.fact, (stream, version)))
        return found[0] if found else None

    def version_at(self, connection: Connection[Row], positions: Sequence[int]) -> dict[int, int]:
        """Version of the event at each of these positions."""
        rows = self._rows(connection, self._sql.version_at, (list(positions),))
        return {row[0]: row[1] for row in rows}

    def stored(
        self,
        connection: Connection[Row],
        stream: UUID | str,
        after: int,
        until: int | None,
        descending: bool,
        limit: int | None,
    ) -> list[Row]:
        """Stream, version, topic and bytes of a part of one stream."""
        statement = self._sql.stream_down if descending else self._sql.stream_up
        return self._rows(connection, statement, (stream, after, until, until, limit))

    def between(
        self,
        connection: Connection[Row],
        after: int,
        until: int | None,
        topics: Sequence[str],
        limit: int,
    ) -> list[Row]:
        """Position, stream, version, topic, bytes and moment, by topic if any is named."""
        wanted = list(topics) or None
        return self._rows(
            connection, self._sql.between, (after, until, until, wanted, wanted, limit)
        )

    @staticmethod
    def _rows(connection: Connection[Row], statement: Composed, values: Sequence[Any]) -> list[Row]:
        with connection.cursor(binary=True) as cursor:
            return cursor.execute(statement, values).fetchall()


class _Statements:
    """The reading statements of one sequence, composed once."""

    def __init__(self, table: Identifier) -> None:
        columns = SQL(
            "notification_id, originator_id, originator_version, topic, state, recorded_at"
        )

        def over(text: LiteralString) -> Composed:
            return SQL(text).format(table=table, columns=columns)

        stream: LiteralString = (
            "SELECT originator_id, originator_version, topic, state FROM {table} "
            "WHERE originator_id = %s AND originator_version > %s "
            "AND (%s::bigint IS NULL OR originator_version <= %s) ORDER BY originator_version "
        )
        self.head = over("SELECT coalesce(max(notification_id), 0) FROM {table}")
        self.range = over(
            "SELECT {columns} FROM {table} WHERE notification_id > %s AND notification_id <= %s "
            "ORDER BY notification_id"
        )
        self.range_without = over(
            "SELECT {columns} FROM {table} WHERE notification_id > %s AND notification_id <= %s "
            "AND topic <> ALL(%s) ORDER BY notification_id"
        )
        self.reach = over(
            "SELECT max(notification_id) FROM {table} "
            "WHERE notification_id > %s AND notification_id <= %s"
        )
        self.after = over(
            "SELECT {columns} FROM {table} WHERE notification_id > %s "
            "ORDER BY notification_id LIMIT %s"
        )
        self.between = over(
            "SELECT {columns} FROM {table} WHERE notification_id > %s "
            "AND (%s::bigint IS NULL OR notification_id <= %s) "
            "AND (%s::text[] IS NULL OR topic = ANY(%s)) ORDER BY notification_id LIMIT %s"
        )
        self.stream_up = over(stream + "LIMIT %s")
        self.stream_down = over(stream + "DESC LIMIT %s")
        self.streams = over(
            "SELECT {columns} FROM {table} WHERE originator_id = ANY(%s) "
            "ORDER BY originator_id, originator_version"
        )
        self.fact = over(
            "SELECT {columns} FROM {table} WHERE originator_id = %s AND originator_version = %s"
        )
        self.version_of = over(
            "SELECT coalesce(max(originator_version), 0) FROM {table} WHERE originator_id = %s"
        )
        self.version_at = over(
            "SELECT notification_id, originator_version FROM {table} "
            "WHERE notification_id = ANY(%s)"
        )


@cache
def _statements(sequence: str) -> _Statements:
    return _Statements(Identifier("record", f"{sequence}_events"))


def _recorded(rows: Sequence[Row]) -> list[Recorded]:
    """Raises `UnknownTopic`."""
    must_know(row[3] for row in rows)
    return [Recorded(*row) for row in rows]
