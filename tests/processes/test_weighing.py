"""Weighing reads on a real record: what is explained, what is worth a look, and in which order."""

from typing import Any
from uuid import UUID

import pytest

from herkomst.domain import ids
from herkomst.domain.casework.personnel import RoleWire
from herkomst.domain.register.records import Address, PurchaseRecord
from herkomst.processes.comparing import Weighed
from herkomst.processes.weighing import head, weigh
from herkomst.record.archive import Archive
from herkomst.record.casework import Opening
from tests.archives import TILL, a_dealer, a_purchase, a_seller
from tests.projections.following import connected, digests, follow, rebuilt, take_in
from tests.serving import pair
from tests.staffing import (
    a_case,
    a_duty,
    a_member,
    a_read,
    a_subject,
    a_task,
    an_officer,
    at,
    bought,
    really_read,
    rehearse,
    tell,
    who,
)

HOUSE = Address(street="Fictielaan", number="12", postcode="1000 AB", city="Amsterdam")


def stranger(key: str, number: int = 1) -> PurchaseRecord:
    """A purchase from somebody whom nothing connects with the others."""
    home = Address(street="Nergensplein", number=str(10 * number), postcode="1111 XX")
    seller = a_seller(
        family_name=f"Vreemd{chr(96 + number)}",
        born=f"19{60 + number % 30}-05-05",
        address=home,
        phone=f"06-1{number:07d}",
        document=None,
    )
    return a_purchase(key=key, seller=seller)


def sold(key: str) -> UUID:
    return ids.purchase_id(TILL, key)


def weighed(archive: Archive) -> list[Weighed]:
    follow(archive)
    with connected(archive) as connection, connection.transaction():
        return weigh(connection, until=head(connection))


def only(archive: Archive) -> Weighed:
    (one,) = weighed(archive)
    return one


def codes(one: Weighed) -> set[str]:
    return {held.code for held in one.held}


@pytest.fixture
def world(archive: Archive) -> Archive:
    """Two sellers who have nothing to do with each other, and an officer who knows neither."""
    take_in(archive, a_dealer(), a_purchase(), stranger("purchase-2"))
    tell(archive, an_officer(), an_officer("O-2"), an_officer("O-3", unit="Rotterdam"))
    return archive


class TestAPath:
    def test_leads_from_a_case_to_its_subject(self, world: Archive) -> None:
        tell(world, a_case())
        rehearse(world, a_read())

        found = only(world)

        assert found.explanation.holds
        assert found.score == 0
        assert found.explanation.path[1] == "suspect by purchase purchase-1 since 2026-03-03 00:00"

    def test_leads_to_another_purchase_of_the_same_person(self, world: Archive) -> None:
        take_in(world, a_purchase(key="again"))
        tell(world, a_case())
        rehearse(world, a_read(purchase=bought("again")))

        assert only(world).explanation.holds

    def test_leads_nowhere_under_an_own_case_that_is_about_another(self, world: Archive) -> None:
        tell(world, a_case())
        rehearse(world, a_read(purchase=bought("purchase-2")))

        found = only(world)

        assert not found.explanation.holds
        assert codes(found) == {"unexplained", "unconnected"}
        assert found.explanation.path[:2] == (
            "stated: case:C-1",
            "it does not concern who was read",
        )

    def test_of_a_later_membership_explains_nothing_also_when_amended(self, world: Archive) -> None:
        tell(world, a_case(members=[]))
        rehearse(world, a_read())
        assert not only(world).explanation.holds

        tell(world, a_case(members=[a_member()]))

        assert not only(world).explanation.holds

    def test_is_the_same_where_the_feed_comes_after_the_reads(self, world: Archive) -> None:
        rehearse(world, a_read())
        assert not only(world).explanation.holds

        tell(world, a_case())

        assert only(world).explanation.holds

    def test_leads_through_who_is_covered(self, world: Archive) -> None:
        tell(world, a_case(members=[a_member("O-2")]))
        tell(world, a_duty("D-7", kind="cover", covers=who("O-2")))
        rehearse(world, a_read(purpose="duty:D-7"))

        assert only(world).explanation.by == "cover"

    def test_leads_to_no_hit_of_which_who_reviews_may_not_know(self, world: Archive) -> None:
        take_in(world, *pair(7, "closed"))
        rehearse(world, a_read(purpose="duty:D-1", purchase=bought("purchase-7")))

        found = only(world)

        assert not found.explanation.holds
        assert "hit" not in " ".join(found.explanation.path)

    def test_leads_to_a_hit_in_the_unit(self, world: Archive) -> None:
        take_in(world, *pair(5))
        rehearse(world, a_read(purpose="duty:D-1", purchase=bought("purchase-5")))

        assert only(world).explanation.by == "hit"

    def test_does_not_lead_through_a_house_of_more_than_25(self, world: Archive) -> None:
        crowd = [
            a_purchase(
                key=f"p{n}",
                seller=a_seller(
                    family_name="Bewoner" + chr(97 + n), born=None, phone=None, document=None
                ),
            )
            for n in range(25)
        ]
        tell(world, a_case(subjects=[a_subject("p0")]))
        rehearse(world, a_read(purchase=bought("p1")))
        take_in(world, *crowd[:24])  # And who sold purchase-1 lives there too.
        assert only(world).explanation.holds

        take_in(world, crowd[24])

        assert not only(world).explanation.holds

    def test_of_a_case_of_the_product_explains_too(self, world: Archive) -> None:
        opening = Opening(title="Rijwiel", lead="O-1", unit="amsterdam", article="wpg:9")
        opened = world.casework.open_case(opening, actor="user:O-1")
        item = ids.purchase_id(TILL, "purchase-1").hex
        world.casework.in_case(
            opened.id, lambda case, _: case.add("purchase", item, None), actor="user:O-1"
        )
        returned = f"purchase:{ids.purchase_id(TILL, 'purchase-1')}"
        really_read(world, "O-1", f"case:{opened.number}", returned)
        really_read(world, "O-2", f"case:{opened.number}", returned)

        found = {each.read.officer: each for each in weighed(world)}

        assert found["O-1"].explanation.by == "case"
        assert not found["O-2"].explanation.holds
        assert codes(found["O-2"]) == {"unexplained", "foreign_purpose"}

    @pytest.mark.parametrize("named", ["case:{number}", "case:{id}", "task:{number}/1"])
    def test_of_a_case_of_the_product_is_the_own_however_it_was_named(
        self, world: Archive, named: str
    ) -> None:
        opening = Opening(title="Rijwiel", lead="O-1", unit="amsterdam", article="wpg:9")
        opened = world.casework.open_case(opening, actor="user:O-1")
        sold = ids.purchase_id(TILL, "purchase-1")
        world.casework.in_case(
            opened.id, lambda case, _: case.add("purchase", sold.hex, None), actor="user:O-1"
        )
        purpose = named.format(number=opened.number, id=opened.id)
        really_read(world, "O-1", purpose, f"purchase:{sold}")

        found = only(world)

        assert found.explanation.by == "case"
        assert codes(found) == set()

    @pytest.mark.parametrize("named", ["case:{number}", "case:{id}"])
    def test_of_the_own_case_that_explains_nothing_the_path_tells_the_number(
        self, world: Archive, named: str
    ) -> None:
        opening = Opening(title="Rijwiel", lead="O-1", unit="amsterdam", article="wpg:9")
        opened = world.casework.open_case(opening, actor="user:O-1")
        read = f"purchase:{ids.purchase_id(TILL, 'purchase-1')}"
        really_read(world, "O-1", named.format(number=opened.number, id=opened.id), read)

        found = only(world)

        assert codes(found) == {"unexplained", "unconnected"}
        assert found.explanation.path[0] == f"stated: case:{opened.number}"


class TestWhoWasRead:
    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"person": a_seller()}, "self"),
            ({"former_addresses": [HOUSE]}, "former_address"),
            ({"person": a_seller(family_name="Anders", document=None, phone=None)}, "household"),
            ({"person": a_seller(family_name="Buur", document=None, phone=None,
                                 address=Address(number="14", postcode="1000AB"))}, "neighbour"),
        ],
    )  # fmt: skip
    def test_has_to_do_with_the_officer(
        self, world: Archive, changes: dict[str, Any], code: str
    ) -> None:
        tell(world, an_officer(**changes))
        rehearse(world, a_read(purpose="duty:D-1"))

        assert codes(only(world)) >= {code, "unexplained"}

    def test_is_a_colleague(self, world: Archive) -> None:
        tell(world, an_officer("O-2", person=a_seller()), a_duty())
        rehearse(world, a_read(purpose="duty:D-1"))

        assert codes(only(world)) == {"colleague", "unexplained"}

    def test_is_known_by_an_address_that_stands_with_another_purchase(self, world: Archive) -> None:
        take_in(world, a_purchase(key="bare", seller=a_seller(address=None)))
        tell(world, an_officer(former_addresses=[HOUSE]))
        rehearse(world, a_read(purpose="duty:D-1", purchase=bought("bare")))

        assert "former_address" in codes(only(world))

    def test_without_an_address_is_known_by_the_name_that_stands_next_door(
        self, world: Archive
    ) -> None:
        named_only = a_seller(address=None, born=None, phone=None, document=None)
        take_in(world, a_purchase(key="bare", seller=named_only))
        next_door = Address(number="14", postcode="1000AB")
        person = a_seller(family_name="Buur", document=None, phone=None, address=next_door)
        tell(world, an_officer(person=person), a_duty())
        rehearse(
            world,
            a_read("bare", purpose="duty:D-1", purchase=bought("bare")),
            a_read("other", purpose="duty:D-1", purchase=bought("purchase-2")),
        )

        found = {each.read.key: codes(each) for each in weighed(world)}

        assert found == {"bare": {"unexplained", "neighbour"}, "other": {"unexplained"}}

    def test_weighs_less_beside_an_explanation(self, world: Archive) -> None:
        tell(world, an_officer(former_addresses=[HOUSE]), a_case())
        rehearse(world, a_read())

        found = only(world)

        assert found.explanation.holds
        assert (codes(found), found.score) == ({"former_address"}, 4)


class TestHowItWasRead:
    @pytest.mark.parametrize(
        ("days", "code"), [(3, "handing_over"), (21, "ended")], ids=["days", "weeks"]
    )
    def test_after_leaving_the_case(self, world: Archive, days: int, code: str) -> None:
        tell(world, a_case(members=[a_member(to="2026-03-05")]))
        day = f"2026-03-{5 + days:02}"
        rehearse(world, a_read(at=at("12:00", day)))

        assert code in codes(only(world))

    def test_after_the_role_had_ended(self, world: Archive) -> None:
        ended = RoleWire(role="hic_team", from_="2020-01-01", to="2026-03-08")
        tell(world, an_officer(roles=[ended]))
        rehearse(world, a_read())

        assert "role_ended" in codes(only(world))

    @pytest.mark.parametrize(
        ("reason", "found"), [(None, True), ("spoed", True), ("melding van heterdaad", False)]
    )
    def test_with_broken_glass_and_a_reason_or_none(
        self, world: Archive, reason: str | None, found: bool
    ) -> None:
        rehearse(world, a_read(break_glass=True, reason=reason))

        told = codes(only(world))

        assert "glass_broken" in told
        assert ("glass_without_reason" in told) == found

    def test_why_the_glass_of_the_product_was_broken_was_asked_when_it_was_broken(
        self, world: Archive
    ) -> None:
        read = f"purchase:{ids.purchase_id(TILL, 'purchase-1')}"
        really_read(world, "O-1", "duty:break_glass", read)

        told = codes(only(world))

        assert "glass_broken" in told
        assert "glass_without_reason" not in told

    def test_outside_the_own_roster(self, world: Archive) -> None:
        tell(world, a_duty(), a_task(to=at("23:59")))
        rehearse(world, a_read("R-1", at=at("14:59")), a_read("R-2", at=at("15:01")))

        found = {each.read.key: codes(each) for each in weighed(world)}

        assert "off_duty" not in found["R-1"]
        assert "off_duty" in found["R-2"]

    @pytest.mark.parametrize(
        ("clock", "purpose", "found"),
        [
            ("14:30", "duty:D-1", False),
            ("15:30", "duty:D-1", False),
            ("16:30", "duty:D-1", True),
            ("14:30", "duty:D-2", True),
            ("14:30", "case:C-9", True),
        ],
    )
    def test_for_a_purpose_that_was_not_the_own(
        self, world: Archive, clock: str, purpose: str, found: bool
    ) -> None:
        tell(world, a_duty(), a_duty("D-2", officer=who("O-2")))
        rehearse(world, a_read(at=at(clock), purpose=purpose))

        assert ("foreign_purpose" in codes(only(world))) == found

    def test_in_a_burst_and_not_over_a_day(self, world: Archive) -> None:
        take_in(world, *[stranger(f"s{n}", n + 2) for n in range(20)])
        hour = [
            a_read(f"B-{n}", at=at(f"12:{5 * n:02}"), purchase=bought(f"s{n}")) for n in range(10)
        ]
        day = [
            a_read(f"D-{n}", officer=who("O-2"), at=at(f"{8 + n:02}:00"), purchase=bought(f"s{n}"))
            for n in range(10)
        ]
        rehearse(world, *hour, *day)

        found = {each.read.key for each in weighed(world) if "burst" in codes(each)}

        assert found == {read.key for read in hour}

    def test_of_many_persons_gathered_over_weeks_also_where_a_week_is_weighed_alone(
        self, world: Archive
    ) -> None:
        take_in(world, *[stranger(f"s{n}", n + 2) for n in range(12)])
        for n in range(10):
            really_read(world, "O-1", "duty:front_desk", f"purchase:{sold(f's{n}')}")
        follow(world)
        with connected(world) as connection:
            before = head(connection)
        for n in range(10, 12):
            really_read(world, "O-1", "duty:front_desk", f"purchase:{sold(f's{n}')}")
        for n in range(30):
            really_read(world, f"O-{2 + n % 5}", "duty:front_desk")  # It names no person.
        follow(world)

        def gatherers(after: int) -> list[str]:
            with connected(world) as connection, connection.transaction():
                told = weigh(connection, after=after, until=head(connection))
            assert len(told) == (32 if after else 42)
            return [each.read.officer for each in told if "gathered" in codes(each)]

        assert gatherers(before) == ["O-1"] * 2
        assert gatherers(0) == ["O-1"] * 12

    def test_by_several_of_several_units_within_a_month(self, world: Archive) -> None:
        days = ("2026-03-09", "2026-03-20", "2026-04-01")
        rehearse(
            world,
            *[
                a_read(f"R-{n}", officer=who(f"O-{n}"), at=at("12:00", day), purpose="duty:D-1")
                for n, day in enumerate(days, 1)
            ],
        )

        assert all("sought_after" in codes(each) for each in weighed(world))

    def test_again_on_another_day(self, world: Archive) -> None:
        rehearse(world, a_read("R-1"), a_read("R-2", at=at("12:00", "2026-03-12")))

        assert all("returned" in codes(each) for each in weighed(world))


def test_the_former_partner_under_an_unrelated_case_comes_first_and_the_cover_last(
    world: Archive,
) -> None:
    tell(world, an_officer(former_addresses=[HOUSE]), a_case(subjects=[a_subject("purchase-2")]))
    tell(world, a_duty("D-7", officer=who("O-2"), kind="cover", covers=who("O-1")))
    rehearse(
        world,
        a_read("cover", officer=who("O-2"), purpose="duty:D-7", purchase=bought("purchase-2")),
        a_read("work", purchase=bought("purchase-2")),
        a_read("desk", officer=who("O-3"), purpose="duty:D-8", purchase=bought("purchase-2")),
        a_read("partner"),
    )

    ranked = weighed(world)

    assert [each.read.key for each in ranked][:2] == ["partner", "desk"]
    assert {each.read.key: each.score for each in ranked[2:]} == {"cover": 0, "work": 0}


def test_the_same_reads_come_out_the_same_after_a_rebuild(world: Archive) -> None:
    tell(world, a_case(), a_duty(about=[bought("purchase-2")]), a_task())
    tell(world, a_case(members=[a_member(), a_member("O-2")]))
    rehearse(world, a_read(), a_read("R-2", officer=who("O-2")), a_read("R-3", kind="purchase"))
    before, told = weighed(world), digests(world)

    rebuilt(world)

    assert digests(world) == told
    assert weighed(world) == before


def test_who_was_erased_is_no_path_any_more(world: Archive) -> None:
    take_in(world, a_purchase(key="again"))
    tell(world, a_case())
    rehearse(world, a_read(purchase=bought("again")))
    assert only(world).explanation.holds

    world.register.order_erasure(f"seller:{TILL}:again", ground="avg:17", actor="user:po")

    assert not only(world).explanation.holds
