"""The register: dealers, purchases, identities and stolen items, taken in record by record.

One method takes everything in, whether it comes from a till, a form, a file or a feed. A batch is
one transaction: lock, drop what exists, take the next numbers, append events and keys. What is new
is prepared before the lock is taken; what exists is decided under it, against what is stored.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, date, datetime
from struct import Struct
from time import monotonic, sleep
from typing import Any, ClassVar, Literal, NamedTuple, TypeVar
from uuid import UUID

import msgspec
from psycopg import Connection, Cursor, Rollback

from herkomst.domain import ids
from herkomst.domain.calendar import Occurred
from herkomst.domain.events import Event, EventData, Recorded
from herkomst.domain.problems import Mark, Problem, RecordRefused
from herkomst.domain.register import (
    book,
    checks,
    dealer,
    erasure,
    identity,
    purchase,
    stolen_item,
)
from herkomst.domain.register.records import (
    DealerRecord,
    PawnEndedRecord,
    PurchaseCorrection,
    PurchaseRecord,
    PurchaseSold,
    Record,
    Seller,
    StolenItemRecord,
)
from herkomst.domain.register.sources import source_profile
from herkomst.record.application import (
    Custody,
    RecordApplication,
    envelope,
    pending,
    this_moment,
)
from herkomst.record.database import LOST, DatabaseDown, Row
from herkomst.record.recorder import COPY_BEGIN, COPY_END, NEXT, Appended, Pending
from herkomst.record.vault import DataKey, KeyRow, destroy

log = logging.getLogger(__name__)

Status = Literal["accepted", "duplicate", "amended", "conflict", "rejected"]
T = TypeVar("T")
ATTEMPTS = 5
_content = msgspec.json.Encoder(order="deterministic").encode
_decode_seller = msgspec.json.Decoder(Seller).decode
_decode_purchase_part = msgspec.json.Decoder(purchase.PrivatePart).decode
_key_head = Struct(">hi16si").pack
_key_tail = Struct(">ii").pack
KNOWN_FOR = 30.0
"""Seconds for which an establishment, once read, is taken to be what it was."""


class Receipt(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """The answer to one record. It never says anything about a hit: a till learns nothing."""

    line: int
    status: Status
    key: str | None = None
    id: str | None = None
    register_number: int | None = None
    position: int | None = None
    marks: tuple[Mark, ...] = ()
    errors: tuple[Problem, ...] = ()


class _Draft(NamedTuple):
    """A record prepared as if it were new."""

    line: int
    record: Record
    stream: UUID
    key: DataKey
    row: KeyRow
    data: EventData
    """Of the event that opens the stream."""
    pending: tuple[Pending, ...]
    marks: tuple[Mark, ...] = ()
    numbered: bool = False
    """Whether the last of its events takes a register number."""


class _Decision(NamedTuple):
    """What became of a record that met an existing stream."""

    status: Status
    events: tuple[Event, ...] = ()
    errors: tuple[Problem, ...] = ()
    marks: tuple[Mark, ...] = ()


class _Known(NamedTuple):
    """A stream that has begun, as it is inside this transaction."""

    state: Any
    key: DataKey | None
    first: EventData
    recorded_at: datetime
    """When it began: a correction does not make an entry late."""
    position: int | None = None
    """Of the last that is known of it, for what was here before."""
    book_position: int | None = None
    """Of its entry in a book, for a purchase that was here before."""
    seller: Seller | None = None


class _Batch:
    """What one transaction appends, in the order of the records."""

    def __init__(self) -> None:
        self.pending: list[Pending] = []
        self.keys: list[KeyRow] = []
        self.known: dict[UUID, _Known] = {}
        self.fresh: dict[UUID, _Draft] = {}
        self.places: dict[UUID, int] = {}
        """Index of the last pending event that concerns a stream."""
        self.books: dict[UUID, int] = {}
        """Index of the entry in a book of a new purchase."""

    def add(self, stream: UUID, events: Sequence[Pending]) -> None:
        """Append what one record means for its stream."""
        if events:
            self.pending += events
            self.places[stream] = len(self.pending) - 1


class _Sent(NamedTuple):
    """What an attempt was about to commit."""

    first: int
    event: Pending
    receipts: list[Receipt]


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

    # Taking in

    def take_in(
        self,
        records: Sequence[tuple[int, Record]],
        *,
        actor: str,
        attempts: int = ATTEMPTS,
        dry_run: bool = False,
    ) -> list[Receipt]:
        """Take in (line, record) pairs as one transaction; a receipt for each, in order.

        Repeating it changes nothing: what is there already is a duplicate. When the connection
        breaks, also during the commit, it is tried again; what the attempt before was to commit
        is looked for first, so what stands was taken in, and is never called a failure or a
        duplicate. With `dry_run` all is decided under the lock and then rolled back.
        """
        return self._settle_all(self._prepare_all(records, actor), actor, attempts, dry_run=dry_run)

    def take_in_batches(
        self,
        batches: Iterable[Sequence[tuple[int, Record]]],
        *,
        actor: str,
        dry_run: bool = False,
    ) -> Iterator[list[Receipt]]:
        """The same for batch after batch: the next is prepared while one is being appended."""
        with ThreadPoolExecutor(1, thread_name_prefix="append") as appender:
            appending: Future[list[Receipt]] | None = None
            for records in batches:
                prepared = self._prepare_all(records, actor)
                if appending is not None:
                    yield appending.result()
                appending = appender.submit(
                    self._settle_all, prepared, actor, ATTEMPTS, dry_run=dry_run
                )
            if appending is not None:
                yield appending.result()

    def _prepare_all(
        self, records: Sequence[tuple[int, Record]], actor: str
    ) -> list["_Draft | _FollowUp | Receipt"]:
        now = self._clock()
        self._insisting(lambda: self._learn_dealers_of([record for _, record in records]))
        return [self._prepare(line, record, actor, now) for line, record in records]

    def _settle_all(
        self,
        prepared: Sequence["_Draft | _FollowUp | Receipt"],
        actor: str,
        attempts: int,
        *,
        dry_run: bool,
    ) -> list[Receipt]:
        if not prepared:
            return []
        sent: list[_Sent] = []
        return self._insisting(
            lambda: self._append(prepared, actor, sent, dry_run=dry_run), attempts
        )

    def _insisting(self, act: Callable[[], T], attempts: int = ATTEMPTS) -> T:
        """Do it again when the connection breaks; a server of ours that died is started again."""
        for attempt in range(1, attempts):
            try:
                return act()
            except (*LOST, DatabaseDown) as error:
                log.warning("the database was lost, trying again: %s", error)
                sleep(0.05 * 2**attempt)
                self.database.revive()
        return act()

    def _append(
        self,
        prepared: Sequence["_Draft | _FollowUp | Receipt"],
        actor: str,
        sent: list[_Sent],
        *,
        dry_run: bool,
    ) -> list[Receipt]:
        receipts: list[Receipt] = []
        with self.database.transaction() as cursor:
            self.recorder.lock(cursor)
            if sent and self._stands(cursor, sent[-1]):
                return sent[-1].receipts
            batch = _Batch()
            self._load(cursor, prepared, batch)
            outcomes = [self._settle(item, batch, actor) for item in prepared]
            appended = None
            if batch.pending:
                appended = self.recorder.append(cursor, batch.pending)
                _copy_keys(cursor, batch.keys)
            numbers = self._numbers_of_known(cursor, batch)
            receipts = [_receipt(outcome, appended, numbers) for outcome in outcomes]
            if dry_run:
                raise Rollback
            if appended is not None:
                sent.append(_Sent(appended.first, batch.pending[0], receipts))
        return receipts

    def _stands(self, cursor: Cursor[Row], sent: _Sent) -> bool:
        """Whether that attempt was committed: its first event then stands where it was put.
        Its lock was let go of only once that could be seen."""
        rows = self.recorder.reader.between(
            cursor.connection, sent.first - 1, sent.first, topics=(), limit=1
        )
        # The bytes hold the event's id and salt, so no other event has them.
        return bool(rows) and rows[0][4] == sent.event.state

    def _load(
        self,
        cursor: Cursor[Row],
        prepared: Sequence["_Draft | _FollowUp | Receipt"],
        batch: _Batch,
    ) -> None:
        streams = [item.stream for item in prepared if not isinstance(item, Receipt)]
        existing = (
            list(self.recorder.reader.existing(cursor.connection, streams)) if streams else []
        )
        if not existing:
            return
        histories = self.recorder.reader.streams(cursor.connection, existing)
        keys = self.vault.keys(cursor.connection, existing)
        sellers = self._sellers(cursor, prepared, keys)
        for stream, events in histories.items():
            batch.known[stream] = _known(events, keys.get(stream), sellers.get(stream))
        self._learn_dealers_of_corrected(cursor, prepared, batch)

    def _learn_dealers_of_corrected(
        self,
        cursor: Cursor[Row],
        prepared: Sequence["_Draft | _FollowUp | Receipt"],
        batch: _Batch,
    ) -> None:
        """A correction does not name the dealer, and is marked anew by what is known of it."""
        contents = [
            batch.known[item.stream].state.content
            for item in prepared
            if isinstance(item, _FollowUp)
            and isinstance(item.record, PurchaseCorrection)
            and item.stream in batch.known
        ]
        dealers = {
            ids.dealer_id(content.dealer_source, content.dealer_key)
            for content in contents
            if not self._is_learned(purchase.book_of(content))
        }
        self._learn(cursor.connection, dealers)

    def _sellers(
        self,
        cursor: Cursor[Row],
        prepared: Sequence["_Draft | _FollowUp | Receipt"],
        keys: Mapping[UUID, DataKey],
    ) -> dict[UUID, Seller]:
        """The identities that a correction is applied to; nothing else needs them."""
        wanted = {
            ids.presentation_id(item.stream): item.stream
            for item in prepared
            if isinstance(item, _FollowUp) and isinstance(item.record, PurchaseCorrection)
        }
        sellers: dict[UUID, Seller] = {}
        if wanted:
            for stream, events in self.recorder.reader.streams(
                cursor.connection, list(wanted)
            ).items():
                shown = [e.data for e in events if isinstance(e.data, identity.Presentation)]
                if key := keys.get(wanted[stream]):
                    sellers[wanted[stream]] = _decode_seller(key.open(shown[-1].sealed))
        return sellers

    def _settle(
        self, item: "_Draft | _FollowUp | Receipt", batch: _Batch, actor: str
    ) -> "_Outcome":
        if isinstance(item, Receipt):
            return _Outcome(item)
        draft = batch.fresh.get(item.stream)
        if draft is not None and item.stream not in batch.known:
            batch.known[item.stream] = _known_draft(draft, self._clock())
        known = batch.known.get(item.stream)
        if isinstance(item, _FollowUp):
            decision = self._follow_up(item, known, actor)
        elif known is None:
            return self._accept(item, batch)
        else:
            decision = self._meet(item, known, actor)
        batch.add(item.stream, [pending(event) for event in decision.events])
        _advance(batch, item.stream, decision.events)
        receipt = Receipt(
            line=item.line,
            status=decision.status,
            key=item.record.key,
            id=str(item.stream) if known else None,
            position=known.position if known else None,
            marks=decision.marks,
            errors=decision.errors,
        )
        place, entry = batch.places.get(item.stream), batch.books.get(item.stream)
        return _Outcome(receipt, item.stream, place, entry)

    @staticmethod
    def _accept(draft: _Draft, batch: _Batch) -> "_Outcome":
        batch.fresh[draft.stream] = draft
        batch.keys.append(draft.row)
        batch.add(draft.stream, draft.pending)
        place = batch.places[draft.stream]
        if draft.numbered:
            batch.books[draft.stream] = place
        receipt = Receipt(
            line=draft.line,
            status="accepted",
            key=draft.record.key,
            id=str(draft.stream),
            marks=draft.marks,
        )
        return _Outcome(receipt, draft.stream, place, place if draft.numbered else None)

    def _numbers_of_known(self, cursor: Cursor[Row], batch: _Batch) -> dict[UUID, int]:
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

    # Preparing what may be new

    def _prepare(
        self, line: int, record: Record, actor: str, now: datetime
    ) -> "_Draft | _FollowUp | Receipt":
        try:
            content = _content(record)
            checks.refuse_nul(record, content)
            if isinstance(record, PurchaseRecord):
                return self._draft_purchase(line, record, content, actor, now)
            if isinstance(record, StolenItemRecord):
                return self._draft_stolen(line, record, content, actor, now.date())
            if isinstance(record, DealerRecord):
                return self._draft_dealer(line, record, content, actor)
            return _prepare_follow_up(line, record)
        except RecordRefused as refused:
            return Receipt(
                line=line, status="rejected", key=record.key, errors=tuple(refused.problems)
            )

    def _draft_purchase(
        self, line: int, record: PurchaseRecord, content: bytes, actor: str, now: datetime
    ) -> _Draft:
        acquired = purchase.check(record, today=now.date())
        stream = ids.purchase_id(record.source, record.key)
        marks = self._marks(record, acquired, now)
        key, row = self.vault.new_key(stream)
        custody = _purchase_custody(record)
        data = purchase.registered(
            record,
            acquired,
            marks=marks,
            fingerprint=key.fingerprint(content),
            sealed=_seal(key, purchase.private_part(record)),
        )
        registered = Event(stream, data, envelope(actor, custody, acquired, data.VERSION))
        entered = Event(
            purchase.book_id(record),
            book.Entered(key=record.key, purchase=stream.hex, source=record.source),
            envelope(actor, custody, acquired, book.Entered.VERSION),
        )
        events = [pending(registered, 1), pending(entered, NEXT)]
        if record.seller is not None:
            shown = _presented(identity.Presented, record, stream, key, custody, actor, acquired)
            events.insert(0, pending(shown, 1))
        return _Draft(line, record, stream, key, row, data, tuple(events), marks, numbered=True)

    def _draft_stolen(
        self, line: int, record: StolenItemRecord, content: bytes, actor: str, today: date
    ) -> _Draft:
        moments = stolen_item.check(record, today=today)
        stream = ids.stolen_item_id(record.source, record.key)
        key, row = self.vault.new_key(stream)
        data = stolen_item.opened(
            record,
            moments,
            fingerprint=key.fingerprint(content),
            sealed=_seal(key, stolen_item.private_part(record)),
        )
        return _opening(line, record, key, row, _stolen_event(stream, data, actor))

    def _draft_dealer(self, line: int, record: DealerRecord, content: bytes, actor: str) -> _Draft:
        dealer.check(record)
        stream = ids.dealer_id(record.source, record.key)
        key, row = self.vault.new_key(stream)
        data = dealer.notified(
            record,
            fingerprint=key.fingerprint(content),
            sealed=_seal(key, dealer.private_part(record)),
        )
        return _opening(line, record, key, row, _dealer_event(stream, data, actor))

    def _marks(self, record: PurchaseRecord, acquired: Occurred, now: datetime) -> tuple[Mark, ...]:
        known = self._establishments.get(purchase.book_id(record))
        return purchase.marks(
            record,
            acquired,
            recorded_at=now,
            dealer_known=known is not None,
            municipality=known[1] if known else None,
        )

    def _learn_dealers_of(self, records: Sequence[Record]) -> None:
        """Read the dealers of these purchases whose establishments are not known, or not lately."""
        dealers = {
            ids.dealer_id(record.dealer.source, record.dealer.key)
            for record in records
            if isinstance(record, PurchaseRecord) and not self._is_learned(purchase.book_id(record))
        }
        if dealers:
            with self.database.connection() as connection:
                self._learn(connection, dealers)

    def _is_learned(self, establishment: UUID) -> bool:
        return self._establishments.get(establishment, (0.0, ""))[0] >= monotonic()

    def _learn(self, connection: Connection[Row], dealers: Set[UUID]) -> None:
        if not dealers:
            return
        until = monotonic() + KNOWN_FOR
        for events in self.recorder.reader.streams(connection, list(dealers)).values():
            notification = _fold(dealer.evolve, events).notification
            for place in notification.establishments:
                establishment = ids.establishment_id(
                    notification.source, notification.key, place.branch
                )
                self._establishments[establishment] = (until, place.municipality)

    # Deciding on what exists

    def _meet(self, draft: _Draft, known: _Known, actor: str) -> _Decision:
        marks = known.first.marks if isinstance(known.first, purchase.Registered) else ()
        if known.key is None:
            return _meet_erased(draft, known, marks)
        fingerprint = known.key.fingerprint(_content(draft.record))
        if fingerprint in known.state.fingerprints:
            return _Decision("duplicate", marks=marks)
        if isinstance(draft.record, PurchaseRecord):
            assert isinstance(draft.data, purchase.Registered)
            # By its normal form a source that sends a corrected entry again, whole, is recognised.
            normal = purchase.normal(draft.record, draft.data.acquired)
            if known.key.fingerprint(_content(normal)) in known.state.fingerprints:
                return _Decision("duplicate", marks=marks)
            return _Decision(
                "conflict",
                marks=marks,
                errors=(
                    Problem(
                        "/key",
                        "conflict",
                        f"Purchase {draft.record.key!r} is registered with other content.",
                        "Send a purchase_correction, or a key of its own for another purchase.",
                    ),
                ),
            )
        return _Decision("amended", (self._amend(draft, known, known.key, fingerprint, actor),))

    def _amend(
        self, draft: _Draft, known: _Known, key: DataKey, fingerprint: bytes, actor: str
    ) -> Event:
        record = draft.record
        if isinstance(record, DealerRecord):
            sealed = _seal(key, dealer.private_part(record))
            data = dealer.changed(record, fingerprint=fingerprint, sealed=sealed)
            return _dealer_event(draft.stream, data, actor)
        assert isinstance(record, StolenItemRecord)
        report = stolen_item.changed(
            known.state.report,
            record,
            stolen_item.check(record, today=self._clock().date()),
            fingerprint=fingerprint,
            sealed=_seal(key, stolen_item.private_part(record)),
        )
        return _stolen_event(draft.stream, report, actor)

    def _follow_up(self, item: "_FollowUp", known: _Known | None, actor: str) -> _Decision:
        place = "/corrects" if isinstance(item.record, PurchaseCorrection) else "/purchase"
        if known is None:
            return _refuse(
                place,
                "unknown_purchase",
                f"Source {item.record.source!r} has no purchase {item.purchase_key!r} here.",
                "Send the purchase first; a key is looked for within its own source.",
            )
        if known.key is None:
            return _refuse(
                place,
                "erased",
                f"Purchase {item.purchase_key!r} was erased; nothing is added to it.",
                "Leave it out.",
            )
        fingerprint = known.key.fingerprint(_content(item.record))
        before = known.state.follow_ups.get(item.record.key)
        if before is not None:
            if before == fingerprint:
                return _Decision("duplicate")
            return _Decision(
                "conflict",
                errors=(
                    Problem(
                        "/key",
                        "conflict",
                        f"Another follow-up of this purchase has the key {item.record.key!r}.",
                        "Send it under a key of its own.",
                    ),
                ),
            )
        try:
            if isinstance(item.record, PurchaseCorrection):
                return self._correct(item, item.record, known, known.key, fingerprint, actor)
            return self._ended(item, item.record, known, known.key, fingerprint, actor)
        except RecordRefused as refused:
            return _Decision("rejected", errors=tuple(refused.problems))

    def _correct(
        self,
        item: "_FollowUp",
        record: PurchaseCorrection,
        known: _Known,
        key: DataKey,
        fingerprint: bytes,
        actor: str,
    ) -> _Decision:
        content = known.state.content
        seller = known.seller if content.seller else None
        before = purchase.to_record(content, _open_private(key, content), seller)
        after = purchase.patched(before, record)
        acquired = purchase.check(after, today=self._clock().date(), under="/changes")
        after = purchase.normal(after, acquired)
        changed = purchase.changed_fields(before, after)
        if not changed:
            return _refuse(
                "/changes",
                "nothing_changes",
                "The correction changes nothing.",
                "Leave it out, or send the values as they should be.",
            )
        custody = _purchase_custody(after)
        data = purchase.corrected(
            after,
            acquired,
            marks=self._marks(after, acquired, known.recorded_at),
            fingerprint=key.fingerprint(_content(after)),
            sealed=_seal(key, purchase.private_part(after)),
            correction=purchase.Correction(
                changed=changed,
                fingerprint=fingerprint,
                key=record.key,
                reason=key.seal(record.reason.encode()),
            ),
        )
        events = [Event(item.stream, data, envelope(actor, custody, acquired, data.VERSION))]
        if after.seller is not None and after.seller != before.seller:
            kind = identity.IdentityCorrected if known.seller else identity.Presented
            events.insert(0, _presented(kind, after, item.stream, key, custody, actor, acquired))
        return _Decision("accepted", tuple(events), marks=data.marks)

    def _ended(
        self,
        item: "_FollowUp",
        record: PurchaseSold | PawnEndedRecord,
        known: _Known,
        key: DataKey,
        fingerprint: bytes,
        actor: str,
    ) -> _Decision:
        data = purchase.ended(
            record,
            known.state,
            fingerprint=fingerprint,
            buyer=_seal(key, record.buyer) if isinstance(record, PurchaseSold) else None,
        )
        occurred = data.sold if isinstance(data, purchase.LineSold) else data.ended
        content = known.state.content
        custody = Custody(
            f"dealer:{content.dealer_source}:{content.dealer_key}",
            "sr:437",
            "avg",
            content.dealer_source,
        )
        return _Decision(
            "accepted", (Event(item.stream, data, envelope(actor, custody, occurred, 1)),)
        )

    # Dealers and erasure

    def decide_on_dealer(
        self, source: str, key: str, decide: Callable[[dealer.Dealer], EventData], *, actor: str
    ) -> int:
        """Accept, refuse or cease a dealer: `decide` is one of its methods. The new position."""
        stream = ids.dealer_id(source, key)
        with self.database.transaction() as cursor:
            self.recorder.lock(cursor)
            events = self.recorder.reader.streams(cursor.connection, [stream]).get(stream)
            if events is None:
                raise RecordRefused(
                    [Problem("", "unknown_dealer", f"No dealer {source}:{key}.", "Notify it.")]
                )
            decided = _dealer_event(stream, decide(_fold(dealer.evolve, events)), actor, source)
            return self.recorder.append(cursor, [pending(decided)]).last

    def order_erasure(self, subject: str, *, ground: str, actor: str) -> UUID:
        """Order the erasure of a subject; repeating it orders nothing new. The erasure's stream.

        The key goes with the order, in one transaction, so nothing that comes in later can seal
        with it; the process of erasure sees to the other stores. Raises `erasure.UnknownSubject`.
        """
        source, key = erasure.parse_subject(subject)
        purchase_stream = ids.purchase_id(source, key)
        presentation = ids.presentation_id(purchase_stream)
        stream = ids.erasure_id(subject)
        with self.database.transaction() as cursor:
            self.recorder.lock(cursor)
            existing = self.recorder.reader.existing(cursor.connection, [presentation, stream])
            if presentation not in existing:
                raise erasure.UnknownSubject(subject)
            if stream not in existing:
                custody = Custody(source, ground, "avg", source)
                occurred = this_moment()
                ordered = erasure.ErasureOrdered(identities=(presentation.hex,), subject=subject)
                erased = identity.IdentityErased(erasure=stream.hex)
                self.recorder.append(
                    cursor,
                    [
                        pending(Event(presentation, erased, envelope(actor, custody, occurred, 1))),
                        pending(Event(stream, ordered, envelope(actor, custody, occurred, 1))),
                    ],
                )
                destroy(cursor, [purchase_stream])
        return stream

    def acknowledgements(self, stream: UUID) -> list[erasure.Acknowledgement]:
        """Which stores have acknowledged an erasure so far."""
        with self.database.connection() as connection, connection.cursor() as cursor:
            events = self.recorder.reader.streams(cursor.connection, [stream]).get(stream, [])
        return [
            erasure.Acknowledgement(e.data.store, e.recorded_at, e.data.clock)
            for e in events
            if isinstance(e.data, erasure.ErasureAcknowledged)
        ]


class _FollowUp(NamedTuple):
    """A record about a purchase that must exist."""

    line: int
    record: PurchaseCorrection | PurchaseSold | PawnEndedRecord
    stream: UUID
    purchase_key: str


class _Outcome(NamedTuple):
    """A receipt that may still wait for its place."""

    receipt: Receipt
    stream: UUID | None = None
    place: int | None = None
    """Index of the last pending event that concerns its stream."""
    entry: int | None = None
    """Index of the entry in a book that numbers it."""


def _receipt(outcome: _Outcome, appended: Appended | None, numbers: Mapping[UUID, int]) -> Receipt:
    receipt = outcome.receipt
    if outcome.stream is None:
        return receipt
    number, position = numbers.get(outcome.stream), receipt.position
    if appended is not None and outcome.place is not None:
        position = appended.first + outcome.place
        number = appended.versions[outcome.entry] if outcome.entry is not None else number
    return msgspec.structs.replace(receipt, position=position, register_number=number)


def _opening(line: int, record: Record, key: DataKey, row: KeyRow, event: Event) -> _Draft:
    """The draft of a record whose stream opens with one event."""
    opens = (pending(event, 1),)
    return _Draft(line, record, event.stream, key, row, event.data, opens)


def _prepare_follow_up(
    line: int, record: PurchaseCorrection | PurchaseSold | PawnEndedRecord
) -> _FollowUp:
    key = record.corrects if isinstance(record, PurchaseCorrection) else record.purchase
    return _FollowUp(line, record, ids.purchase_id(record.source, key), key)


_EVOLVE: tuple[tuple[type[EventData], Callable[[Any, Any], Any]], ...] = (
    (purchase.Content, purchase.evolve),
    (stolen_item.Report, stolen_item.evolve),
    (dealer.Notification, dealer.evolve),
)


def _fold(evolve: Callable[[Any, EventData], Any], events: Sequence[Recorded]) -> Any:
    state = None
    for recorded in events:
        state = evolve(state, recorded.data)
    return state


def _evolution(first: EventData) -> Callable[[Any, EventData], Any]:
    return next(evolve for kind, evolve in _EVOLVE if isinstance(first, kind))


def _known(events: Sequence[Recorded], key: DataKey | None, seller: Seller | None) -> _Known:
    first, last = events[0], events[-1].position
    state = _fold(_evolution(first.data), events)
    entry = None
    if isinstance(first.data, purchase.Registered):
        entry = first.position + 1  # It is appended right behind the purchase.
        last = max(last, entry)
    return _Known(state, key, first.data, first.recorded_at, last, entry, seller)


def _known_draft(draft: _Draft, now: datetime) -> _Known:
    state = _evolution(draft.data)(None, draft.data)
    seller = draft.record.seller if isinstance(draft.record, PurchaseRecord) else None
    return _Known(state, draft.key, draft.data, now, seller=seller)


def _advance(batch: _Batch, stream: UUID, events: Sequence[Event]) -> None:
    """Bring what is known of a stream to what it is after these events."""
    known = batch.known.get(stream)
    if known is None:
        return
    evolve = _evolution(known.first)
    for event in events:
        if event.stream == stream:
            evolve(known.state, event.data)
        elif isinstance(event.data, identity.Presentation) and known.key is not None:
            seller = _decode_seller(known.key.open(event.data.sealed))
            batch.known[stream] = known._replace(seller=seller)


def _meet_erased(draft: _Draft, known: _Known, marks: tuple[Mark, ...]) -> _Decision:
    """What was erased cannot be compared; what is left of it can."""
    new = draft.data
    unsealed = {"fingerprint": b"", "sealed": None, "marks": ()}
    names = {name: value for name, value in unsealed.items() if hasattr(new, name)}
    if msgspec.structs.replace(new, **names) == msgspec.structs.replace(known.first, **names):
        return _Decision("duplicate", marks=marks)
    return _Decision(
        "conflict",
        marks=marks,
        errors=(
            Problem(
                "",
                "erased",
                "This record was erased and is not taken in again with other content.",
                "Send what is another record under a key of its own.",
            ),
        ),
    )


def _refuse(field: str, code: str, message: str, cure: str) -> _Decision:
    return _Decision("rejected", errors=(Problem(field, code, message, cure),))


def _seal(key: DataKey, part: msgspec.Struct | None) -> bytes | None:
    return None if part is None else key.seal(_content(part))


def _open_private(key: DataKey, content: purchase.Content) -> purchase.PrivatePart | None:
    return None if content.sealed is None else _decode_purchase_part(key.open(content.sealed))


def _presented(
    kind: type[identity.Presentation],
    record: PurchaseRecord,
    stream: UUID,
    key: DataKey,
    custody: Custody,
    actor: str,
    acquired: Occurred,
) -> Event:
    assert record.seller is not None
    data = kind(
        purchase=stream.hex,
        sealed=key.seal(_content(record.seller)),
        shown=identity.shown_fields(record.seller),
        source=record.source,
        source_key=record.key,
    )
    return Event(
        ids.presentation_id(stream), data, envelope(actor, custody, acquired, data.VERSION)
    )


def _purchase_custody(record: PurchaseRecord) -> Custody:
    """The dealer answers for its register (AVG); the duty to keep it is art. 437 Sr."""
    return Custody(
        f"dealer:{record.dealer.source}:{record.dealer.key}", "sr:437", "avg", record.source
    )


def _stolen_event(stream: UUID, data: stolen_item.Report, actor: str) -> Event:
    profile = source_profile(data.source)
    custody = Custody(profile.controller, profile.ground, profile.regime, data.source)
    return Event(stream, data, envelope(actor, custody, data.stolen, data.VERSION, data.handling))


def _dealer_event(stream: UUID, data: EventData, actor: str, source: str = "") -> Event:
    source = data.source if isinstance(data, dealer.Notification) else source
    occurred = this_moment()
    if isinstance(data, dealer.Notification) and data.notified_on is not None:
        occurred = Occurred(from_=data.notified_on, precision="day")
    custody = Custody(source, "sr:437ter", "avg", source)
    return Event(stream, data, envelope(actor, custody, occurred, data.VERSION))


def _copy_keys(cursor: Cursor[Row], rows: Sequence[KeyRow]) -> None:
    if not rows:
        return
    parts = [COPY_BEGIN]
    for key_id, wrapped, kek in rows:
        parts += (_key_head(3, 16, key_id.bytes, len(wrapped)), wrapped, _key_tail(4, kek))
    parts.append(COPY_END)
    with cursor.copy("COPY vault.keys FROM STDIN (FORMAT BINARY)") as copy:
        copy.write(b"".join(parts))
