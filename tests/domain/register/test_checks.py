import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from herkomst.domain.problems import Problem, RecordRefused
from herkomst.domain.register import checks, erasure, identity
from herkomst.domain.register.records import Seller
from herkomst.domain.register.sources import source_profile
from tests.archives import a_line, a_purchase, a_seller

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=10)


@given(TEXT, TEXT, TEXT)
def test_u_0000_is_found_wherever_it_stands_and_nowhere_else(
    reason: str, brand: str, name: str
) -> None:
    record = a_purchase(reason=reason, items=[a_line(brand=brand, attributes={name: "x"})])
    expected = [
        field
        for field, text in (
            ("/items/0/attributes", name),
            ("/items/0/brand", brand),
            ("/reason", reason),
        )
        if "\0" in text
    ]

    found: list[str] = []
    try:
        checks.refuse_nul(record, msgspec.json.encode(record))
    except RecordRefused as refused:
        found = [problem.field for problem in refused.problems]

    assert sorted(found) == expected


@given(st.dates())
def test_a_day_is_read_in_the_one_form_that_is_stored(day: object) -> None:
    problems: list[Problem] = []

    found = checks.check_day(str(day), "/day", problems)

    is_near = 1900 <= int(str(day)[:4]) < 2200
    assert (found == day) is is_near
    assert [problem.field for problem in problems] == ([] if is_near else ["/day"])


@pytest.mark.parametrize("value", ["111222333", "111.222.333", "NL111222333<", "BSN111222333"])
def test_no_citizen_service_number_is_ever_stored(value: str) -> None:
    problems: list[Problem] = []

    checks.check_no_bsn(value, "/number", problems)

    assert [problem.code for problem in problems] == ["bsn"]
    assert value not in str(problems)


def test_what_was_shown_is_told_by_name_and_in_order() -> None:
    assert identity.shown_fields(a_seller()) == (
        "address",
        "born",
        "document",
        "family_name",
        "given_names",
        "initials",
        "phone",
    )
    assert identity.shown_fields(Seller(family_name="X")) == ("family_name",)


@pytest.mark.parametrize(
    ("source", "regime", "controller", "kind"),
    [
        ("politie", "wpg:13", "politie", "politie"),
        ("kmar", "wpg:13", "kmar", "kmar"),
        ("vbv", "avg", "vbv", "private"),
        ("toronto", "avg", "toronto", "private"),
    ],
)
def test_under_whom_a_report_falls_follows_from_its_source(
    source: str, regime: str, controller: str, kind: str
) -> None:
    profile = source_profile(source)

    assert (profile.regime, profile.controller, profile.kind) == (regime, controller, kind)
    assert profile.ground


def test_a_subject_names_a_source_and_a_key_that_may_hold_colons() -> None:
    assert erasure.parse_subject("seller:kassa:a:b") == ("kassa", "a:b")


@pytest.mark.parametrize(
    "subject", ["", "seller", "seller:", "seller::x", "seller:kassa:", "x:y:z"]
)
def test_a_subject_that_names_nobody_is_told_the_form(subject: str) -> None:
    with pytest.raises(erasure.UnknownSubject, match="seller:SOURCE:KEY"):
        erasure.parse_subject(subject)
