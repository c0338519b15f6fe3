"""Rows as the bytes that COPY reads, made a column at a time and in the server's own binary form.

Neither side then spells out and reads again a moment or an id, and nothing needs an escape.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import chain, repeat
from struct import Struct
from typing import Any

from herkomst.domain.batches import batched

Values = Iterable[Any]
_PART = 200
_NULL = b"\xff\xff\xff\xff"
_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_TRAILER = b"\xff\xff"
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_EPOCH_DAY = date(2000, 1, 1).toordinal()
_MICROSECOND = timedelta(microseconds=1)

# Each value is preceded by its length in four bytes, which for most types is always the same.
_length = Struct("!i").pack
_short = Struct("!ii").pack
_long = Struct("!iq").pack
_TRUE, _FALSE = b"\0\0\0\1\1", b"\0\0\0\1\0"
_UUID_LENGTH = _length(16)
_UUID_OID, _BIGINT_OID = 2950, 20
_array_head = Struct("!iii").pack
"""Dimensions, whether NULL occurs, and the type of the elements; size and first index follow."""


def _uuids(values: Values) -> list[bytes]:
    return [_NULL if v is None else _UUID_LENGTH + v.bytes for v in values]


def _uuid_arrays(values: Values) -> list[bytes]:
    return [_NULL if v is None else _array(_UUID_OID, _uuids(v)) for v in values]


def _bigint_arrays(values: Values) -> list[bytes]:
    return [_NULL if v is None else _array(_BIGINT_OID, _bigints(v)) for v in values]


def _array(element: int, written: Sequence[bytes]) -> bytes:
    """An array of one dimension, of elements that have their lengths already; none is NULL."""
    head = _array_head(1 if written else 0, 0, element)
    body = head + (_short(len(written), 1) if written else b"") + b"".join(written)
    return _length(len(body)) + body


def _texts(values: Values) -> list[bytes]:
    return [_NULL if v is None else _length(len(b := v.encode())) + b for v in values]


def _jsons(values: Values) -> list[bytes]:
    return [_NULL if v is None else _length(len(b := v.encode()) + 1) + b"\1" + b for v in values]


def _byteses(values: Values) -> list[bytes]:
    return [_NULL if v is None else _length(len(v)) + v for v in values]


def _dates(values: Values) -> list[bytes]:
    return [_NULL if v is None else _short(4, v.toordinal() - _EPOCH_DAY) for v in values]


def _integers(values: Values) -> list[bytes]:
    return [_NULL if v is None else _short(4, v) for v in values]


def _bigints(values: Values) -> list[bytes]:
    return [_NULL if v is None else _long(8, v) for v in values]


def _booleans(values: Values) -> list[bytes]:
    return [_NULL if v is None else _TRUE if v else _FALSE for v in values]


def _timestamps(values: Values) -> list[bytes]:
    return [_NULL if v is None else _long(8, (v - _EPOCH) // _MICROSECOND) for v in values]


_COLUMNS: dict[str, Callable[[Values], list[bytes]]] = {
    "uuid": _uuids,
    "uuid[]": _uuid_arrays,
    "text": _texts,
    "jsonb": _jsons,
    "date": _dates,
    "integer": _integers,
    "bigint": _bigints,
    "bigint[]": _bigint_arrays,
    "boolean": _booleans,
    "timestamptz": _timestamps,
    "bytea": _byteses,
}


class RowFormat:
    """How the rows of one table are written, for COPY … (FORMAT BINARY)."""

    def __init__(self, types: Sequence[str]) -> None:
        self._columns = tuple(_COLUMNS[type_] for type_ in types)
        self._begin = len(types).to_bytes(2, "big")

    def binary(self, rows: Iterable[Sequence[Any]]) -> Iterator[bytes]:
        """The rows, whole and ended; None is NULL. They come in parts, so that the server takes
        in what is there while further rows are still being made."""
        yield _HEADER
        for some in batched(rows, _PART):
            columns = zip(self._columns, zip(*some, strict=True), strict=True)
            written = [column(values) for column, values in columns]
            yield b"".join(chain.from_iterable(zip(repeat(self._begin), *written, strict=False)))
        yield _TRAILER
