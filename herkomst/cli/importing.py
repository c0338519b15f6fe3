"""The command that takes a file in."""

import sys
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Annotated, BinaryIO, TextIO

import msgspec
import typer

from herkomst.cli import exits, output
from herkomst.cli.output import Json
from herkomst.cli.progress import progress_bar
from herkomst.intake.files import Delivery, Summary, formats, import_file, import_staff
from herkomst.intake.staff import STAFF_KINDS
from herkomst.record.archive import open_archive


def import_(
    context: typer.Context,
    file: Annotated[str, typer.Argument(help="A file, or - for standard input.")],
    as_: Annotated[
        str,
        typer.Option(
            "--as", help=f"dealers, purchases, stolen, staff, reads, or {', '.join(formats())}."
        ),
    ],
    source: Annotated[str, typer.Option(help="The source of every record in the file.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Decide, and change nothing.")] = False,
    rejects: Annotated[
        Path | None, typer.Option(help="Write what was refused, and why, as NDJSON.")
    ] = None,
    json: Json = False,
) -> None:
    """Take in a file. Repeating it changes nothing, also after it was killed half-way."""
    with ExitStack() as stack:
        stream, size = _open(file, stack)
        archive = stack.enter_context(open_archive(context.obj))
        told: TextIO | None = None
        if rejects is not None:
            told = stack.enter_context(rejects.open("w", encoding="utf-8"))
        bar = stack.enter_context(progress_bar())
        task = bar.add_task(f"import {Path(file).name}", total=size, lines="")

        def progress(position: int, summary: Summary) -> None:
            bar.update(task, completed=position, lines=f"{summary.read} lines")

        delivery = Delivery(stream, file, as_, source)
        take = partial(import_file, archive.register)
        if as_ in STAFF_KINDS:
            take = partial(import_staff, archive)
        summary = take(delivery, dry_run=dry_run, rejects=told, progress=progress)
        summary.rejects = str(rejects) if rejects is not None else None
    _tell_import(summary, json=json)


def _open(file: str, stack: ExitStack) -> tuple[BinaryIO, int | None]:
    if file == "-":
        return sys.stdin.buffer, None
    path = Path(file)
    if not path.is_file():
        exits.end(exits.USAGE, f"There is no file {file}.")
    return stack.enter_context(path.open("rb")), path.stat().st_size


def _tell_import(summary: Summary, *, json: bool) -> None:
    if json:
        output.document(summary)
    else:
        output.table((name, value) for name, value in msgspec.to_builtins(summary).items())
    if not summary.is_clean:
        raise typer.Exit(exits.SOME_REJECTED)
