"""The archive: the three applications of the record over one database and one key file."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

from psycopg import Connection
from psycopg.conninfo import conninfo_to_dict

from herkomst.record import erasures, migrations
from herkomst.record.casework import Casework
from herkomst.record.database import LOST, Database, DatabaseDown, Row, connect
from herkomst.record.erasures import Erasures
from herkomst.record.journal import Journal
from herkomst.record.keyring import Keyring, KeyringError
from herkomst.record.postgres import embedded
from herkomst.record.register import Register
from herkomst.record.standing import Standings
from herkomst.record.vault import KeyRow, SealBroken, Vault
from herkomst.settings import OPENSEARCH_PREFIX, ConfigurationError, Settings


class SchemaBehind(Exception):
    """The database does not have this version's schema."""

    code = "schema_behind"

    def __init__(self, found: int, needed: int) -> None:
        super().__init__(
            f"The database has migration {found}, this version needs {needed}; "
            "run `herkomst migrate` as its owner."
        )


class SearchServer(NamedTuple):
    """Where OpenSearch is."""

    urls: str
    """Of its nodes, separated by commas."""
    ca_file: Path | None = None
    prefix: str = OPENSEARCH_PREFIX
    """What the names of its indexes begin with."""


class Urls(NamedTuple):
    """Where the database is, for each of its users."""

    app: str
    admin: str | None
    read: str
    journal: str
    revive: Callable[[], None] | None = None
    """Starts the embedded server again after it died."""
    search: SearchServer | None = None
    """None where PostgreSQL answers searches."""


class Archive(NamedTuple):
    """Everything that is stored, opened."""

    urls: Urls
    keyring: Keyring
    database: Database
    register: Register
    casework: Casework
    journal: Journal
    standings: Standings
    erasures: Erasures | None = None
    """The list of erasures outside the database; None where nothing outlives the database."""


@contextmanager
def open_urls(settings: Settings) -> Iterator[Urls]:
    """The URLs of the database, with the embedded server running while they are used."""
    with ExitStack() as stack:
        app, admin = settings.database_url, settings.admin_database_url
        revive = None
        if app is None:
            server = stack.enter_context(embedded(settings.home))
            app, admin, revive = server.app_url, server.admin_url, server.start
        yield Urls(
            app,
            admin,
            settings.read_database_url or app,
            settings.journal_database_url or app,
            revive,
            _search_server(settings),
        )


def _search_server(settings: Settings) -> SearchServer | None:
    if settings.opensearch_url is None:
        return None
    return SearchServer(
        settings.opensearch_url, settings.opensearch_ca_file, settings.opensearch_prefix
    )


@contextmanager
def open_archive(settings: Settings) -> Iterator[Archive]:
    """Open the archive. An embedded database is brought to this version's schema by itself.

    Raises `SchemaBehind`, `KeyringError`, `DatabaseDown`, `ServerError`.
    """
    with ExitStack() as stack:
        urls = stack.enter_context(open_urls(settings))
        try:
            keyring = _prepared(settings, urls)
        except (*LOST, DatabaseDown):
            if urls.revive is None:
                raise
            urls.revive()  # It died since it was started; what was done until then is there.
            keyring = _prepared(settings, urls)
        kept = timedelta(days=settings.backup_days)
        yield stack.enter_context(
            opened(urls, keyring, Erasures(settings.home / erasures.NAME, kept))
        )


def _prepared(settings: Settings, urls: Urls) -> Keyring:
    """The keys of the database, once it is seen to have this version's schema."""
    if settings.database_url is None:
        migrate(urls)
    with connect(urls.app, "herkomst schema") as connection:
        check_schema(connection)
        keyring = open_keyring(settings)
        check_keyring(connection, keyring)
    return keyring


@contextmanager
def opened(urls: Urls, keyring: Keyring, listed: Erasures | None = None) -> Iterator[Archive]:
    """The archive over a database that was looked at already."""
    with ExitStack() as stack:
        database = Database(urls.app, revive=urls.revive)
        stack.callback(database.close)
        journal_database = database
        if urls.journal != urls.app:
            journal_database = Database(urls.journal, name="herkomst journal")
            stack.callback(journal_database.close)
        register = Register(database, keyring)
        stack.callback(register.close)
        yield Archive(
            urls,
            keyring,
            database,
            register,
            Casework(database, keyring),
            Journal(journal_database, keyring),
            Standings(database),
            listed,
        )


def migrate(urls: Urls) -> list[str]:
    """Bring the database to this version's schema. A journal in another database is migrated by
    running this on that one."""
    if urls.admin is None:
        raise ConfigurationError(
            "admin_url_missing",
            "HERKOMST_ADMIN_DATABASE_URL is not set, so nobody may change the schema.",
            "Set it to the owner of the database, for the time of the migration.",
        )
    role = str(conninfo_to_dict(urls.app)["user"])
    with connect(urls.admin, "herkomst migrate", options="-c lock_timeout=10s") as connection:
        return migrations.migrate(connection, role)


def check_schema(connection: Connection[Row]) -> None:
    """Raises `SchemaBehind` when a migration of this version has not run."""
    found, needed = migrations.applied(connection), migrations.migrations()[-1].number
    if found < needed:
        raise SchemaBehind(found, needed)


def open_keyring(settings: Settings) -> Keyring:
    """The key file that is named, or one that is made under the home on first use."""
    if settings.names_kek_file:
        return Keyring.open(settings.kek_file)
    return Keyring.create(settings.kek_file)


def check_keyring(connection: Connection[Row], keyring: Keyring) -> None:
    """Raises `KeyringError` when the key file is not the one that this database was sealed with,
    before anything more is sealed, hashed or chained with the wrong one."""
    row = connection.execute("SELECT key_id, wrapped, kek FROM vault.keys LIMIT 1").fetchone()
    if row is None:
        return
    try:
        Vault(keyring).unwrap(KeyRow(*row))
    except SealBroken as error:
        raise KeyringError(
            "keyring_of_another",
            str(error),
            "Set HERKOMST_KEK_FILE to the file that belongs to this database.",
        ) from error
