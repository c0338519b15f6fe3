"""Events as stored facts: an envelope that says who, on which ground and when, and typed data.

The stored bytes are canonical JSON (RFC 8785 without floats): `{"data":{…},"envelope":{…}}`.
Canonical order costs nothing because every struct declares its fields in alphabetical order,
which `tests/domain/test_events.py` holds all of them to. What is at its default is left out, so a
default, once committed, never changes. The version lies in the envelope and not in the topic;
an older version is lifted by `upcasts` when it is read and never rewritten.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, ClassVar, Generic, NamedTuple, TypeVar
from uuid import UUID

import msgspec

from herkomst.domain.calendar import Occurred

Upcast = Callable[[dict[str, Any]], dict[str, Any]]


class Envelope(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What every event says of itself, from the first one on: none of it can be added later."""

    actor: str
    """Who did it: `source:NAME`, `user:NAME` or `process:NAME`."""
    controller: str
    """Who answers for the data (verwerkingsverantwoordelijke)."""
    ground: str
    """Code of the legal ground (grondslag), such as `sr:437` or `wpg:8`."""
    handling: str = "open"
    """Handling code (afhandelingscode) of the owner: open, consent, confidential, closed."""
    id: str
    """uuid7 of the event, in hex."""
    occurred: Occurred
    """When it happened; when it was recorded is set by the database."""
    regime: str
    """`avg`, `wpg:ARTICLE` or `wjsg`: a property of the record, from its birth."""
    salt: bytes
    """16 random bytes, so that the hash of a leaf betrays nothing of its content."""
    unit: str
    """Owning unit."""
    v: int
    """Version of the data's shape under this topic."""


class EventData(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Base of what an event says; a subclass with a `TOPIC` is an event that can be stored."""

    TOPIC: ClassVar[str] = ""
    VERSION: ClassVar[int] = 1
    UPCASTS: ClassVar[Mapping[int, Upcast]] = {}
    """From version n to n + 1, over the decoded `data`."""


class Event(NamedTuple):
    """An event before it has a place in a stream."""

    stream: UUID
    data: EventData
    envelope: Envelope


class Recorded(msgspec.Struct, gc=False):
    """An event with its place in the record. What it says is decoded when it is first asked for,
    once for all who share it, because most of who follow a sequence pass most of it by."""

    position: int
    """Dense in its sequence, from 1."""
    stream: UUID
    version: int
    topic: str
    state: bytes
    """The canonical bytes."""
    recorded_at: datetime
    _data: EventData | None = None
    _envelope: Envelope | None = None

    @property
    def data(self) -> EventData:
        """What happened, in the current shape. Raises `UnknownTopic`, `UnknownVersion`."""
        if self._data is None:
            self._data = decode_data(self.topic, self.state)
        return self._data

    @property
    def envelope(self) -> Envelope:
        if self._envelope is None:
            self._envelope = _decode_envelope(self.state).envelope
        return self._envelope


class UnknownTopic(Exception):
    """An event of a topic that this version does not know."""

    code = "unknown_topic"

    def __init__(self, topic: str) -> None:
        super().__init__(
            f"No event is known under the topic {topic!r}: it was written by a newer version, "
            "or its module is not imported; run the version that wrote it."
        )


class UnknownVersion(Exception):
    """An event in a shape that this version does not know."""

    code = "unknown_version"

    def __init__(self, topic: str, version: int) -> None:
        super().__init__(
            f"Version {version} of {topic!r} is not known: it was written by a newer version; "
            "run the version that wrote it."
        )


D = TypeVar("D")


class Body(msgspec.Struct, Generic[D], frozen=True):
    data: D
    envelope: Envelope


class _Data(msgspec.Struct, Generic[D], frozen=True, gc=False):
    """A body of which the envelope is passed over unread."""

    data: D


class _Sealed(msgspec.Struct, frozen=True, gc=False):
    """A body of which the data are passed over unread."""

    envelope: Envelope


class _Codec(NamedTuple):
    kind: type[EventData]
    decode: Callable[[bytes], Body[Any]]
    decode_data: Callable[[bytes], _Data[Any]]
    suffix: bytes


_encode = msgspec.json.Encoder().encode
_decode_envelope = msgspec.json.Decoder(_Sealed).decode
_decode_any = msgspec.json.Decoder(Body[dict[str, Any]]).decode
_codecs: dict[str, _Codec] = {}
E = TypeVar("E", bound=type[EventData])


def event(kind: E) -> E:
    """Register a class under its explicit topic; a folder's name never reaches the database."""
    if not kind.TOPIC or kind.TOPIC in _codecs:
        raise TypeError(f"{kind.__qualname__} needs a topic of its own, has {kind.TOPIC!r}")
    _codecs[kind.TOPIC] = _Codec(
        kind,
        msgspec.json.Decoder(Body[kind]).decode,  # type: ignore[valid-type]
        msgspec.json.Decoder(_Data[kind]).decode,  # type: ignore[valid-type]
        b'"v":%d}}' % kind.VERSION,
    )
    return kind


def known_events() -> Mapping[str, type[EventData]]:
    """Every event class by its topic."""
    return {topic: codec.kind for topic, codec in _codecs.items()}


def encode(data: EventData, envelope: Envelope) -> bytes:
    """The canonical bytes that are stored, and that a ledger leaf hashes."""
    return b'{"data":%b,"envelope":%b}' % (_encode(data), _encode(envelope))


def decode(topic: str, state: bytes) -> Body[Any]:
    """The typed event, lifted to the current version. Raises `UnknownTopic`, `UnknownVersion`."""
    codec = _codec(topic)
    if _is_current(codec, state):
        return codec.decode(state)
    return _lifted(codec, state)


def decode_data(topic: str, state: bytes) -> Any:
    """What `decode` reads, without the envelope."""
    codec = _codec(topic)
    if _is_current(codec, state):
        return codec.decode_data(state).data
    return _lifted(codec, state).data


def must_know(topics: Iterable[str]) -> None:
    """Raises `UnknownTopic`, so that what nobody here can read is never taken for what somebody
    chose to pass by."""
    for topic in sorted(set(topics) - _codecs.keys()):
        raise UnknownTopic(topic)


def _codec(topic: str) -> _Codec:
    try:
        return _codecs[topic]
    except KeyError:
        raise UnknownTopic(topic) from None


def _is_current(codec: _Codec, state: bytes) -> bool:
    # `v` is the last key of canonical bytes, so the current version is told without a parse.
    return state.endswith(codec.suffix)


def _lifted(codec: _Codec, state: bytes) -> Body[Any]:
    body = _decode_any(state)
    if body.envelope.v > codec.kind.VERSION:
        raise UnknownVersion(codec.kind.TOPIC, body.envelope.v)
    data = body.data
    for version in range(body.envelope.v, codec.kind.VERSION):
        data = codec.kind.UPCASTS[version](data)
    return Body(msgspec.convert(data, codec.kind), body.envelope)
