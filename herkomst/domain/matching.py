"""Whether a purchase and a stolen good may be the same good: the verdict, never proof.

A hit rests on a number that agrees, or nearly so, or in part. It carries what speaks for it and
against it, with both values as they were written, and a person decides. A purchase before the
theft began is an earlier passage of the good, not a hit.

What is less than the same number is a hit only where chance does not explain it: how many of the
stolen goods of that brand and model would look so by chance is computed, shown, and must stay
small.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from itertools import product
from typing import Literal, NamedTuple

import msgspec

from herkomst.domain import likeness
from herkomst.domain.goods import (
    brands_agree,
    kinds_contradict,
    models_agree,
    normal_brand,
    normal_model,
)
from herkomst.domain.identifiers import Number, with_check_digit

STRONG_CLASSES = frozenset({"imei", "vin", "plate", "chip"})
"""Classes whose numbers are given out once over all brands, so that a contradicting brand or
kind is more often a slip than another good. Serial and frame numbers repeat over brands."""

Outcome = Literal["hit", "earlier_passage", "none"]
Time = Literal["after", "unclear"]


class Grade(StrEnum):
    """How much agrees. A suggestion is a question that a person asks, and never found by itself."""

    FULL_HIT = "full_hit"
    HIT = "hit"
    LOOK_ALIKE = "look_alike"
    ONE_EDIT = "one_edit"
    PART = "part"
    SUGGESTION = "suggestion"


GRADES = tuple(Grade)

CHANCE = {
    Grade.LOOK_ALIKE: 0.05,
    Grade.ONE_EDIT: 5e-5,
    Grade.PART: 0.05,
}
"""How many stolen goods may look so by chance, for each purchase that is compared."""
CHANCE_OF_MENDED = 1e-3
"""The same where the check digit itself says that there is a slip: few purchases are compared."""
SERIES = 3
"""So many neighbours beside two numbers that begin alike make a series."""

_BASE = {
    Grade.FULL_HIT: 1000,
    Grade.HIT: 800,
    Grade.LOOK_ALIKE: 600,
    Grade.ONE_EDIT: 450,
    Grade.PART: 350,
}
_MINUS = {
    "brand_contradicts": 300,
    "kind_contradicts": 200,
    "brand_missing": 100,
    "model_differs": 100,
    "time_unclear": 100,
    "model_missing": 50,
    "recovery_unclear": 50,
    "first_imei_differs": 50,
    "other_number_differs": 50,
    "stood_in_a_text": 50,
}
_CONTRADICT = ("brand_contradicts", "kind_contradicts")
_FORBIDDEN = (*_CONTRADICT, "brand_missing", "model_differs")
_UNDESCRIBED = {"brand_missing", "model_differs"}
_BRAND_CODES = {True: "brand_agrees", False: "brand_contradicts", None: "brand_missing"}
_MODEL_CODES = {True: "model_agrees", False: "model_differs", None: "model_missing"}
_AS_GRADES = {
    "agrees": Grade.HIT,
    "looks_alike": Grade.LOOK_ALIKE,
    "one_edit": Grade.ONE_EDIT,
    "in_part": Grade.PART,
}


class Side(NamedTuple):
    """The facts of one good that are compared. Times are UTC, and ends are exclusive.

    `numbers` come from `identifiers.numbers`; `start` and `end` are the interval of the
    acquisition or of the theft. On the stolen side `withdrawn` means mistaken or duplicate,
    `never` that it was no theft at all, and `recovered` to `recovered_end` when it came back.
    """

    kind: str
    brand: str | None
    model: str | None
    numbers: tuple[Number, ...]
    start: datetime
    end: datetime
    offer_refused: bool = False
    withdrawn: bool = False
    never: bool = False
    recovered: datetime | None = None
    recovered_end: datetime | None = None


_FIRST_AFTER_NUMBERS = Side._fields.index("numbers") + 1


class Reason(msgspec.Struct, frozen=True):
    """One fact for or against, with the values as they were written on either side.

    A number that points at a person bears no value, nor does one that stood in a free text.
    """

    code: str
    purchase: str | None = None
    stolen: str | None = None
    value: str | None = None
    """What was computed: how many stolen goods would look so by chance."""


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


Likeness = Literal["agrees", "looks_alike", "one_edit", "in_part"]


class Pairing(NamedTuple):
    """A number of either good, and how alike they are."""

    bought: Number
    stolen: Number
    likeness: Likeness

    @property
    def keys(self) -> tuple[str, ...]:
        """Where the two meet."""
        if self.bought.key == self.stolen.key:
            return (self.bought.key,)
        met = zip(self.bought.keys[1:], self.stolen.keys[1:], strict=False)
        return tuple(mine for mine, theirs in met if mine == theirs)

    @property
    def mended(self) -> bool:
        return "mended" in (self.bought.found, self.stolen.found)


def _no_stock(_: str, __: str | None) -> int:
    return 0


class Around(NamedTuple):
    """What else is on record, as far as it bears on two goods."""

    flooded: Collection[str] = ()
    """Keys that stand on too many goods."""
    series: Collection[str] = ()
    """Stems on which others stand too: what differs behind them counts the goods of a series."""
    stock: Callable[[str, str | None], int] = _no_stock
    """How many stolen goods of the brand bear a number of a class, and of the type that its code
    names; without a code, of the model."""


_ALONE = Around()


def judge(purchase: Side, stolen: Side, around: Around = _ALONE) -> Verdict:
    """Compares a purchase with a stolen good, given what stands around them."""
    if stolen.never or stolen.withdrawn:
        return _none("not_a_theft" if stolen.never else "withdrawn")
    pairings = alike(purchase, stolen)
    if not pairings:
        return _none("no_common_number")
    usable = [p for p in pairings if not all(key in around.flooded for key in p.keys)]
    if not usable:
        return _none("flooded")
    reasons, against = _description(purchase, stolen)
    others = _others(purchase, stolen, usable)
    if why_not := _contradicted(usable, against, others):
        return _none(why_not, against)
    grade, numbers, why_not = _graded(usable, purchase, stolen, around)
    if why_not:
        return _none(why_not, against)
    reasons = [*numbers, *reasons]
    if purchase.end <= stolen.start:
        return Verdict("earlier_passage", None, 0, None, tuple(reasons), tuple(against), None)
    if stolen.recovered and purchase.start >= (stolen.recovered_end or stolen.recovered):
        return _none("recovered_before")
    against = [*_differences(usable), *against]
    if grade == Grade.HIT and not against:
        grade = Grade.FULL_HIT
    return _hit(purchase, stolen, grade, reasons, [*against, *others])


def alike(purchase: Side, stolen: Side) -> list[Pairing]:
    """The numbers of either good that are alike, of the strongest likeness that there is."""
    brand = normal_brand(_brand(purchase, stolen))
    found: dict[Likeness, list[Pairing]] = {}
    for mine, theirs in product(purchase.numbers, stolen.numbers):
        if pairing := paired(mine, theirs, brand):
            found.setdefault(pairing.likeness, []).append(pairing)
    return next((found[which] for which in _STRONGEST if which in found), [])


def fingerprint(purchase: Side, stolen: Side) -> str:
    """A hash of the facts compared, so that a rejection is remembered until one of them changes.

    Case and separators are no such facts, nor is a number that stands on one side only, nor what
    else is on record.
    """
    brand = _brand(purchase, stolen)
    shared = sorted({_shared(pairing) for pairing in alike(purchase, stolen)})
    facts = [shared, _facts(purchase, brand), _facts(stolen, brand)]
    return sha256(msgspec.json.encode(facts)).hexdigest()


def _shared(pairing: Pairing) -> str:
    mine, theirs = pairing.bought.exact, pairing.stolen.exact
    return mine if mine == theirs else f"{mine}|{theirs}"


_STRONGEST: tuple[Likeness, ...] = ("agrees", "looks_alike", "one_edit", "in_part")


def pool(purchase: Side, stolen: Side) -> tuple[str, str | None]:
    """Brand and model of the stolen goods among which chance would find one like these."""
    brand = normal_brand(_brand(purchase, stolen))
    model = normal_model(purchase.model, brand) or normal_model(stolen.model, brand)
    return brand or "", model


def paired(bought: Number, stolen: Number, brand: str | None) -> Pairing | None:
    """Two numbers of goods of a brand with how alike they are, or None if they are not."""
    which = _likeness(bought, stolen, brand)
    return Pairing(bought, stolen, which) if which else None


def _likeness(mine: Number, theirs: Number, brand: str | None) -> Likeness | None:
    if mine.key == theirs.key:
        mended = (mine.found == "mended") + (theirs.found == "mended")
        if mended:
            return "one_edit" if mended == 1 else None
        if mine.exact == theirs.exact:
            return "agrees"
        return "looks_alike"
    if mine.ends is None or theirs.ends is None or brand is None:
        return None
    ends, stems = mine.ends == theirs.ends, mine.stem is not None and mine.stem == theirs.stem
    if not (ends or stems):
        return None
    a, b = _normal(mine), _normal(theirs)
    head = likeness.prefix(mine.class_, max(a, b, key=len), brand)
    if mine.class_ != "imei" and likeness.one_slip(a, b, head):
        return "one_edit"
    return "in_part" if ends and likeness.is_part(a, b, head) else None


def _normal(number: Number) -> str:
    class_, _, normal = number.exact.partition(":")
    return with_check_digit(normal) if class_ == "imei" else normal


def _prefix(mine: Number, theirs: Number, brand: str | None) -> int:
    a, b = _normal(mine), _normal(theirs)
    return likeness.prefix(mine.class_, max(a, b, key=len), brand)


def _contradicted(
    pairings: Sequence[Pairing], against: Sequence[Reason], others: Sequence[Reason]
) -> str | None:
    """Why what was written beside the numbers rules them out. The less agrees of a number, the
    more must agree of the rest."""
    which = pairings[0].likeness
    if which != "agrees" and others:
        return others[0].code
    codes = {reason.code for reason in against}
    if which != "agrees":
        forbidden = _CONTRADICT if which == "looks_alike" else _FORBIDDEN
        return next((code for code in forbidden if code in codes), None)
    contradiction = next((r.code for r in against if r.code in _CONTRADICT), None)
    if contradiction is None and codes >= _UNDESCRIBED:
        contradiction = "model_differs"
    if contradiction and not any(p.bought.class_ in STRONG_CLASSES for p in pairings):
        return contradiction
    return None


def _graded(
    pairings: Sequence[Pairing], purchase: Side, stolen: Side, around: Around
) -> tuple[Grade, list[Reason], str | None]:
    """The grade that numbers so alike deserve and what they say, or why they found no hit."""
    which = pairings[0].likeness
    grade = _AS_GRADES[which]
    if which == "agrees":
        return grade, [_number(p) for p in pairings], None
    outside = [p for p in pairings if not _in_series(p, around)]
    if not outside:
        return grade, [], "series"
    brand = normal_brand(_brand(purchase, stolen))
    told = [(p, _chance(p, brand, around.stock(*among(p)))) for p in outside]
    likely = [(p, chance) for p, chance in told if chance < _limit(p)]
    if not likely:
        return grade, [], "chance"
    return grade, [_number(p, chance=f"{chance:.2g}") for p, chance in likely], None


def _in_series(pairing: Pairing, around: Around) -> bool:
    """Whether the two differ in what counts the goods of a series, and there is one, or, where a
    brand is missing, there may be."""
    mine, theirs = pairing.bought, pairing.stolen
    if pairing.likeness == "looks_alike":
        if mine.sealed or not likeness.counts(_normal(mine), _normal(theirs)):
            return False
        if mine.stem is None or theirs.stem is None:
            return mine.class_ != "imei"
    return mine.stem is not None and mine.stem == theirs.stem and mine.stem in around.series


def among(pairing: Pairing) -> tuple[str, str | None]:
    """The class of the stolen goods among which chance would find one like these, and the code of
    their type, where both numbers tell one."""
    class_ = pairing.bought.class_
    codes = {likeness.type_code(class_, _normal(n)) for n in pairing[:2] if n.found != "mended"}
    if pairing.likeness == "in_part" or len(codes) != 1:
        return class_, None
    return class_, codes.pop()


def is_by_chance(pairing: Pairing, brand: str | None, stock: int) -> bool:
    """Whether chance alone explains that two numbers of a brand are so alike, where so many stolen
    goods bear a number."""
    return pairing.likeness != "agrees" and _chance(pairing, brand, stock) >= _limit(pairing)


def _limit(pairing: Pairing) -> float:
    return CHANCE_OF_MENDED if pairing.mended else CHANCE[_AS_GRADES[pairing.likeness]]


def _chance(pairing: Pairing, brand: str | None, stock: int) -> float:
    mine, theirs = pairing.bought, pairing.stolen
    if mine.sealed:
        return 0.0  # Nothing of the number may be told, nor how many signs of it agree.
    if pairing.mended:
        return likeness.chance_of_mended(stock)
    head = _prefix(mine, theirs, brand)
    part, whole = sorted((_normal(mine), _normal(theirs)), key=len)
    if pairing.likeness == "one_edit":
        return likeness.chance_of_slip(whole, head, stock)
    if pairing.likeness == "in_part":
        return likeness.chance_of_part(part, whole, head, stock)
    return likeness.chance_alike(whole, head, stock)


def _description(purchase: Side, stolen: Side) -> tuple[list[Reason], list[Reason]]:
    """What brand, kind and model say, for and against; nothing against makes a full hit."""
    reasons: list[Reason] = []
    against: list[Reason] = []
    brand = brands_agree(purchase.brand, stolen.brand)
    (reasons if brand else against).append(
        Reason(code=_BRAND_CODES[brand], purchase=purchase.brand, stolen=stolen.brand)
    )
    if kinds_contradict(purchase.kind, stolen.kind):
        against.append(Reason(code="kind_contradicts", purchase=purchase.kind, stolen=stolen.kind))
    model = models_agree(purchase.model, stolen.model, _brand(purchase, stolen))
    (reasons if model else against).append(
        Reason(code=_MODEL_CODES[model], purchase=purchase.model, stolen=stolen.model)
    )
    return reasons, against


def _hit(
    purchase: Side,
    stolen: Side,
    grade: Grade,
    reasons: list[Reason],
    against: list[Reason],
) -> Verdict:
    time: Time = "after" if purchase.start >= stolen.end else "unclear"
    if time == "unclear":
        against.append(Reason(code="time_unclear"))
    if stolen.recovered and purchase.end > stolen.recovered:
        against.append(Reason(code="recovery_unclear"))
    if purchase.offer_refused:
        reasons.append(Reason(code="offer_refused"))
    score = max(_BASE[grade] - sum(_MINUS.get(reason.code, 0) for reason in against), 1)
    return Verdict("hit", grade, score, time, tuple(reasons), tuple(against), None)


def _differences(pairings: Sequence[Pairing]) -> list[Reason]:
    """What speaks against the numbers themselves, of the one for which least does."""
    return min((_of_pairing(p) for p in pairings), key=len)


def _of_pairing(pairing: Pairing) -> list[Reason]:
    mine, theirs = pairing.bought, pairing.stolen
    if "text" in (mine.found, theirs.found):
        return [Reason(code="stood_in_a_text")]
    if pairing.likeness == "agrees":
        second = "second" in (mine.found, theirs.found) and mine.found != theirs.found
        return [Reason(code="first_imei_differs")] if second else []
    return [Reason(code="signs_differ", purchase=mine.written, stolen=theirs.written)]


def _others(purchase: Side, stolen: Side, pairings: Sequence[Pairing]) -> list[Reason]:
    return [
        Reason(code="other_number_differs", purchase=mine.written, stolen=theirs.written)
        for mine, theirs in numbers_that_differ(purchase, stolen, pairings)
    ]


def numbers_that_differ(
    purchase: Side, stolen: Side, pairings: Sequence[Pairing]
) -> list[tuple[Number, Number]]:
    """Numbers of one class on both goods of which none agrees with any of the other's, given those
    that do; one of each class."""
    met = {n.class_ for p in pairings for n in p[:2]}
    mine, theirs = _first_of_classes(purchase.numbers), _first_of_classes(stolen.numbers)
    return [(mine[which], theirs[which]) for which in sorted((mine.keys() & theirs.keys()) - met)]


def _first_of_classes(numbers: Iterable[Number]) -> dict[str, Number]:
    first: dict[str, Number] = {}
    for number in numbers:
        if number.found == "number":
            first.setdefault(number.class_, number)
    return first


def _none(why_not: str, against: Sequence[Reason] = ()) -> Verdict:
    return Verdict("none", None, 0, None, (), tuple(against), why_not)


def _number(pairing: Pairing, chance: str | None = None) -> Reason:
    mine, theirs = pairing.bought, pairing.stolen
    return Reason(
        code=f"{mine.class_}_{pairing.likeness}",
        purchase=mine.written,
        stolen=theirs.written,
        value=None if mine.sealed else chance,
    )


def _brand(purchase: Side, stolen: Side) -> str | None:
    return purchase.brand if normal_brand(purchase.brand) else stolen.brand


def _facts(side: Side, brand: str | None) -> list[object]:
    described = [side.kind, normal_brand(side.brand), normal_model(side.model, brand)]
    return [*described, *side[_FIRST_AFTER_NUMBERS:]]
