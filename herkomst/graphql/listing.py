"""A page of any list: asked for, refused, or answered."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, NamedTuple, TypeVar

from herkomst.access import policy
from herkomst.access.policy import Permitted
from herkomst.graphql.context import Info
from herkomst.graphql.fields import right_of
from herkomst.graphql.refusals import InvalidPage, NotPermitted
from herkomst.investigations import pages
from herkomst.investigations.inquiry import Inquiry
from herkomst.investigations.pages import Count, Edge, Page, PageInfo, Slice

T = TypeVar("T")
Ask = Callable[[Permitted, Inquiry, Page], Awaitable[Slice[T]]]


class Listed(NamedTuple, Generic[T]):
    """A page that was answered, or why it is refused."""

    edges: Sequence[Edge[T]] | None
    nodes: Sequence[T] | None
    page_info: PageInfo
    refused: NotPermitted | InvalidPage | None
    total: Count


def refused(why: NotPermitted | InvalidPage) -> Listed[T]:
    return Listed(None, None, PageInfo(has_next_page=False, end_cursor=None), why, _uncounted)


async def _uncounted() -> None:
    """Of a list that is refused nothing is counted."""


async def listed(info: Info, of: str, first: int, after: str | None, ask: Ask[T]) -> Listed[T]:
    """A page of a list, if the policy allows what its field needs."""
    context = info.context
    try:
        permitted = context.permit(right_of(info))
        page = context.inquiry.cursors.page(of, first, after)
        found = await ask(permitted, context.inquiry, page)
    except policy.NotPermitted as error:
        return refused(NotPermitted.of(error))
    except pages.InvalidPage as error:
        return refused(InvalidPage.of(error))
    return answered(found)


def answered(found: Slice[T]) -> Listed[T]:
    """A page that was found."""
    return Listed(found.edges, found.nodes, found.page_info, None, found.total)
