"""Normal forms of what a person presents, for comparison by keyed hash.

Nothing here decides who somebody is: equal normal forms are a reason to look, and resolution is a
later, reversible judgement. None means that the field says too little to compare.
"""

import re
import unicodedata
from datetime import date

from herkomst.domain.register.records import Address, Document, Seller

_NOT_LETTERS = re.compile(r"[^a-z]+")
_NOT_DIGITS = re.compile(r"\D+")
_NOT_ALPHANUMERIC = re.compile(r"[^A-Z0-9]+")


def normal_name(seller: Seller) -> str | None:
    """Family name without tussenvoegsel and diacritics, and the first initial."""
    family = _letters(seller.family_name)
    first = _letters(seller.initials or seller.given_names or "")
    return f"{family}/{first[:1]}" if family else None


def normal_phone(phone: str | None) -> str | None:
    """National digits: `+31 6 12345678` and `06-12345678` are one number."""
    digits = _NOT_DIGITS.sub("", phone or "")
    for prefix in ("0031", "31"):
        if digits.startswith(prefix) and len(digits) == len(prefix) + 9:
            digits = "0" + digits[len(prefix) :]
    return digits if len(digits) >= 8 else None


def normal_document(document: Document | None) -> str | None:
    """Country and number; the type is often chosen wrongly."""
    if document is None:
        return None
    number = _NOT_ALPHANUMERIC.sub("", document.number.upper())
    return f"{document.country or 'NL'}/{number}" if len(number) >= 5 else None


def normal_address(address: Address | None) -> str | None:
    """Postcode and house number, the two that a Dutch address is known by."""
    if address is None or not address.postcode or not address.number:
        return None
    parts = (address.country, address.postcode, address.number, address.suffix or "")
    return "/".join(_NOT_ALPHANUMERIC.sub("", part.upper()) for part in parts)


def normal_born(born: str | None) -> str | None:
    """An ISO date, as it was checked on the way in."""
    return date.fromisoformat(born).isoformat() if born else None


def normal_plate(plate: str | None) -> str | None:
    """A vehicle's plate without its hyphens."""
    return _NOT_ALPHANUMERIC.sub("", plate.upper()) if plate else None


def _letters(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    return _NOT_LETTERS.sub("", decomposed)
