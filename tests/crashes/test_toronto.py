"""The real file over the command line: killed half-way, in another order, and twice more."""

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from herkomst.domain.register.stolen_item import Report
from herkomst.record.database import connect
from herkomst.record.postgres import EmbeddedPostgres, embedded
from herkomst.record.reader import SequenceReader
from herkomst.record.removal import remove
from tests.commands import Herkomst
from tests.crashes.life import kill, position, until
from tests.intake.test_files import shuffled, toronto

ROWS = 14_280
AS_TORONTO = ("--as", "toronto-bicycles", "--source", "toronto", "--json")
SEED = 20261122
PARTS = (0.1, 0.4, 0.8)
"""The import is killed twice, each time somewhere between two of these parts of all."""


class Outcome(NamedTuple):
    """What a home knows of the file."""

    streams: int
    digest: dict[str, Any]


class Home(NamedTuple):
    """A home whose database runs."""

    herkomst: Herkomst
    database: EmbeddedPostgres

    def take_in(self, *files: Path) -> list[dict[str, int]]:
        """The counts of imports at the same time; those of each add up."""
        with ThreadPoolExecutor(len(files)) as pool:
            return list(pool.map(self._take_in, files))

    def _take_in(self, file: Path) -> dict[str, int]:
        ended = self.herkomst("import", str(file), *AS_TORONTO)
        assert ended.code == 0, ended.err
        told: dict[str, int] = ended.document
        parts = ("accepted", "duplicate", "amended", "conflict", "rejected")
        assert told["read"] == sum(told[part] for part in parts) == ROWS
        return told

    def kill_import(self, file: Path, moment: int) -> None:
        """Begin an import, and kill it once the register is beyond a position."""
        importing = self.herkomst.start("import", str(file), *AS_TORONTO)
        try:
            until(lambda: position(self.database) >= moment)
        finally:
            kill(importing)

    def outcome(self) -> Outcome:
        assert self.herkomst("work", "--once").code == 0
        reader = SequenceReader("register")
        with connect(self.database.app_url, "herkomst test") as connection:
            facts = reader.after(connection, 0, reader.head(connection))
        streams = {fact.stream for fact in facts if isinstance(fact.data, Report)}
        (digest,) = self.herkomst("digest", "stolen_items", "--json").document
        return Outcome(len(streams), digest)


@contextmanager
def a_home(path: Path) -> Iterator[Home]:
    """A new home; its database runs as long as this, so that no command has to start it."""
    try:
        with embedded(path) as database:
            home = Home(Herkomst(path), database)
            assert home.herkomst("migrate").code == 0
            yield home
    finally:
        remove(path)


@pytest.fixture(scope="module")
def file(folder: Path) -> Path:
    file = folder / "toronto.csv"
    file.write_bytes(toronto())
    return file


@pytest.mark.slow
def test_given_the_real_file_when_its_import_is_killed_and_repeated_then_it_is_as_imported_once(
    folder: Path, file: Path
) -> None:
    # Given what one import comes to, where nothing died
    with a_home(folder / "unkilled") as home:
        (once,) = home.take_in(file)
        expected = home.outcome()
    assert expected.streams == once["accepted"]

    with a_home(folder / "killed") as home:
        # When it is killed at two places, each time imported from its beginning
        draw = random.Random(SEED)  # noqa: S311
        for start, end in pairwise(PARTS):
            home.kill_import(file, int(once["position"] * draw.uniform(start, end)))
            assert 0 < position(home.database) < once["position"], "it was killed half-way"
        # and then comes in another order, and twice more at the same time
        other_order = folder / "shuffled.csv"
        other_order.write_bytes(shuffled(toronto()))
        before = position(home.database)
        (rest,) = home.take_in(other_order)
        again = home.take_in(file, other_order)

        # Then the first that ended took in the rest, and the others nothing
        assert rest["accepted"] == once["accepted"] - before
        assert rest["duplicate"] == before
        assert [told["duplicate"] for told in again] == [ROWS, ROWS]
        # and the outcome is that of one import
        assert home.outcome() == expected
