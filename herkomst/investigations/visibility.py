"""What may be seen of a record, as conditions inside the query: nothing is filtered afterwards.

The policy says which regimes and handling codes are seen anywhere, in the viewer's own case, in his
own municipality and of what was granted to him; here that becomes SQL. A statement names a
condition as it names a table, by `{hit_shown}`, and brings `values` along. It calls hits `h`,
stolen items `s`, purchases `p`, presentations `n`, dealers `d` and establishments `e`.

What a detective may add to a case by himself shows no more than he saw before: a hit or a stolen
item is in the case only where it was brought into it by who saw it in full, and not because a
purchase beside it is in it.
"""

from collections.abc import Mapping
from datetime import UTC, datetime

from psycopg.sql import SQL, Composable, Identifier

from herkomst.access import policy
from herkomst.access.policy import NOTHING, Action, Permitted, Relation, Sights
from herkomst.access.viewer import Reading
from herkomst.domain import calendar

_FRAGMENTS = {
    "law": SQL("s.regime || ' ' || s.handling"),
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
    # The content of a stolen item, and that there is one.
    "item_shown": SQL(
        "({law} = ANY(%(shown)s) OR {law} = ANY(%(shown_in_case)s) AND {item_in_case} "
        "OR {law} = ANY(%(shown_granted)s) AND s.stolen_item IN {granted})"
    ),
    "item_known": SQL(
        "({law} = ANY(%(known)s) OR {law} = ANY(%(known_in_case)s) AND {item_in_case} "
        "OR {law} = ANY(%(known_granted)s) AND s.stolen_item IN {granted})"
    ),
    # The comparison of a hit, which tells of both goods, and that there is one.
    "hit_shown": SQL(
        "({law} = ANY(%(shown)s) OR {law} = ANY(%(shown_in_case)s) AND {hit_in_case} "
        "OR {law} = ANY(%(shown_granted)s) AND h.stolen_item IN {granted})"
    ),
    "hit_known": SQL(
        "({law} = ANY(%(known)s) OR {law} = ANY(%(known_in_case)s) AND {hit_in_case} "
        "OR {law} = ANY(%(known_granted)s) AND h.stolen_item IN {granted})"
    ),
    "purchase_shown": SQL(
        "(%(register)s OR %(register_in_case)s AND p.purchase IN {sold_in_case} "
        "OR %(register_in_town)s AND p.establishment IN {in_town})"
    ),
    # That an identity was presented; whose it is, is another question.
    "presentation_shown": SQL(
        "(%(register)s OR %(register_in_case)s AND n.purchase IN {sold_in_case})"
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
        "(%(register)s OR %(register_in_case)s AND e.dealer IN {sellers_in_case} "
        "OR %(register_in_town)s AND e.municipality = %(own_municipality)s)"
    ),
    "dealer_shown": SQL(
        "(%(register)s OR %(register_in_case)s AND d.dealer IN {sellers_in_case} "
        "OR %(register_in_town)s AND d.dealer IN "
        "(SELECT dealer FROM {establishments} WHERE municipality = %(own_municipality)s))"
    ),
}
"""Conditions and what they are made of, each of those before it."""
_REGISTER = "avg open"
"""What the registers of dealers and purchases are under."""


def conditions(tables: Mapping[str, Identifier]) -> dict[str, Composable]:
    """The conditions over the tables of the live generations, by their names."""
    made: dict[str, Composable] = dict(tables)
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


def _values(reading: Reading, goods: Sights, register: Sights) -> dict[str, object]:
    related = (Relation.ANYWHERE, Relation.OWN_CASE, Relation.GRANTED)
    anywhere, in_case, granted = (goods.get(relation, NOTHING) for relation in related)
    held, now = reading.held, datetime.now(UTC)
    return {
        "shown": list(anywhere.shown),
        "known": list(anywhere.known),
        "shown_in_case": list(in_case.shown),
        "known_in_case": list(in_case.known),
        "shown_granted": list(granted.shown),
        "known_granted": list(granted.known),
        "register": _REGISTER in register.get(Relation.ANYWHERE, NOTHING).shown,
        "register_in_case": _REGISTER in register.get(Relation.OWN_CASE, NOTHING).shown,
        "register_in_town": _REGISTER in register.get(Relation.OWN_MUNICIPALITY, NOTHING).shown,
        "viewer": reading.viewer.subject,
        "purpose": str(reading.purpose),
        "now": now,
        "today": calendar.start_of(calendar.legal_date(now)),
        "own_case": held.case if held else None,
        "own_municipality": policy.municipality_of(reading.viewer),
    }
