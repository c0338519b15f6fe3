"""The index as a function of rows, whatever happens on the way."""

from herkomst.domain.register.records import Identifier
from herkomst.record.archive import Archive
from herkomst.record.database import connect
from tests.archives import (
    a_correction,
    a_dealer,
    a_line,
    a_purchase,
    a_stolen_item,
)
from tests.projections.following import follow, take_in
from tests.search.indexes import due, indexed, indexing_of, words_known


def test_given_records_when_followed_then_the_index_holds_their_documents(
    archive: Archive,
) -> None:
    lines = [a_line(line=1), a_line(line=2, kind="watch", brand="Seiko", identifiers=[])]
    take_in(archive, a_dealer(), a_purchase(items=lines), a_stolen_item())
    follow(archive)
    there = indexed(archive)
    assert there == due(archive)
    kinds = sorted(source.fields["kind"] for source in there.values() if source.place)
    assert kinds == [("bicycle",), ("watch",)]


def test_given_a_correction_that_drops_a_line_when_followed_then_its_document_is_gone(
    archive: Archive,
) -> None:
    two = [a_line(line=1), a_line(line=2, description="zeldzame grammofoon", identifiers=[])]
    take_in(archive, a_dealer(), a_purchase(items=two))
    follow(archive)
    assert "grammofoon" in words_known(archive)
    take_in(archive, a_correction(items=[{"line": 1, "kind": "phone"}]))
    follow(archive)
    assert indexed(archive) == due(archive)
    assert [source.line for source in indexed(archive).values() if source.place] == [1]
    assert "grammofoon" not in words_known(archive)


def test_given_a_seller_who_is_erased_when_followed_then_no_word_of_the_sealed_text_is_left(
    archive: Archive,
) -> None:
    told = a_line(
        description="gravure voor Wilhelmina Verzonnen",
        identifiers=[Identifier(type="engraving", value="1234AB56")],
    )
    take_in(archive, a_dealer(), a_purchase(items=[told]))
    follow(archive)
    assert {"wilhelmina", "verzonnen"} <= words_known(archive)
    archive.register.order_erasure("seller:kassa:purchase-1", ground="avg:17", actor="user:test")
    follow(archive)
    assert words_known(archive).isdisjoint({"wilhelmina", "verzonnen", "gravure"})
    assert not any(":~" in n for source in indexed(archive).values() for n in source.numbers)
    assert indexed(archive) == due(archive)


def test_given_a_crash_that_emptied_the_index_when_followed_then_it_is_filled_anew(
    archive: Archive,
) -> None:
    take_in(archive, a_dealer(), a_purchase(), a_stolen_item())
    follow(archive)
    before = indexed(archive)
    with connect(archive.urls.app, "test") as connection:
        for (table,) in connection.execute(
            "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables "
            "WHERE schemaname = 'search'"
        ).fetchall():
            connection.execute(f"TRUNCATE {table}".encode())
    assert indexed(archive) == {}
    follow(archive)
    assert indexed(archive) == before == due(archive)


def test_given_an_index_when_rebuilt_then_it_is_the_same_and_the_old_one_is_dropped(
    archive: Archive,
) -> None:
    take_in(archive, a_dealer(), a_purchase(), a_stolen_item())
    follow(archive)
    before = indexed(archive)
    with connect(archive.urls.app, "test") as connection:
        indexing_of(archive).rebuild(connection)
        tables = connection.execute(
            "SELECT count(*) FROM pg_tables WHERE schemaname = 'search' AND tablename LIKE '%_1'"
        ).fetchone()
    assert tables == (0,)
    assert indexed(archive) == before
    take_in(archive, a_purchase(key="later"))
    follow(archive)
    assert len(indexed(archive)) == len(before) + 2  # The good, and who sold it: it is a hit.
    assert indexed(archive) == due(archive)


def test_nothing_that_is_searched_is_in_the_log_or_in_a_backup(archive: Archive) -> None:
    take_in(archive, a_dealer(), a_purchase(), a_stolen_item())
    follow(archive)
    with connect(archive.urls.app, "test") as connection:
        logged = connection.execute(
            "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
            "WHERE n.nspname = 'search' AND c.relkind IN ('r', 'i') AND c.relpersistence <> 'u'"
        ).fetchall()
    assert logged == []
