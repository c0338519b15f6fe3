"""The purchase (inkoop): what a dealer acquires, line by line, and what becomes of it.

A purchase that happened is recorded. What the law leaves open or forbids is marked on it and never
refused, because a refusal would hide the offence (art. 437 and 437bis Sr; the marks are the rows
of `domain/tables/national_rules.csv` and the profile of the municipality).
"""

from collections.abc import Iterable
from datetime import date, timedelta
from functools import lru_cache
from typing import Literal, TypeVar
from uuid import UUID

import msgspec

from herkomst.domain import ids, rules
from herkomst.domain.calendar import (
    AMSTERDAM,
    Occurred,
    age_on,
    legal_day,
    parse_occurred,
)
from herkomst.domain.events import EventData, event
from herkomst.domain.goods import KINDS
from herkomst.domain.identifiers import SEALED_TYPES
from herkomst.domain.money import Money
from herkomst.domain.problems import Mark, Problem, RecordRefused, validation_problem
from herkomst.domain.register import checks
from herkomst.domain.register.records import (
    Amount,
    Identifier,
    Mode,
    Moment,
    PawnEndedRecord,
    Payment,
    PurchaseCorrection,
    PurchaseLine,
    PurchaseRecord,
    PurchaseSold,
    Reference,
    Seller,
)

Attribute = str | int | bool
EXACT = 2**53 - 1
"""Up to here whole numbers are exact in every reader of JSON (RFC 7493)."""
FIXED = frozenset({"type", "v", "source", "key", "dealer", "branch"})
"""Fields that no correction changes."""
C = TypeVar("C", bound="Content")


class Line(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, gc=False):
    """One good of a purchase, without what may point at a person."""

    attributes: dict[str, Attribute] = {}
    brand: str | None = None
    colours: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    """Types of the identifiers that lie in the sealed part, such as plates and engravings."""
    identifiers: tuple[tuple[str, str], ...] = ()
    """(type, value as written)."""
    kind: str
    line: int
    model: str | None = None
    price: Money | None = None


class Paid(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, gc=False):
    """How a purchase was paid for; the account is in the sealed part."""

    amount: Money | None = None
    form: str


class Correction(msgspec.Struct, frozen=True, kw_only=True):
    """By what an entry was corrected."""

    changed: tuple[str, ...]
    """Pointers of the fields that changed."""
    fingerprint: bytes
    """HMAC of the correction as it was sent."""
    key: str
    """Key of the correction at its source."""
    reason: bytes
    """Why, sealed: it is free text."""


class Content(EventData, frozen=True, kw_only=True):
    """What the register says of a purchase, and the sealed part beside it."""

    acquired: Occurred
    branch: str | None = None
    correction: Correction | None = None
    """Here and not on `Corrected`, because the bytes hold all fields in one alphabetical order."""
    dealer_key: str
    dealer_source: str
    fingerprint: bytes
    """Keyed hash of the record by its data key: tells a repeat, and nothing once erased."""
    key: str
    lines: tuple[Line, ...]
    marks: tuple[Mark, ...] = ()
    mode: Mode
    payment: Paid | None = None
    sealed: bytes | None = None
    """`PrivatePart`, encrypted with the data key of the purchase."""
    seller: bool = False
    """Whether an identity was presented; it lies in a stream of its own."""
    source: str


class PrivateLine(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, gc=False):
    description: str | None = None
    identifiers: tuple[tuple[str, str], ...] = ()
    line: int
    terms: str | None = None


class PrivatePart(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, gc=False):
    """What of a purchase may point at a person: it is stored only encrypted."""

    account: str | None = None
    lines: tuple[PrivateLine, ...] = ()
    reason: str | None = None


@event
class Registered(Content, frozen=True, kw_only=True):
    """A dealer acquired goods and entered them in the register."""

    TOPIC = "dor.purchase.registered"


@event
class Corrected(Content, frozen=True, kw_only=True):
    """The entry was corrected; the earlier values stay where they were."""

    TOPIC = "dor.purchase.corrected"


@event
class LineSold(EventData, frozen=True, kw_only=True):
    """A line was sold on (verkoopregister)."""

    TOPIC = "dor.purchase.line_sold"

    buyer: bytes | None = None
    """The buyer as presented, sealed."""
    fingerprint: bytes
    key: str
    line: int
    sold: Occurred
    source: str


@event
class PawnEnded(EventData, frozen=True, kw_only=True):
    """A pawned line was redeemed by its owner or forfeited to the dealer (pand)."""

    TOPIC = "dor.purchase.pawn_ended"

    ended: Occurred
    fingerprint: bytes
    key: str
    line: int
    outcome: Literal["redeemed", "forfeited"]
    source: str


class Purchase(msgspec.Struct):
    """A purchase as its events tell it."""

    content: Content
    version: int = 1
    fingerprints: set[bytes] = msgspec.field(default_factory=set)
    follow_ups: dict[str, bytes] = msgspec.field(default_factory=dict)
    """Corrections, sales and ends of pawn by their key, each with its fingerprint."""


def evolve(state: Purchase | None, data: EventData) -> Purchase:
    """The purchase after this event."""
    if isinstance(data, Content) and state is None:
        return Purchase(data, fingerprints={data.fingerprint})
    if state is None:
        raise ValueError(f"a purchase cannot begin with {data.TOPIC}")
    state.version += 1
    if isinstance(data, Corrected):
        state.content = data
        state.fingerprints.add(data.fingerprint)
        if data.correction is not None:
            state.follow_ups[data.correction.key] = data.correction.fingerprint
    elif isinstance(data, LineSold | PawnEnded):
        state.follow_ups[data.key] = data.fingerprint
    return state


def check(record: PurchaseRecord, *, today: date, under: str = "") -> Occurred:
    """When it was acquired. Raises `RecordRefused` with everything that is wrong, each place
    behind the pointer `under`."""
    problems: list[Problem] = []
    checks.check_key(record.key, "/key", problems)
    acquired = checks.check_moment(record.acquired, "/acquired", problems)
    if acquired is not None and _begins_after(record.acquired.from_, today):
        problems.append(
            Problem(
                "/acquired/from",
                "in_future",
                "The purchase lies in the future.",
                "Send what was acquired, when it was acquired.",
            )
        )
    _check_lines(record.items, problems)
    if record.seller is not None:
        check_seller(record.seller, "/seller", problems)
    if record.payment is not None:
        checks.check_amount(record.payment.amount, "/payment/amount", problems)
    if problems or acquired is None:
        raise RecordRefused(msgspec.structs.replace(p, field=under + p.field) for p in problems)
    return acquired


def _begins_after(written: str, today: date) -> bool:
    return written[:10] > _latest(today)


@lru_cache(maxsize=16)
def _latest(today: date) -> str:
    # A day of slack: the till's clock and zone are not ours.
    return (today + timedelta(days=1)).isoformat()


def _check_lines(items: list[PurchaseLine], problems: list[Problem]) -> None:
    if not items:
        problems.append(
            Problem("/items", "empty", "A purchase has no goods.", "Send at least one item.")
        )
    seen: set[int] = set()
    for index, item in enumerate(items):
        field = f"/items/{index}"
        checks.check_kind(item.kind, f"{field}/kind", problems)
        checks.check_identifiers(item.identifiers, f"{field}/identifiers", problems)
        if item.price is not None:
            checks.check_amount(item.price, f"{field}/price", problems)
        if item.line in seen or not 0 < item.line < 10_000:
            problems.append(
                Problem(
                    f"{field}/line",
                    "line",
                    f"Line {item.line} occurs twice or is not between 1 and 9999.",
                    "Number the items of a purchase from 1.",
                )
            )
        seen.add(item.line)


def check_seller(seller: Seller, field: str, problems: list[Problem]) -> None:
    """No BSN, no impossible dates; the law asks for name and address and nothing more. Who buys
    presents the same."""
    if not seller.family_name.strip():
        problems.append(
            Problem(
                f"{field}/family_name",
                "empty",
                "The family name is empty.",
                "Send the name, or leave the person out where nobody presented an identity.",
            )
        )
    checks.check_day(seller.born, f"{field}/born", problems)
    # One in eleven foreign numbers of nine digits passes the test; of a Dutch document none may.
    if seller.document is not None and seller.document.country in (None, "NL"):
        checks.check_no_bsn(seller.document.number, f"{field}/document/number", problems)


def registered(
    record: PurchaseRecord,
    acquired: Occurred,
    *,
    marks: tuple[Mark, ...],
    fingerprint: bytes,
    sealed: bytes | None,
) -> Registered:
    """The event of a checked record."""
    return _content(Registered, record, acquired, marks, fingerprint, sealed)


def corrected(
    record: PurchaseRecord,
    acquired: Occurred,
    *,
    marks: tuple[Mark, ...],
    fingerprint: bytes,
    sealed: bytes | None,
    correction: Correction,
) -> Corrected:
    """The event of a correction: the whole content as it is from now on."""
    return _content(Corrected, record, acquired, marks, fingerprint, sealed, correction)


def _content(
    kind: type[C],
    record: PurchaseRecord,
    acquired: Occurred,
    marks: tuple[Mark, ...],
    fingerprint: bytes,
    sealed: bytes | None,
    correction: Correction | None = None,
) -> C:
    return kind(
        acquired=acquired,
        branch=record.branch,
        correction=correction,
        dealer_key=record.dealer.key,
        dealer_source=record.dealer.source,
        fingerprint=fingerprint,
        key=record.key,
        lines=tuple([_line(item) for item in record.items]),
        marks=marks,
        mode=record.mode,
        payment=_paid(record.payment),
        sealed=sealed,
        seller=record.seller is not None,
        source=record.source,
    )


def _line(item: PurchaseLine) -> Line:
    return Line(
        attributes=plain_attributes(item.attributes),
        brand=item.brand,
        colours=tuple(item.colours),
        hidden=tuple([i.type for i in item.identifiers if i.type in SEALED_TYPES]),
        identifiers=tuple(
            [(i.type, i.value) for i in item.identifiers if i.type not in SEALED_TYPES]
        ),
        kind=item.kind,
        line=item.line,
        model=item.model,
        price=checks.check_amount(item.price, "", []),
    )


def plain_attributes(attributes: dict[str, str | int | float | bool]) -> dict[str, Attribute]:
    """Attributes in the order of RFC 8785. Canonical bytes hold no floats and no number that a
    float does not hold exactly, so such a value becomes its text."""
    if not attributes:
        return {}
    return {key: _plain(attributes[key]) for key in sorted(attributes, key=_utf_16)}


def _plain(value: str | int | float | bool) -> Attribute:
    if isinstance(value, str) or (isinstance(value, int) and -EXACT <= value <= EXACT):
        return value
    return repr(value)


def _utf_16(key: str) -> bytes:
    return key.encode("utf-16-be")


def _paid(payment: Payment | None) -> Paid | None:
    if payment is None:
        return None
    return Paid(amount=checks.check_amount(payment.amount, "", []), form=payment.form)


def private_part(record: PurchaseRecord) -> PrivatePart | None:
    """What must be sealed of a purchase, or None where nothing points at a person."""
    lines = tuple(
        PrivateLine(
            description=item.description,
            identifiers=sealed_identifiers(item.identifiers),
            line=item.line,
            terms=item.terms,
        )
        for item in record.items
        if item.description is not None
        or item.terms is not None
        or any(i.type in SEALED_TYPES for i in item.identifiers)
    )
    account = record.payment.account if record.payment is not None else None
    if not lines and account is None and record.reason is None:
        return None
    return PrivatePart(account=account, lines=lines, reason=record.reason)


def sealed_identifiers(values: Iterable[Identifier]) -> tuple[tuple[str, str], ...]:
    return tuple([(i.type, i.value) for i in values if i.type in SEALED_TYPES])


def to_record(
    content: Content, private: PrivatePart | None, seller: Seller | None
) -> PurchaseRecord:
    """The record as its source would send it today; the inverse of `registered`."""
    private = private or PrivatePart()
    sealed = {line.line: line for line in private.lines}
    payment = content.payment
    return PurchaseRecord(
        type="purchase",
        v=1,
        source=content.source,
        key=content.key,
        dealer=Reference(source=content.dealer_source, key=content.dealer_key),
        branch=content.branch,
        acquired=moment(content.acquired),
        mode=content.mode,
        reason=private.reason,
        seller=seller,
        items=[_item(line, sealed.get(line.line)) for line in content.lines],
        payment=None
        if payment is None
        else Payment(
            form=payment.form,  # type: ignore[arg-type]
            amount=amount(payment.amount),
            account=private.account,
        ),
    )


def _item(line: Line, sealed: PrivateLine | None) -> PurchaseLine:
    identifiers = (*line.identifiers, *(sealed.identifiers if sealed else ()))
    return PurchaseLine(
        line=line.line,
        kind=line.kind,
        brand=line.brand,
        model=line.model,
        description=sealed.description if sealed else None,
        colours=list(line.colours),
        identifiers=[Identifier(type=t, value=v) for t, v in identifiers],  # type: ignore[arg-type]
        attributes=dict(line.attributes),
        price=amount(line.price),
        terms=sealed.terms if sealed else None,
    )


def normal(record: PurchaseRecord, acquired: Occurred) -> PurchaseRecord:
    """A checked record in the one wording that all wordings of it share."""
    content = registered(record, acquired, marks=(), fingerprint=b"", sealed=None)
    return to_record(content, private_part(record), record.seller)


def moment(occurred: Occurred) -> Moment:
    """As it came in, without what goes without saying."""
    carried = parse_occurred(occurred.from_, occurred.to, occurred.zone).precision
    precision = None if occurred.precision == carried else occurred.precision
    return Moment(
        from_=occurred.from_,
        to=occurred.to,
        zone=None if occurred.zone == AMSTERDAM else occurred.zone,
        precision=precision,  # type: ignore[arg-type]
    )


def amount(money: Money | None) -> Amount | None:
    if money is None:
        return None
    return Amount(amount=money.format(), currency=money.currency)


def changed_fields(before: PurchaseRecord, after: PurchaseRecord) -> tuple[str, ...]:
    """Pointers of the top-level fields in which two records differ."""
    return tuple(
        f"/{wire}"
        for name, wire in sorted(
            zip(before.__struct_fields__, before.__struct_encode_fields__, strict=True)
        )
        if getattr(before, name) != getattr(after, name)
    )


def marks(
    record: PurchaseRecord,
    acquired: Occurred,
    *,
    recorded_on: date,
    dealer_known: bool,
    municipality: str | None,
) -> tuple[Mark, ...]:
    """What a control would ask about. None of it refuses the entry, and none speaks of a hit."""
    day = legal_day(acquired)
    found: list[Mark] = [] if dealer_known else [_NOT_NOTIFIED]
    if record.seller is not None:
        found += _seller_marks(record.seller, day)
    if any(not item.identifiers and item.kind in _BEARING_NUMBERS for item in record.items):
        found.append(_NUMBER_MISSING)
    if record.payment is not None and record.payment.form == "cash":
        found += _cash_marks(record, record.payment, day)
    if _is_late(municipality, day, recorded_on):
        found.append(_LATE)
    return tuple(found)


_BEARING_NUMBERS = frozenset(
    kind.slug
    for kind in KINDS.values()
    if not {"hallmark", "engraving", "other"}.issuperset(kind.identifiers)
)
"""Kinds that bear a number from the factory or the registrar; a ring or a book may bear none."""
_NOT_NOTIFIED = Mark(
    "dealer_not_notified", "No notification (art. 437ter Sr) of this dealer is known."
)
_NO_ADDRESS = Mark("address_missing", "The register asks for the address of who offers a good.")
_MINOR = Mark("seller_minor", "The seller was a minor on the day (art. 437bis Sr).")
_NUMBER_MISSING = Mark("number_missing", "A good of a kind that bears a number has none here.")
_CASH = Mark("cash_limit", "Paid in cash at or above the limit for cash payments.")
_LATE = Mark("late", "The entry was made later than the register asks.")


def _seller_marks(seller: Seller, day: date) -> Iterable[Mark]:
    if seller.address is None:
        yield _NO_ADDRESS
    minimum = rules.national("seller_minimum_age", day)
    if seller.born is None or minimum is None:
        return
    if age_on(date.fromisoformat(seller.born), day) < minimum.value:
        yield _MINOR


def _cash_marks(record: PurchaseRecord, payment: Payment, day: date) -> Iterable[Mark]:
    limit = rules.national("cash_limit", day)
    paid = checks.check_amount(payment.amount, "", []) or _total(record.items)
    if limit is None or paid is None or paid.currency != limit.unit:
        return
    if paid.amount >= limit.value:
        yield _CASH


def _total(items: list[PurchaseLine]) -> Money | None:
    prices = [checks.check_amount(item.price, "", []) for item in items]
    known = [price for price in prices if price is not None]
    if not known or any(price.currency != known[0].currency for price in known):
        return None
    return Money(amount=sum(price.amount for price in known), currency=known[0].currency)


def _is_late(municipality: str | None, day: date, recorded: date) -> bool:
    profile = rules.profile(municipality or "*", day)
    return (recorded - day).days > profile.entry_term_days


def patched(before: PurchaseRecord, correction: PurchaseCorrection) -> PurchaseRecord:
    """The record after a merge patch (RFC 7396). Raises `RecordRefused`."""
    changes = correction.changes
    problems = [
        Problem(
            f"/changes/{name}",
            "fixed",
            f"{name!r} names the entry and its book and cannot be corrected.",
            "Register the purchase anew where it belongs.",
        )
        for name in sorted(FIXED & changes.keys())
    ]
    checks.check_key(correction.key, "/key", problems)
    if problems:
        raise RecordRefused(problems)
    try:
        return msgspec.convert(_merge(msgspec.to_builtins(before), changes), PurchaseRecord)
    except msgspec.ValidationError as error:
        raise RecordRefused([validation_problem(error, "/changes")]) from error


def _merge(target: object, patch: object) -> object:
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = _merge(merged.get(name), value)
    return merged


def ended(
    record: PurchaseSold | PawnEndedRecord,
    state: Purchase,
    *,
    fingerprint: bytes,
    buyer: bytes | None,
) -> LineSold | PawnEnded:
    """The event of a line that left. Raises `RecordRefused`."""
    problems: list[Problem] = []
    checks.check_key(record.key, "/key", problems)
    sale = isinstance(record, PurchaseSold)
    moment = record.sold if isinstance(record, PurchaseSold) else record.ended
    occurred = checks.check_moment(moment, "/sold" if sale else "/ended", problems)
    if isinstance(record, PurchaseSold) and record.buyer is not None:
        check_seller(record.buyer, "/buyer", problems)
    if all(line.line != record.line for line in state.content.lines):
        problems.append(
            Problem(
                "/line",
                "unknown_line",
                f"The purchase has no line {record.line}.",
                f"It has {', '.join(str(line.line) for line in state.content.lines)}.",
            )
        )
    if isinstance(record, PawnEndedRecord) and state.content.mode != "pawned":
        problems.append(
            Problem("/purchase", "not_pawned", "The purchase was no pawn.", "Send a sale.")
        )
    if problems or occurred is None:
        raise RecordRefused(problems)
    if isinstance(record, PurchaseSold):
        return LineSold(
            buyer=buyer,
            fingerprint=fingerprint,
            key=record.key,
            line=record.line,
            sold=occurred,
            source=record.source,
        )
    return PawnEnded(
        ended=occurred,
        fingerprint=fingerprint,
        key=record.key,
        line=record.line,
        outcome=record.outcome,
        source=record.source,
    )


def book_id(record: PurchaseRecord) -> UUID:
    """The book whose next number this purchase takes."""
    return ids.establishment_id(record.dealer.source, record.dealer.key, record.branch)


def book_of(content: Content) -> UUID:
    """The book that a registered purchase stands in."""
    return ids.establishment_id(content.dealer_source, content.dealer_key, content.branch)
