"""Muting numbers over the API: who must not, what a rejection offers, and what a mute tells."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from herkomst.domain import ids
from herkomst.domain.journal import Attempted, Concluded
from herkomst.record.archive import Archive
from tests.access.test_reading import revoke
from tests.archives import POLICE, TILL, a_dealer, a_stolen_item
from tests.projections.following import rows
from tests.serving import OFFICER, Served, follow, journal, pair, serving, take_in

CODES = ("open", "confidential", "closed")
REJECT = """mutation ($i: ID!, $r: Rejection!) { rejectHit(id: $i, reason: $r) {
    ... on HitDecided { state mayBeMuted { id kind number } } } }"""
MUTE = """mutation ($h: ID!, $n: ID!, $u: DateTime!, $w: String!, $b: String) {
    muteNumber(hit: $h, number: $n, until: $u, why: $w, brand: $b) { __typename
        ... on MuteDone { id position } ... on MuteRefused { code }
        ... on UnknownHit { code } } }"""
LIFT = """mutation ($i: ID!, $w: String!) { unmuteNumber(id: $i, why: $w) { __typename
    ... on MuteDone { id } ... on MuteRefused { code } } }"""
LIST = "mutedNumbers(first: 10)"
FIELDS = "id kind number brand state mutedBy why endedBy endedWhy withheld"
WHY = "Dit is het modelnummer en geen serienummer."


@pytest.fixture
def served(archive: Archive, tmp_path: Path) -> Iterator[Served]:
    take_in(archive, a_dealer(), *(r for n, code in enumerate(CODES, 1) for r in pair(n, code)))
    follow(archive)
    with serving(archive, tmp_path) as served:
        yield served


def hit(n: int) -> str:
    purchase = ids.purchase_id(TILL, f"purchase-{n}")
    return str(ids.pair_id(purchase, 1, ids.stolen_item_id(POLICE, f"stolen-{n}")))


def number(served: Served, n: int) -> str:
    """The id of the number of a pair, which only who sees its hit is given."""
    purchase = ids.purchase_id(TILL, f"purchase-{n}")
    (key,) = {r["key"] for r in rows(served.archive, "match_keys") if r["item"] == purchase}
    return str(ids.number_id(key))


def mute(served: Served, n: int = 1, of: str | None = None, **said: Any) -> Any:
    who = {name: said.pop(name) for name in ("role", "ground") if name in said}
    until = (datetime.now(UTC) + timedelta(days=30)).isoformat()
    values = {"h": hit(n), "n": of or number(served, n), "u": until, "w": WHY, **said}
    told = served.told(MUTE, values, **who)["muteNumber"]
    follow(served.archive)
    return told


def listed(served: Served, **who: str) -> list[Any]:
    return served.nodes(LIST, FIELDS, **who)


def another(served: Served, n: int, key: str, handling: Any = "open") -> None:
    """A report of the same good."""
    _, known = pair(n)
    item = a_stolen_item(key=key, handling=handling, item=known.item)  # type: ignore[union-attr]
    take_in(served.archive, item)
    follow(served.archive)


class TestWhoMustNot:
    @pytest.mark.parametrize(
        ("role", "ground"), [("prosecutor", "wjsg:39b"), ("boa_1", "sr:437"), ("auditor", "wpg:8")]
    )
    def test_who_decides_on_no_hit(self, served: Served, role: str, ground: str) -> None:
        assert mute(served, role=role, ground=ground)["__typename"] == "NotPermitted"
        assert listed(served) == []

    def test_who_does_not_see_a_side(self, served: Served) -> None:
        assert mute(served, 2)["__typename"] == "NotPermitted"

    def test_who_does_not_know_of_the_hit(self, served: Served) -> None:
        nothing = mute(served, 1, h="00000000-0000-0000-0000-000000000000")
        assert mute(served, 3) == nothing == {"__typename": "UnknownHit", "code": "unknown_hit"}

    def test_by_a_hit_that_rests_on_another_number(self, served: Served) -> None:
        assert mute(served, 1, of=number(served, 3))["code"] == "number"

    def test_without_a_reason_that_says_something(self, served: Served) -> None:
        assert mute(served, w="urgent")["code"] == "reason_short"
        assert mute(served, b="onbekend")["code"] == "brand"

    def test_what_is_withheld_is_told_without_its_number(self, served: Served) -> None:
        assert mute(served, 2, role=OFFICER)["__typename"] == "MuteDone"

        (mine,), (theirs,) = listed(served, role=OFFICER), listed(served)

        assert mine["number"] is not None
        assert (theirs["number"], theirs["kind"], theirs["why"]) == (None, None, None)

    def test_what_is_closed_is_told_by_nothing(self, served: Served) -> None:
        assert mute(served, 1)["__typename"] == "MuteDone"
        before = listed(served)

        another(served, 1, "hidden", "closed")

        assert listed(served) == before
        assert before[0]["withheld"] == 0


class TestMuting:
    def test_a_rejected_placeholder_offers_what_it_rests_on(self, served: Served) -> None:
        told = served.told(REJECT, {"i": hit(1), "r": "placeholder"})["rejectHit"]

        (offered,) = told["mayBeMuted"]
        assert offered["id"] == number(served, 1)
        assert offered["kind"] == "number"
        assert mute(served, of=offered["id"])["__typename"] == "MuteDone"

    def test_another_rejection_offers_nothing(self, served: Served) -> None:
        told = served.told(REJECT, {"i": hit(1), "r": "other_good"})["rejectHit"]

        assert told == {"state": "rejected", "mayBeMuted": []}

    def test_a_mute_tells_whose_it_is_and_what_it_withheld(self, served: Served) -> None:
        done = mute(served, b="Gazelle")
        another(served, 1, "later")

        (told,) = listed(served)

        assert told["id"] == done["id"]
        assert (told["state"], told["brand"], told["withheld"]) == ("running", "gazelle", 1)
        assert (told["mutedBy"], told["why"]) == ("dev:district_detective@amsterdam", WHY)
        later = ids.stolen_item_id(POLICE, "later")
        unfound = ids.pair_id(ids.purchase_id(TILL, "purchase-1"), 1, later)
        assert str(unfound) not in [node["id"] for node in served.nodes("hits(first: 10)")]

    def test_a_mute_is_lifted_once(self, served: Served) -> None:
        done = mute(served)
        values = {"i": done["id"], "w": "Het is toch een serienummer."}

        first = served.told(LIFT, values)["unmuteNumber"]
        follow(served.archive)

        assert first == {"__typename": "MuteDone", "id": done["id"]}
        assert served.told(LIFT, values)["unmuteNumber"]["code"] == "ended"
        (told,) = listed(served)
        assert (told["state"], told["endedWhy"]) == ("lifted", values["w"])
        assert told["endedBy"] == "dev:district_detective@amsterdam"
        assert served.nodes("mutedNumbers(first: 10, running: true)") == []

    def test_it_is_journaled_before_and_after(self, served: Served) -> None:
        before = len(journal(served.archive))

        done = mute(served)

        told = journal(served.archive)[before:]
        assert [type(each) for each in told[:2]] == [Attempted, Concluded]
        assert told[1] == Concluded(outcome="done", positions=(f"casework={done['position']}",))

    def test_nobody_mutes_where_the_journal_cannot_be_written(self, served: Served) -> None:
        of = number(served, 1)
        revoke(served.archive)
        until = (datetime.now(UTC) + timedelta(days=30)).isoformat()

        answer = served.ask(MUTE, {"h": hit(1), "n": of, "u": until, "w": WHY})

        assert (answer.status_code, answer.json()["code"]) == (503, "journal_unavailable")

    def test_nothing_is_lifted_that_is_no_mute(self, served: Served) -> None:
        for identity in ("x", str(UUID(int=0))):
            told = served.told(LIFT, {"i": identity, "w": WHY})["unmuteNumber"]
            assert told == {"__typename": "MuteRefused", "code": "unknown"}
