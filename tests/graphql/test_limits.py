"""Documents that flood are refused before anything is validated, executed or read."""

import asyncio
from typing import Any

import pytest
from graphql import get_introspection_query

from herkomst.graphql.documents import read_documents
from herkomst.graphql.limits import COST, LENGTH, UNPRICED
from herkomst.graphql.operations import Asked, Operation, OperationRefused, Operations
from herkomst.graphql.schema import make_schema

SCHEMA = make_schema()
DOCUMENTS = read_documents(SCHEMA.core)
OPEN = Operations(SCHEMA, DOCUMENTS, introspection=True)
CLOSED = Operations(SCHEMA, DOCUMENTS, introspection=False)
NODES = "edges { node { id } }"


def prepared(
    query: str, variables: dict[str, Any] | None = None, operations: Operations = CLOSED
) -> Operation:
    return operations.prepare(Asked(query=query, variables=variables))


def refused(query: str, variables: dict[str, Any] | None = None) -> str:
    """The code, or the message, with which a document is refused."""
    with pytest.raises(OperationRefused) as refusal:
        prepared(query, variables)
    (error, *_) = refusal.value.errors
    return str((error.extensions or {}).get("code", error.message))


def many(template: str, times: int) -> str:
    return "{" + " ".join(template.replace("%", str(i)) for i in range(times)) + "}"


FLOODS = {
    "aliases": many("a%: hits(first: 1) { " + NODES + " }", 40),
    "aliases of nothing": many("a%: __typename", 100),
    "aliases in fragments": many("...F ", 20)
    + " fragment F on Query { a: __typename b: __typename }",
    "one field again and again": many("__typename", 250),
    "many fields": many("hits%", 400),
    "repeats": many("hits(first: 1) { " + NODES + " }", 20),
    "depth": "{ hits(first: 1) " + "{ edges { node { purchase { good " * 4 + "{ kind }" + "} " * 17,
    "depth that cannot be parsed": "{a" * 900 + "}" * 900,
    "an open brace": "{" * 5000,
    "inline fragments": "{" + "... {" * 150 + "__typename" + "}" * 151,
    "a fragment of itself": "{ ...A } fragment A on Query { ...A }",
    "a cycle of fragments": "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }",
    "a cycle that is not used": "{ __typename } fragment A on Query { ...A }",
    "a bomb of fragments": "{ ...F0 } "
    + " ".join(f"fragment F{i} on Query {{ ...F{i + 1} ...F{i + 1} }}" for i in range(30))
    + " fragment F30 on Query { __typename }",
    "a chain of fragments": "{ ...F0 } "
    + " ".join(f"fragment F{i} on Query {{ ...F{i + 1} }}" for i in range(200))
    + " fragment F200 on Query { __typename }",
    "overlapping fragments": "{"
    + " ".join(f"...F{i}" for i in range(38))
    + "} "
    + " ".join(f"fragment F{i} on Query {{ hits(first: 1) {{ {NODES} }} }}" for i in range(38)) * 3,
    "overlapping inline fragments": many("... on Query { hits(first: 1) { " + NODES + " } }", 80),
    "a fragment that is not used": "{ __typename } fragment F on Query "
    + many("... on Query { __typename __typename __typename }", 200),
    "directives": "{ __typename " + "@include(if: true) " * 50 + "}",
    "directives that do not exist": "{ __typename " + "@a " * 500 + "}",
    "directives on variables": "query (" + "$a: Int " + "@a " * 100 + ") { __typename }",
    "a number without end": "{ hits(first: 1, since: " + "9" * 5000 + ") { " + NODES + " } }",
    "a fraction without end": "{ hits(first: 1, since: 1." + "9" * 5000 + ") { " + NODES + " } }",
    "a number without end in a directive": "{ __typename @include(if: " + "9" * 5000 + ") }",
    "a default without end": "query ($a: DateTime = " + "9" * 5000 + ") { __typename }",
    "a list that is deep": "{ hits(first: 1, grade: " + "[" * 40 + "]" * 40 + ") {" + NODES + "} }",
    "lists": "{ hits(first: 1, grade: " + "[" * 900 + "]" * 900 + ") { " + NODES + " } }",
    "objects": "{ hits(first: " + "{a: " * 500 + "1" + "}" * 500 + ") { " + NODES + " } }",
    "variables": "query (" + " ".join(f"$a{i}: Int" for i in range(100)) + ") { __typename }",
    "operations": " ".join(f"query Q{i} {{ __typename }}" for i in range(100)),
    "a long string": '{ hits(first: 1, after: "' + "a" * 30_000 + '") { ' + NODES + " } }",
    "comments": "#\n" * 5000 + "{ __typename }",
    "blanks": " " * (LENGTH + 1) + "{ __typename }",
    "commas": "," * (LENGTH + 1) + "{ __typename }",
    "tokens": many("__typename", 2100),
    "tokens in few characters": "{" + "a:b " * 900 + "}",
    "comments in few characters": "#\n" * 300 + "{ __typename }",
    "cost": many(
        "a%: hits(first: 100) { edges { node { reasons { code } purchase { good "
        "{ identifiers { value } } } } } }",
        20,
    ),
    "introspection": "{ __schema { types { name } } }",
    "introspection of a type": '{ __type(name: "Hit") { name } }',
    "introspection in a fragment": "{ ...F } fragment F on Query { __schema { types { name } } }",
    "introspection of the whole": get_introspection_query(),
    "a page of none": "{ hits(first: 0) { " + NODES + " } }",
    "a page below none": "{ hits(first: -1) { " + NODES + " } }",
    "a page too large": "{ hits(first: 101) { " + NODES + " } }",
    "a page without end": "{ hits(first: 99999999999999999999999999) { " + NODES + " } }",
    "a subscription": "subscription { hits }",
    "a mutation many times": "mutation " + many('a%: assessHit(id: "x") { __typename }', 40),
    "deferred": "{ ... @defer { __typename } }",
    "streamed": "{ hits(first: 1) { edges @stream { node { id } } } }",
}


@pytest.mark.parametrize("document", FLOODS.values(), ids=FLOODS)
def test_a_flood_is_refused(document: str) -> None:
    assert refused(document)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("aliases", "too_many_aliases"),
        ("one field again and again", "too_many_repeats"),
        ("depth", "too_deep"),
        ("inline fragments", "too_deep"),
        ("a cycle of fragments", "fragment_cycle"),
        ("a bomb of fragments", "too_many_fields"),
        ("overlapping inline fragments", "too_many_fields"),
        ("directives", "too_many_directives"),
        ("variables", "too_many_variables"),
        ("operations", "too_many_definitions"),
        ("a long string", "document_too_long"),
        ("introspection in a fragment", "introspection_off"),
        ("a page too large", "first"),
        ("a number without end", "number_too_long"),
        ("a number without end in a directive", "number_too_long"),
        ("a default without end", "number_too_long"),
        ("a list that is deep", "too_deep"),
        ("cost", "too_costly"),
    ],
)
def test_a_refusal_says_by_its_code_what_is_too_much(name: str, code: str) -> None:
    assert refused(FLOODS[name]) == code


class TestVariables:
    HITS = "query ($n: Int!, $g: [Grade!]) { hits(first: $n, grade: $g) { " + NODES + " } }"

    @pytest.mark.parametrize("first", [0, -1, 101, 10**9, 101.0, 1e9])
    def test_a_page_is_as_large_by_variable(self, first: int) -> None:
        assert refused(self.HITS, {"n": first}) == "first"

    def test_a_default_is_the_size_of_a_page_too(self) -> None:
        query = "query ($n: Int! = 500) { hits(first: $n) { " + NODES + " } }"

        assert refused(query) == "first"

    def test_many_values_are_refused(self) -> None:
        assert refused(self.HITS, {"n": 1, "g": ["hit"] * 1000}) == "too_many_values"
        assert refused(self.HITS, {"n": 1, "g": {"a": [[["hit"] * 1000]]}}) == "too_many_values"

    @pytest.mark.parametrize("first", ["5", 5.5, None, [5], {"a": 5}, True])
    def test_what_is_no_number_is_no_size(self, first: object) -> None:
        assert refused(self.HITS, {"n": first})

    def test_deep_ones_are_refused(self) -> None:
        deep: Any = "hit"
        for _ in range(30):
            deep = [deep]

        assert refused(self.HITS, {"n": 1, "g": deep}) == "too_deep"


class TestCost:
    def cost(self, query: str, variables: dict[str, Any] | None = None) -> int:
        cost = prepared(query, variables).cost
        assert cost.maximum == COST
        return cost.requested

    def test_it_grows_with_the_page_and_with_what_is_asked_of_each(self) -> None:
        small = self.cost("{ hits(first: 10) { nodes { id } } }")
        large = self.cost("{ hits(first: 100) { nodes { id } } }")
        rich = self.cost("{ hits(first: 10) { nodes { id purchase { shop { name } } } } }")

        assert large - small == 90
        assert rich - small == 20

    def test_it_counts_aliases_and_fragments(self) -> None:
        once = self.cost("{ hits(first: 10) { nodes { id } } }")
        twice = self.cost(
            "{ a: hits(first: 10) { ...N } b: hits(first: 10) { ...N } } "
            "fragment N on HitConnection { nodes { id } }"
        )

        assert twice == 2 * once

    def test_a_page_that_lies_deeper_has_the_size_that_was_asked(self) -> None:
        known = (
            'caseAsKnown(id: "x", recorded: "2026-01-01", first: %) '
            "{ ... on KnownCase { items { nodes { item { id } } } } }"
        )

        small, large = (self.cost(f"{{ {known.replace('%', n)} }}") for n in ("10", "100"))

        assert large - small == 2 * 90

    def test_it_reads_variables(self) -> None:
        query = "query ($n: Int! = 7) { hits(first: $n) { nodes { id } } }"

        assert self.cost(query, {"n": 20}) - self.cost(query) == 13
        assert self.cost(query, {"n": 20.0}) == self.cost(query, {"n": 20})

    def test_a_whole_page_of_whole_hits_may_be_asked(self) -> None:
        assert self.cost(
            """{ hits(first: 100) { edges { cursor node {
                reasons { code } against { code }
                purchase { acquired { from } marks { code } shop { municipality { name } }
                           good { identifiers { value } attributes { name } price { amount } } }
                stolen { ... on StolenItem { stolen { from } reported { from }
                         municipality { name } good { identifiers { value } } } }
            } } } }"""
        )

    def test_a_question_that_is_too_dear_tells_its_cost_too(self) -> None:
        with pytest.raises(OperationRefused) as refusal:
            prepared(FLOODS["cost"])

        assert refusal.value.cost.requested > COST
        assert refusal.value.too_much

    def test_what_was_refused_before_it_could_be_priced_counts_as_one(self) -> None:
        with pytest.raises(OperationRefused) as refusal:
            prepared("{")

        assert refusal.value.cost == (UNPRICED, COST)


class TestIntrospection:
    def test_tools_may_ask_for_it_where_it_is_on(self) -> None:
        operation = prepared(get_introspection_query(), operations=OPEN)

        result = asyncio.run(operation.execute(SCHEMA, None))

        assert operation.tells_of_schema_alone
        assert result.errors is None
        assert result.data

    def test_it_is_bounded_there_too(self) -> None:
        deep = "{ __schema { types " + "{ fields { type " * 8 + "{ name }" + "} } " * 8 + "} }"

        with pytest.raises(OperationRefused):
            prepared(deep, operations=OPEN)

    def test_where_it_is_off_no_misspelling_is_helped_with(self) -> None:
        assert "Did you mean" not in refused("{ hit2(first: 1) { id } }")

    def test_the_name_of_a_type_may_always_be_asked(self) -> None:
        result = asyncio.run(prepared("{ __typename }").execute(SCHEMA, None))

        assert result.data == {"__typename": "Query"}
