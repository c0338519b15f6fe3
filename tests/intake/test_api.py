"""The intake API as a till, a form and a feed meet it, over a real archive."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import psycopg
import pytest
from starlette.testclient import TestClient

from herkomst.access.tokens import issue
from herkomst.app import create_app
from herkomst.intake.api import BODY_LIMIT
from herkomst.intake.reception import RECORD_LIMIT
from herkomst.processes.followers import followers
from herkomst.projections.runner import Runner
from herkomst.record.archive import Archive
from herkomst.settings import Settings
from tests.archives import POLICE, TILL, a_dealer, a_line, a_purchase, a_stolen_item

NDJSON = {"Content-Type": "application/x-ndjson"}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.read({"HERKOMST_HOME": str(tmp_path), "HERKOMST_DEV_LOGIN": "1"})


@pytest.fixture
def client(archive: Archive, settings: Settings) -> Iterator[TestClient]:
    with TestClient(create_app(archive, settings), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def till(settings: Settings) -> dict[str, str]:
    return login(settings, TILL)


def login(settings: Settings, unit: str, role: str = "source") -> dict[str, str]:
    return {"Authorization": f"Bearer {issue(settings, role, unit, 600).token}"}


def body(record: object) -> bytes:
    return msgspec.json.encode(record)


class TestWhoMaySend:
    def test_nobody_without_a_token(self, client: TestClient) -> None:
        assert client.post("/v1/purchases", content=body(a_purchase())).status_code == 401

    def test_no_source_but_its_own(self, client: TestClient, settings: Settings) -> None:
        answer = client.post(
            "/v1/purchases", content=body(a_purchase()), headers=login(settings, "another-till")
        )

        assert answer.status_code == 403
        assert answer.json()["errors"][0]["field"] == "/source"

    @pytest.mark.parametrize("role", ["district_detective", "prosecutor", "administrator"])
    def test_none_of_those_who_read(
        self, client: TestClient, settings: Settings, role: str
    ) -> None:
        answer = client.post(
            "/v1/purchases", content=body(a_purchase()), headers=login(settings, TILL, role)
        )

        assert answer.status_code == 403


class TestOneRecord:
    def test_accepted_with_its_register_number(
        self, client: TestClient, till: dict[str, str]
    ) -> None:
        answer = client.post("/v1/purchases", content=body(a_purchase()), headers=till)

        assert answer.status_code == 201
        assert answer.json()["status"] == "accepted"
        assert answer.json()["register_number"] == 1
        assert answer.headers["herkomst-position"].startswith("register=")

    def test_a_connection_that_breaks_behind_the_commit_is_made_anew(
        self,
        archive: Archive,
        client: TestClient,
        till: dict[str, str],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        recorder = archive.register.recorder
        head, broken = recorder.max_notification_id, list[bool]()

        def breaks_once() -> int | None:
            if not broken:
                broken.append(True)
                with archive.database.connection() as connection:
                    connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")
            return head()

        monkeypatch.setattr(recorder, "max_notification_id", breaks_once)

        answer = client.post("/v1/purchases", content=body(a_purchase()), headers=till | NDJSON)

        assert broken
        assert answer.status_code == 200
        assert answer.headers["Herkomst-Position"] == "register=3"

    def test_a_database_that_stays_away_is_503(
        self,
        archive: Archive,
        client: TestClient,
        till: dict[str, str],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        def breaks() -> None:
            raise psycopg.OperationalError("the connection is closed")

        monkeypatch.setattr(archive.register.recorder, "max_notification_id", breaks)
        monkeypatch.setattr("herkomst.record.application.sleep", lambda _: None)

        answer = client.post("/v1/purchases", content=body(a_purchase()), headers=till | NDJSON)

        assert answer.status_code == 503
        assert "send it again" in answer.json()["detail"]

    def test_again_is_a_duplicate_with_the_same_number(
        self, client: TestClient, till: dict[str, str]
    ) -> None:
        first = client.post("/v1/purchases", content=body(a_purchase()), headers=till).json()
        again = client.post("/v1/purchases", content=body(a_purchase()), headers=till)

        assert again.status_code == 200
        assert again.json()["status"] == "duplicate"
        assert again.json()["register_number"] == first["register_number"]

    def test_other_content_under_the_same_key_is_a_conflict(
        self, client: TestClient, till: dict[str, str]
    ) -> None:
        client.post("/v1/purchases", content=body(a_purchase()), headers=till)
        other = a_purchase(items=[a_line(brand="Batavus")])

        assert client.post("/v1/purchases", content=body(other), headers=till).status_code == 409

    @pytest.mark.parametrize(
        ("change", "field", "code"),
        [
            ({"items": [{"line": 1, "kind": "bicicle"}]}, "/items/0/kind", "unknown_kind"),
            ({"colour": "red"}, "/colour", "unknown_field"),
            ({"mode": "borrowed"}, "/mode", "invalid"),
            ({"acquired": {"from": "2026-03-02T14:05:00"}}, "/acquired/from", "offset_missing"),
            ({"type": "purchse"}, "/type", "wrong_type"),
        ],
    )
    def test_refused_with_place_code_and_cure(
        self,
        client: TestClient,
        till: dict[str, str],
        change: dict[str, Any],
        field: str,
        code: str,
    ) -> None:
        record = msgspec.to_builtins(a_purchase()) | change

        answer = client.post("/v1/purchases", content=json.dumps(record), headers=till)

        assert answer.status_code == 422
        (error,) = answer.json()["errors"]
        assert (error["field"], error["code"]) == (field, code)
        assert error["cure"]

    def test_a_missing_field_is_named_by_its_own_pointer(
        self, client: TestClient, till: dict[str, str]
    ) -> None:
        record = msgspec.to_builtins(a_purchase())
        del record["items"][0]["kind"]

        answer = client.post("/v1/purchases", content=json.dumps(record), headers=till)

        assert answer.json()["errors"][0]["field"] == "/items/0/kind"

    def test_no_json_is_400(self, client: TestClient, till: dict[str, str]) -> None:
        assert client.post("/v1/purchases", content=b"{", headers=till).status_code == 400

    def test_too_large_is_413(self, client: TestClient, till: dict[str, str]) -> None:
        content = b" " * (RECORD_LIMIT + 1)

        answer = client.post("/v1/purchases", content=content, headers=till)

        assert answer.status_code == 413
        assert answer.json()["errors"][0]["cure"]


class TestMany:
    def test_each_line_has_its_own_status(self, client: TestClient, till: dict[str, str]) -> None:
        lines = [body(a_purchase()), b"nonsense", body(a_purchase()), body(a_purchase(key="p2"))]

        answer = client.post("/v1/purchases", content=b"\n".join(lines), headers=till | NDJSON)

        assert answer.status_code == 200
        told = [json.loads(line) for line in answer.text.splitlines()]
        assert [t["line"] for t in told] == [1, 2, 3, 4]
        assert [t["status"] for t in told] == ["accepted", "rejected", "duplicate", "accepted"]
        assert [t.get("register_number") for t in told] == [1, None, 1, 2]

    def test_a_body_over_the_limit_is_413(
        self, client: TestClient, till: dict[str, str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("herkomst.intake.api.BODY_LIMIT", 1000)

        answer = client.post("/v1/purchases", content=b"x" * 1001, headers=till | NDJSON)

        assert BODY_LIMIT == 64 * 1024 * 1024
        assert answer.status_code == 413


class TestATillLearnsNothing:
    def test_the_answer_is_the_same_whether_the_good_is_stolen_or_not(
        self, client: TestClient, archive: Archive, settings: Settings, till: dict[str, str]
    ) -> None:
        # Given a stolen good that everything knows of
        police = login(settings, POLICE)
        client.post("/v1/stolen-items", content=body(a_stolen_item()), headers=police)
        Runner(archive.urls.app, followers(archive)).run(once=True)

        # When one till buys it, and another an innocent one
        stolen = client.post("/v1/purchases", content=body(a_purchase()), headers=till)
        innocent = a_purchase(key="p2", items=[a_line(identifiers=[])])
        clean = client.post("/v1/purchases", content=body(innocent), headers=till)

        # Then both answers have the same fields and the same status
        assert stolen.status_code == clean.status_code
        assert stolen.json().keys() == clean.json().keys()
        assert "hit" not in stolen.text
        assert "stolen" not in stolen.text


class TestIdempotencyKeys:
    def test_a_repeat_is_answered_as_the_first_time(
        self, client: TestClient, till: dict[str, str]
    ) -> None:
        keyed = till | {"Idempotency-Key": "k1"}
        first = client.post("/v1/purchases", content=body(a_purchase()), headers=keyed)
        again = client.post("/v1/purchases", content=body(a_purchase()), headers=keyed)

        assert (again.status_code, again.content) == (first.status_code, first.content)

    def test_another_body_is_422(self, client: TestClient, till: dict[str, str]) -> None:
        keyed = till | {"Idempotency-Key": "k1"}
        client.post("/v1/purchases", content=body(a_purchase()), headers=keyed)

        answer = client.post("/v1/purchases", content=body(a_purchase(key="p2")), headers=keyed)

        assert answer.status_code == 422
        assert answer.json()["errors"][0]["code"] == "idempotency_key_reused"


class TestOpenApi:
    def test_the_document_holds_the_formats(self, client: TestClient) -> None:
        document = client.get("/v1/openapi.json").json()

        schema = document["paths"]["/purchases"]["post"]["requestBody"]["content"]
        assert "PurchaseRecord" in json.dumps(schema["application/json"])


def test_dealers_are_taken_in(client: TestClient, till: dict[str, str]) -> None:
    assert client.post("/v1/dealers", content=body(a_dealer()), headers=till).status_code == 201
