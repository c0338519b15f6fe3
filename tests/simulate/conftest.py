"""One world for the tests that look at it from all sides."""

from pathlib import Path
from typing import TypeVar

import msgspec
import pytest

from herkomst.simulate.world import Counts, simulate
from tests.simulate import strict

T = TypeVar("T")

PURCHASES = 20_000
STOLEN = 40_000


class Made(msgspec.Struct):
    """A world, read back through the strict formats."""

    folder: Path
    counts: Counts
    dealers: list[strict.Dealer]
    purchases: list[strict.Purchase]
    lines: list[strict.StolenItem]
    hits: list[strict.Hit]
    persons: list[strict.Presentations]

    @property
    def stolen(self) -> dict[str, strict.StolenItem]:
        """The last word on each stolen good."""
        return {line.key: line for line in self.lines}


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("world")
    counts = simulate(folder, dealers=300, purchases=PURCHASES, stolen=STOLEN, seed=1)
    return read(folder, counts)


def read(folder: Path, counts: Counts) -> Made:
    """Read a world back, every line of it strictly."""
    return Made(
        folder,
        counts,
        _lines(folder / "dealers.ndjson", strict.Dealer),
        _lines(folder / "purchases.ndjson", strict.Purchase),
        _lines(folder / "stolen.ndjson", strict.StolenItem),
        _lines(folder / "truth/hits.ndjson", strict.Hit),
        _lines(folder / "truth/persons.ndjson", strict.Presentations),
    )


def _lines(path: Path, kind: type[T]) -> list[T]:
    decoder = msgspec.json.Decoder(kind)
    with path.open("rb") as file:
        return [decoder.decode(line) for line in file]
