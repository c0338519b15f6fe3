"""What each record is kept for: rows of read models, as the clocks ask for them.

The statements are the same whether they are asked over a connection, by who destroys, or over an
inquiry, by who looks what would be destroyed and what blocks it.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, LiteralString, NamedTuple
from uuid import UUID

import msgspec
from psycopg.sql import SQL

from herkomst.domain import clocks, ids
from herkomst.domain.calendar import interval, legal_date
from herkomst.domain.casework.personnel import RoleTerm, moment
from herkomst.domain.clocks import Keep, Kind, Processing, Standing, State
from herkomst.record.casework import CUSTODY as HIT_CUSTODY
from herkomst.record.vault import key_of_part

_decode_roles = msgspec.json.Decoder(list[RoleTerm]).decode
_STATES = {"presented": State.ACTIVE, "erased": State.DESTROYED}
IDENTITIES = SQL(
    "SELECT presentation AS record, purchase, state, since FROM {presentations} "
    "WHERE presentation = ANY(%(ids)s) AND state <> 'erased' ORDER BY since, presentation"
)
# At some purchases nobody presents an identity; what else is sealed of them has the same clock.
BARE_PURCHASES = SQL(
    "SELECT p.purchase AS record, p.purchase, k.state, p.acquired_from AS since FROM {purchases} p "
    "LEFT JOIN {keepings} k ON k.key_id = p.purchase "
    "WHERE p.purchase = ANY(%(ids)s) AND NOT p.seller ORDER BY p.purchase"
)
HITS = SQL(
    "SELECT hit, purchase, found_at FROM {hits} "
    "WHERE purchase = ANY(%(purchases)s) AND state NOT IN ('rejected', 'closed') ORDER BY hit"
)
IN_CASES = SQL(
    "SELECT i.item, i.since, c.case_id, c.number, c.regime, c.closed_at, "
    "(SELECT max(e.recorded_at) FROM record.casework_events e "
    "WHERE e.originator_id = c.case_id) AS needed "
    "FROM {case_items} i JOIN {cases} c ON c.case_id = i.case_id "
    "WHERE i.item = ANY(%(items)s) ORDER BY c.number, i.item"
)
HELD = SQL(
    "SELECT record, number, ground, until FROM {holds} "
    "WHERE record = ANY(%(items)s) AND lifted_at IS NULL ORDER BY record, number"
)
REVIEWED = SQL(
    "SELECT DISTINCT each AS item, r.review FROM {reviews} r JOIN {reads} d ON d.read = r.read "
    "CROSS JOIN LATERAL unnest(d.records) each "
    # What nobody judges in the term for it is told, and holds nothing back any more.
    "WHERE r.state <> 'decided' AND r.lapsed_at IS NULL AND d.records && %(items)s::uuid[] "
    "AND each = ANY(%(items)s) ORDER BY 1, 2"
)
CASES = SQL(
    "SELECT c.case_id AS record, c.number, c.regime, c.opened_at, c.closed_at, k.state, "
    "(SELECT max(e.recorded_at) FROM record.casework_events e "
    "WHERE e.originator_id = c.case_id) AS needed "
    "FROM {cases} c LEFT JOIN {keepings} k ON k.key_id = c.case_id "
    "WHERE c.case_id = ANY(%(ids)s) ORDER BY c.number"
)

STOLEN_ITEMS = SQL(
    "SELECT s.stolen_item AS record, s.source, s.key, s.regime, s.recorded_at, k.state, "
    # What was recorded last is what ended it; while it is looked for, nothing did.
    "CASE WHEN s.status <> 'reported' THEN e.recorded_at END AS ended_at "
    "FROM {stolen_items} s JOIN record.register_events e ON e.notification_id = s.revision "
    "LEFT JOIN {keepings} k ON k.key_id = s.stolen_item "
    "WHERE s.stolen_item = ANY(%(ids)s) ORDER BY s.stolen_item"
)

HITS_ON = SQL(
    "SELECT hit, stolen_item, found_at FROM {hits} "
    "WHERE stolen_item = ANY(%(ids)s) AND state NOT IN ('rejected', 'closed') ORDER BY hit"
)


DEALERS = SQL(
    "SELECT d.dealer AS record, d.source, d.key, d.recorded_at, k.state, "
    "CASE WHEN bool_and(e.open_to IS NOT NULL) THEN max(e.open_to) END AS ended_on "
    "FROM {dealers} d JOIN {establishments} e ON e.dealer = d.dealer "
    "LEFT JOIN {keepings} k ON k.key_id = d.dealer WHERE d.dealer = ANY(%(ids)s) "
    "GROUP BY d.dealer, d.source, d.key, d.recorded_at, k.state ORDER BY d.dealer"
)
OFFICERS = SQL(
    "SELECT o.officer AS record, o.name, o.roles::text AS roles, o.recorded_at, k.state "
    "FROM {officers} o LEFT JOIN {keepings} k ON k.key_id = o.officer "
    "WHERE o.officer = ANY(%(ids)s) ORDER BY o.officer"
)
# What was sealed before its part had a key of its own belongs to the key of its stream.
REASONS = SQL(
    "SELECT w.key_id AS record, r.kind, min(r.since) AS since, "
    "CASE WHEN bool_and(r.ended_at IS NOT NULL) THEN max(r.ended_at) END AS ended_at, "
    "array_remove(array_agg(DISTINCT c.case_id), NULL) AS cases, k.state "
    "FROM unnest(%(ids)s::uuid[]) AS w (key_id) JOIN {reasons} r ON r.key_id = w.key_id "
    "OR (r.stream = w.key_id AND NOT EXISTS (SELECT FROM vault.keys o WHERE o.key_id = r.key_id) "
    "AND NOT EXISTS (SELECT FROM {keepings} g WHERE g.key_id = r.key_id)) "
    "LEFT JOIN LATERAL unnest(r.cases) AS c (case_id) ON true "
    "LEFT JOIN {keepings} k ON k.key_id = w.key_id "
    "GROUP BY w.key_id, r.kind, k.state ORDER BY w.key_id"
)
_KEYS: LiteralString = (
    "SELECT DISTINCT k.key_id AS record FROM {reasons} r JOIN vault.keys k ON k.key_id = "
)
_OF_KIND: LiteralString = " WHERE r.kind = %(kind)s "
KEYS_OF_REASONS: LiteralString = _KEYS + key_of_part("r.key_id", "r.stream") + _OF_KIND
KEY_OF_REASON = SQL(
    KEYS_OF_REASONS
    + "AND r.key_id = %(id)s AND NOT EXISTS (SELECT FROM {keepings} g WHERE g.key_id = r.key_id)"
)
# A passage that was a hit once is one.
FOUND_HITS = SQL(
    "SELECT f.record, f.record AS hit, f.kind, f.purchase, f.stolen_item, f.found_at, "
    "k.since AS gone FROM (SELECT hit AS record, 'hit' AS kind, purchase, stolen_item, found_at "
    "FROM {hits} WHERE hit = ANY(%(ids)s) UNION ALL "
    "SELECT pair, 'passage', purchase, stolen_item, noted_at FROM {passages} "
    "WHERE pair = ANY(%(ids)s) AND NOT EXISTS (SELECT FROM {hits} h WHERE h.hit = pair)) f "
    "LEFT JOIN {keepings} k ON k.key_id = f.stolen_item AND k.state = 'destroyed' "
    "ORDER BY f.record"
)
ERASED = SQL(
    "SELECT presentation FROM {presentations} "
    "WHERE presentation = ANY(%(ids)s) AND state = 'erased'"
)
NOT_NEEDED = "wpg:4"
"""The law under which a hit is of which both goods were destroyed, and a passage of which the
report was."""
FOUND: tuple[Kind, ...] = ("hit", "passage")
"""What has no key, and goes by an event."""
BY_CLOCK = "avg:5"
"""Ground on which the clock of the register destroys (opslagbeperking)."""


class Kept(NamedTuple):
    """A record, mostly with a key, and everything that it is kept for."""

    kind: Kind
    id: UUID
    key: UUID
    state: State
    """What was recorded of it; of a hit nothing is, up to its removal."""
    processings: tuple[Processing, ...]
    keeps: tuple[Keep, ...]

    def standing(self, on: date) -> Standing:
        return clocks.standing(self.processings, self.keeps, on, self.state)


class Change(NamedTuple):
    """What the clocks say of a record on a day."""

    kept: Kept
    standing: Standing

    @property
    def is_due(self) -> bool:
        if self.kept.kind in FOUND:
            return self.standing.state == State.DESTROYED
        return self.kept.state != self.standing.state

    @property
    def is_told(self) -> bool:
        """Whether a run has anything to say of it: that it changes, or what blocks that."""
        return self.is_due or bool(self.standing.blocks)

    @property
    def ground(self) -> str:
        """On which it is destroyed."""
        police = any(each.regime.startswith("wpg:") for each in self.kept.processings)
        return "wpg:14" if police else BY_CLOCK


class Facts(NamedTuple):
    """Rows of what identities are kept for, or purchases at which none was presented."""

    identities: Sequence[Any]
    hits: Sequence[Any]
    cases: Sequence[Any]
    held: Sequence[Any]
    reviewed: Sequence[Any]


def kept_identities(facts: Facts, kind: Kind = "identity") -> Iterator[Kept]:
    """Each identity, or purchase without one, with what it is kept for: the register first, hits on
    what was sold, and cases that it, the purchase or a hit is in."""
    hits = _by(facts.hits, "purchase")
    cases, held, reviewed = (_by(f, n) for f, n in zip(facts[2:], _ITEM, strict=True))
    for row in facts.identities:
        own = hits[row.purchase]
        items = [row.record, row.purchase, *(hit.hit for hit in own)]
        within = {case.case_id: case for item in items for case in cases[item]}
        yield Kept(
            kind,
            row.record,
            row.purchase,
            _STATES.get(row.state) or _state(row),
            (_in_register(row, kind), *map(_in_hit, own), *map(_in_case, within.values())),
            tuple(_keeps(items, held, reviewed)),
        )


def _state(row: Any) -> State:
    """The state that was told of its key; of one of which nothing was told, active."""
    return State(row.state) if row.state else State.ACTIVE


_ITEM = ("item", "record", "item")


def _by(rows: Sequence[Any], column: str) -> defaultdict[UUID, list[Any]]:
    found: defaultdict[UUID, list[Any]] = defaultdict(list)
    for row in rows:
        found[getattr(row, column)].append(row)
    return found


def _in_register(row: Any, kind: Kind) -> Processing:
    return Processing("register", "register", kind, "avg", legal_date(row.since))


def _in_hit(row: Any) -> Processing:
    found = legal_date(row.found_at)
    return Processing("hit", f"hit {row.hit}", "hit", HIT_CUSTODY.regime, found)


def _in_case(row: Any) -> Processing:
    return _case(row, row.since, confined=True)


def _case(row: Any, processed: datetime, *, confined: bool) -> Processing:
    return Processing(
        "case",
        f"case {row.number}",
        "case",
        row.regime,
        legal_date(processed),
        legal_date(row.closed_at) if row.closed_at else None,
        legal_date(row.needed),
        confined,
    )


def _keeps(
    items: Sequence[UUID], held: Mapping[UUID, list[Any]], reviewed: Mapping[UUID, list[Any]]
) -> Iterator[Keep]:
    for item in items:
        for row in held.get(item, ()):
            yield Keep("hold", f"hold {row.number} on {item}", row.ground, row.until)
        for row in reviewed.get(item, ()):
            yield Keep("review", f"review {row.review}", "wpg:32a", None)


def kept_cases(cases: Sequence[Any], held: Sequence[Any]) -> Iterator[Kept]:
    """Each case with its own clock."""
    on = _by(held, "record")
    for row in cases:
        yield Kept(
            "case",
            row.record,
            row.record,
            _state(row),
            (_case(row, row.opened_at, confined=False),),
            tuple(_keeps([row.record], on, {})),
        )


def kept_stolen_items(
    rows: Sequence[Any], hits: Sequence[Any], cases: Sequence[Any], held: Sequence[Any]
) -> Iterator[Kept]:
    """Each report of a stolen good: kept as long as the good is looked for, a hit on it stands or a
    case has it."""
    by_hit, on, by_case = _by(hits, "stolen_item"), _by(held, "record"), _by(cases, "item")
    for row in rows:
        own = by_hit[row.record]
        items = [row.record, *(hit.hit for hit in own)]
        within = {case.case_id: case for item in items for case in by_case[item]}
        ended = legal_date(row.ended_at) if row.ended_at else None
        first = legal_date(row.recorded_at)
        name = f"report {row.source}:{row.key}"
        yield Kept(
            "stolen_item",
            row.record,
            row.record,
            _state(row),
            (
                Processing("report", name, "stolen_item", row.regime, first, ended),
                *map(_in_hit, own),
                *map(_in_case, within.values()),
            ),
            tuple(_keeps([row.record], on, {})),
        )


def _last_role(roles: Sequence[RoleTerm], first: date) -> date | None:
    """The day on which the last of these ended; of who never had any, when he was told of; None
    where one goes on."""
    ends = [
        None if role.to is None else legal_date(interval(moment(role.to)).end) for role in roles
    ]
    return None if None in ends else max(filter(None, ends), default=first)


REASONED: Mapping[Kind, str] = {
    "reveal": "wpg:32a",
    "glass": "wpg:32a",
    "hold": "wpg:32a",
    "access_request": "wpg:32a",
    "authorisation": "avg",
    "review": "wpg:32a",
    "person_request": "avg",
    "sequel": "wpg:32a",
    "alert": "wpg:32a",
    "number_mute": "wpg:32a",
}
"""The law that each kind of reason is under."""


def kept_dealers(rows: Sequence[Any]) -> Iterator[Kept]:
    """How each dealer is reached: kept until he, or his last establishment, ceased, and as long
    after that as his register is."""
    for row in rows:
        first = legal_date(row.recorded_at)
        name = f"dealer {row.source}:{row.key}"
        own = Processing("dealer", name, "dealer", "avg", first, row.ended_on)
        yield Kept("dealer", row.record, row.record, _state(row), (own,), ())


def kept_officers(rows: Sequence[Any]) -> Iterator[Kept]:
    """What is known of each officer: kept until the end of his last role, and as long after that
    as what he read is looked at."""
    for row in rows:
        first = legal_date(row.recorded_at)
        ended = _last_role(_decode_roles(row.roles), first)
        own = Processing("officer", f"officer {row.name}", "officer", "avg", first, ended)
        yield Kept("officer", row.record, row.record, _state(row), (own,), ())


def kept_reasons(rows: Sequence[Any], cases: Sequence[Any]) -> Iterator[Kept]:
    """What was said of why; what was for a case, as long as that."""
    by_case = {case.record: case for case in cases}
    for row in rows:
        first = legal_date(row.since)
        ended = legal_date(row.ended_at) if row.ended_at else None
        named = (by_case[each] for each in row.cases if each in by_case)
        yield Kept(
            row.kind,
            row.record,
            row.record,
            _state(row),
            (
                _reasoned(row.kind, first, ended),
                *(_case(case, row.since, confined=False) for case in named),
            ),
            (),
        )


def _reasoned(kind: Kind, first: date, ended: date | None) -> Processing:
    name = f"{kind.replace('_', ' ')} of {first}"
    return Processing(kind, name, kind, REASONED[kind], first, ended)


def kept_hits(
    rows: Sequence[Any],
    erased: Sequence[Any],
    cases: Sequence[Any],
    held: Sequence[Any],
    reviewed: Sequence[Any],
) -> Iterator[Kept]:
    """Each hit, also one that was rejected or closed, and each passage: kept as long as its clock
    runs or a case has it or its good. Where both goods were destroyed a hit compares nothing, and
    its clock is over; that of a passage is where the report was that it rests on."""
    gone = {row.presentation for row in erased}
    by_case, on, under = _by(cases, "item"), _by(held, "record"), _by(reviewed, "item")
    for row in rows:
        sold = ids.presentation_id(row.purchase)
        within = {c.case_id: c for item in (row.record, row.stolen_item) for c in by_case[item]}
        yield Kept(
            row.kind,
            row.record,
            row.record,
            State.ACTIVE,
            (
                _pair(row, is_bare=row.kind == "passage" or sold in gone),
                *map(_in_case, within.values()),
            ),
            tuple(_keeps([row.record, row.stolen_item, row.purchase, sold], on, under)),
        )


def _pair(row: Any, *, is_bare: bool) -> Processing:
    found, name = legal_date(row.found_at), f"{row.kind} {row.record}"
    own = Processing(row.kind, name, row.kind, HIT_CUSTODY.regime, found)
    if row.gone is None or not is_bare:
        return own
    return own._replace(regime=NOT_NEEDED, ended=legal_date(row.gone))
