"""Reviewing: a week's reads are weighed once it is over, and a queue is made of them.

A queue holds the reads that rank highest and some that are drawn by lot, so that nobody can be
sure of never being looked at; of who reviews others some are drawn in each, because what he reads
at the desk is never odd. It is a process: what it queued stays queued, with the explanation
as it was then. A week of real reads is over when the first read of a later week is recorded, so it
takes no clock; a rehearsal is weighed whenever a file of it was taken in to its end.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence, Set
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from psycopg import Connection
from psycopg.sql import SQL

from herkomst.domain import ids
from herkomst.domain.calendar import local
from herkomst.domain.casework.rehearsal import RehearsalTold
from herkomst.domain.casework.review import Queued, QueueOpened, Weight, Why
from herkomst.domain.events import Event, EventData, Recorded
from herkomst.domain.journal import Read
from herkomst.processes.comparing import Weighed
from herkomst.processes.weighing import weigh
from herkomst.projections import registry
from herkomst.projections.follower import Kind, NotYet
from herkomst.projections.model import Model, Token
from herkomst.projections.reads import Reads
from herkomst.record.application import envelope, pending, this_moment
from herkomst.record.database import Row
from herkomst.record.reader import SequenceReader
from herkomst.record.recorder import SequenceRecorder
from herkomst.record.reviews import CUSTODY, folded

ACTOR: Final = "process:reviewing"
SHARE: Final = 100
"""One read in so many is queued for its rank at most."""
MOST: Final = 3_000
"""Reads that one opening queues for their rank at most."""
LOWEST: Final = 4
"""Score below which a read is queued by lot alone."""
DRAWN: Final = 20
"""Reads of an opening that are drawn by lot."""
REVIEWER: Final = "access_reviewer"
DRAWN_OF_REVIEWER: Final = 3
"""Reads of each reviewer that are drawn by lot beside these, for another one to judge."""
AWAITED: Final = {
    "register": ("establishments", "matching", "presentations", "purchases", "stolen_items"),
    "casework": ("concerns", "engagements", "hits", "officers"),
}
"""Followers that must have come to where their sequence ended when an opening fell due; those of
casework behind those of the register, because hits are found in one and told in the other."""
_OLDEST = SQL(
    "SELECT recorded_at FROM {} WHERE revision > %s AND NOT rehearsed ORDER BY revision LIMIT 1"
)
_CHAIN = (
    "SELECT chain FROM record.appends WHERE sequence = 'journal' AND first_position <= %s "
    "ORDER BY first_position DESC LIMIT 1"
)


class _Due(NamedTuple):
    """A part of the journal that is to be weighed."""

    after: int
    until: int


class Reviewing:
    """The process of that name."""

    name = "reviewing"
    kind: Kind = "process"
    sequence = "journal"
    models: Sequence[Model] = ()
    topics: Set[str] = frozenset({Read.TOPIC, RehearsalTold.TOPIC})

    def __init__(self, token: Token, casework: SequenceRecorder) -> None:
        self._token = token
        self._casework = casework
        self._heads: dict[str, int] = {}
        """Where the other sequences ended when an opening fell due; empty while none is."""

    def apply(self, connection: Connection[Row], facts: Sequence[Recorded]) -> None:
        due = list(self._due(connection, facts))
        if not due:
            return
        self._must_have_followed(connection, facts[-1].position)
        for each in due:
            self._open(connection, each)
        self._heads = {}

    def _due(self, connection: Connection[Row], facts: Sequence[Recorded]) -> Iterator[_Due]:
        last = self._last(connection)
        after = 0 if last is None else last.until
        week = self._oldest_week(connection, after)
        for fact in facts:
            if isinstance(fact.data, RehearsalTold):
                yield _Due(0, fact.position)
                after = fact.position
            elif fact.topic == Read.TOPIC:
                if week is not None and week < week_of(fact.recorded_at):
                    yield _Due(after, fact.position - 1)
                    after, week = fact.position - 1, None
                week = week or week_of(fact.recorded_at)

    def _last(self, connection: Connection[Row]) -> QueueOpened | None:
        stream = ids.openings_id()
        facts = self._casework.reader.streams(connection, [stream]).get(stream)
        if not facts:
            return None
        assert isinstance(facts[-1].data, QueueOpened)
        return facts[-1].data

    @staticmethod
    def _oldest_week(connection: Connection[Row], after: int) -> tuple[int, int] | None:
        """The week of the first real read that no opening has weighed yet."""
        model = Reads()
        if model.name not in registry.generations(connection):
            raise NotYet(f"{model.name} has not been built")
        table = model.table(registry.live(connection, model))
        row = connection.execute(_OLDEST.format(table), (after,)).fetchone()
        return None if row is None else week_of(row[0])

    def _must_have_followed(self, connection: Connection[Row], position: int) -> None:
        """What explains a read must be there first: all that was recorded up to now, and the hits
        that the matching makes of it. Raises `NotYet`."""
        stands = {each.name: each.position for each in registry.standings(connection)}
        for sequence, names in AWAITED.items():
            if sequence not in self._heads:
                self._heads[sequence] = SequenceReader(sequence).head(connection)
            for name in names:
                _must_stand(stands, name, self._heads[sequence])
        _must_stand(stands, Reads.name, position)

    def _open(self, connection: Connection[Row], due: _Due) -> None:
        weighed = weigh(connection, after=due.after, until=due.until)
        seed = self._seed(connection, due.until)
        number = self._number(connection) + 1
        chosen = list(self._chosen(weighed, seed))
        queued = [_queued(each, rank, why, number) for each, rank, why in chosen]
        opened = QueueOpened(
            after=due.after,
            explained=sum(each.explanation.holds for each in weighed),
            queued=len(queued),
            reads=len(weighed),
            seed=seed,
            until=due.until,
        )
        events = [_event(ids.openings_id(), opened)]
        events += [_event(stream, data) for stream, data in self._news(connection, queued)]
        with connection.cursor() as cursor:
            self._casework.append(cursor, [pending(event) for event in events])

    def _seed(self, connection: Connection[Row], until: int) -> str:
        """What the lot is drawn with: a keyed hash over the chain of the journal up to there."""
        row = connection.execute(_CHAIN, (until,)).fetchone()
        return self._token(f"lot:{until}:{bytes(row[0]).hex() if row else ''}")

    def _number(self, connection: Connection[Row]) -> int:
        stream = ids.openings_id()
        return len(self._casework.reader.streams(connection, [stream]).get(stream, ()))

    def _chosen(self, weighed: Sequence[Weighed], seed: str) -> Iterator[tuple[Weighed, int, Why]]:
        most = min(MOST, -(-len(weighed) // SHARE))
        top = [each for each in weighed[:most] if each.score >= LOWEST]
        for rank, each in enumerate(top, 1):
            yield each, rank, "rank"
        rest = list(enumerate(weighed[len(top) :], len(top) + 1))
        rest.sort(key=lambda place: self._token(f"{seed}:{place[1].read.id.hex}"))
        drawn: Counter[str] = Counter()
        for place, (rank, each) in enumerate(rest):
            of_reviewer = each.role == REVIEWER and drawn[each.read.officer] < DRAWN_OF_REVIEWER
            if place < DRAWN or of_reviewer:
                drawn[each.read.officer] += 1
                yield each, rank, "lot"

    def _news(
        self, connection: Connection[Row], queued: Sequence[Queued]
    ) -> Iterator[tuple[UUID, Queued]]:
        """Those that were not judged already; of a rehearsal that is weighed again, the later
        opening takes the place of the earlier."""
        streams = {ids.review_id(UUID(hex=data.read)): data for data in queued}
        histories = self._casework.reader.streams(connection, list(streams))
        for stream, data in streams.items():
            state = folded(histories.get(stream, []))
            if state is None or state.state != "decided":
                yield stream, data


def _must_stand(stands: Mapping[str, int], name: str, position: int) -> None:
    if name not in stands or stands[name] < position:
        raise NotYet(f"{name} stands at {stands.get(name)}, before {position}")


def week_of(moment: datetime) -> tuple[int, int]:
    """Year and week (ISO 8601) in Amsterdam."""
    year, week, _ = local(moment).isocalendar()
    return year, week


def _event(stream: UUID, data: EventData) -> Event:
    return Event(stream, data, envelope(ACTOR, CUSTODY, this_moment(), data.VERSION))


def _queued(weighed: Weighed, rank: int, why: Why, opening: int) -> Queued:
    read = weighed.read
    return Queued(
        at=read.at.isoformat(timespec="seconds"),
        explained=weighed.explanation.holds,
        key=read.key,
        officer=read.officer,
        opening=opening,
        path=weighed.explanation.path,
        purpose=read.purpose,
        rank=rank,
        read=read.id.hex,
        role=weighed.role,
        rules=tuple(Weight(code=held.code, weight=held.weight) for held in weighed.held),
        score=weighed.score,
        source=read.source,
        why=why,
    )
