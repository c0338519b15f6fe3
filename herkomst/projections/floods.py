"""Numbers that stand on too many goods to identify any: a list for a person to look at."""

from herkomst.domain.casework import hit
from herkomst.domain.events import Recorded
from herkomst.projections.model import UNTOLD, Column, Model, Rows, Unsealed


class Floods(Model):
    name = "floods"
    version = 3
    sequence = "casework"
    owner = "number"
    key = ("number", "side", "closed")
    order = 'side, key COLLATE "C", closed'  # The id of a sealed number differs by keyring.
    columns = (
        Column("number", "uuid", UNTOLD),
        Column("side", "text"),
        Column("closed", "boolean"),
        Column(
            "key", "text", "CASE WHEN key LIKE '%:~%' THEN split_part(key, ':', 1) ELSE key END"
        ),
        Column("flooded_at", "timestamptz", UNTOLD),
        Column("revision", "bigint", UNTOLD),
    )
    topics = frozenset({hit.NumberFlooded, hit.NumberCleared})

    def fold(self, rows: Rows, fact: Recorded, unsealed: Unsealed) -> Rows:
        data = fact.data
        if isinstance(data, hit.NumberCleared):
            return [row for row in rows if row[1:3] != (data.side, data.closed)]
        assert isinstance(data, hit.NumberFlooded)
        flood = (fact.stream, data.side, data.closed, data.key, fact.recorded_at, fact.position)
        return [*rows, flood]
