"""Cases (zaken): what stands in one, for who works in it or answers for its unit.

A case exists for its members, from the moment that their term begins to the moment that it ends,
and for who oversees the unit that it is of. For everybody else there is none.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any, LiteralString
from uuid import UUID

import msgspec
from psycopg.sql import SQL

from herkomst.access.policy import Action, Permitted
from herkomst.domain.casework.case import Part, Term
from herkomst.investigations import visibility
from herkomst.investigations.goods import Told
from herkomst.investigations.inquiry import Inquiry
from herkomst.investigations.pages import Page, Slice
from herkomst.record.vault import DataKey

LIST, ITEMS, ENTRIES = "cases", "case_items", "case_entries"
ASKING = (Action.READ_CASES, Action.WORK_IN_CASE, Action.REVIEW_CASE)
_decode_members = msgspec.json.Decoder(dict[str, list[Term]]).decode
_SEEN: LiteralString = (
    "SELECT c.* FROM {cases} c WHERE {case_seen} AND {asked} ORDER BY c.revision "
)
_PAGE = SQL(_SEEN + "DESC LIMIT %(limit)s")
_CHANGED = SQL(_SEEN + "LIMIT %(limit)s")
_CONDITIONS = {
    "before": SQL("c.revision < %(before)s"),
    "after": SQL("c.revision > %(after)s"),
    "states": SQL("c.state = ANY(%(states)s)"),
    "case": SQL("c.case_id = %(case)s"),
    "number": SQL("c.number = %(number)s"),
}
_ITEMS = SQL(
    "SELECT * FROM {case_items} WHERE case_id = %(case)s AND revision < %(before)s "
    "ORDER BY revision DESC LIMIT %(limit)s"
)
_ENTRIES = SQL(
    "SELECT * FROM {case_entries} WHERE case_id = %(case)s AND revision < %(before)s "
    "ORDER BY revision DESC LIMIT %(limit)s"
)


class Member(Told, frozen=True, kw_only=True):
    """Who works in a case, as what, from when to when."""

    member: str
    part: Part
    since: datetime
    until: datetime | None


class Case(Told, frozen=True, kw_only=True):
    """A case as it stands; its texts are None once its key was destroyed."""

    id: UUID
    number: str
    title: str | None
    aim: str | None
    unit: str
    controller: str
    regime: str
    handling: str
    state: str
    lead: str
    members: tuple[Member, ...]
    opened_at: datetime
    closed_at: datetime | None
    revision: int


class CaseItem(Told, frozen=True, kw_only=True):
    """A record that is part of a case, or a person in it by what he presented."""

    id: UUID
    kind: str
    item_id: UUID
    category: str | None
    ground: str
    why: str | None
    added_by: str
    since: datetime
    revision: int


class CaseEntry(Told, frozen=True, kw_only=True):
    """A task, or a note of a fact or an opinion."""

    id: UUID
    kind: str
    name: str
    member: str | None
    about_id: UUID | None
    due: date | None
    text: str | None
    state: str
    outcome: str | None
    written_by: str
    written_at: datetime
    ended_at: datetime | None
    revision: int


async def page(
    permitted: Permitted, inquiry: Inquiry, wanted: Page, *, states: Sequence[str] | None = None
) -> Slice[Case]:
    """A page of the cases that there are for this viewer, the one that changed last first."""
    permitted.must_be(Action.READ_CASES)
    narrowed = {"before": wanted.before, "states": states}
    values, asked = _visible(permitted, wanted.first + 1, narrowed)
    cases = await _seen(inquiry, values, asked)
    count = inquiry.counting(_PAGE, values, asked)
    return inquiry.cursors.slice(LIST, wanted, cases[: wanted.first], len(cases), count)


async def changed(
    permitted: Permitted, inquiry: Inquiry, after: int, limit: int
) -> tuple[list[Case], int]:
    """The cases of this viewer that changed behind a revision, in order, and the revision looked
    at so far."""
    permitted.must_be(Action.READ_CASES)
    values, asked = _visible(permitted, limit, {"after": after})
    cases = await _seen(inquiry, values, asked, _CHANGED)
    if len(cases) == limit:
        return cases, cases[-1].revision
    return cases, max(after, inquiry.positions.get("casework", 0))


async def one(
    permitted: Permitted, inquiry: Inquiry, *, case: UUID | None = None, number: str | None = None
) -> Case | None:
    """A case by its id or its number; None where there is none for this viewer."""
    permitted.must_be(*ASKING)
    found = await _seen(inquiry, *_visible(permitted, 1, {"case": case, "number": number}))
    return found[0] if found else None


async def items(
    permitted: Permitted, inquiry: Inquiry, wanted: Page, *, case: Case
) -> Slice[CaseItem]:
    """A page of what is in a case that the viewer was shown."""
    permitted.must_be(*ASKING)
    values = _of_case(case, wanted)
    rows, key = await _part(inquiry, _ITEMS, values, case)
    found = [item(row, key) for row in rows[: wanted.first]]
    note_returned(inquiry, "case_item", found)
    count = inquiry.counting(_ITEMS, values, ())
    return inquiry.cursors.slice(ITEMS, wanted, found, len(rows), count)


async def entries(
    permitted: Permitted, inquiry: Inquiry, wanted: Page, *, case: Case
) -> Slice[CaseEntry]:
    """A page of the tasks and notes of a case that the viewer was shown."""
    permitted.must_be(*ASKING)
    values = _of_case(case, wanted)
    rows, key = await _part(inquiry, _ENTRIES, values, case)
    found = [entry(row, key) for row in rows[: wanted.first]]
    note_returned(inquiry, "case_entry", found)
    count = inquiry.counting(_ENTRIES, values, ())
    return inquiry.cursors.slice(ENTRIES, wanted, found, len(rows), count)


def _of_case(case: Case, wanted: Page) -> dict[str, object]:
    """The values of a page of what is in a case, and one more."""
    return {"case": case.id, "before": wanted.before, "limit": wanted.first + 1}


async def _part(
    inquiry: Inquiry, statement: SQL, values: dict[str, object], case: Case
) -> tuple[list[Any], DataKey | None]:
    """Rows of a case, and the key of its texts."""
    rows = await inquiry.rows(statement, values)
    return rows, (await inquiry.keys([case.id])).get(case.id)


def note_returned(inquiry: Inquiry, kind: str, found: Sequence[CaseItem | CaseEntry]) -> None:
    """Note that these are part of the answer."""
    for each in found:
        inquiry.returned.add(kind, each.id)


def part_of(case: Case, subject: str) -> Part | None:
    """What somebody does in a case now."""
    now = datetime.now(UTC)
    terms = (m for m in case.members if m.member == subject)
    return next((m.part for m in terms if Term(m.part, m.since, m.until).holds(now)), None)


def _visible(
    permitted: Permitted, limit: int, narrowed: dict[str, Any]
) -> tuple[dict[str, object], list[SQL]]:
    """The values and the conditions of a statement over the cases of this viewer."""
    values = {
        **visibility.values_of_cases(permitted.reading),
        "limit": limit,
    }
    asked = [_CONDITIONS[name] for name, value in narrowed.items() if value is not None]
    return values | narrowed, asked


async def _seen(
    inquiry: Inquiry, values: dict[str, object], asked: list[SQL], statement: SQL = _PAGE
) -> list[Case]:
    rows = await inquiry.rows(statement, values, asked)
    keys = await inquiry.keys(row.case_id for row in rows)
    for row in rows:
        inquiry.returns("case", row.case_id, row.revision)
    return [case(row, keys.get(row.case_id)) for row in rows]


def case(row: Any, key: DataKey | None) -> Case:
    """A case of its row, which may be one that was replayed."""
    members = _decode_members(row.members)
    return Case(
        id=row.case_id,
        number=row.number,
        title=_text(key, row.title),
        aim=_text(key, row.aim),
        unit=row.unit,
        controller=row.controller,
        regime=row.regime,
        handling=row.handling,
        state=row.state,
        lead=row.lead,
        members=tuple(
            Member(member=member, part=term.part, since=term.since, until=term.until)
            for member, terms in members.items()
            for term in terms
        ),
        opened_at=row.opened_at,
        closed_at=row.closed_at,
        revision=row.revision,
    )


def item(row: Any, key: DataKey | None) -> CaseItem:
    """An item of its row."""
    return CaseItem(
        id=row.entry,
        kind=row.kind,
        item_id=row.item,
        category=row.category,
        ground=row.ground,
        why=_text(key, row.why),
        added_by=row.added_by,
        since=row.since,
        revision=row.revision,
    )


def entry(row: Any, key: DataKey | None) -> CaseEntry:
    """A task or a note of its row."""
    return CaseEntry(
        id=row.entry,
        kind=row.kind,
        name=row.name,
        member=row.member,
        about_id=row.about,
        due=row.due,
        text=_text(key, row.text),
        state=row.state,
        outcome=_text(key, row.outcome),
        written_by=row.written_by,
        written_at=row.written_at,
        ended_at=row.ended_at,
        revision=row.revision,
    )


def _text(key: DataKey | None, sealed: bytes | None) -> str | None:
    return None if key is None or sealed is None else key.open(sealed).decode()
