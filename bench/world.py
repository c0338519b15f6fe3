"""A made-up world and a fresh archive for the benches."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from herkomst.domain.register.records import DealerRecord, PurchaseRecord, Record, StolenItemRecord
from herkomst.record.archive import Archive, open_archive
from herkomst.settings import Settings
from herkomst.simulate.world import simulate

_TYPES: dict[str, type[Record]] = {
    "dealers": DealerRecord,
    "purchases": PurchaseRecord,
    "stolen": StolenItemRecord,
}


@contextmanager
def fresh_archive() -> Iterator[Archive]:
    """An archive on an embedded server of its own, durable, removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="herkomst-bench-") as directory:
        home = Path(directory)
        home.chmod(0o755)
        with open_archive(Settings.read({"HERKOMST_HOME": str(home / "home")})) as archive:
            yield archive


@contextmanager
def made_up_world(*, dealers: int, purchases: int, stolen: int, seed: int) -> Iterator[Path]:
    """The files of a simulated world, removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="herkomst-world-") as directory:
        out = Path(directory)
        simulate(out, dealers=dealers, purchases=purchases, stolen=stolen, seed=seed)
        yield out


def records(world: Path, name: str, file: str | None = None) -> list[tuple[int, Record]]:
    """The typed records of one of its files, numbered; of another `file` than by their name."""
    decode = msgspec.json.Decoder(_TYPES[name]).decode
    with (world / f"{file or name}.ndjson").open("rb") as lines:
        return [(number, decode(line)) for number, line in enumerate(lines, 1)]
