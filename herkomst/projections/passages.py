"""Earlier passages: the same good, bought before the theft began. Provenance, never a hit."""

from uuid import UUID

from herkomst.domain.casework import hit
from herkomst.domain.events import Recorded
from herkomst.projections.model import UNTOLD, Column, Model, Rows, Unsealed, encode_json


class Passages(Model):
    name = "passages"
    version = 4
    sequence = "casework"
    owner = "pair"
    key = ("pair",)
    order = "pair"
    columns = (
        Column("pair", "uuid"),
        Column("purchase", "uuid"),
        Column("line", "integer"),
        Column("stolen_item", "uuid"),
        Column("reasons", "jsonb"),
        Column("noted_at", "timestamptz", UNTOLD),
        Column("revision", "bigint", UNTOLD),
    )
    # The last is what clocks are asked of.
    indexes = ("(purchase)", "(stolen_item)", "(noted_at, pair)")
    topics = frozenset(
        {
            hit.PassageNoted,
            hit.Found,
            hit.Suggested,
            hit.Reopened,
            hit.Closed,
            hit.Removed,
        }
    )

    def fold(self, rows: Rows, fact: Recorded, unsealed: Unsealed) -> Rows:
        data = fact.data
        if not isinstance(data, hit.PassageNoted):
            return []  # It became a hit, or the facts or all that was known of it are gone.
        return [
            (
                fact.stream,
                UUID(hex=data.pair.purchase),
                data.pair.line,
                UUID(hex=data.pair.stolen),
                encode_json(data.reasons).decode(),
                fact.recorded_at,
                fact.position,
            )
        ]
