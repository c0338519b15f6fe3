"""A muted number founds no new hit while it is muted, and it is told what that withheld."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from herkomst.domain import ids
from herkomst.domain.casework.mute import MuteRefused, NumberWithheld
from herkomst.domain.events import Recorded
from herkomst.domain.journal import Read
from herkomst.processes.lapsing import Lapsing
from herkomst.processes.matching import Matching
from herkomst.record.archive import Archive
from tests import muting
from tests.muting import MONTH
from tests.processes.retaining import run
from tests.processes.scenes import (
    AFTER,
    BEFORE,
    Scene,
    bought,
    correction,
    item_change,
    reject,
    stolen,
)
from tests.processes.test_reasons import keys
from tests.projections.following import (
    connected,
    digests,
    follow,
    followers_of,
    rebuilt,
    rows,
    take_in,
)


def mute(scene: Scene, *, key: str | None = None, **said: Any) -> UUID:
    """Mute the number of a scene, or of this key."""
    return muting.mute(scene.archive, key or scene.key, **said)


def lift(scene: Scene, identity: UUID) -> None:
    muting.lift(scene.archive, scene.key, identity)


def told(scene: Scene, identity: UUID) -> dict[str, Any]:
    follow(scene.archive)
    return next(row for row in rows(scene.archive, "muted_numbers") if row["mute"] == identity)


def rematch(scene: Scene) -> dict[str, int]:
    (process,) = followers_of(scene.archive, ["matching"])
    assert isinstance(process, Matching)
    with connected(scene.archive) as connection:
        return process.rematch(connection, dry_run=False)


# What it withholds


def test_given_a_mute_when_the_good_is_bought_then_no_hit_is_found_and_that_is_told(
    scene: Scene,
) -> None:
    scene.given(stolen("s", scene.number))
    identity = mute(scene)
    scene.given(bought("p", scene.number))
    assert scene.story("p", "s") == []
    assert told(scene, identity)["withheld"] == [scene.stolen_item("s")]


def test_given_a_mute_when_the_theft_is_reported_then_no_hit_is_found_either(scene: Scene) -> None:
    scene.given(bought("p", scene.number))
    mute(scene)
    scene.given(stolen("s", scene.number))
    assert scene.story("p", "s") == []


def test_given_a_hit_when_its_number_is_muted_then_it_stands_and_follows_its_facts(
    scene: Scene,
) -> None:
    scene.given(stolen("s", scene.number), bought("p", scene.number))
    identity = mute(scene)
    scene.given(correction("p", "c", items=item_change(scene.number, brand=None)))
    assert scene.story("p", "s") == ["found", "regraded"]
    assert told(scene, identity)["withheld"] == []


def test_given_a_rejected_hit_when_its_facts_change_under_a_mute_then_it_is_not_raised(
    scene: Scene,
) -> None:
    scene.given(stolen("s", scene.number), bought("p", scene.number))
    scene.decide("p", "s", reject)
    identity = mute(scene)
    scene.given(correction("p", "c", items=item_change(scene.number, brand=None)))
    assert scene.story("p", "s") == ["found", "rejected"]
    assert told(scene, identity)["withheld"] == [scene.stolen_item("s")]


def test_given_another_number_that_agrees_when_one_is_muted_then_it_is_a_hit(scene: Scene) -> None:
    mute(scene)
    other = ("frame", f"QX{scene.tag}771")
    scene.given(stolen("s", scene.number, other), bought("p", scene.number, other))
    assert scene.story("p", "s") == ["found"]


def test_given_a_pair_that_is_withheld_when_it_is_looked_at_again_then_that_is_said_once(
    scene: Scene,
) -> None:
    identity = mute(scene)
    scene.given(stolen("s", scene.number), bought("p", scene.number))
    scene.given(correction("p", "c", items=item_change(scene.number, brand=None)))
    assert told(scene, identity)["withheld"] == [scene.stolen_item("s")]


def test_given_a_mute_within_a_brand_then_goods_of_another_are_hits(scene: Scene) -> None:
    identity = mute(scene, brand="batavus")
    scene.given(stolen("s", scene.number), bought("p", scene.number))
    batavus = {"brand": "Batavus"}
    scene.given(stolen("t", scene.number, good=batavus), bought("q", scene.number, good=batavus))
    assert (scene.story("p", "s"), scene.story("q", "t")) == (["found"], [])
    assert told(scene, identity)["withheld"] == [scene.stolen_item("t")]


def test_given_a_mute_on_a_closed_good_then_what_others_see_is_left_as_it_is(scene: Scene) -> None:
    mute(scene, closed=True)
    scene.given(
        stolen("open", scene.number),
        stolen("closed", scene.number, handling="closed"),
        bought("p", scene.number),
    )
    assert (scene.story("p", "open"), scene.story("p", "closed")) == (["found"], [])


def test_given_a_passage_when_it_would_become_a_hit_under_a_mute_then_it_is_neither(
    scene: Scene,
) -> None:
    scene.given(stolen("s", scene.number), bought("p", scene.number, at=BEFORE))
    mute(scene)
    scene.given(correction("p", "c", acquired=AFTER))
    assert scene.story("p", "s") == ["noted", "closed: muted"]


def test_given_a_sealed_number_when_it_is_muted_then_it_withholds_and_is_written_nowhere(
    scene: Scene,
) -> None:
    plate = ("plate", "12-ZZB-3")
    car = {"kind": "car", "brand": "Volkswagen", "model": "Golf"}
    scene.given(stolen("s", plate, good=car))
    (key,) = {
        row["key"]
        for row in rows(scene.archive, "match_keys")
        if row["item"] == scene.stolen_item("s")
    }
    mute(scene, key=key)
    scene.given(bought("p", plate, good=car))
    assert scene.story("p", "s") == []
    written = [str(data) for data in scene.stream(ids.number_id(key))]
    assert len(written) == 2
    assert not any("ZZB" in each for each in written)


# Its end


def test_given_a_lift_then_what_comes_later_is_a_hit_and_what_was_withheld_by_a_rematch(
    scene: Scene,
) -> None:
    identity = mute(scene)
    scene.given(stolen("s", scene.number), bought("p", scene.number))
    lift(scene, identity)
    scene.given(bought("q", scene.number))
    assert (scene.story("p", "s"), scene.story("q", "s")) == ([], ["found"])
    rematch(scene)
    follow(scene.archive)
    assert scene.story("p", "s") == ["found"]


def test_given_a_mute_when_it_is_rematched_or_rebuilt_then_nothing_changes(
    archive: Archive,
) -> None:
    scene = Scene(archive, "S")
    mute(scene)
    scene.given(stolen("s", scene.number), bought("p", scene.number))
    before = digests(scene.archive)
    rematch(scene)
    rebuilt(scene.archive)
    follow(scene.archive)
    assert digests(scene.archive) == before
    assert scene.story("p", "s") == []


def test_given_a_reason_when_its_mute_is_long_over_then_its_key_is_destroyed(
    archive: Archive,
) -> None:
    scene = Scene(archive, "S")
    identity = mute(scene)
    follow(archive)
    assert keys(archive, identity) == {identity}
    run(archive, (datetime.now(UTC) + MONTH + timedelta(days=6 * 365)).date())
    assert keys(archive, identity) == set()


def test_given_a_mute_that_came_to_its_end_then_it_lapses_and_is_said_once(scene: Scene) -> None:
    identity = mute(scene)
    follow(scene.archive)
    after = datetime.now(UTC) + MONTH + timedelta(seconds=1)
    for _ in range(2):
        with connected(scene.archive) as connection:
            entry = Recorded(1, UUID(int=1), 1, Read.TOPIC, b"", after)
            Lapsing(scene.archive.casework.recorder).apply(connection, [entry])
        follow(scene.archive)
    said = [type(data).__name__ for data in scene.stream(ids.number_id(scene.key))]
    assert said == ["NumberMuted", "NumberMuteLapsed"]
    assert told(scene, identity)["state"] == "lapsed"
    with pytest.raises(MuteRefused, match="ended"):
        lift(scene, identity)


@pytest.mark.parametrize("lasts", [timedelta(0), timedelta(days=400)])
def test_a_mute_ends_within_a_year(scene: Scene, lasts: timedelta) -> None:
    with pytest.raises(MuteRefused, match="a year at most"):
        mute(scene, lasts=lasts)


def test_a_number_is_muted_once(scene: Scene) -> None:
    mute(scene)
    with pytest.raises(MuteRefused, match="muted already"):
        mute(scene, brand="gazelle")


# From when


@pytest.mark.parametrize("batch", [1, 2, 2000])
def test_what_it_holds_for_does_not_hang_on_batches(scene: Scene, batch: int) -> None:
    """Said and lifted while nothing was followed: by the position that each names."""
    archive = scene.archive
    take_in(archive, *map(scene.own, (stolen("s", scene.number), bought("before", scene.number))))
    identity = mute(scene)
    take_in(archive, scene.own(bought("meanwhile", scene.number)))
    lift(scene, identity)
    take_in(archive, scene.own(bought("after", scene.number)))
    follow(archive, batch=batch)
    stories = [scene.story(each, "s") for each in ("before", "meanwhile", "after")]
    assert stories == [["found"], [], ["found"]]
    withheld = [e for e in scene.stream(ids.number_id(scene.key)) if isinstance(e, NumberWithheld)]
    assert [e.pair for e in withheld] == [scene.pair("meanwhile", "s").hex]
