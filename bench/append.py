"""append: typed purchases to commit by the public method, against COPY of the rows it wrote.

The method validates, marks, seals, makes and wraps keys, takes register numbers and hashes leaves.
The peer copies exactly the same rows, already encoded by the server, in the same batches and
transactions, into tables of the same shape and indexes on the same durable server.
"""

import argparse
from collections.abc import Iterator, Sequence
from statistics import median
from time import perf_counter

from psycopg import Connection
from psycopg.sql import SQL, Identifier

from bench.report import report
from bench.world import fresh_archive, made_up_world, records
from herkomst import memory
from herkomst.domain.batches import batched
from herkomst.domain.register.records import Record
from herkomst.record.archive import Archive
from herkomst.record.database import Row, connect

BATCH = 1000
TABLES = (
    ("record.register_events", "notification_id"),
    ("vault.keys", "key_id"),
    ("record.appends", "first_position"),
)


def main(purchases: int, rounds: int) -> None:
    with (
        made_up_world(dealers=300, purchases=purchases * (rounds + 1), stolen=0, seed=1) as world,
        fresh_archive() as archive,
    ):
        archive.register.take_in(records(world, "dealers"), actor="source:dol")
        every = records(world, "purchases")
        memory.settle()
        assert archive.urls.admin is not None
        ratios, ours, theirs = [], [], []
        with connect(archive.urls.admin, "bench") as raw:
            first, *measured = batched(every, purchases)
            _append(archive, first)  # What starts once has then started.
            for some in measured:
                before = _head(archive)
                ours.append(len(some) / _append(archive, some))
                theirs.append(len(some) / _copy(raw, before, _head(archive)))
                ratios.append(ours[-1] / theirs[-1])
        report(
            "append",
            {
                "purchases": purchases,
                "rounds": rounds,
                "append_per_second": round(median(ours)),
                "copy_per_second": round(median(theirs)),
                "ratio": round(median(ratios), 3),
                "spread": [round(min(ratios), 3), round(max(ratios), 3)],
                "goal": 0.4,
            },
        )


def _head(archive: Archive) -> int:
    return archive.register.recorder.max_notification_id() or 0


def _append(archive: Archive, some: Sequence[tuple[int, Record]]) -> float:
    started = perf_counter()
    for _ in archive.register.take_in_batches(batched(some, BATCH), actor="source:dor"):
        pass
    return perf_counter() - started


def _copy(raw: Connection[Row], before: int, after: int) -> float:
    """Seconds to copy what stands between two positions, batch by batch as it was appended."""
    for table, _ in TABLES:
        raw.execute(
            SQL("CREATE TABLE {} (LIKE {} INCLUDING ALL)").format(_peer(table), _name(table))
        )
    batches = list(_batches(raw, before, after))
    started = perf_counter()
    for parts in batches:
        with raw.transaction(), raw.cursor() as cursor:
            for (table, _), data in zip(TABLES, parts, strict=True):
                statement = SQL("COPY {} FROM STDIN (FORMAT BINARY)").format(_peer(table))
                with cursor.copy(statement) as copy:
                    copy.write(data)
    seconds = perf_counter() - started
    for table, _ in TABLES:
        raw.execute(SQL("DROP TABLE {}").format(_peer(table)))
    return seconds


def _batches(raw: Connection[Row], before: int, after: int) -> Iterator[list[bytes]]:
    appends = raw.execute(
        "SELECT first_position, last_position FROM record.appends WHERE sequence = 'register' "
        "AND first_position > %s AND last_position <= %s ORDER BY 1",
        (before, after),
    ).fetchall()
    for first, last in appends:
        place = {"first": first, "last": last}
        yield [
            _out(
                raw,
                "SELECT * FROM record.register_events WHERE notification_id "
                "BETWEEN {first} AND {last} ORDER BY notification_id",
                place,
            ),
            _out(
                raw,
                "SELECT k.* FROM vault.keys k JOIN record.register_events e "
                "ON e.originator_id = k.key_id AND e.originator_version = 1 "
                "WHERE e.notification_id BETWEEN {first} AND {last}",
                place,
            ),
            _out(
                raw,
                "SELECT * FROM record.appends WHERE sequence = 'register' "
                "AND first_position = {first}",
                place,
            ),
        ]


def _out(raw: Connection[Row], query: str, place: dict[str, int]) -> bytes:
    statement = SQL("COPY ({}) TO STDOUT (FORMAT BINARY)").format(
        SQL(query).format(**{k: SQL(str(v)) for k, v in place.items()})
    )
    with raw.cursor() as cursor, cursor.copy(statement) as copy:
        return b"".join(copy)


def _name(table: str) -> Identifier:
    return Identifier(*table.split("."))


def _peer(table: str) -> Identifier:
    return Identifier("public", f"bench_{table.split('.')[1]}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--purchases", type=int, default=20_000, help="a round")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    main(arguments.purchases, arguments.rounds)
