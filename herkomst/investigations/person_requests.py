"""The request of a person: what is held on me, by whom, and who received it (art. 15 AVG, 25 Wpg).

The answer is made of what the person may know of, and of words that everybody is told: whether
something else is held for an investigation is neither told nor denied. So it is the same, to the
byte, whether there is such an investigation or not. What is kept beyond the term of the register is
not told as the register's; why it is kept is for the officer alone (`clocks`).
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache, partial
from hashlib import sha256
from typing import Any, Literal, NamedTuple
from uuid import UUID

import msgspec
from anyio import to_thread
from psycopg.sql import SQL

from herkomst.access.policy import Action, Permitted
from herkomst.access.reading import Answer, Question
from herkomst.domain import clocks, ids
from herkomst.domain.calendar import add_term, legal_date, legal_today, start_of
from herkomst.domain.casework import reasons, rights
from herkomst.domain.casework.rights import Outcome, Request, RequestRefused, Right, Through
from herkomst.domain.events import EventData
from herkomst.domain.persons import normal_document
from herkomst.domain.register.records import Document, Seller
from herkomst.domain.tables import rows as table
from herkomst.investigations import presentations, provisions, retention
from herkomst.investigations.acting import in_casework, standpoint
from herkomst.investigations.goods import Told
from herkomst.investigations.inquiry import Desk, Inquiry
from herkomst.investigations.pages import Page, Slice
from herkomst.investigations.presentations import Identity
from herkomst.investigations.provisions import Provision
from herkomst.investigations.retention import Clock
from herkomst.record import rights as record
from herkomst.record.casework import Seal
from herkomst.record.vault import DataKey

LIST = "person_requests"
MOST = 100
"""Identities that one document may stand on; more is a document that many were given."""
_decode_names = msgspec.json.Decoder(tuple[str, ...]).decode
_encode = msgspec.json.Encoder(order="sorted").encode
_PAGE = SQL(
    "SELECT * FROM {person_requests} WHERE revision < %(before)s AND {asked} "
    "ORDER BY revision DESC LIMIT %(limit)s"
)
_OPEN = SQL("outcome IS NULL")
_ONE = SQL("SELECT * FROM {person_requests} WHERE request = %(request)s")
_BY_DOCUMENT = SQL(
    "SELECT presentation FROM {presentations} WHERE document_token = %(token)s "
    "ORDER BY presentation LIMIT %(limit)s"
)
_BY_SALE = SQL(
    "SELECT presentation FROM {presentations} WHERE presentation = %(presentation)s "
    "AND state <> 'erased'"
)
_REGISTER = SQL(
    "SELECT n.presentation, n.purchase, n.source, n.key, n.shown, n.sealed, n.since, "
    "p.dealer_key, p.register_number, d.name AS dealer FROM {presentations} n "
    "JOIN {purchases} p ON p.purchase = n.purchase LEFT JOIN {dealers} d ON d.dealer = p.dealer "
    "WHERE n.presentation = ANY(%(found)s) AND n.state <> 'erased' AND n.since >= %(kept)s "
    "ORDER BY n.since, n.presentation"
)
# Of a hit and of a case only what they are themselves decides: that something else is being looked
# into must change no word of the answer.
_HITS = SQL(
    "SELECT h.hit, h.grade, h.state, h.found_at, h.purchase_source, h.purchase_key FROM {hits} h "
    "JOIN {stolen_items} s ON s.stolen_item = h.stolen_item "
    "WHERE h.purchase = ANY(%(purchases)s) AND h.state IN ('rejected', 'closed') "
    "AND s.handling = 'open' ORDER BY h.found_at, h.hit"
)
_CASES = SQL(
    "SELECT DISTINCT c.case_id, c.number, c.controller, c.regime, c.unit, c.closed_at, i.kind, "
    "i.category, i.since FROM {case_items} i JOIN {cases} c ON c.case_id = i.case_id "
    "WHERE i.item = ANY(%(items)s) AND c.state = 'closed' AND c.handling = 'open' "
    "AND NOT EXISTS (SELECT FROM {keepings} k WHERE k.key_id = c.case_id) "
    "ORDER BY c.number, i.kind, i.since"
)


class PersonRequest(Told, frozen=True, kw_only=True):
    """A request of a person, as far as it is."""

    id: UUID
    rights: tuple[str, ...]
    received: date
    due: date
    overdue: bool
    checked: bool
    about: str | None
    """Who asks, and where the answer goes; None once it was destroyed."""
    identities: tuple[UUID, ...]
    outcome: str | None
    why: str | None
    answered_at: datetime | None
    revision: int


class HeldPart(Told, frozen=True, kw_only=True):
    """Something that one controller holds on the person."""

    controller: str
    regime: str
    ground: str
    kind: Literal["register", "hit", "case"]
    name: str
    what: tuple[str, ...]
    """Which facts, in words."""
    identity: Identity | None
    """What was presented, of the register."""
    since: date
    until: date | None
    """Last day on which it is kept for this; None where that hangs on something to come."""


class HeldRefusal(Told, frozen=True, kw_only=True):
    """What is not told, and on which ground."""

    right: str
    controller: str
    ground: str
    text: str
    source: str


class PersonAnswer(Told, frozen=True, kw_only=True):
    """What the person is told."""

    parts: tuple[HeldPart, ...]
    provided: tuple[Provision, ...]
    refusals: tuple[HeldRefusal, ...]

    @property
    def digest(self) -> str:
        """SHA-256 over all of it."""
        return sha256(_encode([self.parts, self.provided, self.refusals])).hexdigest()


class RequestDone(NamedTuple):
    """What was done in a request, how many identities it stands on, and where that is."""

    id: UUID
    found: int
    position: int


async def page(
    permitted: Permitted, inquiry: Inquiry, wanted: Page, *, unanswered: bool = False
) -> Slice[PersonRequest]:
    """A page of requests, the one that changed last first."""
    permitted.must_be(Action.HANDLE_PERSON_REQUEST)
    values = {"before": wanted.before, "limit": wanted.first + 1}
    asked = [_OPEN] if unanswered else []
    rows = await inquiry.rows(_PAGE, values, asked)
    items = await _told(inquiry, rows[: wanted.first])
    count = inquiry.counting(_PAGE, values, asked)
    return inquiry.cursors.slice(LIST, wanted, items, len(rows), count)


async def one(permitted: Permitted, inquiry: Inquiry, request: UUID) -> PersonRequest | None:
    """One of them, or None where there is none."""
    permitted.must_be(Action.HANDLE_PERSON_REQUEST)
    rows = await inquiry.rows(_ONE, {"request": request})
    told = await _told(inquiry, rows)
    return told[0] if told else None


async def _told(inquiry: Inquiry, rows: Sequence[Any]) -> list[PersonRequest]:
    keys = await inquiry.keys([row.request for row in rows])
    for row in rows:
        inquiry.returned.add("person_request", row.request)
    return [_request(row, keys.get(row.request)) for row in rows]


def _request(row: Any, key: DataKey | None) -> PersonRequest:
    return PersonRequest(
        id=row.request,
        rights=_decode_names(row.rights),
        received=row.received,
        due=row.due,
        overdue=row.outcome is None and row.due < legal_today(),
        checked=row.checked,
        about=_text(key, row.about),
        identities=tuple(UUID(hex=each) for each in _decode_names(row.identities)),
        outcome=row.outcome,
        why=_text(key, row.answer),
        answered_at=row.answered_at,
        revision=row.revision,
    )


def _text(key: DataKey | None, sealed: bytes | None) -> str | None:
    return None if key is None or sealed is None else key.open(sealed).decode()


async def clocks_of(
    permitted: Permitted, inquiry: Inquiry, request: PersonRequest, on: date | None
) -> list[Clock]:
    """What the clocks of this person's identities say of a day, and what blocks destruction."""
    return await retention.clocks_of(permitted, inquiry, request.identities, on)


async def answer_of(permitted: Permitted, inquiry: Inquiry, request: PersonRequest) -> PersonAnswer:
    """What the person is told as of now; of who was not seen to be the person, nothing."""
    permitted.must_be(Action.HANDLE_PERSON_REQUEST)
    found = list(request.identities) if request.checked else []
    purchases = [ids.purchase_of(each) for each in found]
    items = [*found, *purchases]
    kept = {"found": found, "kept": _kept_since(legal_today())}
    register = await inquiry.rows(_REGISTER, kept)
    keys = await inquiry.keys([row.purchase for row in register])
    hits = await inquiry.rows(_HITS, {"purchases": purchases})
    cases = await inquiry.rows(_CASES, {"items": items})
    avg, wpg = (right in request.rights for right in ("avg:15", "wpg:25"))
    of_police = (hits, cases) if wpg else ((), ())
    provided = await provisions.of(inquiry, items, *of_police, register=avg)
    held = [_in_register(inquiry, row, keys.get(row.purchase)) for row in register if avg]
    return PersonAnswer(
        parts=(*held, *map(_as_hit, hits if wpg else ()), *map(_in_case, cases if wpg else ())),
        provided=provided,
        refusals=tuple(r for r in refusals(legal_today()) if r.right in request.rights),
    )


def _kept_since(today: date) -> datetime:
    """Where the register begins that is not over its term."""
    last = clocks.shortest("identity", "avg", today)
    return start_of(date(1900, 1, 2) if last is None else last + timedelta(1))


def _in_register(inquiry: Inquiry, row: Any, key: DataKey | None) -> HeldPart:
    begun = legal_date(row.since)
    return HeldPart(
        controller=row.dealer or f"dealer {row.source}:{row.dealer_key}",
        regime="avg",
        ground="sr:437",
        kind="register",
        name=f"purchase {row.source}:{row.key}, number {row.register_number}",
        what=tuple(row.shown.split(",")) if row.shown else (),
        identity=None if key is None else presentations.identity_of(inquiry, row, key),
        since=begun,
        until=_until(begun),
    )


def _until(begun: date) -> date | None:
    term = next(iter(clocks.clocks_of("identity", "avg", legal_today())), None)
    return None if term is None else add_term(begun, term.length, term.unit) - timedelta(1)


def _as_hit(row: Any) -> HeldPart:
    return HeldPart(
        controller="politie",
        regime="wpg:8",
        ground="wpg:8",
        kind="hit",
        name=f"signal on purchase {row.purchase_source}:{row.purchase_key}",
        what=(row.grade, row.state),
        identity=None,
        since=legal_date(row.found_at),
        until=None,
    )


def _in_case(row: Any) -> HeldPart:
    return HeldPart(
        controller=row.controller,
        regime=row.regime,
        ground=row.regime,
        kind="case",
        name=f"case {row.number}",
        what=tuple(each for each in (row.kind, row.category, row.unit) if each),
        identity=None,
        since=legal_date(row.since),
        until=None,
    )


@lru_cache(maxsize=8)
def refusals(on: date) -> tuple[HeldRefusal, ...]:
    """The words that everybody is told, on a day, of what is not told."""
    today = on.isoformat()
    return tuple(
        HeldRefusal(**{name: row[name] for name in HeldRefusal.__struct_fields__})
        for row in table("refusals")
        if row["valid_from"] <= today and (not row["valid_to"] or today <= row["valid_to"])
    )


# What the officer does


async def receive(
    permitted: Permitted,
    desk: Desk,
    question: Question,
    about: str,
    asked: Sequence[Right],
    on: date,
) -> Answer[RequestDone]:
    """Take in what a person asked. Raises `RequestRefused`, `JournalUnavailable`."""
    permitted.must_be(Action.HANDLE_PERSON_REQUEST)
    rights.due_of(asked, on)
    by = standpoint(permitted)
    receiving = partial(record.receive, desk.archive.casework, about, asked, on, legal_today(), by)

    async def acted() -> RequestDone:
        request, position = await to_thread.run_sync(receiving)
        return RequestDone(request, 0, position)

    return await in_casework(desk, permitted.reading, question, acted)


async def check(
    permitted: Permitted, desk: Desk, question: Question, request: UUID, how: str
) -> Answer[RequestDone]:
    """Say how who asks was seen to be the person. Raises `RequestRefused`, `JournalUnavailable`."""
    by = standpoint(permitted).actor
    return await _act(permitted, desk, question, request, [lambda r, seal: r.check(seal(how), by)])


async def extend(
    permitted: Permitted, desk: Desk, question: Question, request: UUID, why: str
) -> Answer[RequestDone]:
    """Take longer, once. Raises `RequestRefused`, `JournalUnavailable`."""
    by = standpoint(permitted).actor

    def extended(state: Request, seal: Seal) -> EventData:
        return state.extend(seal(reasons.said(why)), by, legal_today())

    return await _act(permitted, desk, question, request, [extended])


async def find_by_document(
    permitted: Permitted,
    inquiry: Inquiry,
    desk: Desk,
    question: Question,
    request: UUID,
    document: Document,
) -> Answer[RequestDone]:
    """Find what was presented with a document. Raises `RequestRefused`, `JournalUnavailable`."""
    form = normal_document(Seller(family_name="-", document=document))
    token = inquiry.token(f"document:{form}")
    found = await inquiry.rows(_BY_DOCUMENT, {"token": token, "limit": MOST + 1})
    if not found or form is None:
        raise RequestRefused(
            "nobody_found", "Nothing was presented with this document.", "Find it by a sale."
        )
    if len(found) > MOST:
        raise RequestRefused(
            "too_many", f"It was presented more than {MOST} times.", "Find each by its sale."
        )
    identities = [row.presentation for row in found]
    return await _find(permitted, inquiry, desk, question, request, identities, "document")


async def find_by_sale(
    permitted: Permitted,
    inquiry: Inquiry,
    desk: Desk,
    question: Question,
    request: UUID,
    source: str,
    key: str,
) -> Answer[RequestDone]:
    """Find what was presented with one purchase, by what its source calls it.

    Raises `RequestRefused`, `JournalUnavailable`.
    """
    presentation = ids.presentation_id(ids.purchase_id(source, key))
    if not await inquiry.rows(_BY_SALE, {"presentation": presentation}):
        raise RequestRefused(
            "nobody_found", f"With {source}:{key} nothing was presented.", "Name the purchase."
        )
    return await _find(permitted, inquiry, desk, question, request, [presentation], "seller")


async def _find(
    permitted: Permitted,
    inquiry: Inquiry,
    desk: Desk,
    question: Question,
    request: UUID,
    found: Sequence[UUID],
    through: Through,
) -> Answer[RequestDone]:
    by = standpoint(permitted).actor
    rows = await inquiry.rows(_ONE, {"request": request})
    known = set(_decode_names(rows[0].identities)) if rows else set[str]()
    fresh = [each.hex for each in found if each.hex not in known] or [found[0].hex]
    acts: list[record.Act] = [partial(_found, each, through, by) for each in fresh]
    return await _act(permitted, desk, question, request, acts)


def _found(presentation: str, through: Through, by: str, state: Request, _: Seal) -> EventData:
    return state.find(presentation, through, by)


async def answer(
    permitted: Permitted,
    inquiry: Inquiry,
    desk: Desk,
    question: Question,
    request: UUID,
    outcome: Outcome,
    why: str,
) -> Answer[RequestDone]:
    """Say that the person was answered, with a digest of what was told.

    Raises `RequestRefused`, `JournalUnavailable`.
    """
    by = standpoint(permitted).actor
    asked = await one(permitted, inquiry, request)
    digest = None
    if outcome == "told" and asked is not None:
        digest = (await answer_of(permitted, inquiry, asked)).digest

    def answered(state: Request, seal: Seal) -> EventData:
        return state.answer(outcome, seal(reasons.said(why)), digest, by)

    return await _act(permitted, desk, question, request, [answered])


async def _act(
    permitted: Permitted,
    desk: Desk,
    question: Question,
    request: UUID,
    acts: Sequence[record.Act],
) -> Answer[RequestDone]:
    permitted.must_be(Action.HANDLE_PERSON_REQUEST)
    by, casework = standpoint(permitted), desk.archive.casework

    def done() -> int:
        return [record.act_on(casework, request, act, by) for act in acts][-1]

    async def acted() -> RequestDone:
        return RequestDone(request, len(acts), await to_thread.run_sync(done))

    return await in_casework(desk, permitted.reading, question, acted)
