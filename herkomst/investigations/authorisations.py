"""Authorisations (art. 6 Wpg): who was granted what, granting, and ending before the term."""

from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID

from anyio import to_thread
from psycopg.sql import SQL

from herkomst.access.policy import Action, Permitted
from herkomst.access.reading import Answer, Question
from herkomst.access.viewer import Role
from herkomst.domain.casework.authorisation import Authorisations
from herkomst.domain.events import EventData
from herkomst.investigations.acting import in_casework
from herkomst.investigations.goods import Told
from herkomst.investigations.inquiry import Desk, Inquiry
from herkomst.investigations.pages import Page, Slice
from herkomst.record import authorisations
from herkomst.record.authorisations import Act, Appended, UnknownAuthorisation
from herkomst.record.casework import Seal
from herkomst.record.vault import DataKey

LIST = "authorisations"
_PAGE = SQL(
    "SELECT a.* FROM {authorisations} a WHERE a.revision < %(before)s AND {asked} "
    "ORDER BY a.revision DESC LIMIT %(limit)s"
)
_CONDITIONS = {
    "subject": SQL("a.subject = %(subject)s"),
    "role": SQL("a.role = %(role)s"),
    "unit": SQL("a.unit = %(unit)s"),
    "holding": SQL(
        "(a.ended_at IS NULL AND a.since <= %(now)s AND a.until > %(now)s) = %(holding)s"
    ),
}
_ONE = SQL("SELECT a.* FROM {authorisations} a WHERE {asked}")
_ID = SQL("a.authorisation = %(id)s")


class Authorisation(Told, frozen=True, kw_only=True):
    """Who was granted what, until when; its reasons are None once their key was destroyed."""

    id: UUID
    subject: str
    role: str
    unit: str
    since: datetime
    until: datetime
    holds: bool
    """Whether it holds at the moment of the answer."""
    granted_by: str
    why: str | None
    ended_at: datetime | None
    ended_by: str | None
    ended_why: str | None
    revision: int


async def page(
    permitted: Permitted,
    inquiry: Inquiry,
    wanted: Page,
    *,
    subject: str | None = None,
    role: str | None = None,
    unit: str | None = None,
    holding: bool | None = None,
) -> Slice[Authorisation]:
    """A page of authorisations, the one that changed last first, also those that ended."""
    permitted.must_be(Action.READ_AUTHORISATIONS)
    narrowed = {"subject": subject, "role": role, "unit": unit, "holding": holding}
    asked = [_CONDITIONS[name] for name, value in narrowed.items() if value is not None]
    now = datetime.now(UTC)
    values = narrowed | {"now": now, "before": wanted.before, "limit": wanted.first + 1}
    rows = await inquiry.rows(_PAGE, values, asked)
    shown = rows[: wanted.first]
    keys = await inquiry.part_keys({row.authorisation: row.stream for row in shown})
    for row in shown:
        inquiry.returns("authorisation", row.authorisation, row.revision)
    found = [_authorisation(row, keys.get(row.authorisation), now) for row in shown]
    count = inquiry.counting(_PAGE, values, asked)
    return inquiry.cursors.slice(LIST, wanted, found, len(rows), count)


async def grant(
    permitted: Permitted,
    desk: Desk,
    question: Question,
    *,
    subject: str,
    role: Role,
    unit: str,
    since: datetime | None,
    until: datetime,
    why: str,
) -> Answer[Appended]:
    """Authorise somebody else; journaled before and after.

    Raises `AuthorisationRefused`, `JournalUnavailable`.
    """
    permitted.must_be(Action.GRANT_AUTHORISATION)
    by = permitted.reading.viewer.subject

    def act(state: Authorisations, seal: Seal) -> EventData:
        now = datetime.now(UTC)
        return state.grant(subject, role, unit, since or now, until, seal(why), by=by, now=now)

    return await _attempt(permitted, desk, question, subject, unit, act)


async def end(
    permitted: Permitted,
    inquiry: Inquiry,
    desk: Desk,
    question: Question,
    authorisation: UUID,
    why: str,
) -> Answer[Appended]:
    """End an authorisation now; journaled before and after.

    Raises `AuthorisationRefused`, `UnknownAuthorisation`, `JournalUnavailable`.
    """
    permitted.must_be(Action.END_AUTHORISATION)
    rows = await inquiry.rows(_ONE, {"id": authorisation}, [_ID])
    if not rows:
        raise UnknownAuthorisation
    (row,) = rows
    act = partial(_ended, row.name, why)
    return await _attempt(permitted, desk, question, row.subject, row.unit, act, ending=row.name)


def _ended(name: str, why: str, state: Authorisations, seal: Seal) -> EventData:
    return state.end(name, seal(why), datetime.now(UTC))


async def _attempt(
    permitted: Permitted,
    desk: Desk,
    question: Question,
    subject: str,
    unit: str,
    act: Act,
    *,
    ending: str | None = None,
) -> Answer[Appended]:
    reading = permitted.reading
    doing = partial(
        authorisations.act_on,
        desk.archive.casework,
        subject,
        act,
        actor=f"user:{reading.viewer.subject}",
        ground=reading.ground,
        unit=unit,
        ending=ending,
    )

    async def acted() -> Appended:
        return await to_thread.run_sync(doing)

    return await in_casework(desk, reading, question, acted)


def _authorisation(row: Any, key: DataKey | None, now: datetime) -> Authorisation:
    return Authorisation(
        id=row.authorisation,
        subject=row.subject,
        role=row.role,
        unit=row.unit,
        since=row.since,
        until=row.until,
        holds=row.ended_at is None and row.since <= now < row.until,
        granted_by=row.granted_by,
        why=_text(key, row.why),
        ended_at=row.ended_at,
        ended_by=row.ended_by,
        ended_why=_text(key, row.ended_why),
        revision=row.revision,
    )


def _text(key: DataKey | None, sealed: bytes | None) -> str | None:
    return None if key is None or sealed is None else key.open(sealed).decode()
