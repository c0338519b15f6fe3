import asyncio
from collections.abc import Callable, Sequence
from threading import Event

import pytest

from herkomst.record.gathering import Gathering

PATIENCE = 120


class Slow:
    """An act that waits for leave, and doubles what it is given; 7 fails, and 9 fails all."""

    def __init__(self) -> None:
        self.acts: list[list[int]] = []
        self.entered, self.leave = Event(), Event()

    def __call__(self, items: list[int]) -> Sequence[int | Exception]:
        self.acts.append(items)
        self.entered.set()
        assert self.leave.wait(PATIENCE)
        if 9 in items:
            raise LookupError("nine")
        return [ValueError("seven") if item == 7 else 2 * item for item in items]


def gathered(
    slow: Slow, most: int, first: int, later: Sequence[int], *, meanwhile: Callable[..., None]
) -> list[object]:
    """The outcomes of one item, and of those that come while it is acted for."""

    async def run() -> list[object]:
        gathering: Gathering[int, int] = Gathering(slow, most=most)
        tasks = [asyncio.create_task(gathering.outcome(first))]
        await asyncio.to_thread(slow.entered.wait, PATIENCE)
        tasks += [asyncio.create_task(gathering.outcome(item)) for item in later]
        await asyncio.sleep(0)
        meanwhile(tasks)
        slow.leave.set()
        return await asyncio.gather(*tasks, return_exceptions=True)

    return asyncio.run(run())


def nothing(_tasks: object) -> None:
    pass


def test_given_an_act_under_way_when_others_come_then_they_share_the_next_in_their_order() -> None:
    slow = Slow()

    assert gathered(slow, 10, 1, [2, 3, 4], meanwhile=nothing) == [2, 4, 6, 8]

    assert slow.acts == [[1], [2, 3, 4]]


def test_given_more_than_may_share_when_they_wait_then_they_take_turns() -> None:
    slow = Slow()

    assert gathered(slow, 2, 1, [2, 3, 4, 5, 6], meanwhile=nothing) == [2, 4, 6, 8, 10, 12]

    assert slow.acts == [[1], [2, 3], [4, 5], [6]]


def test_given_one_that_fails_when_shared_then_the_others_have_their_outcomes() -> None:
    told = gathered(Slow(), 10, 1, [2, 7, 4], meanwhile=nothing)

    assert [told[n] for n in (0, 1, 3)] == [2, 4, 8]
    assert isinstance(told[2], ValueError)


def test_given_an_act_that_fails_when_others_wait_then_all_in_it_are_told_and_it_goes_on() -> None:
    slow = Slow()

    told = gathered(slow, 2, 1, [2, 9, 4, 5], meanwhile=nothing)

    assert told[0] == 2
    assert [type(one) for one in told[1:3]] == [LookupError, LookupError]
    assert told[3:] == [8, 10]
    assert slow.acts == [[1], [2, 9], [4, 5]]


@pytest.mark.parametrize("who", [0, 2])
def test_given_one_that_stops_waiting_when_acted_for_then_the_others_are_answered(who: int) -> None:
    def give_up(tasks: list[asyncio.Task[int]]) -> None:
        tasks[who].cancel()

    told = gathered(Slow(), 10, 1, [2, 3], meanwhile=give_up)

    assert isinstance(told.pop(who), asyncio.CancelledError)
    assert told == [value for n, value in enumerate([2, 4, 6]) if n != who]
