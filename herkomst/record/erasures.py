"""The list of erasures that lies outside the database, so that a restore can do them again.

A backup from before an erasure still holds the data key, and may not know of the order. The list
is a file under the home with the streams of the identities, and of what else was destroyed, and
the ground: no name, no source and no key of a source. A line is there before the erasure is
acknowledged.
"""

import fcntl
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import msgspec
from msgspec import convert
from psycopg import Cursor

from herkomst.domain import ids
from herkomst.domain.calendar import legal_day
from herkomst.domain.events import Event, Recorded
from herkomst.domain.register import erasure, identity, keeping
from herkomst.record.application import Custody, Outcome, envelope, pending, this_moment
from herkomst.record.database import Row
from herkomst.record.register import RESTORE, Register
from herkomst.record.vault import destroy

NAME = "erasures.ndjson"


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


class Erasures:
    """The list in one file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def all(self) -> list[Erased]:
        """Everything that is listed, in order; nothing where there is no file. Raises
        `ErasureListBroken`."""
        if not self.path.exists():
            return []
        listed = []
        for number, line in enumerate(self.path.read_bytes().splitlines(), 1):
            try:
                listed.append(_decode(line))
            except msgspec.DecodeError as error:
                raise ErasureListBroken(self.path, number, str(error)) from error
        return listed

    def add(self, erased: Iterable[Erased]) -> None:
        """List these, durably, unless they are listed already."""
        with self._alone():
            listed = {one.erasure: one for one in self.all()}
            merged = {one.erasure: one for one in erased} | listed
            if merged.keys() - listed.keys():
                self._replace(sorted(merged.values(), key=lambda one: one.ordered_at))

    def _replace(self, listed: Iterable[Erased]) -> None:
        draft = self.path.with_name(f"{self.path.name}.new")
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.writelines(_encode(one) + b"\n" for one in listed)
            file.flush()
            os.fsync(file.fileno())
        draft.rename(self.path)
        directory = os.open(self.path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.with_name(f"{self.path.name}.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


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
