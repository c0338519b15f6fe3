"""Erasure of a subject: ordered once, acknowledged by every store that held something."""

from datetime import datetime

import msgspec

from herkomst.domain.events import EventData, event


@event
class ErasureOrdered(EventData, frozen=True, kw_only=True):
    """The erasure of a subject was ordered."""

    TOPIC = "privacy.erasure.ordered"

    identities: tuple[str, ...]
    """Streams of the presented identities, in hex."""
    subject: str


@event
class ErasureAcknowledged(EventData, frozen=True, kw_only=True):
    """A store no longer holds the subject, or will not once its clock has run."""

    TOPIC = "privacy.erasure.acknowledged"

    clock: str
    """What must still happen before no file holds it, in words; empty when nothing must."""
    store: str


class Acknowledgement(msgspec.Struct, frozen=True):
    store: str
    acknowledged_at: datetime
    clock: str


class UnknownSubject(Exception):
    """Nobody is known under this name."""

    code = "unknown_subject"

    def __init__(self, subject: str) -> None:
        super().__init__(
            f"No identity is known as {subject!r}; a subject is seller:SOURCE:KEY, "
            "the identity presented with that purchase."
        )


def parse_subject(subject: str) -> tuple[str, str]:
    """Source and key of the purchase of `seller:SOURCE:KEY`. Raises `UnknownSubject`."""
    kind, _, rest = subject.partition(":")
    source, _, key = rest.partition(":")
    if kind != "seller" or not source or not key:
        raise UnknownSubject(subject)
    return source, key
