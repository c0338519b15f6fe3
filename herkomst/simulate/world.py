"""The made-up Netherlands as files: three registers, and the truth about them beside."""

import os
from collections.abc import Sequence
from pathlib import Path
from shutil import copyfileobj, rmtree
from tempfile import TemporaryDirectory
from typing import Final

import msgspec

from herkomst.simulate import desk, making, rates
from herkomst.simulate.chronicle import BUFFER, bind
from herkomst.simulate.crimes import shops
from herkomst.simulate.draws import stream
from herkomst.simulate.errors import SimulationError
from herkomst.simulate.formats import Crime, Presentations, Reference
from herkomst.simulate.keys import Keys
from herkomst.simulate.makers import make_all
from herkomst.simulate.making import TRUTHS, Findings, Progress, Seen, Size, line_writer
from herkomst.simulate.places import Country
from herkomst.simulate.shops import HITS_REMEMBERED, Shop, Street, Vice
from herkomst.simulate.slices import Slice, cut

__all__ = ["Counts", "Progress", "simulate"]

_UNFINISHED: Final = ".unfinished-"
_EVERY: Final = ("dealers", "purchases", "stolen", making.SECOND_FILE)
FILES: Final = (
    *(f"{name}.ndjson" for name in _EVERY),
    *(f"truth/{name}.ndjson" for name in TRUTHS),
    *desk.FILES,
)


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
    processes: int | None = None,
) -> Counts:
    """Write a world of that size into a folder, the same bytes for the same arguments.

    `dealers.ndjson`, `purchases.ndjson` and `stolen.ndjson` are records of the sources `dol`,
    `dor` and `politie`; `truth/` says which purchase holds which stolen good, and which purchases
    one person made. Without a number of stolen goods there are 3.4 beside each purchase. Memory
    does not grow with the number of records. A large world is made by processes, one for each core
    if their number is not told, which changes no byte. An earlier world in the folder is removed
    first, and a world is there when all of it is. Raises `SimulationError` for a size that cannot
    be, and when one of the processes ends before its part is made.
    """
    if stolen is None:
        stolen = round(purchases * rates.STOLEN_PER_PURCHASE)
    if purchases < 0 or stolen < 0:
        raise SimulationError("negative_size", "a world holds no fewer than zero records")
    size = Size(dealers, purchases, stolen, seed, staff)
    country, street = making.surroundings(size)
    (out / "truth").mkdir(parents=True, exist_ok=True)
    _clear(out)
    with TemporaryDirectory(prefix=_UNFINISHED, dir=out) as folder:
        world = _World(Path(folder), size, country, street, cut(purchases))
        counts = world.make(progress or _silent, processes or len(os.sched_getaffinity(0)))
        world.move(out)
    return counts


def _silent(_what: str, _done: int, _all: int) -> None:
    """Tell nobody."""


def _clear(out: Path) -> None:
    """Remove what an earlier world left in the folder, or one that was killed half-way."""
    for name in FILES:
        (out / name).unlink(missing_ok=True)
    for unfinished in out.glob(f"{_UNFINISHED}*"):
        rmtree(unfinished)


class _World:
    """A world whose slices are made into a folder, and put together there."""

    def __init__(
        self, folder: Path, size: Size, country: Country, street: Street, parts: Sequence[Slice]
    ) -> None:
        self._folder = folder
        self._made = folder / "made"
        self._size = size
        self._country = country
        self._street = street
        self._parts = parts
        self._crimes = 0
        self._look_alikes = 0
        (self._made / "truth").mkdir(parents=True)
        for name in (*size.registers(), "truth"):
            (folder / name).mkdir()

    def make(self, progress: Progress, processes: int) -> Counts:
        """Make all slices and put them together."""
        self._write_dealers()
        findings = self._make_slices(progress, processes)
        for name, span in self._size.registers().items():
            path = self._made / f"{name}.ndjson"
            bind(self._folder / name, span, path, writers=len(self._parts))
        self._join_truths()
        persons = self._tell_companies(findings)
        self._tell_shops(findings)
        return self._counts(findings, persons, self._serve(findings))

    def move(self, out: Path) -> None:
        """Put the finished files where they are looked for."""
        for name in FILES:
            if (self._made / name).exists():
                (self._made / name).replace(out / name)

    def _make_slices(self, progress: Progress, processes: int) -> list[Findings]:
        if len(self._parts) > 1:
            return make_all(self._folder, self._size, self._parts, processes, progress)
        (whole,) = self._parts
        return [making.make(self._folder, self._size, whole, self._country, self._street, progress)]

    def _write_dealers(self) -> None:
        with (self._made / "dealers.ndjson").open("wb", BUFFER) as file:
            write = line_writer(file)
            for dealer in self._street.dealers:
                write(dealer.record)

    def _join_truths(self) -> None:
        for name in TRUTHS:
            with (self._made / f"truth/{name}.ndjson").open("wb") as whole:
                for part in self._parts:
                    told = self._folder / f"truth/{name}.{part.number}"
                    with told.open("rb") as file:
                        copyfileobj(file, whole, BUFFER)
                    told.unlink()

    def _tell_companies(self, findings: Sequence[Findings]) -> int:
        """Write into the truth what insurers and depots sold, and return how many of them did."""
        sold: dict[int, list[Reference]] = {}
        for found in findings:
            for place, references in found.companies:
                sold.setdefault(place, []).extend(references)
        # The first slice's names go on, as if it had named them last.
        named = stream(self._size.seed, "persons")
        keys = Keys(named, self._parts[0], given=findings[0].persons)
        with (self._made / "truth/persons.ndjson").open("ab") as file:
            write = line_writer(file)
            for references in sold.values():
                write(Presentations(f"person-{keys.next()}", references))
        return len(sold)

    def _tell_shops(self, findings: Sequence[Findings]) -> None:
        """Write into the truth what the whole world has shown of its shops."""
        bad = _bad_shops(self._street.shops, findings)
        with (self._made / "truth/crimes.ndjson").open("ab") as file:
            write = line_writer(file)

            def tell(crime: Crime) -> None:
                write(crime)
                self._look_alikes += crime.look_alike_of is not None
                self._crimes += crime.look_alike_of is None

            shops.tell(self._street, bad, tell)

    def _serve(self, findings: Sequence[Findings]) -> desk.Served | None:
        remembered = [seen for found in findings for seen in found.remembered]
        if not remembered:
            return None
        return desk.serve(
            self._made,
            sample=remembered,
            country=self._country,
            purchases=self._size.purchases,
            seed=self._size.seed,
        )

    def _counts(
        self, findings: Sequence[Findings], persons: int, staff: desk.Served | None
    ) -> Counts:
        return Counts(
            dealers=len(self._street.dealers),
            establishments=len(self._street.shops),
            purchases=sum(found.purchases for found in findings),
            stolen=sum(found.stolen for found in findings),
            stolen_lines=sum(found.stolen_lines for found in findings),
            persons=sum(found.persons for found in findings) + persons,
            hits=sum(found.hits for found in findings),
            full_hits=sum(found.full_hits for found in findings),
            twins=sum(found.twins for found in findings),
            second_reports=sum(found.second_reports for found in findings),
            crimes=sum(found.crimes for found in findings) + self._crimes,
            look_alikes=sum(found.look_alikes for found in findings) + self._look_alikes,
            staff=staff,
        )


def _bad_shops(street: list[Shop], findings: Sequence[Findings]) -> list[Shop]:
    """Give each shop what all slices saw of it, and return the bad ones."""
    by_place: dict[int, list[Seen]] = {}
    for found in findings:
        for seen in found.shops:
            by_place.setdefault(seen.place, []).append(seen)
    for place, parts in by_place.items():
        shop, vice = street[place], parts[0].vice
        shop.hits = sum(seen.hits for seen in parts)
        hit_purchases = [purchase for seen in parts for purchase in seen.hit_purchases]
        shop.hit_purchases = hit_purchases[:HITS_REMEMBERED]
        if vice:
            shop.vice = Vice(vice, 0, [purchase for seen in parts for purchase in seen.noted])
    return [street[place] for place in findings[0].bad_shops]
