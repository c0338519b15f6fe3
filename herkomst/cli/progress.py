"""How far a command is that goes through many lines."""

import sys

from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from herkomst.cli import output


def progress_bar() -> Progress:
    """A bar on a terminal, and nothing elsewhere."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[lines]}"),
        TimeRemainingColumn(),
        console=output.errors,
        disable=not sys.stderr.isatty(),
    )
