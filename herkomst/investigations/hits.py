"""Hits (treffers) as they stand: leads, never proof, with both goods beside each other.

A hit is shown when both its goods are. One on a stolen item that is closed to the viewer does not
exist for him; one on an item that is withheld tells that it exists, and nothing that rests on the
item: no grade, no reasons, no number of its report.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from psycopg.rows import namedtuple_row
from psycopg.sql import SQL

from herkomst.access.policy import Action, Permitted
from herkomst.access.reading import Asked, Question, Returned, write
from herkomst.domain.calendar import Occurred
from herkomst.domain.matching import Reason
from herkomst.domain.problems import Mark
from herkomst.investigations import purchases, visibility
from herkomst.investigations.goods import BoughtGood, Told
from herkomst.investigations.inquiry import Inquiry
from herkomst.investigations.live import MODELS
from herkomst.investigations.pages import Page, Slice
from herkomst.investigations.purchases import Purchase
from herkomst.projections import registry
from herkomst.record.archive import Archive
from herkomst.record.database import Undecoded, connect

LIST = "hits"
EXPORTED_AT_ONCE = 1000
"""Hits of an export that share an entry of the journal."""
_WINDOW = 200
"""Hits that are looked at in one statement for those that are to be pushed."""
_WINDOWS = 50
"""Statements after which what was found is pushed, and the rest is looked for later."""
_decode_reasons = msgspec.json.Decoder(tuple[Reason, ...]).decode
# Each hit looks its goods up by their key, also where the planner knows the tables badly because
# they have just been filled: a limit inside keeps it from joining them as a whole.
_SELECT = SQL(
    "SELECT h.*, {hit_shown} AS shown FROM {hits} h {goods_of_hit} "
    "CROSS JOIN LATERAL (SELECT FROM {purchases} WHERE purchase = h.purchase LIMIT 1) p "
    "WHERE {hit_known} AND {asked} ORDER BY h.revision DESC LIMIT %(limit)s"
)
_CHANGED = SQL(
    "SELECT h.*, {hit_shown} AS shown, {hit_known} AS known, "
    "p.here AND s.handling IS NOT NULL AS complete FROM {hits} h "
    "LEFT JOIN LATERAL (SELECT source, regime, handling FROM {stolen_items} "
    "WHERE stolen_item = h.stolen_item LIMIT 1) s ON true "
    "LEFT JOIN LATERAL (SELECT true AS here FROM {purchases} "
    "WHERE purchase = h.purchase LIMIT 1) p ON true "
    "WHERE h.revision > %(after)s ORDER BY h.revision LIMIT %(limit)s"
)
_EXPORT = SQL(
    "SELECT h.* FROM {hits} h JOIN {stolen_items} s USING (stolen_item) "
    "WHERE {hit_shown} ORDER BY h.hit"
)
_CONDITIONS = {
    "before": SQL("h.revision < %(before)s"),
    "hit": SQL("h.hit = %(hit)s"),
    # A grade tells of both goods: it narrows to those that may be read.
    "grades": SQL("h.grade = ANY(%(grades)s) AND {hit_shown}"),
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
    as_known: bool = False
    """It is told as it was known on a day, and what stands beside it is not."""


class PurchasedGood(Told, frozen=True, kw_only=True):
    """The good that was bought, with what a card needs of its purchase."""

    purchase_id: UUID
    source: str
    key: str
    line: int
    register_number: int | None
    acquired: Occurred
    mode: str
    marks: tuple[Mark, ...]
    establishment_id: UUID
    good: BoughtGood | None
    """None where a correction took the line away."""


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
    narrowed = {"before": wanted.before, "grades": grades, "states": states, "since": since}
    values, asked = _narrowed(permitted, wanted.first + 1, narrowed)
    rows = await inquiry.rows(_SELECT, values, asked)
    items = [told(inquiry, row, shown=row.shown) for row in rows[: wanted.first]]
    count = inquiry.counting(_SELECT, values, asked)
    return inquiry.cursors.slice(LIST, wanted, items, len(rows), count)


async def one(permitted: Permitted, inquiry: Inquiry, hit: UUID) -> Hit | None:
    """One hit, or None where there is none for this viewer."""
    permitted.must_be(Action.READ_HITS, Action.DECIDE_HIT)
    inquiry.returned.seek(hit)
    rows = await inquiry.rows(_SELECT, *_narrowed(permitted, 1, {"hit": hit}))
    return told(inquiry, rows[0], shown=rows[0].shown) if rows else None


def _narrowed(
    permitted: Permitted, limit: int, narrowed: Mapping[str, object]
) -> tuple[dict[str, object], list[SQL]]:
    """The values and the conditions of a statement."""
    asked = [_CONDITIONS[name] for name, value in narrowed.items() if value is not None]
    return {"limit": limit, **visibility.values(permitted), **narrowed}, asked


async def changed(
    permitted: Permitted, inquiry: Inquiry, after: int, limit: int
) -> tuple[list[Hit], int]:
    """The hits that changed behind a revision, in order, and the revision looked at so far.

    It stops before a hit whose goods have not come through yet, so that none is passed over. As
    many come together as were asked for, however many the viewer may not know of lie between: how
    they are grouped would tell of those.
    """
    permitted.must_be(Action.READ_HITS)
    values = {"limit": _WINDOW, **visibility.values(permitted)}
    hits: list[Hit] = []
    for _ in range(_WINDOWS):
        rows = await inquiry.rows(_CHANGED, {**values, "after": after})
        for row in rows:
            if not row.complete:
                return hits, after
            after = row.revision
            if row.known:
                hits.append(told(inquiry, row, shown=row.shown))
                if len(hits) == limit:
                    return hits, after
        if len(rows) < _WINDOW:  # All was seen, and what came last need not have been a hit.
            return hits, max(after, inquiry.positions.get("casework", 0))
    return hits, after


async def purchased(
    permitted: Permitted, inquiry: Inquiry, lines: Collection[tuple[UUID, int]]
) -> dict[tuple[UUID, int], PurchasedGood]:
    """These lines with their purchases."""
    permitted.must_be(Action.READ_HITS)
    found = await purchases.by_ids(permitted, inquiry, {purchase for purchase, _ in lines})
    return {(purchase, line): _bought(found[purchase], line) for purchase, line in lines}


def _bought(purchase: Purchase, line: int) -> PurchasedGood:
    return PurchasedGood(
        purchase_id=purchase.id,
        source=purchase.source,
        key=purchase.key,
        line=line,
        register_number=purchase.register_number,
        acquired=purchase.acquired,
        mode=purchase.mode,
        marks=purchase.marks,
        establishment_id=purchase.establishment_id,
        good=next((good for good in purchase.lines if good.line == line), None),
    )


def told(inquiry: Inquiry, row: Any, *, shown: bool) -> Hit:
    """A hit of its row, without its comparison where that is not `shown`."""
    inquiry.returns("hit", row.hit, row.revision)
    return Hit(
        id=row.hit,
        purchase_id=row.purchase,
        line=row.line,
        stolen_id=row.stolen_item,
        grade=row.grade if shown else None,
        score=row.score if shown else None,
        state=row.state,
        time=row.time if shown else None,
        reasons=_decode_reasons(row.reasons) if shown else (),
        against=_decode_reasons(row.against) if shown else (),
        why=row.why if shown else None,
        decided_by=row.decided_by,
        found_at=row.found_at,
        revision=row.revision,
        withheld=not shown,
    )


def export_hits(archive: Archive, permitted: Permitted) -> Iterator[dict[str, object]]:
    """Every hit that may be read, also the closed ones, by its id, as `export hits` tells it.

    Some are read, journaled, and only then handed on. Raises `JournalUnavailable`.
    """
    permitted.must_be(Action.EXPORT_HITS)
    asked = Asked(archive, permitted.reading, Question("export hits", {}, "export"))
    with connect(archive.urls.read, "herkomst export") as connection, connection.transaction():
        connection.adapters.register_loader("jsonb", Undecoded)
        tables = registry.live_tables(connection, MODELS)
        statement = _EXPORT.format(**visibility.conditions(tables))
        with connection.cursor("export_hits", binary=True, row_factory=namedtuple_row) as cursor:
            cursor.execute(statement, visibility.values(permitted))
            while rows := cursor.fetchmany(EXPORTED_AT_ONCE):
                write(archive, asked.read(_returned(rows)))
                yield from map(_exported, rows)


def _returned(rows: Sequence[Any]) -> Returned:
    returned = Returned()
    for row in rows:
        returned.add("hit", row.hit)
    return returned


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
