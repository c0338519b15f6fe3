"""Alerts in tests: set, activated and asked without a screen, and what they came to."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from psycopg.rows import namedtuple_row

from herkomst.domain import ids
from herkomst.domain.casework.alert import (
    Alert,
    AlertActivated,
    AlertFired,
    AlertMuted,
    AlertSet,
    DryRun,
)
from herkomst.domain.casework.predicates import Predicate, encoded, kind_of
from herkomst.processes import firing
from herkomst.processes.firing import Firing, Watched
from herkomst.projections import registry
from herkomst.projections.establishments import Establishments
from herkomst.projections.presentations import Presentations
from herkomst.projections.purchases import Purchases
from herkomst.record import alerts
from herkomst.record.archive import Archive
from herkomst.record.casework import Opening, Seal, Standpoint
from tests.projections.following import connected, follow, rows

DETECTIVE = "dev:rechercheur@amsterdam"
BY = Standpoint(f"user:{DETECTIVE}", "wpg:9", "amsterdam")
WHY = "Drie telefoons van een verkoper."
SINCE = datetime(2025, 1, 1, tzinfo=UTC)
NOTHING = DryRun(
    confirmed=0,
    firings=0,
    hits=0,
    persons=0,
    purchases=0,
    register=0,
    rejected=0,
    since=SINCE.isoformat(timespec="milliseconds"),
    subjects=0,
    until="2026-12-31T23:00:00.000+00:00",
)
FOLLOWED = (
    "alerts",
    "cases",
    "dealers",
    "establishments",
    "firings",
    "mutes",
    "presentations",
    "purchases",
    "sightings",
    "alerting",
)
"""Followers that alerts hang on, and alerting itself."""
Fired = tuple[UUID, UUID, int]
"""An alert, a purchase and a line."""


def a_case(archive: Archive) -> UUID:
    opening = Opening("Telefoons", DETECTIVE, "amsterdam", "wpg:9")
    return archive.casework.open_case(opening, actor=BY.actor).id


def an_alert(archive: Archive, case: UUID, predicate: Predicate, **changes: str) -> UUID:
    """An alert that was set and not activated."""

    def said(seal: Seal) -> AlertSet:
        told = {"until": _written(datetime.now(UTC) + timedelta(days=90)), **changes}
        return AlertSet(
            article="wpg:9",
            by=DETECTIVE,
            case=case.hex,
            channel="case",
            dry_run=NOTHING,
            kind=kind_of(predicate),
            predicate=seal(encoded(predicate)),
            role="district_detective",
            unit="amsterdam",
            why=seal(WHY),
            **told,
        )

    return alerts.set_alert(archive.casework, said, BY.actor, BY.custody).stream


def activate(archive: Archive, stream: UUID) -> int:
    """Activate it; the position in the register behind which it fires."""

    def said(state: Alert, register: int) -> AlertActivated:
        return state.activate(DETECTIVE, register, datetime.now(UTC))

    done = alerts.activate(archive.casework, stream, said, BY.actor, BY.custody)
    assert isinstance(done.data, AlertActivated)
    return done.data.register


def active(archive: Archive, case: UUID, wanted: Iterable[Predicate]) -> list[UUID]:
    """Alerts that were set and activated, in this order."""
    made = [an_alert(archive, case, predicate) for predicate in wanted]
    for stream in made:
        activate(archive, stream)
    return made


def fire(archive: Archive, case: UUID, alert: UUID, purchase: UUID) -> UUID:
    """Write down that an alert fired on a purchase, whatever the register says of it; the sighting
    that it begins."""

    def fired(_: object, __: Seal) -> AlertFired:
        return AlertFired(
            alert=alert.hex,
            case=case.hex,
            line=0,
            muted=False,
            purchase=purchase.hex,
            sighting=stream.hex,
        )

    stream = ids.firing_id(alert, purchase, 0)
    archive.casework.add([stream], list, fired, "process:alerting", BY.custody)
    return stream


def mute(archive: Archive, stream: UUID, subject: UUID | None, until: datetime) -> None:
    """Mute an alert: all of it, or about who sold the goods of a purchase."""
    about = subject.hex if subject else None

    def said(state: Alert, seal: Seal) -> AlertMuted:
        return state.mute(DETECTIVE, about, until, seal(WHY), datetime.now(UTC))

    alerts.act_in_alert(archive.casework, stream, said, BY.actor, BY.custody)


def watch(archive: Archive, *, batch: int = 2000) -> None:
    follow(archive, FOLLOWED, batch=batch)


def live(archive: Archive) -> set[Fired]:
    """What fired, muted or not."""
    return {(row["alert"], row["purchase"], row["line"]) for row in rows(archive, "firings")}


def dry(archive: Archive, watched: Sequence[Watched]) -> set[Fired]:
    """What a dry run says that they would have fired on."""
    found: set[Firing] = set()
    with connected(archive) as connection, connection.cursor(row_factory=namedtuple_row) as cursor:
        models = (Establishments(), Presentations(), Purchases())
        tables = registry.live_tables(connection, models)
        for one in watched:
            for asked in firing.asked([one]):
                told = cursor.execute(asked.statement.format(**tables), asked.values).fetchall()
                found.update(asked.fired(told))
    return {(each.alert, each.purchase, each.line) for each in found}


def _written(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")
