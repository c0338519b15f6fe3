"""Idempotency keys: a repeat is answered as the first time, another body is refused."""

from hashlib import sha256
from typing import NamedTuple

from herkomst.record.database import Database

KEPT = "1 day"


class KeyReused(Exception):
    """The key came before with another body."""

    code = "idempotency_key_reused"


class Answer(NamedTuple):
    """What was answered under a key."""

    status: int
    body: bytes


class IdempotencyKeys:
    """The keys of all callers, in the database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def claim(self, subject: str, key: str, body: bytes) -> Answer | None:
        """The earlier answer, or None where the caller should go on. Raises `KeyReused`."""
        digest = sha256(body).digest()
        with self._database.transaction() as cursor:
            cursor.execute(
                "DELETE FROM intake.idempotency WHERE seen_at < now() - %s::interval", (KEPT,)
            )
            cursor.execute(
                "INSERT INTO intake.idempotency (subject, key, body_sha256) VALUES (%s, %s, %s) "
                "ON CONFLICT (subject, key) DO NOTHING",
                (subject, key, digest),
            )
            row = cursor.execute(
                "SELECT body_sha256, status, answer FROM intake.idempotency "
                "WHERE subject = %s AND key = %s",
                (subject, key),
            ).fetchone()
        if row is None or row[0] != digest:
            raise KeyReused(
                f"The Idempotency-Key {key!r} came before with another body; "
                "send a new key with a new body."
            )
        return None if row[1] is None else Answer(row[1], row[2])

    def keep(self, subject: str, key: str, answer: Answer) -> None:
        """Remember what was answered."""
        with self._database.transaction() as cursor:
            cursor.execute(
                "UPDATE intake.idempotency SET status = %s, answer = %s "
                "WHERE subject = %s AND key = %s",
                (answer.status, answer.body, subject, key),
            )
