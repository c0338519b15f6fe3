"""Purchases (inkopen) as the register has them after corrections."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from psycopg.sql import SQL

from herkomst.access.policy import Action, Permitted
from herkomst.domain.calendar import Occurred
from herkomst.domain.problems import Mark
from herkomst.domain.register.purchase import Line, Paid, PrivateLine, PrivatePart
from herkomst.investigations import goods, visibility
from herkomst.investigations.goods import BoughtGood, Price, Told
from herkomst.investigations.inquiry import Inquiry
from herkomst.investigations.pages import Page, Slice
from herkomst.record.vault import DataKey

LIST = "purchases"
_decode_moment = msgspec.json.Decoder(Occurred).decode
_decode_lines = msgspec.json.Decoder(tuple[Line, ...]).decode
_decode_marks = msgspec.json.Decoder(tuple[Mark, ...]).decode
_decode_paid = msgspec.json.Decoder(Paid).decode
_decode_sealed = msgspec.json.Decoder(PrivatePart).decode
_PAGE = SQL(
    "SELECT * FROM {purchases} p WHERE {purchase_shown} AND {asked} "
    "ORDER BY revision DESC LIMIT %(limit)s"
)
_BY_IDS = SQL("SELECT * FROM {purchases} p WHERE purchase = ANY(%(ids)s) AND {purchase_shown}")
_CONDITIONS = {
    "before": SQL("revision < %(before)s"),
    "establishment": SQL("establishment = %(establishment)s"),
    "dealer": SQL(
        "establishment IN (SELECT establishment FROM {establishments} WHERE dealer = %(dealer)s)"
    ),
    "modes": SQL("mode = ANY(%(modes)s)"),
    "since": SQL("acquired_from >= %(since)s"),
    "until": SQL("acquired_from < %(until)s"),
}


class Ending(Told, frozen=True, kw_only=True):
    """What became of a line: sold on, redeemed or forfeited."""

    line: int
    outcome: str
    at: Occurred


class Payment(Told, frozen=True, kw_only=True):
    form: str
    amount: Price | None


class Purchase(Told, frozen=True, kw_only=True):
    """An entry of the purchase register (inkoopregister)."""

    id: UUID
    source: str
    key: str
    establishment_id: UUID
    register_number: int | None
    acquired: Occurred
    mode: str
    payment: Payment | None
    lines: tuple[BoughtGood, ...]
    marks: tuple[Mark, ...]
    seller_presented: bool
    corrections: int
    endings: tuple[Ending, ...]
    recorded_at: datetime
    revision: int
    as_known: bool = False
    """It is told as it was known on a day, and what stands beside it is not."""


_decode_endings = msgspec.json.Decoder(tuple[Ending, ...]).decode


async def page(
    permitted: Permitted,
    inquiry: Inquiry,
    wanted: Page,
    *,
    establishment: UUID | None = None,
    dealer: UUID | None = None,
    modes: Sequence[str] | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Slice[Purchase]:
    """A page of purchases, from the newest revision on; a period is of the acquisition."""
    permitted.must_be(Action.READ_PURCHASES)
    narrowed = {
        "before": wanted.before,
        "establishment": establishment,
        "dealer": dealer,
        "modes": modes,
        "since": since,
        "until": until,
    }
    asked = [_CONDITIONS[name] for name, value in narrowed.items() if value is not None]
    values = {"limit": wanted.first + 1, **visibility.values(permitted), **narrowed}
    rows = await inquiry.rows(_PAGE, values, asked)
    items = await _opened(inquiry, rows[: wanted.first])
    count = inquiry.counting(_PAGE, values, asked)
    return inquiry.cursors.slice(LIST, wanted, items, len(rows), count)


async def by_ids(
    permitted: Permitted, inquiry: Inquiry, ids: Collection[UUID]
) -> dict[UUID, Purchase]:
    """These purchases; one that is not registered is not there."""
    permitted.must_be(Action.READ_PURCHASES, Action.READ_HITS)
    rows = await inquiry.rows(_BY_IDS, {"ids": list(ids), **visibility.values(permitted)})
    return {item.id: item for item in await _opened(inquiry, rows)}


async def one(permitted: Permitted, inquiry: Inquiry, identity: UUID) -> Purchase | None:
    """One of them, or None where there is none."""
    inquiry.returned.seek(identity)
    return (await by_ids(permitted, inquiry, [identity])).get(identity)


async def _opened(inquiry: Inquiry, rows: Sequence[Any]) -> list[Purchase]:
    keys = await inquiry.keys(row.purchase for row in rows if row.sealed is not None)
    for row in rows:
        inquiry.returns("purchase", row.purchase, row.revision)
    return [purchase(row, keys.get(row.purchase)) for row in rows]


def purchase(row: Any, key: DataKey | None) -> Purchase:
    part = PrivatePart() if key is None else _decode_sealed(key.open(row.sealed))
    sealed: dict[int, PrivateLine] = {line.line: line for line in part.lines}
    return Purchase(
        id=row.purchase,
        source=row.source,
        key=row.key,
        establishment_id=row.establishment,
        register_number=row.register_number,
        acquired=_decode_moment(row.acquired),
        mode=row.mode,
        payment=_payment(row.payment),
        lines=tuple([goods.bought(li, sealed.get(li.line)) for li in _decode_lines(row.lines)]),
        marks=_decode_marks(row.marks),
        seller_presented=row.seller,
        corrections=row.corrections,
        endings=_decode_endings(row.endings),
        recorded_at=row.recorded_at,
        revision=row.revision,
    )


def _payment(encoded: str | None) -> Payment | None:
    if encoded is None:
        return None
    paid = _decode_paid(encoded)
    return Payment(form=paid.form, amount=goods.price(paid.amount))
