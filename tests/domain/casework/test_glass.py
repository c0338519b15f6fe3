from datetime import UTC, datetime, timedelta

import pytest

from herkomst.domain.casework.glass import LONGEST, Glass, GlassRefused

NOW = datetime(2026, 11, 22, 2, 10, tzinfo=UTC)
LATER, BEFORE = NOW + timedelta(hours=1), NOW - timedelta(minutes=1)


def code(refusal: pytest.ExceptionInfo[GlassRefused]) -> str:
    assert refusal.value.cure
    return refusal.value.code


def test_given_a_time_that_is_not_reviewed_then_no_new_one_begins() -> None:
    for until in (LATER, BEFORE):
        with pytest.raises(GlassRefused) as refusal:
            Glass(until, reviewed=False).until_of(1, NOW)
        assert code(refusal) == "review_open"


@pytest.mark.parametrize("hours", [0, -1, LONGEST + 1, 48])
def test_it_holds_for_hours_and_not_for_days(hours: int) -> None:
    with pytest.raises(GlassRefused) as refusal:
        Glass().until_of(hours, NOW)

    assert code(refusal) == "hours"


@pytest.mark.parametrize(
    ("glass", "by", "why"),
    [
        (Glass(BEFORE, reviewed=False), "officer", "own_review"),
        (Glass(BEFORE, reviewed=True), "reviewer", "nothing_open"),
        (Glass(LATER, reviewed=False), "reviewer", "not_ended"),
    ],
)
def test_a_verdict_that_is_not_his_or_not_due_is_refused(glass: Glass, by: str, why: str) -> None:
    with pytest.raises(GlassRefused) as refusal:
        glass.must_await("officer", by, NOW)

    assert code(refusal) == why


def test_what_is_not_broken_is_not_ended() -> None:
    with pytest.raises(GlassRefused) as refusal:
        Glass(BEFORE, reviewed=False).must_be_broken(NOW)

    assert code(refusal) == "not_broken"


def test_given_a_verdict_then_a_new_one_may_begin() -> None:
    assert Glass(BEFORE, reviewed=True).until_of(LONGEST, NOW) == NOW + timedelta(hours=LONGEST)
    assert Glass().until_of(1, NOW) == LATER
