"""What several sent, taken in as one transaction: as if one had come after the other."""

from collections import Counter as Count
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from herkomst.domain import ids
from herkomst.domain.register.records import Record, Reference
from herkomst.record.archive import Archive
from herkomst.record.postgres import EmbeddedPostgres
from herkomst.record.receipts import Receipt
from herkomst.record.register import Register, Sent
from tests.archives import (
    TILL,
    a_correction,
    a_dealer,
    a_purchase,
    a_sale,
    a_seller,
    a_stolen_item,
    make_archive,
)
from tests.record.holding import assert_holds

ACTORS = ("user:source:one", "user:source:two", "user:dealer:three")
RECORDS: tuple[Record, ...] = (
    a_purchase(),
    a_purchase(mode="found"),
    a_purchase(items=[]),
    a_purchase(key="purchase-2"),
    a_purchase(key="purchase-2", seller=None),
    a_correction(seller={"phone": "06-00000002"}),
    a_correction("correction-2", seller=None),
    a_correction("correction-2", mode="held"),
    a_sale(),
    a_sale(purchase="purchase-2", key="sale-2", buyer=a_seller()),
    a_stolen_item(),
    a_stolen_item(offence="burglary"),
)
"""Records that repeat, amend, correct, contradict and follow each other up, or are refused."""
posts = st.lists(
    st.tuples(st.sampled_from(ACTORS), st.lists(st.sampled_from(RECORDS), max_size=3)),
    min_size=1,
    max_size=7,
)


@pytest.fixture(scope="module")
def registers(server: EmbeddedPostgres) -> Iterator[tuple[Register, Register]]:
    """Two registers that stand alike."""
    with make_archive(server) as one, make_archive(server) as other:
        yield one.register, other.register


def of_round(number: int, record: Record) -> Record:
    """The same record among those of another round, which has nothing to do with this one."""
    changes: dict[str, Any] = {}
    for name in ("key", "purchase", "corrects"):
        if hasattr(record, name):
            changes[name] = f"{number}-{getattr(record, name)}"
    if hasattr(record, "dealer"):
        changes["dealer"] = Reference(source=TILL, key=f"{number}-dealer-1")
    return replace(record, **changes)


rounds = iter(range(1_000_000))


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(sent=posts, is_known=st.booleans())
def test_whatever_is_sent_together_is_told_and_stored_as_if_sent_one_after_the_other(
    registers: tuple[Register, Register],
    sent: list[tuple[str, list[Record]]],
    is_known: bool,
) -> None:
    number = next(rounds)
    posts = [
        Sent([(n, of_round(number, one)) for n, one in enumerate(records, 1)], actor)
        for actor, records in sent
    ]
    told = []
    for register, shared in zip(registers, (True, False), strict=True):
        if is_known:
            register.take_in([(1, a_dealer(key=f"{number}-dealer-1"))], actor="user:x")
        head = register.recorder.max_notification_id() or 0
        if shared:
            receipts = register.take_in_all(posts)
        else:
            receipts = [register.take_in(post.records, actor=post.actor) for post in posts]
        told.append(([placed(some, head) for some in receipts], said(register, head)))

    assert told[0] == told[1]


def placed(receipts: Sequence[Receipt], head: int) -> list[Receipt]:
    """Receipts with their positions as counted from here."""
    return [replace(r, position=r.position and r.position - head) for r in receipts]


def said(register: Register, head: int) -> list[tuple[object, ...]]:
    """Who appended what behind a position, without what is sealed."""
    with register.database.connection() as connection:
        found = register.recorder.reader.after(connection, head, 1000)
    return [
        (
            event.position - head,
            event.stream,
            event.version,
            event.topic,
            event.envelope.actor,
            event.envelope.occurred,
            getattr(event.data, "marks", None),
        )
        for event in found
    ]


def test_who_sent_nothing_is_told_nothing(archive: Archive) -> None:
    first, second, third = archive.register.take_in_all(
        [Sent([], ACTORS[0]), Sent([(4, a_purchase())], ACTORS[1]), Sent([], ACTORS[2])]
    )

    assert (first, third) == ([], [])
    assert [(r.line, r.status, r.register_number) for r in second] == [(4, "accepted", 1)]
    assert archive.register.take_in_all([]) == []


def test_a_correction_beside_its_purchase_knows_the_establishment_of_it(archive: Archive) -> None:
    archive.register.take_in([(1, a_dealer())], actor=ACTORS[0])
    other = Register(archive.database, archive.keyring)

    (bought,), (corrected,) = other.take_in_all(
        [
            Sent([(1, a_purchase())], ACTORS[0]),
            Sent([(1, a_correction(mode="held"))], ACTORS[1]),
        ]
    )

    assert (bought.status, corrected.status) == ("accepted", "accepted")
    assert "dealer_not_notified" not in [mark.code for mark in (*bought.marks, *corrected.marks)]


def test_each_book_of_many_senders_is_numbered_without_a_gap(archive: Archive) -> None:
    posts = [
        Sent([(1, a_purchase(key=f"{n}", branch=f"{n % 3}"))], ACTORS[n % 3]) for n in range(60)
    ]

    receipts = archive.register.take_in_all(posts)

    assert Count(r.register_number for (r,) in receipts) == dict.fromkeys(range(1, 21), 3)
    assert_holds(archive)
    with archive.database.connection() as connection:
        histories = archive.register.recorder.reader.streams(
            connection, [ids.purchase_id(TILL, f"{n}") for n in range(60)]
        )
    for n in range(60):
        (event,) = histories[ids.purchase_id(TILL, f"{n}")]
        assert event.envelope.actor == ACTORS[n % 3]
