"""Streams as a client reads them: server-sent events of a subscription."""

from collections.abc import Iterator
from typing import Any

import httpx
import msgspec

from tests.serving import Served

HITS = """subscription Hits($after: ID) { hits(after: $after) { id revision grade reasons { code }
    purchase { key registerNumber shop { name municipality { name } } }
    stolen { __typename ... on Withheld { reason contact }
        ... on StolenItem { good { identifiers { type value } } } } } }"""


def events(lines: Iterator[str]) -> Iterator[dict[str, str]]:
    """The events of a stream; a comment comes as an event with that name."""
    event: dict[str, str] = {}
    for line in lines:
        if line:
            name, _, value = line.partition(":")
            event[name or "comment"] = value.strip()
        elif event:
            yield event
            event = {}


def stream(served: Served, query: str = HITS, after: object = None, **who: Any) -> Any:
    """The open stream, as a context."""
    headers = served.headers(**who) | {"Accept": "text/event-stream"}
    body = {"query": query, "variables": {"after": after}}
    return served.client.stream("POST", "/graphql", json=body, headers=headers)


def pushed(lines: Iterator[str]) -> Iterator[Any]:
    """What is pushed, until the stream is complete."""
    for event in events(lines):
        if event.get("event") == "complete":
            return
        if event.get("event") == "next":
            yield msgspec.json.decode(event["data"])


def first_hits(served: Served, count: int, **who: Any) -> list[dict[str, Any]]:
    """The first hits of a stream, or fewer where it ends before."""
    found: list[dict[str, Any]] = []
    with stream(served, **who) as answer:
        assert answer.status_code == httpx.codes.OK, answer.read()
        for body in pushed(answer.iter_lines()):
            if "errors" in body:
                break
            found.append(body["data"]["hits"])
            if len(found) == count:
                break
    return found
