"""Each time that somebody broke the glass: why, until when, and what the reviewer found."""

from datetime import datetime

from herkomst.domain import ids
from herkomst.domain.casework.glass import Broken, Ended, Reviewed
from herkomst.domain.events import Recorded
from herkomst.projections.model import UNTOLD, Column, Model, Rows, Unsealed

_UNTIL, _VERDICT = 7, slice(9, 12)


class Glasses(Model):
    name = "glasses"
    version = 1
    sequence = "casework"
    owner = "stream"
    key = ("glass",)
    order = 'officer COLLATE "C", place'
    columns = (
        Column("glass", "uuid", UNTOLD),
        Column("stream", "uuid", UNTOLD),
        Column("officer", "text"),
        Column("role", "text"),
        Column("unit", "text"),
        Column("emergency", "text"),
        Column("broken_at", "timestamptz", UNTOLD),
        Column("until", "timestamptz", UNTOLD),
        Column("why", "bytea", UNTOLD),
        Column("verdict", "text"),
        Column("reviewed_by", "text"),
        Column("finding", "bytea", UNTOLD),
        Column("place", "bigint"),
        Column("revision", "bigint", UNTOLD),
    )
    indexes = ("(stream)", "(revision)")
    topics = frozenset({Broken, Ended, Reviewed})

    def fold(self, rows: Rows, fact: Recorded, unsealed: Unsealed) -> Rows:
        data = fact.data
        rows = sorted(rows, key=lambda row: row[-2])
        if isinstance(data, Broken):
            return [*rows, _broken(fact, data)]
        row = list(rows[-1])
        if isinstance(data, Ended):
            row[_UNTIL] = fact.recorded_at
        elif isinstance(data, Reviewed):
            row[_VERDICT] = data.verdict, data.by, data.why
        row[-1] = fact.position
        return [*rows[:-1], tuple(row)]


def _broken(fact: Recorded, data: Broken) -> tuple[object, ...]:
    return (
        ids.glass_id(fact.stream, fact.version),
        fact.stream,
        data.by,
        data.role,
        data.unit,
        data.emergency,
        fact.recorded_at,
        datetime.fromisoformat(data.until),
        data.why,
        None,
        None,
        None,
        fact.version,
        fact.position,
    )
