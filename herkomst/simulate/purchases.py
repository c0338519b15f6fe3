"""Purchases as shops enter them: when, from whom, what, and for how much."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Final

from herkomst.simulate import clock, rates, sellers
from herkomst.simulate.draws import Urn
from herkomst.simulate.goods import Good, Warehouse
from herkomst.simulate.sellers import Person
from herkomst.simulate.shops import Shop
from herkomst.simulate.writing import Written

SOURCE: Final = "dor"

_MODES: Final = {trade: Urn(modes) for trade, modes in rates.MODES.items()}
_PAYMENTS: Final = {trade: Urn(forms) for trade, forms in rates.PAYMENTS.items()}
_TRADE_IN: Final = Urn(rates.TRADE_IN_PAYMENTS)
_CASH_LIMIT_AT: Final = clock.moment(rates.CASH_LIMIT_FROM)
_WITHOUT_PRICE: Final = frozenset({"found", "donated", "held", "offer_refused", "consigned"})
_REASONS: Final = {
    "offer_refused": ("geen legitimatie", "twijfel over herkomst", "prijs te hoog",
                      "nummer onleesbaar gemaakt", "verkoper minderjarig"),
    "held": ("wacht op aankoopbewijs", "in onderzoek bij winkel"),
}  # fmt: skip
_TERMS: Final = {
    "consigned": "in consignatie, 60 procent voor de inbrenger",
    "donated": "gift",
}


@dataclass(slots=True)
class Visit:
    """Somebody at a counter, or a depot that enters what it found."""

    key: str
    shop: Shop
    at: int
    closes: int
    person: Person | None
    mode: str


def mode_at(chance: Random, trade: str) -> str:
    """Draw how a shop of that trade acquires."""
    return _MODES[trade].draw(chance)


class Books:
    """Writes purchases to the register of the shops."""

    __slots__ = ("_add", "_chance", "_encode", "_warehouse", "lines")

    def __init__(
        self,
        *,
        warehouse: Warehouse,
        chance: Random,
        encode: Callable[[object], bytes],
        add: Callable[[int, bytes], None],
    ) -> None:
        self._warehouse = warehouse
        self._chance = chance
        self._encode = encode
        self._add = add
        self.lines = 0

    def enter(self, visit: Visit, goods: list[tuple[Good, Written]]) -> bool:
        """Write one purchase; say whether a seller stands in it."""
        chance, shop = self._chance, visit.shop
        record: dict[str, object] = {"type": "purchase", "v": 1, "source": SOURCE}
        record["key"] = visit.key
        record["dealer"] = shop.dealer
        if shop.branch:
            record["branch"] = shop.branch
        record["acquired"] = _acquired(chance, visit)
        record["mode"] = visit.mode
        if visit.mode in _REASONS:
            reasons = _REASONS[visit.mode]
            record["reason"] = reasons[int(chance.random() * len(reasons))]
        named = self._seller(record, visit)
        self._goods(record, visit, goods)
        self._add(_entered(chance, visit), self._encode(record))
        self.lines += 1
        return named

    def _seller(self, record: dict[str, object], visit: Visit) -> bool:
        person, chance = visit.person, self._chance
        if person is None:
            return False
        if visit.mode == "donated" and chance.random() >= rates.DONOR_RECORDED:
            return False
        seller = sellers.presented(chance, person, visit.at)
        vans = rates.VEHICLE_PLATE.get(visit.shop.trade)
        if vans and chance.random() < vans:
            seller["vehicle_plate"] = self._van(person)
        record["seller"] = seller
        return True

    def _van(self, person: Person) -> str:
        if not person.van:
            person.van = self._warehouse.van_plate(self._chance)
        return person.van

    def _goods(
        self, record: dict[str, object], visit: Visit, goods: list[tuple[Good, Written]]
    ) -> None:
        chance, items, total = self._chance, [], 0
        for line, (good, written) in enumerate(goods, 1):
            item = _item(line, good, written, chance)
            if visit.mode not in _WITHOUT_PRICE:
                cents = _paid(chance, good)
                total += cents
                item["price"] = {"amount": _euros(cents), "currency": "EUR"}
            elif visit.mode in _TERMS:
                item["terms"] = _TERMS[visit.mode]
            items.append(item)
        record["items"] = items
        record["payment"] = _payment(chance, visit, total)


def _acquired(chance: Random, visit: Visit) -> dict[str, str]:
    """Write when the good was acquired, as the shop enters it."""
    draw = chance.random()
    if draw < rates.DATE_WITHOUT_TIME:
        return {"from": clock.day(visit.at), "precision": "day"}
    if draw < rates.DATE_WITHOUT_TIME + rates.ENTERED_AT_CLOSING:
        stamp, precision = clock.stamp(visit.closes), "minute"
    elif draw > 1 - rates.TIME_WITH_SECONDS:
        stamp, precision = clock.stamp(visit.at, int(chance.random() * 60)), "second"
    else:
        stamp, precision = clock.stamp(visit.at), "minute"
    return {"from": stamp, "zone": clock.ZONE, "precision": precision}


def _entered(chance: Random, visit: Visit) -> int:
    """Return when the purchase came into the register: mostly at once, sometimes late."""
    draw = chance.random()
    if draw >= rates.ENTERED_LATE + rates.ENTERED_VERY_LATE:
        return visit.at
    days = rates.LATE_DAYS if draw < rates.ENTERED_LATE else rates.VERY_LATE_DAYS
    return min(visit.at + chance.randint(*days) * clock.DAY, clock.END)


def _item(line: int, good: Good, written: Written, chance: Random) -> dict[str, object]:
    found: dict[str, object] = {"line": line, "kind": good.model.kind}
    if written.brand:
        found["brand"] = written.brand
    if written.model:
        found["model"] = written.model
    if good.description and (not written.model or chance.random() < 0.3):
        found["description"] = good.description
    found["colours"] = good.colours
    found["identifiers"] = written.identifiers
    found["attributes"] = good.attributes
    return found


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
    return f"{cents // 100}.{cents % 100:02d}"


def _payment(chance: Random, visit: Visit, total: int) -> dict[str, str]:
    """Choose how the shop pays; large sums seldom in cash since the limit of 2026."""
    if not total:
        return {"form": "none"}
    traded_in = visit.mode == "traded_in"
    form = (_TRADE_IN if traded_in else _PAYMENTS[visit.shop.trade]).draw(chance)
    if form == "cash" and total >= rates.CASH_LIMIT_CENTS:
        form = _over_limit(chance, visit.at)
    payment = {"form": form, "amount": _euros(total)}
    if form == "transfer" and chance.random() < rates.ACCOUNT_RECORDED:
        payment["account"] = _account(chance)
    return payment


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
