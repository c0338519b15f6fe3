from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herkomst.domain.casework import authorisation
from herkomst.domain.casework.authorisation import (
    LONGEST,
    AuthorisationRefused,
    Authorisations,
    evolve,
    must_say,
)
from herkomst.domain.events import EventData

NOW = datetime(2026, 3, 2, 13, 5, tzinfo=UTC)
YEAR = timedelta(days=365)
BOSS, OFFICER = "beheerder", "rechercheur"
WHY = b"sealed"


def grant(
    state: Authorisations | None = None,
    *,
    subject: str = OFFICER,
    role: str = "district_detective",
    unit: str = "amsterdam",
    since: datetime = NOW,
    until: datetime = NOW + YEAR,
    by: str = BOSS,
) -> authorisation.Granted:
    return (state or Authorisations()).grant(subject, role, unit, since, until, WHY, by=by, now=NOW)


def after(*events: EventData) -> Authorisations:
    state: Authorisations | None = None
    for data in events:
        state = evolve(state, data)
    return state or Authorisations()


# What is refused


def test_nobody_grants_to_himself() -> None:
    with pytest.raises(AuthorisationRefused) as refusal:
        grant(by=OFFICER)

    assert refusal.value.code == "own_authorisation"


@pytest.mark.parametrize("role", ["district_detective", "administrator", "authorised_officer"])
def test_a_system_acts_in_no_role_of_a_person(role: str) -> None:
    with pytest.raises(AuthorisationRefused) as refusal:
        grant(subject="client:kassa", role=role)

    assert refusal.value.code == "role_of_persons"
    assert grant(subject="client:kassa", role="source").role == "source"


@pytest.mark.parametrize(
    ("since", "until", "code"),
    [
        (NOW - timedelta(seconds=1), NOW + YEAR, "term_in_the_past"),
        (NOW, NOW, "term_reversed"),
        (NOW + YEAR, NOW, "term_reversed"),
        (NOW, datetime(2027, 3, 2), "no_offset"),  # noqa: DTZ001
        (NOW, NOW + LONGEST + timedelta(seconds=1), "term_too_long"),
    ],
)
def test_a_term_lies_ahead_and_is_bound(since: datetime, until: datetime, code: str) -> None:
    with pytest.raises(AuthorisationRefused) as refusal:
        grant(since=since, until=until)

    assert refusal.value.code == code


@pytest.mark.parametrize("name", ["", " x", "x\n", "x" * 201])
def test_subject_and_unit_are_names(name: str) -> None:
    for named in ({"subject": name}, {"unit": name}):
        with pytest.raises(AuthorisationRefused) as refusal:
            grant(**named)  # type: ignore[arg-type]
        assert refusal.value.code in named


def test_nobody_is_authorised_for_a_unit_that_nobody_knows() -> None:
    with pytest.raises(AuthorisationRefused) as refused:
        grant(unit="everywhere")
    assert refused.value.code == "unit_unlisted"
    assert grant(subject="client:kassa", role="source", unit="everywhere").unit == "everywhere"
    assert grant(unit="kmar-schiphol").unit == "kmar-schiphol"


@pytest.mark.parametrize("why", ["", " ", "x" * 2001])
def test_a_reason_says_something(why: str) -> None:
    with pytest.raises(AuthorisationRefused) as refusal:
        must_say(why)

    assert refusal.value.code == "why"


def test_given_an_authorisation_when_granted_again_within_its_term_then_refused() -> None:
    state = after(grant())

    with pytest.raises(AuthorisationRefused) as refusal:
        grant(state, since=NOW + timedelta(days=1))

    assert refusal.value.code == "already_authorised"
    assert grant(state, since=NOW + YEAR, until=NOW + 2 * YEAR).grant == "2"
    assert grant(state, unit="utrecht").grant == "2"


def test_given_none_when_ended_then_refused() -> None:
    state = after(grant())
    state = evolve(state, state.end("1", WHY, NOW))

    for name in ("1", "2"):
        with pytest.raises(AuthorisationRefused) as refusal:
            state.end(name, WHY, NOW)
        assert refusal.value.code == "not_authorised"


def test_moments_are_recorded_in_utc() -> None:
    amsterdam = timezone(timedelta(hours=1))

    granted = grant(until=datetime(2027, 3, 2, tzinfo=amsterdam))

    assert granted.until == "2027-03-01T23:00:00.000+00:00"


# What holds


def test_given_a_term_then_it_holds_up_to_its_end_and_not_at_it() -> None:
    state = after(grant(since=NOW + timedelta(days=1)))

    assert state.holding(NOW) == []
    assert [g.role for g in state.holding(NOW + timedelta(days=1))] == ["district_detective"]
    assert state.holding(NOW + YEAR - timedelta(seconds=1)) != []
    assert state.holding(NOW + YEAR) == []


def test_given_two_when_one_is_ended_then_the_other_holds() -> None:
    state = after(grant())
    state = evolve(state, grant(state, role="hic_team"))
    state = evolve(state, state.end("1", WHY, NOW))

    assert [(g.name, g.role) for g in state.holding(NOW)] == [("2", "hic_team")]
    assert grant(state).grant == "3"


days = st.integers(0, 60)


@given(st.lists(st.tuples(days, days, st.booleans()), max_size=8), days)
def test_never_do_two_of_the_same_role_and_unit_hold_at_once(
    tried: list[tuple[int, int, bool]], day: int
) -> None:
    state = Authorisations()
    for begin, length, ends in tried:
        since = NOW + timedelta(days=begin)
        try:
            granted = grant(state, since=since, until=since + timedelta(days=length))
        except AuthorisationRefused:
            continue
        state = evolve(state, granted)
        if ends:
            state = evolve(state, state.end(granted.grant, WHY, NOW))

    assert len(state.holding(NOW + timedelta(days=day))) <= 1
