"""search: OpenSearch behind the port, against the same work without us, in the same run.

Searches: each question is asked through the engine and, as the same bytes, by a bare HTTP request
that reads the answer and looks no further; which goes first takes turns. Filling: changes put
through the index, against `parallel_bulk` of the makers' client with documents that are ready to
be sent, in indices of the same mapping. Goods are those of a simulated world; where more are asked
for than it has, they come again under other ids and numbers.
"""

import argparse
import asyncio
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from datetime import datetime
from itertools import count, islice
from random import Random
from statistics import median, quantiles
from time import perf_counter
from types import SimpleNamespace
from typing import Any, cast
from uuid import NAMESPACE_URL, uuid5

import aiohttp
import msgspec
from opensearchpy import OpenSearch
from opensearchpy.helpers import parallel_bulk

from bench.report import report
from bench.world import made_up_world, records
from herkomst.domain.register.checks import check_amount
from herkomst.domain.register.purchase import Line, private_part
from herkomst.domain.register.records import PurchaseLine, PurchaseRecord
from herkomst.record.vault import DataKey
from herkomst.search import documents, dsl, mapping, opensearch
from herkomst.search.documents import Source
from herkomst.search.engines import Change
from herkomst.search.opensearch import REGIMES
from herkomst.search.questions import Among, Order, Question, Seen, Subject, Typed, understood
from tests.search.clusters import running

PREFIX, GOODS = "herkomst-bench", Subject.GOODS
PURCHASES = 60_000
"""Of the world that goods are taken from."""
ASKED = 600
"""Questions, and as many beginnings of words."""
CHUNK = 2000
"""Documents in a request of the peer, which are about as many bytes as in one of ours."""
SEEN = (Seen(),)
_private = msgspec.json.Encoder().encode


class _Plain:
    """In place of a key: nothing here was sealed."""

    def open(self, sealed: bytes) -> bytes:
        return sealed


def main(number: int, rounds: int, url: str | None) -> None:
    with ExitStack() as ending:
        if url is None:
            url = ending.enter_context(running(1)).url
        world = ending.enter_context(
            made_up_world(dealers=300, purchases=PURCHASES, stolen=100, seed=1)
        )
        goods = [each for _, each in records(world, "purchases")]
        known = [source for purchase in goods for source in _sources(cast("Any", purchase))]
        index = ending.enter_context(opensearch.Index(url, prefix=PREFIX))
        ending.callback(_drop, index, rounds)
        filling = _filling(index, url, known, number, rounds)
        searching = asyncio.run(_searching(url, known))
    report("search", {"documents": number, "filling": filling, **searching})


def _drop(index: opensearch.Index, rounds: int) -> None:
    for generation in range(2 * rounds + 1):
        index.drop(GOODS, generation)


# Filling


def _filling(
    index: opensearch.Index, url: str, known: Sequence[Source], number: int, rounds: int
) -> dict[str, object]:
    """Each round fills one generation in each way; what is asked later is the last of ours."""
    ours, theirs = [], []
    for each in range(rounds):
        theirs.append(number / _by_the_client(index, url, known, number, 2 * each))
        index.drop(GOODS, 2 * each)
        generation = 2 * each + 1
        index.create(GOODS, generation)
        started = perf_counter()
        index.put(GOODS, generation, _changes(known, number))
        index.settle(GOODS, generation)
        ours.append(number / (perf_counter() - started))
        index.swap(GOODS, generation)
        index.drop(GOODS, generation - 2)
    ratios = [one / other for one, other in zip(ours, theirs, strict=True)]
    return {
        "ours_a_second": [round(each) for each in ours],
        "parallel_bulk_a_second": [round(each) for each in theirs],
        "ratio": round(median(ratios), 2),
        "ratios": [round(each, 2) for each in ratios],
        "goal": 0.6,
    }


def _by_the_client(
    index: opensearch.Index, url: str, known: Sequence[Source], number: int, generation: int
) -> float:
    """Seconds that the makers' helper takes, with documents made ready a part at a time, which is
    not counted."""
    index.create(GOODS, generation)
    name = f"{PREFIX}-{GOODS}-avg-{generation}"
    client = OpenSearch(url, timeout=60, pool_maxsize=4)
    left = _changes(known, number)
    taken = 0.0
    while ready := [_ready(name, change) for change in islice(left, 50 * CHUNK)]:
        started = perf_counter()
        for done, answer in parallel_bulk(client, ready, thread_count=2, chunk_size=CHUNK):
            assert done, answer
        taken += perf_counter() - started
    started = perf_counter()
    index.settle(GOODS, generation)
    client.close()
    return taken + perf_counter() - started


def _ready(name: str, change: Change) -> dict[str, Any]:
    assert change.source is not None
    return {
        "_index": name,
        "_id": change.id,
        "version": change.version,
        "version_type": "external",
        "_source": msgspec.to_builtins(mapping.document(change.source)),
    }


def _changes(known: Sequence[Source], number: int) -> Iterator[Change]:
    for source in islice(_again_and_again(known), number):
        yield Change(source.id, 1, source.regime, source)


def _again_and_again(known: Sequence[Source]) -> Iterator[Source]:
    """The same goods, under other ids and with other numbers each time."""
    yield from known
    for turn in count(1):
        for source in known:
            yield msgspec.structs.replace(
                source,
                record=uuid5(source.record, str(turn)),
                at=source.at - turn * 60_000,
                numbers=tuple(f"{number}{turn}" for number in source.numbers),
            )


def _sources(record: PurchaseRecord) -> list[Source]:
    part = private_part(record)
    row = SimpleNamespace(
        acquired_from=datetime.fromisoformat(record.acquired.from_).astimezone(),
        dealer=uuid5(NAMESPACE_URL, record.dealer.key),
        establishment=uuid5(NAMESPACE_URL, f"{record.dealer.key}/{record.branch}"),
        lines=msgspec.json.encode([_line(item) for item in record.items]),
        mode=record.mode,
        purchase=uuid5(NAMESPACE_URL, f"{record.source}/{record.key}"),
        revision=1,
        sealed=None if part is None else _private(part),
        source=record.source,
    )
    return documents.goods(row, cast("DataKey", _Plain()), lambda text: f"hash-of-{text}")


def _line(item: PurchaseLine) -> Line:
    return Line(
        brand=item.brand,
        colours=tuple(item.colours),
        identifiers=tuple((each.type, each.value) for each in item.identifiers),
        kind=item.kind,
        line=item.line,
        model=item.model,
        price=check_amount(item.price, "", []),
    )


# Searching


async def _searching(url: str, known: Sequence[Source]) -> dict[str, object]:
    random = Random(1)  # noqa: S311 - seeded, so that each run asks the same
    questions = [_question(random, random.choice(known)) for _ in range(ASKED)]
    typed = [_typed(random, random.choice(known)) for _ in range(ASKED)]
    engine = opensearch.Engine(url, prefix=PREFIX)
    async with aiohttp.ClientSession(base_url=url) as bare:
        bodies = [(q.subject, dsl.question_body(q)) for q in questions]
        searches = await _against(bare, bodies, [lambda q=q: engine.ask(q) for q in questions])
        bodies = [(t.subject, dsl.completion_body(t) or {}) for t in typed]
        completions = await _against(bare, bodies, [lambda t=t: engine.complete(t) for t in typed])
    await engine.close()
    return {
        "searches": searches | {"goal": 1.5, "goal_p95_ms": 100},
        "completions": completions | {"goal_p95_ms": 100},
    }


async def _against(
    bare: aiohttp.ClientSession, bodies: Sequence[tuple[Subject, dsl.Body]], ours: Sequence[Any]
) -> dict[str, object]:
    """Seconds of each question in both ways, the first twentieth left out: caches fill."""
    taken: tuple[list[float], list[float]] = ([], [])
    for number, ((subject, body), ask) in enumerate(zip(bodies, ours, strict=True)):
        ways = [(taken[0], ask), (taken[1], lambda s=subject, b=body: _bare(bare, s, b))]
        for seconds, way in ways if number % 2 else reversed(ways):
            started = perf_counter()
            await way()
            seconds.append(perf_counter() - started)
    warm = len(bodies) // 20
    mine, theirs = (sorted(each[warm:]) for each in taken)
    return {
        "ours_ms": _told(mine),
        "bare_ms": _told(theirs),
        "ratio": round(sum(mine) / sum(theirs), 2),
        "ratio_of_medians": round(median(mine) / median(theirs), 2),
    }


def _told(seconds: Sequence[float]) -> dict[str, float]:
    cuts = quantiles(seconds, n=100)
    return {name: round(cuts[at - 1] * 1000, 1) for name, at in (("p50", 50), ("p95", 95))}


async def _bare(session: aiohttp.ClientSession, subject: Subject, body: dsl.Body) -> None:
    names = ",".join(f"{PREFIX}-{subject}-{regime}" for regime in REGIMES)
    sent = msgspec.json.encode(body)
    headers = {"content-type": "application/json"}
    async with session.post(f"/{names}/_search", data=sent, headers=headers) as answer:
        assert answer.status == 200, await answer.text()
        await answer.read()


def _question(random: Random, source: Source) -> Question:
    """What somebody may search for who has this good in mind."""
    word = random.choice(source.text.surfaces)
    text = random.choice(list(_texts(random, source, word)))
    terms, without = understood(text, lambda key: key)
    return Question(
        subject=GOODS,
        terms=terms,
        without=without,
        filters=_filters(random, source),
        seen=SEEN,
        order=random.choice([Order.RELEVANCE, Order.RELEVANCE, Order.NEWEST]),
        facets=random.choice([(), ("kind", "brand", "colour")]),
    )


def _texts(random: Random, source: Source, word: str) -> Iterable[str]:
    other = random.choice(source.text.surfaces)
    yield from (word, f"{word} {other}")
    if len(word) > 4:
        yield from (f"{word[:4]}*", f"*{word[1:]}", f"{word[0]}{word[2:]}~")
    if len(source.text.title) > 1:
        yield f'"{" ".join(source.text.title[:2])}"'
    if source.numbers and "~" not in source.numbers[0]:
        number = source.numbers[0]
        yield from (number, f"*{number[-6:]}", f"{number[:6]}*")


def _filters(random: Random, source: Source) -> tuple[Among, ...]:
    return (Among("kind", source.fields["kind"]),) if random.random() < 0.3 else ()


def _typed(random: Random, source: Source) -> Typed:
    text = random.choice(source.completions) if source.completions else "gaz"
    return Typed(subject=GOODS, text=text[: random.randint(1, len(text))], seen=SEEN)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--documents", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--url", help="an OpenSearch that runs already; else one is started")
    arguments = parser.parse_args()
    main(arguments.documents, arguments.rounds, arguments.url)
