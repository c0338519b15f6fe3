"""The list of erasures that lies outside the database, so that a restore can do them again.

A backup from before an erasure still holds the data key, and may not know of the order. The list
is a file under the home with the streams of the identities, and of what else was destroyed, and
the ground: no name, no source and no key of a source. A line is there before the erasure is
acknowledged.

It need not hold what every backup that may still be restored knows by itself. So lines older than
backups are kept are dropped, as long as the record itself tells of that erasure, and the first line
says since when the list is whole; to a moment before that nothing is restored any more.
"""

import fcntl
import os
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

import msgspec
from msgspec import convert
from psycopg import Cursor

from herkomst.domain import ids
from herkomst.domain.calendar import legal_day
from herkomst.domain.events import Event, Recorded
from herkomst.domain.register import erasure, identity, keeping
from herkomst.record import disk
from herkomst.record.application import Custody, Outcome, envelope, pending, this_moment
from herkomst.record.database import Row
from herkomst.record.register import RESTORE, Register
from herkomst.record.vault import destroy
from herkomst.settings import BACKUP_DAYS

NAME = "erasures.ndjson"
_AT_ONCE = 5000
"""Streams that are looked up at once."""


class Erased(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One erasure that was ordered."""

    erasure: str
    """Stream of the order, in hex."""
    identities: tuple[str, ...]
    """Streams of the presented identities, in hex."""
    ground: str
    ordered_at: str
    keys: tuple[str, ...] = ()
    """Records that are no identities and whose keys were destroyed, as KIND:HEX."""

    @classmethod
    def of(cls, order: Recorded) -> "Erased":
        """The order as the record has it."""
        data, ground = order.data, order.envelope.ground
        at = order.recorded_at.isoformat(timespec="seconds")
        if isinstance(data, keeping.KeyDestroyed):
            return cls(order.stream.hex, (), ground, at, (f"{data.kind}:{data.record}",))
        assert isinstance(data, erasure.ErasureOrdered)
        return cls(order.stream.hex, data.identities, ground, at)

    @property
    def at(self) -> datetime:
        """When it was ordered, in whole seconds."""
        return datetime.fromisoformat(self.ordered_at)

    @property
    def all_keys(self) -> list[UUID]:
        """The data keys that go with it."""
        purchases = [ids.purchase_of(UUID(hex=each)) for each in self.identities]
        return purchases + [record for _, record in self.records]

    @property
    def records(self) -> list[tuple[keeping.Kind, UUID]]:
        """What was destroyed and is no identity."""
        named = (each.partition(":") for each in self.keys)
        return [(convert(kind, keeping.Kind), UUID(hex=record)) for kind, _, record in named]


class ErasureListBroken(Exception):
    """The list of erasures cannot be read."""

    code = "erasure_list_broken"

    def __init__(self, path: Path, line: int, why: str) -> None:
        super().__init__(
            f"Line {line} of the list of erasures {path} cannot be read: {why}. "
            "Put the file back from the last backup, and add what was erased since."
        )


class _Whole(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Since when a list is whole: what was ordered before may have been dropped from it."""

    since: str


class _Listed(NamedTuple):
    erased: dict[str, Erased]
    """By the stream of the order."""
    since: datetime | None


class Erasures:
    """The list in one file.

    Args:
        path: the file, which need not be there.
        kept: how long a backup may be restored; lines are dropped when they are older.
    """

    def __init__(self, path: Path, kept: timedelta = timedelta(days=BACKUP_DAYS)) -> None:
        self.path, self._kept = path, kept
        self._known: tuple[tuple[int, int], Set[str]] | None = None
        """What the file held when it was looked at, and by what one sees that it is the same."""

    def all(self) -> list[Erased]:
        """Everything that is listed, in order; nothing where there is no file. Raises
        `ErasureListBroken`."""
        return _in_order(self._read())

    def since(self) -> datetime | None:
        """Since when it is whole; None where nothing was ever dropped. Raises
        `ErasureListBroken`."""
        return self._read().since

    def add(self, erased: Iterable[Erased]) -> None:
        """List these, durably, unless they are listed already."""
        with self._alone():
            known = self._ids()
            fresh = {one.erasure: one for one in erased if one.erasure not in known}
            if fresh:
                self._append(fresh.values())
                self._known = self._mark(), known | fresh.keys()

    def compact(self, now: datetime, told: Callable[[Sequence[Erased]], Set[str]]) -> int:
        """Drop what is older than backups are kept; how many lines that were.

        Args:
            now: at this moment.
            told: of these, those that the record itself tells of. What it does not, because it
                was restored to before and the purchase was not sent again, stays listed.
        """
        with self._alone():
            found = self._read()
            old = [one for one in _in_order(found) if _is_before(one, now - self._kept)]
            gone = told(old)
            if gone:
                last = max(one.at for one in old if one.erasure in gone)
                # It was written in whole seconds, and happened within that second.
                since = max(filter(None, (found.since, last + timedelta(seconds=1))))
                left = {k: one for k, one in found.erased.items() if k not in gone}
                self._replace(_Listed(left, since))
            return len(gone)

    def _read(self) -> _Listed:
        """Raises `ErasureListBroken`."""
        erased: dict[str, Erased] = {}
        since: datetime | None = None
        for number, line in enumerate(self._lines(), 1):
            try:
                if line.startswith(_SINCE):
                    moment = datetime.fromisoformat(_decode_whole(line).since)
                    since = max(filter(None, (since, moment)))
                else:
                    one = _decode(line)
                    erased.setdefault(one.erasure, one)
            except (msgspec.DecodeError, ValueError) as error:
                raise ErasureListBroken(self.path, number, str(error)) from error
        return _Listed(erased, since)

    def _lines(self) -> list[bytes]:
        """All but a last one that was cut off while it was written, and never acknowledged."""
        if not self.path.exists():
            return []
        content = self.path.read_bytes()
        return content[: _end(content)].splitlines()

    def _ids(self) -> Set[str]:
        if self._known is None or self._known[0] != self._mark():
            self._known = self._mark(), self._read().erased.keys()
        return self._known[1]

    def _mark(self) -> tuple[int, int]:
        if not self.path.exists():
            return 0, 0
        found = self.path.stat()
        return found.st_ino, found.st_size

    def _append(self, erased: Iterable[Erased]) -> None:
        handle = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        with os.fdopen(handle, "r+b") as file:
            content = file.read()
            whole = content[: _end(content)]
            file.truncate(file.seek(len(whole)))
            if whole and not whole.endswith(b"\n"):
                file.write(b"\n")
            file.writelines(_encode(one) + b"\n" for one in erased)
            file.flush()
            os.fsync(file.fileno())
        disk.sync(self.path.parent)

    def _replace(self, listed: _Listed) -> None:
        whole = [] if listed.since is None else [_encode(_Whole(listed.since.isoformat()))]
        lines = [*whole, *map(_encode, _in_order(listed))]
        disk.put(self.path, b"".join(line + b"\n" for line in lines))

    @contextmanager
    def _alone(self) -> Iterator[None]:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.with_name(f"{self.path.name}.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _in_order(listed: _Listed) -> list[Erased]:
    return sorted(listed.erased.values(), key=lambda one: one.ordered_at)


def _is_before(one: Erased, moment: datetime | None) -> bool:
    return moment is not None and one.at < moment


def compact(register: Register, listed: Erasures) -> int:
    """Drop from a list what every backup that may still be restored knows; how many lines."""
    return listed.compact(datetime.now(UTC), partial(_told_of, register))


def _told_of(register: Register, erased: Sequence[Erased]) -> Set[str]:
    """Of these, the orders of which the record tells that all they named was destroyed."""
    streams = {
        stream: one.erasure
        for one in erased
        for stream in (
            *(UUID(hex=each) for each in one.identities),
            *(ids.keeping_of(record) for _, record in one.records),
        )
    }
    told: set[UUID] = set()
    with register.database.connection() as connection:
        for some in _batched(streams, _AT_ONCE):
            found = register.recorder.reader.streams(connection, some)
            told |= {stream for stream, facts in found.items() if _is_destroyed(facts)}
    return {one.erasure for one in erased} - {streams[each] for each in streams.keys() - told}


def _is_destroyed(facts: Iterable[Recorded]) -> bool:
    gone = (identity.IdentityErased, keeping.KeyDestroyed)
    return any(isinstance(fact.data, gone) for fact in facts)


def _batched(streams: Iterable[UUID], size: int) -> Iterator[list[UUID]]:
    """Runs of so many."""
    every = list(streams)
    yield from (every[at : at + size] for at in range(0, len(every), size))


def replay(register: Register, listed: Iterable[Erased]) -> int:
    """Order again what the record does not know any more; how many identities that concerned.

    One whose purchase is not in the record either stays listed, for when that comes in again.
    """
    known = list(listed)
    destroyed = sum(
        _tell_again(register, kind, record, one.ground)
        for one in known
        for kind, record in one.records
    )
    grounds = {UUID(hex=i): one.ground for one in known for i in one.identities}
    if not grounds:
        return destroyed
    with register.database.connection() as connection:
        streams = register.recorder.reader.streams(connection, list(grounds))
    again = sum(order_again(register, events, grounds[i]) for i, events in streams.items())
    return destroyed + again


def order_again(register: Register, events: list[Recorded], ground: str) -> bool:
    """Order the erasure of a presented identity, given its stream, unless that was ordered."""
    opening = events[0].data
    if any(isinstance(fact.data, identity.IdentityErased) for fact in events):
        return False
    assert isinstance(opening, identity.Presentation)
    subject = f"seller:{opening.source}:{opening.source_key}"
    register.order_erasure(subject, ground=ground, actor=RESTORE)
    return True


def _tell_again(register: Register, kind: keeping.Kind, record: UUID, ground: str) -> bool:
    """Say of a key that it was destroyed, unless the record knows."""
    stream = ids.keeping_of(record)

    def append(cursor: Cursor[Row]) -> Outcome[bool]:
        facts = register.recorder.reader.streams(cursor.connection, [stream]).get(stream, [])
        if keeping.reached(facts) == "destroyed":
            return Outcome(False)
        moment = this_moment()
        data = keeping.KeyDestroyed(
            because="restore", kind=kind, on=legal_day(moment).isoformat(), record=record.hex
        )
        custody = Custody("politie", ground, ground, "herkomst")
        events = [pending(Event(stream, data, envelope(RESTORE, custody, moment, data.VERSION)))]
        return Outcome(True, events, register.recorder.append_locked(cursor, events))

    return register.committing(append)


def destroy_listed(cursor: Cursor[Row], listed: Iterable[Erased]) -> int:
    """Delete the data keys of everything that is listed; how many there were."""
    return destroy(cursor, {key for one in listed for key in one.all_keys})


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Erased).decode
_decode_whole = msgspec.json.Decoder(_Whole).decode
_SINCE = b'{"since":'


def _end(content: bytes) -> int:
    """Where the last line ends that is whole. A crash may cut off what comes behind the last end
    of a line; where a hand wrote it without one, it can be read."""
    behind = content.rfind(b"\n") + 1
    try:
        _decode(content[behind:])
    except msgspec.DecodeError:
        return behind
    return len(content)
