"""What comes of a decision on a hit."""

from typing import Annotated

import strawberry

from herkomst.graphql.enums import HitState
from herkomst.graphql.fields import shape_of, told
from herkomst.graphql.refusals import HitClosed, NotPermitted, UnknownHit
from herkomst.investigations import decisions


@strawberry.type(description="A decision was recorded. Read it back with `Herkomst-Wait-For`.")
@shape_of(decisions.Decided)
class HitDecided:
    id: strawberry.ID = told("Id of the hit.")
    state: HitState = told("What became of it.")
    position: int = told("Where the decision stands: `Herkomst-Wait-For: casework=POSITION`.")


DecisionResult = Annotated[
    HitDecided | HitClosed | UnknownHit | NotPermitted,
    strawberry.union("DecisionResult", description="What was decided, or why not."),
]
