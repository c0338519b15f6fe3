"""Deciding: what becomes of a record whose stream has begun.

It may repeat what is stored, amend it, correct it, follow it up, or contradict it. That is decided
under the lock of the writers, against what is stored and what the same batch has changed already.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from herkomst.domain import ids
from herkomst.domain.events import Event, EventData, Recorded
from herkomst.domain.problems import Mark, Problem, RecordRefused
from herkomst.domain.register import dealer, identity, purchase, stolen_item
from herkomst.domain.register.records import (
    DealerRecord,
    PawnEndedRecord,
    PurchaseCorrection,
    PurchaseFollowUp,
    PurchaseRecord,
    PurchaseSold,
    Record,
    Seller,
    StolenItemRecord,
)
from herkomst.record.application import envelope
from herkomst.record.drafting import (
    Circumstances,
    Draft,
    FollowUp,
    content,
    dealer_event,
    marks,
    presentation,
    register_custody,
    seal,
    stolen_event,
)
from herkomst.record.receipts import Status
from herkomst.record.vault import DataKey

decode_seller = msgspec.json.Decoder(Seller).decode
_decode_private_part = msgspec.json.Decoder(purchase.PrivatePart).decode


class Known(NamedTuple):
    """A stream that has begun, as it is inside this transaction."""

    state: Any
    key: DataKey | None
    """None once it was erased."""
    first: EventData
    began: datetime
    """When it was recorded first: a correction does not make an entry late."""
    position: int | None = None
    """Of the last that is known of it, for what was here before."""
    book_position: int | None = None
    """Of its entry in a book, for a purchase that was here before."""
    seller: Seller | None = None

    def after(self, events: Sequence[Event], stream: UUID) -> "Known":
        """What is known once these events, decided on for this stream, are appended."""
        evolve = _evolution(self.first)
        known = self
        for event in events:
            if event.stream == stream:
                evolve(known.state, event.data)
            elif isinstance(event.data, identity.Presentation) and known.key is not None:
                known = known._replace(seller=decode_seller(known.key.open(event.data.sealed)))
            elif isinstance(event.data, identity.IdentityWithdrawn):
                known = known._replace(seller=None)
        return known


class Decision(NamedTuple):
    """What became of a record that met an existing stream."""

    status: Status
    events: tuple[Event, ...] = ()
    errors: tuple[Problem, ...] = ()
    marks: tuple[Mark, ...] = ()


def known_from(events: Sequence[Recorded], key: DataKey | None, seller: Seller | None) -> Known:
    """What is known of a stored stream."""
    first, last = events[0], events[-1].position
    entry = None
    if isinstance(first.data, purchase.Registered):
        entry = first.position + 1  # It is appended right behind the purchase.
        last = max(last, entry)
    return Known(folded(events), key, first.data, first.recorded_at, last, entry, seller)


def known_drafted(draft: Draft, record: Record, key: DataKey, now: datetime) -> Known:
    """What is known of a stream that this batch begins."""
    opening = draft.opening
    seller = record.seller if isinstance(record, PurchaseRecord) else None
    state = _evolution(opening)(None, opening)
    return Known(state, key, opening, now, seller=seller)


def folded(events: Sequence[Recorded]) -> Any:
    """The state of a stream after all of its events."""
    evolve = _evolution(events[0].data)
    state = None
    for recorded in events:
        state = evolve(state, recorded.data)
    return state


def _evolution(first: EventData) -> Callable[[Any, Any], Any]:
    return next(evolve for kind, evolve in _EVOLVE if isinstance(first, kind))


_EVOLVE: tuple[tuple[type[EventData], Callable[[Any, Any], Any]], ...] = (
    (purchase.Content, purchase.evolve),
    (stolen_item.Report, stolen_item.evolve),
    (dealer.Notification, dealer.evolve),
)


# A record that came before


def meet(draft: Draft, record: Record, known: Known, circumstances: Circumstances) -> Decision:
    """A record whose stream is there already: the same, other content, or an amendment."""
    told = known.first.marks if isinstance(known.first, purchase.Registered) else ()
    if known.key is None:
        return _meet_erased(draft, known, told)
    fingerprint = known.key.fingerprint(content(record))
    if fingerprint in known.state.fingerprints:
        return Decision("duplicate", marks=told)
    if isinstance(record, PurchaseRecord):
        return _meet_purchase(draft, record, known, known.key, told)
    amended = _amended(draft.id, record, known, known.key, fingerprint, circumstances)
    return Decision("amended", (amended,))


def _meet_erased(draft: Draft, known: Known, told: tuple[Mark, ...]) -> Decision:
    """What was erased cannot be compared; what is left of it can."""
    new = draft.opening
    unsealed = {"fingerprint": b"", "sealed": None, "marks": ()}
    names = {name: value for name, value in unsealed.items() if hasattr(new, name)}
    if msgspec.structs.replace(new, **names) == msgspec.structs.replace(known.first, **names):
        return Decision("duplicate", marks=told)
    return _contradiction(
        told,
        "",
        "erased",
        "This record was erased and is not taken in again with other content.",
        "Send what is another record under a key of its own.",
    )


def _meet_purchase(
    draft: Draft, record: PurchaseRecord, known: Known, key: DataKey, told: tuple[Mark, ...]
) -> Decision:
    opening = draft.opening
    assert isinstance(opening, purchase.Registered)
    # By its normal form a source that sends a corrected entry again, whole, is recognised.
    normal = purchase.normal(record, opening.acquired)
    if key.fingerprint(content(normal)) in known.state.fingerprints:
        return Decision("duplicate", marks=told)
    return _contradiction(
        told,
        "/key",
        "conflict",
        f"Purchase {record.key!r} is registered with other content.",
        "Send a purchase_correction, or a key of its own for another purchase.",
    )


def _amended(
    stream: UUID,
    record: Record,
    known: Known,
    key: DataKey,
    fingerprint: bytes,
    circumstances: Circumstances,
) -> Event:
    if isinstance(record, DealerRecord):
        sealed = seal(key, dealer.private_part(record))
        data = dealer.changed(record, fingerprint=fingerprint, sealed=sealed)
        return dealer_event(stream, data, circumstances.actor)
    assert isinstance(record, StolenItemRecord)
    report = stolen_item.changed(
        known.state.report,
        record,
        stolen_item.check(record, today=circumstances.now.date()),
        fingerprint=fingerprint,
        sealed=seal(key, stolen_item.private_part(record)),
    )
    return stolen_event(stream, report, circumstances.actor)


# A record about a purchase


def follow_up(
    item: FollowUp, record: PurchaseFollowUp, known: Known | None, circumstances: Circumstances
) -> Decision:
    """A correction, a sale or the end of a pawn."""
    place = "/corrects" if isinstance(record, PurchaseCorrection) else "/purchase"
    if known is None:
        return _refused(
            place,
            "unknown_purchase",
            f"Source {record.source!r} has no purchase {item.purchase_key!r} here.",
            "Send the purchase first; a key is looked for within its own source.",
        )
    if known.key is None:
        return _refused(
            place,
            "erased",
            f"Purchase {item.purchase_key!r} was erased; nothing is added to it.",
            "Leave it out.",
        )
    fingerprint = known.key.fingerprint(content(record))
    before = known.state.follow_ups.get(record.key)
    if before == fingerprint:
        return Decision("duplicate")
    if before is not None:
        return _contradiction(
            (),
            "/key",
            "conflict",
            f"Another follow-up of this purchase has the key {record.key!r}.",
            "Send it under a key of its own.",
        )
    try:
        if isinstance(record, PurchaseCorrection):
            return _corrected(item.id, record, known, known.key, fingerprint, circumstances)
        return _ended(item.id, record, known, known.key, fingerprint, circumstances)
    except RecordRefused as refused:
        return Decision("rejected", errors=tuple(refused.problems))


def _corrected(
    stream: UUID,
    record: PurchaseCorrection,
    known: Known,
    key: DataKey,
    fingerprint: bytes,
    circumstances: Circumstances,
) -> Decision:
    was = known.state.content
    before = purchase.to_record(was, _open_private(key, was), known.seller if was.seller else None)
    after = purchase.patched(before, record)
    acquired = purchase.check(after, today=circumstances.now.date(), under="/changes")
    after = purchase.normal(after, acquired)
    changed = purchase.changed_fields(before, after)
    if not changed:
        return _refused(
            "/changes",
            "nothing_changes",
            "The correction changes nothing.",
            "Leave it out, or send the values as they should be.",
        )
    custody = register_custody(was.dealer_source, was.dealer_key, was.source)
    data = purchase.corrected(
        after,
        acquired,
        marks=marks(after, acquired, circumstances._replace(now=known.began)),
        fingerprint=key.fingerprint(content(after)),
        sealed=seal(key, purchase.private_part(after)),
        correction=purchase.Correction(
            changed=changed,
            fingerprint=fingerprint,
            key=record.key,
            reason=key.seal(record.reason.encode()),
        ),
    )
    said: list[tuple[UUID, EventData]] = [(stream, data)]
    if (shown := _seller_changed(stream, before, after, known, key)) is not None:
        said.insert(0, (ids.presentation_id(stream), shown))
    events = [
        Event(place, what, envelope(circumstances.actor, custody, acquired, what.VERSION))
        for place, what in said
    ]
    return Decision("accepted", tuple(events), marks=data.marks)


def _seller_changed(
    stream: UUID, before: PurchaseRecord, after: PurchaseRecord, known: Known, key: DataKey
) -> EventData | None:
    """What a correction says of the presented identity; None where it says nothing."""
    if after.seller == before.seller:
        return None
    if after.seller is None:
        return identity.IdentityWithdrawn(
            purchase=stream.hex, source=after.source, source_key=after.key
        )
    kind = identity.IdentityCorrected if known.seller else identity.Presented
    return presentation(kind, after, stream, key)


def _ended(
    stream: UUID,
    record: PurchaseSold | PawnEndedRecord,
    known: Known,
    key: DataKey,
    fingerprint: bytes,
    circumstances: Circumstances,
) -> Decision:
    data = purchase.ended(
        record,
        known.state,
        fingerprint=fingerprint,
        buyer=seal(key, record.buyer) if isinstance(record, PurchaseSold) else None,
    )
    occurred = data.sold if isinstance(data, purchase.LineSold) else data.ended
    bought = known.state.content
    custody = register_custody(bought.dealer_source, bought.dealer_key, bought.source)
    event = Event(stream, data, envelope(circumstances.actor, custody, occurred, data.VERSION))
    return Decision("accepted", (event,))


def _open_private(key: DataKey, was: purchase.Content) -> purchase.PrivatePart | None:
    return None if was.sealed is None else _decode_private_part(key.open(was.sealed))


def _refused(field: str, code: str, message: str, cure: str) -> Decision:
    return Decision("rejected", errors=(Problem(field, code, message, cure),))


def _contradiction(
    told: tuple[Mark, ...], field: str, code: str, message: str, cure: str
) -> Decision:
    return Decision("conflict", errors=(Problem(field, code, message, cure),), marks=told)
