"""Use of what belongs to an investigation in another one takes the consent of its officer."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from herkomst.domain import ids
from herkomst.domain.casework.case import Case
from herkomst.domain.events import EventData
from herkomst.record.archive import Archive
from herkomst.record.casework import CaseOpened, Opening, Seal
from tests.archives import POLICE, TILL, a_dealer
from tests.graphql.test_requests import asked
from tests.serving import Served, follow, pair, serving, take_in

HIT = ids.pair_id(ids.purchase_id(TILL, "purchase-1"), 1, ids.stolen_item_id(POLICE, "stolen-1"))
ITEM = ids.stolen_item_id(POLICE, "stolen-1")
PURCHASE = ids.purchase_id(TILL, "purchase-1")
PERSON = ids.presentation_id(PURCHASE)
UTRECHT = {"role": "authorised_officer", "unit": "utrecht", "ground": "wpg:9"}
DONE = "{ __typename ... on CaseRefused { code message } ... on NotPermitted { code } }"
ANSWER = """{ __typename ... on AccessChanged { state } ... on RequestRefused { code }
    ... on UnknownRecord { code } ... on NotPermitted { code } }"""
SEEN = "id recordId isUse ofCase owner askedBy purpose state"


@pytest.fixture
def served(archive: Archive, tmp_path: Path) -> Iterator[Served]:
    take_in(archive, a_dealer(), *pair(1))
    with serving(archive, tmp_path) as served:
        yield served


def a_case(served: Served, unit: str, article: str = "wpg:9", handling: str = "open") -> CaseOpened:
    lead = f"dev:team_leader@{unit}"
    opening = Opening("Reeks", lead, unit, article, handling=handling)
    return served.archive.casework.open_case(opening, actor=f"user:{lead}")


def holding(served: Served, *, kind: Any = "hit", item: UUID = HIT, **more: str) -> CaseOpened:
    """A case of another unit that a record was brought into."""
    case = a_case(served, "utrecht", **more)

    def add(state: Case, seal: Seal) -> EventData:
        if kind == "presentation":
            return state.name(item.hex, "suspect", "wpg:9", seal("Reeks."))
        return state.add(kind, item.hex, seal("Reeks."))

    served.archive.casework.in_case(case.id, add, actor="user:dev:team_leader@utrecht")
    follow(served.archive)
    return case


def own(served: Served, article: str = "wpg:9") -> CaseOpened:
    case = a_case(served, "amsterdam", article)
    follow(served.archive)
    return case


def leading(case: CaseOpened, ground: str = "wpg:9") -> dict[str, str]:
    return {"role": "team_leader", "purpose": f"case:{case.number}", "ground": ground}


def add(
    served: Served, case: CaseOpened, kind: str = "hit", item: UUID = HIT, ground: str = "wpg:9"
) -> Any:
    text = f'addCaseItem(case: "{case.id}", kind: {kind}, item: "{item}", why: "Reeks.") {DONE}'
    return asked(served, f"mutation {{ {text} }}", **leading(case, ground))


def ask(served: Served, case: CaseOpened, item: UUID = HIT) -> Any:
    text = f'mutation {{ requestAccess(of: "{item}", why: "Zelfde reeks.") {ANSWER} }}'
    return asked(served, text, **leading(case))


def requests(served: Served, **who: str) -> Any:
    return asked(served, f"{{ accessRequests(first: 10) {{ nodes {{ {SEEN} }} }} }}", **who)[
        "nodes"
    ]


def answered(served: Served, grant: bool = True) -> Any:
    (told,) = requests(served, **UTRECHT)
    until = (datetime.now(UTC) + timedelta(days=7)).isoformat()
    text = (
        f'grantAccess(id: "{told["id"]}", until: "{until}", why: "Akkoord voor die reeks.")'
        if grant
        else f'refuseAccess(id: "{told["id"]}", ground: investigation, why: "Dat kan nog niet.")'
    )
    return asked(served, f"mutation {{ {text} {ANSWER} }}", **UTRECHT)


class TestWhatIsNotTold:
    @pytest.mark.parametrize("handling", ["confidential", "closed"])
    def test_of_an_investigation_that_is_not_told_to_exist_nothing_is_noticed(
        self, served: Served, handling: str
    ) -> None:
        holding(served, handling=handling)
        case = own(served)

        assert ask(served, case)["code"] == "not_withheld"
        assert add(served, case)["__typename"] == "CaseDone"

    def test_nor_behind_one_that_is_told(self, served: Served) -> None:
        """Given that a secret one held it first, the answer is that of the one that is told."""
        holding(served, handling="closed")
        holding(served)
        case = own(served)

        assert "utrecht" in add(served, case)["message"]
        ask(served, case)
        answered(served)
        assert add(served, case)["__typename"] == "CaseDone"

    def test_who_asks_is_not_told_which_one(self, served: Served) -> None:
        held = holding(served)
        case = own(served)
        answer = add(served, case)
        ask(served, case)

        (told,) = requests(served, **leading(case))
        assert (told["isUse"], told["ofCase"], told["owner"]) == (True, None, "utrecht")
        assert held.number not in str(answer)
        (owned,) = requests(served, **UTRECHT)
        assert owned["ofCase"] == str(held.id)

    def test_who_does_not_work_in_the_case_learns_nothing_of_it(self, served: Served) -> None:
        holding(served)
        case = own(served)
        text = f'addCaseItem(case: "{case.id}", kind: hit, item: "{HIT}", why: "Reeks.") {DONE}'

        answer = asked(
            served, f"mutation {{ {text} }}", purpose="duty:supervision", unit="rotterdam"
        )

        assert answer["__typename"] == "UnknownCase"


class TestWithoutConsent:
    @pytest.mark.parametrize(("kind", "item"), [("hit", HIT), ("stolen_item", ITEM)])
    def test_it_is_not_used_in_another_investigation(
        self, served: Served, kind: str, item: UUID
    ) -> None:
        holding(served, kind=kind, item=item)

        answer = add(served, own(served), kind, item)

        assert (answer["__typename"], answer["code"]) == ("CaseRefused", "consent_needed")

    @pytest.mark.parametrize(
        ("held", "used"),
        [(("hit", HIT), ("stolen_item", ITEM)), (("stolen_item", ITEM), ("hit", HIT))],
    )
    def test_a_hit_and_its_stolen_item_belong_together(
        self, served: Served, held: tuple[str, UUID], used: tuple[str, UUID]
    ) -> None:
        holding(served, kind=held[0], item=held[1])

        assert add(served, own(served), *used)["code"] == "consent_needed"

    def test_a_person_is_not_named_either(self, served: Served) -> None:
        holding(served, kind="presentation", item=PERSON)
        case = own(served)
        text = (
            f'nameSubject(case: "{case.id}", presentation: "{PERSON}", category: suspect, '
            f'why: "Verkocht.") {DONE}'
        )

        answer = asked(served, f"mutation {{ {text} }}", **leading(case))

        assert answer["code"] == "consent_needed"

    def test_where_it_was_asked_and_refused(self, served: Served) -> None:
        holding(served)
        case = own(served)
        assert ask(served, case)["state"] == "asked"
        assert add(served, case)["code"] == "consent_needed"

        assert answered(served, grant=False)["state"] == "refused"

        assert add(served, case)["code"] == "consent_needed"

    def test_nor_with_the_consent_that_another_case_was_given(self, served: Served) -> None:
        holding(served)
        ask(served, own(served))
        answered(served)

        assert add(served, own(served))["code"] == "consent_needed"


class TestWithoutNeed:
    def test_a_purchase_stands_in_the_register(self, served: Served) -> None:
        holding(served, kind="purchase", item=PURCHASE)

        assert add(served, own(served), "purchase", PURCHASE)["__typename"] == "CaseDone"

    @pytest.mark.parametrize(("held", "used"), [("wpg:8", "wpg:9"), ("wpg:9", "wpg:8")])
    def test_between_cases_of_another_article(self, served: Served, held: str, used: str) -> None:
        holding(served, article=held)

        assert add(served, own(served, used), ground=used)["__typename"] == "CaseDone"

    def test_of_who_held_it_first(self, served: Served) -> None:
        case = own(served)
        assert add(served, case)["__typename"] == "CaseDone"
        holding(served)

        assert add(served, case, "stolen_item", ITEM)["__typename"] == "CaseDone"


class TestWithConsent:
    def test_it_is_used_and_both_histories_tell_of_it(self, served: Served) -> None:
        held, case = holding(served), own(served)
        ask(served, case)
        assert answered(served)["state"] == "granted"

        assert add(served, case)["__typename"] == "CaseDone"

        today, tomorrow = (datetime.now(UTC).date() + timedelta(days=n) for n in (-1, 1))
        span = f'since: "{today}", until: "{tomorrow}"'
        for one, unit in ((case, "amsterdam"), (held, "utrecht")):
            changes = asked(
                served,
                f'{{ caseChanges(id: "{one.id}", {span}, first: 20) {{ nodes {{ topic }} }} }}',
                unit=unit,
                **leading(one),
            )["nodes"]
            topics = {change["topic"] for change in changes}
            assert {"casework.access.requested", "casework.access.granted"} <= topics

    def test_it_opens_nothing_that_is_withheld(self, served: Served) -> None:
        """Given consent to use, when the item is made confidential, then it is withheld again."""
        holding(served, kind="stolen_item", item=ITEM)
        case = own(served)
        ask(served, case, ITEM)
        answered(served)
        _, report = pair(1, "confidential")
        served.archive.register.take_in([(1, report)], actor="source:kassa")
        follow(served.archive)

        hit = f'{{ hit(id: "{HIT}") {{ ... on Hit {{ grade }} }} }}'

        assert asked(served, hit, **leading(case))["grade"] is None
