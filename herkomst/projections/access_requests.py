"""What was asked of the owners of what is withheld: for whom, until when, and what they said."""

from datetime import datetime
from uuid import UUID

from herkomst.domain import ids
from herkomst.domain.casework.request import (
    AccessGranted,
    AccessLapsed,
    AccessRefused,
    AccessRequested,
)
from herkomst.domain.events import Recorded
from herkomst.projections.model import UNTOLD, Column, Model, Rows, Unsealed

_STATE, _ANSWER = 13, slice(13, 18)


class AccessRequests(Model):
    name = "access_requests"
    version = 1
    sequence = "casework"
    owner = "stream"
    key = ("request",)
    order = 'record, asked_by COLLATE "C", purpose COLLATE "C", place'
    columns = (
        Column("request", "uuid", UNTOLD),
        Column("stream", "uuid", UNTOLD),
        Column("record", "uuid"),
        Column("owner", "text"),
        Column("asked_by", "text"),
        Column("role", "text"),
        Column("unit", "text"),
        Column("purpose", "text", UNTOLD),
        Column("case_id", "uuid", UNTOLD),
        Column("of_case", "uuid", UNTOLD),
        Column("why", "bytea", UNTOLD),
        Column("asked_at", "timestamptz", UNTOLD),
        Column("answer_by", "timestamptz", UNTOLD),
        Column("state", "text"),
        Column("answered_by", "text"),
        Column("refusal", "text"),
        Column("answer", "bytea", UNTOLD),
        Column("until", "timestamptz", UNTOLD),
        Column("place", "bigint"),
        Column("revision", "bigint", UNTOLD),
    )
    indexes = ("(stream)", "(record)", "(case_id)", "(of_case)", "(owner, revision)", "(revision)")
    topics = frozenset({AccessRequested, AccessLapsed, AccessGranted, AccessRefused})

    def fold(self, rows: Rows, fact: Recorded, unsealed: Unsealed) -> Rows:
        data = fact.data
        rows = sorted(rows, key=lambda row: row[-2])
        if isinstance(data, AccessRequested):
            return [*rows, _asked(fact, data)]
        row = list(rows[-1])
        if isinstance(data, AccessLapsed):
            row[_STATE] = "overdue"
        elif isinstance(data, AccessGranted):
            until = datetime.fromisoformat(data.until)
            row[_ANSWER] = "granted", data.by, None, data.why, until
        elif isinstance(data, AccessRefused):
            row[_ANSWER] = "refused", data.by, data.ground, data.why, None
        row[-1] = fact.position
        return [*rows[:-1], tuple(row)]


def _asked(fact: Recorded, data: AccessRequested) -> tuple[object, ...]:
    return (
        ids.request_id(fact.stream, fact.version),
        fact.stream,
        UUID(hex=data.record),
        data.owner,
        data.by,
        data.role,
        data.unit,
        data.purpose,
        UUID(hex=data.case) if data.case else None,
        UUID(hex=data.of_case) if data.of_case else None,
        data.why,
        fact.recorded_at,
        datetime.fromisoformat(data.answer_by),
        "asked",
        None,
        None,
        None,
        None,
        fact.version,
        fact.position,
    )
