"""A disk that is full: what was accepted stands, what was not is refused whole and by name."""

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from herkomst.domain.batches import batched
from herkomst.domain.register.records import Record
from herkomst.processes.followers import followers
from herkomst.projections.runner import Runner
from herkomst.record.archive import Archive, open_archive
from herkomst.record.database import DatabaseDown, DiskFull
from herkomst.record.removal import remove
from herkomst.record.verification import verify
from herkomst.settings import Settings
from tests.archives import ACTOR, a_purchase
from tests.projections.following import rows

SIZE = "400m"
LEFT = 6 * 1024**2
"""Bytes that are left: enough for some batches, as what is appended to is larger than the log."""
BATCH = 500


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A file system of its own, which is soon full."""
    place = Path(tempfile.mkdtemp(prefix="herkomst-disk-"))
    place.chmod(0o755)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(place)],
        capture_output=True,
        text=True,
        check=False,
    )
    if mounted.returncode != 0:
        place.rmdir()
        pytest.fail(
            f"The proof of a full disk mounts a small one ({mounted.stderr.strip()}): run it as "
            "root, in a container with CAP_SYS_ADMIN."
        )
    yield place
    remove(place / "home")
    subprocess.run(["umount", str(place)], check=True)
    place.rmdir()


@pytest.mark.slow
def test_given_a_disk_that_fills_when_taken_in_then_it_is_named_and_goes_on_with_room(
    small_disk: Path,
) -> None:
    records: list[tuple[int, Record]] = [
        (number, a_purchase(key=f"p{number}")) for number in range(20_000)
    ]
    with open_archive(Settings.read({"HERKOMST_HOME": str(small_disk / "home")})) as archive:
        # Given a disk with little room
        ballast = small_disk / "ballast"
        _fill(ballast, leaving=LEFT)

        # When more comes than it holds
        accepted: list[str] = []
        with pytest.raises(DatabaseDown) as refused:
            _take_in(archive, records, accepted)

        # Then it is named, and when there is room again, the rest is taken in and nothing twice
        assert isinstance(refused.value, DiskFull)
        assert "Make room" in str(refused.value)
        assert accepted
        ballast.unlink()
        told = archive.register.take_in(records[: len(accepted) + BATCH], actor=ACTOR)
        statuses = [receipt.status for receipt in told]
        assert statuses == ["duplicate"] * len(accepted) + ["accepted"] * BATCH
        Runner(archive.urls.app, followers(archive)).run(once=True)
        assert len(rows(archive, "purchases")) == len(accepted) + BATCH
        assert list(verify(archive)) == []


def _take_in(archive: Archive, records: list[tuple[int, Record]], accepted: list[str]) -> None:
    for some in batched(records, BATCH):
        receipts = archive.register.take_in(some, actor=ACTOR)
        assert {receipt.status for receipt in receipts} == {"accepted"}
        accepted += [str(receipt.key) for receipt in receipts]


def _fill(ballast: Path, *, leaving: int) -> None:
    part = bytes(256 * 1024)
    with ballast.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(part)
    with ballast.open("r+b") as file:
        file.truncate(max(0, ballast.stat().st_size - leaving))
