"""The pictures of the page are drawn from a world, and the page shows them all."""

import re
from pathlib import Path
from xml.etree import ElementTree

from bench.pictures import PICTURES, draw
from tests.simulate.conftest import Made

DOCS = Path(__file__).parents[2] / "docs"


def test_every_picture_of_a_world_is_well_formed_and_drawn_alike_twice(
    made: Made, tmp_path: Path
) -> None:
    draw(made.folder, tmp_path / "one")
    draw(made.folder, tmp_path / "other")
    for name in PICTURES:
        drawn = (tmp_path / "one" / f"{name}.svg").read_text(encoding="utf-8")
        assert ElementTree.fromstring(drawn).tag.endswith("svg")  # noqa: S314
        assert drawn == (tmp_path / "other" / f"{name}.svg").read_text(encoding="utf-8")


def test_the_page_shows_every_picture_that_lies_beside_it() -> None:
    page = (DOCS / "simulated-world.md").read_text(encoding="utf-8")
    shown = re.findall(r"!\[[^\]]+\]\(pictures/([a-z-]+)\.svg\)", page)
    assert set(shown) == set(PICTURES)
    assert {path.stem for path in (DOCS / "pictures").glob("*.svg")} == set(PICTURES)
