"""What the law asks, by place and by day: data with validity, never constants in the code.

`valid_to` is the last day on which a row holds; empty as long as it holds.
"""

from collections import defaultdict
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Literal

import msgspec

from herkomst.domain.calendar import add_days, legal_date, start_of
from herkomst.domain.money import Money, parse_money
from herkomst.domain.tables import rows

DEFAULT = "*"


class Profile(msgspec.Struct, frozen=True):
    """What one municipality asks of its dealers by ordinance (APV).

    holding_days: how long a good stays as it is (bewaartermijn), in `holding_unit` calendar
    or working, counted from `holding_counts_from` acquisition or registration.
    sales_register: whether sales are registered too (verkoopregister).
    entry_term_days: calendar days within which a purchase is entered.
    register_form: dor, paper or both.
    """

    municipality: str
    valid_from: date
    valid_to: date | None
    holding_days: int
    holding_unit: str
    holding_counts_from: str
    sales_register: bool
    document_required: bool
    born_required: bool
    entry_term_days: int
    register_form: str
    source: str


class Rule(msgspec.Struct, frozen=True):
    """A national rule with one figure: a whole number of `unit`, or minor units of a currency."""

    name: str
    valid_from: date
    valid_to: date | None
    value: int
    unit: str
    source: str

    def money(self) -> Money:
        """The figure as an amount, for a rule whose unit is a currency."""
        return Money(self.value, self.unit)


@lru_cache(maxsize=1 << 14)
def profile(municipality: str, on: date) -> Profile:
    """The rules of a municipality on a day; where none are known, the default of the country."""
    for candidate in _PROFILES.get(municipality, ()):
        if _holds(candidate, on):
            return candidate
    return next(default for default in _PROFILES[DEFAULT] if _holds(default, on))


@lru_cache(maxsize=1 << 14)
def national(name: str, on: date) -> Rule | None:
    """The rule of that name on a day; None before it held. A name not in the table is an error."""
    return next((rule for rule in _NATIONAL[name] if _holds(rule, on)), None)


def end_of(name: str, since: datetime) -> datetime:
    """First moment behind the term of that name, in days, which counts from the day after a
    moment."""
    day = legal_date(since)
    rule = national(name, day)
    assert rule is not None
    unit: Literal["calendar", "working"] = "working" if rule.unit == "working_day" else "calendar"
    return start_of(add_days(day, rule.value, unit) + timedelta(days=1))


def _holds(row: Profile | Rule, on: date) -> bool:
    return row.valid_from <= on and (row.valid_to is None or on <= row.valid_to)


def _profiles() -> dict[str, tuple[Profile, ...]]:
    read: defaultdict[str, tuple[Profile, ...]] = defaultdict(tuple)
    for row in rows("municipal_rules"):
        flags = {"yes": True, "no": False}
        filled = {name: flags.get(text, text) for name, text in row.items() if text}
        found = msgspec.convert({"valid_to": None, **filled}, Profile, strict=False)
        read[found.municipality] += (found,)
    return dict(read)


def _rules() -> dict[str, tuple[Rule, ...]]:
    read: defaultdict[str, tuple[Rule, ...]] = defaultdict(tuple)
    for row in rows("national_rules"):
        is_amount = row["unit"].isupper()
        value = parse_money(row["value"], row["unit"]).amount if is_amount else int(row["value"])
        filled = {**row, "valid_to": row["valid_to"] or None, "value": value}
        found = msgspec.convert(filled, Rule)
        read[found.name] += (found,)
    return dict(read)


_PROFILES = _profiles()
_NATIONAL = _rules()
