"""Floods over HTTP: each gets a clear 4xx that tells the cost, and the server goes on."""

import socket
from collections.abc import Iterator
from http.client import HTTPConnection
from typing import Any

import httpx
import msgspec
import pytest

from herkomst.graphql.endpoint import BODY_LIMIT
from tests.graphql.test_limits import FLOODS, NODES
from tests.serving import Served

HITS = "query ($n: Int!, $g: [Grade!]) { hits(first: $n, grade: $g) { " + NODES + " } }"
WAIT = 20
"""Seconds after which an answer is taken to hang."""


def body(query: object, variables: object = None, **more: object) -> bytes:
    return msgspec.json.encode({"query": query, "variables": variables, **more})


def raw(variables: str) -> bytes:
    """A question with variables as they are written."""
    return b'{"query": "{ __typename }", "variables": %b}' % variables.encode()


def chunks(size: int) -> Iterator[bytes]:
    """A body that does not say how large it is."""
    for _ in range(size // 65536):
        yield b" " * 65536


NEST = 100_000
BODIES: dict[str, bytes | Iterator[bytes]] = {
    "null": b"null",
    "nothing": b"",
    "a number": b"1",
    "a batch": b"[" + b",".join([body("{ __typename }")] * 200) + b"]",
    "a batch behind blanks": b" \n\t" * 999 + b"[" + body("{ __typename }") + b"]",
    "a batch in a batch": b"[" * NEST + b"]" * NEST,
    "broken UTF-8": b'{"query": "{ \xff\xfe }"}',
    "half a surrogate": b'{"query": "{ __typename } # \\ud800"}',
    "objects without end": b'{"a":' * NEST + b"1" + b"}" * NEST,
    "a number of 5,000 digits": b'{"query": ' + b"1" * 5000 + b"}",
    "a variable of 5,000 digits": body(HITS).replace(b"null", b'{"n": ' + b"1" * 5000 + b"}"),
    "a variable of 4,000 digits": body(HITS).replace(b"null", b'{"n": ' + b"1" * 4000 + b"}"),
    "a variable that is too large": raw('{"n": 1e999}'),
    "deep variables": raw('{"n":' * 5000 + "1" + "}" * 5000),
    "deep lists of variables": raw('{"n":' + "[" * 900 + "1" + "]" * 900 + "}"),
    "variables a bit too deep": raw('{"n":' + "[" * 30 + "1" + "]" * 30 + "}"),
    "many variables": body("{ __typename }", {f"a{n}": n for n in range(5000)}),
    "many values": body(HITS, {"n": 1, "g": ["hit"] * 20_000}),
    "variables that are a list": body("{ __typename }", [1]),
    "a wrong type of variable": body(HITS, {"n": "x"}),
    "a variable of a list of objects": body(HITS, {"n": 1, "g": [{"a": {}}] * 100}),
    "keys that repeat": b'{"query": 1,' * 1 + b'"query": 1,' * 9000 + b'"query": 2}',
    "a long name of an operation": body("query A { __typename }", operationName="x" * 900_000),
    "extensions that are a string": body("{ __typename }", extensions="x" * 1000),
    "an unknown document": b'{"documentId": "sha256:' + b"0" * 64 + b'"}',
    "a document and its text": b'{"documentId": "sha256:0", "query": "{ __typename }"}',
    "a document that is a number": b'{"documentId": 1}',
    "20 MB": body("{ __typename }" + " " * 20_000_000),
    "20 MB of zeros": bytes(20_000_000),
    "20 MB in chunks": chunks(20_000_000),
    "a little too large": b" " * (BODY_LIMIT + 1),
}


def send(served: Served, content: Any, accept: str) -> httpx.Response:
    headers = served.headers() | {"Content-Type": "application/json", "Accept": accept}
    return served.client.post("/graphql", content=content, headers=headers, timeout=WAIT)


def must_be_refused(served: Served, answer: httpx.Response) -> None:
    assert 400 <= answer.status_code < 500, answer.text[:200]
    told = answer.json()
    assert told["errors"][0]["message"]
    assert told["extensions"]["cost"]["requested"] >= 1
    assert "data" not in told
    assert served.client.get("/livez").status_code == 200


INTROSPECTION = tuple(name for name in FLOODS if name.startswith("introspection"))
"""What is a flood only where introspection is off."""
MODERN = "application/graphql-response+json"


def test_there_are_enough_of_them() -> None:
    assert len(FLOODS) + len(BODIES) >= 47


@pytest.mark.parametrize("name", [name for name in FLOODS if name not in INTROSPECTION])
def test_of_documents(served: Served, name: str) -> None:
    must_be_refused(served, send(served, body(FLOODS[name]), MODERN))


@pytest.mark.parametrize("name", BODIES)
def test_of_bodies(served: Served, name: str) -> None:
    must_be_refused(served, send(served, BODIES[name], MODERN))


@pytest.mark.parametrize(
    "name",
    [
        "aliases",
        "depth",
        "depth that cannot be parsed",
        "a bomb of fragments",
        "comments in few characters",
        "cost",
        "directives",
        "lists",
        "tokens",
        "tokens in few characters",
    ],
)
def test_what_asks_too_much_is_refused_as_a_request_also_to_who_takes_plain_json(
    served: Served, name: str
) -> None:
    answer = send(served, body(FLOODS[name]), "application/json")

    must_be_refused(served, answer)
    assert answer.headers["content-type"] == "application/json; charset=utf-8"


def test_who_sends_all_of_it_before_he_reads_is_told_that_it_is_too_large(served: Served) -> None:
    """Given a client that does not look up while it sends, then it is not cut off unheard."""
    host, _, port = served.url.removeprefix("http://").partition(":")
    client = HTTPConnection(host, int(port), timeout=WAIT)
    try:
        headers = served.headers() | {"Content-Type": "application/json"}
        client.request("POST", "/graphql", bytes(20_000_000), headers)

        assert client.getresponse().status == 413
    finally:
        client.close()


def test_a_body_that_never_comes_keeps_nobody_else_waiting(served: Served) -> None:
    """Given clients that promise a body and send none, when another asks, then it is answered."""
    host, _, port = served.url.removeprefix("http://").partition(":")
    head = "".join(f"{name}: {value}\r\n" for name, value in served.headers().items())
    promise = f"POST /graphql HTTP/1.1\r\nHost: x\r\n{head}Content-Type: application/json\r\n"
    idle = [socket.create_connection((host, int(port))) for _ in range(20)]
    try:
        for each in idle:
            each.sendall(f"{promise}Content-Length: 1000\r\n\r\n{{".encode())

        assert served.ask("{ __typename }").status_code == 200
    finally:
        for each in idle:
            each.close()
