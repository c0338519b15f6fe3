"""Decisions on hits: who may, what is journaled, and what comes of it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from herkomst.domain.journal import Attempted, Concluded
from herkomst.record.archive import Archive
from tests.access.test_reading import revoke
from tests.archives import a_dealer, a_stolen_item
from tests.serving import OFFICER, Served, follow, journal, pair, serving, take_in

DECIDED = """{ __typename
    ... on HitDecided { id state position }
    ... on HitClosed { code message }
    ... on UnknownHit { code }
    ... on NotPermitted { code message } }"""


@pytest.fixture
def served(archive: Archive, tmp_path: Path) -> Iterator[Served]:
    """A hit that is open, one that is withheld, and one that is closed to a detective."""
    take_in(archive, a_dealer(), *pair(1), *pair(2, "confidential"), *pair(3, "closed"))
    with serving(archive, tmp_path) as served:
        yield served


def hit(served: Served, number: int) -> str:
    """The id of a hit, as the authorised officer knows it."""
    found = served.nodes("hits(first: 10)", "id purchase { key }", role=OFFICER)
    (wanted,) = (str(h["id"]) for h in found if h["purchase"]["key"] == f"purchase-{number}")
    return wanted


def decide(served: Served, which: str, identity: str, **who: str) -> Any:
    reason = ", reason: other_good" if which == "rejectHit" else ""
    query = f"mutation ($i: ID!) {{ {which}(id: $i{reason}) {DECIDED} }}"
    return served.told(query, {"i": identity}, **who)[which]


class TestWhoMayNotDecide:
    @pytest.mark.parametrize("which", ["assessHit", "confirmHit", "rejectHit"])
    @pytest.mark.parametrize(
        ("role", "ground"),
        [
            ("financial_investigator", "wpg:8"),
            ("prosecutor", "wjsg:39b"),
            ("boa_2", "sr:437"),
            ("auditor", "wpg:8"),
            ("source", "wpg:8"),
            ("district_detective", "wpg:13"),
        ],
    )
    def test_a_role_without_the_right(
        self, served: Served, which: str, role: str, ground: str
    ) -> None:
        identity = hit(served, 1)
        answer = decide(served, which, identity, role=role, ground=ground)

        assert answer["__typename"] == "NotPermitted"
        assert casework(served) == 3

    def test_who_does_not_see_a_side(self, served: Served) -> None:
        assert decide(served, "confirmHit", hit(served, 2))["__typename"] == "NotPermitted"
        assert casework(served) == 3

    def test_who_does_not_know_of_it(self, served: Served) -> None:
        closed = decide(served, "confirmHit", hit(served, 3))
        nothing = decide(served, "confirmHit", "00000000-0000-0000-0000-000000000000")

        assert closed == nothing == {"__typename": "UnknownHit", "code": "unknown_hit"}
        assert casework(served) == 3

    def test_anybody_where_the_journal_cannot_be_written(self, served: Served) -> None:
        identity = hit(served, 1)
        revoke(served.archive)
        query = f"mutation ($i: ID!) {{ confirmHit(id: $i) {DECIDED} }}"

        answer = served.ask(query, {"i": identity})

        assert (answer.status_code, answer.json()["code"]) == (503, "journal_unavailable")
        assert casework(served) == 3


class TestDeciding:
    @pytest.mark.parametrize(
        ("which", "state"),
        [("assessHit", "assessed"), ("confirmHit", "confirmed"), ("rejectHit", "rejected")],
    )
    def test_a_decision_is_recorded_and_read_back(
        self, served: Served, which: str, state: str
    ) -> None:
        identity = hit(served, 1)

        decided = decide(served, which, identity)

        assert decided == {
            "__typename": "HitDecided",
            "id": identity,
            "state": state,
            "position": 4,
        }
        follow(served.archive)
        (found,) = served.nodes(
            "hits(first: 1)", "id state decidedBy", herkomst_wait_for="casework=4"
        )
        assert found == {
            "id": identity,
            "state": state,
            "decidedBy": "user:dev:district_detective@amsterdam",
        }

    def test_it_is_journaled_before_and_after(self, served: Served) -> None:
        identity = hit(served, 1)
        before = len(journal(served.archive))

        decide(served, "confirmHit", identity)

        attempted, concluded, seen = journal(served.archive)[before:]
        assert isinstance(attempted, Attempted)
        assert concluded == Concluded(outcome="done", positions=("casework=4",))
        assert seen.returned == (f"hit:{identity}",)

    def test_what_was_withdrawn_is_closed_for_decisions(self, served: Served) -> None:
        identity = hit(served, 1)
        withdrawn = a_stolen_item(
            key="stolen-1",
            report="PL1300-2026000001",
            status="withdrawn",
            withdrawn_reason="mistaken",
            item=pair(1)[1].item,  # type: ignore[union-attr]
        )
        served.archive.register.take_in([(1, withdrawn)], actor="source:politie")
        follow(served.archive)

        answer = decide(served, "confirmHit", identity)

        assert answer["__typename"] == "HitClosed"
        assert journal(served.archive)[-2] == Concluded(outcome="hit_closed")

    def test_an_answer_says_where_the_decision_stands(self, served: Served) -> None:
        query = f"mutation ($i: ID!) {{ assessHit(id: $i) {DECIDED} }}"

        answer = served.ask(query, {"i": hit(served, 1)})

        assert answer.headers["herkomst-position"].endswith("casework=4")


def casework(served: Served) -> int | None:
    """Where casework ends."""
    return served.archive.casework.recorder.max_notification_id()
