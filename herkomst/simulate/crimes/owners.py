"""Owners who sell and then report: nothing was stolen, and the insurer pays."""

from herkomst.simulate import clock, rates, thefts
from herkomst.simulate.stage import Scene
from herkomst.simulate.supply import Lot

_SOLD: dict[str, tuple[str, ...]] = {
    "phones": ("phone", "phone"),
    "bicycles": ("e_bike", "bicycle"),
    "general": ("laptop", "console"),
    "electronics": ("laptop", "camera"),
}


def owner(scene: Scene) -> None:
    """Somebody sells a good, and says days later that it was stolen from home."""
    _sell_and_report(scene, rates.CLAIMED_AFTER_DAYS, by_seller=True)


def stolen_from_buyer(scene: Scene) -> None:
    """The shop sold the good on at once, and it is stolen from its buyer: nobody did wrong."""
    _sell_and_report(scene, rates.STOLEN_FROM_BUYER_AFTER_DAYS, by_seller=False)


def _sell_and_report(scene: Scene, after: tuple[int, int], *, by_seller: bool) -> None:
    town, day = scene.town(), scene.day()
    seller = scene.person(town)
    shop = scene.shop(town, day, *_SOLD)
    kinds = _SOLD.get(shop.trade, ("laptop", "phone"))
    good = scene.supply.good(kinds[int(scene.chance.random() * len(kinds))])
    when = scene.visit(shop, day)
    scene.sell(seller, shop, when, Lot(good.model.kind, "own", good=good))
    happened = when[0] + scene.count(after) * clock.DAY
    buyer = seller if by_seller else scene.person(town)
    scene.supply.claim(
        good, thefts.claimed(scene.chance, good.model.kind, town, happened, buyer.home.postcode)
    )
