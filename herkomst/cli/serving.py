"""Commands of the server: serving, a development token, the schema, and what is missing."""

import contextlib
import signal
from collections.abc import Iterator
from threading import Thread
from typing import Annotated

import typer
from prometheus_client import start_http_server

from herkomst.access.factsheet import factsheet
from herkomst.access.tokens import issue
from herkomst.cli import exits, output
from herkomst.cli.diagnosis import diagnose
from herkomst.cli.record import Json
from herkomst.domain.goods import KINDS
from herkomst.metrics import Standings
from herkomst.processes.followers import followers
from herkomst.projections.runner import Runner
from herkomst.record.archive import Archive, open_archive
from herkomst.settings import Settings

_DRAIN = 8
"""Seconds within which the followers end what they do."""


def serve(
    context: typer.Context,
    work: Annotated[
        bool, typer.Option("--work", help="Run the followers in the same process.")
    ] = False,
    processes: Annotated[
        int, typer.Option(help="Processes that answer; one keeps one core busy.", min=1, max=64)
    ] = 1,
) -> None:
    """Serve the API, the page and the explorer."""
    from herkomst.cli.processes import serve_alone, serve_together, shared_metrics

    settings: Settings = context.obj
    with contextlib.ExitStack() as stack:
        archive = stack.enter_context(open_archive(settings))
        stack.enter_context(_following(archive, wanted=work))
        shared = None if processes == 1 else stack.enter_context(shared_metrics())
        metrics, _ = start_http_server(
            settings.metrics_port, "127.0.0.1", registry=Standings(archive, shared).registry
        )
        stack.callback(metrics.shutdown)
        output.errors.print(f"Serving http://{settings.host}:{settings.port}", markup=False)
        if settings.dev_login:
            output.errors.print("Development login is ON: anyone may make a token.", markup=False)
        if processes == 1:
            ended_by = serve_alone(archive, settings)
        else:
            ended_by = serve_together(settings, processes)
    if ended_by is None:
        raise typer.Exit(exits.FAILED)
    raise typer.Exit(exits.TERMINATED if ended_by == signal.SIGTERM else exits.INTERRUPTED)


@contextlib.contextmanager
def _following(archive: Archive, *, wanted: bool) -> Iterator[None]:
    """The followers in a thread beside the server, if they are wanted."""
    if not wanted:
        yield
        return
    runner = Runner(archive.urls.app, followers(archive), revive=archive.urls.revive)
    thread = Thread(target=runner.run, name="followers", daemon=True)
    thread.start()
    try:
        yield
    finally:
        runner.stop.set()
        thread.join(timeout=_DRAIN)


def token(
    context: typer.Context,
    role: Annotated[str, typer.Option()],
    unit: Annotated[str, typer.Option()],
    ttl: Annotated[int, typer.Option(help="Seconds.")] = 3600,
    json: Json = False,
) -> None:
    """Make a token, only where development login is on."""
    issued = issue(context.obj, role, unit, ttl)
    if json:
        output.document({"token": issued.token, "expires_at": issued.expires_at})
    else:
        output.line(issued.token)


def schema(
    kinds: Annotated[bool, typer.Option("--kinds", help="The kinds of goods instead.")] = False,
    json: Json = False,
) -> None:
    """Print the GraphQL schema, or the catalogue's kinds of goods."""
    from herkomst.graphql.schema import print_schema

    if not kinds:
        output.line(print_schema().rstrip())
    elif json:
        output.document(list(KINDS.values()))
    else:
        output.table((k.slug, k.dutch, k.english, " ".join(k.identifiers)) for k in KINDS.values())


def policy() -> None:
    """Print who may do what, as the factsheet for police and prosecutors."""
    output.line(factsheet().rstrip())


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
