"""Mutes of numbers: each with a reason, an end, and the stolen goods of the pairs it withheld."""

from datetime import datetime
from uuid import UUID

from herkomst.domain.casework import mute
from herkomst.domain.events import Recorded
from herkomst.projections.model import UNTOLD, Column, Model, Rows, Unsealed

_MUTE, _ENDED, _WITHHELD, _REVISION = 0, slice(11, 15), 15, 16


class MutedNumbers(Model):
    name = "muted_numbers"
    version = 1
    sequence = "casework"
    owner = "number"
    key = ("mute",)
    order = "hit, place"  # The id of a sealed number differs by keyring.
    columns = (
        Column("mute", "uuid", UNTOLD),
        Column("number", "uuid", UNTOLD),
        Column("place", "bigint"),
        Column(
            "key", "text", "CASE WHEN key LIKE '%:~%' THEN split_part(key, ':', 1) ELSE key END"
        ),
        Column("brand", "text"),
        Column("closed", "boolean"),
        Column("hit", "uuid"),
        Column("muted_by", "text"),
        Column("muted_at", "timestamptz", UNTOLD),
        Column("until", "timestamptz", UNTOLD),
        Column("why", "bytea", UNTOLD),
        Column("state", "text"),
        Column("ended_at", "timestamptz", UNTOLD),
        Column("ended_by", "text"),
        Column("ended_why", "bytea", UNTOLD),
        Column("withheld", "uuid[]"),
        Column("revision", "bigint", UNTOLD),
    )
    indexes = ("(number)", "(revision)", "(until) WHERE state = 'running'")
    topics = frozenset(
        {mute.NumberMuted, mute.NumberUnmuted, mute.NumberMuteLapsed, mute.NumberWithheld}
    )

    def fold(self, rows: Rows, fact: Recorded, unsealed: Unsealed) -> Rows:
        data = fact.data
        if isinstance(data, mute.NumberMuted):
            return [*rows, _begun(fact, data)]
        assert isinstance(data, mute.NumberUnmuted | mute.NumberMuteLapsed | mute.NumberWithheld)
        return [
            _after(row, fact, data) if row[_MUTE] == UUID(hex=data.mute) else row for row in rows
        ]


def _begun(fact: Recorded, data: mute.NumberMuted) -> tuple[object, ...]:
    return (
        UUID(hex=data.mute),
        fact.stream,
        fact.version,
        data.key,
        data.brand,
        data.closed,
        UUID(hex=data.hit),
        data.by,
        fact.recorded_at,
        datetime.fromisoformat(data.until),
        data.why,
        "running",
        None,
        None,
        None,
        (),
        fact.position,
    )


def _after(
    row: tuple[object, ...],
    fact: Recorded,
    data: mute.NumberUnmuted | mute.NumberMuteLapsed | mute.NumberWithheld,
) -> tuple[object, ...]:
    after = list(row)
    if isinstance(data, mute.NumberWithheld):
        # Its revision stays: the order of a list would tell of a pair that is closed to who reads.
        after[_WITHHELD] = (*row[_WITHHELD], UUID(hex=data.stolen))  # type: ignore[misc]
        return tuple(after)
    if isinstance(data, mute.NumberUnmuted):
        after[_ENDED] = "lifted", fact.recorded_at, data.by, data.why
    else:
        after[_ENDED] = "lapsed", datetime.fromisoformat(data.until), None, None
    after[_REVISION] = fact.position
    return tuple(after)
