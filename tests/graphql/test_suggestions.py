"""Suggestions over the API: asked, assessed, remembered, and told in the export."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from herkomst.access.policy import Action, permit
from herkomst.access.viewer import Role, operator
from herkomst.domain import ids
from herkomst.domain.casework import hit
from herkomst.domain.journal import Attempted, Concluded, Read
from herkomst.domain.register.records import Identifier
from herkomst.investigations.hits import export_hits
from herkomst.record.archive import Archive
from tests.archives import (
    ACTOR,
    POLICE,
    TILL,
    a_dealer,
    a_line,
    a_purchase,
    a_stolen_good,
    a_stolen_item,
)
from tests.readings import under
from tests.serving import OFFICER, Served, follow, journal, serving, take_in

ITEM, PURCHASE = ids.stolen_item_id(POLICE, "stolen-1"), ids.purchase_id(TILL, "purchase-1")
CLOSED = ids.stolen_item_id(POLICE, "closed")
PAIR = ids.pair_id(PURCHASE, 1, ITEM)
ASK = """query ($i: ID!) { suggestions(stolenItem: $i, first: 10) {
    refused { __typename } nodes { id score time
        reasons { code weight purchase stolen } against { code weight }
        purchase { key good { description } }
        stolen { __typename ... on StolenItem { key } } } } }"""
ASSESS = """mutation ($i: ID!, $p: ID!, $v: SuggestionVerdict!) {
    assessSuggestion(stolenItem: $i, purchase: $p, line: 1, verdict: $v) { __typename
        ... on HitDecided { id state position }
        ... on HitClosed { code message }
        ... on UnknownHit { code }
        ... on NotPermitted { code } } }"""


def good(**changes: Any) -> Any:
    said = {"identifiers": [], "description": "met krat van Testa", **changes}
    return a_stolen_good(**said)


@pytest.fixture
def served(archive: Archive, tmp_path: Path) -> Iterator[Served]:
    take_in(
        archive,
        a_dealer(),
        a_purchase(items=[a_line(identifiers=[], description="krat")]),
        a_stolen_item(item=good()),
        a_stolen_item(key="closed", handling="closed", item=good()),
    )
    with serving(archive, tmp_path) as served:
        yield served


def suggested(served: Served, **who: str) -> list[Any]:
    nodes: list[Any] = served.told(ASK, {"i": str(ITEM)}, **who)["suggestions"]["nodes"]
    return nodes


def assess(served: Served, verdict: str, item: Any = ITEM, **who: str) -> Any:
    values = {"i": str(item), "p": str(PURCHASE), "v": verdict}
    told = served.told(ASSESS, values, **who)["assessSuggestion"]
    follow(served.archive)
    return told


def recorded(archive: Archive) -> list[Any]:
    with archive.database.connection() as connection:
        reader = archive.casework.recorder.reader
        return [fact.data for fact in reader.streams(connection, [PAIR]).get(PAIR, [])]


class TestWhoMayNot:
    @pytest.mark.parametrize(
        ("role", "ground"),
        [("prosecutor", "wjsg:39b"), ("boa_2", "sr:437"), ("auditor", "wpg:8")],
    )
    def test_ask_without_the_right(self, served: Served, role: str, ground: str) -> None:
        told = served.told(ASK, {"i": str(ITEM)}, role=role, ground=ground)["suggestions"]

        assert told == {"refused": {"__typename": "NotPermitted"}, "nodes": None}

    @pytest.mark.parametrize(
        ("role", "ground"),
        [("financial_investigator", "wpg:8"), ("prosecutor", "wjsg:39b"), ("boa_2", "sr:437")],
    )
    def test_assess_without_the_right(self, served: Served, role: str, ground: str) -> None:
        assert assess(served, "confirmed", role=role, ground=ground)["code"] == "not_permitted"
        assert recorded(served.archive) == []

    def test_assess_what_he_may_not_know_of(self, served: Served) -> None:
        closed, nothing = (
            assess(served, "confirmed", item)
            for item in (CLOSED, "00000000-0000-0000-0000-000000000000")
        )

        assert closed == nothing == {"__typename": "UnknownHit", "code": "unknown_hit"}

    def test_assess_what_is_none(self, served: Served) -> None:
        earlier = a_stolen_item(key="later", stolen=a_stolen_item().stolen, item=good(kind="phone"))
        take_in(served.archive, earlier)

        told = assess(served, "confirmed", ids.stolen_item_id(POLICE, "later"))
        assert told["__typename"] == "UnknownHit"


class TestAsking:
    def test_nothing_is_recorded_of_it_but_the_read(self, served: Served) -> None:
        (found,) = suggested(served)

        assert found["purchase"] == {"key": "purchase-1", "good": {"description": "krat"}}
        assert found["stolen"] == {"__typename": "StolenItem", "key": "stolen-1"}
        assert found["id"] == str(PAIR)
        read = journal(served.archive)[-1]
        assert isinstance(read, Read)
        assert read.sought == (ITEM.hex,)
        assert {f"stolen_item:{ITEM}", f"purchase:{PURCHASE}"} <= set(read.returned)
        assert recorded(served.archive) == []

    def test_a_good_that_is_none_has_none(self, served: Served) -> None:
        for item in (CLOSED, "x", "00000000-0000-0000-0000-000000000000"):
            told = served.told(ASK, {"i": str(item)})["suggestions"]
            assert told == {"refused": None, "nodes": []}

    def test_pages_follow_one_another(self, served: Served) -> None:
        more = (a_purchase(key=f"more-{n}", items=[a_line(identifiers=[])]) for n in range(4))
        take_in(served.archive, *more)
        query = """query ($i: ID!, $a: String) { suggestions(stolenItem: $i, first: 2, after: $a) {
            totalCount pageInfo { hasNextPage endCursor } nodes { id } } }"""
        seen: list[str] = []
        after, pages = None, 0
        while pages == 0 or after is not None:
            page = served.told(query, {"i": str(ITEM), "a": after})["suggestions"]
            seen += [node["id"] for node in page["nodes"]]
            after = page["pageInfo"]["endCursor"] if page["pageInfo"]["hasNextPage"] else None
            pages += 1

        assert (pages, page["totalCount"]) == (3, 5)
        assert seen == [node["id"] for node in suggested(served)]

    def test_of_a_purchase_the_stolen_goods_are_told(self, served: Served) -> None:
        query = """query ($p: ID!) { suggestionsOfPurchase(purchase: $p, line: 1, first: 5) {
            nodes { id } } }"""
        for role, most in (("district_detective", 1), (OFFICER, 2)):
            told = served.told(query, {"p": str(PURCHASE)}, role=role)["suggestionsOfPurchase"]
            assert len(told["nodes"]) == most


class TestAssessing:
    @pytest.mark.parametrize(
        ("verdict", "state", "decision"),
        [
            ("taken_up", "assessed", hit.Assessed),
            ("confirmed", "confirmed", hit.Confirmed),
            ("rejected", "rejected", hit.Rejected),
        ],
    )
    def test_it_becomes_a_hit_of_that_grade(
        self, served: Served, verdict: str, state: str, decision: type[Any]
    ) -> None:
        told = assess(served, verdict)

        assert (told["id"], told["state"]) == (str(PAIR), state)
        found, decided = recorded(served.archive)
        assert isinstance(found, hit.Suggested)
        assert isinstance(decided, decision)
        (listed,) = served.nodes(
            "hits(first: 5)", "id grade state decidedBy reasons { code value }"
        )
        assert (listed["id"], listed["grade"], listed["state"]) == (str(PAIR), "suggestion", state)
        assert [type(each) for each in journal(served.archive)[:2]] == [Attempted, Concluded]

    def test_no_free_text_is_recorded(self, served: Served) -> None:
        assess(served, "confirmed")

        assert "krat" not in str(recorded(served.archive))

    def test_it_is_exported_with_that_grade(self, served: Served) -> None:
        assess(served, "confirmed")
        officer = under(operator(Role.AUTHORISED_OFFICER), "duty:acceptance", "wpg:8")

        (line,) = export_hits(served.archive, permit(officer, Action.EXPORT_HITS))

        assert (line["grade"], line["state"]) == ("suggestion", "confirmed")
        assert line["stolen"] == {"source": POLICE, "key": "stolen-1"}

    def test_what_stands_is_not_suggested(self, served: Served) -> None:
        assess(served, "taken_up")
        assert suggested(served) == []

    def test_what_was_rejected_is_suggested_on_other_facts_alone(self, served: Served) -> None:
        assess(served, "rejected")
        same = a_stolen_item(item=good(brand="GAZELLE"))
        other = a_stolen_item(item=good(colours=["rood"]))

        assert suggested(served) == []
        for sent, times in ((same, 0), (other, 1)):
            served.archive.register.take_in([(1, sent)], actor=ACTOR)
            follow(served.archive)
            assert len(suggested(served)) == times

    def test_it_may_be_decided_on_again_as_a_hit(self, served: Served) -> None:
        assess(served, "taken_up")
        assert assess(served, "confirmed")["state"] == "confirmed"

        kinds = [type(each) for each in recorded(served.archive)]
        assert kinds == [hit.Suggested, hit.Assessed, hit.Confirmed]


def numbered(served: Served) -> None:
    """A number turns up that both goods bear."""
    number = [Identifier(type="frame", value="GZ47110001")]
    sent = a_stolen_item(item=good(identifiers=number))
    taken = a_purchase(key="purchase-2", items=[a_line(identifiers=number)])
    served.archive.register.take_in([(1, sent), (2, taken)], actor=ACTOR)
    follow(served.archive)


class TestWithoutSignal:
    """No number leads from the report to the suggestion, and still it ends with it."""

    @pytest.mark.parametrize("verdict", ["taken_up", "confirmed"])
    @pytest.mark.parametrize(
        ("sent", "why"),
        [
            ({"status": "withdrawn", "withdrawn_reason": "mistaken"}, "withdrawn"),
            ({"status": "recovered"}, "withdrawn"),
            ({"status": "recovered", "recovered_at": "2026-03-01"}, "recovered_before"),
            ({"offence": "found"}, "not_a_theft"),
        ],
    )
    def test_what_was_taken_up_is_closed(
        self, served: Served, verdict: str, sent: dict[str, Any], why: str
    ) -> None:
        assess(served, verdict)
        amended = a_stolen_item(item=good(), **sent)
        served.archive.register.take_in([(1, amended)], actor=ACTOR)
        follow(served.archive)

        (listed,) = served.nodes("hits(first: 5)", "state why")
        assert listed == {"state": "closed", "why": why}

    def test_what_was_sold_before_it_was_recovered_stands(self, served: Served) -> None:
        assess(served, "confirmed")
        back = a_stolen_item(item=good(), status="recovered", recovered_at="2026-04-01")
        served.archive.register.take_in([(1, back)], actor=ACTOR)
        follow(served.archive)

        (listed,) = served.nodes("hits(first: 5)", "grade state")
        assert listed == {"grade": "suggestion", "state": "confirmed"}

    def test_what_was_rejected_stays_so(self, served: Served) -> None:
        assess(served, "rejected")
        gone = a_stolen_item(item=good(), status="withdrawn", withdrawn_reason="duplicate")
        served.archive.register.take_in([(1, gone)], actor=ACTOR)
        follow(served.archive)

        (listed,) = served.nodes("hits(first: 5)", "state")
        assert listed == {"state": "rejected"}


class TestBesideNumbers:
    def test_a_hit_on_a_number_of_another_good_leaves_it(self, served: Served) -> None:
        assess(served, "confirmed")
        numbered(served)

        states = {
            node["id"]: (node["grade"], node["state"])
            for node in served.nodes("hits(first: 5)", "id grade state")
        }
        assert states.pop(str(PAIR)) == ("suggestion", "confirmed")
        assert list(states.values()) == [("full_hit", "found")]

    def test_a_hit_on_a_number_is_not_assessed_as_a_suggestion(self, served: Served) -> None:
        numbered(served)
        values = {
            "i": str(ITEM),
            "p": str(ids.purchase_id(TILL, "purchase-2")),
            "v": "rejected",
        }

        told = served.told(ASSESS, values)["assessSuggestion"]
        assert told["code"] == "hit_closed"
