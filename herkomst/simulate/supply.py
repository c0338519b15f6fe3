"""Where the goods at a counter come from, and what the police hear of them.

Most are honest. Some were stolen; some are stolen later, from the next owner, so that number,
brand and model agree and yet nothing is wrong; some were here before; and one model of tool
always bears its model number instead of a serial.
"""

from collections.abc import Callable
from random import Random
from typing import Final

from herkomst.simulate import clock, rates, thefts, truth, writing
from herkomst.simulate.circulation import Circulation
from herkomst.simulate.draws import Spread, Urn
from herkomst.simulate.formats import Hit, PurchaseLine, Reference
from herkomst.simulate.goods import Good, Warehouse, make
from herkomst.simulate.places import Country, Town
from herkomst.simulate.purchases import SOURCE, Visit
from herkomst.simulate.thefts import Police
from herkomst.simulate.writing import Written

_KINDS: Final = {trade: Urn(kinds) for trade, kinds in rates.KINDS.items()}
_TWIN_AFTER: Final = Spread.of_quantiles(rates.TWIN_STOLEN_AFTER_DAYS)
_TWIN_MODES: Final = frozenset({"bought", "traded_in"})
_FLOOD_TRADES: Final = frozenset({"general", "charity", "electronics", "pawn", "metal"})
_TOLD_EVERY: Final = 5_000


class Supply:
    """Brings goods to the counters, and has thefts reported at the pace of the purchases."""

    def __init__(
        self,
        *,
        warehouse: Warehouse,
        country: Country,
        police: Police,
        chance: Random,
        tell: Callable[[object], None],
        purchases: int,
        stolen: int,
    ) -> None:
        self._warehouse = warehouse
        self._country = country
        self._police = police
        self._chance = chance
        self._tell = tell
        self._purchases = purchases
        self._stolen = stolen
        self._hand = writing.shop(warehouse)
        self._circulation = Circulation(chance)
        self._twins_owed: dict[str, float] = {}
        self._flooded_bought = _Quota(_flood(purchases, stolen, 1 - rates.FLOODED_STOLEN))
        self._flooded_stolen = _Quota(_flood(purchases, stolen, rates.FLOODED_STOLEN))
        self.hits = 0
        self.full_hits = 0
        self.twins = 0

    def bring(self, visit: Visit, line: int, done: int) -> tuple[Good, Written]:
        """Bring one good to a counter and say how the shop writes it down."""
        chance, trade = self._chance, visit.shop.trade
        if trade in _FLOOD_TRADES and self._flooded_bought.is_due(done / self._purchases):
            good = make(chance, self._warehouse.flooding)
            return good, writing.flooded(good)
        kind = _KINDS[trade].draw(chance)
        again = self._circulation.take(kind, visit.at)
        if again:
            return again, self._hand.write(chance, again)
        good = self._warehouse.good(chance, kind)
        written = self._hand.write(chance, good)
        if chance.random() < _stolen_share(kind, trade):
            self._stolen_before(visit, line, good, written)
        elif not self._stolen_after(visit, good, written):
            self._circulation.sell_on(good, visit.at)
        return good, written

    def keep_up(self, done: int) -> None:
        """Have goods stolen that no shop ever sees, in step with the purchases."""
        until = self._stolen - self._stolen * done // self._purchases
        while self._police.left > until:
            self._steal_elsewhere()

    def finish(self, progress: Callable[[str, int, int], None]) -> None:
        """Have the rest stolen."""
        told = 0
        while self._police.left:
            self._steal_elsewhere()
            if self._stolen - self._police.left >= told:
                told = self._stolen - self._police.left + _TOLD_EVERY
                progress("stolen", self._stolen - self._police.left, self._stolen)
        progress("stolen", self._stolen, self._stolen)

    def _steal_elsewhere(self) -> None:
        chance = self._chance
        theft, kind = thefts.elsewhere(chance, self._country)
        written: Written | None = None
        if self._flooded_stolen.is_due(1 - self._police.left / self._stolen):
            good = make(chance, self._warehouse.flooding)
            theft.sort, written = "burglary", writing.flooded(good)
        else:
            good = self._warehouse.good(chance, kind)
        report = self._police.report(theft, good, written=written)
        if report.recovered and not written:
            self._circulation.give_back(good, report.recovered)

    def _stolen_before(self, visit: Visit, line: int, good: Good, written: Written) -> None:
        """Have the good stolen before this sale, and reported if the owner cares to."""
        chance, kind = self._chance, good.model.kind
        theft = thefts.before_sale(chance, kind, self._near(visit.shop.town), visit.at)
        cares = chance.random() < rates.THEFT_REPORTED[theft.sort]
        if not cares or theft.reported > clock.END or not self._police.left:
            return
        report = self._police.report(theft, good, sold_at=visit.at)
        if report.recovered:
            self._circulation.give_back(good, report.recovered)
        verdict = truth.verdict(good, written, report.written)
        if verdict and report.fate != "mistaken":
            self._note(visit, line, report.key, verdict, theft.sort)

    def _note(self, visit: Visit, line: int, key: str, verdict: truth.Verdict, sort: str) -> None:
        bought = PurchaseLine(SOURCE, visit.key, line)
        self._tell(Hit(bought, Reference(thefts.SOURCE, key), verdict.grade, verdict.why))
        self.hits += 1
        if verdict.grade == "full_hit":
            self.full_hits += 1
            owed = self._twins_owed.get(sort, 0)
            self._twins_owed[sort] = owed + rates.TWINS_PER_FULL_HIT

    def _stolen_after(self, visit: Visit, good: Good, written: Written) -> bool:
        """Pay a twin that is owed: the shop sold the good on, and it is stolen from its buyer."""
        sort = thefts.class_of(good.model.kind)
        if self._twins_owed.get(sort, 0) < 1 or visit.mode not in _TWIN_MODES:
            return False
        happened = visit.at + int(_TWIN_AFTER.draw(self._chance) * clock.DAY)
        reported = self._as_full_hit(good, written)
        if reported is None or happened > clock.END or not self._police.left:
            return False
        town = self._near(visit.shop.town)
        theft = thefts.after_sale(self._chance, good.model.kind, town, visit.at, happened)
        if theft.reported > clock.END:
            return False
        self._police.report(theft, good, written=reported)
        self._twins_owed[sort] -= 1
        self.twins += 1
        return True

    def _as_full_hit(self, good: Good, written: Written) -> Written | None:
        """Write a report that would be a full hit on what the shop wrote, were it not for time."""
        if not written.fates:
            return None
        reported = self._police.hand.write_fully(self._chance, good)
        verdict = truth.verdict(good, written, reported)
        return reported if verdict and verdict.grade == "full_hit" else None

    def _near(self, town: Town) -> Town:
        """Draw where something happened that ended, or began, in a shop of that town."""
        draw = self._chance.random()
        if draw < rates.STOLEN_IN_TOWN_OF_SHOP:
            return town
        if draw < rates.STOLEN_IN_TOWN_OF_SHOP + rates.STOLEN_NEXT_TOWN:
            return self._country.next_to(town, self._chance)
        return self._country.town(self._chance)


class _Quota:
    """So many of something, spread over the making of the world."""

    __slots__ = ("_done", "_wanted")

    def __init__(self, wanted: int) -> None:
        self._wanted = wanted
        self._done = 0

    def is_due(self, share: float) -> bool:
        """Say whether the next one is due when that share of the world is made, and count it."""
        if self._done >= self._wanted * share:
            return False
        self._done += 1
        return True


def _flood(purchases: int, stolen: int, share: float) -> int:
    """Return how many goods bear the one model number, of the side with that share of them."""
    if min(purchases, stolen) < rates.FLOOD_FROM_PURCHASES:
        return 0
    goods = round(purchases * rates.FLOODED_SHARE)
    return round(min(max(goods, rates.FLOODED_FEWEST), rates.FLOODED_GOODS) * share)


def _stolen_share(kind: str, trade: str) -> float:
    if trade == "charity":
        return rates.STOLEN_AMONG_CHARITY
    return rates.STOLEN_AMONG_PURCHASES[kind]
