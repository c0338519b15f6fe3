"""Alerting: what alerts look for is told when the register says it, once, and folded.

It follows the register, asks the statement that a dry run asks (`firing`) of what a batch touched,
and appends what has not fired before, in the transaction of its position. It is never rewound, so
nothing fires on a rebuild or a rematch. It waits until the read models that it asks have come to
the end of the batch; that they may be further on leaves out nothing, because what they have from
later on is touched by a later batch.

An alert that was activated when the register stood at a position fires on what came after it: that
position is read under the lock of those who write casework, under which alerts are looked at here
too. So what fires does not hang on where batches end, nor on when this was started.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from datetime import datetime
from typing import Any, Final, LiteralString, NamedTuple
from uuid import UUID

from psycopg import Connection
from psycopg.rows import namedtuple_row
from psycopg.sql import SQL, Identifier

from herkomst.domain import ids
from herkomst.domain.casework import predicates
from herkomst.domain.casework.alert import CLOSING, AlertFired
from herkomst.domain.events import Event, Recorded
from herkomst.domain.register import identity, purchase
from herkomst.processes import firing
from herkomst.processes.firing import Firing, Watched
from herkomst.projections import registry
from herkomst.projections.alerts import Alerts
from herkomst.projections.cases import Cases
from herkomst.projections.establishments import Establishments
from herkomst.projections.follower import Kind, NotYet
from herkomst.projections.model import Model
from herkomst.projections.mutes import Mutes
from herkomst.projections.presentations import Presentations
from herkomst.projections.purchases import Purchases
from herkomst.projections.sightings import Sightings
from herkomst.record.application import Custody, envelope, pending, this_moment
from herkomst.record.database import Row
from herkomst.record.recorder import SequenceRecorder
from herkomst.record.vault import Vault

ACTOR: Final = "process:alerting"
_ASKED: Final[Sequence[Model]] = (Establishments(), Presentations(), Purchases())
"""Read models of the register, which must have come to the end of a batch."""
_OWN: Final[Sequence[Model]] = (Alerts(), Mutes(), Sightings())
"""Read models of what people and this process said of alerts, which must have all of it."""
_MODELS: Final[Sequence[Model]] = (*_ASKED, *_OWN, Cases())
_TOPICS: Final = sorted({topic for model in _OWN for topic in model.topic_names})
_ACTIVE = SQL(
    "SELECT a.alert, a.case_id, a.after, a.until, a.predicate, a.article, "
    "(a.dry_run ->> 'since')::timestamptz AS since, c.controller, c.unit, c.handling "
    "FROM {alerts} a JOIN {cases} c USING (case_id) "
    # A closed case is no purpose, as long as it is closed.
    "WHERE a.state = 'active' AND c.state <> 'closed' ORDER BY a.alert"
)
_MUTES = SQL(
    "SELECT alert, subject FROM {mutes} "
    "WHERE alert = ANY(%(alerts)s) AND ended_at IS NULL AND until > %(now)s"
)
_NEAR: LiteralString = (
    ", near AS (SELECT purchase, person FROM same "
    "UNION ALL SELECT unnest(%(purchases)s::uuid[]), NULL) "
    "SELECT s.sighting, s.case_id, s.purchase, near.person FROM near "
    "JOIN {sightings} s USING (purchase) "
    "WHERE s.case_id = ANY(%(cases)s) AND s.state <> ALL(%(closing)s) "
    "ORDER BY s.first_at DESC, s.sighting DESC"
)
_WITH: LiteralString = "WITH "
_OPEN = SQL(_WITH + firing.SAME_PERSON + _NEAR)
Tables = Mapping[str, Identifier]


class _Active(NamedTuple):
    """An alert that may fire: on what was recorded behind a position, and before a moment."""

    alert: UUID
    case_id: UUID
    after: int
    until: datetime
    predicate: bytes
    article: str
    since: datetime
    controller: str
    unit: str
    handling: str


class _Found(NamedTuple):
    """What fired, in the order in which goods were acquired, and whom it is about: a key of who
    presented himself, or the purchase where nobody is told apart."""

    firings: Sequence[Firing]
    subjects: Mapping[UUID, str]


class Alerting:
    """The process of that name."""

    name = "alerting"
    kind: Kind = "process"
    sequence = "register"
    models: Sequence[Model] = ()
    topics: Set[str] = frozenset(
        {
            purchase.Registered.TOPIC,
            purchase.Corrected.TOPIC,
            identity.Presented.TOPIC,
            identity.IdentityCorrected.TOPIC,
        }
    )

    def __init__(self, vault: Vault, casework: SequenceRecorder) -> None:
        self._vault, self._casework = vault, casework

    def apply(self, connection: Connection[Row], facts: Sequence[Recorded]) -> None:
        said = [fact for fact in facts if fact.topic in self.topics]
        if not said:
            return
        tables = _tables(connection)
        active = _active(connection, tables)
        found = self._found(connection, tables, active, said)
        with connection.cursor() as cursor:
            self._casework.lock(cursor)
            self._must_be_settled(connection)
            if _active(connection, tables) != active:
                raise NotYet("an alert began or ended meanwhile")
            events = self._events(connection, tables, active, found, said[-1].recorded_at)
            if events:
                self._casework.append_locked(cursor, [pending(event) for event in events])

    def _found(
        self,
        connection: Connection[Row],
        tables: Tables,
        active: Sequence[_Active],
        said: Sequence[Recorded],
    ) -> _Found:
        heeding = _by_what_they_heed(active, said)
        if not heeding:
            return _Found((), {})
        _must_have_come_to(connection, said[-1].position)
        keys = self._vault.keys(connection, [each.alert for each in active])
        found: set[Firing] = set()
        for touched, alerts in heeding:
            watched = [
                Watched(each.alert, predicates.decoded(key.open(each.predicate)), each.since)
                for each in alerts
                # What it looked for was destroyed.
                if (key := keys.get(each.alert)) is not None
            ]
            for asked in firing.asked(watched, touched):
                found.update(asked.fired(_rows(connection, tables, asked.statement, asked.values)))
        told_apart = _persons(connection, tables, {each.purchase for each in found})
        subjects = {f.purchase: _subject(f.purchase, told_apart.get(f.purchase)) for f in found}
        return _Found(sorted(found), subjects)

    def _must_be_settled(self, connection: Connection[Row]) -> None:
        """Under the lock: that read models have all that was said of alerts. Raises `NotYet`."""
        stands = {each.name: each.position for each in registry.standings(connection)}
        least = min(stands.get(model.name, 0) for model in _OWN)
        if self._casework.reader.between(connection, least, None, _TOPICS, 1):
            raise NotYet(f"what was said of alerts after {least} is still to be followed")

    def _events(
        self,
        connection: Connection[Row],
        tables: Tables,
        active: Sequence[_Active],
        found: _Found,
        now: datetime,
    ) -> list[Event]:
        streams = {each: ids.firing_id(each.alert, *each[1:3]) for each in found.firings}
        known = self._casework.reader.streams(connection, list(streams.values())) if streams else {}
        new = [each for each in found.firings if streams[each] not in known]
        if not new:
            return []
        alerts = {each.alert: each for each in active}
        muted = _muted(connection, tables, {each.alert for each in new}, now)
        open_ones = _open(connection, tables, new, {alerts[each.alert].case_id for each in new})
        events = []
        for each in new:
            about, subject = alerts[each.alert], found.subjects[each.purchase]
            is_muted = not muted[each.alert].isdisjoint({"", subject, each.purchase.hex})
            sighting = None
            if not is_muted:
                sighting = open_ones.setdefault((about.case_id, subject), streams[each])
            events.append(_event(streams[each], about, each, sighting))
        return events


def _tables(connection: Connection[Row]) -> Tables:
    """Raises `NotYet`."""
    built = registry.generations(connection)
    if missing := [m.name for m in _MODELS if built.get(m.name, (0, 0))[1] != m.version]:
        raise NotYet(f"{missing[0]} has not been built")
    return registry.live_tables(connection, _MODELS)


def _active(connection: Connection[Row], tables: Tables) -> list[_Active]:
    return [_Active(*row) for row in connection.execute(_ACTIVE.format(**tables)).fetchall()]


def _by_what_they_heed(
    active: Iterable[_Active], said: Sequence[Recorded]
) -> list[tuple[Collection[UUID], list[_Active]]]:
    """Alerts by the purchases of which something was said while they were active: mostly all
    alerts, and all purchases of the batch."""
    positions = [fact.position for fact in said]
    moments = [fact.recorded_at for fact in said]
    heeding: dict[tuple[int, int], list[_Active]] = defaultdict(list)
    for each in active:
        first, behind = bisect_right(positions, each.after), bisect_left(moments, each.until)
        if first < behind:
            heeding[first, behind].append(each)
    return [
        ({_purchase(fact) for fact in said[first:behind]}, alerts)
        for (first, behind), alerts in heeding.items()
    ]


def _must_have_come_to(connection: Connection[Row], position: int) -> None:
    """Raises `NotYet`."""
    stands = {each.name: each.position for each in registry.standings(connection)}
    for model in _ASKED:
        if stands.get(model.name, 0) < position:
            raise NotYet(f"{model.name} stands before {position}")


def _rows(
    connection: Connection[Row], tables: Tables, statement: SQL, values: Mapping[str, object]
) -> list[Any]:
    with connection.cursor(row_factory=namedtuple_row) as cursor:
        return cursor.execute(statement.format(**tables), values).fetchall()


def _muted(
    connection: Connection[Row], tables: Tables, alerts: Set[UUID], now: datetime
) -> Mapping[UUID, set[str]]:
    """Of these alerts, whom they are mute about at a moment; the empty text is everybody."""
    found: dict[UUID, set[str]] = defaultdict(set)
    rows = _rows(connection, tables, _MUTES, {"alerts": list(alerts), "now": now})
    persons = _persons(connection, tables, {row.subject for row in rows if row.subject})
    for row in rows:
        if row.subject is None:
            found[row.alert].add("")
        else:
            found[row.alert] |= {row.subject.hex, _subject(row.subject, persons.get(row.subject))}
    return found


def _persons(
    connection: Connection[Row], tables: Tables, purchases: Iterable[UUID]
) -> Mapping[UUID, str | None]:
    """Who presented himself with these purchases, as far as he is told apart."""
    shown = {"presentations": firing.shown_with(purchases)}
    return {row.purchase: row.person for row in _rows(connection, tables, firing.PERSONS, shown)}


def _open(
    connection: Connection[Row], tables: Tables, new: Iterable[Firing], cases: Set[UUID]
) -> dict[tuple[UUID, str], UUID]:
    """The sighting that is open of each subject of these, by case; of two the first."""
    purchases = list({each.purchase for each in new})
    values = {
        "cases": list(cases),
        "closing": list(CLOSING),
        "presentations": firing.shown_with(purchases),
        "purchases": purchases,
    }
    rows = _rows(connection, tables, _OPEN, values)
    return {(row.case_id, _subject(row.purchase, row.person)): row.sighting for row in rows}


def _subject(about: UUID, person: str | None) -> str:
    return person or about.hex


def _purchase(fact: Recorded) -> UUID:
    data = fact.data
    return UUID(hex=data.purchase) if isinstance(data, identity.Presentation) else fact.stream


def _event(stream: UUID, about: _Active, fired: Firing, sighting: UUID | None) -> Event:
    data = AlertFired(
        alert=about.alert.hex,
        case=about.case_id.hex,
        line=fired.line,
        muted=sighting is None,
        purchase=fired.purchase.hex,
        sighting=sighting.hex if sighting else None,
    )
    custody = Custody(about.controller, about.article, about.article, about.unit)
    under = envelope(ACTOR, custody, this_moment(), data.VERSION, about.handling)
    return Event(stream, data, under)
