"""Authorisations over the API: who grants, what is refused, and that an end counts at once."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from herkomst.domain.journal import Attempted, Concluded
from herkomst.record.archive import Archive
from tests.authorising import authorise
from tests.serving import Served, follow, journal, serving

SUBJECT = "c0ffee00-0000-4000-8000-000000000001"
DUTY = {"purpose": "duty:authorisation", "ground": "wpg:6"}
ADMINISTRATOR = {"role": "administrator"} | DUTY
HIMSELF = "dev:administrator@amsterdam"
UNTIL = (datetime.now(UTC) + timedelta(days=90)).isoformat()
ANSWER = """{ __typename
    ... on AuthorisationDone { id position }
    ... on AuthorisationRefused { code message cure }
    ... on UnknownAuthorisation { code }
    ... on NotPermitted { code message } }"""


@pytest.fixture
def served(archive: Archive, tmp_path: Path) -> Iterator[Served]:
    follow(archive)
    with serving(archive, tmp_path) as served:
        yield served


def grant(served: Served, subject: str = SUBJECT, until: str = UNTIL, **who: str) -> Any:
    query = (
        "mutation ($s: String!, $u: DateTime!) { grantAuthorisation(subject: $s, role: hic_team, "
        f'unit: "utrecht", until: $u, why: "op verzoek") {ANSWER} }}'
    )
    told = served.told(query, {"s": subject, "u": until}, **(who or ADMINISTRATOR))
    follow(served.archive)
    return told["grantAuthorisation"]


def end(served: Served, identity: str, **who: str) -> Any:
    query = f'mutation ($i: ID!) {{ endAuthorisation(id: $i, why: "niet meer nodig") {ANSWER} }}'
    told = served.told(query, {"i": identity}, **(who or ADMINISTRATOR))["endAuthorisation"]
    follow(served.archive)
    return told


def listed(served: Served, arguments: str = "", **who: str) -> Any:
    fields = "id subject role unit holds grantedBy why endedBy endedWhy"
    return served.nodes(f"authorisations(first: 10{arguments})", fields, **(who or ADMINISTRATOR))


class TestWhoMayNot:
    @pytest.mark.parametrize(
        "role",
        ["district_detective", "team_leader", "authorised_officer", "privacy_officer", "auditor"],
    )
    def test_nobody_but_an_administrator_grants(self, served: Served, role: str) -> None:
        answer = grant(served, **({"role": role} | DUTY))

        assert answer["__typename"] == "NotPermitted"
        assert listed(served) == []

    def test_nobody_grants_to_himself(self, served: Served) -> None:
        answer = grant(served, HIMSELF)

        assert (answer["__typename"], answer["code"]) == (
            "AuthorisationRefused",
            "own_authorisation",
        )
        assert [type(entry) for entry in journal(served.archive)[:2]] == [Attempted, Concluded]
        assert journal(served.archive)[1].outcome == "own_authorisation"

    def test_nothing_is_granted_on_the_ground_of_an_inquiry(self, served: Served) -> None:
        answer = grant(served, role="administrator", purpose="duty:acceptance", ground="wpg:8")

        assert answer["__typename"] == "NotPermitted"

    @pytest.mark.parametrize("role", ["district_detective", "source", "defence"])
    def test_who_works_with_the_content_reads_none(self, served: Served, role: str) -> None:
        granted = grant(served)

        assert listed(served, role=role, **DUTY) is None
        assert end(served, granted["id"], role=role, **DUTY)["__typename"] == "NotPermitted"


class TestGranting:
    def test_what_was_granted_is_told_and_ends(self, served: Served) -> None:
        granted = grant(served)

        (told,) = listed(served)
        assert told == {
            "id": granted["id"],
            "subject": SUBJECT,
            "role": "hic_team",
            "unit": "utrecht",
            "holds": True,
            "grantedBy": f"user:{HIMSELF}",
            "why": "op verzoek",
            "endedBy": None,
            "endedWhy": None,
        }

        ended = end(served, granted["id"], role="authorised_officer", **DUTY)

        assert ended["__typename"] == "AuthorisationDone"
        (told,) = listed(served, ", holding: false")
        assert (told["holds"], told["endedWhy"]) == (False, "niet meer nodig")
        assert told["endedBy"] == "user:dev:authorised_officer@amsterdam"
        assert end(served, granted["id"])["code"] == "not_authorised"

    @pytest.mark.parametrize(
        ("until", "code"),
        [("2020-01-01T00:00:00Z", "term_reversed"), ("2099-01-01T00:00:00Z", "term_too_long")],
    )
    def test_what_cannot_be_meant_is_refused(self, served: Served, until: str, code: str) -> None:
        assert grant(served, until=until)["code"] == code

    def test_it_is_not_granted_twice(self, served: Served) -> None:
        grant(served)

        assert grant(served)["code"] == "already_authorised"

    @pytest.mark.parametrize("identity", ["x", SUBJECT])
    def test_what_is_not_there_is_not_ended(self, served: Served, identity: str) -> None:
        assert end(served, identity)["code"] == "unknown_authorisation"

    def test_a_list_is_narrowed_and_paged(self, served: Served) -> None:
        for n in range(3):
            authorise(served.archive, f"person-{n}", unit=f"district-{n}")
        authorise(served.archive, "client:kassa", "source", "kassa")
        follow(served.archive)

        assert [a["subject"] for a in listed(served, ', subject: "person-1"')] == ["person-1"]
        assert [a["unit"] for a in listed(served, ", role: source, holding: true")] == ["kassa"]
        assert listed(served, ', unit: "district-2", holding: false') == []
        page = served.told(
            "{ authorisations(first: 3) { pageInfo { hasNextPage endCursor } } }",
            None,
            **ADMINISTRATOR,
        )["authorisations"]["pageInfo"]
        assert page["hasNextPage"]
        (last,) = listed(served, f', after: "{page["endCursor"]}"')
        assert last["subject"] == "person-0"
