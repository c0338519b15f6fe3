"""Clocks, holds and the vault: until when something is kept, and what puts that off."""

from collections.abc import Awaitable, Callable
from datetime import date, datetime
from functools import partial
from typing import Annotated, Any

import strawberry

from herkomst.access import policy
from herkomst.access.policy import Action, Permitted
from herkomst.domain import clocks
from herkomst.domain.casework import hold as casework
from herkomst.domain.casework import reveal
from herkomst.domain.casework.case import CaseRefused
from herkomst.graphql import refusals
from herkomst.graphql.context import Context, Info
from herkomst.graphql.enums import HeldKind, KeyState
from herkomst.graphql.fields import mutation, parsed_id, resolved, right_of, shape_of, told
from herkomst.graphql.listing import Listed, listed
from herkomst.graphql.refusals import HoldRefused, NotPermitted, RevealRefused, UnknownRecord
from herkomst.graphql.types import Connection, Identity
from herkomst.investigations import holds, retention, vaults
from herkomst.investigations.pages import InvalidPage


@strawberry.type(description="What a record is still kept for, although its own clock ran out.")
@shape_of(clocks.Block)
class ClockBlock:
    kind: str = told("Such as hold, case, hit or review.")
    name: str = told("Which one.")
    ground: str = told("On which ground, or under which law.")
    until: date | None = told("Last day on which it keeps it; null as long as it is open.")


@strawberry.type(
    description="What may be done with the key of a record on a day, if nothing happens until "
    "then: a dry run of removal and destruction."
)
@shape_of(retention.Clock)
class Clock:
    record: strawberry.ID = told("Id of the record.")
    kind: str = told("Such as identity, case or stolen_item.")
    recorded: KeyState = told("What was recorded of it up to now.")
    on: date = told("The day that was asked about.")
    state: KeyState = told("What may be done with it on that day.")
    why: str = told("What decides that.")
    changes_on: date | None = told("When that changes next; null where no clock runs.")
    becomes: KeyState | None = told("What it becomes then.")
    blocks: list[ClockBlock] = told("What it is kept for beyond its own clock.")


@strawberry.type(description="A hold (bevriezing): one record is kept on a ground, until a day.")
@shape_of(holds.Hold)
class Hold:
    id: strawberry.ID = told("Id of the hold.")
    record: strawberry.ID = told("Id of the record.")
    kind: HeldKind = told("What the record is.")
    ground: str = told("On which ground.")
    until: date = told("Last day on which it holds.")
    stands: bool = told("Whether it holds now.")
    placed_by: str = told("Who placed it.")
    placed_at: datetime = told("When.")
    why: str | None = told("Why; null where it was destroyed.")
    lifted_at: datetime | None = told("When it was lifted before its end.")
    lifted_by: str | None = told("Who lifted it.")
    lifted_why: str | None = told("Why it was lifted.")


@strawberry.type(description="A hold was placed or lifted.")
@shape_of(holds.HoldDone)
class HoldDone:
    id: strawberry.ID = told("Id of the hold.")
    position: int = told("Where it stands: `Herkomst-Wait-For: casework=POSITION`.")


@strawberry.type(description="An identity that was looked at in the vault; it stays there.")
@shape_of(vaults.VaultOpened)
class VaultOpened:
    presentation: strawberry.ID = told("Id of the presentation.")
    identity: Identity = told("What was presented.")


ClockResult = Annotated[
    Clock | NotPermitted | UnknownRecord,
    strawberry.union("ClockResult", description="A clock, or why not."),
]
HoldResult = Annotated[
    HoldDone | HoldRefused | NotPermitted,
    strawberry.union("HoldResult", description="What was done, or why not."),
]
VaultResult = Annotated[
    VaultOpened | RevealRefused | NotPermitted,
    strawberry.union("VaultResult", description="The identity, or why it is not opened."),
]
Act = Callable[[Permitted, Context], Awaitable[Any]]


@strawberry.type(description="Until when something is kept.")
class Keeping:
    @resolved(
        ClockResult,
        "The clock of one record: what may be done with its key on a day, what comes next and what "
        "blocks it.",
        Action.READ_CLOCKS,
    )
    async def clock(
        self, info: Info, record: strawberry.ID, kind: HeldKind, on: date | None = None
    ) -> Any:
        context, wanted = info.context, parsed_id(record)
        try:
            permitted = context.permit(right_of(info))
        except policy.NotPermitted as error:
            return NotPermitted.of(error)
        found = None
        if wanted is not None:
            found = await retention.clock(permitted, context.inquiry, kind.value, wanted, on)
        return found or refusals.unknown(kind.value, record)

    @resolved(
        Connection[Hold],
        "Holds, the one that changed last first, also those that ended.",
        Action.READ_HOLDS,
    )
    async def holds(
        self,
        info: Info,
        first: int,
        after: str | None = None,
        record: strawberry.ID | None = None,
        standing: bool | None = None,
    ) -> Listed[Any]:
        async def ask(permitted: Permitted, inquiry: Any, wanted: Any) -> Any:
            named = None if record is None else _record(record)
            asking = partial(holds.page, record=named, standing=standing)
            return await asking(permitted, inquiry, wanted)

        return await listed(info, holds.LIST, first, after, ask)


def _record(text: str) -> Any:
    found = parsed_id(text)
    if found is None:
        raise InvalidPage("record", "id", "'record' is no id.", "Send an id as it was given.")
    return found


async def _hold(info: Info, act: Act) -> Any:
    context = info.context
    try:
        answer = await act(context.permit(right_of(info)), context)
    except policy.NotPermitted as error:
        return NotPermitted.of(error)
    except (casework.HoldRefused, CaseRefused) as error:
        return HoldRefused.of(error)
    context.casework = answer.value.position
    return answer.value


@strawberry.type(description="Holding, and opening the vault. Each is journaled before and after.")
class KeepingWork:
    @mutation(
        HoldResult,
        "Keep one record on a ground, until a day. A hold without a record or an end is refused.",
        Action.PLACE_HOLD,
    )
    async def place_hold(
        self,
        info: Info,
        kind: HeldKind,
        ground: str,
        why: str,
        record: strawberry.ID | None = None,
        until: date | None = None,
    ) -> Any:
        named = None if record is None else parsed_id(record)
        return await _hold(
            info,
            lambda permitted, c: holds.place(
                permitted,
                c.desk,
                c.question,
                named,
                casework.kind_of(kind.value),
                ground,
                until,
                why,
            ),
        )

    @mutation(HoldResult, "Lift a hold before its end.", Action.PLACE_HOLD)
    async def lift_hold(
        self,
        info: Info,
        id: strawberry.ID,  # noqa: A002
        why: str,
    ) -> Any:
        wanted = parsed_id(id)
        if wanted is None:
            return HoldRefused(
                code="no_hold", message="This is no id.", cure="Send one of `holds`."
            )
        return await _hold(
            info,
            lambda permitted, c: holds.lift(permitted, c.inquiry, c.desk, c.question, wanted, why),
        )

    @mutation(
        VaultResult,
        "Look at an identity in the vault, for a complaint or an account. It stays there.",
        Action.OPEN_VAULT,
    )
    async def open_vault(self, info: Info, presentation: strawberry.ID, why: str) -> Any:
        context, wanted = info.context, parsed_id(presentation)
        if wanted is None:
            return RevealRefused(
                code="not_in_vault", message="This is no id.", cure="Send a presentation's."
            )
        try:
            permitted = context.permit(right_of(info))
            answer = await vaults.open_vault(
                permitted, context.inquiry, context.desk, context.question, wanted, why
            )
        except policy.NotPermitted as error:
            return NotPermitted.of(error)
        except (reveal.RevealRefused, CaseRefused) as error:
            return RevealRefused.of(error)
        return answer.value
