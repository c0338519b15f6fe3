"""What somebody may be at this moment: the authorisations that hold, of which he acts under one.

The identity provider says who asks. What he is here was granted to him by somebody else, until a
day, and is read from the record at each operation (art. 6 Wpg).
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from herkomst.access.viewer import Role
from herkomst.domain.casework.authorisation import Grant
from herkomst.record import authorisations
from herkomst.record.casework import Casework

HEADER = "Herkomst-Role"


class NotAuthorised(Exception):
    """Who asks is known, and may not act under what he names, or under nothing."""

    def __init__(self, code: str, message: str, cure: str) -> None:
        super().__init__(f"{message} {cure}")
        self.code, self.message, self.cure = code, message, cure


class Authorisation(NamedTuple):
    """A role for a unit, until a moment."""

    role: Role
    unit: str
    until: datetime

    def __str__(self) -> str:
        return f"{self.role}@{self.unit}"

    def is_meant_by(self, asked: str) -> bool:
        return asked in (self.role, str(self))


def held(casework: Casework, subject: str, at: datetime) -> list[Authorisation]:
    """What holds for a subject at a moment. A role that no version of today knows is none."""
    return [
        Authorisation(Role(grant.role), grant.unit, grant.until)
        for grant in authorisations.holding(casework, subject, at)
        if _is_known(grant)
    ]


def _is_known(grant: Grant) -> bool:
    return grant.role in list(Role)


def chosen(subject: str, holding: Sequence[Authorisation], asked: str | None) -> Authorisation:
    """The one that an operation is done under: the only one, or the one that is named.

    Raises `NotAuthorised`.
    """
    if not holding:
        raise NotAuthorised(
            "not_authorised",
            f"No authorisation of {subject} holds now.",
            "Ask an administrator to grant one: `herkomst authorise` or `grantAuthorisation`.",
        )
    wanted = [each for each in holding if asked is None or each.is_meant_by(asked.strip())]
    if len(wanted) == 1:
        return wanted[0]
    names = ", ".join(map(str, holding))
    if not wanted:
        raise NotAuthorised(
            "role_not_held", "You are not authorised in this role now.", f"You are: {names}."
        )
    raise NotAuthorised(
        "role_missing",
        "You are authorised more than once, and one operation is done under one of them.",
        f"Send `{HEADER}` with one of {names}.",
    )
