from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herkomst.domain.casework import case
from herkomst.domain.casework.case import Case, CaseRefused
from herkomst.domain.events import EventData

NOW = datetime(2026, 3, 2, 13, 5, tzinfo=UTC)
LATER = NOW + timedelta(days=30)
LEAD, MEMBER, OTHER = "teamleider", "rechercheur", "collega"
WHY = b"sealed"
ITEM = "672d1efd39f650128d934cf69a9cfd85"


def opened() -> Case:
    data = case.Opened(lead=LEAD, since=NOW.isoformat(), title=WHY)
    return case.evolve(None, data, "amsterdam")


def after(state: Case, *events: EventData) -> Case:
    for data in events:
        state = case.evolve(state, data, state.unit)
    return state


def with_member() -> Case:
    state = opened()
    return after(state, state.join(MEMBER, "investigator", NOW, None, NOW))


def proposed() -> Case:
    state = with_member()
    return after(state, state.propose_closing(MEMBER, WHY))


# Members


def test_given_a_new_case_then_its_lead_is_in_it_from_that_moment() -> None:
    state = opened()

    assert state.part_of(LEAD, NOW) == "lead"
    assert state.part_of(LEAD, NOW - timedelta(seconds=1)) is None
    assert state.part_of(MEMBER, NOW) is None


def test_given_a_term_then_it_holds_up_to_its_end_and_not_at_it() -> None:
    state = opened()
    state = after(state, state.join(MEMBER, "reader", NOW, LATER, NOW))

    assert state.part_of(MEMBER, LATER - timedelta(seconds=1)) == "reader"
    assert state.part_of(MEMBER, LATER) is None


def test_given_a_member_who_left_then_what_was_before_stays_true() -> None:
    state = with_member()
    state = after(state, state.leave(MEMBER, LATER))

    assert state.part_of(MEMBER, LATER) is None
    assert state.part_of(MEMBER, NOW) == "investigator"


def test_given_a_member_with_another_part_from_a_day_then_each_part_holds_in_its_time() -> None:
    state = with_member()
    state = after(state, state.join(MEMBER, "reader", LATER, None, NOW))

    assert state.part_of(MEMBER, NOW) == "investigator"
    assert state.part_of(MEMBER, LATER) == "reader"


def test_given_a_hand_over_then_lead_and_unit_change_and_the_former_lead_is_out() -> None:
    state = with_member()
    state = after(state, state.hand_over("utrecht", MEMBER, WHY, LATER))

    assert (state.lead, state.unit) == (MEMBER, "utrecht")
    assert state.part_of(MEMBER, LATER) == "lead"
    assert state.part_of(MEMBER, NOW) == "investigator"
    assert state.part_of(LEAD, LATER) is None
    assert state.part_of(LEAD, NOW) == "lead"


def test_given_a_lead_then_he_leaves_by_handing_over_only() -> None:
    state = with_member()

    refuses("lead_stays", state.leave, LEAD, LATER)
    refuses("lead_stays", state.join, LEAD, "reader", LATER, None, NOW)
    refuses("same_lead", state.hand_over, "amsterdam", LEAD, WHY, LATER)


@pytest.mark.parametrize("unit", ["utrehct", "everywhere", "x"])
def test_given_a_unit_that_nobody_knows_then_no_case_is_handed_to_it(unit: str) -> None:
    refuses("unit_unlisted", with_member().hand_over, unit, MEMBER, WHY, LATER)


def test_given_a_unit_of_another_controller_then_a_case_may_be_handed_to_it() -> None:
    for unit in ("fiod-zwolle", "kmar-schiphol", "district-4", "Utrecht"):
        assert with_member().hand_over(unit, MEMBER, WHY, LATER).unit == unit


def test_given_a_term_that_ends_before_it_begins_then_it_is_refused() -> None:
    refuses("term_reversed", opened().join, MEMBER, "reader", LATER, NOW, NOW)
    refuses("term_reversed", opened().join, MEMBER, "reader", NOW, NOW, NOW)


def test_given_a_moment_that_is_past_then_no_term_begins_there() -> None:
    refuses("term_in_the_past", opened().join, MEMBER, "reader", NOW, None, LATER)


def test_given_a_member_of_later_then_his_term_need_not_begin() -> None:
    state = opened()
    state = after(state, state.join(MEMBER, "reader", LATER, None, NOW))
    state = after(state, state.leave(MEMBER, NOW))

    assert state.part_of(MEMBER, LATER) is None


def test_given_who_is_no_member_then_he_cannot_leave_and_gets_no_task() -> None:
    refuses("no_member", opened().leave, OTHER, NOW)
    refuses("no_member", opened().give, OTHER, WHY, None, NOW)


# Items, subjects, tasks, notes


def test_given_an_item_then_it_is_added_once_and_removed_once() -> None:
    state = opened()
    refuses("no_item", state.remove, ITEM, WHY)
    state = after(state, state.add("purchase", ITEM, None))

    refuses("item_exists", state.add, "purchase", ITEM, None)
    state = after(state, state.remove(ITEM, WHY))
    assert state.items == {}


def test_given_a_subject_then_his_category_may_change_and_he_may_be_dropped() -> None:
    state = opened()
    state = after(state, state.name(ITEM, "witness", "wpg:9", WHY))

    refuses("subject_exists", state.name, ITEM, "witness", "wpg:9", WHY)
    state = after(state, state.name(ITEM, "suspect", "wpg:9", WHY))
    assert state.subjects == {ITEM: "suspect"}
    state = after(state, state.drop(ITEM, WHY))
    refuses("no_subject", state.drop, ITEM, WHY)


def test_given_a_task_then_it_ends_once() -> None:
    state = with_member()
    state = after(state, state.give(MEMBER, WHY, "2026-03-09", NOW))

    refuses("tasks_open", state.propose_closing, MEMBER, WHY)
    state = after(state, state.end_task("1", "done", None))
    refuses("no_task", state.end_task, "1", "done", None)
    assert state.give(MEMBER, WHY, None, NOW).task == "2", "no name is used twice"


def test_given_a_note_then_it_is_of_the_case_or_about_what_is_in_it() -> None:
    state = opened()
    assert state.note("opinion", WHY, None).about is None
    refuses("no_item", state.note, "fact", WHY, ITEM)
    state = after(state, state.add("hit", ITEM, None))

    assert state.note("fact", WHY, ITEM).about == ITEM


# Closing


def test_given_a_proposal_then_who_made_it_does_not_review_it() -> None:
    state = proposed()

    refuses("own_review", state.close, MEMBER)
    refuses("own_review", state.refuse_closing, MEMBER, WHY)
    assert after(state, state.close(LEAD)).state == "closed"


def test_given_nothing_proposed_then_nothing_is_closed() -> None:
    refuses("nothing_proposed", opened().close, OTHER)
    refuses("not_closed", opened().reopen, WHY)


def test_given_a_refused_closing_then_the_case_is_worked_in_again() -> None:
    state = proposed()
    refuses("case_closing", state.add, "purchase", ITEM, None)

    state = after(state, state.refuse_closing(LEAD, WHY))

    assert state.state == "open"
    assert after(state, state.add("purchase", ITEM, None)).items == {ITEM: "purchase"}


def test_given_a_closed_case_then_nothing_is_done_in_it_until_it_is_reopened() -> None:
    state = proposed()
    state = after(state, state.close(LEAD))

    for act in (
        lambda: state.add("purchase", ITEM, None),
        lambda: state.name(ITEM, "other", "wpg:9", WHY),
        lambda: state.note("fact", WHY, None),
        lambda: state.join(OTHER, "reader", NOW, None, NOW),
        lambda: state.hand_over("utrecht", OTHER, WHY, NOW),
        lambda: state.state_aim(WHY),
        lambda: state.propose_closing(LEAD, WHY),
    ):
        refuses("case_closed", act)
    assert after(state, state.reopen(WHY)).state == "open"


# Laws

PEOPLE = st.sampled_from([LEAD, MEMBER, OTHER])
DAYS = st.integers(0, 9)
STEPS = st.one_of(
    st.tuples(st.just("join"), PEOPLE, st.sampled_from(["investigator", "reader"]), DAYS),
    st.tuples(st.just("leave"), PEOPLE),
    st.tuples(st.just("hand_over"), st.sampled_from(["utrecht", "breda"]), PEOPLE, st.just(WHY)),
    st.tuples(st.just("propose_closing"), PEOPLE, st.just(WHY)),
    st.tuples(st.just("close"), PEOPLE),
    st.tuples(st.just("reopen"), st.just(WHY)),
)
TIMED = ("leave", "hand_over")


@given(st.lists(st.tuples(DAYS, STEPS), max_size=12))
def test_whatever_happens_what_was_so_stays_and_one_leads(steps: list[Any]) -> None:
    before: list[datetime] = []
    state, now = opened(), NOW
    for passed, (name, *arguments) in steps:
        now += timedelta(days=passed)
        if name == "join":
            arguments = [*arguments[:2], now + timedelta(days=arguments[2]), None, now]
        try:
            data = getattr(state, name)(*arguments, *([now] if name in TIMED else []))
        except CaseRefused:
            continue
        known = {(m, at): state.part_of(m, at) for m in state.members for at in before}
        state = after(state, data)

        assert known == {(m, at): state.part_of(m, at) for m, at in known}
        assert [m for m in state.members if state.part_of(m, now) == "lead"] == [state.lead]
        before.append(now - timedelta(seconds=1))


def refuses(code: str, act: Any, *arguments: Any) -> None:
    with pytest.raises(CaseRefused) as raised:
        act(*arguments)
    assert raised.value.code == code
    assert raised.value.message
    assert raised.value.cure
