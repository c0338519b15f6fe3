"""Errors as HTTP answers: the one place where a class of the product meets a status."""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from herkomst.access.authorisations import NotAuthorised
from herkomst.access.gate import FromAnotherSite
from herkomst.access.oidc import ProviderDown
from herkomst.access.policy import NotPermitted
from herkomst.access.purpose import PurposeNotHeld, PurposeRefused
from herkomst.access.reading import JournalUnavailable
from herkomst.access.tokens import NotAuthenticated, TokenRefused
from herkomst.app.printing import PrintRefused
from herkomst.app.session import LoginRefused, SessionInvalid
from herkomst.graphql.endpoint import (
    BodyTooLarge,
    OnlyAsStream,
    OnlyByPost,
    Unreadable,
    WrongMediaType,
)
from herkomst.graphql.streams import TooManyStreams
from herkomst.investigations.freshness import InvalidWaitFor, Stale
from herkomst.investigations.inquiry import TooSlow
from herkomst.investigations.pages import InvalidPage
from herkomst.investigations.printing import TooLong
from herkomst.investigations.whereabouts import NothingThere
from herkomst.projections.registry import ModelMissing
from herkomst.record.database import LOST, DatabaseDown
from herkomst.search.engines import EngineDown
from herkomst.search.engines import TooSlow as SearchTooSlow

STATUS: Mapping[type[Exception], int] = {
    BodyTooLarge: 413,
    FromAnotherSite: 403,
    DatabaseDown: 503,
    EngineDown: 503,
    InvalidPage: 400,
    InvalidWaitFor: 400,
    JournalUnavailable: 503,
    LoginRefused: 400,
    ModelMissing: 503,
    NotAuthenticated: 401,
    NotAuthorised: 403,
    NotPermitted: 403,
    NothingThere: 404,
    OnlyAsStream: 400,
    OnlyByPost: 405,
    PrintRefused: 400,
    ProviderDown: 503,
    PurposeNotHeld: 403,
    PurposeRefused: 400,
    SessionInvalid: 400,
    Stale: 503,
    TokenRefused: 403,
    TooLong: 400,
    TooManyStreams: 503,
    SearchTooSlow: 503,
    TooSlow: 503,
    Unreadable: 400,
    WrongMediaType: 415,
}
_encode = msgspec.json.Encoder().encode
_HEADERS = {
    401: {"WWW-Authenticate": "Bearer"},
    405: {"Allow": "POST"},
    503: {"Retry-After": "2"},
}


def tell(request: Request, error: Exception) -> Response:
    """The answer to an error of the product, with what its route tells in any case."""
    status = next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)
    return problem(
        status,
        code=str(getattr(error, "code", "")),
        message=str(getattr(error, "message", "") or error),
        cure=str(getattr(error, "cure", "")),
        more=getattr(request.state, "told", {}),
    )


def tell_lost(request: Request, _error: Exception) -> Response:
    """The answer where a connection to the database broke, and nobody made it anew."""
    return tell(request, DatabaseDown("The database was lost meanwhile; send it again."))


def tell_http(_request: Request, error: Exception) -> Response:
    """The answer to what the router finds: no such page, no such method."""
    assert isinstance(error, HTTPException)
    response = problem(
        error.status_code,
        code=HTTPStatus(error.status_code).name.lower(),
        message=f"{error.detail}.",
        cure="The interfaces name every path and its methods.",
    )
    response.headers.update(error.headers or {})
    return response


HANDLERS: Mapping[type[Exception], Callable[[Request, Exception], Response]] = {
    **dict.fromkeys(STATUS, tell),
    **dict.fromkeys(LOST, tell_lost),
}
"""What answers to which error, in the application and in what is mounted in it."""


def problem(
    status: int, *, code: str, message: str, cure: str, more: Mapping[str, Any] | None = None
) -> Response:
    """Problem details (RFC 9457), with the same error in the form that intake has."""
    body = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": message,
        "cure": cure,
        "errors": [{"field": "", "code": code, "message": message, "cure": cure}],
        **(more or {}),
    }
    headers = _HEADERS.get(status)
    return Response(_encode(body), status, headers, media_type="application/problem+json")
