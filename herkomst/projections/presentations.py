"""Presented identities: sealed, with keyed hashes for look-up, which go when they are erased, and
when they are locked in the vault."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

import msgspec

from herkomst.domain import ids
from herkomst.domain.calendar import interval
from herkomst.domain.events import Recorded
from herkomst.domain.persons import NORMAL_FORMS
from herkomst.domain.register import identity
from herkomst.domain.register.records import Seller
from herkomst.projections.model import UNTOLD, Column, Model, Rows, Token, Unsealed

_decode = msgspec.json.Decoder(Seller).decode
_STATE, _HASHES = 5, slice(6, 6 + len(NORMAL_FORMS))
_SEALED, _SINCE, _RECORDED_AT, _REVISION = range(_HASHES.stop, _HASHES.stop + 4)
_UNKNOWN = (None,) * len(NORMAL_FORMS)
_STATES = {"active": "presented", "comparable": "comparable", "vault": "vault"}


SHOWN = frozenset({identity.Presented.TOPIC, identity.IdentityCorrected.TOPIC})
"""Events that hold a sealed identity."""


class Presentations(Model):
    name = "presentations"
    version = 3
    owner = "presentation"
    key = ("presentation",)
    order = "presentation"
    columns = (
        Column("presentation", "uuid"),
        Column("purchase", "uuid"),
        Column("source", "text"),
        Column("key", "text"),
        Column("shown", "text"),
        Column("state", "text"),
        Column("name_token", "text", UNTOLD),
        Column("born_token", "text", UNTOLD),
        Column("document_token", "text", UNTOLD),
        Column("phone_token", "text", UNTOLD),
        Column("email_token", "text", UNTOLD),
        Column("address_token", "text", UNTOLD),
        Column("plate_token", "text", UNTOLD),
        Column("family_token", "text", UNTOLD),
        Column("door_token", "text", UNTOLD),
        Column("sealed", "bytea", UNTOLD),
        Column("since", "timestamptz"),
        Column("recorded_at", "timestamptz", UNTOLD),
        Column("revision", "bigint", UNTOLD),
    )
    indexes = (
        "(revision)",
        "(name_token, born_token) WHERE name_token IS NOT NULL",
        "(document_token) WHERE document_token IS NOT NULL",
        "(phone_token) WHERE phone_token IS NOT NULL",
        "(address_token) WHERE address_token IS NOT NULL",
        "(door_token) WHERE door_token IS NOT NULL",
        # What clocks are asked of, so that nobody looks through what is not due.
        "(since, presentation) WHERE state = 'presented'",
        "(presentation) WHERE state IN ('comparable', 'vault')",
    )
    topics = frozenset(
        {
            identity.Presented,
            identity.IdentityCorrected,
            identity.IdentityWithdrawn,
            identity.IdentityRestricted,
            identity.IdentityErased,
        }
    )

    def key_of(self, fact: Recorded) -> UUID | None:
        return ids.purchase_of(fact.stream) if fact.topic in SHOWN else None

    def fold(self, rows: Rows, fact: Recorded, unsealed: Unsealed) -> Rows:
        data = fact.data
        if isinstance(data, identity.IdentityWithdrawn):
            return []
        if isinstance(data, identity.IdentityErased):
            return [
                (*row[:4], "", "erased", *_UNKNOWN, None, *row[_SINCE:_REVISION], fact.position)
                for row in rows
            ]
        if isinstance(data, identity.IdentityRestricted):
            return [_restricted(row, data, fact) for row in rows]
        assert isinstance(data, identity.Presentation)
        purchase = ids.purchase_of(fact.stream)
        plain = unsealed.open(purchase, data.sealed)
        return [
            (
                fact.stream,
                purchase,
                data.source,
                data.source_key,
                ",".join(data.shown),
                rows[0][_STATE] if rows else "presented",
                *(_UNKNOWN if plain is None else tokens(_decode(plain), unsealed.token)),
                data.sealed,
                rows[0][_SINCE] if rows else interval(fact.envelope.occurred).start,
                rows[0][_RECORDED_AT] if rows else fact.recorded_at,
                fact.position,
            )
        ]


def _restricted(
    row: tuple[Any, ...], data: identity.IdentityRestricted, fact: Recorded
) -> tuple[Any, ...]:
    """In the vault nothing is found by it any more; nothing comes out of there by itself."""
    changed = list(row)
    changed[_STATE], changed[_REVISION] = _STATES[data.state], fact.position
    if data.state == "vault":
        changed[_HASHES] = _UNKNOWN
    return tuple(changed)


def tokens(
    seller: Seller, token: Token, kinds: Iterable[str] = NORMAL_FORMS
) -> tuple[str | None, ...]:
    """Keyed hashes of what the seller presented, of these kinds and in their order."""
    forms = [(kind, NORMAL_FORMS[kind](seller)) for kind in kinds]
    return tuple([None if form is None else token(f"{kind}:{form}") for kind, form in forms])
