"""Commands run as processes of their own, each test module on an embedded home of its own."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from herkomst.record.removal import remove


class Ended(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        assert self.out, self.err
        return json.loads(self.out)

    @property
    def lines(self) -> list[Any]:
        return [json.loads(line) for line in self.out.splitlines()]


class Herkomst:
    """The command line on one home."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.environ = {
            **{k: v for k, v in os.environ.items() if not k.startswith("HERKOMST_")},
            "HERKOMST_HOME": str(home),
            "NO_COLOR": "1",
        }

    def __call__(self, *arguments: str, stdin: str | None = None, **environ: str) -> Ended:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "herkomst", *arguments],
            env=self.environ | environ,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        return Ended(done.returncode, done.stdout, done.stderr)

    def start(self, *arguments: str, **environ: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "herkomst", *arguments],
            env=self.environ | environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


@pytest.fixture(scope="module")
def herkomst(memory: Path) -> Iterator[Herkomst]:
    """A home with nothing in it yet; its server is removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="herkomst-cli-", dir=memory) as directory:
        Path(directory).chmod(0o755)
        home = Path(directory) / "home"
        try:
            yield Herkomst(home)
        finally:
            remove(home)
