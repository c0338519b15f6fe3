"""Every planted crime is what the truth says it is, and so is everything that looks like one."""

from collections import Counter, defaultdict
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from herkomst.simulate import companies, rates
from herkomst.simulate.crimes.programme import CRIMES, LOOK_ALIKES, counts
from herkomst.simulate.world import simulate
from tests.simulate import strict
from tests.simulate.conftest import Made

NOT_SCENES = {"bad_shop": set(rates.PLANTED["bad_shop"])}


def phone_of(seller: strict.Seller | None) -> str | None:
    if seller is None or seller.phone is None:
        return None
    return seller.phone.replace("-", "").replace("+31", "0")


class Told:
    """The crimes of a world beside their purchases."""

    def __init__(self, made: Made) -> None:
        self.made = made
        self.purchases = {purchase.key: purchase for purchase in made.purchases}
        self.person_of = {
            reference.key: person.person
            for person in made.persons
            for reference in person.presented
        }
        self.sold = {person.person: len(person.presented) for person in made.persons}
        self.stolen = {here.purchase.key for here in made.stolen_here}
        self.hits = {hit.purchase.key for hit in made.hits}

    def of(self, kind: str, form: str | None = None) -> list[strict.Crime]:
        found = [c for c in self.made.crimes if c.kind == kind and form in (None, c.form)]
        assert found
        return found

    def bought(self, crime: strict.Crime) -> list[strict.Purchase]:
        found = [self.purchases[reference.key] for reference in crime.purchases]
        return sorted(found, key=lambda purchase: strict.moment(purchase.acquired.since))


@pytest.fixture(scope="module")
def told(made: Made) -> Told:
    return Told(made)


def shop_of(purchase: strict.Purchase) -> tuple[str, str | None]:
    return purchase.dealer.key, purchase.branch


# -- how many -------------------------------------------------------------------------------------


def test_a_small_world_has_one_of_every_form(made: Made) -> None:
    forms = Counter((crime.kind, crime.form) for crime in made.planted)
    assert forms == {(kind, form): 1 for kind, forms in rates.PLANTED.items() for form in forms}
    assert made.counts.crimes == len(made.planted)


def test_each_crime_has_ten_innocent_look_alikes(made: Made) -> None:
    alike = Counter(crime.look_alike_of for crime in made.crimes if crime.look_alike_of)
    planted = Counter(crime.kind for crime in made.planted)
    assert alike == {kind: 10 * count for kind, count in planted.items()}


def test_a_million_purchases_hold_what_the_table_says() -> None:
    for kind, forms in rates.PLANTED.items():
        assert counts(kind, 1_000_000) == forms
        assert counts(kind, 10_000_000) == {form: 10 * count for form, count in forms.items()}
    assert {kind: sum(forms.values()) for kind, forms in rates.PLANTED.items()} == {
        "prolific": 40, "ring": 12, "straw": 25, "bad_shop": 15, "structuring": 30,
        "borrowed_document": 15, "sold_then_reported": 20,
    }  # fmt: skip


def test_every_form_and_look_alike_of_the_table_has_its_scene() -> None:
    played = {kind: set(forms) for kind, forms in CRIMES.items()} | NOT_SCENES
    assert played == {kind: set(forms) for kind, forms in rates.PLANTED.items()}
    alike = {name for names in rates.LOOK_ALIKES.values() for name in names}
    assert alike == set(LOOK_ALIKES) | {"large_honest_shop"}


def test_a_tiny_world_has_no_crimes(tmp_path: Path) -> None:
    counted = simulate(tmp_path, dealers=40, purchases=900, stolen=900, seed=1)
    assert counted.crimes == counted.look_alikes == 0
    assert (tmp_path / "truth/crimes.ndjson").read_bytes() == b""


def test_what_is_told_stands_in_the_registers(told: Told) -> None:
    for crime in told.made.crimes:
        assert crime.purchases or crime.kind == "large_honest_shop"
        assert {reference.key for reference in crime.purchases} <= told.purchases.keys()
        assert set(crime.members) <= told.sold.keys()
        if crime.dealer is None and crime.kind != "clerks_slip":
            assert {told.person_of[r.key] for r in crime.purchases} == set(crime.members)


# -- what they are --------------------------------------------------------------------------------


def test_a_prolific_seller_sells_much_of_it_stolen(told: Told) -> None:
    for crime in told.of("prolific"):
        low, high = rates.PROLIFIC_SALES
        assert low <= len(crime.purchases) <= high
        assert any(reference.key in told.stolen for reference in crime.purchases)
        hit = any(reference.key in told.hits for reference in crime.purchases)
        assert hit is (crime.form == "with_hits")


def test_a_ring_by_phone_gives_one_number(told: Told) -> None:
    for crime in told.of("ring", "by_phone"):
        phones = {phone_of(purchase.seller) for purchase in told.bought(crime)} - {None}
        assert len(phones) == 1
        assert 3 <= len(crime.members) <= 9


def test_a_ring_by_address_gives_one_address(told: Told) -> None:
    for crime in told.of("ring", "by_address"):
        homes = {
            p.seller.address.street for p in told.bought(crime) if p.seller and p.seller.address
        }
        assert len(homes) == 1


@pytest.mark.parametrize("form", ["by_presence", "by_series"])
def test_other_rings_share_neither(told: Told, form: str) -> None:
    for crime in told.of("ring", form):
        owners: dict[object, set[str]] = defaultdict(set)
        for purchase in told.bought(crime):
            assert purchase.seller
            for shared in (phone_of(purchase.seller), purchase.seller.document):
                if shared:
                    owners[str(shared)].add(told.person_of[purchase.key])
        assert all(len(members) == 1 for members in owners.values())


def test_a_ring_by_presence_comes_within_twenty_minutes(told: Told) -> None:
    for crime in told.of("ring", "by_presence"):
        days = Counter((shop_of(p), strict.day(p.acquired.since)) for p in told.bought(crime))
        assert min(days.values()) >= 2
        for one, other in pairwise(told.bought(crime)):
            exact = one.acquired.precision == other.acquired.precision == "second"
            if exact and strict.day(one.acquired.since) == strict.day(other.acquired.since):
                apart = strict.moment(other.acquired.since) - strict.moment(one.acquired.since)
                assert apart <= timedelta(minutes=21)


def test_a_ring_by_series_sells_goods_of_one_report(told: Told) -> None:
    for crime in told.of("ring", "by_series"):
        keys = {reference.key for reference in crime.purchases}
        reports = {
            here.stolen.key.rsplit("-", 1)[0]
            for here in told.made.stolen_here
            if here.stolen and here.purchase.key in keys
        }
        assert len(reports) == 1


def test_unlinked_straw_sellers_share_nothing(told: Told) -> None:
    for crime in told.of("straw", "unlinked"):
        bought = told.bought(crime)
        assert 4 <= len(crime.members) <= 20
        phones = [phone for p in bought if (phone := phone_of(p.seller))]
        assert len(phones) == len(set(phones))
        assert len({(shop_of(p), p.acquired.since) for p in bought}) == len(bought)


def test_split_cash_stays_below_the_limit_and_passes_it_together(told: Told) -> None:
    for crime in told.of("structuring"):
        paid = [purchase.payment for purchase in told.bought(crime)]
        cents = [int(p.amount.replace(".", "")) for p in paid if p and p.amount]
        assert {payment.form for payment in paid if payment} == {"cash"}
        assert 2 <= len(cents) <= 6
        assert max(cents) < 300_000 <= sum(cents) <= 1_200_000
        assert all(strict.day(p.acquired.since).year == 2026 for p in told.bought(crime))


def test_split_cash_by_form(told: Told) -> None:
    for crime in told.of("structuring", "one_dealer"):
        assert len({shop_of(purchase) for purchase in told.bought(crime)}) == 1
    for crime in told.of("structuring", "branches"):
        bought = told.bought(crime)
        assert len({purchase.dealer.key for purchase in bought}) == 1
        assert len({purchase.branch for purchase in bought}) > 1
    for crime in told.of("structuring", "household"):
        assert len(crime.members) in (2, 3)


def test_what_looks_like_split_cash_breaks_no_rule(told: Told) -> None:
    for crime in told.made.crimes:
        if crime.look_alike_of != "structuring":
            continue
        bought = told.bought(crime)
        forms = {p.payment.form for p in bought if p.payment}
        total = sum(float(p.payment.amount or 0) for p in bought if p.payment)
        in_2026 = any(strict.day(p.acquired.since).year == 2026 for p in bought)
        assert "cash" not in forms or not in_2026 or total < 3_000


def test_a_borrowed_document_stands_beside_two_names(told: Told) -> None:
    numbers: dict[str, set[str]] = defaultdict(set)
    for purchase in told.made.purchases:
        if purchase.seller and purchase.seller.document:
            numbers[purchase.seller.document.number].add(told.person_of[purchase.key])
    shared = [persons for persons in numbers.values() if len(persons) > 1]
    assert shared
    for crime in told.of("borrowed_document"):
        assert len(crime.members) == 1


def test_an_owner_sells_and_then_says_it_was_stolen(told: Told) -> None:
    for crime in told.of("sold_then_reported"):
        assert len(crime.purchases) == len(crime.members) == 1
        assert crime.purchases[0].key not in told.hits | told.stolen


def test_a_bad_shop_writes_late(told: Told) -> None:
    order = {purchase.key: place for place, purchase in enumerate(told.made.purchases)}
    days = [strict.day(purchase.acquired.since) for purchase in told.made.purchases]
    for crime in told.of("bad_shop", "late"):
        assert len(crime.purchases) > 20
        later = [days[order[r.key] - 1] > days[order[r.key]] for r in crime.purchases]
        assert sum(later) > 0.8 * len(later)


def test_a_bad_shop_leaves_off_numbers_of_stolen_goods(told: Told) -> None:
    for crime in told.of("bad_shop", "no_numbers"):
        assert {reference.key for reference in crime.purchases} <= told.stolen


def test_a_bad_shop_has_more_hits_for_its_entries_than_honest_ones(told: Told) -> None:
    entries = Counter(shop_of(purchase) for purchase in told.made.purchases)
    hits = Counter(shop_of(told.purchases[key]) for key in told.hits)
    usual = sum(hits.values()) / sum(entries.values())
    for crime in told.of("bad_shop", "many_hits"):
        assert crime.dealer
        shop = crime.dealer.key, crime.branch
        assert entries[shop] >= 0.8 * rates.MANY_HITS_FEWEST_ENTRIES
        assert hits[shop] / entries[shop] > 1.5 * usual


def test_an_invented_seller_stands_in_two_towns_within_minutes(told: Told) -> None:
    for crime in told.of("bad_shop", "invented"):
        noted = {reference.key for reference in crime.purchases}
        both = {
            person.person
            for person in told.made.persons
            if len(person.presented) == 2 and len(noted & {r.key for r in person.presented}) == 1
        }
        assert len(both) >= 5
        assert not crime.members


def test_honest_large_shops_have_the_most_hits(told: Told) -> None:
    assert all(crime.dealer for crime in told.of("large_honest_shop"))
    bad = {(c.dealer.key, c.branch) for c in told.of("bad_shop") if c.dealer}
    honest = {(c.dealer.key, c.branch) for c in told.of("large_honest_shop") if c.dealer}
    assert not bad & honest


# -- innocent companies and second sources --------------------------------------------------------


def test_the_insurers_report_one_in_twentyfive_of_the_goods(made: Made) -> None:
    keys = {line.key for line in made.insured}
    assert len(keys) == made.counts.second_reports
    assert abs(len(keys) / made.counts.stolen - rates.TWO_SOURCES) < 0.008
    assert {line.source for line in made.insured} == {"verzekeraars"}
    assert {pair.stolen[1].key for pair in made.same_thefts} == keys
    assert {pair.stolen[0].key for pair in made.same_thefts} <= made.stolen.keys()


def test_a_hit_on_a_good_of_the_insurers_is_of_a_stolen_good(made: Made) -> None:
    here = {(line.purchase.key, line.purchase.line) for line in made.stolen_here}
    assert {(hit.purchase.key, hit.purchase.line) for hit in made.insured_hits} <= here
    assert {(hit.purchase.key, hit.purchase.line) for hit in made.hits} <= here


def test_dealers_sell_to_dealers(made: Made) -> None:
    names = {dealer.name for dealer in made.dealers}
    sold = [p for p in made.purchases if p.seller and p.seller.family_name in names]
    assert abs(len(sold) / len(made.purchases) - rates.DEALER_TO_DEALER) < 0.005
    own = {dealer.key: dealer.name for dealer in made.dealers}
    assert all(p.seller and own[p.dealer.key] != p.seller.family_name for p in sold)


def test_insurers_and_depots_sell_what_was_recovered(made: Made) -> None:
    sellers = {p.seller.family_name for p in made.purchases if p.seller}
    assert sellers & set(companies.INSURERS)
    assert sellers & set(companies.DEPOTS)


def test_a_fleet_has_neighbouring_numbers(made: Made) -> None:
    fleets = [p for p in made.purchases if p.seller and p.seller.family_name.endswith("Verhuur BV")]
    assert sum(len(p.items) for p in fleets) >= 26
