"""OpenSearch on this machine, for the tests that ask it: `opensearch.sh` on ports of its own."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from random import Random

PROGRAM = Path(__file__).parents[2] / "opensearch.sh"
RUNNING = "OPENSEARCH_TEST_URL"
"""Names a server that runs already, which the tests of one node then ask."""
MISSING = "The tests of search need OpenSearch: `make opensearch` fetches and starts one."
HEAP = "512m"


class Cluster:
    """Nodes that were started here, and are ended by `opensearch.sh`, which knows their ids."""

    def __init__(self, nodes: int, home: Path) -> None:
        self.nodes = nodes
        self._port, self._transport = _ports(nodes), _ports(nodes)
        self._environment = os.environ | {
            "OPENSEARCH_HOME": str(home),
            "OPENSEARCH_HEAP": os.environ.get("OPENSEARCH_HEAP", HEAP),
            "OPENSEARCH_PORT": str(self._port),
            "OPENSEARCH_TRANSPORT_PORT": str(self._transport),
        }

    @property
    def url(self) -> str:
        """Of every node, as one setting."""
        return ",".join(f"http://127.0.0.1:{self._port + node}" for node in range(self.nodes))

    def start(self) -> None:
        self._run("start", str(self.nodes))

    def kill(self, node: int) -> None:
        self._run("kill", str(node))

    def revive(self, node: int) -> None:
        self._run("revive", str(node))

    def wipe(self) -> None:
        self._run("wipe")

    def _run(self, *words: str) -> None:
        done = subprocess.run(
            [PROGRAM, *words],
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{done.stderr}\n{MISSING}"


@contextmanager
def running(nodes: int) -> Iterator[Cluster]:
    """A cluster of so many nodes, gone with all that it held when it is left."""
    # Where a test runs as root the server does not, so the directory is open to be entered.
    home = Path(tempfile.mkdtemp(prefix="herkomst-search-", dir="/var/tmp"))
    home.chmod(0o755)
    cluster = Cluster(nodes, home)
    with ExitStack() as ending:
        ending.callback(shutil.rmtree, home)
        ending.callback(cluster.wipe)
        cluster.start()
        yield cluster


def _ports(number: int) -> int:
    """The first of so many ports in a row on which nobody listens."""
    for _ in range(100):
        first = Random().randrange(20000, 32000)  # noqa: S311 - any will do
        if all(_is_free(port) for port in range(first, first + number)):
            return first
    raise AssertionError("There are no free ports.")


def _is_free(port: int) -> bool:
    with socket.socket() as tried:
        try:
            tried.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
