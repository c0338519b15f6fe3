"""Thefts and the police reports of them: what was taken, when, where, and what became of it."""

from collections.abc import Callable
from itertools import product
from random import Random
from typing import Final, Literal, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from herkomst.simulate import clock, places, rates
from herkomst.simulate.draws import Spread, Urn
from herkomst.simulate.formats import (
    Amount,
    Interval,
    Place,
    Reference,
    SameTheft,
    StolenGood,
    StolenItem,
)
from herkomst.simulate.goods import Good, Warehouse
from herkomst.simulate.keys import Keys, ReportNumbers
from herkomst.simulate.writing import Hand, Written

SOURCE: Final = "politie"
INSURERS: Final = "verzekeraars"
"""The second source of stolen goods."""
Fate = Literal["open", "recovered", "mistaken"]
"""What becomes of a report."""

_CLASS_OF_KIND: Final = {
    "bicycle": "bicycle", "e_bike": "bicycle", "cargo_bike": "bicycle", "electric_step": "bicycle",
    "phone": "phone", "car": "vehicle", "motorcycle": "vehicle", "moped": "vehicle",
    "outboard_motor": "vehicle_part", "car_part": "vehicle_part", "metal_scrap": "metal",
}  # fmt: skip
_DESCRIBED: Final = frozenset({
    "bicycle", "e_bike", "cargo_bike", "ring", "necklace", "coin", "silverware", "painting", "tool",
    "household",
})  # fmt: skip
"""The kinds of which an owner says more than brand and model."""
_REPORTED_AFTER: Final = Spread.of_quantiles(rates.REPORTED_AFTER_DAYS)
_SECOND_AFTER: Final = Spread.of_quantiles(rates.SECOND_REPORT_AFTER_DAYS)
_LASTS: Final = Spread.lognormal(rates.THEFT_LASTS_MINUTES, rates.THEFT_LASTS_SIGMA)
_RECOVERED_AFTER: Final = Spread.of_quantiles(rates.RECOVERED_AFTER_DAYS)
_MISTAKEN_AFTER: Final = Spread.of_quantiles(rates.MISTAKEN_AFTER_DAYS)
_HOUR: Final = 60
_NOTHING: Final = StolenGood("", [], [], {})
OLDEST: Final = clock.START - 2 * 365 * clock.DAY


def class_of(kind: str) -> str:
    """Return the sort of theft by which such a good is lost."""
    return _CLASS_OF_KIND.get(kind, "burglary")


def _companions() -> dict[str, Urn[str]]:
    by_class: dict[str, dict[str, float]] = {}
    for kind, share in rates.STOLEN_KINDS.items():
        by_class.setdefault(class_of(kind), {})[kind] = share
    return {name: Urn(shares) for name, shares in by_class.items()}


_COMPANIONS: Final = _companions()
_KINDS: Final = Urn({(kind, class_of(kind)): share for kind, share in rates.STOLEN_KINDS.items()})


class _Circumstances(NamedTuple):
    """What is drawn for a theft as a whole, in one draw."""

    items: int
    offence: str
    handling: str
    precision: str


def _circumstances(sort: str) -> Urn[_Circumstances]:
    tables = (rates.ITEMS_OF_A_THEFT[sort].items(), rates.OFFENCES[sort].items(),
              rates.HANDLING.items(), rates.THEFT_PRECISION.items())  # fmt: skip
    weights: dict[_Circumstances, float] = {}
    for items, offence, handling, precision in product(*tables):
        found = _Circumstances(items[0], offence[0], handling[0], precision[0])
        weights[found] = items[1] * offence[1] * handling[1] * precision[1]
    return Urn(weights)


_CIRCUMSTANCES: Final = {sort: _circumstances(sort) for sort in rates.ITEMS_OF_A_THEFT}


class Theft(Struct):
    """A theft: it happened at one moment, of which the owner knows an interval."""

    sort: str
    town: places.Town
    began: int
    ended: int
    reported: int
    postcode: str | None = None
    """Where, if the owner surely tells."""


class Report(Struct):
    """What the register holds of one stolen good, and until when it counts."""

    key: str
    written: Written
    fate: Fate
    recovered: int | None
    second: "Report | None" = None
    """What the insurers report of the same good, if they do."""


class Police:
    """Takes in reports and writes them, and what becomes of them, to the register."""

    __slots__ = ("_add", "_chance", "_encode", "_insurers", "_numbers", "_warehouse", "hand",
                 "left", "lines")  # fmt: skip

    def __init__(
        self,
        *,
        warehouse: Warehouse,
        hand: Hand,
        numbers: ReportNumbers,
        insurers: "Insurers",
        budget: int,
        chance: Random,
        encode: Callable[[object], bytes],
        add: Callable[[int, bytes], None],
    ) -> None:
        self._warehouse = warehouse
        self.hand = hand
        self._numbers = numbers
        self._insurers = insurers
        self.left = budget
        """How many goods can still be reported."""
        self._chance = chance
        self._encode = encode
        self._add = add
        self.lines = 0

    def report(
        self,
        theft: Theft,
        good: Good,
        *,
        written: Written | None = None,
        sold_at: int = 0,
    ) -> Report:
        """Take in a report of one good, and of what was taken with it.

        Goods that were sold to a shop are found there, if at all, after they were sold.
        """
        chance = self._chance
        circumstances = _CIRCUMSTANCES[theft.sort].draw(chance)
        size = min(circumstances.items, self.left)
        place = int(chance.random() * size)
        record = self._record(theft, circumstances)
        for item in range(size):
            record.key = f"{record.report}-{item + 1}"
            if item == place:
                found = self._report(record, theft, good, written, sold_at)
            else:
                other = self._warehouse.good(chance, _COMPANIONS[theft.sort].draw(chance))
                self._report(record, theft, other, None, 0)
        self.left -= size
        return found

    def series(self, theft: Theft, goods: list[Good], *, sold_at: int) -> list[Report]:
        """Take in one report of all these goods, as far as more can be reported."""
        circumstances = _CIRCUMSTANCES[theft.sort].draw(self._chance)
        record = self._record(theft, circumstances)
        found = []
        for item, good in enumerate(goods[: self.left], 1):
            record.key = f"{record.report}-{item}"
            found.append(self._report(record, theft, good, None, sold_at))
        self.left -= len(found)
        return found

    def _report(
        self, record: StolenItem, theft: Theft, good: Good, written: Written | None, sold_at: int
    ) -> Report:
        """Write what is said of one good, and have the insurers hear of it now and then."""
        chance = self._chance
        text = written or self.hand.write(chance, good)
        record.item = _item(chance, good, text)
        fate, recovered = self._follow(record, theft, sold_at)
        found = Report(record.key, text, fate, recovered)
        if fate != "mistaken" and chance.random() < rates.TWO_SOURCES:
            found.second = self._insurers.report(record, theft, good, found)
        return found

    def _record(self, theft: Theft, circumstances: _Circumstances) -> StolenItem:
        """Write what all goods of one theft share."""
        chance = self._chance
        reported = clock.stamp(theft.reported)
        return StolenItem(
            v=1,
            source=SOURCE,
            key="",
            report=self._numbers.next(theft.town.police_unit, reported[:4]),
            offence=circumstances.offence,
            status="reported",
            handling=circumstances.handling,
            stolen=_interval(chance, theft, circumstances.precision),
            reported_at=reported,
            place=_place(chance, theft),
            item=_NOTHING,
        )

    def _follow(self, record: StolenItem, theft: Theft, sold_at: int) -> tuple[Fate, int | None]:
        """Write the report, and draw whether it is withdrawn again, and when."""
        draw = self._chance.random()
        if draw < rates.RECOVERED:
            return self._recover(record, theft, sold_at)
        self._write(theft.reported, record)
        if draw > 1 - rates.MISTAKEN:
            return self._withdraw(record, theft)
        return "open", None

    def _recover(self, record: StolenItem, theft: Theft, sold_at: int) -> tuple[Fate, int | None]:
        days = _RECOVERED_AFTER.draw(self._chance)
        recovered = max(theft.reported, theft.ended, sold_at) + int(days * clock.DAY) + 1
        if recovered > clock.END:
            self._write(theft.reported, record)
            return "open", None
        if self._chance.random() >= rates.RECOVERED_FROM_THE_START:
            self._write(theft.reported, record)
        stamp = clock.stamp(recovered)
        self._write(recovered, replace(record, status="recovered", recovered_at=stamp))
        return "recovered", recovered

    def _withdraw(self, record: StolenItem, theft: Theft) -> tuple[Fate, int | None]:
        days = _MISTAKEN_AFTER.draw(self._chance)
        withdrawn = theft.reported + int(days * clock.DAY) + 1
        duplicate = self._chance.random() < rates.MISTAKEN_IS_DUPLICATE
        if withdrawn > clock.END:
            return "open", None
        reason = "duplicate" if duplicate else "mistaken"
        self._write(withdrawn, replace(record, status="withdrawn", withdrawn_reason=reason))
        return "mistaken", None

    def _write(self, at: int, record: StolenItem) -> None:
        self._add(at, self._encode(record))
        self.lines += 1


class Insurers:
    """Report some of the same goods to a register of their own, in their own words."""

    __slots__ = ("_add", "_chance", "_encode", "_hand", "_keys", "_tell", "goods")

    def __init__(
        self,
        *,
        hand: Hand,
        keys: Keys,
        chance: Random,
        encode: Callable[[object], bytes],
        add: Callable[[int, bytes], None],
        tell: Callable[[object], None],
    ) -> None:
        self._hand = hand
        self._keys = keys
        self._chance = chance
        self._encode = encode
        self._add = add
        self._tell = tell
        self.goods = 0

    def report(self, record: StolenItem, theft: Theft, good: Good, first: Report) -> Report | None:
        """Report a good that the police know of, later, and say so when it is recovered."""
        chance = self._chance
        reported = theft.reported + int(_SECOND_AFTER.draw(chance) * clock.DAY)
        if reported > clock.END or (first.recovered is not None and first.recovered <= reported):
            return None
        text = self._hand.write(chance, good)
        second = replace(
            record,
            source=INSURERS,
            key=f"VZ-{self._keys.next()}",
            report=None,
            offence=None,
            status="reported",
            handling="open",
            reported_at=clock.stamp(reported),
            item=_item(chance, good, text),
        )
        self.goods += 1
        self._write(reported, second)
        if first.recovered is not None:
            stamp = clock.stamp(first.recovered)
            self._write(first.recovered, replace(second, status="recovered", recovered_at=stamp))
        self._tell(SameTheft([Reference(SOURCE, record.key), Reference(INSURERS, second.key)]))
        return Report(second.key, text, first.fate, first.recovered)

    def _write(self, at: int, record: StolenItem) -> None:
        self._add(at, self._encode(record))


def before_sale(chance: Random, kind: str, town: places.Town, sold: int) -> Theft:
    """Draw the theft of a good that was sold at that moment."""
    sort = class_of(kind)
    happened = sold - _sold_after(chance, sold)
    return _theft(chance, sort, town, happened)


def after_sale(chance: Random, kind: str, town: places.Town, sold: int, happened: int) -> Theft:
    """Draw the theft, at that moment, of a good from the one who bought it of a shop."""
    theft = _theft(chance, class_of(kind), town, happened)
    # The owner had it after the shop did, whatever they remember of the evening.
    theft.began = max(theft.began, sold + 3 * clock.DAY)
    return theft


def claimed(chance: Random, kind: str, town: places.Town, happened: int, postcode: str) -> Theft:
    """Make up the theft that an owner reports who sold the good."""
    began = happened - happened % clock.DAY + int(chance.random() * clock.DAY / 2)
    ended = began + _HOUR + int(chance.random() * 10 * _HOUR)
    reported = ended + _HOUR + int(chance.random() * 2 * clock.DAY)
    return Theft(class_of(kind), town, began, ended, reported, postcode)


def in_series(chance: Random, town: places.Town, happened: int) -> Theft:
    """Draw the burglary in which many goods were taken, and which is reported soon."""
    theft = _theft(chance, "burglary", town, happened)
    theft.reported = min(theft.reported, theft.ended + _HOUR + int(3 * chance.random() * clock.DAY))
    return theft


def elsewhere(chance: Random, country: places.Country) -> tuple[Theft, str]:
    """Draw a theft of a good that never came to a shop, and the kind of that good."""
    kind, sort = _KINDS.draw(chance)
    first, last = clock.START, clock.END - clock.DAY
    if chance.random() < rates.OLD_THEFT:
        first, last = OLDEST, clock.START
    happened = first + int(chance.random() * (last - first))
    theft = _theft(chance, sort, country.town(chance), happened)
    if theft.reported > clock.END:
        theft.ended = min(theft.ended, clock.END - 2 * _HOUR)
        first = theft.ended + _HOUR
        theft.reported = first + int(chance.random() * (clock.END - first))
    return theft, kind


_SOLD_AFTER: Final = Spread.of_quantiles(rates.SOLD_AFTER_DAYS)


def _sold_after(chance: Random, sold: int) -> int:
    """Draw how many minutes before its sale a good was taken."""
    share = chance.random()
    if share < rates.SOLD_SAME_DAY:
        return 20 + int(chance.random() * (sold % clock.DAY - 30))
    return int(_SOLD_AFTER.at(share) * clock.DAY)


def _theft(chance: Random, sort: str, town: places.Town, happened: int) -> Theft:
    lasts = _lasts(chance, sort, happened)
    began = happened - int(lasts * chance.random())
    ended = began + lasts
    reported = ended + _HOUR + int(_REPORTED_AFTER.draw(chance) * clock.DAY)
    return Theft(sort, town, began, ended, reported)


def _lasts(chance: Random, sort: str, happened: int) -> int:
    """Draw for how long the owner did not look, in minutes."""
    if sort == "phone" and chance.random() < rates.SNATCHED:
        return chance.randint(*rates.THEFT_LASTS_SNATCHED_MINUTES)
    holiday = sort == "burglary" and clock.day(happened)[5:7] in rates.HOLIDAY_MONTHS
    if holiday and chance.random() < rates.HOLIDAY_BURGLARY:
        return chance.randint(*rates.HOLIDAY_DAYS) * clock.DAY
    return 1 + int(_LASTS.draw(chance))


def _interval(chance: Random, theft: Theft, precision: str) -> Interval:
    """Write the interval as precisely as the owner can, never narrower than it was."""
    if precision == "day":
        began, ended = clock.day(theft.began), clock.day(theft.ended)
    elif precision == "hour":
        began = clock.stamp(theft.began - theft.began % _HOUR)
        ended = clock.stamp(theft.ended + -theft.ended % _HOUR)
    else:
        began, ended = clock.stamp(theft.began), clock.stamp(theft.ended)
    known = chance.random() >= rates.THEFT_END_UNKNOWN
    return Interval(began, ended if known else None, clock.ZONE, precision)


def _place(chance: Random, theft: Theft) -> Place:
    town = theft.town
    found = Place(town.code, "NL")
    if chance.random() < rates.PLACE_POSTCODE:
        found.postcode = theft.postcode or places.postcode(chance, town)
    if chance.random() < rates.PLACE_POINT:
        found.lat = int(town.lat * 10_000 + 400 * (chance.random() - 0.5)) / 10_000
        found.lon = int(town.lon * 10_000 + 600 * (chance.random() - 0.5)) / 10_000
    return found


def _item(chance: Random, good: Good, written: Written) -> StolenGood:
    kind = good.model.kind
    told = kind in _DESCRIBED and chance.random() < rates.DESCRIBED_BY_OWNER
    valued = chance.random() < rates.VALUE_REPORTED
    return StolenGood(
        kind,
        good.colours,
        written.identifiers,
        good.attributes,
        written.brand,
        written.model,
        good.description if told else None,
        Amount(_value(chance, good), "EUR") if valued else None,
    )


def _value(chance: Random, good: Good) -> str:
    low, high = rates.VALUE_OF_NEW
    value = good.price_new * (low + (high - low) * chance.random())
    return f"{max(5, int(value / 5) * 5)}.00"
