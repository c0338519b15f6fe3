"""Which identities were revealed to whom, and in which case."""

from uuid import UUID

from herkomst.domain import ids
from herkomst.domain.casework.reveal import Revealed
from herkomst.domain.events import Recorded
from herkomst.projections.model import UNTOLD, Column, Model, Rows, Unsealed


class Reveals(Model):
    name = "reveals"
    version = 1
    sequence = "casework"
    owner = "reveal"
    key = ("reveal",)
    order = 'presentation, revealed_by COLLATE "C", basis COLLATE "C", case_id'
    columns = (
        Column("reveal", "uuid", UNTOLD),
        Column("presentation", "uuid"),
        Column("case_id", "uuid", UNTOLD),
        Column("basis", "text"),
        Column("revealed_by", "text"),
        Column("revealed_at", "timestamptz", UNTOLD),
        Column("revision", "bigint", UNTOLD),
    )
    indexes = ("(presentation)",)
    topics = frozenset({Revealed})

    def owner_of(self, fact: Recorded) -> UUID:
        return ids.reveal_id(fact.stream, fact.version)

    def fold(self, rows: Rows, fact: Recorded, unsealed: Unsealed) -> Rows:
        data = fact.data
        assert isinstance(data, Revealed)
        return [
            (
                self.owner_of(fact),
                UUID(hex=data.presentation),
                UUID(hex=data.case) if data.case else None,
                data.basis,
                data.by,
                fact.recorded_at,
                fact.position,
            )
        ]
