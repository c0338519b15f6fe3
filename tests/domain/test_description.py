"""How alike goods are by what is said of them: pure, the same both ways, and rare counts more."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herkomst.domain import description
from herkomst.domain.description import (
    Described,
    Resemblance,
    Value,
    Weight,
    as_reason,
    band,
    compare,
    fingerprint,
    said,
    why_not,
)
from herkomst.domain.identifiers import numbers
from herkomst.domain.matching import Side
from herkomst.domain.municipalities import MUNICIPALITIES, distance
from herkomst.domain.tables import rows

THEFT = datetime(2026, 3, 1, 8, tzinfo=UTC)
SHOPS = {"GM0363": 30, "GM0394": 5, "GM0014": 15}
DIRECTED = {"place", "time"}
"""Features in which it matters which of the two was stolen."""
KINDS = ("bicycle", "e_bike", "phone", "ring")


def a_token(text: str) -> str:
    return f"~{len(text)}{text[::-1]}"


def a_good(
    kind: str = "bicycle",
    brand: str | None = "Gazelle",
    model: str | None = "Orange C8",
    *,
    number: tuple[str, str] | None = None,
    start: datetime = THEFT,
    end: datetime | None = None,
    colours: tuple[str, ...] = ("zwart",),
    attributes: tuple[tuple[str, str], ...] = (),
    text: str | None = None,
    municipality: str | None = "GM0363",
    **status: Any,
) -> Described:
    found = numbers([number] if number else [], kind, brand, a_token)
    side = Side(kind, brand, model, found, start, end or start + timedelta(hours=1), **status)
    return Described(side, colours, attributes, text, municipality)


def bought(**changes: Any) -> Described:
    return a_good(**{"start": THEFT + timedelta(days=2), **changes})


def common(value: Value, _: Value) -> float:
    """Some share of everything that is said, the same for the same."""
    return (sum("".join(value.parts).encode()) % 97 + 1) / 100


def seldom(_: Value, __: Value) -> float:
    return 0.001


def often(_: Value, __: Value) -> float:
    return 0.5


def outcomes(found: Resemblance) -> dict[str, float]:
    return {feature.code: feature.bits for feature in found.features}


TEXTS = st.sampled_from([None, "met krat", "krat met mand", "barst in scherm", "deuk"])
GOODS = st.builds(
    a_good,
    kind=st.sampled_from(KINDS),
    brand=st.sampled_from([None, "Gazelle", "gazele", "Batavus", "Onbekend"]),
    model=st.sampled_from([None, "Orange C8", "orange-c8", "Mambo"]),
    number=st.sampled_from(
        [None, ("imei", "490154203237518"), ("imei", "356938035643809"), ("frame", "GZ4711003")]
    ),
    start=st.integers(-2000, 20_000).map(lambda hours: THEFT + timedelta(hours=hours)),
    colours=st.lists(st.sampled_from(["zwart", "Rood", "rood"]), max_size=2).map(tuple),
    attributes=st.sampled_from([(), (("weight_mg", "5650"),), (("weight_mg", "5700"),)]),
    text=TEXTS,
    municipality=st.sampled_from([None, "GM0363", "GM0014", "GM9999"]),
)


class TestLaws:
    @given(GOODS, GOODS)
    def test_what_two_goods_say_of_each_other_is_the_same_whichever_was_stolen(
        self, a: Described, b: Described
    ) -> None:
        one = Counter(
            (f.code, f.bits)
            for f in compare(a, b, common, SHOPS).features
            if f.name not in DIRECTED
        )
        other = Counter(
            (f.code, f.bits)
            for f in compare(b, a, common, SHOPS).features
            if f.name not in DIRECTED
        )

        assert one == other

    @given(GOODS, GOODS)
    def test_it_is_a_function_of_what_is_given(self, a: Described, b: Described) -> None:
        assert compare(a, b, common, SHOPS) == compare(a, b, common, dict(SHOPS))

    @given(GOODS, GOODS)
    def test_the_rarer_what_agrees_the_more_it_weighs(self, a: Described, b: Described) -> None:
        rare, frequent = (outcomes(compare(a, b, share, SHOPS)) for share in (seldom, often))

        assert rare.keys() == frequent.keys()
        assert all(rare[code] >= frequent[code] for code in rare)
        agree = ("kind_agrees", "brand_agrees", "colour_agrees", "attribute_agrees")
        assert all(rare[code] > frequent[code] for code in rare if code in agree)

    @given(GOODS, GOODS)
    def test_only_what_either_good_says_is_asked_of_the_register(
        self, a: Described, b: Described
    ) -> None:
        asked: set[Value] = set()

        def ask(value: Value, of: Value) -> float:
            asked.update((value, of))
            return 1.0

        compare(a, b, ask, SHOPS)
        kinds = {a.side.kind, b.side.kind}
        assert {value.parts[0] for value in asked if value.parts} <= kinds

    @given(GOODS, GOODS)
    def test_a_score_stands_below_every_hit_on_a_number(self, a: Described, b: Described) -> None:
        assert 1 <= compare(a, b, seldom, SHOPS).score <= 340

    @given(GOODS, GOODS)
    def test_every_feature_is_told_once_for_it_or_against_it(
        self, a: Described, b: Described
    ) -> None:
        found = compare(a, b, common, SHOPS)

        assert Counter(found.reasons + found.against) == Counter(found.features)
        assert all(feature.bits > -0.5 for feature in found.reasons)


class TestFingerprint:
    def test_case_order_and_separators_are_no_facts(self) -> None:
        one = a_good(text="Krat, met mand", colours=("zwart", "Rood"))
        other = a_good(
            brand="GAZELLE", model="orange-c8", text="mand met krat", colours=("rood", "zwart")
        )

        assert fingerprint(one, bought(), a_token) == fingerprint(other, bought(), a_token)

    @pytest.mark.parametrize(
        "changed",
        [
            a_good(kind="e_bike"),
            a_good(brand="Batavus"),
            a_good(model="Mambo"),
            a_good(colours=("rood",)),
            a_good(attributes=(("gears", "8"),)),
            a_good(text="met krat"),
            a_good(municipality="GM0014"),
            a_good(number=("frame", "GZ4711003")),
            a_good(start=THEFT - timedelta(days=1)),
            a_good(withdrawn=True),
            a_good(recovered=THEFT, recovered_end=THEFT),
        ],
    )
    def test_each_fact_that_is_compared_changes_it(self, changed: Described) -> None:
        assert fingerprint(bought(), changed, a_token) != fingerprint(bought(), a_good(), a_token)
        assert fingerprint(changed, a_good(), a_token) != fingerprint(a_good(), a_good(), a_token)

    @given(GOODS, GOODS, GOODS)
    def test_goods_of_the_same_facts_have_the_same(
        self, a: Described, b: Described, c: Described
    ) -> None:
        assert (fingerprint(a, c, a_token) == fingerprint(b, c, a_token)) == (
            description._facts(a, a_token) == description._facts(b, a_token)
        )

    def test_free_text_is_in_it_by_a_keyed_hash_alone(self) -> None:
        one, other = (
            fingerprint(bought(), a_good(text="met krat"), token)
            for token in (a_token, lambda text: f"key two {text}")
        )

        assert one != other


class TestOutcomes:
    @pytest.mark.parametrize(
        ("purchase", "stolen", "code", "weight"),
        [
            (bought(), a_good(), "model_agrees", Weight.STRONG),
            (bought(model=None), a_good(), "model_missing", Weight.NOTHING),
            (bought(model="Mambo"), a_good(), "model_differs", Weight.STRONGLY_AGAINST),
            (bought(brand="Batavus"), a_good(), "brand_differs", Weight.STRONGLY_AGAINST),
            (bought(kind="e_bike"), a_good(), "kind_akin", Weight.AGAINST),
            (bought(colours=("rood",)), a_good(), "colour_differs", Weight.STRONGLY_AGAINST),
            (bought(colours=()), a_good(), "colour_missing", Weight.NOTHING),
            (bought(), a_good(), "time_within_3_days", Weight.STRONG),
            (bought(start=THEFT + timedelta(days=700)), a_good(), "time_later", Weight.AGAINST),
            (bought(municipality="GM0014"), a_good(), "place_further", Weight.AGAINST),
            (bought(municipality=None), a_good(), "place_missing", Weight.NOTHING),
            (bought(text="met mand"), a_good(text="mand"), "text_agrees", Weight.FAIR),
            (bought(text="deuk"), a_good(text="mand"), "text_differs", Weight.AGAINST),
        ],
    )
    def test_what_comes_out(
        self, purchase: Described, stolen: Described, code: str, weight: Weight
    ) -> None:
        found = {f.code: f for f in compare(purchase, stolen, seldom, SHOPS).features}

        assert found[code].weight is weight

    def test_numbers_that_differ_speak_strongly_against_where_check_digits_hold(self) -> None:
        checked = compare(
            bought(kind="phone", number=("imei", "490154203237518")),
            a_good(kind="phone", number=("imei", "356938035643809")),
            seldom,
            SHOPS,
        )
        unchecked = compare(
            bought(number=("frame", "GZ4711003")), a_good(number=("frame", "XY9")), seldom, SHOPS
        )
        plain = compare(
            bought(number=("frame", "GZ4711003")),
            a_good(number=("frame", "BTV77120")),
            seldom,
            SHOPS,
        )

        assert outcomes(checked)["number_differs_checked"] < outcomes(plain)["number_differs"] < -3
        assert not any(code.startswith("number") for code in outcomes(unchecked))

    def test_a_misspelt_brand_is_as_common_as_the_brand(self) -> None:
        def share(value: Value, _: Value) -> float:
            return 0.4 if value == Value("brand", ("bicycle", "gazelle")) else 0.001

        found = outcomes(compare(bought(brand="Gazzelle"), a_good(), share, SHOPS))

        assert found["brand_agrees"] < 2

    def test_a_long_interval_leaves_more_to_chance(self) -> None:
        moment, holiday = (
            outcomes(compare(bought(start=THEFT), a_good(end=THEFT + ended), seldom, SHOPS))
            for ended in (timedelta(hours=1), timedelta(days=14))
        )

        assert moment["time_same_day"] > holiday["time_same_day"] + 3

    def test_a_town_with_few_shops_says_more_than_one_with_many(self) -> None:
        few, many = (
            outcomes(compare(bought(municipality=m), a_good(municipality=m), seldom, SHOPS))
            for m in ("GM0394", "GM0363")
        )

        assert few["place_same_town"] > many["place_same_town"]

    def test_free_text_is_not_told_in_what_is_recorded(self) -> None:
        found = compare(bought(text="van Testa"), a_good(text="van Testa"), seldom, SHOPS)

        told = {reason.code: reason for reason in map(as_reason, found.features)}
        assert (told["text_agrees"].purchase, told["text_agrees"].stolen) == (None, None)
        assert told["brand_agrees"].purchase == "Gazelle"


class TestWhyNot:
    @pytest.mark.parametrize(
        ("purchase", "stolen", "why"),
        [
            (bought(), a_good(), None),
            (bought(start=THEFT - timedelta(days=1)), a_good(), "earlier_passage"),
            (bought(), a_good(withdrawn=True), "withdrawn"),
            (bought(), a_good(never=True), "not_a_theft"),
            (bought(), a_good(recovered=THEFT + timedelta(days=1)), "recovered_before"),
            (bought(), a_good(recovered=THEFT + timedelta(days=9)), None),
            (bought(kind="phone"), a_good(), "kind_contradicts"),
        ],
    )
    def test_why_it_cannot_be(
        self, purchase: Described, stolen: Described, why: str | None
    ) -> None:
        assert why_not(purchase.side, stolen.side) == why


class TestTables:
    def test_shares_of_one_good_come_to_no_more_than_all(self) -> None:
        sums: Counter[str] = Counter()
        for row in rows("description_weights"):
            sums[row["feature"]] += round(1000 * float(row["same_good"]))
            assert row["source"]

        assert all(total <= 1000 for total in sums.values())
        assert sums["place"] == sums["time"] == 1000

    def test_what_is_counted_says_of_how_many(self) -> None:
        found = said(a_good(attributes=(("gears", "8"),)))

        assert {value.feature for value in found} == {
            "any", "kind", "branded", "brand", "modelled", "model", "coloured", "colour",
            "measured", "attribute",
        }  # fmt: skip

    @given(st.sampled_from(sorted(MUNICIPALITIES)), st.sampled_from(sorted(MUNICIPALITIES)))
    def test_places_are_as_near_both_ways(self, a: str, b: str) -> None:
        assert distance(a, b) == pytest.approx(distance(b, a))
        assert (band(a, b) == "same_town") == (a == b)

    def test_distances_are_those_of_the_map(self) -> None:
        assert 140 < distance("GM0363", "GM0014") < 150  # Amsterdam to Groningen
