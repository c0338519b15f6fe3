"""Revealing whose identity was presented."""

from datetime import datetime
from typing import Annotated, Any

import strawberry

from herkomst.access import policy, reason
from herkomst.access.policy import Action
from herkomst.domain.casework import reveal
from herkomst.domain.casework.case import CaseRefused
from herkomst.graphql.context import Info
from herkomst.graphql.enums import RevealBasis
from herkomst.graphql.fields import mutation, parsed_id, right_of, shape_of, told
from herkomst.graphql.refusals import NotPermitted, ReasonRequired, RevealRefused
from herkomst.graphql.types import Identity
from herkomst.investigations import reveals


@strawberry.type(description="An identity was revealed to you; that is recorded.")
@shape_of(reveals.Unveiled)
class IdentityRevealed:
    presentation: strawberry.ID = told("Id of the presentation.")
    identity: Identity = told("What was presented.")
    position: int = told("Where it stands: `Herkomst-Wait-For: casework=POSITION`.")


@strawberry.type(description="More reveals were allowed to somebody.")
@shape_of(reveals.Allowed)
class RevealsAllowed:
    officer: str = told("To whom.")
    position: int = told("Where it stands: `Herkomst-Wait-For: casework=POSITION`.")


RevealResult = Annotated[
    IdentityRevealed | RevealRefused | ReasonRequired | NotPermitted,
    strawberry.union("RevealResult", description="The identity, or why it is not revealed."),
]
AllowRevealsResult = Annotated[
    RevealsAllowed | RevealRefused | NotPermitted,
    strawberry.union("AllowRevealsResult", description="What was allowed, or why not."),
]


@strawberry.type(description="Revealing identities. Each is journaled before and after.")
class Revealing:
    @mutation(
        RevealResult,
        "Reveal an identity on the case that is your purpose, on a hit or on an order. More than "
        "twenty in an hour take a second person.",
        Action.REVEAL_IDENTITY,
    )
    async def reveal_identity(
        self,
        info: Info,
        presentation: strawberry.ID,
        basis: RevealBasis,
        why: str,
        order: str | None = None,
    ) -> Any:
        context = info.context
        wanted = parsed_id(presentation)
        if wanted is None:
            return RevealRefused.of(_no_id(presentation))
        standing = reveals.Standing(basis.value, why, order)
        try:
            permitted = context.permit(right_of(info))
            answer = await reveals.unveil(
                permitted, context.inquiry, context.desk, context.question, wanted, standing
            )
        except policy.NotPermitted as error:
            return NotPermitted.of(error)
        except reason.ReasonRequired as error:
            return ReasonRequired.of(error)
        except (reveal.RevealRefused, CaseRefused) as error:
            return RevealRefused.of(error)
        context.casework = answer.value.position
        return answer.value

    @mutation(AllowRevealsResult, "Allow somebody else more reveals.", Action.ALLOW_REVEALS)
    async def allow_reveals(
        self, info: Info, officer: str, more: int, until: datetime, why: str
    ) -> Any:
        context = info.context
        try:
            permitted = context.permit(right_of(info))
            wanted = reveals.More(officer, more, until, why)
            answer = await reveals.allow_more(permitted, context.desk, context.question, wanted)
        except policy.NotPermitted as error:
            return NotPermitted.of(error)
        except (reveal.RevealRefused, CaseRefused) as error:
            return RevealRefused.of(error)
        context.casework = answer.value.position
        return answer.value


def _no_id(identity: str) -> reveal.RevealRefused:
    return reveal.RevealRefused(
        "no_presentation",
        f"There is no presentation {identity[:40]!r}.",
        "Send an id of `presentations`.",
    )
