"""Bad shops: established ones that take in too much, leave off numbers, write late or invent."""

from collections.abc import Callable
from random import Random
from typing import Final

from herkomst.simulate import rates
from herkomst.simulate.crimes import loot
from herkomst.simulate.formats import Crime, Reference
from herkomst.simulate.sellers import Person
from herkomst.simulate.shops import Shop, Street, Vice
from herkomst.simulate.stage import Scene

_REACH: Final = 2
_MARGIN: Final = 1.4
"""How much larger than needed a large shop is meant to be, as chance may make it smaller."""
_INVENTED: Final = "invented"
_TRADES: Final = frozenset({"phones", "bicycles", "general", "electronics", "pawn"})


def corrupt(street: Street, purchases: int, counts: dict[str, int], chance: Random) -> list[Shop]:
    """Make some shops bad, so many of each form, and return them.

    They are large enough for a share of hits to mean something; where too few are, the largest.
    """
    forms = [form for form, count in counts.items() for _ in range(count)]
    candidates, large = _candidates(street, purchases)
    found = []
    for form in forms[: len(candidates)]:
        reach = min(len(candidates), _REACH * len(forms))
        if form == "many_hits":
            reach = max(1, min(reach, large))
        shop = candidates.pop(int(chance.random() * reach))
        large -= 1
        shop.vice = Vice(form, _factor(form, chance))
        found.append(shop)
    return found


def _candidates(street: Street, purchases: int) -> tuple[list[Shop], int]:
    """Return the shops that could be bad, and how many of the first ones are large.

    The smallest of the large ones come first, as the largest of all are honest; then the others.
    """
    independent = [
        shop
        for dealer in street.dealers
        if not dealer.is_chain
        for shop in dealer.shops
        if shop.trade in _TRADES and shop.is_always_open
    ]
    total = sum(shop.weight for shop in street.shops)
    fewest = _MARGIN * rates.MANY_HITS_FEWEST_ENTRIES * total / purchases
    by_size = sorted(independent, key=lambda shop: shop.weight)
    large = [shop for shop in by_size if shop.weight >= fewest]
    return large + by_size[::-1][len(large) :], len(large)


def _factor(form: str, chance: Random) -> float:
    low, high = rates.LATE_SHARE if form == "late" else rates.MANY_HITS_FACTOR
    return rates.NO_NUMBERS_FACTOR if form == "no_numbers" else low + (high - low) * chance.random()


def invent(scene: Scene, shop: Shop) -> None:
    """Let a bad shop enter sellers who do not exist, or who stood in another town just then."""
    scene.dealer = shop
    for _ in range(scene.count(rates.INVENTED_SELLERS)):
        day = scene.day()
        nobody = scene.person(scene.town_near(shop.town))
        _enter(scene, shop, scene.visit(shop, day), nobody)
    for _ in range(scene.count(rates.RECYCLED_SELLERS)):
        _recycle(scene, shop)


def _recycle(scene: Scene, shop: Shop) -> None:
    chance, day, town = scene.chance, scene.day(), scene.town()
    other = scene.shop(town, day, "phones", "general", "bicycles", "gold")
    if other.town is shop.town:
        return
    honest = scene.person(town)
    at, closes = scene.visit(other, day)
    scene.sell(honest, other, (at, closes), *loot.bag(chance, other.trade, "ordinary"))
    minutes = rates.RECYCLED_WITHIN_MINUTES
    _enter(scene, shop, (at + chance.randint(-minutes, minutes), closes), honest)


def _enter(scene: Scene, shop: Shop, when: tuple[int, int], who: Person) -> None:
    brought = loot.bag(scene.chance, shop.trade, "stolen")
    reference = scene.sell(who, shop, when, *brought)
    scene.excuse(who)
    if reference:
        scene.noted.append(reference)


def tell(street: Street, bad: list[Shop], tell_crime: Callable[[Crime], None]) -> None:
    """Write the bad shops into the truth, and beside them the honest ones with the most hits."""
    for shop in bad:
        if shop.vice and shop.vice.form != _INVENTED:
            tell_crime(_crime("bad_shop", shop, shop.vice.noted, form=shop.vice.form))
    honest = [shop for shop in street.shops if not shop.vice]
    by_hits = sorted(honest, key=lambda shop: (-shop.hits, -shop.weight))
    for shop in by_hits[: rates.LOOK_ALIKES_OF_A_CRIME * len(bad)]:
        of = "bad_shop"
        tell_crime(_crime("large_honest_shop", shop, shop.hit_purchases, look_alike_of=of))


def _crime(
    kind: str,
    shop: Shop,
    purchases: list[Reference],
    *,
    form: str | None = None,
    look_alike_of: str | None = None,
) -> Crime:
    return Crime(kind, [], purchases, form, shop.dealer, shop.branch, look_alike_of)
