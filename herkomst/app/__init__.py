"""The application: a list of routes, of middleware in order, and of what errors mean."""

from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import TypedDict

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.routing import Mount, Route, WebSocketRoute

from herkomst.access.gate import Gate
from herkomst.access.oidc import Client, Provider, client_of, open_http
from herkomst.app.health import Readiness, livez
from herkomst.app.middleware import LastNet, Safety, Traces
from herkomst.app.pages import Pages
from herkomst.app.printing import print_trail
from herkomst.app.problems import HANDLERS, tell_http
from herkomst.app.session import Session
from herkomst.graphql.documents import read_documents
from herkomst.graphql.endpoint import Endpoint
from herkomst.graphql.operations import Operations
from herkomst.graphql.schema import make_schema
from herkomst.graphql.sockets import Sockets
from herkomst.graphql.streams import Streams
from herkomst.intake.api import create_intake
from herkomst.investigations.inquiry import Desk, open_desk
from herkomst.record.archive import Archive
from herkomst.settings import Settings


class State(TypedDict):
    """What lives as long as the server does; a request finds it in `request.state`."""

    desk: Desk
    gate: Gate


def create_app(archive: Archive, settings: Settings) -> Starlette:
    """The application over an opened archive."""
    pages, session, client = Pages(), Session(settings), client_of(settings)
    schema = make_schema()
    documents = read_documents(schema.core)
    operations = Operations(schema, documents, introspection=settings.dev_login)
    streams = Streams(schema)
    intake = create_intake(archive)
    handlers = {**HANDLERS, HTTPException: tell_http}
    for error, handler in handlers.items():
        intake.add_exception_handler(error, handler)  # It has its own, and not these.

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[State]:
        desk = open_desk(archive)
        async with aclosing(desk), desk.pool, desk.primary, _asked(client) as provider:
            yield {"desk": desk, "gate": Gate(archive, settings, provider)}

    return Starlette(
        routes=[
            Route("/", pages.page),
            Route("/search", pages.page),
            Route("/explorer", pages.page),
            Route("/assets/{path:path}", pages.asset),
            Route("/graphql", Endpoint(operations, streams).answer, methods=["GET", "POST"]),
            WebSocketRoute("/graphql", Sockets(operations, streams).answer),
            Route("/session", session.show, methods=["GET"]),
            Route("/session", session.develop, methods=["POST"]),
            Route("/session/login", session.log_in, methods=["GET"]),
            Route("/session/callback", session.come_back, methods=["GET"]),
            Route("/session/logout", session.log_out, methods=["POST"]),
            Route("/session/backchannel", session.told_off, methods=["POST"]),
            Route("/livez", livez),
            Route("/readyz", Readiness(archive).answer),
            Route("/v1/trail", print_trail, methods=["POST"]),
            Mount("/v1", intake),
        ],
        middleware=[Middleware(Traces), Middleware(Safety), Middleware(LastNet)],
        exception_handlers=handlers,
        lifespan=lifespan,
    )


@asynccontextmanager
async def _asked(client: Client | None) -> AsyncIterator[Provider | None]:
    """The identity provider, where there is one."""
    if client is None:
        yield None
        return
    async with open_http() as http:
        yield Provider(client, http)
