"""What a dealer is told: that a good in his register is to be kept, once an officer lets him know.

He reads it in his own register, and learns which good it is and whom to ask: nothing of the report,
of who looks, or of any other hit. Before that there is nothing, and as many statements are asked.
"""

from datetime import UTC, datetime
from uuid import UUID

from psycopg.sql import SQL

from herkomst.access.policy import Action, Permitted
from herkomst.investigations.goods import Told
from herkomst.investigations.inquiry import Inquiry
from herkomst.investigations.pages import Page, Slice

LIST = "notices"
_PAGE = SQL(
    "SELECT m.measure, m.unit, m.since, m.revision, p.key, h.line, "
    "h.state IN ('found', 'assessed', 'confirmed') AS keeps, "
    "(SELECT max(o.until) FROM {measures} o WHERE o.hit = m.hit AND o.kind = 'order' "
    "AND o.state = 'running' AND o.until > %(now)s) AS until "
    "FROM {measures} m JOIN {hits} h ON h.hit = m.hit "
    "JOIN {purchases} p ON p.purchase = h.purchase "
    "WHERE m.kind = 'notice' AND p.source = %(unit)s AND {asked} "
    "ORDER BY m.revision DESC LIMIT %(limit)s"
)
_BEFORE = SQL("m.revision < %(before)s")


class Notice(Told, frozen=True, kw_only=True):
    """A good in a dealer's own register that he is told of."""

    id: UUID
    key: str
    line: int
    keeps: bool
    until: datetime | None
    contact: str
    told_at: datetime
    revision: int


async def page(permitted: Permitted, inquiry: Inquiry, wanted: Page) -> Slice[Notice]:
    """A page of what the viewer was told of goods in his register, the last first."""
    permitted.must_be(Action.READ_NOTICES)
    values = {
        "before": wanted.before,
        "limit": wanted.first + 1,
        "now": datetime.now(UTC),
        "unit": permitted.reading.viewer.unit,
    }
    rows = await inquiry.rows(_PAGE, values, [_BEFORE])
    items = []
    for row in rows[: wanted.first]:
        inquiry.returns("notice", row.measure, row.revision)
        items.append(
            Notice(
                id=row.measure,
                key=row.key,
                line=row.line,
                keeps=row.keeps,
                until=row.until,
                contact=row.unit,
                told_at=row.since,
                revision=row.revision,
            )
        )
    count = inquiry.counting(_PAGE, values, [_BEFORE])
    return inquiry.cursors.slice(LIST, wanted, items, len(rows), count)
