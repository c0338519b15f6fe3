"""What can be watched: each says what changes behind a revision, and the streams do the rest."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple, TypeVar

import strawberry
from graphql import GraphQLError

from herkomst.access.policy import Action, Permitted
from herkomst.graphql.alerts import Sighting
from herkomst.graphql.cases import CaseHead
from herkomst.graphql.fields import whole_description
from herkomst.graphql.matches import Match
from herkomst.graphql.types import Hit
from herkomst.investigations import alerts, cases, hits, matches
from herkomst.investigations.inquiry import Inquiry
from herkomst.investigations.pages import Revised

F = TypeVar("F", bound=Callable[..., Any])
Look = Callable[[Permitted, Inquiry, int, int], Awaitable[tuple[Sequence[Revised], int]]]
"""Looks for what changed behind a revision, at most so many, and says how far it looked."""


class Watch(NamedTuple):
    """What is watched, and behind which revision it begins; None is from now on."""

    look: Look
    after: int | None


def watched(shape: Any, description: str, right: Action) -> Callable[[F], F]:
    """A subscription whose pushes are records of this shape; the function says what is watched."""
    decorator: Callable[[F], F] = strawberry.subscription(
        graphql_type=shape,
        description=whole_description(description, False, right, 0),
        metadata={"right": right, "cost": 0},
    )
    return decorator


def resumed(after: str | None) -> int | None:
    """The revision to go on behind. Raises `GraphQLError`."""
    if after is None:
        return None
    if not (after.isascii() and after.isdigit() and len(after) <= 18):
        raise GraphQLError(
            "`after` is no revision. Send the `after` of the last push, or 0 for all.",
            extensions={"code": "resume_invalid"},
        )
    return int(after)


@strawberry.type(
    description="What can be watched: over a websocket with graphql-transport-ws, or as "
    "server-sent events. Each push is journaled before it is sent, after token, purpose and "
    "policy were asked anew; its extensions tell the `after` behind which a later subscription "
    "goes on. Without `after` it begins with what comes from now on. The cost is that of one push."
)
class Subscription:
    @watched(Hit, "Hits as they are found and as they change, in order.", Action.READ_HITS)
    def hits(self, after: strawberry.ID | None = None) -> Any:
        return Watch(hits.changed, resumed(after))

    @watched(
        Match,
        "Who comes upon closed reports of your unit without learning of them.",
        Action.READ_MATCHES,
    )
    def matches_on_mine(self, after: strawberry.ID | None = None) -> Any:
        return Watch(matches.changed, resumed(after))

    @watched(
        Sighting,
        "Sightings of the cases that there are for you, as they begin, grow and are answered.",
        Action.READ_ALERTS,
    )
    def sightings(self, after: strawberry.ID | None = None) -> Any:
        return Watch(alerts.changed, resumed(after))

    @watched(CaseHead, "Cases that there are for you, as they change.", Action.READ_CASES)
    def cases(self, after: strawberry.ID | None = None) -> Any:
        return Watch(cases.changed, resumed(after))
