from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herkomst.domain.money import Money
from herkomst.domain.municipalities import MUNICIPALITIES
from herkomst.domain.rules import DEFAULT, national, profile

TODAY = date(2026, 3, 1)


@pytest.mark.parametrize(("code", "days"), [("GM0150", 3), ("GM0439", 5), ("GM0352", 7)])
def test_given_an_ordinance_when_looked_up_then_its_holding_period_holds(
    code: str, days: int
) -> None:
    found = profile(code, TODAY)
    assert (found.municipality, found.holding_days, found.holding_unit) == (code, days, "calendar")
    assert found.source


def test_given_an_ordinance_when_looked_up_before_its_time_then_the_default_holds() -> None:
    assert profile("GM0352", date(2022, 12, 31)).municipality == DEFAULT
    assert profile("GM0352", date(2023, 1, 1)).municipality == "GM0352"


@given(st.sampled_from([*MUNICIPALITIES, "GM9999"]), st.dates())
def test_given_any_place_and_day_when_looked_up_then_there_is_a_profile(
    code: str, on: date
) -> None:
    found = profile(code, on)
    assert found.municipality in (code, DEFAULT)
    assert found.valid_from <= on
    assert found.holding_unit in ("calendar", "working")
    assert found.holding_counts_from in ("acquisition", "registration")
    assert found.register_form in ("dor", "paper", "both")


def test_given_the_cash_rule_when_looked_up_then_it_holds_from_its_day() -> None:
    assert national("cash_limit", date(2025, 12, 31)) is None
    rule = national("cash_limit", date(2026, 1, 1))
    assert rule is not None
    assert rule.money() == Money(300_000, "EUR")
    assert rule.source


def test_given_the_age_of_sellers_when_looked_up_then_it_is_in_years() -> None:
    rule = national("seller_minimum_age", TODAY)
    assert rule is not None
    assert (rule.value, rule.unit) == (18, "year")


def test_given_a_name_that_no_table_holds_when_looked_up_then_it_is_an_error() -> None:
    with pytest.raises(KeyError):
        national("no_such_rule", TODAY)
