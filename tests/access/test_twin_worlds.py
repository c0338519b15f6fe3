"""Two worlds that differ only in what a viewer may not know of answer him to the byte alike.

One world is asked everything; then what he may not know of is added to it, and it is asked again.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from graphql import parse

from herkomst.domain import ids
from herkomst.domain.casework.case import Case
from herkomst.domain.casework.hit import Hit
from herkomst.domain.casework.reveal import Revealed, Reveals
from herkomst.domain.events import EventData
from herkomst.domain.register.records import Record
from herkomst.graphql.documents import Document, read_documents
from herkomst.graphql.schema import make_schema
from herkomst.record.archive import Archive
from herkomst.record.casework import Opening, Seal, Standpoint
from herkomst.record.postgres import EmbeddedPostgres
from tests.archives import ACTOR, POLICE, TILL, a_dealer, a_stolen_item, make_archive
from tests.serving import Served, follow, pair, serving, take_in

DOCUMENTS = read_documents(make_schema().core)
QUERIES = [document for document in DOCUMENTS if document.text.lstrip().startswith("query")]
LEADER = "dev:team_leader@amsterdam"
VIEWERS = {
    "detective": {"role": "district_detective"},
    "team_leader": {"role": "team_leader"},
    "on his case": {"role": "team_leader", "purpose": "CASE"},
    "financial": {"role": "financial_investigator"},
    "prosecutor": {"role": "prosecutor", "ground": "wjsg:39b"},
    "controller": {"role": "boa_1", "ground": "sr:437", "purpose": "duty:control"},
    "reviewer": {"role": "access_reviewer"},
}
FREE = {
    "every hit": "{ hits(first: 100) { totalCount edges { cursor node { id grade } } } }",
    "hits by state": "{ hits(first: 100, state: [found]) { totalCount nodes { id } } }",
    "hits by grade": "{ hits(first: 100, grade: [full_hit]) { totalCount nodes { id } } }",
    "items by kind": '{ stolenItems(first: 100, kind: ["bicycle"]) { totalCount } }',
    "every purchase": "{ purchases(first: 100) { totalCount edges { cursor } } }",
    "every person": "{ presentations(first: 100) { totalCount nodes { id pseudonym identity "
    "{ ... on Withheld { reason canRequest } ... on Identity { familyName } } } } }",
    "every case": "{ cases(first: 100) { totalCount nodes { id number revised: openedAt } } }",
    "too dear": "{ a: hits(first: 100) { nodes { purchase { good { kind } } } } "
    "b: hits(first: 100) { nodes { purchase { good { attributes { name } } } } } }",
}
HIDDEN = [
    ids.stolen_item_id(POLICE, "hidden-1"),
    ids.pair_id(ids.purchase_id(TILL, "purchase-1"), 1, ids.stolen_item_id(POLICE, "hidden-1")),
]
"""Ids that anybody can work out of what he knows of; they name nothing for him."""


@pytest.fixture(scope="module")
def world(server: EmbeddedPostgres) -> Iterator[Archive]:
    with make_archive(server) as archive:
        take_in(archive, a_dealer())
        codes = ("open", "open", "consent", "confidential")
        take_in(archive, *(r for n in range(8) for r in pair(n, codes[n % 4])))
        opening = Opening(title="Rijwiel", lead=LEADER, unit="amsterdam", article="wpg:8")
        case = archive.casework.open_case(opening, actor=f"user:{LEADER}").id
        act = partial(archive.casework.in_case, case, actor=f"user:{LEADER}")
        act(partial(_add, ids.purchase_id(TILL, "purchase-1")))
        act(lambda c, seal: c.note("fact", seal("Gezien."), None))
        follow(archive)
        yield archive


def _add(purchase: UUID, case: Case, seal: Seal) -> EventData:
    return case.add("purchase", purchase.hex, seal("Gezien."))


@pytest.fixture(scope="module")
def served(world: Archive, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(world, tmp_path_factory.mktemp("home")) as served:
        yield served


def another_report(n: int, handling: Any = "closed", **more: Any) -> Record:
    """A report of the same good as that of a hit that everybody sees."""
    _, known = pair(n)
    return a_stolen_item(key=f"hidden-{n}", handling=handling, item=known.item, **more)  # type: ignore[union-attr]


def add_what_is_hidden(archive: Archive) -> None:
    """Reports that are closed, a hit of one decided on, cases of others, and what they reveal."""
    take_in(archive, *(another_report(n) for n in range(1, 5)))
    mistaken = another_report(1, status="withdrawn", withdrawn_reason="mistaken")
    archive.register.take_in([(1, mistaken)], actor=ACTOR)
    take_in(archive, a_stolen_item(key="hidden-alone", handling="closed"))
    hit = ids.pair_id(
        ids.purchase_id(TILL, "purchase-2"), 1, ids.stolen_item_id(POLICE, "hidden-2")
    )
    archive.casework.decide(hit, Hit.confirm, actor="user:x", ground="wpg:8")
    for unit, handling in (("utrecht", "open"), ("amsterdam", "closed")):
        opening = Opening("Elders", "dev:elsewhere", unit, "wpg:9", handling=handling)
        case = archive.casework.open_case(opening, actor="user:elsewhere").id
        act = partial(archive.casework.in_case, case, actor="user:elsewhere")
        act(partial(_add, ids.purchase_id(TILL, "purchase-1")))
        act(lambda c, seal: c.name(_person().hex, "suspect", "wpg:9", seal("Gezien.")))
        act(lambda c, seal: c.note("opinion", seal("Een reeks?"), None))
    archive.casework.in_reveals(
        "elsewhere", _reveal, Standpoint("user:elsewhere", "wpg:9", "utrecht")
    )
    follow(archive)


def _person() -> UUID:
    return ids.presentation_id(ids.purchase_id(TILL, "purchase-1"))


def _reveal(_: Reveals, seal: Seal) -> Revealed:
    return Revealed(
        basis="hit",
        by="elsewhere",
        presentation=_person().hex,
        purpose="duty:front_desk",
        why=seal("Nodig."),
    )


class Asker:
    """Asks everything that there is to ask, as one viewer."""

    def __init__(self, served: Served, who: Mapping[str, str], values: Mapping[str, Any]) -> None:
        self._served, self._values = served, values
        purpose = who.get("purpose", "duty:acceptance").replace("CASE", f"case:{values['number']}")
        self._headers = served.headers(**{**who, "purpose": purpose})

    def answers(self) -> dict[str, bytes]:
        """Every answer, by what was asked."""
        told: dict[str, bytes] = {}
        for document in QUERIES:
            for first in (1, 3, 100):
                told |= dict(self._pages(document, first))
        for name, query in FREE.items():
            told[name] = self._ask({"query": query})
        for identity in HIDDEN:
            told |= dict(self._by_id(identity))
        return told

    def _pages(self, document: Document, first: int) -> Iterator[tuple[str, bytes]]:
        """A document with each of its pages."""
        after: str | None = None
        for page in range(20):
            variables = self._variables(document, first) | ({"after": after} if after else {})
            body = {"documentId": document.id, "variables": variables}
            answer = self._ask(body)
            yield f"{document.name} {first} {page}", answer
            after = _end_cursor(answer) if "$after" in document.text else None
            if after is None:
                return

    def _variables(self, document: Document, first: int) -> dict[str, Any]:
        (operation,) = parse(document.text).definitions
        names = [v.variable.name.value for v in operation.variable_definitions]  # type: ignore[attr-defined]
        known = {**self._values, "first": first}
        return {name: known[name] for name in names if name in known}

    def _by_id(self, identity: UUID) -> Iterator[tuple[str, bytes]]:
        for question in ("node(id: $i) { id }", "hit(id: $i) { __typename }"):
            query = f"query ($i: ID!) {{ {question} }}"
            yield (
                f"{question} {identity}",
                self._ask({"query": query, "variables": {"i": str(identity)}}),
            )

    def _ask(self, body: Mapping[str, Any]) -> bytes:
        answer = self._served.client.post("/graphql", json=body, headers=self._headers)
        return b"%d %b" % (answer.status_code, _without_trace(answer.content))


def _without_trace(content: bytes) -> bytes:
    assert b'"trace"' not in content, content  # Nothing may fail in a way that is logged.
    return content


def _end_cursor(answer: bytes) -> str | None:
    """Where a page ends that is followed by another."""
    _, more, _rest = answer.partition(b'"hasNextPage":true')
    if not more:
        return None
    _, found, cursor = answer.partition(b'"endCursor":"')
    return cursor.partition(b'"')[0].decode() if found else None


@pytest.fixture(scope="module")
def values(served: Served) -> Mapping[str, Any]:
    who = VIEWERS["team_leader"]
    dealer = str(ids.dealer_id(TILL, "dealer-1"))
    told = served.told(
        "query ($i: ID!) { dealer(id: $i) { ... on Dealer { establishments { id } } } }",
        {"i": dealer},
        **who,
    )
    (hit, *_) = served.nodes("hits(first: 1, grade: [full_hit])", **who)
    (case,) = served.nodes("cases(first: 1)", "id number", **who)
    tomorrow = str(datetime.now(UTC).date() + timedelta(1))
    return {
        "hit": hit["id"],
        "purchase": str(ids.purchase_id(TILL, "purchase-1")),
        "stolenItem": str(ids.stolen_item_id(POLICE, "stolen-1")),
        "record": str(_person()),
        "of": str(ids.purchase_id(TILL, "purchase-1")),
        # Reads are told too, and asking is one: `tests/investigations/test_trail.py` has those.
        "kinds": ["purchase", "presentation", "stolen_item", "hit", "case", "reveal"],
        "dealer": dealer,
        "establishment": told["dealer"]["establishments"][0]["id"],
        "case": case["id"],
        "number": case["number"],
        "recorded": tomorrow,
        "since": str(date(2026, 1, 1)),
        "until": tomorrow,
    }


def test_what_a_viewer_may_not_know_of_changes_no_byte_of_any_answer(
    world: Archive, served: Served, values: Mapping[str, Any]
) -> None:
    askers = {name: Asker(served, who, values) for name, who in VIEWERS.items()}
    before = {name: asker.answers() for name, asker in askers.items()}
    officer = Asker(served, {"role": "authorised_officer"}, values)
    seen_before = officer.answers()

    add_what_is_hidden(world)

    for name, asker in askers.items():
        after = asker.answers()
        for asked, answer in after.items():
            assert answer == before[name][asked], f"{name} learns of it by {asked}"
        assert after.keys() == before[name].keys()
    # And it is there: who may know of it sees it.
    assert officer.answers()["every hit"] != seen_before["every hit"]
