"""How every bench tells its figures: one JSON document, with machine and date."""

import os
import platform
from datetime import UTC, datetime

import msgspec

from herkomst import __version__


def report(name: str, figures: dict[str, object]) -> None:
    """Print the figures with what they were measured on."""
    told = {
        "bench": name,
        **figures,
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, Python "
        f"{platform.python_version()}",
        "load": [round(load, 2) for load in os.getloadavg()],
        "version": __version__,
        "date": datetime.now(UTC).date().isoformat(),
    }
    print(msgspec.json.format(msgspec.json.encode(told)).decode())
