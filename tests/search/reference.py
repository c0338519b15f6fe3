"""What a question means, in the plainest words: every engine must answer the same."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from rapidfuzz.distance import OSA

from herkomst.search.analysis import stem, words
from herkomst.search.documents import Source
from herkomst.search.questions import (
    COUNTED_WHOLE,
    MOST_BUCKETS,
    After,
    Among,
    Answer,
    Bucket,
    Completion,
    Filter,
    Found,
    Order,
    Question,
    Seen,
    Term,
    Total,
    Typed,
    Weight,
)


def answered(documents: Sequence[Source], question: Question) -> Answer:
    """The answer to a question about these documents."""
    answering = [source for source in documents if _answers(source, question)]
    found = sorted(
        (_found(source, question) for source in answering),
        key=lambda each: _order(each.place, question.order),
    )
    if question.after is not None:
        start = _order(question.after, question.order)
        behind = [each for each in found if _order(each.place, question.order) > start]
    else:
        behind = found
    return Answer(
        found=tuple(behind[: question.first]),
        more=len(behind) > question.first,
        total=Total(len(found), exact=True),
        facets={name: _buckets(answering, name) for name in question.facets},
    )


def completed(documents: Iterable[Source], typed: Typed) -> Sequence[Completion]:
    """What may become of what was typed."""
    beginnings = [word.surface for word in words(typed.text)]
    counted = Counter(
        completion
        for source in documents
        if any(_is_seen(source, seen) for seen in typed.seen)
        for completion in set(source.completions)
        if beginnings and _may_become(completion, beginnings)
    )
    ranked = sorted(counted.items(), key=lambda item: (-item[1], item[0]))
    return [Completion(*item) for item in ranked[: typed.first]]


def _answers(source: Source, question: Question) -> bool:
    return (
        any(_is_seen(source, seen) for seen in question.seen)
        and all(_fits(source, narrowed) for narrowed in question.filters)
        and all(_worth(source, term) for term in question.terms)
        and not any(_worth(source, term) for term in question.without)
    )


def _found(source: Source, question: Question) -> Found:
    score = sum(_worth(source, term) for term in question.terms)
    return Found(source.id, source.record, source.line, score, source.at)


def _order(place: After, order: Order) -> tuple[int | str, ...]:
    if order is Order.RELEVANCE:
        return -place.score, -place.at, place.id
    return (-place.at if order is Order.NEWEST else place.at), place.id


def _buckets(documents: Iterable[Source], name: str) -> list[Bucket]:
    counted = Counter(value for source in documents for value in set(source.fields.get(name, ())))
    ranked = sorted(counted.items(), key=lambda item: (-item[1], item[0]))
    return [Bucket(*item) for item in ranked[: None if name in COUNTED_WHOLE else MOST_BUCKETS]]


def _is_seen(source: Source, seen: Seen) -> bool:
    return (
        source.kept in seen.kept
        and (seen.laws is None or source.law in seen.laws)
        and (seen.records is None or source.record in seen.records)
        and (seen.places is None or source.place in seen.places)
    )


def _fits(source: Source, narrowed: Filter) -> bool:
    if isinstance(narrowed, Among):
        return not set(narrowed.values).isdisjoint(source.fields.get(narrowed.field, ()))
    value = source.at if narrowed.field == "at" else source.amount
    return (
        value is not None
        and (narrowed.low is None or value >= narrowed.low)
        and (narrowed.high is None or value < narrowed.high)
    )


def _worth(source: Source, term: Term) -> int:
    return max(_worths(source, term), default=0)


def _worths(source: Source, term: Term) -> Iterator[int]:
    text = source.text
    if not set(term.numbers).isdisjoint(source.numbers):
        yield Weight.NUMBER
    if term.how in ("prefix", "wildcard"):
        pattern = term.pattern or f"{term.words[0]}*"
        if any(_matches(pattern, surface) for surface in text.surfaces):
            yield Weight.HEAD
        if any(_matches(pattern.upper(), n) for n in source.numbers if "~" not in n):
            yield Weight.HEAD
        return
    stems = tuple(map(stem, term.words))
    if _follow(stems, text.title):
        yield Weight.TITLE
    if _follow(stems, text.body):
        yield Weight.BODY
    if term.how != "phrase" and stems[0] in text.heads:
        yield Weight.HEAD
    if term.how == "fuzzy" and any(_is_slip(term, surface) for surface in text.surfaces):
        yield Weight.FUZZY


def _matches(pattern: str, value: str) -> bool:
    parts = {"*": ".*", "?": "."}
    regular = "".join(parts.get(c, re.escape(c)) for c in pattern)
    return re.fullmatch(regular, value, re.DOTALL) is not None


def _follow(stems: tuple[str, ...], text: tuple[str, ...]) -> bool:
    return any(text[at : at + len(stems)] == stems for at in range(len(text)))


def _is_slip(term: Term, surface: str) -> bool:
    meant = term.words[0]
    return surface[:1] == meant[:1] and OSA.distance(surface, meant) <= term.edits


def _may_become(completion: str, beginnings: Iterable[str]) -> bool:
    surfaces = [word.surface for word in words(completion)]
    return all(any(s.startswith(each) for s in surfaces) for each in beginnings)
