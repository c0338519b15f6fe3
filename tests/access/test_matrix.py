"""The matrix: who may ask what, and by which questions each field is reached.

`matrix.csv` and `fields.csv` are reviewed by people and know nothing of the policy. A field without
a row fails here, and so does one that a new question begins to reach.
"""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLUnionType,
    get_named_type,
    is_required_argument,
)

from herkomst.access.viewer import Role
from herkomst.graphql.schema import make_schema
from herkomst.record.archive import Archive
from tests.serving import Served, follow, serving

HERE = Path(__file__).parent
CORE = make_schema().core
ROOTS = ("Query", "Mutation", "Subscription")
VALUES = {
    "Int": "1",
    "Boolean": "true",
    "String": '"x"',
    "ID": f'"{uuid4()}"',
    "Date": '"2026-01-01"',
    "DateTime": '"2026-01-01T00:00:00Z"',
}


def rows(name: str) -> list[dict[str, str]]:
    return list(csv.DictReader((HERE / name).read_text("utf-8").splitlines()))


MATRIX = rows("matrix.csv")
FIELDS = {row["type"]: row for row in rows("fields.csv")}


def object_type(name: str) -> GraphQLObjectType:
    found = CORE.type_map[name]
    assert isinstance(found, GraphQLObjectType)
    return found


def members(found: GraphQLNamedType) -> Iterator[GraphQLObjectType]:
    if isinstance(found, GraphQLUnionType):
        yield from found.types
    elif isinstance(found, GraphQLObjectType):
        yield found
    else:
        yield from CORE.get_possible_types(found) if found.name == "Node" else ()  # type: ignore[arg-type]


def reached() -> dict[str, set[str]]:
    """Each type, with the questions that lead to it; `node` leads to all that have an id."""
    found: dict[str, set[str]] = {}
    for root in ROOTS:
        for name, field in object_type(root).fields.items():
            waiting = list(members(get_named_type(field.type)))
            seen: set[str] = set()
            while waiting:
                kind = waiting.pop()
                if kind.name in seen:
                    continue
                seen.add(kind.name)
                for inner in kind.fields.values():
                    waiting += members(get_named_type(inner.type))
            for kind_name in seen:
                found.setdefault(kind_name, set()).add(name)
    return found


def test_every_field_has_a_row() -> None:
    here = {
        kind.name: " ".join(kind.fields)
        for kind in CORE.type_map.values()
        if isinstance(kind, GraphQLObjectType) and not kind.name.startswith("__")
    }

    assert here == {name: row["fields"] for name, row in FIELDS.items()}


@pytest.mark.parametrize("name", sorted(set(FIELDS) - set(ROOTS)))
def test_a_type_is_reached_by_the_questions_of_its_row_alone(name: str) -> None:
    assert " ".join(sorted(reached()[name])) == FIELDS[name]["reached_by"]


def test_every_question_has_a_row() -> None:
    asked = {name for row in MATRIX for name in row["questions"].split()}

    assert asked == {
        name for root in ROOTS[:2] for name in object_type(root).fields if name != "node"
    }


def value(argument: GraphQLArgument) -> str:
    kind = get_named_type(argument.type)
    return next(iter(kind.values)) if isinstance(kind, GraphQLEnumType) else VALUES[kind.name]


def questions(names: Sequence[str]) -> list[str]:
    """One document for all of a root that are named."""
    return [
        f"{root.lower()} {{ {' '.join(question(root, name) for name in asked)} }}"
        for root in ROOTS[:2]
        if (asked := [name for name in names if name in object_type(root).fields])
    ]


def question(root: str, name: str) -> str:
    """The smallest question that tells whether one is refused."""
    field = object_type(root).fields[name]
    given = [f"{n}: {value(a)}" for n, a in field.args.items() if is_required_argument(a)]
    kind = get_named_type(field.type)
    has_refused = "refused" in getattr(kind, "fields", ())
    told = "refused { __typename }" if has_refused else "__typename"
    arguments = f"({', '.join(given)})" if given else ""
    return f"{name}{arguments} {{ {told} }}"


@pytest.fixture(scope="module")
def served(shared_archive: Archive, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    follow(shared_archive)
    with serving(shared_archive, tmp_path_factory.mktemp("home")) as served:
        yield served


def is_refused(answer: Any) -> bool:
    told = answer.get("refused", answer) or {}
    return bool(told.get("__typename") == "NotPermitted")


@pytest.mark.parametrize(
    "row", MATRIX, ids=[f"{r['questions'].split()[0]} {r['purpose']} {r['ground']}" for r in MATRIX]
)
def test_who_may_ask_is_who_the_matrix_names(served: Served, row: dict[str, str]) -> None:
    names = row["questions"].split()
    texts = questions(names)
    under = {"purpose": row["purpose"], "ground": row["ground"]}
    may: dict[str, set[str]] = {name: set() for name in names}
    for role in Role:
        for text in texts:
            for name, answer in served.told(text, None, role=role.value, **under).items():
                may[name] |= set() if is_refused(answer) else {role.value}

    assert may == {name: set(row["roles"].split()) for name in names}
