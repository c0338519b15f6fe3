"""Weighing reads: each is explained by what held when it was made, compared, scored and ranked.

It is a function of the rows of the read models and stores nothing. Every row that may explain
something bears the moment from which, and until which, the record knew it, so a read comes out the
same whenever it is weighed; what was destroyed since is gone here too. Reads are taken officer by
officer, with what explains those alone in memory.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID

import msgspec
from psycopg import Connection
from psycopg.sql import SQL, Composed, Identifier

from herkomst.domain import ids, municipalities
from herkomst.domain.batches import batched
from herkomst.domain.calendar import local
from herkomst.domain.casework import indicators
from herkomst.domain.casework.circumstances import (
    CROWD,
    PERSONAL,
    Circumstances,
    Concern,
    Engagement,
    Explanation,
    Hit,
    Identity,
    PastRead,
    Purchase,
    person_of,
)
from herkomst.domain.casework.indicators import Held
from herkomst.projections import registry
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
_ENGAGEMENTS = SQL(
    "SELECT matter, kind, coalesce(name, ''), source, officer, unit, since, until, covers, dealer, "
    "version, told_from, told_to FROM {engagements} WHERE officer = ANY(%(officers)b) "
    # Of a case or a task that is over it is asked when it ended; a duty that is over is over.
    "AND since <= %(latest)s AND (until IS NULL OR until > %(first)s OR kind IN ('case', 'task')) "
    "ORDER BY officer, since, entry"
)
_CONCERNS = SQL(
    "SELECT matter, kind, item, name, category, since, until, version, told_from, told_to "
    "FROM {concerns} WHERE matter = ANY(%(matters)b) ORDER BY matter, since, entry"
)
_IDENTITIES = SQL(
    "SELECT presentation, name_token, born_token, document_token, phone_token, address_token, "
    "family_token, door_token FROM {presentations} WHERE presentation = ANY(%(ids)b)"
)
_PURCHASES = SQL(
    "SELECT p.purchase, p.dealer, e.municipality FROM {purchases} p "
    "LEFT JOIN {establishments} e ON e.establishment = p.establishment "
    "WHERE p.purchase = ANY(%(ids)b)"
)
_HITS = SQL(
    "SELECT h.hit, h.purchase, h.stolen_item, h.found_at, p.acquired_from, s.stolen_from, "
    "e.municipality, s.municipality FROM {hits} h "
    "JOIN {purchases} p ON p.purchase = h.purchase "
    "JOIN {stolen_items} s ON s.stolen_item = h.stolen_item "
    "LEFT JOIN {establishments} e ON e.establishment = p.establishment "
    "WHERE h.{side} = ANY(%(ids)b)"
)
_CROWDS = SQL(
    "SELECT {token} FROM {presentations} WHERE {token} = ANY(%(tokens)b) GROUP BY 1 "
    "HAVING count(DISTINCT coalesce(name_token, presentation::text)) > %(crowd)s"
)
_KIN = SQL(
    "SELECT name_token, born_token, document_token, phone_token, address_token, family_token, "
    "door_token FROM {presentations} WHERE {token} = ANY(%(tokens)b)"
)
_OFFICERS = SQL(
    "SELECT name, key, unit, roles::text, name_token, born_token, document_token, phone_token, "
    "address_token, door_token, former_tokens::text, beside_tokens::text FROM {officers}"
)


class RoleHeld(msgspec.Struct):
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


class Weighed(NamedTuple):
    """A read with what explains it, and what makes it worth a look."""

    read: PastRead
    role: str
    explanation: Explanation
    held: tuple[Held, ...]

    @property
    def score(self) -> int:
        return indicators.score(self.held)


class _Looked(NamedTuple):
    """A read that was explained, before it is compared with others."""

    read: PastRead
    role: str
    unit: str
    explanation: Explanation
    codes: frozenset[str]
    persons: tuple[str, ...]
    """Who was read, by a hash that two presentations of one person mostly share."""


def weigh(connection: Connection[Row], *, after: int = 0, until: int) -> list[Weighed]:
    """Reads of a part of the journal, the one that is most worth a look first.

    Runs inside the caller's transaction, which is to see one moment. Raises `ModelMissing`.
    """
    tables = registry.live_tables(connection, MODELS)
    staff = _Staff(_officers(connection, tables))
    looked: list[_Looked] = []
    for reads in batched(_reads(connection, tables, after, until), AT_ONCE):
        looked += _looked(connection, tables, staff, reads)
    return ranked(_compared(looked))


def ranked(weighed: Iterable[Weighed]) -> list[Weighed]:
    """Highest score first; what nothing explains before what something does; then the oldest."""
    return sorted(
        weighed, key=lambda w: (-w.score, w.explanation.holds, w.read.at, w.read.source, w.read.key)
    )


def head(connection: Connection[Row]) -> int:
    """Position of the newest read that can be weighed."""
    row = connection.execute(
        "SELECT position FROM follow.followers WHERE name = %s", (Reads.name,)
    ).fetchone()
    return 0 if row is None else int(row[0])


# Loading


def _reads(
    connection: Connection[Row], tables: Tables, after: int, until: int
) -> Iterator[PastRead]:
    with connection.cursor("weighing", binary=True) as cursor:
        cursor.itersize = AT_ONCE
        cursor.execute(_READS.format(**tables), {"after": after, "until": until})
        for row in cursor:
            items = tuple((kind, UUID(hex=item)) for kind, item in _decode_items(row[9]))
            yield PastRead(*row[:9], items, *row[10:])  # type: ignore[call-arg]


def _rows(
    connection: Connection[Row], statement: Composed, values: Mapping[str, object]
) -> list[Row]:
    with connection.cursor(binary=True) as cursor:
        return cursor.execute(statement, values).fetchall()


def _officers(connection: Connection[Row], tables: Tables) -> Iterator[tuple[str, Officer]]:
    decode = msgspec.json.Decoder(tuple[RoleHeld, ...]).decode
    for row in _rows(connection, _OFFICERS.format(**tables), {}):
        name, born, document, phone, address, door = row[4:10]
        identity = Identity(name, born, document, phone, address, None, door)
        former, beside = (frozenset(_decode_texts(each)) for each in row[10:])
        yield row[1], Officer(row[0], row[2], decode(row[3]), identity, former, beside)


def _circumstances(
    connection: Connection[Row], tables: Tables, reads: Sequence[PastRead]
) -> Circumstances:
    span = {"first": min(r.at for r in reads), "latest": max(r.at for r in reads)}
    officers = {r.officer for r in reads}
    engagements = _engagements(connection, tables, officers, span)
    covered = {e.covers for e in engagements if e.covers} - officers
    engagements += _engagements(connection, tables, covered, span)
    matters = list({e.matter for e in engagements})
    concerns = [
        Concern(*row) for row in _rows(connection, _CONCERNS.format(**tables), {"matters": matters})
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
    )


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
    rows = _rows(connection, _IDENTITIES.format(**tables), {"ids": list(goods)})
    return {row[0]: Identity(*row[1:]) for row in rows}


def _purchases(
    connection: Connection[Row], tables: Tables, goods: Collection[UUID]
) -> dict[UUID, Purchase]:
    rows = _rows(connection, _PURCHASES.format(**tables), {"ids": list(goods)})
    return {row[0]: Purchase(row[1], police_unit(row[2])) for row in rows}


def _hits(connection: Connection[Row], tables: Tables, goods: Collection[UUID]) -> dict[UUID, Hit]:
    found: dict[UUID, Hit] = {}
    for side in ("purchase", "stolen_item"):
        statement = _HITS.format(**tables, side=Identifier(side))
        for row in _rows(connection, statement, {"ids": list(goods)}):
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


# Each read by itself


class _Staff:
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


def _looked(
    connection: Connection[Row], tables: Tables, staff: _Staff, reads: Sequence[PastRead]
) -> Iterator[_Looked]:
    unfolded = [_unfolded(connection, tables, read) for read in reads]
    around = _circumstances(connection, tables, unfolded)
    explained = [(read, _explain(around, staff, read)) for read in unfolded]
    bare = [read for read, explanation in explained if not explanation.holds]
    kin = _Kin(connection, tables, [shown for r in bare for shown in _shown(around, r)])
    for read, explanation in explained:
        yield _look(around, staff, kin, read, explanation)


class _Kin:
    """What else the persons presented whose reading nothing explains: an address that stands with
    another purchase tells as much as one that stands with this."""

    def __init__(
        self, connection: Connection[Row], tables: Tables, shown: Iterable[Identity]
    ) -> None:
        self._by_token: dict[str, list[Identity]] = defaultdict(list)
        everybody = list(shown)
        for column, place in (("document_token", 2), ("phone_token", 3)):
            tokens = list({each[place] for each in everybody} - {None})
            statement = _KIN.format(**tables, token=Identifier(column))
            for row in _rows(connection, statement, {"tokens": tokens}):
                self._by_token[row[place]].append(Identity(*row))

    def of(self, shown: Identity) -> list[Identity]:
        """This identity, and others that the same person presented."""
        near = (self._by_token.get(t or "", ()) for t in (shown.document, shown.phone))
        others = {other for some in near for other in some if same_person(shown, other)}
        return [shown, *sorted(others - {shown}, key=repr)]


def _explain(around: Circumstances, staff: _Staff, read: PastRead) -> Explanation:
    officer = staff.find(read.officer)
    return around.explain(read, officer.unit if officer is not None else read.unit)


def _shown(around: Circumstances, read: PastRead) -> list[Identity]:
    """What those presented whose records were read."""
    people = (person_of(kind, item) for kind, item in read.items)
    return [around.identities[person] for person in people if person in around.identities]


def _unfolded(connection: Connection[Row], tables: Tables, read: PastRead) -> PastRead:
    """A read of hits is one of the purchases that they are about."""
    hits = [item for kind, item in read.items if kind == "hit"]
    if not hits:
        return read
    statement = SQL("SELECT hit, purchase FROM {hits} WHERE hit = ANY(%(ids)b)").format(**tables)
    bought: dict[UUID, UUID] = dict(_rows(connection, statement, {"ids": hits}))
    items = [
        ("purchase", bought.get(item, item)) if kind == "hit" else (kind, item)
        for kind, item in read.items
    ]
    return read._replace(items=items)


def _look(
    around: Circumstances,
    staff: _Staff,
    kin: _Kin,
    read: PastRead,
    explanation: Explanation,
) -> _Looked:
    officer = staff.find(read.officer)
    unit = officer.unit if officer is not None else read.unit
    shown = _shown(around, read)
    codes = {
        *_by_purpose(around, read, explanation),
        *_by_person(around, staff, officer, [each for one in shown for each in kin.of(one)]),
        *_by_way(read),
        *_by_time(around, officer, read),
    }
    return _Looked(
        read,
        role_at(officer, read.at) or read.role or "",
        unit or "",
        explanation,
        frozenset(codes),
        tuple(_person(each) for each in shown) or tuple(i.hex for _, i in read.items),
    )


def _person(shown: Identity) -> str:
    if shown.name and shown.born:
        return f"{shown.name}{shown.born}"
    return shown.document or shown.phone or shown.name or ""


def _by_purpose(around: Circumstances, read: PastRead, explanation: Explanation) -> Iterator[str]:
    """What speaks against the purpose that was stated."""
    kind, name = read.stated
    if not explanation.holds:
        yield "unexplained"
    if kind not in ("case", "task") or (explanation.name == name and explanation.holds):
        return
    own = around.named(read)
    if not own:
        yield "foreign_purpose"
    elif current := [e for e in own if e.holds(read.at)]:
        yield "unconnected"
        if any(around.shares_family(e, read) for e in current):
            yield "namesake"
    else:
        ends = [e.until for e in own if e.until is not None and e.until <= read.at]
        yield _ended(read.at, max(ends)) if ends else "foreign_purpose"


def _ended(at: datetime, until: datetime) -> str:
    is_over = at - until > timedelta(days=indicators.HAND_OVER_DAYS)
    return "ended" if is_over else "handing_over"


def _by_person(
    around: Circumstances,
    staff: _Staff,
    officer: Officer | None,
    shown: Sequence[Identity],
) -> Iterator[str]:
    """What the officer has to do with who was read; a shared house of many says nothing."""
    for person in shown:
        if officer is not None:
            yield from _near(around, officer, person)
        if staff.is_staff(person, officer):
            yield "colleague"


def _near(around: Circumstances, officer: Officer, person: Identity) -> Iterator[str]:
    if same_person(person, officer.identity):
        yield "self"
        return
    if person.address is None or person.address in around.crowds:
        return
    if person.address == officer.identity.address:
        yield "household"
    elif person.address in officer.former:
        yield "former_address"
    elif person.door in officer.beside or person.door == officer.identity.door:
        yield "neighbour"


def _by_way(read: PastRead) -> Iterator[str]:
    if read.break_glass:
        yield "glass_broken"
        if read.reason_length < indicators.SHORTEST_REASON:
            yield "glass_without_reason"


def _by_time(around: Circumstances, officer: Officer | None, read: PastRead) -> Iterator[str]:
    if officer is not None and officer.roles and role_at(officer, read.at) is None:
        yield "role_ended"
    on = (e for e in around.engaged(read.officer, read) if e.kind not in ("case", "task"))
    if around.has_roster(read.officer) and next(on, None) is None:
        yield "off_duty"


def role_at(officer: Officer | None, at: datetime) -> str | None:
    """The role that an officer had on a day; None when he had none."""
    if officer is None:
        return None
    day = local(at).date()
    return next((r.role for r in officer.roles if _runs(r, day)), None)


def _runs(role: RoleHeld, day: date) -> bool:
    begun = date.fromisoformat(f"{role.from_}-01-01"[:10]) <= day
    return begun and (role.to is None or day <= date.fromisoformat(role.to[:10]))


# Each beside others


def _compared(looked: Sequence[_Looked]) -> Iterator[Weighed]:
    """What comparison adds: bursts, persons sought after, and what is far from the role."""
    more: list[set[str]] = [set() for _ in looked]
    bare = [n for n, each in enumerate(looked) if not each.explanation.holds]
    for n in _in_bursts(looked, bare):
        more[n].add("burst")
    for code, places in _by_seeker(looked, bare).items():
        for n in places:
            more[n].add(code)
    far = _far_from_role(looked)
    seldom = _seldom(looked)
    for n, each in enumerate(looked):
        codes = each.codes | more[n] | far.get(each.read.officer, set())
        if (each.role, each.read.kind, each.read.break_glass) in seldom:
            codes |= {"seldom_used"}
        held = indicators.weigh(codes, is_explained=each.explanation.holds)
        yield Weighed(each.read, each.role, each.explanation, held)


def _in_bursts(looked: Sequence[_Looked], bare: Sequence[int]) -> set[int]:
    """Unexplained reads that lie among many of the same officer within an hour."""
    by_officer: dict[str, list[int]] = defaultdict(list)
    for n in bare:
        by_officer[looked[n].read.officer].append(n)
    found: set[int] = set()
    for places in by_officer.values():
        first = 0
        for last, n in enumerate(places):
            while _seconds(looked, places[first], n) > indicators.BURST_SECONDS:
                first += 1
            window = places[first : last + 1]
            if len({p for m in window for p in looked[m].persons}) >= indicators.BURST:
                found.update(window)
    return found


def _seconds(looked: Sequence[_Looked], one: int, other: int) -> float:
    return (looked[other].read.at - looked[one].read.at).total_seconds()


def _by_seeker(looked: Sequence[_Looked], bare: Sequence[int]) -> dict[str, set[int]]:
    """Persons whom several sought, and persons to whom one came back."""
    by_person: dict[str, list[int]] = defaultdict(list)
    for n in bare:
        for person in set(looked[n].persons):
            by_person[person].append(n)
    found: dict[str, set[int]] = {"sought_after": set(), "returned": set()}
    for places in by_person.values():
        if len(places) < 2:
            continue
        places.sort(key=lambda n: looked[n].read.at)
        found["sought_after"] |= _sought(looked, places)
        days: dict[str, set[date]] = defaultdict(set)
        for n in places:
            days[looked[n].read.officer].add(local(looked[n].read.at).date())
        found["returned"] |= {
            n
            for n in places
            if len(days[looked[n].read.officer]) > 1 and "handing_over" not in looked[n].codes
        }
    return found


def _sought(looked: Sequence[_Looked], places: Sequence[int]) -> set[int]:
    found: set[int] = set()
    span = timedelta(days=indicators.SOUGHT_DAYS)
    for place, first in enumerate(places):
        window = [n for n in places[place:] if looked[n].read.at - looked[first].read.at <= span]
        officers = {looked[n].read.officer for n in window}
        units = {looked[n].unit for n in window}
        if len(officers) >= indicators.SOUGHT_OFFICERS and len(units) > 1:
            found.update(window)
    return found


class _Habits:
    """How somebody reads: how much, how much of it unexplained, how much outside his service."""

    __slots__ = ("days", "off_duty", "reads", "unexplained")

    def __init__(self) -> None:
        self.reads = self.unexplained = self.off_duty = 0
        self.days: set[date] = set()

    def add(self, each: _Looked) -> None:
        self.reads += 1
        self.unexplained += not each.explanation.holds
        self.off_duty += "off_duty" in each.codes
        self.days.add(each.read.at.astimezone(UTC).date())

    def figures(self) -> dict[str, float]:
        return {
            "volume": self.reads / len(self.days),
            "unexplained_share": self.unexplained / self.reads,
            "off_duty_share": self.off_duty / self.reads,
        }


def _far_from_role(looked: Sequence[_Looked]) -> dict[str, set[str]]:
    """By officer, in which figures he lies far above the others of his role."""
    roles: dict[str, dict[str, _Habits]] = defaultdict(lambda: defaultdict(_Habits))
    for each in looked:
        roles[each.role][each.read.officer].add(each)
    far: dict[str, set[str]] = defaultdict(set)
    for officers in roles.values():
        if len(officers) < indicators.COMPARED:
            continue
        figures = {name: habits.figures() for name, habits in officers.items()}
        for what in ("volume", "unexplained_share", "off_duty_share"):
            everybody = [own[what] for own in figures.values()]
            for name, own in figures.items():
                if indicators.robust_z(own[what], everybody) >= indicators.FAR:
                    far[name].add(what)
    return far


def _seldom(looked: Sequence[_Looked]) -> set[tuple[str, str, bool]]:
    """Ways of reading that hardly anybody of a role uses."""
    ways = Counter((e.role, e.read.kind, e.read.break_glass) for e in looked)
    roles = Counter(e.role for e in looked)
    return {way for way, n in ways.items() if n < indicators.SELDOM * roles[way[0]]}
