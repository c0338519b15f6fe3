"""Holds: which records are kept on which ground until when; placing and lifting one."""

from datetime import date, datetime
from functools import partial
from typing import Any, NamedTuple
from uuid import UUID

from anyio import to_thread
from psycopg.sql import SQL

from herkomst.access.policy import Action, Permitted
from herkomst.access.reading import Answer, Question
from herkomst.domain.calendar import legal_today
from herkomst.domain.casework import hold
from herkomst.domain.casework.hold import HoldRefused, RecordKind
from herkomst.investigations.acting import in_casework, standpoint
from herkomst.investigations.goods import Told
from herkomst.investigations.inquiry import Desk, Inquiry
from herkomst.investigations.pages import Page, Slice
from herkomst.record import holds

LIST = "holds"
_PAGE = SQL(
    "SELECT * FROM {holds} WHERE revision < %(before)s AND {asked} "
    "ORDER BY revision DESC LIMIT %(limit)s"
)
_CONDITIONS = {
    "record": SQL("record = %(record)s"),
    "standing": SQL("(lifted_at IS NULL AND until >= %(today)s) = %(standing)s"),
}
_ONE = SQL("SELECT record, number FROM {holds} WHERE hold = %(hold)s")


class Hold(Told, frozen=True, kw_only=True):
    """A hold on one record; its reasons are None once their key was destroyed."""

    id: UUID
    record: UUID
    kind: str
    ground: str
    until: date
    stands: bool
    placed_by: str
    placed_at: datetime
    why: str | None
    lifted_at: datetime | None
    lifted_by: str | None
    lifted_why: str | None
    revision: int


class HoldDone(NamedTuple):
    """A hold that was placed or lifted, and where that stands in casework."""

    id: UUID
    position: int


async def page(
    permitted: Permitted,
    inquiry: Inquiry,
    wanted: Page,
    *,
    record: UUID | None = None,
    standing: bool | None = None,
) -> Slice[Hold]:
    """A page of holds, the one that changed last first, also those that ended."""
    permitted.must_be(Action.READ_HOLDS)
    narrowed = {"record": record, "standing": standing}
    asked = [_CONDITIONS[name] for name, value in narrowed.items() if value is not None]
    more = {"before": wanted.before, "limit": wanted.first + 1, "today": legal_today()}
    values = narrowed | more
    rows = await inquiry.rows(_PAGE, values, asked)
    items = await _told(inquiry, rows[: wanted.first])
    count = inquiry.counting(_PAGE, values, asked)
    return inquiry.cursors.slice(LIST, wanted, items, len(rows), count)


async def place(
    permitted: Permitted,
    desk: Desk,
    question: Question,
    record: UUID | None,
    kind: RecordKind,
    ground: str,
    until: date | None,
    why: str,
) -> Answer[HoldDone]:
    """Place a hold on one record. Raises `HoldRefused`, `JournalUnavailable`."""
    permitted.must_be(Action.PLACE_HOLD)
    named = None if record is None else str(record)
    end = hold.must_name(named, ground, until, legal_today())
    assert record is not None
    placing = partial(
        holds.place, desk.archive.casework, record, kind, ground, end, why, standpoint(permitted)
    )

    async def acted() -> HoldDone:
        return HoldDone(*await to_thread.run_sync(placing))

    return await in_casework(desk, permitted.reading, question, acted)


async def lift(
    permitted: Permitted,
    inquiry: Inquiry,
    desk: Desk,
    question: Question,
    wanted: UUID,
    why: str,
) -> Answer[HoldDone]:
    """Lift a hold before its end. Raises `HoldRefused`, `JournalUnavailable`."""
    permitted.must_be(Action.PLACE_HOLD)
    rows = await inquiry.rows(_ONE, {"hold": wanted})
    if not rows:
        raise HoldRefused("no_hold", f"There is no hold {wanted}.", "Send an id of `holds`.")
    (row,) = rows
    lifting = partial(
        holds.lift,
        desk.archive.casework,
        row.record,
        row.number,
        why,
        legal_today(),
        standpoint(permitted),
    )

    async def acted() -> HoldDone:
        return HoldDone(wanted, await to_thread.run_sync(lifting))

    return await in_casework(desk, permitted.reading, question, acted)


async def _told(inquiry: Inquiry, rows: list[Any]) -> list[Hold]:
    keys = await inquiry.part_keys({row.hold: row.stream for row in rows})
    today = legal_today()
    for row in rows:
        inquiry.returned.add("hold", row.hold)

    def opened(row: Any, sealed: bytes | None) -> str | None:
        key = keys.get(row.hold)
        return None if key is None or sealed is None else key.open(sealed).decode()

    return [
        Hold(
            id=row.hold,
            record=row.record,
            kind=row.kind,
            ground=row.ground,
            until=row.until,
            stands=row.lifted_at is None and today <= row.until,
            placed_by=row.placed_by,
            placed_at=row.placed_at,
            why=opened(row, row.why),
            lifted_at=row.lifted_at,
            lifted_by=row.lifted_by,
            lifted_why=opened(row, row.lifted_why),
            revision=row.revision,
        )
        for row in rows
    ]
