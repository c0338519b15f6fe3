"""Companies that sell, all innocent: dealers to one another, insurers, depots, owners of fleets."""

from random import Random
from typing import Final

from herkomst.simulate import clock, rates
from herkomst.simulate.formats import Reference
from herkomst.simulate.goods import FRAMED, Good
from herkomst.simulate.shops import Dealer
from herkomst.simulate.slices import Slice
from herkomst.simulate.stage import MARGIN, Scene, Stage
from herkomst.simulate.supply import Lot

_FLEETS: Final = {"laptop": "electronics", "power_tool": "general", "console": "general",
                  "camera": "electronics"}  # fmt: skip
_LINES: Final = 6
_TRADE_DAYS: Final = 600
INSURERS: Final = ("Anker en Zoon Schade", "Onderlinge De Eendracht", "Waarborg van 1879")
DEPOTS: Final = ("Fietsdepot Amstelrand", "Fietsdepot Zuidoever")
_SALVAGE: Final = {"phone": "phones", "tablet": "phones", "bicycle": "bicycles",
                   "e_bike": "bicycles", "cargo_bike": "bicycles", "car": "cars",
                   "motorcycle": "cars", "moped": "cars", "car_part": "cars", "ring": "gold",
                   "necklace": "gold"}  # fmt: skip


def fleet(scene: Scene) -> None:
    """A company sells its old things, of which some neighbours by number were stolen before."""
    kinds = list(_FLEETS)
    kind = kinds[int(scene.chance.random() * len(kinds))]
    goods = scene.supply.fleet(kind, rates.FLEET_GOODS)
    scene.chance.shuffle(goods)
    stolen = scene.count(rates.FLEET_NEIGHBOURS_STOLEN)
    day, town = scene.day(), scene.town()
    for good in goods[:stolen]:
        scene.supply.steal(good, town, day)
    shop = scene.shop(town, day, _FLEETS[kind])
    seller = scene.company(_name(scene), town)
    when = scene.visit(shop, day)
    left = [Lot(kind, "own", good=good) for good in goods[stolen:]]
    for first in range(0, len(left), _LINES):
        scene.sell(seller, shop, when, *left[first : first + _LINES])


def _name(scene: Scene) -> str:
    family = scene.person(scene.town()).name.family
    return f"{family} Verhuur BV"


class Companies:
    """Lets dealers sell to dealers, and insurers and depots what was recovered.

    Every slice knows all insurers and depots, and has dealers of its own that sell.
    """

    __slots__ = ("_dealers", "_depots", "_insurers", "_office", "_stage", "_traded", "_visits")

    def __init__(self, stage: Stage, purchases: int, chance: Random, part: Slice) -> None:
        self._stage = stage
        dealers = [dealer for dealer in stage.street.dealers if not dealer.is_chain]
        chance.shuffle(dealers)
        self._dealers = list(part.dealt(dealers))
        fewest, most = rates.DEALER_TO_DEALER_VISITS
        # Each dealer sells in one go, so that nothing about it need be remembered.
        needed = 2 * rates.DEALER_TO_DEALER * purchases / max(1, len(dealers))
        self._visits = fewest, max(most, int(needed) - fewest)
        self._traded = 0
        self._office = Scene(stage)
        self._insurers = [self._office.company(name, self._office.town()) for name in INSURERS]
        self._depots = [self._office.company(name, self._office.town()) for name in DEPOTS]

    def play(self, done: int) -> None:
        """Let companies sell what is due when so many purchases have been made."""
        while self._dealers and self._traded < rates.DEALER_TO_DEALER * done:
            self._trade(self._dealers.pop())
        salvaged = self._stage.supply.circulation.salvaged
        while salvaged:
            self._salvage(*salvaged.pop())

    def sold(self) -> list[tuple[int, list[Reference]]]:
        """Tell what insurers and depots sold, each by its place among them."""
        companies = [*self._insurers, *self._depots]
        return [
            (place, sold)
            for seller, sold in self._office.sold()
            for place, company in enumerate(companies)
            if company is seller
        ]

    def _trade(self, dealer: Dealer) -> None:
        """Let a dealer sell from stock to other dealers."""
        scene, home = Scene(self._stage), dealer.shops[0]
        seller = scene.company(dealer.record.name, home.town, home.address)
        visits = scene.count(self._visits)
        self._traded += visits
        for day in scene.days(visits, _TRADE_DAYS):
            shop = scene.shop(home.town, day, home.trade)
            if shop.dealer != home.dealer:
                when = scene.visit(shop, day)
                count = scene.count(rates.DEALER_TO_DEALER_ITEMS)
                scene.sell(seller, shop, when, *scene.supply.stock(shop.trade, when[0], count))
        scene.close_quietly()

    def _salvage(self, since: int, good: Good) -> None:
        office, kind = self._office, good.model.kind
        if since > clock.END - MARGIN * clock.DAY:
            return
        sellers = self._depots if kind in FRAMED else self._insurers
        seller = sellers[int(office.chance.random() * len(sellers))]
        day = (max(since, clock.START) - clock.START) // clock.DAY + 1
        shop = office.shop(office.town(), day, _SALVAGE.get(kind, "general"))
        office.sell(seller, shop, office.visit(shop, day), Lot(kind, "own", good=good))
