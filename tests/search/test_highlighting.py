"""Highlights: what is marked is what was searched for, and lies in the text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herkomst.search.analysis import heads, stem, words
from herkomst.search.highlighting import highlights
from herkomst.search.questions import InvalidQuestion, Term, understood

WORDS = st.sampled_from(
    ["fiets", "fietsen", "kinderfiets", "Gazelle", "gazele", "rode", "mand", "Ü", "é", "1234", "x"]
)
TEXTS = st.lists(WORDS | st.text(max_size=6), max_size=12).map(" ".join)
ASKED = st.lists(
    st.builds("{}{}".format, WORDS, st.sampled_from(["", "*", "~"])), min_size=1, max_size=4
).map(" ".join)


def token(text: str) -> str:
    return f"~{text}"


def terms(asked: str, *, fuzzy: bool = False) -> tuple[Term, ...]:
    return understood(asked, token, fuzzy=fuzzy)[0]


def marked(text: str, asked: str, *, fuzzy: bool = False) -> list[str]:
    return [text[start:end] for start, end in highlights(text, terms(asked, fuzzy=fuzzy))]


@pytest.mark.parametrize(
    ("text", "asked", "expected"),
    [
        ("Rode fiets, twee fietsen", "fietsen", ["fiets", "fietsen"]),
        ("een kinderfiets en een fietstas", "fiets", ["kinderfiets"]),
        ("rode fiets; fiets rode", '"rode fiets"', ["rode fiets"]),
        ("gazelle gazet", "gaz*", ["gazelle", "gazet"]),
        ("soeplepel lepelaar", "*lepel", ["soeplepel"]),
        ("batavus batabus tatavus", "batavis~", ["batavus"]),
        ("Citroën", "citroen", ["Citroën"]),
        ("de de", "de", ["de", "de"]),
        ("niets hiervan", "fiets", []),
        ("", "fiets", []),
    ],
)
def test_what_is_meant_is_marked(text: str, asked: str, expected: list[str]) -> None:
    assert marked(text, asked) == expected


def test_a_slip_is_marked_where_every_word_may_have_some() -> None:
    assert marked("een batavus", "batavis", fuzzy=True) == ["batavus"]
    assert marked("een batavus", "batavis") == []


@given(TEXTS, ASKED, st.booleans())
def test_marks_lie_in_the_text_in_order_and_apart(text: str, asked: str, fuzzy: bool) -> None:
    try:
        wanted = terms(asked, fuzzy=fuzzy)
    except InvalidQuestion:
        return
    end = -1
    for span in highlights(text, wanted):
        assert end < span.start < span.end <= len(text)
        end = span.end


@given(TEXTS, WORDS)
def test_a_text_is_marked_where_an_engine_finds_it_by_a_word(text: str, word: str) -> None:
    (wanted,) = terms(word)
    there = words(text)
    found_by = {each.stem for each in there} | {h for each in there for h in heads(each.surface)}

    assert bool(highlights(text, [wanted])) == (stem(wanted.words[0]) in found_by)
