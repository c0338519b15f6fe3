"""What explains a read, and what does not: by what held when it was made."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herkomst.domain import ids
from herkomst.domain.casework.circumstances import (
    UNEXPLAINED,
    Circumstances,
    Concern,
    Engagement,
    Hit,
    Identity,
    PastRead,
    Purchase,
    Roster,
)

NOON = datetime(2026, 3, 9, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
BEFORE = NOON - 100 * HOUR
MATTER, SHOP, OTHER_SHOP = UUID(int=1 << 8), UUID(int=2 << 8), UUID(int=3 << 8)
READ, SUBJECT, STOLEN = UUID(int=4 << 8), UUID(int=5 << 8), UUID(int=6 << 8)
ME, COLLEAGUE = "personeel:O-1", "personeel:O-2"


def engaged(kind: str = "case", **changes: Any) -> Engagement:
    found = Engagement(
        matter=MATTER,
        kind=kind,
        name="C-1",
        source="personeel",
        officer=ME,
        unit="Amsterdam",
        since=BEFORE,
        until=NOON + HOUR,
        covers=None,
        dealer=None,
        version=1,
        told_from=BEFORE,
        told_to=None,
    )
    return found._replace(**changes)


def about(item: UUID = READ, **changes: Any) -> Concern:
    found = Concern(
        matter=MATTER,
        kind="purchase",
        item=item,
        name="P-1",
        category="suspect",
        since=BEFORE,
        until=None,
        version=1,
        told_from=BEFORE,
        told_to=None,
    )
    return found._replace(**changes)


def read(**changes: Any) -> PastRead:
    found = PastRead(
        id=UUID(int=9),
        source="personeel",
        key="R-1",
        officer=ME,
        role=None,
        unit=None,
        at=NOON,
        purpose="case:C-1",
        kind="purchase",
        items=(("purchase", READ),),
        returned=1,
        break_glass=False,
        reason_length=0,
        is_rehearsed=False,
        recorded_at=NOON,
        position=1,
    )
    return found._replace(**changes)


def explained(
    *engagements: Engagement,
    concerns: tuple[Concern, ...] = (about(),),
    reading: PastRead | None = None,
    identities: dict[UUID, Identity] | None = None,
    purchases: dict[UUID, Purchase] | None = None,
    hits: tuple[Hit, ...] = (),
    crowds: frozenset[str] = frozenset(),
    unit: str | None = "Amsterdam",
) -> Any:
    around = Circumstances(
        engagements=engagements,
        concerns=concerns,
        identities=identities or {},
        purchases=purchases or {READ: Purchase(SHOP, "Rotterdam")},
        hits=hits,
        crowds=crowds,
    )
    return around.explain(reading or read(), unit)


class TestWhatExplainsNothing:
    def test_nothing_and_the_text_reproaches_nobody(self) -> None:
        found = explained()

        assert not found.holds
        assert found.path == (UNEXPLAINED,)
        assert "does not make it unlawful" in UNEXPLAINED

    def test_a_membership_that_begins_later(self) -> None:
        assert not explained(engaged(since=NOON + timedelta(seconds=1))).holds

    def test_a_membership_that_had_ended(self) -> None:
        assert not explained(engaged(until=NOON)).holds

    def test_a_membership_of_before_that_was_told_later(self) -> None:
        assert not explained(engaged(told_from=NOON + HOUR)).holds

    def test_a_membership_that_was_amended_away_before(self) -> None:
        assert not explained(engaged(told_to=NOON - HOUR)).holds

    def test_a_case_that_does_not_concern_who_was_read(self) -> None:
        assert not explained(engaged(), concerns=(about(SUBJECT),)).holds

    def test_a_subject_who_was_added_later(self) -> None:
        assert not explained(engaged(), concerns=(about(since=NOON + HOUR),)).holds
        assert not explained(engaged(), concerns=(about(told_from=NOON + HOUR),)).holds

    def test_the_same_shop_as_a_subject(self) -> None:
        both = {READ: Purchase(SHOP, None), SUBJECT: Purchase(SHOP, None)}

        assert not explained(engaged(), concerns=(about(SUBJECT),), purchases=both).holds

    def test_a_shift_that_is_about_nothing(self) -> None:
        assert not explained(engaged("shift"), concerns=()).holds

    def test_a_control_of_another_dealer(self) -> None:
        assert not explained(engaged("control", dealer=OTHER_SHOP), concerns=()).holds

    def test_a_case_of_a_colleague_who_is_not_covered(self) -> None:
        assert not explained(engaged(officer=COLLEAGUE)).holds

    def test_a_hit_in_another_unit_or_of_later(self) -> None:
        hit = Hit(READ, STOLEN, BEFORE, BEFORE, frozenset({"amsterdam"}))

        assert not explained(hits=(hit,), unit="Rotterdam").holds
        assert not explained(hits=(hit._replace(found_at=NOON + HOUR),)).holds


class TestWhatExplains:
    def test_a_case_that_holds_the_record_and_the_path_says_how(self) -> None:
        found = explained(engaged())

        assert found.holds
        assert found.path == (
            "assigned to case C-1 from 2026-03-05 09:00 to 2026-03-09 14:00",
            "suspect by purchase P-1 since 2026-03-05 09:00",
            "read",
        )

    def test_the_identity_that_was_presented_with_it(self) -> None:
        seller = read(items=(("presentation", ids.presentation_id(READ)),))

        assert explained(engaged(), reading=seller).holds

    @pytest.mark.parametrize("kind", ["task", "shift", "training", "on_call"])
    def test_a_task_or_a_duty_that_is_about_it(self, kind: str) -> None:
        assert explained(engaged(kind)).holds

    def test_a_control_of_the_dealer_who_bought_it(self) -> None:
        assert explained(engaged("control", dealer=SHOP), concerns=()).holds

    def test_a_hit_in_the_unit(self) -> None:
        hit = Hit(READ, STOLEN, BEFORE, BEFORE, frozenset({"amsterdam"}))

        assert explained(hits=(hit,)).by == "hit"

    def test_a_night_on_call_in_the_area_and_not_beyond(self) -> None:
        on_call = engaged("on_call", unit="Rotterdam")

        assert explained(on_call, concerns=()).holds
        assert not explained(on_call._replace(unit="Oost-Nederland"), concerns=()).holds

    def test_a_record_that_names_no_person(self) -> None:
        assert explained(reading=read(items=(("dealer", SHOP),))).holds

    def test_all_of_what_was_read_and_not_a_part(self) -> None:
        both = read(items=(("purchase", READ), ("purchase", SUBJECT)))

        assert not explained(engaged(), reading=both).holds
        assert explained(engaged(), concerns=(about(), about(SUBJECT)), reading=both).holds


class TestACover:
    cover = engaged("cover", matter=UUID(int=77), name="D-1", covers=COLLEAGUE)

    def test_explains_what_explains_the_colleague(self) -> None:
        found = explained(self.cover, engaged(officer=COLLEAGUE))

        assert found.holds
        assert found.path[0].startswith("covers personeel:O-2")
        assert found.path[1].startswith("assigned to case C-1")

    def test_explains_nothing_once_the_colleague_has_left(self) -> None:
        assert not explained(self.cover, engaged(officer=COLLEAGUE, until=NOON - HOUR)).holds

    def test_explains_nothing_when_it_is_over(self) -> None:
        assert not explained(self.cover._replace(until=NOON), engaged(officer=COLLEAGUE)).holds


class TestAPathByWhatWasPresented:
    @staticmethod
    def found(one: Identity, other: Identity, **more: Any) -> bool:
        people = {ids.presentation_id(READ): one, ids.presentation_id(SUBJECT): other}
        outcome = explained(engaged(), concerns=(about(SUBJECT),), identities=people, **more)
        return bool(outcome.holds)

    @pytest.mark.parametrize("what", ["document", "phone", "address"])
    def test_runs_by_the_same_document_phone_or_address(self, what: str) -> None:
        assert self.found(Identity(**{what: "x"}), Identity(**{what: "x"}))
        assert not self.found(Identity(**{what: "x"}), Identity(**{what: "y"}))

    def test_runs_by_name_and_birth_and_by_neither_alone(self) -> None:
        born = Identity(name="n", born="b", family="f")

        assert self.found(born, born)
        assert not self.found(born, born._replace(born="c"))
        assert not self.found(born, born._replace(name="m"))
        assert not self.found(born._replace(born=None), born._replace(born=None))

    @pytest.mark.parametrize("what", ["phone", "address"])
    def test_does_not_run_through_a_crowd(self, what: str) -> None:
        shared = Identity(**{what: "x"})

        assert not self.found(shared, shared, crowds=frozenset({"x"}))

    def test_runs_by_the_same_stolen_good(self) -> None:
        hits = tuple(Hit(p, STOLEN, BEFORE, BEFORE, frozenset()) for p in (READ, SUBJECT))

        assert explained(engaged(), concerns=(about(SUBJECT),), hits=hits).holds


class TestARehearsal:
    """Its history is told in one go, also after the reads: what was told first holds."""

    reading = read(is_rehearsed=True, recorded_at=NOON + HOUR)

    def test_takes_the_first_that_was_told_also_after_the_reads(self) -> None:
        late = engaged(told_from=NOON + 2 * HOUR)

        assert explained(late, concerns=(about(),), reading=self.reading).holds

    def test_of_a_hit_is_explained_by_either_of_its_goods(self) -> None:
        both = self.reading._replace(items=(("purchase", READ), ("stolen_item", STOLEN)))

        assert explained(engaged(), reading=both).holds
        assert not explained(engaged(), concerns=(about(SUBJECT),), reading=both).holds

    def test_takes_no_amendment_of_after_the_reads(self) -> None:
        amended = engaged(version=2, told_from=NOON + 2 * HOUR)

        assert not explained(amended, reading=self.reading).holds

    def test_takes_an_amendment_of_before_the_reads(self) -> None:
        was = engaged(until=NOON - HOUR, told_to=NOON)
        amended = engaged(version=2, told_from=NOON)

        assert explained(was, amended, reading=self.reading).holds


moments = st.integers(-200, 200).map(lambda hours: NOON + hours * HOUR)


@given(st.lists(st.tuples(moments, moments, moments), max_size=12))
def test_nothing_that_begins_or_is_told_later_ever_explains(
    terms: list[tuple[datetime, datetime, datetime]],
) -> None:
    later = [
        engaged(since=since, until=until, told_from=told)
        for since, until, told in terms
        if since > NOON or told > NOON or until <= NOON
    ]

    assert not explained(*later).holds


@given(st.lists(st.tuples(moments, st.integers(1, 40)), max_size=20), moments)
def test_a_roster_tells_exactly_what_holds(
    duties: list[tuple[datetime, int]], at: datetime
) -> None:
    known = [engaged("shift", since=s, until=s + n * HOUR) for s, n in duties]

    assert set(Roster(known).at(at)) == {each for each in known if each.holds(at)}
