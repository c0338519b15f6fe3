"""Who gathers persons one by one, over weeks, beside who reads as his role does."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herkomst.domain.casework import indicators
from herkomst.processes.gathering import QUARTER, Glance, gathered, rate_of_others, shares

BEGIN = datetime(2026, 1, 5, 9, tzinfo=UTC)
ROLE = "district_detective"


def at_work(
    officers: int = 10, reads: int = 60, every: timedelta = timedelta(days=1)
) -> list[Glance]:
    """A role at work: one read in sixty is explained by nothing."""
    return [
        Glance(BEGIN + n * every, f"O-{officer}", ROLE, (f"P-{officer}",) if n == 7 else ())
        for officer in range(officers)
        for n in range(reads)
    ]


def seeking(
    persons: int,
    every: timedelta = timedelta(days=3),
    officer: str = "O-0",
    begin: datetime = BEGIN,
) -> list[Glance]:
    return [Glance(begin + n * every, officer, ROLE, (f"S-{n}",)) for n in range(persons)]


def found(glances: list[Glance], before: list[Glance] | None = None) -> set[str]:
    return {f"{glances[n].officer} {glances[n].persons}" for n in gathered(glances, before or [])}


class TestWhoDoesNotGather:
    def test_the_role_itself(self) -> None:
        assert gathered(at_work()) == set()

    def test_who_reads_much_and_leaves_as_much_of_it_unexplained(self) -> None:
        busy = [
            Glance(
                BEGIN + n * timedelta(hours=1), "O-busy", ROLE, (f"P-{n}",) if n % 60 == 7 else ()
            )
            for n in range(720)
        ]

        assert sum(bool(each.persons) for each in busy) == 12
        assert gathered([*at_work(), *busy]) == set()

    def test_who_comes_back_to_one_person(self) -> None:
        one = [each._replace(persons=("S",)) for each in seeking(12)]

        assert gathered([*at_work(), *one]) == set()

    def test_who_takes_years_for_as_many(self) -> None:
        slow = seeking(12, every=timedelta(days=60), officer="O-slow")

        assert gathered([*at_work(), *slow]) == set()

    def test_who_is_of_a_role_of_few(self) -> None:
        few = at_work(officers=indicators.COMPARED - 1)

        assert gathered([*few, *seeking(12)]) == set()
        assert gathered([*at_work(officers=indicators.COMPARED), *seeking(12)])

    def test_one_of_another_role_does_not_count(self) -> None:
        others = [each._replace(role="boa_1") for each in at_work()]

        assert gathered([*others, *seeking(12)]) == set()


class TestWhoGathers:
    @pytest.mark.parametrize("days", [1, 3, 7])
    def test_a_dozen_persons_one_every_few_days(self, days: int) -> None:
        glances = [*at_work(), *seeking(12, every=timedelta(days=days))]

        told = gathered(glances)

        assert {glances[n].officer for n in told} == {"O-0"}
        assert len(told) >= 12
        assert all(glances[n].persons for n in told)

    def test_what_he_read_before_counts_and_is_not_told(self) -> None:
        before = seeking(10)
        now = seeking(2, begin=BEGIN + timedelta(days=30))
        week = [each for each in at_work() if each.at >= BEGIN + timedelta(days=30)]

        assert gathered([*week, *now]) == set()
        told = gathered([*week, *now], before)

        assert {[*week, *now][n] for n in told} == set(now)

    def test_what_he_read_more_than_a_quarter_before_does_not(self) -> None:
        before = seeking(10)
        begin = BEGIN + timedelta(days=27) + QUARTER
        week = [each._replace(at=each.at + (begin - BEGIN)) for each in at_work()]

        assert gathered([*week, *seeking(2, begin=begin)], before) == set()


class TestTheMeasure:
    def test_the_rate_is_that_of_the_others(self) -> None:
        of_role = shares([*at_work(), *seeking(12)])[ROLE]

        assert rate_of_others(of_role, "O-0") == pytest.approx((9 + 1) / (9 * 60 + 1))

    @given(st.lists(st.booleans(), min_size=20, max_size=60))
    def test_more_that_is_explained_tells_of_nobody_more(self, bare: list[bool]) -> None:
        reads = [
            Glance(BEGIN + n * timedelta(hours=7), "O-0", ROLE, (f"S-{n}",) if is_bare else ())
            for n, is_bare in enumerate(bare)
        ]
        explained = [Glance(BEGIN + timedelta(hours=n), "O-0", ROLE, ()) for n in range(40)]

        assert found([*at_work(), *reads, *explained]) <= found([*at_work(), *reads])

    @given(st.integers(0, 60), st.floats(0.01, 900))
    def test_a_chance_falls_with_the_count_and_rises_with_what_is_expected(
        self, count: int, expected: float
    ) -> None:
        chance = indicators.chance_of(count, expected)

        assert 0 <= chance <= 1
        assert indicators.chance_of(count + 1, expected) <= chance + 1e-9
        assert indicators.chance_of(count, expected + 1) >= chance - 1e-2

    def test_where_hundreds_are_expected_it_is_that_of_the_normal_distribution(self) -> None:
        for count in (480, 520, 560, 600):
            exact = indicators.chance_of(count, indicators.MANY)
            normal = indicators.chance_of(count, indicators.MANY + 1e-6)

            assert normal == pytest.approx(exact, abs=0.01)

    def test_as_rare_as_what_is_far(self) -> None:
        assert pytest.approx(0.000233, abs=1e-6) == indicators.RARE
