"""Server-sent events as a client reads them."""

from collections.abc import Iterator
from typing import Any

import httpx
import msgspec

from tests.serving import Served


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


def stream(served: Served, **who: Any) -> Any:
    """The open stream, as a context."""
    after = who.pop("after", None)
    query = {} if after is None else {"after": str(after)}
    return served.client.stream("GET", "/hits/stream", params=query, headers=served.headers(**who))


def first_hits(served: Served, count: int, **who: Any) -> list[dict[str, Any]]:
    """The first hits of a stream, or fewer where it ends before."""
    found: list[dict[str, Any]] = []
    with stream(served, **who) as answer:
        assert answer.status_code == httpx.codes.OK, answer.read()
        for event in events(answer.iter_lines()):
            if event.get("event") == "hit":
                found.append(msgspec.json.decode(event["data"]))
            if len(found) == count or event.get("event") == "end":
                break
    return found
