"""What alerts fired on, also what was muted: one row a firing."""

from uuid import UUID

from herkomst.domain.casework import alert
from herkomst.domain.events import Recorded
from herkomst.projections.model import UNTOLD, Column, Model, Rows, Unsealed


class Firings(Model):
    name = "firings"
    version = 1
    sequence = "casework"
    owner = "firing"
    key = ("firing",)
    order = "firing"
    tells = "false"  # Alerts that were set in one database were set in no other.
    columns = (
        Column("firing", "uuid"),
        Column("alert", "uuid"),
        Column("case_id", "uuid"),
        Column("purchase", "uuid"),
        Column("line", "integer"),
        Column("sighting", "uuid"),
        Column("muted", "boolean"),
        Column("fired_at", "timestamptz", UNTOLD),
        Column("revision", "bigint", UNTOLD),
    )
    indexes = ("(alert)", "(sighting)", "(purchase)")
    topics = frozenset({alert.AlertFired})

    def fold(self, rows: Rows, fact: Recorded, unsealed: Unsealed) -> Rows:
        data = fact.data
        assert isinstance(data, alert.AlertFired)
        return [
            (
                fact.stream,
                UUID(hex=data.alert),
                UUID(hex=data.case),
                UUID(hex=data.purchase),
                data.line,
                UUID(hex=data.sighting) if data.sighting else None,
                data.muted,
                fact.recorded_at,
                fact.position,
            )
        ]
