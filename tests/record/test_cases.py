from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from herkomst.domain.casework.case import CaseRefused
from herkomst.domain.events import Envelope, decode
from herkomst.record.archive import Archive
from herkomst.record.casework import CaseErased, CaseOpened, Opening, UnknownCase
from herkomst.record.vault import destroy
from tests.record.holding import Stored, assert_holds, stored, topics

LEADER = "user:teamleider"
OPENING = Opening(
    title="Onderzoek Rijwiel",
    lead="teamleider",
    unit="amsterdam",
    article="wpg:9",
    handling="confidential",
    aim="Wie brengt de fietsen?",
)


def enveloped(row: Stored) -> Envelope:
    return decode(row.topic, row.state).envelope


def opened(archive: Archive, handling: str = "confidential") -> CaseOpened:
    return archive.casework.open_case(OPENING._replace(handling=handling), actor=LEADER)


def test_given_an_opening_then_the_case_has_the_next_number_of_its_year(archive: Archive) -> None:
    first, second = opened(archive, "open"), opened(archive, "consent")

    year = datetime.now(UTC).year
    assert (first.number, second.number) == (f"{year}-0001", f"{year}-0002")
    assert first.id != second.id
    assert topics(archive, "casework") == ["casework.case.opened", "casework.case.numbered"] * 2
    assert_holds(archive, "casework")


@pytest.mark.parametrize("handling", ["confidential", "closed"])
def test_given_secret_cases_then_no_gap_between_the_others_tells_of_them(
    archive: Archive, handling: str
) -> None:
    year = datetime.now(UTC).year
    before = opened(archive, "open")
    secret = [opened(archive, handling) for _ in range(3)]
    after = opened(archive, "open")

    assert (before.number, after.number) == (f"{year}-0001", f"{year}-0002")
    assert [case.number for case in secret] == [f"{year}-V{n:04}" for n in (1, 2, 3)]
    assert_holds(archive, "casework")


@pytest.mark.parametrize("handling", ["open", "closed"])
def test_given_a_number_then_the_case_of_that_series_stands(
    archive: Archive, handling: str
) -> None:
    opened(archive, "open" if handling == "closed" else "closed")
    case = opened(archive, handling)

    standing = archive.standings.case(case.number)

    assert standing is not None
    assert standing.id == case.id
    assert archive.standings.case(case.number.replace("0001", "00001")) is None


def test_given_many_who_open_at_once_then_no_number_is_missing_or_twice(archive: Archive) -> None:
    with ThreadPoolExecutor(4) as pool:
        cases = list(pool.map(lambda _: opened(archive), range(12)))

    assert sorted(case.number[-4:] for case in cases) == [f"{n:04}" for n in range(1, 13)]
    assert_holds(archive, "casework")


def test_given_an_opening_then_its_texts_are_sealed_and_its_custody_is_complete(
    archive: Archive,
) -> None:
    opened(archive)

    states = b"".join(row.state for row in stored(archive, "casework"))
    assert b"Rijwiel" not in states
    assert b"fietsen" not in states
    envelope = enveloped(stored(archive, "casework")[0])
    assert (envelope.ground, envelope.regime) == ("wpg:9", "wpg:9")
    assert (envelope.unit, envelope.handling) == ("amsterdam", "confidential")
    assert envelope.actor == LEADER


def test_given_a_case_when_something_is_done_in_it_then_it_is_under_its_custody(
    archive: Archive,
) -> None:
    case = opened(archive)

    at = archive.casework.in_case(
        case.id, lambda state, seal: state.note("fact", seal("Zeven fietsen."), None), actor=LEADER
    )

    last = stored(archive, "casework")[-1]
    assert (last.position, last.topic) == (at, "casework.case.note_written")
    assert b"Zeven" not in last.state
    envelope = enveloped(last)
    assert (envelope.regime, envelope.unit, envelope.handling) == (
        "wpg:9",
        "amsterdam",
        "confidential",
    )


def test_given_a_case_that_was_handed_over_then_what_follows_is_of_the_new_unit(
    archive: Archive,
) -> None:
    case, now = opened(archive), datetime.now(UTC)
    in_case = archive.casework.in_case
    in_case(
        case.id, lambda s, seal: s.hand_over("utrecht", "opvolger", seal("ruil"), now), actor=LEADER
    )

    in_case(case.id, lambda s, seal: s.state_aim(seal("Opnieuw.")), actor="user:opvolger")

    envelope = enveloped(stored(archive, "casework")[-1])
    assert envelope.unit == "utrecht"


def test_given_what_the_case_refuses_then_nothing_is_added(archive: Archive) -> None:
    case = opened(archive)

    with pytest.raises(CaseRefused):
        archive.casework.in_case(case.id, lambda s, _: s.close("ander"), actor=LEADER)

    assert len(stored(archive, "casework")) == 2


def test_given_two_who_close_at_once_then_one_of_them_is_refused(archive: Archive) -> None:
    case, now = opened(archive), datetime.now(UTC)
    in_case = archive.casework.in_case
    in_case(
        case.id,
        lambda s, _: s.join("collega", "reader", now + timedelta(1), None, now),
        actor=LEADER,
    )
    in_case(case.id, lambda s, seal: s.propose_closing("collega", seal("klaar")), actor=LEADER)

    def close(by: str) -> bool:
        try:
            in_case(case.id, lambda s, _: s.close(by), actor=f"user:{by}")
        except CaseRefused:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(close, ["een", "twee"])) == [False, True]


def test_given_an_id_of_no_case_then_it_is_named(archive: Archive) -> None:
    with pytest.raises(UnknownCase, match=str(UUID(int=7))):
        archive.casework.in_case(UUID(int=7), lambda s, _: s.close("x"), actor=LEADER)


def test_given_a_case_whose_key_was_destroyed_then_nothing_more_is_written_in_it(
    archive: Archive,
) -> None:
    case = opened(archive)
    with archive.database.transaction() as cursor:
        destroy(cursor, [case.id])

    with pytest.raises(CaseErased):
        archive.casework.in_case(case.id, lambda s, seal: s.state_aim(seal("x")), actor=LEADER)
