"""Subscriptions over websockets, as a client of graphql-transport-ws meets them."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from starlette.websockets import WebSocket
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

from herkomst.access.tokens import KEY_FILE
from herkomst.domain.journal import Attempted, Read
from herkomst.graphql import sockets, streams
from herkomst.record.archive import Archive
from tests.access.test_reading import revoke
from tests.archives import a_dealer
from tests.serving import Served, journal, pair, serving, take_in

HITS = "subscription ($after: ID) { hits(after: $after) { revision purchase { key } } }"
WAIT = 20


@pytest.fixture(autouse=True)
def _brisk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "POLL", 0.01)
    monkeypatch.setattr(streams, "RECHECK", 0.02)


@pytest.fixture
def served(archive: Archive, tmp_path: Path) -> Iterator[Served]:
    take_in(archive, a_dealer(), *pair(1), *pair(2), *pair(3, "closed"))
    with serving(archive, tmp_path) as served:
        yield served


@contextmanager
def connected(served: Served, **options: Any) -> Iterator[ClientConnection]:
    """A connection on which nothing was said yet."""
    options.setdefault("subprotocols", [Subprotocol("graphql-transport-ws")])
    url = f"{served.url.replace('http', 'ws')}/graphql"
    with connect(url, proxy=None, **options) as socket:
        yield socket


@contextmanager
def begun(served: Served, **who: str) -> Iterator[ClientConnection]:
    """A connection of somebody, by what he carries in `connection_init`."""
    with connected(served) as socket:
        say(socket, type="connection_init", payload=served.headers(**who))
        assert heard(socket) == {"type": "connection_ack"}
        yield socket


def say(socket: ClientConnection, **message: Any) -> None:
    socket.send(json.dumps(message))


def heard(socket: ClientConnection) -> Any:
    return json.loads(socket.recv(WAIT))


def watch(socket: ClientConnection, query: str = HITS, identity: str = "1", **asked: Any) -> None:
    asked.setdefault("variables", {"after": 0})
    say(socket, type="subscribe", id=identity, payload={"query": query, **asked})


def code(socket: ClientConnection) -> int:
    """The code with which the server closes."""
    with pytest.raises(ConnectionClosed) as closed:  # noqa: PT012 - what came before is passed
        while True:
            socket.recv(WAIT)
    assert closed.value.rcvd
    return closed.value.rcvd.code


class TestWhoIsRefused:
    @pytest.mark.parametrize(
        ("left_out", "expected"),
        [("Authorization", 4401), ("Herkomst-Purpose", 4403), ("Herkomst-Ground", 4403)],
    )
    def test_who_does_not_say_who_and_what_for(
        self, served: Served, left_out: str, expected: int
    ) -> None:
        payload = served.headers()
        del payload[left_out]

        with connected(served) as socket:
            say(socket, type="connection_init", payload=payload)
            assert code(socket) == expected

    def test_who_asks_before_he_says_it(self, served: Served) -> None:
        with connected(served) as socket:
            watch(socket)
            assert code(socket) == 4401

    def test_a_page_of_another_site(self, served: Served) -> None:
        with (
            pytest.raises(InvalidStatus) as refused,
            connected(served, origin=Origin("https://elders.example")),
        ):
            pass
        assert refused.value.response.status_code == 403

    def test_a_role_that_may_not_watch(self, served: Served) -> None:
        with begun(served, role="auditor") as socket:
            watch(socket)
            told = heard(socket)

        assert (told["type"], told["id"]) == ("error", "1")
        assert told["payload"][0]["extensions"]["code"] == "not_permitted"

    def test_another_protocol(self, served: Served) -> None:
        with connected(served, subprotocols=[Subprotocol("graphql-ws")]) as socket:
            assert code(socket) == 4406

    def test_who_says_nothing(self, served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sockets, "INIT_PATIENCE", 0.05)

        with connected(served) as socket:
            assert code(socket) == 4408


class TestWatching:
    def test_pushes_come_in_order_and_are_journaled(self, served: Served) -> None:
        with begun(served) as socket:
            watch(socket)
            first, second = heard(socket), heard(socket)
            (entry,) = journal(served.archive)

        assert [push["payload"]["data"]["hits"]["revision"] for push in (first, second)] == [1, 2]
        assert (first["type"], first["id"]) == ("next", "1")
        assert first["payload"]["extensions"]["after"] == "1"
        assert first["payload"]["extensions"]["cost"]["requested"] == 2
        assert (entry.way, entry.purpose) == ("stream", "duty:acceptance")

    def test_headers_of_the_handshake_say_who_too(self, served: Served) -> None:
        with connected(served, additional_headers=served.headers()) as socket:
            say(socket, type="connection_init")
            assert heard(socket)["type"] == "connection_ack"
            watch(socket)
            assert heard(socket)["type"] == "next"

    def test_a_page_of_ours_may_connect(self, served: Served) -> None:
        with connected(served, origin=Origin(served.url)) as socket:
            say(socket, type="connection_init", payload=served.headers())
            assert heard(socket)["type"] == "connection_ack"

    def test_it_resumes_behind_what_was_seen_last(self, served: Served) -> None:
        with begun(served) as socket:
            watch(socket, variables={"after": "1"})

            assert heard(socket)["payload"]["data"]["hits"]["revision"] == 2

    def test_a_closed_item_is_not_pushed_and_what_comes_later_is(self, served: Served) -> None:
        with begun(served) as socket:
            watch(socket, variables={"after": 2})
            take_in(served.archive, *pair(4))

            assert heard(socket)["payload"]["data"]["hits"]["revision"] == 4

    def test_a_client_may_end_it_and_use_its_id_again(self, served: Served) -> None:
        with begun(served) as socket:
            watch(socket, variables={"after": 1})
            assert heard(socket)["type"] == "next"
            say(socket, type="complete", id="1")
            watch(socket, "{ __typename }", variables=None)

            assert heard(socket)["payload"]["data"] == {"__typename": "Query"}
            assert heard(socket) == {"id": "1", "type": "complete"}


class TestAsking:
    def test_a_question_is_answered_once(self, served: Served) -> None:
        with begun(served) as socket:
            watch(socket, "{ hits(first: 5) { nodes { revision } } }", variables=None)
            told, complete = heard(socket), heard(socket)

        (entry,) = journal(served.archive)
        assert len(told["payload"]["data"]["hits"]["nodes"]) == 2
        assert told["payload"]["extensions"]["journal"] >= 1
        assert complete == {"id": "1", "type": "complete"}
        assert isinstance(entry, Read)

    def test_a_decision_is_taken_as_over_http(self, served: Served) -> None:
        (hit, *_) = served.nodes("hits(first: 1)", "id")
        query = "mutation ($i: ID!) { assessHit(id: $i) { __typename } }"

        with begun(served) as socket:
            watch(socket, query, variables={"i": hit["id"]})
            told = heard(socket)["payload"]["data"]["assessHit"]

        assert told == {"__typename": "HitDecided"}
        assert any(isinstance(entry, Attempted) for entry in journal(served.archive))

    @pytest.mark.parametrize(
        "query",
        ["{", "{ nonsense }", "{ hits(first: 1000) { nodes { id } } }", "subscription { x }"],
    )
    def test_a_refused_one_is_an_error_and_others_go_on(self, served: Served, query: str) -> None:
        with begun(served) as socket:
            watch(socket, query)
            assert heard(socket)["type"] == "error"
            watch(socket, "{ __typename }", variables=None)
            assert heard(socket)["type"] == "next"


class TestEnds:
    def test_with_the_token(self, served: Served) -> None:
        """Given a quiet subscription, when its token is no longer good, then it ends with why."""
        with begun(served) as socket:
            watch(socket, variables={})
            (served.settings.home / KEY_FILE).unlink()
            told = heard(socket)

        assert (told["type"], told["payload"][0]["extensions"]["code"]) == (
            "error",
            "token_invalid",
        )

    def test_where_the_journal_cannot_be_written(self, served: Served) -> None:
        revoke(served.archive)

        with begun(served) as socket:
            watch(socket)
            told = heard(socket)

        assert told["payload"][0]["extensions"]["code"] == "journal_unavailable"
        assert "purchase-1" not in str(told)

    def test_an_unforeseen_failure_ends_the_connection_without_a_word_of_it(
        self, served: Served, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        async def fails(*_: object) -> None:
            raise LookupError("Testa Voorbeeld")

        with begun(served) as socket:
            monkeypatch.setattr(streams.Streams, "open", fails)
            watch(socket)
            assert code(socket) == 1011
        assert "Testa" in caplog.text


class TestTheProtocol:
    def test_a_ping_is_answered_also_before_the_beginning(self, served: Served) -> None:
        with connected(served) as socket:
            say(socket, type="ping", payload={"a": 1})
            assert heard(socket) == {"type": "pong"}

    def test_one_begins_once(self, served: Served) -> None:
        with begun(served) as socket:
            say(socket, type="connection_init", payload=served.headers())
            assert code(socket) == 4429

    def test_an_id_is_used_once_at_a_time(self, served: Served) -> None:
        with begun(served) as socket:
            watch(socket, variables={})
            watch(socket, variables={})
            assert code(socket) == 4409

    def test_there_is_room_for_so_many_at_once(self, served: Served) -> None:
        with begun(served) as socket:
            for number in range(sockets.AT_ONCE + 1):
                watch(socket, identity=str(number), variables={})
            assert code(socket) == 4429

    def test_there_is_room_for_so_many_connections(
        self, served: Served, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sockets, "SOCKETS", 1)

        with begun(served), connected(served) as second:
            assert code(second) == 1013

    def test_there_is_room_for_so_many_connections_of_one_person(
        self, served: Served, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Given somebody who has as many as one may have, then others have theirs."""
        monkeypatch.setattr(sockets, "OF_ONE", 1)

        with begun(served):
            with connected(served) as second:
                say(second, type="connection_init", payload=served.headers())
                assert code(second) == 4429
            with begun(served, role="team_leader"):
                pass

    def test_who_does_not_begin_takes_no_room_of_those_who_did(
        self, served: Served, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sockets, "SOCKETS", 2)

        with connected(served), begun(served), begun(served) as third:
            watch(third, "{ __typename }")
            assert heard(third)["type"] == "next"

    def test_there_is_room_for_so_many_streams(
        self, served: Served, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(streams, "STREAMS", 0)

        with begun(served) as socket:
            watch(socket)
            assert heard(socket)["payload"][0]["extensions"]["code"] == "too_many_streams"

    @pytest.mark.parametrize(
        "message",
        [
            "",
            "null",
            "{",
            "[]",
            '{"type": "nonsense"}',
            '{"type": 1}',
            '{"type": "subscribe", "payload": {"query": "{ __typename }"}}',
            '{"type": "subscribe", "id": "' + "x" * 101 + '", "payload": {"query": "{ a }"}}',
            '{"type": "subscribe", "id": "1"}',
            '{"type": "subscribe", "id": "1", "payload": {"query": ""}}',
            '{"type": "subscribe", "id": "1", "payload": {"query": 1}}',
            '{"a":' * 9000 + "1" + "}" * 9000,
            b"\x00",
        ],
        ids=lambda message: str(message)[:30],
    )
    def test_what_is_no_message_ends_it(self, served: Served, message: str | bytes) -> None:
        with begun(served) as socket:
            socket.send(message)
            assert code(socket) == 4400

    @pytest.mark.parametrize("payload", ["[]", "1", '{"Authorization": "\\u20ac"}'])
    def test_what_cannot_be_carried_ends_it(self, served: Served, payload: str) -> None:
        with connected(served) as socket:
            socket.send('{"type": "connection_init", "payload": ' + payload + "}")
            assert code(socket) == 4400

    def test_a_message_has_a_size(self, served: Served) -> None:
        with begun(served) as socket:
            watch(socket, "{ __typename }" + " " * 1024 * 1024)
            assert code(socket) == 1009

    def test_who_takes_nothing_is_given_up(
        self, served: Served, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def takes_nothing(*_: object) -> None:
            await anyio.sleep_forever()

        monkeypatch.setattr(sockets, "PATIENCE", 0.01)
        monkeypatch.setattr(WebSocket, "send_text", takes_nothing)

        with connected(served) as socket:
            say(socket, type="connection_init", payload=served.headers())
            assert code(socket) == 1013
