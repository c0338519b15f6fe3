"""Why somebody saw what others do not: the reasons for names that were revealed to an officer on a
day, and for each time that the glass was broken. Each has a key of its own, and a clock is asked of
it."""

from uuid import UUID

from herkomst.domain import ids
from herkomst.domain.casework.glass import Broken, Reviewed
from herkomst.domain.casework.reveal import MoreAllowed, Revealed
from herkomst.domain.events import Recorded
from herkomst.projections.model import Column, Model, Rows, Unsealed

_ENDED, _CASES, _REVISION = 4, 5, 7


class Reasons(Model):
    name = "reasons"
    version = 1
    sequence = "casework"
    owner = "stream"
    key = ("key_id",)
    order = "key_id"
    tells = "false"  # Who looked at one database looked at no other.
    columns = (
        Column("key_id", "uuid"),
        Column("stream", "uuid"),
        Column("kind", "text"),
        Column("since", "timestamptz"),
        Column("ended_at", "timestamptz"),
        Column("cases", "uuid[]"),
        Column("place", "bigint"),
        Column("revision", "bigint"),
    )
    indexes = ("(stream)", "(kind, since, key_id)")
    topics = frozenset({Revealed, MoreAllowed, Broken, Reviewed})

    def fold(self, rows: Rows, fact: Recorded, unsealed: Unsealed) -> Rows:
        data = fact.data
        rows = sorted(rows, key=lambda row: row[-2])
        if isinstance(data, Broken):
            key = ids.glass_id(fact.stream, fact.version)
            return [*rows, _row(key, "glass", fact)]
        row = list(rows[-1] if rows else _row(fact.stream, "reveal", fact))
        if isinstance(data, Reviewed):
            row[_ENDED] = fact.recorded_at
        elif isinstance(data, Revealed) and data.case is not None:
            row[_CASES] = tuple(dict.fromkeys([*row[_CASES], UUID(hex=data.case)]))
        row[_REVISION] = fact.position
        return [*rows[:-1], tuple(row)]


def _row(key: UUID, kind: str, fact: Recorded) -> tuple[object, ...]:
    return (key, fact.stream, kind, fact.recorded_at, None, (), fact.version, fact.position)
