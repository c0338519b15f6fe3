"""Reads from a replica, and what is left when the primary dies and the replica takes over."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Condition, Thread
from typing import Any
from urllib.parse import urlsplit

import httpx
import msgspec
import pytest

from herkomst.cli.diagnosis import diagnose
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
from herkomst.record.replica import Replica, ReplicaUnusable, look
from herkomst.record.standing import Standings
from herkomst.record.verification import verify
from herkomst.settings import Settings
from tests.archives import ACTOR, a_dealer, a_purchase, make_archive
from tests.projections.following import digests, facts, rebuilt
from tests.record.holding import database_of
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
            Standings(database),
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


def as_of(answer: httpx.Response) -> datetime:
    return datetime.fromisoformat(answer.headers["Herkomst-As-Of"])


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
    paused = datetime.now(UTC)
    take_in_without_waiting(archive, 2)
    second = position(archive)
    journaled = entries(archive)

    # Then a read says as of when it is, and is journaled where the replica does not have it yet
    late = served.ask(f"{{ {READ} {{ nodes {{ id }} }} }}")
    assert len(late.json()["data"]["hits"]["nodes"]) == 1
    assert as_of(late) <= paused
    assert entries(archive) == journaled + 1 == int(late.headers["Herkomst-Journal"])
    # and a read that waits is told that the replica is behind
    monkeypatch.setattr(freshness, "PATIENCE", 0.1)
    stale = served.ask(f"{{ {READ} {{ nodes {{ id }} }} }}", Herkomst_Wait_For=f"register={second}")
    assert (stale.status_code, stale.json()["code"]) == (503, "stale")
    assert entries(archive) == journaled + 1

    # When it follows again, then who waits sees both, exports included
    monkeypatch.undo()
    ask(standby, "SELECT pg_wal_replay_resume()::text")
    seen = served.ask(f"{{ {READ} {{ nodes {{ id }} }} }}", Herkomst_Wait_For=f"register={second}")
    assert len(seen.json()["data"]["hits"]["nodes"]) == 2
    assert as_of(seen) >= paused.replace(microsecond=0)
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


# Looking at it


def seen(archive: Archive) -> Replica:
    with archive.database.connection() as connection:
        return look(archive.urls.read, connection)


def refused(url: str, archive: Archive) -> ReplicaUnusable:
    with archive.database.connection() as connection, pytest.raises(ReplicaUnusable) as raised:
        look(url, connection)
    return raised.value


def doctor(archive: Archive, home: Path, read: str) -> Any:
    """What `herkomst doctor` finds of a replica, and all that it says."""
    environ = {
        "HERKOMST_HOME": str(home),
        "HERKOMST_DATABASE_URL": archive.urls.app,
        "HERKOMST_READ_DATABASE_URL": read,
    }
    report = diagnose(Settings.read(environ))
    (found,) = [check for check in report.checks if check.name == "replica"]
    return found, msgspec.json.encode(report).decode()


def readiness(served: Served) -> tuple[dict[str, Any], list[str], str]:
    """What `/readyz` says of a replica, what fails, and all that it says."""
    answer = served.client.get("/readyz")
    (found,) = [check for check in answer.json()["checks"] if check["name"] == "replica"]
    # The servers of these tests do not write through.
    return found, [name for name in answer.json()["failing"] if name != "fsync"], answer.text


def password(url: str) -> str:
    found = urlsplit(url).password
    assert found
    return found


def test_a_replica_is_looked_at_while_it_follows_lags_parts_and_dies(
    served: Served, standby: EmbeddedPostgres, tmp_path: Path
) -> None:
    archive = served.archive
    read = archive.urls.read
    # Given a replica that follows
    take_in(archive, *pair(1))
    found = seen(archive)
    assert (found.in_recovery, found.behind.positions) == (True, 0)
    check, failing, _ = readiness(served)
    assert (check["ok"], failing) == (True, [])
    assert "in recovery, 0 positions" in check["message"]

    # When it stops, then what it lacks is told, and it can still be read
    ask(standby, "SELECT pg_wal_replay_pause()::text")
    until_told(standby, "SELECT pg_get_wal_replay_pause_state() = 'paused'")
    before = position(archive)
    take_in_without_waiting(archive, 2)
    behind = seen(archive).behind
    assert behind.positions == position(archive) - before + 1  # One of them is a hit.
    assert behind.bytes > 0
    assert behind.seconds is not None
    assert behind.seconds > 0
    check, failing, _ = readiness(served)
    assert (check["ok"], failing) == (True, [])
    assert f"{behind.positions} positions" in check["message"]
    told, everything = doctor(archive, tmp_path, read)
    assert told.ok
    assert "in recovery" in told.message
    assert password(read) not in everything

    # When it is promoted while the primary lives on, then nobody should read from it
    ask(standby, "SELECT pg_wal_replay_resume()::text")
    promote(standby)
    assert refused(read, archive).code == "replica_parted"
    check, failing, _ = readiness(served)
    assert (check["ok"], failing) == (False, ["replica"])
    assert check["message"].startswith("replica_parted: ")

    # When it dies, then that is the reason
    kill(standby)
    check, failing, everything = readiness(served)
    assert (check["message"], failing) == (
        "replica_unreachable: The read replica cannot be reached.",
        ["replica"],
    )
    told, all_of_doctor = doctor(archive, tmp_path, read)
    assert (told.ok, "HERKOMST_READ_DATABASE_URL" in told.cure) == (False, True)
    for said in (everything, all_of_doctor):
        assert password(read) not in said


def test_a_replica_that_was_promoted_and_takes_the_writes_lacks_nothing(
    archive: Archive, server: EmbeddedPostgres
) -> None:
    read = server.tcp_url(APP, database_of(archive))
    found = seen(archive._replace(urls=archive.urls._replace(read=read)))

    assert str(found) == "it takes the writes too, and lacks nothing"
    assert not found.in_recovery


def test_what_cannot_be_the_replica_is_said_by_name_and_never_with_its_password(
    archive: Archive, server: EmbeddedPostgres, database: str, tmp_path: Path
) -> None:
    url = urlsplit(server.tcp_url(APP, database_of(archive)))
    secret = "s3cr3t-of-nobody"
    wrong = url._replace(netloc=f"{APP}:{secret}@127.0.0.1:{url.port}").geturl()
    nobody = url._replace(netloc=f"{APP}:{secret}@127.0.0.1:1").geturl()
    in_query = f"postgresql:///x?host=127.0.0.1&port=1&user=x&password={secret}"
    broken = f"postgresql://{APP}:{secret}%zz@127.0.0.1/x"
    expected = {
        wrong: "replica_unreachable",
        nobody: "replica_unreachable",
        in_query: "replica_unreachable",
        broken: "replica_unreadable",
        server.tcp_url(APP, database): "replica_schema_behind",
    }
    for read, code in expected.items():
        error = refused(read, archive)
        assert error.code == code
        check, everything = doctor(archive, tmp_path, read)
        assert not check.ok
        assert check.message.startswith(error.message)
        for said in (str(error), error.detail, everything):
            assert secret not in said
    with make_archive(server) as other:
        assert refused(other.urls.app, archive).code == "replica_parted"


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
