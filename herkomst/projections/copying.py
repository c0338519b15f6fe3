"""Rows as the text that COPY reads: a third of the cost of adapting them value by value."""

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

Format = Callable[[Any], str]
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
_SPECIAL = re.compile(r"[\\\t\n\r]").search
_NULL = "\\N"


def _text(value: str) -> str:
    return value.translate(_ESCAPES) if _SPECIAL(value) else value


def _uuid(value: UUID) -> str:
    return f"{value.int:032x}"


def _timestamp(value: datetime) -> str:
    return value.isoformat()


def _boolean(value: bool) -> str:
    return "t" if value else "f"


def _bytes(value: bytes) -> str:
    return f"\\\\x{value.hex()}"


_FORMATS: dict[str, Format] = {
    "uuid": _uuid,
    "text": _text,
    "jsonb": _text,
    "date": str,
    "integer": str,
    "bigint": str,
    "boolean": _boolean,
    "timestamptz": _timestamp,
    "bytea": _bytes,
}


class RowFormat:
    """How the rows of one table are written."""

    def __init__(self, types: Sequence[str]) -> None:
        self._formats = tuple(_FORMATS[type_] for type_ in types)

    def lines(self, rows: Iterable[Sequence[Any]]) -> bytes:
        """The rows, one a line; None is NULL."""
        formats = self._formats
        return "".join(
            [
                "\t".join(
                    [
                        _NULL if value is None else form(value)
                        for form, value in zip(formats, row, strict=True)
                    ]
                )
                + "\n"
                for row in rows
            ]
        ).encode()
