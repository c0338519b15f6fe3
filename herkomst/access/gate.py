"""The gate: who asks, and as what, at this moment. Each operation passes it anew.

Three ways lead through it: a development token, which carries its role and unit; a token of the
identity provider; and the session of a browser. Of the last two the provider is asked again every
half minute whether they stand, and the record at each operation what was granted. So what ended at
the provider ends here within a minute, and what ended here ends at once.
"""

import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Literal, NamedTuple, TypeVar

import anyio
from anyio import CapacityLimiter, to_thread
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response

from herkomst.access import authorisations
from herkomst.access.authorisations import HEADER, Authorisation
from herkomst.access.oidc import Identity, Provider, ProviderDown, TokensRefused
from herkomst.access.sessions import LOGIN_LASTS, LONGEST, Kept, Session, Sessions
from herkomst.access.tokens import NotAuthenticated, bearer, developer, is_development
from herkomst.access.viewer import Viewer
from herkomst.record.archive import Archive
from herkomst.record.database import LOST, DatabaseDown
from herkomst.settings import Settings

CHECK = 30.0
"""Seconds after which the provider is asked again whether a session or a token stands."""
LATEST = 45.0
"""Seconds after which nothing is done before it answered."""
WAIT = 15.0
"""Seconds that somebody waits while another process asks the provider for his session."""
SKEW = 10.0
"""Seconds that the clocks of two server processes may differ."""
GRACE = 300.0
"""Seconds that what it confirmed last goes on while it cannot be reached."""
READERS = 4
"""Threads that look up sessions and authorisations, of the connections that the pool has."""
REMEMBERED = 10_000
"""Bearer tokens of which one process knows when they were confirmed."""
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
LOG_IN = "Log in again."
T = TypeVar("T")


class FromAnotherSite(Exception):
    """Another site made a browser send this, with its session."""

    code = "cross_site"
    message = "The request came from another site, or does not say from which."
    cure = "Send it from a page of this server; programs send a token instead of a cookie."


class Known(NamedTuple):
    """Who asks, as far as it was proved."""

    subject: str
    ends_at: datetime
    viewer: Viewer | None = None
    """Of a development token, which says also what he is."""


class Gate:
    """Proves who asks, over one archive and at most one provider."""

    def __init__(self, archive: Archive, settings: Settings, provider: Provider | None) -> None:
        self.provider = provider
        self.sessions = Sessions(archive.database, archive.keyring)
        self._archive, self._settings = archive, settings
        self._limiter = CapacityLimiter(READERS)
        self._confirmed: OrderedDict[bytes, float] = OrderedDict()

    async def viewer(self, request: HTTPConnection) -> Viewer:
        """Who asks and as what.

        Raises `NotAuthenticated`, `NotAuthorised`, `FromAnotherSite`, `ProviderDown`,
        `DatabaseDown`.
        """
        known = await self.known(request)
        if known.viewer is not None:
            return known.viewer
        asked = request.headers.get(HEADER)
        one = authorisations.chosen(known.subject, await self.held(known.subject), asked)
        return Viewer(
            subject=known.subject,
            role=one.role,
            unit=one.unit,
            expires_at=min(known.ends_at, one.until),
        )

    async def held(self, subject: str) -> list[Authorisation]:
        """What holds for a subject now."""
        at = datetime.now(UTC)
        return await self.run(authorisations.held, self._archive.casework, subject, at)

    async def known(self, request: HTTPConnection) -> Known:
        """Who asks. Raises as `viewer` does, but for `NotAuthorised`."""
        authorization, secret = request.headers.get("authorization"), cookie(request)
        if authorization is not None or secret is None:
            return await self._by_token(bearer(authorization))
        must_be_of_our_pages(request)
        session = await self._session(secret, doing=not _is_safe(request))
        return Known(session.subject, session.ends_at)

    async def run(self, act: Callable[..., T], *values: object, **options: object) -> T:
        """Do what blocks in a thread of the gate. Raises `DatabaseDown`."""
        try:
            return await to_thread.run_sync(lambda: act(*values, **options), limiter=self._limiter)
        except LOST as error:
            raise DatabaseDown("The database was lost meanwhile; send it again.") from error

    # Tokens

    async def _by_token(self, token: str) -> Known:
        if self.provider is None or is_development(token):
            viewer = developer(self._settings, token)
            assert viewer.expires_at is not None
            return Known(viewer.subject, viewer.expires_at, viewer)
        identity = await self.provider.identity(token)
        await self._must_stand(self.provider, token, identity)
        return Known(identity.subject, datetime.fromtimestamp(identity.expires_at, UTC))

    async def _must_stand(self, provider: Provider, token: str, identity: Identity) -> None:
        """Raise where the provider takes a token back. When it was issued it stood."""
        name, now = sha256(token.encode()).digest(), time.time()
        since = now - max(self._confirmed.get(name, 0.0), min(identity.issued_at, now))
        if since < CHECK:
            return
        if not provider.introspects:
            if since >= LATEST:
                raise NotAuthenticated(
                    "token_unconfirmed",
                    f"The token is older than {LATEST:.0f} seconds, and this server cannot ask "
                    "whether it still holds.",
                    "Fetch a new one, or set HERKOMST_OIDC_CLIENT_SECRET_FILE on the server.",
                )
            return
        try:
            active = await provider.is_active(token)
        except ProviderDown:
            if since >= GRACE:
                raise
            return
        if not active:
            self._confirmed.pop(name, None)
            raise NotAuthenticated("token_revoked", "The token was taken back.")
        self._confirmed[name] = now
        self._confirmed.move_to_end(name)
        if len(self._confirmed) > REMEMBERED:
            self._confirmed.popitem(last=False)

    # Sessions

    async def _session(self, secret: str, *, doing: bool) -> Session:
        """The session of a secret, confirmed by the provider not long ago."""
        with anyio.move_on_after(WAIT):
            while True:
                session: Session | None = await self.run(self.sessions.find, secret, doing=doing)
                if session is None or self.provider is None:
                    raise NotAuthenticated("session_ended", "The session has ended.", LOG_IN)
                since = (self.sessions.clock() - session.checked_at).total_seconds()
                if -SKEW <= since < CHECK:
                    return session
                if await self.run(self.sessions.claim, session):
                    # Who leaves meanwhile takes no token with him that was given only once.
                    with anyio.CancelScope(shield=True):
                        await self._confirm(self.provider, session, secret, since)
                    return session
                if since < LATEST:
                    return session  # Another process asks at this moment.
                await anyio.sleep(0.05)
        raise ProviderDown("did not confirm the session in time")

    async def _confirm(
        self, provider: Provider, session: Session, secret: str, since: float
    ) -> None:
        """Ask the provider for new tokens of a session; it gives none to who may not go on."""
        kept = self.sessions.kept(session, secret)
        try:
            if kept is None:
                raise TokensRefused
            tokens = await provider.refresh(kept.refresh_token)
            if tokens.id_token is not None:
                claims = await provider.person(tokens.id_token)
                if claims["sub"] != session.subject:
                    raise TokensRefused
        except (TokensRefused, NotAuthenticated):
            await self.run(self.sessions.end, secret)
            raise NotAuthenticated(
                "session_revoked", "The identity provider ended the session.", LOG_IN
            ) from None
        except ProviderDown:
            await self.run(self.sessions.give_back, session)
            if since >= GRACE:
                raise
            return
        renewed = Kept(
            refresh_token=tokens.refresh_token or kept.refresh_token,
            id_token=tokens.id_token or kept.id_token,
        )
        if not await self.run(self.sessions.renew, session, secret, renewed):
            raise NotAuthenticated("session_ended", "The session has ended.", LOG_IN)


async def authenticate(request: HTTPConnection) -> Viewer:
    """Who asks and as what; the server's state holds the gate.

    Raises `NotAuthenticated`, `NotAuthorised`, `FromAnotherSite`, `ProviderDown`, `DatabaseDown`.
    """
    gate: Gate = request.state.gate
    return await gate.viewer(request)


# Cookies


def cookie(connection: HTTPConnection, name: str = "session") -> str | None:
    """What the browser holds of a session, or of a login on its way."""
    return connection.cookies.get(_name(connection, name)) or None


def set_cookie(request: Request, response: Response, secret: str, name: str = "session") -> None:
    """Let the browser hold a secret that no script reads and no other site sends.

    That of a login comes back with the answer of the provider, which is another site.
    """
    lasts = LONGEST if name == "session" else LOGIN_LASTS
    response.set_cookie(
        _name(request, name),
        secret,
        max_age=int(lasts.total_seconds()),
        path="/",
        secure=_is_secure(request),
        httponly=True,
        samesite=_SAME_SITE[name],
    )


def clear_cookie(request: Request, response: Response, name: str = "session") -> None:
    response.delete_cookie(
        _name(request, name),
        path="/",
        secure=_is_secure(request),
        httponly=True,
        samesite=_SAME_SITE[name],
    )


_SAME_SITE: Mapping[str, Literal["strict", "lax"]] = {"session": "strict", "login": "lax"}


def _name(connection: HTTPConnection, name: str) -> str:
    """With TLS a name that no neighbouring host can set (RFC 6265bis)."""
    return f"{'__Host-' if _is_secure(connection) else ''}herkomst-{name}"


def _is_secure(connection: HTTPConnection) -> bool:
    return connection.scope.get("scheme") in ("https", "wss")


def here(connection: HTTPConnection) -> str:
    """This server, as the browser names it (its origin)."""
    return f"{'https' if _is_secure(connection) else 'http'}://{connection.url.netloc}"


def must_be_of_our_pages(connection: HTTPConnection) -> None:
    """Raise `FromAnotherSite` unless one of our own pages sent it.

    A cookie comes by itself, so it proves no intent. A browser says of what may change something,
    and of every WebSocket, from which site it was sent; no script of another site says otherwise.
    """
    site = connection.headers.get("sec-fetch-site")
    origin = connection.headers.get("origin")
    if site not in (None, "same-origin", "none") or origin not in (None, here(connection)):
        raise FromAnotherSite
    if not _is_safe(connection) and origin is None:
        raise FromAnotherSite


def _is_safe(connection: HTTPConnection) -> bool:
    return connection.scope.get("method") in SAFE_METHODS
