"""Thefts and the police reports of them: what was taken, when, where, and what became of it."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Final, Literal

from herkomst.simulate import clock, places, rates
from herkomst.simulate.draws import Spread, Urn
from herkomst.simulate.goods import Good, Warehouse
from herkomst.simulate.keys import ReportNumbers
from herkomst.simulate.writing import Hand, Written

SOURCE: Final = "politie"
Fate = Literal["open", "recovered", "mistaken"]
"""What becomes of a report."""

_CLASS_OF_KIND: Final = {
    "bicycle": "bicycle", "e_bike": "bicycle", "cargo_bike": "bicycle", "electric_step": "bicycle",
    "phone": "phone", "car": "vehicle", "motorcycle": "vehicle", "moped": "vehicle",
    "outboard_motor": "vehicle_part", "car_part": "vehicle_part", "metal_scrap": "metal",
}  # fmt: skip
_OFFENCES: Final = {
    "bicycle": Urn({"diefstal van fiets": 92, "diefstal uit schuur of box": 8}),
    "phone": Urn({"zakkenrollerij": 45, "diefstal": 30, "straatroof": 15, "inbraak woning": 10}),
    "burglary": Urn({"inbraak woning": 62, "inbraak bedrijf": 18, "diefstal uit voertuig": 20}),
    "vehicle": Urn({"diefstal van voertuig": 100}),
    "vehicle_part": Urn({"diefstal vanaf voertuig": 70, "diefstal uit bedrijf": 30}),
    "metal": Urn({"diefstal uit bedrijf": 100}),
}
_DESCRIBED: Final = frozenset(
    {
        "bicycle",
        "e_bike",
        "cargo_bike",
        "ring",
        "necklace",
        "coin",
        "silverware",
        "painting",
        "tool",
        "household",
    }
)
"""The kinds of which an owner says more than brand and model."""
_SIZES: Final = {name: Urn(sizes) for name, sizes in rates.ITEMS_OF_A_THEFT.items()}
_KINDS: Final = Urn(rates.STOLEN_KINDS)
_PRECISIONS: Final = Urn(rates.THEFT_PRECISION)
_HANDLINGS: Final = Urn(rates.HANDLING)
_REPORTED_AFTER: Final = Spread.of_quantiles(rates.REPORTED_AFTER_DAYS)
_LASTS: Final = Spread.lognormal(rates.THEFT_LASTS_MINUTES, rates.THEFT_LASTS_SIGMA)
_RECOVERED_AFTER: Final = Spread.of_quantiles(rates.RECOVERED_AFTER_DAYS)
_MISTAKEN_AFTER: Final = Spread.of_quantiles(rates.MISTAKEN_AFTER_DAYS)
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


@dataclass(slots=True)
class Theft:
    """A theft: it happened at one moment, of which the owner knows an interval."""

    sort: str
    town: places.Town
    began: int
    ended: int
    reported: int


@dataclass(slots=True)
class Report:
    """What the register holds of one stolen good, and until when it counts."""

    key: str
    written: Written
    fate: Fate
    recovered: int | None = None


class Police:
    """Takes in reports and writes them, and what becomes of them, to the register."""

    __slots__ = ("_add", "_chance", "_encode", "_numbers", "_warehouse", "hand", "left",
                 "lines")  # fmt: skip

    def __init__(
        self,
        *,
        warehouse: Warehouse,
        hand: Hand,
        numbers: ReportNumbers,
        budget: int,
        chance: Random,
        encode: Callable[[object], bytes],
        add: Callable[[int, bytes], None],
    ) -> None:
        self._warehouse = warehouse
        self.hand = hand
        self._numbers = numbers
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
        fully: bool = False,
        written: Written | None = None,
        sold_at: int = 0,
    ) -> Report:
        """Take in a report of one good, and of what was taken with it.

        Goods that were sold to a shop are found there, if at all, after they were sold.
        """
        chance = self._chance
        size = min(_SIZES[theft.sort].draw(chance), self.left)
        place = int(chance.random() * size)
        number = self._numbers.next(theft.town.police_unit, clock.day(theft.reported)[:4])
        frame = self._frame(theft)
        for item in range(size):
            if item == place:
                text = written or self.hand.write(chance, good, fully=fully)
                found = self._enter(theft, frame, number, item, good, text, sold_at)
            else:
                other = self._warehouse.good(chance, _COMPANIONS[theft.sort].draw(chance))
                text = self.hand.write(chance, other)
                self._enter(theft, frame, number, item, other, text, 0)
        self.left -= size
        return found

    def _frame(self, theft: Theft) -> dict[str, object]:
        """Write what all goods of one theft share."""
        chance = self._chance
        handling = _HANDLINGS.draw(chance)
        return {
            "offence": _OFFENCES[theft.sort].draw(chance),
            "status": "reported",
            "handling": handling,
            "stolen": _interval(chance, theft),
            "reported_at": clock.stamp(theft.reported),
            "place": _place(chance, theft.town),
        }

    def _enter(
        self,
        theft: Theft,
        frame: dict[str, object],
        number: str,
        item: int,
        good: Good,
        written: Written,
        sold_at: int,
    ) -> Report:
        key = f"{number}-{item + 1}"
        record: dict[str, object] = {
            "type": "stolen_item",
            "v": 1,
            "source": SOURCE,
            "key": key,
            "report": number,
            **frame,
            "item": _item(self._chance, good, written),
        }
        return self._follow(Report(key, written, "open"), record, theft, sold_at)

    def _follow(
        self, report: Report, record: dict[str, object], theft: Theft, sold_at: int
    ) -> Report:
        """Write the report, and draw whether it is withdrawn again."""
        draw = self._chance.random()
        if draw < rates.RECOVERED:
            self._recover(report, record, theft, sold_at)
        else:
            self._write(theft.reported, record)
            if draw > 1 - rates.MISTAKEN:
                self._withdraw(report, record, theft)
        return report

    def _recover(
        self, report: Report, record: dict[str, object], theft: Theft, sold_at: int
    ) -> None:
        days = _RECOVERED_AFTER.draw(self._chance)
        recovered = max(theft.reported, theft.ended, sold_at) + int(days * clock.DAY) + 1
        if recovered > clock.END:
            self._write(theft.reported, record)
            return
        at_once = self._chance.random() < rates.RECOVERED_FROM_THE_START
        if not at_once:
            self._write(theft.reported, record)
        record["status"] = "recovered"
        record["recovered_at"] = clock.stamp(recovered)
        report.fate, report.recovered = "recovered", recovered
        self._write(recovered, record)

    def _withdraw(self, report: Report, record: dict[str, object], theft: Theft) -> None:
        days = _MISTAKEN_AFTER.draw(self._chance)
        withdrawn = theft.reported + int(days * clock.DAY) + 1
        duplicate = self._chance.random() < rates.MISTAKEN_IS_DUPLICATE
        if withdrawn > clock.END:
            return
        record["status"] = "withdrawn"
        record["withdrawn_reason"] = "duplicate" if duplicate else "mistaken"
        report.fate = "mistaken"
        self._write(withdrawn, record)

    def _write(self, at: int, record: dict[str, object]) -> None:
        self._add(at, self._encode(record))
        self.lines += 1


def before_sale(chance: Random, kind: str, town: places.Town, sold: int) -> Theft:
    """Draw the theft of a good that was sold at that moment."""
    sort = class_of(kind)
    happened = sold - _sold_after(chance, sold)
    return _theft(chance, sort, town, happened)


def after_sale(chance: Random, kind: str, town: places.Town, sold: int, days: float) -> Theft:
    """Draw the theft of a good from the one who bought it of the shop, at least that much later."""
    theft = _theft(chance, class_of(kind), town, sold + int(days * clock.DAY))
    # The owner had it after the shop did, whatever they remember of the evening.
    theft.began = max(theft.began, sold + 3 * clock.DAY)
    return theft


def elsewhere(chance: Random, country: places.Country) -> tuple[Theft, str]:
    """Draw a theft of a good that never came to a shop, and the kind of that good."""
    kind = _KINDS.draw(chance)
    first, last = clock.START, clock.END - clock.DAY
    if chance.random() < rates.OLD_THEFT:
        first, last = OLDEST, clock.START
    happened = first + int(chance.random() * (last - first))
    theft = _theft(chance, class_of(kind), country.town(chance), happened)
    if theft.reported > clock.END:
        theft.ended = min(theft.ended, clock.END - 60)
        theft.reported = theft.ended + int(chance.random() * (clock.END - theft.ended))
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
    reported = ended + 1 + int(_REPORTED_AFTER.draw(chance) * clock.DAY)
    return Theft(sort, town, began, ended, reported)


def _lasts(chance: Random, sort: str, happened: int) -> int:
    """Draw for how long the owner did not look, in minutes."""
    if sort == "phone" and chance.random() < rates.SNATCHED:
        return chance.randint(*rates.THEFT_LASTS_SNATCHED_MINUTES)
    holiday = sort == "burglary" and clock.day(happened)[5:7] in rates.HOLIDAY_MONTHS
    if holiday and chance.random() < rates.HOLIDAY_BURGLARY:
        return chance.randint(*rates.HOLIDAY_DAYS) * clock.DAY
    return 1 + int(_LASTS.draw(chance))


def _interval(chance: Random, theft: Theft) -> dict[str, str]:
    """Write the interval as precisely as the owner can, never narrower than it was."""
    precision = _PRECISIONS.draw(chance)
    if precision == "day":
        began, ended = clock.day(theft.began), clock.day(theft.ended)
    elif precision == "hour":
        began = clock.stamp(theft.began - theft.began % 60)
        ended = clock.stamp(theft.ended + -theft.ended % 60)
    else:
        began, ended = clock.stamp(theft.began), clock.stamp(theft.ended)
    found = {"from": began}
    if chance.random() >= rates.THEFT_END_UNKNOWN:
        found["to"] = ended
    found["zone"] = clock.ZONE
    found["precision"] = precision
    return found


def _place(chance: Random, town: places.Town) -> dict[str, object]:
    found: dict[str, object] = {"municipality": town.code}
    if chance.random() < rates.PLACE_POSTCODE:
        found["postcode"] = places.postcode(chance, town)
    if chance.random() < rates.PLACE_POINT:
        found["lat"] = round(town.lat + (chance.random() - 0.5) * 0.04, 5)
        found["lon"] = round(town.lon + (chance.random() - 0.5) * 0.06, 5)
    found["country"] = "NL"
    return found


def _item(chance: Random, good: Good, written: Written) -> dict[str, object]:
    found: dict[str, object] = {"kind": good.model.kind}
    if written.brand:
        found["brand"] = written.brand
    if written.model:
        found["model"] = written.model
    if good.description and found["kind"] in _DESCRIBED and chance.random() < 0.6:
        found["description"] = good.description
    found["colours"] = good.colours
    found["identifiers"] = written.identifiers
    found["attributes"] = good.attributes
    if chance.random() < rates.VALUE_REPORTED:
        found["value"] = {"amount": _value(chance, good), "currency": "EUR"}
    return found


def _value(chance: Random, good: Good) -> str:
    low, high = rates.VALUE_OF_NEW
    value = good.price_new * (low + (high - low) * chance.random())
    return f"{max(5, int(value / 5) * 5)}.00"
