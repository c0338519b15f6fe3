"""Cases over the API: from opening to closing, and as they were known."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from herkomst.domain import ids
from herkomst.domain.journal import Attempted
from herkomst.record.archive import Archive
from tests.archives import POLICE, TILL, a_dealer
from tests.serving import OFFICER, Served, follow, journal, pair, serving, take_in

PURCHASE = str(ids.purchase_id(TILL, "purchase-1"))
HIDDEN = str(ids.stolen_item_id(POLICE, "stolen-2"))
PRESENTED = str(ids.presentation_id(ids.purchase_id(TILL, "purchase-1")))
LEADER = {"role": "team_leader"}
REVIEWER = {"role": OFFICER}
DETECTIVE = "dev:district_detective@amsterdam"
ANSWER = """{ __typename
    ... on CaseDone { id position }
    ... on CaseRefused { code message cure }
    ... on UnknownCase { code }
    ... on NotPermitted { code message } }"""
TODAY = datetime.now(UTC).date() + timedelta(days=1)


@pytest.fixture
def served(archive: Archive, tmp_path: Path) -> Iterator[Served]:
    """A hit that may be read, and one on an item that is closed."""
    take_in(archive, a_dealer(), *pair(1), *pair(2, "closed"))
    with serving(archive, tmp_path) as served:
        yield served


@pytest.fixture
def case(served: Served) -> Any:
    """A case that a team leader opened."""
    opened = served.told(
        'mutation { openCase(title: "Rijwiel", aim: "Wie brengt ze?") '
        "{ ... on CaseOpened { id number position } } }",
        role="team_leader",
    )["openCase"]
    follow(served.archive)
    return opened


def act(served: Served, which: str, arguments: str, case: Any, **who: str) -> Any:
    query = f"mutation ($c: ID!) {{ {which}(case: $c{arguments}) {ANSWER} }}"
    answer = served.told(query, {"c": case["id"]}, **(who or LEADER))[which]
    follow(served.archive)
    return answer


def joined(served: Served, case: Any) -> None:
    answer = act(served, "joinCase", f', member: "{DETECTIVE}", part: investigator', case)
    assert answer["__typename"] == "CaseDone"


class TestWhoMayNot:
    @pytest.mark.parametrize(
        "role", ["prosecutor", "boa_1", "municipal_clerk", "source", "auditor", "access_reviewer"]
    )
    def test_a_role_without_the_right_opens_nothing(self, served: Served, role: str) -> None:
        answer = served.told(
            'mutation { openCase(title: "x") { __typename } }', role=role, ground="wpg:8"
        )

        assert answer["openCase"]["__typename"] == "NotPermitted"

    def test_a_detective_opens_none_on_article_9(self, served: Served) -> None:
        answer = served.told(
            'mutation { openCase(title: "x") { __typename } }',
            ground="wpg:9",
            purpose="duty:supervision",
        )

        assert answer["openCase"]["__typename"] == "NotPermitted"

    def test_for_who_is_no_member_there_is_no_case(self, served: Served, case: Any) -> None:
        assert served.nodes("cases(first: 10)") == []
        for name in (case["id"], case["number"], "2020-0001", "x"):
            told = served.told(f'{{ case(id: "{name}") {{ __typename }} }}')
            assert told["case"]["__typename"] == "UnknownCase"
        answer = act(served, "writeNote", ', kind: fact, text: "x"', case, role="hic_team")
        assert answer == {"__typename": "UnknownCase", "code": "unknown_case"}

    def test_what_may_not_be_read_is_made_part_of_nothing(self, served: Served, case: Any) -> None:
        joined(served, case)
        for kind, item in (("stolen_item", HIDDEN), ("purchase", HIDDEN), ("hit", "x")):
            answer = act(served, "addCaseItem", f', kind: {kind}, item: "{item}"', case)
            assert (answer["__typename"], answer["code"]) == ("CaseRefused", "no_record")

    def test_an_investigator_lets_nobody_in(self, served: Served, case: Any) -> None:
        joined(served, case)

        answer = act(
            served, "joinCase", ', member: "dev:x", part: reader', case, role="district_detective"
        )

        assert answer["code"] == "not_permitted"


class TestTheWayOfACase:
    def test_from_opening_to_closing(self, served: Served, case: Any) -> None:
        joined(served, case)
        me = {"role": "district_detective"}
        for which, arguments in (
            ("addCaseItem", f', kind: purchase, item: "{PURCHASE}", why: "de fiets"'),
            ("nameSubject", f', presentation: "{PRESENTED}", category: witness, why: "bracht"'),
            ("writeNote", f', kind: opinion, text: "Een reeks?", about: "{PURCHASE}"'),
            ("giveTask", f', member: "{DETECTIVE}", text: "Bel.", due: "2026-12-01"'),
            ("endTask", ', task: "1", outcome: done, text: "Gebeld."'),
            ("proposeClosing", ', why: "klaar"'),
        ):
            assert act(served, which, arguments, case, **me)["__typename"] == "CaseDone", which

        assert act(served, "closeCase", "", case, **me)["code"] == "not_permitted"
        assert act(served, "closeCase", "", case, **REVIEWER)["__typename"] == "CaseDone"

        found = served.told(
            """query ($c: ID!) { case(id: $c) { ... on Case { number title aim state lead
                members { member part } items(first: 10) { nodes { kind category why } }
                entries(first: 10) { nodes { kind text state outcome } } } } }""",
            {"c": case["number"]},
        )["case"]
        assert (found["number"], found["title"]) == (case["number"], "Rijwiel")
        assert (found["state"], found["aim"]) == ("closed", "Wie brengt ze?")
        assert found["items"]["nodes"] == [
            {"kind": "presentation", "category": "witness", "why": "bracht"},
            {"kind": "purchase", "category": None, "why": "de fiets"},
        ]
        assert [entry["text"] for entry in found["entries"]["nodes"]] == ["Bel.", "Een reeks?"]

    def test_who_proposed_it_does_not_close_it(self, served: Served, case: Any) -> None:
        act(served, "proposeClosing", ', why: "klaar"', case)

        assert act(served, "closeCase", "", case)["code"] == "own_review"

    @pytest.mark.parametrize(
        ("which", "arguments", "code"),
        [
            ("writeNote", ', kind: fact, text: " "', "text_missing"),
            ("endTask", ', task: "9", outcome: done', "no_task"),
            ("removeCaseItem", ', item: "x", why: "y"', "id"),
            ("reopenCase", ', why: "y"', "not_closed"),
            ("leaveCase", ', member: "dev:nobody"', "no_member"),
        ],
    )
    def test_what_cannot_be_done_is_told_with_its_cure(
        self, served: Served, case: Any, which: str, arguments: str, code: str
    ) -> None:
        answer = act(served, which, arguments, case)

        assert (answer["__typename"], answer["code"]) == ("CaseRefused", code)
        assert answer["cure"]

    @pytest.mark.parametrize(
        ("which", "arguments"),
        [
            ("joinCase", ', member: "\\u0000", part: reader'),
            ("joinCase", ', member: "dev:x\\u202e", part: reader'),
            ("handOverCase", ', unit: "\\u0000", lead: "dev:x", why: "y"'),
            ("handOverCase", ', unit: "x", lead: "a\\nb", why: "y"'),
        ],
    )
    def test_a_name_that_cannot_be_read_is_refused(
        self, served: Served, case: Any, which: str, arguments: str
    ) -> None:
        assert act(served, which, arguments, case)["code"] == "name_unreadable"

    @pytest.mark.parametrize("moment", ["2040-01-01", "2040-01-01T00:00:00"])
    def test_a_moment_without_an_offset_is_meant_in_utc(
        self, served: Served, case: Any, moment: str
    ) -> None:
        arguments = f', member: "dev:x", part: reader, since: "{moment}"'
        asked = "query ($c: ID!) { case(id: $c) { ... on Case { members { member since } } } }"

        assert act(served, "joinCase", arguments, case)["__typename"] == "CaseDone"
        members = served.told(asked, {"c": case["id"]}, **LEADER)["case"]["members"]
        assert {"member": "dev:x", "since": "2040-01-01T00:00:00+00:00"} in members

    def test_no_case_is_opened_for_one(self, served: Served) -> None:
        query = 'mutation { openCase(title: "x", lead: "\\u0000") { ... on CaseRefused { code } } }'

        assert served.told(query, None, **LEADER)["openCase"] == {"code": "name_unreadable"}

    def test_each_attempt_is_journaled(self, served: Served, case: Any) -> None:
        before = len([e for e in journal(served.archive) if isinstance(e, Attempted)])

        act(served, "reopenCase", ', why: "y"', case)

        after = len([e for e in journal(served.archive) if isinstance(e, Attempted)])
        assert after == before + 1


KNOWN = """query ($c: ID!, $d: Date!) { caseAsKnown(id: $c, recorded: $d, first: 10) { __typename
    ... on KnownCase { case { number title state } entries { text }
        items { nodes { item { kind } record { __typename
            ... on Purchase { key registerNumber lines { kind brand } }
            ... on Withheld { reason } } } } } } }"""


class TestAsItWasKnown:
    def test_a_case_with_its_records(self, served: Served, case: Any) -> None:
        act(served, "addCaseItem", f', kind: purchase, item: "{PURCHASE}"', case)

        told = served.told(KNOWN, {"c": case["number"], "d": str(TODAY)}, **LEADER)["caseAsKnown"]

        (item,) = told["items"]["nodes"]
        assert item["record"]["key"] == "purchase-1"
        assert item["record"]["registerNumber"] == 1
        assert told["case"]["title"] == "Rijwiel"

    def test_before_it_was_opened_there_was_none(self, served: Served, case: Any) -> None:
        told = served.told(KNOWN, {"c": case["id"], "d": "2020-01-01"}, **LEADER)

        assert told["caseAsKnown"]["__typename"] == "NotOpenedYet"

    def test_for_who_is_no_member_there_was_none_either(self, served: Served, case: Any) -> None:
        told = served.told(KNOWN, {"c": case["id"], "d": str(TODAY)})

        assert told["caseAsKnown"]["__typename"] == "UnknownCase"

    @pytest.mark.parametrize("identity", ["\0", "2026-1", "x" * 5000, "２０２６-0001"])
    def test_what_is_no_number_is_no_case(self, served: Served, identity: str) -> None:
        query = """query ($c: ID!) { case(id: $c) { __typename }
            caseAsKnown(id: $c, recorded: "2026-01-01", first: 1) { __typename } }"""

        told = served.told(query, {"c": identity}, **LEADER)

        assert {answer["__typename"] for answer in told.values()} == {"UnknownCase"}

    @pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
    def test_the_ends_of_the_calendar_are_days_too(
        self, served: Served, case: Any, day: str
    ) -> None:
        query = """query ($c: ID!, $d: Date!) {
            caseAsKnown(id: $c, recorded: $d, happened: $d, first: 1) { __typename }
            caseChanges(id: $c, since: $d, until: $d, first: 1) { nodes { topic } } }"""

        told = served.told(query, {"c": case["id"], "d": day}, **LEADER)

        assert told["caseAsKnown"]["__typename"] in ("KnownCase", "NotOpenedYet")
        assert told["caseChanges"]["nodes"] == []

    def test_what_stands_beside_a_record_is_not_told_of_another_day(
        self, served: Served, case: Any
    ) -> None:
        act(served, "addCaseItem", f', kind: purchase, item: "{PURCHASE}"', case)
        query = """query ($c: ID!, $d: Date!) { caseAsKnown(id: $c, recorded: $d, first: 9) {
            ... on KnownCase { items { nodes { record { ... on Purchase {
                sellerPresented shop { id } presentation { __typename } } } } } } } }"""

        told = served.told(query, {"c": case["id"], "d": str(TODAY)}, **LEADER)["caseAsKnown"]

        (item,) = told["items"]["nodes"]
        assert item["record"] == {"sellerPresented": True, "shop": None, "presentation": None}

    @pytest.mark.parametrize("beside", ["purchase { key }", "stolen { __typename }"])
    def test_the_goods_of_a_hit_are_asked_as_items_of_their_own(
        self, served: Served, case: Any, beside: str
    ) -> None:
        """They are never null in the schema, so it is refused in words, and nothing fails."""
        (hit,) = served.nodes("hits(first: 9)", **LEADER)
        act(served, "addCaseItem", f', kind: hit, item: "{hit["id"]}"', case)
        query = f"""query ($c: ID!, $d: Date!) {{ caseAsKnown(id: $c, recorded: $d, first: 9) {{
            ... on KnownCase {{ items {{ nodes {{ record {{
                ... on Hit {{ {beside} }} }} }} }} }} }} }}"""

        body = served.ask(query, {"c": case["id"], "d": str(TODAY)}, **LEADER).json()

        (refused,) = body["errors"]
        assert refused["extensions"]["code"] == "not_as_known"
        assert body["data"]["caseAsKnown"]["items"]["nodes"] == [{"record": None}]

    def test_differences_between_two_days_by_field(self, served: Served, case: Any) -> None:
        act(served, "addCaseItem", f', kind: purchase, item: "{PURCHASE}"', case)
        query = """query ($c: ID!, $u: Date!) {
            caseDifferences(id: $c, since: "2026-01-01", until: $u, first: 10)
            { totalCount nodes { kind became fields { field before after } }
              refused { ... on InvalidPage { code } } } }"""

        told = served.told(query, {"c": case["id"], "u": str(TODAY)}, **LEADER)["caseDifferences"]

        assert told["totalCount"] == 3
        assert [(node["kind"], node["became"]) for node in told["nodes"]] == [
            ("case", "there"),
            ("case_item", "there"),
            ("purchase", "there"),
        ]
        assert {"field": "/title", "before": None, "after": '"Rijwiel"'} in told["nodes"][0][
            "fields"
        ]
        stranger = served.told(query, {"c": case["id"], "u": str(TODAY)})["caseDifferences"]
        assert stranger["refused"] == {"code": "unknown_case"}

    def test_changes_between_two_days(self, served: Served, case: Any) -> None:
        act(served, "addCaseItem", f', kind: purchase, item: "{PURCHASE}"', case)
        query = """query ($c: ID!, $u: Date!) {
            caseChanges(id: $c, since: "2026-01-01", until: $u, first: 10)
            { nodes { topic late } refused { ... on InvalidPage { code } } } }"""

        told = served.told(query, {"c": case["id"], "u": str(TODAY)}, **LEADER)["caseChanges"]
        topics = [change["topic"] for change in told["nodes"]]
        assert {"casework.case.opened", "casework.case.item_added"} <= set(topics)
        assert "dor.purchase.registered" in topics

        stranger = served.told(query, {"c": case["id"], "u": str(TODAY)})["caseChanges"]
        assert stranger == {"nodes": None, "refused": {"code": "unknown_case"}}
