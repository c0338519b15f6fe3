"""The keys that lie outside the database: wrapping, look-up and chain.

They are one file, mode 0600. Who has the database without it reads no name, finds no person by a
hash, and cannot make a chain of appends that holds. Wrapping keys are numbered, so that rotation
adds one and re-wraps; the two others stay, because tokens and chains are compared over years.

Who has the file open learns of a wrapping key that was added: at once where a data key is wrapped
with one that he does not know, and within a second where he wraps.
"""

import hmac
import logging
import os
from collections.abc import Iterable, Mapping
from hashlib import blake2b
from pathlib import Path
from time import monotonic
from typing import Annotated

import msgspec

from herkomst.record import disk

log = logging.getLogger(__name__)
LOOK = 1.0
"""Seconds after which who wraps looks whether the file is another than before."""


class KeyringError(Exception):
    """The key file is missing, unreadable or too widely readable."""

    def __init__(self, code: str, message: str, cure: str) -> None:
        super().__init__(f"{message} {cure}")
        self.code, self.message, self.cure = code, message, cure


_Key = Annotated[bytes, msgspec.Meta(min_length=32, max_length=32)]


class _File(msgspec.Struct, forbid_unknown_fields=True):
    wrapping: Annotated[dict[int, _Key], msgspec.Meta(min_length=1)]
    lookup: _Key
    chain: _Key


class Keyring:
    """The opened key file."""

    def __init__(self, path: Path, content: _File, stamp: tuple[int, int]) -> None:
        self.path = path
        self.wrapping: Mapping[int, bytes] = content.wrapping
        self.current = max(content.wrapping)
        self._lookup = content.lookup
        self._chain = content.chain
        self._stamp = stamp
        self._look_at = monotonic() + LOOK

    def __repr__(self) -> str:
        return f"Keyring(current={self.current})"

    @classmethod
    def open(cls, path: Path) -> "Keyring":
        """Raises `KeyringError` when the file is missing, broken or readable by others."""
        try:
            found = path.stat()
            content = msgspec.json.decode(path.read_bytes(), type=_File)
        except FileNotFoundError:
            raise KeyringError(
                "keyring_missing",
                f"There is no key file {path}.",
                "Set HERKOMST_KEK_FILE to the file that belongs to this database.",
            ) from None
        except OSError as error:
            raise KeyringError(
                "keyring_unreadable",
                f"The key file {path} cannot be read: {error.strerror}.",
                "Set HERKOMST_KEK_FILE to a file that this user may read.",
            ) from error
        except (msgspec.DecodeError, msgspec.ValidationError) as error:
            raise KeyringError(
                "keyring_broken", f"The key file {path} cannot be read: {error}.", "Restore it."
            ) from error
        if found.st_mode & 0o077:
            raise KeyringError(
                "keyring_exposed", f"Others may read the key file {path}.", f"Run chmod 600 {path}."
            )
        return cls(path, content, _stamp(found))

    @classmethod
    def create(cls, path: Path) -> "Keyring":
        """Open the file, made with fresh keys when it does not exist. Safe beside another maker."""
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            content = _File({1: os.urandom(32)}, os.urandom(32), os.urandom(32))
            draft = disk.draft(path, msgspec.json.encode(content))
            try:
                os.link(draft, path)  # Fails where another process was first; then its keys hold.
            except FileExistsError:
                pass
            finally:
                draft.unlink()
            # Before anything is sealed with keys that a power cut could take.
            disk.sync(path.parent)
        return cls.open(path)

    def newest(self) -> int:
        """Number of the key to wrap with."""
        now = monotonic()
        if now >= self._look_at:
            self._look_at = now + LOOK
            try:
                self.learn()
            except (KeyringError, OSError) as error:
                # What is sealed with the keys in memory can be opened again all the same.
                log.warning("the key file cannot be read again: %s", error)
        return self.current

    def learn(self) -> None:
        """Read the file again if it is another than before. Keys that it no longer holds are
        known until this process ends. Raises `KeyringError`, `OSError`."""
        if _stamp(self.path.stat()) == self._stamp:
            return
        read = Keyring.open(self.path)
        common = self.wrapping.keys() & read.wrapping.keys()
        if (read._lookup, read._chain) != (self._lookup, self._chain) or any(
            read.wrapping[number] != self.wrapping[number] for number in common
        ):
            raise KeyringError(
                "keyring_replaced",
                f"The key file {self.path} was replaced by one with other keys.",
                "Put back the file that belongs to this database; rotation only adds to it.",
            )
        self.wrapping = {**self.wrapping, **read.wrapping}
        self.current, self._stamp = read.current, read._stamp

    def add(self) -> int:
        """Add a fresh wrapping key to the file; its number. Not safe beside another who adds.

        Raises `KeyringError`.
        """
        self.learn()
        number = self.current + 1
        self._rewrite({**self.wrapping, number: os.urandom(32)})
        return number

    def retire(self, numbers: Iterable[int]) -> Path:
        """Take wrapping keys out of the file and lay them into one beside it, which opens backups
        of their time. That other file. Raises `KeyringError`."""
        retired = self.path.with_name(f"{self.path.name}.retired")
        before = msgspec.json.decode(retired.read_bytes()) if retired.exists() else {}
        gone = {number: self.wrapping[number] for number in numbers}
        disk.put(retired, msgspec.json.encode({**before, **gone}))
        self._rewrite({n: key for n, key in self.wrapping.items() if n not in gone})
        return retired

    def _rewrite(self, wrapping: Mapping[int, bytes]) -> None:
        # What a link leads to is replaced, and not the link.
        path = self.path.resolve()
        try:
            # On the disk before anything is wrapped with a key that a power cut could take.
            disk.put(path, msgspec.json.encode(_File(dict(wrapping), self._lookup, self._chain)))
        except OSError as error:
            raise KeyringError(
                "keyring_unwritable",
                f"The key file {path} cannot be written: {error.strerror}.",
                "Rotate where it can be, and lay the file here.",
            ) from error
        self.learn()
        self.wrapping = wrapping

    def token(self, text: str) -> str:
        """Keyed hash for look-up (128 bits, hex): equal texts have equal tokens, no more."""
        return blake2b(text.encode(), key=self._lookup, digest_size=16).hexdigest()

    def chain(self, previous: bytes, first: int, leaves: bytes) -> bytes:
        """Link of the chain of appends: over the link before it, the place and the leaf hashes."""
        return hmac.digest(self._chain, previous + first.to_bytes(8, "big") + leaves, "sha256")


def _stamp(found: os.stat_result) -> tuple[int, int]:
    return found.st_ino, found.st_mtime_ns
