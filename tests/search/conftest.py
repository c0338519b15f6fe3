import asyncio
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from itertools import product
from typing import Any
from uuid import uuid4

import pytest
from psycopg import AsyncConnection, Connection
from psycopg.rows import namedtuple_row
from psycopg.sql import Composed

from herkomst.projections import registry
from herkomst.record.database import Row, connect
from herkomst.record.postgres import EmbeddedPostgres
from herkomst.search import opensearch
from herkomst.search.postgres import Ask, PostgresEngine, PostgresIndex
from herkomst.search.questions import Answer, Question, Subject
from tests.archives import make_archive
from tests.search.clusters import RUNNING, running
from tests.search.corpora import Corpus, UnderTest

Start = Callable[[], AbstractContextManager[UnderTest]]


@pytest.fixture(scope="session")
def node() -> Iterator[str]:
    """The URL of an OpenSearch of one node."""
    if url := os.environ.get(RUNNING):
        yield url
        return
    with running(1) as cluster:
        yield cluster.url


@pytest.fixture(
    scope="module", params=["on_postgres", pytest.param("on_one_node", marks=pytest.mark.search)]
)
def under_test(request: pytest.FixtureRequest) -> Iterator[UnderTest]:
    """Each engine."""
    start: Start = request.getfixturevalue(request.param)
    with start() as under_test:
        yield under_test


@pytest.fixture(scope="module")
def on_one_node(node: str) -> Start:
    return lambda: on_opensearch(node)


@pytest.fixture(scope="module")
def on_postgres(server: EmbeddedPostgres) -> Start:
    @contextmanager
    def start() -> Iterator[UnderTest]:
        with make_archive(server) as archive, asyncio.Runner() as loop:
            url = archive.urls.app
            with connect(url, "test") as writing:
                reading = loop.run(AsyncConnection.connect(url, autocommit=True))
                try:
                    yield UnderTest(Registered(writing), InSnapshot(reading), loop)
                finally:
                    loop.run(reading.close())

    return start


class Registered(PostgresIndex):
    """Writes down which generation is live, as the follower does."""

    def __init__(self, connection: Connection[Row]) -> None:
        super().__init__(connection)
        self._registry = connection

    def drop(self, subject: Subject, generation: int) -> None:
        registry.outwait_readers(self._registry, 10.0)
        super().drop(subject, generation)

    def swap(self, subject: Subject, generation: int) -> None:
        super().swap(subject, generation)
        with self._registry.transaction():
            self._registry.execute(
                "DELETE FROM follow.indexes WHERE engine = %s AND subject = %s",
                (self.name, subject.value),
            )
            self._registry.execute(
                "INSERT INTO follow.indexes VALUES (%s, %s, %s, 1, true)",
                (self.name, subject.value, generation),
            )


class InSnapshot(PostgresEngine):
    """Asks all of a question in one transaction, as an inquiry does."""

    def __init__(self, connection: AsyncConnection[Row]) -> None:
        super().__init__(asked_by(connection))
        self._connection = connection

    async def ask(self, question: Question) -> Answer:
        async with self._connection.transaction():
            return await super().ask(question)


def asked_by(connection: AsyncConnection[Row]) -> Ask:
    async def ask(statement: Composed) -> list[Any]:
        async with connection.cursor(row_factory=namedtuple_row) as cursor:
            await cursor.execute(statement)
            return await cursor.fetchall()

    return ask


@pytest.fixture
def corpus(under_test: UnderTest) -> Corpus:
    return Corpus(under_test)


@contextmanager
def on_opensearch(url: str) -> Iterator[UnderTest]:
    """An engine with indices of its own, gone when it is left."""
    prefix = f"test-{uuid4().hex[:12]}"
    with asyncio.Runner() as loop, opensearch.Index(url, prefix=prefix) as index:
        engine = opensearch.Engine(url, prefix=prefix)
        under_test = UnderTest(index, engine, loop)
        try:
            yield under_test
        finally:
            loop.run(engine.close())
            for subject, generation in product(under_test.begun, range(1, 5)):
                index.drop(subject, generation)
