"""What people do in cases: opened, worked in, led, and closed after a review by somebody else."""

from collections.abc import Callable
from functools import partial
from typing import Literal, NamedTuple
from uuid import UUID

from anyio import to_thread

from herkomst.access import policy
from herkomst.access.policy import Action, NotPermitted, Permitted
from herkomst.access.reading import Answer, Question
from herkomst.access.viewer import Reading
from herkomst.domain.casework.case import Case, Part
from herkomst.domain.events import EventData
from herkomst.investigations import cases, hits, presentations, purchases, reuse, stolen_items
from herkomst.investigations.acting import in_casework
from herkomst.investigations.inquiry import Desk, Inquiry
from herkomst.investigations.stolen_items import StolenItem
from herkomst.record.casework import CaseOpened, Opening, Seal, UnknownCase

Right = Literal["work", "lead", "review"]
"""What is asked of who acts: a part that works, the lead, or the oversight of the unit."""
_PARTS: dict[Right, frozenset[Part]] = {
    "work": frozenset({"lead", "investigator"}),
    "lead": frozenset({"lead"}),
    "review": frozenset(),
}


Kind = Literal["purchase", "stolen_item", "hit", "presentation"]
"""What can be part of a case; a person is, by the identity that he presented."""
_READING: dict[Kind, Action] = {
    "purchase": Action.READ_PURCHASES,
    "stolen_item": Action.READ_HITS,
    "hit": Action.READ_HITS,
    "presentation": Action.READ_PRESENTATIONS,
}


class Done(NamedTuple):
    """What was done in a case, and where it stands in casework."""

    id: UUID
    position: int


async def open_case(
    permitted: Permitted, desk: Desk, question: Question, opening: Opening
) -> Answer[CaseOpened]:
    """Open a case of the viewer's own unit, on the ground that he acts on.

    Raises `NotPermitted`, `JournalUnavailable`.
    """
    permitted.must_be(Action.OPEN_CASE)
    reading = permitted.reading
    if opening.unit != reading.viewer.unit:
        raise NotPermitted(
            f"A case of {opening.unit} is not opened from {reading.viewer.unit}.",
            "Open it for your own unit, and hand it over.",
        )
    act = partial(desk.archive.casework.open_case, opening, actor=f"user:{reading.viewer.subject}")

    async def acted() -> CaseOpened:
        return await to_thread.run_sync(act)

    return await in_casework(desk, reading, question, acted)


async def act_in(
    permitted: Permitted,
    inquiry: Inquiry,
    desk: Desk,
    question: Question,
    case: UUID,
    right: Right,
    act: Callable[[Case, Seal], EventData],
    uses: UUID | None = None,
) -> Answer[Done]:
    """Do something in a case that there is for the viewer; journaled before and after. What it
    `uses` may belong to another investigation, whose consent it then takes.

    Raises `NotPermitted`, `UnknownCase`, `CaseErased`, `CaseRefused`, `JournalUnavailable`.
    """
    permitted.must_be(Action.WORK_IN_CASE, Action.REVIEW_CASE)
    found = await cases.one(permitted, inquiry, case=case)
    if found is None:
        raise UnknownCase(f"There is no case {case}.")
    must_have(permitted, found, right)
    if uses is not None:
        await reuse.must_have_consent(inquiry, uses, case)
    reading = permitted.reading
    doing = partial(
        desk.archive.casework.in_case, case, act, actor=f"user:{reading.viewer.subject}"
    )

    async def acted() -> Done:
        return Done(case, await to_thread.run_sync(doing))

    return await in_casework(desk, reading, question, acted)


async def stands(reading: Reading, inquiry: Inquiry, kind: Kind, identity: str) -> bool:
    """Whether a record is there for this viewer in full, so that it can be part of a case. What was
    granted to him until a moment cannot: in the case it would stay.

    Raises `NotPermitted`.
    """
    try:
        item = UUID(identity)
    except ValueError:
        return False
    inquiry.returned.seek(item)
    permitted = policy.lasting(policy.permit(reading, _READING[kind]))
    if kind == "hit":
        hit = await hits.one(permitted, inquiry, item)
        return hit is not None and not hit.withheld
    if kind == "purchase":
        return item in await purchases.by_ids(permitted, inquiry, [item])
    if kind == "presentation":
        return item in await presentations.by_ids(permitted, inquiry, [item])
    found = await stolen_items.by_ids(permitted, inquiry, [item])
    return isinstance(found.get(item), StolenItem)


async def is_seen(reading: Reading, inquiry: Inquiry, item: UUID) -> bool:
    """Whether what may belong to an investigation is there for this viewer in full."""
    for kind, action in _READING.items():
        belongs = kind != "purchase" and policy.allows(reading, action)
        if belongs and await stands(reading, inquiry, kind, str(item)):
            return True
    return False


def must_have(permitted: Permitted, case: cases.Case, right: Right) -> None:
    """Raises `NotPermitted` when neither his part in the case nor his oversight gives the right."""
    viewer = permitted.reading.viewer
    oversees = case.unit == viewer.unit and policy.allows(permitted.reading, Action.OVERSEE_CASES)
    if right in ("lead", "review") and oversees:
        return
    if cases.part_of(case, viewer.subject) in _PARTS[right]:
        return
    raise NotPermitted(
        f"In case {case.number} you may not do this: it is for {_WHO[right]}.",
        f"Ask {case.lead}, who leads it.",
    )


_WHO: dict[Right, str] = {
    "work": "its lead and its investigators",
    "lead": "its lead and who oversees its unit",
    "review": "who oversees its unit",
}
