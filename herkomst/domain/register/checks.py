"""Checks that several records share: each appends what is wrong and returns the normal value."""

from collections.abc import Iterator
from datetime import date
from functools import lru_cache

import msgspec

from herkomst.domain import goods, municipalities
from herkomst.domain.calendar import Occurred, TimeError, parse_occurred
from herkomst.domain.identifiers import contains_bsn
from herkomst.domain.money import CURRENCY_UNKNOWN, Money, MoneyError, parse_money
from herkomst.domain.problems import Problem, RecordRefused
from herkomst.domain.register.records import Amount, Identifier, Moment

Problems = list[Problem]
KEY_LENGTH = 200
IDENTIFIER_LENGTH = 200
YEARS = range(1900, 2200)


def check_key(key: str, field: str, problems: Problems) -> None:
    if not key or len(key) > KEY_LENGTH or key != key.strip():
        problems.append(
            Problem(
                field,
                "key",
                f"The key is empty, longer than {KEY_LENGTH} characters or has blanks around it.",
                "Send the name that your own system gives this record.",
            )
        )


def check_moment(moment: Moment, field: str, problems: Problems) -> Occurred | None:
    try:
        return parse_occurred(moment.from_, moment.to, moment.zone, moment.precision)
    except TimeError as error:
        place = f"{field}/{error.field}" if error.field else field
        problems.append(Problem(place, error.code, error.message, error.cure))
        return None


def check_instant(value: str, field: str, problems: Problems) -> Occurred | None:
    """A moment written as one string: a date and time with its offset, or a date."""
    try:
        return parse_occurred(value, None, None, None)
    except TimeError as error:
        problems.append(Problem(field, error.code, error.message, error.cure))
        return None


def check_amount(amount: Amount | str | None, field: str, problems: Problems) -> Money | None:
    if amount is None:
        return None
    try:
        if isinstance(amount, str):
            return parse_money(amount)
        return parse_money(amount.amount, amount.currency)
    except MoneyError as error:
        if not isinstance(amount, str):
            field += "/currency" if error.code == CURRENCY_UNKNOWN else "/amount"
        problems.append(Problem(field, error.code, error.message, error.cure))
        return None


def check_degrees(value: float | None, most: int, field: str, problems: Problems) -> None:
    """A latitude is at most 90 degrees either way, a longitude 180 (WGS 84)."""
    if value is not None and not -most <= value <= most:
        problems.append(
            Problem(
                field,
                "degrees",
                f"{value} lies outside -{most} to {most} degrees.",
                "Send degrees of WGS 84, such as 52.0907; see that `lat` and `lon` stand right.",
            )
        )


def check_day(value: str | None, field: str, problems: Problems) -> date | None:
    if value is None:
        return None
    try:
        day = date.fromisoformat(value)
    except ValueError:
        day = None
    # Python reads 20260309 and 2026-W11-1 too; what is stored is read by others.
    if day is None or day.isoformat() != value or day.year not in YEARS:
        problems.append(Problem(field, "date", f"{value!r} is no date.", "Write it as 2026-03-09."))
        return None
    return day


def check_kind(kind: str, field: str, problems: Problems) -> None:
    if kind not in goods.KINDS:
        problems.append(
            Problem(
                field,
                "unknown_kind",
                f"The catalogue has no kind {kind!r}.",
                f"Did you mean {goods.nearest_kind(kind)!r}? `herkomst schema --kinds` lists all.",
            )
        )


@lru_cache(maxsize=2048)
def _known_municipality(code: str) -> bool:
    return municipalities.find(code) is not None


def check_municipality(code: str | None, field: str, problems: Problems) -> None:
    if code is not None and not _known_municipality(code):
        problems.append(
            Problem(
                field,
                "unknown_municipality",
                f"No municipality has the code {code!r}.",
                f"Use the code of Statistics Netherlands, such as "
                f"{municipalities.nearest_code(code)!r}.",
            )
        )


def check_identifiers(values: list[Identifier], field: str, problems: Problems) -> None:
    for index, identifier in enumerate(values):
        if not identifier.value.strip():
            problems.append(
                Problem(
                    f"{field}/{index}/value",
                    "empty",
                    "An identifier has no value.",
                    "Leave the identifier out when the good has none.",
                )
            )
        elif len(identifier.value) > IDENTIFIER_LENGTH:
            problems.append(
                Problem(
                    f"{field}/{index}/value",
                    "too_long",
                    f"An identifier is longer than {IDENTIFIER_LENGTH} characters.",
                    "Send the number alone, and other text as the description.",
                )
            )


def check_no_bsn(number: str, field: str, problems: Problems) -> None:
    """No citizen service number (BSN) is ever stored."""
    if contains_bsn(number):
        problems.append(
            Problem(
                field,
                "bsn",
                "This passes the test of a citizen service number (BSN), which is never stored.",
                "Send the number of the document, not the one on its back.",
            )
        )


def refuse_nul(record: msgspec.Struct, content: bytes) -> None:
    """No text holds U+0000, which PostgreSQL cannot store: found here, and not by a follower.

    `content` is the record as JSON. Raises `RecordRefused`.
    """
    if b"\\u0000" not in content:
        return
    problems = [
        Problem(field, "nul", "A text holds the character U+0000.", "Leave that character out.")
        for field in _holding_nul(msgspec.to_builtins(record), "")
    ]
    if problems:
        raise RecordRefused(problems)


def _holding_nul(value: object, field: str) -> Iterator[str]:
    if isinstance(value, str) and "\0" in value:
        yield field
    elif isinstance(value, dict):
        for name, part in value.items():
            yield from _holding_nul(name, field)
            yield from _holding_nul(part, f"{field}/{name}")
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield from _holding_nul(part, f"{field}/{index}")
