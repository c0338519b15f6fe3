"""Dealers and their establishments: where, in which trade, how busy, and when silent."""

from array import array
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from itertools import accumulate
from random import Random
from typing import Final

from msgspec import Struct, field

from herkomst.simulate import clock, formats, names, places, rates
from herkomst.simulate.draws import Urn, stream
from herkomst.simulate.errors import SimulationError
from herkomst.simulate.formats import Reference
from herkomst.simulate.keys import Keys
from herkomst.simulate.numbers import Permutation

SOURCE: Final = "dol"
SILENT_DRAWS: Final = 6
HITS_REMEMBERED: Final = 50
DRAWS_OF_A_TRADE: Final = 10

_CHAIN_NAMES = ("Belboom", "Tweede Ronde", "Kringschuur De Wissel")
_TITLES: Final = {
    "phones": ("Telefoonwinkel {}", "{} Telecom", "Belhuis {}", "{} Phone Repair"),
    "bicycles": ("Rijwielhandel {}", "Fietsenmaker {}", "{} Tweewielers", "Fietsenstal {}"),
    "charity": ("Kringloop {}", "Stichting Kringloop {}", "Snuffelhal {}"),
    "general": ("{} In- en Verkoop", "Opkoop {}", "Tweedehands {}", "{} Handelshuis"),
    "gold": ("Goudhandel {}", "Juwelier {}", "Goudinkoop {}"),
    "cars": ("Autobedrijf {}", "Garage {}", "{} Auto-onderdelen", "Autodemontage {}"),
    "electronics": ("{} Elektronica", "Computerhuis {}", "{} Refurbished"),
    "metal": ("{} Metaalrecycling", "Schroothandel {}", "Gebroeders {} Metalen"),
    "pawn": ("Pandhuis {}", "Beleenbank {}"),
    "watches": ("Horlogehuis {}", "{} Uurwerken"),
    "art": ("Galerie {}", "Antiquair {}"),
}
_BESIDE: Final = {
    "phones": "electronics", "general": "tools", "gold": "watches", "pawn": "gold",
    "charity": "general", "electronics": "phones", "art": "general", "watches": "gold",
}  # fmt: skip
_STEEPEST = 3.0
_OF_FEW: Final = 1 / rates.SHOPS_WEIGHED_FOR_DISTANCE


class Vice(Struct):
    """What is wrong with a bad shop, and the purchases that show it."""

    form: str
    factor: float
    """How many times more stolen goods than its peers it takes in, or what share it enters late."""
    noted: list[Reference] = field(default_factory=list)

    def stolen_share(self, usual: float) -> float:
        """Return the share of stolen goods, beside what is usual in the trade."""
        return usual * self.factor if self.form in ("many_hits", "no_numbers") else usual

    def leaves_off_number(self, chance: Random) -> bool:
        """Draw whether the number of a stolen good is left off."""
        return self.form == "no_numbers" and chance.random() < rates.NUMBER_LEFT_OFF

    def enters_late(self, draw: float) -> bool:
        """Say whether a purchase is entered late, by a draw between nought and one."""
        return self.form == "late" and draw < self.factor

    def note(self, purchase: Reference) -> None:
        """Remember a purchase that shows it."""
        self.noted.append(purchase)


@dataclass(slots=True, eq=False)
class Shop:
    """An establishment, as a purchase needs it."""

    trade: str
    town: places.Town
    hours: clock.OpeningHours
    dealer: Reference
    address: formats.Address
    branch: str | None = None
    closed_from: int = clock.END + 1
    closed_until: int = clock.END + 1
    weight: float = 0.0
    vice: Vice | None = None
    hits: int = 0
    hit_purchases: list[Reference] = dataclass_field(default_factory=list)
    """The first of the purchases that can be shown to hold a stolen good."""

    @property
    def is_always_open(self) -> bool:
        """Say whether the shop never falls silent."""
        return self.closed_from > clock.END

    def note_hit(self, purchase: Reference) -> None:
        """Count a purchase that can be shown to hold a stolen good."""
        self.hits += 1
        if len(self.hit_purchases) < HITS_REMEMBERED:
            self.hit_purchases.append(purchase)
        if self.vice and self.vice.form == "many_hits":
            self.vice.note(purchase)

    def is_silent(self, at: int) -> bool:
        """Say whether the shop takes nothing in at that moment."""
        return self.closed_from <= at < self.closed_until


@dataclass(slots=True)
class Dealer:
    """A dealer with its establishments, and the record that says so."""

    record: formats.Dealer
    shops: list[Shop]
    is_chain: bool


class Street:
    """All shops, drawn by how busy they are."""

    __slots__ = ("_all", "_by_town", "_by_trade", "_found", "_near", "dealers", "shops")

    def __init__(self, dealers: int, country: places.Country, seed: int) -> None:
        if dealers < 1:
            raise SimulationError("no_dealers", "a purchase needs a dealer; ask for at least one")
        builder = _Builder(country, stream(seed, "dealers"))
        self.dealers = builder.build(dealers)
        self.shops = [shop for dealer in self.dealers for shop in dealer.shops]
        _weigh(self.shops, builder.shares, stream(seed, "activity"))
        self._all = Urn({shop: shop.weight for shop in self.shops})
        self._found = _found_urn(self.shops)
        self._by_trade = _trade_urns(self.shops)
        by_town: dict[str, list[Shop]] = {}
        for shop in self.shops:
            by_town.setdefault(shop.town.code, []).append(shop)
        self._by_town = [_Shopping(shops) for shops in by_town.values()]
        self._near: dict[str, _Nearest] = {}

    def draw(self, chance: Random, at: int) -> Shop:
        """Draw a shop, busy ones more often, that is not silent at the moment."""
        return _awake(self._all, chance, at)

    def draw_near(self, chance: Random, town: places.Town, at: int) -> Shop:
        """Draw a shop as a seller from that town would: the nearest of a few drawn by weight."""
        urn = self._near.get(town.code)
        if urn is None:
            urn = self._near[town.code] = _Nearest(self._by_town, town)
        for _ in range(SILENT_DRAWS):
            shop = urn.draw(chance)
            if not shop.closed_from <= at < shop.closed_until:
                return shop
        return self.draw(chance, at)

    def draw_trading(
        self, chance: Random, trades: Sequence[str], town: places.Town, at: int
    ) -> Shop:
        """Draw a shop in one of the trades near a town; of any trade where there is none."""
        urns = [self._by_trade[trade] for trade in trades if trade in self._by_trade]
        if not urns:
            return self.draw_near(chance, town, at)
        draws = (
            _awake(urns[int(chance.random() * len(urns))], chance, at)
            for _ in range(DRAWS_OF_A_TRADE)
        )
        return min(draws, key=lambda shop: places.distance(shop.town, town))

    def depot(self, chance: Random, at: int) -> Shop:
        """Draw a shop that enters found goods."""
        return _awake(self._found, chance, at)


class _Shopping:
    """The shops of a town, and where each ends on a line on which it is as long as it is busy."""

    __slots__ = ("bounds", "shops", "town", "weight")

    def __init__(self, shops: list[Shop]) -> None:
        self.shops = shops
        self.town = shops[0].town
        self.bounds = array("d", accumulate(shop.weight for shop in shops))
        self.weight = self.bounds[-1]


class _Nearest:
    """The towns by their distance from one, to draw the nearest of a few shops in one draw."""

    __slots__ = ("_bounds", "_towns", "_weight")

    def __init__(self, towns: list[_Shopping], town: places.Town) -> None:
        self._towns = sorted(towns, key=lambda other: places.distance(other.town, town))
        self._bounds = array("d", accumulate(other.weight for other in self._towns))
        self._weight = self._bounds[-1]

    def draw(self, chance: Random) -> Shop:
        """Draw the first, by distance, of several that were drawn by weight."""
        # The least of three even draws lies below x with a chance of 1 - (1 - x) ** 3.
        least = (1 - (1 - chance.random()) ** _OF_FEW) * self._weight
        place = bisect_right(self._bounds, least)
        if place:
            least -= self._bounds[place - 1]
        found = self._towns[place]
        # Rounding may lead beyond the last shop of a town by the width of a hair.
        shops = found.shops
        return shops[min(bisect_right(found.bounds, least), len(shops) - 1)]


def _awake(urn: Urn[Shop], chance: Random, at: int) -> Shop:
    for _ in range(SILENT_DRAWS):
        shop = urn.draw(chance)
        if not shop.is_silent(at):
            return shop
    return next((shop for shop in urn.values if not shop.is_silent(at)), shop)


def _trade_urns(shops: list[Shop]) -> dict[str, Urn[Shop]]:
    by_trade: dict[str, dict[Shop, float]] = {}
    for shop in shops:
        by_trade.setdefault(shop.trade, {})[shop] = shop.weight
    return {trade: Urn(weights) for trade, weights in by_trade.items()}


def _found_urn(shops: list[Shop]) -> Urn[Shop]:
    finders = [shop for shop in shops if shop.trade in rates.FOUND_TRADES]
    if not finders:
        return Urn({shop: shop.weight for shop in shops})
    total = {
        trade: sum(shop.weight for shop in finders if shop.trade == trade)
        for trade in rates.FOUND_TRADES
    }
    return Urn({s: s.weight / total[s.trade] * rates.FOUND_TRADES[s.trade] for s in finders})


class _Builder:
    """Makes the dealers and their records."""

    def __init__(self, country: places.Country, chance: Random) -> None:
        self._country = country
        self._chance = chance
        self._keys = Keys(chance)
        self._kvk = Permutation(80_000_000, chance)
        self._branches = Permutation(90_000_000, chance)
        self._made = 0
        self._branched = 0
        self._hours = {trade: clock.OpeningHours(trade) for trade in rates.TRADE_ENTRIES}
        self.shares: dict[tuple[bool, str], float] = {}
        """The share of all entries that a trade has, within the chains and outside them."""

    def build(self, dealers: int) -> list[Dealer]:
        establishments = max(dealers, round(dealers * rates.ESTABLISHMENTS_PER_DEALER))
        chains: list[Dealer] = []
        entries = dict(rates.TRADE_ENTRIES)
        if dealers >= rates.FEWEST_DEALERS_WITH_CHAINS:
            chains = self._chains(max(6, round(establishments * rates.CHAIN_ESTABLISHMENTS)))
            for chain in rates.CHAINS:
                for trade, share in chain.items():
                    self.shares[True, trade] = share
                    entries[trade] -= share
        self.shares.update({(False, trade): share for trade, share in entries.items()})
        left = establishments - sum(len(chain.shops) for chain in chains)
        found = chains + self._independents(dealers - len(chains), left)
        self._chance.shuffle(found)
        return found

    def _chains(self, establishments: int) -> list[Dealer]:
        total = sum(sum(chain.values()) for chain in rates.CHAINS)
        found = []
        for name, chain in zip(_CHAIN_NAMES, rates.CHAINS, strict=True):
            count = max(2, round(establishments * sum(chain.values()) / total))
            found.append(self._dealer(name, _portioned(chain, count), chain_of=count))
        return found

    def _independents(self, dealers: int, establishments: int) -> list[Dealer]:
        sizes = [1] * dealers
        for _ in range(establishments - dealers):
            sizes[self._chance.randrange(dealers)] += 1
        trades = _portioned(rates.TRADE_ESTABLISHMENTS, dealers)
        return [
            self._dealer(self._title(trade), [trade] * size, chain_of=0)
            for trade, size in zip(trades, sizes, strict=True)
        ]

    def _title(self, trade: str) -> str:
        titles = _TITLES[trade]
        prefix, family = names.family(self._chance)
        full = f"{prefix} {family}" if prefix else family
        return titles[self._chance.randrange(len(titles))].format(full[0].upper() + full[1:])

    def _dealer(self, name: str, trades: list[str], *, chain_of: int) -> Dealer:
        chance = self._chance
        key = f"D-{self._keys.next()}"
        reference = Reference(SOURCE, key)
        shops, establishments = [], []
        for trade in trades:
            town = self._country.town(chance)
            address = places.address(chance, town)
            shop = Shop(trade, town, self._hours[trade], reference, address)
            if len(trades) > 1:
                shop.branch = f"0000{10_000_000 + self._branches(self._branched)}"
                self._branched += 1
            # A weight below zero marks the shop of a chain until all shops have been weighed.
            shop.weight = -1.0 if chain_of else 0.0
            _fall_silent(shop, chance)
            shops.append(shop)
            establishments.append(self._establishment(shop, name))
        record = self._record(key, name, trades, establishments, chain=bool(chain_of))
        return Dealer(record, shops, bool(chain_of))

    def _establishment(self, shop: Shop, name: str) -> formats.Establishment:
        closed = shop.closed_until == clock.END + 1 and shop.closed_from <= clock.END
        return formats.Establishment(
            address=shop.address,
            municipality=shop.town.code,
            since=_earlier_day(self._chance, 1996, 2023),
            until=clock.day(shop.closed_from) if closed else None,
            branch=shop.branch,
            name=f"{name} {shop.town.city}" if shop.branch else None,
        )

    def _record(
        self,
        key: str,
        name: str,
        trades: list[str],
        establishments: list[formats.Establishment],
        *,
        chain: bool,
    ) -> formats.Dealer:
        chance = self._chance
        notified = chain or chance.random() < rates.DEALER_NOTIFIED
        self._made += 1
        return formats.Dealer(
            v=1,
            source=SOURCE,
            key=key,
            name=name,
            trades=self._trades(trades),
            establishments=establishments,
            kvk=str(10_000_000 + self._kvk(self._made)),
            notified_on=_earlier_day(chance, 2013, 2023) if notified else None,
            email=f"info@{key.lower()}.example" if chance.random() < rates.DEALER_EMAIL else None,
            phone=self._phone() if chance.random() < rates.DEALER_PHONE else None,
        )

    def _phone(self) -> str:
        return f"085-{self._chance.randrange(1_000_000, 9_999_999)}"

    def _trades(self, trades: list[str]) -> list[str]:
        found = sorted(set(trades))
        beside = _BESIDE.get(found[0])
        if beside and beside not in found and self._chance.random() < rates.SECOND_TRADE:
            found.append(beside)
        return found


def _earlier_day(chance: Random, first: int, last: int) -> str:
    year = chance.randint(first, last)
    return f"{year}-{chance.randint(1, 12):02d}-{chance.randint(1, 28):02d}"


def _fall_silent(shop: Shop, chance: Random) -> None:
    """Let a shop fall silent for a time, or close for good, which is the lawful half of it."""
    if chance.random() >= rates.FALLS_SILENT:
        return
    days = chance.randint(*rates.SILENT_DAYS)
    shop.closed_from = clock.START + clock.DAY * chance.randrange(30, clock.DAYS - days)
    if chance.random() >= rates.SILENCE_IS_LAWFUL:
        shop.closed_until = shop.closed_from + days * clock.DAY


def _portioned(weights: rates.Weights, count: int) -> list[str]:
    """Share a count out over names by weight, largest remainders first."""
    total = sum(weights.values())
    exact = {name: weight / total * count for name, weight in weights.items()}
    shares = {name: int(share) for name, share in exact.items()}
    by_rest = sorted(exact, key=lambda name: shares[name] - exact[name])
    for name in by_rest[: count - sum(shares.values())]:
        shares[name] += 1
    return [name for name, share in shares.items() for _ in range(share)]


def _weigh(shops: list[Shop], shares: dict[tuple[bool, str], float], chance: Random) -> None:
    """Weigh the shops of each trade by Zipf's law, as steep as the busiest shops ask for."""
    cells: dict[tuple[bool, str], list[Shop]] = {}
    for shop in shops:
        cells.setdefault((shop.weight < 0, shop.trade), []).append(shop)
    for members in cells.values():
        chance.shuffle(members)
    gentle, steep = 0.0, _STEEPEST
    for _ in range(24):
        power = (gentle + steep) / 2
        _apply(cells, shares, power)
        if _share_of_busiest(shops) < rates.BUSIEST_ENTRIES:
            gentle = power
        else:
            steep = power


def _apply(
    cells: dict[tuple[bool, str], list[Shop]],
    shares: dict[tuple[bool, str], float],
    power: float,
) -> None:
    for cell, members in cells.items():
        ranks = [(rank + 1) ** -power for rank in range(len(members))]
        total = sum(ranks)
        for shop, rank in zip(members, ranks, strict=True):
            shop.weight = rank / total * shares[cell]


def _share_of_busiest(shops: list[Shop]) -> float:
    weights = sorted((shop.weight for shop in shops), reverse=True)
    busiest = max(1, round(len(weights) * rates.BUSIEST_SHOPS))
    return sum(weights[:busiest]) / sum(weights)
