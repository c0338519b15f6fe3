"""Who came upon what is closed, as its owner is told."""

from datetime import datetime

import strawberry

from herkomst.graphql.enums import MatchHow
from herkomst.graphql.fields import shape_of, told
from herkomst.investigations import matches


@strawberry.type(
    description="Somebody came upon a closed report of your unit, or on what belongs to a secret "
    "investigation of it, and learned nothing of that (art. 2:11(1)(d) Bpg). Told once of "
    "an officer, his purpose and a good."
)
@shape_of(matches.Match)
class Match:
    id: strawberry.ID = told("Id of what was told.")
    record_id: strawberry.ID = told("The stolen item of yours, or what belongs to it.")
    how: MatchHow = told("How.")
    purchase_id: strawberry.ID | None = told("The purchase of the good that was looked at.")
    officer: str | None = told(
        "Who; null where his own case is not open to others: ask the authorised officer of his "
        "unit."
    )
    role: str = told("As what.")
    unit: str = told("Of which unit.")
    purpose: str | None = told("For which purpose; null where it is not open to others.")
    at: datetime = told("When.")
    told_at: datetime = told("When it was told.")
