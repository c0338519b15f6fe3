"""Retention: what the clocks say is done, once, whatever is held stays, and each store says so."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from psycopg.sql import SQL, Identifier

from herkomst.domain import ids
from herkomst.domain.casework.hold import HoldRefused
from herkomst.domain.register import identity, keeping
from herkomst.domain.register.erasure import ErasureOrdered
from herkomst.domain.register.records import PurchaseRecord, Record
from herkomst.processes import erasure, retention
from herkomst.projections import registry
from herkomst.projections.presentations import tokens
from herkomst.record import holds
from herkomst.record.archive import Archive
from herkomst.record.erasures import Erased, Erasures, replay
from herkomst.record.holds import Held
from tests.archives import ACTOR, POLICE, TILL, a_dealer, a_seller, a_stolen_item
from tests.processes.retaining import DUE, LATER, LEAD, OFFICER, close, open_case, run, told
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

PLATE = ("plate", "WW-99-VV")
NUMBER = ("frame", "GZ4711003")


def presented(key: str) -> UUID:
    return ids.presentation_id(ids.purchase_id(TILL, key))


def states(archive: Archive) -> dict[str, str]:
    return {row["key"]: row["state"] for row in rows(archive, "presentations")}


def blocks(archive: Archive, key: str, on: date = DUE) -> list[str]:
    return [block.kind for block in told(archive, on)[presented(key)].standing.blocks]


def place(archive: Archive, record: UUID, until: date, kind: Any = "presentation") -> None:
    holds.place(archive.casework, record, kind, "avg:18", until, "Betwist door klager", OFFICER)
    follow(archive)


def _purchase(key: str, **changes: Any) -> PurchaseRecord:
    """A moped whose sealed plate is another each time."""
    plate = ("plate", f"WW-{len(key):02}-{key[:1].upper()}V")
    return bought(key, plate, good={"kind": "moped"}, seller=a_seller(), **changes)


@pytest.fixture
def world(archive: Archive) -> Archive:
    """Two purchases of one day."""
    take_in(archive, a_dealer(), _purchase("gone"), _purchase("stays"))
    follow(archive)
    return archive


# Who must not be found, and what must not be destroyed


def test_given_a_day_before_the_end_then_nothing_is_due(world: Archive) -> None:
    before = len(facts(world, "register"))

    assert told(world, date(2030, 3, 1)) == {}
    assert run(world, date(2030, 3, 1)) == []
    assert len(facts(world, "register")) == before


def test_given_a_hold_then_that_record_alone_is_locked_away_until_its_end(world: Archive) -> None:
    place(world, presented("stays"), date(2027, 1, 1))
    place(world, ids.purchase_id(TILL, "stays"), date(2027, 1, 1), "purchase")

    on = date(2026, 12, 31)
    assert [each.ground for each in _holding(world, "stays", on)] == ["avg:18", "avg:18"]
    with pytest.raises(Held):
        world.register.order_erasure(f"seller:{TILL}:stays", ground="avg:17", actor=ACTOR)
    world.register.order_erasure(f"seller:{TILL}:gone", ground="avg:17", actor=ACTOR)
    follow(world)
    assert states(world) == {"gone": "erased", "stays": "presented"}


def _holding(archive: Archive, key: str, on: date) -> list[Any]:
    records = [presented(key), ids.purchase_id(TILL, key)]
    with connected(archive) as connection:
        found = holds.standing(connection, records, on)
    return [each for record in records for each in found.get(record, [])]


def test_given_a_hold_on_what_ran_out_then_the_vault_has_it_and_nobody_finds_it(
    world: Archive,
) -> None:
    place(world, presented("stays"), DUE)
    assert blocks(world, "stays") == ["hold"]

    run(world)

    assert states(world) == {"gone": "erased", "stays": "vault"}
    assert holding(world, *hashes(world)) == set()
    assert key(world, "stays"), "it is kept"
    assert key(world, "gone") is None
    run(world, date(2030, 3, 3))
    assert states(world) == {"gone": "erased", "stays": "erased"}
    assert key(world, "stays") is None


def test_given_a_hold_that_was_lifted_then_it_blocks_nothing(world: Archive) -> None:
    place(world, presented("stays"), DUE)
    holds.lift(
        world.casework, presented("stays"), 1, "De klacht is opgelost.", date(2026, 12, 1), OFFICER
    )
    follow(world)

    assert told(world)[presented("stays")].standing.blocks == ()
    run(world)
    assert states(world)["stays"] == "erased"


def test_given_an_open_case_then_it_is_only_compared_and_the_case_is_named(
    world: Archive,
) -> None:
    open_case(world, "wpg:9", ids.purchase_id(TILL, "stays"))

    (block,) = told(world)[presented("stays")].standing.blocks
    assert (block.kind, block.name[:5], block.ground, block.until) == (
        "case",
        "case ",
        "wpg:9",
        None,
    )
    run(world)

    assert states(world) == {"gone": "erased", "stays": "comparable"}
    assert holding(world, *hashes(world)) != set(), "it is still compared"


def test_given_a_hit_then_its_own_article_keeps_it(world: Archive) -> None:
    theft = stolen("s", NUMBER)
    take_in(world, theft, bought("hit", NUMBER, seller=a_seller()))
    follow(world)
    on = date(2030, 3, 2)
    assert blocks(world, "hit", on) == ["hit"]
    run(world, on)
    assert states(world)["hit"] == "comparable", "article 8: a year free, then compared"
    run(world, date(2031, 12, 1))
    assert states(world)["hit"] == "vault"
    run(world, date(2036, 12, 1))
    assert states(world)["hit"] == "erased"


def test_given_a_hit_that_was_rejected_then_it_keeps_nothing(world: Archive) -> None:
    take_in(world, stolen("s", NUMBER), bought("hit", NUMBER, seller=a_seller()))
    follow(world)
    (hit,) = [row["hit"] for row in rows(world, "hits")]
    world.casework.decide(hit, lambda state: state.reject("other_good"), actor=LEAD, ground="wpg:8")
    follow(world)

    run(world)

    assert states(world)["hit"] == "erased"


def test_given_followers_that_are_behind_then_nothing_is_decided_before_they_came_on(
    world: Archive,
) -> None:
    holds.place(
        world.casework,
        presented("gone"),
        "presentation",
        "avg:18",
        DUE,
        "Betwist door klager",
        OFFICER,
    )
    waited = []

    def wait() -> None:
        waited.append(states(world)["gone"])
        follow(world)

    list(retention.carry_out(world, DUE, wait))
    follow(world)

    assert waited == ["presented"]
    assert states(world)["gone"] == "vault"


def test_what_is_due_is_found_by_an_index(world: Archive) -> None:
    model = BY_NAME["presentations"]
    asked = {
        "before": datetime(2030, 1, 1, tzinfo=UTC),
        "place": datetime(1900, 1, 2, tzinfo=UTC),
        "after": UUID(int=0),
        "limit": 500,
    }
    with connected(world) as connection:
        # As large as a country has: then nobody would look through it.
        connection.execute("SET enable_seqscan = off")
        table = model.table(registry.live(connection, model))
        for statement in (retention.NO_LONGER_ACTIVE, retention.RESTRICTED):
            composed = SQL("EXPLAIN ") + statement.format(presentations=table)
            plan = "\n".join(row[0] for row in connection.execute(composed, asked).fetchall())
            assert "Index" in plan
            assert "Filter" not in plan, plan
            assert "Sort" not in plan, plan


# What is destroyed


def hashes(archive: Archive) -> list[str]:
    """The keyed hashes of everything that the seller presented, and of the plates."""
    told = [token for token in tokens(a_seller(), archive.keyring.token) if token]
    return [*told, *(archive.keyring.token(f"plate:{p}") for p in ("WW04GV", "WW05SV"))]


def holding(archive: Archive, *words: str) -> set[str]:
    """The tables beside the record that hold one of these words."""
    found = set()
    with connected(archive) as connection:
        named = connection.execute(
            "SELECT schemaname, tablename FROM pg_tables "
            "WHERE schemaname IN ('read', 'vault', 'follow')"
        ).fetchall()
        for schema, table in named:
            statement = SQL("SELECT t::text FROM {} t").format(Identifier(schema, table))
            told = connection.execute(statement).fetchall()
            if any(word in row[0].replace("-", "") for row in told for word in words):
                found.add(table)
    return found


def key(archive: Archive, purchase: str) -> bool | None:
    stream = ids.purchase_id(TILL, purchase)
    with connected(archive) as connection:
        return stream in archive.register.vault.keys(connection, [stream]) or None


def test_given_a_run_then_no_store_holds_the_identity_and_each_acknowledges(
    world: Archive,
) -> None:
    assert holding(world, *hashes(world)) != set()

    (done,) = run(world)

    assert states(world) == {"gone": "erased", "stays": "erased"}
    assert holding(world, *hashes(world)) == set()
    (order,) = done.orders
    stores = [each.store for each in world.register.acknowledgements(order)]
    assert sorted(stores) == sorted(erasure.ALL_STORES)
    sealed = [fact for fact in facts(world, "register") if fact.stream == presented("gone")]
    assert [type(fact.data) for fact in sealed] == [identity.Presented, identity.IdentityErased]
    assert sealed[-1].envelope.controller == sealed[0].envelope.controller
    before = digests(world)
    rebuilt(world)
    assert digests(world) == before
    assert holding(world, *hashes(world)) == set()


def test_given_no_hash_of_it_then_neither_journal_nor_officers_lead_to_it(world: Archive) -> None:
    run(world)

    words = [each.encode() for each in hashes(world)]
    for sequence in ("register", "casework", "journal"):
        assert not [f for f in facts(world, sequence) if any(w in f.state for w in words)]


def test_given_a_second_run_then_it_does_nothing(world: Archive) -> None:
    run(world)
    before = len(facts(world, "register"))

    assert run(world) == []
    assert len(facts(world, "register")) == before


def test_given_a_run_whose_models_did_not_follow_then_another_destroys_nothing_twice(
    world: Archive,
) -> None:
    list(retention.carry_out(world, DUE, lambda: None))
    before = len(facts(world, "register"))

    list(retention.carry_out(world, DUE, lambda: None))

    assert len(facts(world, "register")) == before


def test_given_a_run_that_is_cut_off_then_the_next_goes_on(
    world: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "PAGE", 1)
    next(iter(retention.carry_out(world, DUE, lambda: None)))
    follow(world)
    assert sorted(states(world).values()) == ["erased", "presented"]

    run(world)

    assert set(states(world).values()) == {"erased"}
    orders = [f for f in facts(world, "register") if f.topic == ErasureOrdered.TOPIC]
    assert len(orders) == 2


def test_given_a_dry_run_then_nothing_changes(world: Archive) -> None:
    before = [len(facts(world, sequence)) for sequence in ("register", "casework")]

    changes = told(world)

    assert {change.standing.state for change in changes.values()} == {"destroyed"}
    assert len(changes) == 2
    assert [len(facts(world, sequence)) for sequence in ("register", "casework")] == before


# What comes back, and what is corrected


def test_given_a_restore_to_before_then_it_is_destroyed_again_also_what_was_held(
    world: Archive,
) -> None:
    listed = [
        Erased("0" * 32, (presented("gone").hex,), "avg:5", "2030-03-02T00:00:00+00:00"),
    ]
    place(world, presented("gone"), date(2027, 1, 1))

    assert replay(world.register, listed) == 1
    follow(world)

    assert states(world) == {"gone": "erased", "stays": "presented"}


def test_given_a_restore_to_before_it_came_in_then_the_next_run_destroys_it_again(
    archive: Archive, tmp_path: Path
) -> None:
    listed = Erasures(tmp_path / "erasures.ndjson")
    listed.add([Erased("0" * 32, (presented("gone").hex,), "avg:5", "2030-03-02T00:00:00+00:00")])
    restored = archive._replace(erasures=listed)
    take_in(restored, a_dealer(), _purchase("gone"))
    follow(restored)
    assert states(restored) == {"gone": "presented"}

    run(restored)

    assert states(restored) == {"gone": "erased"}


def test_given_the_vault_then_a_correction_is_refused_and_nothing_is_found_by_it(
    world: Archive,
) -> None:
    place(world, presented("stays"), DUE)
    run(world)

    changed = correction("stays", "c", seller={"given_names": "Nogmaals"})
    (receipt,) = world.register.take_in([(1, changed)], actor=ACTOR)
    follow(world)

    assert receipt.status == "rejected"
    assert holding(world, *hashes(world)) == set()


def test_given_what_is_compared_then_a_correction_goes_on(world: Archive) -> None:
    open_case(world, "wpg:9", ids.purchase_id(TILL, "stays"))
    run(world)

    changed = correction("stays", "c", seller={"given_names": "Nogmaals"})
    (receipt,) = world.register.take_in([(1, changed)], actor=ACTOR)
    follow(world)

    assert receipt.status == "accepted"
    assert states(world)["stays"] == "comparable"


# Cases and reports


def test_given_a_closed_case_then_half_a_year_later_the_vault_has_its_texts(
    world: Archive,
) -> None:
    case = open_case(world, "wpg:9")
    assert case not in told(world, LATER), "an open case of article 9 has no end"
    close(world, case)

    run(world, date(2027, 12, 31))
    assert {row["key_id"]: row["state"] for row in rows(world, "keepings")} == {case: "vault"}
    run(world, date(2033, 12, 31))

    assert [row["state"] for row in rows(world, "keepings")] == ["destroyed"]
    with connected(world) as connection:
        assert world.casework.vault.keys(connection, [case]) == {}
    acknowledged = world.register.acknowledgements(ids.keeping_of(case))
    # Who was found by his name because the case has him is found so no more.
    stores = {"vault", erasure.INDEX, *erasure.SEALED_BY_KIND["case"]}
    assert {a.store for a in acknowledged} == stores


def test_given_a_case_that_was_destroyed_then_a_restore_destroys_it_again(world: Archive) -> None:
    case = open_case(world, "wpg:9")
    listed = [Erased("0" * 32, (), "wpg:14", "2030-03-02T00:00:00+00:00", (f"case:{case.hex}",))]

    assert (replay(world.register, listed), replay(world.register, listed)) == (1, 0)
    follow(world)

    told = [f for f in facts(world, "register") if isinstance(f.data, keeping.KeyDestroyed)]
    assert len(told) == 1
    with connected(world) as connection:
        assert world.casework.vault.keys(connection, [case]) == {}


def test_given_a_report_that_was_withdrawn_then_its_sealed_part_goes(world: Archive) -> None:
    looked_for, withdrawn = a_stolen_item(key="open"), a_stolen_item(key="back")
    take_in(world, looked_for, withdrawn)
    back: Record = a_stolen_item(key="back", status="withdrawn", withdrawn_reason="mistaken")
    take_in(world, back)
    follow(world)
    item = ids.stolen_item_id(POLICE, "back")

    run(world, date(2027, 1, 1))
    assert {row["key_id"]: row["state"] for row in rows(world, "keepings")} == {item: "vault"}
    run(world, date(2032, 1, 1))

    with connected(world) as connection:
        left = world.register.vault.keys(connection, [item, ids.stolen_item_id(POLICE, "open")])
    assert left.keys() == {ids.stolen_item_id(POLICE, "open")}


# Holds


@pytest.mark.parametrize(
    ("record", "kind"),
    [(presented("nobody"), "presentation"), (presented("gone"), "case")],
)
def test_given_no_such_record_then_nothing_is_held(world: Archive, record: UUID, kind: Any) -> None:
    with pytest.raises(HoldRefused, match="There is no"):
        holds.place(world.casework, record, kind, "avg:18", DUE, "Betwist door klager", OFFICER)


def test_given_what_is_destroyed_then_nothing_is_held(world: Archive) -> None:
    run(world)

    with pytest.raises(HoldRefused, match="was destroyed"):
        place(world, presented("gone"), DUE)


def test_given_a_hold_that_does_not_stand_then_none_is_lifted(world: Archive) -> None:
    with pytest.raises(HoldRefused, match="No such hold"):
        holds.lift(world.casework, presented("gone"), 1, "De klacht is weg.", DUE, OFFICER)
