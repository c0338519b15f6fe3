"""Numbers on goods: their form for comparison, and what carries no identity.

What was typed is kept, and the normal form folds no O into 0 and no I into 1: only the key by
which numbers meet does, and whether they are the same is judged by the normal form. Formats:
3GPP TS 23.003 (IMEI), ISO 3779 (VIN), RDW series (plates), IEEE 802 (MAC).
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from operator import attrgetter
from string import ascii_letters, ascii_lowercase, ascii_uppercase, digits
from types import MappingProxyType
from typing import Literal, NamedTuple

from stdnum.nl import bsn

from herkomst.domain.goods import KINDS, normal_brand
from herkomst.domain.likeness import ending, folded, stem
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
_TAC = 8
"""Digits of an IMEI that name a type (type allocation code)."""
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
_LABELS: Mapping[str, str] = MappingProxyType(
    {row["word"]: row["type"] for row in rows("number_words")}
)
_LABELLED = re.compile(
    r"(?<![A-Za-z])(" + "|".join(sorted(_LABELS, key=len, reverse=True)) + r")"
    r"[ .:#=]*((?=[A-Za-z./\-]*[0-9])[A-Za-z0-9][A-Za-z0-9./\-]{2,24}[A-Za-z0-9])(?![A-Za-z0-9])",
    re.IGNORECASE,
)
_FIFTEEN = re.compile(r"(?<![A-Za-z0-9])[0-9](?:[ \-/.]?[0-9]){14}(?![A-Za-z0-9])")
_SEVENTEEN = re.compile(r"(?<![A-Za-z0-9])[A-Za-z0-9]{17}(?![A-Za-z0-9])")
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


Found = Literal["number", "second", "mended", "text"]
"""How a number came to stand on a good: as its number, as the second IMEI of a telephone, as what
an IMEI with a wrong check digit may have meant, or in a free text."""


class Number(NamedTuple):
    """A number on a good, as it is compared."""

    key: str
    """`class:folded`, or `class:~hash` of a sealed type: numbers that look alike meet there."""
    exact: str
    """`class:normal`, or `class:~hash`: two numbers are the same where this is."""
    written: str | None
    """As it was written, or None where that is not told outside the sealed part."""
    found: Found = "number"
    ends: str | None = None
    """Where it meets numbers of the brand that end like it, such as parts of it."""
    stem: str | None = None
    """Where it meets numbers of the brand that begin like it, such as those of its series."""

    @property
    def class_(self) -> str:
        return self.key.partition(":")[0]

    @property
    def sealed(self) -> bool:
        return ":~" in self.key

    @property
    def is_checked(self) -> bool:
        """Whether a check digit says that it was written rightly: of an IMEI in full."""
        if self.class_ != "imei" or self.written is None or self.found == "mended":
            return False
        return _luhn(told) if len(told := _only_digits(self.written)) == 15 else False

    @property
    def keys(self) -> tuple[str, ...]:
        """Everywhere it meets others."""
        return tuple(key for key in (self.key, self.ends, self.stem) if key)


def numbers(
    identifiers: Iterable[tuple[str, str]],
    kind: str,
    brand: str | None,
    token: Callable[[str], str],
    text: Iterable[tuple[str, str]] = (),
) -> tuple[Number, ...]:
    """The numbers of (type, value) pairs on one good, one for each key, by key.

    Those of `text` stood in a free text, so what was written is not told. For sealed types `token`
    makes keyed hashes.
    """
    known = normal_brand(brand)
    found: list[Number] = []
    imeis = 0
    for type_, value in identifiers:
        written = _numbers(type_, value, kind, known, token)
        if written and written[0].class_ == "imei":
            imeis += 1
            if imeis > 1:
                written = [number._replace(found=_second(number.found)) for number in written]
        found += written
    for type_, value in text:
        found += [
            number._replace(written=None, found="text", ends=None, stem=None)
            for number in _numbers(type_, value, kind, None, token)
            if number.found == "number"
        ]
    return _by_key(found)


def meeting_keys(text: str, token: Callable[[str], str]) -> frozenset[str]:
    """Where goods meet that bear this number, of whatever type it is."""
    found = [numbers(((type_, text),), "", None, token) for type_ in IDENTIFIER_TYPES]
    return frozenset(each.key for of_type in found for each in of_type if each.found == "number")


def numbers_in(text: str, kind: str) -> tuple[tuple[str, str], ...]:
    """The (type, value) pairs of numbers that stand in a free text: those that say what they are,
    IMEIs by their check digit, and chassis numbers by their form where the good has one."""
    found = [(_LABELS[name.lower()], value) for name, value in _LABELLED.findall(text)]
    found += [("imei", run) for run in _FIFTEEN.findall(text) if _luhn(_only_digits(run))]
    if kind in _VIN_KINDS:
        found += [("vin", run) for run in _SEVENTEEN.findall(text) if _VIN.fullmatch(run.upper())]
    return tuple(dict.fromkeys(found))


def _second(found: Found) -> Found:
    return "second" if found == "number" else found


def _by_key(found: Iterable[Number]) -> tuple[Number, ...]:
    """One number for each key: what was written as such comes before what it may have meant."""
    kept: dict[str, Number] = {}
    for number in found:
        other = kept.get(number.key)
        if other is None or _RANK[number.found] < _RANK[other.found]:
            kept[number.key] = number
    return tuple(sorted(kept.values(), key=attrgetter("key")))


_RANK: Mapping[Found, int] = MappingProxyType({"number": 0, "second": 1, "mended": 3, "text": 2})


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
    return (_weighed(fifteen[:14]) + int(fifteen[14])) % 10 == 0


def _weighed(fourteen: str) -> int:
    # Ten times the code of "0" is a multiple of ten, so the codes can be summed as they are.
    figures = fourteen.encode()
    return sum(figures[::2]) + sum(figures[1::2].translate(_DOUBLED)) - 4 * ord("0")


def _randomised(text: str) -> bool:
    return text[1:2] in "2367ABEF" and _HEX_12.fullmatch(text) is not None


def _numbers(
    type_: str, value: str, kind: str, brand: str | None, token: Callable[[str], str]
) -> list[Number]:
    """What a value says: nothing, a number, and of an IMEI that cannot be right what it meant."""
    normal = normal_form(type_, value)
    if normal is None:
        return []
    alike = folded(normal)
    class_ = match_class(type_, alike, kind)
    if class_ == "number" and _VIN.fullmatch(normal):
        class_ = match_class(type_, normal, kind)
    if class_ in SEALED_TYPES:
        return [_sealed(class_, normal, alike, token)]
    if class_ == "imei":
        return _of_imei(value, normal, brand)
    if alike != normal and is_placeholder(alike):
        return []
    return [
        Number(
            f"{class_}:{alike}",
            f"{class_}:{normal}",
            value,
            ends=ending(alike, class_, brand) if brand else None,
            stem=stem(alike, class_, brand) if brand else None,
        )
    ]


def _sealed(class_: str, normal: str, alike: str, token: Callable[[str], str]) -> Number:
    exact = f"{class_}:~{token(f'{class_}:{normal}')}"
    # Which of the two a hash is of stays untold, so that it does not tell that no sign looks alike.
    return Number(f"{class_}:~{token(f'{class_}:={alike}')}", exact, None)


def _of_imei(value: str, normal: str, brand: str | None) -> list[Number]:
    exact = _imei(normal)
    alike = folded(normal)
    device = exact if alike == normal else _imei(alike)
    if is_placeholder(device):
        return []
    whole = with_check_digit(device)
    ends = ending(whole, "imei", brand) if brand else None
    number = Number(f"imei:{device}", f"imei:{exact}", value, ends=ends)
    if len(device) != 15:
        return [number]
    mended = {f"imei:{meant}" for meant in _meant(device)} - {number.key}
    return [number, *(Number(key, number.exact, value, "mended") for key in sorted(mended))]


def with_check_digit(device: str) -> str:
    """An IMEI as it stands on a telephone, of the fourteen digits that name it."""
    if len(device) != 14 or not (device.isascii() and device.isdigit()):
        return device
    return device + str(-_weighed(device) % 10)


def _meant(wrong: str) -> Iterable[str]:
    """The IMEIs that are one slip behind the type code away from one that cannot be right."""
    if not (wrong.isascii() and wrong.isdigit()):
        return
    for at in range(_TAC, len(wrong)):
        for digit in digits:
            if _luhn(meant := wrong[:at] + digit + wrong[at + 1 :]):
                yield meant[:14]
        swapped = wrong[:at] + wrong[at + 1 : at + 2] + wrong[at] + wrong[at + 2 :]
        if len(swapped) == len(wrong) and _luhn(swapped):
            yield swapped[:14]


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
