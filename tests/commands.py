"""The command line as an operator and a script meet it: each command a process of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import IO, Any, NamedTuple


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

    def __init__(self, home: Path, **environ: str) -> None:
        self.home = home
        self.environ = {
            **{k: v for k, v in os.environ.items() if not k.startswith("HERKOMST_")},
            "HERKOMST_HOME": str(home),
            "NO_COLOR": "1",
            **environ,
        }

    def __call__(self, *arguments: str, stdin: str | None = None, **environ: str) -> Ended:
        done = subprocess.run(
            self._command(*arguments),
            env=self.environ | environ,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        return Ended(done.returncode, done.stdout, done.stderr)

    def start(
        self, *arguments: str, err: IO[str] | None = None, **environ: str
    ) -> subprocess.Popen[str]:
        """Begin a command; one that runs long needs a file for what it says on standard error."""
        return subprocess.Popen(
            self._command(*arguments),
            env=self.environ | environ,
            stdout=subprocess.PIPE,
            stderr=err or subprocess.PIPE,
            text=True,
        )

    @staticmethod
    def _command(*arguments: str) -> list[str]:
        return [sys.executable, "-P", "-m", "herkomst", *arguments]
