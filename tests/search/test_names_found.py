"""Names asked of both engines: who must not be found, who is, and that both answer the same."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from random import Random
from typing import Any
from uuid import UUID, uuid4

import pytest
from psycopg.rows import namedtuple_row
from psycopg.sql import Composed

from herkomst.record.database import connect
from herkomst.record.postgres import EmbeddedPostgres
from herkomst.search import opensearch
from herkomst.search.documents import NO_TEXT, Source
from herkomst.search.engines import Change
from herkomst.search.names import typed
from herkomst.search.postgres import PostgresEngine, PostgresIndex
from herkomst.search.questions import NameFound, NameQuestion, Seen, Subject, named
from herkomst.simulate import names as made_up
from tests.archives import make_archive

Ask = Callable[[NameQuestion], Sequence[NameFound]]

LAW, OTHER_LAW = "wpg:8 open politie", "wpg:9 closed politie"
SEEN = Seen(laws=frozenset({LAW}))
KNOWN = [
    "Testa van den Voorbeeld",
    "Şükrü Öztarım",
    "Mohammed El Bouhari",
    "Anne Mijn Waterhoek",
    "J.H. Smeedenkamp",
    "Cornelis Dijkenhorst",
    "Cornelis Dijkenhorst",
]
HIDDEN = "Verbora Geheimstra"
ENGINES = ["on_postgres", pytest.param("on_opensearch", marks=pytest.mark.search)]


def written() -> list[str]:
    """Names in the index, the known ones first."""
    chance = Random(6)  # noqa: S311
    drawn = []
    for _ in range(300):
        prefix, family = made_up.family(chance)
        drawn.append(" ".join(part for part in (*made_up.given(chance), prefix, family) if part))
    return [*KNOWN, *drawn]


def a_person(number: int, text: str, **changes: Any) -> Source:
    values: dict[str, Any] = {"law": LAW, "record": UUID(int=number), **changes}
    return Source(at=0, fields={}, name=typed(text), revision=1, text=NO_TEXT, **values)


def changes() -> list[Change]:
    sources = [a_person(number, text) for number, text in enumerate(written())]
    sources.append(a_person(9000, HIDDEN, law=OTHER_LAW))
    sources.append(a_person(9001, HIDDEN, kept="comparable"))
    return [Change(source.id, 1, source.regime, source) for source in sources]


@pytest.fixture(scope="module")
def on_postgres(server: EmbeddedPostgres) -> Iterator[Ask]:
    with make_archive(server) as archive, connect(archive.urls.app, "test") as connection:
        index = PostgresIndex(connection)
        index.create(Subject.PERSONS, 1)
        index.put(Subject.PERSONS, 1, changes())
        index.swap(Subject.PERSONS, 1)
        live = (index.name, Subject.PERSONS, 1, 1, True)
        connection.execute("INSERT INTO follow.indexes VALUES (%s, %s, %s, %s, %s)", live)

        async def ask(statement: Composed) -> Sequence[Any]:
            with connection.cursor(row_factory=namedtuple_row) as cursor:
                return cursor.execute(statement).fetchall()

        with asyncio.Runner() as loop:
            yield lambda question: loop.run(PostgresEngine(ask).names(question))


@pytest.fixture(scope="module")
def on_opensearch(node: str) -> Iterator[Ask]:
    prefix = f"test-{uuid4().hex[:12]}"
    with asyncio.Runner() as loop, filled(node, prefix):
        engine = opensearch.Engine(node, prefix=prefix)
        yield lambda question: loop.run(engine.names(question))
        loop.run(engine.close())


@contextmanager
def filled(url: str, prefix: str) -> Iterator[None]:
    with opensearch.Index(url, prefix=prefix) as index:
        index.create(Subject.PERSONS, 1)
        index.put(Subject.PERSONS, 1, changes())
        index.swap(Subject.PERSONS, 1)
        try:
            yield
        finally:
            index.drop(Subject.PERSONS, 1)


@pytest.fixture
def ask(request: pytest.FixtureRequest) -> Ask:
    found: Ask = request.getfixturevalue(request.param)
    return found


def a_question(text: str, *seen: Seen, first: int = 10) -> NameQuestion:
    return NameQuestion(name=named(text), seen=seen or (SEEN,), first=first)


@pytest.mark.parametrize("ask", ENGINES, indirect=True)
def test_given_a_person_of_whom_one_may_not_know_when_asked_for_then_he_is_not_found(
    ask: Ask,
) -> None:
    assert ask(a_question(HIDDEN)) == []
    assert ask(NameQuestion(name=named(HIDDEN), seen=())) == []
    seen = Seen(laws=frozenset({OTHER_LAW}))
    assert [found.record.int for found in ask(a_question(HIDDEN, seen))] == [9000]
    assert ask(a_question(KNOWN[0], Seen(records=frozenset({UUID(int=9000)})))) == []


@pytest.mark.parametrize("ask", ENGINES, indirect=True)
@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("Voorbeeld, Testa", 0),
        ("testa vandenvorbeeld", 0),
        ("T. van den Voorbeeld", 0),
        ("SUKRU OZTARIM", 1),
        ("Shukru Oeztarim", 1),
        ("Muhammad Bouhari", 2),
        ("annemijn waterhoek", 3),
        ("Jan Hendrik Smedenkamp", 4),
        ("Kornelis Dykenhorst", 5),
    ],
)
def test_given_a_name_written_carelessly_when_asked_for_then_it_is_found_first(
    ask: Ask, text: str, number: int
) -> None:
    first = ask(a_question(text))[0]
    assert first.record == UUID(int=number)
    assert first.likeness.score >= 800
    assert first.likeness.meetings


@pytest.mark.parametrize("ask", ENGINES, indirect=True)
def test_given_namesakes_when_asked_for_then_both_are_found_and_none_is_preferred(
    ask: Ask,
) -> None:
    found = ask(a_question("Cornelis Dijkenhorst"))
    assert [each.record.int for each in found[:2]] == [5, 6]
    assert found[0].likeness == found[1].likeness


@pytest.mark.search
def test_given_careless_names_when_both_engines_are_asked_then_they_answer_the_same(
    on_postgres: Ask, on_opensearch: Ask
) -> None:
    chance = Random(7)  # noqa: S311
    for text in chance.sample(written(), 60):
        at = chance.randrange(1, len(text) - 1)
        for asked in (text, text[:at] + text[at + 1 :], " ".join(reversed(text.split()))):
            question = a_question(asked, first=20)
            assert on_postgres(question) == on_opensearch(question)
