"""The shapes of cases: as they stand, and as they were known."""

from datetime import date, datetime
from functools import partial
from typing import Annotated, Any

import strawberry

from herkomst.access import policy
from herkomst.access.policy import Action, Permitted
from herkomst.domain.casework.case import NUMBER
from herkomst.graphql.context import Info
from herkomst.graphql.enums import Became, CasePart, CaseState
from herkomst.graphql.fields import parsed_id, resolved, right_of, shape_of, told
from herkomst.graphql.listing import Listed, answered, listed
from herkomst.graphql.refusals import InvalidPage, NotPermitted, UnknownCase, unknown_case
from herkomst.graphql.types import (
    Connection,
    Hit,
    Node,
    Occurred,
    Presentation,
    Purchase,
    StolenItem,
    Withheld,
)
from herkomst.investigations import cases, known, pages
from herkomst.investigations.inquiry import Inquiry
from herkomst.investigations.pages import Page, Slice


@strawberry.type(description="Who works in a case, from when to when.")
class CaseMember:
    member: str = told("Who, as the journal names him.")
    part: CasePart = told("What he does in it.")
    since: datetime = told("First moment.")
    until: datetime | None = told("First moment at which it no longer holds.")


@strawberry.type(description="A record that is part of a case, or a person by what he presented.")
@shape_of(cases.CaseItem)
class CaseItem:
    id: strawberry.ID = told("Id of its place in the case.")
    kind: str = told("purchase, stolen_item, hit, or presentation for a person.")
    item_id: strawberry.ID = told("Id of the record.")
    category: str | None = told("Of a person: suspect, victim, witness or other (art. 6b Wpg).")
    ground: str = told("On which ground it is in the case.")
    why: str | None = told("Why it was added; null where nothing was said, or it was destroyed.")
    added_by: str = told("Who added it.")
    since: datetime = told("When it was added.")


@strawberry.type(description="A task in a case, or a note of a fact or an opinion.")
@shape_of(cases.CaseEntry)
class CaseEntry:
    id: strawberry.ID = told("Id of the entry.")
    kind: str = told("task, fact or opinion.")
    name: str = told("Name of a task; number of a note.")
    member: str | None = told("Who is to do a task.")
    about_id: strawberry.ID | None = told("Id of the item or person that a note is about.")
    due: date | None = told("When a task is to be done by.")
    text: str | None = told("What it says; null where it was destroyed.")
    state: str = told("Of a task: open, done or dropped; of a note: written.")
    outcome: str | None = told("What was said at its end.")
    written_by: str = told("Who wrote it.")
    written_at: datetime = told("When it was recorded.")
    ended_at: datetime | None = told("When a task ended.")


@strawberry.type(description="What a case is, without what is in it.")
class CaseHead:
    id: strawberry.ID = told("Id of the case.")
    number: str = told("Its number, by which a purpose names it: case:NUMBER.")
    title: str | None = told("Its title; null where it was destroyed.")
    aim: str | None = told("Its purpose in writing (art. 9(2) Wpg).")
    unit: str = told("Owning unit.")
    controller: str = told("Who answers for the data (verwerkingsverantwoordelijke).")
    regime: str = told("The article that it is worked in under.")
    handling: str = told("Handling code of its owner (afhandelingscode).")
    state: CaseState = told("Whether it is worked in.")
    lead: str = told("Who leads it.")
    members: list[CaseMember] = told("Who works in it, also those of before and of later.")
    opened_at: datetime = told("When it was recorded.")
    closed_at: datetime | None = told("When it was closed.")


@strawberry.type(
    description="A case (zaak). It exists for its members and for who oversees its unit; for "
    "everybody else there is none."
)
@shape_of(cases.Case)
class Case(CaseHead, Node):
    @resolved(Connection[CaseItem], "What is in it, the newest first.", Action.READ_CASES)
    async def items(
        self, info: Info, root: strawberry.Parent[cases.Case], first: int, after: str | None = None
    ) -> Listed[Any]:
        ask = partial(cases.items, case=root)
        return await listed(info, cases.ITEMS, first, after, ask)

    @resolved(Connection[CaseEntry], "Its tasks and notes, the newest first.", Action.READ_CASES)
    async def entries(
        self, info: Info, root: strawberry.Parent[cases.Case], first: int, after: str | None = None
    ) -> Listed[Any]:
        ask = partial(cases.entries, case=root)
        return await listed(info, cases.ENTRIES, first, after, ask)


CaseResult = Annotated[
    Case | NotPermitted | UnknownCase,
    strawberry.union("CaseResult", description="A case, or why not."),
]

KnownRecord = Annotated[
    Purchase | StolenItem | Hit | Presentation | Withheld,
    strawberry.union("KnownRecord", description="A record as it was known."),
]


@strawberry.type(description="An item of a case as it was known.")
class KnownItem:
    item: CaseItem = told("Its place in the case.")
    record: KnownRecord | None = told(
        "The record; null where it was not there yet. A person is told by what he presented, with "
        "the identity where it had been revealed in the case."
    )


@strawberry.type(description="A case as it was known on a day.")
@shape_of(known.KnownCase)
class KnownCase:
    case: CaseHead = told("The case.")
    entries: list[CaseEntry] = told("Its tasks and notes, in the order of their names.")

    @resolved(Connection[KnownItem], "A page of what was in it, the newest first.")
    async def items(self, root: strawberry.Parent[known.KnownCase]) -> Listed[Any]:
        return answered(root.items)


@strawberry.type(description="There was no case yet.")
class NotOpenedYet:
    number: str = told("Number of the case.")


KnownCaseResult = Annotated[
    KnownCase | NotOpenedYet | NotPermitted | UnknownCase | InvalidPage,
    strawberry.union("KnownCaseResult", description="A case as it was known, or why not."),
]


@strawberry.type(description="An event of a case, or of a record that is in it.")
class Change:
    stream: strawberry.ID = told("Id of the case or the record.")
    topic: str = told("What happened, such as dor.purchase.corrected.")
    actor: str = told("Who did it: source:NAME, user:NAME or process:NAME.")
    happened: Occurred = told("When it happened.")
    recorded_at: datetime = told("When it was recorded.")
    late: bool = told("It happened by the first day, and was recorded after it.")


@strawberry.type(description="A field that differs between two days.")
class FieldChange:
    field: str = told("JSON pointer of the field.")
    before: str | None = told("Its value on the first day, as JSON; null where there was none.")
    after: str | None = told("Its value on the last day, as JSON; null where there is none.")


@strawberry.type(description="What differs between two days of a case or of a record in it.")
class Difference:
    of: strawberry.ID = told("Id of what differs.")
    kind: str = told(
        "case, case_item, case_entry, purchase, presentation, stolen_item or hit: the order in "
        "which they are told."
    )
    became: Became = told("Whether it came, went, or changed.")
    fields: list[FieldChange] = told("Its fields that differ; all, where it came or went.")


async def shown(info: Info, identity: str) -> Any:
    """A case by its id or its number."""
    context = info.context
    try:
        permitted = context.permit(right_of(info))
    except policy.NotPermitted as error:
        return NotPermitted.of(error)
    return await _one(permitted, context.inquiry, identity) or unknown_case(identity)


async def as_known(
    info: Info, identity: str, at: known.Moment, first: int, after: str | None
) -> Any:
    """A case as it was known, with a page of its items."""
    context = info.context
    try:
        permitted = context.permit(right_of(info))
        page = context.inquiry.cursors.page(cases.ITEMS, first, after)
    except policy.NotPermitted as error:
        return NotPermitted.of(error)
    except pages.InvalidPage as error:
        return InvalidPage.of(error)
    case = await _one(permitted, context.inquiry, identity)
    if case is None:
        return unknown_case(identity)
    found = await known.case_as_known(permitted, context.inquiry, case, at, page)
    return NotOpenedYet(number=case.number) if found is None else found


async def differences(
    permitted: Permitted, inquiry: Inquiry, wanted: Page, *, case: str, since: date, until: date
) -> Slice[known.Difference]:
    """Raises `InvalidPage`, also for a case that is not there for this viewer."""
    found = await _case(permitted, inquiry, case)
    early, late = known.until(since, None), known.until(until, None)
    return await known.case_differences(permitted, inquiry, found, early, late, wanted)


async def changes(
    permitted: Permitted, inquiry: Inquiry, wanted: Page, *, case: str, since: date, until: date
) -> Slice[known.Change]:
    """Raises `InvalidPage`, also for a case that is not there for this viewer."""
    found = await _case(permitted, inquiry, case)
    return await known.case_changes(permitted, inquiry, found, since, until, wanted)


async def _case(permitted: Permitted, inquiry: Inquiry, identity: str) -> cases.Case:
    found = await _one(permitted, inquiry, identity)
    if found is None:
        raise pages.InvalidPage(
            "id", "unknown_case", f"There is no case {identity[:40]!r}.", "Send one of `cases`."
        )
    return found


async def _one(permitted: Permitted, inquiry: Inquiry, identity: str) -> cases.Case | None:
    by_id = parsed_id(identity)
    if by_id is not None:
        return await cases.one(permitted, inquiry, case=by_id)
    if NUMBER.fullmatch(identity) is None:
        return None
    return await cases.one(permitted, inquiry, number=identity)
