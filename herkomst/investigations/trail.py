"""The audit trail of a record: every event and every read that the viewer may know of, in order.

The events are those of the streams involved, as they were recorded; what is found by read models is
only where to look. A hit brings the purchase, the identity and the stolen good that it joins; goods
and persons bring the hits on them, the cases that they were in and the reveals; a case brings what
was ever in it; each brings what was asked of its owner, and what became of its key. Reads are those
of the journal that returned one of these.

What may be told is part of the query. A read for a case that the viewer may not know of, on a
ground of an inquiry without one, or that returned something closed to him beside the record, is
not there: no row, no count, no cursor tells of it (`visibility`). Who controls reads, and may not
see what they are of, is told what happened and who looked, and nothing of what it says.
"""

import asyncio
import difflib
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, LiteralString, NamedTuple
from uuid import UUID

from psycopg.sql import SQL

from herkomst.access import policy
from herkomst.access.policy import Action, NotPermitted, Permitted
from herkomst.access.reading import Asked, Question, Returned, write
from herkomst.domain import ids as ids_of
from herkomst.domain.calendar import Occurred
from herkomst.domain.casework.reveal import Revealed
from herkomst.domain.events import Recorded
from herkomst.domain.journal import Read
from herkomst.investigations import visibility, wording
from herkomst.investigations.goods import Told
from herkomst.investigations.inquiry import Inquiry, open_desk
from herkomst.investigations.pages import NEWEST, InvalidPage, Page, Slice
from herkomst.investigations.wording import Fact
from herkomst.projections.reads import Reads
from herkomst.record.archive import Archive
from herkomst.record.leaf import leaf
from herkomst.record.vault import DataKey

LIST = "trail"
EXPORTED_AT_ONCE = 1000
"""Entries of an export that share an entry of the journal."""
SEQUENCES = ("register", "casework", "journal")
KINDS: Mapping[str, tuple[str, ...]] = {
    "purchase": ("dor.purchase.", "dor.book."),
    "presentation": ("dor.identity.",),
    "stolen_item": ("heling.",),
    "hit": ("casework.hit.", "casework.passage."),
    "case": ("casework.case.",),
    "reveal": ("casework.identity.",),
    "request": ("casework.access.",),
    "keeping": ("privacy.key.",),
    "hold": ("privacy.hold.",),
    "read": ("journal.",),
}
"""Of what an entry tells, by how its topic begins."""
_RIGHTS = {
    "purchase": Action.READ_PURCHASES,
    "presentation": Action.READ_PRESENTATIONS,
    "stolen_item": Action.READ_STOLEN_ITEMS,
    "hit": Action.READ_HITS,
    "case": Action.READ_CASES,
    "reveal": Action.READ_PRESENTATIONS,
    "request": Action.READ_STOLEN_ITEMS,
    "keeping": Action.READ_TRAIL,
    "hold": Action.READ_HOLDS,
}
"""What a viewer must be allowed to be told what entries say; of reads it is part of the query."""
_MODELS = (
    "access_requests",
    "cases",
    "hits",
    "mentions",
    "presentations",
    "purchases",
    "stolen_items",
)
"""The read models that a trail is found by, beside that of reads."""
_NUMBER = re.compile(r"\d{4}-\d{4,9}", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST = datetime(1, 1, 2, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

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
    "JOIN {access_requests} a ON a.record = w.id WHERE {request_told}"
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
    "e.topic, e.state, e.recorded_at "
)
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
_BEGIN: LiteralString = "SELECT * FROM ((SELECT 1 AS sequence, "
_THEN_CASEWORK: LiteralString = "UNION ALL (SELECT 2, "
_THEN_READS: LiteralString = "UNION ALL (SELECT 3, "
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
_OF_READS: LiteralString = (
    "FROM (SELECT * FROM (SELECT * FROM {reads} WHERE records && %(records)s AND NOT rehearsed "
    "AND %(reads)s AND recorded_at >= %(since)s AND recorded_at < %(until)s "
    "AND (%(actor)s::text IS NULL OR 'user:' || officer = %(actor)s) "
    "AND (recorded_at, 3, revision) > (%(at)s::timestamptz, %(sequence)s::integer, "
    "%(position)s::bigint) ORDER BY recorded_at, revision OFFSET 0) r "
    "WHERE {read_shown} LIMIT %(limit)s) r "
    "JOIN record.journal_events e ON e.notification_id = r.revision)"
)
_ENTRIES = SQL(
    _BEGIN
    + _COLUMNS
    + _OF_REGISTER
    + _WITHIN
    + _IN_REGISTER
    + _BEHIND
    + _THEN_CASEWORK
    + _COLUMNS
    + _OF_CASEWORK
    + _WITHIN
    + _IN_CASEWORK
    + _BEHIND
    + _THEN_CASEWORK
    + _COLUMNS
    + _OF_MENTIONS
    + _WITHIN
    + _IN_CASEWORK
    + _BEHIND
    + _THEN_READS
    + _COLUMNS
    + _OF_READS
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


class Entry(Told, frozen=True, kw_only=True):
    """An event or a read of a trail, as it was recorded."""

    sequence: str
    position: int
    """With `sequence` its place in the record, by which `verify` names it."""
    stream: UUID
    version: int
    kind: str
    topic: str
    facts: tuple[Fact, ...]
    withheld: bool
    """Whether what it says may not be told; that it happened may."""
    actor: str
    role: str | None
    """Of a read, the role of who read."""
    unit: str
    """Of a read the unit of who read, of an event the unit that owns what it tells of."""
    ground: str
    happened: Occurred
    recorded_at: datetime
    leaf: str
    """SHA-256 of the event in hex (RFC 6962), as the chain of appends keeps it."""
    revision: int
    """Its place for cursors: the position, and in the lowest two bits the sequence."""

    @property
    def words(self) -> str:
        return wording.word(self.topic, "en")


_EXPORTED = tuple(name for name in Entry.__struct_fields__ if name != "revision")


class Narrowed(NamedTuple):
    """What of a trail is asked."""

    kinds: Sequence[str] | None = None
    topics: Sequence[str] | None = None
    actor: str | None = None
    """As entries tell it, such as `user:NAME`."""
    since: datetime | None = None
    until: datetime | None = None
    """First moment that is left out."""


class Trail(NamedTuple):
    """A page of the trail of a record, and up to when it is whole."""

    kind: str
    of: UUID
    ended: datetime
    """First moment that is left out of it."""
    whole_until: datetime | None
    """Up to when it is whole, in seconds, where something has not come through yet that may belong
    to it; None where all has."""
    page: Slice[Entry]

    @property
    def positions(self) -> Mapping[str, int]:
        """The last place of each sequence that is told: those behind it may be of what is not."""
        nodes = self.page.nodes
        return {
            each: max(entry.position for entry in nodes if entry.sequence == each)
            for each in SEQUENCES
            if any(entry.sequence == each for entry in nodes)
        }


class _Came(NamedTuple):
    """Up to where all has come through that a trail is found by."""

    now: datetime
    """By the clock of the database, whose moments the record has."""
    missing: datetime | None
    """When the first event was recorded that a model has yet to come to."""
    behind: datetime | None
    """When the entry was recorded that a page begins behind."""

    def end(self, asked: Narrowed) -> datetime:
        """First moment that is left out."""
        return min(each for each in (self.now, self.missing, asked.until) if each is not None)

    def whole_until(self, asked: Narrowed) -> datetime | None:
        if self.missing is None or (asked.until is not None and asked.until <= self.missing):
            return None
        return self.missing.replace(microsecond=0)


class _Subject(NamedTuple):
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


async def page(
    permitted: Permitted, inquiry: Inquiry, wanted: Page, of: str, asked: Narrowed
) -> Trail:
    """A page of the trail of a record by its id, of a case also by its number; the oldest first.

    Raises `InvalidPage`, `NothingThere` for what is not there for this viewer, and `NotPermitted`
    for what is withheld from him.
    """
    permitted.must_be(Action.READ_TRAIL)
    values = visibility.values_of_trail(permitted)
    kinds = _kinds(permitted, controls=bool(values["controls"]))
    topics = _topics(asked, kinds)
    subject = await _subject(inquiry, values, kinds, of)
    came = await _came(inquiry, wanted, topics)
    values |= {
        "topics": topics,
        "reads": Read.TOPIC in topics,
        "actor": asked.actor,
        "since": asked.since or _FIRST,
        "until": came.end(asked),
        "limit": wanted.first + 1,
        **_places(subject),
    }
    rows = await inquiry.rows(_ENTRIES, values | _cursor(came.behind, wanted))
    entries = await _told(permitted, inquiry, subject, rows[: wanted.first])
    count = inquiry.counting(_ENTRIES, values | _cursor(None, wanted), ())
    found = inquiry.cursors.slice(LIST, wanted, entries, len(rows), count)
    return Trail(subject.kind, subject.id, came.end(asked), came.whole_until(asked), found)


def _kinds(permitted: Permitted, *, controls: bool) -> frozenset[str]:
    """Of what this viewer is told; his own reads are never a secret to him."""
    if controls:
        return frozenset(KINDS)
    allowed = [k for k, right in _RIGHTS.items() if policy.allows(permitted.reading, right)]
    return frozenset({*allowed, "read"})


def _topics(asked: Narrowed, kinds: Iterable[str]) -> list[str]:
    """The topics that are asked, of those that may be told. Raises `InvalidPage`."""
    for topic in asked.topics or ():
        if topic not in wording.TOPICS:
            nearest = difflib.get_close_matches(topic, sorted(wording.TOPICS), n=1, cutoff=0.0)[0]
            raise InvalidPage(
                "topics",
                "topic",
                f"No trail tells of the topic {topic[:60]!r}.",
                f"Did you mean {nearest}?",
            )
    of_kinds = set(kinds) if asked.kinds is None else set(kinds) & set(asked.kinds)
    topics = wording.TOPICS if asked.topics is None else set(asked.topics)
    return sorted(topic for topic in topics if kind_of(topic) in of_kinds)


def kind_of(topic: str) -> str:
    """Of what an event of this topic tells."""
    return next(kind for kind, begin in KINDS.items() if topic.startswith(begin))


async def _subject(
    inquiry: Inquiry, values: Mapping[str, object], kinds: frozenset[str], of: str
) -> _Subject:
    """Raises `NothingThere`, `NotPermitted`."""
    number = of if _NUMBER.fullmatch(of) else None
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
    records = dict.fromkeys([row.id, *(each.id for each in told if each.kind != "request")])
    return _Subject(
        row.kind,
        row.id,
        tuple(records),
        (
            *(each.id for each in told if each.kind == "request"),
            *map(ids_of.keeping_of, records),
            *map(ids_of.holds_of, records),
        ),
        tuple([(each.book, each.register_number) for each in told if each.register_number]),
    )


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


async def _came(inquiry: Inquiry, wanted: Page, topics: Collection[str]) -> "_Came":
    """How far what a trail is found by has followed, and where a page begins."""
    models = [*_MODELS, *([Reads.name] if Read.TOPIC in topics else [])]
    behind = 0 if wanted.before == NEWEST else wanted.before
    rows = await inquiry.rows(_CAME, {"models": models, "behind": behind})
    moments = {row.sequence: row.at for row in rows if row.at is not None}
    now, begun = moments.pop("now"), moments.pop("behind", None)
    return _Came(now, min(moments.values(), default=None), begun)


def _places(subject: _Subject) -> dict[str, object]:
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


async def _told(
    permitted: Permitted, inquiry: Inquiry, subject: _Subject, rows: Sequence[Any]
) -> list[Entry]:
    opened = {k for k, right in _RIGHTS.items() if policy.allows(permitted.reading, right)}
    sealed = {row.stream for row in rows if kind_of(row.topic) in opened}
    keys = await inquiry.keys(sealed)
    entries = [_entry(subject, row, keys, opened) for row in rows]
    for entry in entries:
        if entry.stream in subject.records:
            inquiry.returns(entry.kind, entry.stream, entry.position)
        if entry.withheld:
            inquiry.returned.withhold()
    return entries


def _entry(
    subject: _Subject, row: Any, keys: Mapping[UUID, DataKey], opened: Iterable[str]
) -> Entry:
    fact = Recorded(row.position, row.stream, row.version, row.topic, row.state, row.recorded_at)
    kind, envelope, data = kind_of(row.topic), fact.envelope, fact.data
    withheld = kind != "read" and kind not in opened
    return Entry(
        sequence=SEQUENCES[row.sequence - 1],
        position=row.position,
        stream=row.stream,
        version=row.version,
        kind=kind,
        topic=row.topic,
        facts=() if withheld else _facts(subject, fact, keys.get(row.stream)),
        withheld=withheld,
        actor=envelope.actor,
        role=data.role if isinstance(data, Read) else None,
        unit=envelope.unit,
        ground=envelope.ground,
        happened=envelope.occurred,
        recorded_at=row.recorded_at,
        leaf=_leaf(fact),
        revision=row.position << 2 | row.sequence,
    )


def _facts(subject: _Subject, fact: Recorded, key: DataKey | None) -> tuple[Fact, ...]:
    def opened(sealed: bytes) -> str | None:
        return None if key is None else key.open(sealed).decode()

    facts = wording.facts_of(fact, opened)
    if isinstance(fact.data, Read):
        facts += tuple(wording.of_read(fact.data, map(str, subject.records)))
    return facts


def _leaf(fact: Recorded) -> str:
    recorded_us = (fact.recorded_at - _EPOCH) // _MICROSECOND
    topic = fact.topic.encode()
    return leaf(fact.stream.bytes, fact.version, recorded_us, topic, fact.state).hex()


def export_trail(archive: Archive, permitted: Permitted, of: str) -> Iterator[dict[str, object]]:
    """Every entry of a trail, the oldest first, as `export trail` tells it.

    Some are read, journaled, and only then handed on. Raises what `page` raises, and
    `JournalUnavailable`.
    """
    permitted.must_be(Action.EXPORT_TRAIL)
    to_read = policy.permit(permitted.reading, Action.READ_TRAIL)
    asked = Asked(archive, permitted.reading, Question("export trail", {"of": of}, "export"))
    wanted, narrowed = Page(EXPORTED_AT_ONCE), Narrowed()
    with asyncio.Runner() as runner:
        while True:
            returned = Returned()
            found = runner.run(_at_a_desk(archive, returned, to_read, wanted, of, narrowed))
            write(archive, asked.read(returned))
            yield from map(_exported, found.page.nodes)
            if not found.page.more:
                return
            # What is recorded meanwhile is not waited for without end.
            narrowed = narrowed._replace(until=found.ended)
            wanted = Page(EXPORTED_AT_ONCE, found.page.nodes[-1].revision)


async def _at_a_desk(
    archive: Archive,
    returned: Returned,
    permitted: Permitted,
    wanted: Page,
    of: str,
    narrowed: Narrowed,
) -> Trail:
    desk = open_desk(archive, size=1)
    async with desk.pool, Inquiry(desk, returned) as inquiry:
        return await page(permitted, inquiry, wanted, of, narrowed)


def _exported(entry: Entry) -> dict[str, object]:
    return {"words": entry.words, **{name: getattr(entry, name) for name in _EXPORTED}}
