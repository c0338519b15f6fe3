import contextlib
import fcntl
import ipaddress
import os
import shutil
import socket
import sys
import tempfile
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import settings

from herkomst.record.archive import Archive
from herkomst.record.postgres import EmbeddedPostgres, embedded
from tests.archives import make_archive

Address = tuple[Any, ...] | str | bytes
Result = TypeVar("Result")

ROOM = 4 * 1024**3
PATIENCE = 60
"""Seconds for what takes a moment where nothing else runs."""

# A law is about values, not about how busy the machine is. `make test` tries fewer of them.
settings.register_profile("thorough", deadline=None, max_examples=100)
settings.register_profile("quick", deadline=None, max_examples=25)
settings.load_profile("thorough")


class OutsideError(AssertionError):
    """A test reached for another machine."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with a long proof come first, then those of many tests before those of few: so no
    worker is left at the end with a minute of work while the others have none."""
    tests = Counter(item.path for item in items)
    long = {item.path for item in items if item.get_closest_marker("long")}
    items.sort(key=lambda item: (item.path not in long, -tests[item.path], item.path))


@pytest.fixture(scope="session", autouse=True)
def only_this_machine() -> Iterator[None]:
    """Shuts every socket that leads off this machine, for the whole run."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("connect", "connect_ex"):
            patch.setattr(socket.socket, name, _guarded(getattr(socket.socket, name)))
        yield


def _guarded(
    connect: Callable[[socket.socket, Address], Result],
) -> Callable[[socket.socket, Address], Result]:
    def connect_here(self: socket.socket, address: Address) -> Result:
        if self.family != socket.AF_UNIX and not _is_here(address):
            raise OutsideError(f"A test may not connect to {address!r}: it is not this machine.")
        return connect(self, address)

    return connect_here


def _is_here(address: Address) -> bool:
    host = str(address[0])
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost"


@pytest.fixture(scope="session", autouse=True)
def patient() -> Iterator[None]:
    """No test fails because the machine has other work to do; one about a limit sets its own."""
    with pytest.MonkeyPatch.context() as patch:
        for limit in (
            "record.postgres.CONNECT_TIMEOUT",
            "record.database.CONNECT_TIMEOUT",
            "access.reading.PATIENCE",
            "investigations.inquiry.CONNECTION_TIMEOUT",
            "investigations.inquiry.STATEMENT_TIMEOUT",
            "investigations.freshness.PATIENCE",
            "search.opensearch.ANSWERED_WITHIN",
        ):
            patch.setattr(f"herkomst.{limit}", PATIENCE)
        yield


@pytest.fixture(scope="session", autouse=True)
def bytecode(shared: Path) -> Iterator[None]:
    """Where the processes that tests start keep what they compiled, for all of this run.

    Where Python is told to keep no bytecode, each of them would compile all that it imports, which
    takes longer than what most are asked to do.
    """
    with pytest.MonkeyPatch.context() as patch:
        if sys.dont_write_bytecode:
            patch.setenv("PYTHONDONTWRITEBYTECODE", "")
            patch.setenv("PYTHONPYCACHEPREFIX", str(shared / "bytecode"))
        yield


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory that the workers of this run share."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@pytest.fixture(scope="session")
def memory() -> Path:
    """A directory in memory where there is room in one, else the one for temporary files."""
    shared = Path("/dev/shm")  # noqa: S108 - directories in it are made with random names
    roomy = shared.is_dir() and shutil.disk_usage(shared).free >= ROOM
    return shared if roomy and os.access(shared, os.W_OK) else Path(tempfile.gettempdir())


@pytest.fixture(scope="session")
def server(shared: Path, memory: Path) -> Iterator[EmbeddedPostgres]:
    """One server without fsync for all workers of this run; the last to leave removes it."""
    with _turn(shared):
        postgres = embedded(_shared_home(shared / "server-home", memory), durable=False)
        postgres.start()
    yield postgres
    with _turn(shared):
        postgres.stop()
        if postgres.status().state == "stopped":
            (shared / "server-home").unlink()
            shutil.rmtree(postgres.home)


@contextlib.contextmanager
def _turn(shared: Path) -> Iterator[None]:
    with (shared / "server-turn").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _shared_home(note: Path, directory: Path) -> Path:
    # Not below pytest's own directory: only its owner may enter that, and a server that was
    # started by root does not run as root.
    if not note.exists():
        note.write_text(tempfile.mkdtemp(prefix="herkomst-tests-", dir=directory))
    return Path(note.read_text())


@pytest.fixture
def database(server: EmbeddedPostgres) -> Iterator[str]:
    """The name of an empty database of this test's own."""
    name = f"test_{uuid.uuid4().hex}"
    server.create_database(name)
    yield name
    server.drop_database(name)


@pytest.fixture
def archive(server: EmbeddedPostgres) -> Iterator[Archive]:
    """An empty archive of this test's own."""
    with make_archive(server) as archive:
        yield archive


@pytest.fixture(scope="module")
def shared_archive(server: EmbeddedPostgres) -> Iterator[Archive]:
    """An archive that the tests of one file share, each with keys of its own."""
    with make_archive(server) as archive:
        yield archive
