"""Trails on paper over HTTP: asked by POST, because in a URL what is looked at would stand in the
logs of every proxy."""

from datetime import UTC, datetime
from functools import partial
from typing import Literal

import msgspec
from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response

from herkomst.access.asking import ask
from herkomst.access.policy import Action, NotPermitted, permit
from herkomst.access.reading import Question, Returned, read
from herkomst.graphql.endpoint import BODY_LIMIT, BodyTooLarge, WrongMediaType
from herkomst.investigations import freshness, printing
from herkomst.investigations.acting import refused
from herkomst.investigations.inquiry import Desk, Inquiry
from herkomst.investigations.printing import Stamp, printed
from herkomst.investigations.trail import Narrowed, Trail
from herkomst.investigations.wording import Language

Kind = Literal[
    "purchase",
    "presentation",
    "stolen_item",
    "hit",
    "case",
    "reveal",
    "request",
    "keeping",
    "hold",
    "read",
]


class PrintRefused(Exception):
    """A request to print that is none."""

    code = "request_invalid"
    cure = 'Send one JSON object, such as {"of": "ID", "language": "nl"}.'

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class Printing(msgspec.Struct, forbid_unknown_fields=True):
    """What is to be printed: as `trail` of GraphQL takes it, and in which language."""

    of: str
    kinds: list[Kind] | None = None
    topics: list[str] | None = None
    actor: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    language: Language = "nl"

    @property
    def narrowed(self) -> Narrowed:
        since, until = _with_offset(self.since), _with_offset(self.until)
        return Narrowed(self.kinds, self.topics, self.actor, since, until)


_decode = msgspec.json.Decoder(Printing).decode


async def print_trail(request: Request) -> Response:
    """The trail of a record as PDF, journaled before its first byte; its journal number stands on
    every page. Raises what `app.problems` translates."""
    headers = await ask(request)
    asked = await _asked(request)
    desk: Desk = request.state.desk
    question = Question("print trail", msgspec.to_builtins(asked), "export")
    try:
        permitted = permit(headers.reading, Action.EXPORT_TRAIL)
    except NotPermitted as error:
        await refused(desk, headers.reading, question, error.code)
        raise
    await freshness.wait(desk, freshness.parse_wait_for(headers.wait_for))
    at = datetime.now(UTC)

    async def execute(returned: Returned) -> Trail:
        async with Inquiry(desk, returned) as inquiry:
            return await printing.whole(permitted, inquiry, asked.of, asked.narrowed)

    answer = await read(desk.archive, headers.reading, question, execute)
    told, stamp = answer.value, Stamp(headers.reading, at, answer.journal)
    file = await to_thread.run_sync(partial(printed, told, asked.narrowed, stamp, asked.language))
    return Response(
        file,
        media_type="application/pdf",
        headers={
            "Content-Disposition": f'attachment; filename="trail-{told.of}.pdf"',
            "Herkomst-Journal": str(answer.journal),
            "Herkomst-Position": freshness.as_header(dict(told.positions)),
        },
    )


async def _asked(request: Request) -> Printing:
    """Raises `WrongMediaType`, `BodyTooLarge`, `PrintRefused`."""
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media != "application/json":
        raise WrongMediaType
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > BODY_LIMIT:
            raise BodyTooLarge
    try:
        return _decode(body)
    except (msgspec.DecodeError, RecursionError, ValueError) as error:
        raise PrintRefused(f"The body cannot be read: {error}.") from None


def _with_offset(moment: datetime | None) -> datetime | None:
    """One without an offset is meant in UTC, as everywhere."""
    if moment is None or moment.tzinfo is not None:
        return moment
    return moment.replace(tzinfo=UTC)
