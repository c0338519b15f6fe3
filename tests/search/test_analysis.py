"""Words: what meets, and what does not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herkomst.search.analysis import fold, heads, stem, words


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("fiets", "fietsen"),
        ("fiets", "fietsje"),
        ("ketting", "kettingen"),
        ("horloge", "horloges"),
        ("rood", "rode"),
        ("kinderfiets", "kinderfietsen"),
        ("trouwring", "trouwringen"),
    ],
)
def test_given_two_forms_of_a_word_when_they_are_stemmed_then_they_meet(
    one: str, other: str
) -> None:
    assert stem(one) == stem(other)


@pytest.mark.parametrize(
    ("word", "among"),
    [
        ("kinderfietsen", "fiets"),
        ("bakfiets", "fiets"),
        ("klopboormachine", "boormachine"),
        ("klopboormachine", "machine"),
        ("trouwringen", "ring"),
        ("polshorloges", "horloge"),
    ],
)
def test_given_a_compound_when_its_heads_are_asked_then_what_it_is_one_of_is_there(
    word: str, among: str
) -> None:
    assert among in heads(word)


@pytest.mark.parametrize("word", ["verzekering", "fiets", "fietsbel", "kering", "ring"])
def test_given_a_word_that_only_looks_like_one_when_its_heads_are_asked_then_there_is_none(
    word: str,
) -> None:
    assert heads(word) == ()


def test_given_marks_and_case_when_a_word_is_folded_then_they_are_gone() -> None:
    assert [fold(word) for word in ("Crème", "FOTO'S", "Ångström", "Łódź")] == [
        "creme",
        "fotos",
        "angstrom",
        "lodz",
    ]


@given(st.text(max_size=80))
def test_given_any_text_when_it_is_read_then_each_word_stands_where_it_says(text: str) -> None:
    for word in words(text):
        assert fold(text[word.start : word.end]) == word.surface
