"""Numbers on goods, formed as their makers form them, and never the same one twice by accident.

A number is made from a counter, one for each form, through a one-to-one mapping onto all numbers
of that form; and no two forms share a number. Two goods bear the same number only where a rate
says so. Some goods take theirs from a factory run, so that neighbours differ in the last digits.
"""

from math import gcd
from random import Random

from herkomst.simulate import rates
from herkomst.simulate.draws import stream
from herkomst.simulate.errors import SimulationError
from herkomst.simulate.slices import WHOLE, Slice

CLASSES = {
    "#": "0123456789",
    "@": "ABCDEFGHJKLMNPRSTUVWXYZ",
    "*": "0123456789BCDFGHJKLMNPRSTVWXYZ",
    "%": "0123456789ABCDEF",
    "&": "BDFGHJKLNPRSTVXZ",
    "$": "GHJKLNPRSTXZ",
}
"""What a sign in a template stands for; any other character stands for itself.

Digits, letters without I, O and Q, both without vowels, hexadecimal digits, the letters of number
plates, and those that private cars begin with.
"""

PLATES = ((2009, "##-&&-&&"), (2013, "##-&&&-#"), (2016, "#-&&&-##"), (2020, "&&-###-&"),
          (2024, "$-###-&&"), (9999, "$&&-##-&"))  # fmt: skip
"""Series of number plates of cars, each until the given year."""
MOPED_PLATES = ("F&&-##-&", "D&&-##-&")
MOTORCYCLE_PLATES = ("M&-##-&&", "M&-&&-##")
CHIP = "528210#########"
_YEAR_CODES = "123456789ABCDEFGHJKLMNPRSTVWXY"
_TAC_SPREAD = 611_953
_TACS_OF_A_MODEL = 8
_EANS_OF_A_MODEL = 16

_RUN = rates.FACTORY_RUN_LENGTH


_LUHN_OF_PAIR = {
    f"{first}{second}": first + second * 2 - 9 * (second > 4)
    for first in range(10)
    for second in range(10)
}


def luhn(digits: str) -> str:
    """Return the check digit of the fourteen digits of an IMEI (ISO/IEC 7812-1, annex B)."""
    of_pair = _LUHN_OF_PAIR
    total = (
        of_pair[digits[:2]]
        + of_pair[digits[2:4]]
        + of_pair[digits[4:6]]
        + of_pair[digits[6:8]]
        + of_pair[digits[8:10]]
        + of_pair[digits[10:12]]
        + of_pair[digits[12:]]
    )
    return str(-total % 10)


def tac(model: int, variant: int) -> str:
    """Return a type allocation code of a model: the first eight digits of its IMEIs."""
    return f"35{(model * _TACS_OF_A_MODEL + variant + 1) * _TAC_SPREAD % 1_000_000:06d}"


def ean(model: int, variant: int) -> str:
    """Return a European article number of a model, with its check digit."""
    body = f"871{(model * _EANS_OF_A_MODEL + variant + 1) * 7_368_787 % 1_000_000_000:09d}"
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(body))
    return f"{body}{-total % 10}"


class Permutation:
    """A one-to-one mapping of the numbers below a size onto themselves."""

    __slots__ = ("_factor", "_shift", "size")

    def __init__(self, size: int, chance: Random) -> None:
        factor = int(size * 0.6180339887) + chance.randrange(max(size // 7, 1)) | 1
        while gcd(factor, size) != 1:
            factor += 2
        self.size = size
        self._factor = factor
        self._shift = chance.randrange(size)

    def __call__(self, place: int) -> int:
        return (place * self._factor + self._shift) % self.size


class Form:
    """All numbers of one template, given out one by one."""

    __slots__ = ("_loose", "_loose_at", "_loose_end", "_loose_given", "_parts", "_runs",
                 "_runs_end", "_runs_given", "template")  # fmt: skip

    def __init__(self, template: str, seed: int, part: Slice = WHOLE) -> None:
        self.template = template
        self._parts = _parts(template)
        size = 1
        for count, _, _ in self._parts:
            size *= count
        chance = stream(seed, f"numbers/{template}")
        runs = size // 2 // _RUN
        self._runs = Permutation(max(runs, 1), chance)
        self._loose = Permutation(size - runs * _RUN, chance)
        self._loose_at = runs * _RUN
        block, loose = part.block(self._runs.size), part.block(self._loose.size)
        self._runs_given, self._runs_end = block.start * _RUN, block.stop
        self._loose_given, self._loose_end = loose.start, loose.stop

    def next(self, chance: Random) -> str:
        """Give out a number that was never given out before."""
        if chance.random() < rates.FACTORY_RUN:
            return self._write(self._in_run())
        place = self._loose_given
        self._loose_given = place + 1
        if place >= self._loose_end:
            raise _exhausted(self.template)
        return self._write(self._loose_at + self._loose(place))

    def consecutive(self, count: int) -> list[str]:
        """Give out numbers of a factory run one after another, as far as it reaches."""
        return [self._write(self._in_run()) for _ in range(count)]

    def _in_run(self) -> int:
        run, place = divmod(self._runs_given, _RUN)
        self._runs_given += 1
        if run >= self._runs_end:
            raise _exhausted(self.template)
        return self._runs(run) * _RUN + place

    def _write(self, number: int) -> str:
        if len(self._parts) == 2 and self._parts[0][2]:
            return f"{self._parts[1][1]}{number:0{self._parts[0][2]}d}"
        written = ""
        for count, signs, width in self._parts:
            if width:
                number, rest = divmod(number, count)
                written = f"{rest:0{width}d}{written}"
            elif count == 1:
                written = signs + written
            else:
                number, rest = divmod(number, count)
                written = signs[rest] + written
        return written


def _parts(template: str) -> list[tuple[int, str, int]]:
    """Split a template, last sign first, into how many values a part takes and how it is written.

    A row of digits is one part with a width; a literal is a part with one value.
    """
    parts: list[tuple[int, str, int]] = []
    for sign in reversed(template):
        if sign == "#" and parts and parts[-1][2]:
            parts[-1] = (parts[-1][0] * 10, "", parts[-1][2] + 1)
        elif sign == "#":
            parts.append((10, "", 1))
        elif sign in CLASSES:
            parts.append((len(CLASSES[sign]), CLASSES[sign], 0))
        elif parts and parts[-1][0] == 1:
            parts[-1] = (1, sign + parts[-1][1], 0)
        else:
            parts.append((1, sign, 0))
    return parts


def _exhausted(template: str) -> SimulationError:
    return SimulationError(
        "numbers_exhausted",
        f"all numbers of the form {template!r} have been given out; ask for a smaller world",
    )


class Mint:
    """Gives out the numbers of all forms."""

    __slots__ = ("_forms", "_frames", "_imeis", "_seed", "_slice")

    def __init__(self, seed: int, part: Slice = WHOLE) -> None:
        self._seed = seed
        self._slice = part
        self._forms: dict[str, Form] = {}
        self._imeis: dict[int, list[Form]] = {}
        self._frames: dict[str, str] = {}

    def serial(self, chance: Random, template: str) -> str:
        """Give out a number of that template."""
        return self._form(template).next(chance)

    def _form(self, template: str) -> Form:
        form = self._forms.get(template)
        if form is None:
            form = self._forms[template] = Form(template, self._seed, self._slice)
        return form

    def consecutive(self, template: str, count: int) -> list[str]:
        """Give out consecutive numbers of that template."""
        return self._form(template).consecutive(count)

    def imei(self, chance: Random, model: int) -> str:
        """Give out an IMEI of one of the model's type allocation codes."""
        forms = self._imeis.get(model)
        if forms is None:
            forms = self._imeis[model] = [
                Form(f"{tac(model, variant)}######", self._seed, self._slice)
                for variant in range(_TACS_OF_A_MODEL)
            ]
        body = forms[int(chance.random() * _TACS_OF_A_MODEL)].next(chance)
        return body + luhn(body)

    def plate(self, chance: Random, year: int) -> str:
        """Give out the number plate of a car first registered in that year."""
        return self.serial(chance, next(series for until, series in PLATES if year < until))

    def vin(self, chance: Random, head: str, year: int) -> str:
        """Give out a vehicle identification number (ISO 3779) with nine signs of maker and type."""
        tail = self.serial(chance, f"{head}@######")
        return f"{tail[:9]}{_YEAR_CODES[(year - 2001) % 30]}{tail[9:]}"

    def frame(self, chance: Random, brand: str, template: str) -> str:
        """Give out a frame number, now and then one that another bicycle bears already."""
        draw = chance.random()
        if draw < rates.FRAME_TWICE_IN_BRAND and brand in self._frames:
            return self._frames[brand]
        if draw > 1 - rates.FRAME_OF_OTHER_BRAND and len(self._frames) > 1:
            brands = [other for other in self._frames if other != brand]
            return self._frames[brands[int(chance.random() * len(brands))]]
        number = self._frames[brand] = self.serial(chance, template)
        return number
