import pytest
from hypothesis import given
from hypothesis import strategies as st

from herkomst.domain.money import Money, MoneyError, parse_money


@given(st.integers(0, 10**14 - 1), st.sampled_from(["EUR", "JPY", "KWD"]))
def test_given_an_amount_when_written_and_read_then_it_is_the_same(
    amount: int, currency: str
) -> None:
    if currency == "JPY":
        amount //= 100
    money = Money(amount, currency)
    assert parse_money(money.format(), currency) == money


@pytest.mark.parametrize(
    ("text", "currency", "amount", "written"),
    [
        ("125.00", "EUR", 12500, "125.00"),
        ("125", "EUR", 12500, "125.00"),
        ("0.5", "EUR", 50, "0.50"),
        ("0", "EUR", 0, "0.00"),
        ("125", "JPY", 125, "125"),
        ("1.250", "KWD", 1250, "1.250"),
    ],
)
def test_given_a_decimal_string_when_read_then_it_is_in_minor_units(
    text: str, currency: str, amount: int, written: str
) -> None:
    money = parse_money(text, currency)
    assert (money, money.format()) == (Money(amount, currency), written)


@pytest.mark.parametrize(
    ("amount", "currency", "code"),
    [
        (125.0, "EUR", "amount_not_text"),
        (125, "EUR", "amount_not_text"),
        (None, "EUR", "amount_not_text"),
        ("-1.00", "EUR", "amount_negative"),
        ("1.001", "EUR", "amount_too_fine"),
        ("1.5", "JPY", "amount_too_fine"),
        ("1,50", "EUR", "amount_unreadable"),
        ("1e3", "EUR", "amount_unreadable"),
        ("", "EUR", "amount_unreadable"),
        ("1.", "EUR", "amount_unreadable"),
        (" 1", "EUR", "amount_unreadable"),
        ("1\n", "EUR", "amount_unreadable"),
        ("١٢", "EUR", "amount_unreadable"),
        ("1" * 13, "EUR", "amount_unreadable"),
        ("1.00", "eur", "currency_unknown"),
        ("1.00", "NLG", "currency_unknown"),
    ],
)
def test_given_an_unreadable_amount_when_read_then_the_error_says_how_to_mend_it(
    amount: object, currency: str, code: str
) -> None:
    with pytest.raises(MoneyError) as caught:
        parse_money(amount, currency)
    assert caught.value.code == code
    assert caught.value.message
    assert caught.value.cure
