"""What a scene can do: people it makes up, shops it chooses, goods they sell there.

A scene is a small story, such as a ring or an estate, told among the ordinary sales. Its people
are made, and written down at the counter, as all others are, so that nothing in the registers
sets them apart but what they do; who they are stands in the truth.
"""

from collections.abc import Callable, Sequence
from random import Random
from typing import Final

from herkomst.simulate import clock, places, purchases
from herkomst.simulate.formats import Address, Crime, Presentations, Reference
from herkomst.simulate.keys import Keys
from herkomst.simulate.places import Country, Town
from herkomst.simulate.sellers import Person, Population
from herkomst.simulate.shops import Shop, Street
from herkomst.simulate.supply import Lot, Supply

Tell = Callable[[object], None]
MARGIN: Final = 30
"""Days at both ends of the world in which no scene begins or ends."""


MOST_BRANCHES: Final = 3


class Stage:
    """What all scenes share with the world."""

    __slots__ = ("_books", "_keys", "_person_keys", "_purchases", "_tell_crime", "_tell_person",
                 "chance", "country", "persons", "population", "street", "supply")  # fmt: skip

    def __init__(
        self,
        *,
        chance: Random,
        country: Country,
        street: Street,
        population: Population,
        supply: Supply,
        books: purchases.Books,
        keys: Keys,
        person_keys: Keys,
        purchases_wanted: int,
        tell_person: Tell,
        tell_crime: Callable[[Crime], None],
    ) -> None:
        self.chance = chance
        self.country = country
        self.street = street
        self.population = population
        self.supply = supply
        self._books = books
        self._keys = keys
        self._person_keys = person_keys
        self._purchases = purchases_wanted
        self._tell_person = tell_person
        self._tell_crime = tell_crime
        self.persons = 0

    def enter(self, shop: Shop, when: tuple[int, int], person: Person, lots: Sequence[Lot],
              form: str | None) -> Reference | None:  # fmt: skip
        """Write a purchase of the lots; nothing when the world has all its purchases."""
        if self._books.lines >= self._purchases:
            return None
        cents = [lot.cents for lot in lots] if lots[0].cents else None
        agreed = person.is_company or cents or form
        mode = "bought" if agreed else purchases.mode_of_sale(self.chance, shop.trade)
        visit = purchases.Visit(self._keys.next(), shop, *when, person, mode, cents, form)
        brought = enumerate(lots, 1)
        goods = [self.supply.provide(visit, line, lot) for line, lot in brought]
        self._books.enter(visit, goods)
        return Reference(purchases.SOURCE, visit.key)

    def name_person(self, sold: list[Reference]) -> str:
        """Write who made these purchases, and return the name in the truth."""
        name = f"person-{self._person_keys.next()}"
        self._tell_person(Presentations(name, sold))
        self.persons += 1
        return name

    def tell_crime(self, crime: Crime) -> None:
        """Write a crime, or its look-alike, into the truth."""
        self._tell_crime(crime)


class Scene:
    """One story: its people, what they sold, and where and when they could."""

    __slots__ = ("_bystanders", "_people", "_sold", "_stage", "chance", "dealer", "noted", "supply")

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self.chance = stage.chance
        self.supply = stage.supply
        self._people: dict[int, Person] = {}
        self._sold: dict[int, list[Reference]] = {}
        self._bystanders: set[int] = set()
        self.noted: list[Reference] = []
        """The purchases that make the story; all of its members' if none is named."""
        self.dealer: Shop | None = None
        """The shop it is about, if it is about one."""

    def town(self) -> Town:
        """Choose a town, large ones more often."""
        return self._stage.country.town(self.chance)

    def town_near(self, town: Town) -> Town:
        """Choose a neighbouring town."""
        return self._stage.country.next_to(town, self.chance)

    def person(self, town: Town, *, home: Address | None = None,
               family: tuple[str, str] | None = None) -> Person:  # fmt: skip
        """Make up somebody who lives in the town."""
        return self._stage.population.someone(town, home=home, family=family)

    def people(self, count: int, town: Town) -> list[Person]:
        """Make up people who have nothing in common but the town."""
        return [self.person(town) for _ in range(count)]

    def company(self, name: str, town: Town, address: Address | None = None) -> Person:
        """Make up a company that sells."""
        address = address or places.address(self.chance, town)
        return self._stage.population.company(name, town, address)

    def count(self, bounds: tuple[int, int]) -> int:
        """Draw a whole number within bounds."""
        return self.chance.randint(*bounds)

    def day(self, first: int = MARGIN, last: int = clock.DAYS - MARGIN) -> int:
        """Draw a day of the world."""
        return first + int(self.chance.random() * (last - first))

    def days(self, count: int, span: int, first: int = MARGIN) -> list[int]:
        """Draw days, in order, that lie within a span."""
        span = min(span, clock.DAYS - MARGIN - first - 1)
        start = self.day(first, clock.DAYS - MARGIN - span)
        return sorted(start + int(self.chance.random() * (span + 1)) for _ in range(count))

    def shop(self, town: Town, day: int, *trades: str) -> Shop:
        """Choose a shop near a town that is open in that season and in one of the trades."""
        at = clock.START + day * clock.DAY
        return self._stage.street.draw_trading(self.chance, trades, town, at)

    def branches(self, trades: Sequence[str]) -> list[Shop]:
        """Choose a dealer and those of its shops that are in one of the trades and never silent."""
        found = [
            shops
            for dealer in self._stage.street.dealers
            if len(shops := [s for s in dealer.shops if s.trade in trades and s.is_always_open]) > 1
        ]
        if found:
            return found[int(self.chance.random() * len(found))][:MOST_BRANCHES]
        return [self.shop(self.town(), MARGIN, *trades)]

    def visit(self, shop: Shop, day: int) -> tuple[int, int]:
        """Draw when, on that day or the next open one, somebody comes to the shop."""
        return shop.hours.visit(self.chance, day)

    def sell(self, person: Person, shop: Shop, when: tuple[int, int], *lots: Lot,
             form: str | None = None, truly: Person | None = None) -> Reference | None:  # fmt: skip
        """Let a person, who may truly be another, sell lots at a counter."""
        reference = self._stage.enter(shop, when, person, lots, form)
        if reference:
            seller = truly or person
            self._people[id(seller)] = seller
            self._sold.setdefault(id(seller), []).append(reference)
        return reference

    def excuse(self, person: Person) -> None:
        """Say that a person has a part in the story and none in the crime."""
        self._bystanders.add(id(person))

    def close(self, kind: str, form: str | None, look_alike_of: str | None) -> None:
        """Write into the truth who took part, and what it was."""
        members = self.close_quietly()
        if not self._sold:
            return
        told = self.noted or [
            reference
            for person, sold in self._sold.items()
            if person not in self._bystanders
            for reference in sold
        ]
        shop = self.dealer
        self._stage.tell_crime(
            Crime(
                kind=kind,
                members=members,
                purchases=told,
                form=form,
                dealer=shop.dealer if shop else None,
                branch=shop.branch if shop else None,
                look_alike_of=look_alike_of,
            )
        )

    def sold(self) -> list[tuple[Person, list[Reference]]]:
        """Tell who sold what so far, in the order in which they first did."""
        return [(self._people[person], sold) for person, sold in self._sold.items()]

    def close_quietly(self) -> list[str]:
        """Write into the truth who sold what, and return those who are more than bystanders."""
        names = {person: self._stage.name_person(sold) for person, sold in self._sold.items()}
        return [name for person, name in names.items() if person not in self._bystanders]
