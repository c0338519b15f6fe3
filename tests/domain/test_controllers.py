"""Who answers for what, and whom somebody works for."""

import pytest

from herkomst.access.policy import REGIMES
from herkomst.access.viewer import Role
from herkomst.domain import controllers
from herkomst.domain.controllers import CONTROLLERS, made_available_to, of_staff
from herkomst.domain.register.sources import PROFILES


@pytest.mark.parametrize(
    ("role", "unit", "controller"),
    [
        ("district_detective", "amsterdam", "politie"),
        ("financial_investigator", "oost-nederland", "politie"),
        ("financial_investigator", "fiod", "fiod"),
        ("financial_investigator", "FIOD Zwolle", "fiod"),
        ("team_leader", "team_fiod", "fiod"),
        ("financial_investigator", "fiodor", "politie"),
        ("hic_team", "kmar-schiphol", "kmar"),
        ("authorised_officer", "", "politie"),
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
