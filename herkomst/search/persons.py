"""Of whom the name is searched: who sold what a standing hit is on, and who is in a case.

All others are found by keyed hashes alone. Whether somebody is among them depends on the register
and on casework, so both are followed, and a document bears the sum of the positions up to which the
rows of both were looked at: it grows with either, and what was looked at later never bears less.

Governed lists of persons are the third way in: what they hold joins `_EVERYBODY` and `_LOOKED_AT`,
and their events `of_casework`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.sql import SQL, Composed, Identifier

from herkomst.domain import ids
from herkomst.domain.casework import case, hit
from herkomst.domain.events import Recorded
from herkomst.domain.register import identity, keeping
from herkomst.projections.case_items import CaseItems
from herkomst.projections.hits import STANDS, Hits
from herkomst.projections.keepings import Keepings
from herkomst.projections.model import Model
from herkomst.projections.presentations import Presentations
from herkomst.record.casework import CUSTODY
from herkomst.record.database import Row
from herkomst.record.reader import SequenceReader

LAW = f"{CUSTODY.regime} open {CUSTODY.controller}"
"""What is in a case or in a hit is police data. Who may know of it is told by no law of its own,
but by the hits and by the case that he may read."""
REGISTER: tuple[Model, ...] = (Presentations(), Keepings())
CASEWORK: tuple[Model, ...] = (Hits(), CaseItems())
"""Read models of each sequence that a document of a person is made of."""
OF_REGISTER = frozenset(
    {
        identity.Presented.TOPIC,
        identity.IdentityCorrected.TOPIC,
        identity.IdentityWithdrawn.TOPIC,
        identity.IdentityRestricted.TOPIC,
        identity.IdentityErased.TOPIC,
        keeping.KeyRestricted.TOPIC,
        keeping.KeyDestroyed.TOPIC,
    }
)
OF_CASEWORK = Hits().topic_names | CaseItems().topic_names
"""Events by which somebody comes into the index, changes there or leaves it."""

Tables = Mapping[str, Identifier]
Owners = dict[UUID, int]
"""Whose documents change, by their presented identities, and the last position at which they did;
0 for who has none yet, so that none has to go."""

_CASE_KEPT = SQL(
    "NOT EXISTS (SELECT FROM {keepings} k WHERE k.key_id = i.case_id AND k.state <> 'comparable')"
)
"""What was removed, to the vault or for good, is no case to anybody."""
_EVERYBODY = SQL(
    "SELECT h.purchase FROM {hits} h WHERE {stands} "
    "UNION SELECT i.item FROM {case_items} i WHERE {case_kept} "
    "UNION SELECT h.purchase FROM {case_items} i JOIN {hits} h ON h.hit = i.item WHERE {case_kept}"
)
_LOOKED_AT = SQL(
    "SELECT n.*, EXISTS (SELECT FROM {hits} h WHERE h.purchase = n.purchase AND {stands}) "
    "OR EXISTS (SELECT FROM {case_items} i WHERE i.item IN (n.presentation, n.purchase) "
    "AND {case_kept}) "
    "OR EXISTS (SELECT FROM {hits} h JOIN {case_items} i ON i.item = h.hit "
    "WHERE h.purchase = n.purchase AND {case_kept}) AS wanted "
    "FROM {presentations} n WHERE n.presentation = ANY(%s) ORDER BY n.presentation"
)
_ITEMS_OF_CASES = SQL("SELECT item FROM {case_items} WHERE case_id = ANY(%s)")
_PRESENTED = SQL("SELECT presentation FROM {presentations} WHERE presentation = ANY(%s)")
_SOLD = SQL("SELECT purchase FROM {hits} WHERE hit = ANY(%s)")
_POSITIONS = "SELECT sequence, min(position) FROM follow.followers WHERE name = ANY(%s) GROUP BY 1"
_TAKE_TURNS = (
    "SELECT pg_advisory_xact_lock(hashtextextended(current_database() || 'persons searched', 2))"
)
_KEPT = {"presented": "open", "comparable": "comparable"}
_casework = SequenceReader("casework")


def everybody(connection: Connection[Row], tables: Tables) -> list[UUID]:
    """Whose documents there may be by the rows, in order; there are thousands, never millions."""
    rows = connection.execute(_over(_EVERYBODY, tables)).fetchall()
    return sorted({each for (item,) in rows for each in _both(item)})


def looked_at(tables: Tables) -> Composed:
    """What tells of presented identities all that a document is made of, and whether there is to be
    one."""
    return _over(_LOOKED_AT, tables)


def _over(statement: SQL, tables: Tables) -> Composed:
    case_kept = _CASE_KEPT.format(**tables)
    return statement.format(**tables, stands=STANDS, case_kept=case_kept)


def kept(row: Any) -> str | None:
    """How the name of such a row is kept; None where it may not be found."""
    return _KEPT.get(row.state) if row.wanted else None


def take_turns(connection: Connection[Row]) -> None:
    """Let both followers write one after the other, until the transaction ends: who looks later
    looks at newer rows and writes later."""
    connection.execute(_TAKE_TURNS)


def version(connection: Connection[Row]) -> int:
    """What documents bear that are made of rows looked at from now on.

    Two are only equal where nothing was folded between them that concerns them: whoever follows an
    event waits until every model of its sequence has it.
    """
    names = [model.name for model in (*REGISTER, *CASEWORK)]
    return sum(int(row[1]) for row in connection.execute(_POSITIONS, (names,)).fetchall())


def of_register(connection: Connection[Row], tables: Tables, facts: Iterable[Recorded]) -> Owners:
    """Whose documents change by these events of the register."""
    owners: Owners = {}
    cases: dict[UUID, int] = {}
    for fact in facts:
        data = fact.data
        if isinstance(data, keeping.KeyRestricted | keeping.KeyDestroyed):
            if data.kind == "case":
                cases[UUID(hex=data.record)] = fact.position
        elif isinstance(data, identity.Presented):
            owners.setdefault(fact.stream, 0)
        elif fact.topic in OF_REGISTER:
            owners[fact.stream] = fact.position
    if cases:
        statement = _ITEMS_OF_CASES.format(**tables)
        items = [item for (item,) in connection.execute(statement, (list(cases),)).fetchall()]
        concerned = _presented(connection, tables, _of_items(connection, tables, items))
        owners |= dict.fromkeys(concerned, max(cases.values()))
    return owners


def of_casework(connection: Connection[Row], tables: Tables, facts: Sequence[Recorded]) -> Owners:
    """Whose documents change by these events of casework."""
    hits = [fact.stream for fact in facts if fact.topic in _OF_HITS]
    items = [item for fact in facts for item in _items(fact)]
    found = {ids.presentation_id(sold) for sold in _sold(connection, hits)}
    found |= _of_items(connection, tables, items)
    return dict.fromkeys(_presented(connection, tables, found), facts[-1].position)


_OF_HITS = Hits().topic_names


def _items(fact: Recorded) -> Iterator[UUID]:
    data = fact.data
    if isinstance(data, case.ItemAdded | case.ItemRemoved):
        yield UUID(hex=data.item)
    elif isinstance(data, case.SubjectNamed | case.SubjectDropped):
        yield UUID(hex=data.subject)


def _sold(connection: Connection[Row], hits: Sequence[UUID]) -> Iterator[UUID]:
    """The purchases that these hits are on, also those of hits that are gone."""
    for facts in (_casework.streams(connection, hits) if hits else {}).values():
        for fact in facts:
            if isinstance(fact.data, hit.Finding | hit.PassageNoted):
                yield UUID(hex=fact.data.pair.purchase)
                break


def _presented(
    connection: Connection[Row], tables: Tables, wanted: Iterable[UUID]
) -> Iterator[UUID]:
    """Those of these that are presented identities. One that is not there yet has no document, and
    one that was withdrawn lost it by that."""
    rows = connection.execute(_PRESENTED.format(**tables), (list(wanted),)).fetchall()
    return (presentation for (presentation,) in rows)


def _of_items(connection: Connection[Row], tables: Tables, items: Sequence[UUID]) -> set[UUID]:
    """What these are, what would be presented with them, and what was with that which they are
    on."""
    if not items:
        return set()
    rows = connection.execute(_SOLD.format(**tables), (list(items),)).fetchall()
    return {each for item in items for each in _both(item)} | {
        ids.presentation_id(purchase) for (purchase,) in rows
    }


def _both(item: UUID) -> tuple[UUID, UUID]:
    """What an item of a case is, or what was presented with it: only one of them exists."""
    return item, ids.presentation_id(item)
