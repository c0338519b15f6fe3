"""Who received what is held on a person: by reading, as a file, or by a grant of who owned it.

All of it is what the journal and the events of cases have already. What was done in an inquiry is
told only where the inquiry is, which is over; so no word of it hangs on one that goes on.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from psycopg.sql import SQL

from herkomst.access.viewer import Role
from herkomst.domain import controllers, municipalities
from herkomst.domain.calendar import legal_date
from herkomst.domain.casework.request import AccessGranted
from herkomst.investigations.goods import Told
from herkomst.investigations.inquiry import Inquiry

TOLD = ("sr:437",)
"""Grounds of readings that a person is told of: the control of the register, and no inquiry."""
LEFT = ("wpg:8",)
"""Grounds on which what he is told of may have left as a file, and he is told that it did: the
daily task, and no inquiry."""
PROSECUTION = (Role.PROSECUTOR, Role.PROSECUTION_CLERK)
PROVIDED = "wpg:16"
"""Ground on which the police provide to the prosecution."""
# What is read or handed on in an inquiry is told where its case is, which is over; and a consent to
# use in another case, where both are.
_PROVIDED = SQL(
    "WITH told AS (SELECT role, unit, ground, kind, at, records, case_id, case_number, "
    # The journal named a case by its number once, where who read did.
    "coalesce((SELECT replace(r.purpose, c.number, c.case_id::text) FROM {cases} c "
    "WHERE c.number = r.case_number), r.purpose) AS purpose "
    "FROM {reads} r WHERE r.records && %(all)s::uuid[] AND NOT r.rehearsed), "
    "daily AS (SELECT * FROM told "
    "WHERE purpose NOT LIKE 'case:%%' AND purpose NOT LIKE 'task:%%'), "
    "provided AS (SELECT role, unit, ground, purpose, "
    "CASE kind WHEN 'export' THEN 'exported' ELSE 'read' END AS how, at FROM daily "
    "WHERE %(avg)s AND records && %(items)s::uuid[] AND ground = ANY(%(told)s) "
    "UNION ALL SELECT role, unit, ground, purpose, 'exported', at FROM daily "
    "WHERE kind = 'export' AND records && %(hits)s::uuid[] AND ground = ANY(%(left)s) "
    "UNION ALL SELECT role, unit, ground, purpose, "
    "CASE kind WHEN 'export' THEN 'exported' ELSE 'read' END, at FROM told "
    "WHERE role = ANY(%(prosecution)s) "
    "AND (case_id = ANY(%(cases)s) OR case_number = ANY(%(numbers)s)) "
    "UNION ALL SELECT a.role, a.unit, convert_from(e.state, 'UTF8')::jsonb #>> "
    "'{{envelope,ground}}', a.purpose, 'granted', e.recorded_at FROM {access_requests} a "
    "JOIN record.casework_events e ON e.originator_id = a.stream AND e.topic = %(granted)s "
    "WHERE a.record = ANY(%(all)s) AND a.case_id = ANY(%(cases)s) "
    "AND (a.of_case IS NULL OR a.of_case = ANY(%(cases)s)) AND a.place = "
    "(SELECT max(b.place) FROM {access_requests} b "
    "WHERE b.stream = a.stream AND b.place < e.originator_version)) "
    "SELECT role, unit, ground, purpose, how, count(*) AS reads, min(at) AS first, "
    "max(at) AS last FROM provided GROUP BY role, unit, ground, purpose, how "
    "ORDER BY role, unit, ground, purpose, how"
)


class Provision(Told, frozen=True, kw_only=True):
    """Who received it: a controller, on which ground, how, how often, from when to when."""

    controller: str
    ground: str
    purpose: str
    how: str
    """read; exported, as a file, by an officer of that controller; or granted by who owned it."""
    reads: int
    first: date
    last: date


async def of(
    inquiry: Inquiry,
    items: Sequence[UUID],
    hits: Sequence[Any],
    cases: Sequence[Any],
    *,
    register: bool,
) -> tuple[Provision, ...]:
    """Who received what is told of a person.

    Args:
        items: what he presented, and the purchases.
        hits, cases: rows of those that he is told of.
        register: whether he is told of the register.
    """
    rows = await inquiry.rows(_PROVIDED, {"avg": register, **_asked(items, hits, cases)})
    return tuple(map(_provision, rows))


def _asked(items: Sequence[UUID], hits: Sequence[Any], cases: Sequence[Any]) -> dict[str, Any]:
    """By what it is found who received something of the hits and cases that are told."""
    told_hits = [row.hit for row in hits]
    return {
        "all": [*items, *told_hits],
        "items": list(items),
        "hits": told_hits,
        "cases": [row.case_id for row in cases],
        "numbers": [row.number for row in cases],
        "told": list(TOLD),
        "left": list(LEFT),
        "prosecution": list(PROSECUTION),
        "granted": AccessGranted.TOPIC,
    }


def _provision(row: Any) -> Provision:
    return Provision(
        controller=_controller(row.role, row.unit),
        ground=PROVIDED if row.how == "granted" and row.role in PROSECUTION else row.ground,
        purpose=row.purpose,
        how=row.how,
        reads=row.reads,
        first=legal_date(row.first),
        last=legal_date(row.last),
    )


def _controller(role: str, unit: str) -> str:
    """Who answers for what a role does: an enforcement officer (boa) has an employer of his own."""
    controller = controllers.of_staff(role, unit)
    if controller != controllers.MUNICIPALITY:
        return controller
    code = municipalities.code_of(unit)
    found = municipalities.find(code) if code else None
    return f"{controller} {found.name if found else unit}"
