"""The feed of personnel and cases, and reads that are rehearsed, taken in record by record.

A staff record is a stream in casework: what was told before is a duplicate, other content amends.
A read is a stream in the journal: it happened, so other content under its key is a conflict. A
batch is one transaction, decided on under the lock of the writers.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Literal, NamedTuple
from uuid import UUID

import msgspec
from psycopg import Cursor

from herkomst.domain import controllers, ids
from herkomst.domain.calendar import Occurred
from herkomst.domain.casework import personnel
from herkomst.domain.casework.personnel import (
    CaseRecord,
    OfficerForgotten,
    OfficerRecord,
    OfficerTold,
    ReadRecord,
    StaffRecord,
)
from herkomst.domain.casework.rehearsal import RehearsalTold, Rehearsed, rehearsed
from herkomst.domain.events import Event, EventData, Recorded
from herkomst.domain.journal import Read
from herkomst.domain.problems import Problem, RecordRefused
from herkomst.domain.register import checks
from herkomst.record.application import (
    Custody,
    Outcome,
    RecordApplication,
    envelope,
    pending,
    this_moment,
)
from herkomst.record.casework import Casework
from herkomst.record.database import Row
from herkomst.record.journal import Journal
from herkomst.record.receipts import Receipt, Status
from herkomst.record.recorder import Appended, Pending
from herkomst.record.vault import DataKey, KeyRow, Vault

Records = Sequence[tuple[int, StaffRecord | ReadRecord]]
GROUND = "wpg:32a"
"""The journal, and what it is held against, serve the control of reads and nothing else."""
_content = msgspec.json.Encoder(order="deterministic").encode
_REAL = (
    "SELECT EXISTS (SELECT FROM record.journal_events WHERE topic = %s AND notification_id > %s), "
    "(SELECT coalesce(max(notification_id), 0) FROM record.journal_events)"
)
_REHEARSED = (
    "SELECT EXISTS (SELECT FROM record.journal_events WHERE topic = %s), "
    "EXISTS (SELECT FROM record.journal_events WHERE topic = %s)"
)


class JournalInUse(Exception):
    """The journal holds real reads, so nothing is rehearsed in it."""

    code = "journal_in_use"

    def __init__(self) -> None:
        super().__init__(
            "The journal holds real reads already, so none are rehearsed in it. "
            "Import rehearsed reads into a database of their own, before anybody reads there."
        )


class _Known(NamedTuple):
    """What is told of a stream so far, inside this transaction."""

    told: tuple[EventData, ...]
    key: DataKey | None
    position: int | None = None


class _Checked(NamedTuple):
    """A record that may be taken in."""

    line: int
    record: StaffRecord | ReadRecord
    stream: UUID
    begins: Occurred


class _Decided(NamedTuple):
    status: Status
    data: EventData | None = None
    key: KeyRow | None = None
    errors: tuple[Problem, ...] = ()


Decide = Callable[[_Checked, _Known | None, Vault], tuple[_Decided, DataKey | None]]


def take_in_staff(
    casework: Casework, records: Records, *, actor: str, dry_run: bool = False
) -> list[Receipt]:
    """Take in (line, record) pairs of the feed as one transaction; a receipt for each, in order."""
    return _take_in(casework, records, _staff, _no_guard, actor=actor, dry_run=dry_run)


def forget(casework: Casework, officer: UUID) -> None:
    """Tell of an officer whose key was destroyed that what is hashed of him goes; once."""

    def append(cursor: Cursor[Row]) -> Outcome[None]:
        facts = casework.recorder.reader.streams(cursor.connection, [officer]).get(officer, [])
        if not facts or isinstance(facts[-1].data, OfficerForgotten):
            return Outcome(None)
        data, born = OfficerForgotten(), facts[0].envelope
        custody = Custody(born.controller, GROUND, born.regime, born.unit)
        told = envelope("process:erasure", custody, this_moment(), data.VERSION)
        entries = [pending(Event(officer, data, told))]
        return Outcome(None, entries, casework.recorder.append_locked(cursor, entries))

    casework.committing(append)


class Rehearsal:
    """Takes in rehearsed reads; it looks through what of the journal it has not seen yet."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._seen = 0

    def take_in(self, records: Records, *, actor: str, dry_run: bool = False) -> list[Receipt]:
        """The same for reads. Raises `JournalInUse`."""
        guard = self._refuse_real
        return _take_in(self._journal, records, _read, guard, actor=actor, dry_run=dry_run)

    def _refuse_real(self, cursor: Cursor[Row]) -> None:
        row = cursor.execute(_REAL, (Read.TOPIC, self._seen)).fetchone()
        assert row is not None
        if row[0]:
            raise JournalInUse
        self._seen = row[1]

    def conclude(self, kind: Literal["staff", "reads"], source: str) -> int | None:
        """Tell that a file was taken in to its end; the position, or None where nothing is
        rehearsed, or real reads are there already."""
        data = RehearsalTold(kind=kind, source=source)
        custody = Custody("politie", GROUND, GROUND, source)

        def append(cursor: Cursor[Row]) -> Outcome[int | None]:
            row = cursor.execute(_REHEARSED, (Rehearsed.TOPIC, Read.TOPIC)).fetchone()
            if row != (True, False):
                return Outcome(None)
            told = envelope(f"source:{source}", custody, this_moment(), data.VERSION)
            entries = [pending(Event(ids.rehearsal_id(), data, told))]
            appended = self._journal.recorder.append_locked(cursor, entries)
            return Outcome(appended.last, entries, appended)

        return self._journal.committing(append)


def _no_guard(_: Cursor[Row]) -> None:
    """The feed may come at any time."""


def _take_in(
    application: RecordApplication,
    records: Records,
    decide: Decide,
    guard: Callable[[Cursor[Row]], None],
    *,
    actor: str,
    dry_run: bool,
) -> list[Receipt]:
    items = [_checked(line, record) for line, record in records]
    append = partial(_append, application, items, decide, guard, actor)
    return application.committing(append, dry_run=dry_run)


def _checked(line: int, record: StaffRecord | ReadRecord) -> _Checked | Receipt:
    try:
        checks.refuse_nul(record, _content(record))
        begins = personnel.check(record)
    except RecordRefused as refused:
        errors = tuple(refused.problems)
        return Receipt(line=line, status="rejected", key=record.key, errors=errors)
    return _Checked(line, record, _stream(record), begins or this_moment())


def _stream(record: StaffRecord | ReadRecord) -> UUID:
    if isinstance(record, ReadRecord):
        return ids.read_id(record.source, record.key)
    return ids.staff_id(record.type, record.source, record.key)


def _append(
    application: RecordApplication,
    items: Sequence[_Checked | Receipt],
    decide: Decide,
    guard: Callable[[Cursor[Row]], None],
    actor: str,
    cursor: Cursor[Row],
) -> Outcome[list[Receipt]]:
    guard(cursor)
    checked = [item for item in items if isinstance(item, _Checked)]
    known = _known(application, cursor, checked)
    entries: list[Pending] = []
    keys: list[KeyRow] = []
    places: list[int | None] = []
    receipts: list[Receipt] = []
    for item in items:
        if isinstance(item, Receipt):
            receipts.append(item)
            places.append(None)
            continue
        before = known.get(item.stream)
        decided, key = decide(item, before, application.vault)
        if decided.data is not None:
            entries.append(_pending(item, decided.data, actor))
            told = (*before.told, decided.data) if before else (decided.data,)
            known[item.stream] = _Known(told, key)
        if decided.key is not None:
            keys.append(decided.key)
        places.append(None if decided.data is None else len(entries) - 1)
        receipts.append(_receipt(item, decided, before))
    appended = _appended(application, cursor, entries, keys)
    told_of = [_placed(r, p, appended) for r, p in zip(receipts, places, strict=True)]
    return Outcome(told_of, entries, appended)


def _known(
    application: RecordApplication, cursor: Cursor[Row], items: Sequence[_Checked]
) -> dict[UUID, _Known]:
    recorder = application.recorder
    begun = recorder.begun(cursor, [item.stream.bytes for item in items])
    if not begun:
        return {}
    histories: Mapping[UUID, Sequence[Recorded]] = recorder.reader.streams(
        cursor.connection, list(begun)
    )
    keys = application.vault.keys(cursor.connection, begun)
    return {
        stream: _Known(tuple(fact.data for fact in facts), keys.get(stream), facts[-1].position)
        for stream, facts in histories.items()
    }


def _appended(
    application: RecordApplication,
    cursor: Cursor[Row],
    entries: Sequence[Pending],
    keys: Sequence[KeyRow],
) -> Appended | None:
    if not entries:
        return None
    return application.recorder.append_locked(cursor, entries, keys)


def _receipt(item: _Checked, decided: _Decided, before: _Known | None) -> Receipt:
    return Receipt(
        line=item.line,
        status=decided.status,
        key=item.record.key,
        id=str(item.stream),
        position=before.position if before else None,
        errors=decided.errors,
    )


def _placed(receipt: Receipt, place: int | None, appended: Appended | None) -> Receipt:
    if place is None or appended is None:
        return receipt
    return msgspec.structs.replace(receipt, position=appended.first + place)


def _pending(item: _Checked, data: EventData, actor: str) -> Pending:
    custody = _custody(item.record)
    return pending(Event(item.stream, data, envelope(actor, custody, item.begins, data.VERSION)))


def _custody(record: StaffRecord | ReadRecord) -> Custody:
    """Who is employed is the employer's (AVG), and a case is police data under its article, of whom
    the unit belongs to; where nobody knows that, it says so (`controllers.UNLISTED`)."""
    if isinstance(record, ReadRecord):
        return Custody("politie", GROUND, GROUND, record.source)
    controller = controllers.of_unit(record.unit)
    if isinstance(record, CaseRecord):
        return Custody(controller, record.ground, record.ground, record.unit)
    return Custody(controller, GROUND, "avg", record.unit)


# What becomes of a record


def _staff(item: _Checked, before: _Known | None, vault: Vault) -> tuple[_Decided, DataKey | None]:
    record = item.record
    assert not isinstance(record, ReadRecord)
    if isinstance(record, OfficerRecord):
        return _officer(item.stream, record, before, vault)
    data = personnel.told(record)
    if before is None:
        return _Decided("accepted", data), None
    return (_Decided("duplicate") if data in before.told else _Decided("amended", data)), None


def _officer(
    stream: UUID, record: OfficerRecord, before: _Known | None, vault: Vault
) -> tuple[_Decided, DataKey | None]:
    if before is None:
        key, row = vault.new_key(stream)
        return _Decided("accepted", _officer_told(record, key), row), key
    if before.key is None:
        return _Decided("conflict", errors=(_ERASED,)), None
    data = _officer_told(record, before.key)
    known = {t.fingerprint for t in before.told if isinstance(t, OfficerTold)}
    if data.fingerprint in known:
        return _Decided("duplicate"), before.key
    return _Decided("amended", data), before.key


def _officer_told(record: OfficerRecord, key: DataKey) -> OfficerTold:
    return personnel.officer_told(
        record,
        fingerprint=key.fingerprint(_content(record)),
        sealed=key.seal(_content(personnel.private_part(record))),
    )


def _read(item: _Checked, before: _Known | None, vault: Vault) -> tuple[_Decided, DataKey | None]:
    record = item.record
    assert isinstance(record, ReadRecord)
    if before is not None:
        return _read_again(record, before), before.key
    if record.reason is None:
        return _Decided("accepted", rehearsed(record)), None
    key, row = vault.new_key(item.stream)
    reason = record.reason.encode()
    data = rehearsed(record, reason=key.seal(reason), reason_print=key.fingerprint(reason))
    return _Decided("accepted", data, row), key


def _read_again(record: ReadRecord, before: _Known) -> _Decided:
    (first,) = before.told
    assert isinstance(first, Rehearsed)
    reason = None
    if record.reason is not None and before.key is not None:
        reason = before.key.fingerprint(record.reason.encode())
    data = rehearsed(record, reason=first.reason, reason_print=reason)
    if data == first:
        return _Decided("duplicate")
    return _Decided("conflict", errors=(_CONTRADICTED,))


_ERASED = Problem(
    "",
    "erased",
    "This officer was erased and is not taken in again.",
    "Send who is another person under a key of their own.",
)
_CONTRADICTED = Problem(
    "/key",
    "conflict",
    "A read of this key was rehearsed with other content.",
    "A read happened once: send another one under a key of its own.",
)
