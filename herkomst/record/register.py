"""The register: dealers, purchases, identities and stolen items, taken in record by record.

One method takes everything in, whether it comes from a till, a form, a file or a feed. A batch is
one transaction: lock, drop what exists, take the next numbers, append events and keys. What is new
is drafted before the lock is taken; what exists is decided on under it, against what is stored.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from datetime import UTC, datetime
from itertools import islice
from struct import Struct
from time import monotonic
from typing import Any, ClassVar, NamedTuple
from uuid import UUID

from msgspec import structs
from psycopg import Connection, Cursor

from herkomst.domain import ids
from herkomst.domain.calendar import legal_date
from herkomst.domain.events import Event, EventData
from herkomst.domain.problems import Problem, RecordRefused
from herkomst.domain.register import dealer, erasure, identity, keeping, purchase
from herkomst.domain.register.records import (
    PurchaseCorrection,
    PurchaseFollowUp,
    PurchaseRecord,
    PurchaseSold,
    Record,
    Seller,
)
from herkomst.record import kept
from herkomst.record.application import (
    Custody,
    Outcome,
    RecordApplication,
    envelope,
    pending,
    this_moment,
)
from herkomst.record.database import Row
from herkomst.record.deciding import (
    Decision,
    Known,
    decode_seller,
    folded,
    follow_up,
    known_drafted,
    known_from,
    meet,
)
from herkomst.record.drafters import Drafters, Drafting
from herkomst.record.drafting import (
    Circumstances,
    Draft,
    Drafted,
    FollowUp,
    Refusal,
    dealer_event,
)
from herkomst.record.holds import must_not_be_held
from herkomst.record.kept import Kept
from herkomst.record.receipts import Receipt
from herkomst.record.recorder import COPY_BEGIN, COPY_END, Appended, Pending
from herkomst.record.vault import DataKey, destroy
from herkomst.steps import reached

Records = Sequence[tuple[int, Record]]
_key_head = Struct(">hi16si").pack
_key_tail = Struct(">ii").pack
RESTORE = "process:restore"
"""Actor of what a restore does again."""
KNOWN_FOR = 30.0
"""Seconds for which an establishment, once read, is taken to be what it was."""


class Sent(NamedTuple):
    """Records that came together, and who sent them."""

    records: Records
    actor: str
    is_told: bool = True
    """Whether he may be told why a found good is not sold on; from others a sale is taken in."""


class _Item(NamedTuple):
    """A record in a batch, as it was drafted for who sent it."""

    drafted: Drafted
    record: Record
    circumstances: Circumstances


class _Settled(NamedTuple):
    """What became of one record; its receipt waits for the place that its events get."""

    told: Draft | Receipt
    """A draft that was accepted as it is, or the receipt without what is not known yet."""
    stream: bytes = b""
    place: int | None = None
    """Index of the last pending event that concerns its stream."""
    entry: int | None = None
    """Index of the pending entry in a book that numbers it."""


class _Batch:
    """What one transaction appends, in the order of the records."""

    def __init__(self) -> None:
        self.pending: list[Pending] = []
        self.keys: list[Draft] = []
        """The drafts whose keys are committed with them."""
        self.known: dict[bytes, Known] = {}
        self.fresh: dict[bytes, _Item] = {}
        self.kept: Mapping[tuple[UUID, int], Kept] = {}
        """Found goods that are not sold on, by purchase and line."""
        self.municipalities: dict[bytes, str] = {}
        """Of the establishments of purchases that are corrected."""
        self.places: dict[bytes, int] = {}
        """Index of the last pending event that concerns a stream."""
        self.books: dict[bytes, int] = {}
        """Index of the entry in a book of a new purchase."""

    def informed(self, circumstances: Circumstances) -> Circumstances:
        """These, with what was found out about the establishments of corrected purchases."""
        if not self.municipalities:
            return circumstances
        known = {**circumstances.municipalities, **self.municipalities}
        return circumstances._replace(municipalities=known)


class Register(RecordApplication):
    """The application of the sequence `register`."""

    name = "register"
    sequence: ClassVar[str] = "register"

    def __init__(
        self, *args: Any, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        super().__init__(*args)
        self._clock = clock
        self._establishments: dict[UUID, tuple[float, str]] = {}
        self._drafters = Drafters(self.keyring)

    def close(self) -> None:
        self._drafters.close()
        super().close()

    # Taking in

    def take_in(
        self, records: Records, *, actor: str, is_told: bool = True, dry_run: bool = False
    ) -> list[Receipt]:
        """Take in (line, record) pairs as one transaction; a receipt for each, in order.

        Repeating it changes nothing: what is there already is a duplicate. When the connection
        breaks it is tried again, and what was committed is never called a failure or a duplicate.
        With `dry_run` all is decided under the lock and then rolled back.
        """
        (receipts,) = self.take_in_all([Sent(records, actor, is_told)], dry_run=dry_run)
        return receipts

    def take_in_all(self, sent: Sequence[Sent], *, dry_run: bool = False) -> list[list[Receipt]]:
        """The same for what several sent, still as one transaction: to each its own receipts, as
        if they had been taken in one after the other. It is all of them or none."""
        draftings = [
            self._drafters.begin(one.records, circumstances)
            for one, circumstances in zip(sent, self._circumstances(sent), strict=True)
        ]
        return self._append_drafted(draftings, dry_run=dry_run)

    def take_in_batches(
        self, batches: Iterable[Records], *, actor: str, dry_run: bool = False
    ) -> Iterator[list[Receipt]]:
        """The same for batch after batch: while one is appended the next is drafted elsewhere."""
        drafting: Drafting | None = None
        for records in batches:
            (circumstances,) = self._circumstances([Sent(records, actor)])
            following = self._drafters.begin(records, circumstances)
            if drafting is not None:
                yield from self._append_drafted([drafting], dry_run=dry_run)
            drafting = following
        if drafting is not None:
            yield from self._append_drafted([drafting], dry_run=dry_run)

    def _circumstances(self, sent: Sequence[Sent]) -> list[Circumstances]:
        """What each is drafted by; dealers not known, or not lately, are read.

        Who corrects a purchase that another sends along is to know its establishment too, so what
        is known of establishments is the same for all.
        """
        now = self._clock()
        books = {
            purchase.book_id(record): record.dealer
            for one in sent
            for _, record in one.records
            if isinstance(record, PurchaseRecord)
        }
        dealers = {
            ids.dealer_id(by.source, by.key)
            for book, by in books.items()
            if not self._is_learned(book)
        }
        if dealers:
            self.insisting(lambda: self._learn_connected(dealers))
        municipalities = self._municipalities(books)
        return [Circumstances(one.actor, now, municipalities, one.is_told) for one in sent]

    def _append_drafted(
        self, draftings: Sequence[Drafting], *, dry_run: bool
    ) -> list[list[Receipt]]:
        """The receipts of each, in order."""
        items = [
            _Item(drafted, record, drafting.circumstances)
            for drafting in draftings
            for drafted, (_, record) in zip(
                self._drafters.finish(drafting), drafting.records, strict=True
            )
        ]
        receipts = iter(self._append_all(items, dry_run=dry_run))
        return [list(islice(receipts, len(drafting.records))) for drafting in draftings]

    def _append_all(self, items: Sequence[_Item], *, dry_run: bool) -> list[Receipt]:
        if not items:
            return []
        return self.committing(lambda cursor: self._append(cursor, items), dry_run=dry_run)

    def _append(self, cursor: Cursor[Row], items: Sequence[_Item]) -> Outcome[list[Receipt]]:
        batch = _Batch()
        self._load(cursor, items, batch)
        settled = [self._settle(item, batch) for item in items]
        appended = None
        if batch.pending:
            appended = self.recorder.append_locked(cursor, batch.pending)
            assert reached("append.copied")
            _copy_keys(cursor, batch.keys)
            assert reached("append.keyed")
        numbers = self._numbers_of_known(cursor, batch)
        receipts = [_receipt(one, appended, numbers) for one in settled]
        return Outcome(receipts, batch.pending, appended)

    def _load(self, cursor: Cursor[Row], items: Sequence[_Item], batch: _Batch) -> None:
        """Read what exists of these streams."""
        streams = [one.drafted.stream for one in items if not isinstance(one.drafted, Refusal)]
        existing = self.recorder.begun(cursor, streams)
        if not existing:
            return
        corrections = {
            one.drafted.id
            for one in items
            if isinstance(one.drafted, FollowUp) and isinstance(one.record, PurchaseCorrection)
        }
        histories = self.recorder.reader.streams(cursor.connection, list(existing))
        keys = self.vault.keys(cursor.connection, existing - self._locked_away(cursor, existing))
        sellers = self._sellers(cursor, corrections, keys)
        for stream, events in histories.items():
            batch.known[stream.bytes] = known_from(events, keys.get(stream), sellers.get(stream))
        self._learn_dealers_of_corrected(cursor, corrections & histories.keys(), batch)
        sales = {
            one.drafted.id
            for one in items
            if isinstance(one.drafted, FollowUp) and isinstance(one.record, PurchaseSold)
        }
        if sales:
            batch.kept = kept.on(cursor.connection, sales)

    def _locked_away(self, cursor: Cursor[Row], streams: Set[UUID]) -> Set[UUID]:
        """Those that lie in the vault: nothing is added to them."""
        tellings = {ids.keeping_of(stream): stream for stream in streams}
        found = self.recorder.reader.streams(cursor.connection, list(tellings))
        return {
            tellings[told] for told, facts in found.items() if keeping.reached(facts) == "vault"
        }

    def _sellers(
        self, cursor: Cursor[Row], corrected: Set[UUID], keys: dict[UUID, DataKey]
    ) -> dict[UUID, Seller]:
        """The identities that a correction is applied to; nothing else needs them. The key of one
        that lies in the vault is taken out: nothing is added to it."""
        if not corrected:
            return {}
        histories = self.recorder.reader.streams(
            cursor.connection, [ids.presentation_id(stream) for stream in corrected]
        )
        sellers: dict[UUID, Seller] = {}
        for presentation, events in histories.items():
            stream, shown = ids.purchase_of(presentation), identity.shown_last(events)
            if identity.reached(events) == "vault":
                keys.pop(stream, None)
            key = keys.get(stream)
            if key is not None and shown is not None:
                sellers[stream] = decode_seller(key.open(shown.sealed))
        return sellers

    def _learn_dealers_of_corrected(
        self, cursor: Cursor[Row], corrected: Set[UUID], batch: _Batch
    ) -> None:
        """A correction does not name the dealer, and is marked anew by what is known of it."""
        contents = [batch.known[stream.bytes].state.content for stream in corrected]
        books = {purchase.book_of(content): content for content in contents}
        self._learn(
            cursor.connection,
            {
                ids.dealer_id(content.dealer_source, content.dealer_key)
                for book, content in books.items()
                if not self._is_learned(book)
            },
        )
        batch.municipalities = self._municipalities(books)

    def _settle(self, one: _Item, batch: _Batch) -> _Settled:
        item, record, circumstances = one
        if isinstance(item, Refusal):
            told = Receipt(line=item.line, status="rejected", key=item.key, errors=item.errors)
            return _Settled(told)
        stream = item.stream
        known = batch.known.get(stream)
        if known is None and stream in batch.fresh:
            known = batch.known[stream] = self._drafted_before(batch.fresh[stream])
        if isinstance(item, Draft) and known is None:
            return _accepted(item, one, batch)
        if isinstance(item, FollowUp):
            assert isinstance(record, PurchaseFollowUp)
            decision = follow_up(item, record, known, batch.informed(circumstances))
            # What was sold before it was kept is repeated as before.
            if isinstance(record, PurchaseSold) and decision.events and circumstances.is_told:
                decision = _unless_kept(decision, batch.kept.get((item.id, record.line)))
        else:
            assert known is not None
            decision = meet(item, record, known, circumstances)
        if known is not None and decision.events:
            batch.pending += [pending(event) for event in decision.events]
            batch.places[stream] = len(batch.pending) - 1
            batch.known[stream] = known.after(decision.events, item.id)
        receipt = Receipt(
            line=item.line,
            status=decision.status,
            key=record.key,
            id=str(item.id) if known else None,
            position=known.position if known else None,
            marks=decision.marks,
            errors=decision.errors,
        )
        return _Settled(receipt, stream, batch.places.get(stream), batch.books.get(stream))

    def _drafted_before(self, first: _Item) -> Known:
        """What is known of a stream that an earlier record of the batch begins."""
        draft, record, circumstances = first
        assert isinstance(draft, Draft)
        return known_drafted(draft, record, self.vault.unwrap(draft.key_row), circumstances.now)

    def _numbers_of_known(self, cursor: Cursor[Row], batch: _Batch) -> dict[bytes, int]:
        """Register numbers of purchases that were here before: versions of their books."""
        places = {
            known.book_position: stream
            for stream, known in batch.known.items()
            if known.book_position is not None
        }
        if not places:
            return {}
        versions = self.recorder.reader.version_at(cursor.connection, list(places))
        return {places[position]: version for position, version in versions.items()}

    # What is known of establishments

    def _is_learned(self, establishment: UUID) -> bool:
        return self._establishments.get(establishment, (0.0, ""))[0] >= monotonic()

    def _municipalities(self, books: Iterable[UUID]) -> dict[bytes, str]:
        """Of those among these establishments that were notified."""
        known = self._establishments
        return {book.bytes: known[book][1] for book in books if book in known}

    def _learn_connected(self, dealers: Set[UUID]) -> None:
        with self.database.connection() as connection:
            self._learn(connection, dealers)

    def _learn(self, connection: Connection[Row], dealers: Set[UUID]) -> None:
        if not dealers:
            return
        until = monotonic() + KNOWN_FOR
        for events in self.recorder.reader.streams(connection, list(dealers)).values():
            notification = folded(events).notification
            for place in notification.establishments:
                establishment = ids.establishment_id(
                    notification.source, notification.key, place.branch
                )
                self._establishments[establishment] = (until, place.municipality)

    # Dealers and erasure

    def decide_on_dealer(
        self, source: str, key: str, decide: Callable[[dealer.Dealer], EventData], *, actor: str
    ) -> int:
        """Accept, refuse or cease a dealer: `decide` is one of its methods. The new position."""
        stream = ids.dealer_id(source, key)

        def append(cursor: Cursor[Row]) -> Outcome[int]:
            events = self.recorder.reader.streams(cursor.connection, [stream]).get(stream)
            if events is None:
                raise RecordRefused(
                    [Problem("", "unknown_dealer", f"No dealer {source}:{key}.", "Notify it.")]
                )
            decided = [pending(dealer_event(stream, decide(folded(events)), actor, source))]
            appended = self.recorder.append_locked(cursor, decided)
            return Outcome(appended.last, decided, appended)

        return self.committing(append)

    def order_erasure(self, subject: str, *, ground: str, actor: str) -> UUID:
        """Order the erasure of a subject; repeating it orders nothing new. The erasure's stream.

        The key goes with the order, in one transaction, so nothing that comes in later can seal
        with it; the process of erasure sees to the other stores. What was destroyed before, and
        came back by a restore, is destroyed again whatever was held since.

        Raises `erasure.UnknownSubject`, `holds.Held`.
        """
        source, key = erasure.parse_subject(subject)
        purchase_stream = ids.purchase_id(source, key)
        presentation = ids.presentation_id(purchase_stream)
        stream = ids.erasure_id(subject)

        def append(cursor: Cursor[Row]) -> Outcome[UUID]:
            existing = self.recorder.begun(cursor, [presentation.bytes, stream.bytes])
            if presentation not in existing:
                raise erasure.UnknownSubject(subject)
            if stream in existing:
                return Outcome(stream)
            if actor != RESTORE:
                held = [presentation, purchase_stream]
                must_not_be_held(cursor, held, legal_date(self._clock()))
            custody = Custody(source, ground, "avg", source)
            occurred = this_moment()
            ordered = erasure.ErasureOrdered(identities=(presentation.hex,), subject=subject)
            erased = identity.IdentityErased(erasure=stream.hex)
            events = [
                pending(Event(presentation, erased, envelope(actor, custody, occurred, 1))),
                pending(Event(stream, ordered, envelope(actor, custody, occurred, 1))),
            ]
            appended = self.recorder.append_locked(cursor, events)
            destroy(cursor, [purchase_stream])
            assert reached("erasure.destroyed")
            return Outcome(stream, events, appended)

        ordered = self.committing(append)
        assert reached("erasure.ordered")
        return ordered

    def acknowledgements(self, stream: UUID) -> list[erasure.Acknowledgement]:
        """Which stores have acknowledged an erasure so far."""
        with self.database.connection() as connection, connection.cursor() as cursor:
            events = self.recorder.reader.streams(cursor.connection, [stream]).get(stream, [])
        return [
            erasure.Acknowledgement(e.data.store, e.recorded_at, e.data.clock)
            for e in events
            if isinstance(e.data, erasure.ErasureAcknowledged)
        ]


def _accepted(draft: Draft, item: _Item, batch: _Batch) -> _Settled:
    stream = draft.stream
    batch.fresh[stream] = item
    batch.keys.append(draft)
    batch.pending += draft.pending
    place = batch.places[stream] = len(batch.pending) - 1
    if draft.is_numbered:
        batch.books[stream] = place
    return _Settled(draft, stream, place, place if draft.is_numbered else None)


def _unless_kept(decision: Decision, found: Kept | None) -> Decision:
    return decision if found is None else Decision("rejected", errors=(found.refusal(),))


def _receipt(settled: _Settled, appended: Appended | None, numbers: Mapping[bytes, int]) -> Receipt:
    """The receipt with the place that the events of the record got."""
    told, stream, place, entry = settled
    number = numbers.get(stream)
    position = None
    if appended is not None and place is not None:
        position = appended.first + place
        number = appended.versions[entry] if entry is not None else number
    if isinstance(told, Draft):
        return Receipt(
            line=told.line,
            status="accepted",
            key=told.key,
            id=str(told.id),
            register_number=number,
            position=position,
            marks=told.marks,
        )
    if not stream:
        return told
    if position is None:
        position = told.position
    return structs.replace(told, position=position, register_number=number)


def _copy_keys(cursor: Cursor[Row], drafts: Sequence[Draft]) -> None:
    if not drafts:
        return
    parts = [COPY_BEGIN]
    for draft in drafts:
        wrapped = draft.wrapped
        parts += (_key_head(3, 16, draft.stream, len(wrapped)), wrapped, _key_tail(4, draft.kek))
    parts.append(COPY_END)
    with cursor.copy("COPY vault.keys FROM STDIN (FORMAT BINARY)") as copy:
        copy.write(b"".join(parts))
