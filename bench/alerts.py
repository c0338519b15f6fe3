"""alerts: what following purchases costs with active alerts, beside following without them.

The same made-up purchases are followed by every other follower first, and then by `alerting` alone,
so that what it costs is measured by itself: the ratio is of both to the first. It prints, and has
no frozen result: how much is appended depends on how many fire.

    python -m bench.alerts --purchases 100000 --alerts 50
"""

import argparse
import os
from datetime import UTC, datetime, timedelta
from time import perf_counter
from uuid import UUID

from bench.world import fresh_archive, made_up_world, records
from herkomst.domain import ids
from herkomst.domain.casework.alert import Alert, AlertActivated, AlertSet, DryRun
from herkomst.domain.casework.predicates import (
    PersonOfInterest,
    Predicate,
    SavedSearch,
    Windowed,
    encoded,
    kind_of,
)
from herkomst.processes.alerting import Alerting
from herkomst.processes.followers import followers
from herkomst.projections import registry
from herkomst.projections.runner import Runner
from herkomst.record import alerts
from herkomst.record.archive import Archive
from herkomst.record.casework import Opening, Seal, Standpoint

BY = Standpoint("user:bench", "wpg:9", "amsterdam")
OWN = frozenset({"alerts", "mutes", "firings", "sightings", "reasons", "cases"})
BATCH = 500
KINDS = ("phone", "bicycle", "laptop", "watch", "ring", "power_tool", "camera")


def predicates(number: int, shown: list[str]) -> list[Predicate]:
    """As many of each type, each of which fires now and then."""
    found: list[Predicate] = []
    for place in range(number):
        kind = KINDS[place % len(KINDS)]
        found.append(
            (
                Windowed(count=3 + place % 3, days=30, kinds=(kind,)),
                SavedSearch(kinds=(kind,), words="zwart", most=5000 + place, currency="EUR"),
                PersonOfInterest(presentation=shown[place]),
            )[place % 3]
        )
    return found


def activate(archive: Archive, wanted: list[Predicate], since: datetime) -> None:
    opening = Opening("Bench", "bench", "amsterdam", "wpg:9")
    case = archive.casework.open_case(opening, actor=BY.actor).id
    for predicate in wanted:
        stream = _set(archive, case, predicate, since)
        alerts.activate(archive.casework, stream, _activated, BY.actor, BY.custody)


def _set(archive: Archive, case: UUID, predicate: Predicate, since: datetime) -> UUID:
    now = datetime.now(UTC)
    ran = DryRun(
        confirmed=0,
        firings=0,
        hits=0,
        persons=0,
        purchases=0,
        register=0,
        rejected=0,
        since=since.isoformat(timespec="milliseconds"),
        subjects=0,
        until=now.isoformat(timespec="milliseconds"),
    )

    def said(seal: Seal) -> AlertSet:
        return AlertSet(
            article="wpg:9",
            by="bench",
            case=case.hex,
            channel="case",
            dry_run=ran,
            kind=kind_of(predicate),
            predicate=seal(encoded(predicate)),
            role="hic_team",
            unit="amsterdam",
            until=(now + timedelta(days=90)).isoformat(timespec="milliseconds"),
            why=seal("What it costs to follow."),
        )

    return alerts.set_alert(archive.casework, said, BY.actor, BY.custody).stream


def _activated(state: Alert, register: int) -> AlertActivated:
    return state.activate("bench", register, datetime.now(UTC))


def followed(archive: Archive, names: frozenset[str] | None) -> float:
    """Seconds that it takes these followers, or all but `alerting`, to come to the end."""
    some = [
        each
        for each in followers(archive)
        if (each.name in names if names else not isinstance(each, Alerting))
    ]
    begun = perf_counter()
    Runner(archive.urls.app, some).run(once=True)
    return perf_counter() - begun


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--purchases", type=int, default=100_000)
    parser.add_argument("--alerts", type=int, default=50)
    chosen = parser.parse_args()
    world = {"dealers": 200, "purchases": chosen.purchases, "stolen": 500, "seed": 6}
    with made_up_world(**world) as files, fresh_archive() as archive:
        followed(archive, None)
        archive.register.take_in(records(files, "dealers"), actor="source:bench")
        told = records(files, "purchases")
        shown = [
            ids.presentation_id(ids.purchase_id(record.source, record.key)).hex
            for _, record in told
            if getattr(record, "seller", None)
        ]
        wanted = predicates(chosen.alerts, shown[:: max(1, len(shown) // chosen.alerts)])
        activate(archive, wanted, datetime(2000, 1, 1, tzinfo=UTC))
        for first in range(0, len(told), BATCH):
            archive.register.take_in(told[first : first + BATCH], actor="source:bench")
        without = followed(archive, None)
        alone = followed(archive, OWN | {"alerting"})
        with archive.database.connection() as connection:
            stands = {each.name: each.position for each in registry.standings(connection)}
            fired = connection.execute(
                "SELECT count(*) FROM record.casework_events WHERE topic = 'casework.alert.fired'"
            ).fetchone()
    assert stands["alerting"] == stands["purchases"]
    print(
        f"{chosen.purchases} purchases, {chosen.alerts} alerts, {fired and fired[0]} firings: "
        f"without {without:.1f} s, alerting {alone:.1f} s, "
        f"ratio {(without + alone) / without:.2f}; load {os.getloadavg()[0]:.1f}"
    )


if __name__ == "__main__":
    main()
