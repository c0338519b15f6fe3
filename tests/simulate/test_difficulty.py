"""The world is hard: what is obvious finds little in it."""

from pathlib import Path

import pytest

from bench.difficulty import Difficulty, measure, of_seed
from herkomst.simulate import rates
from tests.simulate.conftest import Made

PURCHASES = 100_000


def assert_hard(difficulty: Difficulty) -> None:
    assert difficulty.ranking.of == 50
    assert difficulty.ranking.value < 0.10
    assert difficulty.sharing.of > 10
    assert difficulty.sharing.value < 0.20
    assert difficulty.exact_numbers.of > 50
    assert difficulty.exact_numbers.value < 0.70
    assert difficulty.is_hard


def test_a_small_world_is_hard(made: Made) -> None:
    assert_hard(measure(made.folder, seed=1))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 11))
def test_a_world_is_hard_whatever_the_seed(seed: int) -> None:
    assert_hard(of_seed(seed, PURCHASES))


def test_the_methods_find_something_where_the_world_is_easy(tmp_path: Path, made: Made) -> None:
    """A world in which everybody who sells much is an offender is not called hard."""
    for name in ("purchases.ndjson", "stolen.ndjson", "truth"):
        (tmp_path / name).symlink_to(made.folder / name)
    easy = measure(tmp_path, seed=1)
    easy.ranking = easy.ranking._replace(right=50)
    assert not easy.is_hard


def test_the_rates_are_listed_by_name() -> None:
    listed = rates.listing()
    assert listed["number_written_by_shop"] == rates.NUMBER_WRITTEN_BY_SHOP
    assert listed["planted"] == rates.PLANTED
    assert len(listed) > 100
