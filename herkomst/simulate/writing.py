"""How a good is written down: by a shop at its counter, by the police in a report."""

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Final, Literal

from herkomst.simulate import catalogue, confusions, numbers, rates
from herkomst.simulate.draws import Urn
from herkomst.simulate.goods import FRAMED, VEHICLES, Good, Warehouse

Fate = Literal["same", "look_alike", "one_edit", "part"]
"""What became of a number as it was written, compared with the one on the good."""

_NUMBERLESS: Final[tuple[list[dict[str, str]], dict[int, Fate]]] = ([], {})
_PLACEHOLDERS: Final = Urn(confusions.PLACEHOLDERS)


@dataclass(slots=True)
class Written:
    """What stands in a record about a good, and what became of each of its numbers."""

    identifiers: list[dict[str, str]]
    fates: dict[int, Fate]
    brand: str | None
    brand_is_right: bool
    model: str | None
    model_is_right: bool


class Hand:
    """Who writes: with what share of numbers, brands and models, and with which slips."""

    __slots__ = ("_brand", "_model", "_police", "_present", "_slips", "_warehouse")

    def __init__(
        self,
        warehouse: Warehouse,
        *,
        present: Mapping[str, float],
        slips: Mapping[str, float],
        brand: float,
        model: Mapping[str, float],
        police: bool,
    ) -> None:
        self._warehouse = warehouse
        self._present = present
        self._slips = Urn(slips)
        self._brand = brand
        self._model = model
        self._police = police

    def write(self, chance: Random, good: Good, *, fully: bool = False) -> Written:
        """Write a good down; `fully` leaves nothing out and makes no slip."""
        identifiers, fates = self._numbers(chance, good, fully=fully)
        brand, brand_is_right = self._write_brand(chance, good, fully=fully)
        model, model_is_right = self._write_model(chance, good, fully=fully)
        return Written(identifiers, fates, brand, brand_is_right, model, model_is_right)

    def _numbers(
        self, chance: Random, good: Good, *, fully: bool
    ) -> tuple[list[dict[str, str]], dict[int, Fate]]:
        kind = good.model.kind
        read = good.legible and chance.random() < self._present[kind] / good.model.legible
        if not read and not fully:
            return self._unusable(chance, good) if self._police else _NUMBERLESS
        found = self._warehouse.identifiers(chance, good)
        identifiers: list[dict[str, str]] = []
        fates: dict[int, Fate] = {}
        for slot in self._slots(chance, good, len(found)):
            slip = "exact" if fully else self._slips.draw(chance)
            self._put_down(chance, good, slot, slip, identifiers, fates)
        return identifiers, fates

    def _unusable(self, chance: Random, good: Good) -> tuple[list[dict[str, str]], dict[int, Fate]]:
        kind = good.model.kind
        if chance.random() >= rates.UNUSABLE_IS_PLACEHOLDER or not rates.NUMBER_REPORTED[kind]:
            return _NUMBERLESS
        name = catalogue.IDENTIFIER_OF_KIND.get(kind, "serial")
        return [{"type": name, "value": _PLACEHOLDERS.draw(chance)}], {}

    def _slots(self, chance: Random, good: Good, count: int) -> tuple[int, ...]:
        """Choose which of the numbers on the good are read."""
        if count < 2:
            return tuple(range(count))
        kind = good.model.kind
        if kind in VEHICLES:
            plate, vin = chance.random() < rates.PLATE_SHOWN, chance.random() < rates.VIN_SHOWN
            return (0, 1) if plate and vin else (1,) if vin else (0,)
        if kind in FRAMED or good.identifiers[1][0] == "serial":
            return (0, 1)
        both = self._police and chance.random() < rates.BOTH_IMEI_REPORTED
        return (0, *range(1 if both else 2, count))

    def _put_down(
        self,
        chance: Random,
        good: Good,
        slot: int,
        slip: str,
        identifiers: list[dict[str, str]],
        fates: dict[int, Fate],
    ) -> None:
        name, number = good.identifiers[slot]
        fate: Fate | None = "same"
        if slip == "second_imei":
            slot, number = _second(good, slot)
        elif slip != "exact":
            number, fate = _slipped(chance, good, name, number, slip)
        identifiers.append({"type": name, "value": number})
        if fate:
            fates[slot] = fate

    def _write_brand(self, chance: Random, good: Good, *, fully: bool) -> tuple[str | None, bool]:
        brand = good.model.brand
        if not brand:
            return None, True
        draw = chance.random()
        if fully or draw < 0.8 * self._brand:
            return brand, True
        if draw >= self._brand:
            return None, True
        # The last fifth of the written brands carries every way of writing one differently.
        return self._differently(chance, good, brand, draw / self._brand)

    def _differently(
        self, chance: Random, good: Good, brand: str, share: float
    ) -> tuple[str, bool]:
        left = 1 - share
        if left < rates.BRAND_WRONG and not self._police:
            wrong = self._warehouse.rival(chance, good.model) or brand
            return wrong, wrong == brand
        left -= rates.BRAND_WRONG
        if left < rates.BRAND_TYPO:
            return confusions.brand_typo(chance, brand), True
        left -= rates.BRAND_TYPO
        if left < rates.BRAND_CASE:
            return confusions.other_case(chance, brand), True
        left -= rates.BRAND_CASE
        aliases = catalogue.BRAND_ALIASES.get(brand)
        if aliases and left < rates.BRAND_ALIAS:
            return aliases[int(chance.random() * len(aliases))], True
        return brand, True

    def _write_model(self, chance: Random, good: Good, *, fully: bool) -> tuple[str | None, bool]:
        model = good.model
        if not model.name:
            return None, True
        share = self._model.get(model.kind) or self._model[""]
        draw = chance.random() / share
        if fully or draw < 1 - rates.MODEL_CASE - rates.MODEL_OTHER:
            return model.name, True
        if draw >= 1:
            return None, True
        if draw < 1 - rates.MODEL_OTHER:
            return confusions.other_case(chance, model.name), True
        other = self._warehouse.sibling(chance, model).name
        return other, other == model.name


def _second(good: Good, slot: int) -> tuple[int, str]:
    """Return the other IMEI of a telephone with two; any other number stays as it is."""
    others = good.identifiers
    if slot == 0 and len(others) > 1 and others[0][0] == others[1][0] == "imei":
        return 1, others[1][1]
    return slot, others[slot][1]


def _slipped(
    chance: Random, good: Good, name: str, number: str, slip: str
) -> tuple[str, Fate | None]:
    """Write a number with the slip; a slip that the number does not allow becomes another."""
    if slip == "dressed":
        return confusions.dressed(chance, number), "same"
    if slip == "truncated":
        return confusions.truncated(chance, number), "part"
    if slip == "wrong_kind":
        return _wrong_kind(chance, good, name), None
    if slip == "placeholder":
        return _PLACEHOLDERS.draw(chance), None
    if slip == "look_alike" and (found := confusions.look_alike(chance, number)):
        return found, "look_alike"
    if slip == "transposed" and (found := confusions.transposed(chance, number)):
        return found, "one_edit"
    return confusions.substituted(chance, number), "one_edit"


def _wrong_kind(chance: Random, good: Good, name: str) -> str:
    """Return a number that stands on the good, but is not its own."""
    model = good.model
    variant = int(chance.random() * 8)
    if name in ("vin", "plate"):
        return f"{int(chance.random() * 10_000):04d}"
    if name == "imei" and chance.random() < 0.4:
        return numbers.tac(model.number, variant)
    if model.article != model.name and chance.random() < 0.5:
        return model.article
    return numbers.ean(model.number, variant + 8 * int(chance.random() * 2))


def flooded(good: Good) -> Written:
    """Write the model number where the serial should stand, in full and without a slip."""
    model = good.model
    value = {"type": "serial", "value": model.article}
    return Written([value], {}, model.brand, True, model.name, True)


def shop(warehouse: Warehouse) -> Hand:
    """Return the hand of a shop."""
    return Hand(
        warehouse,
        present=rates.NUMBER_PRESENT,
        slips=rates.NUMBER_WRITTEN_BY_SHOP,
        brand=rates.BRAND_WRITTEN_BY_SHOP,
        model=rates.MODEL_WRITTEN_BY_SHOP,
        police=False,
    )


def police(warehouse: Warehouse) -> Hand:
    """Return the hand of the police."""
    return Hand(
        warehouse,
        present=rates.NUMBER_REPORTED,
        slips=rates.NUMBER_WRITTEN_BY_POLICE,
        brand=rates.BRAND_WRITTEN_BY_POLICE,
        model=rates.MODEL_WRITTEN_BY_POLICE,
        police=True,
    )
