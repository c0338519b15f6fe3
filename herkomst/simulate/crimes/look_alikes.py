"""Innocent people whose sales look like a crime: what whoever looks for one must let go.

What they sell is come by as everybody's goods are, so that now and then something stolen is among
it that they bought in good faith.
"""

from typing import Final

from msgspec.structs import replace

from herkomst.simulate import clock, names, rates
from herkomst.simulate.crimes import cash, loot
from herkomst.simulate.crimes.documents import show_document_of
from herkomst.simulate.places import Town
from herkomst.simulate.sellers import Person
from herkomst.simulate.stage import MARGIN, Scene
from herkomst.simulate.supply import Lot

_HOUSEHOLD_TRADES: Final = ("general", "charity", "gold", "art")
_LEFT_BEHIND: Final = ("household", "silverware", "painting", "television", "ring", "audio", "tool",
                       "necklace", "appliance", "camera")  # fmt: skip
_SPORTS: Final = ("watch", "camera", "phone", "bicycle", "audio")


# -- of a prolific seller -------------------------------------------------------------------------


def house_clearer(scene: Scene) -> None:
    """Somebody clears houses for a living and brings what is left, all over the region."""
    town = scene.town()
    clearer = scene.person(town)
    days = scene.days(scene.count(rates.PROLIFIC_SALES), scene.count(rates.PROLIFIC_SPAN_DAYS))
    for day in days:
        where = scene.town_near(town) if scene.chance.random() < rates.CLEARED_NEXT_TOWN else town
        _sell_left_behind(scene, clearer, where, day)


def estate(scene: Scene) -> None:
    """An heir sells what was in a house, week after week."""
    town = scene.town()
    heir = scene.person(town)
    for day in scene.days(scene.count(rates.ESTATE_SALES), rates.ESTATE_DAYS):
        _sell_left_behind(scene, heir, town, day)


def shop_staff(scene: Scene) -> None:
    """Somebody behind the counter enters what they sell to their own shop."""
    town = scene.town()
    assistant = scene.person(town)
    shop = scene.shop(town, scene.day(), *loot.FENCES)
    for day in scene.days(scene.count(rates.STAFF_SALES), rates.STAFF_DAYS):
        brought = loot.bag(scene.chance, shop.trade, "ordinary")
        scene.sell(assistant, shop, scene.visit(shop, day), *brought)


# -- of a ring, and of straw sellers --------------------------------------------------------------


def sports_team(scene: Scene) -> None:
    """A team sells old gear for a new one, all on one evening, and some give the coach's number."""
    chance, town = scene.chance, scene.town()
    players = scene.people(scene.count(rates.RING_MEMBERS), town)
    for day in scene.days(scene.count(rates.TEAM_EVENINGS), rates.TEAM_DAYS):
        shop = scene.shop(town, day, "general", "bicycles", "electronics")
        at, closes = scene.visit(shop, day)
        for player in players:
            if chance.random() < rates.TEAM_GIVES_ONE_PHONE:
                player.phone = players[0].phone
            moment = min(at + int(chance.random() * rates.TOGETHER_MINUTES), closes - 1)
            kind = _SPORTS[int(chance.random() * len(_SPORTS))]
            scene.sell(player, shop, (moment, closes), Lot(kind))


def family(scene: Scene) -> None:
    """A family with one telephone and one address sells as families do."""
    town = scene.town()
    first = scene.person(town)
    name = (first.name.prefix, first.name.family)
    others = scene.count(rates.FAMILY_OTHERS)
    members = [first, *(scene.person(town, home=first.home, family=name) for _ in range(others))]
    for member in members:
        member.phone = first.phone
    _sell_now_and_then(scene, members)


def housemates(scene: Scene) -> None:
    """Workers whom one employer houses at one address."""
    town = scene.town()
    first = scene.person(town)
    others = scene.count(rates.RING_MEMBERS) - 1
    _sell_now_and_then(
        scene, [first, *(scene.person(town, home=first.home) for _ in range(others))]
    )


def market_buyers(scene: Scene) -> None:
    """People who each bought one good of a theft on a market, not knowing, and sell it on."""
    town = scene.town()
    buyers = scene.people(scene.count(rates.MARKET_BUYERS), town)
    happened = scene.day(last=clock.DAYS - 150)
    days = scene.days(len(buyers), 90, first=happened + 20)
    kinds = [loot.lot(scene.chance, "general", "stolen").kind for _ in buyers]
    until = clock.START + (days[-1] + 3) * clock.DAY
    lots = scene.supply.series(town, clock.START + happened * clock.DAY, kinds, until)
    for buyer, day, lot in zip(buyers, days, lots, strict=False):
        shop = scene.shop(scene.town_near(town), day, "general", "electronics", "pawn")
        scene.sell(buyer, shop, scene.visit(shop, day), lot)


def repair_shop_customers(scene: Scene) -> None:
    """Customers for whom a repair shop trades in, under its own telephone number."""
    town = scene.town()
    customers = scene.people(scene.count(rates.STRAW_SELLERS), town)
    shop = scene.shop(town, scene.day(), "phones", "bicycles")
    days = scene.days(len(customers), scene.count(rates.STRAW_SPAN_DAYS))
    for customer, day in zip(customers, days, strict=True):
        customer.phone = customers[0].phone
        brought = loot.bag(scene.chance, shop.trade, "ordinary")
        scene.sell(customer, shop, scene.visit(shop, day), *brought)


def heirs(scene: Scene) -> None:
    """Brothers and sisters each sell their part of what was in one house."""
    town = scene.town()
    first = scene.person(town)
    name = (first.name.prefix, first.name.family)
    others = scene.count(rates.HEIRS_OTHERS)
    people = [first, *(scene.person(scene.town_near(town), family=name) for _ in range(others))]
    for person in people:
        for day in scene.days(scene.count(rates.HEIR_SALES), rates.HEIR_DAYS):
            _sell_left_behind(scene, person, town, day)


# -- of split cash --------------------------------------------------------------------------------


def bank_transfers(scene: Scene) -> None:
    """As much, and in as many visits, but paid by the bank, of which there is no limit."""
    _sell_in_parts(scene, rates.SPLIT_WITHIN_DAYS, first=max(MARGIN, cash.LIMITED))


def pattern_of_2025(scene: Scene) -> None:
    """The same in cash, before there was a limit."""
    seller = scene.person(scene.town())
    payments = scene.count(rates.SPLIT_PAYMENTS)
    span = rates.SPLIT_WITHIN_DAYS
    start = scene.day(last=cash.LIMITED - span - MARGIN)
    days = sorted(start + scene.count((0, span)) for _ in range(payments))
    shop = scene.shop(seller.town, start, *cash.TRADES)
    for day, cents in zip(days, cash.shares(scene.chance, payments), strict=True):
        cash.sell(scene, seller, shop, day, cents, "cash")


def inherited_gold(scene: Scene) -> None:
    """Gold from a mother's drawer in three visits, for less than the limit together."""
    seller = scene.person(scene.town())
    days = scene.days(3, rates.SPLIT_WITHIN_DAYS, first=max(MARGIN, cash.LIMITED))
    shop = scene.shop(seller.town, days[0], "gold", "pawn")
    total = scene.count(rates.INHERITED_CENTS)
    for day, part in zip(days, (0.5, 0.3, 0.2), strict=True):
        cash.sell(scene, seller, shop, day, int(total * part / 500) * 500, "cash")


def estate_in_instalments(scene: Scene) -> None:
    """An estate of some worth, visit by visit over months, each paid by the bank."""
    _sell_in_parts(scene, rates.ESTATE_DAYS, first=MARGIN)


def _sell_in_parts(scene: Scene, span: int, *, first: int) -> None:
    seller = scene.person(scene.town())
    payments = scene.count(rates.SPLIT_PAYMENTS)
    days = scene.days(payments, span, first=first)
    shop = scene.shop(seller.town, days[0], *cash.TRADES)
    for day, cents in zip(days, cash.shares(scene.chance, payments), strict=True):
        cash.sell(scene, seller, shop, day, cents, "transfer")


# -- of a borrowed document -----------------------------------------------------------------------


def maiden_name(scene: Scene) -> None:
    """Somebody marries and keeps the document: one person under two names."""
    town = scene.town()
    bride = scene.person(town)
    prefix, family_name = names.family(scene.chance)
    show_document_of(bride, bride)
    married = replace(bride, name=names.Name(bride.name.given, prefix, family_name))
    days = scene.days(scene.count(rates.MARRIED_SALES), rates.MARRIED_DAYS)
    for number, day in enumerate(days):
        shop = scene.shop(town, day, *loot.FENCES)
        brought = loot.bag(scene.chance, shop.trade, "ordinary")
        who = married if number >= len(days) / 2 else bride
        scene.sell(who, shop, scene.visit(shop, day), *brought, truly=bride)


def clerks_slip(scene: Scene) -> None:
    """The clerk leaves the document of the last customer on the screen for the next one."""
    town, day = scene.town(), scene.day()
    last, following = scene.people(2, town)
    show_document_of(following, last)
    shop = scene.shop(town, day, *loot.FENCES)
    at, closes = scene.visit(shop, day)
    for person, moment in ((last, at), (following, min(at + 6, closes - 1))):
        brought = loot.bag(scene.chance, shop.trade, "ordinary")
        scene.sell(person, shop, (moment, closes), *brought)


def parent_and_child(scene: Scene) -> None:
    """A parent comes along and shows their own document, while the child stands in the books."""
    town = scene.town()
    parent = scene.person(town)
    name = (parent.name.prefix, parent.name.family)
    child = scene.person(town, home=parent.home, family=name)
    show_document_of(child, parent)
    _sell_now_and_then(scene, [parent, child])


def _sell_now_and_then(scene: Scene, people: list[Person]) -> None:
    for person in people:
        for day in scene.days(scene.count(rates.NOW_AND_THEN), rates.NOW_AND_THEN_DAYS):
            shop = scene.shop(person.town, day, *loot.FENCES)
            brought = loot.bag(scene.chance, shop.trade, "ordinary")
            scene.sell(person, shop, scene.visit(shop, day), *brought)


def _sell_left_behind(scene: Scene, person: Person, town: Town, day: int) -> None:
    shop = scene.shop(town, day, *_HOUSEHOLD_TRADES)
    kinds = [_LEFT_BEHIND[int(scene.chance.random() * len(_LEFT_BEHIND))]
             for _ in range(scene.count(rates.LEFT_BEHIND_ITEMS))]  # fmt: skip
    scene.sell(person, shop, scene.visit(shop, day), *(Lot(kind) for kind in kinds))
