"""Links between what the register knows, indexed both ways: the table that graphs are drawn from.

A node is a kind and an id of 128 bits, and the kind of a link tells the kinds of both its ends: a
purchase is `bought_at` an establishment, a presentation is `presented_with` a purchase, and has a
`phone`. What a person presented is a node by its keyed hash, so two presentations that share a
phone meet, and nobody can read the number.
"""

from uuid import UUID

import msgspec

from herkomst.domain import ids
from herkomst.domain.calendar import interval
from herkomst.domain.events import Recorded
from herkomst.domain.register import identity, purchase
from herkomst.domain.register.records import Seller
from herkomst.projections.model import Column, Model, Rows, Unsealed
from herkomst.projections.presentations import SHOWN, tokens

_decode = msgspec.json.Decoder(Seller).decode
_LINKING = ("document", "phone", "email", "address", "plate")
"""Names and dates of birth are too common to link anybody by themselves."""
_WHERE_SHOWN = "presented_with"
"""The link that says nothing of whose identity it is."""


class Links(Model):
    name = "links"
    version = 2
    owner = "src"
    key = ("src", "kind")
    order = 'src, kind COLLATE "C"'
    columns = (
        Column("src", "uuid"),
        Column("kind", "text"),
        Column("dst", "uuid", "CASE WHEN kind IN ('bought_at', 'presented_with') THEN dst END"),
        Column("since", "timestamptz"),
    )
    indexes = ("(dst)",)
    topics = frozenset(
        {
            purchase.Registered,
            purchase.Corrected,
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
        if isinstance(data, identity.IdentityErased | identity.IdentityRestricted):
            return rows if identity.is_found(data) else [r for r in rows if r[1] == _WHERE_SHOWN]
        if isinstance(data, purchase.Content):
            shop = ids.establishment_id(data.dealer_source, data.dealer_key, data.branch)
            return [(fact.stream, "bought_at", shop, interval(data.acquired).start)]
        assert isinstance(data, identity.Presentation)
        return self._presentation(fact, data, unsealed)

    @staticmethod
    def _presentation(fact: Recorded, data: identity.Presentation, unsealed: Unsealed) -> Rows:
        owner = ids.purchase_of(fact.stream)
        since = interval(fact.envelope.occurred).start
        rows: Rows = [(fact.stream, _WHERE_SHOWN, owner, since)]
        plain = unsealed.open(owner, data.sealed)
        if plain is None:
            return rows
        shared = zip(_LINKING, tokens(_decode(plain), unsealed.token, _LINKING), strict=True)
        return rows + [
            (fact.stream, kind, UUID(token), since) for kind, token in shared if token is not None
        ]
