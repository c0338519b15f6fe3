"""Records as sources send them: one JSON object a line, version 1, unknown fields refused.

The formats are fixed in `docs/interfaces.md`. Amounts are decimal strings, moments carry their
offset, coordinates are numbers. These types check shape only; what a value may be is the business
of the module of its record.
"""

from typing import Any, Literal

import msgspec

IdentifierType = Literal[
    "serial", "imei", "vin", "plate", "frame", "chip", "engraving", "mac", "hallmark", "other"
]
DocumentType = Literal[
    "passport", "identity_card", "driving_licence", "residence_document", "other"
]
Trade = Literal[
    "phones", "bicycles", "charity", "general", "gold", "cars",
    "electronics", "metal", "pawn", "art", "watches", "tools",
]  # fmt: skip
Mode = Literal[
    "bought", "traded_in", "pawned", "consigned", "found", "donated", "held", "offer_refused"
]
Handling = Literal["open", "consent", "confidential", "closed"]


class Wire(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    gc=False,
):
    """Base of everything that a source may send."""


class Amount(Wire, frozen=True, kw_only=True):
    amount: str
    currency: str = "EUR"


class Moment(Wire, frozen=True, kw_only=True):
    from_: str = msgspec.field(name="from")
    to: str | None = None
    zone: str | None = None
    precision: Literal["second", "minute", "hour", "day", "month"] | None = None


class Address(Wire, frozen=True, kw_only=True):
    street: str | None = None
    number: str | None = None
    suffix: str | None = None
    postcode: str | None = None
    city: str | None = None
    country: str = "NL"


class Identifier(Wire, frozen=True, kw_only=True):
    type: IdentifierType
    value: str


class Good(Wire, frozen=True, kw_only=True):
    kind: str
    brand: str | None = None
    model: str | None = None
    description: str | None = None
    colours: list[str] = []
    identifiers: list[Identifier] = []
    attributes: dict[str, str | int | float | bool] = {}


class PurchaseLine(Good, frozen=True, kw_only=True):
    line: int
    price: Amount | None = None
    terms: str | None = None


class StolenGood(Good, frozen=True, kw_only=True):
    value: Amount | None = None


class Document(Wire, frozen=True, kw_only=True):
    type: DocumentType
    number: str
    country: str | None = None


class Seller(Wire, frozen=True, kw_only=True):
    family_name: str
    prefix: str | None = None
    given_names: str | None = None
    initials: str | None = None
    born: str | None = None
    address: Address | None = None
    phone: str | None = None
    email: str | None = None
    document: Document | None = None
    vehicle_plate: str | None = None


class Reference(Wire, frozen=True, kw_only=True):
    source: str
    key: str


class Payment(Wire, frozen=True, kw_only=True):
    form: Literal["cash", "card", "transfer", "voucher", "barter", "none"]
    amount: Amount | str | None = None
    account: str | None = None


class Establishment(Wire, frozen=True, kw_only=True):
    address: Address
    municipality: str
    branch: str | None = None
    name: str | None = None
    from_: str | None = msgspec.field(name="from", default=None)
    to: str | None = None


class Keyed(Wire, frozen=True, kw_only=True):
    """What every record has: its type, the version of its format, and its name at its source."""

    type: str
    v: Literal[1]
    source: str
    key: str


class DealerRecord(Keyed, frozen=True, kw_only=True):
    """A dealer's notification to the mayor (melding, art. 437ter(2) Sr)."""

    type: Literal["dealer"]
    name: str
    establishments: list[Establishment]
    trades: list[Trade]
    kvk: str | None = None
    notified_on: str | None = None
    email: str | None = None
    phone: str | None = None


class PurchaseRecord(Keyed, frozen=True, kw_only=True):
    """An entry of the purchase register (inkoopregister, art. 437(1)(a) Sr)."""

    type: Literal["purchase"]
    dealer: Reference
    acquired: Moment
    mode: Mode
    items: list[PurchaseLine]
    branch: str | None = None
    reason: str | None = None
    seller: Seller | None = None
    payment: Payment | None = None


class StolenItemRecord(Keyed, frozen=True, kw_only=True):
    """One good reported stolen (gestolen goed, aangifte)."""

    type: Literal["stolen_item"]
    status: Literal["reported", "withdrawn", "recovered"]
    handling: Handling
    stolen: Moment
    reported_at: str
    item: StolenGood
    place: "Place | None" = None
    report: str | None = None
    offence: str | None = None
    withdrawn_reason: Literal["mistaken", "duplicate"] | None = None
    recovered_at: str | None = None


class Place(Wire, frozen=True, kw_only=True):
    municipality: str | None = None
    postcode: str | None = None
    lat: float | None = None
    lon: float | None = None
    country: str = "NL"


class PurchaseCorrection(Keyed, frozen=True, kw_only=True):
    """A correction of an entry; `changes` is a merge patch (RFC 7396) on the purchase record."""

    type: Literal["purchase_correction"]
    corrects: str
    reason: str
    changes: dict[str, Any]


class PurchaseSold(Keyed, frozen=True, kw_only=True):
    """A line sold on (verkoopregister, by municipal ordinance)."""

    type: Literal["purchase_sold"]
    purchase: str
    line: int
    sold: Moment
    buyer: Seller | None = None


class PawnEndedRecord(Keyed, frozen=True, kw_only=True):
    """A pawned line (pand) redeemed by its owner or forfeited to the dealer."""

    type: Literal["pawn_ended"]
    purchase: str
    line: int
    outcome: Literal["redeemed", "forfeited"]
    ended: Moment


PurchaseFollowUp = PurchaseCorrection | PurchaseSold | PawnEndedRecord
Record = DealerRecord | PurchaseRecord | StolenItemRecord | PurchaseFollowUp
RECORD_TYPES: tuple[type[Record], ...] = (
    DealerRecord,
    PurchaseRecord,
    StolenItemRecord,
    PurchaseCorrection,
    PurchaseSold,
    PawnEndedRecord,
)
