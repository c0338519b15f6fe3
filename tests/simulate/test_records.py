from collections import Counter
from datetime import timedelta
from itertools import pairwise

from stdnum import iban, imei
from stdnum.nl import bsn

from tests.simulate import strict
from tests.simulate.conftest import Made

FIRST, LAST = strict.day("2024-01-01"), strict.day("2026-10-31")


def test_every_purchase_is_of_a_dealer_and_of_one_of_its_branches(made: Made) -> None:
    branches = {
        dealer.key: {place.branch for place in dealer.establishments} for dealer in made.dealers
    }
    for purchase in made.purchases:
        assert purchase.dealer.source == "dol"
        assert purchase.branch in branches[purchase.dealer.key]


def test_a_dealer_with_several_establishments_names_its_branches(made: Made) -> None:
    for dealer in made.dealers:
        branches = [place.branch for place in dealer.establishments]
        assert branches == [None] or len(set(branches) - {None}) == len(branches)


def test_keys_are_unique(made: Made) -> None:
    assert len({dealer.key for dealer in made.dealers}) == len(made.dealers)
    assert len({purchase.key for purchase in made.purchases}) == len(made.purchases)
    assert len({person.person for person in made.persons}) == len(made.persons)


def test_a_moment_bears_the_offset_and_the_zone_and_a_date_alone_neither(made: Made) -> None:
    for purchase in made.purchases:
        acquired = purchase.acquired
        timed = "T" in acquired.since
        assert (acquired.precision == "day") is not timed
        assert (acquired.zone == "Europe/Amsterdam") is timed
        assert FIRST <= strict.day(acquired.since) <= LAST
        if timed:
            assert strict.moment(acquired.since).isoformat() == acquired.since


def test_a_theft_is_an_interval_that_is_reported_after_it(made: Made) -> None:
    for line in made.lines:
        timed = "T" in line.stolen.since
        assert (line.stolen.precision == "day") is not timed
        reported = strict.moment(line.reported_at)
        assert reported.isoformat() == line.reported_at
        assert strict.day(line.reported_at) <= LAST
        if line.stolen.until:
            assert ("T" in line.stolen.until) is timed
            first = strict.moment(line.stolen.since)
            assert first <= strict.moment(line.stolen.until) <= reported


def test_files_are_in_the_order_of_entry(made: Made) -> None:
    reported = [line.reported_at[:10] for line in made.lines if line.status == "reported"]
    assert reported == sorted(reported)
    days = [strict.day(purchase.acquired.since) for purchase in made.purchases]
    late = sum(later < earlier for earlier, later in pairwise(days))
    assert late < 0.06 * len(days)


def test_lines_are_numbered_and_a_payment_is_the_sum_of_its_prices(made: Made) -> None:
    for purchase in made.purchases:
        assert [item.line for item in purchase.items] == list(range(1, len(purchase.items) + 1))
        cents = sum(
            int(item.price.amount.replace(".", "")) for item in purchase.items if item.price
        )
        assert purchase.payment is not None
        paid = purchase.payment.amount
        assert cents == (0 if paid is None else int(paid.replace(".", "")))
        assert (purchase.payment.form == "none") is (cents == 0)


def test_a_reason_stands_where_the_mode_asks_for_one(made: Made) -> None:
    for purchase in made.purchases:
        assert (purchase.reason is not None) is (purchase.mode in ("offer_refused", "held"))
        assert purchase.mode != "found" or purchase.seller is None


def test_an_amendment_changes_the_status_and_nothing_else(made: Made) -> None:
    first: dict[str, strict.StolenItem] = {}
    for line in made.lines:
        earlier = first.setdefault(line.key, line)
        assert (line.status == "withdrawn") is (line.withdrawn_reason is not None)
        assert (line.status == "recovered") is (line.recovered_at is not None)
        if earlier is line:
            continue
        assert earlier.status == "reported"
        line_as_reported = [
            getattr(line, name)
            for name in line.__struct_fields__
            if name not in ("status", "withdrawn_reason", "recovered_at")
        ]
        assert line_as_reported == [
            getattr(earlier, name)
            for name in earlier.__struct_fields__
            if name not in ("status", "withdrawn_reason", "recovered_at")
        ]


def test_a_good_is_recovered_after_it_was_reported(made: Made) -> None:
    for line in made.lines:
        if line.recovered_at:
            assert strict.moment(line.reported_at) < strict.moment(line.recovered_at)
            assert strict.day(line.recovered_at) <= LAST


def test_most_imei_numbers_are_valid(made: Made) -> None:
    numbers = [
        number.value
        for purchase in made.purchases
        for item in purchase.items
        for number in item.identifiers
        if number.type == "imei"
    ]
    assert sum(imei.is_valid(number) for number in numbers) > 0.9 * len(numbers)


def test_most_vins_have_seventeen_signs_without_i_o_and_q(made: Made) -> None:
    numbers = [
        number.value
        for line in made.lines
        for number in line.item.identifiers
        if number.type == "vin"
    ]
    sound = [n for n in numbers if len(n) == 17 and not set(n) & set("IOQ")]
    assert numbers
    assert len(sound) > 0.9 * len(numbers)


def test_no_citizen_service_number_stands_anywhere(made: Made) -> None:
    written: Counter[str] = Counter()
    for purchase in made.purchases:
        if purchase.seller and purchase.seller.document:
            written[purchase.seller.document.number] += 1
        for item in purchase.items:
            written.update(number.value for number in item.identifiers)
    for line in made.lines:
        written.update(number.value for number in line.item.identifiers)
    nine_digits = [value for value in written if value.isdigit() and len(value) in (8, 9)]
    assert not [value for value in nine_digits if len(value) == 9 and bsn.is_valid(value)]


def test_accounts_are_well_formed(made: Made) -> None:
    accounts = [p.payment.account for p in made.purchases if p.payment and p.payment.account]
    assert accounts
    assert all(iban.is_valid(account) for account in accounts)


def test_a_person_stands_in_purchases_that_bear_a_seller_each_in_one_person(made: Made) -> None:
    sellers = {purchase.key for purchase in made.purchases if purchase.seller}
    presented = [reference.key for person in made.persons for reference in person.presented]
    assert len(presented) == len(set(presented))
    assert set(presented) == sellers


def test_a_brand_has_its_own_models_and_prices_lie_in_the_range_of_the_kind(made: Made) -> None:
    dearest = {"bicycle": 1_000, "phone": 750, "laptop": 1_100, "car": 55_000, "console": 250,
               "household": 70, "car_part": 1_000}  # fmt: skip
    models: dict[tuple[str, str], set[str]] = {}
    for purchase in made.purchases:
        for item in purchase.items:
            if item.kind in dearest and item.price:
                assert 1 <= float(item.price.amount) <= dearest[item.kind]
            if item.brand and item.model:
                models.setdefault((item.kind, item.model.lower()), set()).add(item.brand)
    assert "Gazelle" in models["bicycle", "orange c7"]
    assert "Apple" in models["phone", "iphone 13"]
    assert "Gazelle" not in models["phone", "iphone 13"]


def test_only_goods_after_the_limit_of_2026_are_seldom_paid_for_in_cash(made: Made) -> None:
    large: dict[bool, Counter[str]] = {True: Counter(), False: Counter()}
    for purchase in made.purchases:
        if purchase.payment and float(purchase.payment.amount or 0) >= 3_000:
            limited = strict.day(purchase.acquired.since) >= strict.day("2026-01-01")
            large[limited][purchase.payment.form] += 1
    before = large[False]["cash"] / large[False].total()
    after = large[True]["cash"] / large[True].total()
    assert after < 0.02 < 0.05 < before


def test_sellers_are_of_age_with_few_exceptions(made: Made) -> None:
    minors = 0
    for purchase in made.purchases:
        if purchase.seller and purchase.seller.born:
            born = strict.day(purchase.seller.born)
            age = strict.day(purchase.acquired.since) - born
            minors += age < timedelta(days=18 * 365.25)
    assert minors < 0.01 * len(made.purchases)
