"""Terms end at the end of a legal day, whatever the clock does, and are rows with a source."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from herkomst.domain.calendar import (
    AMSTERDAM,
    Unit,
    add_term,
    end_of_term,
    is_working_day,
    legal_date,
    local,
    start_of,
)
from herkomst.domain.casework import terms

DAYS = st.dates(date(1990, 1, 1), date(2080, 1, 1))
MOMENTS = st.builds(
    lambda day, second: start_of(day) + timedelta(seconds=second), DAYS, st.integers(0, 82_799)
)
UNITS: list[Unit] = ["day", "working_day", "week", "month", "year"]
SPRING, AUTUMN = date(2026, 3, 29), date(2026, 10, 25)
"""The nights in which the clock is changed; the day has 23 and 25 hours."""


# The laws of counting.


@given(MOMENTS, st.integers(1, 60))
@example(datetime(2026, 3, 28, 23, 30, tzinfo=UTC), 1)
@example(datetime(2026, 10, 24, 22, 30, tzinfo=UTC), 1)
def test_a_term_in_calendar_days_ends_with_the_last_of_them_whatever_the_clock_does(
    begun: datetime, length: int
) -> None:
    until = end_of_term(legal_date(begun), length, "day")

    assert local(until).time() == datetime.min.time()
    assert terms.last_day(until) == legal_date(begun) + timedelta(length)
    assert legal_date(until) == legal_date(begun) + timedelta(length + 1)
    assert until > begun


@given(DAYS, st.integers(1, 40), st.sampled_from(UNITS), st.booleans())
def test_a_term_of_any_unit_ends_at_midnight_of_amsterdam(
    day: date, length: int, unit: Unit, extends: bool
) -> None:
    until = end_of_term(day, length, unit, extends=extends)

    assert start_of(legal_date(until)) == until
    assert terms.last_day(until) >= add_term(day, length, unit)
    assert not extends or is_working_day(terms.last_day(until))


@given(DAYS, st.integers(1, 40), st.sampled_from(UNITS))
def test_who_begins_later_never_ends_earlier(day: date, length: int, unit: Unit) -> None:
    next_day = day + timedelta(1)
    assert end_of_term(day, length, unit) <= end_of_term(next_day, length, unit)
    assert end_of_term(day, length, unit) < end_of_term(day, length + 1, unit)


@given(DAYS, st.integers(1, 30))
def test_so_many_working_days_lie_in_a_term_that_is_counted_in_them(day: date, length: int) -> None:
    last = terms.last_day(end_of_term(day, length, "working_day"))

    passed = (day + timedelta(n) for n in range(1, (last - day).days + 1))
    assert sum(map(is_working_day, passed)) == length


# A night in which the clock is changed, and 29 February.


@pytest.mark.parametrize(
    ("begun", "until", "hours"),
    [
        ("2026-03-14T12:00+00:00", "2026-03-28T23:00+00:00", 14 * 24 + 11),
        ("2026-03-15T12:00+00:00", "2026-03-29T22:00+00:00", 14 * 24 + 10),
        ("2026-10-10T12:00+00:00", "2026-10-24T22:00+00:00", 14 * 24 + 10),
        ("2026-10-11T12:00+00:00", "2026-10-25T23:00+00:00", 14 * 24 + 11),
        ("2026-03-14T23:30+00:00", "2026-03-29T22:00+00:00", 14 * 24 + 22.5),
    ],
)
def test_an_order_ends_with_its_fourteenth_day_around_the_change_of_the_clock(
    begun: str, until: str, hours: float
) -> None:
    start = datetime.fromisoformat(begun)
    end = terms.term("order", legal_date(start)).end(start)

    assert end == datetime.fromisoformat(until)
    assert (end - start) / timedelta(hours=1) == hours


@pytest.mark.parametrize(
    ("begun", "length", "unit", "last"),
    [
        (date(2028, 2, 15), 14, "day", date(2028, 2, 29)),
        (date(2027, 2, 15), 14, "day", date(2027, 3, 1)),
        (date(2028, 2, 29), 14, "day", date(2028, 3, 14)),
        (date(2028, 1, 31), 1, "month", date(2028, 2, 29)),
        (date(2027, 1, 31), 1, "month", date(2027, 2, 28)),
        (date(2028, 2, 29), 1, "year", date(2029, 2, 28)),
        (date(2028, 2, 22), 1, "week", date(2028, 2, 29)),
        (date(2028, 2, 28), 1, "working_day", date(2028, 2, 29)),
        (date(2027, 2, 26), 1, "working_day", date(2027, 3, 1)),
    ],
)
def test_a_term_over_the_end_of_february_ends_on_the_day_that_there_is(
    begun: date, length: int, unit: Unit, last: date
) -> None:
    assert terms.last_day(end_of_term(begun, length, unit)) == last


def test_the_day_of_the_changed_clock_is_as_long_as_it_is() -> None:
    for day, hours in (SPRING, 23), (AUTUMN, 25):
        assert start_of(day + timedelta(1)) - start_of(day) == timedelta(hours=hours)


def test_a_term_that_the_law_extends_ends_on_a_working_day_and_an_order_does_not() -> None:
    friday = date(2026, 5, 1)  # Its fourteenth day is the Friday after Ascension Day.
    assert terms.last_day(terms.term("objection", friday).end(start_of(friday))) == date(
        2026, 5, 15
    )
    saturday = start_of(date(2026, 4, 25))
    assert terms.last_day(terms.term("objection", SPRING).end(saturday)) == date(2026, 5, 11)
    assert terms.last_day(terms.term("order", SPRING).end(saturday)) == date(2026, 5, 9)


# The rows.


def test_every_row_says_on_what_it_stands() -> None:
    rows = (*terms._terms(), *terms._ways(), *terms._notices(), *terms._owners())
    assert all(row.source for row in rows)
    assert all(row.confirmed or row.power == "apv" for row in terms._terms())


def test_an_order_to_keep_lasts_fourteen_calendar_days_at_most_and_is_not_renewed() -> None:
    found = terms.term("order", date(2026, 3, 1))
    assert (found.counted, found.renewable, found.extends) == ((14, "day"), False, False)


def test_a_seizure_has_no_term_until_it_is_decided_on() -> None:
    assert terms.term("seizure", date(2026, 3, 1)).length is None


@pytest.mark.parametrize(
    ("name", "goes_to", "notice", "waiver"),
    [
        ("to_holder", "holder", False, False),
        ("to_entitled_after_waiver", "entitled", False, True),
        ("to_entitled_after_notice", "entitled", True, False),
        ("by_court", "court", False, False),
    ],
)
def test_each_way_of_return_says_to_whom_and_after_what(
    name: str, goes_to: str, notice: bool, waiver: bool
) -> None:
    found = terms.way(name, date(2026, 3, 1))
    assert found is not None
    assert (found.goes_to, found.needs_notice, found.needs_waiver) == (goes_to, notice, waiver)
    assert terms.way(name, date(1900, 1, 1)) is None


def test_a_way_that_no_row_knows_is_none() -> None:
    assert terms.way("to_finder", date(2026, 3, 1)) is None


def test_a_dealer_is_told_when_an_officer_lets_him_be_unless_a_municipality_says_otherwise() -> (
    None
):
    assert terms.when_told(None, date(2026, 3, 1)) == "on_release"
    assert terms.when_told("GM0363", date(2026, 3, 1)) == "on_release"


@pytest.mark.parametrize(
    ("municipality", "days"), [("GM0150", 3), ("GM0352", 7), ("GM9999", 3), (None, 3)]
)
def test_the_holding_period_is_that_of_the_municipality(
    municipality: str | None, days: int
) -> None:
    acquired = date(2026, 3, 27)
    found = terms.holding_period(municipality, acquired, date(2026, 3, 28))

    assert (found.since, found.length, found.unit) == (acquired, days, "day")
    assert terms.last_day(found.until) == acquired + timedelta(days)
    assert local(found.until).tzinfo is not None
    assert str(local(found.until).tzinfo) == AMSTERDAM


# The unit that owns a report.


@pytest.mark.parametrize(
    ("source", "report", "owner"),
    [
        ("politie", "PL1300-2026000001", "Amsterdam"),
        ("politie", "PL09F1 2026000001", "Midden-Nederland"),
        ("politie", "PL07B3 2023123456-1", "politie"),
        ("politie", None, "politie"),
        ("kmar", "PL27KM 2026000001", "kmar"),
        ("vbv", "PL1300-2026000001", "landelijke eenheid"),
    ],
)
def test_a_report_is_of_the_unit_that_its_number_names(
    source: str, report: str | None, owner: str
) -> None:
    assert terms.owner_of(source, report, date(2026, 3, 1)) == owner


@pytest.mark.parametrize(
    ("unit", "owner", "is_of"),
    [
        ("amsterdam", "Amsterdam", True),
        ("GM0363", "Amsterdam", True),
        ("utrecht", "Midden-Nederland", True),
        ("utrecht", "Amsterdam", False),
        ("politie", "politie", True),
        ("amsterdam", "politie", False),
        ("kmar-schiphol", "kmar", True),
        ("amsterdam", "kmar", False),
        ("landelijke eenheid", "landelijke eenheid", True),
        ("nowhere", "Amsterdam", False),
    ],
)
def test_who_is_of_the_unit_is_told_by_the_name_of_his_own(
    unit: str, owner: str, is_of: bool
) -> None:
    assert terms.is_of(unit, owner) is is_of


@given(
    st.sampled_from(["politie", "kmar", "vbv", "afac"]),
    st.sampled_from([None, "PL1300-1", "PL09F1 2", "PL07B3 3", "PL2700-4", "2026-1"]),
    st.sampled_from(["amsterdam", "utrecht", "politie", "kmar", "landelijke eenheid", "fiod"]),
)
def test_what_a_unit_owns_is_what_it_is_the_owner_of(
    source: str, report: str | None, unit: str
) -> None:
    on = date(2026, 3, 1)
    sources, listed, owned = terms.owned_by(unit, on)

    of = source if source in sources else "*"
    named = f"{of} {report[2:4] if report and report.startswith('PL') else '-'}"
    key = named if named in listed else f"{of} "
    assert (key in owned) is terms.is_of(unit, terms.owner_of(source, report, on))
