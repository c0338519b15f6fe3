"""The wrapping key is rotated while records come in and are read."""

import os
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event as Flag
from threading import Thread
from time import monotonic
from uuid import UUID

import msgspec
import pytest
from psycopg import Connection

from herkomst.record import rotation
from herkomst.record.archive import Archive
from herkomst.record.database import Row, connect
from herkomst.record.keyring import Keyring, KeyringError
from herkomst.record.postgres import EmbeddedPostgres
from herkomst.record.rotation import RotationRefused
from herkomst.record.vault import KeyRow, SealBroken, Vault, destroy
from herkomst.record.verification import verify
from tests.archives import ACTOR, TILL, a_purchase, make_archive, opened
from tests.projections.following import digests, follow, take_in
from tests.record.holding import database_of

KILLED = """
import os, signal, sys
from pathlib import Path
from herkomst.record import rotation
from herkomst.record.database import connect
from herkomst.record.keyring import Keyring

def die(done, total):
    os.kill(os.getpid(), signal.SIGKILL)

with connect(sys.argv[1], "rotate") as connection:
    rotation.rotate([connection], Keyring.open(Path(sys.argv[2])), batch=7, progress=die)
"""


@pytest.fixture
def kept(server: EmbeddedPostgres, tmp_path: Path) -> Iterator[Archive]:
    """An archive with some purchases, whose keys lie in a file that outlives what opened it."""
    with make_archive(server, kek_file=tmp_path / "kek.json") as archive:
        take_in(archive, *[a_purchase(key=f"p{n}") for n in range(40)])
        follow(archive)
        yield archive


def rotated(archive: Archive, batch: int = rotation.BATCH) -> rotation.Rotated:
    """Rotate as the command does: in another process, as far as the keys are concerned."""
    with connected(archive) as connection:
        return rotation.rotate([connection], elsewhere(archive), batch=batch)


def elsewhere(archive: Archive) -> Keyring:
    return Keyring.open(archive.keyring.path)


@contextmanager
def connected(archive: Archive) -> Iterator[Connection[Row]]:
    with connect(archive.urls.app, "test") as connection:
        yield connection


def under(archive: Archive) -> dict[int, int]:
    with connected(archive) as connection:
        return rotation.in_use(connection)


def settle(archive: Archive) -> None:
    """Let the last change of the key file be an hour old."""
    found = archive.keyring.path.stat()
    os.utime(archive.keyring.path, (found.st_atime - 3600, found.st_mtime - 3600))


def until(happened: Callable[[], bool]) -> None:
    """Wait for other threads, a minute at most."""
    ends = monotonic() + 60
    while not happened():
        assert monotonic() < ends


def readable(archive: Archive) -> int:
    """How many data keys open."""
    with connected(archive) as connection:
        rows = connection.execute("SELECT key_id, wrapped, kek FROM vault.keys").fetchall()
    return len([archive.register.vault.unwrap(KeyRow(*row)) for row in rows])


# While others read and write


def test_given_who_writes_and_who_reads_when_rotated_then_neither_fails_and_all_is_under_one_key(
    kept: Archive, server: EmbeddedPostgres
) -> None:
    # Given a process that writes and another that reads, both with the keys of before
    stop, failed, written = Flag(), list[BaseException](), list[str]()
    before = {name: digest for name, digest in digests(kept).items() if name == "dealers"}

    def write(archive: Archive) -> None:
        while not stop.is_set():
            key = f"meanwhile-{len(written)}"
            (receipt,) = archive.register.take_in([(1, a_purchase(key=key))], actor=ACTOR)
            assert receipt.status == "accepted"
            written.append(key)

    def read(archive: Archive) -> None:
        while not stop.is_set():
            assert readable(archive) >= 40

    def run(work: Callable[[Archive], None]) -> None:
        try:
            with opened(server, database_of(kept), elsewhere(kept)) as archive:
                work(archive)
        except BaseException as error:
            failed.append(error)

    threads = [Thread(target=run, args=(work,)) for work in (write, read)]
    for thread in threads:
        thread.start()
    until(lambda: bool(written or failed))

    # When the key is rotated
    told = rotated(kept, batch=9)
    during = len(written)
    until(lambda: bool(len(written) >= during + 3 or failed))
    stop.set()
    for thread in threads:
        thread.join()

    # Then nobody failed, and everything lies under the new key
    assert failed == []
    assert (told.current, told.added) == (2, True)
    assert told.rewrapped >= 40
    assert under(kept) == {2: 40 + len(written)}
    # and nothing that was sealed changed
    follow(kept)
    assert list(verify(kept)) == []
    assert before.items() <= digests(kept).items()
    (receipt,) = kept.register.take_in([(1, a_purchase(key="p1"))], actor=ACTOR)
    assert receipt.status == "duplicate"


def test_given_who_has_the_keys_of_before_when_he_meets_a_new_one_then_he_reads_the_file_again(
    kept: Archive,
) -> None:
    assert kept.keyring.current == 1
    rotated(kept)

    assert readable(kept) == 40
    assert kept.keyring.current == 2


def test_given_a_host_without_the_new_key_when_it_meets_it_then_it_says_which_is_missing_where(
    kept: Archive,
) -> None:
    old = kept.keyring.path.read_bytes()
    rotated(kept)
    kept.keyring.path.write_bytes(old)

    with pytest.raises(SealBroken, match=r"wrapping key 2 is not in .*kek\.json"):
        readable(kept)


def test_given_a_file_with_other_keys_when_it_is_read_again_then_it_is_refused(
    kept: Archive, tmp_path: Path
) -> None:
    other = Keyring.create(tmp_path / "other.json")
    other.path.rename(kept.keyring.path)

    with pytest.raises(KeyringError) as raised:
        kept.keyring.learn()

    assert raised.value.code == "keyring_replaced"


def test_given_a_file_that_is_gone_when_something_is_sealed_then_the_keys_in_memory_serve(
    kept: Archive, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    kept.keyring.path.unlink()
    monkeypatch.setattr(kept.keyring, "_look_at", 0.0)

    assert kept.keyring.newest() == 1
    assert "cannot be read again" in caplog.text


def test_given_an_erased_seller_when_rotated_then_the_key_stays_destroyed(kept: Archive) -> None:
    kept.register.order_erasure(f"seller:{TILL}:p1", ground="avg:17", actor=ACTOR)

    assert rotated(kept).rewrapped == 39
    assert under(kept) == {2: 39}


def test_given_an_erasure_under_way_when_rotated_then_it_waits_for_the_rest_and_not_for_it(
    kept: Archive,
) -> None:
    with connected(kept) as erasing, connected(kept) as looking:
        (row,) = looking.execute("SELECT key_id FROM vault.keys LIMIT 1").fetchall()
        with erasing.transaction(), erasing.cursor() as cursor:
            destroy(cursor, [row[0]])
            keyring = elsewhere(kept)
            keyring.add()
            first = rotation._rewrap(looking, Vault(keyring), 2, rotation._FIRST, 100)

    assert len(first) == 39


# Cut off


def test_given_a_rotation_that_was_killed_when_rotated_again_then_it_goes_on_and_adds_no_key(
    kept: Archive,
) -> None:
    path = str(kept.keyring.path)
    ended = subprocess.run([sys.executable, "-c", KILLED, kept.urls.app, path], check=False)
    assert ended.returncode == -9
    assert under(kept) == {1: 33, 2: 7}
    assert readable(kept) == 40

    told = rotated(kept)

    assert told == rotation.Rotated(current=2, added=False, rewrapped=33)
    assert under(kept) == {2: 40}


def test_given_a_rotation_under_way_when_another_begins_then_it_is_refused(kept: Archive) -> None:
    with connected(kept) as connection:
        rotation._alone([connection])

        with pytest.raises(RotationRefused) as raised:
            rotated(kept)

    assert raised.value.code == "rotation_running"


def test_given_a_key_that_was_only_added_when_rotated_then_that_one_is_taken(kept: Archive) -> None:
    with connected(kept) as connection:
        assert rotation.add([connection], elsewhere(kept)) == 2
    assert under(kept) == {1: 40}

    assert rotated(kept).current == 2


def test_given_who_never_learns_of_the_key_when_rotated_then_it_says_so_and_ends(
    kept: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rotation, "PASSES", 2)
    monkeypatch.setattr(rotation, "LOOK", 0.0)
    stubborn = elsewhere(kept)
    monkeypatch.setattr(stubborn, "_look_at", float("inf"))

    def write(*_: int) -> None:
        with connected(kept) as connection:
            row = Vault(stubborn).new_key(UUID(int=os.getpid() + len(under(kept))))[1]
            connection.execute(
                "INSERT INTO vault.keys VALUES (%s, %s, %s) ON CONFLICT (key_id) DO UPDATE "
                "SET wrapped = excluded.wrapped, kek = excluded.kek",
                row,
            )

    with connected(kept) as connection, pytest.raises(RotationRefused) as raised:
        rotation.rotate([connection], elsewhere(kept), progress=write)

    assert raised.value.code == "rotation_not_followed"


# Retiring


def test_given_a_key_that_wraps_nothing_when_retired_then_it_lies_beside_the_file(
    kept: Archive,
) -> None:
    first = msgspec.json.decode(kept.keyring.path.read_bytes())["wrapping"]["1"]
    rotated(kept)
    settle(kept)

    with connected(kept) as connection:
        assert rotation.retire([connection], elsewhere(kept)) == [1]

    content = msgspec.json.decode(kept.keyring.path.read_bytes())
    retired = kept.keyring.path.with_name("kek.json.retired")
    assert list(content["wrapping"]) == ["2"]
    assert msgspec.json.decode(retired.read_bytes()) == {"1": first}
    assert stat.S_IMODE(retired.stat().st_mode) == 0o600
    assert stat.S_IMODE(kept.keyring.path.stat().st_mode) == 0o600
    assert readable(kept) == 40


def test_given_a_key_that_still_wraps_when_retired_then_it_stays(kept: Archive) -> None:
    keyring = elsewhere(kept)
    with connected(kept) as connection:
        keyring.add()
        rotation._rewrap(connection, Vault(keyring), 2, rotation._FIRST, 7)
        settle(kept)

        assert rotation.retire([connection], keyring) == []

    assert set(elsewhere(kept).wrapping) == {1, 2}


def test_given_a_key_that_was_just_added_when_retired_then_it_asks_to_wait(kept: Archive) -> None:
    rotated(kept)

    with connected(kept) as connection, pytest.raises(RotationRefused) as raised:
        rotation.retire([connection], elsewhere(kept))

    assert raised.value.code == "rotation_recent"
