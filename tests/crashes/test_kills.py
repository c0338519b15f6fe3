"""kill -9 at random moments, of everything that runs: nothing is lost, and nothing is there twice.

Purchases come in by file and over HTTP, stolen goods by file, and followers follow, while one
after another an import, the followers, the server, a process of the database or the whole database
dies. What was told to be accepted stands, what is repeated is a duplicate, and what is found is
what is found where nothing ever died.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import pytest

from herkomst.domain import ids
from herkomst.domain.casework import hit
from herkomst.domain.events import EventData, Recorded
from herkomst.domain.register import book, dealer, purchase, stolen_item
from herkomst.record.postgres import embedded
from herkomst.record.removal import remove
from tests.commands import Herkomst
from tests.crashes.life import Life, living
from tests.crashes.world import (
    DEALERS,
    PLANTED_EVERY,
    POLICE,
    TILLS,
    Delivery,
    World,
    deliveries,
    posted,
    simulated,
)

Digests = dict[str, tuple[int, str]]


class Unkilled(NamedTuple):
    """A world, and what is made of it where nothing dies."""

    world: World
    hits: Counter[str]
    digests: Digests


@pytest.fixture(scope="module")
def unkilled(folder: Path, request: pytest.FixtureRequest) -> Unkilled:
    """A world of so many purchases, imported once."""
    herkomst = Herkomst(folder / "unkilled")
    world = simulated(herkomst, folder / "world", purchases=request.param)
    with removed(herkomst.home), embedded(herkomst.home):
        for name, lines, source in (
            ("dealers", world.dealers, DEALERS),
            ("purchases", world.purchases, TILLS),
            ("stolen", world.stolen, POLICE),
        ):
            file = folder / f"{name}.ndjson"
            file.write_bytes(b"".join(lines))
            assert herkomst("import", str(file), "--as", name, "--source", source).code == 0
        assert herkomst("work", "--once").code == 0
        found, models = hits(herkomst), digests(herkomst)
    assert len(found) > request.param // PLANTED_EVERY // 2, "there is much to find"
    return Unkilled(world, found, models)


@contextmanager
def removed(home: Path) -> Iterator[None]:
    """A home that is removed when it is left."""
    try:
        yield
    finally:
        remove(home)


def hits(herkomst: Herkomst) -> Counter[str]:
    """The pairs that are hits now, with their grades, and how often each is listed."""
    ended = herkomst("export", "hits", "--purpose", "duty:front_desk", "--ground", "wpg:8")
    assert ended.code == 0, ended.err
    told = ("purchase", "stolen", "grade", "score", "time", "reasons", "against")
    # A hit that was closed is there or not as its report came before the purchase or after it.
    return Counter(
        json.dumps([line[what] for what in told])
        for line in ended.lines
        if line["state"] != "closed"
    )


def digests(herkomst: Herkomst) -> Digests:
    told = herkomst("digest", "--json").document
    return {model["name"]: (model["rows"], model["sha256"]) for model in told}


def streams(facts: list[Recorded], kind: type[EventData]) -> Counter[UUID]:
    """How often each stream has an event of a kind."""
    return Counter(fact.stream for fact in facts if isinstance(fact.data, kind))


def entries(facts: list[Recorded]) -> Iterator[tuple[UUID, int, str]]:
    """The book, the number in it and the purchase, of every entry in order."""
    for fact in facts:
        if isinstance(fact.data, book.Entered):
            yield fact.stream, fact.version, fact.data.purchase


def records(lines: list[bytes]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lines]


@pytest.mark.slow
@pytest.mark.parametrize("unkilled", [2_500], indirect=True)
def test_given_a_world_that_comes_in_when_each_part_is_killed_then_it_is_as_if_none_had_been(
    unkilled: Unkilled, folder: Path
) -> None:
    see_that_kills_change_nothing(unkilled, 5, folder / "home", seed=1)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 110))
@pytest.mark.parametrize("unkilled", [6_000], indirect=True)
def test_given_a_world_that_comes_in_when_a_hundred_are_killed_then_it_is_as_if_none_had_been(
    unkilled: Unkilled, folder: Path, seed: int
) -> None:
    see_that_kills_change_nothing(unkilled, 10, folder / f"home-{seed}", seed)


def see_that_kills_change_nothing(unkilled: Unkilled, kills: int, home: Path, seed: int) -> None:
    with living(home, seed) as life:
        # Given dealers, and everything running
        life.begin(Delivery(0, "dealers", DEALERS, unkilled.world.dealers, []))

        # When the world comes in, and in each delivery something dies
        for victim, delivery in zip(
            life.victims(kills), deliveries(unkilled.world, kills), strict=True
        ):
            life.take_in_while_killing(delivery, victim)
        life.follow()

        # Then every record is there once, numbered without a gap, and every receipt stands
        facts = life.facts("register")
        assert len(facts) == facts[-1].position == life.due
        see_that_each_record_is_there_once(facts, unkilled.world)
        see_that_books_have_no_gap(facts, len(unkilled.world.purchases))
        see_that_receipts_stand(facts, life, posted(unkilled.world))
        # and what follows is the same as where nothing died, and as when it is built anew
        assert set(streams(life.facts("casework"), hit.Found).values()) == {1}
        assert hits(life.herkomst) == unkilled.hits
        followed = digests(life.herkomst)
        assert {**followed, "hits": None} == {**unkilled.digests, "hits": None}
        assert life.herkomst("rebuild", "--all").code == 0
        assert digests(life.herkomst) == followed
        # and the record is intact
        assert life.herkomst("verify").code == 0
        life.end()


def see_that_each_record_is_there_once(facts: list[Recorded], world: World) -> None:
    for kind, lines, named in (
        (dealer.Notified, world.dealers, ids.dealer_id),
        (purchase.Registered, world.purchases, ids.purchase_id),
        (stolen_item.Report, world.stolen, ids.stolen_item_id),  # Each line, amendments included.
    ):
        expected = Counter(named(record["source"], record["key"]) for record in records(lines))
        assert streams(facts, kind) == expected


def see_that_books_have_no_gap(facts: list[Recorded], purchases: int) -> None:
    books = defaultdict(list)
    for book_id, number, _ in entries(facts):
        books[book_id].append(number)
    assert all(numbers == list(range(1, len(numbers) + 1)) for numbers in books.values())
    entered = [purchase_id for _, _, purchase_id in entries(facts)]
    assert len(entered) == len(set(entered)) == purchases


def see_that_receipts_stand(facts: list[Recorded], life: Life, posted: list[bytes]) -> None:
    numbers = {purchase_id: number for _, number, purchase_id in entries(facts)}
    assert life.told.keys() == {record["key"] for record in records(posted)}
    for receipt in life.told.values():
        assert numbers[UUID(receipt["id"]).hex] == receipt["register_number"], receipt
