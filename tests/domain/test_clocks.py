"""The clocks: article 8 is not 9, 10, 13 or 14, and what the laws of counting are."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herkomst.domain.calendar import add_term
from herkomst.domain.clocks import (
    ORDER,
    Keep,
    Processing,
    Standing,
    State,
    clocks,
    clocks_of,
    shortest,
    spent,
    standing,
)

DAY = timedelta(1)
BEGAN = date(2020, 2, 29)
REGISTER = Processing("register", "register", "identity", "avg", BEGAN)


def under(regime: str, **changes: Any) -> Processing:
    return Processing("case", f"case under {regime}", "case", regime, BEGAN)._replace(**changes)


def on(day: date, *of: Processing, keeps: tuple[Keep, ...] = ()) -> Standing:
    return standing(of, keeps, day)


# The rows


def test_every_row_names_its_source_and_says_whether_it_was_confirmed() -> None:
    assert all(row.source and row.confirmed for row in clocks())
    articles = {"wpg:4", "wpg:8", "wpg:9", "wpg:10", "wpg:13", "wpg:32a"}
    assert {row.regime for row in clocks()} == {"avg", *articles}


def test_given_article_8_then_a_year_is_free_four_more_are_for_comparison_and_five_locked() -> None:
    case = under("wpg:8")

    told = {year: on(date(BEGAN.year + year, 3, 1), case).state for year in (0, 1, 4, 5, 9, 10)}

    assert told == {
        0: State.ACTIVE,
        1: State.COMPARABLE,
        4: State.COMPARABLE,
        5: State.VAULT,
        9: State.VAULT,
        10: State.DESTROYED,
    }


def test_given_article_9_then_it_is_kept_while_needed_and_half_a_year() -> None:
    assert on(date(2040, 1, 1), under("wpg:9")).state == State.ACTIVE
    ended = under("wpg:9", ended=date(2021, 1, 31))
    assert on(date(2021, 7, 30), ended).state == State.ACTIVE
    assert on(date(2021, 7, 31), ended).state == State.VAULT
    assert on(date(2026, 7, 31), ended).state == State.DESTROYED


def test_given_article_10_then_five_years_run_from_the_last_need() -> None:
    needed = under("wpg:10", needed=date(2022, 5, 1), ended=date(2021, 1, 1))
    assert on(date(2027, 4, 30), needed).state == State.ACTIVE
    assert on(date(2027, 5, 1), needed).state == State.VAULT


def test_given_article_13_then_it_is_removed_when_its_purpose_is_over() -> None:
    assert on(date(2040, 1, 1), under("wpg:13")).state == State.ACTIVE
    ended = under("wpg:13", ended=date(2021, 1, 31))
    assert on(date(2021, 1, 31), ended).state == State.VAULT


def test_given_a_register_then_it_is_destroyed_without_a_vault() -> None:
    before = on(date(2024, 2, 28), REGISTER)
    assert (before.state, before.changes_on, before.becomes) == (
        State.ACTIVE,
        date(2024, 2, 29),
        State.DESTROYED,
    )
    assert on(date(2024, 2, 29), REGISTER).state == State.DESTROYED


def test_given_a_hit_then_the_last_that_may_be_over_is_ten_years_old() -> None:
    day = date(2036, 2, 29)

    assert spent("hit", "wpg:8", day) == date(2026, 2, 28)
    assert spent("reveal", "wpg:32a", day) == date(2031, 2, 28)


@pytest.mark.parametrize(("record", "regime"), [("glass", "wpg:32a"), ("case", "wpg:9")])
def test_given_a_clock_that_does_not_count_from_the_first_processing_then_there_is_no_such_day(
    record: str, regime: str
) -> None:
    assert spent(record, regime, date(2036, 2, 29)) is None


def test_given_both_goods_gone_then_a_hit_goes_at_once() -> None:
    bare = Processing("hit", "hit", "hit", "wpg:4", BEGAN, ended=date(2021, 1, 31))

    assert on(date(2021, 1, 30), bare).state == State.ACTIVE
    assert on(date(2021, 1, 31), bare).state == State.DESTROYED


# What blocks


def test_given_an_open_case_then_it_is_compared_and_the_case_is_what_blocks() -> None:
    told = on(date(2030, 1, 1), REGISTER, under("wpg:9", confined=True))

    assert told.state == State.COMPARABLE
    assert [(b.kind, b.ground, b.until) for b in told.blocks] == [("case", "wpg:9", None)]


def test_given_a_hold_then_destruction_waits_in_the_vault_until_its_end() -> None:
    hold = Keep("hold", "hold 1", "avg:18", date(2024, 6, 1))

    told = on(date(2024, 3, 1), REGISTER, keeps=(hold,))

    assert (told.state, told.changes_on, told.becomes) == (
        State.VAULT,
        date(2024, 6, 2),
        State.DESTROYED,
    )
    assert told.blocks[0].name == "hold 1"


def test_given_that_nothing_ran_out_then_nothing_blocks() -> None:
    hold = Keep("hold", "hold 1", "avg:18", date(2024, 6, 1))

    assert on(date(2021, 3, 1), REGISTER, keeps=(hold,)).blocks == ()


@pytest.mark.parametrize("reached", [State.VAULT, State.DESTROYED])
def test_given_what_was_reached_then_a_new_processing_does_not_take_it_back(
    reached: State,
) -> None:
    fresh = under("wpg:8", processed=date(2030, 1, 1))

    assert standing([REGISTER, fresh], [], date(2030, 1, 2), reached).state == reached


def test_given_a_new_hit_on_what_is_compared_then_it_is_free_again() -> None:
    fresh = under("wpg:8", processed=date(2030, 1, 1))

    told = standing([REGISTER, fresh], [], date(2030, 1, 2), State.COMPARABLE)

    assert told.state == State.ACTIVE


# Laws

days = st.dates(date(2019, 1, 1), date(2040, 12, 31))
maybe = st.none() | days
processings = st.builds(
    Processing,
    kind=st.just("case"),
    name=st.text(min_size=1, max_size=3),
    record=st.sampled_from(["identity", "case", "stolen_item"]),
    regime=st.sampled_from(["avg", "wpg:8", "wpg:9", "wpg:10", "wpg:13"]),
    processed=days,
    ended=maybe,
    needed=maybe,
    confined=st.booleans(),
)
many = st.lists(processings, min_size=1, max_size=4)
keeps = st.lists(
    st.builds(Keep, st.just("hold"), st.just("hold"), st.just("avg:18"), maybe), max_size=3
)


@given(many, keeps, days, st.integers(0, 5000))
def test_without_new_facts_nothing_goes_back(
    of: list[Processing], held: list[Keep], day: date, later: int
) -> None:
    before, after = standing(of, held, day), standing(of, held, day + later * DAY)

    assert ORDER.index(before.state) <= ORDER.index(after.state)
    assert standing(of, held, day + later * DAY, before.state).state == after.state


@given(many, keeps, days)
def test_a_hold_delays_destruction_alone_and_never_beyond_its_end(
    of: list[Processing], held: list[Keep], day: date
) -> None:
    with_them, without = standing(of, held, day).state, standing(of, [], day).state

    if any(keep.stands(day) for keep in held):
        assert with_them == (State.VAULT if without == State.DESTROYED else without)
    else:
        assert with_them == without


@given(many, processings, days)
def test_one_more_processing_never_lets_less_be_done(
    of: list[Processing], more: Processing, day: date
) -> None:
    with_it, without = standing([*of, more], [], day), standing(of, [], day)

    assert ORDER.index(with_it.state) <= ORDER.index(without.state)


@given(many, keeps, days)
def test_what_comes_next_is_told_to_the_day(
    of: list[Processing], held: list[Keep], day: date
) -> None:
    told = standing(of, held, day)

    if told.changes_on is None:
        assert standing(of, held, date(2200, 1, 1)).state == told.state
    else:
        assert standing(of, held, told.changes_on - DAY).state == told.state
        assert standing(of, held, told.changes_on).state == told.becomes


@given(days, st.sampled_from(["identity", "case"]), st.sampled_from(["avg", "wpg:8"]))
def test_who_may_have_left_a_state_is_found_by_one_day(day: date, record: str, regime: str) -> None:
    last = shortest(record, regime, day)
    if last is None:
        assert not [c for c in clocks_of(record, regime, day) if c.counted_from == "processed"]
        return
    of = Processing("x", "x", record, regime, last)
    assert standing([of], [], day).state != State.ACTIVE
    assert standing([of._replace(processed=last + DAY)], [], day).state == State.ACTIVE


@pytest.mark.parametrize(
    ("begun", "length", "unit", "ends"),
    [
        (date(2024, 2, 29), 1, "year", date(2025, 2, 28)),
        (date(2024, 1, 31), 1, "month", date(2024, 2, 29)),
        (date(2024, 11, 30), 3, "month", date(2025, 2, 28)),
        (date(2024, 1, 31), 6, "week", date(2024, 3, 13)),
        (date(2024, 1, 31), -1, "month", date(2023, 12, 31)),
    ],
)
def test_a_term_ends_on_a_day_that_exists(begun: date, length: int, unit: str, ends: date) -> None:
    assert add_term(begun, length, unit) == ends  # type: ignore[arg-type]
