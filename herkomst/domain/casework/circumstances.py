"""What explains a read: what held at the moment of reading, and what the record knew of it then.

A read is explained when a path leads from who read to what was read: an engagement that held (a
case, a task, a duty), and what that engagement is about. A membership that begins later explains
nothing, nor one that was told later. Somebody in a case is not thereby explained in reading about
a person whom the case does not concern: a path from a subject to another record runs only by what
both presented, or by a stolen good that both had to do with, and never by a shop, nor by an
address or a number that more than 25 people share.

That nothing explains a read does not make it unlawful. It means that somebody should ask.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from operator import attrgetter
from typing import Final, NamedTuple
from uuid import UUID

from herkomst.domain import ids
from herkomst.domain.calendar import local

CROWD: Final = 25
"""People on one address or number, above which sharing it says nothing."""
AROUND: Final = timedelta(hours=1)
"""By which a duty may be begun early, or be ended late."""
UNEXPLAINED: Final = (
    "Nothing that was recorded explains it. That does not make it unlawful: ask the officer."
)
STRONG: Final = ("case", "task", "control", "shift", "cover")
PERSONAL: Final = frozenset({"purchase", "presentation", "stolen_item", "hit", "case"})
"""Kinds of records that need an explanation; a dealer's notification is no person's record."""


class Engagement(NamedTuple):
    """A case, a task or a duty of somebody, from when to when, and when that was known."""

    matter: UUID
    kind: str
    name: str
    source: str
    """Of the feed; empty for a case of the product."""
    officer: str
    unit: str
    since: datetime
    until: datetime | None
    covers: str | None
    dealer: UUID | None
    version: int
    told_from: datetime
    told_to: datetime | None

    def holds(self, at: datetime) -> bool:
        return self.since <= at and (self.until is None or at < self.until)


class Concern(NamedTuple):
    """A record that a case, a task or a duty is about, and since when."""

    matter: UUID
    kind: str
    item: UUID
    name: str | None
    category: str
    since: datetime
    until: datetime | None
    version: int
    told_from: datetime
    told_to: datetime | None

    def holds(self, at: datetime) -> bool:
        return self.since <= at and (self.until is None or at < self.until)


class Identity(NamedTuple):
    """Keyed hashes of what somebody presented; None where it was not given."""

    name: str | None = None
    born: str | None = None
    document: str | None = None
    phone: str | None = None
    address: str | None = None
    family: str | None = None
    door: str | None = None


class Purchase(NamedTuple):
    """Where something was bought: at which dealer, in the area of which police unit."""

    dealer: UUID
    unit: str | None


class Hit(NamedTuple):
    """A purchase beside a stolen good: since when both had happened, and when it was found."""

    purchase: UUID
    stolen: UUID
    since: datetime
    found_at: datetime
    units: frozenset[str]
    """Police units of where it was sold and of where it was stolen."""


class PastRead(NamedTuple):
    """A read, as it is explained."""

    id: UUID
    source: str
    key: str
    officer: str
    role: str | None
    unit: str | None
    at: datetime
    purpose: str
    kind: str
    items: Sequence[tuple[str, UUID]]
    returned: int
    break_glass: bool
    reason_length: int
    is_rehearsed: bool
    recorded_at: datetime
    position: int

    @property
    def stated(self) -> tuple[str, str]:
        """Kind and name of the purpose that was stated; of a task in a case of the product, the
        case."""
        kind, _, name = self.purpose.partition(":")
        return kind, name if self.is_rehearsed else name.partition("/")[0]


class Explanation(NamedTuple):
    """What led from who read to what was read; no path where nothing did."""

    holds: bool
    path: tuple[str, ...]
    by: str = ""
    """Kind of what explains it; empty where nothing does."""
    name: str = ""
    """Name of it."""


NOTHING: Final = Explanation(holds=False, path=())


class Roster:
    """The engagements of one officer: cases and tasks are few and long, duties many and short."""

    def __init__(self, engagements: Iterable[Engagement]) -> None:
        everything = sorted(engagements, key=attrgetter("since"))
        self.matters = [e for e in everything if e.kind in ("case", "task")]
        self.duties = [e for e in everything if e.kind not in ("case", "task")]
        self._begun = [e.since for e in self.duties]
        lengths = (e.until - e.since for e in self.duties if e.until is not None)
        self._longest = max(lengths, default=timedelta())

    def at(self, moment: datetime) -> Iterator[Engagement]:
        """What holds at a moment."""
        yield from (e for e in self.matters if e.holds(moment))
        first = bisect_left(self._begun, moment - self._longest)
        last = bisect_right(self._begun, moment)
        yield from (e for e in self.duties[first:last] if e.holds(moment))


_NO_ROSTER: Final = Roster(())


class Circumstances:
    """Everything that may explain some reads: who was engaged in what, and what that was about."""

    def __init__(
        self,
        *,
        engagements: Iterable[Engagement],
        concerns: Iterable[Concern],
        identities: Mapping[UUID, Identity],
        purchases: Mapping[UUID, Purchase],
        hits: Iterable[Hit],
        crowds: frozenset[str],
        rostered: frozenset[str] = frozenset(),
    ) -> None:
        by_officer: dict[str, list[Engagement]] = {}
        for engagement in engagements:
            by_officer.setdefault(engagement.officer, []).append(engagement)
        self._rosters = {officer: Roster(theirs) for officer, theirs in by_officer.items()}
        self._concerns: dict[UUID, list[Concern]] = {}
        self._about: dict[tuple[UUID, UUID], list[Concern]] = {}
        for concern in concerns:
            self._concerns.setdefault(concern.matter, []).append(concern)
            self._about.setdefault((concern.matter, concern.item), []).append(concern)
        self.identities = identities
        self._shown: dict[UUID, Identity | None] = {}
        self.purchases = purchases
        self.crowds = crowds
        self.rostered = rostered
        """Officers whose times of service are told at all, also where none is near a read."""
        self._hits: dict[UUID, list[Hit]] = {}
        for hit in hits:
            self._hits.setdefault(hit.purchase, []).append(hit)
            self._hits.setdefault(hit.stolen, []).append(hit)

    def explain(self, reading: PastRead, unit: str | None) -> Explanation:
        """What explains all that was read; `unit` is the one that the officer is of."""
        asked = [item for item in reading.items if item[0] in PERSONAL]
        if not asked:
            return Explanation(True, ("It names no person.",), "nothing")
        found = [self._explain(reading, kind, item, unit) for kind, item in asked]
        held = [each for each in found if each.holds]
        # A rehearsed read is of one record; of a hit, what leads to either good leads to it.
        if len(held) == len(found) or (held and reading.is_rehearsed):
            return held[0]
        left = len(found) - len(held)
        path = (f"{left} of {len(asked)} records.", UNEXPLAINED) if len(asked) > 1 else ()
        return NOTHING._replace(path=path or (UNEXPLAINED,))

    def engaged(self, officer: str, reading: PastRead) -> Iterator[Engagement]:
        """What somebody was engaged in at that moment, as far as it was known then."""
        for engagement in self._rosters.get(officer, _NO_ROSTER).at(reading.at):
            if was_known(engagement, reading):
                yield engagement

    def named(self, reading: PastRead) -> list[Engagement]:
        """Cases and tasks of who read that bear the name of the purpose that was stated; a case of
        the product has a number and an id."""
        _, name = reading.stated
        roster = self._rosters.get(reading.officer, _NO_ROSTER)
        return [
            e for e in roster.matters if name in (e.name, str(e.matter)) and was_known(e, reading)
        ]

    def on_stated_duty(self, reading: PastRead) -> bool:
        """Whether the duty that was stated was the officer's own, and about at that moment."""
        _, name = reading.stated
        roster = self._rosters.get(reading.officer, _NO_ROSTER)
        return any(
            duty.name == name and was_known(duty, reading)
            for moment in (reading.at, reading.at - AROUND, reading.at + AROUND)
            for duty in roster.at(moment)
        )

    def shares_family(self, engagement: Engagement, reading: PastRead) -> bool:
        """Whether what was read bears the family name of somebody whom the matter concerns."""
        families = {self.identities[p].family for p in self._people(engagement, reading)} - {None}
        return any(
            found.family in families
            for kind, item in reading.items
            if (found := self.identities.get(person_of(kind, item))) is not None
        )

    # One record

    def _explain(self, reading: PastRead, kind: str, item: UUID, unit: str | None) -> Explanation:
        weak = NOTHING
        for engagement in self.engaged(reading.officer, reading):
            found = self._by(engagement, reading, kind, item)
            if found.holds and engagement.kind in STRONG:
                return found
            weak = found if found.holds else weak
        if (hit := self._hit_in(unit, reading, item)) is not None:
            return hit
        return weak

    def _by(self, engagement: Engagement, reading: PastRead, kind: str, item: UUID) -> Explanation:
        if engagement.kind == "case" and engagement.matter == item:
            return _explained(engagement, "the case itself")
        if engagement.kind == "cover":
            return self._by_covered(engagement, reading, kind, item)
        if engagement.kind == "control":
            return self._by_control(engagement, item)
        direct = self._direct(engagement, reading, item)
        if direct is not None:
            return _explained(engagement, _named(direct))
        about = self._concerned(engagement, reading)
        if about:
            why = self._connection(about, item)
            return NOTHING if why is None else _explained(engagement, why)
        if engagement.kind == "on_call" and self._is_in(engagement.unit, item):
            return _explained(engagement, f"it lies in {engagement.unit}")
        if engagement.kind == "training":
            return _explained(engagement, "the duty does not say what it is about")
        return NOTHING

    def _by_covered(
        self, cover: Engagement, reading: PastRead, kind: str, item: UUID
    ) -> Explanation:
        """What explains the colleague who is covered explains who covers."""
        for engagement in self.engaged(cover.covers or "", reading):
            if engagement.kind in ("case", "task", "shift", "control"):
                found = self._by(engagement, reading, kind, item)
                if found.holds:
                    begun = f"covers {cover.covers} {_term(cover)} (duty {cover.name})"
                    return found._replace(path=(begun, *found.path), by="cover", name=cover.name)
        return NOTHING

    def _by_control(self, control: Engagement, item: UUID) -> Explanation:
        bought = self.purchases.get(purchase_of(item, self.purchases))
        if bought is not None and bought.dealer == control.dealer:
            return _explained(control, "bought by the dealer who is controlled")
        return NOTHING

    def _hit_in(self, unit: str | None, reading: PastRead, item: UUID) -> Explanation | None:
        """A hit in the unit of who read, which could be known by then."""
        for hit in self._hits_on(item):
            stands = hit.since <= reading.at if reading.is_rehearsed else hit.found_at <= reading.at
            if unit and unit.casefold() in hit.units and stands:
                path = (f"a hit in {unit}, known since {_told(hit.since)}", "read")
                return Explanation(True, path, "hit")
        return None

    def _hits_on(self, item: UUID) -> Sequence[Hit]:
        return self._hits.get(item) or self._hits.get(ids.purchase_of(item)) or ()

    def _is_in(self, unit: str, item: UUID) -> bool:
        """Whether something was bought in the area of a unit; so, where that cannot be told."""
        bought = self.purchases.get(purchase_of(item, self.purchases))
        return bought is None or not bought.unit or bought.unit.casefold() == unit.casefold()

    # From a subject to what was read

    def _concerned(self, engagement: Engagement, reading: PastRead) -> list[Concern]:
        return [
            c
            for c in self._concerns.get(engagement.matter, ())
            if c.holds(reading.at) and was_known(c, reading)
        ]

    def _people(self, engagement: Engagement, reading: PastRead) -> list[UUID]:
        """Presentations of the persons whom a matter concerns."""
        people = (person_of(c.kind, c.item) for c in self._concerned(engagement, reading))
        return [person for person in people if person in self.identities]

    def _direct(self, engagement: Engagement, reading: PastRead, item: UUID) -> Concern | None:
        """By what a matter is about the record itself, or the purchase that it belongs to."""
        about = (
            concern
            for same in (item, ids.presentation_id(item))
            for concern in self._about.get((engagement.matter, same), ())
        )
        return next((c for c in about if c.holds(reading.at) and was_known(c, reading)), None)

    def _connection(self, about: Sequence[Concern], item: UUID) -> str | None:
        """How a record is connected with another that a matter is about; None where it is not."""
        goods = {hit.stolen for hit in self._hits_on(item)} | {item}
        for concern in about:
            if concern.item in goods or goods & {h.stolen for h in self._hits_on(concern.item)}:
                return f"{_named(concern)}, and the same stolen good"
        return self._by_person(about, item)

    def _by_person(self, about: Sequence[Concern], item: UUID) -> str | None:
        shown = self._identity(item)
        if shown is None:
            return None
        for concern in about:
            other = self._identity(concern.item)
            what = None if other is None else self.shared(shown, other)
            if what is not None:
                return f"{_named(concern)}, and the same {what}"
        return None

    def _identity(self, item: UUID) -> Identity | None:
        """What was presented with it; asked for again and again, so it is looked up once."""
        if item not in self._shown:
            found = self.identities.get(item)
            self._shown[item] = found or self.identities.get(ids.presentation_id(item))
        return self._shown[item]

    def shared(self, one: Identity, other: Identity) -> str | None:
        """What two presented alike that says that they have to do with each other."""
        if one.document is not None and one.document == other.document:
            return "document"
        if one.name and one.born and (one.name, one.born) == (other.name, other.born):
            return "name and date of birth"
        for what in ("phone", "address"):
            token = getattr(one, what)
            if token is not None and token == getattr(other, what) and token not in self.crowds:
                return what
        return None


def was_known(what: Engagement | Concern, reading: PastRead) -> bool:
    """Whether the record knew it, in this form, when the read was recorded.

    Of a rehearsal, whose history is told in one go, the first that was told holds also where the
    feed came after the reads; what amends it afterwards does not reach back.
    """
    if what.told_from <= reading.recorded_at:
        return what.told_to is None or reading.recorded_at < what.told_to
    return reading.is_rehearsed and what.version == 1


def purchase_of(item: UUID, purchases: Mapping[UUID, Purchase]) -> UUID:
    """The purchase that an item is, or at which it was presented."""
    return item if item in purchases else ids.purchase_of(item)


def person_of(kind: str, item: UUID) -> UUID:
    """The presentation that an item is, or that belongs to it."""
    return item if kind == "presentation" else ids.presentation_id(item)


_WORDS: Final = {
    "case": "assigned to case",
    "task": "given task",
    "shift": "on shift",
    "on_call": "on call in duty",
    "control": "controlling in duty",
    "training": "in training, duty",
}


def _explained(engagement: Engagement, why: str) -> Explanation:
    begun = f"{_WORDS[engagement.kind]} {engagement.name} {_term(engagement)}"
    return Explanation(True, (begun, why, "read"), engagement.kind, engagement.name)


def _named(concern: Concern) -> str:
    which = f" {concern.name}" if concern.name else ""
    if concern.category in ("about", "item"):
        return f"it is about {concern.kind}{which}"
    return f"{concern.category} by {concern.kind}{which} since {_told(concern.since)}"


def _term(engagement: Engagement) -> str:
    until = "" if engagement.until is None else f" to {_told(engagement.until)}"
    return f"from {_told(engagement.since)}{until}"


@lru_cache(maxsize=1 << 14)
def _told(moment: datetime) -> str:
    return local(moment).strftime("%Y-%m-%d %H:%M")
