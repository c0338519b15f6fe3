"""Numbers that identify nothing, which people mute, and what that withheld."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial
from typing import Annotated, Any

import strawberry

from herkomst.access import policy
from herkomst.access.policy import Action, Permitted
from herkomst.domain.casework import mute as casework
from herkomst.domain.casework.case import CaseRefused
from herkomst.graphql import refusals
from herkomst.graphql.context import Context, Info
from herkomst.graphql.enums import MuteState
from herkomst.graphql.fields import mutation, parsed_id, resolved, right_of, shape_of, told
from herkomst.graphql.listing import Listed, listed
from herkomst.graphql.refusals import MuteRefused, NotPermitted, UnknownHit
from herkomst.graphql.types import Connection
from herkomst.investigations import muted_numbers
from herkomst.record.casework import UnknownHit as NoSuchHit


@strawberry.type(description="A number that was muted: until its end it founds no new hit.")
@shape_of(muted_numbers.MutedNumber)
class MutedNumber:
    id: strawberry.ID = told("Id of the mute.")
    kind: str | None = told("What number it is, such as serial; null where its hit is not shown.")
    number: str | None = told(
        "The number as it is compared; null where it is sealed, or its hit is not shown."
    )
    brand: str | None = told("The brand within which it is muted; null for any.")
    state: MuteState = told("Whether it runs.")
    muted_by: str = told("Who muted it.")
    muted_at: datetime = told("When.")
    until: datetime = told("First moment at which it no longer holds.")
    why: str | None = told("Why; null where it was destroyed, or its hit is not shown.")
    ended_at: datetime | None = told("When it ended.")
    ended_by: str | None = told("Who lifted it; null where it lapsed.")
    ended_why: str | None = told("Why it was lifted.")
    withheld: int = told("How many pairs it withheld, of the goods that you may know of.")


@strawberry.type(description="It was done. Read it back with `Herkomst-Wait-For`.")
@shape_of(muted_numbers.Done)
class MuteDone:
    id: strawberry.ID = told("Id of the mute.")
    position: int = told("Where it stands: `Herkomst-Wait-For: casework=POSITION`.")


MuteResult = Annotated[
    MuteDone | MuteRefused | UnknownHit | NotPermitted,
    strawberry.union("MuteResult", description="What was muted or lifted, or why not."),
]


async def _act(info: Info, act: Callable[[Permitted, Context], Awaitable[Any]]) -> Any:
    context = info.context
    try:
        answer = await act(context.permit(right_of(info)), context)
    except policy.NotPermitted as error:
        return NotPermitted.of(error)
    except (casework.MuteRefused, CaseRefused) as error:
        return MuteRefused.of(error)
    except NoSuchHit as error:
        return UnknownHit.of(error)
    context.casework = answer.value.position
    return answer.value


@strawberry.type(description="Muting numbers. Each is journaled before and after.")
class MutingNumbers:
    @mutation(
        MuteResult,
        "Mute a number that a hit rests on and that identifies nothing, as `rejectHit` offers: it "
        "founds no new hit, within a brand or of any, and hits that stand stay.",
        Action.DECIDE_HIT,
    )
    async def mute_number(
        self,
        info: Info,
        hit: strawberry.ID,
        number: strawberry.ID,
        until: datetime,
        why: str,
        brand: str | None = None,
    ) -> Any:
        wanted, of = parsed_id(hit), parsed_id(number)
        if wanted is None:
            return refusals.unknown_hit(hit)
        if of is None:
            return MuteRefused(
                code="number", message="This is no id.", cure="Send one that `rejectHit` offers."
            )
        return await _act(
            info,
            lambda permitted, c: muted_numbers.mute(
                permitted, c.inquiry, c.desk, c.question, wanted, of, until, why, brand
            ),
        )

    @mutation(
        MuteResult,
        "Lift a mute before its end. What it withheld is a hit when either good is told of again, "
        "or by a rematch.",
        Action.DECIDE_HIT,
    )
    async def unmute_number(
        self,
        info: Info,
        id: strawberry.ID,  # noqa: A002
        why: str,
    ) -> Any:
        wanted = parsed_id(id)
        if wanted is None:
            return MuteRefused(
                code="unknown", message="This is no id.", cure="Send one of `mutedNumbers`."
            )
        return await _act(
            info,
            lambda permitted, c: muted_numbers.unmute(
                permitted, c.inquiry, c.desk, c.question, wanted, why
            ),
        )


@strawberry.type(description="Which numbers are muted.")
class MutedNumbers:
    @resolved(
        Connection[MutedNumber],
        "Numbers that were muted, the one that began or ended last first.",
        Action.READ_HITS,
    )
    async def muted_numbers(
        self, info: Info, first: int, after: str | None = None, running: bool | None = None
    ) -> Listed[Any]:
        ask = partial(muted_numbers.page, running=running)
        return await listed(info, muted_numbers.LIST, first, after, ask)
