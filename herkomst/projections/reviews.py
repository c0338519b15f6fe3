"""Reviews of reads: what is queued, with its rank and its rules, and what became of it."""

from datetime import datetime
from uuid import UUID

from herkomst.domain.casework import review
from herkomst.domain.events import Recorded
from herkomst.projections.model import UNTOLD, Column, Model, Rows, Unsealed, encode_json

_STATE, _QUESTION, _ANSWER, _VERDICT, _REASON = 15, 16, 17, 18, 19
_ASKED_BY, _DECIDED_BY, _QUEUED_AT, _DECIDED_AT = 20, 21, 22, 23
_LAPSED_AT, _REVISION = 25, 27
OPENING = 2**32
"""A place in the queue is this many times the opening, less the rank: newest and highest first."""


class Reviews(Model):
    name = "reviews"
    version = 2
    sequence = "casework"
    owner = "review"
    key = ("review",)
    order = 'opening, rank, source COLLATE "C", key COLLATE "C"'
    columns = (
        Column("review", "uuid", UNTOLD),
        Column("read", "uuid", UNTOLD),
        Column("source", "text"),
        Column("key", "text"),
        Column("officer", "text"),
        Column("role", "text"),
        Column("at", "timestamptz"),
        Column("purpose", "text"),
        Column("explained", "boolean"),
        Column("path", "jsonb"),
        Column("rules", "jsonb"),
        Column("score", "integer"),
        Column("rank", "integer"),
        Column("opening", "integer"),
        Column("why", "text"),
        Column("state", "text"),
        Column("question", "bytea", UNTOLD),
        Column("answer", "bytea", UNTOLD),
        Column("verdict", "text"),
        Column("reason", "bytea", UNTOLD),
        Column("asked_by", "text"),
        Column("decided_by", "text"),
        Column("queued_at", "timestamptz", UNTOLD),
        Column("decided_at", "timestamptz", UNTOLD),
        Column("judge_by", "timestamptz", UNTOLD),
        Column("lapsed_at", "timestamptz", UNTOLD),
        Column("place", "bigint"),
        Column("revision", "bigint", UNTOLD),
    )
    indexes = (
        "(place)",
        "(state, place)",
        "(officer, place)",
        "(place) WHERE question IS NOT NULL",  # Few are asked about, and each officer looks there.
        "(judge_by) WHERE state <> 'decided'",
    )
    topics = frozenset(
        {
            review.Queued,
            review.QuestionAsked,
            review.Answered,
            review.VerdictGiven,
            review.ReviewLapsed,
        }
    )

    def fold(self, rows: Rows, fact: Recorded, unsealed: Unsealed) -> Rows:
        data = fact.data
        if isinstance(data, review.Queued):
            return [_queued(rows, fact, data)]
        row = list(rows[0])
        row[_REVISION] = fact.position
        if isinstance(data, review.QuestionAsked):
            row[_STATE], row[_QUESTION] = "asked", data.text
            row[_ASKED_BY] = fact.envelope.actor
        elif isinstance(data, review.Answered):
            row[_STATE], row[_ANSWER] = "answered", data.text
        elif isinstance(data, review.ReviewLapsed):
            row[_LAPSED_AT] = fact.recorded_at
        else:
            assert isinstance(data, review.VerdictGiven)
            row[_STATE], row[_VERDICT], row[_REASON] = "decided", data.verdict, data.why
            row[_DECIDED_BY], row[_DECIDED_AT] = fact.envelope.actor, fact.recorded_at
        return [tuple(row)]


def _queued(rows: Rows, fact: Recorded, data: review.Queued) -> tuple[object, ...]:
    before = rows[0][_STATE:_QUEUED_AT] if rows else ("queued", *(None,) * 6)
    queued_at = rows[0][_QUEUED_AT] if rows else fact.recorded_at
    return (
        fact.stream,
        UUID(hex=data.read),
        data.source,
        data.key,
        data.officer,
        data.role,
        datetime.fromisoformat(data.at),
        data.purpose,
        data.explained,
        encode_json(data.path).decode(),
        encode_json(data.rules).decode(),
        data.score,
        data.rank,
        data.opening,
        data.why,
        *before,
        queued_at,
        None,
        # Nobody need judge what was rehearsed.
        review.judge_by(queued_at) if data.source == review.REAL else None,
        None,
        data.opening * OPENING - data.rank,
        fact.position,
    )
