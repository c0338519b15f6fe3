"""The purpose and the ground that come with every operation: read, and checked with the policy."""

import difflib
import re

from herkomst.access import policy
from herkomst.access.viewer import Kind, Purpose, Reading, Viewer

_PURPOSE = re.compile(r"(?P<kind>case|task|duty):(?P<id>[A-Za-z0-9][A-Za-z0-9._/-]{0,63})")


class PurposeRefused(Exception):
    """The purpose or the ground is missing, or is none that the policy knows."""

    def __init__(self, code: str, message: str, cure: str) -> None:
        super().__init__(f"{message} {cure}")
        self.code, self.message, self.cure = code, message, cure


def verify(viewer: Viewer, purpose: str | None, ground: str | None) -> Reading:
    """The reading of a viewer for a purpose, as written in a header or a flag.

    What this role may do with them is asked at each action. Raises `PurposeRefused`.
    """
    return Reading(viewer=viewer, purpose=parse(purpose), ground=known_ground(ground))


def parse(text: str | None) -> Purpose:
    """`case:ID`, `task:ID` or `duty:NAME`. Raises `PurposeRefused`."""
    if not text:
        raise PurposeRefused(
            "purpose_missing",
            "No purpose was named; nothing is read without one.",
            "Send `Herkomst-Purpose: case:ID`, `task:ID` or `duty:NAME`.",
        )
    found = _PURPOSE.fullmatch(text)
    if found is None:
        raise PurposeRefused(
            "purpose_invalid",
            f"{text[:80]!r} is no purpose.",
            "Write it as case:2026-0312, task:41 or duty:front_desk.",
        )
    kind: Kind = found["kind"]  # type: ignore[assignment]
    if kind == "duty" and found["id"] not in policy.duties():
        raise PurposeRefused(
            "duty_unknown",
            f"The policy knows no duty {found['id']!r}.",
            f"Its duties are {', '.join(sorted(policy.duties()))}.",
        )
    return Purpose(kind, found["id"])


def known_ground(text: str | None) -> str:
    """A ground that the policy names. Raises `PurposeRefused`."""
    if not text:
        raise PurposeRefused(
            "ground_missing",
            "No ground was named; nothing is read without one.",
            f"Send `Herkomst-Ground`, one of {', '.join(sorted(policy.grounds()))}.",
        )
    if text not in policy.grounds():
        nearest = difflib.get_close_matches(text, sorted(policy.grounds()), n=1, cutoff=0.0)[0]
        raise PurposeRefused(
            "ground_unknown",
            f"The policy knows no ground {text[:40]!r}.",
            f"Did you mean {nearest}? Its grounds are {', '.join(sorted(policy.grounds()))}.",
        )
    return text
