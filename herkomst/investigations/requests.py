"""Asking the owner of what is withheld, and answering that: a task with a term.

What was told to be withheld can be asked for: a hit, or the stolen item of one; and for an
investigation what is shown, but belongs to another (`reuse`). Anything else is answered as what
does not exist.
"""

from collections.abc import Callable, Sequence
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
from herkomst.domain.casework.request import (
    AccessGranted,
    AccessRefused,
    AccessRequest,
    AccessRequested,
    Refusal,
    RequestRefused,
    answer_by,
    must_end,
)
from herkomst.domain.events import EventData
from herkomst.investigations import casefiles, reuse, visibility
from herkomst.investigations.acting import in_casework, standpoint
from herkomst.investigations.goods import Told
from herkomst.investigations.inquiry import Desk, Inquiry
from herkomst.investigations.pages import Page, Slice
from herkomst.record.casework import Seal
from herkomst.record.requests import Done, act_in_request, stream_for

LIST = "access_requests"
_WITHHELD = SQL(
    "SELECT s.stolen_item, s.source, {item_shown} AS shown FROM {stolen_items} s "
    "WHERE s.stolen_item IN (SELECT stolen_item FROM {hits} "
    "WHERE hit = %(asked)s OR stolen_item = %(asked)s) AND {item_known}"
)
# What was granted is told to have ended, and what was not answered in time to be overdue, as soon
# as the moment has come; the events that say so may come later.
_PAGE = SQL(
    "SELECT a.*, {purpose_told} AS purpose_told, "
    "a.state = 'granted' AND a.until <= %(now)s AS ended, "
    "a.state = 'asked' AND a.answer_by <= %(now)s AS late FROM {access_requests} a "
    "LEFT JOIN {stolen_items} s ON s.stolen_item = a.record WHERE ("
    "a.owner = %(unit)s AND %(answers)s "
    "OR (a.of_case IS NOT NULL OR {item_known}) AND ("
    "a.asked_by = %(viewer)s OR a.unit = %(unit)s AND %(oversees)s "
    "OR a.owner = %(unit)s AND %(oversees)s "
    "AND (a.state = 'overdue' OR a.state = 'asked' AND a.answer_by <= %(now)s))"
    ") AND {asked} ORDER BY a.revision DESC LIMIT %(limit)s"
)
_CONDITIONS = {
    "before": SQL("a.revision < %(before)s"),
    "request": SQL("a.request = %(request)s"),
    "open": SQL("a.state IN ('asked', 'overdue')"),
    "mine": SQL(
        "a.owner = %(unit)s AND %(answers)s AND NOT EXISTS "
        "(SELECT FROM {access_requests} l WHERE l.stream = a.stream AND l.place > a.place)"
    ),
}


class Request(Told, frozen=True, kw_only=True):
    """One time that somebody asked for what is withheld."""

    id: UUID
    record_id: UUID
    is_use: bool
    of_case: UUID | None
    owner: str
    asked_by: str
    role: str
    unit: str
    purpose: str
    why: str | None
    asked_at: datetime
    answer_by: datetime
    state: str
    answered_by: str | None
    refusal: str | None
    answer: str | None
    until: datetime | None
    revision: int


class AccessChanged(NamedTuple):
    """What was done, and where it stands in casework."""

    state: str
    answer_by: datetime | None
    position: int


class Unknown(Exception):
    """Nothing that this viewer may ask for, or answer, has this id."""


async def page(
    permitted: Permitted, inquiry: Inquiry, wanted: Page, *, unanswered: bool = False
) -> Slice[Request]:
    """Each request that this viewer may know of, the one that changed last first: his own, those
    to his unit for who answers for it, and for who leads a unit what his people ask, and what is
    overdue at his unit."""
    permitted.must_be(Action.READ_ACCESS_REQUESTS)
    values = {"before": wanted.before, "limit": wanted.first + 1, **_whose(permitted)}
    asked = [_CONDITIONS["before"], *([_CONDITIONS["open"]] if unanswered else [])]
    rows = await inquiry.rows(_PAGE, values, asked)
    items = await _told(permitted, inquiry, rows[: wanted.first])
    count = inquiry.counting(_PAGE, values, asked)
    return inquiry.cursors.slice(LIST, wanted, items, len(rows), count)


async def ask(
    permitted: Permitted, inquiry: Inquiry, desk: Desk, question: Question, asked: UUID, why: str
) -> Answer[AccessChanged]:
    """Ask the owner of what is withheld, for the purpose of the viewer.

    Raises `Unknown`, `NotPermitted`, `RequestRefused`, `CaseRefused`, `JournalUnavailable`.
    """
    permitted.must_be(Action.REQUEST_ACCESS)
    reading = permitted.reading
    viewer, held = reading.viewer, reading.held
    record, owner, of_case = await _wanted(permitted, inquiry, asked)

    def requested(state: AccessRequest, seal: Seal) -> AccessRequested:
        now = datetime.now(UTC)
        state.must_be_new(now)
        return AccessRequested(
            answer_by=answer_by(now).isoformat(timespec="milliseconds"),
            by=viewer.subject,
            case=held.case.hex if held else None,
            of_case=of_case.hex if of_case else None,
            owner=owner,
            purpose=str(reading.purpose),
            record=record.hex,
            role=viewer.role,
            unit=viewer.unit,
            why=seal(reasons.said(why)),
        )

    case = held.case if held else None
    stream = stream_for(record, case, viewer.subject, str(reading.purpose), of_case)
    return await _change(permitted, desk, question, stream, requested, begins=True)


async def grant(
    permitted: Permitted,
    inquiry: Inquiry,
    desk: Desk,
    question: Question,
    request: UUID,
    until: datetime,
    why: str,
) -> Answer[AccessChanged]:
    """Let the record be read for the purpose of the request, until a moment.

    Raises `Unknown`, `RequestRefused`, `CaseRefused`, `JournalUnavailable`.
    """
    permitted.must_be(Action.ANSWER_ACCESS)
    by = permitted.reading.viewer.subject
    stream = await _stream_of(permitted, inquiry, request)

    def granted(state: AccessRequest, seal: Seal) -> AccessGranted:
        now = datetime.now(UTC)
        state.must_await(by, now)
        must_end(until, now)
        moment = until.astimezone(UTC).isoformat(timespec="milliseconds")
        return AccessGranted(by=by, request=state.began, until=moment, why=seal(reasons.said(why)))

    return await _change(permitted, desk, question, stream, granted, begins=False)


async def refuse(
    permitted: Permitted,
    inquiry: Inquiry,
    desk: Desk,
    question: Question,
    request: UUID,
    ground: Refusal,
    why: str,
) -> Answer[AccessChanged]:
    """Refuse it, or take back what was granted.

    Raises `Unknown`, `RequestRefused`, `CaseRefused`, `JournalUnavailable`.
    """
    permitted.must_be(Action.ANSWER_ACCESS)
    by = permitted.reading.viewer.subject
    stream = await _stream_of(permitted, inquiry, request)

    def refused(state: AccessRequest, seal: Seal) -> AccessRefused:
        state.must_await(by, datetime.now(UTC))
        return AccessRefused(by=by, ground=ground, request=state.began, why=seal(reasons.said(why)))

    return await _change(permitted, desk, question, stream, refused, begins=False)


class _Wanted(NamedTuple):
    """What is asked for, of whom, and which investigation it belongs to where it is shown."""

    record: UUID
    owner: str
    of_case: UUID | None = None


async def _wanted(permitted: Permitted, inquiry: Inquiry, asked: UUID) -> _Wanted:
    """Raises `Unknown`, `NotPermitted`, `RequestRefused`."""
    inquiry.returned.seek(asked)
    reading = permitted.reading
    to_read = policy.permit(reading, Action.READ_HITS)
    rows = await inquiry.rows(_WITHHELD, {"asked": asked, **visibility.values(to_read)})
    if rows and not rows[0].shown:
        return _Wanted(rows[0].stolen_item, rows[0].source)
    if not await casefiles.is_seen(reading, inquiry, asked):
        raise Unknown
    holder = await reuse.holder(inquiry, asked, reading.held.case) if reading.held else None
    if holder is None:
        raise RequestRefused(
            "not_withheld", "It is not withheld from you, and may be used.", "Read it."
        )
    return _Wanted(asked, holder.unit, holder.case)


async def _stream_of(permitted: Permitted, inquiry: Inquiry, request: UUID) -> UUID:
    """The stream of a request that this viewer may answer, the last there. Raises `Unknown`."""
    values = {"limit": 1, "request": request, **_whose(permitted)}
    rows = await inquiry.rows(_PAGE, values, [_CONDITIONS["request"], _CONDITIONS["mine"]])
    if not rows:
        raise Unknown
    stream: UUID = rows[0].stream
    return stream


def _whose(permitted: Permitted) -> dict[str, object]:
    reading = permitted.reading
    return {
        **visibility.values_in_case(reading),
        "answers": policy.allows(reading, Action.ANSWER_ACCESS),
        "oversees": policy.allows(reading, Action.OVERSEE_CASES),
        "unit": reading.viewer.unit,
    }


async def _change(
    permitted: Permitted,
    desk: Desk,
    question: Question,
    stream: UUID,
    act: Callable[[AccessRequest, Seal], EventData],
    *,
    begins: bool,
) -> Answer[AccessChanged]:
    reading = permitted.reading
    by = standpoint(permitted)
    acting = partial(
        act_in_request,
        desk.archive.casework,
        stream,
        act,
        by.actor,
        by.custody,
        begins=begins,
    )

    async def acted() -> AccessChanged:
        return _changed(await to_thread.run_sync(acting))

    return await in_casework(desk, reading, question, acted)


def _changed(done: Done) -> AccessChanged:
    data = done.data
    if isinstance(data, AccessRequested):
        return AccessChanged("asked", datetime.fromisoformat(data.answer_by), done.position)
    state = "granted" if isinstance(data, AccessGranted) else "refused"
    return AccessChanged(state, None, done.position)


async def _told(permitted: Permitted, inquiry: Inquiry, rows: Sequence[Any]) -> list[Request]:
    whose = _whose(permitted)
    keys = await inquiry.part_keys({row.request: row.stream for row in rows})
    for row in rows:
        inquiry.returns("access_request", row.request, row.revision)

    def opened(row: Any, sealed: bytes | None) -> str | None:
        key = keys.get(row.request)
        return None if key is None or sealed is None else key.open(sealed).decode()

    return [
        Request(
            id=row.request,
            record_id=row.record,
            is_use=row.of_case is not None,
            of_case=row.of_case if whose["answers"] and row.owner == whose["unit"] else None,
            owner=row.owner,
            asked_by=row.asked_by,
            role=row.role,
            unit=row.unit,
            purpose=row.purpose_told,
            why=opened(row, row.why),
            asked_at=row.asked_at,
            answer_by=row.answer_by,
            state=_state(row),
            answered_by=row.answered_by,
            refusal=row.refusal,
            answer=opened(row, row.answer),
            until=row.until,
            revision=row.revision,
        )
        for row in rows
    ]


def _state(row: Any) -> str:
    if row.late:
        return "overdue"
    return "ended" if row.ended else str(row.state)
