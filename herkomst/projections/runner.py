"""The runner: moves followers along their sequences.

One owner a follower: a session advisory lock keeps a second runner waiting, and a compare-and-set
on the position, in the transaction of the batch, keeps a runner that lost its lock unawares from
applying anything twice. A notification is only a hint; the poll behind it finds what it missed.
An event that cannot be applied stops its follower, and is named in `status`; nothing is skipped.
"""

import logging
from collections.abc import Callable, Iterable, Sequence, Set
from threading import Event as Flag
from time import sleep
from typing import LiteralString

import psycopg
from psycopg import Connection

from herkomst.domain.events import known_events
from herkomst.projections import registry
from herkomst.projections.building import Builder
from herkomst.projections.follower import Follower, NotYet, Preparing
from herkomst.projections.rebuild import open_missing
from herkomst.record.database import LOST, DatabaseDown, Row, connect
from herkomst.record.reader import Batch, SequenceReader
from herkomst.steps import reached

log = logging.getLogger(__name__)

_TRY: LiteralString = (
    "SELECT name, pg_try_advisory_lock(hashtextextended(current_database() || name, 1)) "
    "FROM unnest(%s::text[]) AS name"
)
_LET_GO: LiteralString = "SELECT pg_advisory_unlock(hashtextextended(current_database() || %s, 1))"
_LET_GO_ALL: LiteralString = "SELECT pg_advisory_unlock_all()"
BATCH = 2000
POLL = 0.5
"""Seconds after which the record is read although nothing was notified."""


class PositionMoved(Exception):
    """Another runner moved this follower; the batch was rolled back."""


_NO_FAILURE = (*LOST, NotYet, PositionMoved, registry.OtherVersion)
"""What says nothing against the events of a batch."""


class Runner:
    """Runs followers in the calling thread until told to stop."""

    def __init__(
        self,
        url: str,
        followers: Sequence[Follower],
        *,
        batch: int = BATCH,
        poll: float = POLL,
        progress: Callable[[str, int], None] | None = None,
        revive: Callable[[], None] | None = None,
    ) -> None:
        self._url = url
        self._revive = revive or _unseen
        self._followers = followers
        self._readers = {f.sequence: SequenceReader(f.sequence) for f in followers}
        self._unfollowed = {
            s: _unfollowed(f for f in followers if f.sequence == s) for s in self._readers
        }
        self._batch = batch
        self._poll = poll
        self._progress = progress or _unseen
        self._owned: set[str] = set()
        self._failed: set[str] = set()
        self._outdated: set[str] = set()
        self._building: dict[str, Builder] = {}
        """Builders of what has a new version; who waits for one does not follow yet."""
        self._read: dict[tuple[str, int, int], Batch] = {}
        self.stop = Flag()

    def run(self, *, once: bool = False) -> None:
        """Follow until stopped; with `once`, until nothing is left to do."""
        while not self.stop.is_set():
            try:
                with (
                    connect(self._url, "herkomst work") as work,
                    connect(self._url, "herkomst owner") as owner,
                ):
                    self._enrol(work, owner)
                    self._follow(work, owner, once=once)
                    # A closed connection holds its locks until its server process has ended, which
                    # takes a while on a busy machine: who runs next would own nothing.
                    owner.execute(_LET_GO_ALL)
                    return
            except (*LOST, DatabaseDown) as error:
                self._give_up_building()
                self._owned.clear()
                log.warning("database lost, followers wait: %s", error)
                if once:
                    raise
                self.stop.wait(1.0)
                self._try_to_revive()

    def _try_to_revive(self) -> None:
        """Start a server of ours that died; a failure is told and tried again with the rest."""
        try:
            self._revive()
        except Exception as error:
            log.warning("the server does not start: %s", error)

    @property
    def failed(self) -> frozenset[str]:
        """Followers that an event stopped."""
        return frozenset(self._failed)

    def _enrol(self, work: Connection[Row], owner: Connection[Row]) -> None:
        self._failed.clear()
        registry.enrol(work, [(f.name, f.kind, f.sequence) for f in self._followers])
        self._own(work, owner)
        for sequence in self._readers:
            owner.execute(
                psycopg.sql.SQL("LISTEN {}").format(psycopg.sql.Identifier(f"herkomst_{sequence}"))
            )

    def _own(self, work: Connection[Row], owner: Connection[Row]) -> bool:
        """Take what nobody owns; what another runner owns is tried again later. Whether there was
        any."""
        taken: list[str] = []
        ours = self._locked(owner)
        now = registry.generations(work) if ours else {}
        for follower in ours:
            try:
                stale = open_missing(work, follower, now)
            except registry.OtherVersion as error:
                self._stand_back(owner, follower, error)
                continue
            if stale:
                self._building[follower.name] = Builder(self._url, follower, stale)
            else:
                taken.append(follower.name)
        self._take_over(work, taken)
        for follower in self._followers:
            if follower.name in taken and isinstance(follower, Preparing):
                follower.prepare(work)
        return bool(taken)

    def _locked(self, owner: Connection[Row]) -> list[Follower]:
        """Those of the followers of nobody whose lock we got, in one statement."""
        left_alone = self._left_alone()
        wanted = [f.name for f in self._followers if f.name not in left_alone]
        rows = owner.execute(_TRY, (wanted,)).fetchall() if wanted else []
        got = {name for name, is_ours in rows if is_ours}
        return [follower for follower in self._followers if follower.name in got]

    def _left_alone(self) -> Set[str]:
        """Followers that are owned already, or that nothing can be done about now."""
        return self._owned | self._failed | self._outdated | self._building.keys()

    def _take_over(self, work: Connection[Row], followers: Sequence[str]) -> None:
        if followers:
            registry.mark(work, followers, "live")
            self._owned.update(followers)

    def _take_over_built(
        self, work: Connection[Row], owner: Connection[Row], *, wait: bool = False
    ) -> bool:
        """Take over what was built meanwhile, or wait for the next; whether there was any."""
        done = [name for name, builder in self._building.items() if wait or builder.is_done][:1]
        for name in done:
            builder = self._building.pop(name)
            try:
                builder.outcome()
                self._take_over(work, [builder.follower.name])
            except registry.OtherVersion as error:
                self._stand_back(owner, builder.follower, error)
            except LOST:
                raise
            except Exception as error:
                self._name(work, builder.follower, "its rebuild", error)
        return bool(done)

    def _give_up_building(self) -> None:
        for builder in self._building.values():
            builder.give_up()
        self._building.clear()

    def _stand_back(
        self, owner: Connection[Row], follower: Follower, error: registry.OtherVersion
    ) -> None:
        """Leave a follower to the program that keeps its models in another version."""
        log.warning("%s is left to another program: %s", follower.name, error)
        self._owned.discard(follower.name)
        if error.is_newer:
            self._outdated.add(follower.name)
        owner.execute(_LET_GO, (follower.name,))

    def _follow(self, work: Connection[Row], owner: Connection[Row], *, once: bool) -> None:
        while not self.stop.is_set():
            moved = False
            behind = registry.behind(work, self._owned - self._failed)
            for follower in self._followers:
                if self.stop.is_set():
                    break
                if follower.name in behind & (self._owned - self._failed):
                    try:
                        moved |= self._step(work, follower)
                    except registry.OtherVersion as error:
                        self._stand_back(owner, follower, error)
            if self._take_over_built(work, owner) or moved or self._own(work, owner):
                continue
            if not once:
                self._wait(owner)
            elif not self._take_over_built(work, owner, wait=True) and not self._finished():
                return
        self._give_up_building()
        registry.mark(work, self._owned - self._failed, "stopped")

    def _finished(self) -> bool:
        """Wait for what followers prepare beside; whether any of it is done now."""
        ours = [f for f in self._followers if f.name in self._owned and isinstance(f, Preparing)]
        done = [follower.finish() for follower in ours]  # All of them are waited for.
        return any(done)

    def _wait(self, owner: Connection[Row]) -> None:
        for _ in owner.notifies(timeout=self._poll, stop_after=1):
            pass

    def _step(self, work: Connection[Row], follower: Follower) -> bool:
        """One batch of one follower; whether there was one."""
        try:
            return self._step_whole(work, follower)
        except NotYet as reason:
            log.debug("%s waits: %s", follower.name, reason)
            return False
        except PositionMoved:
            log.warning("another runner moved %s; standing back", follower.name)
            return False

    def _step_whole(self, work: Connection[Row], follower: Follower) -> bool:
        try:
            return self._apply(work, follower, self._batch)
        except _NO_FAILURE:
            raise
        except Exception:
            log.warning("follower %s failed on a batch; looking for the event", follower.name)
            return self._step_singly(work, follower)

    def _step_singly(self, work: Connection[Row], follower: Follower) -> bool:
        """The same batch event by event, so that the one that stops it can be named."""
        for done in range(self._batch):
            try:
                if not self._apply(work, follower, 1):
                    break
            except _NO_FAILURE:
                raise
            except Exception as error:
                self._fail(work, follower, error)
                return done > 0
        return True

    def _apply(self, work: Connection[Row], follower: Follower, limit: int) -> bool:
        with work.transaction():
            before = registry.position(work, follower.name, waits=follower.kind != "projection")
            facts, end = self._next(work, follower.sequence, before, limit)
            if end == before:
                return False
            assert reached("batch.read")
            if facts:
                follower.apply(work, facts)
            assert reached("batch.applied")
            if not registry.move(work, follower.name, before, end):
                raise PositionMoved(follower.name)
            assert reached("batch.moved")
        assert reached("batch.committed")
        self._progress(follower.name, end)
        return True

    def _next(self, work: Connection[Row], sequence: str, position: int, limit: int) -> Batch:
        """Read and decoded once for all followers that stand at the same place."""
        place = (sequence, position, limit)
        batch = self._read.get(place)
        if batch is None:
            without = self._unfollowed[sequence]
            batch = self._readers[sequence].batch(work, position, limit, without)
            if batch.end > position:
                while len(self._read) >= 3:
                    del self._read[next(iter(self._read))]
                self._read[place] = batch
        return batch

    def _fail(self, work: Connection[Row], follower: Follower, error: Exception) -> None:
        row = work.execute(
            "SELECT position FROM follow.followers WHERE name = %s", (follower.name,)
        ).fetchone()
        self._name(work, follower, f"{follower.sequence}={row[0] + 1 if row else 1}", error)

    def _name(
        self, work: Connection[Row], follower: Follower, place: str, error: Exception
    ) -> None:
        """Stop a follower, and let `status` say where and why."""
        self._failed.add(follower.name)
        reason = f"{place}: {type(error).__name__}: {error}"
        registry.mark(work, [follower.name], "failed", reason)
        log.error("follower %s stopped at %s", follower.name, place, exc_info=error)


def wait_until(
    connection: Connection[Row],
    wanted: dict[str, int],
    timeout: float,
    names: Sequence[str] | None = None,
    interval: float = 0.01,
) -> list[registry.Standing]:
    """Wait until the followers of each sequence stand at or behind a position.

    `names` narrows it to these followers. Those that are still behind when the time is up.
    """
    waited = 0.0
    while True:
        behind = [
            s
            for s in registry.standings(connection)
            if s.position < wanted.get(s.sequence, 0) and (names is None or s.name in names)
        ]
        if not behind or waited >= timeout:
            return behind
        sleep(interval)
        waited += interval


def _unfollowed(followers: Iterable[Follower]) -> Set[str]:
    """Topics that none of these takes in. A topic that nobody here knows is not among them: it
    must stop them all."""
    return known_events().keys() - frozenset[str]().union(*[f.topics for f in followers])


def _unseen(*_: object) -> None:
    """Progress that nobody watches."""
