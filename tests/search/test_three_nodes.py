"""Three nodes, of which one is killed: no write is lost, and searches answer throughout."""

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from herkomst.search import opensearch
from herkomst.search.documents import Source
from herkomst.search.engines import EngineDown
from herkomst.search.questions import Subject
from tests.search.clusters import Cluster, running
from tests.search.conftest import on_opensearch
from tests.search.corpora import Corpus, UnderTest, a_change

pytestmark = pytest.mark.search
FIRST, ANEW = 1, 2
DOCUMENTS = 3000
AT_ONCE = 100


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with running(3) as cluster:
        yield cluster


@pytest.fixture
def three(cluster: Cluster) -> Iterator[UnderTest]:
    """An engine on three nodes, all of which are there."""
    with on_opensearch(cluster.url) as under_test:
        yield under_test


@pytest.mark.parametrize("node", [1, 2, 3])
def test_given_a_node_that_is_killed_while_documents_are_put_then_none_of_them_is_lost(
    cluster: Cluster, three: UnderTest, node: int
) -> None:
    corpus = _begun(three)

    done = _while_it_runs(
        lambda: _put(corpus, FIRST, DOCUMENTS, then=lambda: cluster.kill(node)),
        lambda: corpus.ask("fiets", first=1).total.value,
    )

    assert done, "it was asked meanwhile, and answered each time"
    three.index.settle(Subject.GOODS, FIRST)
    assert corpus.ask("fiets", first=1).total.value == DOCUMENTS
    assert list(three.index.documents(Subject.GOODS, FIRST)) == _all(corpus, DOCUMENTS)
    cluster.revive(node)
    _await_copies(three)
    assert list(three.index.documents(Subject.GOODS, FIRST)) == _all(corpus, DOCUMENTS)


def test_given_a_node_that_is_killed_while_a_generation_is_filled_then_the_live_one_answers(
    cluster: Cluster, three: UnderTest
) -> None:
    corpus = _begun(three)
    _put(corpus, FIRST, DOCUMENTS)
    three.index.settle(Subject.GOODS, FIRST)
    _await_copies(three)

    def fill() -> None:
        three.index.create(Subject.GOODS, ANEW)
        _await_copies(three)
        _put(corpus, ANEW, DOCUMENTS, then=lambda: cluster.kill(2))
        three.index.settle(Subject.GOODS, ANEW)
        three.index.swap(Subject.GOODS, ANEW)

    found = _while_it_runs(fill, lambda: corpus.ask("fiets", first=1).total.value)

    assert set(found) == {DOCUMENTS}
    assert list(three.index.documents(Subject.GOODS, ANEW)) == _all(corpus, DOCUMENTS)
    cluster.revive(2)
    _await_copies(three)
    assert list(three.index.documents(Subject.GOODS, ANEW)) == _all(corpus, DOCUMENTS)


def _begun(under_test: UnderTest) -> Corpus:
    corpus = Corpus(under_test)
    _await_copies(under_test)
    return corpus


def _put(corpus: Corpus, generation: int, number: int, then: Callable[[], object] = int) -> None:
    """Put so many documents, and do something when a third of them is in."""
    killing = threading.Thread(target=then)
    documents = _all(corpus, number)
    for start in range(0, number, AT_ONCE):
        if start == number // AT_ONCE // 3 * AT_ONCE:
            killing.start()
        some = documents[start : start + AT_ONCE]
        corpus.under_test.index.put(
            corpus.subject, generation, [a_change(each, version=1) for each in some]
        )
    killing.join()


def _all(corpus: Corpus, number: int) -> list[Source]:
    """By id."""
    made = (corpus.a_document(f"{n}", "rode fiets", at=n, law=n % 2) for n in range(number))
    return sorted(made, key=lambda source: source.id)


def _while_it_runs(work: Callable[[], None], ask: Callable[[], int]) -> list[int]:
    """What is answered, again and again, while something is done in a thread."""

    answers: list[int] = []
    failed: list[BaseException] = []
    worker = threading.Thread(target=_caught(work, failed))
    worker.start()
    while worker.is_alive():
        answers.append(ask())
    worker.join()
    assert not failed, failed
    return answers


def _caught(work: Callable[[], None], failed: list[BaseException]) -> Callable[[], None]:
    def run() -> None:
        try:
            work()
        except BaseException as error:
            failed.append(error)

    return run


def _await_copies(under_test: UnderTest) -> None:
    """Waits until each document has its copy."""
    assert isinstance(under_test.index, opensearch.Index)
    for _ in range(5):
        with suppress(EngineDown):
            if under_test.index.health(wait_for="green").status == "green":
                return
    raise AssertionError("There are still copies missing.")
