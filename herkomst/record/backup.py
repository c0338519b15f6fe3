"""Backups: what was written can be had back, on another machine and as of any moment.

There are two kinds. Of an embedded server the files are copied once (`base/`), and each further
call brings what was written since (`wal/`), so that it can be restored to any moment in between.
Of a server elsewhere, whose files are its operator's business, a dump is taken: one moment, which
any PostgreSQL takes in, also one of another version.

The key file is in neither: who has a backup without it reads no name. A data key that was
destroyed since is still there, wrapped; a restore destroys it again before anybody may read, by the
list of erasures that lies outside the database.
"""

import contextlib
import fcntl
import logging
import os
import secrets
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import msgspec
from psycopg import Connection
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.sql import SQL, Identifier

from herkomst import __version__
from herkomst.record import disk, erasures, migrations
from herkomst.record.archive import Archive, Urls, check_keyring, open_archive, open_urls, opened
from herkomst.record.database import Row, connect
from herkomst.record.erasures import Erased, Erasures, destroy_listed
from herkomst.record.keyring import Keyring, KeyringError
from herkomst.record.postgres import APP, DATABASE, OWNER, SUPERUSER, EmbeddedPostgres, embedded
from herkomst.record.programs import client_program
from herkomst.record.reader import SequenceReader
from herkomst.record.rotation import in_use
from herkomst.settings import ConfigurationError, Settings

log = logging.getLogger(__name__)
Kind = Literal["base", "dump"]
Settle = Callable[[Archive, Sequence[Erased]], None]
"""Brings a restored archive into order while nobody else may read it."""
NAME = "herkomst-backup.json"
SLOTS = "herkomst_backup_"
SEQUENCES = ("register", "casework", "journal")
_SCHEMAS = ("record", "vault", "follow", "read", "search", "intake", "access")
_BEGUN = "restoring"
"""A schema that stands in a database while a dump goes in: nobody has read or written there."""
_PATIENT = "-c TimeZone=UTC -c idle_in_transaction_session_timeout=0"
# A transaction that is written through at once; what comes before it is on the disk then.
_MARK = "SELECT pg_logical_emit_message(true, 'herkomst backup', '')"


class Manifest(msgspec.Struct, kw_only=True):
    """What a backup is."""

    kind: Kind
    version: str
    """Of Herkomst."""
    server_version: str
    schema: int
    """The last migration."""
    begun: datetime
    """The first moment that it can be restored to."""
    until: datetime
    """The last one."""
    events: dict[str, int]
    """The head of each sequence at the last moment."""
    slot: str | None = None
    """By which the server keeps what is still to be brought."""


class Restored(msgspec.Struct, kw_only=True):
    """What a restore came to."""

    kind: Kind | None
    """None where the database was restored by other means."""
    events: dict[str, int]
    listed: int
    """Erasures that are on the list."""
    erased_again: int
    """Data keys that were in the backup although they had been destroyed since."""


class BackupError(Exception):
    """A backup that cannot be made, continued or restored."""

    def __init__(self, code: str, message: str, cure: str) -> None:
        super().__init__(f"{message} {cure}")
        self.code, self.message, self.cure = code, message, cure


# Backing up


def backup(settings: Settings, out: Path, *, portable: bool = False) -> Manifest:
    """Begin a backup in a directory, or bring the one that is there up to this moment.

    Args:
        portable: take a dump also of an embedded server.

    Raises `BackupError`, `DatabaseDown`, `ServerError`.
    """
    with _alone(out):
        if settings.database_url is not None or portable:
            manifest = _dump(settings, out)
        else:
            with embedded(settings.home) as server:
                manifest = _base(server, out)
        _copy_list(settings, out)
        disk.put(out / NAME, msgspec.json.format(msgspec.json.encode(manifest)))
    return manifest


def _base(server: EmbeddedPostgres, out: Path) -> Manifest:
    with connect(server.url(SUPERUSER), "herkomst backup") as connection:
        begun = _read_manifest(out)
        if begun is None:
            begun = _begin(connection, server, out)
        elif begun.kind != "base":
            raise _other_kind(out)
        _must_continue(connection, begun, out)
        manifest = _manifest(connection, "base", begun.slot)
        connection.execute(_MARK)
        row = connection.execute("SELECT pg_current_wal_lsn()::text").fetchone()
        connection.execute(_MARK)  # So that more comes behind where it may end.
        assert row is not None
        _receive(server, out, str(begun.slot), str(row[0]))
    manifest.begun = begun.begun
    return manifest


def _begin_slot(connection: Connection[Row]) -> str:
    """Let the server keep what it writes from now on; for an earlier backup it no longer does."""
    connection.execute(
        "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots "
        "WHERE starts_with(slot_name, %s) AND NOT active",
        (SLOTS,),
    )
    slot = SLOTS + secrets.token_hex(4)
    connection.execute("SELECT pg_create_physical_replication_slot(%s, true)", (slot,))
    return slot


def _must_continue(connection: Connection[Row], begun: Manifest, out: Path) -> None:
    row = connection.execute(
        "SELECT coalesce(wal_status, 'lost') <> 'lost' FROM pg_replication_slots "
        "WHERE slot_name = %s",
        (begun.slot,),
    ).fetchone()
    if row != (True,):
        raise BackupError(
            "backup_ended",
            f"The backup in {out} ends at {begun.until.isoformat()}: the server did not keep what "
            "was written since, or a later backup was begun, or the server is another.",
            "Begin one in a new directory; this one can still be restored.",
        )


def _begin(connection: Connection[Row], server: EmbeddedPostgres, out: Path) -> Manifest:
    """Copy the files of the server; what it writes meanwhile and afterwards is kept for us."""
    slot = _begin_slot(connection)
    for left in out.glob("base.new-*"):
        shutil.rmtree(left)
    new = out / f"base.new-{secrets.token_hex(4)}"
    _run(
        server.home,
        "pg_basebackup",
        server.url(SUPERUSER, "postgres"),
        f"--pgdata={new}",
        "--checkpoint=fast",
        "--wal-method=stream",
        "--manifest-checksums=sha256",
    )
    (out / "wal").mkdir(mode=0o700, exist_ok=True)
    manifest = _manifest(connection, "base", slot)
    disk.put(out / NAME, msgspec.json.encode(manifest))
    new.rename(out / "base")
    return manifest


def _receive(server: EmbeddedPostgres, out: Path, slot: str, until: str) -> None:
    _run(
        server.home,
        "pg_receivewal",
        server.url(SUPERUSER, "postgres"),
        f"--directory={out / 'wal'}",
        f"--slot={slot}",
        f"--endpos={until}",
        "--no-loop",
        "--status-interval=1",
    )


def _dump(settings: Settings, out: Path) -> Manifest:
    found = _read_manifest(out)
    if found is not None and found.kind != "dump":
        raise _other_kind(out)
    with (
        open_urls(settings) as urls,
        connect(_admin(urls), "herkomst backup", options=_PATIENT) as connection,
    ):
        # All of it as of one moment, for whoever says the number of this snapshot.
        connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        row = connection.execute("SELECT pg_export_snapshot()").fetchone()
        assert row is not None
        manifest = _manifest(connection, "dump", None)
        new = out / "dump.new"
        _run(
            settings.home,
            "pg_dump",
            _admin(urls),
            f"--snapshot={row[0]}",
            "--format=custom",
            "--no-owner",
            "--no-privileges",
            # Read models are made anew of the record, and what is searched of them.
            "--exclude-table=read.*",
            "--exclude-table=search.*",
            "--exclude-table-data=follow.models",
            "--exclude-table-data=follow.indexes",
            f"--file={new}",
        )
    new.rename(out / "dump")
    return manifest


def _manifest(connection: Connection[Row], kind: Kind, slot: str | None) -> Manifest:
    row = connection.execute("SELECT clock_timestamp()").fetchone()
    assert row is not None
    now: datetime = row[0]
    return Manifest(
        kind=kind,
        version=__version__,
        server_version=str(connection.info.parameter_status("server_version")),
        schema=migrations.applied(connection),
        begun=now,
        until=now,
        events=_events(connection),
        slot=slot,
    )


def _copy_list(settings: Settings, out: Path) -> None:
    """The list of erasures as it is now, beside the backup."""
    Erasures(out / erasures.NAME).add(Erasures(settings.home / erasures.NAME).all())


# Restoring


def restore(
    settings: Settings, directory: Path, *, until: datetime | None, settle: Settle
) -> Restored:
    """Restore a backup into an empty database, and do the erasures since then again.

    Args:
        until: as of when; as late as the backup goes by default.
        settle: called with the restored archive and the list of erasures. Until it returns
            nobody else may read what was restored.

    Raises `BackupError`, `KeyringError`, `DatabaseDown`, `ServerError`.
    """
    manifest = _read_manifest(directory)
    if manifest is None:
        raise BackupError(
            "backup_missing", f"There is no backup in {directory}.", f"It is where {NAME} lies."
        )
    keyring = Keyring.open(settings.kek_file)
    listed = _listed(settings, Erasures(directory / erasures.NAME))
    _must_be_listed(settings, until or manifest.until)
    if manifest.kind == "dump":
        return _restore_dump(settings, directory, manifest, until, keyring, listed, settle)
    return _restore_base(settings, directory, manifest, until, keyring, listed, settle)


def erase_again(settings: Settings, *, settle: Settle) -> Restored:
    """Do the erasures on the home's list again, in a database that was restored by other means."""
    listed = _listed(settings)
    with open_archive(settings) as archive:
        with archive.database.connection() as connection:
            _must_be_listed(settings, _last_moment(connection))
        with archive.database.transaction() as cursor:
            destroyed = destroy_listed(cursor, listed)
        settle(archive, listed)
        with archive.database.connection() as connection:
            events = _events(connection)
    return Restored(kind=None, events=events, listed=len(listed), erased_again=destroyed)


def _restore_base(
    settings: Settings,
    directory: Path,
    manifest: Manifest,
    until: datetime | None,
    keyring: Keyring,
    listed: Sequence[Erased],
    settle: Settle,
) -> Restored:
    if settings.database_url is not None:
        raise BackupError(
            "backup_not_portable",
            "This backup holds the files of an embedded server, and HERKOMST_DATABASE_URL names "
            "another one.",
            "Unset it, or take one with `herkomst backup --portable`.",
        )
    _must_reach(manifest, until, directory)
    server = embedded(settings.home)
    _must_be_empty_or_absent(server)
    _verify(settings.home, directory)

    def copy(new: Path) -> None:
        _copy_back(directory, new)

    with server.replaced(copy, _recovery(until)) as isolated:
        app = isolated.url(APP, DATABASE)
        urls = Urls(app, isolated.url(OWNER, DATABASE), app, app)
        return _settled(urls, "base", keyring, listed, settle, settings)


def _restore_dump(
    settings: Settings,
    directory: Path,
    manifest: Manifest,
    until: datetime | None,
    keyring: Keyring,
    listed: Sequence[Erased],
    settle: Settle,
) -> Restored:
    if until is not None:
        raise BackupError(
            "backup_of_one_moment",
            f"This backup is a dump as of {manifest.until.isoformat()}, and has no other moment.",
            "Leave out --until, or restore the files of a server by its own means.",
        )
    with open_urls(settings) as urls:
        admin = _admin(urls)
        with connect(admin, "herkomst restore") as connection:
            _must_be_empty(connection)
            _drop_schemas(connection)
            connection.execute(SQL("CREATE SCHEMA IF NOT EXISTS {}").format(Identifier(_BEGUN)))
        # The application's role gets its rights when this is settled; until then it reads nothing.
        _run(
            settings.home,
            "pg_restore",
            admin,
            "--no-owner",
            "--no-privileges",
            "--exit-on-error",
            "--single-transaction",
            directory / "dump",
        )
        return _settled(urls, "dump", keyring, listed, settle, settings)


def _settled(
    urls: Urls,
    kind: Kind,
    keyring: Keyring,
    listed: Sequence[Erased],
    settle: Settle,
    settings: Settings,
) -> Restored:
    """Destroy again what was destroyed, bring the schema up, and let the rest be settled."""
    with connect(_admin(urls), "herkomst restore") as connection:
        with connection.transaction(), connection.cursor() as cursor:
            destroyed = destroy_listed(cursor, listed)
        _must_open(connection, keyring)
        # From here on it may be read, so that it is never taken for one that may be dropped.
        connection.execute(SQL("DROP SCHEMA IF EXISTS {}").format(Identifier(_BEGUN)))
        migrations.migrate(connection, str(conninfo_to_dict(urls.app)["user"]))
    home = Erasures(settings.home / erasures.NAME)
    home.add(listed)
    with opened(urls, keyring, home) as archive:
        settle(archive, listed)
        with archive.database.connection() as connection:
            events = _events(connection)
    return Restored(kind=kind, events=events, listed=len(listed), erased_again=destroyed)


def _listed(settings: Settings, *others: Erasures) -> Sequence[Erased]:
    """What was erased: by the home's list, and by others such as the one beside a backup."""
    home = Erasures(settings.home / erasures.NAME)
    if not home.path.exists():
        log.warning(
            "There is no list of erasures %s. If anybody was erased since the last backup, put "
            "the list of the old home there and restore again.",
            home.path,
        )
    found = {one.erasure: one for listed in (*others, home) for one in listed.all()}
    return list(found.values())


def _must_reach(manifest: Manifest, until: datetime | None, directory: Path) -> None:
    if until is not None and not manifest.begun <= until <= manifest.until:
        raise BackupError(
            "backup_out_of_reach",
            f"The backup in {directory} can be restored to any moment from "
            f"{manifest.begun.isoformat()} to {manifest.until.isoformat()}, and not to "
            f"{until.isoformat()}.",
            "Take another moment, or another backup.",
        )


def _must_be_listed(settings: Settings, moment: datetime) -> None:
    """Raises `BackupError` for a moment of which what was erased since is not listed any more."""
    since = Erasures(settings.home / erasures.NAME).since()
    if since is not None and moment < since:
        raise BackupError(
            "backup_too_old",
            f"This would bring back what was as of {moment.isoformat()}, and who was erased before "
            f"{since.isoformat()} is not listed any more.",
            "Restore a later backup, and destroy this one: it is over its term "
            "(HERKOMST_BACKUP_DAYS).",
        )


def _last_moment(connection: Connection[Row]) -> datetime:
    """Up to when a database tells all: an order that was dropped from the list, it must have."""
    row = connection.execute(
        "SELECT recorded_at FROM record.register_events ORDER BY notification_id DESC LIMIT 1"
    ).fetchone()
    if row is None:
        return datetime.min.replace(tzinfo=UTC)
    last: datetime = row[0]
    return last.replace(microsecond=0) + timedelta(seconds=1)  # The list tells whole seconds.


def _must_be_empty_or_absent(server: EmbeddedPostgres) -> None:
    if server.status().state == "absent":
        return
    with server, connect(server.admin_url, "herkomst restore") as connection:
        _must_be_empty(connection)


def _must_be_empty(connection: Connection[Row]) -> None:
    """Raises `BackupError` when anything is recorded there, but by a restore that was cut off."""
    if _was_cut_off(connection) or not migrations.applied(connection):
        return
    if any(_events(connection).values()):
        raise BackupError(
            "database_not_empty",
            "There are events in the database, and a restore is only into an empty one.",
            "Name another HERKOMST_HOME or HERKOMST_DATABASE_URL; if it is a dump whose restore "
            "was cut off, `herkomst restore --here` goes on with it.",
        )


def _was_cut_off(connection: Connection[Row]) -> bool:
    """Whether a dump began to go in and nobody could read it since."""
    found = connection.execute("SELECT to_regnamespace(%s) IS NOT NULL", (_BEGUN,)).fetchone()
    return found == (True,)


def _drop_schemas(connection: Connection[Row]) -> None:
    with connection.transaction():
        for schema in _SCHEMAS:
            connection.execute(SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(Identifier(schema)))


def _verify(home: Path, directory: Path) -> None:
    """That the copy is what was copied. What comes after it has checksums of its own."""
    _run(home, "pg_verifybackup", None, "--no-parse-wal", "--quiet", directory / "base")


def _copy_back(directory: Path, new: Path) -> None:
    shutil.copytree(directory / "base", new, dirs_exist_ok=True)
    (new / "recovery.signal").touch()
    # Beside the data, where the user that the server runs as can read it.
    kept = new.parent / "wal"
    shutil.copytree(directory / "wal", kept)
    kept.chmod(0o755)
    for segment in kept.iterdir():
        segment.chmod(0o644)
        if segment.suffix == ".partial":
            segment.rename(segment.with_suffix(""))


def _recovery(until: datetime | None) -> str:
    lines = ["restore_command = 'cp ../wal/%f %p'", "recovery_target_action = 'promote'"]
    if until is not None:
        lines.append(f"recovery_target_time = '{until.astimezone(UTC).isoformat()}'")
    return "".join(f"{line}\n" for line in lines)


def _must_open(connection: Connection[Row], keyring: Keyring) -> None:
    """Raises `KeyringError` when the key file is another, or lacks a key that wraps a data key."""
    missing = sorted(in_use(connection).keys() - keyring.wrapping.keys())
    if missing:
        raise KeyringError(
            "wrapping_key_missing",
            f"The backup needs wrapping key {missing[0]}, which is not in {keyring.path}.",
            f"Put it back from {keyring.path.name}.retired, by its number among those under "
            '"wrapping", restore again, and rotate when all is restored.',
        )
    check_keyring(connection, keyring)


# Both


def _read_manifest(directory: Path) -> Manifest | None:
    path = directory / NAME
    if not path.exists():
        return None
    try:
        return msgspec.json.decode(path.read_bytes(), type=Manifest)
    except msgspec.DecodeError as error:
        raise BackupError(
            "backup_broken", f"{path} cannot be read: {error}.", "Take another backup."
        ) from error


def _other_kind(out: Path) -> BackupError:
    return BackupError(
        "backup_of_another_kind",
        f"In {out} lies a backup of another kind.",
        "Begin this one in a directory of its own.",
    )


def _admin(urls: Urls) -> str:
    if urls.admin is None:
        raise ConfigurationError(
            "admin_url_missing",
            "HERKOMST_ADMIN_DATABASE_URL is not set, so nobody may read or write all of it.",
            "Set it to the owner of the database, for the time of the backup or the restore.",
        )
    return urls.admin


def _events(connection: Connection[Row]) -> dict[str, int]:
    return {name: SequenceReader(name).head(connection) for name in SEQUENCES}


def _run(home: Path, program: str, url: str | None, *arguments: str | Path) -> None:
    """Run a program of PostgreSQL; a password goes by the environment, where no list shows it."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    environ["LC_ALL"] = "C"
    options: list[str | Path] = []
    if url is not None:
        parts: dict[str, Any] = conninfo_to_dict(url)
        environ["PGPASSWORD"] = str(parts.pop("password", ""))
        options = [f"--dbname={make_conninfo(**parts)}"]
    done = subprocess.run(  # noqa: S603 - a program of PostgreSQL, by its path
        [client_program(program, home), *options, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=environ,
    )
    if done.returncode != 0:
        said = " ".join((done.stderr or done.stdout).split())[-500:]
        raise BackupError(
            f"{program}_failed", f"{program} failed: {said}", "Mend what it says, and do it again."
        )


@contextlib.contextmanager
def _alone(out: Path) -> Iterator[None]:
    try:
        out.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = (out / "lock").open("a")
    except OSError as error:
        raise BackupError(
            "backup_not_writable",
            f"Nothing can be written to {out}: {error.strerror}.",
            "Name a directory of your own, with room in it.",
        ) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BackupError(
                "backup_running", f"Another process writes to {out}.", "Let it end."
            ) from error
        yield
