"""Subscriptions as server-sent events: who gets them, in which order, and what ends them."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest

from herkomst.access.tokens import KEY_FILE, NotAuthenticated
from herkomst.graphql import endpoint
from herkomst.graphql import streams as room
from herkomst.record.archive import Archive
from tests.access.test_reading import revoke
from tests.archives import a_dealer
from tests.graphql.events import events, first_hits, pushed, stream
from tests.serving import OFFICER, Served, follow, journal, pair, serving, take_in

CASES = "subscription ($after: ID) { cases(after: $after) { number title state } }"


@pytest.fixture(autouse=True)
def _brisk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "POLL", 0.01)
    monkeypatch.setattr(room, "RECHECK", 0.02)


@pytest.fixture
def served(archive: Archive, tmp_path: Path) -> Iterator[Served]:
    take_in(archive, a_dealer(), *pair(1), *pair(2, "confidential"), *pair(3, "closed"))
    with serving(archive, tmp_path) as served:
        yield served


class TestWhoGetsNone:
    @pytest.mark.parametrize(
        ("role", "ground"), [("auditor", "wpg:8"), ("boa_1", "sr:437"), ("dealer", "wpg:8")]
    )
    def test_a_role_that_may_not(self, served: Served, role: str, ground: str) -> None:
        with stream(served, role=role, ground=ground) as answer:
            assert answer.status_code == 403
            assert answer.read()

    def test_a_closed_item_makes_none_and_a_withheld_one_tells_only_that(
        self, served: Served
    ) -> None:
        open_one, withheld = first_hits(served, 2, after=0)

        assert open_one["stolen"]["good"]["identifiers"] == [
            {"type": "frame", "value": "GZ47110001"}
        ]
        assert withheld["stolen"] == {
            "__typename": "Withheld",
            "reason": "handling_confidential",
            "contact": "politie",
        }
        assert (withheld["grade"], withheld["reasons"]) == (None, [])

    def test_the_authorised_officer_gets_all(self, served: Served) -> None:
        told = first_hits(served, 3, after=0, role=OFFICER)

        assert [hit["revision"] for hit in told] == [1, 2, 3]

    def test_a_case_comes_to_who_has_it_alone(self, served: Served) -> None:
        leader = {"role": "team_leader", "purpose": "duty:acceptance"}
        served.told('mutation { openCase(title: "A") { __typename } }', None, **leader)
        follow(served.archive)

        with stream(served, CASES, after=0, **leader) as answer:
            told = next(pushed(answer.iter_lines()))
        with stream(served, CASES, after=0) as answer:
            lines = answer.iter_lines()
            assert "comment" in next(events(lines))
            served.told('mutation { openCase(title: "B") { __typename } }', None, **own())
            follow(served.archive)
            first = next(pushed(lines))

        assert told["data"]["cases"]["title"] == "A"
        assert first["data"]["cases"]["title"] == "B"


def own() -> dict[str, str]:
    """A detective for a task, who may open a case of his own."""
    return {"purpose": "duty:acceptance"}


class TestOrder:
    def test_a_push_tells_where_to_go_on_and_what_it_costs(self, served: Served) -> None:
        with stream(served, after=0) as answer:
            assert answer.headers["content-type"].startswith("text/event-stream")
            lines = answer.iter_lines()
            event = next(e for e in events(lines) if "event" in e)

        assert (event["event"], event["id"]) == ("next", "1")
        assert '"after":"1"' in event["data"]
        assert '"journal":' in event["data"]
        assert '"cost":{"requested":' in event["data"]

    def test_it_resumes_behind_what_was_seen_last(self, served: Served) -> None:
        (hit,) = first_hits(served, 1, after=1)

        assert hit["revision"] == 2

    def test_it_begins_with_what_comes_from_now_on(self, served: Served) -> None:
        """Given an open stream, when a hit is found, then it comes, and no earlier one."""
        with stream(served) as answer:
            lines = answer.iter_lines()
            assert "comment" in next(events(lines))
            take_in(served.archive, *pair(4))

            told = next(pushed(lines))

        assert told["data"]["hits"]["revision"] == 4
        assert told["data"]["hits"]["purchase"]["shop"]["municipality"]["name"] == "Amsterdam"

    def test_it_shows_a_sign_of_life_where_nothing_comes(
        self, served: Served, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(room, "HEARTBEAT", 0.01)

        with stream(served) as answer:
            following = events(answer.iter_lines())
            assert [next(following).keys() for _ in range(3)] == [{"comment"}] * 3

    def test_an_operation_in_a_fragment_is_watched_too(self, served: Served) -> None:
        query = """subscription ($after: ID) { ...F }
            fragment F on Subscription { ... { hits(after: $after) { revision } } }"""

        with stream(served, query, after=1) as answer:
            assert next(pushed(answer.iter_lines()))["data"] == {"hits": {"revision": 2}}

    @pytest.mark.parametrize("after", ["x", "-1", "1.5", "9" * 19])
    def test_what_is_no_revision_is_refused(self, served: Served, after: str) -> None:
        with stream(served, after=after) as answer:
            answer.read()
            assert answer.status_code == 400
            assert answer.json()["errors"][0]["extensions"]["code"] == "resume_invalid"


class TestHowItIsAsked:
    def test_as_one_answer_it_is_refused(self, served: Served) -> None:
        answer = served.ask("subscription { hits { id } }")

        assert (answer.status_code, answer.json()["code"]) == (400, "only_as_stream")

    def test_two_at_once_are_refused(self, served: Served) -> None:
        with stream(served, "subscription { hits { id } cases { id } }") as answer:
            assert answer.status_code == 400

    def test_a_question_may_be_answered_as_a_stream_of_one(self, served: Served) -> None:
        with stream(served, "{ hits(first: 5) { nodes { revision } } }") as answer:
            following = list(events(answer.iter_lines()))

        assert [event["event"] for event in following] == ["next", "complete"]

    def test_a_refusal_is_told_before_a_stream_begins(self, served: Served) -> None:
        with stream(served, "{ nonsense }") as answer:
            answer.read()
            assert answer.status_code == 400
            assert answer.json()["errors"]

    def test_it_is_not_asked_in_a_url(self, served: Served) -> None:
        headers = served.headers() | {"Accept": "text/event-stream"}
        answer = served.client.get(
            "/graphql", params={"query": "subscription { hits { id } }"}, headers=headers
        )

        assert answer.status_code == 405


class TestJournal:
    def test_each_push_is_written_before_it_is_sent(self, served: Served) -> None:
        with stream(served, after=0) as answer:
            following = pushed(answer.iter_lines())
            told = [next(following)["data"]["hits"]["revision"] for _ in range(2)]
            (first,) = journal(served.archive)
            take_in(served.archive, *pair(4))
            assert next(following)["data"]["hits"]["revision"] == 4
            (_, second) = journal(served.archive)

        assert told == [1, 2]
        assert (first.way, first.purpose) == ("stream", "duty:acceptance")
        assert sum(i.startswith("hit:") for i in first.returned) == 2
        assert sum(i.startswith("hit:") for i in second.returned) == 1

    def test_a_quiet_stream_leaves_no_entry(self, served: Served) -> None:
        with stream(served) as answer:
            next(events(answer.iter_lines()))

        assert journal(served.archive) == []


class TestEnds:
    def ended(self, served: Served) -> Any:
        """The code with which the stream ended, and nothing before it."""
        with stream(served, after=0) as answer:
            (end,) = pushed(answer.iter_lines())
        assert "data" not in end
        return end["errors"][0]["extensions"]["code"]

    def test_where_the_journal_cannot_be_written(self, served: Served) -> None:
        revoke(served.archive)

        assert self.ended(served) == "journal_unavailable"

    def test_with_the_token(self, served: Served) -> None:
        """Given a quiet stream, when its token is no longer good, then it ends and says so."""
        with stream(served) as answer:
            lines = answer.iter_lines()
            next(events(lines))
            (served.settings.home / KEY_FILE).unlink()

            (end,) = pushed(lines)

        assert end["errors"][0]["extensions"]["code"] == "token_invalid"

    def test_with_the_right(self, served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
        """Given a quiet stream, when the policy no longer allows it, then it ends and says so."""
        with stream(served) as answer:
            lines = answer.iter_lines()
            next(events(lines))
            monkeypatch.setattr("herkomst.access.policy._sights", lambda *_: {})

            (end,) = pushed(lines)

        assert end["errors"][0]["extensions"]["code"] == "not_permitted"

    def test_where_the_client_takes_nothing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Given a client that takes nothing, when there is something to send, then it is given up,
        and what was read for it is closed."""
        monkeypatch.setattr(endpoint, "PATIENCE", 0.01)
        closed: list[bool] = []

        async def events() -> AsyncIterator[bytes]:
            try:
                while True:
                    yield b"event: next"
            finally:
                closed.append(True)

        async def receive() -> Any:
            await anyio.sleep_forever()

        async def send(message: Any) -> None:
            if message["type"] != "http.response.start":
                await anyio.sleep_forever()

        async def answer() -> None:
            await endpoint.Events(events())({"type": "http"}, receive, send)
            await asyncio.get_running_loop().shutdown_asyncgens()

        asyncio.run(answer())
        assert closed == [True]

    def test_there_is_room_for_so_many(
        self, served: Served, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(room, "STREAMS", 1)

        with stream(served) as first:
            following = events(first.iter_lines())
            next(following)
            with stream(served) as second:
                assert second.status_code == 503
                assert second.headers["retry-after"]

    def test_there_is_room_for_so_many_of_one_person(
        self, served: Served, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Given somebody with as many as he may have, then others get theirs all the same."""
        monkeypatch.setattr(room, "OF_ONE", 1)

        with stream(served) as first:
            following = events(first.iter_lines())
            next(following)
            with stream(served) as second:
                assert second.status_code == 503
            with stream(served, role=OFFICER) as of_another:
                assert of_another.status_code == 200

    def test_between_two_records_that_are_taken_slowly(
        self, served: Served, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Given two hits that were read together, when the token ends after the first was taken,
        then the second is not sent any more."""
        looked: list[None] = []
        stands = room.Stream._checked

        async def once_more(self: room.Stream) -> Any:
            looked.append(None)
            if len(looked) == 3:
                raise NotAuthenticated("token_expired", "The token has ended.")
            return await stands(self)

        monkeypatch.setattr(room, "RECHECK", 0.0)
        monkeypatch.setattr(room.Stream, "_checked", once_more)
        with stream(served, after=0) as answer:
            (hit, end) = pushed(answer.iter_lines())

        assert hit["data"]["hits"]["revision"] == 1
        assert end["errors"][0]["extensions"]["code"] == "token_expired"
