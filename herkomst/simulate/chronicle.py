"""A file of records in the order of time, written by whoever comes first.

The world is made person by person and theft by theft; a register fills up day by day. Lines are
put aside in parts by time, and each part is sorted when it is bound: memory holds one part, and
nothing in the order tells which lines were made together, or by which of several writers.
"""

from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import NamedTuple

LINES_IN_A_PART = 12_000
BYTES_HELD = 6_000_000
BUFFER = 1 << 18


class Span(NamedTuple):
    """The moments of a register, and about how many lines it will have."""

    first: int
    last: int
    lines: int

    @property
    def parts(self) -> int:
        """How many parts it is put aside in."""
        return max(1, -(-self.lines // LINES_IN_A_PART))


class Leaves:
    """Lines with a moment each, put aside in the parts of a register by one of its writers."""

    __slots__ = ("_first", "_folder", "_held", "_most", "_parts", "_span", "_writer")

    def __init__(self, folder: Path, span: Span, writer: int = 0) -> None:
        self._folder = folder
        self._writer = writer
        self._first = span.first
        self._span = span.last - span.first + 1
        self._parts: list[list[bytes]] = [[] for _ in range(span.parts)]
        self._held = 0
        self._most = BYTES_HELD

    def add(self, at: int, line: bytes) -> None:
        """Add a line of that moment; lines of one moment are ordered by what they say."""
        parts = self._parts
        part = (at - self._first) * len(parts) // self._span
        parts[max(0, part)].append(b"%09d%b\n" % (at, line))
        self._held += len(line)
        if self._held > self._most:
            self.put_aside()

    def put_aside(self) -> None:
        """Write what is held to the folder."""
        for number, lines in enumerate(self._parts):
            if lines:
                with (self._folder / f"{number}.{self._writer}").open("ab") as part:
                    part.writelines(lines)
                lines.clear()
        self._held = 0


def bind(folder: Path, span: Span, path: Path, writers: int = 1) -> None:
    """Sort what all writers put aside in a folder into one file, and take it away there."""
    with path.open("wb", buffering=BUFFER) as whole:
        for number in range(span.parts):
            lines: list[bytes] = []
            for writer in range(writers):
                put_aside = folder / f"{number}.{writer}"
                if put_aside.exists():
                    with put_aside.open("rb") as part:
                        lines.extend(part)
                    put_aside.unlink()
            lines.sort()
            whole.writelines([line[9:] for line in lines])


class Chronicle:
    """Collects lines of one writer and leaves them sorted in one file."""

    def __init__(self, path: Path, span: Span) -> None:
        self._path = path
        self._span = span
        self._folder = TemporaryDirectory(prefix=".unsorted-", dir=path.parent)
        self._leaves = Leaves(Path(self._folder.name), span)
        self.add = self._leaves.add

    def __enter__(self) -> "Chronicle":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._folder as folder:
            if kind is None:
                self._leaves.put_aside()
                bind(Path(folder), self._span, self._path)
