"""Requests of persons: what was asked, until when it is answered, and on which identities."""

from datetime import date
from typing import Any

import msgspec

from herkomst.domain.casework import rights
from herkomst.domain.casework.rights import Request
from herkomst.domain.events import Recorded
from herkomst.projections.model import UNTOLD, Column, Model, Rows, Unsealed, encode_json

_ABOUT, _ANSWER, _ANSWERED_AT, _REVISION = 1, 3, 4, 11
_FOLDED = slice(5, 11)
_decode = msgspec.json.Decoder(list[str]).decode


class PersonRequests(Model):
    name = "person_requests"
    version = 1
    sequence = "casework"
    owner = "request"
    key = ("request",)
    order = 'received, due, rights::text COLLATE "C", identities::text COLLATE "C"'
    columns = (
        Column("request", "uuid", UNTOLD),
        Column("about", "bytea", UNTOLD),
        Column("received_by", "text"),
        Column("answer", "bytea", UNTOLD),
        Column("answered_at", "timestamptz", "answered_at IS NOT NULL"),
        Column("rights", "jsonb"),
        Column("received", "date"),
        Column("due", "date"),
        Column("checked", "boolean"),
        Column("identities", "jsonb"),
        Column("outcome", "text"),
        Column("revision", "bigint", UNTOLD),
    )
    indexes = ("(revision)", "(due) WHERE outcome IS NULL")
    topics = frozenset(
        {
            rights.RequestReceived,
            rights.IdentityChecked,
            rights.IdentityFound,
            rights.Extended,
            rights.RequestAnswered,
        }
    )

    def fold(self, rows: Rows, fact: Recorded, unsealed: Unsealed) -> Rows:
        data = fact.data
        if isinstance(data, rights.RequestReceived):
            begun = rights.evolve(None, data)
            assert begun is not None
            told = _told(begun)
            return [(fact.stream, data.about, data.by, None, None, *told, fact.position)]
        row = list(rows[0])
        after = rights.evolve(_request(row), data)
        assert after is not None
        row[_FOLDED] = _told(after)
        if isinstance(data, rights.RequestAnswered):
            row[_ANSWER], row[_ANSWERED_AT] = data.why, fact.recorded_at
        row[_REVISION] = fact.position
        return [tuple(row)]


def _told(state: Request) -> tuple[Any, ...]:
    return (
        encode_json(state.rights).decode(),
        state.on,
        state.due,
        state.checked,
        encode_json(state.identities).decode(),
        state.outcome,
    )


def _request(row: list[Any]) -> Request:
    named, received, due, checked, identities, outcome = row[_FOLDED]
    on, until = _day(received), _day(due)
    found = _decode(identities)
    asked: Any = tuple(_decode(named))
    return Request(
        rights=asked, on=on, due=until, checked=checked, identities=found, outcome=outcome
    )


def _day(value: Any) -> date:
    assert isinstance(value, date)
    return value
