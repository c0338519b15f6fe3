"""What each record is kept for: rows of read models, as the clocks ask for them.

The statements are the same whether they are asked over a connection, by who destroys, or over an
inquiry, by who looks what would be destroyed and what blocks it.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from psycopg.sql import SQL

from herkomst.domain import clocks, ids
from herkomst.domain.calendar import legal_date
from herkomst.domain.clocks import Keep, Kind, Processing, Standing, State
from herkomst.record.casework import CUSTODY as HIT_CUSTODY

_STATES = {"presented": State.ACTIVE, "erased": State.DESTROYED}
IDENTITIES = SQL(
    "SELECT presentation AS record, purchase, state, since FROM {presentations} "
    "WHERE presentation = ANY(%(ids)s) AND state <> 'erased' ORDER BY since, presentation"
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
    "WHERE r.state <> 'decided' AND d.records && %(items)s::uuid[] "
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


REASONS = SQL(
    "SELECT r.key_id AS record, r.kind, r.since, r.ended_at, r.cases, k.state FROM {reasons} r "
    "LEFT JOIN {keepings} k ON k.key_id = r.key_id WHERE r.key_id = ANY(%(ids)s) ORDER BY r.key_id"
)
FOUND_HITS = SQL(
    "SELECT h.hit, h.hit AS record, h.purchase, h.stolen_item, h.found_at, k.since AS gone "
    "FROM {hits} h LEFT JOIN {keepings} k ON k.key_id = h.stolen_item AND k.state = 'destroyed' "
    "WHERE h.hit = ANY(%(ids)s) ORDER BY h.hit"
)
ERASED = SQL(
    "SELECT presentation FROM {presentations} "
    "WHERE presentation = ANY(%(ids)s) AND state = 'erased'"
)
NOT_NEEDED = "wpg:4"
"""The law under which a hit is of which both goods were destroyed."""
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
        if self.kept.kind == "hit":
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
    """Rows of what identities are kept for."""

    identities: Sequence[Any]
    hits: Sequence[Any]
    cases: Sequence[Any]
    held: Sequence[Any]
    reviewed: Sequence[Any]


def kept_identities(facts: Facts) -> Iterator[Kept]:
    """Each identity with what it is kept for: the register first, hits on what was sold, and cases
    that it, the purchase or a hit is in."""
    hits = _by(facts.hits, "purchase")
    cases, held, reviewed = (_by(f, n) for f, n in zip(facts[2:], _ITEM, strict=True))
    for row in facts.identities:
        own = hits[row.purchase]
        items = [row.record, row.purchase, *(hit.hit for hit in own)]
        within = {case.case_id: case for item in items for case in cases[item]}
        yield Kept(
            "identity",
            row.record,
            row.purchase,
            _STATES.get(row.state) or State(row.state),
            (_in_register(row), *map(_in_hit, own), *map(_in_case, within.values())),
            tuple(_keeps(items, held, reviewed)),
        )


_ITEM = ("item", "record", "item")


def _by(rows: Sequence[Any], column: str) -> defaultdict[UUID, list[Any]]:
    found: defaultdict[UUID, list[Any]] = defaultdict(list)
    for row in rows:
        found[getattr(row, column)].append(row)
    return found


def _in_register(row: Any) -> Processing:
    return Processing("register", "register", "identity", "avg", legal_date(row.since))


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
            State(row.state) if row.state else State.ACTIVE,
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
            State(row.state) if row.state else State.ACTIVE,
            (
                Processing("report", name, "stolen_item", row.regime, first, ended),
                *map(_in_hit, own),
                *map(_in_case, within.values()),
            ),
            tuple(_keeps([row.record], on, {})),
        )


def kept_reasons(rows: Sequence[Any], cases: Sequence[Any]) -> Iterator[Kept]:
    """Why names were revealed, and the glass was broken; what was for a case, as long as that."""
    by_case = {case.record: case for case in cases}
    for row in rows:
        first = legal_date(row.since)
        ended = legal_date(row.ended_at) if row.ended_at else None
        named = (by_case[each] for each in row.cases if each in by_case)
        yield Kept(
            row.kind,
            row.record,
            row.record,
            State(row.state) if row.state else State.ACTIVE,
            (
                Processing(row.kind, f"{row.kind} of {first}", row.kind, "wpg:32a", first, ended),
                *(_case(case, row.since, confined=False) for case in named),
            ),
            (),
        )


def kept_hits(
    rows: Sequence[Any],
    erased: Sequence[Any],
    cases: Sequence[Any],
    held: Sequence[Any],
    reviewed: Sequence[Any],
) -> Iterator[Kept]:
    """Each hit, also one that was rejected or closed: kept as long as its clock runs or a case has
    it or its good. Where both goods were destroyed it compares nothing, and its clock is over."""
    gone = {row.presentation for row in erased}
    by_case, on, under = _by(cases, "item"), _by(held, "record"), _by(reviewed, "item")
    for row in rows:
        sold = ids.presentation_id(row.purchase)
        within = {c.case_id: c for item in (row.record, row.stolen_item) for c in by_case[item]}
        yield Kept(
            "hit",
            row.record,
            row.record,
            State.ACTIVE,
            (_hit(row, is_bare=sold in gone), *map(_in_case, within.values())),
            tuple(_keeps([row.record, row.stolen_item, row.purchase, sold], on, under)),
        )


def _hit(row: Any, *, is_bare: bool) -> Processing:
    own = _in_hit(row)
    if row.gone is None or not is_bare:
        return own
    return own._replace(regime=NOT_NEEDED, ended=legal_date(row.gone))
