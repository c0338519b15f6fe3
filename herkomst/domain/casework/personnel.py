"""Those who read, and what they are engaged in: officers, their cases, tasks and duties.

A feed of personnel and cases tells it, record by record; a record that is told again with other
content amends what was told before, and what was told before stays in the record. That is what
lets a read be held against what was known when it was made. Who an officer is, is sealed like any
person; which purchases a case or a task is about is told by reference and names nobody.
"""

from typing import Literal

import msgspec

from herkomst.domain.calendar import Occurred, TimeError, interval, parse_occurred
from herkomst.domain.events import EventData, event
from herkomst.domain.problems import Problem, RecordRefused
from herkomst.domain.register import checks
from herkomst.domain.register.purchase import check_seller
from herkomst.domain.register.records import Address, Keyed, Reference, Seller, Wire

DutyKind = Literal["shift", "cover", "on_call", "control", "training"]
ReadKind = Literal["seller", "purchase", "stolen_item", "hit"]
PURPOSES = ("case:", "task:", "duty:")
LONGEST = 2_000
"""Characters of a reason."""


# As the feed sends it


class RoleWire(Wire, frozen=True, kw_only=True):
    role: str
    from_: str = msgspec.field(name="from")
    to: str | None = None


class OfficerRecord(Keyed, frozen=True, kw_only=True):
    """Somebody of the staff, as the personnel register has them."""

    type: Literal["officer"]
    person: Seller
    unit: str
    roles: list[RoleWire]
    former_addresses: list[Address] | None = None


class SubjectWire(Wire, frozen=True, kw_only=True):
    purchase: Reference
    category: str
    from_: str = msgspec.field(name="from")


class MemberWire(Wire, frozen=True, kw_only=True):
    officer: Reference
    from_: str = msgspec.field(name="from")
    to: str | None = None


class CaseRecord(Keyed, frozen=True, kw_only=True):
    """An investigation (onderzoek): whom it is about, and who works on it from when to when."""

    type: Literal["case"]
    unit: str
    article: str
    ground: str
    opened: str
    subjects: list[SubjectWire]
    members: list[MemberWire]
    closed: str | None = None


class TaskRecord(Keyed, frozen=True, kw_only=True):
    """Something that an officer was told to look into."""

    type: Literal["task"]
    officer: Reference
    unit: str
    from_: str = msgspec.field(name="from")
    to: str
    about: list[Reference]


class DutyRecord(Keyed, frozen=True, kw_only=True):
    """A time of service (dienst)."""

    type: Literal["duty"]
    officer: Reference
    unit: str
    kind: DutyKind
    from_: str = msgspec.field(name="from")
    to: str
    covers: Reference | None = None
    dealer: Reference | None = None
    about: list[Reference] | None = None


class ReadRecord(Keyed, frozen=True, kw_only=True):
    """One look into a register, of a journal that is rehearsed."""

    type: Literal["read"]
    at: str
    officer: Reference
    purpose: str
    kind: ReadKind
    device: str
    purchase: Reference | None = None
    stolen: Reference | None = None
    break_glass: bool | None = None
    reason: str | None = None


StaffRecord = OfficerRecord | CaseRecord | TaskRecord | DutyRecord


# As it is recorded


class Named(msgspec.Struct, frozen=True, kw_only=True):
    """A record by the name that its source gave it."""

    key: str
    source: str


class RoleTerm(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What an officer may do, from when to when."""

    from_: str = msgspec.field(name="from")
    role: str
    to: str | None = None


class MemberTerm(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Who works on a case, from when to when."""

    from_: str = msgspec.field(name="from")
    officer: Named
    to: str | None = None


class SubjectTerm(msgspec.Struct, frozen=True, kw_only=True):
    """Whom a case is about, by a purchase in which they stand, and since when."""

    category: str
    from_: str = msgspec.field(name="from")
    purchase: Named


class Told(EventData, frozen=True, kw_only=True):
    """Something that the feed told; a later one on the same stream amends it."""


@event
class OfficerTold(Told, frozen=True, kw_only=True):
    """Somebody is of the staff, or something about him changed."""

    TOPIC = "personnel.officer.told"

    fingerprint: bytes
    key: str
    roles: tuple[RoleTerm, ...]
    sealed: bytes
    """`Private`, encrypted with the data key of the officer."""
    source: str
    unit: str


@event
class OfficerForgotten(EventData, frozen=True, kw_only=True):
    """What was sealed of an officer was destroyed, and what was hashed of it goes; that he was of
    the staff, and what he read, stays."""

    TOPIC = "personnel.officer.forgotten"


class Private(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is sealed of an officer."""

    former_addresses: list[Address] = []
    person: Seller


@event
class CaseTold(Told, frozen=True, kw_only=True):
    """An investigation is under way, or something about it changed."""

    TOPIC = "personnel.case.told"

    article: str
    closed: str | None = None
    ground: str
    key: str
    members: tuple[MemberTerm, ...]
    opened: str
    source: str
    subjects: tuple[SubjectTerm, ...]
    unit: str


@event
class TaskTold(Told, frozen=True, kw_only=True):
    """An officer was given a task, or something about it changed."""

    TOPIC = "personnel.task.told"

    about: tuple[Named, ...]
    from_: str = msgspec.field(name="from")
    key: str
    officer: Named
    source: str
    to: str
    unit: str


@event
class DutyTold(Told, frozen=True, kw_only=True):
    """An officer is on duty, or something about it changed."""

    TOPIC = "personnel.duty.told"

    about: tuple[Named, ...] = ()
    covers: Named | None = None
    dealer: Named | None = None
    from_: str = msgspec.field(name="from")
    key: str
    kind: DutyKind
    officer: Named
    source: str
    to: str
    unit: str


def person_name(source: str, key: str) -> str:
    """How the desk writes down an officer of the feed; a user of the product has his own name."""
    return f"{source}:{key}"


# Checks


def check(record: StaffRecord | ReadRecord) -> Occurred | None:
    """When it begins; None for an officer, who simply is. Raises `RecordRefused`."""
    problems: list[Problem] = []
    checks.check_key(record.key, "/key", problems)
    if isinstance(record, OfficerRecord):
        _check_officer(record, problems)
        begins = None
    elif isinstance(record, CaseRecord):
        begins = _check_case(record, problems)
    elif isinstance(record, ReadRecord):
        begins = _check_read(record, problems)
    else:
        begins = _check_span(record.from_, record.to, "", problems)
        _check_cover(record, problems)
    if problems:
        raise RecordRefused(problems)
    return begins


def _check_officer(record: OfficerRecord, problems: list[Problem]) -> None:
    check_seller(record.person, "/person", problems)
    for place, role in enumerate(record.roles):
        _check_span(role.from_, role.to, f"/roles/{place}", problems)


def _check_case(record: CaseRecord, problems: list[Problem]) -> Occurred | None:
    for place, member in enumerate(record.members):
        _check_span(member.from_, member.to, f"/members/{place}", problems)
    for place, subject in enumerate(record.subjects):
        checks.check_instant(subject.from_, f"/subjects/{place}/from", problems)
    begins = checks.check_instant(record.opened, "/opened", problems)
    if record.closed is not None:
        checks.check_instant(record.closed, "/closed", problems)
    return begins


def _check_cover(record: TaskRecord | DutyRecord, problems: list[Problem]) -> None:
    if isinstance(record, DutyRecord) and record.kind == "cover" and record.covers is None:
        problems.append(
            Problem(
                "/covers",
                "missing",
                "A cover does not say whom it covers.",
                "Send `covers`, or another kind of duty.",
            )
        )


_NEEDED = {"seller": "purchase", "purchase": "purchase", "stolen_item": "stolen"}


def _check_read(record: ReadRecord, problems: list[Problem]) -> Occurred | None:
    if not record.purpose.startswith(PURPOSES) or not record.purpose.partition(":")[2]:
        problems.append(
            Problem(
                "/purpose",
                "purpose_invalid",
                f"{record.purpose[:80]!r} is no purpose.",
                "Write it as case:KEY, task:KEY or duty:KEY.",
            )
        )
    needed = _NEEDED.get(record.kind)
    if needed is not None and getattr(record, needed) is None:
        problems.append(
            Problem(
                f"/{needed}",
                "missing",
                f"A read of kind {record.kind!r} does not say which.",
                f"Send {needed!r}.",
            )
        )
    if needed is None and record.purchase is None and record.stolen is None:
        problems.append(
            Problem(
                "", "missing", "A read of a hit names neither side.", "Send 'purchase' or 'stolen'."
            )
        )
    if record.reason is not None and len(record.reason) > LONGEST:
        problems.append(
            Problem(
                "/reason",
                "too_long",
                f"The reason has {len(record.reason)} characters; {LONGEST} are allowed.",
                "Say it in fewer.",
            )
        )
    return checks.check_instant(record.at, "/at", problems)


def _check_span(from_: str, to: str | None, field: str, problems: list[Problem]) -> Occurred | None:
    """Both ends of a term; which of them cannot be read, or that they stand the wrong way round."""
    begins = checks.check_instant(from_, f"{field}/from", problems)
    if to is None:
        return begins
    ends = checks.check_instant(to, f"{field}/to", problems)
    if begins and ends and interval(ends).end <= interval(begins).start:
        problems.append(
            Problem(
                f"{field}/to",
                "term_reversed",
                f"It ends at {to}, before it begins at {from_}.",
                "Let `to` lie behind `from`.",
            )
        )
    return begins


# From one to the other


def told(record: CaseRecord | TaskRecord | DutyRecord) -> Told:
    """What the feed says of a case, a task or a duty."""
    if isinstance(record, CaseRecord):
        return _case(record)
    if isinstance(record, TaskRecord):
        return TaskTold(
            about=tuple(map(named, record.about)),
            from_=record.from_,
            key=record.key,
            officer=named(record.officer),
            source=record.source,
            to=record.to,
            unit=record.unit,
        )
    return DutyTold(
        about=tuple(map(named, record.about or ())),
        covers=None if record.covers is None else named(record.covers),
        dealer=None if record.dealer is None else named(record.dealer),
        from_=record.from_,
        key=record.key,
        kind=record.kind,
        officer=named(record.officer),
        source=record.source,
        to=record.to,
        unit=record.unit,
    )


def _case(record: CaseRecord) -> CaseTold:
    return CaseTold(
        article=record.article,
        closed=record.closed,
        ground=record.ground,
        key=record.key,
        members=tuple(
            MemberTerm(from_=m.from_, officer=named(m.officer), to=m.to) for m in record.members
        ),
        opened=record.opened,
        source=record.source,
        subjects=tuple(
            SubjectTerm(category=s.category, from_=s.from_, purchase=named(s.purchase))
            for s in record.subjects
        ),
        unit=record.unit,
    )


def officer_told(record: OfficerRecord, *, fingerprint: bytes, sealed: bytes) -> OfficerTold:
    return OfficerTold(
        fingerprint=fingerprint,
        key=record.key,
        roles=tuple(RoleTerm(from_=r.from_, role=r.role, to=r.to) for r in record.roles),
        sealed=sealed,
        source=record.source,
        unit=record.unit,
    )


def private_part(record: OfficerRecord) -> Private:
    """What must be sealed of an officer."""
    return Private(former_addresses=record.former_addresses or [], person=record.person)


def named(reference: Reference) -> Named:
    return Named(key=reference.key, source=reference.source)


def moment(written: str) -> Occurred:
    """A moment as an event holds it, which was checked on the way in."""
    try:
        return parse_occurred(written)
    except TimeError as error:
        raise ValueError(f"an event holds {written!r}, which is no moment") from error
