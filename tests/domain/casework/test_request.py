from datetime import UTC, date, datetime, timedelta

import pytest

from herkomst.domain.calendar import legal_date, start_of
from herkomst.domain.casework.request import (
    AccessRequest,
    RequestRefused,
    answer_by,
    must_end,
)

FRIDAY = datetime(2026, 11, 20, 16, 0, tzinfo=UTC)
LATER, BEFORE = FRIDAY + timedelta(hours=1), FRIDAY - timedelta(minutes=1)
ASKED = AccessRequest("asked", "detective", LATER)


def code(refusal: pytest.ExceptionInfo[RequestRefused]) -> str:
    assert refusal.value.cure
    return refusal.value.code


@pytest.mark.parametrize(
    "state",
    [
        ASKED,
        AccessRequest("overdue", "detective", BEFORE),
        AccessRequest("granted", "detective", BEFORE, LATER),
    ],
)
def test_what_is_open_or_granted_is_not_asked_again(state: AccessRequest) -> None:
    with pytest.raises(RequestRefused) as refusal:
        state.must_be_new(FRIDAY)

    assert code(refusal) == "already_asked"


@pytest.mark.parametrize(
    "state",
    [
        AccessRequest(),
        AccessRequest("refused", "detective", LATER),
        AccessRequest("granted", "detective", LATER, BEFORE),
    ],
)
def test_what_was_refused_or_has_ended_may_be_asked_again_and_not_answered(
    state: AccessRequest,
) -> None:
    state.must_be_new(FRIDAY)
    with pytest.raises(RequestRefused) as refusal:
        state.must_await("officer", FRIDAY)

    assert code(refusal) == "nothing_open"


def test_nobody_answers_himself() -> None:
    ASKED.must_await("officer", FRIDAY)
    with pytest.raises(RequestRefused) as refusal:
        ASKED.must_await("detective", FRIDAY)

    assert code(refusal) == "own_request"


def test_the_term_is_in_working_days_and_ends_with_the_last() -> None:
    """Given a request of a Friday, then five working days end on the Friday after it."""
    assert legal_date(FRIDAY) == date(2026, 11, 20)
    assert answer_by(FRIDAY) == start_of(date(2026, 11, 28))


def test_it_lapses_once_and_only_when_its_term_went_by() -> None:
    assert not ASKED.has_lapsed(FRIDAY)
    assert ASKED.has_lapsed(LATER)
    assert not AccessRequest("overdue", "detective", BEFORE).has_lapsed(LATER)
    assert not AccessRequest("granted", "detective", BEFORE, LATER).has_lapsed(LATER)


@pytest.mark.parametrize("until", [BEFORE, FRIDAY, FRIDAY + timedelta(days=92, seconds=1)])
def test_what_is_granted_ends_and_within_the_term(until: datetime) -> None:
    with pytest.raises(RequestRefused) as refusal:
        must_end(until, FRIDAY)

    assert code(refusal) == "until"


def test_it_may_be_granted_to_the_last_day_of_the_term() -> None:
    must_end(FRIDAY + timedelta(days=92), FRIDAY)
