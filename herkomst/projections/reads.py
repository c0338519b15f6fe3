"""Reads, real and rehearsed, as a review asks for them: who, when, what for, and what was read."""

from uuid import UUID

from herkomst.domain import ids
from herkomst.domain.casework.glass import BROKEN_GLASS
from herkomst.domain.casework.personnel import Named, person_name
from herkomst.domain.casework.rehearsal import Rehearsed
from herkomst.domain.events import Recorded
from herkomst.domain.journal import Read
from herkomst.projections.engagements import start_of
from herkomst.projections.model import UNTOLD, Column, Model, Rows, Unsealed, encode_json

MOST = 100
"""Ids of one operation that are looked at; an export returns more and is seen by its count."""
REAL = "journal"
"""Source of a real read, whose key is its stream."""


class Reads(Model):
    name = "reads"
    version = 1
    sequence = "journal"
    owner = "read"
    key = ("read",)
    order = 'source COLLATE "C", read'
    tells = "rehearsed"  # Who looked at one database looked at no other, so real reads stay untold.
    columns = (
        Column("read", "uuid"),
        Column("source", "text"),
        Column("key", "text"),
        Column("officer", "text"),
        Column("role", "text"),
        Column("unit", "text"),
        Column("at", "timestamptz"),
        Column("purpose", "text"),
        Column("kind", "text"),
        Column("items", "jsonb"),
        Column("count", "integer"),
        Column("device", "text"),
        Column("break_glass", "boolean"),
        Column("reason_length", "integer", UNTOLD),
        Column("rehearsed", "boolean"),
        Column("recorded_at", "timestamptz", UNTOLD),
        Column("revision", "bigint", UNTOLD),
    )
    indexes = ("(revision)", "(officer, at)")
    topics = frozenset({Read, Rehearsed})

    def key_of(self, fact: Recorded) -> UUID | None:
        data = fact.data
        return fact.stream if isinstance(data, Read | Rehearsed) and data.reason else None

    def fold(self, rows: Rows, fact: Recorded, unsealed: Unsealed) -> Rows:
        data = fact.data
        assert isinstance(data, Read | Rehearsed)
        reason = unsealed.open(fact.stream, data.reason)
        said = 0 if reason is None else len(reason.decode().strip())
        return [_real(fact, data, said) if isinstance(data, Read) else _rehearsed(fact, data, said)]


def _real(fact: Recorded, data: Read, reason_length: int) -> tuple[object, ...]:
    items = [_item(each) for each in data.returned[:MOST]]
    return (
        fact.stream,
        REAL,
        fact.stream.hex,
        data.user,
        data.role,
        data.unit,
        fact.recorded_at,
        data.purpose,
        data.way,
        encode_json(items).decode(),
        data.count,
        data.device or None,
        data.purpose == BROKEN_GLASS,
        reason_length,
        False,
        fact.recorded_at,
        fact.position,
    )


def _item(returned: str) -> tuple[str, str]:
    """Kind and id, as the journal writes them."""
    kind, _, identity = returned.partition(":")
    return kind, identity.replace("-", "")


def _rehearsed(fact: Recorded, data: Rehearsed, reason_length: int) -> tuple[object, ...]:
    return (
        fact.stream,
        data.source,
        data.key,
        person_name(data.officer.source, data.officer.key),
        None,
        None,
        start_of(data.at),
        data.purpose,
        data.kind,
        encode_json(_sides(data.kind, data.purchase, data.stolen)).decode(),
        1,
        data.device,
        data.break_glass,
        reason_length,
        True,
        fact.recorded_at,
        fact.position,
    )


def _sides(kind: str, purchase: Named | None, stolen: Named | None) -> list[tuple[str, str]]:
    sides = []
    if purchase is not None:
        found = ids.purchase_id(purchase.source, purchase.key)
        if kind == "seller":
            sides.append(("presentation", ids.presentation_id(found).hex))
        else:
            sides.append(("purchase", found.hex))
    if stolen is not None:
        sides.append(("stolen_item", ids.stolen_item_id(stolen.source, stolen.key).hex))
    return sides
