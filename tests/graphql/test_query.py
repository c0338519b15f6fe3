"""The questions, over HTTP and over what is stored."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from herkomst.access.reading import Question, Returned
from herkomst.access.viewer import Role, Viewer
from herkomst.graphql.context import Context
from herkomst.graphql.documents import read_documents
from herkomst.graphql.operations import Asked, Operations
from herkomst.graphql.schema import make_schema
from herkomst.investigations.inquiry import Inquiry, open_desk
from herkomst.record.archive import Archive
from herkomst.record.postgres import EmbeddedPostgres
from tests.archives import a_dealer, make_archive
from tests.readings import under
from tests.serving import OFFICER, Served, pair, take_in

SCHEMA = make_schema()
OPERATIONS = Operations(SCHEMA, read_documents(SCHEMA.core), introspection=False)
GOOD = "kind brand model description colours identifiers { type value } attributes { name value }"
SHOP = "shop { id name branch city municipality { code name lat lon } dealerId dealerName }"
WHOLE = {
    "hits": f"""id grade score state time reasons {{ code purchase stolen }} against {{ code }} why
        decidedBy foundAt revision
        purchase {{ source key line registerNumber acquired {{ from to zone precision }} mode
            marks {{ code message }} good {{ line price {{ amount currency }} {GOOD} }} {SHOP} }}
        stolen {{ __typename ... on Withheld {{ reason contact }}
            ... on StolenItem {{ source key report offence status withdrawnReason
                recovered {{ from }} handling stolen {{ from to }} reported {{ from }}
                municipality {{ name }} country good {{ {GOOD} }} regime recordedAt }} }}""",
    "purchases": f"""id source key registerNumber acquired {{ from }} mode
        payment {{ form amount {{ amount }} }} lines {{ line price {{ amount }} {GOOD} }}
        marks {{ code }} sellerPresented corrections endings {{ line outcome at {{ from }} }}
        recordedAt {SHOP}
        presentation {{ __typename ... on Withheld {{ reason contact }}
            ... on Presentation {{ shown identity {{ __typename ... on Identity {{
                familyName address {{ street }} document {{ number }} }} }} }} }}""",
    "stolenItems": f"id handling good {{ {GOOD} }} stolen {{ from }} municipality {{ name }}",
    "dealers": """id name kvk trades notifiedOn state email phone recordedAt
        establishments { id name branch city municipality { name } openFrom openTo }""",
    "presentations": """id purchaseId shown state recordedAt
        identity { __typename ... on Identity { familyName born phone } }""",
}


@pytest.mark.parametrize("root", WHOLE)
def test_everything_that_can_be_asked_is_answered(served: Served, root: str) -> None:
    nodes = served.nodes(f"{root}(first: 10)", WHOLE[root])

    assert nodes
    assert len({node["id"] for node in nodes}) == len(nodes)


class TestHits:
    def test_both_goods_stand_beside_each_other(self, served: Served) -> None:
        (hit,) = served.nodes("hits(first: 10, grade: [full_hit])", WHOLE["hits"])

        assert hit["purchase"]["good"]["identifiers"] == [{"type": "frame", "value": "GZ47110001"}]
        assert hit["stolen"]["good"]["identifiers"] == [{"type": "frame", "value": "GZ47110001"}]
        assert hit["purchase"]["shop"]["municipality"]["name"] == "Amsterdam"
        assert hit["purchase"]["good"]["price"] == {"amount": "80.00", "currency": "EUR"}
        assert (hit["state"], hit["time"], hit["purchase"]["registerNumber"]) == (
            "found",
            "after",
            1,
        )

    def test_what_is_withheld_is_of_a_type_of_its_own(self, served: Served) -> None:
        hits = served.nodes(
            "hits(first: 10)", "stolen { __typename ... on Withheld { reason contact } }"
        )

        assert [hit["stolen"] for hit in hits] == [
            {"__typename": "Withheld", "reason": "handling_confidential", "contact": "politie"},
            {"__typename": "Withheld", "reason": "handling_consent", "contact": "politie"},
            {"__typename": "StolenItem"},
        ]

    def test_pages_follow_each_other_by_cursor(self, served: Served) -> None:
        found: list[Any] = []
        after, more = None, True
        while more:
            page = served.told(
                "query ($a: String) { hits(first: 2, after: $a) { edges { cursor node { id } } "
                "pageInfo { endCursor hasNextPage } } }",
                {"a": after},
            )["hits"]
            found += [edge["node"]["id"] for edge in page["edges"]]
            after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]

        assert len(found) == len(set(found)) == 3

    def test_a_cursor_of_another_list_is_refused_by_its_type(self, served: Served) -> None:
        cursor = served.told("{ purchases(first: 1) { pageInfo { endCursor } } }")["purchases"]

        page = served.told(
            "query ($a: String) { hits(first: 1, after: $a) { nodes { id } "
            "refused { ... on InvalidPage { code cure } } } }",
            {"a": cursor["pageInfo"]["endCursor"]},
        )["hits"]

        assert page["nodes"] is None
        assert page["refused"]["code"] == "cursor"

    def test_one_is_found_by_its_id(self, served: Served) -> None:
        query = "query ($i: ID!) { hit(id: $i) { ... on Hit { id } ... on UnknownHit { code } } }"
        (wanted,) = served.nodes("hits(first: 10, grade: [full_hit])")

        assert served.told(query, {"i": wanted["id"]})["hit"] == wanted

    @pytest.mark.parametrize("identity", ["", "x", "00000000-0000-0000-0000-000000000000"])
    def test_one_that_is_not_there_is_unknown(self, served: Served, identity: str) -> None:
        query = "query ($i: ID!) { hit(id: $i) { __typename } }"

        assert served.told(query, {"i": identity})["hit"] == {"__typename": "UnknownHit"}

    def test_one_that_is_closed_is_as_unknown_as_one_that_is_not_there(
        self, served: Served
    ) -> None:
        ids = {hit["id"] for hit in served.nodes("hits(first: 10)", role=OFFICER)}
        (closed,) = ids - {hit["id"] for hit in served.nodes("hits(first: 10)")}
        query = "query ($i: ID!) { hit(id: $i) { __typename ... on UnknownHit { message } } }"

        unknown = served.told(query, {"i": closed})["hit"]

        assert unknown == {"__typename": "UnknownHit", "message": f"There is no hit {closed!r}."}


class TestPresentations:
    WITHHELD = "presentation { __typename ... on Withheld { reason } }"

    def test_a_controller_of_dealers_sees_that_there_is_one(self, served: Served) -> None:
        (first, *_) = served.nodes(
            "purchases(first: 10)", self.WITHHELD, role="boa_1", ground="sr:437"
        )

        assert first["presentation"] == {"__typename": "Withheld", "reason": "presentation"}

    def test_a_list_shows_pseudonyms_and_whether_a_name_may_be_revealed(
        self, served: Served
    ) -> None:
        fields = "pseudonym identity { ... on Withheld { reason canRequest } }"

        (detective,) = served.nodes("presentations(first: 1)", fields)
        (controller,) = served.nodes(
            "presentations(first: 1)", fields, ground="sr:437", purpose="duty:control"
        )

        assert detective["identity"] == {"reason": "identity", "canRequest": True}
        assert controller["identity"] == {"reason": "identity", "canRequest": False}
        assert detective["pseudonym"].startswith("K-")

    @pytest.mark.parametrize("argument", ["purchase", "establishment", "dealer"])
    def test_what_is_no_id_is_refused_by_its_type(self, served: Served, argument: str) -> None:
        root = "presentations" if argument == "purchase" else "purchases"
        query = f'{{ {root}(first: 1, {argument}: "x") {{ refused {{ __typename }} }} }}'

        assert served.told(query)[root]["refused"] == {"__typename": "InvalidPage"}


class TestFilters:
    @pytest.mark.parametrize(
        "root",
        ['stolenItems(first: 1, kind: ["\\u0000"])', 'dealers(first: 1, municipality: "\\u0000")'],
    )
    def test_what_cannot_be_stored_is_refused_by_its_type(self, served: Served, root: str) -> None:
        ((_, page),) = served.told(f"{{ {root} {{ refused {{ __typename }} }} }}").items()

        assert page["refused"] == {"__typename": "InvalidPage"}

    @pytest.mark.parametrize(
        ("root", "count"),
        [
            ("hits(first: 10, state: [found])", 3),
            ("hits(first: 10, state: [rejected])", 0),
            ("hits(first: 10, grade: [hit])", 0),
            ('hits(first: 10, since: "2020-01-01T00:00:00Z")', 3),
            ('hits(first: 10, since: "2200-01-01T00:00:00Z")', 0),
            ("purchases(first: 10, mode: [bought])", 5),
            ("purchases(first: 10, mode: [pawned, found])", 0),
            ('purchases(first: 10, until: "2026-01-01T00:00:00Z")', 0),
            ("stolenItems(first: 10, status: [reported])", 1),
            ('stolenItems(first: 10, kind: ["laptop"])', 0),
            ('dealers(first: 10, municipality: "GM0363", trade: bicycles)', 1),
            ("dealers(first: 10, state: [ceased])", 0),
            ("presentations(first: 10, state: [presented])", 5),
            ("presentations(first: 10, state: [erased])", 0),
        ],
    )
    def test_they_narrow(self, served: Served, root: str, count: int) -> None:
        assert len(served.nodes(root)) == count


@pytest.fixture(scope="module")
def many(server: EmbeddedPostgres) -> Iterator[Archive]:
    """Thirty dealers, and thirty hits at one of them."""
    with make_archive(server) as archive:
        take_in(archive, a_dealer(), *(a_dealer(key=f"shop-{n}") for n in range(29)))
        take_in(archive, *(record for n in range(30) for record in pair(n)))
        yield archive


class TestStatements:
    """A page costs a bounded number of statements, however large it is."""

    @pytest.mark.parametrize(
        ("root", "most"),
        [("hits", 8), ("purchases", 7), ("stolenItems", 4), ("dealers", 5), ("presentations", 4)],
    )
    def test_of_every_list(self, many: Archive, root: str, most: int) -> None:
        one, thirty = (
            statements(many, f"{{ {root}(first: {n}) {{ nodes {{ {WHOLE[root]} }} }} }}")
            for n in (1, 30)
        )

        assert one == thirty <= most

    def test_of_all_lists_at_once_over_one_snapshot(self, many: Archive) -> None:
        query = " ".join(f"{root}(first: 5) {{ nodes {{ id }} }}" for root in WHOLE)

        assert statements(many, f"{{ {query} }}") <= 2 + 2 * len(WHOLE)


def statements(archive: Archive, query: str) -> int:
    """How many statements a question takes, the two that open its snapshot included."""

    async def run() -> int:
        desk = open_desk(archive)
        viewer = Viewer(subject="dev:x", role=Role.TEAM_LEADER, unit="amsterdam")
        async with desk.pool, Inquiry(desk, Returned()) as inquiry:
            reading = under(viewer, "case:1", "wpg:8")
            context = Context(desk, reading, Question(query, {}, "graphql"), inquiry)
            operation = OPERATIONS.prepare(Asked(query=query))
            result = await operation.execute(SCHEMA, context)
            assert result.errors is None, result.errors
            return inquiry.statements

    return asyncio.run(run())
