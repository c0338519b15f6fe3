"""Reads of a journal that is rehearsed: so that a review can be practised and judged.

They stand in the journal under topics of their own, which nobody can take for a real read.
"""

from typing import Literal

from herkomst.domain.casework.personnel import Named, ReadKind, ReadRecord, named
from herkomst.domain.events import EventData, event


@event
class Rehearsed(EventData, frozen=True, kw_only=True):
    """Somebody read something, in a rehearsal."""

    TOPIC = "journal.rehearsed"

    at: str
    break_glass: bool = False
    device: str
    key: str
    kind: ReadKind
    officer: Named
    purchase: Named | None = None
    purpose: str
    reason: bytes | None = None
    """Sealed with the data key of the read."""
    reason_print: bytes | None = None
    """Keyed fingerprint of the reason, so that a repeat is told from another read."""
    source: str
    stolen: Named | None = None


def rehearsed(
    record: ReadRecord, *, reason: bytes | None = None, reason_print: bytes | None = None
) -> Rehearsed:
    return Rehearsed(
        at=record.at,
        break_glass=record.break_glass is True,
        device=record.device,
        key=record.key,
        kind=record.kind,
        officer=named(record.officer),
        purchase=None if record.purchase is None else named(record.purchase),
        purpose=record.purpose,
        reason=reason,
        reason_print=reason_print,
        source=record.source,
        stolen=None if record.stolen is None else named(record.stolen),
    )


@event
class RehearsalTold(EventData, frozen=True, kw_only=True):
    """A file of the rehearsal was taken in to its end, so that what it tells can be reviewed."""

    TOPIC = "journal.rehearsal_told"

    kind: Literal["staff", "reads"]
    source: str
