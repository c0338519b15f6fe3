"""The policy: who may do what, on which ground and for which purpose. What no row allows is denied.

The table is `policy.csv` beside this file: one rule a row, with the source of the rule and its
validity. Only this module makes a `Permitted`, which is what every investigation asks for.
"""

import csv
from datetime import UTC, date, datetime
from enum import StrEnum
from functools import cache, lru_cache
from importlib.resources import files
from typing import NamedTuple

import msgspec

from herkomst.access.viewer import Reading, Role, Viewer
from herkomst.domain.calendar import legal_date

NONE_ASKED = "-"
"""In the table: this action needs no ground, or no purpose."""


class Action(StrEnum):
    """What the policy speaks of."""

    READ_HITS = "read_hits"
    READ_PURCHASES = "read_purchases"
    READ_STOLEN_ITEMS = "read_stolen_items"
    READ_DEALERS = "read_dealers"
    READ_PRESENTATIONS = "read_presentations"
    OPEN_IDENTITY = "open_identity"
    SEE_CONSENT = "see_consent"
    SEE_CONFIDENTIAL = "see_confidential"
    SEE_CLOSED = "see_closed"
    READ_CASES = "read_cases"
    OVERSEE_CASES = "oversee_cases"
    OPEN_CASE = "open_case"
    WORK_IN_CASE = "work_in_case"
    REVIEW_CASE = "review_case"
    DECIDE_HIT = "decide_hit"
    EXPORT_HITS = "export_hits"
    RECORD_PURCHASES = "record_purchases"
    RECORD_STOLEN_ITEMS = "record_stolen_items"
    RECORD_DEALERS = "record_dealers"
    ERASE = "erase"
    READ_AUTHORISATIONS = "read_authorisations"
    GRANT_AUTHORISATION = "grant_authorisation"
    END_AUTHORISATION = "end_authorisation"


RECORDING = (Action.RECORD_PURCHASES, Action.RECORD_STOLEN_ITEMS, Action.RECORD_DEALERS)
HANDLING = {
    "consent": Action.SEE_CONSENT,
    "confidential": Action.SEE_CONFIDENTIAL,
    "closed": Action.SEE_CLOSED,
}
"""Handling codes (afhandelingscodes) that need a right of their own; `open` needs none."""
HIDDEN = frozenset({"closed"})
"""Of these not even the existence is told; the others are told to exist, and withheld."""


class Rule(NamedTuple):
    """A row of the table."""

    roles: frozenset[str]
    actions: frozenset[str]
    grounds: frozenset[str]
    purposes: frozenset[str]
    source: str
    valid_from: date
    valid_to: date | None
    """Last day; None as long as it holds."""

    def holds(self, on: date) -> bool:
        return self.valid_from <= on and (self.valid_to is None or on <= self.valid_to)

    def allows(self, ground: str, form: str) -> bool:
        """Whether the rule covers this ground and this form of purpose."""
        return (self.grounds == {NONE_ASKED} or ground in self.grounds) and (
            self.purposes == {NONE_ASKED} or form in self.purposes
        )


class NotPermitted(Exception):
    """The policy does not allow it, and says what it does allow."""

    code = "not_permitted"

    def __init__(self, message: str, cure: str) -> None:
        super().__init__(f"{message} {cure}")
        self.message, self.cure = message, cure


class Permitted(msgspec.Struct, frozen=True, kw_only=True):
    """What the policy allowed: who, for what, on which ground, to do what."""

    reading: Reading
    action: Action
    readable: frozenset[str]
    """Handling codes whose content may be seen."""
    known: frozenset[str]
    """Handling codes of which it may be seen that there is something."""

    def must_be(self, *actions: Action) -> None:
        """Raises `NotPermitted` when what was allowed is something else."""
        if self.action not in actions:
            raise NotPermitted(
                f"What was allowed is {self.action}, not {' or '.join(actions)}.",
                "Ask the policy for what is done.",
            )


@cache
def rules() -> tuple[Rule, ...]:
    """The table. Raises `ValueError` for a role or an action that nobody knows."""
    text = files(__package__).joinpath("policy.csv").read_text(encoding="utf-8")
    return tuple(_rule(row) for row in csv.DictReader(text.splitlines()))


def _rule(row: dict[str, str]) -> Rule:
    return Rule(
        roles=frozenset(Role(name) for name in row["roles"].split()),
        actions=frozenset(Action(name) for name in row["actions"].split()),
        grounds=frozenset(row["grounds"].split()),
        purposes=frozenset(row["purposes"].split()),
        source=row["source"],
        valid_from=date.fromisoformat(row["valid_from"]),
        valid_to=date.fromisoformat(row["valid_to"]) if row["valid_to"] else None,
    )


@lru_cache(maxsize=1024)
def _rules_for(role: Role, action: Action, on: date) -> tuple[Rule, ...]:
    return tuple(r for r in rules() if role in r.roles and action in r.actions and r.holds(on))


@cache
def grounds() -> frozenset[str]:
    """Every ground that a rule names."""
    return frozenset().union(*(rule.grounds for rule in rules())) - {NONE_ASKED}


@cache
def duties() -> frozenset[str]:
    """Every duty that a rule names, without its kind."""
    forms = frozenset().union(*(rule.purposes for rule in rules()))
    return frozenset(form.removeprefix("duty:") for form in forms if form.startswith("duty:"))


def permit(reading: Reading, action: Action) -> Permitted:
    """Allow an action for a reading. Raises `NotPermitted`."""
    on = _today()
    role, purpose = reading.viewer.role, reading.purpose.form
    if not _allowed(role, action, reading.ground, purpose, on):
        raise _denial(role, action, reading.ground, purpose, on)
    readable = frozenset(
        code
        for code, right in HANDLING.items()
        if _allowed(role, right, reading.ground, purpose, on)
    )
    return Permitted(
        reading=reading,
        action=action,
        readable=readable | {"open"},
        known=readable | {"open"} | (HANDLING.keys() - HIDDEN),
    )


def allows(reading: Reading, action: Action) -> bool:
    """Whether the policy allows an action for a reading."""
    return _allowed(reading.viewer.role, action, reading.ground, reading.purpose.form, _today())


def may_record(viewer: Viewer, source: str, action: Action | None = None) -> bool:
    """Whether a viewer may hand in records of a source: his own, and of a kind that his role has.

    `action` is the `RECORD_…` of that kind; without it, any of them is enough.
    """
    wanted = RECORDING if action is None else (action,)
    return source == viewer.unit and any(
        _allowed(viewer.role, each, NONE_ASKED, NONE_ASKED, _today()) for each in wanted
    )


def may_erase(viewer: Viewer, ground: str) -> bool:
    """Whether a viewer may order an erasure on this ground."""
    return _allowed(viewer.role, Action.ERASE, ground, NONE_ASKED, _today())


def _today() -> date:
    return legal_date(datetime.now(UTC))


def _allowed(role: Role, action: Action, ground: str, form: str, on: date) -> bool:
    return any(rule.allows(ground, form) for rule in _rules_for(role, action, on))


def _denial(role: Role, action: Action, ground: str, form: str, on: date) -> NotPermitted:
    held = _rules_for(role, action, on)
    allowed = [
        f"on {' or '.join(sorted(r.grounds))} for {' or '.join(sorted(r.purposes))}" for r in held
    ]
    cure = f"It may {'; '.join(allowed)}." if allowed else "No rule allows it to this role."
    return NotPermitted(f"The role {role} may not {action} on {ground} for {form}.", cure)
