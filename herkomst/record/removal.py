"""Removing an embedded database with its server: `python -m herkomst.record.removal HOME…`.

A home may lie elsewhere than it seems: under a directory that the server's user cannot enter, the
supervisor keeps the data in a place of its own and leaves a link.
"""

import shutil
import sys
from pathlib import Path

from herkomst.record.postgres import embedded


def remove(home: Path) -> None:
    """Stop the server of a home if nobody else uses it, and remove everything it kept."""
    place = home / "postgres"
    if place.exists():
        server = embedded(home)
        if server.status().state != "absent":
            server.start()
            server.stop()
        target = place.resolve()
        if place.is_symlink():
            shutil.rmtree(target, ignore_errors=True)
            place.unlink()
    shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    for name in sys.argv[1:]:
        remove(Path(name).absolute())
