"""Suggestions by description: asked of one good, and assessed by a person."""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any
from uuid import UUID

import strawberry

from herkomst.access import policy
from herkomst.access.policy import Action
from herkomst.domain.casework import hit as casework
from herkomst.domain.events import EventData
from herkomst.graphql import refusals
from herkomst.graphql.context import Info
from herkomst.graphql.decisions import DecisionResult
from herkomst.graphql.enums import FeatureWeight, HitTime, Rejection, SuggestionVerdict
from herkomst.graphql.fields import mutation, parsed_id, resolved, right_of, shape_of, told
from herkomst.graphql.listing import Listed, listed
from herkomst.graphql.refusals import HitClosed, NotPermitted
from herkomst.graphql.types import Connection, PurchasedGood, StolenSide
from herkomst.investigations import goods, hits, suggestions
from herkomst.investigations import stolen_items as items
from herkomst.record.casework import UnknownHit as NoSuchHit


@strawberry.type(description="A feature of two goods, as it was compared.")
@shape_of(suggestions.Compared)
class ComparedFeature:
    code: str = told("Such as model_agrees, place_within_10_km or colour_missing.")
    weight: FeatureWeight = told("What it weighs; what is common in the register weighs little.")
    purchase: str | None = told("Value on the side of the purchase, as it was written.")
    stolen: str | None = told("Value on the side of the report, as it was written.")


@strawberry.type(
    description="A good that was bought beside a stolen one, alike by what is said of both. It is "
    "a question and no hit: nothing is recorded of it until a person assesses it."
)
@shape_of(suggestions.Suggestion)
class Suggestion:
    id: strawberry.ID = told("Id of the hit that it becomes when it is assessed.")
    score: int = told("Order of the list, below that of every hit on a number; no probability.")
    time: HitTime = told("Whether the purchase lies surely after the theft.")
    reasons: list[ComparedFeature] = told("What speaks for it.")
    against: list[ComparedFeature] = told("What speaks against it, and what is missing.")

    @resolved(PurchasedGood, "The good that was bought. Read once for all of a list.")
    def purchase(
        self, info: Info, root: strawberry.Parent[suggestions.Suggestion]
    ) -> Awaitable[hits.PurchasedGood | None]:
        return info.context.bought.load((root.purchase_id, root.line))

    @resolved(StolenSide, "The good that was stolen. Read once for all of a list.")
    def stolen(
        self, info: Info, root: strawberry.Parent[suggestions.Suggestion]
    ) -> Awaitable[items.StolenItem | goods.Withheld | None]:
        return info.context.stolen.load(root.stolen_id)


@strawberry.type(description="Suggestions.")
class Suggesting:
    @resolved(
        Connection[Suggestion],
        "The purchases that are most like a stolen good by kind, brand, model, colour, further "
        "facts, words, place and time, the best first; none where there is no such good for you.",
        Action.READ_SUGGESTIONS,
    )
    async def suggestions(
        self, info: Info, stolen_item: strawberry.ID, first: int, after: str | None = None
    ) -> Listed[Any]:
        ask = partial(suggestions.for_stolen_item, item=parsed_id(stolen_item) or _NONE)
        return await listed(info, suggestions.LIST, first, after, ask)

    @resolved(
        Connection[Suggestion],
        "The stolen goods that are most like a good that was bought, the best first; of reports "
        "that are withheld from you none is told.",
        Action.READ_SUGGESTIONS,
    )
    async def suggestions_of_purchase(
        self,
        info: Info,
        purchase: strawberry.ID,
        line: int,
        first: int,
        after: str | None = None,
    ) -> Listed[Any]:
        ask = partial(suggestions.for_purchase, purchase=parsed_id(purchase) or _NONE, line=line)
        return await listed(info, suggestions.LIST, first, after, ask)


_NONE = UUID(int=0)
"""Where no id was sent, there is no such good."""
_DECISIONS: Mapping[SuggestionVerdict, str] = {
    SuggestionVerdict.taken_up: "assessed",
    SuggestionVerdict.confirmed: "confirmed",
    SuggestionVerdict.rejected: "rejected",
}


def _decision(verdict: SuggestionVerdict, reason: Rejection) -> Callable[[casework.Hit], EventData]:
    if verdict is SuggestionVerdict.rejected:
        return lambda hit: hit.reject(reason.value)
    return casework.Hit.confirm if verdict is SuggestionVerdict.confirmed else casework.Hit.assess


@strawberry.type(description="Assessing suggestions.")
class AssessingSuggestions:
    @mutation(
        DecisionResult,
        "Assess a suggestion: it becomes a hit of that grade, with what it rests on. One that is "
        "rejected is not suggested again while what is said of both goods stays the same.",
        Action.ASSESS_SUGGESTION,
    )
    async def assess_suggestion(
        self,
        info: Info,
        stolen_item: strawberry.ID,
        purchase: strawberry.ID,
        line: int,
        verdict: SuggestionVerdict,
        reason: Rejection = Rejection.other_good,
    ) -> Any:
        context = info.context
        item, bought = parsed_id(stolen_item), parsed_id(purchase)
        if item is None or bought is None:
            return refusals.unknown_hit(f"{purchase} {line} {stolen_item}")
        try:
            answer = await suggestions.assess(
                context.permit(right_of(info)),
                context.inquiry,
                context.desk,
                context.question,
                (bought, line, item),
                _decision(verdict, reason),
                _DECISIONS[verdict],
            )
        except policy.NotPermitted as error:
            return NotPermitted.of(error)
        except casework.HitClosed as error:
            return HitClosed.of(error)
        except NoSuchHit:
            return refusals.unknown_hit(f"{purchase} {line} {stolen_item}")
        context.casework = answer.value.position
        return answer.value
