"""Reviews that nobody judged in their term."""

from datetime import datetime
from typing import Any

import strawberry

from herkomst.access.policy import Action
from herkomst.graphql.context import Info
from herkomst.graphql.enums import ReviewOf
from herkomst.graphql.fields import resolved, shape_of, told
from herkomst.graphql.listing import Listed, listed
from herkomst.graphql.types import Connection
from herkomst.investigations import overdue


@strawberry.type(description="A review that waits for its verdict beyond its term.")
@shape_of(overdue.OverdueReview)
class OverdueReview:
    id: strawberry.ID = told("Id of the review, or of that time that the glass was broken.")
    kind: ReviewOf = told("What is to be judged.")
    officer: str = told("Whose read, or who broke the glass.")
    role: str = told("As what.")
    since: datetime = told("When the read was queued, or the glass held no longer.")
    judge_by: datetime = told("First moment at which it was overdue.")


@strawberry.type(description="What who oversees reviewers is told.")
class OverdueReviews:
    @resolved(
        Connection[OverdueReview],
        "Reviews that nobody judged in their term, the one that changed last first; none of your "
        "own reads.",
        Action.OVERSEE_REVIEWS,
    )
    async def overdue_reviews(
        self, info: Info, first: int, after: str | None = None
    ) -> Listed[Any]:
        return await listed(info, overdue.LIST, first, after, overdue.page)
