"""The keys that lie outside the database: wrapping, look-up and chain.

They are one file, mode 0600. Who has the database without it reads no name, finds no person by a
hash, and cannot make a chain of appends that holds. Wrapping keys are numbered, so that rotation
adds one and re-wraps; the two others stay, because tokens and chains are compared over years.
"""

import hmac
import os
from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Annotated

import msgspec


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

    def __init__(self, content: _File) -> None:
        self.wrapping: Mapping[int, bytes] = content.wrapping
        self.current = max(content.wrapping)
        self._lookup = content.lookup
        self._chain = content.chain

    def __repr__(self) -> str:
        return f"Keyring(current={self.current})"

    @classmethod
    def open(cls, path: Path) -> "Keyring":
        """Raises `KeyringError` when the file is missing, broken or readable by others."""
        try:
            mode = path.stat().st_mode
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
        if mode & 0o077:
            raise KeyringError(
                "keyring_exposed", f"Others may read the key file {path}.", f"Run chmod 600 {path}."
            )
        return cls(content)

    @classmethod
    def create(cls, path: Path) -> "Keyring":
        """Open the file, made with fresh keys when it does not exist. Safe beside another maker."""
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            content = _File({1: os.urandom(32)}, os.urandom(32), os.urandom(32))
            # Not named by the process alone: in a container each is number 1, the killed one too.
            draft = path.with_name(f"{path.name}.{os.getpid()}-{os.urandom(4).hex()}")
            handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(msgspec.json.encode(content))
                file.flush()
                os.fsync(file.fileno())
            try:
                os.link(draft, path)  # Fails where another process was first; then its keys hold.
            except FileExistsError:
                pass
            finally:
                draft.unlink()
            _sync(path.parent)  # Before anything is sealed with keys that a power cut could take.
        return cls.open(path)

    def token(self, text: str) -> str:
        """Keyed hash for look-up (128 bits, hex): equal texts have equal tokens, no more."""
        return blake2b(text.encode(), key=self._lookup, digest_size=16).hexdigest()

    def chain(self, previous: bytes, first: int, leaves: bytes) -> bytes:
        """Link of the chain of appends: over the link before it, the place and the leaf hashes."""
        return hmac.digest(self._chain, previous + first.to_bytes(8, "big") + leaves, "sha256")


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
