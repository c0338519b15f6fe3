"""Drafting: what a record means if it is new.

Its events are made and encoded, its data key is made and wrapped, what may point at a person is
sealed. Nothing here asks the database or waits for anybody, so a batch is drafted before the lock
of the writers is taken, and on another core than the one that appends.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import NamedTuple, TypeVar
from uuid import UUID

import msgspec

from herkomst.domain import controllers, ids
from herkomst.domain.calendar import Occurred, legal_date
from herkomst.domain.events import Event, EventData, decode
from herkomst.domain.problems import Mark, Problem, RecordRefused
from herkomst.domain.register import book, checks, dealer, identity, purchase, stolen_item
from herkomst.domain.register.records import (
    DealerRecord,
    PurchaseCorrection,
    PurchaseFollowUp,
    PurchaseRecord,
    Record,
    StolenItemRecord,
)
from herkomst.domain.register.sources import source_profile
from herkomst.record.application import Custody, Stamp, envelope, pending, this_moment
from herkomst.record.recorder import Pending
from herkomst.record.vault import DataKey, KeyRow, Vault

P = TypeVar("P", bound=identity.Presentation)
content = msgspec.json.Encoder(order="deterministic").encode
"""A record as its fingerprint takes it: equal content, equal bytes."""


class Circumstances(NamedTuple):
    """What a draft depends on beside the record."""

    actor: str
    now: datetime
    municipalities: Mapping[bytes, str]
    """Of the establishments that are known to have been notified, by the stream of their book."""
    is_told: bool = True
    """Whether who sends it may be told why a found good is not sold on."""


class Draft(msgspec.Struct, frozen=True, gc=False, array_like=True, tag="draft"):
    """A record as if it were new. Streams are their 16 bytes, which are cheap to compare and to
    send to another process."""

    line: int
    key: str
    """Of the record at its source."""
    stream: bytes
    wrapped: bytes
    kek: int
    pending: tuple[Pending, ...]
    marks: tuple[Mark, ...] = ()
    is_numbered: bool = False
    """Whether the last of its events takes a register number."""

    @property
    def id(self) -> UUID:
        """The stream that it opens."""
        return UUID(bytes=self.stream)

    @property
    def opening(self) -> EventData:
        """What the event that opens its stream says."""
        event = next(event for event in self.pending if event.stream == self.stream)
        data: EventData = decode(event.topic.decode(), event.state).data
        return data

    @property
    def key_row(self) -> KeyRow:
        """The wrapped data key that is committed with it."""
        return KeyRow(self.id, self.wrapped, self.kek)


class FollowUp(msgspec.Struct, frozen=True, gc=False, array_like=True, tag="follow_up"):
    """A record about a purchase that must exist, to be decided on under the lock."""

    line: int
    stream: bytes
    """Of the purchase."""
    purchase_key: str

    @property
    def id(self) -> UUID:
        """The stream of the purchase."""
        return UUID(bytes=self.stream)


class Refusal(msgspec.Struct, frozen=True, array_like=True, tag="refusal"):
    """A record that can never be taken in."""

    line: int
    key: str
    errors: tuple[Problem, ...]


Drafted = Draft | FollowUp | Refusal


class Drafter:
    """Drafts records with the keys of one vault."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def all(
        self, records: Sequence[tuple[int, Record]], circumstances: Circumstances
    ) -> list[Drafted]:
        """The drafts of (line, record) pairs, in order."""
        return [
            self.draft(line, record, content(record), circumstances) for line, record in records
        ]

    def draft(
        self, line: int, record: Record, written: bytes, circumstances: Circumstances
    ) -> Drafted:
        """What one record means; `written` is its `content`."""
        try:
            checks.refuse_nul(record, written)
            if isinstance(record, PurchaseRecord):
                return self._purchase(line, record, written, circumstances)
            if isinstance(record, StolenItemRecord):
                return self._stolen_item(line, record, written, circumstances)
            if isinstance(record, DealerRecord):
                return self._dealer(line, record, written, circumstances)
        except RecordRefused as refused:
            return Refusal(line, record.key, tuple(refused.problems))
        return _follow_up(line, record)

    def _purchase(
        self, line: int, record: PurchaseRecord, written: bytes, circumstances: Circumstances
    ) -> Draft:
        acquired = purchase.check(record, today=circumstances.now.date())
        stream = ids.purchase_id(record.source, record.key)
        key, row = self._vault.new_key(stream)
        custody = register_custody(record.dealer.source, record.dealer.key, record.source)
        found = marks(record, acquired, circumstances)
        data = purchase.registered(
            record,
            acquired,
            marks=found,
            fingerprint=key.fingerprint(written),
            sealed=seal(key, purchase.private_part(record)),
        )
        stamp = Stamp(circumstances.actor, custody, acquired)
        place = stream.bytes
        entered = book.Entered(key=record.key, purchase=stream.hex, source=record.source)
        events = [
            stamp.pending(place, data, 1),
            stamp.pending(purchase.book_id(record).bytes, entered),
        ]
        if record.seller is not None:
            shown = presentation(identity.Presented, record, stream, key)
            events.insert(0, stamp.pending(ids.presentation_id(stream).bytes, shown, 1))
        return Draft(line, record.key, place, row.wrapped, row.kek, tuple(events), found, True)

    def _stolen_item(
        self, line: int, record: StolenItemRecord, written: bytes, circumstances: Circumstances
    ) -> Draft:
        moments = stolen_item.check(record, today=circumstances.now.date())
        stream = ids.stolen_item_id(record.source, record.key)
        key, row = self._vault.new_key(stream)
        data = stolen_item.opened(
            record,
            moments,
            fingerprint=key.fingerprint(written),
            sealed=seal(key, stolen_item.private_part(record)),
        )
        return _opening(line, record, row, stolen_event(stream, data, circumstances.actor))

    def _dealer(
        self, line: int, record: DealerRecord, written: bytes, circumstances: Circumstances
    ) -> Draft:
        dealer.check(record)
        stream = ids.dealer_id(record.source, record.key)
        key, row = self._vault.new_key(stream)
        data = dealer.notified(
            record,
            fingerprint=key.fingerprint(written),
            sealed=seal(key, dealer.private_part(record)),
        )
        return _opening(line, record, row, dealer_event(stream, data, circumstances.actor))


def _opening(line: int, record: Record, row: KeyRow, event: Event) -> Draft:
    """The draft of a record whose stream opens with one event."""
    events = (pending(event, 1),)
    return Draft(line, record.key, event.stream.bytes, row.wrapped, row.kek, events)


def _follow_up(line: int, record: PurchaseFollowUp) -> FollowUp:
    key = record.corrects if isinstance(record, PurchaseCorrection) else record.purchase
    return FollowUp(line, ids.purchase_id(record.source, key).bytes, key)


# What drafting and deciding share


def marks(
    record: PurchaseRecord, acquired: Occurred, circumstances: Circumstances
) -> tuple[Mark, ...]:
    """What a control would ask about this purchase, by what is known of its establishment."""
    municipality = circumstances.municipalities.get(purchase.book_id(record).bytes)
    return purchase.marks(
        record,
        acquired,
        recorded_on=_recorded_on(circumstances.now),
        dealer_known=municipality is not None,
        municipality=municipality,
    )


@lru_cache(maxsize=1 << 10)
def _recorded_on(now: datetime) -> date:
    return legal_date(now)


def seal(key: DataKey, part: msgspec.Struct | None) -> bytes | None:
    """A part that may point at a person, encrypted; None where there is none."""
    return None if part is None else key.seal(content(part))


def presentation(kind: type[P], record: PurchaseRecord, stream: UUID, key: DataKey) -> P:
    """The identity that a purchase was made with, sealed with the key of the purchase."""
    assert record.seller is not None
    return kind(
        purchase=stream.hex,
        sealed=key.seal(content(record.seller)),
        shown=identity.shown_fields(record.seller),
        source=record.source,
        source_key=record.key,
    )


@lru_cache(maxsize=1 << 12)
def register_custody(dealer_source: str, dealer_key: str, unit: str) -> Custody:
    """The dealer answers for its register (AVG); the duty to keep it is art. 437 Sr."""
    return Custody(f"dealer:{dealer_source}:{dealer_key}", "sr:437", "avg", unit)


def stolen_event(stream: UUID, data: stolen_item.Report, actor: str) -> Event:
    """A report under the regime of its source."""
    profile = source_profile(data.source)
    custody = Custody(profile.controller, profile.ground, profile.regime, data.source)
    return Event(stream, data, envelope(actor, custody, data.stolen, data.VERSION, data.handling))


def dealer_event(stream: UUID, data: EventData, actor: str, source: str = "") -> Event:
    """What happened to a dealer; a notification on the day on which it was made. It is made to the
    mayor, so the municipality answers for it, whoever handed it in."""
    source = data.source if isinstance(data, dealer.Notification) else source
    occurred = this_moment()
    if isinstance(data, dealer.Notification) and data.notified_on is not None:
        occurred = Occurred(from_=data.notified_on, precision="day")
    custody = Custody(controllers.MUNICIPALITY, "sr:437ter", "avg", source)
    return Event(stream, data, envelope(actor, custody, occurred, data.VERSION))
