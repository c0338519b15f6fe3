"""desk: how well the review desk tells misuse from work, how fast, and how soon it answers.

For each seed a world with its staff is simulated, imported over the real path, explained and
ranked; what was planted is read from the truth, which nothing but the benches opens. The answer
time is a part of its own, over as many journal rows as are asked for: rehearsed reads of made-up
officers, one in a hundred of them in the queue, asked over HTTP. The first hundred thousand come
through the journal; those behind them are written straight into the read model, which is all that
the desk asks, since twenty million entries would be sealed for hours.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from statistics import quantiles
from time import perf_counter, process_time, sleep
from typing import Final, NamedTuple

import httpx2
import msgspec
from psycopg import Connection
from psycopg.sql import SQL, Identifier

from bench import broker
from bench.report import report
from bench.score import Rate
from bench.world import fresh_archive
from herkomst.access.tokens import issue
from herkomst.domain.batches import batched
from herkomst.domain.casework.personnel import ReadRecord
from herkomst.domain.casework.review import Queued, Weight
from herkomst.domain.events import Event
from herkomst.domain.ids import read_id, review_id
from herkomst.domain.register.records import Reference
from herkomst.intake.files import Delivery, import_file, import_staff
from herkomst.processes.comparing import Weighed
from herkomst.processes.followers import followers
from herkomst.processes.weighing import head, weigh
from herkomst.projections.reads import Reads
from herkomst.projections.registry import live
from herkomst.projections.runner import Runner
from herkomst.record.application import envelope, pending, this_moment
from herkomst.record.archive import Archive, open_archive
from herkomst.record.database import Row, connect
from herkomst.record.personnel import Rehearsal
from herkomst.record.removal import remove
from herkomst.record.reviews import CUSTODY
from herkomst.settings import Settings
from herkomst.simulate.world import simulate

EXPLAINED: Final = 0.90
FOUND: Final = 0.80
TOP: Final = 0.01
FASTEST: Final = 2_000
ANSWER_SECONDS: Final = 0.300
OFFICERS: Final = 5_000
JOURNALED: Final = 100_000
"""Reads that come through the journal."""
PORT: Final = "18938"
URL: Final = f"http://127.0.0.1:{PORT}"
SOURCES: Final = {"dealers": "dol", "purchases": "dor", "stolen": "politie"}
PERSONNEL: Final = "personeel"
SPAN: Final = timedelta(days=365)
QUESTIONS: Final[Mapping[str, str]] = {
    "queue": "{ reviewQueue(first: 20) { nodes { id officer score rules { code } path state } } }",
    "waiting": "{ reviewQueue(first: 20, state: [queued]) { nodes { id score } } }",
    "of_an_officer": '{ reviewQueue(first: 20, officer: "%s") { nodes { id score } } }',
    "one": '{ review(id: "%s") { ... on Review { id officer path rules { code text } } } }',
    "rules": "{ reviewRules { ... on RulesInUse { rules { code judged precision } } } }",
}


class _Spent(NamedTuple):
    """Seconds on the clock, and of this process; the server works beside it."""

    clock: float
    process: float


class _Planted(msgspec.Struct):
    kind: str
    officer: Reference
    reads: list[Reference]
    look_alike_of: str | None = None


def main(
    seeds: Sequence[int],
    purchases: int,
    journal_rows: int | None,
    *,
    is_detailed: bool,
    has_slow_broker: bool = False,
) -> bool:
    told = {
        str(seed): figures(
            seed, purchases, is_detailed=is_detailed, has_slow_broker=has_slow_broker
        )
        for seed in seeds
    }
    answers = None if journal_rows is None else answer_times(journal_rows)
    passed = all(each["passed"] for each in told.values())
    passed &= answers is None or bool(answers["passed"])
    report(
        "desk",
        {
            "purchases": purchases,
            "slow_broker": has_slow_broker,
            "seeds": told,
            "answers": answers,
            "passed": passed,
        },
    )
    return passed


# How well


def figures(
    seed: int, purchases: int, *, is_detailed: bool, has_slow_broker: bool = False
) -> dict[str, object]:
    """What the desk makes of one world."""
    with tempfile.TemporaryDirectory(prefix="herkomst-world-") as name, fresh_archive() as archive:
        world = Path(name)
        simulate(
            world,
            dealers=max(20, purchases // 130),
            purchases=purchases,
            stolen=min(purchases, 20_000),
            seed=seed,
            staff=True,
        )
        if has_slow_broker:
            broker.plant(world, seed)
        take_in(archive, world)
        Runner(archive.urls.app, followers(archive)).run(once=True)
        weighed, spent = _timed(archive)
        stories = _truth(world)
    return _judged(weighed, stories, spent, is_detailed=is_detailed)


def take_in(archive: Archive, world: Path) -> None:
    """Import the files of a world with its staff over the real path."""
    for name, source in SOURCES.items():
        with (world / f"{name}.ndjson").open("rb") as stream:
            import_file(archive.register, Delivery(stream, name, name, source))
    for name in ("staff", "reads"):
        with (world / f"{name}.ndjson").open("rb") as stream:
            summary = import_staff(archive, Delivery(stream, name, name, PERSONNEL))
        assert summary.is_clean, summary


def _timed(archive: Archive) -> tuple[list[Weighed], _Spent]:
    with connect(archive.urls.app, "herkomst bench") as connection, connection.transaction():
        begun, worked = perf_counter(), process_time()
        weighed = weigh(connection, until=head(connection))
        return weighed, _Spent(perf_counter() - begun, process_time() - worked)


def _truth(world: Path) -> list[_Planted]:
    decode = msgspec.json.Decoder(_Planted).decode
    return [decode(line) for line in (world / "truth/misuse.ndjson").read_bytes().splitlines()]


def _judged(
    weighed: Sequence[Weighed], stories: Sequence[_Planted], spent: _Spent, *, is_detailed: bool
) -> dict[str, object]:
    rank = {each.read.key: place for place, each in enumerate(weighed)}
    explained = {each.read.key for each in weighed if each.explanation.holds}
    misuse = [story for story in stories if story.look_alike_of is None]
    planted = {r.key for story in misuse for r in story.reads}
    lawful = rank.keys() - planted
    top = int(TOP * len(weighed))
    found = [story for story in misuse if any(rank[r.key] < top for r in story.reads)]
    lawful_explained = Rate(len(lawful & explained), len(lawful))
    stories_found = Rate(len(found), len(misuse))
    reads_found = Rate(sum(rank[key] < top for key in planted), len(planted))
    per_second = len(weighed) / spent.clock
    told: dict[str, object] = {
        "reads": len(weighed),
        "lawful_reads_explained": lawful_explained.told(),
        "misuse_in_the_top_one_per_cent": stories_found.told(),
        "reads_of_misuse_in_the_top_one_per_cent": reads_found.told(),
        "missed": [
            {"kind": s.kind, "best_rank": min(rank[r.key] for r in s.reads) + 1, "top": top}
            for s in misuse
            if s not in found
        ],
        "explained_a_second": round(per_second),
        "explained_a_second_of_the_process": round(len(weighed) / spent.process),
        "passed": lawful_explained.value >= EXPLAINED and stories_found.value >= FOUND,
        "fast": per_second >= FASTEST,
    }
    if is_detailed:
        told |= _detail(weighed, stories, top)
    return told


def _detail(weighed: Sequence[Weighed], stories: Sequence[_Planted], top: int) -> dict[str, object]:
    """What lies in the top beside misuse, and what explains and what does not."""
    kinds = {r.key: story.kind for story in stories for r in story.reads}
    rank = {each.read.key: place for place, each in enumerate(weighed, 1)}
    return {
        "slow_broker": [rank[r.key] for s in stories if s.kind == broker.KIND for r in s.reads],
        "top": Counter(kinds.get(each.read.key, "ordinary") for each in weighed[:top]),
        "explained_by": Counter(each.explanation.by for each in weighed),
        "unexplained": Counter(
            kinds.get(each.read.key, "ordinary") for each in weighed if not each.explanation.holds
        ),
    }


# How soon


def answer_times(rows: int) -> dict[str, object]:
    """How soon each question of the desk is answered over that many rows of the journal."""
    home = Path(tempfile.mkdtemp(prefix="herkomst-bench-"))
    home.chmod(0o755)
    environ = {"HERKOMST_HOME": str(home), "HERKOMST_DEV_LOGIN": "1", "HERKOMST_PORT": PORT}
    settings = Settings.read(environ)
    try:
        with open_archive(settings) as archive:
            begun = perf_counter()
            one = _fill(archive, rows)
            Runner(archive.urls.app, followers(archive)).run(once=True)
            with connect(archive.urls.app, "herkomst bench") as connection:
                _multiply(connection, rows)
            filled = perf_counter() - begun
            with _asking(settings, environ) as ask:
                told = {name: _p95(ask, text, one) for name, text in QUESTIONS.items()}
    finally:
        remove(home)
    return {
        "journal_rows": rows,
        "seconds_to_fill": round(filled),
        "p95_seconds": told,
        "passed": max(told.values()) <= ANSWER_SECONDS,
    }


def _fill(archive: Archive, rows: int) -> tuple[str, str]:
    """The first reads in the journal, one in a hundred of all queued; an officer and a review."""
    rehearsal = Rehearsal(archive.journal)
    for some in batched(_reads(rows, range(min(rows, JOURNALED))), 5_000):
        rehearsal.take_in(list(enumerate(some, 1)), actor="user:bench")
    for some in batched(_reads(rows, range(0, rows, 100)), 5_000):
        with archive.database.transaction() as cursor:
            entries = [pending(_queued(read, place % 50)) for place, read in enumerate(some)]
            archive.casework.recorder.append(cursor, entries)
    return f"{PERSONNEL}:O-1", str(review_id(read_id(PERSONNEL, "R-0")))


def _multiply(connection: Connection[Row], rows: int) -> None:
    """The other reads, written into the model as its fold writes those of the journal."""
    model = Reads()
    generation = live(connection, model)
    assert generation is not None
    table = model.table(generation)
    cursor = connection.execute(SQL("SELECT * FROM {} LIMIT 1").format(table))
    (row,) = cursor.fetchall()
    assert cursor.description is not None
    one = dict(zip([column.name for column in cursor.description], row, strict=True))
    one["items"] = json.dumps(one["items"])
    for name in _indexes(connection, model.name, generation):
        connection.execute(SQL("DROP INDEX read.{}").format(Identifier(name)))
    model.write(connection, generation, _rows(one, rows))
    model.index(connection, generation)
    counted = connection.execute(SQL("SELECT count(*) FROM {}").format(table)).fetchone()
    assert counted == (rows,)


def _rows(one: dict[str, object], rows: int) -> Iterator[tuple[object, ...]]:
    for number, read in enumerate(_reads(rows, range(JOURNALED, rows)), JOURNALED):
        one["read"], one["key"] = read_id(read.source, read.key), read.key
        one["officer"] = f"{read.officer.source}:{read.officer.key}"
        one["at"], one["purpose"] = datetime.fromisoformat(read.at), read.purpose
        one["revision"] = number
        yield tuple(one.values())


def _indexes(connection: Connection[Row], name: str, generation: int) -> list[str]:
    """Those of a generation but for its primary key."""
    found = connection.execute(
        "SELECT indexname FROM pg_indexes WHERE schemaname = 'read' AND tablename = %s "
        "AND indexname NOT LIKE '%%pkey'",
        (f"{name}_{generation}",),
    )
    return [name for (name,) in found]


def _reads(rows: int, numbers: Iterable[int]) -> Iterator[ReadRecord]:
    """These of so many reads in the year until today; each is the same however it is asked for."""
    ends = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    for number in numbers:
        chance = Random(number)  # noqa: S311 - any reads will do
        at = ends - SPAN + SPAN * (number / rows)
        yield ReadRecord(
            type="read",
            v=1,
            source=PERSONNEL,
            key=f"R-{number}",
            at=at.isoformat(timespec="seconds"),
            officer=Reference(source=PERSONNEL, key=f"O-{chance.randrange(OFFICERS)}"),
            purpose=f"case:C-{chance.randrange(1_000)}",
            kind="purchase",
            device="wp-1",
            purchase=Reference(source="dor", key=f"P-{chance.randrange(10_000_000)}"),
        )


def _queued(read: ReadRecord, place: int) -> Event:
    identity = read_id(read.source, read.key)
    data = Queued(
        at=read.at,
        explained=False,
        key=read.key,
        officer=f"{read.officer.source}:{read.officer.key}",
        opening=1 + int(read.key[2:]) // 400_000,
        path=("stated: case", "Nothing that was recorded explains it."),
        purpose=read.purpose,
        rank=1 + int(read.key[2:]) % 400_000 + place,
        read=identity.hex,
        role="district_detective",
        rules=(Weight(code="unexplained", weight=2), Weight(code="unconnected", weight=4)),
        score=6,
        source=read.source,
        why="rank",
    )
    return Event(review_id(identity), data, envelope("process:bench", CUSTODY, this_moment(), 1))


Ask = Callable[[str], float]


@contextmanager
def _asking(settings: Settings, environ: Mapping[str, str]) -> Iterator[Ask]:
    """Asks the desk over HTTP; the seconds until the answer is whole."""
    headers = {
        "Authorization": f"Bearer {issue(settings, 'access_reviewer', 'herkomst', 3600).token}",
        "Herkomst-Purpose": "duty:review",
        "Herkomst-Ground": "wpg:32a",
    }
    with _serving(environ), httpx2.Client(base_url=URL, timeout=60, headers=headers) as client:
        _wait_for(client)

        def ask(query: str) -> float:
            begun = perf_counter()
            answer = client.post("/graphql", json={"query": query})
            assert answer.status_code == 200, answer.text
            assert "errors" not in answer.json(), answer.text
            return perf_counter() - begun

        yield ask


@contextmanager
def _serving(environ: Mapping[str, str]) -> Iterator[None]:
    command = [sys.executable, "-P", "-m", "herkomst", "-q", "serve"]
    server = subprocess.Popen(command, env=os.environ | environ)
    try:
        yield
    finally:
        server.terminate()
        server.wait(timeout=30)


def _wait_for(client: httpx2.Client) -> None:
    for _ in range(200):
        try:
            if client.get("/livez").status_code == 200:
                return
        except httpx2.ConnectError:
            sleep(0.1)
    raise SystemExit("The server did not come up.")


def _p95(ask: Ask, query: str, one: tuple[str, str], times: int = 60) -> float:
    officer, review = one
    asked = query % (review if "review(id" in query else officer) if "%s" in query else query
    ask(asked)
    taken = []
    for _ in range(times):
        taken.append(ask(asked))
        sleep(0.01)
    return round(quantiles(taken, n=20)[-1], 4)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="*", default=[1])
    parser.add_argument("--purchases", type=int, default=20_000)
    parser.add_argument("--journal-rows", type=int, help="measure answers over so many reads")
    parser.add_argument("--detail", action="store_true", help="what lies in the top beside misuse")
    parser.add_argument("--slow-broker", action="store_true", help="plant one more, `broker`")
    given = parser.parse_args()
    passed = main(
        given.seeds,
        given.purchases,
        given.journal_rows,
        is_detailed=given.detail,
        has_slow_broker=given.slow_broker,
    )
    raise SystemExit(0 if passed else 1)
