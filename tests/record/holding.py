"""Whether a sequence holds: told by other means than the product's own verification."""

import hmac
import struct
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import pairwise

import msgspec
import psycopg
from psycopg.sql import SQL, Identifier

from herkomst.record.archive import Archive
from herkomst.record.postgres import SUPERUSER, EmbeddedPostgres

SEQUENCES = ("register", "casework", "journal")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Stored(msgspec.Struct, frozen=True):
    """A row of a sequence."""

    stream: str
    version: int
    topic: str
    state: bytes
    position: int
    recorded_at: datetime


def stored(archive: Archive, sequence: str = "register") -> list[Stored]:
    """All rows of a sequence, in order."""
    statement = SQL("SELECT * FROM {} ORDER BY notification_id").format(
        Identifier("record", f"{sequence}_events")
    )
    with psycopg.connect(archive.urls.app) as connection:
        rows = connection.execute(statement).fetchall()
    return [Stored(str(row[0]), *row[1:]) for row in rows]


def topics(archive: Archive, sequence: str = "register") -> list[str]:
    return [row.topic for row in stored(archive, sequence)]


def assert_holds(archive: Archive, sequence: str = "register") -> list[Stored]:
    """Positions are dense, versions have no gap, time never goes back, and leaves and chain of the
    appends are those of the events."""
    rows = stored(archive, sequence)
    assert [row.position for row in rows] == list(range(1, len(rows) + 1))
    assert all(a.recorded_at <= b.recorded_at for a, b in pairwise(rows))
    streams: dict[str, list[int]] = {}
    for row in rows:
        streams.setdefault(row.stream, []).append(row.version)
    assert all(found == list(range(1, len(found) + 1)) for found in streams.values())
    _assert_chained(archive, sequence, rows)
    return rows


def _assert_chained(archive: Archive, sequence: str, rows: list[Stored]) -> None:
    secret = archive.keyring._chain
    link, covered = b"", 0
    with psycopg.connect(archive.urls.app) as connection:
        appends = connection.execute(
            "SELECT first_position, last_position, leaves, chain FROM record.appends "
            "WHERE sequence = %s ORDER BY first_position",
            (sequence,),
        ).fetchall()
    for first, last, leaves, chain in appends:
        assert first == covered + 1
        assert leaves == b"".join(_leaf(row) for row in rows[first - 1 : last])
        link = hmac.new(secret, link + struct.pack(">q", first) + leaves, "sha256").digest()
        assert chain == link
        covered = last
    assert covered == len(rows)


def _leaf(row: Stored) -> bytes:
    microseconds = (row.recorded_at - _EPOCH) // timedelta(microseconds=1)
    topic = row.topic.encode()
    return sha256(
        b"\0"
        + bytes.fromhex(row.stream.replace("-", ""))
        + struct.pack(">qqH", row.version, microseconds, len(topic))
        + topic
        + row.state
    ).digest()


def superuser(
    server: EmbeddedPostgres, archive: Archive
) -> "psycopg.Connection[tuple[object, ...]]":
    """A connection that may do everything to the archive's database."""
    return psycopg.connect(server.url(SUPERUSER, database_of(archive)), autocommit=True)


def database_of(archive: Archive) -> str:
    name = psycopg.conninfo.conninfo_to_dict(archive.urls.app)["dbname"]
    return str(name)
