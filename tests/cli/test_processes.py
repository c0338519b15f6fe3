"""Several processes behind one address, as an operator starts them."""

import os
import re
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from socket import create_server
from time import monotonic, sleep

import httpx
import pytest

from tests.commands import Herkomst
from tests.serving import ROOTLESS

PATIENCE = 300.0
_COUNT = re.compile(r"^herkomst_journal_seconds_count (\S+)$", re.MULTILINE)


class Serving:
    """`serve --processes 2` over a home."""

    def __init__(self, herkomst: Herkomst, log: Path) -> None:
        port, metrics = _ports()
        self.url, self.metrics = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{metrics}/metrics"
        environ = {
            "HERKOMST_DEV_LOGIN": "1",
            "HERKOMST_PORT": str(port),
            "HERKOMST_METRICS_PORT": str(metrics),
        }
        with log.open("w") as err:
            self.process = herkomst.start("serve", "--work", "--processes", "2", err=err, **environ)
        try:
            _until(self._answers)
        except BaseException:
            self.end()
            raise
        told = herkomst("token", "--role", "district_detective", "--unit", "amsterdam", **environ)
        self._headers = {
            "Authorization": f"Bearer {told.out.strip()}",
            "Herkomst-Purpose": "duty:acceptance",
            "Herkomst-Ground": "wpg:8",
        }

    def read(self) -> httpx.Response:
        """One question over a connection of its own, which any of them may take."""
        question = {"query": "{ hits(first: 1) { nodes { id } } }"}
        url, headers = f"{self.url}/graphql", self._headers
        return httpx.post(url, json=question, headers=headers, timeout=120, verify=ROOTLESS)

    def answering(self) -> set[int]:
        """The processes that answer: the children but for the one that tracks what they share."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        pids = [int(pid) for pid in children.read_text().split()]
        return {pid for pid in pids if "spawn_main" in _command(pid)}

    def journaled(self) -> int:
        """Entries that all of them counted."""
        found = _COUNT.search(httpx.get(self.metrics, verify=ROOTLESS).text)
        return int(float(found[1])) if found else 0

    def end(self) -> None:
        self.process.terminate()
        try:
            self.process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()

    def _answers(self) -> bool:
        assert self.process.poll() is None
        with suppress(httpx.TransportError):
            return httpx.get(f"{self.url}/readyz", verify=ROOTLESS).status_code == 200
        return False


@pytest.fixture(scope="module")
def serving(herkomst: Herkomst, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """One for all tests of this file, the last of which ends it."""
    begun = Serving(herkomst, tmp_path_factory.mktemp("serving") / "serve.log")
    yield begun
    begun.end()


def test_given_two_processes_when_one_dies_then_another_takes_its_place(serving: Serving) -> None:
    """All the while every question is answered, journaled, and counted in one place."""
    first = serving.answering()
    assert len(first) == 2
    assert {serving.read().status_code for _ in range(10)} == {200}

    os.kill(min(first), signal.SIGKILL)
    _until(lambda: len(serving.answering() - first) == 1)

    assert serving.answering() & first == {max(first)}
    assert {serving.read().status_code for _ in range(10)} == {200}
    assert serving.journaled() == 20


def test_given_two_processes_when_told_to_end_then_none_is_left(serving: Serving) -> None:
    served = serving.answering()

    serving.process.send_signal(signal.SIGTERM)

    assert serving.process.wait(PATIENCE) == 128 + signal.SIGTERM
    assert not any(Path(f"/proc/{pid}").exists() for pid in served)
    with pytest.raises(httpx.ConnectError):
        serving.read()


def _ports() -> tuple[int, int]:
    """Two that nobody listens at."""
    with create_server(("127.0.0.1", 0)) as one, create_server(("127.0.0.1", 0)) as other:
        return one.getsockname()[1], other.getsockname()[1]


def _command(pid: int) -> str:
    with suppress(FileNotFoundError):
        return Path(f"/proc/{pid}/cmdline").read_text()
    return ""


def _until(holds: Callable[[], bool]) -> None:
    ends = monotonic() + PATIENCE
    while not holds():
        assert monotonic() < ends
        sleep(0.05)
