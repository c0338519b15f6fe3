"""Search over the API: what is found, for whom, in which order, and how a page goes on."""

from collections.abc import Iterator
from typing import Any

import pytest

from herkomst.domain import ids
from herkomst.domain.register.records import Address, Identifier, Reference
from herkomst.record.archive import Archive
from herkomst.record.postgres import EmbeddedPostgres
from tests.archives import (
    POLICE,
    TILL,
    a_dealer,
    a_line,
    a_moment,
    a_purchase,
    a_stolen_good,
    a_stolen_item,
    an_establishment,
    make_archive,
)
from tests.graphql.counting import counted
from tests.serving import Served, journal, opened, serving, take_in

ELSEWHERE = "GM0344"
GOODS = """query ($words: String!, $first: Int!, $after: String, $order: SearchOrder,
  $kind: [String!], $municipality: [String!], $atLeast: String, $atMost: String,
  $since: DateTime, $fuzzy: Boolean, $dealer: [ID!]) {
  searchGoods(words: $words, first: $first, after: $after, order: $order, kind: $kind,
    municipality: $municipality, atLeast: $atLeast, atMost: $atMost, since: $since, fuzzy: $fuzzy,
    dealer: $dealer) {
    refused { __typename ... on InvalidPage { code } }
    totalCount exact facets { field values { value count } }
    pageInfo { hasNextPage endCursor }
    nodes { purchase { key shop { dealerName } } good { line brand model description }
      highlights { field start end } } } }"""
STOLEN = """query ($words: String!) { searchStolenItems(words: $words, first: 50) {
  refused { __typename } totalCount exact facets { field values { value count } }
  nodes { item { key } highlights { field start end } } } }"""
DEALERS = """query ($words: String!) { searchDealers(words: $words, first: 50) {
  refused { __typename } totalCount nodes { dealer { name } highlights { start end } } } }"""
CONTROLLER = {"role": "boa_1", "purpose": "duty:control", "ground": "sr:437"}


@pytest.fixture(scope="module")
def world(server: EmbeddedPostgres) -> Iterator[Archive]:
    with make_archive(server) as archive:
        take_in(
            archive,
            a_dealer(),
            a_dealer(
                key="dealer-2",
                name="Loods Elders",
                kvk="87654321",
                establishments=[
                    an_establishment(
                        address=Address(
                            street="Verzinweg", number="2", postcode="3500 AA", city="Utrecht"
                        ),
                        municipality=ELSEWHERE,
                    )
                ],
            ),
            *PURCHASES,
            *STOLEN_ITEMS,
        )
        yield archive


def bought(key: str, day: int, **line: Any) -> Any:
    made = {"identifiers": [], "brand": None, "model": None, **line}
    dealer = Reference(source=TILL, key=made.pop("dealer", "dealer-1"))
    acquired = a_moment(f"2026-03-{day:02}")
    return a_purchase(
        key=key, dealer=dealer, acquired=acquired, seller=None, items=[a_line(**made)]
    )


PURCHASES = [
    bought("fiets", 1, brand="Gazelle", description="rode damesfiets met rieten mand"),
    bought("elders", 2, brand="Gazelle", dealer="dealer-2"),
    bought("oud", 3, brand="Batavus", description="fiets met deuk in het spatbord"),
    bought("horloge", 4, kind="watch", brand="Seiko", description="zonder band"),
    bought("nummer", 5, identifiers=[Identifier(type="frame", value="GZ4711003")]),
]
STOLEN_ITEMS = [
    a_stolen_item(
        key=code,
        report=None,
        handling=code,
        item=a_stolen_good(brand="Sparta", identifiers=[], description=f"zilveren {code} bel"),
    )
    for code in ("open", "consent", "confidential", "closed")
]


@pytest.fixture(scope="module")
def served(world: Archive, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(world, tmp_path_factory.mktemp("home")) as served:
        yield served


def goods(served: Served, words: str, first: int = 50, **more: Any) -> Any:
    who = more.pop("who", {})
    return served.told(GOODS, {"words": words, "first": first, **more}, **who)["searchGoods"]


def keys(found: Any) -> list[str]:
    return [node["purchase"]["key"] for node in found["nodes"]]


def stolen(served: Served, words: str, **who: str) -> Any:
    return served.told(STOLEN, {"words": words}, **who)["searchStolenItems"]


class TestWhoMustNotSeeIt:
    def test_what_may_not_be_read_is_found_by_nobody_and_counted_nowhere(
        self, served: Served
    ) -> None:
        found = stolen(served, "sparta")

        assert [node["item"]["key"] for node in found["nodes"]] == ["open"]
        assert (found["totalCount"], found["exact"]) == (1, True)
        assert all(v["count"] == 1 for f in found["facets"] for v in f["values"])
        assert stolen(served, "confidential")["nodes"] == []
        assert stolen(served, "closed", role="authorised_officer")["totalCount"] == 1

    def test_completions_count_what_may_be_read_alone(self, served: Served) -> None:
        asked = '{ stolenItemCompletions(words: "spa", most: 5) { completions { text count } } }'

        told = served.told(asked)["stolenItemCompletions"]["completions"]
        by_officer = served.told(asked, role="authorised_officer")["stolenItemCompletions"]

        assert told[0] == {"text": "Sparta", "count": 1}
        assert by_officer["completions"][0]["count"] == 4

    @pytest.mark.parametrize(
        "question",
        [
            'searchStolenItems(words: "x", first: 1)',
            'stolenItemCompletions(words: "x")',
        ],
    )
    def test_who_may_not_read_the_list_may_not_search_it(
        self, served: Served, question: str
    ) -> None:
        told = served.told(f"{{ {question} {{ refused {{ __typename }} }} }}", None, **CONTROLLER)

        ((_, found),) = told.items()
        assert found["refused"]["__typename"] == "NotPermitted"

    def test_who_controls_one_municipality_finds_what_was_acquired_there(
        self, served: Served
    ) -> None:
        found = goods(served, "gazelle", who=CONTROLLER)

        assert keys(found) == ["fiets"]
        assert found["totalCount"] == 1
        dealers = served.told(DEALERS, {"words": "utrecht"}, **CONTROLLER)["searchDealers"]
        assert (dealers["nodes"], dealers["totalCount"]) == ([], 0)

    def test_a_case_that_has_nothing_in_it_shows_nothing(self, served: Served) -> None:
        who = {"role": "prosecutor", "ground": "wjsg:39b", "purpose": "duty:acceptance"}

        assert len(keys(goods(served, "gazelle", who=who))) == 2


class TestFinding:
    @pytest.mark.parametrize(
        ("words", "expected"),
        [
            ("fietsen", {"fiets", "oud", "elders", "nummer"}),
            ('"rieten mand"', {"fiets"}),
            ("spat*", {"oud"}),
            ("*bord", {"oud"}),
            ("gazele~", {"fiets", "elders"}),
            ("gazelle -rode", {"elders"}),
            ("gz4711003", {"nummer"}),
            ("nergens", set()),
        ],
    )
    def test_words_phrases_patterns_and_numbers(
        self, served: Served, words: str, expected: set[str]
    ) -> None:
        found = goods(served, words)

        assert set(keys(found)) == expected
        assert (found["totalCount"], found["exact"]) == (len(expected), True)

    def test_a_highlight_says_where_it_stands(self, served: Served) -> None:
        (node,) = goods(served, "damesfietsen rieten")["nodes"]

        told = node["good"]["description"]
        marked = [told[h["start"] : h["end"]] for h in node["highlights"]]
        assert marked == ["damesfiets", "rieten"]

    def test_filters_narrow_what_is_found_and_what_is_counted(self, served: Served) -> None:
        narrowed: list[tuple[dict[str, Any], list[str]]] = [
            ({"kind": ["watch"]}, ["horloge"]),
            ({"municipality": [ELSEWHERE]}, ["elders"]),
            ({"since": "2026-03-05T00:00:00Z"}, []),
            ({"since": "2026-03-04T00:00:00+01:00"}, ["nummer", "horloge"]),
            ({"atLeast": "80.01"}, []),
            ({"dealer": [str(ids.dealer_id(TILL, "dealer-2"))]}, ["elders"]),
            ({"municipality": []}, []),
        ]
        for filters, expected in narrowed:
            found = goods(served, "", **filters)
            assert keys(found) == expected, filters
            assert found["totalCount"] == len(expected)

    def test_facets_count_all_that_was_found_and_not_the_page(self, served: Served) -> None:
        found = goods(served, "", first=1)

        facets = {f["field"]: f["values"] for f in found["facets"]}
        assert facets["kind"] == [
            {"value": "bicycle", "count": 4},
            {"value": "watch", "count": 1},
        ]
        assert facets["brand"][0]["count"] == 2
        assert facets["municipality"] == [
            {"value": "GM0363", "count": 4},
            {"value": ELSEWHERE, "count": 1},
        ]

    def test_municipalities_are_counted_of_what_one_may_see_alone(self, served: Served) -> None:
        for who, expected in (({}, {"GM0363": 1, ELSEWHERE: 1}), (CONTROLLER, {"GM0363": 1})):
            facets = {f["field"]: f["values"] for f in goods(served, "gazelle", who=who)["facets"]}
            found = {value["value"]: value["count"] for value in facets["municipality"]}
            assert found == expected
            assert "place" not in facets

    @pytest.mark.parametrize("order", ["relevance", "newest", "oldest"])
    def test_pages_neither_skip_nor_repeat(self, served: Served, order: str) -> None:
        whole = keys(goods(served, "fiets", order=order))

        met: list[str] = []
        after: str | None = None
        while True:
            page = goods(served, "fiets", 1, order=order, after=after)
            met += keys(page)
            after = page["pageInfo"]["endCursor"]
            if not page["pageInfo"]["hasNextPage"]:
                break

        assert met == whole
        assert len(set(met)) == 4


class TestRefusing:
    def test_a_cursor_of_another_search_is_refused(self, served: Served) -> None:
        cursor = goods(served, "fiets", 1)["pageInfo"]["endCursor"]

        for asked in (
            {"words": "gazelle"},
            {"words": "fiets", "order": "oldest"},
            {"words": "fiets", "kind": ["bicycle"]},
        ):
            found = goods(served, first=1, after=cursor, **asked)
            assert found["refused"] == {"__typename": "InvalidPage", "code": "cursor"}
        assert goods(served, "fiets", 1, after="x")["refused"]["code"] == "cursor"

    @pytest.mark.parametrize(
        ("words", "code"),
        [
            ("x" * 201, "too_long"),
            ("a b c d e f g h i j k l m n o p q", "too_many_terms"),
            ("f*", "pattern_too_short"),
            ("*e", "pattern_too_short"),
        ],
    )
    def test_a_text_that_cannot_be_searched_for_says_why(
        self, served: Served, words: str, code: str
    ) -> None:
        found = goods(served, words)

        assert found["refused"] == {"__typename": "InvalidPage", "code": code}
        assert (found["nodes"], found["totalCount"], found["facets"]) == (None, None, None)

    @pytest.mark.parametrize("amount", ["x", "-1", "1.005"])
    def test_an_amount_that_is_none_is_refused(self, served: Served, amount: str) -> None:
        assert goods(served, "", atMost=amount)["refused"]["code"].startswith("amount_")

    @pytest.mark.parametrize(
        "words",
        [
            "'",
            "\\",
            "' | '",
            "!x & y",
            "\u0000",
            "%",
            "_",
            "((",
            "<->",
            "#",
            '"',
            "\\' OR 1",
        ],
    )
    def test_no_text_is_read_as_anything_but_text(self, served: Served, words: str) -> None:
        assert goods(served, words)["nodes"] is not None

    def test_a_filter_that_cannot_be_stored_is_refused(self, served: Served) -> None:
        assert goods(served, "", kind=["\u0000"])["refused"]["__typename"] == "InvalidPage"


class TestJournal:
    def test_it_holds_what_was_asked_sealed_what_was_returned_and_what_was_counted(
        self, served: Served
    ) -> None:
        goods(served, "rieten")

        read = journal(served.archive)[-1]
        purchase = ids.purchase_id(TILL, "fiets")
        assert f"purchase:{purchase}" in read.returned
        assert read.counts == (1,)
        assert b"rieten" not in read.asked
        assert opened(served.archive)[-1][1]["words"] == "rieten"

    def test_what_was_found_by_its_number_alone_was_sought(self, served: Served) -> None:
        goods(served, "GZ-4711003")
        by_number = journal(served.archive)[-1]
        goods(served, "fiets")
        by_word = journal(served.archive)[-1]

        assert by_number.sought == (ids.purchase_id(TILL, "nummer").hex,)
        assert by_word.sought == ()

    def test_where_no_figure_is_asked_none_is_counted(self, served: Served) -> None:
        served.told('{ searchGoods(words: "fiets", first: 1) { nodes { purchase { id } } } }')

        assert journal(served.archive)[-1].counts == ()


class TestDealers:
    @pytest.mark.parametrize("words", ["winkel", "87654321", "verzinweg", "utrecht", "lood*"])
    def test_they_are_found_by_name_number_street_and_town(
        self, served: Served, words: str
    ) -> None:
        found = served.told(DEALERS, {"words": words})["searchDealers"]

        (node,) = found["nodes"]
        assert node["dealer"]["name"] == (
            "Winkel Voorbeeld" if words == "winkel" else "Loods Elders"
        )

    def test_they_are_completed(self, served: Served) -> None:
        asked = '{ dealerCompletions(words: "win", most: 5) { completions { text count } } }'

        told = served.told(asked)["dealerCompletions"]["completions"]

        assert told == [{"text": "Winkel Voorbeeld", "count": 1}]


class TestStatements:
    @pytest.mark.parametrize("words", ["fiets", "nergens", "gazele~ *iets", '"rieten mand" -kapot'])
    def test_they_are_as_many_whatever_is_found_and_however_large_a_page_is(
        self, served: Served, words: str
    ) -> None:
        who = {"role": "team_leader"}
        numbers: set[int] = set()
        for first in (1, 10, 100):
            with counted() as sent:
                goods(served, words, first, who=who)
            numbers.add(len(sent))

        looked_up = "~" in words
        assert numbers == {(9 if looked_up else 8) - (words == "nergens")}


def test_given_an_item_found_again_when_searched_then_it_is_told_as_it_is_now(
    served: Served,
) -> None:
    item = ids.stolen_item_id(POLICE, "open")

    (node,) = stolen(served, "bel open")["nodes"]

    assert node["item"]["key"] == "open"
    assert f"stolen_item:{item}" in journal(served.archive)[-1].returned
