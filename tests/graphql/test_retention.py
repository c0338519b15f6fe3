"""Clocks, holds and the vault through the API: who must not see or do it, and what is told."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from msgspec.structs import replace
from psycopg.sql import SQL

from herkomst.domain import ids
from herkomst.domain.calendar import legal_date
from herkomst.domain.journal import Attempted, Concluded, Read
from herkomst.graphql.enums import HeldKind
from herkomst.investigations.exports import export_lines
from herkomst.processes import retention
from herkomst.projections import registry
from herkomst.record.archive import Archive
from tests.archives import TILL, a_dealer, a_line, a_moment, a_purchase
from tests.projections.following import BY_NAME, connected
from tests.serving import Served, follow, journal, opened, pair, serving, take_in

OFFICER = {"role": "privacy_officer", "purpose": "duty:retention", "ground": "wpg:14"}
COMPLAINT = OFFICER | {"purpose": "duty:complaint"}
DUE = date(2030, 3, 2)
"""The purchases are of 2 March 2026, and the register keeps them four years."""
HELD = """{ __typename ... on HoldDone { id position } ... on HoldRefused { code cure }
    ... on NotPermitted { code } }"""
VAULT = """{ __typename ... on VaultOpened { identity { familyName } }
    ... on RevealRefused { code } ... on NotPermitted { code } }"""
CLOCK = """{ __typename ... on Clock { recorded state why changesOn becomes
    blocks { kind name ground until } } ... on UnknownRecord { code } ... on NotPermitted { code } }
"""


def purchase(n: int | str) -> UUID:
    return ids.purchase_id(TILL, f"purchase-{n}")


def presented(n: int | str) -> str:
    return str(ids.presentation_id(purchase(n)))


@pytest.fixture
def served(archive: Archive, tmp_path: Path) -> Iterator[Served]:
    """A purchase with a hit, one without, and one that is over its term today."""
    described = [a_line(identifiers=[], description="Met een kras")]
    plain = a_purchase(key="purchase-plain", items=described)
    old = a_purchase(
        key="purchase-old", items=described, acquired=a_moment("2022-01-10T12:00:00+01:00")
    )
    take_in(archive, a_dealer(), *pair(1), plain, old)
    with serving(archive, tmp_path) as served:
        yield served


def run(served: Served, on: date = DUE) -> None:
    for _ in retention.carry_out(served.archive, on, lambda: None):
        follow(served.archive)
    follow(served.archive)


def act(served: Served, mutation: str, answer: str = HELD, **who: str) -> Any:
    (told,) = served.told(f"mutation {{ {mutation} {answer} }}", None, **(who or OFFICER)).values()
    follow(served.archive)
    return told


def place(served: Served, record: str, until: date, kind: str = "presentation", **who: str) -> Any:
    given = f'record: "{record}", kind: {kind}, until: "{until}", ground: "avg:18"'
    return act(served, f'placeHold({given}, why: "Betwist door de klager.")', **who)


def soon(days: int = 30) -> date:
    return legal_date(datetime.now(UTC)) + timedelta(days)


def clock(served: Served, record: str, on: date = DUE, kind: str = "presentation") -> Any:
    asked = f'clock(record: "{record}", kind: {kind}, on: "{on}")'
    return served.told(f"{{ {asked} {CLOCK} }}", None, **OFFICER)["clock"]


def open_case(served: Served, item: UUID) -> Any:
    query = 'mutation { openCase(title: "x") { ... on CaseOpened { id number } } }'
    case = served.told(query)["openCase"]
    add = (
        "mutation ($c: ID!, $i: ID!) "
        "{ addCaseItem(case: $c, kind: purchase, item: $i) { __typename } }"
    )
    follow(served.archive)
    served.told(add, {"c": case["id"], "i": str(item)}, purpose=f"case:{case['number']}")
    follow(served.archive)
    return case


def listed(served: Served, **who: str) -> dict[str, str]:
    nodes = served.nodes("presentations(first: 10)", "id state", **who)
    return {node["id"]: node["state"] for node in nodes}


class TestWhoMayNot:
    @pytest.mark.parametrize("role", ["team_leader", "access_reviewer", "auditor", "administrator"])
    def test_a_role_without_the_right_holds_nothing(self, served: Served, role: str) -> None:
        told = place(served, presented(1), soon(), **(OFFICER | {"role": role}))

        assert told == {"__typename": "NotPermitted", "code": "not_permitted"}

    def test_nobody_holds_everything_or_for_ever(self, served: Served) -> None:
        said = 'kind: purchase, ground: "avg:18", why: "Alles moet blijven."'
        without = f'placeHold({said}, until: "{soon()}")'
        endless = f'placeHold({said}, record: "{purchase(1)}")'

        assert act(served, without)["code"] == "blanket_hold"
        assert act(served, endless)["code"] == "blanket_hold"
        assert served.nodes("holds(first: 10)", **OFFICER) == []

    @pytest.mark.parametrize("days", [-1, 366])
    def test_a_hold_ends_within_what_its_ground_allows(self, served: Served, days: int) -> None:
        assert place(served, presented(1), soon(days))["code"] == "hold_end"

    def test_a_ground_that_is_none_holds_nothing(self, served: Served) -> None:
        given = f'record: "{presented(1)}", kind: presentation, until: "{soon()}", ground: "wens"'

        assert act(served, f'placeHold({given}, why: "Zomaar een reden.")')["code"] == "hold_ground"

    @pytest.mark.parametrize(
        ("record", "kind"),
        [(presented("nowhere"), "presentation"), (presented(1), "case")],
    )
    def test_what_is_not_there_is_not_held(self, served: Served, record: str, kind: str) -> None:
        assert place(served, record, soon(), kind)["code"] == "no_record"

    def test_who_may_read_the_register_opens_no_vault(self, served: Served) -> None:
        given = f'openVault(presentation: "{presented("plain")}", why: "Klacht 2026-7.")'

        assert act(served, given, VAULT, role="team_leader")["code"] == "not_permitted"
        assert act(served, given, VAULT, **OFFICER)["code"] == "not_permitted"

    def test_the_vault_opens_nothing_that_is_not_in_it(self, served: Served) -> None:
        given = f'openVault(presentation: "{presented("plain")}", why: "Klacht 2026-7.")'

        assert act(served, given, VAULT, **COMPLAINT)["code"] == "not_in_vault"


class TestWhatIsOverItsTerm:
    def test_what_is_compared_is_listed_for_nobody_but_who_works_in_its_case(
        self, served: Served
    ) -> None:
        case = open_case(served, purchase("plain"))
        run(served)

        within = {"purpose": f"case:{case['number']}"}
        assert listed(served, **within) == {
            presented("plain"): "comparable",
            presented("old"): "erased",
        }
        for who in ({}, {"role": "authorised_officer"}, {"role": "team_leader"}):
            assert set(listed(served, **who).values()) <= {"erased"}
        node = f'{{ node(id: "{presented("plain")}") {{ id }} }}'
        assert served.told(node) == {"node": None}
        assert served.told(node, None, **within) == {"node": {"id": presented("plain")}}

    def test_what_it_seals_of_the_purchase_opens_in_its_case_alone(self, served: Served) -> None:
        asked = (
            f'{{ purchase(id: "{purchase("plain")}") '
            "{ ... on Purchase { lines { description } } } }"
        )
        case = open_case(served, purchase("plain"))
        within = {"purpose": f"case:{case['number']}"}
        described = {"purchase": {"lines": [{"description": "Met een kras"}]}}
        assert served.told(asked) == described

        run(served)

        assert served.told(asked) == {"purchase": {"lines": [{"description": None}]}}
        assert served.told(asked, None, **within) == described

    def test_what_is_compared_is_revealed_in_its_case_alone(self, served: Served) -> None:
        case = open_case(served, purchase("plain"))
        run(served)
        reveal = (
            f'revealIdentity(presentation: "{presented("plain")}", '
            'basis: case, why: "Dat is nodig")'
        )
        answer = """{ __typename ... on IdentityRevealed { identity { familyName } }
            ... on RevealRefused { code } }"""
        said = {"role": "district_detective", "Herkomst_Reason": "De verkoper van de reeks."}

        assert act(served, reveal, answer, **said)["code"] == "no_presentation"
        within = said | {"purpose": f"case:{case['number']}"}
        assert act(served, reveal, answer, **within)["identity"] == {"familyName": "Voorbeeld"}

    def test_what_is_held_beyond_its_term_lies_in_the_vault_until_the_end(
        self, served: Served
    ) -> None:
        place(served, presented("old"), soon())
        told = clock(served, presented("old"), soon(0))
        assert (told["recorded"], told["state"]) == ("active", "vault")
        assert (told["changesOn"], told["becomes"]) == (str(soon(31)), "destroyed")

        run(served, soon(0))

        assert presented("old") not in listed(served)
        assert presented("old") not in listed(served, role="authorised_officer")
        given = f'openVault(presentation: "{presented("old")}", why: "Klacht 2026-7.")'
        assert act(served, given, VAULT, **COMPLAINT) == {
            "__typename": "VaultOpened",
            "identity": {"familyName": "Voorbeeld"},
        }
        attempted, concluded, told = journal(served.archive)[-3:]
        assert isinstance(attempted, Attempted)
        assert isinstance(concluded, Concluded)
        assert isinstance(told, Read)
        assert f"identity:{presented('old')}" in told.returned
        run(served, soon(31))
        assert act(served, given, VAULT, **COMPLAINT)["code"] == "not_in_vault"

    def test_a_look_into_the_vault_has_a_reason(self, served: Served) -> None:
        place(served, presented("old"), soon())
        run(served, soon(0))
        given = f'openVault(presentation: "{presented("old")}", why: " ")'

        assert act(served, given, VAULT, **COMPLAINT)["code"] == "text_missing"
        given = 'openVault(presentation: "x", why: "Klacht 2026-7.")'
        assert act(served, given, VAULT, **COMPLAINT)["code"] == "not_in_vault"


class TestDestroyed:
    def test_no_way_in_tells_a_name_any_more(self, served: Served) -> None:
        case = open_case(served, purchase(1))
        within = {"purpose": f"case:{case['number']}"}
        reveal = f'revealIdentity(presentation: "{presented(1)}", basis: case, why: "Dat is nodig")'
        answer = """{ __typename ... on IdentityRevealed { identity { familyName } }
            ... on RevealRefused { code } }"""
        said = {"role": "district_detective", "Herkomst_Reason": "De verkoper van de reeks."}
        told = act(served, reveal, answer, **said, **within)
        assert told["identity"] == {"familyName": "Voorbeeld"}

        run(served, date(2050, 1, 1))

        identity = "identity { __typename ... on Identity { familyName } }"
        asked = [
            f"{{ presentations(first: 9) {{ nodes {{ shown {identity} }} }} }}",
            f'{{ purchase(id: "{purchase(1)}") {{ ... on Purchase {{ presentation {{ {identity} }} '
            "lines { description } } } }",
            f'{{ caseAsKnown(id: "{case["id"]}", recorded: "2050-01-01", first: 9) '
            "{ __typename ... on KnownCase { items { nodes { record { __typename } } } } } }",
        ]
        bodies = [served.ask(query, None, **who).text for query in asked for who in ({}, within)]
        lines = export_lines(served.archive, "hits", purpose="duty:acceptance", ground="wpg:8")
        bodies += [line.decode() for line in lines]
        assert not [body for body in bodies if "Voorbeeld" in body or "Met een kras" in body]
        assert act(served, reveal, answer, **said)["code"] == "erased"
        assert clock(served, presented(1))["code"] == "unknown_presentation"
        given = f'openVault(presentation: "{presented(1)}", why: "Klacht 2026-7.")'
        assert act(served, given, VAULT, **COMPLAINT)["code"] == "not_in_vault"
        assert place(served, presented(1), soon())["code"] == "destroyed"


class TestCasesAndReports:
    def test_a_case_in_the_vault_is_no_case_to_anybody(self, served: Served) -> None:
        case = open_case(served, purchase("plain"))
        leader = {"role": "team_leader"}
        assert [c["id"] for c in served.nodes("cases(first: 5)", **leader)] == [case["id"]]

        run(served, date(2032, 1, 1))

        assert served.nodes("cases(first: 5)", **leader) == []
        run(served, date(2040, 1, 1))
        assert served.nodes("cases(first: 5)", **leader) == []

    def test_what_is_only_compared_of_a_case_opens_for_who_works_in_it(
        self, served: Served
    ) -> None:
        case = open_case(served, purchase("plain"))

        run(served, date(2028, 1, 1))

        (told,) = served.nodes("cases(first: 5)", "title")
        assert told == {"title": None}
        (told,) = served.nodes("cases(first: 5)", "title", purpose=f"case:{case['number']}")
        assert told == {"title": "x"}

    def test_a_report_that_is_over_is_listed_no_more(self, served: Served) -> None:
        _, item = pair(7)
        take_in(served.archive, item)
        withdrawn = replace(item, status="withdrawn", withdrawn_reason="mistaken")
        served.archive.register.take_in([(1, withdrawn)], actor="source:politie")
        follow(served.archive)
        stolen = str(ids.stolen_item_id("politie", "stolen-7"))
        assert stolen in [s["id"] for s in served.nodes("stolenItems(first: 9)")]

        run(served, date(2027, 1, 1))

        assert stolen not in [s["id"] for s in served.nodes("stolenItems(first: 9)")]
        assert served.told(f'{{ node(id: "{stolen}") {{ id }} }}') == {"node": None}
        assert str(ids.stolen_item_id("politie", "stolen-1")) in [
            s["id"] for s in served.nodes("stolenItems(first: 9)")
        ]


class TestHitsOverTheirYear:
    def test_a_hit_over_its_free_year_is_listed_in_a_case_alone(self, served: Served) -> None:
        hit = str(ids.pair_id(purchase(1), 1, ids.stolen_item_id("politie", "stolen-1")))
        case = open_case(served, purchase("plain"))
        within = {"purpose": f"case:{case['number']}"}
        assert served.nodes("hits(first: 5)", **within) == [{"id": hit}]
        _grow_older(served, "13 months")
        assert served.nodes("hits(first: 5)", **within) == []
        assert served.nodes("hits(first: 5)", role="authorised_officer") == []

        _grow_older(served, "-13 months")
        add = f'addCaseItem(case: "{case["id"]}", kind: hit, item: "{hit}")'
        served.told(f"mutation {{ {add} {{ __typename }} }}", None, **within)
        follow(served.archive)
        _grow_older(served, "13 months")

        assert served.nodes("hits(first: 5)", **within) == [{"id": hit}]
        assert served.nodes("hits(first: 5)") == []


def _grow_older(served: Served, by: str) -> None:
    """Let the hits have been found earlier than they were."""
    with connected(served.archive) as connection:
        table = BY_NAME["hits"].table(registry.live(connection, BY_NAME["hits"]))
        change = SQL("UPDATE {} SET found_at = found_at - %s::interval")
        connection.execute(change.format(table), (by,))


class TestClock:
    def test_a_dry_run_tells_when_and_what_comes_next(self, served: Served) -> None:
        told = clock(served, presented("plain"), date(2027, 1, 1))

        assert (told["state"], told["changesOn"], told["becomes"]) == (
            "active",
            "2030-03-02",
            "destroyed",
        )
        assert told["blocks"] == []

    def test_a_dry_run_names_the_case_the_hit_and_the_hold_that_block_it(
        self, served: Served
    ) -> None:
        case = open_case(served, purchase(1))

        told = clock(served, presented(1))
        assert told["state"] == "comparable"
        assert [(b["kind"], b["ground"]) for b in told["blocks"]] == [
            ("hit", "wpg:8"),
            ("case", "wpg:8"),
        ]
        assert told["blocks"][1]["name"] == f"case {case['number']}"
        place(served, presented("old"), soon())
        (block,) = clock(served, presented("old"), soon())["blocks"]
        assert (block["kind"], block["ground"], block["until"]) == ("hold", "avg:18", str(soon()))

    @pytest.mark.parametrize("kind", [kind.name for kind in HeldKind])
    def test_what_is_not_there_has_no_clock(self, served: Served, kind: str) -> None:
        told = clock(served, str(UUID(int=7)), kind=kind)

        assert told == {"__typename": "UnknownRecord", "code": f"unknown_{kind}"}

    def test_a_case_and_a_report_have_clocks_of_their_own(self, served: Served) -> None:
        case = open_case(served, purchase(1))

        assert clock(served, case["id"], date(2028, 1, 1), "case")["state"] == "comparable"
        item = str(ids.stolen_item_id("politie", "stolen-1"))
        assert clock(served, item, date(2028, 1, 1), "stolen_item")["changesOn"] is None

    def test_a_hit_has_a_clock_of_its_own_and_is_no_passage(self, served: Served) -> None:
        hit = str(ids.pair_id(purchase(1), 1, ids.stolen_item_id("politie", "stolen-1")))

        told = clock(served, hit, soon(0), "hit")

        assert (told["state"], told["becomes"]) == ("active", "comparable")
        assert clock(served, hit, soon(0), "passage")["code"] == "unknown_passage"
        assert clock(served, hit, date(2037, 1, 1), "hit")["state"] == "destroyed"

    def test_a_reason_has_the_clock_of_what_it_was_given_for(self, served: Served) -> None:
        placed = place(served, presented("old"), soon())

        told = clock(served, placed["id"], soon(0), "hold")

        ends = soon() + timedelta(1)
        assert told["state"] == "active"
        assert told["changesOn"] == str(ends.replace(year=ends.year + 5))
        assert told["becomes"] == "destroyed"
        assert clock(served, placed["id"], soon(0), "glass")["code"] == "unknown_glass"

    def test_a_dealer_that_trades_and_a_purchase_without_a_person_have_one(
        self, served: Served
    ) -> None:
        take_in(served.archive, a_purchase(key="purchase-bare", seller=None, mode="found"))
        follow(served.archive)

        dealer = clock(served, str(ids.dealer_id(TILL, "dealer-1")), soon(0), "dealer")
        bare = clock(served, str(purchase("bare")), DUE, "purchase")

        assert (dealer["why"], dealer["changesOn"]) == (f"dealer {TILL}:dealer-1", None)
        assert (bare["why"], bare["state"]) == ("register", "destroyed")

    def test_reading_a_clock_is_journaled(self, served: Served) -> None:
        clock(served, presented(1))

        (entry,) = journal(served.archive)
        assert isinstance(entry, Read)
        assert entry.returned == (f"clock:{presented(1)}",)


class TestHold:
    def test_what_says_why_something_was_done_is_not_held(self, served: Served) -> None:
        hit = str(ids.pair_id(purchase(1), 1, ids.stolen_item_id("politie", "stolen-1")))

        told = place(served, hit, soon(), "hit")

        assert told["code"] == "kind"

    def test_a_hold_is_told_with_its_ground_its_end_and_who_placed_it(self, served: Served) -> None:
        placed = place(served, presented(1), soon())

        fields = "id kind ground until stands placedBy why liftedAt"
        (told,) = served.nodes("holds(first: 10)", fields, **OFFICER)
        assert told == {
            "id": placed["id"],
            "kind": "presentation",
            "ground": "avg:18",
            "until": str(soon()),
            "stands": True,
            "placedBy": "user:dev:privacy_officer@amsterdam",
            "why": "Betwist door de klager.",
            "liftedAt": None,
        }
        attempted, concluded, *_ = journal(served.archive)
        assert isinstance(attempted, Attempted)
        assert isinstance(concluded, Concluded)
        assert any("Betwist" in str(asked) for asked in opened(served.archive))

    def test_a_hold_that_is_lifted_stands_no_more(self, served: Served) -> None:
        placed = place(served, presented(1), soon())
        lift = f'liftHold(id: "{placed["id"]}", why: "Het is opgelost.")'

        assert act(served, lift)["__typename"] == "HoldDone"
        assert act(served, lift)["code"] == "no_hold"
        assert act(served, 'liftHold(id: "x", why: "Het is opgelost.")')["code"] == "no_hold"
        nowhere = f'liftHold(id: "{UUID(int=7)}", why: "Het is opgelost.")'
        assert act(served, nowhere)["code"] == "no_hold"
        assert served.nodes("holds(first: 10, standing: true)", **OFFICER) == []
        asked = f'holds(first: 10, record: "{presented(1)}", standing: false)'
        (told,) = served.nodes(asked, "liftedWhy stands", **OFFICER)
        assert told == {"liftedWhy": "Het is opgelost.", "stands": False}

    def test_a_hold_without_a_reason_is_refused(self, served: Served) -> None:
        given = f'record: "{presented(1)}", kind: presentation, until: "{soon()}"'

        answer = act(served, f'placeHold({given}, ground: "avg:18", why: " ")')

        assert answer["code"] == "text_missing"

    def test_what_narrows_holds_is_an_id(self, served: Served) -> None:
        asked = '{ holds(first: 1, record: "x") { refused { ... on InvalidPage { code } } } }'

        assert served.told(asked, None, **OFFICER)["holds"]["refused"] == {"code": "id"}
