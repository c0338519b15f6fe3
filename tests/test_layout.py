"""The house keeps its shape: traps of a room named graphql, and rooms that stay rooms."""

import importlib.util
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_graphql_is_the_library() -> None:
    spec = importlib.util.find_spec("graphql")

    assert spec is not None
    assert spec.origin is not None
    assert not Path(spec.origin).is_relative_to(ROOT / "herkomst")


def test_strawberry_imports_at_the_root() -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-c", "import strawberry"], cwd=ROOT, check=False, timeout=60
    )

    assert done.returncode == 0


def test_no_loose_package_at_the_root() -> None:
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")}

    assert packages == {"herkomst", "tests", "bench"}


def test_every_folder_of_tests_is_a_package() -> None:
    folders = {p.parent for p in (ROOT / "tests").rglob("*.py")}

    assert [str(f) for f in sorted(folders) if not (f / "__init__.py").exists()] == []


def test_nothing_hides_behind_a_name_that_says_nothing() -> None:
    hiding = {"utils", "util", "helpers", "helper", "common", "misc", "manager"}

    assert [p for p in (ROOT / "herkomst").rglob("*.py") if p.stem in hiding] == []
