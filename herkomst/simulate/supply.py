"""Where the goods at a counter come from, and what the police hear of them.

Most are honest. Some were stolen; some are stolen later, from the next owner, so that number,
brand and model agree and yet nothing is wrong; some were here before; and one model of tool
always bears its model number instead of a serial.
"""

from collections.abc import Callable
from random import Random
from typing import Final, Literal

from msgspec import Struct

from herkomst.simulate import clock, rates, thefts, truth, writing
from herkomst.simulate.circulation import Circulation
from herkomst.simulate.draws import Spread, Urn
from herkomst.simulate.formats import Hit, PurchaseLine, Reference, StolenHere
from herkomst.simulate.goods import Good, Warehouse, make
from herkomst.simulate.places import Country, Town
from herkomst.simulate.purchases import SOURCE, Visit
from herkomst.simulate.thefts import Police, Report, Theft
from herkomst.simulate.writing import Written

_KINDS: Final = {trade: Urn(kinds) for trade, kinds in rates.KINDS.items()}
_TWIN_AFTER: Final = Spread.of_quantiles(rates.TWIN_STOLEN_AFTER_DAYS)
_TWIN_MODES: Final = frozenset({"bought", "traded_in"})
_FLOOD_TRADES: Final = frozenset({"general", "charity", "electronics", "pawn", "metal"})
_TOLD_EVERY: Final = 5_000

Past = Literal["ordinary", "own", "stolen", "unreported", "untraceable", "traced", "series"]
"""How a good was come by: as any other, honestly, or by theft. A stolen good may be left
unreported, be without its number, bear the number the police have, or be part of a series."""


class Lot(Struct):
    """A good that somebody brings on purpose."""

    kind: str
    past: Past = "ordinary"
    cents: int = 0
    """What is agreed to be paid for it, if anything is."""
    good: Good | None = None
    report: Report | None = None
    """What the police know of it already."""


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
        tell_second: Callable[[object], None],
        tell_stolen: Callable[[object], None],
        purchases: int,
        stolen: int,
        flooded: tuple[int, int],
    ) -> None:
        self._warehouse = warehouse
        self._country = country
        self._police = police
        self._chance = chance
        self._tell = tell
        self._tell_second = tell_second
        self._tell_stolen = tell_stolen
        self._purchases = purchases
        self._stolen = stolen
        self._hand = writing.shop(warehouse)
        self.circulation = Circulation(chance)
        self._twins_owed: dict[str, float] = {}
        self._owes_twins = False
        bought, taken = flooded
        self._flooded_bought = Quota(bought)
        self._flooded_stolen = Quota(taken)
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
        again = self.circulation.take(kind, visit.at)
        if again:
            return again, self._hand.write(chance, again)
        good = self._warehouse.good(chance, kind)
        return good, self._come_by(visit, line, good)

    def provide(self, visit: Visit, line: int, lot: Lot) -> tuple[Good, Written]:
        """Bring a good that was chosen, and say how the shop writes it down."""
        chance, past = self._chance, lot.past
        good = lot.good or self._warehouse.good(chance, lot.kind)
        if past == "ordinary":
            return good, self._come_by(visit, line, good)
        if past == "traced":
            return good, self._traced(visit, line, good)
        written = self._hand.write(chance, good)
        if past == "untraceable":
            written = writing.unnumbered(written)
        if lot.report:
            self._stolen_as_reported(visit, line, good, written, lot.report)
        elif past == "unreported":
            self._note_stolen(visit, line, None)
        elif past != "own":
            written = self._stolen_before(visit, line, good, written)
        return good, written

    def series(self, town: Town, happened: int, kinds: list[str], until: int) -> list[Lot]:
        """Have goods stolen together, to be sold before that moment."""
        chance = self._chance
        goods = [self._warehouse.good(chance, kind) for kind in kinds]
        theft = thefts.in_series(chance, town, happened)
        reports = self._police.series(theft, goods, sold_at=until)
        return [
            Lot(good.model.kind, "series", good=good, report=report)
            for good, report in zip(goods, reports, strict=False)
        ]

    def claim(self, good: Good, theft: Theft) -> None:
        """Have the police told of a theft, with all that stands on the good."""
        if self._police.left and theft.reported <= clock.END:
            written = self._police.hand.write_fully(self._chance, good)
            self._police.report(theft, good, written=written)

    def good(self, kind: str) -> Good:
        """Choose a good of the kind."""
        return self._warehouse.good(self._chance, kind)

    def stock(self, trade: str, at: int, count: int) -> list[Lot]:
        """Choose what a dealer of that trade sells: goods that were here before, or others."""
        lots = []
        for _ in range(count):
            kind = _KINDS[trade].draw(self._chance)
            again = self.circulation.take(kind, at)
            lots.append(Lot(kind, "own" if again else "ordinary", good=again))
        return lots

    def steal(self, good: Good, town: Town, day: int) -> None:
        """Have a good stolen and reported before that day, never to be seen again."""
        sold = clock.START + day * clock.DAY
        theft = thefts.before_sale(self._chance, good.model.kind, town, sold)
        if self._police.left and theft.reported <= clock.END:
            written = self._police.hand.write_fully(self._chance, good)
            self._police.report(theft, good, written=written)

    def fleet(self, kind: str, count: int) -> list[Good]:
        """Choose goods of one model with consecutive numbers."""
        return self._warehouse.fleet(self._chance, kind, count)

    def _come_by(self, visit: Visit, line: int, good: Good) -> Written:
        chance, shop = self._chance, visit.shop
        written = self._hand.write(chance, good)
        share = _stolen_share(good.model.kind, shop.trade)
        if chance.random() < (shop.vice.stolen_share(share) if shop.vice else share):
            return self._stolen_before(visit, line, good, written)
        if self._owes_twins and self._stolen_after(visit, good, written):
            return written
        self.circulation.sell_on(good, visit.at)
        return written

    def _traced(self, visit: Visit, line: int, good: Good) -> Written:
        """Have a good stolen and reported for sure, and its number written well on both sides."""
        written = self._hand.write_fully(self._chance, good)
        reported = self._police.hand.write_fully(self._chance, good)
        return self._stolen_before(visit, line, good, written, reported)

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
            self.circulation.give_back(good, report.recovered)

    def _stolen_before(
        self,
        visit: Visit,
        line: int,
        good: Good,
        written: Written,
        reported: Written | None = None,
    ) -> Written:
        """Have the good stolen before this sale, and reported if the owner cares to."""
        chance, kind, vice = self._chance, good.model.kind, visit.shop.vice
        if vice and vice.leaves_off_number(chance):
            written = writing.unnumbered(written)
        theft = thefts.before_sale(chance, kind, self._near(visit.shop.town), visit.at)
        cares = reported or chance.random() < rates.THEFT_REPORTED[theft.sort]
        if not cares or theft.reported > clock.END or not self._police.left:
            self._note_stolen(visit, line, None)
            return written
        report = self._police.report(theft, good, written=reported, sold_at=visit.at)
        if report.recovered:
            self.circulation.give_back(good, report.recovered)
        self._stolen_as_reported(visit, line, good, written, report)
        return written

    def _stolen_as_reported(
        self, visit: Visit, line: int, good: Good, written: Written, report: Report
    ) -> None:
        """Write into the truth what can be shown of a stolen good, unless the owner was wrong."""
        if report.fate == "mistaken":
            return
        self._note_stolen(visit, line, report.key)
        verdict = truth.verdict(good, written, report.written)
        if verdict:
            self._note(visit, line, report.key, verdict, thefts.class_of(good.model.kind))
        second = report.second
        if second and (verdict := truth.verdict(good, written, second.written)):
            bought = PurchaseLine(SOURCE, visit.key, line)
            stolen = Reference(thefts.INSURERS, second.key)
            self._tell_second(Hit(bought, stolen, verdict.grade, verdict.why))

    def _note_stolen(self, visit: Visit, line: int, key: str | None) -> None:
        vice = visit.shop.vice
        if vice and vice.form == "no_numbers":
            vice.note(Reference(SOURCE, visit.key))
        stolen = Reference(thefts.SOURCE, key) if key else None
        self._tell_stolen(StolenHere(PurchaseLine(SOURCE, visit.key, line), stolen))

    def _note(self, visit: Visit, line: int, key: str, verdict: truth.Verdict, sort: str) -> None:
        bought = PurchaseLine(SOURCE, visit.key, line)
        self._tell(Hit(bought, Reference(thefts.SOURCE, key), verdict.grade, verdict.why))
        visit.shop.note_hit(Reference(SOURCE, visit.key))
        self.hits += 1
        if verdict.grade == "full_hit":
            self.full_hits += 1
            owed = self._twins_owed.get(sort, 0)
            self._twins_owed[sort] = owed + rates.TWINS_PER_FULL_HIT
            self._owes_twins = True

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
        self._owes_twins = any(owed >= 1 for owed in self._twins_owed.values())
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


class Quota:
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


def flood(purchases: int, stolen: int) -> tuple[int, int]:
    """Return how many goods of a world bear the one model number: of the bought, the stolen."""
    if min(purchases, stolen) < rates.FLOOD_FROM_PURCHASES:
        return 0, 0
    goods = round(purchases * rates.FLOODED_SHARE)
    goods = min(max(goods, rates.FLOODED_FEWEST), rates.FLOODED_GOODS)
    return round(goods * (1 - rates.FLOODED_STOLEN)), round(goods * rates.FLOODED_STOLEN)


def _stolen_share(kind: str, trade: str) -> float:
    if trade == "charity":
        return rates.STOLEN_AMONG_CHARITY
    return rates.STOLEN_AMONG_PURCHASES[kind]
