"""The desk on a small made-up world: work is explained, and misuse ranks above it.

What is measured properly is measured by `bench/desk.py`; a world of this size has one story of each
kind of misuse, and one read in a hundred of it is thirty.
"""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from herkomst.intake.files import Delivery, import_file, import_staff
from herkomst.investigations.exports import export_lines
from herkomst.record.archive import Archive
from herkomst.record.postgres import EmbeddedPostgres
from herkomst.simulate.world import simulate
from tests.archives import make_archive
from tests.projections.following import follow

SOURCES = {"dealers": "dol", "purchases": "dor"}
HIDDEN = {"celebrity", "neighbour"}
"""A single look at a person whom nobody else looks at is like any other that nothing explains, and
the register may know no address of that seller but one from before he came to live next door."""


@pytest.fixture(scope="module")
def ranked(
    server: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory
) -> tuple[list[Any], list[Any]]:
    """What is exported of a world with a staff, and the truth about its misuse."""
    world = tmp_path_factory.mktemp("world")
    simulate(world, dealers=30, purchases=2500, stolen=100, seed=1, staff=True)
    with make_archive(server) as archive:
        _take_in(archive, world)
        lines = export_lines(archive, "review", purpose="duty:review", ground="wpg:32a")
        told = [msgspec.json.decode(line) for line in lines]
    truth = [
        msgspec.json.decode(t) for t in (world / "truth/misuse.ndjson").read_bytes().splitlines()
    ]
    return told, truth


def _take_in(archive: Archive, world: Path) -> None:
    for name, source in SOURCES.items():
        with (world / f"{name}.ndjson").open("rb") as stream:
            import_file(archive.register, Delivery(stream, name, name, source))
    for name in ("staff", "reads"):
        with (world / f"{name}.ndjson").open("rb") as stream:
            assert import_staff(archive, Delivery(stream, name, name, "personeel")).is_clean
    follow(archive)


def misused(truth: list[Any]) -> dict[str, str]:
    return {r["key"]: s["kind"] for s in truth if not s.get("look_alike_of") for r in s["reads"]}


def test_every_read_is_told_once_by_falling_score(ranked: tuple[list[Any], list[Any]]) -> None:
    told, _ = ranked

    assert len({line["key"] for line in told}) == len(told) == 3000
    scores = [line["score"] for line in told]
    assert scores == sorted(scores, reverse=True)
    for line in told:
        assert list(line) == ["source", "key", "officer", "score", "explained", "path", "rules"]
        assert line["score"] == sum(rule["weight"] for rule in line["rules"])
        assert line["path"]


def test_nine_in_ten_lawful_reads_are_explained(ranked: tuple[list[Any], list[Any]]) -> None:
    told, truth = ranked
    lawful = [line for line in told if line["key"] not in misused(truth)]

    assert sum(line["explained"] for line in lawful) >= 0.9 * len(lawful)


def test_misuse_ranks_above_what_looks_like_it(ranked: tuple[list[Any], list[Any]]) -> None:
    told, truth = ranked
    rank = {line["key"]: place for place, line in enumerate(told)}
    misuse = misused(truth)
    best: dict[str, int] = {}
    for key, kind in misuse.items():
        best[kind] = min(rank[key], best.get(kind, len(told)))
    covers = [r["key"] for s in truth if s["kind"] == "cover" for r in s["reads"]]

    found = {kind for kind, place in best.items() if place < 2 * len(misuse)}
    assert best.keys() - found <= HIDDEN
    assert covers
    assert min(rank[key] for key in covers) > 2 * len(misuse)
