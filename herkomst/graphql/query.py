"""The questions: each is one line over an investigation."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from enum import Enum
from functools import partial
from typing import Annotated, Any, Generic, NamedTuple, TypeVar
from uuid import UUID

import strawberry

from herkomst.access import policy
from herkomst.access.policy import Action, Permitted
from herkomst.graphql import refusals
from herkomst.graphql.context import Info
from herkomst.graphql.enums import (
    DealerState,
    Grade,
    HitState,
    ItemStatus,
    Mode,
    PresentationState,
    Trade,
)
from herkomst.graphql.fields import parsed_id, resolved
from herkomst.graphql.refusals import InvalidPage, NotPermitted, UnknownHit
from herkomst.graphql.types import (
    Connection,
    Dealer,
    Hit,
    Presentation,
    Purchase,
    StolenItem,
)
from herkomst.investigations import dealers, hits, pages, presentations, purchases, stolen_items
from herkomst.investigations.inquiry import Inquiry
from herkomst.investigations.pages import Edge, Page, PageInfo, Slice

T = TypeVar("T")
Ask = Callable[[Permitted, Inquiry, Page], Awaitable[Slice[T]]]


HitResult = Annotated[
    Hit | NotPermitted | UnknownHit,
    strawberry.union("HitResult", description="A hit, or why not."),
]


class Listed(NamedTuple, Generic[T]):
    """A page that was answered, or why it is refused."""

    edges: Sequence[Edge[T]] | None
    nodes: Sequence[T] | None
    page_info: PageInfo
    refused: NotPermitted | InvalidPage | None


def _refused(why: NotPermitted | InvalidPage) -> Listed[T]:
    return Listed(None, None, PageInfo(has_next_page=False, end_cursor=None), why)


async def _page(
    info: Info, action: Action, of: str, first: int, after: str | None, ask: Ask[T]
) -> Listed[T]:
    """A page of a list, if the policy allows it."""
    context = info.context
    try:
        permitted = context.permit(action)
        page = context.inquiry.cursors.page(of, first, after)
        found = await ask(permitted, context.inquiry, page)
    except policy.NotPermitted as error:
        return _refused(NotPermitted.of(error))
    except pages.InvalidPage as error:
        return _refused(InvalidPage.of(error))
    return Listed(found.edges, found.nodes, found.page_info, None)


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
        return await _page(info, Action.READ_HITS, hits.LIST, first, after, ask)

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

        return await _page(info, Action.READ_PURCHASES, purchases.LIST, first, after, ask)

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
        return await _page(info, Action.READ_STOLEN_ITEMS, stolen_items.LIST, first, after, ask)

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
        return await _page(info, Action.READ_DEALERS, dealers.LIST, first, after, ask)

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

        return await _page(info, Action.READ_PRESENTATIONS, presentations.LIST, first, after, ask)
