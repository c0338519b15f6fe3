"""Rings of three to nine who sell for each other; each form leaves another trace."""

from herkomst.simulate import clock, rates
from herkomst.simulate.crimes import loot
from herkomst.simulate.sellers import Person
from herkomst.simulate.shops import Shop
from herkomst.simulate.stage import Scene
from herkomst.simulate.supply import Past


def by_phone(scene: Scene) -> None:
    """The members give one phone number, and sell in different shops."""
    town = scene.town()
    members = scene.people(scene.count(rates.RING_MEMBERS), town)
    for member in members:
        member.phone = members[0].phone
    _sell_apart(scene, members)


def by_address(scene: Scene) -> None:
    """The members give one address, though they are no family."""
    town = scene.town()
    first = scene.person(town)
    others = scene.count(rates.RING_MEMBERS) - 1
    members = [first, *(scene.person(town, home=first.home) for _ in range(others))]
    for member in members:
        member.next_home = member.home
    _sell_apart(scene, members)


def by_presence(scene: Scene) -> None:
    """The members share nothing but that they are in the same shop within twenty minutes."""
    chance, town = scene.chance, scene.town()
    members = scene.people(scene.count(rates.RING_MEMBERS), town)
    for day in _spread(scene, scene.count(rates.RING_OCCASIONS)):
        shop = scene.shop(town, day, *loot.FENCES)
        present = members if len(members) < 4 else chance.sample(members, len(members) - 1)
        sell_together(scene, present, shop, day)


def by_series(scene: Scene) -> None:
    """The members share nothing but that they sell the goods of one theft."""
    chance, town = scene.chance, scene.town()
    members = scene.people(scene.count(rates.RING_MEMBERS), town)
    count = max(len(members), scene.count(rates.SERIES_GOODS))
    kinds = [loot.lot(chance, "general", "stolen").kind for _ in range(count)]
    happened = scene.day(last=clock.DAYS - rates.SERIES_SOLD_WITHIN_DAYS - 30)
    days = scene.days(count, rates.SERIES_SOLD_WITHIN_DAYS, first=happened + 1)
    until = clock.START + (days[-1] + 3) * clock.DAY
    lots = scene.supply.series(town, clock.START + happened * clock.DAY, kinds, until)
    for number, (day, lot) in enumerate(zip(days, lots, strict=False)):
        shop = scene.shop(town, day, "general", "electronics", "pawn")
        scene.sell(members[number % len(members)], shop, scene.visit(shop, day), lot)


def sell_together(scene: Scene, people: list[Person], shop: Shop, day: int) -> None:
    """Let people come to a counter one after another, some with stolen goods."""
    chance = scene.chance
    at, closes = scene.visit(shop, day)
    for person in people:
        moment = min(at + int(chance.random() * rates.TOGETHER_MINUTES), closes - 1)
        scene.sell(person, shop, (moment, closes), *loot.bag(chance, shop.trade, past(scene)))


def _sell_apart(scene: Scene, members: list[Person]) -> None:
    sales = [member for member in members for _ in range(scene.count(rates.RING_SALES))]
    scene.chance.shuffle(sales)
    for member, day in zip(sales, _spread(scene, len(sales)), strict=True):
        near = (
            scene.town_near(member.town)
            if scene.chance.random() < rates.RING_NEXT_TOWN
            else member.town
        )
        shop = scene.shop(near, day, *loot.FENCES)
        brought = loot.bag(scene.chance, shop.trade, past(scene))
        scene.sell(member, shop, scene.visit(shop, day), *brought)


def past(scene: Scene) -> Past:
    """Draw whether a member sells something stolen."""
    return "stolen" if scene.chance.random() < rates.RING_STOLEN else "own"


def _spread(scene: Scene, count: int) -> list[int]:
    return scene.days(count, scene.count(rates.RING_SPAN_DAYS))
