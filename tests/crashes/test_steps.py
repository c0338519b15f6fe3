"""kill -9 at each named step of append, batch, swap, erasure and import.

The steps lie where a crash would hurt most: between two writes of one transaction, and just before
and behind its commit. After each death the command is repeated, and then everything is as if it
had never died.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest
from _pytest.mark import ParameterSet

from herkomst.domain import ids
from herkomst.domain.register import book, purchase
from herkomst.record.archive import open_archive
from herkomst.record.postgres import EmbeddedPostgres, embedded
from herkomst.record.removal import remove
from herkomst.record.verification import verify
from herkomst.settings import Settings
from herkomst.steps import STEPS
from tests.archives import TILL, a_purchase
from tests.commands import Herkomst
from tests.projections.following import digests, facts, follow, rebuilt, rows

KILLED = -9
LINES = 1_100
"""A whole batch of an import, and some."""
QUICK = {"append.copied", "swap.swapped", "erasure.destroyed"}
"""These are proven with every run of the tests, the others in `make test-all`."""
_number = count(1)


class Home(NamedTuple):
    """A home whose database runs, and on which commands die."""

    herkomst: Herkomst
    database: EmbeddedPostgres
    folder: Path

    def dies(self, step: str, *command: str) -> None:
        ended = self.herkomst(*command, CRASH_AT=step)
        assert ended.code == KILLED, (step, ended)

    def does(self, *command: str) -> Any:
        ended = self.herkomst(*command, "--json")
        assert ended.code == 0, (command, ended)
        return ended.document

    def purchases(self, lines: int) -> Path:
        """A file of purchases that no other test sends."""
        number = next(_number)
        record = json.loads(msgspec.json.encode(a_purchase()))
        file = self.folder / f"purchases-{number}.ndjson"
        with file.open("w") as out:
            for line in range(lines):
                out.write(json.dumps(record | {"key": f"{number}-{line}"}) + "\n")
        return file


def steps(kind: str) -> list[str | ParameterSet]:
    """The steps of a kind; most of them take their time."""
    named = [step for step in STEPS if step.startswith(f"{kind}.")]
    return [s if s in QUICK else pytest.param(s, marks=pytest.mark.slow) for s in named]


@pytest.fixture(scope="module")
def home(folder: Path) -> Iterator[Home]:
    herkomst = Herkomst(folder / "steps")
    try:
        with embedded(herkomst.home) as database:
            assert herkomst("migrate").code == 0
            yield Home(herkomst, database, folder)
    finally:
        remove(herkomst.home)


def imported(file: Path) -> tuple[str, ...]:
    return "import", str(file), "--as", "purchases", "--source", TILL


@contextmanager
def unharmed(home: Home, *files: Path) -> Iterator[None]:
    """Afterwards each line of these files is there once, numbered without a gap, what follows is
    what a fresh rebuild makes of it, and the record is intact."""
    yield
    with open_archive(Settings.read(home.herkomst.environ)) as archive:
        follow(archive)
        every = facts(archive, "register")
        assert [fact.position for fact in every] == list(range(1, len(every) + 1))
        begun = [f.stream for f in every if isinstance(f.data, purchase.Registered)]
        assert len(begun) == len(set(begun))
        sent = {
            ids.purchase_id(TILL, json.loads(line)["key"])
            for file in files
            for line in file.read_text().splitlines()
        }
        assert sent <= set(begun)
        numbers = [f.version for f in every if isinstance(f.data, book.Entered)]
        assert numbers == list(range(1, len(begun) + 1))
        keys = {row["purchase"] for row in rows(archive, "purchases")}
        assert keys == set(begun)
        followed = digests(archive)
        rebuilt(archive)
        assert digests(archive) == followed
        assert list(verify(archive)) == []


@pytest.mark.parametrize("step", [*steps("append"), *steps("import")])
def test_given_an_import_that_died_when_repeated_then_each_line_is_there_once(
    home: Home, step: str
) -> None:
    file = home.purchases(LINES)
    with unharmed(home, file):
        home.dies(step, *imported(file))

        told = home.does(*imported(file))

        assert told["read"] == told["accepted"] + told["duplicate"] == LINES


@pytest.mark.parametrize("step", steps("append"))
def test_given_an_import_that_died_in_its_second_batch_when_repeated_then_the_first_stands(
    home: Home, step: str
) -> None:
    file = home.purchases(LINES)
    with unharmed(home, file):
        home.dies(f"{step}:2", *imported(file))

        told = home.does(*imported(file))

        assert told["duplicate"] >= 1_000
        assert told["read"] == told["accepted"] + told["duplicate"] == LINES


@pytest.mark.parametrize("step", steps("batch"))
def test_given_followers_that_died_when_they_go_on_then_they_end_where_they_would_have(
    home: Home, step: str
) -> None:
    file = home.purchases(100)
    home.does(*imported(file))
    with unharmed(home, file):
        home.dies(step, "work", "--once")

        assert home.herkomst("work", "--once").code == 0


@pytest.mark.parametrize("step", steps("swap"))
def test_given_a_rebuild_that_died_when_asked_then_the_old_or_the_new_answers(
    home: Home, step: str
) -> None:
    file = home.purchases(100)
    home.does(*imported(file))
    assert home.herkomst("work", "--once").code == 0
    before = home.does("digest", "purchases")
    with unharmed(home, file):
        home.dies(step, "rebuild", "purchases")

        assert home.does("digest", "purchases") == before


@pytest.mark.parametrize("step", steps("index"))
def test_given_a_rebuild_of_the_index_that_died_when_asked_then_the_old_or_the_new_answers(
    home: Home, step: str
) -> None:
    file = home.purchases(100)
    home.does(*imported(file))
    assert home.herkomst("work", "--once").code == 0
    before = home.does("digest", "index")
    with unharmed(home, file):
        home.dies(step, "rebuild", "index")

        assert home.does("digest", "index") == before


@pytest.mark.parametrize("step", steps("erasure")[::2])
def test_given_a_run_of_the_clocks_that_died_when_repeated_then_all_is_destroyed_once(
    home: Home, step: str
) -> None:
    file = home.purchases(1)
    over = {**json.loads(file.read_text()), "acquired": {"from": "2022-01-10T12:00:00+01:00"}}
    file.write_text(json.dumps(over) + "\n")
    home.does(*imported(file))
    with unharmed(home, file):
        home.dies(step, "retention")

        told = home.does("retention")

        assert told["blocked"] == []
    with open_archive(Settings.read(home.herkomst.environ)) as archive:
        stream = ids.purchase_id(TILL, over["key"])
        with archive.database.connection() as connection:
            assert archive.register.vault.keys(connection, [stream]) == {}
        shown = {r["presentation"]: r["state"] for r in rows(archive, "presentations")}
        assert shown[ids.presentation_id(stream)] == "erased"


@pytest.mark.parametrize("step", steps("erasure"))
def test_given_an_erasure_that_died_when_repeated_then_every_store_acknowledges(
    home: Home, step: str
) -> None:
    file = home.purchases(1)
    home.does(*imported(file))
    key = json.loads(file.read_text())["key"]
    subject = f"seller:{TILL}:{key}"
    with unharmed(home, file):
        home.dies(step, "erase", subject, "--ground", "avg:17")

        told = home.does("erase", subject, "--ground", "avg:17")

        assert {store["name"] for store in told["stores"]} >= {"vault"}
    with open_archive(Settings.read(home.herkomst.environ)) as archive:
        stream = ids.purchase_id(TILL, key)
        with archive.database.connection() as connection:
            assert archive.register.vault.keys(connection, [stream]) == {}
        shown = {r["presentation"]: r["state"] for r in rows(archive, "presentations")}
        assert shown[ids.presentation_id(stream)] == "erased"
