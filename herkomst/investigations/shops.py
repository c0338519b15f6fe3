"""Shops: an establishment with the dealer that it belongs to, and where it lies."""

from collections.abc import Collection
from uuid import UUID

from psycopg.sql import SQL

from herkomst.access.policy import Action, Permitted
from herkomst.domain import municipalities
from herkomst.investigations.goods import Told
from herkomst.investigations.inquiry import Inquiry

_SHOPS = SQL(
    "SELECT e.*, d.name AS dealer_name FROM {establishments} e JOIN {dealers} d USING (dealer) "
    "WHERE e.establishment = ANY(%(ids)s)"
)


class Town(Told, frozen=True, kw_only=True):
    """A municipality (gemeente) with a point inside it, in degrees (WGS 84)."""

    code: str
    name: str
    lat: float
    lon: float


class Shop(Told, frozen=True, kw_only=True):
    """An establishment (vestiging) of a dealer (handelaar)."""

    id: UUID
    name: str
    branch: str | None
    street: str | None
    number: str | None
    suffix: str | None
    postcode: str | None
    city: str | None
    municipality: Town | None
    dealer_id: UUID
    dealer_name: str


async def by_ids(permitted: Permitted, inquiry: Inquiry, ids: Collection[UUID]) -> dict[UUID, Shop]:
    """The shops of these establishments; one whose dealer never notified is not there."""
    permitted.must_be(Action.READ_HITS, Action.READ_PURCHASES)
    shops = {}
    for row in await inquiry.rows(_SHOPS, {"ids": list(ids)}):
        shop = Shop(
            id=row.establishment,
            name=row.name,
            branch=row.branch,
            street=row.street,
            number=row.number,
            suffix=row.suffix,
            postcode=row.postcode,
            city=row.city,
            municipality=town(row.municipality),
            dealer_id=row.dealer,
            dealer_name=row.dealer_name,
        )
        inquiry.returned.add("establishment", shop.id)
        inquiry.returned.add("dealer", shop.dealer_id)
        shops[shop.id] = shop
    return shops


def town(code: str | None) -> Town | None:
    found = municipalities.find(code) if code else None
    if found is None:
        return None
    return Town(code=found.code, name=found.name, lat=found.lat, lon=found.lon)
