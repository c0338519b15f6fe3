from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herkomst.domain.matching import GRADES, Grade, Reason, Side, Verdict, fingerprint, judge

THEFT = datetime(2026, 3, 1, 22, tzinfo=UTC)
HOUR = timedelta(hours=1)


def stolen(**changes: Any) -> Side:
    keys = frozenset({"number:WTU1234"})
    side = Side("bicycle", "Gazelle", "Orange C7", keys, THEFT, THEFT + 10 * HOUR)
    return side._replace(**changes)


def purchase(**changes: Any) -> Side:
    bought = {"start": THEFT + 48 * HOUR, "end": THEFT + 49 * HOUR}
    return stolen()._replace(**{**bought, **changes})


def imei(side: Side, **changes: Any) -> Side:
    return side._replace(**{"kind": "phone", "keys": frozenset({"imei:35209900176148"}), **changes})


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
        keys=draw(st.frozensets(st.sampled_from(["number:A123", "imei:1", "plate:~t", "chip:9"]))),
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
            Reason("number_agrees", "number:WTU1234", "number:WTU1234"),
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
        ({"keys": frozenset({"number:WTU1235"})}, "no_common_number"),
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
    keys = frozenset({"plate:~0f3a"})
    verdict = judge(purchase(kind="car", keys=keys), stolen(kind="car", keys=keys))
    assert verdict.reasons[0] == Reason("plate_agrees")


def test_given_a_flooded_number_when_judged_then_it_founds_no_hit() -> None:
    assert judge(purchase(), stolen(), {"number:WTU1234"}).why_not == "flooded"


def test_given_another_number_beside_a_flooded_one_when_judged_then_that_founds_the_hit() -> None:
    keys = frozenset({"number:WTU1234", "chip:9"})
    verdict = judge(purchase(keys=keys), stolen(keys=keys), {"number:WTU1234"})
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
    verdict = judge(bought, gone, flooded)
    is_hit = verdict.outcome == "hit"
    assert is_hit == (verdict.grade is not None) == (verdict.time is not None)
    assert (0 < verdict.score <= 1000) if is_hit else verdict.score == 0
    assert (verdict.outcome == "none") == (verdict.why_not is not None)
    assert not is_hit or (bought.keys & gone.keys) - flooded


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
        keys=bought.keys | {"number:STANDS-ON-ONE-SIDE"},
    )
    assert fingerprint(respelt, gone) == fingerprint(bought, gone)


@pytest.mark.parametrize("side", ["purchase", "stolen"])
@pytest.mark.parametrize(
    "change",
    [
        {"kind": "e_bike"},
        {"brand": "Batavus"},
        {"brand": None},
        {"model": "Paris"},
        {"model": None},
        {"keys": frozenset({"number:WTU1235"})},
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
