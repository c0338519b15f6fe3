"""Seeded draws: independent streams of chance, weighted urns, distributions by quantiles."""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from math import exp, log
from random import Random
from statistics import NormalDist
from typing import Generic, TypeVar

T = TypeVar("T")


def stream(seed: int, name: str) -> Random:
    """Return the stream of chance of that name, so that one part's draws never move another's."""
    return Random(f"herkomst/{seed}/{name}")


class Urn(Generic[T]):
    """Values drawn by weight, with replacement."""

    __slots__ = ("_bounds", "values")

    def __init__(self, weights: Mapping[T, float]) -> None:
        total = sum(weights.values())
        running, bounds = 0.0, []
        for weight in weights.values():
            running += weight
            bounds.append(running / total)
        bounds[-1] = 1.0
        self.values = tuple(weights)
        self._bounds = bounds

    def draw(self, chance: Random) -> T:
        """Draw one value."""
        return self.values[bisect_right(self._bounds, chance.random())]


_STEPS = 4096


class Spread:
    """A distribution read from a table of its values at even shares."""

    __slots__ = ("_first", "_values")

    def __init__(self, values: Sequence[float], first: float = 0.0) -> None:
        self._values = values
        self._first = first

    @classmethod
    def of_quantiles(cls, quantiles: Sequence[tuple[float, float]]) -> "Spread":
        """Run straight, in the logarithm, between quantiles (share, value)."""
        return cls([_between(quantiles, share) for share in _shares()], quantiles[0][0])

    @classmethod
    def lognormal(cls, median: float, sigma: float) -> "Spread":
        """Spread around a median by a factor."""
        normal = NormalDist()
        return cls([median * exp(sigma * normal.inv_cdf(share)) for share in _shares()])

    def at(self, share: float) -> float:
        """Return the value below which that share of the draws lies."""
        return self._values[int(share * _STEPS)]

    def draw(self, chance: Random) -> float:
        """Draw one value, from the first quantile on."""
        first = self._first
        return self._values[int((first + (1 - first) * chance.random()) * _STEPS)]


def _shares() -> Iterator[float]:
    for step in range(_STEPS):
        yield (step + 0.5) / _STEPS


def _between(quantiles: Sequence[tuple[float, float]], share: float) -> float:
    shares = [at for at, _ in quantiles]
    upper = min(max(bisect_right(shares, share), 1), len(shares) - 1)
    (low, from_value), (high, to_value) = quantiles[upper - 1], quantiles[upper]
    part = (share - low) / (high - low)
    return exp(log(from_value) + (log(to_value) - log(from_value)) * part)
