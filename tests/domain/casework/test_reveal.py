from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herkomst.domain.casework.reveal import (
    AT_MOST,
    LONGEST,
    MOST_MORE,
    WITHIN,
    Allowance,
    RevealRefused,
    Reveals,
    must_be_allowed,
)

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)


def ago(minutes: int) -> datetime:
    return NOW - timedelta(minutes=minutes)


@given(
    st.lists(st.integers(0, 180), max_size=60),
    st.lists(st.tuples(st.integers(1, 10), st.integers(-60, 60)), max_size=3),
)
def test_a_reveal_takes_a_second_person_when_an_hour_holds_as_many_as_are_allowed(
    minutes: list[int], allowed: list[tuple[int, int]]
) -> None:
    allowances = [Allowance(more, NOW + timedelta(minutes=m)) for more, m in allowed]
    state = Reveals([ago(m) for m in minutes], allowances)

    lately = sum(m < WITHIN / timedelta(minutes=1) for m in minutes)
    limit = AT_MOST + sum(more for more, m in allowed if m > 0)
    if lately < limit:
        state.must_be_few(NOW)
    else:
        with pytest.raises(RevealRefused) as refusal:
            state.must_be_few(NOW)
        assert refusal.value.code == "second_person"


@pytest.mark.parametrize(
    ("by", "more", "until", "code"),
    [
        ("a", 5, LATER, "own_allowance"),
        ("b", 0, LATER, "more"),
        ("b", MOST_MORE + 1, LATER, "more"),
        ("b", 5, NOW, "until"),
        ("b", 5, NOW + LONGEST + timedelta(seconds=1), "until"),
    ],
)
def test_what_cannot_be_allowed_is_refused(by: str, more: int, until: datetime, code: str) -> None:
    with pytest.raises(RevealRefused) as refusal:
        must_be_allowed(by, "a", more, until, NOW)

    assert refusal.value.code == code
    assert refusal.value.cure


def test_another_allows_more_for_a_while() -> None:
    must_be_allowed("b", "a", MOST_MORE, NOW + LONGEST, NOW)
