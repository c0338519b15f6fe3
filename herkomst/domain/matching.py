"""Whether a purchase and a stolen good may be the same good: the verdict, never proof.

A hit rests on a number that agrees. It carries what speaks for it and against it, and a
person decides. A purchase before the theft began is an earlier passage of the good, not a hit.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Literal, NamedTuple

import msgspec

from herkomst.domain.goods import (
    brands_agree,
    kinds_contradict,
    models_agree,
    normal_brand,
    normal_model,
)

STRONG_CLASSES = frozenset({"imei", "vin", "plate", "chip"})
"""Classes whose numbers are given out once over all brands, so that a contradicting brand or
kind is more often a slip than another good. Serial and frame numbers repeat over brands."""

Outcome = Literal["hit", "earlier_passage", "none"]
Time = Literal["after", "unclear"]


class Grade(StrEnum):
    """How much agrees. Only the first two are given out now."""

    FULL_HIT = "full_hit"
    HIT = "hit"
    LOOK_ALIKE = "look_alike"
    ONE_EDIT = "one_edit"
    PART = "part"
    SUGGESTION = "suggestion"


GRADES = tuple(Grade)

_BASE = {Grade.FULL_HIT: 1000, Grade.HIT: 800}
_MINUS = {
    "brand_contradicts": 300,
    "kind_contradicts": 200,
    "brand_missing": 100,
    "model_differs": 100,
    "time_unclear": 100,
    "model_missing": 50,
    "recovery_unclear": 50,
}
_CONTRADICTIONS = frozenset({"brand_contradicts", "kind_contradicts"})
_BRAND_CODES = {True: "brand_agrees", False: "brand_contradicts", None: "brand_missing"}
_MODEL_CODES = {True: "model_agrees", False: "model_differs", None: "model_missing"}


class Side(NamedTuple):
    """The facts of one good that are compared. Times are UTC, and ends are exclusive.

    `keys` come from `identifiers.match_keys`; `start` and `end` are the interval of the
    acquisition or of the theft. On the stolen side `withdrawn` means mistaken or duplicate,
    `never` that it was no theft at all, and `recovered` to `recovered_end` when it came back.
    """

    kind: str
    brand: str | None
    model: str | None
    keys: frozenset[str]
    start: datetime
    end: datetime
    offer_refused: bool = False
    withdrawn: bool = False
    never: bool = False
    recovered: datetime | None = None
    recovered_end: datetime | None = None


_FIRST_AFTER_KEYS = Side._fields.index("keys") + 1


class Reason(msgspec.Struct, frozen=True):
    """One fact for or against, with the values as they were compared on either side.

    A number that points at a person bears no value.
    """

    code: str
    purchase: str | None = None
    stolen: str | None = None


class Verdict(NamedTuple):
    """What the comparison says. `score` orders a queue from 0 to 1000 and is no probability;
    `time` tells a purchase after the theft from one within its interval."""

    outcome: Outcome
    grade: Grade | None
    score: int
    time: Time | None
    reasons: tuple[Reason, ...]
    against: tuple[Reason, ...]
    why_not: str | None


def judge(purchase: Side, stolen: Side, flooded: Collection[str] = ()) -> Verdict:
    """Compares a purchase with a stolen good; keys in `flooded` stand on too many goods."""
    why_not, numbers = _numbers(purchase, stolen, flooded)
    if why_not:
        return _none(why_not)
    reasons, against = _description(purchase, stolen)
    contradiction = next((r.code for r in against if r.code in _CONTRADICTIONS), None)
    if contradiction and not any(_class(key) in STRONG_CLASSES for key in numbers):
        return _none(contradiction, against)
    reasons = [*map(_number, numbers), *reasons]
    if purchase.end <= stolen.start:
        return Verdict("earlier_passage", None, 0, None, tuple(reasons), tuple(against), None)
    if stolen.recovered and purchase.start >= (stolen.recovered_end or stolen.recovered):
        return _none("recovered_before")
    return _hit(purchase, stolen, reasons, against)


def fingerprint(purchase: Side, stolen: Side) -> str:
    """A hash of the facts compared, so that a rejection is remembered until one of them changes.

    Case and separators are no such facts, nor is a number that stands on one side only.
    """
    brand = _brand(purchase, stolen)
    shared = sorted(purchase.keys & stolen.keys)
    facts = [shared, _facts(purchase, brand), _facts(stolen, brand)]
    return sha256(msgspec.json.encode(facts)).hexdigest()


def _numbers(
    purchase: Side, stolen: Side, flooded: Collection[str]
) -> tuple[str | None, list[str]]:
    """The keys that may found a hit, or why there can be none."""
    if stolen.never or stolen.withdrawn:
        return "not_a_theft" if stolen.never else "withdrawn", []
    shared = purchase.keys & stolen.keys
    if not shared:
        return "no_common_number", []
    numbers = sorted(key for key in shared if key not in flooded)
    return None if numbers else "flooded", numbers


def _description(purchase: Side, stolen: Side) -> tuple[list[Reason], list[Reason]]:
    """What brand, kind and model say, for and against; nothing against makes a full hit."""
    reasons: list[Reason] = []
    against: list[Reason] = []
    brand = brands_agree(purchase.brand, stolen.brand)
    (reasons if brand else against).append(
        Reason(_BRAND_CODES[brand], purchase.brand, stolen.brand)
    )
    if kinds_contradict(purchase.kind, stolen.kind):
        against.append(Reason("kind_contradicts", purchase.kind, stolen.kind))
    model = models_agree(purchase.model, stolen.model, _brand(purchase, stolen))
    (reasons if model else against).append(
        Reason(_MODEL_CODES[model], purchase.model, stolen.model)
    )
    return reasons, against


def _hit(purchase: Side, stolen: Side, reasons: list[Reason], against: list[Reason]) -> Verdict:
    grade = Grade.HIT if against else Grade.FULL_HIT
    time: Time = "after" if purchase.start >= stolen.end else "unclear"
    if time == "unclear":
        against.append(Reason("time_unclear"))
    if stolen.recovered and purchase.end > stolen.recovered:
        against.append(Reason("recovery_unclear"))
    if purchase.offer_refused:
        reasons.append(Reason("offer_refused"))
    score = _BASE[grade] - sum(_MINUS[reason.code] for reason in against)
    return Verdict("hit", grade, score, time, tuple(reasons), tuple(against), None)


def _none(why_not: str, against: Sequence[Reason] = ()) -> Verdict:
    return Verdict("none", None, 0, None, (), tuple(against), why_not)


def _number(key: str) -> Reason:
    class_, _, normal = key.partition(":")
    shown = None if normal.startswith("~") else key
    return Reason(f"{class_}_agrees", shown, shown)


def _class(key: str) -> str:
    return key.partition(":")[0]


def _brand(purchase: Side, stolen: Side) -> str | None:
    return purchase.brand if normal_brand(purchase.brand) else stolen.brand


def _facts(side: Side, brand: str | None) -> list[object]:
    described = [side.kind, normal_brand(side.brand), normal_model(side.model, brand)]
    return [*described, *side[_FIRST_AFTER_KEYS:]]
