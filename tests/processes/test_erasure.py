"""Erasure: ordered once, carried out everywhere, and acknowledged by every store."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict
from psycopg.sql import SQL, Identifier

from herkomst.domain import ids
from herkomst.domain.register.erasure import UnknownSubject
from herkomst.domain.register.records import Address, Document, PurchaseRecord
from herkomst.processes import erasure
from herkomst.processes.followers import followers
from herkomst.projections import registry
from herkomst.projections.presentations import tokens
from herkomst.projections.rebuild import rebuild
from herkomst.record.archive import Archive
from herkomst.record.postgres import SUPERUSER, EmbeddedPostgres, embedded
from tests.archives import ACTOR, TILL, a_purchase, a_seller, make_archive
from tests.processes.scenes import bought, correction, stolen
from tests.projections.following import (
    BY_NAME,
    connected,
    digests,
    facts,
    follow,
    rebuilt,
    rows,
    take_in,
)

NAME, PHONE, MAIL = "Zwartkwastelaar", "06-98765432", "zwartkwast@voorbeeld.invalid"
SUBJECT = f"seller:{TILL}:gone"
PURCHASE = ids.purchase_id(TILL, "gone")
SELLER = a_seller(
    family_name=NAME,
    born="1971-03-04",
    phone=PHONE,
    email=MAIL,
    vehicle_plate="XX-12-YZ",
    address=Address(street="Verzonnenpad", number="99", postcode="9999 ZZ", city="Nergenshuizen"),
    document=Document(type="identity_card", number="IXX99FAKE"),
)
PLATE = ("plate", "WW-99-VV")


def gone(**changes: Any) -> PurchaseRecord:
    """The purchase whose seller is erased below; the good bears a plate."""
    return bought("gone", PLATE, good={"kind": "moped"}, seller=SELLER, **changes)


def erase(archive: Archive) -> None:
    archive.register.order_erasure(SUBJECT, ground="avg:17", actor=ACTOR)
    follow(archive)


def tables(archive: Archive) -> Iterator[tuple[str, str]]:
    """Every row of every table beside the record, as text."""
    with connected(archive) as connection:
        named = connection.execute(
            "SELECT schemaname, tablename FROM pg_tables "
            "WHERE schemaname IN ('read', 'search', 'vault', 'follow')"
        ).fetchall()
        for schema, table in named:
            told = connection.execute(
                SQL("SELECT t::text FROM {} t").format(Identifier(schema, table))
            )
            yield from ((table, row[0]) for row in told.fetchall())


def holding(archive: Archive, *words: str) -> set[str]:
    """The tables that hold one of these words; an id may have dashes or not."""
    return {
        table for table, text in tables(archive) if any(w in text.replace("-", "") for w in words)
    }


def hashes(archive: Archive) -> list[str]:
    """The keyed hashes of everything that the seller presented, and of the plate."""
    told = [token for token in tokens(SELLER, archive.keyring.token) if token]
    assert len(told) == 9
    return [*told, archive.keyring.token("plate:WW99VV")]


def key(archive: Archive) -> bytes | None:
    with connected(archive) as connection:
        row = connection.execute(
            "SELECT wrapped FROM vault.keys WHERE key_id = %s", (PURCHASE,)
        ).fetchone()
        return None if row is None else bytes(row[0])


@pytest.fixture
def told(archive: Archive) -> Archive:
    """An archive with the purchase, the theft of its good, and another purchase."""
    theft = stolen("s", PLATE, good={"kind": "moped"})
    take_in(archive, gone(), theft, a_purchase(key="other"))
    follow(archive)
    return archive


# What is left


def test_given_an_order_when_carried_out_then_no_table_holds_the_key_or_a_hash(
    told: Archive,
) -> None:
    words = hashes(told)
    held = {table.rstrip("_0123456789") for table in holding(told, *words)}
    searched = {table for table in held if table.startswith(("goods", "stolen"))}
    searched -= {"stolen_items"}
    assert held - searched == set(erasure.STORES)
    assert "goods" in searched
    assert "goods_words" not in searched, "numbers are no words"
    erase(told)
    assert not any(table.startswith("goods") for table in holding(told, *words))
    # The stolen good bears the same plate, and its report is another's.
    assert [row["side"] for row in rows(told, "match_keys") if ":~" in row["key"]] == ["stolen"]
    assert holding(told, *words[:-1]) == set()
    assert key(told) is None


def test_given_an_order_when_carried_out_then_the_presentation_says_erased(told: Archive) -> None:
    erase(told)
    states = {row["key"]: row for row in rows(told, "presentations")}
    assert (states["gone"]["state"], states["gone"]["shown"]) == ("erased", "")
    assert states["gone"]["sealed"] is None
    assert states["other"]["state"] == "presented"
    assert states["other"]["name_token"] is not None


def test_given_an_order_when_carried_out_then_links_to_the_person_are_gone(told: Archive) -> None:
    presentation = ids.presentation_id(PURCHASE)
    before = rows(told, "links")
    erase(told)
    left = rows(told, "links")
    assert {row["src"] for row in before if row not in left} == {presentation}
    assert {row["kind"] for row in left if row["src"] == presentation} == {"presented_with"}
    assert {row["kind"] for row in before if row["src"] == presentation} > {"presented_with"}


def test_given_a_hit_on_a_sealed_number_when_erased_then_it_no_longer_stands(
    told: Archive,
) -> None:
    assert [row["state"] for row in rows(told, "hits")] == ["found"]
    erase(told)
    assert [row["state"] for row in rows(told, "hits")] == ["closed"]


def test_given_an_order_when_carried_out_then_a_rebuild_tells_the_same(told: Archive) -> None:
    erase(told)
    before = digests(told)
    rebuilt(told)
    assert digests(told) == before


# Acknowledgements


def test_given_an_order_when_carried_out_then_every_store_acknowledges_with_its_clock(
    told: Archive,
) -> None:
    stream = told.register.order_erasure(SUBJECT, ground="avg:17", actor=ACTOR)
    assert told.register.acknowledgements(stream) == []
    follow(told)
    acknowledged = {a.store: a for a in told.register.acknowledgements(stream)}
    assert acknowledged.keys() == erasure.ALL_STORES
    assert all(a.clock for a in acknowledged.values())
    ordered = next(fact for fact in facts(told, "register") if fact.stream == stream)
    assert all(a.acknowledged_at >= ordered.recorded_at for a in acknowledged.values())


def test_given_an_order_when_ordered_again_then_nothing_is_appended(told: Archive) -> None:
    erase(told)
    before = len(facts(told, "register"))
    stream = told.register.order_erasure(SUBJECT, ground="avg:17", actor=ACTOR)
    follow(told)
    assert stream == ids.erasure_id(SUBJECT)
    assert len(facts(told, "register")) == before


@pytest.mark.parametrize(
    "subject", [f"seller:{TILL}:nobody", f"seller:{TILL}", "seller", "", f"buyer:{TILL}:gone"]
)
def test_given_an_unknown_subject_when_ordered_then_it_is_refused_and_nothing_appended(
    told: Archive, subject: str
) -> None:
    before = len(facts(told, "register"))
    with pytest.raises(UnknownSubject):
        told.register.order_erasure(subject, ground="avg:17", actor=ACTOR)
    assert len(facts(told, "register")) == before


def test_given_several_orders_when_carried_out_in_one_batch_then_each_is_acknowledged(
    told: Archive,
) -> None:
    subjects = SUBJECT, f"seller:{TILL}:other"
    streams = [
        told.register.order_erasure(subject, ground="avg:17", actor=ACTOR) for subject in subjects
    ]
    follow(told)
    for stream in streams:
        stores = [a.store for a in told.register.acknowledgements(stream)]
        assert sorted(stores) == sorted(erasure.ALL_STORES)


# In which order


@pytest.mark.parametrize("late", sorted(erasure.FOLLOWERS))
def test_given_a_store_that_is_behind_when_ordered_then_nothing_is_acknowledged_before_it(
    told: Archive, late: str
) -> None:
    stream = told.register.order_erasure(SUBJECT, ground="avg:17", actor=ACTOR)
    follow(told, [f.name for f in followers(told) if f.name != late])
    assert told.register.acknowledgements(stream) == []
    assert key(told) is None, "the key goes with the order"
    follow(told)
    assert len(told.register.acknowledgements(stream)) == len(erasure.ALL_STORES)


def test_given_what_a_killed_rebuild_left_when_erased_then_that_holds_nothing_either(
    told: Archive,
) -> None:
    with pytest.raises(KeyboardInterrupt), connected(told) as connection:
        rebuild(connection, followers(told), list(erasure.STORES), _interrupt)
    words = hashes(told)[:-1]
    assert len(holding(told, *words)) == 4
    erase(told)
    assert holding(told, *words) == set()


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("name", sorted(erasure.STORES))
def test_given_a_rebuild_under_way_when_ordered_then_it_is_acknowledged_only_after_it(
    told: Archive, name: str
) -> None:
    stream = told.register.order_erasure(SUBJECT, ground="avg:17", actor=ACTOR)
    with connected(told) as connection, registry.building(connection, BY_NAME[name]):
        follow(told)
        assert told.register.acknowledgements(stream) == []
    follow(told)
    assert len(told.register.acknowledgements(stream)) == len(erasure.ALL_STORES)


# What comes afterwards


def test_given_an_erased_seller_when_the_purchase_is_sent_again_then_nothing_comes_back(
    told: Archive,
) -> None:
    erase(told)
    before = len(facts(told, "register"))
    (receipt,) = told.register.take_in([(1, gone())], actor=ACTOR)
    assert receipt.status == "duplicate"
    (receipt,) = told.register.take_in([(1, correction("gone", "c", mode="held"))], actor=ACTOR)
    assert receipt.status == "rejected"
    assert len(facts(told, "register")) == before
    follow(told)
    assert key(told) is None


def test_given_an_order_when_the_purchase_is_corrected_before_it_is_carried_out_then_all_is_gone(
    told: Archive,
) -> None:
    told.register.order_erasure(SUBJECT, ground="avg:17", actor=ACTOR)
    told.register.take_in(
        [(1, correction("gone", "c", seller={"given_names": "Nogmaals"}))], actor=ACTOR
    )
    follow(told)
    assert holding(told, *hashes(told)[:-1]) == set()
    before = digests(told)
    rebuilt(told)
    assert digests(told) == before


# Files


@pytest.fixture(scope="module")
def own_server(memory: Path) -> Iterator[EmbeddedPostgres]:
    """A server of this file's own, whose files nobody else writes."""
    home = Path(tempfile.mkdtemp(prefix="herkomst-tests-", dir=memory))
    try:
        with embedded(home, durable=False) as postgres:
            yield postgres
    finally:
        shutil.rmtree(home)


def files_with(server: EmbeddedPostgres, *words: bytes) -> set[str]:
    """The files below the home of a server that hold one of these words: tables, indexes,
    write-ahead log, statistics, temporary files and logs."""
    root = (server.home / "postgres").resolve()
    return {
        str(path.relative_to(root))
        for path in root.rglob("*")
        if path.is_file() and any(word in path.read_bytes() for word in words)
    }


def test_given_an_erased_seller_when_the_clock_has_run_then_no_file_holds_name_or_key(
    own_server: EmbeddedPostgres,
) -> None:
    with make_archive(own_server) as archive:
        take_in(archive, gone(), *[a_purchase(key=f"p{n}") for n in range(5)])
        follow(archive)
        words = [NAME.encode(), MAIL.encode(), PHONE.encode(), b"IXX99FAKE", b"Verzonnenpad"]
        wrapped = key(archive)
        assert wrapped is not None
        assert files_with(own_server, *words) == set()
        _write_out(own_server)  # In the log alone it may lie across the edge of a page.
        assert files_with(own_server, wrapped) != set()
        erase(archive)
        _let_the_clock_run(own_server, archive)
        assert files_with(own_server, *words, wrapped) == set()


def _write_out(server: EmbeddedPostgres) -> None:
    with psycopg.connect(server.url(SUPERUSER), autocommit=True) as connection:
        connection.execute("CHECKPOINT")


def _let_the_clock_run(server: EmbeddedPostgres, archive: Archive) -> None:
    database = str(conninfo_to_dict(archive.urls.app)["dbname"])
    with psycopg.connect(server.url(SUPERUSER, database), autocommit=True) as connection:
        connection.execute("VACUUM vault.keys")
        for _ in range(2):
            connection.execute("SELECT pg_switch_wal()")
            connection.execute("CHECKPOINT")
