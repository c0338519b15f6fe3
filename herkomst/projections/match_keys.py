"""The numbers of both sides with the facts that a verdict needs: the index of matching.

A row is a number on a good. Numbers that look alike meet by its key, parts by how they end, slips
by how they end or begin; all are columns of the one row. Beside it stands how many stolen goods
of a brand and model bear a number, of which chances are computed.

It belongs to the process that matches, and moves with it in one transaction; in content it is a
function of events like any other model and can be rebuilt. A public check reads it too.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from operator import attrgetter
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from psycopg import Connection
from psycopg.sql import SQL, Composed, Identifier

from herkomst.domain import ids
from herkomst.domain.calendar import interval
from herkomst.domain.events import Recorded
from herkomst.domain.goods import normal_brand, normal_model
from herkomst.domain.identifiers import Found, Number, numbers, numbers_in
from herkomst.domain.likeness import type_code
from herkomst.domain.matching import Side
from herkomst.domain.register import identity, keeping, purchase, stolen_item
from herkomst.projections.model import Column, Model, Rows, Token, Unsealed
from herkomst.record.database import Row

PURCHASE, STOLEN = "purchase", "stolen"
_OF_IDENTITY = frozenset({identity.IdentityErased.TOPIC, identity.IdentityRestricted.TOPIC})
"""Events on the stream of an identity that say what becomes of its purchase's sealed numbers."""
_OF_KEY = frozenset({keeping.KeyDestroyed.TOPIC, keeping.KeyRestricted.TOPIC})
"""The same of what is no identity; a stolen good is then compared with nothing."""
_purchase_part = msgspec.json.Decoder(purchase.PrivatePart).decode
_stolen_part = msgspec.json.Decoder(stolen_item.PrivatePart).decode
_NO_PART = stolen_item.PrivatePart()


class Keyed(NamedTuple):
    """A row: one number of one good, in the order of the columns."""

    key: str
    exact: str | None
    """None where it is the key."""
    written: str | None
    found: Found
    ends: str | None
    stem: str | None
    side: str
    item: UUID
    line: int
    source: str
    source_key: str
    kind: str
    brand: str | None
    model: str | None
    start: datetime
    finish: datetime
    offer_refused: bool
    withdrawn: bool
    never: bool
    recovered: datetime | None
    recovered_end: datetime | None
    closed: bool
    """Whether not even its existence is told, so that nobody may notice it by a flood."""

    @property
    def good(self) -> tuple[str, UUID, int]:
        """The good that the number stands on."""
        return self.side, self.item, self.line

    @property
    def class_(self) -> str:
        return self.key.partition(":")[0]

    @property
    def number(self) -> Number:
        return Number(
            self.key, self.exact or self.key, self.written, self.found, self.ends, self.stem
        )


def check_values(number: Number, against: str, most: int, crowd: int) -> tuple[object, ...]:
    """What is looked up of a number against a side: key, side and limit, three times."""
    return (number.key, against, most, number.ends, against, most, number.stem, against, crowd)


class Stock(NamedTuple):
    """What stolen goods are counted by. Closed ones are not: they must not be noticed."""

    class_: str
    brand: str
    model: str


def stock_of(rows: Iterable[Keyed]) -> Counter[Stock]:
    """How many of these numbers stand on stolen goods, by what they are counted by."""
    return Counter(
        Stock(row.class_, brand, _type(row, brand))
        for row in rows
        if row.side == STOLEN and not row.closed and row.found in ("number", "second")
        for brand in (normal_brand(row.brand) or "",)
    )


_NOT_STOLEN = (False, False, None, None, False)
"""What a purchase has in the columns of a theft."""


def side(rows: Sequence[Keyed]) -> Side:
    """The facts of one good from its rows."""
    row = rows[0]
    return Side(
        kind=row.kind,
        brand=row.brand,
        model=row.model,
        numbers=tuple(sorted([r.number for r in rows], key=attrgetter("key"))),
        start=row.start,
        end=row.finish,
        offer_refused=row.offer_refused,
        withdrawn=row.withdrawn,
        never=row.never,
        recovered=row.recovered,
        recovered_end=row.recovered_end,
    )


def _type(row: Keyed, brand: str) -> str:
    """The type of a good, by the code that its number begins with, or its model."""
    code = type_code(row.class_, (row.exact or row.key).partition(":")[2])
    return normal_model(row.model, brand) or "" if code is None else code


class MatchKeys(Model):
    name = "match_keys"
    version = 5
    owner = "item"
    key = ("key", "side", "closed", "item", "line")
    order = 'item, line, key COLLATE "C"'
    columns = (
        Column(
            "key", "text", "CASE WHEN key LIKE '%:~%' THEN split_part(key, ':', 1) ELSE key END"
        ),
        Column(
            "exact", "text", "CASE WHEN key LIKE '%:~%' THEN split_part(key, ':', 1) ELSE exact END"
        ),
        Column("written", "text"),
        Column("found", "text"),
        Column("ends", "text"),
        Column("stem", "text"),
        Column("side", "text"),
        Column("item", "uuid"),
        Column("line", "integer"),
        Column("source", "text"),
        Column("source_key", "text"),
        Column("kind", "text"),
        Column("brand", "text"),
        Column("model", "text"),
        Column("start", "timestamptz"),
        Column("finish", "timestamptz"),
        Column("offer_refused", "boolean"),
        Column("withdrawn", "boolean"),
        Column("never", "boolean"),
        Column("recovered", "timestamptz"),
        Column("recovered_end", "timestamptz"),
        Column("closed", "boolean"),
    )
    indexes = ("(item)", "(ends, side, closed)", "(stem, closed)")
    topics = frozenset(
        {
            purchase.Registered,
            purchase.Corrected,
            stolen_item.Reported,
            stolen_item.Amended,
            stolen_item.Withdrawn,
            stolen_item.Recovered,
            identity.IdentityRestricted,
            identity.IdentityErased,
            keeping.KeyRestricted,
            keeping.KeyDestroyed,
        }
    )

    def __init__(self) -> None:
        super().__init__()
        self._checks: dict[int, Composed] = {}

    def owner_of(self, fact: Recorded) -> UUID:
        if fact.topic in _OF_KEY:
            assert isinstance(fact.data, keeping.KeyRestricted | keeping.KeyDestroyed)
            return UUID(hex=fact.data.record)
        return ids.purchase_of(fact.stream) if fact.topic in _OF_IDENTITY else fact.stream

    def key_of(self, fact: Recorded) -> UUID | None:
        data = fact.data
        if isinstance(data, purchase.Content | stolen_item.Report):
            return fact.stream if data.sealed is not None else None
        return None

    def fold(self, rows: Rows, fact: Recorded, unsealed: Unsealed) -> Rows:
        return [*self.keyed([Keyed(*row) for row in rows], fact, unsealed)]

    def keyed(self, rows: Sequence[Keyed], fact: Recorded, unsealed: Unsealed) -> list[Keyed]:
        """The owner's rows after this event, by name."""
        data = fact.data
        if isinstance(data, identity.IdentityErased | identity.IdentityRestricted):
            return [*rows] if identity.is_found(data) else _unsealed(rows)
        if isinstance(data, keeping.KeyRestricted | keeping.KeyDestroyed):
            if keeping.is_found(data):
                return [*rows]
            return [] if data.kind == "stolen_item" else _unsealed(rows)
        if isinstance(data, purchase.Content):
            return _purchase_rows(fact, data, unsealed)
        assert isinstance(data, stolen_item.Report)
        return _stolen_rows(fact, data, unsealed)

    # The stock, beside the rows

    def stock_table(self, generation: int) -> Identifier:
        return Identifier("read", f"match_stock_{generation}")

    def create(self, connection: Connection[Row], generation: int) -> None:
        super().create(connection, generation)
        connection.execute(
            SQL(
                "CREATE TABLE {} (class text, brand text, model text, goods bigint NOT NULL, "
                "PRIMARY KEY (brand, class, model))"
            ).format(self.stock_table(generation))
        )

    def drop(self, connection: Connection[Row], generation: int) -> None:
        super().drop(connection, generation)
        connection.execute(SQL("DROP TABLE IF EXISTS {}").format(self.stock_table(generation)))

    def take(
        self, connection: Connection[Row], generation: int, owners: Sequence[UUID]
    ) -> dict[UUID, Rows]:
        taken = super().take(connection, generation, owners)
        gone = stock_of(Keyed(*row) for rows in taken.values() for row in rows)
        self._count(connection, generation, Counter({key: -n for key, n in gone.items()}))
        return taken

    def write(
        self, connection: Connection[Row], generation: int, rows: Iterable[tuple[Any, ...]]
    ) -> None:
        kept = [Keyed(*row) for row in rows]
        super().write(connection, generation, kept)
        self._count(connection, generation, stock_of(kept))

    def _count(self, connection: Connection[Row], generation: int, change: Counter[Stock]) -> None:
        if not change:
            return
        counted = sorted((*stock, goods) for stock, goods in change.items())
        connection.execute(
            SQL(
                "INSERT INTO {} AS s SELECT * FROM unnest(%b::text[], %b::text[], %b::text[], "
                "%b::bigint[]) ON CONFLICT (brand, class, model) "
                "DO UPDATE SET goods = s.goods + excluded.goods"
            ).format(self.stock_table(generation)),
            [list(column) for column in zip(*counted, strict=True)],
        )

    def stock(self, connection: Connection[Row], generation: int, brand: str) -> Counter[Stock]:
        """How many numbers stand on stolen goods of a brand."""
        statement = SQL("SELECT class, brand, model, goods FROM {} WHERE brand = %s").format(
            self.stock_table(generation)
        )
        rows = connection.execute(statement, (brand,)).fetchall()
        return Counter({Stock(*row[:3]): row[3] for row in rows})

    # What stands on numbers

    def on(
        self,
        connection: Connection[Row],
        generation: int,
        keys: Sequence[str],
        limits: Sequence[int],
    ) -> list[Keyed]:
        """The rows on these keys, of each side at most as many as the limit of the key, those first
        that are not closed: so it is told how many of those there are, and how many in all."""
        return self._on(
            connection,
            generation,
            SQL(
                "SELECT m.* FROM unnest(%b::text[], %b::integer[]) AS k (key, most), "
                "unnest(ARRAY['purchase', 'stolen']) AS s (side) "
                "CROSS JOIN LATERAL (SELECT * FROM {} WHERE key = k.key AND side = s.side "
                "ORDER BY closed, item, line LIMIT k.most) AS m"
            ),
            (list(keys), list(limits)),
        )

    def ending(
        self, connection: Connection[Row], generation: int, wanted: Sequence[tuple[str, str, int]]
    ) -> list[Keyed]:
        """The rows of a side that end so, at most as many as the limit."""
        columns = [list(column) for column in zip(*wanted, strict=True)] or [[], [], []]
        return self._on(
            connection,
            generation,
            SQL(
                "SELECT m.* FROM unnest(%b::text[], %b::text[], %b::integer[]) "
                "AS k (ends, side, most) CROSS JOIN LATERAL (SELECT * FROM {} "
                "WHERE ends = k.ends AND side = k.side ORDER BY closed, item, line LIMIT k.most) m"
            ),
            columns,
        )

    def stemming(
        self,
        connection: Connection[Row],
        generation: int,
        stems: Sequence[str],
        limits: Sequence[int],
    ) -> tuple[list[Keyed], set[str]]:
        """The rows that begin so, those first that are not closed and at most as many as the
        limit; and the stems on which so many stand that are not closed, of which none is read."""
        statement = SQL(
            "SELECT m.*, m.known >= k.most AS crowded "
            "FROM unnest(%b::text[], %b::integer[]) AS k (stem, most) CROSS JOIN LATERAL ("
            "SELECT x.*, count(*) FILTER (WHERE NOT closed) OVER () AS known, "
            "row_number() OVER () AS place FROM "
            "(SELECT * FROM {} WHERE stem = k.stem ORDER BY closed LIMIT k.most) x) m "
            "WHERE m.known < k.most OR m.place = 1"
        ).format(self.table(generation))
        rows: list[Keyed] = []
        crowded: set[str] = set()
        with connection.cursor(binary=True) as cursor:
            for *values, _, _, is_crowded in cursor.execute(statement, (list(stems), list(limits))):
                row = Keyed(*values)
                if is_crowded and row.stem:
                    crowded.add(row.stem)
                else:
                    rows.append(row)
        return rows, crowded

    def check(
        self,
        connection: Connection[Row],
        generation: int,
        number: Number,
        against: str,
        most: int,
        crowd: int,
    ) -> list[Keyed]:
        """The rows of a side that a number meets: the same and look-alikes, and of its brand what
        ends or begins like it, at most so many, and unless a crowd begins like it."""
        values = check_values(number, against, most, crowd)
        with connection.cursor(binary=True) as cursor:
            found = cursor.execute(self.check_statement(generation), values).fetchall()
        rows = list(map(Keyed._make, found))
        if number.stem is None or sum(row.stem == number.stem for row in rows) < crowd:
            return rows
        return [row for row in rows if row.key == number.key or row.ends == number.ends]

    def check_statement(self, generation: int) -> Composed:
        """What `check` sends."""
        if generation not in self._checks:
            parts = [
                SQL("SELECT * FROM {} WHERE {} = %b AND side = %b LIMIT %b").format(
                    self.table(generation), Identifier(column)
                )
                for column in ("key", "ends", "stem")
            ]
            self._checks[generation] = SQL("({}) UNION ({}) UNION ({})").format(*parts)
        return self._checks[generation]

    def _on(
        self,
        connection: Connection[Row],
        generation: int,
        statement: SQL,
        values: Sequence[object],
    ) -> list[Keyed]:
        with connection.cursor(binary=True) as cursor:
            cursor.execute(statement.format(self.table(generation)), values)
            return [Keyed(*row) for row in cursor.fetchall()]

    def shared(self, connection: Connection[Row], generation: int) -> Iterator[str]:
        """Everything on which goods of both sides meet, without holding it all: numbers, endings
        and stems, each in order."""
        for column in ("key", "ends", "stem"):
            statement = SQL(
                "SELECT DISTINCT s.{column} FROM {table} s WHERE s.side = 'stolen' AND EXISTS "
                "(SELECT FROM {table} p WHERE p.{column} = s.{column} AND p.side = 'purchase') "
                "ORDER BY s.{column}"
            ).format(table=self.table(generation), column=Identifier(column))
            with connection.cursor(name=f"shared_{column}") as cursor:
                for row in cursor.execute(statement):
                    yield row[0]

    def crowded(self, connection: Connection[Row], generation: int, most: int) -> list[str]:
        """The numbers that stand on more goods of a side than so many."""
        statement = SQL(
            "SELECT key FROM {} GROUP BY key, side HAVING count(*) > %s ORDER BY key"
        ).format(self.table(generation))
        return [key for (key,) in connection.execute(statement, (most,)).fetchall()]

    def of(
        self, connection: Connection[Row], generation: int, items: Sequence[UUID]
    ) -> list[Keyed]:
        """The rows of these items."""
        statement = SQL("SELECT * FROM {} WHERE item = ANY(%b)").format(self.table(generation))
        with connection.cursor(binary=True) as cursor:
            return [Keyed(*row) for row in cursor.execute(statement, (list(items),)).fetchall()]


def _unsealed(rows: Sequence[Keyed]) -> list[Keyed]:
    """Those that no key opened."""
    return [row for row in rows if ":~" not in row.key and row.found != "text"]


def _purchase_rows(fact: Recorded, data: purchase.Content, unsealed: Unsealed) -> list[Keyed]:
    sealed = _sealed_lines(fact, data, unsealed)
    keyed = [
        (line, found)
        for line in data.lines
        if (found := _on_line(line, sealed.get(line.line), unsealed.token))
    ]
    if not keyed:
        return []  # It bears no number.
    start, finish = interval(data.acquired)
    refused = data.mode == "offer_refused"
    return [
        Keyed(
            *columns_of(number),
            PURCHASE,
            fact.stream,
            line.line,
            data.source,
            data.key,
            line.kind,
            line.brand,
            line.model,
            start,
            finish,
            refused,
            *_NOT_STOLEN,
        )
        for line, found in keyed
        for number in found
    ]


def _on_line(
    line: purchase.Line, sealed: purchase.PrivateLine | None, token: Token
) -> tuple[Number, ...]:
    if sealed is None:
        return numbers(line.identifiers, line.kind, line.brand, token) if line.identifiers else ()
    told = (*line.identifiers, *sealed.identifiers)
    text = numbers_in(sealed.description, line.kind) if sealed.description else ()
    return numbers(told, line.kind, line.brand, token, text) if told or text else ()


def columns_of(
    number: Number,
) -> tuple[str, str | None, str | None, Found, str | None, str | None]:
    """What a row begins with."""
    exact = None if number.exact == number.key else number.exact
    return number.key, exact, number.written, number.found, number.ends, number.stem


def _sealed_lines(
    fact: Recorded, data: purchase.Content, unsealed: Unsealed
) -> dict[int, purchase.PrivateLine]:
    plain = unsealed.open(fact.stream, data.sealed)
    if plain is None:
        return {}
    return {line.line: line for line in _purchase_part(plain).lines}


def _stolen_rows(fact: Recorded, data: stolen_item.Report, unsealed: Unsealed) -> list[Keyed]:
    good = data.good
    start, finish = interval(data.stolen)
    signal = stolen_item.signal(data.status, data.recovered, data.offence)
    plain = unsealed.open(fact.stream, data.sealed)
    part = _stolen_part(plain) if plain is not None else _NO_PART
    text = numbers_in(part.description, good.kind) if part.description else ()
    told = (*good.identifiers, *part.identifiers)
    return [
        Keyed(
            *columns_of(number),
            STOLEN,
            fact.stream,
            0,
            data.source,
            data.key,
            good.kind,
            good.brand,
            good.model,
            start,
            finish,
            False,  # No offer.
            *signal,
            closed=data.handling == stolen_item.CLOSED,
        )
        for number in numbers(told, good.kind, good.brand, unsealed.token, text)
    ]
