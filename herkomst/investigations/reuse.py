"""Use of what belongs to an investigation in another one (art. 9 Wpg): it takes the consent of the
authorised officer of the first.

What belongs to an investigation are the hits, the stolen items and the persons that were brought
into it first; a purchase stands in the register, which every investigation may look into. An
investigation that is not told to exist asks for no consent, because that would tell of it.
"""

from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

from psycopg.sql import SQL

from herkomst.domain.casework.case import CaseRefused
from herkomst.investigations.inquiry import Inquiry

INVESTIGATION = "wpg:9"
TOLD = ("open", "consent")
"""Handling codes of investigations whose consent may be asked."""
# A hit tells of its stolen item, so what belongs by the one belongs by the other.
_HOLDER = SQL(
    "WITH same AS (SELECT %(item)s::uuid AS id "
    "UNION SELECT stolen_item FROM {hits} WHERE hit = %(item)s "
    "UNION SELECT hit FROM {hits} WHERE stolen_item = %(item)s), "
    "holder AS (SELECT c.case_id, c.unit FROM {case_items} i JOIN {cases} c USING (case_id) "
    "WHERE i.item IN (SELECT id FROM same) AND i.kind <> 'purchase' "
    "AND c.regime = %(article)s AND c.handling = ANY(%(told)s) ORDER BY i.since, i.entry LIMIT 1) "
    "SELECT h.case_id, h.unit FROM holder h JOIN {cases} b ON b.case_id = %(case)s "
    "WHERE b.regime = %(article)s AND h.case_id <> b.case_id AND NOT EXISTS "
    "(SELECT FROM {access_requests} a WHERE a.record IN (SELECT id FROM same) "
    "AND a.of_case = h.case_id AND a.case_id = b.case_id AND a.state = 'granted' "
    "AND a.until > %(now)s)"
)


class Holder(NamedTuple):
    """The investigation that something belongs to, and the unit whose officer consents."""

    case: UUID
    unit: str


async def holder(inquiry: Inquiry, item: UUID, case: UUID) -> Holder | None:
    """The investigation without whose consent a record is not used in this case; None where none
    is needed, or it was given."""
    values = {
        "article": INVESTIGATION,
        "case": case,
        "item": item,
        "now": datetime.now(UTC),
        "told": list(TOLD),
    }
    rows = await inquiry.rows(_HOLDER, values)
    return Holder(*rows[0]) if rows else None


async def must_have_consent(inquiry: Inquiry, item: UUID, case: UUID) -> None:
    """Raises `CaseRefused` where consent is needed and was not given."""
    found = await holder(inquiry, item, case)
    if found is not None:
        raise CaseRefused(
            "consent_needed",
            f"It belongs to an investigation of {found.unit} (art. 9 Wpg).",
            "Ask its authorised officer: `requestAccess(of:)`, with this case as the purpose.",
        )
