"""Words of Dutch text as they are compared: one analysis for every engine.

Text is made ready here and not by the engine, so that both engines mean the same by a word, and
what is found does not change with the server. A word has a surface, without case and marks, and a
stem; a compound also has heads: a `kinderfiets` is a `fiets`.
"""

import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from re import compile as pattern
from types import MappingProxyType
from typing import NamedTuple

from Stemmer import Stemmer

from herkomst.domain.tables import rows

_CACHED = 1 << 16
_SHORTEST_REST = 3
_LONGEST = 60
"""Letters of the longest word that is kept; what is longer is no word."""
_WORDS = pattern(r"[^\W_]+(?:['’][^\W_]+)?")
_APOSTROPHES = str.maketrans("", "", "'’")
_WITHOUT_MARK = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "æ": "ae", "œ": "oe"})


class Word(NamedTuple):
    """One word of a text, and where in the text it stands."""

    surface: str
    start: int
    end: int

    @property
    def stem(self) -> str:
        return stem(self.surface)


def words(text: str) -> list[Word]:
    """The words of a text, in order, with their places in it."""
    return [
        Word(fold(found.group()), found.start(), found.end())
        for found in _WORDS.finditer(text)
        if len(found.group()) <= _LONGEST
    ]


@lru_cache(_CACHED)
def fold(word: str) -> str:
    """A word without case, marks and apostrophes."""
    if word.isascii():
        return word.lower().translate(_APOSTROPHES)
    decomposed = unicodedata.normalize("NFKD", word)
    plain = "".join(c for c in decomposed if not unicodedata.combining(c))
    return plain.casefold().translate(_WITHOUT_MARK).translate(_APOSTROPHES)


@lru_cache(_CACHED)
def stem(surface: str) -> str:
    """The stem of a folded word by Snowball's rules for Dutch, but for the words that they break:
    `fiets` is no `fiet`, and a compound keeps its head."""
    if surface in _STEMS:
        return _STEMS[surface]
    if surface.isdigit():
        return surface
    rest, last = _parted(surface)
    if last is not None:
        return rest + last
    found: str = _stemmer.stemWord(surface)
    return _STEMS.get(found, found)


@lru_cache(_CACHED)
def heads(surface: str) -> tuple[str, ...]:
    """What a compound is one of: a `klopboormachine` is a `boormachine`, and a `machine`. None for
    a word that is no compound of the trade."""
    found: list[str] = []
    rest, last = _parted(surface)
    while last is not None:
        if rest:
            found.append(last)
        rest, last = _parted(last, shorter_than=len(last))
    return tuple(found)


def _parted(surface: str, shorter_than: int = _LONGEST + 1) -> tuple[str, str | None]:
    """A word without its head, and the head, which may be the whole word.

    A head that ends many other words counts behind listed words alone: a `verzekering` is no
    `ring`.
    """
    for length in _LENGTHS:
        last = _HEADS.get(surface[-length:]) if length < shorter_than else None
        if last is None:
            continue
        rest = surface[:-length]
        if not rest or (rest in last.after if last.after else len(rest) >= _SHORTEST_REST):
            return rest, last.name
    return surface, None


class _Head(NamedTuple):
    name: str
    after: frozenset[str]
    """The only words before it; none where any word will do."""


_stemmer = Stemmer("dutch", _CACHED)
_STEMS: Mapping[str, str] = MappingProxyType(
    {row["word"]: row["stem"] for row in rows("dutch_stems")}
)
_HEADS: Mapping[str, _Head] = MappingProxyType(
    {
        form: _Head(row["head"], frozenset(row["after"].split()))
        for row in rows("dutch_heads")
        for form in (row["head"], f"{row['head']}je", f"{row['head']}jes", *row["forms"].split())
    }
)
_LENGTHS = sorted({len(form) for form in _HEADS}, reverse=True)
