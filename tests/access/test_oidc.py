"""What a token of an identity provider must be, and what happens while the provider is down."""

import base64
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import anyio
import pytest

from herkomst.access import oidc
from herkomst.access.oidc import (
    BACKCHANNEL,
    KEYS_LAST,
    KEYS_TERM,
    LEEWAY,
    LONGEST_TERM,
    METADATA_TERM,
    PAUSE,
    REST,
    ProviderDown,
    TokensRefused,
    client_of,
)
from herkomst.access.tokens import NotAuthenticated
from herkomst.settings import ConfigurationError, Settings
from tests.access.provider import (
    AUDIENCE,
    EC,
    ISSUER,
    SUBJECT,
    MadeUp,
    by_the_public_key,
    small_key,
)

T = TypeVar("T")


@pytest.fixture
def made_up() -> MadeUp:
    return MadeUp()


def done(act: Callable[..., Awaitable[T]], *values: Any) -> T:
    return anyio.run(act, *values)


def refused(act: Callable[..., Awaitable[Any]], *values: Any) -> str:
    """The code with which somebody is told that he is nobody."""
    with pytest.raises(NotAuthenticated) as refusal:
        done(act, *values)
    return refusal.value.code


class TestWhoIsNobody:
    def test_with_a_token_without_a_signature(self, made_up: MadeUp) -> None:
        head, body, _ = made_up.token().split(".")
        named = json.loads(base64.urlsafe_b64decode(head + "=="))
        none = base64.urlsafe_b64encode(json.dumps(named | {"alg": "none"}).encode()).decode()

        for forged in (f"{none.rstrip('=')}.{body}.", f"{head}.{body}."):
            assert refused(made_up.provider.identity, forged) == "token_invalid"

    def test_with_a_token_that_takes_the_public_key_for_a_secret(self, made_up: MadeUp) -> None:
        forged = by_the_public_key(made_up)

        assert refused(made_up.provider.identity, forged) == "token_invalid"

    def test_with_a_token_whose_words_were_changed(self, made_up: MadeUp) -> None:
        head, _, signature = made_up.token().split(".")
        body = made_up.token(sub="another").split(".")[1]

        assert refused(made_up.provider.identity, f"{head}.{body}.{signature}") == "token_invalid"

    def test_with_a_token_of_a_key_that_was_not_published(self, made_up: MadeUp) -> None:
        token = made_up.token()
        made_up.rotate()

        assert refused(made_up.provider.identity, token) == "token_invalid"

    def test_with_a_token_that_brings_its_own_key(self, made_up: MadeUp) -> None:
        own = MadeUp()
        own.rotate()
        key = own.keys[0]
        forged = own.token(header={"kid": "rsa-0", "jwk": key.as_dict(private=False)})

        assert refused(made_up.provider.identity, forged) == "token_invalid"

    @pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
    def test_with_a_token_of_a_key_too_short(self, made_up: MadeUp) -> None:
        key = small_key()
        made_up.keys.append(key)

        forged = made_up.token(key=key)
        assert refused(made_up.provider.identity, forged) == "token_invalid"

    def test_with_a_token_of_a_key_for_encryption(self, made_up: MadeUp) -> None:
        token = made_up.token()
        keys = [key.as_dict(private=False) | {"use": "enc"} for key in made_up.keys]
        made_up.answers["certs"] = (200, {"keys": keys})

        assert refused(made_up.provider.identity, token) == "token_invalid"

    @pytest.mark.parametrize("token", ["", "x", "x.y.z", "e30.e30.", "ey" * 9000, "é.é.é", "\0"])
    def test_with_what_is_no_token(self, made_up: MadeUp, token: str) -> None:
        assert refused(made_up.provider.identity, token) == "token_invalid"

    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"iss": "https://login.example/realms/another"}, "token_issuer"),
            ({"iss": None}, "token_invalid"),
            ({"aud": "another"}, "token_audience"),
            ({"aud": ["another", "third"]}, "token_audience"),
            ({"aud": None}, "token_invalid"),
            ({"exp": None}, "token_invalid"),
            ({"iat": None}, "token_invalid"),
            ({"exp": "tomorrow"}, "token_expired"),
            ({"exp": 1e400}, "token_expired"),
            ({"sub": None}, "token_invalid"),
            ({"sub": 7}, "token_invalid"),
            ({"sub": ""}, "token_invalid"),
            ({"sub": "dev:administrator@x"}, "token_subject"),
            ({"sub": "os:root"}, "token_subject"),
            ({"sub": "client:kassa"}, "token_subject"),
            ({"sub": "x\n"}, "token_subject"),
            ({"sub": "x" * 201}, "token_subject"),
            ({"typ": "ID"}, "token_kind"),
            ({"typ": "Refresh"}, "token_kind"),
            ({"typ": None, "nonce": "n"}, "token_kind"),
            ({"typ": None, "at_hash": "x"}, "token_kind"),
            ({"events": {BACKCHANNEL: {}}}, "token_kind"),
        ],
    )
    def test_with_claims_that_do_not_hold(
        self, made_up: MadeUp, changes: dict[str, Any], code: str
    ) -> None:
        assert refused(made_up.provider.identity, made_up.token(**changes)) == code

    def test_before_and_after_the_term_of_a_token(self, made_up: MadeUp) -> None:
        identity, now = made_up.provider.identity, int(made_up.now)

        assert refused(identity, made_up.token(exp=now - LEEWAY)) == "token_expired"
        assert refused(identity, made_up.token(nbf=now + LEEWAY + 1)) == "token_early"
        assert refused(identity, made_up.token(iat=now + LEEWAY + 1)) == "token_early"
        assert done(identity, made_up.token(exp=now - LEEWAY + 1, nbf=now + LEEWAY))

    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"nonce": "another"}, "token_nonce"),
            ({"nonce": None}, "token_nonce"),
            ({"azp": "desk"}, "token_azp"),
            ({"aud": [AUDIENCE, "x"], "azp": None}, "token_azp"),
            ({"aud": "x"}, "token_audience"),
            ({"sub": "client:kassa"}, "token_subject"),
        ],
    )
    def test_at_login_with_an_id_token_of_something_else(
        self, made_up: MadeUp, changes: dict[str, Any], code: str
    ) -> None:
        assert refused(made_up.provider.person, made_up.id_token(**changes), "n") == code

    @pytest.mark.parametrize(
        "changes",
        [
            {"events": None},
            {"events": {"x": {}}},
            {"events": BACKCHANNEL},
            {"nonce": "n"},
            {"sub": None},
        ],
    )
    def test_a_logout_is_told_by_a_logout_token_alone(
        self, made_up: MadeUp, changes: dict[str, Any]
    ) -> None:
        told: dict[str, Any] = {"events": {BACKCHANNEL: {}}, "typ": "Logout", "exp": None}

        token = made_up.token(**(told | changes))
        assert refused(made_up.provider.logged_out, token) == "token_kind"
        assert done(made_up.provider.logged_out, made_up.token(**told))["sub"] == SUBJECT


class TestWhoAsks:
    @pytest.mark.parametrize("changes", [{}, {"aud": ["x", AUDIENCE]}, {"typ": None}])
    def test_a_person_by_his_sub(self, made_up: MadeUp, changes: dict[str, Any]) -> None:
        told = done(made_up.provider.identity, made_up.token(**changes))

        assert told.subject == SUBJECT
        assert told.expires_at == made_up.now + 300

    def test_a_signature_on_a_curve_is_one_too(self, made_up: MadeUp) -> None:
        assert done(made_up.provider.identity, made_up.token(key=EC, alg="ES256"))

    @pytest.mark.parametrize(
        ("changes", "subject"),
        [
            ({"preferred_username": "service-account-kassa"}, "client:kassa"),
            ({"sub": "kassa"}, "client:kassa"),
            ({"sid": "s", "preferred_username": "service-account-kassa"}, SUBJECT),
            ({"azp": "another", "preferred_username": "service-account-kassa"}, SUBJECT),
            ({"preferred_username": "service-account-another"}, SUBJECT),
            ({}, SUBJECT),
        ],
    )
    def test_a_system_by_the_client_to_which_the_token_was_issued(
        self, made_up: MadeUp, changes: dict[str, Any], subject: str
    ) -> None:
        token = made_up.token(**({"client_id": "kassa", "azp": "kassa"} | changes))

        assert done(made_up.provider.identity, token).subject == subject

    @pytest.mark.parametrize("exp", [10**9 * 9, 10**30, 10**400])
    def test_no_token_is_good_for_ever(self, made_up: MadeUp, exp: int) -> None:
        told = done(made_up.provider.identity, made_up.token(exp=exp, iat=-(10**30)))

        assert (told.issued_at, told.expires_at) == (0, made_up.now + LONGEST_TERM)


class TestKeys:
    def test_they_are_fetched_once_for_many_tokens(self, made_up: MadeUp) -> None:
        async def many() -> None:
            async with anyio.create_task_group() as group:
                for _ in range(20):
                    group.start_soon(made_up.provider.identity, made_up.token())

        anyio.run(many)

        assert (made_up.count("certs"), made_up.count("openid-configuration")) == (1, 1)

    def test_given_a_new_key_when_it_signs_then_it_is_looked_for(self, made_up: MadeUp) -> None:
        done(made_up.provider.identity, made_up.token())
        made_up.rotate()
        made_up.now += PAUSE

        assert done(made_up.provider.identity, made_up.token())
        assert made_up.count("certs") == 2

    def test_given_many_forged_names_of_keys_then_the_provider_is_not_flooded(
        self, made_up: MadeUp
    ) -> None:
        done(made_up.provider.identity, made_up.token())
        for n in range(50):
            forged = made_up.token(header={"kid": f"forged-{n}"})
            assert refused(made_up.provider.identity, forged) == "token_invalid"
        assert made_up.count("certs") == 1

        made_up.now += PAUSE
        for n in range(50):
            refused(made_up.provider.identity, made_up.token(header={"kid": f"forged-{n}"}))
        assert made_up.count("certs") == 2

    def test_a_key_that_was_withdrawn_is_forgotten(self, made_up: MadeUp) -> None:
        token = made_up.token(exp=int(made_up.now) + 10_000)
        done(made_up.provider.identity, token)
        made_up.rotate()
        made_up.now += KEYS_TERM

        assert refused(made_up.provider.identity, token) == "token_invalid"

    def test_a_key_that_was_withdrawn_signs_nothing_a_minute_later(self, made_up: MadeUp) -> None:
        """Who has it may say of each of his tokens that it was issued just now."""
        done(made_up.provider.identity, made_up.token())
        forged = made_up.token(iat=int(made_up.now) + 60)
        made_up.rotate()
        made_up.now += 60

        assert refused(made_up.provider.identity, forged) == "token_invalid"


class TestWhileItIsDown:
    def test_known_keys_go_on_for_a_bounded_time(self, made_up: MadeUp) -> None:
        done(made_up.provider.identity, made_up.token())
        made_up.is_down = True

        made_up.now += KEYS_LAST - 1
        assert done(made_up.provider.identity, made_up.token())

        made_up.now += 1
        with pytest.raises(ProviderDown):
            done(made_up.provider.identity, made_up.token())

        made_up.is_down = False
        made_up.now += PAUSE
        assert done(made_up.provider.identity, made_up.token())

    def test_nobody_is_known_before_it_was_ever_up(self, made_up: MadeUp) -> None:
        made_up.is_down = True

        with pytest.raises(ProviderDown) as refusal:
            done(made_up.provider.identity, made_up.token())
        assert refusal.value.cure

    def test_it_is_left_alone_for_a_moment_after_it_did_not_answer(self, made_up: MadeUp) -> None:
        made_up.is_down = True
        for _ in range(5):
            with pytest.raises(ProviderDown):
                done(made_up.provider.metadata)
        assert len(made_up.asked) == 1

        made_up.is_down = False
        made_up.now += REST
        assert done(made_up.provider.metadata).issuer == ISSUER

    def test_its_description_goes_on(self, made_up: MadeUp) -> None:
        done(made_up.provider.metadata)
        made_up.is_down = True
        made_up.now += METADATA_TERM

        assert done(made_up.provider.login_url, "https://h/cb", "s", "n", "c")

    def test_one_that_answers_for_ever_is_given_up(
        self, made_up: MadeUp, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(oidc, "BODY_LIMIT", 100)

        with pytest.raises(ProviderDown, match="more than can be meant"):
            done(made_up.provider.metadata)

    def test_one_that_hangs_is_given_up(
        self, made_up: MadeUp, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(oidc, "PATIENCE", 0.01)
        made_up.hangs = True

        with pytest.raises(ProviderDown, match="cannot be reached"):
            done(made_up.provider.metadata)


class TestAProviderThatIsNone:
    @pytest.mark.parametrize(
        "changes",
        [
            {"issuer": "https://login.example/realms/another"},
            {"code_challenge_methods_supported": ["plain"]},
            {"token_endpoint": "http://login.example/token"},
            {"jwks_uri": "file:///etc/passwd"},
        ],
    )
    def test_what_it_says_of_itself_must_hold(
        self, made_up: MadeUp, changes: dict[str, Any]
    ) -> None:
        made_up.metadata |= changes

        with pytest.raises(ProviderDown):
            done(made_up.provider.metadata)

    @pytest.mark.parametrize("answer", [(200, []), (200, {}), (404, {}), (500, {}), (302, {})])
    def test_another_answer_is_none(self, made_up: MadeUp, answer: tuple[int, Any]) -> None:
        made_up.answers["openid-configuration"] = answer

        with pytest.raises(ProviderDown):
            done(made_up.provider.metadata)

    def test_an_answer_of_another_provider_is_refused(self, made_up: MadeUp) -> None:
        made_up.metadata["authorization_response_iss_parameter_supported"] = True

        for issuer in (None, "https://evil.example"):
            assert refused(made_up.provider.must_answer_as, issuer) == "token_issuer"


class TestTokens:
    def test_a_login_carries_a_challenge_and_no_secret(self, made_up: MadeUp) -> None:
        url = done(made_up.provider.login_url, "https://h/session/callback", "s", "n", "c")

        assert "code_challenge=c&code_challenge_method=S256" in url
        assert "response_type=code" in url
        assert "client_secret" not in url

    def test_a_code_that_is_refused_gives_none(self, made_up: MadeUp) -> None:
        made_up.answers["token"] = (400, {"error": "invalid_grant"})

        with pytest.raises(TokensRefused):
            done(made_up.provider.exchange, "code", "verifier", "https://h/session/callback")
        assert made_up.asked[-1][1]["code_verifier"] == ["verifier"]

    @pytest.mark.parametrize(
        "answer", [(401, {"error": "invalid_client"}), (400, {"error": "unauthorized_client"})]
    )
    def test_a_client_that_is_set_up_wrongly_is_no_log_out(
        self, made_up: MadeUp, answer: tuple[int, Any]
    ) -> None:
        made_up.answers["token"] = answer

        with pytest.raises(ProviderDown, match=answer[1]["error"]):
            done(made_up.provider.refresh, "token")

    @pytest.mark.parametrize("active", [True, False])
    def test_it_says_whether_a_token_still_holds(self, made_up: MadeUp, active: bool) -> None:
        made_up.answers["introspect"] = (200, {"active": active})

        assert done(made_up.provider.is_active, "token") is active

    def test_a_public_client_names_itself_and_does_not_ask_of_tokens(self) -> None:
        public = MadeUp(secret=None)
        public.answers["token"] = (200, {"refresh_token": "r", "id_token": "i"})

        done(public.provider.refresh, "token")

        assert public.asked[-1][1]["client_id"] == [AUDIENCE]
        assert not public.provider.introspects


class TestTheSecret:
    def settings(self, path: Path) -> Settings:
        return Settings(
            home=path.parent,
            kek_file=path.parent / "kek.json",
            oidc_issuer="https://login.example",
            oidc_audience=AUDIENCE,
            oidc_client_secret_file=path,
        )

    def test_it_is_read_from_a_file_of_its_owner(self, tmp_path: Path) -> None:
        path = tmp_path / "secret"
        path.write_text("made-up\n")
        path.chmod(0o600)

        client = client_of(self.settings(path))

        assert client is not None
        assert (client.id, client.secret) == (AUDIENCE, "made-up")

    @pytest.mark.parametrize(("text", "mode"), [("made-up", 0o644), (" ", 0o600), (None, 0)])
    def test_another_file_is_refused(self, tmp_path: Path, text: str | None, mode: int) -> None:
        path = tmp_path / "secret"
        if text is not None:
            path.write_text(text)
            path.chmod(mode)

        with pytest.raises(ConfigurationError):
            client_of(self.settings(path))

    def test_without_a_provider_there_is_no_client(self, tmp_path: Path) -> None:
        assert client_of(Settings(home=tmp_path, kek_file=tmp_path / "kek.json")) is None
