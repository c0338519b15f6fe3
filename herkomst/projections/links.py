"""Links between what the register knows, indexed both ways: the table that graphs are drawn from.

A node is `KIND:ID`. What a person presented is a node by its keyed hash, so two presentations that
share a phone meet, and nobody can read the number.
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


class Links(Model):
    name = "links"
    version = 1
    owner = "owner"
    key = ("owner", "kind", "dst")
    order = 'owner, kind COLLATE "C", src COLLATE "C"'
    columns = (
        Column("owner", "uuid"),
        Column("kind", "text"),
        Column("src", "text"),
        Column(
            "dst", "text", "CASE WHEN dst LIKE '%:~%' THEN split_part(dst, ':', 1) ELSE dst END"
        ),
        Column("since", "timestamptz"),
    )
    indexes = ("(src)", "(dst)")
    topics = frozenset(
        {
            purchase.Registered,
            purchase.Corrected,
            identity.Presented,
            identity.IdentityCorrected,
            identity.IdentityWithdrawn,
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
            return [row for row in rows if row[1] == "presented_with"]
        if isinstance(data, purchase.Content):
            shop = ids.establishment_id(data.dealer_source, data.dealer_key, data.branch)
            since = interval(data.acquired).start
            src = f"purchase:{fact.stream}"
            return [(fact.stream, "bought_at", src, f"establishment:{shop}", since)]
        assert isinstance(data, identity.Presentation)
        return self._presentation(fact, data, unsealed)

    @staticmethod
    def _presentation(fact: Recorded, data: identity.Presentation, unsealed: Unsealed) -> Rows:
        owner = ids.purchase_of(fact.stream)
        since = interval(fact.envelope.occurred).start
        src = f"presentation:{fact.stream}"
        rows: Rows = [(fact.stream, "presented_with", src, f"purchase:{owner}", since)]
        plain = unsealed.open(owner, data.sealed)
        if plain is None:
            return rows
        shared = zip(_LINKING, tokens(_decode(plain), unsealed.token, _LINKING), strict=True)
        return rows + [
            (fact.stream, kind, src, f"{kind}:~{token}", since)
            for kind, token in shared
            if token is not None
        ]
