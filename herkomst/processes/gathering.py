"""Gathering: who reads about one person after another without explanation, more than his role does.

A broker who takes days for a person shows in no hour and in no week. What tells is how many persons
it comes to in a quarter, beside how many it would be if he read as the others of his role do: the
share of their reads that nothing explains, times his own reads. So who reads much may also leave
more unexplained, and no number of persons is too many by itself.
"""

from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from herkomst.domain.casework import indicators

QUARTER: Final = timedelta(days=indicators.GATHERING_DAYS)


class Glance(NamedTuple):
    """A read, as far as it counts here."""

    at: datetime
    officer: str
    role: str
    persons: tuple[str, ...]
    """Who was read, where nothing explains it; else none."""


class Share(NamedTuple):
    """How many of some reads nothing explains."""

    reads: int
    bare: int


Placed = tuple[Glance, int | None]
"""A read with its place among those that are told; None for an earlier one."""


def gathered(glances: Sequence[Glance], before: Iterable[Glance] = ()) -> set[int]:
    """The places of those that lie among too many of the same officer.

    Args:
        before: earlier reads of these officers, which count with them and are not told.
    """
    roles = shares(glances)
    histories: dict[tuple[str, str], list[Placed]] = defaultdict(list)
    for each in before:
        histories[each.role, each.officer].append((each, None))
    for place, each in enumerate(glances):
        histories[each.role, each.officer].append((each, place))
    found: set[int] = set()
    for (role, officer), history in histories.items():
        if len(roles.get(role, ())) >= indicators.COMPARED:
            found.update(_too_many(history, rate_of_others(roles[role], officer)))
    return found


def shares(glances: Iterable[Glance]) -> Mapping[str, Mapping[str, Share]]:
    """By role and officer, how much of what is compared nothing explains."""
    reads: dict[str, Counter[str]] = defaultdict(Counter)
    bare: dict[str, Counter[str]] = defaultdict(Counter)
    for each in glances:
        reads[each.role][each.officer] += 1
        bare[each.role][each.officer] += bool(each.persons)
    return {
        role: {name: Share(n, bare[role][name]) for name, n in counted.items()}
        for role, counted in reads.items()
    }


def rate_of_others(of_role: Mapping[str, Share], officer: str) -> float:
    """What share of the reads of others nothing explains, with one more that nothing does: of few
    reads nobody knows that there are none."""
    others = [share for name, share in of_role.items() if name != officer]
    return (sum(each.bare for each in others) + 1) / (sum(each.reads for each in others) + 1)


def _too_many(history: list[Placed], rate: float) -> Iterator[int]:
    """The places in each quarter of one officer that comes to more than his role would."""
    history.sort(key=lambda placed: placed[0].at)
    persons: Counter[str] = Counter()
    bare: deque[Placed] = deque()
    first = 0
    for last, (each, place) in enumerate(history):
        while each.at - history[first][0].at > QUARTER:
            first += 1
        if not each.persons:
            continue
        bare.append((each, place))
        persons.update(set(each.persons))
        while bare[0][0].at < history[first][0].at:
            persons -= Counter(set(bare.popleft()[0].persons))
        expected = (last + 1 - first) * rate
        if indicators.chance_of(len(persons), expected) <= indicators.RARE:
            yield from (n for _, n in bare if n is not None)
