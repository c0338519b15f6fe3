"""What is read off records is what the library tells of them, its errors included."""

import asyncio
from datetime import UTC, datetime
from enum import Enum
from inspect import isawaitable
from types import SimpleNamespace
from typing import Annotated, Any
from uuid import UUID

import strawberry
from graphql import ExecutionResult, Executor, execute, parse, validate
from hypothesis import given
from hypothesis import strategies as st
from strawberry.schema.config import StrawberryConfig

from herkomst.graphql.execution import RecordExecutor
from herkomst.graphql.fields import by_name, resolved, shape_of


@strawberry.enum
class Colour(Enum):
    RED = "red"
    DARK_BLUE = "dark_blue"


@strawberry.interface
class Named:
    id: strawberry.ID


@strawberry.type
class Part:
    line: int
    note: str | None


@strawberry.type
@shape_of(SimpleNamespace)
class Good(Named):
    colour: Colour
    other: Colour | None
    words: list[str]
    parts: list[Part]
    first: Part | None
    weight: float | None
    is_new: bool
    sold_at: datetime | None

    @strawberry.field
    async def beside(self, root: strawberry.Parent[Any]) -> Part | None:
        await asyncio.sleep(0)
        found: Part | None = root.first
        return found

    @resolved(Part | None, "What a loader promises.")
    def later(self, root: strawberry.Parent[Any]) -> asyncio.Future[Any]:
        promise: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_soon(promise.set_result, root.first)
        return promise

    @strawberry.field
    def length(self, root: strawberry.Parent[Any]) -> int:
        return len(root.words)


@strawberry.type
@shape_of(int)
class Number(Named):
    real: int


@strawberry.type
class Query:
    @resolved(list[Good | None], "All of them.")
    async def goods(self, info: strawberry.Info) -> Any:
        return info.context

    @resolved(Good, "The first.")
    def one(self, info: strawberry.Info) -> Any:
        return info.context[0]

    @resolved(Annotated[Good | Number, strawberry.union("Either")], "The last.")
    def either(self, info: strawberry.Info) -> Any:
        return info.context[-1]


SCHEMA = strawberry.Schema(query=Query, config=StrawberryConfig(default_resolver=by_name))._schema
DOCUMENTS = [
    "{ goods { id colour other words parts { line note } first { note line } soldAt } }",
    "{ goods { later { line } id length again: later { __typename note } } }",
    "{ goods { first { line } beside { note } id __typename length weight isNew } }",
    "query Q($no: Boolean = false) "
    "{ goods { a: words b: words colour @include(if: $no) id @skip(if: $no) } one { ...F } } "
    "fragment F on Good { id ... on Named { id __typename } parts { __typename } }",
    "{ either { __typename ... on Good { words first { __typename line } } } goods { id } }",
    "{ __typename goods { first { __typename } parts { line l: line } } }",
    "{ __schema { queryType { name fields { name } } } one { beside { line } colour } }",
]
ID = UUID("018f0000-0000-7000-8000-000000000001")
parts = st.builds(
    SimpleNamespace, line=st.sampled_from([1, 2, None, "x"]), note=st.sampled_from([None, "n", []])
)
goods = st.builds(
    SimpleNamespace,
    id=st.sampled_from([ID, "a", None]),
    colour=st.sampled_from([Colour.RED, "red", "RED", "dark_blue", None, 3]),
    other=st.sampled_from([None, Colour.DARK_BLUE, "green"]),
    words=st.sampled_from([[], ("a", "b"), ["a", None], "ab", None, 5]),
    parts=st.lists(parts, max_size=3) | st.none(),
    first=parts | st.none() | st.just(7),
    weight=st.sampled_from([None, 1.5, float("nan")]),
    is_new=st.sampled_from([True, False, None]),
    sold_at=st.sampled_from([None, datetime(2026, 1, 2, tzinfo=UTC), "never"]),
)


def answered(document: str, records: list[Any], executor: type[Executor[Any]]) -> Any:
    """What it comes to, as it is sent: the order of fields tells too."""

    async def ask() -> ExecutionResult:
        result = execute(SCHEMA, parse(document), context_value=records, executor_class=executor)
        return await result if isawaitable(result) else result

    result = asyncio.run(ask())
    errors = sorted(repr(error.formatted) for error in result.errors or ())
    return repr(result.data), errors


def test_the_documents_are_questions_of_the_schema() -> None:
    assert not [error for each in DOCUMENTS for error in validate(SCHEMA, parse(each))]


@given(
    document=st.sampled_from(DOCUMENTS),
    records=st.lists(goods | st.none() | st.just(4), min_size=1, max_size=3),
)
def test_whatever_the_records_are_it_tells_what_the_library_tells(
    document: str, records: list[Any]
) -> None:
    assert answered(document, records, RecordExecutor) == answered(document, records, Executor)


def test_records_that_are_whole_are_told_whole() -> None:
    part = SimpleNamespace(line=1, note=None)
    good = SimpleNamespace(
        id=ID,
        colour="dark_blue",
        other=None,
        words=("a",),
        parts=[part],
        first=part,
        weight=None,
        is_new=True,
        sold_at=None,
    )
    document = "{ one { id length colour parts { line note __typename } beside { line } words } }"

    data, errors = answered(document, [good], RecordExecutor)

    told = {
        "id": str(ID),
        "length": 1,
        "colour": "DARK_BLUE",
        "parts": [{"line": 1, "note": None, "__typename": "Part"}],
        "beside": {"line": 1},
        "words": ["a"],
    }
    assert (data, errors) == (repr({"one": told}), [])


def test_what_stands_beside_records_is_asked_for_of_all_before_any_of_it_is_told() -> None:
    seen: list[str] = []

    class Found:
        @property
        def line(self) -> int:
            seen.append("told")
            return 1

    class Counted(SimpleNamespace):
        @property
        def first(self) -> Found:
            seen.append("asked")
            return Found()

    goods = [Counted(id=name) for name in "abc"]

    data, errors = answered("{ goods { later { line } id } }", goods, RecordExecutor)

    told = [{"later": {"line": 1}, "id": name} for name in "abc"]
    assert (data, errors) == (repr({"goods": told}), [])
    assert seen == ["asked"] * 3 + ["told"] * 3
