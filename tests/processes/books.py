"""The register by hand: what is told of each record that is sent, from the records alone.

Dictionaries of wordings and of numbers; nothing of how the product stores, seals or compares.
"""

from collections import Counter
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from herkomst.domain.register.records import (
    PurchaseCorrection,
    PurchaseLine,
    PurchaseRecord,
    Record,
    StolenItemRecord,
)

_SEALED = ("plate", "engraving")
_wording = msgspec.json.Encoder(order="deterministic").encode


class Told(NamedTuple):
    """What a receipt says."""

    status: str
    register_number: int | None = None


class _Entry(NamedTuple):
    first: PurchaseRecord
    number: int
    wordings: set[bytes]
    follow_ups: dict[str, bytes]


class Books:
    """Purchases with their register numbers, and reports, as they are now."""

    def __init__(self) -> None:
        self.purchases: dict[str, PurchaseRecord] = {}
        self.stolen: dict[str, StolenItemRecord] = {}
        self.erased: set[str] = set()
        self._entries: dict[str, _Entry] = {}
        self._reported: dict[str, set[bytes]] = {}
        self._numbers: Counter[str | None] = Counter()

    def take(self, record: Record) -> Told:
        """Take a record in; what its receipt must say."""
        if isinstance(record, PurchaseRecord):
            return self._enter(record)
        if isinstance(record, StolenItemRecord):
            return self._report(record)
        assert isinstance(record, PurchaseCorrection)
        return self._correct(record)

    def last_numbers(self) -> dict[str | None, int]:
        """How many purchases stand in the book of each branch: its last number."""
        return dict(self._numbers)

    def _enter(self, record: PurchaseRecord) -> Told:
        entry = self._entries.get(record.key)
        if entry is None:
            self._numbers[record.branch] += 1
            number = self._numbers[record.branch]
            self._entries[record.key] = _Entry(record, number, {_wording(record)}, {})
            self.purchases[record.key] = record
            return Told("accepted", number)
        same = (
            _unsealed(record) == _unsealed(entry.first)
            if record.key in self.erased
            else _wording(record) in entry.wordings
        )
        return Told("duplicate" if same else "conflict", entry.number)

    def _report(self, record: StolenItemRecord) -> Told:
        before = self._reported.setdefault(record.key, set())
        if _wording(record) in before:
            return Told("duplicate")
        status = "amended" if before else "accepted"
        before.add(_wording(record))
        self.stolen[record.key] = record
        return Told(status)

    def _correct(self, record: PurchaseCorrection) -> Told:
        entry = self._entries.get(record.corrects)
        if entry is None:
            return Told("rejected")
        if record.corrects in self.erased:
            return Told("rejected", entry.number)
        if record.key in entry.follow_ups:
            same = entry.follow_ups[record.key] == _wording(record)
            return Told("duplicate" if same else "conflict", entry.number)
        items = msgspec.convert(record.changes["items"], list[PurchaseLine])
        corrected = replace(self.purchases[record.corrects], items=items)
        if corrected == self.purchases[record.corrects]:
            return Told("rejected", entry.number)
        entry.follow_ups[record.key] = _wording(record)
        entry.wordings.add(_wording(corrected))
        self.purchases[record.corrects] = corrected
        return Told("accepted", entry.number)


def _unsealed(record: PurchaseRecord) -> PurchaseRecord:
    """What is left of a purchase to compare with, once it was erased."""
    items = [
        replace(
            item,
            description=None,
            terms=None,
            identifiers=[
                replace(i, value="") if i.type in _SEALED else i
                for i in sorted(item.identifiers, key=lambda i: i.type in _SEALED)
            ],
        )
        for item in record.items
    ]
    return replace(record, items=items, seller=record.seller and None, reason=None)
