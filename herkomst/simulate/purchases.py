"""Purchases as shops enter them: when, from whom, what, and for how much."""

from collections.abc import Callable
from random import Random
from typing import Final

from msgspec import Struct

from herkomst.simulate import clock, rates, sellers
from herkomst.simulate.draws import Urn
from herkomst.simulate.formats import Amount, Interval, Item, Payment, Purchase, Reference, Seller
from herkomst.simulate.goods import Good, Warehouse
from herkomst.simulate.sellers import Person
from herkomst.simulate.shops import Shop
from herkomst.simulate.writing import Written

SOURCE: Final = "dor"

_MODES: Final = {trade: Urn(modes) for trade, modes in rates.MODES.items()}
_BROUGHT: Final = {
    trade: Urn({mode: share for mode, share in modes.items() if mode in rates.MODES_OF_A_SALE})
    for trade, modes in rates.MODES.items()
}
_PAYMENTS: Final = {trade: Urn(forms) for trade, forms in rates.PAYMENTS.items()}
_TRADE_IN: Final = Urn(rates.TRADE_IN_PAYMENTS)
_CASH_LIMIT_AT: Final = clock.moment(rates.CASH_LIMIT_FROM)
_WITHOUT_PRICE: Final = frozenset({"found", "donated", "held", "offer_refused", "consigned"})
_CENTS: Final = [f".{cents:02d}" for cents in range(100)]
_REASONS: Final = {
    "offer_refused": ("geen legitimatie", "twijfel over herkomst", "prijs te hoog",
                      "nummer onleesbaar gemaakt", "verkoper minderjarig"),
    "held": ("wacht op aankoopbewijs", "in onderzoek bij winkel"),
}  # fmt: skip
_TERMS: Final = {
    "consigned": "in consignatie, 60 procent voor de inbrenger",
    "donated": "gift",
}


class Visit(Struct):
    """Somebody at a counter, or a depot that enters what it found."""

    key: str
    shop: Shop
    at: int
    closes: int
    person: Person | None
    mode: str
    cents: list[int] | None = None
    """What is paid for each line, where it is agreed beforehand."""
    form: str | None = None
    """How it is paid, where it is agreed beforehand."""


def mode_at(chance: Random, trade: str) -> str:
    """Draw how a shop of that trade acquires."""
    return _MODES[trade].draw(chance)


def mode_of_sale(chance: Random, trade: str) -> str:
    """Draw how a shop of that trade acquires from who comes to sell."""
    return _BROUGHT[trade].draw(chance)


class Books:
    """Writes purchases to the register of the shops."""

    __slots__ = ("_add", "_chance", "_encode", "_warehouse", "_witness", "lines")

    def __init__(
        self,
        *,
        warehouse: Warehouse,
        chance: Random,
        encode: Callable[[object], bytes],
        add: Callable[[int, bytes], None],
        witness: Callable[[Visit], None] | None = None,
    ) -> None:
        self._warehouse = warehouse
        self._chance = chance
        self._encode = encode
        self._add = add
        self._witness = witness
        self.lines = 0

    def enter(self, visit: Visit, goods: list[tuple[Good, Written]]) -> bool:
        """Write one purchase; say whether a seller stands in it."""
        chance, shop = self._chance, visit.shop
        reasons = _REASONS.get(visit.mode)
        items, total = self._items(visit, goods)
        # By position, which is faster than by name: this is done for every purchase.
        record = Purchase(
            1,
            SOURCE,
            visit.key,
            shop.dealer,
            _acquired(chance, visit),
            visit.mode,
            items,
            shop.branch,
            reasons[int(chance.random() * len(reasons))] if reasons else None,
            self._seller(visit),
            _payment(chance, visit, total),
        )
        self._add(_entered(chance, visit), self._encode(record))
        self.lines += 1
        if self._witness and record.seller:
            self._witness(visit)
        return record.seller is not None

    def _seller(self, visit: Visit) -> Seller | None:
        person, chance = visit.person, self._chance
        if person is None:
            return None
        if visit.mode == "donated" and chance.random() >= rates.DONOR_RECORDED:
            return None
        seller = sellers.presented(chance, person, visit.at)
        vans = rates.VEHICLE_PLATE.get(visit.shop.trade)
        if vans and chance.random() < vans:
            seller.vehicle_plate = self._van(person)
        return seller

    def _van(self, person: Person) -> str:
        if not person.van:
            person.van = self._warehouse.van_plate(self._chance)
        return person.van

    def _items(self, visit: Visit, goods: list[tuple[Good, Written]]) -> tuple[list[Item], int]:
        """Write the lines, and add up what is paid for them in cents."""
        chance, items, total = self._chance, [], 0
        priced = visit.mode not in _WITHOUT_PRICE
        for line, (good, written) in enumerate(goods, 1):
            item = _item(chance, line, good, written)
            if priced:
                cents = visit.cents[line - 1] if visit.cents else _paid(chance, good)
                total += cents
                item.price = Amount(_euros(cents), "EUR")
            else:
                item.terms = _TERMS.get(visit.mode)
            items.append(item)
        return items, total


def _acquired(chance: Random, visit: Visit) -> Interval:
    """Write when the good was acquired, as the shop enters it."""
    draw = chance.random()
    if draw < rates.DATE_WITHOUT_TIME:
        return Interval(clock.day(visit.at), None, None, "day")
    if draw < rates.DATE_WITHOUT_TIME + rates.ENTERED_AT_CLOSING:
        return Interval(clock.stamp(visit.closes), None, clock.ZONE, "minute")
    if draw < 1 - rates.TIME_WITH_SECONDS:
        return Interval(clock.stamp(visit.at), None, clock.ZONE, "minute")
    stamp = clock.stamp(visit.at, int(chance.random() * 60))
    return Interval(stamp, None, clock.ZONE, "second")


def _entered(chance: Random, visit: Visit) -> int:
    """Return when the purchase came into the register: mostly at once, sometimes late."""
    draw, vice = chance.random(), visit.shop.vice
    if vice and vice.enters_late(draw):
        vice.note(Reference(SOURCE, visit.key))
        return min(visit.at + chance.randint(*rates.LATE_DAYS) * clock.DAY, clock.END)
    if draw >= rates.ENTERED_LATE + rates.ENTERED_VERY_LATE:
        return visit.at
    days = rates.LATE_DAYS if draw < rates.ENTERED_LATE else rates.VERY_LATE_DAYS
    return min(visit.at + chance.randint(*days) * clock.DAY, clock.END)


def _item(chance: Random, line: int, good: Good, written: Written) -> Item:
    told = not written.model or chance.random() < rates.DESCRIBED_BY_SHOP
    return Item(
        line,
        good.model.kind,
        good.colours,
        written.identifiers,
        good.attributes,
        written.brand,
        written.model,
        good.description if told else None,
    )


def _paid(chance: Random, good: Good) -> int:
    """Draw what the shop pays, in cents."""
    low, high = rates.PAID_OF_NEW.get(good.model.kind) or rates.PAID_OF_NEW[""]
    euros = good.price_new * (low + (high - low) * chance.random())
    if euros > 1_000:
        return int(euros / 50) * 5_000
    if euros > 60:
        return int(euros / 5) * 500
    return max(1, int(euros)) * 100


def _euros(cents: int) -> str:
    return str(cents // 100) + _CENTS[cents % 100]


def _payment(chance: Random, visit: Visit, total: int) -> Payment:
    """Choose how the shop pays; large sums seldom in cash since the limit of 2026."""
    if not total:
        return Payment("none")
    if visit.form:
        known = visit.form == "transfer" and chance.random() < rates.ACCOUNT_RECORDED
        return Payment(visit.form, _euros(total), _account(chance) if known else None)
    traded_in = visit.mode == "traded_in"
    form = (_TRADE_IN if traded_in else _PAYMENTS[visit.shop.trade]).draw(chance)
    if form == "cash" and total >= rates.CASH_LIMIT_CENTS:
        form = _over_limit(chance, visit.at)
    known = form == "transfer" and chance.random() < rates.ACCOUNT_RECORDED
    return Payment(form, _euros(total), _account(chance) if known else None)


def _over_limit(chance: Random, at: int) -> str:
    limited = at >= _CASH_LIMIT_AT
    kept = rates.CASH_KEPT_OVER_LIMIT_AFTER if limited else rates.CASH_KEPT_OVER_LIMIT_BEFORE
    return "cash" if chance.random() < kept else "transfer"


def _account(chance: Random) -> str:
    """Make up an account (IBAN, ISO 13616) at a bank that does not exist."""
    number = 1_000_000_000 + int(chance.random() * 8_999_999_999)
    check = 98 - (_MOLN * 10**16 + number * 10**6 + 232100) % 97
    return f"NL{check:02d}MOLN{number}"


_MOLN: Final = 22242123
"""The letters of that bank as ISO 13616 counts them: M is 22, O 24, L 21, N 23."""
