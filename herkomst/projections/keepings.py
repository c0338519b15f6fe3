"""Data keys that may no longer open what they seal for everybody: compared only, or in the vault.

A key that nothing is told of is active, or that of an erased identity. So this stays small, and
whoever opens something asks it first. Of a case or a report it tells also that it was destroyed:
what was removed does not come back into any list.
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
        if isinstance(data, identity.IdentityErased):
            return []
        if isinstance(data, identity.IdentityRestricted):
            return self._row(fact, "identity", data.state)
        if isinstance(data, keeping.KeyRestricted):
            return self._row(fact, data.kind, data.state)
        assert isinstance(data, keeping.KeyDestroyed)
        return self._row(fact, data.kind, "destroyed")

    def _row(self, fact: Recorded, kind: str, state: str) -> Rows:
        if state == "active":
            return []
        return [(self.owner_of(fact), kind, state, fact.recorded_at, fact.position)]
