"""What a query says of who answers for a record is what the tables say of it."""

from typing import LiteralString

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg.sql import SQL

from herkomst.access.viewer import Role
from herkomst.domain import controllers
from herkomst.domain.register.sources import PROFILES, source_profile
from herkomst.investigations import visibility
from herkomst.investigations.live import MODELS
from herkomst.record.archive import Archive

WORDS = st.sampled_from(["fiod", "FIOD", "Kmar", "politie", "fiodor", "team", "4", "é", ""])
UNITS = st.builds(str.join, st.sampled_from([" ", "-", "_", "/", ""]), st.lists(WORDS, max_size=4))
CONDITIONS = visibility.conditions({model.name: model.table(1) for model in MODELS})


def told(archive: Archive, statement: LiteralString, values: dict[str, object]) -> object:
    with archive.database.connection() as connection:
        row = connection.execute(SQL(statement).format(**CONDITIONS), values).fetchone()
    assert row is not None
    return row[0]


@given(unit=UNITS, role=st.sampled_from(Role))
@settings(max_examples=60, deadline=None)
def test_whom_a_reader_works_for(shared_archive: Archive, unit: str, role: Role) -> None:
    asked = "SELECT {reader} FROM (SELECT %(role)s::text AS role, %(unit)s::text AS unit) r"

    answer = told(shared_archive, asked, {"role": role.value, "unit": unit})

    assert answer == controllers.of_staff(role, unit)


@pytest.mark.parametrize("source", [*PROFILES, "toronto", ""])
def test_who_answers_for_a_report(shared_archive: Archive, source: str) -> None:
    asked = "SELECT {reporter} FROM (SELECT %(source)s::text AS source) s"

    assert told(shared_archive, asked, {"source": source}) == source_profile(source).kind
