"""The read replica: whether it can be read, whether it follows, and how far behind it is."""

from collections.abc import Mapping
from typing import Any, LiteralString, NamedTuple

import psycopg
from psycopg import Connection
from psycopg.conninfo import conninfo_to_dict

from herkomst.record import migrations
from herkomst.record.database import Row, options
from herkomst.record.reader import SequenceReader

READERS = (SequenceReader("register"), SequenceReader("casework"))
"""Of the sequences that are read from a replica; the journal is read where it is written."""
PATIENCE = 3
"""Seconds for a connection, and for each statement: who asks is a probe."""
_STANDING: LiteralString = (
    "SELECT system_identifier, pg_postmaster_start_time(), current_database(), "
    "pg_is_in_recovery(), (CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() "
    "ELSE pg_current_wal_lsn() END - '0/0'::pg_lsn)::bigint, "
    "extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp())::float8 "
    "FROM pg_control_system()"
)


class ReplicaUnusable(Exception):
    """What is wrong with the read replica, and how to mend it.

    The message names no host and no user; `detail` is for who may see them, and never holds the
    password.
    """

    def __init__(self, code: str, message: str, cure: str, detail: str = "") -> None:
        super().__init__(f"{message} {cure}")
        self.code, self.message, self.cure, self.detail = code, message, cure, detail


class Behind(NamedTuple):
    """What the replica does not show yet."""

    positions: int
    """Events of register and casework."""
    bytes: int
    """Of the write-ahead log."""
    seconds: float | None
    """Age of the last commit that it shows; zero when it lacks nothing, None when it has shown
    none since it started."""


class Replica(NamedTuple):
    """A replica that can be read."""

    in_recovery: bool
    """Whether it follows; one that does not was promoted, and is what is written to by now."""
    behind: Behind

    def __str__(self) -> str:
        if not self.in_recovery:
            return "it takes the writes too, and lacks nothing"
        positions, size, seconds = self.behind
        age = "an unknown time" if seconds is None else f"{seconds:.1f} s"
        return f"in recovery, {positions} positions, {size} bytes and {age} behind"


class _Standing(NamedTuple):
    heads: tuple[int, ...]
    system: int
    started: Any
    database: str
    in_recovery: bool
    written: int
    age: float | None


def look(url: str, written: Connection[Row]) -> Replica:
    """Look at the replica beside the database that is written to. Raises `ReplicaUnusable`."""
    first = _standing(written)  # Before the replica, which is not to seem to lack what came after.
    try:
        with psycopg.connect(url, autocommit=True, **_settings()) as connection:
            return _compared(first, connection)
    except psycopg.OperationalError as error:
        raise ReplicaUnusable(
            "replica_unreachable",
            "The read replica cannot be reached.",
            "See that it runs, or unset HERKOMST_READ_DATABASE_URL to read from the primary.",
            _shown(str(error), url),
        ) from None  # The cause would show what was taken out.
    except psycopg.Error:
        raise ReplicaUnusable(
            "replica_unreadable",
            "The read replica cannot be read with this URL and role.",
            "Give HERKOMST_READ_DATABASE_URL the role and the database of HERKOMST_DATABASE_URL.",
        ) from None


def _settings() -> Mapping[str, Any]:
    settings = options("herkomst replica") | {"connect_timeout": PATIENCE}
    settings["options"] += f" -c statement_timeout={PATIENCE}s"
    return settings


def _shown(text: str, url: str) -> str:
    """What the driver says, on one line and without the secrets of the URL."""
    parts = conninfo_to_dict(url)
    for secret in filter(None, (parts.get("password"), parts.get("sslpassword"))):
        text = text.replace(str(secret), "…")
    return " ".join(text.split())


def _compared(first: _Standing, connection: Connection[Row]) -> Replica:
    found, needed = migrations.applied(connection), migrations.migrations()[-1].number
    if found < needed:
        raise ReplicaUnusable(
            "replica_schema_behind",
            f"The read replica has migration {found}, this version needs {needed}.",
            "If `herkomst migrate` ran on the primary, wait until the replica has followed.",
        )
    second = _standing(connection)
    is_same = (first.system, first.database) == (second.system, second.database)
    if not is_same or not (second.in_recovery or first.started == second.started):
        raise ReplicaUnusable(
            "replica_parted",
            "The read replica does not follow the database that is written to: its answers age.",
            "Make it anew from the primary. If it was promoted, see that the old primary is down.",
        )
    return Replica(second.in_recovery, _behind(first, second))


def _behind(first: _Standing, second: _Standing) -> Behind:
    missing = max(0, first.written - second.written)
    positions = sum(
        max(0, one - other) for one, other in zip(first.heads, second.heads, strict=True)
    )
    if not missing or not second.in_recovery:
        return Behind(positions, 0, 0.0)
    age = second.age
    return Behind(positions, missing, None if age is None else max(0.0, age))


def _standing(connection: Connection[Row]) -> _Standing:
    row = connection.execute(_STANDING).fetchone()
    assert row is not None
    return _Standing(tuple(reader.head(connection) for reader in READERS), *row)
