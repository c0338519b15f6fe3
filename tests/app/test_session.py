"""Logging in and out over a provider: what another site, another browser and a replay cannot do."""

import base64
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol

import psycopg
import pytest

from herkomst.access import gate
from herkomst.access.oidc import BACKCHANNEL
from herkomst.access.sessions import Sessions
from herkomst.processes.followers import followers
from herkomst.projections.runner import Runner
from herkomst.record.archive import Archive
from tests.access.provider import AUDIENCE, SUBJECT, MadeUp
from tests.app.visiting import PAGE, PURPOSE, Visitor, visiting
from tests.archives import TILL, a_purchase
from tests.authorising import authorise, end

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
OTHER = "http://evil.example"


class Visiting(Protocol):
    def __call__(self, **settings: Any) -> AbstractContextManager[Visitor]: ...


@pytest.fixture(scope="module")
def followed(shared_archive: Archive) -> Archive:
    """An archive whose read models are there."""
    Runner(shared_archive.urls.app, followers(shared_archive)).run(once=True)
    return shared_archive


@pytest.fixture
def made_up() -> MadeUp:
    return MadeUp()


@pytest.fixture
def visit(
    followed: Archive, made_up: MadeUp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Visiting:
    def visit(**settings: Any) -> AbstractContextManager[Visitor]:
        return visiting(followed, tmp_path, made_up, monkeypatch, **settings)

    return visit


@pytest.fixture
def visitor(visit: Visiting) -> Iterator[Visitor]:
    with visit() as visitor:
        yield visitor


@pytest.fixture
def subject(followed: Archive) -> str:
    """Somebody of this test's own, who is a detective."""
    subject = f"person-{datetime.now(UTC).timestamp()}"
    authorise(followed, subject)
    return subject


@pytest.fixture
def _asked_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """The provider is asked at each operation, instead of every half minute."""
    monkeypatch.setattr(gate, "CHECK", 0.0)


def cookies(answer: Any) -> dict[str, str]:
    """The cookies that an answer sets, by name, with their attributes."""
    return {line.split("=", 1)[0]: line for line in answer.headers.get_list("set-cookie")}


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


class TestWhoDoesNotGetIn:
    @pytest.mark.parametrize("state", [None, "", "forged"])
    def test_without_the_state_of_a_login(self, visitor: Visitor, state: str | None) -> None:
        asked = visitor.begin()
        visitor.gives(asked)

        assert code(visitor.come_back(asked, state=state)) == (400, "login_unknown")

    def test_in_another_browser(self, visitor: Visitor) -> None:
        asked = visitor.begin()
        visitor.gives(asked)
        visitor.client.cookies.clear()

        assert code(visitor.come_back(asked)) == (400, "login_unknown")

        visitor.client.cookies.set("herkomst-login", "x" * 43)
        asked = visitor.begin() | {"state": asked["state"]}
        assert code(visitor.come_back(asked)) == (400, "login_unknown")

    def test_with_a_state_and_a_code_of_before(self, visitor: Visitor) -> None:
        asked = visitor.begin()
        held = visitor.client.cookies["herkomst-login"]
        visitor.gives(asked)
        assert visitor.come_back(asked).status_code == 303

        visitor.client.cookies.set("herkomst-login", held)
        assert code(visitor.come_back(asked)) == (400, "login_unknown")

    def test_with_a_code_that_the_provider_refuses(self, visitor: Visitor) -> None:
        visitor.made_up.answers["token"] = (400, {"error": "invalid_grant"})

        assert code(visitor.come_back(visitor.begin())) == (400, "code_refused")

    def test_with_an_error_of_the_provider(self, visitor: Visitor) -> None:
        answer = visitor.come_back(visitor.begin(), error="access_denied<script>", code=None)

        assert code(answer) == (400, "login_refused")
        assert "script" not in answer.text

    def test_with_an_answer_of_another_provider(self, visitor: Visitor) -> None:
        answer = visitor.come_back(visitor.begin(), iss="https://evil.example")

        assert code(answer) == (401, "token_issuer")

    @pytest.mark.parametrize(
        ("claims", "refusal"),
        [
            ({"nonce": "another"}, "token_nonce"),
            ({"aud": "another"}, "token_audience"),
            ({"iss": "https://evil.example"}, "token_issuer"),
            ({"exp": 1}, "token_expired"),
        ],
    )
    def test_with_a_token_of_another_login(
        self, visitor: Visitor, claims: dict[str, Any], refusal: str
    ) -> None:
        asked = visitor.begin()
        visitor.gives(asked | ({"nonce": "x"} if "nonce" in claims else {}))
        if "nonce" not in claims:
            visitor.gives(asked, **claims)

        assert code(visitor.come_back(asked)) == (401, refusal)
        assert visitor.who["who"] is None

    def test_without_a_refresh_token(self, visitor: Visitor) -> None:
        """It is by that token that a session is confirmed, so none begins without it."""
        asked = visitor.begin()
        token = visitor.made_up.id_token(nonce=asked["nonce"])
        visitor.made_up.answers["token"] = (200, {"id_token": token})

        assert code(visitor.come_back(asked)) == (400, "tokens_missing")

    @pytest.mark.parametrize(
        "place",
        [
            "https://evil.example/",
            "//evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "/\t/evil.example",
            "javascript:alert(1)",
            "/graphql",
            "/session/logout",
            "evil",
            "/?\r\nSet-Cookie: x=y",
            "http://[",
            " /",
            "/?" + "x" * 600,
        ],
    )
    def test_to_another_place_than_a_page_of_ours(self, visitor: Visitor, place: str) -> None:
        answer = visitor.client.get(
            "/session/login", params={"return_to": place}, follow_redirects=False
        )

        assert code(answer) == (400, "return_to")

    def test_while_the_provider_is_down(self, visitor: Visitor) -> None:
        visitor.made_up.is_down = True

        answer = visitor.client.get("/session/login", follow_redirects=False)

        assert code(answer) == (503, "provider_down")
        assert answer.json()["cure"]

    def test_where_there_is_no_provider(self, visit: Visiting) -> None:
        none = {"oidc_issuer": None, "oidc_audience": None, "oidc_client_secret_file": None}
        with visit(**none) as visitor:
            assert visitor.who == {"dev_login": False, "login": None, "who": None}
            assert code(visitor.client.get("/session/login")) == (400, "no_provider")

    def test_with_a_development_token_where_that_is_off(self, visitor: Visitor) -> None:
        answer = visitor.client.post("/session", json={"role": "auditor", "unit": "x"})

        assert code(answer) == (403, "dev_login_off")


class TestLoggingIn:
    def test_the_provider_is_asked_for_a_code_with_a_challenge(self, visitor: Visitor) -> None:
        asked = visitor.begin()
        visitor.gives(asked)
        visitor.come_back(asked)

        (form,) = [form for name, form in visitor.made_up.asked if name == "token"]
        verifier = form["code_verifier"][0]
        challenge = base64.urlsafe_b64encode(sha256(verifier.encode()).digest())
        assert asked["code_challenge"] == challenge.decode().rstrip("=")
        assert (asked["response_type"], asked["code_challenge_method"]) == ("code", "S256")
        assert asked["redirect_uri"] == form["redirect_uri"][0] == f"{PAGE}/session/callback"
        assert len({asked["state"], asked["nonce"], verifier}) == 3
        assert min(map(len, (asked["state"], asked["nonce"], verifier))) >= 43

    def test_the_browser_holds_a_secret_that_no_script_reads(self, visitor: Visitor) -> None:
        begun = visitor.client.get("/session/login", follow_redirects=False)
        assert "HttpOnly; Max-Age=600; Path=/; SameSite=lax" in cookies(begun)["herkomst-login"]

        answer = visitor.log_in()

        assert answer.headers["location"] == "/"
        set_here = cookies(answer)
        assert "HttpOnly" in set_here["herkomst-session"]
        assert "SameSite=strict" in set_here["herkomst-session"]
        assert "Secure" not in set_here["herkomst-session"]
        assert "Max-Age=0" in set_here["herkomst-login"]
        assert "refresh" not in str(answer.headers)

    def test_with_tls_it_is_sent_over_tls_alone_and_set_by_this_host_alone(
        self, visit: Visiting
    ) -> None:
        with visit(page="https://testserver") as visitor:
            set_here = cookies(visitor.log_in())

            for name in ("__Host-herkomst-session", "__Host-herkomst-login"):
                assert "Secure" in set_here[name]
                assert "Path=/" in set_here[name]
                assert "Domain" not in set_here[name]
            assert visitor.who["who"]["subject"] == SUBJECT

    def test_a_session_that_was_planted_before_is_not_taken_over(self, visitor: Visitor) -> None:
        visitor.client.cookies.set("herkomst-session", "planted")
        first = cookies(visitor.log_in())["herkomst-session"].split("=")[1].split(";")[0]
        assert first != "planted"

        visitor.client.cookies.delete("herkomst-login")
        second = cookies(visitor.log_in())["herkomst-session"].split("=")[1].split(";")[0]

        assert first != second
        visitor.client.cookies.clear()
        visitor.client.cookies.set("herkomst-session", first)
        assert visitor.who == {
            "dev_login": False,
            "login": "/session/login",
            "who": None,
            "ended": "session_ended",
        }

    def test_one_goes_back_to_the_page_one_came_from(self, visitor: Visitor) -> None:
        asked = visitor.begin("/explorer?lang=en")
        visitor.gives(asked)

        assert visitor.come_back(asked).headers["location"] == "/explorer?lang=en"

    def test_several_server_processes_share_a_session(
        self, visitor: Visitor, visit: Visiting, subject: str
    ) -> None:
        visitor.log_in(sub=subject)

        with visit() as another:
            another.client.cookies = visitor.client.cookies
            assert another.ask().status_code == 200
            assert another.log_out().status_code == 200
        assert code(visitor.ask()) == (401, "session_ended")

    def test_while_the_database_is_down_nobody_is_taken_for_nobody(
        self, visitor: Visitor, subject: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Given a session, when it cannot be looked up, then that is said, and it goes on later."""
        visitor.log_in(sub=subject)

        def lost(*_: object, **__: object) -> None:
            raise psycopg.OperationalError

        with monkeypatch.context() as patch:
            patch.setattr(Sessions, "find", lost)
            assert visitor.ask().status_code == 503
            assert visitor.client.get("/session").status_code == 503
        assert visitor.ask().status_code == 200


class TestAnotherSite:
    @pytest.mark.parametrize(
        "headers",
        [
            {},
            {"Origin": OTHER},
            {"Origin": "null"},
            {"Origin": "https://testserver"},
            {"Origin": "http://testserver.evil.example"},
            {"Origin": PAGE, "Sec-Fetch-Site": "cross-site"},
            {"Origin": PAGE, "Sec-Fetch-Site": "same-site"},
        ],
    )
    def test_it_makes_a_browser_do_nothing_with_its_session(
        self, visitor: Visitor, subject: str, headers: dict[str, str]
    ) -> None:
        visitor.log_in(sub=subject)

        for path in ("/graphql", "/v1/purchases", "/session/logout"):
            answer = visitor.client.post(path, json={}, headers=PURPOSE | headers)
            assert code(answer) == (403, "cross_site"), path
        assert visitor.who["who"]["subject"] == subject

    def test_it_reads_no_stream(self, visitor: Visitor, subject: str) -> None:
        visitor.log_in(sub=subject)

        answer = visitor.client.get(
            "/graphql",
            params={"query": "subscription { hits { id } }"},
            headers=PURPOSE | {"Accept": "text/event-stream", "Sec-Fetch-Site": "cross-site"},
        )
        assert code(answer) == (403, "cross_site")

    def test_our_own_page_may(self, visitor: Visitor, subject: str) -> None:
        visitor.log_in(sub=subject)

        assert visitor.ask(Sec_Fetch_Site="same-origin").status_code == 200


class TestLoggingOut:
    def test_the_session_ends_here_and_the_browser_is_told_where_else(
        self, visitor: Visitor, subject: str
    ) -> None:
        visitor.log_in(sub=subject)
        held = visitor.client.cookies["herkomst-session"]

        answer = visitor.log_out()

        assert answer.json()["logout"].startswith(f"{visitor.made_up.metadata['issuer']}/logout?")
        assert "id_token_hint=" in answer.json()["logout"]
        assert "Max-Age=0" in cookies(answer)["herkomst-session"]
        visitor.client.cookies.set("herkomst-session", held)
        assert code(visitor.ask()) == (401, "session_ended")

    def test_it_ends_here_also_while_the_provider_is_down(
        self, visitor: Visitor, subject: str
    ) -> None:
        visitor.log_in(sub=subject)
        visitor.made_up.is_down = True

        assert visitor.log_out().status_code == 200
        assert visitor.who["who"] is None

    def told(self, visitor: Visitor, **changes: Any) -> Any:
        claims: dict[str, Any] = {
            "events": {BACKCHANNEL: {}},
            "typ": "Logout",
            "aud": AUDIENCE,
            "exp": None,
        }
        token = visitor.made_up.token(**(claims | changes))
        return visitor.client.post(
            "/session/backchannel", data={"logout_token": token}, headers=FORM
        )

    def test_who_logs_out_at_the_provider_is_logged_out_here(
        self, visitor: Visitor, subject: str
    ) -> None:
        visitor.log_in(sub=subject)

        assert self.told(visitor, sub=subject, sid="there").status_code == 200
        assert code(visitor.ask()) == (401, "session_ended")

    @pytest.mark.parametrize(
        "changes",
        [{"events": {}}, {"nonce": "n"}, {"aud": "another"}, {"iss": "https://evil.example"}],
    )
    def test_a_token_that_tells_of_no_log_out_ends_nothing(
        self, visitor: Visitor, subject: str, changes: dict[str, Any]
    ) -> None:
        visitor.log_in(sub=subject)

        assert self.told(visitor, sub=subject, **changes).status_code == 400
        assert visitor.client.post("/session/backchannel", headers=FORM).status_code == 400
        assert visitor.client.post("/session/backchannel", json={}).status_code == 400
        assert visitor.ask().status_code == 200

    @pytest.mark.parametrize(
        "form",
        [
            b"logout_token=\xff\xfe",
            b"logout_token=%ff",
            b"a=1&b=2&c=3&d=4&e=5",
            b"logout_token=" + b"a" * 20_000,
        ],
        ids=["bytes", "no text", "too many fields", "too long"],
    )
    def test_what_is_no_form_with_a_token_is_refused_as_such(
        self, visitor: Visitor, form: bytes
    ) -> None:
        answer = visitor.client.post("/session/backchannel", content=form, headers=FORM)

        assert code(answer) in {(400, "logout_invalid"), (400, "token_invalid")}
        assert "logout token" in answer.json()["cure"]

    def test_a_log_out_that_is_told_again_ends_no_later_session(
        self, visitor: Visitor, subject: str
    ) -> None:
        before = int(visitor.made_up.now) - 60
        visitor.log_in(sub=subject)

        assert self.told(visitor, sub=subject, iat=before).status_code == 200
        assert visitor.ask().status_code == 200


class TestAuthorisations:
    def test_who_is_known_and_not_authorised_may_nothing(self, visitor: Visitor) -> None:
        visitor.log_in(sub="nobody")

        assert visitor.who["who"]["authorisations"] == []
        answer = visitor.ask()
        assert code(answer) == (403, "not_authorised")
        assert "nobody" in answer.json()["detail"]
        assert code(visitor.ask_with(visitor.made_up.token(sub="nobody"))) == (
            403,
            "not_authorised",
        )

    def test_one_that_was_ended_is_refused_at_once(
        self, visitor: Visitor, followed: Archive, subject: str
    ) -> None:
        token = visitor.made_up.token(sub=subject)
        visitor.log_in(sub=subject)
        assert visitor.ask().status_code == visitor.ask_with(token).status_code == 200

        end(followed, subject, "1")

        assert code(visitor.ask()) == (403, "not_authorised")
        assert code(visitor.ask_with(token)) == (403, "not_authorised")

    def test_who_has_several_names_one(
        self, visitor: Visitor, followed: Archive, subject: str
    ) -> None:
        authorise(followed, subject, "district_detective", "utrecht")
        authorise(followed, subject, "auditor", "utrecht")
        visitor.log_in(sub=subject)

        assert code(visitor.ask()) == (403, "role_missing")
        assert code(visitor.ask(Herkomst_Role="district_detective")) == (403, "role_missing")
        assert code(visitor.ask(Herkomst_Role="administrator")) == (403, "role_not_held")
        assert visitor.ask(Herkomst_Role="district_detective@utrecht").json()["data"]["hits"]
        refused = visitor.ask(Herkomst_Role="auditor").json()
        assert refused["data"]["hits"]["nodes"] is None

    def test_an_administrator_grants_to_others_and_not_to_himself(
        self, visitor: Visitor, followed: Archive, subject: str
    ) -> None:
        boss = f"boss-of-{subject}"
        authorise(followed, boss, "administrator", "landelijk")
        visitor.log_in(sub=boss)

        def grant(to: str) -> Any:
            query = (
                "mutation ($s: String!, $u: DateTime!) { grantAuthorisation(subject: $s, "
                'role: hic_team, unit: "utrecht", until: $u, why: "op verzoek") { __typename '
                "... on AuthorisationRefused { code } } }"
            )
            until = (datetime.now(UTC) + timedelta(days=30)).isoformat()
            answer = visitor.client.post(
                "/graphql",
                json={"query": query, "variables": {"s": to, "u": until}},
                headers={
                    "Origin": PAGE,
                    "Herkomst-Purpose": "duty:authorisation",
                    "Herkomst-Ground": "wpg:6",
                },
            )
            return answer.json()["data"]["grantAuthorisation"]

        assert grant(boss)["code"] == "own_authorisation"
        assert grant("client:kassa")["code"] == "role_of_persons"
        assert grant(subject) == {"__typename": "AuthorisationDone"}

    def test_a_role_is_no_word_of_the_provider(self, visitor: Visitor, subject: str) -> None:
        """Given a token that names a role, then what was granted counts and not what it names."""
        token = visitor.made_up.token(sub=subject, role="administrator", unit="everywhere")

        answer = visitor.client.get("/session", headers={"Authorization": f"Bearer {token}"})

        (held,) = answer.json()["who"]["authorisations"]
        assert (held["role"], held["unit"]) == ("district_detective", "amsterdam")

    def test_a_system_hands_in_for_its_own_source(
        self, visitor: Visitor, followed: Archive
    ) -> None:
        authorise(followed, "client:kassa", "source", TILL)
        machine = {"client_id": "kassa", "azp": "kassa", "sub": "kassa"}
        sent = {"Authorization": f"Bearer {visitor.made_up.token(**machine)}"}

        ours = visitor.client.post("/v1/purchases", content=_record(), headers=sent)
        other = visitor.client.post("/v1/purchases", content=_record("x"), headers=sent)

        assert ours.status_code == 201, ours.text
        assert other.status_code == 403


@pytest.mark.usefixtures("_asked_each_time")
class TestWithinAMinute:
    def test_a_session_that_the_provider_ended_is_refused(
        self, visitor: Visitor, subject: str
    ) -> None:
        visitor.log_in(sub=subject)
        assert visitor.ask().status_code == 200

        visitor.made_up.answers["token"] = (400, {"error": "invalid_grant"})

        assert code(visitor.ask()) == (401, "session_revoked")
        assert code(visitor.ask()) == (401, "session_ended")

    def test_a_session_that_becomes_somebody_elses_is_ended(
        self, visitor: Visitor, subject: str
    ) -> None:
        visitor.log_in(sub=subject)
        visitor.gives({"nonce": "n"}, sub="another")

        assert code(visitor.ask()) == (401, "session_revoked")

    def test_the_refresh_token_that_was_given_last_is_used(
        self, visitor: Visitor, subject: str
    ) -> None:
        visitor.log_in(sub=subject)
        visitor.made_up.answers["token"] = (200, {"refresh_token": "next"})
        visitor.ask()
        visitor.ask()

        assert visitor.made_up.asked[-1][1]["refresh_token"] == ["next"]

    def test_a_refresh_token_that_is_good_once_is_used_once_by_several_processes(
        self, visitor: Visitor, visit: Visiting, subject: str
    ) -> None:
        """Given a provider that ends a session whose token is used twice, then it goes on."""
        visitor.log_in(sub=subject)
        good, used = ["refresh"], []

        def refresh(form: Any) -> tuple[int, Any]:
            used.append(form["refresh_token"][0])
            if used[-1] != good[-1]:
                return 400, {"error": "invalid_grant"}
            good.append(f"next-{len(good)}")
            return 200, {"refresh_token": good[-1]}

        visitor.made_up.answers["token"] = refresh
        with visit() as another, ThreadPoolExecutor(8) as threads:
            another.client.cookies = visitor.client.cookies
            askers = [visitor.ask, another.ask] * 12
            answers = [asked.result().status_code for asked in map(threads.submit, askers)]

        assert answers == [200] * 24
        assert used == good[:-1]

    def test_while_the_provider_is_down_it_goes_on_for_a_bounded_time(
        self, visitor: Visitor, subject: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        token = visitor.made_up.token(sub=subject)
        visitor.log_in(sub=subject)
        visitor.made_up.answers["introspect"] = (200, {"active": True})
        assert visitor.ask_with(token).status_code == 200

        visitor.made_up.is_down = True
        assert visitor.ask().status_code == visitor.ask_with(token).status_code == 200

        monkeypatch.setattr(gate, "GRACE", 0.0)
        assert code(visitor.ask()) == code(visitor.ask_with(token)) == (503, "provider_down")

        monkeypatch.setattr(gate, "GRACE", 300.0)
        assert visitor.ask().status_code == 200

    def test_a_token_that_the_provider_took_back_is_refused(
        self, visitor: Visitor, subject: str
    ) -> None:
        token = visitor.made_up.token(sub=subject)
        visitor.made_up.answers["introspect"] = (200, {"active": True})
        assert visitor.ask_with(token).status_code == 200

        visitor.made_up.answers["introspect"] = (200, {"active": False})

        assert code(visitor.ask_with(token)) == (401, "token_revoked")

    def test_an_old_token_that_nobody_can_ask_about_is_refused(
        self, visit: Visiting, subject: str
    ) -> None:
        with visit(oidc_client_secret_file=None) as visitor:
            fresh = visitor.made_up.token(sub=subject)
            old = visitor.made_up.token(sub=subject, iat=int(visitor.made_up.now) - 50)

            assert visitor.ask_with(fresh).status_code == 200
            assert code(visitor.ask_with(old)) == (401, "token_unconfirmed")


def _record(source: str = TILL) -> bytes:
    import msgspec

    return msgspec.json.encode(a_purchase(source=source))
