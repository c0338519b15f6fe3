"""Purchases, stolen items, dealers and presentations: what may be read of them, and what not."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest

from herkomst.access.policy import Action, NotPermitted, Permitted
from herkomst.access.reading import Returned
from herkomst.access.viewer import Role
from herkomst.domain import ids
from herkomst.domain.register.records import Identifier
from herkomst.investigations import dealers, presentations, purchases, shops, stolen_items
from herkomst.investigations.goods import Withheld
from herkomst.investigations.inquiry import Inquiry
from herkomst.investigations.pages import Page
from herkomst.investigations.presentations import Erased
from herkomst.record.archive import Archive
from herkomst.record.postgres import EmbeddedPostgres
from tests.archives import (
    TILL,
    a_dealer,
    a_line,
    a_moment,
    a_purchase,
    a_seller,
    an_establishment,
    make_archive,
)
from tests.investigations.inquiring import allowed, inquire
from tests.serving import follow, pair, take_in

ROTTERDAM = "GM0599"
PLATE = Identifier(type="plate", value="XX-99-XX")


@pytest.fixture(scope="module")
def world(server: EmbeddedPostgres) -> Iterator[Archive]:
    """A shop with three purchases, one of a sealed plate, and stolen items of every handling."""
    with make_archive(server) as archive:
        branches = [an_establishment(), an_establishment(branch="2", municipality=ROTTERDAM)]
        take_in(
            archive,
            a_dealer(establishments=branches, email="winkel@example.org"),
            a_dealer(key="dealer-2", name="Goud Voorbeeld", trades=["gold"]),
        )
        take_in(
            archive,
            a_purchase(items=[a_line(identifiers=[PLATE], description="naam van Testa")]),
            a_purchase(key="purchase-2", branch="2", mode="pawned"),
            a_purchase(
                key="purchase-3", acquired=a_moment("2026-05-01T10:00:00+02:00"), seller=None
            ),
            *(pair(n, handling)[1] for n, handling in enumerate(HANDLING, 1)),
        )
        yield archive


HANDLING = ("open", "consent", "confidential", "closed")


def page(
    archive: Archive,
    module: Any,
    permitted: Permitted,
    returned: Returned | None = None,
    **asked: Any,
) -> Sequence[Any]:
    async def ask(inquiry: Inquiry) -> Sequence[Any]:
        nodes: Sequence[Any] = (await module.page(permitted, inquiry, Page(10), **asked)).nodes
        return nodes

    return inquire(archive, ask, returned)


class TestStolenItems:
    def test_only_what_may_be_read_is_listed(self, world: Archive) -> None:
        found = page(world, stolen_items, allowed(Action.READ_STOLEN_ITEMS))

        assert [item.handling for item in found] == ["open"]

    def test_a_filter_brings_nothing_more_to_light(self, world: Archive) -> None:
        permitted = allowed(Action.READ_STOLEN_ITEMS)

        assert len(page(world, stolen_items, permitted, kinds=["bicycle"])) == 1
        assert len(page(world, stolen_items, permitted, status=["reported"])) == 1
        assert page(world, stolen_items, permitted, kinds=["laptop"]) == []
        assert page(world, stolen_items, permitted, status=["recovered"]) == []

    def test_the_authorised_officer_lists_all(self, world: Archive) -> None:
        permitted = allowed(Action.READ_STOLEN_ITEMS, Role.AUTHORISED_OFFICER)

        assert {i.handling for i in page(world, stolen_items, permitted)} == set(HANDLING)

    def test_another_permission_lists_none(self, world: Archive) -> None:
        with pytest.raises(NotPermitted):
            page(world, stolen_items, allowed(Action.READ_PURCHASES))


class TestPurchases:
    PERMITTED = allowed(Action.READ_PURCHASES)

    def test_who_controls_in_a_municipality_sees_none_of_another(self, world: Archive) -> None:
        in_amsterdam = allowed(Action.READ_PURCHASES, Role.BOA_1, "task:1", "sr:437")
        elsewhere = ids.establishment_id(TILL, "dealer-1", "2")

        assert {p.key for p in page(world, purchases, in_amsterdam)} == {"purchase-1", "purchase-3"}
        assert page(world, purchases, in_amsterdam, establishment=elsewhere) == []

    def test_a_prosecutor_sees_none_outside_his_case(self, world: Archive) -> None:
        in_no_case = allowed(Action.READ_PURCHASES, Role.PROSECUTOR, "case:1", "wjsg:39b")

        assert page(world, purchases, in_no_case) == []

    def test_sealed_parts_are_opened_in_memory(self, world: Archive) -> None:
        (first,) = (p for p in page(world, purchases, self.PERMITTED) if p.key == "purchase-1")

        (line,) = first.lines
        assert line.description == "naam van Testa"
        assert [(i.type, i.value) for i in line.identifiers] == [("plate", "XX-99-XX")]

    @pytest.mark.parametrize(
        ("asked", "keys"),
        [
            ({}, ["purchase-3", "purchase-2", "purchase-1"]),
            ({"modes": ["pawned"]}, ["purchase-2"]),
            ({"establishment": ids.establishment_id(TILL, "dealer-1", "2")}, ["purchase-2"]),
            ({"dealer": ids.dealer_id(TILL, "dealer-2")}, []),
            (
                {"dealer": ids.dealer_id(TILL, "dealer-1"), "modes": ["bought"]},
                ["purchase-3", "purchase-1"],
            ),
            ({"since": datetime.fromisoformat("2026-04-01T00:00:00+02:00")}, ["purchase-3"]),
            (
                {"until": datetime.fromisoformat("2026-04-01T00:00:00+02:00")},
                ["purchase-2", "purchase-1"],
            ),
        ],
    )
    def test_filters_narrow(self, world: Archive, asked: Any, keys: list[str]) -> None:
        assert [p.key for p in page(world, purchases, self.PERMITTED, **asked)] == keys

    def test_pages_meet_without_a_gap_or_an_overlap(self, world: Archive) -> None:
        async def ask(inquiry: Inquiry) -> list[str]:
            keys, before, more = [], Page(1), True
            while more:
                found = await purchases.page(self.PERMITTED, inquiry, before)
                keys += [purchase.key for purchase in found.nodes]
                cursor = found.page_info.end_cursor
                more = found.page_info.has_next_page
                before = inquiry.cursors.page(purchases.LIST, 1, cursor)
            return keys

        assert inquire(world, ask) == ["purchase-3", "purchase-2", "purchase-1"]

    def test_a_shop_is_told_with_its_town(self, world: Archive) -> None:
        shop = ids.establishment_id(TILL, "dealer-1", "2")

        async def ask(inquiry: Inquiry) -> dict[UUID, shops.Shop]:
            return await shops.by_ids(self.PERMITTED, inquiry, [shop])

        found = inquire(world, ask)[shop]

        assert (found.dealer_name, found.branch) == ("Winkel Voorbeeld", "2")
        assert found.municipality is not None
        assert found.municipality.name == "Rotterdam"

    def test_another_permission_reads_none(self, world: Archive) -> None:
        with pytest.raises(NotPermitted):
            page(world, purchases, allowed(Action.READ_HITS))


class TestDealers:
    PERMITTED = allowed(Action.READ_DEALERS, Role.MUNICIPAL_CLERK, "task:1", "sr:437")

    @pytest.mark.parametrize(
        ("asked", "keys"),
        [
            ({}, ["dealer-2", "dealer-1"]),
            ({"municipality": ROTTERDAM}, ["dealer-1"]),
            ({"trade": "gold"}, ["dealer-2"]),
            ({"states": ["ceased"]}, []),
        ],
    )
    def test_filters_narrow(self, world: Archive, asked: Any, keys: list[str]) -> None:
        assert [d.key for d in page(world, dealers, self.PERMITTED, **asked)] == keys

    @pytest.mark.parametrize(
        ("permitted", "branches"),
        [(allowed(Action.READ_DEALERS), [None, "2"]), (PERMITTED, [None])],
        ids=["anywhere", "in the own municipality"],
    )
    def test_establishments_come_with_their_dealer(
        self, world: Archive, permitted: Permitted, branches: list[str | None]
    ) -> None:
        dealer = ids.dealer_id(TILL, "dealer-1")

        async def ask(inquiry: Inquiry) -> dict[UUID, list[dealers.Establishment]]:
            return await dealers.establishments(permitted, inquiry, [dealer])

        assert [place.branch for place in inquire(world, ask)[dealer]] == branches

    def test_contact_is_opened(self, world: Archive) -> None:
        (dealer,) = page(world, dealers, self.PERMITTED, municipality=ROTTERDAM)

        assert (dealer.email, dealer.phone) == ("winkel@example.org", None)


class TestPresentations:
    def test_a_name_is_withheld_where_the_policy_does_not_open_it(self, world: Archive) -> None:
        returned = Returned()
        permitted = allowed(Action.READ_PRESENTATIONS, ground="wpg:13")

        found = page(world, presentations, permitted, returned)

        assert all(isinstance(p.identity, Withheld) for p in found)
        assert returned.withheld == 2
        assert not any(i.startswith("identity:") for i in returned.ids)

    def test_a_name_that_was_not_revealed_is_withheld_from_everybody(self, world: Archive) -> None:
        found = page(world, presentations, allowed(Action.READ_PRESENTATIONS))

        assert all(isinstance(p.identity, Withheld) and p.identity.can_request for p in found)

    def test_who_presented_the_same_name_and_birth_date_has_one_pseudonym(
        self, world: Archive
    ) -> None:
        found = page(world, presentations, allowed(Action.READ_PRESENTATIONS))

        assert len(found) == 2
        assert len({p.pseudonym for p in found}) == 1

    def test_it_is_found_by_its_purchase(self, world: Archive) -> None:
        wanted = ids.purchase_id(TILL, "purchase-2")
        permitted = allowed(Action.READ_PRESENTATIONS)

        (found,) = page(world, presentations, permitted, purchase=wanted)

        assert found.purchase_id == wanted

    @pytest.mark.parametrize("ground", ["wpg:8", "wpg:13"])
    def test_what_was_erased_says_so_to_everybody(
        self, server: EmbeddedPostgres, ground: str
    ) -> None:
        with make_archive(server) as archive:
            take_in(archive, a_dealer(), a_purchase(seller=a_seller(family_name="Verdwenen")))
            archive.register.order_erasure(
                f"seller:{TILL}:purchase-1", ground="avg:17", actor="user:x"
            )
            follow(archive)

            permitted = allowed(Action.READ_PRESENTATIONS, ground=ground)
            (found,) = page(archive, presentations, permitted)

        assert (found.state, found.identity, found.shown) == ("erased", Erased(), ())

    def test_another_permission_reads_none(self, world: Archive) -> None:
        with pytest.raises(NotPermitted):
            page(world, presentations, allowed(Action.READ_PURCHASES))


def test_what_a_plate_was_is_gone_with_its_key(server: EmbeddedPostgres) -> None:
    with make_archive(server) as archive:
        take_in(archive, a_dealer(), a_purchase(items=[a_line(identifiers=[PLATE])]))
        archive.register.order_erasure(f"seller:{TILL}:purchase-1", ground="avg:17", actor="u:x")
        follow(archive)

        (purchase,) = page(archive, purchases, TestPurchases.PERMITTED)

    (identifier,) = purchase.lines[0].identifiers
    assert (identifier.type, identifier.value) == ("plate", None)
