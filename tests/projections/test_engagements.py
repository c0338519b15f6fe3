"""Circumstances: who was engaged in what and since when that was known, told or worked in."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from herkomst.domain import ids
from herkomst.domain.casework.case import Case
from herkomst.domain.events import EventData
from herkomst.record.archive import Archive
from herkomst.record.casework import CaseOpened, Opening, Seal
from tests.archives import TILL
from tests.projections.following import digests, follow, rebuilt, rows
from tests.staffing import (
    a_case,
    a_duty,
    a_member,
    a_read,
    a_subject,
    a_task,
    bought,
    really_read,
    rehearse,
    tell,
    who,
)

OPENING = Opening(title="Rijwiel", lead="lead", unit="amsterdam", article="wpg:9")
Act = Callable[[Case, Seal], EventData]


def now() -> datetime:
    return datetime.now(UTC)


def act(archive: Archive, case: CaseOpened, does: Act) -> None:
    archive.casework.in_case(case.id, does, actor="user:lead")


def terms(archive: Archive) -> dict[str, list[dict[str, Any]]]:
    follow(archive)
    found: dict[str, list[dict[str, Any]]] = {}
    for row in sorted(rows(archive, "engagements"), key=lambda row: row["since"]):
        found.setdefault(row["officer"], []).append(row)
    return found


@pytest.fixture
def case(archive: Archive) -> CaseOpened:
    return archive.casework.open_case(OPENING, actor="user:lead")


class TestTheFeed:
    def test_tells_members_until_they_leave_or_the_case_is_closed(self, archive: Archive) -> None:
        tell(archive, a_case(closed="2026-04-01T00:00:00+02:00",
                             members=[a_member(to="2026-03-20"), a_member("O-2")]))  # fmt: skip

        found = terms(archive)

        assert found["personeel:O-1"][0]["until"].isoformat() == "2026-03-20T23:00:00+00:00"
        assert found["personeel:O-2"][0]["until"].isoformat() == "2026-03-31T22:00:00+00:00"

    def test_that_amends_keeps_what_was_told_and_until_when(self, archive: Archive) -> None:
        tell(archive, a_case())
        tell(archive, a_case(members=[a_member("O-2")], subjects=[a_subject("purchase-2")]))

        found = terms(archive)

        (was,), (is_now,) = found["personeel:O-1"], found["personeel:O-2"]
        assert (was["version"], is_now["version"]) == (1, 2)
        assert was["told_to"] == is_now["told_from"]
        assert is_now["told_to"] is None
        about = {row["name"]: row["told_to"] for row in rows(archive, "concerns")}
        assert about == {"purchase-1": was["told_to"], "purchase-2": None}

    def test_tells_whom_a_duty_covers_and_what_it_is_about(self, archive: Archive) -> None:
        tell(archive, a_duty("D-7", kind="cover", covers=who("O-2"), about=[bought()]), a_task())

        follow(archive)

        covers = {row["kind"]: row["covers"] for row in rows(archive, "engagements")}
        assert covers == {"cover": "personeel:O-2", "task": None}
        item = ids.purchase_id(TILL, "purchase-1")
        assert [row["item"] for row in rows(archive, "concerns")] == [item, item]


class TestACaseOfTheProduct:
    def test_is_worked_in_from_joining_to_leaving(self, archive: Archive, case: CaseOpened) -> None:
        act(archive, case, lambda c, _: c.join("m", "investigator", now() + _S, None, now()))
        assert terms(archive)["m"][0]["until"] is None

        act(archive, case, lambda c, _: c.leave("m", now()))

        (term,) = terms(archive)["m"]
        assert term["until"] is not None
        assert (term["name"], term["kind"]) == (case.number, "case")

    def test_that_is_handed_over_has_another_lead(self, archive: Archive, case: CaseOpened) -> None:
        act(archive, case, lambda c, seal: c.hand_over("utrecht", "next", seal("y"), now() + _S))

        found = terms(archive)

        assert found["lead"][0]["until"] == found["next"][0]["since"]
        assert (found["next"][0]["unit"], found["next"][0]["until"]) == ("utrecht", None)

    def test_that_is_closed_engages_nobody_until_it_is_reopened(
        self, archive: Archive, case: CaseOpened
    ) -> None:
        soon = now() + timedelta(days=30)
        act(archive, case, lambda c, _: c.join("m", "reader", now() + _S, soon, now()))
        act(archive, case, lambda c, seal: c.propose_closing("lead", seal("y")))
        act(archive, case, lambda c, _: c.close("other"))
        closed = terms(archive)
        assert closed["lead"][0]["until"] is not None
        assert closed["m"][0]["until"] < soon

        act(archive, case, lambda c, seal: c.reopen(seal("y")))

        found = terms(archive)
        assert [len(found[name]) for name in ("lead", "m")] == [2, 2]
        assert found["lead"][1]["until"] is None
        assert found["m"][1]["until"] == soon.replace(microsecond=soon.microsecond // 1000 * 1000)
        assert found["m"][1]["since"] > found["m"][0]["until"]

    def test_is_about_its_items_while_they_are_in_it(
        self, archive: Archive, case: CaseOpened
    ) -> None:
        purchase = ids.purchase_id(TILL, "purchase-1")
        shown = ids.presentation_id(purchase)
        act(archive, case, lambda c, _: c.add("purchase", purchase.hex, None))
        act(archive, case, lambda c, seal: c.name(shown.hex, "witness", "wpg:9", seal("y")))
        act(archive, case, lambda c, seal: c.name(shown.hex, "suspect", "wpg:9", seal("y")))
        act(archive, case, lambda c, seal: c.remove(purchase.hex, seal("y")))

        follow(archive)

        found = {(row["category"], row["until"] is None) for row in rows(archive, "concerns")}
        assert found == {("item", False), ("witness", False), ("suspect", True)}


def test_given_all_of_it_when_rebuilt_then_nothing_differs(
    archive: Archive, case: CaseOpened
) -> None:
    tell(archive, a_case(), a_duty(about=[bought()]), a_task())
    tell(archive, a_case(members=[a_member("O-2")]), a_duty(about=[]))
    act(archive, case, lambda c, _: c.join("m", "reader", now() + _S, None, now()))
    act(archive, case, lambda c, seal: c.propose_closing("lead", seal("y")))
    act(archive, case, lambda c, _: c.close("other"))
    act(archive, case, lambda c, seal: c.reopen(seal("y")))
    follow(archive)
    before = digests(archive, ["engagements", "concerns"])
    assert before["engagements"][0] == 9

    rebuilt(archive, ["engagements", "concerns"])

    assert digests(archive, ["engagements", "concerns"]) == before


def test_given_a_real_read_when_digested_then_it_leaves_no_trace_and_a_rehearsed_one_does(
    archive: Archive,
) -> None:
    rehearse(archive, a_read())
    follow(archive)
    before = digests(archive, ["reads"])
    assert before["reads"][0] == 1

    really_read(archive, "dev:x", "duty:front_desk")
    follow(archive)

    assert len(rows(archive, "reads")) == 2
    assert digests(archive, ["reads"]) == before


_S = timedelta(milliseconds=50)
