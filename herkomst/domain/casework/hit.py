"""The hit (treffer): a lead, never proof. It is found by a process and decided by a person.

A stream holds what is known of one purchase line beside one stolen item. It may begin with an
earlier passage, which is provenance and no hit, and become a hit when the theft is amended.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import msgspec

from herkomst.domain.events import EventData, Upcast, event
from herkomst.domain.matching import Grade, Reason

State = Literal["passage", "found", "assessed", "confirmed", "rejected", "closed", "removed"]


def _as_compared(data: dict[str, Any]) -> dict[str, Any]:
    """Version 1 told numbers as they were compared, `class:normal`, and computed nothing."""
    return data


_FROM_1: Mapping[int, Upcast] = {1: _as_compared}


class Pair(msgspec.Struct, frozen=True, kw_only=True):
    """The two goods that are compared."""

    line: int
    purchase: str
    """Stream of the purchase, in hex."""
    purchase_key: str
    purchase_source: str
    stolen: str
    """Stream of the stolen item, in hex."""
    stolen_key: str
    stolen_source: str


class Finding(EventData, frozen=True, kw_only=True):
    """A verdict of the comparison, with what it rests on and what speaks against it."""

    VERSION: ClassVar[int] = 2
    UPCASTS: ClassVar[Mapping[int, Upcast]] = _FROM_1

    against: tuple[Reason, ...] = ()
    fingerprint: str
    """SHA-256 of the facts compared: a rejection holds for these facts only."""
    grade: str
    pair: Pair
    reasons: tuple[Reason, ...]
    rules: int
    """Version of the rules that gave the verdict."""
    score: int
    time: Literal["after", "unclear"]


@event
class Found(Finding, frozen=True, kw_only=True):
    """A hit was found."""

    TOPIC = "casework.hit.found"


@event
class Regraded(Finding, frozen=True, kw_only=True):
    """The facts changed and with them the grade, the time or the reasons."""

    TOPIC = "casework.hit.regraded"


@event
class Reopened(Finding, frozen=True, kw_only=True):
    """A hit that was closed, or rejected on other facts, stands again."""

    TOPIC = "casework.hit.reopened"


@event
class Suggested(Finding, frozen=True, kw_only=True):
    """A person looked at two goods that are alike by what is said of them: no machine found it.

    His decision follows at once. `rules` is the version of the comparison (`description.RULES`).
    """

    TOPIC = "casework.hit.suggested"
    VERSION: ClassVar[int] = 1
    UPCASTS: ClassVar[Mapping[int, Upcast]] = {}


@event
class SuggestionNoted(EventData, frozen=True, kw_only=True):
    """A suggestion of a stolen item was assessed for the first time. No number need lead from the
    one to the other, so this does when the report is withdrawn."""

    TOPIC = "casework.suggestion.noted"

    hit: str
    """Stream of the hit, in hex."""


@event
class Closed(EventData, frozen=True, kw_only=True):
    """The facts no longer make it a hit: withdrawn, recovered before, corrected away, flooded."""

    TOPIC = "casework.hit.closed"

    reason: str


@event
class PassageNoted(EventData, frozen=True, kw_only=True):
    """The same good was bought before the theft began: an earlier passage, never a hit."""

    TOPIC = "casework.passage.noted"
    VERSION: ClassVar[int] = 2
    UPCASTS: ClassVar[Mapping[int, Upcast]] = _FROM_1

    pair: Pair
    reasons: tuple[Reason, ...]


@event
class Assessed(EventData, frozen=True, kw_only=True):
    """A person looked at the hit and took it up."""

    TOPIC = "casework.hit.assessed"

    note: bytes | None = None
    """Sealed."""


@event
class Confirmed(EventData, frozen=True, kw_only=True):
    """A person confirmed the hit; it says nothing of who owns the good. Whether the signal of the
    report stands is answered by the unit that owns it (`sequel`)."""

    TOPIC = "casework.hit.confirmed"

    note: bytes | None = None


@event
class Rejected(EventData, frozen=True, kw_only=True):
    """A person rejected the hit on the facts as they were compared."""

    TOPIC = "casework.hit.rejected"

    fingerprint: str
    note: bytes | None = None
    reason: Literal["other_good", "wrong_number", "lawful_sale", "placeholder", "other"]


@event
class Removed(EventData, frozen=True, kw_only=True):
    """Nothing is kept for it any more (vernietiging, art. 14 Wpg): it is found nowhere, and never
    found again. What it said of goods stays in the record, which names no person."""

    TOPIC = "casework.hit.removed"

    because: str
    order: str
    """Stream of the order that each store acknowledges, in hex."""


@event
class NumberFlooded(EventData, frozen=True, kw_only=True):
    """A number stands on too many goods of one side to identify any; a person should look."""

    TOPIC = "casework.number.flooded"

    closed: bool = False
    """Whether it does so only together with goods of which not even the existence is told."""
    key: str
    side: Literal["purchase", "stolen"]


@event
class NumberCleared(EventData, frozen=True, kw_only=True):
    """A flooded number stands on few goods again."""

    TOPIC = "casework.number.cleared"

    closed: bool = False
    key: str
    side: Literal["purchase", "stolen"]


class HitClosed(Exception):
    """Nothing can be decided on a hit whose facts are gone."""

    code = "hit_closed"


class Hit(msgspec.Struct):
    """A pair as its events tell it."""

    state: State
    pair: Pair
    version: int = 1
    finding: Finding | None = None
    rejected: str | None = None
    """Fingerprint of the facts that a person rejected: of numbers, by which it was found."""
    rejected_suggestion: str | None = None
    """The same of what is said of the goods, which he was asked about. One rejection never takes
    the other's place: facts of two kinds are compared."""

    suggestion: Suggested | None = None
    """What a person took up by what is said of the goods, to which it goes back when a number that
    showed it does so no more."""

    @property
    def stands(self) -> bool:
        return self.state in ("found", "assessed", "confirmed")

    @property
    def is_suggestion(self) -> bool:
        """Whether it rests on what is said of the goods, and a person took it up."""
        return self.finding is not None and self.finding.grade == Grade.SUGGESTION

    def suggest(self, found: Suggested) -> Suggested | None:
        """What must be recorded before a person decides on a suggestion; None where it stands on
        these facts already. Raises `HitClosed` where it is a hit on a number, or was removed."""
        if self.state == "removed":
            raise HitClosed("Nothing is kept for this pair any more; it cannot be decided on.")
        if not self.stands:
            return found
        if not self.is_suggestion:
            raise HitClosed("A number shows it by now: it is a hit, and is decided on as one.")
        assert self.finding is not None
        return None if self.finding.fingerprint == found.fingerprint else found

    def assess(self) -> Assessed:
        self._must_be_open()
        return Assessed()

    def confirm(self) -> Confirmed:
        self._must_be_open()
        return Confirmed()

    def reject(
        self, reason: Literal["other_good", "wrong_number", "lawful_sale", "placeholder", "other"]
    ) -> Rejected:
        finding = self._must_be_open()
        return Rejected(fingerprint=finding.fingerprint, reason=reason)

    def _must_be_open(self) -> Finding:
        if self.finding is None or self.state in ("closed", "passage", "removed"):
            raise HitClosed("The facts that made this a hit are gone; it cannot be decided on.")
        return self.finding


_DECISIONS: dict[type[EventData], State] = {
    Assessed: "assessed",
    Confirmed: "confirmed",
    Rejected: "rejected",
    Closed: "closed",
    Removed: "removed",
}


def evolve(state: Hit | None, data: EventData) -> Hit:
    """The pair after this event."""
    if isinstance(data, PassageNoted):
        if state is None:
            return Hit("passage", data.pair)
        state.state, state.suggestion = "passage", None
    elif isinstance(data, Finding):
        suggestion = data if isinstance(data, Suggested) else None
        if state is None:
            return Hit("found", data.pair, finding=data, suggestion=suggestion)
        if not isinstance(data, Regraded):
            state.state = "found"
        state.finding, state.suggestion = data, suggestion or state.suggestion
    elif state is None:
        raise ValueError(f"a pair cannot begin with {data.TOPIC}")
    else:
        state.state = _DECISIONS[type(data)]
        if isinstance(data, Rejected | Closed | Removed):
            state.suggestion = None
        if isinstance(data, Rejected):
            if state.is_suggestion:
                state.rejected_suggestion = data.fingerprint
            else:
                state.rejected = data.fingerprint
    state.version += 1
    return state
