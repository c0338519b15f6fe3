"""The reference: it tells of every field, and every example of it is answered."""

import runpy
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from msgspec.structs import replace

from herkomst.domain import ids
from herkomst.domain.casework.predicates import SavedSearch
from herkomst.domain.casework.request import AccessRequest, AccessRequested, answer_by
from herkomst.domain.register.records import Place, StolenItemRecord
from herkomst.graphql.reference import Example, Reference
from herkomst.graphql.schema import make_schema
from herkomst.record.archive import Archive
from herkomst.record.casework import Opening, Seal, Standpoint
from herkomst.record.postgres import EmbeddedPostgres
from herkomst.record.requests import act_in_request, stream_for
from tests import alerts
from tests.archives import (
    AMSTERDAM,
    POLICE,
    TILL,
    a_dealer,
    a_sale,
    make_archive,
)
from tests.graphql.events import pushed, stream
from tests.serving import Served, follow, pair, serving, take_in

REFERENCE = Reference(make_schema().core)
EXAMPLES = {example.element: example for example in REFERENCE.examples()}
PAGE = Path(__file__).parents[2] / "docs" / "graphql.md"
WHO = {
    "role": "team_leader",
    "purpose": "duty:acceptance",
    "Herkomst_Reason": "De eigenaar wees de verkoper aan.",
}
LEADER = "dev:team_leader@amsterdam"
NOBODY = "00000000-0000-0000-0000-000000000000"


@pytest.fixture(scope="module")
def world(server: EmbeddedPostgres) -> Iterator[Archive]:
    """A hit, a purchase that was sold on, and a case with a purchase, a task and a note in it."""
    with make_archive(server) as archive:
        purchase, item = pair(1)
        assert isinstance(item, StolenItemRecord)
        placed = replace(item, place=Place(municipality=AMSTERDAM))
        take_in(archive, a_dealer(), purchase, placed, a_sale(), *pair(2, "confidential"))
        follow(archive)
        yield archive


@pytest.fixture(scope="module")
def served(world: Archive, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(world, tmp_path_factory.mktemp("home")) as served:
        yield served


@pytest.fixture(scope="module")
def values(world: Archive) -> Mapping[str, str]:
    """What the variables of the examples stand for."""
    opening = Opening(title="A", aim="B", lead=LEADER, unit="amsterdam", article="wpg:8")
    case = world.casework.open_case(opening, actor=f"user:{LEADER}").id
    purchase = ids.purchase_id(TILL, "purchase-1")
    for act in (
        lambda c, seal: c.add("purchase", purchase.hex, seal("de fiets")),
        lambda c, seal: c.note("fact", seal("Gezien."), None),
    ):
        world.casework.in_case(case, act, actor=f"user:{LEADER}")
    (alert,) = alerts.active(world, case, [SavedSearch(kinds=("bicycle",))])
    sighting = alerts.fire(world, case, alert, purchase)
    alerts.mute(world, alert, purchase, datetime.now(UTC) + timedelta(days=1))
    request = asked_for(world, ids.stolen_item_id(POLICE, "stolen-2"))
    follow(world)
    stolen = ids.stolen_item_id(POLICE, "stolen-1")
    return {
        "alert": str(alert),
        "sighting": str(sighting),
        "case": str(case),
        "dealer": str(ids.dealer_id(TILL, "dealer-1")),
        "hit": str(hit_of(1)),
        "presentation": str(ids.presentation_id(purchase)),
        "purchase": str(purchase),
        "record": str(purchase),
        "request": str(request),
        "stolenItem": str(stolen),
    }


def asked_for(world: Archive, item: UUID) -> UUID:
    """A request of the team leader for what is withheld."""
    purpose, by = WHO["purpose"], Standpoint(f"user:{LEADER}", "wpg:8", "amsterdam")
    stream = stream_for(item, None, LEADER, purpose)

    def ask(_: AccessRequest, seal: Seal) -> AccessRequested:
        return AccessRequested(
            answer_by=answer_by(datetime.now(UTC)).isoformat(),
            by=LEADER,
            owner=POLICE,
            purpose=purpose,
            record=item.hex,
            role=WHO["role"],
            unit=by.unit,
            why=seal("Zelfde reeks?"),
        )

    act_in_request(world.casework, stream, ask, by.actor, by.custody, begins=True)
    return ids.request_id(stream, 1)


def hit_of(number: int) -> UUID:
    purchase = ids.purchase_id(TILL, f"purchase-{number}")
    return ids.pair_id(purchase, 1, ids.stolen_item_id(POLICE, f"stolen-{number}"))


def test_it_is_written_anew_when_the_schema_changes() -> None:
    assert PAGE.read_text("utf-8") == REFERENCE.page(), (
        "write it anew: python -m herkomst.graphql --reference > docs/graphql.md"
    )


def test_the_module_of_the_room_prints_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["herkomst.graphql", "--reference"])

    runpy.run_module("herkomst.graphql", run_name="__main__")

    assert capsys.readouterr().out == REFERENCE.page()


def test_it_tells_of_every_field() -> None:
    shapes = REFERENCE.shapes

    fields = {f"{shape.name}.{name}" for shape in shapes for name in shape.fields}

    assert fields == EXAMPLES.keys()
    assert len(fields) > 200


def test_every_field_but_node_needs_a_right_or_is_what_says_why_not() -> None:
    without = {
        shape.name
        for shape in REFERENCE.shapes
        for name in shape.fields
        if not REFERENCE.needed(shape, name)
    }

    assert without == {"Query"}


QUERIES = [name for name, example in EXAMPLES.items() if example.text.startswith("query")]
MUTATIONS = [name for name, example in EXAMPLES.items() if example.text.startswith("mutation")]
WATCHED = [name for name, example in EXAMPLES.items() if example.text.startswith("subscription")]


def variables(example: Example, values: Mapping[str, str]) -> dict[str, str]:
    return {name: values.get(name, NOBODY) for name in example.variables}


REHEARSED = (
    *("Authorisation", "GlassBreak", "GlassRead", "Match", "Review", "Rule", "UnknownReview"),
    *("ClockBlock", "Held", "Hold", "Overdue", "Person", "Provision"),
)
"""Types that would need authorisations, reads that are reviewed, or not, or told of, holds,
or requests of persons; other files have them."""
KEEPER = {"role": "privacy_officer", "purpose": "duty:retention", "ground": "avg:5"}
UNMET = {
    "Address",  # Identities are revealed by a mutation first; `test_reveals.py` has them.
    "AlertRefused",  # A dry run on a person is refused for nothing; `test_alerts.py` has others.
    "Attribute",
    "Document",
    "Erased",
    "FoundDealer",  # One word is sought everywhere, and none is called like a bicycle.
    "FoundDealerEdge",
    "Identity",
    "InvalidPage",
    "Measure",  # What follows a hit is begun by a mutation; `test_sequels.py` has it.
    "MeasureEdge",
    "MutedNumber",  # A number is muted by a mutation; `test_muted_numbers.py` has it.
    "MutedNumberEdge",
    "NotOpenedYet",
    "Notice",
    "NoticeEdge",
    "ReasonRequired",  # A key decides who is asked; `test_persons.py` has it.
}
"""What no example of this world meets, because it would need one of its own."""


def test_all_other_examples_meet_what_they_ask(served: Served, values: Mapping[str, str]) -> None:
    """As somebody who may, as one who may not, and for a record that is not there."""
    secret = {"hit": str(hit_of(2))}
    ways = [(values, WHO), (values, WHO | {"role": "auditor"}), ({}, WHO), (secret, WHO)]
    ways += [(values, KEEPER), ({}, KEEPER)]
    here = [name for name in QUERIES if not name.startswith(REHEARSED)]
    unmet = {name for name in here if not any(met(served, name, *way) for way in ways)}

    assert {name.partition(".")[0] for name in unmet} == UNMET


def met(served: Served, element: str, values: Mapping[str, str], who: Mapping[str, str]) -> bool:
    """Whether the field was answered that an example asks."""
    example = EXAMPLES[element]
    told = served.ask(example.text, variables(example, values), **who).json()["data"]
    return reached(told, element.partition(".")[2])


@pytest.mark.parametrize("element", QUERIES + MUTATIONS)
def test_an_example_is_answered(served: Served, values: Mapping[str, str], element: str) -> None:
    example = EXAMPLES[element]

    answer = served.ask(example.text, variables(example, values), **WHO)

    assert answer.status_code == 200
    assert "errors" not in answer.json(), answer.text


@pytest.mark.parametrize("element", WATCHED)
def test_an_example_is_watched(served: Served, values: Mapping[str, str], element: str) -> None:
    example = EXAMPLES[element]
    who = WHO | ({"role": "authorised_officer"} if "matchesOnMine" in example.text else {})

    with stream(served, example.text.replace("{ hits", "{ hits(after: 0)"), **who) as answer:
        assert answer.status_code == 200
        if "hits" in element:
            assert "errors" not in next(pushed(answer.iter_lines()))


def reached(told: Any, name: str) -> bool:
    """Whether a field of this name was answered, with a value or with none."""
    if isinstance(told, list):
        return any(reached(each, name) for each in told)
    if isinstance(told, dict):
        return name in told or any(reached(each, name) for each in told.values())
    return False
