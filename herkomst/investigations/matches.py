"""Who came upon what is closed, as its owner is told."""

from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.sql import SQL

from herkomst.access.policy import Action, Permitted
from herkomst.investigations.goods import Told
from herkomst.investigations.inquiry import Inquiry
from herkomst.investigations.pages import Page, Slice

LIST = "matches"
_PAGE = SQL(
    "SELECT *, {purpose_told} AS purpose_told FROM {matches} WHERE owner = %(unit)s AND {asked} "
    "ORDER BY revision DESC LIMIT %(limit)s"
)
_CHANGED = SQL(
    "SELECT *, {purpose_told} AS purpose_told FROM {matches} "
    "WHERE owner = %(unit)s AND revision > %(after)s ORDER BY revision LIMIT %(limit)s"
)
_BEFORE = SQL("revision < %(before)s")


class Match(Told, frozen=True, kw_only=True):
    """Somebody came upon a closed report of the viewer's unit."""

    id: UUID
    record_id: UUID
    how: str
    purchase_id: UUID | None
    officer: str | None
    role: str
    unit: str
    purpose: str | None
    at: datetime
    told_at: datetime
    revision: int


async def page(permitted: Permitted, inquiry: Inquiry, wanted: Page) -> Slice[Match]:
    """A page of what the viewer's unit was told, the last first."""
    permitted.must_be(Action.READ_MATCHES)
    values = {"before": wanted.before, "limit": wanted.first + 1, **_whose(permitted)}
    rows = await inquiry.rows(_PAGE, values, [_BEFORE])
    items = [_told(inquiry, row) for row in rows[: wanted.first]]
    count = inquiry.counting(_PAGE, values, [_BEFORE])
    return inquiry.cursors.slice(LIST, wanted, items, len(rows), count)


async def changed(
    permitted: Permitted, inquiry: Inquiry, after: int, limit: int
) -> tuple[list[Match], int]:
    """What it was told behind a revision, in order, and the revision looked at so far."""
    permitted.must_be(Action.READ_MATCHES)
    rows = await inquiry.rows(_CHANGED, {"after": after, "limit": limit, **_whose(permitted)})
    if len(rows) == limit:
        return [_told(inquiry, row) for row in rows], int(rows[-1].revision)
    return [_told(inquiry, row) for row in rows], max(after, inquiry.positions.get("casework", 0))


def _whose(permitted: Permitted) -> dict[str, object]:
    return {"unit": permitted.reading.viewer.unit}


def _told(inquiry: Inquiry, row: Any) -> Match:
    inquiry.returns("match", row.match, row.revision)
    return Match(
        id=row.match,
        record_id=row.record,
        how=row.how,
        purchase_id=row.purchase,
        officer=row.officer,
        role=row.role,
        unit=row.unit,
        purpose=row.purpose_told,
        at=row.at,
        told_at=row.told_at,
        revision=row.revision,
    )
