"""The questions: each is one line over an investigation."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import date, datetime
from enum import Enum
from functools import partial
from typing import Annotated, Any
from uuid import UUID

import strawberry

from herkomst.access import policy
from herkomst.access.policy import Action, Permitted
from herkomst.graphql import refusals
from herkomst.graphql.alerts import Alerts
from herkomst.graphql.authorisations import Authorisation
from herkomst.graphql.cases import (
    CaseHead,
    CaseResult,
    Change,
    Difference,
    KnownCaseResult,
    as_known,
    changes,
    differences,
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
from herkomst.graphql.fields import parsed_id, resolved, right_of
from herkomst.graphql.glasses import GlassBreak
from herkomst.graphql.listing import Listed, listed
from herkomst.graphql.matches import Match
from herkomst.graphql.muted_numbers import MutedNumbers
from herkomst.graphql.overdue import OverdueReviews
from herkomst.graphql.refusals import NotPermitted, UnknownHit, UnknownRecord
from herkomst.graphql.requests import AccessRequest
from herkomst.graphql.retention import Keeping
from herkomst.graphql.review import ReviewDesk
from herkomst.graphql.rights import PersonRequests
from herkomst.graphql.searching import Searches
from herkomst.graphql.sequels import Sequels
from herkomst.graphql.suggestions import Suggesting
from herkomst.graphql.trail import Trails
from herkomst.graphql.types import (
    Connection,
    Dealer,
    Hit,
    Node,
    Presentation,
    Purchase,
    StolenItem,
)
from herkomst.investigations import (
    authorisations,
    cases,
    dealers,
    glasses,
    hits,
    known,
    matches,
    pages,
    presentations,
    purchases,
    records,
    requests,
    stolen_items,
)
from herkomst.investigations.inquiry import Inquiry
from herkomst.investigations.pages import Page

HitResult = Annotated[
    Hit | NotPermitted | UnknownHit,
    strawberry.union("HitResult", description="A hit, or why not."),
]


PurchaseResult = Annotated[
    Purchase | NotPermitted | UnknownRecord,
    strawberry.union("PurchaseResult", description="A purchase, or why not."),
]
StolenItemResult = Annotated[
    StolenItem | NotPermitted | UnknownRecord,
    strawberry.union("StolenItemResult", description="A stolen item, or why not."),
]
DealerResult = Annotated[
    Dealer | NotPermitted | UnknownRecord,
    strawberry.union("DealerResult", description="A dealer, or why not."),
]
PresentationResult = Annotated[
    Presentation | NotPermitted | UnknownRecord,
    strawberry.union("PresentationResult", description="A presented identity, or why not."),
]
One = Callable[[Permitted, Inquiry, UUID], Awaitable[object]]


async def _found(
    info: Info, identity: str, one: One, unknown: Callable[[str], UnknownHit | UnknownRecord]
) -> Any:
    """A record by its id, if the policy allows it and there is one for this viewer."""
    context = info.context
    try:
        permitted = context.permit(right_of(info))
    except policy.NotPermitted as error:
        return NotPermitted.of(error)
    wanted = parsed_id(identity)
    found = await one(permitted, context.inquiry, wanted) if wanted else None
    return found or unknown(identity)


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
class Query(
    ReviewDesk,
    OverdueReviews,
    Keeping,
    PersonRequests,
    Trails,
    Sequels,
    Searches,
    Alerts,
    MutedNumbers,
    Suggesting,
):
    @resolved(Connection[Hit], "Hits, the one that changed last first.", Action.READ_HITS)
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
        return await listed(info, hits.LIST, first, after, ask)

    @resolved(HitResult, "One hit by its id.", Action.READ_HITS)
    async def hit(self, info: Info, id: strawberry.ID) -> Any:  # noqa: A002
        return await _found(info, id, hits.one, refusals.unknown_hit)

    @resolved(Connection[Purchase], "Purchases, the newest first.", Action.READ_PURCHASES)
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

        return await listed(info, purchases.LIST, first, after, ask)

    @resolved(Connection[StolenItem], "Stolen items, the newest first.", Action.READ_STOLEN_ITEMS)
    async def stolen_items(
        self,
        info: Info,
        first: int,
        after: str | None = None,
        status: list[ItemStatus] | None = None,
        kind: list[str] | None = None,
    ) -> Listed[Any]:
        ask = partial(stolen_items.page, status=_words(status), kinds=kind)
        return await listed(info, stolen_items.LIST, first, after, ask)

    @resolved(Connection[Dealer], "Dealers, the one that changed last first.", Action.READ_DEALERS)
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
        return await listed(info, dealers.LIST, first, after, ask)

    @resolved(
        Connection[Presentation],
        "Presented identities, the newest first.",
        Action.READ_PRESENTATIONS,
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

        return await listed(info, presentations.LIST, first, after, ask)

    @resolved(
        Node | None,
        "A record by its id alone, of whatever kind; null where there is none, and where there is "
        "none for you.",
    )
    async def node(self, info: Info, id: strawberry.ID) -> Any:  # noqa: A002
        context = info.context
        wanted = parsed_id(id)
        if wanted is None:
            return None
        return await records.one(context.reading, context.inquiry, wanted)

    @resolved(PurchaseResult, "One purchase by its id.", Action.READ_PURCHASES)
    async def purchase(self, info: Info, id: strawberry.ID) -> Any:  # noqa: A002
        return await _found(info, id, purchases.one, partial(refusals.unknown, "purchase"))

    @resolved(StolenItemResult, "One stolen item by its id.", Action.READ_STOLEN_ITEMS)
    async def stolen_item(self, info: Info, id: strawberry.ID) -> Any:  # noqa: A002
        return await _found(info, id, stolen_items.one, partial(refusals.unknown, "stolen_item"))

    @resolved(DealerResult, "One dealer by its id.", Action.READ_DEALERS)
    async def dealer(self, info: Info, id: strawberry.ID) -> Any:  # noqa: A002
        return await _found(info, id, dealers.one, partial(refusals.unknown, "dealer"))

    @resolved(PresentationResult, "One presented identity by its id.", Action.READ_PRESENTATIONS)
    async def presentation(self, info: Info, id: strawberry.ID) -> Any:  # noqa: A002
        return await _found(info, id, presentations.one, partial(refusals.unknown, "presentation"))

    @resolved(
        Connection[CaseHead],
        "Cases that there are for you, the one that changed last first.",
        Action.READ_CASES,
    )
    async def cases(
        self,
        info: Info,
        first: int,
        after: str | None = None,
        state: list[CaseState] | None = None,
    ) -> Listed[Any]:
        ask = partial(cases.page, states=_words(state))
        return await listed(info, cases.LIST, first, after, ask)

    @resolved(
        Connection[GlassBreak],
        "Each time that the glass was broken and that you may know of, the last first.",
        Action.SEE_GLASSES,
    )
    async def glasses(
        self, info: Info, first: int, after: str | None = None, unreviewed: bool = False
    ) -> Listed[Any]:
        ask = partial(glasses.page, unreviewed=unreviewed)
        return await listed(info, glasses.LIST, first, after, ask)

    @resolved(
        Connection[AccessRequest],
        "What was asked of owners of what is withheld, and that you may know of: yours, those to "
        "your unit if you answer for it, those of your people and what is overdue if you lead "
        "one. The last that changed first.",
        Action.READ_ACCESS_REQUESTS,
    )
    async def access_requests(
        self, info: Info, first: int, after: str | None = None, unanswered: bool = False
    ) -> Listed[Any]:
        ask = partial(requests.page, unanswered=unanswered)
        return await listed(info, requests.LIST, first, after, ask)

    @resolved(
        Connection[Match],
        "Who came upon closed reports of your unit without learning of them, the last first.",
        Action.READ_MATCHES,
    )
    async def matches_on_mine(
        self, info: Info, first: int, after: str | None = None
    ) -> Listed[Any]:
        return await listed(info, matches.LIST, first, after, matches.page)

    @resolved(CaseResult, "One case by its id or its number.", Action.READ_CASES)
    async def case(self, info: Info, id: strawberry.ID) -> Any:  # noqa: A002
        return await shown(info, id)

    @resolved(
        KnownCaseResult,
        "A case as it was known at the end of a day, and of what had happened by another where "
        "one is given: the same whenever it is asked.",
        Action.READ_CASES,
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
        "What was recorded after one day and up to another, in a case and of the records in it.",
        Action.READ_CASES,
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
        return await listed(info, known.CHANGES, first, after, ask)

    @resolved(
        Connection[Difference],
        "How a case and the records in it, as known on one day, differ from another day, by field.",
        Action.READ_CASES,
    )
    async def case_differences(
        self,
        info: Info,
        id: strawberry.ID,  # noqa: A002
        since: date,
        until: date,
        first: int,
        after: str | None = None,
    ) -> Listed[Any]:
        ask = partial(differences, case=id, since=since, until=until)
        return await listed(info, known.DIFFERENCES, first, after, ask)

    @resolved(
        Connection[Authorisation],
        "Authorisations, the one that changed last first, also those that ended.",
        Action.READ_AUTHORISATIONS,
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
        return await listed(info, authorisations.LIST, first, after, ask)
