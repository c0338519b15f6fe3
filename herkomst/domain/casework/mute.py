"""The mute of a number that identifies nothing: 123456, or a model number as serial number.

A person who rejects a hit because its number is a placeholder may mute it, within a brand or
whatever the brand is, with a reason and an end. While it is muted it founds no new hit; hits that
stand stay, for a person to decide. What it withheld is told, pair by pair, so it is never silent.

A mute holds for what the register says after it was said, and before its end: which events those
are is in its own events, and does not hang on when somebody looks.
"""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from herkomst.domain.events import EventData, Recorded, event
from herkomst.domain.rules import end_of


@event
class NumberMuted(EventData, frozen=True, kw_only=True):
    """A person muted a number. Its stream is that of the number."""

    TOPIC = "casework.number.muted"

    brand: str | None = None
    """Normal form of the brand within which it is; None for any."""
    by: str
    closed: bool = False
    """Whether it was muted on a good of which not even the existence is told: it then withholds
    hits on such goods alone, because others would notice."""
    hit: str
    """Stream of the hit that was rejected, in hex: who is told of it is told of the mute."""
    key: str
    """Where goods meet on it; of a sealed number a keyed hash."""
    mute: str
    """Id of the mute and of its data key, in hex: made up, because one that counts what is on a
    number would tell of what is closed."""
    register: int
    """Position of the last event of the register that it does not hold for."""
    until: str
    """First moment in UTC at which it no longer holds."""
    why: bytes
    """Sealed."""


@event
class NumberUnmuted(EventData, frozen=True, kw_only=True):
    """A person lifted a mute before its end."""

    TOPIC = "casework.number.unmuted"

    by: str
    mute: str
    register: int
    """Position of the last event of the register that it holds for."""
    why: bytes
    """Sealed."""


@event
class NumberMuteLapsed(EventData, frozen=True, kw_only=True):
    """A mute came to its end."""

    TOPIC = "casework.number.mute_lapsed"

    mute: str
    until: str


@event
class NumberWithheld(EventData, frozen=True, kw_only=True):
    """A pair was no hit because of a mute; said once of each pair."""

    TOPIC = "casework.number.withheld"

    mute: str
    pair: str
    """Stream of the pair, in hex."""
    stolen: str
    """Stream of the stolen item, in hex."""


class MuteRefused(Exception):
    """What cannot be muted or lifted as it stands, and how to mend it."""

    def __init__(self, code: str, message: str, cure: str) -> None:
        super().__init__(f"{message} {cure}")
        self.code, self.message, self.cure = code, message, cure


class Mute(msgspec.Struct):
    """One mute of a number."""

    said: NumberMuted
    until: datetime
    lifted: int | None = None
    """Position of the register after which it holds no more."""
    lapsed: bool = False
    withheld: set[str] = msgspec.field(default_factory=set)
    """Streams of pairs."""

    def runs(self, now: datetime) -> bool:
        return self.lifted is None and not self.lapsed and now < self.until

    def holds(self, position: int | None, moment: datetime) -> bool:
        """Whether it holds for an event of the register at this position, recorded at this moment;
        without a position, for what is judged now."""
        if moment >= self.until:
            return False
        if position is None:
            return self.lifted is None
        return self.said.register < position and (self.lifted is None or position <= self.lifted)

    def covers(self, brand: str | None, *, closed: bool) -> bool:
        """Whether it is for a pair of goods of a brand, whose stolen good may be closed."""
        return self.said.brand in (None, brand) and self.said.closed <= closed


class Mutes(msgspec.Struct):
    """The mutes of one number, by their ids."""

    of: dict[str, Mute] = msgspec.field(default_factory=dict)

    def mute(self, said: NumberMuted, now: datetime) -> NumberMuted:
        """Raises `MuteRefused`."""
        until = datetime.fromisoformat(said.until)
        if not now < until <= end_of("number_mute_days", now):
            raise MuteRefused(
                "until",
                "A number is muted for a year at most.",
                "Name a moment within that; it can be muted anew while the need is there.",
            )
        for other in self.of.values():
            if other.runs(now) and other.covers(said.brand, closed=said.closed):
                raise MuteRefused(
                    "muted", "This number is muted already.", "Look at `mutedNumbers`."
                )
        return said

    def unmute(self, said: NumberUnmuted, now: datetime) -> NumberUnmuted:
        """Raises `MuteRefused`."""
        mute = self.of.get(said.mute)
        if mute is None or not mute.runs(now):
            raise MuteRefused("ended", "This mute has ended.", "Nothing need be done.")
        return said

    def lapsing(self, now: datetime) -> list[NumberMuteLapsed]:
        """What is to be said of those whose end has come."""
        return [
            NumberMuteLapsed(mute=which, until=mute.said.until)
            for which, mute in self.of.items()
            if mute.lifted is None and not mute.lapsed and mute.until <= now
        ]


def folded(facts: Sequence[Recorded]) -> Mutes:
    """The mutes of a number after these events."""
    mutes = Mutes()
    for fact in facts:
        data = fact.data
        if isinstance(data, NumberMuted):
            mutes.of[data.mute] = Mute(data, datetime.fromisoformat(data.until))
        elif isinstance(data, NumberUnmuted):
            mutes.of[data.mute].lifted = data.register
        elif isinstance(data, NumberMuteLapsed):
            mutes.of[data.mute].lapsed = True
        elif isinstance(data, NumberWithheld):
            mutes.of[data.mute].withheld.add(data.pair)
    return mutes
