from datetime import date, datetime, timedelta, timezone
from typing import Any, Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from herkomst.domain.calendar import (
    PRECISIONS,
    Occurred,
    TimeError,
    add_days,
    age_on,
    easter,
    holidays,
    interval,
    is_working_day,
    legal_date,
    parse_occurred,
)

days = st.dates(date(1950, 1, 1), date(2150, 1, 1))
offsets = st.integers(-14 * 60, 14 * 60).map(lambda m: timezone(timedelta(minutes=m)))
moments = st.datetimes(datetime(1950, 1, 1), datetime(2150, 1, 1), timezones=offsets)  # noqa: DTZ001
zones = st.sampled_from(["Europe/Amsterdam", "America/Toronto", "Asia/Kathmandu", "UTC"])


def utc(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}Z")


# reading


@pytest.mark.parametrize(
    ("text", "precision"),
    [
        ("2026-03-01T14:05:07+01:00", "second"),
        ("2026-03-01T14:05:07.123456789Z", "second"),
        ("2026-03-01T14:05+0100", "minute"),
        ("2026-03-01T14Z", "hour"),
        ("2026-03-01", "day"),
        ("2026-03", "month"),
    ],
)
def test_given_no_precision_when_read_then_the_text_says_it(text: str, precision: str) -> None:
    assert parse_occurred(text) == Occurred(text, precision)


def test_given_a_day_and_a_moment_when_read_then_the_coarser_precision_holds() -> None:
    assert parse_occurred("2026-03-01", "2026-03-02T10:00:00Z").precision == "day"


@pytest.mark.parametrize(
    ("given_", "code", "field"),
    [
        ({"from_": "gisteren"}, "time_unreadable", "from"),
        ({"from_": "20260301"}, "time_unreadable", "from"),
        ({"from_": "2026-02-30"}, "time_unreadable", "from"),
        ({"from_": "2026-13"}, "time_unreadable", "from"),
        ({"from_": "2026-03-01T25:00:00Z"}, "time_unreadable", "from"),
        ({"from_": "2026-03-01T10:00:00+99:00"}, "time_unreadable", "from"),
        ({"from_": 20260301}, "time_unreadable", "from"),
        ({"from_": "0001-01-01"}, "time_out_of_range", "from"),
        ({"from_": "9999-12-31T23:59:59Z"}, "time_out_of_range", "from"),
        ({"from_": "2026-03-01T10:00:00"}, "offset_missing", "from"),
        ({"from_": "2026-03-01", "to": "2026-03-02T10:00"}, "offset_missing", "to"),
        ({"from_": "2026-03-02", "to": "2026-03-01"}, "to_before_from", "to"),
        (
            {"from_": "2026-03-01T10:00:00+01:00", "to": "2026-03-01T09:59:59+01:00"},
            "to_before_from",
            "to",
        ),
        ({"from_": "2026-03-01", "zone": "Europe/Amsterdamned"}, "zone_unknown", "zone"),
        ({"from_": "2026-03-01", "zone": "Europe"}, "zone_unknown", "zone"),
        ({"from_": "2026-03-01", "zone": "../etc/passwd"}, "zone_unknown", "zone"),
        ({"from_": "2026-03-01", "zone": ""}, "zone_unknown", "zone"),
        ({"from_": "2026-03-01", "precision": "week"}, "precision_unknown", "precision"),
        ({"from_": "2026-03-01", "precision": "second"}, "precision_too_fine", "precision"),
        ({"from_": "2026-03", "precision": "day"}, "precision_too_fine", "precision"),
    ],
)
def test_given_an_impossible_time_when_read_then_the_error_names_field_and_cure(
    given_: dict[str, Any], code: str, field: str
) -> None:
    with pytest.raises(TimeError) as caught:
        parse_occurred(**given_)
    assert (caught.value.code, caught.value.field) == (code, field)
    assert str(caught.value) == caught.value.message
    assert caught.value.cure


def test_given_an_offset_that_is_not_of_the_zone_when_read_then_the_offset_wins() -> None:
    occurred = parse_occurred("2026-07-01T12:00:00+01:00", zone="Europe/Amsterdam")
    assert interval(occurred).start == utc("2026-07-01T11:00")


def test_given_an_occurrence_when_written_then_the_names_are_those_of_the_wire() -> None:
    wire = b'{"from":"2026-03-01","precision":"day","to":null,"zone":"Europe/Amsterdam"}'
    occurred = parse_occurred("2026-03-01")
    assert msgspec.json.encode(occurred) == wire
    assert msgspec.json.decode(wire, type=Occurred) == occurred


# intervals


@given(moments, zones, st.sampled_from(PRECISIONS))
def test_given_a_moment_when_expanded_then_it_lies_inside(
    moment: datetime, zone: str, precision: str
) -> None:
    found = interval(parse_occurred(moment.isoformat(), None, zone, precision))
    assert found.start <= moment < found.end


@given(moments, st.timedeltas(timedelta(0), timedelta(days=400)), st.sampled_from(PRECISIONS))
def test_given_a_span_when_expanded_then_both_ends_lie_inside(
    moment: datetime, length: timedelta, precision: str
) -> None:
    last = moment + length
    found = interval(parse_occurred(moment.isoformat(), last.isoformat(), None, precision))
    assert found.start <= moment <= last < found.end


@given(days, zones)
def test_given_a_day_when_expanded_then_it_ends_where_the_next_begins(day: date, zone: str) -> None:
    today = interval(parse_occurred(day.isoformat(), zone=zone))
    tomorrow = interval(parse_occurred((day + timedelta(1)).isoformat(), zone=zone))
    assert today.end == tomorrow.start


@pytest.mark.parametrize(
    ("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-03-30", 24)]
)
def test_given_a_change_of_the_clock_when_expanded_then_the_day_is_an_hour_off(
    day: str, hours: int
) -> None:
    start, end = interval(parse_occurred(day))
    assert end - start == timedelta(hours=hours)


@pytest.mark.parametrize(
    ("given_", "start", "end"),
    [
        (("2026-03-01T14:05:07.9+01:00",), "2026-03-01T13:05:07", "2026-03-01T13:05:08"),
        (("2026-03-01T14:05:07Z", "minute"), "2026-03-01T14:05", "2026-03-01T14:06"),
        (("2026-03-01T14:05:07+05:45", "hour"), "2026-03-01T08:15", "2026-03-01T09:15"),
        (("2026-03-01T23:30:00Z", "day"), "2026-03-01T23:00", "2026-03-02T23:00"),
        (("2026-02", "month"), "2026-01-31T23:00", "2026-02-28T23:00"),
        (("2026-12", "month", "2027-01"), "2026-11-30T23:00", "2027-01-31T23:00"),
        (("2026-03-01", "day", "2026-03-02"), "2026-02-28T23:00", "2026-03-02T23:00"),
    ],
)
def test_given_a_precision_when_expanded_then_all_of_it_is_covered(
    given_: tuple[str, ...], start: str, end: str
) -> None:
    assert interval(Occurred(*given_)) == (utc(start), utc(end))


@pytest.mark.parametrize("text", ["2026-03-01", "2026-03-01T10:00:00"])
def test_given_an_unchecked_time_when_expanded_then_nothing_is_guessed(text: str) -> None:
    with pytest.raises(TimeError):
        interval(Occurred(text))


def test_given_an_evening_in_utc_when_dated_then_the_day_of_amsterdam_counts() -> None:
    assert legal_date(utc("2026-06-30T22:30")) == date(2026, 7, 1)


# terms and ages


@pytest.mark.parametrize(
    ("year", "sunday"),
    [(1961, (4, 2)), (2008, (3, 23)), (2025, (4, 20)), (2026, (4, 5)), (2038, (4, 25))],
)
def test_given_a_year_when_computed_then_easter_is_the_known_one(
    year: int, sunday: tuple[int, int]
) -> None:
    assert easter(year) == date(year, *sunday)


@pytest.mark.parametrize(
    ("day", "is_free"),
    [
        (date(2025, 4, 26), True),
        (date(2025, 4, 27), False),
        (date(2026, 4, 27), True),
        (date(2013, 4, 30), True),
        (date(2014, 4, 30), False),
        (date(2025, 5, 5), True),
        (date(2026, 5, 5), False),
        (date(2026, 4, 3), True),
        (date(2026, 5, 14), True),
        (date(2026, 5, 25), True),
        (date(2026, 12, 26), True),
    ],
)
def test_given_a_day_when_looked_up_then_holidays_follow_the_year(day: date, is_free: bool) -> None:
    assert (day in holidays(day.year)) is is_free


@pytest.mark.parametrize(
    ("day", "n", "unit", "expected"),
    [
        (date(2026, 4, 2), 3, "calendar", date(2026, 4, 5)),
        (date(2026, 4, 2), 5, "working", date(2026, 4, 13)),
        (date(2026, 4, 4), 1, "working", date(2026, 4, 7)),
        (date(2026, 4, 4), 0, "working", date(2026, 4, 4)),
        (date(2026, 4, 7), -1, "working", date(2026, 4, 2)),
    ],
)
def test_given_a_term_when_counted_then_its_unit_decides(
    day: date, n: int, unit: Literal["calendar", "working"], expected: date
) -> None:
    assert add_days(day, n, unit) == expected


@given(days, st.integers(1, 30))
def test_given_a_term_in_working_days_when_counted_then_it_ends_on_the_nth(
    day: date, n: int
) -> None:
    last = add_days(day, n, "working")
    passed = (day + timedelta(i) for i in range(1, (last - day).days + 1))
    assert is_working_day(last)
    assert sum(map(is_working_day, passed)) == n


@pytest.mark.parametrize(
    ("born", "on", "age"),
    [
        (date(2008, 2, 29), date(2026, 2, 28), 17),
        (date(2008, 2, 29), date(2026, 3, 1), 18),
        (date(2008, 2, 29), date(2028, 2, 29), 20),
        (date(2008, 5, 2), date(2026, 5, 1), 17),
        (date(2008, 5, 2), date(2026, 5, 2), 18),
    ],
)
def test_given_a_date_of_birth_when_aged_then_the_birthday_counts(
    born: date, on: date, age: int
) -> None:
    assert age_on(born, on) == age
