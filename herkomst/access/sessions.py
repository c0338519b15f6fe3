"""Sessions of browsers: the server keeps the tokens, the browser holds a secret that says nothing.

Rows stand in PostgreSQL, so that all server processes share them. A row is found by a keyed hash of
the secret, and what it keeps is sealed with a key that is made of the secret and the key file: who
has the database, or both, takes over no session.
"""

import os
from base64 import urlsafe_b64encode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, TypeVar

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from herkomst.record.database import Database
from herkomst.record.keyring import Keyring

IDLE = timedelta(hours=1)
"""After which a session ends in which nobody did anything; an open stream is no doing."""
LONGEST = timedelta(hours=12)
LOGIN_LASTS = timedelta(minutes=10)
TOUCH = timedelta(minutes=1)
"""How exact the moment of the last doing is kept."""
LEASE = timedelta(seconds=10)
"""How long one process has to ask the provider, before another may."""
SKEW = timedelta(seconds=10)
_SECRET, _NONCE = 32, 12

Now = Callable[[], datetime]
Shape = TypeVar("Shape", bound=msgspec.Struct)


class Kept(msgspec.Struct, frozen=True):
    """What the server keeps of a login."""

    refresh_token: str
    id_token: str


class Login(msgspec.Struct, frozen=True):
    """A login that was begun: what must come back, and where the browser goes then."""

    nonce: str
    verifier: str
    redirect_uri: str
    return_to: str


class Session(NamedTuple):
    """A session as it stands."""

    id: bytes
    subject: str
    sealed: bytes
    began_at: datetime
    seen_at: datetime
    checked_at: datetime
    """When the provider last said that it stands."""

    @property
    def ends_at(self) -> datetime:
        return self.began_at + LONGEST


def now() -> datetime:
    return datetime.now(UTC)


def fresh_secret() -> str:
    """A secret of 256 bits, as a cookie or a URL holds it."""
    return urlsafe_b64encode(os.urandom(_SECRET)).decode().rstrip("=")


class Sessions:
    """The sessions of all browsers, in the database. Its methods block."""

    def __init__(self, database: Database, keyring: Keyring, clock: Now = now) -> None:
        self._database, self._keyring, self.clock = database, keyring, clock

    # Logins on their way

    def begin_login(self, state: str, secret: str, login: Login) -> None:
        """Keep a login until its answer comes to who holds the secret."""
        row = (self._id("login", state), self._seal("login", secret, login), self.clock())
        with self._database.transaction() as cursor:
            cursor.execute(
                "DELETE FROM access.logins WHERE began_at < %s", (self.clock() - LOGIN_LASTS,)
            )
            cursor.execute("INSERT INTO access.logins VALUES (%s, %s, %s)", row)

    def take_login(self, state: str, secret: str) -> Login | None:
        """The login of a state, once; None for one that ended, was used or is another's."""
        with self._database.transaction() as cursor:
            row = cursor.execute(
                "DELETE FROM access.logins WHERE login_id = %s AND began_at >= %s RETURNING sealed",
                (self._id("login", state), self.clock() - LOGIN_LASTS),
            ).fetchone()
        return None if row is None else self._open("login", secret, row[0], Login)

    # Sessions

    def begin(self, subject: str, provider_session: str | None, kept: Kept) -> str:
        """A new session; the secret that the browser is to hold."""
        secret, at = fresh_secret(), self.clock()
        sealed = self._seal("session", secret, kept)
        with self._database.transaction() as cursor:
            cursor.execute(
                "DELETE FROM access.sessions WHERE began_at < %s OR seen_at < %s",
                (at - LONGEST, at - IDLE),
            )
            cursor.execute(
                "INSERT INTO access.sessions VALUES (%s, %s, %s, %s, %s, %s, %s)",
                (self._id("session", secret), subject, provider_session, sealed, at, at, at),
            )
        return secret

    def find(self, secret: str, *, doing: bool) -> Session | None:
        """The session of a secret, while it stands; `doing` says that a person does something."""
        at = self.clock()
        with self._database.connection() as connection:
            row = connection.execute(
                "SELECT session_id, subject, sealed, began_at, seen_at, checked_at "
                "FROM access.sessions WHERE session_id = %s AND began_at >= %s AND seen_at >= %s",
                (self._id("session", secret), at - LONGEST, at - IDLE),
            ).fetchone()
            if row is None:
                return None
            session = Session(*row)
            if doing and at - session.seen_at >= TOUCH:
                connection.execute(
                    "UPDATE access.sessions SET seen_at = greatest(seen_at, %s) "
                    "WHERE session_id = %s",
                    (at, session.id),
                )
            return session

    def claim(self, session: Session) -> bool:
        """Whether it is for this process to ask the provider now, and for no other."""
        at = self.clock()
        with self._database.connection() as connection:
            done = connection.execute(
                "UPDATE access.sessions SET claimed_at = %s WHERE session_id = %s "
                "AND checked_at = %s AND (claimed_at IS NULL OR claimed_at < %s)",
                (at, session.id, session.checked_at, at - LEASE),
            )
            return done.rowcount == 1

    def give_back(self, session: Session) -> None:
        """Let another ask: the provider did not answer."""
        with self._database.connection() as connection:
            connection.execute(
                "UPDATE access.sessions SET claimed_at = NULL WHERE session_id = %s", (session.id,)
            )

    def renew(self, session: Session, secret: str, kept: Kept) -> bool:
        """Note that the provider confirmed it; False where the session was ended meanwhile."""
        sealed = self._seal("session", secret, kept)
        with self._database.connection() as connection:
            done = connection.execute(
                "UPDATE access.sessions SET sealed = %s, checked_at = %s, claimed_at = NULL "
                "WHERE session_id = %s",
                (sealed, self.clock(), session.id),
            )
            return done.rowcount == 1

    def end(self, secret: str) -> Kept | None:
        """End the session of a secret; what was kept of it."""
        with self._database.connection() as connection:
            row = connection.execute(
                "DELETE FROM access.sessions WHERE session_id = %s RETURNING sealed",
                (self._id("session", secret),),
            ).fetchone()
        return None if row is None else self._open("session", secret, row[0], Kept)

    def end_by_provider(
        self, subject: str | None, provider_session: str | None, said_at: datetime
    ) -> int:
        """End what the provider says was logged out by then; how many sessions that were."""
        with self._database.connection() as connection:
            return connection.execute(
                "DELETE FROM access.sessions WHERE began_at <= %s "
                "AND (%s::text IS NULL OR subject = %s) "
                "AND (%s::text IS NULL OR provider_session = %s)",
                (said_at + SKEW, subject, subject, provider_session, provider_session),
            ).rowcount

    def kept(self, session: Session, secret: str) -> Kept | None:
        """What the server keeps of a session."""
        return self._open("session", secret, session.sealed, Kept)

    # Sealing

    def _id(self, kind: str, secret: str) -> bytes:
        return bytes.fromhex(self._keyring.token(f"{kind}-id:{secret}"))

    def _cipher(self, kind: str, secret: str) -> AESGCM:
        halves = (self._keyring.token(f"{kind}-key-{half}:{secret}") for half in (1, 2))
        return AESGCM(bytes.fromhex("".join(halves)))

    def _seal(self, kind: str, secret: str, content: msgspec.Struct) -> bytes:
        nonce = os.urandom(_NONCE)
        plain = msgspec.json.encode(content)
        return nonce + self._cipher(kind, secret).encrypt(nonce, plain, kind.encode())

    def _open(self, kind: str, secret: str, sealed: bytes, shape: type[Shape]) -> Shape | None:
        try:
            plain = self._cipher(kind, secret).decrypt(
                sealed[:_NONCE], sealed[_NONCE:], kind.encode()
            )
        except InvalidTag:
            return None  # Another's.
        return msgspec.json.decode(plain, type=shape)
