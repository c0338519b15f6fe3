"""Authorisations (art. 6 Wpg): who was granted which role, for which unit, from when to when."""

from datetime import datetime
from uuid import UUID

from herkomst.domain import ids
from herkomst.domain.casework import authorisation
from herkomst.domain.events import Recorded
from herkomst.projections.model import UNTOLD, Column, Model, Rows, Unsealed

_ENDED = slice(10, 13)
_REVISION = 13


class Authorisations(Model):
    name = "authorisations"
    version = 1
    sequence = "casework"
    owner = "authorisation"
    key = ("authorisation",)
    order = 'subject COLLATE "C", role COLLATE "C", unit COLLATE "C", name COLLATE "C"'
    columns = (
        Column("authorisation", "uuid", UNTOLD),
        Column("stream", "uuid", UNTOLD),
        Column("name", "text"),
        Column("subject", "text"),
        Column("role", "text"),
        Column("unit", "text"),
        Column("since", "timestamptz", UNTOLD),
        Column("until", "timestamptz", UNTOLD),
        Column("granted_by", "text"),
        Column("why", "bytea", UNTOLD),
        Column("ended_at", "timestamptz", "ended_at IS NOT NULL"),
        Column("ended_by", "text"),
        Column("ended_why", "bytea", UNTOLD),
        Column("revision", "bigint", UNTOLD),
    )
    indexes = ("(subject)", "(revision)", "(unit, role)")
    topics = frozenset({authorisation.Granted, authorisation.Ended})

    def owner_of(self, fact: Recorded) -> UUID:
        data = fact.data
        assert isinstance(data, authorisation.Granted | authorisation.Ended)
        return ids.authorisation_id(fact.stream, data.grant)

    def fold(self, rows: Rows, fact: Recorded, unsealed: Unsealed) -> Rows:
        data, actor = fact.data, fact.envelope.actor
        if isinstance(data, authorisation.Granted):
            return [_granted(fact, data)]
        assert isinstance(data, authorisation.Ended)
        row = list(rows[0])
        row[_ENDED] = fact.recorded_at, actor, data.why
        row[_REVISION] = fact.position
        return [tuple(row)]


def _granted(fact: Recorded, data: authorisation.Granted) -> tuple[object, ...]:
    return (
        ids.authorisation_id(fact.stream, data.grant),
        fact.stream,
        data.grant,
        data.subject,
        data.role,
        data.unit,
        datetime.fromisoformat(data.since),
        datetime.fromisoformat(data.until),
        fact.envelope.actor,
        data.why,
        None,
        None,
        None,
        fact.position,
    )
