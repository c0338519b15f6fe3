"""Where homes are made that things are killed in."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def folder(memory: Path) -> Iterator[Path]:
    """A directory for the homes of one module, and for what is delivered to them."""
    with tempfile.TemporaryDirectory(prefix="herkomst-crashes-", dir=memory) as directory:
        Path(directory).chmod(0o755)  # The server of root runs as another, who has to enter.
        yield Path(directory)
