"""Alerts (signaleringen) of a case: what one would have done, what it does, what that was worth.

An alert and its sightings exist for who may know of the case. What is counted of hits is what who
asks sees of hits; what he may not know of fires nothing and counts nowhere, in a dry run too. Only
who sees the whole register sets one, so that it fires on nothing that he could not find himself.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final, LiteralString, NamedTuple
from uuid import UUID

import msgspec
from anyio import to_thread
from psycopg.sql import SQL

from herkomst.access import policy
from herkomst.access.policy import Action, NotPermitted, Permitted
from herkomst.access.reading import Answer, Question
from herkomst.domain.calendar import add_term, legal_date, start_of
from herkomst.domain.casework import alert, predicates, reasons
from herkomst.domain.casework.alert import (
    Alert,
    AlertRefused,
    AlertSet,
    DryRun,
    Sighting,
    must_end,
)
from herkomst.domain.casework.predicates import PersonOfInterest, Predicate, SavedSearch
from herkomst.domain.events import EventData
from herkomst.domain.money import Money
from herkomst.investigations import casefiles, cases, presentations, visibility
from herkomst.investigations.acting import in_casework, standpoint
from herkomst.investigations.goods import Told
from herkomst.investigations.inquiry import Desk, Inquiry
from herkomst.investigations.pages import Page, Slice
from herkomst.processes import firing
from herkomst.processes.firing import Firing, TooBroad, Watched
from herkomst.record import alerts as record
from herkomst.record.casework import Seal, UnknownCase
from herkomst.record.vault import DataKey

LIST, SIGHTINGS = "alerts", "sightings"
MOST: Final = 20
"""Firings that are told of a sighting, the last first."""
_NOBODY = UUID(int=0)
_PAGE = SQL(
    "SELECT a.*, c.number AS case_number, a.state IN ('set', 'active') AND a.until <= %(now)s "
    "AS is_over FROM {alerts} a JOIN {cases} c USING (case_id) "
    "WHERE {case_seen} AND {asked} ORDER BY a.revision DESC LIMIT %(limit)s"
)
_CONDITIONS = {
    "before": SQL("a.revision < %(before)s"),
    "case": SQL("a.case_id = %(case)s"),
    "alert": SQL("a.alert = %(alert)s"),
    "states": SQL(
        "CASE WHEN a.state IN ('set', 'active') AND a.until <= %(now)s THEN 'lapsed' "
        "ELSE a.state END = ANY(%(states)s)"
    ),
}
_MUTES = SQL("SELECT * FROM {mutes} WHERE alert = ANY(%(alerts)s) ORDER BY alert, number")
_SEEN_SIGHTINGS: LiteralString = (
    "SELECT s.*, c.number AS case_number, ARRAY(SELECT f.alert || ' ' || f.purchase || ' ' || "
    "f.line FROM {firings} f WHERE f.sighting = s.sighting ORDER BY f.revision DESC LIMIT 20) "
    "AS fired FROM {sightings} s JOIN {cases} c USING (case_id) "
    "WHERE {case_seen} AND {asked} ORDER BY s.revision "
)
_SIGHTINGS = SQL(_SEEN_SIGHTINGS + "DESC LIMIT %(limit)s")
_CHANGED = SQL(_SEEN_SIGHTINGS + "LIMIT %(limit)s")
_OF_SIGHTINGS = {
    "before": SQL("s.revision < %(before)s"),
    "after": SQL("s.revision > %(after)s"),
    "case": SQL("s.case_id = %(case)s"),
    "alert": SQL("%(alert)s = ANY(s.alerts)"),
    "sighting": SQL("s.sighting = %(sighting)s"),
    "states": SQL("s.state = ANY(%(states)s)"),
}
_JUDGED: LiteralString = (
    ") SELECT w.alert, count(*) AS firings, count(DISTINCT w.purchase) AS purchases, "
    "count(*) FILTER (WHERE w.muted) AS muted, count(*) FILTER (WHERE j.hits > 0) AS hits, "
    "count(*) FILTER (WHERE j.confirmed > 0) AS confirmed, "
    "count(*) FILTER (WHERE j.hits > 0 AND j.hits = j.rejected) AS rejected FROM w "
    "LEFT JOIN LATERAL (SELECT count(*) AS hits, "
    "count(*) FILTER (WHERE h.state = 'confirmed') AS confirmed, "
    "count(*) FILTER (WHERE h.state = 'rejected') AS rejected FROM {hits} h {goods_of_hit} "
    "WHERE h.purchase = w.purchase AND (w.line = 0 OR h.line = w.line) "
    "AND h.state <> 'closed' AND {hit_shown}) j ON true GROUP BY w.alert"
)
_DRY: LiteralString = (
    "WITH w AS (SELECT %(alert)s::uuid AS alert, f.purchase, f.line, false AS muted "
    "FROM unnest(%(purchases)s::uuid[], %(lines)s::integer[]) AS f (purchase, line)"
)
_LIVE: LiteralString = (
    "WITH w AS (SELECT alert, purchase, line, muted FROM {firings} WHERE alert = ANY(%(alerts)s)"
)
_DRY_JUDGED, _LIVE_JUDGED = SQL(_DRY + _JUDGED), SQL(_LIVE + _JUDGED)
_WORTH = SQL(
    "SELECT w.alert, count(*) AS sightings, count(*) FILTER (WHERE s.state = 'useful') AS useful, "
    "count(*) FILTER (WHERE s.state = 'not_useful') AS not_useful "
    "FROM unnest(%(alerts)s::uuid[]) AS w (alert) JOIN {sightings} s "
    "ON s.case_id = ANY(%(cases)s) AND w.alert = ANY(s.alerts) GROUP BY w.alert"
)
_decode_dry_run = msgspec.json.Decoder(DryRun).decode


class Unknown(Exception):
    """Nothing that this viewer may know of has this id."""

    code = "unknown_record"


class Criterion(Told, frozen=True, kw_only=True):
    """What an alert asks of one thing: any of these values."""

    name: str
    values: tuple[str, ...]


class Expected(Told, frozen=True, kw_only=True):
    """How often an alert would have fired in a period, and with what result."""

    since: datetime
    until: datetime
    firings: int
    subjects: int
    persons: int
    purchases: int
    hits: int
    confirmed: int
    rejected: int
    summary: str


class Figures(Told, frozen=True, kw_only=True):
    """What an alert came to since it was activated."""

    firings: int
    muted: int
    purchases: int
    sightings: int
    useful: int
    not_useful: int
    hits: int
    confirmed: int
    rejected: int
    summary: str


class Mute(Told, frozen=True, kw_only=True):
    """From when to when what fires was counted and not told: all, or what is about a subject."""

    number: int
    purchase_id: UUID | None
    muted_by: str
    muted_at: datetime
    until: datetime
    why: str | None
    ended_at: datetime | None
    ended_by: str | None
    ended_why: str | None


class CaseAlert(Told, frozen=True, kw_only=True):
    """An alert as it stands; what it looks for and why is None once its key was destroyed."""

    id: UUID
    case_id: UUID
    case_number: str
    owner: str
    role: str
    unit: str
    article: str
    channel: str
    kind: str
    criteria: tuple[Criterion, ...] | None
    why: str | None
    state: str
    set_at: datetime
    until: datetime
    activated_at: datetime | None
    activated_by: str | None
    ended_at: datetime | None
    ended_by: str | None
    ended_why: str | None
    expected: Expected
    figures: Figures
    mutes: tuple[Mute, ...]
    revision: int


class Fired(Told, frozen=True, kw_only=True):
    """What an alert fired on."""

    alert_id: UUID
    purchase_id: UUID
    line: int | None
    """None is the purchase as a whole."""


class CaseSighting(Told, frozen=True, kw_only=True):
    """Firings about one subject, folded."""

    id: UUID
    case_id: UUID
    case_number: str
    alert_ids: tuple[UUID, ...]
    firings: int
    fired: tuple[Fired, ...]
    """The last of them, the last first."""
    first_at: datetime
    last_at: datetime
    state: str
    answered_by: str | None
    answered_at: datetime | None
    why: str | None
    revision: int


class Done(NamedTuple):
    """What was done, and where it stands in casework."""

    id: UUID
    state: str
    expected: Expected | None
    position: int


async def page(
    permitted: Permitted,
    inquiry: Inquiry,
    wanted: Page,
    *,
    case: UUID | None = None,
    states: Sequence[str] | None = None,
) -> Slice[CaseAlert]:
    """A page of the alerts of the cases that there are for this viewer, or of one of them, what
    changed last first."""
    permitted.must_be(Action.READ_ALERTS)
    narrowed = {"before": wanted.before, "case": case, "states": states}
    values, asked = _narrowed(permitted, wanted.first + 1, narrowed, _CONDITIONS)
    rows = await inquiry.rows(_PAGE, values, asked)
    items = await _told(permitted, inquiry, rows[: wanted.first])
    count = inquiry.counting(_PAGE, values, asked)
    return inquiry.cursors.slice(LIST, wanted, items, len(rows), count)


async def one(permitted: Permitted, inquiry: Inquiry, identity: UUID) -> CaseAlert | None:
    """One of them, or None where there is none."""
    permitted.must_be(Action.READ_ALERTS)
    inquiry.returned.seek(identity)
    values, asked = _narrowed(permitted, 1, {"alert": identity}, _CONDITIONS)
    found = await _told(permitted, inquiry, await inquiry.rows(_PAGE, values, asked))
    return found[0] if found else None


async def sightings(
    permitted: Permitted,
    inquiry: Inquiry,
    wanted: Page,
    *,
    case: UUID | None = None,
    of: UUID | None = None,
    states: Sequence[str] | None = None,
) -> Slice[CaseSighting]:
    """A page of the sightings of these cases, or of one case or one alert, what changed last
    first."""
    permitted.must_be(Action.READ_ALERTS)
    narrowed = {"before": wanted.before, "case": case, "alert": of, "states": states}
    values, asked = _narrowed(permitted, wanted.first + 1, narrowed, _OF_SIGHTINGS)
    rows = await inquiry.rows(_SIGHTINGS, values, asked)
    items = await _sightings(inquiry, rows[: wanted.first])
    count = inquiry.counting(_SIGHTINGS, values, asked)
    return inquiry.cursors.slice(SIGHTINGS, wanted, items, len(rows), count)


async def changed(
    permitted: Permitted, inquiry: Inquiry, after: int, limit: int
) -> tuple[list[CaseSighting], int]:
    """The sightings of this viewer that changed behind a revision, in order, and the revision
    looked at so far."""
    permitted.must_be(Action.READ_ALERTS)
    values, asked = _narrowed(permitted, limit, {"after": after}, _OF_SIGHTINGS)
    found = await _sightings(inquiry, await inquiry.rows(_CHANGED, values, asked))
    if len(found) == limit:
        return found, found[-1].revision
    return found, max(after, inquiry.positions.get("casework", 0))


async def expected(permitted: Permitted, inquiry: Inquiry, predicate: Predicate) -> Expected:
    """How often an alert on this would have fired in the year before now, and with what result.

    Raises `Unknown`, `NotPermitted`, `PredicateRefused`, `TooBroad`, `TooSlow`.
    """
    return _expected(await _ran(permitted, inquiry, predicate, datetime.now(UTC)))


async def set_alert(
    permitted: Permitted,
    inquiry: Inquiry,
    desk: Desk,
    question: Question,
    predicate: Predicate,
    *,
    until: datetime,
    why: str,
) -> Answer[Done]:
    """Set an alert for the case that is the purpose, with a dry run behind it; it is not active.

    Raises as `expected`, and `UnknownCase`, `AlertRefused`, `CaseRefused`, `JournalUnavailable`.
    """
    reading, now = permitted.reading, datetime.now(UTC)
    case = await _worked_in(permitted, inquiry)
    must_end(reading.ground, until, now)
    ran = await _ran(permitted, inquiry, predicate, now)
    by = standpoint(permitted)

    def said(seal: Seal) -> EventData:
        return AlertSet(
            article=reading.ground,
            by=reading.viewer.subject,
            case=case.hex,
            channel="case",
            dry_run=ran,
            kind=predicates.kind_of(predicate),
            predicate=seal(predicates.encoded(predicate)),
            role=reading.viewer.role,
            unit=reading.viewer.unit,
            until=_written(until),
            why=seal(reasons.said(why)),
        )

    doing = partial(record.set_alert, desk.archive.casework, said, by.actor, by.custody)
    return await _acted(permitted, desk, question, doing, "set", _expected(ran))


async def activate(
    permitted: Permitted, inquiry: Inquiry, desk: Desk, question: Question, identity: UUID
) -> Answer[Done]:
    """Let an alert fire from now on. Raises `Unknown`, `NotPermitted`, `AlertRefused`,
    `JournalUnavailable`."""
    await _own(permitted, inquiry, identity, _PAGE, _CONDITIONS["alert"])
    by = standpoint(permitted)
    subject = permitted.reading.viewer.subject

    def said(state: Alert, register: int) -> EventData:
        return state.activate(subject, register, datetime.now(UTC))

    doing = partial(record.activate, desk.archive.casework, identity, said, by.actor, by.custody)
    return await _acted(permitted, desk, question, doing, "active")


async def mute(
    permitted: Permitted,
    inquiry: Inquiry,
    desk: Desk,
    question: Question,
    identity: UUID,
    why: str,
    *,
    until: datetime,
    about: UUID | None,
) -> Answer[Done]:
    """Count what fires and do not tell it, until a moment: all, or what is about who sold the goods
    of a purchase that it fired on. Raises as `activate`, and `CaseRefused`."""
    await _own(permitted, inquiry, identity, _PAGE, _CONDITIONS["alert"])
    if about is not None:
        await _must_have_fired(inquiry, identity, about)
    return await _act(
        permitted,
        desk,
        question,
        identity,
        lambda state, by, seal, now: state.mute(by, about.hex if about else None, until, seal, now),
        why,
        "muted",
    )


async def unmute(
    permitted: Permitted,
    inquiry: Inquiry,
    desk: Desk,
    question: Question,
    identity: UUID,
    why: str,
    *,
    number: int,
) -> Answer[Done]:
    """End a mute before its time. Raises as `mute`."""
    await _own(permitted, inquiry, identity, _PAGE, _CONDITIONS["alert"])
    return await _act(
        permitted,
        desk,
        question,
        identity,
        lambda state, by, seal, now: state.unmute(by, number, seal, now),
        why,
        "active",
    )


async def withdraw(
    permitted: Permitted,
    inquiry: Inquiry,
    desk: Desk,
    question: Question,
    identity: UUID,
    why: str,
) -> Answer[Done]:
    """Let an alert fire no more (afsignalering). Raises as `mute`."""
    await _own(permitted, inquiry, identity, _PAGE, _CONDITIONS["alert"])
    return await _act(
        permitted,
        desk,
        question,
        identity,
        lambda state, by, seal, now: state.withdraw(by, seal, now),
        why,
        "withdrawn",
    )


async def answer(
    permitted: Permitted,
    inquiry: Inquiry,
    desk: Desk,
    question: Question,
    identity: UUID,
    why: str,
    *,
    said: alert.Answer,
) -> Answer[Done]:
    """Say what a sighting was worth. Raises as `mute`."""
    await _own(permitted, inquiry, identity, _SIGHTINGS, _OF_SIGHTINGS["sighting"])
    by, subject = standpoint(permitted), permitted.reading.viewer.subject

    def answered(state: Sighting, seal: Seal) -> EventData:
        return state.say(said, subject, seal(reasons.said(why)))

    doing = partial(
        record.act_in_sighting, desk.archive.casework, identity, answered, by.actor, by.custody
    )
    return await _acted(permitted, desk, question, doing, said)


async def _worked_in(permitted: Permitted, inquiry: Inquiry) -> UUID:
    """The case that is the purpose, in which the viewer works. Raises `AlertRefused`,
    `UnknownCase`, `NotPermitted`."""
    reading = permitted.reading
    if reading.case is None:
        raise AlertRefused(
            "case_missing",
            "An alert is set in a case, and the purpose names none.",
            "Send `Herkomst-Purpose: case:NUMBER`.",
        )
    found = await cases.one(policy.permit(reading, Action.READ_CASES), inquiry, case=reading.case)
    if found is None:
        raise UnknownCase(f"There is no case {reading.case}.")
    if found.state == "closed":
        raise AlertRefused("case_closed", "The case is closed.", "Reopen it, with the reason.")
    casefiles.must_have(permitted, found, "work")
    return found.id


async def _own(
    permitted: Permitted, inquiry: Inquiry, identity: UUID, statement: SQL, condition: SQL
) -> None:
    """That an alert or a sighting is of the case that is worked in. Raises `Unknown`,
    `AlertRefused`, `UnknownCase`, `NotPermitted`."""
    permitted.must_be(Action.SET_ALERT, Action.ANSWER_SIGHTING)
    inquiry.returned.seek(identity)
    case = await _worked_in(permitted, inquiry)
    values = {**_values(permitted), "limit": 1, "alert": identity, "sighting": identity}
    rows = await inquiry.rows(statement, values, [condition])
    if not rows or rows[0].case_id != case:
        raise Unknown


async def _must_have_fired(inquiry: Inquiry, identity: UUID, purchase: UUID) -> None:
    """Raises `Unknown`: who was never told of a purchase mutes nobody by it."""
    values = {"alert": identity, "purchase": purchase}
    if not await inquiry.rows(_HAS_FIRED, values):
        raise Unknown


_HAS_FIRED = SQL(
    "SELECT firing FROM {firings} WHERE alert = %(alert)s AND purchase = %(purchase)s LIMIT 1"
)


async def _ran(
    permitted: Permitted, inquiry: Inquiry, predicate: Predicate, now: datetime
) -> DryRun:
    permitted.must_be(Action.SET_ALERT)
    reading = permitted.reading
    seen = visibility.values_in_case(reading)
    if not seen["register"]:
        raise NotPermitted(
            "An alert looks at the whole register, of which you see a part.",
            "Ask who sees it to set the alert.",
        )
    predicates.must_mean(predicate)
    if isinstance(predicate, SavedSearch):
        for words in (predicate.words, predicate.model):
            firing.terms(words)
    if isinstance(predicate, PersonOfInterest):
        await _must_see(permitted, inquiry, UUID(hex=predicate.presentation))
    # Whole days of the law, so that a year of them is a year, also behind 29 February.
    since = start_of(add_term(legal_date(now), -1, "year"))
    watched = Watched(_NOBODY, predicate, since, now)
    found: set[Firing] = set()
    for asked in firing.asked([watched]):
        found.update(asked.fired(await inquiry.rows(asked.statement, asked.values)))
    if len(found) > firing.MOST:
        raise TooBroad
    return await _counted(inquiry, seen, found, since, now)


async def _counted(
    inquiry: Inquiry,
    seen: Mapping[str, object],
    found: Collection[Firing],
    since: datetime,
    now: datetime,
) -> DryRun:
    purchases = [each.purchase for each in found]
    values = {
        **seen,
        "alert": _NOBODY,
        "purchases": purchases,
        "lines": [each.line for each in found],
    }
    judged = await inquiry.rows(_DRY_JUDGED, values)
    of = {"presentations": firing.shown_with(set(purchases))}
    persons = {row.purchase: row.person for row in await inquiry.rows(firing.PERSONS, of)}
    subjects = {persons.get(purchase) or purchase.hex for purchase in purchases}
    row = judged[0] if judged else None
    return DryRun(
        confirmed=row.confirmed if row else 0,
        firings=len(found),
        hits=row.hits if row else 0,
        persons=len(set(filter(None, persons.values()))),
        purchases=len(set(purchases)),
        register=inquiry.positions.get("register", 0),
        rejected=row.rejected if row else 0,
        since=_written(since.astimezone(UTC)),
        subjects=len(subjects),
        until=_written(now),
    )


async def _must_see(permitted: Permitted, inquiry: Inquiry, presentation: UUID) -> None:
    """Raises `Unknown`: nobody sets an alert on whom he may not know of."""
    to_read = policy.permit(permitted.reading, Action.READ_PRESENTATIONS)
    inquiry.returned.seek(presentation)
    with inquiry.unreturned():
        found = await presentations.by_ids(to_read, inquiry, [presentation])
    if not found:
        raise Unknown


Doing = Callable[[Alert, str, bytes, datetime], EventData]


async def _act(
    permitted: Permitted,
    desk: Desk,
    question: Question,
    identity: UUID,
    doing: Doing,
    why: str,
    state: str,
) -> Answer[Done]:
    by, subject = standpoint(permitted), permitted.reading.viewer.subject

    def said(found: Alert, seal: Seal) -> EventData:
        return doing(found, subject, seal(reasons.said(why)), datetime.now(UTC))

    acting = partial(
        record.act_in_alert, desk.archive.casework, identity, said, by.actor, by.custody
    )
    return await _acted(permitted, desk, question, acting, state)


async def _acted(
    permitted: Permitted,
    desk: Desk,
    question: Question,
    doing: Callable[[], record.Done],
    state: str,
    ran: Expected | None = None,
) -> Answer[Done]:
    async def acted() -> Done:
        done = await to_thread.run_sync(doing)
        return Done(done.stream, state, ran, done.position)

    return await in_casework(desk, permitted.reading, question, acted)


def _values(permitted: Permitted) -> dict[str, object]:
    reading = permitted.reading
    return {**visibility.values_in_case(reading), **visibility.values_of_cases(reading)}


def _narrowed(
    permitted: Permitted,
    limit: int,
    narrowed: Mapping[str, object],
    conditions: Mapping[str, SQL],
) -> tuple[dict[str, object], list[SQL]]:
    asked = [conditions[name] for name, value in narrowed.items() if value is not None]
    return {**_values(permitted), "limit": limit, **narrowed}, asked


async def _told(permitted: Permitted, inquiry: Inquiry, rows: Sequence[Any]) -> list[CaseAlert]:
    streams = [row.alert for row in rows]
    values = {
        **_values(permitted),
        "alerts": streams,
        "cases": list({row.case_id for row in rows}),
    }
    judged = {row.alert: row for row in await inquiry.rows(_LIVE_JUDGED, values)}
    worth = {row.alert: row for row in await inquiry.rows(_WORTH, values)}
    mutes: dict[UUID, list[Any]] = {stream: [] for stream in streams}
    for row in await inquiry.rows(_MUTES, values):
        mutes[row.alert].append(row)
    keys = await inquiry.keys(streams)
    for row in rows:
        inquiry.returns("alert", row.alert, row.revision)
    return [
        _alert(
            row,
            keys.get(row.alert),
            _figures(judged.get(row.alert), worth.get(row.alert)),
            mutes[row.alert],
        )
        for row in rows
    ]


def _alert(row: Any, key: DataKey | None, figures: Figures, mutes: Iterable[Any]) -> CaseAlert:
    plain = _opened(key, row.predicate)
    return CaseAlert(
        id=row.alert,
        case_id=row.case_id,
        case_number=row.case_number,
        owner=row.owner,
        role=row.role,
        unit=row.unit,
        article=row.article,
        channel=row.channel,
        kind=row.kind,
        criteria=None if plain is None else _criteria(predicates.decoded(plain.encode())),
        why=_opened(key, row.why),
        state="lapsed" if row.is_over else row.state,
        set_at=row.set_at,
        until=row.until,
        activated_at=row.activated_at,
        activated_by=row.activated_by,
        ended_at=row.ended_at or (row.until if row.is_over else None),
        ended_by=row.ended_by,
        ended_why=_opened(key, row.ended_why),
        expected=_expected(_decode_dry_run(row.dry_run)),
        figures=figures,
        mutes=tuple(_mute(each, key) for each in mutes),
        revision=row.revision,
    )


def _mute(row: Any, key: DataKey | None) -> Mute:
    return Mute(
        number=row.number,
        purchase_id=row.subject,
        muted_by=row.muted_by,
        muted_at=row.muted_at,
        until=row.until,
        why=_opened(key, row.why),
        ended_at=row.ended_at,
        ended_by=row.ended_by,
        ended_why=_opened(key, row.ended_why),
    )


async def _sightings(inquiry: Inquiry, rows: Sequence[Any]) -> list[CaseSighting]:
    keys = await inquiry.keys([row.sighting for row in rows])
    for row in rows:
        inquiry.returns("sighting", row.sighting, row.revision)
    return [
        CaseSighting(
            id=row.sighting,
            case_id=row.case_id,
            case_number=row.case_number,
            alert_ids=tuple(row.alerts),
            firings=row.firings,
            fired=tuple(map(_fired, row.fired)),
            first_at=row.first_at,
            last_at=row.last_at,
            state=row.state,
            answered_by=row.answered_by,
            answered_at=row.answered_at,
            why=_opened(keys.get(row.sighting), row.why),
            revision=row.revision,
        )
        for row in rows
    ]


def _fired(written: str) -> Fired:
    of, purchase, line = written.split()
    return Fired(alert_id=UUID(of), purchase_id=UUID(purchase), line=int(line) or None)


def _opened(key: DataKey | None, sealed: bytes | None) -> str | None:
    return None if key is None or sealed is None else key.open(sealed).decode()


def _criteria(predicate: Predicate) -> tuple[Criterion, ...]:
    """What it looks for, field by field; amounts in decimals."""
    found = []
    currency: Any = getattr(predicate, "currency", None)
    for name in predicate.__struct_fields__:
        value = getattr(predicate, name)
        if value is None or value == ():
            continue
        if name in ("least", "most", "amount"):
            value = Money(value, currency).format()
        values = value if isinstance(value, tuple) else (str(value),)
        found.append(Criterion(name=name, values=values))
    return tuple(found)


def _expected(ran: DryRun) -> Expected:
    return Expected(
        since=datetime.fromisoformat(ran.since),
        until=datetime.fromisoformat(ran.until),
        firings=ran.firings,
        subjects=ran.subjects,
        persons=ran.persons,
        purchases=ran.purchases,
        hits=ran.hits,
        confirmed=ran.confirmed,
        rejected=ran.rejected,
        summary=f"Would have fired {_times(ran.firings)} in the year before, about "
        f"{ran.subjects} subject{_s(ran.subjects)}; {_result(ran.firings, ran.confirmed)}",
    )


def _figures(judged: Any, worth: Any) -> Figures:
    firings, confirmed = (judged.firings, judged.confirmed) if judged else (0, 0)
    muted = judged.muted if judged else 0
    of = worth.sightings if worth else 0
    return Figures(
        firings=firings,
        muted=muted,
        purchases=judged.purchases if judged else 0,
        sightings=of,
        useful=worth.useful if worth else 0,
        not_useful=worth.not_useful if worth else 0,
        hits=judged.hits if judged else 0,
        confirmed=confirmed,
        rejected=judged.rejected if judged else 0,
        summary=f"Fired {_times(firings)}, {muted} of them muted, in {of} sighting{_s(of)}; "
        f"{_result(firings, confirmed)}",
    )


def _result(firings: int, confirmed: int) -> str:
    share = f" ({100 * confirmed / firings:.1f}%)" if firings else ""
    return f"on {confirmed}{share} a hit was confirmed."


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"


def _s(number: int) -> str:
    return "" if number == 1 else "s"


def _written(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")
