"""Persons by name: who of those whose identity may be revealed bears a name like the one typed.

That a name met somebody's is itself told of him. So it is told only of whom the same viewer could
reveal, for the same purpose: who sold what a standing hit is on that he may read, and who is in the
case that is worked in. What else the index holds is not found, not counted, and moves nothing.
"""

from collections.abc import Iterator, Sequence
from typing import Literal

from psycopg.sql import SQL

from herkomst.access import policy, reason
from herkomst.access.policy import Action, Permitted
from herkomst.domain import ids
from herkomst.investigations import presentations, visibility
from herkomst.investigations.goods import Told
from herkomst.investigations.inquiry import Desk, Inquiry
from herkomst.investigations.pages import LARGEST, Edge, InvalidPage, PageInfo
from herkomst.investigations.presentations import Presentation
from herkomst.investigations.searching import Places, Results
from herkomst.search.names import COMPARED, ENOUGH, Likeness, Name
from herkomst.search.persons import LAW
from herkomst.search.questions import (
    After,
    InvalidQuestion,
    NameFound,
    NameQuestion,
    Seen,
    Subject,
    Total,
    named,
)

_SAME = 1000
_SEARCHED = frozenset({"presented", "comparable"})
_SEEN = SQL(
    "SELECT CASE WHEN %(register)s THEN ARRAY(SELECT DISTINCT h.purchase FROM {hits} h "
    "{goods_of_hit} WHERE {hit_stands} AND {hit_shown}) END AS sold, "
    "CASE WHEN %(register)s OR %(register_in_case)s THEN ARRAY{sold_in_case} END AS in_case"
)

Grade = Literal["same", "alike", "partly"]


class MetPart(Told, frozen=True, kw_only=True):
    """A part of the name that was typed, and how it met one of the name that was presented."""

    asked: str
    how: str


class FoundPerson(Told, frozen=True, kw_only=True):
    """An identity that was presented under a name like the one typed; never said to be the one who
    is looked for. How the name was written is told with the identity alone, once it is revealed."""

    presentation: Presentation
    likeness: Grade
    met: tuple[MetPart, ...]
    unmet: tuple[str, ...]
    """Parts that were typed and met nothing."""


async def by_name(
    permitted: Permitted,
    inquiry: Inquiry,
    desk: Desk,
    text: str,
    first: int,
    after: str | None = None,
) -> Results[FoundPerson]:
    """Persons with a name like this one, the most alike first.

    Raises `NotPermitted`, `InvalidPage`, `ReasonRequired`.
    """
    permitted.must_be(Action.SEARCH_PERSONS)
    name, places = _asked(text, first), Places(inquiry, Subject.PERSONS, text)
    behind = None if after is None else _order(places.read(after))
    # As at a reveal: one look-up in ten is to say why, whoever is found by it.
    parts = sorted((*name.parts, *name.initials))
    reason.must_be_given(desk.archive.keyring, permitted.reading, ids.named("name", *parts))
    seen = tuple(await _seen(permitted, inquiry))
    # All that are compared: a page is a part of one order, and is worked out anew with it.
    found = await inquiry.engine.names(NameQuestion(name=name, seen=seen, first=COMPARED))
    left = [each for each in found if behind is None or _order(_place(each)) > behind]
    page = left[:first]
    told = await _told(permitted, inquiry, page)
    cursors = [places.written(_place(each)) for each in page]
    edges = [Edge(told[e.id], c) for e, c in zip(page, cursors, strict=True) if e.id in told]
    start, end = (cursors[0], cursors[-1]) if cursors else (None, None)
    info = PageInfo(len(left) > first, end, after is not None, start)
    return Results(edges, info, Total(len(found), exact=len(found) < COMPARED), ())


async def _told(
    permitted: Permitted, inquiry: Inquiry, page: Sequence[NameFound]
) -> dict[str, FoundPerson]:
    """Who is there still of those that the index has, which may not have followed yet."""
    for each in page:
        if each.likeness.score == _SAME:
            inquiry.returned.seek(each.record)
    to_read = policy.permit(permitted.reading, Action.READ_PRESENTATIONS)
    there = await presentations.by_ids(to_read, inquiry, {each.record for each in page})
    return {
        each.id: FoundPerson(
            presentation=there[each.record],
            likeness=_grade(each.likeness),
            met=tuple(MetPart(asked=m.asked, how=m.how) for m in each.likeness.meetings),
            unmet=each.likeness.unmet,
        )
        for each in page
        if each.record in there and there[each.record].state in _SEARCHED
    }


def _asked(text: str, first: int) -> Name:
    if not 1 <= first <= LARGEST:
        raise InvalidPage(
            "first",
            "first",
            f"A page has from 1 to {LARGEST} records, not {first}.",
            f"Send `first` from 1 to {LARGEST}, and `after` for the next page.",
        )
    try:
        return named(text)
    except InvalidQuestion as error:
        raise InvalidPage("name", error.code, error.message, error.cure) from None


def _place(found: NameFound) -> After:
    """Where it stands in the order of `names.ranked`."""
    return After(found.likeness.score, int(found.likeness.in_order), found.id)


def _order(place: After) -> tuple[int, int, str]:
    return -place.score, -place.at, place.id


async def _seen(permitted: Permitted, inquiry: Inquiry) -> Iterator[Seen]:
    """Who may be found: whose identity may be revealed on a hit, and who is in the case."""
    (row,) = await inquiry.rows(_SEEN, visibility.values_of_persons(permitted))
    free, in_case = frozenset({"open"}), frozenset({"open", "comparable"})
    laws = frozenset({LAW})
    return (
        Seen(laws=laws, records=frozenset(map(ids.presentation_id, purchases)), kept=kept)
        for purchases, kept in ((row.sold, free), (row.in_case, in_case))
        if purchases
    )


def _grade(likeness: Likeness) -> Grade:
    if likeness.score == _SAME:
        return "same"
    return "alike" if likeness.score >= ENOUGH else "partly"
