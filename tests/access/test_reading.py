"""The order of reading, over a real journal."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from msgspec.structs import replace

from herkomst.access.reading import (
    Answer,
    Asked,
    JournalUnavailable,
    Question,
    Returned,
    attempt,
    read,
    write,
)
from herkomst.access.viewer import Reading, Role, Viewer
from herkomst.domain.journal import Attempted, Concluded, Read
from herkomst.record.archive import Archive
from tests.readings import under
from tests.serving import journal, opened

QUESTION = Question("{ hits }", {"since": "2026-03-01"}, "graphql")
HIT = UUID(int=7)


def a_reading() -> Reading:
    viewer = Viewer(subject="dev:x", role=Role.DISTRICT_DETECTIVE, unit="amsterdam")
    return under(viewer, "case:2026-0312", "wpg:8")


def run_read(archive: Archive, execute: Callable[[Returned], Awaitable[Any]]) -> Answer[Any]:
    return asyncio.run(read(archive, a_reading(), QUESTION, execute))


async def one_hit(returned: Returned) -> str:
    returned.add("hit", HIT)
    returned.add("hit", HIT)
    returned.withhold()
    return "a hit"


class TestReading:
    def test_the_journal_says_who_asked_what_and_why(self, archive: Archive) -> None:
        answer = run_read(archive, one_hit)

        (entry,) = journal(archive)
        assert isinstance(entry, Read)
        assert (answer.value, answer.journal) == ("a hit", 1)
        assert (entry.user, entry.role, entry.unit) == ("dev:x", "district_detective", "amsterdam")
        assert (entry.purpose, entry.ground, entry.way) == ("case:2026-0312", "wpg:8", "graphql")
        assert (entry.returned, entry.count, entry.withheld) == ((f"hit:{HIT}",), 1, 1)
        assert entry.document == QUESTION.document

    def test_what_was_asked_is_sealed_and_can_be_opened_with_its_key(
        self, archive: Archive
    ) -> None:
        run_read(archive, one_hit)

        assert b"2026-03-01" not in journal(archive)[0].asked
        assert opened(archive) == [["{ hits }", {"since": "2026-03-01"}]]

    def test_the_same_question_has_the_same_token_and_another_has_not(
        self, archive: Archive
    ) -> None:
        run_read(archive, one_hit)
        run_read(archive, one_hit)
        other = replace(QUESTION, variables={"since": "2026-03-02"})
        asyncio.run(read(archive, a_reading(), other, one_hit))

        first, second, third = (entry.asked_token for entry in journal(archive))
        assert first == second != third

    def test_nothing_is_journaled_of_what_failed(self, archive: Archive) -> None:
        async def fails(_returned: Returned) -> None:
            raise LookupError

        with pytest.raises(LookupError):
            run_read(archive, fails)

        assert journal(archive) == []

    def test_no_answer_where_the_journal_cannot_be_written(self, archive: Archive) -> None:
        executed = []

        async def execute(_returned: Returned) -> str:
            executed.append(True)
            return "data"

        revoke(archive)

        with pytest.raises(JournalUnavailable):
            run_read(archive, execute)
        assert executed

        grant(archive)
        assert run_read(archive, execute).value == "data"

    def test_many_at_once_are_all_written(self, archive: Archive) -> None:
        async def all_of_them() -> list[Answer[str]]:
            async with asyncio.TaskGroup() as group:
                tasks = [
                    group.create_task(read(archive, a_reading(), QUESTION, one_hit))
                    for _ in range(40)
                ]
            return [task.result() for task in tasks]

        answers = asyncio.run(all_of_them())

        assert len(journal(archive)) == 40
        assert max(answer.journal for answer in answers) == 40


class TestWhatAnAttemptNames:
    def test_ids_are_named_once_wherever_they_stand_and_a_hash_is_none(self) -> None:
        one, two = UUID(int=1 << 90), UUID(int=2 << 90)
        text = f'mutation {{ confirmHit(id: "{str(one).upper()}") {{ id }} }}'
        question = Question(text, {"ids": [two.hex, str(one)], "hash": "a" * 64}, "graphql")

        assert question.named == (one.hex, two.hex)

    def test_what_names_none_says_so(self) -> None:
        assert Question("{ hits }", {"first": 10}, "graphql").named == ()


class TestAttempting:
    def test_an_attempt_stands_before_it_is_made_and_its_outcome_after(
        self, archive: Archive
    ) -> None:
        seen: list[int] = []

        async def act() -> int:
            seen.append(len(journal(archive)))
            return 41

        answer = asyncio.run(
            attempt(archive, a_reading(), QUESTION, act, lambda n: (f"casework={n}",))
        )

        assert (seen, answer.value, answer.journal) == ([1], 41, 2)
        attempted, concluded = journal(archive)
        assert isinstance(attempted, Attempted)
        assert concluded == Concluded(outcome="done", positions=("casework=41",))

    def test_what_failed_is_concluded_with_its_code(self, archive: Archive) -> None:
        class Refused(Exception):
            code = "no_such_thing"

        async def act() -> None:
            raise Refused

        with pytest.raises(Refused):
            asyncio.run(attempt(archive, a_reading(), QUESTION, act, lambda _: ()))

        assert journal(archive)[1] == Concluded(outcome="no_such_thing")

    def test_nothing_is_tried_that_cannot_be_journaled(self, archive: Archive) -> None:
        tried = []

        async def act() -> None:
            tried.append(True)

        revoke(archive)

        with pytest.raises(JournalUnavailable):
            asyncio.run(attempt(archive, a_reading(), QUESTION, act, lambda _: ()))
        assert not tried


class TestWriting:
    def test_parts_of_one_question_stand_on_one_stream(self, archive: Archive) -> None:
        asked = Asked(archive, a_reading(), QUESTION)
        for hit in (uuid4(), uuid4()):
            returned = Returned()
            returned.add("hit", hit)
            write(archive, asked.read(returned))

        with archive.database.connection() as connection:
            facts = archive.journal.recorder.reader.after(connection, 0, 10)
        assert [fact.version for fact in facts] == [1, 2]
        assert len(opened(archive)) == 2

    def test_a_journal_that_cannot_be_written_is_named(self, archive: Archive) -> None:
        revoke(archive)

        with pytest.raises(JournalUnavailable):
            write(archive, Asked(archive, a_reading(), QUESTION).read(Returned()))


def revoke(archive: Archive) -> None:
    _as_owner(archive, "REVOKE INSERT ON record.journal_events FROM herkomst_app")


def grant(archive: Archive) -> None:
    _as_owner(archive, "GRANT INSERT ON record.journal_events TO herkomst_app")


def _as_owner(archive: Archive, statement: str) -> None:
    assert archive.urls.admin
    with psycopg.connect(archive.urls.admin, autocommit=True) as connection:
        connection.execute(statement.encode())
