"""When something happened, as it was given, and the days that terms are counted in.

An event may be known to the second or to the month, and a theft is an interval. What was
given is kept as `Occurred`; what is compared is the `Interval` in UTC that it covers.
"""

import re
from calendar import monthrange
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from herkomst.domain.tables import rows

AMSTERDAM = "Europe/Amsterdam"
PRECISIONS = ("second", "minute", "hour", "day", "month")

_RANK = {precision: rank for rank, precision in enumerate(PRECISIONS)}
_STEPS = {
    "second": timedelta(seconds=1),
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
}
_DAY = timedelta(days=1)
_DATE_LENGTH = len("2026-03-01")
_OUR_OFFSETS = ("+01:00", "+02:00")
_YEARS = range(1900, 2200)
_MOMENT = re.compile(
    r"""(?P<month>\d{4}-\d{2})
    (?:(?P<day>-\d{2})
      (?:T(?P<hour>\d{2})(?:(?P<minute>:\d{2})(?:(?P<second>:\d{2})(?:[.,]\d{1,9})?)?)?
        (?P<offset>Z|[+-]\d{2}:?\d{2})?
      )?
    )?""",
    re.VERBOSE | re.ASCII,
)
_HOLIDAYS = rows("holidays")
_SATURDAY = 5


class TimeError(ValueError):
    """A time that cannot be read; `field` is the name on the wire: from, to, zone, precision."""

    def __init__(self, code: str, field: str, message: str, cure: str) -> None:
        super().__init__(message)
        self.code = code
        self.field = field
        self.message = message
        self.cure = cure


class Occurred(msgspec.Struct, frozen=True, rename={"from_": "from"}):
    """When something happened, as it was given: a moment, or a span with `to` included."""

    from_: str
    precision: str = "second"
    to: str | None = None
    zone: str = AMSTERDAM


class Interval(NamedTuple):
    """A span in UTC; `end` is the first moment after it."""

    start: datetime
    end: datetime


def parse_occurred(
    from_: str, to: str | None = None, zone: str | None = None, precision: str | None = None
) -> Occurred:
    """Checks a time as it came in. Without a precision, the one that the text carries holds.

    An offset that does not belong to the zone is accepted, and the offset wins: clocks of
    tills are set by hand, and the zone only says which calendar days are meant.
    """
    finest = _carried(from_, "from")
    if to is not None:
        finest = max(finest, _carried(to, "to"), key=_RANK.__getitem__)
    occurred = Occurred(from_, _precision(precision, finest), to, _known_zone(zone))
    if to is not None:
        _refuse_reversed(occurred, to)
    return occurred


@lru_cache(1 << 13)
def interval(occurred: Occurred) -> Interval:
    """The span in UTC that may hold the moment: all of the second, the day or the month."""
    first = _span(occurred.from_, occurred.zone, occurred.precision)
    if occurred.to is None:
        return first
    return Interval(first.start, _span(occurred.to, occurred.zone, occurred.precision).end)


def legal_day(occurred: Occurred) -> date:
    """The legal date (kalenderdatum in Nederland) on which something began."""
    text = occurred.from_
    if occurred.zone == AMSTERDAM and (len(text) == _DATE_LENGTH or text.endswith(_OUR_OFFSETS)):
        return date.fromisoformat(text[:_DATE_LENGTH])  # As written it is the local date.
    return legal_date(interval(occurred).start)


def legal_date(moment: datetime) -> date:
    """The day in Amsterdam on which rules are looked up and terms begin."""
    return moment.astimezone(_zone(AMSTERDAM)).date()


def legal_today() -> date:
    """The legal date at this moment."""
    return legal_date(datetime.now(UTC))


def start_of(day: date) -> datetime:
    """The first moment of a legal day."""
    return _midnight(day, AMSTERDAM)


def local(moment: datetime) -> datetime:
    """The same moment on a clock in Amsterdam."""
    return moment.astimezone(_zone(AMSTERDAM))


def add_days(day: date, n: int, unit: Literal["calendar", "working"]) -> date:
    """The day that lies n calendar or working days (werkdagen) later, or earlier below zero."""
    if unit == "calendar":
        return day + n * _DAY
    step = _DAY if n > 0 else -_DAY
    for _ in range(abs(n)):
        day += step
        while not is_working_day(day):
            day += step
    return day


Unit = Literal["day", "working_day", "week", "month", "year"]
"""What the terms of the law are counted in; a day is one of the calendar."""
_MONTHS = {"month": 1, "year": 12}


def add_term(day: date, length: int, unit: Unit) -> date:
    """The day on which a term ends that begins on this one. A month without that day ends on its
    last."""
    if unit == "working_day":
        return add_days(day, length, "working")
    if unit not in _MONTHS:
        return day + length * (7 if unit == "week" else 1) * _DAY
    months = day.year * 12 + day.month - 1 + length * _MONTHS[unit]
    year, month = divmod(months, 12)
    last = monthrange(year, month + 1)[1]
    return date(year, month + 1, min(day.day, last))


def end_of_term(begun: date, length: int, unit: Unit, *, extends: bool = False) -> datetime:
    """First moment after a term that was begun on a legal day, which itself is not counted: the
    midnight that ends its last day, however often the clock was changed meanwhile. One that
    `extends` goes on to the next working day (art. 1(1) Algemene termijnenwet)."""
    last = add_term(begun, length, unit)
    while extends and not is_working_day(last):
        last += _DAY
    return start_of(last + _DAY)


def is_working_day(day: date) -> bool:
    """Whether a day is neither in the weekend nor a public holiday (algemeen erkende feestdag)."""
    return day.weekday() < _SATURDAY and day not in holidays(day.year)


@lru_cache(512)
def holidays(year: int) -> frozenset[date]:
    """The Dutch public holidays of a year."""
    held = (row for row in _HOLIDAYS if _held(row, year))
    return frozenset(_holiday(row, year) for row in held)


def age_on(born: date, on: date) -> int:
    """The age in whole years. Born on 29 February, one grows older on 1 March in other years,
    the reading that protects a minor for longest."""
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))


def easter(year: int) -> date:
    """Easter Sunday in the Gregorian calendar, by the anonymous algorithm of 1876."""
    century, in_century = divmod(year, 100)
    golden = year % 19
    lift = (century - (century + 8) // 25 + 1) // 3
    epact = (19 * golden + century - century // 4 - lift + 15) % 30
    weekday = (32 + 2 * (century % 4) + 2 * (in_century // 4) - epact - in_century % 4) % 7
    late = (golden + 11 * epact + 22 * weekday) // 451
    month, day = divmod(epact + weekday - 7 * late + 114, 31)
    return date(year, month, day + 1)


def _carried(text: object, field: str) -> str:
    """The finest precision that a text carries, once it is known to be a time at all."""
    found = _MOMENT.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        raise _unreadable(text, field)
    _, day, hour, minute, second, offset = found.groups()
    if hour and not offset:
        raise _without_offset(found[0], field)
    _refuse_impossible(found[0], field, is_month=not day)
    if second:
        return "second"
    return "minute" if minute else "hour" if hour else "day" if day else "month"


def _refuse_impossible(text: str, field: str, *, is_month: bool) -> None:
    try:
        year = datetime.fromisoformat(f"{text}-01" if is_month else text).year
    except ValueError:
        raise _unreadable(text, field) from None
    if year not in _YEARS:
        raise TimeError(
            "time_out_of_range",
            field,
            f"The year of {text} lies outside {_YEARS[0]} to {_YEARS[-1]}.",
            "Correct the year.",
        )


def _unreadable(text: object, field: str) -> TimeError:
    return TimeError(
        "time_unreadable",
        field,
        f"{text!r} is not a date or a time that exists.",
        "Write 2026-03-01T14:05:00+01:00, 2026-03-01 or 2026-03.",
    )


def _without_offset(text: str, field: str) -> TimeError:
    return TimeError(
        "offset_missing",
        field,
        f"The time {text} does not say in which offset from UTC it is.",
        "Add the offset, as in 2026-03-01T14:05:00+01:00, or give the date alone.",
    )


def _precision(given: str | None, finest: str) -> str:
    if given is None:
        return finest
    if given not in _RANK:
        raise TimeError(
            "precision_unknown",
            "precision",
            f"The precision {given!r} is not known.",
            f"Use one of {', '.join(PRECISIONS)}.",
        )
    if _RANK[given] < _RANK[finest]:
        raise TimeError(
            "precision_too_fine",
            "precision",
            f"The precision is {given}, but the time is given to the {finest} only.",
            f"Give the time to the {given}, or the precision {finest}.",
        )
    return given


def _known_zone(name: str | None) -> str:
    if name is None:
        return AMSTERDAM
    try:
        _zone(name)
    except (LookupError, ValueError, OSError, TypeError):  # each is raised for some wrong name
        raise TimeError(
            "zone_unknown",
            "zone",
            f"The time zone {name!r} is not known.",
            f"Use a name of the IANA database, such as {AMSTERDAM}.",
        ) from None
    return name


def _refuse_reversed(occurred: Occurred, to: str) -> None:
    first = _span(occurred.from_, occurred.zone, occurred.precision).start
    if _span(to, occurred.zone, occurred.precision).start < first:
        raise TimeError(
            "to_before_from",
            "to",
            f"The end {to} lies before the beginning {occurred.from_}.",
            "Exchange them, or correct the one that is wrong.",
        )


def _span(text: str, zone: str, precision: str) -> Interval:
    if len(text) <= len("2026-03-01"):
        return _local_span(text, zone, precision)
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise _without_offset(text, "from")
    step = _STEPS.get(precision)
    if step is None:
        return _local_span(moment.astimezone(_zone(zone)).date().isoformat(), zone, precision)
    start = _floor(moment, precision).astimezone(UTC)
    return Interval(start, start + step)


def _floor(moment: datetime, precision: str) -> datetime:
    if precision == "second":
        return moment.replace(microsecond=0) if moment.microsecond else moment
    if precision == "minute":
        return moment.replace(second=0, microsecond=0)
    return moment.replace(minute=0, second=0, microsecond=0)


@lru_cache(1 << 14)
def _local_span(text: str, zone: str, precision: str) -> Interval:
    """A calendar day or month in its zone; a day of the changing clock has 23 or 25 hours."""
    _precision(precision, _carried(text, "from"))
    first = date.fromisoformat(text[:10] if precision == "day" else f"{text[:7]}-01")
    # Every month ends within 31 days of its first, and the next one begins on its own first.
    last = first + _DAY if precision == "day" else (first + 31 * _DAY).replace(day=1)
    return Interval(_midnight(first, zone), _midnight(last, zone))


def _midnight(day: date, zone: str) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=_zone(zone)).astimezone(UTC)


@lru_cache(1024)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def _held(row: dict[str, str], year: int) -> bool:
    begun = int(row["valid_from"]) <= year
    ended = bool(row["valid_to"]) and int(row["valid_to"]) < year
    return begun and not ended and year % int(row["every_years"] or 1) == 0


def _holiday(row: dict[str, str], year: int) -> date:
    if row["easter_offset"]:
        return easter(year) + int(row["easter_offset"]) * _DAY
    day = date(year, int(row["month"]), int(row["day"]))
    is_sunday = day.isoweekday() == 7
    return day + int(row["on_sunday"] or 0) * _DAY if is_sunday else day
