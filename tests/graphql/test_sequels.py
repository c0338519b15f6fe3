"""After a hit: who may do what about the good, in which order, and who learns nothing of it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from msgspec import structs

from herkomst.domain import ids
from herkomst.domain.calendar import end_of_term, legal_today
from herkomst.domain.journal import Attempted, Concluded
from herkomst.record.archive import Archive
from herkomst.record.casework import Opening
from tests.archives import POLICE, TILL, a_dealer, a_moment
from tests.serving import Served, follow, journal, pair, serving, take_in

DONE = """{ __typename ... on SequelChanged { id until position }
    ... on SequelRefused { code cure } ... on UnknownHit { code message }
    ... on NotPermitted { code message } }"""
SEEN = """{ __typename ... on Sequel { state owner mayAnswer measures { kind state power issuer unit
    until length termUnit verdict why decidedBy isCurrent way party receipt endedBy endedWhy } }
    ... on UnknownHit { code } ... on NotPermitted { code } }"""
DETECTIVE = {"role": "district_detective", "purpose": "duty:front_desk"}
LEADER = {"role": "team_leader", "purpose": "duty:front_desk"}
OFFICER = {"role": "authorised_officer", "purpose": "duty:front_desk"}
PROSECUTOR = {"role": "prosecutor", "ground": "wjsg:39b"}
OTHERS = {**DETECTIVE, "unit": "rotterdam"}
DEALER = {"role": "dealer", "unit": TILL, "purpose": "duty:own_register", "ground": "sr:437"}
WHY = 'why: "Gezien en vergeleken."'


@pytest.fixture
def served(archive: Archive, tmp_path: Path) -> Iterator[Served]:
    """Hits on an item that is open, one that is confidential and one that is closed."""
    take_in(archive, a_dealer(), *pair(1), *pair(2, "confidential"), *pair(3, "closed"))
    with serving(archive, tmp_path) as served:
        yield served


def hit(number: int = 1) -> UUID:
    stolen = ids.stolen_item_id(POLICE, f"stolen-{number}")
    return ids.pair_id(ids.purchase_id(TILL, f"purchase-{number}"), 1, stolen)


def do(served: Served, act: str, more: str = "", of: object = None, **who: str) -> Any:
    arguments = ", ".join(filter(None, [f'hit: "{of or hit()}"', more, WHY]))
    text = f"mutation {{ {act}({arguments}) {DONE} }}"
    told = served.told(text, None, **(who or DETECTIVE))[act]
    follow(served.archive)
    return told


def done(served: Served, act: str, more: str = "", **who: str) -> Any:
    told = do(served, act, more, **who)
    assert told["__typename"] == "SequelChanged", told
    return told


def seen(served: Served, of: object = None, **who: str) -> Any:
    text = f'{{ sequel(hit: "{of or hit()}") {SEEN} }}'
    return served.told(text, None, **(who or DETECTIVE))["sequel"]


def measure(served: Served, kind: str) -> Any:
    return next(each for each in seen(served)["measures"] if each["kind"] == kind)


def confirm(served: Served, **who: str) -> Any:
    return done(served, "answerSignal", "verdict: stands", **who)


class TestWhoLearnsNothing:
    def test_the_dealer_is_told_nothing_before_he_is_let_be(self, served: Served) -> None:
        """And of it nothing but his own good and whom to ask."""
        asked = {"query": "{ notices(first: 5) { totalCount nodes { key line keeps contact } } }"}

        def told() -> tuple[bytes, list[str]]:
            answer = served.client.post("/graphql", json=asked, headers=served.headers(**DEALER))
            return answer.content, sorted(answer.headers)

        before = told()
        confirm(served)
        done(served, "orderKeeping")
        assert told() == before
        done(served, "tellDealer", **LEADER)

        nodes = served.nodes("notices(first: 5)", "key line keeps contact until", **DEALER)
        (node,) = nodes
        assert node.pop("until") is not None
        assert node == {"key": "purchase-1", "line": 1, "keeps": True, "contact": "amsterdam"}
        elsewhere = {**DEALER, "unit": "andere-kassa"}
        assert served.nodes("notices(first: 5)", **elsewhere) == []

    def test_the_dealer_and_the_municipality_see_no_sequel(self, served: Served) -> None:
        confirm(served)
        boa = {"role": "boa_1", "purpose": "duty:control", "ground": "sr:437"}
        for who in (DEALER, boa, {**boa, "role": "municipal_clerk"}):
            assert seen(served, **who)["code"] == "not_permitted"
            assert do(served, "orderKeeping", **who)["code"] == "not_permitted"
            listed = served.told("{ measures(first: 3) { refused { __typename } } }", None, **who)
            assert listed["measures"]["refused"]["__typename"] == "NotPermitted"

    def test_a_closed_hit_is_answered_as_what_does_not_exist(self, served: Served) -> None:
        do(served, "answerSignal", "verdict: stands", of=hit(3), **OFFICER)
        nobody = UUID(int=7)
        for act, more in (("answerSignal", "verdict: stands"), ("orderKeeping", "")):
            closed, none = (do(served, act, more, of=each) for each in (hit(3), nobody))
            assert closed["message"].replace(str(hit(3)), "") == none["message"].replace(
                str(nobody), ""
            )
        assert seen(served, hit(3)) == seen(served, nobody)
        assert served.nodes("measures(first: 10)", "hitId", **DETECTIVE) == []
        owner = do(served, "orderKeeping", of=hit(3), **OFFICER)
        assert owner["__typename"] == "SequelChanged"
        (own,) = served.nodes("measures(first: 10, kind: [signal])", "hitId", **OFFICER)
        assert own == {"hitId": str(hit(3))}

    def test_nobody_acts_on_what_is_withheld_from_him(self, served: Served) -> None:
        assert do(served, "answerSignal", "verdict: stands", of=hit(2))["code"] == "not_permitted"
        assert seen(served, hit(2))["code"] == "unknown_hit"


class TestTheSignal:
    def test_is_answered_by_the_unit_that_owns_the_report_and_by_nobody_else(
        self, served: Served
    ) -> None:
        told = do(served, "answerSignal", "verdict: stands", **OTHERS)
        assert told["code"] == "not_permitted"
        assert "Amsterdam" in told["message"]
        assert (seen(served)["state"], seen(served)["mayAnswer"]) == ("unanswered", True)
        assert seen(served, **OTHERS)["mayAnswer"] is False

        confirm(served)
        assert (seen(served)["state"], seen(served)["owner"]) == ("confirmed", "Amsterdam")

    def test_is_listed_for_who_is_to_answer_until_he_did(self, served: Served) -> None:
        def listed(**who: str) -> list[str]:
            return [each["id"] for each in served.nodes("signalsToAnswer(first: 5)", **who)]

        assert listed(**OTHERS) == []
        assert listed(**DETECTIVE) == [str(hit())]
        assert set(listed(**OFFICER)) == {str(hit(n)) for n in (1, 2, 3)}
        confirm(served)
        assert listed(**DETECTIVE) == []

    @pytest.mark.parametrize("verdict", ["recovered", "withdrawn", "other_good", "unclear"])
    def test_that_is_not_confirmed_has_nothing_follow(self, served: Served, verdict: str) -> None:
        done(served, "answerSignal", f"verdict: {verdict}")

        assert do(served, "orderKeeping")["code"] == "not_confirmed"
        assert do(served, "tellDealer", **LEADER)["code"] == "not_confirmed"
        assert seen(served)["state"] == "denied"
        assert measure(served, "signal")["why"] == "Gezien en vergeleken."

    def test_takes_a_reason_in_words(self, served: Served) -> None:
        text = f'mutation {{ answerSignal(hit: "{hit()}", verdict: stands, why: " ") {DONE} }}'
        assert served.told(text, None, **DETECTIVE)["answerSignal"]["__typename"] == "SequelRefused"


class TestWhatFollows:
    def test_three_things_have_each_a_power_an_issuer_and_a_term(self, served: Served) -> None:
        confirm(served)
        ordered = done(served, "orderKeeping", 'days: 9, issuer: "brigadier.voorbeeld"')
        done(served, "seizeGood", 'receipt: "KVI-2026-1", keeper: "Beslaghuis Voorbeeld"')

        until = end_of_term(legal_today(), 9, "day")
        assert datetime.fromisoformat(ordered["until"]) == until
        order, seizure = measure(served, "order"), measure(served, "seizure")
        assert (order["power"], order["issuer"], order["length"], order["termUnit"]) == (
            "sr:437-1-f",
            "brigadier.voorbeeld",
            9,
            "day",
        )
        assert (order["state"], order["endedBy"]) == ("seized", "dev:district_detective@amsterdam")
        assert (seizure["power"], seizure["state"], seizure["until"]) == ("sv:94", "running", None)
        assert seen(served)["state"] == "seized"

    def test_an_order_is_given_once_and_for_fourteen_days_at_most(self, served: Served) -> None:
        confirm(served)
        assert do(served, "orderKeeping", "days: 15")["code"] == "term"
        done(served, "orderKeeping")
        assert do(served, "orderKeeping")["code"] == "order_given"
        done(served, "releaseOrder")
        assert seen(served)["state"] == "released"
        assert do(served, "orderKeeping")["code"] == "order_given"

    def test_an_order_whose_term_went_by_is_told_to_have_lapsed_at_once_and_recorded_once(
        self, served: Served
    ) -> None:
        confirm(served)
        since = (datetime.now(UTC) - timedelta(days=30)).isoformat()
        text = f'orderKeeping(hit: "{hit()}", since: "{since}", {WHY}) {DONE}'
        served.told(f"mutation {{ {text} }}", None, **DETECTIVE)
        follow(served.archive)
        follow(served.archive)

        assert measure(served, "order")["state"] == "lapsed"
        assert seen(served)["state"] == "lapsed"
        follow(served.archive)
        topics = trail(served)
        assert topics.count("casework.sequel.term_lapsed") == 1

    def test_what_a_dealer_bought_just_now_is_in_the_holding_period_by_itself(
        self, served: Served
    ) -> None:
        bought, report = pair(4)
        today = a_moment(legal_today().isoformat())
        take_in(served.archive, structs.replace(bought, acquired=today), report)
        text = f'answerSignal(hit: "{hit(4)}", verdict: stands, {WHY}) {DONE}'
        served.told(f"mutation {{ {text} }}", None, **DETECTIVE)
        follow(served.archive)

        _, period = seen(served, hit(4))["measures"]
        assert (period["kind"], period["power"], period["issuer"]) == ("period", "apv", "GM0363")
        assert (period["length"], period["termUnit"], period["decidedBy"]) == (3, "day", None)
        until = end_of_term(legal_today(), 3, "day")
        assert datetime.fromisoformat(period["until"]) == until

    def test_what_a_dealer_bought_long_ago_is_in_it_no_more(self, served: Served) -> None:
        confirm(served)
        assert [each["kind"] for each in seen(served)["measures"]] == ["signal"]


class TestReturn:
    def test_is_the_decision_of_the_prosecutor(self, served: Served) -> None:
        confirm(served)
        done(served, "seizeGood", 'receipt: "KVI-2026-1"')

        for who in (DETECTIVE, LEADER, OFFICER):
            assert do(served, "returnGood", "way: to_holder", **who)["code"] == "not_permitted"
        assert do(served, "releaseOrder")["code"] == "no_order"
        clerk = {**PROSECUTOR, "role": "prosecution_clerk"}
        assert do(served, "returnGood", "way: to_holder", **clerk)["code"] == "not_permitted"
        done(served, "returnGood", "way: to_holder", **PROSECUTOR)
        assert seen(served)["state"] == "returned"

    def test_to_another_waits_for_the_notice_and_stops_at_a_complaint(self, served: Served) -> None:
        confirm(served)
        done(served, "seizeGood", 'receipt: "KVI-2026-1"')
        way = "way: to_entitled_after_notice"
        assert do(served, "returnGood", way, **PROSECUTOR)["code"] == "no_notice_given"
        noticed = (legal_today() - timedelta(days=40)).isoformat()
        done(served, "announceReturn", f'{way}, noticedOn: "{noticed}"', **PROSECUTOR)
        complaint = 'party: holder, complaint: "26-000001"'
        done(served, "recordComplaint", complaint, **PROSECUTOR)
        assert seen(served)["state"] == "contested"
        assert do(served, "returnGood", way, **PROSECUTOR)["code"] == "contested"
        done(served, "decideComplaint", "outcome: dismissed", **PROSECUTOR)
        done(served, "returnGood", way, **PROSECUTOR)

        found = measure(served, "seizure")
        assert (found["state"], found["way"], found["party"]) == (
            "returned",
            "to_entitled_after_notice",
            "holder",
        )

    def test_in_a_case_is_for_who_works_in_it(self, served: Served) -> None:
        lead = "dev:team_leader@amsterdam"
        opening = Opening("Rijwiel", lead, "amsterdam", "wpg:8")
        case = served.archive.casework.open_case(opening, actor=f"user:{lead}")
        follow(served.archive)
        purpose = f"case:{case.number}"
        text = f'{{ sequel(hit: "{hit()}") {SEEN} }}'

        others = served.headers(**{**OTHERS, "purpose": purpose})
        assert served.client.post("/graphql", json={"query": text}, headers=others).is_client_error
        assert seen(served, **{**LEADER, "purpose": purpose})["state"] == "unanswered"


def trail(served: Served) -> list[str]:
    text = """query ($i: ID!) { trail(of: $i, first: 100, kind: [sequel]) {
        nodes { topic actor facts { name value } } } }"""
    nodes = served.told(text, {"i": str(hit())}, **DETECTIVE)["trail"]["nodes"]
    return [node["topic"] for node in nodes]


class TestWhatIsRecorded:
    def test_the_trail_says_who_decided_as_what_and_on_which_facts(self, served: Served) -> None:
        confirm(served)
        done(served, "orderKeeping")
        text = """query ($i: ID!) { trail(of: $i, first: 100, kind: [sequel]) {
            nodes { topic actor facts { name value } } } }"""
        for who in (DETECTIVE, {**PROSECUTOR}):
            answered, ordered = served.told(text, {"i": str(hit())}, **who)["trail"]["nodes"]
            told = {fact["name"]: fact["value"] for fact in answered["facts"]}
            assert told["verdict"] == "stands"
            assert (told["officer"], told["role"], told["unit"], told["purpose"]) == (
                "dev:district_detective@amsterdam",
                "district_detective",
                "amsterdam",
                "duty:front_desk",
            )
            assert len(told["facts"]) == 64
            assert len(told["policy"]) == 16
            assert told["why"] == "Gezien en vergeleken."
            assert ordered["topic"] == "casework.sequel.order_issued"

    def test_each_act_is_journaled_before_and_after(self, served: Served) -> None:
        confirm(served)
        do(served, "orderKeeping", "days: 99")

        told = [each for each in journal(served.archive) if isinstance(each, Attempted | Concluded)]
        assert [type(each) for each in told] == [Attempted, Concluded, Attempted, Concluded]
        assert [each.outcome for each in told if isinstance(each, Concluded)] == ["done", "term"]

    def test_a_list_tells_what_runs(self, served: Served) -> None:
        confirm(served)
        done(served, "orderKeeping")
        listed = "measures(first: 5, running: {}, kind: [order])"

        assert len(served.nodes(listed.format("true"), **DETECTIVE)) == 1
        done(served, "releaseOrder")
        assert served.nodes(listed.format("true"), **DETECTIVE) == []
        assert len(served.nodes(listed.format("false"), **DETECTIVE)) == 1
