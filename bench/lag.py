"""lag: from the acknowledgement of a purchase until GraphQL answers it, under a steady load.

Posts go out by a fixed schedule, whatever the answers do: a late answer delays no other post, and
an acknowledgement is timed from the moment its post was due. A sample of what was acknowledged is
asked for, in turn in two ways: again and again until it is there, and once with
`Herkomst-Wait-For`, which waits for every read model and for the matching.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import datetime, timedelta
from math import ceil
from pathlib import Path
from random import Random
from time import perf_counter, process_time
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import aiohttp
import msgspec

ZONE = "Europe/Amsterdam"
BLOCK = 50
"""Purchases in a post of many."""
PAUSE = 0.1
"""Seconds between two questions for the same purchase: who asks oftener measures his own asking."""
PATIENCE = 30.0
"""Seconds after which a purchase counts as never seen; it then counts as that long."""
WARM_UP = 5
"""Seconds of load before anything is counted: connections are made, caches fill."""
CONNECTIONS = 100
IDLE = 2.0
"""Seconds: the server closes what is idle for five; who is as patient meets a closed one."""
_QUESTION = (
    "query($since: DateTime!, $until: DateTime!) "
    "{ purchases(first: 10, since: $since, until: $until) { nodes { id registerNumber } } }"
)
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.decode


class Unexpected(Exception):
    """An answer that no run should see."""


class Load(NamedTuple):
    """How much is posted each second, for how long, and how many are asked for."""

    singles: int
    blocks: int
    seconds: int
    samples: int

    @property
    def purchases(self) -> int:
        """Purchases that are needed."""
        return (self.seconds + WARM_UP) * (self.singles + self.blocks * BLOCK)


class Fresh(NamedTuple):
    """A purchase that nobody has seen, acquired in a second of its own to be found by."""

    acquired: datetime
    line: bytes


def fresh(world: Path, dealers: Path, count: int) -> list[Fresh]:
    """Purchases of another world, as if acquired just now at shops of this one."""
    now = datetime.now(ZoneInfo(ZONE)).replace(microsecond=0)
    shops = _shops(dealers)
    chance = Random(count)  # noqa: S311 - the same shops each time
    made: list[Fresh] = []
    with (world / "purchases.ndjson").open("rb") as file:
        for record in map(_decode, file):
            if record["type"] == "purchase" and len(made) < count:
                acquired = now - timedelta(seconds=count - len(made))
                record |= {
                    "key": f"lag-{now:%y%m%d%H%M%S}-{len(made)}",
                    "acquired": {"from": acquired.isoformat(), "zone": ZONE, "precision": "second"},
                }
                record.pop("branch", None)
                made.append(Fresh(acquired, _encode(record | chance.choice(shops))))
    if len(made) < count:
        raise SystemExit(f"{world} holds {len(made)} purchases, and {count} are needed.")
    return made


def _shops(dealers: Path) -> list[dict[str, Any]]:
    """Where a purchase may be made: the fields of it that name a dealer and a branch."""
    found: list[dict[str, Any]] = []
    with dealers.open("rb") as file:
        for dealer in map(_decode, file):
            named = {"dealer": {"source": dealer["source"], "key": dealer["key"]}}
            for shop in dealer["establishments"]:
                branch = {"branch": shop["branch"]} if "branch" in shop else {}
                found += [named | branch] if "to" not in shop else []
    return found


def measure(
    url: str,
    load: Load,
    purchases: Sequence[Fresh],
    *,
    sender: dict[str, str],
    reader: dict[str, str],
) -> dict[str, object]:
    """The figures of one run."""
    return asyncio.run(_measure(url, load, purchases, sender, reader))


async def _measure(
    url: str,
    load: Load,
    purchases: Sequence[Fresh],
    sender: dict[str, str],
    reader: dict[str, str],
) -> dict[str, object]:
    async with client(url, sender) as till, client(url, reader) as desk:
        running = _Running(load, till, desk)
        before = process_time()
        await running.run(iter(purchases))
    return {**running.figures(), "cpu_of_client": round(process_time() - before, 1)}


def client(url: str, headers: dict[str, str]) -> aiohttp.ClientSession:
    """A client with its connections, to be left when all is asked."""
    return aiohttp.ClientSession(
        url,
        headers=headers,
        timeout=aiohttp.ClientTimeout(total=60),
        connector=aiohttp.TCPConnector(limit=CONNECTIONS, keepalive_timeout=IDLE),
    )


class _Running:
    """One run: what is posted, what was answered, and what is asked for."""

    def __init__(
        self, load: Load, till: aiohttp.ClientSession, desk: aiohttp.ClientSession
    ) -> None:
        self._load = load
        self._till = till
        self._desk = desk
        self._single: list[float] = []
        self._block: list[float] = []
        self._seen: dict[str, list[float]] = {"asked again and again": [], "waited for": []}
        self._statuses: Counter[str] = Counter()
        self._questions = 0
        self._never = 0
        self._busiest = 0
        self._open = 0
        self._counting_from = 0.0

    async def run(self, purchases: Iterator[Fresh]) -> None:
        load = self._load
        seconds = load.seconds + WARM_UP
        every_single, every_block = (
            max(1, 2 * rate // load.samples) for rate in (load.singles, load.blocks)
        )

        async def single(number: int, due: float) -> None:
            await self._post_one(next(purchases), due, asked=number % every_single == 0)

        async def block(number: int, due: float) -> None:
            some = [next(purchases) for _ in range(BLOCK)]
            await self._post_many(some, due, asked=number % every_block == 0)

        started = perf_counter() + 0.1
        self._counting_from = started + WARM_UP
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(on_schedule(tasks, started, load.singles, seconds, single))
            tasks.create_task(on_schedule(tasks, started, load.blocks, seconds, block))

    async def _post_one(self, purchase: Fresh, due: float, *, asked: bool) -> None:
        answer = await self._post(purchase.line, "application/json")
        await self._acknowledged(answer, self._single, due, asked=purchase if asked else None)

    async def _post_many(self, purchases: Sequence[Fresh], due: float, *, asked: bool) -> None:
        content = b"\n".join([purchase.line for purchase in purchases])
        answer = await self._post(content, "application/x-ndjson")
        last = purchases[-1] if asked else None
        await self._acknowledged(answer, self._block, due, asked=last)

    async def _post(self, content: bytes, media_type: str) -> bytes | None:
        """The answer, or None where there was none."""
        self._open += 1
        self._busiest = max(self._busiest, self._open)
        headers = {"Content-Type": media_type}
        try:
            async with self._till.post("/v1/purchases", data=content, headers=headers) as answer:
                return await answer.read()
        except (aiohttp.ClientError, TimeoutError) as error:
            self._statuses[f"post: {type(error).__name__}"] += 1
            return None
        finally:
            self._open -= 1

    async def _acknowledged(
        self, answer: bytes | None, times: list[float], due: float, *, asked: Fresh | None
    ) -> None:
        at = perf_counter()
        if answer is None:
            return
        if due >= self._counting_from:
            times.append(at - due)
        receipts = [_decode(line) for line in answer.splitlines()]
        self._statuses.update(receipt["status"] for receipt in receipts)
        last = receipts[-1]
        if asked is not None and last["status"] == "accepted":
            await self._ask(asked, _Acknowledged(at, last["id"], last["position"]), due)

    async def _ask(self, purchase: Fresh, acknowledged: "_Acknowledged", due: float) -> None:
        way = "waited for" if self._questions % 2 else "asked again and again"
        self._questions += 1
        headers = (
            {"Herkomst-Wait-For": f"register={acknowledged.position}"}
            if way == "waited for"
            else {}
        )
        body = {"query": _QUESTION, "variables": _second(purchase.acquired)}
        while (waited := perf_counter() - acknowledged.at) < PATIENCE:
            try:
                async with self._desk.post("/graphql", json=body, headers=headers) as answer:
                    content = await answer.read()
            except (aiohttp.ClientError, TimeoutError) as error:
                self._statuses[f"read: {type(error).__name__}"] += 1
                continue
            if acknowledged.id.encode() in content:
                waited = perf_counter() - acknowledged.at
                break
            if answer.status not in {200, 503}:  # 503: what was waited for is not there yet.
                raise Unexpected(f"GraphQL answers {answer.status}: {content[:500]!r}")
            await asyncio.sleep(PAUSE)
        else:
            self._never += 1
        if due >= self._counting_from:
            self._seen[way].append(waited)

    def figures(self) -> dict[str, object]:
        seen = [waited for times in self._seen.values() for waited in times]
        return {
            "singles_per_second": self._load.singles,
            "blocks_per_second": self._load.blocks,
            "purchases_of_a_block": BLOCK,
            "seconds": self._load.seconds,
            "receipts": dict(self._statuses),
            "most_posts_open": self._busiest,
            "acknowledged_single": spread(self._single),
            "acknowledged_block": spread(self._block),
            "readable": spread(seen),
            "readable_by_way": {way: spread(times) for way, times in self._seen.items()},
            "never_readable": self._never,
            "goal_readable_p99_ms": 1000,
        }


class _Acknowledged(NamedTuple):
    """When the answer was there, and what it named."""

    at: float
    id: str
    position: int


def _second(acquired: datetime) -> dict[str, str]:
    return {"since": acquired.isoformat(), "until": (acquired + timedelta(seconds=1)).isoformat()}


async def on_schedule(
    tasks: asyncio.TaskGroup,
    started: float,
    rate: float,
    seconds: float,
    act: Callable[[int, float], Awaitable[None]],
    *,
    until: Callable[[], bool] = lambda: False,
) -> None:
    """Begin an act so many times a second; none waits for another."""
    for number in range(round(rate * seconds)):
        due = started + number / rate
        await asyncio.sleep(max(0.0, due - perf_counter()))
        if until():
            return
        tasks.create_task(_acting(act, number, due))


async def _acting(act: Callable[[int, float], Awaitable[None]], number: int, due: float) -> None:
    await act(number, due)  # A task is made of a coroutine, and not of any awaitable.


def spread(times: Sequence[float]) -> dict[str, float] | None:
    """How many there were, and their percentiles in milliseconds."""
    if not times:
        return None
    ordered = sorted(times)
    told = {
        f"p{share}_ms": round(1000 * ordered[ceil(share / 100 * len(ordered)) - 1], 1)
        for share in (50, 95, 99)
    }
    return {"count": len(ordered), **told, "max_ms": round(1000 * ordered[-1], 1)}
