"""match: purchases a second through the matching process, against the bare SQL of its lookups.

The index holds 1.7 million stolen goods with a number each. The process reads and decodes events,
folds them, looks their numbers up, judges, writes its keys and its position. The peer sends exactly
the lookups of the same batches, with their values already prepared, and throws the rows away.
"""

import argparse
from datetime import UTC, datetime
from random import Random
from statistics import median
from time import perf_counter
from uuid import UUID

from psycopg import Connection
from psycopg.sql import SQL

from bench.report import report
from bench.world import fresh_archive, made_up_world, records
from herkomst import memory
from herkomst.domain.batches import batched
from herkomst.processes.followers import followers
from herkomst.processes.matching import FLOOD, Matching
from herkomst.projections import registry
from herkomst.projections.match_keys import STOLEN, Keyed, MatchKeys
from herkomst.projections.runner import BATCH, Runner
from herkomst.record.database import Row, connect

_ALPHABET = "ABCDEFGHJKLMNPRSTUVWXYZ0123456789"


def main(purchases: int, stolen: int, rounds: int) -> None:
    with (
        made_up_world(dealers=300, purchases=purchases * rounds, stolen=0, seed=1) as world,
        fresh_archive() as archive,
    ):
        archive.register.take_in(records(world, "dealers"), actor="user:bench")
        matching = next(f for f in followers(archive) if isinstance(f, Matching))
        runner = Runner(archive.urls.app, [matching])
        runner.run(once=True)
        memory.settle()
        with connect(archive.urls.app, "bench") as connection:
            generation = registry.live(connection, matching.model)
            _fill(connection, matching.model, generation, stolen)
            ours, theirs, ratios = [], [], []
            for some in batched(records(world, "purchases"), purchases):
                for _ in archive.register.take_in_batches(batched(some, 1000), actor="user:bench"):
                    pass
                before = _items(connection, matching.model, generation)
                started = perf_counter()
                runner.run(once=True)
                ours.append(len(some) / (perf_counter() - started))
                keys = _new_keys(connection, matching.model, generation, before)
                theirs.append(len(some) / _lookups(connection, matching.model, generation, keys))
                ratios.append(ours[-1] / theirs[-1])
    report(
        "match",
        {
            "purchases": purchases,
            "stolen": stolen,
            "rounds": rounds,
            "matched_per_second": round(median(ours)),
            "bare_lookups_per_second": round(median(theirs)),
            "ratio": round(median(ratios), 3),
            "spread": [round(min(ratios), 3), round(max(ratios), 3)],
            "goal": 0.5,
        },
    )


def _fill(connection: Connection[Row], model: MatchKeys, generation: int, stolen: int) -> None:
    """Made-up stolen goods, as rows of the index."""
    random = Random(1)  # noqa: S311
    moment = datetime(2025, 1, 1, tzinfo=UTC)
    for numbers in batched(range(stolen), 20_000):
        rows = [
            Keyed(
                "number:" + "".join(random.choices(_ALPHABET, k=11)),
                STOLEN,
                UUID(int=random.getrandbits(128)),
                0,
                "politie",
                f"bench-{number}",
                "laptop",
                "Dell",
                "Latitude 5420",
                moment,
                moment,
                False,
                False,
                False,
                None,
                None,
            )
            for number in numbers
        ]
        model.write(connection, generation, rows)  # type: ignore[arg-type]
    connection.execute(SQL("ANALYZE {}").format(model.table(generation)))


def _items(connection: Connection[Row], model: MatchKeys, generation: int) -> int:
    row = connection.execute(
        SQL("SELECT count(*) FROM {} WHERE side = 'purchase'").format(model.table(generation))
    ).fetchone()
    assert row is not None
    return int(row[0])


def _new_keys(
    connection: Connection[Row], model: MatchKeys, generation: int, before: int
) -> list[list[str]]:
    """The numbers of the purchases just matched, in batches as the process looked them up."""
    rows = connection.execute(
        SQL("SELECT key FROM {} WHERE side = 'purchase' ORDER BY ctid OFFSET %s").format(
            model.table(generation)
        ),
        (before,),
    ).fetchall()
    # A batch is of events; a purchase is three of them, so this is how many fall into one.
    return list(batched((row[0] for row in rows), max(1, BATCH // 3)))


def _lookups(
    connection: Connection[Row], model: MatchKeys, generation: int, batches: list[list[str]]
) -> float:
    limits = [[FLOOD + 2] * len(keys) for keys in batches]
    started = perf_counter()
    for keys, most in zip(batches, limits, strict=True):
        with connection.transaction():
            model.on(connection, generation, keys, most)
    return perf_counter() - started


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--purchases", type=int, default=10_000, help="a round")
    parser.add_argument("--stolen", type=int, default=1_700_000)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    main(arguments.purchases, arguments.stolen, arguments.rounds)
