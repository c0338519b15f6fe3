from uuid import UUID

import pytest

from herkomst.domain.casework import hit
from herkomst.domain.events import Event
from herkomst.record.application import envelope, pending, this_moment
from herkomst.record.archive import Archive
from herkomst.record.casework import CUSTODY, UnknownHit
from tests.domain.examples import EXAMPLES
from tests.record.holding import assert_holds, stored, topics

HIT = UUID(int=7)
FOUND = next(example for example in EXAMPLES if isinstance(example, hit.Found))


@pytest.fixture
def with_hit(archive: Archive) -> Archive:
    sealed = envelope("process:matching", CUSTODY, this_moment(), 1)
    with archive.database.transaction() as cursor:
        archive.casework.recorder.append(cursor, [pending(Event(HIT, FOUND, sealed))])
    return archive


def test_given_a_hit_when_a_person_decides_then_who_and_on_what_ground_is_recorded(
    with_hit: Archive,
) -> None:
    decide = with_hit.casework.decide

    assert decide(HIT, hit.Hit.assess, actor="user:tester", ground="wpg:8") == 2
    assert decide(HIT, hit.Hit.confirm, actor="user:tester", ground="wpg:9") == 3
    assert decide(HIT, lambda h: h.reject("other_good"), actor="user:tester", ground="wpg:9") == 4

    assert topics(with_hit, "casework")[1:] == [
        "casework.hit.assessed",
        "casework.hit.confirmed",
        "casework.hit.rejected",
    ]
    assert b'"actor":"user:tester"' in stored(with_hit, "casework")[-1].state
    assert b'"ground":"wpg:9"' in stored(with_hit, "casework")[-1].state
    assert_holds(with_hit, "casework")


def test_given_a_closed_hit_when_a_person_decides_then_it_is_refused_and_nothing_is_added(
    with_hit: Archive,
) -> None:
    with_hit.casework.decide(
        HIT, lambda _: hit.Closed(reason="withdrawn"), actor="process:matching", ground="wpg:8"
    )

    with pytest.raises(hit.HitClosed):
        with_hit.casework.decide(HIT, hit.Hit.confirm, actor="user:tester", ground="wpg:8")

    assert len(stored(with_hit, "casework")) == 2


def test_given_no_hit_when_a_person_decides_then_it_is_named(archive: Archive) -> None:
    with pytest.raises(UnknownHit, match=str(HIT)) as raised:
        archive.casework.decide(HIT, hit.Hit.assess, actor="user:tester", ground="wpg:8")

    assert raised.value.code == "unknown_hit"
