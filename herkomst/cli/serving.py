"""Commands of the server: serving, and what it can be asked."""

import contextlib
import signal
from collections.abc import Iterator
from threading import Thread
from typing import Annotated

import typer
from prometheus_client import start_http_server

from herkomst.cli import exits, output
from herkomst.cli.output import Json
from herkomst.cli.processes import serve_alone, serve_together, shared_metrics
from herkomst.domain.goods import KINDS
from herkomst.graphql.schema import print_schema
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


def schema(
    kinds: Annotated[bool, typer.Option("--kinds", help="The kinds of goods instead.")] = False,
    json: Json = False,
) -> None:
    """Print the GraphQL schema, or the catalogue's kinds of goods."""
    if not kinds:
        output.line(print_schema().rstrip())
    elif json:
        output.document(list(KINDS.values()))
    else:
        output.table((k.slug, k.dutch, k.english, " ".join(k.identifiers)) for k in KINDS.values())
