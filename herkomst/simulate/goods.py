"""Goods: a model with its own colour, age and numbers."""

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Final

from msgspec import Struct

from herkomst.simulate import catalogue, numbers, rates
from herkomst.simulate.draws import Urn

FRAMED: Final = frozenset({"bicycle", "e_bike", "cargo_bike"})
VEHICLES: Final = frozenset({"car", "motorcycle", "moped"})
FLOODING: Final = (("Makita", "DHP482"), ("DeWalt", "DCD796"), ("Makita", "DTD153"))
"""Power tools whose model number is typed as a serial, one of them in each world."""

_VIN_SIGNS = "0123456789ABCDEFGHJKLMNPRSTUVWXYZ"
_NEWEST = 2026


@dataclass(slots=True, frozen=True, eq=False)
class Model:
    """One model of one brand; kinds without brands have one nameless model."""

    number: int
    kind: str
    brand: str
    name: str
    article: str
    price_new: float
    template: str
    colours: tuple[list[str], ...]
    descriptions: tuple[str, ...]
    legible: float
    """The share of these goods on which a number can be read at all."""


class Good(Struct):
    """One thing in the world. Its numbers are given out when somebody first reads them."""

    model: Model
    colours: list[str]
    description: str | None
    attributes: dict[str, int]
    price_new: float
    legible: bool
    identifiers: list[tuple[str, str]]


class Warehouse:
    """All models, and where goods and their numbers come from."""

    __slots__ = ("_by_kind", "_mint", "_siblings", "flooding", "models")

    def __init__(self, mint: numbers.Mint, chance: Random) -> None:
        self._mint = mint
        self.models = _models()
        self._by_kind = _urns(self.models)
        self._siblings: dict[tuple[str, str], list[Model]] = {}
        for model in self.models:
            self._siblings.setdefault((model.kind, model.brand), []).append(model)
        flooding = FLOODING[chance.randrange(len(FLOODING))]
        self.flooding = next(m for m in self.models if (m.brand, m.name) == flooding)

    def good(self, chance: Random, kind: str) -> Good:
        """Draw a good of the kind."""
        return make(chance, self._by_kind[kind].draw(chance))

    def fleet(self, chance: Random, kind: str, count: int) -> list[Good]:
        """Draw goods of one model whose numbers follow one another."""
        model = self._by_kind[kind].draw(chance)
        goods = [make(chance, model) for _ in range(count)]
        numbers = self._mint.consecutive(model.template, count)
        name = catalogue.IDENTIFIER_OF_KIND.get(kind, "serial")
        for good, number in zip(goods, numbers, strict=True):
            good.legible, good.identifiers = True, [(name, number)]
        return goods

    def sibling(self, chance: Random, model: Model) -> Model:
        """Draw a model of the same kind and brand, which may be the same one."""
        siblings = self._siblings[model.kind, model.brand]
        return siblings[int(chance.random() * len(siblings))]

    def rival(self, chance: Random, model: Model) -> str:
        """Draw a brand of the same kind, which may be the same one."""
        return self._by_kind[model.kind].draw(chance).brand

    def identifiers(self, chance: Random, good: Good) -> list[tuple[str, str]]:
        """Return the numbers on a good: the first is what it goes by, the second stands beside."""
        if not good.identifiers and good.model.template:
            good.identifiers = self._give_out(chance, good)
        return good.identifiers

    def _give_out(self, chance: Random, good: Good) -> list[tuple[str, str]]:
        model, mint = good.model, self._mint
        if model.kind in FRAMED:
            return self._frame_and_chip(chance, model)
        if model.kind == "phone":
            return self._imeis(chance, model)
        if model.kind in VEHICLES:
            year = _NEWEST - int(1 + 21 * chance.random() ** 1.3)
            plate = self._plate(chance, model.kind, year)
            return [("plate", plate), ("vin", mint.vin(chance, _vin_head(model), year))]
        return [("serial", mint.serial(chance, model.template))]

    def _frame_and_chip(self, chance: Random, model: Model) -> list[tuple[str, str]]:
        found = [("frame", self._mint.frame(chance, model.brand, model.template))]
        if chance.random() < rates.CHIP_FITTED:
            found.append(("chip", self._mint.serial(chance, numbers.CHIP)))
        return found

    def _imeis(self, chance: Random, model: Model) -> list[tuple[str, str]]:
        found = [("imei", self._mint.imei(chance, model.number))]
        if chance.random() < rates.DUAL_SIM:
            found.append(("imei", self._mint.imei(chance, model.number)))
        if chance.random() < rates.SERIAL_BESIDE_IMEI:
            found.append(("serial", self._mint.serial(chance, model.template)))
        return found

    def _plate(self, chance: Random, kind: str, year: int) -> str:
        if kind == "car":
            return self._mint.plate(chance, year)
        series = numbers.MOPED_PLATES if kind == "moped" else numbers.MOTORCYCLE_PLATES
        return self._mint.serial(chance, series[year % 2])

    def van_plate(self, chance: Random) -> str:
        """Give out the plate of the vehicle in which a seller came."""
        return self._mint.plate(chance, 2005 + int(chance.random() * 19))


def make(chance: Random, model: Model) -> Good:
    """Make a good of that model."""
    if model.kind in catalogue.MATERIALS:
        return _of_metal(chance, model)
    colours, texts = model.colours, model.descriptions
    return Good(
        model,
        colours[int(chance.random() * len(colours))] if colours else [],
        texts[int(chance.random() * len(texts))] if texts else None,
        {},
        model.price_new if model.brand else model.price_new * (0.3 + 2.2 * chance.random() ** 2),
        model.legible == 1 or chance.random() < model.legible,
        [],
    )


def _of_metal(chance: Random, model: Model) -> Good:
    """Make a good whose worth is in its weight."""
    materials = catalogue.MATERIALS[model.kind]
    text, fineness, euro, low, high = materials[int(chance.random() * len(materials))]
    weight = low + int((high - low) * chance.random() ** 2)
    weight -= weight % (10 if weight < 100_000 else 1_000)
    attributes = {"weight_mg": weight}
    if fineness:
        attributes["fineness"] = fineness
    price = weight / 1_000 * (fineness / 1_000 or 1) * euro * catalogue.WORKED
    return Good(model, [], text, attributes, model.price_new or price, True, [])


def _vin_head(model: Model) -> str:
    """Return the maker and the type in nine signs, one type for each model."""
    code, signs = (model.number + 7) * 48_271_939 % 33**6, ""
    for _ in range(6):
        code, rest = divmod(code, 33)
        signs += _VIN_SIGNS[rest]
    return model.template + signs


def _models() -> list[Model]:
    found: list[Model] = []
    for kind, brand, _, template, listed in catalogue.ROWS:
        for entry in listed.split("; "):
            written, _, price = entry.rpartition("=")
            name, _, article = written.partition("@")
            model = Model(
                number=len(found),
                kind=kind,
                brand=brand,
                name=name,
                article=article or name,
                price_new=float(price),
                template=template,
                colours=tuple([colour] for colour in catalogue.COLOURS.get(kind, ())),
                descriptions=catalogue.DESCRIPTIONS.get(kind, ()),
                legible=rates.NUMBER_LEGIBLE.get(kind, 1),
            )
            found.append(model)
    return found


def _urns(models: list[Model]) -> Mapping[str, Urn[Model]]:
    shares = {(kind, brand): share for kind, brand, share, _, _ in catalogue.ROWS}
    by_kind: dict[str, dict[Model, float]] = {}
    for model in models:
        within = sum(1 for m in models if (m.kind, m.brand) == (model.kind, model.brand))
        weights = by_kind.setdefault(model.kind, {})
        weights[model] = shares[model.kind, model.brand] / within
    return {kind: Urn(weights) for kind, weights in by_kind.items()}
