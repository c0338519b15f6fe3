"""Sessions of browsers in the database: whose they are, and when they end."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from herkomst.access.sessions import (
    IDLE,
    LEASE,
    LOGIN_LASTS,
    LONGEST,
    TOUCH,
    Kept,
    Login,
    Session,
    Sessions,
    fresh_secret,
)
from herkomst.record.archive import Archive
from herkomst.record.keyring import Keyring

SUBJECT, THERE = "c0ffee00-0000-4000-8000-000000000001", "session-there"
KEPT = Kept(refresh_token="refresh", id_token="id")
LOGIN = Login(nonce="n", verifier="v", redirect_uri="http://h/session/callback", return_to="/")
START = datetime(2026, 3, 2, 13, 5, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sessions(shared_archive: Archive, clock: Clock) -> Sessions:
    with shared_archive.database.connection() as connection:
        connection.execute("DELETE FROM access.sessions")
        connection.execute("DELETE FROM access.logins")
    return Sessions(shared_archive.database, shared_archive.keyring, clock)


def begun(sessions: Sessions) -> tuple[str, Session]:
    secret = sessions.begin(SUBJECT, THERE, KEPT)
    session = sessions.find(secret, doing=False)
    assert session is not None
    return secret, session


def stored(archive: Archive) -> str:
    with archive.database.connection() as connection:
        rows = connection.execute(
            "SELECT s::text, l::text FROM access.sessions s FULL JOIN access.logins l ON false"
        ).fetchall()
    return str(rows)


class TestWhoHasNone:
    def test_without_its_secret(self, sessions: Sessions) -> None:
        begun(sessions)

        assert sessions.find(fresh_secret(), doing=True) is None
        assert sessions.find("", doing=True) is None

    def test_with_the_database_alone(self, sessions: Sessions, shared_archive: Archive) -> None:
        """Neither the secret nor a token stands in it, and what is sealed opens with no other."""
        secret, session = begun(sessions)
        sessions.begin_login("state", secret, LOGIN)

        told = stored(shared_archive)

        for hidden in (secret, "refresh", "state", secret.encode().hex(), b"refresh".hex()):
            assert hidden not in told
        assert sessions.kept(session, fresh_secret()) is None

    def test_with_the_secret_and_another_key_file(
        self, sessions: Sessions, shared_archive: Archive, tmp_path: Path
    ) -> None:
        secret, _ = begun(sessions)
        other = Sessions(shared_archive.database, Keyring.create(tmp_path / "kek.json"))

        assert other.find(secret, doing=False) is None

    def test_after_an_hour_in_which_nobody_did_anything(
        self, sessions: Sessions, clock: Clock
    ) -> None:
        secret, _ = begun(sessions)
        clock.now += IDLE - TOUCH
        assert sessions.find(secret, doing=False)

        clock.now += TOUCH + timedelta(seconds=1)
        assert sessions.find(secret, doing=True) is None

    def test_after_the_longest_term_whatever_was_done(
        self, sessions: Sessions, clock: Clock
    ) -> None:
        secret, session = begun(sessions)
        while clock.now < START + LONGEST:
            assert sessions.find(secret, doing=True)
            clock.now += IDLE / 2

        clock.now = session.ends_at + timedelta(seconds=1)
        assert sessions.find(secret, doing=True) is None

    def test_after_it_was_ended(self, sessions: Sessions) -> None:
        secret, session = begun(sessions)

        assert sessions.end(secret) == KEPT
        assert sessions.end(secret) is None
        assert sessions.find(secret, doing=True) is None
        assert not sessions.renew(session, secret, KEPT)

    @pytest.mark.parametrize(
        ("subject", "there"), [(SUBJECT, None), (None, THERE), (SUBJECT, THERE)]
    )
    def test_after_the_provider_said_so(
        self, sessions: Sessions, clock: Clock, subject: str | None, there: str | None
    ) -> None:
        secret, _ = begun(sessions)
        of_another = sessions.begin("another", "elsewhere", KEPT)

        assert sessions.end_by_provider(subject, there, clock.now) == 1
        assert sessions.find(secret, doing=True) is None
        assert sessions.find(of_another, doing=True)

    def test_a_log_out_of_before_ends_no_later_session(
        self, sessions: Sessions, clock: Clock
    ) -> None:
        """What the provider said is not used twice."""
        said_at = clock.now
        clock.now += timedelta(minutes=1)
        begun(sessions)

        assert sessions.end_by_provider(SUBJECT, THERE, said_at) == 0


class TestALogin:
    def test_it_is_used_once(self, sessions: Sessions) -> None:
        sessions.begin_login("state", "secret", LOGIN)

        assert sessions.take_login("state", "secret") == LOGIN
        assert sessions.take_login("state", "secret") is None

    def test_another_browser_does_not_end_it(self, sessions: Sessions) -> None:
        sessions.begin_login("state", "secret", LOGIN)

        assert sessions.take_login("state", "another") is None
        assert sessions.take_login("another", "secret") is None

    def test_it_ends_after_a_while(self, sessions: Sessions, clock: Clock) -> None:
        sessions.begin_login("state", "secret", LOGIN)
        clock.now += LOGIN_LASTS + timedelta(seconds=1)

        assert sessions.take_login("state", "secret") is None


class TestAskingTheProvider:
    def test_one_of_several_processes_asks(self, sessions: Sessions, clock: Clock) -> None:
        _, session = begun(sessions)
        clock.now += timedelta(seconds=40)

        assert [sessions.claim(session) for _ in range(3)] == [True, False, False]

        clock.now += LEASE + timedelta(seconds=1)
        assert sessions.claim(session)

    def test_what_it_gave_is_kept(self, sessions: Sessions, clock: Clock) -> None:
        secret, session = begun(sessions)
        clock.now += timedelta(seconds=40)
        assert sessions.claim(session)

        assert sessions.renew(session, secret, Kept(refresh_token="next", id_token="id"))

        renewed = sessions.find(secret, doing=False)
        assert renewed is not None
        assert renewed.checked_at == clock.now
        kept = sessions.kept(renewed, secret)
        assert kept is not None
        assert kept.refresh_token == "next"
        assert not sessions.claim(session), "it was confirmed since"

    def test_where_it_did_not_answer_another_may_ask(self, sessions: Sessions) -> None:
        _, session = begun(sessions)
        assert sessions.claim(session)
        sessions.give_back(session)

        assert sessions.claim(session)
