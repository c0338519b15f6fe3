"""GraphQL over HTTP: one question a request, as JSON, answered once the journal has it.

It follows the draft "GraphQL over HTTP". Questions come by POST alone: in a URL they would stand in
the logs of every proxy. Batches are refused, because one request is one operation of the journal.
"""

import logging
from typing import Any, NamedTuple

import msgspec
from graphql import GraphQLError
from starlette.requests import Request
from starlette.responses import Response
from strawberry.schema.exceptions import CannotGetOperationTypeError
from strawberry.types import ExecutionResult
from strawberry.types.execution import PreExecutionError

from herkomst.access.asking import ask
from herkomst.access.reading import JournalUnavailable, Question, Returned, read
from herkomst.graphql.context import Context
from herkomst.graphql.schema import Schema
from herkomst.investigations import freshness
from herkomst.investigations.inquiry import Desk, Inquiry, TooSlow
from herkomst.projections.registry import ModelMissing
from herkomst.record.database import DatabaseDown
from herkomst.settings import Settings

log = logging.getLogger(__name__)

BODY_LIMIT = 1024 * 1024
JSON = "application/json"
GRAPHQL_JSON = "application/graphql-response+json"
UNAVAILABLE = (JournalUnavailable, DatabaseDown, ModelMissing, TooSlow)
"""What fails the whole request: half an answer is none."""


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
    """The body is no question."""

    code = "request_invalid"
    cure = 'Send one JSON object, such as {"query": "{ hits(first: 10) { nodes { id } } }"}.'

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class NotExecuted(Exception):
    """The question was refused before anything was read, so nothing is journaled."""

    def __init__(self, result: ExecutionResult) -> None:
        super().__init__("not executed")
        self.result = result


class Asked(msgspec.Struct, rename="camel"):
    """The body of a request."""

    query: str
    operation_name: str | None = None
    variables: dict[str, Any] | None = None
    extensions: dict[str, Any] | None = None


class Outcome(NamedTuple):
    """What an operation came to, and as of when."""

    result: ExecutionResult
    positions: dict[str, int]


_decode = msgspec.json.Decoder(Asked).decode
_encode = msgspec.json.Encoder().encode


class Endpoint:
    """Answers questions over one schema."""

    def __init__(self, schema: Schema, settings: Settings) -> None:
        self._schema = schema
        self._settings = settings

    async def answer(self, request: Request) -> Response:
        desk: Desk = request.state.desk
        headers = await ask(request, self._settings)
        asked = await _asked(request)
        wanted = freshness.parse_wait_for(headers.wait_for)
        await freshness.wait(desk, wanted)
        question = Question(asked.query, asked.variables or {}, "graphql")

        async def execute(returned: Returned) -> Outcome:
            async with Inquiry(desk, returned) as inquiry:
                context = Context(desk, headers.reading, question, inquiry)
                return await self._execute(asked, context)

        try:
            answer = await read(desk.archive, headers.reading, question, execute)
        except NotExecuted as refused:
            return _response(request, refused.result, 400)
        response = _response(request, answer.value.result, 200)
        response.headers["Herkomst-Journal"] = str(answer.journal)
        if answer.value.positions:
            response.headers["Herkomst-Position"] = freshness.as_header(answer.value.positions)
        return response

    async def _execute(self, asked: Asked, context: Context) -> Outcome:
        try:
            result = await self._schema.execute(
                asked.query,
                variable_values=asked.variables,
                operation_name=asked.operation_name,
                context_value=context,
            )
        except CannotGetOperationTypeError as error:
            unknown = GraphQLError(error.as_http_error_reason())
            raise NotExecuted(ExecutionResult(data=None, errors=[unknown])) from error
        if isinstance(result, PreExecutionError):
            raise NotExecuted(result)
        for failed in result.errors or ():
            if isinstance(failed.original_error, UNAVAILABLE):
                raise failed.original_error
        positions = dict(context.inquiry.positions)
        if context.casework:
            positions["casework"] = context.casework
        return Outcome(result, positions)


async def _asked(request: Request) -> Asked:
    """The question of a request. Raises `WrongMediaType`, `BodyTooLarge`, `Unreadable`."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != JSON:
        raise WrongMediaType
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > BODY_LIMIT:
            raise BodyTooLarge
    if body.lstrip()[:1] == b"[":
        raise Unreadable("Several questions in one request are refused.")
    try:
        asked = _decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise Unreadable(f"The body cannot be read: {error}.") from None
    if not asked.query.strip():
        raise Unreadable("The question is empty.")
    return asked


def _response(request: Request, result: ExecutionResult, status: int) -> Response:
    """The result as JSON. A client that takes only plain JSON learns of refusals by the body."""
    modern = GRAPHQL_JSON in request.headers.get("accept", "")
    body: dict[str, Any] = {}
    if status == 200:
        body["data"] = result.data
    if result.errors:
        body["errors"] = [_told(error) for error in result.errors]
    if result.extensions:
        body["extensions"] = result.extensions
    return Response(
        _encode(body),
        status if modern else 200,
        media_type=f"{GRAPHQL_JSON if modern else JSON}; charset=utf-8",
    )


def _told(error: GraphQLError) -> Any:
    """What a client may know of an error: its own faults; the rest is logged and masked."""
    original = error.original_error
    if original is None or isinstance(original, GraphQLError):
        return error.formatted
    log.error("a field failed: %s", error.path, exc_info=original)
    return {
        "message": "Something unexpected went wrong; it was logged.",
        "path": error.path,
        "extensions": {"code": "internal"},
    }
