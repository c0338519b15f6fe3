"""Numbers that people muted, because they identify nothing.

A number is muted by a hit that rests on it and that the viewer sees in full. A mute is told to who
lists hits; its number only where that hit is shown, and it tells how many pairs it withheld, of the
stolen goods of which the viewer may know. One on a closed good withholds hits on such goods alone,
and is told to who may know of its hit.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any, NamedTuple
from uuid import UUID

import uuid_utils
from anyio import to_thread
from psycopg.sql import SQL

from herkomst.access.policy import Action, NotPermitted, Permitted
from herkomst.access.reading import Answer, Question
from herkomst.domain import ids
from herkomst.domain.casework import reasons
from herkomst.domain.casework.mute import MuteRefused, Mutes, NumberMuted, NumberUnmuted
from herkomst.domain.casework.parts import Part
from herkomst.domain.events import EventData
from herkomst.domain.goods import normal_brand
from herkomst.domain.register.stolen_item import CLOSED
from herkomst.investigations import hits, visibility
from herkomst.investigations.acting import in_casework
from herkomst.investigations.goods import Told
from herkomst.investigations.inquiry import Desk, Inquiry
from herkomst.investigations.pages import Page, Slice
from herkomst.record import muted_numbers as record
from herkomst.record.casework import Seal, UnknownHit

LIST = "muted_numbers"
_SHARED = SQL(
    "SELECT DISTINCT m.key, s.handling FROM {hits} h {goods_of_hit} "
    "JOIN {match_keys} m ON m.item = h.purchase AND m.line = h.line AND m.side = 'purchase' "
    "JOIN {match_keys} t ON t.item = h.stolen_item AND t.side = 'stolen' AND t.key = m.key "
    "WHERE h.hit = %(hit)s AND {hit_shown} "
    # What stood in a text is sealed, and what a check digit was mended to is on no good.
    "AND m.found IN ('number', 'second') AND t.found IN ('number', 'second') ORDER BY m.key"
)
_PAGE = SQL(
    "SELECT n.*, n.state = 'running' AND n.until <= %(now)s AS is_over, g.shown, "
    "(SELECT count(*) FROM unnest(n.withheld) AS w (id) JOIN {stolen_items} s "
    "ON s.stolen_item = w.id WHERE {item_known}) AS pairs FROM {muted_numbers} n "
    "LEFT JOIN LATERAL (SELECT {hit_shown} AS shown, {hit_known} AS known "
    "FROM {hits} h {goods_of_hit} WHERE h.hit = n.hit) g ON true "
    "WHERE (NOT n.closed OR g.known) AND {asked} ORDER BY n.revision DESC LIMIT %(limit)s"
)
_CONDITIONS = {
    "before": SQL("n.revision < %(before)s"),
    "mute": SQL("n.mute = %(mute)s"),
    "running": SQL("(n.state = 'running' AND n.until > %(now)s) = %(running)s"),
}


class Offered(NamedTuple):
    """A number that a hit rests on, which may be muted."""

    id: UUID
    kind: str
    number: str | None
    """As it is compared; None where it is sealed."""


class MutedNumber(Told, frozen=True, kw_only=True):
    """A mute; its number is None where it is sealed, or its hit is not shown."""

    id: UUID
    kind: str | None
    number: str | None
    brand: str | None
    state: str
    muted_by: str
    muted_at: datetime
    until: datetime
    why: str | None
    ended_at: datetime | None
    ended_by: str | None
    ended_why: str | None
    withheld: int
    revision: int


class Done(NamedTuple):
    """What was muted or lifted, and where it stands in casework."""

    id: UUID
    position: int


async def offered(permitted: Permitted, inquiry: Inquiry, hit: UUID) -> tuple[Offered, ...]:
    """The numbers that both goods of a hit bear, where it is shown."""
    permitted.must_be(Action.DECIDE_HIT)
    return tuple(_offered(row.key) for row in await _shared(permitted, inquiry, hit))


async def page(
    permitted: Permitted, inquiry: Inquiry, wanted: Page, *, running: bool | None = None
) -> Slice[MutedNumber]:
    """Mutes, the one that began or ended last first."""
    permitted.must_be(Action.READ_HITS)
    narrowed = {"before": wanted.before, "running": running}
    asked = [_CONDITIONS[name] for name, value in narrowed.items() if value is not None]
    values = {**_values(permitted), "limit": wanted.first + 1, **narrowed}
    rows = await inquiry.rows(_PAGE, values, asked)
    items = await _told(inquiry, rows[: wanted.first])
    count = inquiry.counting(_PAGE, values, asked)
    return inquiry.cursors.slice(LIST, wanted, items, len(rows), count)


async def mute(
    permitted: Permitted,
    inquiry: Inquiry,
    desk: Desk,
    question: Question,
    hit: UUID,
    number: UUID,
    until: datetime,
    why: str,
    brand: str | None,
) -> Answer[Done]:
    """Let a number that a hit rests on found no new hit until a moment, journaled before and after.

    Raises `MuteRefused`, `UnknownHit`, `NotPermitted`, `CaseRefused`, `JournalUnavailable`.
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
    shared = await _shared(permitted, inquiry, hit)
    row = next((row for row in shared if ids.number_id(row.key) == number), None)
    if row is None:
        raise MuteRefused(
            "number", "This hit rests on no such number.", "Send one that `rejectHit` offers."
        )
    within = normal_brand(brand) if brand is not None else None
    if brand is not None and within is None:
        raise MuteRefused("brand", "This is no brand.", "Name one, or none for any brand.")

    identity = UUID(bytes=uuid_utils.uuid7().bytes)

    def muted(state: Mutes, head: int, seal: Seal) -> NumberMuted:
        said = NumberMuted(
            brand=within,
            by=permitted.reading.viewer.subject,
            closed=row.handling == CLOSED,
            hit=hit.hex,
            key=row.key,
            mute=identity.hex,
            register=head,
            until=until.astimezone(UTC).isoformat(timespec="milliseconds"),
            why=seal(reasons.said(why)),
        )
        return state.mute(said, datetime.now(UTC))

    return await _act(permitted, desk, question, number, Part(identity, begins=True), muted)


async def unmute(
    permitted: Permitted,
    inquiry: Inquiry,
    desk: Desk,
    question: Question,
    identity: UUID,
    why: str,
) -> Answer[Done]:
    """Lift a mute before its end. Raises `MuteRefused`, `CaseRefused`, `JournalUnavailable`."""
    permitted.must_be(Action.DECIDE_HIT)
    inquiry.returned.seek(identity)
    values = {**_values(permitted), "limit": 1, "mute": identity}
    rows = await inquiry.rows(_PAGE, values, [_CONDITIONS["mute"]])
    if not rows:
        raise MuteRefused("unknown", f"There is no mute {identity}.", "Look at `mutedNumbers`.")

    def lifted(state: Mutes, head: int, seal: Seal) -> NumberUnmuted:
        by = permitted.reading.viewer.subject
        said = NumberUnmuted(by=by, mute=identity.hex, register=head, why=seal(reasons.said(why)))
        return state.unmute(said, datetime.now(UTC))

    part = Part(identity, begins=False)
    return await _act(permitted, desk, question, rows[0].number, part, lifted)


async def _act(
    permitted: Permitted,
    desk: Desk,
    question: Question,
    number: UUID,
    part: Part,
    act: Callable[[Mutes, int, Seal], EventData],
) -> Answer[Done]:
    reading = permitted.reading
    doing = partial(
        record.act_on_number,
        desk.archive.casework,
        number,
        part,
        act,
        actor=f"user:{reading.viewer.subject}",
        ground=reading.ground,
    )

    async def acted() -> Done:
        return Done(part.key, await to_thread.run_sync(doing))

    return await in_casework(desk, reading, question, acted)


async def _shared(permitted: Permitted, inquiry: Inquiry, hit: UUID) -> list[Any]:
    return await inquiry.rows(_SHARED, {**visibility.values(permitted), "hit": hit})


def _offered(key: str) -> Offered:
    kind, _, normal = key.partition(":")
    return Offered(ids.number_id(key), kind, None if normal.startswith("~") else normal)


def _values(permitted: Permitted) -> dict[str, object]:
    return {**visibility.values(permitted), "now": datetime.now(UTC)}


async def _told(inquiry: Inquiry, rows: list[Any]) -> list[MutedNumber]:
    keys = await inquiry.part_keys({row.mute: row.number for row in rows})
    for row in rows:
        inquiry.returns("number_mute", row.mute, row.revision)

    def opened(row: Any, sealed: bytes | None) -> str | None:
        key = keys.get(row.mute)
        return None if key is None or sealed is None or not row.shown else key.open(sealed).decode()

    return [
        MutedNumber(
            id=row.mute,
            kind=_offered(row.key).kind if row.shown else None,
            number=_offered(row.key).number if row.shown else None,
            brand=row.brand if row.shown else None,
            state="lapsed" if row.is_over else row.state,
            muted_by=row.muted_by,
            muted_at=row.muted_at,
            until=row.until,
            why=opened(row, row.why),
            ended_at=row.until if row.is_over else row.ended_at,
            ended_by=row.ended_by,
            ended_why=opened(row, row.ended_why),
            withheld=row.pairs,
            revision=row.revision,
        )
        for row in rows
    ]
