"""Those who read: officers in their units, the cases they work on, and their tasks and duties."""

from collections.abc import Callable
from random import Random
from typing import Final

from msgspec import Struct, field
from msgspec.structs import replace

from herkomst.simulate import clock, formats, places, rates
from herkomst.simulate.draws import Urn
from herkomst.simulate.formats import Address, Reference, Seller
from herkomst.simulate.keys import Keys
from herkomst.simulate.sample import Remembered
from herkomst.simulate.sellers import Person, Population

SOURCE: Final = "personeel"
FIRST: Final = clock.moment("2026-01-01")
"""From here on somebody reads; before, the registers fill."""
DAYS: Final = (clock.END - FIRST) // clock.DAY
ROLES: Final = Urn(rates.OFFICER_ROLES)
_ARTICLES: Final = Urn(rates.CASE_ARTICLES)
_CATEGORIES: Final = Urn(rates.CASE_CATEGORIES)
_TRIES: Final = 12
_SHIFTS: Final = ((7, 15), (9, 17), (15, 23))


class Officer(Struct):
    """One of the staff, and what they are engaged in."""

    reference: Reference
    unit: str
    person: Person
    role: str
    device: str
    former: list[Address] = field(default_factory=list)
    cases: list["Engagement"] = field(default_factory=list)
    tasks: list["Task"] = field(default_factory=list)


class Case(Struct):
    """A case, with the purchases that it is about."""

    key: str
    unit: str
    opened: int
    closed: int
    subjects: list[Remembered]
    members: list["Engagement"] = field(default_factory=list)


class Engagement(Struct):
    """The time that an officer is on a case."""

    case: Case
    officer: Reference
    since: int
    until: int


class Task(Struct):
    """A task, with what it is about."""

    key: str
    since: int
    until: int
    about: list[Remembered]


class Shift(Struct):
    """An officer at work on one day."""

    key: str
    officer: Officer
    since: int
    until: int


def scaled(count: int, least: int, purchases: int) -> int:
    """Return how many there are beside so many purchases: all of them from a million on."""
    return max(least, round(count * min(1.0, purchases / rates.STAFF_FROM_PURCHASES)))


class Barracks:
    """Makes the staff, and writes it to the feed of personnel and cases."""

    __slots__ = (
        "_add",
        "_by_key",
        "_by_unit",
        "_chance",
        "_encode",
        "_keys",
        "cases",
        "officers",
        "sample",
    )

    def __init__(
        self,
        *,
        sample: list[Remembered],
        chance: Random,
        keys: Keys,
        encode: Callable[[object], bytes],
        add: Callable[[int, bytes], None],
    ) -> None:
        self.sample = [seen for seen in sample if seen.at < clock.END - 30 * clock.DAY]
        self._chance = chance
        self._keys = keys
        self._encode = encode
        self._add = add
        self._by_unit: dict[str, list[Remembered]] = {}
        for seen in self.sample:
            self._by_unit.setdefault(seen.unit, []).append(seen)
        self._by_key: dict[str, Officer] = {}
        self.officers: list[Officer] = []
        self.cases: list[Case] = []

    def recruit(self, population: Population, country: places.Country, count: int) -> None:
        """Make officers, spread over the units."""
        units = sorted({town.police_unit for town in country.towns})
        for number in range(count):
            unit = units[number % len(units)]
            town = country.town(self._chance)
            while town.police_unit != unit:
                town = country.town(self._chance)
            role = "access_reviewer" if number % 40 == 39 else ROLES.draw(self._chance)
            reference = Reference(SOURCE, f"O-{self._keys.next()}")
            device = f"wp-{self._keys.next()[:5].lower()}"
            officer = Officer(reference, unit, population.someone(town), role, device)
            self.officers.append(officer)
            self._by_key[reference.key] = officer

    def officer(self, reference: Reference) -> Officer:
        """Return the officer of that key."""
        return self._by_key[reference.key]

    def in_unit(self, unit: str, before: int) -> Remembered:
        """Draw a purchase in a unit, before a moment if one is soon found."""
        return self._draw(self._by_unit.get(unit) or self.sample, before)

    def anyone(self, before: int) -> Remembered:
        """Draw a purchase anywhere, before a moment if one is soon found."""
        return self._draw(self.sample, before)

    def _draw(self, choice: list[Remembered], before: int) -> Remembered:
        for _ in range(_TRIES):
            seen = choice[int(self._chance.random() * len(choice))]
            if seen.at < before:
                break
        return seen

    def open_cases(self, count: int) -> None:
        """Open cases, with their subjects and their members, some of whom leave before the end."""
        chance = self._chance
        for _ in range(count):
            lead = self.officers[int(chance.random() * len(self.officers))]
            opened = FIRST + int(chance.random() * (DAYS - 45)) * clock.DAY
            closed = min(clock.END, opened + chance.randint(*rates.CASE_DAYS) * clock.DAY)
            about = [
                self.in_unit(lead.unit, opened) for _ in range(chance.randint(*rates.CASE_SUBJECTS))
            ]
            case = Case(f"C-{self._keys.next()}", lead.unit, opened, closed, about)
            colleagues = [o for o in self.officers if o.unit == lead.unit]
            size = min(len(colleagues), chance.randint(*rates.CASE_MEMBERS))
            for officer in chance.sample(colleagues, size):
                self._engage(case, officer)
            self.cases.append(case)

    def _engage(self, case: Case, officer: Officer) -> None:
        chance, until = self._chance, case.closed
        if chance.random() < rates.LEAVES_CASE_EARLY:
            until = case.opened + int((0.3 + 0.4 * chance.random()) * (case.closed - case.opened))
        found = Engagement(case, officer.reference, case.opened, until)
        case.members.append(found)
        officer.cases.append(found)

    def give_tasks(self) -> None:
        """Give every officer a task now and then, about purchases in the unit."""
        for officer in self.officers:
            at = FIRST + int(self._chance.random() * rates.TASK_EVERY_DAYS) * clock.DAY
            while at < clock.END - 20 * clock.DAY:
                until = at + self._chance.randint(*rates.TASK_DAYS) * clock.DAY
                about = [self.in_unit(officer.unit, at)
                         for _ in range(self._chance.randint(*rates.TASK_ABOUT))]  # fmt: skip
                officer.tasks.append(Task(f"T-{self._keys.next()}", at, until, about))
                at = until + int(self._chance.random() * rates.TASK_EVERY_DAYS) * clock.DAY

    def shift(self, officer: Officer, day: int) -> Shift:
        """Put an officer on a shift on that day since the first."""
        first, last = _SHIFTS[int(self._chance.random() * len(_SHIFTS))]
        midnight = FIRST + day * clock.DAY
        key = f"D-{self._keys.next()}"
        return Shift(key, officer, midnight + first * 60, midnight + last * 60)

    def write_people(self) -> None:
        """Write officers, cases and tasks, when nothing about them changes any more."""
        for officer in self.officers:
            self._write(FIRST, self._officer(officer))
            for task in officer.tasks:
                self._write(task.since, self._task(officer, task))
        for case in self.cases:
            self._write(case.opened, self._case(case))

    def write_duty(
        self,
        officer: Officer,
        kind: str,
        span: tuple[int, int],
        *,
        key: str | None = None,
        covers: Reference | None = None,
        dealer: Reference | None = None,
        about: list[Reference] | None = None,
    ) -> str:
        """Write a duty and return its key."""
        key = key or f"D-{self._keys.next()}"
        duty = formats.Duty(
            v=1,
            source=SOURCE,
            key=key,
            officer=officer.reference,
            unit=officer.unit,
            kind=kind,
            since=clock.stamp(span[0]),
            until=clock.stamp(span[1]),
            covers=covers,
            dealer=dealer,
            about=about or None,
        )
        self._write(span[0], duty)
        return key

    def _officer(self, officer: Officer) -> formats.Officer:
        person = officer.person
        prefix, family = person.name.prefix, person.name.family
        return formats.Officer(
            v=1,
            source=SOURCE,
            key=officer.reference.key,
            person=Seller(
                family,
                prefix or None,
                " ".join(person.name.given),
                person.name.initials(),
                person.born,
                person.next_home,
                person.phone,
            ),
            unit=officer.unit,
            roles=[formats.Role(officer.role, clock.day(FIRST))],
            former_addresses=officer.former or None,
        )

    def _task(self, officer: Officer, task: Task) -> formats.Task:
        return formats.Task(
            v=1,
            source=SOURCE,
            key=task.key,
            officer=officer.reference,
            unit=officer.unit,
            since=clock.stamp(task.since),
            until=clock.stamp(task.until),
            about=[seen.purchase for seen in task.about],
        )

    def _case(self, case: Case) -> formats.Case:
        opened = clock.stamp(case.opened)
        return formats.Case(
            v=1,
            source=SOURCE,
            key=case.key,
            unit=case.unit,
            article=_ARTICLES.draw(self._chance),
            ground="wpg:9",
            opened=opened,
            closed=clock.stamp(case.closed) if case.closed < clock.END else None,
            subjects=[
                formats.Subject(seen.purchase, _CATEGORIES.draw(self._chance), opened)
                for seen in case.subjects
            ],
            members=[
                formats.Member(
                    member.officer,
                    clock.stamp(member.since),
                    clock.stamp(member.until) if member.until < clock.END else None,
                )
                for member in case.members
            ],
        )

    def _write(self, at: int, record: object) -> None:
        self._add(at, self._encode(record))


def next_door(home: Address) -> Address:
    """Return the address beside another one."""
    number = int(home.number)
    return replace(home, number=str(number - 2 if number > 2 else number + 2), suffix=None)
