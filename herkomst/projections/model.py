"""The read model: rows that are a function of events, in a table of its own generation.

A model names the owner of its rows, mostly the stream, and folds an event into the rows of that
owner. What is new is copied in; what existed is read, folded, and written anew. So each file of
this room holds only what its screen needs: columns, DDL, version and fold.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from hashlib import sha256
from typing import Any, ClassVar, LiteralString, NamedTuple
from uuid import UUID

import msgspec
from psycopg import Connection
from psycopg.sql import SQL, Composed, Identifier

from herkomst.domain.events import EventData, Recorded
from herkomst.projections.copying import RowFormat
from herkomst.record.database import Row
from herkomst.record.vault import DataKey

Rows = list[tuple[Any, ...]]
Token = Callable[[str], str]
_json = msgspec.json.Encoder(order="deterministic").encode
encode_json = msgspec.json.Encoder(order="sorted").encode


UNTOLD: LiteralString = ""


class Column(NamedTuple):
    """A column, its PostgreSQL type, and what of it the digest tells.

    A digest covers what happened and not how it is stored: clocks, positions, register order,
    ciphertext and keyed hashes stay `UNTOLD`, so that two databases that accepted the same
    records agree.
    """

    name: LiteralString
    type: LiteralString
    told: LiteralString | None = None
    """Expression that is told; None is the column itself."""


def day(written: str | None) -> date | None:
    """A day as a row holds it, of how an event writes it."""
    return None if written is None else date.fromisoformat(written)


class Unsealed:
    """The data keys of one batch, and the keyed hash: what a fold may use beside the event."""

    def __init__(self, keys: Mapping[UUID, DataKey], token: Token) -> None:
        self._keys = keys
        self.token = token

    def open(self, key_id: UUID, sealed: bytes | None) -> bytes | None:
        """The plain bytes, or None where nothing was sealed or the key was destroyed."""
        key = self._keys.get(key_id)
        return None if key is None or sealed is None else key.open(sealed)


class Model(ABC):
    """Base of the read models."""

    name: ClassVar[LiteralString]
    version: ClassVar[int]
    sequence: ClassVar[str] = "register"
    columns: ClassVar[tuple[Column, ...]]
    owner: ClassVar[LiteralString]
    """Column that holds the owner of a row."""
    key: ClassVar[tuple[LiteralString, ...]]
    """Columns of the primary key."""
    order: ClassVar[LiteralString]
    """What digests are ordered by; it must not depend on what is untold."""
    tells: ClassVar[LiteralString] = "true"
    """Condition on the rows that digests tell of."""
    indexes: ClassVar[tuple[LiteralString, ...]] = ()
    """What stands behind `CREATE INDEX ON table`, one each."""
    topics: ClassVar[frozenset[type[EventData]]]
    """The events that it folds."""

    def __init__(self) -> None:
        self._format = RowFormat([column.type for column in self.columns])
        self.topic_names = frozenset(kind.TOPIC for kind in self.topics)

    @abstractmethod
    def fold(self, rows: Rows, fact: Recorded, unsealed: Unsealed) -> Rows:
        """The owner's rows after this event."""

    def concerning(self, facts: Iterable[Recorded]) -> list[Recorded]:
        """Those of these events that it folds; the others stay undecoded."""
        topics = self.topic_names
        return [fact for fact in facts if fact.topic in topics]

    def owner_of(self, fact: Recorded) -> UUID:
        """Whose rows an event changes."""
        return fact.stream

    def key_of(self, fact: Recorded) -> UUID | None:
        """Which data key the fold needs to open what this event sealed, if any."""
        return None

    # Over tables

    def table(self, generation: int) -> Identifier:
        return Identifier("read", f"{self.name}_{generation}")

    def tables(self, generation: int) -> dict[str, Identifier]:
        """The tables of a generation, by how statements name them."""
        return {self.name: self.table(generation)}

    def create(self, connection: Connection[Row], generation: int) -> None:
        """Make the table of a generation, without its further indexes."""
        columns = SQL(", ").join(
            SQL("{} {}").format(Identifier(c.name), SQL(c.type)) for c in self.columns
        )
        key = SQL(", ").join(map(Identifier, self.key))
        connection.execute(
            SQL("CREATE TABLE {} ({}, PRIMARY KEY ({}))").format(
                self.table(generation), columns, key
            )
        )

    def index(self, connection: Connection[Row], generation: int) -> None:
        """Make the further indexes of a generation, and let the planner know its size."""
        for index in self.indexes:
            connection.execute(
                SQL("CREATE INDEX ON {} ").format(self.table(generation)) + SQL(index)
            )
        connection.execute(SQL("ANALYZE {}").format(self.table(generation)))

    def drop(self, connection: Connection[Row], generation: int) -> None:
        connection.execute(SQL("DROP TABLE IF EXISTS {}").format(self.table(generation)))

    def apply(
        self,
        connection: Connection[Row],
        generation: int,
        facts: Iterable[Recorded],
        unsealed: Unsealed,
    ) -> None:
        """Fold a batch into the table, inside the caller's transaction."""
        by_owner = self._by_owner(facts)
        if not by_owner:
            return
        known = [owner for owner, own in by_owner.items() if not begins(owner, own[0])]
        before = self.take(connection, generation, known) if known else {}
        self.write(connection, generation, self._folded(by_owner, before, unsealed))

    def _folded(
        self,
        by_owner: Mapping[UUID, Sequence[Recorded]],
        before: Mapping[UUID, Rows],
        unsealed: Unsealed,
    ) -> Iterator[tuple[Any, ...]]:
        for owner, own in by_owner.items():
            rows = before.get(owner, [])
            for fact in own:
                rows = self.fold(rows, fact, unsealed)
            yield from rows

    def replayed(self, facts: Iterable[Recorded], unsealed: Unsealed) -> list[tuple[Any, ...]]:
        """The rows that these events come to by themselves, without a table."""
        return list(self._folded(self._by_owner(facts), {}, unsealed))

    def _by_owner(self, facts: Iterable[Recorded]) -> dict[UUID, list[Recorded]]:
        by_owner: dict[UUID, list[Recorded]] = {}
        for fact in self.concerning(facts):
            by_owner.setdefault(self.owner_of(fact), []).append(fact)
        return by_owner

    def take(
        self, connection: Connection[Row], generation: int, owners: Sequence[UUID]
    ) -> dict[UUID, Rows]:
        """The rows of these owners, taken out of the table."""
        statement = SQL("DELETE FROM {} WHERE {} = ANY(%b) RETURNING {}").format(
            self.table(generation), Identifier(self.owner), self._read_columns()
        )
        place = [column.name for column in self.columns].index(self.owner)
        found: dict[UUID, Rows] = {}
        for row in connection.execute(statement, (list(owners),)).fetchall():
            found.setdefault(row[place], []).append(row)
        return {owner: sorted(rows, key=self._key_of_row) for owner, rows in found.items()}

    def _key_of_row(self, row: tuple[Any, ...]) -> tuple[str, ...]:
        names = [column.name for column in self.columns]
        return tuple(str(row[names.index(name)]) for name in self.key)

    def _read_columns(self) -> Composed:
        # jsonb comes back as its text, so that a row that is written anew is what it was.
        return SQL(", ").join(
            SQL("{}::text" if c.type == "jsonb" else "{}").format(Identifier(c.name))
            for c in self.columns
        )

    def write(
        self, connection: Connection[Row], generation: int, rows: Iterable[tuple[Any, ...]]
    ) -> None:
        """Copy rows into the table of a generation, while they are being made."""
        names = SQL(", ").join(Identifier(c.name) for c in self.columns)
        statement = SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(
            self.table(generation), names
        )
        with connection.cursor() as cursor, cursor.copy(statement) as copy:
            for part in self._format.binary(rows):
                copy.write(part)

    def digest(self, connection: Connection[Row], generation: int) -> tuple[int, str]:
        """Number of rows, and SHA-256 over what they tell, in key order."""
        told = SQL(", ").join(
            SQL("({})::text").format(Identifier(c.name) if c.told is None else SQL(c.told))
            for c in self.columns
            if c.told != UNTOLD
        )
        statement = SQL("SELECT {} FROM {} WHERE {} ORDER BY {}").format(
            told, self.table(generation), SQL(self.tells), SQL(self.order)
        )
        total, seen = sha256(), 0
        with connection.transaction(), connection.cursor(name=f"digest_{self.name}") as cursor:
            cursor.itersize = 5000
            cursor.execute(statement)
            for row in cursor:
                total.update(_json(row))
                total.update(b"\n")
                seen += 1
        return seen, total.hexdigest()


def begins(owner: UUID, first: Recorded) -> bool:
    """Whether the owner's own stream begins here, so that it can have no rows yet."""
    return first.version == 1 and (first.stream is owner or first.stream == owner)
