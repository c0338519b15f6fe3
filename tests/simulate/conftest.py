"""One world for the tests that look at it from all sides."""

from pathlib import Path
from typing import TypeVar

import msgspec
import pytest

from herkomst.simulate.world import Counts, simulate
from tests.sharing import once
from tests.simulate import strict

T = TypeVar("T")

PURCHASES = 20_000
STOLEN = 40_000
COUNTS = "counts.json"


class Made(msgspec.Struct):
    """A world, read back through the strict formats."""

    folder: Path
    counts: Counts
    dealers: list[strict.Dealer]
    purchases: list[strict.Purchase]
    lines: list[strict.StolenItem]
    hits: list[strict.Hit]
    persons: list[strict.Presentations]
    insured: list[strict.StolenItem]
    insured_hits: list[strict.Hit]
    same_thefts: list[strict.SameTheft]
    stolen_here: list[strict.StolenHere]
    crimes: list[strict.Crime]
    """Planted crimes and their innocent look-alikes."""

    @property
    def planted(self) -> list[strict.Crime]:
        """The crimes without their look-alikes."""
        return [crime for crime in self.crimes if crime.look_alike_of is None]

    @property
    def stolen(self) -> dict[str, strict.StolenItem]:
        """The last word on each stolen good."""
        return {line.key: line for line in self.lines}


@pytest.fixture(scope="session")
def made(shared: Path) -> Made:
    """The world, which all workers of a run read and none changes."""
    place = once(shared / "world", _make)
    return read(place / "world", msgspec.json.decode((place / COUNTS).read_bytes(), type=Counts))


def _make(place: Path) -> None:
    folder = place / "world"
    folder.mkdir()
    counts = simulate(folder, dealers=300, purchases=PURCHASES, stolen=STOLEN, seed=1)
    (place / COUNTS).write_bytes(msgspec.json.encode(counts))


def read(folder: Path, counts: Counts) -> Made:
    """Read a world back, every line of it strictly."""
    return Made(
        folder,
        counts,
        read_lines(folder / "dealers.ndjson", strict.Dealer),
        read_lines(folder / "purchases.ndjson", strict.Purchase),
        read_lines(folder / "stolen.ndjson", strict.StolenItem),
        read_lines(folder / "truth/hits.ndjson", strict.Hit),
        read_lines(folder / "truth/persons.ndjson", strict.Presentations),
        read_lines(folder / "stolen-verzekeraars.ndjson", strict.StolenItem),
        read_lines(folder / "truth/hits-verzekeraars.ndjson", strict.Hit),
        read_lines(folder / "truth/same_thefts.ndjson", strict.SameTheft),
        read_lines(folder / "truth/stolen.ndjson", strict.StolenHere),
        read_lines(folder / "truth/crimes.ndjson", strict.Crime),
    )


def read_lines(path: Path, kind: type[T]) -> list[T]:
    """Read a file, every line of it strictly."""
    decoder = msgspec.json.Decoder(kind)
    with path.open("rb") as file:
        return [decoder.decode(line) for line in file]
