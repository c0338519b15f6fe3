"""Commands that keep what is stored safe: rotating its keys, backing it up, restoring it."""

from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from herkomst.cli import exits, output
from herkomst.cli.output import Json
from herkomst.cli.progress import progress_bar
from herkomst.processes.restoring import settle
from herkomst.record import backup as backups
from herkomst.record import rotation
from herkomst.record.archive import open_archive
from herkomst.record.database import connect


def backup(
    context: typer.Context,
    out: Annotated[Path, typer.Option(help="Directory: of a new backup, or of one to go on.")],
    portable: Annotated[
        bool, typer.Option("--portable", help="A dump, which another server takes in too.")
    ] = False,
    json: Json = False,
) -> None:
    """Begin a backup, or bring the one that is there up to this moment. The keys are not in it."""
    manifest = backups.backup(context.obj, out.absolute(), portable=portable)
    if json:
        output.document(manifest)
        return
    output.table(msgspec.to_builtins(manifest).items())
    output.errors.print(
        f"Keep the key file {context.obj.kek_file} elsewhere: without it nobody reads a name, "
        "and with both anybody does.",
        markup=False,
        soft_wrap=True,
    )


def restore(
    context: typer.Context,
    directory: Annotated[Path | None, typer.Argument(help="Where the backup lies.")] = None,
    until: Annotated[
        str | None, typer.Option(help="As of when, such as 2026-11-22T14:05:00+01:00.")
    ] = None,
    here: Annotated[
        bool,
        typer.Option("--here", help="It was restored by other means: only erase again."),
    ] = False,
    json: Json = False,
) -> None:
    """Restore a backup into an empty database; who was erased since is erased again first."""
    if here == (directory is not None) or (here and until):
        exits.end(exits.USAGE, "Name the directory of a backup, or --here and nothing else.")
    if directory is None:
        told = backups.erase_again(context.obj, settle=settle)
    else:
        moment = _moment(until)
        told = backups.restore(context.obj, directory.absolute(), until=moment, settle=settle)
    if json:
        output.document(told)
    else:
        output.table(msgspec.to_builtins(told).items())


def _moment(written: str | None) -> datetime | None:
    if written is None:
        return None
    try:
        moment = datetime.fromisoformat(written)
    except ValueError:
        exits.end(exits.USAGE, f"{written!r} is no moment; write 2026-11-22T14:05:00+01:00.")
    if moment.tzinfo is None:
        exits.end(exits.USAGE, f"{written!r} has no offset; write 2026-11-22T14:05:00+01:00.")
    return moment


def rotate(
    context: typer.Context,
    add: Annotated[
        bool, typer.Option("--add", help="Only add a key, to lay the file on other hosts first.")
    ] = False,
    retire: Annotated[
        bool, typer.Option("--retire", help="Take out the keys that wrap nothing any more.")
    ] = False,
    json: Json = False,
) -> None:
    """Wrap all data keys with a fresh key, while others serve; one that was cut off goes on."""
    if add and retire:
        exits.end(exits.USAGE, "--add and --retire are two steps: name one.")
    with ExitStack() as stack:
        archive = stack.enter_context(open_archive(context.obj))
        urls = dict.fromkeys((archive.database.url, archive.journal.database.url))
        connections = [stack.enter_context(connect(url, "herkomst rotate")) for url in urls]
        keyring = archive.keyring
        if retire:
            told: dict[str, object] = {"retired": rotation.retire(connections, keyring)}
        elif add:
            told = {"current": rotation.add(connections, keyring), "added": True}
        else:
            bar = stack.enter_context(progress_bar())
            task = bar.add_task("rotate", total=None, lines="")

            def progress(done: int, total: int) -> None:
                bar.update(task, completed=done, total=total, lines=f"{done} data keys")

            told = rotation.rotate(connections, keyring, progress=progress)._asdict()
    if json:
        output.document(told)
    else:
        output.table(told.items())
