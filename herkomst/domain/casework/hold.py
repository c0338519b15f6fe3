"""A hold (bevriezing): one record is kept although its clock runs out, on a ground, until a day.

It names the record, the ground and an end. A hold on everything, or without an end, is what the
Council of State and the privacy authority rejected, so there is none. It ends by itself.
"""

from collections.abc import Sequence
from datetime import date
from functools import cache
from typing import Literal

import msgspec

from herkomst.domain.clocks import Keep
from herkomst.domain.events import EventData, Recorded, event
from herkomst.domain.tables import rows

RecordKind = Literal["presentation", "purchase", "stolen_item", "case"]
KINDS: tuple[RecordKind, ...] = ("presentation", "purchase", "stolen_item", "case")


@event
class Placed(EventData, frozen=True, kw_only=True):
    """A hold was placed on one record."""

    TOPIC = "privacy.hold.placed"

    by: str
    ground: str
    """Code of a row of the grounds for a hold."""
    hold: int
    """Number of the hold on its record."""
    kind: RecordKind
    record: str
    """Stream of the record, in hex."""
    unit: str
    until: str
    """Last legal date on which it holds."""
    why: bytes
    """Sealed."""


@event
class Lifted(EventData, frozen=True, kw_only=True):
    """A hold was lifted before its end."""

    TOPIC = "privacy.hold.lifted"

    by: str
    hold: int
    why: bytes
    """Sealed."""


class HoldRefused(Exception):
    """What cannot be held, or lifted, and how to mend it."""

    def __init__(self, code: str, message: str, cure: str) -> None:
        super().__init__(f"{message} {cure}")
        self.code, self.message, self.cure = code, message, cure


class Ground(msgspec.Struct, frozen=True):
    """A ground for a hold: a row of the table."""

    ground: str
    what: str
    longest_days: int
    source: str
    valid_from: date
    valid_to: date | None = None

    def holds(self, on: date) -> bool:
        return self.valid_from <= on and (self.valid_to is None or on <= self.valid_to)


class Hold(msgspec.Struct):
    """A hold as its events tell it."""

    number: int
    ground: str
    until: date
    lifted: bool = False

    def stands(self, on: date) -> bool:
        return not self.lifted and on <= self.until

    def keep(self) -> Keep:
        """As what puts destruction off."""
        return Keep("hold", f"hold {self.number}", self.ground, self.until)


@cache
def grounds() -> dict[str, Ground]:
    """The grounds by their codes."""
    found = (
        msgspec.convert({n: text or None for n, text in row.items()}, Ground, strict=False)
        for row in rows("hold_grounds")
    )
    return {each.ground: each for each in found}


def kind_of(name: str) -> RecordKind:
    """The kind of this name. Raises `HoldRefused` for what is not held."""
    for kind in KINDS:
        if kind == name:
            return kind
    raise HoldRefused(
        "kind",
        f"A record of the kind {name} is not held: it says why something was done, or rests on "
        "what can be held.",
        f"Hold one of these: {', '.join(KINDS)}.",
    )


def must_name(record: str | None, ground: str, until: date | None, on: date) -> date:
    """The end of a hold that names its record, a ground that allows it and an end. Raises
    `HoldRefused`."""
    if not record or until is None:
        raise HoldRefused(
            "blanket_hold",
            "A hold names one record and an end; this one names "
            f"{'no end' if record else 'no record'}.",
            "Name both: what must be kept, and until which day.",
        )
    allowed = grounds().get(ground)
    if allowed is None or not allowed.holds(on):
        raise HoldRefused(
            "hold_ground",
            f"{ground[:40]!r} is no ground for a hold.",
            f"Name one of {', '.join(sorted(grounds()))}.",
        )
    if not 0 <= (until - on).days <= allowed.longest_days:
        raise HoldRefused(
            "hold_end",
            f"On {ground} a hold ends from today to {allowed.longest_days} days from now.",
            "Name a day between; place another one when it is still needed then.",
        )
    return until


def folded(facts: Sequence[Recorded]) -> dict[int, Hold]:
    """The holds on one record by their numbers, also those that ended."""
    holds: dict[int, Hold] = {}
    for fact in facts:
        if isinstance(fact.data, Placed):
            until = date.fromisoformat(fact.data.until)
            holds[fact.data.hold] = Hold(fact.data.hold, fact.data.ground, until)
        elif isinstance(fact.data, Lifted):
            holds[fact.data.hold].lifted = True
    return holds


def lift(holds: dict[int, Hold], number: int, why: bytes, by: str, on: date) -> Lifted:
    """Raises `HoldRefused` unless that hold stands."""
    must_stand(holds, number, on)
    return Lifted(by=by, hold=number, why=why)


def must_stand(holds: dict[int, Hold], number: int, on: date) -> None:
    """Raises `HoldRefused`."""
    found = holds.get(number)
    if found is None or not found.stands(on):
        raise HoldRefused("no_hold", "No such hold stands.", "Send an id of `holds` that does.")
