"""The review desk: which reads are worth a look, why, and what became of asking.

It tells of who read, when, what for and by which path that is explained. Of whom was read it tells
nothing but the ids of the records, whose trails may be asked: to judge a read, no name of a seller
is needed.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final, NamedTuple
from uuid import UUID

import msgspec
from anyio import to_thread
from psycopg import IsolationLevel
from psycopg.sql import SQL

from herkomst.access import policy
from herkomst.access.policy import Action, Permitted
from herkomst.access.reading import Answer, Asked, Question, Returned, write
from herkomst.domain.batches import batched
from herkomst.domain.casework import indicators
from herkomst.domain.casework.review import Review as Reviewed
from herkomst.domain.events import EventData
from herkomst.investigations.acting import in_casework
from herkomst.investigations.goods import Told
from herkomst.investigations.inquiry import Desk, Inquiry
from herkomst.investigations.pages import Count, Page, Slice
from herkomst.processes.comparing import Weighed
from herkomst.processes.weighing import head, weigh
from herkomst.projections.reads import told_of
from herkomst.record.archive import Archive
from herkomst.record.casework import Seal
from herkomst.record.database import connect
from herkomst.record.reviews import UnknownReview, act_in_review
from herkomst.record.vault import DataKey

LIST, QUESTIONS = "reviews", "review_questions"
EXPORTED_AT_ONCE: Final = 1000
"""Lines that share an entry of the journal."""

_PAGE = SQL(
    "SELECT v.*, {purpose_told} AS purpose_told, "
    "coalesce(v.state <> 'decided' AND v.judge_by <= %(now)s, false) AS overdue, "
    "(SELECT d.items FROM {reads} d WHERE d.read = v.read) AS items "
    "FROM {reviews} v WHERE {review_reached} AND {asked} "
    "ORDER BY place DESC LIMIT %(limit)s"
)
_CONDITIONS: Final = {
    "before": SQL("place < %(before)s"),
    "states": SQL("state = ANY(%(states)s)"),
    "review": SQL("review = %(review)s"),
    "officer": SQL("officer = %(officer)s"),
    # Somebody goes by a key of the feed or by a name of the product.
    "own": SQL(
        "%(own)s IN (officer, substr(officer, strpos(officer, ':') + 1)) AND question IS NOT NULL"
    ),
    # Nobody watches how his own reads are reviewed; another reviewer does that.
    "viewer": SQL("%(viewer)s NOT IN (officer, substr(officer, strpos(officer, ':') + 1))"),
}
_PRECISION = SQL(
    "SELECT rule ->> 'code' AS code, count(*) AS judged, "
    "count(*) FILTER (WHERE verdict = 'lawful') AS lawful, "
    "count(*) FILTER (WHERE verdict = 'training') AS training, "
    "count(*) FILTER (WHERE verdict = 'report') AS report "
    "FROM {reviews} v, jsonb_array_elements(rules) AS rule "
    # Verdicts are given by people, so these are few however many reads are queued.
    "WHERE state = 'decided' AND {review_reached} "
    "AND (%(since)s::timestamptz IS NULL OR decided_at >= %(since)s) "
    "AND (%(until)s::timestamptz IS NULL OR decided_at < %(until)s) GROUP BY 1"
)


class RuleHeld(msgspec.Struct, frozen=True):
    """A rule that held, with what it added."""

    code: str
    weight: int

    @property
    def text(self) -> str:
        return indicators.BY_CODE[self.code].text

    @property
    def source(self) -> str:
        return indicators.BY_CODE[self.code].source


_decode_path = msgspec.json.Decoder(tuple[str, ...]).decode
_decode_rules = msgspec.json.Decoder(tuple[RuleHeld, ...]).decode


class Review(Told, frozen=True, kw_only=True):
    """The review of a read as it stands; its texts are None once its key was destroyed."""

    id: UUID
    read_source: str
    read_key: str
    officer: str
    role: str
    at: datetime
    purpose: str
    records: tuple[str, ...]
    """Which records it returned, as KIND:ID; none once the read itself is over its term."""
    explained: bool
    path: tuple[str, ...]
    rules: tuple[RuleHeld, ...]
    score: int
    rank: int
    opening: int
    why: str
    state: str
    question: str | None
    answer: str | None
    verdict: str | None
    reason: str | None
    decided_by: str | None
    queued_at: datetime
    decided_at: datetime | None
    judge_by: datetime | None
    """None for a read that was rehearsed."""
    overdue: bool
    revision: int
    """Its place in the queue: the newest opening and the highest rank first."""

    @property
    def seconds_to_verdict(self) -> int | None:
        if self.decided_at is None:
            return None
        return round((self.decided_at - self.queued_at).total_seconds())


class ReviewQuestion(Told, frozen=True, kw_only=True):
    """What the officer who was asked sees: his own read and the question, and nothing besides."""

    id: UUID
    at: datetime
    purpose: str
    question: str | None
    answer: str | None
    revision: int


class RulePrecision(NamedTuple):
    """How often a rule was right, by what people found."""

    code: str
    text: str
    source: str
    weight: int
    judged: int
    lawful: int
    training: int
    report: int

    @property
    def precision(self) -> float | None:
        """Share of verdicts that were not `lawful`; None while there is none."""
        return None if not self.judged else (self.training + self.report) / self.judged


class ReviewDone(NamedTuple):
    """What was done in a review, and where it stands in casework."""

    id: UUID
    position: int


async def page(
    permitted: Permitted,
    inquiry: Inquiry,
    wanted: Page,
    *,
    states: Sequence[str] | None = None,
    officer: str | None = None,
) -> Slice[Review]:
    """A page of the queue, without reads of the viewer's own: the newest opening first, and in it
    the highest rank."""
    permitted.must_be(Action.READ_REVIEWS)
    viewer = permitted.reading.viewer.subject
    narrowed = {"before": wanted.before, "states": states, "officer": officer, "viewer": viewer}
    found = await _reviews(permitted, inquiry, wanted.first, narrowed)
    shown = [_review(row, key) for row, key in found[: wanted.first]]
    for each in shown:
        inquiry.returned.add("review", each.id)
    return inquiry.cursors.slice(
        LIST, wanted, shown, len(found), _counting(permitted, inquiry, narrowed)
    )


async def one(permitted: Permitted, inquiry: Inquiry, review: UUID) -> Review | None:
    """A review by its id; None where there is none, or it is of a read of the viewer's own."""
    permitted.must_be(Action.READ_REVIEWS)
    narrowed = {"review": review, "viewer": permitted.reading.viewer.subject}
    found = await _reviews(permitted, inquiry, 0, narrowed)
    for _ in found:
        inquiry.returned.add("review", review)
    return _review(*found[0]) if found else None


async def questions(permitted: Permitted, inquiry: Inquiry, wanted: Page) -> Slice[ReviewQuestion]:
    """A page of what was asked of the viewer about reads of his own."""
    permitted.must_be(Action.ANSWER_REVIEW)
    narrowed = {"before": wanted.before, "own": permitted.reading.viewer.subject}
    found = await _reviews(permitted, inquiry, wanted.first, narrowed)
    shown = [_question(row, key) for row, key in found[: wanted.first]]
    for each in shown:
        inquiry.returned.add("review", each.id)
    count = _counting(permitted, inquiry, narrowed)
    return inquiry.cursors.slice(QUESTIONS, wanted, shown, len(found), count)


async def precision(
    permitted: Permitted,
    inquiry: Inquiry,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
) -> list[RulePrecision]:
    """Each rule with what people found of the reads that it held for, judged in a period."""
    permitted.must_be(Action.READ_REVIEWS)
    values = {"since": since, "until": until, **_reviewed(permitted)}
    rows = await inquiry.rows(_PRECISION, values)
    counts = {row.code: row for row in rows}
    return [
        RulePrecision(rule.code, rule.text, rule.source, rule.weight, *_counted(counts, rule.code))
        for rule in indicators.RULES
    ]


def _counted(counts: dict[str, Any], code: str) -> tuple[int, int, int, int]:
    row = counts.get(code)
    return (0, 0, 0, 0) if row is None else (row.judged, row.lawful, row.training, row.report)


async def act_on(
    permitted: Permitted,
    inquiry: Inquiry,
    desk: Desk,
    question: Question,
    review: UUID,
    act: Callable[[Reviewed, Seal], EventData],
) -> Answer[ReviewDone]:
    """Ask, answer or judge; journaled before and after. What is none of the viewer's to review is
    not there.

    Raises `UnknownReview`, `ReviewRefused`, `JournalUnavailable`.
    """
    permitted.must_be(Action.DECIDE_REVIEW, Action.ANSWER_REVIEW)
    reading = permitted.reading
    mine = permitted.action == Action.ANSWER_REVIEW
    if not await _reviews(permitted, inquiry, 0, {"review": review}):
        raise UnknownReview(f"There is no review {review}.")

    def acting(state: Reviewed, seal: Seal) -> EventData:
        if mine and not (state.is_of(reading.viewer.subject) and state.asked_by):
            raise UnknownReview(f"There is no review {review}.")
        return act(state, seal)

    doing = partial(
        act_in_review,
        desk.archive.casework,
        review,
        acting,
        actor=f"user:{reading.viewer.subject}",
    )

    async def acted() -> ReviewDone:
        return ReviewDone(review, await to_thread.run_sync(doing))

    return await in_casework(desk, reading, question, acted)


async def _reviews(
    permitted: Permitted, inquiry: Inquiry, first: int, narrowed: dict[str, Any]
) -> list[tuple[Any, DataKey | None]]:
    """Rows with the keys of their texts, one more than asked for."""
    values = {**narrowed, **_reviewed(permitted), "limit": first + 1}
    rows = await inquiry.rows(_PAGE, values, _asked(narrowed))
    keys = await inquiry.keys(row.review for row in rows if row.question or row.reason)
    return [(row, keys.get(row.review)) for row in rows]


def _counting(permitted: Permitted, inquiry: Inquiry, narrowed: dict[str, Any]) -> Count:
    return inquiry.counting(_PAGE, {**narrowed, **_reviewed(permitted)}, _asked(narrowed))


def _reviewed(permitted: Permitted) -> dict[str, object]:
    """Whose reads are looked at: of whom the policy says so, which is the own controller."""
    return {
        "reviewed": sorted(policy.reached(permitted.reading, permitted.action)),
        "now": datetime.now(UTC),
    }


def _asked(narrowed: dict[str, Any]) -> list[SQL]:
    return [_CONDITIONS[name] for name, value in narrowed.items() if value is not None]


def _review(row: Any, key: DataKey | None) -> Review:
    return Review(
        id=row.review,
        read_source=row.source,
        read_key=row.key,
        officer=row.officer,
        role=row.role,
        at=row.at,
        purpose=row.purpose_told,
        records=() if row.items is None else told_of(row.items),
        explained=row.explained,
        path=_decode_path(row.path),
        rules=_decode_rules(row.rules),
        score=row.score,
        rank=row.rank,
        opening=row.opening,
        why=row.why,
        state=row.state,
        question=_text(key, row.question),
        answer=_text(key, row.answer),
        verdict=row.verdict,
        reason=_text(key, row.reason),
        decided_by=row.decided_by,
        queued_at=row.queued_at,
        decided_at=row.decided_at,
        judge_by=row.judge_by,
        overdue=row.overdue,
        revision=row.place,
    )


def _question(row: Any, key: DataKey | None) -> ReviewQuestion:
    return ReviewQuestion(
        id=row.review,
        at=row.at,
        purpose=row.purpose_told,
        question=_text(key, row.question),
        answer=_text(key, row.answer),
        revision=row.place,
    )


def _text(key: DataKey | None, sealed: bytes | None) -> str | None:
    return None if key is None or sealed is None else key.open(sealed).decode()


def export_review(archive: Archive, permitted: Permitted) -> Iterator[dict[str, object]]:
    """Every read by rank, as `export review` tells it.

    Some are journaled, and only then handed on. Raises `JournalUnavailable`, `ModelMissing`.
    """
    permitted.must_be(Action.EXPORT_REVIEW)
    asked = Asked(archive, permitted.reading, Question("export review", {}, "export"))
    with connect(archive.urls.read, "herkomst export") as connection:
        connection.isolation_level = IsolationLevel.REPEATABLE_READ
        with connection.transaction():
            found = weigh(connection, until=head(connection))
    if not found:
        write(archive, asked.read(Returned()))
    for some in batched(found, EXPORTED_AT_ONCE):
        write(archive, asked.read(_returned(some)))
        yield from map(_exported, some)


def _returned(weighed: Sequence[Weighed]) -> Returned:
    returned = Returned()
    for each in weighed:
        returned.add("read", each.read.id)
    return returned


def _exported(weighed: Weighed) -> dict[str, object]:
    source, _, key = weighed.read.officer.partition(":")
    return {
        "source": weighed.read.source,
        "key": weighed.read.key,
        "officer": {"source": source, "key": key},
        "score": weighed.score,
        "explained": weighed.explanation.holds,
        "path": weighed.explanation.path,
        "rules": [{"code": held.code, "weight": held.weight} for held in weighed.held],
    }
