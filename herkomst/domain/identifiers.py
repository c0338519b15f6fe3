"""Numbers on goods: their form for comparison, and what carries no identity.

What was typed is kept by the caller; here O and 0, I and 1 are never folded. Formats:
3GPP TS 23.003 (IMEI), ISO 3779 (VIN), RDW series (plates), IEEE 802 (MAC).
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from string import ascii_letters, ascii_lowercase, ascii_uppercase, digits
from types import MappingProxyType

from stdnum.nl import bsn

from herkomst.domain.goods import KINDS
from herkomst.domain.tables import rows

IDENTIFIER_TYPES = frozenset(
    {"serial", "imei", "vin", "plate", "frame", "chip", "engraving", "mac", "hallmark", "other"}
)
SEALED_TYPES = frozenset({"plate", "engraving"})
"""Types that point at a person: a keeper by the plate, a household by the engraved postcode."""

PROBLEMS: Mapping[str, str] = MappingProxyType(
    {
        "imei_check_digit": "The last digit of the IMEI does not fit the fourteen before it.",
        "imei_length": "An IMEI has 14, 15 or 16 digits.",
        "vin_length": "A chassis number has 17 characters since 1981.",
        "vin_letters": "A chassis number holds no letter I, O or Q.",
        "plate_shape": "The plate has the shape of no Dutch series.",
    }
)

_SHORTEST = 4
_OWN_CLASS = frozenset({"imei", "vin", "plate", "chip", "engraving", "mac"})
_IMEI_KINDS = frozenset(k.slug for k in KINDS.values() if k.family == "phones")
_VIN_KINDS = frozenset(k.slug for k in KINDS.values() if k.family in ("vehicles", "vehicle_parts"))

_UPPER = bytes.maketrans(ascii_lowercase.encode(), ascii_uppercase.encode())
_SEPARATORS = bytes(c for c in range(128) if chr(c) not in ascii_letters + digits)
_SHAPE = bytes.maketrans((digits + ascii_uppercase).encode(), b"9" * 10 + b"X" * 26)
_DOUBLED = bytes.maketrans(b"0123456789", b"0246813579")
_ASCENDING = digits * 10
_DESCENDING = _ASCENDING[::-1]
_VIN = re.compile(r"(?=.*[0-9])(?=.*[A-Z])[A-HJ-NPR-Z0-9]{17}")
_HEX_12 = re.compile(r"[0-9A-F]{12}")
_PLATE_SHAPES = frozenset(row["shape"] for row in rows("plate_series"))
_NINE_DIGITS = re.compile(
    r"""(?<![A-Za-z0-9])(?<![0-9][ .\-])(?:BSN)?
    (?:[0-9]{9} | [0-9]{3}[ .\-][0-9]{3}[ .\-][0-9]{3} | [0-9]{4}[ .\-][0-9]{2}[ .\-][0-9]{3})
    (?![A-Za-z0-9])""",
    re.IGNORECASE | re.VERBOSE,
)
_LONG_DIGITS = re.compile(r"[0-9]{9,}")


def normal_form(type_: str, value: str) -> str | None:
    """The form that is compared, or None when the value tells no good from another.

    IMEI: the fourteen digits that name the device, without check digit or software version;
    with a wrong check digit all fifteen, as typed. A type allocation code (eight digits)
    names a model. A hallmark is a mark of quality, a locally administered MAC is random.
    """
    if type_ == "hallmark":
        return None
    text = _stripped(value)
    if type_ == "imei":
        text = _imei(text)
    elif type_ == "mac" and _randomised(text):
        return None
    return None if len(text) < _SHORTEST or is_placeholder(text) else text


def is_placeholder(normal: str) -> bool:
    """Whether a stripped, upper-case text stands for "no number" rather than being one."""
    if normal in _WHOLE or normal.count(normal[:1]) >= len(normal):
        return True
    if normal.isdigit():
        return normal in _ASCENDING or normal in _DESCENDING
    return normal.isalpha() and any(word in normal for word in _WITHIN)


def match_class(type_: str, normal: str, kind: str) -> str:
    """The class within which a normal form is compared.

    What a till calls a serial number is often the IMEI of a phone or the VIN of a vehicle;
    such a number is read as what it is. All other free numbers share the class "number".
    """
    if type_ in _OWN_CLASS:
        return type_
    if kind in _IMEI_KINDS and len(normal) == 15 and _is_imei(normal):
        return "imei"
    if kind in _VIN_KINDS and len(normal) == 17 and _VIN.fullmatch(normal):
        return "vin"
    return "number"


def match_keys(
    identifiers: Iterable[tuple[str, str]], kind: str, token: Callable[[str], str]
) -> tuple[str, ...]:
    """The sorted keys `class:normal` of (type, value) pairs on one good.

    For sealed types `token` turns the key into a keyed hash, and the key reads `class:~hash`.
    """
    found = (_key(type_, value, kind, token) for type_, value in identifiers)
    return tuple(sorted({key for key in found if key}))


def problem(type_: str, value: str) -> str | None:
    """A code of PROBLEMS for a value that looks odd. Always a warning, never a refusal:
    European chassis numbers have no check digit, and foreign plates have other shapes."""
    text = _stripped(value)
    if is_placeholder(text):
        return None
    if type_ == "imei":
        return _imei_problem(text)
    if type_ == "vin":
        return _vin_problem(text)
    if type_ == "plate" and _shape(text) not in _PLATE_SHAPES:
        return "plate_shape"
    return None


def contains_bsn(text: str) -> bool:
    """Whether a citizen service number (burgerservicenummer) seems to stand in the text.

    One in eleven numbers of nine digits passes the eleven-test by chance, so this is a guard
    for a person to override. In a machine-readable zone (it holds "<") the number is looked
    for inside longer runs too, because older documents carry it there.
    """
    if "<" in text:
        runs = _LONG_DIGITS.findall(text)
        windows = (run[i : i + 9] for run in runs for i in range(len(run) - 8))
        return any(map(bsn.is_valid, windows))
    return any(bsn.is_valid(_only_digits(run)) for run in _NINE_DIGITS.findall(text))


def _stripped(value: str) -> str:
    if value.isascii():
        return value.encode().translate(_UPPER, _SEPARATORS).decode()
    # Removing a mark can bring two letters together that compose, so repeat until it rests.
    text = value
    while (plain := _plain(text)) != text:
        text = plain
    return text


def _plain(text: str) -> str:
    upper = unicodedata.normalize("NFKC", text).casefold().upper()
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKC", upper)))


def _only_digits(text: str) -> str:
    return "".join(filter(str.isdigit, text))


def _imei(text: str) -> str:
    if not (text.isascii() and text.isdigit()):
        return text
    if len(text) == 8:
        return ""
    # Some handsets show the check digit and the two digits of the software version.
    if len(text) == 16 or (len(text) in (15, 17) and _luhn(text[:15])):
        return text[:14]
    return text


def _is_imei(normal: str) -> bool:
    return normal.isascii() and normal.isdigit() and _luhn(normal)


def _luhn(fifteen: str) -> bool:
    # Fifteen times the code of "0" is a multiple of ten, so the codes can be summed as they are.
    figures = fifteen.encode()
    return (sum(figures[::2]) + sum(figures[1::2].translate(_DOUBLED))) % 10 == 0


def _randomised(text: str) -> bool:
    return text[1:2] in "2367ABEF" and _HEX_12.fullmatch(text) is not None


def _key(type_: str, value: str, kind: str, token: Callable[[str], str]) -> str | None:
    normal = normal_form(type_, value)
    if normal is None:
        return None
    class_ = match_class(type_, normal, kind)
    if class_ == "imei" and type_ != "imei":
        return _key("imei", normal, kind, token)
    if class_ in SEALED_TYPES:
        return f"{class_}:~{token(f'{class_}:{normal}')}"
    return f"{class_}:{normal}"


def _imei_problem(text: str) -> str | None:
    if not text.isdigit() or len(text) not in (14, 15, 16, 17):
        return "imei_length"
    return "imei_check_digit" if len(text) in (15, 17) and _imei(text) == text else None


def _vin_problem(text: str) -> str | None:
    if len(text) != 17:
        return "vin_length"
    return "vin_letters" if not set("IOQ").isdisjoint(text) else None


def _shape(text: str) -> str:
    return text.encode("ascii", "replace").translate(_SHAPE).decode()


_WHOLE = frozenset(_stripped(row["text"]) for row in rows("placeholders"))
_WITHIN = tuple(_stripped(row["text"]) for row in rows("placeholders") if row["where"] == "within")
