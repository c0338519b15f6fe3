"""A made-up staff with its cases, tasks, duties and reads, as a feed tells them."""

from typing import Any

from msgspec.structs import replace

from herkomst.domain.casework.personnel import (
    CaseRecord,
    DutyRecord,
    MemberWire,
    OfficerRecord,
    ReadRecord,
    RoleWire,
    StaffRecord,
    SubjectWire,
    TaskRecord,
)
from herkomst.domain.journal import Read
from herkomst.domain.register.records import Address, Reference
from herkomst.record.archive import Archive
from herkomst.record.journal import journal_event
from herkomst.record.personnel import Rehearsal, take_in_staff
from herkomst.record.receipts import Receipt
from tests.archives import TILL, a_seller

PERSONNEL = "personeel"
ACTOR = "source:personeel"
DAY = "2026-03-09"
"""A day on which all that is told below holds."""


def at(clock: str, day: str = DAY) -> str:
    return f"{day}T{clock}+01:00"


def bought(key: str = "purchase-1") -> Reference:
    return Reference(source=TILL, key=key)


def who(key: str = "O-1") -> Reference:
    return Reference(source=PERSONNEL, key=key)


def an_officer(key: str = "O-1", **changes: Any) -> OfficerRecord:
    """An officer of Amsterdam who lives far from the seller of `a_purchase`."""
    home = Address(street="Verzonnenweg", number=f"{200 + len(key)}", postcode="9999 ZZ")
    person = a_seller(
        family_name=f"Agent{key}", born="1985-01-01", address=home, phone=None, document=None
    )
    officer = OfficerRecord(
        type="officer",
        v=1,
        source=PERSONNEL,
        key=key,
        person=person,
        unit="Amsterdam",
        roles=[RoleWire(role="district_detective", from_="2020-01-01")],
    )
    return replace(officer, **changes)


def a_case(key: str = "C-1", **changes: Any) -> CaseRecord:
    """A case about the seller of `purchase-1`, with O-1 as its member."""
    case = CaseRecord(
        type="case",
        v=1,
        source=PERSONNEL,
        key=key,
        unit="Amsterdam",
        article="sr:416",
        ground="wpg:9",
        opened=at("00:00", "2026-03-03"),
        subjects=[a_subject()],
        members=[a_member()],
    )
    return replace(case, **changes)


def a_subject(key: str = "purchase-1", from_: str = "2026-03-03") -> SubjectWire:
    return SubjectWire(purchase=bought(key), category="suspect", from_=from_)


def a_member(key: str = "O-1", from_: str = "2026-03-03", to: str | None = None) -> MemberWire:
    return MemberWire(officer=who(key), from_=from_, to=to)


def a_task(key: str = "T-1", **changes: Any) -> TaskRecord:
    task = TaskRecord(
        type="task",
        v=1,
        source=PERSONNEL,
        key=key,
        officer=who(),
        unit="Amsterdam",
        from_=at("08:00"),
        to=at("17:00"),
        about=[bought()],
    )
    return replace(task, **changes)


def a_duty(key: str = "D-1", **changes: Any) -> DutyRecord:
    """A shift by day that is about nothing."""
    duty = DutyRecord(
        type="duty",
        v=1,
        source=PERSONNEL,
        key=key,
        officer=who(),
        unit="Amsterdam",
        kind="shift",
        from_=at("07:00"),
        to=at("15:00"),
    )
    return replace(duty, **changes)


def a_read(key: str = "R-1", **changes: Any) -> ReadRecord:
    """O-1 looks at `purchase-1` at noon, for case C-1."""
    read = ReadRecord(
        type="read",
        v=1,
        source=PERSONNEL,
        key=key,
        at=at("12:00"),
        officer=who(),
        purpose="case:C-1",
        kind="seller",
        device="wp-1",
        purchase=bought(),
    )
    return replace(read, **changes)


def tell(archive: Archive, *records: StaffRecord) -> list[Receipt]:
    """The receipts of what the feed tells."""
    return take_in_staff(archive.casework, list(enumerate(records, 1)), actor=ACTOR)


def rehearse(archive: Archive, *records: ReadRecord) -> list[Receipt]:
    """The receipts of reads, as a file that ends with them."""
    rehearsal = Rehearsal(archive.journal)
    receipts = rehearsal.take_in(list(enumerate(records, 1)), actor=ACTOR)
    rehearsal.conclude("reads", PERSONNEL)
    return receipts


def really_read(
    archive: Archive,
    user: str,
    purpose: str,
    *returned: str,
    sought: tuple[str, ...] = (),
    role: str = "district_detective",
) -> None:
    """A real read of a user, as the journal of the product has it."""
    entry = archive.journal.open_entry()
    data = Read(
        asked=entry.key.seal(b"?"),
        asked_token="t",
        count=len(returned),
        device="",
        document="d",
        duration_us=1,
        ground="wpg:9",
        policy="0" * 16,
        purpose=purpose,
        returned=returned,
        role=role,
        sought=sought,
        unit="Amsterdam",
        user=user,
        way="graphql",
    )
    event = journal_event(entry.stream, data, user=user, ground="wpg:9", unit="Amsterdam")
    archive.journal.write([(event, entry.row)])
