"""Cases, what is in them, and what was written in them."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from herkomst.domain.casework.case import Case
from herkomst.domain.events import EventData
from herkomst.record.archive import Archive
from herkomst.record.casework import Opening, Seal
from tests.projections.following import digests, follow, rebuilt, rows

OPENING = Opening(title="Onderzoek", lead="teamleider", unit="amsterdam", article="wpg:9")
NAMES = ("cases", "case_items", "case_entries")
ITEM, SUBJECT = UUID(int=1), UUID(int=2)


class CaseAtWork:
    """A case in which things are done."""

    def __init__(self, archive: Archive) -> None:
        self.archive = archive
        self.opened = archive.casework.open_case(OPENING, actor="user:teamleider")

    def __call__(self, act: Callable[[Case, Seal], EventData], by: str = "teamleider") -> None:
        self.archive.casework.in_case(self.opened.id, act, actor=f"user:{by}")

    def row(self) -> dict[str, Any]:
        follow(self.archive)
        (row,) = rows(self.archive, "cases")
        return row


@pytest.fixture
def case(archive: Archive) -> CaseAtWork:
    return CaseAtWork(archive)


def test_given_a_case_then_its_row_tells_how_it_stands(case: CaseAtWork) -> None:
    row = case.row()

    assert row["number"] == case.opened.number
    assert (row["unit"], row["regime"], row["state"]) == ("amsterdam", "wpg:9", "open")
    assert row["lead"] == "teamleider"
    assert [term["part"] for term in row["members"]["teamleider"]] == ["lead"]


def test_given_members_and_a_hand_over_then_each_term_is_told(case: CaseAtWork) -> None:
    now = datetime.now(UTC)
    case(lambda s, _: s.join("rechercheur", "investigator", now, None, now))
    case(lambda s, seal: s.hand_over("utrecht", "rechercheur", seal("ruil"), datetime.now(UTC)))

    row = case.row()

    assert (row["unit"], row["lead"]) == ("utrecht", "rechercheur")
    assert [term["part"] for term in row["members"]["rechercheur"]] == ["investigator", "lead"]
    assert row["members"]["teamleider"][0]["until"] is not None


def test_given_a_case_that_is_closed_and_reopened_then_its_row_follows(case: CaseAtWork) -> None:
    case(lambda s, seal: s.propose_closing("teamleider", seal("klaar")))
    assert case.row()["state"] == "closing"
    case(lambda s, _: s.close("chef"), by="chef")
    row = case.row()
    assert row["state"] == "closed"
    assert row["closed_at"] is not None

    case(lambda s, seal: s.reopen(seal("nieuw spoor")))

    row = case.row()
    assert (row["state"], row["closed_at"]) == ("open", None)


def test_given_items_and_subjects_then_those_that_are_in_it_are_told(
    case: CaseAtWork, archive: Archive
) -> None:
    case(lambda s, _: s.add("purchase", ITEM.hex, None))
    case(lambda s, seal: s.name(SUBJECT.hex, "witness", "wpg:9", seal("zag het")))
    case(lambda s, seal: s.name(SUBJECT.hex, "suspect", "wpg:9", seal("deed het")))
    follow(archive)
    told = {(row["item"], row["kind"], row["category"]) for row in rows(archive, "case_items")}
    assert told == {(ITEM, "purchase", None), (SUBJECT, "presentation", "suspect")}

    case(lambda s, seal: s.remove(ITEM.hex, seal("vergissing")))
    case(lambda s, seal: s.drop(SUBJECT.hex, seal("vergissing")))
    follow(archive)

    assert rows(archive, "case_items") == []


def test_given_tasks_and_notes_then_they_are_told_in_their_state(
    case: CaseAtWork, archive: Archive
) -> None:
    now = datetime.now(UTC)
    case(lambda s, seal: s.give("teamleider", seal("Bel de winkel."), "2026-12-01", now))
    case(lambda s, seal: s.note("opinion", seal("Het lijkt op een reeks."), None))
    case(lambda s, seal: s.end_task("1", "done", seal("Gebeld.")))
    follow(archive)

    told = {row["kind"]: row for row in rows(archive, "case_entries")}
    assert (told["task"]["state"], str(told["task"]["due"])) == ("done", "2026-12-01")
    assert told["opinion"]["written_by"] == "user:teamleider"


def test_given_all_of_it_when_rebuilt_then_the_digests_are_the_same(
    case: CaseAtWork, archive: Archive
) -> None:
    now = datetime.now(UTC)
    case(lambda s, _: s.join("rechercheur", "investigator", now, None, now))
    case(lambda s, _: s.add("purchase", ITEM.hex, None))
    case(lambda s, seal: s.note("fact", seal("Zeven."), ITEM.hex), by="rechercheur")
    case(lambda s, seal: s.give("rechercheur", seal("Bel."), None, datetime.now(UTC)))
    CaseAtWork(archive)
    follow(archive, batch=2)
    before = digests(archive, NAMES)
    assert [before[name][0] for name in NAMES] == [2, 1, 2]

    rebuilt(archive, NAMES)

    assert digests(archive, NAMES) == before
