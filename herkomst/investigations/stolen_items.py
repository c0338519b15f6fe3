"""Stolen items (gestolen goederen) as their sources report them.

What may not be read is not in the list at all: it is left out inside the query, so neither filters
nor counts nor pages tell of it. Beside a hit it is told to exist, and withheld.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from psycopg.sql import SQL

from herkomst.access import policy
from herkomst.access.policy import Action, Permitted
from herkomst.domain.calendar import Occurred
from herkomst.domain.register.stolen_item import Good, PrivatePart
from herkomst.investigations import goods, visibility
from herkomst.investigations.goods import Told, Withheld
from herkomst.investigations.inquiry import Inquiry
from herkomst.investigations.pages import Page, Slice
from herkomst.investigations.shops import Town, town
from herkomst.record.vault import DataKey

LIST = "stolen_items"
_decode_good = msgspec.json.Decoder(Good).decode
_decode_moment = msgspec.json.Decoder(Occurred).decode
_decode_sealed = msgspec.json.Decoder(PrivatePart).decode
_PAGE = SQL(
    "SELECT * FROM {stolen_items} s WHERE {item_shown} AND {asked} "
    "ORDER BY revision DESC LIMIT %(limit)s"
)
_BY_IDS = SQL(
    "SELECT s.*, {item_shown} AS shown FROM {stolen_items} s "
    "WHERE stolen_item = ANY(%(ids)s) AND {item_known}"
)
_SHOWN_BY_IDS = SQL(
    "SELECT * FROM {stolen_items} s WHERE stolen_item = ANY(%(ids)s) AND {item_shown}"
)
_CONDITIONS = {
    "before": SQL("revision < %(before)s"),
    "item": SQL("stolen_item = %(item)s"),
    "status": SQL("status = ANY(%(status)s)"),
    "kinds": SQL("good ->> 'kind' = ANY(%(kinds)s)"),
}


class StolenItem(Told, frozen=True, kw_only=True):
    """A good reported stolen, with its theft as an interval."""

    id: UUID
    source: str
    key: str
    report: str | None
    offence: str | None
    status: str
    withdrawn_reason: str | None
    recovered: Occurred | None
    handling: str
    stolen: Occurred
    reported: Occurred
    municipality: Town | None
    country: str
    good: goods.Good
    regime: str
    recorded_at: datetime
    revision: int


async def page(
    permitted: Permitted,
    inquiry: Inquiry,
    wanted: Page,
    *,
    status: Sequence[str] | None = None,
    kinds: Sequence[str] | None = None,
) -> Slice[StolenItem]:
    """A page of what may be read, from the newest revision on."""
    permitted.must_be(Action.READ_STOLEN_ITEMS)
    narrowed = {"before": wanted.before, "status": status, "kinds": kinds}
    asked = [_CONDITIONS[name] for name, value in narrowed.items() if value is not None]
    values = {"limit": wanted.first + 1, **visibility.values(permitted), **narrowed}
    rows = await inquiry.rows(_PAGE, values, asked)
    items = await _opened(inquiry, rows[: wanted.first])
    count = inquiry.counting(_PAGE, values, asked)
    return inquiry.cursors.slice(LIST, wanted, items, len(rows), count)


async def one(permitted: Permitted, inquiry: Inquiry, identity: UUID) -> StolenItem | None:
    """One that may be read; what may not is not there, as in the list."""
    permitted.must_be(Action.READ_STOLEN_ITEMS)
    inquiry.returned.seek(identity)
    values = {"limit": 1, "item": identity, **visibility.values(permitted)}
    rows = await inquiry.rows(_PAGE, values, [_CONDITIONS["item"]])
    found = await _opened(inquiry, rows)
    return found[0] if found else None


async def shown_by_ids(
    permitted: Permitted, inquiry: Inquiry, ids: Collection[UUID]
) -> dict[UUID, StolenItem]:
    """Those of these that may be read."""
    permitted.must_be(Action.READ_STOLEN_ITEMS)
    values = {"ids": list(ids), **visibility.values(permitted)}
    return {
        item.id: item for item in await _opened(inquiry, await inquiry.rows(_SHOWN_BY_IDS, values))
    }


async def by_ids(
    permitted: Permitted, inquiry: Inquiry, ids: Collection[UUID]
) -> dict[UUID, StolenItem | Withheld]:
    """The other goods of hits; what may not be read is withheld, or not there at all."""
    permitted.must_be(Action.READ_HITS)
    values = {"ids": list(ids), **visibility.values(permitted)}
    rows = await inquiry.rows(_BY_IDS, values)
    readable = [row for row in rows if row.shown]
    found: dict[UUID, StolenItem | Withheld] = {i.id: i for i in await _opened(inquiry, readable)}
    may_ask = policy.allows(permitted.reading, Action.REQUEST_ACCESS)
    for row in rows:
        if row.stolen_item not in found:
            inquiry.returned.withhold()
            found[row.stolen_item] = Withheld(
                reason=f"handling_{row.handling}", contact=row.source, can_request=may_ask
            )
    return found


async def _opened(inquiry: Inquiry, rows: Sequence[Any]) -> list[StolenItem]:
    keys = await inquiry.keys(row.stolen_item for row in rows if row.sealed is not None)
    for row in rows:
        inquiry.returns("stolen_item", row.stolen_item, row.revision)
    return [item(row, keys.get(row.stolen_item)) for row in rows]


def item(row: Any, key: DataKey | None) -> StolenItem:
    part = None if key is None else _decode_sealed(key.open(row.sealed))
    return StolenItem(
        id=row.stolen_item,
        source=row.source,
        key=row.key,
        report=row.report,
        offence=row.offence,
        status=row.status,
        withdrawn_reason=row.withdrawn_reason,
        recovered=_decode_moment(row.recovered) if row.recovered else None,
        handling=row.handling,
        stolen=_decode_moment(row.stolen),
        reported=_decode_moment(row.reported),
        municipality=town(row.municipality),
        country=row.country,
        good=goods.stolen(_decode_good(row.good), part),
        regime=row.regime,
        recorded_at=row.recorded_at,
        revision=row.revision,
    )
