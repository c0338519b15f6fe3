"""Streams of subscriptions: what changes is journaled, and then pushed.

A stream asks token, purpose and policy anew for each push, and while it is quiet every few seconds;
it ends with the code of what no longer holds. It resumes behind the revision that the client saw
last. What changed is read for some records at once, over one snapshot, with one entry of the
journal, and handed on one by one as fast as the client takes it: a slow one is read for later.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import anyio
from graphql import ExecutionResult, GraphQLError, get_argument_values, get_variable_values
from starlette.requests import Request

from herkomst.access.asking import ask
from herkomst.access.policy import Action, NotPermitted, permit
from herkomst.access.reading import Question, Returned, read
from herkomst.access.viewer import Reading
from herkomst.graphql import answers
from herkomst.graphql.context import Context
from herkomst.graphql.operations import Operation, OperationRefused, fail_with
from herkomst.graphql.schema import Schema
from herkomst.graphql.subscription import Watch
from herkomst.investigations import freshness
from herkomst.investigations.acting import refused
from herkomst.investigations.inquiry import Desk, Inquiry
from herkomst.investigations.pages import Revised

AT_ONCE = 50
"""Records that are read, and journaled, together."""
POLL = 0.25
"""Seconds between two looks at how far casework has come; all streams share them."""
RECHECK = 5.0
"""Seconds after which a quiet stream asks token, purpose and policy anew."""
HEARTBEAT = 15.0
"""Seconds after which a quiet stream shows a sign of life."""
STREAMS = 64
"""Streams that one process keeps open."""
OF_ONE = 16
"""Streams of one person, so that nobody takes the room of all."""


class TooManyStreams(Exception):
    """There is no room for another stream."""

    code = "too_many_streams"
    cure = "End one, try again later, or ask for a page."

    def __init__(self, message: str) -> None:
        super().__init__(f"{message} {self.cure}")
        self.message = message


class Push(NamedTuple):
    """What is sent of one record, and where a later stream goes on behind it."""

    body: Any
    after: int


class _NothingNew(Exception):
    """There is nothing to send, so there is nothing to journal."""

    def __init__(self, seen: int) -> None:
        super().__init__("nothing new")
        self.seen = seen


class Pulse:
    """How far casework has come: looked at once for all who wait."""

    def __init__(self) -> None:
        self._turn = anyio.Lock()
        self._looked = float("-inf")
        self._position = 0

    async def position(self, desk: Desk) -> int:
        """Raises `DatabaseDown`."""
        async with self._turn:
            if anyio.current_time() - self._looked >= POLL:
                positions, _ = await freshness.look(desk)
                self._position = positions.get("casework", 0)
                self._looked = anyio.current_time()
            return self._position


class Streams:
    """Opens streams over one schema, as many as there is room for."""

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self.pulse = Pulse()
        self._open: Counter[str] = Counter()

    async def open(self, request: Request, operation: Operation) -> "Stream":
        """A stream of a subscription that may be watched.

        Raises `NotPermitted`, `OperationRefused`, `TooManyStreams`, `JournalUnavailable` and what
        `ask` raises.
        """
        watch, right = _watched(self.schema, operation)
        reading = (await ask(request)).reading
        try:
            permit(reading, right)
        except NotPermitted as error:
            question = Question(operation.text, operation.variables, "stream")
            await refused(request.state.desk, reading, question, error.code)
            raise
        after = watch.after
        if after is None:
            after = await self.pulse.position(request.state.desk)
        self._must_have_room(reading.viewer.subject)
        return Stream(self, request, operation, watch, right, after, reading.viewer.subject)

    @contextmanager
    def room(self, subject: str) -> Iterator[None]:
        """Room for one stream of a person, while it is used. Raises `TooManyStreams`."""
        self._must_have_room(subject)
        self._open[subject] += 1
        try:
            yield
        finally:
            self._open[subject] -= 1
            self._open += Counter()  # Who has none left is not remembered.

    def _must_have_room(self, subject: str) -> None:
        """Raises `TooManyStreams`."""
        if self._open.total() >= STREAMS:
            raise TooManyStreams(f"{STREAMS} streams are open already.")
        if self._open[subject] >= OF_ONE:
            raise TooManyStreams(f"You have {OF_ONE} streams open already.")


class Stream:
    """One subscription of one client."""

    def __init__(
        self,
        streams: Streams,
        request: Request,
        operation: Operation,
        watch: Watch,
        right: Action,
        after: int,
        subject: str,
    ) -> None:
        # Asking again is nothing that the person does, so it keeps no session awake.
        self._request = Request({**request.scope, "method": "GET"})
        self._streams, self._operation = streams, operation
        self._watch, self._right, self._after = watch, right, after
        self._desk: Desk = request.state.desk
        self._subject = subject

    async def pushes(self) -> AsyncIterator[Push | None]:
        """What is pushed, in order; None is a sign of life.

        Raises what ends it: a token, a purpose or a right that no longer holds, or a journal that
        cannot be written.
        """
        with self._streams.room(self._subject):
            yield None
            checked = spoken = anyio.current_time()
            while True:
                if await self._streams.pulse.position(self._desk) > self._after:
                    checked = anyio.current_time()
                    for push in await self._next():
                        # Whoever takes them slowly takes nothing that he may not have any more.
                        checked = await self._checked_since(checked)
                        yield push
                        spoken = anyio.current_time()
                    continue
                checked = await self._checked_since(checked)
                if anyio.current_time() - spoken >= HEARTBEAT:
                    yield None
                    spoken = anyio.current_time()
                await anyio.sleep(POLL)

    async def _checked_since(self, last: float) -> float:
        """When the reading was last seen to stand, which was not long ago."""
        now = anyio.current_time()
        if now - last < RECHECK:
            return last
        await self._checked()
        return now

    async def _checked(self) -> Reading:
        """The reading, as it still stands."""
        reading = (await ask(self._request)).reading
        permit(reading, self._right)
        return reading

    async def _next(self) -> list[Push]:
        """What changed behind the last revision, journaled."""
        reading = await self._checked()
        variables = {**self._operation.variables, "after": self._after}
        question = Question(self._operation.text, variables, "stream")

        async def look(returned: Returned) -> tuple[list[Push], int]:
            async with Inquiry(self._desk, returned, reading.case) as inquiry:
                permitted = permit(reading, self._right)
                records, seen = await self._watch.look(permitted, inquiry, self._after, AT_ONCE)
                if not records:
                    raise _NothingNew(seen)
                context = Context(self._desk, reading, question, inquiry)
                results = await self._results(context, records)
            at = freshness.told(inquiry.positions, {}, inquiry.told)
            return self._told(records, results, at), seen

        try:
            answer = await read(self._desk.archive, reading, question, look)
        except _NothingNew as nothing:
            self._after = nothing.seen
            return []
        pushes, self._after = answer.value
        for push in pushes:
            push.body["extensions"]["journal"] = answer.journal
        return pushes

    async def _results(self, context: Context, records: Sequence[Revised]) -> list[ExecutionResult]:
        """What is told of each record; the loaders read for all of them at once."""
        results = await asyncio.gather(
            *(self._operation.execute(self._streams.schema, context, each) for each in records)
        )
        for result in results:
            fail_with(result)
        return results

    def _told(
        self,
        records: Sequence[Revised],
        results: Sequence[ExecutionResult],
        positions: dict[str, int],
    ) -> list[Push]:
        at = freshness.as_header(positions)
        return [
            Push(
                answers.result_body(
                    self._request,
                    result,
                    self._operation.cost,
                    {"after": str(record.revision), "position": at},
                ),
                record.revision,
            )
            for record, result in zip(records, results, strict=True)
        ]


def _watched(schema: Schema, operation: Operation) -> tuple[Watch, Action]:
    """What a subscription watches, and what must be allowed for it. Raises `OperationRefused`."""
    root = schema.core.subscription_type
    assert root is not None
    node = operation.root_field
    field = root.fields[node.name.value]
    definition = field.extensions["strawberry-definition"]
    variables = get_variable_values(
        schema.core, operation.node.variable_definitions or (), dict(operation.variables)
    )
    assert not isinstance(variables, list)
    try:
        arguments = get_argument_values(field, node, variables)
        watch = definition.base_resolver.wrapped_func(None, **arguments)
    except GraphQLError as error:
        raise OperationRefused([error], operation.cost) from None
    return watch, definition.metadata["right"]
