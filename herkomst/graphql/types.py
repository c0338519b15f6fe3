"""The shapes of what is answered: registers, goods on both sides, hits, and what is withheld.

A shape lists what a record of the investigations has; it is never made itself. What an object, a
list or a page costs is said in `limits.py`.
"""

from collections.abc import Awaitable
from datetime import date, datetime
from typing import Annotated, Generic, Protocol, TypeVar

import strawberry
from graphql import GraphQLError

from herkomst.access.policy import Action, NotPermitted
from herkomst.domain import ids, matching
from herkomst.graphql.context import Info
from herkomst.graphql.enums import (
    DealerState,
    Grade,
    HitState,
    HitTime,
    ItemStatus,
    Mode,
    PresentationState,
    Trade,
)
from herkomst.graphql.fields import resolved, right_of, shape_of, told
from herkomst.graphql.limits import COUNT
from herkomst.graphql.refusals import Refusal
from herkomst.investigations import dealers, goods, hits, presentations, purchases, shops
from herkomst.investigations import stolen_items as items
from herkomst.investigations.pages import COUNTED, Count

T = TypeVar("T")


class Counted(Protocol):
    """A page that knows how to count the list that it is of."""

    @property
    def total(self) -> Count: ...


_NOT_AS_KNOWN = "Null in a case as it was known on a day: there it is an item of its own."
_ASKED_APART = (
    "Refused as `not_as_known` in a case as it was known on a day: there it is an item of its own."
)


@strawberry.interface(
    description="Something with an id of its own in all of the registers and cases. Ids of "
    "different kinds never collide, so `node` finds it by its id alone."
)
class Node:
    id: strawberry.ID = told("Id, by which `node` finds it.")


@strawberry.type(description="Where a page ends, and whether another follows.")
class PageInfo:
    has_next_page: bool = told("Whether there is more behind this page.")
    has_previous_page: bool = told("Whether this page begins behind a cursor.")
    start_cursor: str | None = told("Cursor of the first record; null on an empty page.")
    end_cursor: str | None = told("The `after` of the next page; null on an empty page.")


@strawberry.type(description="A record of a page.")
class Edge(Generic[T]):
    node: T = told("The record.")
    cursor: str = told("The `after` that continues behind it; opaque, and it survives a rebuild.")


@strawberry.type(
    description="A page, from the record that changed last to the oldest. A page that is refused "
    "has no records, which is not the same as an empty one: see `refused`."
)
class Connection(Generic[T]):
    edges: list[Edge[T]] | None = told("The records with their cursors; null where refused.")
    nodes: list[T] | None = told("The records alone; null where refused.")
    page_info: PageInfo = told("Where the page ends.")
    refused: Refusal | None = told("Why it is not answered; null where it is.")

    @resolved(
        int | None,
        f"How many there are in all, for you; null where it is refused, and where there are more "
        f"than {COUNTED}, which is counted no further.",
        cost=COUNT,
    )
    async def total_count(self, info: Info, root: strawberry.Parent[Counted]) -> int | None:
        found = await root.total()
        info.context.counts.append(found)
        return found


@strawberry.type(description="Something that exists and may not be shown to you (art. 2:11 Bpg).")
@shape_of(goods.Withheld)
class Withheld:
    reason: str = told("Why: `handling_consent`, `handling_confidential` or `identity`.")
    contact: str = told("Whom to ask for it.")
    can_request: bool = told("Whether you may ask for it, or reveal it on a ground.")


@strawberry.type(description="An amount.")
class Money:
    amount: str = told("A decimal string, such as 125.00.")
    currency: str = told("Code by ISO 4217.")


@strawberry.type(description="When something happened, as it was given: a moment, a day or a span.")
class Occurred:
    from_: str = told("A date, or a time with its offset.", name="from")
    to: str | None = told("The end of a span, included.")
    zone: str = told("The zone whose calendar days are meant.")
    precision: str = told("second, minute, hour, day or month.")


@strawberry.type(description="A number on a good.")
class Identifier:
    type: str = told("serial, imei, vin, plate, frame, chip, engraving, mac, hallmark or other.")
    value: str | None = told("As it was written; null where it was sealed and then erased.")


@strawberry.type(description="A further fact of a good.")
class Attribute:
    name: str = told("What of the good, such as frame_height.")
    value: str = told("As it was written.")


@strawberry.type(description="What a source says of a good.")
class Good:
    kind: str = told("Slug of the catalogue of goods.")
    brand: str | None = told("As it was written.")
    model: str | None = told("As it was written.")
    description: str | None = told("Free text; it is kept sealed.")
    colours: list[str] = told("As they were written.")
    identifiers: list[Identifier] = told("Numbers; plates and engravings are kept sealed.")
    attributes: list[Attribute] = told("Further facts.")


@strawberry.type(description="A line of a purchase: one good that a dealer acquired.")
class PurchasedLine(Good):
    line: int = told("Number of the line in its purchase.")
    price: Money | None = told("What the dealer gave for it.")


@strawberry.type(description="A municipality (gemeente).")
class Municipality:
    code: str = told("Code of Statistics Netherlands, such as GM0363.")
    name: str = told("Its name.")
    lat: float = told("Latitude of a point inside it, in degrees (WGS 84).")
    lon: float = told("Longitude of that point.")


@strawberry.type(description="An establishment (vestiging) with the dealer it belongs to.")
class Shop:
    id: strawberry.ID = told("Id of the establishment.")
    name: str = told("Name on the door.")
    branch: str | None = told("Branch number (vestigingsnummer).")
    street: str | None = told("Street.")
    number: str | None = told("House number.")
    suffix: str | None = told("Suffix of the house number.")
    postcode: str | None = told("Postcode.")
    city: str | None = told("Town.")
    municipality: Municipality | None = told("Where its register is controlled.")
    dealer_id: strawberry.ID = told("Id of the dealer.")
    dealer_name: str = told("Name of the dealer.")


@strawberry.type(description="What a control would ask about. It refuses nothing.")
class Mark:
    code: str = told("Such as late, cash_limit or number_missing.")
    message: str = told("The same as a sentence.")


@strawberry.type(description="A fact for or against, with the values as they were written.")
@shape_of(matching.Reason)
class Reason:
    code: str = told("Such as number_agrees, imei_looks_alike or brand_missing.")
    purchase: str | None = told(
        "Value on the side of the purchase; null of a number that points at a person or stood in "
        "a description."
    )
    stolen: str | None = told("Value on the side of the report, in the same way.")
    value: str | None = told(
        "Of a number that is less than the same: how many stolen goods of the brand and model "
        "would look so by chance, for each purchase that is compared."
    )


@strawberry.type(description="A good reported stolen (gestolen goed).")
@shape_of(items.StolenItem)
class StolenItem(Node):
    id: strawberry.ID = told("Id of the item.")
    source: str = told("Who reported it to the register.")
    key: str = told("Its name at the source.")
    report: str | None = told("Number of the report (aangifte); a report may have several items.")
    offence: str | None = told("How it left its owner.")
    status: ItemStatus = told("What the source says of it now.")
    withdrawn_reason: str | None = told("mistaken or duplicate.")
    recovered: Occurred | None = told("When it was found again.")
    handling: str = told("Handling code of its owner (afhandelingscode).")
    stolen: Occurred = told("When it was stolen: an interval.")
    reported: Occurred = told("When it was reported.")
    municipality: Municipality | None = told("Where it was stolen.")
    country: str = told("Where it was stolen, by ISO 3166.")
    good: Good = told("The good.")
    regime: str = told("Law that it falls under, from its birth.")
    recorded_at: datetime = told("When it was recorded here.")


StolenSide = Annotated[
    StolenItem | Withheld,
    strawberry.union("StolenSide", description="The stolen item, or that it is withheld."),
]


@strawberry.type(description="The good that was bought, with what a card needs of its purchase.")
class PurchasedGood:
    purchase_id: strawberry.ID = told("Id of the purchase.")
    source: str = told("Who registered it.")
    key: str = told("Its name at the source.")
    line: int = told("Number of the line in its purchase.")
    register_number: int | None = told("Number in the register of the establishment (volgnummer).")
    acquired: Occurred = told("When the dealer acquired it.")
    mode: Mode = told("How the dealer acquired it.")
    marks: list[Mark] = told("What a control would ask about.")
    good: PurchasedLine | None = told("The good; null where a correction took the line away.")

    @resolved(Shop | None, "The shop; null where its dealer never notified.")
    def shop(
        self, info: Info, root: strawberry.Parent[hits.PurchasedGood]
    ) -> Awaitable[shops.Shop | None]:
        return info.context.hit_shops.load(root.establishment_id)


@strawberry.type(
    description="A hit (treffer): one line of a purchase beside one stolen item. It is a lead, "
    "never proof; a person decides. What rests on an item that is withheld from you is null."
)
@shape_of(hits.Hit)
class Hit(Node):
    id: strawberry.ID = told("Id of the hit.")
    grade: Grade | None = told("How much agrees.")
    score: int | None = told("Order of a queue, from 0 to 1000; no probability.")
    state: HitState = told("What became of it.")
    time: HitTime | None = told("Whether the purchase lies surely after the theft.")
    reasons: list[Reason] = told("What speaks for it.")
    against: list[Reason] = told("What speaks against it.")
    why: str | None = told("Why it was closed or rejected.")
    decided_by: str | None = told("Who decided.")
    found_at: datetime = told("When it was found.")
    revision: int = told("Position of its last event in casework; the stream resumes from it.")

    @resolved(
        PurchasedGood, f"The good that was bought. Read once for all of a page. {_ASKED_APART}"
    )
    def purchase(
        self, info: Info, root: strawberry.Parent[hits.Hit]
    ) -> Awaitable[hits.PurchasedGood | None]:
        _must_be_told_as_of_now(root)
        return info.context.bought.load((root.purchase_id, root.line))

    @resolved(StolenSide, f"The good that was stolen. Read once for all of a page. {_ASKED_APART}")
    def stolen(
        self, info: Info, root: strawberry.Parent[hits.Hit]
    ) -> Awaitable[items.StolenItem | goods.Withheld | None]:
        _must_be_told_as_of_now(root)
        return info.context.stolen.load(root.stolen_id)


def _must_be_told_as_of_now(hit: hits.Hit) -> None:
    """Raise `GraphQLError` for a hit as it was known: what stands beside it is told as of now."""
    if hit.as_known:
        raise GraphQLError(
            "What stands beside a hit is not told of a day.",
            extensions={
                "code": "not_as_known",
                "cure": "Ask it as an item of the case, or of the hit as it stands.",
            },
        )


@strawberry.type(description="An address.")
class Address:
    street: str | None = told("Street.")
    number: str | None = told("House number.")
    suffix: str | None = told("Suffix of the house number.")
    postcode: str | None = told("Postcode.")
    city: str | None = told("Town.")
    country: str = told("Code by ISO 3166.")


@strawberry.type(description="A document of identity, as it was written down.")
class Document:
    type: str = told("passport, identity_card, driving_licence, residence_document or other.")
    number: str = told("Its number.")
    country: str | None = told("Who gave it out.")


@strawberry.type(description="What was presented, as written down. Who it is, is another question.")
@shape_of(presentations.Identity)
class Identity:
    family_name: str = told("Family name.")
    prefix: str | None = told("Prefix of the family name (tussenvoegsel).")
    given_names: str | None = told("Given names.")
    initials: str | None = told("Initials.")
    born: str | None = told("Date of birth.")
    address: Address | None = told("Address.")
    phone: str | None = told("Telephone number.")
    email: str | None = told("E-mail address.")
    document: Document | None = told("Document of identity.")
    vehicle_plate: str | None = told("Plate of the vehicle that the seller came with.")


@strawberry.type(description="An identity that was erased; nothing of it can be opened again.")
@shape_of(presentations.Erased)
class Erased:
    reason: str = told("Always `erased`.")


PresentedIdentity = Annotated[
    Identity | Withheld | Erased,
    strawberry.union(
        "PresentedIdentity", description="The identity, that it is withheld, or that it is gone."
    ),
]


@strawberry.type(description="An identity presented with a purchase, one a purchase.")
@shape_of(presentations.Presentation)
class Presentation(Node):
    id: strawberry.ID = told("Id of the presentation.")
    purchase_id: strawberry.ID = told("Id of the purchase.")
    source: str = told("Who registered it.")
    key: str = told("Name of the purchase at its source.")
    shown: list[str] = told("Which fields were given.")
    state: PresentationState = told("Whether it still exists.")
    pseudonym: str = told("The same for who presented the same name and birth date (or address).")
    identity: PresentedIdentity = told(
        "What was presented; withheld until it is revealed on a case, a hit or an order.",
        right=Action.REVEAL_IDENTITY,
    )
    recorded_at: datetime = told("When it was recorded.")


PresentationSide = Annotated[
    Presentation | Withheld,
    strawberry.union("PresentationSide", description="A presentation, or that it is withheld."),
]


@strawberry.type(description="What became of a line: sold on, redeemed or forfeited.")
class Ending:
    line: int = told("Number of the line.")
    outcome: str = told("sold, redeemed or forfeited.")
    at: Occurred = told("When.")


@strawberry.type(description="How a purchase was paid for.")
class Payment:
    form: str = told("cash, card, transfer, voucher, barter or none.")
    amount: Money | None = told("What was paid.")


@strawberry.type(description="An entry of the purchase register (inkoopregister, art. 437 Sr).")
@shape_of(purchases.Purchase)
class Purchase(Node):
    id: strawberry.ID = told("Id of the purchase.")
    source: str = told("Who registered it.")
    key: str = told("Its name at the source.")
    register_number: int | None = told("Number in the register of the establishment (volgnummer).")
    acquired: Occurred = told("When the dealer acquired it.")
    mode: Mode = told("How the dealer acquired it.")
    payment: Payment | None = told("How it was paid for.")
    lines: list[PurchasedLine] = told("The goods.")
    marks: list[Mark] = told("What a control would ask about.")
    seller_presented: bool = told("Whether the seller presented an identity.")
    corrections: int = told("How often it was corrected; this is how it stands now.")
    endings: list[Ending] = told("What became of its lines.")
    recorded_at: datetime = told("When it was recorded.")

    @resolved(Shop | None, f"The shop; null where its dealer never notified. {_NOT_AS_KNOWN}")
    def shop(
        self, info: Info, root: strawberry.Parent[purchases.Purchase]
    ) -> Awaitable[shops.Shop | None] | None:
        return None if root.as_known else info.context.shops.load(root.establishment_id)

    @resolved(
        PresentationSide | None,
        f"The identity presented with it; null without one. {_NOT_AS_KNOWN}",
        Action.READ_PRESENTATIONS,
    )
    async def presentation(
        self, info: Info, root: strawberry.Parent[purchases.Purchase]
    ) -> presentations.Presentation | goods.Withheld | None:
        if root.as_known or not root.seller_presented:
            return None
        try:
            info.context.permit(right_of(info))
        except NotPermitted:
            info.context.inquiry.returned.withhold()
            return goods.Withheld(reason="presentation", contact=root.source)
        return await info.context.presentations.load(ids.presentation_id(root.id))


@strawberry.type(description="A place of business (vestiging), where a register is kept.")
@shape_of(dealers.Establishment)
class Establishment(Node):
    id: strawberry.ID = told("Id of the establishment.")
    branch: str | None = told("Branch number (vestigingsnummer).")
    name: str = told("Name on the door.")
    street: str | None = told("Street.")
    number: str | None = told("House number.")
    suffix: str | None = told("Suffix of the house number.")
    postcode: str | None = told("Postcode.")
    city: str | None = told("Town.")
    country: str = told("Code by ISO 3166.")
    municipality: Municipality | None = told("Where its register is controlled.")
    open_from: date | None = told("First day.")
    open_to: date | None = told("Last day.")


@strawberry.type(description="A dealer that notified (handelaar, art. 437ter Sr).")
@shape_of(dealers.Dealer)
class Dealer(Node):
    id: strawberry.ID = told("Id of the dealer.")
    source: str = told("Who handed the notification in.")
    key: str = told("Its name at the source.")
    name: str = told("Its name.")
    kvk: str | None = told("Number in the trade register (KvK).")
    trades: list[Trade] = told("What it trades in.")
    notified_on: date | None = told("Day of the notification.")
    state: DealerState = told("What became of the notification.")
    email: str | None = told("E-mail address; it is kept sealed.")
    phone: str | None = told("Telephone number; it is kept sealed.")
    recorded_at: datetime = told("When it was recorded.")

    @resolved(list[Establishment], "Its places of business.", Action.READ_DEALERS)
    def establishments(
        self, info: Info, root: strawberry.Parent[dealers.Dealer]
    ) -> Awaitable[list[dealers.Establishment] | None]:
        return info.context.establishments.load(root.id)
