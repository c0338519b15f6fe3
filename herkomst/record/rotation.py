"""Rotation of the wrapping key, while others read and write.

A fresh key is added to the key file, and every data key is wrapped anew with it, in small batches.
Nothing that was sealed changes, because the data keys stay what they are. A rotation that was cut
off is gone on with: as long as a data key lies under an older wrapping key, none is added.
"""

from collections.abc import Callable, Sequence
from time import sleep, time
from typing import NamedTuple
from uuid import UUID

from psycopg import Connection
from psycopg.errors import LockNotAvailable

from herkomst.record.database import Row
from herkomst.record.keyring import LOOK, Keyring
from herkomst.record.vault import KeyRow, Vault

BATCH = 1000
"""Data keys that are wrapped anew in one transaction."""
PASSES = 20
"""Times that the vault is gone through before it is said that somebody wraps with an old key."""
SETTLED = 60.0
"""Seconds for which a key must have been in the file before an older one is taken out of it."""
_FIRST = UUID(int=0)
_OLDER = (
    "SELECT key_id, wrapped, kek FROM vault.keys WHERE key_id > %b AND kek <> %b "
    # Whoever erases holds its row and may wait for another of these: it is met in the next pass.
    "ORDER BY key_id LIMIT %b FOR UPDATE SKIP LOCKED"
)
_REPLACE = (
    "UPDATE vault.keys k SET wrapped = n.wrapped, kek = %b "
    "FROM unnest(%b::uuid[], %b::bytea[]) AS n (key_id, wrapped) WHERE k.key_id = n.key_id"
)
_LOCK = "SELECT pg_advisory_lock(hashtextextended(current_database() || 'rotation', 3))"
_AT_MOST = "SELECT set_config('lock_timeout', '2s', false)"
"""The server notices a moment later that who rotated before has gone."""
Progress = Callable[[int, int], None]
"""Told how many were wrapped anew, and of how many."""


class RotationRefused(Exception):
    """The wrapping key cannot be rotated or retired now."""

    def __init__(self, code: str, message: str, cure: str) -> None:
        super().__init__(f"{message} {cure}")
        self.code, self.message, self.cure = code, message, cure


class Rotated(NamedTuple):
    """What a rotation came to."""

    current: int
    """Number of the key that wraps from now on."""
    added: bool
    """Whether it is a fresh one; False where an earlier rotation was gone on with."""
    rewrapped: int


def rotate(
    connections: Sequence[Connection[Row]],
    keyring: Keyring,
    *,
    batch: int = BATCH,
    progress: Progress | None = None,
) -> Rotated:
    """Wrap all data keys with a fresh key. Raises `RotationRefused`, `SealBroken`.

    Args:
        connections: to every database that has a vault: that of the journal may be another.
    """
    _alone(connections)
    added = not any(number != keyring.current for c in connections for number in in_use(c))
    if added:
        keyring.add()
    done = sum(_rewrap_all(c, keyring, batch, progress or _untold) for c in connections)
    return Rotated(keyring.current, added, done)


def add(connections: Sequence[Connection[Row]], keyring: Keyring) -> int:
    """Only add a fresh key, so that the file can be laid on other hosts first; its number."""
    _alone(connections)
    return keyring.add()


def retire(connections: Sequence[Connection[Row]], keyring: Keyring) -> list[int]:
    """Take the keys that wrap nothing any more out of the key file; their numbers.

    Raises `RotationRefused` while somebody may still wrap with them.
    """
    _alone(connections)
    age = time() - keyring.path.stat().st_mtime
    if age < SETTLED:
        raise RotationRefused(
            "rotation_recent",
            f"The key file was written {age:.0f} seconds ago, and a process may still wrap with "
            "an older key.",
            f"Try again when {SETTLED:.0f} seconds have passed.",
        )
    used = {number for connection in connections for number in in_use(connection)}
    unused = sorted(keyring.wrapping.keys() - used - {keyring.current})
    if unused:
        keyring.retire(unused)
    return unused


def in_use(connection: Connection[Row]) -> dict[int, int]:
    """How many data keys lie under each wrapping key."""
    rows = connection.execute("SELECT kek, count(*) FROM vault.keys GROUP BY kek ORDER BY kek")
    return {row[0]: row[1] for row in rows}


def _alone(connections: Sequence[Connection[Row]]) -> None:
    """Be the only one who rotates, until the connections are closed."""
    for connection in connections:
        connection.execute(_AT_MOST)
        try:
            connection.execute(_LOCK)
        except LockNotAvailable:
            raise RotationRefused(
                "rotation_running", "Another process rotates the wrapping key.", "Let it end."
            ) from None
        connection.execute("RESET lock_timeout")


def _rewrap_all(
    connection: Connection[Row], keyring: Keyring, batch: int, progress: Progress
) -> int:
    vault, done = Vault(keyring), 0
    for _ in range(PASSES):
        older = sum(n for number, n in in_use(connection).items() if number != keyring.current)
        if not older:
            return done
        total, at = done + older, _FIRST
        while rows := _rewrap(connection, vault, keyring.current, at, batch):
            at, done = rows[-1].key_id, done + len(rows)
            progress(done, total)
        sleep(LOOK / 4)  # Who wraps with an older key learns of this one meanwhile.
    raise RotationRefused(
        "rotation_not_followed",
        f"Data keys still come in that are not wrapped with key {keyring.current}.",
        f"Lay the key file {keyring.path} on every host that serves or imports, and go on.",
    )


def _rewrap(
    connection: Connection[Row], vault: Vault, current: int, after: UUID, batch: int
) -> list[KeyRow]:
    """The next data keys, wrapped anew."""
    with connection.transaction(), connection.cursor(binary=True) as cursor:
        found = cursor.execute(_OLDER, (after, current, batch)).fetchall()
        rows = [vault.rewrap(KeyRow(*row)) for row in found]
        if rows:
            ids, wrapped = [row.key_id for row in rows], [row.wrapped for row in rows]
            cursor.execute(_REPLACE, (current, ids, wrapped))
    return rows


def _untold(*_: object) -> None:
    """Progress that nobody watches."""
