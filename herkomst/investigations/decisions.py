"""Decisions on hits: a person assesses, confirms or rejects what a machine found (art. 7a Wpg)."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple
from uuid import UUID

from anyio import to_thread

from herkomst.access.policy import Action, NotPermitted, Permitted
from herkomst.access.reading import Answer, Question
from herkomst.domain.casework.hit import Hit
from herkomst.domain.events import EventData
from herkomst.investigations import hits, muted_numbers
from herkomst.investigations.acting import in_casework
from herkomst.investigations.inquiry import Desk, Inquiry
from herkomst.investigations.muted_numbers import Offered
from herkomst.record.casework import UnknownHit


class Decided(NamedTuple):
    """What was decided, and where it stands in casework."""

    id: UUID
    state: str
    position: int
    may_be_muted: tuple[Offered, ...] = ()
    """Numbers that the hit rests on, where it was rejected because of them."""


async def decide(
    permitted: Permitted,
    inquiry: Inquiry,
    desk: Desk,
    question: Question,
    hit: UUID,
    decision: Callable[[Hit], EventData],
    state: str,
    *,
    by_number: bool = False,
) -> Answer[Decided]:
    """Decide on a hit that the viewer can see in full; journaled before and after. What is
    decided `by_number` alone, because that is a placeholder, offers to mute it.

    Raises `NotPermitted`, `UnknownHit`, `HitClosed`, `JournalUnavailable`.
    """
    permitted.must_be(Action.DECIDE_HIT)
    found = await hits.one(permitted, inquiry, hit)
    if found is None:
        raise UnknownHit(f"There is no hit {hit}.")
    if found.withheld:
        raise NotPermitted(
            "A side of this hit is withheld, and nobody decides on what he cannot see.",
            "Ask the authorised officer.",
        )
    offers = await muted_numbers.offered(permitted, inquiry, hit) if by_number else ()
    reading = permitted.reading
    act = partial(
        desk.archive.casework.decide,
        hit,
        decision,
        actor=f"user:{reading.viewer.subject}",
        ground=reading.ground,
    )

    async def acted() -> Decided:
        return Decided(hit, state, await to_thread.run_sync(act), offers)

    return await in_casework(desk, reading, question, acted)
