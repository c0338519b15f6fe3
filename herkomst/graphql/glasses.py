"""Breaking the glass, and reviewing that."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, Any

import strawberry

from herkomst.access import policy
from herkomst.access.policy import Action, Permitted
from herkomst.domain.casework import glass as casework
from herkomst.domain.casework.case import CaseRefused
from herkomst.graphql import enums
from herkomst.graphql.context import Context, Info
from herkomst.graphql.fields import mutation, parsed_id, resolved, right_of, shape_of, told
from herkomst.graphql.listing import Listed, listed
from herkomst.graphql.refusals import GlassRefused, NotPermitted
from herkomst.graphql.types import Connection
from herkomst.investigations import glasses
from herkomst.investigations.inquiry import Inquiry
from herkomst.investigations.pages import Page, Slice


@strawberry.type(description="A read that was made while the glass was broken.")
@shape_of(glasses.Viewed)
class GlassRead:
    id: strawberry.ID = told("Id of its entry in the journal.")
    at: datetime = told("When.")
    way: str = told("How it came in: graphql, stream or export.")
    count: int = told("How many records were returned.")
    records: list[str] = told("Which, as KIND:ID, a hundred of them at most.")


@strawberry.type(description="One time that somebody broke the glass. Its review is his control.")
@shape_of(glasses.Break)
class GlassBreak:
    id: strawberry.ID = told("Id of this time.")
    officer: str = told("Who.")
    role: str = told("As what.")
    unit: str = told("Of which unit.")
    emergency: enums.Emergency = told("For what.")
    why: str | None = told("Why; null where it was destroyed.")
    broken_at: datetime = told("When.")
    until: datetime = told("First moment at which it holds no longer.")
    verdict: enums.GlassVerdict | None = told("What the reviewer found; null while it is open.")
    reviewed_by: str | None = told("Who reviewed it.")
    finding: str | None = told("What he wrote.")
    judge_by: datetime = told("First moment at which the verdict is overdue.")
    overdue: bool = told("Whether nobody gave a verdict in time; one is still to be given.")

    @resolved(
        Connection[GlassRead],
        "What was read while it was broken, the last first.",
        Action.SEE_GLASSES,
    )
    async def viewed(
        self,
        info: Info,
        root: strawberry.Parent[glasses.Break],
        first: int,
        after: str | None = None,
    ) -> Listed[Any]:
        async def ask(_: Permitted, __: Inquiry, page: Page) -> Slice[glasses.Viewed]:
            found = await info.context.viewed.load((root, page))
            assert found is not None, "of each time that is asked for there is a page"
            return found

        return await listed(info, glasses.VIEWED, first, after, ask)


@strawberry.type(description="It was done; read it back with `Herkomst-Wait-For`.")
@shape_of(glasses.GlassChanged)
class GlassChanged:
    until: datetime | None = told("Until when it holds, where it was broken.")
    position: int = told("Where it stands: `Herkomst-Wait-For: casework=POSITION`.")


GlassResult = Annotated[
    GlassChanged | GlassRefused | NotPermitted,
    strawberry.union("GlassResult", description="What was done, or why not."),
]
Act = Callable[[Permitted, Context], Awaitable[Any]]


async def _act(info: Info, act: Act) -> Any:
    context = info.context
    try:
        answer = await act(context.permit(right_of(info)), context)
    except policy.NotPermitted as error:
        return NotPermitted.of(error)
    except (casework.GlassRefused, CaseRefused) as error:
        return GlassRefused.of(error)
    context.casework = answer.value.position
    return answer.value


@strawberry.type(description="Breaking the glass. Each is journaled before and after.")
class BreakingGlass:
    @mutation(
        GlassResult,
        "Break the glass: for some hours `duty:break_glass` is a purpose of yours. Your unit and "
        "the reviewer are told, and a new one waits for the verdict on this.",
        Action.BREAK_GLASS,
    )
    async def break_glass(
        self, info: Info, emergency: enums.Emergency, why: str, hours: int = 1
    ) -> Any:
        return await _act(
            info,
            lambda permitted, c: glasses.break_glass(
                permitted, c.desk, c.question, emergency.value, hours, why
            ),
        )

    @mutation(GlassResult, "End it before its time.", Action.BREAK_GLASS)
    async def end_broken_glass(self, info: Info) -> Any:
        return await _act(info, lambda permitted, c: glasses.end(permitted, c.desk, c.question))

    @mutation(GlassResult, "Give a verdict on one time.", Action.REVIEW_GLASS)
    async def review_glass(
        self,
        info: Info,
        id: strawberry.ID,  # noqa: A002
        verdict: enums.GlassVerdict,
        why: str,
    ) -> Any:
        wanted = parsed_id(id)
        if wanted is None:
            return GlassRefused(
                code="nothing_open", message="This is no id.", cure="Send one of `glasses`."
            )
        return await _act(
            info,
            lambda permitted, c: glasses.review(
                permitted, c.inquiry, c.desk, c.question, wanted, verdict.value, why
            ),
        )
