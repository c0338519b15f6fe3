"""Matching by brute force: every purchase line beside every stolen item, from the records alone.

It takes the current records from the books kept by hand, and shares with the product only what a
number's normal form is and what two goods say of each other; not how they are found, kept or
decided on.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from herkomst.domain.calendar import Interval, interval, parse_occurred
from herkomst.domain.identifiers import match_keys
from herkomst.domain.matching import Side, Verdict, fingerprint, judge
from herkomst.domain.register.records import (
    Good,
    Moment,
    StolenItemRecord,
)
from herkomst.projections.match_keys import PURCHASE, STOLEN
from tests.processes.books import Books

Pair = tuple[str, int, str]
"""Key of the purchase, line, key of the stolen item."""


class Standing(NamedTuple):
    """What a hit that stands tells."""

    grade: str
    time: str
    score: int
    reasons: tuple[str, ...]
    against: tuple[str, ...]


class World:
    """The records as the books have them now, and which facts people rejected."""

    def __init__(self, books: Books, token: Callable[[str], str], flood: int) -> None:
        self._books = books
        self._token = token
        self._flood = flood
        self.rejected: dict[Pair, str] = {}

    def hits(self) -> dict[Pair, Standing]:
        """The hits that stand: what the comparison finds and no person rejected on these facts."""
        return {
            pair: Standing(
                str(verdict.grade),
                str(verdict.time),
                verdict.score,
                tuple(reason.code for reason in verdict.reasons),
                tuple(reason.code for reason in verdict.against),
            )
            for pair, verdict, facts in self._verdicts()
            if verdict.outcome == "hit" and self.rejected.get(pair) != facts
        }

    def passages(self) -> set[Pair]:
        return {p for p, verdict, _ in self._verdicts() if verdict.outcome == "earlier_passage"}

    def floods(self) -> set[tuple[str, str, bool]]:
        """Side and key of the numbers that stand on more goods of a side than the limit, and
        whether they do so only together with what is closed."""
        known, whole = self._flooded(closed=False), self._flooded(closed=True)
        return {(*number, False) for number in known} | {(*n, True) for n in whole - known}

    def _flooded(self, *, closed: bool) -> set[tuple[str, str]]:
        """The same, with closed goods counted or not."""
        counted = [lost for key, lost in self._lost().items() if closed or not self._closed(key)]
        bought = Counter((PURCHASE, key) for side in self._bought().values() for key in side.keys)
        lost = Counter((STOLEN, key) for side in counted for key in side.keys)
        return {number for number, times in (bought + lost).items() if times > self._flood}

    def _closed(self, key: str) -> bool:
        return self._books.stolen[key].handling == "closed"

    def keys(self) -> Counter[tuple[str, str]]:
        """How many goods of a side bear each key."""
        sides = ((PURCHASE, self._bought()), (STOLEN, self._lost()))
        return Counter((name, key) for name, told in sides for s in told.values() for key in s.keys)

    def _verdicts(self) -> Iterator[tuple[Pair, Verdict, str]]:
        flooded = {c: {key for _, key in self._flooded(closed=c)} for c in (False, True)}
        lost = self._lost()
        for (key, line), mine in self._bought().items():
            for other, theirs in lost.items():
                if mine.keys and theirs.keys:
                    verdict = judge(mine, theirs, flooded[self._closed(other)])
                    yield (key, line, other), verdict, fingerprint(mine, theirs)

    def _bought(self) -> dict[tuple[str, int], Side]:
        return {
            (key, item.line): self._side(
                item,
                record.acquired,
                erased=key in self._books.erased,
                offer_refused=record.mode == "offer_refused",
            )
            for key, record in self._books.purchases.items()
            for item in record.items
        }

    def _lost(self) -> dict[str, Side]:
        return {key: self._stolen(record) for key, record in self._books.stolen.items()}

    def _stolen(self, record: StolenItemRecord) -> Side:
        recovered = record.status == "recovered"
        back = _span(Moment(from_=record.recovered_at)) if record.recovered_at else None
        return self._side(
            record.item,
            record.stolen,
            withdrawn=record.status == "withdrawn" or (recovered and back is None),
            never=record.offence == "found",
            recovered=back.start if recovered and back else None,
            recovered_end=back.end if recovered and back else None,
        )

    def _side(self, good: Good, when: Moment, *, erased: bool = False, **more: Any) -> Side:
        numbers = [(number.type, number.value) for number in good.identifiers]
        keys = {
            key
            for key in match_keys(numbers, good.kind, self._token)
            if not (erased and key.split(":")[0] in ("plate", "engraving"))
        }
        span = _span(when)
        return Side(
            good.kind, good.brand, good.model, frozenset(keys), span.start, span.end, **more
        )


def _span(when: Moment) -> Interval:
    return interval(parse_occurred(when.from_, when.to, when.zone, when.precision))
