"""The audit trail of a record: every event and every read that the viewer may know of, in order.

The events are those of the streams involved, as they were recorded; what is found by read models is
only where to look. A hit brings what followed it, the purchase, the identity and the stolen good
that it joins; goods and persons bring the hits on them, the cases that they were in and the
reveals; a case brings what was ever in it; each brings what was asked of its owner, and what became
of its key. Reads are those of the journal that returned one of these.

What may be told is part of the query. A read for a case that the viewer may not know of, on a
ground of an inquiry without one, or that returned something closed to him beside the record, is
not there: no row, no count, no cursor tells of it (`visibility`). So it is with attempts that came
to nothing; and that somebody came upon what is closed is told to its owner alone. Who controls
reads, and may not see what they are of, is told what happened and who looked, and nothing of what
it says.
"""

import asyncio
import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from herkomst.access import policy
from herkomst.access.policy import Action, Permitted
from herkomst.access.reading import Asked, Question, Returned, write
from herkomst.domain.calendar import Occurred
from herkomst.domain.casework.parts import key_of
from herkomst.domain.events import EventData, Recorded
from herkomst.domain.journal import Attempted, Read
from herkomst.investigations import visibility, whereabouts, wording
from herkomst.investigations.goods import Told
from herkomst.investigations.inquiry import Inquiry, open_desk
from herkomst.investigations.pages import InvalidPage, Page, Slice
from herkomst.investigations.whereabouts import Subject
from herkomst.investigations.wording import Fact
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
    "sequel": ("casework.sequel.",),
    "case": ("casework.case.",),
    "reveal": ("casework.identity.",),
    "request": ("casework.access.",),
    "keeping": ("privacy.key.",),
    "hold": ("privacy.hold.",),
    "match": ("casework.match.",),
    "read": ("journal.read",),
    "attempt": ("journal.concluded",),
}
"""Of what an entry tells, by how its topic begins."""
_RIGHTS = {
    "purchase": Action.READ_PURCHASES,
    "presentation": Action.READ_PRESENTATIONS,
    "stolen_item": Action.READ_STOLEN_ITEMS,
    "hit": Action.READ_HITS,
    "sequel": Action.READ_SEQUELS,
    "case": Action.READ_CASES,
    "reveal": Action.READ_PRESENTATIONS,
    "request": Action.READ_STOLEN_ITEMS,
    "keeping": Action.READ_TRAIL,
    "hold": Action.READ_HOLDS,
    "match": Action.READ_MATCHES,
}
"""What a viewer must be allowed to be told what entries say; of reads and attempts it is part of
the query."""
_OF_JOURNAL = frozenset({"read", "attempt"})
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


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
    """Of a read or an attempt, the role of who did it."""
    unit: str
    """Of a read or an attempt the unit of who did it, of an event the unit that owns what it tells
    of."""
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
    subject = await whereabouts.find(inquiry, values, kinds, of)
    came = await whereabouts.came(inquiry, wanted, topics)
    ended = came.end(asked.until)
    narrowed = {"topics": topics, "actor": asked.actor, "since": asked.since, "until": ended}
    rows, count = await whereabouts.entries(inquiry, values | narrowed, subject, came, wanted)
    entries = await _told(permitted, inquiry, subject, rows[: wanted.first])
    found = inquiry.cursors.slice(LIST, wanted, entries, len(rows), count)
    return Trail(subject.kind, subject.id, ended, came.whole_until(asked.until), found)


def _kinds(permitted: Permitted, *, controls: bool) -> frozenset[str]:
    """Of what this viewer is told; what he did himself is never a secret to him."""
    if controls:
        return frozenset(KINDS)
    allowed = [k for k, right in _RIGHTS.items() if policy.allows(permitted.reading, right)]
    return _OF_JOURNAL.union(allowed)


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


async def _told(
    permitted: Permitted, inquiry: Inquiry, subject: Subject, rows: Sequence[Any]
) -> list[Entry]:
    opened = {k for k, right in _RIGHTS.items() if policy.allows(permitted.reading, right)}
    facts = [_fact(row) for row in rows]
    sealed = {key_of(fact): fact.stream for fact in facts if kind_of(fact.topic) in opened}
    keys = await inquiry.part_keys(sealed)
    pairs = zip(facts, rows, strict=True)
    entries = [_entry(subject, fact, row, keys, opened) for fact, row in pairs]
    for entry in entries:
        if entry.stream in subject.records:
            inquiry.returns(entry.kind, entry.stream, entry.position)
        if entry.withheld:
            inquiry.returned.withhold()
    return entries


def _fact(row: Any) -> Recorded:
    return Recorded(row.position, row.stream, row.version, row.topic, row.state, row.recorded_at)


def _entry(
    subject: Subject,
    fact: Recorded,
    row: Any,
    keys: Mapping[UUID, DataKey],
    opened: Iterable[str],
) -> Entry:
    kind, envelope, data = kind_of(row.topic), fact.envelope, fact.data
    withheld = kind not in _OF_JOURNAL and kind not in opened
    tried = None if row.attempt is None else _attempted(row)
    return Entry(
        sequence=SEQUENCES[row.sequence - 1],
        position=row.position,
        stream=row.stream,
        version=row.version,
        kind=kind,
        topic=row.topic,
        facts=() if withheld else _facts(subject, fact, tried, keys.get(key_of(fact)), row.number),
        withheld=withheld,
        actor=envelope.actor,
        role=_role(tried or data),
        unit=envelope.unit,
        ground=envelope.ground,
        happened=envelope.occurred,
        recorded_at=row.recorded_at,
        leaf=_leaf(fact),
        revision=row.position << 2 | row.sequence,
    )


def _role(data: EventData) -> str | None:
    return data.role if isinstance(data, Read | Attempted) else None


def _attempted(row: Any) -> Attempted:
    """What was attempted, of which a row tells how it ended."""
    topic = Attempted.TOPIC
    data = Recorded(row.position, row.stream, 1, topic, row.attempt, row.recorded_at).data
    assert isinstance(data, Attempted)
    return data


def _facts(
    subject: Subject,
    fact: Recorded,
    tried: Attempted | None,
    key: DataKey | None,
    number: str | None,
) -> tuple[Fact, ...]:
    def opened(sealed: bytes) -> str | None:
        return None if key is None else key.open(sealed).decode()

    facts = wording.facts_of(fact, opened)
    if isinstance(fact.data, Read):
        facts += tuple(wording.of_read(fact.data, map(str, subject.records)))
    if tried is not None:
        facts += tuple(wording.of_attempt(tried, (each.hex for each in subject.records)))
    return facts if number is None else tuple([wording.numbered(each, number) for each in facts])


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
