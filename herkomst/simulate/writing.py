"""How a good is written down: by a shop at its counter, by the police in a report."""

from collections.abc import Mapping
from random import Random
from typing import Final, Literal

from msgspec import Struct

from herkomst.simulate import catalogue, confusions, numbers, rates
from herkomst.simulate.draws import Urn
from herkomst.simulate.formats import Identifier
from herkomst.simulate.goods import FRAMED, VEHICLES, Good, Model, Warehouse

Fate = Literal["same", "look_alike", "one_edit", "part"]
"""What became of a number as it was written, compared with the one on the good."""

_PLAIN_BRAND: Final = 1 - (
    rates.BRAND_WRONG + rates.BRAND_TYPO + rates.BRAND_CASE + rates.BRAND_ALIAS
)
_PLAIN_MODEL: Final = 1 - (rates.MODEL_OTHER + rates.MODEL_CASE)
_PLACEHOLDERS: Final = Urn(confusions.PLACEHOLDERS)


class Written(Struct):
    """What stands in a record about a good, and what became of each of its numbers."""

    identifiers: list[Identifier]
    fates: dict[int, Fate]
    brand: str | None
    brand_is_right: bool
    model: str | None
    model_is_right: bool


class Hand:
    """Who writes: with what share of numbers, brands and models, and with which slips."""

    __slots__ = ("_brand", "_model", "_police", "_read", "_slips", "_warehouse")

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
        self._read = {
            kind: share / rates.NUMBER_LEGIBLE.get(kind, 1) for kind, share in present.items()
        }
        self._slips = Urn(slips)
        self._brand = brand
        self._model = {kind: model.get(kind) or model[""] for kind in present}
        self._police = police

    def write(self, chance: Random, good: Good) -> Written:
        """Write a good down, with omissions and slips."""
        model = good.model
        if good.legible and chance.random() < self._read[model.kind]:
            identifiers, fates = self._numbers(chance, good)
        else:
            identifiers, fates = self._unusable(chance, good), {}
        # Most goods are named plainly, without a further call: this runs for every good there is.
        found = Written(identifiers, fates, model.brand or None, True, model.name or None, True)
        if model.brand:
            share = chance.random() / self._brand
            if share >= _PLAIN_BRAND:
                self._brand_otherwise(chance, model, found, 1 - share)
        if model.name:
            share = chance.random() / self._model[model.kind]
            if share >= _PLAIN_MODEL:
                self._model_otherwise(chance, model, found, 1 - share)
        return found

    def write_fully(self, chance: Random, good: Good) -> Written:
        """Write down all that stands on a good, without a slip."""
        found = self._warehouse.identifiers(chance, good)
        identifiers = [Identifier(name, number) for name, number in found]
        fates: dict[int, Fate] = dict.fromkeys(range(len(found)), "same")
        return Written(
            identifiers, fates, good.model.brand or None, True, good.model.name or None, True
        )

    def _numbers(self, chance: Random, good: Good) -> tuple[list[Identifier], dict[int, Fate]]:
        found = self._warehouse.identifiers(chance, good)
        identifiers: list[Identifier] = []
        fates: dict[int, Fate] = {}
        for slot in self._slots(chance, good, len(found)):
            slip = self._slips.draw(chance)
            if slip == "exact":
                name, number = found[slot]
                identifiers.append(Identifier(name, number))
                fates[slot] = "same"
            else:
                self._slip(chance, good, slot, slip, identifiers, fates)
        return identifiers, fates

    def _unusable(self, chance: Random, good: Good) -> list[Identifier]:
        """Write what stands in a report without a usable number; a shop leaves it empty."""
        kind = good.model.kind
        if not self._police or chance.random() >= rates.UNUSABLE_IS_PLACEHOLDER:
            return []
        if not rates.NUMBER_REPORTED[kind]:
            return []
        name = catalogue.IDENTIFIER_OF_KIND.get(kind, "serial")
        return [Identifier(name, _PLACEHOLDERS.draw(chance))]

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

    def _slip(
        self,
        chance: Random,
        good: Good,
        slot: int,
        slip: str,
        identifiers: list[Identifier],
        fates: dict[int, Fate],
    ) -> None:
        name, number = good.identifiers[slot]
        fate: Fate | None = "same"
        if slip == "second_imei":
            slot, number = _second(good, slot)
        else:
            number, fate = _slipped(chance, good, name, number, slip)
        identifiers.append(Identifier(name, number))
        if fate:
            fates[slot] = fate

    def _brand_otherwise(self, chance: Random, model: Model, found: Written, left: float) -> None:
        """Write a brand otherwise, by the share of the written brands that is left, or not."""
        brand = model.brand
        if left <= 0:
            found.brand = None
        elif left < rates.BRAND_WRONG:
            wrong = brand if self._police else self._warehouse.rival(chance, model)
            found.brand, found.brand_is_right = wrong or brand, wrong in ("", brand)
        elif left < rates.BRAND_WRONG + rates.BRAND_TYPO:
            found.brand = confusions.brand_typo(chance, brand)
        elif left < rates.BRAND_WRONG + rates.BRAND_TYPO + rates.BRAND_CASE:
            found.brand = confusions.other_case(chance, brand)
        else:
            aliases = catalogue.BRAND_ALIASES.get(brand, (brand,))
            found.brand = aliases[int(chance.random() * len(aliases))]

    def _model_otherwise(self, chance: Random, model: Model, found: Written, left: float) -> None:
        """Write a model otherwise, by the share of the written models that is left, or not."""
        if left <= 0:
            found.model = None
        elif left < rates.MODEL_OTHER:
            found.model = self._warehouse.sibling(chance, model).name
            found.model_is_right = found.model == model.name
        else:
            found.model = confusions.other_case(chance, model.name)


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
    return Written([Identifier("serial", model.article)], {}, model.brand, True, model.name, True)


def unnumbered(written: Written) -> Written:
    """Leave off the numbers."""
    written.identifiers, written.fates = [], {}
    return written


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
