import logging
from collections.abc import Iterator

import psycopg
import pytest

from herkomst.domain.register.records import Record
from herkomst.record import application
from herkomst.record.archive import Archive
from herkomst.record.database import Database, DatabaseDown, connect
from herkomst.record.postgres import EmbeddedPostgres
from herkomst.record.receipts import Receipt
from herkomst.record.register import Register
from tests.archives import (
    ACTOR,
    a_correction,
    a_dealer,
    a_purchase,
    a_sale,
    a_seller,
    a_stolen_item,
)
from tests.record.holding import assert_holds, database_of, stored
from tests.record.proxy import Break, Proxy, proxy_to

BATCH: list[tuple[int, Record]] = list(
    enumerate(
        [
            a_dealer(),
            a_stolen_item(),
            a_stolen_item(offence="burglary"),
            a_purchase(),
            a_purchase(),
            a_purchase(items=[]),
            a_purchase(mode="found"),
            a_correction(seller={"phone": "06-00000002"}),
            a_sale(buyer=a_seller()),
        ]
    )
)
EXPECTED = [
    "accepted",
    "accepted",
    "amended",
    "accepted",
    "duplicate",
    "rejected",
    "conflict",
    "accepted",
    "accepted",
]


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """Attempts follow each other without a pause."""
    monkeypatch.setattr(application, "sleep", lambda _: None)
    caplog.set_level(logging.CRITICAL, "psycopg.pool")


@pytest.fixture
def proxy(server: EmbeddedPostgres, archive: Archive) -> Iterator[Proxy]:
    with proxy_to(server, database_of(archive)) as proxy:
        yield proxy


@pytest.fixture
def far(proxy: Proxy, archive: Archive) -> Iterator[Register]:
    """The register by way of the proxy."""
    database = Database(proxy.url, timeout=5.0)
    yield Register(database, archive.keyring)
    database.close()


@pytest.mark.parametrize(
    "breaks",
    [
        ["after"],
        ["before"],
        ["before", "after"],
        ["before", "before", "before", "after"],
        ["after", "after"],
    ],
    ids="-".join,
)
def test_given_a_commit_whose_answer_is_lost_when_taken_in_then_the_receipts_are_as_without(
    archive: Archive, proxy: Proxy, far: Register, breaks: list[Break]
) -> None:
    proxy.breaks = list(breaks)

    receipts = far.take_in(BATCH, actor=ACTOR)

    assert proxy.broken >= 1
    assert [receipt.status for receipt in receipts] == EXPECTED
    rows = assert_holds(archive)
    assert len(rows) == 9
    assert [r.register_number for r in receipts] == [None] * 3 + [1, 1, None, 1, 1, 1]
    assert [r.position for r in receipts] == [1, 2, 3, 6, 6, None, 6, 8, 9]


def test_given_an_answer_that_was_lost_when_the_batch_comes_again_then_all_are_duplicates(
    archive: Archive, proxy: Proxy, far: Register
) -> None:
    proxy.breaks = ["after"]
    first = far.take_in(BATCH, actor=ACTOR)
    before = stored(archive)

    again = far.take_in(BATCH, actor=ACTOR)

    assert {r.status for r in again} == {"duplicate", "rejected", "conflict"}
    assert [r.register_number for r in again] == [r.register_number for r in first]
    assert stored(archive) == before


def test_given_another_that_took_it_in_meanwhile_when_tried_again_then_it_is_a_duplicate(
    archive: Archive, far: Register, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy.breaks = ["before"]
    by_others: list[Receipt] = []

    def meanwhile(seconds: float) -> None:
        by_others.extend(archive.register.take_in([(1, a_purchase())], actor=ACTOR))

    monkeypatch.setattr(application, "sleep", meanwhile)

    (receipt,) = far.take_in([(1, a_purchase())], actor=ACTOR)

    assert [r.status for r in by_others] == ["accepted"]
    assert receipt.status == "duplicate"
    assert len(assert_holds(archive)) == 3


def test_given_a_backend_that_is_ended_before_its_commit_when_taken_in_then_it_is_tried_again(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    append, ended = archive.register.recorder.append_locked, list[int]()

    def append_and_die(cursor, pending):  # type: ignore[no-untyped-def]
        appended = append(cursor, pending)
        if len(ended) < 2:
            ended.append(cursor.connection.info.backend_pid)
            with connect(archive.urls.app, "killer") as killer:
                killer.execute("SELECT pg_terminate_backend(%s, 5000)", (ended[-1],))
        return appended

    monkeypatch.setattr(archive.register.recorder, "append_locked", append_and_die)

    receipts = archive.register.take_in(BATCH, actor=ACTOR)

    assert len(set(ended)) == 2
    assert [receipt.status for receipt in receipts] == EXPECTED
    assert len(assert_holds(archive)) == 9


def test_given_a_connection_that_always_breaks_when_the_attempts_are_used_up_then_it_is_raised(
    archive: Archive, proxy: Proxy, far: Register
) -> None:
    proxy.breaks = ["before"] * application.ATTEMPTS

    with pytest.raises(psycopg.OperationalError):
        far.take_in(BATCH, actor=ACTOR)

    assert proxy.broken == application.ATTEMPTS
    assert stored(archive) == []


def test_given_no_server_when_taken_in_then_the_database_is_said_to_be_down(
    archive: Archive, proxy: Proxy
) -> None:
    url = proxy.url
    proxy.close()
    database = Database(url, timeout=0.2)

    with pytest.raises(DatabaseDown, match="herkomst doctor") as raised:
        Register(database, archive.keyring).take_in(BATCH, actor=ACTOR)

    assert raised.value.code == "database_down"
    database.close()
