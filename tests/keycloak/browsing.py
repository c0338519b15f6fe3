"""A browser without scripts: it keeps cookies, follows redirects, and fills in the login form."""

import re
from html import unescape
from types import TracebackType
from typing import Any, Self

import httpx

from tests.keycloak.server import Keycloak

PURPOSE = {"Herkomst-Purpose": "duty:front_desk", "Herkomst-Ground": "wpg:8"}
QUESTION = {"query": "{ hits(first: 1) { nodes { id } } }"}
_SAID = re.compile(r"<p[^>]*>([^<]*)")
_FORM = re.compile(r'<form[^>]*id="kc-form-login"[^>]*action="([^"]+)"')


class Browser:
    """A visitor of the server at a URL, who has a login at the provider."""

    def __init__(self, url: str, keycloak: Keycloak) -> None:
        self.url, self._keycloak = url, keycloak
        self.http = httpx.Client(base_url=url, follow_redirects=True, timeout=60)
        self.http.event_hooks["request"].append(self._with_cookies)

    def _with_cookies(self, request: httpx.Request) -> None:
        """As browsers do on this host, send what is marked secure without TLS too."""
        held = [c for c in self.http.cookies.jar if request.url.path.startswith(c.path)]
        if held:
            request.headers["Cookie"] = "; ".join(f"{c.name}={c.value}" for c in held)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.http.close()

    def begin(self) -> str:
        """Where the provider's login page is."""
        answer = self.http.get("/session/login", follow_redirects=False)
        assert answer.status_code == 303, answer.text
        return answer.headers["location"]

    def come_back_with(self, user: str) -> httpx.URL:
        """Log in at the provider; where it sends the browser then."""
        form = _FORM.search(self.http.get(self.begin()).text)
        assert form is not None, "the provider shows its login form"
        login = {"username": user, "password": self._keycloak.secret, "credentialId": ""}
        answer = self.http.post(unescape(form[1]), data=login, follow_redirects=False)
        assert answer.status_code == 302, _SAID.findall(answer.text)
        return httpx.URL(answer.headers["location"])

    def log_in(self, user: str) -> None:
        answer = self.http.get(self.come_back_with(user))
        assert answer.is_success, answer.text

    def asks_for_a_password(self) -> bool:
        """Whether who logs in now must say who he is, because the provider knows no session."""
        return _FORM.search(self.http.get(self.begin()).text) is not None

    def ask(self) -> httpx.Response:
        return self.http.post("/graphql", json=QUESTION, headers=PURPOSE | {"Origin": self.url})

    def log_out(self) -> str:
        """End the session here; where it ends at the provider."""
        answer = self.http.post("/session/logout", headers={"Origin": self.url})
        assert answer.is_success, answer.text
        return str(answer.json()["logout"])

    @property
    def who(self) -> Any:
        return self.http.get("/session").json()
