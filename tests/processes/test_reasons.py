"""Why names were revealed and the glass was broken: kept as long as control needs it, then gone."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import partial
from uuid import UUID

import pytest

from herkomst.domain import ids
from herkomst.domain.calendar import legal_today
from herkomst.domain.casework.case import CaseRefused
from herkomst.domain.casework.glass import Broken, Glass, Reviewed
from herkomst.domain.casework.request import (
    AccessGranted,
    AccessRefused,
    AccessRequest,
    AccessRequested,
)
from herkomst.domain.casework.reveal import MoreAllowed, Revealed, Reveals
from herkomst.domain.casework.review import Queued, Review
from herkomst.domain.casework.rights import Request
from herkomst.domain.events import Event, EventData
from herkomst.domain.register import keeping
from herkomst.processes import erasure
from herkomst.record import holds, reviews, rights
from herkomst.record.application import envelope, pending, this_moment
from herkomst.record.archive import Archive
from herkomst.record.casework import Seal, Standpoint
from herkomst.record.erasures import Erased, replay
from herkomst.record.requests import act_in_request
from herkomst.record.verification import verify
from tests.archives import TILL, a_dealer, a_seller
from tests.authorising import authorise, end
from tests.processes.retaining import OFFICER as PRIVACY
from tests.processes.retaining import open_case, run, told
from tests.processes.scenes import bought
from tests.projections.following import (
    connected,
    digests,
    facts,
    follow,
    rebuilt,
    rows,
    take_in,
)

OFFICER, REVIEWER = "dev:rechercheur", "dev:toetser"
BY = Standpoint(f"user:{OFFICER}", "wpg:8", "amsterdam")
STREAM = ids.glass_of(OFFICER)
FIRST, SECOND = ids.glass_id(STREAM, 1), ids.glass_id(STREAM, 3)


def over() -> date:
    """The first day on which what is said now is over its term."""
    today = legal_today()
    return date(today.year + 5, today.month, min(today.day, 28)) + timedelta(3)


def reveal(archive: Archive, case: UUID | None = None) -> UUID:
    def revealed(_: Reveals, seal: Seal) -> Revealed:
        return Revealed(
            basis="case" if case else "hit",
            by=OFFICER,
            case=case.hex if case else None,
            presentation="0" * 32,
            purpose="duty:front_desk",
            why=seal("Nodig."),
        )

    archive.casework.in_reveals(OFFICER, revealed, BY)
    follow(archive)
    return ids.reveals_of(OFFICER, legal_today().isoformat())


def break_glass(archive: Archive) -> None:
    def broken(_: Glass, seal: Seal) -> Broken:
        until = datetime.now(UTC) - timedelta(seconds=1)
        return Broken(
            by=OFFICER,
            emergency="life",
            role="district_detective",
            unit="amsterdam",
            until=until.isoformat(timespec="milliseconds"),
            why=seal("Kind vermist."),
        )

    archive.casework.in_glass(OFFICER, broken, BY)
    follow(archive)


def review(archive: Archive) -> None:
    def reviewed(_: Glass, seal: Seal) -> Reviewed:
        return Reviewed(by=REVIEWER, verdict="lawful", why=seal("Het kon niet wachten."))

    archive.casework.in_glass(OFFICER, reviewed, BY)
    follow(archive)


def keys(archive: Archive, *wanted: UUID) -> set[UUID]:
    with connected(archive) as connection:
        return {*archive.casework.vault.keys(connection, wanted)}


def states(archive: Archive) -> dict[UUID, str]:
    return {row["key_id"]: row["state"] for row in rows(archive, "keepings")}


# What must stay


def test_given_a_day_before_the_end_then_nothing_is_told(archive: Archive) -> None:
    reveal(archive)
    break_glass(archive)
    review(archive)

    assert told(archive, over() - timedelta(10)) == {}


def test_given_a_review_that_is_open_then_the_reason_stays(archive: Archive) -> None:
    break_glass(archive)

    assert told(archive, date(2060, 1, 1)) == {}
    run(archive, date(2060, 1, 1))
    assert keys(archive, FIRST) == {FIRST}


def test_given_a_case_that_a_name_was_revealed_for_then_the_reason_stays_as_long_as_that(
    archive: Archive,
) -> None:
    case = open_case(archive, "wpg:9")
    stream = reveal(archive, case)

    (block,) = told(archive, over())[stream].standing.blocks
    assert (block.kind, block.ground) == ("case", "wpg:9")
    run(archive, over())

    assert (keys(archive, stream), states(archive)) == ({stream}, {})


def test_given_two_times_then_each_has_a_key_and_a_clock_of_its_own(archive: Archive) -> None:
    break_glass(archive)
    review(archive)
    break_glass(archive)

    run(archive, over())

    assert keys(archive, FIRST, SECOND, STREAM) == {SECOND}
    with connected(archive) as connection:
        found = archive.casework.recorder.reader.streams(connection, [STREAM])[STREAM]
        key = archive.casework.vault.keys(connection, [SECOND])[SECOND]
    last = found[-1].data
    assert isinstance(last, Broken)
    assert key.open(last.why) == b"Kind vermist."


def with_one_key(archive: Archive) -> None:
    """As it was before each time had a key: what was sealed up to now is sealed by the stream's."""
    _, row = archive.casework.vault.new_key(STREAM)
    with archive.database.transaction() as cursor:
        cursor.execute("INSERT INTO vault.keys VALUES (%s, %s, %s)", row)
        cursor.execute("DELETE FROM vault.keys WHERE key_id = ANY(%s)", ([FIRST, SECOND],))


def test_given_one_that_began_with_one_key_for_all_then_its_verdict_goes_on_with_that(
    archive: Archive,
) -> None:
    break_glass(archive)
    with_one_key(archive)

    review(archive)
    assert keys(archive, FIRST, STREAM) == {STREAM}

    break_glass(archive)
    assert keys(archive, SECOND, STREAM) == {SECOND, STREAM}, "the next has its own"


def test_given_one_key_for_all_then_it_ends_with_the_last_that_it_sealed(archive: Archive) -> None:
    break_glass(archive)
    with_one_key(archive)
    assert told(archive, date(2060, 1, 1)) == {}, "its review is open"
    review(archive)
    break_glass(archive)

    assert told(archive, over() - timedelta(10)) == {}
    (done,) = run(archive, over())

    assert keys(archive, FIRST, SECOND, STREAM) == {SECOND}
    assert [change.kept.id for change in done.changes] == [STREAM]
    assert run(archive, over()) == []


# Holds, requests, authorisations, reviews


GRANTED = ids.authorisation_id(ids.authorisations_of("c0ffee"), "1")


def hold_on(archive: Archive, until: date) -> UUID:
    """A hold, and the data key of its reason."""
    take_in(archive, a_dealer(), bought("held", ("frame", "GZ4711003"), seller=a_seller()))
    purchase = ids.purchase_id(TILL, "held")
    held, _ = holds.place(
        archive.casework, purchase, "purchase", "avg:18", until, "Betwist, zegt hij.", PRIVACY
    )
    follow(archive)
    return held


def ask(archive: Archive, case: UUID | None = None) -> UUID:
    """A request for access, and the data key of its reasons."""

    def asked(_: AccessRequest, seal: Seal) -> AccessRequested:
        return AccessRequested(
            answer_by=soon(),
            by=OFFICER,
            case=case.hex if case else None,
            owner="politie",
            purpose="duty:front_desk",
            record="0" * 32,
            role="district_detective",
            unit="amsterdam",
            why=seal("Nodig."),
        )

    act_in_request(archive.casework, ASKED, asked, BY.actor, BY.custody, begins=True)
    follow(archive)
    return ids.request_id(ASKED, len(archive.casework.history(ASKED)))


ASKED = ids.request_of(UUID(int=0), "dev duty:front_desk")


def refuse(archive: Archive) -> None:
    def refused(state: AccessRequest, seal: Seal) -> AccessRefused:
        why = seal("Geen noodzaak.")
        return AccessRefused(by="a", ground="no_need", request=state.began, why=why)

    act_in_request(archive.casework, ASKED, refused, BY.actor, BY.custody, begins=False)
    follow(archive)


def soon() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def judge(archive: Archive, verdict: bool) -> UUID:
    """A review in which something was asked; and judged, if it is."""
    read = UUID(int=7)
    stream = ids.review_id(read)
    queued = Queued(
        at=soon(),
        explained=False,
        key="r",
        officer="staff:a",
        opening=1,
        path=(),
        purpose="duty:front_desk",
        rank=1,
        read=read.hex,
        role="district_detective",
        rules=(),
        score=0,
        source="staff",
        why="lot",
    )
    event = Event(stream, queued, envelope("process:reviewing", reviews.CUSTODY, this_moment(), 1))
    with archive.database.transaction() as cursor:
        archive.casework.recorder.append(cursor, [pending(event)])

    def asked(state: Review, seal: Seal) -> EventData:
        return state.ask("dev:toetser", seal("Waarom?"))

    def judged(state: Review, seal: Seal) -> EventData:
        return state.judge("dev:toetser", "training", seal("Besproken."))

    for act in (asked, judged) if verdict else (asked,):
        reviews.act_in_review(archive.casework, stream, act, actor="user:dev:toetser")
    follow(archive)
    return stream


def answer(archive: Archive) -> UUID:
    """A request of a person that was answered."""
    today = legal_today()
    request, _ = rights.receive(
        archive.casework, "Testa Voorbeeld", ["avg:15"], today, today, PRIVACY
    )

    def answered(state: Request, seal: Seal) -> EventData:
        return state.answer("withdrawn", seal("Ingetrokken."), None, "a")

    rights.act_on(archive.casework, request, answered, PRIVACY)
    follow(archive)
    return request


def grant(archive: Archive) -> UUID:
    authorise(archive, "c0ffee")
    end(archive, "c0ffee", "1")
    follow(archive)
    return GRANTED


def hold_and_lift(archive: Archive) -> UUID:
    held = hold_on(archive, legal_today() + timedelta(30))
    purchase = ids.purchase_id(TILL, "held")
    holds.lift(archive.casework, purchase, 1, "De klacht is opgelost.", legal_today(), PRIVACY)
    follow(archive)
    return held


def ask_and_refuse(archive: Archive) -> UUID:
    key = ask(archive)
    refuse(archive)
    return key


SAID: Mapping[keeping.Kind, Callable[[Archive], UUID]] = {
    "hold": hold_and_lift,
    "access_request": ask_and_refuse,
    "authorisation": grant,
    "review": partial(judge, verdict=True),
    "person_request": answer,
}


@pytest.mark.parametrize("kind", SAID)
def test_given_a_reason_of_any_kind_that_is_over_then_its_key_goes_and_no_event(
    archive: Archive, kind: keeping.Kind
) -> None:
    key = SAID[kind](archive)
    assert keys(archive, key) == {key}
    before = [fact.state for fact in facts(archive, "casework")]
    assert key not in told(archive, over() - timedelta(10))
    assert told(archive, over())[key].is_due

    run(archive, over())

    assert keys(archive, key) == set()
    assert states(archive)[key] == "destroyed"
    assert [fact.state for fact in facts(archive, "casework")] == before
    stores = {each.store for each in archive.register.acknowledgements(ids.keeping_of(key))}
    assert stores == {"vault", *erasure.SEALED_BY_KIND[kind]}
    assert [f.what for f in verify(archive)] == []
    assert key not in told(archive, over())


@pytest.mark.parametrize("kind", ["hold", "access_request", "authorisation"])
def test_given_a_second_one_on_the_same_then_the_reason_of_the_first_goes_alone(
    archive: Archive, kind: keeping.Kind
) -> None:
    first = SAID[kind](archive)
    if kind == "hold":
        second = hold_on(archive, over() + timedelta(30))
    elif kind == "access_request":
        second = ask(archive, open_case(archive, "wpg:9"))
    else:
        authorise(archive, "c0ffee", days=5 * 366)
        second = ids.authorisation_id(ids.authorisations_of("c0ffee"), "2")
        follow(archive)

    run(archive, over())

    assert keys(archive, first, second) == {second}


def test_given_a_review_without_a_verdict_then_what_was_asked_stays(archive: Archive) -> None:
    key = judge(archive, verdict=False)

    run(archive, over())

    assert keys(archive, key) == {key}


def test_given_a_request_that_nobody_answered_then_it_ends_with_the_term_for_that(
    archive: Archive,
) -> None:
    key = ask(archive)

    run(archive, over())

    assert keys(archive, key) == set()
    with pytest.raises(CaseRefused) as refused:
        refuse(archive)
    assert refused.value.code == "destroyed"
    assert keys(archive, key) == set(), "nothing is begun anew under its name"


def test_given_an_answer_of_before_requests_were_named_then_it_belongs_to_the_last(
    archive: Archive,
) -> None:
    key = ask(archive)

    def granted(_: AccessRequest, seal: Seal) -> AccessGranted:
        until = datetime.now(UTC) + timedelta(400)
        return AccessGranted(by="a", until=until.isoformat(), why=seal("Goed."))

    act_in_request(archive.casework, ASKED, granted, BY.actor, BY.custody, begins=False)
    follow(archive)

    assert key not in told(archive, over())
    assert told(archive, over() + timedelta(401))[key].is_due


# What goes


@pytest.mark.parametrize("kind", ["reveal", "glass"])
def test_given_what_is_over_its_term_then_its_reason_opens_no_more_and_each_store_says_so(
    archive: Archive, kind: keeping.Kind
) -> None:
    key = FIRST
    if kind == "reveal":
        key = reveal(archive)
    else:
        break_glass(archive)
        review(archive)
    before = [fact.state for fact in facts(archive, "casework")]
    assert told(archive, over())[key].is_due

    (done,) = run(archive, over())

    assert keys(archive, key) == set()
    assert states(archive) == {key: "destroyed"}
    assert [fact.state for fact in facts(archive, "casework")] == before, "who and when stays"
    (order,) = done.orders
    stores = {each.store for each in archive.register.acknowledgements(order)}
    assert stores == {"vault", *erasure.SEALED_BY_KIND[kind]}
    assert run(archive, over()) == []
    told_before = digests(archive)
    rebuilt(archive)
    assert digests(archive) == told_before


def test_given_more_that_was_allowed_then_its_reason_goes_with_those_of_that_day(
    archive: Archive,
) -> None:
    def allowed(_: Reveals, seal: Seal) -> MoreAllowed:
        until = datetime.now(UTC).isoformat(timespec="milliseconds")
        return MoreAllowed(by="a", more=5, officer=OFFICER, until=until, why=seal("Reeks."))

    archive.casework.in_reveals(OFFICER, allowed, BY)
    follow(archive)

    run(archive, over())

    assert keys(archive, ids.reveals_of(OFFICER, legal_today().isoformat())) == set()


def test_given_a_restore_to_before_then_it_is_destroyed_again(archive: Archive) -> None:
    stream = reveal(archive)
    listed = [
        Erased("0" * 32, (), "wpg:14", "2030-03-02T00:00:00+00:00", (f"reveal:{stream.hex}",))
    ]

    assert (replay(archive.register, listed), replay(archive.register, listed)) == (1, 0)
    follow(archive)

    assert keys(archive, stream) == set()
