"""Reviews that nobody judged in their term, as who oversees reviewers is told: of which read or
broken glass, whose, and since when. Of what was read or said it tells nothing."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from psycopg.sql import SQL

from herkomst.access import policy
from herkomst.access.policy import Action, Permitted
from herkomst.investigations.goods import Told
from herkomst.investigations.inquiry import Inquiry
from herkomst.investigations.pages import Page, Slice

LIST = "overdue_reviews"
# Nobody watches how his own reads are reviewed.
_PAGE = SQL(
    "SELECT * FROM ("
    "SELECT 'read' AS kind, v.review AS id, v.officer, v.role, v.queued_at AS since, v.judge_by, "
    "v.revision FROM {reviews} v WHERE v.state <> 'decided' AND v.judge_by <= %(now)s "
    "AND {review_reached} "
    "AND %(viewer)s NOT IN (v.officer, substr(v.officer, strpos(v.officer, ':') + 1)) "
    "UNION ALL "
    "SELECT 'glass', r.glass, r.officer, r.role, r.until, r.judge_by, r.revision "
    "FROM {glasses} r WHERE r.verdict IS NULL AND r.judge_by <= %(now)s "
    "AND {reader} = ANY(%(reviewed)s) AND r.officer <> %(viewer)s"
    ") w WHERE {asked} ORDER BY revision DESC LIMIT %(limit)s"
)
_BEFORE = SQL("revision < %(before)s")


class OverdueReview(Told, frozen=True, kw_only=True):
    """A review that waits for its verdict beyond its term."""

    id: UUID
    kind: str
    """read or glass."""
    officer: str
    role: str
    since: datetime
    """When the read was queued, or the glass held no longer."""
    judge_by: datetime
    revision: int


async def page(permitted: Permitted, inquiry: Inquiry, wanted: Page) -> Slice[OverdueReview]:
    """A page of what is overdue, the one that changed last first."""
    permitted.must_be(Action.OVERSEE_REVIEWS)
    values = {
        "before": wanted.before,
        "limit": wanted.first + 1,
        "now": datetime.now(UTC),
        "reviewed": sorted(policy.reached(permitted.reading, Action.OVERSEE_REVIEWS)),
        "viewer": permitted.reading.viewer.subject,
    }
    rows = await inquiry.rows(_PAGE, values, [_BEFORE])
    items = [_told(inquiry, row) for row in rows[: wanted.first]]
    count = inquiry.counting(_PAGE, values, [_BEFORE])
    return inquiry.cursors.slice(LIST, wanted, items, len(rows), count)


def _told(inquiry: Inquiry, row: Any) -> OverdueReview:
    inquiry.returns("glass" if row.kind == "glass" else "review", row.id, row.revision)
    return OverdueReview(
        id=row.id,
        kind=row.kind,
        officer=row.officer,
        role=row.role,
        since=row.since,
        judge_by=row.judge_by,
        revision=row.revision,
    )
