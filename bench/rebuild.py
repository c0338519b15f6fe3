"""rebuild: a read model built anew, against COPY out, decode and COPY in of the same rows.

The peer copies every event of the sequence out of the server, decodes each to its typed struct, and
copies the finished rows, already formatted by the server, into a table of the same columns with the
same indexes. It folds nothing, opens nothing and keeps no position.
"""

import argparse
from collections.abc import Sequence
from statistics import median
from time import perf_counter

from psycopg import Connection
from psycopg.sql import SQL, Composable

from bench.report import report
from bench.world import fresh_archive, made_up_world, records
from herkomst import memory
from herkomst.domain.batches import batched
from herkomst.domain.events import decode
from herkomst.processes.followers import followers
from herkomst.projections import registry
from herkomst.projections.follower import Follower
from herkomst.projections.model import Model
from herkomst.projections.rebuild import rebuild
from herkomst.projections.runner import Runner
from herkomst.record.database import Row, connect

MODELS = ("purchases", "presentations", "stolen_items", "links")


def main(purchases: int, rounds: int) -> None:
    with (
        made_up_world(dealers=300, purchases=purchases, stolen=purchases, seed=1) as world,
        fresh_archive() as archive,
    ):
        for name in ("dealers", "purchases", "stolen"):
            batches = batched(records(world, name), 1000)
            for _ in archive.register.take_in_batches(batches, actor="user:bench"):
                pass
        every = followers(archive)
        Runner(archive.urls.app, every).run(once=True)
        memory.settle()
        with connect(archive.urls.app, "bench") as connection:
            figures = {name: _measure(connection, every, name, rounds) for name in MODELS}
    report("rebuild", {"purchases": purchases, "rounds": rounds, "models": figures, "goal": 0.5})


def _measure(
    connection: Connection[Row], every: Sequence[Follower], name: str, rounds: int
) -> dict[str, object]:
    chosen = [f for f in every if any(m.name == name for m in f.models)]
    model = next(m for m in chosen[0].models if m.name == name)
    ratios, ours, theirs = [], [], []
    for _ in range(rounds):
        theirs.append(_peer(connection, model))
        started = perf_counter()
        rebuild(connection, chosen, [name])
        ours.append(perf_counter() - started)
        ratios.append(theirs[-1] / ours[-1])
    return {
        "rebuild_seconds": round(median(ours), 2),
        "peer_seconds": round(median(theirs), 2),
        "ratio": round(median(ratios), 3),
        "spread": [round(min(ratios), 3), round(max(ratios), 3)],
    }


def _peer(connection: Connection[Row], model: Model) -> float:
    generation = registry.live(connection, model)
    data = _out(connection, SQL("SELECT * FROM {}").format(model.table(generation)))
    spare = 1_000_000
    started = perf_counter()
    with connection.transaction(), connection.cursor() as cursor:
        model.create(connection, spare)
        with cursor.copy(
            "COPY (SELECT topic, state FROM record.register_events "
            "ORDER BY notification_id) TO STDOUT (FORMAT BINARY)"
        ) as copy:
            copy.set_types(["text", "bytea"])
            for topic, state in copy.rows():
                decode(topic, state)
        with cursor.copy(SQL("COPY {} FROM STDIN").format(model.table(spare))) as copy:
            for some in data:
                copy.write(some)
    model.index(connection, spare)
    seconds = perf_counter() - started
    model.drop(connection, spare)
    return seconds


def _out(connection: Connection[Row], query: Composable) -> list[bytes]:
    statement = SQL("COPY ({}) TO STDOUT").format(query)
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        return [bytes(part) for part in copy]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--purchases", type=int, default=30_000)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    main(arguments.purchases, arguments.rounds)
