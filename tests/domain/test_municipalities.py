import pytest

from herkomst.domain.municipalities import MUNICIPALITIES, find, nearest_code


def test_given_the_table_when_read_then_it_holds_the_division_of_2023() -> None:
    found = MUNICIPALITIES.values()
    assert len(found) == 342
    assert len({m.police_unit for m in found}) == 10
    assert len({m.safety_region for m in found}) == 25
    assert all(50 < m.lat < 54 and 3 < m.lon < 8 for m in found)


def test_given_a_code_when_looked_up_then_the_municipality_is_found() -> None:
    amsterdam = find("GM0363")
    assert amsterdam is not None
    assert (amsterdam.name, amsterdam.police_unit) == ("Amsterdam", "Amsterdam")
    assert find("GM9999") is None


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ("363", "GM0363"),
        ("gm363", "GM0363"),
        ("amsterdam", "GM0363"),
        ("Den Haag", "GM0518"),
        ("Zwole", "GM0193"),
    ],
)
def test_given_a_wrong_code_when_asked_then_the_nearest_is_named(wrong: str, code: str) -> None:
    assert nearest_code(wrong) == code
