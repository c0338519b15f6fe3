from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herkomst.domain.identifiers import Found, Number
from herkomst.domain.identifiers import numbers as numbers_of
from herkomst.domain.matching import (
    GRADES,
    Around,
    Grade,
    Reason,
    Side,
    Verdict,
    fingerprint,
    judge,
)

THEFT = datetime(2026, 3, 1, 22, tzinfo=UTC)
HOUR = timedelta(hours=1)


def number(key: str, found: Found = "number") -> Number:
    return Number(key, key, None if ":~" in key else key.partition(":")[2], found)


def stolen(**changes: Any) -> Side:
    own = (number("number:WTU1234"),)
    side = Side("bicycle", "Gazelle", "Orange C7", own, THEFT, THEFT + 10 * HOUR)
    return side._replace(**changes)


def purchase(**changes: Any) -> Side:
    bought = {"start": THEFT + 48 * HOUR, "end": THEFT + 49 * HOUR}
    return stolen()._replace(**{**bought, **changes})


def imei(side: Side, **changes: Any) -> Side:
    return side._replace(
        **{"kind": "phone", "numbers": (number("imei:35209900176148"),), **changes}
    )


def codes(reasons: tuple[Reason, ...]) -> list[str]:
    return [reason.code for reason in reasons]


hours = st.integers(-500, 500).map(lambda n: THEFT + n * HOUR)
lengths = st.integers(1, 200).map(lambda n: n * HOUR)


@st.composite
def sides(draw: st.DrawFn) -> Side:
    start, recovered = draw(hours), draw(st.none() | hours)
    return Side(
        kind=draw(st.sampled_from(["bicycle", "e_bike", "phone", "household"])),
        brand=draw(st.sampled_from([None, "onbekend", "Gazelle", "GAZELE", "Batavus"])),
        model=draw(st.sampled_from([None, "Orange C7", "gazelle orange c7", "Paris"])),
        numbers=tuple(
            map(
                number,
                draw(
                    st.lists(
                        st.sampled_from(["number:A123", "imei:1", "plate:~t", "chip:9"]),
                        unique=True,
                    )
                ),
            )
        ),
        start=start,
        end=start + draw(lengths),
        offer_refused=draw(st.booleans()),
        recovered=recovered,
        recovered_end=recovered + HOUR if recovered else None,
    )


# grades


def test_given_number_brand_and_model_agree_when_judged_then_it_is_a_full_hit() -> None:
    verdict = judge(purchase(brand="GAZELLE", model="Gazelle Orange-C7"), stolen())
    assert verdict == Verdict(
        outcome="hit",
        grade=Grade.FULL_HIT,
        score=1000,
        time="after",
        reasons=(
            Reason("number_agrees", "WTU1234", "WTU1234"),
            Reason("brand_agrees", "GAZELLE", "Gazelle"),
            Reason("model_agrees", "Gazelle Orange-C7", "Orange C7"),
        ),
        against=(),
        why_not=None,
    )


@pytest.mark.parametrize(
    ("changes", "against"),
    [
        ({"brand": None}, Reason("brand_missing", None, "Gazelle")),
        ({"brand": "onbekend"}, Reason("brand_missing", "onbekend", "Gazelle")),
        ({"model": None}, Reason("model_missing", None, "Orange C7")),
        ({"model": "Paris"}, Reason("model_differs", "Paris", "Orange C7")),
    ],
)
def test_given_a_description_that_falls_short_when_judged_then_it_is_a_hit_that_says_so(
    changes: dict[str, Any], against: Reason
) -> None:
    verdict = judge(purchase(**changes), stolen())
    assert (verdict.outcome, verdict.grade, verdict.against) == ("hit", Grade.HIT, (against,))


@pytest.mark.parametrize(
    ("changes", "why_not"),
    [
        ({"brand": "Batavus"}, "brand_contradicts"),
        ({"kind": "laptop"}, "kind_contradicts"),
        ({"numbers": (number("number:WTU1235"),)}, "no_common_number"),
    ],
)
def test_given_a_number_that_repeats_over_brands_when_contradicted_then_it_is_none(
    changes: dict[str, Any], why_not: str
) -> None:
    verdict = judge(purchase(**changes), stolen())
    assert (verdict.outcome, verdict.grade, verdict.why_not) == ("none", None, why_not)


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"brand": "Samsung"}, "brand_contradicts"), ({"kind": "laptop"}, "kind_contradicts")],
)
def test_given_a_number_unique_over_brands_when_contradicted_then_it_stays_a_hit(
    changes: dict[str, Any], code: str
) -> None:
    verdict = judge(imei(purchase(), **changes), imei(stolen()))
    assert (verdict.outcome, verdict.grade) == ("hit", Grade.HIT)
    assert code in codes(verdict.against)


def test_given_a_sealed_number_when_judged_then_the_reason_shows_no_value() -> None:
    own = (number("plate:~0f3a"),)
    verdict = judge(purchase(kind="car", numbers=own), stolen(kind="car", numbers=own))
    assert verdict.reasons[0] == Reason("plate_agrees")


def test_given_a_flooded_number_when_judged_then_it_founds_no_hit() -> None:
    assert judge(purchase(), stolen(), Around({"number:WTU1234"})).why_not == "flooded"


def test_given_another_number_beside_a_flooded_one_when_judged_then_that_founds_the_hit() -> None:
    own = (number("number:WTU1234"), number("chip:9"))
    verdict = judge(purchase(numbers=own), stolen(numbers=own), Around({"number:WTU1234"}))
    assert codes(verdict.reasons)[0] == "chip_agrees"
    assert "number_agrees" not in codes(verdict.reasons)


def test_given_an_offer_refused_when_judged_then_it_matches_and_says_so() -> None:
    verdict = judge(purchase(offer_refused=True), stolen())
    assert verdict.grade == Grade.FULL_HIT
    assert codes(verdict.reasons)[-1] == "offer_refused"


def test_given_the_grades_when_listed_then_the_finer_ones_have_their_place() -> None:
    assert GRADES == ("full_hit", "hit", "look_alike", "one_edit", "part", "suggestion")


# time


@pytest.mark.parametrize(
    ("start", "end", "outcome", "time"),
    [
        (-2, -1, "earlier_passage", None),
        (-1, 0, "earlier_passage", None),
        (-1, 1, "hit", "unclear"),
        (3, 4, "hit", "unclear"),
        (9, 11, "hit", "unclear"),
        (10, 11, "hit", "after"),
    ],
)
def test_given_a_theft_of_ten_hours_when_judged_then_time_is_told_apart(
    start: int, end: int, outcome: str, time: str | None
) -> None:
    verdict = judge(purchase(start=THEFT + start * HOUR, end=THEFT + end * HOUR), stolen())
    assert (verdict.outcome, verdict.time) == (outcome, time)
    assert ("time_unclear" in codes(verdict.against)) is (time == "unclear")


@pytest.mark.parametrize(
    ("recovered", "outcome", "against"),
    [(60, "hit", []), (48, "hit", ["recovery_unclear"]), (40, "none", [])],
)
def test_given_a_recovered_good_when_judged_then_only_later_purchases_are_free(
    recovered: int, outcome: str, against: list[str]
) -> None:
    back = THEFT + recovered * HOUR
    verdict = judge(purchase(), stolen(recovered=back, recovered_end=back + HOUR))
    assert (verdict.outcome, codes(verdict.against)) == (outcome, against)
    assert (verdict.why_not == "recovered_before") is (outcome == "none")


# less than the same number


def bearing(side: Side, *told: tuple[str, str], **changes: Any) -> Side:
    """The good with these numbers, as they were written."""
    side = side._replace(**changes)
    return side._replace(numbers=numbers_of(told, side.kind, side.brand, lambda key: f"<{key}>"))


def judged(
    bought: str, lost: str, type_: str = "frame", stock: int = 100, **around: Any
) -> Verdict:
    mine, theirs = bearing(purchase(), (type_, bought)), bearing(stolen(), (type_, lost))
    return judge(mine, theirs, Around(stock=lambda *_: stock, **around))


def test_given_a_letter_for_a_figure_when_judged_then_it_is_a_look_alike_that_shows_both() -> None:
    verdict = judged("gz 4711O01", "GZ4711001")
    assert (verdict.outcome, verdict.grade) == ("hit", Grade.LOOK_ALIKE)
    assert verdict.reasons[0] == Reason("number_looks_alike", "gz 4711O01", "GZ4711001", "1e-05")
    assert Reason("signs_differ", "gz 4711O01", "GZ4711001") in verdict.against


@pytest.mark.parametrize(
    "bought",
    ["GZK7TX4M9B4711001", "GZK7TX4M94A711001", "GZK7TX4M94711001", "GZK7TX4M9AA4711001"],
    ids=["wrong", "changed places", "too few", "too many"],
)
def test_given_one_slip_when_judged_then_it_is_one_edit_that_shows_its_chance(bought: str) -> None:
    verdict = judged(bought, "GZK7TX4M9A4711001")
    assert (verdict.outcome, verdict.grade) == ("hit", Grade.ONE_EDIT)
    assert verdict.reasons[0].code == "number_one_edit"
    assert float(verdict.reasons[0].value or 1) < 5e-5


@pytest.mark.parametrize(
    ("bought", "lost", "why"),
    [
        ("GZ4721001", "GZ4711001", "chance"),  # A short number has many neighbours.
        ("BZK7TX4M9A4711001", "GZK7TX4M9A4711001", "no_common_number"),  # Before what identifies.
        ("GZK7TX4M9A4711002", "GZK7TX4M9A4711001", "no_common_number"),  # The next of a series.
        ("GZK7TX4M9B4721001", "GZK7TX4M9A4711001", "no_common_number"),  # Two slips.
    ],
)
def test_given_numbers_that_differ_when_it_says_nothing_then_there_is_none(
    bought: str, lost: str, why: str
) -> None:
    assert judged(bought, lost).why_not == why


def test_given_two_imeis_that_are_both_right_when_judged_then_one_edit_is_none() -> None:
    phone = {"kind": "phone", "brand": "Apple", "model": "iPhone 13"}
    mine = bearing(purchase(), ("imei", "352099001761481"), **phone)
    right = bearing(stolen(), ("imei", "352099001761499"), **phone)
    wrong = bearing(stolen(), ("imei", "352099001761431"), **phone)
    assert judge(mine, right).why_not == "no_common_number"
    assert judge(mine, wrong).grade == Grade.ONE_EDIT


def test_given_many_of_its_type_when_an_imei_is_wrong_then_chance_explains_it() -> None:
    phone = {"kind": "phone", "brand": "Apple", "model": "iPhone 13"}
    mine = bearing(purchase(), ("imei", "352099001761481"), **phone)
    wrong = bearing(stolen(), ("imei", "352099001761431"), **phone)
    stock = {"35209900": 100}
    few = Around(stock=lambda _, code: stock.get(code or "", 10_000))
    stock_of_many = Around(stock=lambda *_: 10_000)
    assert judge(mine, wrong, few).grade == Grade.ONE_EDIT
    assert judge(mine, wrong, stock_of_many).why_not == "chance"


@pytest.mark.parametrize("bought", ["GZK7TX4M9A4712001", "GZK7TX4M9A471B001"])
def test_given_neighbours_of_a_series_when_judged_then_there_is_none(bought: str) -> None:
    lost = "GZK7TX4M9A4711001" if bought.endswith("2001") else "GZK7TX4M9A4718001"
    assert judged(bought, lost).outcome == "hit"
    assert judged(bought, lost, series={"number:62K7TX4M9A47*@gazelle"}).why_not == "series"


def test_given_a_letter_that_no_maker_uses_when_in_a_series_then_it_is_a_look_alike() -> None:
    series = {"number:62K7TX4M9A47*@gazelle"}
    verdict = judged("GZK7TX4M9A4711O01", "GZK7TX4M9A4711001", series=series)
    assert verdict.grade == Grade.LOOK_ALIKE


@pytest.mark.parametrize(
    ("part", "stock", "outcome"),
    [
        ("711001", 100, "hit"),  # A ten-thousandth of a stolen good by chance.
        ("711001", 50_000, "none"),  # 0.05 of one.
        ("11001", 100, "hit"),
        ("1001", 1, "none"),  # Four signs are a search.
    ],
)
def test_given_a_part_when_judged_then_it_is_a_hit_where_chance_would_not_find_it(
    part: str, stock: int, outcome: str
) -> None:
    verdict = judged(part, "GZ4711001", stock=stock)
    assert verdict.outcome == outcome
    assert verdict.grade == (Grade.PART if outcome == "hit" else None)


def test_given_the_type_code_of_an_imei_when_in_part_then_it_is_none() -> None:
    assert judged("9001761481", "352099001761481", "imei").grade == Grade.PART
    assert judged("35209900", "352099001761481", "imei").why_not == "no_common_number"


@pytest.mark.parametrize(
    "changes", [{"brand": "Batavus"}, {"brand": None}, {"model": "Paris"}, {"kind": "laptop"}]
)
def test_given_less_than_the_number_when_the_rest_falls_short_then_there_is_none(
    changes: dict[str, Any],
) -> None:
    mine = bearing(purchase(), ("frame", "GZK7TX4M9B4711001"), **changes)
    theirs = bearing(stolen(), ("frame", "GZK7TX4M9A4711001"))
    assert judge(mine, theirs).outcome == "none"


def test_given_another_number_that_differs_when_one_is_alike_then_there_is_none() -> None:
    mine = bearing(purchase(), ("chip", "528210000012345"), ("frame", "GZ4711O01"))
    theirs = bearing(stolen(), ("chip", "528210000099999"), ("frame", "GZ4711001"))
    assert judge(mine, theirs).why_not == "other_number_differs"


def test_given_another_number_that_differs_when_one_agrees_then_it_says_so() -> None:
    mine = bearing(purchase(), ("chip", "528210000012345"), ("frame", "GZ4711001"))
    theirs = bearing(stolen(), ("chip", "528210000099999"), ("frame", "GZ4711001"))
    verdict = judge(mine, theirs)
    assert verdict.grade == Grade.FULL_HIT
    assert codes(verdict.against) == ["other_number_differs"]


def test_given_a_sealed_number_that_looks_alike_when_judged_then_no_value_shows() -> None:
    mine = bearing(purchase(), ("plate", "XX-I23-Y"), kind="car")
    theirs = bearing(stolen(), ("plate", "XX-123-Y"), kind="car")
    verdict = judge(mine, theirs)
    assert verdict.grade == Grade.LOOK_ALIKE
    assert verdict.reasons[0] == Reason("plate_looks_alike")
    assert verdict.against[0] == Reason("signs_differ")


def test_given_the_second_imei_when_it_agrees_then_it_is_a_hit_that_says_so() -> None:
    phone = {"kind": "phone", "brand": "Apple", "model": "iPhone 13"}
    first, second = ("imei", "352099001761481"), ("imei", "490154203237518")
    verdict = judge(bearing(purchase(), second, **phone), bearing(stolen(), first, second, **phone))
    assert (verdict.grade, codes(verdict.against)) == (Grade.HIT, ["first_imei_differs"])


# laws


@given(sides(), sides(), st.sampled_from(["withdrawn", "never"]))
def test_given_a_report_taken_back_when_judged_then_it_is_never_a_hit(
    bought: Side, gone: Side, why: str
) -> None:
    taken_back = gone._replace(**{why: True})  # type: ignore[arg-type]
    verdict = judge(bought, taken_back)
    assert verdict.outcome == "none"
    assert verdict.why_not == {"withdrawn": "withdrawn", "never": "not_a_theft"}[why]


@given(sides(), sides())
def test_given_a_purchase_before_the_theft_when_judged_then_it_is_never_a_hit(
    bought: Side, gone: Side
) -> None:
    before = bought._replace(start=gone.start - 2 * HOUR, end=gone.start)
    assert judge(before, gone).outcome != "hit"


@given(sides(), sides(), st.frozensets(st.sampled_from(["number:A123", "imei:1"])))
def test_given_any_two_goods_when_judged_then_grade_time_and_score_fit_together(
    bought: Side, gone: Side, flooded: frozenset[str]
) -> None:
    verdict = judge(bought, gone, Around(flooded))
    is_hit = verdict.outcome == "hit"
    assert is_hit == (verdict.grade is not None) == (verdict.time is not None)
    assert (0 < verdict.score <= 1000) if is_hit else verdict.score == 0
    assert (verdict.outcome == "none") == (verdict.why_not is not None)
    shared = {n.key for n in bought.numbers} & {n.key for n in gone.numbers}
    assert not is_hit or shared - flooded


@given(sides(), sides())
def test_given_one_more_thing_against_when_judged_then_the_score_falls(
    bought: Side, gone: Side
) -> None:
    sure, unsure = judge(bought, gone), judge(bought._replace(model=None), gone)
    if sure.outcome == "hit" and "model_agrees" in codes(sure.reasons):
        assert unsure.score < sure.score


# remembering a rejection


@given(sides(), sides())
def test_given_the_same_facts_in_another_spelling_when_hashed_then_the_fingerprint_stays(
    bought: Side, gone: Side
) -> None:
    respelt = bought._replace(
        brand=bought.brand and f" {bought.brand.upper()} ",
        model=bought.model and bought.model.replace(" ", "-"),
        numbers=(*bought.numbers, number("number:STANDS-ON-ONE-SIDE")),
    )
    assert fingerprint(respelt, gone) == fingerprint(bought, gone)


def test_given_a_look_alike_when_more_is_reported_then_the_fingerprint_stays() -> None:
    mine, theirs = (
        bearing(purchase(), ("frame", "GZ4711O01")),
        bearing(stolen(), ("frame", "GZ4711001")),
    )
    again = bearing(purchase(), ("frame", "gz-4711O01"))
    assert fingerprint(mine, theirs) == fingerprint(again, theirs)
    assert fingerprint(mine, theirs) != fingerprint(
        bearing(purchase(), ("frame", "GZ4711Q01")), theirs
    )


@pytest.mark.parametrize("side", ["purchase", "stolen"])
@pytest.mark.parametrize(
    "change",
    [
        {"kind": "e_bike"},
        {"brand": "Batavus"},
        {"brand": None},
        {"model": "Paris"},
        {"model": None},
        {"numbers": (number("number:WTU1235"),)},
        {"start": THEFT - HOUR},
        {"end": THEFT + 100 * HOUR},
        {"offer_refused": True},
        {"withdrawn": True},
        {"never": True},
        {"recovered": THEFT},
        {"recovered_end": THEFT},
    ],
)
def test_given_one_compared_fact_changes_when_hashed_then_the_fingerprint_changes(
    side: str, change: dict[str, Any]
) -> None:
    bought, gone = purchase(), stolen()
    before = fingerprint(bought, gone)
    if side == "purchase":
        bought = bought._replace(**change)
    else:
        gone = gone._replace(**change)
    assert fingerprint(bought, gone) != before
    assert len(before) == 64
