"""The runner: one owner, one transaction a batch; nothing missed, skipped or applied twice."""

from collections.abc import Callable, Iterator, Sequence, Set
from contextlib import ExitStack, contextmanager
from threading import Event as Flag
from threading import Thread
from typing import Any

import pytest
from psycopg import Connection

from herkomst.domain import events
from herkomst.domain.events import Event, Recorded, UnknownTopic, encode
from herkomst.domain.register import dealer
from herkomst.processes.followers import followers
from herkomst.projections import registry, runner
from herkomst.projections.dealers import Dealers
from herkomst.projections.follower import Follower, Kind, Projection
from herkomst.projections.model import Model
from herkomst.projections.purchases import Purchases
from herkomst.projections.rebuild import rebuild
from herkomst.projections.runner import Runner, wait_until
from herkomst.record.application import Custody, envelope, this_moment
from herkomst.record.archive import Archive
from herkomst.record.database import DatabaseDown, Row, connect
from tests.archives import TILL, a_dealer, a_purchase, a_stolen_item
from tests.projections.following import (
    connected,
    connections,
    digests,
    facts,
    follow,
    rebuilt,
    rows,
    running,
    standings,
    supervising,
    take_in,
    until,
)
from tests.projections.following import runner as a_runner

PATIENCE = 120.0
"""Seconds until a test that would hang fails."""


class Tally:
    """A follower that writes down each event that it sees, and does what a test asks for then."""

    name = "tally"
    kind: Kind = "projection"
    sequence = "register"
    models: Sequence[Model] = ()
    topics: Set[str] = events.known_events().keys()

    def __init__(self, archive: Archive) -> None:
        self.archive = archive
        self.then: Callable[[Connection[Row], Sequence[Recorded]], None] = _nothing
        with connected(archive) as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS read.tally (position bigint)")

    def apply(self, connection: Connection[Row], facts: Sequence[Recorded]) -> None:
        for fact in facts:
            connection.execute("INSERT INTO read.tally VALUES (%s)", (fact.position,))
        self.then(connection, facts)

    def seen(self) -> list[int]:
        with connected(self.archive) as connection:
            told = connection.execute("SELECT position FROM read.tally ORDER BY position")
            return [row[0] for row in told.fetchall()]


def _nothing(*_: object) -> None:
    """Nothing further."""


@pytest.fixture
def tally(archive: Archive) -> Tally:
    return Tally(archive)


def head(archive: Archive, sequence: str = "register") -> int:
    return len(facts(archive, sequence))


def everything(archive: Archive) -> Callable[[dict[str, registry.Standing]], bool]:
    """Whether all that is enrolled stands at the head of its sequence, as that is now."""
    heads = {name: head(archive, name) for name in ("register", "casework", "journal")}
    return lambda now: bool(now) and all(s.position >= heads[s.sequence] for s in now.values())


def until_followed(archive: Archive) -> None:
    """Wait for all followers; what those of the register append is followed in its turn."""
    until(archive, everything(archive))
    until(archive, everything(archive))


def cut(archive: Archive, *pids: int) -> None:
    """Kill connections from outside, as a failing network or an administrator does."""
    with connected(archive) as connection:
        for pid in pids:
            connection.execute("SELECT pg_terminate_backend(%s, 5000)", (pid,))


def smuggled(archive: Archive, event: Event, version: int) -> None:
    """Append an event as nobody may: by hand, without a notification."""
    state = encode(event.data, event.envelope)
    with supervising(archive) as connection:
        connection.execute(
            "INSERT INTO record.register_events "
            "SELECT %s, %s, %s, %s, max(notification_id) + 1, now() FROM record.register_events",
            (event.stream, version, event.data.TOPIC, state),
        )


def an_acceptance(archive: Archive) -> Event:
    (row,) = rows(archive, "dealers")
    sealed = envelope("user:gemeente", Custody(TILL, "sr:437ter", "avg", TILL), this_moment(), 1)
    return Event(row["dealer"], dealer.Accepted(), sealed)


# Until nothing is left, or until stopped


def test_given_records_when_run_once_then_all_is_followed_and_it_ends(archive: Archive) -> None:
    take_in(archive, a_dealer(), a_purchase(), a_stolen_item())
    assert follow(archive).failed == frozenset()
    assert everything(archive)(standings(archive))
    assert [row["state"] for row in rows(archive, "hits")] == ["found"]
    assert {s.state for s in standings(archive).values()} == {"live"}


def test_given_nothing_when_run_once_then_it_ends(archive: Archive) -> None:
    follow(archive)
    assert set(standings(archive)) == {f.name for f in followers(archive)}


@pytest.mark.parametrize("batch", [1, 2, 3, 2000])
def test_given_batches_of_any_size_when_run_then_every_event_is_seen_once(
    archive: Archive, tally: Tally, batch: int
) -> None:
    take_in(archive, a_dealer(), a_purchase(), a_stolen_item())
    Runner(archive.urls.app, [tally], batch=batch).run(once=True)
    assert tally.seen() == [1, 2, 3, 4, 5]


def test_given_a_stop_in_the_middle_when_run_again_then_it_goes_on_from_there(
    archive: Archive, tally: Tally
) -> None:
    take_in(archive, a_dealer(), a_purchase(), a_stolen_item())
    seen: list[tuple[str, int]] = []
    run = Runner(archive.urls.app, [tally], batch=2, progress=lambda *told: seen.append(told))
    tally.then = lambda *_: run.stop.set()
    run.run()
    assert (tally.seen(), seen) == ([1, 2], [("tally", 2)])
    assert standings(archive)["tally"].state == "stopped"
    Runner(archive.urls.app, [tally]).run(once=True)
    assert tally.seen() == [1, 2, 3, 4, 5]
    assert standings(archive)["tally"].state == "live"


def test_given_no_database_when_run_once_then_it_says_that_it_is_down(archive: Archive) -> None:
    url = archive.urls.app.replace("/test_", "/no_such_")
    with pytest.raises(DatabaseDown):
        Runner(url, followers(archive)).run(once=True)


# One owner


@contextmanager
def noticing(archive: Archive, poll: float = 0.02) -> Iterator[tuple[Runner, Flag]]:
    """A runner in a thread, and a flag that is up once it has moved anything."""
    moved = Flag()
    run = a_runner(archive, poll=poll, progress=lambda *_: moved.set())
    with running(run):
        yield run, moved


def test_given_two_runners_when_the_owner_goes_then_the_other_takes_over(archive: Archive) -> None:
    take_in(archive, a_dealer())
    with noticing(archive) as (first, first_moved):
        assert first_moved.wait(PATIENCE)
        until_followed(archive)
        with noticing(archive) as (_, second_moved):
            take_in(archive, a_purchase())
            until_followed(archive)
            assert not second_moved.is_set()
            first.stop.set()
            take_in(archive, a_stolen_item())
            assert second_moved.wait(PATIENCE)
            until_followed(archive)
    assert [row["state"] for row in rows(archive, "hits")] == ["found"]


def test_given_two_runners_when_the_connections_of_one_are_cut_then_one_of_them_goes_on(
    archive: Archive,
) -> None:
    take_in(archive, a_dealer())
    with noticing(archive) as (_, first_moved):
        assert first_moved.wait(PATIENCE)
        until_followed(archive)
        owner, work = (connections(archive, f"herkomst {name}") for name in ("owner", "work"))
        with noticing(archive) as (_, second_moved):
            until(archive, lambda _: len(connections(archive, "herkomst owner")) == 2)
            cut(archive, *owner, *work)
            take_in(archive, a_purchase(), a_stolen_item())
            assert second_moved.wait(PATIENCE)
            until_followed(archive)
    before = digests(archive)
    rebuilt(archive)
    assert digests(archive) == before


def test_given_a_runner_that_lost_its_lock_when_both_run_then_nothing_is_applied_twice(
    archive: Archive, tally: Tally, monkeypatch: pytest.MonkeyPatch
) -> None:
    take_in(archive, *[a_purchase(key=f"p{n}") for n in range(40)])
    monkeypatch.setattr(Runner, "_own", _own_unasked)
    runs = [Runner(archive.urls.app, [tally], batch=1) for _ in range(2)]
    threads = [Thread(target=run.run, kwargs={"once": True}) for run in runs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert tally.seen() == list(range(1, head(archive) + 1))


def _own_unasked(self: Any, *_: object) -> None:
    self._owned.update(follower.name for follower in self._followers)


def test_given_a_position_that_was_moved_when_a_runner_moves_it_then_it_is_refused(
    archive: Archive,
) -> None:
    take_in(archive, a_dealer())
    follow(archive)
    with connected(archive) as connection:
        assert not registry.move(connection, "dealers", 0, 1)
        assert registry.move(connection, "dealers", 1, 1)


def test_given_a_position_moved_behind_its_back_when_it_commits_then_the_batch_is_undone(
    archive: Archive, tally: Tally
) -> None:
    take_in(archive, a_dealer(), a_purchase())

    def moved_elsewhere(connection: Connection[Row], _: Sequence[Recorded]) -> None:
        connection.execute("UPDATE follow.followers SET position = 7 WHERE name = 'tally'")

    tally.then = moved_elsewhere
    run = Runner(archive.urls.app, [tally, *followers(archive)])
    run.run(once=True)
    assert (tally.seen(), run.failed) == ([], frozenset())
    assert standings(archive)["tally"].position == 0
    assert len(rows(archive, "purchases")) == 1


def test_given_a_runner_that_ended_when_its_server_processes_live_on_then_the_next_follows(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_still = ExitStack()

    @contextmanager
    def outliving(url: str, name: str) -> Iterator[Connection[Row]]:
        yield open_still.enter_context(connect(url, name))

    monkeypatch.setattr(runner, "connect", outliving)
    with open_still:
        follow(archive)
        take_in(archive, a_dealer())
        follow(archive)

    assert [row["key"] for row in rows(archive, "dealers")] == ["dealer-1"]


def test_given_an_owner_that_just_ended_when_another_runs_once_then_it_still_does_all(
    archive: Archive, tally: Tally
) -> None:
    take_in(archive, a_dealer(), a_purchase())
    run = Runner(archive.urls.app, [tally, *followers(archive)])
    lock = "SELECT pg_advisory_lock(hashtextextended(current_database() || 'dealers', 1))"
    with connected(archive) as other:
        other.execute(lock)
        tally.then = lambda *_: other.close()
        run.run(once=True)
    assert [row["key"] for row in rows(archive, "dealers")] == ["dealer-1"]


# Rows and position together


@pytest.mark.parametrize("name", ["matching", "purchases", "links"])
def test_given_a_connection_cut_within_a_batch_when_it_goes_on_then_nothing_is_there_twice(
    archive: Archive, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    follow(archive)
    take_in(archive, a_dealer(), a_stolen_item(), *[a_purchase(key=f"p{n}") for n in range(3)])
    (follower,) = (f for f in followers(archive) if f.name == name)
    apply, cuts = follower.apply, [True]

    def apply_and_break(connection: Connection[Row], facts: Sequence[Recorded]) -> None:
        apply(connection, facts)
        if cuts:
            cuts.pop()
            cut(archive, connection.info.backend_pid)

    monkeypatch.setattr(follower, "apply", apply_and_break)
    run = Runner(archive.urls.app, [follower], batch=5)
    with running(run):
        until(archive, lambda now: now[name].position == head(archive))
    assert not cuts
    follow(archive)
    assert [fact.topic for fact in facts(archive, "casework")] == ["casework.hit.found"] * 3
    before = digests(archive)
    rebuilt(archive)
    assert digests(archive) == before


# Notifications and the poll


def test_given_a_runner_that_sleeps_when_records_come_then_a_notification_wakes_it(
    archive: Archive,
) -> None:
    run = a_runner(archive, poll=10 * PATIENCE)
    with running(run):
        until(archive, lambda now: len(now) == len(followers(archive)))
        take_in(archive, a_dealer(), a_purchase(), a_stolen_item())
        until_followed(archive)
        run.stop.set()
        with connected(archive) as connection:
            connection.execute("SELECT pg_notify('herkomst_register', '')")


def test_given_an_event_without_notification_when_it_polls_then_it_is_found(
    archive: Archive,
) -> None:
    take_in(archive, a_dealer())
    follow(archive)
    with running(a_runner(archive, poll=0.02)):
        smuggled(archive, an_acceptance(archive), version=2)
        until_followed(archive)
    assert [row["state"] for row in rows(archive, "dealers")] == ["accepted"]


# An event that cannot be applied


def test_given_an_event_that_one_cannot_fold_when_run_then_that_one_stops_and_is_named(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    take_in(archive, a_dealer(), a_dealer(key="bad"), a_dealer(key="next"), a_purchase())
    with monkeypatch.context() as patch:
        patch.setattr(Dealers, "fold", _refusing("bad", Dealers.fold))
        assert follow(archive).failed == {"dealers"}
    now = standings(archive)
    assert (now["dealers"].position, now["dealers"].state) == (1, "failed")
    assert now["dealers"].error == "register=2: ValueError: cannot fold bad"
    assert (now["index"].position, now["index"].state) == (0, "live")  # It waits for the rows.
    left = {"dealers", "index"}
    others = [s for s in now.values() if s.name not in left and s.sequence == "register"]
    assert {(s.position, s.state, s.error) for s in others} == {(head(archive), "live", None)}


def test_given_a_follower_that_an_event_stopped_when_mended_then_it_goes_on_from_there(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    take_in(archive, a_dealer(), a_dealer(key="bad"), a_dealer(key="next"))
    with monkeypatch.context() as patch:
        patch.setattr(Dealers, "fold", _refusing("bad", Dealers.fold))
        follow(archive)
    assert follow(archive).failed == frozenset()
    assert (standings(archive)["dealers"].state, standings(archive)["dealers"].error) == (
        "live",
        None,
    )
    assert sorted(row["key"] for row in rows(archive, "dealers")) == ["bad", "dealer-1", "next"]


def test_given_a_runner_that_goes_on_when_an_event_stops_one_then_it_is_not_tried_for_ever(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[str] = []
    monkeypatch.setattr(Dealers, "fold", _refusing("bad", Dealers.fold, tried))
    with running(a_runner(archive, poll=0.01)):
        take_in(archive, a_dealer(key="bad"))
        until(archive, lambda now: "dealers" in now and now["dealers"].state == "failed")
        times = len(tried)
        take_in(archive, a_purchase())
        until(archive, lambda now: now["purchases"].position == head(archive))
    assert len(tried) == times
    assert standings(archive)["dealers"].state == "failed"


def test_given_an_event_of_a_newer_version_when_run_then_its_sequence_stops_there_unskipped(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    take_in(archive, a_dealer(), a_purchase(), a_stolen_item())
    follow(archive, ["dealers"])
    smuggled(archive, an_acceptance(archive), version=2)
    take_in(archive, a_purchase(key="behind"))
    with monkeypatch.context() as patch:
        patch.delitem(events._codecs, dealer.Accepted.TOPIC)
        run = follow(archive)
    now = standings(archive)
    assert run.failed == {s.name for s in now.values() if s.sequence == "register"}
    assert {s.position for s in now.values() if s.sequence == "register"} == {5}
    assert str(now["dealers"].error).startswith("register=6: UnknownTopic: ")
    assert now["hits"].state == "live"
    assert [row["state"] for row in rows(archive, "hits")] == ["found"]
    assert follow(archive).failed == frozenset()
    assert everything(archive)(standings(archive))


def test_given_a_newer_shape_when_run_then_only_those_stop_who_take_it_in(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    take_in(archive, a_dealer(), a_purchase(), a_stolen_item())
    with monkeypatch.context() as patch:
        codec = events._codecs["dol.dealer.notified"]
        patch.setitem(events._codecs, "dol.dealer.notified", codec._replace(suffix=b"of another"))
        patch.setattr(dealer.Notified, "VERSION", 0)
        run = follow(archive)
    now = standings(archive)
    assert run.failed == {"dealers", "establishments"}
    assert str(now["dealers"].error).startswith("register=1: UnknownVersion: ")
    # What is searched waits for the rows that it is made of.
    left = run.failed | {"index"}
    others = [s for s in now.values() if s.sequence == "register" and s.name not in left]
    assert {(s.position, s.state) for s in others} == {(head(archive), "live")}
    assert (now["index"].position, now["index"].state) == (0, "live")
    assert follow(archive).failed == frozenset()
    assert everything(archive)(standings(archive))


def test_given_nothing_that_it_takes_in_when_run_alone_then_it_still_stands_at_the_head(
    archive: Archive,
) -> None:
    take_in(archive, a_dealer(), a_dealer(key="dealer-2"))
    follow(archive, ["stolen_items"])
    assert standings(archive)["stolen_items"].position == head(archive)


def test_given_a_topic_that_nobody_knows_when_one_runs_alone_then_it_stops_there_too(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    take_in(archive, a_dealer())
    follow(archive)
    smuggled(archive, an_acceptance(archive), version=2)
    take_in(archive, a_stolen_item())
    with monkeypatch.context() as patch:
        patch.delitem(events._codecs, dealer.Accepted.TOPIC)
        run = follow(archive, ["stolen_items"])
        with pytest.raises(UnknownTopic):
            rebuilt(archive, ["stolen_items"])
    assert run.failed == {"stolen_items"}
    assert standings(archive)["stolen_items"].position == 1
    assert str(standings(archive)["stolen_items"].error).startswith("register=2: UnknownTopic: ")


def test_given_a_follower_that_waits_when_an_event_behind_cannot_be_read_then_it_has_not_failed(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    follow(archive)
    take_in(archive, a_dealer(), a_purchase())
    archive.register.order_erasure(f"seller:{TILL}:purchase-1", ground="avg:17", actor="user:fg")
    follow(archive, ["dealers"])
    smuggled(archive, an_acceptance(archive), version=2)
    monkeypatch.delitem(events._codecs, dealer.Accepted.TOPIC)
    run = follow(archive, ["erasure"])
    assert run.failed == frozenset()
    assert standings(archive)["erasure"].state == "live"


def _refusing(
    key: str, fold: Callable[..., Any], tried: list[str] | None = None
) -> Callable[..., Any]:
    """A fold that cannot take in the dealer of this key."""

    def refuse(self: Model, rows: Any, fact: Recorded, unsealed: Any) -> Any:
        data = fact.data
        if isinstance(data, dealer.Notification) and data.key == key:
            if tried is not None:
                tried.append(key)
            raise ValueError(f"cannot fold {key}")
        return fold(self, rows, fact, unsealed)

    return refuse


# Waiting


def test_given_followers_when_waited_for_then_those_behind_are_told(archive: Archive) -> None:
    follow(archive)
    take_in(archive, a_dealer())
    follow(archive, ["dealers", "links"])
    with connected(archive) as connection:
        assert wait_until(connection, {"register": 1}, 0.0, ["dealers", "links"]) == []
        behind = wait_until(connection, {"register": 1, "casework": 0}, 0.02)
    register = {f.name for f in followers(archive) if f.sequence == "register"}
    assert {s.name for s in behind} == register - {"dealers", "links"}


# Two versions of the program at once.


def of_version(archive: Archive, number: int) -> list[Follower]:
    """The follower of purchases, as a program of another version has it."""
    changed = type("Changed", (Purchases,), {"version": number})
    return [Projection(changed(), archive.register.vault, archive.keyring.token)]


def test_given_a_model_of_a_newer_program_when_an_older_one_runs_then_it_leaves_it_alone(
    archive: Archive, caplog: pytest.LogCaptureFixture
) -> None:
    take_in(archive, a_purchase())
    Runner(archive.urls.app, of_version(archive, 99)).run(once=True)
    take_in(archive, a_purchase(key="later"))

    follow(archive, ["purchases"])

    assert len(rows(archive, "purchases")) == 1
    assert "run the newer program alone" in caplog.text
    Runner(archive.urls.app, of_version(archive, 99)).run(once=True)
    assert len(rows(archive, "purchases")) == 2


def test_given_an_older_program_that_follows_when_a_newer_one_rebuilds_then_the_newer_goes_on(
    archive: Archive, caplog: pytest.LogCaptureFixture
) -> None:
    older = a_runner(archive, ["purchases"], poll=0.05)
    with running(older):
        take_in(archive, a_purchase())
        until_followed(archive)
        newer = of_version(archive, 99)
        with connected(archive) as connection:
            rebuild(connection, newer, ["purchases"])

        take_in(archive, a_purchase(key="later"))
        until(archive, lambda _: "left to another program" in caplog.text)
        Runner(archive.urls.app, newer).run(once=True)

    assert len(rows(archive, "purchases")) == 2
    with connected(archive) as connection:
        assert registry.generations(connection)["purchases"][1] == 99
