"""The processes of the server: one, or several that share one address.

An interpreter keeps one core busy. Several share nothing but the database, so whichever takes a
request answers it alike; what a session or a document needs is stored, or sealed in what comes
with the request. One that dies is replaced.
"""

import asyncio
import contextlib
import logging
import os
import signal
import sys
from collections.abc import Iterator
from multiprocessing import get_context
from multiprocessing.connection import wait
from multiprocessing.context import SpawnProcess
from pathlib import Path
from socket import socket
from tempfile import TemporaryDirectory
from time import sleep

import uvicorn
import uvloop
from starlette.applications import Starlette

from herkomst import memory
from herkomst.app import create_app
from herkomst.cli import output
from herkomst.graphql.endpoint import BODY_LIMIT
from herkomst.record.archive import Archive, open_archive
from herkomst.settings import Settings

log = logging.getLogger(__name__)

DRAIN = 8
"""Seconds within which open answers end after SIGTERM; the whole is done in ten."""
SWITCH = 0.0002
"""Seconds that a thread may keep the interpreter while another waits for it. Who commits an entry
of the journal asks for it after each round trip, and would wait for Python's 5 ms each time: at a
hundred reads a second the journal would cost two to three times as much (`bench/journal.py`)."""
_PAUSE = 1.0
"""Seconds before one that died is replaced, so that none dies and comes all the time."""


class _Server(uvicorn.Server):
    """uvicorn with our own way of ending: drain, then say so by the exit code."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def serve_alone(
    archive: Archive, settings: Settings, listening: socket | None = None
) -> int | None:
    """Serve in this process until it is told to end; the signal that told it."""
    sys.setswitchinterval(SWITCH)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_serve(archive, settings, listening))


async def _serve(archive: Archive, settings: Settings, listening: socket | None) -> int | None:
    server = _Server(_config(create_app(archive, settings), settings))
    memory.settle()  # By now the schema is loaded too.
    came: list[int] = []

    def stop(number: int) -> None:
        came.append(number)
        server.should_exit = True

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop, number)
    await server.serve(None if listening is None else [listening])
    return came[0] if came else None


def serve_together(settings: Settings, processes: int) -> int:
    """Serve in so many processes until this one is told to end; the signal that told it."""
    came: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, _: came.append(number))
    with contextlib.closing(_config(None, settings).bind_socket()) as listening:
        running = [_start(settings, listening) for _ in range(processes)]
        try:
            while not came:
                running = [_kept(process, settings, listening) for process in running]
                wait([process.sentinel for process in running], timeout=0.2)
        finally:
            _end(running)
    return came[0]


def _kept(process: SpawnProcess, settings: Settings, listening: socket) -> SpawnProcess:
    """The same process, or another in its place."""
    if process.exitcode is None:
        return process
    log.error("server process %s ended with %s, and is replaced", process.pid, process.exitcode)
    sleep(_PAUSE)
    return _start(settings, listening)


def _start(settings: Settings, listening: socket) -> SpawnProcess:
    quiet = logging.getLogger().level >= logging.ERROR
    process = get_context("spawn").Process(
        target=_serve_beside_others, args=(settings, listening), kwargs={"quiet": quiet}
    )
    process.start()
    return process


def _serve_beside_others(settings: Settings, listening: socket, *, quiet: bool) -> None:
    output.set_up_logging(settings, quiet=quiet)
    with open_archive(settings) as archive:
        serve_alone(archive, settings, listening)


def _end(running: list[SpawnProcess]) -> None:
    for process in running:
        process.terminate()
    for process in running:
        process.join(DRAIN + 1)
        process.kill()
        process.join()


@contextlib.contextmanager
def shared_metrics() -> Iterator[Path]:
    """A directory through which processes that are started in the block share their metrics."""
    with TemporaryDirectory(prefix="herkomst-metrics-") as directory:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = directory
        try:
            yield Path(directory)
        finally:
            del os.environ["PROMETHEUS_MULTIPROC_DIR"]


def _config(app: Starlette | None, settings: Settings) -> uvicorn.Config:
    return uvicorn.Config(
        app,  # type: ignore[arg-type]
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=DRAIN,
        ws_max_size=BODY_LIMIT,
    )
