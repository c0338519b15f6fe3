"""Holds on records as their events tell them: what stands is asked of the events, under the lock of
casework, so that nothing is destroyed in the moment in which a hold is placed on it."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from psycopg import Connection, Cursor

from herkomst.domain import ids
from herkomst.domain.casework import hold, reasons
from herkomst.domain.casework.hold import Hold, HoldRefused, Lifted, Placed, RecordKind
from herkomst.domain.casework.parts import Part
from herkomst.domain.register import identity, keeping
from herkomst.record.casework import Casework, Seal, Standpoint
from herkomst.record.database import Row
from herkomst.record.reader import SequenceReader
from herkomst.record.recorder import lock_sequence

_CASEWORK, _REGISTER = SequenceReader("casework"), SequenceReader("register")
Holding = dict[int, Hold]


class Held(Exception):
    """What is to be destroyed is held."""

    code = "held"

    def __init__(self, record: UUID, holds: Sequence[Hold]) -> None:
        told = "; ".join(f"on {each.ground} until {each.until}" for each in holds)
        super().__init__(
            f"Record {record} is held {told}. Let who placed the hold lift it, or wait for its end."
        )


def standing(
    connection: Connection[Row], records: Sequence[UUID], on: date
) -> dict[UUID, list[Hold]]:
    """The holds that stand on these records on a day; a record without one is not there."""
    streams = {ids.holds_of(record): record for record in records}
    found = _CASEWORK.streams(connection, list(streams))
    told = {
        streams[stream]: [each for each in hold.folded(facts).values() if each.stands(on)]
        for stream, facts in found.items()
    }
    return {record: holds for record, holds in told.items() if holds}


def must_not_be_held(cursor: Cursor[Row], records: Sequence[UUID], on: date) -> None:
    """Raises `Held`. Until the transaction ends nobody places a hold."""
    lock_sequence(cursor, "casework")
    for record, holds in standing(cursor.connection, records, on).items():
        raise Held(record, holds)


def place(
    casework: Casework,
    record: UUID,
    kind: RecordKind,
    ground: str,
    until: date,
    why: str,
    by: Standpoint,
) -> tuple[UUID, int]:
    """Place a hold; its id, and where it stands. Raises `HoldRefused`."""
    stream = ids.holds_of(record)
    with casework.database.connection() as connection:
        _must_be_there(connection, record, kind)

    def placed(holds: Holding, seal: Seal) -> Placed:
        return Placed(
            by=by.actor,
            ground=ground,
            hold=len(holds) + 1,
            kind=kind,
            record=record.hex,
            unit=by.unit,
            until=until.isoformat(),
            why=seal(reasons.said(why)),
        )

    def part(holds: Holding) -> Part:
        return Part(ids.hold_id(stream, len(holds) + 1), begins=True)

    data, position = casework.add([stream], hold.folded, placed, by.actor, by.custody, part)
    assert isinstance(data, Placed)
    return ids.hold_id(stream, data.hold), position


def lift(casework: Casework, record: UUID, number: int, why: str, on: date, by: Standpoint) -> int:
    """Lift a hold on a record; where that stands. Raises `HoldRefused`."""
    stream = ids.holds_of(record)

    def lifted(holds: Holding, seal: Seal) -> Lifted:
        hold.must_stand(holds, number, on)
        return hold.lift(holds, number, seal(reasons.said(why)), by.actor, on)

    def part(_: Holding) -> Part:
        return Part(ids.hold_id(stream, number), begins=False)

    return casework.add([stream], hold.folded, lifted, by.actor, by.custody, part)[1]


def _must_be_there(connection: Connection[Row], record: UUID, kind: RecordKind) -> None:
    """Raises `HoldRefused` for what is no record of that kind, or is destroyed."""
    reader = _CASEWORK if kind == "case" else _REGISTER
    began = reader.fact(connection, record, 1)
    if began is None or not began.topic.startswith(_BEGIN[kind]):
        raise HoldRefused(
            "no_record", f"There is no {kind} {record}.", "Send the id of one record, and its kind."
        )
    identified = ids.presentation_id(record) if kind == "purchase" else record
    streams = [identified, ids.keeping_of(record)]
    facts = [f for each in _REGISTER.streams(connection, streams).values() for f in each]
    if any(isinstance(f.data, identity.IdentityErased | keeping.KeyDestroyed) for f in facts):
        raise HoldRefused(
            "destroyed", f"The key of {kind} {record} was destroyed.", "Nothing brings it back."
        )


_BEGIN: dict[RecordKind, str] = {
    "presentation": "dor.identity.",
    "purchase": "dor.purchase.",
    "stolen_item": "heling.item.",
    "case": "casework.case.opened",
}
"""How the topics of a kind of record begin."""
