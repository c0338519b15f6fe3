"""Hits (treffers) as they stand: leads, never proof, with both goods beside each other.

A hit is shown when both its goods are. One on a stolen item that is closed to the viewer does not
exist for him; one on an item that is withheld tells that it exists, and nothing that rests on the
item: no grade, no reasons, no number of its report.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

import msgspec
from psycopg.rows import namedtuple_row
from psycopg.sql import SQL

from herkomst.access.policy import Action, Permitted
from herkomst.access.reading import Asked, Question, Returned, write
from herkomst.domain.calendar import Occurred
from herkomst.domain.matching import Reason
from herkomst.domain.problems import Mark
from herkomst.investigations import purchases, shops, stolen_items
from herkomst.investigations.goods import BoughtGood, Told, Withheld
from herkomst.investigations.inquiry import MODELS, Inquiry
from herkomst.investigations.pages import Page, Slice
from herkomst.investigations.purchases import Purchase
from herkomst.investigations.shops import Shop
from herkomst.investigations.stolen_items import StolenItem
from herkomst.projections import registry
from herkomst.record.archive import Archive
from herkomst.record.database import connect

LIST = "hits"
EXPORTED_AT_ONCE = 1000
"""Hits of an export that share an entry of the journal."""
_decode_reasons = msgspec.json.Decoder(tuple[Reason, ...]).decode
_COLUMNS: LiteralString = (
    "h.hit, h.purchase, h.line, h.stolen_item, h.grade, h.state, h.score, h.time, "
    "h.reasons::text, h.against::text, h.why, h.decided_by, h.found_at, h.revision, s.handling"
)
_FROM: LiteralString = (
    " FROM {hits} h JOIN {stolen_items} s USING (stolen_item) JOIN {purchases} p USING (purchase) "
)
_PAGE = SQL(
    "SELECT " + _COLUMNS + _FROM + "WHERE h.revision < %(before)s AND s.handling = ANY(%(known)s) "
    "AND {asked} ORDER BY h.revision DESC LIMIT %(limit)s"
)
_ONE = SQL("SELECT " + _COLUMNS + _FROM + "WHERE h.hit = %(hit)s AND s.handling = ANY(%(known)s)")
_CHANGED = SQL(
    "SELECT " + _COLUMNS + ", p.purchase IS NOT NULL AND s.stolen_item IS NOT NULL AS complete "
    "FROM {hits} h LEFT JOIN {stolen_items} s USING (stolen_item) "
    "LEFT JOIN {purchases} p USING (purchase) "
    "WHERE h.revision > %(after)s ORDER BY h.revision LIMIT %(limit)s"
)
_EXPORT = SQL(
    "SELECT " + _COLUMNS + ", h.purchase_source, h.purchase_key, h.stolen_source, h.stolen_key "
    "FROM {hits} h JOIN {stolen_items} s USING (stolen_item) "
    "WHERE s.handling = ANY(%(readable)s) ORDER BY h.hit"
)
_CONDITIONS = {
    # A grade tells of both goods: it narrows to those that may be read.
    "grades": SQL("h.grade = ANY(%(grades)s) AND s.handling = ANY(%(readable)s)"),
    "states": SQL("h.state = ANY(%(states)s)"),
    "since": SQL("h.found_at >= %(since)s"),
}


class Hit(Told, frozen=True, kw_only=True):
    """A purchase line beside a stolen item; the comparison is None where the item is withheld."""

    id: UUID
    purchase_id: UUID
    line: int
    stolen_id: UUID
    grade: str | None
    score: int | None
    state: str
    time: str | None
    reasons: tuple[Reason, ...]
    against: tuple[Reason, ...]
    why: str | None
    decided_by: str | None
    found_at: datetime
    revision: int
    withheld: bool


class PurchasedGood(Told, frozen=True, kw_only=True):
    """The good that was bought, with what a card needs of its purchase and its shop."""

    purchase_id: UUID
    source: str
    key: str
    register_number: int | None
    acquired: Occurred
    mode: str
    marks: tuple[Mark, ...]
    good: BoughtGood
    shop: Shop | None


class Card(Told, frozen=True, kw_only=True):
    """A hit with both goods beside each other."""

    hit: Hit
    purchase: PurchasedGood
    stolen: StolenItem | Withheld


async def page(
    permitted: Permitted,
    inquiry: Inquiry,
    wanted: Page,
    *,
    grades: Sequence[str] | None = None,
    states: Sequence[str] | None = None,
    since: datetime | None = None,
) -> Slice[Hit]:
    """A page of hits, from the one that changed last."""
    permitted.must_be(Action.READ_HITS)
    narrowed = {"grades": grades, "states": states, "since": since}
    asked = [_CONDITIONS[name] for name, value in narrowed.items() if value is not None]
    values = {
        "before": wanted.before,
        "limit": wanted.first + 1,
        "known": list(permitted.known),
        "readable": list(permitted.readable),
        **narrowed,
    }
    rows = await inquiry.rows(_PAGE, values, asked)
    items = [_told(permitted, inquiry, row) for row in rows[: wanted.first]]
    cursors = [inquiry.cursors.cursor(LIST, item.revision) for item in items]
    return Slice(items, cursors, len(rows) > wanted.first)


async def one(permitted: Permitted, inquiry: Inquiry, hit: UUID) -> Hit | None:
    """One hit, or None where there is none for this viewer."""
    permitted.must_be(Action.READ_HITS, Action.DECIDE_HIT)
    rows = await inquiry.rows(_ONE, {"hit": hit, "known": list(permitted.known)})
    return _told(permitted, inquiry, rows[0]) if rows else None


async def changed(
    permitted: Permitted, inquiry: Inquiry, after: int, limit: int
) -> tuple[list[Card], int]:
    """The hits that changed behind a revision, in order, and the revision looked at so far.

    It stops before a hit whose goods have not come through yet, so that none is passed over.
    """
    permitted.must_be(Action.READ_HITS)
    hits, seen = [], after
    for row in await inquiry.rows(_CHANGED, {"after": after, "limit": limit}):
        if not row.complete:
            break
        seen = row.revision
        if row.handling in permitted.known:
            hits.append(_told(permitted, inquiry, row))
    return await cards(permitted, inquiry, hits), seen


async def cards(permitted: Permitted, inquiry: Inquiry, hits: Sequence[Hit]) -> list[Card]:
    """Both goods of these hits, in a bounded number of statements."""
    if not hits:
        return []
    bought = await purchased(permitted, inquiry, {(hit.purchase_id, hit.line) for hit in hits})
    places = {bought[hit.purchase_id, hit.line][0].establishment_id for hit in hits}
    shop = await shops.by_ids(permitted, inquiry, places)
    stolen = await stolen_items.by_ids(permitted, inquiry, {hit.stolen_id for hit in hits})
    return [
        Card(
            hit=hit,
            purchase=_card_side(*bought[hit.purchase_id, hit.line], shop),
            stolen=stolen[hit.stolen_id],
        )
        for hit in hits
    ]


async def purchased(
    permitted: Permitted, inquiry: Inquiry, lines: Collection[tuple[UUID, int]]
) -> dict[tuple[UUID, int], tuple[Purchase, BoughtGood]]:
    """These lines with their purchases."""
    found = await purchases.by_ids(permitted, inquiry, {purchase for purchase, _ in lines})
    return {
        (purchase.id, good.line): (purchase, good)
        for purchase in found.values()
        for good in purchase.lines
    }


def _card_side(purchase: Purchase, good: BoughtGood, shop: Mapping[UUID, Shop]) -> PurchasedGood:
    return PurchasedGood(
        purchase_id=purchase.id,
        source=purchase.source,
        key=purchase.key,
        register_number=purchase.register_number,
        acquired=purchase.acquired,
        mode=purchase.mode,
        marks=purchase.marks,
        good=good,
        shop=shop.get(purchase.establishment_id),
    )


def _told(permitted: Permitted, inquiry: Inquiry, row: Any) -> Hit:
    inquiry.returned.add("hit", row.hit)
    readable = row.handling in permitted.readable
    return Hit(
        id=row.hit,
        purchase_id=row.purchase,
        line=row.line,
        stolen_id=row.stolen_item,
        grade=row.grade if readable else None,
        score=row.score if readable else None,
        state=row.state,
        time=row.time if readable else None,
        reasons=_decode_reasons(row.reasons) if readable else (),
        against=_decode_reasons(row.against) if readable else (),
        why=row.why if readable else None,
        decided_by=row.decided_by,
        found_at=row.found_at,
        revision=row.revision,
        withheld=not readable,
    )


def export_hits(archive: Archive, permitted: Permitted) -> Iterator[dict[str, object]]:
    """Every hit that may be read, also the closed ones, by its id, as `export hits` tells it.

    Some are read, journaled, and only then handed on. Raises `JournalUnavailable`.
    """
    permitted.must_be(Action.EXPORT_HITS)
    asked = Asked(archive, permitted.reading, Question("export hits", {}, "export"))
    with (
        connect(archive.urls.read, "herkomst export") as connection,
        connection.transaction(),
        connection.cursor(name="export_hits", row_factory=namedtuple_row) as cursor,
    ):
        tables = registry.live_tables(connection, MODELS)
        cursor.execute(_EXPORT.format(**tables), {"readable": list(permitted.readable)})
        while rows := cursor.fetchmany(EXPORTED_AT_ONCE):
            returned = Returned()
            for row in rows:
                returned.add("hit", row.hit)
            write(archive, asked.read(returned))
            yield from map(_exported, rows)


def _exported(row: Any) -> dict[str, object]:
    return {
        "hit": row.hit,
        "grade": row.grade,
        "score": row.score,
        "state": row.state,
        "time": row.time,
        "reasons": _decode_reasons(row.reasons),
        "against": _decode_reasons(row.against),
        "purchase": {"source": row.purchase_source, "key": row.purchase_key, "line": row.line},
        "stolen": {"source": row.stolen_source, "key": row.stolen_key},
        "found_at": row.found_at,
        "position": row.revision,
    }
