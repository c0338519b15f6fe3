"""What is asked of a reason: why somebody opens what is shut to him, or lets another do so.

Who controls reads it later, and asks about one that says nothing. So it is refused at the door, by
the rule by which the review desk would point it out (art. 32a Wpg: the reason is logged).
"""

from typing import Final

from herkomst.domain.casework import case

SHORTEST: Final = 10
"""Characters of a reason that says something; `urgent` says nothing."""


def says_something(reason: str) -> bool:
    return len(reason.strip()) >= SHORTEST


def said(reason: str) -> str:
    """The reason, if it says something. Raises `CaseRefused`."""
    case.must_say(reason, "reason")
    if not says_something(reason):
        raise case.CaseRefused(
            "reason_short",
            f"The reason has {len(reason.strip())} characters; at least {SHORTEST} are asked.",
            "Say why it is needed here and now, so that who reviews it need not ask.",
        )
    return reason
