"""The questions: each is one line over an investigation."""

from collections.abc import Sequence
from datetime import date, datetime
from enum import Enum
from functools import partial
from typing import Annotated, Any
from uuid import UUID

import strawberry

from herkomst.access import policy
from herkomst.access.policy import Action, Permitted
from herkomst.graphql import refusals
from herkomst.graphql.authorisations import Authorisation
from herkomst.graphql.cases import (
    CaseHead,
    CaseResult,
    Change,
    KnownCaseResult,
    as_known,
    changes,
    shown,
)
from herkomst.graphql.context import Info
from herkomst.graphql.enums import (
    CaseState,
    DealerState,
    Grade,
    HitState,
    ItemStatus,
    Mode,
    PresentationState,
    Role,
    Trade,
)
from herkomst.graphql.fields import parsed_id, resolved
from herkomst.graphql.listing import Listed, listed
from herkomst.graphql.refusals import NotPermitted, UnknownHit
from herkomst.graphql.types import (
    Connection,
    Dealer,
    Hit,
    Presentation,
    Purchase,
    StolenItem,
)
from herkomst.investigations import (
    authorisations,
    cases,
    dealers,
    hits,
    known,
    pages,
    presentations,
    purchases,
    stolen_items,
)
from herkomst.investigations.inquiry import Inquiry
from herkomst.investigations.pages import Page

HitResult = Annotated[
    Hit | NotPermitted | UnknownHit,
    strawberry.union("HitResult", description="A hit, or why not."),
]


def _words(chosen: Sequence[Enum] | None) -> list[str] | None:
    return None if chosen is None else [word.value for word in chosen]


def _id(argument: str, text: str | None) -> UUID | None:
    found = None if text is None else parsed_id(text)
    if text is not None and found is None:
        raise pages.InvalidPage(
            argument, "id", f"{argument!r} is no id.", "Send an id as it was given."
        )
    return found


@strawberry.type(
    description="What can be asked. Every question names a purpose and a ground in its headers, is "
    "journaled before it is answered, and needs `first` from 1 to 100 where it lists."
)
class Query:
    @resolved(Connection[Hit], "Hits, the one that changed last first. Costs `first` times a hit.")
    async def hits(
        self,
        info: Info,
        first: int,
        after: str | None = None,
        grade: list[Grade] | None = None,
        state: list[HitState] | None = None,
        since: datetime | None = None,
    ) -> Listed[Any]:
        ask = partial(hits.page, grades=_words(grade), states=_words(state), since=since)
        return await listed(info, Action.READ_HITS, hits.LIST, first, after, ask)

    @resolved(HitResult, "One hit by its id. Costs a hit.")
    async def hit(self, info: Info, id: strawberry.ID) -> Any:  # noqa: A002
        context = info.context
        try:
            permitted = context.permit(Action.READ_HITS)
        except policy.NotPermitted as error:
            return NotPermitted.of(error)
        wanted = parsed_id(id)
        found = await hits.one(permitted, context.inquiry, wanted) if wanted else None
        return found or refusals.unknown_hit(id)

    @resolved(Connection[Purchase], "Purchases, the newest first. Costs `first` times a purchase.")
    async def purchases(
        self,
        info: Info,
        first: int,
        after: str | None = None,
        establishment: strawberry.ID | None = None,
        dealer: strawberry.ID | None = None,
        mode: list[Mode] | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> Listed[Any]:
        def ask(permitted: Permitted, inquiry: Inquiry, page: Page) -> Any:
            return purchases.page(
                permitted,
                inquiry,
                page,
                establishment=_id("establishment", establishment),
                dealer=_id("dealer", dealer),
                modes=_words(mode),
                since=since,
                until=until,
            )

        return await listed(info, Action.READ_PURCHASES, purchases.LIST, first, after, ask)

    @resolved(
        Connection[StolenItem], "Stolen items, the newest first. Costs `first` times an item."
    )
    async def stolen_items(
        self,
        info: Info,
        first: int,
        after: str | None = None,
        status: list[ItemStatus] | None = None,
        kind: list[str] | None = None,
    ) -> Listed[Any]:
        ask = partial(stolen_items.page, status=_words(status), kinds=kind)
        return await listed(info, Action.READ_STOLEN_ITEMS, stolen_items.LIST, first, after, ask)

    @resolved(
        Connection[Dealer], "Dealers, the one that changed last first. Costs `first` times one."
    )
    async def dealers(
        self,
        info: Info,
        first: int,
        after: str | None = None,
        municipality: str | None = None,
        trade: Trade | None = None,
        state: list[DealerState] | None = None,
    ) -> Listed[Any]:
        ask = partial(
            dealers.page,
            municipality=municipality,
            trade=trade.value if trade else None,
            states=_words(state),
        )
        return await listed(info, Action.READ_DEALERS, dealers.LIST, first, after, ask)

    @resolved(
        Connection[Presentation],
        "Presented identities, the newest first. Costs `first` times a presentation.",
    )
    async def presentations(
        self,
        info: Info,
        first: int,
        after: str | None = None,
        purchase: strawberry.ID | None = None,
        state: list[PresentationState] | None = None,
    ) -> Listed[Any]:
        def ask(permitted: Permitted, inquiry: Inquiry, page: Page) -> Any:
            return presentations.page(
                permitted,
                inquiry,
                page,
                purchase=_id("purchase", purchase),
                states=_words(state),
            )

        return await listed(info, Action.READ_PRESENTATIONS, presentations.LIST, first, after, ask)

    @resolved(
        Connection[CaseHead],
        "Cases that there are for you, the one that changed last first. Costs `first` times one.",
    )
    async def cases(
        self,
        info: Info,
        first: int,
        after: str | None = None,
        state: list[CaseState] | None = None,
    ) -> Listed[Any]:
        ask = partial(cases.page, states=_words(state))
        return await listed(info, Action.READ_CASES, cases.LIST, first, after, ask)

    @resolved(CaseResult, "One case by its id or its number. Costs a case.")
    async def case(self, info: Info, id: strawberry.ID) -> Any:  # noqa: A002
        return await shown(info, id)

    @resolved(
        KnownCaseResult,
        "A case as it was known at the end of a day, and of what had happened by another where "
        "one is given: the same whenever it is asked. Costs `first` times a record.",
    )
    async def case_as_known(
        self,
        info: Info,
        id: strawberry.ID,  # noqa: A002
        recorded: date,
        first: int,
        happened: date | None = None,
        after: str | None = None,
    ) -> Any:
        return await as_known(info, id, known.until(recorded, happened), first, after)

    @resolved(
        Connection[Change],
        "What was recorded after one day and up to another, in a case and of the records in it. "
        "Costs `first` times a change.",
    )
    async def case_changes(
        self,
        info: Info,
        id: strawberry.ID,  # noqa: A002
        since: date,
        until: date,
        first: int,
        after: str | None = None,
    ) -> Listed[Any]:
        ask = partial(changes, case=id, since=since, until=until)
        return await listed(info, Action.READ_CASES, known.CHANGES, first, after, ask)

    @resolved(
        Connection[Authorisation],
        "Authorisations, the one that changed last first, also those that ended. Costs `first` "
        "times one.",
    )
    async def authorisations(
        self,
        info: Info,
        first: int,
        after: str | None = None,
        subject: str | None = None,
        role: Role | None = None,
        unit: str | None = None,
        holding: bool | None = None,
    ) -> Listed[Any]:
        ask = partial(
            authorisations.page,
            subject=subject,
            role=role.value if role else None,
            unit=unit,
            holding=holding,
        )
        return await listed(
            info, Action.READ_AUTHORISATIONS, authorisations.LIST, first, after, ask
        )
