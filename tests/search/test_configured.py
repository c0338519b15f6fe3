"""The product with OpenSearch configured: what is recorded is found there, and goes with it."""

import asyncio
from collections.abc import Iterator
from uuid import uuid4

import pytest

from herkomst.record.archive import Archive, SearchServer
from herkomst.record.database import connect
from herkomst.search import opensearch
from herkomst.search.indexing import SUBJECTS
from herkomst.search.questions import Question, Seen, Subject, understood
from tests.archives import a_dealer, a_line, a_purchase, a_stolen_item
from tests.projections.following import follow, standings, take_in
from tests.search.indexes import due, indexed, indexing_of

pytestmark = pytest.mark.search
ANYBODY = (Seen(laws=frozenset({"avg open dealer"})),)


@pytest.fixture
def elsewhere(node: str) -> Iterator[SearchServer]:
    """An OpenSearch with a prefix of its own."""
    elsewhere = SearchServer(node, prefix=f"test-{uuid4().hex[:12]}")
    yield elsewhere
    with opensearch.Index(*elsewhere) as index:
        for subject in SUBJECTS:
            for generation in range(1, 5):
                index.drop(subject, generation)


@pytest.fixture
def configured(archive: Archive, elsewhere: SearchServer) -> Archive:
    return archive._replace(urls=archive.urls._replace(search=elsewhere))


def found(elsewhere: SearchServer, text: str) -> list[int]:
    """The lines that are found by a text."""

    async def asked() -> list[int]:
        engine = opensearch.Engine(*elsewhere)
        try:
            terms, _ = understood(text, str)
            answer = await engine.ask(Question(subject=Subject.GOODS, terms=terms, seen=ANYBODY))
            return [each.line for each in answer.found]
        finally:
            await engine.close()

    return asyncio.run(asked())


def settle(elsewhere: SearchServer) -> None:
    """Let be found at once what would be within a second."""
    with opensearch.Index(*elsewhere) as index:
        for subject in SUBJECTS:
            index.settle(subject, 1)


def test_given_records_when_followed_then_they_are_found_there_and_the_digests_agree(
    configured: Archive, elsewhere: SearchServer
) -> None:
    lines = [a_line(line=1), a_line(line=2, kind="watch", brand="Seiko", identifiers=[])]
    take_in(configured, a_dealer(), a_purchase(items=lines), a_stolen_item())
    follow(configured)
    settle(elsewhere)
    assert indexed(configured) == due(configured)
    assert found(elsewhere, "seiko") == [2]


def test_given_a_seller_who_is_erased_when_followed_then_his_words_are_not_found_there(
    configured: Archive, elsewhere: SearchServer
) -> None:
    told = a_line(description="gravure voor Wilhelmina Verzonnen", identifiers=[])
    take_in(configured, a_dealer(), a_purchase(items=[told]))
    follow(configured)
    settle(elsewhere)
    assert found(elsewhere, "wilhelmina") == [1]
    configured.register.order_erasure("seller:kassa:purchase-1", ground="avg:17", actor="user:test")
    follow(configured)
    assert found(elsewhere, "wilhelmina") == []
    assert indexed(configured) == due(configured)


def test_given_a_database_that_was_searched_itself_when_a_server_is_named_then_it_is_filled(
    archive: Archive, configured: Archive, elsewhere: SearchServer
) -> None:
    take_in(archive, a_dealer(), a_purchase(), a_stolen_item())
    follow(archive)
    follow(configured)
    assert indexed(configured) == due(configured) == indexed(archive)


def test_given_an_index_when_rebuilt_then_the_alias_moves_and_it_is_the_same(
    configured: Archive, elsewhere: SearchServer
) -> None:
    take_in(configured, a_dealer(), a_purchase())
    follow(configured)
    with connect(configured.urls.app, "test") as connection:
        indexing_of(configured).rebuild(connection)
    assert indexed(configured) == due(configured)
    assert found(elsewhere, "gazelle") == [1]


def test_given_a_server_that_is_down_when_followed_then_the_index_waits_and_nothing_fails(
    archive: Archive,
) -> None:
    down = archive._replace(
        urls=archive.urls._replace(search=SearchServer("http://127.0.0.1:9", prefix="test-down"))
    )
    take_in(down, a_dealer(), a_purchase())
    assert follow(down).failed == frozenset()
    now = standings(down)
    assert (now["index"].position, now["index"].state) == (0, "live")
    assert now["purchases"].position > 0
