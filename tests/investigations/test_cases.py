"""Cases: who must not see one, what it holds, and how it was known."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from herkomst.access.policy import Action, NotPermitted, permit
from herkomst.access.reading import Question, Returned
from herkomst.access.viewer import Role, Viewer
from herkomst.domain.casework.case import Case as CaseState
from herkomst.domain.casework.case import CaseRefused
from herkomst.domain.events import EventData
from herkomst.investigations import casefiles, cases
from herkomst.investigations.casefiles import Right
from herkomst.investigations.cases import Case
from herkomst.investigations.inquiry import Desk, Inquiry
from herkomst.investigations.pages import Page
from herkomst.record.archive import Archive
from herkomst.record.casework import CaseOpened, Opening, Seal, UnknownCase
from tests.investigations.inquiring import at_desk, inquire
from tests.readings import under
from tests.serving import follow, journal

LEAD, MEMBER, STRANGER = "dev:leider", "dev:rechercheur", "dev:vreemde"
ASKED = Question("mutation", {}, "graphql")
TODAY = datetime.now(UTC).date()


def allowed(
    action: Action,
    subject: str = MEMBER,
    role: Role = Role.DISTRICT_DETECTIVE,
    unit: str = "amsterdam",
    ground: str = "wpg:9",
) -> Any:
    viewer = Viewer(subject=subject, role=role, unit=unit)
    return permit(under(viewer, "case:1", ground), action)


def a_case(archive: Archive, **changes: Any) -> CaseOpened:
    opening = Opening(
        title="Onderzoek Rijwiel", lead=LEAD, unit="amsterdam", article="wpg:9", handling="closed"
    )
    return archive.casework.open_case(opening._replace(**changes), actor=f"user:{LEAD}")


def do(archive: Archive, case: CaseOpened, act: Callable[[CaseState, Seal], EventData]) -> None:
    archive.casework.in_case(case.id, act, actor=f"user:{LEAD}")


def join(archive: Archive, case: CaseOpened, until: datetime | None = None) -> None:
    now = datetime.now(UTC)
    do(archive, case, lambda s, _: s.join(MEMBER, "investigator", now, until, now))


def listed(archive: Archive, **viewer: Any) -> list[str]:
    """Numbers of the cases that there are for a viewer."""
    permitted = allowed(Action.READ_CASES, **viewer)

    async def ask(inquiry: Inquiry) -> list[str]:
        return [case.number for case in (await cases.page(permitted, inquiry, Page(10))).nodes]

    follow(archive)
    return inquire(archive, ask)


class TestWhoMustNotSee:
    def test_a_case_exists_for_nobody_but_its_members(self, archive: Archive) -> None:
        a_case(archive)

        assert listed(archive, subject=STRANGER) == []

    def test_nor_for_one_whose_term_has_ended_or_not_begun(self, archive: Archive) -> None:
        case, now = a_case(archive), datetime.now(UTC)
        soon, later = now + timedelta(days=1), now + timedelta(days=2)
        do(archive, case, lambda s, _: s.join("dev:later", "reader", soon, later, now))
        join(archive, case)
        do(archive, case, lambda s, _: s.leave(MEMBER, datetime.now(UTC)))

        assert listed(archive, subject="dev:later") == []
        assert listed(archive, subject=MEMBER) == []

    def test_nor_for_who_leads_another_unit_or_has_no_right_to_its_handling(
        self, archive: Archive
    ) -> None:
        a_case(archive)

        chief = {"subject": STRANGER, "role": Role.TEAM_LEADER}
        assert listed(archive, **chief, unit="utrecht") == []
        assert listed(archive, **chief) == [], "it is closed to all but its members"
        officer = {"subject": STRANGER, "role": Role.AUTHORISED_OFFICER}
        assert len(listed(archive, **officer)) == 1

    def test_nor_is_it_found_by_number_or_id(self, archive: Archive) -> None:
        case = a_case(archive)
        permitted = allowed(Action.READ_CASES, STRANGER)
        follow(archive)

        async def ask(inquiry: Inquiry) -> list[Case | None]:
            return [
                await cases.one(permitted, inquiry, case=case.id),
                await cases.one(permitted, inquiry, number=case.number),
            ]

        assert inquire(archive, ask) == [None, None]

    @pytest.mark.parametrize("role", [Role.PROSECUTOR, Role.BOA_2, Role.SOURCE, Role.AUDITOR])
    def test_nor_by_a_role_without_the_right(self, role: Role) -> None:
        with pytest.raises(NotPermitted):
            allowed(Action.READ_CASES, role=role)


class TestWhoSees:
    def test_a_member_sees_it_with_its_texts(self, archive: Archive) -> None:
        case = a_case(archive)
        join(archive, case)
        permitted = allowed(Action.READ_CASES)
        follow(archive)

        found = inquire(archive, lambda i: cases.one(permitted, i, number=case.number))

        assert found is not None
        assert (found.id, found.title) == (case.id, "Onderzoek Rijwiel")
        assert {(m.member, m.part) for m in found.members} == {
            (LEAD, "lead"),
            (MEMBER, "investigator"),
        }


def acted(
    archive: Archive,
    case: CaseOpened,
    right: Right,
    act: Callable[[CaseState, Seal], EventData],
    **viewer: Any,
) -> None:
    action = Action.REVIEW_CASE if right == "review" else Action.WORK_IN_CASE
    permitted = allowed(action, **viewer)
    follow(archive)

    async def work(desk: Desk) -> None:
        async with Inquiry(desk, Returned()) as inquiry:
            await casefiles.act_in(permitted, inquiry, desk, ASKED, case.id, right, act)

    at_desk(archive, work)


def note(state: CaseState, seal: Seal) -> EventData:
    return state.note("fact", seal("Zeven fietsen."), None)


class TestWhoMayNotAct:
    def test_for_a_stranger_there_is_no_case(self, archive: Archive) -> None:
        case = a_case(archive)

        with pytest.raises(UnknownCase):
            acted(archive, case, "work", note, subject=STRANGER)

    def test_a_reader_writes_nothing(self, archive: Archive) -> None:
        case, now = a_case(archive), datetime.now(UTC)
        do(archive, case, lambda s, _: s.join(MEMBER, "reader", now, None, now))

        with pytest.raises(NotPermitted):
            acted(archive, case, "work", note)

    def test_an_investigator_neither_leads_nor_reviews(self, archive: Archive) -> None:
        case = a_case(archive)
        join(archive, case)

        with pytest.raises(NotPermitted):
            acted(archive, case, "lead", note)
        with pytest.raises(NotPermitted):
            acted(archive, case, "review", note, role=Role.DISTRICT_DETECTIVE)

    def test_who_proposed_does_not_review(self, archive: Archive) -> None:
        case = a_case(archive)
        officer = {"subject": LEAD, "role": Role.AUTHORISED_OFFICER}
        acted(archive, case, "work", lambda s, seal: s.propose_closing(LEAD, seal("k")), **officer)

        with pytest.raises(CaseRefused) as raised:
            acted(archive, case, "review", lambda s, _: s.close(LEAD), **officer)

        assert raised.value.code == "own_review"

    def test_nobody_opens_a_case_for_another_unit(self, archive: Archive) -> None:
        opening = Opening("Onderzoek", LEAD, "utrecht", "wpg:8")
        permitted = allowed(Action.OPEN_CASE, LEAD, Role.TEAM_LEADER)

        async def work(desk: Desk) -> None:
            await casefiles.open_case(permitted, desk, ASKED, opening)

        with pytest.raises(NotPermitted):
            at_desk(archive, work)


class TestWhoActs:
    def test_an_investigator_writes_and_both_are_journaled(self, archive: Archive) -> None:
        case = a_case(archive)
        join(archive, case)

        acted(archive, case, "work", note)

        permitted = allowed(Action.READ_CASES)
        follow(archive)

        async def ask(inquiry: Inquiry) -> list[str | None]:
            found = await cases.one(permitted, inquiry, case=case.id)
            assert found is not None
            page = await cases.entries(permitted, inquiry, Page(10), case=found)
            return [entry.text for entry in page.nodes]

        assert inquire(archive, ask) == ["Zeven fietsen."]
        assert [entry.TOPIC for entry in journal(archive)] == [
            "journal.attempted",
            "journal.concluded",
        ]
