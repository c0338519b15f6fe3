from collections.abc import Callable, Iterator
from threading import Event as Flag
from threading import Thread
from typing import Any
from uuid import UUID

import msgspec
import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from herkomst.domain import events, ids
from herkomst.domain.casework import hit
from herkomst.domain.events import Event, EventData, encode
from herkomst.domain.register import book, dealer, purchase
from herkomst.domain.register.records import Record
from herkomst.record import verification
from herkomst.record.application import pending
from herkomst.record.archive import Archive
from herkomst.record.postgres import EmbeddedPostgres
from herkomst.record.recorder import Pending
from herkomst.record.verification import Finding, canonical, verify
from tests.archives import ACTOR, TILL, a_dealer, a_purchase, a_stolen_item
from tests.domain.examples import ENVELOPE, EXAMPLES
from tests.record.holding import assert_holds, superuser
from tests.record.placing import an_entry, concluded, new_stream, placed
from tests.record.taking import purchase_stream

Found = list[tuple[str, str, int]]
DEALER = ids.dealer_id(TILL, "dealer-1")
REGISTERED = next(e for e in EXAMPLES if isinstance(e, purchase.Registered))
HIT = next(e for e in EXAMPLES if isinstance(e, hit.Found))


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages end in the middle of appends."""
    monkeypatch.setattr(verification, "PAGE", 2)


@pytest.fixture
def filled(archive: Archive) -> Archive:
    """Nine events of the register, in four appends: 1-4, 5, 6 and 7-9; one elsewhere each."""
    batches: list[list[Record]] = [
        [a_dealer(), a_purchase()],
        [a_stolen_item()],
        [a_stolen_item(offence="burglary")],
        [a_purchase(key="purchase-2")],
    ]
    for records in batches:
        archive.register.take_in(list(enumerate(records)), actor=ACTOR)
    entry = archive.journal.open_entry()
    archive.journal.write([(an_entry(entry.stream), entry.row)])
    add(archive.casework, event(HIT, new_stream()))
    with archive.database.connection() as connection:
        connection.execute(
            "INSERT INTO follow.followers (name, kind, sequence, position) "
            "VALUES ('purchases', 'projection', 'register', 9), ('hits', 'projection', 'casework', "
            "1), ('journal', 'projection', 'journal', 1)"
        )
    return archive


def event(data: EventData, stream: UUID) -> Pending:
    return pending(Event(stream, data, msgspec.structs.replace(ENVELOPE, salt=new_stream().bytes)))


def add(application: Any, *events: Pending) -> None:
    """Append as one who has the key file: what leaves and chain cannot tell."""
    with application.database.transaction() as cursor:
        application.recorder.append(cursor, events)


def found(archive: Archive) -> Found:
    return [(f.what, f.sequence, f.position) for f in verify(archive)]


def of_register(*named: tuple[str, int]) -> Found:
    return [(what, "register", position) for what, position in named]


@pytest.fixture
def tamper(server: EmbeddedPostgres, filled: Archive) -> Iterator[Callable[..., None]]:
    """Changes the record as a superuser, with the triggers switched off."""
    with superuser(server, filled) as connection:
        connection.execute("SET search_path = record")
        for table in ("register_events", "casework_events", "journal_events", "appends"):
            connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER immutable".encode())

        def change(*statements: str) -> None:
            for statement in statements:
                assert connection.execute(statement.encode()).rowcount != 0

        yield change


# What was not tampered with.


def test_given_a_record_that_was_left_alone_when_verified_then_nothing_is_found(
    filled: Archive,
) -> None:
    told: list[tuple[str, int, int]] = []

    assert list(verify(filled, lambda *progress: told.append(progress))) == []

    assert told[:5] == [("register", n, 9) for n in (2, 4, 6, 8, 9)]
    assert told[5:] == [("casework", 1, 1), ("journal", 1, 1)]


def test_given_an_empty_record_when_verified_then_nothing_is_found(archive: Archive) -> None:
    assert list(verify(archive)) == []


def test_given_a_record_of_many_appends_when_verified_by_default_pages_then_nothing_is_found(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    for n in range(5):
        batch = [(i, a_purchase(key=f"{n}-{i}")) for i in range(n * 50)]
        archive.register.take_in(batch, actor=ACTOR)

    assert list(verify(archive)) == []
    assert_holds(archive)


def test_given_a_writer_when_verified_meanwhile_then_nothing_is_found(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verification, "PAGE", 50)
    done = Flag()

    def write() -> None:
        n = 0
        while not done.is_set():
            n += 1
            batch = [(i, a_purchase(key=f"{n}-{i}")) for i in range(n % 20)]
            archive.register.take_in(batch, actor=ACTOR)

    writer = Thread(target=write)
    writer.start()
    try:
        assert [finding for _ in range(5) for finding in verify(archive)] == []
    finally:
        done.set()
        writer.join()


def test_given_an_erased_identity_when_verified_then_nothing_is_found(filled: Archive) -> None:
    filled.register.order_erasure("seller:kassa:purchase-1", ground="avg:17", actor="user:x")
    with filled.database.transaction() as cursor:
        cursor.execute("DELETE FROM vault.keys WHERE key_id = %s", (purchase_stream(),))

    assert list(verify(filled)) == []


# What a superuser changed.

COPIED = (
    "INSERT INTO register_events SELECT gen_random_uuid(), 1, topic, state, 10, clock_timestamp() "
    "FROM register_events WHERE notification_id = 5"
)
KEY_ALONE = ("key_without_event", "vault", 0)
CHANGES: list[tuple[str, list[str], Found]] = [
    (
        "a byte of the state",
        [
            "UPDATE register_events SET state = overlay(state PLACING 'X' FROM 40) "
            "WHERE notification_id = 8"
        ],
        of_register(("leaf_differs", 8)),
    ),
    (
        "a word that keeps its length",
        [
            "UPDATE register_events SET state = replace(state::text, encode('theft', 'hex'), "
            "encode('fraud', 'hex'))::bytea WHERE notification_id = 5"
        ],
        of_register(("leaf_differs", 5)),
    ),
    (
        "the moment",
        [
            "UPDATE register_events SET recorded_at = recorded_at + interval '1 microsecond' "
            "WHERE notification_id = 5"
        ],
        of_register(("leaf_differs", 5)),
    ),
    (
        "the moment, far back",
        ["UPDATE register_events SET recorded_at = '2020-01-01Z' WHERE notification_id = 6"],
        of_register(("leaf_differs", 6), ("clock_went_back", 6)),
    ),
    (
        "the topic",
        ["UPDATE register_events SET topic = 'heling.item.recovered' WHERE notification_id = 6"],
        of_register(("leaf_differs", 6)),
    ),
    (
        "the version",
        ["UPDATE register_events SET originator_version = 3 WHERE notification_id = 6"],
        of_register(("leaf_differs", 6), ("version_gap", 0)),
    ),
    (
        "the stream",
        ["UPDATE register_events SET originator_id = gen_random_uuid() WHERE notification_id = 5"],
        [*of_register(("leaf_differs", 5), ("version_gap", 0)), KEY_ALONE],
    ),
    (
        "one taken out",
        ["DELETE FROM register_events WHERE notification_id = 6"],
        of_register(("position_missing", 6)),
    ),
    (
        "the first of a stream taken out",
        ["DELETE FROM register_events WHERE notification_id = 5"],
        [*of_register(("position_missing", 5), ("version_gap", 0)), KEY_ALONE],
    ),
    (
        "one taken out with its append",
        [
            "DELETE FROM register_events WHERE notification_id = 6",
            "DELETE FROM appends WHERE first_position = 6",
        ],
        of_register(("append_missing", 6), ("chain_broken", 7), ("position_missing", 6)),
    ),
    (
        "the very first taken out",
        ["DELETE FROM register_events WHERE notification_id = 1"],
        [*of_register(("position_missing", 1)), KEY_ALONE],
    ),
    (
        "a number taken out",
        ["DELETE FROM register_events WHERE notification_id = 4"],
        of_register(("position_missing", 4), ("number_missing", 3), ("version_gap", 0)),
    ),
    (
        "a purchase taken out of the book it stands in",
        ["DELETE FROM register_events WHERE notification_id = 3"],
        [*of_register(("position_missing", 3), ("number_surplus", 4)), KEY_ALONE],
    ),
    (
        "the tail",
        ["DELETE FROM register_events WHERE notification_id > 6"],
        [*of_register(("position_missing", 7), ("tail_missing", 7)), KEY_ALONE],
    ),
    (
        "the tail with its append",
        [
            "DELETE FROM register_events WHERE notification_id > 6",
            "DELETE FROM appends WHERE sequence = 'register' AND first_position > 6",
        ],
        [*of_register(("tail_missing", 7)), KEY_ALONE],
    ),
    (
        "everything",
        ["DELETE FROM register_events", "DELETE FROM appends WHERE sequence = 'register'"],
        [*of_register(("tail_missing", 1)), *[KEY_ALONE] * 4],
    ),
    (
        "one put in without an append",
        [COPIED],
        of_register(("append_missing", 10)),
    ),
    (
        "one put in with a forged append",
        [
            COPIED,
            "INSERT INTO appends SELECT 'register', 10, 10, sha256(originator_id::text"
            "::bytea), sha256('chain') FROM register_events WHERE notification_id = 10",
        ],
        of_register(("chain_broken", 10), ("leaf_differs", 10)),
    ),
    (
        "one put in far ahead",
        [
            COPIED,
            "UPDATE register_events SET notification_id = 1000000000000 WHERE notification_id = 10",
        ],
        of_register(("position_missing", 10), ("append_missing", 10**12)),
    ),
    (
        "two of them, exchanged",
        [
            "UPDATE register_events SET notification_id = 100 WHERE notification_id = 5",
            "UPDATE register_events SET notification_id = 5 WHERE notification_id = 6",
            "UPDATE register_events SET notification_id = 6 WHERE notification_id = 100",
        ],
        of_register(("leaf_differs", 5), ("leaf_differs", 6), ("clock_went_back", 6)),
    ),
    (
        "two purchases, exchanged",
        [
            "UPDATE register_events SET notification_id = 100 WHERE notification_id = 3",
            "UPDATE register_events SET notification_id = 3 WHERE notification_id = 8",
            "UPDATE register_events SET notification_id = 8 WHERE notification_id = 100",
        ],
        of_register(
            ("leaf_differs", 3),
            ("clock_went_back", 4),
            ("number_surplus", 4),
            ("number_missing", 3),
            ("leaf_differs", 8),
            ("clock_went_back", 8),
            ("number_surplus", 9),
            ("number_missing", 8),
        ),
    ),
    (
        "a leaf",
        [
            "UPDATE appends SET leaves = overlay(leaves PLACING sha256('x') FROM 33) "
            "WHERE sequence = 'register' AND first_position = 1"
        ],
        of_register(("chain_broken", 1), ("leaf_differs", 2)),
    ),
    (
        "a leaf taken out",
        [
            "UPDATE appends SET leaves = substr(leaves, 1, 64) "
            "WHERE sequence = 'register' AND first_position = 7"
        ],
        of_register(("chain_broken", 7)),
    ),
    (
        "a link",
        [
            "UPDATE appends SET chain = sha256('x') "
            "WHERE sequence = 'register' AND first_position = 5"
        ],
        of_register(("chain_broken", 5), ("chain_broken", 6)),
    ),
    (
        "an append taken out",
        ["DELETE FROM appends WHERE sequence = 'register' AND first_position = 5"],
        of_register(("append_missing", 5), ("chain_broken", 6)),
    ),
    (
        "all appends taken out",
        ["DELETE FROM appends WHERE sequence = 'register'"],
        of_register(*[("append_missing", n) for n in range(1, 10)]),
    ),
    (
        "two appends made one over the same places",
        ["UPDATE appends SET last_position = 6 WHERE sequence = 'register' AND first_position = 5"],
        of_register(("chain_broken", 5), ("chain_broken", 6)),
    ),
    (
        "an append of nothing behind the last",
        ["INSERT INTO appends VALUES ('register', 10, 12, sha256('x'), sha256('y'))"],
        of_register(("position_missing", 10)),
    ),
    (
        "one place given twice",
        [
            "DROP INDEX register_events_position",
            "UPDATE register_events SET notification_id = 5 WHERE notification_id = 6",
        ],
        of_register(("leaf_differs", 5), ("position_surplus", 5), ("position_missing", 6)),
    ),
    (
        "a place before the first",
        [
            "ALTER TABLE register_events DROP CONSTRAINT register_events_notification_id_check",
            COPIED,
            "UPDATE register_events SET notification_id = 0 WHERE notification_id = 10",
        ],
        of_register(("position_surplus", 0), ("clock_went_back", 1)),
    ),
    (
        "a hit",
        ["UPDATE casework_events SET state = overlay(state PLACING '9' FROM 9)"],
        [("leaf_differs", "casework", 1), ("unreadable", "casework", 1)],
    ),
    (
        "an entry of the journal",
        ["DELETE FROM journal_events"],
        [
            ("position_missing", "journal", 1),
            ("tail_missing", "journal", 1),
            KEY_ALONE,
        ],
    ),
    (
        "a key that was put in",
        ["INSERT INTO vault.keys VALUES (gen_random_uuid(), '', 1)"],
        [KEY_ALONE],
    ),
    (
        "a follower that has read more than there is",
        ["UPDATE follow.followers SET position = 12 WHERE name = 'purchases'"],
        of_register(("tail_missing", 10)),
    ),
]


@pytest.mark.parametrize(
    ("statements", "expected"),
    [(statements, expected) for _, statements, expected in CHANGES],
    ids=[what.replace(" ", "-") for what, _, _ in CHANGES],
)
def test_given_a_change_by_a_superuser_when_verified_then_it_is_named(
    filled: Archive, tamper: Callable[..., None], statements: list[str], expected: Found
) -> None:
    tamper(*statements)

    assert sorted(found(filled)) == sorted(expected)


def test_given_a_change_when_verified_then_the_finding_names_what_a_person_must_look_at(
    filled: Archive, tamper: Callable[..., None]
) -> None:
    tamper(
        "UPDATE register_events SET state = overlay(state PLACING 'X' FROM 40) "
        "WHERE notification_id = 8"
    )

    (finding,) = verify(filled)

    assert finding == Finding("register", 8, "leaf_differs", finding.message)
    for named in (
        "register 8",
        "dor.purchase.registered",
        "version 1",
        purchase_stream("purchase-2"),
    ):
        assert str(named) in finding.message


def test_given_one_put_in_when_the_register_goes_on_then_only_that_one_is_named(
    filled: Archive, tamper: Callable[..., None]
) -> None:
    tamper(COPIED)
    filled.register.take_in([(1, a_purchase(key="later"))], actor=ACTOR)
    filled.register.take_in([(1, a_purchase(key="latest"))], actor=ACTOR)

    assert found(filled) == of_register(("append_missing", 10))


def test_given_a_tail_that_was_cut_off_when_the_register_went_on_then_it_is_still_named(
    filled: Archive, tamper: Callable[..., None]
) -> None:
    tamper(
        "DELETE FROM register_events WHERE notification_id > 6",
        "DELETE FROM appends WHERE sequence = 'register' AND first_position > 6",
    )
    filled.register.take_in([(1, a_stolen_item(key="later"))], actor=ACTOR)

    assert KEY_ALONE in found(filled)


def test_given_another_key_file_when_verified_then_no_link_holds(
    filled: Archive, tmp_path: Any
) -> None:
    other = type(filled.keyring).create(tmp_path / "other.json")
    applications = (filled.register, filled.casework, filled.journal)
    for application in applications:
        application.keyring = other

    assert {what for what, _, _ in found(filled)} == {"chain_broken"}


# What one with the key file added.


@pytest.mark.parametrize(
    ("state", "topic", "expected"),
    [
        (encode(dealer.Accepted(), ENVELOPE), "dor.dealer.forgotten", "unknown_topic"),
        (encode(dealer.Accepted(), ENVELOPE) + b" ", "dol.dealer.accepted", "not_canonical"),
        (encode(dealer.Accepted(), ENVELOPE)[:-1], "dol.dealer.accepted", "unreadable"),
        (b"{}", "dol.dealer.accepted", "unreadable"),
        (b"\xff", "dol.dealer.accepted", "unreadable"),
        (
            encode(dealer.Accepted(), ENVELOPE).replace(b'{"data":{}', b'{"data":{"more":1}'),
            "dol.dealer.accepted",
            "not_canonical",
        ),
        (
            encode(dealer.Accepted(), ENVELOPE).replace(b'"v":1', b'"v":2'),
            "dol.dealer.accepted",
            "unknown_version",
        ),
    ],
)
def test_given_bytes_that_are_no_event_when_verified_then_they_are_named(
    filled: Archive, state: bytes, topic: str, expected: str
) -> None:
    add(filled.register, Pending(DEALER.bytes, 2, topic.encode(), state))

    assert found(filled) == of_register((expected, 10))


def test_given_a_version_that_was_left_out_when_verified_then_the_stream_is_named(
    filled: Archive,
) -> None:
    stream, other = new_stream(), new_stream()
    filled.register.put([placed(1, stream), placed(3, stream), placed(2, other)])

    findings = list(verify(filled))

    assert [finding.what for finding in findings] == ["version_gap"] * 2
    assert [str(s) in f.message for s, f in zip(sorted([stream, other]), findings, strict=True)]


def registered(key: str = "x") -> tuple[UUID, purchase.Registered]:
    data = msgspec.structs.replace(REGISTERED, key=key, branch=None)
    return ids.purchase_id(TILL, key), data


def entered(stream: UUID, branch: str | None = None) -> Pending:
    data = book.Entered(key="x", purchase=stream.hex, source=TILL)
    return event(data, ids.establishment_id(TILL, "dealer-1", branch))


def test_given_purchases_that_have_not_one_number_each_when_verified_then_they_are_named(
    filled: Archive,
) -> None:
    stream, data = registered()
    other, more = registered("y")
    third, most = registered("z")
    add(
        filled.register,
        event(data, stream),  # 10, without a number
        event(more, other),  # 11
        entered(other),
        entered(other),  # 13, a second number
        event(most, third),  # 14
        entered(third, "Noord"),  # 15, in another book
        event(data, stream),  # 16, registered again
        entered(stream),
    )
    add(filled.register, event(registered("last")[1], registered("last")[0]))  # 18

    assert found(filled) == of_register(
        ("number_missing", 10),
        ("number_surplus", 13),
        ("number_misplaced", 15),
        ("registered_twice", 16),
        ("number_missing", 18),
    )


# Old shapes.


def test_given_an_event_of_an_older_shape_when_verified_then_its_bytes_are_held_to_the_same(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = new_stream()
    old = concluded("old", stream)
    add(archive.journal, pending(old))
    spaced = pending(concluded("older", stream))
    add(archive.journal, spaced._replace(state=spaced.state.replace(b",", b", ", 1)))
    kind = type(old.data)
    monkeypatch.setattr(kind, "VERSION", 2)
    monkeypatch.setattr(kind, "UPCASTS", {1: lambda data: data})
    codec = events._codecs[kind.TOPIC]
    monkeypatch.setitem(events._codecs, kind.TOPIC, codec._replace(suffix=b'"v":2}}'))

    assert found(archive) == [("not_canonical", "journal", 2)]


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(),
        lambda part: st.lists(part) | st.dictionaries(st.text(), part),
        max_leaves=8,
    )
)
def test_canonical_bytes_are_those_of_rfc_8785(value: Any) -> None:
    assert canonical(value) == rfc8785.dumps(value)
