"""A stand-in for the server: the pages under their policy, and made-up hits over the contract."""

import asyncio
import contextlib
import json
import socket
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import uvicorn
from graphql import GraphQLResolveInfo, build_schema, graphql_sync
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from herkomst.graphql.documents import read_documents
from herkomst.graphql.schema import make_schema
from tests.web.goods import Card, node

WEB = Path(__file__).parents[2] / "web"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; font-src 'self'; frame-ancestors 'none'; base-uri 'none'; "
    "form-action 'none'"
)
DOCUMENTS = read_documents(make_schema().core)
SCHEMA = build_schema((WEB.parent / "schema.graphql").read_text())

FORBIDDEN = {
    "pageInfo": {"hasNextPage": False},
    "refused": {
        "__typename": "NotPermitted",
        "code": "not_permitted",
        "message": "Not with this purpose.",
        "cure": "Name a case.",
    },
}
NOTHING_FOUND: Card = {
    "totalCount": 0,
    "exact": True,
    "facets": [],
    "nodes": [],
    "pageInfo": {"hasNextPage": False},
}


class Policy:
    """Puts the content security policy on every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_policy(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = [*message["headers"], (b"content-security-policy", POLICY.encode())]
                message = {**message, "headers": headers}
            await send(message)

        await self.app(scope, receive, send_with_policy)


class Site:
    """A server on a port of its own. Hits given to it go to whoever reads the stream."""

    def __init__(self) -> None:
        self.dev_login = True
        self.login: str | None = None
        """Where one logs in at the identity provider, if there is one."""
        self.who: dict[str, Any] | None = None
        """Who one is by the cookie of a session."""
        self.has_explorer = True
        """Whether the files of the explorer were fetched."""
        self.refusal: tuple[int, str, str] | None = None
        """Status, message and cure with which everything is refused."""
        self.forbidden = False
        """Whether the policy refuses the list."""
        self.streams: list[Headers] = []
        """The headers with which the stream was asked for."""
        self.asked_after: list[int] = []
        self.operations: list[tuple[Headers, dict[str, Any]]] = []
        self.found: dict[tuple[str, str | None], Card] = {}
        """What is found, by the words and the cursor."""
        self.searched: list[dict[str, Any]] = []
        self.completions: list[Card] = []
        self.typed: list[str] = []
        """What completions were asked for."""
        self._cards: list[Card] = []
        self._broken = 0
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._changed: asyncio.Condition | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._started = threading.Event()
        config = uvicorn.Config(self._app(), log_config=None, timeout_graceful_shutdown=1)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],))

    @property
    def url(self) -> str:
        host, port = self._socket.getsockname()
        return f"http://{host}:{port}"

    def __enter__(self) -> Self:
        self._thread.start()
        self._started.wait()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.should_exit = True
        self.break_streams()
        self._thread.join()
        self._socket.close()

    def send(self, *cards: Card) -> None:
        """Lets these hits come, after those that came before."""
        self._cards.extend(cards)
        self._wake()

    def break_streams(self) -> None:
        """Ends every stream that is open, as a server that restarts does."""
        self._broken += 1
        self._wake()

    def _wake(self) -> None:
        async def notify() -> None:
            assert self._changed is not None
            async with self._changed:
                self._changed.notify_all()

        assert self._loop is not None
        asyncio.run_coroutine_threadsafe(notify(), self._loop).result()

    def _app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/", self._page("index.html")),
                Route("/search", self._page("search.html")),
                Route("/explorer", self._page("explorer.html")),
                Route("/session", self._session, methods=["GET", "POST"]),
                Route("/session/logout", self._log_out, methods=["POST"]),
                Route("/graphql", self._graphql, methods=["POST"]),
                Route("/assets/explorer/{path:path}", self._explorer),
                Mount("/assets", StaticFiles(directory=WEB / "assets")),
            ],
            middleware=[Middleware(Policy)],
            lifespan=self._lifespan,
        )

    @contextlib.asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncIterator[None]:
        self._loop = asyncio.get_running_loop()
        self._changed = asyncio.Condition()
        self._started.set()
        yield

    def _page(self, name: str) -> "Page":
        return Page(WEB / name)

    async def _explorer(self, request: Request) -> Response:
        path = WEB / "assets" / "explorer" / request.path_params["path"]
        return FileResponse(path) if self.has_explorer else Response(status_code=404)

    async def _session(self, request: Request) -> Response:
        if request.method == "GET":
            ways = {"dev_login": self.dev_login, "login": self.login, "who": self.who}
            return JSONResponse(ways)
        asked = await request.json()
        token = f"token-of-{asked['role']}"
        return JSONResponse({"token": token, "expires_at": "2026-11-22T08:00:00Z"})

    async def _log_out(self, _: Request) -> Response:
        self.who = None
        return JSONResponse({"logout": "/?lang=en"})

    def _hits(self, request: Request, asked: dict[str, Any]) -> Response:
        self.streams.append(request.headers)
        if self.refusal:
            return _refused(*self.refusal)
        after = int(asked["variables"]["after"])
        self.asked_after.append(after)
        return StreamingResponse(self._events(after), media_type="text/event-stream")

    async def _events(self, after: int) -> AsyncIterator[str]:
        assert self._changed is not None
        broken = self._broken
        yield ": here\n\n"
        while broken == self._broken:
            for card in [one for one in self._cards if one["revision"] > after]:
                after = card["revision"]
                told = json.dumps({"data": {"hits": node(card)}})
                yield f"id: {after}\nevent: next\ndata: {told}\n\n"
            async with self._changed:
                if broken == self._broken and not self._after(after):
                    await self._changed.wait()

    def _after(self, revision: int) -> bool:
        return any(card["revision"] > revision for card in self._cards)

    async def _graphql(self, request: Request) -> Response:
        asked = await request.json()
        if "documentId" in asked:
            asked["query"] = DOCUMENTS.text(asked["documentId"])
        if request.headers["accept"] == "text/event-stream":
            return self._hits(request, asked)
        self.operations.append((request.headers, asked))
        if self.refusal:
            return _refused(*self.refusal)
        variables = asked.get("variables")
        result = graphql_sync(
            SCHEMA,
            asked["query"],
            {
                "hits": self._told,
                "searchGoods": self._found,
                "searchStolenItems": self._found,
                "goodsCompletions": self._typed,
                "stolenItemCompletions": self._typed,
            },
            variable_values=variables,
            field_resolver=resolve,
        )
        return JSONResponse(result.formatted)

    def _found(self, _: GraphQLResolveInfo[None], **asked: Any) -> Card:
        """The page of what is found that was laid ready for these words and this cursor."""
        self.searched.append(asked)
        return self.found.get((asked["words"], asked.get("after")), NOTHING_FOUND)

    def _typed(self, _: GraphQLResolveInfo[None], words: str, **__: Any) -> Card:
        self.typed.append(words)
        completions = [each for each in self.completions if each["text"].lower().startswith(words)]
        return {"completions": completions}

    def _told(
        self, _: GraphQLResolveInfo[None], first: int, after: str | None = None, **__: object
    ) -> Card:
        """A page of the hits that lie before a revision, the newest first."""
        before = float(after or "inf")
        if self.forbidden:
            return FORBIDDEN
        older = [card for card in reversed(self._cards) if card["revision"] < before]
        shown = older[:first]
        return {
            "nodes": [node(card) for card in shown],
            "pageInfo": {
                "hasNextPage": len(older) > first,
                "endCursor": str(shown[-1]["revision"]) if shown else None,
            },
        }


def resolve(source: Any, info: GraphQLResolveInfo[None], /, **arguments: Any) -> Any:
    """The default of the library, for fields that have an argument named `source` too."""
    value = source.get(info.field_name)
    return value(info, **arguments) if callable(value) else value


class Page:
    """A page of the folder; FileResponse looks for it when it is asked for, not before."""

    def __init__(self, path: Path) -> None:
        self.path = path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await FileResponse(self.path)(scope, receive, send)


def _refused(status: int, message: str, cure: str) -> Response:
    errors = [{"field": "", "code": "refused", "message": message, "cure": cure}]
    return JSONResponse({"status": status, "title": "Refused", "errors": errors}, status)
