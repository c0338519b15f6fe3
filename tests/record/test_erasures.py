"""The list of erasures: what a restore needs is never lost from it, and what none needs goes."""

from collections.abc import Sequence, Set
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from herkomst.domain import ids
from herkomst.record.archive import Archive
from herkomst.record.erasures import Erased, ErasureListBroken, Erasures, compact, replay
from tests.archives import ACTOR, TILL, a_dealer, a_purchase
from tests.projections.following import follow, rows, take_in

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
KEPT = timedelta(days=10)
LONG_AGO = NOW - timedelta(days=11)


def an_erasure(number: int, at: datetime = NOW, key: str | None = None) -> Erased:
    person = ids.presentation_id(ids.purchase_id(TILL, key or f"{number}")).hex
    return Erased(f"{number:032x}", (person,), "avg:17", at.isoformat(timespec="seconds"))


@pytest.fixture
def listed(tmp_path: Path) -> Erasures:
    return Erasures(tmp_path / "erasures.ndjson", KEPT)


def all_told(erased: Sequence[Erased]) -> Set[str]:
    return {one.erasure for one in erased}


# What must never be lost


def test_given_a_line_that_a_backup_does_not_know_then_it_stays(listed: Erasures) -> None:
    listed.add([an_erasure(1, NOW - KEPT + timedelta(seconds=1))])

    assert listed.compact(NOW, all_told) == 0
    assert (len(listed.all()), listed.since()) == (1, None)


def test_given_a_line_that_the_record_does_not_tell_of_then_it_stays(
    archive: Archive, listed: Erasures
) -> None:
    """The database was restored to before that purchase, which was not sent again."""
    listed.add([an_erasure(1, LONG_AGO, "nobody")])

    assert compact(archive.register, listed) == 0
    assert len(listed.all()) == 1


def test_given_one_of_two_that_the_record_does_not_tell_of_then_their_line_stays(
    archive: Archive, listed: Erasures
) -> None:
    take_in(archive, a_dealer(), a_purchase(key="one"))
    archive.register.order_erasure(f"seller:{TILL}:one", ground="avg:17", actor=ACTOR)
    one, two = an_erasure(1, LONG_AGO, "one"), an_erasure(2, LONG_AGO, "two")
    both = Erased(one.erasure, (*one.identities, *two.identities), "avg:5", one.ordered_at)
    listed.add([both])

    assert compact(archive.register, listed) == 0


def test_given_a_line_that_was_cut_off_then_those_before_are_read_and_the_next_is_whole(
    listed: Erasures,
) -> None:
    listed.add([an_erasure(1)])
    with listed.path.open("ab") as file:
        file.write(b'{"erasure":"00')

    assert listed.all() == [an_erasure(1)]
    Erasures(listed.path).add([an_erasure(2)])
    assert listed.all() == [an_erasure(1), an_erasure(2)]


def test_given_a_last_line_without_an_end_that_can_be_read_then_it_counts(
    listed: Erasures,
) -> None:
    listed.add([an_erasure(1)])
    listed.path.write_bytes(listed.path.read_bytes().rstrip())

    assert listed.all() == [an_erasure(1)]
    listed.add([an_erasure(2)])
    assert listed.all() == [an_erasure(1), an_erasure(2)]


def test_given_what_another_process_listed_meanwhile_then_it_is_there_once(
    listed: Erasures,
) -> None:
    listed.add([an_erasure(1)])
    Erasures(listed.path).add([an_erasure(2)])
    listed.add([an_erasure(2), an_erasure(3)])

    assert listed.all() == [an_erasure(1), an_erasure(2), an_erasure(3)]
    assert len(listed.path.read_bytes().splitlines()) == 3


# What goes


def test_given_what_is_older_than_backups_then_it_goes_and_the_list_says_since_when_it_is_whole(
    listed: Erasures,
) -> None:
    listed.add([an_erasure(1, LONG_AGO), an_erasure(2)])

    assert listed.compact(NOW, all_told) == 1
    assert listed.all() == [an_erasure(2)]
    assert listed.since() == LONG_AGO + timedelta(seconds=1)
    listed.add([an_erasure(3)])
    assert listed.since() == LONG_AGO + timedelta(seconds=1)
    assert listed.compact(NOW, all_told) == 0


def test_given_two_lists_laid_into_one_file_then_it_is_whole_since_the_later(
    listed: Erasures, tmp_path: Path
) -> None:
    other = Erasures(tmp_path / "other.ndjson", KEPT)
    for each, at in ((listed, LONG_AGO), (other, LONG_AGO - timedelta(1))):
        each.add([an_erasure(1, at), an_erasure(2)])
        each.compact(NOW, all_told)
    with listed.path.open("ab") as file:
        file.write(other.path.read_bytes())

    assert listed.since() == LONG_AGO + timedelta(seconds=1)
    assert listed.all() == [an_erasure(2)]


def test_given_what_the_record_tells_of_then_it_goes_and_the_rest_is_still_replayed(
    archive: Archive, listed: Erasures
) -> None:
    take_in(archive, a_dealer(), a_purchase(key="gone"), a_purchase(key="back"))
    archive.register.order_erasure(f"seller:{TILL}:gone", ground="avg:17", actor=ACTOR)
    listed.add([an_erasure(1, LONG_AGO, "gone"), an_erasure(2, LONG_AGO, "back")])

    assert compact(archive.register, listed) == 1
    assert replay(archive.register, listed.all()) == 1
    follow(archive)

    assert {row["state"] for row in rows(archive, "presentations")} == {"erased"}


def test_given_a_first_line_that_is_no_moment_then_it_is_named(listed: Erasures) -> None:
    listed.path.write_text('{"since":"ooit"}\n')

    with pytest.raises(ErasureListBroken, match="Line 1"):
        listed.all()
