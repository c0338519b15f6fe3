"""Suggestions by description in a made-up world, against its truth.

What counts: a stolen good whose report stands in the register, that a shop took in after it was
stolen, and that no number shows (`truth/stolen.ndjson` without `truth/hits.ndjson`). It is asked
for as a detective asks, over the query of the product; reports of the second source and reports
that he may not read are left out.

- *found at k*: in how many of these lists the true purchase is among the first k. A list has one
  right answer, so its own precision at 20 is 0.05 at best.
- *precision at 20*: of a list of work, which is what the goal speaks of. Many reports are asked
  for, drawn from all without looking at the truth, and all pairs are put in one order by their
  scores; of the first 20 it is counted how many are right. At the true base rate, so what is
  planted among those asked for bounds it.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from time import perf_counter
from typing import NamedTuple
from uuid import UUID

import msgspec

from bench.score import Pair, Rate
from herkomst.access.policy import Action, permit
from herkomst.access.reading import Returned
from herkomst.access.viewer import Purpose, Reading, Role, Viewer
from herkomst.domain import ids
from herkomst.investigations import suggestions
from herkomst.investigations.inquiry import Desk, Inquiry, open_desk
from herkomst.investigations.pages import Page
from herkomst.investigations.suggestions import Suggestion
from herkomst.record.archive import Archive

GOAL = 0.30
FIRST = 20
ASKED = 5_000
"""Reports that make up a list of work."""
FAR = 100
"""How far down a list a true purchase is looked for."""


class _Line(msgspec.Struct, frozen=True):
    source: str
    key: str
    line: int


class _Reference(msgspec.Struct, frozen=True):
    source: str
    key: str


class _Here(msgspec.Struct):
    purchase: _Line
    stolen: _Reference | None = None


class Report(NamedTuple):
    """What the last record of a report says of why it may not be suggested."""

    numbered: bool
    model: bool
    handling: str
    status: str


class Asked(NamedTuple):
    """A stolen good that was asked for, and where the true purchase stood; or it did not."""

    stolen: _Reference
    truth: _Line
    kind: str
    written: str
    """On which sides a number was written."""
    place: int | None
    why: str
    """What the record says of why it was not found."""


class Listed(NamedTuple):
    """A pair of the list of work."""

    score: int
    right: bool
    told: str


class Described(NamedTuple):
    """What suggestions are worth in one world."""

    asked: Sequence[Asked]
    work: Sequence[Listed]
    """The list of work, the best first."""
    sold: Sequence[Listed]
    """The same of those alone of which a shop took in the good."""
    planted: int
    """How many of the reports in it have a true purchase."""
    milliseconds: Sequence[float]


def measured(
    archive: Archive,
    world: Path,
    reported: Sequence[tuple[str, str]],
    shown: Iterable[Pair],
    written: Callable[[str, str, int], tuple[str, bool, bool]],
    reports: Mapping[tuple[str, str], Report],
) -> Described:
    """Ask for every stolen good that no number shows, and for a list of work.

    Args:
        reported: source and key of all reports, in the order of the file, which tells nothing.
        shown: the pairs that a number shows.
        written: kind of a good that was bought, and whether a number and a model were written.
        reports: what is in the reports.
    """
    decode = msgspec.json.Decoder(_Here).decode
    with (world / "truth" / "stolen.ndjson").open("rb") as lines:
        here = [found for line in lines if (found := decode(line)).stolen is not None]
    by_number = set(shown)
    truth = {
        found.stolen: found.purchase
        for found in here
        if found.stolen is not None
        and (*msgspec.structs.astuple(found.purchase), found.stolen.source, found.stolen.key)
        not in by_number
    }
    return asyncio.run(_measured(archive, truth, reported, written, reports))


async def _measured(
    archive: Archive,
    truth: Mapping[_Reference, _Line],
    reported: Sequence[tuple[str, str]],
    written: Callable[[str, str, int], tuple[str, bool, bool]],
    reports: Mapping[tuple[str, str], Report],
) -> Described:
    desk = open_desk(archive)
    async with desk.pool:
        took: list[float] = []

        async def ask(source: str, key: str, first: int) -> list[Suggestion]:
            began = perf_counter()
            found = await _ask(desk, ids.stolen_item_id(source, key), first)
            took.append(1000 * (perf_counter() - began))
            return found

        asked: list[Asked] = []
        sold: list[Listed] = []
        for stolen, line in truth.items():
            found = await ask(stolen.source, stolen.key, FAR)
            wanted = ids.purchase_id(line.source, line.key), line.line
            places = [n for n, s in enumerate(found, 1) if (s.purchase_id, s.line) == wanted]
            sold += [
                Listed(
                    s.score, (s.purchase_id, s.line) == wanted, _told(stolen.source, stolen.key, s)
                )
                for s in found[:FIRST]
            ]
            kind, bought, model = written(line.source, line.key, line.line)
            report = reports[stolen.source, stolen.key]
            numbers = report.numbered
            sides = {(True, True): "both", (True, False): "bought", (False, True): "report"}
            asked.append(
                Asked(
                    stolen,
                    line,
                    kind,
                    sides.get((bought, numbers), "neither"),
                    places[0] if places else None,
                    _why(report, model, places[0] if places else None),
                )
            )
        step = max(1, len(reported) // ASKED)
        drawn = reported[::step]
        work: list[Listed] = []
        for source, key in drawn:
            right = truth.get(_Reference(source, key))
            wanted_id = ids.purchase_id(right.source, right.key) if right else None
            for each in await ask(source, key, FIRST):
                is_right = wanted_id == each.purchase_id and right is not None
                work.append(Listed(each.score, is_right, _told(source, key, each)))
        for pairs in (work, sold):
            pairs.sort(key=lambda each: (-each.score, each.told))
        planted = sum(_Reference(*each) in truth for each in drawn)
    return Described(asked, work[:FIRST], sold[:FIRST], planted, took)


def _why(report: Report, model: bool, place: int | None) -> str:
    if report.handling != "open":
        return f"withheld: handling {report.handling}"
    if report.status != "reported":
        return report.status
    if place is not None:
        return "others are more alike" if place > FIRST else "found"
    if not (report.model and model):
        return "no model on a side, and not bought within 25 km and 60 days"
    return "brand or model was written otherwise, or 300 others were sold before it"


async def _ask(desk: Desk, item: UUID, first: int) -> list[Suggestion]:
    viewer = Viewer(subject="bench", role=Role.DISTRICT_DETECTIVE, unit="amsterdam")
    reading = Reading(viewer=viewer, purpose=Purpose("duty", "front_desk"), ground="wpg:8")
    permitted = permit(reading, Action.READ_SUGGESTIONS)
    async with Inquiry(desk, Returned()) as inquiry:
        page = await suggestions.for_stolen_item(permitted, inquiry, Page(first), item)
        return list(page.nodes)


def _told(source: str, key: str, found: Suggestion) -> str:
    compared = "; ".join(f"{r.code} ({r.weight}) {r.purchase} / {r.stolen}" for r in found.reasons)
    against = "; ".join(f"{r.code} {r.purchase} / {r.stolen}" for r in found.against)
    return f"{source} {key}: {compared}; against: {against or '-'}"


def told(worlds: Mapping[int, Described]) -> dict[str, object]:
    """The figures of all worlds together, and of each."""
    asked = [each for world in worlds.values() for each in world.asked]
    took = sorted(ms for world in worlds.values() for ms in world.milliseconds)
    return {
        "goal": GOAL,
        f"precision_at_{FIRST}": _precision([w.work for w in worlds.values()]).told(),
        f"precision_at_{FIRST}_of_those_sold": _precision([w.sold for w in worlds.values()]).told(),
        "asked_for_a_list": ASKED,
        "true_among_them": {seed: world.planted for seed, world in worlds.items()},
        "by_seed": {seed: _precision([world.work]).told() for seed, world in worlds.items()},
        "found_at": {n: _found(asked, n).told() for n in (1, 5, FIRST, FAR)},
        "found_at_20_by_seed": {s: _found(w.asked, FIRST).told() for s, w in worlds.items()},
        "found_at_20_of_what_may_be_read": _found(
            [e for e in asked if not e.why.startswith(("withheld", "withdrawn", "recovered"))],
            FIRST,
        ).told(),
        "missed_because": dict(
            Counter(e.why for e in asked if e.place is None or e.place > FIRST).most_common()
        ),
        "found_at_20_by_kind": _by(asked, lambda each: each.kind),
        "found_at_20_by_number_written": _by(asked, lambda each: each.written),
        "worst_false": [
            f"seed {seed}, place {place}, score {each.score}: {each.told}"
            for seed, world in worlds.items()
            for place, each in enumerate(world.work[:FIRST], 1)
            if not each.right
        ],
        "worst_false_of_those_sold": [
            f"seed {seed}, place {place}, score {each.score}: {each.told}"
            for seed, world in worlds.items()
            for place, each in enumerate(world.sold[:FIRST], 1)
            if not each.right
        ],
        "missed": [
            f"seed {seed}: {each.stolen.key} in {each.truth.key}: {each.kind}, {each.written}: "
            f"{each.why}"
            for seed, world in worlds.items()
            for each in world.asked
            if each.place is None or each.place > FIRST
        ],
        "milliseconds": {
            "p50": round(took[len(took) // 2], 1),
            "p95": round(took[len(took) * 95 // 100], 1),
        },
    }


def _precision(lists: Iterable[Sequence[Listed]]) -> Rate:
    first = [each for pairs in lists for each in pairs[:FIRST]]
    return Rate(sum(each.right for each in first), len(first))


def _found(asked: Sequence[Asked], most: int) -> Rate:
    right = sum(each.place is not None and each.place <= most for each in asked)
    return Rate(right, len(asked))


def _by(asked: Sequence[Asked], stratum: Callable[[Asked], str]) -> dict[str, dict[str, object]]:
    names = sorted({stratum(each) for each in asked})
    return {n: _found([e for e in asked if stratum(e) == n], FIRST).told() for n in names}
