"""The terms of what follows a hit and of alerts, the ways of return and what else of it is data:
rows with a power, a source and a validity, and how their ends are counted.

`valid_to` is the last day on which a row holds. What counsel or the police has yet to confirm says
so in `confirmed`.
"""

import re
from datetime import date, datetime, timedelta
from functools import cache
from typing import Literal, NamedTuple, TypeVar

import msgspec

from herkomst.domain import controllers, municipalities, rules
from herkomst.domain.calendar import Unit, end_of_term, legal_date
from herkomst.domain.register.sources import ANY_OTHER
from herkomst.domain.tables import rows

When = Literal["on_release", "on_confirmation", "never"]
"""When a dealer is told: once an officer lets him be, once the signal is confirmed, or never."""
_NUMBER = re.compile(r"PL(?P<prefix>\d\d)")


class _Dated(msgspec.Struct, frozen=True, kw_only=True):
    """A row that holds on some days, and what it stands on."""

    source: str
    confirmed: str | None = None
    """Who has yet to confirm it; None where nobody has."""
    valid_from: date
    valid_to: date | None = None

    def holds(self, on: date) -> bool:
        return self.valid_from <= on and (self.valid_to is None or on <= self.valid_to)


class Term(_Dated, frozen=True, kw_only=True):
    """How long a measure may last, on which power and by whose act.

    Without a length it lasts until it is decided on, or as long as another table says.
    """

    measure: str
    power: str
    length: int | None = None
    unit: Unit | None = None
    renewable: bool
    extends: bool
    issued_by: str

    @property
    def counted(self) -> tuple[int, Unit]:
        """Its length and its unit, of one that has a length."""
        assert self.length is not None
        assert self.unit is not None
        return self.length, self.unit

    def end(self, begun: datetime, length: int | None = None) -> datetime:
        """First moment after the term, or after a shorter one of the same unit."""
        longest, unit = self.counted
        return end_of_term(legal_date(begun), length or longest, unit, extends=self.extends)


class Way(_Dated, frozen=True, kw_only=True):
    """A way in which a seized good goes back, by a decision of the prosecutor."""

    way: str
    goes_to: Literal["holder", "entitled", "court"]
    power: str
    needs_notice: bool
    needs_waiver: bool


class _Owner(_Dated, frozen=True, kw_only=True):
    reports_of: str
    prefix: str | None = None
    unit: str


class _Notice(_Dated, frozen=True, kw_only=True):
    municipality: str
    told: When


class _AlertTerm(_Dated, frozen=True, kw_only=True):
    """How long an alert may last on an article of the Wpg."""

    article: str
    length: int
    unit: Unit

    @property
    def counted(self) -> tuple[int, Unit]:
        return self.length, self.unit

    def end(self, begun: datetime) -> datetime:
        """First moment after the longest term of one that was set then."""
        return end_of_term(legal_date(begun), self.length, self.unit)


class Period(msgspec.Struct, frozen=True, kw_only=True):
    """The holding period (bewaartermijn) of a municipality as it runs for one good."""

    municipality: str
    since: date
    length: int
    unit: Unit
    until: datetime
    """First moment after it."""


R = TypeVar("R", bound=_Dated)
_UNITS: dict[str, Unit] = {"calendar": "day", "working": "working_day"}


def term(measure: str, on: date) -> Term:
    """The term of a measure on a day. A measure that no row knows is an error."""
    return next(row for row in _terms() if row.measure == measure and row.holds(on))


def longest_alert(article: str, on: date) -> _AlertTerm | None:
    """How long an alert may last that is set on this article on a day; None where none may be."""
    return next((row for row in _alerts() if row.article == article and row.holds(on)), None)


def way(name: str, on: date) -> Way | None:
    """A way of return that holds on a day."""
    return next((row for row in _ways() if row.way == name and row.holds(on)), None)


def when_told(municipality: str | None, on: date) -> When:
    """When a dealer of this municipality is told."""
    known = {row.municipality: row.told for row in _notices() if row.holds(on)}
    return known.get(municipality or rules.DEFAULT) or known[rules.DEFAULT]


def owner_of(source: str, report: str | None, on: date) -> str:
    """The unit that owns a report: of the police the regional unit that its number names."""
    named = _NUMBER.match(report or "")
    prefix = named["prefix"] if named else None
    known = {(row.reports_of, row.prefix): row.unit for row in _owners() if row.holds(on)}
    of_source = source if (source, None) in known else ANY_OTHER
    return known.get((of_source, prefix)) or known[of_source, None]


def is_of(unit: str, owner: str) -> bool:
    """Whether somebody of a unit is of the unit that owns a report: by its name, because the
    municipality that it is named after lies in it, or as a part of the Constabulary."""
    if unit.casefold() == owner.casefold():
        return True
    if owner != controllers.POLICE and controllers.of_unit(unit) == owner:
        return True
    place = municipalities.find(municipalities.code_of(unit) or "")
    return place is not None and place.police_unit == owner


class Owned(NamedTuple):
    """Which reports a unit owns, as a statement asks it: by source and prefix with a space between,
    and without a prefix all others of that source."""

    sources: list[str]
    """Those that have rows of their own."""
    listed: list[str]
    owned: list[str]


def owned_by(unit: str, on: date) -> Owned:
    """The reports that a unit owns; the same as `owner_of` says of each."""
    held = [row for row in _owners() if row.holds(on)]
    return Owned(
        sorted({row.reports_of for row in held}),
        [_key(row) for row in held],
        [_key(row) for row in held if is_of(unit, row.unit)],
    )


def _key(row: _Owner) -> str:
    return f"{row.reports_of} {row.prefix or ''}"


def holding_period(municipality: str | None, acquired: date, registered: date) -> Period:
    """How long a good that a dealer acquired stays as it is, by the ordinance of its municipality
    on that day; where none is known by the shortest of the country."""
    found = rules.profile(municipality or rules.DEFAULT, acquired)
    since = acquired if found.holding_counts_from == "acquisition" else registered
    unit = _UNITS[found.holding_unit]
    return Period(
        municipality=municipality or rules.DEFAULT,
        since=since,
        length=found.holding_days,
        unit=unit,
        until=end_of_term(since, found.holding_days, unit),
    )


def last_day(until: datetime) -> date:
    """The last legal day of a term that ends with this moment."""
    return legal_date(until - timedelta(microseconds=1))


@cache
def _terms() -> tuple[Term, ...]:
    return _table("sequel_terms", Term)


@cache
def _alerts() -> tuple[_AlertTerm, ...]:
    return _table("alert_terms", _AlertTerm)


@cache
def _ways() -> tuple[Way, ...]:
    return _table("return_ways", Way)


@cache
def _owners() -> tuple[_Owner, ...]:
    return _table("report_owners", _Owner)


@cache
def _notices() -> tuple[_Notice, ...]:
    return _table("dealer_notices", _Notice)


def _table(name: str, kind: type[R]) -> tuple[R, ...]:
    flags = {"yes": True, "no": False}
    return tuple(
        msgspec.convert({n: flags.get(t, t) for n, t in row.items() if t}, kind, strict=False)
        for row in rows(name)
    )
