"""Rules with weights: a score is their sum, and comparison is not thrown off by a few."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herkomst.domain.casework import indicators
from herkomst.domain.casework.indicators import BY_CODE, RULES, robust_z, score, weigh

figures = st.lists(st.integers(0, 1000), min_size=3, max_size=40)


@given(st.sets(st.sampled_from(sorted(BY_CODE))), st.booleans())
def test_a_score_is_the_sum_of_the_rules_that_hold(codes: set[str], is_explained: bool) -> None:
    held = weigh(codes, is_explained=is_explained)

    expected = [r.beside if is_explained else r.weight for r in RULES if r.code in codes]
    assert score(held) == sum(expected)
    assert [h.weight for h in held] == sorted((h.weight for h in held), reverse=True)


def test_every_rule_has_a_name_a_sentence_and_a_source() -> None:
    assert len(BY_CODE) == len(RULES)
    for rule in RULES:
        assert rule.text.endswith(".")
        assert rule.source


@pytest.mark.parametrize("rule", [r for r in RULES if r.weight > 0], ids=lambda r: r.code)
def test_no_rule_weighs_more_beside_an_explanation(rule: indicators.Rule) -> None:
    assert 0 <= rule.beside <= rule.weight


@given(figures, st.integers(-100, 100))
def test_a_shift_of_all_figures_changes_no_distance(others: list[int], shift: int) -> None:
    value = float(others[0])
    moved = [float(each + shift) for each in others]

    z = robust_z(value, [float(each) for each in others])
    assert robust_z(value + shift, moved) == pytest.approx(z)


def test_equal_figures_are_at_no_distance_and_a_wild_one_stretches_nothing() -> None:
    assert robust_z(3.0, [3.0] * 9) == 0.0
    assert robust_z(40.0, [1.0, 2.0, 3.0, 2.0, 1.0, 2.0, 900.0]) > indicators.FAR
