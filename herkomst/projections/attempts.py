"""What was attempted and came to nothing: who tried it, what for, and which records it named.

What came to something is told by what it changed, so it leaves no row here.
"""

from uuid import UUID

from herkomst.domain.events import Recorded
from herkomst.domain.journal import Attempted, Concluded
from herkomst.projections.model import Column, Model, Rows, Unsealed
from herkomst.projections.reads import case_of

DONE = "done"
_OUTCOME = slice(8, 11)


class Attempts(Model):
    name = "attempts"
    version = 1
    sequence = "journal"
    owner = "attempt"
    key = ("attempt",)
    order = "attempt"
    tells = "false"  # Who tried something in one database tried nothing in another.
    columns = (
        Column("attempt", "uuid"),
        Column("officer", "text"),
        Column("role", "text"),
        Column("unit", "text"),
        Column("case_id", "uuid"),
        Column("case_number", "text"),
        Column("ground", "text"),
        Column("records", "uuid[]"),
        Column("outcome", "text"),
        Column("recorded_at", "timestamptz"),
        Column("revision", "bigint"),
    )
    indexes = ("USING gin (records)",)
    topics = frozenset({Attempted, Concluded})

    def fold(self, rows: Rows, fact: Recorded, unsealed: Unsealed) -> Rows:
        data = fact.data
        if isinstance(data, Attempted):
            return [_row(fact, data)] if data.sought else []
        assert isinstance(data, Concluded)
        if not rows or data.outcome == DONE:
            return []
        row = list(rows[0])
        row[_OUTCOME] = data.outcome, fact.recorded_at, fact.position
        return [tuple(row)]


def _row(fact: Recorded, data: Attempted) -> tuple[object, ...]:
    case, number = case_of(data.purpose)
    return (
        fact.stream,
        data.user,
        data.role,
        data.unit,
        case,
        number,
        data.ground,
        tuple([UUID(hex=each) for each in data.sought]),
        None,
        fact.recorded_at,
        fact.position,
    )
