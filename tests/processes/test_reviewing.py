"""The queue: opened when a week is over, by rank and by lot, and never twice."""

from collections import Counter
from datetime import UTC, datetime

import pytest
from psycopg.sql import SQL, Identifier

from herkomst.domain import ids
from herkomst.domain.casework.personnel import ReadRecord
from herkomst.domain.casework.review import QueueOpened
from herkomst.processes import reviewing
from herkomst.processes.reviewing import DRAWN_OF_REVIEWER, REVIEWER, Reviewing, week_of
from herkomst.record.archive import Archive
from herkomst.record.reviews import act_in_review
from tests.archives import a_dealer, a_purchase
from tests.projections.following import (
    connected,
    digests,
    follow,
    rebuilt,
    rows,
    standings,
    take_in,
)
from tests.staffing import a_case, a_read, an_officer, at, really_read, rehearse, tell


def openings(archive: Archive) -> list[QueueOpened]:
    return archive.casework.history(ids.openings_id())  # type: ignore[return-value]


@pytest.fixture
def world(archive: Archive) -> Archive:
    take_in(archive, a_dealer(), a_purchase())
    tell(archive, an_officer(), an_officer("O-2"))
    return archive


def reads(count: int) -> list[ReadRecord]:
    return [a_read(f"R-{n}", at=at(f"{8 + n // 60:02}:{n % 60:02}")) for n in range(count)]


def test_given_a_rehearsal_that_was_told_to_its_end_then_its_reads_are_queued(
    world: Archive,
) -> None:
    rehearse(world, *reads(30))

    follow(world)

    (opened,) = openings(world)
    assert (opened.reads, opened.explained, opened.after) == (30, 0, 0)
    queue = rows(world, "reviews")
    assert opened.queued == len(queue) == 1 + reviewing.DRAWN
    assert {row["why"] for row in queue if row["rank"] == 1} == {"rank"}
    assert sum(row["why"] == "lot" for row in queue) == reviewing.DRAWN


def test_given_more_of_the_feed_then_the_later_opening_takes_the_place_of_the_earlier(
    world: Archive,
) -> None:
    rehearse(world, a_read("R-1"), a_read("R-2", purpose="duty:D-1"))
    follow(world)
    before = len(rows(world, "reviews"))
    assert before == 2

    tell(world, a_case())
    rehearse(world)
    follow(world)

    assert [opened.explained for opened in openings(world)] == [0, 2]
    assert all(row["explained"] for row in rows(world, "reviews"))
    assert {row["opening"] for row in rows(world, "reviews")} == {2}

    assert len(rows(world, "reviews")) == before


def test_given_a_verdict_then_a_later_opening_leaves_it(world: Archive) -> None:
    rehearse(world, a_read())
    follow(world)
    (row,) = rows(world, "reviews")
    act_in_review(
        world.casework, row["review"], lambda r, _: r.judge("x", "lawful", None), actor="user:x"
    )
    tell(world, a_case())
    rehearse(world)

    follow(world)

    (row,) = rows(world, "reviews")
    assert (row["verdict"], row["explained"]) == ("lawful", False)


def test_given_real_reads_then_a_week_is_weighed_once_a_later_one_has_begun(
    world: Archive,
) -> None:
    for user in ("O-1", "O-2"):
        really_read(world, user, "duty:front_desk", f"purchase:{ids.purchase_id('kassa', 'x')}")
    follow(world)
    assert openings(world) == []
    _happened_a_week_ago(world)

    really_read(world, "O-1", "duty:front_desk")
    follow(world)

    (opened,) = openings(world)
    assert (opened.after, opened.until, opened.reads) == (0, 2, 2)
    assert {row["officer"] for row in rows(world, "reviews")} == {"O-1", "O-2"}
    really_read(world, "O-2", "duty:front_desk")
    follow(world)
    assert len(openings(world)) == 1


def test_given_the_same_record_then_the_lot_is_drawn_alike_and_nobody_foresees_it(
    world: Archive,
) -> None:
    rehearse(world, *reads(60))
    follow(world)
    (opened,) = openings(world)
    drawn = {row["read"] for row in rows(world, "reviews") if row["why"] == "lot"}
    process = Reviewing(world.keyring.token, world.casework.recorder)

    with connected(world) as connection:
        assert process._seed(connection, opened.until) == opened.seed
        other = Reviewing(lambda text: f"{hash(text):x}", world.casework.recorder)
        assert other._seed(connection, opened.until) != opened.seed
    by_lot = sorted(
        (row["read"] for row in rows(world, "reads")),
        key=lambda read: world.keyring.token(f"{opened.seed}:{read.hex}"),
    )
    ranked = {row["read"] for row in rows(world, "reviews") if row["why"] == "rank"}
    assert drawn == set([r for r in by_lot if r not in ranked][: reviewing.DRAWN])


def test_given_reviewers_at_the_desk_then_some_of_what_each_read_is_drawn_for_another(
    world: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reviewing, "DRAWN", 0)
    for user, role in (("R-1", REVIEWER), ("R-2", REVIEWER), ("O-1", "district_detective")):
        for _ in range(2 * DRAWN_OF_REVIEWER):
            really_read(world, user, "duty:review", role=role)
    follow(world)
    _happened_a_week_ago(world)

    really_read(world, "O-1", "duty:front_desk")
    follow(world)

    queue = rows(world, "reviews")
    assert Counter(row["officer"] for row in queue) == {
        "R-1": DRAWN_OF_REVIEWER,
        "R-2": DRAWN_OF_REVIEWER,
    }
    assert {row["why"] for row in queue} == {"lot"}


def test_given_a_read_model_that_is_behind_then_the_opening_waits(world: Archive) -> None:
    rehearse(world, a_read())

    follow(world, ["reviewing", "reads"])
    assert openings(world) == []
    assert standings(world)["reviewing"].position == 0

    follow(world)
    assert len(openings(world)) == 1


def test_given_a_rebuild_then_the_queue_is_what_it_was(world: Archive) -> None:
    rehearse(world, *reads(5))
    follow(world)
    before = digests(world, ["reviews", "reads", "engagements", "concerns", "officers"])
    assert before["reviews"][0] == 5

    rebuilt(world)
    follow(world)

    assert digests(world, list(before)) == before
    assert len(openings(world)) == 1


def test_a_week_is_one_of_amsterdam() -> None:
    sunday = datetime(2026, 3, 8, 22, 59, tzinfo=UTC)

    assert week_of(sunday) == (2026, 10)
    assert week_of(sunday.replace(hour=23)) == (2026, 11)


def _happened_a_week_ago(archive: Archive) -> None:
    """The model of reads has them as of a week before; the journal cannot be changed, nor is it."""
    with connected(archive) as connection:
        table = connection.execute(
            "SELECT format('reads_%s', generation) FROM follow.models WHERE name = 'reads' AND live"
        ).fetchone()
        assert table is not None
        connection.execute(
            SQL("UPDATE read.{} SET recorded_at = recorded_at - interval '7 days'").format(
                Identifier(table[0])
            )
        )
