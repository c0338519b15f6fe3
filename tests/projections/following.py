"""Running followers in a test, and looking at what they made of the record."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from threading import Thread
from typing import Any

from psycopg import Connection
from psycopg.rows import dict_row
from psycopg.sql import SQL

from herkomst.domain.events import Recorded
from herkomst.domain.register.records import Record
from herkomst.processes.followers import MODELS, followers
from herkomst.projections import registry
from herkomst.projections.follower import Follower
from herkomst.projections.model import Model
from herkomst.projections.rebuild import rebuild
from herkomst.projections.runner import BATCH, Runner
from herkomst.record.archive import Archive
from herkomst.record.database import Row, connect
from herkomst.record.receipts import Receipt
from tests.archives import ACTOR

BY_NAME: dict[str, Model] = {model.name: model for model in MODELS}


def take_in(archive: Archive, *records: Record, batch: int = 500) -> list[Receipt]:
    """The receipts of these records, none of which may be refused."""
    lined = list(enumerate(records, 1))
    receipts = [
        receipt
        for start in range(0, len(lined), batch)
        for receipt in archive.register.take_in(lined[start : start + batch], actor=ACTOR)
    ]
    refused = [r for r in receipts if r.status in ("rejected", "conflict")]
    assert not refused, refused
    return receipts


def runner(archive: Archive, names: Iterable[str] = (), **options: Any) -> Runner:
    """A runner of all followers, or of those that are named."""
    return Runner(archive.urls.app, followers_of(archive, names), **options)


def followers_of(archive: Archive, names: Iterable[str] = ()) -> list[Follower]:
    wanted = set(names)
    return [f for f in followers(archive) if not wanted or f.name in wanted]


def follow(archive: Archive, names: Iterable[str] = (), *, batch: int = BATCH) -> Runner:
    """Run followers until nothing is left to do."""
    run = runner(archive, names, batch=batch)
    run.run(once=True)
    return run


@contextmanager
def running(run: Runner) -> Iterator[Thread]:
    """A runner in a thread of its own, stopped and joined at the end."""
    thread = Thread(target=run.run)
    thread.start()
    try:
        yield thread
    finally:
        run.stop.set()
        thread.join(30)
        assert not thread.is_alive()


@contextmanager
def connected(archive: Archive) -> Iterator[Connection[Row]]:
    with connect(archive.urls.app, "herkomst test") as connection:
        yield connection


@contextmanager
def supervising(archive: Archive) -> Iterator[Connection[Row]]:
    """As the owner of the database, who may do what the application may not."""
    assert archive.urls.admin is not None
    with connect(archive.urls.admin, "herkomst admin") as connection:
        yield connection


def connections(archive: Archive, name: str) -> list[int]:
    """Process ids of the connections of this name."""
    with connected(archive) as connection:
        told = connection.execute(
            "SELECT pid FROM pg_stat_activity "
            "WHERE datname = current_database() AND application_name = %s",
            (name,),
        )
        return [row[0] for row in told.fetchall()]


def rebuilt(archive: Archive, names: Iterable[str] = ()) -> None:
    """Rebuild these models, or all of them."""
    with connected(archive) as connection:
        rebuild(connection, followers(archive), list(names) or list(BY_NAME))


def digests(archive: Archive, names: Iterable[str] = ()) -> dict[str, tuple[int, str]]:
    """Rows and fingerprint of the live generation of each model."""
    with connected(archive) as connection:
        return {
            name: BY_NAME[name].digest(connection, registry.live(connection, BY_NAME[name]))
            for name in (names or BY_NAME)
        }


def standings(archive: Archive) -> dict[str, registry.Standing]:
    with connected(archive) as connection:
        return {s.name: s for s in registry.standings(connection)}


def rows(archive: Archive, name: str) -> list[dict[str, Any]]:
    """The rows of the live generation of a model."""
    model = BY_NAME[name]
    with connected(archive) as connection, connection.cursor(row_factory=dict_row) as cursor:
        table = model.table(registry.live(connection, model))
        return cursor.execute(SQL("SELECT * FROM {}").format(table)).fetchall()


def facts(archive: Archive, sequence: str) -> Sequence[Recorded]:
    """Everything that is recorded in a sequence."""
    applications = (archive.register, archive.casework, archive.journal)
    recorder = {each.sequence: each.recorder for each in applications}[sequence]
    with connected(archive) as connection:
        return recorder.reader.after(connection, 0, 1_000_000)


def until(archive: Archive, reached: Callable[[dict[str, registry.Standing]], bool]) -> None:
    """Wait for followers that run elsewhere; a test that would hang fails instead."""
    with connected(archive) as connection:
        for _ in range(3000):
            if reached({s.name: s for s in registry.standings(connection)}):
                return
            connection.execute("SELECT pg_sleep(0.01)")
    raise AssertionError(f"not reached: {standings(archive)}")
