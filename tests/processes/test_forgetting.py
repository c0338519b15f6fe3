"""The journal's own clock: what was asked is forgotten, who asked is not."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from herkomst.access.reading import Asked, Question, Returned, write
from herkomst.access.viewer import Role, operator
from herkomst.domain import ids
from herkomst.domain.calendar import add_term, legal_date
from herkomst.domain.register.keeping import JournalDestroyed
from herkomst.processes import forgetting
from herkomst.record.archive import Archive
from herkomst.record.verification import verify
from tests.projections.following import connected, facts
from tests.readings import under


def over() -> date:
    """The first day on which what is asked now is over its term."""
    return add_term(legal_date(datetime.now(UTC)), 5, "year")


@pytest.fixture
def asked(archive: Archive) -> Archive:
    """Three questions."""
    reading = under(operator(Role.PRIVACY_OFFICER), "duty:retention", "avg:5")
    for n in range(3):
        entry = Asked(archive, reading, Question("hits", {"n": n}, "command"))
        write(archive, entry.read(Returned()))
    return archive


def keys(archive: Archive) -> int:
    streams = [fact.stream for fact in facts(archive, "journal")]
    with connected(archive) as connection:
        return len(archive.journal.vault.keys(connection, streams))


def told(archive: Archive) -> list[tuple[int, int]]:
    said: list[Any] = [fact.data for fact in facts(archive, "register")]
    return [(d.after, d.until) for d in said if isinstance(d, JournalDestroyed)]


def test_given_a_day_before_the_end_of_its_term_then_nothing_is_forgotten(asked: Archive) -> None:
    assert list(forgetting.forget(asked, over() - timedelta(1))) == []
    assert (keys(asked), told(asked)) == (3, [])


def test_given_what_is_over_its_term_then_no_question_opens_and_who_asked_stays(
    asked: Archive,
) -> None:
    before = facts(asked, "journal")

    assert forgetting.due(asked, over()) == 3
    assert list(forgetting.forget(asked, over())) == [ids.journal_keeping()]
    assert forgetting.due(asked, over()) == 0

    assert keys(asked) == 0
    assert [f.state for f in facts(asked, "journal")] == [f.state for f in before]
    assert told(asked) == [(0, 3)]
    stores = asked.register.acknowledgements(ids.journal_keeping())
    assert [each.store for each in stores] == ["vault", "journal"]
    assert list(verify(asked)) == []


def test_given_a_run_that_was_cut_off_then_the_next_goes_on_and_a_third_does_nothing(
    asked: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forgetting, "PAGE", 2)
    next(iter(forgetting.forget(asked, over())))
    assert (keys(asked), told(asked)) == (1, [(0, 2)])

    assert len(list(forgetting.forget(asked, over()))) == 1
    assert list(forgetting.forget(asked, over())) == []

    assert (keys(asked), told(asked)) == (0, [(0, 2), (2, 3)])


def test_given_no_entry_then_nothing_is_forgotten(archive: Archive) -> None:
    assert list(forgetting.forget(archive, over())) == []


def test_given_a_day_on_which_no_row_holds_then_nothing_is_forgotten(asked: Archive) -> None:
    assert list(forgetting.forget(asked, date(2018, 1, 1))) == []
