"""What was written in which case: tasks and notes, with their texts sealed."""

from datetime import date
from uuid import UUID

from herkomst.domain import ids
from herkomst.domain.casework import case
from herkomst.domain.events import Recorded
from herkomst.projections.model import UNTOLD, Column, Model, Rows, Unsealed, day

_STATE, _OUTCOME, _ENDED_AT, _REVISION = 8, 9, 12, 13


class CaseEntries(Model):
    name = "case_entries"
    version = 1
    sequence = "casework"
    owner = "entry"
    key = ("entry",)
    order = (
        'kind COLLATE "C", name COLLATE "C", member COLLATE "C", about, due, state COLLATE "C", '
        'written_by COLLATE "C"'
    )
    columns = (
        Column("entry", "uuid", UNTOLD),
        Column("case_id", "uuid", UNTOLD),
        Column("kind", "text"),
        Column("name", "text"),
        Column("member", "text"),
        Column("about", "uuid"),
        Column("due", "date"),
        Column("text", "bytea", UNTOLD),
        Column("state", "text"),
        Column("outcome", "bytea", UNTOLD),
        Column("written_by", "text"),
        Column("written_at", "timestamptz", UNTOLD),
        Column("ended_at", "timestamptz", UNTOLD),
        Column("revision", "bigint", UNTOLD),
    )
    indexes = ("(case_id, revision)",)
    topics = frozenset({case.TaskGiven, case.TaskEnded, case.NoteWritten})

    def owner_of(self, fact: Recorded) -> UUID:
        data = fact.data
        if isinstance(data, case.NoteWritten):
            return ids.entry_id(fact.stream, "note", fact.version)
        assert isinstance(data, case.TaskGiven | case.TaskEnded)
        return ids.entry_id(fact.stream, "task", data.task)

    def fold(self, rows: Rows, fact: Recorded, unsealed: Unsealed) -> Rows:
        data = fact.data
        if isinstance(data, case.TaskEnded):
            row = list(rows[0])
            row[_STATE], row[_OUTCOME] = data.outcome, data.text
            row[_ENDED_AT], row[_REVISION] = fact.recorded_at, fact.position
            return [tuple(row)]
        if isinstance(data, case.TaskGiven):
            due = day(data.due)
            return [self._row(fact, "task", data.task, data.member, None, due, data.text, "open")]
        assert isinstance(data, case.NoteWritten)
        about = None if data.about is None else UUID(hex=data.about)
        return [
            self._row(fact, data.kind, str(fact.version), None, about, None, data.text, "written")
        ]

    def _row(
        self,
        fact: Recorded,
        kind: str,
        name: str,
        member: str | None,
        about: UUID | None,
        due: date | None,
        text: bytes,
        state: str,
    ) -> tuple[object, ...]:
        return (
            self.owner_of(fact),
            fact.stream,
            kind,
            name,
            member,
            about,
            due,
            text,
            state,
            None,
            fact.envelope.actor,
            fact.recorded_at,
            None,
            fact.position,
        )
