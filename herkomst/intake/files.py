"""The import of a file: the same reception as over HTTP, with counts that add up.

A file may be imported again at any time: what is there already is a duplicate. That is also how
an import that was killed goes on.
"""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic
from typing import BinaryIO, NamedTuple, TextIO

import msgspec

from herkomst.domain.batches import batched
from herkomst.intake import mapping, staff
from herkomst.intake.reception import (
    BATCH,
    KINDS,
    Read,
    only_from,
    read_line,
    read_mapped,
    take_batches,
)
from herkomst.intake.staff import STAFF_KINDS, StaffKind
from herkomst.record.archive import Archive
from herkomst.record.receipts import Receipt
from herkomst.record.register import Register
from herkomst.steps import reached

MAPPINGS = Path(__file__).parents[1] / "mappings"
if not MAPPINGS.is_dir():  # In a checkout they lie beside the package, in a wheel inside it.
    MAPPINGS = Path(__file__).parents[2] / "mappings"
Progress = Callable[[int, "Summary"], None]


class Summary(msgspec.Struct):
    """What became of a file: read = accepted + duplicate + amended + conflict + rejected."""

    file: str
    sha256: str = ""
    read: int = 0
    accepted: int = 0
    duplicate: int = 0
    amended: int = 0
    conflict: int = 0
    rejected: int = 0
    position: int | None = None
    rejects: str | None = None
    seconds: float = 0.0

    @property
    def is_clean(self) -> bool:
        return self.conflict == 0 and self.rejected == 0

    def count(self, receipts: list[Receipt]) -> None:
        for receipt in receipts:
            setattr(self, receipt.status, getattr(self, receipt.status) + 1)
            if receipt.position is not None:
                self.position = max(self.position or 0, receipt.position)
        self.read += len(receipts)


class UnknownFormat(Exception):
    """No record kind and no mapping has this name."""

    code = "unknown_format"

    def __init__(self, name: str) -> None:
        known = ", ".join([*KINDS, *STAFF_KINDS, *formats()])
        super().__init__(f"Nothing is imported as {name!r}; there are {known}.")


class Delivery(NamedTuple):
    """A file, what it is imported as, and whose it is."""

    stream: BinaryIO
    name: str
    format: str
    source: str


def formats() -> dict[str, str]:
    """Foreign formats that have a mapping, with what they are."""
    return mapping.available(MAPPINGS)


def import_file(
    register: Register,
    delivery: Delivery,
    *,
    dry_run: bool = False,
    rejects: TextIO | None = None,
    progress: Progress | None = None,
) -> Summary:
    """Import a file; what was refused, and why, goes to `rejects` as NDJSON.

    With `dry_run` every batch is decided on and then rolled back. Raises `UnknownFormat` and
    `mapping.MappingError` before anything is taken in.
    """

    def take(digesting: BinaryIO) -> Iterator[list[Receipt]]:
        batches = batched(_reads(delivery._replace(stream=digesting)), BATCH)
        actor = f"source:{delivery.source}"
        return take_batches(register, batches, actor=actor, dry_run=dry_run)

    return _imported(delivery, take, rejects, progress)


def import_staff(
    archive: Archive,
    delivery: Delivery,
    *,
    dry_run: bool = False,
    rejects: TextIO | None = None,
    progress: Progress | None = None,
) -> Summary:
    """The same for a feed of staff, and for reads that are rehearsed: `STAFF_KINDS`.

    Raises `JournalInUse` where reads are to be rehearsed beside real ones.
    """

    def take(digesting: BinaryIO) -> Iterator[list[Receipt]]:
        kind: StaffKind = "reads" if delivery.format == "reads" else "staff"
        return staff.take_batches(
            archive, kind, _lines(digesting), source=delivery.source, dry_run=dry_run
        )

    return _imported(delivery, take, rejects, progress)


def _imported(
    delivery: Delivery,
    take: Callable[[BinaryIO], Iterator[list[Receipt]]],
    rejects: TextIO | None,
    progress: Progress | None,
) -> Summary:
    summary = Summary(file=delivery.name)
    started = monotonic()
    digesting = _Digesting(delivery.stream)
    assert reached("import.read")
    for receipts in take(digesting):  # type: ignore[arg-type]
        assert reached("import.taken")
        summary.count(receipts)
        if rejects is not None:
            _write_rejects(rejects, receipts)
        if progress is not None:
            progress(digesting.position, summary)
    assert reached("import.told")
    summary.sha256 = digesting.digest.hexdigest()
    summary.seconds = round(monotonic() - started, 3)
    return summary


def _reads(delivery: Delivery) -> Iterator[Read]:
    may_send = only_from(delivery.source)
    if delivery.format in KINDS:
        for number, line in _lines(delivery.stream):
            yield read_line(number, line, delivery.format, may_send)
        return
    path = MAPPINGS / f"{delivery.format}.toml"
    if delivery.format not in formats():
        raise UnknownFormat(delivery.format)
    mapped = mapping.load_mapping(path)
    for row in mapping.read_records(mapped, delivery.stream, delivery.source):
        if row.record is None:
            yield Receipt(line=row.line, status="rejected", errors=tuple(row.errors))
        else:
            yield read_mapped(row.line, row.record, "stolen", may_send)


def _lines(stream: BinaryIO) -> Iterator[tuple[int, bytes]]:
    for number, raw in enumerate(stream, 1):
        if line := raw.strip():
            yield number, line


def _write_rejects(rejects: TextIO, receipts: list[Receipt]) -> None:
    for receipt in receipts:
        if receipt.errors:
            rejects.write(msgspec.json.encode(receipt).decode() + "\n")


class _Digesting:
    """A binary stream that hashes what is read through it, line by line or whole."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.digest = hashlib.sha256()
        self.position = 0

    def __iter__(self) -> Iterator[bytes]:
        for line in self._stream:
            self._saw(line)
            yield line

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(size)
        self._saw(data)
        return data

    def _saw(self, data: bytes) -> None:
        self.digest.update(data)
        self.position += len(data)
