from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from herkomst.simulate import clock
from herkomst.simulate.clock import DAY, END, START, OpeningHours
from herkomst.simulate.draws import stream

AMSTERDAM = ZoneInfo("Europe/Amsterdam")


@given(st.integers(0, END), st.integers(0, 59))
def test_a_stamp_bears_the_offset_of_amsterdam(at: int, second: int) -> None:
    stamped = datetime.fromisoformat(clock.stamp(at, second))
    assert stamped.astimezone(AMSTERDAM).isoformat() == clock.stamp(at, second)


@given(st.integers(0, END - 400), st.integers(0, 400))
def test_a_later_moment_is_never_stamped_earlier(at: int, later: int) -> None:
    first = datetime.fromisoformat(clock.stamp(at))
    assert first <= datetime.fromisoformat(clock.stamp(at + later))


def test_the_hour_that_summer_time_skips_becomes_its_end() -> None:
    assert clock.stamp(clock.moment("2025-03-30", 119)) == "2025-03-30T01:59:00+01:00"
    assert clock.stamp(clock.moment("2025-03-30", 150)) == "2025-03-30T03:00:00+02:00"
    assert clock.stamp(clock.moment("2025-03-30", 181)) == "2025-03-30T03:01:00+02:00"
    assert clock.stamp(clock.moment("2025-10-26", 179)) == "2025-10-26T02:59:00+02:00"
    assert clock.stamp(clock.moment("2025-10-26", 180)) == "2025-10-26T03:00:00+01:00"


def test_the_world_runs_from_its_first_day_to_its_last() -> None:
    assert clock.stamp(START) == "2024-01-01T00:00:00+01:00"
    assert clock.stamp(END) == "2026-10-31T23:59:00+01:00"


@given(st.integers(0, clock.DAYS - 1), st.sampled_from(["phones", "metal", "charity"]))
def test_a_visit_is_within_opening_hours_on_the_day_or_the_next_open_one(
    number: int, trade: str
) -> None:
    at, closes = OpeningHours(trade).visit(stream(number, "visits"), number)
    assert at // DAY == closes // DAY
    assert 7 * 60 <= at % DAY < closes % DAY <= 21 * 60
    assert timedelta(0) <= timedelta(minutes=at - (START + number * DAY)) < timedelta(days=5)
    assert clock.day(at)[5:] not in ("01-01", "12-25", "12-26")


def test_shops_are_closed_on_sunday_where_the_trade_is() -> None:
    sunday = (clock.moment("2025-06-01") - START) // DAY
    chance = stream(1, "visits")
    assert clock.day(OpeningHours("phones").visit(chance, sunday)[0]) == "2025-06-01"
    assert clock.day(OpeningHours("metal").visit(chance, sunday)[0]) == "2025-06-02"
