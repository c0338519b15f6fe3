import pytest
from hypothesis import given
from hypothesis import strategies as st

from herkomst.domain import likeness

signs = st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=6, max_size=18)
heads = st.integers(0, 9)


@pytest.mark.parametrize("group", ["0OQD", "1IL", "2Z", "5S", "6G", "8B"])
def test_given_signs_that_look_alike_when_folded_then_they_are_one(group: str) -> None:
    assert {likeness.folded(sign) for sign in group} == {group[0]}


@given(signs)
def test_given_a_folded_number_when_folded_again_then_it_stays(number: str) -> None:
    assert likeness.folded(likeness.folded(number)) == likeness.folded(number)


@given(signs, signs, heads)
def test_given_two_numbers_when_exchanged_then_they_are_as_alike(a: str, b: str, head: int) -> None:
    assert likeness.one_slip(a, b, head) == likeness.one_slip(b, a, head)
    assert likeness.is_part(a, b, head) == likeness.is_part(b, a, head)
    assert likeness.counts(a, b) == likeness.counts(b, a)


@given(signs, heads, st.integers(0, 10**7))
def test_given_more_stolen_goods_when_computed_then_chance_is_greater(
    number: str, head: int, stock: int
) -> None:
    for chance in (likeness.chance_alike, likeness.chance_of_slip):
        assert chance(number, head, stock + 1) > chance(number, head, stock)


@pytest.mark.parametrize(
    ("class_", "number", "brand", "signs"),
    [
        ("imei", "352099001761481", "apple", 8),
        ("vin", "WVWZZZ1KZ6W000001", None, 9),
        ("mac", "347E5C01A2B3", "sonos", 6),
        ("chip", "528210000012345", "gazelle", 3),
        ("number", "C02PN61EEEE0", "apple", 3),
        ("number", "GZ4711001", "gazelle", 2),
        ("number", "PFZPXX2Y0", None, 3),
        ("number", "4711001", "makita", 0),
    ],
)
def test_given_a_number_when_its_prefix_is_asked_then_so_many_signs_carry_no_identity(
    class_: str, number: str, brand: str | None, signs: int
) -> None:
    assert likeness.prefix(class_, number, brand) == signs


@given(signs, st.integers(0, 17), st.sampled_from("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
def test_given_one_wrong_sign_when_it_may_be_found_then_the_two_meet(
    number: str, at: int, sign: str
) -> None:
    at %= len(number)
    typed = number[:at] + sign + number[at + 1 :]
    if likeness.one_slip(number, typed, 0):
        a, b = likeness.folded(number), likeness.folded(typed)
        assert likeness.ending(a, "number", "x") == likeness.ending(b, "number", "x") or (
            likeness.stem(a, "number", "x") == likeness.stem(b, "number", "x")
        )
