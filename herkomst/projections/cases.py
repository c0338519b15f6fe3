"""Cases (zaken) as they stand: number, lead, state, and who works in them from when to when."""

from typing import Any
from uuid import UUID

import msgspec

from herkomst.domain.casework import case
from herkomst.domain.casework.case import Case, Term
from herkomst.domain.events import Recorded
from herkomst.projections.model import UNTOLD, Column, Model, Rows, Unsealed, encode_json

_NUMBER, _STATE, _AIM, _CLOSED_AT, _REVISION = 1, 6, 11, 13, 14
_FOLDED = slice(6, 10)
"""The columns that tell what the case itself folds."""
_decode_members = msgspec.json.Decoder(dict[str, list[Term]]).decode


class Cases(Model):
    name = "cases"
    version = 1
    sequence = "casework"
    owner = "case_id"
    key = ("case_id",)
    order = 'number COLLATE "C"'
    columns = (
        Column("case_id", "uuid", UNTOLD),
        Column("number", "text"),
        Column("unit", "text"),
        Column("controller", "text"),
        Column("regime", "text"),
        Column("handling", "text"),
        Column("state", "text"),
        Column("lead", "text"),
        Column("proposed_by", "text"),
        Column("members", "jsonb"),
        Column("title", "bytea", UNTOLD),
        Column("aim", "bytea", UNTOLD),
        Column("opened_at", "timestamptz", UNTOLD),
        Column("closed_at", "timestamptz", UNTOLD),
        Column("revision", "bigint", UNTOLD),
    )
    indexes = ("(number)", "(unit)", "(revision)", "USING gin (members)")
    topics = frozenset(
        {
            case.Opened,
            case.Numbered,
            case.AimStated,
            case.MemberJoined,
            case.MemberLeft,
            case.HandedOver,
            case.ClosingProposed,
            case.ClosingRefused,
            case.Closed,
            case.Reopened,
        }
    )

    def owner_of(self, fact: Recorded) -> UUID:
        return UUID(hex=fact.data.case) if isinstance(fact.data, case.Numbered) else fact.stream

    def fold(self, rows: Rows, fact: Recorded, unsealed: Unsealed) -> Rows:
        data = fact.data
        if isinstance(data, case.Opened):
            return [_opened(fact, data)]
        row = list(rows[0])
        row[_REVISION] = fact.position
        if isinstance(data, case.Numbered):
            row[_NUMBER] = case.number_told(fact)
        elif isinstance(data, case.AimStated):
            row[_AIM] = data.aim
        else:
            after = case.evolve(_case(row), data, row[2])
            row[2] = after.unit
            row[_FOLDED] = _told(after)
            row[_CLOSED_AT] = fact.recorded_at if after.state == "closed" else None
        return [tuple(row)]


def _opened(fact: Recorded, data: case.Opened) -> tuple[Any, ...]:
    envelope = fact.envelope
    begun = case.evolve(None, data, envelope.unit)
    return (
        fact.stream,
        None,
        begun.unit,
        envelope.controller,
        envelope.regime,
        envelope.handling,
        *_told(begun),
        data.title,
        data.aim,
        fact.recorded_at,
        None,
        fact.position,
    )


def _told(state: Case) -> tuple[Any, ...]:
    return state.state, state.lead, state.proposed_by, encode_json(state.members).decode()


def _case(row: list[Any]) -> Case:
    state, lead, proposed_by, members = row[_FOLDED]
    return Case(
        lead=lead,
        unit=row[2],
        state=state,
        members=_decode_members(members),
        proposed_by=proposed_by,
    )
