"""The command that lets records out."""

import sys
from collections.abc import Iterable
from contextlib import ExitStack
from itertools import chain
from pathlib import Path
from typing import Annotated

import typer

from herkomst.cli import exits
from herkomst.investigations.exports import (
    EXPORTS,
    OF_A_RECORD,
    export_lines,
    trail_lines,
    trail_on_paper,
)
from herkomst.record.archive import Archive, open_archive


def export(
    context: typer.Context,
    what: Annotated[str, typer.Argument(help=" or ".join([*EXPORTS, *OF_A_RECORD]))],
    purpose: Annotated[str, typer.Option(help="case:ID, task:ID or duty:ID.")],
    ground: Annotated[str, typer.Option(help="Code of the legal ground, such as wpg:8.")],
    of: Annotated[str | None, typer.Argument(help="Of a trail: the id of the record.")] = None,
    as_: Annotated[
        str, typer.Option("--as", help="ndjson, or pdf for a trail on paper.")
    ] = "ndjson",
    out: Annotated[Path | None, typer.Option(help="A file, in place of standard output.")] = None,
) -> None:
    """Write records as NDJSON; journaled before the first line, like every read."""
    if what not in {*EXPORTS, *OF_A_RECORD}:
        there_is = ", ".join([*EXPORTS, *OF_A_RECORD])
        exits.end(exits.USAGE, f"There is no export {what!r}; there is {there_is}.")
    if (of is not None) != (what in OF_A_RECORD):
        exits.end(
            exits.USAGE, "A trail is of one record, as in `export trail ID`; nothing else is."
        )
    if as_ not in ("ndjson", "pdf") or (as_ == "pdf" and of is None):
        exits.end(
            exits.USAGE, f"There is no {what} as {as_!r}; there is ndjson, and a trail as pdf."
        )
    with ExitStack() as stack:
        archive = stack.enter_context(open_archive(context.obj))
        parts = iter(_parts(archive, what, of, as_, purpose=purpose, ground=ground))
        first = next(parts, b"")  # Where it is refused, the file that is there stays as it is.
        stream = stack.enter_context(out.open("wb")) if out else sys.stdout.buffer
        stream.writelines(chain([first], parts))


def _parts(
    archive: Archive, what: str, of: str | None, as_: str, *, purpose: str, ground: str
) -> Iterable[bytes]:
    if of is None:
        return export_lines(archive, what, purpose=purpose, ground=ground)
    if as_ == "pdf":
        return [trail_on_paper(archive, of, purpose=purpose, ground=ground)]
    return trail_lines(archive, of, purpose=purpose, ground=ground)
