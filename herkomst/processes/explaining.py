"""What explains reads, and who the officers are, loaded for some reads at a time.

Everything comes from the live generation of read models. Only keyed hashes are compared: no name,
no address and no number is opened here.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Final, NamedTuple
from uuid import UUID

import msgspec
from psycopg import Connection
from psycopg.sql import SQL, Composed, Identifier

from herkomst.domain import ids, municipalities
from herkomst.domain.calendar import local
from herkomst.domain.casework.circumstances import (
    AROUND,
    CROWD,
    PERSONAL,
    Circumstances,
    Concern,
    Engagement,
    Hit,
    Identity,
    PastRead,
    Purchase,
)
from herkomst.domain.register.stolen_item import CLOSED
from herkomst.projections.concerns import Concerns
from herkomst.projections.engagements import Engagements
from herkomst.projections.establishments import Establishments
from herkomst.projections.hits import Hits
from herkomst.projections.officers import Officers
from herkomst.projections.presentations import Presentations
from herkomst.projections.purchases import Purchases
from herkomst.projections.reads import Reads
from herkomst.projections.stolen_items import StolenItems
from herkomst.record.database import Row

MODELS: Final = (
    Concerns(),
    Engagements(),
    Establishments(),
    Hits(),
    Officers(),
    Presentations(),
    Purchases(),
    Reads(),
    StolenItems(),
)
AT_ONCE: Final = 5_000
"""Reads whose circumstances are in memory together."""
Tables = Mapping[str, Identifier]
_decode_items: Callable[[str], list[tuple[str, str]]] = msgspec.json.Decoder(
    list[tuple[str, str]]
).decode
_decode_texts = msgspec.json.Decoder(list[str]).decode

_READS = SQL(
    "SELECT read, source, key, officer, role, unit, at, purpose, kind, items::text, count, "
    "break_glass, reason_length, rehearsed, recorded_at, revision FROM {reads} "
    "WHERE revision > %(after)s AND revision <= %(until)s ORDER BY officer, at, read"
)
_EARLIER = SQL(
    "SELECT read, source, key, officer, role, unit, at, purpose, kind, items::text, count, "
    "break_glass, reason_length, rehearsed, recorded_at, revision FROM {reads} "
    "WHERE officer = ANY(%(officers)s) AND at >= %(since)s AND revision <= %(until)s "
    "ORDER BY officer, at, read"
)
_ENGAGEMENTS = SQL(
    "SELECT matter, kind, coalesce(name, ''), source, officer, unit, since, until, covers, dealer, "
    "version, told_from, told_to FROM {engagements} WHERE officer = ANY(%(officers)b) "
    # Of a case or a task that is over it is asked when it ended; a duty that is over is over.
    "AND since <= %(latest)s AND (until IS NULL OR until > %(first)s OR kind IN ('case', 'task')) "
    "ORDER BY officer, since, entry"
)
_ROSTERED = SQL(
    "SELECT person FROM unnest(%(officers)b::text[]) AS asked (person) WHERE EXISTS "
    "(SELECT FROM {engagements} WHERE officer = person AND kind NOT IN ('case', 'task'))"
)
_CONCERNS = SQL(
    "SELECT matter, kind, item, name, category, since, until, version, told_from, told_to "
    "FROM {concerns} WHERE matter = ANY(string_to_array(%(matters)s, ',')::uuid[]) "
    "ORDER BY matter, since, entry"
)
_IDENTITIES = SQL(
    "SELECT presentation, name_token, born_token, document_token, phone_token, address_token, "
    "family_token, door_token FROM {presentations} "
    "WHERE presentation = ANY(string_to_array(%(ids)s, ',')::uuid[])"
)
_PURCHASES = SQL(
    "SELECT p.purchase, p.dealer, e.municipality FROM {purchases} p "
    "LEFT JOIN {establishments} e ON e.establishment = p.establishment "
    "WHERE p.purchase = ANY(string_to_array(%(ids)s, ',')::uuid[])"
)
_HITS = SQL(
    "SELECT h.hit, h.purchase, h.stolen_item, h.found_at, p.acquired_from, s.stolen_from, "
    "e.municipality, s.municipality FROM {hits} h "
    "JOIN {purchases} p ON p.purchase = h.purchase "
    "JOIN {stolen_items} s ON s.stolen_item = h.stolen_item "
    "LEFT JOIN {establishments} e ON e.establishment = p.establishment "
    "WHERE h.{side} = ANY(string_to_array(%(ids)s, ',')::uuid[]) AND s.handling <> %(closed)s"
)
"""A hit on what is closed explains nothing: the path would tell of it to who reviews."""
_CROWDS = SQL(
    "SELECT {token} FROM {presentations} WHERE {token} = ANY(%(tokens)b) GROUP BY 1 "
    "HAVING count(DISTINCT coalesce(name_token, presentation::text)) > %(crowd)s"
)
_BOUGHT = SQL(
    "SELECT hit, purchase FROM {hits} WHERE hit = ANY(string_to_array(%(ids)s, ',')::uuid[])"
)
_KIN = SQL(
    "SELECT name_token, born_token, document_token, phone_token, address_token, family_token, "
    "door_token FROM {presentations} WHERE {token} = ANY(%(tokens)b)"
)
_NAMED = SQL(
    "SELECT p.name_token, p.born_token, p.document_token, p.phone_token, p.address_token, "
    "p.family_token, p.door_token FROM {presentations} p "
    "JOIN unnest(%(names)b::text[], %(borns)b::text[]) AS w (name_token, born_token) "
    "USING (name_token, born_token)"
)
_LIVING = SQL(
    "SELECT DISTINCT {token}, name_token FROM {presentations} "
    "WHERE {token} = ANY(%(tokens)b) AND name_token IS NOT NULL"
)
_OFFICERS = SQL(
    "SELECT name, key, unit, roles::text, name_token, born_token, document_token, phone_token, "
    "address_token, door_token, former_tokens::text, beside_tokens::text FROM {officers}"
)


class RoleHeld(msgspec.Struct, frozen=True):
    """A role of an officer, from when to when."""

    role: str
    from_: str = msgspec.field(name="from")
    to: str | None = None


class Officer(NamedTuple):
    """An officer with the hashes of where he lives and lived."""

    name: str
    unit: str
    roles: tuple[RoleHeld, ...]
    identity: Identity
    former: frozenset[str]
    beside: frozenset[str]


def past_reads(
    connection: Connection[Row], tables: Tables, after: int, until: int
) -> Iterator[PastRead]:
    values = {"after": after, "until": until}
    yield from _read(connection, _READS.format(**tables), values)


def earlier_reads(
    connection: Connection[Row],
    tables: Tables,
    officers: Collection[str],
    since: datetime,
    until: int,
) -> Iterator[PastRead]:
    """What these officers read since a moment, up to a position of the journal."""
    values = {"officers": list(officers), "since": since, "until": until}
    yield from _read(connection, _EARLIER.format(**tables), values)


def _read(
    connection: Connection[Row], statement: Composed, values: Mapping[str, object]
) -> Iterator[PastRead]:
    with connection.cursor("weighing", binary=True) as cursor:
        cursor.itersize = AT_ONCE
        cursor.execute(statement, values)
        for row in cursor:
            items = tuple((kind, UUID(hex=item)) for kind, item in _decode_items(row[9]))
            yield PastRead(*row[:9], items, *row[10:])  # type: ignore[call-arg]


def _rows(
    connection: Connection[Row], statement: Composed, values: Mapping[str, object]
) -> list[Row]:
    with connection.cursor(binary=True) as cursor:
        return cursor.execute(statement, values).fetchall()


def _hex(streams: Iterable[UUID]) -> str:
    """Ids as one text, which the driver need not look through as it does a list."""
    return ",".join([stream.hex for stream in streams])


def officers(connection: Connection[Row], tables: Tables) -> Iterator[tuple[str, Officer]]:
    decode = msgspec.json.Decoder(tuple[RoleHeld, ...]).decode
    for row in _rows(connection, _OFFICERS.format(**tables), {}):
        name, born, document, phone, address, door = row[4:10]
        identity = Identity(name, born, document, phone, address, None, door)
        former, beside = (frozenset(_decode_texts(each)) for each in row[10:])
        yield row[1], Officer(row[0], row[2], decode(row[3]), identity, former, beside)


def circumstances(
    connection: Connection[Row], tables: Tables, reads: Sequence[PastRead]
) -> Circumstances:
    moments = [read.at for read in reads]
    span = {"first": min(moments) - AROUND, "latest": max(moments) + AROUND}
    officers = {r.officer for r in reads}
    engagements = _engagements(connection, tables, officers, span)
    covered = {e.covers for e in engagements if e.covers} - officers
    engagements += _engagements(connection, tables, covered, span)
    matters = {e.matter for e in engagements}
    concerns = [
        Concern(*row)
        for row in _rows(connection, _CONCERNS.format(**tables), {"matters": _hex(matters)})
    ]
    asked = {item for r in reads for kind, item in r.items if kind in PERSONAL}
    about = {c.item for c in concerns}
    goods = asked | about | {ids.purchase_of(item) for item in asked | about}
    identities = _identities(connection, tables, goods)
    tokens = {t for i in identities.values() for t in (i.phone, i.address) if t}
    return Circumstances(
        engagements=engagements,
        concerns=concerns,
        identities=identities,
        purchases=_purchases(connection, tables, goods),
        hits=_hits(connection, tables, goods).values(),
        crowds=_crowds(connection, tables, tokens),
        rostered=_rostered(connection, tables, officers),
    )


def _rostered(
    connection: Connection[Row], tables: Tables, officers: Collection[str]
) -> frozenset[str]:
    values = {"officers": list(officers)}
    return frozenset(row[0] for row in _rows(connection, _ROSTERED.format(**tables), values))


def _engagements(
    connection: Connection[Row],
    tables: Tables,
    officers: Collection[str],
    span: Mapping[str, datetime],
) -> list[Engagement]:
    values = {"officers": list(officers), **span}
    rows = _rows(connection, _ENGAGEMENTS.format(**tables), values) if officers else []
    return [Engagement(*row) for row in rows]


def _identities(
    connection: Connection[Row], tables: Tables, goods: Collection[UUID]
) -> dict[UUID, Identity]:
    rows = _rows(connection, _IDENTITIES.format(**tables), {"ids": _hex(goods)})
    return {row[0]: Identity(*row[1:]) for row in rows}


def _purchases(
    connection: Connection[Row], tables: Tables, goods: Collection[UUID]
) -> dict[UUID, Purchase]:
    rows = _rows(connection, _PURCHASES.format(**tables), {"ids": _hex(goods)})
    return {row[0]: Purchase(row[1], police_unit(row[2])) for row in rows}


def _hits(connection: Connection[Row], tables: Tables, goods: Collection[UUID]) -> dict[UUID, Hit]:
    found: dict[UUID, Hit] = {}
    for side in ("purchase", "stolen_item"):
        statement = _HITS.format(**tables, side=Identifier(side))
        for row in _rows(connection, statement, {"ids": _hex(goods), "closed": CLOSED}):
            found[row[0]] = _hit(row)
    return found


def _hit(row: Row) -> Hit:
    _, purchase, stolen, found_at, acquired, taken, *places = row
    units = frozenset(unit.casefold() for place in places if (unit := police_unit(place)))
    return Hit(purchase, stolen, max(acquired, taken), found_at, units)


def _crowds(connection: Connection[Row], tables: Tables, tokens: Collection[str]) -> frozenset[str]:
    """Those phones and addresses that more people share than say anything about any of them."""
    if not tokens:
        return frozenset()
    values = {"tokens": list(tokens), "crowd": CROWD}
    return frozenset(
        row[0]
        for column in ("phone_token", "address_token")
        for row in _rows(connection, _CROWDS.format(**tables, token=Identifier(column)), values)
    )


def police_unit(municipality: str | None) -> str | None:
    """The unit (regionale eenheid) whose area a municipality lies in."""
    found = None if municipality is None else municipalities.find(municipality)
    return None if found is None else found.police_unit


class Staff:
    """The officers, by name and by what they share with sellers."""

    def __init__(self, officers: Iterable[tuple[str, Officer]]) -> None:
        self._by_name: dict[str, Officer] = {}
        self._by_key: dict[str, Officer] = {}
        self._by_token: dict[str, list[Officer]] = defaultdict(list)
        for key, officer in officers:
            self._by_name[officer.name] = self._by_key[key] = officer
            shown = officer.identity
            for token in {shown.name, shown.document, shown.phone} - {None}:
                self._by_token[token or ""].append(officer)

    def find(self, name: str) -> Officer | None:
        """An officer of the feed, or the one whose key is the name of a user of the product."""
        return self._by_name.get(name) or self._by_key.get(name)

    def is_staff(self, shown: Identity, but: Officer | None) -> bool:
        """Whether somebody of the staff, other than this one, presented this."""
        near = (self._by_token.get(t or "", ()) for t in (shown.name, shown.document, shown.phone))
        return any(o is not but and same_person(shown, o.identity) for some in near for o in some)


def same_person(one: Identity, other: Identity) -> bool:
    """Whether two presented so much alike that they are taken to be one person here."""
    if one.document is not None and one.document == other.document:
        return True
    if one.name is None or one.name != other.name:
        return False
    if one.born is not None and other.born is not None:
        return one.born == other.born
    return any(
        getattr(one, what) is not None and getattr(one, what) == getattr(other, what)
        for what in ("phone", "address")
    )


class Kin:
    """What else the persons presented whose reading nothing explains: an address that stands with
    another purchase tells as much as one that stands with this."""

    def __init__(
        self, connection: Connection[Row], tables: Tables, shown: Iterable[Identity]
    ) -> None:
        everybody = set(shown)
        others = {
            Identity(*row)
            for column, place in (("document_token", 2), ("phone_token", 3))
            for row in _rows(
                connection,
                _KIN.format(**tables, token=Identifier(column)),
                {"tokens": list({each[place] for each in everybody} - {None})},
            )
        }
        pairs = list({(i.name, i.born) for i in everybody if i.name and i.born})
        values = {"names": [name for name, _ in pairs], "borns": [born for _, born in pairs]}
        others.update(Identity(*r) for r in _rows(connection, _NAMED.format(**tables), values))
        self._by_token: dict[str, list[Identity]] = defaultdict(list)
        for other in sorted(others, key=repr):
            for token in _known_by(other):
                self._by_token[token].append(other)
        self.crowds = _crowds(connection, tables, {i.address for i in others if i.address})

    def of(self, shown: Identity) -> list[Identity]:
        """This identity, and others that the same person presented."""
        near = dict.fromkeys(i for token in _known_by(shown) for i in self._by_token[token])
        return [shown, *(i for i in near if i != shown and same_person(shown, i))]


class Living:
    """Names of those who live, or lived, where officers do: who gave no address with a purchase may
    be known by the name that stands at one."""

    def __init__(
        self, connection: Connection[Row], tables: Tables, officers: Iterable[Officer]
    ) -> None:
        some = list(officers)
        addresses = {t for o in some for t in (o.identity.address, *o.former) if t}
        doors = {t for o in some for t in (o.identity.door, *o.beside) if t}
        found = {
            (row[0], row[1])
            for column, tokens in (("address_token", addresses), ("door_token", doors))
            for row in _rows(
                connection,
                _LIVING.format(**tables, token=Identifier(column)),
                {"tokens": list(tokens)},
            )
        }
        crowds = _crowds(connection, tables, addresses)
        self._names = frozenset((token, name) for token, name in found if token not in crowds)

    def at(self, token: str | None, shown: Identity) -> bool:
        """Whether somebody of this name lives there."""
        return (token, shown.name) in self._names


def _known_by(shown: Identity) -> list[str]:
    """What somebody is found by elsewhere."""
    named = f"{shown.name}{shown.born}" if shown.name and shown.born else None
    return [token for token in (shown.document, shown.phone, named) if token is not None]


def role_at(officer: Officer | None, at: datetime) -> str | None:
    """The role that an officer had on a day; None when he had none."""
    if officer is None:
        return None
    day = local(at).date()
    return next((r.role for r in officer.roles if _runs(r, day)), None)


def _runs(role: RoleHeld, day: date) -> bool:
    begun = date.fromisoformat(f"{role.from_}-01-01"[:10]) <= day
    return begun and (role.to is None or day <= date.fromisoformat(role.to[:10]))


def unfolded(
    connection: Connection[Row], tables: Tables, reads: Sequence[PastRead]
) -> list[PastRead]:
    """These reads, where hits were read as reads of the purchases that they are about."""
    hits = {item for read in reads for kind, item in read.items if kind == "hit"}
    if not hits:
        return list(reads)
    statement = _BOUGHT.format(**tables)
    bought: dict[UUID, UUID] = dict(_rows(connection, statement, {"ids": _hex(hits)}))
    return [read._replace(items=_bought(read, bought)) for read in reads]


def _bought(read: PastRead, bought: Mapping[UUID, UUID]) -> list[tuple[str, UUID]]:
    return [
        ("purchase", bought[item]) if kind == "hit" and item in bought else (kind, item)
        for kind, item in read.items
    ]
