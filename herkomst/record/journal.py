"""The journal's application: one entry an operation, each on a stream of its own.

An entry is committed at once; what arrives while a commit is under way shares the next one. Each
caller waits for its commit, because no answer leaves before its entry is durable.
"""

from collections.abc import Sequence
from typing import Any, ClassVar
from uuid import UUID

import uuid_utils
from psycopg import Cursor

from herkomst.domain import controllers
from herkomst.domain.events import Event, EventData
from herkomst.record.application import (
    Custody,
    Outcome,
    RecordApplication,
    envelope,
    pending,
    this_moment,
)
from herkomst.record.database import Row
from herkomst.record.gathering import Gathering
from herkomst.record.vault import DataKey, KeyRow

MOST = 1000
"""Events that share a commit."""
Sealed = tuple[Event, KeyRow | None]
"""An event, and the key of its entry where it opens one."""


class Entry:
    """An entry being written: its stream, its data key and how to seal with it."""

    def __init__(self, stream: UUID, key: DataKey, row: KeyRow) -> None:
        self.stream, self.key, self.row = stream, key, row


class Journal(RecordApplication):
    """The application of the sequence `journal`."""

    name = "journal"
    sequence: ClassVar[str] = "journal"

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._gathering: Gathering[Sealed, int] = Gathering(self._write_all, most=MOST)

    def open_entry(self) -> Entry:
        """A stream and a key for one operation."""
        stream = UUID(bytes=uuid_utils.uuid7().bytes)
        return Entry(stream, *self.vault.new_key(stream))

    def write(self, events: Sequence[Sealed]) -> int:
        """Append entries and their keys in one transaction; the position of the last."""
        entries = [pending(event) for event, _ in events]

        def append(cursor: Cursor[Row]) -> Outcome[int]:
            keys = [row for _, row in events if row is not None]
            appended = self.recorder.append_locked(cursor, entries, keys)
            return Outcome(appended.last, entries, appended)

        return self.committing(append)

    async def commit(self, event: Event, row: KeyRow | None) -> int:
        """Append an entry together with those that wait with it; its position is not smaller
        than any that was committed before."""
        return await self._gathering.outcome((event, row))

    def _write_all(self, events: Sequence[Sealed]) -> list[int]:
        return [self.write(events)] * len(events)


def journal_event(
    stream: UUID,
    data: EventData,
    *,
    user: str,
    ground: str,
    unit: str,
    controller: str = controllers.POLICE,
) -> Event:
    """An entry's event: the journal serves control only, whatever the regime of what was read; the
    controller is the one that who read works for."""
    custody = Custody(controller=controller, ground=ground, regime="wpg:32a", unit=unit)
    return Event(stream, data, envelope(f"user:{user}", custody, this_moment(), data.VERSION))
