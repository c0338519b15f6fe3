"""What owners of closed reports were told: who came upon them, when, and by which good."""

from datetime import datetime
from uuid import UUID

from herkomst.domain.casework.match import OwnerTold
from herkomst.domain.events import Recorded
from herkomst.projections.model import UNTOLD, Column, Model, Rows, Unsealed


class Matches(Model):
    name = "matches"
    version = 2
    sequence = "casework"
    owner = "match"
    key = ("match",)
    order = "match"
    tells = "false"  # Who looked at one database looked at no other.
    columns = (
        Column("match", "uuid"),
        Column("record", "uuid"),
        Column("owner", "text"),
        Column("how", "text"),
        Column("purchase", "uuid"),
        Column("officer", "text"),
        Column("role", "text"),
        Column("unit", "text"),
        Column("purpose", "text"),
        Column("read", "uuid", UNTOLD),
        Column("at", "timestamptz", UNTOLD),
        Column("told_at", "timestamptz", UNTOLD),
        Column("revision", "bigint", UNTOLD),
    )
    indexes = ("(owner, revision)", "(revision)", "(record)")
    topics = frozenset({OwnerTold})

    def fold(self, rows: Rows, fact: Recorded, unsealed: Unsealed) -> Rows:
        data = fact.data
        assert isinstance(data, OwnerTold)
        return [
            (
                fact.stream,
                UUID(hex=data.record),
                data.owner,
                data.how,
                UUID(hex=data.purchase) if data.purchase else None,
                data.officer,
                data.role,
                data.unit,
                data.purpose,
                UUID(hex=data.read),
                datetime.fromisoformat(data.at),
                fact.recorded_at,
                fact.position,
            )
        ]
