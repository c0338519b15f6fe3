"""Suggestions: who must not be told of a report by what it says, and what is asked of whom."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from msgspec.structs import replace

from herkomst.access.policy import Action, NotPermitted, permit
from herkomst.access.viewer import Role, Viewer
from herkomst.domain import ids
from herkomst.domain.register.records import Identifier, Place, PurchaseLine, Record
from herkomst.investigations import suggestions
from herkomst.investigations.inquiry import Inquiry
from herkomst.investigations.pages import Page
from herkomst.investigations.suggestions import Suggestion
from herkomst.record.archive import Archive
from herkomst.record.postgres import EmbeddedPostgres
from tests.archives import (
    ACTOR,
    AMSTERDAM,
    POLICE,
    TILL,
    a_dealer,
    a_line,
    a_moment,
    a_purchase,
    a_stolen_good,
    a_stolen_item,
    an_establishment,
    make_archive,
)
from tests.investigations.inquiring import allowed, inquire
from tests.readings import under
from tests.serving import follow, take_in


def line(**changes: Any) -> PurchaseLine:
    """A good that bears no number."""
    return a_line(**{"identifiers": [], **changes})


def report(key: str, **changes: Any) -> Record:
    good = {
        name: changes.pop(name)
        for name in ("kind", "brand", "model", "colours", "description", "identifiers")
        if name in changes
    }
    item = a_stolen_good(**{"identifiers": [], **good})
    place = Place(municipality=AMSTERDAM)
    return a_stolen_item(**{"key": key, "report": key, "item": item, "place": place, **changes})


def item_id(key: str) -> UUID:
    return ids.stolen_item_id(POLICE, key)


def purchase_id(key: str) -> UUID:
    return ids.purchase_id(TILL, key)


def of_item(
    archive: Archive, key: str, role: Role = Role.DISTRICT_DETECTIVE, first: int = 20
) -> list[Suggestion]:
    permitted = allowed(Action.READ_SUGGESTIONS, role)

    async def ask(inquiry: Inquiry) -> list[Suggestion]:
        found = await suggestions.for_stolen_item(permitted, inquiry, Page(first), item_id(key))
        return list(found.nodes)

    return inquire(archive, ask)


def of_purchase(
    archive: Archive, key: str, role: Role = Role.DISTRICT_DETECTIVE
) -> list[Suggestion]:
    permitted = allowed(Action.READ_SUGGESTIONS, role)

    async def ask(inquiry: Inquiry) -> list[Suggestion]:
        found = await suggestions.for_purchase(permitted, inquiry, Page(20), purchase_id(key), 1)
        return list(found.nodes)

    return inquire(archive, ask)


def bought(found: list[Suggestion]) -> list[UUID]:
    return [each.purchase_id for each in found]


@pytest.fixture(scope="module")
def world(server: EmbeddedPostgres) -> Iterator[Archive]:
    """A red Cortina and a black one, in a register of other bicycles."""
    with make_archive(server) as archive:
        take_in(
            archive,
            a_dealer(
                establishments=[
                    an_establishment(),
                    an_establishment(branch="2", municipality="GM0014"),
                    an_establishment(branch="3", municipality="GM0518"),
                ]
            ),
            a_purchase(
                key="red",
                items=[
                    line(brand="Cortina", model="Common", colours=["rood"], description="met krat")
                ],
            ),
            a_purchase(
                key="black", items=[line(brand="Cortina", model="Common", colours=["zwart"])]
            ),
            a_purchase(
                key="far",
                branch="2",
                items=[line(brand="Cortina", model="Common", colours=["rood"])],
            ),
            a_purchase(
                key="before",
                acquired=a_moment("2026-01-05"),
                items=[line(brand="Cortina", model="Common", colours=["rood"])],
            ),
            *(
                a_purchase(key=f"other-{n}", branch="3", items=[line(brand="Gazelle", model="X")])
                for n in range(30)
            ),
            report(
                "stolen",
                brand="Cortina",
                model="common",
                colours=["Rood"],
                description="krat voorop, met bel",
            ),
            report("withdrawn", brand="Cortina", model="Common"),
            *(
                report(code, brand="Cortina", model="Common", colours=["rood"], handling=code)
                for code in ("consent", "confidential", "closed")
            ),
        )
        withdrawn = report(
            "withdrawn",
            brand="Cortina",
            model="Common",
            status="withdrawn",
            withdrawn_reason="mistaken",
        )
        archive.register.take_in([(1, withdrawn)], actor=ACTOR)
        follow(archive)
        yield archive


class TestWhoMustNotBeTold:
    @pytest.mark.parametrize("code", ["consent", "confidential", "closed"])
    def test_of_a_report_that_is_withheld_nothing_is_suggested(
        self, world: Archive, code: str
    ) -> None:
        assert of_item(world, code) == []
        assert of_item(world, "nothing") == []

    def test_it_is_among_no_suggestions_of_a_purchase(self, world: Archive) -> None:
        found = [each.stolen_id for each in of_purchase(world, "red")]

        assert found == [item_id("stolen")]

    def test_who_answers_for_it_is_told(self, world: Archive) -> None:
        found = {each.stolen_id for each in of_purchase(world, "red", Role.AUTHORISED_OFFICER)}

        assert found == {item_id(key) for key in ("stolen", "consent", "confidential", "closed")}

    @pytest.mark.parametrize("role", [Role.BOA_2, Role.SOURCE, Role.DEALER, Role.AUDITOR])
    def test_a_role_without_the_right(self, role: Role) -> None:
        viewer = Viewer(subject="dev:x", role=role, unit="amsterdam")
        with pytest.raises(NotPermitted):
            permit(under(viewer, "duty:acceptance", "wpg:8"), Action.READ_SUGGESTIONS)

    def test_what_is_withheld_changes_no_score_and_no_rank(self, server: EmbeddedPostgres) -> None:
        with make_archive(server) as archive:
            take_in(
                archive,
                a_dealer(),
                *(a_purchase(key=f"p{n}", items=[line()]) for n in range(3)),
                report("stolen"),
            )
            before = of_item(archive, "stolen"), of_purchase(archive, "p1")
            hidden = [report(f"hidden-{n}", handling="closed") for n in range(320)]
            take_in(archive, *hidden)

            assert (of_item(archive, "stolen"), of_purchase(archive, "p1")) == before
            assert len(before[0]) == 3


class TestWhatIsSuggested:
    def test_the_most_alike_comes_first(self, world: Archive) -> None:
        found = of_item(world, "stolen")

        assert bought(found) == [purchase_id(key) for key in ("red", "far", "black")]
        assert [each.score for each in found] == sorted((e.score for e in found), reverse=True)

    def test_a_list_may_be_cut(self, world: Archive) -> None:
        assert bought(of_item(world, "stolen", first=1)) == [purchase_id("red")]

    def test_both_values_stand_as_they_were_written(self, world: Archive) -> None:
        (best, *_) = of_item(world, "stolen")

        features = (*best.reasons, *best.against)
        told = {each.code: (each.purchase, each.stolen) for each in features}
        assert told["model_agrees"] == ("Common", "common")
        assert told["colour_agrees"] == ("rood", "Rood")
        assert told["text_agrees"] == ("met krat", "krat voorop, met bel")
        assert told["place_same_town"] == ("Amsterdam", "Amsterdam")

    def test_what_speaks_against_it_is_told(self, world: Archive) -> None:
        black = of_item(world, "stolen")[-1]

        assert {"colour_differs"} <= {each.code for each in black.against}

    def test_what_was_bought_before_the_theft_is_none(self, world: Archive) -> None:
        assert purchase_id("before") not in bought(of_item(world, "stolen"))

    def test_a_withdrawn_report_has_none(self, world: Archive) -> None:
        assert of_item(world, "withdrawn") == []

    def test_a_rare_model_weighs_more_than_a_common_one(self, world: Archive) -> None:
        take_in(world, report("common", brand="Gazelle", model="X"))
        rare, common = (of_item(world, key)[0] for key in ("stolen", "common"))

        weights = [
            next(each.weight for each in found.reasons if each.code == "brand_agrees")
            for found in (rare, common)
        ]
        assert weights == ["fair", "nothing"]

    def test_both_ways_tell_the_same_of_a_pair(self, world: Archive) -> None:
        (one,) = (s for s in of_item(world, "stolen") if s.purchase_id == purchase_id("red"))
        (other,) = (s for s in of_purchase(world, "red") if s.stolen_id == item_id("stolen"))

        assert replace(one, revision=0) == replace(other, revision=0)


def test_what_a_number_shows_is_no_suggestion(archive: Archive) -> None:
    number = [Identifier(type="frame", value="GZ47110001")]
    take_in(
        archive,
        a_dealer(),
        a_purchase(items=[a_line(identifiers=number)]),
        report("stolen", identifiers=number),
    )

    assert of_item(archive, "stolen") == of_purchase(archive, "purchase-1") == []


def test_a_corrected_good_is_suggested_as_it_is_now(archive: Archive) -> None:
    take_in(
        archive,
        a_dealer(),
        a_purchase(items=[line()]),
        report("stolen"),
    )
    before = of_item(archive, "stolen")
    amended = report("stolen", brand="Batavus", model="Mambo", kind="phone")
    archive.register.take_in([(1, amended)], actor=ACTOR)
    follow(archive)

    assert bought(before) == [purchase_id("purchase-1")]
    assert of_item(archive, "stolen") == []
