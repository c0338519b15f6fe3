"""Records of any kind by their ids alone: ids of different kinds never collide."""

from collections.abc import Awaitable, Callable
from typing import NamedTuple
from uuid import UUID

from psycopg.sql import SQL

from herkomst.access import policy
from herkomst.access.policy import Action, Permitted
from herkomst.access.viewer import Reading
from herkomst.investigations import (
    cases,
    dealers,
    hits,
    presentations,
    purchases,
    stolen_items,
)
from herkomst.investigations.cases import Case
from herkomst.investigations.inquiry import Inquiry

_KIND = SQL(
    "SELECT 'hit' AS kind FROM {hits} WHERE hit = %(id)s "
    "UNION ALL SELECT 'purchase' FROM {purchases} WHERE purchase = %(id)s "
    "UNION ALL SELECT 'stolen_item' FROM {stolen_items} WHERE stolen_item = %(id)s "
    "UNION ALL SELECT 'dealer' FROM {dealers} WHERE dealer = %(id)s "
    "UNION ALL SELECT 'establishment' FROM {establishments} WHERE establishment = %(id)s "
    "UNION ALL SELECT 'presentation' FROM {presentations} WHERE presentation = %(id)s "
    "UNION ALL SELECT 'case' FROM {cases} WHERE case_id = %(id)s"
)


class _Way(NamedTuple):
    """How a kind of record is read, and what must be allowed for it."""

    action: Action
    one: Callable[[Permitted, Inquiry, UUID], Awaitable[object]]


async def _case(permitted: Permitted, inquiry: Inquiry, case: UUID) -> Case | None:
    return await cases.one(permitted, inquiry, case=case)


_WAYS = {
    "hit": _Way(Action.READ_HITS, hits.one),
    "purchase": _Way(Action.READ_PURCHASES, purchases.one),
    "stolen_item": _Way(Action.READ_STOLEN_ITEMS, stolen_items.one),
    "dealer": _Way(Action.READ_DEALERS, dealers.one),
    "establishment": _Way(Action.READ_DEALERS, dealers.establishment),
    "presentation": _Way(Action.READ_PRESENTATIONS, presentations.one),
    "case": _Way(Action.READ_CASES, _case),
}


async def one(reading: Reading, inquiry: Inquiry, identity: UUID) -> object | None:
    """A record, or None: where there is none, and in the same way where none may be known of."""
    inquiry.returned.seek(identity)
    kinds = await inquiry.rows(_KIND, {"id": identity})
    if not kinds:
        return None
    way = _WAYS[kinds[0].kind]
    if not policy.allows(reading, way.action):
        return None
    return await way.one(policy.permit(reading, way.action), inquiry, identity)
