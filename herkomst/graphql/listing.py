"""A page of any list: asked for, refused, or answered."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

import msgspec

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


class Listed(msgspec.Struct, Generic[T], frozen=True):
    """A page that was answered, or why it is refused."""

    found: Slice[T] | None
    refused: NotPermitted | InvalidPage | None = None

    @property
    def edges(self) -> Sequence[Edge[T]] | None:
        return None if self.found is None else self.found.edges

    @property
    def nodes(self) -> Sequence[T] | None:
        return None if self.found is None else self.found.nodes

    @property
    def page_info(self) -> PageInfo:
        return PageInfo(False, None) if self.found is None else self.found.page_info

    @property
    def total(self) -> Count:
        return _uncounted if self.found is None else self.found.total


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
        return Listed(None, NotPermitted.of(error))
    except pages.InvalidPage as error:
        return Listed(None, InvalidPage.of(error))
    return answered(found)


def answered(found: Slice[T]) -> Listed[T]:
    """A page that was found."""
    return Listed(found)
