"""An alert (signalering): what is to be told of when the register next says it, for a case.

It is set with a dry run behind it, which says how often it would have fired in the year before and
what came of that; only then may it be activated. It has an owner, a case, a channel and an end
date, and is withdrawn (afsignalering) or lapses. What fires is folded into sightings, one of a
subject. While it is muted, or somebody in it is, what fires is counted and not told.

It tells that something was seen, and nothing of anybody: no firing is a verdict or a score.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, Literal

import msgspec

from herkomst.domain.calendar import legal_date
from herkomst.domain.casework.predicates import Kind, PredicateRefused
from herkomst.domain.casework.terms import longest_alert
from herkomst.domain.events import EventData, Recorded, event
from herkomst.domain.rules import end_of

Channel = Literal["case"]
"""Where it is told: in the list of the case, which may be watched."""
State = Literal["set", "active", "withdrawn", "lapsed"]
Answer = Literal["useful", "not_useful", "in_hand"]
"""What a sighting was worth, which is what the alert is judged by, or that somebody is at it."""
CLOSING: Final[tuple[Answer, ...]] = ("useful", "not_useful")
"""Answers after which the next firing about the same subject is a new sighting."""


class DryRun(msgspec.Struct, frozen=True, kw_only=True):
    """How often an alert would have fired in a period, and with what result. No figure of it stands
    alone: a share is of the firings."""

    confirmed: int
    """Firings on goods of which a person confirmed a hit."""
    firings: int
    hits: int
    """Firings on goods with a hit that stands or was decided on, whatever became of it."""
    persons: int
    """Persons that are told apart, by the same name and birth date or address."""
    purchases: int
    register: int
    """Position in the register at which it holds."""
    rejected: int
    """Firings on goods of which every hit was rejected."""
    since: str
    """First moment in UTC of the period, by when goods were acquired."""
    subjects: int
    """What it comes to when firings about one subject are folded and nobody answers."""
    until: str
    """First moment in UTC behind the period."""


@event
class AlertSet(EventData, frozen=True, kw_only=True):
    """Somebody who works in a case set an alert, which is not active yet."""

    TOPIC = "casework.alert.set"

    article: str
    """Ground on which it was set, such as `wpg:9`."""
    by: str
    """Its owner."""
    case: str
    """Stream of the case that is its purpose, in hex."""
    channel: Channel
    dry_run: DryRun
    kind: Kind
    predicate: bytes
    """Sealed: words may name somebody."""
    role: str
    unit: str
    until: str
    """First moment in UTC at which it is over."""
    why: bytes
    """Sealed; so on every event here."""


@event
class AlertActivated(EventData, frozen=True, kw_only=True):
    """It fires from now on, on what the register says after a position."""

    TOPIC = "casework.alert.activated"

    by: str
    case: str
    register: int
    """Position of the last event of the register that it does not fire on."""


@event
class AlertMuted(EventData, frozen=True, kw_only=True):
    """What fires is not told until a moment: all of it, or what is about one subject."""

    TOPIC = "casework.alert.muted"

    by: str
    case: str
    subject: str | None = None
    """Stream of a purchase that is about the subject, in hex; None is all."""
    until: str
    """First moment in UTC at which it is told again."""
    why: bytes


@event
class AlertUnmuted(EventData, frozen=True, kw_only=True):
    """A mute ended before its time."""

    TOPIC = "casework.alert.unmuted"

    by: str
    case: str
    mute: int
    """Version of the event that muted."""
    why: bytes


@event
class AlertWithdrawn(EventData, frozen=True, kw_only=True):
    """It fires no more (afsignalering)."""

    TOPIC = "casework.alert.withdrawn"

    by: str
    case: str
    why: bytes


@event
class AlertLapsed(EventData, frozen=True, kw_only=True):
    """Its end date came."""

    TOPIC = "casework.alert.lapsed"

    case: str
    until: str


@event
class AlertFired(EventData, frozen=True, kw_only=True):
    """What an alert looks for was seen, on a stream of its own: it fires once on a good."""

    TOPIC = "casework.alert.fired"

    alert: str
    """Stream of the alert, in hex."""
    case: str
    line: int
    """Of the purchase; 0 is the purchase as a whole."""
    muted: bool
    """Whether it was counted and not told."""
    purchase: str
    """Stream of the purchase, in hex."""
    sighting: str | None = None
    """Stream of the firing that began the sighting which it is folded into, in hex; None where it
    was muted."""


@event
class SightingAnswered(EventData, frozen=True, kw_only=True):
    """Somebody who works in the case said what a sighting was worth."""

    TOPIC = "casework.sighting.answered"

    answer: Answer
    by: str
    case: str
    why: bytes
    """Sealed with the key of the sighting."""


Said = AlertSet | AlertActivated | AlertMuted | AlertUnmuted | AlertWithdrawn | AlertLapsed
"""What stands on the stream of an alert."""


class AlertRefused(PredicateRefused):
    """What cannot be done with an alert or a sighting as it stands, and how to mend it."""


class Mute(msgspec.Struct):
    """A mute, as its events tell it."""

    subject: str | None
    until: datetime


class Alert(msgspec.Struct):
    """An alert as its events tell it. Its methods say what may happen next."""

    state: State | None = None
    """None when there is none."""
    case: str = ""
    by: str = ""
    until: datetime | None = None
    ran_at: datetime | None = None
    """When the dry run behind it was done."""
    mutes: dict[int, Mute] = {}
    """Those that nobody ended, by the version of the event that began them."""

    def is_over(self, now: datetime) -> bool:
        return self.until is not None and self.until <= now

    def has_lapsed(self, now: datetime) -> bool:
        """Whether its end date came, and nothing says so yet."""
        return self.state in ("set", "active") and self.is_over(now)

    def activate(self, by: str, register: int, now: datetime) -> AlertActivated:
        """Let it fire on what the register says after this position. Raises `AlertRefused`."""
        self._must_stand(now)
        if self.state == "active":
            raise AlertRefused("already_active", "It is active already.", "Nothing need be done.")
        assert self.ran_at is not None
        if end_of("alert_dry_run_days", self.ran_at) <= now:
            raise AlertRefused(
                "dry_run_old",
                "The dry run behind it says nothing of these days any more.",
                "Withdraw it and set it anew: that does the dry run again.",
            )
        return AlertActivated(by=by, case=self.case, register=register)

    def mute(
        self, by: str, subject: str | None, until: datetime, why: bytes, now: datetime
    ) -> AlertMuted:
        """Count what fires, and do not tell it. Raises `AlertRefused`."""
        self._must_stand(now)
        assert self.until is not None
        if not now < until <= self.until:
            raise AlertRefused(
                "until",
                "A mute ends after now, and not after the alert.",
                "Name a moment before its end, or withdraw it.",
            )
        if any(m.subject == subject and now < m.until for m in self.mutes.values()):
            raise AlertRefused(
                "already_muted", "It is muted already.", "Unmute it to mute it otherwise."
            )
        return AlertMuted(by=by, case=self.case, subject=subject, until=_written(until), why=why)

    def unmute(self, by: str, mute: int, why: bytes, now: datetime) -> AlertUnmuted:
        """End a mute before its time. Raises `AlertRefused`."""
        self._must_stand(now)
        found = self.mutes.get(mute)
        if found is None or found.until <= now:
            raise AlertRefused("not_muted", "There is no such mute, or it ended.", "Look again.")
        return AlertUnmuted(by=by, case=self.case, mute=mute, why=why)

    def withdraw(self, by: str, why: bytes, now: datetime) -> AlertWithdrawn:
        """Raises `AlertRefused`."""
        self._must_stand(now)
        return AlertWithdrawn(by=by, case=self.case, why=why)

    def _must_stand(self, now: datetime) -> None:
        if self.state not in ("set", "active") or self.is_over(now):
            raise AlertRefused(
                "alert_over", "The alert was withdrawn, or its end date came.", "Set it anew."
            )


class Sighting(msgspec.Struct):
    """Firings about one subject, as the stream of the first of them tells it."""

    case: str = ""
    answer: Answer | None = None

    def say(self, answer: Answer, by: str, why: bytes) -> SightingAnswered:
        """What it was worth. Raises `AlertRefused`."""
        if self.answer == answer:
            raise AlertRefused(
                "already_answered", f"It was answered already: {answer}.", "Nothing need be done."
            )
        return SightingAnswered(answer=answer, by=by, case=self.case, why=why)


def must_end(article: str, until: datetime, now: datetime) -> None:
    """Raises `AlertRefused` where an alert would not end, or later than may be on its article."""
    longest = longest_alert(article, legal_date(now))
    if longest is None:
        raise AlertRefused(
            "article", f"No alert is set on {article}.", "Act on the article of the case."
        )
    if not now < until <= longest.end(now):
        length, unit = longest.counted
        raise AlertRefused(
            "until",
            f"On {article} an alert lasts at most {length} {unit}{'s' if length > 1 else ''}.",
            "Name a moment within that; it can be set anew while the need is there.",
        )


def folded(facts: Sequence[Recorded]) -> Alert:
    """An alert after these events."""
    alert = Alert()
    for fact in facts:
        data = fact.data
        if isinstance(data, AlertSet):
            alert.state, alert.case, alert.by = "set", data.case, data.by
            alert.until = datetime.fromisoformat(data.until)
            alert.ran_at = fact.recorded_at
        elif isinstance(data, AlertActivated):
            alert.state = "active"
        elif isinstance(data, AlertMuted):
            alert.mutes[fact.version] = Mute(data.subject, datetime.fromisoformat(data.until))
        elif isinstance(data, AlertUnmuted):
            del alert.mutes[data.mute]
        elif isinstance(data, AlertWithdrawn):
            alert.state = "withdrawn"
        elif isinstance(data, AlertLapsed):
            alert.state = "lapsed"
    return alert


def folded_sighting(facts: Sequence[Recorded]) -> Sighting:
    """A sighting after these events."""
    sighting = Sighting()
    for fact in facts:
        if isinstance(fact.data, AlertFired):
            sighting.case = fact.data.case
        elif isinstance(fact.data, SightingAnswered):
            sighting.answer = fact.data.answer
    return sighting


def _written(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")
