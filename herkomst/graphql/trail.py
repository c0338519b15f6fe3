"""The audit trail of a record, as it is asked."""

from datetime import datetime
from typing import Any

import strawberry

from herkomst.access import policy
from herkomst.access.policy import Action
from herkomst.graphql.context import Info
from herkomst.graphql.enums import TrailKind
from herkomst.graphql.fields import resolved, right_of, told
from herkomst.graphql.listing import Listed
from herkomst.graphql.refusals import InvalidPage, NotPermitted
from herkomst.graphql.types import Connection, Occurred
from herkomst.investigations import pages, trail
from herkomst.investigations.trail import Entry, Narrowed


@strawberry.type(description="One thing that an event says.")
class TrailFact:
    name: str = told("What of it, such as grade, changed or why; of a read, what was returned.")
    value: str | None = told("As it was recorded; null where its key was destroyed.")


@strawberry.type(description="An event or a read of a record, as it was recorded.")
class TrailEntry:
    sequence: str = told("register, casework or journal.")
    position: int = told("Its place in the sequence, by which `herkomst verify` names it.")
    stream: strawberry.ID = told("Id of the stream that it belongs to.")
    version: int = told("Its place in the stream.")
    kind: TrailKind = told("Of what it tells.")
    topic: str = told("What happened, such as casework.hit.confirmed.")
    words: str = told("What happened, as a sentence.")
    facts: list[TrailFact] = told("What it says.")
    withheld: bool = told("Whether what it says is withheld from you; that it happened is not.")
    actor: str = told("Who did it: source:NAME, user:NAME or process:NAME.")
    role: str | None = told("Of a read, the role of who read.")
    unit: str = told("Of a read the unit of who read; of an event the unit that owns it.")
    ground: str = told("Code of the legal ground.")
    happened: Occurred = told("When it happened.")
    recorded_at: datetime = told("When it was recorded.")
    leaf: str = told(
        "Its leaf hash: SHA-256 (RFC 6962) over its place, moment, topic and bytes, in hex."
    )


@strawberry.type(
    description="A page of a trail, the oldest first. Where something that may belong to it has "
    "not come through yet, it ends there."
)
class TrailConnection(Connection[TrailEntry]):
    whole_until: datetime | None = told(
        "Up to when it is whole, where something has not come through yet; else null."
    )


class Told(Listed[Entry], frozen=True):
    """A page of a trail, or why it is refused."""

    whole_until: datetime | None = None


@strawberry.type(description="The trails that can be asked.")
class Trails:
    @resolved(
        TrailConnection,
        "Every event and every read of a hit, a purchase, a stolen item, a presentation or a case "
        "that you may know of, as it was recorded and in that order.",
        Action.READ_TRAIL,
    )
    async def trail(
        self,
        info: Info,
        of: strawberry.ID,
        first: int,
        after: str | None = None,
        kind: list[TrailKind] | None = None,
        topic: list[str] | None = None,
        actor: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> Any:
        context = info.context
        kinds = None if kind is None else [each.value for each in kind]
        asked = Narrowed(kinds, topic, actor, since, until)
        try:
            permitted = context.permit(right_of(info))
            page = context.inquiry.cursors.page(trail.LIST, first, after)
            found = await trail.page(permitted, context.inquiry, page, of, asked)
        except policy.NotPermitted as error:
            return Told(None, NotPermitted.of(error))
        except pages.InvalidPage as error:
            return Told(None, InvalidPage.of(error))
        return Told(found.page, whole_until=found.whole_until)
