"""From which site something may come that a cookie authenticates."""

from typing import Any

import pytest
from starlette.requests import HTTPConnection

from herkomst.access.gate import FromAnotherSite, cookie, must_be_of_our_pages


def connection(kind: str = "websocket", scheme: str = "ws", **headers: str) -> HTTPConnection:
    scope: dict[str, Any] = {
        "type": kind,
        "scheme": scheme,
        "server": ("herkomst.example", 443),
        "path": "/graphql",
        "query_string": b"",
        "headers": [
            (name.replace("_", "-").encode(), value.encode())
            for name, value in ({"host": "herkomst.example"} | headers).items()
        ],
    }
    return HTTPConnection(scope)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": "http://evil.example"},
        {"origin": "https://herkomst.example"},
        {"origin": "http://herkomst.example", "sec_fetch_site": "cross-site"},
    ],
)
def test_another_site_opens_no_web_socket(headers: dict[str, str]) -> None:
    with pytest.raises(FromAnotherSite):
        must_be_of_our_pages(connection(**headers))


@pytest.mark.parametrize(
    ("scheme", "origin"),
    [("ws", "http://herkomst.example"), ("wss", "https://herkomst.example")],
)
def test_our_own_page_opens_one(scheme: str, origin: str) -> None:
    must_be_of_our_pages(connection(scheme=scheme, origin=origin))


def test_with_tls_a_cookie_that_a_neighbouring_host_could_set_is_none() -> None:
    planted = {"cookie": "herkomst-session=planted"}

    assert cookie(connection(scheme="wss", **planted)) is None
    assert cookie(connection(scheme="ws", **planted)) == "planted"
