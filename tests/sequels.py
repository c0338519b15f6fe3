"""What follows a hit, done in a test without a policy."""

from datetime import UTC, datetime
from functools import partial
from uuid import UUID

from herkomst.domain.casework.sequel import Authority, Decision, Sequel
from herkomst.domain.events import EventData
from herkomst.record import sequels
from herkomst.record.archive import Archive
from herkomst.record.casework import Seal


def follow_up(archive: Archive, hit: UUID) -> None:
    """Its signal is confirmed, and the good is ordered to be kept and seized."""
    for name in ("answer", "order", "seize"):
        sequels.begin(archive.casework, hit, partial(_followed, hit.hex, name), "user:x", "wpg:8")


def _followed(hit: str, name: str, state: Sequel, seal: Seal) -> list[EventData]:
    now = datetime.now(UTC)
    who = Authority(
        by="x", policy="p", purpose="duty:front_desk", role="hic_team", unit="amsterdam"
    )
    by = Decision(authority=who, now=now, why=seal("Gezien."))
    if name == "answer":
        return [state.answer(hit, "Amsterdam", "stands", by)]
    if name == "order":
        return [state.order(hit, "x", now, None, by)]
    return [state.seize(hit, "x", now, "KVI-1", None, by)]
