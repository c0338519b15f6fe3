"""Reception: lines of whatever way in become typed records, and receipts come back in order.

A line that cannot be read is refused with its place, its reason and its cure; it never stops the
lines around it. Everything that can be read goes to the one method that takes records in.
"""

from codecs import BOM_UTF8
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import msgspec
from rapidfuzz import process

from herkomst.domain.problems import Problem, validation_problem
from herkomst.domain.register.records import (
    DealerRecord,
    Keyed,
    PawnEndedRecord,
    PurchaseCorrection,
    PurchaseRecord,
    PurchaseSold,
    Record,
    StolenItemRecord,
)
from herkomst.record.receipts import Receipt
from herkomst.record.register import Register

RECORD_LIMIT = 256 * 1024
"""Bytes of one record."""
BATCH = 1000
"""Records that share a transaction."""
Line = tuple[int, bytes]
Read = tuple[int, Record] | Receipt
R = TypeVar("R", bound=Keyed)
Readers = Mapping[str, Callable[[bytes], R]]
MaySend = Callable[[str], Problem | None]

UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""No JSON, no UTF-8, or nested too deep to be either; the last two come from within a value."""

_TYPES: Mapping[str, Mapping[str, type[Record]]] = {
    "dealers": {"dealer": DealerRecord},
    "purchases": {
        "purchase": PurchaseRecord,
        "purchase_correction": PurchaseCorrection,
        "purchase_sold": PurchaseSold,
        "pawn_ended": PawnEndedRecord,
    },
    "stolen": {"stolen_item": StolenItemRecord},
}
KINDS: tuple[str, ...] = tuple(_TYPES)
"""What can be taken in; corrections, sales and ends of pawn travel with purchases."""


class _Head(msgspec.Struct):
    """Enough of a record to choose its type, and to name it when the rest cannot be read."""

    type: Any = None
    key: Any = None


_read_head = msgspec.json.Decoder(_Head).decode
_readers: Mapping[str, Mapping[str, Callable[[bytes], Record]]] = {
    kind: {name: msgspec.json.Decoder(type_).decode for name, type_ in types.items()}
    for kind, types in _TYPES.items()
}


def record_types(kind: str) -> Mapping[str, type[Record]]:
    """The record types of a kind, by the value of their `type`."""
    return _TYPES[kind]


def read_line(line: int, raw: bytes, kind: str, may_send: MaySend) -> Read:
    """A typed record, or the receipt of its refusal."""
    return read_record(line, raw, _readers[kind], may_send)


def read_record(
    line: int, raw: bytes, readers: Readers[R], may_send: MaySend
) -> tuple[int, R] | Receipt:
    """The same for any records: `readers` has one for each value of their `type`.

    A byte order mark is passed over, as RFC 8259 lets a reader do: programs of Windows begin
    their files with one, and files that are joined carry it further down.
    """
    raw = raw.removeprefix(BOM_UTF8)
    if len(raw) > RECORD_LIMIT:
        return _refused(
            line,
            None,
            Problem(
                "",
                "too_large",
                f"The record has {len(raw)} bytes; {RECORD_LIMIT} are allowed.",
                "Split it into records of fewer items.",
            ),
        )
    try:
        head = _read_head(raw)
    except UNREADABLE as error:
        return _refused(line, None, _not_an_object(error))
    key = head.key if isinstance(head.key, str) else None
    read = readers.get(head.type) if isinstance(head.type, str) else None
    if read is None:
        return _refused(line, key, _wrong_type(head.type, list(readers)))
    try:
        record = read(raw)
    except msgspec.ValidationError as error:
        return _refused(line, key, validation_problem(error))
    except UNREADABLE as error:
        return _refused(line, key, _not_an_object(error))
    problem = may_send(record.source)
    return (line, record) if problem is None else _refused(line, key, problem)


def read_mapped(line: int, record: Mapping[str, object], kind: str, may_send: MaySend) -> Read:
    """The same for a record that a mapping made."""
    return read_line(line, msgspec.json.encode(record), kind, may_send)


def take(
    register: Register, reads: Sequence[Read], *, actor: str, is_told: bool = True
) -> list[Receipt]:
    """Take in one batch, as one transaction; the receipts in the order of its lines. Who `is_told`
    of hits on found goods is refused the sale of one."""
    return _merged(reads, register.take_in(_records(reads), actor=actor, is_told=is_told))


def take_batches(
    register: Register, batches: Iterable[list[Read]], *, actor: str, dry_run: bool = False
) -> Iterator[list[Receipt]]:
    """The same for batch after batch; the next is read while one is being appended."""
    waiting: deque[list[Read]] = deque()

    def records() -> Iterator[list[tuple[int, Record]]]:
        for reads in batches:
            waiting.append(reads)
            yield _records(reads)

    for receipts in register.take_in_batches(records(), actor=actor, dry_run=dry_run):
        yield _merged(waiting.popleft(), receipts)


def _records(reads: Sequence[Read]) -> list[tuple[int, Record]]:
    return [read for read in reads if not isinstance(read, Receipt)]


def _merged(reads: Sequence[Read], receipts: Sequence[Receipt]) -> list[Receipt]:
    """One receipt a line: those of refused lines, and those of what was taken in."""
    taken = iter(receipts)
    return [read if isinstance(read, Receipt) else next(taken) for read in reads]


def only_from(source: str) -> MaySend:
    """Every record must name this source."""

    def check(named: str) -> Problem | None:
        if named == source:
            return None
        return Problem(
            "/source",
            "other_source",
            f"The record names the source {named!r}, this delivery is of {source!r}.",
            "Deliver each source on its own.",
        )

    return check


def _refused(line: int, key: str | None, problem: Problem) -> Receipt:
    return Receipt(line=line, status="rejected", key=key, errors=(problem,))


def _not_an_object(error: Exception) -> Problem:
    return Problem(
        "", "not_json", f"This is no JSON object: {error}.", "Send one JSON object a line."
    )


def _wrong_type(found: object, allowed: Sequence[str]) -> Problem:
    if found is None:
        return Problem(
            "/type", "missing", "'type' is missing.", f"Send {' or '.join(map(repr, allowed))}."
        )
    near = process.extractOne(str(found), allowed, score_cutoff=60)
    return Problem(
        "/type",
        "wrong_type",
        f"A record of type {found!r} is not taken in here.",
        f"Did you mean {near[0]!r}?" if near else f"Send {' or '.join(map(repr, allowed))}.",
    )
