"""The case (zaak, onderzoek): what a purpose stands on, and who works in it from when to when.

A case is opened on an article of the Wpg by the unit it is for. What is done in it are events, so
that it can be shown as it was known on any day. Texts are sealed with the data key of the case.
Closing takes two: one proposes it, another reviews it.
"""

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

from herkomst.domain import controllers, ids
from herkomst.domain.events import EventData, Recorded, event

Part = Literal["lead", "investigator", "reader"]
"""What a member does in a case; there is one lead (teamleider van het onderzoek) at a time."""
Category = Literal["suspect", "victim", "witness", "other"]
"""Categories of persons, which are kept apart (art. 6b Wpg)."""
ItemKind = Literal["purchase", "stolen_item", "hit"]
State = Literal["open", "closing", "closed"]
SECRET = frozenset({"confidential", "closed"})
"""Handling codes of cases that are not told to exist. They are numbered apart: in one series each
gap between two open cases would tell of a secret one."""
NUMBER = re.compile(r"(?P<year>\d{4})-(?P<series>V?)(?P<place>\d{4,9})", re.ASCII)
"""What a number of a case looks like (zaaknummer); nothing else is one."""


@event
class Opened(EventData, frozen=True, kw_only=True):
    """A case was opened."""

    TOPIC = "casework.case.opened"

    aim: bytes | None = None
    """The purpose in writing, sealed; of an article 9 case it is due within a week (art. 9(2))."""
    lead: str
    since: str
    """Moment in UTC from which the lead has the case."""
    title: bytes
    """Sealed."""


@event
class Numbered(EventData, frozen=True, kw_only=True):
    """A case took the next number of its year and series: the version of this event on the stream
    of these."""

    TOPIC = "casework.case.numbered"

    case: str
    """Stream of the case, in hex."""
    year: int


@event
class AimStated(EventData, frozen=True, kw_only=True):
    """The purpose of the case was put in writing, or put anew."""

    TOPIC = "casework.case.aim_stated"

    aim: bytes
    """Sealed."""


@event
class MemberJoined(EventData, frozen=True, kw_only=True):
    """Somebody works in the case from a moment on; one who does already has his term changed."""

    TOPIC = "casework.case.member_joined"

    member: str
    part: Literal["investigator", "reader"]
    since: str
    """Moment in UTC."""
    until: str | None = None
    """First moment at which it no longer holds."""


@event
class MemberLeft(EventData, frozen=True, kw_only=True):
    """Somebody no longer works in the case."""

    TOPIC = "casework.case.member_left"

    member: str
    until: str


@event
class TaskGiven(EventData, frozen=True, kw_only=True):
    """A member was given something to do."""

    TOPIC = "casework.case.task_given"

    due: str | None = None
    """Legal date."""
    member: str
    task: str
    """Name of the task within its case."""
    text: bytes
    """Sealed."""


@event
class TaskEnded(EventData, frozen=True, kw_only=True):
    """A task was done, or is not to be done any more."""

    TOPIC = "casework.case.task_ended"

    outcome: Literal["done", "dropped"]
    task: str
    text: bytes | None = None
    """Sealed."""


@event
class ItemAdded(EventData, frozen=True, kw_only=True):
    """A record of the register became part of the case."""

    TOPIC = "casework.case.item_added"

    item: str
    """Stream of the record, in hex."""
    kind: ItemKind
    why: bytes | None = None
    """Sealed."""


@event
class ItemRemoved(EventData, frozen=True, kw_only=True):
    """A record is no part of the case any more; that it was one stays."""

    TOPIC = "casework.case.item_removed"

    item: str
    why: bytes
    """Sealed."""


@event
class SubjectNamed(EventData, frozen=True, kw_only=True):
    """A person has a place in the case, in a category, on a ground; or another than before."""

    TOPIC = "casework.case.subject_named"

    category: Category
    ground: str
    subject: str
    """Stream of the presented identity that the person is known by, in hex."""
    why: bytes
    """Sealed."""


@event
class SubjectDropped(EventData, frozen=True, kw_only=True):
    """A person has no place in the case any more."""

    TOPIC = "casework.case.subject_dropped"

    subject: str
    why: bytes
    """Sealed."""


@event
class NoteWritten(EventData, frozen=True, kw_only=True):
    """A note; facts and opinions are kept apart (art. 6b Wpg)."""

    TOPIC = "casework.case.note_written"

    about: str | None = None
    """Stream of the item or subject that it is about, in hex."""
    kind: Literal["fact", "opinion"]
    text: bytes
    """Sealed."""


@event
class HandedOver(EventData, frozen=True, kw_only=True):
    """Another unit and another lead answer for the case from now on."""

    TOPIC = "casework.case.handed_over"

    lead: str
    since: str
    unit: str
    why: bytes
    """Sealed."""


@event
class ClosingProposed(EventData, frozen=True, kw_only=True):
    """A member proposed to close the case."""

    TOPIC = "casework.case.closing_proposed"

    by: str
    why: bytes
    """Sealed."""


@event
class ClosingRefused(EventData, frozen=True, kw_only=True):
    """The review found that the case stays open."""

    TOPIC = "casework.case.closing_refused"

    why: bytes
    """Sealed."""


@event
class Closed(EventData, frozen=True, kw_only=True):
    """The review found that the case is closed; it is no purpose any more."""

    TOPIC = "casework.case.closed"


@event
class Reopened(EventData, frozen=True, kw_only=True):
    """A closed case is worked in again."""

    TOPIC = "casework.case.reopened"

    why: bytes
    """Sealed."""


def series_of(year: int, *, is_secret: bool) -> UUID:
    """The stream that numbers the open cases of a year, or the secret ones."""
    return ids.secret_cases_of(year) if is_secret else ids.cases_of(year)


def number_of(year: int, place: int, *, is_secret: bool = False) -> str:
    """The number of a case (zaaknummer), such as 2026-0312; a purpose names a case by it. One of
    those that are not told to exist has a V (vertrouwelijk) in it, as 2026-V0004."""
    return f"{year}-{'V' if is_secret else ''}{place:04}"


def number_told(fact: Recorded) -> str:
    """The number that `Numbered` gives, by the stream on which it stands."""
    assert isinstance(fact.data, Numbered)
    year = fact.data.year
    is_secret = fact.stream == series_of(year, is_secret=True)
    return number_of(year, fact.version, is_secret=is_secret)


class CaseRefused(Exception):
    """What cannot be done in a case as it stands, and how to mend it."""

    def __init__(self, code: str, message: str, cure: str) -> None:
        super().__init__(f"{message} {cure}")
        self.code, self.message, self.cure = code, message, cure


LONGEST = 20_000
"""Characters of a text in a case; what is longer is a document."""
LONGEST_NAME = 100


def must_say(text: str, what: str, longest: int = LONGEST) -> None:
    """Raises `CaseRefused` for a text that says nothing, or too much."""
    if not text.strip():
        raise CaseRefused("text_missing", f"The {what} is empty.", "Say something in it.")
    if len(text) > longest:
        raise CaseRefused(
            "text_too_long",
            f"The {what} has {len(text)} characters; {longest} are allowed.",
            "Say it in fewer.",
        )


def must_name(name: str, what: str) -> None:
    """Raises `CaseRefused` for what is no name. It is told and looked for as it stands, so it has
    only characters that can be seen."""
    must_say(name, what, LONGEST_NAME)
    if not name.isprintable():
        raise CaseRefused(
            "name_unreadable",
            f"The {what} has characters that cannot be seen.",
            "Send the name as the journal has it.",
        )


def _must_be_of_somebody(unit: str) -> None:
    """A case that nobody answers for is overseen by nobody, so none is handed to such a unit."""
    if controllers.of_unit(unit) == controllers.UNLISTED:
        raise CaseRefused(
            "unit_unlisted",
            f"Nobody knows which controller the unit {unit!r} is of, so nobody would oversee the "
            "case.",
            controllers.HOW_TO_NAME,
        )


class Term(msgspec.Struct, frozen=True):
    """From when to when somebody has a part."""

    part: Part
    since: datetime
    until: datetime | None = None

    def holds(self, at: datetime) -> bool:
        return self.since <= at and (self.until is None or at < self.until)


class Case(msgspec.Struct):
    """A case as its events tell it. Its methods say what may happen next."""

    lead: str
    unit: str
    state: State = "open"
    members: dict[str, list[Term]] = {}
    tasks: dict[str, str] = {}
    """Tasks that are to be done, and by whom."""
    given: int = 0
    """How many tasks were ever given; each is named by its number."""
    items: dict[str, ItemKind] = {}
    subjects: dict[str, Category] = {}
    proposed_by: str | None = None

    def part_of(self, member: str, at: datetime) -> Part | None:
        """What somebody does in the case at a moment."""
        terms = self.members.get(member, ())
        return next((term.part for term in reversed(terms) if term.holds(at)), None)

    def join(
        self,
        member: str,
        part: Literal["investigator", "reader"],
        since: datetime,
        until: datetime | None,
        now: datetime,
    ) -> MemberJoined:
        self._must_be_worked_in()
        must_name(member, "member")
        if since < now:
            raise CaseRefused(
                "term_in_the_past",
                f"The term of {member} begins before now.",
                "Let it begin now or later: membership of later explains no reading of before.",
            )
        if until is not None and until <= since:
            raise CaseRefused(
                "term_reversed",
                f"The term of {member} ends before it begins.",
                "Let `until` lie behind `since`.",
            )
        if member == self.lead:
            raise CaseRefused(
                "lead_stays", f"{member} leads this case.", "Hand it over to change its lead."
            )
        return MemberJoined(
            member=member,
            part=part,
            since=_written(since),
            until=None if until is None else _written(until),
        )

    def leave(self, member: str, now: datetime) -> MemberLeft:
        """Also one who is to join later leaves: his term does not begin."""
        terms = self.members.get(member)
        if not terms or (terms[-1].until is not None and terms[-1].until <= now):
            raise CaseRefused("no_member", f"{member} is no member.", "Name a member.")
        if member == self.lead:
            raise CaseRefused(
                "lead_stays", f"{member} leads this case.", "Hand it over before he leaves."
            )
        return MemberLeft(member=member, until=_written(now))

    def give(self, member: str, text: bytes, due: str | None, now: datetime) -> TaskGiven:
        self._must_be_worked_in()
        if self.part_of(member, now) is None:
            raise CaseRefused("no_member", f"{member} is no member.", "Let him join first.")
        return TaskGiven(task=str(self.given + 1), member=member, text=text, due=due)

    def end_task(
        self, task: str, outcome: Literal["done", "dropped"], text: bytes | None
    ) -> TaskEnded:
        if task not in self.tasks:
            raise CaseRefused("no_task", f"No task {task!r} is to be done.", "Name one that is.")
        return TaskEnded(task=task, outcome=outcome, text=text)

    def add(self, kind: ItemKind, item: str, why: bytes | None) -> ItemAdded:
        self._must_be_worked_in()
        if item in self.items:
            raise CaseRefused("item_exists", "It is part of this case.", "Nothing need be done.")
        return ItemAdded(item=item, kind=kind, why=why)

    def remove(self, item: str, why: bytes) -> ItemRemoved:
        self._must_be_worked_in()
        if item not in self.items:
            raise CaseRefused("no_item", "It is no part of this case.", "Name an item of it.")
        return ItemRemoved(item=item, why=why)

    def name(self, subject: str, category: Category, ground: str, why: bytes) -> SubjectNamed:
        self._must_be_worked_in()
        if self.subjects.get(subject) == category:
            raise CaseRefused(
                "subject_exists", f"The person is named as {category}.", "Nothing need be done."
            )
        return SubjectNamed(subject=subject, category=category, ground=ground, why=why)

    def drop(self, subject: str, why: bytes) -> SubjectDropped:
        self._must_be_worked_in()
        if subject not in self.subjects:
            raise CaseRefused("no_subject", "Nobody is named by it.", "Name a subject.")
        return SubjectDropped(subject=subject, why=why)

    def note(self, kind: Literal["fact", "opinion"], text: bytes, about: str | None) -> NoteWritten:
        self._must_be_worked_in()
        if about is not None and about not in self.items and about not in self.subjects:
            raise CaseRefused(
                "no_item", "The note is about nothing of this case.", "Add the item first."
            )
        return NoteWritten(kind=kind, text=text, about=about)

    def state_aim(self, aim: bytes) -> AimStated:
        self._must_be_worked_in()
        return AimStated(aim=aim)

    def hand_over(self, unit: str, lead: str, why: bytes, now: datetime) -> HandedOver:
        self._must_be_worked_in()
        must_name(unit, "unit")
        must_name(lead, "lead")
        _must_be_of_somebody(unit)
        if (unit, lead) == (self.unit, self.lead):
            raise CaseRefused(
                "same_lead", f"{lead} of {unit} leads this case.", "Name another lead or unit."
            )
        return HandedOver(unit=unit, lead=lead, since=_written(now), why=why)

    def propose_closing(self, by: str, why: bytes) -> ClosingProposed:
        self._must_be_worked_in()
        if self.tasks:
            raise CaseRefused(
                "tasks_open",
                f"Tasks are to be done: {', '.join(sorted(self.tasks))}.",
                "End them, as done or as dropped.",
            )
        return ClosingProposed(by=by, why=why)

    def refuse_closing(self, by: str, why: bytes) -> ClosingRefused:
        self._must_be_reviewed_by(by)
        return ClosingRefused(why=why)

    def close(self, by: str) -> Closed:
        self._must_be_reviewed_by(by)
        return Closed()

    def reopen(self, why: bytes) -> Reopened:
        if self.state != "closed":
            raise CaseRefused("not_closed", "The case is not closed.", "Nothing need be done.")
        return Reopened(why=why)

    def _must_be_worked_in(self) -> None:
        if self.state == "closed":
            raise CaseRefused("case_closed", "The case is closed.", "Reopen it, with the reason.")
        if self.state == "closing":
            raise CaseRefused(
                "case_closing", "Its closing is being reviewed.", "Wait for the review."
            )

    def _must_be_reviewed_by(self, by: str) -> None:
        if self.state != "closing":
            raise CaseRefused(
                "nothing_proposed", "Nobody proposed to close it.", "Propose it first."
            )
        if by == self.proposed_by:
            raise CaseRefused(
                "own_review", "Nobody reviews what he proposed.", "Let somebody else review it."
            )


def _written(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")


def evolve(state: Case | None, data: EventData, unit: str) -> Case:
    """The case after this event; `unit` is the owning unit that its envelope names."""
    if isinstance(data, Opened):
        case = Case(lead=data.lead, unit=unit)
        _lead_from(case, data.lead, data.since)
        return case
    if state is None:
        raise ValueError(f"a case cannot begin with {data.TOPIC}")
    _CHANGES[type(data)](state, data)
    return state


def folded(facts: Sequence[Recorded]) -> Case | None:
    """The case that a stream tells of; None when it tells of something else, or of nothing."""
    if not facts or facts[0].topic != Opened.TOPIC:
        return None
    state: Case | None = None
    for fact in facts:
        state = evolve(state, fact.data, fact.envelope.unit)
    return state


def _lead_from(case: Case, lead: str, since: str) -> None:
    at = datetime.fromisoformat(since)
    for member in {case.lead, lead} & case.members.keys():
        case.members[member] = _ended(case.members[member], at)
    case.members[lead] = [*case.members.get(lead, []), Term("lead", at)]
    case.lead = lead


def _joined(case: Case, data: MemberJoined) -> None:
    since = datetime.fromisoformat(data.since)
    until = None if data.until is None else datetime.fromisoformat(data.until)
    terms = _ended(case.members.get(data.member, []), since)
    case.members[data.member] = [*terms, Term(data.part, since, until)]


def _left(case: Case, data: MemberLeft) -> None:
    at = datetime.fromisoformat(data.until)
    case.members[data.member] = _ended(case.members.get(data.member, []), at)


def _ended(terms: list[Term], at: datetime) -> list[Term]:
    """Terms, of which those that hold at a moment or begin later end there."""
    return [
        Term(term.part, term.since, at) if term.until is None or term.until > at else term
        for term in terms
        if term.since < at
    ]


def _given(case: Case, data: TaskGiven) -> None:
    case.tasks[data.task] = data.member
    case.given += 1


def _task_ended(case: Case, data: TaskEnded) -> None:
    del case.tasks[data.task]


def _added(case: Case, data: ItemAdded) -> None:
    case.items[data.item] = data.kind


def _removed(case: Case, data: ItemRemoved) -> None:
    del case.items[data.item]


def _named(case: Case, data: SubjectNamed) -> None:
    case.subjects[data.subject] = data.category


def _dropped(case: Case, data: SubjectDropped) -> None:
    del case.subjects[data.subject]


def _handed_over(case: Case, data: HandedOver) -> None:
    _lead_from(case, data.lead, data.since)
    case.unit = data.unit


def _proposed(case: Case, data: ClosingProposed) -> None:
    case.state, case.proposed_by = "closing", data.by


def _worked_in_again(case: Case, _: ClosingRefused | Reopened) -> None:
    case.state, case.proposed_by = "open", None


def _closed(case: Case, _: Closed) -> None:
    case.state = "closed"


def _unchanged(_: Case, __: EventData) -> None:
    """What adds to the file and leaves who may do what as it is."""


_CHANGES: dict[type[EventData], Callable[[Case, Any], None]] = {
    AimStated: _unchanged,
    MemberJoined: _joined,
    MemberLeft: _left,
    TaskGiven: _given,
    TaskEnded: _task_ended,
    ItemAdded: _added,
    ItemRemoved: _removed,
    SubjectNamed: _named,
    SubjectDropped: _dropped,
    NoteWritten: _unchanged,
    HandedOver: _handed_over,
    ClosingProposed: _proposed,
    ClosingRefused: _worked_in_again,
    Closed: _closed,
    Reopened: _worked_in_again,
}
