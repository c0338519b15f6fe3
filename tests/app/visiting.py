"""A browser and programs before the application, with a made-up provider behind it."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from starlette.testclient import TestClient

from herkomst.app import create_app
from herkomst.record.archive import Archive
from herkomst.settings import Settings
from tests.access.provider import AUDIENCE, ISSUER, MadeUp

PAGE = "http://testserver"
PURPOSE = {"Herkomst-Purpose": "duty:front_desk", "Herkomst-Ground": "wpg:8"}
QUESTION = {"query": "{ hits(first: 1) { nodes { id } } }"}


class Visitor:
    """A client of one server process."""

    def __init__(self, client: TestClient, made_up: MadeUp, page: str) -> None:
        self.client, self.made_up, self.page = client, made_up, page

    def begin(self, return_to: str = "/") -> dict[str, str]:
        """Begin to log in; what the provider is asked."""
        answer = self.client.get(
            "/session/login", params={"return_to": return_to}, follow_redirects=False
        )
        assert answer.status_code == 303, answer.text
        query = parse_qs(urlsplit(answer.headers["location"]).query)
        return {name: values[0] for name, values in query.items()}

    def come_back(self, asked: dict[str, str], /, **changes: str | None) -> Any:
        """Come back from the provider, as it answers to what it was asked."""
        answer = {"state": asked["state"], "code": "code", "iss": ISSUER} | changes
        return self.client.get(
            "/session/callback",
            params={name: value for name, value in answer.items() if value is not None},
            follow_redirects=False,
        )

    def gives(self, asked: dict[str, str], /, **claims: Any) -> None:
        """Let the provider give tokens for a login."""
        token = self.made_up.id_token(nonce=asked["nonce"], sid="there", **claims)
        self.made_up.answers["token"] = (200, {"id_token": token, "refresh_token": "refresh"})

    def log_in(self, **claims: Any) -> Any:
        asked = self.begin()
        self.gives(asked, **claims)
        return self.come_back(asked)

    def ask(self, **headers: str) -> Any:
        """A question of our own page, in the session of the browser."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.post(
            "/graphql", json=QUESTION, headers={"Origin": self.page} | PURPOSE | named
        )

    def ask_with(self, token: str, **headers: str) -> Any:
        """The same, of a program."""
        sent = PURPOSE | {"Authorization": f"Bearer {token}"} | headers
        return self.client.post("/graphql", json=QUESTION, headers=sent)

    def log_out(self, **headers: str) -> Any:
        return self.client.post("/session/logout", headers={"Origin": self.page} | headers)

    @property
    def who(self) -> Any:
        return self.client.get("/session").json()


@contextmanager
def visiting(
    archive: Archive,
    home: Path,
    made_up: MadeUp,
    monkeypatch: pytest.MonkeyPatch,
    *,
    page: str = PAGE,
    **settings: Any,
) -> Iterator[Visitor]:
    """A server whose provider is the made-up one, and a visitor of it."""
    made_up.now = time.time()
    monkeypatch.setattr("herkomst.app.open_http", made_up.http)
    chosen: dict[str, Any] = {
        "home": home,
        "kek_file": home / "kek.json",
        "oidc_issuer": ISSUER,
        "oidc_audience": AUDIENCE,
        "oidc_client_secret_file": secret_file(home),
    } | settings
    app = create_app(archive, Settings(**chosen))
    with TestClient(app, base_url=page, raise_server_exceptions=False) as client:
        yield Visitor(client, made_up, page)


def secret_file(home: Path) -> Path:
    path = home / "client-secret"
    path.write_text(AUDIENCE)
    path.chmod(0o600)
    return path
