"""Search as people use it: goods, stolen goods and dealers by words, and what one may be typing."""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from datetime import datetime
from enum import Enum
from typing import Annotated, Any, Generic, NamedTuple, TypeVar

import strawberry
from graphql import FieldNode, FragmentSpreadNode, InlineFragmentNode, SelectionSetNode

from herkomst.access import policy, reason
from herkomst.access.policy import Action, Permitted
from herkomst.domain.goods import normal_brand
from herkomst.domain.money import MoneyError, parse_money
from herkomst.graphql.context import Info
from herkomst.graphql.enums import (
    DealerState,
    ItemStatus,
    Mode,
    NameLikeness,
    SearchOrder,
    Trade,
)
from herkomst.graphql.fields import parsed_id, resolved, right_of, told
from herkomst.graphql.limits import COUNT
from herkomst.graphql.refusals import InvalidPage, NotPermitted, ReasonRequired, Refusal
from herkomst.graphql.types import (
    Dealer,
    Edge,
    PageInfo,
    Presentation,
    Purchase,
    PurchasedLine,
    StolenItem,
)
from herkomst.investigations import pages, persons, searching
from herkomst.investigations.inquiry import Inquiry
from herkomst.investigations.searching import Results, Suggested, Wanted
from herkomst.search.names import COMPARED
from herkomst.search.questions import COUNTED, Among, Between, Filter, Order, Total

T = TypeVar("T")
Find = Callable[[Permitted, Inquiry, Wanted], Awaitable[Results[Any]]]
Complete = Callable[[Permitted, Inquiry, str, int], Awaitable[Suggested]]
_HOW = (
    'All words must be found: `"rode fiets"` is a phrase, `fie*` and `*lepel` are patterns, '
    "`gazele~` has slips of the pen, `-kapot` must not be there, and what holds a digit may be a "
    "number. Without words all that is left by the filters is found."
)
_COMPLETED = "What one may be typing, `most` from 1 to 20, with how many records bear it."


@strawberry.type(description="Where in a field of a record stands what was searched for.")
class Highlight:
    field: str = told("Such as brand, model, description or name.")
    start: int = told("Its first character, counted from 0 by code points of Unicode.")
    end: int = told("The character behind its last.")


@strawberry.type(description="A good that a dealer acquired and that was searched for.")
class FoundGood:
    purchase: Purchase = told("The purchase that it is a line of.")
    good: PurchasedLine = told("The line.")
    highlights: list[Highlight] = told("Where it holds what was searched for.")


@strawberry.type(description="A stolen good that was searched for.")
class FoundStolenItem:
    item: StolenItem = told("The stolen item.")
    highlights: list[Highlight] = told("Where it holds what was searched for.")


@strawberry.type(description="A dealer who was searched for.")
class FoundDealer:
    dealer: Dealer = told("The dealer.")
    highlights: list[Highlight] = told("Where his name holds what was searched for.")


@strawberry.type(description="A part of the name that was typed, which met one that was presented.")
class MetPart:
    asked: str = told("The part as it was typed, without case and marks.")
    how: str = told("same, sound, spelling, initial, joined or particle.")


@strawberry.type(
    description="An identity that was presented under a name like the one typed. It is never said "
    "to be the one who is looked for, and the name is told with the identity alone."
)
class FoundPerson:
    presentation: Presentation = told("What was presented; withheld as in every list.")
    likeness: NameLikeness = told("How alike the names are.")
    met: list[MetPart] = told("What met, and how.")
    unmet: list[str] = told("What was typed and met nothing.")


PersonsRefusal = Annotated[
    NotPermitted | InvalidPage | ReasonRequired,
    strawberry.union("PersonsRefusal", description="Why a name is not searched for."),
]


@strawberry.type(
    description="A page of persons by name, the most alike first. What is refused has no records, "
    "which is not the same as having found none: see `refused`."
)
class FoundPersonConnection:
    edges: list[Edge[FoundPerson]] | None = told("Who was found, with cursors; null where refused.")
    nodes: list[FoundPerson] | None = told("Who was found alone; null where refused.")
    page_info: PageInfo = told("Where the page ends.")
    refused: PersonsRefusal | None = told("Why it is not answered; null where it is.")

    @resolved(
        int | None,
        f"How many were found for you, of the {COMPARED} whose names were compared; null where "
        "refused.",
        cost=COUNT,
    )
    async def total_count(self, root: strawberry.Parent["PersonsFound"]) -> int | None:
        return root.total.value if root.total else None


@strawberry.type(description="A value of what was found.")
class FacetValue:
    value: str = told("The value, as a filter of that name takes it.")
    name: str | None = told("What it is called, where it is the code of a municipality.")
    number: int = told("How many of what was found have it.", "count")


@strawberry.type(description="Values of one field of what was found, and how many have each.")
class Facet:
    field: str = told("Such as kind, brand, colour, mode, status or municipality.")
    values: list[FacetValue] = told("The 50 most frequent, the most frequent first.")


@strawberry.type(
    description="A page of what was found, in the order that was asked for. What is refused has no "
    "records, which is not the same as having found none: see `refused`."
)
class SearchConnection(Generic[T]):
    edges: list[Edge[T]] | None = told("What was found, with cursors; null where refused.")
    nodes: list[T] | None = told("What was found alone; null where refused.")
    page_info: PageInfo = told("Where the page ends.")
    refused: Refusal | None = told("Why it is not answered; null where it is.")

    @resolved(
        int | None,
        "How many were found for you; at least that many if not `exact`; null where refused.",
        cost=COUNT,
    )
    async def total_count(self, root: strawberry.Parent["Searched"]) -> int | None:
        return root.total.value if root.total else None

    @resolved(
        bool,
        f"Whether `totalCount` is all: the engine may count no further than {COUNTED}.",
        cost=COUNT,
    )
    async def exact(self, root: strawberry.Parent["Searched"]) -> bool:
        return bool(root.total and root.total.exact)

    @resolved(
        list[Facet] | None,
        "How many of all that was found have which values; null where refused.",
        cost=COUNT,
    )
    async def facets(self, root: strawberry.Parent["Searched"]) -> Any:
        return root.facets


@strawberry.type(description="What one may be typing.")
class Completion:
    text: str = told("The text that it may become.")
    number: int = told("How many records bear it, for you.", "count")


@strawberry.type(description="What one may be typing; null where it is refused.")
class Completions:
    completions: list[Completion] | None = told("The most frequent first; null where refused.")
    refused: Refusal | None = told("Why it is not answered; null where it is.")


class Searched(NamedTuple):
    """A search that was answered, or why it is refused."""

    edges: Sequence[Any] | None
    nodes: Sequence[Any] | None
    page_info: pages.PageInfo
    refused: NotPermitted | InvalidPage | None
    total: Total | None = None
    facets: Sequence[Any] | None = None


class PersonsFound(NamedTuple):
    """Persons by name, or why they are refused."""

    edges: Sequence[Any] | None
    nodes: Sequence[Any] | None
    page_info: pages.PageInfo
    refused: NotPermitted | InvalidPage | ReasonRequired | None
    total: Total | None = None


class Suggestions(NamedTuple):
    """Completions, or why they are refused."""

    completions: Sequence[Any] | None
    refused: NotPermitted | InvalidPage | None


_NO_PAGE = pages.PageInfo(has_next_page=False, end_cursor=None)


@strawberry.type(description="Searching.")
class Searches:
    @resolved(
        SearchConnection[FoundGood],
        f"Goods that dealers acquired, by what is written of them. {_HOW}",
        Action.READ_PURCHASES,
    )
    async def search_goods(
        self,
        info: Info,
        words: str,
        first: int,
        after: str | None = None,
        order: SearchOrder = SearchOrder.relevance,
        fuzzy: bool = False,
        kind: list[str] | None = None,
        brand: list[str] | None = None,
        colour: list[str] | None = None,
        mode: list[Mode] | None = None,
        source: list[str] | None = None,
        dealer: list[strawberry.ID] | None = None,
        municipality: list[str] | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        at_least: str | None = None,
        at_most: str | None = None,
    ) -> Any:
        def wanted() -> Wanted:
            filters = (
                *_of_good(kind, brand, colour, source),
                *_among("mode", _values(mode)),
                *_among("dealer", _ids("dealer", dealer)),
                *_at(since, until),
                *_amount(at_least, at_most),
            )
            where = None if municipality is None else tuple(municipality)
            return _wanted(info, words, first, after, order, fuzzy, filters, where)

        return await _searched(info, searching.goods, wanted)

    @resolved(
        SearchConnection[FoundStolenItem],
        f"Goods reported stolen that you may read, by what is written of them. {_HOW}",
        Action.READ_STOLEN_ITEMS,
    )
    async def search_stolen_items(
        self,
        info: Info,
        words: str,
        first: int,
        after: str | None = None,
        order: SearchOrder = SearchOrder.relevance,
        fuzzy: bool = False,
        kind: list[str] | None = None,
        brand: list[str] | None = None,
        colour: list[str] | None = None,
        status: list[ItemStatus] | None = None,
        source: list[str] | None = None,
        offence: list[str] | None = None,
        municipality: list[str] | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        at_least: str | None = None,
        at_most: str | None = None,
    ) -> Any:
        def wanted() -> Wanted:
            filters = (
                *_of_good(kind, brand, colour, source),
                *_among("status", _values(status)),
                *_among("offence", offence),
                *_among("municipality", municipality),
                *_at(since, until),
                *_amount(at_least, at_most),
            )
            return _wanted(info, words, first, after, order, fuzzy, filters)

        return await _searched(info, searching.stolen_items, wanted)

    @resolved(
        SearchConnection[FoundDealer],
        "Dealers, by what they, their shops, their streets and their towns are called. Who may see "
        "the shops of one municipality alone finds dealers that have all of theirs there; "
        f"`dealers` lists the others too. {_HOW}",
        Action.READ_DEALERS,
    )
    async def search_dealers(
        self,
        info: Info,
        words: str,
        first: int,
        after: str | None = None,
        order: SearchOrder = SearchOrder.relevance,
        fuzzy: bool = False,
        trade: list[Trade] | None = None,
        municipality: list[str] | None = None,
        state: list[DealerState] | None = None,
        source: list[str] | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> Any:
        def wanted() -> Wanted:
            filters = (
                *_among("trade", _values(trade)),
                *_among("municipality", municipality),
                *_among("state", _values(state)),
                *_among("source", source),
                *_at(since, until),
            )
            return _wanted(info, words, first, after, order, fuzzy, filters)

        return await _searched(info, searching.dealers, wanted)

    @resolved(
        FoundPersonConnection,
        "Persons by a name like the one typed: initials, parts in another order, slips of the pen "
        "and what sounds the same are met. Those are found whose identity you may reveal, by a hit "
        "that stands or in the case that is your purpose, and nobody else. Names are never "
        "completed: that would tell them.",
        Action.SEARCH_PERSONS,
    )
    async def search_persons(
        self, info: Info, name: str, first: int, after: str | None = None
    ) -> Any:
        context = info.context
        try:
            permitted = context.permit(right_of(info))
            found = await persons.by_name(
                permitted, context.inquiry, context.desk, name, first, after
            )
        except policy.NotPermitted as error:
            return PersonsFound(None, None, _NO_PAGE, NotPermitted.of(error))
        except pages.InvalidPage as error:
            return PersonsFound(None, None, _NO_PAGE, InvalidPage.of(error))
        except reason.ReasonRequired as error:
            return PersonsFound(None, None, _NO_PAGE, ReasonRequired.of(error))
        if "totalCount" in set(_selected(info)):
            context.counts.append(found.total.value)
        nodes = [edge.node for edge in found.edges]
        return PersonsFound(found.edges, nodes, found.page_info, None, found.total)

    @resolved(
        Completions, f"{_COMPLETED} Of goods that dealers acquired.", Action.READ_PURCHASES, COUNT
    )
    async def goods_completions(self, info: Info, words: str, most: int = 8) -> Any:
        return await _completed(info, searching.complete_goods, words, most)

    @resolved(
        Completions,
        f"{_COMPLETED} Of stolen goods that you may read.",
        Action.READ_STOLEN_ITEMS,
        COUNT,
    )
    async def stolen_item_completions(self, info: Info, words: str, most: int = 8) -> Any:
        return await _completed(info, searching.complete_stolen_items, words, most)

    @resolved(Completions, f"{_COMPLETED} Of dealers.", Action.READ_DEALERS, COUNT)
    async def dealer_completions(self, info: Info, words: str, most: int = 8) -> Any:
        return await _completed(info, searching.complete_dealers, words, most)


async def _searched(info: Info, find: Find, wanted: Callable[[], Wanted]) -> Searched:
    context = info.context
    try:
        permitted = context.permit(right_of(info))
        asked = wanted()
        found = await find(permitted, context.inquiry, asked)
    except policy.NotPermitted as error:
        return Searched(None, None, _NO_PAGE, NotPermitted.of(error))
    except pages.InvalidPage as error:
        return Searched(None, None, _NO_PAGE, InvalidPage.of(error))
    if asked.counted or asked.faceted:
        context.counts.append(found.total.value)
    nodes = [edge.node for edge in found.edges]
    return Searched(found.edges, nodes, found.page_info, None, found.total, found.facets)


async def _completed(info: Info, complete: Complete, words: str, most: int) -> Suggestions:
    context = info.context
    try:
        permitted = context.permit(right_of(info))
        found = await complete(permitted, context.inquiry, words, most)
    except policy.NotPermitted as error:
        return Suggestions(None, NotPermitted.of(error))
    except pages.InvalidPage as error:
        return Suggestions(None, InvalidPage.of(error))
    context.counts += [each.number for each in found.completions]
    return Suggestions(found.completions, None)


def _wanted(
    info: Info,
    words: str,
    first: int,
    after: str | None,
    order: SearchOrder,
    fuzzy: bool,
    filters: tuple[Filter, ...],
    municipalities: tuple[str, ...] | None = None,
) -> Wanted:
    asked = set(_selected(info))
    return Wanted(
        words=words,
        first=first,
        after=after,
        fuzzy=fuzzy,
        order=Order(order.value),
        filters=filters,
        municipalities=municipalities,
        counted=not asked.isdisjoint(("totalCount", "exact", "facets")),
        faceted="facets" in asked,
    )


def _selected(info: Info) -> Iterator[str]:
    """The names of the fields that are asked of what this field answers."""
    raw = info._raw_info
    waiting: list[SelectionSetNode | None] = [node.selection_set for node in raw.field_nodes]
    while waiting:
        found = waiting.pop()
        for each in found.selections if found else ():
            if isinstance(each, FieldNode):
                yield each.name.value
            elif isinstance(each, FragmentSpreadNode):
                waiting.append(raw.fragments[each.name.value].selection_set)
            elif isinstance(each, InlineFragmentNode):
                waiting.append(each.selection_set)


def _of_good(
    kind: list[str] | None,
    brand: list[str] | None,
    colour: list[str] | None,
    source: list[str] | None,
) -> Iterator[Filter]:
    yield from _among("kind", kind)
    yield from _among("brand", None if brand is None else [normal_brand(b) or "" for b in brand])
    yield from _among("colour", colour)
    yield from _among("source", source)


def _among(field: str, values: Iterable[str] | None) -> Iterator[Filter]:
    if values is not None:
        yield Among(field, tuple(values))


def _values(chosen: Sequence[Enum] | None) -> list[str] | None:
    return None if chosen is None else [word.value for word in chosen]


def _ids(argument: str, given: Sequence[str] | None) -> list[str] | None:
    if given is None:
        return None
    found = [parsed_id(text) for text in given]
    if None in found:
        raise pages.InvalidPage(
            argument, "id", "One of the ids is none.", "Send ids as they were given."
        )
    return [str(identity) for identity in found]


def _at(since: datetime | None, until: datetime | None) -> Iterator[Filter]:
    if since is not None or until is not None:
        yield Between("at", _milliseconds(since), _milliseconds(until))


def _milliseconds(moment: datetime | None) -> int | None:
    return None if moment is None else int(moment.timestamp() * 1000)


def _amount(least: str | None, most: str | None) -> Iterator[Filter]:
    if least is not None or most is not None:
        below = None if most is None else _cents("atMost", most) + 1
        yield Between("amount", None if least is None else _cents("atLeast", least), below)


def _cents(argument: str, text: str) -> int:
    try:
        return parse_money(text).amount
    except MoneyError as error:
        raise pages.InvalidPage(argument, error.code, error.message, error.cure) from None
