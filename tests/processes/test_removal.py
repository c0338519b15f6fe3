"""Hits go: what is over its term is found nowhere and never again, and what a case has stays."""

from collections.abc import Callable
from datetime import date, timedelta
from uuid import UUID

import pytest

from herkomst.domain import ids
from herkomst.domain.calendar import legal_today
from herkomst.domain.casework import hit
from herkomst.domain.casework.hit import HitClosed
from herkomst.domain.register import keeping
from herkomst.processes import retention
from herkomst.processes.matching import Matching
from herkomst.record import holds
from herkomst.record.archive import Archive
from herkomst.record.verification import verify
from tests.archives import ACTOR, POLICE, TILL, a_dealer, a_seller
from tests.processes.retaining import LEAD, OFFICER, close, open_case, run, told
from tests.processes.scenes import BEFORE, bought, stolen
from tests.projections.following import connected, digests, facts, follow, rebuilt, rows, take_in

NUMBER = ("frame", "GZ4711003")
STOLEN = ids.stolen_item_id(POLICE, "s")
PURCHASE = ids.purchase_id(TILL, "sold")
PERSON = ids.presentation_id(PURCHASE)
HIT = ids.pair_id(PURCHASE, 1, STOLEN)


def a_year(number: int) -> date:
    """The last day of the year, so many years after the hit is found."""
    return date(legal_today().year + number, 12, 31)


@pytest.fixture
def world(archive: Archive) -> Archive:
    """A hit, with the identity that was presented."""
    theft = stolen("s", NUMBER)
    take_in(archive, a_dealer(), theft, bought("sold", NUMBER, seller=a_seller()))
    follow(archive)
    return archive


def hits(archive: Archive) -> list[UUID]:
    return [row["hit"] for row in rows(archive, "hits")]


def topics(archive: Archive) -> list[str]:
    return [fact.topic for fact in facts(archive, "casework") if fact.stream == HIT]


def bare(archive: Archive) -> None:
    """Both goods that the hit compares are destroyed before its own clock is over."""
    archive.register.order_erasure(f"seller:{TILL}:sold", ground="avg:17", actor=ACTOR)
    gone = stolen("s", NUMBER, status="withdrawn", withdrawn_reason="mistaken")
    take_in(archive, gone)
    follow(archive)
    for years in (1, 7):
        run(archive, a_year(years))
    assert {row["state"] for row in rows(archive, "keepings")} == {"destroyed"}


def reject(archive: Archive) -> None:
    decide = lambda state: state.reject("other_good")  # noqa: E731
    archive.casework.decide(HIT, decide, actor=LEAD, ground="wpg:8")
    follow(archive)


# What must stay


def test_given_a_hit_whose_clock_runs_then_it_stays(world: Archive) -> None:
    run(world, a_year(9))

    assert hits(world) == [HIT]


@pytest.mark.parametrize(("item", "kind"), [(HIT, "hit"), (STOLEN, "stolen_item")])
def test_given_a_case_that_has_it_or_its_good_then_it_stays_and_the_case_is_named(
    world: Archive, item: UUID, kind: object
) -> None:
    case = open_case(world, "wpg:9", item, kind=kind)  # type: ignore[arg-type]

    (block,) = told(world, a_year(11))[HIT].standing.blocks
    assert (block.kind, block.ground) == ("case", "wpg:9")
    run(world, a_year(11))
    assert hits(world) == [HIT]

    close(world, case)
    run(world, a_year(3))
    assert hits(world) == [HIT], "its own clock runs"
    run(world, a_year(12))
    assert hits(world) == []


def test_given_a_hold_on_the_good_then_it_stays_until_its_end(world: Archive) -> None:
    until = a_year(11)
    holds.place(world.casework, STOLEN, "stolen_item", "avg:18", until, "Betwist.", OFFICER)
    follow(world)

    run(world, until)
    assert hits(world) == [HIT]
    assert [b.kind for b in told(world, until)[HIT].standing.blocks] == ["hold"]
    run(world, until + timedelta(1))
    assert hits(world) == []


def test_given_one_good_that_was_destroyed_then_it_stays(world: Archive) -> None:
    world.register.order_erasure(f"seller:{TILL}:sold", ground="avg:17", actor=ACTOR)
    follow(world)

    run(world, a_year(9))

    assert hits(world) == [HIT]


# What goes


def by_its_clock(archive: Archive) -> None:
    run(archive, a_year(11))


def after_both_goods(archive: Archive) -> None:
    bare(archive)
    run(archive, a_year(7))  # The run that destroyed the last has it in no read model yet.


def rejected(archive: Archive) -> None:
    reject(archive)
    run(archive, a_year(11))


@pytest.mark.parametrize("going", [by_its_clock, after_both_goods, rejected])
def test_given_that_nothing_keeps_it_then_no_store_has_it_and_each_says_so(
    world: Archive, going: Callable[[Archive], None]
) -> None:
    going(world)

    assert hits(world) == []
    assert topics(world)[-1] == "casework.hit.removed"
    (order,) = [f for f in facts(world, "register") if isinstance(f.data, keeping.HitsRemoved)]
    assert isinstance(order.data, keeping.HitsRemoved)
    assert order.data.hits == (HIT.hex,)
    stores = [each.store for each in world.register.acknowledgements(order.stream)]
    assert sorted(stores) == ["casework", "hits", "passages"]
    before = digests(world)
    rebuilt(world)
    assert digests(world) == before
    assert hits(world) == []
    assert list(verify(world)) == []


def test_given_a_hit_that_became_a_passage_then_that_goes_too(world: Archive) -> None:
    take_in(world, stolen("s", NUMBER, stolen=BEFORE))
    follow(world)

    run(world, a_year(11))

    assert (hits(world), rows(world, "passages")) == ([], [])


def test_given_that_it_was_removed_then_it_is_never_found_again_nor_decided_on(
    world: Archive,
) -> None:
    by_its_clock(world)
    before = topics(world)

    take_in(world, stolen("s", NUMBER, ("serial", "ZX91-4471")))
    follow(world)
    process = Matching(world.register.vault, world.keyring.token, world.casework.recorder)
    with connected(world) as connection:
        process.rematch(connection, dry_run=False)
    follow(world)

    assert (topics(world), hits(world)) == (before, [])
    with pytest.raises(HitClosed):
        world.casework.decide(HIT, hit.Hit.confirm, actor=LEAD, ground="wpg:8")


def test_given_a_store_that_has_it_still_then_none_acknowledges(world: Archive) -> None:
    done = list(retention.carry_out(world, a_year(11), lambda: None))[-1]
    assert [change.kept.kind for change in done.changes] == ["hit"]
    follow(world, ["erasure", "presentations", "links", "matching"])
    assert world.register.acknowledgements(done.orders[0]) == []

    follow(world)

    assert len(world.register.acknowledgements(done.orders[0])) == 3


def test_given_a_dry_run_then_it_is_told_and_nothing_changes(world: Archive) -> None:
    before = [len(facts(world, sequence)) for sequence in ("register", "casework")]

    assert told(world, a_year(11))[HIT].is_due

    assert [len(facts(world, sequence)) for sequence in ("register", "casework")] == before


def test_given_a_second_run_then_it_does_nothing(world: Archive) -> None:
    by_its_clock(world)
    before = [len(facts(world, sequence)) for sequence in ("register", "casework")]

    run(world, a_year(11))

    assert [len(facts(world, sequence)) for sequence in ("register", "casework")] == before
