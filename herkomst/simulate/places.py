"""Towns, streets and addresses: real municipalities, made-up streets."""

import csv
from dataclasses import dataclass, field, fields
from importlib.resources import files
from math import cos, radians
from random import Random

from herkomst.simulate import rates
from herkomst.simulate.draws import Urn
from herkomst.simulate.formats import Address

NEIGHBOURS = 8

# Inhabitants in thousands, rounded; the other municipalities are drawn around thirty.
_INHABITANTS = {
    "GM0363": 918, "GM0599": 663, "GM0518": 562, "GM0344": 368, "GM0772": 243, "GM0014": 238,
    "GM0855": 227, "GM0034": 222, "GM0758": 187, "GM0268": 182, "GM0200": 167, "GM0202": 165,
    "GM0392": 165, "GM0394": 161, "GM0307": 160, "GM0153": 161, "GM0479": 159, "GM0796": 159,
    "GM0193": 132, "GM0080": 127, "GM0637": 126, "GM0546": 127, "GM0505": 121, "GM0228": 121,
    "GM1783": 114, "GM0484": 114, "GM0361": 111, "GM0114": 108, "GM0503": 106, "GM0150": 102,
    "GM1883": 92, "GM0402": 93, "GM0935": 123, "GM0983": 103, "GM0917": 87, "GM0794": 95,
    "GM0439": 95, "GM0995": 83, "GM1674": 78, "GM0622": 75, "GM0606": 80, "GM0141": 74,
    "GM0513": 75, "GM1930": 87, "GM1955": 37, "GM0088": 1, "GM0096": 1, "GM0277": 2, "GM0060": 4,
    "GM0093": 5, "GM0339": 6,
}  # fmt: skip
_ELSEWHERE = (14, 58)

# The first two digits of the postcodes of a region, by a municipality in the middle of it.
_REGIONS = {
    "GM0363": 10, "GM0362": 11, "GM0402": 12, "GM0034": 13, "GM0439": 14, "GM0479": 15,
    "GM0405": 16, "GM0441": 17, "GM0361": 18, "GM0375": 19, "GM0392": 20, "GM0394": 21,
    "GM0537": 22, "GM0546": 23, "GM0484": 24, "GM0518": 25, "GM0503": 26, "GM0637": 27,
    "GM0513": 28, "GM0502": 29, "GM0599": 30, "GM0606": 31, "GM1930": 32, "GM0505": 33,
    "GM0356": 34, "GM0344": 35, "GM1904": 36, "GM0355": 37, "GM0307": 38, "GM0345": 39,
    "GM0281": 40, "GM0216": 41, "GM0512": 42, "GM0687": 43, "GM0664": 44, "GM0715": 45,
    "GM0748": 46, "GM1674": 47, "GM0758": 48, "GM0826": 49, "GM0855": 50, "GM0867": 51,
    "GM0796": 52, "GM0828": 53, "GM1991": 54, "GM0861": 55, "GM0772": 56, "GM0794": 57,
    "GM0984": 58, "GM0983": 59, "GM0957": 60, "GM1883": 61, "GM0935": 62, "GM0994": 63,
    "GM0917": 64, "GM0268": 65, "GM0296": 66, "GM0228": 67, "GM0202": 68, "GM0299": 69,
    "GM0222": 70, "GM0294": 71, "GM0301": 72, "GM0200": 73, "GM0150": 74, "GM0153": 75,
    "GM0141": 76, "GM0175": 77, "GM0114": 78, "GM0118": 79, "GM0193": 80, "GM0177": 81,
    "GM0995": 82, "GM0171": 83, "GM0074": 84, "GM1940": 85, "GM1900": 86, "GM0072": 88,
    "GM0080": 89, "GM1949": 90, "GM1970": 91, "GM0090": 92, "GM1699": 93, "GM0106": 94,
    "GM0037": 95, "GM1895": 96, "GM0014": 97, "GM1969": 98, "GM1979": 99,
}  # fmt: skip

_CITIES = {"'s-Gravenhage": "Den Haag", "'s-Hertogenbosch": "Den Bosch"}

_STREET_HEADS = (
    "Linden", "Molen", "Kerk", "Dorps", "Kastanje", "Beuken", "Eiken", "Merel", "Spreeuwen",
    "Kievit", "Zwaluw", "Leeuwerik", "Korenbloem", "Klaproos", "Tulpen", "Rozen", "Haven",
    "Haring", "Zeilmakers", "Kuipers", "Smids", "Wevers", "Touw", "Vis", "Hoogte", "Laag",
    "Wester", "Ooster", "Noorder", "Zuider", "Prinsen", "Gravin", "Raadhuis", "School", "Station",
    "Fabriek", "Sluis", "Brug", "Polder", "Duin", "Hei", "Ven", "Beek", "Maas", "Waal", "IJssel",
    "Saturnus", "Jupiter", "Cirkel", "Driehoek", "Saffier", "Robijn", "Kwartel", "Otter",
    "Wilgen", "Populier", "Vlier", "Munt", "Waag", "Grutters",
)  # fmt: skip
_STREET_TAILS = (
    "straat", "straat", "straat", "laan", "laan", "weg", "weg", "plein", "hof", "kade", "singel",
    "dreef", "pad", "steeg", "plantsoen", "gracht",
)  # fmt: skip
_LETTERS = "ABCDEGHJKLMNPRSTVWXZ"
# The combinations SA, SD and SS are never given out.
_PAIRS = [a + b for a in _LETTERS for b in _LETTERS if a + b not in ("SA", "SD", "SS")]
_SUFFIXES = ("A", "B", "C", "2", "3", "bis", "1-hoog", "hs")


@dataclass(slots=True)
class Town:
    """A municipality, with what an address in it looks like."""

    code: str
    city: str
    police_unit: str
    lat: float
    lon: float
    inhabitants: float
    east: float
    """The longitude, shortened so that it measures as latitude does."""
    postcodes: int = 0
    number: int = 0
    near: tuple["Town", ...] = field(default=(), repr=False)

    def __reduce__(self) -> tuple[type["Town"], tuple[object, ...]]:
        # Without its neighbours, or the whole country would travel with each town.
        return Town, tuple(getattr(self, each.name) for each in fields(self)[:-1])


class Country:
    """The municipalities, drawn by their inhabitants."""

    __slots__ = ("_by_inhabitants", "towns")

    def __init__(self, chance: Random) -> None:
        self.towns = [_town(row, chance) for row in _rows()]
        anchors = {town.code: town for town in self.towns}
        for number, town in enumerate(self.towns):
            town.number = number
            anchor = min(_REGIONS, key=lambda code: distance(anchors[code], town))
            town.postcodes = _REGIONS[anchor] * 100 + chance.randrange(0, 80)
        self._by_inhabitants = Urn({n: town.inhabitants for n, town in enumerate(self.towns)})

    def town(self, chance: Random) -> Town:
        """Draw a town, large ones more often."""
        return self.towns[self._by_inhabitants.draw(chance)]

    def next_to(self, town: Town, chance: Random) -> Town:
        """Draw one of the nearest towns."""
        if not town.near:
            others = sorted(self.towns, key=lambda other: distance(town, other))
            town.near = tuple(others[1 : NEIGHBOURS + 1])
        return town.near[int(chance.random() * NEIGHBOURS)]


def _rows() -> list[dict[str, str]]:
    table = files("herkomst") / "domain" / "tables" / "municipalities.csv"
    return list(csv.DictReader(table.read_text(encoding="utf-8").splitlines()))


def _town(row: dict[str, str], chance: Random) -> Town:
    name = row["name"].split(" (")[0]
    return Town(
        code=row["code"],
        city=_CITIES.get(name, name),
        police_unit=row["police_unit"],
        lat=float(row["lat"]),
        lon=float(row["lon"]),
        east=float(row["lon"]) * cos(radians(52)),
        inhabitants=_INHABITANTS.get(row["code"]) or chance.uniform(*_ELSEWHERE),
    )


def distance(one: Town, other: Town) -> float:
    """Return the square of the distance; good enough to say which is nearer."""
    return (one.lat - other.lat) ** 2 + (one.east - other.east) ** 2


def postcode(chance: Random, town: Town) -> str:
    """Draw a postcode of the town."""
    pair = _PAIRS[int(chance.random() * len(_PAIRS))]
    return f"{town.postcodes + int(chance.random() * 20)} {pair}"


def street(chance: Random) -> str:
    """Draw the name of a street."""
    head = _STREET_HEADS[int(chance.random() * len(_STREET_HEADS))]
    return head + _STREET_TAILS[int(chance.random() * len(_STREET_TAILS))]


def address(chance: Random, town: Town) -> Address:
    """Draw an address in the town."""
    suffixed = chance.random() < rates.HOUSE_SUFFIX
    return Address(
        street=street(chance),
        number=str(1 + int(180 * chance.random() ** 1.6)),
        postcode=postcode(chance, town),
        city=town.city,
        country="NL",
        suffix=_SUFFIXES[int(chance.random() * len(_SUFFIXES))] if suffixed else None,
    )
