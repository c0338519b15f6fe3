"""Who answers for what, and whom somebody works for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herkomst.access.policy import REGIMES
from herkomst.access.viewer import Role
from herkomst.domain import controllers
from herkomst.domain.controllers import (
    CONTROLLERS,
    UNLISTED,
    made_available_to,
    of_staff,
    of_unit,
)
from herkomst.domain.municipalities import MUNICIPALITIES
from herkomst.domain.register.sources import PROFILES


@pytest.mark.parametrize(
    ("role", "unit", "controller"),
    [
        ("district_detective", "amsterdam", "politie"),
        ("financial_investigator", "oost-nederland", "politie"),
        ("financial_investigator", "fiod", "fiod"),
        ("financial_investigator", "FIOD Zwolle", "fiod"),
        ("team_leader", "team_fiod", "fiod"),
        ("financial_investigator", "fiodor", "unlisted"),
        ("district_detective", "everywhere", "unlisted"),
        ("district_detective", "district-4", "politie"),
        ("district_detective", "Den Haag", "politie"),
        ("access_reviewer", "kmar", "kmar"),
        ("access_reviewer", "om", "om"),
        ("access_reviewer", "gemeente-utrecht", "gemeente"),
        ("hic_team", "kmar-schiphol", "kmar"),
        ("authorised_officer", "", "unlisted"),
        ("prosecutor", "amsterdam", "om"),
        ("prosecution_clerk", "fiod", "om"),
        ("boa_1", "GM0363", "gemeente"),
        ("municipal_clerk", "Amsterdam", "gemeente"),
        ("dealer", "kassa", "dealer"),
        ("source", "vbv", "private"),
    ],
)
def test_whom_somebody_works_for_follows_from_his_role_and_his_unit(
    role: str, unit: str, controller: str
) -> None:
    assert of_staff(role, unit) == controller


@given(st.text(max_size=20))
def test_a_unit_is_of_a_controller_that_there_is_or_of_nobody(unit: str) -> None:
    assert of_unit(unit) in {*CONTROLLERS, UNLISTED}


@pytest.mark.parametrize("place", sorted(MUNICIPALITIES))
def test_every_municipality_and_its_regional_unit_names_one_of_the_police(place: str) -> None:
    named = MUNICIPALITIES[place]

    assert (of_unit(named.name), of_unit(named.police_unit)) == ("politie", "politie")


def test_nobody_is_a_controller_by_that_name() -> None:
    assert UNLISTED not in CONTROLLERS


def test_police_and_kmar_make_their_data_available_to_each_other_and_to_nobody_else() -> None:
    given = {name: set(made_available_to(name)) for name in CONTROLLERS}

    assert {name: whose for name, whose in given.items() if whose} == {
        "politie": {"kmar"},
        "kmar": {"politie"},
    }


def test_the_table_names_roles_regimes_and_controllers_that_there_are() -> None:
    for each in CONTROLLERS.values():
        assert each.source
        assert each.roles <= {role.value for role in Role}
        assert each.regimes <= REGIMES
        assert each.makes_available_to <= CONTROLLERS.keys()
    assert {controllers.POLICE, controllers.MUNICIPALITY, controllers.DEALER} <= CONTROLLERS.keys()


def test_a_source_is_of_a_controller_under_whose_law_its_records_can_be() -> None:
    for profile in PROFILES.values():
        assert profile.regime in CONTROLLERS[profile.kind].regimes
