from datetime import date

import msgspec
import pytest

from herkomst.domain.problems import RecordRefused
from herkomst.domain.register import dealer
from herkomst.domain.register.dealer import Dealer, DealerCeased
from herkomst.domain.register.records import DealerRecord
from tests.archives import a_dealer, an_establishment


def notified(record: DealerRecord | None = None) -> dealer.Notified:
    return dealer.notified(record or a_dealer(), fingerprint=b"1", sealed=None)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"key": ""}, ("/key", "key")),
        ({"name": " "}, ("/name", "empty")),
        ({"notified_on": "20260309"}, ("/notified_on", "date")),
        ({"notified_on": "0001-01-01"}, ("/notified_on", "date")),
        ({"establishments": []}, ("/establishments", "empty")),
        (
            {"establishments": [an_establishment(municipality="Urk")]},
            ("/establishments/0/municipality", "unknown_municipality"),
        ),
        (
            {"establishments": [an_establishment(from_="2026-02-30")]},
            ("/establishments/0/from", "date"),
        ),
        ({"establishments": [an_establishment(to="soon")]}, ("/establishments/0/to", "date")),
        ({"kvk": "1234567"}, ("/kvk", "kvk")),
        ({"kvk": "1234567x"}, ("/kvk", "kvk")),
    ],
)
def test_given_a_field_that_cannot_be_when_checked_then_its_place_is_named(
    changes: dict[str, object], expected: tuple[str, str]
) -> None:
    with pytest.raises(RecordRefused) as raised:
        dealer.check(a_dealer(**changes))

    assert [(p.field, p.code) for p in raised.value.problems] == [expected]


def test_two_establishments_of_one_branch_are_both_named() -> None:
    with pytest.raises(RecordRefused) as raised:
        dealer.check(a_dealer(establishments=[an_establishment(), an_establishment()]))

    assert [p.field for p in raised.value.problems] == [
        "/establishments/0/branch",
        "/establishments/1/branch",
    ]


def test_two_establishments_without_a_branch_are_told_so_in_words() -> None:
    nameless = an_establishment(branch=None)

    with pytest.raises(RecordRefused) as raised:
        dealer.check(a_dealer(establishments=[nameless, nameless]))

    assert ["None" in p.message for p in raised.value.problems] == [False, False]


def test_how_to_reach_a_dealer_is_private_and_its_address_is_not() -> None:
    record = a_dealer(email="winkel@voorbeeld.invalid", phone="020-5550000")

    private = dealer.private_part(record)

    assert private == dealer.PrivatePart(email="winkel@voorbeeld.invalid", phone="020-5550000")
    assert dealer.private_part(a_dealer()) is None
    plain = msgspec.json.encode(notified(record))
    assert b"Fictielaan" in plain
    assert b"voorbeeld.invalid" not in plain


def test_a_notification_is_accepted_refused_and_ceased() -> None:
    state = dealer.evolve(None, notified())
    assert state.state == "notified"

    for decide, expected in (
        (Dealer.accept, "accepted"),
        (lambda d: d.refuse("No place of business"), "refused"),
        (Dealer.accept, "accepted"),
        (lambda d: d.cease(date(2026, 4, 1)), "ceased"),
    ):
        state = dealer.evolve(state, decide(state))
        assert state.state == expected
    assert state.version == 5


def test_who_ceased_must_notify_again_before_anything_is_decided() -> None:
    state = dealer.evolve(dealer.evolve(None, notified()), dealer.Ceased(on="2026-04-01"))

    for decide in (Dealer.accept, lambda d: d.refuse("x"), lambda d: d.cease(date(2026, 5, 1))):
        with pytest.raises(DealerCeased, match="Winkel Voorbeeld") as raised:
            decide(state)
        assert raised.value.code == "dealer_ceased"

    again = dealer.changed(a_dealer(name="Nieuw"), fingerprint=b"2", sealed=None)
    state = dealer.evolve(state, again)
    assert (state.state, state.notification.name) == ("notified", "Nieuw")
    assert state.fingerprints == {b"1", b"2"}
    assert state.accept() == dealer.Accepted()


def test_a_change_keeps_what_was_decided() -> None:
    state = dealer.evolve(dealer.evolve(None, notified()), dealer.Accepted())

    state = dealer.evolve(state, dealer.changed(a_dealer(), fingerprint=b"2", sealed=None))

    assert state.state == "accepted"


def test_a_dealer_does_not_begin_with_a_decision() -> None:
    with pytest.raises(ValueError, match=r"dol\.dealer\.accepted"):
        dealer.evolve(None, dealer.Accepted())
