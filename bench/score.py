"""score: what `herkomst export hits` found, against the truth of a simulated world.

Nothing but the benches reads the truth. Recall is over planted full hits and hits, precision over
full hits; every miss and every false full hit is listed, because a figure alone explains nothing.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from math import sqrt
from pathlib import Path
from typing import NamedTuple, TypeVar

import msgspec

from bench.report import report
from herkomst.simulate.rates import listing

RECALL, PRECISION = 0.99, 0.95
T = TypeVar("T")
FINDABLE = ("full_hit", "hit")
Pair = tuple[str, str, int, str, str]


class _Good(msgspec.Struct):
    source: str
    key: str
    line: int = 0


class Planted(msgspec.Struct):
    """A pair that a number can show, as the truth of a world has it."""

    purchase: _Good
    stolen: _Good
    grade: str
    why: str


class _Exported(msgspec.Struct):
    purchase: _Good
    stolen: _Good
    grade: str
    state: str
    score: int


class Rate(NamedTuple):
    """A share with its 95 % interval (Wilson)."""

    right: int
    of: int

    @property
    def value(self) -> float:
        return self.right / self.of if self.of else 1.0

    def told(self) -> dict[str, object]:
        low, high = self.interval()
        return {
            "value": round(self.value, 4),
            "interval": [round(low, 4), round(high, 4)],
            "right": self.right,
            "of": self.of,
        }

    def interval(self, z: float = 1.96) -> tuple[float, float]:
        if not self.of:
            return 0.0, 1.0
        p, n = self.value, self.of
        middle = p + z * z / (2 * n)
        half = z * sqrt(p * (1 - p) / n + z * z / (4 * n * n))
        return (middle - half) / (1 + z * z / n), min(1.0, (middle + half) / (1 + z * z / n))


def main(hits: Path, truths: Sequence[Path], *, rates: bool) -> bool:
    planted = read_truth(truths)
    standing = {
        _pair(h.purchase, h.stolen): h
        for h in _read(hits, _Exported)
        if h.state not in ("closed", "rejected")
    }
    findable = {pair for pair, p in planted.items() if p.grade in FINDABLE}
    full = {pair for pair, h in standing.items() if h.grade == "full_hit"}
    recall = Rate(len(findable & standing.keys()), len(findable))
    precision = Rate(sum(1 for p in full if p in planted), len(full))
    passed = bool(findable) and recall.value >= RECALL and precision.value >= PRECISION
    if rates:
        print(msgspec.json.encode({"rates": listing()}).decode())
    report(
        "score",
        {
            "planted": dict(Counter(p.grade for p in planted.values())),
            "standing": dict(Counter(h.grade for h in standing.values())),
            "recall_of_full_hits_and_hits": recall.told(),
            "precision_of_full_hits": precision.told(),
            "grade_as_planted": Rate(
                sum(1 for p in findable & standing.keys() if planted[p].grade == standing[p].grade),
                len(findable & standing.keys()),
            ).told(),
            "missed": [_told(p, planted[p].why) for p in sorted(findable - standing.keys())],
            "false_full_hits": [_told(p, "not planted") for p in sorted(full - planted.keys())][
                :10
            ],
            "passed": passed,
        },
    )
    return passed


def read_truth(truths: Sequence[Path]) -> dict[Pair, Planted]:
    """What was planted, by pair."""
    return {_pair(p.purchase, p.stolen): p for t in truths for p in _read(t, Planted)}


def _read(path: Path, kind: type[T]) -> list[T]:
    decode = msgspec.json.Decoder(kind).decode
    with path.open("rb") as file:
        return [decode(line) for line in file]


def _pair(purchase: _Good, stolen: _Good) -> Pair:
    return purchase.source, purchase.key, purchase.line, stolen.source, stolen.key


def _told(pair: Pair, why: str) -> str:
    return f"{pair[1]} line {pair[2]} beside {pair[4]}: {why}"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("hits", type=Path, help="what `herkomst export hits` wrote")
    parser.add_argument(
        "truth", type=Path, nargs="+", help="truth/hits.ndjson of the world, one a source"
    )
    parser.add_argument(
        "--rates", action="store_true", help="print the rates of `simulate` too, on one line"
    )
    arguments = parser.parse_args()
    sys.exit(0 if main(arguments.hits, arguments.truth, rates=arguments.rates) else 1)
