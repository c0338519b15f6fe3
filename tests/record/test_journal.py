import asyncio

import pytest
from eventsourcing.persistence import IntegrityError

from herkomst.record.archive import Archive
from herkomst.record.database import connect
from tests.record.holding import assert_holds
from tests.record.placing import an_entry


def test_given_entries_at_once_when_committed_then_they_share_an_append_and_none_is_lost(
    archive: Archive,
) -> None:
    async def write_many() -> list[int]:
        entries = [archive.journal.open_entry() for _ in range(50)]
        commits = [archive.journal.commit(an_entry(e.stream), e.row) for e in entries]
        return await asyncio.gather(*commits)

    positions = asyncio.run(write_many())

    assert set(positions) == {50}
    assert len(assert_holds(archive, "journal")) == 50
    with connect(archive.urls.app, "counting") as connection:
        appends = connection.execute("SELECT count(*) FROM record.appends").fetchone()
        keys = connection.execute("SELECT count(*) FROM vault.keys").fetchone()
    assert (appends, keys) == ((1,), (50,))


def test_given_an_attempt_when_it_is_concluded_then_both_stand_on_one_stream(
    archive: Archive,
) -> None:
    async def write_both() -> tuple[int, int]:
        entry = archive.journal.open_entry()
        first = await archive.journal.commit(an_entry(entry.stream, "tried"), entry.row)
        return first, await archive.journal.commit(an_entry(entry.stream, "done"), None)

    assert asyncio.run(write_both()) == (1, 2)

    rows = assert_holds(archive, "journal")
    assert [row.version for row in rows] == [1, 2]
    assert len({row.stream for row in rows}) == 1
    assert b'"regime":"wpg:32a"' in rows[0].state


def test_given_an_entry_that_cannot_be_written_when_committed_then_who_waits_is_told(
    archive: Archive,
) -> None:
    async def write_twice() -> tuple[object, ...]:
        entry = archive.journal.open_entry()
        twice = [archive.journal.commit(an_entry(entry.stream), entry.row) for _ in range(2)]
        failed = await asyncio.gather(*twice, return_exceptions=True)
        other = archive.journal.open_entry()
        return (*failed, await archive.journal.commit(an_entry(other.stream), other.row))

    first, second, later = asyncio.run(write_twice())

    assert isinstance(first, IntegrityError)
    assert isinstance(second, IntegrityError)
    assert later == 1
    assert_holds(archive, "journal")


def test_given_one_that_stops_waiting_when_committed_then_the_others_are_answered(
    archive: Archive,
) -> None:
    async def give_up() -> int:
        one, other = archive.journal.open_entry(), archive.journal.open_entry()
        waiting = asyncio.create_task(archive.journal.commit(an_entry(one.stream), one.row))
        staying = asyncio.create_task(archive.journal.commit(an_entry(other.stream), other.row))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        return await staying

    assert asyncio.run(give_up()) == 2
    assert len(assert_holds(archive, "journal")) == 2
