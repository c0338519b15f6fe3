"""Keys that say nothing: each is a place in a row, sent through a secret one-to-one mapping."""

from collections.abc import Iterator
from itertools import product
from random import Random
from typing import Final

from herkomst.simulate.numbers import Permutation
from herkomst.simulate.slices import WHOLE, Slice

_SIGNS: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS: Final = [a + b for a in _SIGNS for b in _SIGNS]
_MASK: Final = (1 << 40) - 1
_REPORTS: Final = 1_000_000
_UNITS: Final = {
    "Noord-Nederland": "01", "Oost-Nederland": "06", "Midden-Nederland": "09",
    "Noord-Holland": "11", "Amsterdam": "13", "Den Haag": "15", "Rotterdam": "17",
    "Zeeland-West-Brabant": "20", "Oost-Brabant": "21", "Limburg": "23",
}  # fmt: skip
_YEARS: Final = [str(year) for year in range(2021, 2028)]
"""All that the clock can write."""
_BUREAUS: Final = ("00", "0A", "1C", "2K", "3B", "B3", "F1", "KE", "R2", "S0", "U4", "V7")


class Keys:
    """Keys of eight signs, drawn from a million million without repeating one."""

    __slots__ = ("_add", "_factors", "_next")

    def __init__(self, chance: Random, part: Slice = WHOLE, given: int = 0) -> None:
        self._factors = (chance.getrandbits(40) | 1, chance.getrandbits(40) | 1)
        self._add = chance.getrandbits(40)
        self._next = part.block(1 << 40).start + given

    def next(self) -> str:
        """Return a key that was never returned before."""
        # Odd factors and shifted exclusive ors are each one-to-one on forty bits.
        first, second = self._factors
        code = (self._next * first + self._add) & _MASK
        code ^= code >> 21
        code = (code * second) & _MASK
        code ^= code >> 19
        self._next += 1
        return (
            _PAIRS[code >> 30]
            + _PAIRS[code >> 20 & 1023]
            + _PAIRS[code >> 10 & 1023]
            + _PAIRS[code & 1023]
        )


class ReportNumbers:
    """Numbers of police reports: unit and bureau, year, six digits."""

    __slots__ = ("_chance", "_series", "_slice")

    def __init__(self, chance: Random, part: Slice = WHOLE) -> None:
        self._chance = chance
        self._slice = part
        self._series: dict[tuple[str, str], Iterator[int]] = {}
        if part.of > 1:  # In one order, so that all parts mean the same by a place.
            for unit, year in product(_UNITS, _YEARS):
                self._series[unit, year] = self._begin()

    def next(self, police_unit: str, year: str) -> str:
        """Return a report number of that unit and year that was never returned before."""
        series = self._series.get((police_unit, year))
        if series is None:
            series = self._series[police_unit, year] = self._begin()
        bureau, number = divmod(next(series), _REPORTS)
        return f"PL{_UNITS[police_unit]}{_BUREAUS[bureau]} {year}{number:06d}"

    def _begin(self) -> Iterator[int]:
        places = Permutation(_REPORTS * len(_BUREAUS), self._chance)
        return map(places, self._slice.block(places.size))
