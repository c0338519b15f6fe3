"""The command that finds what is reachable, which versions, what is missing."""

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from urllib.parse import urlsplit, urlunsplit

import anyio
import msgspec
import typer
from psycopg import Connection
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from herkomst import __version__
from herkomst.access.oidc import (
    Client,
    Metadata,
    Provider,
    ProviderDown,
    client_of,
    open_http,
)
from herkomst.cli import exits, output
from herkomst.cli.output import Json
from herkomst.projections import registry
from herkomst.projections.status import SEQUENCES
from herkomst.record import migrations, replica
from herkomst.record.archive import Urls, open_keyring, open_urls
from herkomst.record.database import DatabaseDown, Row, connect
from herkomst.record.keyring import KeyringError
from herkomst.record.postgres import OWNER, embedded
from herkomst.record.programs import ServerError
from herkomst.record.reader import SequenceReader
from herkomst.search import postgres
from herkomst.search.engines import EngineDown
from herkomst.search.questions import COUNTED
from herkomst.settings import ConfigurationError, Settings

CLOCKS_DIFFER = timedelta(minutes=1)
"""By how much a clock may be behind the record before `doctor` says so."""
_AHEAD = (
    "SELECT max(recorded_at) - clock_timestamp() FROM ("
    "(SELECT recorded_at FROM record.register_events ORDER BY notification_id DESC LIMIT 1)"
    " UNION ALL "
    "(SELECT recorded_at FROM record.casework_events ORDER BY notification_id DESC LIMIT 1)"
    " UNION ALL "
    "(SELECT recorded_at FROM record.journal_events ORDER BY notification_id DESC LIMIT 1)"
    ") AS newest"
)


class Check(msgspec.Struct):
    name: str
    ok: bool
    message: str
    cure: str | None = None


class DatabaseReport(msgspec.Struct):
    url: str
    """Of the embedded server, with its password: it listens only on this host. Of any other
    server, without."""
    server_version: str
    embedded: bool
    schema: int
    events: dict[str, int]
    owner_url: str | None = None


class OpenSearchReport(msgspec.Struct):
    url: str
    """Of its nodes, without a password."""
    status: str | None
    """`green`, `yellow` where copies are missing, `red` where documents are; None where nobody
    answers."""
    nodes: int
    prefix: str
    """What the names of our indexes begin with."""


class Report(msgspec.Struct):
    version: str
    database: DatabaseReport | None
    opensearch: OpenSearchReport | None
    checks: list[Check]


def doctor(context: typer.Context, json: Json = False) -> None:
    """Say what is reachable, in which version, and what is missing and how to get it."""
    report = diagnose(context.obj)
    if json:
        output.document(report)
    else:
        output.line(f"herkomst {report.version}")
        if report.database:
            output.line(f"database {report.database.server_version} at {report.database.url}")
        output.table(
            ("ok" if c.ok else "NOT OK", c.name, c.message, "" if c.ok else c.cure or "")
            for c in report.checks
        )
    if not all(check.ok for check in report.checks):
        raise typer.Exit(exits.SERVER_DOWN if report.database is None else exits.FAILED)


def diagnose(settings: Settings) -> Report:
    """Look at everything; nothing is changed but that the embedded server is started."""
    report = Report(__version__, None, None, [])
    with ExitStack() as stack:
        try:
            urls = stack.enter_context(open_urls(settings))
            connection = stack.enter_context(connect(urls.app, "herkomst doctor"))
        except (DatabaseDown, ServerError) as error:
            cure = getattr(error, "cure", "Start it, or mend HERKOMST_DATABASE_URL.")
            report.checks.append(Check("database", False, str(error), cure))
            return report
        report.database = _database(settings, urls, connection)
        report.checks += _checks(settings, connection, report.database)
        if settings.opensearch_url is not None:
            report.opensearch = _opensearch(settings)
            report.checks.append(_cluster(report.opensearch))
        if settings.read_database_url is not None:
            report.checks.append(_replica(settings.read_database_url, connection))
    return report


def _replica(url: str, connection: Connection[Row]) -> Check:
    try:
        found = replica.look(url, connection)
    except replica.ReplicaUnusable as error:
        return Check("replica", False, f"{error.message} {error.detail}".strip(), error.cure)
    return Check("replica", True, f"{_place(url)}: {found}")


def _place(url: str) -> str:
    """A URL without its secrets."""
    secrets = {"password", "sslpassword"}
    parts = {k: v for k, v in conninfo_to_dict(url).items() if k not in secrets}
    return make_conninfo(**parts)  # type: ignore[arg-type]


def _database(settings: Settings, urls: Urls, connection: Connection[Row]) -> DatabaseReport:
    schema = migrations.applied(connection)
    events = {name: SequenceReader(name).head(connection) if schema else 0 for name in SEQUENCES}
    version = str(connection.info.parameter_status("server_version"))
    if settings.database_url is not None:
        return DatabaseReport(_place(urls.app), version, False, schema, events)
    server = embedded(settings.home)
    return DatabaseReport(
        server.tcp_url("herkomst_app"), version, True, schema, events, server.tcp_url(OWNER)
    )


def _checks(
    settings: Settings, connection: Connection[Row], database: DatabaseReport
) -> Iterator[Check]:
    needed = migrations.migrations()[-1].number
    yield Check(
        "schema",
        database.schema == needed,
        f"migration {database.schema} of {needed}",
        "Run `herkomst migrate` as the owner of the database.",
    )
    row = connection.execute(
        "SELECT current_setting('fsync'), current_setting('synchronous_commit'), "
        "(SELECT rolsuper FROM pg_roles WHERE rolname = current_user)"
    ).fetchone()
    assert row is not None
    yield Check(
        "durability",
        row[0] == "on" and row[1] != "off",
        f"fsync {row[0]}, synchronous_commit {row[1]}",
        "Switch both on: what is acknowledged must survive a crash.",
    )
    yield Check(
        "role",
        not row[2],
        f"connected as {connection.info.user}",
        "Give HERKOMST_DATABASE_URL a role that may only connect; `migrate` grants the rest.",
    )
    if database.schema == needed:
        yield _followers(connection)
        yield _clock(connection)
    try:
        open_keyring(settings)
    except KeyringError as error:
        yield Check("keys", False, error.message, error.cure)
    else:
        yield Check("keys", True, "the key file opens")
    yield from _provider(settings)
    if settings.opensearch_url is None and database.schema == needed:
        yield _search(connection)


def _search(connection: Connection[Row]) -> Check:
    held = postgres.documents_held(connection)
    told = f"PostgreSQL answers searches, over some {held:,} documents"
    if held > postgres.LARGEST:
        told += (
            f"; a count reads 'more than {COUNTED:,}' because it counts all up to "
            f"{postgres.LARGEST:,} alone: set HERKOMST_OPENSEARCH_URL for more"
        )
    return Check("search", True, told)


def _opensearch(settings: Settings) -> OpenSearchReport:
    from herkomst.search.opensearch import Index

    urls, prefix = settings.opensearch_url or "", settings.opensearch_prefix
    shown = ",".join(_without_password(url) for url in urls.split(","))
    try:
        with Index(urls, settings.opensearch_ca_file, prefix) as index:
            health = index.health()
    except EngineDown:
        return OpenSearchReport(shown, None, 0, prefix)
    return OpenSearchReport(shown, health.status, health.number_of_nodes, prefix)


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    host = f"{parts.hostname}:{parts.port}" if parts.port else parts.hostname or ""
    return urlunsplit((parts.scheme, host, parts.path, "", ""))


def _cluster(found: OpenSearchReport) -> Check:
    told = f"{found.url}, indexes {found.prefix}-*: "
    told += f"{found.status}, nodes: {found.nodes}" if found.status else "nobody answers"
    return Check(
        "opensearch",
        found.status in ("green", "yellow"),
        told,
        "Start it, or mend HERKOMST_OPENSEARCH_URL; without one PostgreSQL answers. A red cluster "
        "lacks documents: start the node that has them, or run `herkomst rebuild index`.",
    )


def _clock(connection: Connection[Row]) -> Check:
    row = connection.execute(_AHEAD).fetchone()
    ahead = timedelta() if row is None or row[0] is None else max(row[0], timedelta())
    told = "the clock of the database is not behind the record"
    if is_behind := ahead > CLOCKS_DIFFER:
        told = f"the clock of the database is {ahead} behind the newest event"
    return Check(
        "clock",
        not is_behind,
        told,
        "Set the clock right. If it was ahead before, nothing is lost: what is appended bears the "
        "moment of that event until the clock has passed it.",
    )


def _followers(connection: Connection[Row]) -> Check:
    stopped = [s for s in registry.standings(connection) if s.state == "failed"]
    told = "; ".join(f"{s.name} stopped at {s.error}" for s in stopped)
    return Check(
        "followers",
        not stopped,
        told or "none was stopped by an event",
        "Run `herkomst verify`. What it names was changed behind our back: restore a backup. Where "
        "it names nothing, start the followers with a version that knows the event; they go on.",
    )


def _provider(settings: Settings) -> Iterator[Check]:
    """The identity provider, where one is configured."""
    try:
        client = client_of(settings)
    except ConfigurationError as error:
        yield Check("identity provider", False, error.message, error.cure)
        return
    if client is None:
        return
    cure = "Let HERKOMST_OIDC_ISSUER be the issuer exactly as the provider writes it."
    try:
        metadata = anyio.run(_describe, client)
    except ProviderDown as error:
        yield Check("identity provider", False, error.message, cure)
    else:
        message = f"{metadata.issuer} answers"
        if client.secret is None:
            message += "; without a secret of the client bearer tokens last 45 seconds"
        yield Check("identity provider", True, message)


async def _describe(client: Client) -> Metadata:
    async with open_http() as http:
        return await Provider(client, http).metadata()
