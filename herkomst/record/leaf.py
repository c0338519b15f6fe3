"""The leaf of an event: what the chain of appends, and later the ledger, hash of it.

SHA-256 over a zero byte (RFC 6962's leaf prefix), the stream, the version, the moment of recording
in microseconds since 1970, the length of the topic, the topic and the canonical bytes. The bytes
hold the salt, so a leaf betrays nothing of what may be guessed.
"""

from hashlib import sha256
from struct import Struct

SIZE = 32
_head = Struct(">c16sqqH").pack


def leaf(stream: bytes, version: int, recorded_us: int, topic: bytes, state: bytes) -> bytes:
    """Hash of one event; `recorded_us` is its moment of recording in µs since 1970 UTC."""
    return sha256(_head(b"\0", stream, version, recorded_us, len(topic)) + topic + state).digest()
