from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from herkomst.access import policy
from herkomst.access.purpose import (
    Asked,
    PurposeNotHeld,
    PurposeRefused,
    hold,
    known_ground,
    parse,
)
from herkomst.access.viewer import Purpose, Reading, Role, Viewer
from herkomst.record.archive import Archive
from herkomst.record.casework import CaseOpened, Opening
from tests.readings import under

VIEWER = Viewer(subject="dev:x", role=Role.DISTRICT_DETECTIVE, unit="amsterdam")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (None, "purpose_missing"),
        ("", "purpose_missing"),
        ("curiosity", "purpose_invalid"),
        ("case:", "purpose_invalid"),
        ("case: 1", "purpose_invalid"),
        ("CASE:1", "purpose_invalid"),
        ("case:1\n", "purpose_invalid"),
        (f"case:{'1' * 65}", "purpose_invalid"),
        ("duty:gossip", "duty_unknown"),
    ],
)
def test_what_is_no_purpose_is_refused(text: str | None, code: str) -> None:
    with pytest.raises(PurposeRefused) as refusal:
        parse(text)

    assert refusal.value.code == code
    assert refusal.value.cure


@pytest.mark.parametrize(
    ("text", "code"),
    [(None, "ground_missing"), ("", "ground_missing"), ("wpg:11", "ground_unknown")],
)
def test_what_is_no_ground_is_refused(text: str | None, code: str) -> None:
    with pytest.raises(PurposeRefused) as refusal:
        known_ground(text)

    assert refusal.value.code == code


def test_a_duty_is_told_by_its_name_and_a_case_by_its_kind() -> None:
    assert parse("duty:front_desk").form == "duty:front_desk"
    assert parse("case:2026-0312") == Purpose("case", "2026-0312")
    assert parse("case:2026-0312").form == "case"
    assert str(parse("task:41")) == "task:41"


@pytest.mark.parametrize("ground", sorted(policy.grounds()))
def test_every_ground_of_the_table_is_known(ground: str) -> None:
    assert under(VIEWER, "case:1", ground).ground == ground


NO_CASE = "01234567-89ab-7cde-8f01-23456789abcd"
LEAD, MEMBER, STRANGER, OVERSEER = "dev:lead", "dev:member", "dev:stranger", "dev:chief"


@pytest.fixture
def case(archive: Archive) -> CaseOpened:
    """A case under article 9, of Amsterdam, in which one member works beside the lead."""
    opening = Opening(title="Rijwiel", lead=LEAD, unit="amsterdam", article="wpg:9")
    opened = archive.casework.open_case(opening, actor=f"user:{LEAD}")
    join(archive, opened.id, MEMBER)
    return opened


def join(archive: Archive, case: UUID, member: str, *, begins: timedelta = timedelta(0)) -> None:
    now = datetime.now(UTC)
    archive.casework.in_case(
        case,
        lambda c, _: c.join(member, "investigator", now + begins, None, now),
        actor=f"user:{LEAD}",
    )


def held(
    archive: Archive,
    who: str,
    purpose: str,
    ground: str = "wpg:9",
    role: Role = Role.DISTRICT_DETECTIVE,
    unit: str = "amsterdam",
) -> Reading:
    viewer = Viewer(subject=who, role=role, unit=unit)
    return hold(archive.standings, viewer, Asked.parse(purpose, ground))


def refused(archive: Archive, who: str, purpose: str, ground: str = "wpg:9") -> PurposeNotHeld:
    with pytest.raises(PurposeNotHeld) as refusal:
        held(archive, who, purpose, ground)
    assert refusal.value.cure
    return refusal.value


class TestWhoMayNotNameACase:
    def test_given_a_case_then_it_is_no_purpose_of_who_does_not_work_in_it(
        self, archive: Archive, case: CaseOpened
    ) -> None:
        refusal = refused(archive, STRANGER, f"case:{case.number}")

        assert refusal.code == "purpose_not_held"

    @pytest.mark.parametrize(
        "number", ["2026-9999", "9999-0001", "312", "2026-00001", "x/1", NO_CASE]
    )
    def test_given_no_case_of_a_number_then_it_is_refused_in_the_same_words(
        self, archive: Archive, case: CaseOpened, number: str
    ) -> None:
        there = refused(archive, STRANGER, f"case:{case.number}")
        nowhere = refused(archive, STRANGER, f"case:{number}")

        assert nowhere.code == there.code
        assert nowhere.message.replace(number, "N") == there.message.replace(case.number, "N")

    def test_given_a_member_who_leaves_then_it_is_no_purpose_at_once(
        self, archive: Archive, case: CaseOpened
    ) -> None:
        assert held(archive, MEMBER, f"case:{case.number}").held is not None

        archive.casework.in_case(
            case.id, lambda c, _: c.leave(MEMBER, datetime.now(UTC)), actor=f"user:{LEAD}"
        )

        assert refused(archive, MEMBER, f"case:{case.number}").code == "purpose_not_held"

    def test_given_a_term_of_later_then_it_is_no_purpose_yet(
        self, archive: Archive, case: CaseOpened
    ) -> None:
        join(archive, case.id, STRANGER, begins=timedelta(hours=1))

        assert refused(archive, STRANGER, f"case:{case.number}").code == "purpose_not_held"

    def test_given_a_case_that_was_closed_then_it_is_no_purpose_any_more(
        self, archive: Archive, case: CaseOpened
    ) -> None:
        archive.casework.in_case(
            case.id, lambda c, seal: c.propose_closing(LEAD, seal("Klaar.")), actor="user:x"
        )
        archive.casework.in_case(case.id, lambda c, _: c.close(OVERSEER), actor="user:x")

        assert refused(archive, MEMBER, f"case:{case.number}").code == "case_closed"
        assert refused(archive, STRANGER, f"case:{case.number}").code == "purpose_not_held"

    def test_given_another_article_than_that_of_the_case_then_it_is_refused(
        self, archive: Archive, case: CaseOpened
    ) -> None:
        refusal = refused(archive, MEMBER, f"case:{case.number}", "wpg:8")

        assert refusal.code == "ground_not_of_case"
        assert "wpg:9" in refusal.cure

    def test_given_who_oversees_another_unit_or_may_not_see_its_handling_then_it_is_refused(
        self, archive: Archive
    ) -> None:
        opening = Opening("x", LEAD, "amsterdam", "wpg:9", handling="confidential")
        number = archive.casework.open_case(opening, actor="user:x").number

        with pytest.raises(PurposeNotHeld):
            held(archive, OVERSEER, f"case:{number}", role=Role.TEAM_LEADER)
        with pytest.raises(PurposeNotHeld):
            held(archive, OVERSEER, f"case:{number}", role=Role.AUTHORISED_OFFICER, unit="utrecht")


class TestWhoseCaseItIs:
    def test_given_a_case_then_it_is_a_purpose_of_its_members_each_in_his_part(
        self, archive: Archive, case: CaseOpened
    ) -> None:
        for who, part in ((LEAD, "lead"), (MEMBER, "investigator")):
            reading = held(archive, who, f"case:{case.number}")

            assert reading.held is not None
            assert (reading.held.case, reading.held.part) == (case.id, part)

    def test_given_who_oversees_its_unit_then_it_is_a_purpose_without_a_part(
        self, archive: Archive, case: CaseOpened
    ) -> None:
        reading = held(archive, OVERSEER, f"case:{case.number}", role=Role.TEAM_LEADER)

        assert reading.held is not None
        assert reading.held.part is None

    def test_given_a_prosecutor_who_is_a_member_then_he_reads_under_his_own_law(
        self, archive: Archive, case: CaseOpened
    ) -> None:
        join(archive, case.id, "dev:om")

        reading = held(archive, "dev:om", f"case:{case.number}", "wjsg:39b", Role.PROSECUTOR, "om")

        assert reading.held is not None

    def test_given_its_id_then_it_is_the_same_purpose(
        self, archive: Archive, case: CaseOpened
    ) -> None:
        readings = [
            held(archive, MEMBER, f"case:{name}")
            for name in (case.number, case.id, f"{case.number}/7", f"{case.id}/x")
        ]

        assert {reading.held for reading in readings} == {readings[0].held}
        assert {str(reading.purpose) for reading in readings} == {f"case:{case.id}"}
        assert str(readings[0].stated) == f"case:{case.number}"

    def test_given_a_task_by_the_number_or_the_id_of_its_case_then_it_is_the_same_purpose(
        self, archive: Archive, case: CaseOpened
    ) -> None:
        archive.casework.in_case(
            case.id,
            lambda c, seal: c.give(MEMBER, seal("Bel de winkel."), None, datetime.now(UTC)),
            actor=f"user:{LEAD}",
        )
        readings = [held(archive, MEMBER, f"task:{name}/1") for name in (case.number, case.id)]

        assert {str(reading.purpose) for reading in readings} == {f"task:{case.id}/1"}
        assert {reading.purpose.form for reading in readings} == {"task"}

    def test_given_a_duty_then_nothing_is_looked_up(self, archive: Archive) -> None:
        assert held(archive, STRANGER, "duty:front_desk", "wpg:8").held is None


class TestAcceptance:
    def test_given_who_an_identity_provider_names_then_it_is_no_duty_of_his(
        self, archive: Archive
    ) -> None:
        assert refused(archive, MEMBER, "duty:acceptance", "wpg:8").code == "acceptance_closed"

    def test_given_development_login_then_it_is_one(self, archive: Archive) -> None:
        viewer = Viewer(
            subject="dev:x", role=Role.DISTRICT_DETECTIVE, unit="amsterdam", may_accept=True
        )

        reading = hold(archive.standings, viewer, Asked.parse("duty:acceptance", "wpg:8"))

        assert reading.held is None


class TestTasks:
    def give(self, archive: Archive, case: UUID, member: str) -> None:
        archive.casework.in_case(
            case,
            lambda c, seal: c.give(member, seal("Zoek."), None, datetime.now(UTC)),
            actor="user:x",
        )

    def test_given_a_task_then_it_is_a_purpose_of_who_is_to_do_it_until_it_ends(
        self, archive: Archive, case: CaseOpened
    ) -> None:
        self.give(archive, case.id, MEMBER)
        purpose = f"task:{case.number}/1"
        assert held(archive, MEMBER, purpose).held is not None
        assert refused(archive, LEAD, purpose).code == "purpose_not_held"

        archive.casework.in_case(case.id, lambda c, _: c.end_task("1", "done", None), actor="x")

        assert refused(archive, MEMBER, purpose).code == "purpose_not_held"

    @pytest.mark.parametrize("task", ["41", "NUMBER", "NUMBER/", "NUMBER/7"])
    def test_given_no_such_task_then_it_is_refused(
        self, archive: Archive, case: CaseOpened, task: str
    ) -> None:
        purpose = f"task:{task.replace('NUMBER', case.number)}"

        assert refused(archive, MEMBER, purpose).code == "purpose_not_held"
