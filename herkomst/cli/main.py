"""The commands as a list, and the errors that end them."""

import os
import signal
import sys
from typing import Annotated

import typer

from herkomst import __version__, memory
from herkomst.cli import authorising, exits, keeping, output, record, serving, simulation, watching
from herkomst.settings import Settings

app = typer.Typer(
    name="herkomst",
    help="Registers of second-hand goods, and the investigations on them, as immutable events.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
COMMANDS = (
    record.migrate,
    serving.serve,
    watching.work,
    record.import_,
    simulation.simulate,
    watching.status,
    watching.wait,
    watching.rebuild,
    watching.rematch,
    watching.digest,
    record.export,
    record.erase,
    record.retention,
    record.verify,
    keeping.backup,
    keeping.restore,
    keeping.rotate,
    authorising.authorise,
    authorising.deauthorise,
    serving.token,
    serving.policy,
    serving.schema,
    serving.doctor,
)
for command in COMMANDS:
    app.command(command.__name__.rstrip("_"))(command)


def _show_version(wanted: bool) -> None:
    if wanted:
        output.line(__version__)
        raise typer.Exit


@app.callback()
def herkomst(
    context: typer.Context,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Errors only.")] = False,
    no_input: Annotated[bool, typer.Option("--no-input", help="Never ask.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    """Read the settings once; every command gets them as a value."""
    del no_input, version  # Nothing here asks, with or without it.
    context.obj = Settings.read(os.environ)
    output.set_up_logging(context.obj, quiet=quiet)


def main() -> None:
    """Run the command line and exit with its code."""
    signal.signal(signal.SIGTERM, _terminate)
    memory.settle()
    code = exits.DONE
    try:
        code = app(standalone_mode=False) or exits.DONE  # A `typer.Exit` comes back as its code.
    except (KeyboardInterrupt, typer.Abort):
        sys.exit(exits.INTERRUPTED)
    except exits.Terminated:
        sys.exit(exits.TERMINATED)
    except Exception as error:
        _fail(error)
    sys.exit(code)


def _terminate(*_: object) -> None:
    raise exits.Terminated


def _fail(error: Exception) -> None:
    if hasattr(error, "format_message"):  # Of click: a wrong flag or argument.
        output.errors.print(f"{error.format_message()} See `herkomst --help`.", markup=False)
        sys.exit(exits.USAGE)
    code = exits.code_of(error)
    if code is None:
        raise error
    output.errors.print(str(error), markup=False, soft_wrap=True)
    sys.exit(code)
