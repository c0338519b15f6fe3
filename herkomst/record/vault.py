"""The vault: data keys, one for each presented identity and for each other processing.

A data key seals what may point at a person (AES-256-GCM, a random nonce, the stream as associated
data, so that a sealed part cannot be moved to another record) and proves equality of content by a
keyed hash. The key itself is stored wrapped and is committed with the event. Deleting the row is
the erasure: nothing of what it sealed can be opened again.
"""

import os
from collections.abc import Iterable
from hashlib import blake2b
from typing import LiteralString, NamedTuple
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from psycopg import Connection, Cursor

from herkomst.record.database import Row
from herkomst.record.keyring import Keyring

_NONCE = 12
_HALF = 32
"""Bytes for sealing, and as many for proving equality: no key serves two purposes."""


class SealBroken(Exception):
    """A sealed part or a wrapped key is not what was written, or belongs elsewhere."""

    code = "seal_broken"


class KeyRow(NamedTuple):
    """A row of `vault.keys`."""

    key_id: UUID
    wrapped: bytes
    kek: int


class DataKey:
    """A data key in memory; it opens and seals for one stream."""

    __slots__ = ("_aead", "_place", "_proving", "key_id")

    def __init__(self, key_id: UUID, secret: bytes) -> None:
        self.key_id = key_id
        self._place = key_id.bytes
        self._aead = AESGCM(secret[:_HALF])
        self._proving = secret[_HALF:]

    def seal(self, plain: bytes, nonce: bytes | None = None) -> bytes:
        nonce = nonce or os.urandom(_NONCE)
        return nonce + self._aead.encrypt(nonce, plain, self._place)

    def open(self, sealed: bytes) -> bytes:
        """Raises `SealBroken`."""
        try:
            return self._aead.decrypt(sealed[:_NONCE], sealed[_NONCE:], self._place)
        except (InvalidTag, ValueError) as error:  # The latter where it was cut short.
            raise SealBroken(f"A sealed part of {self.key_id} was altered.") from error

    def fingerprint(self, content: bytes) -> bytes:
        """128 bits that tell whether two contents are equal, as long as the key lives."""
        return blake2b(content, key=self._proving, digest_size=16).digest()


class Vault:
    """Makes, wraps and finds data keys."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring
        self._wrapping = {number: AESGCM(key) for number, key in keyring.wrapping.items()}

    def new_key(self, key_id: UUID) -> tuple[DataKey, KeyRow]:
        """A fresh key and the row that must be committed with what it seals."""
        random = os.urandom(2 * _HALF + _NONCE)
        secret, nonce = random[: 2 * _HALF], random[2 * _HALF :]
        return DataKey(key_id, secret), self._wrap(key_id, secret, nonce)

    def unwrap(self, row: KeyRow) -> DataKey:
        """Raises `SealBroken`, also when the wrapping key is not in the key file."""
        return DataKey(row.key_id, self._secret(row))

    def rewrap(self, row: KeyRow) -> KeyRow:
        """The same data key under the newest wrapping key. Raises `SealBroken`."""
        return self._wrap(row.key_id, self._secret(row), os.urandom(_NONCE))

    def _wrap(self, key_id: UUID, secret: bytes, nonce: bytes) -> KeyRow:
        newest = self._keyring.newest()
        wrapped = nonce + self._wrapper(newest).encrypt(nonce, secret, key_id.bytes)
        return KeyRow(key_id, wrapped, newest)

    def _secret(self, row: KeyRow) -> bytes:
        try:
            return self._wrapper(row.kek).decrypt(
                row.wrapped[:_NONCE], row.wrapped[_NONCE:], row.key_id.bytes
            )
        except KeyError as error:
            raise SealBroken(
                f"The data key {row.key_id} does not open: its wrapping key {row.kek} is not in "
                f"{self._keyring.path}. Put the key file there that the key was added to."
            ) from error
        except (InvalidTag, ValueError) as error:
            raise SealBroken(
                f"The data key {row.key_id} does not open with wrapping key {row.kek}: the key "
                "file is not the one of this database, or the row was altered."
            ) from error

    def _wrapper(self, number: int) -> AESGCM:
        """Raises `KeyError` when the key file does not hold that key, also when read again."""
        if number not in self._wrapping:
            if number not in self._keyring.wrapping:
                self._keyring.learn()
            self._wrapping[number] = AESGCM(self._keyring.wrapping[number])
        return self._wrapping[number]

    def keys(self, connection: Connection[Row], ids: Iterable[UUID]) -> dict[UUID, DataKey]:
        """The keys that still exist, by id; an erased one is simply not there."""
        with connection.cursor(binary=True) as cursor:
            cursor.execute(
                "SELECT key_id, wrapped, kek FROM vault.keys WHERE key_id = ANY(%b)", (list(ids),)
            )
            return {row[0]: self.unwrap(KeyRow(*row)) for row in cursor.fetchall()}


def key_of_part(part: LiteralString, stream: LiteralString) -> LiteralString:
    """SQL for the id of the data key that a part of a stream was sealed with: its own or, where it
    never had one, that of its stream (`domain/casework/parts.py`)."""
    own = "EXISTS (SELECT FROM vault.keys o WHERE o.key_id = " + part + ")"
    return "CASE WHEN " + own + " THEN " + part + " ELSE " + stream + " END"


def destroy(cursor: Cursor[Row], ids: Iterable[UUID]) -> int:
    """Delete keys; how many there were. What they sealed is gone with them."""
    cursor.execute("DELETE FROM vault.keys WHERE key_id = ANY(%b)", (list(ids),))
    return cursor.rowcount
