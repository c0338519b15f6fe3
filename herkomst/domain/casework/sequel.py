"""What follows a hit (vervolg op een treffer): the unit that owns the report answers whether its
signal stands, and only then is anything done about the good.

Three things keep a good where it is, and each has its own power, issuer and term: the holding
period of the municipality, which runs by itself; the written order to keep (bevel tot bewaring);
and seizure (inbeslagneming). An order is released or lapses. A seized good goes back by a decision
of the prosecutor, in a way that has terms of its own, and that may be contested meanwhile.

None of it says who owns the good, or of whom anything is suspected. This is no hold on destruction,
which `hold` is about.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Literal, TypeVar

import msgspec

from herkomst.domain.calendar import Unit, end_of_term, legal_date, start_of
from herkomst.domain.casework import terms
from herkomst.domain.casework.hit import Hit
from herkomst.domain.casework.hit import evolve as evolve_hit
from herkomst.domain.events import EventData, Recorded, event

Verdict = Literal["stands", "recovered", "withdrawn", "other_good", "unclear"]
"""What the owner of a report says of its signal: that it stands and is about this good; that the
good was recovered, or the report withdrawn; that it is another good; that he cannot tell."""
Kind = Literal["period", "order", "seizure"]
State = Literal[
    "running",
    "announced",
    "returnable",
    "contested",
    "released",
    "returned",
    "seized",
    "lapsed",
]
"""Of a measure. A seizure whose return was announced is `announced` while somebody may complain,
and `returnable` after; an order is `seized` when the good was."""
Party = Literal["holder", "entitled", "other"]
Outcome = Literal["upheld", "dismissed", "withdrawn"]
Ended = Literal["period", "order", "objection"]
RUNS: tuple[State, ...] = ("running", "announced", "returnable", "contested")
"""States in which a measure keeps the good where it is."""


class Authority(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who decided, and as what he was allowed to at that moment."""

    authorised_until: str | None = None
    """When the authorisation that he acted under ends, in UTC; None by development login."""
    by: str
    case: str | None = None
    """Stream of the case that was the purpose, in hex."""
    policy: str
    """Version of the policy that allowed it."""
    purpose: str
    role: str
    unit: str


@event
class SignalAnswered(EventData, frozen=True, kw_only=True):
    """The unit that owns the report said whether its signal stands."""

    TOPIC = "casework.sequel.signal_answered"

    authority: Authority
    facts: str
    """Fingerprint of the finding that it was said of; so on every event here."""
    hit: str
    """Stream of the hit, in hex."""
    owner: str
    """The unit that owns the report."""
    verdict: Verdict
    why: bytes
    """Sealed; so on every event here."""


@event
class PeriodBegan(EventData, frozen=True, kw_only=True):
    """The holding period of the municipality runs for the good, by itself."""

    TOPIC = "casework.sequel.period_began"

    facts: str
    hit: str
    issuer: str
    """Code of the municipality; `*` where it is not known."""
    length: int
    power: str
    since: str
    """Legal date from which it is counted, which is not counted."""
    unit: Unit
    until: str
    """First moment in UTC after it; so on every event here."""


@event
class OrderIssued(EventData, frozen=True, kw_only=True):
    """An officer ordered the dealer in writing to keep the good (art. 437(1)(f) Sr)."""

    TOPIC = "casework.sequel.order_issued"

    authority: Authority
    facts: str
    hit: str
    issuer: str
    """The officer who signed it."""
    length: int
    power: str
    since: str
    unit: Unit
    until: str
    why: bytes


@event
class GoodSeized(EventData, frozen=True, kw_only=True):
    """The good was seized (art. 94 Sv)."""

    TOPIC = "casework.sequel.good_seized"

    authority: Authority
    facts: str
    hit: str
    issuer: str
    """The officer who seized it."""
    keeper: str | None = None
    """Where it is kept (bewaarder)."""
    power: str
    receipt: str
    """Number of the notice of seizure (kennisgeving van inbeslagneming)."""
    since: str
    why: bytes


@event
class OrderReleased(EventData, frozen=True, kw_only=True):
    """An officer let the order end before its term."""

    TOPIC = "casework.sequel.order_released"

    authority: Authority
    facts: str
    hit: str
    measure: int
    """Version of the event that began the measure; so on every event here."""
    why: bytes


@event
class ReturnAnnounced(EventData, frozen=True, kw_only=True):
    """The prosecutor gave notice that the good is to go to another than it was seized from."""

    TOPIC = "casework.sequel.return_announced"

    authority: Authority
    facts: str
    hit: str
    length: int
    measure: int
    noticed_on: str
    """Legal date of the notice, from which the term for a complaint is counted."""
    power: str
    unit: Unit
    until: str
    way: str
    why: bytes


@event
class ReturnContested(EventData, frozen=True, kw_only=True):
    """Somebody complained of the seizure, or of what is to become of the good (art. 552a Sv)."""

    TOPIC = "casework.sequel.return_contested"

    authority: Authority
    complaint: str
    """Number of the complaint at the court (raadkamernummer)."""
    facts: str
    hit: str
    lodged_on: str
    measure: int
    party: Party
    why: bytes


@event
class ComplaintDecided(EventData, frozen=True, kw_only=True):
    """The court decided on the complaint, or it was withdrawn."""

    TOPIC = "casework.sequel.complaint_decided"

    authority: Authority
    decided_on: str
    facts: str
    hit: str
    measure: int
    outcome: Outcome
    why: bytes


@event
class GoodReturned(EventData, frozen=True, kw_only=True):
    """The prosecutor decided that the good goes back, and to whom."""

    TOPIC = "casework.sequel.good_returned"

    authority: Authority
    facts: str
    goes_to: Literal["holder", "entitled", "court"]
    hit: str
    measure: int
    power: str
    waived_on: str | None = None
    """Legal date of the waiver (afstand) that it rests on."""
    way: str
    why: bytes


@event
class TermLapsed(EventData, frozen=True, kw_only=True):
    """A term went by: of the period, of the order, or for a complaint."""

    TOPIC = "casework.sequel.term_lapsed"

    hit: str
    measure: int
    of: Ended
    until: str


@event
class DealerTold(EventData, frozen=True, kw_only=True):
    """From now on the dealer is told that the good is to be kept."""

    TOPIC = "casework.sequel.dealer_told"

    authority: Authority
    because: terms.When
    facts: str
    hit: str
    why: bytes | None = None
    """None where it follows from the rule of the municipality by itself."""


First = SignalAnswered | OrderIssued | GoodSeized | DealerTold
"""What begins a part of a sequel, whose reasons have a key of their own."""
Later = OrderReleased | ReturnAnnounced | ReturnContested | ComplaintDecided | GoodReturned
"""What is said of a part that was begun before."""
Step = First | Later | PeriodBegan | TermLapsed
"""All that follows a hit."""


class SequelRefused(Exception):
    """What cannot follow a hit as it stands, and how to mend it."""

    def __init__(self, code: str, message: str, cure: str) -> None:
        super().__init__(f"{message} {cure}")
        self.code, self.message, self.cure = code, message, cure


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """What every act of a person has: on whose authority, when, and why (sealed)."""

    authority: Authority
    now: datetime
    why: bytes

    @property
    def today(self) -> date:
        return legal_date(self.now)


class Measure(msgspec.Struct, kw_only=True):
    """One of the three things that keep a good where it is, as its events tell it."""

    number: int
    kind: Kind
    state: State = "running"
    until: datetime | None = None
    """First moment after its term, or after the term for a complaint; None where none runs."""
    way: str | None = None
    """In which it was announced to go back."""
    party: Party | None = None
    """Who complained last."""
    barred: tuple[str, ...] = ()
    """To whom it may not go, because the court upheld a complaint of the other."""

    @property
    def runs(self) -> bool:
        return self.state in RUNS


class Sequel(msgspec.Struct, kw_only=True):
    """What followed a hit, as its events and those of the hit tell it."""

    hit: Hit | None = None
    verdict: Verdict | None = None
    facts: str = ""
    """Fingerprint of what the verdict was on."""
    is_told: bool = False
    measures: dict[int, Measure] = {}
    ended: int = 0
    """Version of the last event."""

    @property
    def confirmed(self) -> bool:
        """Whether the hit stands, and its owner confirmed the signal on these facts."""
        return self.verdict == "stands" and self.finding_print == self.facts

    @property
    def finding_print(self) -> str:
        """Fingerprint of the finding as it stands; empty where it does not."""
        found = self.hit
        return found.finding.fingerprint if found and found.stands and found.finding else ""

    @property
    def denied(self) -> bool:
        """Whether its owner said that there is no signal to act on, on the facts of today."""
        told = self.verdict not in (None, "stands", "unclear")
        return told and self.finding_print == self.facts

    def running(self, kind: Kind) -> Measure | None:
        return next((m for m in self.measures.values() if m.kind == kind and m.runs), None)

    def answer(self, hit: str, owner: str, verdict: Verdict, by: Decision) -> SignalAnswered:
        """Say whether the signal stands. Raises `SequelRefused`."""
        if not self.finding_print:
            raise SequelRefused(
                "hit_fallen",
                "The hit does not stand: it was rejected, or its facts are gone.",
                "There is nothing to answer.",
            )
        if (self.verdict, self.facts) == (verdict, self.finding_print):
            raise SequelRefused(
                "already_answered",
                f"It was answered already, on the same facts: {verdict}.",
                "Answer again when the facts, or what you know of them, change.",
            )
        return SignalAnswered(
            authority=by.authority,
            facts=self.finding_print,
            hit=hit,
            owner=owner,
            verdict=verdict,
            why=by.why,
        )

    def order(
        self, hit: str, issuer: str, since: datetime, length: int | None, by: Decision
    ) -> OrderIssued:
        """Order that the good is kept, for so long or as long as may be. Raises `SequelRefused`."""
        self._must_be_confirmed()
        _must_be_past(since, by.now)
        allowed = terms.term("order", legal_date(since))
        before = [m for m in self.measures.values() if m.kind == "order"]
        if before and not allowed.renewable:
            raise SequelRefused(
                "order_given",
                f"An order to keep it was given before, and {allowed.source.partition(':')[0]} "
                "knows no renewal.",
                "Have it seized, or let it go.",
            )
        if self.running("seizure"):
            raise SequelRefused("seized", "The good was seized.", "Nothing more is to be ordered.")
        most, unit = allowed.counted
        wanted = most if length is None else length
        if not 1 <= wanted <= most:
            raise SequelRefused(
                "term",
                f"An order to keep lasts from 1 to {most} {_in_words(unit)}, not {wanted}.",
                f"Name a term of at most {most}.",
            )
        return OrderIssued(
            authority=by.authority,
            facts=self.finding_print,
            hit=hit,
            issuer=issuer,
            length=wanted,
            power=allowed.power,
            since=written(since),
            unit=unit,
            until=written(allowed.end(since, wanted)),
            why=by.why,
        )

    def seize(
        self,
        hit: str,
        issuer: str,
        since: datetime,
        receipt: str,
        keeper: str | None,
        by: Decision,
    ) -> GoodSeized:
        """Write down that it was seized. Raises `SequelRefused`."""
        self._must_be_confirmed()
        _must_be_past(since, by.now)
        if any(m.kind == "seizure" and m.runs for m in self.measures.values()):
            raise SequelRefused("seized", "It is seized already.", "Nothing is to be done.")
        return GoodSeized(
            authority=by.authority,
            facts=self.finding_print,
            hit=hit,
            issuer=issuer,
            keeper=keeper,
            power=terms.term("seizure", legal_date(since)).power,
            receipt=receipt,
            since=written(since),
            why=by.why,
        )

    def release(self, hit: str, by: Decision) -> OrderReleased:
        """Let the order end. A seizure ends by a decision of the prosecutor. Raises
        `SequelRefused`."""
        found = self.running("order")
        if found is None:
            raise SequelRefused(
                "no_order",
                "No order to keep it runs.",
                "What was seized is returned by the prosecutor: `returnGood`.",
            )
        return OrderReleased(
            authority=by.authority,
            facts=self._last_facts,
            hit=hit,
            measure=found.number,
            why=by.why,
        )

    def announce(self, hit: str, name: str, noticed_on: date, by: Decision) -> ReturnAnnounced:
        """Give notice of a return to another than it was seized from. Raises `SequelRefused`."""
        found = self._seized()
        chosen = _way(name, by.today)
        if not chosen.needs_notice:
            raise SequelRefused(
                "no_notice", f"The way {name} takes no notice.", "Decide on it: `returnGood`."
            )
        if found.state in ("announced", "contested"):
            raise SequelRefused(
                found.state,
                "A notice was given already, or a complaint is open.",
                "Wait for the end of its term, or for the court.",
            )
        _must_be_past(noticed_on, by.today)
        allowed = terms.term("objection", noticed_on)
        length, unit = allowed.counted
        until = end_of_term(noticed_on, length, unit, extends=allowed.extends)
        return ReturnAnnounced(
            authority=by.authority,
            facts=self._last_facts,
            hit=hit,
            length=length,
            measure=found.number,
            noticed_on=noticed_on.isoformat(),
            power=chosen.power,
            unit=unit,
            until=written(until),
            way=name,
            why=by.why,
        )

    def contest(
        self, hit: str, party: Party, complaint: str, lodged_on: date, by: Decision
    ) -> ReturnContested:
        """Write down a complaint. Raises `SequelRefused`."""
        found = self._seized()
        if found.state == "contested":
            raise SequelRefused(
                "contested", "A complaint is open already.", "Wait for the court to decide."
            )
        _must_be_past(lodged_on, by.today)
        return ReturnContested(
            authority=by.authority,
            complaint=complaint,
            facts=self._last_facts,
            hit=hit,
            lodged_on=lodged_on.isoformat(),
            measure=found.number,
            party=party,
            why=by.why,
        )

    def decide(
        self, hit: str, outcome: Outcome, decided_on: date, by: Decision
    ) -> ComplaintDecided:
        """Write down what became of the complaint. Raises `SequelRefused`."""
        found = self._seized()
        if found.state != "contested":
            raise SequelRefused("no_complaint", "No complaint is open.", "Look at the measures.")
        _must_be_past(decided_on, by.today)
        return ComplaintDecided(
            authority=by.authority,
            decided_on=decided_on.isoformat(),
            facts=self._last_facts,
            hit=hit,
            measure=found.number,
            outcome=outcome,
            why=by.why,
        )

    def give_back(self, hit: str, name: str, waived_on: date | None, by: Decision) -> GoodReturned:
        """Decide that the good goes back in a way. Raises `SequelRefused`."""
        found = self._seized()
        chosen = _way(name, by.today)
        _must_be_open(found, chosen)
        if chosen.needs_notice:
            _must_have_waited(found, chosen, by.now)
        if chosen.needs_waiver and waived_on is None:
            raise SequelRefused(
                "waiver",
                f"The way {name} rests on a waiver, and none is named.",
                "Name the day on which it was written, or give notice: `announceReturn`.",
            )
        if waived_on is not None:
            _must_be_past(waived_on, by.today)
        return GoodReturned(
            authority=by.authority,
            facts=self._last_facts,
            goes_to=chosen.goes_to,
            hit=hit,
            measure=found.number,
            power=chosen.power,
            waived_on=waived_on.isoformat() if waived_on and chosen.needs_waiver else None,
            way=name,
            why=by.why,
        )

    def follow(
        self, answered: SignalAnswered, period: terms.Period, told: terms.When, now: datetime
    ) -> Iterator[PeriodBegan | DealerTold]:
        """What follows by itself from a signal that stands: the holding period of the municipality
        if it still runs, once; and that the dealer is told, where the rule is so."""
        if answered.verdict != "stands":
            return
        known = any(m.kind == "period" for m in self.measures.values())
        if not known and period.until > now:
            yield period_began(answered.hit, answered.facts, period)
        if told == "on_confirmation" and not self.is_told:
            yield DealerTold(
                authority=answered.authority, because=told, facts=answered.facts, hit=answered.hit
            )

    def tell(self, hit: str, because: terms.When, by: Decision) -> DealerTold:
        """Let the dealer be told. Raises `SequelRefused`."""
        self._must_be_confirmed()
        if because == "never":
            raise SequelRefused(
                "not_told_here",
                "By the rule of this municipality a dealer is not told through the register.",
                "Tell him in person.",
            )
        if self.is_told:
            raise SequelRefused("told", "The dealer was told already.", "Nothing is to be done.")
        return DealerTold(
            authority=by.authority, because=because, facts=self.finding_print, hit=hit, why=by.why
        )

    def lapsing(self, hit: str, now: datetime) -> Iterator[TermLapsed]:
        """What went by and is not recorded yet."""
        for found in self.measures.values():
            if found.until is None or found.until > now:
                continue
            if found.state == "announced":
                yield TermLapsed(
                    hit=hit, measure=found.number, of="objection", until=written(found.until)
                )
            elif found.state == "running" and found.kind != "seizure":
                yield TermLapsed(
                    hit=hit, measure=found.number, of=found.kind, until=written(found.until)
                )

    @property
    def _last_facts(self) -> str:
        """What it rests on: the finding as it stands, or as it stood when it was confirmed."""
        return self.finding_print or self.facts

    def _must_be_confirmed(self) -> None:
        if not self.finding_print:
            raise SequelRefused(
                "hit_fallen",
                "The hit does not stand: it was rejected, or its facts are gone.",
                "Nothing follows from it any more.",
            )
        if not self.confirmed:
            changed = self.verdict == "stands"
            raise SequelRefused(
                "facts_changed" if changed else "not_confirmed",
                "The facts of the hit changed since its signal was confirmed."
                if changed
                else "The unit that owns the report has not confirmed its signal.",
                "Let it answer: `answerSignal`.",
            )

    def _seized(self) -> Measure:
        found = self.running("seizure")
        if found is None:
            raise SequelRefused("not_seized", "The good is not seized.", "Look at its measures.")
        return found


def _way(name: str, on: date) -> terms.Way:
    found = terms.way(name, on)
    if found is None:
        raise SequelRefused("way", f"There is no way {name!r} today.", "Choose another.")
    return found


T = TypeVar("T", date, datetime)


def _must_be_past(moment: T, now: T) -> None:
    if moment > now:
        raise SequelRefused(
            "in_future", f"{moment} has not come yet.", "Send when it was done, or leave it out."
        )


def _must_be_open(found: Measure, chosen: terms.Way) -> None:
    if found.state == "contested" and chosen.goes_to != "court":
        raise SequelRefused(
            "contested",
            "A complaint is open, and the good stays where it is until it is decided on.",
            "Write down what the court decided: `decideComplaint`.",
        )
    if chosen.goes_to in found.barred:
        raise SequelRefused(
            "upheld",
            "The court upheld a complaint against that.",
            "Return it in another way, or as the court decided.",
        )


def _must_have_waited(found: Measure, chosen: terms.Way, now: datetime) -> None:
    if found.way != chosen.way or found.until is None:
        raise SequelRefused(
            "no_notice_given",
            f"The way {chosen.way} takes a notice first, and none was given.",
            "Give notice: `announceReturn`.",
        )
    if now < found.until:
        raise SequelRefused(
            "objection_runs",
            f"Until the end of {terms.last_day(found.until)} a complaint may be lodged.",
            "Wait for the end of that day.",
        )


def _in_words(unit: Unit) -> str:
    return {"day": "calendar days"}.get(unit, f"{unit.replace('_', ' ')}s")


def written(moment: datetime) -> str:
    """A moment as events hold it, in UTC."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")


def period_began(hit: str, facts: str, period: terms.Period) -> PeriodBegan:
    """That the holding period of a municipality runs."""
    return PeriodBegan(
        facts=facts,
        hit=hit,
        issuer=period.municipality,
        length=period.length,
        power=terms.term("period", period.since).power,
        since=period.since.isoformat(),
        unit=period.unit,
        until=written(period.until),
    )


def began(data: PeriodBegan) -> datetime:
    """The first moment of the legal day from which a period is counted."""
    return start_of(date.fromisoformat(data.since))


def folded(facts: Sequence[Recorded]) -> Sequel:
    """What followed a hit, of its own events and those of the sequel, in this order."""
    found = Sequel()
    for fact in facts:
        if fact.topic.startswith(BEGIN):
            _evolve(found, fact.version, fact.data)
            found.ended = fact.version
        else:
            found.hit = evolve_hit(found.hit, fact.data)
    return found


def _evolve(found: Sequel, version: int, data: EventData) -> None:
    if isinstance(data, SignalAnswered):
        found.verdict, found.facts = data.verdict, data.facts
    elif isinstance(data, PeriodBegan | OrderIssued):
        kind: Kind = "period" if isinstance(data, PeriodBegan) else "order"
        until = datetime.fromisoformat(data.until)
        found.measures[version] = Measure(number=version, kind=kind, until=until)
    elif isinstance(data, GoodSeized):
        _end_orders(found)
        found.measures[version] = Measure(number=version, kind="seizure")
    elif isinstance(data, DealerTold):
        found.is_told = True
    else:
        _evolve_measure(found, data)


def _end_orders(found: Sequel) -> None:
    for each in found.measures.values():
        if each.kind == "order" and each.runs:
            each.state = "seized"


def _evolve_measure(found: Sequel, data: EventData) -> None:
    if isinstance(data, OrderReleased):
        found.measures[data.measure].state = "released"
    elif isinstance(data, ReturnAnnounced):
        of = found.measures[data.measure]
        of.state, of.way, of.until = "announced", data.way, datetime.fromisoformat(data.until)
    elif isinstance(data, ReturnContested):
        of = found.measures[data.measure]
        of.state, of.party = "contested", data.party
    elif isinstance(data, ComplaintDecided):
        of = found.measures[data.measure]
        of.state = "returnable" if of.way else "running"
        of.barred = _BARRED[of.party or "other"] if data.outcome == "upheld" else ()
    elif isinstance(data, GoodReturned):
        found.measures[data.measure].state = "returned"
    elif isinstance(data, TermLapsed):
        of = found.measures[data.measure]
        of.state = "returnable" if data.of == "objection" else "lapsed"


_BARRED: Mapping[Party, tuple[str, ...]] = {
    "holder": ("entitled",),
    "entitled": ("holder",),
    "other": ("holder", "entitled"),
}
BEGIN = "casework.sequel."
"""How the topics of these events begin."""
