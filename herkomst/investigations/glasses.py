"""Breaking the glass, seeing who did, and giving a verdict on it."""

from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, NamedTuple
from uuid import UUID

from anyio import to_thread
from psycopg.sql import SQL

from herkomst.access import policy
from herkomst.access.policy import Action, Permitted
from herkomst.access.reading import Answer, Question
from herkomst.domain.casework import reasons
from herkomst.domain.casework.glass import (
    Broken,
    Emergency,
    Ended,
    Glass,
    GlassRefused,
    Reviewed,
    Verdict,
)
from herkomst.domain.events import EventData
from herkomst.investigations.acting import in_casework, standpoint
from herkomst.investigations.goods import Told
from herkomst.investigations.inquiry import Desk, Inquiry
from herkomst.investigations.pages import Page, Slice
from herkomst.projections.reads import told_of
from herkomst.record.casework import Seal

LIST, VIEWED = "glasses", "glass_reads"
_VIEWED = SQL(
    "SELECT FROM {reads} WHERE officer = %(officer)s AND at >= %(since)s AND at <= %(until)s "
    "AND break_glass AND NOT rehearsed LIMIT %(limit)s"
)
_VIEWED_EACH = SQL(
    "SELECT g.place, r.* FROM unnest(%(officers)s::text[], %(since)s::timestamptz[], "
    "%(until)s::timestamptz[], %(before)s::bigint[], %(most)s::int[]) "
    "WITH ORDINALITY AS g (officer, since, until, before, most, place) "
    "CROSS JOIN LATERAL (SELECT * FROM {reads} WHERE officer = g.officer AND at >= g.since "
    "AND at <= g.until AND break_glass AND NOT rehearsed AND revision < g.before "
    "ORDER BY revision DESC LIMIT g.most) AS r ORDER BY g.place, r.revision DESC"
)
_PAGE = SQL(
    "SELECT *, verdict IS NULL AND judge_by <= %(now)s AS overdue FROM {glasses} r WHERE "
    "({reader} = ANY(%(reviewed)s) OR unit = %(unit)s OR officer = %(viewer)s) "
    "AND {asked} ORDER BY revision DESC LIMIT %(limit)s"
)
_CONDITIONS = {
    "before": SQL("revision < %(before)s"),
    "glass": SQL("glass = %(glass)s"),
    "open": SQL("verdict IS NULL"),
}


class Break(Told, frozen=True, kw_only=True):
    """One time that somebody broke the glass."""

    id: UUID
    officer: str
    role: str
    unit: str
    emergency: str
    why: str | None
    broken_at: datetime
    until: datetime
    verdict: str | None
    reviewed_by: str | None
    finding: str | None
    judge_by: datetime
    overdue: bool
    revision: int


class Viewed(Told, frozen=True, kw_only=True):
    """A read that was made while it was broken: when, how, and which records it returned."""

    id: UUID
    at: datetime
    way: str
    count: int
    records: tuple[str, ...]
    revision: int


class GlassChanged(NamedTuple):
    """What was done, and where it stands in casework."""

    until: datetime | None
    position: int


async def page(
    permitted: Permitted, inquiry: Inquiry, wanted: Page, *, unreviewed: bool = False
) -> Slice[Break]:
    """Each time that this viewer may know of, the one that changed last first: his own, those of
    the unit that he answers for, and for who reviews, all."""
    permitted.must_be(Action.SEE_GLASSES)
    values = {"before": wanted.before, "limit": wanted.first + 1, **_whose(permitted)}
    asked = [_CONDITIONS["before"], *([_CONDITIONS["open"]] if unreviewed else [])]
    rows = await inquiry.rows(_PAGE, values, asked)
    items = await _told(inquiry, rows[: wanted.first])
    count = inquiry.counting(_PAGE, values, asked)
    return inquiry.cursors.slice(LIST, wanted, items, len(rows), count)


async def viewed(
    permitted: Permitted, inquiry: Inquiry, wanted: Collection[tuple[Break, Page]]
) -> dict[tuple[Break, Page], Slice[Viewed]]:
    """Of each time a page of what was read while it was broken, the last first: ids, and nothing of
    what they are of. What the journal has of it comes through to here a moment later."""
    permitted.must_be(Action.SEE_GLASSES)
    asked = list(wanted)
    rows = await inquiry.rows(
        _VIEWED_EACH,
        {
            "officers": [glass.officer for glass, _ in asked],
            "since": [glass.broken_at for glass, _ in asked],
            "until": [glass.until for glass, _ in asked],
            "before": [page.before for _, page in asked],
            "most": [page.first + 1 for _, page in asked],
        },
    )
    found: dict[int, list[Viewed]] = {}
    for row in rows:
        found.setdefault(row.place, []).append(_viewed(row))
    return {
        each: _page_of_viewed(inquiry, *each, found.get(place, []))
        for place, each in enumerate(asked, 1)
    }


def _page_of_viewed(
    inquiry: Inquiry, glass: Break, wanted: Page, found: Sequence[Viewed]
) -> Slice[Viewed]:
    values = {"officer": glass.officer, "since": glass.broken_at, "until": glass.until}
    count = inquiry.counting(_VIEWED, values, ())
    return inquiry.cursors.slice(VIEWED, wanted, found[: wanted.first], len(found), count)


def _viewed(row: Any) -> Viewed:
    return Viewed(
        id=row.read,
        at=row.at,
        way=row.kind,
        count=row.count,
        records=told_of(row.items),
        revision=row.revision,
    )


async def break_glass(
    permitted: Permitted, desk: Desk, question: Question, emergency: Emergency, hours: int, why: str
) -> Answer[GlassChanged]:
    """Break the glass for some hours. Raises `GlassRefused`, `JournalUnavailable`."""
    permitted.must_be(Action.BREAK_GLASS)
    viewer = permitted.reading.viewer

    def broken(glass: Glass, seal: Seal) -> Broken:
        until = glass.until_of(hours, datetime.now(UTC))
        return Broken(
            by=viewer.subject,
            emergency=emergency,
            role=viewer.role,
            unit=viewer.unit,
            until=until.isoformat(timespec="milliseconds"),
            why=seal(reasons.said(why)),
        )

    return await _change(permitted, desk, question, viewer.subject, broken)


async def end(permitted: Permitted, desk: Desk, question: Question) -> Answer[GlassChanged]:
    """End it before its time. Raises `GlassRefused`, `JournalUnavailable`."""
    permitted.must_be(Action.BREAK_GLASS)

    def ended(glass: Glass, _: Seal) -> Ended:
        glass.must_be_broken(datetime.now(UTC))
        return Ended()

    return await _change(permitted, desk, question, permitted.reading.viewer.subject, ended)


async def review(
    permitted: Permitted,
    inquiry: Inquiry,
    desk: Desk,
    question: Question,
    glass: UUID,
    verdict: Verdict,
    why: str,
) -> Answer[GlassChanged]:
    """Give a verdict on one time. Raises `GlassRefused`, `JournalUnavailable`."""
    permitted.must_be(Action.REVIEW_GLASS)
    values = {"limit": 1, "glass": glass, **_whose(permitted)}
    rows = await inquiry.rows(_PAGE, values, [_CONDITIONS["glass"]])
    if not rows or rows[0].verdict is not None:
        raise GlassRefused("nothing_open", f"Nothing is to be reviewed of {glass}.", "Look again.")
    officer, by = rows[0].officer, permitted.reading.viewer.subject

    def reviewed(state: Glass, seal: Seal) -> Reviewed:
        state.must_await(officer, by, datetime.now(UTC))
        return Reviewed(by=by, verdict=verdict, why=seal(reasons.said(why)))

    return await _change(permitted, desk, question, officer, reviewed)


async def _change(
    permitted: Permitted,
    desk: Desk,
    question: Question,
    officer: str,
    act: Callable[[Glass, Seal], EventData],
) -> Answer[GlassChanged]:
    reading = permitted.reading
    by = standpoint(permitted)
    recording = partial(desk.archive.casework.in_glass, officer, act, by)

    async def acted() -> GlassChanged:
        data, position = await to_thread.run_sync(recording)
        until = datetime.fromisoformat(data.until) if isinstance(data, Broken) else None
        return GlassChanged(until, position)

    return await in_casework(desk, reading, question, acted)


def _whose(permitted: Permitted) -> dict[str, object]:
    viewer = permitted.reading.viewer
    oversees = policy.allows(permitted.reading, Action.OVERSEE_CASES)
    return {
        "reviewed": sorted(policy.reached(permitted.reading, Action.REVIEW_GLASS)),
        "unit": viewer.unit if oversees else None,
        "viewer": viewer.subject,
        "now": datetime.now(UTC),
    }


async def _told(inquiry: Inquiry, rows: list[Any]) -> list[Break]:
    keys = await inquiry.part_keys({row.glass: row.stream for row in rows})
    for row in rows:
        inquiry.returns("glass", row.glass, row.revision)

    def opened(row: Any, sealed: bytes | None) -> str | None:
        key = keys.get(row.glass)
        return None if key is None or sealed is None else key.open(sealed).decode()

    return [
        Break(
            id=row.glass,
            officer=row.officer,
            role=row.role,
            unit=row.unit,
            emergency=row.emergency,
            why=opened(row, row.why),
            broken_at=row.broken_at,
            until=row.until,
            verdict=row.verdict,
            reviewed_by=row.reviewed_by,
            finding=opened(row, row.finding),
            judge_by=row.judge_by,
            overdue=row.overdue,
            revision=row.revision,
        )
        for row in rows
    ]
