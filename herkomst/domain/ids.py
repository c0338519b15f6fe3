"""Identities of streams.

What a source names gets a uuid5 of (register, source, key), so that the same key always means the
same stream and uniqueness needs no look-up. The parts are encoded as a JSON array before hashing:
joined with a separator, two different pairs of parts could collide.
"""

from functools import lru_cache
from hashlib import sha1
from uuid import UUID

import msgspec

HERKOMST = UUID("6f3b1c0e-6d0a-5b5e-9a53-2f0c6f2f6b10")
_NAMESPACE = HERKOMST.bytes
_encode = msgspec.json.Encoder().encode
_VERSION_5 = (0xC000 << 48) | (0xF000 << 64)
_BITS_5 = (0x8000 << 48) | (5 << 76)


def named(*parts: str | int) -> UUID:
    """The uuid5 of these parts in the namespace of the product."""
    digest = sha1(_NAMESPACE + _encode(parts), usedforsecurity=False).digest()
    return UUID(int=int.from_bytes(digest[:16], "big") & ~_VERSION_5 | _BITS_5)


@lru_cache(maxsize=1 << 15)
def dealer_id(source: str, key: str) -> UUID:
    """Stream of a dealer (handelaar, opkoper)."""
    return named("dealer", source, key)


@lru_cache(maxsize=1 << 15)
def establishment_id(dealer_source: str, dealer_key: str, branch: str | None) -> UUID:
    """An establishment (vestiging); also the stream of its book of register numbers."""
    return named("establishment", dealer_source, dealer_key, branch or "")


def purchase_id(source: str, key: str) -> UUID:
    """Stream of a purchase (inkoop) with its lines."""
    return named("purchase", source, key)


def presentation_id(purchase: UUID) -> UUID:
    """Stream of the identity presented with a purchase: one a purchase, whoever the person is."""
    return UUID(int=purchase.int ^ 0x1D)


def purchase_of(presentation: UUID) -> UUID:
    """The purchase at which an identity was presented; its data key opens the identity."""
    return presentation_id(presentation)  # The mapping is its own inverse.


def stolen_item_id(source: str, key: str) -> UUID:
    """Stream of one stolen item (gestolen goed); a report may have several."""
    return named("stolen_item", source, key)


def pair_id(purchase: UUID, line: int, stolen: UUID) -> UUID:
    """Stream of what is known of one purchase line beside one stolen item: a hit, or a passage."""
    return named("pair", purchase.hex, line, stolen.hex)


def sequel_of(hit: UUID) -> UUID:
    """Stream of what follows a hit: the answer of who owns the report, and what keeps the good."""
    return named("sequel", hit.hex)


def measure_id(sequel: UUID, version: int) -> UUID:
    """One part of a sequel, by the event that began it; also its data key."""
    return named("measure", sequel.hex, version)


def suggestions_of(stolen: UUID) -> UUID:
    """Stream that tells which suggestions of a stolen item people took up or rejected."""
    return named("suggestions", stolen.hex)


def kept_of(purchase: UUID) -> UUID:
    """Stream that tells which hits are on found goods of a purchase, which are not sold on."""
    return named("kept", purchase.hex)


def number_id(key: str) -> UUID:
    """Stream of a comparison key that stands on many goods."""
    return named("number", key)


def cases_of(year: int) -> UUID:
    """Stream that numbers the cases of a year: the version is the number, without a gap."""
    return named("cases", year)


def secret_cases_of(year: int) -> UUID:
    """The same of those cases of a year that are not told to exist."""
    return named("secret_cases", year)


def entry_id(case: UUID, *parts: str | int) -> UUID:
    """A row that belongs to a case: what stands there is told by the parts."""
    return named("case_entry", case.hex, *parts)


def reveals_of(officer: str, day: str) -> UUID:
    """Stream of the identities that were revealed to an officer on a legal day."""
    return named("reveals", officer, day)


def glass_of(officer: str) -> UUID:
    """Stream of the glass that an officer broke, each time."""
    return named("glass", officer)


def glass_id(glass: UUID, version: int) -> UUID:
    """One time that it was broken, by the event that began it; also its data key."""
    return named("glass", glass.hex, version)


def firing_id(alert: UUID, purchase: UUID, line: int) -> UUID:
    """Stream of what one alert said of a purchase or a line of it; also of the sighting that it
    began."""
    return named("firing", alert.hex, purchase.hex, line)


def reveal_id(reveals: UUID, version: int) -> UUID:
    """One of them."""
    return named("reveal", reveals.hex, version)


def request_of(record: UUID, purpose: str) -> UUID:
    """Stream of what was asked of one record for one purpose, each time."""
    return named("access", record.hex, purpose)


def request_id(stream: UUID, version: int) -> UUID:
    """One time that it was asked for, by the event that began it."""
    return named("access_request", stream.hex, version)


def mention_id(stream: UUID, version: int) -> UUID:
    """That an event of this stream tells of another record."""
    return named("mention", stream.hex, version)


def told_of(record: UUID, officer: str, purpose: str, good: str) -> UUID:
    """Stream of what the owner of a record is told of one officer, his purpose and a good."""
    return named("told", record.hex, officer, purpose, good)


def authorisations_of(subject: str) -> UUID:
    """Stream of what was ever granted to one subject."""
    return named("authorisations", subject)


def authorisation_id(stream: UUID, grant: str) -> UUID:
    """One authorisation of a subject."""
    return named("authorisation", stream.hex, grant)


def erasure_id(subject: str) -> UUID:
    """Stream of the erasure of one subject."""
    return named("erasure", subject)


def keeping_of(record: UUID) -> UUID:
    """Stream of what may be done with the key of a record; that of an identity is told on its
    own."""
    return named("keeping", record.hex)


def journal_keeping() -> UUID:
    """Stream of what was destroyed of the journal."""
    return named("journal_keeping")


def holds_of(record: UUID) -> UUID:
    """Stream of the holds on one record."""
    return named("holds", record.hex)


def hold_id(holds: UUID, number: int) -> UUID:
    """One of them."""
    return named("hold", holds.hex, number)


def staff_id(kind: str, source: str, key: str) -> UUID:
    """Stream of what the feed of personnel and cases tells: an officer, a case, a task, a duty."""
    return named("personnel", kind, source, key)


def read_id(source: str, key: str) -> UUID:
    """Stream of a read that is rehearsed; a real one has a stream of its own from birth."""
    return named("read", source, key)


def review_id(read: UUID) -> UUID:
    """Stream of the review (beoordeling) of one read."""
    return named("review", read.hex)


def openings_id() -> UUID:
    """Stream of the queues that were opened; the version is the number of an opening."""
    return named("reviews")


def rehearsal_id() -> UUID:
    """Stream that tells which files of a rehearsal were taken in."""
    return named("rehearsal")
