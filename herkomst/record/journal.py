"""The journal's application: one entry an operation, each on a stream of its own.

An entry is committed at once; what arrives while a commit is under way shares the next one. Each
caller waits for its commit, because no answer leaves before its entry is durable.
"""

import asyncio
from collections.abc import Sequence
from typing import Any, ClassVar
from uuid import UUID

import uuid_utils
from anyio import to_thread
from psycopg import Cursor

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
from herkomst.record.vault import DataKey, KeyRow


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
        self._waiting: list[tuple[Event, KeyRow | None, asyncio.Future[int]]] = []
        self._flushing: asyncio.Task[None] | None = None

    def open_entry(self) -> Entry:
        """A stream and a key for one operation."""
        stream = UUID(bytes=uuid_utils.uuid7().bytes)
        return Entry(stream, *self.vault.new_key(stream))

    def write(self, events: Sequence[tuple[Event, KeyRow | None]]) -> int:
        """Append entries and their keys in one transaction; the position of the last."""
        entries = [pending(event) for event, _ in events]

        def append(cursor: Cursor[Row]) -> Outcome[int]:
            appended = self.recorder.append(cursor, entries)
            for row in [row for _, row in events if row is not None]:
                cursor.execute("INSERT INTO vault.keys VALUES (%s, %s, %s)", row)
            return Outcome(appended.last, entries, appended)

        return self.committing(append)

    async def commit(self, event: Event, row: KeyRow | None) -> int:
        """Append an entry together with those that wait with it; its position is not smaller
        than any that was committed before."""
        future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._waiting.append((event, row, future))
        if self._flushing is None:
            self._flushing = asyncio.create_task(self._flush())
        return await future

    async def _flush(self) -> None:
        """Commit what waits, and then what came meanwhile, until nothing does."""
        try:
            while self._waiting:
                batch, self._waiting = self._waiting, []
                await self._commit_batch(batch)
        finally:
            self._flushing = None

    async def _commit_batch(
        self, batch: Sequence[tuple[Event, KeyRow | None, asyncio.Future[int]]]
    ) -> None:
        try:
            position = await to_thread.run_sync(self.write, [item[:2] for item in batch])
        except BaseException as error:
            for *_, future in batch:
                if not future.done():
                    future.set_exception(error)
            if not isinstance(error, Exception):
                raise
        else:
            for *_, future in batch:
                if not future.done():
                    future.set_result(position)


def journal_event(stream: UUID, data: EventData, *, user: str, ground: str, unit: str) -> Event:
    """An entry's event: the journal serves control only, whatever the regime of what was read."""
    custody = Custody(controller="politie", ground=ground, regime="wpg:32a", unit=unit)
    return Event(stream, data, envelope(f"user:{user}", custody, this_moment(), data.VERSION))
