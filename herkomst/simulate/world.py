"""The made-up Netherlands as files: three registers, and the truth about them beside."""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO, Final

import msgspec

from herkomst.simulate import clock, desk, purchases, rates, sellers, thefts, writing
from herkomst.simulate.chronicle import BUFFER, Chronicle
from herkomst.simulate.companies import Companies
from herkomst.simulate.crimes.programme import Programme
from herkomst.simulate.draws import Urn, stream
from herkomst.simulate.errors import SimulationError
from herkomst.simulate.formats import Crime, Presentations, Reference
from herkomst.simulate.goods import Warehouse
from herkomst.simulate.keys import Keys, ReportNumbers
from herkomst.simulate.numbers import Mint
from herkomst.simulate.places import Country
from herkomst.simulate.sample import Sample
from herkomst.simulate.sellers import Person, Population
from herkomst.simulate.shops import Shop, Street
from herkomst.simulate.stage import Stage
from herkomst.simulate.supply import Supply

Progress = Callable[[str, int, int], None]
"""Told what is being made, how many of it are done, and how many there will be."""

_encode: Final = msgspec.json.Encoder().encode
_ITEMS: Final = Urn(rates.ITEMS_OF_A_PURCHASE)
_TOLD_EVERY: Final = 1_000
SECOND_FILE: Final = f"stolen-{thefts.INSURERS}"


class Counts(msgspec.Struct, frozen=True):
    """What was written; a withdrawal is a line, but no stolen good of its own."""

    dealers: int
    establishments: int
    purchases: int
    stolen: int
    stolen_lines: int
    persons: int
    hits: int
    full_hits: int
    twins: int
    second_reports: int
    """Stolen goods that the insurers report as well, of which each may have several lines."""
    crimes: int
    look_alikes: int
    staff: desk.Served | None = None


def simulate(
    out: Path,
    *,
    dealers: int,
    purchases: int,
    stolen: int | None,
    seed: int,
    staff: bool = False,
    progress: Progress | None = None,
) -> Counts:
    """Write a world of that size into a folder, the same bytes for the same arguments.

    `dealers.ndjson`, `purchases.ndjson` and `stolen.ndjson` are records of the sources `dol`,
    `dor` and `politie`; `truth/` says which purchase holds which stolen good, and which purchases
    one person made. Without a number of stolen goods there are 3.4 beside each purchase. Memory
    does not grow with the number of records. Raises `SimulationError` for a size that cannot be.
    """
    if stolen is None:
        stolen = round(purchases * rates.STOLEN_PER_PURCHASE)
    if purchases < 0 or stolen < 0:
        raise SimulationError("negative_size", "a world holds no fewer than zero records")
    country = Country(stream(seed, "country"))
    street = Street(dealers, country, seed)
    (out / "truth").mkdir(parents=True, exist_ok=True)
    desk.remove(out)
    with ExitStack() as files:
        sample = Sample(stream(seed, "sample")) if staff else None
        world = World(out, country, street, purchases, stolen, seed, files, sample)
        world.run(progress or _silent)
    if sample is None or not sample.remembered:
        return world.counts()
    served = desk.serve(
        out, sample=sample.remembered, country=country, purchases=purchases, seed=seed
    )
    return msgspec.structs.replace(world.counts(), staff=served)


def _silent(_what: str, _done: int, _all: int) -> None:
    """Tell nobody."""


class World:
    """Makes households and their sales one after another, and the thefts beside them."""

    def __init__(
        self,
        out: Path,
        country: Country,
        street: Street,
        purchases_wanted: int,
        stolen_wanted: int,
        seed: int,
        files: ExitStack,
        sample: Sample | None,
    ) -> None:
        self._out = out
        self._street = street
        self._purchases = purchases_wanted
        self._stolen = stolen_wanted
        self._chance = stream(seed, "sales")
        self._keys = Keys(stream(seed, "receipts"))
        self._person_keys = Keys(stream(seed, "persons"))
        self._persons = 0
        self._found = 0
        self._crimes = 0
        self._look_alikes = 0

        def told(name: str) -> Callable[[object], None]:
            return _line_writer(
                files.enter_context((out / f"truth/{name}.ndjson").open("wb", BUFFER))
            )

        self._tell = told("persons")
        self._tell_in_crimes = told("crimes")
        warehouse = Warehouse(Mint(seed), stream(seed, "warehouse"))
        self._population = Population(country, stream(seed, "population"), purchases_wanted)
        self._books = purchases.Books(
            warehouse=warehouse,
            chance=stream(seed, "books"),
            encode=_encode,
            add=files.enter_context(_register(out, "purchases", purchases_wanted)).add,
            witness=sample.see if sample else None,
        )
        self._insurers = thefts.Insurers(
            hand=writing.police(warehouse),
            keys=Keys(stream(seed, "claims")),
            chance=stream(seed, "insurers"),
            encode=_encode,
            add=files.enter_context(_register(out, SECOND_FILE, stolen_wanted // 20)).add,
            tell=told("same_thefts"),
        )
        self._police = thefts.Police(
            warehouse=warehouse,
            hand=writing.police(warehouse),
            numbers=ReportNumbers(stream(seed, "reports")),
            insurers=self._insurers,
            budget=stolen_wanted,
            chance=stream(seed, "thefts"),
            encode=_encode,
            add=files.enter_context(_register(out, "stolen", stolen_wanted)).add,
        )
        self._supply = Supply(
            warehouse=warehouse,
            country=country,
            police=self._police,
            chance=stream(seed, "supply"),
            tell=told("hits"),
            tell_second=told(f"hits-{thefts.INSURERS}"),
            tell_stolen=told("stolen"),
            purchases=purchases_wanted,
            stolen=stolen_wanted,
        )
        self._stage = Stage(
            chance=stream(seed, "scenes"),
            country=country,
            street=street,
            population=self._population,
            supply=self._supply,
            books=self._books,
            keys=self._keys,
            person_keys=self._person_keys,
            purchases_wanted=purchases_wanted,
            tell_person=self._tell,
            tell_crime=self._tell_crime,
        )
        self._companies = Companies(self._stage, purchases_wanted, stream(seed, "companies"))
        self._programme = Programme(self._stage, purchases_wanted, stream(seed, "programme"))

    def run(self, progress: Progress) -> None:
        """Write the whole world, telling how far it is."""
        self._write_dealers()
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
        self._companies.finish()
        self._programme.finish()
        progress("purchases", self._books.lines, self._purchases)

    def counts(self) -> Counts:
        """Count what was written."""
        return Counts(
            dealers=len(self._street.dealers),
            establishments=len(self._street.shops),
            purchases=self._books.lines,
            stolen=self._stolen - self._police.left,
            stolen_lines=self._police.lines,
            persons=self._persons + self._stage.persons,
            hits=self._supply.hits,
            full_hits=self._supply.full_hits,
            twins=self._supply.twins,
            second_reports=self._insurers.goods,
            crimes=self._crimes,
            look_alikes=self._look_alikes,
        )

    def _tell_crime(self, crime: Crime) -> None:
        self._tell_in_crimes(crime)
        if crime.look_alike_of:
            self._look_alikes += 1
        else:
            self._crimes += 1

    def _write_dealers(self) -> None:
        with (self._out / "dealers.ndjson").open("wb") as file:
            write = _line_writer(file)
            for dealer in self._street.dealers:
                write(dealer.record)

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


def _register(out: Path, name: str, lines: int) -> Chronicle:
    first = clock.START if name == "purchases" else thefts.OLDEST
    return Chronicle(out / f"{name}.ndjson", lines=lines, first=first, last=clock.END)


def _line_writer(file: BinaryIO) -> Callable[[object], None]:
    def write(record: object) -> None:
        file.write(_encode(record) + b"\n")

    return write
