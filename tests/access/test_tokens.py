import base64
import json
import time
from pathlib import Path

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey

from herkomst.access import tokens
from herkomst.access.tokens import NotAuthenticated, TokenRefused, bearer, developer, issue
from herkomst.access.viewer import Role, Viewer
from herkomst.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", kek_file=tmp_path / "kek.json", dev_login=True)


def off(settings: Settings) -> Settings:
    return Settings(home=settings.home, kek_file=settings.kek_file, dev_login=False)


def authenticate(settings: Settings, header: str | None) -> Viewer:
    return developer(settings, bearer(header))


def sent(token: str) -> str:
    return f"Bearer {token}"


def forged(settings: Settings, **changes: object) -> str:
    """A token signed with the right key that says something else."""
    key = OctKey.import_key((settings.home / tokens.KEY_FILE).read_bytes())
    claims = {
        "iss": tokens.ISSUER,
        "aud": tokens.AUDIENCE,
        "sub": "dev:x@y",
        "exp": int(time.time()) + 60,
        "role": "auditor",
        "unit": "y",
    }
    kept = {name: value for name, value in (claims | changes).items() if value is not None}
    return sent(jwt.encode({"alg": "HS256"}, kept, key))


class TestWhoIsNobody:
    @pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Basic eDp5", "x"])
    def test_without_a_token(self, settings: Settings, header: str | None) -> None:
        with pytest.raises(NotAuthenticated) as refusal:
            authenticate(settings, header)

        assert refusal.value.code == "token_missing"

    @pytest.mark.parametrize("token", ["x", "x.y.z", "e30.e30.", "ey" * 5000, "é", "\x00"])
    def test_with_what_is_no_token(self, settings: Settings, token: str) -> None:
        issue(settings, "auditor", "amsterdam", 60)

        with pytest.raises(NotAuthenticated) as refusal:
            authenticate(settings, sent(token))

        assert refusal.value.code == "token_invalid"

    def test_with_a_token_once_the_login_is_off(self, settings: Settings) -> None:
        token = issue(settings, "auditor", "amsterdam", 60).token

        with pytest.raises(NotAuthenticated):
            authenticate(off(settings), sent(token))

    def test_with_a_token_once_the_key_is_gone(self, settings: Settings) -> None:
        token = issue(settings, "auditor", "amsterdam", 60).token
        (settings.home / tokens.KEY_FILE).unlink()

        with pytest.raises(NotAuthenticated):
            authenticate(settings, sent(token))

    def test_with_a_token_signed_by_a_key_that_others_read(self, settings: Settings) -> None:
        token = issue(settings, "auditor", "amsterdam", 60).token
        (settings.home / tokens.KEY_FILE).chmod(0o644)

        with pytest.raises(NotAuthenticated):
            authenticate(settings, sent(token))
        with pytest.raises(TokenRefused) as refusal:
            issue(settings, "auditor", "amsterdam", 60)
        assert refusal.value.code == "dev_key_unusable"

    def test_with_a_token_of_another_home(self, settings: Settings, tmp_path: Path) -> None:
        another = Settings(home=tmp_path / "other", kek_file=settings.kek_file, dev_login=True)
        issue(settings, "auditor", "amsterdam", 60)

        with pytest.raises(NotAuthenticated):
            authenticate(settings, sent(issue(another, "auditor", "amsterdam", 60).token))

    @pytest.mark.parametrize(
        "changes",
        [
            {"iss": "https://example.org"},
            {"iss": None},
            {"aud": "another"},
            {"aud": None},
            {"exp": None},
            {"exp": "tomorrow"},
            {"role": "king"},
            {"role": None},
            {"unit": None},
            {"sub": None},
        ],
    )
    def test_with_claims_that_do_not_hold(
        self, settings: Settings, changes: dict[str, object]
    ) -> None:
        issue(settings, "auditor", "amsterdam", 60)

        with pytest.raises(NotAuthenticated) as refusal:
            authenticate(settings, forged(settings, **changes))

        assert refusal.value.code == "token_invalid"

    def test_with_a_token_that_ended(self, settings: Settings) -> None:
        issue(settings, "auditor", "amsterdam", 60)

        with pytest.raises(NotAuthenticated) as refusal:
            authenticate(settings, forged(settings, exp=int(time.time()) - 1))

        assert refusal.value.code == "token_expired"

    def test_with_a_token_without_a_signature(self, settings: Settings) -> None:
        token = issue(settings, "district_detective", "amsterdam", 60).token
        header = base64.urlsafe_b64encode(json.dumps({"alg": "none"}).encode()).decode()

        with pytest.raises(NotAuthenticated):
            authenticate(settings, sent(f"{header.rstrip('=')}.{token.split('.')[1]}."))


class TestIssuing:
    def test_nothing_where_the_login_is_off(self, settings: Settings) -> None:
        with pytest.raises(TokenRefused) as refusal:
            issue(off(settings), "auditor", "amsterdam", 60)

        assert refusal.value.code == "dev_login_off"
        assert not (settings.home / tokens.KEY_FILE).exists()

    @pytest.mark.parametrize(
        ("role", "unit", "ttl", "code"),
        [
            ("detective", "amsterdam", 60, "unknown_role"),
            ("auditor", "", 60, "unit"),
            ("auditor", " x", 60, "unit"),
            ("auditor", "x\n", 60, "unit"),
            ("auditor", "x" * 101, 60, "unit"),
            ("auditor", "amsterdam", 0, "ttl"),
            ("auditor", "amsterdam", -1, "ttl"),
            ("auditor", "amsterdam", 10**9, "ttl"),
        ],
    )
    def test_nothing_for_what_cannot_be_meant(
        self, settings: Settings, role: str, unit: str, ttl: int, code: str
    ) -> None:
        with pytest.raises(TokenRefused) as refusal:
            issue(settings, role, unit, ttl)

        assert refusal.value.code == code

    @pytest.mark.parametrize("role", list(Role))
    def test_a_token_tells_who_made_use_of_it(self, settings: Settings, role: Role) -> None:
        issued = issue(settings, role, "any unit", 60)

        viewer = authenticate(settings, sent(issued.token))

        assert (viewer.role, viewer.unit) == (role, "any unit")
        assert viewer.subject == f"dev:{role}@any unit"
        assert viewer.expires_at == issued.expires_at

    def test_the_key_is_its_owners_alone(self, settings: Settings) -> None:
        issue(settings, "auditor", "amsterdam", 60)
        path = settings.home / tokens.KEY_FILE

        assert path.stat().st_mode & 0o777 == 0o600
        assert list(settings.home.iterdir()) == [path]

    def test_two_tokens_are_signed_with_one_key(self, settings: Settings) -> None:
        first = issue(settings, "auditor", "amsterdam", 60)
        issue(settings, "auditor", "utrecht", 60)

        assert authenticate(settings, sent(first.token)).unit == "amsterdam"
