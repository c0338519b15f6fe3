"""A command loads what it needs and no more: who waits for it waits for each library too."""

import subprocess
import sys
from collections.abc import Sequence

import pytest

from herkomst.cli.main import COMMANDS
from herkomst.domain.topics import MODULES
from tests.commands import Herkomst

OF_A_SERVER = {"fastapi", "graphql", "httpx", "joserfc", "strawberry", "typst", "uvicorn"}
OF_A_DATABASE = {"cryptography", "eventsourcing", "psycopg"}


def loaded(module: str) -> set[str]:
    """What there is in a process that loaded this module of the room."""
    program = f"import sys, herkomst.cli.{module}; print(*sys.modules)"
    return set(_output([sys.executable, "-P", "-c", program]).split())


def _output(command: Sequence[str]) -> str:
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, timeout=60).stdout


def test_what_needs_no_database_loads_none() -> None:
    assert loaded("main") & (OF_A_DATABASE | OF_A_SERVER) == set()


@pytest.mark.parametrize("module", ["importing", "record", "watching"])
def test_what_serves_nobody_loads_no_server_and_yet_every_event(module: str) -> None:
    there = loaded(module)

    assert there & OF_A_SERVER == set()
    assert {events.__name__ for events in MODULES} <= there


def test_every_command_is_told_of(herkomst: Herkomst) -> None:
    told = herkomst("--help").out

    assert [name for name in COMMANDS if f"\n  {name} " not in told] == []
