"""Amounts in minor units, and decimal strings on the wire."""

import re
from functools import lru_cache

import msgspec

from herkomst.domain.tables import rows

_MINOR_UNITS = {row["currency"]: int(row["minor_units"]) for row in rows("currencies")}
_AMOUNT = re.compile(r"(\d{1,12})(?:\.(\d{1,9}))?", re.ASCII)

CURRENCY_UNKNOWN = "currency_unknown"
"""The one code that is about the currency; the others are about the amount."""


class MoneyError(ValueError):
    """An amount or a currency that cannot be read."""

    def __init__(self, code: str, message: str, cure: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.cure = cure


class Money(msgspec.Struct, frozen=True):
    """An amount in minor units (cents) of a currency by ISO 4217; never below zero."""

    amount: int
    currency: str

    def format(self) -> str:
        """The decimal string of the wire, as in 125.00, without the currency."""
        decimals = _MINOR_UNITS[self.currency]
        figures = str(self.amount).rjust(decimals + 1, "0")
        return f"{figures[:-decimals]}.{figures[-decimals:]}" if decimals else figures


@lru_cache(maxsize=1 << 14)
def parse_money(amount: object, currency: str = "EUR") -> Money:
    """Reads a decimal string. A number is refused, as 0.1 has no exact binary form."""
    decimals = _MINOR_UNITS.get(currency)
    if decimals is None:
        raise _unknown_currency(currency)
    if not isinstance(amount, str):
        raise _not_text(amount)
    found = _AMOUNT.fullmatch(amount)
    if found is None:
        raise _unreadable(amount)
    whole, fraction = found[1], found[2] or ""
    if len(fraction) > decimals:
        raise _too_fine(amount, currency, decimals)
    return Money(int(whole + fraction.ljust(decimals, "0")), currency)


def _unknown_currency(currency: str) -> MoneyError:
    return MoneyError(
        CURRENCY_UNKNOWN,
        f"The currency {currency!r} is not known.",
        "Use a code of ISO 4217 in capitals, such as EUR.",
    )


def _not_text(amount: object) -> MoneyError:
    return MoneyError(
        "amount_not_text",
        f"The amount {amount!r} is not a string.",
        'Write the amount as a decimal string, such as "125.00".',
    )


def _unreadable(amount: str) -> MoneyError:
    if amount.startswith("-"):
        return MoneyError(
            "amount_negative",
            f"The amount {amount} is below zero.",
            "Give the amount that was paid, and say in the form of payment which way it went.",
        )
    return MoneyError(
        "amount_unreadable",
        f"The amount {amount!r} is not a decimal number of at most twelve digits.",
        "Write digits with a point before the cents and nothing else, such as 1250.00.",
    )


def _too_fine(amount: str, currency: str, decimals: int) -> MoneyError:
    return MoneyError(
        "amount_too_fine",
        f"The amount {amount} has more decimals than the {decimals} of {currency}.",
        "Round it as it was paid.",
    )
