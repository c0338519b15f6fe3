"""The trail over the API: a prosecutor opens that of a confirmed hit (scenario P1)."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from herkomst.domain import ids
from herkomst.domain.journal import Attempted, Concluded, Read
from herkomst.record.archive import Archive
from tests.archives import POLICE, TILL, a_dealer
from tests.serving import Served, follow, journal, pair, serving, take_in

PURCHASE = ids.purchase_id(TILL, "purchase-1")
HIT = str(ids.pair_id(PURCHASE, 1, ids.stolen_item_id(POLICE, "stolen-1")))
CLOSED = str(ids.stolen_item_id(POLICE, "stolen-2"))
PERSON = str(ids.presentation_id(PURCHASE))
NOWHERE = str(UUID(int=9))
LEADER = {"role": "team_leader"}
PROSECUTOR = {"role": "prosecutor", "ground": "wjsg:39b"}
REVIEWER = {"role": "access_reviewer", "ground": "wpg:32a", "purpose": "duty:review"}
ENTRY = "sequence position kind topic words actor role withheld leaf facts { name value }"


@pytest.fixture
def served(archive: Archive, tmp_path: Path) -> Iterator[Served]:
    """A hit that may be read, and one on an item that is closed."""
    take_in(archive, a_dealer(), *pair(1), *pair(2, "closed"))
    with serving(archive, tmp_path) as served:
        yield served


def asked(served: Served, more: str = "first: 100", of: str = HIT, **who: str) -> Any:
    follow(served.archive)
    query = (
        f"query ($of: ID!) {{ trail(of: $of, {more}) {{ wholeUntil totalCount "
        "refused { ... on NotPermitted { code message } ... on InvalidPage { code message cure } } "
        f"pageInfo {{ hasNextPage endCursor }} nodes {{ {ENTRY} }} }} }}"
    )
    return served.told(query, {"of": of}, **(who or PROSECUTOR))["trail"]


def topics(told: Any) -> list[str]:
    return [node["topic"] for node in told["nodes"]]


def in_a_case(served: Served) -> dict[str, str]:
    """A prosecutor in a case that the hit was brought into; what he asks for."""
    opened = served.told(
        'mutation { openCase(title: "Rijwiel") { ... on CaseOpened { id number } } }',
        None,
        **LEADER,
    )["openCase"]
    follow(served.archive)
    for does in (
        'joinCase(case: $c, member: "dev:prosecutor@amsterdam", part: reader)',
        f'addCaseItem(case: $c, kind: hit, item: "{HIT}", why: "De fiets van de reeks.")',
    ):
        told = served.told(
            f"mutation ($c: ID!) {{ done: {does} {{ __typename }} }}", {"c": opened["id"]}, **LEADER
        )
        assert told["done"] == {"__typename": "CaseDone"}
    served.told(f'mutation {{ confirmHit(id: "{HIT}") {{ __typename }} }}', None, **LEADER)
    follow(served.archive)
    return {**PROSECUTOR, "purpose": f"case:{opened['number']}"}


class TestWhoMayNot:
    @pytest.mark.parametrize(
        "who",
        [
            {"role": "boa_1", "ground": "sr:437"},
            {"role": "administrator", "ground": "wpg:6"},
            {"role": "access_reviewer"},
            {"role": "prosecutor", "ground": "wpg:8"},
        ],
    )
    def test_who_has_no_right_is_told_so(self, served: Served, who: dict[str, str]) -> None:
        assert asked(served, **who)["refused"]["code"] == "not_permitted"

    def test_what_is_closed_is_nothing(self, served: Served) -> None:
        told = [asked(served, of=of, role="district_detective") for of in (CLOSED, "x")]

        assert [each["refused"]["code"] for each in told] == ["unknown_record"] * 2
        assert told[0]["refused"]["cure"] == told[1]["refused"]["cure"]
        assert [each["nodes"] for each in told] == [None, None]
        assert asked(served, of=CLOSED, role="authorised_officer")["refused"] is None

    def test_a_prosecutor_is_told_nothing_of_a_hit_that_is_not_in_his_case(
        self, served: Served
    ) -> None:
        who = in_a_case(served)
        other = served.told(
            'mutation { openCase(title: "B") { ... on CaseOpened { number } } }', None, **LEADER
        )["openCase"]["number"]

        assert asked(served, **who)["refused"] is None
        answer = served.ask("{ __typename }", None, **{**who, "purpose": f"case:{other}"})
        assert (answer.status_code, answer.json()["code"]) == (403, "purpose_not_held")
        assert asked(served, of=str(ids.dealer_id(TILL, "dealer-1")), **who)["refused"]


def tries(served: Served, root: str, **who: str) -> None:
    """Somebody without the right to it, who is refused before anything is tried."""
    told = served.told(f"{root.replace('HIT', HIT)} {{ __typename }} }}", None, **who)
    assert [each["__typename"] for each in told.values()] == ["NotPermitted"]


def attempts(served: Served, of: str = HIT, **who: str) -> list[Any]:
    found = asked(served, "first: 100, kind: [attempt]", of, **who)["nodes"] or ()
    return [(node["actor"], node["role"], node["facts"][0]["value"]) for node in found]


BOA = {"role": "boa_1", "ground": "sr:437", "purpose": "duty:control"}
REFUSED = ("user:dev:boa_1@amsterdam", "boa_1", "not_permitted")


class TestWhatThePolicyRefused:
    def test_a_refused_look_on_a_covert_ground_is_told_to_who_controls_alone(
        self, served: Served
    ) -> None:
        who = in_a_case(served)
        tries(
            served,
            'mutation { revealIdentity(presentation: "HIT", basis: hit, why: "x")',
            role="authorised_officer",
            ground="wpg:13",
        )
        before = asked(served, **who)["nodes"]
        covert = {"role": "prosecution_clerk", "ground": "wjsg:39b"}
        tries(served, 'mutation { confirmHit(id: "HIT")', **covert)

        assert [n for n in asked(served, **who)["nodes"] if n["kind"] == "attempt"] == [
            n for n in before if n["kind"] == "attempt"
        ]
        assert len(attempts(served, **REVIEWER)) == 2

    @pytest.mark.parametrize("root", ['{ hit(id: "HIT")', 'mutation { confirmHit(id: "HIT")'])
    def test_it_stands_in_the_trail_of_what_it_names_for_whom_reads_are_told(
        self, served: Served, root: str
    ) -> None:
        who = in_a_case(served)
        tries(served, root, **BOA)

        assert attempts(served, **who) == [REFUSED]
        assert attempts(served, **REVIEWER) == [REFUSED]
        assert attempts(served, role="district_detective") == []

    def test_one_that_names_no_record_is_told_of_by_its_read_alone(self, served: Served) -> None:
        served.told("{ hits(first: 1) { nodes { id } } }", None, **BOA)
        entries = journal(served.archive)

        assert [type(entry) for entry in entries] == [Read]

    def test_a_trail_that_is_refused_on_paper_is_told_too(self, served: Served) -> None:
        who = in_a_case(served)

        answer = served.client.post("/v1/trail", json={"of": HIT}, headers=served.headers(**BOA))

        assert answer.status_code == 403
        assert attempts(served, **who) == [REFUSED]


LEAVES = 'leaveCase(case: "CASE", member: "dev:nobody")'
UNVEILS = f'revealIdentity(presentation: "{PERSON}", basis: order, order: "1", why: "Op bevel.")'
TAKES_OUT = f'removeCaseItem(case: "CASE", item: "{PURCHASE}", why: "Hoort hier niet.")'
BRINGS_IN = f'addCaseItem(case: "CASE", kind: hit, item: "{HIT}", why: "Nog eens.")'


class TestWhatTheRulesRefused:
    """A command that was refused by the rules leaves its outcome, whenever it was refused."""

    @pytest.mark.parametrize(
        ("does", "of", "code"),
        [
            (BRINGS_IN, HIT, "item_exists"),
            (TAKES_OUT, str(PURCHASE), "no_item"),
            (UNVEILS, PERSON, "order_without_case"),
            (LEAVES, None, "no_member"),
            (f'confirmHit(id: "{NOWHERE}")', None, "unknown_hit"),
        ],
    )
    def test_its_outcome_is_in_the_journal_and_in_the_trail_of_what_it_named(
        self, served: Served, does: str, of: str | None, code: str
    ) -> None:
        who = in_a_case(served)
        case = served.nodes("cases(first: 1)", "id", **LEADER)[0]["id"]
        before = journal(served.archive)

        does = does.replace("CASE", case)
        # One look-up of a person in ten is refused for want of a reason, and not by the rules.
        said = {**LEADER, "Herkomst_Reason": "De verkoper van de reeks."}
        served.told(f"mutation {{ {does} {{ __typename }} }}", None, **said)

        since = journal(served.archive)[len(before) :]
        assert [type(entry) for entry in since] == [Attempted, Concluded, Read]
        assert since[1].outcome == code
        if of is not None:
            tried = [e[2] for e in attempts(served, of=of, **REVIEWER)]
            assert tried == [code]
            assert [e[2] for e in attempts(served, of=of, **who)] == tried
            assert attempts(served, of=of, role="district_detective") == []

    def test_each_of_several_in_one_request(self, served: Served) -> None:
        who = in_a_case(served)
        twice = " ".join(
            f'{name}: confirmHit(id: "{each}") {{ __typename }}'
            for name, each in (("a", NOWHERE), ("b", HIT), ("c", NOWHERE))
        )
        before = journal(served.archive)
        served.told(f"mutation {{ {twice} }}", None, **LEADER)

        since = journal(served.archive)[len(before) :]
        outcomes = [entry.outcome for entry in since if isinstance(entry, Concluded)]
        assert sorted(outcomes) == ["done", "unknown_hit", "unknown_hit"]
        assert attempts(served, **who) == []  # They named what is not there, too.
        assert len(attempts(served, **REVIEWER)) == 2

    def test_what_is_not_there_is_journaled_as_what_is_hidden(self, served: Served) -> None:
        hidden = str(ids.pair_id(ids.purchase_id(TILL, "purchase-2"), 1, UUID(CLOSED)))
        told = []
        for each in (hidden, NOWHERE):
            before = len(journal(served.archive))
            answer = served.told(f'mutation {{ confirmHit(id: "{each}") {{ __typename }} }}', None)
            entries = journal(served.archive)[before:]
            told.append((answer, [getattr(entry, "outcome", None) for entry in entries]))

        assert told[0] == told[1]
        assert attempts(served, of=CLOSED, role="district_detective") == []


class TestAProsecutor:
    def test_sees_every_event_and_each_read_in_order_and_who_decided_on_what(
        self, served: Served
    ) -> None:
        who = in_a_case(served)
        served.told(f'{{ hit(id: "{HIT}") {{ __typename }} }}', None, role="hic_team")
        covert = {"role": "authorised_officer", "ground": "wpg:10"}
        served.told(f'{{ hit(id: "{HIT}") {{ __typename }} }}', None, **covert)

        told = asked(served, **who)

        events = [node for node in told["nodes"] if node["kind"] != "read"]
        assert topics({"nodes": events})[-2:] == [
            "casework.case.item_added",
            "casework.hit.confirmed",
        ]
        added, confirmed = events[-2:]
        read = told["nodes"][-1]
        assert confirmed["actor"] == "user:dev:team_leader@amsterdam"
        assert confirmed["words"] == "A person confirmed the hit."
        assert (read["actor"], read["role"]) == ("user:dev:hic_team@amsterdam", "hic_team")
        assert {"name": "why", "value": "De fiets van de reeks."} in added["facts"]
        assert told["totalCount"] == len(told["nodes"])

    def test_prints_it(self, served: Served) -> None:
        who = in_a_case(served)

        answer = served.client.post("/v1/trail", json={"of": HIT}, headers=served.headers(**who))

        assert answer.status_code == 200
        assert answer.content.startswith(b"%PDF-")

    def test_is_himself_in_the_next(self, served: Served) -> None:
        who = in_a_case(served)
        asked(served, **who)

        told = asked(served, "first: 100, kind: [read]", **who)

        assert told["nodes"][-1]["actor"] == "user:dev:prosecutor@amsterdam"
        assert {node["kind"] for node in told["nodes"]} == {"read"}
        entry = journal(served.archive)[-1]
        assert isinstance(entry, Read)
        assert f"hit:{HIT}" in entry.returned


class TestNarrowed:
    def test_by_kind_topic_actor_and_time(self, served: Served) -> None:
        now = datetime.now(UTC).isoformat()
        leader = {"role": "team_leader"}

        assert topics(asked(served, "first: 9, kind: [hit]", **leader)) == ["casework.hit.found"]
        one = asked(served, 'first: 9, topic: ["dor.book.entered"]', **leader)
        assert topics(one) == ["dor.book.entered"]
        by = asked(served, 'first: 9, actor: "process:matching"', **leader)
        assert topics(by) == ["casework.hit.found"]
        assert topics(asked(served, f'first: 9, until: "{now}", kind: [read]', **leader)) == []
        since = asked(served, f'first: 9, since: "{now}"', **leader)
        assert set(topics(since)) == {"journal.read"}

    @pytest.mark.parametrize(
        ("more", "code"),
        [
            ('first: 1, topic: ["casework.hit.fond"]', "topic"),
            ('first: 1, after: "x"', "cursor"),
            ('first: 1, actor: "\\u0000"', "value"),
        ],
    )
    def test_what_cannot_be_meant_is_refused(self, served: Served, more: str, code: str) -> None:
        assert asked(served, more)["refused"]["code"] == code

    def test_pages_go_on_where_the_last_ended(self, served: Served) -> None:
        until = f'until: "{datetime.now(UTC).isoformat()}"'
        whole = asked(served, f"first: 100, {until}")
        told: list[Any] = []
        after = ""
        for _ in whole["nodes"]:
            page = asked(served, f"first: 1, {until}{after}")
            told += page["nodes"]
            after = f', after: "{page["pageInfo"]["endCursor"]}"'

        assert told == whole["nodes"]
        assert not page["pageInfo"]["hasNextPage"]


def test_who_controls_sees_what_happened_and_who_looked_and_nothing_of_what_it_says(
    served: Served,
) -> None:
    covert = {"role": "authorised_officer", "ground": "wpg:10"}
    served.told(f'{{ hit(id: "{HIT}") {{ __typename }} }}', None, **covert)

    told = asked(served, **REVIEWER)

    assert all(n["withheld"] and not n["facts"] for n in told["nodes"] if n["kind"] != "read")
    assert told["nodes"][-1]["role"] == "authorised_officer"
    assert {"name": "ground", "value": "wpg:10"} in told["nodes"][-1]["facts"]
