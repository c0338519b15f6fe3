"""A made-up identity provider, answered from memory: its keys, its clock and its moods are ours."""

import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

import anyio
import httpx
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from herkomst.access.oidc import Client, Provider

ISSUER = "https://login.example/realms/politie"
AUDIENCE = "herkomst"
SUBJECT = "c0ffee00-0000-4000-8000-000000000001"
NOW = 1_800_000_000
_RSA = [RSAKey.generate_key(2048, {"kid": f"rsa-{n}", "use": "sig"}) for n in range(2)]
EC = ECKey.generate_key("P-256", {"kid": "ec", "use": "sig"})


class MadeUp:
    """The provider, and the product's view of it over a transport that leaves no machine."""

    def __init__(self, *, secret: str | None = AUDIENCE, client: str = AUDIENCE) -> None:
        self.now = float(NOW)
        self.is_down = False
        self.hangs = False
        self.keys: list[Any] = [_RSA[0], EC]
        self.metadata: dict[str, Any] = {
            "issuer": ISSUER,
            "authorization_endpoint": f"{ISSUER}/auth",
            "token_endpoint": f"{ISSUER}/token",
            "jwks_uri": f"{ISSUER}/certs",
            "introspection_endpoint": f"{ISSUER}/introspect",
            "end_session_endpoint": f"{ISSUER}/logout",
            "code_challenge_methods_supported": ["S256"],
        }
        self.answers: dict[str, Any] = {}
        """What is answered at a path, where it is something else than the usual: status and body,
        or what makes them of the form that came."""
        self.asked: list[tuple[str, Mapping[str, list[str]]]] = []
        """The last part of each path that was asked for, and the form that came with it."""
        seen = Client(ISSUER, AUDIENCE, client, secret)
        self.provider = Provider(seen, self.http(), clock=lambda: self.now)

    def http(self) -> httpx.AsyncClient:
        """A client that reaches this provider and nobody else."""
        return httpx.AsyncClient(transport=httpx.MockTransport(self._answer))

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        name = request.url.path.rsplit("/", 1)[-1]
        self.asked.append((name, parse_qs(request.content.decode())))
        if self.hangs:
            await anyio.sleep_forever()
        if self.is_down:
            raise httpx.ConnectError("refused", request=request)
        if name in self.answers:
            found = self.answers[name]
            status, body = found(self.asked[-1][1]) if callable(found) else found
            return httpx.Response(status, json=body)
        if name == "openid-configuration":
            return httpx.Response(200, json=self.metadata)
        assert name == "certs", name
        return httpx.Response(200, json={"keys": [key.as_dict(private=False) for key in self.keys]})

    def count(self, name: str) -> int:
        """How often something was asked for."""
        return [asked for asked, _ in self.asked].count(name)

    def rotate(self) -> None:
        """Sign with another key from now on."""
        self.keys = [_RSA[1]]

    def claims(self, **changes: Any) -> dict[str, Any]:
        """Those of an access token of a person; a change to None takes one away."""
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": SUBJECT,
            "iat": int(self.now),
            "exp": int(self.now) + 300,
            "azp": "desk",
            "typ": "Bearer",
        }
        return {name: value for name, value in (claims | changes).items() if value is not None}

    def token(
        self, *, key: Any = None, alg: str = "RS256", header: Any = None, **changes: Any
    ) -> str:
        signing = key or self.keys[0]
        head = {"alg": alg, "kid": signing.kid} | (header or {})
        return jwt.encode(head, self.claims(**changes), signing, algorithms=[alg])

    def id_token(self, **changes: Any) -> str:
        return self.token(**({"typ": "ID", "azp": AUDIENCE, "nonce": "n"} | changes))


def small_key() -> RSAKey:
    """A key that is too short to trust."""
    return RSAKey.generate_key(1024, {"kid": "small", "use": "sig"})


def by_the_public_key(made_up: MadeUp) -> str:
    """A token by HS256, with the public key as its secret; the library refuses to make one."""
    key = made_up.keys[0]
    head = {"alg": "HS256", "kid": key.kid}
    signed = b".".join(_part(json.dumps(part).encode()) for part in (head, made_up.claims()))
    signature = hmac.digest(key.as_pem(private=False), signed, "sha256")
    return b".".join((signed, _part(signature))).decode()


def _part(content: bytes) -> bytes:
    return urlsafe_b64encode(content).rstrip(b"=")
