from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import ean, imei, luhn

from herkomst.simulate import catalogue, numbers
from herkomst.simulate.draws import stream
from herkomst.simulate.errors import SimulationError
from herkomst.simulate.numbers import CLASSES, Form, Mint, Permutation


@given(size=st.integers(1, 3_000), seed=st.integers(0, 50))
def test_a_permutation_reaches_every_number_once(size: int, seed: int) -> None:
    mapping = Permutation(size, stream(seed, "permutation"))
    assert sorted(mapping(place) for place in range(size)) == list(range(size))


def test_a_form_gives_out_numbers_without_repeating_one_until_it_has_no_more() -> None:
    form, chance = Form("A###-@", 1), stream(1, "draws")
    found: list[str] = []
    with pytest.raises(SimulationError) as exhausted:
        empty(form, chance, found)
    assert exhausted.value.code == "numbers_exhausted"
    assert "A###-@" in exhausted.value.message
    assert len(set(found)) == len(found) > 11_000


def empty(form: Form, chance: Random, found: list[str]) -> None:
    while True:
        found.append(form.next(chance))


def test_factory_runs_make_neighbours() -> None:
    form, chance = Form("GZ#######", 1), stream(1, "draws")
    found = sorted(int(form.next(chance)[2:]) for _ in range(2_000))
    neighbours = sum(b - a == 1 for a, b in pairwise(found))
    assert 0.2 * 2_000 < neighbours < 0.4 * 2_000


@given(st.integers(0, 10**14 - 1))
def test_the_check_digit_of_an_imei_is_luhns(body: int) -> None:
    digits = f"{body:014d}"
    assert numbers.luhn(digits) == luhn.calc_check_digit(digits)


def test_imei_numbers_are_valid_and_bear_the_code_of_their_model() -> None:
    mint, chance = Mint(1), stream(1, "draws")
    codes = {numbers.tac(7, variant) for variant in range(8)}
    for _ in range(200):
        number = mint.imei(chance, 7)
        assert imei.is_valid(number)
        assert number[:8] in codes


def test_type_allocation_codes_and_article_numbers_are_of_one_model() -> None:
    models = range(400)
    codes = {numbers.tac(model, variant) for model in models for variant in range(8)}
    articles = {numbers.ean(model, variant) for model in models for variant in range(16)}
    assert len(codes) == 400 * 8
    assert len(articles) == 400 * 16
    assert all(ean.is_valid(article) for article in articles)


def test_a_vin_has_seventeen_signs_and_the_year_in_the_tenth() -> None:
    mint, chance = Mint(1), stream(1, "draws")
    number = mint.vin(chance, "WVWABCDEF", 2014)
    assert len(number) == 17
    assert number[:10] == "WVWABCDEFE"


@pytest.mark.parametrize(
    ("year", "signs"),
    [(2004, "00-XX-XX"), (2010, "00-XXX-0"), (2014, "0-XXX-00"), (2017, "XX-000-X"),
     (2022, "X-000-XX"), (2025, "XXX-00-X")],
)  # fmt: skip
def test_a_plate_is_of_the_series_of_its_year(year: int, signs: str) -> None:
    plate = Mint(1).plate(stream(1, "draws"), year)
    shape = "".join("0" if s.isdigit() else "X" if s.isalpha() else s for s in plate)
    assert shape == signs


def test_now_and_then_a_frame_number_stands_on_two_bicycles() -> None:
    mint, chance = Mint(1), stream(1, "draws")
    brands = ("Gazelle", "Trek")
    found = [
        (mint.frame(chance, brand, template), brand)
        for _ in range(4_000)
        for brand, template in zip(brands, ("GZ#######", "WTU###@####@"), strict=True)
    ]
    numbers_alone = [number for number, _ in found]
    repeated = len(numbers_alone) - len(set(numbers_alone))
    assert 10 < repeated < 90
    across = len(set(found)) - len(set(numbers_alone))
    assert across > 0.7 * repeated


def templates() -> list[str]:
    found = {row[3] for row in catalogue.ROWS if row[3] and row[0] not in numbers_of_vehicles()}
    plates = {series for _, series in numbers.PLATES}
    plates |= {*numbers.MOPED_PLATES, *numbers.MOTORCYCLE_PLATES, numbers.CHIP}
    return sorted(found | plates)


def numbers_of_vehicles() -> set[str]:
    return {"car", "motorcycle", "moped"}


def signs(template: str) -> list[set[str]]:
    return [set(CLASSES.get(sign, sign)) for sign in template if sign in CLASSES or sign.isalnum()]


def test_no_two_forms_share_a_number() -> None:
    """Equal numbers of two goods would be accidents that the truth does not know."""
    found = [(template, signs(template)) for template in templates()]
    for place, (one, first) in enumerate(found):
        for other, second in found[place + 1 :]:
            alike = len(first) == len(second) and all(
                a & b for a, b in zip(first, second, strict=True)
            )
            assert not alike, f"{one!r} and {other!r}"


def test_no_form_can_be_taken_for_an_imei_or_a_citizen_service_number() -> None:
    for template in templates():
        places = signs(template)
        digits_only = all(place & set("0123456789") for place in places)
        assert not (digits_only and len(places) in (8, 9)), template
        assert not (digits_only and len(places) == 15 and template != numbers.CHIP), template


def test_makers_and_types_of_vehicles_have_nine_signs_a_vin_may_hold() -> None:
    for kind, _, _, template, _ in catalogue.ROWS:
        if kind in numbers_of_vehicles():
            assert len(template) == 3
            assert not set(template) & set("IOQ")
