"""Each time that somebody broke the glass: why, until when, what the reviewer found, and when that
was due."""

from datetime import datetime

from herkomst.domain import ids
from herkomst.domain.casework.glass import Broken, Ended, Reviewed, ReviewLapsed, judge_by
from herkomst.domain.events import Recorded
from herkomst.projections.model import UNTOLD, Column, Model, Rows, Unsealed

_UNTIL, _VERDICT, _JUDGE_BY, _LAPSED_AT, _PLACE = 7, slice(9, 12), 12, 13, 14


class Glasses(Model):
    name = "glasses"
    version = 2
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
        Column("judge_by", "timestamptz", UNTOLD),
        Column("lapsed_at", "timestamptz", UNTOLD),
        Column("place", "bigint"),
        Column("revision", "bigint", UNTOLD),
    )
    indexes = ("(stream)", "(revision)")
    topics = frozenset({Broken, Ended, Reviewed, ReviewLapsed})

    def fold(self, rows: Rows, fact: Recorded, unsealed: Unsealed) -> Rows:
        data = fact.data
        rows = sorted(rows, key=lambda row: row[_PLACE])
        if isinstance(data, Broken):
            return [*rows, _broken(fact, data)]
        row = list(rows[-1])
        if isinstance(data, Ended):
            row[_UNTIL], row[_JUDGE_BY] = fact.recorded_at, judge_by(fact.recorded_at)
        elif isinstance(data, Reviewed):
            row[_VERDICT] = data.verdict, data.by, data.why
        else:
            row[_LAPSED_AT] = fact.recorded_at
        row[-1] = fact.position
        return [*rows[:-1], tuple(row)]


def _broken(fact: Recorded, data: Broken) -> tuple[object, ...]:
    until = datetime.fromisoformat(data.until)
    return (
        ids.glass_id(fact.stream, fact.version),
        fact.stream,
        data.by,
        data.role,
        data.unit,
        data.emergency,
        fact.recorded_at,
        until,
        data.why,
        None,
        None,
        None,
        judge_by(until),
        None,
        fact.version,
        fact.position,
    )
