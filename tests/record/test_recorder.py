from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from threading import Thread

import psycopg
import pytest
from eventsourcing.persistence import IntegrityError, Notification, OperationalError
from psycopg import Cursor, Rollback

from herkomst.domain.events import UnknownTopic, known_events
from herkomst.domain.journal import Concluded
from herkomst.record.application import pending
from herkomst.record.archive import Archive
from herkomst.record.database import Row, connect
from herkomst.record.recorder import COPY_THRESHOLD, Appended, Pending
from tests.archives import ACTOR, a_purchase
from tests.record.holding import SEQUENCES, assert_holds, stored, topics
from tests.record.placing import concluded, new_stream, of_size, placed

MEBIBYTE = 1024 * 1024


def append(archive: Archive, *events: Pending, sequence: str = "register") -> Appended:
    """Append in a transaction of its own."""
    application = {"register": archive.register, "casework": archive.casework}.get(
        sequence, archive.journal
    )
    with application.database.transaction() as cursor:
        return application.recorder.append(cursor, events)


def within(seconds: float, work: Callable[[], int]) -> int:
    """What the work gives, in time. A client that hangs is ended by no time-out of the server."""
    result: Future[int] = Future()
    Thread(target=lambda: result.set_result(work()), daemon=True).start()
    return result.result(timeout=seconds)


# Places.


@pytest.mark.parametrize("size", [1, COPY_THRESHOLD - 1, COPY_THRESHOLD, 3 * COPY_THRESHOLD])
def test_given_any_number_of_events_when_appended_then_positions_and_versions_are_dense(
    archive: Archive, size: int
) -> None:
    one, other = new_stream(), new_stream()
    events = [pending(concluded(str(n), one if n % 2 else other)) for n in range(size)]

    first = append(archive, *events)
    second = append(archive, *events)

    assert (first.first, first.last) == (1, size)
    assert (second.first, second.last) == (size + 1, 2 * size)
    rows = assert_holds(archive)
    assert tuple(row.version for row in rows) == first.versions + second.versions
    assert {row.recorded_at for row in rows} == {first.recorded_at, second.recorded_at}


def test_given_an_append_that_is_rolled_back_when_another_follows_then_no_number_was_burnt(
    archive: Archive,
) -> None:
    stream = new_stream()
    append(archive, pending(concluded("first", stream)))
    with archive.database.transaction() as cursor:
        rolled_back = archive.register.recorder.append(cursor, [pending(concluded("no", stream))])
        raise Rollback

    appended = append(archive, pending(concluded("second", stream)))

    assert appended == rolled_back._replace(recorded_at=appended.recorded_at)
    assert [row.version for row in assert_holds(archive)] == [1, 2]


def test_given_two_appends_in_one_transaction_when_committed_then_they_stand_in_order(
    archive: Archive,
) -> None:
    stream = new_stream()
    with archive.database.transaction() as cursor:
        archive.register.recorder.append(cursor, [pending(concluded("first", stream))])
        archive.casework.recorder.append(cursor, [pending(concluded("aside", stream))])
        archive.register.recorder.append(cursor, [pending(concluded("second", stream))])

    assert [row.version for row in assert_holds(archive)] == [1, 2]
    assert [row.version for row in assert_holds(archive, "casework")] == [1]


def test_given_a_version_that_is_taken_when_appended_then_it_is_refused_and_nothing_stays(
    archive: Archive,
) -> None:
    stream = new_stream()
    append(archive, pending(concluded("first", stream)))

    for many in (1, COPY_THRESHOLD):
        others = [pending(concluded()) for _ in range(many)]
        with pytest.raises(IntegrityError):
            append(archive, *others, pending(concluded("again", stream), version=1))

    assert len(assert_holds(archive)) == 1


def test_given_a_clock_that_was_ahead_when_it_is_set_back_then_recorded_at_does_not_go_back(
    archive: Archive,
) -> None:
    ahead = datetime.now(UTC) + timedelta(days=400)
    with connect(archive.urls.app, "clock ahead") as connection:
        connection.execute(
            "INSERT INTO record.register_events VALUES (%s, 1, 'x', '', 1, %s)",
            (new_stream(), ahead),
        )

    first = append(archive, pending(concluded()))
    second = append(archive, *[pending(concluded()) for _ in range(COPY_THRESHOLD)])

    assert first.recorded_at == second.recorded_at == ahead
    assert {row.recorded_at for row in stored(archive)} == {ahead}
    assert append(archive, pending(concluded()), sequence="casework").recorded_at < ahead


# What the library's store sees.


def test_given_events_when_put_then_the_library_reads_them_back(archive: Archive) -> None:
    stream, many = new_stream(), COPY_THRESHOLD + 1
    events = [placed(n, stream, Concluded(outcome=str(n))) for n in range(1, many + 1)]

    assert archive.register.put([]) == 0
    assert archive.register.put(events) == many

    assert list(archive.register.events.get(stream)) == events
    assert archive.register.history(stream) == [event.data for event in events]
    newest = archive.register.events.get(stream, gt=3, lte=5, desc=True, limit=1)
    assert [event.originator_version for event in newest] == [5]
    assert archive.register.history(new_stream()) == []
    assert_holds(archive)


def test_given_two_that_decide_on_the_same_version_when_both_put_then_the_second_is_told(
    archive: Archive,
) -> None:
    stream = new_stream()
    archive.register.put([placed(1, stream)])

    with pytest.raises(IntegrityError):
        archive.register.put([placed(1, stream)])

    assert archive.register.put([placed(2, stream)]) == 2


def test_given_a_hundred_events_when_the_library_selects_notifications_then_bounds_hold(
    archive: Archive,
) -> None:
    recorder = archive.register.recorder
    assert recorder.max_notification_id() is None
    append(archive, *[pending(concluded()) for _ in range(10)])

    def positions(found: list[Notification]) -> list[int | str]:
        return [notification.id for notification in found]

    assert recorder.max_notification_id() == 10
    select = recorder.select_notifications
    assert positions(list(select(1, 3))) == [1, 2, 3]
    assert positions(list(select(None, 2))) == [1, 2]
    assert positions(list(select(8, 10, inclusive_of_start=False))) == [9, 10]
    assert positions(list(select(2, 10, stop=4))) == [2, 3, 4]
    assert positions(list(select(1, 10, topics=["none.such"]))) == []
    assert len(list(select(1, 10, topics=["journal.concluded"]))) == 10
    section = archive.register.notification_log["4,6"]
    assert positions(list(section.items)) == [4, 5, 6]


def test_given_a_subscription_of_the_library_when_events_come_then_it_is_woken(
    archive: Archive,
) -> None:
    append(archive, pending(concluded("before")))
    with archive.register.recorder.subscribe(gt=0) as subscription:
        assert next(subscription).id == 1

        append(archive, pending(concluded("after")))

        assert next(subscription).id == 2


def test_given_five_megabytes_when_put_over_a_socket_then_they_are_there_within_ten_seconds(
    archive: Archive,
) -> None:
    assert "host=%2F" in archive.urls.app  # A Unix socket, where the library hangs.
    events = [of_size(1024, new_stream()) for _ in range(5 * 1024)]

    assert within(10, lambda: archive.register.put(events)) == 5 * 1024

    assert sum(len(row.state) for row in assert_holds(archive)) > 5 * MEBIBYTE


@pytest.mark.parametrize("many", [1, COPY_THRESHOLD - 1])
def test_given_few_huge_events_when_put_then_they_are_there_too(
    archive: Archive, many: int
) -> None:
    events = [of_size(5 * MEBIBYTE // many, new_stream()) for _ in range(many)]

    assert within(10, lambda: archive.register.put(events)) == many

    assert_holds(archive)


def test_given_a_lost_connection_when_put_then_the_library_is_told_in_its_own_words(
    archive: Archive,
) -> None:
    with archive.database.transaction() as holder:
        archive.register.recorder.lock(holder)
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(archive.register.put, [placed(1, new_stream())])
            with connect(archive.urls.app, "killer") as killer:
                ended = False
                while not ended:
                    ended = bool(
                        killer.execute(
                            "SELECT pg_terminate_backend(pid) FROM pg_locks "
                            "WHERE locktype = 'advisory' AND NOT granted"
                        ).fetchall()
                    )
            with pytest.raises(OperationalError):
                waiting.result(timeout=60)

    assert stored(archive) == []


# Beside others.


def test_given_three_applications_in_one_schema_when_they_append_in_turn_then_nothing_mixes(
    archive: Archive,
) -> None:
    stream = new_stream()
    for n in range(3):
        for sequence in SEQUENCES:
            append(archive, pending(concluded(f"{sequence} {n}", stream)), sequence=sequence)

    for application in (archive.register, archive.casework, archive.journal):
        assert_holds(archive, application.sequence)
        assert application.history(stream) == [
            Concluded(outcome=f"{application.sequence} {n}") for n in range(3)
        ]
        assert application.recorder.max_notification_id() == 3


def test_given_a_writer_of_one_sequence_when_another_appends_to_another_then_it_does_not_wait(
    archive: Archive,
) -> None:
    with archive.database.transaction() as cursor:
        archive.register.recorder.lock(cursor)

        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(append, archive, pending(concluded()), sequence="casework")
            assert waiting.result(timeout=60).first == 1


def test_every_way_to_append_takes_the_lock_of_the_writers_and_takes_it_once(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = archive.register.recorder
    taken = list[None]()

    def counted(lock: Callable[[Cursor[Row]], None], cursor: Cursor[Row]) -> None:
        taken.append(None)
        lock(cursor)

    for name in ("lock", "begin_locked"):
        monkeypatch.setattr(recorder, name, partial(counted, getattr(recorder, name)))
    ways: list[Callable[[], object]] = [
        lambda: archive.register.take_in([(1, a_purchase())], actor=ACTOR),
        lambda: archive.register.put([placed(1, new_stream())]),
        lambda: append(archive, pending(concluded())),
    ]
    for number, way in enumerate(ways, 1):
        way()
        assert len(taken) == number
    assert_holds(archive)


def test_given_an_index_that_is_built_concurrently_when_events_come_then_appends_go_on(
    archive: Archive,
) -> None:
    assert archive.urls.admin is not None
    archive.register.take_in([(1, a_purchase())], actor=ACTOR)
    before = len(stored(archive))
    build = "CREATE INDEX CONCURRENTLY by_topic ON record.register_events (topic)"
    with (
        connect(archive.urls.app, "old snapshot") as old,
        connect(archive.urls.admin, "index") as owner,
        connect(archive.urls.admin, "watcher") as watcher,
        ThreadPoolExecutor(2) as pool,
    ):
        old.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        old.execute("SELECT count(*) FROM record.register_events")
        building = pool.submit(owner.execute, build)
        # The build waits for the old snapshot, holding its lock on the table all the while.
        while not watcher.execute(
            "SELECT FROM pg_stat_progress_create_index WHERE phase LIKE 'waiting for old%'"
        ).fetchall():
            assert not building.done()

        taken = pool.submit(archive.register.take_in, [(1, a_purchase(key="p2"))], actor=ACTOR)
        assert taken.result(timeout=60)[0].status == "accepted"
        assert not building.done()

        old.execute("ROLLBACK")
        building.result(timeout=30)

    assert len(assert_holds(archive)) == before + 3
    assert topics(archive)[-1] == "dor.book.entered"


def test_given_appends_when_one_listens_then_each_sequence_hints_on_its_own_channel(
    archive: Archive,
) -> None:
    with connect(archive.urls.app, "listening") as connection:
        for sequence in SEQUENCES:
            connection.execute(f"LISTEN herkomst_{sequence}".encode())
        with archive.database.transaction() as cursor:
            archive.register.recorder.append(cursor, [pending(concluded())])
            raise Rollback
        append(archive, pending(concluded()), sequence="casework")
        append(archive, pending(concluded()))

        heard = [notify.channel for notify in connection.notifies(timeout=60, stop_after=2)]

    assert heard == ["herkomst_casework", "herkomst_register"]


def test_given_a_reader_on_a_table_without_statistics_when_it_reads_behind_then_it_does_not_sort(
    archive: Archive,
) -> None:
    append(archive, *[of_size_pending() for _ in range(2000)])
    reader = archive.register.recorder.reader
    with connect(archive.urls.app, "reading") as connection:
        connection.execute("SET client_min_messages = error")
        plan = connection.execute(
            b"EXPLAIN " + reader._sql.range.as_bytes(connection), (100, 200)
        ).fetchall()
        positions = [event.position for event in reader.after(connection, 100, 100)]

    assert positions == list(range(101, 201))
    assert "Seq Scan" not in str(plan)


def of_size_pending() -> Pending:
    return pending(concluded("x" * 500))


def test_given_a_hole_wider_than_a_batch_when_read_behind_then_what_follows_is_found(
    archive: Archive,
) -> None:
    state = pending(concluded()).state
    with connect(archive.urls.app, "hole") as connection:
        connection.execute(
            "INSERT INTO record.register_events VALUES (%s, 1, 'journal.concluded', %s, 5000, "
            "now())",
            (new_stream(), state),
        )
        found = archive.register.recorder.reader.after(connection, 0, 10)

    assert [event.position for event in found] == [5000]


def test_given_topics_that_nobody_wants_when_read_in_batches_then_only_their_places_are_told(
    archive: Archive,
) -> None:
    append(archive, *[pending(concluded(str(n))) for n in range(3)])
    reader = archive.register.recorder.reader
    with connect(archive.urls.app, "reading") as connection:
        wanted = reader.batch(connection, 1, 5, ["dor.book.entered"])
        unwanted = reader.batch(connection, 0, 2, ["journal.concluded"])
        nothing = reader.batch(connection, 3, 5, [])

    assert ([event.position for event in wanted.facts], wanted.end) == ([2, 3], 3)
    assert (unwanted.facts, unwanted.end) == ([], 2)
    assert (nothing.facts, nothing.end) == ([], 3)


def test_given_a_topic_that_nobody_knows_when_read_then_it_is_refused_whatever_is_wanted(
    archive: Archive,
) -> None:
    event = pending(concluded())
    append(archive, event, event._replace(topic=b"dor.purchase.teleported"))
    reader = archive.register.recorder.reader
    with connect(archive.urls.app, "reading") as connection:
        assert reader.batch(connection, 0, 1, known_events()).end == 1
        for read in (
            lambda: reader.after(connection, 0, 5),
            lambda: reader.batch(connection, 0, 5, known_events()),
            lambda: reader.within(connection, 0, 2, known_events()),
        ):
            with pytest.raises(UnknownTopic, match="teleported"):
                read()


def test_the_library_makes_no_table_and_takes_no_snapshot(archive: Archive) -> None:
    with psycopg.connect(archive.urls.app) as connection:
        rows = connection.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname IN ('record', 'public') ORDER BY 1"
        ).fetchall()

    assert [name for (name,) in rows] == [
        "appends",
        "casework_events",
        "journal_events",
        "migrations",
        "register_events",
    ]
    assert archive.register.snapshots is None
