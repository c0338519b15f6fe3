"""Followers in processes of their own, killed without notice while records come in."""

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from herkomst.domain.casework.hit import Found
from herkomst.record.archive import Archive
from herkomst.record.postgres import EmbeddedPostgres
from tests.archives import a_dealer, make_archive
from tests.processes.scenes import bought, stolen
from tests.projections.following import (
    connections,
    digests,
    facts,
    follow,
    rebuilt,
    rows,
    standings,
    take_in,
    until,
)

WORKER = """
import sys
from pathlib import Path
from herkomst.processes.followers import followers
from herkomst.projections.runner import Runner
from herkomst.record.archive import Archive, Urls
from herkomst.record.casework import Casework
from herkomst.record.database import Database
from herkomst.record.journal import Journal
from herkomst.record.keyring import Keyring
from herkomst.record.register import Register
from herkomst.record.standing import Standings

url, keys = sys.argv[1], Keyring.open(Path(sys.argv[2]))
base = Database(url)
parts = Register(base, keys), Casework(base, keys), Journal(base, keys), Standings(base)
archive = Archive(Urls(url, None, url, url), keys, base, *parts)
Runner(url, followers(archive), batch=3, poll=0.01).run()
"""
ROUNDS, A_ROUND = 3, 25


@pytest.fixture
def kek_file(tmp_path: Path) -> Path:
    return tmp_path / "kek.json"


@pytest.fixture
def archive(server: EmbeddedPostgres, kek_file: Path) -> Iterator[Archive]:
    with make_archive(server, kek_file=kek_file) as archive:
        yield archive


@contextmanager
def a_worker(archive: Archive, kek_file: Path) -> Iterator[None]:
    """Followers in another process, which is killed at the end."""
    command = [sys.executable, "-c", WORKER, archive.urls.app, str(kek_file)]
    worker = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        worker.kill()
        worker.wait()


def _until_moved(archive: Archive, before: int) -> None:
    until(archive, lambda now: sum(standing.position for standing in now.values()) > before)


def _until_gone(archive: Archive) -> None:
    """The server notices a moment later that a client was killed."""
    until(archive, lambda _: not connections(archive, "herkomst owner"))


def moved(archive: Archive) -> int:
    return sum(standing.position for standing in standings(archive).values())


def test_given_workers_killed_at_any_moment_when_the_last_has_followed_then_nothing_is_amiss(
    archive: Archive, kek_file: Path
) -> None:
    follow(archive)
    take_in(archive, a_dealer())
    for number in range(ROUNDS):
        before = moved(archive)
        for pair in range(A_ROUND):
            name = ("frame", f"GZ{number}{pair:05}X")
            take_in(archive, stolen(f"s{number}-{pair}", name), bought(f"p{number}-{pair}", name))
        with a_worker(archive, kek_file):
            _until_moved(archive, before)
    _until_gone(archive)
    follow(archive)
    assert [row["state"] for row in rows(archive, "hits")] == ["found"] * ROUNDS * A_ROUND
    found = Counter(f.stream for f in facts(archive, "casework") if isinstance(f.data, Found))
    assert set(found.values()) == {1}
    before_rebuild = digests(archive)
    rebuilt(archive)
    assert digests(archive) == before_rebuild
