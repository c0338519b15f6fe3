"""Presented identities: that one was shown, with which fields; whose, where the policy opens it."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from psycopg.sql import SQL

from herkomst.access import policy
from herkomst.access.policy import Action, Permitted
from herkomst.domain import ids as ids_of
from herkomst.domain.casework.reveal import RevealRefused
from herkomst.domain.register.records import Address, Document, Seller
from herkomst.investigations import visibility
from herkomst.investigations.goods import Told, Withheld
from herkomst.investigations.inquiry import Inquiry
from herkomst.investigations.pages import Page, Slice
from herkomst.projections.presentations import tokens
from herkomst.record.vault import DataKey

LIST = "presentations"
_decode_seller = msgspec.json.Decoder(Seller).decode
_PAGE = SQL(
    "SELECT n.*, {identity_revealed} AS revealed FROM {presentations} n "
    "WHERE {presentation_shown} AND {asked} ORDER BY revision DESC LIMIT %(limit)s"
)
_BY_IDS = SQL(
    "SELECT n.*, {identity_revealed} AS revealed FROM {presentations} n "
    "WHERE presentation = ANY(%(ids)s) AND {presentation_shown}"
)
_SEALED = SQL(
    "SELECT presentation, purchase, sealed FROM {presentations} "
    "WHERE presentation = %(presentation)s"
)
_CONDITIONS = {
    "before": SQL("revision < %(before)s"),
    "presentation": SQL("presentation = %(presentation)s"),
    "states": SQL("state = ANY(%(states)s)"),
}


class Identity(Told, frozen=True, kw_only=True):
    """What was presented, as it was written down; who it is, is another question."""

    family_name: str
    prefix: str | None
    given_names: str | None
    initials: str | None
    born: str | None
    address: Address | None
    phone: str | None
    email: str | None
    document: Document | None
    vehicle_plate: str | None


class Erased(Told, frozen=True, kw_only=True):
    """The identity was erased (art. 17 AVG, art. 14 Wpg): its key is destroyed."""

    reason: str = "erased"


class Presentation(Told, frozen=True, kw_only=True):
    """An identity presented with a purchase, one a purchase."""

    id: UUID
    purchase_id: UUID
    source: str
    key: str
    shown: tuple[str, ...]
    state: str
    pseudonym: str
    """The same for who presented the same name and birth date, or the same name and address."""
    identity: Identity | Withheld | Erased
    recorded_at: datetime
    revision: int


async def page(
    permitted: Permitted,
    inquiry: Inquiry,
    wanted: Page,
    *,
    purchase: UUID | None = None,
    states: Sequence[str] | None = None,
) -> Slice[Presentation]:
    """A page of presentations, from the newest revision on."""
    permitted.must_be(Action.READ_PRESENTATIONS)
    # An identity has the id of its purchase in another form, and is found by its primary key.
    shown = None if purchase is None else ids_of.presentation_id(purchase)
    narrowed = {"before": wanted.before, "presentation": shown, "states": states}
    asked = [_CONDITIONS[name] for name, value in narrowed.items() if value is not None]
    values = {"limit": wanted.first + 1, **visibility.values(permitted), **narrowed}
    rows = await inquiry.rows(_PAGE, values, asked)
    items = await _opened(permitted, inquiry, rows[: wanted.first])
    count = inquiry.counting(_PAGE, values, asked)
    return inquiry.cursors.slice(LIST, wanted, items, len(rows), count)


async def by_ids(
    permitted: Permitted, inquiry: Inquiry, ids: Collection[UUID]
) -> dict[UUID, Presentation]:
    """These presentations; of a purchase without an identity there is none."""
    permitted.must_be(Action.READ_PRESENTATIONS)
    rows = await inquiry.rows(_BY_IDS, {"ids": list(ids), **visibility.values(permitted)})
    return {item.id: item for item in await _opened(permitted, inquiry, rows)}


async def opened(inquiry: Inquiry, presentation: Presentation) -> Identity:
    """An identity that was just revealed; the read model need not know of it yet."""
    (row,) = await inquiry.rows(_SEALED, {"presentation": presentation.id})
    key = (await inquiry.keys([row.purchase])).get(row.purchase)
    if key is None:
        raise RevealRefused("erased", "The identity was erased.", "Nothing opens it again.")
    return identity_of(inquiry, row, key)


async def one(permitted: Permitted, inquiry: Inquiry, identity: UUID) -> Presentation | None:
    """One of them, or None where there is none."""
    inquiry.returned.seek(identity)
    return (await by_ids(permitted, inquiry, [identity])).get(identity)


def replayed(
    permitted: Permitted, inquiry: Inquiry, row: Any, key: DataKey | None, *, revealed: bool
) -> Presentation:
    """A presentation of a row that was folded from events alone, without its keyed hashes."""
    if key is None or row.sealed is None:
        return _presentation(inquiry, row._replace(state="erased"), None, may_ask=False)
    seller = _decode_seller(key.open(row.sealed))
    name, born, address = tokens(seller, inquiry.token, ("name", "born", "address"))
    known = row._replace(name_token=name, born_token=born, address_token=address)
    may_ask = policy.allows(permitted.reading, Action.REVEAL_IDENTITY)
    return _presentation(inquiry, known, key, may_ask=may_ask, revealed=revealed)


async def _opened(
    permitted: Permitted, inquiry: Inquiry, rows: Sequence[Any]
) -> list[Presentation]:
    may_ask = policy.allows(permitted.reading, Action.REVEAL_IDENTITY)
    open_ones = [row.purchase for row in rows if may_ask and row.revealed and row.sealed]
    keys = await inquiry.keys(open_ones)
    for row in rows:
        inquiry.returns("presentation", row.presentation, row.revision)
    return [
        _presentation(inquiry, row, keys.get(row.purchase), may_ask=may_ask, revealed=row.revealed)
        for row in rows
    ]


def _presentation(
    inquiry: Inquiry, row: Any, key: DataKey | None, *, may_ask: bool, revealed: bool = False
) -> Presentation:
    return Presentation(
        id=row.presentation,
        purchase_id=row.purchase,
        source=row.source,
        key=row.key,
        shown=tuple(row.shown.split(",")) if row.shown else (),
        state=row.state,
        pseudonym=_pseudonym(inquiry, row),
        identity=_identity(inquiry, row, key, may_ask, revealed),
        recorded_at=row.recorded_at,
        revision=row.revision,
    )


def _pseudonym(inquiry: Inquiry, row: Any) -> str:
    """A name for who presented himself, such as K-7F3A9C01D2: it tells of equality alone."""
    second = row.born_token or row.address_token
    known = f"{row.name_token} {second}" if row.name_token and second else str(row.presentation)
    return f"K-{inquiry.token(f'pseudonym:{known}')[:10].upper()}"


def _identity(
    inquiry: Inquiry, row: Any, key: DataKey | None, may_ask: bool, revealed: bool
) -> Identity | Withheld | Erased:
    if row.state == "erased":
        return Erased()
    if not (may_ask and revealed):
        inquiry.returned.withhold()
        return Withheld(reason="identity", contact=row.source, can_request=may_ask)
    if key is None:  # Its key was destroyed, and the projection has not said so yet.
        return Erased()
    return identity_of(inquiry, row, key)


def identity_of(inquiry: Inquiry, row: Any, key: DataKey) -> Identity:
    seller = _decode_seller(key.open(row.sealed))
    inquiry.returned.add("identity", row.presentation)
    return Identity(
        family_name=seller.family_name,
        prefix=seller.prefix,
        given_names=seller.given_names,
        initials=seller.initials,
        born=seller.born,
        address=seller.address,
        phone=seller.phone,
        email=seller.email,
        document=seller.document,
        vehicle_plate=seller.vehicle_plate,
    )
