"""Reads at a steady pace, in a thread, so that something else can be done meanwhile."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import Event, Thread
from time import monotonic, perf_counter
from typing import Final

import aiohttp

from bench.lag import client, on_schedule, spread

LONGEST: Final = 24 * 3600.0
"""Seconds after which reads end by themselves."""
QUESTIONS: Final[Mapping[str, str]] = {
    "hits": "{ hits(first: 20) { nodes { id grade score state reasons { code } } } }",
    "purchases": "{ purchases(first: 20) { nodes { id registerNumber mode lines { line } } } }",
    "stolen_items": "{ stolenItems(first: 20) { nodes { id report status } } }",
    "dealers": "{ dealers(first: 20) { nodes { id name establishments { id } } } }",
    "presentations": "{ presentations(first: 20) { nodes { id shown } } }",
}


class Reading:
    """What was asked so far, and how long the answers took, by question."""

    def __init__(self) -> None:
        self.stop = Event()
        self.failed: list[str] = []
        self._times: dict[str, list[float]] = {name: [] for name in QUESTIONS}

    def take(self) -> dict[str, object]:
        """The figures since they were last taken."""
        times, self._times = self._times, {name: [] for name in QUESTIONS}
        failed, self.failed = self.failed, []
        told: dict[str, object] = {"all": spread([t for some in times.values() for t in some])}
        told |= {"failed": len(failed), "failures": sorted(set(failed))[:5]}
        return told | {"by_question": {name: spread(some) for name, some in times.items()}}

    def note(self, name: str, seconds: float, status: int, content: bytes) -> None:
        if status == 200 and b'"errors"' not in content:
            self._times[name].append(seconds)
        else:
            self.failed.append(f"{name}: {status} {content[:200]!r}")


@contextmanager
def reading(url: str, headers: dict[str, str], rate: float) -> Iterator[Reading]:
    """So many reads a second until the block is left, one question after another."""
    made = Reading()
    thread = Thread(target=lambda: asyncio.run(_read(made, url, headers, rate)), name="reads")
    thread.start()
    try:
        yield made
    finally:
        made.stop.set()
        thread.join()


async def _read(made: Reading, url: str, headers: dict[str, str], rate: float) -> None:
    names = list(QUESTIONS)
    async with client(url, headers) as desk:

        async def ask(number: int, due: float) -> None:
            name = names[number % len(names)]
            try:
                async with desk.post("/graphql", json={"query": QUESTIONS[name]}) as answer:
                    content = await answer.read()
            except (aiohttp.ClientError, TimeoutError) as error:
                made.failed.append(f"{name}: {type(error).__name__}")
            else:
                made.note(name, perf_counter() - due, answer.status, content)

        async with asyncio.TaskGroup() as tasks:
            await on_schedule(tasks, perf_counter(), rate, LONGEST, ask, until=made.stop.is_set)


def pause(seconds: float, stop: Event) -> None:
    """Let reads go on for a while."""
    ends = monotonic() + seconds
    while monotonic() < ends and not stop.wait(0.1):
        pass
