"""Hits go: what is over its term is found nowhere and never again, and what a case has stays."""

from collections.abc import Callable
from datetime import date, timedelta
from uuid import UUID

import pytest

from herkomst.domain import ids
from herkomst.domain.calendar import legal_today
from herkomst.domain.casework import hit
from herkomst.domain.casework.hit import HitClosed
from herkomst.domain.events import Event
from herkomst.domain.register import keeping
from herkomst.processes import retention
from herkomst.processes.matching import Matching
from herkomst.record import holds
from herkomst.record.application import pending
from herkomst.record.archive import Archive
from herkomst.record.verification import verify
from tests.archives import ACTOR, POLICE, TILL, a_dealer, a_seller
from tests.domain.examples import ENVELOPE
from tests.processes.retaining import LEAD, OFFICER, close, open_case, run, told
from tests.processes.scenes import BEFORE, bought, stolen
from tests.projections.following import (
    connected,
    digests,
    facts,
    follow,
    followers_of,
    rebuilt,
    rows,
    take_in,
)
from tests.search.indexes import indexed

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
    holds.place(
        world.casework, STOLEN, "stolen_item", "avg:18", until, "Betwist door klager", OFFICER
    )
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
    assert sorted(stores) == ["casework", "hits", "index", "measures", "passages"]
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


# Passages


@pytest.fixture
def passed(archive: Archive) -> Archive:
    """A passage that never was a hit: the good was bought before it was stolen."""
    theft = stolen("s", NUMBER)
    take_in(archive, a_dealer(), theft, bought("sold", NUMBER, at=BEFORE, seller=a_seller()))
    follow(archive)
    assert (hits(archive), passages(archive)) == ([], [HIT])
    return archive


def passages(archive: Archive) -> list[UUID]:
    return [row["pair"] for row in rows(archive, "passages")]


def test_given_a_passage_whose_clock_runs_or_whose_person_is_erased_then_it_stays(
    passed: Archive,
) -> None:
    passed.register.order_erasure(f"seller:{TILL}:sold", ground="avg:17", actor=ACTOR)
    follow(passed)

    run(passed, a_year(9))

    assert passages(passed) == [HIT]


def test_given_a_passage_over_its_term_then_no_store_has_it_and_it_is_never_noted_again(
    passed: Archive,
) -> None:
    assert told(passed, a_year(11))[HIT].kept.kind == "passage"

    run(passed, a_year(11))

    assert passages(passed) == []
    assert topics(passed)[-1] == "casework.hit.removed"
    (order,) = [f for f in facts(passed, "register") if isinstance(f.data, keeping.HitsRemoved)]
    assert len(passed.register.acknowledgements(order.stream)) == 5
    take_in(passed, stolen("s", NUMBER, ("serial", "ZX91-4471")))
    follow(passed)
    assert (passages(passed), hits(passed)) == ([], [])


def test_given_a_passage_in_a_case_then_it_stays_as_long_as_that(passed: Archive) -> None:
    open_case(passed, "wpg:9", STOLEN, kind="stolen_item")

    run(passed, a_year(11))

    assert passages(passed) == [HIT]


# The good that it rests on


def withdraw(archive: Archive) -> None:
    take_in(archive, stolen("s", NUMBER, status="withdrawn", withdrawn_reason="mistaken"))
    follow(archive)


@pytest.mark.parametrize("years", [1, 7], ids=["vault", "destroyed"])
def test_given_a_stolen_good_that_was_removed_then_it_is_compared_with_nothing_at_once(
    archive: Archive, years: int
) -> None:
    take_in(archive, a_dealer(), stolen("s", NUMBER), stolen("other", NUMBER))
    withdraw(archive)

    for year in range(1, years + 1, 6):
        run(archive, a_year(year))

    compared = {row["source_key"] for row in rows(archive, "match_keys")}
    assert compared == {"other"}
    if years > 1:
        (order,) = [f for f in facts(archive, "register") if f.topic == "privacy.key.destroyed"]
        stores = {each.store for each in archive.register.acknowledgements(order.stream)}
        assert stores == {"vault", "register", "stolen_items", "match_keys", "index"}
    before = digests(archive)
    rebuilt(archive)
    assert digests(archive) == before
    take_in(archive, bought("sold", NUMBER, seller=a_seller()))
    follow(archive)
    assert [row["stolen_key"] for row in rows(archive, "hits")] == ["other"]


def test_given_a_passage_on_a_good_that_was_removed_then_that_goes_with_it(
    passed: Archive,
) -> None:
    take_in(passed, stolen("s", NUMBER, status="recovered", recovered_at="2026-03-20"))
    follow(passed)
    assert passages(passed) == [HIT]

    run(passed, a_year(1))

    assert passages(passed) == []
    assert topics(passed)[-1] == "casework.hit.closed"


def test_given_a_passage_from_before_goods_left_what_is_compared_then_the_next_run_removes_it(
    passed: Archive,
) -> None:
    told_of = keeping.KeyDestroyed(
        because="", kind="stolen_item", on="2026-01-01", record=STOLEN.hex
    )
    event = Event(ids.keeping_of(STOLEN), told_of, ENVELOPE)
    with passed.database.transaction() as cursor:
        passed.register.recorder.append(cursor, [pending(event)])
    follow(passed, ["keepings"])
    assert passages(passed) == [HIT]

    (change,) = [c for c in told(passed, a_year(1)).values() if c.kept.kind == "passage"]

    assert (change.kept.id, change.standing.why) == (HIT, f"passage {HIT}")
    assert change.is_due


def test_given_what_lies_in_the_vault_then_no_report_is_added_to_it(archive: Archive) -> None:
    take_in(archive, stolen("s", NUMBER))
    withdraw(archive)
    run(archive, a_year(1))

    more = stolen("s", NUMBER, ("serial", "ZX91-4471"))
    (receipt,) = archive.register.take_in([(1, more)], actor=ACTOR)

    assert (receipt.status, [each.code for each in receipt.errors]) == ("conflict", ["erased"])
    assert rows(archive, "match_keys") == []


# What comes after


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
    # Nor before what is searched is past the event by which the hit went.
    names = {follower.name for follower in followers_of(world)}
    follow(world, names - {"index_casework"})
    assert hits(world) == []
    assert world.register.acknowledgements(done.orders[0]) == []

    follow(world)

    assert len(world.register.acknowledgements(done.orders[0])) == 5
    assert not any(source.name for source in indexed(world).values())


def test_given_a_dry_run_then_it_is_told_and_nothing_changes(world: Archive) -> None:
    before = [len(facts(world, sequence)) for sequence in ("register", "casework")]

    assert told(world, a_year(11))[HIT].is_due

    assert [len(facts(world, sequence)) for sequence in ("register", "casework")] == before


def test_given_a_second_run_then_it_does_nothing(world: Archive) -> None:
    by_its_clock(world)
    before = [len(facts(world, sequence)) for sequence in ("register", "casework")]

    run(world, a_year(11))

    assert [len(facts(world, sequence)) for sequence in ("register", "casework")] == before
