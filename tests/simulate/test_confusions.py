from hypothesis import given
from hypothesis import strategies as st

from herkomst.simulate import confusions
from herkomst.simulate.draws import stream

SIGNS = "0123456789ABCDEFGHJKLMNPRSTUVWXYZ"
serials = st.text(SIGNS, min_size=7, max_size=17)
seeds = st.integers(0, 10_000)


def bare(number: str) -> str:
    return "".join(sign for sign in number.upper() if sign.isalnum())


def differing(one: str, other: str) -> list[int]:
    return [at for at, (a, b) in enumerate(zip(one, other, strict=True)) if a != b]


@given(serials, seeds)
def test_a_dressed_number_is_another_text_and_the_same_number(number: str, seed: int) -> None:
    found = confusions.dressed(stream(seed, "x"), number)
    assert bare(found) == number
    assert found != number or not any(sign.isalpha() for sign in number)


@given(serials, seeds)
def test_a_look_alike_differs_in_one_sign_before_the_end(number: str, seed: int) -> None:
    found = confusions.look_alike(stream(seed, "x"), number)
    if found is None:
        assert not set(number[:-2]) & set("0O1I5S8B2Z6G")
    else:
        (at,) = differing(number, found)
        assert at < len(number) - 2


@given(serials, seeds)
def test_a_substituted_number_differs_in_one_sign_before_the_end(number: str, seed: int) -> None:
    found = confusions.substituted(stream(seed, "x"), number)
    (at,) = differing(number, found)
    assert at < len(number) - 2
    assert number[at].isdigit() is found[at].isdigit()


@given(serials, seeds)
def test_a_transposed_number_has_two_neighbours_swapped(number: str, seed: int) -> None:
    found = confusions.transposed(stream(seed, "x"), number)
    if found is not None:
        first, second = differing(number, found)
        assert second == first + 1 < len(number) - 2
        assert sorted(found) == sorted(number)


@given(serials, seeds)
def test_a_truncated_number_is_the_end_of_it(number: str, seed: int) -> None:
    found = confusions.truncated(stream(seed, "x"), number)
    assert number.endswith(found)
    assert 4 <= len(found) < len(number)


@given(st.sampled_from(["Gazelle", "Batavus", "Hewlett-Packard", "LG", "Koga"]), seeds)
def test_a_mistyped_brand_is_one_letter_longer_or_shorter(brand: str, seed: int) -> None:
    found = confusions.brand_typo(stream(seed, "x"), brand)
    assert abs(len(found) - len(brand)) == (1 if len(brand) > 4 else 0)
    assert found[:2] == brand[:2]
