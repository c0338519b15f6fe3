"""Persons by name: whose name is never told to whom, who is found, and what the journal has."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from herkomst.access import reason
from herkomst.domain import ids
from herkomst.domain.casework.case import Case
from herkomst.domain.casework.hit import Hit
from herkomst.domain.events import EventData
from herkomst.record.archive import Archive
from herkomst.record.casework import Opening, Seal
from tests.archives import ACTOR, POLICE, TILL, a_dealer, a_purchase, a_seller
from tests.graphql.counting import counted
from tests.serving import (
    DETECTIVE,
    OFFICER,
    Served,
    follow,
    journal,
    opened,
    pair,
    serving,
    take_in,
)

LEADER = "dev:team_leader@amsterdam"
BY_NAME = """query ($name: String!, $first: Int!) { searchPersons(name: $name, first: $first) {
  refused { __typename ... on InvalidPage { code } ... on NotPermitted { message } }
  nodes { likeness unmet met { asked how } presentation { id key pseudonym
    identity { __typename ... on Identity { familyName } } } } } }"""
SAID = {"Herkomst_Reason": "De eigenaar wees de verkoper aan."}


def sold(n: int, handling: str = "open", **seller: Any) -> Iterator[Any]:
    """A purchase by this seller with a report of the same good."""
    purchase, report = pair(n, handling)
    items = purchase.items  # type: ignore[union-attr]
    named = a_seller(initials=None, **seller)
    yield a_purchase(key=f"purchase-{n}", items=items, seller=named)
    yield report


@pytest.fixture
def served(archive: Archive, tmp_path: Path) -> Iterator[Served]:
    """Sellers with a hit that all may see, one that is closed, and none; the last in a case."""
    nobody = a_purchase(
        key="purchase-9",
        items=pair(9)[0].items,  # type: ignore[union-attr]
        seller=a_seller(family_name="Waterhoek", given_names="Annemijn"),
    )
    take_in(
        archive,
        a_dealer(),
        *sold(1, family_name="Dijkenhorst", given_names="Cornelis"),
        *sold(2, "closed", family_name="Dijkenhorst", given_names="Cornelia"),
        nobody,
    )
    with serving(archive, tmp_path) as served:
        follow(archive)
        yield served


def by_name(served: Served, name: str, first: int = 10, **who: Any) -> Any:
    return served.told(BY_NAME, {"name": name, "first": first}, **SAID | who)["searchPersons"]


def keys(found: Any) -> list[str]:
    return [node["presentation"]["key"] for node in found["nodes"]]


def a_case(archive: Archive, *purchases: str, lead: str = LEADER, handling: str = "open") -> str:
    """The number, or the id, of a case with these."""
    article = "wpg:8" if handling == "open" else "wpg:9"
    opening = Opening("Zaak", lead, "amsterdam", article, handling=handling)
    opened_ = archive.casework.open_case(opening, actor=f"user:{lead}")
    for key in purchases:
        item = ids.purchase_id(TILL, key)
        archive.casework.in_case(opened_.id, partial(_add, item), actor=f"user:{lead}")
    follow(archive)
    return str(opened_.id)


def _add(item: UUID, case: Case, seal: Seal) -> EventData:
    return case.add("purchase", item.hex, seal("Gezien."))


class TestWhoIsNotFound:
    def test_given_nothing_of_a_person_then_the_name_is_found_by_nobody(
        self, served: Served
    ) -> None:
        for role in (DETECTIVE, OFFICER, "team_leader"):
            assert by_name(served, "Annemijn Waterhoek", role=role)["nodes"] == []

    def test_given_a_hit_that_is_closed_to_who_asks_then_it_is_as_if_there_were_none(
        self, served: Served
    ) -> None:
        assert keys(by_name(served, "Dijkenhorst")) == ["purchase-1"]
        assert keys(by_name(served, "Cornelia Dijkenhorst")) == ["purchase-1"]
        assert set(keys(by_name(served, "Dijkenhorst", role=OFFICER))) == {
            "purchase-1",
            "purchase-2",
        }

    @pytest.mark.parametrize("handling", ["open", "confidential", "closed"])
    def test_given_a_case_of_others_then_it_is_told_by_no_name(
        self, served: Served, handling: str
    ) -> None:
        before = [by_name(served, name) for name in ("Waterhoek", "Dijkenhorst")]

        a_case(served.archive, "purchase-9", "purchase-1", lead="dev:elders", handling=handling)

        assert [by_name(served, name) for name in ("Waterhoek", "Dijkenhorst")] == before

    def test_given_a_case_that_one_works_in_then_it_is_found_for_that_purpose_alone(
        self, served: Served
    ) -> None:
        case = a_case(served.archive, "purchase-9")
        search = partial(by_name, served, "A. Waterhoek", role="team_leader")

        assert keys(search(purpose=f"case:{case}")) == ["purchase-9"]
        assert keys(search()) == []

    @pytest.mark.parametrize(
        "who",
        [
            {"purpose": "duty:front_desk"},
            {"purpose": "duty:control", "ground": "sr:437"},
            {"role": "boa_1", "purpose": "duty:control", "ground": "sr:437"},
            {"role": "prosecutor", "ground": "wjsg:39b"},
            {"role": "access_reviewer", "purpose": "duty:review", "ground": "wpg:32a"},
            {"role": "administrator"},
        ],
    )
    def test_given_no_inquiry_then_no_name_is_searched_for(
        self, served: Served, who: dict[str, Any]
    ) -> None:
        found = by_name(served, "Dijkenhorst", **who)
        assert (found["refused"]["__typename"], found["nodes"]) == ("NotPermitted", None)

    @pytest.mark.parametrize(
        "ending", ["rejected", "erased"], ids=["hit_rejected", "identity_erased"]
    )
    def test_given_that_the_reason_is_gone_then_so_is_the_name(
        self, served: Served, ending: str
    ) -> None:
        if ending == "erased":
            served.archive.register.order_erasure(
                f"seller:{TILL}:purchase-1", ground="avg:17", actor=ACTOR
            )
        else:
            hit = ids.pair_id(
                ids.purchase_id(TILL, "purchase-1"), 1, ids.stolen_item_id(POLICE, "stolen-1")
            )
            reject: Callable[[Hit], EventData] = lambda h: h.reject("other_good")  # noqa: E731
            served.archive.casework.decide(hit, reject, actor="user:x", ground="wpg:8")
        follow(served.archive)

        assert by_name(served, "Dijkenhorst")["nodes"] == []


class TestWhatIsTold:
    @pytest.mark.parametrize(
        ("name", "likeness"),
        [
            ("Cornelis Dijkenhorst", "same"),
            ("dijkenhorst, cornelis", "same"),
            ("Kornelis Dykenhorst", "alike"),
            ("C. Dijkenhorst", "alike"),
            ("Cornelis", "partly"),
            ("Cornelis Dijkenhost", "alike"),
        ],
    )
    def test_given_a_name_written_carelessly_then_it_is_met_and_not_told(
        self, served: Served, name: str, likeness: str
    ) -> None:
        found = by_name(served, name)

        (node,) = found["nodes"]
        assert node["presentation"]["identity"] == {"__typename": "Withheld"}
        assert node["presentation"]["pseudonym"].startswith("K-")
        assert node["likeness"] == likeness
        typed = {"cornelis", "kornelis", "dijkenhorst", "dykenhorst", "dijkenhost", "c"}
        assert {met["asked"] for met in node["met"]} <= typed

    def test_given_that_it_was_revealed_then_the_name_is_told_as_in_every_list(
        self, served: Served
    ) -> None:
        presentation = str(ids.presentation_id(ids.purchase_id(TILL, "purchase-1")))
        query = (
            'mutation ($p: ID!) { revealIdentity(presentation: $p, basis: hit, why: "Wel nodig.") '
            "{ __typename } }"
        )
        told = served.told(query, {"p": presentation}, **SAID)
        assert told["revealIdentity"]["__typename"] == "IdentityRevealed"
        follow(served.archive)

        (node,) = by_name(served, "Dijkenhorst")["nodes"]
        assert node["presentation"]["identity"]["familyName"] == "Dijkenhorst"


class TestRefusing:
    @pytest.mark.parametrize(
        ("name", "first", "code"),
        [
            ("C.", 10, "no_name"),
            ("x" * 201, 10, "too_long"),
        ],
    )
    def test_given_too_little_or_too_much_then_it_says_why(
        self, served: Served, name: str, first: int, code: str
    ) -> None:
        assert by_name(served, name, first)["refused"] == {
            "__typename": "InvalidPage",
            "code": code,
        }

    def test_given_one_look_up_in_ten_then_its_reason_is_asked_for_whoever_is_found(
        self, served: Served, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(reason, "ONE_IN", 1)
        for name in ("Dijkenhorst", "Niemandsverdriet"):
            found = by_name(served, name, Herkomst_Reason="")
            assert found["refused"]["__typename"] == "ReasonRequired"
            assert by_name(served, name)["refused"] is None


class TestJournal:
    def test_it_holds_the_name_sealed_and_who_was_returned(self, served: Served) -> None:
        by_name(served, "Cornelis Dijkenhorst")

        read = journal(served.archive)[-1]
        presentation = ids.presentation_id(ids.purchase_id(TILL, "purchase-1"))
        assert f"presentation:{presentation}" in read.returned
        assert read.sought == (presentation.hex,)
        assert b"ijkenhorst" not in read.asked
        assert opened(served.archive)[-1][1]["name"] == "Cornelis Dijkenhorst"

    def test_equal_names_have_equal_hashes_and_a_name_that_is_alike_was_not_sought(
        self, served: Served
    ) -> None:
        for name in ("Kornelis Dykenhorst", "Kornelis Dykenhorst", "Annemijn"):
            by_name(served, name)

        first, second, other = journal(served.archive)[-3:]
        assert first.asked_token == second.asked_token != other.asked_token
        assert first.sought == ()


def test_given_any_name_then_the_statements_are_as_many_whoever_is_found(served: Served) -> None:
    by_name(served, "Cornelis Dijkenhorst")  # Which tables are live is remembered from the first.
    numbers = set()
    for first in (1, 100):
        with counted() as sent:
            by_name(served, "Cornelis Dijkenhorst", first)
        numbers.add(len(sent))

    assert len(numbers) == 1
