"""The application as a list: nothing on it that nobody knows, nothing that reads unseen."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute

from herkomst.app import create_app
from herkomst.app.middleware import SAFETY
from herkomst.app.pages import DIRECTORY
from herkomst.app.problems import STATUS
from herkomst.domain.journal import Read
from herkomst.investigations.exports import (
    EXPORTS,
    OF_A_RECORD,
    export_lines,
    trail_lines,
    trail_on_paper,
)
from herkomst.record.archive import Archive
from herkomst.settings import Settings
from tests.access.test_reading import grant, revoke
from tests.archives import a_dealer
from tests.graphql.events import first_hits
from tests.serving import Served, follow, journal, pair, serving, take_in

OPEN = {
    ("GET", "/"): "a page without data",
    ("GET", "/search"): "a page without data",
    ("GET", "/explorer"): "a page without data",
    ("GET", "/assets/{path:path}"): "a file of the pages",
    ("GET", "/session"): "says whether development login is on",
    ("POST", "/session"): "development login, where it is on",
    ("GET", "/session/login"): "sends a browser to the identity provider",
    ("GET", "/session/callback"): "a browser comes back from it with a code, once",
    ("POST", "/session/logout"): "ends the session of the cookie that is sent",
    ("POST", "/session/backchannel"): "the identity provider says who logged out, and signs that",
    ("GET", "/livez"): "health",
    ("GET", "/readyz"): "health, without anything that is stored",
    ("GET", "/v1/openapi.json"): "the description of the intake API",
}
"""What anyone may call, and why."""
GUARDED = {
    ("GET", "/graphql"): "tells of the schema",
    ("POST", "/graphql"): "reads",
    ("WEBSOCKET", "/graphql"): "reads",
    ("POST", "/v1/trail"): "reads",
    ("POST", "/v1/dealers"): "records",
    ("POST", "/v1/purchases"): "records",
    ("POST", "/v1/stolen-items"): "records",
}
"""What needs a token, and whether it reads."""


@pytest.fixture(scope="module")
def served(shared_archive: Archive, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One hit, served to all tests of this file that leave no trace of theirs."""
    take_in(shared_archive, a_dealer(), *pair(1))
    with serving(shared_archive, tmp_path_factory.mktemp("home")) as served:
        yield served


@pytest.fixture
def alone(archive: Archive, tmp_path: Path) -> Iterator[Served]:
    """One hit, served to one test."""
    take_in(archive, a_dealer(), *pair(1))
    with serving(archive, tmp_path) as served:
        yield served


def routes(listed: list[BaseRoute], under: str = "") -> Iterator[tuple[str, str]]:
    """Every method and path that is answered, those of what is mounted included."""
    for route in listed:
        if isinstance(route, Mount):
            yield from routes(list(route.routes), under + route.path)
        else:
            path = f"{under}{getattr(route, 'path', route)}"
            methods = {"WEBSOCKET"} if isinstance(route, WebSocketRoute) else {"ANY"}
            for method in getattr(route, "methods", None) or methods:
                yield method, path


class TestRoutes:
    def test_every_one_is_known(self, archive: Archive, tmp_path: Path) -> None:
        """A new route fails here until it is said whether it needs a token, and why not."""
        app = create_app(archive, Settings(home=tmp_path, kek_file=tmp_path / "kek.json"))

        found = {(method, path) for method, path in routes(app.routes) if method != "HEAD"}

        assert found == OPEN.keys() | GUARDED.keys()
        assert all(isinstance(route, Route | Mount | WebSocketRoute) for route in app.routes)

    @pytest.mark.parametrize(("method", "path"), [way for way in GUARDED if way[0] != "WEBSOCKET"])
    @pytest.mark.parametrize("header", [None, "Bearer x", "Basic eDp5"])
    def test_none_is_answered_without_a_token(
        self, served: Served, method: str, path: str, header: str | None
    ) -> None:
        headers = {"Authorization": header} if header else {}

        answer = served.client.request(method, path, headers=headers, json={})

        assert answer.status_code == 401
        assert answer.json()["code"] in {"token_missing", "token_invalid"}

    @pytest.mark.parametrize(
        ("method", "path", "status"),
        [
            ("GET", "/nothing", 404),
            ("GET", "/v1/nothing", 404),
            ("DELETE", "/session", 405),
            ("DELETE", "/v1/purchases", 405),
        ],
    )
    def test_what_is_not_there_is_told_as_a_problem(
        self, served: Served, method: str, path: str, status: int
    ) -> None:
        answer = served.client.request(method, path)

        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["cure"]


class TestEveryWayThatReads:
    """GraphQL, the stream and the exports: each is journaled, and mute where it cannot be."""

    def test_is_one_of_these(self) -> None:
        assert {path for (_, path), what in GUARDED.items() if what == "reads"} == {
            "/graphql",
            "/v1/trail",
        }
        assert set(EXPORTS) == {"hits", "review"}
        assert set(OF_A_RECORD) == {"trail"}

    def test_is_journaled(self, alone: Served) -> None:
        alone.nodes("hits(first: 1)")
        first_hits(alone, 1, after=0)
        follow(alone.archive)
        for what in EXPORTS:
            list(export_lines(alone.archive, what, purpose="duty:acceptance", ground="wpg:8"))
        hit = alone.nodes("hits(first: 1)")[0]["id"]
        list(trail_lines(alone.archive, hit, purpose="duty:acceptance", ground="wpg:8"))
        trail_on_paper(alone.archive, hit, purpose="duty:acceptance", ground="wpg:8")
        officer = alone.headers(role="authorised_officer")
        assert alone.client.post("/v1/trail", json={"of": hit}, headers=officer).is_success

        entries = journal(alone.archive)
        ways = ["graphql", "stream", "export", "export", "graphql", "export", "export", "export"]
        assert [entry.way for entry in entries] == ways
        assert all(isinstance(entry, Read) and entry.returned for entry in entries)

    def test_is_mute_while_the_journal_cannot_be_written(self, alone: Served) -> None:
        revoke(alone.archive)

        assert alone.ask("{ hits(first: 1) { nodes { id } } }").status_code == 503
        assert first_hits(alone, 1, after=0) == []

        grant(alone.archive)
        assert alone.nodes("hits(first: 1)")
        assert len(first_hits(alone, 1, after=0)) == 1


class TestHeaders:
    @pytest.mark.parametrize(
        "path",
        ["/", "/search", "/explorer", "/livez", "/readyz", "/graphql", "/nothing", "/v1/nothing"],
    )
    def test_safety_comes_with_every_answer(self, served: Served, path: str) -> None:
        answer = served.client.get(path)

        assert {name: answer.headers[name] for name in SAFETY} == SAFETY
        assert answer.headers["cache-control"] in {"no-store", "no-cache"}

    def test_the_policy_lets_nothing_come_from_elsewhere(self) -> None:
        policy = SAFETY["Content-Security-Policy"]

        assert policy.startswith("default-src 'none'; ")
        assert "unsafe" not in policy
        assert "http" not in policy
        assert "*" not in policy

    def test_a_trace_is_continued(self, served: Served) -> None:
        trace = "4bf92f3577b34da6a3ce929d0e0e4736"
        parent = f"00-{trace}-00f067aa0ba902b7-01"

        answered = served.client.get("/livez", headers={"traceparent": parent}).headers

        assert re.fullmatch(rf"00-{trace}-[0-9a-f]{{16}}-01", answered["traceparent"])
        assert answered["traceparent"] != parent

    @pytest.mark.parametrize("parent", ["", "x", f"00-{'0' * 32}-00f067aa0ba902b7-01", "01-a-b-c"])
    def test_a_trace_that_cannot_be_continued_begins_anew(
        self, served: Served, parent: str
    ) -> None:
        answered = served.client.get("/livez", headers={"traceparent": parent}).headers

        assert re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-01", answered["traceparent"])
        assert "0" * 32 not in answered["traceparent"]


class TestPages:
    @pytest.mark.parametrize("path", ["/", "/search", "/explorer"])
    def test_they_are_served_and_hold_no_data(self, served: Served, path: str) -> None:
        answer = served.client.get(path)

        assert answer.status_code == 200
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert "GZ47110001" not in answer.text

    def test_an_asset_has_its_media_type(self, served: Served) -> None:
        (script, *_) = sorted((DIRECTORY / "assets").glob("*.js"))

        answer = served.client.get(f"/assets/{script.name}")

        assert answer.content == script.read_bytes()
        assert answer.headers["content-type"] == "text/javascript; charset=utf-8"

    def test_an_asset_that_did_not_change_is_not_sent_again(self, served: Served) -> None:
        (script, *_) = sorted((DIRECTORY / "assets").glob("*.js"))
        etag = served.client.get(f"/assets/{script.name}").headers["etag"]

        again = served.client.get(f"/assets/{script.name}", headers={"If-None-Match": etag})

        assert again.status_code == 304

    @pytest.mark.parametrize(
        "path",
        [
            "/assets/../index.html",
            "/assets/%2e%2e/%2e%2e/pyproject.toml",
            "/assets/..%2f..%2fpyproject.toml",
            "/assets//etc/passwd",
            "/assets/",
            "/assets/nothing.js",
        ],
    )
    def test_no_other_file_is_served(self, served: Served, path: str) -> None:
        assert served.client.get(path).status_code == 404


class TestSession:
    def test_it_says_whether_the_login_is_on(self, served: Served, tmp_path: Path) -> None:
        nobody = {"login": None, "who": None}
        assert served.client.get("/session").json() == {"dev_login": True, **nobody}

        with serving(served.archive, tmp_path, dev_login=False) as closed:
            assert closed.client.get("/session").json() == {"dev_login": False, **nobody}

    def test_nobody_logs_in_where_it_is_off(self, served: Served, tmp_path: Path) -> None:
        with serving(served.archive, tmp_path, dev_login=False) as closed:
            answer = closed.client.post("/session", json={"role": "auditor", "unit": "x"})

        assert answer.status_code == 403
        assert answer.json()["code"] == "dev_login_off"

    def test_a_token_is_made_that_opens_what_its_role_may(self, served: Served) -> None:
        made = served.client.post("/session", json={"role": "district_detective", "unit": "x"})
        headers = served.headers() | {"Authorization": f"Bearer {made.json()['token']}"}

        answer = served.client.post(
            "/graphql", json={"query": "{ hits(first: 1) { nodes { id } } }"}, headers=headers
        )

        assert made.status_code == 201
        assert made.json()["expires_at"]
        assert answer.json()["data"]["hits"]["nodes"]

    @pytest.mark.parametrize(
        ("body", "status", "code"),
        [
            (b"", 400, "session_invalid"),
            (b"[]", 400, "session_invalid"),
            (b'{"role": "auditor"}', 400, "session_invalid"),
            (b'{"role": "auditor", "unit": "x", "more": 1}', 400, "session_invalid"),
            (b'{"role": "auditor", "unit": "' + b"x" * 5000 + b'"}', 400, "session_invalid"),
            (b'{"role": "king", "unit": "x"}', 403, "unknown_role"),
            (b'{"role": "auditor", "unit": ""}', 403, "unit"),
        ],
        ids=lambda value: str(value)[:40],
    )
    def test_what_cannot_be_meant_is_refused(
        self, served: Served, body: bytes, status: int, code: str
    ) -> None:
        answer = served.client.post("/session", content=body)

        assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_every_error_that_is_translated_has_a_code_and_a_cure() -> None:
    without = [
        kind.__name__
        for kind in STATUS
        if not (hasattr(kind, "code") or "code" in kind.__init__.__code__.co_names)
    ]

    assert without == []
