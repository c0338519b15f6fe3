"""Highlights: where in a text stands what was searched for, as the engines mean a word.

It is told of the text that the viewer is shown, and of nothing else: what an engine has beside it,
such as what a number was that is erased now, is marked nowhere.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from rapidfuzz.distance import OSA

from herkomst.search.analysis import Word, heads, stem, words
from herkomst.search.questions import Term


class Span(NamedTuple):
    """A part of a text, in characters; the end is not part of it."""

    start: int
    end: int


def highlights(text: str, terms: Iterable[Term]) -> list[Span]:
    """Where in a text the terms stand: in order, and none over another."""
    there = words(text)
    return _apart(sorted(span for term in terms for span in _spans(there, term)))


def _spans(there: Sequence[Word], term: Term) -> Iterator[Span]:
    if term.how == "phrase":
        yield from _phrases(there, term.words)
        return
    is_meant = _meaning(term)
    for word in there:
        if is_meant(word.surface):
            yield Span(word.start, word.end)


def _phrases(there: Sequence[Word], wanted: Sequence[str]) -> Iterator[Span]:
    stems = [stem(surface) for surface in wanted]
    for first in range(len(there) - len(stems) + 1):
        beside = there[first : first + len(stems)]
        if [word.stem for word in beside] == stems:
            yield Span(beside[0].start, beside[-1].end)


def _meaning(term: Term) -> Callable[[str], bool]:
    """Whether a word of a text is meant by a term of one word."""
    if term.how == "wildcard":
        whole = _pattern(term.pattern)
        return lambda surface: whole.fullmatch(surface) is not None
    (wanted,) = term.words
    if term.how == "prefix":
        return lambda surface: surface.startswith(wanted)
    wanted_stem = stem(wanted)

    def is_word(surface: str) -> bool:
        return stem(surface) == wanted_stem or wanted_stem in heads(surface)

    if term.how == "word" or not term.edits:
        return is_word
    return lambda surface: is_word(surface) or _is_slip(wanted, surface, term.edits)


def _is_slip(wanted: str, surface: str, edits: int) -> bool:
    return surface[:1] == wanted[0] and OSA.distance(wanted, surface, score_cutoff=edits) <= edits


@lru_cache(256)
def _pattern(wildcard: str) -> re.Pattern[str]:
    parts = {"*": ".*", "?": "."}
    return re.compile("".join(parts.get(c, re.escape(c)) for c in wildcard), re.DOTALL)


def _apart(spans: Iterable[Span]) -> list[Span]:
    """The same places, with those that touch or overlap made one."""
    apart: list[Span] = []
    for span in spans:
        if apart and span.start <= apart[-1].end:
            apart[-1] = Span(apart[-1].start, max(apart[-1].end, span.end))
        else:
            apart.append(span)
    return apart
