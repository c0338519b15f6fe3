"""What is delivered while things are killed: a simulated world with thefts planted in it."""

import json
import random
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from herkomst.domain.register.records import StolenGood
from tests.commands import Herkomst

DEALERS, TILLS, POLICE = "dol", "dor", "politie"
"""The sources of the simulated world."""
SEED = 20261122
PLANTED_EVERY = 8
"""Of the purchases with a number, so many for one that was stolen before."""


class World(NamedTuple):
    """The records of a world, one a line, in the order in which their sources send them."""

    dealers: list[bytes]
    purchases: list[bytes]
    stolen: list[bytes]


class Delivery(NamedTuple):
    """What comes in at the same time: a file by import, and lines that a till posts."""

    number: int
    format: str
    source: str
    lines: list[bytes]
    posted: list[bytes]

    @property
    def events(self) -> int:
        """How many events all of it becomes."""
        return sum(map(_events, [*self.lines, *self.posted]))


def simulated(herkomst: Herkomst, folder: Path, *, purchases: int) -> World:
    """A world of `herkomst simulate`, with as many planted thefts as make the hits worth comparing.

    The thefts lie everywhere between the reports, so that both sides of a pair come first at times.
    """
    ended = herkomst(
        "simulate", "--dealers", "300", "--purchases", str(purchases),
        "--stolen", str(purchases * 5 // 4), "--seed", str(SEED), "--out", str(folder),
    )  # fmt: skip
    assert ended.code == 0, ended.err
    dealers, bought, reported = (
        (folder / f"{name}.ndjson").read_bytes().splitlines(keepends=True)
        for name in ("dealers", "purchases", "stolen")
    )
    chosen = random.Random(SEED)  # noqa: S311
    for theft in _thefts(bought):
        reported.insert(chosen.randrange(len(reported) + 1), theft)
    return World(dealers, bought, reported)


def deliveries(world: World, count: int) -> Iterator[Delivery]:
    """The world in so many deliveries: purchases and stolen goods by turns, and tills always."""
    by_tills = _parts(posted(world), count)
    by_file = _parts([p for n, p in enumerate(world.purchases) if n % 3], (count + 1) // 2)
    stolen = _parts(world.stolen, count // 2)
    for number in range(count):
        half, odd = divmod(number, 2)
        if odd:
            yield Delivery(number, "stolen", POLICE, stolen[half], by_tills[number])
        else:
            yield Delivery(number, "purchases", TILLS, by_file[half], by_tills[number])


def posted(world: World) -> list[bytes]:
    """The purchases that tills post; the others come by file."""
    return world.purchases[::3]


def _parts(lines: Sequence[bytes], count: int) -> list[list[bytes]]:
    ends = [len(lines) * n // count for n in range(count + 1)]
    return [list(lines[start:end]) for start, end in pairwise(ends)]


def _events(line: bytes) -> int:
    record = json.loads(line)
    if record["type"] != "purchase":
        return 1
    return 3 if "seller" in record else 2  # Registered, entered in a book, and who presented it.


def _thefts(purchases: Sequence[bytes]) -> Iterator[bytes]:
    """Reports of goods that were sold later, from years before any purchase."""
    items = (item for line in purchases for item in json.loads(line)["items"])
    numbered = [item for item in items if item["identifiers"]]
    for number, item in enumerate(numbered[::PLANTED_EVERY]):
        yield json.dumps(_theft(f"PLANTED-{number}", item)).encode() + b"\n"


def _theft(key: str, item: dict[str, Any]) -> dict[str, Any]:
    good = {k: v for k, v in item.items() if k in StolenGood.__struct_fields__}
    return {
        "type": "stolen_item",
        "v": 1,
        "source": POLICE,
        "key": key,
        "status": "reported",
        "handling": "open",
        "stolen": {"from": "2015-06-01", "zone": "Europe/Amsterdam", "precision": "day"},
        "reported_at": "2015-06-02T09:00:00+02:00",
        "item": good,
    }
