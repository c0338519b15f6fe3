"""What every change of casework by a person has in common: as whom it is done, and its journal."""

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

from herkomst.access.policy import NotPermitted, Permitted
from herkomst.access.reading import Answer, Question, attempt, fail
from herkomst.access.viewer import Reading
from herkomst.investigations.inquiry import Desk
from herkomst.record.casework import Standpoint


class Stands(Protocol):
    """What was done, and where it stands in casework."""

    @property
    def position(self) -> int: ...


T = TypeVar("T", bound=Stands)


def standpoint(permitted: Permitted) -> Standpoint:
    """As whom, on which ground and for which unit it is done."""
    viewer = permitted.reading.viewer
    return Standpoint(f"user:{viewer.subject}", permitted.reading.ground, viewer.unit)


async def in_casework(
    desk: Desk, reading: Reading, question: Question, act: Callable[[], Awaitable[T]]
) -> Answer[T]:
    """Act, journaled before and after, with the place that it came to.

    Raises `JournalUnavailable`, and whatever `act` raises.
    """
    return await attempt(
        desk.archive, reading, question, act, lambda done: (f"casework={done.position}",)
    )


async def refused(desk: Desk, reading: Reading, question: Question, code: str) -> None:
    """Journal that an operation was refused before it was tried, which is an attempt that came to
    nothing: the trails of the records that it names tell of it (art. 32a Wpg). What the policy
    refused and names none is told of by its read alone.

    Raises `JournalUnavailable`.
    """
    if question.named or code != NotPermitted.code:
        await fail(desk.archive, reading, question, code)
