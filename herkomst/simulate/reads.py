"""What the staff reads, and why: mostly for a reason that stands in the feed of cases and duties.

Reads are planned on days of service: those of misuse and of lawful oddities first, then ordinary
ones around them, so that a planted read lies among the others of a shift.
"""

from collections import Counter, defaultdict
from collections.abc import Callable
from random import Random
from typing import Final

from msgspec import Struct, field

from herkomst.simulate import clock, formats, rates
from herkomst.simulate.draws import Urn
from herkomst.simulate.formats import Reference
from herkomst.simulate.keys import Keys
from herkomst.simulate.sample import Remembered
from herkomst.simulate.staff import (
    DAYS,
    FIRST,
    SOURCE,
    Barracks,
    Case,
    Engagement,
    Officer,
    Shift,
    Task,
)

_ORDINARY: Final = Urn({name: rates.READ_PATHS[name] for name in ("case", "task", "duty")})
_KINDS: Final = Urn({"purchase": 60, "seller": 40})
_BROKEN_BECAUSE: Final = Urn(rates.GLASS_BROKEN_BECAUSE)


def glass_broken_because(chance: Random) -> str:
    """Draw what an officer writes who breaks the glass; nobody writes that there is no need."""
    return _BROKEN_BECAUSE.draw(chance)


class Story(Struct):
    """Reads that belong together, with what they were."""

    kind: str
    officer: Officer
    look_alike_of: str | None = None
    reads: list[Reference] = field(default_factory=list)


class Plan(Struct):
    """A read to be made on some shift, at a minute of it, or at any."""

    story: Story
    seen: Remembered
    purpose: str | None = None
    minute: int | None = None
    break_glass: bool = False
    reason: str | None = None


class Journal:
    """Writes reads, each for a purpose."""

    __slots__ = ("_add", "_chance", "_encode", "_keys", "lines")

    def __init__(
        self,
        *,
        chance: Random,
        keys: Keys,
        encode: Callable[[object], bytes],
        add: Callable[[int, bytes], None],
    ) -> None:
        self._chance = chance
        self._keys = keys
        self._encode = encode
        self._add = add
        self.lines = 0

    def write(self, officer: Officer, at: int, purpose: str, seen: Remembered,
              plan: Plan | None = None) -> None:  # fmt: skip
        """Write one read, and remember it in the story that it belongs to."""
        key = f"R-{self._keys.next()}"
        read = formats.Read(
            v=1,
            source=SOURCE,
            key=key,
            at=clock.stamp(at, int(self._chance.random() * 60)),
            officer=officer.reference,
            purpose=purpose,
            kind=_KINDS.draw(self._chance),
            device=officer.device,
            purchase=seen.purchase,
            break_glass=True if plan and plan.break_glass else None,
            reason=plan.reason if plan else None,
        )
        self._add(at, self._encode(read))
        self.lines += 1
        if plan:
            plan.story.reads.append(Reference(SOURCE, key))


class Service:
    """The days of service of all officers, with the reads planned on them."""

    __slots__ = ("_journal", "_numbers", "_plans", "barracks", "chance", "planned", "stories")

    def __init__(self, barracks: Barracks, journal: Journal, chance: Random) -> None:
        self.barracks = barracks
        self.chance = chance
        self._journal = journal
        self._numbers = {o.reference.key: n for n, o in enumerate(barracks.officers)}
        self._plans: dict[tuple[int, int], list[Plan]] = defaultdict(list)
        self.planned = 0
        self.stories: list[Story] = []

    def story(self, kind: str, officer: Officer, look_alike_of: str | None = None) -> Story:
        """Begin a story about an officer."""
        found = Story(kind, officer, look_alike_of)
        self.stories.append(found)
        return found

    def plan(self, day: int, plan: Plan) -> None:
        """Have a read made on that day of service."""
        number = self._numbers[plan.story.officer.reference.key]
        self._plans[number, min(max(day, 0), DAYS - 1)].append(plan)
        self.planned += 1

    def read_apart(self, story: Story, purpose: str, at: int, seen: Remembered, *,
                   break_glass: bool = False, reason: str | None = None) -> None:  # fmt: skip
        """Have a read made at once, outside any shift."""
        plan = Plan(story, seen, break_glass=break_glass, reason=reason)
        self._journal.write(story.officer, at, purpose, seen, plan)

    def run(self, reads: int) -> None:
        """Serve all days, with so many reads in all."""
        officers = self.barracks.officers
        days = sorted(
            self._plans.keys()
            | {
                (number, day)
                for number in range(len(officers))
                for day in range(DAYS)
                if self.chance.random() < rates.DAYS_ON_SHIFT
            }
        )
        left = reads - self._journal.lines - self.planned
        ordinary = Counter(int(self.chance.random() * len(days)) for _ in range(left))
        for place, (number, day) in enumerate(days):
            self._serve(officers[number], day, ordinary[place], self._plans[number, day])

    def _serve(self, officer: Officer, day: int, ordinary: int, plans: list[Plan]) -> None:
        shift = self.barracks.shift(officer, day)
        about: list[Reference] = []
        for _ in range(ordinary):
            self._read_for_a_reason(shift, about)
        for plan in plans:
            minute = plan.minute or int(self.chance.random() * (shift.until - shift.since))
            purpose = plan.purpose or f"duty:{shift.key}"
            self._journal.write(officer, shift.since + minute, purpose, plan.seen, plan)
        self.barracks.write_duty(
            officer, "shift", (shift.since, shift.until), key=shift.key, about=about
        )

    def _read_for_a_reason(self, shift: Shift, about: list[Reference]) -> None:
        chance, officer = self.chance, shift.officer
        at = shift.since + int(chance.random() * (shift.until - shift.since))
        path = _ORDINARY.draw(chance)
        if path == "case" and (case := case_at(chance, officer, at)):
            seen = case.subjects[int(chance.random() * len(case.subjects))]
            self._journal.write(officer, at, f"case:{case.key}", seen)
        elif path != "duty" and (task := task_at(officer, at)):
            seen = task.about[int(chance.random() * len(task.about))]
            self._journal.write(officer, at, f"task:{task.key}", seen)
        else:
            self._read_on_duty(shift, at, about)

    def _read_on_duty(self, shift: Shift, at: int, about: list[Reference]) -> None:
        officer = shift.officer
        seen = self.barracks.in_unit(officer.unit, before=at)
        key = shift.key
        if self.chance.random() < rates.READ_WHILE_CONTROLLING:
            span = (at - 20, at + 40)
            key = self.barracks.write_duty(officer, "control", span, dealer=seen.dealer)
        else:
            about.append(seen.purchase)
        self._journal.write(officer, at, f"duty:{key}", seen)


def case_at(chance: Random, officer: Officer, at: int) -> Case | None:
    """Draw a case on which an officer is at that moment."""
    cases = [on.case for on in officer.cases if on.since <= at < on.until]
    return cases[int(chance.random() * len(cases))] if cases else None


def task_at(officer: Officer, at: int) -> Task | None:
    """Return the task that an officer has at that moment."""
    return next((task for task in officer.tasks if task.since <= at < task.until), None)


# -- Lawful oddities ------------------------------------------------------------------------------


class Oddities:
    """Plans reads that look odd and are lawful, or whose reason nobody wrote down."""

    __slots__ = ("_by_name", "_chance", "_service")

    def __init__(self, service: Service) -> None:
        self._service = service
        self._chance = service.chance
        self._by_name: dict[str, list[Remembered]] = {}
        for seen in service.barracks.sample:
            self._by_name.setdefault(seen.person.name.family, []).append(seen)

    def plan(self, reads: int) -> None:
        """Plan the share of so many reads that the table gives each of them."""
        total = sum(rates.READ_PATHS.values())
        acts = {
            "cover": self._cover,
            "hand_over": self._hand_over,
            "namesake": self._namesake,
            "on_call": self._on_call,
            "training": self._training,
            "unexplained": self._unexplained,
        }
        for name, act in acts.items():
            left = round(rates.READ_PATHS[name] / total * reads)
            while left > 0:
                left -= act()

    def _cover(self) -> int:
        """Stand in for a colleague, and read what that colleague's case is about."""
        officer, day = self._officer(), self._day()
        on = self._engagement()
        at = self._within(on)
        service = self._service
        span = (at - 60, at + 7 * 60)
        key = service.barracks.write_duty(officer, "cover", span, covers=on.officer)
        story = service.story("cover", officer, "unrelated_subject")
        for minute in range(1 + day % 3):
            service.read_apart(story, f"duty:{key}", at + minute * 11, self._subject(on.case))
        return 1 + day % 3

    def _hand_over(self) -> int:
        """Read once more in a case, within days of leaving it, to tell the successor."""
        left = [on for case in self._service.barracks.cases for on in case.members
                if on.until < case.closed]  # fmt: skip
        on = left[int(self._chance.random() * len(left))] if left else self._engagement()
        story = self._service.story("hand_over", self._known(on), "after_leaving")
        day = (on.until - FIRST) // clock.DAY + self._chance.randint(1, 3)
        self._service.plan(day, Plan(story, self._subject(on.case), f"case:{on.case.key}"))
        return 1

    def _namesake(self) -> int:
        """Look for a subject and open the record of another of that name."""
        on = self._engagement()
        subject = self._subject(on.case)
        others = self._by_name.get(subject.person.name.family) or [subject]
        seen = others[int(self._chance.random() * len(others))]
        story = self._service.story("namesake", self._known(on), "unrelated_subject")
        day = (self._within(on) - FIRST) // clock.DAY
        self._service.plan(day, Plan(story, seen, f"case:{on.case.key}"))
        return 1

    def _on_call(self) -> int:
        """Read at night, on call, now and then by breaking the glass."""
        officer, chance, service = self._officer(), self._chance, self._service
        begins = FIRST + self._day() * clock.DAY + 22 * 60
        key = service.barracks.write_duty(officer, "on_call", (begins, begins + 8 * 60))
        story = service.story("on_call", officer, "break_glass")
        reads = chance.randint(1, 3)
        at = begins + int(chance.random() * 7 * 60)
        breaks = chance.random() < 0.3
        for minute in range(reads):
            seen = service.barracks.in_unit(officer.unit, before=at)
            reason = glass_broken_because(chance) if breaks else None
            service.read_apart(story, f"duty:{key}", at + 4 * minute, seen,
                               break_glass=breaks, reason=reason)  # fmt: skip
        return reads

    def _training(self) -> int:
        """Practise on whatever comes up, many records within an hour."""
        officer, chance, service = self._officer(), self._chance, self._service
        begins = FIRST + self._day() * clock.DAY + 9 * 60
        key = service.barracks.write_duty(officer, "training", (begins, begins + 7 * 60))
        story = service.story("training", officer, "broker")
        reads = chance.randint(8, 30)
        for _ in range(reads):
            at = begins + int(chance.random() * 90)
            service.read_apart(story, f"duty:{key}", at, self._anyone(at))
        return reads

    def _unexplained(self) -> int:
        """Read for a reason that nobody wrote down, such as a question at the front desk."""
        story = self._service.story("unexplained", self._officer(), "neighbour")
        self._service.plan(self._day(), Plan(story, self._anyone(FIRST)))
        return 1

    def _officer(self) -> Officer:
        officers = self._service.barracks.officers
        return officers[int(self._chance.random() * len(officers))]

    def _known(self, on: Engagement) -> Officer:
        return self._service.barracks.officer(on.officer)

    def _day(self) -> int:
        return int(self._chance.random() * (DAYS - 2))

    def _engagement(self) -> Engagement:
        cases = self._service.barracks.cases
        members = cases[int(self._chance.random() * len(cases))].members
        return members[int(self._chance.random() * len(members))]

    def _within(self, on: Engagement) -> int:
        return on.since + int(self._chance.random() * (min(on.until, clock.END) - on.since - 600))

    def _subject(self, case: Case) -> Remembered:
        return case.subjects[int(self._chance.random() * len(case.subjects))]

    def _anyone(self, before: int) -> Remembered:
        return self._service.barracks.anyone(before)
