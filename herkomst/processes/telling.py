"""Telling: the owner of a closed report, or of a secret investigation, is told that somebody came
upon it.

It follows the journal. What was asked for by its id or its number is there, and whether it was
returned; what is closed is never asked for on the way, so the answer, its time and its cost are
the same for who comes upon it and who does not. Pages of a list tell nothing: nobody looked for
what stands there.

It is a process: what it told stays told, once for an officer, his purpose and a good, however often
he looks. It waits until the read models have taken in what was recorded when it first met a read,
so that a report that was there is not missed.
"""

from collections.abc import Callable, Mapping, Sequence, Set
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
from herkomst.projections.hits import STANDS, Hits
from herkomst.projections.match_keys import MatchKeys
from herkomst.projections.model import Model
from herkomst.projections.presentations import Presentations
from herkomst.projections.stolen_items import StolenItems
from herkomst.record.application import Custody, envelope, pending, this_moment
from herkomst.record.database import Row
from herkomst.record.reader import SequenceReader
from herkomst.record.recorder import SequenceRecorder
from herkomst.record.vault import Vault

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
    MatchKeys(),
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
_BEARS = SQL(
    "SELECT DISTINCT k.key AS id, s.stolen_item, s.source, NULL::uuid AS purchase, "
    "NULL::uuid AS hit FROM {match_keys} k JOIN {stolen_items} s ON s.stolen_item = k.item "
    "WHERE k.key = ANY(%(ids)s) AND k.side = 'stolen' AND s.handling = %(closed)s"
)
"""From numbers that were searched for to closed reports of goods that bear them."""
_IN_SECRET = SQL(
    "SELECT DISTINCT id, i.item AS record, c.unit AS source, c.case_id, c.members::text AS members "
    "FROM (SELECT unnest(%(ids)s::uuid[]) AS id) sought JOIN {case_items} i ON i.item = id "
    "JOIN {cases} c USING (case_id) WHERE i.kind <> 'purchase' AND c.regime = 'wpg:9' "
    "AND c.handling IN ('confidential', 'closed')"
)
"""From what was sought to investigations that are not told to exist, which it belongs to."""
_decode_members = msgspec.json.Decoder(dict[str, object]).decode
_CASES = SQL(
    "SELECT case_id::text, number, handling = 'open' AS is_open FROM {cases} "
    "WHERE number = ANY(%(names)s) OR case_id::text = ANY(%(names)s)"
)
Tables = Mapping[str, Identifier]


class _Case(NamedTuple):
    """A case that was a purpose, and whether it is told of to others."""

    id: str
    number: str
    is_open: bool


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
    def place(self) -> tuple[int, UUID]:
        """The read, and what it came upon."""
        return self.read.position, self.record

    def stream(self, purpose: str) -> UUID:
        """What he is told of once, for a purpose."""
        return ids.told_of(self.record, self.data.user, purpose, self.by)


def _read(recorded: Recorded) -> Read:
    found = recorded.data
    assert isinstance(found, Read)
    return found


def _report_met(read: Recorded, row: Any, how: How | None = None) -> _Met:
    """A closed report: known to the owner's own people, and to whom it was shown."""
    data = _read(read)
    shown = {f"stolen_item:{row.stolen_item}", f"hit:{row.hit}"}
    return _Met(
        read,
        row.stolen_item,
        row.source,
        how or ("good" if row.purchase else "report"),
        row.purchase,
        row.purchase.hex if row.purchase else "report",
        row.source == data.unit or not shown.isdisjoint(data.returned),
    )


def _number_met(read: Recorded, row: Any) -> _Met:
    """A closed report of a good that bears a number, which is no more than the report."""
    return _report_met(read, row, "number")


def _case_met(read: Recorded, row: Any) -> _Met:
    """An investigation: known to its unit and to who was ever a member. Who looks for a duty uses
    nothing in another case."""
    data = _read(read)
    known = row.source == data.unit or data.user in _decode_members(row.members)
    known = known or _case_of(data.purpose) is None
    return _Met(read, row.record, row.source, "case", None, f"case:{row.case_id.hex}", known)


_Made = Callable[[Recorded, Any], _Met]


class Telling:
    """The process of that name."""

    name = "telling"
    kind: Kind = "process"
    sequence = "journal"
    models: Sequence[Model] = ()
    topics: Set[str] = frozenset({Read.TOPIC})

    def __init__(self, vault: Vault, casework: SequenceRecorder) -> None:
        self._vault, self._casework = vault, casework
        self._heads: dict[str, int] = {}
        """Where the other sequences ended when a read was met; empty while none is."""

    def apply(self, connection: Connection[Row], facts: Sequence[Recorded]) -> None:
        reads = [f for f in facts if f.topic == Read.TOPIC and _looked(_read(f))]
        if not reads:
            return
        self._must_have_followed(connection)
        tables = registry.live_tables(connection, _MODELS)
        met = [each for each in self._met(connection, tables, reads) if not each.is_known]
        if met:
            self._tell(connection, met, _cases(connection, tables, met))
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

    def _met(
        self, connection: Connection[Row], tables: Tables, reads: Sequence[Recorded]
    ) -> list[_Met]:
        """What these reads came upon, in their order."""
        by_id: dict[UUID, list[Recorded]] = {}
        for read in reads:
            for sought in _read(read).sought:
                by_id.setdefault(UUID(hex=sought), []).append(read)
        looking: Sequence[tuple[SQL, _Made, Mapping[Any, list[Recorded]]]] = (
            (_MET, _report_met, by_id),
            (_IN_SECRET, _case_met, by_id),
            (_BEARS, _number_met, self._by_number(connection, reads)),
        )
        met = []
        with connection.cursor(row_factory=namedtuple_row) as cursor:
            for statement, made, reads_of in looking:
                composed = statement.format(stands=STANDS, **tables)
                values = {"ids": list(reads_of), "closed": CLOSED}
                found: list[Any] = cursor.execute(composed, values).fetchall() if reads_of else []
                met += [made(read, row) for row in found for read in reads_of[row.id]]
        # Who came upon it otherwise by the same read is told of that alone.
        otherwise = {each.place for each in met if each.how != "number"}
        told = [each for each in met if each.how != "number" or each.place not in otherwise]
        return sorted(told, key=lambda each: (each.read.position, each.stream(each.data.purpose)))

    def _by_number(
        self, connection: Connection[Row], reads: Sequence[Recorded]
    ) -> Mapping[str, list[Recorded]]:
        """The reads that searched for a number, by where goods meet that bear it; of entries that
        were forgotten nobody can tell."""
        searched = {read.stream: read for read in reads if _read(read).numbers}
        keys = self._vault.keys(connection, searched) if searched else {}
        found: dict[str, list[Recorded]] = {}
        for stream, key in keys.items():
            sealed = _read(searched[stream]).numbers
            assert sealed is not None
            for meeting in key.open(sealed).decode().splitlines():
                found.setdefault(meeting, []).append(searched[stream])
        return found

    def _tell(
        self, connection: Connection[Row], met: Sequence[_Met], cases: Mapping[str, _Case]
    ) -> None:
        purposes = [_spelled(each.data.purpose, cases) for each in met]
        pairs = list(zip(met, purposes, strict=True))
        with connection.cursor() as cursor:
            self._casework.lock(cursor)
            asked = [each.stream(name) for each, names in pairs for name in names]
            told = set(self._casework.reader.streams(connection, asked))
            events = []
            for each, names in pairs:
                streams = [each.stream(name) for name in names]
                if told.isdisjoint(streams):
                    events.append(_event(each, streams[0], names[0], cases))
                told.add(streams[0])
            if events:
                self._casework.append_locked(cursor, [pending(event) for event in events])


def _looked(data: Read) -> bool:
    """Whether anything was asked for by its id or its number."""
    return bool(data.sought or data.numbers)


def _cases(connection: Connection[Row], tables: Tables, met: Sequence[_Met]) -> Mapping[str, _Case]:
    """The cases that were a purpose, by number and by id."""
    names = list({name for each in met if (name := _case_of(each.data.purpose))})
    rows = connection.execute(_CASES.format(**tables), {"names": names}).fetchall()
    found = [_Case(*row) for row in rows]
    return {name: case for case in found for name in (case.number, case.id)}


def _case_of(purpose: str) -> str | None:
    """The case that a purpose names, by its number or its id."""
    kind, _, name = purpose.partition(":")
    return None if kind == "duty" else name.partition("/")[0]


def _spelled(purpose: str, cases: Mapping[str, _Case]) -> list[str]:
    """A purpose by the id of its case, and by its number, as the journal had it once."""
    name = _case_of(purpose)
    case = None if name is None else cases.get(name)
    if name is None or case is None:
        return [purpose]
    return [purpose.replace(name, each, 1) for each in (case.id, case.number)]


def _event(met: _Met, stream: UUID, purpose: str, cases: Mapping[str, _Case]) -> Event:
    data = met.data
    name = _case_of(purpose)
    secret = name is not None and not (name in cases and cases[name].is_open)
    told = OwnerTold(
        at=met.read.recorded_at.astimezone(UTC).isoformat(timespec="milliseconds"),
        how=met.how,
        officer=None if secret else data.user,
        owner=met.owner,
        purchase=met.purchase.hex if met.purchase else None,
        purpose=None if secret else purpose,
        read=met.read.stream.hex,
        record=met.record.hex,
        role=data.role,
        unit=data.unit,
    )
    custody = Custody("politie", data.ground, "wpg:13", met.owner)
    under = envelope(ACTOR, custody, this_moment(), told.VERSION, CLOSED)
    return Event(stream, told, under)
