"""Telling: the owner of a closed report, or of a secret investigation, is told that somebody came
upon it.

It follows the journal. What was asked for by its id is there, and whether it was returned; what is
closed is never asked for on the way, so the answer, its time and its cost are the same for who
comes upon it and who does not. Pages of a list tell nothing: nobody looked for what stands there.

It is a process: what it told stays told, once for an officer, his purpose and a good, however often
he looks. It waits until the read models have taken in what was recorded when it first met a read,
so that a report that was there is not missed.
"""

from collections.abc import Mapping, Sequence, Set
from datetime import UTC
from typing import Any, Final, NamedTuple
from uuid import UUID

import msgspec
from psycopg import Connection
from psycopg.rows import namedtuple_row
from psycopg.sql import SQL, Identifier

from herkomst.domain import ids
from herkomst.domain.casework.match import How, OwnerTold
from herkomst.domain.events import Event, Recorded
from herkomst.domain.journal import Read
from herkomst.domain.register.stolen_item import CLOSED
from herkomst.projections import registry
from herkomst.projections.case_items import CaseItems
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
    "casework": ("case_items", "cases", "hits"),
}
"""Followers that must have come to where their sequence ended; those of casework behind those of
the register, because hits are found in one and told in the other."""
_MODELS: Final[Sequence[Model]] = (
    CaseItems(),
    Cases(),
    Hits(),
    Presentations(),
    StolenItems(),
)
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
_IN_SECRET = SQL(
    "SELECT DISTINCT id, i.item AS record, c.unit AS source, c.case_id, c.members::text AS members "
    "FROM (SELECT unnest(%(ids)s::uuid[]) AS id) sought JOIN {case_items} i ON i.item = id "
    "JOIN {cases} c USING (case_id) WHERE i.kind <> 'purchase' AND c.regime = 'wpg:9' "
    "AND c.handling IN ('confidential', 'closed')"
)
"""From what was sought to investigations that are not told to exist, which it belongs to."""
_decode_members = msgspec.json.Decoder(dict[str, object]).decode
_OPEN_CASES = SQL(
    "SELECT number, case_id::text FROM {cases} WHERE handling = 'open' "
    "AND (number = ANY(%(names)s) OR case_id::text = ANY(%(names)s))"
)
Tables = Mapping[str, Identifier]


class _Met(NamedTuple):
    """What somebody came upon that is not told to exist, and how."""

    read: Recorded
    record: UUID
    owner: str
    how: How
    purchase: UUID | None
    by: str
    """What he is told once of: the report, a good, or a case."""
    is_known: bool
    """Whether it is known to who asked: then there is nothing to tell."""

    @property
    def data(self) -> Read:
        return _read(self.read)

    @property
    def stream(self) -> UUID:
        return ids.told_of(self.record, self.data.user, self.data.purpose, self.by)


def _read(recorded: Recorded) -> Read:
    found = recorded.data
    assert isinstance(found, Read)
    return found


def _report_met(read: Recorded, row: Any) -> _Met:
    """A closed report: known to the owner's own people, and to whom it was shown."""
    data = _read(read)
    shown = {f"stolen_item:{row.stolen_item}", f"hit:{row.hit}"}
    return _Met(
        read,
        row.stolen_item,
        row.source,
        "good" if row.purchase else "report",
        row.purchase,
        row.purchase.hex if row.purchase else "report",
        row.source == data.unit or not shown.isdisjoint(data.returned),
    )


def _case_met(read: Recorded, row: Any) -> _Met:
    """An investigation: known to its unit and to who was ever a member. Who looks for a duty uses
    nothing in another case."""
    data = _read(read)
    known = row.source == data.unit or data.user in _decode_members(row.members)
    known = known or _case_of(data.purpose) is None
    return _Met(read, row.record, row.source, "case", None, f"case:{row.case_id.hex}", known)


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
        reads = [f for f in facts if f.topic == Read.TOPIC and _read(f).sought]
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


def _met(connection: Connection[Row], tables: Tables, reads: Sequence[Recorded]) -> list[_Met]:
    """What these reads came upon, in their order."""
    by_id: dict[UUID, list[Recorded]] = {}
    for read in reads:
        for sought in _read(read).sought:
            by_id.setdefault(UUID(hex=sought), []).append(read)
    values = {"ids": list(by_id), "closed": CLOSED}
    met = []
    with connection.cursor(row_factory=namedtuple_row) as cursor:
        for statement, made in (_MET, _report_met), (_IN_SECRET, _case_met):
            composed = statement.format(stands=_STANDS, **tables)
            found: list[Any] = cursor.execute(composed, values).fetchall()
            met += [made(read, row) for row in found for read in by_id[row.id]]
    return sorted(met, key=lambda each: (each.read.position, each.stream))


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
    data = met.data
    case = _case_of(data.purpose)
    secret = case is not None and case not in open_cases
    told = OwnerTold(
        at=met.read.recorded_at.astimezone(UTC).isoformat(timespec="milliseconds"),
        how=met.how,
        officer=None if secret else data.user,
        owner=met.owner,
        purchase=met.purchase.hex if met.purchase else None,
        purpose=None if secret else data.purpose,
        read=met.read.stream.hex,
        record=met.record.hex,
        role=data.role,
        unit=data.unit,
    )
    custody = Custody("politie", data.ground, "wpg:13", met.owner)
    under = envelope(ACTOR, custody, this_moment(), told.VERSION, CLOSED)
    return Event(met.stream, told, under)
