"""Connections that die while nobody looks, and a server that is back."""

import asyncio
import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import psycopg
import psycopg_pool.pool
import psycopg_pool.pool_async
import pytest
from psycopg_pool import AsyncConnectionPool, ConnectionPool

from herkomst.investigations.inquiry import Pool, open_desk
from herkomst.record.archive import Archive
from herkomst.record.database import RECONNECT, Database, connect
from herkomst.record.postgres import EmbeddedPostgres
from tests.record.holding import database_of
from tests.record.proxy import Proxy, proxy_to

SIZE = 5


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, "psycopg.pool")


@pytest.fixture
def database(archive: Archive) -> Iterator[Database]:
    """A database whose pool is full of idle connections."""
    database = Database(archive.urls.app, size=SIZE)
    fill(database)
    yield database
    database.close()


def fill(database: Database) -> set[int]:
    """The backends of the pool, once it has as many as it may."""
    with ExitStack() as stack:
        return {stack.enter_context(database.connection()).info.backend_pid for _ in range(SIZE)}


def terminate(archive: Archive, backends: set[int]) -> None:
    """End them, and see that they are gone."""
    with connect(archive.urls.app, "killer") as killer:
        for backend in backends:
            ended = killer.execute("SELECT pg_terminate_backend(%s, 30000)", (backend,))
            assert ended.fetchone() == (True,)


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that a pool lets who waits for a connection sleep; nobody does sleep them."""
    pauses: list[float] = []

    async def pause(seconds: float) -> None:
        pauses.append(seconds)

    monkeypatch.setattr(psycopg_pool.pool, "sleep", pauses.append)
    monkeypatch.setattr(psycopg_pool.pool_async, "asleep", pause)
    return pauses


def refused(*_: object) -> None:
    raise AssertionError("the server was asked")


def test_given_connections_that_are_idle_when_taken_then_the_server_is_not_asked(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ConnectionPool, "check_connection", refused)

    for _ in range(3):
        fill(database)


def test_given_backends_that_ended_while_idle_when_taken_then_none_is_handed_out(
    archive: Archive, database: Database, pauses: list[float]
) -> None:
    dead = fill(database)
    terminate(archive, dead)

    with database.connection() as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)

    assert not fill(database) & dead
    assert sum(pauses) == 0


def test_given_a_server_that_said_something_when_taken_then_the_connection_stays(
    archive: Archive, database: Database
) -> None:
    before = fill(database)
    with ExitStack() as stack:
        for _ in range(SIZE):
            stack.enter_context(database.connection()).execute("LISTEN herkomst_said")
    with connect(archive.urls.app, "saying") as saying:
        saying.execute("NOTIFY herkomst_said")

    with database.connection() as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)

    assert fill(database) == before


def test_given_backends_that_ended_when_questions_come_then_none_meets_a_dead_connection(
    archive: Archive, pauses: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def backends(pool: Pool) -> set[int]:
        async def one() -> int:
            async with pool.connection() as connection:
                await met.wait()
                return connection.info.backend_pid

        met = asyncio.Barrier(SIZE)
        return set(await asyncio.gather(*[one() for _ in range(SIZE)]))

    async def work() -> None:
        pool = open_desk(archive, size=SIZE).pool
        async with pool:
            dead = await backends(pool)
            with monkeypatch.context() as patch:
                patch.setattr(AsyncConnectionPool, "check_connection", refused)
                assert await backends(pool) == dead
            terminate(archive, dead)
            async with pool.connection() as connection:
                await connection.execute("SELECT 1")
            assert not await backends(pool) & dead

    asyncio.run(work())
    assert sum(pauses) == 0


# A server that is back.


@pytest.fixture
def proxy(server: EmbeddedPostgres, archive: Archive) -> Iterator[Proxy]:
    with proxy_to(server, database_of(archive)) as proxy:
        yield proxy


def test_given_a_server_that_was_long_down_when_it_is_back_then_who_waits_does_not_sleep_on(
    archive: Archive, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a pool that failed to connect again and again
    database = Database(proxy.url, size=1, timeout=30.0)
    slept = scheduled(database, monkeypatch)
    with database.connection() as connection:
        backend = connection.info.backend_pid
    proxy.refuses = True
    terminate(archive, {backend})

    def work() -> Any:
        with database.connection() as connection:
            return connection.execute("SELECT 1").fetchone()

    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(work)
        while database.pool.get_stats().get("connections_errors", 0) < 6:
            assert not waiting.done()

        # When it connects once more
        proxy.refuses = False

        # Then it is answered, and at no time slept longer than is allowed
        assert waiting.result(timeout=30) == (1,)
    database.close()
    assert slept
    assert max(slept) <= RECONNECT


def scheduled(database: Database, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses before each time that the pool tries to connect again."""
    schedule, slept = database.pool.schedule_task, list[float]()

    def noted(task: Any, delay: float) -> None:
        if type(task).__name__ == "AddConnection":
            slept.append(delay)
        schedule(task, delay)

    monkeypatch.setattr(database.pool, "schedule_task", noted)
    return slept


def test_given_a_server_of_ours_that_died_when_a_connection_is_asked_for_then_it_is_revived(
    archive: Archive, proxy: Proxy
) -> None:
    revived: list[None] = []

    def revive() -> None:
        revived.append(None)
        proxy.refuses = False

    database = Database(proxy.url, size=SIZE, timeout=30.0, revive=revive)
    backends = fill(database)
    proxy.refuses = True
    terminate(archive, backends)

    with database.connection() as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)

    database.close()
    assert revived


def test_given_a_server_that_cannot_be_revived_when_it_is_back_anyhow_then_it_is_connected_to(
    archive: Archive, proxy: Proxy
) -> None:
    def revive() -> None:
        proxy.refuses = False
        raise psycopg.OperationalError("not by me")

    database = Database(proxy.url, size=1, timeout=30.0, revive=revive)
    proxy.refuses = True

    with database.connection() as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)

    database.close()
