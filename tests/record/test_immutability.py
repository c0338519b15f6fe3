import psycopg
import pytest
from psycopg.sql import SQL, Identifier

from herkomst.domain.journal import Concluded
from herkomst.record.application import pending
from herkomst.record.archive import Archive
from herkomst.record.journal import journal_event
from tests.archives import ACTOR, a_purchase
from tests.record.holding import SEQUENCES

TABLES = [*(f"record.{sequence}_events" for sequence in SEQUENCES), "record.appends"]
STATEMENTS = [
    "UPDATE {} SET {column} = {column}",
    "UPDATE {} SET {column} = {column} WHERE false",
    "DELETE FROM {}",
    "DELETE FROM {} WHERE false",
    "TRUNCATE {}",
    "TRUNCATE {} CASCADE",
    "MERGE INTO {} USING (SELECT 1) AS one ON true WHEN MATCHED THEN DELETE",
    "MERGE INTO {} USING (SELECT 1) AS one ON true WHEN MATCHED THEN UPDATE SET {column} = NULL",
    "INSERT INTO {} SELECT * FROM {} ON CONFLICT DO NOTHING; UPDATE {} SET {column} = {column}",
    "INSERT INTO {} SELECT * FROM {} ON CONFLICT ({key}) DO UPDATE SET {column} = NULL",
]


def written(statement: str, table: str) -> bytes:
    is_append = table == "record.appends"
    return statement.format(
        *[table] * 3,
        column="chain" if is_append else "topic",
        key="sequence, first_position" if is_append else "originator_id, originator_version",
    ).encode()


@pytest.fixture(scope="module")
def filled(shared_archive: Archive) -> Archive:
    """Something in every table, so that every statement has a row to change."""
    archive = shared_archive
    archive.register.take_in([(1, a_purchase())], actor=ACTOR)
    for application in (archive.casework, archive.journal):
        entry = archive.journal.open_entry()
        event = journal_event(
            entry.stream, Concluded(outcome="done"), user="tester", ground="wpg:8", unit="eenheid"
        )
        with application.database.transaction() as cursor:
            application.recorder.append(cursor, [pending(event)])
    return archive


@pytest.mark.parametrize("table", TABLES)
def test_given_events_when_the_application_changes_them_then_it_has_no_right_to(
    filled: Archive, table: str
) -> None:
    with psycopg.connect(filled.urls.app, autocommit=True) as connection:
        for statement in STATEMENTS:
            with pytest.raises(psycopg.errors.InsufficientPrivilege, match="permission denied"):
                connection.execute(written(statement, table))


@pytest.mark.parametrize("table", TABLES)
def test_given_events_when_the_owner_changes_them_then_a_trigger_refuses(
    filled: Archive, table: str
) -> None:
    assert filled.urls.admin is not None
    read = SQL("SELECT t::text FROM {} AS t ORDER BY 1").format(Identifier(*table.split(".")))
    with psycopg.connect(filled.urls.admin, autocommit=True) as connection:
        before = connection.execute(read).fetchall()

        for statement in STATEMENTS:
            with pytest.raises(
                psycopg.errors.InsufficientPrivilege, match="events are the record"
            ) as told:
                connection.execute(written(statement, table))
            assert "Append an event that corrects" in str(told.value.diag.message_hint)

        assert connection.execute(read).fetchall() == before != []


def test_a_row_that_cannot_be_an_event_is_refused(filled: Archive) -> None:
    insert = "INSERT INTO record.register_events VALUES (gen_random_uuid(), %s, 'x', '', %s, now())"
    with psycopg.connect(filled.urls.app, autocommit=True) as connection:
        for version, position in ((0, 99), (-1, 99), (1, 0), (1, -1)):
            with pytest.raises(psycopg.errors.CheckViolation):
                connection.execute(insert, (version, position))
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute(insert, (1, 1))
        with pytest.raises(psycopg.errors.NotNullViolation):
            connection.execute(insert, (1, None))
