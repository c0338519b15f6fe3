"""The schema as it is published, and what it must tell."""

import re
import runpy
from pathlib import Path

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLObjectType,
    GraphQLUnionType,
    get_named_type,
    is_introspection_type,
    is_specified_scalar_type,
)

from herkomst.graphql.schema import make_schema, print_schema
from herkomst.investigations.pages import LARGEST

ROOT = Path(__file__).parents[2]
SCHEMA = make_schema().core
TYPES = [
    type_
    for type_ in SCHEMA.type_map.values()
    if not is_introspection_type(type_) and not is_specified_scalar_type(type_)
]
OBJECTS = [type_ for type_ in TYPES if isinstance(type_, GraphQLObjectType)]
LISTS = ("hits", "purchases", "stolenItems", "dealers", "presentations")


def root(name: str) -> GraphQLField:
    assert SCHEMA.query_type
    field: GraphQLField = SCHEMA.query_type.fields[name]
    return field


def test_the_published_schema_is_the_one_that_is_served() -> None:
    assert (ROOT / "schema.graphql").read_text("utf-8") == print_schema(), (
        "write it anew: python -m herkomst.graphql > schema.graphql"
    )


def test_it_can_be_printed_by_a_module_of_that_name(capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_module("herkomst.graphql", run_name="__main__")

    assert capsys.readouterr().out == print_schema()


@pytest.mark.parametrize("name", LISTS)
def test_every_list_needs_its_size(name: str) -> None:
    field = root(name)

    assert str(field.args["first"].type) == "Int!"
    assert str(field.args["after"].type) == "String"
    assert str(field.type).endswith("Connection!")


@pytest.mark.parametrize("name", LISTS)
def test_every_list_tells_what_it_needs_and_costs(name: str) -> None:
    assert re.search(r"Needs `read_\w+`\. Costs `first` times", str(root(name).description))


@pytest.mark.parametrize("shape", OBJECTS, ids=lambda shape: str(shape.name))
def test_every_page_is_a_connection(shape: GraphQLObjectType) -> None:
    for field in shape.fields.values():
        if "first" in field.args or get_named_type(field.type).name.endswith("Connection"):
            page = get_named_type(field.type)
            members = page.types if isinstance(page, GraphQLUnionType) else [page]
            assert any(is_paged(member) for member in members)


def is_paged(shape: object) -> bool:
    """Whether it is a connection, or an answer that holds one."""
    assert isinstance(shape, GraphQLObjectType)
    if shape.name.endswith("Connection"):
        return {"edges", "nodes", "pageInfo", "totalCount", "refused"} <= set(shape.fields)
    return any(str(field.type).endswith("Connection!") for field in shape.fields.values())


@pytest.mark.parametrize("shape", OBJECTS, ids=lambda shape: str(shape.name))
def test_every_page_names_its_size(shape: GraphQLObjectType) -> None:
    pages = [name for name, field in shape.fields.items() if "first" in field.args]

    assert all(str(shape.fields[name].args["first"].type) == "Int!" for name in pages)


def test_refusals_are_members_of_unions() -> None:
    members = {
        name: {member.name for member in union.types}
        for name in ("Refusal", "HitResult", "DecisionResult", "StolenSide", "PresentedIdentity")
        if isinstance(union := SCHEMA.type_map[name], GraphQLUnionType)
    }

    assert members == {
        "Refusal": {"NotPermitted", "InvalidPage"},
        "HitResult": {"Hit", "NotPermitted", "UnknownHit"},
        "DecisionResult": {"HitDecided", "HitClosed", "UnknownHit", "NotPermitted"},
        "StolenSide": {"StolenItem", "Withheld"},
        "PresentedIdentity": {"Identity", "Withheld", "Erased"},
    }


@pytest.mark.parametrize("shape", OBJECTS, ids=lambda shape: str(shape.name))
def test_everything_says_what_it_means(shape: GraphQLObjectType) -> None:
    assert shape.description or shape.name.endswith(("Connection", "Edge"))
    silent = [name for name, field in shape.fields.items() if not field.description]
    assert silent == []


@pytest.mark.parametrize(
    "words", [t for t in TYPES if isinstance(t, GraphQLEnumType)], ids=lambda t: str(t.name)
)
def test_every_word_is_spelled_as_on_the_wire(words: GraphQLEnumType) -> None:
    assert words.description
    assert all(name == value.value for name, value in words.values.items())


def test_the_largest_page_is_the_one_that_is_documented() -> None:
    assert SCHEMA.query_type
    assert f"from 1 to {LARGEST}" in str(SCHEMA.query_type.description)
