"""What may be seen of a record, as conditions inside the query: nothing is filtered afterwards.

The policy says which regimes and handling codes, of whose records, are seen anywhere, in the
viewer's own case, in his own municipality and of what was granted to him; here that becomes SQL. A
statement names a condition as it names a table, by `{hit_shown}`, and brings `values` along. It
calls hits `h`, stolen items `s`, purchases `p`, presentations `n`, dealers `d`, establishments `e`,
cases `c`, mentions `m`, requests for access `a`, matches `t`, reads and attempts `r`.

Who answers for a record is told by what it is, so no read model has a column for it: of stolen
items by their source, while all purchases are of dealers, all notifications of municipalities and
all hits of the police, so that those are asked once for a question and not once for a row.

What a detective may add to a case by himself shows no more than he saw before: a hit or a stolen
item is in the case only where it was brought into it by who saw it in full, and not because a
purchase beside it is in it.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

from psycopg.sql import SQL, Composable, Composed, Identifier, Literal

from herkomst.access import policy
from herkomst.access.policy import HIDDEN, NOTHING, Action, Permitted, Relation, Sight, Sights
from herkomst.access.viewer import Reading
from herkomst.domain import calendar, clocks, controllers
from herkomst.domain.register.sources import ANY_OTHER, PROFILES
from herkomst.projections.hits import STANDS
from herkomst.record.casework import CUSTODY

_FRAGMENTS = {
    "law": SQL("s.regime || ' ' || s.handling || ' ' || {reporter}"),
    "goods_of_hit": SQL(
        "CROSS JOIN LATERAL (SELECT source, regime, handling FROM {stolen_items} "
        "WHERE stolen_item = h.stolen_item LIMIT 1) s"
    ),
    "hit_stands": STANDS,
    "in_case": SQL("(SELECT item FROM {case_items} WHERE case_id = %(own_case)s)"),
    "by_hit": SQL(
        "FROM {hits} g JOIN {case_items} i ON i.item = g.hit WHERE i.case_id = %(own_case)s"
    ),
    "hit_in_case": SQL("(h.hit IN {in_case} OR h.stolen_item IN {in_case})"),
    "item_in_case": SQL(
        "(s.stolen_item IN {in_case} OR s.stolen_item IN (SELECT g.stolen_item {by_hit}))"
    ),
    "sold_in_case": SQL(
        "(SELECT item FROM {case_items} WHERE case_id = %(own_case)s "
        "UNION ALL SELECT g.purchase {by_hit} "
        "UNION ALL SELECT o.purchase FROM {presentations} o "
        "JOIN {case_items} i ON i.item = o.presentation WHERE i.case_id = %(own_case)s)"
    ),
    "in_town": SQL(
        "(SELECT establishment FROM {establishments} WHERE municipality = %(own_municipality)s)"
    ),
    # Its owner granted it: to who works in the case, or to who asked, for the duty he asked for.
    "granted": SQL(
        "(SELECT a.record FROM {access_requests} a WHERE a.state = 'granted' "
        "AND a.of_case IS NULL AND a.until > %(now)s AND (a.case_id = %(own_case)s "
        "OR a.case_id IS NULL AND a.asked_by = %(viewer)s AND a.purpose = %(purpose)s))"
    ),
    # It is still read, or is only compared and in the case; what is neither was removed.
    "item_kept": SQL(
        "NOT EXISTS (SELECT FROM {keepings} k WHERE k.key_id = s.stolen_item "
        "AND NOT (k.state = 'comparable' AND {item_in_case}))"
    ),
    # The content of a stolen item, and that there is one.
    "item_shown": SQL(
        "({item_kept} AND ({law} = ANY(%(shown)s) "
        "OR {law} = ANY(%(shown_in_case)s) AND {item_in_case} "
        "OR {law} = ANY(%(shown_granted)s) AND s.stolen_item IN {granted}))"
    ),
    "item_known": SQL(
        "({item_kept} AND ({law} = ANY(%(known)s) "
        "OR {law} = ANY(%(known_in_case)s) AND {item_in_case} "
        "OR {law} = ANY(%(known_granted)s) AND s.stolen_item IN {granted}))"
    ),
    # The comparison of a hit, which tells of both goods, and that there is one; what is over its
    # free year (art. 8(1) Wpg) is read in a case alone.
    "hit_shown": SQL(
        "(%(hits)s AND {law} = ANY(%(shown)s) AND h.found_at >= %(free_since)s "
        "OR %(hits_in_case)s AND {law} = ANY(%(shown_in_case)s) AND {hit_in_case} "
        "OR %(hits_granted)s AND {law} = ANY(%(shown_granted)s) AND h.stolen_item IN {granted})"
    ),
    "hit_known": SQL(
        "(%(hits)s AND {law} = ANY(%(known)s) AND h.found_at >= %(free_since)s "
        "OR %(hits_in_case)s AND {law} = ANY(%(known_in_case)s) AND {hit_in_case} "
        "OR %(hits_granted)s AND {law} = ANY(%(known_granted)s) AND h.stolen_item IN {granted})"
    ),
    "purchase_shown": SQL(
        "(%(register)s OR %(register_in_case)s AND p.purchase IN {sold_in_case} "
        "OR %(register_in_town)s AND p.establishment IN {in_town})"
    ),
    # That an identity was presented; whose it is, is another question.
    "presentation_shown": SQL(
        "(n.state IN ('presented', 'erased') "
        "AND (%(register)s OR %(register_in_case)s AND n.purchase IN {sold_in_case}) "
        # What is only compared is shown where a case has it, and the vault nowhere.
        "OR n.state = 'comparable' AND (%(register)s OR %(register_in_case)s) "
        "AND n.purchase IN {sold_in_case})"
    ),
    # It was revealed in the case that is the purpose, or to who asks, today.
    "identity_revealed": SQL(
        "EXISTS (SELECT FROM {reveals} r WHERE r.presentation = n.presentation "
        "AND (r.case_id = %(own_case)s "
        "OR r.revealed_by = %(viewer)s AND r.revealed_at >= %(today)s))"
    ),
    "sellers_in_case": SQL(
        "(SELECT r.dealer FROM {purchases} r WHERE r.purchase IN {sold_in_case})"
    ),
    "establishment_shown": SQL(
        "(%(notified)s OR %(notified_in_case)s AND e.dealer IN {sellers_in_case} "
        "OR %(notified_in_town)s AND e.municipality = %(own_municipality)s)"
    ),
    # A term of who asks that began and has not ended, or a case of the unit that he oversees; what
    # was removed, to the vault or for good, is no case to anybody.
    "case_seen": SQL(
        "((c.members ? %(viewer)s AND EXISTS (SELECT FROM "
        "jsonb_to_recordset(c.members -> %(viewer)s) AS t (since timestamptz, until timestamptz) "
        "WHERE t.since <= %(now)s AND (t.until IS NULL OR t.until > %(now)s)) "
        "OR c.unit = %(unit)s AND c.regime || ' ' || c.handling = ANY(%(overseen)s)) "
        "AND NOT EXISTS (SELECT FROM {keepings} k WHERE k.key_id = c.case_id "
        "AND k.state <> 'comparable'))"
    ),
    "dealer_shown": SQL(
        "(%(notified)s OR %(notified_in_case)s AND d.dealer IN {sellers_in_case} "
        "OR %(notified_in_town)s AND d.dealer IN "
        "(SELECT dealer FROM {establishments} WHERE municipality = %(own_municipality)s))"
    ),
    # What a read was for is no secret to who asks: the case is one that he may know of, or there
    # is none and it was done on a ground of daily work.
    "purpose_open": SQL(
        "(CASE WHEN r.case_id IS NULL AND r.case_number IS NULL "
        "THEN r.ground = ANY(%(daily)s) "
        "ELSE EXISTS (SELECT FROM {cases} c "
        "WHERE (c.case_id = r.case_id OR c.number = r.case_number) AND {case_seen}) END)"
    ),
    # And nothing came with the record that he may not know of: it would tell what was looked for.
    "answer_open": SQL(
        "(NOT EXISTS (SELECT FROM {stolen_items} s WHERE s.stolen_item = ANY(r.records) "
        "AND (s.handling = ANY(%(hidden)s) OR {reporter} <> ALL(%(reached)s)) "
        "AND NOT {item_known}) "
        "AND NOT EXISTS (SELECT FROM {hits} h {goods_of_hit} WHERE h.hit = ANY(r.records) "
        "AND (s.handling = ANY(%(hidden)s) OR {reporter} <> ALL(%(reached)s) "
        "OR NOT %(reaches_hits)s) AND NOT {hit_known}) "
        "AND NOT EXISTS (SELECT FROM {cases} c WHERE c.case_id = ANY(r.records) "
        "AND NOT {case_seen}))"
    ),
    "read_shown": SQL(
        "(%(controls)s OR r.officer = %(viewer)s "
        "OR ({reader} = ANY(%(readers)s) OR %(sees_own_unit)s AND r.unit = %(unit)s) "
        "AND {purpose_open} AND {answer_open})"
    ),
    # What happened in a case is told to who may know of it; a reveal without one, like a read, and
    # its event `e` says under whom it was.
    "mention_shown": SQL(
        "(%(controls)s OR (m.hit IS NULL OR EXISTS (SELECT FROM {hits} h {goods_of_hit} "
        "WHERE h.hit = m.hit AND {hit_shown})) AND CASE WHEN m.case_id IS NULL "
        "THEN m.actor = 'user:' || %(viewer)s OR m.ground = ANY(%(daily)s) "
        "AND convert_from(e.state, 'UTF8')::jsonb #>> '{{envelope,controller}}' = ANY(%(readers)s) "
        "ELSE EXISTS (SELECT FROM {cases} c WHERE c.case_id = m.case_id AND {case_seen}) END)"
    ),
    # The read that a review is of was made by somebody of these: by his unit as the journal has it,
    # or as the feed of personnel told it.
    "review_reached": SQL(
        "(SELECT {reader} FROM (SELECT v.role AS role, coalesce("
        "(SELECT d.unit FROM {reads} d WHERE d.read = v.read), "
        "(SELECT o.unit FROM {officers} o WHERE o.name = v.officer LIMIT 1), '') AS unit) r) "
        "= ANY(%(reviewed)s)"
    ),
    # A purpose names a case by its id; of one that is open to others its number is told.
    "purpose_told": SQL(
        "coalesce((SELECT replace(purpose, c.case_id::text, c.number) FROM {cases} c "
        "WHERE c.handling = 'open' AND c.case_id = substring(purpose from "
        "'^(?:case|task):([0-9a-f]{{8}}(?:-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}})')::uuid), purpose)"
    ),
    # That somebody came upon what is closed, or secret, is told to its owner.
    "match_told": SQL("(%(controls)s OR %(sees_matches)s AND t.owner = %(unit)s)"),
    # A record was asked for, for a case that he may know of, by himself, or of his own unit.
    "request_told": SQL(
        "(%(controls)s OR CASE WHEN a.case_id IS NULL "
        "THEN a.asked_by = %(viewer)s OR %(sees_reads)s AND a.owner = %(unit)s "
        "ELSE EXISTS (SELECT FROM {cases} c WHERE c.case_id = a.case_id AND {case_seen}) END)"
    ),
    # What was tried came to nothing, perhaps because there is no such record: so it is told where
    # each record that it named is one that he may know of, and what is not there is as what is
    # hidden from him.
    "attempt_shown": SQL(
        "({read_shown} AND (%(controls)s OR r.officer = %(viewer)s OR NOT EXISTS "
        "(SELECT FROM unnest(r.records) AS w (id) WHERE w.id <> ALL(%(records)s) "
        "AND NOT EXISTS (SELECT FROM {stolen_items} s WHERE s.stolen_item = w.id AND {item_known}) "
        "AND NOT EXISTS (SELECT FROM {hits} h {goods_of_hit} WHERE h.hit = w.id AND {hit_known}) "
        "AND NOT EXISTS (SELECT FROM {cases} c WHERE c.case_id = w.id AND {case_seen}) "
        "AND NOT EXISTS (SELECT FROM {purchases} p WHERE p.purchase = w.id) "
        "AND NOT EXISTS (SELECT FROM {presentations} n WHERE n.presentation = w.id) "
        "AND NOT EXISTS (SELECT FROM {access_requests} a WHERE a.request = w.id "
        "AND {request_told}))))"
    ),
}
"""Conditions and what they are made of, each of those before it."""
_REGIME_OF = {"sr:437": "avg", **{f"wpg:{article}": f"wpg:{article}" for article in (8, 9, 10, 13)}}
"""What a read for a duty was under, by its ground. What is read to control others, such as on
`wpg:32a`, is under none of these, and told to nobody but who controls."""
REGISTER = f"avg open {controllers.DEALER}"
"""What purchases and who sold them are under: a dealer keeps the register."""
NOTIFIED = f"avg open {controllers.MUNICIPALITY}"
"""What dealers and their establishments are under: the mayor is notified."""
_HIT = f"{CUSTODY.regime} open {CUSTODY.controller}"
"""What a hit is under by itself; its handling code is that of the report."""


def _first_of(cases: Sequence[Composed], otherwise: str) -> Composed:
    return SQL("CASE {} ELSE {} END").format(SQL(" ").join(cases), Literal(otherwise))


_REPORTER = _first_of(
    [
        SQL("WHEN s.source = {} THEN {}").format(Literal(source), Literal(profile.kind))
        for source, profile in PROFILES.items()
        if source != ANY_OTHER
    ],
    PROFILES[ANY_OTHER].kind,
)
"""Who answers for a report of stolen goods, by its source."""
_WORKS_IN = SQL("WHEN {} = ANY(regexp_split_to_array(lower(r.unit), '[^a-z0-9]+')) THEN {}")
_READER = _first_of(
    [
        *(
            SQL("WHEN r.role = {} THEN {}").format(Literal(role), Literal(controller))
            for role, controller in controllers.ROLES.items()
        ),
        *(
            _WORKS_IN.format(Literal(unit), Literal(controller))
            for unit, controller in controllers.UNITS.items()
        ),
        SQL("WHEN lower(r.unit) = ANY({}) THEN {}").format(
            Literal(sorted(controllers.PLACES)), Literal(controllers.POLICE)
        ),
    ],
    controllers.UNLISTED,
)
"""Who answers for a read: whom he who read works for (`controllers.of_staff`)."""


def conditions(tables: Mapping[str, Identifier]) -> dict[str, Composable]:
    """The conditions over the tables of the live generations, by their names."""
    made: dict[str, Composable] = {**tables, "reporter": _REPORTER, "reader": _READER}
    for name, fragment in _FRAGMENTS.items():
        made[name] = fragment.format(**made)
    return made


def values(permitted: Permitted) -> dict[str, object]:
    """What the conditions stand on."""
    return _values(permitted.reading, permitted.sights, permitted.sights)


def values_in_case(reading: Reading) -> dict[str, object]:
    """The same for what is in a case, where goods are seen as hits are, and purchases as such."""
    goods = policy.sights(reading, Action.READ_HITS)
    return _values(reading, goods, policy.sights(reading, Action.READ_PURCHASES))


def values_of_persons(permitted: Permitted) -> dict[str, object]:
    """The same for whose names are searched: hits are seen as such, and persons as who may search
    and who may list them both see them."""
    reading = permitted.reading
    listed = policy.sights(reading, Action.READ_PRESENTATIONS)
    hits = policy.sights(reading, Action.READ_HITS)
    return _values(reading, hits, _both(permitted.sights, listed))


def values_of_cases(reading: Reading) -> dict[str, object]:
    """What it stands on which cases there are for a viewer."""
    viewer = reading.viewer
    return {
        "viewer": viewer.subject,
        "unit": viewer.unit,
        "overseen": list(policy.overseen(reading)),
        "now": datetime.now(UTC),
    }


def values_of_trail(permitted: Permitted) -> dict[str, object]:
    """What it stands on which events and reads of a record are told in its trail."""
    reading, trail = permitted.reading, permitted.sights
    readers = dict(policy.sights(reading, Action.SEE_READERS))
    in_unit = readers.pop(Relation.OWN_UNIT, NOTHING).shown
    told = _laws(readers)
    controls = any(law.split()[1] in HIDDEN for law in told)
    open_ones = {law.split()[0] for law in told | in_unit if law.split()[1] == "open"}
    goods, register = (
        trail if controls else _both(trail, policy.sights(reading, action))
        for action in (Action.READ_HITS, Action.READ_PURCHASES)
    )
    reached = {law.split()[2] for law in _laws(goods)}
    return {
        **_values(reading, goods, register),
        **values_of_cases(reading),
        "hidden": list(HIDDEN),
        "controls": controls,
        "sees_reads": bool(told),
        "sees_own_unit": bool(in_unit),
        "sees_matches": policy.allows(reading, Action.READ_MATCHES),
        "daily": [ground for ground, regime in _REGIME_OF.items() if regime in open_ones],
        # Of the own unit it is told by the unit, and not by whom it works for.
        "readers": list(policy.reached(reading, Action.SEE_READERS)) if told else [],
        "reached": list(reached),
        "reaches_hits": CUSTODY.controller in reached,
    }


@lru_cache(maxsize=8)
def _free_since(on: date) -> datetime:
    """First moment at which a hit was found that is read freely still."""
    last = clocks.shortest("hit", "wpg:8", on)
    return calendar.start_of(date(1900, 1, 2) if last is None else last + timedelta(1))


def _laws(sights: Sights) -> frozenset[str]:
    """All that is shown, in whatever relation it stands."""
    return frozenset().union(*(sight.shown for sight in sights.values()))


def _both(one: Sights, other: Sights) -> Sights:
    """What is seen by the one right and by the other."""
    return {
        relation: Sight(
            one[relation].shown & other[relation].shown, one[relation].known & other[relation].known
        )
        for relation in one.keys() & other.keys()
    }


def _in_register(name: str, law: str, seen: Sights) -> dict[str, object]:
    """Whether what is under one law is seen anywhere, in the case, and in the municipality."""
    return {
        name: law in seen.get(Relation.ANYWHERE, NOTHING).shown,
        f"{name}_in_case": law in seen.get(Relation.OWN_CASE, NOTHING).shown,
        f"{name}_in_town": law in seen.get(Relation.OWN_MUNICIPALITY, NOTHING).shown,
    }


def _values(reading: Reading, goods: Sights, register: Sights) -> dict[str, object]:
    related = (Relation.ANYWHERE, Relation.OWN_CASE, Relation.GRANTED)
    anywhere, in_case, granted = (goods.get(relation, NOTHING) for relation in related)
    held, now = reading.held, datetime.now(UTC)
    today = calendar.legal_date(now)
    return {
        "shown": list(anywhere.shown),
        "known": list(anywhere.known),
        "shown_in_case": list(in_case.shown),
        "known_in_case": list(in_case.known),
        "shown_granted": list(granted.shown),
        "known_granted": list(granted.known),
        "hits": _HIT in anywhere.shown,
        "hits_in_case": _HIT in in_case.shown,
        "hits_granted": _HIT in granted.shown,
        **_in_register("register", REGISTER, register),
        **_in_register("notified", NOTIFIED, register),
        "viewer": reading.viewer.subject,
        "purpose": str(reading.purpose),
        "now": now,
        "today": calendar.start_of(today),
        "free_since": _free_since(today),
        "own_case": held.case if held else None,
        "own_municipality": policy.municipality_of(reading.viewer),
    }
