"""The digest: what happened, and not how, where or under which keys it is stored."""

from collections.abc import Iterator
from contextlib import ExitStack
from random import Random

import pytest

from herkomst.processes import matching
from herkomst.record.archive import Archive
from herkomst.record.postgres import EmbeddedPostgres
from tests.archives import a_purchase, make_archive
from tests.processes.scenes import bought
from tests.projections.busy import decisions, first_sent, sent_later
from tests.projections.following import BY_NAME, digests, follow, take_in

WITHOUT_ORDER = (
    "dealers",
    "establishments",
    "purchases",
    "presentations",
    "stolen_items",
    "descriptions",
    "links",
    "match_keys",
)
"""Models in which it leaves no trace which record came first."""


@pytest.fixture
def another(server: EmbeddedPostgres) -> Iterator[Archive]:
    """An archive with keys of its own."""
    with make_archive(server) as archive:
        yield archive


def test_given_the_same_records_in_other_batches_when_digested_then_every_model_agrees(
    archive: Archive, another: Archive
) -> None:
    for one, taken, followed in ((archive, 500, 2000), (another, 1, 7)):
        take_in(one, *first_sent(), *sent_later(), batch=taken)
        follow(one, batch=followed)
        decisions(one)
        follow(one, batch=followed)
    told = digests(archive)
    assert told == digests(another)
    empty = {name for name, (number, _) in told.items() if not number}
    born_here = {"cases", "case_items", "case_entries", "reviews", "authorisations"}
    assert empty == born_here | {
        "floods",
        "glasses",
        "access_requests",
        "holds",
        "keepings",
        "person_requests",
        "matches",
        "measures",
        "officers",
        "engagements",
        "concerns",
        "reads",
        "attempts",
        "reasons",
        "alerts",
        "mutes",
        "firings",
        "sightings",
        "muted_numbers",
    }


@pytest.mark.parametrize("seed", [1, 2])
def test_given_the_same_records_in_another_order_when_digested_then_what_has_no_order_agrees(
    archive: Archive, another: Archive, seed: int
) -> None:
    shuffled = first_sent()
    Random(seed).shuffle(shuffled)  # noqa: S311 - any order will do
    for one, records in ((archive, first_sent()), (another, shuffled)):
        take_in(one, *records, batch=10)
        follow(one)
    assert digests(archive, WITHOUT_ORDER) == digests(another, WITHOUT_ORDER)
    assert digests(archive, ["hits"]) == digests(another, ["hits"])


def test_given_several_sealed_numbers_that_flood_when_digested_then_the_keyring_leaves_no_trace(
    server: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(matching, "FLOOD", 1)
    numbers = [("plate", "XX-12-YZ"), ("engraving", "1000AB12"), ("frame", "GZ471")]
    told = []
    with ExitStack() as stack:
        for _ in range(4):
            archive = stack.enter_context(make_archive(server))
            take_in(archive, *[bought(f"p{n}", *numbers) for n in range(2)])
            follow(archive)
            told.append(digests(archive))
    assert told[0]["floods"][0] == 3
    assert told == told[:1] * 4


@pytest.mark.parametrize("name", sorted(BY_NAME))
def test_given_one_record_more_when_digested_then_only_what_tells_of_it_differs(
    shared_archive: Archive, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # One purchase more for each model: there are more models than goods that found no flood.
    monkeypatch.setattr(matching, "FLOOD", 100)
    take_in(shared_archive, *first_sent())
    follow(shared_archive)
    before = digests(shared_archive, [name])
    take_in(shared_archive, a_purchase(key=f"more-{name}", items=a_purchase().items))
    follow(shared_archive)
    tells = {"purchases", "presentations", "descriptions", "links", "hits", "match_keys"}
    assert (digests(shared_archive, [name]) != before) == (name in tells)
