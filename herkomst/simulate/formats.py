"""The records that the simulator writes, field by field as the interfaces name them."""

from typing import Literal

from msgspec import Struct, field


class Record(Struct, omit_defaults=True, gc=False):
    """A part of a record; what keeps its default is left out."""


class Reference(Record):
    """A record elsewhere."""

    source: str
    key: str


class Address(Record):
    """An address in the Netherlands."""

    street: str
    number: str
    postcode: str
    city: str
    country: str
    suffix: str | None = None


class Establishment(Record):
    """A place where a dealer does business."""

    address: Address
    municipality: str
    since: str | None = field(default=None, name="from")
    until: str | None = field(default=None, name="to")
    branch: str | None = None
    name: str | None = None


class Dealer(Record, tag_field="type", tag="dealer"):
    """A dealer, as notified to the municipality."""

    v: int
    source: str
    key: str
    name: str
    trades: list[str]
    establishments: list[Establishment]
    kvk: str | None = None
    notified_on: str | None = None
    email: str | None = None
    phone: str | None = None


class Interval(Record):
    """When something happened, as precisely as is known."""

    since: str = field(name="from")
    until: str | None = field(default=None, name="to")
    zone: str | None = None
    precision: str | None = None


class Document(Record):
    """An identity document, by type and number only."""

    type: str
    number: str
    country: str


class Seller(Record):
    """A person as a shop wrote them down."""

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


class Identifier(Record):
    """A number on a good."""

    type: str
    value: str


class Amount(Record):
    """A sum of money."""

    amount: str
    currency: str


class Item(Record):
    """A good on the line of a purchase."""

    line: int
    kind: str
    colours: list[str]
    identifiers: list[Identifier]
    attributes: dict[str, int]
    brand: str | None = None
    model: str | None = None
    description: str | None = None
    price: Amount | None = None
    terms: str | None = None


class Payment(Record):
    """How a purchase was paid."""

    form: str
    amount: str | None = None
    account: str | None = None


class Purchase(Record, tag_field="type", tag="purchase"):
    """What a shop acquired, and from whom."""

    v: int
    source: str
    key: str
    dealer: Reference
    acquired: Interval
    mode: str
    items: list[Item]
    branch: str | None = None
    reason: str | None = None
    seller: Seller | None = None
    payment: Payment | None = None


class Place(Record):
    """Where something was stolen."""

    municipality: str
    country: str
    postcode: str | None = None
    lat: float | None = None
    lon: float | None = None


class StolenGood(Record):
    """A good as its owner described it to the police."""

    kind: str
    colours: list[str]
    identifiers: list[Identifier]
    attributes: dict[str, int]
    brand: str | None = None
    model: str | None = None
    description: str | None = None
    value: Amount | None = None


class StolenItem(Record, tag_field="type", tag="stolen_item"):
    """A report of one stolen good, and what became of it."""

    v: int
    source: str
    key: str
    status: Literal["reported", "withdrawn", "recovered"]
    handling: str
    stolen: Interval
    reported_at: str
    place: Place
    item: StolenGood
    report: str | None = None
    offence: str | None = None
    withdrawn_reason: str | None = None
    recovered_at: str | None = None


class PurchaseLine(Record):
    """One line of a purchase."""

    source: str
    key: str
    line: int


class Hit(Record):
    """A purchase that holds a stolen good, which can be told by its number."""

    purchase: PurchaseLine
    stolen: Reference
    grade: str
    why: str


class SameTheft(Record):
    """Reports of one good by two sources."""

    stolen: list[Reference]


class Presentations(Record):
    """All purchases in which one person stands as the seller."""

    person: str
    presented: list[Reference]


class StolenHere(Record):
    """A purchase that holds a stolen good, whether or not anything shows it."""

    purchase: PurchaseLine
    stolen: Reference | None = None
    """The report of it, if the owner made one."""


class Crime(Record):
    """A planted crime, or what looks like one and is innocent."""

    kind: str
    members: list[str]
    """The persons, by their names in the truth."""
    purchases: list[Reference]
    form: str | None = None
    dealer: Reference | None = None
    branch: str | None = None
    look_alike_of: str | None = None


class Role(Record):
    """What an officer may do, and since when."""

    role: str
    since: str = field(name="from")
    until: str | None = field(default=None, name="to")


class Officer(Record, tag_field="type", tag="officer"):
    """Somebody of the staff, as the personnel register has them."""

    v: int
    source: str
    key: str
    person: Seller
    unit: str
    roles: list[Role]
    former_addresses: list[Address] | None = None


class Subject(Record):
    """Somebody whom a case is about, by a purchase in which they stand."""

    purchase: Reference
    category: str
    since: str = field(name="from")


class Member(Record):
    """Somebody who works on a case."""

    officer: Reference
    since: str = field(name="from")
    until: str | None = field(default=None, name="to")


class Case(Record, tag_field="type", tag="case"):
    """An investigation."""

    v: int
    source: str
    key: str
    unit: str
    article: str
    ground: str
    opened: str
    subjects: list[Subject]
    members: list[Member]
    closed: str | None = None


class Task(Record, tag_field="type", tag="task"):
    """Something that an officer was told to look into."""

    v: int
    source: str
    key: str
    officer: Reference
    unit: str
    since: str = field(name="from")
    until: str = field(name="to")
    about: list[Reference] = field(default_factory=list)


class Duty(Record, tag_field="type", tag="duty"):
    """A time of service."""

    v: int
    source: str
    key: str
    officer: Reference
    unit: str
    kind: str
    since: str = field(name="from")
    until: str = field(name="to")
    covers: Reference | None = None
    dealer: Reference | None = None
    about: list[Reference] | None = None


class Read(Record, tag_field="type", tag="read"):
    """One look into a register."""

    v: int
    source: str
    key: str
    at: str
    officer: Reference
    purpose: str
    kind: str
    device: str
    purchase: Reference | None = None
    stolen: Reference | None = None
    break_glass: bool | None = None
    reason: str | None = None


class Misuse(Record):
    """Reads that were misuse, or that look like it and are lawful."""

    kind: str
    officer: Reference
    reads: list[Reference]
    look_alike_of: str | None = None
