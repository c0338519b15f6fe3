"""Sightings: firings about one subject in one case, folded, with what they were worth."""

from collections.abc import Iterable
from uuid import UUID

from herkomst.domain.casework import alert
from herkomst.domain.casework.alert import CLOSING
from herkomst.domain.events import Recorded
from herkomst.projections.model import UNTOLD, Column, Model, Rows, Unsealed

_ALERTS, _FIRINGS, _LAST, _STATE, _ANSWERED, _REVISION = 3, 4, 6, 7, slice(7, 11), 11


class Sightings(Model):
    name = "sightings"
    version = 1
    sequence = "casework"
    owner = "sighting"
    key = ("sighting",)
    order = "sighting"
    tells = "false"  # Alerts that were set in one database were set in no other.
    columns = (
        Column("sighting", "uuid"),
        Column("case_id", "uuid"),
        Column("purchase", "uuid"),
        Column("alerts", "uuid[]"),
        Column("firings", "integer"),
        Column("first_at", "timestamptz", UNTOLD),
        Column("last_at", "timestamptz", UNTOLD),
        Column("state", "text"),
        Column("answered_by", "text"),
        Column("answered_at", "timestamptz", UNTOLD),
        Column("why", "bytea", UNTOLD),
        Column("revision", "bigint", UNTOLD),
    )
    # The last is where a firing looks for what it is folded into.
    indexes = (
        "(revision)",
        "(case_id)",
        f"(case_id, purchase) WHERE state NOT IN ('{CLOSING[0]}', '{CLOSING[1]}')",
    )
    topics = frozenset({alert.AlertFired, alert.SightingAnswered})

    def concerning(self, facts: Iterable[Recorded]) -> list[Recorded]:
        """What was muted is folded into nothing."""
        found = super().concerning(facts)
        return [f for f in found if not isinstance(f.data, alert.AlertFired) or f.data.sighting]

    def owner_of(self, fact: Recorded) -> UUID:
        data = fact.data
        if isinstance(data, alert.AlertFired):
            assert data.sighting is not None
            return UUID(hex=data.sighting)
        return fact.stream

    def fold(self, rows: Rows, fact: Recorded, unsealed: Unsealed) -> Rows:
        data = fact.data
        if isinstance(data, alert.SightingAnswered):
            row = list(rows[0])
            row[_ANSWERED] = data.answer, data.by, fact.recorded_at, data.why
            row[_REVISION] = fact.position
            return [tuple(row)]
        assert isinstance(data, alert.AlertFired)
        fired = UUID(hex=data.alert)
        if not rows:
            return [_row(fact, data, fired)]
        row = list(rows[0])
        row[_ALERTS] = tuple(dict.fromkeys([*row[_ALERTS], fired]))
        row[_FIRINGS], row[_LAST] = row[_FIRINGS] + 1, fact.recorded_at
        row[_REVISION] = fact.position
        return [tuple(row)]


def _row(fact: Recorded, data: alert.AlertFired, fired: UUID) -> tuple[object, ...]:
    return (
        fact.stream,
        UUID(hex=data.case),
        UUID(hex=data.purchase),
        (fired,),
        1,
        fact.recorded_at,
        fact.recorded_at,
        "open",
        None,
        None,
        None,
        fact.position,
    )
