"""Rebuilding: beside the live generation, to the same digest, while everything goes on."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event as Flag
from threading import Thread
from typing import Any

import pytest
from msgspec.structs import replace
from psycopg import Connection, OperationalError
from psycopg.sql import SQL

from herkomst.domain import ids
from herkomst.domain.events import Recorded
from herkomst.processes.followers import followers
from herkomst.processes.matching import FLOOD, Matching
from herkomst.projections import rebuild as rebuilding
from herkomst.projections import registry
from herkomst.projections.building import Builder
from herkomst.projections.dealers import Dealers
from herkomst.projections.follower import Projection
from herkomst.projections.model import Column, Rows, Unsealed
from herkomst.projections.rebuild import ErasureAhead, rebuild
from herkomst.projections.runner import Runner, wait_until
from herkomst.record.archive import Archive
from herkomst.record.postgres import EmbeddedPostgres
from herkomst.record.reader import SequenceReader
from tests.archives import (
    ACTOR,
    TILL,
    a_dealer,
    a_moment,
    a_purchase,
    a_seller,
    a_stolen_item,
    make_archive,
)
from tests.processes.scenes import bought, stolen
from tests.projections.busy import decisions, first_sent, sent_later
from tests.projections.following import (
    BY_NAME,
    connected,
    digests,
    facts,
    follow,
    followers_of,
    rebuilt,
    rows,
    runner,
    running,
    standings,
    take_in,
    until,
)


@pytest.fixture(scope="module")
def busy(server: EmbeddedPostgres) -> Iterator[Archive]:
    """An archive that holds a little of everything, and that all followers have followed."""
    with make_archive(server) as archive:
        take_in(archive, *first_sent())
        follow(archive)
        take_in(archive, *sent_later())
        follow(archive, batch=7)
        decisions(archive)
        follow(archive)
        yield archive


def tables(archive: Archive) -> dict[str, list[int]]:
    """The generations of which there is a table, by model."""
    with connected(archive) as connection:
        told = connection.execute(
            "SELECT substring(tablename, '(.*)_'), array_agg(substring(tablename, '[0-9]+$')::int) "
            "FROM pg_tables WHERE schemaname = 'read' GROUP BY 1"
        )
        found = {name: sorted(generations) for name, generations in told.fetchall()}
    assert found.pop("match_stock") == found["match_keys"], "they are one model"
    assert found.pop("description_counts") == found["descriptions"], "they are one model"
    return found


def live(archive: Archive) -> dict[str, int]:
    with connected(archive) as connection:
        return {name: told[0] for name, told in registry.generations(connection).items()}


def positions(archive: Archive) -> dict[str, int]:
    return {name: standing.position for name, standing in standings(archive).items()}


def rebuilding_with(archive: Archive, progress: Callable[..., None]) -> None:
    with connected(archive) as connection:
        rebuild(connection, followers(archive), list(BY_NAME), progress)


# The same again


@pytest.mark.parametrize("name", sorted(BY_NAME))
def test_given_a_model_when_rebuilt_then_it_tells_the_same_and_the_old_one_is_gone(
    busy: Archive, name: str
) -> None:
    before, generation, stood = digests(busy), live(busy)[name], positions(busy)
    rebuilt(busy, [name])
    assert digests(busy) == before
    assert live(busy)[name] == generation + 1
    assert tables(busy)[name] == [generation + 1]
    assert positions(busy) == stood


def test_given_all_models_when_rebuilt_then_they_tell_the_same_in_one_scan_a_sequence(
    busy: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    within = SequenceReader.within

    def counted(self: SequenceReader, *told: Any) -> list[Recorded]:
        read.append(self.sequence)
        return within(self, *told)

    monkeypatch.setattr(SequenceReader, "within", counted)
    before = digests(busy)
    rebuilt(busy)
    assert read == ["casework", "register"]
    assert digests(busy) == before


def test_given_all_models_when_rebuilt_then_no_process_is_rewound_and_nothing_fires_again(
    busy: Archive,
) -> None:
    recorded = len(facts(busy, "register")), len(facts(busy, "casework"))
    rebuilt(busy)
    follow(busy)
    assert (len(facts(busy, "register")), len(facts(busy, "casework"))) == recorded


def test_given_a_model_that_is_behind_when_rebuilt_then_its_follower_goes_on_behind_it(
    archive: Archive,
) -> None:
    follow(archive)
    take_in(archive, *first_sent())
    rebuilt(archive, ["purchases", "links"])
    head = len(facts(archive, "register"))
    assert positions(archive)["purchases"] == positions(archive)["links"] == head
    assert positions(archive)["dealers"] == 0
    before = digests(archive, ["purchases", "links"])
    follow(archive)
    assert digests(archive, ["purchases", "links"]) == before


def test_given_no_model_yet_when_rebuilt_then_it_is_there(archive: Archive) -> None:
    take_in(archive, a_dealer(), a_purchase())
    rebuilt(archive, ["dealers"])
    assert [row["key"] for row in rows(archive, "dealers")] == ["dealer-1"]


def test_given_a_process_that_is_behind_when_its_keys_are_rebuilt_then_they_do_not_pass_it(
    archive: Archive,
) -> None:
    take_in(archive, *first_sent())
    run: Runner = runner(archive, ["matching"], batch=9, progress=lambda *_: run.stop.set())
    run.run()
    before, stood = digests(archive, ["match_keys"]), positions(archive)["matching"]
    assert stood == 9
    rebuilt(archive)
    assert digests(archive, ["match_keys"]) == before
    assert positions(archive)["matching"] == stood
    follow(archive)
    whole = digests(archive)
    rebuilt(archive)
    assert digests(archive) == whole
    assert len(rows(archive, "hits")) > 5


# While everything goes on


def test_given_an_erasure_before_a_process_when_its_keys_are_rebuilt_then_it_comes_there_first(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it compares by cannot be made again, so what it found by that would stay for ever."""
    plate, moped = ("plate", "WW-99-VV"), {"kind": "moped"}
    take_in(archive, a_dealer(), bought("sold", plate, good=moped, seller=a_seller()))
    take_in(archive, stolen("lost", plate, good=moped))
    follow(archive)
    assert [row["state"] for row in rows(archive, "hits")] == ["found"]
    archive.register.order_erasure(f"seller:{TILL}:sold", ground="avg:17", actor=ACTOR)
    monkeypatch.setattr(rebuilding, "AHEAD", 0.0)

    with pytest.raises(ErasureAhead, match="match_keys"):
        rebuilt(archive, ["match_keys"])
    follow(archive)
    rebuilt(archive, ["match_keys"])

    assert [row["state"] for row in rows(archive, "hits")] == ["closed"]


PLATE, MOPED = ("plate", "WW-99-VV"), {"kind": "moped"}


def as_before_an_upgrade(archive: Archive) -> None:
    """The keys of matching are of an older version, which must be rebuilt before it moves."""
    with connected(archive) as connection:
        connection.execute("UPDATE follow.models SET version = 1 WHERE name = 'match_keys'")


def upgraded(archive: Archive) -> None:
    follow(archive)
    before = digests(archive)
    rebuilt(archive)
    assert digests(archive) == before


def test_given_an_erasure_before_a_process_when_it_is_upgraded_then_nothing_stands_on_what_is_gone(
    archive: Archive,
) -> None:
    """It does not move without its new version, which cannot be made of what was erased."""
    take_in(archive, a_dealer(), bought("sold", PLATE, good=MOPED, seller=a_seller()))
    other = bought("other", PLATE, ("frame", "GZ4711003"), good=MOPED, seller=a_seller())
    take_in(archive, other, bought("stays", PLATE, good=MOPED, seller=a_seller()))
    take_in(archive, stolen("lost", PLATE, ("frame", "GZ4711003"), good=MOPED))
    later = a_moment("2026-03-20T12:00:00+01:00")
    theft = stolen("later", PLATE, good=MOPED, stolen=later)
    take_in(archive, replace(theft, reported_at="2026-03-21T12:00:00+01:00"))
    follow(archive)
    assert len(rows(archive, "passages")) == 3
    for key in ("sold", "other"):
        archive.register.order_erasure(f"seller:{TILL}:{key}", ground="avg:17", actor=ACTOR)
    as_before_an_upgrade(archive)

    upgraded(archive)

    found = {row["purchase_key"]: row for row in rows(archive, "hits")}
    assert {key: row["state"] for key, row in found.items()} == {
        "sold": "closed",
        "other": "found",
        "stays": "found",
    }
    left = [r["stolen"] for r in found["other"]["reasons"] if r["code"] == "number_agrees"]
    assert left == ["GZ4711003"], "the number that was not sealed"
    stays = ids.purchase_id(TILL, "stays")
    assert [row["purchase"] for row in rows(archive, "passages")] == [stays]
    with connected(archive) as connection:
        (process,) = followers_of(archive, ["matching"])
        assert isinstance(process, Matching)
        assert process.rematch(connection, dry_run=True) == {}


def test_given_a_flood_that_an_erasure_ended_when_it_is_upgraded_then_that_is_said(
    archive: Archive,
) -> None:
    many = [bought(f"p{n}", PLATE, good=MOPED, seller=a_seller()) for n in range(FLOOD + 1)]
    take_in(archive, a_dealer(), *many, stolen("lost", PLATE, good=MOPED))
    follow(archive)
    assert (len(rows(archive, "floods")), rows(archive, "hits")) == (1, [])
    archive.register.order_erasure(f"seller:{TILL}:p0", ground="avg:17", actor=ACTOR)
    as_before_an_upgrade(archive)

    upgraded(archive)

    assert rows(archive, "floods") == []
    assert {row["purchase_key"] for row in rows(archive, "hits")} == {
        f"p{n}" for n in range(1, FLOOD + 1)
    }


def test_given_nothing_erased_when_it_is_upgraded_then_nothing_is_said(archive: Archive) -> None:
    many = [bought(f"p{n}", PLATE, good=MOPED, seller=a_seller()) for n in range(FLOOD + 1)]
    number = ("frame", "GZ4711003")
    take_in(archive, a_dealer(), *many, bought("sold", number), stolen("s", PLATE, number))
    follow(archive)
    before = len(facts(archive, "casework"))
    as_before_an_upgrade(archive)

    upgraded(archive)

    assert len(facts(archive, "casework")) == before


def test_given_appends_and_reads_when_rebuilt_then_neither_notices_and_the_digests_agree(
    archive: Archive,
) -> None:
    take_in(archive, *first_sent())
    follow(archive)
    run = runner(archive, poll=0.01, batch=20)
    with running(run), reading(archive) as read, appending(archive):
        for _ in range(3):
            rebuilt(archive)
    assert read["purchases"] > 0
    follow(archive)
    before = digests(archive)
    rebuilt(archive)
    assert digests(archive) == before
    assert tables(archive) == {name: [generation] for name, generation in live(archive).items()}


@contextmanager
def appending(archive: Archive) -> Iterator[None]:
    """Records come in, pairs of a purchase and its theft, until the end."""
    stop = Flag()

    def append() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            take_in(archive, a_purchase(key=f"more{number}"), a_dealer(key=f"more{number}"))

    with _beside(append, stop):
        yield


@contextmanager
def reading(archive: Archive) -> Iterator[dict[str, int]]:
    """Every model is read all the time, its generation and its rows in one transaction."""
    stop, read = Flag(), dict.fromkeys(BY_NAME, 0)

    def look() -> None:
        with connected(archive) as connection:
            while not stop.is_set():
                for name, model in BY_NAME.items():
                    with connection.transaction():
                        table = model.table(registry.live(connection, model))
                        told = SQL("SELECT count(*) FROM {}").format(table)
                        assert connection.execute(told).fetchone() is not None
                        read[name] += 1

    with _beside(look, stop):
        yield read


@contextmanager
def _beside(work: Callable[[], None], stop: Flag) -> Iterator[None]:
    failed: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:
            failed.append(error)

    thread = Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(30)
    assert not failed, failed


def test_given_two_rebuilds_of_a_model_when_they_meet_then_they_take_turns(busy: Archive) -> None:
    before, generation = digests(busy), live(busy)["dealers"]
    threads = [Thread(target=rebuilt, args=(busy, ["dealers", "purchases"])) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert digests(busy) == before
    assert live(busy)["dealers"] == generation + 3
    assert tables(busy)["dealers"] == [generation + 3]


def test_given_a_reader_of_the_old_generation_when_it_stays_then_that_is_dropped_later(
    busy: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rebuilding, "PATIENCE", 0.0)
    old = live(busy)["dealers"]
    with connected(busy) as reader, reader.transaction():
        reader.execute(SQL("SELECT FROM {}").format(Dealers().table(old)))
        with connected(busy) as connection:
            connection.execute("SET lock_timeout = '20ms'")
            rebuild(connection, followers(busy), ["dealers"])
        assert tables(busy)["dealers"] == [old, old + 1]
    rebuilt(busy, ["dealers"])
    assert tables(busy)["dealers"] == [old + 2]


def test_given_a_reader_that_looked_up_the_old_generation_when_swapped_then_it_can_still_read_it(
    busy: Archive,
) -> None:
    thread = Thread(target=rebuilt, args=(busy, ["dealers"]))
    with connected(busy) as reader, reader.transaction():
        old = registry.live(reader, Dealers())
        thread.start()
        until(busy, lambda _: live(busy)["dealers"] == old + 1)
        told = reader.execute(SQL("SELECT count(*) FROM {}").format(Dealers().table(old)))
        assert told.fetchone() == (2,)
    thread.join(30)
    assert tables(busy)["dealers"] == [old + 1]


# Killed half-way


def test_given_a_rebuild_killed_half_way_when_looked_at_then_the_old_one_serves(
    busy: Archive,
) -> None:
    before, generations = digests(busy), live(busy)
    with pytest.raises(OperationalError), connected(busy) as connection:
        rebuild(connection, followers(busy), ["dealers", "match_keys"], _killer(busy))
    assert (digests(busy), live(busy)) == (before, generations)
    assert tables(busy)["dealers"] == [generations["dealers"], generations["dealers"] + 1]
    assert "rebuilding" not in {s.state for s in standings(busy).values()}
    rebuilt(busy)
    assert digests(busy) == before
    assert tables(busy) == {name: [generation] for name, generation in live(busy).items()}


def _killer(archive: Archive) -> Callable[..., None]:
    """Cuts the connection of the rebuild after its first batch."""

    def kill(*_: object) -> None:
        with connected(archive) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(l.pid, 5000) FROM pg_locks l "
                "WHERE l.locktype = 'advisory' AND l.pid <> pg_backend_pid() "
                "AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            )

    return kill


# What is told of it


def test_given_a_rebuild_when_the_standings_are_read_then_they_say_so_until_it_ends(
    busy: Archive,
) -> None:
    told: list[set[str]] = []
    rebuilding_with(busy, lambda *_: told.append({s.state for s in standings(busy).values()}))
    assert all("rebuilding" in states for states in told)
    assert {s.state for s in standings(busy).values()} == {"live"}


def test_given_a_follower_that_was_stopped_when_rebuilt_then_it_is_still_stopped(
    archive: Archive,
) -> None:
    follow(archive)
    with connected(archive) as connection:
        registry.mark(connection, ["dealers"], "stopped")
    take_in(archive, a_dealer())
    rebuilt(archive, ["dealers"])
    assert standings(archive)["dealers"].state == "stopped"


def test_given_a_process_that_an_event_stopped_when_its_keys_are_rebuilt_then_it_is_still_named(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    take_in(archive, a_dealer(), a_purchase(), a_stolen_item())
    with monkeypatch.context() as patch:
        patch.setattr(Matching, "apply", _refusing)
        assert follow(archive).failed == {"matching"}
    rebuilt(archive, ["match_keys"])
    told = standings(archive)["matching"]
    assert (told.state, told.position) == ("failed", 0)
    assert told.error == "register=1: ValueError: no"


def _refusing(*_: object) -> None:
    raise ValueError("no")


def test_given_a_projection_that_an_event_stopped_when_mended_and_rebuilt_then_it_lives(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    take_in(archive, a_dealer())
    with monkeypatch.context() as patch:
        patch.setattr(Dealers, "fold", _refusing)
        follow(archive)
    assert standings(archive)["dealers"].state == "failed"
    rebuilt(archive, ["dealers"])
    told = standings(archive)["dealers"]
    assert (told.state, told.error, len(rows(archive, "dealers"))) == ("live", None, 1)


# A new version


class DealersAnew(Dealers):
    """The same model with one column more."""

    version = 2
    columns = (*Dealers.columns, Column("shout", "text"))  # type: ignore[assignment]

    def fold(self, rows: Rows, fact: Recorded, unsealed: Unsealed) -> Rows:
        folded = super().fold([row[:-1] for row in rows], fact, unsealed)
        return [(*row, str(row[3]).upper()) for row in folded]


def test_given_a_new_version_of_a_model_when_run_then_it_is_built_beside_and_swapped_in(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    take_in(archive, a_dealer(), a_dealer(key="dealer-2"))
    follow(archive)
    served: list[int] = []
    fold = DealersAnew.fold

    def looking(self: DealersAnew, *told: Any) -> Rows:
        served.append(live(archive)["dealers"])
        return fold(self, *told)

    monkeypatch.setattr(DealersAnew, "fold", looking)
    anew = Projection(DealersAnew(), archive.register.vault, archive.keyring.token)
    Runner(archive.urls.app, [anew]).run(once=True)
    assert served == [1, 1]
    assert tables(archive)["dealers"] == [2]
    assert [row["shout"] for row in rows(archive, "dealers")] == ["WINKEL VOORBEELD"] * 2
    take_in(archive, a_dealer(key="dealer-3"))
    Runner(archive.urls.app, [anew]).run(once=True)
    assert len(rows(archive, "dealers")) == 3


def test_given_a_new_version_when_run_then_the_others_follow_while_it_is_built(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    take_in(archive, a_dealer())
    follow(archive)
    take_in(archive, a_dealer(key="dealer-2"), a_purchase())
    others_followed, fold = Flag(), DealersAnew.fold

    def waiting(self: DealersAnew, *told: Any) -> Rows:
        assert others_followed.wait(30), "the others stood still"
        return fold(self, *told)

    monkeypatch.setattr(DealersAnew, "fold", waiting)
    anew = Projection(DealersAnew(), archive.register.vault, archive.keyring.token)
    others = followers_of(archive, ["establishments", "purchases"])

    with running(Runner(archive.urls.app, [anew, *others])), connected(archive) as connection:
        behind = wait_until(connection, {"register": 2}, 20.0, ["establishments", "purchases"])
        assert behind == []
        others_followed.set()
        assert wait_until(connection, {"register": 2}, 20.0, ["dealers"]) == []

    assert [row["shout"] for row in rows(archive, "dealers")] == ["WINKEL VOORBEELD"] * 2


def test_given_a_build_that_is_under_way_when_stopped_then_the_runner_ends_and_the_next_builds(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    take_in(archive, a_dealer())
    follow(archive)
    begun, go_on, fold = Flag(), Flag(), DealersAnew.fold

    def waiting(self: DealersAnew, *told: Any) -> Rows:
        begun.set()
        go_on.wait(30)
        return fold(self, *told)

    with monkeypatch.context() as patch:
        patch.setattr(DealersAnew, "fold", waiting)
        anew = Projection(DealersAnew(), archive.register.vault, archive.keyring.token)
        with running(Runner(archive.urls.app, [anew])) as thread:
            assert begun.wait(30)
        assert not thread.is_alive()
        assert live(archive)["dealers"] == 1, "nothing was swapped"
        go_on.set()

    Runner(archive.urls.app, [anew]).run(once=True)
    assert [row["shout"] for row in rows(archive, "dealers")] == ["WINKEL VOORBEELD"]


def test_given_a_rebuild_that_fails_when_run_then_its_follower_is_named_and_the_others_go_on(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    take_in(archive, a_dealer())
    follow(archive)
    take_in(archive, a_dealer(key="dealer-2"))
    monkeypatch.setattr(DealersAnew, "fold", _refusing)
    anew = Projection(DealersAnew(), archive.register.vault, archive.keyring.token)
    run = Runner(archive.urls.app, [anew, *followers_of(archive, ["establishments"])])

    run.run(once=True)

    assert run.failed == {"dealers"}
    told = standings(archive)
    assert (told["dealers"].state, told["establishments"].position) == ("failed", 2)
    assert "its rebuild" in str(told["dealers"].error)


def test_given_a_server_that_is_gone_when_a_builder_is_given_up_then_nothing_is_raised(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: object, **__: object) -> None:
        raise OperationalError("connection refused")

    anew = Projection(DealersAnew(), archive.register.vault, archive.keyring.token)
    follow(archive)
    monkeypatch.setattr(Connection, "cancel_safe", gone)

    builder = Builder(archive.urls.app, anew, ["dealers"])
    builder.give_up()

    assert builder.is_done
