"""Who must not see a hit, and what is told of one to whom."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import msgspec
import pytest

from herkomst.access.policy import Action, NotPermitted, Permitted, permit
from herkomst.access.reading import JournalUnavailable, Returned
from herkomst.access.viewer import Role, operator
from herkomst.domain.journal import Read
from herkomst.investigations import hits, shops, stolen_items
from herkomst.investigations.exports import EXPORTS, export_lines
from herkomst.investigations.goods import Withheld
from herkomst.investigations.hits import Hit, PurchasedGood, export_hits
from herkomst.investigations.inquiry import Inquiry
from herkomst.investigations.pages import Page
from herkomst.investigations.shops import Shop
from herkomst.investigations.stolen_items import StolenItem
from herkomst.record.archive import Archive
from herkomst.record.postgres import EmbeddedPostgres
from tests.access.test_reading import grant, revoke
from tests.archives import a_dealer, make_archive
from tests.investigations.inquiring import allowed, inquire
from tests.readings import under
from tests.serving import follow, journal, pair, take_in

OPEN, CONSENT, CONFIDENTIAL, CLOSED = range(1, 5)


@pytest.fixture(scope="module")
def world(server: EmbeddedPostgres) -> Iterator[Archive]:
    """Four hits, one for each handling code."""
    with make_archive(server) as archive:
        take_in(
            archive,
            a_dealer(),
            *pair(OPEN),
            *pair(CONSENT, "consent"),
            *pair(CONFIDENTIAL, "confidential"),
            *pair(CLOSED, "closed"),
        )
        yield archive


class Card(NamedTuple):
    """A hit with both goods beside each other, and the shop where its dealer notified it."""

    hit: Hit
    purchase: PurchasedGood
    shop: Shop | None
    stolen: StolenItem | Withheld


async def cards_of(permitted: Permitted, inquiry: Inquiry, found: Sequence[Hit]) -> list[Card]:
    """Both goods of these hits, as an answer that asks for them reads them."""
    bought = await hits.purchased(permitted, inquiry, [(h.purchase_id, h.line) for h in found])
    places = {good.establishment_id for good in bought.values()}
    shop = await shops.by_ids(permitted, inquiry, places)
    stolen = await stolen_items.by_ids(permitted, inquiry, {hit.stolen_id for hit in found})
    cards = []
    for hit in found:
        good = bought[hit.purchase_id, hit.line]
        cards.append(Card(hit, good, shop.get(good.establishment_id), stolen[hit.stolen_id]))
    return cards


def listed(archive: Archive, role: Role = Role.DISTRICT_DETECTIVE, **filters: object) -> list[Card]:
    """The cards of the first page."""
    permitted = allowed(Action.READ_HITS, role)

    async def ask(inquiry: Inquiry) -> list[Card]:
        page = await hits.page(permitted, inquiry, Page(100), **filters)  # type: ignore[arg-type]
        return await cards_of(permitted, inquiry, page.nodes)

    return inquire(archive, ask)


def keys(cards: list[Card]) -> list[str]:
    return [card.purchase.key for card in cards]


class TestWhoMustNotSee:
    def test_a_hit_on_what_is_closed_does_not_exist(self, world: Archive) -> None:
        assert keys(listed(world)) == ["purchase-3", "purchase-2", "purchase-1"]

    def test_it_counts_in_no_page(self, world: Archive) -> None:
        async def ask(inquiry: Inquiry) -> bool:
            return (await hits.page(allowed(Action.READ_HITS), inquiry, Page(3))).more

        assert inquire(world, ask) is False

    def test_it_is_not_found_by_its_id(self, world: Archive) -> None:
        (closed,) = (c for c in listed(world, Role.AUTHORISED_OFFICER) if c.purchase.key[-1] == "4")

        async def ask(inquiry: Inquiry) -> Hit | None:
            return await hits.one(allowed(Action.READ_HITS), inquiry, closed.hit.id)

        assert inquire(world, ask) is None

    @pytest.mark.parametrize("number", [CONSENT, CONFIDENTIAL])
    def test_what_is_withheld_tells_that_it_exists_and_nothing_else(
        self, world: Archive, number: int
    ) -> None:
        (card,) = (card for card in listed(world) if card.purchase.key == f"purchase-{number}")

        assert isinstance(card.stolen, Withheld)
        assert card.stolen.contact == "politie"
        hit = card.hit
        assert (hit.grade, hit.score, hit.time, hit.why) == (None, None, None, None)
        assert (hit.reasons, hit.against) == ((), ())

    def test_a_filter_finds_nothing_that_is_withheld(self, world: Archive) -> None:
        found = listed(world, grades=["full_hit", "hit"])

        assert keys(found) == ["purchase-1"]

    def test_the_authorised_officer_sees_everything(self, world: Archive) -> None:
        cards = listed(world, Role.AUTHORISED_OFFICER)

        assert len(cards) == 4
        assert all(card.hit.grade == "full_hit" for card in cards)
        assert not any(isinstance(card.stolen, Withheld) for card in cards)

    def test_a_permission_for_purchases_reads_no_hits(self, world: Archive) -> None:
        async def ask(inquiry: Inquiry) -> object:
            return await hits.page(allowed(Action.READ_PURCHASES), inquiry, Page(1))

        with pytest.raises(NotPermitted):
            inquire(world, ask)


class TestTwoWorlds:
    """Two worlds that differ only in what may not be known give the same answers."""

    def test_one_more_closed_item_changes_nothing(self, server: EmbeddedPostgres) -> None:
        same = [a_dealer(), *pair(1), *pair(2, "confidential")]

        with make_archive(server) as one, make_archive(server) as other:
            take_in(one, *same, pair(3)[0])
            take_in(other, *same, *pair(3, "closed"))

            assert told(listed(one)) == told(listed(other))

    def test_what_is_withheld_may_be_anything(self, server: EmbeddedPostgres) -> None:
        with make_archive(server) as one, make_archive(server) as other:
            take_in(one, a_dealer(), *pair(1, "confidential"))
            take_in(other, a_dealer(), *pair(1, "confidential", model=None))

            assert told(listed(one)) == told(listed(other))


def told(cards: list[Card]) -> bytes:
    """All but when and where it was recorded."""
    answer = [
        {name: value for name, value in part.items() if name not in RECORDED}
        for card in cards
        for part in (msgspec.to_builtins(getattr(card, name)) for name in ("hit", "stolen"))
    ]
    return msgspec.json.encode([answer, [(card.purchase, card.shop) for card in cards]])


RECORDED = {"found_at", "recorded_at", "revision"}


class TestChanges:
    def test_they_come_in_order_and_what_may_not_be_known_is_passed_over(
        self, world: Archive
    ) -> None:
        permitted = allowed(Action.READ_HITS)

        async def ask(inquiry: Inquiry) -> tuple[list[Card], int]:
            found, seen = await hits.changed(permitted, inquiry, 0, 50)
            return await cards_of(permitted, inquiry, found), seen

        cards, seen = inquire(world, ask)

        assert keys(cards) == ["purchase-1", "purchase-2", "purchase-3"]
        assert seen == 4

    def test_a_push_is_bounded_and_resumes_where_it_ended(self, world: Archive) -> None:
        permitted = allowed(Action.READ_HITS)

        async def ask(inquiry: Inquiry) -> list[str]:
            found, seen = await hits.changed(permitted, inquiry, 0, 2)
            more, _ = await hits.changed(permitted, inquiry, seen, 2)
            return keys(await cards_of(permitted, inquiry, found + more))

        assert inquire(world, ask) == ["purchase-1", "purchase-2", "purchase-3"]

    def test_a_hit_whose_goods_are_not_through_yet_is_waited_for(
        self, server: EmbeddedPostgres
    ) -> None:
        permitted = allowed(Action.READ_HITS)

        async def ask(inquiry: Inquiry) -> tuple[list[Hit], int]:
            return await hits.changed(permitted, inquiry, 0, 50)

        with make_archive(server) as archive:
            take_in(archive, a_dealer(), *pair(1), *pair(2))
            remove_stolen_item(archive, "stolen-1")

            assert inquire(archive, ask) == ([], 0)


def remove_stolen_item(archive: Archive, key: str) -> None:
    """As if its projection had not come that far."""
    with archive.database.transaction() as cursor:
        cursor.execute("DELETE FROM read.stolen_items_1 WHERE key = %s", (key,))


class TestWhatIsReturned:
    def test_every_record_of_an_answer_is_collected(self, world: Archive) -> None:
        returned, permitted = Returned(), allowed(Action.READ_HITS)

        async def ask(inquiry: Inquiry) -> list[Card]:
            page = await hits.page(permitted, inquiry, Page(2))
            return await cards_of(permitted, inquiry, page.nodes)

        cards = inquire(world, ask, returned)

        assert {i.partition(":")[0] for i in returned.ids} == {
            "hit",
            "purchase",
            "establishment",
            "dealer",
        }
        assert {f"hit:{card.hit.id}" for card in cards} <= set(returned.ids)
        assert returned.withheld == 2

    def test_a_hundred_cards_cost_as_many_statements_as_one(self, server: EmbeddedPostgres) -> None:
        permitted = allowed(Action.READ_HITS)

        def statements(first: int) -> int:
            async def ask(inquiry: Inquiry) -> int:
                page = await hits.page(permitted, inquiry, Page(first))
                await cards_of(permitted, inquiry, page.nodes)
                return inquiry.statements

            return inquire(archive, ask)

        with make_archive(server) as archive:
            take_in(archive, a_dealer(), *(record for n in range(100) for record in pair(n)))

            assert statements(1) == statements(100) <= 8


class TestExport:
    def test_its_lines_are_what_the_interfaces_say(self, world: Archive) -> None:
        officer = under(operator(Role.AUTHORISED_OFFICER), "duty:acceptance", "wpg:8")

        lines = list(export_hits(world, permit(officer, Action.EXPORT_HITS)))

        assert [line["hit"] for line in lines] == sorted(line["hit"] for line in lines)  # type: ignore[type-var]
        assert len(lines) == 4
        assert list(lines[0]) == [
            "hit",
            "grade",
            "score",
            "state",
            "time",
            "reasons",
            "against",
            "purchase",
            "stolen",
            "found_at",
            "position",
        ]
        (first,) = (line for line in lines if line["position"] == 1)
        assert first["purchase"] == {"source": "kassa", "key": "purchase-1", "line": 1}
        assert first["stolen"] == {"source": "politie", "key": "stolen-1"}

    def test_it_is_journaled_before_it_leaves(self, server: EmbeddedPostgres) -> None:
        with make_archive(server) as archive:
            take_in(archive, a_dealer(), *pair(1))
            lines = export_lines(archive, "hits", purpose="duty:acceptance", ground="wpg:8")

            assert journal(archive) == []
            next(lines)

            lines.close()
            (entry,) = journal(archive)
            assert isinstance(entry, Read)
            assert (entry.way, entry.count, entry.role) == ("export", 1, "authorised_officer")
            assert entry.user.startswith("os:")

    @pytest.mark.parametrize("what", sorted(EXPORTS))
    def test_nothing_leaves_where_the_journal_cannot_be_written(
        self, server: EmbeddedPostgres, what: str
    ) -> None:
        with make_archive(server) as archive:
            take_in(archive, a_dealer(), *pair(1))
            list(export_lines(archive, "hits", purpose="duty:acceptance", ground="wpg:8"))
            follow(archive)  # So that there is a read to be reviewed too.
            revoke(archive)

            with pytest.raises(JournalUnavailable):
                list(export_lines(archive, what, purpose="duty:acceptance", ground="wpg:8"))

            grant(archive)
            assert list(export_lines(archive, what, purpose="duty:acceptance", ground="wpg:8"))

    @pytest.mark.parametrize("what", sorted(EXPORTS))
    def test_no_purpose_no_export(self, world: Archive, what: str) -> None:
        with pytest.raises(NotPermitted):
            list(export_lines(world, what, purpose="duty:control", ground="wpg:8"))
