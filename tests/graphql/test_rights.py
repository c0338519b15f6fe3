"""The request of a person (S3): what is held by which controller, who received it, what is refused,
and what blocks destruction. What is being looked into changes no byte of the answer."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from herkomst.access.purpose import Asked as Purpose
from herkomst.access.purpose import hold
from herkomst.access.reading import Asked, Question, Returned, write
from herkomst.access.viewer import Role, Viewer
from herkomst.domain import ids
from herkomst.domain.calendar import legal_date
from herkomst.domain.casework.case import Case
from herkomst.domain.casework.hit import Hit
from herkomst.domain.casework.request import AccessGranted, AccessRequest, AccessRequested
from herkomst.domain.casework.reveal import Revealed, Reveals
from herkomst.domain.casework.rights import RequestAnswered
from herkomst.domain.events import EventData
from herkomst.domain.journal import Attempted, Concluded, Read
from herkomst.investigations.exports import export_lines, trail_lines
from herkomst.record.archive import Archive
from herkomst.record.casework import CaseOpened, Opening, Seal, Standpoint
from herkomst.record.requests import act_in_request
from tests.archives import POLICE, TILL, a_dealer, a_moment, a_purchase, a_seller
from tests.projections.following import facts
from tests.serving import Served, follow, journal, pair, serving, take_in

OFFICER = {"role": "privacy_officer", "purpose": "duty:person_request", "ground": "avg:15"}
DONE = """{ __typename ... on RequestChanged { id position }
    ... on PersonRequestRefused { code cure }
    ... on NotPermitted { code } }"""
ANSWER = """answer { digest
    parts { controller regime ground kind name what since until identity { familyName } }
    provided { controller ground purpose how reads }
    refusals { right controller ground text source } }
"""
ALL = f"""{{ __typename ... on PersonRequest {{ rights received due overdue checked about outcome
    why identities {ANSWER} }} ... on UnknownRecord {{ code }} ... on NotPermitted {{ code }} }}"""
OTHER = a_seller(family_name="Ander", document=None)


def today(days: int = 0) -> date:
    return legal_date(datetime.now(UTC)) + timedelta(days)


def presented(key: str) -> UUID:
    return ids.presentation_id(ids.purchase_id(TILL, key))


@pytest.fixture
def served(archive: Archive, tmp_path: Path) -> Iterator[Served]:
    """Of one person: a purchase whose hit was rejected, one whose hit stands, one that is over its
    term, and one that another person made."""
    plain = pair(9)[0].items  # type: ignore[union-attr]
    over = a_purchase(
        key="purchase-over", items=plain, acquired=a_moment("2022-01-10T12:00:00+01:00")
    )
    others = a_purchase(key="purchase-other", items=plain, seller=OTHER)
    take_in(archive, a_dealer(), *pair(1), *pair(2), over, others)
    archive.casework.decide(
        hit_of(1), lambda hit: hit.reject("other_good"), actor="user:x", ground="wpg:8"
    )
    follow(archive)
    with serving(archive, tmp_path) as served:
        yield served


def hit_of(number: int) -> UUID:
    purchase = ids.purchase_id(TILL, f"purchase-{number}")
    return ids.pair_id(purchase, 1, ids.stolen_item_id(POLICE, f"stolen-{number}"))


def act(served: Served, mutation: str, **who: str) -> Any:
    (told,) = served.told(f"mutation {{ {mutation} {DONE} }}", None, **(who or OFFICER)).values()
    follow(served.archive)
    return told


def received(served: Served, rights: str = '["avg:15", "wpg:25"]', on: date | None = None) -> str:
    given = f'about: "Testa Voorbeeld, Fictielaan 12", rights: {rights}, on: "{on or today()}"'
    told = act(served, f"receivePersonRequest({given})")
    assert told["__typename"] == "RequestChanged", told
    return str(told["id"])


def checked(served: Served) -> str:
    request = received(served)
    act(served, f'checkPerson(id: "{request}", how: "Aan de balie, met paspoort.")')
    return request


def by_document(served: Served, request: str, number: str = "NXX00FAKE") -> Any:
    return act(served, f'findByDocument(id: "{request}", number: "{number}")')


def by_sale(served: Served, request: str, key: str) -> Any:
    return act(served, f'findBySale(id: "{request}", source: "{TILL}", key: "{key}")')


def asked(served: Served, request: str, **who: str) -> Any:
    query = f'{{ personRequest(id: "{request}") {ALL} }}'
    return served.told(query, None, **(who or OFFICER))["personRequest"]


class TestWhoMayNot:
    @pytest.mark.parametrize("role", ["team_leader", "auditor", "access_reviewer", "dealer"])
    def test_a_role_without_the_right_neither_receives_nor_reads(
        self, served: Served, role: str
    ) -> None:
        request = checked(served)
        who = OFFICER | {"role": role}

        given = f'about: "X", rights: ["avg:15"], on: "{today()}"'
        assert act(served, f"receivePersonRequest({given})", **who)["code"] == "not_permitted"
        assert asked(served, request, **who)["code"] == "not_permitted"

    def test_before_the_identity_is_checked_nothing_is_found_or_told(self, served: Served) -> None:
        request = received(served)

        assert by_document(served, request)["code"] == "identity_unchecked"
        assert by_sale(served, request, "purchase-1")["code"] == "identity_unchecked"
        answered = f'answerPersonRequest(id: "{request}", outcome: told, why: "Zie brief.")'
        assert act(served, answered)["code"] == "identity_unchecked"
        told = asked(served, request)
        assert (told["identities"], told["answer"]["parts"]) == ([], [])

    def test_what_another_presented_is_not_told(self, served: Served) -> None:
        request = checked(served)
        by_document(served, request)

        assert str(presented("purchase-other")) not in asked(served, request)["identities"]


class TestTheAnswer:
    def test_it_is_told_by_controller_with_refusals_by_ground(self, served: Served) -> None:
        request = checked(served)
        by_document(served, request)

        answer = asked(served, request)["answer"]

        by_controller = {(p["controller"], p["regime"], p["kind"]) for p in answer["parts"]}
        assert by_controller == {
            ("Winkel Voorbeeld", "avg", "register"),
            ("politie", "wpg:8", "hit"),
        }
        register = [part for part in answer["parts"] if part["kind"] == "register"]
        assert [part["until"] for part in register] == ["2030-03-01", "2030-03-01"]
        assert {part["identity"]["familyName"] for part in register} == {"Voorbeeld"}
        assert "document" in register[0]["what"]
        (hit,) = [part for part in answer["parts"] if part["kind"] == "hit"]
        assert hit["what"] == ["full_hit", "rejected"], "and the hit that stands is not told"
        grounds = {(r["right"], r["controller"], r["ground"]) for r in answer["refusals"]}
        assert grounds == {("wpg:25", "politie", "wpg:27"), ("avg:15", "politie", "avg:23")}

    def test_who_received_it_is_told_but_not_who_looks_into_it(self, served: Served) -> None:
        purchase = ids.purchase_id(TILL, "purchase-1")
        query = f'{{ purchase(id: "{purchase}") {{ __typename }} }}'
        control = {"purpose": "duty:control", "ground": "sr:437"}
        with_unit = served.headers("boa_1", **control)
        with_unit["Authorization"] = f"Bearer {served.token('boa_1', 'GM0363')}"
        told = served.client.post("/graphql", json={"query": query}, headers=with_unit).json()
        assert told["data"]["purchase"]["__typename"] == "Purchase"
        served.told(query)  # A detective, who looks into something.
        follow(served.archive)
        request = checked(served)
        by_document(served, request)

        provided = asked(served, request)["answer"]["provided"]

        assert provided == [
            {
                "controller": "gemeente Amsterdam",
                "ground": "sr:437",
                "purpose": "duty:control",
                "how": "read",
                "reads": 1,
            }
        ]

    def test_what_left_as_a_file_is_told_of_what_is_told_and_of_nothing_else(
        self, served: Served
    ) -> None:
        list(export_lines(served.archive, "hits", purpose="duty:front_desk", ground="wpg:8"))
        list(export_lines(served.archive, "hits", purpose="duty:front_desk", ground="wpg:9"))
        trail = partial(trail_lines, served.archive, purpose="duty:front_desk", ground="wpg:8")
        list(trail(str(hit_of(2))))
        follow(served.archive)
        request = checked(served)
        by_document(served, request)

        assert asked(served, request)["answer"]["provided"] == [
            provision("politie", "wpg:8", "duty:front_desk", "exported")
        ], "the hit that stands is not told, and neither is an inquiry"

    def test_what_the_prosecution_read_in_a_case_that_is_told_is_told(self, served: Served) -> None:
        archive = served.archive
        told, secret = (a_case_of(archive, "purchase-1", h) for h in ("open", "closed"))
        going_on = a_case_of(archive, "purchase-1", "open")
        follow(archive)
        for case in (told, secret, going_on):
            reads_as_prosecutor(archive, case.id)
        for case in (told, secret):
            close(archive, case.id)
        request = checked(served)
        by_sale(served, request, "purchase-1")

        answer = asked(served, request)["answer"]

        assert [p["name"] for p in answer["parts"] if p["kind"] == "case"] == [
            f"case {told.number}"
        ]
        assert answer["provided"] == [provision("om", "wjsg:39b", f"case:{told.id}", "read")]
        alone = received(served, '["avg:15"]')
        act(served, f'checkPerson(id: "{alone}", how: "Balie.")')
        by_sale(served, alone, "purchase-1")
        assert asked(served, alone)["answer"]["provided"] == []

    def test_what_was_consented_to_is_told_where_both_cases_are(self, served: Served) -> None:
        archive = served.archive
        first, second = (a_case_of(archive, "purchase-1", "open") for _ in range(2))
        consented(archive, first.id, second.id)
        close(archive, second.id)
        request = checked(served)
        by_sale(served, request, "purchase-1")
        assert asked(served, request)["answer"]["provided"] == [], "the first goes on"

        close(archive, first.id)

        assert asked(served, request)["answer"]["provided"] == [
            provision("om", "wpg:16", f"case:{second.id}", "granted")
        ]

    def test_what_is_looked_into_changes_no_byte_of_it(self, served: Served) -> None:
        request = checked(served)
        by_document(served, request)
        before = served.ask(f'{{ personRequest(id: "{request}") {ALL} }}', None, **OFFICER)

        look_into(served.archive)

        after = served.ask(f'{{ personRequest(id: "{request}") {ALL} }}', None, **OFFICER)
        assert after.content == before.content
        assert after.json()["data"]["personRequest"]["answer"]["parts"]

    def test_what_is_kept_beyond_the_register_is_not_told_as_the_registers(
        self, served: Served
    ) -> None:
        look_into(served.archive)
        request = checked(served)
        by_document(served, request)

        told = asked(served, request)

        assert str(presented("purchase-over")) in told["identities"]
        assert not [p for p in told["answer"]["parts"] if "purchase-over" in p["name"]]

    def test_a_case_that_is_over_is_told(self, served: Served) -> None:
        opening = Opening("Fietsen", "a", "amsterdam", "wpg:9")
        case = served.archive.casework.open_case(opening, actor="user:a").id
        act_in = partial(served.archive.casework.in_case, case, actor="user:a")
        act_in(partial(_name, presented("purchase-1")))
        act_in(lambda state, seal: state.propose_closing("a", seal("Klaar.")))
        act_in(lambda state, _: state.close("b"))
        follow(served.archive)
        request = checked(served)
        by_sale(served, request, "purchase-1")

        (told,) = [p for p in asked(served, request)["answer"]["parts"] if p["kind"] == "case"]

        assert (told["controller"], told["regime"]) == ("politie", "wpg:9")
        assert told["what"] == ["presentation", "witness", "amsterdam"]

    def test_the_officer_sees_what_blocks_destruction(self, served: Served) -> None:
        look_into(served.archive)
        request = checked(served)
        by_sale(served, request, "purchase-over")

        query = (
            f'{{ personRequest(id: "{request}") {{ ... on PersonRequest {{ '
            "clocks { state blocks { kind ground until } } } } }"
        )
        (told,) = served.told(query, None, **OFFICER)["personRequest"]["clocks"]

        assert told == {
            "state": "comparable",
            "blocks": [{"kind": "case", "ground": "wpg:9", "until": None}],
        }


def provision(controller: str, ground: str, purpose: str, how: str) -> dict[str, object]:
    """Something that was received once."""
    told = {"controller": controller, "ground": ground, "purpose": purpose, "how": how}
    return {**told, "reads": 1}


def a_case_of(archive: Archive, key: str, handling: str) -> CaseOpened:
    """A case with a person in it, of which a prosecutor is a member."""
    opening = Opening("Fietsen", "a", "amsterdam", "wpg:9", handling=handling)
    case = archive.casework.open_case(opening, actor="user:a")
    now = datetime.now(UTC)
    for act in (
        partial(_name, presented(key)),
        lambda state, _: state.join("officier", "reader", now, None, now),
    ):
        archive.casework.in_case(case.id, act, actor="user:a")
    return case


def close(archive: Archive, case: UUID) -> None:
    propose = lambda state, seal: state.propose_closing("a", seal("Klaar."))  # noqa: E731
    archive.casework.in_case(case, propose, actor="user:a")
    archive.casework.in_case(case, lambda state, _: state.close("b"), actor="user:b")
    follow(archive)


def reads_as_prosecutor(archive: Archive, case: UUID) -> None:
    viewer = Viewer(subject="officier", role=Role.PROSECUTOR, unit="om")
    reading = hold(archive.standings, viewer, Purpose.parse(f"case:{case}", "wjsg:39b"))
    returned = Returned()
    returned.add("presentation", presented("purchase-1"))
    write(archive, Asked(archive, reading, Question("{ p }", {}, "graphql")).read(returned))
    follow(archive)


def consented(archive: Archive, of_case: UUID, case: UUID) -> None:
    """The prosecution asked for use in another case what belongs to one, and it was granted."""
    until = (datetime.now(UTC) + timedelta(days=30)).isoformat(timespec="milliseconds")
    by = Standpoint("user:officier", "wpg:9", "om")
    record = presented("purchase-1")
    stream = ids.request_of(record, case.hex)

    def ask(_: AccessRequest, seal: Seal) -> AccessRequested:
        return AccessRequested(
            answer_by=until,
            by="officier",
            case=case.hex,
            of_case=of_case.hex,
            owner="amsterdam",
            purpose=f"case:{case}",
            record=record.hex,
            role="prosecutor",
            unit="om",
            why=seal("Zelfde persoon."),
        )

    def grant(_: AccessRequest, seal: Seal) -> AccessGranted:
        return AccessGranted(by="bf", until=until, why=seal("Akkoord."))

    for act in (ask, grant):
        act_in_request(archive.casework, stream, act, by.actor, by.custody, begins=act is ask)
    follow(archive)


def look_into(archive: Archive) -> None:
    """A case that is closed to all, with the person in it, and what was revealed there."""
    opening = Opening("Elders", "dev:elders", "utrecht", "wpg:9", handling="closed")
    case = archive.casework.open_case(opening, actor="user:elders").id
    act_in = partial(archive.casework.in_case, case, actor="user:elders")
    act_in(partial(_name, presented("purchase-1")))
    act_in(partial(_name, presented("purchase-over")))
    archive.casework.in_reveals("elders", _reveal, Standpoint("user:elders", "wpg:9", "utrecht"))
    archive.casework.decide(hit_of(2), Hit.confirm, actor="user:elders", ground="wpg:8")
    follow(archive)


def _name(subject: UUID, case: Case, seal: Seal) -> EventData:
    return case.name(subject.hex, "witness", "wpg:9", seal("Gezien."))


def _reveal(_: Reveals, seal: Seal) -> EventData:
    return Revealed(
        basis="order",
        by="elders",
        case=None,
        presentation=presented("purchase-1").hex,
        purpose="case:2026-9999",
        why=seal("Bevel."),
    )


class TestFinding:
    def test_a_document_finds_each_presentation_of_it_once(self, served: Served) -> None:
        request = checked(served)

        by_document(served, request)
        found = asked(served, request)["identities"]
        again = by_document(served, request)

        keys = ("purchase-1", "purchase-2", "purchase-over")
        assert sorted(found) == sorted(str(presented(key)) for key in keys)
        assert again["code"] == "found_before"

    def test_a_document_that_nobody_presented_finds_nothing(self, served: Served) -> None:
        assert by_document(served, checked(served), "NXX99NONE")["code"] == "nobody_found"
        assert by_document(served, checked(served), "-")["code"] == "nobody_found"

    def test_a_sale_finds_what_was_presented_with_it(self, served: Served) -> None:
        request = checked(served)

        assert by_sale(served, request, "purchase-2")["__typename"] == "RequestChanged"
        assert by_sale(served, request, "nowhere")["code"] == "nobody_found"
        assert asked(served, request)["identities"] == [str(presented("purchase-2"))]

    @pytest.mark.parametrize("request_id", ["x", str(UUID(int=7))])
    def test_a_request_that_is_not_there_is_said(self, served: Served, request_id: str) -> None:
        assert act(served, f'checkPerson(id: "{request_id}", how: "Balie.")')["code"] == (
            "unknown_request"
        )
        assert asked(served, request_id)["code"] == "unknown_person_request"


class TestTerms:
    def test_the_shortest_term_of_the_rights_counts(self, served: Served) -> None:
        on = date(2026, 10, 5)

        told = asked(served, received(served, on=on))
        assert (told["received"], told["due"], told["overdue"]) == (
            "2026-10-05",
            "2026-11-05",
            True,
        )
        alone = asked(served, received(served, '["wpg:25"]', on))
        assert alone["due"] == "2026-11-16"
        assert [r["ground"] for r in alone["answer"]["refusals"]] == ["wpg:27"]

    @pytest.mark.parametrize(("right", "regimes"), [("avg:15", {"avg"}), ("wpg:25", {"wpg:8"})])
    def test_a_right_is_answered_with_what_it_is_a_right_to(
        self, served: Served, right: str, regimes: set[str]
    ) -> None:
        request = received(served, f'["{right}"]')
        act(served, f'checkPerson(id: "{request}", how: "Balie.")')
        by_sale(served, request, "purchase-1")

        answer = asked(served, request)["answer"]

        assert {part["regime"] for part in answer["parts"]} == regimes

    def test_a_request_of_tomorrow_or_on_no_right_is_none(self, served: Served) -> None:
        later = f'about: "X", rights: ["avg:15"], on: "{today(1)}"'
        assert act(served, f"receivePersonRequest({later})")["code"] == "not_yet"
        nothing = f'about: "X", rights: [], on: "{today()}"'
        assert act(served, f"receivePersonRequest({nothing})")["code"] == "no_right"

    def test_it_is_extended_once_and_within_its_term(self, served: Served) -> None:
        request = received(served, '["avg:15"]')
        extend = f'extendPersonRequest(id: "{request}", why: "Veel registers.")'
        before = date.fromisoformat(asked(served, request)["due"])

        assert act(served, extend)["__typename"] == "RequestChanged"
        assert date.fromisoformat(asked(served, request)["due"]) > before
        assert act(served, extend)["code"] == "not_extended"
        late = received(served, '["avg:15"]', today(-90))
        assert act(served, f'extendPersonRequest(id: "{late}", why: "Het is te laat.")')[
            "code"
        ] == ("not_extended")


class TestAnswered:
    def test_of_what_was_told_a_digest_is_kept_and_no_name(self, served: Served) -> None:
        request = checked(served)
        by_document(served, request)
        digest = asked(served, request)["answer"]["digest"]
        answered = f'answerPersonRequest(id: "{request}", outcome: told, why: "Zie brief 12.")'

        assert act(served, answered)["__typename"] == "RequestChanged"

        (told,) = [
            fact
            for fact in facts(served.archive, "casework")
            if fact.topic == RequestAnswered.TOPIC
        ]
        assert told.data.digest == digest  # type: ignore[attr-defined]
        assert b"Voorbeeld" not in told.state
        ended = asked(served, request)
        assert (ended["outcome"], ended["why"]) == ("told", "Zie brief 12.")
        assert act(served, answered)["code"] == "answered"
        assert served.nodes("personRequests(first: 5, unanswered: true)", **OFFICER) == []
        assert len(served.nodes("personRequests(first: 5)", **OFFICER)) == 1

    def test_who_is_not_seen_to_be_the_person_is_refused(self, served: Served) -> None:
        request = received(served)
        refused = f'answerPersonRequest(id: "{request}", outcome: refused, why: "Niet verschenen.")'

        assert act(served, refused)["__typename"] == "RequestChanged"
        assert asked(served, request)["outcome"] == "refused"

    def test_all_of_it_is_journaled(self, served: Served) -> None:
        request = checked(served)
        by_document(served, request)
        asked(served, request)

        entries = journal(served.archive)

        kinds = [type(entry) for entry in entries]
        assert kinds[:3] == [Attempted, Concluded, Read]
        assert f"identity:{presented('purchase-1')}" in entries[-1].returned
        assert all(b"NXX00FAKE" not in f.state for f in facts(served.archive, "journal"))
