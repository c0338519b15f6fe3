"""Exit codes, and the two ways of ending early."""

from typing import NoReturn

import typer

from herkomst.cli.output import errors

DONE, FAILED, USAGE, SOME_REJECTED, TIMED_OUT, BROKEN = 0, 1, 2, 3, 4, 5
SERVER_DOWN, BAD_CONFIGURATION, INTERRUPTED, TERMINATED = 69, 78, 130, 143


class Terminated(BaseException):
    """SIGTERM came; the command drains and ends."""


def end(code: int, message: str | None = None) -> NoReturn:
    """Say why on standard error, and exit."""
    if message:
        errors.print(message, markup=False, soft_wrap=True)
    raise typer.Exit(code)
