"""The command line: every command of the product, and what each error ends with."""

from herkomst.cli.main import main

__all__ = ["main"]
