"""Reads, real and rehearsed, as a review asks for them: who, when, what for, and what was read."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from herkomst.domain import ids
from herkomst.domain.casework.glass import BROKEN_GLASS
from herkomst.domain.casework.personnel import Named, person_name
from herkomst.domain.casework.rehearsal import Rehearsed
from herkomst.domain.casework.review import REAL
from herkomst.domain.events import Recorded
from herkomst.domain.journal import Read
from herkomst.projections.engagements import start_of
from herkomst.projections.model import UNTOLD, Column, Model, Rows, Unsealed, encode_json

MOST = 100
"""Ids of one operation that are looked at; an export returns more and is seen by its count."""
_decode_items = msgspec.json.Decoder(tuple[tuple[str, str], ...]).decode


class Reads(Model):
    name = "reads"
    version = 2
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
        Column("case_id", "uuid", UNTOLD),
        Column("case_number", "text", UNTOLD),
        Column("ground", "text", UNTOLD),
        Column("kind", "text"),
        Column("items", "jsonb"),
        Column("records", "uuid[]", UNTOLD),
        Column("count", "integer"),
        Column("device", "text"),
        Column("break_glass", "boolean"),
        Column("reason_length", "integer", UNTOLD),
        Column("rehearsed", "boolean"),
        Column("recorded_at", "timestamptz", UNTOLD),
        Column("revision", "bigint", UNTOLD),
    )
    # Who read a record is looked for among all reads: by an inverted index over their ids, because
    # a row for each id of each read would be a table ten times as long.
    indexes = ("(revision)", "(officer, at)", "USING gin (records)")
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


def told_of(items: bytes) -> tuple[str, ...]:
    """The records of the column `items`, as KIND:ID."""
    return tuple([f"{kind}:{identity}" for kind, identity in _decode_items(items)])


def _real(fact: Recorded, data: Read, reason_length: int) -> tuple[object, ...]:
    items = [_item(each) for each in data.returned[:MOST]]
    case, number = case_of(data.purpose)
    return (
        fact.stream,
        REAL,
        fact.stream.hex,
        data.user,
        data.role,
        data.unit,
        fact.recorded_at,
        data.purpose,
        case,
        number,
        data.ground,
        data.way,
        encode_json(items).decode(),
        _records(data.returned),
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


def _records(returned: Sequence[str]) -> tuple[UUID, ...]:
    """The ids of all that was returned, each once; an export is told in full."""
    return tuple(dict.fromkeys([UUID(each.partition(":")[2]) for each in returned]))


def case_of(purpose: str) -> tuple[UUID | None, str | None]:
    """The case that a read was made for, by its id or by its number, as the purpose named it."""
    kind, _, name = purpose.partition(":")
    if kind not in ("case", "task"):
        return None, None
    number, _, _ = name.partition("/")
    try:
        return UUID(number), None
    except ValueError:
        return None, number


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
        None,
        None,
        None,
        data.kind,
        encode_json(_sides(data.kind, data.purchase, data.stolen)).decode(),
        (),
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
