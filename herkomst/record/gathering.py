"""A gathering: what arrives while an act is under way shares the next one.

A transaction costs the same round trips for one as for many. Nobody waits on purpose: whoever comes
while nothing is under way is acted for at once, alone.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from anyio import CapacityLimiter, to_thread

T = TypeVar("T")
R = TypeVar("R")


class Gathering(Generic[T, R]):
    """Acts for many at once, in a thread, one act after the other, in the order of arrival.

    Args:
        act: gives an outcome for each item: a result, or the error to be raised to who brought
            it. An error that it raises is raised to all.
        most: items that share an act.
    """

    def __init__(self, act: Callable[[list[T]], Sequence[R | Exception]], *, most: int) -> None:
        self._act = act
        self._most = most
        self._limiter = CapacityLimiter(1)
        self._waiting: list[tuple[T, asyncio.Future[R]]] = []
        self._acting: asyncio.Task[None] | None = None

    async def outcome(self, item: T) -> R:
        """What came of an item, once the act that it shared is done."""
        future: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._acting is None:
            self._acting = asyncio.create_task(self._act_while_any_wait())
        return await future

    async def _act_while_any_wait(self) -> None:
        try:
            while self._waiting:
                some, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
                await self._act_for(some)
        finally:
            self._acting = None

    async def _act_for(self, some: Sequence[tuple[T, asyncio.Future[R]]]) -> None:
        futures = [future for _, future in some]
        try:
            items = [item for item, _ in some]
            outcomes = await to_thread.run_sync(self._act, items, limiter=self._limiter)
        except BaseException as error:
            for future in futures:
                _tell(future, error)
            if not isinstance(error, Exception):
                raise
        else:
            for future, outcome in zip(futures, outcomes, strict=True):
                _tell(future, outcome)


def _tell(future: "asyncio.Future[R]", outcome: R | BaseException) -> None:
    if future.done():
        return  # Who brought it does not wait any more.
    if isinstance(outcome, BaseException):
        future.set_exception(outcome)
    else:
        future.set_result(outcome)
