"""Commands run as processes of their own, each test module on an embedded home of its own."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from herkomst.record.postgres import embedded
from herkomst.record.removal import remove
from tests.commands import Herkomst


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


@pytest.fixture(scope="module")
def awake(herkomst: Herkomst) -> Iterator[None]:
    """The database of the home runs meanwhile, so that no command has to start and stop it."""
    with embedded(herkomst.home):
        yield
