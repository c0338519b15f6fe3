"""The making of one slice of the world: its registers in loose leaves, its truth, its findings."""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from random import Random
from typing import BinaryIO, Final

import msgspec
from msgspec import Struct

from herkomst.simulate import clock, purchases, rates, sellers, supply, thefts, writing
from herkomst.simulate.chronicle import BUFFER, Leaves, Span
from herkomst.simulate.companies import Companies
from herkomst.simulate.crimes.programme import Programme
from herkomst.simulate.draws import Urn, stream
from herkomst.simulate.formats import Crime, Presentations, Reference
from herkomst.simulate.goods import Warehouse
from herkomst.simulate.keys import Keys, ReportNumbers
from herkomst.simulate.numbers import Mint
from herkomst.simulate.places import Country
from herkomst.simulate.sample import REMEMBERED, Remembered, Sample
from herkomst.simulate.sellers import Person, Population
from herkomst.simulate.shops import Shop, Street
from herkomst.simulate.slices import Slice
from herkomst.simulate.stage import Stage

Progress = Callable[[str, int, int], None]
"""Told what is being made, how many of it are done, and how many there will be."""

encode: Final = msgspec.json.Encoder().encode
_ITEMS: Final = Urn(rates.ITEMS_OF_A_PURCHASE)
_TOLD_EVERY: Final = 1_000
SECOND_FILE: Final = f"stolen-{thefts.INSURERS}"
TRUTHS: Final = ("hits", f"hits-{thefts.INSURERS}", "stolen", "same_thefts", "persons", "crimes")
"""The files of the truth, which are in the order in which they are found out."""


class Size(Struct, frozen=True):
    """What is asked for."""

    dealers: int
    purchases: int
    stolen: int
    seed: int
    staff: bool

    def registers(self) -> dict[str, Span]:
        """Return the files in the order of time."""
        return {
            "purchases": Span(clock.START, clock.END, self.purchases),
            "stolen": Span(thefts.OLDEST, clock.END, self.stolen),
            SECOND_FILE: Span(thefts.OLDEST, clock.END, self.stolen // 20),
        }


class Seen(Struct):
    """What was seen of a shop: its hits, the first purchases with one, and what is wrong."""

    place: int
    """Its place in the street."""
    hits: int
    hit_purchases: list[Reference]
    vice: str | None
    noted: list[Reference]


class Findings(Struct):
    """What only the whole world can tell, from one slice of it."""

    purchases: int
    stolen: int
    stolen_lines: int
    second_reports: int
    persons: int
    hits: int
    full_hits: int
    twins: int
    crimes: int
    look_alikes: int
    shops: list[Seen]
    bad_shops: list[int]
    """Their places in the street; the same ones in every slice."""
    companies: list[tuple[int, list[Reference]]]
    """What insurers and depots sold, each by its place among them."""
    remembered: list[Remembered]


def make(
    folder: Path, size: Size, part: Slice, country: Country, street: Street, progress: Progress
) -> Findings:
    """Make one slice into a folder: leaves of the registers, and files of the truth."""
    with ExitStack() as files:
        making = Making(folder, size, part, country, street, files)
        making.run(progress)
        return making.findings()


def surroundings(size: Size) -> tuple[Country, Street]:
    """Return the country and its shops, which are alike in every slice."""
    country = Country(stream(size.seed, "country"))
    return country, Street(size.dealers, country, size.seed)


class Making:
    """Makes households and their sales one after another, and the thefts beside them."""

    def __init__(
        self,
        folder: Path,
        size: Size,
        part: Slice,
        country: Country,
        street: Street,
        files: ExitStack,
    ) -> None:
        self._street = street
        self._purchases = part.share(size.purchases)
        self._stolen = part.share(size.stolen)
        self._streams: dict[str, Random] = {}
        self._seed = size.seed
        self._chance = self._stream("sales")
        self._persons = 0
        self._found = 0
        self._crimes = 0
        self._look_alikes = 0
        self._leaves = {
            name: Leaves(folder / name, span, part.number)
            for name, span in size.registers().items()
        }
        tell = {
            name: line_writer(
                files.enter_context((folder / f"truth/{name}.{part.number}").open("wb", BUFFER))
            )
            for name in TRUTHS
        }
        self._tell = tell["persons"]
        self._tell_in_crimes = tell["crimes"]
        self._keys = Keys(self._stream("receipts"), part)
        self._person_keys = Keys(self._stream("persons"), part)
        self._sample = Sample(self._stream("sample"), part.share(REMEMBERED))
        warehouse = Warehouse(Mint(size.seed, part), self._stream("warehouse"))
        self._population = Population(country, self._stream("population"), size.purchases)
        self._books = purchases.Books(
            warehouse=warehouse,
            chance=self._stream("books"),
            encode=encode,
            add=self._leaves["purchases"].add,
            witness=self._sample.see if size.staff else None,
        )
        self._insurers = thefts.Insurers(
            hand=writing.police(warehouse),
            keys=Keys(self._stream("claims"), part),
            chance=self._stream("insurers"),
            encode=encode,
            add=self._leaves[SECOND_FILE].add,
            tell=tell["same_thefts"],
        )
        self._police = thefts.Police(
            warehouse=warehouse,
            hand=writing.police(warehouse),
            numbers=ReportNumbers(self._stream("reports"), part),
            insurers=self._insurers,
            budget=self._stolen,
            chance=self._stream("thefts"),
            encode=encode,
            add=self._leaves["stolen"].add,
        )
        bought, taken = supply.flood(size.purchases, size.stolen)
        self._supply = supply.Supply(
            warehouse=warehouse,
            country=country,
            police=self._police,
            chance=self._stream("supply"),
            tell=tell["hits"],
            tell_second=tell[f"hits-{thefts.INSURERS}"],
            tell_stolen=tell["stolen"],
            purchases=self._purchases,
            stolen=self._stolen,
            flooded=(part.share(bought), part.share(taken)),
        )
        self._stage = Stage(
            chance=self._stream("scenes"),
            country=country,
            street=street,
            population=self._population,
            supply=self._supply,
            books=self._books,
            keys=self._keys,
            person_keys=self._person_keys,
            purchases_wanted=self._purchases,
            tell_person=self._tell,
            tell_crime=self._tell_crime,
        )
        self._companies = Companies(self._stage, size.purchases, self._stream("companies"), part)
        self._programme = Programme(self._stage, size.purchases, self._stream("programme"), part)
        part.part_ways(size.seed, self._streams)

    def _stream(self, name: str) -> Random:
        """Return a stream of chance that is alike in all slices until they part ways."""
        found = self._streams[name] = stream(self._seed, name)
        return found

    def run(self, progress: Progress) -> None:
        """Make the whole slice, telling how far it is."""
        told = 0
        while self._books.lines < self._purchases:
            self._programme.play(self._books.lines)
            self._companies.play(self._books.lines)
            if self._found < rates.FOUND * self._books.lines:
                self._find()
            else:
                self._household()
            self._supply.keep_up(self._books.lines)
            if self._books.lines >= told:
                told = self._books.lines + _TOLD_EVERY
                progress("purchases", self._books.lines, self._purchases)
        self._supply.finish(progress)
        for leaves in self._leaves.values():
            leaves.put_aside()
        progress("purchases", self._books.lines, self._purchases)

    def findings(self) -> Findings:
        """Tell what was made, and what the other slices have a part in."""
        shops = self._street.shops
        places = {id(shop): place for place, shop in enumerate(shops)}
        return Findings(
            purchases=self._books.lines,
            stolen=self._stolen - self._police.left,
            stolen_lines=self._police.lines,
            second_reports=self._insurers.goods,
            persons=self._persons + self._stage.persons,
            hits=self._supply.hits,
            full_hits=self._supply.full_hits,
            twins=self._supply.twins,
            crimes=self._crimes,
            look_alikes=self._look_alikes,
            shops=[_seen(n, shop) for n, shop in enumerate(shops) if shop.hits or shop.vice],
            bad_shops=[places[id(shop)] for shop in self._programme.bad_shops],
            companies=self._companies.sold(),
            remembered=self._sample.remembered,
        )

    def _tell_crime(self, crime: Crime) -> None:
        self._tell_in_crimes(crime)
        if crime.look_alike_of:
            self._look_alikes += 1
        else:
            self._crimes += 1

    def _find(self) -> None:
        self._found += 1
        day = int(self._chance.random() * clock.DAYS)
        shop = self._street.depot(self._chance, clock.START + day * clock.DAY)
        at, closes = shop.hours.visit(self._chance, day)
        self._enter(purchases.Visit(self._keys.next(), shop, at, closes, None, "found"))

    def _household(self) -> None:
        """Bring in the sellers of one address, the first of them from near a shop drawn first."""
        chance, street = self._chance, self._street
        shop = street.draw(chance, clock.START)
        for person in self._population.household(shop.town):
            if self._books.lines < self._purchases:
                self._sales(person, shop)
            shop = street.draw_near(chance, person.town, clock.START)

    def _sales(self, person: Person, shop: Shop) -> None:
        """Bring in all sales of one person, the first in that shop if it is open."""
        sold: list[Reference] = []
        loyal = True
        days = sellers.visits(self._chance, person)
        for day in days[: self._purchases - self._books.lines]:
            visit = self._visit(person, shop, day, loyal=loyal)
            loyal = self._chance.random() < rates.SAME_SHOP_AGAIN
            shop = visit.shop
            if self._enter(visit):
                sold.append(Reference(purchases.SOURCE, visit.key))
        if sold:
            self._persons += 1
            name = f"person-{self._person_keys.next()}"
            self._tell(Presentations(name, sold))

    def _visit(self, person: Person, shop: Shop, day: int, *, loyal: bool) -> purchases.Visit:
        """Send a seller to the shop, or to another one near home."""
        chance, morning = self._chance, clock.START + day * clock.DAY
        if not loyal or shop.is_silent(morning):
            shop = self._street.draw_near(chance, person.town, morning)
        at, closes = shop.hours.visit(chance, day)
        mode = purchases.mode_at(chance, shop.trade)
        return purchases.Visit(self._keys.next(), shop, at, closes, person, mode)

    def _enter(self, visit: purchases.Visit) -> bool:
        count = _ITEMS.draw(self._chance)
        goods = [self._supply.bring(visit, line, self._books.lines) for line in range(1, count + 1)]
        return self._books.enter(visit, goods)


def _seen(place: int, shop: Shop) -> Seen:
    vice = shop.vice
    return Seen(
        place,
        shop.hits,
        shop.hit_purchases,
        vice.form if vice else None,
        vice.noted if vice else [],
    )


def line_writer(file: BinaryIO) -> Callable[[object], None]:
    """Return what writes a record to a file."""

    def write(record: object) -> None:
        file.write(encode(record) + b"\n")

    return write
