"""What comes of a decision on a hit."""

from typing import Annotated

import strawberry

from herkomst.graphql.enums import HitState
from herkomst.graphql.fields import shape_of, told
from herkomst.graphql.refusals import HitClosed, NotPermitted, UnknownHit
from herkomst.investigations import decisions, muted_numbers


@strawberry.type(description="A number that a hit rests on, and that may be muted.")
@shape_of(muted_numbers.Offered)
class OfferedNumber:
    id: strawberry.ID = told("What `muteNumber` takes.")
    kind: str = told("What number it is, such as serial.")
    number: str | None = told("The number as it is compared; null where it is sealed.")


@strawberry.type(description="A decision was recorded. Read it back with `Herkomst-Wait-For`.")
@shape_of(decisions.Decided)
class HitDecided:
    id: strawberry.ID = told("Id of the hit.")
    state: HitState = told("What became of it.")
    position: int = told("Where the decision stands: `Herkomst-Wait-For: casework=POSITION`.")
    may_be_muted: list[OfferedNumber] = told(
        "Where it was rejected because its number is a placeholder: the numbers that both goods "
        "bear, which `muteNumber` keeps from founding new hits."
    )


DecisionResult = Annotated[
    HitDecided | HitClosed | UnknownHit | NotPermitted,
    strawberry.union("DecisionResult", description="What was decided, or why not."),
]
