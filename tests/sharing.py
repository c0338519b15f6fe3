"""What the workers of one run share, because it takes long to make."""

import fcntl
import tempfile
from collections.abc import Callable
from pathlib import Path


def once(place: Path, make: Callable[[Path], object]) -> Path:
    """A directory that the first of this run to ask fills, while the others wait for it."""
    with place.with_name(f"{place.name}-turn").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        if not place.exists():
            draft = Path(tempfile.mkdtemp(prefix=f"{place.name}-", dir=place.parent))
            make(draft)
            draft.rename(place)
    return place
