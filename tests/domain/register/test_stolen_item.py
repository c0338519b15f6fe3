from datetime import date
from typing import Literal

import msgspec
import pytest

from herkomst.domain.problems import RecordRefused
from herkomst.domain.register import stolen_item
from herkomst.domain.register.dealer import Accepted
from herkomst.domain.register.records import Amount, Identifier, Place, StolenItemRecord
from tests.archives import a_moment, a_stolen_good, a_stolen_item

TODAY = date(2026, 3, 3)


def report(record: StolenItemRecord) -> stolen_item.Reported:
    moments = stolen_item.check(record, today=TODAY)
    return stolen_item.opened(record, moments, fingerprint=b"1", sealed=None)


def changed(before: stolen_item.Report, record: StolenItemRecord) -> stolen_item.Report:
    moments = stolen_item.check(record, today=TODAY)
    return stolen_item.changed(before, record, moments, fingerprint=b"2", sealed=None)


def test_a_theft_is_an_interval() -> None:
    moments = stolen_item.check(a_stolen_item(), today=TODAY)

    assert (moments.stolen.from_, moments.stolen.to) == (
        "2026-02-28T20:00:00+01:00",
        "2026-03-01T08:00:00+01:00",
    )
    assert moments.recovered is None


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"key": " "}, ("/key", "key")),
        ({"stolen": a_moment("2026-02-30")}, ("/stolen/from", "time_unreadable")),
        ({"reported_at": "2026-03-01T09:30"}, ("/reported_at", "offset_missing")),
        ({"reported_at": "yesterday"}, ("/reported_at", "time_unreadable")),
        ({"reported_at": "2027-02-01"}, ("/reported_at", "in_future")),
        ({"place": Place(lat=90.01, lon=4.9)}, ("/place/lat", "degrees")),
        ({"place": Place(lat=52.1, lon=-180.5)}, ("/place/lon", "degrees")),
        ({"recovered_at": "then"}, ("/recovered_at", "time_unreadable")),
        ({"status": "withdrawn"}, ("/withdrawn_reason", "missing")),
        ({"item": a_stolen_good(kind="fiets!")}, ("/item/kind", "unknown_kind")),
        (
            {"item": a_stolen_good(identifiers=[Identifier(type="frame", value="")])},
            ("/item/identifiers/0/value", "empty"),
        ),
        (
            {"item": a_stolen_good(value=Amount(amount="1.234"))},
            ("/item/value/amount", "amount_too_fine"),
        ),
        ({"place": Place(municipality="GM9999")}, ("/place/municipality", "unknown_municipality")),
    ],
)
def test_given_a_field_that_cannot_be_when_checked_then_its_place_is_named(
    changes: dict[str, object], expected: tuple[str, str]
) -> None:
    with pytest.raises(RecordRefused) as raised:
        stolen_item.check(a_stolen_item(**changes), today=TODAY)

    assert [(p.field, p.code) for p in raised.value.problems] == [expected]


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        ("reported", "reported", stolen_item.Amended),
        ("reported", "withdrawn", stolen_item.Withdrawn),
        ("reported", "recovered", stolen_item.Recovered),
        ("withdrawn", "withdrawn", stolen_item.Amended),
        ("recovered", "withdrawn", stolen_item.Withdrawn),
        ("withdrawn", "reported", stolen_item.Amended),
        ("withdrawn", "recovered", stolen_item.Recovered),
    ],
)
def test_what_a_new_version_of_a_report_means_follows_from_its_status(
    before: Literal["reported"], after: Literal["reported"], kind: type[stolen_item.Report]
) -> None:
    first = report(a_stolen_item(status=before, withdrawn_reason="mistaken"))

    second = changed(first, a_stolen_item(status=after, withdrawn_reason="duplicate"))

    assert type(second) is kind
    assert second.status == after


def test_a_report_that_arrives_closed_opens_its_stream_all_the_same() -> None:
    first = report(a_stolen_item(status="recovered", recovered_at="2026-03-02"))

    assert (first.status, first.recovered and first.recovered.precision) == ("recovered", "day")


def test_an_item_is_what_its_events_tell() -> None:
    first = report(a_stolen_item())
    second = changed(first, a_stolen_item(offence="burglary"))

    state = stolen_item.evolve(stolen_item.evolve(None, first), second)

    assert (state.version, state.report.offence) == (2, "burglary")
    assert state.fingerprints == {b"1", b"2"}
    with pytest.raises(TypeError, match=r"dol\.dealer\.accepted"):
        stolen_item.evolve(state, Accepted())


def test_where_it_was_stolen_is_exact_in_the_private_part_alone() -> None:
    place = Place(municipality="GM0363", postcode="1000 AB", lat=52.123, lon=4.987, country="NL")
    record = a_stolen_item(place=place)

    private = stolen_item.private_part(record)

    assert private == stolen_item.PrivatePart(lat="52.123", lon="4.987", postcode="1000 AB")
    for exact in (b"52.123", b"4.987", b"1000 AB"):
        assert exact not in msgspec.json.encode(report(record))


@pytest.mark.parametrize(
    "record",
    [
        a_stolen_item(),
        a_stolen_item(place=Place(municipality="GM0363")),
        a_stolen_item(item=a_stolen_good(colours=["zwart"])),
    ],
)
def test_nothing_is_sealed_where_nothing_points_at_a_person(record: StolenItemRecord) -> None:
    assert stolen_item.private_part(record) is None


def test_a_description_and_an_engraving_are_private() -> None:
    engraving = Identifier(type="engraving", value="1000AB12")
    record = a_stolen_item(item=a_stolen_good(description="Van mij", identifiers=[engraving]))

    assert stolen_item.private_part(record) == stolen_item.PrivatePart(
        description="Van mij", identifiers=(("engraving", "1000AB12"),)
    )
    assert report(record).good.hidden == ("engraving",)
    assert report(record).good.identifiers == ()


@pytest.mark.parametrize(
    ("offence", "taking"),
    [(None, True), ("theft", True), ("in words of its own", True), ("lost", False)],
)
def test_only_some_offences_are_no_taking(offence: str | None, taking: bool) -> None:
    assert stolen_item.is_taking(offence) is taking
