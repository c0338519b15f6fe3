"""quality: what matching finds in made-up worlds, against their truth, by grade and by stratum.

Each world is taken in over the real path: half of the stolen goods, the purchases, the other half,
so that hits are found both ways. Nothing but the benches reads the truth. Precision is told by
grade, recall over all stolen goods in purchases that a number can show, misses and the ten worst
false hits one by one.
"""

import argparse
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
from psycopg.sql import SQL

from bench import described
from bench.described import Described, Report
from bench.report import report
from bench.score import Pair, Planted, Rate, read_truth
from bench.world import fresh_archive, made_up_world, records
from herkomst.domain.batches import batched
from herkomst.domain.matching import Reason
from herkomst.domain.register.records import Record, StolenItemRecord
from herkomst.investigations.live import MODELS
from herkomst.processes.followers import followers
from herkomst.processes.matching import RULES
from herkomst.projections import registry
from herkomst.projections.hits import Hits
from herkomst.projections.runner import Runner
from herkomst.record.archive import Archive
from herkomst.record.database import connect

GOALS = {"full_hit": 0.98, "hit": 0.90, "look_alike": 0.70, "one_edit": 0.50}
RECALL = 0.95
_FALSE_TOLD = 10
_STANDING = SQL(
    "SELECT purchase_source, purchase_key, line, stolen_source, stolen_key, grade, score, "
    "reasons::text, against::text FROM {} WHERE state = 'found'"
)
_FOLLOWED = frozenset({"matching", *(model.name for model in MODELS)})
"""What hits and suggestions are asked of; what is searched and the processes are not."""
_decode = msgspec.json.Decoder(tuple[Reason, ...]).decode


class Standing(NamedTuple):
    """A hit that stands, as far as it is scored."""

    grade: str
    score: int
    reasons: tuple[Reason, ...]
    against: tuple[Reason, ...]


class World(NamedTuple):
    """What was planted in a world and what was found in it."""

    planted: Mapping[Pair, Planted]
    found: Mapping[Pair, Standing]
    kinds: Mapping[tuple[str, str, int], str]
    """Kinds of the goods that were bought."""
    described: described.Described
    """What was suggested by description."""


def main(seeds: Sequence[int], purchases: int, stolen: int) -> None:
    worlds = {seed: _world(seed, purchases, stolen) for seed in seeds}
    told = {
        "rules": RULES,
        "seeds": list(seeds),
        "purchases": purchases,
        "stolen": stolen,
        "precision": _precision(worlds.values()),
        "recall": _recall(worlds.values(), lambda *_: "all")["all"],
        "recall_by_grade": _recall(worlds.values(), lambda _, __, p: p.grade),
        "recall_by_kind": _recall(worlds.values(), lambda w, pair, _: w.kinds[pair[:3]]),
        "recall_by_source": _recall(worlds.values(), lambda _, pair, __: pair[3]),
        "recall_by_noise": _recall(worlds.values(), lambda _, __, p: p.why),
        "by_seed": {
            seed: {
                "precision": _precision([world]),
                "recall": _recall([world], lambda *_: "all")["all"],
            }
            for seed, world in worlds.items()
        },
        "missed": [
            f"seed {seed}: {' '.join(map(str, pair))}: {world.planted[pair].why}"
            for seed, world in worlds.items()
            for pair in sorted(world.planted.keys() - world.found.keys())
        ],
        "worst_false": _worst(worlds),
        "goals": {**GOALS, "recall": RECALL},
        "description": described.told({seed: w.described for seed, w in worlds.items()}),
    }
    report("quality", told)


def _world(seed: int, purchases: int, stolen: int) -> World:
    with (
        made_up_world(dealers=300, purchases=purchases, stolen=stolen, seed=seed) as world,
        fresh_archive() as archive,
    ):
        bought, lost = records(world, "purchases"), records(world, "stolen")
        second = records(world, "stolen", "stolen-verzekeraars")
        half = len(lost) // 2
        for some in (records(world, "dealers"), lost[:half], bought, second, lost[half:]):
            _take_in(archive, some)
        kinds = {
            (record.source, record.key, item.line): item.kind
            for _, record in bought
            for item in getattr(record, "items", ())
        }
        planted = read_truth(
            [world / "truth" / f"{name}.ndjson" for name in ("hits", "hits-verzekeraars")]
        )
        return World(planted, _found(archive), kinds, _described(archive, world, planted))


def _described(archive: Archive, world: Path, planted: Mapping[Pair, Planted]) -> Described:
    """What is suggested where no number shows it."""
    numbered = {
        (record.source, record.key, item.line): (
            item.kind,
            bool(item.identifiers),
            item.model is not None,
        )
        for _, record in records(world, "purchases")
        for item in getattr(record, "items", ())
    }
    reports = {
        (record.source, record.key): Report(
            bool(record.item.identifiers),
            record.item.model is not None,
            record.handling,
            record.status,
        )
        for _, record in records(world, "stolen")
        if isinstance(record, StolenItemRecord)
    }
    return described.measured(
        archive,
        world,
        list(reports),
        planted,
        lambda source, key, line: numbered[source, key, line],
        reports,
    )


def _take_in(archive: Archive, some: Sequence[tuple[int, Record]]) -> None:
    for _ in archive.register.take_in_batches(batched(some, 1000), actor="user:bench"):
        pass
    _follow(archive)


def _follow(archive: Archive) -> None:
    chosen = [f for f in followers(archive) if f.name in _FOLLOWED]
    Runner(archive.urls.app, chosen).run(once=True)


def _found(archive: Archive) -> dict[Pair, Standing]:
    model = Hits()
    with connect(archive.urls.app, "bench") as connection:
        table = registry.live_tables(connection, [model])[model.name]
        rows = connection.execute(_STANDING.format(table)).fetchall()
    return {
        (row[0], row[1], row[2], row[3], row[4]): Standing(
            row[5], row[6], _decode(row[7]), _decode(row[8])
        )
        for row in rows
    }


def _precision(worlds: Iterable[World]) -> dict[str, object]:
    right: Counter[str] = Counter()
    of: Counter[str] = Counter()
    for world in worlds:
        for pair, hit in world.found.items():
            of[hit.grade] += 1
            right[hit.grade] += pair in world.planted
    return {grade: Rate(right[grade], of[grade]).told() for grade in sorted(of)}


def _recall(
    worlds: Iterable[World], stratum: Callable[[World, Pair, Planted], str]
) -> dict[str, dict[str, object]]:
    right: Counter[str] = Counter()
    of: Counter[str] = Counter()
    for world in worlds:
        for pair, planted in world.planted.items():
            name = stratum(world, pair, planted)
            of[name] += 1
            right[name] += pair in world.found
    return {name: Rate(right[name], of[name]).told() for name in sorted(of)}


def _worst(worlds: Mapping[int, World]) -> dict[str, list[str]]:
    """The false hits of the highest score, by grade."""
    false: defaultdict[str, list[tuple[int, str]]] = defaultdict(list)
    for seed, world in worlds.items():
        for pair in world.found.keys() - world.planted.keys():
            hit = world.found[pair]
            compared = "; ".join(f"{r.code} {r.purchase} / {r.stolen}" for r in hit.reasons)
            codes = ", ".join(reason.code for reason in hit.against)
            told = f"seed {seed}: {' '.join(map(str, pair))}: {compared}; against: {codes or '-'}"
            false[hit.grade].append((hit.score, told))
    return {
        grade: [told for _, told in sorted(found, reverse=True)[:_FALSE_TOLD]]
        for grade, found in sorted(false.items())
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[11, 12, 13])
    parser.add_argument("--purchases", type=int, default=50_000)
    parser.add_argument("--stolen", type=int, default=170_000)
    arguments = parser.parse_args()
    main(arguments.seeds, arguments.purchases, arguments.stolen)
