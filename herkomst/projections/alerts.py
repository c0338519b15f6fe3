"""Alerts as they stand; what they look for and why they were set stays sealed."""

from datetime import datetime
from uuid import UUID

from herkomst.domain.casework import alert
from herkomst.domain.events import Recorded
from herkomst.projections.model import UNTOLD, Column, Model, Rows, Unsealed, encode_json

_STATE, _AFTER, _ACTIVATED, _ACTIVATED_BY, _ENDED = 11, 14, 15, 16, slice(17, 20)
_REVISION = 20


class Alerts(Model):
    name = "alerts"
    version = 1
    sequence = "casework"
    owner = "alert"
    key = ("alert",)
    order = "alert"
    tells = "false"  # Who looked at one database looked at no other.
    columns = (
        Column("alert", "uuid"),
        Column("case_id", "uuid"),
        Column("owner", "text"),
        Column("role", "text"),
        Column("unit", "text"),
        Column("article", "text"),
        Column("channel", "text"),
        Column("kind", "text"),
        Column("predicate", "bytea", UNTOLD),
        Column("why", "bytea", UNTOLD),
        Column("dry_run", "jsonb"),
        Column("state", "text"),
        Column("set_at", "timestamptz", UNTOLD),
        Column("until", "timestamptz", UNTOLD),
        Column("after", "bigint", UNTOLD),
        Column("activated_at", "timestamptz", UNTOLD),
        Column("activated_by", "text"),
        Column("ended_at", "timestamptz", UNTOLD),
        Column("ended_by", "text"),
        Column("ended_why", "bytea", UNTOLD),
        Column("revision", "bigint", UNTOLD),
    )
    indexes = ("(revision)", "(case_id)", "(until) WHERE state IN ('set', 'active')")
    topics = frozenset(
        {alert.AlertSet, alert.AlertActivated, alert.AlertWithdrawn, alert.AlertLapsed}
    )

    def fold(self, rows: Rows, fact: Recorded, unsealed: Unsealed) -> Rows:
        data = fact.data
        if isinstance(data, alert.AlertSet):
            return [_row(fact, data)]
        row = list(rows[0])
        row[_REVISION] = fact.position
        if isinstance(data, alert.AlertActivated):
            row[_STATE], row[_AFTER] = "active", data.register
            row[_ACTIVATED], row[_ACTIVATED_BY] = fact.recorded_at, data.by
        elif isinstance(data, alert.AlertWithdrawn):
            row[_STATE] = "withdrawn"
            row[_ENDED] = fact.recorded_at, data.by, data.why
        else:
            assert isinstance(data, alert.AlertLapsed)
            row[_STATE] = "lapsed"
            row[_ENDED] = datetime.fromisoformat(data.until), None, None
        return [tuple(row)]


def _row(fact: Recorded, data: alert.AlertSet) -> tuple[object, ...]:
    return (
        fact.stream,
        UUID(hex=data.case),
        data.by,
        data.role,
        data.unit,
        data.article,
        data.channel,
        data.kind,
        data.predicate,
        data.why,
        encode_json(data.dry_run).decode(),
        "set",
        fact.recorded_at,
        datetime.fromisoformat(data.until),
        None,
        None,
        None,
        None,
        None,
        None,
        fact.position,
    )
