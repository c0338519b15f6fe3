from statistics import median

import pytest

from herkomst.simulate.draws import Spread, Urn, stream


def test_streams_of_another_name_or_seed_draw_otherwise() -> None:
    first = stream(1, "a").random()
    assert first == stream(1, "a").random()
    assert len({first, stream(1, "b").random(), stream(2, "a").random()}) == 3


def test_an_urn_draws_by_weight_and_never_what_weighs_nothing() -> None:
    urn, chance = Urn({"often": 3, "never": 0, "seldom": 1}), stream(1, "urn")
    drawn = [urn.draw(chance) for _ in range(8_000)]
    assert drawn.count("never") == 0
    assert drawn.count("seldom") == pytest.approx(2_000, abs=200)


def test_a_spread_runs_through_its_quantiles() -> None:
    spread = Spread.of_quantiles(((0.0, 1), (0.5, 10), (1.0, 1_000)))
    assert spread.at(0.25) == pytest.approx(10**0.5, rel=0.01)
    assert spread.at(0.75) == pytest.approx(100, rel=0.01)
    drawn = [spread.draw(stream(seed, "spread")) for seed in range(400)]
    assert 1 <= min(drawn) <= max(drawn) <= 1_000


def test_a_spread_that_begins_later_draws_from_there_on() -> None:
    spread = Spread.of_quantiles(((0.5, 10), (1.0, 1_000)))
    chance = stream(1, "spread")
    assert min(spread.draw(chance) for _ in range(500)) >= 10


def test_a_lognormal_spread_has_its_median() -> None:
    spread, chance = Spread.lognormal(600, 0.9), stream(1, "spread")
    assert median(spread.draw(chance) for _ in range(4_000)) == pytest.approx(600, rel=0.08)
