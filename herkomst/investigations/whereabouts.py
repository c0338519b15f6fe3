"""Where a trail is found: what a record is, what stands around it, and the rows of the record that
tell of these.

Read models say where to look, and up to when all has come through that they are found by; what is
told is in the record itself. What may be told is part of each statement (`visibility`).
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, LiteralString, NamedTuple
from uuid import UUID

from psycopg.sql import SQL

from herkomst.access.policy import NotPermitted
from herkomst.domain import ids as ids_of
from herkomst.domain.casework.case import NUMBER
from herkomst.domain.casework.reveal import Revealed
from herkomst.domain.journal import Concluded, Read
from herkomst.investigations.inquiry import Inquiry
from herkomst.investigations.pages import NEWEST, Count, InvalidPage, Page
from herkomst.projections.attempts import Attempts
from herkomst.projections.reads import Reads

_MODELS = (
    "access_requests",
    "cases",
    "hits",
    "matches",
    "mentions",
    "presentations",
    "purchases",
    "stolen_items",
)
"""The read models that a trail is found by, beside those of the journal."""
_OF_TOPIC = {Read.TOPIC: Reads.name, Concluded.TOPIC: Attempts.name}
"""Those of the journal, by what they are asked for."""
_BESIDE = ("request", "match")
"""What is no record, but was done about one."""
_FIRST = datetime(1, 1, 2, tzinfo=UTC)

_SUBJECT = SQL(
    "SELECT 'hit' AS kind, h.hit AS id, h.purchase AS purchase, h.stolen_item AS stolen_item, "
    "{hit_shown} AS shown FROM {hits} h {goods_of_hit} WHERE h.hit = %(of)s AND {hit_known} "
    "UNION ALL SELECT 'purchase', p.purchase, p.purchase, NULL, true FROM {purchases} p "
    "WHERE p.purchase = %(of)s AND {purchase_shown} "
    "UNION ALL SELECT 'stolen_item', s.stolen_item, NULL, s.stolen_item, {item_shown} "
    "FROM {stolen_items} s WHERE s.stolen_item = %(of)s AND {item_known} "
    "UNION ALL SELECT 'presentation', n.presentation, n.purchase, NULL, true "
    "FROM {presentations} n WHERE n.presentation = %(of)s AND {presentation_shown} "
    "UNION ALL SELECT 'case', c.case_id, NULL, NULL, true FROM {cases} c "
    "WHERE (c.case_id = %(of)s OR c.number = %(number)s) AND (%(controls)s OR {case_seen})"
)
# Each record is looked up by its key, also where the planner knows the tables badly.
_AROUND = SQL(
    "WITH wanted AS (SELECT unnest(%(ids)s::uuid[]) AS id "
    "UNION SELECT record FROM {mentions} WHERE case_id = %(case)s), "
    "joined AS (SELECT h.hit FROM wanted w "
    "CROSS JOIN LATERAL (SELECT hit FROM {hits} WHERE hit = w.id LIMIT 1) h "
    "UNION SELECT hit FROM {hits} WHERE %(with_hits)s AND purchase = %(purchase)s "
    "UNION SELECT hit FROM {hits} WHERE %(with_hits)s AND stolen_item = %(stolen_item)s) "
    "SELECT 'purchase' AS kind, p.purchase AS id, p.establishment AS book, p.register_number "
    "FROM wanted w CROSS JOIN LATERAL "
    "(SELECT * FROM {purchases} WHERE purchase = w.id LIMIT 1) p WHERE {purchase_shown} "
    "UNION ALL SELECT 'presentation', n.presentation, NULL, NULL FROM wanted w CROSS JOIN LATERAL "
    "(SELECT * FROM {presentations} WHERE presentation = w.id LIMIT 1) n "
    "WHERE {presentation_shown} "
    "UNION ALL SELECT 'stolen_item', s.stolen_item, NULL, NULL FROM wanted w CROSS JOIN LATERAL "
    "(SELECT * FROM {stolen_items} WHERE stolen_item = w.id LIMIT 1) s WHERE {item_shown} "
    "UNION ALL SELECT 'hit', h.hit, NULL, NULL FROM joined j CROSS JOIN LATERAL "
    "(SELECT * FROM {hits} WHERE hit = j.hit LIMIT 1) h {goods_of_hit} WHERE {hit_shown} "
    "UNION ALL SELECT 'request', a.stream, NULL, NULL FROM wanted w "
    "JOIN {access_requests} a ON a.record = w.id WHERE {request_told} "
    "UNION ALL SELECT 'match', t.match, NULL, NULL FROM wanted w "
    "JOIN {matches} t ON t.record = w.id WHERE {match_told}"
)
# Positions are dense, so what a follower has not come to yet begins right behind where it stands.
_CAME = SQL(
    "WITH followed AS (SELECT f.sequence, min(f.position) AS position FROM follow.models m "
    "JOIN follow.followers f ON f.name = m.follower "
    "WHERE m.live AND m.name = ANY(%(models)s) GROUP BY f.sequence) "
    "SELECT 'now' AS sequence, clock_timestamp() AS at "
    "UNION ALL SELECT sequence, (SELECT recorded_at FROM record.register_events "
    "WHERE notification_id = position + 1) FROM followed WHERE sequence = 'register' "
    "UNION ALL SELECT sequence, (SELECT recorded_at FROM record.casework_events "
    "WHERE notification_id = position + 1) FROM followed WHERE sequence = 'casework' "
    "UNION ALL SELECT sequence, (SELECT recorded_at FROM record.journal_events "
    "WHERE notification_id = position + 1) FROM followed WHERE sequence = 'journal' "
    "UNION ALL SELECT 'behind', recorded_at FROM record.register_events "
    "WHERE %(behind)s & 3 = 1 AND notification_id = %(behind)s >> 2 "
    "UNION ALL SELECT 'behind', recorded_at FROM record.casework_events "
    "WHERE %(behind)s & 3 = 2 AND notification_id = %(behind)s >> 2 "
    "UNION ALL SELECT 'behind', recorded_at FROM record.journal_events "
    "WHERE %(behind)s & 3 = 3 AND notification_id = %(behind)s >> 2"
)
_COLUMNS: LiteralString = (
    "e.notification_id AS position, e.originator_id AS stream, e.originator_version AS version, "
    "e.topic, e.state, e.recorded_at, "
)
_ALONE: LiteralString = "NULL::bytea AS attempt "
_WITH_ATTEMPT: LiteralString = (
    "(SELECT b.state FROM record.journal_events b WHERE b.originator_id = e.originator_id "
    "AND b.originator_version = 1) "
)
"""What was attempted, of which an event tells how it ended."""
_WITHIN: LiteralString = (
    "AND e.topic = ANY(%(topics)s) AND e.recorded_at >= %(since)s AND e.recorded_at < %(until)s "
    "AND (%(actor)s::text IS NULL "
    "OR convert_from(e.state, 'UTF8')::jsonb #>> '{{envelope,actor}}' = %(actor)s) "
)
_IN_REGISTER: LiteralString = "AND (e.recorded_at, 1, e.notification_id) "
_IN_CASEWORK: LiteralString = "AND (e.recorded_at, 2, e.notification_id) "
_BEHIND: LiteralString = (
    "> (%(at)s::timestamptz, %(sequence)s::integer, %(position)s::bigint) "
    "ORDER BY e.recorded_at, e.notification_id LIMIT %(limit)s) "
)
# A purpose names a case by its id; its number is told to who may know of the case.
_NUMBER: LiteralString = (
    "(SELECT c.number FROM {cases} c WHERE c.case_id = substring("
    "convert_from(coalesce(told.attempt, told.state), 'UTF8')::jsonb #>> '{{data,purpose}}' from "
    "'^(?:case|task):([0-9a-f]{{8}}(?:-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}})')::uuid "
    "AND {case_seen}) AS number "
)
_BEGIN: LiteralString = "SELECT told.*, "
_FROM: LiteralString = "FROM ((SELECT 1 AS sequence, "
_THEN_CASEWORK: LiteralString = "UNION ALL (SELECT 2, "
_THEN_JOURNAL: LiteralString = "UNION ALL (SELECT 3, "
_END: LiteralString = ") told ORDER BY recorded_at, sequence, position LIMIT %(limit)s"
_OF_REGISTER: LiteralString = (
    "FROM record.register_events e WHERE (e.originator_id = ANY(%(streams)s) "
    "OR (e.originator_id, e.originator_version) IN "
    "(SELECT * FROM unnest(%(books)s::uuid[], %(numbers)s::bigint[]))) "
)
_OF_CASEWORK: LiteralString = (
    "FROM record.casework_events e WHERE e.originator_id = ANY(%(streams)s) "
)
_OF_MENTIONS: LiteralString = (
    "FROM {mentions} m JOIN record.casework_events e ON e.notification_id = m.revision "
    "WHERE (m.record = ANY(%(mentioned)s) OR m.case_id = %(case)s AND m.topic = %(revealed)s) "
    "AND e.originator_id <> ALL(%(streams)s) AND {mention_shown} "
)
# In order before it is looked at which may be told, so that no more are looked at than are needed.
_BEHIND_IN_JOURNAL: LiteralString = (
    "AND recorded_at >= %(since)s AND recorded_at < %(until)s "
    "AND (%(actor)s::text IS NULL OR 'user:' || officer = %(actor)s) "
    "AND (recorded_at, 3, revision) > (%(at)s::timestamptz, %(sequence)s::integer, "
    "%(position)s::bigint) ORDER BY recorded_at, revision OFFSET 0) r "
)
_READS_SHOWN: LiteralString = "WHERE {read_shown} "
_ATTEMPTS_SHOWN: LiteralString = "WHERE {attempt_shown} "
_OF_JOURNAL: LiteralString = (
    "LIMIT %(limit)s) r JOIN record.journal_events e ON e.notification_id = r.revision)"
)
_OF_READS: LiteralString = (
    "FROM (SELECT * FROM (SELECT * FROM {reads} WHERE records && %(records)s AND NOT rehearsed "
    "AND %(reads)s "
)
_OF_ATTEMPTS: LiteralString = (
    "FROM (SELECT * FROM (SELECT * FROM {attempts} WHERE records && %(records)s "
    "AND outcome IS NOT NULL AND %(attempts)s "
)
_ENTRIES = SQL(
    _BEGIN
    + _NUMBER
    + _FROM
    + _COLUMNS
    + _ALONE
    + _OF_REGISTER
    + _WITHIN
    + _IN_REGISTER
    + _BEHIND
    + _THEN_CASEWORK
    + _COLUMNS
    + _ALONE
    + _OF_CASEWORK
    + _WITHIN
    + _IN_CASEWORK
    + _BEHIND
    + _THEN_CASEWORK
    + _COLUMNS
    + _ALONE
    + _OF_MENTIONS
    + _WITHIN
    + _IN_CASEWORK
    + _BEHIND
    + _THEN_JOURNAL
    + _COLUMNS
    + _ALONE
    + _OF_READS
    + _BEHIND_IN_JOURNAL
    + _READS_SHOWN
    + _OF_JOURNAL
    + _THEN_JOURNAL
    + _COLUMNS
    + _WITH_ATTEMPT
    + _OF_ATTEMPTS
    + _BEHIND_IN_JOURNAL
    + _ATTEMPTS_SHOWN
    + _OF_JOURNAL
    + _END
)


class NothingThere(InvalidPage):
    """No record of this id, or none for who asks."""

    code = "unknown_record"

    def __init__(self, of: str) -> None:
        super().__init__(
            "of",
            self.code,
            f"There is no record {of[:40]!r}.",
            "Send the id of a hit, a purchase, a stolen item, a presentation or a case.",
        )


class Came(NamedTuple):
    """Up to where all has come through that a trail is found by."""

    now: datetime
    """By the clock of the database, whose moments the record has."""
    missing: datetime | None
    """When the first event was recorded that a model has yet to come to."""
    behind: datetime | None
    """When the entry was recorded that a page begins behind."""

    def end(self, until: datetime | None) -> datetime:
        """First moment that is left out, where it is asked up to one."""
        return min(each for each in (self.now, self.missing, until) if each is not None)

    def whole_until(self, until: datetime | None) -> datetime | None:
        if self.missing is None or (until is not None and until <= self.missing):
            return None
        return self.missing.replace(microsecond=0)


class Subject(NamedTuple):
    """What a trail is of, and where it is told."""

    kind: str
    id: UUID
    records: tuple[UUID, ...]
    """The records that are told of, itself included; each is a stream."""
    beside: tuple[UUID, ...]
    """Streams of what was done about them: asked for, held, kept."""
    books: tuple[tuple[UUID, int], ...]
    """Where the register numbers of its purchases were taken."""

    @property
    def case(self) -> UUID | None:
        return self.id if self.kind == "case" else None


async def find(
    inquiry: Inquiry, values: Mapping[str, object], kinds: frozenset[str], of: str
) -> Subject:
    """What a trail is of, by its id, of a case also by its number, and what of these kinds stands
    around it. Raises `NothingThere`, `NotPermitted`."""
    number = of if NUMBER.fullmatch(of) else None
    identity = _parsed(of)
    if identity is not None:
        inquiry.returned.seek(identity)
    found = await inquiry.rows(_SUBJECT, {**values, "of": identity, "number": number})
    if not found or found[0].kind not in kinds:
        raise NothingThere(of)
    (row,) = found
    if not row.shown:
        raise NotPermitted(
            f"What this {row.kind.replace('_', ' ')} says is withheld, and so is its trail.",
            "Ask the authorised officer.",
        )
    around = await inquiry.rows(_AROUND, {**values, **_wanted(row)})
    inquiry.returned.add(row.kind, row.id)
    told = [each for each in around if each.kind in kinds]
    records = dict.fromkeys([row.id, *(each.id for each in told if each.kind not in _BESIDE)])
    return Subject(
        row.kind,
        row.id,
        tuple(records),
        (
            *(each.id for each in told if each.kind in _BESIDE),
            *map(ids_of.keeping_of, records),
            *map(ids_of.holds_of, records),
            *map(ids_of.sequel_of, _hits(row, told)),
        ),
        tuple([(each.book, each.register_number) for each in told if each.register_number]),
    )


def _hits(row: Any, told: Sequence[Any]) -> Iterator[UUID]:
    """The hits that are told of."""
    return (each.id for each in (row, *told) if each.kind == "hit")


def _parsed(of: str) -> UUID | None:
    try:
        return UUID(of)
    except ValueError:
        return None


def _wanted(row: Any) -> dict[str, object]:
    """What stands around a record. To a hit belong its goods, to a good the hits on it."""
    presented = [] if row.purchase is None else [ids_of.presentation_id(row.purchase)]
    own = [each for each in (row.purchase, row.stolen_item) if each is not None]
    return {
        "ids": [row.id, *own, *presented],
        "case": row.id if row.kind == "case" else None,
        "with_hits": row.kind in ("purchase", "presentation", "stolen_item"),
        "purchase": row.purchase,
        "stolen_item": row.stolen_item,
    }


async def came(inquiry: Inquiry, wanted: Page, topics: Collection[str]) -> Came:
    """How far what a trail is found by has followed, and where a page begins."""
    models = [*_MODELS, *(name for topic, name in _OF_TOPIC.items() if topic in topics)]
    behind = 0 if wanted.before == NEWEST else wanted.before
    rows = await inquiry.rows(_CAME, {"models": models, "behind": behind})
    moments = {row.sequence: row.at for row in rows if row.at is not None}
    now, begun = moments.pop("now"), moments.pop("behind", None)
    return Came(now, min(moments.values(), default=None), begun)


async def entries(
    inquiry: Inquiry, asked: Mapping[str, object], subject: Subject, came: Came, wanted: Page
) -> tuple[list[Any], Count]:
    """The rows of the record that tell of a subject, in order, one more than a page has; and how
    many there are of them in all.

    Args:
        asked: what visibility stands on, and `topics`, `actor`, `since` and `until`.
    """
    topics = asked["topics"]
    assert isinstance(topics, list)
    values = {
        **asked,
        "since": asked["since"] or _FIRST,
        "reads": Read.TOPIC in topics,
        "attempts": Concluded.TOPIC in topics,
        "limit": wanted.first + 1,
        **_places(subject),
    }
    rows = await inquiry.rows(_ENTRIES, values | _cursor(came.behind, wanted))
    return rows, inquiry.counting(_ENTRIES, values | _cursor(None, wanted), ())


def _places(subject: Subject) -> dict[str, object]:
    """Where the events and the reads of a record are."""
    return {
        "streams": [*subject.records, *subject.beside],
        "records": list(subject.records),
        "books": [book for book, _ in subject.books],
        "numbers": [number for _, number in subject.books],
        "mentioned": [] if subject.case else list(subject.records),
        "case": subject.case,
        "revealed": Revealed.TOPIC,
    }


def _cursor(behind: datetime | None, wanted: Page) -> dict[str, object]:
    if behind is None:
        return {"at": _FIRST, "sequence": 0, "position": 0}
    return {"at": behind, "sequence": wanted.before & 3, "position": wanted.before >> 2}
