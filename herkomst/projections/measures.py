"""What followed each hit: the answer of who owns the report, what keeps the good and until when,
and that the dealer was told."""

from datetime import datetime
from typing import get_args
from uuid import UUID

from herkomst.domain import ids
from herkomst.domain.casework import hit, sequel
from herkomst.domain.events import Recorded
from herkomst.projections.model import UNTOLD, Column, Model, Rows, Unsealed

_NUMBER, _STATE, _UNTIL, _DUE = 3, 5, 10, 11
_WAY, _PARTY, _ENDED, _REVISION = 18, 19, slice(23, 26), 26


class Measures(Model):
    name = "measures"
    version = 1
    sequence = "casework"
    owner = "hit"
    key = ("measure",)
    order = "hit, number"
    columns = (
        Column("measure", "uuid", UNTOLD),
        Column("stream", "uuid", UNTOLD),
        Column("hit", "uuid"),
        Column("number", "bigint"),
        Column("kind", "text"),
        Column("state", "text"),
        Column("power", "text"),
        Column("issuer", "text"),
        Column("unit", "text"),
        Column("since", "timestamptz", UNTOLD),
        Column("until", "timestamptz", UNTOLD),
        Column("due", "timestamptz", UNTOLD),
        Column("length", "integer"),
        Column("term_unit", "text"),
        Column("owner", "text"),
        Column("verdict", "text"),
        Column("receipt", "text"),
        Column("keeper", "text"),
        Column("way", "text"),
        Column("party", "text"),
        Column("facts", "text", UNTOLD),  # It is over keyed hashes where a number is sealed.
        Column("decided_by", "text"),
        Column("why", "bytea", UNTOLD),
        Column("ended_at", "timestamptz", "ended_at IS NOT NULL"),
        Column("ended_by", "text"),
        Column("ended_why", "bytea", UNTOLD),
        Column("revision", "bigint", UNTOLD),
    )
    indexes = ("(hit)", "(revision)", "(due) WHERE due IS NOT NULL")
    topics = frozenset(
        {
            *get_args(sequel.Step),
            hit.Removed,
        }
    )

    def owner_of(self, fact: Recorded) -> UUID:
        data = fact.data
        if isinstance(data, hit.Removed):
            return fact.stream
        assert isinstance(data, sequel.Step)
        return UUID(hex=data.hit)

    def fold(self, rows: Rows, fact: Recorded, unsealed: Unsealed) -> Rows:
        data = fact.data
        if isinstance(data, hit.Removed):
            return []
        if isinstance(data, sequel.First | sequel.PeriodBegan):
            before = [_seized(row, fact, data) for row in rows]
            return [*before, _begun(fact, data)]
        assert isinstance(data, sequel.Later | sequel.TermLapsed)
        return [_after(row, fact, data) if row[_NUMBER] == data.measure else row for row in rows]


_KIND: dict[type, str] = {
    sequel.SignalAnswered: "signal",
    sequel.PeriodBegan: "period",
    sequel.OrderIssued: "order",
    sequel.GoodSeized: "seizure",
    sequel.DealerTold: "notice",
}


def _begun(fact: Recorded, data: sequel.First | sequel.PeriodBegan) -> tuple[object, ...]:
    own = {name: getattr(data, name, None) for name in data.__struct_fields__}
    authority = None if isinstance(data, sequel.PeriodBegan) else data.authority
    since, until = _term(fact, data)
    return (
        ids.measure_id(fact.stream, fact.version),
        fact.stream,
        UUID(hex=data.hit),
        fact.version,
        _KIND[type(data)],
        "done" if own.get("verdict") or isinstance(data, sequel.DealerTold) else "running",
        own.get("power"),
        own.get("issuer"),
        authority.unit if authority else None,
        since,
        until,
        until,
        own.get("length"),
        own.get("unit"),
        own.get("owner"),
        own.get("verdict"),
        own.get("receipt"),
        own.get("keeper"),
        None,
        None,
        data.facts,
        authority.by if authority else None,
        own.get("why"),
        None,
        None,
        None,
        fact.position,
    )


def _term(
    fact: Recorded, data: sequel.First | sequel.PeriodBegan
) -> tuple[datetime, datetime | None]:
    if isinstance(data, sequel.PeriodBegan):
        return sequel.began(data), datetime.fromisoformat(data.until)
    if isinstance(data, sequel.OrderIssued):
        return datetime.fromisoformat(data.since), datetime.fromisoformat(data.until)
    if isinstance(data, sequel.GoodSeized):
        return datetime.fromisoformat(data.since), None
    return fact.recorded_at, None


def _seized(row: tuple[object, ...], fact: Recorded, data: object) -> tuple[object, ...]:
    """An order that still ran ends when the good is seized."""
    if not isinstance(data, sequel.GoodSeized) or (row[4], row[_STATE]) != ("order", "running"):
        return row
    after = list(row)
    after[_STATE], after[_DUE] = "seized", None
    after[_ENDED] = fact.recorded_at, data.authority.by, None
    after[_REVISION] = fact.position
    return tuple(after)


def _after(
    row: tuple[object, ...], fact: Recorded, data: sequel.Later | sequel.TermLapsed
) -> tuple[object, ...]:
    after = list(row)
    after[_REVISION] = fact.position
    if isinstance(data, sequel.ReturnAnnounced):
        until = datetime.fromisoformat(data.until)
        after[_STATE], after[_WAY], after[_UNTIL], after[_DUE] = "announced", data.way, until, until
    elif isinstance(data, sequel.ReturnContested):
        after[_STATE], after[_PARTY], after[_DUE] = "contested", data.party, None
    elif isinstance(data, sequel.ComplaintDecided):
        after[_STATE] = "returnable" if row[_WAY] else "running"
    else:
        after[_DUE] = None
        after[_STATE] = _end_of(data)
        if isinstance(data, sequel.GoodReturned):
            after[_WAY] = data.way
        if after[_STATE] != "returnable":
            after[_ENDED] = _ended(fact, data)
    return tuple(after)


def _end_of(data: sequel.OrderReleased | sequel.GoodReturned | sequel.TermLapsed) -> str:
    if isinstance(data, sequel.TermLapsed):
        return "returnable" if data.of == "objection" else "lapsed"
    return "released" if isinstance(data, sequel.OrderReleased) else "returned"


def _ended(
    fact: Recorded, data: sequel.OrderReleased | sequel.GoodReturned | sequel.TermLapsed
) -> tuple[object, ...]:
    if isinstance(data, sequel.TermLapsed):
        return datetime.fromisoformat(data.until), None, None
    return fact.recorded_at, data.authority.by, data.why
