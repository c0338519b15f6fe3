"""The simulator's own clock: whole minutes of wall time in Europe/Amsterdam, as plain integers.

A moment is the number of minutes since midnight of the first day of the table, read off the wall:
it sorts and subtracts as it looks, and is written with the offset that held at that moment.
"""

from datetime import date, timedelta
from random import Random

from herkomst.simulate import rates

DAY = 1440
ZONE = "Europe/Amsterdam"

_EPOCH = date(2021, 1, 1)
_DATES = [(_EPOCH + timedelta(days=day)).isoformat() for day in range(6 * 366 + 365)]
_CLOCK = [f"T{minute // 60:02d}:{minute % 60:02d}:" for minute in range(DAY)]
_SECONDS = [f"{second:02d}" for second in range(60)]


def moment(day: str, minute: int = 0) -> int:
    """Return the moment of an ISO date and a minute of that day."""
    return (date.fromisoformat(day) - _EPOCH).days * DAY + minute


START = moment(rates.FIRST_DAY)
END = moment(rates.LAST_DAY) + DAY - 1
"""The last minute of the world, in which no record may lie in the future."""
DAYS = (END - START) // DAY + 1


def _last_sunday(year: int, month: int) -> str:
    last = date(year, month, 31)
    return (last - timedelta(days=(last.weekday() + 1) % 7)).isoformat()


def _summer() -> list[tuple[str, str]]:
    """Summer time runs between the last Sundays of March and October (2000/84/EC)."""
    return [(_last_sunday(year, 3), _last_sunday(year, 10)) for year in range(_EPOCH.year, 2028)]


def _offsets() -> list[str]:
    """Return the offset of each day; none on a day on which it changes."""
    found = ["+01:00"] * len(_DATES)
    for begins, ends in _summer():
        first, last = moment(begins) // DAY, moment(ends) // DAY
        found[first : last + 1] = ["", *["+02:00"] * (last - first - 1), ""]
    return found


_OFFSETS = _offsets()


def stamp(at: int, second: int = 0) -> str:
    """Write a moment with its offset; the hour that summer time skips becomes its end."""
    number, minute = divmod(at, DAY)
    offset = _OFFSETS[number]
    if not offset:
        minute, offset = _on_change(number, minute)
    return _DATES[number] + _CLOCK[minute] + _SECONDS[second] + offset


def _on_change(number: int, minute: int) -> tuple[int, str]:
    if _DATES[number][5:7] == "03":
        return (minute, "+01:00") if minute < 120 else (max(minute, 180), "+02:00")
    return minute, "+02:00" if minute < 180 else "+01:00"


def day(at: int) -> str:
    """Write the date of a moment."""
    return _DATES[at // DAY]


def weekday(at: int) -> int:
    """Return the day of the week of a moment, Monday 0."""
    return (at // DAY + _EPOCH.weekday()) % 7


# Opening hours by trade, Monday to Sunday, in hours; an empty pair is closed.
_LATE = ((11, 18), (9.5, 18), (9.5, 18), (9.5, 21), (9.5, 18), (9.5, 17.5), (12, 17))
_SHOP = ((13, 18), (9, 18), (9, 18), (9, 18), (9, 18), (9, 17), ())
_YARD = ((7.5, 16.5), (7.5, 16.5), (7.5, 16.5), (7.5, 16.5), (7.5, 16), (8, 12), ())
_HOURS: dict[str, tuple[tuple[float, ...], ...]] = {
    "phones": _LATE,
    "general": _LATE,
    "electronics": _LATE,
    "metal": _YARD,
}
_ALWAYS_CLOSED = ("01-01", "12-25", "12-26")
_EASTER_MONDAYS = ("2024-04-01", "2025-04-21", "2026-04-06")


def _open_minutes(trade: str, at: int) -> tuple[int, int] | None:
    name = day(at)
    hours = _HOURS.get(trade, _SHOP)[weekday(at)]
    if not hours or name[5:] in _ALWAYS_CLOSED or name in _EASTER_MONDAYS:
        return None
    return int(hours[0] * 60), int(hours[1] * 60)


class OpeningHours:
    """When the shops of a trade are open, day by day."""

    __slots__ = ("_days",)

    def __init__(self, trade: str) -> None:
        self._days = [_open_minutes(trade, START + DAY * number) for number in range(DAYS)]

    def visit(self, chance: Random, number: int) -> tuple[int, int]:
        """Return a moment on the given day of the world, or the next open one, and its closing."""
        hours = self._days[number]
        while hours is None:
            number = (number + 1) % DAYS
            hours = self._days[number]
        opens, closes = hours
        # The mean of two draws puts the crowd in the middle of the day.
        within = (chance.random() + chance.random()) / 2
        midnight = START + number * DAY
        return midnight + opens + int(within * (closes - opens)), midnight + closes
