"""A builder: builds the new version of a follower's models, while the other followers go on.

It is a thread with a connection of its own. The lock of the follower's owner stays with the runner
that started it, so nobody else follows or builds meanwhile.
"""

from collections.abc import Sequence
from contextlib import suppress
from threading import Event, Thread

import psycopg

from herkomst.projections.follower import Follower
from herkomst.projections.rebuild import rebuild
from herkomst.record.database import connect

DRAIN = 8.0
"""Seconds that a builder has to end when it is given up."""


class _GivenUp(Exception):
    """Nobody waits for it any more."""


class Builder:
    """Builds these models of a follower, from the moment that it is made."""

    def __init__(self, url: str, follower: Follower, names: Sequence[str]) -> None:
        self.follower = follower
        self._names = names
        self._given_up = Event()
        self._error: Exception | None = None
        self._connection = connect(url, "herkomst build")
        self._thread = Thread(target=self._build, name=f"build {follower.name}", daemon=True)
        self._thread.start()

    @property
    def is_done(self) -> bool:
        return not self._thread.is_alive()

    def outcome(self) -> None:
        """Wait until it is done. Raises what made it fail."""
        self._thread.join()
        if self._error is not None:
            raise self._error

    def give_up(self) -> None:
        """End it before it is done. What it left is dropped by who builds the model next."""
        self._given_up.set()
        with suppress(psycopg.Error):  # Where the server is gone, so is what would be cancelled.
            self._connection.cancel_safe(timeout=DRAIN / 2)  # An index may take minutes.
        self._thread.join(DRAIN / 2)

    def _build(self) -> None:
        try:
            with self._connection as connection:
                rebuild(connection, [self.follower], self._names, self._look)
        except Exception as error:
            self._error = error

    def _look(self, *_: object) -> None:
        if self._given_up.is_set():
            raise _GivenUp
