"""GraphQL over HTTP: who is refused, what is journaled, and how answers look."""

import re
from pathlib import Path
from threading import Condition, Event, Thread
from time import perf_counter
from typing import Any, NamedTuple

import httpx
import msgspec
import pytest

from herkomst.domain.journal import Read
from herkomst.graphql.endpoint import BODY_LIMIT
from herkomst.graphql.limits import COST
from herkomst.record.archive import Archive
from tests.access.test_reading import grant, revoke
from tests.archives import a_dealer
from tests.serving import Served, journal, opened, pair, serving, take_in

HITS = "{ hits(first: 10) { nodes { id purchase { key } } } }"
MODERN = "application/graphql-response+json"


class TestWhoIsRefused:
    def test_nobody_without_a_token(self, served: Served) -> None:
        headers = served.headers()
        del headers["Authorization"]

        answer = served.client.post("/graphql", json={"query": HITS}, headers=headers)

        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["code"] == "token_missing"

    @pytest.mark.parametrize(
        ("missing", "code"),
        [("Herkomst-Purpose", "purpose_missing"), ("Herkomst-Ground", "ground_missing")],
    )
    def test_nothing_without_a_purpose_and_a_ground(
        self, served: Served, missing: str, code: str
    ) -> None:
        headers = served.headers()
        del headers[missing]

        answer = served.client.post("/graphql", json={"query": HITS}, headers=headers)

        assert answer.status_code == 400
        assert answer.json()["code"] == code
        assert answer.json()["errors"][0]["cure"]

    @pytest.mark.parametrize(
        ("role", "ground"),
        [
            ("boa_1", "sr:437"),
            ("municipal_clerk", "sr:437"),
            ("access_reviewer", "wpg:8"),
            ("auditor", "wpg:8"),
            ("administrator", "wpg:8"),
            ("dealer", "sr:437"),
            ("source", "wpg:8"),
            ("district_detective", "sr:437"),
            ("prosecutor", "wpg:8"),
        ],
    )
    def test_a_role_that_may_not_is_told_so_and_shown_nothing(
        self, served: Served, role: str, ground: str
    ) -> None:
        query = """{ hits(first: 10) { edges { node { id } } pageInfo { endCursor hasNextPage }
                     refused { ... on NotPermitted { code message cure } } } }"""

        page = served.told(query, role=role, ground=ground, purpose="duty:acceptance")["hits"]

        assert page["edges"] is None
        assert page["pageInfo"] == {"endCursor": None, "hasNextPage": False}
        assert page["refused"]["code"] == "not_permitted"

    def test_a_token_opens_nothing_once_development_login_is_off(self, served: Served) -> None:
        headers = served.headers()

        with serving(served.archive, served.settings.home, dev_login=False) as another:
            answer = another.client.post("/graphql", json={"query": HITS}, headers=headers)

        assert answer.status_code == 401


class TestJournal:
    def test_an_answer_names_its_entry_and_its_moment(self, served: Served) -> None:
        answer = served.ask(HITS)

        assert int(answer.headers["herkomst-journal"]) >= 1
        # The fourth hit is on an item that is closed to him.
        assert re.fullmatch(r"register=\d+, casework=3", answer.headers["herkomst-position"])

    def test_the_entry_says_what_was_returned(self, archive: Archive, tmp_path: Path) -> None:
        take_in(archive, a_dealer(), *pair(1), *pair(2, "confidential"))

        with serving(archive, tmp_path) as served:
            ids = [hit["id"] for hit in served.nodes("hits(first: 10)", "id stolen { __typename }")]

        (entry,) = journal(archive)
        assert isinstance(entry, Read)
        assert {f"hit:{i}" for i in ids} <= set(entry.returned)
        assert sorted(i.partition(":")[0] for i in entry.returned) == ["hit", "hit", "stolen_item"]
        assert (entry.withheld, entry.way, entry.purpose) == (1, "graphql", "duty:acceptance")
        assert "hits(first: 10)" in opened(archive)[0][0]

    def test_of_a_count_the_entry_says_its_size_and_tells_the_answer_again(
        self, archive: Archive, tmp_path: Path
    ) -> None:
        take_in(archive, a_dealer(), *pair(1), *pair(2))

        with serving(archive, tmp_path) as served:
            counting = "{ hits(first: 1) { totalCount } dealers(first: 1) { totalCount } }"
            answer = served.ask(counting)
            served.ask(HITS)

        counted, listed = journal(archive)
        assert sorted(counted.counts) == [1, 2]
        data = msgspec.json.encode(answer.json()["data"]).decode()
        assert counted.answered_token == archive.keyring.token(f"answered:{data}")
        assert (listed.counts, listed.answered_token) == ((), None)

    def test_who_is_not_permitted_is_written_down_too(
        self, archive: Archive, tmp_path: Path
    ) -> None:
        take_in(archive, a_dealer(), *pair(1))

        with serving(archive, tmp_path) as served:
            served.told("{ hits(first: 1) { refused { __typename } } }", role="auditor")

        (entry,) = journal(archive)
        assert (entry.role, entry.count) == ("auditor", 0)

    def test_what_reads_nothing_leaves_no_entry(self, archive: Archive, tmp_path: Path) -> None:
        with serving(archive, tmp_path) as served:
            served.ask("{ nonsense }")
            served.ask("{ hits(first: 1000) { nodes { id } } }")
            served.client.post("/graphql", json=[], headers=served.headers())

        assert journal(archive) == []

    def test_where_it_cannot_be_written_nothing_is_answered(
        self, archive: Archive, tmp_path: Path
    ) -> None:
        """Given readers, when the right to write the journal goes, then no answer carries data."""
        take_in(archive, a_dealer(), *pair(1))

        with serving(archive, tmp_path) as served:
            assert served.nodes("hits(first: 1)")
            revoke(archive)

            answers = [served.ask(HITS) for _ in range(5)]

            assert {answer.status_code for answer in answers} == {503}
            assert {answer.json()["code"] for answer in answers} == {"journal_unavailable"}
            assert not any("purchase-1" in answer.text for answer in answers)
            grant(archive)
            assert served.nodes("hits(first: 1)")

    def test_with_fifty_readers_when_it_is_cut_off_then_none_is_answered_until_it_is_back(
        self, archive: Archive, tmp_path: Path
    ) -> None:
        """Each answer has its entry, whatever was under way when the right went and came."""
        take_in(archive, a_dealer(), *pair(1))

        with serving(archive, tmp_path) as served, Readers(served, 50) as readers:
            readers.wait_until_each_has(3)
            revoke(archive)
            cut = perf_counter()
            readers.wait_until_each_has(3)
            mended = perf_counter()
            grant(archive)
            back = perf_counter()
            readers.wait_until_each_has(3)

        meanwhile = [a for a in readers.answers if a.asked > cut and a.answered < mended]
        assert len(meanwhile) > 50
        assert {(answer.status, answer.code) for answer in meanwhile} == {
            (503, "journal_unavailable")
        }
        assert {a.status for a in readers.answers if a.asked > back} == {200}
        told = [answer for answer in readers.answers if answer.status == 200]
        assert not any(a.has_data for a in readers.answers if a.status != 200)
        assert len(told) <= len(journal(archive))


class Answer(NamedTuple):
    """What one reader was told, and when."""

    asked: float
    answered: float
    status: int
    code: str | None
    has_data: bool


class Readers:
    """Clients that ask one question after another until they are told to stop."""

    def __init__(self, served: Served, count: int) -> None:
        self.answers: list[Answer] = []
        self._served, self._stop, self._more = served, Event(), Condition()
        self._threads = [Thread(target=self._read) for _ in range(count)]

    def __enter__(self) -> "Readers":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def wait_until_each_has(self, answers: int) -> None:
        """From now on, on average."""
        enough = len(self.answers) + answers * len(self._threads)
        with self._more:
            assert self._more.wait_for(lambda: len(self.answers) >= enough, timeout=120)

    def _read(self) -> None:
        headers = self._served.headers()
        with httpx.Client(base_url=self._served.client.base_url, timeout=60) as client:
            while not self._stop.is_set():
                asked = perf_counter()
                told = client.post("/graphql", json={"query": HITS}, headers=headers)
                answer = Answer(
                    asked,
                    perf_counter(),
                    told.status_code,
                    told.json().get("code"),
                    "purchase-1" in told.text or bool(told.json().get("data")),
                )
                with self._more:
                    self.answers.append(answer)
                    self._more.notify_all()


class TestFreshness:
    def test_a_read_may_wait_for_what_was_written(self, served: Served) -> None:
        answer = served.ask(HITS, herkomst_wait_for="register=1, casework=4")

        assert answer.status_code == 200

    def test_a_read_that_stays_behind_is_stale(
        self, served: Served, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("herkomst.investigations.freshness.PATIENCE", 0.05)

        answer = served.ask(HITS, herkomst_wait_for="register=1000000")

        assert answer.status_code == 503
        assert answer.json()["code"] == "stale"
        assert "casework" not in answer.text  # How much there is would tell of what is hidden.
        assert "nodes" not in answer.text

    def test_what_cannot_be_waited_for_is_refused(self, served: Served) -> None:
        assert served.ask(HITS, herkomst_wait_for="tomorrow").status_code == 400


class TestBodies:
    @pytest.mark.parametrize(
        ("body", "status"),
        [
            (b"", 400),
            (b"{", 400),
            (b"null", 400),
            (b'"{ __typename }"', 400),
            (b"{}", 400),
            (b'{"query": 1}', 400),
            (b'{"query": null}', 400),
            (b'{"query": " "}', 400),
            (b'{"query": "{ __typename }", "variables": []}', 400),
            (b'{"query": "{ __typename }", "operationName": 1}', 400),
            (b'{"query": "{ __typename }", "extensions": "x"}', 400),
            (b'[{"query": "{ __typename }"}]', 400),
            (b' \n [{"query": "{ __typename }"}]', 400),
            (b'{"query": "\xff"}', 400),
            (b'{"query": "{ __typename } # \\ud800"}', 400),
            (b'{"query": "{ __typename }", "variables": {"a": "\\ud800"}}', 400),
            (b'{"query": "{ __typename }", "variables": {"a": 1e999}}', 400),
            (b'{"query": "{ __typename }", "variables": {"a": "\\u0000"}}', 200),
            (
                b'{"query": "{ __typename }", "variables": ' + b'{"a":' * 9000 + b"1" + b"}" * 9001,
                400,
            ),
            (b'{"query": "{ __typename }", "more": 1}', 200),
            (b'{"query": "{ __typename }", "variables": null, "operationName": null}', 200),
        ],
        ids=lambda value: str(value)[:60],
    )
    def test_only_one_question_is_read(self, served: Served, body: bytes, status: int) -> None:
        headers = served.headers() | {"Content-Type": "application/json"}

        assert served.client.post("/graphql", content=body, headers=headers).status_code == status

    def test_a_body_that_is_too_large_is_413(self, served: Served) -> None:
        answer = served.ask("{ __typename }" + " " * BODY_LIMIT)

        assert answer.status_code == 413
        assert answer.json()["errors"][0]["code"] == "body_too_large"

    @pytest.mark.parametrize("media", ["text/plain", "application/graphql", "multipart/form-data"])
    def test_another_media_type_is_415(self, served: Served, media: str) -> None:
        headers = served.headers() | {"Content-Type": media}

        assert served.client.post("/graphql", content=b"{}", headers=headers).status_code == 415

    @pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
    def test_no_other_method_asks(self, served: Served, method: str) -> None:
        answer = served.client.request(
            method, "/graphql", params={"query": "{ __typename }"}, headers=served.headers()
        )

        assert answer.status_code == 405


class TestGet:
    def get(self, served: Served, **asked: str) -> Any:
        return served.client.get("/graphql", params=asked, headers=served.headers())

    @pytest.mark.parametrize(
        "query",
        [
            HITS,
            "{ __typename hits(first: 1) { nodes { id } } }",
            "{ ...F } fragment F on Query { __typename }",
            "mutation { __typename }",
            'mutation { assessHit(id: "x") { __typename } }',
        ],
    )
    def test_what_is_stored_is_not_asked_in_a_url(self, served: Served, query: str) -> None:
        answer = self.get(served, query=query)

        assert (answer.status_code, answer.json()["code"]) == (405, "only_by_post")
        assert answer.headers["allow"] == "POST"

    def test_the_schema_tells_of_itself(self, served: Served) -> None:
        query = "query T($name: String!) { __type(name: $name) { name } }"

        answer = self.get(served, query=query, variables='{"name": "Hit"}', operationName="T")

        assert answer.json()["data"] == {"__type": {"name": "Hit"}}

    @pytest.mark.parametrize(
        "asked",
        [
            {},
            {"query": ""},
            {"query": "{ __typename }", "variables": "[]"},
            {"query": "{ __typename }", "variables": "{"},
            {"query": "{ __typename }", "extensions": "x"},
        ],
        ids=str,
    )
    def test_what_cannot_be_read_is_refused(self, served: Served, asked: dict[str, str]) -> None:
        assert self.get(served, **asked).status_code == 400


class TestAnswers:
    def send(self, served: Served, query: str, accept: str, **body: Any) -> Any:
        headers = served.headers() | {"Accept": accept}
        return served.client.post("/graphql", json={"query": query, **body}, headers=headers)

    @pytest.mark.parametrize(
        ("accept", "media"),
        [
            ("*/*", "application/json"),
            ("application/json", "application/json"),
            (MODERN, MODERN),
            (f"{MODERN}, application/json;q=0.9", MODERN),
        ],
    )
    def test_the_media_type_is_the_one_that_is_taken(
        self, served: Served, accept: str, media: str
    ) -> None:
        answer = self.send(served, "{ __typename }", accept)

        assert answer.headers["content-type"] == f"{media}; charset=utf-8"
        assert answer.json()["data"] == {"__typename": "Query"}

    @pytest.mark.parametrize("query", ["{", "{ nonsense }", "query ($a: Int!) { __typename }"])
    def test_a_refusal_has_the_status_that_its_media_type_gives_it(
        self, served: Served, query: str
    ) -> None:
        plain, modern = (self.send(served, query, accept) for accept in ("*/*", MODERN))

        assert (plain.status_code, modern.status_code) == (200, 400)
        assert "data" not in plain.json()
        assert plain.json()["errors"] == modern.json()["errors"]

    def test_an_operation_is_chosen_by_its_name(self, served: Served) -> None:
        two = "query A { __typename } query B { b: __typename }"

        chosen = self.send(served, two, MODERN, operationName="B").json()["data"]
        unknown = self.send(served, two, MODERN, operationName="C")

        assert chosen == {"b": "Query"}
        assert unknown.status_code == 400

    def test_the_cost_is_told(self, served: Served) -> None:
        cost = self.send(served, HITS, "*/*").json()["extensions"]["cost"]

        assert cost["requested"] == 21
        assert cost["maximum"] >= cost["requested"]

    @pytest.mark.parametrize(
        ("query", "requested"),
        [
            (HITS, 21),
            ("{", 1),
            ("{ nonsense }", 1),
            ("query ($a: String!) { hits(first: 3, after: $a) { nodes { id } } }", 4),
        ],
    )
    def test_also_of_what_is_refused(self, served: Served, query: str, requested: int) -> None:
        cost = self.send(served, query, MODERN).json()["extensions"]["cost"]

        assert cost == {"requested": requested, "maximum": COST}

    def test_also_of_who_is_refused(self, served: Served) -> None:
        answer = served.client.post("/graphql", json={"query": HITS})

        assert answer.status_code == 401
        assert answer.json()["extensions"]["cost"] == {"requested": 1, "maximum": COST}

    @pytest.mark.parametrize(
        ("accept", "media"),
        [
            ("", "application/json"),
            ("text/html", "application/json"),
            (f"application/json, {MODERN};q=0.5", "application/json"),
            (f"{MODERN};q=0", "application/json"),
            (f"application/json, {MODERN}", MODERN),
            (f"{MODERN};q=x, application/json;q=0.1", "application/json"),
        ],
    )
    def test_what_is_taken_rather_weighs_more(
        self, served: Served, accept: str, media: str
    ) -> None:
        answer = self.send(served, "{ __typename }", accept)

        assert answer.headers["content-type"] == f"{media}; charset=utf-8"

    def test_what_nobody_expected_is_logged_and_masked(
        self, served: Served, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        async def fails(*_: object, **__: object) -> None:
            raise LookupError("Testa Voorbeeld")

        monkeypatch.setattr("herkomst.investigations.hits.one", fails)

        answer = self.send(
            served, '{ hit(id: "00000000-0000-0000-0000-000000000000") { __typename } }', "*/*"
        )

        (error,) = answer.json()["errors"]
        trace = answer.headers["traceparent"]
        assert error["extensions"] == {"code": "internal", "traceparent": trace}
        assert "Testa" not in answer.text
        assert trace in caplog.text
        assert "LookupError" in caplog.text
