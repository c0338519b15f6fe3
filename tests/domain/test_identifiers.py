import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import luhn

from herkomst.domain.identifiers import (
    IDENTIFIER_TYPES,
    PROBLEMS,
    SEALED_TYPES,
    contains_bsn,
    is_placeholder,
    match_class,
    meeting_keys,
    normal_form,
    numbers,
    numbers_in,
    problem,
)

IMEI = "352099001761481"
BSN = "111222333"

types = st.sampled_from(sorted(IDENTIFIER_TYPES))
digits_15 = st.text("0123456789", min_size=15, max_size=15)
typed = st.text(
    st.characters(min_codepoint=33, max_codepoint=0x24F)
    | st.sampled_from(" -./\u2013\uff21\uff11"),
    max_size=20,
)


def token(key: str) -> str:
    return f"<{key[::-1]}>"


def keys(identifiers: list[tuple[str, str]], kind: str, brand: str | None = None) -> list[str]:
    return [number.key for number in numbers(identifiers, kind, brand, token)]


# normal forms


@given(types, st.text(max_size=20))
def test_given_a_normal_form_when_normalised_again_then_it_stays(type_: str, value: str) -> None:
    normal = normal_form(type_, value)
    assert normal is None or normal_form(type_, normal) == normal


@given(types, typed)
def test_given_another_case_when_normalised_then_the_form_is_the_same(
    type_: str, value: str
) -> None:
    assert normal_form(type_, value.lower()) == normal_form(type_, value.upper())


@given(types, st.text("ABC019", min_size=4, max_size=18), st.sampled_from(" -._/:\u2013"))
def test_given_separators_when_normalised_then_they_carry_no_identity(
    type_: str, value: str, separator: str
) -> None:
    assert normal_form(type_, separator.join(value)) == normal_form(type_, value)


@pytest.mark.parametrize(
    ("type_", "value", "normal"),
    [
        ("frame", "wtu 123.45-6o", "WTU123456O"),
        ("serial", "１２３４Ａ", "1234A"),
        ("serial", "O0I1", "O0I1"),
        ("plate", "12-AB-34", "12AB34"),
        ("vin", "wvwzzz1kz6w000001", "WVWZZZ1KZ6W000001"),
        ("imei", "35-209900-176148-1", "35209900176148"),
        ("imei", "35209900176148", "35209900176148"),
        ("imei", "3520990017614823", "35209900176148"),
        ("imei", "352099001761481/02", "35209900176148"),
        ("imei", "352099001761482", "352099001761482"),
        ("mac", "00:1a:2B:3c:4D:5e", "001A2B3C4D5E"),
    ],
)
def test_given_a_number_as_typed_when_normalised_then_its_identity_is_left(
    type_: str, value: str, normal: str
) -> None:
    assert normal_form(type_, value) == normal


@pytest.mark.parametrize(
    ("type_", "value"),
    [
        ("hallmark", "750"),
        ("hallmark", "AB123456"),
        ("mac", "02:1a:2b:3c:4d:5e"),
        ("mac", "FE-1A-2B-3C-4D-5E"),
        ("mac", "ff:ff:ff:ff:ff:ff"),
        ("imei", "35209900"),
        ("imei", "000000000000000"),
        ("imei", "111111111111119"),
        ("imei", "123456789012345"),
        ("serial", "A-1"),
        ("serial", ""),
    ],
)
def test_given_what_names_no_single_good_when_normalised_then_there_is_no_form(
    type_: str, value: str
) -> None:
    assert normal_form(type_, value) is None


@pytest.mark.parametrize(
    "value",
    [
        "onbekend", "Unknown", "geen", "n.v.t.", "NVT", "none", "N/A", "niet leesbaar",
        "Onleesbaar", "weggeslepen", "is weggeslepen", "geen serienummer", "test", "XXX", "xxxxxx",
        "0000", "1234", "123456", "1234567890", "0123456789", "9876543210", "3456", "765432",
        "7777777", "----", "AAAA-AAAA", "?", "To be filled by O.E.M.", "Default string",
        "No serial", "00000001", "kwijt",
    ],
)  # fmt: skip
def test_given_a_placeholder_when_normalised_then_it_is_no_number(value: str) -> None:
    assert normal_form("serial", value) is None


@pytest.mark.parametrize("value", ["1235", "WTU1234", "GEEN1234", "11112", "20180401", "GZLWQ"])
def test_given_a_real_number_when_asked_then_it_is_no_placeholder(value: str) -> None:
    assert not is_placeholder(value)


# classes and keys


@given(digits_15)
def test_given_fifteen_digits_when_on_a_phone_then_the_check_digit_decides(number: str) -> None:
    expected = "imei" if luhn.is_valid(number) else "number"
    assert match_class("serial", number, "phone") == expected


@pytest.mark.parametrize(
    ("type_", "normal", "kind", "class_"),
    [
        ("serial", IMEI, "phone", "imei"),
        ("other", IMEI, "tablet", "imei"),
        ("serial", IMEI, "laptop", "number"),
        ("frame", "WVWZZZ1KZ6W000001", "moped", "vin"),
        ("serial", "WVWZZZ1KZ6W000001", "bicycle", "number"),
        ("serial", "WVWZZZ1KZ6WO00001", "car", "number"),
        ("frame", "WTU123456X", "bicycle", "number"),
        ("chip", "WTU123456X", "bicycle", "chip"),
    ],
)
def test_given_a_number_when_classed_then_it_is_read_as_what_it_is(
    type_: str, normal: str, kind: str, class_: str
) -> None:
    assert match_class(type_, normal, kind) == class_


@given(st.permutations([("imei", IMEI), ("serial", "RF8-N123"), ("other", "n.v.t.")]))
def test_given_any_order_when_keyed_then_the_keys_are_the_same(
    identifiers: list[tuple[str, str]],
) -> None:
    found = keys([*identifiers, *identifiers], "phone")
    assert sorted(found) == ["imei:35209900176148", "number:RF8N123"]


def test_given_an_imei_in_the_serial_field_when_keyed_then_it_meets_the_imei() -> None:
    as_serial = keys([("serial", IMEI)], "phone")
    as_imei = keys([("imei", f"{IMEI[:14]}23")], "smartwatch")
    assert as_serial == as_imei == ["imei:35209900176148"]


def test_given_the_imei_of_a_reflashed_phone_when_keyed_then_there_is_no_key() -> None:
    assert normal_form("imei", "004999010640000") is None


def test_given_a_placeholder_with_a_check_digit_when_keyed_then_there_is_no_key() -> None:
    assert keys([("serial", "111111111111119")], "phone") == []


@pytest.mark.parametrize("type_", sorted(SEALED_TYPES))
def test_given_a_number_that_points_at_a_person_when_keyed_then_only_its_token_shows(
    type_: str,
) -> None:
    (number,) = numbers([(type_, "12-ab-34")], "car", "Opel", token)
    assert number.exact == f"{type_}:~{token(f'{type_}:12AB34')}"
    assert number.key == f"{type_}:~{token(f'{type_}:=12A834')}"
    assert (number.written, number.ends, number.stem) == (None, None, None)


# look-alikes, second numbers and free text


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("GZ47O1OOI", "GZ4701001"), ("wtu-S8ZG1", "WTU58261"), ("QDL55B", "001558")],
)
def test_given_signs_that_look_alike_when_keyed_then_they_meet_and_are_not_the_same(
    typed: str, meant: str
) -> None:
    (a,), (b,) = (numbers([("frame", v)], "bicycle", "Gazelle", token) for v in (typed, meant))
    assert a.key == b.key
    assert a.exact != b.exact
    assert (a.written, b.written) == (typed, meant)


def test_given_letters_in_an_imei_when_keyed_then_it_meets_the_device() -> None:
    assert keys([("imei", "35Z09900l76I4BI")], "phone") == keys([("imei", IMEI)], "phone")


def test_given_an_imei_that_cannot_be_right_when_keyed_then_it_meets_what_it_meant() -> None:
    for wrong in ("352099001716481", "352099001761431", "352099001761482"):
        found = numbers([("imei", wrong)], "phone", "Apple", token)
        assert [n.found for n in found if n.key == "imei:35209900176148"] == ["mended"]
        assert found[0].exact == f"imei:{wrong}"


def test_given_a_slip_in_the_type_code_when_keyed_then_it_means_no_other_telephone() -> None:
    assert "imei:35209900176148" not in keys([("imei", "352199001761481")], "phone")


def test_given_two_imeis_when_keyed_then_the_second_is_told_from_the_first() -> None:
    found = numbers([("imei", IMEI), ("imei", "490154203237518")], "phone", "Apple", token)
    assert [n.found for n in found] == ["number", "second"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("met doos, IMEI: 35-209900-176148-1", ("imei", "35-209900-176148-1")),
        ("352099001761481 barst in scherm", ("imei", "352099001761481")),
        ("serienr. GZ4711001, zonder slot", ("serial", "GZ4711001")),
        ("S/N C02X1234ABCD nette staat", ("serial", "C02X1234ABCD")),
        ("kenteken XX-123-Y", ("plate", "XX-123-Y")),
    ],
)
def test_given_a_number_in_a_text_when_read_then_it_is_found(
    text: str, found: tuple[str, str]
) -> None:
    assert numbers_in(text, "phone") == (found,)


@pytest.mark.parametrize(
    "text",
    ["damesfiets met krat", "frame met 3 krassen", "sn onbekend", "352099001761482", "uit 2019"],
)
def test_given_a_text_without_a_number_when_read_then_there_is_none(text: str) -> None:
    assert numbers_in(text, "phone") == ()


def test_given_a_number_of_a_text_when_keyed_then_what_was_written_is_not_told() -> None:
    (found,) = numbers([], "phone", "Apple", token, [("imei", IMEI)])
    assert (found.key, found.written, found.found) == ("imei:35209900176148", None, "text")


@given(types, typed, st.sampled_from(["phone", "car", "bicycle", ""]))
def test_given_a_number_of_any_type_when_searched_for_then_it_is_met_where_its_good_is(
    type_: str, value: str, kind: str
) -> None:
    on_good = [n.key for n in numbers([(type_, value)], kind, None, token) if n.found == "number"]
    assert meeting_keys(value, token).issuperset(on_good)


def test_given_what_is_no_number_when_searched_for_then_it_is_met_nowhere() -> None:
    assert meeting_keys("onbekend", token) == frozenset()


# warnings


@pytest.mark.parametrize(
    ("type_", "value", "code"),
    [
        ("imei", IMEI, None),
        ("imei", "352099001761482", "imei_check_digit"),
        ("imei", "35209900176", "imei_length"),
        ("vin", "WVWZZZ1KZ6W000001", None),
        ("vin", "WVWZZZ1KZ6W", "vin_length"),
        ("vin", "WVWZZZ1KZ6W00000I", "vin_letters"),
        ("plate", "12-AB-34", None),
        ("plate", "GB-003-X", None),
        ("plate", "M AB 1234", "plate_shape"),
        ("plate", "MÜ-AB-12", "plate_shape"),
        ("plate", "onbekend", None),
        ("serial", "35209900176", None),
    ],
)
def test_given_an_odd_value_when_looked_at_then_it_is_a_warning(
    type_: str, value: str, code: str | None
) -> None:
    assert problem(type_, value) == code
    assert code is None or code in PROBLEMS


# the citizen service number


@pytest.mark.parametrize(
    "text",
    [
        BSN, f"BSN {BSN}", f"bsn{BSN}", f"bsn:{BSN}.", f"Dorpsstraat 1, {BSN}, 1000 AA",
        "1112.22.333", "111 222 333", "111-222-333", f"NLD6503101F2008220{BSN}<<<<<84",
    ],
)  # fmt: skip
def test_given_a_citizen_service_number_when_guarded_then_it_is_seen(text: str) -> None:
    assert contains_bsn(text)


@pytest.mark.parametrize(
    "text",
    [
        "", "111222334", f"1{BSN}", f"WTU{BSN}", f"{BSN}X", "+31611122233", "06-11222333",
        "2025-03-01", "35-209900-176148-1", "000000000",
    ],
)  # fmt: skip
def test_given_another_number_when_guarded_then_it_passes(text: str) -> None:
    assert not contains_bsn(text)
