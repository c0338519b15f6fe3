"""Alerts over the API: who must not see them, and what those who set them are told."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from msgspec.json import decode

from herkomst.domain import ids
from herkomst.domain.casework.case import Case
from herkomst.domain.casework.hit import Hit
from herkomst.domain.events import EventData
from herkomst.domain.journal import Attempted, Read
from herkomst.graphql import streams
from herkomst.processes import firing
from herkomst.record.archive import Archive
from herkomst.record.casework import Opening, Seal
from tests.archives import POLICE, TILL, a_dealer, a_line, a_moment, a_purchase, a_seller
from tests.graphql.events import events, stream
from tests.serving import Served, follow, journal, opened, pair, serving, take_in

LEADER = "dev:team_leader@amsterdam"
WHY = "Reeks van telefoons in deze zaak."
OTHER = a_seller(family_name="Verzonnen", born="1991-03-04", document=None)
DONE = """{ __typename ... on AlertDone { id state position
    expected { firings subjects persons purchases hits confirmed rejected summary } }
    ... on AlertRefused { code message } ... on UnknownRecord { code } ... on UnknownCase { code }
    ... on NotPermitted { message } }"""
RAN = """{ __typename ... on AlertDryRun
    { firings subjects persons purchases hits confirmed rejected summary }
    ... on AlertRefused { code message } ... on UnknownRecord { code }
    ... on NotPermitted { message } }"""
ALERT = """id caseNumber owner kind criteria { name values } why state until activatedBy endedWhy
    expected { firings summary } figures { firings muted sightings useful notUseful hits confirmed
    summary } mutes { number purchaseId why endedBy }"""
SIGHTING = "id state firings fired { alertId purchaseId line } answeredBy why"
PERSON = ids.presentation_id(ids.purchase_id(TILL, "purchase-1"))


def phone(key: str, day: int = 2, **changes: Any) -> Any:
    good = a_line(kind="phone", brand="Samsung", model="Galaxy S23", identifiers=[])
    at = a_moment(f"2026-06-{day:02}T12:00:00+02:00")
    return a_purchase(key=key, acquired=at, items=[good], **changes)


def bicycle(key: str, **changes: Any) -> Any:
    return a_purchase(key=key, items=[a_line(identifiers=[])], **changes)


def purchase(key: str) -> UUID:
    return ids.purchase_id(TILL, key)


def hit(number: int) -> UUID:
    return ids.pair_id(
        purchase(f"purchase-{number}"), 1, ids.stolen_item_id(POLICE, f"stolen-{number}")
    )


@pytest.fixture
def served(archive: Archive, tmp_path: Path) -> Iterator[Served]:
    """Bicycles with hits, the second of a closed report, and three phones of one seller."""
    phones = [phone(f"phone-{day}", day) for day in (1, 9, 20)]
    take_in(archive, a_dealer(), *pair(1), *pair(2, "closed"), *phones)
    with serving(archive, tmp_path) as served:
        yield served


@pytest.fixture
def case(served: Served) -> str:
    """The number of a case that a team leader leads, in which somebody of the HIC team works and a
    financial investigator reads."""
    opening = Opening("Telefoons", LEADER, "amsterdam", "wpg:8")
    opened = served.archive.casework.open_case(opening, actor=f"user:{LEADER}")
    for member, part in (("hic_team", "investigator"), ("financial_investigator", "reader")):
        served.archive.casework.in_case(opened.id, _join(member, part), actor=f"user:{LEADER}")
    follow(served.archive)
    return opened.number


def _join(role: str, part: Any) -> Any:
    def joined(case: Case, _: Seal) -> EventData:
        now = datetime.now(UTC)
        return case.join(f"dev:{role}@amsterdam", part, now, None, now)

    return joined


def asked(served: Served, text: str, case: str | None, role: str = "hic_team", **who: str) -> Any:
    """What is told of one field, to somebody for whom the case is the purpose."""
    under = {"purpose": f"case:{case}"} if case else {}
    (answer,) = served.told(text, None, **{"role": role, **under, **who}).values()
    follow(served.archive)
    return answer


def until(days: int = 30) -> str:
    return (datetime.now(UTC) + timedelta(days=days)).isoformat()


def set_alert(served: Served, case: str | None, kind: str, looks_for: str, **who: str) -> Any:
    given = f'{looks_for}, until: "{until()}", why: "{WHY}"'
    return asked(served, f"mutation {{ set{kind}Alert({given}) {DONE} }}", case, **who)


def do(served: Served, case: str | None, what: str, **who: str) -> Any:
    return asked(served, f"mutation {{ {what} {DONE} }}", case, **who)


def alerts(served: Served, case: str | None, **who: str) -> Any:
    return asked(served, f"{{ alerts(first: 10) {{ nodes {{ {ALERT} }} }} }}", case, **who)["nodes"]


def sightings(served: Served, case: str | None, **who: str) -> Any:
    text = f"{{ sightings(first: 10) {{ nodes {{ {SIGHTING} }} }} }}"
    return asked(served, text, case, **who)["nodes"]


def active(served: Served, case: str, kind: str = "Goods", looks_for: str = "") -> str:
    made = set_alert(served, case, kind, looks_for or 'kind: ["bicycle"]')
    assert made["__typename"] == "AlertDone", made
    found: str = made["id"]
    assert do(served, case, f'activateAlert(id: "{found}")')["state"] == "active"
    return found


# Who must not see it

OUTSIDE = [
    {"role": "district_detective", "purpose": "duty:acceptance"},
    {"role": "team_leader", "unit": "utrecht", "purpose": "duty:supervision"},
    {"role": "hic_team", "unit": "utrecht", "purpose": "duty:acceptance"},
    {"role": "authorised_officer", "unit": "utrecht", "purpose": "duty:supervision"},
]


@pytest.mark.parametrize("who", OUTSIDE, ids=lambda who: f"{who['role']} {who.get('unit', '')}")
def test_given_who_is_not_in_the_case_then_there_is_no_alert_and_no_sighting(
    served: Served, case: str, who: dict[str, str]
) -> None:
    alert = active(served, case)
    take_in(served.archive, bicycle("b"))
    follow(served.archive)
    (sighting,) = sightings(served, case)

    assert alerts(served, None, **who) == []
    assert sightings(served, None, **who) == []
    by_id = f'{{ alert(id: "{alert}") {{ __typename ... on UnknownRecord {{ code }} }} }}'
    assert asked(served, by_id, None, **who) == {
        "__typename": "UnknownRecord",
        "code": "unknown_alert",
    }
    counted = "{ alerts(first: 1) { totalCount } }"
    assert asked(served, counted, None, **who) == {"totalCount": 0}
    assert sighting["firings"] == 1


def test_given_another_case_as_the_purpose_then_what_is_of_this_one_is_not_there(
    served: Served, case: str
) -> None:
    alert = active(served, case)
    take_in(served.archive, bicycle("b"))
    follow(served.archive)
    (sighting,) = sightings(served, case)
    opening = Opening("Elders", "dev:hic_team@amsterdam", "amsterdam", "wpg:8")
    other = served.archive.casework.open_case(opening, actor="user:x").number
    follow(served.archive)

    for what in (
        f'withdrawAlert(id: "{alert}", why: "{WHY}")',
        f'activateAlert(id: "{alert}")',
        f'muteAlert(id: "{alert}", until: "{until(1)}", why: "{WHY}")',
        f'unmuteAlert(id: "{alert}", number: 1, why: "{WHY}")',
        f'answerSighting(id: "{sighting["id"]}", answer: useful, why: "{WHY}")',
    ):
        assert do(served, other, what)["code"] == "unknown_record", what


def test_given_who_only_reads_in_the_case_then_he_sees_and_sets_nothing(
    served: Served, case: str
) -> None:
    alert = active(served, case)
    reader = {"role": "financial_investigator"}

    assert [each["id"] for each in alerts(served, case, **reader)] == [alert]
    made = set_alert(served, case, "Goods", 'kind: ["phone"]', **reader)
    assert made["__typename"] == "NotPermitted"
    told = do(served, case, f'withdrawAlert(id: "{alert}", why: "{WHY}")', **reader)
    assert told["__typename"] == "NotPermitted"


def test_given_a_duty_and_no_case_then_no_alert_is_set(served: Served) -> None:
    assert set_alert(served, None, "Goods", 'kind: ["bicycle"]')["code"] == "case_missing"


def test_given_a_closed_report_then_its_hit_counts_for_nobody_who_may_not_know_of_it(
    served: Served, case: str
) -> None:
    for number in (1, 2):
        served.archive.casework.decide(hit(number), Hit.confirm, actor="user:x", ground="wpg:8")
    follow(served.archive)

    ran = asked(served, f'{{ goodsDryRun(kind: ["bicycle"]) {RAN} }}', case)

    assert (ran["firings"], ran["hits"], ran["confirmed"]) == (2, 1, 1)
    assert ran["summary"] == (
        "Would have fired 2 times in the year before, about 1 subject; "
        "on 1 (50.0%) a hit was confirmed."
    )


# What is expected of it


@pytest.mark.parametrize(
    ("question", "firings", "subjects"),
    [
        ('countDryRun(days: 30, count: 3, kind: ["phone"])', 1, 1),
        ('countDryRun(days: 19, count: 3, kind: ["phone"])', 0, 0),
        ('countDryRun(days: 30, amount: "160.00")', 4, 1),
        ('goodsDryRun(words: "fietsen")', 2, 1),
        ('goodsDryRun(brand: ["SAMSUNG"], most: "80.00")', 3, 1),
        ('goodsDryRun(municipality: ["GM0599"])', 0, 0),
        (f'personDryRun(presentation: "{PERSON}")', 5, 1),
    ],
)
def test_given_a_year_then_it_is_said_how_often_it_would_have_fired(
    served: Served, case: str, question: str, firings: int, subjects: int
) -> None:
    ran = asked(served, f"{{ {question} {RAN} }}", case)

    assert (ran["firings"], ran["subjects"]) == (firings, subjects)


@pytest.mark.parametrize(
    ("question", "code"),
    [
        ("goodsDryRun", "nothing_asked"),
        ('goodsDryRun(kind: ["bycicle"])', "kind_unknown"),
        ('goodsDryRun(words: "f*")', "pattern_too_short"),
        ('goodsDryRun(words: "-fiets")', "no_word"),
        ('goodsDryRun(least: "a lot")', "amount_unreadable"),
        ('goodsDryRun(dealer: ["x"])', "id"),
        ("countDryRun(days: 30)", "nothing_asked"),
        ("countDryRun(days: 0, count: 1)", "days"),
        ('personDryRun(presentation: "x")', "id"),
        (f'personDryRun(presentation: "{hit(1)}")', "unknown_record"),
    ],
)
def test_given_what_cannot_be_meant_then_it_is_said_what_is_wrong(
    served: Served, case: str, question: str, code: str
) -> None:
    assert asked(served, f"{{ {question} {RAN} }}", case)["code"] == code


def test_given_more_than_can_be_looked_through_then_it_is_too_broad(
    served: Served, case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(firing, "MOST", 1)

    assert asked(served, f'{{ goodsDryRun(words: "fiets") {RAN} }}', case)["code"] == "too_broad"


def test_given_a_dry_run_then_the_journal_has_the_question_and_that_no_record_was_told(
    served: Served, case: str
) -> None:
    asked(served, f'{{ personDryRun(presentation: "{PERSON}") {RAN} }}', case)

    read = journal(served.archive)[-1]
    assert isinstance(read, Read)
    assert (read.returned, read.sought) == ((), (PERSON.hex,))
    assert "personDryRun" in str(opened(served.archive)[-1])


# The life of an alert


def test_given_an_alert_that_is_set_then_it_fires_once_it_is_activated(
    served: Served, case: str
) -> None:
    made = set_alert(served, case, "Count", 'days: 30, count: 3, kind: ["phone"]')
    assert (made["state"], made["expected"]["firings"]) == ("set", 1)
    take_in(served.archive, phone("before", 21))
    assert sightings(served, case) == []

    do(served, case, f'activateAlert(id: "{made["id"]}")')
    take_in(served.archive, phone("after", 22))
    follow(served.archive)

    (sighting,) = sightings(served, case)
    assert sighting["fired"] == [
        {"alertId": made["id"], "purchaseId": str(purchase("after")), "line": None}
    ]
    (alert,) = alerts(served, case)
    assert alert["criteria"] == [
        {"name": "count", "values": ["3"]},
        {"name": "days", "values": ["30"]},
        {"name": "kinds", "values": ["phone"]},
    ]
    assert (alert["kind"], alert["why"], alert["state"]) == ("windowed", WHY, "active")
    assert alert["expected"]["firings"] == 1
    assert (alert["figures"]["firings"], alert["figures"]["sightings"]) == (1, 1)


def test_given_sightings_that_are_answered_then_the_alert_is_judged_by_them(
    served: Served, case: str
) -> None:
    active(served, case)
    take_in(served.archive, bicycle("b"), bicycle("other", seller=OTHER))
    follow(served.archive)
    one, other = sightings(served, case)
    for of, said in ((one, "useful"), (other, "not_useful")):
        do(served, case, f'answerSighting(id: "{of["id"]}", answer: {said}, why: "{WHY}")')

    assert {(s["state"], s["answeredBy"], s["why"]) for s in sightings(served, case)} == {
        (said, "dev:hic_team@amsterdam", WHY) for said in ("useful", "not_useful")
    }
    figures = alerts(served, case)[0]["figures"]
    assert (figures["sightings"], figures["useful"], figures["notUseful"]) == (2, 1, 1)
    again = f'answerSighting(id: "{one["id"]}", answer: useful, why: "{WHY}")'
    assert do(served, case, again)["code"] == "already_answered"


def test_given_a_muted_subject_then_it_is_counted_and_the_mute_is_told(
    served: Served, case: str
) -> None:
    alert = active(served, case)
    take_in(served.archive, bicycle("b"))
    follow(served.archive)
    told = f'id: "{alert}", until: "{until(7)}", why: "{WHY}"'
    stranger = f'muteAlert({told}, purchase: "{purchase("purchase-1")}")'
    assert do(served, case, stranger)["code"] == "unknown_record"

    do(served, case, f'muteAlert({told}, purchase: "{purchase("b")}")')
    take_in(served.archive, bicycle("again"))
    follow(served.archive)

    (found,) = alerts(served, case)
    assert (found["figures"]["firings"], found["figures"]["muted"]) == (2, 1)
    (mute,) = found["mutes"]
    assert (mute["purchaseId"], mute["why"]) == (str(purchase("b")), WHY)
    do(served, case, f'unmuteAlert(id: "{alert}", number: {mute["number"]}, why: "{WHY}")')
    assert alerts(served, case)[0]["mutes"][0]["endedBy"] == "dev:hic_team@amsterdam"


def test_given_an_alert_that_is_withdrawn_then_nothing_more_is_done_about_it(
    served: Served, case: str
) -> None:
    alert = active(served, case)
    assert do(served, case, f'withdrawAlert(id: "{alert}", why: "kort")')["code"] == "reason_short"
    do(served, case, f'withdrawAlert(id: "{alert}", why: "{WHY}")')

    (found,) = alerts(served, case)
    assert (found["state"], found["endedWhy"]) == ("withdrawn", WHY)
    again = do(served, case, f'withdrawAlert(id: "{alert}", why: "{WHY}")')
    assert again["code"] == "alert_over"


def test_given_an_end_beyond_what_the_article_allows_then_it_is_refused(
    served: Served, case: str
) -> None:
    given = f'kind: ["bicycle"], until: "{until(200)}", why: "{WHY}"'

    told = do(served, case, f"setGoodsAlert({given})")

    assert told["code"] == "until"
    assert "at most 3 months" in told["message"]


def test_given_what_is_done_then_it_is_journaled_before_and_after(
    served: Served, case: str
) -> None:
    alert = active(served, case)
    before = len(journal(served.archive))
    do(served, case, f'withdrawAlert(id: "{alert}", why: "{WHY}")')

    attempts = [e for e in journal(served.archive)[before:] if isinstance(e, Attempted)]
    assert len(attempts) == 1


def test_given_who_watches_then_a_sighting_is_pushed_to_who_may_know_of_it(
    served: Served, case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "POLL", 0.01)
    active(served, case)
    take_in(served.archive, bicycle("b"))
    follow(served.archive)
    watch = f"subscription ($after: ID) {{ sightings(after: $after) {{ {SIGHTING} }} }}"

    monkeypatch.setattr(streams, "HEARTBEAT", 0.05)

    with stream(served, watch, 0, role="hic_team", purpose=f"case:{case}") as answer:
        told = events(answer.iter_lines())
        body = next(decode(each["data"]) for each in told if each.get("event") == "next")
        # And then it is quiet.
        assert "comment" in next(told)

    assert body["data"]["sightings"]["firings"] == 1
    assert body["extensions"]["journal"]
