"""Commands of the server: serving, and what it can be asked."""

import asyncio
import contextlib
import signal
import sys
from collections.abc import Iterator
from threading import Thread
from typing import Annotated

import typer
import uvicorn
import uvloop
from prometheus_client import start_http_server

from herkomst.app import create_app
from herkomst.cli import exits, output
from herkomst.cli.output import Json
from herkomst.domain.goods import KINDS
from herkomst.graphql.endpoint import BODY_LIMIT
from herkomst.graphql.schema import print_schema
from herkomst.metrics import Standings
from herkomst.processes.followers import followers
from herkomst.projections.runner import Runner
from herkomst.record.archive import Archive, open_archive
from herkomst.settings import Settings

DRAIN = 8
"""Seconds within which open answers end after SIGTERM; the whole is done in ten."""


SWITCH = 0.0002
"""Seconds that a thread may keep the interpreter while another waits for it. Who commits an entry
of the journal asks for it after each round trip, and would wait for Python's 5 ms each time: at a
hundred reads a second the journal would cost two to three times as much (`bench/journal.py`)."""


class _Server(uvicorn.Server):
    """uvicorn with our own way of ending: drain, then say so by the exit code."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def serve(
    context: typer.Context,
    work: Annotated[
        bool, typer.Option("--work", help="Run the followers in the same process.")
    ] = False,
) -> None:
    """Serve the API, the page and the explorer."""
    sys.setswitchinterval(SWITCH)
    settings: Settings = context.obj
    with open_archive(settings) as archive, _following(archive, wanted=work):
        metrics, _ = start_http_server(
            settings.metrics_port, "127.0.0.1", registry=Standings(archive).registry
        )
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            ended_by = runner.run(_serve(archive, settings))
        metrics.shutdown()
    if ended_by == signal.SIGTERM:
        raise typer.Exit(exits.TERMINATED)
    if ended_by == signal.SIGINT:
        raise typer.Exit(exits.INTERRUPTED)


async def _serve(archive: Archive, settings: Settings) -> int | None:
    server = _Server(
        uvicorn.Config(
            create_app(archive, settings),
            host=settings.host,
            port=settings.port,
            log_config=None,
            server_header=False,
            timeout_graceful_shutdown=DRAIN,
            ws_max_size=BODY_LIMIT,
        )
    )
    came: list[int] = []

    def stop(number: int) -> None:
        came.append(number)
        server.should_exit = True

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop, number)
    output.errors.print(f"Serving http://{settings.host}:{settings.port}", markup=False)
    if settings.dev_login:
        output.errors.print("Development login is ON: anyone may make a token.", markup=False)
    await server.serve()
    return came[0] if came else None


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
        thread.join(timeout=DRAIN)


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
