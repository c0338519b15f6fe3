"""Whose identity it is: sealed in lists, revealed on a case, a hit or an order."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from herkomst.domain import ids
from herkomst.domain.casework import reveal
from herkomst.domain.journal import Attempted, Concluded, Read
from herkomst.record.archive import Archive
from tests.archives import TILL, a_dealer, a_purchase
from tests.serving import OFFICER, Served, follow, journal, pair, serving, take_in


def presented(n: int | str) -> str:
    return str(ids.presentation_id(ids.purchase_id(TILL, f"purchase-{n}")))


HIT, CLOSED, PLAIN = presented(1), presented(2), presented("plain")
ANSWER = """{ __typename
    ... on IdentityRevealed { identity { familyName } position }
    ... on RevealRefused { code cure }
    ... on NotPermitted { code } }"""
SEEN = "id identity { __typename ... on Identity { familyName } ... on Withheld { canRequest } }"


@pytest.fixture
def served(archive: Archive, tmp_path: Path) -> Iterator[Served]:
    """A seller whose good is a hit, one whose hit is closed to detectives, and one without."""
    plain = a_purchase(key="purchase-plain", items=pair(9)[0].items)  # type: ignore[union-attr]
    take_in(archive, a_dealer(), *pair(1), *pair(2, "closed"), plain)
    with serving(archive, tmp_path) as served:
        yield served


def unveil(
    served: Served, presentation: str, basis: str = "hit", more: str = "", **who: str
) -> Any:
    query = (
        f'mutation ($p: ID!) {{ revealIdentity(presentation: $p, basis: {basis}, why: "Wel nodig."'
        f"{more}) {ANSWER} }}"
    )
    said = {"Herkomst_Reason": "De eigenaar wees de verkoper aan."} | who
    answer = served.told(query, {"p": presentation}, **said)["revealIdentity"]
    follow(served.archive)
    return answer


def open_case(served: Served, role: str = "district_detective") -> Any:
    query = 'mutation { openCase(title: "x") { ... on CaseOpened { id number } } }'
    opened = served.told(query, role=role)["openCase"]
    follow(served.archive)
    return opened


def add(served: Served, case: Any, kind: str, record: str) -> None:
    act = f"addCaseItem(case: $c, kind: {kind}, item: $i) {{ __typename }}"
    query = f"mutation ($c: ID!, $i: ID!) {{ {act} }}"
    answer = served.told(query, {"c": case["id"], "i": record}, purpose=f"case:{case['number']}")
    assert answer["addCaseItem"] == {"__typename": "CaseDone"}
    follow(served.archive)


def seen(served: Served, presentation: str, **who: str) -> Any:
    nodes = served.nodes("presentations(first: 10)", SEEN, **who)
    return next(node["identity"] for node in nodes if node["id"] == presentation)


class TestWhoSeesNoName:
    def test_given_no_reveal_then_every_list_withholds_it(self, served: Served) -> None:
        for who in ({}, {"role": OFFICER}, {"role": "team_leader"}):
            assert seen(served, HIT, **who) == {"__typename": "Withheld", "canRequest": True}

    def test_given_no_hit_on_what_was_sold_then_none_is_revealed_on_one(
        self, served: Served
    ) -> None:
        assert unveil(served, PLAIN)["code"] == "no_hit"

    def test_given_a_hit_that_is_closed_to_who_asks_then_it_is_as_if_there_were_none(
        self, served: Served
    ) -> None:
        assert unveil(served, CLOSED) == unveil(served, PLAIN)
        assert unveil(served, CLOSED, role=OFFICER)["__typename"] == "IdentityRevealed"

    def test_given_a_case_that_holds_nothing_of_the_person_then_none_is_revealed_on_it(
        self, served: Served
    ) -> None:
        case = open_case(served)

        answer = unveil(served, HIT, "case", purpose=f"case:{case['number']}")

        assert answer["code"] == "not_in_case"

    def test_given_an_order_without_its_name_or_its_case_then_none_is_revealed_on_it(
        self, served: Served
    ) -> None:
        case = open_case(served)
        purpose = f"case:{case['number']}"

        assert unveil(served, HIT, "order", purpose=purpose)["code"] == "no_order"
        assert unveil(served, HIT, "order", ', order: "1"')["code"] == "order_without_case"

    @pytest.mark.parametrize("presentation", ["x", presented("nowhere")])
    def test_given_no_such_presentation_then_it_is_said(
        self, served: Served, presentation: str
    ) -> None:
        assert unveil(served, presentation)["code"] == "no_presentation"

    def test_given_a_role_without_the_right_then_it_is_refused(self, served: Served) -> None:
        answer = unveil(served, HIT, role="boa_1", ground="sr:437")

        assert answer == {"__typename": "NotPermitted", "code": "not_permitted"}

    def test_given_a_reveal_then_others_see_it_no_more_than_before(self, served: Served) -> None:
        unveil(served, HIT)

        assert seen(served, HIT)["__typename"] == "Identity"
        assert seen(served, HIT, role="hic_team")["__typename"] == "Withheld"


class TestRevealed:
    def test_given_a_hit_then_the_name_is_revealed_and_that_is_recorded(
        self, served: Served
    ) -> None:
        answer = unveil(served, HIT)

        assert answer["identity"] == {"familyName": "Voorbeeld"}
        attempted, concluded, told = journal(served.archive)
        assert isinstance(attempted, Attempted)
        assert isinstance(concluded, Concluded)
        assert isinstance(told, Read)
        assert f"identity:{HIT}" in told.returned

    def test_given_a_case_then_all_who_work_in_it_see_it(self, served: Served) -> None:
        case = open_case(served)
        add(served, case, "purchase", str(ids.purchase_id(TILL, "purchase-plain")))
        purpose = f"case:{case['number']}"

        answer = unveil(served, PLAIN, "case", purpose=purpose)

        assert answer["__typename"] == "IdentityRevealed"
        leader = {"role": "team_leader", "purpose": purpose}
        assert seen(served, PLAIN, **leader)["__typename"] == "Identity"
        assert seen(served, PLAIN, role="team_leader")["__typename"] == "Withheld"

    def test_given_an_order_then_the_name_is_revealed(self, served: Served) -> None:
        case = open_case(served)

        answer = unveil(
            served, HIT, "order", ', order: "bevel 12"', purpose=f"case:{case['number']}"
        )

        assert answer["__typename"] == "IdentityRevealed"


class TestMany:
    def test_given_as_many_as_are_allowed_then_the_next_takes_a_second_person(
        self, served: Served, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(reveal, "AT_MOST", 1)
        assert unveil(served, HIT)["__typename"] == "IdentityRevealed"
        assert unveil(served, HIT)["code"] == "second_person"

        until = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
        allow = (
            "mutation ($o: String!, $u: DateTime!) { allowReveals(officer: $o, more: 1, until: $u, "
            'why: "Actie in de haven.") { __typename ... on NotPermitted { code } } }'
        )
        told = {"o": "dev:district_detective@amsterdam", "u": until}
        assert served.told(allow, told)["allowReveals"]["code"] == "not_permitted"
        allowed = served.told(allow, told, role="team_leader")["allowReveals"]

        assert allowed == {"__typename": "RevealsAllowed"}
        assert unveil(served, HIT)["__typename"] == "IdentityRevealed"
        assert unveil(served, HIT)["code"] == "second_person"


class TestReason:
    def test_given_no_reason_then_one_look_up_in_ten_asks_for_one_also_again(
        self, served: Served
    ) -> None:
        made_up = [presented(f"made-up-{n}") for n in range(60)]

        first = [unveil(served, each, Herkomst_Reason="")["__typename"] for each in made_up]
        again = [unveil(served, each, Herkomst_Reason="")["__typename"] for each in made_up[:20]]

        assert set(first) == {"RevealRefused", "ReasonRequired"}
        assert first.count("ReasonRequired") < len(first) / 3
        assert again == first[:20]

    def test_given_a_reason_then_it_is_sealed_in_the_journal(self, served: Served) -> None:
        unveil(served, HIT)

        entries = journal(served.archive)
        assert isinstance(entries[0], Attempted)
        assert entries[0].reason is not None
        assert b"eigenaar" not in entries[0].reason
