"""The identity provider (OpenID Connect): it says who asks, and whether he still may.

What it publishes is fetched when it is needed and kept for a bounded time: its description for an
hour, its keys for half a minute, so that a key which it withdraws signs nothing here a minute
later. A key that is not known is looked for again, not more often than every ten seconds. While it
cannot be reached known keys are good for an hour, and whoever needs it is told at once instead of
being kept waiting.
"""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeVar
from urllib.parse import quote_plus, urlencode, urlsplit

import anyio
import httpx
import msgspec
from joserfc import jws, jwt
from joserfc.errors import (
    ExpiredTokenError,
    InvalidClaimError,
    JoseError,
    MissingClaimError,
)
from joserfc.jwk import ECKey, RSAKey, import_key

from herkomst.access.tokens import NotAuthenticated
from herkomst.domain.casework.authorisation import SYSTEM
from herkomst.settings import ConfigurationError, Settings

ALGORITHMS = ("RS256", "PS256", "ES256")
"""How a provider may sign: neither `none`, nor what its public key could forge (HS256)."""
LEEWAY = 10
"""Seconds that two clocks may differ."""
METADATA_TERM, KEYS_TERM = 3600, 30
"""Seconds after which what was fetched is fetched again."""
KEYS_LAST = 3600
"""Seconds that known keys are good for while the provider is down."""
PAUSE = 10
"""Seconds between two looks for a key that is not known."""
REST = 5
"""Seconds that a provider is left alone after it did not answer."""
PATIENCE = 5.0
"""Seconds that anything at the provider may take."""
BODY_LIMIT = 1024 * 1024
TOKEN_LIMIT = 16 * 1024
MOST_KEYS = 100
SMALLEST_RSA = 2048
SCOPE = "openid"
BACKCHANNEL = "http://schemas.openid.net/event/backchannel-logout"
OWN_PREFIXES = (SYSTEM, "dev:", "os:")
"""How subjects begin that are told by something else than a provider's `sub`."""
LONGEST_SUBJECT = 200
LONGEST_TERM = 30 * 24 * 3600
"""Seconds that any token is good for, whatever it says."""

Clock = Callable[[], float]
_Key = RSAKey | ECKey
T = TypeVar("T")


class ProviderDown(Exception):
    """The identity provider cannot be reached, or does not answer as one."""

    code = "provider_down"
    cure = "Try again in a moment; if it lasts, `herkomst doctor` says what the provider answers."

    def __init__(self, why: str) -> None:
        self.message = f"The identity provider {why}."
        super().__init__(f"{self.message} {self.cure}")


class TokensRefused(Exception):
    """The provider gives no tokens for this code, or none any more for this session."""

    code = "tokens_refused"


class Metadata(msgspec.Struct, frozen=True):
    """What the provider says of itself (OpenID Connect Discovery)."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    end_session_endpoint: str | None = None
    introspection_endpoint: str | None = None
    code_challenge_methods_supported: list[str] | None = None
    authorization_response_iss_parameter_supported: bool = False


class Tokens(msgspec.Struct, frozen=True):
    """What the token endpoint gave; the access token is of no use here and is not kept."""

    refresh_token: str | None = None
    id_token: str | None = None


class _Introspected(msgspec.Struct, frozen=True):
    active: bool


class _KeySet(msgspec.Struct, frozen=True):
    keys: list[dict[str, Any]]


class Identity(NamedTuple):
    """Who asks, as the provider says it."""

    subject: str
    """A person by his `sub`; a system as `client:ID`."""
    issued_at: float
    expires_at: float


class Client(NamedTuple):
    """What this product is at its provider."""

    issuer: str
    audience: str
    id: str
    secret: str | None


def client_of(settings: Settings) -> Client | None:
    """The client that is configured; None without a provider. Raises `ConfigurationError`."""
    if settings.oidc_issuer is None or settings.oidc_audience is None:
        return None
    return Client(
        settings.oidc_issuer,
        settings.oidc_audience,
        settings.oidc_client_id or settings.oidc_audience,
        _secret(settings.oidc_client_secret_file),
    )


def _secret(path: Path | None) -> str | None:
    if path is None:
        return None
    try:
        if path.stat().st_mode & 0o077:
            raise ConfigurationError(
                "secret_exposed", f"Others may read {path}.", f"Run chmod 600 {path}."
            )
        secret = path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            "secret_unreadable",
            f"The file of HERKOMST_OIDC_CLIENT_SECRET_FILE cannot be read: {error}.",
            "Name a file that holds the secret of the client, and nothing else.",
        ) from error
    if not secret:
        raise ConfigurationError(
            "secret_unreadable", f"{path} is empty.", "Write the secret of the client into it."
        )
    return secret


class Provider:
    """One identity provider, as seen by one server process."""

    def __init__(self, client: Client, http: httpx.AsyncClient, clock: Clock = time.time) -> None:
        self.client = client
        self._http = http
        self._clock = clock
        self._turn, self._turn_for_keys = anyio.Lock(), anyio.Lock()
        self._metadata: Metadata | None = None
        self._described_at = float("-inf")
        self._keys: Mapping[str, _Key] = {}
        self._keys_at = float("-inf")
        self._looked_at = float("-inf")
        self._rests_until = float("-inf")

    # What it publishes

    async def metadata(self) -> Metadata:
        """Its description, not older than an hour unless it is down. Raises `ProviderDown`."""
        if self._clock() - self._described_at < METADATA_TERM and self._metadata:
            return self._metadata
        async with self._turn:
            if self._clock() - self._described_at < METADATA_TERM and self._metadata:
                return self._metadata
            try:
                self._metadata, self._described_at = await self._describe(), self._clock()
            except ProviderDown:
                if self._metadata is None:
                    raise
            return self._metadata

    async def _describe(self) -> Metadata:
        url = f"{self.client.issuer.rstrip('/')}/.well-known/openid-configuration"
        found = _decoded(await self._get(url), Metadata)
        if found.issuer != self.client.issuer:
            raise ProviderDown("calls itself by another issuer than HERKOMST_OIDC_ISSUER")
        challenges = found.code_challenge_methods_supported
        if challenges is not None and "S256" not in challenges:
            raise ProviderDown("does not know PKCE with S256")
        scheme = urlsplit(self.client.issuer).scheme
        named = (
            found.authorization_endpoint,
            found.token_endpoint,
            found.jwks_uri,
            found.end_session_endpoint,
            found.introspection_endpoint,
        )
        if any(url is not None and urlsplit(url).scheme not in (scheme, "https") for url in named):
            raise ProviderDown("names an endpoint without TLS")
        return found

    async def _key(self, kid: object) -> _Key | None:
        """The key of that name; None where the provider has none. Raises `ProviderDown`."""
        now = self._clock()
        if now - self._keys_at >= KEYS_TERM or (kid not in self._keys):
            await self._look_for_keys(kid)
        if self._clock() - self._keys_at >= KEYS_LAST:
            raise ProviderDown("did not give its keys for too long")
        return self._keys.get(kid) if isinstance(kid, str) else None

    async def _look_for_keys(self, kid: object) -> None:
        async with self._turn_for_keys:
            now = self._clock()
            fresh = now - self._keys_at < KEYS_TERM and kid in self._keys
            if fresh or now - self._looked_at < PAUSE:
                return
            try:
                uri = (await self.metadata()).jwks_uri
                self._looked_at = now
                self._keys = _public_keys(_decoded(await self._get(uri), _KeySet))
                self._keys_at = self._clock()
            except ProviderDown:
                if not self._keys:
                    raise

    # What it says of a token

    async def identity(self, token: str) -> Identity:
        """Who a bearer token was issued to. Raises `NotAuthenticated`, `ProviderDown`."""
        header, claims = await self._verified(token, self.client.audience)
        if not _is_access_token(header, claims):
            raise NotAuthenticated("token_kind", "The token is no access token.")
        latest = self._clock() + LONGEST_TERM
        issued_at, expires_at = max(claims["iat"], 0), min(claims["exp"], latest)
        return Identity(_subject(claims), float(issued_at), float(expires_at))

    async def person(self, id_token: str, nonce: str | None = None) -> Mapping[str, Any]:
        """The claims of an ID token that was issued to this client, for this login.

        Raises `NotAuthenticated`, `ProviderDown`.
        """
        _, claims = await self._verified(id_token, self.client.id)
        several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
        if claims.get("azp", None if several else self.client.id) != self.client.id:
            raise NotAuthenticated("token_azp", "The token was issued to another client.")
        if nonce is not None and claims.get("nonce") != nonce:
            raise NotAuthenticated("token_nonce", "The token was issued for another login.")
        _person(claims)
        return claims

    async def logged_out(self, logout_token: str) -> Mapping[str, Any]:
        """The claims of a token by which the provider tells that somebody logged out.

        Raises `NotAuthenticated`, `ProviderDown`.
        """
        _, claims = await self._verified(logout_token, self.client.id, essential=())
        events = claims.get("events")
        if not isinstance(events, dict) or BACKCHANNEL not in events or "nonce" in claims:
            raise NotAuthenticated("token_kind", "The token is no logout token.")
        if not isinstance(claims.get("sid"), str) and not isinstance(claims.get("sub"), str):
            raise NotAuthenticated("token_kind", "The token names neither session nor subject.")
        return claims

    async def _verified(
        self, token: str, audience: str, essential: tuple[str, ...] = ("exp", "sub")
    ) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """Header and claims of a token whose signature, issuer, audience and term hold."""
        try:
            if len(token) > TOKEN_LIMIT:
                raise ValueError("no token is that long")
            key = await self._key(jws.extract_compact(token.encode()).headers().get("kid"))
            if key is None:
                raise ValueError("no such key")
            decoded = jwt.decode(token, key, algorithms=ALGORITHMS)
        except (JoseError, ValueError, TypeError, RecursionError):
            # What a library finds wrong with a forged token is of no use to who is honest.
            raise NotAuthenticated("token_invalid", "The token is not one of ours.") from None
        self._must_hold(decoded.claims, audience, essential)
        return decoded.header, decoded.claims

    def _must_hold(
        self, claims: Mapping[str, Any], audience: str, essential: tuple[str, ...]
    ) -> None:
        registry = jwt.JWTClaimsRegistry(
            now=int(self._clock()),
            leeway=LEEWAY,
            iss={"essential": True, "value": self.client.issuer},
            aud={"essential": True, "value": audience},
            iat={"essential": True},
            exp={"essential": "exp" in essential},
            sub={"essential": "sub" in essential},
        )
        try:
            registry.validate(dict(claims))
        except ExpiredTokenError:
            raise NotAuthenticated("token_expired", "The token has ended.") from None
        except InvalidClaimError as error:
            code = _WRONG.get(error.claim, "token_invalid")
            raise NotAuthenticated(code, f"The token has a wrong {error.claim!r}.") from None
        except (MissingClaimError, JoseError, TypeError, ValueError):
            raise NotAuthenticated("token_invalid", "The token lacks a claim.") from None

    @property
    def introspects(self) -> bool:
        """Whether this client may ask of a token whether it still holds."""
        return self.client.secret is not None

    async def is_active(self, token: str) -> bool:
        """Whether a token still holds (RFC 7662). Raises `ProviderDown`."""
        endpoint = (await self.metadata()).introspection_endpoint
        if endpoint is None:
            raise ProviderDown("offers no introspection of tokens")
        status, body = await self._post(endpoint, {"token": token})
        if status != httpx.codes.OK:
            raise ProviderDown(f"refuses to say whether a token holds, with status {status}")
        return _decoded(body, _Introspected).active

    # Logging in, on and out

    async def login_url(self, redirect_uri: str, state: str, nonce: str, challenge: str) -> str:
        """Where a person logs in. Raises `ProviderDown`."""
        return _with(
            (await self.metadata()).authorization_endpoint,
            {
                "response_type": "code",
                "client_id": self.client.id,
                "redirect_uri": redirect_uri,
                "scope": SCOPE,
                "state": state,
                "nonce": nonce,
                "code_challenge": challenge,
                "code_challenge_method": "S256",
            },
        )

    async def logout_url(self, id_token: str, redirect_uri: str) -> str | None:
        """Where the session at the provider is ended too; None where it offers that to nobody."""
        endpoint = (await self.metadata()).end_session_endpoint
        told = {
            "client_id": self.client.id,
            "id_token_hint": id_token,
            "post_logout_redirect_uri": redirect_uri,
        }
        return None if endpoint is None else _with(endpoint, told)

    async def must_answer_as(self, issuer: str | None) -> None:
        """Refuse an answer of another provider (RFC 9207). Raises `NotAuthenticated`."""
        metadata = await self.metadata()
        if issuer is None and not metadata.authorization_response_iss_parameter_supported:
            return
        if issuer != metadata.issuer:
            raise NotAuthenticated("token_issuer", "Another provider answered.", AGAIN)

    async def exchange(self, code: str, verifier: str, redirect_uri: str) -> Tokens:
        """The tokens of a login. Raises `TokensRefused`, `ProviderDown`."""
        return await self._tokens(
            {
                "grant_type": "authorization_code",
                "code": code,
                "code_verifier": verifier,
                "redirect_uri": redirect_uri,
            }
        )

    async def refresh(self, refresh_token: str) -> Tokens:
        """New tokens, as long as the session at the provider stands and its user is one.

        Raises `TokensRefused`, `ProviderDown`.
        """
        return await self._tokens({"grant_type": "refresh_token", "refresh_token": refresh_token})

    async def _tokens(self, form: Mapping[str, str]) -> Tokens:
        status, body = await self._post((await self.metadata()).token_endpoint, form)
        if status == httpx.codes.OK:
            return _decoded(body, Tokens)
        error = _error(body)
        if status == httpx.codes.BAD_REQUEST and error in ("invalid_grant", "invalid_request"):
            raise TokensRefused(error)
        raise ProviderDown(f"gives no tokens: {error or status}")

    # Over the wire

    async def _get(self, url: str) -> bytes:
        status, body = await self._send("GET", url)
        if status != httpx.codes.OK:
            raise ProviderDown(f"answers {status} at {urlsplit(url).path}")
        return body

    async def _post(self, url: str, form: Mapping[str, str]) -> tuple[int, bytes]:
        """As this client: with its secret where it has one, by its name alone where it has none."""
        secret = self.client.secret
        if secret is None:
            return await self._send("POST", url, data={**form, "client_id": self.client.id})
        login = httpx.BasicAuth(quote_plus(self.client.id), quote_plus(secret))
        return await self._send("POST", url, data=form, auth=login)

    async def _send(
        self, method: Literal["GET", "POST"], url: str, **options: Any
    ) -> tuple[int, bytes]:
        if self._clock() < self._rests_until:
            raise ProviderDown("did not answer a moment ago")
        try:
            with anyio.fail_after(PATIENCE):
                async with self._http.stream(method, url, **options) as answer:
                    body = await _limited(answer)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            self._rests_until = self._clock() + REST
            raise ProviderDown("cannot be reached") from error
        if answer.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
            raise ProviderDown(f"fails with {answer.status_code}")
        return answer.status_code, body


AGAIN = "Log in again."
_WRONG: Mapping[str, str] = {
    "iss": "token_issuer",
    "aud": "token_audience",
    "iat": "token_early",
    "nbf": "token_early",
    "exp": "token_expired",
}


def open_http() -> httpx.AsyncClient:
    """The client by which a provider is asked: no redirects, and no patience."""
    return httpx.AsyncClient(
        timeout=httpx.Timeout(3.0),
        limits=httpx.Limits(max_connections=20, max_keepalive_connections=5),
        headers={"Accept": "application/json"},
        follow_redirects=False,
    )


def _is_access_token(header: Mapping[str, Any], claims: Mapping[str, Any]) -> bool:
    """Whether it is what a bearer sends, and no ID token that some page let slip."""
    typ = header.get("typ")
    if typ is not None and (not isinstance(typ, str) or typ.lower() not in ("jwt", "at+jwt")):
        return False
    if claims.get("typ") not in (None, "Bearer") or "events" in claims:
        return False
    is_told = claims.get("typ") == "Bearer" or typ == "at+jwt"
    return is_told or not claims.keys() & {"nonce", "at_hash", "c_hash"}


def _subject(claims: Mapping[str, Any]) -> str:
    """A system as its client, a person as himself.

    A token is a system's own where it was issued to a client for no session of a person. That it
    was issued to that client the provider signed (`azp`), so nobody becomes another by this.
    """
    client = claims.get("client_id")
    own = claims.get("preferred_username") == f"service-account-{client}"
    if (
        isinstance(client, str)
        and claims.get("azp", client) == client
        and "sid" not in claims
        and (own or claims["sub"] == client)
    ):
        return f"{SYSTEM}{client}"
    return _person(claims)


def _person(claims: Mapping[str, Any]) -> str:
    """The `sub` of a person, where it is a name that cannot be taken for another kind of one."""
    subject = claims["sub"]
    if (
        not isinstance(subject, str)
        or not 0 < len(subject) <= LONGEST_SUBJECT
        or not subject.isprintable()
        or subject != subject.strip()
        or subject.startswith(OWN_PREFIXES)
    ):
        raise NotAuthenticated("token_subject", "The token names its subject in no usable way.")
    return subject


def _public_keys(found: _KeySet) -> dict[str, _Key]:
    """The keys that may sign here, by name; what else is published is passed over."""
    keys: dict[str, _Key] = {}
    for described in found.keys[:MOST_KEYS]:
        kid, alg = described.get("kid"), described.get("alg")
        if (
            not isinstance(kid, str)
            or described.get("kty") not in ("RSA", "EC")
            or described.get("use", "sig") != "sig"
            or (alg is not None and alg not in ALGORITHMS)
        ):
            continue
        public = {name: value for name, value in described.items() if name in _PUBLIC}
        try:
            key = import_key(public)
        except (JoseError, ValueError, TypeError, KeyError):
            continue  # One that cannot be read verifies nothing.
        if isinstance(key, ECKey) or (
            isinstance(key, RSAKey) and key.public_key.key_size >= SMALLEST_RSA
        ):
            keys[kid] = key
    return keys


_PUBLIC = frozenset({"kty", "kid", "use", "alg", "n", "e", "crv", "x", "y"})


def _decoded(body: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise ProviderDown("answers what no provider would") from error


class _Refusal(msgspec.Struct, frozen=True):
    error: str = ""


def _error(body: bytes) -> str:
    """The code of a refusal (RFC 6749, 5.2), where it is one."""
    try:
        code = msgspec.json.decode(body, type=_Refusal).error
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return ""
    return code if code.isascii() and code.isprintable() and len(code) <= 60 else ""


async def _limited(answer: httpx.Response) -> bytes:
    body = bytearray()
    async for part in answer.aiter_bytes():
        body += part
        if len(body) > BODY_LIMIT:
            raise ProviderDown("answers more than can be meant")
    return bytes(body)


def _with(url: str, query: Mapping[str, str]) -> str:
    return f"{url}{'&' if urlsplit(url).query else '?'}{urlencode(query)}"
