"""What a command writes: one document on standard output, everything else on standard error."""

import logging
import os
import sys
from collections.abc import Iterable
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.logging import RichHandler

from herkomst.settings import Settings

Json = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]

errors = Console(stderr=True, no_color="NO_COLOR" in os.environ, highlight=False)


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        told: dict[str, Any] = {
            "at": self.formatTime(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            told["exception"] = self.formatException(record.exc_info)
        return msgspec.json.encode(told).decode()


def set_up_logging(settings: Settings, *, quiet: bool) -> None:
    """Logs go to standard error, as text or as JSON lines."""
    handler: logging.Handler
    if settings.log_format == "json":
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(_JsonLines())
    else:
        handler = RichHandler(console=errors, show_path=False, rich_tracebacks=False)
        handler.setFormatter(logging.Formatter("%(message)s"))
    level = logging.ERROR if quiet else settings.log_level.upper()
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for chatty in ("psycopg", "httpx"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def document(content: object) -> None:
    """One JSON document."""
    sys.stdout.write(msgspec.json.encode(content).decode() + "\n")


def line(text: str) -> None:
    sys.stdout.write(text + "\n")


def table(rows: Iterable[Iterable[object]]) -> None:
    """Aligned columns, for people."""
    cells = [[("-" if cell is None else str(cell)) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        line("  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip())
