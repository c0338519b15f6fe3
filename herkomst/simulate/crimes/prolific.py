"""Prolific sellers: thieves and their regular customers, who sell more than their own."""

from herkomst.simulate import rates
from herkomst.simulate.crimes import loot
from herkomst.simulate.stage import Scene
from herkomst.simulate.supply import Past


def with_hits(scene: Scene) -> None:
    """Some of what is sold can be shown to be stolen, by its number."""
    _sell(scene, "stolen", traced=scene.count(rates.PROLIFIC_HITS))


def without_hits(scene: Scene) -> None:
    """Nothing can be shown by number: it was ground off, or the owner never reported it."""
    _sell(scene, "untraceable", traced=0)


def _sell(scene: Scene, past: Past, *, traced: int) -> None:
    chance, town = scene.chance, scene.town()
    low, high = rates.PROLIFIC_STOLEN
    stolen = low + (high - low) * chance.random()
    thief = scene.person(town)
    haunts = [scene.shop(where, scene.day(), *loot.FENCES)
              for where in (town, town, scene.town_near(town), scene.town_near(town))]  # fmt: skip
    days = scene.days(scene.count(rates.PROLIFIC_SALES), scene.count(rates.PROLIFIC_SPAN_DAYS))
    for number, day in enumerate(days):
        shop = haunts[int(chance.random() ** 1.5 * len(haunts))]
        how: Past = "traced" if number < traced else past if chance.random() < stolen else "own"
        if how == "untraceable" and chance.random() < rates.PROLIFIC_UNREPORTED:
            how = "unreported"
        scene.sell(thief, shop, scene.visit(shop, day), *loot.bag(chance, shop.trade, how))
