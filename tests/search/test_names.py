"""Names: what meets, what does not, and what a likeness never says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herkomst.search.names import (
    Asked,
    Look,
    Name,
    codes,
    fold,
    keys,
    likeness,
    plan,
    presented,
    typed,
)
from tests.archives import a_seller

_LETTERS = "abcdefghijklmnopqrstuvwxyzéüıøş"
_words = st.text(alphabet=_LETTERS, min_size=2, max_size=12)
_names = st.lists(_words, min_size=1, max_size=4).map(" ".join).map(typed)
_orders = st.lists(_words, min_size=1, max_size=4, unique=True).flatmap(
    lambda parts: st.tuples(st.just(parts), st.permutations(parts))
)


def alike(one: str, other: str) -> int:
    return likeness(typed(one), typed(other))


def meets(one: str, other: str, *looks: Look) -> bool:
    """Whether an engine finds the one when the other is asked for; at most closely, if nothing else
    is said."""
    there = set(keys(typed(one)))
    asked = plan(typed(other))
    ways = [way for look in looks or ("nearly_all", "closely") for way in asked.ways(look)]
    return any(all(there.intersection(group) for group in way) for way in ways)


@given(_names)
def test_given_a_name_when_compared_with_itself_then_it_is_as_alike_as_can_be(name: Name) -> None:
    assert likeness(name, name) == 1000


@given(_names, _names)
def test_given_two_names_when_compared_then_the_likeness_is_in_bounds(
    one: Name, other: Name
) -> None:
    assert 0 <= likeness(one, other) <= 1000


@given(
    st.lists(st.text(alphabet=_LETTERS, min_size=4, max_size=12), min_size=1, max_size=3), st.data()
)
def test_given_a_name_with_a_slip_in_a_part_when_turned_round_then_it_is_as_alike(
    parts: list[str], data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(parts) - 1))
    without = data.draw(st.integers(0, 3))
    slipped = [*parts[:at], parts[at][:without] + parts[at][without + 1 :], *parts[at + 1 :]]
    one, other = (Name(family=tuple(map(fold, some))) for some in (parts, slipped))
    assert likeness(one, other) == likeness(other, one) >= 700


@given(_orders)
def test_given_the_same_parts_in_another_order_when_compared_then_nothing_is_lost(
    orders: tuple[list[str], list[str]],
) -> None:
    assert alike(*map(" ".join, orders)) == 1000


@given(st.text(max_size=60))
def test_given_any_text_when_folded_twice_then_nothing_more_happens(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(st.text(max_size=300))
def test_given_any_text_when_it_is_read_as_a_name_then_its_keys_hold_no_quotation_mark(
    text: str,
) -> None:
    name = typed(text)
    assert not any(set(key) & set("'\\\"& |:*") for key in keys(name))
    assert likeness(name, name) in (0, 1000)


@given(_names)
def test_given_a_name_when_it_is_looked_for_then_it_is_found_by_its_own_keys(name: Name) -> None:
    there = set(keys(name))
    assert set(plan(name).whole) <= there
    for look in ("nearly_all", "closely"):
        assert all(there & set(way[0]) for way in plan(name).ways(look))


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Testa van den Voorbeeld", Name(("voorbeeld",), ("testa",), ("van", "den"))),
        ("Voorbeeld, Testa van den", Name(("voorbeeld",), ("testa",), ("van", "den"))),
        ("T.H. v.d. Voorbeeld", Name(("voorbeeld",), (), ("van", "de"), ("t", "h"))),
        ("Voorbeeld, TH", Name(("voorbeeld",), (), (), ("t", "h"))),
        ("IJ. in 't Voorbeeld", Name(("voorbeeld",), (), ("in", "t"), ("y",))),
        ("Çelik-Voorbeeld", Name(("voorbeeld",), ("celik",))),
        ("N'Voorbeeldé", Name(("nvoorbeelde",))),
        ("De, Testa", Name(("de",), ("testa",))),
        ("El Voorbeeldi", Name(("voorbeeldi",), (), ("el",))),
        ("", Name()),
        ("张伟", Name()),
    ],
)
def test_given_what_somebody_types_when_it_is_read_then_each_part_has_its_place(
    text: str, name: Name
) -> None:
    assert typed(text) == name


def test_given_the_fields_of_a_register_when_read_then_no_initial_is_told_twice() -> None:
    seller = a_seller(
        family_name="Berg", prefix="van den", given_names="Testa Maria", initials="T.M.A."
    )
    assert presented(seller) == Name(("berg",), ("testa", "maria"), ("van", "den"), ("a",))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("dijk", "dyk"),
        ("ijsbrand", "ysbrand"),
        ("oudenaarde", "audenaarde"),
        ("cornelis", "kornelis"),
        ("raphael", "rafael"),
        ("smidt", "smit"),
        ("visscher", "visser"),
        ("jansen", "janse"),
        ("thijs", "tijs"),
        ("groot", "grood"),
        ("khalid", "chalid"),
        ("djamila", "jamila"),
        ("oeztuerk", "ozturk"),
        ("shahin", "sahin"),
        ("moestafa", "mustafa"),
        ("yasmina", "jasmina"),
        ("kowalczyk", "kovalsyk"),
        ("huissen", "huisen"),
        ("marja", "maria"),
        ("alicia", "alisia"),
    ],
)
def test_given_spellings_of_one_sound_when_coded_then_they_are_the_same(
    one: str, other: str
) -> None:
    assert set(codes(one)) & set(codes(other))
    assert alike(one, other) > 900


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        ("Tesat Voorbeeld", "Testa Voorbeeld"),
        ("Testa Vorbeeld", "Testa Voorbeeld"),
        ("Voorbeeld Testa", "Testa Voorbeeld"),
        ("T. Voorbeeld", "Testa Voorbeeld"),
        ("Testa Voorbeeld", "T. Voorbeeld"),
        ("Testa Voorbeeld", "Testa Maria Voorbeeld"),
        ("Testa Vandenberg", "Testa van den Berg"),
        ("Testa van den Berg", "Testa Vandenberg"),
        ("Anne Mijn Voorbeeld", "Annemijn Voorbeeld"),
        ("Annemijn Voorbeeld", "Anne-Mijn Voorbeeld"),
        ("Testavoorbeeld", "Testa Voorbeeld"),
        ("Testa de Voorbeeld", "Testa van Voorbeeld"),
        ("Muhammad Voorbeeld", "Mohamed Voorbeeld"),
        ("Sukru Voorbeeld", "Şükrü Voorbeeld"),
        ("Shuekrue Voorbeeld", "Şükrü Voorbeeld"),
    ],
)
def test_given_a_name_written_carelessly_when_asked_for_then_it_is_found_and_alike(
    asked: str, name: str
) -> None:
    assert meets(name, asked)
    assert alike(asked, name) >= 800


@pytest.mark.parametrize(
    ("asked", "better", "worse"),
    [
        ("Testa van Berg", "Testa van Berg", "Testa Berg"),
        ("Testa van Berg", "Testa Berg", "Testa de Berg"),
        ("Testa Berg", "Testa Berg", "Testa Maria Berg"),
        ("Testa Berg", "Testa Maria Berg", "Testa"),
        ("T. Berg", "T. Berg", "Testa Berg"),
        ("T. Berg", "Testa Berg", "Maria Berg"),
        ("Testa Dijk", "Testa Dyk", "Testa Dek"),
    ],
)
def test_given_two_names_when_ranked_then_the_nearer_is_the_more_alike(
    asked: str, better: str, worse: str
) -> None:
    assert alike(asked, better) > alike(asked, worse)


@pytest.mark.parametrize(
    ("one", "other"),
    [("Testa Voorbeeld", "Karel Anders"), ("Jan Berg", "Piet Berg"), ("Testa Berg", "Testa Veld")],
)
def test_given_other_persons_when_compared_then_they_are_not_alike(one: str, other: str) -> None:
    assert alike(one, other) < 700


def test_given_initials_beside_a_part_of_another_sound_when_asked_widely_then_it_is_found() -> None:
    assert meets("Lisa Wim Groeneweide", "L W Groeneweie", "widely")


@pytest.mark.parametrize(
    ("written", "asked", "is_met"),
    [
        ("Anna Testa Verzonnen", "Anna Testa Verzonnen", True),
        ("Anna Testa Verzonnen", "Anna Verzonnen Voorbeeld", True),
        ("Anna Testa Verzonnen", "Anna Testa Maria Voorbeeld", False),
        ("Anna Verzonnen", "Anna Verzonnen", False),
    ],
)
def test_given_a_name_of_many_parts_when_nearly_all_are_looked_for_then_one_may_be_another(
    written: str, asked: str, is_met: bool
) -> None:
    assert meets(written, asked, "nearly_all") is is_met


@pytest.mark.parametrize(
    ("asked", "better", "worse"),
    [
        ("Anna Vanvoorbeeld", "Anna van Voorbeeld", "Anna Voorbeeld"),
        ("Annavan der Voorbeeld", "Anna van der Voorbeeld", "Anna Voorbeeld"),
        ("Anna vander Voorbeeld", "Anna van der Voorbeeld", "Anna van Voorbeeld"),
        ("Anna vd. Voorbeeld", "Anna van den Voorbeeld", "Anna Voorbeeld"),
        ("Anna van Voorbeeld", "Anna Testa van Voorbeeld", "Anna Voorbeeld"),
        ("Anna Voorbeeld", "Anna Testa Voorbeeld", "Testa Anna Voorbeeld"),
    ],
)
def test_given_what_goes_before_a_name_or_behind_it_when_ranked_then_the_likelier_is_the_first(
    asked: str, better: str, worse: str
) -> None:
    assert alike(asked, better) > alike(asked, worse)


def test_given_a_likeness_when_explained_then_it_says_which_parts_met_how() -> None:
    found = Asked(typed("J. Smid Vandenberg Karel")).compared(typed("Jan Smit van den Berg"))
    met = {(each.asked, each.presented): each.how for each in found.meetings}
    assert met == {
        ("smid", "smit"): "sound",
        ("vandenberg", "van den berg"): "joined",
        ("j", "jan"): "initial",
    }
    assert found.unmet == ("karel",)
