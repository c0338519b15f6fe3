"""Under whom and on what a source's records fall (`domain/tables/sources.csv`).

Police and KMar reports are police data from birth; VbV, AFAC and IMEI sources are private parties
under the AVG (Wpg 1). It is a property of each record, from its birth.
"""

import csv
from functools import cache
from pathlib import Path
from typing import NamedTuple

_TABLE = Path(__file__).parents[1] / "tables" / "sources.csv"


class SourceProfile(NamedTuple):
    regime: str
    controller: str
    ground: str


@cache
def _profiles() -> dict[str, SourceProfile]:
    with _TABLE.open(encoding="utf-8", newline="") as file:
        return {
            row["source"]: SourceProfile(row["regime"], row["controller"], row["ground"])
            for row in csv.DictReader(file)
        }


def source_profile(source: str) -> SourceProfile:
    """The regime, controller and ground of what this source reports."""
    profile = _profiles().get(source) or _profiles()["*"]
    return profile if profile.controller else profile._replace(controller=source)
