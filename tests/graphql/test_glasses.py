"""Break-glass: what is withheld is read for some hours, and somebody else reviews that."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from herkomst.domain import ids
from herkomst.domain.journal import Read
from herkomst.record.archive import Archive
from tests.archives import TILL, a_dealer
from tests.serving import Served, follow, journal, pair, serving, take_in

PERSON = str(ids.presentation_id(ids.purchase_id(TILL, "purchase-1")))
BROKEN = "duty:break_glass"
REVIEWER = {"role": "access_reviewer", "ground": "wpg:32a", "purpose": "duty:review"}
ANSWER = """{ __typename ... on GlassChanged { until position }
    ... on GlassRefused { code cure } ... on NotPermitted { code } }"""
SEEN = "id officer emergency why verdict reviewedBy finding"


@pytest.fixture
def served(archive: Archive, tmp_path: Path) -> Iterator[Served]:
    """A hit that is confidential, and one that is closed."""
    take_in(archive, a_dealer(), *pair(1, "confidential"), *pair(2, "closed"))
    with serving(archive, tmp_path) as served:
        yield served


def act(served: Served, mutation: str, **who: str) -> Any:
    (answer,) = served.told(f"mutation {{ {mutation} {ANSWER} }}", None, **who).values()
    follow(served.archive)
    return answer


def broken(served: Served, hours: int = 1, **who: str) -> Any:
    return act(served, f'breakGlass(emergency: life, why: "Kind vermist.", hours: {hours})', **who)


def review(served: Served, glass: Any, **who: str) -> Any:
    given = f'reviewGlass(id: "{glass["id"]}", verdict: lawful, why: "Het kon niet wachten.")'
    return act(served, given, **(who or REVIEWER))


def glasses(served: Served, **who: str) -> Any:
    return served.nodes("glasses(first: 10)", SEEN, **who)


class TestWhoMayNot:
    def test_given_a_reviewer_of_another_controller_then_he_sees_none_and_gives_no_verdict(
        self, served: Served
    ) -> None:
        broken(served)
        kmar = {**REVIEWER, "unit": "kmar-schiphol"}
        (glass,) = glasses(served, **REVIEWER)

        assert glasses(served, **kmar) == []
        assert review(served, glass, **kmar)["code"] == "nothing_open"

    def test_given_a_glass_that_is_whole_then_it_is_no_purpose(self, served: Served) -> None:
        answer = served.ask("{ hits(first: 1) { nodes { id } } }", purpose=BROKEN)

        assert answer.status_code == 403
        assert answer.json()["code"] == "glass_not_broken"

    def test_given_one_who_broke_it_then_it_is_no_purpose_of_another(self, served: Served) -> None:
        broken(served)

        answer = served.ask("{ hits(first: 1) { nodes { id } } }", role="hic_team", purpose=BROKEN)

        assert answer.status_code == 403

    @pytest.mark.parametrize("role", ["boa_1", "prosecutor", "access_reviewer", "administrator"])
    def test_a_role_without_the_right_breaks_nothing(self, served: Served, role: str) -> None:
        assert broken(served, role=role)["code"] == "not_permitted"

    def test_a_glass_shows_nothing_of_what_is_closed(self, served: Served) -> None:
        broken(served)

        assert len(served.nodes("hits(first: 10)", purpose=BROKEN)) == 1

    def test_others_of_another_unit_are_not_told_of_it(self, served: Served) -> None:
        broken(served)

        assert glasses(served, role="hic_team") == []

    def test_an_emergency_is_no_ground_to_reveal_where_the_glass_is_whole(
        self, served: Served
    ) -> None:
        reveal = f'revealIdentity(presentation: "{PERSON}", basis: emergency, why: "Dat is nodig")'
        query = f"mutation {{ {reveal} {{ ... on RevealRefused {{ code }} }} }}"

        answer = served.told(query, Herkomst_Reason="Het kind is nog niet gevonden.")

        assert answer["revealIdentity"] == {"code": "no_emergency"}


class TestBroken:
    def test_what_is_withheld_is_shown_and_the_journal_says_under_what(
        self, served: Served
    ) -> None:
        assert broken(served)["__typename"] == "GlassChanged"

        (hit,) = served.nodes("hits(first: 10)", "grade", purpose=BROKEN)

        assert hit["grade"] == "full_hit"
        entry = journal(served.archive)[-1]
        assert isinstance(entry, Read)
        assert entry.purpose == "duty:break_glass"
        assert entry.withheld == 0

    def test_a_name_is_revealed_in_an_emergency(self, served: Served) -> None:
        broken(served)
        reveal = f'revealIdentity(presentation: "{PERSON}", basis: emergency, why: "Dat is nodig")'
        query = (
            f"mutation {{ {reveal} {{ ... on IdentityRevealed {{ identity {{ familyName }} }} }} }}"
        )

        answer = served.told(
            query, Herkomst_Reason="Het kind is nog niet gevonden.", purpose=BROKEN
        )

        assert answer["revealIdentity"]["identity"] == {"familyName": "Voorbeeld"}

    def test_who_answers_for_the_unit_and_who_reviews_are_told(self, served: Served) -> None:
        broken(served)

        for who in ({"role": "team_leader"}, {"role": "authorised_officer"}, REVIEWER, {}):
            (told,) = glasses(served, **who)
            assert told["officer"] == "dev:district_detective@amsterdam"
            assert told["why"] == "Kind vermist."
            assert told["verdict"] is None

    def test_it_ends_before_its_time(self, served: Served) -> None:
        broken(served)
        assert act(served, "endBrokenGlass")["__typename"] == "GlassChanged"

        answer = served.ask("{ hits(first: 1) { nodes { id } } }", purpose=BROKEN)

        assert answer.status_code == 403
        assert act(served, "endBrokenGlass")["code"] == "not_broken"

    def test_all_that_was_viewed_is_listed_and_nothing_else(self, served: Served) -> None:
        served.nodes("hits(first: 10)")
        broken(served)
        (hit,) = served.nodes("hits(first: 10)", purpose=BROKEN)
        follow(served.archive)

        viewed = "viewed(first: 10) { nodes { way count records } }"
        (told,) = served.nodes("glasses(first: 10)", viewed, **REVIEWER)

        (read,) = told["viewed"]["nodes"]
        assert (read["way"], read["count"]) == ("graphql", len(read["records"]))
        assert f"hit:{hit['id'].replace('-', '')}" in read["records"]


class TestReview:
    def test_a_new_one_waits_for_the_verdict_on_the_last(self, served: Served) -> None:
        broken(served)
        (glass,) = glasses(served, **REVIEWER)
        assert review(served, glass)["code"] == "not_ended"
        act(served, "endBrokenGlass")
        assert broken(served)["code"] == "review_open"

        assert review(served, glass)["__typename"] == "GlassChanged"

        (seen,) = glasses(served)
        assert (seen["verdict"], seen["finding"]) == ("lawful", "Het kon niet wachten.")
        assert review(served, glass)["code"] == "nothing_open"
        assert broken(served)["__typename"] == "GlassChanged"

    @pytest.mark.parametrize("hours", [0, 5, 48])
    def test_it_is_broken_for_hours_and_not_for_days(self, served: Served, hours: int) -> None:
        assert broken(served, hours)["code"] == "hours"
