"""Tokens: made for development only, and checked for whoever calls.

A development login signs with a random key in a file of its own under the home. Its tokens are
accepted only while the login is switched on, and no longer once the file is removed. The tokens of
an identity provider are held against its keys in `oidc.py`; `gate.py` tells the two apart.
"""

import difflib
import os
import time
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from joserfc import jws, jwt
from joserfc.errors import ExpiredTokenError, JoseError
from joserfc.jwk import OctKey

from herkomst.access.viewer import Role, Viewer
from herkomst.settings import Settings

ISSUER = "herkomst:development"
AUDIENCE = "herkomst"
KEY_FILE = "dev-login.key"
LONGEST_UNIT = 100
LONGEST_TERM = 30 * 24 * 3600
_ALGORITHM = "HS256"
_claims = jwt.JWTClaimsRegistry(
    iss={"essential": True, "value": ISSUER},
    aud={"essential": True, "value": AUDIENCE},
    exp={"essential": True},
    sub={"essential": True},
    role={"essential": True, "values": [role.value for role in Role]},
    unit={"essential": True},
)


class NotAuthenticated(Exception):
    """Nobody, or nobody that is known, asks."""

    def __init__(
        self,
        code: str,
        message: str,
        cure: str = "Send `Authorization: Bearer TOKEN` with a token that is valid now.",
    ) -> None:
        self.code, self.message, self.cure = code, message, cure
        super().__init__(f"{message} {cure}")


class TokenRefused(Exception):
    """No token is made, and why."""

    def __init__(self, code: str, message: str, cure: str) -> None:
        super().__init__(f"{message} {cure}")
        self.code, self.message, self.cure = code, message, cure


class Issued(NamedTuple):
    """A token, and when it ends."""

    token: str
    expires_at: datetime


def issue(settings: Settings, role: str, unit: str, ttl: int) -> Issued:
    """A development token for any unit, for `ttl` seconds, where the login is switched on.

    Raises `TokenRefused`.
    """
    if not settings.dev_login:
        raise TokenRefused(
            "dev_login_off",
            "Development login is switched off, so no token is made here.",
            "Set HERKOMST_DEV_LOGIN=1, and never on a machine that holds real data.",
        )
    known = known_role(role)
    unit = known_unit(unit)
    if not 0 < ttl <= LONGEST_TERM:
        raise TokenRefused(
            "ttl",
            f"A token lasts from 1 to {LONGEST_TERM} seconds.",
            "Name a term between them; a working day is 28800.",
        )
    now = int(time.time())
    expires = now + ttl
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": f"dev:{known}@{unit}",
        "iat": now,
        "exp": expires,
        "role": known,
        "unit": unit,
    }
    token = jwt.encode({"alg": _ALGORITHM}, claims, OctKey.import_key(_make_key(settings.home)))
    return Issued(token, datetime.fromtimestamp(expires, UTC))


def known_role(role: str) -> Role:
    """The role of that name. Raises `TokenRefused`, which names the nearest."""
    try:
        return Role(role)
    except ValueError:
        nearest = difflib.get_close_matches(role, [r.value for r in Role], n=1, cutoff=0.0)[0]
        raise TokenRefused(
            "unknown_role",
            f"There is no role {role!r}.",
            f"Did you mean {nearest!r}? The roles are {', '.join(Role)}.",
        ) from None


def known_unit(unit: str) -> str:
    """The unit, where it can be one. Raises `TokenRefused`."""
    if not unit or len(unit) > LONGEST_UNIT or unit != unit.strip() or not unit.isprintable():
        raise TokenRefused(
            "unit",
            f"The unit is empty, longer than {LONGEST_UNIT} characters or has blanks around it.",
            "Name the unit, such as amsterdam; for a till it is its source.",
        )
    return unit


def bearer(authorization_header: str | None) -> str:
    """The token of an `Authorization` header. Raises `NotAuthenticated`."""
    scheme, _, token = (authorization_header or "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise NotAuthenticated("token_missing", "No bearer token was sent.")
    return token.strip()


def is_development(token: str) -> bool:
    """Whether a token is to be held against the key of the development login: by how it says that
    it is signed, which is verified afterwards, as no provider may sign like this."""
    try:
        return jws.extract_compact(token.encode()).headers().get("alg") == _ALGORITHM
    except (JoseError, ValueError, TypeError, RecursionError):
        return True  # It is none, and is refused there.


def developer(settings: Settings, token: str) -> Viewer:
    """Whom a development token speaks of; role and unit are its own. Raises `NotAuthenticated`."""
    try:
        claims = _verified(settings, token)
    except ExpiredTokenError:
        raise NotAuthenticated("token_expired", "The token has ended.") from None
    except (JoseError, ValueError, TypeError, RecursionError):
        # What a library finds wrong with a forged token is of no use to who is honest.
        raise NotAuthenticated("token_invalid", "The token is not one of ours.") from None
    return Viewer(
        subject=str(claims["sub"]),
        role=Role(claims["role"]),
        unit=str(claims["unit"]),
        expires_at=datetime.fromtimestamp(int(claims["exp"]), UTC),
        may_accept=True,
    )


def _verified(settings: Settings, token: str) -> dict[str, Any]:
    """The claims of a token whose signature, issuer, audience and term hold."""
    key = _read_key(settings.home) if settings.dev_login else None
    if key is None:
        raise NotAuthenticated("token_invalid", "The token is not one of ours.")
    claims = _signed(token, key)
    if claims["exp"] < time.time():  # Each time, because a term ends.
        raise ExpiredTokenError("exp")
    return claims


@lru_cache(maxsize=1024)
def _signed(token: str, key: bytes) -> dict[str, Any]:
    """The claims of a token that this key signed and that holds now; the same token comes with
    everything that somebody asks."""
    claims = jwt.decode(token, OctKey.import_key(key), algorithms=[_ALGORITHM]).claims
    _claims.validate(claims)
    return claims


def _read_key(home: Path) -> bytes | None:
    path = home / KEY_FILE
    try:
        found = path.stat()
        key = _content(path, found.st_ino, found.st_mtime_ns)
    except FileNotFoundError:
        return None
    # Who may read the key may be anyone; a key that others could read signs nothing.
    return None if found.st_mode & 0o077 or len(key) != 32 else key


@lru_cache(maxsize=8)
def _content(path: Path, inode: int, modified_ns: int) -> bytes:  # noqa: ARG001
    """The key file as it was last written."""
    return path.read_bytes()


def _make_key(home: Path) -> bytes:
    """The key, made when there is none. Safe beside another maker."""
    path = home / KEY_FILE
    if not path.exists():
        home.mkdir(parents=True, exist_ok=True)
        draft = home / f"{KEY_FILE}.{os.getpid()}.{time.monotonic_ns()}"
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(os.urandom(32))
        try:
            os.link(draft, path)  # Fails where another was first; then its key holds.
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    key = _read_key(home)
    if key is None:
        raise TokenRefused(
            "dev_key_unusable",
            f"The key file {path} is broken, or others may read it.",
            "Remove it; a new one is made, and tokens made before end.",
        )
    return key
