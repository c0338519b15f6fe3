"""Whose name is in the index: who is in a hit that stands or in a case, as long as that holds."""

from collections.abc import Callable
from datetime import date
from functools import partial
from random import Random
from uuid import UUID

import pytest

from herkomst.domain import ids
from herkomst.domain.calendar import legal_today
from herkomst.domain.casework.case import Case
from herkomst.domain.casework.hit import Hit
from herkomst.domain.events import Event, EventData
from herkomst.domain.register import erasure, keeping
from herkomst.record.application import pending
from herkomst.record.archive import Archive
from herkomst.record.casework import Seal
from herkomst.search.documents import Source
from tests.archives import ACTOR, POLICE, TILL, a_dealer, a_seller
from tests.domain.examples import ENVELOPE
from tests.processes.retaining import LEAD, close, open_case, run
from tests.processes.scenes import bought, correction, stolen
from tests.projections.following import connected, facts, follow, rebuilt, take_in
from tests.search.indexes import due, indexed, indexing_of

NUMBER = ("frame", "GZ4711003")
STOLEN = ids.stolen_item_id(POLICE, "s")
SOLD, OTHER = (ids.purchase_id(TILL, key) for key in ("sold", "other"))
HIT = ids.pair_id(SOLD, 1, STOLEN)


@pytest.fixture
def world(archive: Archive) -> Archive:
    """A hit on what one person sold, and another person of whom nothing is."""
    other = a_seller(family_name="Verzonnen", given_names="Wilhelmina")
    take_in(
        archive,
        a_dealer(),
        stolen("s", NUMBER),
        bought("sold", NUMBER, seller=a_seller()),
        bought("other", seller=other),
    )
    follow(archive)
    return archive


def searched(archive: Archive) -> dict[UUID, Source]:
    """Persons in the index, by the purchase; the index is as the rows have it, and as a rebuild."""
    there = indexed(archive)
    assert there == due(archive)
    found = {s.record: s for s in there.values() if s.name is not None}
    return {ids.purchase_of(presentation): source for presentation, source in found.items()}


def decide(archive: Archive, decision: Callable[[Hit], EventData]) -> None:
    archive.casework.decide(HIT, decision, actor=LEAD, ground="wpg:8")
    follow(archive)


def reject(archive: Archive) -> None:
    decide(archive, lambda state: state.reject("other_good"))


def withdraw(archive: Archive) -> None:
    take_in(archive, stolen("s", NUMBER, status="withdrawn", withdrawn_reason="mistaken"))
    follow(archive)


def spend(archive: Archive) -> None:
    run(archive, date(legal_today().year + 11, 12, 31))


def remove(archive: Archive, case: UUID, item: UUID) -> None:
    archive.casework.in_case(case, partial(_removed, item), actor=LEAD)
    follow(archive)


def _removed(item: UUID, state: Case, seal: Seal) -> EventData:
    return state.remove(item.hex, seal("Niet meer nodig."))


def name(archive: Archive, case: UUID, subject: UUID) -> None:
    def act(state: Case, seal: Seal) -> EventData:
        return state.name(subject.hex, "suspect", "wpg:9", seal("Gezien."))

    archive.casework.in_case(case, act, actor=LEAD)
    follow(archive)


def drop(archive: Archive, case: UUID, subject: UUID) -> None:
    def act(state: Case, seal: Seal) -> EventData:
        return state.drop(subject.hex, seal("Toch niet."))

    archive.casework.in_case(case, act, actor=LEAD)
    follow(archive)


# Who must not be found


def test_given_who_is_in_no_case_and_no_hit_when_followed_then_his_name_is_not_in_the_index(
    world: Archive,
) -> None:
    assert list(searched(world)) == [SOLD]
    assert not any("verzonnen" in source.encoded().decode() for source in indexed(world).values())


@pytest.mark.parametrize("going", [reject, withdraw])
def test_given_a_hit_that_stands_no_more_when_followed_then_the_name_is_gone(
    world: Archive, going: Callable[[Archive], None]
) -> None:
    going(world)

    assert searched(world) == {}


def test_given_a_hit_that_is_removed_when_acknowledged_then_the_index_lost_the_name_before(
    world: Archive,
) -> None:
    take_in(world, bought("older", NUMBER, seller=a_seller(family_name="Gewist")))
    follow(world)
    assert len(searched(world)) == 2

    spend(world)

    assert searched(world) == {}
    (order,) = [f for f in facts(world, "register") if isinstance(f.data, keeping.HitsRemoved)]
    told = {each.store: each.clock for each in world.register.acknowledgements(order.stream)}
    assert told["index"]


def test_given_who_is_erased_when_followed_then_the_name_is_gone_and_it_is_acknowledged(
    world: Archive,
) -> None:
    open_case(world, "wpg:9", SOLD)
    order = world.register.order_erasure(f"seller:{TILL}:sold", ground="avg:17", actor=ACTOR)
    follow(world)

    assert searched(world) == {}
    assert order is not None
    told = [f.data for f in facts(world, "register") if f.topic.endswith("acknowledged")]
    assert "index" in {f.store for f in told if isinstance(f, erasure.ErasureAcknowledged)}


# Who is found, and until when


@pytest.mark.parametrize("item", [OTHER, ids.presentation_id(OTHER)], ids=["purchase", "person"])
def test_given_who_is_in_a_case_when_he_leaves_it_then_the_name_goes_with_him(
    world: Archive, item: UUID
) -> None:
    case = open_case(world, "wpg:9", *([item] if item == OTHER else []))
    if item != OTHER:
        name(world, case, item)
    assert set(searched(world)) == {SOLD, OTHER}
    assert searched(world)[OTHER].law == "wpg:8 open politie"

    remove(world, case, item) if item == OTHER else drop(world, case, item)

    assert set(searched(world)) == {SOLD}


def test_given_two_reasons_when_one_is_over_then_the_name_stays_for_the_other(
    world: Archive,
) -> None:
    case = open_case(world, "wpg:9", SOLD)
    reject(world)
    assert set(searched(world)) == {SOLD}

    remove(world, case, SOLD)

    assert searched(world) == {}


def test_given_a_hit_in_a_case_when_it_is_rejected_then_who_sold_the_good_is_still_in_the_case(
    world: Archive,
) -> None:
    open_case(world, "wpg:9", HIT, kind="hit")
    reject(world)

    assert set(searched(world)) == {SOLD}


def test_given_a_case_that_is_removed_when_followed_then_the_name_goes_and_it_is_acknowledged(
    world: Archive,
) -> None:
    case = open_case(world, "wpg:9", OTHER)
    close(world, case)
    for years in range(1, 12):
        run(world, date(legal_today().year + years, 12, 31))
        if OTHER not in searched(world):
            break

    assert OTHER not in searched(world)
    keyed = [f for f in facts(world, "register") if isinstance(f.data, keeping.KeyRestricted)]
    assert any(f.data.kind == "case" for f in keyed if isinstance(f.data, keeping.KeyRestricted))


def test_given_a_key_of_a_case_that_is_destroyed_when_acknowledged_then_the_index_is_told(
    world: Archive,
) -> None:
    case = open_case(world, "wpg:9", OTHER)
    data = keeping.KeyDestroyed(because="term", kind="case", on="2040-01-01", record=case.hex)
    stream = ids.keeping_of(case)
    with connected(world) as connection, connection.cursor() as cursor:
        world.register.recorder.append(cursor, [pending(Event(stream, data, ENVELOPE))])
    follow(world)

    assert set(searched(world)) == {SOLD}
    assert "index" in {each.store for each in world.register.acknowledgements(stream)}


def test_given_a_name_that_is_corrected_when_followed_then_it_is_searched_as_it_is_now(
    world: Archive,
) -> None:
    take_in(world, correction("sold", "c-1", seller={"family_name": "Herschreven"}))
    follow(world)

    found = searched(world)[SOLD].name
    assert found is not None
    assert found.family == ("herschreven",)


# Whatever order the followers come in


FOLLOWERS = (
    "matching",
    "hits",
    "case_items",
    "presentations",
    "keepings",
    "index",
    "index_casework",
)


@pytest.mark.parametrize("seed", range(4))
def test_given_followers_in_any_order_when_all_have_followed_then_it_is_as_rebuilt(
    world: Archive, seed: int
) -> None:
    chance = Random(seed)  # noqa: S311
    case = open_case(world, "wpg:9", OTHER)
    doings: list[Callable[[], object]] = [
        lambda: take_in(world, bought("late", NUMBER, seller=a_seller(family_name="Laat"))),
        lambda: world.casework.decide(
            HIT, lambda state: state.reject("other_good"), actor=LEAD, ground="wpg:8"
        ),
        lambda: world.casework.in_case(case, partial(_removed, OTHER), actor=LEAD),
        lambda: world.register.order_erasure(f"seller:{TILL}:late", ground="avg:17", actor=ACTOR),
    ]
    for do in doings:
        do()
        for follower in chance.sample(FOLLOWERS, chance.randrange(len(FOLLOWERS))):
            follow(world, [follower], batch=chance.choice((1, 3)))
    follow(world)

    assert searched(world) == {}
    before = indexed(world)
    rebuilt(world)
    with connected(world) as connection:
        indexing = indexing_of(world)
        told = indexing.digest(connection)
        indexing.rebuild(connection)
        assert indexing.digest(connection) == told
    assert indexed(world) == before
