"""Kinds, brands and models of goods: the catalogue, and when two descriptions agree."""

import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from re import compile as pattern
from types import MappingProxyType

import msgspec
from rapidfuzz import fuzz, process, utils
from rapidfuzz.distance import OSA

from herkomst.domain.tables import rows


class Kind(msgspec.Struct, frozen=True):
    """A kind of good (soort). Kinds of one family are taken for one another in practice;
    `near` names further families that a till or a reporter may choose for the same good."""

    slug: str
    dutch: str
    english: str
    family: str
    near: tuple[str, ...]
    identifiers: tuple[str, ...]
    attributes: tuple[str, ...]


GENERIC_FAMILY = "any"
"""The family of kinds that say little, such as household goods: they contradict nothing."""

_CACHED = 1 << 16
_LETTERS_WITHOUT_MARK = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "æ": "ae", "œ": "oe"})
_WORDS = pattern(r"[^\W_]+")
_LONGEST_NAME = 4
_SHORTEST_MISSPELT = 5


def _kind(row: dict[str, str]) -> Kind:
    return Kind(
        slug=row["slug"],
        dutch=row["dutch"],
        english=row["english"],
        family=row["family"],
        near=tuple(row["near"].split()),
        identifiers=tuple(row["identifiers"].split()),
        attributes=tuple(row["attributes"].split()),
    )


KINDS: Mapping[str, Kind] = MappingProxyType({row["slug"]: _kind(row) for row in rows("kinds")})


def nearest_kind(slug: str) -> str:
    """The slug that a wrong one probably meant; Dutch and English names lead there too."""
    name, _, _ = process.extractOne(
        slug, _NAMES.keys(), scorer=fuzz.ratio, processor=utils.default_process
    )
    return _NAMES[name]


def kinds_contradict(a: str, b: str) -> bool:
    """Whether no good can be called both; a bicycle may be an e-bike, not a laptop."""
    return (a, b) in _CONTRADICTING


@lru_cache(_CACHED)
def normal_brand(brand: str | None) -> str | None:
    """One spelling for each brand, without case, marks or spaces; None when it is not known."""
    compact = _compact(brand) if brand else ""
    return _BRANDS.get(compact, compact) or None


def brands_agree(a: str | None, b: str | None) -> bool | None:
    """Whether two brands are the same but for one slip of the pen; None if either is missing."""
    left, right = normal_brand(a), normal_brand(b)
    if left is None or right is None:
        return None
    return left == right or _one_slip(left, right)


@lru_cache(_CACHED)
def normal_model(model: str | None, brand: str | None) -> str | None:
    """One spelling for a model, without its brand; None when it is not known.

    A plus sign stays, as it tells an S21 from an S21+.
    """
    written = words(model.replace("+", " plus ")) if model else []
    if "".join(written) in _UNKNOWN:
        return None
    return "".join(_without(_spellings(normal_brand(brand)), written)) or None


def models_agree(a: str | None, b: str | None, brand: str | None) -> bool | None:
    """Whether two models of a brand are the same; None if either is missing."""
    left, right = normal_model(a, brand), normal_model(b, brand)
    return None if left is None or right is None else left == right


def _spellings(brand: str | None) -> frozenset[str]:
    return _SPELLINGS.get(brand, frozenset({brand})) if brand else frozenset()


def words(text: str) -> list[str]:
    """The words of a text, without case, marks or signs."""
    if not text.isascii():
        decomposed = unicodedata.normalize("NFKD", text)
        text = "".join(c for c in decomposed if not unicodedata.combining(c))
        return _WORDS.findall(text.casefold().translate(_LETTERS_WITHOUT_MARK))
    return _WORDS.findall(text.lower())


def _one_slip(a: str, b: str) -> bool:
    # Canon and Canyon are one letter apart and both exist: two known names are never a slip.
    if min(len(a), len(b)) < _SHORTEST_MISSPELT or (a in _KNOWN and b in _KNOWN):
        return False
    return OSA.distance(a, b, score_cutoff=1) <= 1


def _without(names: frozenset[str], written: list[str]) -> list[str]:
    kept: list[str] = []
    at = 0
    while at < len(written):
        length = _name_at(names, written, at)
        if not length:
            kept.append(written[at])
        at += length or 1
    return kept


def _name_at(names: frozenset[str], written: list[str], at: int) -> int:
    """How many words from here on spell one of the names; 0 when none does."""
    lengths = range(min(_LONGEST_NAME, len(written) - at), 0, -1)
    return next((n for n in lengths if "".join(written[at : at + n]) in names), 0)


def _names() -> dict[str, str]:
    spoken = {
        name: kind.slug
        for kind in KINDS.values()
        for name in (*kind.dutch.split(" of "), *kind.english.split(" or "))
    }
    return spoken | {slug.replace("_", " "): slug for slug in KINDS}


def _apart(a: Kind, b: Kind) -> bool:
    if a.family == b.family or GENERIC_FAMILY in (a.family, b.family):
        return False
    return b.family not in a.near and a.family not in b.near


def _compact(text: str) -> str:
    return "".join(words(text))


def _aliases(what: str) -> dict[str, str]:
    named = (row for row in rows("brand_aliases") if row["what"] == what)
    return {_compact(row["alias"]): _compact(row["brand"]) for row in named}


_NAMES = _names()
_CONTRADICTING = frozenset(
    (a.slug, b.slug) for a in KINDS.values() for b in KINDS.values() if _apart(a, b)
)
_UNKNOWN = frozenset(_aliases("unknown"))
_FULL_NAMES = _aliases("name")
_KNOWN = frozenset(_FULL_NAMES.values())
_BRANDS = {**_FULL_NAMES, **_aliases("line"), **_aliases("unknown"), **_aliases("unknown_brand")}
_SPELLINGS = {
    brand: frozenset({brand, *(alias for alias, of in _FULL_NAMES.items() if of == brand)})
    for brand in _KNOWN
}
