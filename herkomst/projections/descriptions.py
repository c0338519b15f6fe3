"""Where goods are looked for by what is said of them, and how common that is in the register.

A row is a good, with what it may meet one of the other side by: its brand and model, its weight,
and its family with the place. The first two are hashes, because they are only looked up and there
are as many rows as goods. The place of a bought good is its establishment, which may move or be
told later. What is free text or points at a person is not here.

Beside the rows stands how many bought goods are described so: the register, which whoever compares
may read, and never what was stolen, some of which he may not know of.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.sql import SQL, Identifier

from herkomst.domain import description, ids
from herkomst.domain.calendar import interval
from herkomst.domain.description import Described, Value
from herkomst.domain.events import Recorded
from herkomst.domain.goods import normal_brand, normal_model
from herkomst.domain.matching import Side
from herkomst.domain.register import purchase, stolen_item
from herkomst.domain.register.purchase import Attribute
from herkomst.projections.model import UNTOLD, Column, Model, Rows, Unsealed
from herkomst.record.database import Row

WEIGHT = "weight_mg"
"""The fact that tells one piece of jewellery from another best."""
COUNTS = "description_counts"
"""The table of how many goods are described so, as statements name it."""
_COUNTED = 8


def hashed(*parts: str) -> int:
    """The number that stands for what is said."""
    digest = blake2b("\0".join(parts).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def counted_as(value: Value) -> int:
    """The number by which something that is said is counted."""
    return hashed(value.feature, *value.parts)


def alike(brand: str | None, model: str | None) -> int | None:
    """Where goods of one model meet; None without one."""
    known = normal_brand(brand)
    named = normal_model(model, known) if known else None
    return hashed("alike", known, named) if known and named else None


def town(municipality: str) -> UUID:
    """The place of what was stolen in a municipality."""
    return ids.named("municipality", municipality)


def same(kind: str, attributes: Mapping[str, Attribute]) -> int | None:
    """Where goods of one weight meet; None where nobody weighed it."""
    weight = attributes.get(WEIGHT)
    return None if weight is None else hashed("same", description.family(kind), told(weight))


def told(value: Attribute) -> str:
    """A further fact of a good as it is compared."""
    return str(value)


class Descriptions(Model):
    name = "descriptions"
    version = 1
    owner = "good"
    key = ("good", "line")
    order = "good, line"
    columns = (
        Column("good", "uuid"),
        Column("line", "integer"),
        Column("bought", "boolean"),
        Column("start", "timestamptz"),
        Column("alike", "bigint"),
        Column("same", "bigint"),
        Column("family", "text"),
        Column("place", "uuid"),
        Column("counted", "bigint[]", UNTOLD),  # Follows from the others and their record.
    )
    indexes = (
        "(alike, bought, start)",
        "(same, bought, start) WHERE same IS NOT NULL",
        "(place, family, bought, start)",
    )
    topics = frozenset(
        {
            purchase.Registered,
            purchase.Corrected,
            stolen_item.Reported,
            stolen_item.Amended,
            stolen_item.Withdrawn,
            stolen_item.Recovered,
        }
    )

    def fold(self, rows: Rows, fact: Recorded, unsealed: Unsealed) -> Rows:
        data = fact.data
        if isinstance(data, purchase.Content):
            return [_bought(fact, data, line) for line in data.lines]
        assert isinstance(data, stolen_item.Report)
        good = data.good
        return [
            (
                fact.stream,
                0,
                False,
                interval(data.stolen).start,
                alike(good.brand, good.model),
                same(good.kind, good.attributes),
                description.family(good.kind),
                town(data.municipality) if data.municipality else None,
                [],
            )
        ]

    # How common things are, beside the rows

    def tables(self, generation: int) -> dict[str, Identifier]:
        return {**super().tables(generation), COUNTS: self._counts(generation)}

    def _counts(self, generation: int) -> Identifier:
        return Identifier("read", f"{COUNTS}_{generation}")

    def create(self, connection: Connection[Row], generation: int) -> None:
        super().create(connection, generation)
        connection.execute(
            SQL("CREATE TABLE {} (said bigint PRIMARY KEY, goods bigint NOT NULL)").format(
                self._counts(generation)
            )
        )

    def drop(self, connection: Connection[Row], generation: int) -> None:
        super().drop(connection, generation)
        connection.execute(SQL("DROP TABLE IF EXISTS {}").format(self._counts(generation)))

    def take(
        self, connection: Connection[Row], generation: int, owners: Sequence[UUID]
    ) -> dict[UUID, Rows]:
        taken = super().take(connection, generation, owners)
        gone = _counted(row for rows in taken.values() for row in rows)
        self._count(connection, generation, Counter({said: -n for said, n in gone.items()}))
        return taken

    def write(
        self, connection: Connection[Row], generation: int, rows: Iterable[tuple[Any, ...]]
    ) -> None:
        kept = list(rows)
        super().write(connection, generation, kept)
        self._count(connection, generation, _counted(kept))

    def _count(self, connection: Connection[Row], generation: int, change: Counter[int]) -> None:
        if not change:
            return
        counted = sorted(change.items())
        connection.execute(
            SQL(
                "INSERT INTO {} AS c SELECT * FROM unnest(%b::bigint[], %b::bigint[]) "
                "ON CONFLICT (said) DO UPDATE SET goods = c.goods + excluded.goods"
            ).format(self._counts(generation)),
            [list(column) for column in zip(*counted, strict=True)],
        )


def _bought(fact: Recorded, data: purchase.Content, line: purchase.Line) -> tuple[object, ...]:
    start, end = interval(data.acquired)
    shop = ids.establishment_id(data.dealer_source, data.dealer_key, data.branch)
    side = Side(line.kind, line.brand, line.model, (), start, end)
    attributes = tuple([(name, told(value)) for name, value in line.attributes.items()])
    values = description.said(Described(side, line.colours, attributes))
    return (
        fact.stream,
        line.line,
        True,
        start,
        alike(line.brand, line.model),
        same(line.kind, line.attributes),
        description.family(line.kind),
        shop,
        sorted({counted_as(value) for value in values}),
    )


def _counted(rows: Iterable[Sequence[Any]]) -> Counter[int]:
    return Counter(said for row in rows for said in row[_COUNTED])
