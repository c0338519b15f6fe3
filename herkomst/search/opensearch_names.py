"""Names in the language of OpenSearch: a plan in, the body of a request out.

What a candidate is worth is a sum of constants, as in PostgreSQL, so both compare the same names.
"""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

import msgspec

from herkomst.search.names import COMPARED, Candidate, Name, Plan, Wanted, Way, Worth

Body = dict[str, Any]


class Named(msgspec.Struct):
    """Of a document, what is compared."""

    id: str
    record: UUID
    name: Name

    def candidate(self) -> Candidate:
        return Candidate(self.id, self.record, self.name)


def body(plan: Plan, ways: Iterable[Way], shown: Body) -> Body:
    """The question for candidates; of which documents the viewer may know is part of it."""
    met = [{"bool": {"filter": [_has(some) for some in way]}} for way in ways]
    worth = [_best(part) for part in plan.parts]
    worth += [_constant((key,), Worth.WHOLE) for key in plan.whole]
    return {
        "query": {"bool": {"filter": [{"bool": {"should": met}}, shown], "should": worth}},
        "size": COMPARED,
        "sort": [{"_score": "desc"}, {"id": "asc"}],
        "track_total_hits": False,
        "_source": list(Named.__struct_fields__),
    }


def _best(part: Wanted) -> Body:
    """Of what met, the best counts, and nothing is added for the others."""
    branches = ((part.strong, Worth.STRONG), (part.weak, Worth.WEAK))
    ways = [_constant(some, worth) for some, worth in branches if some]
    return {"dis_max": {"queries": [*ways, _constant((part.initial,), Worth.INITIAL)]}}


def _constant(some: Iterable[str], worth: int) -> Body:
    return {"constant_score": {"filter": _has(some), "boost": worth}}


def _has(some: Iterable[str]) -> Body:
    return {"terms": {"keys": list(some)}}
