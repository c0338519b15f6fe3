"""Some of the purchases, remembered while the world is made, for those who will read about them."""

from random import Random
from typing import Final

from msgspec import Struct

from herkomst.simulate.formats import Reference
from herkomst.simulate.purchases import SOURCE, Visit
from herkomst.simulate.sellers import Person

REMEMBERED: Final = 20_000


class Remembered(Struct):
    """A purchase that somebody may read about."""

    purchase: Reference
    at: int
    unit: str
    """The police unit in which the shop lies."""
    dealer: Reference
    person: Person


class Sample:
    """An even sample of all purchases with a seller (reservoir sampling, algorithm R)."""

    __slots__ = ("_chance", "_seen", "_size", "remembered")

    def __init__(self, chance: Random, size: int) -> None:
        self._chance = chance
        self._size = size
        self._seen = 0
        self.remembered: list[Remembered] = []

    def see(self, visit: Visit) -> None:
        """See a purchase, and remember it or not."""
        person, shop = visit.person, visit.shop
        if person is None or person.is_company:
            return
        self._seen += 1
        place = int(self._chance.random() * self._seen)
        if place >= self._size:
            return
        found = Remembered(
            Reference(SOURCE, visit.key), visit.at, shop.town.police_unit, shop.dealer, person
        )
        if len(self.remembered) < self._size:
            self.remembered.append(found)
        else:
            self.remembered[place] = found
