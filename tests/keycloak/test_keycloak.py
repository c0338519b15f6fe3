"""People, systems and sessions over a real Keycloak: what ends there ends here.

The provider is asked at each operation here, instead of every half minute; that this is within a
minute as the server is set up is the last test, which takes one.
"""

import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic
from typing import Any

import httpx
import msgspec
import pytest
from playwright.sync_api import Page, expect, sync_playwright

from herkomst.access import gate, oidc
from herkomst.graphql import streams
from herkomst.record.archive import Archive
from herkomst.record.postgres import EmbeddedPostgres
from tests.archives import TILL, a_dealer, a_purchase, make_archive
from tests.authorising import authorise, end
from tests.graphql.events import HITS, pushed
from tests.keycloak.browsing import Browser
from tests.keycloak.server import CLIENT, ELSEWHERE, MACHINE, Keycloak
from tests.serving import Served, follow, pair, serving, take_in
from tests.web.conftest import FLAGS, PATIENCE

PURPOSE = {"Herkomst-Purpose": "duty:front_desk", "Herkomst-Ground": "wpg:8"}
QUESTION = {"query": "{ hits(first: 1) { nodes { id } } }"}
pytestmark = [pytest.mark.long, pytest.mark.usefixtures("detective")]
USER, ANOTHER = "testa", "fictie"


@pytest.fixture(scope="module")
def archive(server: EmbeddedPostgres) -> Iterator[Archive]:
    """An archive with a hit to stream."""
    with make_archive(server) as archive:
        take_in(archive, a_dealer(), *pair(1))
        yield archive


@pytest.fixture(scope="module")
def served(
    archive: Archive, keycloak: Keycloak, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    home = tmp_path_factory.mktemp("home")
    path = home / "client-secret"
    path.write_text(keycloak.secret)
    path.chmod(0o600)
    with serving(
        archive,
        home,
        dev_login=False,
        oidc_issuer=keycloak.issuer,
        oidc_audience=CLIENT,
        oidc_client_secret_file=path,
    ) as served:
        keycloak.set_client(CLIENT, backchannel_logout_url=f"{served.url}/session/backchannel")
        yield served


def watching(browser: Browser, after: int | None = None) -> Any:
    """Hits as they come, over the session of the browser."""
    headers = PURPOSE | {"Accept": "text/event-stream", "Origin": browser.url}
    body = {"query": HITS, "variables": {"after": after}}
    return browser.http.stream("POST", "/graphql", json=body, headers=headers)


@pytest.fixture(scope="module")
def detective(archive: Archive, keycloak: Keycloak) -> str:
    """A person of the provider who was authorised here; his `sub`."""
    subject = keycloak.subject(USER)
    authorise(archive, subject)
    follow(archive)
    return subject


@pytest.fixture
def _asked_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "CHECK", 0.0)
    monkeypatch.setattr(streams, "POLL", 0.05)
    monkeypatch.setattr(streams, "RECHECK", 0.05)


@pytest.fixture
def browser(served: Served, keycloak: Keycloak) -> Iterator[Browser]:
    with Browser(served.url, keycloak) as browser:
        yield browser


@pytest.fixture
def chromium() -> Iterator[Page]:
    """A page of a real browser, which complained of nothing when it is left."""
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
    if path is None:
        pytest.fail("The login is tested in Chromium. On Debian: apt-get install chromium.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        page = browser.new_page(locale="en-GB")
        page.set_default_timeout(PATIENCE)
        expect.set_options(timeout=PATIENCE)
        complaints: list[str] = []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        yield page
        assert complaints == []
        browser.close()


@pytest.fixture
def enabled(keycloak: Keycloak) -> Iterator[Callable[[bool], None]]:
    """Switches the user, who is enabled again at the end."""
    yield lambda on: keycloak.switch(USER, enabled=on)
    keycloak.switch(USER, enabled=True)


def ask_with(served: Served, token: str) -> httpx.Response:
    headers = PURPOSE | {"Authorization": f"Bearer {token}"}
    return served.client.post("/graphql", json=QUESTION, headers=headers)


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, str(answer.json()["code"])


class TestTokens:
    def test_a_person_is_known_by_his_sub_and_is_what_was_granted(
        self, served: Served, keycloak: Keycloak, detective: str
    ) -> None:
        token = keycloak.person_token(USER)

        who = served.client.get("/session", headers={"Authorization": f"Bearer {token}"}).json()

        assert who["who"]["subject"] == detective
        assert [a["role"] for a in who["who"]["authorisations"]] == ["district_detective"]
        assert ask_with(served, token).status_code == 200

    def test_a_person_without_an_authorisation_may_nothing(
        self, served: Served, keycloak: Keycloak
    ) -> None:
        answer = ask_with(served, keycloak.person_token(ANOTHER))

        assert code(answer) == (403, "not_authorised")

    def test_a_system_hands_in_as_its_client(
        self, served: Served, keycloak: Keycloak, archive: Archive
    ) -> None:
        authorise(archive, f"client:{MACHINE}", "source", TILL)
        headers = {"Authorization": f"Bearer {keycloak.machine_token()}"}

        taken = served.client.post("/v1/purchases", content=record(key="by-token"), headers=headers)

        assert taken.status_code == 201, taken.text
        assert ask_with(served, keycloak.machine_token()).json()["data"]["hits"]["nodes"] is None

    def test_a_token_that_is_for_another_service_is_refused(
        self, served: Served, keycloak: Keycloak
    ) -> None:
        answer = ask_with(served, keycloak.machine_token(ELSEWHERE))

        assert code(answer) == (401, "token_audience")

    def test_a_new_key_of_the_provider_is_learned(
        self,
        served: Served,
        keycloak: Keycloak,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        before = keycloak.person_token(USER)
        assert ask_with(served, before).status_code == 200
        monkeypatch.setattr(oidc, "PAUSE", 0.0)

        keycloak.rotate()
        after = keycloak.person_token(USER)

        assert before.split(".")[0] != after.split(".")[0]
        assert ask_with(served, after).status_code == 200
        assert ask_with(served, before).status_code == 200

    @pytest.mark.usefixtures("_asked_each_time")
    def test_a_token_of_a_user_who_was_disabled_is_refused(
        self,
        served: Served,
        keycloak: Keycloak,
        enabled: Callable[[bool], None],
    ) -> None:
        token = keycloak.person_token(USER)
        assert ask_with(served, token).status_code == 200

        enabled(False)

        assert code(ask_with(served, token)) == (401, "token_revoked")

    @pytest.mark.usefixtures("_asked_each_time")
    def test_a_token_of_a_system_that_was_disabled_is_refused(
        self, served: Served, keycloak: Keycloak
    ) -> None:
        token = keycloak.machine_token()
        assert ask_with(served, token).status_code != 401

        keycloak.switch_client(MACHINE, enabled=False)
        refused = code(ask_with(served, token))
        keycloak.switch_client(MACHINE, enabled=True)

        assert refused == (401, "token_revoked")

    @pytest.mark.usefixtures("_asked_each_time")
    def test_a_token_of_a_session_that_was_logged_out_is_refused(
        self, served: Served, keycloak: Keycloak
    ) -> None:
        token = keycloak.person_token(USER)
        assert ask_with(served, token).status_code == 200

        keycloak.log_out(USER)

        assert code(ask_with(served, token)) == (401, "token_revoked")


class TestSessions:
    def test_a_login_of_code_and_challenge_and_a_log_out_on_both_sides(
        self, browser: Browser, detective: str
    ) -> None:
        browser.log_in(USER)
        assert browser.who["who"]["subject"] == detective
        assert browser.ask().status_code == 200
        held = dict(browser.http.cookies)

        there = browser.log_out()

        assert browser.http.get(there).is_success
        assert browser.who["who"] is None
        for name, value in held.items():
            browser.http.cookies.set(name, value, domain="127.0.0.1", path="/")
        assert browser.ask().status_code == 401
        assert browser.asks_for_a_password(), "the session at the provider ended too"

    def test_without_a_challenge_the_provider_gives_no_code(self, browser: Browser) -> None:
        answer = browser.http.get(browser.begin().split("&code_challenge=")[0])

        assert "error=invalid_request" in str(answer.url)
        assert answer.status_code == 400

    def test_a_code_is_of_no_use_to_who_has_not_the_verifier(
        self, browser: Browser, keycloak: Keycloak
    ) -> None:
        back = browser.come_back_with(USER)
        form = {
            "grant_type": "authorization_code",
            "code": back.params["code"],
            "redirect_uri": str(back.copy_with(query=None)),
            "client_id": CLIENT,
            "client_secret": keycloak.secret,
        }
        url = f"{keycloak.issuer}/protocol/openid-connect/token"

        for verifier in ({}, {"code_verifier": "x" * 43}):
            answer = keycloak.http.post(url, data=form | verifier)
            assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")

    @pytest.mark.usefixtures("_asked_each_time")
    @pytest.mark.parametrize("how", ["disabled", "logged out", "authorisation ended"])
    def test_what_ends_there_or_here_ends_the_session_and_its_open_stream(
        self,
        how: str,
        browser: Browser,
        archive: Archive,
        keycloak: Keycloak,
        detective: str,
        enabled: Callable[[bool], None],
    ) -> None:
        browser.log_in(USER)
        with watching(browser, after=0) as answer:
            assert answer.status_code == 200, answer.read()
            following = pushed(answer.iter_lines())
            assert next(following)["data"]["hits"]
            if how == "disabled":
                enabled(False)
            elif how == "logged out":
                keycloak.log_out(USER)
            else:
                end(archive, detective, "1")
            ended = [body["errors"][0]["extensions"]["code"] for body in following]
        if how == "authorisation ended":
            authorise(archive, detective)

        (code,) = ended
        assert (
            code
            in {
                "disabled": ["session_revoked"],
                "logged out": ["session_revoked", "session_ended"],
                "authorisation ended": ["not_authorised"],
            }[how]
        )
        if how != "authorisation ended":
            assert browser.ask().status_code == 401

    def test_the_provider_tells_of_a_log_out_by_itself(
        self, browser: Browser, keycloak: Keycloak
    ) -> None:
        """Given a session that need not be confirmed yet, then it ends all the same."""
        keycloak.log_out(USER)  # Of several sessions Keycloak may tell of one alone.
        browser.log_in(USER)
        assert browser.ask().status_code == 200

        keycloak.log_out(USER)

        assert browser.ask().status_code == 401

    @pytest.mark.slow
    def test_within_a_minute_as_the_server_is_set_up(
        self,
        browser: Browser,
        served: Served,
        keycloak: Keycloak,
        enabled: Callable[[bool], None],
    ) -> None:
        """Session, open stream and token in use, of a user who was disabled at the provider."""
        token = keycloak.person_token(USER)
        browser.log_in(USER)
        ended = threading.Event()

        def listen() -> None:
            with watching(browser) as answer:
                if any("errors" in body for body in pushed(answer.iter_lines())):
                    ended.set()

        listener = threading.Thread(target=listen)
        listener.start()
        enabled(False)
        disabled_at = monotonic()
        pause = threading.Event()
        waiting: dict[str, Callable[[], bool]] = {
            "session": lambda: browser.ask().status_code == 401,
            "token": lambda: ask_with(served, token).status_code == 401,
            "stream": ended.is_set,
        }
        while waiting and monotonic() - disabled_at < 60:
            waiting = {name: is_over for name, is_over in waiting.items() if not is_over()}
            pause.wait(1)
        listener.join(5)

        assert waiting == {}


class TestAPublicClient:
    def test_people_log_in_without_a_secret_of_the_server(
        self, archive: Archive, keycloak: Keycloak, tmp_path: Path
    ) -> None:
        settings: dict[str, Any] = {
            "oidc_issuer": keycloak.issuer,
            "oidc_audience": CLIENT,
            "oidc_client_id": "herkomst-public",
        }
        with (
            serving(archive, tmp_path, dev_login=False, **settings) as served,
            Browser(served.url, keycloak) as browser,
        ):
            browser.log_in(USER)
            assert browser.ask().status_code == 200


class TestThePage:
    def test_a_person_logs_in_by_the_providers_own_page_works_and_logs_out(
        self, served: Served, keycloak: Keycloak, chromium: Page
    ) -> None:
        page, bar = chromium, chromium.locator("#session")
        page.goto(f"{served.url}/?lang=en")
        bar.get_by_role("link", name="Log in with your organisation").click()

        page.get_by_label("Username or email").fill(USER)
        page.get_by_label("Password", exact=True).fill(keycloak.secret)
        page.get_by_role("button", name="Sign In").click()

        page.wait_for_url(f"{served.url}/?lang=en")
        expect(bar.get_by_label("Authorisation")).to_have_text("district detective, amsterdam")
        bar.get_by_role("button", name="Begin").click()
        expect(bar.locator(".work")).to_contain_text("amsterdam")
        expect(page.locator("#connection")).to_have_attribute("data-state", "live")
        expect(page.locator("#hits li")).to_have_count(1)
        held = {cookie["name"]: cookie for cookie in page.context.cookies(served.url)}
        assert held["herkomst-session"]["httpOnly"]
        assert held["herkomst-session"]["sameSite"] == "Strict"
        assert page.evaluate("document.cookie") == ""
        assert "ey" not in page.evaluate("JSON.stringify({...sessionStorage, ...localStorage})")

        bar.get_by_role("button", name="Log out").click()

        page.wait_for_url(f"{served.url}/**")
        expect(bar.get_by_role("link", name="Log in with your organisation")).to_be_visible()
        assert "herkomst-session" not in {c["name"] for c in page.context.cookies(served.url)}
        bar.get_by_role("link", name="Log in with your organisation").click()
        expect(page.get_by_label("Password", exact=True)).to_be_visible()


def record(**changes: Any) -> bytes:
    return msgspec.json.encode(a_purchase(**changes))
