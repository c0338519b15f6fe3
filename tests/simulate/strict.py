"""The formats of the interfaces, written down a second time and strictly, to check lines with.

It shares nothing with the simulator: a field that the interfaces do not name is an error here.
"""

from datetime import date, datetime
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from msgspec import Meta, Struct, field

AMSTERDAM = ZoneInfo("Europe/Amsterdam")

_DAY = r"\d{4}-\d\d-\d\d"
_TIME = _DAY + r"T\d\d:\d\d:\d\d\+0[12]:00"
Day = Annotated[str, Meta(pattern=f"^{_DAY}$")]
Time = Annotated[str, Meta(pattern=f"^{_TIME}$")]
DayOrTime = Annotated[str, Meta(pattern=f"^({_DAY}|{_TIME})$")]
Text = Annotated[str, Meta(min_length=1, max_length=120)]
Amount = Annotated[str, Meta(pattern=r"^\d+\.\d\d$")]
Kind = Literal[
    "bicycle", "e_bike", "cargo_bike", "moped", "car", "car_part", "phone", "tablet", "laptop",
    "desktop", "console", "camera", "television", "audio", "watch", "ring", "necklace", "coin",
    "gold_scrap", "metal_scrap", "tool", "power_tool", "instrument", "painting", "silverware",
    "household", "appliance", "drone", "motorcycle", "electric_step", "outboard_motor",
]  # fmt: skip
Trade = Literal["phones", "bicycles", "charity", "general", "gold", "cars", "electronics", "metal",
                "pawn", "art", "watches", "tools"]  # fmt: skip
Mode = Literal["bought", "traded_in", "pawned", "consigned", "found", "donated", "held",
               "offer_refused"]  # fmt: skip
Form = Literal["cash", "card", "transfer", "voucher", "barter", "none"]
Municipality = Annotated[str, Meta(pattern=r"^GM\d{4}$")]
Postcode = Annotated[str, Meta(pattern=r"^[1-9]\d{3} [A-Z]{2}$")]


class Strict(Struct, forbid_unknown_fields=True):
    """A record in which every field is known."""


class Reference(Strict):
    source: Literal["dol", "dor", "politie", "verzekeraars"]
    key: Text


class Address(Strict):
    street: Text
    number: Text
    postcode: Postcode
    city: Text
    country: Literal["NL"]
    suffix: Text | None = None


class Establishment(Strict):
    address: Address
    municipality: Municipality
    branch: Annotated[str, Meta(pattern=r"^0000\d{8}$")] | None = None
    name: Text | None = None
    since: Day | None = field(default=None, name="from")
    until: Day | None = field(default=None, name="to")


class Dealer(Strict, tag_field="type", tag="dealer"):
    v: Literal[1]
    source: Literal["dol"]
    key: Text
    name: Text
    trades: Annotated[list[Trade], Meta(min_length=1)]
    establishments: Annotated[list[Establishment], Meta(min_length=1)]
    kvk: Annotated[str, Meta(pattern=r"^\d{8}$")] | None = None
    notified_on: Day | None = None
    email: Text | None = None
    phone: Text | None = None


class Acquired(Strict):
    since: DayOrTime = field(name="from")
    until: DayOrTime | None = field(default=None, name="to")
    zone: Literal["Europe/Amsterdam"] | None = None
    precision: Literal["second", "minute", "hour", "day", "month"] | None = None


class Document(Strict):
    type: Literal["passport", "identity_card", "driving_licence", "residence_document", "other"]
    number: Annotated[str, Meta(pattern=r"^(\d{10}|[A-Z]{2}[A-Z0-9]{6}\d)$")]
    country: Annotated[str, Meta(pattern=r"^[A-Z]{2}$")]


class Seller(Strict):
    family_name: Text
    prefix: Text | None = None
    given_names: Text | None = None
    initials: Text | None = None
    born: Day | None = None
    address: Address | None = None
    phone: Annotated[str, Meta(pattern=r"^(06|06-|\+316)\d{8}$")] | None = None
    email: Annotated[str, Meta(pattern=r"^[a-z.0-9-]+@post\.example$")] | None = None
    document: Document | None = None
    vehicle_plate: Text | None = None


class Identifier(Strict):
    type: Literal["serial", "imei", "vin", "plate", "frame", "chip", "engraving", "mac", "hallmark",
                  "other"]  # fmt: skip
    value: Text


class Money(Strict):
    amount: Amount
    currency: Literal["EUR"]


class Item(Strict):
    line: Annotated[int, Meta(ge=1)]
    kind: Kind
    colours: list[Text]
    identifiers: list[Identifier]
    attributes: dict[str, int]
    brand: Text | None = None
    model: Text | None = None
    description: Text | None = None
    price: Money | None = None
    terms: Text | None = None


class Payment(Strict):
    form: Form
    amount: Amount | None = None
    account: Annotated[str, Meta(pattern=r"^NL\d\d[A-Z]{4}\d{10}$")] | None = None


class Purchase(Strict, tag_field="type", tag="purchase"):
    v: Literal[1]
    source: Literal["dor"]
    key: Text
    dealer: Reference
    acquired: Acquired
    mode: Mode
    items: Annotated[list[Item], Meta(min_length=1)]
    branch: Text | None = None
    reason: Text | None = None
    seller: Seller | None = None
    payment: Payment | None = None


class Stolen(Strict):
    since: DayOrTime = field(name="from")
    zone: Literal["Europe/Amsterdam"]
    precision: Literal["second", "minute", "hour", "day", "month"]
    until: DayOrTime | None = field(default=None, name="to")


class Place(Strict):
    country: Literal["NL"]
    municipality: Municipality | None = None
    postcode: Postcode | None = None
    lat: Annotated[float, Meta(ge=50.5, le=53.8)] | None = None
    lon: Annotated[float, Meta(ge=3.2, le=7.4)] | None = None


class StolenGood(Strict):
    kind: Kind
    colours: list[Text]
    identifiers: list[Identifier]
    attributes: dict[str, int]
    brand: Text | None = None
    model: Text | None = None
    description: Text | None = None
    value: Money | None = None


class StolenItem(Strict, tag_field="type", tag="stolen_item"):
    v: Literal[1]
    source: Literal["politie", "verzekeraars"]
    key: Annotated[str, Meta(pattern=r"^(PL\d\d[0-9A-Z]{2} 20\d{8}-[1-9]\d?|VZ-[0-9A-Z]{8})$")]
    status: Literal["reported", "withdrawn", "recovered"]
    handling: Literal["open", "consent", "confidential", "closed"]
    stolen: Stolen
    reported_at: Time
    place: Place
    item: StolenGood
    report: Text | None = None
    offence: Text | None = None
    withdrawn_reason: Literal["mistaken", "duplicate"] | None = None
    recovered_at: Time | None = None


class PurchaseLine(Strict):
    source: Literal["dor"]
    key: Text
    line: int


class Hit(Strict):
    purchase: PurchaseLine
    stolen: Reference
    grade: Literal["full_hit", "hit", "look_alike", "one_edit", "part"]
    why: Text


class StolenHere(Strict):
    purchase: PurchaseLine
    stolen: Reference | None = None


class SameTheft(Strict):
    stolen: Annotated[list[Reference], Meta(min_length=2, max_length=2)]


class Crime(Strict):
    kind: Text
    members: list[Text]
    purchases: list[Reference]
    form: Text | None = None
    dealer: Reference | None = None
    branch: Text | None = None
    look_alike_of: (
        Literal["prolific", "ring", "straw", "bad_shop", "structuring", "borrowed_document",
                "sold_then_reported"] | None
    ) = None  # fmt: skip


class Presentations(Strict):
    person: Text
    presented: Annotated[list[Reference], Meta(min_length=1)]


def moment(written: str) -> datetime:
    """Return a moment in Amsterdam; a date is its first one."""
    if "T" not in written:
        return datetime.fromisoformat(written).replace(tzinfo=AMSTERDAM)
    return datetime.fromisoformat(written).astimezone(AMSTERDAM)


def day(written: str) -> date:
    """Return the day of a date or a moment."""
    return date.fromisoformat(written[:10])


class StaffReference(Strict):
    source: Literal["personeel"]
    key: Text


class Role(Strict):
    role: Text
    since: Day = field(name="from")
    until: Day | None = field(default=None, name="to")


class Officer(Strict, tag_field="type", tag="officer"):
    v: Literal[1]
    source: Literal["personeel"]
    key: Text
    person: Seller
    unit: Text
    roles: Annotated[list[Role], Meta(min_length=1)]
    former_addresses: list[Address] | None = None


class Subject(Strict):
    purchase: Reference
    category: Text
    since: Time = field(name="from")


class Member(Strict):
    officer: StaffReference
    since: Time = field(name="from")
    until: Time | None = field(default=None, name="to")


class Case(Strict, tag_field="type", tag="case"):
    v: Literal[1]
    source: Literal["personeel"]
    key: Text
    unit: Text
    article: Text
    ground: Annotated[str, Meta(pattern="^wpg:")]
    opened: Time
    subjects: list[Subject]
    members: list[Member]
    closed: Time | None = None


class Task(Strict, tag_field="type", tag="task"):
    v: Literal[1]
    source: Literal["personeel"]
    key: Text
    officer: StaffReference
    unit: Text
    since: Time = field(name="from")
    until: Time = field(name="to")
    about: list[Reference] = field(default_factory=list)


class Duty(Strict, tag_field="type", tag="duty"):
    v: Literal[1]
    source: Literal["personeel"]
    key: Text
    officer: StaffReference
    unit: Text
    kind: Literal["shift", "cover", "on_call", "control", "training"]
    since: Time = field(name="from")
    until: Time = field(name="to")
    covers: StaffReference | None = None
    dealer: Reference | None = None
    about: list[Reference] | None = None


class Read(Strict, tag_field="type", tag="read"):
    v: Literal[1]
    source: Literal["personeel"]
    key: Text
    at: Time
    officer: StaffReference
    purpose: Annotated[str, Meta(pattern="^(case|task|duty):")]
    kind: Literal["seller", "purchase", "stolen_item", "hit"]
    device: Text
    purchase: Reference | None = None
    stolen: Reference | None = None
    break_glass: bool | None = None
    reason: str | None = None


class Misuse(Strict):
    kind: Text
    officer: StaffReference
    reads: Annotated[list[StaffReference], Meta(min_length=1)]
    look_alike_of: str | None = None


Staff = Officer | Case | Task | Duty
