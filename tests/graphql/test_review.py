"""The review desk over the API: who must not see it, and the way of a read through it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from herkomst.access.viewer import Role
from herkomst.domain.journal import Attempted, Read
from herkomst.record.archive import Archive
from tests.archives import a_dealer, a_purchase
from tests.projections.following import take_in
from tests.record.holding import stored
from tests.serving import Served, follow, journal, serving
from tests.staffing import a_case, a_read, an_officer, rehearse, tell, who

DETECTIVE = "dev:district_detective@amsterdam"
REVIEWER = {"role": "access_reviewer", "purpose": "duty:review", "ground": "wpg:32a"}
AUDITOR = {"role": "auditor", "purpose": "duty:review", "ground": "wpg:33"}
ANSWERING = {"role": "district_detective", "purpose": "duty:answer", "ground": "wpg:32a"}
QUEUE = "reviewQueue(first: 10)"
DONE = """{ __typename
    ... on ReviewDone { id position }
    ... on ReviewRefused { code message cure }
    ... on UnknownReview { code }
    ... on NotPermitted { code } }"""


@pytest.fixture
def served(archive: Archive, tmp_path: Path) -> Iterator[Served]:
    """Reads of a detective, of a reviewer, and of an officer whom a case explains."""
    take_in(archive, a_dealer(), a_purchase())
    tell(
        archive,
        an_officer("O-2"),
        an_officer(DETECTIVE, person=a_purchase().seller),
        an_officer("dev:access_reviewer@amsterdam"),
        a_case(members=[]),
    )
    rehearse(
        archive,
        a_read("work", officer=who("O-2")),
        a_read("self", officer=who(DETECTIVE)),
        a_read("reviewer", officer=who("dev:access_reviewer@amsterdam")),
    )
    with serving(archive, tmp_path) as served:
        follow(archive)
        yield served


def queue(served: Served, **who: str) -> dict[str, Any]:
    fields = "id readKey officer score explained path rules { code weight text } state why verdict"
    return {node["readKey"]: node for node in served.nodes(QUEUE, fields, **(who or REVIEWER))}


def act(served: Served, call: str, **who: str) -> Any:
    mutation = f"mutation {{ {call} {DONE} }}"
    (answer,) = served.told(mutation, None, **(who or REVIEWER)).values()
    follow(served.archive)
    return answer


def ask(served: Served, review: str) -> Any:
    return act(served, f'askOfficer(review: "{review}", question: "Waarom deze?")')


def judge(
    served: Served, review: str, verdict: str = "lawful", reason: str = "", **who: str
) -> Any:
    why = f', reason: "{reason}"' if reason else ""
    return act(served, f'giveVerdict(review: "{review}", verdict: {verdict}{why})', **who)


class TestWhoMayNot:
    @pytest.mark.parametrize(
        ("purpose", "ground"), [("duty:review", "wpg:32a"), ("duty:acceptance", "wpg:8")]
    )
    def test_nobody_who_is_reviewed_sees_the_desk(
        self, served: Served, purpose: str, ground: str
    ) -> None:
        review = queue(served)["self"]["id"]
        for role in set(Role) - {Role.ACCESS_REVIEWER, Role.AUDITOR}:
            desk = {"role": role, "purpose": purpose, "ground": ground}

            told = served.told(
                "{ reviewQueue(first: 1) { nodes { id } refused { __typename } } "
                f'review(id: "{review}") {{ __typename }} reviewRules {{ __typename }} }}',
                None,
                **desk,
            )

            assert told["reviewQueue"] == {"nodes": None, "refused": {"__typename": "NotPermitted"}}
            assert told["review"] == told["reviewRules"] == {"__typename": "NotPermitted"}
            for call in (
                f'askOfficer(review: "{review}", question: "?")',
                f'giveVerdict(review: "{review}", verdict: lawful)',
            ):
                (answer,) = served.told(f"mutation {{ {call} {DONE} }}", None, **desk).values()
                assert answer["__typename"] == "NotPermitted"

    def test_a_reviewer_of_another_controller_has_none_of_it(self, served: Served) -> None:
        review = queue(served)["self"]["id"]
        ask(served, review)
        kmar = {**REVIEWER, "unit": "kmar-schiphol"}
        rules = "reviewRules { ... on RulesInUse { rules { judged } } }"

        assert queue(served, **kmar) == {}
        told = served.told(
            f'{{ {QUEUE.replace("10", "1")} {{ totalCount }} review(id: "{review}") '
            f"{{ __typename }} {rules} }}",
            None,
            **kmar,
        )
        assert told["reviewQueue"]["totalCount"] == 0
        assert told["review"]["__typename"] == "UnknownReview"
        assert judge(served, review, **kmar)["__typename"] == "UnknownReview"
        assert judge(served, review)["__typename"] == "ReviewDone"
        told = served.told(f"{{ {rules} }}", None, **kmar)
        assert {rule["judged"] for rule in told["reviewRules"]["rules"]} == {0}
        assert queue(served, **{**AUDITOR, "unit": "kmar-schiphol"}) == {}

    def test_an_auditor_looks_and_gives_no_verdict(self, served: Served) -> None:
        review = queue(served, **AUDITOR)["self"]["id"]

        assert judge(served, review, **AUDITOR)["__typename"] == "NotPermitted"

    def test_a_reviewer_reads_no_register(self, served: Served) -> None:
        told = served.told(
            "{ purchases(first: 1) { refused { __typename } } "
            "presentations(first: 1) { refused { __typename } } cases(first: 1) { nodes { id } } }",
            None,
            **REVIEWER,
        )

        assert told["purchases"]["refused"] == told["presentations"]["refused"]
        assert told["presentations"]["refused"] == {"__typename": "NotPermitted"}
        assert told["cases"]["nodes"] is None

    def test_nothing_at_the_desk_names_who_was_read(self, served: Served) -> None:
        told = served.ask(
            f"{{ {QUEUE} {{ nodes {{ path readKey purpose }} }} }}", None, **REVIEWER
        ).text

        assert "Voorbeeld" not in told
        assert "Fictielaan" not in told

    def test_a_read_leads_to_the_trail_of_what_was_read(self, served: Served) -> None:
        reads = {
            node["readKey"]: node["records"]
            for node in served.nodes(QUEUE, "readKey records", **REVIEWER)
        }
        _, record = reads["self"][0].split(":")

        trail = served.nodes(f'trail(of: "{record}", first: 50)', "topic", **REVIEWER)

        assert "dor.identity.presented" in {entry["topic"] for entry in trail}

    def test_nobody_sees_asks_about_or_judges_a_read_of_his_own(self, served: Served) -> None:
        assert set(queue(served)) == {"work", "self"}
        own = queue(served, **AUDITOR)["reviewer"]["id"]

        told = served.told(f'{{ review(id: "{own}") {{ __typename }} }}', None, **REVIEWER)
        assert told["review"]["__typename"] == "UnknownReview"
        assert ask(served, own)["code"] == "own_read"
        assert judge(served, own)["code"] == "own_read"

    def test_who_is_asked_sees_his_question_and_nothing_else(self, served: Served) -> None:
        mine, other = (queue(served)[key]["id"] for key in ("self", "work"))
        for review in (mine, other):
            assert ask(served, review)["__typename"] == "ReviewDone"

        asked = served.nodes("reviewQuestions(first: 10)", "id question purpose", **ANSWERING)

        assert asked == [{"id": mine, "question": "Waarom deze?", "purpose": "case:C-1"}]
        answer = act(served, f'answerReview(review: "{other}", answer: "x")', **ANSWERING)
        assert answer["__typename"] == "UnknownReview"

    def test_who_was_not_asked_answers_nothing(self, served: Served) -> None:
        mine = queue(served)["self"]["id"]

        answer = act(served, f'answerReview(review: "{mine}", answer: "x")', **ANSWERING)

        assert answer["__typename"] == "UnknownReview"
        assert served.nodes("reviewQuestions(first: 10)", **ANSWERING) == []


class TestTheWayOfARead:
    def test_from_the_queue_to_a_verdict(self, served: Served) -> None:
        found = queue(served)["self"]
        assert (found["state"], found["explained"], found["score"]) == ("queued", False, 17)
        assert [rule["code"] for rule in found["rules"]] == [
            "self",
            "foreign_purpose",
            "unexplained",
        ]
        assert "does not make it unlawful" in found["path"][-1]

        assert ask(served, found["id"])["__typename"] == "ReviewDone"
        answer = f'answerReview(review: "{found["id"]}", answer: "Mijn eigen fiets.")'
        assert act(served, answer, **ANSWERING)["__typename"] == "ReviewDone"
        assert judge(served, found["id"], "report")["code"] == "reason_missing"
        assert judge(served, found["id"], "report", "Eigen zaak")["__typename"] == "ReviewDone"
        assert judge(served, found["id"])["code"] == "decided"

        told = served.told(
            f"""{{ review(id: "{found["id"]}") {{ ... on Review {{
                state question answer verdict reason decidedBy secondsToVerdict }} }} }}""",
            None,
            **REVIEWER,
        )["review"]
        assert told["secondsToVerdict"] >= 0
        assert {k: told[k] for k in ("state", "question", "answer", "verdict", "reason")} == {
            "state": "decided",
            "question": "Waarom deze?",
            "answer": "Mijn eigen fiets.",
            "verdict": "report",
            "reason": "Eigen zaak",
        }
        state = b"".join(row.state for row in stored(served.archive, "casework"))
        assert b"Mijn eigen fiets" not in state

    def test_verdicts_tell_how_often_a_rule_was_right(self, served: Served) -> None:
        reviews = queue(served)
        judge(served, reviews["self"]["id"], "report", "Eigen zaak")
        judge(served, reviews["work"]["id"])

        rules = served.told(
            "{ reviewRules { ... on RulesInUse { rules { code judged report precision } } } }",
            None,
            **REVIEWER,
        )["reviewRules"]["rules"]

        by_code = {rule.pop("code"): rule for rule in rules}
        assert by_code["self"] == {"judged": 1, "report": 1, "precision": 1.0}
        assert by_code["unexplained"] == {"judged": 2, "report": 1, "precision": 0.5}
        assert by_code["burst"] == {"judged": 0, "report": 0, "precision": None}

    def test_pages_run_by_rank_and_narrow_by_state_and_officer(self, served: Served) -> None:
        page = "nodes { readKey score } pageInfo { endCursor hasNextPage }"
        first = served.told(f"{{ reviewQueue(first: 1) {{ {page} }} }}", None, **REVIEWER)[
            "reviewQueue"
        ]
        after = first["pageInfo"]["endCursor"]
        rest = served.told(
            f'{{ reviewQueue(first: 5, after: "{after}") {{ {page} }} }}', None, **REVIEWER
        )["reviewQueue"]

        assert [node["readKey"] for node in first["nodes"] + rest["nodes"]] == ["self", "work"]
        judge(served, queue(served)["work"]["id"])
        for narrowed, keys in (
            ("state: [decided]", ["work"]),
            ("state: [queued, asked]", ["self"]),
            ('officer: "personeel:O-2"', ["work"]),
        ):
            nodes = served.nodes(f"reviewQueue(first: 5, {narrowed})", "readKey", **REVIEWER)
            assert [node["readKey"] for node in nodes] == keys

    def test_what_is_done_at_the_desk_is_journaled_and_reviewed_in_its_turn(
        self, served: Served
    ) -> None:
        ask(served, queue(served)["self"]["id"])

        entries = journal(served.archive)
        assert any(isinstance(entry, Attempted) for entry in entries)
        told = [e for e in entries if isinstance(e, Read) and e.user.startswith("dev:access")]
        assert told
        assert all(each.purpose == "duty:review" for each in told)
