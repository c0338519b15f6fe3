from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from herkomst.domain import ids
from herkomst.domain.register import book, dealer, erasure, identity, purchase, stolen_item
from herkomst.domain.register.records import (
    Amount,
    Document,
    Identifier,
    PawnEndedRecord,
    Payment,
    Place,
    PurchaseCorrection,
    PurchaseRecord,
    PurchaseSold,
    Record,
    Reference,
    Seller,
)
from herkomst.record.archive import Archive
from herkomst.record.postgres import EmbeddedPostgres
from herkomst.record.register import Register
from herkomst.record.vault import destroy
from tests.archives import (
    ACTOR,
    TILL,
    a_correction,
    a_dealer,
    a_line,
    a_moment,
    a_purchase,
    a_sale,
    a_seller,
    a_stolen_item,
    an_end_of_pawn,
    an_establishment,
    make_archive,
)
from tests.record.holding import assert_holds, stored, topics
from tests.record.taking import Counter, codes, faults, only, purchase_stream


@pytest.fixture
def counter(archive: Archive) -> Counter:
    return Counter(archive)


# Receipts.


def test_given_a_purchase_when_taken_in_then_its_receipt_says_number_and_position(
    counter: Counter,
) -> None:
    receipt = counter.one(a_purchase())

    assert receipt.status == "accepted"
    assert (receipt.line, receipt.key) == (1, "purchase-1")
    assert receipt.id == str(purchase_stream())
    assert (receipt.register_number, receipt.position) == (1, 3)
    assert topics(counter.archive) == [
        "dor.identity.presented",
        "dor.purchase.registered",
        "dor.book.entered",
    ]


def test_given_a_purchase_when_it_comes_again_then_the_receipt_is_the_same_but_for_its_status(
    counter: Counter,
) -> None:
    first = counter.one(a_purchase())
    counter.one(a_purchase(key="another"))

    again = counter.one(a_purchase())

    assert again == replace(first, status="duplicate")
    assert counter.head() == 6


def test_given_a_purchase_when_it_comes_with_other_content_then_it_is_a_conflict_that_is_told(
    counter: Counter,
) -> None:
    first = counter.one(a_purchase())

    receipt = counter.one(a_purchase(mode="pawned"))

    assert receipt.status == "conflict"
    assert faults(receipt) == [("/key", "conflict")]
    assert "purchase_correction" in receipt.errors[0].cure
    assert receipt.register_number == first.register_number
    assert counter.head() == 3


def test_given_a_stolen_item_when_it_comes_with_other_content_then_it_is_amended(
    counter: Counter,
) -> None:
    first = counter.one(a_stolen_item())
    amended = counter.one(a_stolen_item(offence="burglary"))
    withdrawn = counter.one(a_stolen_item(status="withdrawn", withdrawn_reason="mistaken"))
    recovered = counter.one(a_stolen_item(status="recovered", recovered_at="2026-03-20"))

    statuses = [first.status, amended.status, withdrawn.status, recovered.status]
    assert statuses == ["accepted", "amended", "amended", "amended"]
    assert [first.position, amended.position, withdrawn.position] == [1, 2, 3]
    assert topics(counter.archive) == [
        "heling.item.reported",
        "heling.item.amended",
        "heling.item.withdrawn",
        "heling.item.recovered",
    ]


def test_given_an_amended_item_when_the_old_file_comes_again_then_it_changes_nothing(
    counter: Counter,
) -> None:
    old, new = a_stolen_item(), a_stolen_item(offence="burglary")
    counter.take(old, new)

    assert counter.statuses(old, new, old) == ["duplicate"] * 3

    assert counter.head() == 2
    stolen = ids.stolen_item_id(old.source, old.key)
    assert only(stolen_item.Amended, counter.events(stolen)).offence == "burglary"


def test_given_a_dealer_when_it_notifies_anew_then_it_is_amended(counter: Counter) -> None:
    moved = a_dealer(establishments=[an_establishment(municipality="GM0599")])

    assert counter.statuses(a_dealer(), moved, a_dealer(), moved) == [
        "accepted",
        "amended",
        "duplicate",
        "duplicate",
    ]
    assert topics(counter.archive) == ["dol.dealer.notified", "dol.dealer.changed"]


def test_given_a_record_that_cannot_be_when_taken_in_then_every_fault_is_named_at_its_place(
    counter: Counter,
) -> None:
    wrong = a_purchase(
        key=" padded ",
        acquired=a_moment("2026-13-01"),
        items=[
            a_line(kind="bycicle", price=Amount(amount="1,50")),
            a_line(line=1, identifiers=[Identifier(type="frame", value=" ")]),
        ],
        seller=a_seller(
            family_name="", born="1980-2-9", document=Document(type="passport", number="111222333")
        ),
        payment=Payment(form="cash", amount="12.345"),
    )

    receipt = counter.one(wrong)

    assert (receipt.status, receipt.id, receipt.position) == ("rejected", None, None)
    assert {field for field, _ in faults(receipt)} == {
        "/key",
        "/acquired/from",
        "/items/0/kind",
        "/items/0/price/amount",
        "/items/1/identifiers/0/value",
        "/items/1/line",
        "/seller/family_name",
        "/seller/born",
        "/seller/document/number",
        "/payment/amount",
    }
    assert all(error.message and error.cure for error in receipt.errors)
    assert "bicycle" in next(e.cure for e in receipt.errors if e.code == "unknown_kind")
    assert counter.head() == 0


def test_given_a_batch_of_everything_when_taken_in_then_every_status_keeps_its_line(
    counter: Counter,
) -> None:
    counter.take(a_purchase(key="old"), a_stolen_item(key="old"))
    records: list[Record] = [
        a_purchase(key="bad", items=[]),
        a_purchase(key="old"),
        a_purchase(key="new"),
        a_purchase(key="old", mode="found"),
        a_stolen_item(key="old", offence="fraud"),
        a_purchase(key="new"),
        a_dealer(establishments=[]),
        a_stolen_item(key="old", offence="fraud"),
        a_purchase(key="new", mode="found"),
        a_purchase(key="newer"),
    ]

    receipts = counter.register.take_in(
        [(100 + n, record) for n, record in enumerate(records)], actor=ACTOR
    )

    assert [receipt.line for receipt in receipts] == list(range(100, 110))
    assert [receipt.status for receipt in receipts] == [
        "rejected",
        "duplicate",
        "accepted",
        "conflict",
        "amended",
        "duplicate",
        "rejected",
        "duplicate",
        "conflict",
        "accepted",
    ]
    assert [r.register_number for r in receipts] == [None, 1, 2, 1, None, 2, None, None, 2, 3]
    assert [r.key for r in receipts] == [record.key for record in records]
    assert_holds(counter.archive)


def test_given_a_duplicate_in_its_own_batch_when_taken_in_then_it_has_the_receipt_of_the_first(
    counter: Counter,
) -> None:
    first, other, again, changed = counter.take(
        a_purchase(), a_purchase(key="p2"), a_purchase(), a_purchase(mode="found")
    )

    assert replace(again, line=1, status="accepted") == first
    assert (changed.status, changed.register_number) == ("conflict", 1)
    assert (other.register_number, other.position) == (2, 6)


def test_given_nothing_when_taken_in_then_there_is_no_receipt_and_no_event(
    counter: Counter,
) -> None:
    assert counter.take() == []
    assert counter.head() == 0


def test_given_a_dry_run_when_taken_in_then_all_is_decided_and_nothing_stays(
    counter: Counter,
) -> None:
    records = [(1, a_purchase()), (2, a_purchase()), (3, a_purchase(items=[]))]

    receipts = counter.register.take_in(records, actor=ACTOR, dry_run=True)

    assert [r.status for r in receipts] == ["accepted", "duplicate", "rejected"]
    assert counter.head() == 0
    assert counter.one(a_purchase()).register_number == 1


def test_given_batches_when_taken_in_one_after_another_then_their_receipts_come_in_order(
    counter: Counter,
) -> None:
    batches = [[(n, a_purchase(key=f"p{n % 5}"))] for n in range(8)]

    told = list(counter.register.take_in_batches(batches, actor=ACTOR))

    assert [[r.line for r in receipts] for receipts in told] == [[n] for n in range(8)]
    statuses = [receipts[0].status for receipts in told]
    assert statuses == ["accepted"] * 5 + ["duplicate"] * 3
    assert list(counter.register.take_in_batches([], actor=ACTOR)) == []


def test_given_five_megabytes_of_purchases_when_taken_in_then_they_are_there(
    counter: Counter,
) -> None:
    story = "Een verhaal van wat er aan dit voorwerp te zien was. " * 16
    many = [a_purchase(key=f"p{n}", items=[a_line(description=story)]) for n in range(3500)]

    receipts = counter.take(*many)

    assert {receipt.status for receipt in receipts} == {"accepted"}
    assert sum(len(row.state) for row in assert_holds(counter.archive)) > 5 * 1024 * 1024


def test_given_texts_that_the_database_cannot_hold_when_taken_in_then_they_are_refused(
    counter: Counter,
) -> None:
    bare = a_purchase(key="a\0", items=[a_line(brand="b\0", attributes={"c\0": "d\0"})])
    receipts = counter.take(
        bare,
        a_purchase(key="backslash", reason=r"written as \u0000, not meant so"),
        a_stolen_item(report="e\0"),
        a_dealer(name="f\0"),
        a_correction(mode="found\0"),
        a_sale(buyer=a_seller(family_name="g\0")),
        a_purchase(
            key="long", items=[a_line(identifiers=[Identifier(type="serial", value="9" * 201)])]
        ),
    )

    assert [receipt.status for receipt in receipts] == [
        "rejected",
        "accepted",
        *["rejected"] * 5,
    ]
    assert faults(receipts[0])[:2] == [("/key", "nul"), ("/items/0/brand", "nul")]
    assert faults(receipts[4]) == [("/changes/mode", "nul")]
    assert faults(receipts[6]) == [("/items/0/identifiers/0/value", "too_long")]


# Numbers.


def test_given_purchases_of_several_establishments_when_taken_in_then_each_book_counts_for_itself(
    counter: Counter,
) -> None:
    receipts = counter.take(
        a_purchase(key="1", branch="Noord"),
        a_purchase(key="2", branch="Zuid"),
        a_purchase(key="3", branch="Noord"),
        a_purchase(key="4"),
        a_purchase(key="5", dealer=Reference(source=TILL, key="dealer-2")),
        a_purchase(key="6", branch="Zuid", items=[]),
        a_purchase(key="7", branch="Zuid"),
    )

    assert [r.register_number for r in receipts] == [1, 1, 2, 1, 1, None, 2]
    noord = counter.events(ids.establishment_id(TILL, "dealer-1", "Noord"))
    assert [msgspec.structs.asdict(event.data)["key"] for event in noord] == ["1", "3"]
    assert all(isinstance(event.data, book.Entered) for event in noord)


# Marks.


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        ({"seller": a_seller(born="2008-03-03")}, ["seller_minor"]),
        ({"seller": a_seller(born="2008-03-02")}, []),
        ({"seller": a_seller(address=None)}, ["address_missing"]),
        ({"seller": None}, []),
        ({"items": [a_line(identifiers=[])]}, ["number_missing"]),
        ({"items": [a_line(kind="clothing", identifiers=[])]}, []),
        ({"payment": Payment(form="cash", amount="3000.00")}, ["cash_limit"]),
        ({"payment": Payment(form="cash", amount="2999.99")}, []),
        ({"payment": Payment(form="transfer", amount="3000.00")}, []),
        (
            {
                "payment": Payment(form="cash"),
                "items": [a_line(line=n, price=Amount(amount="1500.00")) for n in (1, 2)],
            },
            ["cash_limit"],
        ),
        (
            {
                "payment": Payment(form="cash", amount="3000.00"),
                "acquired": a_moment("2025-12-31T23:59:00+01:00"),
            },
            ["late"],
        ),
        (
            {
                "payment": Payment(form="cash", amount="3000.00"),
                "acquired": a_moment("2025-12-31T23:30:00Z"),
            },
            ["cash_limit", "late"],
        ),
        (
            {
                "payment": Payment(form="cash", amount="3000.00"),
                "acquired": a_moment("2026-01"),
            },
            ["cash_limit", "late"],
        ),
        ({"acquired": a_moment("2026-03-01")}, ["late"]),
        ({"acquired": a_moment("2026-03-02")}, []),
        ({"dealer": Reference(source=TILL, key="unheard of")}, ["dealer_not_notified"]),
        ({"branch": "unheard of"}, ["dealer_not_notified"]),
    ],
)
def test_what_the_law_leaves_open_is_taken_in_and_marked(
    server: EmbeddedPostgres,
    shared_archive: Archive,
    keys: "Keys",
    changes: dict[str, object],
    expected: list[str],
) -> None:
    counter = Counter(shared_archive)
    counter.take(a_dealer())

    receipt = counter.one(a_purchase(key=keys(), **changes))

    assert receipt.status == "accepted"
    assert codes(receipt) == expected
    assert all("hit" not in mark.message and "stolen" not in mark.message for mark in receipt.marks)


Keys = Callable[[], str]
_number = count()


@pytest.fixture
def keys() -> Keys:
    """Keys that nobody used before."""
    return lambda: f"key-{next(_number)}"


def test_given_midnight_in_amsterdam_when_an_entry_is_made_then_its_day_is_the_legal_one(
    archive: Archive,
) -> None:
    counter = Counter(archive, now=datetime(2026, 3, 3, 23, 30, tzinfo=UTC))  # 4 March, 00:30.
    counter.take(a_dealer())

    assert codes(counter.one(a_purchase(acquired=a_moment("2026-03-02")))) == ["late"]


def test_given_a_dealer_known_for_a_while_when_it_changes_then_another_register_sees_it(
    archive: Archive,
) -> None:
    first, second = Counter(archive), Counter(archive)
    assert codes(first.one(a_purchase(key="1"))) == ["dealer_not_notified"]
    second.take(a_dealer())

    assert codes(first.one(a_purchase(key="2"))) == []


# Corrections.


def test_given_a_purchase_when_corrected_then_the_old_value_stays_where_it_was(
    counter: Counter,
) -> None:
    counter.take(a_purchase())

    receipt = counter.one(a_correction(mode="pawned", payment=None))

    assert (receipt.status, receipt.register_number) == ("accepted", 1)
    events = counter.events(purchase_stream())
    assert only(purchase.Registered, events).mode == "bought"
    corrected = only(purchase.Corrected, events)
    assert (corrected.mode, corrected.payment) == ("pawned", None)
    assert corrected.correction is not None
    assert corrected.correction.changed == ("/mode", "/payment")
    assert receipt.position == events[-1].position == counter.head()


@pytest.mark.parametrize("field", ["type", "v", "source", "key", "dealer", "branch"])
def test_given_a_field_that_names_the_entry_when_corrected_then_it_is_refused(
    shared_archive: Archive, field: str
) -> None:
    counter = Counter(shared_archive)
    counter.take(a_purchase())

    receipt = counter.one(a_correction(**{field: "other", "mode": "found"}))

    assert receipt.status == "rejected"
    assert faults(receipt) == [(f"/changes/{field}", "fixed")]


def test_given_a_correction_when_it_comes_again_then_it_is_known_by_its_key(
    counter: Counter,
) -> None:
    counter.take(a_purchase())
    first = counter.one(a_correction(mode="found"))

    again = counter.one(a_correction(mode="found"))
    other = counter.one(a_correction(mode="donated"))

    assert again == replace(first, status="duplicate", marks=())
    assert (other.status, faults(other)) == ("conflict", [("/key", "conflict")])
    assert counter.head() == 4


def test_given_a_corrected_purchase_when_it_is_sent_anew_then_both_wordings_are_known(
    counter: Counter,
) -> None:
    counter.take(a_purchase(), a_correction(mode="found", payment={"amount": "90.00"}))

    payment = Payment(form="cash", amount=Amount(amount="90.00"))
    assert counter.statuses(
        a_purchase(), a_purchase(mode="found", payment=payment), a_purchase(mode="found")
    ) == ["duplicate", "duplicate", "conflict"]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"mode": "bought"}, ("/changes", "nothing_changes")),
        ({}, ("/changes", "nothing_changes")),
        ({"mode": "swapped"}, ("/changes/mode", "invalid")),
        ({"colour": "red"}, ("/changes/colour", "unknown_field")),
        ({"acquired": {"from": "yesterday"}}, ("/changes/acquired/from", "time_unreadable")),
        ({"items": []}, ("/changes/items", "empty")),
        ({"items": None}, ("/changes/items", "missing")),
        ({"seller": {"family_name": " "}}, ("/changes/seller/family_name", "empty")),
    ],
)
def test_given_a_correction_that_cannot_be_when_taken_in_then_its_place_is_named(
    shared_archive: Archive, changes: dict[str, object], expected: tuple[str, str]
) -> None:
    counter = Counter(shared_archive)
    counter.take(a_purchase())

    receipt = counter.one(a_correction("wrong", **changes))

    assert (receipt.status, faults(receipt)) == ("rejected", [expected])
    assert counter.one(a_correction(" ", mode="found")).errors[0].field == "/key"


def test_given_a_seller_when_corrected_then_the_identity_is_written_anew_and_sealed(
    counter: Counter,
) -> None:
    counter.take(a_purchase())

    receipt = counter.one(a_correction(seller={"given_names": "Testo", "phone": None}))

    assert receipt.status == "accepted"
    presented = counter.events(ids.presentation_id(purchase_stream()))
    corrected = only(identity.IdentityCorrected, presented)
    assert corrected.shown == (
        "address",
        "born",
        "document",
        "family_name",
        "given_names",
        "initials",
    )
    expected = a_seller(given_names="Testo", phone=None)
    assert shown(counter, corrected) == expected
    assert shown(counter, only(identity.Presented, presented)) == a_seller()


def shown(counter: Counter, presented: identity.Presentation) -> Seller:
    """The identity, opened with the data key of its purchase."""
    stream = UUID(hex=presented.purchase)
    with counter.archive.database.connection() as connection:
        key = counter.register.vault.keys(connection, [stream])[stream]
    return msgspec.json.decode(key.open(presented.sealed), type=Seller)


@pytest.mark.parametrize("in_one_batch", [True, False])
def test_given_two_corrections_of_a_seller_when_taken_in_then_the_second_builds_on_the_first(
    counter: Counter, in_one_batch: bool
) -> None:
    records: list[Record] = [
        a_purchase(),
        a_correction("1", seller={"given_names": "Testo"}),
        a_correction("2", seller={"phone": "06-00000002"}),
        a_correction("3", mode="found"),
    ]
    if in_one_batch:
        counter.take(*records)
    else:
        for record in records:
            counter.take(record)

    presented = counter.events(ids.presentation_id(purchase_stream()))
    assert [event.topic for event in presented[1:]] == ["dor.identity.corrected"] * 2
    last = presented[-1].data
    assert isinstance(last, identity.IdentityCorrected)
    assert shown(counter, last) == a_seller(given_names="Testo", phone="06-00000002")


@pytest.mark.parametrize("in_one_batch", [True, False])
def test_given_a_seller_that_was_taken_off_when_corrected_again_then_it_does_not_come_back(
    counter: Counter, in_one_batch: bool
) -> None:
    records: list[Record] = [
        a_purchase(),
        a_correction("1", seller=None),
        a_correction("2", mode="found"),
        a_correction("3", seller={"family_name": "Anders"}),
    ]
    for batch in [records] if in_one_batch else [[record] for record in records]:
        assert set(counter.statuses(*batch)) == {"accepted"}

    sellers = [
        event.data.seller
        for event in counter.events(purchase_stream())
        if isinstance(event.data, purchase.Content)
    ]
    assert sellers == [True, False, False, True]
    presented = counter.events(ids.presentation_id(purchase_stream()))
    assert [event.topic for event in presented[1:]] == [
        "dor.identity.withdrawn",
        "dor.identity.presented",
    ]
    assert isinstance(last := presented[-1].data, identity.Presentation)
    assert shown(counter, last) == Seller(family_name="Anders")


def test_given_a_purchase_without_seller_when_corrected_then_one_is_presented(
    counter: Counter,
) -> None:
    counter.take(a_purchase(seller=None))

    counter.take(a_correction(seller={"family_name": "Voorbeeld"}))

    presented = counter.events(ids.presentation_id(purchase_stream()))
    assert only(identity.Presented, presented).shown == ("family_name",)


def test_given_an_entry_in_time_when_corrected_much_later_then_it_is_not_marked_late(
    archive: Archive,
) -> None:
    counter = Counter(archive)
    now = datetime.now(UTC)
    today = a_moment(now.date().isoformat())
    counter.now = now
    counter.take(a_dealer(), a_purchase(acquired=today))
    later = Counter(archive, now=now + timedelta(days=90))  # It does not know the dealer yet.

    assert codes(later.one(a_correction(mode="found"))) == []
    assert codes(later.one(a_correction("2", acquired={"from": "2026-01-05"}))) == ["late"]


def test_given_a_purchase_that_is_not_here_when_corrected_then_it_is_named(
    counter: Counter,
) -> None:
    counter.take(a_purchase())
    elsewhere = replace(a_correction(mode="found"), source="another till")

    receipts = counter.take(elsewhere, a_sale(purchase="none"))

    assert [r.status for r in receipts] == ["rejected", "rejected"]
    assert [r.id for r in receipts] == [None, None]
    assert faults(receipts[0]) == [("/corrects", "unknown_purchase")]
    assert faults(receipts[1]) == [("/purchase", "unknown_purchase")]


# What becomes of a line.


def test_given_a_purchase_when_sold_on_then_the_buyer_is_sealed(counter: Counter) -> None:
    counter.take(a_purchase())
    sale = a_sale(buyer=a_seller(family_name="Koper"))

    receipt = counter.one(sale)

    assert (receipt.status, receipt.register_number) == ("accepted", 1)
    sold = only(purchase.LineSold, counter.events(purchase_stream()))
    assert (sold.line, sold.sold.from_, sold.sold.precision) == (1, "2026-03-09", "day")
    assert sold.buyer is not None
    assert b"Koper" not in sold.buyer
    assert counter.one(sale) == replace(receipt, status="duplicate")
    assert counter.one(a_sale(buyer=None)).status == "conflict"


def test_given_a_pawn_when_it_ends_then_it_is_told_how(counter: Counter) -> None:
    counter.take(a_purchase(mode="pawned"))

    assert counter.one(an_end_of_pawn(outcome="forfeited")).status == "accepted"

    ended = only(purchase.PawnEnded, counter.events(purchase_stream()))
    assert (ended.line, ended.outcome) == (1, "forfeited")


def test_given_an_end_that_cannot_be_when_taken_in_then_it_is_refused(counter: Counter) -> None:
    counter.take(a_purchase())
    bsn = Document(type="passport", number="111222333")

    receipts = counter.take(
        a_sale(line=2),
        a_sale(sold=a_moment("soon")),
        a_sale(key=""),
        a_sale(buyer=a_seller(document=bsn)),
        an_end_of_pawn(),
    )

    assert {r.status for r in receipts} == {"rejected"}
    assert [faults(r)[0] for r in receipts] == [
        ("/line", "unknown_line"),
        ("/sold/from", "time_unreadable"),
        ("/key", "key"),
        ("/buyer/document/number", "bsn"),
        ("/purchase", "not_pawned"),
    ]
    assert counter.head() == 3


def test_given_a_line_that_a_correction_added_when_sold_in_the_same_batch_then_it_is_known(
    counter: Counter,
) -> None:
    items = msgspec.to_builtins([a_line(), a_line(line=2)])

    assert counter.statuses(
        a_purchase(), a_correction(items=items), a_sale(line=2), a_sale(key="2", line=3)
    ) == ["accepted", "accepted", "accepted", "rejected"]


# Dealers.


def test_given_a_dealer_when_it_is_decided_on_then_its_stream_says_so(counter: Counter) -> None:
    counter.take(a_dealer())
    decide = counter.register.decide_on_dealer

    assert decide(TILL, "dealer-1", dealer.Dealer.accept, actor="user:clerk") == 2
    assert decide(TILL, "dealer-1", lambda d: d.refuse("No shop"), actor="user:clerk") == 3
    decide(TILL, "dealer-1", lambda d: d.cease(date(2026, 4, 1)), actor="user:clerk")
    with pytest.raises(dealer.DealerCeased):
        decide(TILL, "dealer-1", dealer.Dealer.accept, actor="user:clerk")

    assert topics(counter.archive) == [
        "dol.dealer.notified",
        "dol.dealer.accepted",
        "dol.dealer.refused",
        "dol.dealer.ceased",
    ]
    assert_holds(counter.archive)


def test_given_no_such_dealer_when_it_is_decided_on_then_it_is_named(counter: Counter) -> None:
    with pytest.raises(Exception, match="No dealer kassa:nobody"):
        counter.register.decide_on_dealer(TILL, "nobody", dealer.Dealer.accept, actor="user:x")


# Erasure.


def test_given_a_seller_when_its_erasure_is_ordered_twice_then_it_is_ordered_once(
    counter: Counter,
) -> None:
    counter.take(a_purchase())
    order = counter.register.order_erasure

    stream = order("seller:kassa:purchase-1", ground="avg:17", actor="user:officer")
    assert order("seller:kassa:purchase-1", ground="avg:17", actor="user:officer") == stream

    assert topics(counter.archive)[3:] == ["dor.identity.erased", "privacy.erasure.ordered"]
    assert counter.register.acknowledgements(stream) == []


@pytest.mark.parametrize("subject", ["seller:kassa:none", "seller:kassa", "dealer:kassa:d", "x"])
def test_given_nobody_when_an_erasure_is_ordered_then_nobody_is_known(
    shared_archive: Archive, subject: str
) -> None:
    with pytest.raises(erasure.UnknownSubject, match="seller:SOURCE:KEY") as raised:
        shared_archive.register.order_erasure(subject, ground="avg:17", actor="user:officer")

    assert raised.value.code == "unknown_subject"


def test_given_an_erased_record_when_it_comes_again_then_nothing_is_stored_anew(
    counter: Counter,
) -> None:
    record = a_purchase(items=[a_line(description="With a scratch")])
    first = counter.one(record)
    counter.register.order_erasure("seller:kassa:purchase-1", ground="avg:17", actor="user:x")
    with counter.archive.database.transaction() as cursor:
        destroy(cursor, [purchase_stream()])
    before = stored(counter.archive)

    same = counter.one(record)
    other = counter.one(a_purchase(mode="found"))
    correction = counter.one(a_correction(mode="found"))

    assert (same.status, same.register_number) == ("duplicate", first.register_number)
    assert (other.status, faults(other)) == ("conflict", [("", "erased")])
    assert correction.status == "rejected"
    assert stored(counter.archive) == before
    with counter.archive.database.connection() as connection:
        assert counter.register.vault.keys(connection, [purchase_stream()]) == {}


# Envelopes.


def test_every_event_says_who_on_what_ground_and_when(counter: Counter) -> None:
    counter.take(
        a_dealer(),
        a_purchase(mode="pawned"),
        a_stolen_item(handling="confidential"),
        a_stolen_item(key="private", source="vbv"),
        a_stolen_item(key="abroad", source="toronto"),
        a_correction(seller={"phone": "06-00000003"}),
        a_sale(),
        an_end_of_pawn(),
    )

    events = counter.register.recorder.select_notifications(1, 100)
    envelopes = [
        msgspec.json.decode(event.state, type=dict[str, Any])["envelope"] for event in events
    ]
    fields = {"actor", "controller", "ground", "id", "occurred", "regime", "salt", "unit", "v"}
    for sealed in envelopes:
        assert fields - {"handling"} <= sealed.keys() <= fields | {"handling"}
        assert all(sealed[name] for name in fields)
        assert sealed["actor"] == ACTOR
        assert UUID(hex=sealed["id"]).version == 7
    assert len({sealed["salt"] for sealed in envelopes}) == len(envelopes)
    assert len({sealed["id"] for sealed in envelopes}) == len(envelopes)
    told = {
        event.topic: (sealed["regime"], sealed["controller"], sealed["ground"], sealed["unit"])
        for event, sealed in zip(events, envelopes, strict=True)
        if event.topic != "heling.item.reported"
    }
    shop = ("avg", "dealer:kassa:dealer-1", "sr:437", TILL)
    assert told.pop("dol.dealer.notified") == ("avg", "gemeente", "sr:437ter", TILL)
    assert set(told.values()) == {shop}
    stolen = [
        (sealed["regime"], sealed["controller"], sealed.get("handling", "open"))
        for event, sealed in zip(events, envelopes, strict=True)
        if event.topic == "heling.item.reported"
    ]
    assert stolen == [
        ("wpg:13", "politie", "confidential"),
        ("avg", "vbv", "open"),
        ("avg", "toronto", "open"),
    ]


# A batch means what its records mean one by one.


@pytest.fixture(scope="module")
def two_archives(server: EmbeddedPostgres, shared_archive: Archive) -> Iterator[Sequence[Archive]]:
    with make_archive(server) as other:
        yield (shared_archive, other)


PURCHASES = st.builds(
    a_purchase,
    key=st.sampled_from(["p1", "p2"]),
    branch=st.sampled_from([None, "Noord"]),
    mode=st.sampled_from(["bought", "pawned"]),
    seller=st.sampled_from([None, a_seller()]),
    items=st.sampled_from([[], [a_line()], [a_line(), a_line(line=2, description="Twee")]]),
)
ITEMS = st.builds(
    a_stolen_item,
    key=st.sampled_from(["s1", "s2"]),
    offence=st.sampled_from(["theft", "burglary"]),
    status=st.sampled_from(["reported", "recovered", "withdrawn"]),
)
DEALERS = st.builds(
    a_dealer, key=st.just("d"), name=st.sampled_from(["Winkel Een", "Winkel Twee", " "])
)
CHANGES = st.sampled_from(
    [
        {"mode": "pawned"},
        {"mode": "bought"},
        {"seller": None},
        {"seller": {"family_name": "Anders"}},
        {"seller": {"phone": "06-00000009"}},
        {"items": []},
        {"items": msgspec.to_builtins([a_line(), a_line(line=2)])},
        {"payment": {"form": "card", "account": "NL00FAKE0000000000"}},
        {"key": "other"},
    ]
)
CORRECTIONS = st.builds(
    lambda key, corrects, changes: replace(a_correction(key, **changes), corrects=corrects),
    st.sampled_from(["c1", "c2", "c3"]),
    st.sampled_from(["p1", "p2"]),
    CHANGES,
)
SALES = st.builds(
    a_sale,
    key=st.sampled_from(["c1", "e1"]),
    purchase=st.sampled_from(["p1", "p2"]),
    line=st.sampled_from([1, 2]),
    buyer=st.sampled_from([None, a_seller()]),
)
ENDS = st.builds(
    an_end_of_pawn, key=st.sampled_from(["e1", "e2"]), purchase=st.sampled_from(["p1", "p2"])
)
RECORDS = st.lists(
    PURCHASES | PURCHASES | CORRECTIONS | CORRECTIONS | ITEMS | DEALERS | SALES | ENDS,
    min_size=2,
    max_size=10,
)


def told_apart(record: Record, run: int) -> Record:
    """The record under keys and a book that no other example has."""
    own = f"{run}/"
    if isinstance(record, PurchaseRecord):
        shop = Reference(source=TILL, key=own)
        return replace(record, key=own + record.key, dealer=shop)
    if isinstance(record, PurchaseCorrection):
        return replace(record, corrects=own + record.corrects)
    if isinstance(record, PurchaseSold | PawnEndedRecord):
        return replace(record, purchase=own + record.purchase)
    return replace(record, key=own + record.key)


@settings(max_examples=40, deadline=None)
@given(records=RECORDS)
def test_a_batch_means_what_its_records_mean_one_by_one(
    two_archives: Sequence[Archive], records: list[Record]
) -> None:
    run = next(_number)
    batch = [told_apart(record, run) for record in records]
    together, apart = (Counter(archive, now=datetime.now(UTC)) for archive in two_archives)

    receipts = together.take(*batch)
    singly = [apart.one(record) for record in batch]

    def told(found: list[Any]) -> list[object]:
        return [
            (r.status, r.key, r.id, r.register_number, codes(r), faults(r), r.position is None)
            for r in found
        ]

    assert told(receipts) == told(singly)
    streams = {UUID(r.id) for r in receipts if r.id}
    streams |= {ids.presentation_id(stream) for stream in streams}
    for stream in streams:
        assert plain(together, stream) == plain(apart, stream)
    again = together.take(*batch)
    taken = ("accepted", "amended", "duplicate")
    for first, second in zip(receipts, again, strict=True):
        assert first.status not in taken or second.status == "duplicate"
        assert first.register_number in (None, second.register_number)


def plain(counter: Counter, stream: UUID) -> list[object]:
    """What the events of a stream say, opened, without what chance and clocks put in."""
    key_id = ids.purchase_of(stream)
    with counter.archive.database.connection() as connection:
        keys = counter.register.vault.keys(connection, [stream, key_id])
    key = keys.get(stream) or keys.get(key_id)
    said: list[object] = []
    for event in counter.events(stream):
        fields = msgspec.structs.asdict(event.data)
        for name in ("sealed", "buyer"):
            if fields.get(name) is not None and key is not None:
                fields[name] = key.open(fields[name])
        fields.pop("fingerprint", None)
        if isinstance(event.data, purchase.Corrected) and event.data.correction and key:
            fields["correction"] = (event.data.correction.changed, event.data.correction.key)
        said.append((event.topic, event.version, fields, event.envelope.occurred))
    return said


def test_the_establishments_that_are_known_are_read_again_after_a_while(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    counter = Counter(archive)
    counter.take(a_dealer())
    assert codes(counter.one(a_purchase(key="1"))) == []
    moment = [10_000_000.0]
    monkeypatch.setattr("herkomst.record.register.monotonic", lambda: moment[0])

    other = Register(archive.database, archive.keyring)
    other.take_in([(1, a_dealer(name="Winkel Anders"))], actor=ACTOR)

    assert codes(counter.one(a_purchase(key="2"))) == []


def test_records_are_compared_by_content_and_not_by_the_order_of_attributes(
    counter: Counter,
) -> None:
    one = a_purchase(items=[a_line(attributes={"a": 1, "b": 2.5, "c": True})])
    other = a_purchase(items=[a_line(attributes={"c": True, "b": 2.5, "a": 1})])

    assert counter.statuses(one, other) == ["accepted", "duplicate"]


def test_numbers_that_a_reader_of_json_would_round_are_kept_as_text(counter: Counter) -> None:
    record: PurchaseRecord = a_purchase(
        items=[a_line(attributes={"iccid": 8931440400000000001, "ok": 2**53 - 1, "w": 1.5})]
    )

    counter.take(record)

    (line,) = only(purchase.Registered, counter.events(purchase_stream())).lines
    assert line.attributes == {"iccid": "8931440400000000001", "ok": 2**53 - 1, "w": "1.5"}


def test_the_place_of_a_theft_is_coarse_in_the_open_and_exact_only_sealed(
    counter: Counter,
) -> None:
    place = Place(municipality="GM0363", postcode="1000 AB", lat=52.1, lon=4.9)
    item = a_stolen_item(place=place)

    counter.take(item)

    stream = ids.stolen_item_id(item.source, item.key)
    reported = only(stolen_item.Reported, counter.events(stream))
    assert reported.municipality == "GM0363"
    assert reported.sealed is not None
    with counter.archive.database.connection() as connection:
        key = counter.register.vault.keys(connection, [stream])[stream]
    part = msgspec.json.decode(key.open(reported.sealed), type=stolen_item.PrivatePart)
    assert (part.lat, part.lon, part.postcode) == ("52.1", "4.9", "1000 AB")
