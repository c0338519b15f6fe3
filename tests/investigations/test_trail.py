"""The audit trail: who must not learn of what, what it tells, and that it stays what it was."""

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import msgspec
import pytest

from herkomst.access import policy
from herkomst.access.policy import Action, NotPermitted
from herkomst.access.purpose import Asked, hold
from herkomst.access.reading import Question, Returned, attempt, read
from herkomst.access.viewer import Reading, Role, Viewer
from herkomst.domain import ids
from herkomst.domain.casework.case import Case
from herkomst.domain.casework.hit import Hit
from herkomst.domain.casework.hold import grounds
from herkomst.domain.casework.request import AccessRequest, AccessRequested
from herkomst.domain.casework.reveal import Basis, Revealed, Reveals
from herkomst.domain.events import EventData
from herkomst.investigations import (
    cases,
    hits,
    presentations,
    printing,
    purchases,
    stolen_items,
    trail,
)
from herkomst.investigations.inquiry import Desk, Inquiry
from herkomst.investigations.pages import InvalidPage, Page
from herkomst.investigations.printing import TooLong
from herkomst.investigations.trail import Entry, Narrowed, Trail
from herkomst.record import holds
from herkomst.record.archive import Archive
from herkomst.record.casework import CaseOpened, Opening, Seal, Standpoint
from herkomst.record.requests import act_in_request, stream_for
from herkomst.record.verification import verify
from tests.archives import POLICE, TILL, a_correction, a_dealer, a_sale, a_stolen_item
from tests.investigations.inquiring import at_desk, inquire
from tests.serving import follow, journal, pair, take_in

PURCHASE = ids.purchase_id(TILL, "purchase-1")
PERSON = ids.presentation_id(PURCHASE)
STOLEN = ids.stolen_item_id(POLICE, "stolen-1")
HIT = ids.pair_id(PURCHASE, 1, STOLEN)
CLOSED = ids.stolen_item_id(POLICE, "hidden")
LEAD, PROSECUTOR, STRANGER = "dev:leider", "dev:officier", "dev:vreemde"
ALL = Narrowed()
Ask = Callable[[Reading, Inquiry], Any]


def a_case(archive: Archive, article: str = "wpg:8", **changes: Any) -> CaseOpened:
    opening = Opening(title="Rijwiel", lead=LEAD, unit="amsterdam", article=article)
    return archive.casework.open_case(opening._replace(**changes), actor=f"user:{LEAD}")


def do(archive: Archive, case: CaseOpened, act: Callable[[Case, Seal], EventData]) -> None:
    archive.casework.in_case(case.id, act, actor=f"user:{LEAD}")


def add(archive: Archive, case: CaseOpened, kind: Any, item: UUID) -> None:
    do(archive, case, lambda s, seal: s.add(kind, item.hex, seal("Voor het onderzoek.")))


def join(archive: Archive, case: CaseOpened, member: str) -> None:
    now = datetime.now(UTC)
    do(archive, case, lambda s, _: s.join(member, "reader", now, None, now))


def somebody(
    archive: Archive,
    role: str,
    purpose: str,
    ground: str,
    subject: str = STRANGER,
    unit: str = "amsterdam",
) -> Reading:
    """A reading of somebody whose purpose is his at this moment."""
    viewer = Viewer(subject=subject, role=Role(role), unit=unit, may_accept=True)
    return hold(archive.standings, viewer, Asked.parse(purpose, ground))


def prosecutor(archive: Archive, case: CaseOpened) -> Reading:
    return somebody(archive, "prosecutor", f"case:{case.number}", "wjsg:39b", PROSECUTOR)


@pytest.fixture
def case(archive: Archive) -> CaseOpened:
    """A confirmed hit in a case of which a prosecutor is a member."""
    take_in(archive, a_dealer(), *pair(1))
    case = a_case(archive)
    join(archive, case, PROSECUTOR)
    add(archive, case, "hit", HIT)
    archive.casework.decide(HIT, Hit.confirm, actor=f"user:{LEAD}", ground="wpg:8")
    follow(archive)
    return case


def looked(archive: Archive, reading: Reading, ask: Ask) -> None:
    """That somebody reads something, by the way that all reading goes."""

    async def work(desk: Desk) -> None:
        async def execute(returned: Returned) -> Any:
            async with Inquiry(desk, returned) as inquiry:
                return await ask(reading, inquiry)

        await read(archive, reading, Question("{ hit }", {}, "graphql"), execute)

    at_desk(archive, work)


async def the_hit(reading: Reading, inquiry: Inquiry) -> Any:
    return await hits.one(policy.permit(reading, Action.READ_HITS), inquiry, HIT)


async def every_hit(reading: Reading, inquiry: Inquiry) -> Any:
    return await hits.page(policy.permit(reading, Action.READ_HITS), inquiry, Page(100))


async def with_what_is_closed(reading: Reading, inquiry: Inquiry) -> Any:
    await the_hit(reading, inquiry)
    return await the_closed(reading, inquiry)


async def the_closed(reading: Reading, inquiry: Inquiry) -> Any:
    allowed = policy.permit(reading, Action.READ_STOLEN_ITEMS)
    return await stolen_items.one(allowed, inquiry, CLOSED)


async def with_every_case(reading: Reading, inquiry: Inquiry) -> Any:
    await the_hit(reading, inquiry)
    return await cases.page(policy.permit(reading, Action.READ_CASES), inquiry, Page(100))


async def the_purchase(reading: Reading, inquiry: Inquiry) -> Any:
    allowed = policy.permit(reading, Action.READ_PURCHASES)
    return await purchases.one(allowed, inquiry, PURCHASE)


async def the_person(reading: Reading, inquiry: Inquiry) -> Any:
    allowed = policy.permit(reading, Action.READ_PRESENTATIONS)
    return await presentations.one(allowed, inquiry, PERSON)


def trail_of(
    archive: Archive,
    reading: Reading,
    of: object = HIT,
    asked: Narrowed = ALL,
    size: int = 100,
    returned: Returned | None = None,
) -> Trail:
    """The first page of a trail, which itself leaves no read behind."""
    follow(archive)
    permitted = policy.permit(reading, Action.READ_TRAIL)

    async def ask(inquiry: Inquiry) -> Trail:
        return await trail.page(permitted, inquiry, Page(size), str(of), asked)

    return inquire(archive, ask, returned)


def entries(archive: Archive, reading: Reading, of: object = HIT, **narrowed: Any) -> list[Entry]:
    return list(trail_of(archive, reading, of, Narrowed(**narrowed)).page.nodes)


def topics(told: list[Entry]) -> list[str]:
    return [entry.topic for entry in told]


def readers(archive: Archive, reading: Reading, of: object = HIT) -> list[str]:
    return [entry.actor for entry in entries(archive, reading, of, kinds=["read"])]


def encoded(told: Trail) -> bytes:
    """All that is told, cursors included; when it was asked and how to count it are left out."""
    return msgspec.json.encode([told.kind, told.of, told.page.edges, told.page.more])


@pytest.mark.usefixtures("case")
class TestWhoMustNotSee:
    def test_given_a_prosecutor_who_is_not_in_the_case_then_there_is_no_such_hit(
        self, archive: Archive
    ) -> None:
        other = a_case(archive)
        join(archive, other, PROSECUTOR)

        with pytest.raises(InvalidPage, match="There is no record"):
            trail_of(archive, prosecutor(archive, other))

    def test_given_a_closed_item_then_its_trail_is_that_of_nothing(self, archive: Archive) -> None:
        take_in(archive, *pair(2, "closed"))
        reading = somebody(archive, "district_detective", "duty:front_desk", "wpg:8")
        closed = ids.stolen_item_id(POLICE, "stolen-2")
        hit = ids.pair_id(ids.purchase_id(TILL, "purchase-2"), 1, closed)

        for of in (closed, hit, "nonsense", "2026-9999"):
            with pytest.raises(InvalidPage) as refused:
                trail_of(archive, reading, of)
            assert refused.value.message == f"There is no record {str(of)!r}."

    def test_given_an_item_that_is_withheld_then_so_is_its_trail(self, archive: Archive) -> None:
        take_in(archive, *pair(2, "confidential"))
        reading = somebody(archive, "district_detective", "duty:front_desk", "wpg:8")
        withheld = ids.stolen_item_id(POLICE, "stolen-2")
        hit = ids.pair_id(ids.purchase_id(TILL, "purchase-2"), 1, withheld)

        for of in (withheld, hit):
            with pytest.raises(NotPermitted, match="withheld"):
                trail_of(archive, reading, of)

    @pytest.mark.parametrize("role", ["boa_1", "municipal_clerk", "administrator", "defence"])
    def test_given_a_role_without_the_right_then_it_opens_no_trail(
        self, archive: Archive, role: str
    ) -> None:
        for ground in ("wpg:8", "sr:437", "wpg:32a"):
            reading = somebody(archive, role, "duty:acceptance", ground)
            with pytest.raises(NotPermitted):
                policy.permit(reading, Action.READ_TRAIL)

    def test_a_detective_is_told_of_no_read_but_his_own(self, archive: Archive) -> None:
        looked(archive, somebody(archive, "hic_team", "duty:front_desk", "wpg:8"), the_hit)
        reading = somebody(archive, "district_detective", "duty:front_desk", "wpg:8", "dev:zelf")
        looked(archive, reading, the_hit)

        assert readers(archive, reading) == ["user:dev:zelf"]

    def test_nor_one_in_the_case_of_what_his_colleagues_read_for_it(
        self, archive: Archive, case: CaseOpened
    ) -> None:
        join(archive, case, "dev:zelf")
        purpose = f"case:{case.number}"
        looked(archive, somebody(archive, "team_leader", purpose, "wpg:8", LEAD), the_hit)

        reading = somebody(archive, "district_detective", purpose, "wpg:8", "dev:zelf")

        assert readers(archive, reading) == []

    def test_a_name_is_never_told(self, archive: Archive, case: CaseOpened) -> None:
        told = trail_of(archive, prosecutor(archive, case), PERSON)

        assert "shown" in {fact.name for entry in told.page.nodes for fact in entry.facts}
        assert b"Voorbeeld" not in encoded(told)

    def test_who_controls_is_told_nothing_of_what_is_said(self, archive: Archive) -> None:
        for role, ground in (
            ("access_reviewer", "wpg:32a"),
            ("privacy_officer", "wpg:32a"),
            ("auditor", "wpg:33"),
        ):
            reading = somebody(archive, role, "duty:review", ground)
            told = entries(archive, reading)

            assert all(e.withheld and not e.facts for e in told if e.kind != "read")
            assert {"casework.hit.confirmed", "heling.item.reported"} <= set(topics(told))


def hidden_reads(archive: Archive) -> list[Callable[[], None]]:
    """Reads of the hit that a prosecutor may not know of, each for another reason."""
    inquiry = a_case(archive, "wpg:9", unit="utrecht", lead=STRANGER)
    secret = a_case(archive, "wpg:8", unit="amsterdam", lead=STRANGER, handling="closed")
    take_in(
        archive,
        a_stolen_item(key="hidden", handling="closed", item=pair(1)[1].item),  # type: ignore[union-attr]
    )
    officer = partial(somebody, archive, "authorised_officer")
    return [
        partial(looked, archive, reading, ask)
        for reading, ask in (
            (officer(f"case:{inquiry.number}", "wpg:9"), the_hit),
            (officer(f"case:{secret.id}", "wpg:8"), the_hit),
            (officer("duty:front_desk", "wpg:9"), the_hit),
            (officer("duty:front_desk", "wpg:10"), the_hit),
            (officer("duty:front_desk", "wpg:8"), every_hit),
            (officer("duty:front_desk", "wpg:8"), with_what_is_closed),
            (officer("duty:supervision", "wpg:8"), with_every_case),
        )
    ]


class TestACovertViewer:
    def test_does_not_appear_and_changes_no_byte(self, archive: Archive, case: CaseOpened) -> None:
        looked(archive, somebody(archive, "hic_team", "duty:front_desk", "wpg:8"), the_hit)
        acts = hidden_reads(archive)
        viewer = prosecutor(archive, case)
        subjects = (HIT, PURCHASE, STOLEN, PERSON, case.id)
        before = {of: encoded(trail_of(archive, viewer, of)) for of in subjects}

        for act in acts:
            act()

        assert {of: encoded(trail_of(archive, viewer, of)) for of in subjects} == before
        assert readers(archive, viewer) == [f"user:{STRANGER}"]

    def test_is_in_no_count_and_no_page(self, archive: Archive, case: CaseOpened) -> None:
        for act in hidden_reads(archive):
            act()
            looked(archive, somebody(archive, "hic_team", "duty:front_desk", "wpg:8"), the_hit)
        viewer = prosecutor(archive, case)
        permitted = policy.permit(viewer, Action.READ_TRAIL)
        follow(archive)

        async def ask(inquiry: Inquiry) -> tuple[list[Entry], int | None]:
            told: list[Entry] = []
            wanted = Page(1)
            while True:
                found = (
                    await trail.page(permitted, inquiry, wanted, str(HIT), Narrowed(["read"]))
                ).page
                told += found.nodes
                if not found.more:
                    return told, await found.total()
                end = found.page_info.end_cursor
                wanted = inquiry.cursors.page(trail.LIST, 1, end)

        told, count = inquire(archive, ask)

        assert count == len(told) == 7
        assert {entry.role for entry in told} == {"hic_team"}

    def test_is_told_to_who_may_know_of_the_case(self, archive: Archive, case: CaseOpened) -> None:
        reading = somebody(archive, "team_leader", f"case:{case.number}", "wpg:8", LEAD)
        looked(archive, reading, the_hit)

        (told,) = entries(archive, prosecutor(archive, case), kinds=["read"])

        facts = {fact.name: fact.value for fact in told.facts}
        assert facts["purpose"] == f"case:{case.number}"
        assert facts["hit"] == str(HIT)

    @pytest.mark.usefixtures("case")
    def test_is_told_to_who_controls(self, archive: Archive) -> None:
        for act in hidden_reads(archive):
            act()

        reading = somebody(archive, "access_reviewer", "duty:review", "wpg:32a", "dev:toetser")

        assert readers(archive, reading) == [f"user:{STRANGER}"] * 7

    def test_who_controls_is_covert_himself(self, archive: Archive, case: CaseOpened) -> None:
        reading = somebody(archive, "access_reviewer", "duty:review", "wpg:32a", "dev:toetser")
        permitted = policy.permit(reading, Action.READ_TRAIL)

        looked(
            archive,
            reading,
            lambda _, inquiry: trail.page(permitted, inquiry, Page(10), str(HIT), ALL),
        )

        assert readers(archive, prosecutor(archive, case)) == []
        assert readers(archive, reading) == ["user:dev:toetser"]

    def test_a_reveal_of_others_is_told_only_where_it_stands_on_what_one_knows(
        self, archive: Archive, case: CaseOpened
    ) -> None:
        inquiry = a_case(archive, "wpg:9", unit="utrecht")
        revealed(archive, "case", "wpg:9", case=inquiry.id.hex)
        revealed(archive, "emergency", "wpg:9")
        viewer = prosecutor(archive, case)

        assert entries(archive, viewer, PERSON, kinds=["reveal"]) == []

        revealed(archive, "case", "wpg:8", case=case.id.hex)
        revealed(archive, "hit", "wpg:8", hit=HIT.hex)
        told = entries(archive, viewer, PERSON, kinds=["reveal"])
        assert [e.facts[1].value for e in told] == ["case", "hit"]

    def test_a_case_of_others_is_not_told(self, archive: Archive, case: CaseOpened) -> None:
        other = a_case(archive, "wpg:9", unit="utrecht")
        for each in (case, other):
            add(archive, each, "purchase", PURCHASE)
            do(archive, each, lambda s, seal: s.name(PERSON.hex, "suspect", "wpg:9", seal("X")))
            do(archive, each, lambda s, seal: s.note("fact", seal("Gezien."), PURCHASE.hex))

        told = entries(archive, prosecutor(archive, case), PURCHASE, kinds=["case"])

        assert {entry.stream for entry in told} == {case.id}
        assert topics(told) == [
            "casework.case.item_added",
            "casework.case.item_added",
            "casework.case.subject_named",
            "casework.case.note_written",
        ], "the hit and the purchase were added"


def revealed(archive: Archive, basis: Basis, ground: str, **stands: Any) -> None:
    def act(_: Reveals, seal: Seal) -> Revealed:
        return Revealed(
            basis=basis,
            by=STRANGER,
            presentation=PERSON.hex,
            purpose="duty:front_desk",
            why=seal("Nodig."),
            **stands,
        )

    by = Standpoint(f"user:{STRANGER}", ground, "utrecht")
    archive.casework.in_reveals(STRANGER, act, by)


def asked_for(archive: Archive, officer: str, case: CaseOpened | None) -> None:
    """The stolen good was asked for, for a case or for a duty of this officer."""
    purpose = f"case:{case.number}" if case else "duty:front_desk"
    by = Standpoint(f"user:{officer}", "wpg:8", "amsterdam")

    def ask(_: AccessRequest, seal: Seal) -> AccessRequested:
        return AccessRequested(
            answer_by=datetime.now(UTC).isoformat(),
            by=officer,
            case=case.id.hex if case else None,
            owner=POLICE,
            purpose=purpose,
            record=STOLEN.hex,
            role="team_leader",
            unit=by.unit,
            why=seal("Zelfde reeks?"),
        )

    stream = stream_for(STOLEN, case.id if case else None, officer, purpose)
    act_in_request(archive.casework, stream, ask, by.actor, by.custody, begins=True)


class TestWhatWasAskedAndKept:
    def test_a_request_for_an_inquiry_of_others_is_not_told(
        self, archive: Archive, case: CaseOpened
    ) -> None:
        asked_for(archive, STRANGER, a_case(archive, "wpg:9", unit="utrecht"))
        asked_for(archive, STRANGER, None)
        viewer = prosecutor(archive, case)
        assert entries(archive, viewer, kinds=["request"]) == []

        asked_for(archive, LEAD, case)

        (told,) = entries(archive, viewer, kinds=["request"])
        assert told.topic == "casework.access.requested"
        assert ("why", "Zelfde reeks?") in {(f.name, f.value) for f in told.facts}
        assert len(entries(archive, viewer, STOLEN, kinds=["request"])) == 1

    def test_who_asked_for_his_duty_is_told_of_his_own_request(
        self, archive: Archive, case: CaseOpened
    ) -> None:
        assert case
        for officer in (STRANGER, LEAD):
            asked_for(archive, officer, None)

        reading = somebody(archive, "district_detective", "duty:front_desk", "wpg:8")

        (told,) = entries(archive, reading, STOLEN, kinds=["request"])
        assert told.actor == f"user:{STRANGER}"

    def test_a_hold_is_told_to_who_controls_alone_and_not_why(
        self, archive: Archive, case: CaseOpened
    ) -> None:
        by = Standpoint("user:dev:fg", "wpg:14", "amsterdam")
        until = datetime.now(UTC).date() + timedelta(days=30)
        ground = next(iter(grounds()))
        holds.place(archive.casework, STOLEN, "stolen_item", ground, until, "Een klacht.", by)

        assert entries(archive, prosecutor(archive, case), kinds=["hold"]) == []
        reading = somebody(archive, "privacy_officer", "duty:review", "wpg:32a")
        (told,) = entries(archive, reading, STOLEN, kinds=["hold"])
        assert (told.topic, told.withheld, told.facts) == ("privacy.hold.placed", True, ())


class Refused(Exception):
    """What was tried is not allowed."""

    code = "not_allowed"


def tried(archive: Archive, reading: Reading, *named: UUID, done: bool = False) -> None:
    """That somebody tries something with these records, which comes to nothing unless it is
    done."""

    async def act() -> None:
        if not done:
            raise Refused

    async def work(_: Desk) -> None:
        question = Question("mutation", {"ids": [str(each) for each in named]}, "graphql")
        with suppress(Refused):
            await attempt(archive, reading, question, act, lambda _: ())

    at_desk(archive, work)


class TestAnAttemptThatCameToNothing:
    def test_one_that_the_viewer_may_not_know_of_changes_no_byte(
        self, archive: Archive, case: CaseOpened
    ) -> None:
        inquiry = a_case(archive, "wpg:9", unit="utrecht", lead=STRANGER)
        item = pair(1)[1].item  # type: ignore[union-attr]
        take_in(archive, a_stolen_item(key="hidden", handling="closed", item=item))
        viewer = prosecutor(archive, case)
        subjects = (HIT, PURCHASE, STOLEN, PERSON, case.id)
        before = {of: encoded(trail_of(archive, viewer, of)) for of in subjects}

        officer = partial(somebody, archive, "authorised_officer")
        tried(archive, officer(f"case:{inquiry.number}", "wpg:9"), HIT, PURCHASE)
        tried(archive, officer("duty:front_desk", "wpg:9"), HIT)
        tried(archive, officer("duty:front_desk", "wpg:8"), HIT, CLOSED)
        tried(archive, officer("duty:front_desk", "wpg:8"), STOLEN, inquiry.id)

        assert {of: encoded(trail_of(archive, viewer, of)) for of in subjects} == before

    def test_one_that_named_what_is_not_there_is_told_as_one_of_what_is_hidden(
        self, archive: Archive, case: CaseOpened
    ) -> None:
        """Otherwise the trail of what one may know of would tell what else there is."""
        item = pair(1)[1].item  # type: ignore[union-attr]
        take_in(archive, a_stolen_item(key="hidden", handling="closed", item=item))
        officer = somebody(archive, "authorised_officer", "duty:front_desk", "wpg:8")
        controller = somebody(archive, "access_reviewer", "duty:review", "wpg:32a", "dev:toetser")
        for other in (CLOSED, UUID(int=9)):
            tried(archive, officer, HIT, other)

        assert entries(archive, prosecutor(archive, case), kinds=["attempt"]) == []
        assert len(entries(archive, controller, kinds=["attempt"])) == 2
        assert len(entries(archive, officer, kinds=["attempt"])) == 2

    def test_a_detective_is_told_of_his_own_alone(self, archive: Archive, case: CaseOpened) -> None:
        assert case
        for subject in ("dev:zelf", STRANGER):
            tried(
                archive,
                somebody(archive, "district_detective", "duty:front_desk", "wpg:8", subject),
                HIT,
            )
        reading = somebody(archive, "district_detective", "duty:front_desk", "wpg:8", "dev:zelf")

        told = entries(archive, reading, kinds=["attempt"])

        assert [entry.actor for entry in told] == ["user:dev:zelf"]

    def test_it_is_told_with_who_what_for_and_how_it_ended(
        self, archive: Archive, case: CaseOpened
    ) -> None:
        reading = somebody(archive, "team_leader", f"case:{case.number}", "wpg:8", LEAD)
        tried(archive, reading, HIT)

        told = entries(archive, prosecutor(archive, case))

        assert (told[-1].topic, told[-1].kind, told[-1].role) == (
            "journal.concluded",
            "attempt",
            "team_leader",
        )
        assert [(fact.name, fact.value) for fact in told[-1].facts] == [
            ("outcome", "not_allowed"),
            ("purpose", f"case:{case.number}"),
            ("ground", "wpg:8"),
            ("way", "graphql"),
            ("record", str(HIT)),
        ]
        assert told == entries(archive, prosecutor(archive, case), actor=None)
        assert entries(archive, prosecutor(archive, case), actor=f"user:{LEAD}")[-1] == told[-1]
        with archive.database.connection() as connection:
            assert told[-1].leaf == kept(connection, told[-1]).hex()

    def test_one_that_came_to_something_is_told_by_what_it_changed(
        self, archive: Archive, case: CaseOpened
    ) -> None:
        reading = somebody(archive, "team_leader", f"case:{case.number}", "wpg:8", LEAD)
        tried(archive, reading, HIT, done=True)

        assert entries(archive, prosecutor(archive, case), kinds=["attempt"]) == []

    def test_who_controls_is_told_of_each(self, archive: Archive, case: CaseOpened) -> None:
        assert case
        tried(archive, somebody(archive, "authorised_officer", "duty:front_desk", "wpg:9"), HIT)
        reading = somebody(archive, "access_reviewer", "duty:review", "wpg:32a", "dev:toetser")

        (told,) = entries(archive, reading, kinds=["attempt"])

        assert told.facts[0].value == "not_allowed"


class TestWhoCameUponWhatIsClosed:
    @pytest.fixture
    def came_upon(self, archive: Archive, case: CaseOpened) -> CaseOpened:
        """A detective asks for a closed report by its id."""
        item = pair(1)[1].item  # type: ignore[union-attr]
        take_in(archive, a_stolen_item(key="hidden", handling="closed", item=item))
        follow(archive)
        reading = somebody(archive, "district_detective", "duty:front_desk", "wpg:8", "dev:zoeker")
        looked(archive, reading, the_closed)
        follow(archive)
        return case

    def test_nobody_is_told_but_its_owner(self, archive: Archive, came_upon: CaseOpened) -> None:
        officer = somebody(archive, "authorised_officer", "duty:front_desk", "wpg:8")
        assert entries(archive, officer, CLOSED, kinds=["match"]) == []
        for of in (HIT, STOLEN, PURCHASE, PERSON):
            assert entries(archive, prosecutor(archive, came_upon), of, kinds=["match"]) == []
        for role in ("district_detective", "team_leader"):
            reading = somebody(archive, role, "duty:front_desk", "wpg:8", "dev:zoeker")
            with pytest.raises(InvalidPage):
                trail_of(archive, reading, CLOSED)

    @pytest.mark.usefixtures("came_upon")
    def test_its_owner_is_told_who_it_was(self, archive: Archive) -> None:
        purpose, ground = "duty:front_desk", "wpg:8"
        owner = somebody(archive, "authorised_officer", purpose, ground, "dev:bf", POLICE)

        (told,) = entries(archive, owner, CLOSED, kinds=["match"])

        assert told.topic == "casework.match.told"
        facts = {fact.name: fact.value for fact in told.facts}
        assert facts == {
            "how": "report",
            "officer": "dev:zoeker",
            "role": "district_detective",
            "unit": "amsterdam",
            "purpose": "duty:front_desk",
        }

    @pytest.mark.usefixtures("came_upon")
    def test_who_controls_is_told_that_it_was_told(self, archive: Archive) -> None:
        reading = somebody(archive, "access_reviewer", "duty:review", "wpg:32a", "dev:toetser")

        (told,) = entries(archive, reading, CLOSED, kinds=["match"])

        assert (told.withheld, told.facts) == (True, ())


class TestReadsOfTheOwnUnit:
    def leader(self, archive: Archive, unit: str = "amsterdam") -> Reading:
        return somebody(archive, "team_leader", "duty:supervision", "wpg:8", "dev:chef", unit)

    def test_who_leads_it_is_told_of_none_that_is_covert(
        self, archive: Archive, case: CaseOpened
    ) -> None:
        looked(archive, somebody(archive, "hic_team", "duty:front_desk", "wpg:8"), the_hit)
        acts = hidden_reads(archive)
        leader = self.leader(archive)
        subjects = (HIT, PURCHASE, STOLEN, PERSON)
        before = {of: encoded(trail_of(archive, leader, of)) for of in subjects}

        for act in acts:
            act()

        assert {of: encoded(trail_of(archive, leader, of)) for of in subjects} == before
        assert readers(archive, leader) == [f"user:{STRANGER}"]
        assert case

    def test_nor_of_those_of_other_units(self, archive: Archive, case: CaseOpened) -> None:
        assert case
        looked(archive, somebody(archive, "hic_team", "duty:front_desk", "wpg:8"), the_hit)
        tried(archive, somebody(archive, "hic_team", "duty:front_desk", "wpg:8"), HIT)

        assert readers(archive, self.leader(archive, "utrecht")) == []
        assert entries(archive, self.leader(archive, "utrecht"), kinds=["attempt"]) == []
        assert len(entries(archive, self.leader(archive), kinds=["attempt"])) == 1

    def test_nor_at_the_front_desk(self, archive: Archive, case: CaseOpened) -> None:
        assert case
        looked(archive, somebody(archive, "hic_team", "duty:front_desk", "wpg:8"), the_hit)

        assert readers(archive, somebody(archive, "team_leader", "duty:front_desk", "wpg:8")) == [
            f"user:{STRANGER}"
        ], "his own"
        other = somebody(archive, "team_leader", "duty:front_desk", "wpg:8", "dev:chef")
        assert readers(archive, other) == []


class TestWhatItTells:
    def test_given_a_confirmed_hit_then_all_that_led_there_stands_in_order(
        self, archive: Archive, case: CaseOpened
    ) -> None:
        looked(archive, somebody(archive, "hic_team", "duty:front_desk", "wpg:8"), the_hit)

        told = entries(archive, prosecutor(archive, case))

        assert sorted(topics(told)[:5]) == [
            "casework.hit.found",
            "dor.book.entered",
            "dor.identity.presented",
            "dor.purchase.registered",
            "heling.item.reported",
        ]
        assert topics(told)[5:] == [
            "casework.case.item_added",
            "casework.hit.confirmed",
            "journal.read",
        ]
        moments = [entry.recorded_at for entry in told]
        assert moments == sorted(moments)
        assert told[-2].actor == f"user:{LEAD}"
        assert told[-1].role == "hic_team"

    def test_given_what_was_undone_then_it_is_told_as_it_was(
        self, archive: Archive, case: CaseOpened
    ) -> None:
        take_in(archive, a_correction("c", payment={"form": "card"}), a_sale())
        archive.register.take_in(
            [
                (
                    1,
                    msgspec.structs.replace(
                        pair(1)[1], status="withdrawn", withdrawn_reason="mistaken"
                    ),
                )
            ],
            actor="source:politie",
        )
        add(archive, case, "purchase", PURCHASE)
        do(archive, case, lambda s, seal: s.remove(PURCHASE.hex, seal("Vergissing.")))

        told = entries(archive, prosecutor(archive, case))

        after = told[topics(told).index("casework.hit.confirmed") + 1 :]
        assert {
            "dor.purchase.corrected",
            "dor.purchase.line_sold",
            "heling.item.withdrawn",
            "casework.hit.closed",
            "casework.case.item_removed",
        } <= set(topics(after))
        (corrected,) = (e for e in told if e.topic == "dor.purchase.corrected")
        facts = {fact.name: fact.value for fact in corrected.facts}
        assert facts["why"] == "Written down wrongly"
        assert facts["changed"] == "/payment"
        (registered,) = (e for e in told if e.topic == "dor.purchase.registered")
        assert ("payment", "cash 80.00 EUR") in {(f.name, f.value) for f in registered.facts}

    @pytest.mark.parametrize("of", [PURCHASE, STOLEN, PERSON, HIT])
    def test_of_each_kind_of_record_its_own_events_are_told(
        self, archive: Archive, case: CaseOpened, of: UUID
    ) -> None:
        told = trail_of(archive, prosecutor(archive, case), of)

        assert told.of == of
        assert of in {entry.stream for entry in told.page.nodes}
        assert "casework.hit.confirmed" in topics(list(told.page.nodes))

    def test_of_a_case_all_that_was_ever_in_it_is_told_by_its_number_too(
        self, archive: Archive, case: CaseOpened
    ) -> None:
        add(archive, case, "purchase", PURCHASE)
        do(archive, case, lambda s, seal: s.remove(PURCHASE.hex, seal("Vergissing.")))
        viewer = somebody(archive, "team_leader", f"case:{case.number}", "wpg:8", LEAD)
        looked(archive, viewer, the_purchase)

        told = trail_of(archive, viewer, case.number)

        found = topics(list(told.page.nodes))
        assert told.kind == "case"
        assert found[-1] == "journal.read"
        assert {
            "casework.case.opened",
            "casework.case.member_joined",
            "dor.purchase.registered",
            "casework.hit.confirmed",
        } <= set(found)
        assert len(told.page.nodes) == len({(e.sequence, e.position) for e in told.page.nodes})

    def test_of_a_person_it_is_told_that_the_identity_was_opened(
        self, archive: Archive, case: CaseOpened
    ) -> None:
        do(archive, case, lambda s, seal: s.name(PERSON.hex, "suspect", "wpg:8", seal("Verkoper.")))
        revealed(archive, "case", "wpg:8", case=case.id.hex)
        follow(archive)
        viewer = somebody(archive, "team_leader", f"case:{case.number}", "wpg:8", LEAD)
        looked(archive, viewer, the_person)

        told = entries(archive, prosecutor(archive, case), PERSON)

        assert [e.topic for e in told if e.kind in ("case", "reveal")] == [
            "casework.case.item_added",
            "casework.case.subject_named",
            "casework.identity.revealed",
        ]
        assert ("identity", str(PERSON)) in {(f.name, f.value) for f in told[-1].facts}

    def test_it_is_narrowed_by_kind_topic_actor_and_time(
        self, archive: Archive, case: CaseOpened
    ) -> None:
        viewer = prosecutor(archive, case)
        told = entries(archive, viewer)
        last = told[-1]

        assert {e.kind for e in entries(archive, viewer, kinds=["hit"])} == {"hit"}
        assert entries(archive, viewer, topics=[last.topic]) == [last]
        assert entries(archive, viewer, actor=f"user:{LEAD}") == [
            e for e in told if e.actor == f"user:{LEAD}"
        ]
        assert entries(archive, viewer, since=last.recorded_at) == [last]
        assert entries(archive, viewer, until=last.recorded_at) == told[:-1]
        with pytest.raises(InvalidPage, match="Did you mean"):
            entries(archive, viewer, topics=["casework.hit.confirm"])

    def test_in_pages_each_is_told_once_in_order(self, archive: Archive, case: CaseOpened) -> None:
        viewer = prosecutor(archive, case)
        looked(archive, somebody(archive, "hic_team", "duty:front_desk", "wpg:8"), the_hit)
        permitted = policy.permit(viewer, Action.READ_TRAIL)
        whole = entries(archive, viewer)

        async def ask(inquiry: Inquiry) -> list[Entry]:
            told: list[Entry] = []
            wanted = Page(1)
            while len(told) < 50:
                found = (await trail.page(permitted, inquiry, wanted, str(HIT), ALL)).page
                told += found.nodes
                if not found.more:
                    break
                wanted = inquiry.cursors.page(trail.LIST, 1, found.page_info.end_cursor)
            return told

        assert inquire(archive, ask) == whole

    def test_its_leaves_are_those_that_the_record_keeps(
        self, archive: Archive, case: CaseOpened
    ) -> None:
        told = entries(archive, prosecutor(archive, case))

        assert not list(verify(archive))
        with archive.database.connection() as connection:
            for entry in told:
                assert entry.leaf == kept(connection, entry).hex()

    def test_what_it_returned_goes_into_the_journal(
        self, archive: Archive, case: CaseOpened
    ) -> None:
        returned = Returned()

        trail_of(archive, prosecutor(archive, case), returned=returned)

        assert {f"hit:{HIT}", f"purchase:{PURCHASE}", f"stolen_item:{STOLEN}"} <= set(returned.ids)

    def test_a_text_whose_key_was_destroyed_is_told_without_it(
        self, archive: Archive, case: CaseOpened
    ) -> None:
        take_in(archive, a_correction("c", payment={"form": "card"}))
        archive.register.order_erasure(f"seller:{TILL}:purchase-1", ground="avg:17", actor="user:x")
        follow(archive)

        told = entries(archive, prosecutor(archive, case), PURCHASE)

        (corrected,) = (e for e in told if e.topic == "dor.purchase.corrected")
        assert ("why", None) in {(f.name, f.value) for f in corrected.facts}
        assert "dor.identity.erased" in topics(told)


def kept(connection: Any, entry: Entry) -> bytes:
    """The leaf that the append of an event kept."""
    (leaf,) = connection.execute(
        "SELECT substr(leaves, (32 * (%(at)s - first_position) + 1)::integer, 32) "
        "FROM record.appends WHERE sequence = %(sequence)s "
        "AND first_position <= %(at)s AND last_position >= %(at)s",
        {"at": entry.position, "sequence": entry.sequence},
    ).fetchone()
    return bytes(leaf)


class TestAsItWas:
    def test_what_was_told_up_to_a_moment_is_told_for_it_ever_after(
        self, archive: Archive, case: CaseOpened
    ) -> None:
        viewer = prosecutor(archive, case)
        looked(archive, somebody(archive, "hic_team", "duty:front_desk", "wpg:8"), the_hit)
        follow(archive)
        then = Narrowed(until=datetime.now(UTC))
        subjects = (HIT, PURCHASE, STOLEN, PERSON, case.id)
        before = {of: encoded(trail_of(archive, viewer, of, then)) for of in subjects}

        take_in(archive, a_correction("c", payment={"form": "card"}), a_sale())
        do(archive, case, lambda s, seal: s.note("fact", seal("Later."), HIT.hex))
        revealed(archive, "hit", "wpg:8", hit=HIT.hex)
        looked(archive, somebody(archive, "hic_team", "duty:front_desk", "wpg:8"), the_person)

        assert {of: encoded(trail_of(archive, viewer, of, then)) for of in subjects} == before
        assert encoded(trail_of(archive, viewer)) != before[HIT]

    def test_what_has_not_come_through_yet_is_not_taken_for_nothing(
        self, archive: Archive, case: CaseOpened
    ) -> None:
        """The reads are behind: the trail is whole up to the first that is not followed."""
        viewer = prosecutor(archive, case)
        whole = trail_of(archive, viewer)
        looked(archive, somebody(archive, "hic_team", "duty:front_desk", "wpg:8"), the_hit)
        archive.casework.decide(HIT, Hit.confirm, actor=f"user:{LEAD}", ground="wpg:8")
        permitted = policy.permit(viewer, Action.READ_TRAIL)

        async def ask(inquiry: Inquiry) -> Trail:
            return await trail.page(permitted, inquiry, Page(100), str(HIT), ALL)

        behind = inquire(archive, ask)

        assert encoded(behind) == encoded(whole)
        after = trail_of(archive, viewer)
        missing = after.page.nodes[-2].recorded_at
        assert (behind.ended, behind.whole_until) == (missing, missing.replace(microsecond=0))
        assert whole.whole_until is after.whole_until is None


@pytest.mark.usefixtures("case")
class TestExported:
    def test_in_parts_each_is_journaled_before_it_leaves_and_told_once(
        self, archive: Archive, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        officer = somebody(archive, "authorised_officer", "duty:front_desk", "wpg:8")
        whole = entries(archive, officer)
        monkeypatch.setattr(trail, "EXPORTED_AT_ONCE", 3)

        lines = trail.export_trail(archive, policy.permit(officer, Action.EXPORT_TRAIL), str(HIT))

        assert len(journal(archive)) == 0
        told = [next(lines)]
        assert len(journal(archive)) == 1
        told += list(lines)
        assert [(each["sequence"], each["position"]) for each in told] == [
            (entry.sequence, entry.position) for entry in whole
        ]
        assert len(journal(archive)) == -(-len(whole) // 3)
        assert {each.way for each in journal(archive)} == {"export"}

    def test_one_that_is_too_long_for_paper_is_refused_before_it_is_read(
        self, archive: Archive, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        officer = somebody(archive, "authorised_officer", "duty:front_desk", "wpg:8")
        permitted = policy.permit(officer, Action.EXPORT_TRAIL)
        monkeypatch.setattr(printing, "MOST", 3)

        with pytest.raises(TooLong):
            printing.print_whole(archive, permitted, str(HIT))

        assert journal(archive) == []
