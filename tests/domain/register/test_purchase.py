from datetime import UTC, date, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from herkomst.domain.calendar import Occurred, legal_date, parse_occurred
from herkomst.domain.problems import RecordRefused
from herkomst.domain.register import purchase
from herkomst.domain.register.dealer import Accepted
from herkomst.domain.register.records import (
    Amount,
    Document,
    Identifier,
    Mode,
    Moment,
    Payment,
    PurchaseCorrection,
    PurchaseRecord,
)
from tests.archives import a_line, a_moment, a_purchase, a_seller

TODAY = date(2026, 3, 3)


def refused(record: PurchaseRecord) -> list[tuple[str, str]]:
    with pytest.raises(RecordRefused) as raised:
        purchase.check(record, today=TODAY)
    return [(problem.field, problem.code) for problem in raised.value.problems]


def registered(record: PurchaseRecord) -> purchase.Registered:
    acquired = purchase.check(record, today=TODAY)
    return purchase.registered(record, acquired, marks=(), fingerprint=b"1", sealed=b"2")


def correction(**changes: object) -> PurchaseCorrection:
    return PurchaseCorrection(
        type="purchase_correction",
        v=1,
        source="kassa",
        key="c",
        corrects="purchase-1",
        reason="Wrong",
        changes=changes,
    )


# Checking.


def test_given_a_record_that_can_be_when_checked_then_its_moment_comes_back() -> None:
    acquired = purchase.check(a_purchase(), today=TODAY)

    assert acquired == Occurred("2026-03-02T14:05:00+01:00", "second")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"key": ""}, ("/key", "key")),
        ({"key": "k" * 201}, ("/key", "key")),
        ({"key": "k "}, ("/key", "key")),
        ({"acquired": a_moment("2026-03-05")}, ("/acquired/from", "in_future")),
        ({"acquired": a_moment("2026-03-02T14:05:00")}, ("/acquired/from", "offset_missing")),
        (
            {"acquired": a_moment("2026-03-02", to="2026-03-01")},
            ("/acquired/to", "to_before_from"),
        ),
        (
            {"acquired": Moment(from_="2026-03-02", zone="Europe/Urk")},
            ("/acquired/zone", "zone_unknown"),
        ),
        (
            {"acquired": Moment(from_="2026-03-02", precision="hour")},
            ("/acquired/precision", "precision_too_fine"),
        ),
        ({"items": []}, ("/items", "empty")),
        ({"items": [a_line(line=0)]}, ("/items/0/line", "line")),
        ({"items": [a_line(line=10_000)]}, ("/items/0/line", "line")),
        ({"items": [a_line(kind="fietsje")]}, ("/items/0/kind", "unknown_kind")),
        (
            {"items": [a_line(price=Amount(amount="1", currency="eur"))]},
            ("/items/0/price/currency", "currency_unknown"),
        ),
        ({"payment": Payment(form="cash", amount="-1")}, ("/payment/amount", "amount_negative")),
        (
            {"payment": Payment(form="cash", amount=Amount(amount="-1"))},
            ("/payment/amount/amount", "amount_negative"),
        ),
        ({"seller": a_seller(born="20260309")}, ("/seller/born", "date")),
        ({"seller": a_seller(born="1898-01-01")}, ("/seller/born", "date")),
        ({"seller": a_seller(born="2026-W10-1")}, ("/seller/born", "date")),
    ],
)
def test_given_a_field_that_cannot_be_when_checked_then_its_place_is_named(
    changes: dict[str, object], expected: tuple[str, str]
) -> None:
    assert refused(a_purchase(**changes)) == [expected]


def test_a_day_of_slack_is_left_to_the_clock_of_the_till() -> None:
    record = a_purchase(acquired=a_moment("2026-03-04T23:59:00+01:00"))

    assert purchase.check(record, today=TODAY).from_ == record.acquired.from_


def test_places_stand_behind_the_pointer_that_is_given() -> None:
    with pytest.raises(RecordRefused) as raised:
        purchase.check(a_purchase(items=[]), today=TODAY, under="/changes")

    assert [problem.field for problem in raised.value.problems] == ["/changes/items"]


# There and back.

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
MAYBE = st.none() | TEXT
MOMENTS = st.sampled_from(
    [
        Moment(from_="2026-03-02T14:05:00+01:00"),
        Moment(from_="2026-03-02T14:05:00+01:00", zone="Europe/Amsterdam", precision="second"),
        Moment(from_="2026-03-02T14:05:00+01:00", precision="day"),
        Moment(from_="2026-03-01", to="2026-03-02"),
        Moment(from_="2026-02", precision="month"),
        Moment(from_="2026-02-01T10-05:00", zone="America/Toronto"),
    ]
)
AMOUNTS = st.none() | st.sampled_from(
    [Amount(amount="80"), Amount(amount="80.00"), Amount(amount="500", currency="JPY")]
)
IDENTIFIERS = st.lists(
    st.builds(
        Identifier,
        type=st.sampled_from(["serial", "frame", "plate", "engraving"]),
        value=st.sampled_from(["A1", "B2"]),
    ),
    max_size=3,
).map(lambda found: sorted(found, key=lambda i: i.type in ("plate", "engraving")))
LINES = st.builds(
    a_line,
    line=st.integers(1, 9999),
    brand=MAYBE,
    model=MAYBE,
    description=MAYBE,
    terms=MAYBE,
    colours=st.lists(TEXT, max_size=2),
    identifiers=IDENTIFIERS,
    attributes=st.dictionaries(TEXT, TEXT | st.integers(0, 9) | st.booleans(), max_size=2),
    price=AMOUNTS,
)
PAYMENTS = st.none() | st.builds(
    Payment,
    form=st.sampled_from(["cash", "card"]),
    amount=AMOUNTS | st.sampled_from(["7", "7.50"]),
    account=MAYBE,
)
MODES: list[Mode] = ["bought", "pawned", "offer_refused"]
PURCHASES = st.builds(
    a_purchase,
    acquired=MOMENTS,
    branch=MAYBE,
    mode=st.sampled_from(MODES),
    reason=MAYBE,
    seller=st.sampled_from([None, a_seller()]),
    items=st.lists(LINES, min_size=1, max_size=3, unique_by=lambda line: line.line),
    payment=PAYMENTS,
)


def told(record: PurchaseRecord) -> object:
    """What a record says, whatever its wording."""
    occurred = parse_occurred(
        record.acquired.from_, record.acquired.to, record.acquired.zone, record.acquired.precision
    )
    plain: Any = msgspec.to_builtins(replace(record, acquired=a_moment("2026-03-02")))
    for holder in (plain.get("payment"), *plain["items"]):
        name = "amount" if holder is plain.get("payment") else "price"
        if holder and holder.get(name) is not None:
            amount = holder[name] if isinstance(holder[name], dict) else {"amount": holder[name]}
            holder[name] = (float(amount["amount"]), amount.get("currency", "EUR"))
    return occurred, plain


@given(PURCHASES)
def test_a_registered_purchase_gives_back_the_record_that_it_was_made_of(
    record: PurchaseRecord,
) -> None:
    data = registered(record)

    back = purchase.to_record(data, purchase.private_part(record), record.seller)

    assert told(back) == told(record)


@given(PURCHASES)
def test_the_normal_form_of_a_record_says_the_same_and_is_its_own(record: PurchaseRecord) -> None:
    acquired = purchase.check(record, today=TODAY)
    normal = purchase.normal(record, acquired)

    assert told(normal) == told(record)
    assert purchase.check(normal, today=TODAY) == acquired
    assert purchase.normal(normal, acquired) == normal


@given(PURCHASES)
def test_what_may_point_at_a_person_is_in_the_private_part_alone(record: PurchaseRecord) -> None:
    open_part = msgspec.json.encode(registered(replace(record, reason="~reason~")))

    private = purchase.private_part(replace(record, reason="~reason~"))
    assert private is not None
    assert private.reason == "~reason~"
    assert b"~reason~" not in open_part
    sealed = {line.line: line for line in private.lines}
    for item in record.items:
        hidden = [i for i in item.identifiers if i.type in ("plate", "engraving")]
        part = sealed.get(item.line, purchase.PrivateLine(line=item.line))
        assert part.description == item.description
        assert part.terms == item.terms
        assert list(part.identifiers) == [(i.type, i.value) for i in hidden]


@given(PURCHASES)
def test_a_correction_to_the_same_values_changes_nothing(record: PurchaseRecord) -> None:
    before = purchase.normal(record, purchase.check(record, today=TODAY))
    same = {
        name: value
        for name, value in msgspec.to_builtins(before).items()
        if name not in purchase.FIXED
    }

    after = purchase.patched(before, correction(**same))

    assert purchase.changed_fields(before, after) == ()


@given(PURCHASES, PURCHASES)
def test_a_correction_to_other_values_gives_the_other_record(
    record: PurchaseRecord, other: PurchaseRecord
) -> None:
    before, wanted = (
        purchase.normal(r, purchase.check(r, today=TODAY))
        for r in (record, replace(other, branch=record.branch))
    )
    was, to = msgspec.to_builtins(before), msgspec.to_builtins(wanted)

    after = purchase.patched(before, correction(**merge_patch(was, to)))

    assert after == wanted
    changed = {f"/{name}" for name in was.keys() | to.keys() if was.get(name) != to.get(name)}
    assert set(purchase.changed_fields(before, after)) == changed


def merge_patch(was: dict[str, Any], to: dict[str, Any]) -> dict[str, Any]:
    """The patch of RFC 7396 from one object to another."""
    patch: dict[str, Any] = {name: None for name in was if name not in to}
    for name, value in to.items():
        if isinstance(value, dict) and isinstance(was.get(name), dict):
            if inner := merge_patch(was[name], value):
                patch[name] = inner
        elif was.get(name) != value:
            patch[name] = value
    return patch


@pytest.mark.parametrize(
    ("target", "patch", "expected"),
    [  # The examples of RFC 7396, appendix A.
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        (["a", "b"], ["c", "d"], ["c", "d"]),
        ({"a": "b"}, ["c"], ["c"]),
        ({"a": "foo"}, None, None),
        ({"a": "foo"}, "bar", "bar"),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_a_merge_patch_is_that_of_rfc_7396(target: object, patch: object, expected: object) -> None:
    assert purchase._merge(target, patch) == expected


# Marks.


def test_given_a_municipality_with_its_own_term_when_marked_then_its_rule_counts() -> None:
    record = a_purchase(acquired=a_moment("2026-03-01"))

    def marks(municipality: str | None, recorded: datetime) -> list[str]:
        found = purchase.marks(
            record,
            purchase.check(record, today=TODAY),
            recorded_on=legal_date(recorded),
            dealer_known=True,
            municipality=municipality,
        )
        return [mark.code for mark in found]

    for municipality in (None, "GM0363", "GM0150"):
        assert marks(municipality, datetime(2026, 3, 2, 22, 59, tzinfo=UTC)) == []
        assert marks(municipality, datetime(2026, 3, 2, 23, 0, tzinfo=UTC)) == ["late"]


@pytest.mark.parametrize("form", ["card", "transfer", "voucher", "barter", "none"])
def test_only_cash_knows_a_limit(form: str) -> None:
    payment = msgspec.convert({"form": form, "amount": "9999"}, Payment)

    assert "cash_limit" not in codes(a_purchase(payment=payment))
    assert "cash_limit" in codes(a_purchase(payment=replace(payment, form="cash")))


def test_an_amount_in_another_currency_is_not_compared_with_the_limit() -> None:
    items = [
        a_line(line=1, price=Amount(amount="5000", currency="USD")),
        a_line(line=2, price=Amount(amount="5000")),
    ]

    assert "cash_limit" not in codes(a_purchase(payment=Payment(form="cash"), items=items[:1]))
    assert "cash_limit" not in codes(a_purchase(payment=Payment(form="cash"), items=items))
    assert "cash_limit" in codes(a_purchase(payment=Payment(form="cash"), items=items[1:]))


def codes(record: PurchaseRecord) -> list[str]:
    found = purchase.marks(
        record,
        purchase.check(record, today=TODAY),
        recorded_on=date(2026, 3, 3),
        dealer_known=True,
        municipality=None,
    )
    return [mark.code for mark in found]


# What its events tell.


def test_a_purchase_is_what_its_events_tell() -> None:
    first = registered(a_purchase())
    state = purchase.evolve(None, first)
    corrected = purchase.corrected(
        a_purchase(mode="pawned"),
        first.acquired,
        marks=(),
        fingerprint=b"3",
        sealed=None,
        correction=purchase.Correction(changed=("/mode",), fingerprint=b"c", key="k", reason=b""),
    )
    ended = purchase.PawnEnded(
        ended=Occurred("2026-05-01", "day"),
        fingerprint=b"e",
        key="end",
        line=1,
        outcome="redeemed",
        source="kassa",
    )

    for data in (corrected, ended):
        state = purchase.evolve(state, data)

    assert (state.version, state.content.mode) == (3, "pawned")
    assert state.fingerprints == {b"1", b"3"}
    assert state.follow_ups == {"k": b"c", "end": b"e"}


def test_a_purchase_does_not_begin_with_something_else() -> None:
    with pytest.raises(ValueError, match=r"dol\.dealer\.accepted"):
        purchase.evolve(None, Accepted())


def test_a_purchase_stands_in_the_same_book_as_a_record_and_as_an_event() -> None:
    for branch in (None, "Noord"):
        record = a_purchase(branch=branch)
        assert purchase.book_of(registered(record)) == purchase.book_id(record)


@pytest.mark.parametrize(("country", "found"), [(None, True), ("NL", True), ("US", False)])
def test_only_a_foreign_document_may_bear_a_number_that_passes_the_eleven_test(
    country: str | None, found: bool
) -> None:
    document = Document(type="passport", number="111222333", country=country)
    record = a_purchase(seller=a_seller(document=document))

    try:
        purchase.check(record, today=TODAY)
        codes = []
    except RecordRefused as error:
        codes = [problem.code for problem in error.problems]

    assert codes == (["bsn"] if found else [])
