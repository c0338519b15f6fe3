"""Where a record is told of outside of its own stream: in which case it was, what was noted of it,
to whom an identity was revealed. What was undone since stays, because it happened."""

from uuid import UUID

from herkomst.domain import ids
from herkomst.domain.casework import case
from herkomst.domain.casework.reveal import Revealed
from herkomst.domain.events import EventData, Recorded
from herkomst.projections.model import UNTOLD, Column, Model, Rows, Unsealed


class Mentions(Model):
    name = "mentions"
    version = 1
    sequence = "casework"
    owner = "mention"
    key = ("mention",)
    order = 'record, topic COLLATE "C", actor COLLATE "C", ground COLLATE "C", hit'
    columns = (
        Column("mention", "uuid", UNTOLD),
        Column("record", "uuid"),
        Column("case_id", "uuid", UNTOLD),
        Column("hit", "uuid"),
        Column("topic", "text"),
        Column("ground", "text"),
        Column("actor", "text"),
        Column("revision", "bigint", UNTOLD),
    )
    indexes = ("(record)", "(case_id)")
    topics = frozenset(
        {
            case.ItemAdded,
            case.ItemRemoved,
            case.SubjectNamed,
            case.SubjectDropped,
            case.NoteWritten,
            Revealed,
        }
    )

    def owner_of(self, fact: Recorded) -> UUID:
        return ids.mention_id(fact.stream, fact.version)

    def fold(self, rows: Rows, fact: Recorded, unsealed: Unsealed) -> Rows:
        record = _mentioned(fact.data)
        if record is None:
            return []  # A note about the case itself.
        within, hit = _place(fact)
        envelope = fact.envelope
        return [
            (
                self.owner_of(fact),
                UUID(hex=record),
                within,
                hit,
                fact.topic,
                envelope.ground,
                envelope.actor,
                fact.position,
            )
        ]


def _mentioned(data: EventData) -> str | None:
    if isinstance(data, case.ItemAdded | case.ItemRemoved):
        return data.item
    if isinstance(data, case.SubjectNamed | case.SubjectDropped):
        return data.subject
    if isinstance(data, Revealed):
        return data.presentation
    assert isinstance(data, case.NoteWritten)
    return data.about


def _place(fact: Recorded) -> tuple[UUID | None, UUID | None]:
    """The case that it belongs to, and the hit that it stands on."""
    data = fact.data
    if not isinstance(data, Revealed):
        return fact.stream, None
    return (
        UUID(hex=data.case) if data.case else None,
        UUID(hex=data.hit) if data.hit else None,
    )
