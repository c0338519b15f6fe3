"""What follows a hit: the answer of the unit that owns the report, what keeps the good and until
when, and what of it is decided by whom.

It is told to who sees the hit in full, and to nobody else. What the policy allows is one thing, and
what can follow as it stands another (`domain/casework/sequel.py`).
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime
from typing import Any, NamedTuple, Self
from uuid import UUID

import msgspec
from anyio import to_thread
from psycopg.sql import SQL

from herkomst.access import policy
from herkomst.access.policy import Action, NotPermitted, Permitted
from herkomst.access.reading import Answer, Question
from herkomst.domain.calendar import Occurred, legal_date, legal_day, legal_today
from herkomst.domain.casework import reasons, terms
from herkomst.domain.casework.sequel import (
    RUNS,
    Authority,
    Decision,
    Kind,
    Outcome,
    Party,
    Sequel,
    Verdict,
)
from herkomst.domain.events import EventData
from herkomst.investigations import hits, visibility
from herkomst.investigations.acting import in_casework
from herkomst.investigations.goods import Told
from herkomst.investigations.hits import Hit
from herkomst.investigations.inquiry import Desk, Inquiry
from herkomst.investigations.pages import Page, Slice
from herkomst.record import authorisations, sequels
from herkomst.record.archive import Archive
from herkomst.record.casework import Seal, UnknownHit

LIST = "measures"
UNANSWERED = "signals_to_answer"
_HIT = SQL(
    "SELECT h.hit, {hit_shown} AS shown, h.fingerprint, s.source, t.report, p.acquired, "
    "p.recorded_at, e.municipality FROM {hits} h {goods_of_hit} "
    "CROSS JOIN LATERAL (SELECT report FROM {stolen_items} "
    "WHERE stolen_item = h.stolen_item LIMIT 1) t "
    "CROSS JOIN LATERAL (SELECT acquired, recorded_at, establishment FROM {purchases} "
    "WHERE purchase = h.purchase LIMIT 1) p "
    "LEFT JOIN LATERAL (SELECT municipality FROM {establishments} "
    "WHERE establishment = p.establishment LIMIT 1) e ON true "
    "WHERE h.hit = %(hit)s AND {hit_known}"
)
# Of the police the number of a report names its unit (`terms.owner_of`); an answer holds for the
# facts that it was given on.
_UNANSWERED = SQL(
    "SELECT h.*, {hit_shown} AS shown FROM {hits} h {goods_of_hit} "
    "CROSS JOIN LATERAL (SELECT CASE WHEN s.source = ANY(%(sources)s) THEN s.source ELSE '*' END "
    "AS of, coalesce(substring(i.report from '^PL([0-9][0-9])'), '-') AS prefix "
    "FROM {stolen_items} i WHERE i.stolen_item = h.stolen_item LIMIT 1) t "
    "WHERE {hit_shown} AND h.state IN ('found', 'assessed', 'confirmed') "
    "AND CASE WHEN t.of || ' ' || t.prefix = ANY(%(listed)s) THEN t.of || ' ' || t.prefix "
    "ELSE t.of || ' ' END = ANY(%(owned)s) "
    "AND NOT EXISTS (SELECT FROM {measures} m WHERE m.hit = h.hit AND m.kind = 'signal' "
    "AND m.facts = h.fingerprint) AND {asked} ORDER BY h.revision DESC LIMIT %(limit)s"
)
_HIT_BEFORE = SQL("h.revision < %(before)s")
# What is over is told to be so as soon as the moment has come; the event may come later.
_MEASURES = SQL(
    "SELECT m.*, m.due <= %(now)s AS is_over, m.facts = h.fingerprint AS is_current "
    "FROM {measures} m JOIN {hits} h ON h.hit = m.hit {goods_of_hit} "
    "WHERE {hit_shown} AND {asked} ORDER BY m.revision DESC, m.number LIMIT %(limit)s"
)
_CONDITIONS = {
    "before": SQL("m.revision < %(before)s"),
    "hit": SQL("m.hit = %(hit)s"),
    "kinds": SQL("m.kind = ANY(%(kinds)s)"),
    "running": SQL(
        "(m.state = ANY(%(runs)s) AND (m.due IS NULL OR m.due > %(now)s OR m.kind = 'seizure')) "
        "= %(running)s"
    ),
}
_MOST = 1000
"""Parts of a sequel that are told at once; there are no more than a few of a hit."""
_decode_occurred = msgspec.json.Decoder(Occurred).decode


class Measure(Told, frozen=True, kw_only=True):
    """A part of what followed a hit; what was said of it is None once its key was destroyed."""

    id: UUID
    hit_id: UUID
    kind: str
    state: str
    power: str | None
    issuer: str | None
    unit: str | None
    since: datetime
    until: datetime | None
    length: int | None
    term_unit: str | None
    owner: str | None
    verdict: str | None
    receipt: str | None
    keeper: str | None
    way: str | None
    party: str | None
    is_current: bool
    decided_by: str | None
    why: str | None
    ended_at: datetime | None
    ended_by: str | None
    ended_why: str | None
    revision: int


class Followed(Told, frozen=True, kw_only=True):
    """What followed a hit, as it stands."""

    hit_id: UUID
    state: str
    owner: str
    """The unit that owns the report, and answers."""
    may_answer: bool
    """Whether who asks is of that unit."""
    measures: tuple[Measure, ...]


class Done(NamedTuple):
    """What was done, and where it stands in casework."""

    id: UUID
    until: datetime | None
    position: int


class Good(NamedTuple):
    """What is needed of a hit, and of both goods, to do something after it."""

    hit: str
    """In hex."""
    owner: str
    """The unit that owns the report."""
    period: terms.Period
    told: terms.When
    """When the dealer is told, by the rule of the municipality."""

    @classmethod
    def of(cls, row: Any) -> Self:
        acquired = legal_day(_decode_occurred(row.acquired))
        registered = legal_date(row.recorded_at)
        return cls(
            hit=row.hit.hex,
            owner=terms.owner_of(row.source, row.report, legal_today()),
            period=terms.holding_period(row.municipality, acquired, registered),
            told=terms.when_told(row.municipality, legal_today()),
        )


Doing = Callable[[Sequel, Good, Decision], Sequence[EventData]]


async def page(
    permitted: Permitted,
    inquiry: Inquiry,
    wanted: Page,
    *,
    kinds: Sequence[str] | None = None,
    running: bool | None = None,
) -> Slice[Measure]:
    """A page of what followed the hits that this viewer sees, what changed last first."""
    permitted.must_be(Action.READ_SEQUELS)
    narrowed = {"before": wanted.before, "kinds": kinds, "running": running}
    values = {"limit": wanted.first + 1, **_values(permitted), **narrowed}
    asked = [_CONDITIONS[name] for name, value in narrowed.items() if value is not None]
    rows = await inquiry.rows(_MEASURES, values, asked)
    items = await _told(inquiry, rows[: wanted.first])
    count = inquiry.counting(_MEASURES, values, asked)
    return inquiry.cursors.slice(LIST, wanted, items, len(rows), count)


async def unanswered(permitted: Permitted, inquiry: Inquiry, wanted: Page) -> Slice[Hit]:
    """A page of the hits on reports of the viewer's own unit whose signal nobody answered for, on
    the facts of today, the one that changed last first."""
    permitted.must_be(Action.READ_HITS)
    owned = terms.owned_by(permitted.reading.viewer.unit, legal_today())
    narrowed = {"before": wanted.before, "limit": wanted.first + 1}
    values = {**visibility.values(permitted), **owned._asdict(), **narrowed}
    rows = await inquiry.rows(_UNANSWERED, values, [_HIT_BEFORE])
    items = [hits.told(inquiry, row, shown=row.shown) for row in rows[: wanted.first]]
    count = inquiry.counting(_UNANSWERED, values, [_HIT_BEFORE])
    return inquiry.cursors.slice(UNANSWERED, wanted, items, len(rows), count)


async def one(permitted: Permitted, inquiry: Inquiry, hit: UUID) -> Followed | None:
    """What followed a hit; None where there is no such hit that this viewer sees in full."""
    permitted.must_be(Action.READ_SEQUELS)
    values = {"hit": hit, "limit": _MOST, **_values(permitted)}
    found = await _hits(inquiry, values)
    rows = await inquiry.rows(_MEASURES, values, [_CONDITIONS["hit"]])
    measures = await _told(inquiry, sorted(rows, key=lambda row: row.number))
    if not found or not found[0].shown:
        return None
    owner = Good.of(found[0]).owner
    inquiry.returned.add("hit", hit)
    return Followed(
        hit_id=hit,
        state=_state(measures),
        owner=owner,
        may_answer=terms.is_of(permitted.reading.viewer.unit, owner),
        measures=tuple(measures),
    )


class Act(NamedTuple):
    """Something that may be done after a hit, by who is permitted the action."""

    action: Action
    doing: Doing
    of: Kind | None = None
    """The measure that it goes on with; None where it may begin one."""
    is_owners: bool = False
    """Whether it is for the unit that owns the report alone."""


def answer(verdict: Verdict) -> Act:
    """Answer for the unit that owns the report whether its signal stands."""

    def answered(state: Sequel, good: Good, by: Decision) -> Sequence[EventData]:
        said = state.answer(good.hit, good.owner, verdict, by)
        return [said, *state.follow(said, good.period, good.told, by.now)]

    return Act(Action.ANSWER_SIGNAL, answered, is_owners=True)


def order(issuer: str | None, since: datetime | None, days: int | None) -> Act:
    """Write down an order to keep, of the viewer himself or of the officer that is named."""

    def ordered(state: Sequel, good: Good, by: Decision) -> Sequence[EventData]:
        return [state.order(good.hit, issuer or by.authority.by, since or by.now, days, by)]

    return Act(Action.ORDER_KEEPING, ordered)


def seize(receipt: str, issuer: str | None, since: datetime | None, keeper: str | None) -> Act:
    """Write down that the good was seized."""

    def seized(state: Sequel, good: Good, by: Decision) -> Sequence[EventData]:
        who, when = issuer or by.authority.by, since or by.now
        return [state.seize(good.hit, who, when, receipt, keeper, by)]

    return Act(Action.SEIZE_GOOD, seized)


def release() -> Act:
    """Let an order to keep end."""
    return Act(Action.RELEASE_ORDER, lambda state, good, by: [state.release(good.hit, by)], "order")


def announce(way: str, noticed_on: date | None) -> Act:
    """Give notice of a return, as the prosecutor."""

    def announced(state: Sequel, good: Good, by: Decision) -> Sequence[EventData]:
        return [state.announce(good.hit, way, noticed_on or by.today, by)]

    return Act(Action.DECIDE_RETURN, announced, "seizure")


def give_back(way: str, waived_on: date | None) -> Act:
    """Decide that the good goes back, as the prosecutor."""

    def returned(state: Sequel, good: Good, by: Decision) -> Sequence[EventData]:
        return [state.give_back(good.hit, way, waived_on, by)]

    return Act(Action.DECIDE_RETURN, returned, "seizure")


def contest(party: Party, complaint: str, lodged_on: date | None) -> Act:
    """Write down a complaint."""

    def contested(state: Sequel, good: Good, by: Decision) -> Sequence[EventData]:
        return [state.contest(good.hit, party, complaint, lodged_on or by.today, by)]

    return Act(Action.RECORD_COMPLAINT, contested, "seizure")


def decide(outcome: Outcome, decided_on: date | None) -> Act:
    """Write down what became of a complaint."""

    def decided(state: Sequel, good: Good, by: Decision) -> Sequence[EventData]:
        return [state.decide(good.hit, outcome, decided_on or by.today, by)]

    return Act(Action.RECORD_COMPLAINT, decided, "seizure")


def tell() -> Act:
    """Let the dealer be told from now on."""
    return Act(Action.TELL_DEALER, lambda state, good, by: [state.tell(good.hit, good.told, by)])


async def do(
    permitted: Permitted,
    inquiry: Inquiry,
    desk: Desk,
    question: Question,
    hit: UUID,
    act: Act,
    why: str,
) -> Answer[Done]:
    """Do something after a hit, journaled before and after.

    Raises `UnknownHit`, `NotPermitted`, `SequelRefused`, `CaseRefused`, `JournalUnavailable`.
    """
    good = await _seen(permitted, inquiry, hit, act)
    reading, archive = permitted.reading, desk.archive
    actor = f"user:{reading.viewer.subject}"

    def acting() -> sequels.Followed:
        authority = _authority(permitted, archive)

        def said(state: Sequel, seal: Seal) -> Sequence[EventData]:
            by = Decision(authority=authority, now=datetime.now(UTC), why=seal(reasons.said(why)))
            return act.doing(state, good, by)

        if act.of is None:
            return sequels.begin(archive.casework, hit, said, actor, reading.ground)
        return sequels.go_on(archive.casework, hit, act.of, said, actor, reading.ground)

    async def acted() -> Done:
        done = await to_thread.run_sync(acting)
        until = getattr(done.data[0], "until", None)
        return Done(hit, until and datetime.fromisoformat(until), done.position)

    return await in_casework(desk, reading, question, acted)


async def _hits(inquiry: Inquiry, values: dict[str, object]) -> list[Any]:
    hit = values["hit"]
    assert isinstance(hit, UUID)
    inquiry.returned.seek(hit)
    return await inquiry.rows(_HIT, values)


async def _seen(permitted: Permitted, inquiry: Inquiry, hit: UUID, act: Act) -> Good:
    """The hit that something is to be done about, which the viewer must see in full. Raises
    `UnknownHit`, `NotPermitted`."""
    permitted.must_be(act.action)
    rows = await _hits(inquiry, {"hit": hit, **_values(permitted)})
    if not rows:
        raise UnknownHit(f"There is no hit {hit}.")
    if not rows[0].shown:
        raise NotPermitted(
            "A side of this hit is withheld, and nobody decides on what he cannot see.",
            "Ask the authorised officer.",
        )
    good, unit = Good.of(rows[0]), permitted.reading.viewer.unit
    if act.is_owners and not terms.is_of(unit, good.owner):
        raise NotPermitted(
            f"The report is of {good.owner}, and {unit} does not answer for its signal.",
            f"Ask {good.owner}.",
        )
    return good


def _authority(permitted: Permitted, archive: Archive) -> Authority:
    """On whose authority, and as what he is allowed to at this moment."""
    reading, now = permitted.reading, datetime.now(UTC)
    viewer = reading.viewer
    held = authorisations.holding(archive.casework, viewer.subject, now)
    ends = [g.until for g in held if (g.role, g.unit) == (viewer.role, viewer.unit)]
    until = max(ends).astimezone(UTC).isoformat(timespec="milliseconds") if ends else None
    return Authority(
        authorised_until=until,
        by=viewer.subject,
        case=reading.case.hex if reading.case else None,
        policy=policy.version(),
        purpose=str(reading.purpose),
        role=viewer.role,
        unit=viewer.unit,
    )


def _values(permitted: Permitted) -> dict[str, object]:
    return {**visibility.values(permitted), "runs": list(RUNS)}


async def _told(inquiry: Inquiry, rows: Sequence[Any]) -> list[Measure]:
    keys = await inquiry.part_keys({row.measure: row.stream for row in rows})
    for row in rows:
        inquiry.returns("measure", row.measure, row.revision)

    def opened(row: Any, sealed: bytes | None) -> str | None:
        key = keys.get(row.measure)
        return None if key is None or sealed is None else key.open(sealed).decode()

    return [
        Measure(
            id=row.measure,
            hit_id=row.hit,
            kind=row.kind,
            state=_now(row),
            power=row.power,
            issuer=row.issuer,
            unit=row.unit,
            since=row.since,
            until=row.until,
            length=row.length,
            term_unit=row.term_unit,
            owner=row.owner,
            verdict=row.verdict,
            receipt=row.receipt,
            keeper=row.keeper,
            way=row.way,
            party=row.party,
            is_current=row.is_current,
            decided_by=row.decided_by,
            why=opened(row, row.why),
            ended_at=row.ended_at or (row.due if _now(row) == "lapsed" else None),
            ended_by=row.ended_by,
            ended_why=opened(row, row.ended_why),
            revision=row.revision,
        )
        for row in rows
    ]


def _now(row: Any) -> str:
    """The state of a measure at this moment."""
    if row.is_over:
        return "returnable" if row.kind == "seizure" else "lapsed"
    return str(row.state)


def _state(measures: Iterable[Measure]) -> str:
    """What became of a hit, by the last of each kind."""
    last = {each.kind: each for each in measures}
    if "seizure" in last:
        found = last["seizure"].state
        return found if found in ("contested", "returned") else "seized"
    if "signal" not in last:
        return "unanswered"
    if "order" in last:
        return {"running": "ordered"}.get(last["order"].state, last["order"].state)
    return "confirmed" if last["signal"].verdict == "stands" else "denied"
