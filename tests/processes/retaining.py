"""Runs of the clocks, and cases that keep what is in them."""

from datetime import date
from functools import partial
from uuid import UUID

from herkomst.domain.casework.case import Case, ItemKind
from herkomst.domain.events import EventData
from herkomst.processes import retention
from herkomst.processes.keeping import Change
from herkomst.record.archive import Archive
from herkomst.record.casework import Opening, Seal, Standpoint
from tests.projections.following import follow

DUE, LATER = date(2030, 3, 2), date(2040, 1, 1)
"""The purchases are of 2 March 2026, and the register keeps them four years."""
OFFICER = Standpoint("user:dev:privacy_officer@politie", "wpg:14", "politie")
LEAD = "user:dev:team_leader@amsterdam"


def run(archive: Archive, on: date = DUE) -> list[retention.Done]:
    """A run on a day, and everything that follows it."""
    done = list(retention.carry_out(archive, on, lambda: None))
    follow(archive)
    return done


def told(archive: Archive, on: date = DUE) -> dict[UUID, Change]:
    """What a dry run tells, by record."""
    return {change.kept.id: change for change in retention.preview(archive, on)}


def open_case(archive: Archive, article: str, *items: UUID, kind: ItemKind = "purchase") -> UUID:
    opening = Opening("Fietsen", LEAD, "amsterdam", article)
    case = archive.casework.open_case(opening, actor=LEAD).id
    for item in items:
        archive.casework.in_case(case, partial(_add, kind, item), actor=LEAD)
    follow(archive)
    return case


def _add(kind: ItemKind, item: UUID, case: Case, seal: Seal) -> EventData:
    return case.add(kind, item.hex, seal("Gezien."))


def close(archive: Archive, case: UUID) -> None:
    propose = lambda state, seal: state.propose_closing("a", seal("Klaar."))  # noqa: E731
    archive.casework.in_case(case, propose, actor="user:a")
    archive.casework.in_case(case, lambda state, _: state.close("b"), actor="user:b")
    follow(archive)
