"""Posts that share a transaction: to each what is its own, whatever becomes of the others."""

import asyncio
import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
import psycopg
import pytest
from starlette.testclient import TestClient

from herkomst.access.tokens import issue
from herkomst.app import create_app
from herkomst.domain import ids
from herkomst.domain.register import purchase
from herkomst.domain.register.records import Record
from herkomst.intake.posts import Posts
from herkomst.intake.reception import only_from, read_line
from herkomst.record import application
from herkomst.record.archive import Archive
from herkomst.record.database import Database, DatabaseDown, DiskFull, connect
from herkomst.record.postgres import EmbeddedPostgres
from herkomst.record.receipts import Receipt
from herkomst.record.register import Register
from herkomst.settings import Settings
from tests.archives import ACTOR, TILL, a_dealer, a_purchase
from tests.record.holding import assert_holds, database_of, stored
from tests.record.proxy import Break, Proxy, proxy_to

Sent = tuple[str, Record]
ACTORS = [f"user:source:{name}" for name in ("one", "two", "three", "four", "five")]


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """Attempts follow each other without a pause."""
    monkeypatch.setattr(application, "sleep", lambda _: None)
    caplog.set_level(logging.CRITICAL, "psycopg.pool")


def posted(register: Register, sent: Sequence[Sent]) -> list[Receipt | BaseException]:
    """What each sender is told, when all send at the same moment."""

    async def run() -> list[Receipt | BaseException]:
        posts = Posts(register)
        waiting = [posts.take_in((1, record), actor=actor) for actor, record in sent]
        return await asyncio.gather(*waiting, return_exceptions=True)

    return asyncio.run(run())


def receipts_of(register: Register, sent: Sequence[Sent]) -> list[Receipt]:
    told = posted(register, sent)
    receipts = [one for one in told if isinstance(one, Receipt)]
    assert [one for one in told if not isinstance(one, Receipt)] == []
    return receipts


def appends(archive: Archive) -> int:
    with connect(archive.urls.app, "counting") as connection:
        row = connection.execute("SELECT count(*) FROM record.appends").fetchone()
    assert row is not None
    return int(row[0])


def actors(archive: Archive, keys: Sequence[str]) -> list[str]:
    """Who registered each of these purchases."""
    streams = [ids.purchase_id(TILL, key) for key in keys]
    with archive.database.connection() as connection:
        found = archive.register.recorder.reader.streams(connection, streams)
    return [found[stream][0].envelope.actor for stream in streams]


# To each its own.


def test_given_many_tills_when_they_post_at_once_then_each_is_told_of_its_own(
    archive: Archive,
) -> None:
    sent: list[Sent] = [
        (ACTORS[n % 5], a_purchase(key=f"p{n}", branch=f"{n % 3}")) for n in range(120)
    ]

    receipts = receipts_of(archive.register, sent)

    assert [receipt.key for receipt in receipts] == [f"p{n}" for n in range(120)]
    assert {receipt.status for receipt in receipts} == {"accepted"}
    for book in range(3):
        assert [r.register_number for r in receipts[book::3]] == list(range(1, 41))
    assert [r.position for r in receipts] == [3 * n + 3 for n in range(120)]
    assert actors(archive, [f"p{n}" for n in range(120)]) == [actor for actor, _ in sent]
    assert_holds(archive)
    assert appends(archive) == 1


def test_given_a_transaction_under_way_when_posts_come_then_they_share_the_next(
    archive: Archive,
) -> None:
    purchases = [(1, a_purchase(key=f"p{n}")) for n in range(31)]

    async def run() -> list[Receipt]:
        posts = Posts(archive.register)
        with archive.database.transaction() as holder:
            archive.register.recorder.lock(holder)
            first = asyncio.create_task(posts.take_in(purchases[0], actor=ACTOR))
            await asyncio.to_thread(_until_one_waits, archive)
            rest = [asyncio.create_task(posts.take_in(one, actor=ACTOR)) for one in purchases[1:]]
            await asyncio.sleep(0)
        return [await first, *[await one for one in rest]]

    receipts = asyncio.run(run())

    assert [r.register_number for r in receipts] == list(range(1, 32))
    assert appends(archive) == 2


def _until_one_waits(archive: Archive) -> None:
    with connect(archive.urls.app, "watching") as connection:
        while not connection.execute(
            "SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        ).fetchall():
            pass


def test_given_more_posts_than_may_share_when_they_come_then_none_is_left(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("herkomst.intake.posts.BATCH", 7)
    sent: list[Sent] = [(ACTOR, a_purchase(key=f"p{n}")) for n in range(20)]

    receipts = receipts_of(archive.register, sent)

    assert [r.register_number for r in receipts] == list(range(1, 21))
    assert appends(archive) == 3


def test_given_the_same_record_in_several_posts_when_shared_then_it_is_there_once(
    archive: Archive,
) -> None:
    same, other = a_purchase(), a_purchase(mode="found")
    records = [same, same, other, a_purchase(items=[]), same]

    receipts = receipts_of(archive.register, list(zip(ACTORS, records, strict=True)))

    expected = ["accepted", "duplicate", "conflict", "rejected", "duplicate"]
    assert [receipt.status for receipt in receipts] == expected
    assert {(r.id, r.register_number, r.position) for r in receipts if r.status != "rejected"} == {
        (str(ids.purchase_id(TILL, "purchase-1")), 1, 3)
    }
    assert actors(archive, ["purchase-1"]) == [ACTORS[0]]
    assert len(assert_holds(archive)) == 3


def test_given_what_cannot_be_read_when_posted_then_nothing_is_begun(archive: Archive) -> None:
    refused = read_line(1, b"{", "purchases", only_from(TILL))
    assert isinstance(refused, Receipt)

    assert asyncio.run(Posts(archive.register).take_in(refused, actor=ACTOR)) is refused

    assert stored(archive) == []


def test_given_batches_beside_posts_when_all_are_done_then_no_number_is_missing(
    archive: Archive,
) -> None:
    def batch(number: int) -> list[Receipt]:
        records = [(n, a_purchase(key=f"b{number}-{n}")) for n in range(25)]
        return archive.register.take_in(records, actor=ACTOR)

    with ThreadPoolExecutor(3) as pool:
        batches = pool.map(batch, range(6))
        receipts = receipts_of(
            archive.register, [(ACTORS[n % 5], a_purchase(key=f"p{n}")) for n in range(60)]
        )
        receipts += [receipt for some in batches for receipt in some]

    assert sorted(r.register_number or 0 for r in receipts) == list(range(1, 211))
    assert_holds(archive)


# What fails.


def poisoned(told: list[Receipt | BaseException], at: int) -> BaseException:
    """The error of the one post that fails; the others are accepted, in their order."""
    others = [one for n, one in enumerate(told) if n != at]
    assert [one.status for one in others if isinstance(one, Receipt)] == ["accepted"] * len(others)
    numbers = [one.register_number for one in others if isinstance(one, Receipt)]
    assert numbers == list(range(1, len(others) + 1))
    error = told[at]
    assert isinstance(error, BaseException)
    return error


@pytest.mark.parametrize("at", [0, 4, 9])
def test_given_a_record_that_cannot_be_drafted_when_shared_then_no_other_post_fails(
    archive: Archive, monkeypatch: pytest.MonkeyPatch, at: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "herkomst.intake.posts")
    check = purchase.check

    def poison(record: Any, **more: Any) -> Any:
        return 1 / 0 if record.key == f"p{at}" else check(record, **more)

    monkeypatch.setattr(purchase, "check", poison)

    told = posted(archive.register, [(ACTOR, a_purchase(key=f"p{n}")) for n in range(10)])

    assert isinstance(poisoned(told, at), ZeroDivisionError)
    assert len(assert_holds(archive)) == 9 * 3
    assert "10 posts failed" in caplog.text


@pytest.mark.parametrize("at", [0, 9])
def test_given_a_record_that_the_database_refuses_when_shared_then_no_other_post_fails(
    archive: Archive, at: int
) -> None:
    assert archive.urls.admin
    with psycopg.connect(archive.urls.admin, autocommit=True) as owner:
        owner.execute(
            "ALTER TABLE record.register_events ADD CONSTRAINT poison "
            f"CHECK (convert_from(state, 'UTF8') NOT LIKE '%\"key\":\"p{at}\"%')".encode()
        )

    told = posted(archive.register, [(ACTOR, a_purchase(key=f"p{n}")) for n in range(10)])

    assert isinstance(poisoned(told, at), psycopg.errors.CheckViolation)
    assert len(assert_holds(archive)) == 9 * 3


def test_given_a_post_that_fails_alone_when_it_comes_then_it_is_tried_once(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[object] = []

    def fails(*_: object) -> None:
        tried.append(None)
        raise ZeroDivisionError

    monkeypatch.setattr(archive.register.recorder, "begun", fails)

    (told,) = posted(archive.register, [(ACTOR, a_purchase())])

    assert isinstance(told, ZeroDivisionError)
    assert len(tried) == 1


def test_given_a_full_disk_when_posts_share_then_each_is_told_and_it_is_tried_once(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[object] = []

    def full(*_: object) -> None:
        tried.append(None)
        raise psycopg.errors.DiskFull

    monkeypatch.setattr(archive.register.recorder, "begun", full)

    told = posted(archive.register, [(ACTOR, a_purchase(key=f"p{n}")) for n in range(5)])

    assert [type(one) for one in told] == [DiskFull] * 5
    assert len(tried) == 1
    assert stored(archive) == []


def test_given_a_database_that_goes_away_behind_a_poison_when_tried_alone_then_the_rest_is_told(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = archive.register.recorder.begun
    steps = iter(["poison", "", "poison", "gone"])

    def breaks(*of: Any) -> Any:
        match next(steps):
            case "poison":
                raise ZeroDivisionError
            case "gone":
                raise psycopg.errors.DiskFull
        return begun(*of)

    monkeypatch.setattr(archive.register.recorder, "begun", breaks)

    told = posted(archive.register, [(ACTOR, a_purchase(key=f"p{n}")) for n in range(6)])

    kinds = [type(one) for one in told]
    assert kinds == [Receipt, ZeroDivisionError, DiskFull, DiskFull, DiskFull, DiskFull]
    assert len(assert_holds(archive)) == 3


def test_given_no_server_when_posts_share_then_each_is_told_that_the_database_is_down(
    archive: Archive, server: EmbeddedPostgres
) -> None:
    with proxy_to(server, database_of(archive)) as proxy:
        url = proxy.url
    database = Database(url, timeout=0.1)

    told = posted(
        Register(database, archive.keyring),
        [(ACTOR, a_purchase(key=f"p{n}")) for n in range(5)],
    )
    database.close()

    assert [type(one) for one in told] == [DatabaseDown] * 5


# A commit whose answer is lost.


@pytest.fixture
def proxy(server: EmbeddedPostgres, archive: Archive) -> Iterator[Proxy]:
    with proxy_to(server, database_of(archive)) as proxy:
        yield proxy


@pytest.mark.parametrize("breaks", [["after"], ["before"], ["before", "after"]], ids="-".join)
def test_given_a_shared_commit_whose_answer_is_lost_when_posted_then_each_is_told_as_without(
    archive: Archive, proxy: Proxy, breaks: list[Break]
) -> None:
    proxy.breaks = list(breaks)
    database = Database(proxy.url, timeout=5.0)

    receipts = receipts_of(
        Register(database, archive.keyring),
        [(ACTORS[n % 5], a_purchase(key=f"p{n % 8}")) for n in range(10)],
    )
    database.close()

    assert proxy.broken >= 1
    assert [r.status for r in receipts] == ["accepted"] * 8 + ["duplicate"] * 2
    assert [r.register_number for r in receipts] == [1, 2, 3, 4, 5, 6, 7, 8, 1, 2]
    assert [r.position for r in receipts] == [3, 6, 9, 12, 15, 18, 21, 24, 3, 6]
    assert len(assert_holds(archive)) == 24


# Over HTTP.


def test_given_tills_of_several_sources_when_they_post_in_parallel_then_each_has_its_own_answer(
    archive: Archive, tmp_path: Path
) -> None:
    settings = Settings.read({"HERKOMST_HOME": str(tmp_path), "HERKOMST_DEV_LOGIN": "1"})
    tills = [f"till-{n}" for n in range(4)]
    headers = {
        till: {"Authorization": f"Bearer {issue(settings, 'source', till, 600).token}"}
        for till in tills
    }
    archive.register.take_in([(1, a_dealer())], actor=ACTOR)

    with (
        TestClient(create_app(archive, settings)) as client,
        ThreadPoolExecutor(12) as pool,
    ):

        def post(n: int) -> Any:
            till = tills[n % 4]
            source = tills[(n + 1) % 4] if n % 10 == 9 else till  # Every tenth is not its own.
            body = msgspec.json.encode(a_purchase(key=f"p{n}", source=source))
            return client.post("/v1/purchases", content=body, headers=headers[till])

        answers = list(pool.map(post, range(80)))

    assert Counter(answer.status_code for answer in answers) == {201: 72, 403: 8}
    assert [answer.json()["key"] for answer in answers] == [f"p{n}" for n in range(80)]
    taken = [answer.json() for answer in answers if answer.status_code == 201]
    assert sorted(one["register_number"] for one in taken) == list(range(1, 73))
    for answer in answers:
        if answer.status_code == 201:
            position = answer.json()["position"]
            assert answer.headers["Herkomst-Position"] == f"register={position}"
    _assert_by_their_own(archive, tills)


def _assert_by_their_own(archive: Archive, tills: Sequence[str]) -> None:
    streams = {
        ids.purchase_id(tills[n % 4], f"p{n}"): tills[n % 4] for n in range(80) if n % 10 != 9
    }
    with archive.database.connection() as connection:
        found = archive.register.recorder.reader.streams(connection, list(streams))
    by = {stream: events[0].envelope.actor for stream, events in found.items()}
    assert len(by) == 72
    assert len(set(by.values())) == 4
    assert all(streams[stream] in actor for stream, actor in by.items())
    assert_holds(archive)
