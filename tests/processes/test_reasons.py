"""Why names were revealed and the glass was broken: kept as long as control needs it, then gone."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from herkomst.domain import ids
from herkomst.domain.calendar import legal_today
from herkomst.domain.casework.glass import Broken, Glass, Reviewed
from herkomst.domain.casework.reveal import MoreAllowed, Revealed, Reveals
from herkomst.domain.register import keeping
from herkomst.processes import erasure
from herkomst.record.archive import Archive
from herkomst.record.casework import Seal, Standpoint
from herkomst.record.erasures import Erased, replay
from tests.processes.retaining import open_case, run, told
from tests.projections.following import connected, digests, facts, follow, rebuilt, rows

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


def test_given_what_began_with_one_key_for_all_then_it_goes_on_with_that(archive: Archive) -> None:
    _, row = archive.casework.vault.new_key(STREAM)
    with archive.database.transaction() as cursor:
        cursor.execute("INSERT INTO vault.keys VALUES (%s, %s, %s)", row)

    break_glass(archive)

    assert keys(archive, FIRST, STREAM) == {STREAM}


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
