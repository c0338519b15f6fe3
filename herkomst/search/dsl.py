"""Questions in the language of OpenSearch: a question in, the body of a request out.

Every value of a question is a value of the body and never a part of its language. A document scores
for each term the best weight at which it has it, whatever else is in the index. Patterns and
misspellings stand for all words that they fit, and not for the first so many: which those are would
depend on documents that the viewer may not know of.
"""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from herkomst.search.analysis import stem
from herkomst.search.mapping import BETWEEN, folded
from herkomst.search.questions import (
    COUNTED_WHOLE,
    MOST_BUCKETS,
    Among,
    Between,
    Filter,
    Order,
    Question,
    Seen,
    Term,
    Typed,
    Weight,
)

Body = dict[str, Any]

MOST_VALUES = 50_000
"""How many values of a field a part of an index counts before the most frequent are taken: more
than any field has, so counts are exact."""
MOST_LISTED = 65_536
"""Values that the engine takes in one condition."""
_NONE: Body = {"match_none": {}}
_SORTS: dict[Order, list[Body]] = {
    Order.RELEVANCE: [{"_score": "desc"}, {"at": "desc"}, {"id": "asc"}],
    Order.NEWEST: [{"at": "desc"}, {"id": "asc"}],
    Order.OLDEST: [{"at": "asc"}, {"id": "asc"}],
}


def question_body(question: Question) -> Body:
    """What is asked for a page, one more than it holds, so that it is known whether there is more;
    of each document its place in the order is answered, which is all that is needed of it."""
    body: Body = {
        "query": _query(question),
        "size": question.first + 1,
        "sort": _SORTS[question.order],
        "track_total_hits": True,
        "_source": False,
        "stored_fields": "_none_",
    }
    if question.after is not None:
        score, at, id_ = question.after
        body["search_after"] = [score, at, id_] if _is_scored(question) else [at, id_]
    if question.facets:
        body["aggs"] = {name: _facet(name) for name in question.facets}
    return body


def completion_body(typed: Typed) -> Body | None:
    """What is asked to complete a text; None where it has no word."""
    beginnings = folded(typed.text).split()
    if not beginnings:
        return None
    bearing = "&".join(f".*{BETWEEN}(.* )?{_literally(each)}.*" for each in beginnings)
    return {
        "query": {"bool": {"filter": [shown(typed.seen), {"regexp": {"completions": bearing}}]}},
        "size": 0,
        "track_total_hits": False,
        "aggs": {
            "completions": {
                "terms": {
                    "field": "completions",
                    "include": bearing,
                    "size": typed.first,
                    "shard_size": MOST_VALUES,
                }
            }
        },
    }


def _is_scored(question: Question) -> bool:
    return question.order is Order.RELEVANCE


def _query(question: Question) -> Body:
    terms = [_term(term) for term in question.terms]
    narrowed = [shown(question.seen), *map(_filter, question.filters)]
    without = [_term(term) for term in question.without]
    if _is_scored(question):
        return {"bool": {"must": terms, "filter": narrowed, "must_not": without}}
    return {"bool": {"filter": [*narrowed, *terms], "must_not": without}}


def _term(term: Term) -> Body:
    """Where a term may be found, by worth."""
    ways = list(_ways(term))
    return {"dis_max": {"queries": ways}} if ways else _NONE


def _ways(term: Term) -> Iterator[Body]:
    if term.numbers:
        yield _worth(Weight.NUMBER, {"terms": {"numbers": term.numbers}})
    if term.how == "prefix":
        yield from _as_part("prefix", term.words[0], term.words[0].upper())
    elif term.how == "wildcard":
        yield from _as_pattern(term.pattern)
    elif term.how == "phrase":
        phrase = " ".join(map(stem, term.words))
        yield _worth(Weight.TITLE, _phrase("text.title", phrase))
        yield _worth(Weight.BODY, _phrase("text.body", phrase))
    else:
        yield from _as_word(term)


def _as_word(term: Term) -> Iterator[Body]:
    stemmed = stem(term.words[0])
    yield _worth(Weight.TITLE, {"term": {"text.title": stemmed}})
    yield _worth(Weight.BODY, {"term": {"text.body": stemmed}})
    yield _worth(Weight.HEAD, {"term": {"text.heads": stemmed}})
    if term.how == "fuzzy" and term.edits:
        yield _worth(Weight.FUZZY, {"fuzzy": {"text.surfaces": _misspelt(term)}})


def _misspelt(term: Term) -> Body:
    return {
        "value": term.words[0],
        "fuzziness": term.edits,
        "prefix_length": 1,
        "transpositions": True,
        "rewrite": "constant_score",
    }


def _as_part(kind: str, word: str, number: str) -> Iterator[Body]:
    for field, value in (("text.surfaces", word), ("numbers", number)):
        yield _worth(Weight.HEAD, {kind: {field: {"value": value, "rewrite": "constant_score"}}})


def _as_pattern(pattern: str) -> Iterator[Body]:
    # A keyed hash, which has a tilde, is no number that somebody knows a part of.
    return _as_part("regexp", _regular(pattern, "."), _regular(pattern.upper(), "[^~]"))


def _regular(pattern: str, any_one: str) -> str:
    return "".join(
        any_one if c == "?" else f"{any_one}*" if c == "*" else _literally(c) for c in pattern
    )


def _literally(text: str) -> str:
    return "".join(c if c.isalnum() or c == " " else f"\\{c}" for c in text)


def _phrase(field: str, phrase: str) -> Body:
    return {"match_phrase": {field: {"query": phrase, "analyzer": "whitespace"}}}


def _worth(weight: int, query: Body) -> Body:
    return {"constant_score": {"filter": query, "boost": weight}}


def _filter(narrowed: Filter) -> Body:
    if isinstance(narrowed, Among):
        return {"terms": {f"fields.{narrowed.field}": narrowed.values}}
    return _between(narrowed)


def _between(narrowed: Between) -> Body:
    bounds = {"gte": narrowed.low, "lt": narrowed.high}
    return {"range": {narrowed.field: {k: v for k, v in bounds.items() if v is not None}}}


def shown(seen: Sequence[Seen]) -> Body:
    """Documents of which the viewer may know."""
    return _any([{"bool": {"filter": list(_conditions(each))}} for each in seen])


def _conditions(seen: Seen) -> Iterator[Body]:
    yield _listed("kept", seen.kept)
    for field, values in (("law", seen.laws), ("record", seen.records), ("place", seen.places)):
        if values is not None:
            yield _listed(field, frozenset(map(str, values)))


def _listed(field: str, values: frozenset[str]) -> Body:
    rest = iter(sorted(values))
    parts = iter(lambda: list(islice(rest, MOST_LISTED)), [])
    return _any([{"terms": {field: part}} for part in parts])


def _any(queries: list[Body]) -> Body:
    if len(queries) < 2:
        return queries[0] if queries else _NONE
    return {"bool": {"should": queries, "minimum_should_match": 1}}


def _facet(name: str) -> Body:
    most = MOST_VALUES if name in COUNTED_WHOLE else MOST_BUCKETS
    return {"terms": {"field": f"fields.{name}", "size": most, "shard_size": MOST_VALUES}}
