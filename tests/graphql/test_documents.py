"""Trusted documents: whose they are, what they cost, and how many statements each takes."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest
from graphql import NonNullTypeNode, parse

from herkomst.domain import ids
from herkomst.domain.casework.case import Case, ItemKind
from herkomst.domain.casework.hit import Hit
from herkomst.domain.casework.predicates import SavedSearch
from herkomst.domain.events import EventData
from herkomst.graphql.documents import (
    Document,
    DocumentInvalid,
    Documents,
    UnknownDocument,
    check,
    read_documents,
)
from herkomst.graphql.limits import COST, TRUSTED_COST, Reader
from herkomst.graphql.operations import Asked, OperationRefused, Operations
from herkomst.graphql.schema import make_schema
from herkomst.record.archive import Archive
from herkomst.record.casework import Opening, Seal
from herkomst.record.postgres import EmbeddedPostgres
from tests import alerts, authorising
from tests.archives import POLICE, TILL, a_dealer, a_purchase, make_archive
from tests.graphql.counting import counted
from tests.sequels import follow_up
from tests.serving import Served, follow, journal, pair, serving, take_in
from tests.staffing import a_read, an_officer, rehearse, tell

SCHEMA = make_schema()
DOCUMENTS = read_documents(SCHEMA.core)
NAMES = [document.name for document in DOCUMENTS]
TABLE = Path(__file__).parents[1] / "golden" / "documents.txt"
PEOPLE = {
    "Detective": {"role": "district_detective", "ground": "wpg:8"},
    "Financial": {"role": "financial_investigator", "ground": "wpg:9"},
    "Prosecutor": {"role": "prosecutor", "ground": "wjsg:39b"},
    "Reviewer": {"role": "access_reviewer", "ground": "wpg:32a"},
}
"""As whom the documents of each are asked."""
WHO_MAY = {
    "role": "team_leader",
    "ground": "wpg:8",
    "purpose": "duty:acceptance",
    "Herkomst_Reason": "De eigenaar wees de verkoper aan.",
}
"""Who is shown what every document asks for, so that all of its statements are sent."""
WHO_REVIEWS = {"role": "access_reviewer", "ground": "wpg:32a", "purpose": "duty:review"}
OF_AUTHORISATIONS = {"role": "auditor", "ground": "wpg:6", "purpose": "duty:authorisation"}
LEADER = "dev:team_leader@amsterdam"
MOST = 8
SIZES = (1, 10, 100)
MANY = 104
DAY = datetime.now(UTC).date()


@pytest.fixture(scope="module")
def world(server: EmbeddedPostgres) -> Iterator[Archive]:
    """More hits and shops than a page has, and a case with more in it; some of it withheld."""
    with make_archive(server) as archive:
        take_in(archive, a_dealer(), *(a_dealer(key=f"dealer-{n}") for n in range(2, MANY)))
        codes = ("open", "open", "open", "consent", "closed")
        take_in(archive, *(r for n in range(MANY) for r in pair(n, codes[n % 5])))
        pawned = (a_purchase(key=f"pawned-{n}", mode="pawned", seller=None) for n in range(MANY))
        take_in(archive, *pawned)
        confirm(archive)
        case = open_case(archive)
        fill(archive, case)
        set_alerts(archive, case)
        authorise(archive)
        tell(archive, an_officer())
        rehearse(archive, *(a_read(f"R-{n}") for n in range(MANY)))
        follow(archive)
        yield archive


def authorise(archive: Archive) -> None:
    for n in range(MANY):
        authorising.authorise(archive, f"subject-{n}", "hic_team", "utrecht")


def open_case(archive: Archive) -> Any:
    opening = Opening(title="Rijwiel", lead=LEADER, unit="amsterdam", article="wpg:8")
    for _ in range(MANY):
        opened = archive.casework.open_case(opening, actor=f"user:{LEADER}")
    return opened.id


def set_alerts(archive: Archive, case: Any) -> None:
    """More alerts than a page has, and as many sightings."""
    wanted = [SavedSearch(kinds=("bicycle",))] * MANY
    for n, alert in enumerate(alerts.active(archive, case, wanted)):
        alerts.fire(archive, case, alert, ids.purchase_id(TILL, f"purchase-{n}"))


def confirm(archive: Archive) -> None:
    for n in range(MANY):
        purchase = ids.purchase_id(TILL, f"purchase-{n}")
        hit = ids.pair_id(purchase, 1, ids.stolen_item_id(POLICE, f"stolen-{n}"))
        archive.casework.decide(hit, Hit.confirm, actor=f"user:{LEADER}", ground="wpg:8")
        follow_up(archive, hit)


def fill(archive: Archive, case: Any) -> None:
    """Purchases, stolen items and notes, more than a page of each."""
    act = partial(archive.casework.in_case, case, actor=f"user:{LEADER}")
    for n in range(MANY // 2):
        purchase = ids.purchase_id(TILL, f"purchase-{n}").hex
        item = ids.stolen_item_id(POLICE, f"stolen-{n}").hex
        act(partial(_add, "purchase", purchase))
        act(partial(_add, "stolen_item", item))
        act(lambda c, seal: c.note("fact", seal("Gezien."), None))
        act(lambda c, seal: c.note("opinion", seal("Een reeks?"), None))


def _add(kind: ItemKind, item: str, case: Case, seal: Seal) -> EventData:
    return case.add(kind, item, seal("Gezien."))


@pytest.fixture(scope="module")
def served(world: Archive, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(world, tmp_path_factory.mktemp("home")) as served:
        break_glass(served)
        yield served


def break_glass(served: Served) -> None:
    """One time, with something viewed behind it."""
    breaking = """mutation { breakGlass(emergency: life, why: "Kind vermist.", hours: 1)
        { __typename } }"""
    told = served.told(breaking, None, role="hic_team", ground="wpg:8")
    assert told["breakGlass"]["__typename"] == "GlassChanged"
    served.nodes("hits(first: 1)", role="hic_team", purpose="duty:break_glass")
    follow(served.archive)


@pytest.fixture(scope="module")
def values(served: Served) -> Mapping[str, Any]:
    """A value for each variable that a document needs, by its name."""
    (dealer,) = served.told(
        "query ($i: ID!) { dealer(id: $i) { ... on Dealer { id establishments { id } } } }",
        {"i": str(ids.dealer_id(TILL, "dealer-1"))},
        **WHO_MAY,
    ).values()
    (hit, *_) = served.nodes("hits(first: 1, grade: [full_hit])", **WHO_MAY)
    (case, *_) = served.nodes("cases(first: 1)", **WHO_MAY)
    (review, *_) = served.nodes("reviewQueue(first: 1)", **WHO_REVIEWS)
    purchase = str(ids.purchase_id(TILL, "purchase-1"))
    return {
        "hit": hit["id"],
        "purchase": purchase,
        "stolenItem": str(ids.stolen_item_id(POLICE, "stolen-1")),
        "record": purchase,
        "of": hit["id"],
        "dealer": dealer["id"],
        "establishment": dealer["establishments"][0]["id"],
        "case": case["id"],
        "recorded": str(DAY + timedelta(1)),
        "since": "2026-01-01",
        "until": str(DAY + timedelta(1)),
        "after": 0,
        "review": review["id"],
        "officer": "personeel:O-1",
        "viewed": 10,
        "words": "gazelle",
        "name": "Testa Voorbeeld",
    }


def needed(document: Document, values: Mapping[str, Any], first: int) -> dict[str, Any]:
    """The variables that a document cannot do without."""
    (operation,) = parse(document.text).definitions
    variables = operation.variable_definitions  # type: ignore[attr-defined]
    names = [
        v.variable.name.value
        for v in variables
        if isinstance(v.type, NonNullTypeNode) and v.default_value is None
    ]
    known = {**values, "first": first}
    if document.name.endswith("Dealers"):
        known["words"] = "winkel"  # What dealers are called, and goods are not.
    return {name: known[name] for name in names}


def ask(served: Served, document: Document, variables: dict[str, Any], **who: str) -> Any:
    return served.client.post(
        "/graphql",
        json={"documentId": document.id, "variables": variables},
        headers=served.headers(**who),
    )


def is_watched(name: str) -> bool:
    return name.endswith("Watched")


ASKED = [name for name in NAMES if not is_watched(name)]


class TestWhose:
    def test_each_of_the_four_has_six_at_least(self) -> None:
        for person in PEOPLE:
            assert sum(name.startswith(person) for name in ASKED) >= 6
        assert all(name.startswith(tuple(PEOPLE)) for name in NAMES)

    @pytest.mark.parametrize("name", ASKED)
    def test_it_is_answered_to_who_it_is_for(
        self, served: Served, values: Mapping[str, Any], name: str
    ) -> None:
        """What the policy does not allow him yet is told by its type, and is no error."""
        document = DOCUMENTS.named(name)
        (who,) = (PEOPLE[person] for person in PEOPLE if name.startswith(person))
        if name.startswith("Reviewer"):
            who = who_is_shown(name)

        variables = needed(document, values, 10)
        answer = ask(served, document, variables, **{"purpose": "duty:acceptance", **who})

        assert answer.status_code == 200
        assert "errors" not in answer.json(), answer.text

    @pytest.mark.parametrize("name", ASKED)
    def test_it_refuses_by_its_type_who_may_not(
        self, served: Served, values: Mapping[str, Any], name: str
    ) -> None:
        document = DOCUMENTS.named(name)

        told = ask(served, document, needed(document, values, 10), role="municipal_clerk").json()

        assert "errors" not in told
        ((_, found),) = told["data"].items()
        assert found is None or "NotPermitted" in (
            found.get("__typename"),
            (found.get("refused") or {}).get("__typename"),
        )


class TestStatements:
    @pytest.mark.parametrize("name", ASKED)
    def test_they_are_few_and_as_many_for_every_size_of_page(
        self, served: Served, values: Mapping[str, Any], name: str
    ) -> None:
        counts = {size: statements(served, values, name, size) for size in SIZES}

        assert len(set(counts.values())) == 1, counts
        assert counts[1] <= MOST

    def test_the_table_of_all_documents_is_as_it_was_looked_at(
        self, served: Served, values: Mapping[str, Any]
    ) -> None:
        table = "".join(row(served, values, name) for name in ASKED)

        assert TABLE.read_text("utf-8") == HEADING + table, f"{HEADING}{table}"


HEADING = f"{'document':<26}statements  cost at first: 100\n"


def row(served: Served, values: Mapping[str, Any], name: str) -> str:
    document = DOCUMENTS.named(name)
    variables = needed(document, values, 100)
    cost = ask(served, document, variables, **who_is_shown(name)).json()["extensions"]
    count = statements(served, values, name, 100)
    return f"{name:<26}{count:>10}  {cost['cost']['requested']:>18}\n"


def who_is_shown(name: str) -> dict[str, str]:
    """As whom a document is shown all that it asks for."""
    if name == "ReviewerAuthorisations":
        return OF_AUTHORISATIONS
    return WHO_REVIEWS if name.startswith("Reviewer") else WHO_MAY


def statements(served: Served, values: Mapping[str, Any], name: str, size: int) -> int:
    """How many statements a document takes for who is shown all that it asks for."""
    document = DOCUMENTS.named(name)
    variables = needed(document, values, size)
    with counted() as sent:
        told = ask(served, document, variables, **who_is_shown(name)).json()
    assert "errors" not in told
    encoded = msgspec.json.encode(told).decode()
    assert "NotPermitted" not in encoded
    assert "Unknown" not in encoded
    assert '"nodes":[]' not in encoded
    assert '"completions":[]' not in encoded
    return len(sent)


class TestAsking:
    def test_the_journal_names_it_by_its_hash(self, archive: Archive, tmp_path: Path) -> None:
        document = DOCUMENTS.named("DetectiveHits")
        take_in(archive, a_dealer(), *pair(1))

        with serving(archive, tmp_path) as served:
            ask(served, document, {"first": 1}, purpose="duty:acceptance")
            served.told(document.text, {"first": 1}, purpose="duty:acceptance")

        by_id, by_text = journal(archive)
        assert f"sha256:{by_id.document}" == document.id
        assert by_text.document == by_id.document

    @pytest.mark.parametrize("identity", ["", "x", "sha256:" + "0" * 64, "sha1:0"])
    def test_an_unknown_one_is_refused(self, served: Served, identity: str) -> None:
        body = {"documentId": identity}
        headers = served.headers() | {"Accept": "application/graphql-response+json"}

        answer = served.client.post("/graphql", json=body, headers=headers)

        assert answer.status_code == 400
        (error,) = answer.json()["errors"]
        assert error["extensions"]["code"] == "document_unknown"

    def test_it_is_asked_by_its_id_or_its_text_and_not_by_both(self, served: Served) -> None:
        body = {"documentId": DOCUMENTS.named("DetectiveHits").id, "query": "{ __typename }"}

        answer = served.client.post("/graphql", json=body, headers=served.headers())

        assert (answer.status_code, answer.json()["code"]) == (400, "request_invalid")

    def test_one_that_is_watched_is_watched_by_get_too(self, served: Served) -> None:
        document = DOCUMENTS.named("DetectiveHitsWatched")
        asked = {"documentId": document.id, "variables": '{"after": 0}'}
        headers = served.headers(purpose="duty:acceptance") | {"Accept": "text/event-stream"}

        with served.client.stream("GET", "/graphql", params=asked, headers=headers) as answer:
            lines = answer.iter_lines()
            assert next(line for line in lines if line.startswith("event")) == "event: next"

    def test_no_other_is_asked_in_a_url(self, served: Served) -> None:
        asked = {
            "documentId": DOCUMENTS.named("DetectiveHits").id,
            "variables": '{"first": 1}',
        }

        answer = served.client.get("/graphql", params=asked, headers=served.headers())

        assert (answer.status_code, answer.json()["code"]) == (405, "only_by_post")


class TestCost:
    DEAR = (
        "query Dear {"
        + "".join(
            f"a{each}: hits(first: 100) "
            "{ nodes { purchase { good { attributes { name } } } } }"
            for each in range(18)
        )
        + "}"
    )

    def test_it_may_cost_more_than_what_is_asked_freely(self) -> None:
        document = Document("Dear", self.DEAR)
        operations = Operations(SCHEMA, Documents({document.id: document}), introspection=False)

        operation = operations.prepare(Asked(document_id=document.id))
        with pytest.raises(OperationRefused):
            operations.prepare(Asked(query=self.DEAR))

        assert COST < operation.cost.requested <= operation.cost.maximum == TRUSTED_COST

    @pytest.mark.parametrize("name", NAMES)
    def test_every_document_may_be_asked_for_a_whole_page(self, name: str) -> None:
        operations = Operations(SCHEMA, DOCUMENTS, introspection=False)
        document = DOCUMENTS.named(name)
        anything: dict[str, Any] = dict.fromkeys(
            (
                "hit",
                "purchase",
                "stolenItem",
                "dealer",
                "establishment",
                "case",
                "review",
                "officer",
                "of",
                "words",
                "name",
            ),
            "x",
        )
        anything["viewed"] = 100
        days = dict.fromkeys(("recorded", "since", "until"), "2026-01-01")

        assert operations.prepare(
            Asked(document_id=document.id, variables=needed(document, anything | days, 100))
        )


class TestStart:
    @pytest.mark.parametrize(
        ("text", "told"),
        [
            ("{", "Syntax Error"),
            ("query Testa { nonsense }", "Cannot query field"),
            ("query Other { __typename }", "one operation of its own name"),
            ("{ __typename }", "one operation of its own name"),
            ("query Testa { __typename } query B { __typename }", "one operation"),
            ("query Testa { hits(first: 1000) { nodes { id } } }", "from 1 to 100"),
        ],
    )
    def test_one_that_cannot_be_asked_keeps_the_server_from_starting(
        self, text: str, told: str
    ) -> None:
        with pytest.raises(DocumentInvalid, match=told):
            check(Reader(SCHEMA.core, introspection=False), Document("Testa", text))

    def test_each_is_known_by_the_hash_of_its_file(self) -> None:
        document = DOCUMENTS.named("DetectiveHits")

        assert DOCUMENTS.text(document.id) == document.text
        with pytest.raises(UnknownDocument):
            DOCUMENTS.text(document.id.upper())
