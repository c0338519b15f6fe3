"""Indexing: what is searched follows what is known, row by row.

The follower looks which rows an event concerns, waits until the read models have them, and puts
their documents as they are now. A document bears the position up to which its row was looked at as
its version, so that doing it again after a crash changes nothing, and an older one never replaces a
newer. A rebuild fills a generation of its own from all rows while the other is asked, catches up by
events, and is swapped in.

Documents of persons are made of casework too, so a second follower puts them as that goes on
(`persons`).
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from hashlib import sha256
from threading import Thread
from typing import Any, NamedTuple
from uuid import UUID

from msgspec.structs import replace
from psycopg import Connection
from psycopg.rows import namedtuple_row
from psycopg.sql import SQL, Composed, Identifier

from herkomst.domain import ids
from herkomst.domain.batches import batched
from herkomst.domain.events import Recorded, known_events
from herkomst.domain.register import identity, keeping, purchase
from herkomst.projections import registry
from herkomst.projections.dealers import Dealers
from herkomst.projections.establishments import Establishments
from herkomst.projections.follower import Kind, NotYet
from herkomst.projections.keepings import Keepings
from herkomst.projections.model import Model, Token
from herkomst.projections.purchases import Purchases
from herkomst.projections.stolen_items import StolenItems
from herkomst.record.database import LOST, DatabaseDown, Row, Undecoded, connect
from herkomst.record.reader import SequenceReader
from herkomst.record.vault import Vault
from herkomst.search import documents, persons
from herkomst.search.documents import Source, regime_of
from herkomst.search.engines import Change, EngineDown, Index
from herkomst.search.questions import Subject
from herkomst.steps import reached

log = logging.getLogger(__name__)
VERSION = 3
"""Of the documents; those of another version are made anew."""
SUBJECTS = (Subject.GOODS, Subject.STOLEN, Subject.DEALERS, Subject.PERSONS)
AT_ONCE = 2000
"""Rows that a rebuild reads at a time."""
PATIENCE = 30.0
"""Seconds for which a generation that was replaced is kept for who began to ask it before."""
CLOSE = 2000
"""Events that a rebuild may be behind when it stops the follower to catch up."""
SOURCES: tuple[Model, ...] = (
    Purchases(),
    StolenItems(),
    Dealers(),
    Establishments(),
    Keepings(),
)
"""Read models of the register that documents of goods and of dealers are made of."""
_FOLLOWED: Mapping[str, frozenset[str]] = {
    "register": frozenset(model.name for model in (*SOURCES, *persons.REGISTER)),
    "casework": frozenset(model.name for model in persons.CASEWORK),
}
"""Followers of each sequence that are waited for."""
_SUBJECT_OF: Mapping[str, Subject] = {
    **dict.fromkeys(
        (purchase.Registered.TOPIC, purchase.Corrected.TOPIC, identity.IdentityErased.TOPIC),
        Subject.GOODS,
    ),
    **dict.fromkeys((identity.IdentityRestricted.TOPIC,), Subject.GOODS),
    **{topic.TOPIC: Subject.STOLEN for topic in StolenItems.topics},
    **{topic.TOPIC: Subject.DEALERS for topic in Dealers.topics},
}
_KEY_OF: Mapping[str, Subject] = {
    "purchase": Subject.GOODS,
    "stolen_item": Subject.STOLEN,
    "dealer": Subject.DEALERS,
}
_OF_KEYS = frozenset({keeping.KeyRestricted.TOPIC, keeping.KeyDestroyed.TOPIC})
_OF_IDENTITIES = frozenset({identity.IdentityErased.TOPIC, identity.IdentityRestricted.TOPIC})
_GONE = frozenset({"vault", "destroyed"})

IndexOf = Callable[[Connection[Row]], Index]
"""The index of the engine that is configured; one inside the database uses the connection."""
Owners = dict[Subject, dict[UUID, int]]
"""Whose documents change, and the last position at which they did."""


Tables = Mapping[str, Identifier]
Positions = Mapping[str, int]
"""Where the two followers stand, by sequence."""
REGISTER = "avg"
"""The regime of what a dealer registers."""


class Place(NamedTuple):
    """A generation that is written to."""

    subject: Subject
    generation: int


class Indexing:
    """The follower of that name."""

    name = "index"
    kind: Kind = "delivery"
    sequence = "register"
    models: Sequence[Model] = ()
    topics: Set[str] = frozenset({*_SUBJECT_OF, *_OF_KEYS, *persons.OF_REGISTER})

    def __init__(self, url: str, vault: Vault, token: Token, index_of: IndexOf) -> None:
        self._url = url
        self._vault = vault
        self._token = token
        self._index_of = index_of
        self._filling: Thread | None = None
        self._was_filled = False
        self._told: dict[Subject, int] = {}
        """Which generation is asked, as the engine was told by this process."""

    def prepare(self, connection: Connection[Row]) -> None:
        """Make the first indexes, or begin to fill them anew where the engine lost them, is another
        one, or holds documents of another version. That goes on beside the other followers."""
        self._told.clear()
        try:
            if registry.position(connection, self.name) == 0:
                self._begin(connection)
            elif not self._is_whole(connection) and not self._is_filling:
                log.warning("the index is not there: it is filled anew")
                self._filling = Thread(target=self._fill, name="fill the index", daemon=True)
                self._filling.start()
        except EngineDown as error:
            log.warning("what is searched cannot be kept: %s", error)

    def _begin(self, connection: Connection[Row]) -> None:
        """Make indexes that hold nothing yet: they are filled by following, and asked before."""
        index = self._index_of(connection)
        with connection.transaction():
            for subject in SUBJECTS:
                _live(connection, index, subject)

    def finish(self) -> bool:
        filling, self._filling = self._filling, None
        if filling is None:
            return False
        filling.join()
        return self._was_filled

    @property
    def _is_filling(self) -> bool:
        return self._filling is not None and self._filling.is_alive()

    def _is_whole(self, connection: Connection[Row]) -> bool:
        index = self._index_of(connection)
        for subject in SUBJECTS:
            found = connection.execute(_LIVE, (index.name, subject.value)).fetchone()
            if found is None or found[1] != VERSION or not index.is_whole(subject, found[0]):
                return False
        return True

    def _fill(self) -> None:
        self._was_filled = False
        try:
            with connect(self._url, "herkomst index") as connection:
                self.rebuild(connection)
            self._was_filled = True
        except (*LOST, DatabaseDown, EngineDown, registry.ModelMissing) as error:
            log.warning("the index is not filled yet: %s", error)

    def apply(self, connection: Connection[Row], facts: Sequence[Recorded]) -> None:
        _must_have_folded(connection, self.sequence, facts[-1].position)
        try:
            self._must_be_whole(connection)
            self._take_in(connection, facts)
        except EngineDown as error:
            raise NotYet(str(error)) from error

    def apply_casework(self, connection: Connection[Row], facts: Sequence[Recorded]) -> None:
        """The same of events of casework, which concern persons alone. Raises `NotYet`."""
        _must_have_folded(connection, "casework", facts[-1].position)
        try:
            if not self._is_whole(connection):
                raise NotYet("the index is being filled")
            index = self._index_of(connection)
            place = Place(Subject.PERSONS, _live(connection, index, Subject.PERSONS))
            owners = self._owners(connection, "casework", facts)
            self._put(connection, index, place, owners.get(Subject.PERSONS, {}))
            index.settle(*place)
        except EngineDown as error:
            raise NotYet(str(error)) from error

    def _take_in(self, connection: Connection[Row], facts: Sequence[Recorded]) -> None:
        owners, index = self._owners(connection, self.sequence, facts), self._index_of(connection)
        has_ended = any(fact.topic in _OF_KEYS | _OF_IDENTITIES for fact in facts)
        for subject in SUBJECTS:
            place = Place(subject, self._written_to(connection, index, subject))
            if subject in owners:
                self._put(connection, index, place, owners[subject])
            if has_ended:
                index.settle(*place)

    def _owners(
        self, connection: Connection[Row], sequence: str, facts: Sequence[Recorded]
    ) -> Owners:
        tables = registry.live_tables(connection, _OF_PERSONS)
        if sequence == "casework":
            return {Subject.PERSONS: persons.of_casework(connection, tables, facts)}
        return {**_owners(facts), Subject.PERSONS: persons.of_register(connection, tables, facts)}

    def _must_be_whole(self, connection: Connection[Row]) -> None:
        """Raises `NotYet`, having begun to fill what is not there."""
        if self._told or registry.position(connection, self.name) == 0:
            return
        self.prepare(connection)
        if not self._is_whole(connection):
            raise NotYet("the index is being filled")

    def _written_to(self, connection: Connection[Row], index: Index, subject: Subject) -> int:
        """The live generation of a subject. A process that was killed while it swapped may have
        told the engine of another one, so it is told once more."""
        generation = _live(connection, index, subject)
        if self._told.get(subject) != generation:
            index.swap(subject, generation)
            self._told[subject] = generation
        return generation

    def rebuild(self, connection: Connection[Row]) -> None:
        """Fill new generations of all subjects from the rows, and swap them in. The follower goes
        on meanwhile, and stands still for the last events alone."""
        connection.execute(_LOCK)
        try:
            followed = [(name, self.kind, sequence) for sequence, name in _NAMES.items()]
            registry.enrol(connection, followed)
            self._rebuild(connection, self._index_of(connection))
        finally:
            connection.execute(_UNLOCK)

    def _rebuild(self, connection: Connection[Row], index: Index) -> None:
        with connection.transaction():
            position = _positions(connection)
            places = [_begun(connection, index, subject) for subject in SUBJECTS]
        for place in places:
            for owners in _all(connection, place.subject):
                with connection.transaction():
                    self._put(connection, index, place, dict.fromkeys(owners, 0))
        assert reached("index.built")
        while not self._swapped(connection, index, places, position):
            with connection.transaction():
                end = _positions(connection)
            self._catch_up(connection, index, places, position, end)
            position = end
        assert reached("index.swapped")
        registry.outwait_readers(connection, PATIENCE)
        for subject in SUBJECTS:
            _retire(connection, index, subject)

    def _swapped(
        self,
        connection: Connection[Row],
        index: Index,
        places: Iterable[Place],
        position: Positions,
    ) -> bool:
        """Swap these in where little is left to catch up with, while both followers stand still."""
        with connection.transaction():
            end = _positions(connection)
            if any(end[sequence] - position[sequence] > CLOSE for sequence in end):
                return False
            self._catch_up(connection, index, places, position, end)
            for place in places:
                _swap(connection, index, place)
        return True

    def _catch_up(
        self,
        connection: Connection[Row],
        index: Index,
        places: Iterable[Place],
        position: Positions,
        end: Positions,
    ) -> None:
        for sequence, begun in position.items():
            reader, without = SequenceReader(sequence), known_events().keys() - _TOPICS[sequence]
            for start in range(begun, end[sequence], AT_ONCE):
                stop = min(start + AT_ONCE, end[sequence])
                facts = reader.within(connection, start, stop, without)
                owners = self._owners(connection, sequence, facts) if facts else {}
                for place in places:
                    if place.subject in owners:
                        self._put(connection, index, place, owners[place.subject])

    def _put(
        self, connection: Connection[Row], index: Index, place: Place, owners: Mapping[UUID, int]
    ) -> None:
        if not owners:
            return
        if place.subject is Subject.PERSONS:
            persons.take_turns(connection)
        changes = self.changes(connection, place.subject, owners)
        index.put(place.subject, place.generation, changes)

    def digest(self, connection: Connection[Row]) -> tuple[int, str]:
        """Number of documents in the live generations, and a fingerprint of them."""
        return digest_of(self.documents(connection))

    def documents(self, connection: Connection[Row]) -> Iterator[Source]:
        """What the engine has, subject by subject and by id."""
        index = self._index_of(connection)
        for subject in SUBJECTS:
            found = connection.execute(_LIVE, (index.name, subject.value)).fetchone()
            if found is not None:
                yield from index.documents(subject, found[0])

    def sources(self, connection: Connection[Row]) -> Iterator[Source]:
        """The documents as they must be by the rows, subject by subject and by id: what an index
        is held against."""
        for subject in SUBJECTS:
            for owners in _all(connection, subject):
                made = self.changes(connection, subject, dict.fromkeys(owners, 0))
                there = [change.source for change in made if change.source is not None]
                yield from sorted(there, key=lambda source: source.id)

    def changes(
        self, connection: Connection[Row], subject: Subject, owners: Mapping[UUID, int]
    ) -> Iterator[Change]:
        """The documents of these as they are now, and those of them that are gone."""
        of = {
            Subject.GOODS: self._goods,
            Subject.STOLEN: self._stolen,
            Subject.DEALERS: self._dealers,
            Subject.PERSONS: self._persons,
        }[subject]
        tables = registry.live_tables(connection, _OF_PERSONS if of == self._persons else SOURCES)
        for some in batched(owners, AT_ONCE):
            yield from of(connection, tables, {owner: owners[owner] for owner in some})

    def _goods(
        self, connection: Connection[Row], tables: Tables, owners: Mapping[UUID, int]
    ) -> Iterator[Change]:
        rows = _rows(connection, _GOODS.format(**tables), owners)
        keys = self._vault.keys(
            connection, [row.purchase for row in rows if row.sealed and row.kept is None]
        )
        lines = _lines_ever(connection, [row.purchase for row in rows if row.corrections])
        for row in rows:
            version = max(row.revision, owners[row.purchase])
            made = documents.goods(row, keys.get(row.purchase), self._token)
            yield from (_is(source, version) for source in made)
            for line in lines.get(row.purchase, set()) - {source.line for source in made}:
                yield Change(f"{row.purchase}:{line}", version, REGISTER, None)

    def _stolen(
        self, connection: Connection[Row], tables: Tables, owners: Mapping[UUID, int]
    ) -> Iterator[Change]:
        rows = _rows(connection, _STOLEN.format(**tables), owners)
        keys = self._vault.keys(
            connection, [row.stolen_item for row in rows if row.sealed and row.kept not in _GONE]
        )
        for row in rows:
            version = max(row.revision, owners[row.stolen_item])
            key, kept = keys.get(row.stolen_item), row.kept or "open"
            source = documents.stolen(row, key, kept, self._token)
            if kept in _GONE:
                yield Change(source.id, version, source.regime, None)
            else:
                yield _is(source, version)

    def _dealers(
        self, connection: Connection[Row], tables: Tables, owners: Mapping[UUID, int]
    ) -> Iterator[Change]:
        shops: dict[UUID, list[Any]] = {}
        for shop in _rows(connection, _SHOPS.format(**tables), owners):
            shops.setdefault(shop.dealer, []).append(shop)
        for row in _rows(connection, _DEALERS.format(**tables), owners):
            source = documents.dealer(row, shops.get(row.dealer, ()))
            yield _is(source, max(source.revision, owners[row.dealer]))

    def _persons(
        self, connection: Connection[Row], tables: Tables, owners: Mapping[UUID, int]
    ) -> Iterator[Change]:
        version = persons.version(connection)  # Before the rows, which may be newer than it then.
        rows = _rows(connection, persons.looked_at(tables), owners)
        shown = {row.presentation: kept for row in rows if (kept := persons.kept(row))}
        keys = self._vault.keys(
            connection, [row.purchase for row in rows if row.presentation in shown]
        )
        there = {
            row.presentation: documents.person(
                row, keys.get(row.purchase), shown[row.presentation], persons.LAW
            )
            for row in rows
            if row.presentation in shown
        }
        for owner, changed_at in owners.items():
            source = there.get(owner)
            if source is not None:
                yield _is(source, version)
            elif changed_at:
                yield Change(f"{owner}:0", version, regime_of(persons.LAW), None)


class IndexingCasework:
    """The follower of casework that the index has beside it, for persons."""

    name = "index_casework"
    kind: Kind = "delivery"
    sequence = "casework"
    models: Sequence[Model] = ()
    topics: Set[str] = persons.OF_CASEWORK

    def __init__(self, indexing: Indexing) -> None:
        self._indexing = indexing

    def apply(self, connection: Connection[Row], facts: Sequence[Recorded]) -> None:
        self._indexing.apply_casework(connection, facts)


_NAMES = {each.sequence: each.name for each in (Indexing, IndexingCasework)}
_TOPICS = {each.sequence: each.topics for each in (Indexing, IndexingCasework)}
_OF_PERSONS = (*persons.REGISTER, *persons.CASEWORK)
_OWNING: Mapping[Subject, Model] = {
    Subject.GOODS: Purchases(),
    Subject.STOLEN: StolenItems(),
    Subject.DEALERS: Dealers(),
}
_IDS = SQL("SELECT {id} FROM {t} WHERE {id} > %s ORDER BY {id} LIMIT %s")
_GOODS = SQL(
    "SELECT p.*, k.state AS kept FROM {purchases} p "
    "LEFT JOIN {keepings} k ON k.key_id = p.purchase WHERE p.purchase = ANY(%s) ORDER BY purchase"
)
_STOLEN = SQL(
    "SELECT s.*, k.state AS kept FROM {stolen_items} s LEFT JOIN {keepings} k "
    "ON k.key_id = s.stolen_item WHERE s.stolen_item = ANY(%s) ORDER BY stolen_item"
)
_DEALERS = SQL("SELECT * FROM {dealers} WHERE dealer = ANY(%s) ORDER BY dealer")
_SHOPS = SQL("SELECT * FROM {establishments} WHERE dealer = ANY(%s) ORDER BY establishment")
_LIVE = "SELECT generation, version FROM follow.indexes WHERE engine = %s AND subject = %s AND live"
_OPEN = (
    "INSERT INTO follow.indexes (engine, subject, generation, version, live) "
    "SELECT %(engine)s, %(subject)s, coalesce(max(generation), 0) + 1, %(version)s, %(live)s "
    "FROM follow.indexes WHERE engine = %(engine)s AND subject = %(subject)s RETURNING generation"
)
_UNLIVE = "UPDATE follow.indexes SET live = false WHERE engine = %s AND subject = %s AND live"
_ALIVE = (
    "UPDATE follow.indexes SET live = true WHERE engine = %s AND subject = %s AND generation = %s"
)
_LEFT = "SELECT generation FROM follow.indexes WHERE engine = %s AND subject = %s AND NOT live"
_REMOVE = "DELETE FROM follow.indexes WHERE engine = %s AND subject = %s AND generation = %s"
_LOCK = "SELECT pg_advisory_lock(hashtextextended(current_database() || 'index', 2))"
_UNLOCK = "SELECT pg_advisory_unlock(hashtextextended(current_database() || 'index', 2))"


def digest_of(sources: Iterable[Source]) -> tuple[int, str]:
    """Number of documents, and SHA-256 over what they tell, in the order in which they come. The
    revision is left out: two databases that accepted the same records agree."""
    total, seen = sha256(), 0
    for source in sources:
        total.update(replace(source, revision=0).encoded())
        total.update(b"\n")
        seen += 1
    return seen, total.hexdigest()


def _is(source: Source, version: int) -> Change:
    return Change(source.id, version, source.regime, source)


def _owners(facts: Iterable[Recorded]) -> Owners:
    owners: Owners = {}
    for fact in facts:
        found = _owner(fact)
        if found is not None:
            subject, owner = found
            owners.setdefault(subject, {})[owner] = fact.position
    return owners


def _owner(fact: Recorded) -> tuple[Subject, UUID] | None:
    if fact.topic in _OF_KEYS:
        data = fact.data
        assert isinstance(data, keeping.KeyRestricted | keeping.KeyDestroyed)
        subject = _KEY_OF.get(data.kind)
        return None if subject is None else (subject, UUID(hex=data.record))
    if fact.topic in _OF_IDENTITIES:
        return Subject.GOODS, ids.purchase_of(fact.stream)
    subject = _SUBJECT_OF.get(fact.topic)
    return None if subject is None else (subject, fact.stream)


def _all(connection: Connection[Row], subject: Subject) -> Iterator[list[UUID]]:
    """Whose documents there are, page by page."""
    if subject is Subject.PERSONS:
        tables = registry.live_tables(connection, _OF_PERSONS)
        yield from batched(persons.everybody(connection, tables), AT_ONCE)
        return
    model, last = _OWNING[subject], UUID(int=0)
    while True:
        table = registry.live_tables(connection, [model])[model.name]
        statement = _IDS.format(id=Identifier(model.owner), t=table)
        rows = connection.execute(statement, (last, AT_ONCE)).fetchall()
        if not rows:
            return
        yield [row[0] for row in rows]
        last = rows[-1][0]


def _positions(connection: Connection[Row]) -> Positions:
    """Where both followers stand, who stand still until the transaction ends."""
    return {seq: registry.position(connection, name) for seq, name in _NAMES.items()}


def _must_have_folded(connection: Connection[Row], sequence: str, position: int) -> None:
    """That the rows are as they were made by the events up to here. Raises `NotYet`."""
    for standing in registry.standings(connection):
        if standing.name in _FOLLOWED[sequence] and standing.position < position:
            raise NotYet(f"{standing.name} stands at {standing.position}, before {position}")


def _live(connection: Connection[Row], index: Index, subject: Subject) -> int:
    """The live generation of a subject; the first one is made when it is asked for."""
    row = connection.execute(_LIVE, (index.name, subject.value)).fetchone()
    return int(row[0]) if row else _begun(connection, index, subject, is_live=True).generation


def _begun(
    connection: Connection[Row], index: Index, subject: Subject, *, is_live: bool = False
) -> Place:
    values = {"engine": index.name, "subject": subject.value, "version": VERSION, "live": is_live}
    row = connection.execute(_OPEN, values).fetchone()
    assert row is not None
    index.create(subject, row[0])
    return Place(subject, row[0])


def _swap(connection: Connection[Row], index: Index, place: Place) -> None:
    of = (index.name, place.subject.value)
    index.settle(*place)
    connection.execute(_UNLIVE, of)
    connection.execute(_ALIVE, (*of, place.generation))
    index.swap(*place)


def _retire(connection: Connection[Row], index: Index, subject: Subject) -> None:
    """Drop what is not asked any more, also what a killed rebuild left."""
    for (generation,) in connection.execute(_LEFT, (index.name, subject.value)).fetchall():
        with connection.transaction():
            connection.execute(_REMOVE, (index.name, subject.value, generation))
            index.drop(subject, generation)


def _rows(connection: Connection[Row], statement: Composed, owners: Iterable[UUID]) -> list[Any]:
    with connection.cursor(row_factory=namedtuple_row, binary=True) as cursor:
        cursor.adapters.register_loader("jsonb", Undecoded)
        return cursor.execute(statement, (list(owners),)).fetchall()


def _lines_ever(connection: Connection[Row], purchases: Sequence[UUID]) -> dict[UUID, set[int]]:
    """The lines that these purchases, which were corrected, ever had."""
    if not purchases:
        return {}
    streams = SequenceReader("register").streams(connection, purchases)
    return {
        stream: {
            line.line
            for fact in facts
            if isinstance(fact.data, purchase.Content)
            for line in fact.data.lines
        }
        for stream, facts in streams.items()
    }
