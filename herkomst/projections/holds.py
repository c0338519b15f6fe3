"""Holds: which record is kept on which ground until when, who placed it, and who lifted it."""

from datetime import date
from uuid import UUID

from herkomst.domain import ids
from herkomst.domain.casework.hold import Lifted, Placed
from herkomst.domain.events import Recorded
from herkomst.projections.model import UNTOLD, Column, Model, Rows, Unsealed

_LIFTED, _REVISION = slice(10, 13), 13


class Holds(Model):
    name = "holds"
    version = 1
    sequence = "casework"
    owner = "hold"
    key = ("hold",)
    order = 'record, number, ground COLLATE "C"'
    columns = (
        Column("hold", "uuid"),
        Column("stream", "uuid", UNTOLD),
        Column("record", "uuid"),
        Column("kind", "text"),
        Column("number", "bigint"),
        Column("ground", "text"),
        Column("until", "date"),
        Column("placed_by", "text"),
        Column("placed_at", "timestamptz", UNTOLD),
        Column("why", "bytea", UNTOLD),
        Column("lifted_at", "timestamptz", "lifted_at IS NOT NULL"),
        Column("lifted_by", "text"),
        Column("lifted_why", "bytea", UNTOLD),
        Column("revision", "bigint", UNTOLD),
    )
    indexes = ("(record)", "(revision)")
    topics = frozenset({Placed, Lifted})

    def owner_of(self, fact: Recorded) -> UUID:
        data = fact.data
        assert isinstance(data, Placed | Lifted)
        return ids.hold_id(fact.stream, data.hold)

    def fold(self, rows: Rows, fact: Recorded, unsealed: Unsealed) -> Rows:
        data = fact.data
        if isinstance(data, Placed):
            return [_placed(self.owner_of(fact), fact, data)]
        assert isinstance(data, Lifted)
        row = list(rows[0])
        row[_LIFTED] = fact.recorded_at, data.by, data.why
        row[_REVISION] = fact.position
        return [tuple(row)]


def _placed(hold: UUID, fact: Recorded, data: Placed) -> tuple[object, ...]:
    return (
        hold,
        fact.stream,
        UUID(hex=data.record),
        data.kind,
        data.hold,
        data.ground,
        date.fromisoformat(data.until),
        data.by,
        fact.recorded_at,
        data.why,
        None,
        None,
        None,
        fact.position,
    )
