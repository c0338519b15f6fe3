"""How numbers and brands go wrong between the good and the screen."""

from random import Random

PLACEHOLDERS = {
    "onbekend": 22, "n.v.t.": 14, "0000": 12, "123456": 8, "nvt": 8, "Onbekend": 7, "0": 3,
    "1111111": 4, "000000": 5, "xxxxx": 4, "-": 4, "ONBEKEND": 4, "0000000": 3, "9999": 1,
    "niet leesbaar": 1, "geen": 1,
}  # fmt: skip
"""What is typed where there is no number, with how often."""

_LOOK_ALIKES = {
    "0": "O", "O": "0", "1": "I", "I": "1", "5": "S", "S": "5", "8": "B", "B": "8", "2": "Z",
    "Z": "2", "6": "G", "G": "6",
}  # fmt: skip
_DIGITS = "0123456789"
_LETTERS = "ACDEFHJKLMNPRTUVWXY"
_SEPARATORS = " -. /"
# The last signs are left alone, or a slip would often give the next number of a factory run,
# which is another good: this keeps accidental equals out of the truth.
_UNTOUCHED_END = 2


def dressed(chance: Random, number: str) -> str:
    """Write the same number with other separators or in lower case."""
    bare = number.replace("-", "")
    if bare != number and chance.random() < 0.7:
        return bare
    if not bare.isdigit() and chance.random() < 0.45:
        return number.lower()
    separator = _SEPARATORS[int(chance.random() * len(_SEPARATORS))]
    cut = 2 + int(chance.random() * (len(bare) - 4))
    return bare[:cut] + separator + bare[cut:]


def look_alike(chance: Random, number: str) -> str | None:
    """Put a sign that looks alike for one sign, such as O for 0; None where there is none."""
    places = [at for at, sign in enumerate(number[:-_UNTOUCHED_END]) if sign in _LOOK_ALIKES]
    if not places:
        return None
    at = places[int(chance.random() * len(places))]
    return number[:at] + _LOOK_ALIKES[number[at]] + number[at + 1 :]


def substituted(chance: Random, number: str) -> str:
    """Put another sign of the same sort for one sign, and none that looks alike."""
    at = int(chance.random() * (len(number) - _UNTOUCHED_END))
    while not number[at].isalnum():
        at -= 1
    old = number[at]
    signs = _DIGITS if old.isdigit() else _LETTERS
    new = signs[int(chance.random() * len(signs))]
    while new == old:
        new = signs[int(chance.random() * len(signs))]
    return number[:at] + new + number[at + 1 :]


def transposed(chance: Random, number: str) -> str | None:
    """Swap two neighbouring signs; None where no neighbours differ."""
    places = [
        at
        for at in range(len(number) - _UNTOUCHED_END - 1)
        if number[at] != number[at + 1] and number[at].isalnum() and number[at + 1].isalnum()
    ]
    if not places:
        return None
    at = places[int(chance.random() * len(places))]
    return number[:at] + number[at + 1] + number[at] + number[at + 2 :]


def truncated(chance: Random, number: str) -> str:
    """Keep only the end of a number; its beginning says no more than the model."""
    bare = number.replace("-", "")
    return bare[-max(4, min(7, len(bare) - 2) - int(chance.random() * 2)) :]


def brand_typo(chance: Random, brand: str) -> str:
    """Leave out or double one letter inside a brand name; very short ones are typed well."""
    if len(brand) < 5:
        return brand
    at = 2 + int(chance.random() * (len(brand) - 3))
    return brand[:at] + brand[at + (1 if chance.random() < 0.5 else -1) :]


def other_case(chance: Random, text: str) -> str:
    """Write a text in capitals or in lower case."""
    return text.upper() if chance.random() < 0.6 else text.lower()
