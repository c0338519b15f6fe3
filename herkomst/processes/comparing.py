"""Comparing reads: with the officer's others, with those of others in the role, and by person."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, date, timedelta
from typing import NamedTuple

from herkomst.domain.calendar import local
from herkomst.domain.casework import indicators
from herkomst.domain.casework.circumstances import Explanation, PastRead
from herkomst.domain.casework.indicators import Held
from herkomst.processes.gathering import Glance, gathered


class Weighed(NamedTuple):
    """A read with what explains it, and what makes it worth a look."""

    read: PastRead
    role: str
    explanation: Explanation
    held: tuple[Held, ...]

    @property
    def score(self) -> int:
        return indicators.score(self.held)


class Looked(NamedTuple):
    """A read that was explained, before it is compared with others."""

    read: PastRead
    role: str
    unit: str
    explanation: Explanation
    codes: frozenset[str]
    persons: tuple[str, ...]
    """Who was read, by a hash that two presentations of one person mostly share."""


def compared(looked: Sequence[Looked], before: Sequence[Looked] = ()) -> Iterator[Weighed]:
    """What comparison adds: bursts, persons sought after or gathered, and what is far from the
    role. What officers read `before` counts for what they gather."""
    more: list[set[str]] = [set() for _ in looked]
    bare = [n for n, each in enumerate(looked) if not each.explanation.holds]
    for n in _in_bursts(looked, bare):
        more[n].add("burst")
    for code, places in _by_seeker(looked, bare).items():
        for n in places:
            more[n].add(code)
    for n in gathered(list(map(_glance, looked)), list(map(_glance, before))):
        more[n].add("gathered")
    far = _far_from_role(looked)
    seldom = _seldom(looked)
    for n, each in enumerate(looked):
        codes = each.codes | more[n] | far.get(each.read.officer, set())
        if (each.role, each.read.kind, each.read.break_glass) in seldom:
            codes |= {"seldom_used"}
        held = indicators.weigh(codes, is_explained=each.explanation.holds)
        yield Weighed(each.read, each.role, each.explanation, held)


def _glance(each: Looked) -> Glance:
    """Who hands a case over reads in it for a week more, which gathers nothing."""
    is_bare = not each.explanation.holds and "handing_over" not in each.codes
    return Glance(each.read.at, each.read.officer, each.role, each.persons if is_bare else ())


def _in_bursts(looked: Sequence[Looked], bare: Sequence[int]) -> set[int]:
    """Unexplained reads that lie among many of the same officer within an hour."""
    by_officer: dict[str, list[int]] = defaultdict(list)
    for n in bare:
        by_officer[looked[n].read.officer].append(n)
    found: set[int] = set()
    for places in by_officer.values():
        first = 0
        for last, n in enumerate(places):
            while _seconds(looked, places[first], n) > indicators.BURST_SECONDS:
                first += 1
            window = places[first : last + 1]
            if len({p for m in window for p in looked[m].persons}) >= indicators.BURST:
                found.update(window)
    return found


def _seconds(looked: Sequence[Looked], one: int, other: int) -> float:
    return (looked[other].read.at - looked[one].read.at).total_seconds()


def _by_seeker(looked: Sequence[Looked], bare: Sequence[int]) -> dict[str, set[int]]:
    """Persons whom several sought, and persons to whom one came back."""
    by_person: dict[str, list[int]] = defaultdict(list)
    for n in bare:
        for person in set(looked[n].persons):
            by_person[person].append(n)
    found: dict[str, set[int]] = {"sought_after": set(), "returned": set()}
    for places in by_person.values():
        if len(places) < 2:
            continue
        places.sort(key=lambda n: looked[n].read.at)
        found["sought_after"] |= _sought(looked, places)
        days: dict[str, set[date]] = defaultdict(set)
        for n in places:
            days[looked[n].read.officer].add(local(looked[n].read.at).date())
        found["returned"] |= {
            n
            for n in places
            if len(days[looked[n].read.officer]) > 1 and "handing_over" not in looked[n].codes
        }
    return found


def _sought(looked: Sequence[Looked], places: Sequence[int]) -> set[int]:
    found: set[int] = set()
    span = timedelta(days=indicators.SOUGHT_DAYS)
    for place, first in enumerate(places):
        window = [n for n in places[place:] if looked[n].read.at - looked[first].read.at <= span]
        officers = {looked[n].read.officer for n in window}
        units = {looked[n].unit for n in window}
        if len(officers) >= indicators.SOUGHT_OFFICERS and len(units) > 1:
            found.update(window)
    return found


class _Habits:
    """How somebody reads: how much, how much of it unexplained, how much outside his service."""

    __slots__ = ("days", "off_duty", "reads", "unexplained")

    def __init__(self) -> None:
        self.reads = self.unexplained = self.off_duty = 0
        self.days: set[date] = set()

    def add(self, each: Looked) -> None:
        self.reads += 1
        self.unexplained += not each.explanation.holds
        self.off_duty += "off_duty" in each.codes
        self.days.add(each.read.at.astimezone(UTC).date())

    def figures(self) -> dict[str, float]:
        return {
            "volume": self.reads / len(self.days),
            "unexplained_share": self.unexplained / self.reads,
            "off_duty_share": self.off_duty / self.reads,
        }


def _far_from_role(looked: Sequence[Looked]) -> dict[str, set[str]]:
    """By officer, in which figures he lies far above the others of his role."""
    roles: dict[str, dict[str, _Habits]] = defaultdict(lambda: defaultdict(_Habits))
    for each in looked:
        roles[each.role][each.read.officer].add(each)
    far: dict[str, set[str]] = defaultdict(set)
    for officers in roles.values():
        if len(officers) < indicators.COMPARED:
            continue
        figures = {name: habits.figures() for name, habits in officers.items()}
        for what in ("volume", "unexplained_share", "off_duty_share"):
            everybody = [own[what] for own in figures.values()]
            for name, own in figures.items():
                if indicators.robust_z(own[what], everybody) >= indicators.FAR:
                    far[name].add(what)
    return far


def _seldom(looked: Sequence[Looked]) -> set[tuple[str, str, bool]]:
    """Ways of reading that hardly anybody of a role uses."""
    ways = Counter((e.role, e.read.kind, e.read.break_glass) for e in looked)
    roles = Counter(e.role for e in looked)
    return {way for way, n in ways.items() if n < indicators.SELDOM * roles[way[0]]}
