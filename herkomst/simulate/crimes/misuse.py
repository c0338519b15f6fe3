"""Planted misuse: officers who read what is none of their business."""

from collections.abc import Callable, Mapping
from random import Random
from typing import Final

from herkomst.simulate import clock, rates
from herkomst.simulate.reads import Plan, Service, Story, glass_broken_because
from herkomst.simulate.sample import Remembered
from herkomst.simulate.staff import DAYS, FIRST, Engagement, Officer, next_door

_AN_HOUR: Final = 55


class Misuse:
    """Plants misuse, each kind on officers of its own, before anybody's record is written."""

    __slots__ = ("_celebrities", "_chance", "_clean", "_service")

    def __init__(self, service: Service, chance: Random) -> None:
        self._service = service
        self._chance = chance
        self._clean = list(service.barracks.officers)
        chance.shuffle(self._clean)
        self._celebrities = [self._someone() for _ in range(2)]

    def plant(self, counts: Mapping[str, int]) -> int:
        """Plant so many of each kind, and return how many there are."""
        acts: dict[str, Callable[[], None]] = {
            "self": self._self,
            "former_partner": self._former_partner,
            "neighbour": self._neighbour,
            "celebrity": self._celebrity,
            "broker": self._broker,
            "break_glass": self._break_glass,
            "unrelated_subject": self._unrelated_subject,
            "after_leaving": self._after_leaving,
            "reviewer_self": self._reviewer_self,
        }
        for kind, count in counts.items():
            for _ in range(count):
                acts[kind]()
        return sum(counts.values())

    def _self(self) -> None:
        """An officer who once sold something looks at the record of it."""
        officer, seen = self._officer_and_someone()
        officer.person = seen.person
        self._read(self._service.story("self", officer), seen, self._chance.randint(1, 3))

    def _former_partner(self) -> None:
        """An officer follows somebody with whom they lived."""
        officer, seen = self._officer_and_someone()
        officer.former.append(seen.person.home)
        reads = self._chance.randint(2, 6)
        self._read(self._service.story("former_partner", officer), seen, reads)

    def _neighbour(self) -> None:
        """An officer is curious about the house next door."""
        officer, seen = self._officer_and_someone()
        officer.person.home = officer.person.next_home = next_door(seen.person.next_home)
        self._read(self._service.story("neighbour", officer), seen, self._chance.randint(1, 2))

    def _celebrity(self) -> None:
        """Officers of several units look at the same well-known person within weeks."""
        seen = self._celebrities[int(self._chance.random() * len(self._celebrities))]
        story = self._service.story("celebrity", self._officer())
        day = self._first_day(seen) + int(self._chance.random() * 20)
        self._service.plan(day, Plan(story, seen))

    def _broker(self) -> None:
        """An officer sells what stands about thirty persons, read within an hour."""
        story = self._service.story("broker", self._officer())
        day, first = self._day(), 30 + int(self._chance.random() * 300)
        for number in range(rates.BROKERED_PERSONS):
            minute = first + number * _AN_HOUR // rates.BROKERED_PERSONS
            self._service.plan(day, Plan(story, self._someone(), minute=minute))

    def _break_glass(self) -> None:
        """An officer breaks the glass in the middle of the day, without need."""
        story = self._service.story("break_glass", self._officer())
        seen = self._someone()
        plan = Plan(story, seen, break_glass=True, reason=glass_broken_because(self._chance))
        self._service.plan(self._first_day(seen), plan)

    def _unrelated_subject(self) -> None:
        """An officer reads, under a case of their own, about somebody it does not concern."""
        on = self._engagement(lambda on: on.until - on.since > 5 * clock.DAY)
        seen = self._someone()
        story = self._service.story("unrelated_subject", self._known(on))
        day = (on.since - FIRST) // clock.DAY + 2
        self._service.plan(day, Plan(story, seen, f"case:{on.case.key}"))

    def _after_leaving(self) -> None:
        """An officer goes on reading in a case weeks after leaving it."""
        on = self._engagement(lambda on: on.until < clock.END - 40 * clock.DAY)
        story = self._service.story("after_leaving", self._known(on))
        subjects = on.case.subjects
        for weeks in (3, 4):
            day = (on.until - FIRST) // clock.DAY + 7 * weeks
            seen = subjects[int(self._chance.random() * len(subjects))]
            self._service.plan(day, Plan(story, seen, f"case:{on.case.key}"))

    def _reviewer_self(self) -> None:
        """A reviewer of reads looks at their own record, which nobody else would review."""
        reviewers = [o for o in self._clean if o.role == "access_reviewer"]
        officer = reviewers[0] if reviewers else self._clean[0]
        self._clean.remove(officer)
        seen = self._service.barracks.in_unit(officer.unit, FIRST)
        officer.person, officer.role = seen.person, "access_reviewer"
        self._read(self._service.story("reviewer_self", officer), seen, 2)

    def _read(self, story: Story, seen: Remembered, times: int) -> None:
        first = self._first_day(seen)
        for _ in range(times):
            day = first + int(self._chance.random() * (DAYS - first))
            self._service.plan(day, Plan(story, seen))

    def _officer_and_someone(self) -> tuple[Officer, Remembered]:
        """Choose an officer, and a seller of the region in which the officer lives."""
        officer = self._officer()
        return officer, self._service.barracks.in_unit(officer.unit, FIRST)

    def _officer(self) -> Officer:
        place = next(n for n, o in enumerate(self._clean) if o.role != "access_reviewer")
        return self._clean.pop(place)

    def _known(self, on: Engagement) -> Officer:
        return self._service.barracks.officer(on.officer)

    def _engagement(self, fits: Callable[[Engagement], bool]) -> Engagement:
        members = [on for case in self._service.barracks.cases for on in case.members]
        fitting = [on for on in members if fits(on)] or members
        return fitting[int(self._chance.random() * len(fitting))]

    def _someone(self) -> Remembered:
        return self._service.barracks.anyone(FIRST)

    def _day(self) -> int:
        return int(self._chance.random() * (DAYS - 2))

    def _first_day(self, seen: Remembered) -> int:
        return max(0, (seen.at - FIRST) // clock.DAY + 1 + int(self._chance.random() * 100))


def counts(purchases: int) -> dict[str, int]:
    """Return how much of each misuse there is beside so many purchases, at least one of each."""
    share = min(1.0, purchases / rates.STAFF_FROM_PURCHASES)
    return {kind: max(1, round(count * share)) for kind, count in rates.MISUSE.items()}
