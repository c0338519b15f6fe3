"""Numbered migrations: record, vault, positions and registry. Read models make themselves.

A migration runs once, in a transaction of its own, under a lock, and is remembered with the hash
of its text: a file that changed after it ran is an error, not a surprise.
"""

from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from psycopg import Connection, sql

from herkomst.settings import ConfigurationError

DIRECTORY = Path(__file__).parents[1] / "migrations"
if not DIRECTORY.is_dir():  # In a checkout they lie beside the package, in a wheel inside it.
    DIRECTORY = Path(__file__).parents[2] / "migrations"
_LOCK = 0x4845524B  # "HERK"

_GRANTS = (
    "GRANT USAGE ON SCHEMA record, vault, follow, read, search, intake, access TO {app}",
    "GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA record TO {app}",
    "REVOKE UPDATE, DELETE, TRUNCATE ON ALL TABLES IN SCHEMA record FROM {app}",
    "REVOKE INSERT ON record.migrations FROM {app}",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA vault TO {app}",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA follow TO {app}",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA intake TO {app}",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA access TO {app}",
    "GRANT CREATE ON SCHEMA read TO {app}",
    "GRANT CREATE ON SCHEMA search TO {app}",
)


class MigrationChanged(Exception):
    """A migration that has run does not read as it did."""

    code = "migration_changed"


class Migration(NamedTuple):
    number: int
    name: str
    text: str

    @property
    def sha256(self) -> str:
        return sha256(self.text.encode()).hexdigest()


def migrations() -> list[Migration]:
    """All migrations of this version, in order."""
    return [
        Migration(int(path.stem[:4]), path.stem, path.read_text("utf-8"))
        for path in sorted(DIRECTORY.glob("[0-9][0-9][0-9][0-9]_*.sql"))
    ]


def applied(connection: Connection[tuple[object, ...]]) -> int:
    """Number of the last migration that has run; 0 for an empty database."""
    if connection.execute("SELECT to_regclass('record.migrations')").fetchone() == (None,):
        return 0
    row = connection.execute("SELECT coalesce(max(number), 0) FROM record.migrations").fetchone()
    assert row is not None
    return int(str(row[0]))


def migrate(connection: Connection[tuple[object, ...]], app_role: str) -> list[str]:
    """Bring the database to this version's schema, as its owner; the names of what ran.

    Grants the application's role what it needs and no more: it may add to the record, never
    change it. Raises `MigrationChanged`, and `ConfigurationError` for a database whose encoding
    does not hold every text.
    """
    _must_be_unicode(connection)
    ran: list[str] = []
    connection.autocommit = True
    connection.execute("SELECT pg_advisory_lock(%s)", (_LOCK,))
    try:
        for migration in migrations():
            if _pending(connection, migration):
                _run(connection, migration)
                ran.append(migration.name)
        with connection.transaction():
            for grant in _GRANTS:
                connection.execute(sql.SQL(grant).format(app=sql.Identifier(app_role)))
    finally:
        connection.execute("SELECT pg_advisory_unlock(%s)", (_LOCK,))
    return ran


def _must_be_unicode(connection: Connection[tuple[object, ...]]) -> None:
    encoding = connection.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        raise ConfigurationError(
            "database_not_unicode",
            f"The database has the encoding {encoding}, which does not hold every name.",
            "Create it anew with ENCODING 'UTF8' TEMPLATE template0; a server that was made "
            "without a locale makes databases of another.",
        )


def _pending(connection: Connection[tuple[object, ...]], migration: Migration) -> bool:
    if connection.execute("SELECT to_regclass('record.migrations')").fetchone() == (None,):
        return True
    row = connection.execute(
        "SELECT sha256 FROM record.migrations WHERE number = %s", (migration.number,)
    ).fetchone()
    if row is not None and row[0] != migration.sha256:
        raise MigrationChanged(
            f"Migration {migration.name} ran here with another text; restore the file and write "
            "the change as a new migration."
        )
    return row is None


def _run(connection: Connection[tuple[object, ...]], migration: Migration) -> None:
    with connection.transaction():
        connection.execute(migration.text.encode())
        connection.execute(
            "CREATE TABLE IF NOT EXISTS record.migrations (number integer PRIMARY KEY, "
            "name text NOT NULL, sha256 text NOT NULL, applied_at timestamptz NOT NULL "
            "DEFAULT now())"
        )
        connection.execute(
            "INSERT INTO record.migrations (number, name, sha256) VALUES (%s, %s, %s)",
            (migration.number, migration.name, migration.sha256),
        )
