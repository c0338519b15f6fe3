"""Files: counts that add up, repeats and shuffles that change nothing, on the real foreign file."""

import io
import os
import random
from pathlib import Path

import msgspec
import pytest

from herkomst.intake.files import Delivery, Summary, UnknownFormat, import_file
from herkomst.processes.followers import MODELS, followers
from herkomst.projections import registry
from herkomst.projections.runner import Runner
from herkomst.record.archive import Archive
from herkomst.record.database import connect
from tests.archives import TILL, a_purchase

ROOT = Path(__file__).parents[2]
TORONTO = "toronto-bicycle-thefts-2017.csv"


def toronto() -> bytes:
    """The real file, or a sentence on where it comes from."""
    folder = Path(os.environ.get("HERKOMST_SHARED_DATA", ROOT.parent / "shared" / "data"))
    file = folder / TORONTO
    if not file.is_file():
        pytest.fail(
            f"{TORONTO} is missing: it is published by the Toronto Police Service (Bicycle Thefts, "
            "Open Government Licence); set HERKOMST_SHARED_DATA to the folder that has it."
        )
    return file.read_bytes()


def deliver(archive: Archive, content: bytes, format_: str, source: str) -> Summary:
    delivery = Delivery(io.BytesIO(content), "test", format_, source)
    return import_file(archive.register, delivery)


def counted(summary: Summary) -> int:
    return sum(
        (
            summary.accepted,
            summary.duplicate,
            summary.amended,
            summary.conflict,
            summary.rejected,
        )
    )


def digests(archive: Archive) -> dict[str, tuple[int, str]]:
    Runner(archive.urls.app, followers(archive)).run(once=True)
    with connect(archive.urls.app, "test") as connection:
        return {m.name: m.digest(connection, registry.live(connection, m)) for m in MODELS}


def shuffled(content: bytes) -> bytes:
    """The rows in another order."""
    head, *rows = rows_of(content)
    random.Random(7).shuffle(rows)  # noqa: S311
    return head + b"".join(rows)


def some_of(content: bytes, count: int) -> bytes:
    """So many of the rows, from all over the file and in its order."""
    head, *rows = rows_of(content)
    chosen = random.Random(7).sample(range(len(rows)), count)  # noqa: S311
    return head + b"".join(rows[number] for number in sorted(chosen))


def rows_of(content: bytes) -> list[bytes]:
    """The head and each row, which may hold line breaks between quotes."""
    rows: list[bytes] = []
    open_row = b""
    for line in content.splitlines(keepends=True):
        open_row += line
        if open_row.count(b'"') % 2 == 0:
            rows.append(open_row)
            open_row = b""
    return rows


class TestToronto:
    @pytest.mark.parametrize("reports", [2_000, pytest.param(14_280, marks=pytest.mark.slow)])
    def test_twice_and_shuffled_changes_nothing(self, archive: Archive, reports: int) -> None:
        # Given real reports, imported: some of them, or all that there are
        content = some_of(toronto(), reports)
        first = deliver(archive, content, "toronto-bicycles", "toronto")
        assert first.read == counted(first) == reports
        assert first.rejected == first.conflict == 0
        before = digests(archive)
        assert before["match_keys"][0] == 0, "no report has a number, so none can make a hit"

        # When they come again, and once more in another order
        again = deliver(archive, content, "toronto-bicycles", "toronto")
        other_order = deliver(archive, shuffled(content), "toronto-bicycles", "toronto")

        # Then all of it is known, and nothing has changed
        assert again.duplicate == other_order.duplicate == again.read == other_order.read
        assert digests(archive) == before


class TestFormats:
    def test_an_unknown_one_is_refused_before_anything_is_taken_in(self, archive: Archive) -> None:
        with pytest.raises(UnknownFormat, match="toronto-bicycles"):
            deliver(archive, b"{}", "stolen-cars", "x")

    def test_blank_lines_are_no_records(self, archive: Archive) -> None:
        content = b"\n" + msgspec.json.encode(a_purchase()) + b"\n\n"

        summary = deliver(archive, content, "purchases", TILL)

        assert (summary.read, summary.accepted) == (1, 1)
