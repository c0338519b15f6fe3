"""Purchases as they stand after corrections, with their register number."""

from uuid import UUID

from herkomst.domain import ids
from herkomst.domain.calendar import interval
from herkomst.domain.events import Recorded
from herkomst.domain.register import book, purchase
from herkomst.projections.model import UNTOLD, Column, Model, Rows, Unsealed, encode_json

_NUMBER, _CORRECTIONS, _ENDINGS, _SEALED, _RECORDED, _REVISION = 7, 16, 17, 18, 19, 20


class Purchases(Model):
    name = "purchases"
    version = 2
    owner = "purchase"
    key = ("purchase",)
    order = "purchase"
    columns = (
        Column("purchase", "uuid"),
        Column("source", "text"),
        Column("key", "text"),
        Column("dealer", "uuid"),
        Column("dealer_key", "text"),
        Column("branch", "text"),
        Column("establishment", "uuid"),
        Column("register_number", "bigint", UNTOLD),
        Column("acquired", "jsonb"),
        Column("acquired_from", "timestamptz"),
        Column("acquired_to", "timestamptz"),
        Column("mode", "text"),
        Column("payment", "jsonb"),
        Column("lines", "jsonb"),
        Column("marks", "jsonb", UNTOLD),  # `late` depends on the day of recording.
        Column("seller", "boolean"),
        Column("corrections", "integer"),
        Column("endings", "jsonb"),
        Column("sealed", "bytea", UNTOLD),
        Column("recorded_at", "timestamptz", UNTOLD),
        Column("revision", "bigint", UNTOLD),
    )
    indexes = (
        "(revision)",
        "(establishment, register_number)",
        "(acquired_from)",
        # What clocks are asked of, which identities do not tell.
        "(acquired_from, purchase) WHERE NOT seller",
    )
    topics = frozenset(
        {
            purchase.Registered,
            purchase.Corrected,
            purchase.LineSold,
            purchase.PawnEnded,
            book.Entered,
        }
    )

    def owner_of(self, fact: Recorded) -> UUID:
        if fact.topic != book.Entered.TOPIC:
            return fact.stream
        assert isinstance(fact.data, book.Entered)
        return UUID(hex=fact.data.purchase)

    def fold(self, rows: Rows, fact: Recorded, unsealed: Unsealed) -> Rows:
        data = fact.data
        if isinstance(data, purchase.Registered):
            return [_row(data, fact, None, 0, "[]", fact.recorded_at)]
        row = list(rows[0])
        if isinstance(data, purchase.Corrected):
            corrections, endings = row[_CORRECTIONS] + 1, row[_ENDINGS]
            return [_row(data, fact, row[_NUMBER], corrections, endings, row[_RECORDED])]
        if isinstance(data, book.Entered):
            row[_NUMBER] = fact.version
        elif isinstance(data, purchase.LineSold | purchase.PawnEnded):
            row[_ENDINGS] = f"{row[_ENDINGS][:-1]}{', ' if row[_ENDINGS] != '[]' else ''}" + (
                f"{_ending(data)}]"
            )
        row[_REVISION] = fact.position
        return [tuple(row)]


def _row(
    data: purchase.Content,
    fact: Recorded,
    number: int | None,
    corrections: int,
    endings: str,
    recorded_at: object,
) -> tuple[object, ...]:
    span = interval(data.acquired)
    return (
        fact.stream,
        data.source,
        data.key,
        ids.dealer_id(data.dealer_source, data.dealer_key),
        data.dealer_key,
        data.branch,
        ids.establishment_id(data.dealer_source, data.dealer_key, data.branch),
        number,
        encode_json(data.acquired).decode(),
        span.start,
        span.end,
        data.mode,
        encode_json(data.payment).decode() if data.payment else None,
        encode_json(data.lines).decode(),
        encode_json(data.marks).decode(),
        data.seller,
        corrections,
        endings,
        data.sealed,
        recorded_at,
        fact.position,
    )


def _ending(data: purchase.LineSold | purchase.PawnEnded) -> str:
    if isinstance(data, purchase.LineSold):
        told: dict[str, object] = {"line": data.line, "outcome": "sold", "at": data.sold}
    else:
        told = {"line": data.line, "outcome": data.outcome, "at": data.ended}
    return encode_json(told).decode()
