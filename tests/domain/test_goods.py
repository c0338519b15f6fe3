import pytest
from hypothesis import given
from hypothesis import strategies as st

from herkomst.domain.goods import (
    KINDS,
    brands_agree,
    kinds_contradict,
    models_agree,
    nearest_kind,
    normal_brand,
    normal_model,
)
from herkomst.domain.identifiers import IDENTIFIER_TYPES

NAMED_OUTSIDE = """
bicycle e_bike cargo_bike moped car car_part phone tablet laptop desktop console camera television
audio watch ring necklace coin gold_scrap metal_scrap tool power_tool instrument painting
silverware household appliance drone motorcycle electric_step outboard_motor
"""

kinds = st.sampled_from(sorted(KINDS))


def test_given_the_catalogue_when_read_then_every_promised_kind_is_there() -> None:
    assert set(NAMED_OUTSIDE.split()) <= KINDS.keys()
    assert all({*kind.identifiers} <= IDENTIFIER_TYPES for kind in KINDS.values())


def test_given_the_catalogue_when_read_then_every_near_family_exists() -> None:
    families = {kind.family for kind in KINDS.values()}
    assert {near for kind in KINDS.values() for near in kind.near} <= families


@pytest.mark.parametrize(
    ("wrong", "nearest"),
    [("bicycles", "bicycle"), ("fiets", "bicycle"), ("E-Bike", "e_bike"), ("scooter", "moped")],
)
def test_given_an_unknown_kind_when_asked_then_the_nearest_is_named(
    wrong: str, nearest: str
) -> None:
    assert nearest_kind(wrong) == nearest


@given(kinds, kinds)
def test_given_two_kinds_when_compared_then_their_order_does_not_matter(a: str, b: str) -> None:
    assert kinds_contradict(a, b) == kinds_contradict(b, a)


@given(kinds)
def test_given_a_kind_when_compared_then_it_never_contradicts_itself_or_a_generic_one(
    kind: str,
) -> None:
    assert not any(kinds_contradict(kind, other) for other in (kind, "household", "other"))


@pytest.mark.parametrize(
    ("a", "b", "contradict"),
    [
        ("bicycle", "e_bike", False),
        ("bicycle", "laptop", True),
        ("phone", "laptop", True),
        ("tablet", "laptop", False),
        ("car", "car_part", False),
        ("smartwatch", "watch", False),
        ("coin", "ring", False),
        ("coin", "watch", True),
    ],
)
def test_given_families_of_goods_when_compared_then_only_distant_ones_contradict(
    a: str, b: str, contradict: bool
) -> None:
    assert kinds_contradict(a, b) is contradict


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("HP", "Hewlett-Packard"),
        ("hewlett packard", "H.P."),
        ("VW", "Volkswagen"),
        ("B&O", "Bang & Olufsen"),
        ("Citroen", "Citroën"),
        ("LG Electronics", "lg"),
        ("iPhone", "Apple"),
    ],
)
def test_given_two_spellings_of_a_brand_when_normalised_then_they_are_one(a: str, b: str) -> None:
    assert normal_brand(a) == normal_brand(b) is not None


@pytest.mark.parametrize(
    "brand", [None, "", "-", "Onbekend", "unknown", "overig", "Other", "diversen", "merkloos", "?"]
)
def test_given_no_brand_when_normalised_then_it_is_missing(brand: str | None) -> None:
    assert normal_brand(brand) is None
    assert brands_agree(brand, "Gazelle") is None


@given(st.text(max_size=15))
def test_given_a_normal_brand_when_normalised_again_then_it_stays(brand: str) -> None:
    normal = normal_brand(brand)
    assert normal is None or normal_brand(normal) == normal


@pytest.mark.parametrize(
    ("a", "b", "agree"),
    [
        ("Gazelle", "Gazele", True),
        ("Gazelle", "Gazlele", True),
        ("Gazelle", "Batavus", False),
        ("Asus", "Asu", False),
        ("Canon", "Canyon", False),
        ("Canon", "Cannon", True),
    ],
)
def test_given_one_slip_in_a_long_brand_when_compared_then_it_still_agrees(
    a: str, b: str, agree: bool
) -> None:
    assert brands_agree(a, b) is agree
    assert brands_agree(b, a) is agree


@pytest.mark.parametrize(
    ("model", "brand", "normal"),
    [
        ("Apple iPhone 12", "apple inc.", "iphone12"),
        ("IPHONE-12", None, "iphone12"),
        ("Hewlett Packard EliteBook 840", "HP", "elitebook840"),
        ("Galaxy S21+", "Samsung", "galaxys21plus"),
        ("X", "Tesla", "x"),
        ("Gazelle", "Gazelle", None),
        ("onbekend", "Gazelle", None),
        ("", "Gazelle", None),
        (None, None, None),
    ],
)
def test_given_a_model_when_normalised_then_its_brand_and_separators_are_gone(
    model: str | None, brand: str | None, normal: str | None
) -> None:
    assert normal_model(model, brand) == normal


@pytest.mark.parametrize(
    ("a", "b", "agree"),
    [("iPhone 12", "Apple iphone12", True), ("S21", "S21+", False), ("S21", None, None)],
)
def test_given_two_models_when_compared_then_their_normal_forms_decide(
    a: str, b: str | None, agree: bool | None
) -> None:
    assert models_agree(a, b, "Apple") is agree
