"""The policy: who may do what, on which ground and for which purpose. What no row allows is denied.

The table is `policy.csv` beside this file: one rule a row, with the source of the rule and its
validity. Only this module makes a `Permitted`, which is what every investigation asks for.
"""

import csv
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from enum import StrEnum
from functools import cache, lru_cache
from hashlib import sha256
from importlib.resources import files
from types import MappingProxyType
from typing import NamedTuple

import msgspec

from herkomst.access.viewer import Reading, Role, Viewer
from herkomst.domain import controllers, municipalities, tables
from herkomst.domain.calendar import legal_today
from herkomst.domain.controllers import CONTROLLERS, POLICE, UNLISTED
from herkomst.domain.register.stolen_item import CLOSED

NONE_ASKED = "-"
"""In the table: this action needs no ground, no purpose, or narrows to no regime."""
CODES = frozenset({"open", "consent", "confidential", "closed"})
"""Handling codes (afhandelingscodes)."""
HIDDEN = frozenset({CLOSED})
"""Of these not even the existence is told; the others are told to exist, and withheld."""
REGIMES = frozenset({"avg", "wpg:8", "wpg:9", "wpg:10", "wpg:13"})
"""The law that a record is under; with the Wpg its article."""
ANY, OWN, MADE_AVAILABLE = "any", "own", "made_available"
"""In the table, whose records: of any controller, of the one that the viewer works for, and of
those that make theirs available to it (art. 15 Wpg)."""


class Relation(StrEnum):
    """What a record has to do with who asks."""

    ANYWHERE = "anywhere"
    """Nothing need be between them."""
    OWN_CASE = "own_case"
    """It is in the case that is the purpose, or beside what is in it."""
    OWN_MUNICIPALITY = "own_municipality"
    """It belongs to an establishment in the municipality that the viewer controls for."""
    OWN_UNIT = "own_unit"
    """Somebody of the viewer's unit did it."""
    GRANTED = "granted"
    """Its owner granted it for the purpose, until a moment that has not come."""


class Action(StrEnum):
    """What the policy speaks of."""

    READ_HITS = "read_hits"
    READ_PURCHASES = "read_purchases"
    READ_STOLEN_ITEMS = "read_stolen_items"
    READ_DEALERS = "read_dealers"
    READ_PRESENTATIONS = "read_presentations"
    SEARCH_PERSONS = "search_persons"
    REVEAL_IDENTITY = "reveal_identity"
    ALLOW_REVEALS = "allow_reveals"
    BREAK_GLASS = "break_glass"
    SEE_GLASSES = "see_glasses"
    REVIEW_GLASS = "review_glass"
    REQUEST_ACCESS = "request_access"
    ANSWER_ACCESS = "answer_access"
    READ_ACCESS_REQUESTS = "read_access_requests"
    READ_TRAIL = "read_trail"
    SEE_READERS = "see_readers"
    EXPORT_TRAIL = "export_trail"
    READ_MATCHES = "read_matches"
    READ_CASES = "read_cases"
    OVERSEE_CASES = "oversee_cases"
    OPEN_CASE = "open_case"
    WORK_IN_CASE = "work_in_case"
    REVIEW_CASE = "review_case"
    DECIDE_HIT = "decide_hit"
    READ_ALERTS = "read_alerts"
    SET_ALERT = "set_alert"
    ANSWER_SIGHTING = "answer_sighting"
    READ_SUGGESTIONS = "read_suggestions"
    ASSESS_SUGGESTION = "assess_suggestion"
    READ_SEQUELS = "read_sequels"
    ANSWER_SIGNAL = "answer_signal"
    ORDER_KEEPING = "order_keeping"
    RELEASE_ORDER = "release_order"
    SEIZE_GOOD = "seize_good"
    DECIDE_RETURN = "decide_return"
    RECORD_COMPLAINT = "record_complaint"
    TELL_DEALER = "tell_dealer"
    READ_NOTICES = "read_notices"
    EXPORT_HITS = "export_hits"
    RECORD_PURCHASES = "record_purchases"
    RECORD_STOLEN_ITEMS = "record_stolen_items"
    RECORD_DEALERS = "record_dealers"
    LEARN_OF_KEPT = "learn_of_kept"
    ERASE = "erase"
    READ_CLOCKS = "read_clocks"
    RUN_CLOCKS = "run_clocks"
    READ_HOLDS = "read_holds"
    PLACE_HOLD = "place_hold"
    OPEN_VAULT = "open_vault"
    HANDLE_PERSON_REQUEST = "handle_person_request"
    READ_REVIEWS = "read_reviews"
    DECIDE_REVIEW = "decide_review"
    ANSWER_REVIEW = "answer_review"
    EXPORT_REVIEW = "export_review"
    OVERSEE_REVIEWS = "oversee_reviews"
    READ_AUTHORISATIONS = "read_authorisations"
    GRANT_AUTHORISATION = "grant_authorisation"
    END_AUTHORISATION = "end_authorisation"


RECORDING = (Action.RECORD_PURCHASES, Action.RECORD_STOLEN_ITEMS, Action.RECORD_DEALERS)


class Rule(NamedTuple):
    """A row of the table."""

    roles: frozenset[str]
    actions: frozenset[str]
    grounds: frozenset[str]
    purposes: frozenset[str]
    regimes: frozenset[str]
    controllers: frozenset[str]
    """Whose records: controllers by name, `OWN`, `MADE_AVAILABLE`, or `ANY` alone."""
    relations: frozenset[Relation]
    handling: frozenset[str]
    """Codes of records whose content it shows."""
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

    def reaches(self, own: str) -> frozenset[str]:
        """The controllers whose records it shows to who works for this one."""
        if self.controllers == {ANY}:
            return frozenset(CONTROLLERS)
        available = controllers.made_available_to(own)
        meant = {OWN: frozenset({own}), MADE_AVAILABLE: available}
        return frozenset().union(*(meant.get(each, {each}) for each in self.controllers))


class NotPermitted(Exception):
    """The policy does not allow it, and says what it does allow."""

    code = "not_permitted"

    def __init__(self, message: str, cure: str) -> None:
        super().__init__(f"{message} {cure}")
        self.message, self.cure = message, cure


class Sight(NamedTuple):
    """Which records may be seen, as `REGIME CODE CONTROLLER`: whose content, whose existence."""

    shown: frozenset[str] = frozenset()
    known: frozenset[str] = frozenset()


NOTHING = Sight()
_ENDING = Relation.GRANTED
Sights = Mapping[Relation, Sight]
"""What is seen of records that stand in a relation; of others nothing."""


class Permitted(msgspec.Struct, frozen=True, kw_only=True):
    """What the policy allowed: who, for what, on which ground, to do what, with which records."""

    reading: Reading
    action: Action
    sights: Sights

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
    return tuple(_rule(row) for row in csv.DictReader(_text().splitlines()))


@cache
def version() -> str:
    """The table by its content, with those of who answers for what: 16 digits of their SHA-256."""
    decide = [_text(), tables.text("controllers"), tables.text("sources")]
    return sha256("".join(decide).encode()).hexdigest()[:16]


@cache
def _text() -> str:
    return files(__package__).joinpath("policy.csv").read_text(encoding="utf-8")


def _rule(row: dict[str, str]) -> Rule:
    regimes = frozenset(row["regimes"].split())
    made = Rule(
        roles=frozenset(Role(name) for name in row["roles"].split()),
        actions=frozenset(Action(name) for name in row["actions"].split()),
        grounds=frozenset(row["grounds"].split()),
        purposes=frozenset(row["purposes"].split()),
        regimes=REGIMES if regimes == {NONE_ASKED} else regimes,
        controllers=frozenset(row["controllers"].split()),
        relations=frozenset(Relation(name) for name in row["relations"].split()),
        handling=frozenset(row["handling"].split()),
        source=row["source"],
        valid_from=date.fromisoformat(row["valid_from"]),
        valid_to=date.fromisoformat(row["valid_to"]) if row["valid_to"] else None,
    )
    whose = made.controllers - CONTROLLERS.keys() - {ANY, OWN, MADE_AVAILABLE}
    if unknown := (made.regimes - REGIMES) | (made.handling - CODES) | whose:
        raise ValueError(f"nobody knows {', '.join(sorted(unknown))}")
    if not made.controllers or (ANY in made.controllers and len(made.controllers) > 1):
        raise ValueError(f"a row says {ANY!r} alone, or whose records it shows: {made.source}")
    return made


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
    on = legal_today()
    role, purpose = reading.viewer.role, reading.purpose.form
    if reading.viewer.controller == UNLISTED:
        raise _of_nobody(reading.viewer)
    seen = sights(reading, action)
    if not seen:
        raise _denial(role, action, reading.ground, purpose, on)
    if seen.keys() == {Relation.OWN_MUNICIPALITY} and municipality_of(reading.viewer) is None:
        raise NotPermitted(
            f"The role {role} controls in a municipality, and {reading.viewer.unit!r} is none.",
            "Log in for a municipality, by its name or its code, such as GM0363.",
        )
    return Permitted(reading=reading, action=action, sights=seen)


def lasting(permitted: Permitted) -> Permitted:
    """The same without what was granted until a moment: nothing that stays is made of it."""
    seen = {relation: s for relation, s in permitted.sights.items() if relation is not _ENDING}
    return Permitted(reading=permitted.reading, action=permitted.action, sights=seen)


def municipality_of(viewer: Viewer) -> str | None:
    """The code of the municipality that a viewer's unit is, if it is one."""
    return municipalities.code_of(viewer.unit)


def allows(reading: Reading, action: Action) -> bool:
    """Whether the policy allows an action for a reading."""
    viewer, form = reading.viewer, reading.purpose.form
    return viewer.controller != UNLISTED and _allowed(
        viewer.role, action, reading.ground, form, legal_today()
    )


def oversees(reading: Reading, regime: str, handling: str) -> bool:
    """Whether a viewer answers for cases of his unit, those of this kind included."""
    return f"{regime} {handling}" in overseen(reading)


def overseen(reading: Reading) -> frozenset[str]:
    """Which cases of his unit a viewer answers for, as `REGIME CODE`; a unit has one controller."""
    seen = sights(reading, Action.OVERSEE_CASES).get(Relation.ANYWHERE, NOTHING)
    return frozenset(law.rpartition(" ")[0] for law in seen.shown)


def sights(reading: Reading, action: Action) -> Sights:
    """Which records an action of a viewer may be about; empty where he may not do it at all."""
    viewer, form = reading.viewer, reading.purpose.form
    return _sights(viewer.role, viewer.controller, action, reading.ground, form, legal_today())


def reached(reading: Reading, action: Action) -> frozenset[str]:
    """The controllers with whose records an action of a viewer may have to do. What is of no
    controller is within reach of who reaches all; and by development login, which accepts any
    unit, it is as of the police."""
    viewer = reading.viewer
    holding = _holding(viewer.role, action, reading.ground, reading.purpose.form, legal_today())
    found = frozenset[str]().union(*(rule.reaches(viewer.controller) for rule in holding))
    with_all = found >= CONTROLLERS.keys() or (viewer.may_accept and POLICE in found)
    return found | {UNLISTED} if with_all else found


def may_record(viewer: Viewer, source: str, action: Action | None = None) -> bool:
    """Whether a viewer may hand in records of a source: his own, and of a kind that his role has.

    `action` is the `RECORD_…` of that kind; without it, any of them is enough.
    """
    wanted = RECORDING if action is None else (action,)
    return source == viewer.unit and any(
        _allowed(viewer.role, each, NONE_ASKED, NONE_ASKED, legal_today()) for each in wanted
    )


def may_learn_of_kept(viewer: Viewer) -> bool:
    """Whether a viewer who sends records is told why a found good is not sold on."""
    return _allowed(viewer.role, Action.LEARN_OF_KEPT, NONE_ASKED, NONE_ASKED, legal_today())


def may_erase(viewer: Viewer, ground: str) -> bool:
    """Whether a viewer may order an erasure on this ground."""
    return _allowed(viewer.role, Action.ERASE, ground, NONE_ASKED, legal_today())


@lru_cache(maxsize=1024)
def _sights(role: Role, own: str, action: Action, ground: str, form: str, on: date) -> Sights:
    """What rules that allow an action show to who works for a controller; empty where none does."""
    holding = _holding(role, action, ground, form, on)
    return MappingProxyType(
        {
            relation: _together([rule for rule in holding if relation in rule.relations], own)
            for relation in Relation
            if any(relation in rule.relations for rule in holding)
        }
    )


def _together(holding: Sequence[Rule], own: str) -> Sight:
    def seen(rule: Rule, codes: frozenset[str]) -> Iterator[str]:
        return (
            f"{regime} {code} {controller}"
            for controller in rule.reaches(own)
            for regime in rule.regimes & CONTROLLERS[controller].regimes
            for code in codes
        )

    shown = frozenset(pair for rule in holding for pair in seen(rule, rule.handling))
    known = frozenset(pair for rule in holding for pair in seen(rule, CODES - HIDDEN))
    return Sight(shown, shown | known)


def _allowed(role: Role, action: Action, ground: str, form: str, on: date) -> bool:
    return bool(_holding(role, action, ground, form, on))


def _holding(role: Role, action: Action, ground: str, form: str, on: date) -> list[Rule]:
    return [rule for rule in _rules_for(role, action, on) if rule.allows(ground, form)]


def _of_nobody(viewer: Viewer) -> NotPermitted:
    return NotPermitted(
        f"The unit {viewer.unit!r} is of no controller that is known.",
        "Let it be named in `controllers.csv`, or be authorised for a unit that is, such as "
        "amsterdam, fiod-zwolle or kmar-schiphol.",
    )


def _denial(role: Role, action: Action, ground: str, form: str, on: date) -> NotPermitted:
    held = _rules_for(role, action, on)
    allowed = [
        f"on {' or '.join(sorted(r.grounds))} for {' or '.join(sorted(r.purposes))}" for r in held
    ]
    cure = f"It may {'; '.join(allowed)}." if allowed else "No rule allows it to this role."
    return NotPermitted(f"The role {role} may not {action} on {ground} for {form}.", cure)
