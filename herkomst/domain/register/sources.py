"""Under whom and on what a source's records fall (`domain/tables/sources.csv`).

Police and KMar reports are police data from birth; VbV, AFAC and IMEI sources are private parties
under the AVG (Wpg 1). It is a property of each record, from its birth.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from herkomst.domain.tables import rows

ANY_OTHER = "*"


class SourceProfile(NamedTuple):
    regime: str
    controller: str
    """By its own name."""
    kind: str
    """The controller as `domain/controllers.py` knows it."""
    ground: str


PROFILES: Mapping[str, SourceProfile] = MappingProxyType(
    {
        row["source"]: SourceProfile(row["regime"], row["controller"], row["kind"], row["ground"])
        for row in rows("sources")
    }
)
"""By source, and for `ANY_OTHER`."""


def source_profile(source: str) -> SourceProfile:
    """The regime, controller and ground of what this source reports."""
    profile = PROFILES.get(source) or PROFILES[ANY_OTHER]
    return profile if profile.controller else profile._replace(controller=source)
