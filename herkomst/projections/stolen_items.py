"""Stolen items as their sources last reported them."""

from herkomst.domain.calendar import interval
from herkomst.domain.events import Recorded
from herkomst.domain.register import stolen_item
from herkomst.projections.model import UNTOLD, Column, Model, Rows, Unsealed, encode_json


class StolenItems(Model):
    name = "stolen_items"
    version = 2
    owner = "stolen_item"
    key = ("stolen_item",)
    order = "stolen_item"
    columns = (
        Column("stolen_item", "uuid"),
        Column("source", "text"),
        Column("key", "text"),
        Column("report", "text"),
        Column("offence", "text"),
        Column("status", "text"),
        Column("withdrawn_reason", "text"),
        Column("recovered", "jsonb"),
        Column("handling", "text"),
        Column("stolen", "jsonb"),
        Column("stolen_from", "timestamptz"),
        Column("stolen_to", "timestamptz"),
        Column("reported", "jsonb"),
        Column("municipality", "text"),
        Column("country", "text"),
        Column("good", "jsonb"),
        Column("sealed", "bytea", UNTOLD),
        Column("regime", "text"),
        Column("recorded_at", "timestamptz", UNTOLD),
        Column("revision", "bigint", UNTOLD),
    )
    # The last is of those that clocks are asked of: nobody looks for them any more.
    indexes = ("(revision)", "(source, key)", "(stolen_item) WHERE status <> 'reported'")
    topics = frozenset(
        {stolen_item.Reported, stolen_item.Amended, stolen_item.Withdrawn, stolen_item.Recovered}
    )

    def fold(self, rows: Rows, fact: Recorded, unsealed: Unsealed) -> Rows:
        data = fact.data
        assert isinstance(data, stolen_item.Report)
        span = interval(data.stolen)
        return [
            (
                fact.stream,
                data.source,
                data.key,
                data.report,
                data.offence,
                data.status,
                data.withdrawn_reason,
                encode_json(data.recovered).decode() if data.recovered else None,
                data.handling,
                encode_json(data.stolen).decode(),
                span.start,
                span.end,
                encode_json(data.reported).decode(),
                data.municipality,
                data.country,
                encode_json(data.good).decode(),
                data.sealed,
                fact.envelope.regime,
                rows[0][18] if rows else fact.recorded_at,
                fact.position,
            )
        ]
