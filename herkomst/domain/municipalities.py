"""The municipalities (gemeenten) of 1 January 2023, with police unit and safety region.

Source: Statistics Netherlands (CBS) and the Land Registry (Kadaster), CC BY 4.0.
"""

from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from math import cos, hypot, radians
from types import MappingProxyType

import msgspec
from rapidfuzz import fuzz, process, utils

from herkomst.domain.tables import rows

VALID_FROM = date(2023, 1, 1)


class Municipality(msgspec.Struct, frozen=True):
    """A municipality and one point inside it (WGS 84, degrees).

    The police unit (regionale eenheid) and the safety region (veiligheidsregio) are two
    divisions. `valid_to` is the last day; None as long as it exists.
    """

    code: str
    name: str
    safety_region: str
    police_unit: str
    lat: float
    lon: float
    valid_from: date = VALID_FROM
    valid_to: date | None = None


def _municipality(row: dict[str, str]) -> Municipality:
    return Municipality(
        code=row["code"],
        name=row["name"],
        safety_region=row["safety_region"],
        police_unit=row["police_unit"],
        lat=float(row["lat"]),
        lon=float(row["lon"]),
    )


MUNICIPALITIES: Mapping[str, Municipality] = MappingProxyType(
    {row["code"]: _municipality(row) for row in rows("municipalities")}
)
SPOKEN: Mapping[str, str] = MappingProxyType({"Den Haag": "GM0518", "Den Bosch": "GM0796"})
"""Names that are spoken and not official."""
_CODES = (
    {found.name: code for code, found in MUNICIPALITIES.items()}
    | {code: code for code in MUNICIPALITIES}
    | dict(SPOKEN)
)

_FOLDED = {name.casefold(): code for name, code in _CODES.items()}


_EARTH = 6371.0
"""Radius in kilometres."""


@lru_cache(1 << 17)
def distance(a: str, b: str) -> float:
    """Kilometres between the points of two municipalities, by their codes; in so small a country
    the earth is flat."""
    one, other = MUNICIPALITIES[a], MUNICIPALITIES[b]
    east = radians(other.lon - one.lon) * cos(radians((one.lat + other.lat) / 2))
    return _EARTH * hypot(east, radians(other.lat - one.lat))


def find(code: str) -> Municipality | None:
    """The municipality with a code such as GM0363."""
    return MUNICIPALITIES.get(code)


def code_of(text: str) -> str | None:
    """The code of a municipality that is named by its code or its name, in any case of letters."""
    return _FOLDED.get(text.casefold())


def nearest_code(text: str) -> str:
    """The code that a wrong one, a bare number or a name probably meant."""
    padded = f"GM{text.upper().removeprefix('GM').zfill(4)}"
    if padded in MUNICIPALITIES:
        return padded
    name, _, _ = process.extractOne(
        text, _CODES.keys(), scorer=fuzz.ratio, processor=utils.default_process
    )
    return _CODES[name]
