"""difficulty: whether the simulated world is hard enough for figures of quality to mean something.

Three simple methods are tried on a world, each with knowledge that no product has: they know which
purchases one person made. Where one of them does well the world is too easy:

- ranking sellers by number of sales finds planted offenders among the first fifty;
- sharing a telephone number or an address alone, by three persons or more, finds rings;
- exact numbers alone, sign for sign, find the findable stolen goods. Findable is a stolen good in a
  purchase whose theft stands in the register: a report of the same good, with a number or without.

Prints the figures of each seed, with the rates of the world they rest on.
"""

import argparse
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from bench.report import report
from bench.score import Rate
from herkomst.simulate import rates
from herkomst.simulate.world import simulate

RANKED: Final = 50
PRECISION_OF_RANKING: Final = 0.10
PRECISION_OF_SHARING: Final = 0.20
RECALL_OF_EXACT_NUMBERS: Final = 0.70
GROUP: Final = 3
PURCHASES_OF_A_DEALER: Final = 154
"""A million purchases of 6,500 dealers."""
T = TypeVar("T")


class _Reference(msgspec.Struct, frozen=True):
    source: str
    key: str


class _Line(msgspec.Struct, frozen=True):
    key: str
    line: int


class _Number(msgspec.Struct):
    value: str


class _Address(msgspec.Struct, frozen=True):
    postcode: str
    number: str
    suffix: str | None = None


class _Seller(msgspec.Struct):
    phone: str | None = None
    address: _Address | None = None


class _Item(msgspec.Struct):
    line: int
    identifiers: list[_Number]


class _Purchase(msgspec.Struct):
    key: str
    items: list[_Item]
    seller: _Seller | None = None


class _Good(msgspec.Struct):
    identifiers: list[_Number]


class _StolenItem(msgspec.Struct):
    key: str
    item: _Good


class _Presented(msgspec.Struct):
    person: str
    presented: list[_Reference]


class _Crime(msgspec.Struct):
    kind: str
    members: list[str]
    look_alike_of: str | None = None


class _StolenHere(msgspec.Struct):
    purchase: _Line
    stolen: _Reference | None = None


class _Hit(msgspec.Struct):
    purchase: _Line


class Difficulty(msgspec.Struct):
    """What three simple methods reach on a world."""

    seed: int
    ranking: Rate
    sharing: Rate
    exact_numbers: Rate
    exact_numbers_where_one_is_written: Rate
    """The same of the goods with a number in the purchase, in the report or in both."""
    exact_numbers_of_shown_goods: Rate
    """The same of the goods whose own number stands on both sides, in whatever writing."""

    @property
    def is_hard(self) -> bool:
        """Say whether none of them does well."""
        return (
            self.ranking.value < PRECISION_OF_RANKING
            and self.sharing.value < PRECISION_OF_SHARING
            and self.exact_numbers.value < RECALL_OF_EXACT_NUMBERS
        )

    def told(self) -> dict[str, object]:
        """Write the figures with their intervals and counts."""
        return {
            "seed": self.seed,
            "precision_at_50_of_sellers_by_sales": self.ranking.told(),
            "precision_of_sharing_a_phone_or_address": self.sharing.told(),
            "recall_of_exact_numbers": self.exact_numbers.told(),
            "where_either_side_has_a_number": self.exact_numbers_where_one_is_written.told(),
            "where_both_sides_have_its_number": self.exact_numbers_of_shown_goods.told(),
            "hard": self.is_hard,
        }


def measure(world: Path, seed: int) -> Difficulty:
    """Try the three methods on a world that was written with that seed."""
    crimes = list(_read(world / "truth/crimes.ndjson", _Crime))
    planted = [crime for crime in crimes if crime.look_alike_of is None]
    person_of: dict[str, str] = {}
    sales: dict[str, int] = {}
    for person in _read(world / "truth/persons.ndjson", _Presented):
        sales[person.person] = len(person.presented)
        person_of.update((reference.key, person.person) for reference in person.presented)
    exact, written, findable = _exact_numbers(world)
    shown = {hit.purchase for hit in _read(world / "truth/hits.ndjson", _Hit)}
    return Difficulty(
        seed,
        _ranking(sales, {member for crime in planted for member in crime.members}),
        _sharing(world, person_of, [set(c.members) for c in planted if c.kind == "ring"]),
        Rate(len(exact), len(findable)),
        Rate(len(exact), len(written)),
        Rate(len(exact & shown), len(shown)),
    )


def _ranking(sales: dict[str, int], offenders: set[str]) -> Rate:
    first = sorted(sales, key=lambda person: -sales[person])[:RANKED]
    return Rate(sum(person in offenders for person in first), len(first))


def _sharing(world: Path, person_of: dict[str, str], rings: list[set[str]]) -> Rate:
    """Count the groups that share something, and those of them that are mostly one ring."""
    groups: dict[object, set[str]] = defaultdict(set)
    for purchase in _read(world / "purchases.ndjson", _Purchase):
        seller = purchase.seller
        if seller and seller.phone:
            groups[seller.phone.replace("-", "").replace("+31", "0")].add(person_of[purchase.key])
        if seller and seller.address:
            groups[seller.address].add(person_of[purchase.key])
    found = [members for members in groups.values() if len(members) >= GROUP]
    right = sum(any(2 * len(g & ring) > len(g) for ring in rings) for g in found)
    return Rate(right, len(found))


def _exact_numbers(world: Path) -> tuple[set[_Line], set[_Line], set[_Line]]:
    """Return the goods found by an exact number, those with any number, and all findable ones."""
    reports = {
        here.purchase: here.stolen.key
        for here in _read(world / "truth/stolen.ndjson", _StolenHere)
        if here.stolen
    }
    known = set(reports.values())
    numbers = {
        stolen.key: _values(stolen.item.identifiers)
        for stolen in _read(world / "stolen.ndjson", _StolenItem)
        if stolen.key in known
    }
    wanted = {line.key for line in reports}
    exact, written = set(), set()
    for purchase in _read(world / "purchases.ndjson", _Purchase):
        if purchase.key in wanted:
            for item in purchase.items:
                line, bought = _Line(purchase.key, item.line), _values(item.identifiers)
                reported = numbers[reports[line]] if line in reports else set()
                if line in reports and bought | reported:
                    written.add(line)
                if bought & reported:
                    exact.add(line)
    return exact, written, set(reports)


def _values(identifiers: Iterable[_Number]) -> set[str]:
    return {number.value for number in identifiers}


def _read(path: Path, kind: type[T]) -> Iterator[T]:
    decode = msgspec.json.Decoder(kind).decode
    with path.open("rb") as file:
        for line in file:
            yield decode(line)


def of_seed(seed: int, purchases: int) -> Difficulty:
    """Make a world of that size and measure it."""
    with tempfile.TemporaryDirectory(prefix="herkomst-difficulty-") as directory:
        world = Path(directory)
        dealers = max(60, purchases // PURCHASES_OF_A_DEALER)
        simulate(world, dealers=dealers, purchases=purchases, stolen=None, seed=seed)
        return measure(world, seed)


def main(seeds: Iterable[int], purchases: int) -> bool:
    """Measure a world of each seed; say whether all of them are hard."""
    measured = [of_seed(seed, purchases) for seed in seeds]
    report(
        "difficulty",
        {
            "purchases": purchases,
            "goals": {
                "precision_at_50_of_sellers_by_sales": PRECISION_OF_RANKING,
                "precision_of_sharing_a_phone_or_address": PRECISION_OF_SHARING,
                "recall_of_exact_numbers": RECALL_OF_EXACT_NUMBERS,
            },
            "seeds": [difficulty.told() for difficulty in measured],
            "passed": all(difficulty.is_hard for difficulty in measured),
            "rates": rates.listing(),
        },
    )
    return all(difficulty.is_hard for difficulty in measured)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=list(range(1, 11)))
    parser.add_argument("--purchases", type=int, default=100_000)
    arguments = parser.parse_args()
    sys.exit(0 if main(arguments.seeds, arguments.purchases) else 1)
