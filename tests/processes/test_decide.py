"""What a verdict changes in what is known of a pair: the decision alone, without a record."""

import msgspec
import pytest

from herkomst.domain.casework import hit
from herkomst.domain.events import EventData
from herkomst.domain.matching import Grade, Reason, Verdict
from herkomst.processes.matching import RULES, decide

PAIR = hit.Pair(
    line=1,
    purchase="a" * 32,
    purchase_key="p",
    purchase_source="kassa",
    stolen="b" * 32,
    stolen_key="s",
    stolen_source="politie",
)
AGREES = (Reason("number_agrees", "number:A123", "number:A123"),)
HIT = Verdict("hit", Grade.HIT, 700, "after", AGREES, (), None)
FULL = Verdict("hit", Grade.FULL_HIT, 1000, "after", AGREES, (), None)
PASSAGE = Verdict("earlier_passage", None, 0, None, AGREES, (), None)
FACTS, OTHER_FACTS = "facts", "other facts"


def nothing(why: str) -> Verdict:
    return Verdict("none", None, 0, None, (), (), why)


def finding(
    kind: type[hit.Finding] = hit.Found, verdict: Verdict = HIT, facts: str = FACTS
) -> hit.Finding:
    assert verdict.grade is not None
    assert verdict.time is not None
    return kind(
        against=verdict.against,
        fingerprint=facts,
        grade=verdict.grade.value,
        pair=PAIR,
        reasons=verdict.reasons,
        rules=RULES,
        score=verdict.score,
        time=verdict.time,
    )


PASSED = hit.PassageNoted(pair=PAIR, reasons=AGREES)
REJECTED = hit.Rejected(fingerprint=FACTS, reason="other_good")


def known(*events: EventData) -> hit.Hit | None:
    state: hit.Hit | None = None
    for data in events:
        state = hit.evolve(state, data)
    return state


def decided(*events: EventData, verdict: Verdict = HIT, facts: str = FACTS) -> EventData | None:
    return decide(known(*events), verdict, facts, PAIR)


def test_given_nothing_known_when_it_is_a_hit_then_it_is_found() -> None:
    assert decided() == finding(hit.Found)


def test_given_nothing_known_when_it_is_no_hit_then_nothing_happens() -> None:
    assert decided(verdict=nothing("withdrawn")) is None


def test_given_nothing_known_when_bought_before_the_theft_then_the_passage_is_noted() -> None:
    assert decided(verdict=PASSAGE) == PASSED


def test_given_a_passage_when_it_is_seen_again_then_nothing_happens() -> None:
    assert decided(PASSED, verdict=PASSAGE) is None


def test_given_a_passage_when_the_theft_proves_earlier_then_a_hit_is_found() -> None:
    assert decided(PASSED) == finding(hit.Found)


def test_given_a_passage_whose_facts_went_when_they_make_a_hit_then_it_is_found() -> None:
    assert decided(PASSED, hit.Closed(reason="withdrawn")) == finding(hit.Found)


def test_given_a_hit_that_became_a_passage_when_it_is_one_again_then_it_is_reopened() -> None:
    assert decided(finding(), PASSED) == finding(hit.Reopened)


@pytest.mark.parametrize("decision", [None, hit.Assessed(), hit.Confirmed()])
def test_given_a_hit_that_stands_when_nothing_changed_then_nothing_happens(
    decision: EventData | None,
) -> None:
    assert decided(finding(), *([decision] if decision else [])) is None


@pytest.mark.parametrize("decision", [None, hit.Assessed(), hit.Confirmed()])
def test_given_a_hit_that_stands_when_more_agrees_then_it_is_regraded(
    decision: EventData | None,
) -> None:
    again = decided(finding(), *([decision] if decision else []), verdict=FULL)
    assert again == finding(hit.Regraded, FULL)


def test_given_a_hit_that_stands_when_only_the_facts_changed_then_it_says_so() -> None:
    assert decided(finding(), facts=OTHER_FACTS) == finding(hit.Regraded, facts=OTHER_FACTS)


@pytest.mark.parametrize(
    ("why_not", "reason"),
    [
        ("withdrawn", "withdrawn"),
        ("not_a_theft", "not_a_theft"),
        ("recovered_before", "recovered_before"),
        ("flooded", "flooded"),
        ("brand_contradicts", "brand_contradicts"),
        ("no_common_number", "number_corrected"),
    ],
)
def test_given_a_hit_that_stands_when_the_facts_go_then_it_is_closed_with_the_reason(
    why_not: str, reason: str
) -> None:
    assert decided(finding(), verdict=nothing(why_not)) == hit.Closed(reason=reason)


def test_given_a_hit_that_stands_when_bought_before_the_theft_then_the_passage_is_noted() -> None:
    assert decided(finding(), verdict=PASSAGE) == PASSED


def test_given_a_closed_hit_when_the_facts_are_still_gone_then_nothing_happens() -> None:
    assert decided(finding(), hit.Closed(reason="flooded"), verdict=nothing("withdrawn")) is None


def test_given_a_closed_hit_when_the_facts_are_back_then_it_is_reopened() -> None:
    assert decided(finding(), hit.Closed(reason="withdrawn")) == finding(hit.Reopened)


def test_given_a_rejected_hit_when_the_facts_are_the_same_then_it_stays_rejected() -> None:
    assert decided(finding(), REJECTED) is None


def test_given_a_rejected_hit_when_the_facts_differ_then_it_is_reopened() -> None:
    reopened = decided(finding(), REJECTED, facts=OTHER_FACTS)
    assert reopened == finding(hit.Reopened, facts=OTHER_FACTS)


def test_given_a_rejected_hit_when_the_facts_go_then_it_stays_rejected() -> None:
    assert decided(finding(), REJECTED, verdict=nothing("withdrawn")) is None


def test_given_a_rejected_hit_that_became_a_passage_when_it_is_back_then_it_is_not_raised() -> None:
    assert decided(finding(), REJECTED, PASSED) == hit.Closed(reason="rejected")


def test_given_a_hit_reopened_on_other_facts_when_the_rejected_ones_are_back_then_closed() -> None:
    reopened = finding(hit.Reopened, facts=OTHER_FACTS)
    assert decided(finding(), REJECTED, reopened) == hit.Closed(reason="rejected")


def test_given_a_hit_closed_as_rejected_when_nothing_changed_then_nothing_happens() -> None:
    reopened = finding(hit.Reopened, facts=OTHER_FACTS)
    assert decided(finding(), REJECTED, reopened, hit.Closed(reason="rejected")) is None


def test_given_a_rejected_hit_that_a_person_took_up_after_all_when_judged_then_it_stands() -> None:
    assert decided(finding(), REJECTED, hit.Confirmed()) is None


# What a person took up by what is said of the goods.

SUGGESTED = hit.Suggested(
    fingerprint="said", grade="suggestion", pair=PAIR, reasons=(), rules=1, score=200, time="after"
)
TAKEN_UP = (SUGGESTED, hit.Confirmed())
SET_ASIDE = (SUGGESTED, hit.Rejected(fingerprint="said", reason="other_good"))


@pytest.mark.parametrize("why", ["no_common_number", "flooded", "chance", "brand_contradicts"])
def test_given_a_suggestion_when_no_number_shows_it_then_it_stands(why: str) -> None:
    assert decided(*TAKEN_UP, verdict=nothing(why)) is None


@pytest.mark.parametrize("why", ["withdrawn", "not_a_theft", "recovered_before", "good_removed"])
def test_given_a_suggestion_when_there_is_no_signal_any_more_then_it_is_closed(why: str) -> None:
    assert decided(*TAKEN_UP, verdict=nothing(why)) == hit.Closed(reason=why)


def test_given_a_suggestion_when_it_was_bought_before_then_the_passage_is_noted() -> None:
    assert decided(*TAKEN_UP, verdict=PASSAGE) == PASSED
    assert decided(*TAKEN_UP, PASSED, verdict=nothing("no_common_number")) == hit.Closed(
        reason="number_corrected"
    )


def test_given_a_suggestion_when_a_number_agrees_then_it_is_of_that_grade_and_stays_decided() -> (
    None
):
    upgraded = decided(*TAKEN_UP)

    assert upgraded == finding(hit.Regraded)
    assert upgraded is not None
    state = known(*TAKEN_UP, upgraded)
    assert state is not None
    assert (state.state, state.is_suggestion) == ("confirmed", False)


def test_given_one_that_a_number_showed_when_it_does_no_more_then_it_goes_back() -> None:
    upgraded = finding(hit.Regraded)
    back = decided(*TAKEN_UP, upgraded, verdict=nothing("no_common_number"))

    assert isinstance(back, hit.Regraded)
    assert (back.grade, back.fingerprint, back.score) == ("suggestion", "said", 200)
    state = known(*TAKEN_UP, upgraded, back)
    assert state is not None
    assert (state.state, state.is_suggestion) == ("confirmed", True)


def test_given_one_that_a_number_showed_when_it_was_rejected_then_it_does_not_go_back() -> None:
    events = (*TAKEN_UP, finding(hit.Regraded), REJECTED)

    assert decided(*events, verdict=nothing("no_common_number")) is None
    assert decided(*events) is None


def test_given_a_rejected_suggestion_when_a_number_agrees_then_it_is_raised() -> None:
    assert decided(*SET_ASIDE) == finding(hit.Reopened)
    assert decided(*SET_ASIDE, verdict=nothing("no_common_number")) is None


def test_given_a_rejected_number_when_a_suggestion_was_rejected_too_then_both_are_remembered() -> (
    None
):
    assert decided(finding(), REJECTED, *SET_ASIDE) is None
    assert decided(finding(), REJECTED, *TAKEN_UP) is None
    assert decided(finding(), REJECTED, *SET_ASIDE, facts=OTHER_FACTS) == finding(
        hit.Reopened, facts=OTHER_FACTS
    )


def test_given_a_hit_on_a_number_when_it_is_suggested_then_it_is_refused() -> None:
    state = known(finding())
    assert state is not None
    with pytest.raises(hit.HitClosed, match="A number shows it"):
        state.suggest(SUGGESTED)


def test_given_a_removed_pair_when_it_is_suggested_then_it_is_refused() -> None:
    state = known(finding(), hit.Removed(because="wpg:8", order="c" * 32))
    assert state is not None
    with pytest.raises(hit.HitClosed, match="Nothing is kept"):
        state.suggest(SUGGESTED)


def test_given_a_suggestion_that_stands_when_it_is_assessed_again_then_it_is_told_once() -> None:
    state = known(*TAKEN_UP)
    assert state is not None
    assert state.suggest(SUGGESTED) is None
    other = hit.Suggested(**{**msgspec.structs.asdict(SUGGESTED), "fingerprint": "said anew"})
    assert state.suggest(other) is other
