"""The embedded PostgreSQL: initialised once, shared by processes, stopped by the last of them.

Three files carry the agreement between processes. All are ``flock``s, so that whoever is killed
lets go without doing anything:

* ``postgres.lock`` is held while one process initialises, starts or stops the server;
* ``postgres/users.lock`` is shared by all that use the server: who gets it alone is the last;
* ``postgres/server.lock`` is inherited by the server and all its children: who gets it knows that
  none of them lives, whatever ``postmaster.pid`` says. The process id in that file may belong to
  a zombie, or to somebody else by now.
"""

import contextlib
import fcntl
import hashlib
import logging
import os
import re
import secrets
import shutil
import signal
import stat
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Literal, LiteralString, NamedTuple, Self
from urllib.parse import quote

import msgspec
import psycopg
from psycopg import sql
from psycopg.sql import SQL, Identifier

from herkomst.record import disk
from herkomst.record.options import (
    Address,
    as_file,
    fits_socket,
    free_port,
    is_free,
    options,
    quoted,
)
from herkomst.record.programs import (
    Binaries,
    ServerError,
    ServerUser,
    find_binaries,
    locale_options,
    major_of,
)

OWNER = "herkomst_owner"
"""The role that owns the database: migrations."""
APP = "herkomst_app"
"""The role of the application: it may connect, and what migrations grant it."""
SUPERUSER = "postgres"
"""The role of the supervisor alone."""
DATABASE = "herkomst"

START_TIMEOUT = 300.0
STOP_TIMEOUT = 60.0
RECOVERY_TIMEOUT = 36_000.0
"""Seconds: a restore recovers all that was written since the copy was made."""
CONNECT_TIMEOUT = 3
POLL = 0.02

PLACES = Path("/var/lib/herkomst")
"""Where the server of root is kept when the user that runs it cannot enter the home."""
PROCESSES = Path("/proc")

logger = logging.getLogger(__name__)


class ServerStatus(msgspec.Struct, frozen=True, kw_only=True):
    """The server as seen from outside.

    ``absent``: never started here. ``stopped``: shut down in order. ``running``: it accepts
    connections. ``stale``: it died and left its traces, or children that have not ended yet; the
    next start recovers. ``unreachable``: it lives and accepts no connection.
    """

    state: Literal["absent", "stopped", "running", "stale", "unreachable"]
    data: Path
    pid: int | None = None
    version: str | None = None
    durable: bool | None = None
    """Whether fsync is on; None where nobody answers."""
    message: str = ""
    cure: str = ""


class Isolated(NamedTuple):
    """A server that is being prepared, and asks for no password."""

    address: Address

    def url(self, role: str, database: str = DATABASE) -> str:
        host = quote(self.address.socket, safe="")
        return f"postgresql://{role}@/{database}?host={host}&port={self.address.port}"

    def answers(self) -> bool:
        try:
            psycopg.connect(
                self.url(SUPERUSER, "postgres"), connect_timeout=CONNECT_TIMEOUT
            ).close()
        except psycopg.OperationalError:
            return False
        return True


class EmbeddedPostgres:
    """A PostgreSQL server under a home, started by the first process that needs it.

    Each object that was started holds a share of the server until it is stopped or its process
    ends, in whatever way. The last to stop shuts the server down. After a crash of the last one
    the server runs on; the next to start uses it.

    ``durable=False`` trades every guarantee against power loss for speed: for tests only.
    """

    def __init__(self, home: Path, *, durable: bool = True) -> None:
        self.home = home.absolute()
        self._durable = durable
        self._user = ServerUser.choose()
        self._share: int | None = None
        self._guard = threading.RLock()

    def __repr__(self) -> str:
        return f"EmbeddedPostgres({str(self.home)!r})"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self, timeout: float = START_TIMEOUT) -> None:
        """Makes sure that the server accepts connections, and takes a share in it.

        Initialises it the first time. Recovers it after a crash, which may take minutes when much
        was written. Calling it again is harmless, and revives a server that died meanwhile.

        Args:
            timeout: seconds to wait for a server that is starting, stopping or hanging.

        Raises:
            ServerError: naming what stands in the way.
        """
        with self._guard, self._alone():
            self._settle()
            if self._share is None:
                self._share = _shared(self._root / "users.lock")
            try:
                self._ensure(time.monotonic() + timeout)
            except BaseException:
                self._leave()
                raise

    def stop(self, timeout: float = STOP_TIMEOUT) -> None:
        """Gives the share back, and shuts the server down when nobody else holds one.

        Args:
            timeout: seconds to wait for the last checkpoint. A server that needs longer goes on
                to end by itself; whoever starts next waits for that.
        """
        with self._guard:
            self._leave()
            if not self._root.is_dir():
                return
            with self._alone(), _claimed(self._root / "users.lock") as last:
                if last is not None:
                    self._shut_down(time.monotonic() + timeout)

    def status(self) -> ServerStatus:
        """What can be seen without starting or mending anything; takes seconds when it hangs."""
        try:
            if not self._was_started():
                return ServerStatus(state="absent", data=self._data)
            return self._greeting()
        except PermissionError as error:
            raise self._not_usable(error) from error
        except psycopg.OperationalError as error:
            return self._diagnosis(str(error))

    def url(self, role: str, database: str = DATABASE) -> str:
        """The connection of a role by way of the socket. It carries the password: do not log it."""
        address, password = self._address(), self._password(role)
        host = quote(address.socket, safe="")
        return f"postgresql://{role}:{password}@/{database}?host={host}&port={address.port}"

    def tcp_url(self, role: str, database: str = DATABASE) -> str:
        """The connection of a role by way of 127.0.0.1. It carries the password: do not log it."""
        port, password = self._address().port, self._password(role)
        return f"postgresql://{role}:{password}@127.0.0.1:{port}/{database}"

    @property
    def admin_url(self) -> str:
        """The connection of the owner, for migrations."""
        return self.url(OWNER)

    @property
    def app_url(self) -> str:
        """The connection of the application."""
        return self.url(APP)

    def create_database(self, name: str, *, template: str = "template1") -> None:
        """Makes a database that belongs to the owner and to which the application may connect.

        Args:
            template: the database to copy, to which nobody may be connected.
        """
        with self._supervising() as connection:
            connection.execute(
                SQL("CREATE DATABASE {} OWNER {} TEMPLATE {} STRATEGY file_copy").format(
                    Identifier(name), Identifier(OWNER), Identifier(template)
                )
            )
            # The rights on a database are not copied with it.
            for statement in _connect_rights(name):
                connection.execute(statement)

    def drop_database(self, name: str) -> None:
        """Drops a database with all connections to it; one that is not there is no error."""
        with self._supervising() as connection:
            connection.execute(
                SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(Identifier(name))
            )

    @contextlib.contextmanager
    def replaced(self, copy: Callable[[Path], None], settings: str) -> Iterator[Isolated]:
        """Put another database in the place of the one that is here, once the block has ended.

        Inside the block it runs where nobody looks for it: on a socket of its own, without a
        password. When the block fails, all stays as it was.

        Args:
            copy: fills an empty directory with the files of a database.
            settings: further lines of `postgresql.auto.conf` for the time of the block.
        """
        with self._guard, self._alone():
            self._settle()
            with _claimed(self._root / "users.lock") as users, self._stopped() as lock:
                if users is None or lock is None:
                    raise ServerError(
                        "server_in_use",
                        f"The embedded server of {self.home} is in use.",
                        "Stop every process of Herkomst on this home first.",
                    )
                with disk.scratch(self._root, "data") as scratch:
                    scratch.chmod(0o711)
                    yield from self._replacing(scratch, lock, copy, settings)

    @contextlib.contextmanager
    def _stopped(self) -> Iterator[int | None]:
        """The lock of a server that does not run; None where one does that is not left over."""
        deadline = time.monotonic() + STOP_TIMEOUT
        while self._end_left_over() and time.monotonic() < deadline:
            time.sleep(POLL)
        with _claimed(self._root / "server.lock") as lock:
            yield lock

    def _end_left_over(self) -> bool:
        """End the servers of restores that were killed; whether there were any."""
        left = [pid for data in self._root.glob("data.new-*/new") for pid in _processes(data)]
        for pid in left:
            _signal(pid, signal.SIGQUIT)
        return bool(left)

    def _replacing(
        self, scratch: Path, lock: int, copy: Callable[[Path], None], settings: str
    ) -> Iterator[Isolated]:
        new = scratch / "new"
        new.mkdir(mode=0o700)
        copy(new)
        for path in (new, *new.rglob("*")):
            self._user.take(path)
        binaries = find_binaries(self._user, self._root)
        isolated = Isolated(Address(str(self._socket_directory()), free_port()))
        self._isolate(new, isolated.address, settings)
        control: list[str | Path] = [binaries.directory / "pg_ctl", "-D", new, "-w"]
        passwords = _passwords()
        try:
            self._start_isolated([*control, "start"], new, isolated, lock)
            yield isolated
            with psycopg.connect(isolated.url(SUPERUSER, "postgres")) as connection:
                for statement in _unstretched(binaries):
                    connection.execute(statement)
                for role, password in passwords.items():
                    connection.execute(_password_of(role, password))
        finally:
            self._user.run([*control, "-m", "fast", "stop"])
        self._take_over(new, passwords)

    def _start_isolated(
        self, command: Sequence[str | Path], data: Path, isolated: Isolated, lock: int
    ) -> None:
        log = data.with_name("log")
        with log.open("w") as output:
            self._user.run(command, output=output, keep=[lock])
        deadline = time.monotonic() + RECOVERY_TIMEOUT
        while not isolated.answers():
            pid = _recorded_pid(data)
            if pid is None or not _works_in(pid, data) or time.monotonic() > deadline:
                raise ServerError(
                    "server_start",
                    "The server does not come up with the files that were put there: "
                    f"{_last_words(log)}.",
                    "Mend what it says; the database that was here before is as it was.",
                )
            time.sleep(POLL)

    def _isolate(self, data: Path, address: Address, settings: str) -> None:
        beside = data.parent
        # It answers when it has recovered, and not before.
        alone = {"listen_addresses": "", "logging_collector": "off", "hot_standby": "off"}
        told = dict(options(address, beside, durable=self._durable)) | alone
        disk.put(beside / "server.conf", as_file(told), 0o644)
        disk.put(beside / "hba.conf", b"local all all trust\n", 0o644)
        # What was set on the server that was backed up, such as whom it waits for, is not wanted.
        inside = f"hba_file = {quoted(str(beside / 'hba.conf'))}\n{settings}"
        disk.put(data / "postgresql.auto.conf", inside.encode(), 0o600)
        self._user.take(data / "postgresql.auto.conf")

    def _take_over(self, new: Path, passwords: dict[str, str]) -> None:
        disk.put(new / "postgresql.auto.conf", b"", 0o600)
        self._user.take(new / "postgresql.auto.conf")
        # A crash from here on leaves no database, and never one with the passwords of another.
        if self._data.exists():
            shutil.rmtree(self._data)
        disk.put(self._root / "credentials", msgspec.json.encode(passwords), 0o600)
        new.rename(self._data)
        disk.sync(self._root)

    # Where things are.

    @property
    def _root(self) -> Path:
        # Resolved, because it may be a link to a place that the server's user can enter.
        return (self.home / "postgres").resolve()

    @property
    def _data(self) -> Path:
        return self._root / "data"

    def _was_started(self) -> bool:
        return self._data.is_dir() and (self._root / "address").is_file()

    def _address(self) -> Address:
        return msgspec.json.decode(self._kept("address"), type=Address)

    def _password(self, role: str) -> str:
        passwords = msgspec.json.decode(self._kept("credentials"), type=dict[str, str])
        if role not in passwords:
            raise ServerError(
                "role_unknown",
                f"The embedded server has no role {role}.",
                f"Its roles are {', '.join(sorted(passwords))}.",
            )
        return passwords[role]

    def _kept(self, name: str) -> bytes:
        try:
            return (self._root / name).read_bytes()
        except FileNotFoundError:
            raise ServerError(
                "server_absent",
                f"There is no file `{name}` of an embedded server in {self._root}.",
                "Start the server; if there is data without it, put the file back from a backup.",
            ) from None

    # Who is alone, and who lives.

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        try:
            self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
            with (self.home / "postgres.lock").open("a") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                yield
        except OSError as error:
            raise self._not_usable(error) from error

    def _not_usable(self, error: OSError) -> ServerError:
        return ServerError(
            "home_not_usable",
            f"The home {self.home} cannot be used: {error.strerror} ({error.filename}).",
            "Run as the user it belongs to, or set HERKOMST_HOME to a directory of your own "
            "with room in it.",
        )

    def _leave(self) -> None:
        if self._share is not None:
            os.close(self._share)
            self._share = None

    def _postmaster(self) -> int | None:
        """The living process that `postmaster.pid` names, if it is one of this server."""
        pid = self._recorded_pid()
        return pid if pid is not None and _works_in(pid, self._data) else None

    def _recorded_pid(self) -> int | None:
        return _recorded_pid(self._data)

    def _end_orphans(self) -> None:
        self._end_left_over()
        # Children that compute outlive a killed postmaster for as long as they compute, and while
        # they live no other server may start. They can bring nothing to an end that is of use.
        if self._postmaster() is None:
            for pid in _processes(self._data):
                _signal(pid, signal.SIGQUIT)

    # Talking to it.

    def _supervising(self) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(
            self.url(SUPERUSER, "postgres"), autocommit=True, connect_timeout=CONNECT_TIMEOUT
        )

    def _greeting(self) -> ServerStatus:
        with self._supervising() as connection:
            row = connection.execute(
                "SELECT current_setting('server_version'), current_setting('fsync') = 'on'"
            ).fetchone()
        version, durable = msgspec.convert(row, tuple[str, bool])
        return ServerStatus(
            state="running",
            data=self._data,
            pid=self._postmaster(),
            version=version,
            durable=durable,
        )

    def _diagnosis(self, trouble: str) -> ServerStatus:
        with _claimed(self._root / "server.lock") as lock:
            nobody_lives = lock is not None
        pid = self._postmaster()
        if pid is None and nobody_lives and self._recorded_pid() is None:
            return ServerStatus(state="stopped", data=self._data)
        error = self._unreachable(pid, trouble) if pid else self._stale()
        return ServerStatus(
            state="unreachable" if pid else "stale",
            data=self._data,
            pid=pid,
            message=error.message,
            cure=error.cure,
        )

    def _unreachable(self, pid: int, trouble: str) -> ServerError:
        return ServerError(
            "server_unreachable",
            f"The server of {self._data} (process {pid}) accepts no connection: "
            f"{_one_line(trouble)}.",
            f"Read {self._root / 'log'}. If it hangs, `kill -QUIT {pid}` and start again.",
        )

    def _stale(self) -> ServerError:
        left = ", ".join(map(str, _processes(self._data)))
        return ServerError(
            "server_stale",
            f"The server of {self._data} died and left "
            + (f"processes that have not ended: {left}." if left else "its postmaster.pid."),
            "Start again: it recovers by itself.",
        )

    # Starting.

    def _ensure(self, deadline: float) -> None:
        while (trouble := self._trouble()) is not None:
            with _claimed(self._root / "server.lock") as lock:
                if lock is not None:
                    self._launch(lock, deadline)
                    continue
            self._end_orphans()
            if time.monotonic() > deadline:
                pid = self._postmaster()
                raise self._unreachable(pid, trouble) if pid else self._stale()
            time.sleep(POLL)

    def _trouble(self) -> str | None:
        """Why nobody can connect; None when a connection was made."""
        if not self._was_started():
            return "it was never started"
        self._check_data()
        try:
            self._check_durable(self._greeting())
        except psycopg.OperationalError as error:
            self._check_password(error)
            return str(error)
        return None

    def _check_data(self) -> None:
        if self._data.stat().st_uid != self._user.uid:
            raise ServerError(
                "home_of_another",
                f"The database in {self._data} belongs to another user.",
                "Run as the user that made it, or set HERKOMST_HOME to a directory of your own.",
            )
        if not (self._data / "PG_VERSION").is_file():
            raise ServerError(
                "server_data",
                f"The directory {self._data} is not a database.",
                "Move it away to begin with an empty one, or restore it.",
            )

    def _check_durable(self, status: ServerStatus) -> None:
        if self._durable and not status.durable:
            raise ServerError(
                "server_not_durable",
                f"The server of {self._data} runs without fsync and may lose what it accepted.",
                "Stop the processes that started it so, or set HERKOMST_HOME to another place.",
            )

    def _check_password(self, error: psycopg.OperationalError) -> None:
        if "authentication failed" in str(error):
            raise ServerError(
                "server_credentials",
                f"The server of {self._data} does not accept the password in "
                f"{self._root / 'credentials'}.",
                "Put back the file that was made with this database.",
            ) from error

    def _launch(self, lock: int, deadline: float) -> None:
        if not self._user.enters(self._root):
            raise self._not_traversable()
        binaries = find_binaries(self._user, self._root)
        if not self._data.is_dir():
            self._initialise(binaries, lock)
        self._check_data()
        self._check_version(binaries)
        self._remove_stale()
        self._configure()
        with (self._root / "start.log").open("w") as output:
            started = self._user.run(
                [binaries.directory / "pg_ctl", "start", "-w", "-t", _seconds_until(deadline)],
                # By the environment, because pg_ctl pastes its options into a shell command.
                variables={"PGDATA": str(self._data)},
                output=output,
                keep=[lock],
            )
        if started.returncode != 0 and self._postmaster() is None:
            raise self._not_started()

    def _not_started(self) -> ServerError:
        log = self._root / "start.log"
        if "FATAL:" not in log.read_text(errors="replace"):
            logs = [log, *(self._root / "log").iterdir()]
            log = max(logs, key=lambda one: one.stat().st_mtime)
        return ServerError(
            "server_start",
            f"The server of {self._data} did not start: {_last_words(log)}.",
            f"Mend what it says; all of it is in {self._root / 'log'}.",
        )

    def _check_version(self, binaries: Binaries) -> None:
        made_by = major_of((self._data / "PG_VERSION").read_text())
        if made_by != binaries.major:
            raise ServerError(
                "server_version",
                f"The database in {self._data} was made by PostgreSQL {made_by}, and this is "
                f"PostgreSQL {binaries.major}.",
                f"`herkomst backup` it with a release that runs PostgreSQL {made_by}, and "
                "`herkomst restore` it into a new HERKOMST_HOME.",
            )

    def _remove_stale(self) -> None:
        pid = self._recorded_pid()
        if pid is None:
            return
        if self._postmaster() is not None:
            raise self._unreachable(pid, "it was not started from here")
        logger.warning("The server of %s died as process %d; it recovers now.", self._data, pid)
        (self._data / "postmaster.pid").unlink()
        if self._was_started():
            self._remove_socket(self._address())

    def _remove_socket(self, address: Address) -> None:
        for name in (f".s.PGSQL.{address.port}", f".s.PGSQL.{address.port}.lock"):
            (Path(address.socket) / name).unlink(missing_ok=True)

    # The home.

    def _settle(self) -> None:
        """Makes the directory of the server, where the user it runs as can enter it."""
        self._let_in()
        link = self.home / "postgres"
        if link.is_dir():
            return
        if link.is_symlink():
            raise ServerError(
                "place_missing",
                f"{link} points to {self._root}, which is gone.",
                "Put it back, or remove the link to begin with an empty database.",
            )
        if self._user.enters(self.home):
            self._make_root(link)
        else:
            link.symlink_to(self._place())

    def _make_root(self, root: Path) -> None:
        root.mkdir()
        root.chmod(0o711 if self._user.is_other else 0o700)

    def _let_in(self) -> None:
        # A home that only root may enter is opened for the server's group, and for nobody else.
        found = self.home.stat()
        if self._user.is_other and found.st_uid == 0 and not found.st_mode & 0o077:
            os.chown(self.home, -1, self._user.gid)
            self.home.chmod(stat.S_IMODE(found.st_mode) | 0o010)

    def _place(self) -> Path:
        name = f"{self.home.name[:40]}-{secrets.token_hex(4)}"
        try:
            if not PLACES.is_dir():
                PLACES.mkdir(parents=True)
                PLACES.chmod(0o711)
            place = PLACES / name
            self._make_root(place)
        except OSError as error:
            raise self._not_traversable() from error
        if not self._user.enters(place):
            raise self._not_traversable()
        logger.warning(
            "The server of %s is kept in %s: as root it runs as nobody, who cannot enter the home.",
            self.home,
            place,
        )
        return place

    def _not_traversable(self) -> ServerError:
        above = [*reversed(self._root.parents), self._root]
        barred = next((path for path in above if not self._user.enters(path)), self.home)
        return ServerError(
            "home_not_traversable",
            f"As root the server runs as nobody, who may not enter {barred}.",
            "Set HERKOMST_HOME to a directory that all may enter, or run as an ordinary user.",
        )

    # The first time.

    def _initialise(self, binaries: Binaries, lock: int) -> None:
        # All of it happens beside the place where it is looked for. An interrupted beginning is
        # never found, and a directory that is found is complete. The programs keep the lock,
        # because they go on for a while when the process that called them is killed.
        passwords = _passwords()
        with disk.scratch(self._root, "data") as scratch:
            self._user.take(scratch)
            self._init(binaries, lock, scratch / "new", passwords)
            self._provide(binaries, lock, scratch / "new", passwords)
            disk.put(self._root / "credentials", msgspec.json.encode(passwords), 0o600)
            disk.append(scratch / "new" / "postgresql.conf", b"include '../server.conf'\n")
            (scratch / "new").rename(self._data)
        disk.sync(self._root)

    def _init(self, binaries: Binaries, lock: int, data: Path, passwords: dict[str, str]) -> None:
        password = data.with_name("password")
        disk.put(password, passwords[SUPERUSER].encode(), 0o600)
        self._user.take(password)
        done = self._user.run(
            [
                binaries.directory / "initdb",
                f"--pgdata={data}",
                f"--username={SUPERUSER}",
                f"--pwfile={password}",
                "--auth-local=scram-sha-256",
                "--auth-host=scram-sha-256",
                "--encoding=UTF8",
                "--data-checksums",
                *locale_options(binaries),
                *([] if self._durable else ["--no-sync"]),
            ],
            keep=[lock],
        )
        if done.returncode != 0:
            raise _not_initialised(data, done.stdout)

    def _provide(
        self, binaries: Binaries, lock: int, data: Path, passwords: dict[str, str]
    ) -> None:
        """Makes roles and database without a server, in PostgreSQL's single-user mode."""
        told = ["exit_on_error=on", "log_min_error_statement=panic", "log_error_verbosity=terse"]
        if not self._durable:
            told.append("fsync=off")
        done = self._user.run(
            [
                binaries.directory / "postgres",
                "--single",
                "-D",
                data,
                *(word for option in told for word in ("-c", option)),
                "postgres",
            ],
            text="".join(f"{statement}\n" for statement in _provision(binaries, passwords)),
            keep=[lock],
        )
        if done.returncode != 0:
            raise _not_initialised(data, done.stdout)

    # What it is told.

    def _configure(self) -> None:
        log = self._root / "log"
        log.mkdir(mode=0o700, exist_ok=True)
        self._user.take(log)
        address = self._settled_address()
        disk.put(self._root / "address", msgspec.json.encode(address), 0o600)
        told = dict(options(address, log, durable=self._durable))
        disk.put(self._root / "server.conf", as_file(told), 0o644)

    def _settled_address(self) -> Address:
        """The address of before, unless somebody else listens there by now."""
        kept = self._root / "address"
        before = self._address() if kept.exists() else None
        port = before.port if before and is_free(before.port) else free_port()
        if before and before.port != port:
            logger.warning("Port %d is taken; the server moves to %d.", before.port, port)
        return Address(str(self._socket_directory()), port)

    def _socket_directory(self) -> Path:
        inside = self._root / "run"
        if fits_socket(inside):
            directory = inside
        else:
            name = hashlib.sha256(os.fsencode(self._root)).hexdigest()[:16]
            directory = Path(tempfile.gettempdir()) / f"herkomst-{name}"
        self._make_private(directory)
        return directory

    def _make_private(self, directory: Path) -> None:
        with contextlib.suppress(FileExistsError):
            directory.mkdir(mode=0o700)
            self._user.take(directory)
        found = directory.lstat()
        # Anybody may make a directory of that name in a directory for temporary files.
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in (self._user.uid, os.geteuid()):
            raise ServerError(
                "socket_directory",
                f"The socket cannot be kept in {directory}, which belongs to another user.",
                "Remove it, or set HERKOMST_HOME to a shorter path.",
            )
        self._user.take(directory)
        directory.chmod(0o700)

    # Stopping.

    def _shut_down(self, deadline: float) -> None:
        pid = self._postmaster()
        if self._has_ended():
            return
        if pid is not None:
            _signal(pid, signal.SIGINT)
        while not self._has_ended():
            self._end_orphans()
            if time.monotonic() > deadline:
                logger.warning("The server of %s is still writing; it ends by itself.", self._data)
                return
            time.sleep(POLL)

    def _has_ended(self) -> bool:
        with _claimed(self._root / "server.lock") as lock:
            return lock is not None


def embedded(home: Path, *, durable: bool = True) -> EmbeddedPostgres:
    """The embedded server of a home; nothing happens before it is started."""
    return EmbeddedPostgres(home, durable=durable)


# Locks and processes.


def _shared(path: Path) -> int:
    lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(lock, fcntl.LOCK_SH)
    return lock


@contextlib.contextmanager
def _claimed(path: Path) -> Iterator[int | None]:
    """The descriptor of the lock if it could be had alone and at once, else None."""
    lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        yield None
        return
    try:
        yield lock
    finally:
        os.close(lock)


def _recorded_pid(data: Path) -> int | None:
    try:
        return int((data / "postmaster.pid").read_text().split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        return None


def _processes(data: Path) -> list[int]:
    found = (int(path.name) for path in PROCESSES.glob("[0-9]*"))
    return [pid for pid in found if _works_in(pid, data)]


def _works_in(pid: int, directory: Path) -> bool:
    """Whether this is a living process of PostgreSQL, all of which work in their data directory."""
    process = PROCESSES / str(pid)
    try:
        return (process / "cwd").readlink() == directory and "postgres" in (
            process / "comm"
        ).read_text()
    except OSError:
        return not PROCESSES.exists() and _signal(pid, 0)


def _signal(pid: int, number: int) -> bool:
    try:
        os.kill(pid, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def _seconds_until(deadline: float) -> str:
    return str(max(1, round(deadline - time.monotonic())))


# What is told to the server.


def _passwords() -> dict[str, str]:
    return {role: secrets.token_urlsafe(32) for role in (SUPERUSER, OWNER, APP)}


def _provision(binaries: Binaries, passwords: dict[str, str]) -> list[str]:
    roles = [f"CREATE ROLE {role} LOGIN" for role in (OWNER, APP)]
    known = [_password_of(*each).as_string() for each in passwords.items()]
    closed = [f"REVOKE ALL ON DATABASE {name} FROM PUBLIC" for name in ("postgres", "template1")]
    rights = [statement.as_string() for statement in _connect_rights(DATABASE)]
    made = [*roles, *_unstretched(binaries), *known]
    return [*made, f"CREATE DATABASE {DATABASE} OWNER {OWNER}", *closed, *rights]


def _unstretched(binaries: Binaries) -> list[LiteralString]:
    """What to say before passwords are set: they are 256 random bits, which nobody guesses and no
    stretching makes stronger, and each connection would pay for it."""
    return ["SET scram_iterations = 1"] if binaries.major >= 16 else []


def _password_of(role: str, password: str) -> psycopg.sql.Composed:
    return SQL("ALTER ROLE {} PASSWORD {}").format(Identifier(role), sql.Literal(password))


def _connect_rights(database: str) -> list[psycopg.sql.Composed]:
    name, app = Identifier(database), Identifier(APP)
    return [
        SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(name),
        SQL("GRANT CONNECT ON DATABASE {} TO {}").format(name, app),
    ]


def _one_line(text: str) -> str:
    return " ".join(text.split()).rstrip(".")


def _last_words(log: Path) -> str:
    last = log.read_text(errors="replace").splitlines()[-6:]
    told = [line for line in last if re.search("(LOG|WARNING|FATAL|PANIC):", line)]
    ended = any(re.search("(FATAL|PANIC):", line) for line in told)
    return _one_line(" ".join(told)) if ended else "it ended without a word"


def _not_initialised(data: Path, output: str) -> ServerError:
    said = " ".join(line for line in output.splitlines() if re.search("error:|FATAL:|ERROR:", line))
    return ServerError(
        "server_init",
        f"No database could be made in {data.parent.parent}: {said or _one_line(output)[-300:]}.",
        "Mend what it says and start again; nothing was left behind.",
    )
