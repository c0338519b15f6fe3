"""Normal forms of what a person presents: what is the same is compared as the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herkomst.domain.persons import NORMAL_FORMS, doors_beside
from herkomst.domain.register.records import Address, Document, Seller

texts = st.text() | st.text(st.characters(max_codepoint=127))


def seller(**told: object) -> Seller:
    return Seller(**{"family_name": "Verzonnen", **told})  # type: ignore[arg-type]


def document(number: str, **told: str) -> Document:
    return Document(type="passport", number=number, **told)


@pytest.mark.parametrize(
    ("kind", "told", "form"),
    [
        ("name", {"family_name": "de Vríes-Jánsen", "initials": "Ä.B."}, "devriesjansen/a"),
        ("name", {"family_name": "VERZONNEN", "given_names": "Eva"}, "verzonnen/e"),
        ("name", {"family_name": "'t"}, "t/"),
        ("name", {"family_name": "..."}, None),
        ("born", {"born": "1980-02-29"}, "1980-02-29"),
        ("born", {}, None),
        ("document", {"document": document("nx-12 34y")}, "NL/NX1234Y"),
        ("document", {"document": document("é12345", country="BE")}, "BE/12345"),
        ("document", {"document": document("1234")}, None),
        ("phone", {"phone": "+31 6 12345678"}, "0612345678"),
        ("phone", {"phone": "06-12345678"}, "0612345678"),
        ("phone", {"phone": "0031612345678"}, "0612345678"),
        ("phone", {"phone": "112"}, None),
        ("email", {"email": " Eva@Voorbeeld.nl "}, "eva@voorbeeld.nl"),
        ("address", {"address": Address(postcode="1234 ab", number="12", suffix="a-1")},
         "NL/1234AB/12/A1"),
        ("address", {"address": Address(postcode="1234AB")}, None),
        ("plate", {"vehicle_plate": "ww-99-vv"}, "WW99VV"),
        ("plate", {"vehicle_plate": "-"}, None),
        ("email", {"email": " "}, None),
        ("family", {"family_name": "de Vríes-Jánsen", "initials": "Ä.B."}, "devriesjansen"),
        ("door", {"address": Address(postcode="1234 ab", number="12", suffix="a-1")},
         "NL/1234AB/12"),
        ("door", {"address": Address(number="12")}, None),
    ],
)  # fmt: skip
def test_given_what_was_written_when_normalised_then_only_what_is_compared_is_left(
    kind: str, told: dict[str, object], form: str | None
) -> None:
    assert NORMAL_FORMS[kind](seller(**told)) == form


@given(texts, texts)
def test_given_any_text_when_normalised_then_case_and_marks_between_make_no_difference(
    text: str, other: str
) -> None:
    def forms(text: str, other: str) -> list[str | None]:
        told = seller(
            family_name=text,
            initials=other,
            phone=text,
            document=document(text),
            address=Address(postcode=text, number=other),
            vehicle_plate=text,
        )
        return [NORMAL_FORMS[kind](told) for kind in ("name", "phone", "document", "plate")]

    if text.isascii() and other.isascii():
        assert forms(text, other) == forms(text.swapcase() + " -", other.swapcase())
    # A letter that is no ASCII takes the other way through; what it leaves must be the same.
    assert forms(text, other) == forms(text + "\N{EM DASH}", other)


def test_next_door_are_the_numbers_beside_and_across() -> None:
    home = Address(street="Fictielaan", number="2", suffix="B", postcode="1000 AB")

    assert [(each.number, each.suffix) for each in doors_beside(home)] == [
        ("1", None),
        ("3", None),
        ("4", None),
    ]
    nowhere = [
        Address(number="2"),
        Address(postcode="1000 AB"),
        Address(postcode="1000 AB", number="2-4"),
        Address(postcode="1000 AB", number="²"),
    ]
    assert [doors_beside(address) for address in nowhere] == [[]] * 4
