"""Requests for access: what is withheld is asked of its owner, who answers within a term."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from herkomst.access.tokens import issue
from herkomst.domain import ids
from herkomst.domain.casework.case import Case
from herkomst.domain.casework.request import (
    AccessGranted,
    AccessLapsed,
    AccessRequest,
    AccessRequested,
)
from herkomst.domain.events import EventData
from herkomst.domain.journal import Attempted, Concluded
from herkomst.record.archive import Archive
from herkomst.record.casework import Opening, Seal, Standpoint
from herkomst.record.requests import act_in_request, stream_for
from tests.archives import ACTOR, POLICE, TILL, a_dealer, a_stolen_item
from tests.serving import Served, follow, journal, pair, serving, take_in

DESK = "duty:front_desk"
LEADER = "dev:team_leader@amsterdam"
ANSWER = """{ __typename ... on AccessChanged { state answerBy position }
    ... on RequestRefused { code cure } ... on UnknownRecord { code message cure }
    ... on NotPermitted { code } }"""
SEEN = (
    """id recordId owner askedBy unit purpose why answerBy state answeredBy refusal answer until"""
)
HIT = "id grade stolen { ... on StolenItem { id report } ... on Withheld { reason canRequest } }"


@pytest.fixture
def served(archive: Archive, tmp_path: Path) -> Iterator[Served]:
    """Hits on an item that is open, one that is confidential and one that is closed; and an item
    that is confidential, without a hit."""
    alone = a_stolen_item(key="alone", handling="confidential")
    take_in(archive, a_dealer(), *pair(1), *pair(2, "confidential"), *pair(3, "closed"), alone)
    with serving(archive, tmp_path) as served:
        yield served


@pytest.fixture
def case(served: Served) -> str:
    """The number of a case that a team leader leads and a detective works in."""
    opening = Opening("Rijwiel", LEADER, "amsterdam", "wpg:8")
    opened = served.archive.casework.open_case(opening, actor=f"user:{LEADER}")
    served.archive.casework.in_case(opened.id, _join, actor=f"user:{LEADER}")
    follow(served.archive)
    return opened.number


def _join(case: Case, _: Seal) -> EventData:
    now = datetime.now(UTC)
    return case.join("dev:hic_team@amsterdam", "investigator", now, None, now)


def item(key: str) -> UUID:
    return ids.stolen_item_id(POLICE, key)


def hit(number: int) -> UUID:
    return ids.pair_id(ids.purchase_id(TILL, f"purchase-{number}"), 1, item(f"stolen-{number}"))


def headers(served: Served, role: str, unit: str, purpose: str, ground: str) -> dict[str, str]:
    token = issue(served.settings, role, unit, 600).token
    return {
        "Authorization": f"Bearer {token}",
        "Herkomst-Purpose": purpose,
        "Herkomst-Ground": ground,
    }


def asked(
    served: Served,
    query: str,
    role: str = "district_detective",
    unit: str = "amsterdam",
    purpose: str = DESK,
    ground: str = "wpg:8",
) -> Any:
    """What is told of one field that somebody of a unit asks."""
    sent = headers(served, role, unit, purpose, ground)
    body = served.client.post("/graphql", json={"query": query}, headers=sent).json()
    assert "errors" not in body, body["errors"]
    follow(served.archive)
    (answer,) = body["data"].values()
    return answer


def request(served: Served, of: object, **who: str) -> Any:
    text = f'mutation {{ requestAccess(of: "{of}", why: "Zelfde reeks?") {ANSWER} }}'
    return asked(served, text, **who)


def grant(served: Served, told: Any, days: float = 7, **who: str) -> Any:
    until = (datetime.now(UTC) + timedelta(days=days)).isoformat()
    text = f'grantAccess(id: "{told["id"]}", until: "{until}", why: "Akkoord voor die reeks.")'
    return asked(served, f"mutation {{ {text} {ANSWER} }}", **(who or OWNER))


def refuse(served: Served, told: Any, **who: str) -> Any:
    text = f'refuseAccess(id: "{told["id"]}", ground: investigation, why: "Dat kan nog niet.")'
    return asked(served, f"mutation {{ {text} {ANSWER} }}", **(who or OWNER))


def requests(served: Served, **who: str) -> Any:
    return asked(served, f"{{ accessRequests(first: 10) {{ nodes {{ {SEEN} }} }} }}", **who)[
        "nodes"
    ]


def report_of(served: Served, number: int, **who: str) -> Any:
    """The number of the report of the item of a hit; None where it is withheld."""
    text = f'{{ hit(id: "{hit(number)}") {{ ... on Hit {{ {HIT} }} }} }}'
    return asked(served, text, **who)["stolen"].get("report")


OWNER = {"role": "authorised_officer", "unit": POLICE}
TEAM = {"role": "team_leader", "purpose": "duty:supervision"}
LEADS = {"role": "team_leader"}


class TestWhatTellsNothing:
    def test_what_is_closed_is_answered_as_what_does_not_exist(self, served: Served) -> None:
        nobody = UUID(int=7)
        told = request(served, nobody)

        assert told["code"] == "unknown_record"
        for closed in (
            hit(3),
            item("stolen-3"),
            item("alone"),
            ids.purchase_id(TILL, "purchase-1"),
        ):
            same = request(served, closed)
            assert {k: v.replace(str(closed), str(nobody)) for k, v in same.items()} == told
        assert request(served, "x")["code"] == "unknown_record"

    def test_a_case_of_others_answers_alike(self, served: Served, case: str) -> None:
        """Given a closed item, also who works in a case learns nothing of it."""
        who = {"purpose": f"case:{case}", "role": "team_leader"}

        assert request(served, hit(3), **who)["code"] == "unknown_record"

    def test_given_a_request_when_the_item_is_closed_then_the_list_says_no_more_of_it(
        self, served: Served
    ) -> None:
        request(served, hit(2))
        (known,) = requests(served)
        _, report = pair(2, "closed")
        served.archive.register.take_in([(1, report)], actor=ACTOR)
        follow(served.archive)

        assert requests(served) == []
        assert [told["id"] for told in requests(served, **OWNER)] == [known["id"]]


class TestWhoMayNot:
    @pytest.mark.parametrize(
        ("role", "purpose", "ground"),
        [
            ("boa_1", "duty:control", "sr:437"),
            ("auditor", DESK, "wpg:8"),
            ("financial_investigator", DESK, "wpg:8"),
            ("authorised_officer", DESK, "wpg:8"),
        ],
    )
    def test_a_role_without_the_right_asks_nothing(
        self, served: Served, role: str, purpose: str, ground: str
    ) -> None:
        who = {"role": role, "purpose": purpose, "ground": ground}

        assert request(served, hit(2), **who)["code"] == "not_permitted"

    def test_what_may_not_be_asked_for_says_so(self, served: Served) -> None:
        (told,) = asked(
            served,
            f"{{ hits(first: 10, state: [found]) {{ nodes {{ {HIT} }} }} }}",
            role="prosecution_clerk",
            purpose="duty:acceptance",
            ground="wjsg:39b",
        )["nodes"][:1]

        assert told["stolen"] == {"reason": "handling_confidential", "canRequest": False}

    def test_an_officer_of_another_unit_answers_nothing_and_sees_nothing(
        self, served: Served
    ) -> None:
        request(served, hit(2))
        (told,) = requests(served)
        other = {"role": "authorised_officer", "unit": "utrecht"}

        assert requests(served, **other) == []
        assert grant(served, told, 7, **other)["code"] == "unknown_request"
        assert refuse(served, told, **other)["code"] == "unknown_request"
        assert requests(served, role="hic_team") == []
        assert requests(served, **TEAM | {"unit": "utrecht"}) == []

    def test_who_asked_does_not_answer(self, served: Served) -> None:
        """Given a request of an officer's own unit, as a detective he does not get to answer."""
        request(served, hit(2), unit=POLICE)
        (told,) = requests(served, unit=POLICE)

        assert (
            grant(served, told, role="district_detective", unit=POLICE)["code"] == "not_permitted"
        )

    def test_what_may_be_read_is_not_asked_for(self, served: Served) -> None:
        assert request(served, hit(1))["code"] == "not_withheld"


class TestAsked:
    def test_both_sides_read_it_and_it_has_a_term(self, served: Served) -> None:
        answer = request(served, hit(2))
        assert answer["state"] == "asked"
        assert datetime.fromisoformat(answer["answerBy"]) > datetime.now(UTC) + timedelta(days=4)

        for who in ({}, OWNER, TEAM):
            (told,) = requests(served, **who)
            assert told["recordId"] == str(item("stolen-2"))
            assert (told["owner"], told["askedBy"]) == (POLICE, "dev:district_detective@amsterdam")
            assert (told["purpose"], told["why"], told["state"]) == (DESK, "Zelfde reeks?", "asked")

    def test_it_is_journaled_before_and_after(self, served: Served) -> None:
        request(served, hit(2))

        attempted, concluded, _ = journal(served.archive)[-3:]
        assert isinstance(attempted, Attempted)
        assert isinstance(concluded, Concluded)
        assert (concluded.outcome, len(concluded.positions)) == ("done", 1)

    def test_twice_for_one_purpose_is_refused_and_for_another_it_is_another(
        self, served: Served, case: str
    ) -> None:
        request(served, hit(2))

        assert request(served, item("stolen-2"))["code"] == "already_asked"
        assert request(served, hit(2), purpose=f"case:{case}", role="hic_team")["state"] == "asked"
        again = request(served, hit(2), purpose=f"case:{case}", role="team_leader")
        assert again["code"] == "already_asked"

    def test_it_says_why(self, served: Served) -> None:
        text = f'mutation {{ requestAccess(of: "{hit(2)}", why: " ") {ANSWER} }}'

        assert asked(served, text)["code"] == "text_missing"


class TestGranted:
    def test_it_opens_the_record_to_who_asked_for_that_duty_alone(self, served: Served) -> None:
        request(served, hit(2))
        (told,) = requests(served, **OWNER)
        assert report_of(served, 2) is None

        assert grant(served, told)["state"] == "granted"

        assert report_of(served, 2) == "PL1300-2026000002"
        assert report_of(served, 2, purpose="duty:supervision") is None
        assert report_of(served, 2, role="hic_team") is None
        assert report_of(served, 2, unit="utrecht") is None
        # As part of the query: it stands in the list and is counted there.
        listed = "{ stolenItems(first: 10) { totalCount nodes { id } } }"
        assert asked(served, listed)["totalCount"] == 2
        assert asked(served, listed, role="hic_team")["totalCount"] == 1

    def test_for_a_case_it_opens_to_who_works_in_it_and_for_no_other_purpose(
        self, served: Served, case: str
    ) -> None:
        request(served, hit(2), role="hic_team", purpose=f"case:{case}")
        (told,) = requests(served, **OWNER)

        grant(served, told)

        for role in ("hic_team", "team_leader"):
            assert report_of(served, 2, role=role, purpose=f"case:{case}") == "PL1300-2026000002"
            assert report_of(served, 2, role=role) is None

    def test_given_that_it_ended_then_it_shows_nothing_and_may_be_asked_again(
        self, served: Served
    ) -> None:
        _asked_before(served.archive, granted_until=datetime.now(UTC) - timedelta(hours=1))
        follow(served.archive)

        assert report_of(served, 2) is None
        assert [told["state"] for told in requests(served)] == ["ended"]
        assert request(served, hit(2))["state"] == "asked"
        (open_one, ended) = requests(served, **OWNER)
        assert grant(served, ended)["code"] == "unknown_request"
        assert grant(served, open_one)["state"] == "granted"

    def test_what_was_granted_is_taken_back(self, served: Served) -> None:
        request(served, hit(2))
        (told,) = requests(served, **OWNER)
        grant(served, told)

        assert refuse(served, told)["state"] == "refused"

        assert report_of(served, 2) is None
        (seen,) = requests(served)
        assert (seen["state"], seen["refusal"], seen["until"]) == ("refused", "investigation", None)

    def test_it_does_not_become_part_of_a_case_and_outlive_its_end(
        self, served: Served, case: str
    ) -> None:
        purpose = f"case:{case}"
        request(served, hit(2), role="team_leader", purpose=purpose)
        (told,) = requests(served, **OWNER)
        grant(served, told)
        (number,) = asked(served, "{ cases(first: 1) { nodes { id } } }", purpose=purpose, **LEADS)[
            "nodes"
        ]
        add = (
            f'addCaseItem(case: "{number["id"]}", kind: hit, item: "{hit(2)}", why: "Reeks.") '
            "{ ... on CaseRefused { code } }"
        )
        assert report_of(served, 2, purpose=purpose, **LEADS) == "PL1300-2026000002"

        answer = asked(served, f"mutation {{ {add} }}", purpose=purpose, **LEADS)

        assert answer["code"] == "no_record"

    def test_given_that_the_item_is_closed_since_then_a_grant_shows_nothing(
        self, served: Served
    ) -> None:
        request(served, hit(2))
        (told,) = requests(served, **OWNER)
        grant(served, told)
        _, report = pair(2, "closed")
        served.archive.register.take_in([(1, report)], actor=ACTOR)
        follow(served.archive)

        text = f'{{ hit(id: "{hit(2)}") {{ __typename }} }}'
        assert asked(served, text)["__typename"] == "UnknownHit"

    @pytest.mark.parametrize("days", [-1, 93])
    def test_it_has_an_end_within_the_term(self, served: Served, days: int) -> None:
        request(served, hit(2))
        (told,) = requests(served, **OWNER)

        assert grant(served, told, days)["code"] == "until"


class TestRefused:
    def test_it_says_on_what_and_may_be_asked_again(self, served: Served) -> None:
        request(served, hit(2))
        (told,) = requests(served, **OWNER)

        assert refuse(served, told)["state"] == "refused"

        (seen,) = requests(served)
        assert (seen["refusal"], seen["answer"]) == ("investigation", "Dat kan nog niet.")
        assert seen["answeredBy"] == f"dev:authorised_officer@{POLICE}"
        assert refuse(served, told)["code"] == "nothing_open"
        assert report_of(served, 2) is None
        assert request(served, hit(2))["state"] == "asked"


class TestOverdue:
    def test_it_is_shown_to_who_leads_either_unit_and_said_once(self, served: Served) -> None:
        owner_leads = TEAM | {"unit": POLICE}
        request(served, hit(2), role="hic_team")
        assert requests(served, **owner_leads) == []

        _asked_before(served.archive)
        follow(served.archive)

        for who in ({}, OWNER, TEAM, owner_leads):
            assert "overdue" in [told["state"] for told in requests(served, **who)]
        assert len(requests(served, **owner_leads)) == 1
        assert _lapses(served.archive) == 1

    def test_it_is_still_answered(self, served: Served) -> None:
        _asked_before(served.archive)
        follow(served.archive)
        (late,) = requests(served, **OWNER)
        assert late["state"] == "overdue"

        assert grant(served, late)["state"] == "granted"

        assert report_of(served, 2) == "PL1300-2026000002"
        assert _lapses(served.archive) == 1

    def test_what_was_answered_does_not_lapse(self, served: Served) -> None:
        _asked_before(served.archive, granted_until=datetime.now(UTC) + timedelta(hours=1))
        follow(served.archive)

        requests(served)

        assert _lapses(served.archive) == 0


_BY = "dev:district_detective@amsterdam"


def _asked_before(archive: Archive, granted_until: datetime | None = None) -> UUID:
    """A request of the detective whose term went by, and what was granted on it if anything."""
    stream = stream_for(item("stolen-2"), None, _BY, DESK)
    long_ago = (datetime.now(UTC) - timedelta(days=1)).isoformat()

    def ask(_: AccessRequest, seal: Seal) -> AccessRequested:
        return AccessRequested(
            answer_by=long_ago,
            by=_BY,
            owner=POLICE,
            purpose=DESK,
            record=item("stolen-2").hex,
            role="district_detective",
            unit="amsterdam",
            why=seal("Zelfde reeks?"),
        )

    custody = Standpoint(f"user:{_BY}", "wpg:8", "amsterdam").custody
    act_in_request(archive.casework, stream, ask, f"user:{_BY}", custody, begins=True)
    if granted_until is not None:
        until = granted_until.isoformat()

        def grant(_: AccessRequest, seal: Seal) -> AccessGranted:
            return AccessGranted(by="dev:x", until=until, why=seal("Akkoord."))

        act_in_request(archive.casework, stream, grant, "user:dev:x", custody, begins=False)
    return stream


def _lapses(archive: Archive) -> int:
    """How often it was said that a term went by."""
    with archive.database.connection() as connection:
        facts = archive.casework.recorder.reader.after(connection, 0, 10_000)
    return sum(isinstance(fact.data, AccessLapsed) for fact in facts)
