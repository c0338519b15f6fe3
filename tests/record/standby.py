"""A streaming replica of a server: made by pg_basebackup, followed, promoted.

It is laid out as the home of an embedded server, so that the supervisor starts and stops it.
"""

import os
import select
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import Any
from urllib.parse import parse_qs, urlsplit

import psycopg
from psycopg.sql import SQL, Literal

from herkomst.record.postgres import APP, SUPERUSER, EmbeddedPostgres, embedded
from herkomst.record.programs import ServerUser, client_program

NAME = "standby"
PATIENCE = 300.0
"""Seconds for what takes one when nothing is wrong."""


@contextmanager
def a_home(directory: Path) -> Iterator[Path]:
    """An empty home that the server's user can enter; its server is stopped at the end."""
    path = Path(tempfile.mkdtemp(prefix="herkomst-standby-", dir=directory))
    path.chmod(0o711)
    try:
        yield path
    finally:
        embedded(path).stop()
        shutil.rmtree(path)


@contextmanager
def a_primary(home: Path) -> Iterator[EmbeddedPostgres]:
    """A server that acknowledges a commit only when it is written, and lets replicas follow."""
    with embedded(home, durable=False) as server:
        # This server trades power loss for speed; what a replica is waited for is not traded.
        configure(server, synchronous_commit="remote_apply")
        yield server


@contextmanager
def a_standby(primary: EmbeddedPostgres, home: Path) -> Iterator[EmbeddedPostgres]:
    """A replica of a server that runs: a copy of its files, and what it writes from then on."""
    root = home / "postgres"
    root.mkdir()
    root.chmod(0o711)
    made = subprocess.run(
        [
            client_program("pg_basebackup", primary.home),
            f"--dbname={primary.url(SUPERUSER, 'postgres')}&application_name={NAME}",
            f"--pgdata={root / 'data'}",
            "--checkpoint=fast",
            "--wal-method=stream",
            "--write-recovery-conf",
            "--no-sync",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    shutil.copy(primary.home / "postgres" / "credentials", root / "credentials")
    _hand_over(root / "data")
    with embedded(home, durable=False) as server:
        until(primary, "SELECT count(*) = 1 FROM pg_stat_replication WHERE state = 'streaming'")
        yield server


def _hand_over(data: Path) -> None:
    """Give the files to the user that the server runs as."""
    user = ServerUser.choose()
    for path in (data, *data.rglob("*")):
        user.take(path)


def both(*servers: EmbeddedPostgres, database: str) -> str:
    """The URL of whichever of these servers takes writes, as an operator would write it."""
    urls = [urlsplit(server.url(APP, database)) for server in servers]
    asked = [parse_qs(url.query) for url in urls]
    hosts, ports = (",".join(one[what][0] for one in asked) for what in ("host", "port"))
    return (
        f"{urls[0].scheme}://{urls[0].netloc}/{database}?host={hosts}&port={ports}"
        "&target_session_attrs=read-write"
    )


def configure(server: EmbeddedPostgres, **options: str) -> None:
    """Change what the server is told, while it runs."""
    with _supervised(server) as connection:
        for name, value in options.items():
            statement = SQL("ALTER SYSTEM SET {} = {}")
            connection.execute(statement.format(SQL(name), Literal(value)))
        connection.execute("SELECT pg_reload_conf()")


def ask(server: EmbeddedPostgres, question: str) -> Any:
    """The one value that a statement of the supervisor answers."""
    with _supervised(server) as connection:
        row = connection.execute(question.encode()).fetchone()
    assert row is not None
    return row[0]


def until(server: EmbeddedPostgres, question: str) -> None:
    """Ask until the answer is yes."""
    ends = monotonic() + PATIENCE
    while not ask(server, question):
        assert monotonic() < ends, question


def kill(server: EmbeddedPostgres) -> None:
    """Kill a server by its own process id, and see that it is gone."""
    pid = server.status().pid
    assert pid is not None
    ended = os.pidfd_open(pid)
    os.kill(pid, signal.SIGKILL)
    select.select([ended], [], [])
    os.close(ended)


def promote(server: EmbeddedPostgres) -> None:
    """Let a replica be the server that takes writes."""
    assert ask(server, "SELECT pg_promote()") is True
    until(server, "SELECT NOT pg_is_in_recovery()")


def _supervised(server: EmbeddedPostgres) -> "psycopg.Connection[tuple[Any, ...]]":
    return psycopg.connect(server.url(SUPERUSER, "postgres"), autocommit=True)
