"""How a large world is cut: into equal parts, each made by itself, whatever makes them.

How many there are depends on the size of the world and on nothing of the machine. All begin alike
(the same country, shops, models, companies and bad shops) and then go ways of their own. Each has
its own block of the numbers and keys that can be given out, so that none is given out by two.
"""

from collections.abc import Mapping, Sequence
from random import Random
from typing import Final, NamedTuple, TypeVar

SLICED_FROM: Final = 150_000
"""Purchases from which on a world is cut; below, starting processes costs more than it gains."""
SLICES: Final = 4
T = TypeVar("T")


class Slice(NamedTuple):
    """One of the equal parts of a world."""

    number: int
    of: int

    def share(self, count: int) -> int:
        """Return how many of so many are made in this part; those of all parts add up."""
        return len(self.block(count))

    def block(self, count: int) -> range:
        """Return which of so many places in a row are of this part."""
        return range(count * self.number // self.of, count * (self.number + 1) // self.of)

    def dealt(self, items: Sequence[T]) -> Sequence[T]:
        """Return what this part gets where each gets one in turn."""
        return items[self.number :: self.of]

    def part_ways(self, seed: int, streams: Mapping[str, Random]) -> None:
        """Let streams of chance that were alike in all parts go ways of their own from here."""
        if self.of > 1:
            for name, chance in streams.items():
                chance.seed(f"herkomst/{seed}/{name}/{self.number} of {self.of}")


WHOLE: Final = Slice(0, 1)


def cut(purchases: int) -> list[Slice]:
    """Cut a world of so many purchases."""
    count = SLICES if purchases >= SLICED_FROM else 1
    return [Slice(number, count) for number in range(count)]
