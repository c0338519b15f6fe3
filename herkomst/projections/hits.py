"""Hits as they stand: what was found, on which grounds, and what a person made of it."""

from uuid import UUID

from psycopg.sql import SQL

from herkomst.domain.casework import hit
from herkomst.domain.events import Recorded
from herkomst.projections.model import UNTOLD, Column, Model, Rows, Unsealed, encode_json

_STATE, _WHY, _BY, _FOUND_AT, _REVISION = 9, 15, 16, 17, 18
_DECISIONS = {hit.Assessed: "assessed", hit.Confirmed: "confirmed", hit.Rejected: "rejected"}

STANDS = SQL("h.state NOT IN ('rejected', 'closed')")
"""Of a hit `h`: nobody rejected it, and the facts still make it one."""


class Hits(Model):
    name = "hits"
    version = 4
    sequence = "casework"
    owner = "hit"
    key = ("hit",)
    order = "hit"
    columns = (
        Column("hit", "uuid"),
        Column("purchase", "uuid"),
        Column("purchase_source", "text"),
        Column("purchase_key", "text"),
        Column("line", "integer"),
        Column("stolen_item", "uuid"),
        Column("stolen_source", "text"),
        Column("stolen_key", "text"),
        Column("grade", "text"),
        Column("state", "text"),
        Column("score", "integer"),
        Column("time", "text"),
        Column("reasons", "jsonb"),
        Column("against", "jsonb"),
        Column("fingerprint", "text", UNTOLD),  # It is over keyed hashes where a number is sealed.
        Column("why", "text"),
        Column("decided_by", "text"),
        Column("found_at", "timestamptz", UNTOLD),
        Column("revision", "bigint", UNTOLD),
    )
    # The last is what clocks are asked of.
    indexes = ("(revision)", "(purchase)", "(stolen_item)", "(found_at, hit)")
    topics = frozenset(
        {
            hit.Found,
            hit.Suggested,
            hit.Regraded,
            hit.Reopened,
            hit.Closed,
            hit.PassageNoted,
            hit.Assessed,
            hit.Confirmed,
            hit.Rejected,
            hit.Removed,
        }
    )

    def fold(self, rows: Rows, fact: Recorded, unsealed: Unsealed) -> Rows:
        data = fact.data
        if isinstance(data, hit.Finding):
            return [_row(rows, fact, data)]
        if isinstance(data, hit.Removed):
            return []
        if not rows:
            return rows  # A passage that is no hit, or no hit yet.
        row = list(rows[0])
        if isinstance(data, hit.PassageNoted):
            row[_STATE], row[_WHY] = "closed", "earlier_passage"
        elif isinstance(data, hit.Closed):
            row[_STATE], row[_WHY] = "closed", data.reason
        else:
            row[_STATE], row[_BY] = _DECISIONS[type(data)], fact.envelope.actor
            row[_WHY] = data.reason if isinstance(data, hit.Rejected) else None
        row[_REVISION] = fact.position
        return [tuple(row)]


def _row(rows: Rows, fact: Recorded, data: hit.Finding) -> tuple[object, ...]:
    before = rows[0] if rows else None
    kept = before is not None and isinstance(data, hit.Regraded)
    return (
        fact.stream,
        UUID(hex=data.pair.purchase),
        data.pair.purchase_source,
        data.pair.purchase_key,
        data.pair.line,
        UUID(hex=data.pair.stolen),
        data.pair.stolen_source,
        data.pair.stolen_key,
        data.grade,
        before[_STATE] if before and kept else "found",
        data.score,
        data.time,
        encode_json(data.reasons).decode(),
        encode_json(data.against).decode(),
        data.fingerprint,
        None,
        before[_BY] if before and kept else None,
        before[_FOUND_AT] if before else fact.recorded_at,
        fact.position,
    )
