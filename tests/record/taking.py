"""Taking in records one by one, on a day of the test's own choice."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TypeVar
from uuid import UUID

from herkomst.domain import ids
from herkomst.domain.events import EventData, Recorded
from herkomst.domain.register.records import Record
from herkomst.record.archive import Archive
from herkomst.record.receipts import Receipt
from herkomst.record.register import Register
from tests.archives import ACTOR, TILL

Kind = TypeVar("Kind", bound=EventData)
TODAY = datetime(2026, 3, 3, 12, tzinfo=UTC)
"""The day after `a_purchase` was made: in time."""


class Counter:
    """Where records are handed over; tests see what became of each."""

    def __init__(self, archive: Archive, now: datetime = TODAY) -> None:
        self.archive = archive
        self.now = now
        self.register = Register(archive.database, archive.keyring, clock=lambda: self.now)

    def take(self, *records: Record) -> list[Receipt]:
        """One batch."""
        return self.register.take_in(list(enumerate(records, 1)), actor=ACTOR)

    def one(self, record: Record) -> Receipt:
        """A batch of one."""
        return self.take(record)[0]

    def statuses(self, *records: Record) -> list[str]:
        return [receipt.status for receipt in self.take(*records)]

    def events(self, stream: UUID) -> list[Recorded]:
        """The events of a stream, with their envelopes."""
        with self.archive.database.connection() as connection:
            reader = self.register.recorder.reader
            return reader.streams(connection, [stream]).get(stream, [])

    def head(self) -> int:
        return self.register.recorder.max_notification_id() or 0


def purchase_stream(key: str = "purchase-1", source: str = TILL) -> UUID:
    return ids.purchase_id(source, key)


def only(kind: type[Kind], events: Sequence[Recorded]) -> Kind:
    """What the one event of this kind says."""
    (found,) = [event.data for event in events if isinstance(event.data, kind)]
    return found


def codes(receipt: Receipt) -> list[str]:
    """The codes of its marks."""
    return [mark.code for mark in receipt.marks]


def faults(receipt: Receipt) -> list[tuple[str, str]]:
    """Field and code of each of its errors."""
    return [(error.field, error.code) for error in receipt.errors]
