"""How alike a bought good and a stolen one are by what is said of them: a question, never a hit.

Where no number can show it, kind, brand, model, colour, further facts, words, place and time may
still say that two goods are one. Each feature weighs as Fellegi and Sunter have it (1969): the
logarithm of how often it comes out so of one good, over how often it does of two. What two agree on
weighs by how rare it is in the register, so a rare model says more than a black bicycle. The shares
of one good stand in `description_weights.csv`, each with its source.

A score orders a list. It is no probability: features are counted as if one did not follow from
another, and how many stolen goods reach a shop at all is not in it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import StrEnum
from functools import lru_cache
from hashlib import sha256
from math import log2
from types import MappingProxyType
from typing import NamedTuple

import msgspec

from herkomst.domain.goods import (
    KINDS,
    brands_agree,
    kinds_contradict,
    models_agree,
    normal_brand,
    normal_model,
    words,
)
from herkomst.domain.matching import Reason, Side, alike, numbers_that_differ
from herkomst.domain.municipalities import MUNICIPALITIES, distance
from herkomst.domain.tables import rows

RULES = 1
"""Version of the comparison, which every assessed suggestion names."""
LEAST = 0.0
"""Bits above which two goods are suggested: more speaks for it than against it."""
REGISTER_DAYS = 1096
"""Days over which a purchase may lie by chance: three years."""
TOWNS = (10, 25, 50, 100)
"""Kilometres between two municipalities up to which a sale counts as so near."""
DAYS = (1, 3, 7, 30, 90, 365)
"""Days from a theft to a sale up to which it counts as so soon."""
NEAR = 0.02
"""By how much two measures of one good differ at most, as a share."""

_HIGHEST = 340
"""The best suggestion stands below the weakest hit on a part of a number."""
_TENTHS = 10
_SHORTEST_WORD = 3
_DAY = 86_400.0


class Value(NamedTuple):
    """Something that is said of goods and counted: a feature, and what makes up its value."""

    feature: str
    parts: tuple[str, ...]


Share = Callable[[Value, Value], float]
"""How many of the goods of which the second holds are so that the first does too, above 0."""
Shops = Mapping[str, int]
"""How many shops there are in each municipality."""


class Weight(StrEnum):
    """What a feature weighs, in words."""

    STRONG = "strong"
    FAIR = "fair"
    WEAK = "weak"
    NOTHING = "nothing"
    AGAINST = "against"
    STRONGLY_AGAINST = "strongly_against"


_FROM_BITS = (
    (5.0, Weight.STRONG),
    (2.0, Weight.FAIR),
    (0.3, Weight.WEAK),
    (-0.3, Weight.NOTHING),
    (-3.5, Weight.AGAINST),
)


class Described(NamedTuple):
    """What is said of a good, as it is compared; `side` holds what matching compares as well."""

    side: Side
    colours: tuple[str, ...] = ()
    attributes: tuple[tuple[str, str], ...] = ()
    text: str | None = None
    """Free text, which is sealed where it is stored."""
    municipality: str | None = None
    """Where it was stolen, or where the shop is."""


class Feature(NamedTuple):
    """One thing that was compared, with both values as they were written."""

    name: str
    outcome: str
    bits: float
    purchase: str | None
    stolen: str | None

    @property
    def weight(self) -> Weight:
        return next((word for least, word in _FROM_BITS if self.bits >= least), _STRONGLY)

    @property
    def code(self) -> str:
        return f"{self.name}_{self.outcome}"

    @property
    def is_against(self) -> bool:
        """Whether it speaks against it, or is missing."""
        return self.outcome == _MISSING or self.weight in _AGAINST


_STRONGLY = Weight.STRONGLY_AGAINST
_AGAINST = (Weight.AGAINST, _STRONGLY)
_MISSING = "missing"


class Resemblance(NamedTuple):
    """How alike two goods are by what is said of them."""

    features: tuple[Feature, ...]

    @property
    def bits(self) -> float:
        """What the features weigh together; it orders a list."""
        return sum(feature.bits for feature in self.features)

    @property
    def score(self) -> int:
        """The same for a queue with hits on numbers in it: from 1 to 340."""
        return max(1, min(_HIGHEST, round(_TENTHS * self.bits)))

    @property
    def reasons(self) -> tuple[Feature, ...]:
        return tuple([feature for feature in self.features if not feature.is_against])

    @property
    def against(self) -> tuple[Feature, ...]:
        """What speaks against it, and what is missing."""
        return tuple([feature for feature in self.features if feature.is_against])


def as_reason(feature: Feature) -> Reason:
    """A feature as an event holds it: without free text, which is sealed, and with its bits."""
    told = feature.name != "text"
    return Reason(
        code=feature.code,
        purchase=feature.purchase if told else None,
        stolen=feature.stolen if told else None,
        value=f"{feature.bits:+.1f}",
    )


def why_not(purchase: Side, stolen: Side) -> str | None:
    """Why a purchase cannot be of a stolen good, whatever is said of the two; None where it may."""
    if stolen.never or stolen.withdrawn:
        return "not_a_theft" if stolen.never else "withdrawn"
    if purchase.end <= stolen.start:
        return "earlier_passage"
    if stolen.recovered and purchase.start >= (stolen.recovered_end or stolen.recovered):
        return "recovered_before"
    return "kind_contradicts" if kinds_contradict(purchase.kind, stolen.kind) else None


def compare(purchase: Described, stolen: Described, share: Share, shops: Shops) -> Resemblance:
    """How alike the two are, given what is common in the register and where its shops are.

    It compares whatever it is given; whether it may be at all is asked of `why_not`.
    """
    found = [
        _kind(purchase.side, stolen.side, share),
        *_brand_and_model(purchase.side, stolen.side, share),
        _colour(purchase, stolen, share),
        *_attributes(purchase, stolen, share),
        *_text(purchase, stolen),
        _place(purchase, stolen, shops),
        _time(purchase.side, stolen.side),
        *_numbers(purchase.side, stolen.side),
    ]
    return Resemblance(tuple(found))


def fingerprint(purchase: Described, stolen: Described, token: Callable[[str], str]) -> str:
    """A hash of the facts compared, so that a rejection is remembered until one of them changes.

    Case, separators and the order of words are no such facts, nor is what else is on record. For
    free text `token` makes a keyed hash.
    """
    facts = ["description", _facts(purchase, token), _facts(stolen, token)]
    return sha256(msgspec.json.encode(facts)).hexdigest()


def said(good: Described) -> tuple[Value, ...]:
    """What of a good is counted, and of how many it could have been said."""
    kind, brand = good.side.kind, normal_brand(good.side.brand)
    found = [ANY, Value("kind", (kind,))]
    if brand:
        found += [Value("branded", (kind,)), Value("brand", (kind, brand))]
        if model := normal_model(good.side.model, brand):
            found += [Value("modelled", (kind, brand)), Value("model", (kind, brand, model))]
    if colours := _colours(good):
        found += [Value("coloured", (kind,)), *(Value("colour", (kind, c)) for c in colours)]
    for name, value in good.attributes:
        found += [Value("measured", (kind, name)), Value("attribute", (kind, name, value))]
    return tuple(found)


ANY = Value("any", ())
"""That it is a good of the register."""


def _weights() -> Mapping[tuple[str, str], tuple[float, float | None]]:
    return MappingProxyType(
        {
            (row["feature"], row["outcome"]): (
                float(row["same_good"]),
                float(row["other_good"]) if row["other_good"] else None,
            )
            for row in rows("description_weights")
        }
    )


_WEIGHTS = _weights()


def _bits(feature: str, outcome: str, share: float | None = None) -> float:
    same, other = _WEIGHTS[feature, outcome]
    chance = other if share is None else share
    assert chance is not None
    return log2(same / chance)


def _compared(
    name: str, outcome: str, share: float | None, purchase: str | None, stolen: str | None
) -> Feature:
    return Feature(name, outcome, _bits(name, outcome, share), purchase, stolen)


def _missing(name: str, purchase: str | None, stolen: str | None) -> Feature:
    return Feature(name, _MISSING, 0.0, purchase, stolen)


def _kind(purchase: Side, stolen: Side, share: Share) -> Feature:
    if purchase.kind != stolen.kind:
        return _compared("kind", "akin", None, purchase.kind, stolen.kind)
    common = share(Value("kind", (purchase.kind,)), ANY)
    return _compared("kind", "agrees", common, purchase.kind, stolen.kind)


def _brand_and_model(purchase: Side, stolen: Side, share: Share) -> Iterable[Feature]:
    kind = max(purchase.kind, stolen.kind)
    agree = brands_agree(purchase.brand, stolen.brand)
    branded = Value("branded", (kind,))
    common = {b: share(Value("brand", (kind, b)), branded) for b in _brands(purchase, stolen)}
    # Of two spellings one slip apart the brand is that of more goods.
    brand = max(common, key=lambda name: (common[name], name), default=None)
    if agree is None:
        yield _missing("brand", purchase.brand, stolen.brand)
    elif agree and brand is not None:
        yield _compared("brand", "agrees", common[brand], purchase.brand, stolen.brand)
    else:
        yield _compared("brand", "differs", None, purchase.brand, stolen.brand)
        return  # Models of two brands say nothing more.
    alike = models_agree(purchase.model, stolen.model, brand)
    if alike is None:
        yield _missing("model", purchase.model, stolen.model)
    elif alike:
        model = normal_model(purchase.model, brand) or ""
        named = {
            b: share(Value("model", (kind, b, model)), Value("modelled", (kind, b))) for b in common
        }
        rare = 1.0 if brand is None else named[brand]
        yield _compared("model", "agrees", rare, purchase.model, stolen.model)
    else:
        yield _compared("model", "differs", None, purchase.model, stolen.model)


def _brands(purchase: Side, stolen: Side) -> list[str]:
    """The brands of both; of two spellings one slip apart, which is the brand is not known."""
    known = {normal_brand(purchase.brand), normal_brand(stolen.brand)}
    return sorted(brand for brand in known if brand)


def _colour(purchase: Described, stolen: Described, share: Share) -> Feature:
    told = " ".join(purchase.colours) or None, " ".join(stolen.colours) or None
    mine, theirs = _colours(purchase), _colours(stolen)
    if not mine or not theirs:
        return _missing("colour", *told)
    if not mine & theirs:
        return _compared("colour", "differs", None, *told)
    kind = max(purchase.side.kind, stolen.side.kind)
    coloured = Value("coloured", (kind,))
    common = min(share(Value("colour", (kind, colour)), coloured) for colour in mine & theirs)
    return _compared("colour", "agrees", common, *told)


def _attributes(purchase: Described, stolen: Described, share: Share) -> Iterable[Feature]:
    mine, theirs = dict(purchase.attributes), dict(stolen.attributes)
    kind = max(purchase.side.kind, stolen.side.kind)
    for name in sorted(mine.keys() & theirs.keys()):
        a, b = mine[name], theirs[name]
        told = f"{name} {a}", f"{name} {b}"
        if a == b:
            value = Value("attribute", (kind, name, a))
            common = share(value, Value("measured", (kind, name)))
            yield _compared("attribute", "agrees", common, *told)
        else:
            yield _compared("attribute", "near" if _is_near(a, b) else "differs", None, *told)


def _is_near(a: str, b: str) -> bool:
    try:
        one, other = float(a), float(b)
    except ValueError:
        return False
    return abs(one - other) <= NEAR * max(abs(one), abs(other))


def _text(purchase: Described, stolen: Described) -> Iterable[Feature]:
    mine, theirs = _words(purchase.text), _words(stolen.text)
    if not mine or not theirs:
        return
    shared = len(mine & theirs) / min(len(mine), len(theirs))
    outcome = "agrees" if shared == 1 else "shares" if 2 * shared >= 1 else "differs"
    yield _compared("text", outcome, None, purchase.text, stolen.text)


def _place(purchase: Described, stolen: Described, shops: Shops) -> Feature:
    told = _name(purchase.municipality), _name(stolen.municipality)
    where, theft = purchase.municipality, stolen.municipality
    if where is None or theft is None or not {where, theft} <= MUNICIPALITIES.keys():
        return _missing("place", *told)
    outcome = band(theft, where)
    near, all_of_them = _as_near(theft, outcome, shops)
    return _compared("place", outcome, (near + 1) / (all_of_them + 1), *told)


def _as_near(theft: str, outcome: str, shops: Shops) -> tuple[int, int]:
    """How many shops are so near to a theft, and how many there are."""
    near = sum(count for town, count in shops.items() if band(theft, town) == outcome)
    return near, sum(shops.values())


@lru_cache(1 << 17)
def band(theft: str, shop: str) -> str:
    """How near a shop is to a theft, by their municipalities."""
    if theft == shop:
        return "same_town"
    if theft not in MUNICIPALITIES or shop not in MUNICIPALITIES:
        return "further"
    apart = distance(theft, shop)
    return next((f"within_{far}_km" for far in TOWNS if apart <= far), "further")


def _name(code: str | None) -> str | None:
    known = MUNICIPALITIES.get(code or "")
    return known.name if known else code


def _time(purchase: Side, stolen: Side) -> Feature:
    told = purchase.start.isoformat(timespec="minutes"), stolen.end.isoformat(timespec="minutes")
    days = (purchase.start - stolen.end).total_seconds() / _DAY
    at = next((n for n, most in enumerate(DAYS) if days < most), len(DAYS))
    if at == 0:
        # The whole interval of the theft leaves as much to chance.
        wide = DAYS[0] + max((stolen.end - stolen.start).total_seconds() / _DAY, 0.0)
        return _compared("time", "same_day", min(wide / REGISTER_DAYS, 1.0), *told)
    if at == len(DAYS):
        return _compared("time", "later", 1 - DAYS[-1] / REGISTER_DAYS, *told)
    wide = DAYS[at] - DAYS[at - 1]
    return _compared("time", f"within_{DAYS[at]}_days", wide / REGISTER_DAYS, *told)


def _numbers(purchase: Side, stolen: Side) -> Iterable[Feature]:
    for mine, theirs in numbers_that_differ(purchase, stolen, alike(purchase, stolen)):
        outcome = "differs_checked" if mine.is_checked and theirs.is_checked else "differs"
        yield _compared("number", outcome, None, mine.written, theirs.written)


def _colours(good: Described) -> frozenset[str]:
    return frozenset(" ".join(words(colour)) for colour in good.colours) - {""}


def _words(text: str | None) -> frozenset[str]:
    if not text:
        return frozenset()
    return frozenset(word for word in words(text) if len(word) >= _SHORTEST_WORD)


def _facts(good: Described, token: Callable[[str], str]) -> Sequence[object]:
    side = good.side
    told = sorted(_words(good.text))
    return [
        side.kind,
        normal_brand(side.brand),
        normal_model(side.model, side.brand),
        sorted({number.exact for number in side.numbers}),
        sorted(_colours(good)),
        sorted(good.attributes),
        token("description:" + " ".join(told)) if told else None,
        good.municipality,
        [side.start, side.end],
        [side.never, side.withdrawn, side.recovered, side.recovered_end],
    ]


def family(kind: str) -> str:
    """The family of a kind: those that one hand calls so and another hand otherwise."""
    known = KINDS.get(kind)
    return known.family if known else kind
