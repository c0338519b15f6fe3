"""Middleware, as plain ASGI: the trace of a request, the headers of safety, the last net."""

import logging
import os
import re
from contextvars import ContextVar

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from herkomst.app.problems import problem

log = logging.getLogger(__name__)

trace: ContextVar[str] = ContextVar("trace", default="")
"""The `traceparent` of the request that is being answered, for logs."""

_TRACEPARENT = re.compile(r"00-(?!0{32})(?P<trace>[0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
SAFETY = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; font-src 'self'; frame-ancestors 'none'; base-uri 'none'; "
        "form-action 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


_SAFETY = MutableHeaders(SAFETY).raw


class Traces:
    """Continues the trace of the caller (W3C Trace Context), or begins one, and names it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        parent = _child_of(Headers(scope=scope).get("traceparent", ""))
        scope.setdefault("state", {})["traceparent"] = parent
        token = trace.set(parent)

        async def traced(message: Message) -> None:
            if message["type"] in ("http.response.start", "websocket.accept"):
                MutableHeaders(scope=message)["traceparent"] = parent
            await send(message)

        try:
            await self.app(scope, receive, traced)
        finally:
            trace.reset(token)


def _child_of(header: str) -> str:
    found = _TRACEPARENT.fullmatch(header.strip())
    trace_id = found["trace"] if found else os.urandom(16).hex()
    return f"00-{trace_id}-{os.urandom(8).hex()}-01"


class Safety:
    """Sets the headers of safety. What an answer holds is kept nowhere on its way."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def safe(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.raw.extend(_SAFETY)  # Nothing that is answered has one of them by itself.
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await self.app(scope, receive, safe)


class LastNet:
    """Logs what nobody expected, and answers without a word of it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = False

        async def noted(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, noted)
        except Exception:
            log.exception("%s %s failed", scope["method"], scope["path"])
            if started:
                raise  # The answer is half out; only the server can break it off.
            await problem(
                500,
                code="internal",
                message="Something unexpected went wrong; it was logged.",
                cure="Report it with the `traceparent` of this answer.",
            )(scope, receive, send)
