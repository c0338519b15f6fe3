"""What people change: decisions on hits, and what is done in cases."""

from collections.abc import Callable
from typing import Any

import strawberry

from herkomst.access import policy
from herkomst.access.policy import Action
from herkomst.domain.casework import hit as casework
from herkomst.domain.events import EventData
from herkomst.graphql import refusals
from herkomst.graphql.alerts import AlertWork
from herkomst.graphql.authorisations import AuthorisationWork
from herkomst.graphql.casework import CaseWork
from herkomst.graphql.context import Info
from herkomst.graphql.decisions import DecisionResult
from herkomst.graphql.enums import Rejection
from herkomst.graphql.fields import mutation, parsed_id, right_of
from herkomst.graphql.glasses import BreakingGlass
from herkomst.graphql.muted_numbers import MutingNumbers
from herkomst.graphql.refusals import HitClosed, NotPermitted
from herkomst.graphql.requests import AskingAccess
from herkomst.graphql.retention import KeepingWork
from herkomst.graphql.reveals import Revealing
from herkomst.graphql.review import ReviewWork
from herkomst.graphql.rights import PersonRequestWork
from herkomst.graphql.sequels import AfterHit
from herkomst.graphql.suggestions import AssessingSuggestions
from herkomst.investigations import decisions
from herkomst.record.casework import UnknownHit as NoSuchHit


async def _decide(
    info: Info,
    identity: str,
    decision: Callable[[casework.Hit], EventData],
    state: str,
    *,
    by_number: bool = False,
) -> Any:
    context = info.context
    hit = parsed_id(identity)
    if hit is None:
        return refusals.unknown_hit(identity)
    try:
        permitted = context.permit(right_of(info))
        answer = await decisions.decide(
            permitted,
            context.inquiry,
            context.desk,
            context.question,
            hit,
            decision,
            state,
            by_number=by_number,
        )
    except policy.NotPermitted as error:
        return NotPermitted.of(error)
    except casework.HitClosed as error:
        return HitClosed.of(error)
    except NoSuchHit:
        return refusals.unknown_hit(identity)
    context.casework = answer.value.position
    return answer.value


@strawberry.type(description="What can be decided. Each is journaled before and after.")
class Mutation(
    CaseWork,
    Revealing,
    AskingAccess,
    BreakingGlass,
    ReviewWork,
    KeepingWork,
    PersonRequestWork,
    AuthorisationWork,
    AfterHit,
    AlertWork,
    AssessingSuggestions,
    MutingNumbers,
):
    @mutation(DecisionResult, "Take a hit up: you looked at both goods.", Action.DECIDE_HIT)
    async def assess_hit(self, info: Info, id: strawberry.ID) -> Any:  # noqa: A002
        return await _decide(info, id, casework.Hit.assess, "assessed")

    @mutation(
        DecisionResult,
        "Confirm the hit: as far as you see, the goods are the same. It says nothing of who owns "
        "it; whether its signal stands is answered by the unit that owns the report.",
        Action.DECIDE_HIT,
    )
    async def confirm_hit(self, info: Info, id: strawberry.ID) -> Any:  # noqa: A002
        return await _decide(info, id, casework.Hit.confirm, "confirmed")

    @mutation(
        DecisionResult,
        "Reject a hit on the facts as they were compared. Where its number is a placeholder, the "
        "answer offers to mute that.",
        Action.DECIDE_HIT,
    )
    async def reject_hit(self, info: Info, id: strawberry.ID, reason: Rejection) -> Any:  # noqa: A002
        by_number = reason is Rejection.placeholder
        return await _decide(
            info, id, lambda hit: hit.reject(reason.value), "rejected", by_number=by_number
        )
