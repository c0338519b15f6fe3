"""The feed of personnel and cases, and reads that are rehearsed, as files hold them."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal

import msgspec

from herkomst.domain.batches import batched
from herkomst.domain.casework.personnel import (
    CaseRecord,
    DutyRecord,
    OfficerRecord,
    ReadRecord,
    StaffRecord,
    TaskRecord,
)
from herkomst.intake.reception import BATCH, only_from, read_record
from herkomst.record.archive import Archive
from herkomst.record.personnel import Records, Rehearsal, take_in_staff
from herkomst.record.receipts import Receipt

StaffKind = Literal["staff", "reads"]
_TYPES: Mapping[StaffKind, Mapping[str, type[StaffRecord | ReadRecord]]] = {
    "staff": {
        "officer": OfficerRecord,
        "case": CaseRecord,
        "task": TaskRecord,
        "duty": DutyRecord,
    },
    "reads": {"read": ReadRecord},
}
STAFF_KINDS: tuple[StaffKind, ...] = tuple(_TYPES)
"""What the review desk is told: who reads and why, and reads to rehearse it with."""
_readers: Mapping[StaffKind, Mapping[str, Callable[[bytes], Any]]] = {
    kind: {name: msgspec.json.Decoder(type_).decode for name, type_ in types.items()}
    for kind, types in _TYPES.items()
}
Lines = Iterable[tuple[int, bytes]]


def take_batches(
    archive: Archive, kind: StaffKind, lines: Lines, *, source: str, dry_run: bool
) -> Iterator[list[Receipt]]:
    """Take numbered lines in, a batch a transaction; the receipts in their order. At the end a
    journal that is rehearsed is told so, and the review of it can begin.

    Raises `JournalInUse`.
    """
    actor = f"source:{source}"
    rehearsal = Rehearsal(archive.journal)
    is_new = False
    for some in batched(lines, BATCH):
        reads = [read_record(n, raw, _readers[kind], only_from(source)) for n, raw in some]
        records: Records = [read for read in reads if not isinstance(read, Receipt)]
        if kind == "reads":
            taken = rehearsal.take_in(records, actor=actor, dry_run=dry_run)
        else:
            taken = take_in_staff(archive.casework, records, actor=actor, dry_run=dry_run)
        is_new |= any(receipt.status in ("accepted", "amended") for receipt in taken)
        yield _merged(reads, taken)
    if is_new and not dry_run:
        rehearsal.conclude(kind, source)


def _merged(reads: Sequence[Any], receipts: Sequence[Receipt]) -> list[Receipt]:
    """One receipt a line: those of refused lines, and those of what was taken in."""
    taken = iter(receipts)
    return [read if isinstance(read, Receipt) else next(taken) for read in reads]
