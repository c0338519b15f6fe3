"""GraphQL over HTTP: one question a request, as JSON, answered once the journal has it.

It follows the draft "GraphQL over HTTP". What is stored is asked by POST alone: in a URL a question
would stand in the logs of every proxy. By GET only the schema tells of itself. Batches are refused,
because one request is one operation of the journal.
"""

import logging
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any, NamedTuple

import anyio
import msgspec
from graphql import ExecutionResult, OperationType
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from herkomst.access.asking import ask
from herkomst.access.reading import Question, Returned, read
from herkomst.access.viewer import Reading
from herkomst.graphql import answers
from herkomst.graphql.answers import EVENTS, GRAPHQL_JSON, JSON
from herkomst.graphql.context import Context
from herkomst.graphql.limits import Cost
from herkomst.graphql.operations import (
    Asked,
    Operation,
    OperationRefused,
    Operations,
    fail_with,
)
from herkomst.graphql.schema import Schema
from herkomst.graphql.streams import Push, Stream, Streams
from herkomst.investigations import freshness
from herkomst.investigations.acting import refused
from herkomst.investigations.inquiry import Desk, Inquiry

log = logging.getLogger(__name__)

BODY_LIMIT = 1024 * 1024


PATIENCE = 30.0
"""Seconds that a client of a stream may take nothing."""
LINGERING = 0.5
"""Seconds for which what is too large is still taken, and dropped: who is cut off while he sends
reads no answer."""
_SIGN_OF_LIFE = b":\n\n"
_COMPLETE = b"event: complete\ndata:\n\n"


class BodyTooLarge(Exception):
    """The body is larger than a question may be."""

    code = "body_too_large"
    message = f"The body is larger than {BODY_LIMIT} bytes."
    cure = "Ask for less at once."


class WrongMediaType(Exception):
    """The body is of another type than questions are."""

    code = "media_type"
    message = "The body is not application/json."
    cure = "Send `Content-Type: application/json`."


class Unreadable(Exception):
    """The request is no question."""

    code = "request_invalid"
    cure = 'Send one JSON object, such as {"query": "{ hits(first: 10) { nodes { id } } }"}.'

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class OnlyByPost(Exception):
    """A question about what is stored, in a URL."""

    code = "only_by_post"
    message = "What is stored is not asked by GET: questions would stand in the logs of proxies."
    cure = "Send it by POST, as application/json."


class OnlyAsStream(Exception):
    """A subscription that was asked for as one answer."""

    code = "only_as_stream"
    message = "A subscription comes as a stream."
    cure = f"Send `Accept: {EVENTS}`, or ask over a websocket with graphql-transport-ws."


class Outcome(NamedTuple):
    """What an operation came to, and as of when."""

    result: ExecutionResult
    positions: dict[str, int]
    as_of: datetime | None


_decode = msgspec.json.Decoder(Asked).decode
_decode_map = msgspec.json.Decoder(dict[str, Any] | None).decode


class Endpoint:
    """Answers questions over one schema."""

    def __init__(self, operations: Operations, streams: Streams) -> None:
        self._schema = streams.schema
        self._streams = streams
        self._operations = operations

    async def answer(self, request: Request) -> Response:
        """Raises what `app.problems` translates, after which the cost is told too."""
        request.state.told = answers.told_cost(Cost())
        headers = await ask(request)
        asked = _asked_by_get(request) if _is_get(request) else await _asked(request)
        media = answers.media_of(request.headers.get("accept", ""))
        try:
            operation = self._operations.prepare(asked)
            request.state.told = answers.told_cost(operation.cost)
            _must_be_askable(request, asked, operation)
            named = freshness.parse_wait_for(headers.wait_for)
            await freshness.wait(request.state.desk, named)
            if operation.kind is OperationType.SUBSCRIPTION:
                return Events(_pushed(await self._streams.open(request, operation)))
        except OperationRefused as refused:
            body = answers.refusal(request, refused.errors, refused.cost)
            plain = media == JSON and not refused.too_much
            return _response(media, body, 200 if plain else 400)
        return await self._answered(request, media, operation, headers.reading, named)

    async def _answered(
        self,
        request: Request,
        media: str,
        operation: Operation,
        reading: Reading,
        named: Mapping[str, int],
    ) -> Response:
        desk: Desk = request.state.desk
        question = Question(operation.text, operation.variables, "graphql")
        execute = partial(executed, self._schema, desk, reading, question, operation, named)
        answer = await read(desk.archive, reading, question, execute)
        outcome = answer.value
        response = _response(
            media, answers.result_body(request, outcome.result, operation.cost), 200
        )
        response.headers["Herkomst-Journal"] = str(answer.journal)
        if outcome.positions:
            response.headers["Herkomst-Position"] = freshness.as_header(outcome.positions)
        if outcome.as_of is not None:
            as_of = outcome.as_of.astimezone(UTC).isoformat(timespec="seconds")
            response.headers["Herkomst-As-Of"] = as_of
        return response


async def executed(
    schema: Schema,
    desk: Desk,
    reading: Reading,
    question: Question,
    operation: Operation,
    named: Mapping[str, int],
    returned: Returned,
) -> Outcome:
    """What an operation comes to over one inquiry, which may have been asked to wait for `named`.

    Raises one of `UNAVAILABLE`.
    """
    async with Inquiry(desk, returned, reading.case) as inquiry:
        context = Context(desk, reading, question, inquiry)
        result = await operation.execute(schema, context)
        fail_with(result)
    for code in context.refused:
        await refused(desk, reading, question, code)
    if context.counts:
        returned.count(tuple(context.counts), answers.encode(result.data))
    positions = freshness.told(inquiry.positions, named, inquiry.told)
    if context.casework:
        positions["casework"] = context.casework
    return Outcome(result, positions, inquiry.as_of)


def _is_get(request: Request) -> bool:
    return request.method in ("GET", "HEAD")


def _must_be_askable(request: Request, asked: Asked, operation: Operation) -> None:
    """Raises `OnlyByPost`, `OnlyAsStream`.

    By GET a trusted document may be watched: its URL tells a hash and where to go on.
    """
    watches = operation.kind is OperationType.SUBSCRIPTION
    tells = operation.kind is OperationType.QUERY and operation.tells_of_schema_alone
    if _is_get(request) and not tells and not (watches and asked.document_id):
        raise OnlyByPost
    if watches and EVENTS not in answers.accepted(request.headers.get("accept", "")):
        raise OnlyAsStream


async def _asked(request: Request) -> Asked:
    """The question of a request. Raises `WrongMediaType`, `BodyTooLarge`, `Unreadable`."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != JSON:
        raise WrongMediaType
    declared = request.headers.get("content-length", "0")
    parts, body = request.stream(), bytearray()
    if declared.isascii() and declared.isdigit() and len(declared) <= 18:
        await _must_fit(int(declared), parts)
    async for part in parts:
        await _must_fit(len(body) + len(part), parts)
        body += part
    return parse(body)


async def _must_fit(size: int, rest: AsyncIterator[bytes]) -> None:
    """Raises `BodyTooLarge`, when the rest was taken or the patience for it is over."""
    if size > BODY_LIMIT:
        with anyio.move_on_after(LINGERING):
            async for _ in rest:
                pass
        raise BodyTooLarge


def parse(body: bytes | bytearray) -> Asked:
    """A question of its JSON. Raises `Unreadable`."""
    if body.lstrip()[:1] == b"[":
        raise Unreadable("Several questions in one request are refused.")
    try:
        asked = _decode(body)
    except (msgspec.DecodeError, RecursionError, ValueError) as error:
        raise Unreadable(f"The body cannot be read: {error}.") from None
    return whole(asked)


def whole(asked: Asked) -> Asked:
    """The same question, if it is one. Raises `Unreadable`."""
    if asked.document_id is not None and asked.query is not None:
        raise Unreadable("It has both a `documentId` and a `query`.")
    if asked.document_id is None and not (asked.query or "").strip():
        raise Unreadable("The question is empty.")
    return asked


def _asked_by_get(request: Request) -> Asked:
    """The question of a URL. Raises `Unreadable`."""
    sent: QueryParams = request.query_params
    try:
        return whole(
            Asked(
                query=sent.get("query"),
                document_id=sent.get("documentId"),
                operation_name=sent.get("operationName"),
                variables=_decode_map(sent.get("variables") or "null"),
                extensions=_decode_map(sent.get("extensions") or "null"),
            )
        )
    except (msgspec.DecodeError, RecursionError, ValueError) as error:
        raise Unreadable(f"The URL cannot be read: {error}.") from None


def _response(media: str, body: Any, status: int) -> Response:
    if media != EVENTS:
        return Response(answers.encode(body), status, media_type=f"{media}; charset=utf-8")
    if status != 200:  # No stream was begun, so a refusal is told as a result.
        return _response(GRAPHQL_JSON, body, status)
    return Response(_event(body) + _COMPLETE, status, media_type=EVENTS)


class Events(StreamingResponse):
    """Server-sent events, broken off where a client takes nothing any more."""

    def __init__(self, events: AsyncIterator[bytes]) -> None:
        super().__init__(events, media_type=EVENTS, headers={"X-Accel-Buffering": "no"})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def in_time(message: Message) -> None:
            with anyio.fail_after(PATIENCE):
                await send(message)

        try:
            await super().__call__(scope, receive, in_time)
        except* TimeoutError:
            log.info("a stream was given up: its client took nothing for %s seconds", PATIENCE)


async def _pushed(stream: Stream) -> AsyncIterator[bytes]:
    """The events of a stream, in the distinct connections mode of graphql-sse."""
    try:
        async for push in stream.pushes():
            yield _SIGN_OF_LIFE if push is None else _event_of(push)
    except Exception as error:
        if not answers.is_told(error):
            raise
        yield _event({"errors": [answers.told_end(error)]})
    yield _COMPLETE


def _event_of(push: Push) -> bytes:
    return b"id: %d\n%b" % (push.after, _event(push.body))


def _event(body: Any) -> bytes:
    return b"event: next\ndata: %b\n\n" % answers.encode(body)
