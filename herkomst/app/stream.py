"""Hits as they come: server-sent events, each journaled before it is sent.

The stream asks the policy anew for each push, ends with its token, and resumes behind the revision
that the client saw last. It begins, when none is named, with what comes from now on.
"""

from collections.abc import AsyncIterator

import anyio
import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from herkomst.access.asking import ask
from herkomst.access.authorisations import NotAuthorised
from herkomst.access.oidc import ProviderDown
from herkomst.access.policy import Action, NotPermitted, permit
from herkomst.access.purpose import PurposeRefused
from herkomst.access.reading import JournalUnavailable, Question, Returned, read
from herkomst.access.tokens import NotAuthenticated
from herkomst.investigations import freshness, hits
from herkomst.investigations.goods import Good, Withheld
from herkomst.investigations.hits import Card, PurchasedGood
from herkomst.investigations.inquiry import Desk, Inquiry, TooSlow
from herkomst.investigations.shops import Shop
from herkomst.investigations.stolen_items import StolenItem
from herkomst.projections.registry import ModelMissing
from herkomst.record.database import DatabaseDown
from herkomst.settings import Settings

AT_ONCE = 50
"""Hits of one push."""
POLL = 0.25
"""Seconds between two looks."""
HEARTBEAT = 15.0
STREAMS = 64
"""Streams that one process keeps open."""
ENDS = (
    DatabaseDown,
    JournalUnavailable,
    ModelMissing,
    NotAuthenticated,
    NotAuthorised,
    NotPermitted,
    ProviderDown,
    PurposeRefused,
    TooSlow,
)
"""What ends a stream, and is told to it by its code."""
_encode = msgspec.json.Encoder().encode


class InvalidResume(Exception):
    """The revision to resume from is none."""

    code = "resume_invalid"
    message = "The revision to resume behind is no number."
    cure = "Send the id of the last event as `Last-Event-ID`, or `?after=0` for all."


class TooManyStreams(Exception):
    """There is no room for another stream."""

    code = "too_many_streams"
    message = f"{STREAMS} streams are open already."
    cure = "Try again later, or ask for `hits` by GraphQL."


class NothingNew(Exception):
    """There is nothing to send, so there is nothing to journal."""

    def __init__(self, seen: int) -> None:
        super().__init__("nothing new")
        self.seen = seen


class HitStream:
    """Pushes hits to whoever may read them."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._open = 0

    async def answer(self, request: Request) -> Response:
        permit((await ask(request, self._settings)).reading, Action.READ_HITS)
        if self._open >= STREAMS:
            raise TooManyStreams
        after = _after(request)
        if after is None:
            after = await _position(request.state.desk)
        return StreamingResponse(
            self._events(request, after),
            media_type="text/event-stream",
            headers={"X-Accel-Buffering": "no"},
        )

    async def _events(self, request: Request, after: int) -> AsyncIterator[bytes]:
        """Hits in order, a comment when it is quiet, and at the end a word of why."""
        self._open += 1
        try:
            yield b": hits as they come\n\n"
            spoken = anyio.current_time()
            while True:
                cards, seen = await self._next(request, after)
                if cards:
                    yield b"".join([_event(card) for card in cards])
                    spoken = anyio.current_time()
                if anyio.current_time() - spoken >= HEARTBEAT:
                    yield b": still here\n\n"
                    spoken = anyio.current_time()
                if seen == after:
                    await anyio.sleep(POLL)
                after = seen
        except ENDS as error:
            code = getattr(error, "code", "ended")
            yield b'event: end\ndata: {"code":"%b"}\n\n' % str(code).encode()
        finally:
            self._open -= 1

    async def _next(self, request: Request, after: int) -> tuple[list[Card], int]:
        """What changed behind a revision, journaled, and the revision looked at so far.

        The token and the policy are asked anew each time. Raises one of `ENDS`.
        """
        desk: Desk = request.state.desk
        reading = (await ask(request, self._settings)).reading
        permitted = permit(reading, Action.READ_HITS)
        if await _position(desk) <= after:
            return [], after

        async def look(returned: Returned) -> tuple[list[Card], int]:
            async with Inquiry(desk, returned) as inquiry:
                cards, seen = await hits.changed(permitted, inquiry, after, AT_ONCE)
            if not cards:
                raise NothingNew(seen)
            return cards, seen

        try:
            question = Question("hits as they come", {"after": after}, "stream")
            return (await read(desk.archive, reading, question, look)).value
        except NothingNew as nothing:
            return [], nothing.seen


def _after(request: Request) -> int | None:
    """The revision to resume behind, if one is named. Raises `InvalidResume`."""
    named = request.headers.get("last-event-id") or request.query_params.get("after")
    if named is None:
        return None
    if not (named.isascii() and named.isdigit() and len(named) <= 18):
        raise InvalidResume
    return int(named)


async def _position(desk: Desk) -> int:
    """How far hits have come through. Raises `DatabaseDown`."""
    positions, _ = await freshness.look(desk)
    return positions.get("casework", 0)


def _event(card: Card) -> bytes:
    return b"id: %d\nevent: hit\ndata: %b\n\n" % (card.hit.revision, _encode(_told(card)))


def _told(card: Card) -> dict[str, object]:
    """A card as flat as `export hits`, with the two goods beside each other."""
    hit, stolen = card.hit, card.stolen
    return {
        "hit": hit.id,
        "revision": hit.revision,
        "grade": hit.grade,
        "score": hit.score,
        "state": hit.state,
        "time": hit.time,
        "why": hit.why,
        "decided_by": hit.decided_by,
        "found_at": hit.found_at,
        "reasons": hit.reasons,
        "against": hit.against,
        "purchase": _bought(card.purchase, card.shop),
        "stolen": {"withheld": stolen} if isinstance(stolen, Withheld) else _stolen(stolen),
    }


def _bought(purchase: PurchasedGood, shop: Shop | None) -> dict[str, object]:
    good = purchase.good
    return {
        "id": purchase.purchase_id,
        "source": purchase.source,
        "key": purchase.key,
        "line": purchase.line,
        "register_number": purchase.register_number,
        "acquired": purchase.acquired,
        "mode": purchase.mode,
        "marks": purchase.marks,
        **(_described(good) | {"price": good.price} if good else {}),
        "dealer": shop.dealer_name if shop else None,
        "establishment": shop.name if shop else None,
        "municipality": shop.municipality if shop else None,
    }


def _stolen(item: StolenItem) -> dict[str, object]:
    return {
        "id": item.id,
        "source": item.source,
        "key": item.key,
        "report": item.report,
        "status": item.status,
        "stolen": item.stolen,
        "reported": item.reported,
        "municipality": item.municipality,
        **_described(item.good),
    }


def _described(good: Good) -> dict[str, object]:
    names = ("kind", "brand", "model", "description", "colours", "identifiers", "attributes")
    return {name: getattr(good, name) for name in names}
