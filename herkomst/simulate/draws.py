"""Seeded draws: independent streams of chance, weighted urns, distributions by quantiles."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from math import exp, log
from random import Random
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


class Spread:
    """A distribution given by quantiles, running straight between them in its logarithm."""

    __slots__ = ("_logs", "_shares")

    def __init__(self, quantiles: Sequence[tuple[float, float]]) -> None:
        self._shares = [share for share, _ in quantiles]
        self._logs = [log(value) for _, value in quantiles]

    def at(self, share: float) -> float:
        """Return the value below which that share of the draws lies."""
        shares, logs = self._shares, self._logs
        upper = min(max(bisect_right(shares, share), 1), len(shares) - 1)
        low, high = shares[upper - 1], shares[upper]
        return exp(logs[upper - 1] + (logs[upper] - logs[upper - 1]) * (share - low) / (high - low))

    def draw(self, chance: Random) -> float:
        """Draw one value, from the first quantile on."""
        first = self._shares[0]
        return self.at(first + (self._shares[-1] - first) * chance.random())
