"""GraphQL over websockets, by the protocol graphql-transport-ws.

Token, purpose and ground come in the payload of `connection_init`, under the names of the headers,
or in the headers of the handshake; a page of another site is refused by its `Origin`. A client has
so many operations at once, and so long to begin and to take what is sent.
"""

import logging
from collections import Counter
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import anyio
import msgspec
from anyio import CancelScope
from anyio.abc import TaskGroup
from graphql import OperationType
from starlette.requests import Request
from starlette.websockets import WebSocket, WebSocketDisconnect

from herkomst.access.asking import ask
from herkomst.access.reading import Question, read
from herkomst.access.tokens import NotAuthenticated
from herkomst.graphql import answers
from herkomst.graphql.endpoint import BODY_LIMIT, PATIENCE, Unreadable, executed, whole
from herkomst.graphql.operations import Asked, Operation, OperationRefused, Operations
from herkomst.graphql.streams import Streams
from herkomst.investigations import freshness

log = logging.getLogger(__name__)

PROTOCOL = "graphql-transport-ws"
INIT_PATIENCE = 10.0
"""Seconds within which a client must begin."""
SOCKETS = 64
"""Connections that one process keeps open, and as many again that did not begin yet."""
OF_ONE = 16
"""Connections of one person, so that nobody takes the room of all."""
AT_ONCE = 10
"""Operations of one connection at the same time."""
LONGEST_ID = 100
CARRIED = (
    "authorization",
    "herkomst-device",
    "herkomst-ground",
    "herkomst-purpose",
    "herkomst-reason",
    "herkomst-role",
)
"""Headers that the payload of `connection_init` may carry."""
_decode_asked = msgspec.json.Decoder(Asked).decode


class Closed(Exception):
    """The connection ends, with a code of the protocol."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason


class _Message(msgspec.Struct):
    """A message of a client."""

    type: str
    id: str = ""
    payload: msgspec.Raw = msgspec.Raw(b"null")


_decode = msgspec.json.Decoder(_Message).decode
_decode_carried = msgspec.json.Decoder(dict[str, Any] | None).decode


class Sockets:
    """Answers websockets, as many as there is room for."""

    def __init__(self, operations: Operations, streams: Streams) -> None:
        self.operations, self.streams = operations, streams
        self._waiting = 0
        self._begun: Counter[str] = Counter()

    async def answer(self, websocket: WebSocket) -> None:
        if not _same_origin(websocket):
            await websocket.close()  # Before it is accepted this is a 403.
            return
        wanted = websocket.scope["subprotocols"]
        await websocket.accept(subprotocol=PROTOCOL if PROTOCOL in wanted else None)
        if PROTOCOL not in wanted:
            await websocket.close(4406, "Subprotocol not acceptable")
        elif max(self._waiting, self._begun.total()) >= SOCKETS:
            await websocket.close(1013, "Too many connections")
        else:
            self._waiting += 1
            conversation = _Conversation(self, websocket)
            try:
                await conversation.hold()
            finally:
                self._leave(conversation.subject)

    def begin(self, subject: str) -> None:
        """Let a connection that waited begin as somebody's. Raises `Closed`."""
        if self._begun.total() >= SOCKETS:
            raise Closed(1013, "Too many connections")
        if self._begun[subject] >= OF_ONE:
            raise Closed(4429, f"More than {OF_ONE} connections of one person")
        self._waiting -= 1
        self._begun[subject] += 1

    def _leave(self, subject: str | None) -> None:
        if subject is None:
            self._waiting -= 1
        else:
            self._begun[subject] -= 1
            self._begun += Counter()  # Who has none left is not remembered.


class _Conversation:
    """One connection, from its beginning to its end."""

    def __init__(self, sockets: Sockets, websocket: WebSocket) -> None:
        self._sockets, self._websocket = sockets, websocket
        self.subject: str | None = None
        """Whose it is, once it has begun."""
        self._request: Request | None = None
        """Stands for the connection once it has begun."""
        self._running: dict[str, CancelScope] = {}

    async def hold(self) -> None:
        """Until either side ends it."""
        try:
            async with anyio.create_task_group() as tasks:
                await self._listen(tasks)
                tasks.cancel_scope.cancel()
        except* WebSocketDisconnect:
            pass
        except* Closed as closed:
            (first, *_) = _leaves(closed)
            await self._websocket.close(first.code, first.reason)
        except* Exception:
            log.exception("a websocket failed (%s)", answers.traceparent_of(self._websocket))
            await self._websocket.close(1011, "Internal error")

    async def _listen(self, tasks: TaskGroup) -> None:
        with anyio.move_on_after(INIT_PATIENCE) as beginning:
            while True:
                await self._take(await self._receive(), tasks, beginning)
        raise Closed(4408, "Connection initialisation timeout")

    async def _receive(self) -> _Message:
        """Raises `Closed`, `WebSocketDisconnect`."""
        received = await self._websocket.receive()
        if received["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(received.get("code", 1005))
        text = received.get("text")
        if text is None:
            raise Closed(4400, "Messages are text")
        if len(text) > BODY_LIMIT:
            raise Closed(1009, "Message too large")
        try:
            return _decode(text)
        except (msgspec.DecodeError, RecursionError, ValueError):
            raise Closed(4400, "Invalid message") from None

    async def _take(self, message: _Message, tasks: TaskGroup, beginning: CancelScope) -> None:
        match message.type:
            case "connection_init":
                await self._begin(message)
                beginning.deadline = float("inf")
                await self._send({"type": "connection_ack"})
            case "ping":
                await self._send({"type": "pong"})
            case "pong":
                pass
            case "subscribe":
                self._subscribe(message, tasks)
            case "complete":
                scope = self._running.pop(message.id, None)
                if scope is not None:
                    scope.cancel()
            case _:
                raise Closed(4400, "Unknown message")

    async def _begin(self, message: _Message) -> None:
        """Raises `Closed`."""
        if self._request is not None:
            raise Closed(4429, "Too many initialisation requests")
        try:
            request = _as_request(self._websocket, _decode_carried(message.payload))
            subject = (await ask(request)).reading.viewer.subject
        except NotAuthenticated as error:
            raise Closed(4401, error.code) from None
        except (msgspec.DecodeError, ValueError):
            raise Closed(4400, "Invalid payload of connection_init") from None
        except Exception as error:
            if not answers.is_told(error):
                raise
            raise Closed(4403, str(error.code)) from None  # type: ignore[attr-defined]
        self._sockets.begin(subject)
        self._request, self.subject = request, subject

    def _subscribe(self, message: _Message, tasks: TaskGroup) -> None:
        """Raises `Closed`."""
        if self._request is None:
            raise Closed(4401, "Unauthorized")
        if not 0 < len(message.id) <= LONGEST_ID:
            raise Closed(4400, "Invalid id")
        if message.id in self._running:
            raise Closed(4409, f"Subscriber for {message.id} already exists")
        if len(self._running) >= AT_ONCE:
            raise Closed(4429, f"More than {AT_ONCE} operations at once")
        try:
            asked = whole(_decode_asked(message.payload))
        except (msgspec.DecodeError, RecursionError, ValueError, Unreadable):
            raise Closed(4400, "Invalid payload of subscribe") from None
        scope = self._running[message.id] = CancelScope()
        tasks.start_soon(self._run, message.id, scope, asked)

    async def _run(self, identity: str, scope: CancelScope, asked: Asked) -> None:
        """Answer one operation, and say that it is complete or why it ends."""
        with scope:
            ending: dict[str, Any] = {"id": identity, "type": "complete"}
            try:
                await self._answer(identity, self._sockets.operations.prepare(asked))
            except OperationRefused as refused:
                told = [answers.told_error(self._websocket, error) for error in refused.errors]
                ending = {"id": identity, "type": "error", "payload": told}
            except Exception as error:
                if not answers.is_told(error):
                    raise
                payload = [answers.told_end(error)]
                ending = {"id": identity, "type": "error", "payload": payload}
            # Before it is told, because the client may use the id again as soon as it is.
            self._running.pop(identity, None)
            await self._send(ending)

    async def _answer(self, identity: str, operation: Operation) -> None:
        assert self._request is not None
        if operation.kind is OperationType.SUBSCRIPTION:
            stream = await self._sockets.streams.open(self._request, operation)
            async for push in stream.pushes():
                if push is not None:
                    await self._next(identity, push.body)
        else:
            await self._next(identity, await self._answered(self._request, operation))

    async def _answered(self, request: Request, operation: Operation) -> Any:
        """What a query or a mutation comes to, journaled like any other."""
        sockets, desk = self._sockets, request.state.desk
        reading = (await ask(request)).reading
        question = Question(operation.text, operation.variables, "graphql")
        execute = partial(executed, sockets.streams.schema, desk, reading, question, operation, {})
        answer = await read(desk.archive, reading, question, execute)
        more = {
            "journal": answer.journal,
            "position": freshness.as_header(answer.value.positions),
        }
        return answers.result_body(request, answer.value.result, operation.cost, more)

    async def _next(self, identity: str, body: Any) -> None:
        await self._send({"id": identity, "type": "next", "payload": body})

    async def _send(self, message: dict[str, Any]) -> None:
        """Raises `Closed` where the client takes nothing any more."""
        try:
            with anyio.fail_after(PATIENCE):
                await self._websocket.send_text(answers.encode(message).decode())
        except TimeoutError:
            raise Closed(1013, "Too slow") from None


def _leaves(group: BaseExceptionGroup[Closed]) -> list[Closed]:
    found: list[Closed] = []
    for each in group.exceptions:
        found += _leaves(each) if isinstance(each, BaseExceptionGroup) else [each]
    return found


def _same_origin(websocket: WebSocket) -> bool:
    """Whether it is no page that connects, or one of ours."""
    origin = websocket.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == websocket.headers.get("host")


def _as_request(websocket: WebSocket, carried: dict[str, Any] | None) -> Request:
    """The connection as a request with the headers that it carries. Raises `ValueError`."""
    named = {name.lower(): value for name, value in (carried or {}).items()}
    headers = [
        (name, value)
        for name, value in websocket.scope["headers"]
        if name.decode("latin-1") not in CARRIED or name.decode("latin-1") not in named
    ]
    headers += [
        (name.encode(), str(named[name]).encode("latin-1")) for name in CARRIED if name in named
    ]
    return Request({**websocket.scope, "type": "http", "method": "POST", "headers": headers})
