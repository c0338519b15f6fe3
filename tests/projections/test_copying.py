"""Rows as COPY reads them: whatever a source sends comes back as it was."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg import Connection

from herkomst.projections.copying import RowFormat
from herkomst.record.archive import Archive
from herkomst.record.database import Row
from tests.projections.following import connected

TYPES = ("uuid", "text", "date", "integer", "bigint", "boolean", "timestamptz", "bytea", "uuid[]")
STATEMENT = "COPY read.written FROM STDIN (FORMAT BINARY)"
texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
zones = st.integers(-14, 14).map(lambda hours: timezone(timedelta(hours=hours)))
moments = st.builds(
    lambda since, zone: (datetime(2000, 1, 1, tzinfo=UTC) + since).astimezone(zone),
    st.timedeltas(timedelta(days=-36_000), timedelta(days=70_000)),
    zones,
)
values = st.tuples(
    st.uuids(),
    texts | st.sampled_from(["\\N", "\\.", "\t", "a\\tb", "\r\n", "", "\\"]),
    st.dates(date(1900, 1, 1), date(2200, 1, 1)),
    st.integers(-(2**31), 2**31 - 1),
    st.integers(-(2**63), 2**63 - 1),
    st.booleans(),
    moments,
    st.binary(),
    st.lists(st.uuids(), max_size=3),
)


@pytest.fixture(scope="module")
def connection(shared_archive: Archive) -> Iterator[Connection[Row]]:
    with connected(shared_archive) as connection:
        columns = ", ".join(f"c{n} {name}" for n, name in enumerate(TYPES))
        connection.execute(f"CREATE TABLE read.written (place integer, {columns})".encode())
        yield connection


def read_back(connection: Connection[Row], rows: list[tuple[Any, ...]]) -> list[Row]:
    placed = [(place, *row) for place, row in enumerate(rows)]
    connection.execute("TRUNCATE read.written")
    with connection.cursor() as cursor, cursor.copy(STATEMENT) as copy:
        for part in RowFormat(["integer", *TYPES]).binary(placed):
            copy.write(part)
    told = connection.execute("SELECT * FROM read.written ORDER BY place").fetchall()
    return [row[1:] for row in told]


@settings(deadline=None, max_examples=100)
@given(st.lists(values, max_size=4))
def test_given_any_values_when_copied_then_they_are_read_back_as_they_were(
    connection: Connection[Row], rows: list[tuple[Any, ...]]
) -> None:
    assert read_back(connection, rows) == rows


def test_given_nothing_at_all_when_copied_then_it_is_null_and_not_the_word_for_it(
    connection: Connection[Row],
) -> None:
    row = (UUID(int=1), "\\N", None, None, None, None, datetime(2026, 3, 1, tzinfo=UTC), None, None)
    assert read_back(connection, [row]) == [row]
