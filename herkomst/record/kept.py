"""What is not sold on: a found good with a hit, as long as the hit stands.

It is asked of events when a sale is recorded, so a hit that falls keeps nothing from that moment
on. A report that is closed keeps nothing either: who would be told of it may not know of it. As
many statements are asked whether anything is kept or not.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from psycopg import Connection

from herkomst.domain import ids
from herkomst.domain.casework import kept, sequel
from herkomst.domain.casework.kept import HitMet
from herkomst.domain.events import Recorded
from herkomst.domain.problems import Problem
from herkomst.domain.register import stolen_item
from herkomst.domain.register.stolen_item import CLOSED, Report
from herkomst.record.database import Row
from herkomst.record.reader import SequenceReader

_CASEWORK, _REGISTER = SequenceReader("casework"), SequenceReader("register")
Facts = Mapping[UUID, Sequence[Recorded]]


class Kept(NamedTuple):
    """A good that is not sold on, and what may be told of why."""

    line: int
    source: str
    """Who reported the stolen good."""
    is_open: bool
    """Whether the report may be told of, beyond that there is one."""

    def refusal(self) -> Problem:
        """Why a sale of it is refused."""
        why = "it may be the good of a report that is not told of"
        if self.is_open:
            why = "it bears the number of a good that was reported stolen"
        return Problem(
            "/line",
            "kept",
            f"Line {self.line} is a found good that stays where it is: {why}.",
            f"Keep it, and ask {self.source}; it may be sold on once the hit on it has fallen.",
        )


def on(connection: Connection[Row], purchases: Collection[UUID]) -> Mapping[tuple[UUID, int], Kept]:
    """The goods of these purchases that are kept, by purchase and line."""
    streams = {ids.kept_of(purchase): purchase for purchase in purchases}
    told = _CASEWORK.streams(connection, list(streams))
    met = [(streams[stream], hit) for stream in told for hit in kept.folded(told[stream]).values()]
    hits = [UUID(hex=hit.hit) for _, hit in met]
    facts = _CASEWORK.streams(connection, [*hits, *map(ids.sequel_of, hits)])
    reports = _REGISTER.streams(connection, [UUID(hex=hit.stolen) for _, hit in met])
    found = [_kept(purchase, hit, facts, reports) for purchase, hit in met]
    # Of several hits on a good, one that may be told of is told of.
    return dict(sorted(filter(None, found), key=lambda each: each[1].is_open))


def _kept(
    purchase: UUID, hit: HitMet, facts: Facts, reports: Facts
) -> tuple[tuple[UUID, int], Kept] | None:
    stream = UUID(hex=hit.hit)
    state = sequel.folded([*facts.get(stream, ()), *facts.get(ids.sequel_of(stream), ())])
    report = _report(reports.get(UUID(hex=hit.stolen), ()))
    if report is None or report.handling == CLOSED or not state.finding_print or state.denied:
        return None
    return (purchase, hit.line), Kept(hit.line, report.source, report.handling == "open")


def _report(facts: Sequence[Recorded]) -> Report | None:
    state: stolen_item.StolenItem | None = None
    for fact in facts:
        state = stolen_item.evolve(state, fact.data)
    return state.report if state else None
