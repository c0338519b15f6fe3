"""Whatever is sealed in the record has an end: each sealed field is of a kind whose key a clock
ends. So are the kinds that have no test elsewhere: dealers, officers, purchases without a person.
"""

import csv
from datetime import date
from pathlib import Path
from typing import get_args
from uuid import UUID

import pytest
from msgspec import inspect

from herkomst.access import policy
from herkomst.domain import ids
from herkomst.domain.casework.personnel import RoleWire
from herkomst.domain.clocks import State, clocks, clocks_of
from herkomst.domain.events import EventData, known_events
from herkomst.domain.register import keeping
from herkomst.domain.register.records import DealerRecord
from herkomst.domain.topics import MODULES
from herkomst.processes import erasure, retention
from herkomst.processes import keeping as keepings
from herkomst.record.archive import Archive
from herkomst.record.personnel import take_in_staff
from herkomst.record.verification import verify
from tests.archives import TILL, a_dealer, an_establishment
from tests.processes.retaining import run, told
from tests.processes.scenes import bought, stolen
from tests.processes.test_reasons import keys, states
from tests.projections.following import digests, facts, follow, rebuilt, rows, take_in
from tests.staffing import ACTOR as PERSONNEL
from tests.staffing import an_officer

SEALED = Path(__file__).with_name("sealed.csv")
assert MODULES, "every event is known"


def reviewed() -> dict[tuple[str, str], list[str]]:
    """The kinds of key that each field is sealed with, by topic and name; a person reviewed it."""
    with SEALED.open(encoding="utf-8", newline="") as file:
        return {(row["topic"], row["field"]): row["key"].split() for row in csv.DictReader(file)}


def sealed_fields(kind: type[EventData]) -> list[str]:
    """The fields of an event that hold bytes, which is what is sealed or is a keyed hash by a data
    key; also inside of what it is made of."""
    found = inspect.type_info(kind)
    assert isinstance(found, inspect.StructType)
    return [f.name for f in found.fields if _holds_bytes(f.type)]


def _holds_bytes(found: inspect.Type) -> bool:
    if isinstance(found, inspect.StructType):
        return any(_holds_bytes(field.type) for field in found.fields)
    if isinstance(found, inspect.UnionType):
        return any(map(_holds_bytes, found.types))
    if isinstance(found, inspect.VarTupleType):
        return _holds_bytes(found.item_type)
    if isinstance(found, inspect.TupleType):
        return any(map(_holds_bytes, found.item_types))
    if isinstance(found, inspect.DictType):
        return _holds_bytes(found.value_type)
    return isinstance(found, inspect.BytesType)


# The table


def test_every_field_that_is_sealed_is_in_the_table_and_no_other() -> None:
    fields = {(t, name) for t, kind in known_events().items() for name in sealed_fields(kind)}

    assert reviewed().keys() == fields


def test_every_key_of_the_table_is_ended_by_a_clock_that_a_run_asks() -> None:
    # Cases are ended by their articles, which are for any record.
    ended = {row.record for row in clocks() if row.state == State.DESTROYED} | {"case"}
    asked = {*retention.KINDS, "journal"}

    for place, kinds in reviewed().items():
        assert {*kinds} - {"none"} <= ended & asked, place


def test_every_article_that_a_case_is_opened_under_ends_its_texts() -> None:
    opening = [rule for rule in policy.rules() if policy.Action.OPEN_CASE in rule.actions]
    articles = {ground for rule in opening for ground in rule.grounds}
    assert articles

    for article in articles:
        last = clocks_of("case", article, date(2026, 1, 1))[-1]
        assert last.state == State.DESTROYED, article


def test_every_kind_of_key_is_acknowledged_by_stores() -> None:
    assert erasure.SEALED_BY_KIND.keys() == {*get_args(keeping.Kind)}
    assert {*get_args(keeping.Kind)} == {*retention.KINDS} - {"identity", *keepings.FOUND}


def test_what_is_never_sealed_is_written_by_nothing() -> None:
    """A hit has no key, so nothing that a person writes stands on it."""
    unsealed = {field for field, kinds in reviewed().items() if kinds == ["none"]}
    assert {name for _, name in unsealed} == {"note"}
    product = Path(keepings.__file__).parents[1]
    written = [path for path in product.rglob("*.py") if "note=" in path.read_text("utf-8")]
    assert written == []


# Dealers

DEALER = ids.dealer_id(TILL, "dealer-1")


def a_shop(to: str | None = None) -> DealerRecord:
    return a_dealer(establishments=[an_establishment(to=to)], email="winkel@voorbeeld.example")


def test_given_a_dealer_that_trades_then_nothing_of_him_is_due(archive: Archive) -> None:
    take_in(archive, a_shop())
    follow(archive)

    assert told(archive, date(2060, 1, 1)) == {}


def test_given_a_dealer_whose_last_shop_closed_then_how_he_was_reached_goes_with_his_register(
    archive: Archive,
) -> None:
    take_in(archive, a_shop())
    take_in(archive, a_shop(to="2026-04-01"))
    follow(archive)
    assert told(archive, date(2030, 3, 31)) == {}

    run(archive, date(2030, 4, 1))

    assert (keys(archive, DEALER), states(archive)) == (set(), {DEALER: "destroyed"})
    must_be_acknowledged(archive, DEALER, {"vault", "register", "dealers", "index"})


def must_be_acknowledged(archive: Archive, record: UUID, stores: set[str]) -> None:
    told_by = archive.register.acknowledgements(ids.keeping_of(record))
    assert {each.store for each in told_by} == stores
    before = digests(archive)
    rebuilt(archive)
    assert digests(archive) == before
    assert list(verify(archive)) == []


# Officers

OFFICER = ids.staff_id("officer", "personeel", "O-1")


def tell(archive: Archive, *to: str | None) -> list[str]:
    roles = [RoleWire(role="hic_team", from_="2020-01-01", to=each) for each in to]
    receipts = take_in_staff(archive.casework, [(1, an_officer(roles=roles))], actor=PERSONNEL)
    follow(archive)
    return [error.code for receipt in receipts for error in receipt.errors]


def test_given_an_officer_with_one_role_that_goes_on_then_nothing_of_him_is_due(
    archive: Archive,
) -> None:
    tell(archive, "2026-04-01", None)

    assert told(archive, date(2060, 1, 1)) == {}


def test_given_an_officer_who_left_then_no_hash_of_him_is_left_and_that_he_was_there_stays(
    archive: Archive,
) -> None:
    tell(archive, "2026-04-01", "2026-03")
    assert rows(archive, "officers")[0]["name_token"]
    assert told(archive, date(2031, 3, 31)) == {}

    run(archive, date(2031, 4, 2))

    assert keys(archive, OFFICER) == set()
    (row,) = rows(archive, "officers")
    assert {name for name in row if name.endswith("_token") and row[name]} == set()
    assert (row["former_tokens"], row["beside_tokens"], row["key"]) == ([], [], "O-1")
    must_be_acknowledged(archive, OFFICER, {"vault", "casework", "officers"})
    assert tell(archive, None) == ["erased"]


def test_given_a_store_that_has_hashes_of_him_still_then_none_acknowledges(
    archive: Archive,
) -> None:
    tell(archive, "2026-04-01")
    (done,) = retention.carry_out(archive, date(2031, 4, 2), lambda: None)
    follow(archive, ["erasure", "presentations", "links", "matching"])

    assert archive.register.acknowledgements(done.orders[0]) == []

    follow(archive)
    assert len(archive.register.acknowledgements(done.orders[0])) == 3
    told_of = [f for f in facts(archive, "casework") if f.topic == "personnel.officer.forgotten"]
    assert len(told_of) == 1


# Purchases without a person

BARE = ids.purchase_id(TILL, "bare")
PLATE = ("plate", "WW-99-VV")


@pytest.fixture
def bare(archive: Archive) -> Archive:
    """A moped that was found: its plate is sealed, and nobody presented an identity."""
    good = {"kind": "moped"}
    take_in(archive, a_dealer(), bought("bare", PLATE, good=good, seller=None, mode="found"))
    follow(archive)
    assert [row["key"][:7] for row in rows(archive, "match_keys")] == ["plate:~"]
    return archive


def test_given_a_purchase_without_a_person_then_its_sealed_part_has_the_clock_of_the_register(
    bare: Archive,
) -> None:
    assert told(bare, date(2030, 3, 1)) == {}

    run(bare, date(2030, 3, 2))

    assert (keys(bare, BARE), rows(bare, "match_keys")) == (set(), [])
    must_be_acknowledged(bare, BARE, {"vault", "register", "purchases", "match_keys", "index"})
    assert told(bare, date(2030, 3, 2)) == {}


def test_given_a_hit_on_what_was_sealed_then_its_article_keeps_it(bare: Archive) -> None:
    take_in(bare, stolen("s", PLATE, good={"kind": "moped"}))
    follow(bare)

    (block,) = told(bare, date(2030, 3, 2))[BARE].standing.blocks
    assert block.kind == "hit"
    run(bare, date(2030, 3, 2))
    assert keys(bare, BARE) == {BARE}
