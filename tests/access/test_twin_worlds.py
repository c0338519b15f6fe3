"""Two worlds that differ only in what a viewer may not know of answer him to the byte alike.

One world is asked everything, by every way in; then what he may not know of is added to it, and it
is asked again. Of a clock and of the journal, which counts what was asked, only the step is told.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest
from graphql import parse
from msgspec.structs import replace
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from herkomst.access.policy import Action, allows, duties, grounds
from herkomst.access.viewer import Role, Viewer
from herkomst.domain import ids
from herkomst.domain.casework.case import Case
from herkomst.domain.casework.hit import Hit
from herkomst.domain.casework.predicates import SavedSearch
from herkomst.domain.casework.reveal import Revealed, Reveals
from herkomst.domain.events import EventData
from herkomst.domain.register.records import Record
from herkomst.graphql import streams
from herkomst.graphql.documents import Document, read_documents
from herkomst.graphql.schema import make_schema
from herkomst.investigations.exports import export_lines
from herkomst.record.archive import Archive
from herkomst.record.casework import Opening, Seal, Standpoint
from herkomst.record.postgres import EmbeddedPostgres
from tests import alerts, muting
from tests.archives import ACTOR, POLICE, TILL, a_dealer, a_stolen_item, make_archive
from tests.projections.following import rows
from tests.readings import under
from tests.sequels import follow_up
from tests.serving import Served, follow, pair, serving, take_in

DOCUMENTS = read_documents(make_schema().core)
QUERIES = [document for document in DOCUMENTS if not document.name.endswith("Watched")]
WATCHED = {
    "hits": next(d.text for d in DOCUMENTS if d.name == "DetectiveHitsWatched"),
    "every field of a hit": """subscription ($after: ID) { hits(after: $after) { id revision grade
        state foundAt stolen { __typename ... on Withheld { reason contact canRequest } }
        purchase { key registerNumber } } }""",
    "sightings": """subscription ($after: ID) { sightings(after: $after) { id caseNumber firings
        fired { purchaseId } state } }""",
    "cases": "subscription ($after: ID) { cases(after: $after) { id number title state } }",
}
FLOOD = 26
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
KEEPERS = {
    name: {"role": name, "unit": TILL, "ground": "sr:437", "purpose": "duty:own_register"}
    for name in ("dealer", "depot")
}
OFFICER = {"role": "authorised_officer"}
OF_THE_FIOD = {
    "financial of the FIOD": {"role": "financial_investigator", "unit": "fiod"},
    "officer of the FIOD": {**OFFICER, "unit": "fiod"},
}
FREE = {
    "every hit": "{ hits(first: 100) { totalCount edges { cursor node { id grade } } } }",
    "hits by state": "{ hits(first: 100, state: [found]) { totalCount nodes { id } } }",
    "hits by grade": "{ hits(first: 100, grade: [full_hit]) { totalCount nodes { id } } }",
    "items by kind": '{ stolenItems(first: 100, kind: ["bicycle"]) { totalCount } }',
    "every purchase": "{ purchases(first: 100) { totalCount edges { cursor } } }",
    "every person": "{ presentations(first: 100) { totalCount nodes { id pseudonym identity "
    "{ ... on Withheld { reason canRequest } ... on Identity { familyName } } } } }",
    "every request": "{ accessRequests(first: 100) { totalCount nodes { id recordId state } } }",
    "every match": "{ matchesOnMine(first: 100) { totalCount nodes { id } refused { __typename } "
    "} }",
    "every measure": "{ measures(first: 100) { totalCount nodes { id kind state until } refused "
    "{ __typename } } }",
    "every signal": "{ signalsToAnswer(first: 100) { totalCount nodes { id } } }",
    "every notice": "{ notices(first: 100) { totalCount nodes { id } refused { __typename } } }",
    **{
        f"{root} of {words}": f"{{ {root}(words: {json.dumps(words)}, first: 100, order: {order}) "
        "{ totalCount exact facets { field values { value count } } edges { cursor } "
        "nodes { highlights { field start end } } } }"
        for root in ("searchGoods", "searchStolenItems", "searchDealers")
        for words, order in (
            ("", "newest"),
            ("gazele~ -sparta", "relevance"),
            ("gaz*", "oldest"),
            ("GZ47110001", "relevance"),
            ("gazelle*orange", "relevance"),
            ("f*", "relevance"),
        )
    },
    "what goods bear": '{ goodsCompletions(words: "ga") { completions { text count } } }',
    "what stolen goods bear": '{ stolenItemCompletions(words: "ga") '
    "{ completions { text count } } }",
    "what dealers are called": '{ dealerCompletions(words: "wi") { completions { text count } } }',
    "every alert": "{ alerts(first: 100) { totalCount nodes { id caseNumber figures { firings hits "
    "confirmed rejected sightings summary } expected { hits } } refused { __typename } } }",
    "every sighting": "{ sightings(first: 100) { totalCount nodes { id state fired { purchaseId } "
    "} } }",
    "what would have fired": '{ goodsDryRun(kind: ["bicycle"]) { ... on AlertDryRun { firings '
    "subjects persons purchases hits confirmed rejected summary } } }",
    **{
        f"persons named {name}": f"{{ searchPersons(name: {json.dumps(name)}, first: 50) "
        "{ refused { __typename } totalCount edges { cursor } nodes { likeness unmet "
        "met { asked how } presentation { id pseudonym identity { __typename } } } } }"
        for name in ("Testa Voorbeeld", "t. vorbeelt", "Wilhelmina Geheimstra")
    },
    **{
        f"what is like {key}": f'{{ suggestions(stolenItem: "{ids.stolen_item_id(POLICE, key)}", '
        "first: 100) { nodes { id score time reasons { code weight purchase stolen } against "
        "{ code weight } } refused { __typename } } }"
        for key in ("stolen-0", "stolen-2", "hidden-8", "hidden-alone", "nothing")
    },
    **{
        f"what {key} is like": "{ suggestionsOfPurchase(purchase: "
        f'"{ids.purchase_id(TILL, key)}", line: 1, first: 100) '
        "{ nodes { id score reasons { code weight } } refused { __typename } } }"
        for key in ("purchase-0", "purchase-8")
    },
    "every mute": "{ mutedNumbers(first: 100) { totalCount edges { cursor node { id kind number "
    "state why withheld } } refused { __typename } } }",
    "every case": "{ cases(first: 100) { totalCount nodes { id number revised: openedAt } } }",
    "too dear": "{ a: hits(first: 100) { nodes { purchase { good { kind } } } } "
    "b: hits(first: 100) { nodes { purchase { good { attributes { name } } } } } }",
}
HIDDEN = [
    ids.stolen_item_id(POLICE, "hidden-1"),
    ids.pair_id(ids.purchase_id(TILL, "purchase-1"), 1, ids.stolen_item_id(POLICE, "hidden-1")),
]
"""Ids that anybody can work out of what he knows of; they name nothing for him."""


@pytest.fixture
def world(server: EmbeddedPostgres) -> Iterator[Archive]:
    with make_archive(server) as archive:
        take_in(archive, a_dealer())
        codes = ("open", "open", "consent", "confidential")
        take_in(archive, *(r for n in range(8) for r in pair(n, codes[n % 4])))
        take_in(archive, pair(8)[0])  # Nothing is reported of it that may be known of.
        opening = Opening(title="Rijwiel", lead=LEADER, unit="amsterdam", article="wpg:8")
        case = archive.casework.open_case(opening, actor=f"user:{LEADER}").id
        act = partial(archive.casework.in_case, case, actor=f"user:{LEADER}")
        act(partial(_add, ids.purchase_id(TILL, "purchase-1")))
        act(lambda c, seal: c.note("fact", seal("Gezien."), None))
        # On a good of which nothing is known, and on one with a hit that is not told of.
        (alert,) = alerts.active(archive, case, [SavedSearch(kinds=("bicycle",))])
        for n in (1, 8):
            alerts.fire(archive, case, alert, ids.purchase_id(TILL, f"purchase-{n}"))
        follow(archive)
        mute(archive, 0)
        mute(archive, 4)  # On whose number a report that is closed will stand.
        follow(archive)
        yield archive


def mute(archive: Archive, n: int, stolen: str | None = None, *, closed: bool = False) -> None:
    """Mute the number of a good, by the hit of a report of it."""
    purchase = ids.purchase_id(TILL, f"purchase-{n}")
    hit = ids.pair_id(purchase, 1, ids.stolen_item_id(POLICE, stolen or f"stolen-{n}"))
    (key,) = {row["key"] for row in rows(archive, "match_keys") if row["item"] == purchase}
    muting.mute(archive, key, hit=hit, closed=closed)


def _add(purchase: UUID, case: Case, seal: Seal) -> EventData:
    return case.add("purchase", purchase.hex, seal("Gezien."))


@pytest.fixture
def served(world: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    monkeypatch.setattr(streams, "POLL", 0.01)
    monkeypatch.setattr(streams, "HEARTBEAT", 0.05)
    with serving(world, tmp_path) as served:
        yield served


def another_report(n: int, handling: Any = "closed", **more: Any) -> Record:
    """A report of the same good as that of a hit that everybody sees."""
    _, known = pair(n)
    return a_stolen_item(key=f"hidden-{n}", handling=handling, item=known.item, **more)  # type: ignore[union-attr]


def add_what_is_hidden(archive: Archive) -> None:
    """Reports that are closed, a hit of one decided on, cases of others, and what they reveal."""
    take_in(archive, *(another_report(n) for n in (1, 2, 3, 4, 8)))
    follow(archive)
    mute(archive, 2, "hidden-2", closed=True)
    take_in(archive, replace(another_report(2), key="hidden-and-muted"))
    mistaken = another_report(1, status="withdrawn", withdrawn_reason="mistaken")
    archive.register.take_in([(1, mistaken)], actor=ACTOR)
    take_in(archive, a_stolen_item(key="hidden-alone", handling="closed"))
    flood = [replace(another_report(5), key=f"flood-{n}") for n in range(FLOOD)]
    take_in(archive, *flood)
    hit = ids.pair_id(
        ids.purchase_id(TILL, "purchase-2"), 1, ids.stolen_item_id(POLICE, "hidden-2")
    )
    archive.casework.decide(hit, Hit.confirm, actor="user:x", ground="wpg:8")
    follow_up(archive, hit)
    for unit, handling in (("utrecht", "open"), ("amsterdam", "closed")):
        opening = Opening("Elders", "dev:elsewhere", unit, "wpg:9", handling=handling)
        case = archive.casework.open_case(opening, actor="user:elsewhere").id
        act = partial(archive.casework.in_case, case, actor="user:elsewhere")
        act(partial(_add, ids.purchase_id(TILL, "purchase-1")))
        act(lambda c, seal: c.name(_person().hex, "suspect", "wpg:9", seal("Gezien.")))
        act(lambda c, seal: c.note("opinion", seal("Een reeks?"), None))
        (alert,) = alerts.active(archive, case, [SavedSearch(kinds=("bicycle",))])
        alerts.fire(archive, case, alert, ids.purchase_id(TILL, "purchase-1"))
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

    def __init__(
        self,
        served: Served,
        who: Mapping[str, str],
        values: Mapping[str, Any],
        sizes: Sequence[int],
    ) -> None:
        self._served, self._values, self._sizes = served, values, sizes
        purpose = who.get("purpose", "duty:acceptance").replace("CASE", f"case:{values['number']}")
        said = {"Herkomst_Reason": "De eigenaar wees de verkoper aan."}
        self._headers = served.headers(**{**said, **who, "purpose": purpose})

    def answers(self) -> dict[str, bytes]:
        """Every answer, by what was asked."""
        told: dict[str, bytes] = {}
        for document in QUERIES:
            for first in self._sizes:
                told |= dict(self._pages(document, first))
        for name, query in FREE.items():
            told[name] = self._ask({"query": query})
        for identity in HIDDEN:
            told |= dict(self._by_id(identity))
        for name, query in WATCHED.items():
            for after in (0, 3):
                told |= dict(self._watched(name, query, after))
        told |= {f"asked by socket {n}": answer for n, answer in enumerate(self._by_socket())}
        return told

    def every_hit(self) -> bytes:
        return self._ask({"query": FREE["every hit"]})

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
        before = _journaled(self._served.archive)
        answer = self._served.client.post("/graphql", json=body, headers=self._headers)
        told = {name: answer.headers[name] for name in answer.headers if name not in PASSING}
        if "herkomst-journal" in told:
            told["herkomst-journal"] = str(int(told["herkomst-journal"]) - before)
        return b"%d %r %b" % (answer.status_code, told, _without_trace(answer.content))

    def _watched(self, name: str, query: str, after: int) -> Iterator[tuple[str, bytes]]:
        """All that is pushed behind a revision, as events, and then over a websocket."""
        before = _journaled(self._served.archive)
        body = {"query": query, "variables": {"after": after}}
        headers = self._headers | {"Accept": "text/event-stream"}
        with self._served.client.stream("POST", "/graphql", json=body, headers=headers) as answer:
            pushed = _until_quiet(answer.iter_lines()) if answer.is_success else [answer.read()]
        yield f"{name} pushed behind {after}", _steps(b"\n".join(pushed), before)
        if answer.is_success:
            before = _journaled(self._served.archive)
            with self._socket() as socket:
                _say(socket, type="subscribe", id="1", payload=body)
                # A socket shows no sign of life, so as many are read as came before.
                heard = [_heard(socket) for line in pushed if line.startswith(b"data: ")]
            yield f"{name} over a socket behind {after}", _steps(b"\n".join(heard), before)

    def _by_socket(self) -> Iterator[bytes]:
        with self._socket() as socket:
            for query in FREE.values():
                before = _journaled(self._served.archive)
                _say(socket, type="subscribe", id="1", payload={"query": query})
                first = _heard(socket)
                yield _steps(first, before)
                if b'"type":"next"' in first:
                    assert b"complete" in _heard(socket)

    @contextmanager
    def _socket(self) -> Iterator[ClientConnection]:
        url = f"{self._served.url.replace('http', 'ws')}/graphql"
        with connect(url, proxy=None, subprotocols=[Subprotocol("graphql-transport-ws")]) as socket:
            _say(socket, type="connection_init", payload=self._headers)
            assert b"connection_ack" in _heard(socket)
            yield socket


PASSING = ("date", "traceparent", "herkomst-as-of")
"""Headers that tell of the clock and of the request; none of them counts what there is."""


def _until_quiet(lines: Iterator[str]) -> list[bytes]:
    """What is pushed between the first sign of life and the next."""
    pushed = []
    signs = 0
    for line in lines:
        signs += line == ":"
        if signs == 2:
            break
        pushed.append(line.encode())
    return pushed


def _say(socket: ClientConnection, **message: Any) -> None:
    socket.send(json.dumps(message))


def _heard(socket: ClientConnection) -> bytes:
    return str(socket.recv(20)).encode()


def _journaled(archive: Archive) -> int:
    """How much the journal holds."""
    with archive.database.connection() as connection:
        return archive.journal.recorder.reader.head(connection)


def _steps(told: bytes, before: int) -> bytes:
    """The same with how far the journal has come since."""
    return re.sub(
        rb'"journal":(\d+)', lambda found: b'"journal":+%d' % (int(found[1]) - before), told
    )


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


@pytest.fixture
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
        "kinds": [
            "purchase",
            "presentation",
            "stolen_item",
            "hit",
            "sequel",
            "case",
            "reveal",
            "match",
        ],
        "dealer": dealer,
        "establishment": told["dealer"]["establishments"][0]["id"],
        "case": case["id"],
        "number": case["number"],
        "recorded": tomorrow,
        "since": str(date(2026, 1, 1)),
        "until": tomorrow,
        "words": "gazelle",
        "name": "Testa van Voorbeeld",
    }


@pytest.mark.long
@pytest.mark.parametrize("sizes", [(3,), pytest.param((1, 3, 100), marks=pytest.mark.slow)])
def test_what_a_viewer_may_not_know_of_changes_no_byte_of_any_answer(
    world: Archive, served: Served, values: Mapping[str, Any], sizes: Sequence[int]
) -> None:
    askers = {name: Asker(served, who, values, sizes) for name, who in VIEWERS.items()}
    before = {name: asker.answers() for name, asker in askers.items()}
    officer = Asker(served, OFFICER, values, sizes)
    seen_before = officer.answers()
    known = hits_exported(world)
    follow(world)
    exported = exports(world)

    add_what_is_hidden(world)

    again = exports(world)
    assert {key: again[key] for key in exported} == exported
    assert hits_exported(world) != known  # The authorised officer may know of all.

    for name, asker in askers.items():
        is_told_alike(name, asker, before[name])
    # And it is there: who may know of it sees it.
    seen = officer.answers()
    assert seen["every hit"] != seen_before["every hit"]
    assert seen["persons named Testa Voorbeeld"] != seen_before["persons named Testa Voorbeeld"]
    pushed = "every field of a hit pushed behind 0"
    assert len(seen[pushed]) > len(seen_before[pushed])
    assert before["detective"][pushed].count(b"event: next") == 8


def is_told_alike(name: str, asker: Asker, before: Mapping[str, bytes]) -> None:
    after = asker.answers()
    for asked, answer in after.items():
        assert answer == before[asked], f"{name} learns of it by {asked}"
    assert after.keys() == before.keys()


def test_what_is_of_another_controller_changes_no_byte_of_any_answer(
    world: Archive, served: Served, values: Mapping[str, Any]
) -> None:
    """What the KMar keeps secret from the police, and what the police have from the FIOD."""
    police = Asker(served, OFFICER, values, (3,))
    of_the_kmar = Asker(served, {**OFFICER, "unit": "kmar"}, values, (3,))
    askers = {name: Asker(served, who, values, (3,)) for name, who in OF_THE_FIOD.items()}
    seen_before, seen_by_kmar = police.answers(), of_the_kmar.every_hit()
    before = {name: asker.answers() for name, asker in askers.items()}

    add_what_is_of_the_kmar(world)

    is_told_alike("officer of the police", police, seen_before)
    assert of_the_kmar.every_hit() != seen_by_kmar  # And it is there.

    add_what_is_of_the_police(world)

    for name, asker in askers.items():
        is_told_alike(name, asker, before[name])
    assert police.every_hit() != seen_before["every hit"]


def test_what_follows_a_hit_changes_no_byte_for_who_keeps_or_controls_a_register(
    world: Archive, served: Served, values: Mapping[str, Any]
) -> None:
    """Neither a dealer nor a municipality is warned, whatever is ordered; the police see it."""
    keepers = {"controller": VIEWERS["controller"], **KEEPERS}
    askers = {name: Asker(served, who, values, (3,)) for name, who in keepers.items()}
    police = Asker(served, VIEWERS["detective"], values, (3,))
    before = {name: asker.answers() for name, asker in askers.items()}
    seen_before = police.answers()

    for number in (0, 1):
        stolen = ids.stolen_item_id(POLICE, f"stolen-{number}")
        follow_up(world, ids.pair_id(ids.purchase_id(TILL, f"purchase-{number}"), 1, stolen))
    follow(world)

    for name, asker in askers.items():
        is_told_alike(name, asker, before[name])
    assert police.answers()["every measure"] != seen_before["every measure"]


def add_what_is_of_the_kmar(archive: Archive) -> None:
    """Closed reports of goods that were sold, one taken back, and too many of one number."""
    secret = partial(another_report, handling="closed", source="kmar")
    take_in(archive, *(secret(n) for n in (1, 2, 3, 6)))
    mistaken = secret(3, status="withdrawn", withdrawn_reason="mistaken")
    archive.register.take_in([(1, mistaken)], actor=ACTOR)
    take_in(archive, *(replace(secret(7), key=f"flood-{n}") for n in range(FLOOD)))


def add_what_is_of_the_police(archive: Archive) -> None:
    """Open reports, one with a hit that was confirmed and revealed on, and a case."""
    for n, handling in ((4, "open"), (6, "consent"), (8, "open")):
        take_in(archive, replace(another_report(n, handling), key=f"police-{n}"))
    hit = ids.pair_id(
        ids.purchase_id(TILL, "purchase-8"), 1, ids.stolen_item_id(POLICE, "police-8")
    )
    archive.casework.decide(hit, Hit.confirm, actor="user:x", ground="wpg:8")
    standpoint = Standpoint("user:elsewhere", "wpg:8", "amsterdam")
    archive.casework.in_reveals("elsewhere", _reveal, standpoint)
    opening = Opening(title="Elders", lead="dev:elsewhere", unit="amsterdam", article="wpg:8")
    case = archive.casework.open_case(opening, actor="user:elsewhere").id
    act = partial(archive.casework.in_case, case, actor="user:elsewhere")
    act(partial(_add, ids.purchase_id(TILL, "purchase-1")))
    follow(archive)


def exports(archive: Archive) -> dict[str, bytes]:
    """The lines of the export of reviews, by the read that they are of: who reviews learns of no
    hit by what explains a read."""
    lines = export_lines(archive, "review", purpose="duty:review", ground="wpg:33")
    return {msgspec.json.decode(line)["key"]: line for line in lines}


def hits_exported(archive: Archive) -> list[bytes]:
    return list(export_lines(archive, "hits", purpose="duty:front_desk", ground="wpg:8"))


def test_nobody_exports_hits_but_the_officer_who_runs_the_system() -> None:
    may = {
        role
        for role in Role
        for ground in grounds()
        for duty in ("case:1", "task:1/1", *(f"duty:{duty}" for duty in duties()))
        if allows(
            under(Viewer(subject="x", role=role, unit="amsterdam"), duty, ground),
            Action.EXPORT_HITS,
        )
    }

    assert may == {Role.AUTHORISED_OFFICER}
