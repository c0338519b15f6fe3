"""Telling: the owner of a closed report is told that somebody came upon it.

It follows the journal. What was asked for by its id is there, and whether it was returned; what is
closed is never asked for on the way, so the answer, its time and its cost are the same for who
comes upon it and who does not. Pages of a list tell nothing: nobody looked for what stands there.

It is a process: what it told stays told, once for an officer, his purpose and a good, however often
he looks. It waits until the read models have taken in what was recorded when it first met a read,
so that a report that was there is not missed.
"""

from collections.abc import Iterator, Mapping, Sequence, Set
from datetime import UTC
from typing import Any, Final, NamedTuple
from uuid import UUID

from psycopg import Connection
from psycopg.rows import namedtuple_row
from psycopg.sql import SQL, Identifier

from herkomst.domain import ids
from herkomst.domain.casework.match import How, OwnerTold
from herkomst.domain.events import Event, Recorded
from herkomst.domain.journal import Read
from herkomst.domain.register.stolen_item import CLOSED
from herkomst.projections import registry
from herkomst.projections.cases import Cases
from herkomst.projections.follower import Kind, NotYet
from herkomst.projections.hits import Hits
from herkomst.projections.model import Model
from herkomst.projections.presentations import Presentations
from herkomst.projections.stolen_items import StolenItems
from herkomst.record.application import Custody, envelope, pending, this_moment
from herkomst.record.database import Row
from herkomst.record.reader import SequenceReader
from herkomst.record.recorder import SequenceRecorder

ACTOR: Final = "process:telling"
AWAITED: Final = {
    "register": ("matching", "presentations", "stolen_items"),
    "casework": ("cases", "hits"),
}
"""Followers that must have come to where their sequence ended; those of casework behind those of
the register, because hits are found in one and told in the other."""
_MODELS: Final[Sequence[Model]] = (Cases(), Hits(), Presentations(), StolenItems())
_MET = SQL(
    "WITH sought AS (SELECT unnest(%(ids)s::uuid[]) AS id), met AS ("
    "SELECT id, id AS stolen_item, NULL::uuid AS purchase, NULL::uuid AS hit FROM sought "
    "UNION ALL SELECT id, h.stolen_item, NULL, h.hit FROM sought JOIN {hits} h ON h.hit = id "
    "UNION ALL SELECT id, h.stolen_item, h.purchase, h.hit FROM sought "
    "JOIN {hits} h ON h.purchase = id WHERE {stands} "
    "UNION ALL SELECT id, h.stolen_item, h.purchase, h.hit FROM sought "
    "JOIN {presentations} n ON n.presentation = id "
    "JOIN {hits} h ON h.purchase = n.purchase WHERE {stands} "
    "UNION ALL SELECT id, h.stolen_item, h.purchase, h.hit FROM sought "
    "JOIN {hits} o ON o.hit = id JOIN {hits} h ON h.purchase = o.purchase "
    "AND h.line = o.line AND h.hit <> o.hit WHERE {stands}) "
    "SELECT DISTINCT m.*, s.source FROM met m JOIN {stolen_items} s USING (stolen_item) "
    "WHERE s.handling = %(closed)s"
)
"""From what was sought to closed reports: itself, its hit, or a hit on the same good."""
_STANDS = SQL("h.state NOT IN ('rejected', 'closed')")
_OPEN_CASES = SQL(
    "SELECT number, case_id::text FROM {cases} WHERE handling = 'open' "
    "AND (number = ANY(%(names)s) OR case_id::text = ANY(%(names)s))"
)
Tables = Mapping[str, Identifier]


class _Met(NamedTuple):
    """A closed report that somebody came upon, and how."""

    read: Recorded
    row: Any

    @property
    def data(self) -> Read:
        found = self.read.data
        assert isinstance(found, Read)
        return found

    @property
    def is_known(self) -> bool:
        """Whether it was shown to who asked, or is of his own unit: then there is nothing to
        tell."""
        shown = {f"stolen_item:{self.row.stolen_item}", f"hit:{self.row.hit}"}
        return self.row.source == self.data.unit or not shown.isdisjoint(self.data.returned)

    @property
    def stream(self) -> UUID:
        good = self.row.purchase.hex if self.row.purchase else "report"
        return ids.told_of(self.row.stolen_item, self.data.user, self.data.purpose, good)

    @property
    def how(self) -> How:
        return "good" if self.row.purchase else "report"


class Telling:
    """The process of that name."""

    name = "telling"
    kind: Kind = "process"
    sequence = "journal"
    models: Sequence[Model] = ()
    topics: Set[str] = frozenset({Read.TOPIC})

    def __init__(self, casework: SequenceRecorder) -> None:
        self._casework = casework
        self._heads: dict[str, int] = {}
        """Where the other sequences ended when a read was met; empty while none is."""

    def apply(self, connection: Connection[Row], facts: Sequence[Recorded]) -> None:
        reads = [f for f in facts if isinstance(f.data, Read) and f.data.sought]
        if not reads:
            return
        self._must_have_followed(connection)
        tables = registry.live_tables(connection, _MODELS)
        met = [each for each in _met(connection, tables, reads) if not each.is_known]
        if met:
            self._tell(connection, met, _open_cases(connection, tables, met))
        self._heads = {}

    def _must_have_followed(self, connection: Connection[Row]) -> None:
        """Raises `NotYet`."""
        stands = {each.name: each.position for each in registry.standings(connection)}
        built = registry.generations(connection)
        if missing := [model.name for model in _MODELS if model.name not in built]:
            raise NotYet(f"{missing[0]} has not been built")
        for sequence, names in AWAITED.items():
            if sequence not in self._heads:
                self._heads[sequence] = SequenceReader(sequence).head(connection)
            for name in names:
                if stands.get(name, 0) < self._heads[sequence]:
                    raise NotYet(f"{name} stands before {self._heads[sequence]}")

    def _tell(self, connection: Connection[Row], met: Sequence[_Met], open_cases: Set[str]) -> None:
        with connection.cursor() as cursor:
            self._casework.lock(cursor)
            told = set(self._casework.reader.streams(connection, [each.stream for each in met]))
            events = []
            for each in met:
                if each.stream not in told:
                    told.add(each.stream)
                    events.append(_event(each, open_cases))
            if events:
                self._casework.append_locked(cursor, [pending(event) for event in events])


def _met(connection: Connection[Row], tables: Tables, reads: Sequence[Recorded]) -> Iterator[_Met]:
    """What these reads came upon, in their order."""
    by_id: dict[UUID, list[Recorded]] = {}
    for read in reads:
        for sought in read.data.sought:  # type: ignore[attr-defined]
            by_id.setdefault(UUID(hex=sought), []).append(read)
    statement = _MET.format(stands=_STANDS, **tables)
    with connection.cursor(row_factory=namedtuple_row) as cursor:
        found: list[Any] = cursor.execute(
            statement, {"ids": list(by_id), "closed": CLOSED}
        ).fetchall()
    met = [_Met(read, row) for row in found for read in by_id[row.id]]
    return iter(sorted(met, key=lambda each: (each.read.position, each.stream)))


def _open_cases(connection: Connection[Row], tables: Tables, met: Sequence[_Met]) -> Set[str]:
    """Numbers and ids of those cases that were a purpose and are open to others."""
    names = list({name for each in met if (name := _case_of(each.data.purpose))})
    rows = connection.execute(_OPEN_CASES.format(**tables), {"names": names}).fetchall()
    return {name for row in rows for name in row}


def _case_of(purpose: str) -> str | None:
    """The case that a purpose names, by its number or its id."""
    kind, _, name = purpose.partition(":")
    return None if kind == "duty" else name.partition("/")[0]


def _event(met: _Met, open_cases: Set[str]) -> Event:
    data, row = met.data, met.row
    case = _case_of(data.purpose)
    secret = case is not None and case not in open_cases
    told = OwnerTold(
        at=met.read.recorded_at.astimezone(UTC).isoformat(timespec="milliseconds"),
        how=met.how,
        officer=None if secret else data.user,
        owner=row.source,
        purchase=row.purchase.hex if row.purchase else None,
        purpose=None if secret else data.purpose,
        read=met.read.stream.hex,
        record=row.stolen_item.hex,
        role=data.role,
        unit=data.unit,
    )
    custody = Custody("politie", data.ground, "wpg:13", row.source)
    under = envelope(ACTOR, custody, this_moment(), told.VERSION, CLOSED)
    return Event(met.stream, told, under)
