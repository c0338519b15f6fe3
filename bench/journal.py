"""journal: what it costs that no answer leaves before its entry is durable, and how many leave.

The product serves a small world over HTTP, clients included on the same cores. First clients ask as
fast as they are answered; then questions come at a steady pace, by a schedule that no late answer
moves. The cost of the journal is what the server itself counted around its commits. Beside them a
raw connection a client inserts rows of the same size, each durable before the next.
"""

import argparse
import asyncio
import os
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from time import perf_counter
from typing import Final

import aiohttp
import httpx2
import psycopg

from bench.lag import client, on_schedule, spread
from bench.processes import Product, nothing
from bench.reads import QUESTIONS
from bench.report import report
from bench.world import made_up_world

PORT: Final = 18943
ENTRY: Final = bytes(1200)
"""As long as an entry of the journal is stored."""
MOST_MS: Final = 5.0
FASTEST: Final = 300
_BUCKET = re.compile(r'^herkomst_journal_seconds_bucket\{le="([^"]+)"\} (\S+)$', re.MULTILINE)


def main(
    *, purchases: int, seconds: int, rates: Sequence[int], clients: Sequence[int], processes: int
) -> None:
    with (
        _home() as home,
        made_up_world(dealers=50, purchases=purchases, stolen=200, seed=1) as world,
        Product(home, PORT) as product,
    ):
        product.told("migrate")
        for kind, source in (("dealers", "dol"), ("purchases", "dor"), ("stolen", "politie")):
            command = ["import", str(world / f"{kind}.ndjson"), "--as", kind, "--source", source]
            product.finish(kind, [*command, "--json"], nothing)
        product.finish("work", ["work", "--once"], nothing)
        product.serve(processes)
        owner = product.told("doctor")["database"]["owner_url"]
        headers = product.login("district_detective", "amsterdam") | {
            "Herkomst-Purpose": "duty:acceptance",
            "Herkomst-Ground": "wpg:8",
        }
        report(
            "journal",
            {
                "purchases": purchases,
                "processes": processes,
                "as_fast_as_answered": {
                    str(count): _fastest(product, headers, count, seconds) for count in clients
                },
                "at_a_pace": {str(rate): _paced(product, headers, rate, seconds) for rate in rates},
                "raw_commits_per_second": {
                    str(count): _raw(owner, count, seconds) for count in clients
                },
                "goals": {"reads_per_second": FASTEST, "journal_p95_ms": MOST_MS},
            },
        )


@contextmanager
def _home() -> Iterator[Path]:
    """A home that the database may enter too, removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="herkomst-bench-") as directory:
        Path(directory).chmod(0o755)
        yield Path(directory) / "home"


def _fastest(
    product: Product, headers: Mapping[str, str], clients: int, seconds: int
) -> dict[str, object]:
    """Clients that each ask again as soon as they are answered."""
    times: list[float] = []

    async def ask() -> None:
        ends = perf_counter() + seconds
        async with client(product.url, dict(headers)) as session:

            async def one(number: int) -> None:
                while (asked := perf_counter()) < ends:
                    await _ask(session, number)
                    times.append(perf_counter() - asked)
                    number += 1

            await asyncio.gather(*(one(number) for number in range(clients)))

    before = _counted()
    asyncio.run(ask())
    told = {"reads_per_second": round(len(times) / seconds, 1), "answered": spread(times)}
    return told | {"journal": _cost(before, _counted())}


def _paced(
    product: Product, headers: Mapping[str, str], rate: int, seconds: int
) -> dict[str, object]:
    """So many questions a second, each timed from the moment that it was due."""
    times: list[float] = []

    async def ask() -> None:
        async with client(product.url, dict(headers)) as session, asyncio.TaskGroup() as tasks:

            async def one(number: int, due: float) -> None:
                await _ask(session, number)
                times.append(perf_counter() - due)

            await on_schedule(tasks, perf_counter(), rate, seconds, one)

    before = _counted()
    asyncio.run(ask())
    return {"answered": spread(times), "journal": _cost(before, _counted())}


async def _ask(session: aiohttp.ClientSession, number: int) -> None:
    question = list(QUESTIONS.values())[number % len(QUESTIONS)]
    async with session.post("/graphql", json={"query": question}) as answer:
        content = await answer.read()
    if answer.status != 200 or b'"errors"' in content:
        raise SystemExit(f"GraphQL answers {answer.status}: {content[:300]!r}")


def _counted() -> dict[float, float]:
    """How many entries were durable within so many seconds, as the server counts them."""
    text = httpx2.get(f"http://127.0.0.1:{PORT + 1}/metrics", trust_env=False).text
    return {float(upper): float(count) for upper, count in _BUCKET.findall(text)}


def _cost(before: Mapping[float, float], after: Mapping[float, float]) -> dict[str, object]:
    """Within how many milliseconds the share of the entries was durable: an upper bound each."""
    grown = {upper: count - before[upper] for upper, count in after.items()}
    total = max(grown.values())

    def within(share: float) -> float:
        return min(1000 * upper for upper, count in grown.items() if count >= share * total)

    told = {f"p{round(100 * share)}_ms_at_most": within(share) for share in (0.5, 0.95, 0.99)}
    return {"entries": total, **told, "share_within_goal": round(grown[MOST_MS / 1000] / total, 4)}


def _raw(url: str, clients: int, seconds: int) -> float:
    """Rows that so many connections insert a second, each committed by itself."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE raw_probe (id bigserial PRIMARY KEY, entry bytea)")
    done = [0] * clients

    def insert(number: int) -> None:
        with psycopg.connect(url, autocommit=True) as connection:
            ends = perf_counter() + seconds
            while perf_counter() < ends:
                connection.execute("INSERT INTO raw_probe (entry) VALUES (%s)", (ENTRY,))
                done[number] += 1

    threads = [Thread(target=insert, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DROP TABLE raw_probe")
    return round(sum(done) / seconds, 1)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--purchases", type=int, default=2_000)
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--rates", type=int, nargs="+", default=[100, 300])
    parser.add_argument("--clients", type=int, nargs="+", default=[8, 50])
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    main(**vars(parser.parse_args()))
