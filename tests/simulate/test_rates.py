"""What is counted in a world lies where the table of rates says, within what chance allows."""

from collections import Counter
from collections.abc import Iterable, Iterator
from math import sqrt
from statistics import median

import pytest

from herkomst.simulate import rates
from tests.simulate import strict
from tests.simulate.conftest import Made


def share(flags: Iterable[bool]) -> tuple[float, int]:
    counted = list(flags)
    return sum(counted) / len(counted), len(counted)


def assert_near(observed: tuple[float, int], expected: float, slack: float = 0.0) -> None:
    """Allow four standard deviations, and slack where sales of one person hang together."""
    found, count = observed
    allowed = 4 * sqrt(expected * (1 - expected) / count) + slack
    assert abs(found - expected) <= allowed, f"{found:.4f} of {count}, expected {expected:.4f}"


def items(made: Made) -> Iterator[tuple[strict.Purchase, strict.Item]]:
    for purchase in made.purchases:
        for item in purchase.items:
            yield purchase, item


def trades(made: Made) -> dict[tuple[str, str | None], str]:
    """The first trade of each shop; the chain with two is left out."""
    return {
        (dealer.key, place.branch): dealer.trades[0]
        for dealer in made.dealers
        for place in dealer.establishments
        if not {"electronics", "general"} <= set(dealer.trades)
    }


def test_entries_by_trade(made: Made) -> None:
    by_shop = trades(made)
    found = Counter(by_shop.get((p.dealer.key, p.branch)) for p in made.purchases)
    for trade in ("bicycles", "charity", "cars", "metal"):
        observed = found[trade] / len(made.purchases), len(made.purchases)
        assert_near(observed, rates.TRADE_ENTRIES[trade], slack=0.02)


def test_the_busiest_twentieth_of_the_shops_holds_more_than_half_of_the_entries(
    made: Made,
) -> None:
    entries = Counter((p.dealer.key, p.branch) for p in made.purchases)
    busiest = round(made.counts.establishments * rates.BUSIEST_SHOPS)
    held = sum(count for _, count in entries.most_common(busiest)) / len(made.purchases)
    assert abs(held - rates.BUSIEST_ENTRIES) < 0.06


def test_three_chains_hold_two_fifths_of_the_entries(made: Made) -> None:
    by_size = sorted(made.dealers, key=lambda dealer: -len(dealer.establishments))[:3]
    chains = {dealer.key for dealer in by_size}
    found = share(purchase.dealer.key in chains for purchase in made.purchases)
    assert_near(found, sum(sum(chain.values()) for chain in rates.CHAINS), slack=0.05)


def test_dates_without_time(made: Made) -> None:
    found = share(purchase.acquired.precision == "day" for purchase in made.purchases)
    assert_near(found, rates.DATE_WITHOUT_TIME)


def test_found_goods(made: Made) -> None:
    assert_near(share(p.mode == "found" for p in made.purchases), rates.FOUND)


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("document", rates.SELLER_DOCUMENT),
        ("born", rates.SELLER_BORN),
        ("phone", rates.SELLER_PHONE),
        ("address", rates.SELLER_ADDRESS),
    ],
)
def test_what_is_recorded_of_a_seller(made: Made, field: str, expected: float) -> None:
    sellers = [purchase.seller for purchase in made.purchases if purchase.seller]
    assert_near(share(getattr(seller, field) is not None for seller in sellers), expected)


def test_sales_a_person(made: Made) -> None:
    sales = [len(person.presented) for person in made.persons]
    for expected, fewest, most in rates.SALES_OF_A_PERSON:
        # A donation need not name its donor, so that a few persons have fewer sales than drawn.
        assert_near(share(fewest <= count <= most for count in sales), expected, slack=0.012)


def test_some_sellers_live_together_and_some_share_a_phone(made: Made) -> None:
    of_person = {
        reference.key: person.person for person in made.persons for reference in person.presented
    }
    at_home: dict[tuple[str, str, str], set[str]] = {}
    by_phone: dict[str, set[str]] = {}
    for purchase in made.purchases:
        seller = purchase.seller
        if seller and seller.address:
            home = (seller.address.postcode, seller.address.street, seller.address.number)
            at_home.setdefault(home, set()).add(of_person[purchase.key])
        if seller and seller.phone:
            phone = seller.phone.replace("-", "").replace("+31", "0")
            by_phone.setdefault(phone, set()).add(of_person[purchase.key])
    assert any(8 <= len(sellers) <= 20 for sellers in at_home.values())
    assert sum(len(sellers) > 1 for sellers in by_phone.values()) > 20


@pytest.mark.parametrize(
    "kind", ["car", "phone", "console", "laptop", "bicycle", "tablet", "ring", "household"]
)
def test_numbers_on_purchases_by_kind(made: Made, kind: str) -> None:
    found = share(bool(item.identifiers) for _, item in items(made) if item.kind == kind)
    assert_near(found, rates.NUMBER_PRESENT[kind], slack=0.002)


def is_plain(number: str) -> bool:
    return len(number) == 15 and number.isdigit()


def test_telephone_numbers_are_written_as_badly_as_the_table_says(made: Made) -> None:
    numbers = [
        number.value
        for _, item in items(made)
        for number in item.identifiers
        if number.type == "imei"
    ]
    slips = rates.NUMBER_WRITTEN_BY_SHOP
    total = sum(slips.values())
    plain = sum(
        slips[name] for name in ("exact", "second_imei", "substituted", "transposed")
    )  # each still has fifteen digits
    assert_near(share(is_plain(number) for number in numbers), plain / total)
    letters = share(len(n) == 15 and n.isalnum() and not n.isdigit() for n in numbers)
    assert_near(letters, slips["look_alike"] / total)
    dressed = share(
        is_plain("".join(c for c in n if c.isdigit())) and len(n) == 16 for n in numbers
    )
    assert_near(dressed, slips["dressed"] / total)
    short = share(n.isdigit() and len(n) in (6, 7) and len(set(n)) > 1 and n != "123456"
                  for n in numbers)  # fmt: skip
    assert_near(short, slips["truncated"] / total)


@pytest.mark.parametrize("kind", ["bicycle", "phone", "laptop", "ring"])
def test_usable_numbers_in_reports_by_kind(made: Made, kind: str) -> None:
    placeholders = {"onbekend", "nvt", "nietleesbaar", "geen", "xxxxx", "123456", "9999", ""}

    def usable(good: strict.StolenGood) -> bool:
        values = ("".join(c for c in n.value.lower() if c.isalnum()) for n in good.identifiers)
        return any(value not in placeholders and len(set(value)) > 1 for value in values)

    goods = [line.item for line in made.stolen.values() if line.item.kind == kind]
    assert_near(share(usable(good) for good in goods), rates.NUMBER_REPORTED[kind], slack=0.005)


def test_withdrawals(made: Made) -> None:
    last = made.stolen.values()
    # What would be recovered after the last day is not.
    assert_near(share(s.status == "recovered" for s in last), rates.RECOVERED * 0.95, slack=0.005)
    assert_near(share(s.status == "withdrawn" for s in last), rates.MISTAKEN * 0.98)
    written = Counter(line.key for line in made.lines)
    recovered = [line.key for line in last if line.status == "recovered"]
    once = share(written[key] == 1 for key in recovered)
    assert_near(once, rates.RECOVERED_FROM_THE_START)


def test_a_theft_lasts_ten_hours_and_is_reported_after_a_day(made: Made) -> None:
    hours, delays = [], []
    for line in made.stolen.values():
        if line.stolen.precision == "minute" and line.stolen.until:
            ended = strict.moment(line.stolen.until)
            hours.append((ended - strict.moment(line.stolen.since)).total_seconds() / 3600)
            delays.append((strict.moment(line.reported_at) - ended).total_seconds() / 86400)
    assert 8 < median(hours) < 13
    assert 0.8 < median(delays) < 1.3
    assert_near(share(delay > 10 for delay in delays), 0.10, slack=0.01)
    assert_near(share(delay > 60 for delay in delays), 0.03, slack=0.006)


def test_one_model_number_floods_both_sides(made: Made) -> None:
    bought = Counter(n.value for _, item in items(made) for n in item.identifiers)
    stolen = Counter(
        n.value
        for line in made.stolen.values()
        for n in line.item.identifiers
        if any(sign.isdigit() for sign in n.value) and not n.value.isdigit()
    )
    number, count = stolen.most_common(1)[0]
    flooded = 0.008 * len(made.purchases)
    assert count == round(flooded * rates.FLOODED_STOLEN)
    assert bought[number] == pytest.approx(flooded * (1 - rates.FLOODED_STOLEN), abs=6)
    assert min(count, bought[number]) > 25


def test_frame_numbers_shared_by_two_brands_are_few(made: Made) -> None:
    brands: dict[str, set[str]] = {}
    frames = 0
    for line in made.stolen.values():
        for number in line.item.identifiers:
            if number.type == "frame" and line.item.brand and len(number.value) > 7:
                frames += 1
                brands.setdefault(number.value.upper(), set()).add(line.item.brand[:2].upper())
    shared = sum(len(names) > 1 for names in brands.values())
    assert 0 < shared < 0.02 * frames


def test_a_report_betrays_by_its_kind_or_its_size_nothing_that_is_planted() -> None:
    taken_in = {kind for kinds in rates.KINDS.values() for kind in kinds}
    assert {kind for kind in taken_in if rates.STOLEN_AMONG_PURCHASES[kind]} <= set(
        rates.STOLEN_KINDS
    )
    low, high = rates.SERIES_GOODS
    assert set(range(low, high + 1)) <= set(rates.ITEMS_OF_A_THEFT["burglary"])


def test_every_trade_and_every_kind_has_its_rates() -> None:
    kinds = {kind for kinds in rates.KINDS.values() for kind in kinds} | set(rates.STOLEN_KINDS)
    assert set(rates.MODES) == set(rates.KINDS) == set(rates.PAYMENTS) == set(rates.TRADE_ENTRIES)
    assert sum(rates.TRADE_ENTRIES.values()) == pytest.approx(1)
    for table in (rates.NUMBER_PRESENT, rates.NUMBER_REPORTED, rates.STOLEN_AMONG_PURCHASES):
        assert kinds <= set(table)
    for kind, legible in rates.NUMBER_LEGIBLE.items():
        assert max(rates.NUMBER_PRESENT[kind], rates.NUMBER_REPORTED[kind]) <= legible
