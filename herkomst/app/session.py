"""Logging in and out: over the identity provider, and by development login where that is on.

The browser is sent to the provider and comes back with a code, which the server trades for tokens
and keeps (authorization code with PKCE). What the browser gets is a fresh secret in a cookie.
"""

from base64 import urlsafe_b64encode
from datetime import UTC, datetime
from hashlib import sha256
from urllib.parse import parse_qs, urlsplit

import msgspec
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from herkomst.access import gate
from herkomst.access.authorisations import Authorisation
from herkomst.access.gate import Gate, Known
from herkomst.access.oidc import Provider, ProviderDown, TokensRefused
from herkomst.access.sessions import Kept, Login, fresh_secret
from herkomst.access.tokens import NotAuthenticated, issue
from herkomst.app.pages import PAGES
from herkomst.settings import Settings

BODY_LIMIT = 4096
LOGOUT_LIMIT = 16 * 1024
TERM = 8 * 3600
"""Seconds that a token of development login lasts: a working day."""
FORM = "application/x-www-form-urlencoded"
_encode = msgspec.json.Encoder().encode


class SessionInvalid(Exception):
    """The body says not who logs in."""

    code = "session_invalid"
    message = "The body is not a role and a unit."
    cure = 'Send {"role": "district_detective", "unit": "amsterdam"}.'


class LoginRefused(Exception):
    """A login that is none, or does not come to its end."""

    def __init__(self, code: str, message: str, cure: str = "Log in again.") -> None:
        super().__init__(f"{message} {cure}")
        self.code, self.message, self.cure = code, message, cure


class Wanted(msgspec.Struct, forbid_unknown_fields=True):
    role: str
    unit: str


_decode = msgspec.json.Decoder(Wanted).decode


class Session:
    """The routes of logging in and out."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    async def show(self, request: Request) -> Response:
        """Which ways in there are, and who one is; who is nobody is told so, and not refused.

        Raises `NotAuthenticated` for a token that is none.
        """
        guard: Gate = request.state.gate
        told: dict[str, object] = {
            "dev_login": self._settings.dev_login,
            "login": None if guard.provider is None else "/session/login",
            "who": None,
        }
        if request.headers.get("authorization") or gate.cookie(request):
            try:
                told["who"] = await _who(guard, await guard.known(request))
            except NotAuthenticated as error:
                if request.headers.get("authorization"):
                    raise
                told["ended"] = error.code
        return _json(told)

    async def develop(self, request: Request) -> Response:
        """Raises `SessionInvalid`, `TokenRefused`."""
        try:
            wanted = _decode(await _body(request, BODY_LIMIT))
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
            raise SessionInvalid from None
        issued = issue(self._settings, wanted.role, wanted.unit, TERM)
        return _json(
            {"dev_login": True, "token": issued.token, "expires_at": issued.expires_at}, 201
        )

    async def log_in(self, request: Request) -> Response:
        """Send the browser to the provider. Raises `LoginRefused`, `ProviderDown`."""
        guard, provider = _provided(request)
        state, secret = fresh_secret(), fresh_secret()
        login = Login(
            nonce=fresh_secret(),
            verifier=fresh_secret(),
            redirect_uri=f"{gate.here(request)}/session/callback",
            return_to=_return_to(request.query_params.get("return_to", "/")),
        )
        url = await provider.login_url(
            login.redirect_uri, state, login.nonce, _challenge(login.verifier)
        )
        await guard.run(guard.sessions.begin_login, state, secret, login)
        response = RedirectResponse(url, 303)
        gate.set_cookie(request, response, secret, "login")
        return response

    async def come_back(self, request: Request) -> Response:
        """Begin a session for who comes back from the provider, under a new secret.

        Raises `LoginRefused`, `NotAuthenticated`, `ProviderDown`.
        """
        guard, provider = _provided(request)
        answer = request.query_params
        login = await _login(guard, answer.get("state"), gate.cookie(request, "login"))
        await provider.must_answer_as(answer.get("iss"))
        if "error" in answer or "code" not in answer:
            raise LoginRefused("login_refused", "The identity provider did not let you in.")
        kept, subject, session_there = await _tokens(provider, login, answer["code"])
        before = gate.cookie(request)
        if before is not None:
            await guard.run(guard.sessions.end, before)
        secret = await guard.run(guard.sessions.begin, subject, session_there, kept)
        response = RedirectResponse(login.return_to, 303)
        gate.clear_cookie(request, response, "login")
        gate.set_cookie(request, response, secret)
        return response

    async def log_out(self, request: Request) -> Response:
        """End the session here, and say where it is ended at the provider.

        Raises `FromAnotherSite`, `NotAuthenticated`.
        """
        guard, provider = _provided(request)
        gate.must_be_of_our_pages(request)
        secret = gate.cookie(request)
        kept = None if secret is None else await guard.run(guard.sessions.end, secret)
        url = None if kept is None else await _logout_url(provider, kept, f"{gate.here(request)}/")
        response = _json({"logout": url})
        gate.clear_cookie(request, response)
        return response

    async def told_off(self, request: Request) -> Response:
        """The provider says that somebody logged out there (OpenID Connect Back-Channel Logout).

        Raises `LoginRefused`, `ProviderDown`.
        """
        guard, provider = _provided(request)
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
            raise _no_logout("This is no form.")
        try:
            token = _logout_token(await _body(request, LOGOUT_LIMIT))
        except (SessionInvalid, ValueError):
            raise _no_logout("The form holds no logout token.") from None
        try:
            claims = await provider.logged_out(token)
        except NotAuthenticated as error:
            raise LoginRefused(error.code, error.message, _SEND_ONE) from None
        await guard.run(
            guard.sessions.end_by_provider,
            claims.get("sub"),
            claims.get("sid"),
            datetime.fromtimestamp(max(claims["iat"], 0), UTC),
        )
        return Response(status_code=200)


_SEND_ONE = "Send a logout token."


def _no_logout(message: str) -> LoginRefused:
    return LoginRefused("logout_invalid", message, _SEND_ONE)


def _logout_token(form: bytes) -> str:
    """What a form says under that name. Raises `ValueError` for what is no form, or too much."""
    (token,) = parse_qs(form.decode("ascii"), max_num_fields=4).get("logout_token", [""])[:1]
    return token


async def _who(guard: Gate, known: Known) -> dict[str, object]:
    """Who asks, and what he may be."""
    if known.viewer is not None:
        held = [Authorisation(known.viewer.role, known.viewer.unit, known.ends_at)]
    else:
        held = await guard.held(known.subject)
    return {
        "subject": known.subject,
        "ends_at": known.ends_at,
        "authorisations": [each._asdict() for each in held],
    }


def _provided(request: Request) -> tuple[Gate, Provider]:
    """The gate and its provider. Raises `LoginRefused`."""
    guard: Gate = request.state.gate
    if guard.provider is None:
        raise LoginRefused(
            "no_provider",
            "This server has no identity provider.",
            "Set HERKOMST_OIDC_ISSUER and HERKOMST_OIDC_AUDIENCE.",
        )
    return guard, guard.provider


async def _login(guard: Gate, state: str | None, secret: str | None) -> Login:
    """The login that comes back: begun by this browser, not long ago, and not used before."""
    found = None
    if state and secret:
        found = await guard.run(guard.sessions.take_login, state, secret)
    if found is None:
        raise LoginRefused(
            "login_unknown", "This login was not begun by this browser, or has ended."
        )
    return found


async def _tokens(provider: Provider, login: Login, code: str) -> tuple[Kept, str, str | None]:
    """The tokens of a login, whose they are, and the session at the provider."""
    try:
        tokens = await provider.exchange(code, login.verifier, login.redirect_uri)
    except TokensRefused:
        raise LoginRefused("code_refused", "The code of this login was refused.") from None
    if tokens.id_token is None or tokens.refresh_token is None:
        raise LoginRefused(
            "tokens_missing",
            "The identity provider gave no ID token, or no refresh token, by which a session "
            "is confirmed.",
            "Let it give both to this client.",
        )
    claims = await provider.person(tokens.id_token, login.nonce)
    sid = claims.get("sid")
    kept = Kept(refresh_token=tokens.refresh_token, id_token=tokens.id_token)
    return kept, str(claims["sub"]), sid if isinstance(sid, str) else None


async def _logout_url(provider: Provider, kept: Kept, back: str) -> str | None:
    """Where the session at the provider is ended; while it is down there is no such place."""
    try:
        return await provider.logout_url(kept.id_token, back)
    except ProviderDown:
        return None


def _challenge(verifier: str) -> str:
    """What proves later that who comes back is who began it (PKCE, RFC 7636)."""
    return urlsafe_b64encode(sha256(verifier.encode()).digest()).decode().rstrip("=")


def _return_to(text: str) -> str:
    """A page of ours. Raises `LoginRefused` for any other place."""
    try:
        parts = urlsplit(text)
    except ValueError:
        parts = urlsplit("?")
    is_plain = text.isascii() and text.isprintable() and "\\" not in text and len(text) <= 500
    is_page = text.startswith("/") and parts.path in PAGES
    if parts.scheme or parts.netloc or not is_page or not is_plain:
        raise LoginRefused(
            "return_to", "There is no such page to return to.", f"There is {', '.join(PAGES)}."
        )
    return text


async def _body(request: Request, limit: int) -> bytes:
    """Raises `SessionInvalid` for more than that."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > limit:
            raise SessionInvalid
    return bytes(body)


def _json(content: dict[str, object], status: int = 200) -> Response:
    return Response(_encode(content), status, media_type="application/json")
