"""Connections to PostgreSQL: a pool with names and time-outs that says when it is down."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from select import POLLIN, poll
from typing import Any

import psycopg
from psycopg import BaseConnection, Connection, Cursor
from psycopg.abc import Buffer
from psycopg.adapt import Loader
from psycopg.pq import Format
from psycopg_pool import ConnectionPool, PoolTimeout

Row = tuple[Any, ...]
LOST = (psycopg.OperationalError, psycopg.InterfaceError, PoolTimeout)
"""What psycopg raises when the server went away; the outcome of a commit is then unknown."""

CONNECT_TIMEOUT = 5
"""Seconds."""
RECONNECT = 0.5
"""Seconds after which a pool that cannot connect begins anew. Left alone it doubles its pauses, and
would sleep on for as long as it was down already once the server is back."""


class DatabaseDown(Exception):
    """The database cannot be reached."""

    code = "database_down"


class DiskFull(DatabaseDown):
    """The disk of the database has no room left: nothing of the transaction was written."""

    code = "disk_full"

    def __init__(self) -> None:
        super().__init__(
            "The disk of the database is full, and nothing of this was written. Make room for it "
            "and send it again; what was accepted before stands."
        )


class Undecoded(Loader):
    """JSON as it is: what reads a row decodes it into types of its own."""

    format = Format.BINARY

    def load(self, data: Buffer) -> bytes:
        return bytes(data[1:])  # The first byte is the version of the format.


class Database:
    """A pool of connections in autocommit; a transaction is asked for by name."""

    def __init__(
        self,
        url: str,
        *,
        name: str = "herkomst",
        size: int = 8,
        timeout: float = 10.0,
        revive: Callable[[], None] | None = None,
    ) -> None:
        self.url = url
        self._revive = revive
        self._pool: ConnectionPool[Connection[Row]] = ConnectionPool(
            url,
            min_size=1,
            max_size=size,
            timeout=timeout,
            open=False,
            kwargs={"autocommit": True, **options(name)},
            check=self._check,
            reconnect_timeout=RECONNECT,
            reconnect_failed=self._connect_again,
        )

    def __repr__(self) -> str:
        return f"Database({self._pool.name!r})"

    @property
    def pool(self) -> "ConnectionPool[Connection[Row]]":
        """The pool, opened at first use so that a process that only parses flags connects not."""
        if self._pool.closed:
            self._pool.open()
        return self._pool

    @contextmanager
    def connection(self) -> Iterator[Connection[Row]]:
        try:
            with self.pool.connection() as connection:
                yield connection
        except psycopg.errors.DiskFull as error:
            raise DiskFull from error
        except PoolTimeout as error:
            raise DatabaseDown(
                "The database gives no connection: it is down, unreachable or full; "
                "`herkomst doctor` says which."
            ) from error

    @contextmanager
    def transaction(self) -> Iterator[Cursor[Row]]:
        """A cursor inside one transaction, committed on leaving."""
        with self.connection() as connection, connection.transaction(), connection.cursor() as c:
            yield c

    def revive(self) -> None:
        """Start the server again if it is ours and died; elsewhere there is nothing to do."""
        if self._revive is not None:
            self._revive()

    def close(self) -> None:
        self._pool.close()

    def _check(self, connection: Connection[Row]) -> None:
        """Raise where a connection is dead, before it is handed out."""
        if is_silent(connection):
            return
        try:
            ConnectionPool.check_connection(connection)
        except psycopg.Error:
            self._pool.check()  # The others died with it, and the pool pauses before it tries each.
            raise

    def _connect_again(self, pool: "ConnectionPool[Connection[Row]]") -> None:
        try:
            self.revive()
        finally:
            pool.check()  # It connects again where nobody is left.


def is_silent(connection: BaseConnection[Any]) -> bool:
    """Whether nothing came from the server since it was last asked. A server that ends a connection
    says so, so this one lives as far as anyone knows who does not ask; asking is a round trip."""
    incoming = poll()
    incoming.register(connection.fileno(), POLLIN)
    return not incoming.poll(0)


def options(name: str) -> dict[str, Any]:
    """Session settings that every connection of the product has."""
    return {
        "application_name": name,
        "connect_timeout": CONNECT_TIMEOUT,
        "options": "-c lock_timeout=30s -c idle_in_transaction_session_timeout=60s -c TimeZone=UTC",
    }


def connect(url: str, name: str, **settings: Any) -> Connection[Row]:
    """One connection outside any pool, for a listener, an owner's lock or a long scan."""
    try:
        return psycopg.connect(url, autocommit=True, **(options(name) | settings))
    except psycopg.OperationalError as error:
        raise DatabaseDown(f"The database cannot be reached: {error}") from error
