"""Data keys that may no longer open what they seal for everybody: compared only, or in the vault.

A key that nothing is told of is active, or is destroyed and not there. So this stays small, and
whoever opens something asks it first.
"""

from uuid import UUID

from herkomst.domain import ids
from herkomst.domain.events import Recorded
from herkomst.domain.register import identity, keeping
from herkomst.projections.model import UNTOLD, Column, Model, Rows, Unsealed


class Keepings(Model):
    name = "keepings"
    version = 1
    owner = "key_id"
    key = ("key_id",)
    order = "key_id"
    columns = (
        Column("key_id", "uuid"),
        Column("kind", "text"),
        Column("state", "text"),
        Column("since", "timestamptz", UNTOLD),
        Column("revision", "bigint", UNTOLD),
    )
    indexes = ("(kind, key_id)",)
    topics = frozenset(
        {
            identity.IdentityRestricted,
            identity.IdentityErased,
            keeping.KeyRestricted,
            keeping.KeyDestroyed,
        }
    )

    def owner_of(self, fact: Recorded) -> UUID:
        data = fact.data
        if isinstance(data, keeping.KeyRestricted | keeping.KeyDestroyed):
            return UUID(hex=data.record)
        return ids.purchase_of(fact.stream)

    def fold(self, rows: Rows, fact: Recorded, unsealed: Unsealed) -> Rows:
        data = fact.data
        if isinstance(data, identity.IdentityErased | keeping.KeyDestroyed):
            return []
        assert isinstance(data, identity.IdentityRestricted | keeping.KeyRestricted)
        if data.state == "active":
            return []
        kind = data.kind if isinstance(data, keeping.KeyRestricted) else "identity"
        return [(self.owner_of(fact), kind, data.state, fact.recorded_at, fact.position)]
