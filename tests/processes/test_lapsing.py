"""What went by is recorded once, at the end of the legal day, whatever the clock does."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from herkomst.domain import ids
from herkomst.domain.casework import sequel
from herkomst.domain.casework.hit import Hit
from herkomst.domain.casework.sequel import Authority, Decision, Sequel, TermLapsed
from herkomst.domain.events import EventData, Recorded
from herkomst.domain.journal import Read
from herkomst.processes.lapsing import Lapsing
from herkomst.record import sequels
from herkomst.record.archive import Archive
from herkomst.record.casework import Seal
from tests.archives import ACTOR, a_sale
from tests.processes.retaining import run
from tests.processes.scenes import Scene, bought, line, stolen
from tests.processes.test_reasons import keys, over
from tests.projections.following import connected, digests, follow, rebuilt

FRAME = ("frame", "GZ4711003")
SECOND = timedelta(seconds=1)
AUTHORITY = Authority(by="x", policy="p", purpose="duty:front_desk", role="hic_team", unit="u")


@pytest.fixture
def scene(archive: Archive) -> Scene:
    return Scene(archive, "s").given(bought("p", FRAME), stolen("s", FRAME))


def act(archive: Archive, hit: UUID, doing: Any, of: sequel.Kind | None = None) -> None:
    def said(state: Sequel, seal: Seal) -> list[EventData]:
        by = Decision(authority=AUTHORITY, now=datetime.now(UTC), why=seal("Gezien."))
        return [doing(state, by)]

    if of is None:
        sequels.begin(archive.casework, hit, said, "user:x", "wpg:8")
    else:
        sequels.go_on(archive.casework, hit, of, said, "user:x", "wpg:8")


def confirm(archive: Archive, hit: UUID, verdict: sequel.Verdict = "stands") -> None:
    act(archive, hit, lambda s, by: s.answer(hit.hex, "Amsterdam", verdict, by))


def order(archive: Archive, hit: UUID, since: str) -> None:
    begun = datetime.fromisoformat(since)
    act(archive, hit, lambda s, by: s.order(hit.hex, "brigadier", begun, None, by))


def lapse(archive: Archive, now: datetime) -> None:
    """Let the process follow a journal in which somebody read at that moment."""
    entry = Recorded(1, UUID(int=1), 1, Read.TOPIC, b"", now)
    with connected(archive) as connection:
        Lapsing(archive.casework.recorder).apply(connection, [entry])
    follow(archive, ["measures"])


@pytest.mark.parametrize(
    ("since", "until"),
    [
        ("2026-03-15T12:00:00+01:00", "2026-03-30T00:00:00+02:00"),
        ("2026-10-11T12:00:00+02:00", "2026-10-26T00:00:00+01:00"),
        ("2024-02-15T12:00:00+01:00", "2024-03-01T00:00:00+01:00"),
        ("2025-02-15T12:00:00+01:00", "2025-03-02T00:00:00+01:00"),
    ],
    ids=["the clock goes forward", "the clock goes back", "29 February", "no 29 February"],
)
def test_an_order_lapses_with_its_last_legal_day_and_is_said_once(
    scene: Scene, since: str, until: str
) -> None:
    archive, hit = scene.archive, scene.pair("p", "s")
    confirm(archive, hit)
    order(archive, hit, since)
    follow(archive, ["measures"])
    end = datetime.fromisoformat(until)

    lapse(archive, end - SECOND)
    assert not [e for e in scene.stream(ids.sequel_of(hit)) if isinstance(e, TermLapsed)]

    lapse(archive, end)
    lapse(archive, end + timedelta(days=400))
    (lapsed,) = [e for e in scene.stream(ids.sequel_of(hit)) if isinstance(e, TermLapsed)]
    assert (lapsed.of, datetime.fromisoformat(lapsed.until)) == ("order", end)


def test_what_was_released_before_does_not_lapse_and_a_rebuild_says_nothing_anew(
    scene: Scene,
) -> None:
    archive, hit = scene.archive, scene.pair("p", "s")
    confirm(archive, hit)
    order(archive, hit, "2026-03-15T12:00:00+01:00")
    follow(archive, ["measures"])
    # The read model does not know of it yet, and the events do.
    act(archive, hit, lambda s, by: s.release(hit.hex, by), "order")
    lapse(archive, datetime(2027, 1, 1, tzinfo=UTC))

    told = [type(each) for each in scene.stream(ids.sequel_of(hit))]
    assert told == [sequel.SignalAnswered, sequel.OrderIssued, sequel.OrderReleased]
    follow(archive)
    before = digests(archive)
    rebuilt(archive)
    assert digests(archive) == before
    assert before["measures"][0] == 2


def test_why_it_was_done_ends_with_each_part_and_not_while_the_good_is_seized(
    scene: Scene,
) -> None:
    archive, hit = scene.archive, scene.pair("p", "s")
    stream = ids.sequel_of(hit)
    signal, ordered, seized = (ids.measure_id(stream, version) for version in (1, 2, 3))
    confirm(archive, hit)
    order(archive, hit, "2026-03-15T12:00:00+01:00")
    now = datetime.now(UTC)
    act(archive, hit, lambda s, by: s.seize(hit.hex, "brigadier", now, "KVI-1", None, by))
    follow(archive)
    assert keys(archive, signal, ordered, seized) == {signal, ordered, seized}

    run(archive, over())
    assert keys(archive, signal, ordered, seized) == {seized}

    act(archive, hit, lambda s, by: s.give_back(hit.hex, "to_holder", None, by), "seizure")
    follow(archive)
    run(archive, over())
    assert keys(archive, seized) == set()
    follow(archive)
    stores = {each.store for each in archive.register.acknowledgements(ids.keeping_of(seized))}
    assert stores == {"vault", "casework", "measures"}


# A found good is not sold on while a hit on it stands.


def found(scene: Scene, **changes: Any) -> Scene:
    return scene.given(
        bought("p", FRAME, mode="found", seller=None, payment=None),
        stolen("s", FRAME, **changes),
    )


def sold(scene: Scene, key: str = "sale", *, is_told: bool = True) -> list[str]:
    sale = scene.own(a_sale(key=key, purchase="p"))
    (receipt,) = scene.archive.register.take_in([(1, sale)], actor=ACTOR, is_told=is_told)
    return [receipt.status, *(f"{each.code} {each.message} {each.cure}" for each in receipt.errors)]


def test_a_found_bicycle_with_a_hit_is_not_sold_on_and_why_is_told(archive: Archive) -> None:
    status, why = sold(found(Scene(archive, "s")))

    assert status == "rejected"
    assert why.startswith("kept Line 1 is a found good that stays where it is")
    assert "reported stolen" in why
    assert "politie" in why


def test_of_a_report_that_is_withheld_no_more_is_told_than_that_there_is_one(
    archive: Archive,
) -> None:
    status, why = sold(found(Scene(archive, "s"), handling="confidential"))

    assert status == "rejected"
    assert "stolen" not in why


def test_a_report_that_is_closed_keeps_nothing_and_tells_nothing(archive: Archive) -> None:
    assert sold(found(Scene(archive, "s"), handling="closed")) == ["accepted"]


def test_who_may_not_be_told_sells_it_as_if_there_was_none(archive: Archive) -> None:
    assert sold(found(Scene(archive, "s")), is_told=False) == ["accepted"]


def test_what_a_dealer_bought_is_sold_as_before(scene: Scene) -> None:
    assert sold(scene) == ["accepted"]


def test_a_sale_from_before_the_hit_is_repeated_as_it_was(archive: Archive) -> None:
    scene = Scene(archive, "s").given(bought("p", FRAME, mode="found", seller=None, payment=None))
    assert sold(scene) == ["accepted"]
    scene.given(stolen("s", FRAME))

    assert sold(scene) == ["duplicate"]
    assert sold(scene, "another")[0] == "rejected"


def test_when_the_hit_falls_it_may_be_sold_on_and_when_it_stands_again_not(
    archive: Archive,
) -> None:
    scene = found(Scene(archive, "s"))
    hit = scene.pair("p", "s")
    archive.casework.decide(hit, lambda h: h.reject("other_good"), actor="user:x", ground="wpg:8")
    assert sold(scene, "one") == ["accepted"]
    archive.casework.decide(hit, Hit.assess, actor="user:x", ground="wpg:8")
    assert sold(scene, "two")[0] == "rejected"
    confirm(archive, hit, "other_good")
    assert sold(scene, "three") == ["accepted"]
    confirm(archive, hit)
    assert sold(scene, "four")[0] == "rejected"
    scene.given(stolen("s", FRAME, status="withdrawn", withdrawn_reason="mistaken"))
    assert sold(scene, "five") == ["accepted"]


def test_another_line_of_the_same_purchase_is_sold_on(archive: Archive) -> None:
    lines = [line(FRAME), line(("frame", "WW0000001"), line=2)]
    goods = bought("p", lines=lines, mode="found", seller=None, payment=None)
    scene = Scene(archive, "s").given(goods, stolen("s", FRAME))

    for number, status in (1, "rejected"), (2, "accepted"):
        sale = scene.own(a_sale(key=f"x{number}", purchase="p", line=number))
        (receipt,) = archive.register.take_in([(1, sale)], actor=ACTOR)
        assert receipt.status == status
