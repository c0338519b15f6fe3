"""Normal forms of what a person presents, for comparison by keyed hash.

Nothing here decides who somebody is: equal normal forms are a reason to look, and resolution is a
later, reversible judgement. None means that the field says too little to compare.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from string import ascii_letters, ascii_lowercase, ascii_uppercase, digits
from types import MappingProxyType

from msgspec.structs import replace

from herkomst.domain.register.records import Address, Seller

_NOT_LETTERS = re.compile(r"[^a-z]+")
_NOT_DIGITS = re.compile(r"\D+")
_NOT_ALPHANUMERIC = re.compile(r"[^A-Z0-9]+")
_LOWER = bytes.maketrans(ascii_uppercase.encode(), ascii_lowercase.encode())
_UPPER = bytes.maketrans(ascii_lowercase.encode(), ascii_uppercase.encode())


def _all_but(kept: str) -> bytes:
    return bytes(c for c in range(128) if chr(c) not in kept)


_ASCII_NOT_LETTERS = _all_but(ascii_letters)
_ASCII_NOT_DIGITS = _all_but(digits)
_ASCII_NOT_ALPHANUMERIC = _all_but(ascii_letters + digits)


def normal_name(seller: Seller) -> str | None:
    """Family name without tussenvoegsel and diacritics, and the first initial."""
    family = _letters(seller.family_name)
    first = _letters(seller.initials or seller.given_names or "")
    return f"{family}/{first[:1]}" if family else None


def normal_born(seller: Seller) -> str | None:
    """An ISO date, as it was checked on the way in."""
    return seller.born


def normal_document(seller: Seller) -> str | None:
    """Country and number; the type is often chosen wrongly."""
    document = seller.document
    if document is None:
        return None
    number = _alphanumeric(document.number)
    return f"{document.country or 'NL'}/{number}" if len(number) >= 5 else None


def normal_phone(seller: Seller) -> str | None:
    """National digits: `+31 6 12345678` and `06-12345678` are one number."""
    found = _digits(seller.phone or "")
    for prefix in ("0031", "31"):
        if found.startswith(prefix) and len(found) == len(prefix) + 9:
            found = "0" + found[len(prefix) :]
    return found if len(found) >= 8 else None


def normal_email(seller: Seller) -> str | None:
    """The address without case; who reads it makes no difference by it."""
    return (seller.email or "").strip().casefold() or None


def normal_address(seller: Seller) -> str | None:
    """Postcode and house number, the two that a Dutch address is known by."""
    address = seller.address
    if address is None or not address.postcode or not address.number:
        return None
    suffix = _alphanumeric(address.suffix) if address.suffix else ""
    parts = (_alphanumeric(address.postcode), _alphanumeric(address.number), suffix)
    return "/".join((_alphanumeric(address.country), *parts))


def normal_family(seller: Seller) -> str | None:
    """Family name alone: a namesake (naamgenoot) is not the same person."""
    return _letters(seller.family_name) or None


def normal_door(seller: Seller) -> str | None:
    """The house without what tells its dwellings apart: `12`, `12A` and `12-2` are one door."""
    address = seller.address
    if address is None or not address.postcode or not address.number:
        return None
    return "/".join(map(_alphanumeric, (address.country, address.postcode, address.number)))


NEIGHBOURS = (-2, -1, 1, 2)
"""House numbers beside and across: most streets number their sides odd and even."""


def doors_beside(address: Address) -> list[Address]:
    """The addresses next door (buren); none for a house without a number or a postcode."""
    if not address.postcode or not (address.number or "").isascii():
        return []
    number = address.number or ""
    if not number.isdigit():
        return []
    return [
        replace(address, number=str(int(number) + step), suffix=None)
        for step in NEIGHBOURS
        if int(number) + step > 0
    ]


def normal_plate(seller: Seller) -> str | None:
    """A vehicle's plate without its hyphens."""
    return _alphanumeric(seller.vehicle_plate or "") or None


NORMAL_FORMS: Mapping[str, Callable[[Seller], str | None]] = MappingProxyType(
    {
        "name": normal_name,
        "born": normal_born,
        "document": normal_document,
        "phone": normal_phone,
        "email": normal_email,
        "address": normal_address,
        "plate": normal_plate,
        "family": normal_family,
        "door": normal_door,
    }
)
"""Everything by which two presentations can be compared."""


# What is plain ASCII, as nearly everything is, needs no table of Unicode.


def _letters(text: str) -> str:
    if text.isascii():
        return text.encode().translate(_LOWER, _ASCII_NOT_LETTERS).decode()
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    return _NOT_LETTERS.sub("", decomposed)


def _digits(text: str) -> str:
    if text.isascii():
        return text.encode().translate(None, _ASCII_NOT_DIGITS).decode()
    return _NOT_DIGITS.sub("", text)


def _alphanumeric(text: str) -> str:
    if text.isascii():
        if text.isalnum():
            return text.upper()
        return text.encode().translate(_UPPER, _ASCII_NOT_ALPHANUMERIC).decode()
    return _NOT_ALPHANUMERIC.sub("", text.upper())
