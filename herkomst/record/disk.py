"""Files that are there whole or not at all, also after a power cut."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path


def put(path: Path, content: bytes, mode: int = 0o600) -> None:
    """Write a file, or replace it as a whole."""
    draft(path, content, mode).rename(path)
    sync(path.parent)


def draft(path: Path, content: bytes, mode: int = 0o600) -> Path:
    """The content in a file beside the path, on the disk."""
    # Not named by the process alone: in a container each is number 1, the killed one too.
    beside = path.with_name(f"{path.name}.{os.getpid()}-{os.urandom(4).hex()}")
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(handle, "wb") as file:
        os.fchmod(handle, mode)
        file.write(content)
        file.flush()
        os.fsync(handle)
    return beside


def append(path: Path, content: bytes) -> None:
    """Write at the end of a file that is there."""
    with path.open("ab") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def sync(directory: Path) -> None:
    """Bring the names in a directory to the disk."""
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextlib.contextmanager
def scratch(root: Path, name: str) -> Iterator[Path]:
    """A directory to prepare something in, which also clears away what was left half done."""
    for left in root.glob(f"{name}.new-*"):
        shutil.rmtree(left)
    directory = Path(tempfile.mkdtemp(prefix=f"{name}.new-", dir=root))
    try:
        yield directory
    finally:
        shutil.rmtree(directory)
