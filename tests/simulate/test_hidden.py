"""Nothing but the truth tells which goods are planted: no key, no order, no file."""

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from math import sqrt

from herkomst.simulate.draws import stream
from herkomst.simulate.keys import Keys, ReportNumbers
from tests.simulate.conftest import Made


def assert_even(halves: tuple[int, int]) -> None:
    """Allow the difference that chance makes between two halves, four standard deviations."""
    first, second = halves
    assert abs(first - second) <= 4 * sqrt(first + second) + 1


def split(planted: set[str], order: Sequence[str]) -> tuple[int, int]:
    middle = len(order) // 2
    return (
        sum(key in planted for key in order[:middle]),
        sum(key in planted for key in order[middle:]),
    )


def test_planted_purchases_lie_evenly_by_key_and_by_place(made: Made) -> None:
    planted = {hit.purchase.key for hit in made.hits}
    keys = [purchase.key for purchase in made.purchases]
    assert_even(split(planted, sorted(keys)))
    assert_even(split(planted, keys))
    assert_even(split(planted, sorted(keys, key=lambda key: key[::-1])))


def test_purchases_of_planted_crimes_lie_evenly_by_key(made: Made) -> None:
    planted = {reference.key for crime in made.crimes for reference in crime.purchases}
    keys = [purchase.key for purchase in made.purchases]
    assert_even(split(planted, sorted(keys)))
    assert_even(split(planted, sorted(keys, key=lambda key: key[::-1])))


def test_persons_of_planted_crimes_are_written_down_as_all_others_are(made: Made) -> None:
    planted = {reference.key for crime in made.crimes for reference in crime.purchases}
    sellers = [(p.key in planted, p.seller) for p in made.purchases if p.seller]
    for name in ("phone", "document", "born", "address"):
        written: dict[bool, list[bool]] = {True: [], False: []}
        for is_planted, seller in sellers:
            written[is_planted].append(getattr(seller, name) is not None)
        of_planted, of_others = (sum(w) / len(w) for w in (written[True], written[False]))
        assert abs(of_planted - of_others) < 0.06


def test_who_has_a_part_in_a_crime_sells_as_all_others_do(made: Made) -> None:
    bought = {purchase.key: purchase for purchase in made.purchases}
    people = ("prolific", "ring", "straw", "borrowed_document")
    planted = [bought[r.key] for c in made.planted if c.kind in people for r in c.purchases]
    modes = Counter(purchase.mode for purchase in planted)
    lines = Counter(len(purchase.items) for purchase in planted)
    assert 0.4 < modes["bought"] / len(planted) < 0.95
    assert modes["traded_in"] + modes["pawned"]
    assert 0.04 < 1 - lines[1] / len(planted) < 0.30


def test_large_burglaries_are_mostly_of_goods_that_no_shop_ever_sees(made: Made) -> None:
    sold = {here.stolen.key.rsplit("-", 1)[0] for here in made.stolen_here if here.stolen}
    large = {key.rsplit("-", 1)[0] for key in made.stolen if int(key.rsplit("-", 1)[1]) > 6}
    assert len(large - sold) > len(large & sold)


def test_planted_stolen_goods_lie_evenly_by_key(made: Made) -> None:
    planted = {hit.stolen.key for hit in made.hits}
    keys = list(made.stolen)
    assert_even(split(planted, sorted(keys, key=lambda key: key[11:])))


def test_report_and_receipt_do_not_run_together(made: Made) -> None:
    pairs = sorted((hit.purchase.key, hit.stolen.key[11:]) for hit in made.hits)
    rising = sum(later[1] > earlier[1] for earlier, later in pairwise(pairs))
    assert abs(rising - len(pairs) / 2) < 4 * sqrt(len(pairs))


def test_planted_goods_are_found_at_any_place_of_a_report(made: Made) -> None:
    ends = {hit.stolen.key[-1] for hit in made.hits}
    assert "1" in ends
    assert len(ends) > 1


def test_keys_never_repeat() -> None:
    keys = Keys(stream(1, "keys"))
    assert len({keys.next() for _ in range(50_000)}) == 50_000


def test_report_numbers_never_repeat_within_unit_and_year() -> None:
    numbers = ReportNumbers(stream(1, "reports"))
    found = {numbers.next("Limburg", "2025") for _ in range(50_000)}
    assert len(found) == 50_000
    assert all(number.startswith("PL23") and number[7:11] == "2025" for number in found)
