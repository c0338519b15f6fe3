"""The staff of the world and what it reads, as files beside the registers."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import msgspec

from herkomst.simulate import clock, rates, staff
from herkomst.simulate.chronicle import Chronicle, Span
from herkomst.simulate.crimes import misuse
from herkomst.simulate.draws import stream
from herkomst.simulate.formats import Misuse
from herkomst.simulate.keys import Keys
from herkomst.simulate.places import Country
from herkomst.simulate.reads import Journal, Oddities, Service, Story
from herkomst.simulate.sample import Remembered
from herkomst.simulate.sellers import Population
from herkomst.simulate.staff import Barracks

FILES: Final = ("staff.ndjson", "reads.ndjson", "truth/misuse.ndjson")
_LINES_OF_AN_OFFICER: Final = 300
_encode: Final = msgspec.json.Encoder().encode


class Served(msgspec.Struct, frozen=True):
    """How many of the staff there are, and what they read."""

    officers: int
    cases: int
    reads: int
    misuse: int


def serve(
    out: Path, *, sample: list[Remembered], country: Country, purchases: int, seed: int
) -> Served:
    """Write `staff.ndjson`, `reads.ndjson` and the truth about misuse."""
    officers = staff.scaled(rates.OFFICERS, rates.OFFICERS_AT_LEAST, purchases)
    cases = staff.scaled(rates.CASES, rates.CASES_AT_LEAST, purchases)
    reads = staff.scaled(rates.READS, rates.READS_AT_LEAST, purchases)
    with ExitStack() as files:
        barracks = Barracks(
            sample=sample,
            chance=stream(seed, "staff"),
            keys=Keys(stream(seed, "personnel")),
            encode=_encode,
            add=files.enter_context(_file(out, "staff", officers * _LINES_OF_AN_OFFICER)).add,
        )
        barracks.recruit(
            Population(country, stream(seed, "officers"), purchases), country, officers
        )
        barracks.open_cases(cases)
        barracks.give_tasks()
        journal = Journal(
            chance=stream(seed, "journal"),
            keys=Keys(stream(seed, "reads")),
            encode=_encode,
            add=files.enter_context(_file(out, "reads", reads)).add,
        )
        service = Service(barracks, journal, stream(seed, "service"))
        planted = misuse.Misuse(service, stream(seed, "misuse")).plant(misuse.counts(purchases))
        Oddities(service).plan(reads)
        service.run(reads)
        barracks.write_people()
    _tell(out, service.stories)
    return Served(officers, cases, journal.lines, planted)


def _file(out: Path, name: str, lines: int) -> Chronicle:
    return Chronicle(out / f"{name}.ndjson", Span(staff.FIRST, clock.END, lines))


def _tell(out: Path, stories: list[Story]) -> None:
    with (out / "truth/misuse.ndjson").open("wb") as file:
        file.writelines(_encode(told) + b"\n" for told in _told(stories))


def _told(stories: list[Story]) -> Iterator[Misuse]:
    for story in stories:
        if story.reads:
            yield Misuse(story.kind, story.officer.reference, story.reads, story.look_alike_of)
