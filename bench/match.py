"""match: purchases a second through the matching process, against its SQL without the process.

The index holds 1.7 million stolen goods with a number each. The process reads and decodes events,
folds them, looks their numbers up, judges, writes its keys and its position. Three peers follow it,
over the same purchases in the same batches, with all values prepared:

- `lookups` sends nothing but its lookups, a batch in one statement, and throws the rows away;
- `single_lookups` sends them a purchase in one statement, as a matcher that knows no batches does;
- `statements` sends all that it sends: it reads the events as they are stored, looks up, copies the
  rows of the keys in, moves a position and commits. What is ours alone is then what the process
  does itself: decoding, normal forms, folding, judging.
"""

import argparse
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import groupby
from random import Random
from statistics import median
from time import perf_counter
from typing import NamedTuple
from uuid import UUID

from psycopg import Connection
from psycopg.sql import SQL

from bench.report import report
from bench.world import fresh_archive, made_up_world, records
from herkomst import memory
from herkomst.domain.batches import batched
from herkomst.domain.events import known_events
from herkomst.domain.identifiers import numbers as numbers_of
from herkomst.processes.followers import followers
from herkomst.processes.matching import FLOOD, Matching
from herkomst.projections import registry
from herkomst.projections.copying import RowFormat
from herkomst.projections.match_keys import STOLEN, Keyed, MatchKeys, columns_of
from herkomst.projections.runner import BATCH, Runner
from herkomst.record.database import Row, connect
from herkomst.record.reader import SequenceReader

_ALPHABET = "ABCDEFGHJKLMNPRSTUVWXYZ0123456789"
_PEER = "bench"


class _Batch(NamedTuple):
    """A batch of the process: where it ends, what it wrote, and that as COPY reads it."""

    end: int
    rows: list[Keyed]
    data: bytes

    @property
    def keys(self) -> list[str]:
        return [row.key for row in self.rows]

    @property
    def limits(self) -> list[int]:
        return [FLOOD + 2] * len(self.rows)


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
            registry.enrol(connection, [(_PEER, matching.kind, matching.sequence)])
            ours: list[float] = []
            lookups: list[float] = []
            single: list[float] = []
            statements: list[float] = []
            for some in batched(records(world, "purchases"), purchases):
                for _ in archive.register.take_in_batches(batched(some, 1000), actor="user:bench"):
                    pass
                start = registry.position(connection, matching.name)
                started = perf_counter()
                runner.run(once=True)
                ours.append(len(some) / (perf_counter() - started))
                work = _prepared(connection, matching.model, generation, start)
                _forget(connection, matching.model, generation, work)
                lookups.append(len(some) / _lookups(connection, matching.model, generation, work))
                singly = [_of_one(rows) for batch in work for rows in _by_purchase(batch)]
                single.append(len(some) / _lookups(connection, matching.model, generation, singly))
                registry.move(connection, _PEER, registry.position(connection, _PEER), start)
                statements.append(
                    len(some) / _statements(connection, matching, generation, start, work)
                )
    report(
        "match",
        {
            "purchases": purchases,
            "stolen": stolen,
            "rounds": rounds,
            "matched_per_second": round(median(ours)),
            "against_lookups": _against(ours, lookups),
            "against_single_lookups": _against(ours, single),
            "against_statements": _against(ours, statements),
            "goal": 0.5,
        },
    )


def _against(ours: list[float], theirs: list[float]) -> dict[str, object]:
    ratios = [mine / peer for mine, peer in zip(ours, theirs, strict=True)]
    return {
        "per_second": round(median(theirs)),
        "ratio": round(median(ratios), 3),
        "spread": [round(min(ratios), 3), round(max(ratios), 3)],
    }


def _fill(connection: Connection[Row], model: MatchKeys, generation: int, stolen: int) -> None:
    """Made-up stolen goods, as rows of the index."""
    random = Random(1)  # noqa: S311
    moment = datetime(2025, 1, 1, tzinfo=UTC)
    for numbers in batched(range(stolen), 20_000):
        rows = [_stolen(random, moment, number) for number in numbers]
        model.write(connection, generation, rows)
    connection.execute(SQL("ANALYZE {}").format(model.table(generation)))


def _stolen(random: Random, moment: datetime, place: int) -> Keyed:
    (number,) = numbers_of(
        [("serial", "".join(random.choices(_ALPHABET, k=11)))], "laptop", "Dell", _no_token
    )
    return Keyed(
        *columns_of(number),
        STOLEN,
        UUID(int=random.getrandbits(128)),
        0,
        "politie",
        f"bench-{place}",
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
        False,
    )


def _no_token(key: str) -> str:
    raise ValueError(f"{key} points at nobody")


def _prepared(
    connection: Connection[Row], model: MatchKeys, generation: int, start: int
) -> list[_Batch]:
    """What the process wrote behind a position, in its batches."""
    head = SequenceReader(model.sequence).head(connection)
    rows: list[list[Keyed]] = [[] for _ in range(start, head, BATCH)]
    statement = SQL(
        "SELECT e.notification_id, m.* FROM {} m JOIN record.register_events e "
        "ON e.originator_id = m.item AND e.originator_version = 1 "
        "WHERE e.notification_id > %s ORDER BY e.notification_id, m.line"
    ).format(model.table(generation))
    for position, *row in connection.execute(statement, (start,)):
        rows[(position - start - 1) // BATCH].append(Keyed(*row))
    form = RowFormat([column.type for column in model.columns])
    return [
        _Batch(min(start + (number + 1) * BATCH, head), some, b"".join(form.binary(some)))
        for number, some in enumerate(rows)
    ]


def _forget(
    connection: Connection[Row], model: MatchKeys, generation: int, work: list[_Batch]
) -> None:
    """Take the rows out again, so that the peers find the index as the process found it."""
    model.take(connection, generation, [row.item for batch in work for row in batch.rows])
    connection.execute(SQL("VACUUM {}").format(model.table(generation)))


def _by_purchase(batch: _Batch) -> Iterator[list[Keyed]]:
    for _, rows in groupby(batch.rows, key=lambda row: row.item):
        yield list(rows)


def _of_one(rows: list[Keyed]) -> _Batch:
    return _Batch(0, rows, b"")


def _lookups(
    connection: Connection[Row], model: MatchKeys, generation: int, work: list[_Batch]
) -> float:
    started = perf_counter()
    for batch in work:
        with connection.transaction():
            model.on(connection, generation, batch.keys, batch.limits)
    return perf_counter() - started


def _statements(
    connection: Connection[Row],
    matching: Matching,
    generation: int,
    start: int,
    work: list[_Batch],
) -> float:
    reader = SequenceReader(matching.sequence)
    without = known_events().keys() - matching.topics
    copy_in = SQL("COPY {} FROM STDIN (FORMAT BINARY)").format(matching.model.table(generation))
    started = perf_counter()
    for batch in work:
        with connection.transaction(), connection.cursor() as cursor:
            registry.position(connection, _PEER)
            reader.batch(connection, start, BATCH, without)
            matching.model.on(connection, generation, batch.keys, batch.limits)
            with cursor.copy(copy_in) as copy:
                copy.write(batch.data)
            assert registry.move(connection, _PEER, start, batch.end)
        start = batch.end
    return perf_counter() - started


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--purchases", type=int, default=10_000, help="a round")
    parser.add_argument("--stolen", type=int, default=1_700_000)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    main(arguments.purchases, arguments.stolen, arguments.rounds)
