"""Alerts fire once, after they were activated, and are folded, muted and over as they say."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from herkomst.domain import ids
from herkomst.domain.casework.alert import (
    Alert,
    AlertLapsed,
    AlertRefused,
    Answer,
    Sighting,
    must_end,
)
from herkomst.domain.casework.predicates import (
    PersonOfInterest,
    Predicate,
    PredicateRefused,
    SavedSearch,
    Windowed,
    must_mean,
)
from herkomst.domain.events import EventData, Recorded
from herkomst.domain.journal import Read
from herkomst.processes import firing
from herkomst.processes.firing import TooBroad, Watched
from herkomst.processes.lapsing import Lapsing
from herkomst.record import alerts
from herkomst.record.archive import Archive
from herkomst.record.casework import Seal
from tests.alerts import (
    BY,
    DETECTIVE,
    SINCE,
    a_case,
    activate,
    active,
    an_alert,
    dry,
    live,
    mute,
    watch,
)
from tests.archives import TILL, a_dealer, a_line, a_moment, a_seller
from tests.processes.retaining import close
from tests.processes.retaining import run as run_clocks
from tests.processes.scenes import bought, correction
from tests.processes.test_reasons import keys, over
from tests.projections.following import connected, digests, facts, follow, rebuilt, rows, take_in

NOW = datetime.now(UTC)
LATER = NOW + timedelta(days=30)
PHONES = Windowed(count=3, days=30, kinds=("phone",))
BICYCLES = SavedSearch(kinds=("bicycle",))
OTHER = a_seller(family_name="Verzonnen", born="1991-03-04", document=None)
AT = "2026-03-{:02}T12:00:00+01:00"


def phone(key: str, day: int = 2, **changes: Any) -> Any:
    good = a_line(kind="phone", brand="Samsung", model="Galaxy", identifiers=[])
    return bought(key, lines=[good], at=a_moment(AT.format(day)), **changes)


def bicycle(key: str, **changes: Any) -> Any:
    return bought(key, **changes)


def purchase(key: str) -> UUID:
    return ids.purchase_id(TILL, key)


@pytest.fixture
def shops(archive: Archive) -> Archive:
    take_in(archive, a_dealer())
    return archive


def act(archive: Archive, stream: UUID, doing: Any) -> None:
    def said(state: Alert, seal: Seal) -> EventData:
        found: EventData = doing(state, seal("Niet meer nodig."))
        return found

    alerts.act_in_alert(archive.casework, stream, said, BY.actor, BY.custody)


def answer(archive: Archive, sighting: UUID, said: Answer) -> None:
    def answered(state: Sighting, seal: Seal) -> EventData:
        return state.say(said, DETECTIVE, seal("Gezien en nagekeken."))

    alerts.act_in_sighting(archive.casework, sighting, answered, BY.actor, BY.custody)


def told(archive: Archive) -> list[tuple[str, int]]:
    """State and number of firings of each sighting, in the order in which they began."""
    found = sorted(rows(archive, "sightings"), key=lambda row: row["first_at"])
    return [(row["state"], row["firings"]) for row in found]


# Firing


def test_given_no_alert_that_is_active_then_nothing_fires(shops: Archive) -> None:
    an_alert(shops, a_case(shops), BICYCLES)
    take_in(shops, bicycle("b"))
    watch(shops)

    assert live(shops) == set()


def test_given_a_purchase_before_the_activation_then_only_what_comes_after_fires(
    shops: Archive,
) -> None:
    take_in(shops, bicycle("before"))
    (alert,) = active(shops, a_case(shops), [BICYCLES])
    take_in(shops, bicycle("after"))
    watch(shops)

    assert live(shops) == {(alert, purchase("after"), 1)}
    assert dry(shops, [Watched(alert, BICYCLES, SINCE, LATER)]) == {
        (alert, purchase("before"), 1),
        (alert, purchase("after"), 1),
    }


def test_given_a_late_entry_that_completes_a_window_then_the_later_purchase_fires(
    shops: Archive,
) -> None:
    (alert,) = active(shops, a_case(shops), [PHONES])
    take_in(shops, phone("one", 2), phone("three", 20))
    watch(shops)
    assert live(shops) == set()

    take_in(shops, phone("two", 10))
    watch(shops)

    assert live(shops) == {(alert, purchase("three"), 0)}


def test_given_exactly_the_days_of_the_window_between_then_the_first_counts_no_more(
    shops: Archive,
) -> None:
    two = Windowed(count=2, days=7)
    (alert,) = active(shops, a_case(shops), [two])
    # On the night of 29 March the clock goes forward, and a day is 24 hours.
    at = ("2026-03-25T12:00:00+01:00", "2026-04-01T13:00:00+02:00", "2026-04-01T12:59:59+02:00")
    take_in(shops, *(bicycle(f"b{n}", at=a_moment(when)) for n, when in enumerate(at)))
    watch(shops)

    assert live(shops) == {(alert, purchase("b2"), 0), (alert, purchase("b1"), 0)}
    assert dry(shops, [Watched(alert, two, SINCE, LATER)]) == live(shops)


def test_given_a_person_of_interest_whose_identity_is_erased_then_nothing_is_compared_with_him(
    shops: Archive,
) -> None:
    take_in(shops, bicycle("him"))
    wanted = PersonOfInterest(presentation=ids.presentation_id(purchase("him")).hex)
    (alert,) = active(shops, a_case(shops), [wanted])
    take_in(shops, phone("again"), phone("somebody", seller=OTHER))
    watch(shops)
    assert live(shops) == {(alert, purchase("again"), 0)}

    shops.register.order_erasure(f"seller:{TILL}:him", ground="avg:17", actor="user:p")
    take_in(shops, phone("once more"))
    watch(shops)

    assert live(shops) == {(alert, purchase("again"), 0)}


def test_given_a_closed_case_then_its_alerts_do_not_fire(shops: Archive) -> None:
    case = a_case(shops)
    active(shops, case, [BICYCLES])
    follow(shops, ["cases"])
    close(shops, case)
    take_in(shops, bicycle("b"))
    watch(shops)

    assert live(shops) == set()


def test_given_an_alert_that_was_withdrawn_then_it_fires_no_more(shops: Archive) -> None:
    (alert,) = active(shops, a_case(shops), [BICYCLES])
    act(shops, alert, lambda a, why: a.withdraw(DETECTIVE, why, NOW))
    take_in(shops, bicycle("b"))
    watch(shops)

    assert live(shops) == set()


def test_given_a_correction_to_what_is_looked_for_then_it_fires_once(shops: Archive) -> None:
    (alert,) = active(shops, a_case(shops), [SavedSearch(brands=("Batavus",))])
    take_in(shops, bicycle("b"))
    watch(shops)
    assert live(shops) == set()

    items = [{"line": 1, "kind": "bicycle", "brand": "BATAVUS"}]
    take_in(shops, correction("b", "c-1", items=items))
    watch(shops)
    take_in(shops, correction("b", "c-2", mode="traded_in"))
    watch(shops)

    fired = [f for f in facts(shops, "casework") if f.topic == "casework.alert.fired"]
    assert [f.stream for f in fired] == [ids.firing_id(alert, purchase("b"), 1)]


def test_given_everything_rebuilt_and_matched_anew_then_nothing_fires(shops: Archive) -> None:
    active(shops, a_case(shops), [BICYCLES, PHONES])
    take_in(shops, bicycle("b"), phone("p1"), phone("p2"), phone("p3"))
    follow(shops)
    before = digests(shops), len(facts(shops, "casework"))
    assert len(live(shops)) == 2 + 2

    rebuilt(shops)
    follow(shops)

    assert (digests(shops), len(facts(shops, "casework"))) == before


# Folding


def test_given_two_alerts_of_a_case_about_one_person_then_there_is_one_sighting(
    shops: Archive,
) -> None:
    active(shops, a_case(shops), [BICYCLES, SavedSearch(kinds=("phone",))])
    take_in(shops, bicycle("b"), phone("p"), phone("other", seller=OTHER))
    watch(shops)

    assert sorted(told(shops)) == [("open", 1), ("open", 2)]


def test_given_two_cases_then_each_has_a_sighting_of_its_own(shops: Archive) -> None:
    for case in (a_case(shops), a_case(shops)):
        active(shops, case, [BICYCLES])
    take_in(shops, bicycle("b"))
    watch(shops)

    assert told(shops) == [("open", 1), ("open", 1)]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("useful", [("useful", 1), ("open", 1)]),
        ("not_useful", [("not_useful", 1), ("open", 1)]),
        ("in_hand", [("in_hand", 2)]),
    ],
)
def test_given_an_answer_then_the_next_firing_begins_anew_unless_it_is_in_hand(
    shops: Archive, said: Answer, expected: list[tuple[str, int]]
) -> None:
    active(shops, a_case(shops), [BICYCLES])
    take_in(shops, bicycle("b"))
    watch(shops)
    answer(shops, rows(shops, "sightings")[0]["sighting"], said)

    take_in(shops, bicycle("again"))
    watch(shops)

    assert told(shops) == expected


def test_given_goods_without_a_person_then_each_purchase_is_a_subject(shops: Archive) -> None:
    active(shops, a_case(shops), [BICYCLES])
    two = [a_line(identifiers=[]), a_line(line=2, identifiers=[])]
    take_in(shops, bought("found", lines=two, seller=None), bicycle("b", seller=None))
    watch(shops)

    assert sorted(told(shops)) == [("open", 1), ("open", 2)]


# Muting


def test_given_a_muted_subject_then_it_is_counted_and_not_told_until_it_ends(
    shops: Archive,
) -> None:
    (alert,) = active(shops, a_case(shops), [BICYCLES])
    take_in(shops, bicycle("b"))
    watch(shops)
    mute(shops, alert, purchase("b"), LATER)

    take_in(shops, bicycle("again"), bicycle("other", seller=OTHER))
    watch(shops)
    assert (len(live(shops)), sorted(told(shops))) == (3, [("open", 1), ("open", 1)])
    assert [r["purchase"] for r in rows(shops, "firings") if r["muted"]] == [purchase("again")]

    act(shops, alert, lambda a, why: a.unmute(DETECTIVE, 3, why, NOW))
    take_in(shops, bicycle("once more"))
    watch(shops)
    assert sorted(told(shops)) == [("open", 1), ("open", 2)]


def test_given_a_mute_of_all_whose_end_came_then_it_is_told_again(shops: Archive) -> None:
    (alert,) = active(shops, a_case(shops), [BICYCLES])
    long_ago = NOW - timedelta(days=1)
    soon = NOW - timedelta(seconds=1)
    act(shops, alert, lambda a, why: a.mute(DETECTIVE, None, soon, why, long_ago))
    take_in(shops, bicycle("b"))
    watch(shops)
    assert told(shops) == [("open", 1)]

    mute(shops, alert, None, LATER)
    take_in(shops, bicycle("other", seller=OTHER))
    watch(shops)
    assert told(shops) == [("open", 1)]


# Ending


def test_given_an_end_date_that_came_then_it_is_said_once(shops: Archive) -> None:
    (alert,) = active(shops, a_case(shops), [BICYCLES])
    follow(shops, ["alerts", "reasons"])
    (row,) = rows(shops, "alerts")
    for moment in (row["until"] - timedelta(seconds=1), row["until"], row["until"] + timedelta(9)):
        entry = Recorded(1, UUID(int=1), 1, Read.TOPIC, b"", moment)
        follow(shops)
        with connected(shops) as connection:
            Lapsing(shops.casework.recorder).apply(connection, [entry])
    follow(shops)

    lapsed = [f for f in facts(shops, "casework") if f.topic == AlertLapsed.TOPIC]
    assert [f.stream for f in lapsed] == [alert]
    assert rows(shops, "alerts")[0]["state"] == "lapsed"


def test_given_the_term_over_then_what_it_looked_for_is_destroyed_with_why(
    shops: Archive,
) -> None:
    case = a_case(shops)
    (alert,) = active(shops, case, [BICYCLES])
    take_in(shops, bicycle("b"))
    watch(shops)
    (sighting,) = [row["sighting"] for row in rows(shops, "sightings")]
    answer(shops, sighting, "useful")
    act(shops, alert, lambda a, why: a.withdraw(DETECTIVE, why, NOW))
    follow(shops)
    assert keys(shops, alert) == {alert}

    # As long as the case is worked in, it is known what was looked for in it.
    run_clocks(shops, over())
    assert (keys(shops, alert), keys(shops, sighting)) == ({alert}, {sighting})
    close(shops, case)
    run_clocks(shops, over().replace(year=over().year + 30))
    assert (keys(shops, alert), keys(shops, sighting)) == (set(), set())


# What cannot be done


def test_given_a_dry_run_of_weeks_ago_then_it_is_not_activated() -> None:
    old = NOW - timedelta(days=9)
    alert = Alert("set", "c", DETECTIVE, LATER, old)

    with pytest.raises(AlertRefused, match="says nothing of these days"):
        alert.activate(DETECTIVE, 1, NOW)
    assert Alert("set", "c", DETECTIVE, LATER, NOW).activate(DETECTIVE, 1, NOW).register == 1


@pytest.mark.parametrize("state", ["withdrawn", "lapsed", None])
def test_given_an_alert_that_is_over_then_nothing_is_done_about_it(state: Any) -> None:
    alert = Alert(state, "c", DETECTIVE, LATER, NOW)

    for doing in (
        lambda: alert.activate(DETECTIVE, 1, NOW),
        lambda: alert.mute(DETECTIVE, None, NOW + timedelta(1), b"", NOW),
        lambda: alert.unmute(DETECTIVE, 1, b"", NOW),
        lambda: alert.withdraw(DETECTIVE, b"", NOW),
    ):
        with pytest.raises(AlertRefused) as refused:
            doing()
        assert refused.value.code == "alert_over"


@pytest.mark.parametrize(
    ("article", "days", "code"),
    [("wpg:8", 100, "until"), ("wpg:8", -1, "until"), ("sr:437", 10, "article")],
)
def test_given_an_end_that_may_not_be_then_it_is_refused(
    article: str, days: int, code: str
) -> None:
    with pytest.raises(AlertRefused) as refused:
        must_end(article, NOW + timedelta(days=days), NOW)
    assert refused.value.code == code
    must_end("wpg:9", NOW + timedelta(days=100), NOW)


@pytest.mark.parametrize(
    ("predicate", "code"),
    [
        (SavedSearch(), "nothing_asked"),
        (SavedSearch(modes=("bought",)), "nothing_asked"),
        (SavedSearch(kinds=("bycicle",)), "kind_unknown"),
        (SavedSearch(words=" "), "words"),
        (SavedSearch(least=1), "currency"),
        (SavedSearch(kinds=("phone",), currency="EUR"), "currency"),
        (SavedSearch(least=2, most=1, currency="EUR"), "price_reversed"),
        (SavedSearch(municipalities=("GM9999",)), "municipality_unknown"),
        (Windowed(days=30), "nothing_asked"),
        (Windowed(days=30, count=1, amount=1, currency="EUR"), "nothing_asked"),
        (Windowed(days=30, amount=1), "currency"),
        (Windowed(days=0, count=1), "days"),
        (Windowed(days=367, count=1), "days"),
        (Windowed(days=1, count=0), "threshold"),
        (Windowed(days=1, count=1, modes=("stolen",)), "mode_unknown"),
    ],
)
def test_given_a_predicate_that_cannot_be_meant_then_it_is_refused(
    predicate: Predicate, code: str
) -> None:
    with pytest.raises(PredicateRefused) as refused:
        must_mean(predicate)
    assert refused.value.code == code


def test_given_more_than_can_be_looked_through_then_it_is_said(
    shops: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    take_in(shops, bicycle("b"), bicycle("c"))
    watch(shops)
    monkeypatch.setattr(firing, "MOST", 1)

    with pytest.raises(TooBroad):
        dry(shops, [Watched(UUID(int=1), BICYCLES, SINCE, LATER)])


def test_given_an_activation_then_it_is_behind_all_that_was_recorded(shops: Archive) -> None:
    alert = an_alert(shops, a_case(shops), BICYCLES)
    take_in(shops, bicycle("b"))

    assert activate(shops, alert) == len(facts(shops, "register"))
    with pytest.raises(AlertRefused, match="active already"):
        activate(shops, alert)
