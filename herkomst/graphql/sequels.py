"""What follows a hit: asked, done, and told to the dealer."""

from datetime import date, datetime
from functools import partial
from typing import Annotated, Any
from uuid import UUID

import strawberry

from herkomst.access import policy
from herkomst.access.policy import Action
from herkomst.domain.casework.case import CaseRefused
from herkomst.domain.casework.sequel import SequelRefused as Refused
from herkomst.graphql import refusals
from herkomst.graphql.context import Info
from herkomst.graphql.enums import (
    ComplaintOutcome,
    ComplaintParty,
    MeasureKind,
    MeasureState,
    ReturnWay,
    SequelState,
    SignalVerdict,
    TermUnit,
)
from herkomst.graphql.fields import mutation, parsed_id, resolved, right_of, shape_of, told
from herkomst.graphql.listing import Listed, listed
from herkomst.graphql.refusals import NotPermitted, SequelRefused, UnknownHit
from herkomst.graphql.types import Connection, Hit
from herkomst.investigations import notices, sequels
from herkomst.record.casework import UnknownHit as NoSuchHit


@strawberry.type(description="A part of what followed a hit: with its power, its issuer, its term.")
@shape_of(sequels.Measure)
class Measure:
    id: strawberry.ID = told("Id of the part.")
    hit_id: strawberry.ID = told("The hit that it follows.")
    kind: MeasureKind = told("What it is.")
    state: MeasureState = told("How it stands at this moment.")
    power: str | None = told("On which power (bevoegdheid), such as sr:437-1-f or sv:94.")
    issuer: str | None = told("Who issued it: an officer, or the code of a municipality.")
    unit: str | None = told("Unit of who wrote it down.")
    since: datetime = told("When it began.")
    until: datetime | None = told("First moment after its term, or the term for a complaint.")
    length: int | None = told("Length of its term.")
    term_unit: TermUnit | None = told("What that is counted in.")
    owner: str | None = told("Of a signal, the unit that owns the report.")
    verdict: SignalVerdict | None = told("Of a signal, what that unit says of it.")
    receipt: str | None = told("Of a seizure, the number of its notice (KvI).")
    keeper: str | None = told("Of a seizure, where the good is kept.")
    way: ReturnWay | None = told("In which way it goes back.")
    party: ComplaintParty | None = told("Who complained last.")
    is_current: bool = told("Whether the facts of the hit are still those that it was done on.")
    decided_by: str | None = told("Who decided; null where it runs by itself.")
    why: str | None = told("Why; null where it was destroyed.")
    ended_at: datetime | None = told("When it ended.")
    ended_by: str | None = told("Who ended it; null where its term went by.")
    ended_why: str | None = told("Why it was ended.")


@strawberry.type(description="What followed a hit.")
@shape_of(sequels.Followed)
class Sequel:
    hit_id: strawberry.ID = told("The hit.")
    state: SequelState = told("What became of it.")
    owner: str = told("The unit that owns the report, and answers whether its signal stands.")
    may_answer: bool = told("Whether you are of that unit.")
    measures: list[Measure] = told("Each part, in the order in which they began.")


@strawberry.type(
    description="A good in your own register that is to be kept. It says nothing of a report."
)
@shape_of(notices.Notice)
class Notice:
    id: strawberry.ID = told("Id of the notice.")
    key: str = told("Name of the purchase in your register.")
    line: int = told("Number of the line in it.")
    keeps: bool = told("Whether it is still to be kept.")
    until: datetime | None = told("First moment after a written order to keep it, where one runs.")
    contact: str = told("Whom to ask.")
    told_at: datetime = told("Since when you are told.")


@strawberry.type(description="It was done; read it back with `Herkomst-Wait-For`.")
@shape_of(sequels.Done)
class SequelChanged:
    id: strawberry.ID = told("Id of the hit.")
    until: datetime | None = told("First moment after the term that began, where one did.")
    position: int = told("Where it stands: `Herkomst-Wait-For: casework=POSITION`.")


SequelResult = Annotated[
    Sequel | NotPermitted | UnknownHit,
    strawberry.union("SequelResult", description="What followed a hit, or why not."),
]
SequelActResult = Annotated[
    SequelChanged | SequelRefused | UnknownHit | NotPermitted,
    strawberry.union("SequelActResult", description="What was done after a hit, or why not."),
]


async def _act(info: Info, identity: str, act: sequels.Act, why: str) -> Any:
    context = info.context
    hit = parsed_id(identity)
    if hit is None:
        return refusals.unknown_hit(identity)
    try:
        permitted = context.permit(right_of(info))
        desk, question = context.desk, context.question
        answer = await sequels.do(permitted, context.inquiry, desk, question, hit, act, why)
    except policy.NotPermitted as error:
        return NotPermitted.of(error)
    except (Refused, CaseRefused) as error:
        return SequelRefused.of(error)
    except NoSuchHit:
        return refusals.unknown_hit(identity)
    context.casework = answer.value.position
    return answer.value


@strawberry.type(description="What followed hits.")
class Sequels:
    @resolved(SequelResult, "What followed one hit that you see in full.", Action.READ_SEQUELS)
    async def sequel(self, info: Info, hit: strawberry.ID) -> Any:
        context = info.context
        try:
            permitted = context.permit(right_of(info))
        except policy.NotPermitted as error:
            return NotPermitted.of(error)
        wanted: UUID | None = parsed_id(hit)
        found = await sequels.one(permitted, context.inquiry, wanted) if wanted else None
        return found or refusals.unknown_hit(hit)

    @resolved(
        Connection[Measure],
        "What followed the hits that you see, what changed last first: such as orders that run.",
        Action.READ_SEQUELS,
    )
    async def measures(
        self,
        info: Info,
        first: int,
        after: str | None = None,
        kind: list[MeasureKind] | None = None,
        running: bool | None = None,
    ) -> Listed[Any]:
        kinds = None if kind is None else [each.value for each in kind]
        ask = partial(sequels.page, kinds=kinds, running=running)
        return await listed(info, sequels.LIST, first, after, ask)

    @resolved(
        Connection[Hit],
        "Hits on reports of your own unit whose signal nobody answered for, on the facts of today.",
        Action.READ_HITS,
    )
    async def signals_to_answer(
        self, info: Info, first: int, after: str | None = None
    ) -> Listed[Any]:
        return await listed(info, sequels.UNANSWERED, first, after, sequels.unanswered)

    @resolved(
        Connection[Notice],
        "Goods in your own register that you were told to keep, the last told first.",
        Action.READ_NOTICES,
    )
    async def notices(self, info: Info, first: int, after: str | None = None) -> Listed[Any]:
        return await listed(info, notices.LIST, first, after, notices.page)


@strawberry.type(description="What is done after a hit. Each is journaled before and after.")
class AfterHit:
    @mutation(
        SequelActResult,
        "Answer, for the unit that owns the report, whether its signal stands. Only then may "
        "anything follow.",
        Action.ANSWER_SIGNAL,
    )
    async def answer_signal(
        self, info: Info, hit: strawberry.ID, verdict: SignalVerdict, why: str
    ) -> Any:
        return await _act(info, hit, sequels.answer(verdict.value), why)

    @mutation(
        SequelActResult,
        "Write down an order to keep the good (art. 437(1)(f) Sr), of yours or of the officer that "
        "you name; for 14 calendar days, or fewer.",
        Action.ORDER_KEEPING,
    )
    async def order_keeping(
        self,
        info: Info,
        hit: strawberry.ID,
        why: str,
        days: int | None = None,
        issuer: str | None = None,
        since: datetime | None = None,
    ) -> Any:
        return await _act(info, hit, sequels.order(issuer, since, days), why)

    @mutation(
        SequelActResult,
        "Let an order to keep end before its term. What was seized is returned by the prosecutor.",
        Action.RELEASE_ORDER,
    )
    async def release_order(self, info: Info, hit: strawberry.ID, why: str) -> Any:
        return await _act(info, hit, sequels.release(), why)

    @mutation(
        SequelActResult,
        "Write down that the good was seized (art. 94 Sv), with the number of the notice of it.",
        Action.SEIZE_GOOD,
    )
    async def seize_good(
        self,
        info: Info,
        hit: strawberry.ID,
        receipt: str,
        why: str,
        issuer: str | None = None,
        keeper: str | None = None,
        since: datetime | None = None,
    ) -> Any:
        return await _act(info, hit, sequels.seize(receipt, issuer, since, keeper), why)

    @mutation(
        SequelActResult,
        "Give notice that it is to go to another than it was seized from (art. 116(3) Sv).",
        Action.DECIDE_RETURN,
    )
    async def announce_return(
        self,
        info: Info,
        hit: strawberry.ID,
        way: ReturnWay,
        why: str,
        noticed_on: date | None = None,
    ) -> Any:
        return await _act(info, hit, sequels.announce(way.value, noticed_on), why)

    @mutation(
        SequelActResult,
        "Decide that a seized good goes back (art. 116 Sv).",
        Action.DECIDE_RETURN,
    )
    async def return_good(
        self,
        info: Info,
        hit: strawberry.ID,
        way: ReturnWay,
        why: str,
        waived_on: date | None = None,
    ) -> Any:
        return await _act(info, hit, sequels.give_back(way.value, waived_on), why)

    @mutation(
        SequelActResult,
        "Write down a complaint of the seizure or of a return (art. 552a Sv).",
        Action.RECORD_COMPLAINT,
    )
    async def record_complaint(
        self,
        info: Info,
        hit: strawberry.ID,
        party: ComplaintParty,
        complaint: str,
        why: str,
        lodged_on: date | None = None,
    ) -> Any:
        return await _act(info, hit, sequels.contest(party.value, complaint, lodged_on), why)

    @mutation(
        SequelActResult,
        "Write down what became of a complaint.",
        Action.RECORD_COMPLAINT,
    )
    async def decide_complaint(
        self,
        info: Info,
        hit: strawberry.ID,
        outcome: ComplaintOutcome,
        why: str,
        decided_on: date | None = None,
    ) -> Any:
        return await _act(info, hit, sequels.decide(outcome.value, decided_on), why)

    @mutation(
        SequelActResult,
        "Let the dealer be told, from now on, that the good is to be kept.",
        Action.TELL_DEALER,
    )
    async def tell_dealer(self, info: Info, hit: strawberry.ID, why: str) -> Any:
        return await _act(info, hit, sequels.tell(), why)
