"""Revealing whose identity was presented: on a case, a hit or an order, as an event of its own."""

from datetime import UTC, datetime
from functools import partial
from typing import NamedTuple
from uuid import UUID

from anyio import to_thread
from psycopg.sql import SQL

from herkomst.access import policy, reason
from herkomst.access.policy import Action, Permitted
from herkomst.access.reading import Answer, Question
from herkomst.domain.casework import reasons, reveal
from herkomst.domain.casework.glass import BROKEN_GLASS
from herkomst.domain.casework.reveal import Basis, MoreAllowed, Revealed, RevealRefused, Reveals
from herkomst.investigations import presentations, visibility
from herkomst.investigations.acting import in_casework, standpoint
from herkomst.investigations.inquiry import Desk, Inquiry
from herkomst.investigations.presentations import Identity, Presentation
from herkomst.record.casework import Seal

_IN_CASE = SQL(
    "SELECT FROM {presentations} n WHERE n.presentation = %(presentation)s "
    "AND n.purchase IN {sold_in_case}"
)
_BY_HIT = SQL(
    "SELECT h.hit FROM {presentations} n JOIN {hits} h ON h.purchase = n.purchase "
    "{goods_of_hit} WHERE n.presentation = %(presentation)s "
    "AND {hit_stands} AND {hit_shown} ORDER BY h.hit LIMIT 1"
)


class Standing(NamedTuple):
    """What a reveal is to stand on, and why it is needed."""

    basis: Basis
    why: str
    order: str | None = None
    """How the order is known; only for one that stands on an order."""


class More(NamedTuple):
    """How many more reveals a second person allows to whom, until when, and why."""

    officer: str
    more: int
    until: datetime
    why: str


class Allowed(NamedTuple):
    """That more was allowed, and where it stands in casework."""

    officer: str
    position: int


class Unveiled(NamedTuple):
    """An identity that was revealed, and where that stands in casework."""

    presentation: UUID
    identity: Identity
    position: int


async def unveil(
    permitted: Permitted,
    inquiry: Inquiry,
    desk: Desk,
    question: Question,
    presentation: UUID,
    standing: Standing,
) -> Answer[Unveiled]:
    """Reveal an identity; journaled before and after, and recorded before it is opened.

    Raises `NotPermitted`, `ReasonRequired`, `RevealRefused`, `JournalUnavailable`.
    """
    permitted.must_be(Action.REVEAL_IDENTITY)
    reason.must_be_given(desk.archive.keyring, permitted.reading, presentation)
    shown = await _presented(permitted, inquiry, presentation)
    hit = await _stands(permitted, inquiry, presentation, standing)
    reading = permitted.reading
    held = reading.held

    def revealed(state: Reveals, seal: Seal) -> Revealed:
        state.must_be_few(datetime.now(UTC))
        return Revealed(
            basis=standing.basis,
            by=reading.viewer.subject,
            case=held.case.hex if held else None,
            hit=hit.hex if hit else None,
            order=seal(standing.order) if standing.order else None,
            presentation=presentation.hex,
            purpose=str(reading.purpose),
            why=seal(reasons.said(standing.why)),
        )

    recording = partial(
        desk.archive.casework.in_reveals, reading.viewer.subject, revealed, standpoint(permitted)
    )

    async def acted() -> Unveiled:
        position = await to_thread.run_sync(recording)
        identity = await presentations.opened(inquiry, shown)
        return Unveiled(presentation, identity, position)

    return await in_casework(desk, reading, question, acted)


async def allow_more(
    permitted: Permitted, desk: Desk, question: Question, more: More
) -> Answer[Allowed]:
    """Allow an officer more reveals than he may make alone.

    Raises `RevealRefused`, `JournalUnavailable`.
    """
    permitted.must_be(Action.ALLOW_REVEALS)
    by, now = permitted.reading.viewer.subject, datetime.now(UTC)
    reveal.must_be_allowed(by, more.officer, more.more, more.until, now)

    def allowed(_: Reveals, seal: Seal) -> MoreAllowed:
        until = more.until.astimezone(UTC).isoformat(timespec="milliseconds")
        return MoreAllowed(
            by=by,
            more=more.more,
            officer=more.officer,
            until=until,
            why=seal(reasons.said(more.why)),
        )

    recording = partial(
        desk.archive.casework.in_reveals, more.officer, allowed, standpoint(permitted)
    )

    async def acted() -> Allowed:
        return Allowed(more.officer, await to_thread.run_sync(recording))

    return await in_casework(desk, permitted.reading, question, acted)


async def _presented(permitted: Permitted, inquiry: Inquiry, presentation: UUID) -> Presentation:
    """Raises `NotPermitted`, `RevealRefused`."""
    inquiry.returned.seek(presentation)
    to_read = policy.permit(permitted.reading, Action.READ_PRESENTATIONS)
    found = (await presentations.by_ids(to_read, inquiry, [presentation])).get(presentation)
    if found is None:
        raise RevealRefused(
            "no_presentation",
            f"There is no presentation {presentation}.",
            "Send an id of `presentations`.",
        )
    if found.state == "erased":
        raise RevealRefused("erased", "The identity was erased.", "Nothing opens it again.")
    return found


async def _stands(
    permitted: Permitted, inquiry: Inquiry, presentation: UUID, standing: Standing
) -> UUID | None:
    """The hit that it stands on, if it does on one. Raises `NotPermitted`, `RevealRefused`."""
    reading = permitted.reading
    if standing.basis == "order":
        _must_name_order(permitted, standing)
        return None
    if standing.basis == "emergency":
        _must_have_broken(permitted)
        return None
    action = Action.READ_HITS if standing.basis == "hit" else Action.REVEAL_IDENTITY
    values = visibility.values(policy.permit(reading, action)) | {"presentation": presentation}
    rows = await inquiry.rows(_BY_HIT if standing.basis == "hit" else _IN_CASE, values)
    if not rows:
        raise _STANDS_ON_NOTHING[standing.basis]
    return rows[0].hit if standing.basis == "hit" else None


def _must_name_order(permitted: Permitted, standing: Standing) -> None:
    if not standing.order:
        raise RevealRefused(
            "no_order", "No order is named.", "Say how it is known: its number and its day."
        )
    if permitted.reading.held is None:
        raise RevealRefused(
            "order_without_case",
            "An order belongs to a case.",
            "Name the case or a task in it as the purpose.",
        )


def _must_have_broken(permitted: Permitted) -> None:
    if str(permitted.reading.purpose) != BROKEN_GLASS:
        raise RevealRefused(
            "no_emergency",
            "The glass is not what you read under.",
            f"Break it first, and name {BROKEN_GLASS} as the purpose.",
        )


_STANDS_ON_NOTHING = {
    "case": RevealRefused(
        "not_in_case",
        "The person is not in the case that is the purpose, and neither is what he sold.",
        "Bring the purchase or the person into the case first, with the reason.",
    ),
    "hit": RevealRefused(
        "no_hit", "No hit that stands is on what he sold.", "Name a case or an order instead."
    ),
}
