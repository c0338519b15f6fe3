"""Health: what fails is named, and nothing that is stored is told."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from herkomst.app.health import PARTS, Part
from herkomst.record.archive import Archive
from herkomst.record.database import Database
from tests.access.test_reading import revoke
from tests.serving import Served, follow, serving


@pytest.fixture
def served(archive: Archive, tmp_path: Path) -> Iterator[Served]:
    follow(archive)
    with serving(archive, tmp_path) as served:
        yield served


def readiness(served: Served) -> tuple[int, Any]:
    answer = served.client.get("/readyz")
    return answer.status_code, answer.json()


def as_owner(archive: Archive, statement: str) -> None:
    assert archive.urls.admin
    with psycopg.connect(archive.urls.admin, autocommit=True) as connection:
        connection.execute(statement.encode())


def test_alive_is_alive(served: Served) -> None:
    assert served.client.get("/livez").json() == {"status": "ok"}


def test_ready_is_when_every_part_works(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PARTS, "fsync", Part(lambda _: True, "", ""))

    status, body = readiness(served)

    assert (status, body["status"], body["failing"]) == (200, "ok", [])
    assert [check["name"] for check in body["checks"]] == ["database", *PARTS]


def test_a_server_that_does_not_write_through_is_not_ready(served: Served) -> None:
    status, body = readiness(served)

    assert (status, body["failing"]) == (503, ["fsync"])


@pytest.mark.parametrize(
    ("broken", "part"),
    [
        ("GRANT UPDATE ON record.journal_events TO herkomst_app", "role"),
        ("GRANT DELETE ON record.register_events TO herkomst_app", "role"),
        (
            "DELETE FROM record.migrations "
            "WHERE number = (SELECT max(number) FROM record.migrations)",
            "schema",
        ),
        ("ALTER SCHEMA follow RENAME TO elsewhere", "followers"),
        (
            "UPDATE follow.followers SET state = 'failed', error = 'Testa' WHERE name = 'hits'",
            "followers",
        ),
    ],
)
def test_a_part_that_fails_is_named(served: Served, broken: str, part: str) -> None:
    as_owner(served.archive, broken)

    status, body = readiness(served)

    assert status == 503
    assert part in body["failing"]
    said = {check["name"]: check["message"] for check in body["checks"]}
    assert said[part] == PARTS[part].ill
    assert "Testa" not in str(body)


def test_the_owner_of_the_record_is_not_the_role_to_serve_with(
    archive: Archive, tmp_path: Path
) -> None:
    assert archive.urls.admin
    database = Database(archive.urls.admin)

    with serving(archive._replace(database=database), tmp_path) as served:
        failing = readiness(served)[1]["failing"]
    database.close()

    assert "role" in failing


def test_a_journal_that_cannot_be_written_is_named(served: Served) -> None:
    revoke(served.archive)

    assert "journal" in readiness(served)[1]["failing"]


def test_a_database_that_is_gone_is_named(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(served.archive.database.pool, "timeout", 0.01)
    served.archive.database.close()

    _, body = readiness(served)

    assert body["failing"] == ["database"]
    assert body["checks"][0]["message"] == "the database does not answer"
