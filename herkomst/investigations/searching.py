"""Search as people use it: a text, what narrows it, and what of it may be seen.

What a viewer may know of is part of the question to the engine, made of the same sights as the
lists; ids that a sight stands on, such as those of a case, are looked up in the snapshot of the
inquiry. What the engine finds is read from the tables as they are now, under the conditions of the
lists once more, so no answer tells what an index has and the record has not.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from struct import Struct
from typing import Any, Generic, NamedTuple, TypeVar
from uuid import UUID

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from msgspec.structs import replace
from psycopg.sql import SQL

from herkomst.access.policy import Action, Permitted
from herkomst.domain.identifiers import meeting_keys
from herkomst.investigations import dealers as dealer_records
from herkomst.investigations import purchases as purchase_records
from herkomst.investigations import stolen_items as item_records
from herkomst.investigations import visibility
from herkomst.investigations.dealers import Dealer
from herkomst.investigations.goods import BoughtGood, Good, Told
from herkomst.investigations.inquiry import Inquiry
from herkomst.investigations.pages import LARGEST, Edge, InvalidPage, PageInfo
from herkomst.investigations.purchases import Purchase
from herkomst.investigations.shops import town
from herkomst.investigations.stolen_items import StolenItem
from herkomst.search.highlighting import highlights
from herkomst.search.questions import (
    MOST_BUCKETS,
    After,
    Among,
    Answer,
    Bucket,
    Completion,
    Filter,
    Found,
    InvalidQuestion,
    Order,
    Question,
    Seen,
    Subject,
    Term,
    Total,
    Typed,
    Weight,
    understood,
)

FACETS: Mapping[Subject, tuple[str, ...]] = {
    Subject.GOODS: ("kind", "brand", "colour", "mode", "source", "dealer", "municipality"),
    Subject.STOLEN: ("kind", "brand", "colour", "status", "source", "municipality", "offence"),
    Subject.DEALERS: ("trade", "municipality", "state", "source"),
}
"""By which fields a subject is counted. Goods are of the municipality of their shop as it is now:
they are counted by shop, and summed up."""
MOST_COMPLETIONS = 20
_OPEN, _COMPARABLE = frozenset({"open"}), frozenset({"comparable"})
_SEEN_GOODS = SQL(
    "SELECT CASE WHEN %(register_in_case)s THEN ARRAY{sold_in_case} END AS sold, "
    "CASE WHEN %(register_in_town)s THEN ARRAY{in_town} END AS shops, "
    "ARRAY(SELECT establishment FROM {establishments} "
    "WHERE municipality = ANY(%(municipalities)s)) AS places, "
    "CASE WHEN %(faceted)s THEN (SELECT jsonb_object_agg(establishment, municipality) "
    "FROM {establishments} WHERE municipality IS NOT NULL) END AS towns"
)
_SEEN_ITEMS = SQL(
    "SELECT ARRAY(SELECT item FROM {case_items} WHERE case_id = %(own_case)s "
    "UNION ALL SELECT g.stolen_item {by_hit}) AS in_case, ARRAY{granted} AS granted"
)
# A document of a dealer tells of all its shops, and who controls one municipality is told of those
# of another by no list: so a dealer with shops elsewhere is not among what he searches.
_SEEN_DEALERS = SQL(
    "SELECT CASE WHEN %(notified_in_case)s THEN ARRAY{sellers_in_case} END AS sellers, "
    "CASE WHEN %(notified_in_town)s THEN ARRAY(SELECT dealer FROM {establishments} "
    "GROUP BY dealer HAVING bool_and(municipality IS NOT DISTINCT FROM %(own_municipality)s)) "
    "END AS dealers"
)
_place = Struct(">iq16si")
_encode = msgspec.json.Encoder(order="sorted").encode
_decode_towns = msgspec.json.Decoder(dict[str, str]).decode

T = TypeVar("T")
Ids = Collection[UUID] | None


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody searches for, and how he wants to see it."""

    words: str
    first: int
    after: str | None = None
    fuzzy: bool = False
    """Whether every word may have slips of the pen."""
    order: Order = Order.RELEVANCE
    filters: tuple[Filter, ...] = ()
    municipalities: tuple[str, ...] | None = None
    """Where the shop is of goods that were acquired."""
    counted: bool = False
    faceted: bool = False


class Highlight(Told, frozen=True, kw_only=True):
    """Where in a field of a record stands what was searched for, in characters."""

    field: str
    start: int
    end: int


class FoundGood(Told, frozen=True, kw_only=True):
    """A good that a dealer acquired, with its purchase."""

    purchase: Purchase
    good: BoughtGood
    highlights: tuple[Highlight, ...]


class FoundItem(Told, frozen=True, kw_only=True):
    """A stolen good."""

    item: StolenItem
    highlights: tuple[Highlight, ...]


class FoundDealer(Told, frozen=True, kw_only=True):
    """A dealer."""

    dealer: Dealer
    highlights: tuple[Highlight, ...]


class Value(Told, frozen=True, kw_only=True):
    """A value of what was found, and how many have it."""

    value: str
    name: str | None
    """What it is called, where it is a code."""
    number: int


class Facet(Told, frozen=True, kw_only=True):
    """How many of what was found have which value of a field, the most frequent first."""

    field: str
    values: tuple[Value, ...]


class Results(NamedTuple, Generic[T]):
    """A page of what was found, and figures of all of it."""

    edges: Sequence[Edge[T]]
    page_info: PageInfo
    total: Total
    facets: Sequence[Facet]


class Suggested(NamedTuple):
    """What somebody may be typing."""

    completions: Sequence[Completion]


async def goods(permitted: Permitted, inquiry: Inquiry, wanted: Wanted) -> Results[FoundGood]:
    """Goods that dealers acquired. Raises `InvalidPage`."""
    permitted.must_be(Action.READ_PURCHASES)
    seen, places, towns = await _seen_goods(
        permitted, inquiry, wanted.municipalities or (), faceted=wanted.faceted
    )
    within = (Among("place", places),) if wanted.municipalities is not None else ()
    asked = _Asked(inquiry, Subject.GOODS, wanted)
    answer = await asked.answer(seen, within)
    there = await purchase_records.by_ids(
        permitted, inquiry, {found.record for found in answer.found}
    )

    def shown(found: Found) -> FoundGood | None:
        purchase = there.get(found.record)
        lines = purchase.lines if purchase else ()
        good = next((line for line in lines if line.line == found.line), None)
        if purchase is None or good is None:
            return None
        return FoundGood(purchase=purchase, good=good, highlights=_in_good(good, asked.terms))

    return asked.results(_by_town(answer, towns), shown)


async def stolen_items(
    permitted: Permitted, inquiry: Inquiry, wanted: Wanted
) -> Results[FoundItem]:
    """Goods that were reported stolen. Raises `InvalidPage`."""
    permitted.must_be(Action.READ_STOLEN_ITEMS)
    asked = _Asked(inquiry, Subject.STOLEN, wanted)
    answer = await asked.answer(await _seen_items(permitted, inquiry))
    there = await item_records.shown_by_ids(
        permitted, inquiry, {found.record for found in answer.found}
    )

    def shown(found: Found) -> FoundItem | None:
        item = there.get(found.record)
        if item is None:
            return None
        return FoundItem(item=item, highlights=_in_good(item.good, asked.terms))

    return asked.results(answer, shown)


async def dealers(permitted: Permitted, inquiry: Inquiry, wanted: Wanted) -> Results[FoundDealer]:
    """Dealers, by what they, their shops and their streets are called. Raises `InvalidPage`."""
    permitted.must_be(Action.READ_DEALERS)
    asked = _Asked(inquiry, Subject.DEALERS, wanted)
    answer = await asked.answer(await _seen_dealers(permitted, inquiry))
    there = await dealer_records.by_ids(
        permitted, inquiry, {found.record for found in answer.found}
    )

    def shown(found: Found) -> FoundDealer | None:
        dealer = there.get(found.record)
        if dealer is None:
            return None
        texts = [("name", dealer.name)]
        return FoundDealer(dealer=dealer, highlights=_in_texts(texts, asked.terms))

    return asked.results(answer, shown)


async def complete_goods(permitted: Permitted, inquiry: Inquiry, text: str, most: int) -> Suggested:
    """What goods that dealers acquired bear, of which somebody typed a part."""
    permitted.must_be(Action.READ_PURCHASES)
    seen, *_ = await _seen_goods(permitted, inquiry, ())
    return await _completed(inquiry, Subject.GOODS, seen, text, most)


async def complete_stolen_items(
    permitted: Permitted, inquiry: Inquiry, text: str, most: int
) -> Suggested:
    """The same of stolen goods."""
    permitted.must_be(Action.READ_STOLEN_ITEMS)
    seen = await _seen_items(permitted, inquiry)
    return await _completed(inquiry, Subject.STOLEN, seen, text, most)


async def complete_dealers(
    permitted: Permitted, inquiry: Inquiry, text: str, most: int
) -> Suggested:
    """The same of dealers, by name."""
    permitted.must_be(Action.READ_DEALERS)
    seen = await _seen_dealers(permitted, inquiry)
    return await _completed(inquiry, Subject.DEALERS, seen, text, most)


async def _completed(
    inquiry: Inquiry, subject: Subject, seen: Sequence[Seen], text: str, most: int
) -> Suggested:
    if not 1 <= most <= MOST_COMPLETIONS:
        raise InvalidPage(
            "most",
            "most",
            f"There are from 1 to {MOST_COMPLETIONS} completions, not {most}.",
            f"Send `most` from 1 to {MOST_COMPLETIONS}.",
        )
    typed = Typed(subject=subject, text=text, seen=tuple(seen), first=most)
    return Suggested(await inquiry.engine.complete(typed))


class _Asked:
    """A question as it is asked of the engine, and its answer as it is told."""

    def __init__(self, inquiry: Inquiry, subject: Subject, wanted: Wanted) -> None:
        self._inquiry, self._subject, self._wanted = inquiry, subject, wanted
        self._places = Places(
            inquiry,
            subject,
            wanted.words,
            wanted.fuzzy,
            wanted.order,
            wanted.filters,
            wanted.municipalities,
        )
        self.terms, self._without = _terms(inquiry, wanted)

    async def answer(self, seen: Sequence[Seen], within: tuple[Filter, ...] = ()) -> Answer:
        wanted = self._wanted
        if not 1 <= wanted.first <= LARGEST:
            raise InvalidPage(
                "first",
                "first",
                f"A page has from 1 to {LARGEST} records, not {wanted.first}.",
                f"Send `first` from 1 to {LARGEST}, and `after` for the next page.",
            )
        question = Question(
            subject=self._subject,
            terms=self.terms,
            without=self._without,
            filters=(*wanted.filters, *within),
            seen=tuple(seen),
            order=wanted.order,
            first=wanted.first,
            after=None if wanted.after is None else self._places.read(wanted.after),
            counted=wanted.counted,
            facets=_counted_by(self._subject) if wanted.faceted else (),
        )
        answer = await self._inquiry.engine.ask(question)
        self._note_sought(answer)
        return answer

    def _note_sought(self, answer: Answer) -> None:
        """What was found by its number alone was looked for, as what is asked for by its id; and
        so was, found or not, whatever else bears the number."""
        if len(self.terms) != 1 or not (numbers := self.terms[0].numbers):
            return
        returned, token = self._inquiry.returned, self._inquiry.token
        returned.seek_number(meeting_keys(numbers[0], token))
        for found in answer.found:
            if found.score == Weight.NUMBER:
                returned.seek(found.record)

    def results(self, answer: Answer, shown: Callable[[Found], T | None]) -> Results[T]:
        """The page with what is there of it still."""
        cursors = [self._places.written(found.place) for found in answer.found]
        edges = [
            Edge(node, cursor)
            for found, cursor in zip(answer.found, cursors, strict=True)
            if (node := shown(found)) is not None
        ]
        # Where nothing of a page is there any more, the next one still begins behind it.
        first, last = (cursors[0], cursors[-1]) if cursors else (None, None)
        return Results(
            edges,
            PageInfo(answer.more, last, self._wanted.after is not None, first),
            answer.total,
            [_facet(field, buckets) for field, buckets in answer.facets.items()],
        )


def _counted_by(subject: Subject) -> tuple[str, ...]:
    """By which fields an engine counts."""
    if subject is not Subject.GOODS:
        return FACETS[subject]
    return tuple("place" if field == "municipality" else field for field in FACETS[subject])


def _by_town(answer: Answer, towns: Mapping[str, str]) -> Answer:
    """The same, with shops summed up by their municipality; of some it is not known."""
    facets = dict(answer.facets)
    if "place" not in facets:
        return answer
    tally: Counter[str] = Counter()
    for shop, number in facets.pop("place"):
        if shop in towns:
            tally[towns[shop]] += number
    ranked = sorted(tally.items(), key=lambda item: (-item[1], item[0]))
    facets["municipality"] = [Bucket(*item) for item in ranked[:MOST_BUCKETS]]
    return replace(answer, facets=facets)


def _facet(field: str, buckets: Iterable[Bucket]) -> Facet:
    def name(code: str) -> str | None:
        found = town(code) if field == "municipality" else None
        return found.name if found else None

    return Facet(
        field=field,
        values=tuple(Value(value=v, name=name(v), number=number) for v, number in buckets),
    )


def _terms(inquiry: Inquiry, wanted: Wanted) -> tuple[tuple[Term, ...], tuple[Term, ...]]:
    try:
        return understood(wanted.words, inquiry.token, fuzzy=wanted.fuzzy)
    except InvalidQuestion as error:
        raise InvalidPage("words", error.code, error.message, error.cure) from None


class Places:
    """Cursors of one question: sealed places in its order, which are none of any other."""

    def __init__(self, inquiry: Inquiry, *asked: object) -> None:
        """`asked` is all that the order and what is found in it depend on."""
        halves = [inquiry.token(f"places of search {half}") for half in (1, 2)]
        self._cipher = AESSIV(bytes.fromhex("".join(halves)))
        self._bound = [_encode(asked)]

    def written(self, place: After) -> str:
        record, _, line = place.id.partition(":")
        plain = _place.pack(place.score, place.at, UUID(record).bytes, int(line))
        return urlsafe_b64encode(self._cipher.encrypt(plain, self._bound)).decode()

    def read(self, cursor: str) -> After:
        """Raises `InvalidPage` for a cursor that is not one of this question."""
        try:
            plain = self._cipher.decrypt(urlsafe_b64decode(cursor), self._bound)
        except (InvalidTag, NotBase64, ValueError):
            raise InvalidPage(
                "after",
                "cursor",
                "The cursor is none that this search gave, in this order and with these filters.",
                "Send the `endCursor` of a page of the same search, or leave `after` out.",
            ) from None
        score, at, record, line = _place.unpack(plain)
        return After(score, at, f"{UUID(bytes=record)}:{line}")


async def _seen_goods(
    permitted: Permitted,
    inquiry: Inquiry,
    municipalities: Sequence[str],
    *,
    faceted: bool = False,
) -> tuple[list[Seen], tuple[str, ...], Mapping[str, str]]:
    """Which purchases are seen, as `purchase_shown` has it, which shops are in these
    municipalities, and in which one each shop is, where that is to be counted."""
    values: Any = visibility.values(permitted)
    values |= {"municipalities": list(municipalities), "faceted": faceted}
    (row,) = await inquiry.rows(_SEEN_GOODS, values)
    laws = frozenset({visibility.REGISTER})
    seen = _some(
        Seen(laws=laws) if values["register"] else None,
        _records(laws, row.sold),
        _records(laws, row.shops, of_places=True),
    )
    towns = _decode_towns(row.towns) if row.towns else {}
    return seen, tuple(sorted(str(place) for place in row.places)), towns


async def _seen_items(permitted: Permitted, inquiry: Inquiry) -> list[Seen]:
    """Which stolen items are seen, as `item_shown` has it: what is only compared, in the own case
    alone."""
    values: Any = visibility.values(permitted)
    (row,) = await inquiry.rows(_SEEN_ITEMS, values)
    anywhere, in_case, granted = (
        frozenset(values[name]) for name in ("shown", "shown_in_case", "shown_granted")
    )
    of_case, of_grants = frozenset(row.in_case), frozenset(row.granted)
    return _some(
        Seen(laws=anywhere) if anywhere else None,
        _records(anywhere | in_case, of_case, kept=_OPEN | _COMPARABLE),
        _records(granted, of_grants),
        _records(granted, of_grants & of_case, kept=_COMPARABLE),
    )


async def _seen_dealers(permitted: Permitted, inquiry: Inquiry) -> list[Seen]:
    """Which dealers are seen: those that `dealer_shown` tells of, with all of their shops."""
    values = visibility.values(permitted)
    (row,) = await inquiry.rows(_SEEN_DEALERS, values)
    laws = frozenset({visibility.NOTIFIED})
    return _some(
        Seen(laws=laws) if values["notified"] else None,
        _records(laws, row.sellers),
        _records(laws, row.dealers),
    )


def _records(
    laws: frozenset[str], ids: Ids, *, kept: frozenset[str] = _OPEN, of_places: bool = False
) -> Seen | None:
    if not laws or not ids:
        return None
    if of_places:
        return Seen(laws=laws, places=frozenset(ids), kept=kept)
    return Seen(laws=laws, records=frozenset(ids), kept=kept)


def _some(*seen: Seen | None) -> list[Seen]:
    return [each for each in seen if each is not None]


def _in_good(good: Good, terms: Iterable[Term]) -> tuple[Highlight, ...]:
    texts = [("brand", good.brand), ("model", good.model), ("description", good.description)]
    return _in_texts([(name, text) for name, text in texts if text], terms)


def _in_texts(texts: Iterable[tuple[str, str]], terms: Iterable[Term]) -> tuple[Highlight, ...]:
    wanted = tuple(terms)
    return tuple(
        Highlight(field=name, start=span.start, end=span.end)
        for name, text in texts
        for span in highlights(text, wanted)
    )
