"""What people do in cases."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Annotated, Any
from uuid import UUID

import strawberry

from herkomst.access import policy
from herkomst.access.policy import Action
from herkomst.domain.casework import case as casework
from herkomst.domain.events import EventData
from herkomst.graphql.context import Info
from herkomst.graphql.enums import Category, Handling, ItemKind, JoiningPart, NoteKind, TaskOutcome
from herkomst.graphql.fields import mutation, parsed_id, right_of, shape_of, told
from herkomst.graphql.refusals import CaseRefused, NotPermitted, UnknownCase, unknown_case
from herkomst.investigations import casefiles
from herkomst.investigations.casefiles import Kind, Right
from herkomst.record.casework import CaseErased, Opening, Seal
from herkomst.record.casework import CaseOpened as Opened
from herkomst.record.casework import UnknownCase as NoSuchCase

Act = Callable[[casework.Case, Seal], EventData]


@strawberry.type(description="A case was opened. Read it back with `Herkomst-Wait-For`.")
@shape_of(Opened)
class CaseOpened:
    id: strawberry.ID = told("Id of the case.")
    number: str = told("Its number, by which a purpose names it: case:NUMBER.")
    position: int = told("Where it stands: `Herkomst-Wait-For: casework=POSITION`.")


@strawberry.type(description="It was done. Read it back with `Herkomst-Wait-For`.")
@shape_of(casefiles.Done)
class CaseDone:
    id: strawberry.ID = told("Id of the case.")
    position: int = told("Where it stands: `Herkomst-Wait-For: casework=POSITION`.")


OpenCaseResult = Annotated[
    CaseOpened | NotPermitted | CaseRefused,
    strawberry.union("OpenCaseResult", description="The case that was opened, or why not."),
]
CaseActResult = Annotated[
    CaseDone | CaseRefused | UnknownCase | NotPermitted,
    strawberry.union("CaseActResult", description="What was done in a case, or why not."),
]


async def _act(
    info: Info, identity: str, right: Right, act: Act, needs: tuple[Kind, str] | None = None
) -> Any:
    """Act in a case; what it `needs` is a record that the viewer may read."""
    context = info.context
    case = parsed_id(identity)
    if case is None:
        return unknown_case(identity)
    try:
        if needs is not None and not await casefiles.stands(
            context.reading, context.inquiry, *needs
        ):
            return CaseRefused.of(_no_record(*needs))
        answer = await casefiles.act_in(
            context.permit(right_of(info)),
            context.inquiry,
            context.desk,
            context.question,
            case,
            right,
            act,
            _used(needs),
        )
    except policy.NotPermitted as error:
        return NotPermitted.of(error)
    except NoSuchCase:
        return unknown_case(identity)
    except (casework.CaseRefused, CaseErased) as error:
        return CaseRefused.of(error)
    context.casework = answer.value.position
    return answer.value


def _used(needs: tuple[Kind, str] | None) -> UUID | None:
    """What may belong to another investigation; a purchase stands in the register."""
    return None if needs is None or needs[0] == "purchase" else parsed_id(needs[1])


def _hex(identity: str) -> str:
    """An id as events name a stream. Raises `CaseRefused`."""
    found = parsed_id(identity)
    if found is None:
        raise casework.CaseRefused(
            "id", f"{identity[:40]!r} is no id.", "Send an id as it was given."
        )
    return found.hex


def _no_record(kind: Kind, identity: str) -> casework.CaseRefused:
    """The same whether there is no such record, or none for who asks."""
    return casework.CaseRefused(
        "no_record",
        f"There is no {kind} {identity[:40]!r} that you may read in full.",
        "Send the id of one; what is withheld is asked for by `requestAccess`.",
    )


def _now() -> datetime:
    return datetime.now(UTC)


@strawberry.type(description="What is done in cases. Each is journaled before and after.")
class CaseWork:
    @mutation(
        OpenCaseResult, "Open a case of your unit, on the ground you act on.", Action.OPEN_CASE
    )
    async def open_case(
        self,
        info: Info,
        title: str,
        aim: str | None = None,
        lead: str | None = None,
        handling: Handling = Handling.open,
    ) -> Any:
        context = info.context
        viewer = context.reading.viewer
        opening = Opening(
            title=title,
            aim=aim,
            lead=lead or viewer.subject,
            unit=viewer.unit,
            article=context.reading.ground,
            handling=handling.value,
        )
        try:
            permitted = context.permit(right_of(info))
            answer = await casefiles.open_case(permitted, context.desk, context.question, opening)
        except policy.NotPermitted as error:
            return NotPermitted.of(error)
        except casework.CaseRefused as error:
            return CaseRefused.of(error)
        context.casework = answer.value.position
        return answer.value

    @mutation(
        CaseActResult, "Put the purpose of a case in writing (art. 9(2) Wpg).", Action.WORK_IN_CASE
    )
    async def state_case_aim(self, info: Info, case: strawberry.ID, aim: str) -> Any:
        return await _act(info, case, "lead", lambda c, seal: c.state_aim(seal(aim)))

    @mutation(CaseActResult, "Let somebody work in a case, from now or later.", Action.WORK_IN_CASE)
    async def join_case(
        self,
        info: Info,
        case: strawberry.ID,
        member: str,
        part: JoiningPart,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> Any:
        now = _now()
        return await _act(
            info,
            case,
            "lead",
            lambda c, _: c.join(member, part.value, since or now, until, now),
        )

    @mutation(CaseActResult, "End somebody's term in a case, now.", Action.WORK_IN_CASE)
    async def leave_case(self, info: Info, case: strawberry.ID, member: str) -> Any:
        return await _act(info, case, "lead", lambda c, _: c.leave(member, _now()))

    @mutation(CaseActResult, "Give a member something to do.", Action.WORK_IN_CASE)
    async def give_task(
        self, info: Info, case: strawberry.ID, member: str, text: str, due: date | None = None
    ) -> Any:
        day = None if due is None else due.isoformat()
        return await _act(
            info, case, "work", lambda c, seal: c.give(member, seal(text), day, _now())
        )

    @mutation(CaseActResult, "End a task.", Action.WORK_IN_CASE)
    async def end_task(
        self,
        info: Info,
        case: strawberry.ID,
        task: str,
        outcome: TaskOutcome,
        text: str | None = None,
    ) -> Any:
        return await _act(
            info,
            case,
            "work",
            lambda c, seal: c.end_task(task, outcome.value, seal(text) if text else None),
        )

    @mutation(CaseActResult, "Make a record that you may read part of a case.", Action.WORK_IN_CASE)
    async def add_case_item(
        self,
        info: Info,
        case: strawberry.ID,
        kind: ItemKind,
        item: strawberry.ID,
        why: str | None = None,
    ) -> Any:
        return await _act(
            info,
            case,
            "work",
            lambda c, seal: c.add(kind.value, _hex(item), seal(why) if why else None),
            (kind.value, item),
        )

    @mutation(
        CaseActResult, "Take a record out of a case; that it was in it stays.", Action.WORK_IN_CASE
    )
    async def remove_case_item(
        self, info: Info, case: strawberry.ID, item: strawberry.ID, why: str
    ) -> Any:
        return await _act(info, case, "work", lambda c, seal: c.remove(_hex(item), seal(why)))

    @mutation(
        CaseActResult,
        "Give a person a place in a case, by the identity that he presented: in a category, on "
        "the ground you act on (art. 6b Wpg).",
        Action.WORK_IN_CASE,
    )
    async def name_subject(
        self,
        info: Info,
        case: strawberry.ID,
        presentation: strawberry.ID,
        category: Category,
        why: str,
    ) -> Any:
        ground = info.context.reading.ground
        return await _act(
            info,
            case,
            "work",
            lambda c, seal: c.name(_hex(presentation), category.value, ground, seal(why)),
            ("presentation", presentation),
        )

    @mutation(
        CaseActResult, "Take a person out of a case; that he was in it stays.", Action.WORK_IN_CASE
    )
    async def drop_subject(
        self, info: Info, case: strawberry.ID, presentation: strawberry.ID, why: str
    ) -> Any:
        return await _act(info, case, "work", lambda c, s: c.drop(_hex(presentation), s(why)))

    @mutation(CaseActResult, "Write a note of a fact or an opinion.", Action.WORK_IN_CASE)
    async def write_note(
        self,
        info: Info,
        case: strawberry.ID,
        kind: NoteKind,
        text: str,
        about: strawberry.ID | None = None,
    ) -> Any:
        return await _act(
            info,
            case,
            "work",
            lambda c, seal: c.note(kind.value, seal(text), _hex(about) if about else None),
        )

    @mutation(CaseActResult, "Give a case to another lead, or another unit.", Action.WORK_IN_CASE)
    async def hand_over_case(
        self, info: Info, case: strawberry.ID, unit: str, lead: str, why: str
    ) -> Any:
        return await _act(
            info, case, "lead", lambda c, seal: c.hand_over(unit, lead, seal(why), _now())
        )

    @mutation(
        CaseActResult, "Propose to close a case; somebody else reviews it.", Action.WORK_IN_CASE
    )
    async def propose_closing(self, info: Info, case: strawberry.ID, why: str) -> Any:
        by = info.context.reading.viewer.subject
        return await _act(info, case, "work", lambda c, seal: c.propose_closing(by, seal(why)))

    @mutation(CaseActResult, "Find in review that a case stays open.", Action.REVIEW_CASE)
    async def refuse_closing(self, info: Info, case: strawberry.ID, why: str) -> Any:
        by = info.context.reading.viewer.subject
        return await _act(info, case, "review", lambda c, seal: c.refuse_closing(by, seal(why)))

    @mutation(CaseActResult, "Find in review that a case is closed.", Action.REVIEW_CASE)
    async def close_case(self, info: Info, case: strawberry.ID) -> Any:
        by = info.context.reading.viewer.subject
        return await _act(info, case, "review", lambda c, _: c.close(by))

    @mutation(CaseActResult, "Work in a closed case again.", Action.WORK_IN_CASE)
    async def reopen_case(self, info: Info, case: strawberry.ID, why: str) -> Any:
        return await _act(info, case, "lead", lambda c, seal: c.reopen(seal(why)))
