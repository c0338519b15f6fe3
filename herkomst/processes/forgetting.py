"""Forgetting what was asked: the keys of journal entries that are over their term are destroyed.

An entry tells who read what, when and on which purpose, which stays; what was asked and why is
sealed with a key of its own. Entries are in the order of time, so where the term ends is one
position, and what was done up to which is told by the last event.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from functools import partial
from typing import LiteralString
from uuid import UUID

from psycopg import Connection, Cursor

from herkomst.domain import clocks, ids
from herkomst.domain.calendar import start_of
from herkomst.domain.events import Event, EventData
from herkomst.domain.register.erasure import ErasureAcknowledged
from herkomst.domain.register.keeping import JournalDestroyed
from herkomst.processes.erasure import KEY_CLOCK, SEALED_CLOCK
from herkomst.record.application import Custody, Outcome, envelope, pending, this_moment
from herkomst.record.archive import Archive
from herkomst.record.database import Row

ACTOR = "process:retention"
PAGE = 10_000
_CUSTODY = Custody("politie", "wpg:32a", "wpg:32a", "herkomst")
_AT: LiteralString = "SELECT recorded_at FROM record.journal_events WHERE notification_id = %s"
_DESTROY: LiteralString = (
    "DELETE FROM vault.keys WHERE key_id IN (SELECT originator_id FROM record.journal_events "
    "WHERE notification_id > %s AND notification_id <= %s)"
)


def forget(archive: Archive, on: date) -> Iterator[UUID]:
    """Destroy what is over its term on a day, a page at a time; the stream that tells of it, once
    for each page. Cut off, it goes on where it was: a key that is gone is gone."""
    after, until = _range(archive, on)
    while after < until:
        end = min(after + PAGE, until)
        with archive.journal.database.transaction() as cursor:
            cursor.execute(_DESTROY, (after, end))
        archive.register.committing(partial(_told, archive, after, end, on))
        yield ids.journal_keeping()
        after = end


def due(archive: Archive, on: date) -> int:
    """How many entries of the journal are over their term on a day, and not forgotten yet."""
    after, until = _range(archive, on)
    return max(0, until - after)


def _range(archive: Archive, on: date) -> tuple[int, int]:
    """Behind which position, and up to which."""
    last = clocks.shortest("journal", "wpg:32a", on)
    return _done(archive), 0 if last is None else _before(archive, start_of(last + timedelta(1)))


def _told(archive: Archive, after: int, until: int, on: date, cursor: Cursor[Row]) -> Outcome[None]:
    # No read model holds what was asked, so the stores need not wait to acknowledge it.
    said: list[EventData] = [
        JournalDestroyed(after=after, on=on.isoformat(), until=until),
        ErasureAcknowledged(clock=KEY_CLOCK, store="vault"),
        ErasureAcknowledged(clock=SEALED_CLOCK, store="journal"),
    ]
    stream = ids.journal_keeping()
    events = [
        pending(Event(stream, data, envelope(ACTOR, _CUSTODY, this_moment(), data.VERSION)))
        for data in said
    ]
    return Outcome(None, events, archive.register.recorder.append_locked(cursor, events))


def _done(archive: Archive) -> int:
    """The position up to which it was done."""
    stream = ids.journal_keeping()
    with archive.database.connection() as connection:
        facts = archive.register.recorder.reader.streams(connection, [stream]).get(stream, [])
    return max((f.data.until for f in facts if isinstance(f.data, JournalDestroyed)), default=0)


def _before(archive: Archive, moment: datetime) -> int:
    """The last position that was recorded before a moment: positions are in the order of time."""
    with archive.journal.database.connection() as connection:
        low, high = 0, archive.journal.recorder.reader.head(connection)
        while low < high:
            middle = (low + high + 1) // 2
            if _at(connection, middle) < moment:
                low = middle
            else:
                high = middle - 1
        return low


def _at(connection: Connection[Row], position: int) -> datetime:
    row = connection.execute(_AT, (position,)).fetchone()
    assert row is not None
    at: datetime = row[0]
    return at
