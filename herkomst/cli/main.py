"""The commands as a list, and the errors that end them."""

import os
import signal
import sys
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from herkomst import __version__, memory
from herkomst.cli import exits, output
from herkomst.settings import Settings

COMMANDS = {
    "migrate": "record.migrate",
    "serve": "serving.serve",
    "work": "watching.work",
    "import": "importing.import_",
    "simulate": "simulation.simulate",
    "status": "watching.status",
    "wait": "watching.wait",
    "rebuild": "watching.rebuild",
    "rematch": "watching.rematch",
    "digest": "watching.digest",
    "export": "exporting.export",
    "erase": "erasing.erase",
    "retention": "erasing.retention",
    "verify": "record.verify",
    "backup": "keeping.backup",
    "restore": "keeping.restore",
    "rotate": "keeping.rotate",
    "authorise": "authorising.authorise",
    "deauthorise": "authorising.deauthorise",
    "token": "authorising.token",
    "policy": "authorising.policy",
    "schema": "serving.schema",
    "doctor": "diagnosis.doctor",
}
"""Each command by its name, and which function of this room it is."""
PLAIN: dict[str, Any] = {
    "add_completion": False,
    "pretty_exceptions_enable": False,
    "rich_markup_mode": None,
}


class Commands(TyperGroup):
    """The commands, each imported when it is asked for: the libraries of all of them together take
    a second, and most need few."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - as click calls it
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        # What nobody knows is held against all of them, for the one that was meant.
        for name in [cmd_name] if cmd_name in COMMANDS else COMMANDS:
            if name not in self.commands:
                self.add_command(_command(name), name)
        return super().get_command(ctx, cmd_name)


def _command(name: str) -> Any:
    module, function = COMMANDS[name].split(".")
    alone = typer.Typer(**PLAIN)
    alone.command(name)(getattr(import_module(f"herkomst.cli.{module}"), function))
    return typer.main.get_command(alone)


app = typer.Typer(
    name="herkomst",
    help="Registers of second-hand goods, and the investigations on them, as immutable events.",
    cls=Commands,
    no_args_is_help=True,
    **PLAIN,
)


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
    memory.settle()  # By now the command that was asked for is loaded.
    context.obj = Settings.read(os.environ)
    output.set_up_logging(context.obj, quiet=quiet)


def main() -> None:
    """Run the command line and exit with its code."""
    signal.signal(signal.SIGTERM, _terminate)
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
    from herkomst.cli.causes import code_of  # It names errors of every room, and loads them all.

    code = code_of(error)
    if code is None:
        raise error
    output.errors.print(str(error), markup=False, soft_wrap=True)
    sys.exit(code)
