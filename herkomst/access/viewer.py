"""Who looks, for what, and on which ground."""

import getpass
import os
from datetime import datetime
from enum import StrEnum
from typing import Literal, NamedTuple
from uuid import UUID

import msgspec

from herkomst.domain import controllers
from herkomst.domain.casework.case import Part

Kind = Literal["case", "task", "duty"]


class Role(StrEnum):
    """The roles that the policy knows. A role without a row in it may do nothing."""

    DISTRICT_DETECTIVE = "district_detective"
    HIC_TEAM = "hic_team"
    TEAM_LEADER = "team_leader"
    AUTHORISED_OFFICER = "authorised_officer"
    FINANCIAL_INVESTIGATOR = "financial_investigator"
    PROSECUTOR = "prosecutor"
    PROSECUTION_CLERK = "prosecution_clerk"
    BOA_1 = "boa_1"
    BOA_2 = "boa_2"
    MUNICIPAL_CLERK = "municipal_clerk"
    SOURCE = "source"
    DEALER = "dealer"
    DEPOT = "depot"
    PRIVACY_OFFICER = "privacy_officer"
    ACCESS_REVIEWER = "access_reviewer"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"
    DEFENCE = "defence"


class Viewer(msgspec.Struct, frozen=True, kw_only=True):
    """Who looks, as a token or the system's login tells it."""

    subject: str
    """Name under which the journal writes this person down."""
    role: Role
    unit: str
    expires_at: datetime | None = None
    """When the token ends; None for who runs a command."""
    may_accept: bool = False
    """Whether the duty of acceptance is open to him: by development login, and to who runs a
    command, but to nobody whom an identity provider names."""

    @property
    def controller(self) -> str:
        """Whom he works for (`domain/controllers.py`). Development login accepts any unit; one that
        nobody knows is played as of the police, which `token` says."""
        found = controllers.of_staff(self.role, self.unit)
        is_played = found == controllers.UNLISTED and self.may_accept
        return controllers.POLICE if is_played else found

    def has_expired(self, now: datetime) -> bool:
        return self.expires_at is not None and now >= self.expires_at


class Purpose(NamedTuple):
    """What for: a case, a task or a duty (doel, art. 3 Wpg)."""

    kind: Kind
    id: str

    @property
    def form(self) -> str:
        """What the policy speaks of: the kind, and a duty by its name."""
        return str(self) if self.kind == "duty" else self.kind

    def __str__(self) -> str:
        return f"{self.kind}:{self.id}"


class Held(NamedTuple):
    """The case that a purpose was held against, and what the viewer is in it."""

    case: UUID
    part: Part | None
    """None for who oversees its unit and is no member."""


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """A viewer with a purpose and a ground that the policy knows; `purpose.verify` makes it."""

    viewer: Viewer
    purpose: Purpose
    """It names a case by its id."""
    ground: str
    stated: Purpose | None = None
    """The purpose as who asks wrote it, perhaps with the number of the case."""
    held: Held | None = None
    """The case of a purpose that is a case or a task in one."""
    device: str = ""
    """With what is asked, as it names itself."""
    reason: str | None = None
    """Why, where more than the purpose was said."""

    @property
    def case(self) -> UUID | None:
        """The case that is worked in; None where the purpose is another."""
        return self.held.case if self.held else None


def operator(role: Role) -> Viewer:
    """Who runs a command on this machine, in the role that the command needs.

    He has the key file and the database; he is written down by the name of his login.
    """
    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # A container may run as a user without a name.
        name = str(os.getuid())
    return Viewer(subject=f"os:{name}", role=role, unit="herkomst", may_accept=True)
