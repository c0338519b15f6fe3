"""A fuller reason, asked for at one look-up of a person in ten.

Which ones cannot be foreseen, because a key decides, and a retry changes nothing, because it is
the same person, asked for by the same officer. What for is left out: a case has a number and an
id, an officer has several duties, and under the next name the answer would be another. The reason
is sealed in the journal, where a reviewer reads it.
"""

from uuid import UUID

from herkomst.access.viewer import Reading, Role
from herkomst.domain.casework import reasons
from herkomst.record.keyring import Keyring

ONE_IN = 10
LONGEST = 500
"""Characters of a reason in a header; how few are too few is told for all reasons alike."""
MACHINES = frozenset({Role.SOURCE, Role.DEALER, Role.DEPOT})
"""Roles that systems have; nobody is there to be asked."""


class ReasonRequired(Exception):
    """This look-up is one of those whose reason is to be written down."""

    code = "reason_required"
    message = "This look-up is one of those whose reason is to be written down."
    cure = (
        "Ask again with `Herkomst-Reason`: why this person, in "
        f"{reasons.SHORTEST} to {LONGEST} characters."
    )

    def __init__(self) -> None:
        super().__init__(f"{self.message} {self.cure}")


def must_be_given(keyring: Keyring, reading: Reading, person: UUID) -> None:
    """Raises `ReasonRequired` where a reason is to be given and none is."""
    if reading.viewer.role in MACHINES or says_something(reading.reason):
        return
    asked = keyring.token(f"reason:{reading.viewer.subject}:{person.hex}")
    if int(asked[:12], 16) % ONE_IN == 0:
        raise ReasonRequired


def says_something(reason: str | None) -> bool:
    return reason is not None and reasons.says_something(reason) and len(reason.strip()) <= LONGEST
