"""Establishments of dealers: where a register is kept, and from when to when."""

from herkomst.domain import ids
from herkomst.domain.events import Recorded
from herkomst.domain.register import dealer
from herkomst.projections.model import UNTOLD, Column, Model, Rows, Unsealed, day


class Establishments(Model):
    name = "establishments"
    version = 1
    owner = "dealer"
    key = ("establishment",)
    order = "establishment"
    columns = (
        Column("establishment", "uuid"),
        Column("dealer", "uuid"),
        Column("branch", "text"),
        Column("name", "text"),
        Column("street", "text"),
        Column("number", "text"),
        Column("suffix", "text"),
        Column("postcode", "text"),
        Column("city", "text"),
        Column("country", "text"),
        Column("municipality", "text"),
        Column("open_from", "date"),
        Column("open_to", "date"),
        Column("revision", "bigint", UNTOLD),
    )
    indexes = ("(dealer)", "(municipality)")
    topics = frozenset({dealer.Notified, dealer.Changed, dealer.Ceased})

    def fold(self, rows: Rows, fact: Recorded, unsealed: Unsealed) -> Rows:
        data = fact.data
        if isinstance(data, dealer.Ceased):
            return [(*row[:12], row[12] or day(data.on), fact.position) for row in rows]
        assert isinstance(data, dealer.Notification)
        return [
            (
                ids.establishment_id(data.source, data.key, place.branch),
                fact.stream,
                place.branch,
                place.name or data.name,
                place.street,
                place.number,
                place.suffix,
                place.postcode,
                place.city,
                place.country,
                place.municipality,
                day(place.from_),
                day(place.to),
                fact.position,
            )
            for place in data.establishments
        ]
