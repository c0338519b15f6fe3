"""What is part of which case: records of the register, and persons by what they presented."""

from uuid import UUID

from herkomst.domain import ids
from herkomst.domain.casework import case
from herkomst.domain.events import Recorded
from herkomst.projections.model import UNTOLD, Column, Model, Rows, Unsealed


class CaseItems(Model):
    name = "case_items"
    version = 1
    sequence = "casework"
    owner = "entry"
    key = ("entry",)
    order = 'item, kind COLLATE "C", category COLLATE "C", ground COLLATE "C", added_by COLLATE "C"'
    columns = (
        Column("entry", "uuid", UNTOLD),
        Column("case_id", "uuid", UNTOLD),
        Column("kind", "text"),
        Column("item", "uuid"),
        Column("category", "text"),
        Column("ground", "text"),
        Column("why", "bytea", UNTOLD),
        Column("added_by", "text"),
        Column("since", "timestamptz", UNTOLD),
        Column("revision", "bigint", UNTOLD),
    )
    indexes = ("(case_id, revision)", "(item)")
    topics = frozenset({case.ItemAdded, case.ItemRemoved, case.SubjectNamed, case.SubjectDropped})

    def owner_of(self, fact: Recorded) -> UUID:
        data = fact.data
        if isinstance(data, case.SubjectNamed | case.SubjectDropped):
            return ids.entry_id(fact.stream, "subject", data.subject)
        assert isinstance(data, case.ItemAdded | case.ItemRemoved)
        return ids.entry_id(fact.stream, "item", data.item)

    def fold(self, rows: Rows, fact: Recorded, unsealed: Unsealed) -> Rows:
        data = fact.data
        if isinstance(data, case.ItemAdded):
            return [self._row(fact, data.kind, data.item, None, fact.envelope.ground, data.why)]
        if isinstance(data, case.SubjectNamed):
            return [
                self._row(fact, "presentation", data.subject, data.category, data.ground, data.why)
            ]
        return []

    def _row(
        self,
        fact: Recorded,
        kind: str,
        item: str,
        category: str | None,
        ground: str,
        why: bytes | None,
    ) -> tuple[object, ...]:
        return (
            self.owner_of(fact),
            fact.stream,
            kind,
            UUID(hex=item),
            category,
            ground,
            why,
            fact.envelope.actor,
            fact.recorded_at,
            fact.position,
        )
