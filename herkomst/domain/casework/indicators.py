"""What makes a read worth a look: one table of named rules, each with its weights and its source.

A score is the sum of the weights of the rules that hold, and nothing else. A rule weighs less
beside an explanation: an officer who worked on his neighbour's case had a reason, and perhaps a
conflict of interest. Comparison is within the same role. No rule says that anything is wrong:
deviant is not wrong, and a person asks and decides (art. 7a Wpg).
"""

from collections.abc import Iterable, Sequence
from math import erfc, exp, sqrt
from statistics import median
from typing import Final, NamedTuple


class Rule(NamedTuple):
    """A rule, what it weighs where nothing explains the read, and what beside an explanation."""

    code: str
    weight: int
    beside: int
    text: str
    source: str


RULES: Final[tuple[Rule, ...]] = (
    Rule("unexplained", 2, 0, "Nothing that was recorded explains it.",
         "art. 3(1) and 6 Wpg: only within a task; Fabbri and LeFevre, Explanation-based auditing, "
         "2011"),
    Rule("self", 12, 8, "Who was read is the officer.",
         "integrity: nobody handles what is his own (art. 2:4 Awb)"),
    Rule("former_address", 9, 4, "Who was read lived, or lives, where the officer once lived.",
         "indicator: former partner"),
    Rule("household", 9, 4, "Who was read lives where the officer lives.",
         "indicator: household"),
    Rule("neighbour", 5, 1, "Who was read lives next to the officer.", "indicator: neighbour"),
    Rule("colleague", 5, 1, "Who was read is of the staff.", "indicator: colleague"),
    Rule("ended", 6, 1, "The case or the task that was stated had ended for the officer, more than "
         "a week before.",
         "art. 6 Wpg: an authorisation ends; old ones were found left in place"),
    Rule("handing_over", 1, 0, "The case or the task that was stated had ended for the officer "
         "within the week.", "art. 6 Wpg: an authorisation ends"),
    Rule("role_ended", 6, 3, "The officer had no role any more.", "art. 6 Wpg"),
    Rule("unconnected", 4, 1, "The case or the task that was stated does not concern who was read.",
         "art. 3(2) Wpg: what is read is necessary for the purpose"),
    Rule("namesake", -2, 0, "Somebody of that case or task has the same family name.",
         "a slip rather than a search"),
    Rule("foreign_purpose", 3, 1, "The case, the task or the duty that was stated was not the "
         "officer's.", "art. 6 Wpg"),
    Rule("glass_broken", 3, 0, "The glass was broken.", "seldom used, and meant for need"),
    Rule("glass_without_reason", 4, 2, "The glass was broken and hardly a reason given.",
         "art. 32a Wpg: the reason is logged"),
    Rule("off_duty", 2, 1, "None of the officer's own times of service holds the moment.",
         "indicator: unusual hours, by the own roster"),
    Rule("burst", 6, 0, "One of ten or more persons read without explanation within an hour.",
         "indicator: brokers of information"),
    Rule("gathered", 3, 0, "One of so many persons read without explanation within a quarter as "
         "the reads of others in the role would not come to.",
         "indicator: brokers of information, who take their time; comparison in the role"),
    Rule("sought_after", 5, 0, "Three or more officers of several units read this person without "
         "explanation within a month.", "indicator: celebrities"),
    Rule("returned", 2, 0, "The officer read this person without explanation on other days too.",
         "indicator: following somebody"),
    Rule("unexplained_share", 1, 0, "Far more of the officer's reads are unexplained than of "
         "others in the role.", "comparison in the role, robust z"),
    Rule("volume", 1, 0, "The officer reads far more than others in the role.",
         "comparison in the role, robust z"),
    Rule("off_duty_share", 1, 0, "The officer reads outside his service far more than others in "
         "the role.", "comparison in the role, robust z"),
    Rule("seldom_used", 1, 1, "Hardly anybody of the role uses this way of reading.",
         "indicator: seldom-used function"),
)  # fmt: skip
BY_CODE: Final = {rule.code: rule for rule in RULES}
COMPARED: Final = 5
"""Officers of one role, below which nobody is compared with the others."""
FAR: Final = 3.5
"""Robust z from which somebody is far from the others (Iglewicz and Hoaglin, 1993)."""
MANY: Final = 500
BURST: Final = 10
BURST_SECONDS: Final = 3600
SOUGHT_OFFICERS: Final = 3
SOUGHT_DAYS: Final = 30
SELDOM: Final = 0.005
HAND_OVER_DAYS: Final = 7
GATHERING_DAYS: Final = 92
"""A quarter: as long as an authorised officer looks back, and longer than a case of some weeks."""
RARE: Final = 0.5 * erfc(FAR / sqrt(2))
"""Chance from which a count is as far from what is expected as `FAR` is from the others."""


class Held(NamedTuple):
    """A rule that holds for a read, with what it adds to the score."""

    code: str
    weight: int


def weigh(codes: Iterable[str], *, is_explained: bool) -> tuple[Held, ...]:
    """The rules that hold, heaviest first; those that add nothing are left out."""
    held = (Held(r.code, r.beside if is_explained else r.weight) for r in map(_rule, set(codes)))
    return tuple(sorted((h for h in held if h.weight), key=lambda h: (-h.weight, h.code)))


def score(held: Iterable[Held]) -> int:
    """The sum of what the rules add."""
    return sum(each.weight for each in held)


def robust_z(value: float, others: Sequence[float]) -> float:
    """How far a value lies from the median of all, in units that a few wild ones do not stretch.

    Where most are equal the mean deviation takes the place of the median one; where all are, 0.
    """
    middle = median(others)
    spread = median(abs(other - middle) for other in others)
    if spread:
        return 0.6745 * (value - middle) / spread
    spread = sum(abs(other - middle) for other in others) / len(others)
    return (value - middle) / (1.253314 * spread) if spread else 0.0


def chance_of(count: int, expected: float) -> float:
    """The chance of so many or more, where each comes by itself and so many are expected (Poisson).

    Where hundreds are expected it is that of the normal distribution, which is then the same.
    """
    if expected > MANY:
        return 0.5 * erfc((count - 0.5 - expected) / sqrt(2 * expected))
    term = fewer = exp(-expected)
    for k in range(1, count):
        term *= expected / k
        fewer += term
    return max(0.0, 1.0 - fewer) if count else 1.0


def _rule(code: str) -> Rule:
    return BY_CODE[code]
