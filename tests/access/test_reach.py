"""Whose records who sees: of another controller none, but for what was made available, brought into
a case or granted.

`reach.csv` is reviewed by people and knows nothing of the policy. Each row asks one list and tells
the handling codes of what is in it, by who answers for it; `?` is told to exist and withheld.
"""

import csv
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest

from herkomst.domain import ids
from herkomst.domain.casework.case import Case
from herkomst.domain.events import EventData
from herkomst.investigations.exports import export_lines
from herkomst.record.archive import Archive
from herkomst.record.casework import CaseOpened, Opening, Seal
from herkomst.record.postgres import EmbeddedPostgres
from tests.archives import TILL, a_dealer, make_archive
from tests.serving import Served, follow, pair, serving, take_in

ROWS = list(csv.DictReader((Path(__file__).parent / "reach.csv").read_text("utf-8").splitlines()))
REPORTERS = {"politie": "politie", "kmar": "kmar", "vbv": "private", "toronto": "private"}
"""Sources, and who answers for their reports as the table names it."""
CODES = ("open", "confidential", "closed")
OTHERS = ("politie", "kmar", "private", "dealer", "gemeente")
SHOWN = {
    "stolenItems": "id source handling",
    "hits": "id stolen { __typename ... on StolenItem { source handling } "
    "... on Withheld { reason contact } }",
    "purchases": "id source",
    "dealers": "id source",
}
KEEPER = {"purchases": "dealer", "dealers": "gemeente"}
LEAD, INVESTIGATOR = "dev:team_leader@amsterdam", "dev:financial_investigator@fiod"
FIOD = {"role": "financial_investigator", "unit": "fiod"}


def item(source: str, code: str) -> UUID:
    return ids.stolen_item_id(source, f"{source}-{code}")


def hit(source: str, code: str) -> UUID:
    number = list(REPORTERS).index(source) * len(CODES) + CODES.index(code)
    return ids.pair_id(ids.purchase_id(TILL, f"purchase-{number}"), 1, item(source, code))


def reports() -> Iterator[Any]:
    """Goods that were sold and reported to every source under every code, so each makes a hit."""
    combined = [(source, code) for source in REPORTERS for code in CODES]
    for number, (source, code) in enumerate(combined):
        bought, stolen = pair(number, code)
        key = f"{source}-{code}"
        yield bought
        yield msgspec.structs.replace(stolen, source=source, key=key, report=None)


@pytest.fixture(scope="module")
def world(server: EmbeddedPostgres) -> Iterator[Archive]:
    with make_archive(server) as archive:
        take_in(archive, a_dealer(), *reports())
        yield archive


@pytest.fixture(scope="module")
def served(world: Archive, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(world, tmp_path_factory.mktemp("home")) as served:
        yield served


def asked(served: Served, question: str, first: int, **who: str) -> list[Any] | None:
    """The nodes of all pages of a list, which are as many as are counted; None when refused."""
    nodes: list[Any] = []
    after: str | None = None
    while True:
        text = f"query ($a: String) {{ {question}(first: {first}, after: $a) {{ totalCount "
        text += "refused { __typename } pageInfo { hasNextPage endCursor } "
        text += f"nodes {{ {SHOWN[question]} }} }} }}"
        told = served.told(text, {"a": after}, **who)[question]
        if told["refused"]:
            return None
        nodes += told["nodes"]
        if not told["pageInfo"]["hasNextPage"]:
            assert told["totalCount"] == len(nodes)
            return nodes
        after = told["pageInfo"]["endCursor"]


def standing(question: str, node: Any) -> tuple[str, str]:
    """Who answers for what a node shows, and its code."""
    if question in KEEPER:
        return KEEPER[question], "open"
    good = node["stolen"] if question == "hits" else node
    if good.get("__typename") == "Withheld":
        return REPORTERS[good["contact"]], good["reason"].removeprefix("handling_") + "?"
    return REPORTERS[good["source"]], good["handling"]


@pytest.mark.parametrize(
    "row", ROWS, ids=[f"{r['question']} {r['role']} {r['unit']} {r['ground']}" for r in ROWS]
)
@pytest.mark.parametrize("first", [2, 100])
def test_whose_records_are_told_is_what_the_table_says(
    served: Served, row: dict[str, str], first: int
) -> None:
    who = {name: row[name] for name in ("role", "unit", "purpose", "ground")}

    nodes = asked(served, row["question"], first, **who)

    told = {name: set(row[name].split()) for name in OTHERS}
    if nodes is None:
        assert set().union(*told.values()) == {"refused"}
        return
    seen = {standing(row["question"], node) for node in nodes}
    assert seen == {(name, code) for name, codes in told.items() for code in codes}


class TestWhatIsOfAnother:
    """Somebody of the FIOD, and what is of the police."""

    @pytest.mark.parametrize("source", ["politie", "kmar"])
    @pytest.mark.parametrize("code", CODES)
    def test_is_answered_as_what_does_not_exist(
        self, served: Served, source: str, code: str
    ) -> None:
        nobody = UUID(int=1)
        text = """query ($i: ID!) { hit(id: $i) { __typename } node(id: $i) { id }
            stolenItem(id: $i) { __typename }
            trail(of: $i, first: 3) { totalCount nodes { topic } refused { __typename } } }"""
        for there in (item(source, code), hit(source, code)):
            assert served.told(text, {"i": str(there)}, **FIOD) == served.told(
                text, {"i": str(nobody)}, **FIOD
            )

    def test_cannot_be_asked_for_or_decided_on(self, served: Served) -> None:
        asks = 'mutation ($i: ID!) { requestAccess(of: $i, why: "Dat is nodig") { __typename } }'
        decides = "mutation ($i: ID!) { confirmHit(id: $i) { __typename } }"
        there, nobody = str(hit("politie", "open")), str(UUID(int=1))
        assert served.told(asks, {"i": there}, **FIOD) == served.told(asks, {"i": nobody}, **FIOD)
        officer = {"role": "authorised_officer", "unit": "fiod"}
        assert served.told(decides, {"i": there}, **officer) == served.told(
            decides, {"i": nobody}, **officer
        )

    def test_is_not_told_by_what_narrows_a_list(self, served: Served) -> None:
        for narrowed in ("state: [found]", "grade: [full_hit, hit]"):
            text = f"{{ hits(first: 1, {narrowed}) {{ totalCount pageInfo {{ endCursor }} }} }}"
            assert served.told(text, None, **FIOD)["hits"] == {
                "totalCount": 0,
                "pageInfo": {"endCursor": None},
            }

    def test_is_not_told_by_an_emergency(self, served: Served) -> None:
        breaks = """mutation { breakGlass(emergency: life, why: "Er is spoed bij, en geen tijd.",
            hours: 1) { __typename } }"""
        assert served.told(breaks, None, **FIOD)["breakGlass"]["__typename"] != "NotPermitted"
        glass = {**FIOD, "purpose": "duty:break_glass"}

        assert asked(served, "hits", 100, **glass) == []
        items = asked(served, "stolenItems", 100, **glass)
        assert {REPORTERS[node["source"]] for node in items or ()} == {"private"}

    def test_stands_in_the_trail_of_what_he_reads_for_nobody_of_the_fiod(
        self, served: Served, world: Archive
    ) -> None:
        """The purchase has a hit, which the police found and looked at."""
        purchase = str(ids.purchase_id(TILL, "purchase-0"))
        served.told("query ($i: ID!) { purchase(id: $i) { __typename } }", {"i": purchase})
        follow(world)
        text = """query ($i: ID!) { trail(of: $i, first: 100) { totalCount
            nodes { topic actor } } }"""
        officer = {"role": "authorised_officer", "unit": "fiod"}

        police = served.told(text, {"i": purchase}, role="authorised_officer")["trail"]
        fiod = served.told(text, {"i": purchase}, **officer)["trail"]

        detective = "user:dev:district_detective@amsterdam"
        assert detective in {node["actor"] for node in police["nodes"]}
        assert "casework.hit.found" in {node["topic"] for node in police["nodes"]}
        own = {f"user:dev:{role}@fiod" for role in ("financial_investigator", "authorised_officer")}
        assert {node["actor"] for node in fiod["nodes"]} <= {"source:kassa", *own}
        assert not [n for n in fiod["nodes"] if n["topic"].startswith("casework")]
        assert fiod["totalCount"] == len(fiod["nodes"])


@pytest.fixture(scope="module")
def case(world: Archive) -> CaseOpened:
    """Of the police, with somebody of the FIOD in it and a report of the KMar."""
    opening = Opening(title="Rijwielen", lead=LEAD, unit="amsterdam", article="wpg:8")
    case = world.casework.open_case(opening, actor=f"user:{LEAD}")
    act = partial(world.casework.in_case, case.id, actor=f"user:{LEAD}")
    now = datetime.now(UTC)
    act(lambda c, _: c.join(INVESTIGATOR, "investigator", now, now + timedelta(1), now))
    act(partial(_add, hit("kmar", "confidential")))
    follow(world)
    return case


class TestWhatWasProvided:
    def test_is_seen_in_that_case_and_nothing_beside_it(
        self, served: Served, case: CaseOpened
    ) -> None:
        there = {**FIOD, "purpose": f"case:{case.number}"}

        nodes = asked(served, "hits", 100, **there)

        assert [node["id"] for node in nodes or ()] == [str(hit("kmar", "confidential"))]
        assert asked(served, "hits", 100, **FIOD) == []

    def test_is_seen_of_the_other_by_its_own_officer_there_too(
        self, served: Served, case: CaseOpened
    ) -> None:
        """The police do not see what the KMar keeps secret, but where it was brought in."""
        officer = {"role": "team_leader", "purpose": f"case:{case.number}"}
        text = "query ($i: ID!) { stolenItem(id: $i) { ... on StolenItem { source } } }"
        values = {"i": str(item("kmar", "confidential"))}

        assert served.told(text, values, **officer)["stolenItem"] == {"source": "kmar"}
        outside = served.told(text, values, role="team_leader")["stolenItem"]
        assert outside is None or "source" not in outside


def _add(found: UUID, case: Case, seal: Seal) -> EventData:
    return case.add("hit", found.hex, seal("Gezien."))


class TestWhoAnswers:
    def test_is_who_the_unit_belongs_to_for_a_case_that_it_opens(
        self, served: Served, world: Archive
    ) -> None:
        opens = 'mutation { openCase(title: "Goud") { ... on CaseOpened { id } } }'
        opened = served.told(opens, None, **FIOD)["openCase"]
        follow(world)

        text = "query ($i: ID!) { case(id: $i) { ... on Case { controller unit } } }"
        told = served.told(text, {"i": opened["id"]}, **FIOD)["case"]

        assert told == {"controller": "fiod", "unit": "fiod"}

    def test_an_export_by_who_runs_the_system_is_of_each(self, world: Archive) -> None:
        lines = export_lines(world, "hits", purpose="duty:front_desk", ground="wpg:8")

        told = {msgspec.json.decode(line)["stolen"]["source"] for line in lines}

        assert told == set(REPORTERS)
