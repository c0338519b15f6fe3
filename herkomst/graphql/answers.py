"""Answers: results as JSON, the media type that they come in, and what is told of an error."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from graphql import ExecutionResult, GraphQLError
from starlette.requests import HTTPConnection

from herkomst.graphql.limits import Cost

log = logging.getLogger(__name__)

JSON = "application/json"
GRAPHQL_JSON = "application/graphql-response+json"
EVENTS = "text/event-stream"
_BY_PREFERENCE = (GRAPHQL_JSON, JSON, EVENTS)
encode = msgspec.json.Encoder().encode


def media_of(accept: str) -> str:
    """The media type of an answer, by the `Accept` of its request.

    Who takes anything, or what we have not, is given plain JSON, as the draft allows.
    """
    weights = accepted(accept)
    best = max(_BY_PREFERENCE, key=lambda media: weights.get(media, 0.0))
    return best if weights.get(best, 0.0) > 0 else JSON


def accepted(accept: str) -> dict[str, float]:
    """The media types that a request takes, each with its weight; a wildcard stands for JSON."""
    weights: dict[str, float] = {}
    for part in accept.lower().split(","):
        media, *parameters = (each.strip() for each in part.split(";"))
        name = JSON if media in ("*/*", "application/*", "") else media
        weights[name] = max(weights.get(name, 0.0), _weight(parameters))
    return weights


def _weight(parameters: Sequence[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0


def told_cost(cost: Cost) -> dict[str, Any]:
    """The cost of a question as every answer tells it, also one that refuses."""
    return {"extensions": {"cost": {"requested": cost.requested, "maximum": cost.maximum}}}


def refusal(connection: HTTPConnection, errors: Sequence[GraphQLError], cost: Cost) -> Any:
    """The body for a question that was not executed; it has no data, not even none."""
    return {"errors": [told_error(connection, error) for error in errors], **told_cost(cost)}


def result_body(
    connection: HTTPConnection, result: ExecutionResult, cost: Cost, more: Mapping[str, Any] = {}
) -> Any:
    """The body for a question that was executed; `more` are further extensions."""
    body: dict[str, Any] = {"data": result.data}
    if result.errors:
        body["errors"] = [told_error(connection, error) for error in result.errors]
    body["extensions"] = {**told_cost(cost)["extensions"], **more}
    return body


def told_error(connection: HTTPConnection, error: GraphQLError) -> Any:
    """What a client may know of an error: its own faults; the rest is logged and masked."""
    original = error.original_error
    if original is None or isinstance(original, GraphQLError):
        return error.formatted
    traceparent = traceparent_of(connection)
    log.error("a field failed: %s (%s)", error.path, traceparent, exc_info=original)
    return {
        "message": "Something unexpected went wrong; it was logged.",
        "path": error.path,
        "extensions": {"code": "internal", "traceparent": traceparent},
    }


def is_told(error: BaseException) -> bool:
    """Whether it is an error of the product, which has a code; of any other nothing is told."""
    return isinstance(getattr(error, "code", None), str)


def told_end(error: Exception) -> Any:
    """What is told of why a stream or a question ends, by the code of the reason."""
    code = str(getattr(error, "code", "internal"))
    message = str(getattr(error, "message", "") or error)
    extensions = {"code": code, "cure": str(getattr(error, "cure", ""))}
    return {"message": message, "extensions": extensions}


def traceparent_of(connection: HTTPConnection) -> str:
    """The trace of a request, by which what was logged of it is found."""
    return str(getattr(connection.state, "traceparent", ""))
