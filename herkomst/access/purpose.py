"""The purpose and the ground that come with every operation (doelbinding, art. 3 Wpg).

A purpose is held against what is the case at that moment: who names a case works in it now, or
oversees its unit; who names a task is to do it now. A duty is what the policy says it is for; that
of the broken glass (`duty:break_glass`) is one only while it is broken, and that of acceptance only
by development login.

A case has a number and an id, and who asks may use either. From here on a purpose names it by its
id, so that it is one purpose wherever it is recorded or compared.
"""

import difflib
import re
from datetime import UTC, datetime
from typing import NamedTuple, Self
from uuid import UUID

from herkomst.access import policy
from herkomst.access.viewer import Held, Kind, Purpose, Reading, Viewer
from herkomst.domain.casework.glass import BROKEN_GLASS
from herkomst.record.standing import StandingCase, Standings

ACCEPTANCE = "duty:acceptance"
LONGEST_DEVICE = 200
_PURPOSE = re.compile(r"(?P<kind>case|task|duty):(?P<id>[A-Za-z0-9][A-Za-z0-9._/-]{0,63})")


class PurposeRefused(Exception):
    """The purpose or the ground is missing, or is none that the policy knows."""

    def __init__(self, code: str, message: str, cure: str) -> None:
        super().__init__(f"{message} {cure}")
        self.code, self.message, self.cure = code, message, cure


class PurposeNotHeld(PurposeRefused):
    """The purpose is one, and not one of who asks at this moment."""


class Asked(NamedTuple):
    """What a request or a command names, before it is held against anything."""

    purpose: Purpose
    ground: str
    device: str = ""
    reason: str | None = None

    @classmethod
    def parse(
        cls, purpose: str | None, ground: str | None, device: str = "", reason: str | None = None
    ) -> Self:
        """As written in headers or flags. Raises `PurposeRefused`."""
        return cls(parse(purpose), known_ground(ground), device[:LONGEST_DEVICE], reason)

    @property
    def is_looked_up(self) -> bool:
        """Whether the record says if it is a purpose of who asks."""
        return self.purpose.kind != "duty" or str(self.purpose) == BROKEN_GLASS

    def by(self, viewer: Viewer, held: Held | None = None) -> Reading:
        """The reading of a viewer whose purpose was held against this case, or needs none."""
        return Reading(
            viewer=viewer,
            purpose=self.purpose if held is None else _of_case(self.purpose, held.case),
            stated=self.purpose,
            ground=self.ground,
            held=held,
            device=self.device,
            reason=self.reason,
        )


def parse(text: str | None) -> Purpose:
    """`case:NUMBER`, `case:ID`, `task:NUMBER/TASK` or `duty:NAME`. Raises `PurposeRefused`."""
    if not text:
        raise PurposeRefused(
            "purpose_missing",
            "No purpose was named; nothing is read without one.",
            "Send `Herkomst-Purpose: case:NUMBER`, `task:NUMBER/TASK` or `duty:NAME`.",
        )
    found = _PURPOSE.fullmatch(text)
    if found is None:
        raise PurposeRefused(
            "purpose_invalid",
            f"{text[:80]!r} is no purpose.",
            "Write it as case:2026-0312, task:2026-0312/4 or duty:front_desk.",
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


def _of_case(purpose: Purpose, case: UUID) -> Purpose:
    """The same purpose, by the id of its case."""
    _, _, task = purpose.id.partition("/")
    return Purpose(purpose.kind, f"{case}/{task}" if purpose.kind == "task" else str(case))


def hold(standings: Standings, viewer: Viewer, asked: Asked) -> Reading:
    """The reading of a viewer, whose purpose is his at this moment.

    What his role may do with it is asked at each action. Raises `PurposeNotHeld`, `DatabaseDown`.
    """
    purpose, reading = asked.purpose, asked.by(viewer)
    if str(purpose) == ACCEPTANCE and not viewer.may_accept:
        raise PurposeNotHeld(
            "acceptance_closed",
            "Acceptance is a duty of development login alone.",
            "Name the case, the task or the duty that you work for.",
        )
    if str(purpose) == BROKEN_GLASS and not standings.glass(viewer.subject).is_broken(_now()):
        raise PurposeNotHeld(
            "glass_not_broken",
            "The glass is not broken, or holds no longer.",
            "Break it by `breakGlass`, with the emergency and the reason.",
        )
    if purpose.kind == "duty":
        return reading
    name, _, task = purpose.id.partition("/")
    case = standings.case(name)
    if case is None:
        raise _not_held(purpose)
    part = case.state.part_of(viewer.subject, _now())
    if purpose.kind == "task":
        if part is None or case.state.tasks.get(task) != viewer.subject:
            raise _not_held(purpose)
    elif part is None and not _oversees(reading, case):
        raise _not_held(purpose)
    _must_be_open(case, name)
    _must_fit(case, name, asked.ground)
    return asked.by(viewer, Held(case.id, part))


def _now() -> datetime:
    return datetime.now(UTC)


def _oversees(reading: Reading, case: StandingCase) -> bool:
    """Whether he answers for the unit of the case, and may see cases of its handling code."""
    own = case.state.unit == reading.viewer.unit
    return own and policy.oversees(reading, case.article, case.handling)


def _must_be_open(case: StandingCase, name: str) -> None:
    if case.state.state == "closed":
        raise PurposeNotHeld(
            "case_closed",
            f"Case {name} is closed, and no purpose any more.",
            "Let it be reopened, with the reason, or name another purpose.",
        )


def _must_fit(case: StandingCase, name: str, ground: str) -> None:
    """An article of the Wpg is that of the case; what the prosecution reads on is its own law."""
    if ground.startswith("wpg:") and ground != case.article:
        raise PurposeNotHeld(
            "ground_not_of_case",
            f"Case {name} is worked in under {case.article}, and not under {ground}.",
            f"Send `Herkomst-Ground: {case.article}`, or name another purpose.",
        )


def _not_held(purpose: Purpose) -> PurposeNotHeld:
    """The same whether there is no such case, or none for who asks."""
    return PurposeNotHeld(
        "purpose_not_held",
        f"{purpose} is no purpose of yours at this moment.",
        "Ask who leads it to let you join, or name another purpose.",
    )
