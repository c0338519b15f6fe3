"""Suggestions: goods that are alike by what is said of them, where no number need show it.

It is a question that a person asks, of one stolen good or one good that was bought, and nothing is
recorded of what it answers but that he asked. It becomes a hit of the grade `suggestion` when he
assesses it, and what he rejected is not suggested again while the facts are the same.

Only goods that he may read in full are compared: a report that is withheld is not suggested at all,
because that it is alike would tell what it says. How common things are is counted over the register
of purchases, which everybody reads who may ask, so that no score and no rank tells of a report.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import partial
from itertools import product
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from anyio import to_thread
from psycopg.sql import SQL

from herkomst.access.policy import Action, Permitted
from herkomst.access.reading import Answer, Question
from herkomst.domain import calendar, description, ids, matching, municipalities
from herkomst.domain.casework import hit as casework
from herkomst.domain.description import ANY, Described, Feature, Resemblance, Value
from herkomst.domain.events import EventData
from herkomst.domain.identifiers import numbers, numbers_in
from herkomst.domain.matching import Grade, Side
from herkomst.domain.register import stolen_item as register
from herkomst.domain.register.purchase import Line
from herkomst.domain.register.stolen_item import signal
from herkomst.investigations import purchases, stolen_items, visibility
from herkomst.investigations.acting import in_casework
from herkomst.investigations.decisions import Decided
from herkomst.investigations.goods import Good, Told
from herkomst.investigations.inquiry import Desk, Inquiry
from herkomst.investigations.pages import NEWEST, Page, Slice
from herkomst.investigations.purchases import Purchase
from herkomst.investigations.stolen_items import StolenItem
from herkomst.projections import descriptions
from herkomst.record.casework import UnknownHit
from herkomst.record.vault import DataKey

LIST = "suggestions"
MOST = 300
"""Goods at most that are compared of those that meet by model, by weight, and by place: those
nearest in time."""
AROUND = 25
"""Kilometres within which goods of one family meet, whatever else is said of them."""
SOON = timedelta(60)
"""Within how long of each other they do."""
_DAY = timedelta(1)
_decode_good = msgspec.json.Decoder(register.Good).decode
_decode_lines = msgspec.json.Decoder(tuple[Line, ...]).decode
_STANDING = ("found", "assessed", "confirmed")
# How common things are, and how many shops each municipality has, in one answer.
_COMMON = SQL(
    "SELECT said, NULL AS town, goods FROM {description_counts} WHERE said = ANY(%(said)s) "
    "UNION ALL SELECT NULL, municipality, count(*) FROM {establishments} "
    "WHERE municipality IS NOT NULL GROUP BY municipality"
)
_BOUGHT_GOOD = SQL(
    "SELECT p.*, e.municipality FROM {purchases} p LEFT JOIN {establishments} e "
    "ON e.establishment = p.establishment WHERE p.purchase = %(purchase)s AND {purchase_shown}"
)
_STOLEN_GOOD = SQL(
    "SELECT s.* FROM {stolen_items} s WHERE s.stolen_item = %(item)s AND {item_shown}"
)
# The nearest in time come first, of those alone that he may read: what he may not takes no place.
_BOUGHT = SQL(
    "WITH met AS ("
    "(SELECT d.good, d.line FROM {descriptions} d JOIN {purchases} p ON p.purchase = d.good "
    "WHERE d.alike = %(alike)s AND d.bought AND d.start >= %(since)s AND {purchase_shown} "
    "ORDER BY d.start, d.good, d.line LIMIT %(most)s) UNION "
    "(SELECT d.good, d.line FROM {descriptions} d JOIN {purchases} p ON p.purchase = d.good "
    "WHERE d.same = %(same)s AND d.bought AND d.start >= %(since)s AND {purchase_shown} "
    "ORDER BY d.start, d.good, d.line LIMIT %(most)s) UNION "
    "(SELECT n.good, n.line FROM {establishments} e CROSS JOIN LATERAL "
    "(SELECT d.good, d.line, d.start FROM {descriptions} d "
    "JOIN {purchases} p ON p.purchase = d.good "
    "WHERE d.place = e.establishment AND d.family = %(family)s AND d.bought "
    "AND d.start >= %(since)s AND d.start < %(until)s AND {purchase_shown} "
    "ORDER BY d.start, d.good, d.line LIMIT %(most)s) n "
    "WHERE e.municipality = ANY(%(towns)s) ORDER BY n.start, n.good, n.line LIMIT %(most)s)) "
    "SELECT met.line AS on_line, p.*, e.municipality, "
    "h.state AS hit_state, h.grade AS hit_grade, h.fingerprint AS hit_fingerprint "
    "FROM met JOIN {purchases} p ON p.purchase = met.good "
    "LEFT JOIN {establishments} e ON e.establishment = p.establishment "
    "LEFT JOIN {hits} h ON h.purchase = met.good AND h.line = met.line "
    "AND h.stolen_item = %(item)s"
)
_STOLEN = SQL(
    "WITH met AS ("
    "(SELECT d.good FROM {descriptions} d JOIN {stolen_items} s ON s.stolen_item = d.good "
    "WHERE d.alike = %(alike)s AND NOT d.bought AND d.start < %(until)s AND {item_shown} "
    "ORDER BY d.start DESC, d.good LIMIT %(most)s) UNION "
    "(SELECT d.good FROM {descriptions} d JOIN {stolen_items} s ON s.stolen_item = d.good "
    "WHERE d.same = %(same)s AND NOT d.bought AND d.start < %(until)s AND {item_shown} "
    "ORDER BY d.start DESC, d.good LIMIT %(most)s) UNION "
    "(SELECT n.good FROM unnest(%(places)s::uuid[]) AS k (place) CROSS JOIN LATERAL "
    "(SELECT d.good, d.start FROM {descriptions} d "
    "JOIN {stolen_items} s ON s.stolen_item = d.good "
    "WHERE d.place = k.place AND d.family = %(family)s AND NOT d.bought "
    "AND d.start < %(until)s AND d.start >= %(since)s AND {item_shown} "
    "ORDER BY d.start DESC, d.good LIMIT %(most)s) n "
    "ORDER BY n.start DESC, n.good LIMIT %(most)s)) "
    "SELECT s.*, h.state AS hit_state, h.grade AS hit_grade, h.fingerprint AS hit_fingerprint "
    "FROM met JOIN {stolen_items} s ON s.stolen_item = met.good "
    "LEFT JOIN {hits} h ON h.purchase = %(purchase)s AND h.line = %(line)s "
    "AND h.stolen_item = met.good"
)
_THIS_ONE = SQL(
    "WITH met AS (SELECT s.stolen_item AS good FROM {stolen_items} s "
    "WHERE s.stolen_item = %(item)s AND {item_shown}) "
    "SELECT s.*, h.state AS hit_state, h.grade AS hit_grade, h.fingerprint AS hit_fingerprint "
    "FROM met JOIN {stolen_items} s ON s.stolen_item = met.good "
    "LEFT JOIN {hits} h ON h.purchase = %(purchase)s AND h.line = %(line)s "
    "AND h.stolen_item = met.good"
)


class Compared(Told, frozen=True, kw_only=True):
    """A feature of two goods: how it came out, what that weighs, and both values as written."""

    code: str
    weight: str
    purchase: str | None
    stolen: str | None


class Suggestion(Told, frozen=True, kw_only=True):
    """A good that was bought beside a stolen one that is alike by what is said of both."""

    id: UUID
    """Of the hit that it becomes when somebody assesses it."""
    purchase_id: UUID
    line: int
    stolen_id: UUID
    score: int
    time: str
    reasons: tuple[Compared, ...]
    against: tuple[Compared, ...]
    revision: int
    """What pages go by: its place in the list, counted from the newest revision that there is."""


class Known(NamedTuple):
    """What is known of a pair already."""

    state: str | None
    grade: str | None
    fingerprint: str | None


class BoughtLine(NamedTuple):
    """A line of a purchase with what is compared of it."""

    purchase: Purchase
    line: int
    good: Described


class StolenGood(NamedTuple):
    """A stolen item with what is compared of it."""

    item: StolenItem
    good: Described


class Pairing(NamedTuple):
    """Two goods that may be one, and what is known of them."""

    bought: BoughtLine
    stolen: StolenGood
    known: Known

    @property
    def id(self) -> UUID:
        return ids.pair_id(self.bought.purchase.id, self.bought.line, self.stolen.item.id)


class Weighed(NamedTuple):
    """The same, compared."""

    pairing: Pairing
    found: Resemblance


async def for_stolen_item(
    permitted: Permitted, inquiry: Inquiry, wanted: Page, item: UUID
) -> Slice[Suggestion]:
    """A page of the purchases that are most like a stolen good, the best first; none where it is
    not there for the viewer."""
    permitted.must_be(Action.READ_SUGGESTIONS)
    inquiry.returned.seek(item)
    seen = visibility.values(permitted)
    asked = await inquiry.rows(_STOLEN_GOOD, {**seen, "item": item})
    meeting = _meeting(_decode_good(asked[0].good), asked[0].municipality) if asked else _NOWHERE
    values = {
        **seen,
        **meeting._asdict(),
        "item": item,
        "most": MOST,
        "since": asked[0].stolen_from - _DAY if asked else _NEVER,
        "until": asked[0].stolen_to + SOON if asked else _NEVER,
    }
    rows = await inquiry.rows(_BOUGHT, values)
    keys = await _keys(inquiry, rows, asked)
    stolen = [_stolen(inquiry, row, keys) for row in asked]
    lines = [_bought(inquiry, row, row.on_line, keys) for row in rows]
    return await _best(inquiry, _pairs(lines, stolen, rows), wanted)


async def for_purchase(
    permitted: Permitted, inquiry: Inquiry, wanted: Page, purchase: UUID, line: int
) -> Slice[Suggestion]:
    """A page of the stolen goods that are most like a good that was bought, the best first; none
    where it is not there for the viewer."""
    permitted.must_be(Action.READ_SUGGESTIONS)
    inquiry.returned.seek(purchase)
    seen = visibility.values(permitted)
    asked = await inquiry.rows(_BOUGHT_GOOD, {**seen, "purchase": purchase})
    goods = [good for row in asked for good in _decode_lines(row.lines) if good.line == line]
    meeting = _meeting(goods[0], asked[0].municipality) if goods else _NOWHERE
    values = {
        **seen,
        **meeting._asdict(),
        "places": [descriptions.town(code) for code in meeting.towns],
        "purchase": purchase,
        "line": line,
        "most": MOST,
        "since": asked[0].acquired_from - SOON if asked else _NEVER,
        "until": asked[0].acquired_to if asked else _NEVER,
    }
    rows = await inquiry.rows(_STOLEN, values)
    keys = await _keys(inquiry, asked, rows)
    lines = [_bought(inquiry, row, line, keys) for row in asked]
    stolen = [_stolen(inquiry, row, keys) for row in rows]
    return await _best(inquiry, _pairs(lines, stolen, rows), wanted)


async def assess(
    permitted: Permitted,
    inquiry: Inquiry,
    desk: Desk,
    question: Question,
    pair: tuple[UUID, int, UUID],
    decision: Callable[[casework.Hit], EventData],
    state: str,
) -> Answer[Decided]:
    """Record what a person makes of a suggestion, with what it rests on; journaled before and
    after. `pair` is a purchase, its line and a stolen item, which he reads in full.

    Raises `NotPermitted`, `UnknownHit`, `HitClosed`, `JournalUnavailable`.
    """
    permitted.must_be(Action.ASSESS_SUGGESTION)
    purchase, line, item = pair
    values = {**visibility.values(permitted), "purchase": purchase, "line": line, "item": item}
    asked = await inquiry.rows(_BOUGHT_GOOD, values)
    rows = await inquiry.rows(_THIS_ONE, values)
    keys = await _keys(inquiry, asked, rows)
    lines = [_bought(inquiry, row, line, keys) for row in asked]
    stolen = [_stolen(inquiry, row, keys) for row in rows]
    weighed = next(iter(await _weighed(inquiry, _pairs(lines, stolen, rows))), None)
    if weighed is None:
        raise UnknownHit("There is no such suggestion.")
    reading = permitted.reading
    act = partial(
        desk.archive.casework.assess_suggestion,
        weighed.pairing.id,
        _finding(weighed, inquiry.token),
        decision,
        actor=f"user:{reading.viewer.subject}",
        ground=reading.ground,
    )

    async def acted() -> Decided:
        return Decided(weighed.pairing.id, state, await to_thread.run_sync(act))

    return await in_casework(desk, reading, question, acted)


async def _best(inquiry: Inquiry, pairs: Iterable[Pairing], wanted: Page) -> Slice[Suggestion]:
    """A page of those of these pairs that may be suggested; they are what is returned."""
    pairs = [pair for pair in pairs if not _is_decided(pair, inquiry.token)]
    weighed = await _weighed(inquiry, pairs)
    likely = [each for each in weighed if each.found.bits > description.LEAST]
    ranked = sorted(likely, key=lambda each: (-each.found.bits, each.pairing.id))
    behind = ranked[NEWEST - wanted.before :]
    for each in behind[: wanted.first]:
        purchase, item = each.pairing.bought.purchase, each.pairing.stolen.item
        inquiry.returns("purchase", purchase.id, purchase.revision)
        inquiry.returns("stolen_item", item.id, item.revision)
    places = range(NEWEST - wanted.before + 1, len(ranked) + 1)
    items = [_told(each, at) for each, at in zip(behind[: wanted.first], places, strict=False)]

    async def count() -> int:
        return len(ranked)

    return inquiry.cursors.slice(LIST, wanted, items, len(behind), count)


async def _weighed(inquiry: Inquiry, pairs: Sequence[Pairing]) -> list[Weighed]:
    """Those of these pairs that may be one good, compared."""
    possible = [
        pair
        for pair in pairs
        if description.why_not(pair.bought.good.side, pair.stolen.good.side) is None
    ]
    asked: set[Value] = set()

    def ask(value: Value, of: Value) -> float:
        asked.update((value, of))
        return 1.0

    for pair in possible:
        description.compare(pair.bought.good, pair.stolen.good, ask, {})
    said = {value: descriptions.counted_as(value) for value in (*asked, ANY)}
    rows = await inquiry.rows(_COMMON, {"said": sorted(said.values())})
    counts: dict[int, int] = {row.said: row.goods for row in rows if row.town is None}
    shops: dict[str, int] = {row.town: row.goods for row in rows if row.town is not None}

    def share(value: Value, of: Value) -> float:
        goods, of_them = counts.get(said[value], 0), counts.get(said[of], 0)
        return (goods + 1) / (of_them + 1)

    return [
        Weighed(pair, description.compare(pair.bought.good, pair.stolen.good, share, shops))
        for pair in possible
    ]


def _is_decided(pair: Pairing, token: Callable[[str], str]) -> bool:
    """Whether it is a hit already, or a person said on these facts that it is none."""
    known = pair.known
    if known.state != "rejected":
        return known.state in _STANDING
    if known.grade == Grade.SUGGESTION:
        return known.fingerprint == _fingerprint(pair, token)
    bought, stolen = pair.bought.good.side, pair.stolen.good.side
    return known.fingerprint == matching.fingerprint(bought, stolen)


def _fingerprint(pair: Pairing, token: Callable[[str], str]) -> str:
    return description.fingerprint(pair.bought.good, pair.stolen.good, token)


def _finding(weighed: Weighed, token: Callable[[str], str]) -> casework.Suggested:
    pairing, found = weighed
    purchase, item = pairing.bought.purchase, pairing.stolen.item
    return casework.Suggested(
        against=tuple(map(description.as_reason, found.against)),
        fingerprint=_fingerprint(pairing, token),
        grade=Grade.SUGGESTION.value,
        pair=casework.Pair(
            line=pairing.bought.line,
            purchase=purchase.id.hex,
            purchase_key=purchase.key,
            purchase_source=purchase.source,
            stolen=item.id.hex,
            stolen_key=item.key,
            stolen_source=item.source,
        ),
        reasons=tuple(map(description.as_reason, found.reasons)),
        rules=description.RULES,
        score=found.score,
        time=_time(pairing),
    )


def _told(weighed: Weighed, place: int) -> Suggestion:
    pairing, found = weighed
    return Suggestion(
        id=pairing.id,
        purchase_id=pairing.bought.purchase.id,
        line=pairing.bought.line,
        stolen_id=pairing.stolen.item.id,
        score=found.score,
        time=_time(pairing),
        reasons=tuple(map(_compared, found.reasons)),
        against=tuple(map(_compared, found.against)),
        revision=NEWEST - place,
    )


def _compared(feature: Feature) -> Compared:
    return Compared(
        code=feature.code,
        weight=feature.weight.value,
        purchase=feature.purchase,
        stolen=feature.stolen,
    )


def _time(pairing: Pairing) -> matching.Time:
    bought, stolen = pairing.bought.good.side, pairing.stolen.good.side
    return "after" if bought.start >= stolen.end else "unclear"


# What is compared, of what the registers say


class Meeting(NamedTuple):
    """By what a good meets those of the other side."""

    alike: int | None
    same: int | None
    family: str
    towns: Sequence[str]


_NOWHERE = Meeting(None, None, "", [])
_NEVER = calendar.start_of(date(1900, 1, 1))


def _meeting(good: Line | register.Good, municipality: str | None) -> Meeting:
    return Meeting(
        descriptions.alike(good.brand, good.model),
        descriptions.same(good.kind, good.attributes),
        description.family(good.kind),
        _towns(municipality),
    )


def _towns(town: str | None) -> list[str]:
    """The municipalities around one, which is among them."""
    if town is None or municipalities.find(town) is None:
        return []
    return [
        code
        for code in municipalities.MUNICIPALITIES
        if municipalities.distance(town, code) <= AROUND
    ]


def _pairs(
    lines: Sequence[BoughtLine | None], stolen: Sequence[StolenGood], rows: Sequence[Any]
) -> list[Pairing]:
    """Each good of the side that has many beside the one of the other, with what is known of the
    two, which stands in the rows of the many."""
    pairs = product(lines, stolen)
    return [
        Pairing(line, item, Known(row.hit_state, row.hit_grade, row.hit_fingerprint))
        for (line, item), row in zip(pairs, rows, strict=True)
        if line is not None
    ]


async def _keys(
    inquiry: Inquiry, bought: Sequence[Any], stolen: Sequence[Any]
) -> Mapping[UUID, DataKey]:
    """What opens the sealed parts of these rows, as far as they may be opened here."""
    sealed = {row.purchase for row in bought if row.sealed is not None}
    return await inquiry.keys(sealed | {row.stolen_item for row in stolen if row.sealed})


def _bought(
    inquiry: Inquiry, row: Any, line: int, keys: Mapping[UUID, DataKey]
) -> BoughtLine | None:
    purchase = purchases.purchase(row, keys.get(row.purchase))
    good = next((good for good in purchase.lines if good.line == line), None)
    if good is None:
        return None
    side = _side(inquiry, good, row.acquired_from, row.acquired_to)
    return BoughtLine(purchase, line, _described(good, side, row.municipality))


def _stolen(inquiry: Inquiry, row: Any, keys: Mapping[UUID, DataKey]) -> StolenGood:
    item = stolen_items.item(row, keys.get(row.stolen_item))
    side = _side(inquiry, item.good, row.stolen_from, row.stolen_to)
    side = side._replace(**signal(item.status, item.recovered, item.offence)._asdict())
    return StolenGood(item, _described(item.good, side, row.municipality))


def _side(inquiry: Inquiry, good: Good, start: datetime, end: datetime) -> Side:
    written = [(n.type, n.value) for n in good.identifiers if n.value is not None]
    text = numbers_in(good.description, good.kind) if good.description else ()
    found = numbers(written, good.kind, good.brand, inquiry.token, text)
    return Side(good.kind, good.brand, good.model, found, start, end)


def _described(good: Good, side: Side, municipality: str | None) -> Described:
    attributes = tuple([(trait.name, trait.value) for trait in good.attributes])
    return Described(side, good.colours, attributes, good.description, municipality)
