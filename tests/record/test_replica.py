"""Reads from a replica, and what is left when the primary dies and the replica takes over."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Condition, Thread
from typing import Any

import pytest

from herkomst.domain.register import book
from herkomst.investigations import freshness
from herkomst.investigations.exports import export_lines
from herkomst.processes.followers import MODELS, followers
from herkomst.projections.runner import Runner, wait_until
from herkomst.record import migrations
from herkomst.record.archive import Archive, Urls
from herkomst.record.casework import Casework
from herkomst.record.database import Database, DatabaseDown, connect
from herkomst.record.journal import Journal
from herkomst.record.keyring import Keyring
from herkomst.record.postgres import APP, DATABASE, EmbeddedPostgres
from herkomst.record.receipts import Receipt
from herkomst.record.register import Register
from herkomst.record.verification import verify
from herkomst.settings import Settings
from tests.archives import ACTOR, a_dealer, a_purchase
from tests.projections.following import digests, facts, rebuilt
from tests.record.standby import (
    PATIENCE,
    a_home,
    a_primary,
    a_standby,
    ask,
    both,
    configure,
    kill,
    promote,
)
from tests.record.standby import until as until_told
from tests.serving import Served, follow, pair, serving, take_in

READ = "hits(first: 10)"


@contextmanager
def opened(url: str, owner: str, read: str, keyring: Keyring) -> Iterator[Archive]:
    """An archive that writes to one URL and reads from another."""
    database = Database(url)
    register = Register(database, keyring)
    try:
        yield Archive(
            Urls(url, owner, read, url),
            keyring,
            database,
            register,
            Casework(database, keyring),
            Journal(database, keyring),
        )
    finally:
        register.close()
        database.close()


@pytest.fixture
def primary(memory: Path) -> Iterator[EmbeddedPostgres]:
    with a_home(memory) as home, a_primary(home) as server:
        with connect(server.admin_url, "test") as connection:
            migrations.migrate(connection, APP)
        yield server


@pytest.fixture
def standby(primary: EmbeddedPostgres, memory: Path) -> Iterator[EmbeddedPostgres]:
    with a_home(memory) as home, a_standby(primary, home) as server:
        yield server


@pytest.fixture
def keyring(tmp_path: Path) -> Keyring:
    return Keyring.create(tmp_path / "kek.json")


# Reading


@pytest.fixture
def served(
    primary: EmbeddedPostgres, standby: EmbeddedPostgres, keyring: Keyring, tmp_path: Path
) -> Iterator[Served]:
    """The application, which reads from the replica."""
    urls = (primary.app_url, primary.admin_url, standby.app_url)
    with opened(*urls, keyring) as archive, serving(archive, tmp_path) as served:
        yield served


def position(archive: Archive) -> int:
    with archive.database.connection() as connection:
        return archive.register.recorder.reader.head(connection)


def test_reads_come_from_the_replica_as_of_what_it_has_and_are_journaled_on_the_primary(
    served: Served,
    standby: EmbeddedPostgres,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Given a hit that the replica has
    archive = served.archive
    take_in(archive, *pair(1))
    first = position(archive)
    answer = served.ask(f"{{ {READ} {{ nodes {{ id }} }} }}", Herkomst_Wait_For=f"register={first}")
    assert len(answer.json()["data"]["hits"]["nodes"]) == 1
    assert f"register={first}" in answer.headers["Herkomst-Position"]

    # When it does not follow any more, and another one comes in
    ask(standby, "SELECT pg_wal_replay_pause()::text")
    until_told(standby, "SELECT pg_get_wal_replay_pause_state() = 'paused'")
    take_in_without_waiting(archive, 2)
    second = position(archive)
    journaled = entries(archive)

    # Then a read says as of when it is, and is journaled where the replica does not have it yet
    late = served.ask(f"{{ {READ} {{ nodes {{ id }} }} }}")
    assert len(late.json()["data"]["hits"]["nodes"]) == 1
    assert f"register={first}" in late.headers["Herkomst-Position"]
    assert entries(archive) == journaled + 1 == int(late.headers["Herkomst-Journal"])
    # and a read that waits is told where the replica stands
    monkeypatch.setattr(freshness, "PATIENCE", 0.1)
    stale = served.ask(f"{{ {READ} {{ nodes {{ id }} }} }}", Herkomst_Wait_For=f"register={second}")
    assert (stale.status_code, stale.json()["code"]) == (503, "stale")
    assert stale.json()["positions"]["register"] == first
    assert entries(archive) == journaled + 1

    # When it follows again, then who waits sees both, exports included
    monkeypatch.undo()
    ask(standby, "SELECT pg_wal_replay_resume()::text")
    seen = served.ask(f"{{ {READ} {{ nodes {{ id }} }} }}", Herkomst_Wait_For=f"register={second}")
    assert len(seen.json()["data"]["hits"]["nodes"]) == 2
    lines = export_lines(archive, "hits", purpose="duty:front_desk", ground="wpg:8")
    assert len(list(lines)) == 2


def take_in_without_waiting(archive: Archive, number: int) -> None:
    """Take in a pair and let everything follow; no commit waits for the replica to show it."""
    records = list(enumerate(pair(number), 1))
    assert archive.register.take_in(records, actor=ACTOR)
    follow(archive)


def entries(archive: Archive) -> int:
    with archive.database.connection() as connection:
        return archive.journal.recorder.reader.head(connection)


# Taking over


class Till:
    """Sends purchases of one establishment until told to stop, each until it is answered."""

    def __init__(self, archive: Archive, name: str, heard: Condition) -> None:
        self.name = name
        self.receipts: dict[str, Receipt] = {}
        self.failed: BaseException | None = None
        self._archive, self._heard = archive, heard
        self._stop = False
        self._thread = Thread(target=self._run)

    def start(self) -> None:
        self._thread.start()

    def end(self) -> None:
        self._stop = True
        self._thread.join()

    def _run(self) -> None:
        try:
            while not self._stop:
                self._send([f"{self.name}-{len(self.receipts) + n}" for n in range(2)])
        except BaseException as error:
            self.failed = error
        with self._heard:
            self._heard.notify()

    def _send(self, keys: Sequence[str]) -> None:
        records = [(n, a_purchase(key=key, branch=self.name)) for n, key in enumerate(keys, 1)]
        told = None
        while told is None and not self._stop:
            try:
                told = self._archive.register.take_in(records, actor=ACTOR)
            except DatabaseDown:
                continue  # Nothing was acknowledged, so it is sent again, as a till does.
        with self._heard:
            self.receipts.update({receipt.key or "": receipt for receipt in told or []})
            self._heard.notify()


@pytest.mark.parametrize(
    "moment", [20, *[pytest.param(n, marks=pytest.mark.slow) for n in (1, 57, 143)]]
)
def test_given_a_primary_that_is_killed_when_the_replica_takes_over_then_nothing_told_is_lost(
    primary: EmbeddedPostgres, standby: EmbeddedPostgres, keyring: Keyring, moment: int
) -> None:
    # Given writers and followers, and a commit that is told only when the replica has it
    configure(primary, synchronous_standby_names="standby")
    until_told(primary, "SELECT bool_and(sync_state = 'sync') FROM pg_stat_replication")
    url = both(primary, standby, database=DATABASE)
    assert Settings.read({"HERKOMST_DATABASE_URL": url}).database_url == url
    with ExitStack() as stack:
        archive = stack.enter_context(opened(url, primary.admin_url, url, keyring))
        archive.register.take_in([(1, a_dealer())], actor=ACTOR)
        heard = Condition()
        tills = [Till(archive, f"till-{n}", heard) for n in range(3)]
        runner = Runner(url, followers(archive))
        following = Thread(target=runner.run)
        following.start()
        for till in tills:
            till.start()
        stack.callback(following.join)
        stack.callback(runner.stop.set)
        for till in tills:
            stack.callback(till.end)

        def hear(number: int) -> None:
            with heard:
                heard.wait_for(
                    lambda: all(len(t.receipts) >= number or t.failed for t in tills), PATIENCE
                )
            assert [till.failed for till in tills if till.failed] == []
            assert min(len(till.receipts) for till in tills) >= number

        hear(moment)

        # When the primary is killed, and the replica is promoted
        kill(primary)
        told = {key: receipt for till in tills for key, receipt in till.receipts.items()}
        promote(standby)
        hear(max(len(till.receipts) for till in tills) + 20)
        for till in tills:
            till.end()

        # Then everything that was told stands as it was told, and numbers go on without a gap
        _assert_stands(archive, told)
        _assert_stands(archive, {k: r for till in tills for k, r in till.receipts.items()})
        _assert_numbered(archive)
        # and the followers, which went on by themselves, come to what a rebuild comes to
        with connect(url, "test") as connection:
            assert wait_until(connection, {"register": position(archive)}, 30) == []
        before = digests(archive)
        assert before.keys() == {model.name for model in MODELS}
        rebuilt(archive)
        assert digests(archive) == before
        assert list(verify(archive)) == []


def _assert_stands(archive: Archive, told: dict[str, Receipt]) -> None:
    again = archive.register.take_in(
        [(n, a_purchase(key=key, branch=key.rpartition("-")[0])) for n, key in enumerate(told, 1)],
        actor=ACTOR,
    )
    for receipt, before in zip(again, told.values(), strict=True):
        assert receipt.status == "duplicate"
        assert (receipt.id, receipt.register_number) == (before.id, before.register_number)


def _assert_numbered(archive: Archive) -> None:
    """Each book's numbers are 1, 2, 3 and so on, each for another purchase."""
    books: dict[Any, list[int]] = defaultdict(list)
    entered = set()
    for fact in facts(archive, "register"):
        if isinstance(fact.data, book.Entered):
            books[fact.stream].append(fact.version)
            entered.add(fact.data.purchase)
    assert len(books) == 3
    for numbers in books.values():
        assert numbers == list(range(1, len(numbers) + 1))
    assert len(entered) == sum(map(len, books.values()))
