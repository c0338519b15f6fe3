"""What follows a hit: each step from the ones before it, and what is refused as it stands."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from herkomst.domain.calendar import start_of
from herkomst.domain.casework import hit, sequel, terms
from herkomst.domain.casework.sequel import Authority, Decision, Sequel, SequelRefused, TermLapsed
from herkomst.domain.events import EventData, Recorded, encode
from tests.domain.examples import ENVELOPE, EXAMPLES

HIT = UUID(int=7).hex
NOW = datetime(2026, 3, 16, 10, 0, tzinfo=UTC)
BY = Decision(
    authority=Authority(by="x", policy="p", purpose="duty:front_desk", role="hic_team", unit="u"),
    now=NOW,
    why=b"sealed",
)
(FOUND,) = (each for each in EXAMPLES if isinstance(each, hit.Found))
Act = Callable[[Sequel], EventData]


class Story:
    """The events of a hit and of what follows it, one after the other."""

    def __init__(self) -> None:
        self.facts: list[Recorded] = []
        self.of_hit(FOUND)

    def of_hit(self, data: EventData) -> "Story":
        return self._add(data)

    def then(self, act: Act) -> "Story":
        return self._add(act(self.state))

    def lapse(self, at: datetime) -> list[TermLapsed]:
        lapsed = list(self.state.lapsing(HIT, at))
        for each in lapsed:
            self._add(each)
        return lapsed

    @property
    def state(self) -> Sequel:
        return sequel.folded(self.facts)

    def measure(self, kind: str) -> sequel.Measure:
        return [m for m in self.state.measures.values() if m.kind == kind][-1]

    def _add(self, data: EventData) -> "Story":
        of_sequel = data.TOPIC.startswith(sequel.BEGIN)
        version = 1 + sum(f.topic.startswith(sequel.BEGIN) == of_sequel for f in self.facts)
        state = encode(data, ENVELOPE)
        self.facts.append(Recorded(1, UUID(int=1), version, data.TOPIC, state, NOW))
        return self


def at(now: datetime) -> Decision:
    return replace(BY, now=now)


def answered(verdict: sequel.Verdict = "stands") -> Act:
    return lambda s: s.answer(HIT, "Amsterdam", verdict, BY)


def ordered(length: int | None = None, since: datetime = NOW) -> Act:
    return lambda s: s.order(HIT, "brigadier", since, length, BY)


def seized(s: Sequel) -> EventData:
    return s.seize(HIT, "brigadier", NOW, "KVI-1", None, BY)


def announced(s: Sequel) -> EventData:
    return s.announce(HIT, "to_entitled_after_notice", NOW.date(), BY)


def contested(party: sequel.Party = "holder") -> Act:
    return lambda s: s.contest(HIT, party, "26-1", NOW.date(), BY)


def decided(outcome: sequel.Outcome) -> Act:
    return lambda s: s.decide(HIT, outcome, NOW.date(), BY)


def returned(way: str, waived: date | None = None, by: Decision = BY) -> Act:
    return lambda s: s.give_back(HIT, way, waived, by)


def released(s: Sequel) -> EventData:
    return s.release(HIT, BY)


def told(s: Sequel) -> EventData:
    return s.tell(HIT, "on_release", BY)


def confirmed() -> Story:
    return Story().then(answered())


def refusal(act: Callable[[], Any]) -> str:
    with pytest.raises(SequelRefused) as refused:
        act()
    assert refused.value.cure
    return refused.value.code


AFTER: list[Act] = [ordered(), seized, told]


# The signal first.


@pytest.mark.parametrize("act", AFTER)
def test_before_the_owner_confirmed_the_signal_nothing_follows(act: Act) -> None:
    assert refusal(lambda: Story().then(act)) == "not_confirmed"


@pytest.mark.parametrize("verdict", ["recovered", "withdrawn", "other_good", "unclear"])
@pytest.mark.parametrize("act", AFTER)
def test_when_the_owner_does_not_confirm_it_nothing_follows(
    verdict: sequel.Verdict, act: Act
) -> None:
    story = Story().then(answered(verdict))
    assert refusal(lambda: story.then(act)) == "not_confirmed"
    assert story.state.denied is (verdict != "unclear")


@pytest.mark.parametrize("act", AFTER)
def test_when_the_facts_change_after_that_the_owner_answers_anew(act: Act) -> None:
    other = hit.Regraded(**{n: getattr(FOUND, n) for n in FOUND.__struct_fields__})
    story = confirmed().of_hit(replace(other, fingerprint="other"))

    assert refusal(lambda: story.then(act)) == "facts_changed"
    story.then(answered()).then(act)


@pytest.mark.parametrize(
    "end", [hit.Closed(reason="withdrawn"), hit.Rejected(fingerprint="", reason="other")]
)
@pytest.mark.parametrize("act", [*AFTER, answered("unclear")])
def test_when_the_hit_falls_nothing_new_follows(end: EventData, act: Act) -> None:
    assert refusal(lambda: confirmed().of_hit(end).then(act)) == "hit_fallen"


def test_the_same_answer_is_given_once_on_the_same_facts() -> None:
    assert refusal(lambda: confirmed().then(answered())) == "already_answered"
    assert confirmed().then(answered("recovered")).state.denied


def test_every_act_says_on_which_facts_it_was_done() -> None:
    story = confirmed().then(ordered()).then(released).then(seized).then(announced)
    story.then(contested()).then(decided("dismissed")).then(returned("to_holder"))

    says = [f.data.facts for f in story.facts[1:] if hasattr(f.data, "facts")]
    assert says == [FOUND.fingerprint] * 8


# The order to keep.


def test_an_order_lasts_fourteen_days_or_less_and_is_given_once() -> None:
    story = confirmed().then(ordered())

    found = story.measure("order")
    assert found.until is not None
    assert terms.last_day(found.until) == date(2026, 3, 30)
    assert refusal(lambda: story.then(ordered())) == "order_given"
    assert refusal(lambda: story.then(released).then(ordered())) == "order_given"


@pytest.mark.parametrize("length", [0, -1, 15, 400])
def test_no_order_is_longer_than_the_law_lets_it_be(length: int) -> None:
    assert refusal(lambda: confirmed().then(ordered(length))) == "term"


@given(st.integers(1, 14))
def test_an_order_of_so_many_days_lapses_with_the_last_of_them_and_once(length: int) -> None:
    story = confirmed().then(ordered(length))
    end = start_of(NOW.date() + timedelta(length + 1))

    assert story.lapse(end - timedelta(milliseconds=1)) == []
    (lapsed,) = story.lapse(end)
    assert (lapsed.of, lapsed.until) == ("order", sequel.written(end))
    assert story.lapse(end + timedelta(365)) == []
    assert story.measure("order").state == "lapsed"


def test_an_order_that_was_released_lapses_no_more() -> None:
    story = confirmed().then(ordered()).then(released)

    assert story.lapse(NOW + timedelta(60)) == []
    assert refusal(lambda: story.then(released)) == "no_order"


def test_an_order_is_written_down_when_it_was_given_and_not_before() -> None:
    assert refusal(lambda: confirmed().then(ordered(since=NOW + timedelta(seconds=1)))) == (
        "in_future"
    )


def test_an_order_ends_when_the_good_is_seized() -> None:
    story = confirmed().then(ordered()).then(seized)

    assert story.measure("order").state == "seized"
    assert story.lapse(NOW + timedelta(60)) == []
    assert refusal(lambda: story.then(released)) == "no_order"
    assert refusal(lambda: story.then(seized)) == "seized"


def test_the_period_of_the_municipality_lapses_beside_the_order() -> None:
    period = terms.holding_period("GM0352", NOW.date(), NOW.date())
    story = confirmed().then(lambda s: sequel.period_began(HIT, s.facts, period)).then(ordered())

    assert [each.of for each in story.lapse(NOW + timedelta(9))] == ["period"]
    assert [each.of for each in story.lapse(NOW + timedelta(30))] == ["order"]


# Seizure and return.


def test_what_is_not_seized_is_not_returned() -> None:
    story = confirmed().then(ordered())
    acts: list[Act] = [announced, contested(), decided("upheld"), returned("to_holder")]
    for act in acts:
        assert refusal(partial(story.then, act)) == "not_seized"


def test_to_who_it_was_seized_from_it_goes_back_at_once() -> None:
    story = confirmed().then(seized).then(returned("to_holder"))

    assert story.measure("seizure").state == "returned"
    assert refusal(lambda: story.then(returned("to_holder"))) == "not_seized"


def test_to_who_is_entitled_it_goes_after_a_waiver() -> None:
    way = "to_entitled_after_waiver"
    assert refusal(lambda: confirmed().then(seized).then(returned(way))) == "waiver"
    assert refusal(lambda: confirmed().then(seized).then(returned(way, date(2027, 1, 1)))) == (
        "in_future"
    )
    confirmed().then(seized).then(returned(way, NOW.date()))


def test_without_a_waiver_it_goes_after_a_notice_and_the_whole_term_for_a_complaint() -> None:
    way = "to_entitled_after_notice"
    story = confirmed().then(seized)
    assert refusal(lambda: story.then(returned(way))) == "no_notice_given"

    story.then(announced)
    end = start_of(date(2026, 3, 31))
    assert story.measure("seizure").until == end
    early = at(end - timedelta(seconds=1))
    assert refusal(lambda: story.then(returned(way, by=early))) == "objection_runs"
    assert refusal(lambda: story.then(announced)) == "announced"

    (lapsed,) = story.lapse(end)
    assert (lapsed.of, story.measure("seizure").state) == ("objection", "returnable")
    story.then(returned(way, by=at(end)))


def test_a_notice_is_given_for_the_way_that_takes_one() -> None:
    story = confirmed().then(seized)
    assert refusal(lambda: story.then(lambda s: s.announce(HIT, "to_holder", NOW.date(), BY))) == (
        "no_notice"
    )
    assert refusal(lambda: story.then(lambda s: s.announce(HIT, "?", NOW.date(), BY))) == "way"


@pytest.mark.parametrize("way", ["to_holder", "to_entitled_after_waiver"])
def test_while_it_is_contested_it_stays(way: str) -> None:
    story = confirmed().then(seized).then(contested())

    assert refusal(lambda: story.then(returned(way, NOW.date()))) == "contested"
    assert refusal(lambda: story.then(contested())) == "contested"
    assert story.lapse(NOW + timedelta(365)) == []
    story.then(returned("by_court"))


def test_what_the_court_upheld_against_it_bars_the_way() -> None:
    def after(party: sequel.Party, outcome: sequel.Outcome) -> Story:
        return confirmed().then(seized).then(contested(party)).then(decided(outcome))

    waived = returned("to_entitled_after_waiver", NOW.date())
    assert refusal(lambda: after("holder", "upheld").then(waived)) == "upheld"
    after("holder", "upheld").then(returned("to_holder"))
    assert refusal(lambda: after("entitled", "upheld").then(returned("to_holder"))) == "upheld"
    assert refusal(lambda: after("other", "upheld").then(returned("to_holder"))) == "upheld"
    after("holder", "dismissed").then(waived)
    assert refusal(lambda: after("holder", "withdrawn").then(decided("upheld"))) == "no_complaint"


def test_when_the_hit_falls_what_was_seized_can_still_go_back() -> None:
    story = confirmed().then(ordered()).then(seized).of_hit(hit.Closed(reason="withdrawn"))

    assert story.then(returned("to_holder")).measure("seizure").state == "returned"


# The dealer.


def test_a_dealer_is_told_once_and_only_where_he_is_told_at_all() -> None:
    assert refusal(lambda: confirmed().then(told).then(told)) == "told"
    assert refusal(lambda: confirmed().then(lambda s: s.tell(HIT, "never", BY))) == "not_told_here"
