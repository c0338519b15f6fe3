"""How alike two numbers are that are not the same: signs that look alike, one slip, a part.

Signs at the head of a number say who made the good and of which type, not which good it is: the
eight digits of the type allocation code of an IMEI (3GPP TS 23.003), the first nine signs of a
chassis number (ISO 3779), the maker of a network address (IEEE 802) or of a chip (ISO 11784), and
a brand's model prefix. They carry no identity: what agrees there is no evidence, and a slip there
makes another type. The last signs count the goods of a series: of two numbers that differ there
alone, among others that do, nobody can tell whether they are neighbours or one number and a slip.
"""

from collections.abc import Mapping
from functools import lru_cache
from math import prod
from types import MappingProxyType

from rapidfuzz.distance import OSA

from herkomst.domain.tables import rows

COUNTING = 5
"""Signs at the end of a number that count the goods of a series; what stands before is the stem."""
NEXT = 2
"""Signs at the end in which neighbours of a series differ whose others nobody recorded."""
SHORTEST_PART = 5
"""Signs that say something; four, with a brand, are a search and no hit."""

_ENDING = 4
_LOOK_ALIKE = str.maketrans("OQDILSBZG", "000115826")
_NEVER_GIVEN = frozenset("IOQ")
"""Letters that makers leave out of numbers because they look like digits."""
_PREFIXES: Mapping[str, int] = MappingProxyType({"imei": 8, "vin": 9, "mac": 6, "chip": 3})
_OF_BRAND: Mapping[str, int] = MappingProxyType(
    {row["brand"]: int(row["signs"]) for row in rows("number_prefixes")}
)
_MAKER = 3
"""Letters at most that name a maker."""
_PLACES_OF_IMEI, _SERIALS_OF_A_TYPE = 8, 1_000_000
_DIGITS, _LETTERS = 10, 17
"""How many signs a digit and a letter are told from, once look-alikes are one sign."""


def folded(text: str) -> str:
    """The text with one sign for each group that looks alike: 0OQD, 1IL, 2Z, 5S, 6G, 8B."""
    return text.translate(_LOOK_ALIKE)


def ending(number: str, class_: str, brand: str) -> str | None:
    """Where a number meets those of its brand that end like it, or None if it is too short."""
    return f"{class_}:*{number[-_ENDING:]}@{brand}" if len(number) >= SHORTEST_PART else None


def stem(number: str, class_: str, brand: str) -> str | None:
    """Where a number meets those of its brand that begin like it, such as its series."""
    return f"{class_}:{number[:-COUNTING]}*@{brand}" if len(number) > COUNTING else None


def counts(a: str, b: str) -> bool:
    """Whether two numbers that fold alike differ in what counts a series, in signs of which
    makers use both: they leave out I, O and Q."""
    last = zip(a[-COUNTING:], b[-COUNTING:], strict=False)
    return any(x != y and _NEVER_GIVEN.isdisjoint((x, y)) for x, y in last)


@lru_cache(1 << 16)
def one_slip(a: str, b: str, prefix: int) -> bool:
    """Whether one sign too many, too few, wrong or changed with its neighbour makes one number of
    the other, where that says something: behind the prefix, and before the last signs, in which
    the next good of a series differs too."""
    if a == b or OSA.distance(a, b, score_cutoff=1) != 1:
        return False
    shorter = min(len(a), len(b))
    same = (at for at in range(shorter) if a[at] != b[at])
    before = next(same, shorter)
    return before >= prefix and a[-NEXT:] == b[-NEXT:]


def is_part(a: str, b: str, prefix: int) -> bool:
    """Whether one number is the end of the other, with enough signs behind the prefix."""
    part, whole = (a, b) if len(a) < len(b) else (b, a)
    if len(part) == len(whole) or not whole.endswith(part):
        return False
    return min(len(part), len(whole) - prefix) >= SHORTEST_PART


def prefix(class_: str, number: str, brand: str | None) -> int:
    """How many signs at the head of a number carry no identity: by its format, by what is known
    of the brand, else the letters that it begins with, which name the maker."""
    if class_ in _PREFIXES:
        return _PREFIXES[class_]
    letters = len(number) - len(number.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
    known = _OF_BRAND.get(brand or "", min(letters, _MAKER))
    return min(known, max(len(number) - 1, 0))


def type_code(class_: str, number: str) -> str | None:
    """What a number says of the type of its good, for formats in which it does."""
    return number[: _PREFIXES[class_]] if class_ in ("imei", "vin") else None


def chance_alike(number: str, prefix: int, stock: int) -> float:
    """How many of so many stolen goods bear a number that looks like this one, by chance."""
    return stock / _space(number[prefix:])


def chance_of_slip(number: str, prefix: int, stock: int) -> float:
    """How many of so many stolen goods bear a number that is one slip away, by chance."""
    own = folded(number[prefix:])
    places = max(len(own) - NEXT, 1)
    # A wrong sign, two that changed places, one too few, one too many.
    ways = sum(_size(sign) - 1 for sign in own[:places]) + 3 * places
    return stock * ways / _space(own)


def chance_of_part(part: str, whole: str, prefix: int, stock: int) -> float:
    """How many of so many stolen goods bear a number that ends in this part, by chance."""
    return stock / _space(part[-min(len(part), len(whole) - prefix) :])


def chance_of_mended(stock: int) -> float:
    """How many of so many stolen telephones a wrong IMEI may have meant, by chance: it may have
    meant one in each place behind the type code, and the type code says nothing."""
    return stock * _PLACES_OF_IMEI / _SERIALS_OF_A_TYPE


def _space(signs: str) -> float:
    return prod(map(_size, folded(signs)), start=1.0)


def _size(sign: str) -> int:
    return _DIGITS if sign.isdigit() else _LETTERS
