"""Records by their ids alone, single reads, and lists that are counted."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from herkomst.domain import ids
from herkomst.record.archive import Archive
from tests.archives import POLICE, TILL, a_dealer
from tests.serving import OFFICER, Served, follow, pair, serving, take_in

DUTY = "duty:acceptance"
NODE = "query ($i: ID!) { node(id: $i) { __typename id } }"
NOTHING = "00000000-0000-0000-0000-000000000000"
LISTS = {
    "Hit": "hits",
    "Purchase": "purchases",
    "StolenItem": "stolenItems",
    "Dealer": "dealers",
    "Presentation": "presentations",
}
SINGLE = {
    "purchase": ("Purchase", "unknown_purchase"),
    "stolenItem": ("StolenItem", "unknown_stolen_item"),
    "dealer": ("Dealer", "unknown_dealer"),
    "presentation": ("Presentation", "unknown_presentation"),
}


class TestWhatMayNotBeKnown:
    """It is null in the same way, to the byte, as what does not exist."""

    def answer(self, served: Served, identity: str, **who: str) -> str:
        return served.ask(NODE, {"i": identity}, **{"purpose": DUTY, **who}).text

    @pytest.mark.parametrize("hidden", ["confidential", "closed", "hit"])
    def test_a_record_that_is_hidden(self, served: Served, hidden: str) -> None:
        number = {"confidential": 3, "closed": 4, "hit": 4}[hidden]
        item = ids.stolen_item_id(POLICE, f"stolen-{number}")
        if hidden == "hit":
            seen = {hit["id"] for hit in served.nodes("hits(first: 10)")}
            every = {hit["id"] for hit in served.nodes("hits(first: 10)", role=OFFICER)}
            (identity,) = every - seen
        else:
            identity = str(item)

        assert self.answer(served, identity) == self.answer(served, NOTHING)
        assert self.answer(served, identity, role=OFFICER) != self.answer(served, NOTHING)

    @pytest.mark.parametrize("kind", LISTS)
    def test_a_record_of_a_kind_that_the_role_may_not_read(self, served: Served, kind: str) -> None:
        (record, *_) = served.nodes(f"{LISTS[kind]}(first: 1)")

        assert self.answer(served, record["id"], role="auditor") == self.answer(
            served, NOTHING, role="auditor"
        )

    @pytest.mark.parametrize("identity", ["", "x", "0" * 5000, "purchase:1"])
    def test_what_is_no_id(self, served: Served, identity: str) -> None:
        assert self.answer(served, identity) == self.answer(served, NOTHING)

    @pytest.mark.parametrize("field", SINGLE)
    def test_alone_it_is_told_to_be_unknown(self, served: Served, field: str) -> None:
        query = (
            f"query ($i: ID!) {{ {field}(id: $i) "
            "{ __typename ... on UnknownRecord { code cure } } }"
        )

        told = served.told(query, {"i": NOTHING}, purpose=DUTY)[field]

        assert (told["__typename"], told["code"]) == ("UnknownRecord", SINGLE[field][1])
        assert told["cure"]

    def test_a_withheld_item_is_as_unknown_alone_as_one_that_is_not_there(
        self, served: Served
    ) -> None:
        query = "query ($i: ID!) { stolenItem(id: $i) { __typename } }"

        for code in (2, 3, 4):
            withheld = str(ids.stolen_item_id(POLICE, f"stolen-{code}"))
            told = served.told(query, {"i": withheld}, purpose=DUTY)["stolenItem"]
            assert told == {"__typename": "UnknownRecord"}

    @pytest.mark.parametrize("field", SINGLE)
    def test_a_role_that_may_not_is_told_so(self, served: Served, field: str) -> None:
        query = f"query ($i: ID!) {{ {field}(id: $i) {{ __typename }} }}"

        told = served.told(query, {"i": NOTHING}, role="auditor", purpose=DUTY)[field]

        assert told == {"__typename": "NotPermitted"}


class TestNode:
    @pytest.mark.parametrize("kind", LISTS)
    def test_a_record_is_found_by_its_id(self, served: Served, kind: str) -> None:
        (record, *_) = served.nodes(f"{LISTS[kind]}(first: 1)")

        told = served.told(NODE, {"i": record["id"]}, purpose=DUTY)["node"]

        assert told == {"__typename": kind, "id": record["id"]}

    def test_also_a_place_of_business(self, served: Served) -> None:
        (dealer,) = served.nodes("dealers(first: 1)", "establishments { id name }")
        (place,) = dealer["establishments"]
        query = "query ($i: ID!) { node(id: $i) { id ... on Establishment { name } } }"

        assert served.told(query, {"i": place["id"]}, purpose=DUTY)["node"] == place

    def test_of_each_its_own_fields_are_asked(self, served: Served) -> None:
        identity = str(ids.purchase_id(TILL, "purchase-1"))
        query = "query ($i: ID!) { node(id: $i) { ... on Purchase { key shop { name } } } }"

        told = served.told(query, {"i": identity}, purpose=DUTY)["node"]

        assert told == {"key": "purchase-1", "shop": {"name": "Winkel Voorbeeld"}}

    @pytest.mark.parametrize("field", SINGLE)
    def test_alone_it_is_the_same_as_in_its_list(self, served: Served, field: str) -> None:
        kind = SINGLE[field][0]
        (record, *_) = served.nodes(f"{LISTS[kind]}(first: 1)", "id recordedAt")
        query = f"query ($i: ID!) {{ {field}(id: $i) {{ ... on {kind} {{ id recordedAt }} }} }}"

        assert served.told(query, {"i": record["id"]}, purpose=DUTY)[field] == record


class TestCases:
    @pytest.fixture
    def served(self, archive: Archive, tmp_path: Path) -> Iterator[Served]:
        take_in(archive, a_dealer(), *pair(1))
        with serving(archive, tmp_path) as served:
            yield served

    def test_a_case_is_found_by_who_has_it(self, served: Served) -> None:
        leader = {"role": "team_leader", "purpose": DUTY}
        query = 'mutation { openCase(title: "Rijwiel") { ... on CaseOpened { id } } }'
        case = served.told(query, None, **leader)["openCase"]["id"]
        follow(served.archive)
        asked = "query ($i: ID!) { node(id: $i) { __typename ... on Case { title } } }"

        found = served.told(asked, {"i": case}, **leader)["node"]
        stranger = served.told(asked, {"i": case}, purpose=DUTY)["node"]

        assert found == {"__typename": "Case", "title": "Rijwiel"}
        assert stranger is None


class TestCounts:
    def count(self, served: Served, root: str, **who: Any) -> Any:
        return served.told(f"{{ {root} {{ totalCount nodes {{ id }} }} }}", **who)

    @pytest.mark.parametrize(
        ("root", "count"),
        [
            ("hits(first: 1)", 3),
            ("hits(first: 1, state: [rejected])", 0),
            ("purchases(first: 1)", 5),
            ("stolenItems(first: 1)", 1),
            ("dealers(first: 1, trade: bicycles)", 1),
            ("presentations(first: 1)", 5),
        ],
    )
    def test_all_that_may_be_known_is_counted(self, served: Served, root: str, count: int) -> None:
        ((_, page),) = self.count(served, root, purpose=DUTY).items()

        assert page["totalCount"] == count
        assert len(page["nodes"]) <= 1

    def test_it_is_the_same_on_every_page(self, served: Served) -> None:
        query = """query ($a: String) { hits(first: 1, after: $a) { totalCount
            pageInfo { startCursor endCursor hasPreviousPage hasNextPage } } }"""

        first = served.told(query, purpose=DUTY)["hits"]
        second = served.told(query, {"a": first["pageInfo"]["endCursor"]}, purpose=DUTY)["hits"]

        assert (first["totalCount"], second["totalCount"]) == (3, 3)
        assert not first["pageInfo"]["hasPreviousPage"]
        assert second["pageInfo"]["hasPreviousPage"]
        assert first["pageInfo"]["startCursor"] == first["pageInfo"]["endCursor"]
        assert second["pageInfo"]["startCursor"] != first["pageInfo"]["startCursor"]

    def test_it_is_counted_up_to_a_bound(
        self, served: Served, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("herkomst.investigations.inquiry.COUNTED", 2)

        assert self.count(served, "hits(first: 1)", purpose=DUTY)["hits"]["totalCount"] is None
        assert self.count(served, "dealers(first: 1)", purpose=DUTY)["dealers"]["totalCount"] == 1

    def test_of_what_is_refused_nothing_is_counted(self, served: Served) -> None:
        page = self.count(served, "hits(first: 1)", role="auditor", purpose=DUTY)["hits"]

        assert page == {"totalCount": None, "nodes": None}

    def test_it_has_a_price(self, served: Served) -> None:
        with_it = served.ask("{ hits(first: 1) { totalCount } }").json()["extensions"]["cost"]
        without = served.ask("{ hits(first: 1) { __typename } }").json()["extensions"]["cost"]

        assert with_it["requested"] - without["requested"] == 100
