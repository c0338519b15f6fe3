"""Split cash: payments below the limit of 2026 (Wwft, article 1e) that are 3,000 euro together."""

from random import Random
from typing import Final

from herkomst.simulate import clock, rates
from herkomst.simulate.sellers import Person
from herkomst.simulate.shops import Shop
from herkomst.simulate.stage import MARGIN, Scene
from herkomst.simulate.supply import Lot

TRADES: Final = ("gold", "watches", "pawn", "general")
_KINDS: Final = ("necklace", "ring", "coin", "watch", "gold_scrap")
_CHOICES: Final = 12
LIMITED: Final = (clock.moment(rates.CASH_LIMIT_FROM) - clock.START) // clock.DAY
"""The first day of the world on which cash is limited."""


def one_dealer(scene: Scene) -> None:
    """One seller comes back to one shop."""
    seller, days = _seller_and_days(scene)
    shop = scene.shop(seller.town, days[0], *TRADES)
    for day, cents in zip(days, shares(scene.chance, len(days)), strict=True):
        sell(scene, seller, shop, day, cents, "cash")


def branches(scene: Scene) -> None:
    """One seller goes round the branches of one dealer."""
    seller, days = _seller_and_days(scene)
    shops = scene.branches(TRADES)
    for number, (day, cents) in enumerate(zip(days, shares(scene.chance, len(days)), strict=True)):
        sell(scene, seller, shops[number % len(shops)], day, cents, "cash")


def household(scene: Scene) -> None:
    """Two or three of one household go to several dealers."""
    seller, days = _seller_and_days(scene)
    family = (seller.name.prefix, seller.name.family)
    others = scene.count(rates.SPLIT_HOUSEHOLD_OTHERS)
    members = [seller, *(scene.person(seller.town, home=seller.home, family=family)
                         for _ in range(others))]  # fmt: skip
    for number, (day, cents) in enumerate(zip(days, shares(scene.chance, len(days)), strict=True)):
        shop = scene.shop(seller.town, day, *TRADES)
        sell(scene, members[number % len(members)], shop, day, cents, "cash")


def shares(chance: Random, payments: int) -> list[int]:
    """Draw payments in cents, each below the limit and as much as the limit together."""
    low, high = rates.SPLIT_CENTS
    most = rates.CASH_LIMIT_CENTS - 5_000
    total = low + int((min(high, payments * most) - low) * chance.random() ** 1.5)
    parts = [0.85 + 0.3 * chance.random() for _ in range(payments)]
    found = [min(most, int(total * part / sum(parts) / 500) * 500) for part in parts]
    place = 0
    while (short := low - sum(found)) > 0:
        found[place % payments] = min(most, found[place % payments] + -short // 500 * -500)
        place += 1
    return found


def sell(scene: Scene, seller: Person, shop: Shop, day: int, cents: int, form: str) -> None:
    """Let somebody sell a good of about that worth for exactly that sum."""
    goods = [scene.supply.good(_KINDS[int(scene.chance.random() * len(_KINDS))])
             for _ in range(_CHOICES)]  # fmt: skip
    good = min(goods, key=lambda good: abs(good.price_new * 50 - cents))
    lot = Lot(good.model.kind, "own", cents=cents, good=good)
    scene.sell(seller, shop, scene.visit(shop, day), lot, form=form)


def _seller_and_days(scene: Scene) -> tuple[Person, list[int]]:
    payments = scene.count(rates.SPLIT_PAYMENTS)
    days = scene.days(payments, rates.SPLIT_WITHIN_DAYS, first=max(MARGIN, LIMITED))
    return scene.person(scene.town()), days
