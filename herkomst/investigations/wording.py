"""What an event says, in facts: each a name and a value, as it was when it was recorded.

Free text is opened where its key still exists. Whose identity was presented is never told here,
only that it was, and which fields were shown. Sentences and labels are rows of `words.csv`, in
English and in Dutch.
"""

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from herkomst.domain.calendar import Occurred
from herkomst.domain.casework import case, hit, hold, match, request, reveal, sequel
from herkomst.domain.events import EventData, Recorded
from herkomst.domain.journal import Attempted, Concluded, Read
from herkomst.domain.matching import Reason
from herkomst.domain.money import Money
from herkomst.domain.register import book, identity, keeping, purchase, stolen_item
from herkomst.investigations.goods import Told

Language = Literal["en", "nl"]
Open = Callable[[bytes], str | None]
"""Opens what is sealed; None where its key was destroyed."""
_Pairs = Iterator[tuple[str, str | None]]


class Fact(Told, frozen=True, kw_only=True):
    """One thing that an event says; without a value it was sealed, and its key was destroyed."""

    name: str
    value: str | None


def facts_of(fact: Recorded, opened: Open) -> tuple[Fact, ...]:
    """What an event says, in order."""
    pairs = _TELLERS[type(fact.data)](fact, fact.data, opened)
    return tuple([Fact(name=name, value=value) for name, value in pairs])


def word(name: str, language: Language) -> str:
    """What a topic, a fact or a heading is called."""
    return _words()[name][language]


@cache
def _words() -> Mapping[str, dict[str, str]]:
    text = files(__package__).joinpath("words.csv").read_text(encoding="utf-8")
    return {row["name"]: row for row in csv.DictReader(text.splitlines())}


def span(occurred: Occurred) -> str:
    """When something happened, as it was given: a moment or a day, or two with a dash between."""
    return occurred.from_ if occurred.to is None else f"{occurred.from_} – {occurred.to}"


def _purchase(_: Recorded, data: purchase.Content, opened: Open) -> _Pairs:
    yield "mode", data.mode
    yield "acquired", span(data.acquired)
    yield from (("line", _line(line)) for line in data.lines)
    if data.payment is not None:
        yield "payment", _listed([data.payment.form, _money(data.payment.amount)], " ")
    yield "identity", "presented" if data.seller else "none"
    if data.marks:
        yield "marks", _listed(mark.code for mark in data.marks)
    if data.correction is not None:
        yield "changed", _listed(data.correction.changed)
        yield "why", opened(data.correction.reason)


def _line(line: purchase.Line) -> str:
    return _listed([f"{line.line}", _good(line), _money(line.price)])


def _good(good: purchase.Line | stolen_item.Good) -> str:
    numbers = [f"{kind} {value}" for kind, value in good.identifiers]
    return _listed([_listed([good.kind, good.brand, good.model], " "), *numbers])


def _money(money: Money | None) -> str | None:
    return None if money is None else f"{money.format()} {money.currency}"


def _listed(words: Iterable[str | None], between: str = ", ") -> str:
    return between.join([word for word in words if word])


def _sold(_: Recorded, data: purchase.LineSold, __: Open) -> _Pairs:
    yield "line", str(data.line)
    yield "sold", span(data.sold)


def _pawn_ended(_: Recorded, data: purchase.PawnEnded, __: Open) -> _Pairs:
    yield "line", str(data.line)
    yield "outcome", data.outcome
    yield "ended", span(data.ended)


def _entered(fact: Recorded, _: book.Entered, __: Open) -> _Pairs:
    yield "register_number", str(fact.version)


def _presented(_: Recorded, data: identity.Presentation, __: Open) -> _Pairs:
    yield "shown", _listed(data.shown)


def _nothing_more(_: Recorded, __: EventData, ___: Open) -> _Pairs:
    yield from ()


def _reported(_: Recorded, data: stolen_item.Report, __: Open) -> _Pairs:
    yield "status", data.status
    yield from _given(
        ("report", data.report),
        ("offence", data.offence),
        ("handling", data.handling),
        ("stolen", span(data.stolen)),
        ("reported", span(data.reported)),
        ("recovered", None if data.recovered is None else span(data.recovered)),
        ("withdrawn", data.withdrawn_reason),
        ("good", _good(data.good)),
    )


def _given(*pairs: tuple[str, str | None]) -> _Pairs:
    """Those that have a value."""
    yield from (pair for pair in pairs if pair[1] is not None)


def _found(_: Recorded, data: hit.Finding, __: Open) -> _Pairs:
    yield "grade", data.grade
    yield "score", str(data.score)
    yield "time", data.time
    yield "rules", str(data.rules)
    yield "reasons", _reasons(data.reasons)
    if data.against:
        yield "against", _reasons(data.against)


def _reasons(reasons: Iterable[Reason]) -> str:
    return _listed([_reason(each) for each in reasons], "; ")


def _reason(reason: Reason) -> str:
    compared = _listed([reason.purchase, reason.stolen], " / ")
    if reason.value is not None:
        compared = f"{compared}; {reason.value}"
    return f"{reason.code} ({compared})" if compared else reason.code


def _passage(_: Recorded, data: hit.PassageNoted, __: Open) -> _Pairs:
    yield "reasons", _reasons(data.reasons)


def _hit_closed(_: Recorded, data: hit.Closed, __: Open) -> _Pairs:
    yield "why", data.reason


def _hit_removed(_: Recorded, data: hit.Removed, __: Open) -> _Pairs:
    yield "why", data.because


def _rejected(_: Recorded, data: hit.Rejected, opened: Open) -> _Pairs:
    yield "why", data.reason
    yield from _decided(_, data, opened)


def _decided(
    _: Recorded, data: hit.Assessed | hit.Confirmed | hit.Rejected, opened: Open
) -> _Pairs:
    if data.note is not None:
        yield "text", opened(data.note)


def _case_opened(_: Recorded, data: case.Opened, opened: Open) -> _Pairs:
    yield "title", opened(data.title)
    if data.aim is not None:
        yield "aim", opened(data.aim)
    yield "lead", data.lead


def _aim(_: Recorded, data: case.AimStated, opened: Open) -> _Pairs:
    yield "aim", opened(data.aim)


def _joined(_: Recorded, data: case.MemberJoined, __: Open) -> _Pairs:
    yield "member", data.member
    yield "part", data.part
    yield "since", data.since
    yield from _given(("until", data.until))


def _left(_: Recorded, data: case.MemberLeft, __: Open) -> _Pairs:
    yield "member", data.member
    yield "until", data.until


def _task_given(_: Recorded, data: case.TaskGiven, opened: Open) -> _Pairs:
    yield "task", data.task
    yield "member", data.member
    yield from _given(("due", data.due))
    yield "text", opened(data.text)


def _task_ended(_: Recorded, data: case.TaskEnded, opened: Open) -> _Pairs:
    yield "task", data.task
    yield "outcome", data.outcome
    if data.text is not None:
        yield "text", opened(data.text)


def _item_added(_: Recorded, data: case.ItemAdded, opened: Open) -> _Pairs:
    yield data.kind, _id(data.item)
    if data.why is not None:
        yield "why", opened(data.why)


def _item_removed(_: Recorded, data: case.ItemRemoved, opened: Open) -> _Pairs:
    yield "record", _id(data.item)
    yield "why", opened(data.why)


def _named(_: Recorded, data: case.SubjectNamed, opened: Open) -> _Pairs:
    yield "presentation", _id(data.subject)
    yield "category", data.category
    yield "ground", data.ground
    yield "why", opened(data.why)


def _dropped(_: Recorded, data: case.SubjectDropped, opened: Open) -> _Pairs:
    yield "presentation", _id(data.subject)
    yield "why", opened(data.why)


def _noted(_: Recorded, data: case.NoteWritten, opened: Open) -> _Pairs:
    yield "kind", data.kind
    yield from _given(("record", None if data.about is None else _id(data.about)))
    yield "text", opened(data.text)


def _handed_over(_: Recorded, data: case.HandedOver, opened: Open) -> _Pairs:
    yield "unit", data.unit
    yield "lead", data.lead
    yield "since", data.since
    yield "why", opened(data.why)


def _for_a_reason(
    _: Recorded,
    data: case.ClosingProposed | case.ClosingRefused | case.Reopened,
    opened: Open,
) -> _Pairs:
    yield "why", opened(data.why)


def _revealed(_: Recorded, data: reveal.Revealed, opened: Open) -> _Pairs:
    yield "presentation", _id(data.presentation)
    yield "basis", data.basis
    yield "purpose", data.purpose
    yield from _given(("hit", None if data.hit is None else _id(data.hit)))
    if data.order is not None:
        yield "order", opened(data.order)
    yield "why", opened(data.why)


def _requested(_: Recorded, data: request.AccessRequested, opened: Open) -> _Pairs:
    yield "purpose", data.purpose
    yield "owner", data.owner
    yield "answer_by", data.answer_by
    yield "why", opened(data.why)


def _granted(_: Recorded, data: request.AccessGranted, opened: Open) -> _Pairs:
    yield "until", data.until
    yield "why", opened(data.why)


def _refused(_: Recorded, data: request.AccessRefused, opened: Open) -> _Pairs:
    yield "ground", data.ground
    yield "why", opened(data.why)


def _restricted(
    _: Recorded, data: identity.IdentityRestricted | keeping.KeyRestricted, __: Open
) -> _Pairs:
    yield "state", data.state
    yield "why", data.because


def _destroyed(_: Recorded, data: keeping.KeyDestroyed, __: Open) -> _Pairs:
    yield "why", data.because


def _held(_: Recorded, data: hold.Placed, opened: Open) -> _Pairs:
    yield "ground", data.ground
    yield "until", data.until
    yield "why", opened(data.why)


def _lifted(_: Recorded, data: hold.Lifted, opened: Open) -> _Pairs:
    yield "why", opened(data.why)


def _answered(_: Recorded, data: sequel.SignalAnswered, opened: Open) -> _Pairs:
    yield "verdict", data.verdict
    yield "owner", data.owner
    yield from _on_authority(data, opened)


def _period(_: Recorded, data: sequel.PeriodBegan, __: Open) -> _Pairs:
    yield "power", data.power
    yield "issuer", data.issuer
    yield "since", data.since
    yield "until", data.until
    yield "facts", data.facts


def _ordered(_: Recorded, data: sequel.OrderIssued, opened: Open) -> _Pairs:
    yield "power", data.power
    yield "issuer", data.issuer
    yield "since", data.since
    yield "until", data.until
    yield from _on_authority(data, opened)


def _seized(_: Recorded, data: sequel.GoodSeized, opened: Open) -> _Pairs:
    yield "power", data.power
    yield "issuer", data.issuer
    yield "since", data.since
    yield "receipt", data.receipt
    yield from _given(("keeper", data.keeper))
    yield from _on_authority(data, opened)


def _released(_: Recorded, data: sequel.OrderReleased, opened: Open) -> _Pairs:
    yield from _on_authority(data, opened)


def _announced(_: Recorded, data: sequel.ReturnAnnounced, opened: Open) -> _Pairs:
    yield "power", data.power
    yield "return_way", data.way
    yield "since", data.noticed_on
    yield "until", data.until
    yield from _on_authority(data, opened)


def _contested(_: Recorded, data: sequel.ReturnContested, opened: Open) -> _Pairs:
    yield "complaint", data.complaint
    yield "party", data.party
    yield "since", data.lodged_on
    yield from _on_authority(data, opened)


def _complaint_decided(_: Recorded, data: sequel.ComplaintDecided, opened: Open) -> _Pairs:
    yield "outcome", data.outcome
    yield "since", data.decided_on
    yield from _on_authority(data, opened)


def _returned(_: Recorded, data: sequel.GoodReturned, opened: Open) -> _Pairs:
    yield "power", data.power
    yield "return_way", data.way
    yield "goes_to", data.goes_to
    yield from _given(("waived_on", data.waived_on))
    yield from _on_authority(data, opened)


def _lapsed(_: Recorded, data: sequel.TermLapsed, __: Open) -> _Pairs:
    yield "term", data.of
    yield "until", data.until


def _dealer_told(_: Recorded, data: sequel.DealerTold, opened: Open) -> _Pairs:
    yield "basis", data.because
    yield from _on_authority(data, opened)


def _on_authority(data: sequel.First | sequel.Later, opened: Open) -> _Pairs:
    """Who decided as what, and on which facts."""
    authority = data.authority
    yield "facts", data.facts
    yield "officer", authority.by
    yield "role", authority.role
    yield "unit", authority.unit
    yield "purpose", authority.purpose
    yield "policy", authority.policy
    yield from _given(("authorised_until", authority.authorised_until))
    if data.why is not None:
        yield "why", opened(data.why)


def _id(in_hex: str) -> str:
    return f"{in_hex[:8]}-{in_hex[8:12]}-{in_hex[12:16]}-{in_hex[16:20]}-{in_hex[20:]}"


def _read(_: Recorded, data: Read, __: Open) -> _Pairs:
    """What was returned is left out: of it only what the trail is of may be told, by `of_read`."""
    yield "purpose", data.purpose
    yield "ground", data.ground
    yield "way", data.way


def of_read(data: Read, records: Iterable[str]) -> Iterator[Fact]:
    """Which of these records a read returned, each as its kind and id; an `identity` was opened."""
    of_trail = frozenset(records)
    for returned in data.returned:
        kind, _, record = returned.partition(":")
        if record in of_trail:
            yield Fact(name=kind, value=record)


def _concluded(_: Recorded, data: Concluded, __: Open) -> _Pairs:
    yield "outcome", data.outcome


def of_attempt(data: Attempted, records: Iterable[str]) -> Iterator[Fact]:
    """What was attempted, and which of these records, given in hex, it named."""
    of_trail = frozenset(records)
    for name, value in ("purpose", data.purpose), ("ground", data.ground), ("way", data.way):
        yield Fact(name=name, value=value)
    for sought in data.sought:
        if sought in of_trail:
            yield Fact(name="record", value=_id(sought))


def numbered(fact: Fact, number: str) -> Fact:
    """The same fact; a purpose with the number of its case."""
    if fact.name != "purpose" or fact.value is None:
        return fact
    kind, _, case = fact.value.partition(":")
    _, of, task = case.partition("/")
    return Fact(name="purpose", value=f"{kind}:{number}{of}{task}")


def _match_told(_: Recorded, data: match.OwnerTold, __: Open) -> _Pairs:
    yield "how", data.how
    yield from _given(
        ("officer", data.officer),
        ("role", data.role),
        ("unit", data.unit),
        ("purpose", data.purpose),
        ("purchase", None if data.purchase is None else _id(data.purchase)),
    )


_TELLERS: Mapping[type[EventData], Callable[[Recorded, Any, Open], _Pairs]] = {
    purchase.Registered: _purchase,
    purchase.Corrected: _purchase,
    purchase.LineSold: _sold,
    purchase.PawnEnded: _pawn_ended,
    book.Entered: _entered,
    identity.Presented: _presented,
    identity.IdentityCorrected: _presented,
    identity.IdentityWithdrawn: _nothing_more,
    identity.IdentityErased: _nothing_more,
    identity.IdentityRestricted: _restricted,
    stolen_item.Reported: _reported,
    stolen_item.Amended: _reported,
    stolen_item.Withdrawn: _reported,
    stolen_item.Recovered: _reported,
    hit.Found: _found,
    hit.Suggested: _found,
    hit.Regraded: _found,
    hit.Reopened: _found,
    hit.Closed: _hit_closed,
    hit.Removed: _hit_removed,
    hit.PassageNoted: _passage,
    hit.Assessed: _decided,
    hit.Confirmed: _decided,
    hit.Rejected: _rejected,
    case.Opened: _case_opened,
    case.AimStated: _aim,
    case.MemberJoined: _joined,
    case.MemberLeft: _left,
    case.TaskGiven: _task_given,
    case.TaskEnded: _task_ended,
    case.ItemAdded: _item_added,
    case.ItemRemoved: _item_removed,
    case.SubjectNamed: _named,
    case.SubjectDropped: _dropped,
    case.NoteWritten: _noted,
    case.HandedOver: _handed_over,
    case.ClosingProposed: _for_a_reason,
    case.ClosingRefused: _for_a_reason,
    case.Closed: _nothing_more,
    case.Reopened: _for_a_reason,
    reveal.Revealed: _revealed,
    request.AccessRequested: _requested,
    request.AccessGranted: _granted,
    request.AccessRefused: _refused,
    request.AccessLapsed: _nothing_more,
    keeping.KeyRestricted: _restricted,
    keeping.KeyDestroyed: _destroyed,
    hold.Placed: _held,
    hold.Lifted: _lifted,
    sequel.SignalAnswered: _answered,
    sequel.PeriodBegan: _period,
    sequel.OrderIssued: _ordered,
    sequel.GoodSeized: _seized,
    sequel.OrderReleased: _released,
    sequel.ReturnAnnounced: _announced,
    sequel.ReturnContested: _contested,
    sequel.ComplaintDecided: _complaint_decided,
    sequel.GoodReturned: _returned,
    sequel.TermLapsed: _lapsed,
    sequel.DealerTold: _dealer_told,
    match.OwnerTold: _match_told,
    Read: _read,
    Concluded: _concluded,
}
TOPICS = {kind.TOPIC for kind in _TELLERS}
"""Every topic that a trail may tell of."""
