"""Straw sellers: people sent to a counter with what another stole."""

from herkomst.simulate import rates
from herkomst.simulate.crimes import loot
from herkomst.simulate.crimes.rings import sell_together
from herkomst.simulate.draws import Urn
from herkomst.simulate.sellers import Person
from herkomst.simulate.stage import Scene
from herkomst.simulate.supply import Lot, Past

_LINKS = Urn(rates.STRAW_LINKS)


def linked(scene: Scene) -> None:
    """Something that a register records leads from one to the other."""
    sellers = _sellers(scene)
    link = _LINKS.draw(scene.chance)
    if link == "phone":
        for seller in sellers:
            seller.phone = sellers[0].phone
        _sell(scene, sellers)
    elif link == "presence":
        _in_pairs(scene, sellers)
    else:
        goods = scene.supply.fleet("power_tool", len(sellers))
        _sell(scene, sellers, [Lot("power_tool", "stolen", good=good) for good in goods])


def unlinked(scene: Scene) -> None:
    """Nothing that a register records leads from one to the other."""
    _sell(scene, _sellers(scene))


def _sellers(scene: Scene) -> list[Person]:
    town = scene.town()
    return scene.people(scene.count(rates.STRAW_SELLERS), town)


def _days(scene: Scene, count: int) -> list[int]:
    return scene.days(count, scene.count(rates.STRAW_SPAN_DAYS))


def _sell(scene: Scene, sellers: list[Person], lots: list[Lot] | None = None) -> None:
    for number, day in enumerate(_days(scene, len(sellers))):
        seller = sellers[number]
        trades = ("general", "pawn") if lots else loot.FENCES
        shop = scene.shop(scene.town_near(seller.town), day, *trades)
        brought = [lots[number]] if lots else loot.bag(scene.chance, shop.trade, _past(scene))
        scene.sell(seller, shop, scene.visit(shop, day), *brought)


def _in_pairs(scene: Scene, sellers: list[Person]) -> None:
    for day in _days(scene, max(2, len(sellers) // 2)):
        shop = scene.shop(sellers[0].town, day, *loot.FENCES)
        sell_together(scene, scene.chance.sample(sellers, 2), shop, day)


def _past(scene: Scene) -> Past:
    return "stolen" if scene.chance.random() < rates.STRAW_STOLEN else "own"
