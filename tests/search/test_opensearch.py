"""What only OpenSearch does: refusing, being busy, being away, letting go."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import msgspec
import pytest

from herkomst.projections.registry import ModelMissing
from herkomst.search import opensearch
from herkomst.search.engines import Change, EngineDown, Refused
from herkomst.search.questions import Question, Seen, Subject
from tests.search.conftest import on_opensearch
from tests.search.corpora import GENERATION, Corpus, UnderTest, a_change, gone

NOWHERE = "http://127.0.0.1:9"
QUESTION = Question(subject=Subject.GOODS, seen=(Seen(),))


@pytest.fixture(scope="module")
def under_test(node: str) -> Iterator[UnderTest]:
    with on_opensearch(node) as under_test:
        yield under_test


@pytest.mark.search
def test_given_a_document_that_is_refused_then_it_is_named_without_its_words_and_others_are_kept(
    corpus: Corpus,
) -> None:
    odd = corpus.a_document("odd", "geheim", fields={"shoe": ["geheim"]})

    with pytest.raises(Refused, match=odd.id) as refused:
        corpus.change([a_change(odd), a_change(corpus.a_document("it", "fiets"))])

    assert "geheim" not in str(refused.value)
    corpus.under_test.index.settle(Subject.GOODS, GENERATION)
    assert corpus.found() == ["it"]


@pytest.mark.search
def test_given_a_generation_that_was_dropped_when_it_is_written_to_then_it_does_not_come_back(
    corpus: Corpus,
) -> None:
    index = corpus.under_test.index
    index.create(Subject.GOODS, 4)
    index.drop(Subject.GOODS, 4)

    with pytest.raises(Refused):
        index.put(Subject.GOODS, 4, [a_change(corpus.a_document("it"))])

    assert not index.is_whole(Subject.GOODS, 4)


@pytest.mark.search
def test_given_no_live_generation_when_it_is_asked_then_it_says_so(under_test: UnderTest) -> None:
    with pytest.raises(ModelMissing):
        under_test.ask(msgspec.structs.replace(QUESTION, subject=Subject.PERSONS))


@pytest.mark.search
def test_given_a_document_that_went_when_it_is_settled_then_a_merge_lets_go_of_it(
    under_test: UnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opensearch, "MERGED_EVERY", timedelta(0))
    corpus = Corpus(under_test, Subject.STOLEN)
    documents = [corpus.a_document(f"{n}", "fiets") for n in range(10)]
    corpus.change(map(a_change, documents))
    corpus.change([gone(documents[0])])
    index = under_test.index
    assert isinstance(index, opensearch.Index)

    for _ in range(1000):
        index.settle(Subject.STOLEN, GENERATION)
        if index.gone(Subject.STOLEN, GENERATION) == 0:
            return
    raise AssertionError("What is gone is still in the files.")


def test_given_no_engine_when_it_is_needed_then_it_is_said_to_be_down() -> None:
    with pytest.raises(EngineDown):
        asyncio.run(_ask(NOWHERE))
    with opensearch.Index(NOWHERE) as index, pytest.raises(EngineDown):
        index.settle(Subject.GOODS, GENERATION)


def test_given_an_engine_that_is_busy_when_changes_are_put_then_those_it_left_are_sent_again() -> (
    None
):
    changes = [Change(f"{n}", 1, "avg", None) for n in range(3)]
    busy = {"delete": {"status": 429, "error": {"type": "rejected_execution_exception"}}}
    done, older = {"delete": {"status": 200}}, {"delete": {"status": 409, "error": {"type": "v"}}}
    answers: list[tuple[int, Any]] = [
        (429, {"error": "circuit_breaking_exception", "status": 429}),
        (200, {"errors": True, "items": [done, busy, older]}),
        (200, {"errors": False}),
    ]

    with _answering(answers) as (url, bodies), opensearch.Index(url) as index:
        index.put(Subject.GOODS, GENERATION, changes)

    sent = [
        [msgspec.json.decode(line)["delete"]["_id"] for line in body.splitlines()]
        for body in bodies
    ]
    assert sent == [["0", "1", "2"], ["0", "1", "2"], ["1"]]


_DISCONNECTED = {"type": "node_disconnected_exception", "reason": "[node-2] disconnected"}
_BROKEN = {"type": "script_exception", "reason": "runtime error"}


def _failed(*causes: object) -> tuple[int, Any]:
    error = {"type": "search_phase_execution_exception", "root_cause": causes}
    return 500, {"error": error, "status": 500}


async def _ask(url: str) -> int:
    engine = opensearch.Engine(url)
    try:
        return (await engine.ask(QUESTION)).total.value
    finally:
        await engine.close()


def test_given_a_node_that_died_while_it_answered_then_it_is_asked_again() -> None:
    page = {"timed_out": False, "hits": {"total": {"value": 7}, "hits": []}}
    answers = [_failed(_DISCONNECTED), _failed(_DISCONNECTED, _DISCONNECTED), (200, page)]

    with _answering(answers) as (url, _):
        assert asyncio.run(_ask(url)) == 7


def test_given_nodes_that_go_on_dying_then_it_is_said_to_be_down() -> None:
    answers = [_failed(_DISCONNECTED)] * opensearch.ASKED

    with _answering(answers) as (url, _), pytest.raises(EngineDown):
        asyncio.run(_ask(url))


def test_given_what_no_other_node_would_do_better_then_it_is_not_asked_again() -> None:
    with _answering([_failed(_DISCONNECTED, _BROKEN)]) as (url, bodies):
        with pytest.raises(Exception, match="search_phase_execution_exception"):
            asyncio.run(_ask(url))
        assert len(bodies) == 1


def test_given_credentials_in_the_url_when_it_is_asked_then_they_are_sent_and_never_told() -> None:
    with _answering([(401, {"error": "no", "status": 401})]) as (url, _):
        named = url.replace("//", "//zoeker:verzonnen@")
        with opensearch.Index(named) as index, pytest.raises(Exception) as refused:  # noqa: PT011
            index.put(Subject.GOODS, GENERATION, [Change("1", 1, "avg", None)])

    assert "verzonnen" not in f"{refused.value!r} {refused.value}"


@contextmanager
def _answering(answers: list[tuple[int, Any]]) -> Iterator[tuple[str, list[bytes]]]:
    """A server that answers bulk requests with these in turn, and all else with nothing found."""
    bodies: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            bodies.append(self.rfile.read(int(self.headers["content-length"])))
            self._answer(*answers[len(bodies) - 1])

        def do_GET(self) -> None:
            self._answer(200, {"_all": {"primaries": {"docs": {"deleted": 0}}}})

        def _answer(self, status: int, told: object) -> None:
            body = msgspec.json.encode(told)
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        host, port = server.server_address[:2]
        try:
            yield f"http://{host!s}:{port}", bodies
        finally:
            server.shutdown()
            thread.join()
