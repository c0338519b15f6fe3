"""Firing: what predicates hold on, over rows of the read models. One statement for each type of
predicate answers both what an alert would have done in a year and what it does now; the latter is
narrowed to the purchases of which something was said. So a dry run and live firing agree by
construction.

The engine of search is not asked: PostgreSQL narrows as well by kind, place and price, and what it
cannot say, which is what a Dutch word means, is decided here by the analysis of search itself.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any, Final, LiteralString, NamedTuple
from uuid import UUID

import msgspec
from psycopg.sql import SQL

from herkomst.domain import ids
from herkomst.domain.casework.predicates import (
    PersonOfInterest,
    Predicate,
    PredicateRefused,
    SavedSearch,
    Windowed,
)
from herkomst.domain.goods import KINDS, normal_brand
from herkomst.search.highlighting import highlights
from herkomst.search.questions import InvalidQuestion, Term, understood

MOST: Final = 100_000
"""Goods that may come into question for one statement, so that nobody asks for all there are."""
Rows = Sequence[Any]


class TooBroad(Exception):
    """A predicate that holds on, or might hold on, more than can be looked through."""

    def __init__(self) -> None:
        self.message = f"More than {MOST} goods come into question."
        self.cure = "Narrow it: by kind, by municipality, by price or by a higher threshold."
        super().__init__(f"{self.message} {self.cure}")


class Watched(NamedTuple):
    """A predicate, and by when goods were acquired that it is asked of."""

    alert: UUID
    predicate: Predicate
    since: datetime
    until: datetime | None = None
    """First moment behind the period; None where it has no end."""


class Firing(NamedTuple):
    """What an alert says of a purchase, or of a line of it; in the order of acquisition."""

    acquired_from: datetime
    purchase: UUID
    line: int
    """0 is the purchase as a whole."""
    alert: UUID


class Asked(NamedTuple):
    """A statement, its values, and what its rows come to. It is run over the tables of the live
    generations, which it names as `{purchases}` and so on."""

    statement: SQL
    values: Mapping[str, object]
    fired: Callable[[Rows], Iterable[Firing]]


# Who is told apart has one key: of the same name and birth date, or of the same name and address.
PERSON: LiteralString = (
    "CASE WHEN n.state = 'presented' "
    "THEN n.name_token || ' ' || coalesce(n.born_token, n.address_token) END"
)
# The columns of that key, and what else was presented by somebody of the same one.
_OF_PERSON: LiteralString = (
    "SELECT DISTINCT n.name_token, n.born_token, "
    "CASE WHEN n.born_token IS NULL THEN n.address_token END AS address_token "
    "FROM {presentations} n WHERE n.presentation = ANY(%(presentations)s) "
    "AND n.state = 'presented' AND coalesce(n.born_token, n.address_token) IS NOT NULL"
)
_SAME_PERSON: LiteralString = (
    "n.name_token = k.name_token AND n.state = 'presented' AND (n.born_token = k.born_token "
    "OR k.born_token IS NULL AND n.born_token IS NULL AND n.address_token = k.address_token)"
)
_SINCE: LiteralString = (
    "p.acquired_from >= a.since AND (a.until IS NULL OR p.acquired_from < a.until)"
)
_WANTED: LiteralString = "WITH a AS (SELECT * FROM jsonb_to_recordset(%(alerts)s::jsonb) AS w "
_WANTED_ALERT: LiteralString = "(alert uuid, since timestamptz, until timestamptz, "
_TOUCHED: LiteralString = "p.purchase = ANY(%(purchases)s)"
_IN_PERIOD: LiteralString = (
    "p.acquired_from >= %(since)s::timestamptz AND p.acquired_from < %(until)s::timestamptz"
)

_GOODS_OF: LiteralString = (
    "kinds text[], colours text[], modes text[], dealers uuid[], "
    "municipalities text[], currency text, least bigint, most bigint)) "
    "SELECT a.alert, p.purchase, p.acquired_from, l.line, l.kind, l.brand, l.model, "
    "l.colours, l.attributes::text AS attributes FROM {purchases} p "
    "CROSS JOIN LATERAL jsonb_to_recordset(p.lines) AS l (line integer, kind text, brand text, "
    "model text, colours text[], attributes jsonb, price jsonb) JOIN a ON "
)
_GOODS_THAT: LiteralString = (
    " AND (a.kinds IS NULL OR l.kind = ANY(a.kinds)) "
    "AND (a.colours IS NULL OR l.colours && a.colours) "
    "AND (a.modes IS NULL OR p.mode = ANY(a.modes)) "
    "AND (a.dealers IS NULL OR p.dealer = ANY(a.dealers)) "
    "AND (a.currency IS NULL OR l.price ->> 'currency' = a.currency "
    "AND (a.least IS NULL OR (l.price ->> 'amount')::bigint >= a.least) "
    "AND (a.most IS NULL OR (l.price ->> 'amount')::bigint <= a.most)) "
    "AND (a.municipalities IS NULL OR EXISTS (SELECT FROM {establishments} e "
    "WHERE e.establishment = p.establishment AND e.municipality = ANY(a.municipalities))) WHERE "
)
_GOODS: LiteralString = _WANTED + _WANTED_ALERT + _GOODS_OF + _SINCE + _GOODS_THAT
_LIMIT: LiteralString = " LIMIT %(limit)s"
_GOODS_TOUCHED, _GOODS_ALL = SQL(_GOODS + _TOUCHED + _LIMIT), SQL(_GOODS + _IN_PERIOD + _LIMIT)

_SEEN_BY_DOCUMENT: LiteralString = (
    "presentation uuid)), met AS ("
    "SELECT a.alert, n.purchase FROM a JOIN {presentations} k USING (presentation) "
    "JOIN {presentations} n ON n.document_token = k.document_token "
    "WHERE n.state = 'presented' AND "
)
_SEEN: LiteralString = _WANTED + _WANTED_ALERT + _SEEN_BY_DOCUMENT
# A father and a son of one address have two birth dates.
_SEEN_BY_NAME: LiteralString = (
    " UNION SELECT a.alert, n.purchase FROM a JOIN {presentations} k USING (presentation) "
    "JOIN {presentations} n ON n.name_token = k.name_token "
    "AND (n.born_token = k.born_token OR n.address_token = k.address_token "
    "AND (n.born_token IS NULL OR k.born_token IS NULL)) WHERE n.state = 'presented' AND "
)
_SEEN_THEN: LiteralString = (
    ") SELECT a.alert, p.purchase, p.acquired_from, 0 AS line FROM met "
    "JOIN a USING (alert) JOIN {purchases} p USING (purchase) WHERE "
)
_SEEN_PURCHASES: LiteralString = _SEEN_THEN + _SINCE + _LIMIT
_THOSE: LiteralString = "n.presentation = ANY(%(presentations)s)"
_SEEN_TOUCHED = SQL(_SEEN + _THOSE + _SEEN_BY_NAME + _THOSE + _SEEN_PURCHASES)
_SEEN_ALL = SQL(_SEEN + "true" + _SEEN_BY_NAME + "true" + _SEEN_PURCHASES)

_WINDOW_OF: LiteralString = (
    "kinds text[], modes text[], currency text, count bigint, amount bigint)), "
)
_WINDOW: LiteralString = _WANTED + _WANTED_ALERT + _WINDOW_OF
_PERSONS_BEGIN: LiteralString = "k AS MATERIALIZED ("
_PERSONS: LiteralString = _PERSONS_BEGIN + _OF_PERSON + "), "
_SOLD_BEGIN: LiteralString = "sold AS (SELECT "
_SOLD_OF: LiteralString = " AS person, p.purchase, p.acquired_from, p.mode, p.lines, "
_SOLD: LiteralString = _SOLD_BEGIN + PERSON + _SOLD_OF
_SOLD_TOUCHED: LiteralString = " AS touched FROM k JOIN {presentations} n ON "
_SOLD_WITH: LiteralString = " JOIN {purchases} p USING (purchase)), "
_SOLD_BY: LiteralString = _TOUCHED + _SOLD_TOUCHED + _SAME_PERSON + _SOLD_WITH
_SOLD_THEN: LiteralString = (
    "true AS touched FROM {purchases} p JOIN {presentations} n USING (purchase) WHERE "
    "p.acquired_from >= %(since)s::timestamptz - make_interval(hours => %(hours)s::integer) "
    "AND p.acquired_from < %(until)s::timestamptz), "
)
# The window ends with a purchase and begins behind the moment that is so many days before it.
_SUMMED: LiteralString = (
    "measured AS (SELECT a.alert, s.person, s.purchase, s.acquired_from, s.touched, "
    "count(*) AS goods, sum((l.price ->> 'amount')::bigint) AS amount "
    "FROM sold s CROSS JOIN LATERAL jsonb_to_recordset(s.lines) AS l (kind text, price jsonb) "
    "JOIN a ON (a.kinds IS NULL OR l.kind = ANY(a.kinds)) "
    "AND (a.modes IS NULL OR s.mode = ANY(a.modes)) "
    "AND (a.currency IS NULL OR l.price ->> 'currency' = a.currency) "
    "WHERE s.person IS NOT NULL GROUP BY 1, 2, 3, 4, 5), "
    "summed AS (SELECT alert, purchase, acquired_from, sum(goods) OVER w AS goods, "
    "sum(amount) OVER w AS amount, bool_or(touched) OVER w AS touched FROM measured "
    "WINDOW w AS (PARTITION BY alert, person ORDER BY acquired_from RANGE BETWEEN "
    "make_interval(hours => %(hours)s::integer) - interval '1 microsecond' PRECEDING "
    "AND CURRENT ROW)) "
    "SELECT a.alert, p.purchase, p.acquired_from, 0 AS line FROM summed p JOIN a USING (alert) "
    "WHERE p.touched AND (a.count IS NULL OR p.goods >= a.count) "
    "AND (a.amount IS NULL OR p.amount >= a.amount) AND "
)
_MEASURED: LiteralString = _SUMMED + _SINCE + _LIMIT
_WINDOW_TOUCHED = SQL(_WINDOW + _PERSONS + _SOLD + _SOLD_BY + _MEASURED)
_WINDOW_ALL = SQL(_WINDOW + _SOLD + _SOLD_THEN + _MEASURED)

_SHOWN_WITH: LiteralString = " AS person FROM {presentations} n "
_SHOWN: LiteralString = "SELECT n.purchase, "
_SHOWN_ON: LiteralString = "JOIN k ON "
PERSONS = SQL(_SHOWN + PERSON + _SHOWN_WITH + "WHERE " + _THOSE)
"""Who presented himself with these purchases, as far as he is told apart."""
SAME_PERSON: LiteralString = (
    _PERSONS + "same AS (" + _SHOWN + PERSON + _SHOWN_WITH + _SHOWN_ON + _SAME_PERSON + ")"
)
"""Purchases with which somebody of those presented himself, for a `WITH`."""


_encode = msgspec.json.Encoder().encode
_decode_attributes = msgspec.json.Decoder(dict[str, Any]).decode


def asked(watched: Sequence[Watched], touched: Collection[UUID] | None = None) -> Iterator[Asked]:
    """What answers what these predicates hold on, as far as it rests on one of the purchases that
    were `touched`; or all that they hold on."""
    searches = [w for w in watched if isinstance(w.predicate, SavedSearch)]
    if searches:
        yield _goods(searches, touched)
    persons = [w for w in watched if isinstance(w.predicate, PersonOfInterest)]
    if touched is not None:
        # Who is looked for by what was said anew of himself may have been there before.
        shown = {ids.presentation_id(purchase) for purchase in touched}
        anew = [w for w in persons if _origin(w) in shown]
        if anew:
            yield _persons(anew, None)
            persons = [w for w in persons if _origin(w) not in shown]
    if persons:
        yield _persons(persons, touched)
    windows = [w for w in watched if isinstance(w.predicate, Windowed)]
    for days, some in groupby(sorted(windows, key=_days), key=_days):
        yield _windows(list(some), days, touched)


def terms(words: str | None) -> tuple[tuple[Term, ...], tuple[Term, ...]]:
    """What words must be found, and what must not. Numbers are what matching is for, so one is
    looked for as a word. Raises `PredicateRefused`."""
    try:
        found, without = understood(words or "", str)
    except InvalidQuestion as error:
        raise PredicateRefused(error.code, error.message, error.cure) from None
    if words and not found:
        raise PredicateRefused("no_word", "There is no word to look for.", "Send one.")
    return found, without


def shown_with(purchases: Iterable[UUID]) -> list[UUID]:
    """The identities that were presented with purchases, which are found by their primary key."""
    return [ids.presentation_id(purchase) for purchase in purchases]


class _Meant:
    """What of a saved search is decided by words and spelling."""

    def __init__(self, search: SavedSearch) -> None:
        self._brands = {normal_brand(brand) for brand in search.brands}
        self._wanted, self._without = terms(search.words)
        self._model, self._not_model = terms(search.model)

    def holds(self, row: Any) -> bool:
        if self._brands and normal_brand(row.brand) not in self._brands:
            return False
        model = [row.model or ""]
        if not _says(model, self._model, self._not_model):
            return False
        return not (self._wanted or self._without) or _says(
            _texts(row), self._wanted, self._without
        )


def _says(texts: Sequence[str], wanted: Iterable[Term], without: Iterable[Term]) -> bool:
    def there(term: Term) -> bool:
        return any(highlights(text, (term,)) for text in texts)

    return all(map(there, wanted)) and not any(map(there, without))


def _texts(row: Any) -> list[str]:
    """What stands open of a good, as a document of search has it."""
    kind = KINDS[row.kind]
    traits = _decode_attributes(row.attributes) if row.attributes else {}
    told = [str(value) for value in traits.values() if isinstance(value, str)]
    return [kind.dutch, kind.english, row.brand or "", row.model or "", *(row.colours or ()), *told]


def _goods(watched: Sequence[Watched], touched: Collection[UUID] | None) -> Asked:
    meant = {w.alert: _Meant(_search(w)) for w in watched}

    def fired(rows: Rows) -> Iterator[Firing]:
        return (_firing(row) for row in _bounded(rows) if meant[row.alert].holds(row))

    values = {
        "alerts": _wanted(watched, "kinds colours modes dealers municipalities currency least most")
    }
    if touched is None:
        return Asked(_GOODS_ALL, {**values, **_period(watched)}, fired)
    return Asked(_GOODS_TOUCHED, {**values, **_narrowed(touched)}, fired)


def _persons(watched: Sequence[Watched], touched: Collection[UUID] | None) -> Asked:
    values = {"alerts": _wanted(watched, "presentation"), "limit": MOST + 1}
    if touched is None:
        return Asked(_SEEN_ALL, values, _all)
    return Asked(_SEEN_TOUCHED, {**values, **_narrowed(touched)}, _all)


def _windows(watched: Sequence[Watched], days: int, touched: Collection[UUID] | None) -> Asked:
    values = {"alerts": _wanted(watched, "kinds modes currency count amount"), "hours": days * 24}
    if touched is None:
        return Asked(_WINDOW_ALL, {**values, **_period(watched)}, _all)
    return Asked(_WINDOW_TOUCHED, {**values, **_narrowed(touched)}, _all)


def _narrowed(touched: Collection[UUID]) -> dict[str, object]:
    # What is new is bounded by the batch, and not to be left out.
    return {"purchases": list(touched), "presentations": shown_with(touched), "limit": None}


def _period(watched: Sequence[Watched]) -> dict[str, object]:
    (one,) = watched
    assert one.until is not None
    return {"since": one.since, "until": one.until, "limit": MOST + 1}


def _wanted(watched: Sequence[Watched], names: str) -> str:
    """The alerts as a recordset; what is not asked for is null."""

    def row(each: Watched) -> dict[str, object]:
        fields = {name: getattr(each.predicate, name) for name in names.split()}
        told = {name: None if value == () else value for name, value in fields.items()}
        return {"alert": each.alert, "since": each.since, "until": each.until, **told}

    return _encode([row(each) for each in watched]).decode()


def _all(rows: Rows) -> Iterator[Firing]:
    return map(_firing, _bounded(rows))


def _bounded(rows: Rows) -> Rows:
    """Raises `TooBroad`."""
    if len(rows) > MOST:
        raise TooBroad
    return rows


def _firing(row: Any) -> Firing:
    return Firing(row.acquired_from, row.purchase, row.line, row.alert)


def _search(watched: Watched) -> SavedSearch:
    assert isinstance(watched.predicate, SavedSearch)
    return watched.predicate


def _origin(watched: Watched) -> UUID:
    assert isinstance(watched.predicate, PersonOfInterest)
    return UUID(hex=watched.predicate.presentation)


def _days(watched: Watched) -> int:
    assert isinstance(watched.predicate, Windowed)
    return watched.predicate.days
