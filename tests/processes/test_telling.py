"""Telling owners: who comes upon what is closed learns nothing, and its owner learns of him."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from msgspec.structs import replace

from herkomst.access.tokens import issue
from herkomst.domain import ids
from herkomst.domain.casework.case import Case
from herkomst.domain.casework.match import OwnerTold
from herkomst.domain.events import Event, EventData
from herkomst.domain.register.records import Identifier, Record
from herkomst.graphql import streams
from herkomst.processes.followers import followers
from herkomst.projections.runner import Runner
from herkomst.record.application import envelope, pending, this_moment
from herkomst.record.archive import Archive
from herkomst.record.casework import CUSTODY, CaseOpened, Opening, Seal
from herkomst.record.vault import destroy
from tests.archives import POLICE, TILL, a_dealer, a_stolen_good, a_stolen_item
from tests.graphql.events import pushed
from tests.projections.following import facts
from tests.serving import Served, follow, journal, pair, serving, take_in
from tests.staffing import really_read

LEADER = "dev:team_leader@amsterdam"
OWNER = {"role": "authorised_officer", "unit": POLICE}
SEEN = "id recordId how purchaseId officer role unit purpose at"
PURCHASE = ids.purchase_id(TILL, "purchase-1")
ITEM = ids.stolen_item_id(POLICE, "stolen-1")
UNSOLD = ids.stolen_item_id(POLICE, "stolen-3")


@pytest.fixture
def served(archive: Archive, tmp_path: Path) -> Iterator[Served]:
    """Two purchases: a closed report is of the good of the first, and an open one of the other."""
    take_in(archive, a_dealer(), *pair(1, "closed"), *pair(2))
    with serving(archive, tmp_path) as served:
        yield served


def asked(
    served: Served,
    query: str,
    role: str = "district_detective",
    unit: str = "amsterdam",
    purpose: str = "duty:front_desk",
    ground: str = "wpg:8",
) -> Any:
    """What is told of one field that somebody of a unit asks; then all followers follow."""
    headers = sent(served, role, unit, purpose, ground)
    body = served.client.post("/graphql", json={"query": query}, headers=headers).json()
    assert "errors" not in body, body["errors"]
    follow(served.archive)
    (answer,) = body["data"].values()
    return answer


def sent(
    served: Served, role: str, unit: str, purpose: str = "duty:front_desk", ground: str = "wpg:8"
) -> dict[str, str]:
    token = issue(served.settings, role, unit, 600).token
    return {
        "Authorization": f"Bearer {token}",
        "Herkomst-Purpose": purpose,
        "Herkomst-Ground": ground,
    }


def told(served: Served, **who: str) -> Any:
    query = f"{{ matchesOnMine(first: 10) {{ totalCount nodes {{ {SEEN} }} }} }}"
    return asked(served, query, **(who or OWNER))["nodes"]


def look(served: Served, field: str = "purchase", identity: UUID = PURCHASE, **who: str) -> Any:
    return asked(served, f'{{ {field}(id: "{identity}") {{ __typename }} }}', **who)


def unsold() -> Record:
    """A closed report of a good that no dealer has."""
    frame = [Identifier(type="frame", value="GZ4711002")]
    item = a_stolen_good(identifiers=frame)
    return a_stolen_item(key="stolen-3", report="PL1300-2026000003", handling="closed", item=item)


def searching(subject: str, words: str) -> str:
    return (
        f'{{ search{subject}(words: "{words}", first: 5) {{ totalCount nodes {{ __typename }} }} }}'
    )


def search(served: Served, subject: str, words: str, **who: str) -> Any:
    return asked(served, searching(subject, words), **who)


def other(kind: str) -> UUID:
    """The id of the hit of the closed report, or of who sold the good."""
    return {
        "hit": ids.pair_id(PURCHASE, 1, ITEM),
        "presentation": ids.presentation_id(PURCHASE),
    }[kind]


class TestWhoIsNotTold:
    def test_who_looked_learns_nothing(self, served: Served) -> None:
        assert look(served)["__typename"] == "Purchase"
        assert look(served, "stolenItem", ITEM)["__typename"] == "UnknownRecord"

        query = "{ matchesOnMine(first: 10) { nodes { id } refused { __typename } } }"
        for role in ("district_detective", "team_leader"):
            assert asked(served, query, role=role)["refused"]["__typename"] == "NotPermitted"

    def test_an_officer_of_another_unit_is_told_nothing(self, served: Served) -> None:
        look(served)

        assert told(served, role="authorised_officer", unit="utrecht") == []

    @pytest.mark.parametrize("handling", ["open", "consent", "confidential"])
    def test_of_what_is_told_to_exist_nobody_need_be_told(
        self, served: Served, handling: str
    ) -> None:
        take_in(served.archive, *pair(3, handling))
        look(served, identity=ids.purchase_id(TILL, "purchase-3"))

        assert told(served) == []

    def test_the_page_of_a_list_looks_for_nothing(self, served: Served) -> None:
        asked(served, "{ purchases(first: 10) { nodes { id } } }")
        asked(served, "{ hits(first: 10) { nodes { id } } }")

        assert told(served) == []

    @pytest.mark.parametrize(
        ("words", "who"),
        [
            ("fiets", {}),
            ("fiets GZ4711002", {}),
            ("GZ4711003", {}),
            ("GZ4711002", {"unit": POLICE}),
        ],
    )
    def test_of_other_words_of_other_numbers_and_of_his_own_people_he_is_not_told(
        self, served: Served, words: str, who: dict[str, str]
    ) -> None:
        take_in(served.archive, unsold())

        search(served, "StolenItems", words, **who)

        assert told(served) == []

    def test_of_a_search_that_was_forgotten_nobody_is_told(self, served: Served) -> None:
        take_in(served.archive, unsold())
        served.told(searching("StolenItems", "GZ4711002"))
        with served.archive.journal.database.transaction() as cursor:
            destroy(cursor, [fact.stream for fact in facts(served.archive, "journal")])

        follow(served.archive)

        assert told(served) == []

    def test_of_his_own_people_and_of_who_was_shown_it_the_owner_is_not_told(
        self, served: Served
    ) -> None:
        look(served, unit=POLICE)
        look(served, "hit", other("hit"), role="authorised_officer")

        assert told(served) == []

    def test_what_was_rejected_connects_nothing(self, served: Served) -> None:
        reject = f'rejectHit(id: "{other("hit")}", reason: other) {{ __typename }}'
        asked(served, f"mutation {{ {reject} }}", **OWNER)

        look(served)

        assert told(served) == []


class TestTold:
    @pytest.mark.parametrize(
        ("field", "kind", "how"),
        [
            ("purchase", None, "good"),
            ("presentation", "presentation", "good"),
            ("node", None, "good"),
            ("stolenItem", "item", "report"),
            ("node", "item", "report"),
            ("hit", "hit", "report"),
        ],
    )
    def test_who_when_for_what_and_by_which_good(
        self, served: Served, field: str, kind: str | None, how: str
    ) -> None:
        identity = {None: PURCHASE, "item": ITEM}.get(kind) or other(str(kind))

        look(served, field, identity)

        (one,) = told(served)
        assert (one["recordId"], one["how"]) == (str(ITEM), how)
        assert one["purchaseId"] == (str(PURCHASE) if how == "good" else None)
        assert (one["officer"], one["unit"]) == ("dev:district_detective@amsterdam", "amsterdam")
        assert (one["role"], one["purpose"]) == ("district_detective", "duty:front_desk")

    def test_who_asks_for_access_to_it_or_brings_the_good_into_a_case(self, served: Served) -> None:
        ask = f'requestAccess(of: "{ITEM}", why: "Zelfde reeks?") {{ __typename }}'
        assert asked(served, f"mutation {{ {ask} }}")["__typename"] == "UnknownRecord"
        case, number, _ = opened(served, "open")
        add = f'addCaseItem(case: "{case}", kind: purchase, item: "{PURCHASE}", why: "Reeks.")'
        who = {"role": "team_leader", "purpose": f"case:{number}"}
        asked(served, f"mutation {{ {add} {{ __typename }} }}", **who)

        assert [(one["how"], one["purpose"]) for one in told(served)] == [
            ("good", f"case:{number}"),
            ("report", "duty:front_desk"),
        ]

    def test_who_opens_its_trail(self, served: Served) -> None:
        text = f'{{ trail(of: "{ITEM}", first: 1) {{ __typename }} }}'
        asked(served, text, role="team_leader", purpose="duty:supervision")

        assert [one["how"] for one in told(served)] == ["report"]

    @pytest.mark.parametrize("typed", ["GZ4711002", "gz-4711.002", "GZ47 11 002", "GZ47110O2"])
    def test_who_searches_for_its_number_though_nobody_bought_it(
        self, served: Served, typed: str
    ) -> None:
        take_in(served.archive, unsold())

        answers = [search(served, subject, typed) for subject in ("Goods", "StolenItems")]

        assert answers == [{"totalCount": 0, "nodes": []}] * 2
        (one,) = told(served)
        assert (one["how"], one["recordId"]) == ("number", str(UNSOLD))
        assert (one["purchaseId"], one["officer"]) == (None, "dev:district_detective@amsterdam")

    def test_who_searches_for_the_number_of_a_bought_good_is_told_of_by_the_good(
        self, served: Served
    ) -> None:
        assert search(served, "Goods", "GZ47110001")["totalCount"] == 1

        (one,) = told(served)
        assert (one["how"], one["recordId"]) == ("good", str(ITEM))

    def test_another_hit_on_the_same_good_connects_it(self, served: Served) -> None:
        _, same = pair(1)
        take_in(served.archive, replace(same, key="stolen-9"))
        look(served, "hit", ids.pair_id(PURCHASE, 1, ids.stolen_item_id(POLICE, "stolen-9")))

        (one,) = told(served)

        assert (one["how"], one["purchaseId"]) == ("good", str(PURCHASE))

    def test_of_a_case_that_is_not_open_only_the_unit(self, served: Served) -> None:
        _, number, _ = opened(served, "closed")
        look(served, role="authorised_officer", purpose=f"case:{number}")
        look(served, role="district_detective")

        (detective, secret) = told(served)
        assert (secret["officer"], secret["purpose"], secret["unit"]) == (None, None, "amsterdam")
        assert detective["officer"] is not None

    @pytest.mark.parametrize(
        ("handling", "times"), [("closed", 1), ("confidential", 1), ("open", 0)]
    )
    def test_who_takes_up_what_belongs_to_a_secret_investigation(
        self, served: Served, handling: str, times: int
    ) -> None:
        held = in_utrecht(served, handling)
        _, number, _ = opened(served, "open")
        utrecht = {"role": "authorised_officer", "unit": "utrecht"}
        look(served, "hit", seen_hit())  # For a duty: it is used in no case.
        look(served, "hit", seen_hit(), role="team_leader", unit="utrecht")
        assert told(served, **utrecht) == []

        look(served, "hit", seen_hit(), role="team_leader", purpose=f"case:{number}")

        found = told(served, **utrecht)
        assert [(one["how"], one["recordId"]) for one in found] == [
            ("case", str(seen_hit()))
        ] * times
        assert str(held) not in str(found)
        assert told(served) == []

    def test_it_is_pushed(self, served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(streams, "POLL", 0.01)
        query = "subscription { matchesOnMine(after: 0) { recordId officer } }"
        look(served)

        headers = sent(served, **OWNER) | {"Accept": "text/event-stream"}
        with served.client.stream(
            "POST", "/graphql", json={"query": query}, headers=headers
        ) as answer:
            first = next(pushed(answer.iter_lines()))

        assert first["data"]["matchesOnMine"]["recordId"] == str(ITEM)


class TestOnce:
    def test_however_the_case_was_named(self, served: Served) -> None:
        case, number, _ = opened(served, "open")
        for name in (number, case, f"{number}/x"):
            look(served, role="team_leader", purpose=f"case:{name}")

        (one,) = told(served)
        (recorded,) = _told(served.archive)

        assert one["purpose"] == f"case:{number}"
        assert recorded.purpose == f"case:{case}"
        assert {entry.purpose for entry in journal(served.archive)[:3]} == {f"case:{case}"}

    @pytest.mark.parametrize("first", ["number", "id"])
    def test_also_where_the_journal_names_the_case_by_its_number(
        self, served: Served, first: str
    ) -> None:
        """So it did before a purpose named a case by its id."""
        case, number, _ = opened(served, "open")
        spelled = {"number": f"case:{number}", "id": f"case:{case}"}
        for name in sorted(spelled, key=lambda each: each != first):
            really_read(served.archive, LEADER, spelled[name], sought=(PURCHASE.hex,))
            follow(served.archive)

        assert [one["purpose"] for one in told(served)] == [f"case:{number}"]

    def test_where_it_was_told_of_by_the_number_before(self, served: Served) -> None:
        """What was told then stands on a stream that bears the number."""
        case, number, _ = opened(served, "open")
        told_then = ids.told_of(ITEM, LEADER, f"case:{number}", PURCHASE.hex)
        data = OwnerTold(
            at="2026-03-02T13:05:00.000+00:00",
            how="good",
            owner=POLICE,
            read="0" * 32,
            record=ITEM.hex,
            role="team_leader",
            unit="amsterdam",
        )
        under = envelope("process:telling", CUSTODY, this_moment(), data.VERSION, "closed")
        with served.archive.database.transaction() as cursor:
            recorder = served.archive.casework.recorder
            recorder.append(cursor, [pending(Event(told_then, data, under))])
        really_read(served.archive, LEADER, f"case:{case}", sought=(PURCHASE.hex,))
        follow(served.archive)

        assert len(_told(served.archive)) == 1

    def test_of_an_officer_his_purpose_and_a_good_once(self, served: Served) -> None:
        for _ in range(3):
            look(served)
        assert len(told(served)) == 1

        look(served, purpose="duty:supervision")
        look(served, role="hic_team")

        assert len(told(served)) == 3
        assert len({one["id"] for one in told(served)}) == 3

    @pytest.mark.parametrize("batch", [1, 3, 2000])
    def test_however_the_journal_is_cut(self, served: Served, batch: int) -> None:
        headers = sent(served, "district_detective", "amsterdam")
        for identity in (PURCHASE, PURCHASE, ids.purchase_id(TILL, "purchase-2"), PURCHASE):
            query = f'{{ purchase(id: "{identity}") {{ __typename }} }}'
            served.client.post("/graphql", json={"query": query}, headers=headers)

        archive = served.archive
        Runner(archive.urls.app, followers(archive), batch=batch).run(once=True)

        assert len(_told(archive)) == 1

    def test_the_journal_says_what_was_sought_and_not_what_it_met(self, served: Served) -> None:
        look(served, "stolenItem", ITEM)

        entry = journal(served.archive)[-1]

        assert (entry.sought, entry.returned, entry.withheld) == ((ITEM.hex,), (), 0)


def seen_hit() -> UUID:
    """The hit that everybody may see."""
    return ids.pair_id(
        ids.purchase_id(TILL, "purchase-2"), 1, ids.stolen_item_id(POLICE, "stolen-2")
    )


def in_utrecht(served: Served, handling: str) -> UUID:
    """An investigation of another unit that this hit belongs to."""
    lead = "dev:team_leader@utrecht"
    opening = Opening("Elders", lead, "utrecht", "wpg:9", handling=handling)
    case = served.archive.casework.open_case(opening, actor=f"user:{lead}").id

    def add(state: Case, seal: Seal) -> EventData:
        return state.add("hit", seen_hit().hex, seal("Reeks."))

    served.archive.casework.in_case(case, add, actor=f"user:{lead}")
    follow(served.archive)
    return case


def opened(served: Served, handling: str) -> CaseOpened:
    """A case of the team leader, or of the authorised officer where it is closed."""
    lead = LEADER if handling == "open" else "dev:authorised_officer@amsterdam"
    opening = Opening("Rijwiel", lead, "amsterdam", "wpg:8", handling=handling)
    case = served.archive.casework.open_case(opening, actor=f"user:{lead}")
    follow(served.archive)
    return case


def _told(archive: Archive) -> list[OwnerTold]:
    with archive.database.connection() as connection:
        facts = archive.casework.recorder.reader.after(connection, 0, 10_000)
    return [fact.data for fact in facts if isinstance(fact.data, OwnerTold)]
