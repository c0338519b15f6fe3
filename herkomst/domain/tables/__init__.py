"""Packaged tables: facts that change with the years, kept out of the code."""

import csv
from importlib.resources import files


def rows(name: str) -> list[dict[str, str]]:
    """The rows of one table, in the order of the file; an empty cell is an empty string."""
    return list(csv.DictReader(text(name).splitlines()))


def text(name: str) -> str:
    """One table as it is written."""
    return files(__name__).joinpath(f"{name}.csv").read_text(encoding="utf-8")
