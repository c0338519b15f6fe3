"""A file of records in the order of time, written by whoever comes first.

The world is made person by person and theft by theft; a register fills up day by day. Lines are
put aside in parts by time, and each part is sorted when it is copied: memory holds one part, and
nothing in the order tells which lines were made together.
"""

from pathlib import Path
from tempfile import mkdtemp
from types import TracebackType

LINES_IN_A_PART = 12_000
BYTES_HELD = 6_000_000
BUFFER = 1 << 18


class Chronicle:
    """Collects lines with a moment each and leaves them sorted in one file."""

    def __init__(self, path: Path, *, lines: int, first: int, last: int) -> None:
        self._path = path
        self._first = first
        self._count = max(1, -(-lines // LINES_IN_A_PART))
        self._span = last - first + 1
        self._parts: list[list[bytes]] = [[] for _ in range(self._count)]
        self._held = 0
        self._folder: Path | None = None

    def __enter__(self) -> "Chronicle":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if kind is None:
                self._copy()
        finally:
            self._clean()

    def add(self, at: int, line: bytes) -> None:
        """Add a line of that moment; lines of one moment are ordered by what they say."""
        part = max(0, (at - self._first) * self._count // self._span)
        self._parts[part].append(b"%09d%b\n" % (at, line))
        self._held += len(line)
        if self._held > BYTES_HELD:
            self._put_aside()

    def _put_aside(self) -> None:
        if self._folder is None:
            self._folder = Path(mkdtemp(prefix=".unsorted-", dir=self._path.parent))
        for number, lines in enumerate(self._parts):
            if lines:
                with (self._folder / str(number)).open("ab") as part:
                    part.write(b"".join(lines))
                lines.clear()
        self._held = 0

    def _copy(self) -> None:
        with self._path.open("wb", buffering=BUFFER) as whole:
            for number in range(self._count):
                lines = self._read(number)
                lines.sort()
                whole.writelines(line[9:] for line in lines)

    def _read(self, number: int) -> list[bytes]:
        lines, self._parts[number] = self._parts[number], []
        if self._folder is not None:
            put_aside = self._folder / str(number)
            if put_aside.exists():
                with put_aside.open("rb") as part:
                    lines.extend(part)
                put_aside.unlink()
        return lines

    def _clean(self) -> None:
        if self._folder is not None:
            for left in self._folder.iterdir():
                left.unlink()
            self._folder.rmdir()
