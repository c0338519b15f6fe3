"""Matching by brute force: every purchase line beside every stolen item, from the records alone.

It takes the current records from the books kept by hand, and shares with the product only what a
number's normal form is and what two goods say of each other; not how they are found, kept or
decided on.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any, NamedTuple

from herkomst.domain.calendar import Interval, interval, parse_occurred
from herkomst.domain.goods import normal_brand, normal_model
from herkomst.domain.identifiers import Number, numbers, numbers_in
from herkomst.domain.likeness import type_code
from herkomst.domain.matching import SERIES, Around, Side, Verdict, fingerprint, judge, pool
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

    def __init__(self, books: Books, token: Callable[[str], str], flood: int, crowd: int) -> None:
        self._books = books
        self._token = token
        self._flood = flood
        self._crowd = crowd
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
        lost = self._counted(closed=closed)
        on = {PURCHASE: _meet(self._bought().values()), STOLEN: _meet(lost)}
        return {
            (side, key)
            for side, meeting in on.items()
            for key, times in meeting.items()
            if times > self._flood and (":*" in key or "*@" not in key)
            if ":*" not in key or all(key in met for met in on.values())
        }

    def _counted(self, *, closed: bool) -> list[Side]:
        """The stolen goods, with those counted or not that are closed."""
        return [side for key, side in self._lost().items() if closed or not self._closed(key)]

    def _series(self, *, closed: bool) -> set[str]:
        """The stems on which several numbers stand, or many goods."""
        goods = [*self._bought().values(), *self._counted(closed=closed)]
        standing: dict[str, list[set[str]]] = {}
        for side in goods:
            for stem in {n.stem for n in side.numbers if n.stem}:
                own = {n.exact for n in side.numbers if n.stem == stem}
                standing.setdefault(stem, []).append(own)
        return {
            stem
            for stem, on in standing.items()
            if len(on) >= self._crowd or len(set[str]().union(*on)) >= 2 + SERIES
        }

    def _stock(self, class_: str, code: str | None, brand: str, model: str | None) -> int:
        """How many numbers of a class stand on stolen goods of a brand and type."""
        return sum(
            n.class_ == class_ and n.found in ("number", "second") and _is_of(n, side, code, model)
            for side in self._counted(closed=False)
            if (normal_brand(side.brand) or "") == brand
            for n in side.numbers
        )

    def _closed(self, key: str) -> bool:
        return self._books.stolen[key].handling == "closed"

    def keys(self) -> Counter[tuple[str, str]]:
        """How many goods of a side bear each key."""
        sides = ((PURCHASE, self._bought()), (STOLEN, self._lost()))
        return Counter(
            (name, n.key) for name, told in sides for s in told.values() for n in s.numbers
        )

    def _verdicts(self) -> Iterator[tuple[Pair, Verdict, str]]:
        flooded = {c: {key for _, key in self._flooded(closed=c)} for c in (False, True)}
        series = {c: self._series(closed=c) for c in (False, True)}
        lost = self._lost()
        for (key, line), mine in self._bought().items():
            for other, theirs in lost.items():
                if mine.numbers and theirs.numbers:
                    closed = self._closed(other)
                    stock = partial(self._stock_beside, mine, theirs)
                    verdict = judge(mine, theirs, Around(flooded[closed], series[closed], stock))
                    yield (key, line, other), verdict, fingerprint(mine, theirs)

    def _stock_beside(self, mine: Side, theirs: Side, class_: str, code: str | None) -> int:
        return self._stock(class_, code, *pool(mine, theirs))

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
        told = [(number.type, number.value) for number in good.identifiers]
        text = numbers_in(good.description or "", good.kind)
        found = [
            number
            for number in numbers(told, good.kind, good.brand, self._token, text)
            if not (erased and (number.sealed or number.found == "text"))
        ]
        span = _span(when)
        return Side(good.kind, good.brand, good.model, tuple(found), span.start, span.end, **more)


def _is_of(number: Number, side: Side, code: str | None, model: str | None) -> bool:
    if code is not None:
        return type_code(number.class_, number.exact.partition(":")[2]) == code
    if model is None or number.class_ in ("imei", "vin"):
        return True
    return normal_model(side.model, normal_brand(side.brand)) in (model, None)


def _meet(sides: Iterable[Side]) -> Counter[str]:
    """On how many goods each key stands."""
    return Counter(key for side in sides for key in {k for n in side.numbers for k in n.keys})


def _span(when: Moment) -> Interval:
    return interval(parse_occurred(when.from_, when.to, when.zone, when.precision))
