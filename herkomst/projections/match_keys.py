"""Comparison keys of both sides with the facts that a verdict needs: the index of matching.

It belongs to the process that matches, and moves with it in one transaction; in content it is a
function of events like any other model and can be rebuilt. A public check reads it too.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import msgspec
from psycopg import Connection
from psycopg.sql import SQL

from herkomst.domain import ids
from herkomst.domain.calendar import Interval, interval
from herkomst.domain.events import Recorded
from herkomst.domain.identifiers import match_keys
from herkomst.domain.matching import Side
from herkomst.domain.register import identity, keeping, purchase, stolen_item
from herkomst.projections.model import Column, Model, Rows, Unsealed
from herkomst.record.database import Row

PURCHASE, STOLEN = "purchase", "stolen"
_OF_IDENTITY = frozenset({identity.IdentityErased.TOPIC, identity.IdentityRestricted.TOPIC})
"""Events on the stream of an identity that say what becomes of its purchase's sealed numbers."""
_OF_KEY = frozenset({keeping.KeyDestroyed.TOPIC, keeping.KeyRestricted.TOPIC})
"""The same of what is no identity; a stolen good is then compared with nothing."""
_purchase_part = msgspec.json.Decoder(purchase.PrivatePart).decode
_stolen_part = msgspec.json.Decoder(stolen_item.PrivatePart).decode


class Keyed(NamedTuple):
    """A row: one key of one good, in the order of the columns."""

    key: str
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
        """The good that the key stands on."""
        return self.side, self.item, self.line


_NOT_STOLEN = (False, False, None, None, False)
"""What a purchase has in the columns of a theft."""


def side(rows: Sequence[Keyed]) -> Side:
    """The facts of one good from its rows."""
    row = rows[0]
    return Side(
        kind=row.kind,
        brand=row.brand,
        model=row.model,
        keys=frozenset(r.key for r in rows),
        start=row.start,
        end=row.finish,
        offer_refused=row.offer_refused,
        withdrawn=row.withdrawn,
        never=row.never,
        recovered=row.recovered,
        recovered_end=row.recovered_end,
    )


class MatchKeys(Model):
    name = "match_keys"
    version = 4
    owner = "item"
    key = ("key", "side", "closed", "item", "line")
    order = 'item, line, key COLLATE "C"'
    columns = (
        Column(
            "key", "text", "CASE WHEN key LIKE '%:~%' THEN split_part(key, ':', 1) ELSE key END"
        ),
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
    indexes = ("(item)",)
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

    def owner_of(self, fact: Recorded) -> UUID:
        if fact.topic in _OF_KEY:
            assert isinstance(fact.data, keeping.KeyRestricted | keeping.KeyDestroyed)
            return UUID(hex=fact.data.record)
        return ids.purchase_of(fact.stream) if fact.topic in _OF_IDENTITY else fact.stream

    def key_of(self, fact: Recorded) -> UUID | None:
        data = fact.data
        if isinstance(data, purchase.Content):
            return fact.stream if _is_sealed(data) else None
        if isinstance(data, stolen_item.Report):
            return fact.stream if data.good.hidden else None
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

    def on(
        self,
        connection: Connection[Row],
        generation: int,
        keys: Sequence[str],
        limits: Sequence[int],
    ) -> list[Keyed]:
        """The rows on these keys, of each side at most as many as the limit of the key, those first
        that are not closed: so it is told how many of those there are, and how many in all."""
        statement = SQL(
            "SELECT m.* FROM unnest(%b::text[], %b::integer[]) AS k (key, most), "
            "unnest(ARRAY['purchase', 'stolen']) AS s (side) "
            "CROSS JOIN LATERAL (SELECT * FROM {} WHERE key = k.key AND side = s.side "
            "ORDER BY closed, item, line LIMIT k.most) AS m"
        ).format(self.table(generation))
        with connection.cursor(binary=True) as cursor:
            cursor.execute(statement, (list(keys), list(limits)))
            return [Keyed(*row) for row in cursor.fetchall()]

    def shared(self, connection: Connection[Row], generation: int) -> Iterator[str]:
        """Every number that stands on goods of both sides, in order, without holding them all."""
        statement = SQL(
            "SELECT DISTINCT s.key FROM {table} s WHERE s.side = 'stolen' AND EXISTS "
            "(SELECT FROM {table} p WHERE p.key = s.key AND p.side = 'purchase') ORDER BY s.key"
        ).format(table=self.table(generation))
        with connection.cursor(name="shared_numbers") as cursor:
            for row in cursor.execute(statement):
                yield row[0]

    def of(
        self, connection: Connection[Row], generation: int, items: Sequence[UUID]
    ) -> list[Keyed]:
        """The rows of these items."""
        statement = SQL("SELECT * FROM {} WHERE item = ANY(%b)").format(self.table(generation))
        with connection.cursor(binary=True) as cursor:
            return [Keyed(*row) for row in cursor.execute(statement, (list(items),)).fetchall()]


def _unsealed(rows: Sequence[Keyed]) -> list[Keyed]:
    """Those that no key opened."""
    return [row for row in rows if ":~" not in row.key]


def _purchase_rows(fact: Recorded, data: purchase.Content, unsealed: Unsealed) -> list[Keyed]:
    sealed = _sealed_identifiers(fact, data, unsealed) if _is_sealed(data) else {}
    keyed = [
        (line, match_keys(identifiers, line.kind, unsealed.token))
        for line in data.lines
        if (identifiers := (*line.identifiers, *sealed.get(line.line, ())))
    ]
    if not keyed:
        return []  # It bears no number.
    start, finish = interval(data.acquired)
    refused = data.mode == "offer_refused"
    return [
        Keyed(
            key,
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
        for line, keys in keyed
        for key in keys
    ]


def _is_sealed(data: purchase.Content) -> bool:
    """Whether the sealed part holds numbers."""
    for line in data.lines:  # noqa: SIM110 - any() takes three times as long.
        if line.hidden:
            return True
    return False


def _sealed_identifiers(
    fact: Recorded, data: purchase.Content, unsealed: Unsealed
) -> dict[int, tuple[tuple[str, str], ...]]:
    plain = unsealed.open(fact.stream, data.sealed)
    if plain is None:
        return {}
    return {line.line: line.identifiers for line in _purchase_part(plain).lines}


def _stolen_rows(fact: Recorded, data: stolen_item.Report, unsealed: Unsealed) -> list[Keyed]:
    good = data.good
    start, finish = interval(data.stolen)
    back: Interval | None = (
        interval(data.recovered) if data.status == "recovered" and data.recovered else None
    )
    plain = unsealed.open(fact.stream, data.sealed)
    sealed = _stolen_part(plain).identifiers if plain is not None else ()
    return [
        Keyed(
            key,
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
            offer_refused=False,
            # A recovery of an unknown day ends the signal: no purchase is surely before it.
            withdrawn=data.status == "withdrawn" or (data.status == "recovered" and back is None),
            never=not stolen_item.is_taking(data.offence),
            recovered=back.start if back else None,
            recovered_end=back.end if back else None,
            closed=data.handling == stolen_item.CLOSED,
        )
        for key in match_keys((*good.identifiers, *sealed), good.kind, unsealed.token)
    ]
