"""Who answers for data (verwerkingsverantwoordelijke): the table of controllers, and whose data
somebody works with.

A record tells its controller by what it is: a purchase is in the register of a dealer, a
notification is made to a municipality, a hit is police data, and a report of stolen goods is of
the kind that its source states (`domain/tables/sources.csv`). Who works for whom is told by his
role, or by a word of his unit; a unit that is named as a municipality or a regional unit is one of
the police. A unit of which nothing is known is of nobody (`UNLISTED`), and never of the police.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

import msgspec

from herkomst.domain.municipalities import MUNICIPALITIES, SPOKEN
from herkomst.domain.tables import rows

POLICE, MUNICIPALITY, DEALER = "politie", "gemeente", "dealer"
UNLISTED = "unlisted"
"""Of a unit that no row of the table knows."""
HOW_TO_NAME = (
    "Name it with a word that `controllers.csv` has, such as district-4, fiod-zwolle or "
    "kmar-schiphol, or by its municipality; or add its word there."
)
"""How to mend the name of a unit that is of nobody."""
_WORDS = re.compile(r"[a-z0-9]+")


class Controller(msgspec.Struct, frozen=True):
    """A controller, or a kind of which there are many.

    regimes: the laws that its records can be under. makes_available_to: the controllers whose
    people read its data without a provision each time (art. 15 Wpg). roles and units: who works
    for it, units by a word of their names.
    """

    controller: str
    who: str
    regimes: frozenset[str]
    makes_available_to: frozenset[str]
    roles: frozenset[str]
    units: frozenset[str]
    source: str
    confirmed: str


def _controller(row: Mapping[str, str]) -> Controller:
    return Controller(
        controller=row["controller"],
        who=row["who"],
        regimes=frozenset(row["regimes"].split()),
        makes_available_to=frozenset(row["makes_available_to"].split()),
        roles=frozenset(row["roles"].split()),
        units=frozenset(row["units"].split()),
        source=row["source"],
        confirmed=row["confirmed"],
    )


CONTROLLERS: Mapping[str, Controller] = MappingProxyType(
    {row["controller"]: _controller(row) for row in rows("controllers")}
)
ROLES: Mapping[str, str] = MappingProxyType(
    {role: each.controller for each in CONTROLLERS.values() for role in each.roles}
)
"""Roles that have a controller whatever the unit."""
UNITS: Mapping[str, str] = MappingProxyType(
    {
        unit: each.controller
        # A team of the FIOD is of the FIOD, so the words of the police come last.
        for each in sorted(CONTROLLERS.values(), key=lambda each: each.controller == POLICE)
        for unit in sorted(each.units)
    }
)
"""Units by a word of their name, such as `fiod` of `fiod-zwolle`, in the order of what counts."""
PLACES: frozenset[str] = frozenset(
    name.lower() for each in MUNICIPALITIES.values() for name in (each.name, each.police_unit)
) | {name.lower() for name in SPOKEN}
"""What a unit of the police is also named by, in small letters: a municipality, or the regional
unit (regionale eenheid) that it is in."""


@lru_cache(maxsize=1024)
def of_unit(unit: str) -> str:
    """The controller that a unit of investigators belongs to, or `UNLISTED`."""
    words = _WORDS.findall(unit.lower())
    named = next((controller for word, controller in UNITS.items() if word in words), None)
    return named or (POLICE if unit.lower() in PLACES else UNLISTED)


def of_staff(role: str, unit: str) -> str:
    """The controller that somebody works for, or `UNLISTED`."""
    return ROLES.get(role) or of_unit(unit)


def made_available_to(controller: str) -> frozenset[str]:
    """The controllers whose data are made available to the people of this one (art. 15 Wpg)."""
    return frozenset(
        each.controller for each in CONTROLLERS.values() if controller in each.makes_available_to
    )
