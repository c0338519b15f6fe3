"""Dealers (handelaren) with their establishments, as notified to the municipality (DOL)."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec
from psycopg.sql import SQL

from herkomst.access.policy import Action, Permitted
from herkomst.domain.register.dealer import PrivatePart
from herkomst.investigations import visibility
from herkomst.investigations.goods import Told
from herkomst.investigations.inquiry import Inquiry
from herkomst.investigations.pages import Page, Slice
from herkomst.investigations.shops import Town, town
from herkomst.record.vault import DataKey

LIST = "dealers"
_decode_trades = msgspec.json.Decoder(tuple[str, ...]).decode
_decode_sealed = msgspec.json.Decoder(PrivatePart).decode
_PAGE = SQL(
    "SELECT * FROM {dealers} d WHERE {dealer_shown} AND {asked} "
    "ORDER BY revision DESC LIMIT %(limit)s"
)
_BY_IDS = SQL("SELECT * FROM {dealers} d WHERE dealer = ANY(%(ids)s) AND {dealer_shown}")
_OF_DEALERS = SQL(
    "SELECT * FROM {establishments} e WHERE dealer = ANY(%(ids)s) AND {establishment_shown} "
    "ORDER BY dealer, branch NULLS FIRST"
)
_ESTABLISHMENT = SQL(
    "SELECT * FROM {establishments} e WHERE establishment = %(establishment)s "
    "AND {establishment_shown}"
)
_CONDITIONS = {
    "dealer": SQL("dealer = %(dealer)s"),
    "before": SQL("revision < %(before)s"),
    "municipality": SQL(
        "EXISTS (SELECT FROM {establishments} e "
        "WHERE e.dealer = d.dealer AND e.municipality = %(municipality)s)"
    ),
    "trade": SQL("trades @> to_jsonb(%(trade)s::text)"),
    "states": SQL("state = ANY(%(states)s)"),
}


class Dealer(Told, frozen=True, kw_only=True):
    """A dealer that notified; what was accepted is its account, not a licence."""

    id: UUID
    source: str
    key: str
    name: str
    kvk: str | None
    trades: tuple[str, ...]
    notified_on: date | None
    state: str
    email: str | None
    phone: str | None
    recorded_at: datetime
    revision: int


class Establishment(Told, frozen=True, kw_only=True):
    """A place of business (vestiging), where a register is kept."""

    id: UUID
    branch: str | None
    name: str
    street: str | None
    number: str | None
    suffix: str | None
    postcode: str | None
    city: str | None
    country: str
    municipality: Town | None
    open_from: date | None
    open_to: date | None


async def page(
    permitted: Permitted,
    inquiry: Inquiry,
    wanted: Page,
    *,
    municipality: str | None = None,
    trade: str | None = None,
    states: Sequence[str] | None = None,
) -> Slice[Dealer]:
    """A page of dealers, from the newest revision on."""
    permitted.must_be(Action.READ_DEALERS)
    narrowed = {
        "before": wanted.before,
        "municipality": municipality,
        "trade": trade,
        "states": states,
    }
    asked = [_CONDITIONS[name] for name, value in narrowed.items() if value is not None]
    values = {"limit": wanted.first + 1, **visibility.values(permitted), **narrowed}
    rows = await inquiry.rows(_PAGE, values, asked)
    items = await _opened(inquiry, rows[: wanted.first])
    count = inquiry.counting(_PAGE, values, asked)
    return inquiry.cursors.slice(LIST, wanted, items, len(rows), count)


async def one(permitted: Permitted, inquiry: Inquiry, identity: UUID) -> Dealer | None:
    """One dealer, or None where there is none."""
    permitted.must_be(Action.READ_DEALERS)
    values = {"limit": 1, "dealer": identity, **visibility.values(permitted)}
    found = await _opened(inquiry, await inquiry.rows(_PAGE, values, [_CONDITIONS["dealer"]]))
    return found[0] if found else None


async def by_ids(
    permitted: Permitted, inquiry: Inquiry, ids: Collection[UUID]
) -> dict[UUID, Dealer]:
    """Those of these dealers that there are."""
    permitted.must_be(Action.READ_DEALERS)
    rows = await inquiry.rows(_BY_IDS, {"ids": list(ids), **visibility.values(permitted)})
    return {dealer.id: dealer for dealer in await _opened(inquiry, rows)}


async def _opened(inquiry: Inquiry, rows: Sequence[Any]) -> list[Dealer]:
    keys = await inquiry.keys(row.dealer for row in rows if row.sealed is not None)
    for row in rows:
        inquiry.returns("dealer", row.dealer, row.revision)
    return [_dealer(row, keys.get(row.dealer)) for row in rows]


async def establishment(
    permitted: Permitted, inquiry: Inquiry, identity: UUID
) -> Establishment | None:
    """One place of business, or None where there is none."""
    permitted.must_be(Action.READ_DEALERS)
    rows = await inquiry.rows(
        _ESTABLISHMENT, {"establishment": identity, **visibility.values(permitted)}
    )
    for row in rows:
        inquiry.returns("establishment", row.establishment, row.revision)
    return _establishment(rows[0]) if rows else None


async def establishments(
    permitted: Permitted, inquiry: Inquiry, dealers: Collection[UUID]
) -> dict[UUID, list[Establishment]]:
    """The establishments of these dealers, by branch."""
    permitted.must_be(Action.READ_DEALERS)
    found: dict[UUID, list[Establishment]] = {dealer: [] for dealer in dealers}
    values = {"ids": list(dealers), **visibility.values(permitted)}
    for row in await inquiry.rows(_OF_DEALERS, values):
        inquiry.returns("establishment", row.establishment, row.revision)
        found[row.dealer].append(_establishment(row))
    return found


def _dealer(row: Any, key: DataKey | None) -> Dealer:
    part = PrivatePart() if key is None else _decode_sealed(key.open(row.sealed))
    return Dealer(
        id=row.dealer,
        source=row.source,
        key=row.key,
        name=row.name,
        kvk=row.kvk,
        trades=_decode_trades(row.trades),
        notified_on=row.notified_on,
        state=row.state,
        email=part.email,
        phone=part.phone,
        recorded_at=row.recorded_at,
        revision=row.revision,
    )


def _establishment(row: Any) -> Establishment:
    return Establishment(
        id=row.establishment,
        branch=row.branch,
        name=row.name,
        street=row.street,
        number=row.number,
        suffix=row.suffix,
        postcode=row.postcode,
        city=row.city,
        country=row.country,
        municipality=town(row.municipality),
        open_from=row.open_from,
        open_to=row.open_to,
    )
