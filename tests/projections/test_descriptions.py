"""How common things are in the register: what is counted beside the rows is what the rows say."""

from collections import Counter

from psycopg.sql import SQL

from herkomst.domain.description import ANY, Value
from herkomst.projections import registry
from herkomst.projections.descriptions import COUNTS, Descriptions, counted_as
from herkomst.record.archive import Archive
from tests.archives import a_dealer, a_line, a_purchase, a_stolen_item
from tests.projections.busy import first_sent, sent_later
from tests.projections.following import connected, follow, rebuilt, rows, take_in


def counted(archive: Archive) -> Counter[int]:
    model = Descriptions()
    with connected(archive) as connection:
        tables = model.tables(registry.live(connection, model))
        told = connection.execute(SQL("SELECT said, goods FROM {}").format(tables[COUNTS]))
        return +Counter(dict(told.fetchall()))


def of_the_rows(archive: Archive) -> Counter[int]:
    return Counter(said for row in rows(archive, "descriptions") for said in row["counted"])


def test_given_corrections_in_any_batches_when_counted_then_it_is_what_the_rows_say(
    archive: Archive,
) -> None:
    for batch in (1, 7, 2000):
        take_in(archive, *(first_sent() if batch == 1 else sent_later()), batch=batch)
        follow(archive, batch=batch)
        assert counted(archive) == of_the_rows(archive)
    before = counted(archive)
    assert before[counted_as(Value("brand", ("bicycle", "gazelle")))] > 1

    rebuilt(archive, ["descriptions"])

    assert counted(archive) == of_the_rows(archive) == before


def test_given_stolen_goods_when_counted_then_they_are_not(archive: Archive) -> None:
    take_in(archive, a_dealer(), a_purchase(items=[a_line()]), a_stolen_item())
    follow(archive)

    assert counted(archive)[counted_as(ANY)] == 1
    assert len(rows(archive, "descriptions")) == 2
