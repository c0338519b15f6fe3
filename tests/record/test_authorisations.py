"""Authorisations in the record: what holds is what was committed last."""

from datetime import UTC, datetime, timedelta

import pytest

from herkomst.domain import ids
from herkomst.domain.casework.authorisation import AuthorisationRefused
from herkomst.record import authorisations
from herkomst.record.archive import Archive
from tests.authorising import authorise, end

SUBJECT = "c0ffee00-0000-4000-8000-000000000001"


def test_given_none_then_nothing_holds(archive: Archive) -> None:
    assert authorisations.holding(archive.casework, SUBJECT, datetime.now(UTC)) == []


def test_given_one_when_it_is_ended_then_it_holds_no_more_at_once(archive: Archive) -> None:
    granted = authorise(archive, SUBJECT, "hic_team", "utrecht")

    (held,) = authorisations.holding(archive.casework, SUBJECT, datetime.now(UTC))
    assert (held.name, held.role, held.unit) == ("1", "hic_team", "utrecht")
    assert granted.id == ids.authorisation_id(ids.authorisations_of(SUBJECT), "1")

    ended = end(archive, SUBJECT, "1")

    assert authorisations.holding(archive.casework, SUBJECT, datetime.now(UTC)) == []
    assert ended.position == granted.position + 1


def test_given_its_term_ended_then_it_holds_no_more(archive: Archive) -> None:
    authorise(archive, SUBJECT, days=1)

    later = datetime.now(UTC) + timedelta(days=1)
    assert authorisations.holding(archive.casework, SUBJECT, later) == []


def test_what_is_refused_is_not_recorded(archive: Archive) -> None:
    with pytest.raises(AuthorisationRefused):
        authorise(archive, SUBJECT, by=SUBJECT)
    with pytest.raises(AuthorisationRefused):
        authorise(archive, SUBJECT, why=" ")

    assert archive.casework.history(ids.authorisations_of(SUBJECT)) == []


def test_the_reasons_of_one_are_sealed_with_a_key_of_its_own(archive: Archive) -> None:
    first = authorise(archive, SUBJECT, why="op verzoek van Testa Voorbeeld").id
    end(archive, SUBJECT, "1", why="overgeplaatst")
    second = authorise(archive, SUBJECT).id

    stream = ids.authorisations_of(SUBJECT)
    granted, ended, _ = archive.casework.history(stream)
    with archive.database.connection() as connection:
        keys = archive.casework.vault.keys(connection, [stream, first, second])
    assert keys.keys() == {first, second}
    key = keys[first]
    assert key.open(granted.why) == b"op verzoek van Testa Voorbeeld"  # type: ignore[attr-defined]
    assert key.open(ended.why) == b"overgeplaatst"  # type: ignore[attr-defined]
