"""Mutes of alerts: of all that one fires on, or of one subject, with a reason and an end."""

from datetime import datetime
from uuid import UUID

from herkomst.domain.casework import alert
from herkomst.domain.events import Recorded
from herkomst.projections.model import UNTOLD, Column, Model, Rows, Unsealed

_NUMBER, _ENDED, _REVISION = 1, slice(8, 11), 11


class Mutes(Model):
    name = "mutes"
    version = 1
    sequence = "casework"
    owner = "alert"
    key = ("alert", "number")
    order = "alert, number"
    tells = "false"  # Who looked at one database looked at no other.
    columns = (
        Column("alert", "uuid"),
        Column("number", "bigint"),
        Column("case_id", "uuid"),
        Column("subject", "uuid"),
        Column("muted_by", "text"),
        Column("muted_at", "timestamptz", UNTOLD),
        Column("until", "timestamptz", UNTOLD),
        Column("why", "bytea", UNTOLD),
        Column("ended_at", "timestamptz", UNTOLD),
        Column("ended_by", "text"),
        Column("ended_why", "bytea", UNTOLD),
        Column("revision", "bigint", UNTOLD),
    )
    indexes = ("(revision)", "(case_id)")
    topics = frozenset({alert.AlertMuted, alert.AlertUnmuted})

    def fold(self, rows: Rows, fact: Recorded, unsealed: Unsealed) -> Rows:
        data = fact.data
        if isinstance(data, alert.AlertMuted):
            subject = UUID(hex=data.subject) if data.subject else None
            until = datetime.fromisoformat(data.until)
            begun = (fact.stream, fact.version, UUID(hex=data.case), subject, data.by)
            ended = (None, None, None)
            return [
                *rows,
                (*begun, fact.recorded_at, until, data.why, *ended, fact.position),
            ]
        assert isinstance(data, alert.AlertUnmuted)
        return [_ended(row, fact, data) if row[_NUMBER] == data.mute else row for row in rows]


def _ended(row: tuple[object, ...], fact: Recorded, data: alert.AlertUnmuted) -> tuple[object, ...]:
    after = list(row)
    after[_ENDED] = fact.recorded_at, data.by, data.why
    after[_REVISION] = fact.position
    return tuple(after)
