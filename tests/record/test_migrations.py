import threading
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from herkomst.record import migrations
from herkomst.record.archive import SchemaBehind, check_schema
from herkomst.record.database import connect
from herkomst.record.migrations import MigrationChanged, applied, migrate
from herkomst.record.postgres import APP, OWNER, SUPERUSER, EmbeddedPostgres
from herkomst.settings import ConfigurationError

GRANTED = {
    "record.register_events": {"SELECT", "INSERT"},
    "record.casework_events": {"SELECT", "INSERT"},
    "record.journal_events": {"SELECT", "INSERT"},
    "record.appends": {"SELECT", "INSERT"},
    "record.migrations": {"SELECT"},
    "vault.keys": {"SELECT", "INSERT", "UPDATE", "DELETE"},
    "follow.followers": {"SELECT", "INSERT", "UPDATE", "DELETE"},
    "follow.models": {"SELECT", "INSERT", "UPDATE", "DELETE"},
    "follow.indexes": {"SELECT", "INSERT", "UPDATE", "DELETE"},
}
OURS = ("record", "vault", "follow", "read", "search")


@pytest.fixture
def owner(
    server: EmbeddedPostgres, database: str
) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    """The owner of an empty database."""
    with connect(server.url(OWNER, database), "owner") as connection:
        yield connection


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the migrations that may be changed."""
    for migration in migrations.migrations():
        (tmp_path / f"{migration.name}.sql").write_text(migration.text)
    monkeypatch.setattr(migrations, "DIRECTORY", tmp_path)
    return tmp_path


def test_given_a_database_that_is_not_of_unicode_when_migrated_then_it_is_refused(
    server: EmbeddedPostgres,
) -> None:
    name = f"test_{uuid4().hex}"
    with connect(server.url(SUPERUSER, "postgres"), "superuser") as superuser:
        superuser.execute(
            f"CREATE DATABASE {name} OWNER {OWNER} ENCODING 'SQL_ASCII' LOCALE 'C' "
            "LOCALE_PROVIDER libc TEMPLATE template0".encode()
        )
        try:
            with (
                connect(server.url(OWNER, name), "owner") as connection,
                pytest.raises(ConfigurationError, match="SQL_ASCII") as raised,
            ):
                migrate(connection, APP)
        finally:
            superuser.execute(f"DROP DATABASE {name}".encode())

    assert raised.value.code == "database_not_unicode"


def test_given_an_empty_database_when_migrated_then_all_migrations_run_once(
    owner: psycopg.Connection[tuple[object, ...]],
) -> None:
    names = [migration.name for migration in migrations.migrations()]
    assert applied(owner) == 0

    assert migrate(owner, APP) == names
    assert migrate(owner, APP) == []

    assert applied(owner) == len(names) == migrations.migrations()[-1].number


def test_the_numbers_of_migrations_are_dense() -> None:
    numbers = [migration.number for migration in migrations.migrations()]

    assert numbers == list(range(1, len(numbers) + 1))


def test_given_a_migration_that_ran_when_its_text_changes_then_it_is_refused(
    owner: psycopg.Connection[tuple[object, ...]], directory: Path
) -> None:
    migrate(owner, APP)
    with (directory / "0002_vault.sql").open("a") as file:
        file.write("-- one more word\n")

    with pytest.raises(MigrationChanged, match="0002_vault") as raised:
        migrate(owner, APP)

    assert raised.value.code == "migration_changed"
    (directory / "0002_vault.sql").unlink()
    assert migrate(owner, APP) == []  # The lock was given back.


def test_given_a_new_migration_that_fails_when_migrated_then_nothing_of_it_stays(
    owner: psycopg.Connection[tuple[object, ...]], directory: Path
) -> None:
    migrate(owner, APP)
    last = migrations.migrations()[-1].number
    new = directory / f"{last + 1:04}_new.sql"
    new.write_text("CREATE TABLE follow.half (); SELECT 1 / 0;")

    with pytest.raises(psycopg.errors.DivisionByZero):
        migrate(owner, APP)
    assert owner.execute("SELECT to_regclass('follow.half')").fetchone() == (None,)
    assert applied(owner) == last

    new.write_text("CREATE TABLE follow.half ();")
    assert migrate(owner, APP) == [f"{last + 1:04}_new"]


def test_given_two_at_once_when_they_migrate_then_each_migration_runs_once(
    server: EmbeddedPostgres, database: str
) -> None:
    ran: list[str] = []

    def run() -> None:
        with connect(server.url(OWNER, database), "owner") as connection:
            ran.extend(migrate(connection, APP))

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(ran) == [migration.name for migration in migrations.migrations()]


def test_given_an_empty_database_when_the_application_migrates_then_it_has_no_right_to(
    server: EmbeddedPostgres, database: str
) -> None:
    with connect(server.url(APP, database), "application") as connection:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            migrate(connection, APP)

        assert connection.execute("SELECT to_regnamespace('record')").fetchone() == (None,)


def test_given_a_migrated_database_when_the_application_migrates_then_its_rights_do_not_grow(
    server: EmbeddedPostgres,
    database: str,
    owner: psycopg.Connection[tuple[object, ...]],
    directory: Path,
) -> None:
    migrate(owner, APP)
    before = privileges(server, database)
    (directory / "0009_new.sql").write_text("GRANT ALL ON ALL TABLES IN SCHEMA record TO PUBLIC;")

    with (
        connect(server.url(APP, database), "application") as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        migrate(connection, APP)

    assert privileges(server, database) == before


def test_the_application_has_the_rights_it_needs_and_no_more(
    server: EmbeddedPostgres, database: str, owner: psycopg.Connection[tuple[object, ...]]
) -> None:
    migrate(owner, APP)

    assert privileges(server, database) == GRANTED
    creates = {
        schema: owner.execute(
            "SELECT has_schema_privilege(%s, %s, 'CREATE')", (APP, schema)
        ).fetchone()
        for schema in OURS
    }
    assert [schema for schema, may in creates.items() if may == (True,)] == ["read", "search"]
    owned = owner.execute(
        "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace "
        "WHERE nspname = ANY(%s) AND relowner <> %s::regrole",
        (list(OURS), OWNER),
    ).fetchone()
    assert owned == (0,)


def test_the_application_cannot_switch_triggers_off(
    server: EmbeddedPostgres, database: str, owner: psycopg.Connection[tuple[object, ...]]
) -> None:
    migrate(owner, APP)
    with connect(server.url(APP, database), "application") as connection:
        for statement in (
            "ALTER TABLE record.register_events DISABLE TRIGGER immutable",
            "DROP TRIGGER immutable ON record.register_events",
            "DROP FUNCTION record.refuse_change CASCADE",
            "SET session_replication_role = replica",
            "ALTER TABLE record.register_events OWNER TO herkomst_app",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)


def test_given_an_older_schema_when_it_is_checked_then_the_way_on_is_told(
    owner: psycopg.Connection[tuple[object, ...]], directory: Path
) -> None:
    with pytest.raises(SchemaBehind, match="run `herkomst migrate`") as raised:
        check_schema(owner)
    assert raised.value.code == "schema_behind"

    migrate(owner, APP)
    check_schema(owner)
    (directory / "0009_new.sql").write_text("SELECT 1;")
    with pytest.raises(SchemaBehind, match="needs 9"):
        check_schema(owner)


def privileges(server: EmbeddedPostgres, database: str) -> dict[str, set[str]]:
    """What the application may do to each table of ours, columns and PUBLIC's rights included."""
    with connect(server.url(SUPERUSER, database), "rights") as connection:
        rows = connection.execute(
            "SELECT n.nspname || '.' || c.relname, p FROM pg_class c "
            "JOIN pg_namespace n ON n.oid = c.relnamespace, unnest(%s::text[]) p "
            "WHERE n.nspname = ANY(%s) AND c.relkind = 'r' AND (has_table_privilege(%s, c.oid, p) "
            "OR p <> ALL('{DELETE,TRUNCATE,TRIGGER}') AND has_any_column_privilege(%s, c.oid, p))",
            (
                ["SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER"],
                list(OURS),
                APP,
                APP,
            ),
        ).fetchall()
    found: dict[str, set[str]] = {}
    for table, privilege in rows:
        found.setdefault(table, set()).add(privilege)
    return found
