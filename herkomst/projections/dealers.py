"""Dealers as they stand: the list that a municipality keeps of who notified (DOL)."""

from herkomst.domain.events import Recorded
from herkomst.domain.register import dealer
from herkomst.projections.model import UNTOLD, Column, Model, Rows, Unsealed, day, encode_json

_STATES = {dealer.Accepted: "accepted", dealer.Refused: "refused", dealer.Ceased: "ceased"}


class Dealers(Model):
    name = "dealers"
    version = 1
    owner = "dealer"
    key = ("dealer",)
    order = "dealer"
    columns = (
        Column("dealer", "uuid"),
        Column("source", "text"),
        Column("key", "text"),
        Column("name", "text"),
        Column("kvk", "text"),
        Column("trades", "jsonb"),
        Column("notified_on", "date"),
        Column("state", "text"),
        Column("sealed", "bytea", UNTOLD),
        Column("recorded_at", "timestamptz", UNTOLD),
        Column("revision", "bigint", UNTOLD),
    )
    indexes = ("(revision)", "(source, key)")
    topics = frozenset(
        {dealer.Notified, dealer.Changed, dealer.Accepted, dealer.Refused, dealer.Ceased}
    )

    def fold(self, rows: Rows, fact: Recorded, unsealed: Unsealed) -> Rows:
        data = fact.data
        if isinstance(data, dealer.Notification):
            before = rows[0][7] if rows else "notified"
            recorded_at = rows[0][9] if rows else fact.recorded_at
            state = "notified" if before == "ceased" else before
            return [
                (
                    fact.stream,
                    data.source,
                    data.key,
                    data.name,
                    data.kvk,
                    encode_json(data.trades).decode(),
                    day(data.notified_on),
                    state,
                    data.sealed,
                    recorded_at,
                    fact.position,
                )
            ]
        return [(*row[:7], _STATES[type(data)], *row[8:10], fact.position) for row in rows]
