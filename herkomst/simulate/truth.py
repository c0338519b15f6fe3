"""What is known to be so, because it was made so: which purchase holds which stolen good."""

from typing import Final, Literal, NamedTuple

from herkomst.simulate.goods import Good
from herkomst.simulate.writing import Fate, Written

Grade = Literal["full_hit", "hit", "look_alike", "one_edit", "part"]

_NAMES: Final = {
    "imei": "IMEI",
    "vin": "vehicle identification number",
    "plate": "number plate",
    "chip": "chip number",
    "frame": "frame number",
    "serial": "serial number",
}
_FORGIVES_BRAND: Final = frozenset({"imei", "vin", "plate", "chip"})
_WEAKER: Final[tuple[tuple[Fate, Grade, str], ...]] = (
    ("look_alike", "look_alike", "differs in one sign that looks alike"),
    ("one_edit", "one_edit", "differs by one slip"),
    ("part", "part", "was written in part"),
)


class Verdict(NamedTuple):
    """The grade of a pair, and why in a sentence."""

    grade: Grade
    why: str


def verdict(good: Good, bought: Written, reported: Written) -> Verdict | None:
    """Say how a stolen good can be told from its purchase by number; None where it cannot.

    The rule is that of the interfaces: a full hit needs brand and model on both sides, agreeing;
    a wrong brand is forgiven only beside a number that no other brand gives out.
    """
    shared = [slot for slot in bought.fates if slot in reported.fates]
    brands_agree = bought.brand_is_right and reported.brand_is_right
    for slot in shared:
        if bought.fates[slot] == reported.fates[slot] == "same":
            name = good.identifiers[slot][0]
            if brands_agree or name in _FORGIVES_BRAND:
                return _agreeing(name, bought, reported, brands_agree=brands_agree)
    return _weaker(good, bought, reported, shared) if brands_agree else None


def _agreeing(name: str, bought: Written, reported: Written, *, brands_agree: bool) -> Verdict:
    same = f"The {_NAMES[name]} is the same"
    if not brands_agree:
        return Verdict("hit", f"{same}, but another brand was written.")
    if not (bought.brand and reported.brand):
        return Verdict("hit", f"{same}; a brand is missing.")
    if not (bought.model and reported.model):
        return Verdict("hit", f"{same}; a model is missing.")
    if not (bought.model_is_right and reported.model_is_right):
        return Verdict("hit", f"{same}, but another model was written.")
    return Verdict("full_hit", f"{same}, and brand and model agree.")


def _weaker(good: Good, bought: Written, reported: Written, shared: list[int]) -> Verdict | None:
    for fate, grade, why in _WEAKER:
        for slot in shared:
            if {bought.fates[slot], reported.fates[slot]} == {"same", fate}:
                return Verdict(grade, f"The {_NAMES[good.identifiers[slot][0]]} {why}.")
    return None
