"""Backups are restored to any moment that they reach, and who was erased stays erased."""

import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import psycopg
import pytest

from herkomst.domain import ids
from herkomst.domain.register.erasure import ErasureOrdered
from herkomst.processes import erasure
from herkomst.processes.restoring import settle
from herkomst.record import backup as backups
from herkomst.record.archive import Archive, open_archive
from herkomst.record.backup import (
    BackupError,
    Manifest,
    Restored,
    backup,
    erase_again,
    restore,
)
from herkomst.record.database import connect
from herkomst.record.erasures import Erased, ErasureListBroken, Erasures, destroy_listed
from herkomst.record.keyring import Keyring, KeyringError
from herkomst.record.postgres import APP, OWNER, EmbeddedPostgres, embedded
from herkomst.record.programs import ServerError
from herkomst.record.verification import verify
from herkomst.settings import Settings
from tests.archives import ACTOR, TILL, a_dealer, a_purchase, a_seller
from tests.projections.following import connected, digests, facts, follow, rows, take_in
from tests.serving import pair

KILLED = """
import os, signal, sys
from pathlib import Path
from herkomst.record.backup import restore
from herkomst.settings import Settings

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

home = Path(sys.argv[1])
settings = Settings(home=home, kek_file=home / "kek.json")
restore(settings, Path(sys.argv[2]), until=None, settle=die)
"""
NAME = "Zwartkwastelaar"
NOT_PERSONAL = ("dealers", "establishments", "stolen_items", "floods")
"""Read models that an erasure changes nothing in."""


class Kept(NamedTuple):
    """A home that was backed up, and what it was at each moment."""

    settings: Settings
    base: Path
    portable: Path
    begun: Manifest
    before: datetime
    """Before the purchase `late` came in, whose seller is erased in the end."""
    middle: datetime
    """When nobody was erased."""
    at_middle: dict[str, Any]
    last: Manifest
    at_end: dict[str, Any]
    """With everybody erased, also the one who was erased after the last backup."""


def sold(key: str) -> Any:
    return a_purchase(key=key, seller=a_seller(family_name=NAME, given_names=key))


def erase(archive: Archive, key: str) -> None:
    archive.register.order_erasure(f"seller:{TILL}:{key}", ground="avg:17", actor=ACTOR)
    follow(archive)


def now(archive: Archive) -> datetime:
    with connected(archive) as connection:
        row = connection.execute("SELECT clock_timestamp()").fetchone()
    assert row is not None
    moment: datetime = row[0]
    return moment


@pytest.fixture(scope="module")
def folder(memory: Path) -> Iterator[Path]:
    """A directory for homes and backups, which the server's user can enter."""
    with tempfile.TemporaryDirectory(prefix="herkomst-backups-", dir=memory) as directory:
        Path(directory).chmod(0o711)
        yield Path(directory)


@contextmanager
def a_home(folder: Path, name: str) -> Iterator[Settings]:
    home = folder / name
    try:
        yield Settings(home=home, kek_file=home / "kek.json")
    finally:
        embedded(home).stop()
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="module")
def kept(folder: Path) -> Iterator[Kept]:
    base, portable = folder / "base", folder / "portable"
    with a_home(folder, "source") as settings, open_archive(settings) as archive:
        take_in(archive, a_dealer(), *pair(1), sold("early"), sold("last"))
        follow(archive)
        begun = backup(settings, base)
        before = now(archive)
        take_in(archive, sold("late"), *pair(2))
        follow(archive)
        backup(settings, portable, portable=True)
        middle, at_middle = now(archive), digests(archive)
        erase(archive, "early")
        erase(archive, "late")
        take_in(archive, *pair(3))
        follow(archive)
        last = backup(settings, base)
        erase(archive, "last")
        at_end = digests(archive)
        yield Kept(settings, base, portable, begun, before, middle, at_middle, last, at_end)


@pytest.fixture
def fresh(kept: Kept, folder: Path, tmp_path: Path) -> Iterator[Settings]:
    """A home with nothing but the key file and the list of erasures."""
    with a_home(folder, tmp_path.name) as settings:
        settings.home.mkdir()
        for name in ("kek.json", "erasures.ndjson"):
            shutil.copy(kept.settings.home / name, settings.home / name)
        yield settings


def restored(settings: Settings, directory: Path, until: datetime | None = None) -> Restored:
    return restore(settings, directory, until=until, settle=settle)


def states(archive: Archive) -> dict[str, str]:
    """What is told of each identity that somebody of this name presented."""
    return {
        row["key"]: row["state"]
        for row in rows(archive, "presentations")
        if row["key"] in ("early", "late", "last")
    }


def keys(archive: Archive) -> set[str]:
    """Which of them can still be opened."""
    wanted = {ids.purchase_id(TILL, key): key for key in ("early", "late", "last")}
    with connected(archive) as connection:
        return {wanted[found] for found in archive.register.vault.keys(connection, wanted)}


# Restoring


def test_given_a_backup_when_restored_then_it_is_all_there_and_who_was_erased_since_is_erased(
    kept: Kept, fresh: Settings
) -> None:
    told = restored(fresh, kept.base)

    assert (told.kind, told.listed, told.erased_again) == ("base", 3, 1)
    with open_archive(fresh) as archive:
        assert digests(archive) == kept.at_end
        assert list(verify(archive)) == []
        assert keys(archive) == set()
        # and it goes on: numbers, followers and a backup of its own
        take_in(archive, *pair(4))
        follow(archive)
        assert list(verify(archive)) == []
    assert backup(fresh, fresh.home / "backup").begun > kept.last.until


def test_given_a_moment_before_the_erasures_when_restored_to_it_then_they_are_ordered_anew(
    kept: Kept, fresh: Settings
) -> None:
    told = restored(fresh, kept.base, kept.middle)

    assert told.erased_again == 3
    with open_archive(fresh) as archive:
        now_told = digests(archive)
        assert {n: now_told[n] for n in NOT_PERSONAL} == {
            n: kept.at_middle[n] for n in NOT_PERSONAL
        }
        assert len(rows(archive, "purchases")) == 5
        assert states(archive) == {"early": "erased", "late": "erased", "last": "erased"}
        assert keys(archive) == set()
        orders = [f for f in facts(archive, "register") if isinstance(f.data, ErasureOrdered)]
        assert {(f.envelope.actor, f.envelope.ground) for f in orders} == {
            ("process:restore", "avg:17")
        }
        for order in orders:
            acknowledged = archive.register.acknowledgements(order.stream)
            assert {a.store for a in acknowledged} == erasure.ALL_STORES
        assert list(verify(archive)) == []


def test_given_a_moment_before_a_purchase_when_that_is_sent_again_then_it_is_erased_again(
    kept: Kept, fresh: Settings
) -> None:
    restored(fresh, kept.base, kept.before)

    with open_archive(fresh) as archive:
        assert states(archive) == {"early": "erased", "last": "erased"}
        take_in(archive, sold("late"))
        follow(archive)
        assert states(archive)["late"] == "erased"
        assert keys(archive) == set()


def test_given_a_dump_when_restored_on_another_server_then_nobody_reads_before_it_is_settled(
    kept: Kept, fresh: Settings, server: EmbeddedPostgres, database: str
) -> None:
    # Given an empty database elsewhere, migrated already
    settings = replace(
        fresh,
        database_url=server.url(APP, database),
        admin_database_url=server.url(OWNER, database),
    )
    assert settings.database_url is not None
    refused = list[str]()

    def watched(archive: Archive, listed: Any) -> None:
        assert keys(archive) == set()
        settle(archive, listed)

    def denied() -> None:
        with connect(server.url(APP, database), "test") as connection:
            try:
                connection.execute("SELECT count(*) FROM vault.keys")
            except psycopg.errors.InsufficientPrivilege as error:
                refused.append(str(error))

    # When the dump is restored, which the application's role watches
    with pytest.MonkeyPatch.context() as patch:

        def destroy_watched(*given: Any) -> int:
            denied()
            return destroy_listed(*given)

        patch.setattr(backups, "destroy_listed", destroy_watched)
        told = restore(settings, kept.portable, until=None, settle=watched)

    # Then it read nothing until the keys were destroyed, and everything is there
    assert (told.kind, told.erased_again) == ("dump", 3)
    assert len(refused) == 1
    with open_archive(settings) as archive:
        now_told = digests(archive)
        assert {n: now_told[n] for n in NOT_PERSONAL} == {
            n: kept.at_middle[n] for n in NOT_PERSONAL
        }
        assert states(archive) == {"early": "erased", "late": "erased", "last": "erased"}
        assert list(verify(archive)) == []
        take_in(archive, *pair(4))
        follow(archive)
        assert len(rows(archive, "hits")) == 3


@pytest.mark.slow
def test_given_a_restore_that_is_cut_off_when_repeated_then_it_comes_to_the_same(
    kept: Kept, fresh: Settings
) -> None:
    with pytest.raises(KeyboardInterrupt):
        restore(fresh, kept.base, until=None, settle=_interrupt)
    assert embedded(fresh.home).status().state == "absent"
    assert not list((fresh.home / "postgres").glob("data*"))

    restored(fresh, kept.base)

    with open_archive(fresh) as archive:
        assert digests(archive) == kept.at_end


def test_given_a_restore_that_was_killed_when_repeated_then_what_it_left_is_ended(
    kept: Kept, fresh: Settings
) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", KILLED, fresh.home, kept.base], capture_output=True, check=False
    )
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    assert list((fresh.home / "postgres").glob("data.new-*/new/postmaster.pid"))

    restored(fresh, kept.base)

    with open_archive(fresh) as archive:
        assert digests(archive) == kept.at_end
    assert not list((fresh.home / "postgres").glob("data.new-*"))


def test_given_a_backup_that_was_cut_off_when_repeated_then_it_is_gone_on_with(
    kept: Kept, fresh: Settings, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    restored(fresh, kept.base)
    out = fresh.home / "backup"
    with monkeypatch.context() as patch:
        patch.setattr(backups, "_receive", _interrupt)
        with pytest.raises(KeyboardInterrupt):
            backup(fresh, out)
    with open_archive(fresh) as archive:
        take_in(archive, *pair(5))
        follow(archive)
        expected = digests(archive)

    backup(fresh, out)

    with a_home(folder, "another") as another:
        another.home.mkdir()
        shutil.copy(fresh.kek_file, another.kek_file)
        restored(another, out)
        with open_archive(another) as archive:
            assert digests(archive) == expected


def test_given_a_database_restored_by_other_means_when_erased_again_then_nobody_is_there(
    kept: Kept, fresh: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(backups, "_listed", lambda *_: [])
        restored(fresh, kept.base, kept.middle)
    with open_archive(fresh) as archive:
        assert keys(archive) == {"early", "late", "last"}

    assert erase_again(fresh, settle=settle).erased_again == 3

    with open_archive(fresh) as archive:
        assert states(archive) == {"early": "erased", "late": "erased", "last": "erased"}
        assert keys(archive) == set()
    assert erase_again(fresh, settle=settle).erased_again == 0


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.slow
def test_given_an_empty_database_when_restored_then_it_is_replaced_and_one_with_events_is_not(
    kept: Kept, fresh: Settings
) -> None:
    with open_archive(fresh):
        pass
    restored(fresh, kept.base)

    with pytest.raises(BackupError) as raised:
        restored(fresh, kept.base)

    assert raised.value.code == "database_not_empty"
    with open_archive(fresh) as archive:
        assert digests(archive) == kept.at_end


def test_given_no_list_in_the_home_when_restored_then_that_of_the_backup_counts_and_it_warns(
    kept: Kept, fresh: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    (fresh.home / "erasures.ndjson").unlink()

    assert restored(fresh, kept.base, kept.middle).listed == 2

    assert "no list of erasures" in caplog.text
    assert len(Erasures(fresh.home / "erasures.ndjson").all()) == 2


def whole_since(settings: Settings, moment: datetime) -> None:
    """What was ordered before a moment was dropped from the list of a home."""
    path = settings.home / "erasures.ndjson"
    path.write_text(f'{{"since":"{moment.isoformat()}"}}\n' + path.read_text())


def test_given_a_list_that_is_not_whole_since_then_when_restored_then_it_is_refused(
    kept: Kept, fresh: Settings
) -> None:
    whole_since(fresh, kept.last.until)

    for directory, moment in ((kept.base, kept.middle), (kept.portable, None)):
        with pytest.raises(BackupError) as raised:
            restored(fresh, directory, moment)
        assert raised.value.code == "backup_too_old"
    assert embedded(fresh.home).status().state == "absent"


def test_given_a_list_that_is_whole_since_when_an_old_backup_is_restored_then_it_is_replayed(
    kept: Kept, fresh: Settings
) -> None:
    whole_since(fresh, kept.before)

    assert restored(fresh, kept.base, kept.middle).erased_again == 3
    with open_archive(fresh) as archive:
        assert states(archive) == {"early": "erased", "late": "erased", "last": "erased"}
        assert keys(archive) == set()


def test_given_a_database_restored_by_other_means_to_before_then_it_is_refused(
    kept: Kept, fresh: Settings
) -> None:
    restored(fresh, kept.base)
    erase_again(fresh, settle=settle)
    whole_since(fresh, datetime.now(UTC) + timedelta(days=1))

    with pytest.raises(BackupError) as raised:
        erase_again(fresh, settle=settle)

    assert raised.value.code == "backup_too_old"


# What a backup holds


def test_a_backup_holds_neither_names_nor_keys_nor_passwords(kept: Kept) -> None:
    content = msgspec.json.decode((kept.settings.home / "kek.json").read_bytes())
    passwords = msgspec.json.decode(
        (kept.settings.home / "postgres" / "credentials").read_bytes(), type=dict[str, str]
    )
    words = [NAME, *passwords.values(), *content["wrapping"].values(), content["chain"]]

    for directory in (kept.base, kept.portable):
        assert stat.S_IMODE(directory.stat().st_mode) == 0o700
        for path in directory.rglob("*"):
            if path.is_file():
                held = path.read_bytes()
                assert [word for word in words if word.encode() in held] == []


def test_the_list_of_erasures_names_nobody(kept: Kept) -> None:
    path = kept.settings.home / "erasures.ndjson"

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(Erasures(path).all()) == 3
    for word in (NAME, TILL, "early", "late", "last"):
        assert word not in path.read_text()


# What is refused


@pytest.mark.parametrize("reach", [-1, 1])
def test_given_a_moment_that_it_does_not_reach_when_restored_then_it_says_which_it_does(
    kept: Kept, fresh: Settings, reach: int
) -> None:
    moment = (kept.begun.begun if reach < 0 else kept.last.until) + timedelta(seconds=reach)

    with pytest.raises(BackupError, match=kept.last.until.isoformat()[:19]) as raised:
        restored(fresh, kept.base, moment)

    assert raised.value.code == "backup_out_of_reach"


def test_given_a_dump_when_restored_to_a_moment_then_it_is_refused(
    kept: Kept, fresh: Settings
) -> None:
    with pytest.raises(BackupError) as raised:
        restored(fresh, kept.portable, kept.middle)

    assert raised.value.code == "backup_of_one_moment"


def test_given_no_key_file_when_restored_then_none_is_made(kept: Kept, fresh: Settings) -> None:
    fresh.kek_file.unlink()

    with pytest.raises(KeyringError) as raised:
        restored(fresh, kept.base)

    assert raised.value.code == "keyring_missing"
    assert not fresh.kek_file.exists()


def test_given_the_key_file_of_another_when_restored_then_nothing_is(
    kept: Kept, fresh: Settings
) -> None:
    fresh.kek_file.unlink()
    Keyring.create(fresh.kek_file)

    with pytest.raises(KeyringError) as raised:
        restored(fresh, kept.base)

    assert raised.value.code == "keyring_of_another"
    assert embedded(fresh.home).status().state == "absent"


def test_given_a_wrapping_key_that_was_retired_when_restored_then_it_is_asked_for(
    kept: Kept, fresh: Settings
) -> None:
    keyring = Keyring.open(fresh.kek_file)
    keyring.add()
    keyring.retire([1])

    with pytest.raises(KeyringError, match=r"wrapping key 1.*kek\.json\.retired") as raised:
        restored(fresh, kept.base)

    assert raised.value.code == "wrapping_key_missing"


def test_given_a_dump_that_lacked_a_key_when_the_key_is_back_then_it_is_restored_after_all(
    kept: Kept, fresh: Settings
) -> None:
    whole = fresh.kek_file.read_bytes()
    keyring = Keyring.open(fresh.kek_file)
    keyring.add()
    keyring.retire([1])
    with pytest.raises(KeyringError, match=r"wrapping key 1.*kek\.json\.retired"):
        restored(fresh, kept.portable)

    fresh.kek_file.write_bytes(whole)
    told = restored(fresh, kept.portable)

    # And once it was restored it is as safe from another restore as any
    assert told.kind == "dump"
    with pytest.raises(BackupError) as raised:
        restored(fresh, kept.portable)
    assert raised.value.code == "database_not_empty"


def test_given_a_damaged_backup_when_restored_then_the_file_is_named(
    kept: Kept, fresh: Settings
) -> None:
    damaged = fresh.home / "damaged"
    shutil.copytree(kept.base, damaged)
    content = bytearray((damaged / "base" / "global" / "pg_control").read_bytes())
    content[100] ^= 1
    (damaged / "base" / "global" / "pg_control").write_bytes(content)

    with pytest.raises(BackupError, match="pg_control") as raised:
        restored(fresh, damaged)

    assert raised.value.code == "pg_verifybackup_failed"


def test_given_no_backup_when_restored_then_it_says_so(fresh: Settings, tmp_path: Path) -> None:
    with pytest.raises(BackupError) as raised:
        restored(fresh, tmp_path)

    assert raised.value.code == "backup_missing"


def test_given_a_server_that_is_in_use_when_restored_then_it_is_refused(
    kept: Kept, fresh: Settings
) -> None:
    with (
        embedded(fresh.home) as server,
        connect(server.admin_url, "test"),
        pytest.raises(ServerError) as raised,
    ):
        restored(fresh, kept.base)

    assert raised.value.code == "server_in_use"


def test_given_a_backup_of_one_kind_when_another_is_made_there_then_it_is_refused(
    kept: Kept,
) -> None:
    for directory, portable in ((kept.base, True), (kept.portable, False)):
        with pytest.raises(BackupError) as raised:
            backup(kept.settings, directory, portable=portable)
        assert raised.value.code == "backup_of_another_kind"


@pytest.mark.slow
def test_given_a_later_backup_when_the_earlier_is_gone_on_with_then_it_says_that_it_ended(
    fresh: Settings,
) -> None:
    with open_archive(fresh):
        backup(fresh, fresh.home / "one")
        backup(fresh, fresh.home / "other")

        with pytest.raises(BackupError) as raised:
            backup(fresh, fresh.home / "one")

    assert raised.value.code == "backup_ended"


# The list


def an_erasure(number: int) -> Erased:
    at = datetime(2026, 11, 22, 12, number, tzinfo=UTC).isoformat()
    return Erased(f"{number:032x}", (f"{number + 100:032x}",), "avg:17", at)


def test_given_an_erasure_that_is_listed_when_added_then_nothing_is_written(tmp_path: Path) -> None:
    listed = Erasures(tmp_path / "erasures.ndjson")
    listed.add([an_erasure(2), an_erasure(1)])
    written = listed.path.stat().st_ino

    listed.add([an_erasure(1)])

    assert listed.all() == [an_erasure(1), an_erasure(2)]
    assert listed.path.stat().st_ino == written


def test_given_a_list_with_a_broken_line_when_read_then_the_line_is_named(tmp_path: Path) -> None:
    listed = Erasures(tmp_path / "erasures.ndjson")
    listed.add([an_erasure(1)])
    with listed.path.open("a") as file:
        file.write('{"erasure":\n')

    with pytest.raises(ErasureListBroken, match="Line 2"):
        listed.all()
