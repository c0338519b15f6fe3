"""The feed of personnel and rehearsed reads: accounting, sealing, and a journal kept apart."""

from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from herkomst.domain import ids
from herkomst.domain.casework.personnel import OfficerTold, StaffRecord
from herkomst.domain.register.records import Address
from herkomst.investigations.exports import export_lines
from herkomst.record.archive import Archive
from herkomst.record.personnel import JournalInUse, Rehearsal
from herkomst.record.receipts import Receipt
from herkomst.record.vault import destroy
from tests.archives import a_seller
from tests.projections.following import facts, follow
from tests.record.holding import assert_holds, stored, topics
from tests.staffing import (
    ACTOR,
    PERSONNEL,
    a_case,
    a_duty,
    a_member,
    a_read,
    a_task,
    an_officer,
    rehearse,
    tell,
)


def statuses(receipts: Sequence[Receipt]) -> list[str]:
    return [receipt.status for receipt in receipts]


def test_given_a_feed_when_it_comes_again_then_it_changes_nothing(archive: Archive) -> None:
    feed: list[StaffRecord] = [an_officer(), a_case(), a_task(), a_duty()]

    assert statuses(tell(archive, *feed)) == ["accepted"] * 4
    assert statuses(tell(archive, *feed, *feed)) == ["duplicate"] * 8

    assert len(assert_holds(archive, "casework")) == 4


def test_given_other_content_then_the_feed_amends_and_an_old_file_changes_nothing(
    archive: Archive,
) -> None:
    tell(archive, an_officer(), a_case())
    moved = an_officer(unit="Rotterdam")
    joined = a_case(members=[a_member(), a_member("O-2")])

    assert statuses(tell(archive, moved, joined)) == ["amended"] * 2
    assert statuses(tell(archive, an_officer(), a_case(), moved, joined)) == ["duplicate"] * 4


def test_given_both_in_one_batch_then_the_second_amends_the_first(archive: Archive) -> None:
    receipts = tell(archive, a_duty(), a_duty(kind="on_call"), a_duty())

    assert statuses(receipts) == ["accepted", "amended", "duplicate"]
    assert [receipt.position for receipt in receipts[:2]] == [1, 2]


def test_given_a_case_then_it_is_of_whom_its_unit_is_of_and_never_silently_of_the_police(
    archive: Archive,
) -> None:
    units = {
        "Amsterdam": "politie",
        "kmar-schiphol": "kmar",
        "FIOD Zwolle": "fiod",
        "x": "unlisted",
    }
    tell(archive, *(a_case(unit, unit=unit) for unit in units))

    told = {fact.envelope.unit: fact.envelope.controller for fact in facts(archive, "casework")}

    assert told == units


def test_given_an_officer_then_nobody_reads_who_it_is(archive: Archive) -> None:
    person = a_seller(family_name="Geheim", phone="06-00000009", given_names="Zegniet")
    former = [Address(street="Verlatenstraat", number="7", postcode="1234 AB")]

    tell(archive, an_officer(person=person, former_addresses=former))

    state = b"".join(row.state for row in stored(archive, "casework"))
    for told in (b"Geheim", b"00000009", b"Zegniet", b"Verlaten", b"1234", b"Fictielaan"):
        assert told not in state
    (event,) = archive.casework.history(ids.staff_id("officer", PERSONNEL, "O-1"))
    assert isinstance(event, OfficerTold)


def test_given_an_erased_officer_when_told_again_then_it_is_a_conflict(archive: Archive) -> None:
    tell(archive, an_officer())
    with archive.database.transaction() as cursor:
        destroy(cursor, [ids.staff_id("officer", PERSONNEL, "O-1")])

    (receipt,) = tell(archive, an_officer())

    assert (receipt.status, receipt.errors[0].code) == ("conflict", "erased")


@pytest.mark.parametrize(
    ("record", "field", "code"),
    [
        (a_case(opened="gisteren"), "/opened", "time_unreadable"),
        (a_case(members=[a_member(to="2026-03-01")]), "/members/0/to", "term_reversed"),
        (a_duty(kind="cover"), "/covers", "missing"),
        (a_task(to="2026-03-09T07:00:00+01:00"), "/to", "term_reversed"),
        (an_officer(person=a_seller(family_name=" ")), "/person/family_name", "empty"),
    ],
)
def test_given_a_record_that_cannot_be_meant_then_the_others_are_taken_in(
    archive: Archive, record: object, field: str, code: str
) -> None:
    refused, taken = tell(archive, record, a_duty("D-9"))  # type: ignore[arg-type]

    assert (refused.status, taken.status) == ("rejected", "accepted")
    assert (refused.errors[0].field, refused.errors[0].code) == (field, code)
    assert refused.errors[0].cure


class TestReads:
    def test_given_a_read_again_then_it_is_a_duplicate_and_another_one_a_conflict(
        self, archive: Archive
    ) -> None:
        read = a_read(break_glass=True, reason="melding van heterdaad")
        assert statuses(rehearse(archive, a_read("R-2"), read)) == ["accepted"] * 2

        again = rehearse(
            archive, a_read("R-2"), read, replace(read, reason="spoed"), a_read("R-2", device="x")
        )

        assert statuses(again) == ["duplicate", "duplicate", "conflict", "conflict"]
        assert topics(archive, "journal").count("journal.rehearsed") == 2
        assert b"heterdaad" not in b"".join(row.state for row in stored(archive, "journal"))

    @pytest.mark.parametrize(
        ("record", "field"),
        [
            (a_read(purpose="curiosity"), "/purpose"),
            (a_read(purpose="case:"), "/purpose"),
            (a_read(purchase=None), "/purchase"),
            (a_read(kind="stolen_item"), "/stolen"),
            (a_read(kind="hit", purchase=None), ""),
            (a_read(at="2026-03-09T12:00"), "/at"),
        ],
    )
    def test_given_one_that_cannot_be_meant_then_it_is_refused(
        self, archive: Archive, record: object, field: str
    ) -> None:
        (receipt,) = rehearse(archive, record)  # type: ignore[arg-type]

        assert (receipt.status, receipt.errors[0].field) == ("rejected", field)

    def test_given_a_dry_run_then_nothing_is_there(self, archive: Archive) -> None:
        rehearsal = Rehearsal(archive.journal)

        receipts = rehearsal.take_in([(1, a_read())], actor=ACTOR, dry_run=True)

        assert statuses(receipts) == ["accepted"]
        assert topics(archive, "journal") == []

    def test_given_a_real_read_then_none_is_rehearsed_beside_it(self, archive: Archive) -> None:
        rehearsal = Rehearsal(archive.journal)
        rehearsal.take_in([(1, a_read())], actor=ACTOR)
        follow(archive)

        assert len(list(export_lines(archive, "review", purpose="duty:review", ground="wpg:32a")))

        with pytest.raises(JournalInUse) as refused:
            rehearsal.take_in([(1, a_read("R-9"))], actor=ACTOR)
        assert refused.value.code == "journal_in_use"
        assert rehearsal.conclude("staff", PERSONNEL) is None
