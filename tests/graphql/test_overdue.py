"""Reviews that nobody judges: their term lapses, once, and somebody else is told (scenario S2)."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from herkomst.access.viewer import Role
from herkomst.domain import ids
from herkomst.domain.casework import glass, review
from herkomst.domain.casework.glass import Broken, Glass
from herkomst.domain.events import Event, EventData
from herkomst.domain.journal import Read
from herkomst.record.application import envelope, pending, this_moment
from herkomst.record.archive import Archive
from herkomst.record.casework import Seal, Standpoint
from herkomst.record.reviews import CUSTODY
from tests.archives import a_dealer
from tests.serving import Served, follow, pair, serving, take_in

OFFICER = "dev:district_detective@amsterdam"
PRIVACY = {"role": "privacy_officer", "purpose": "duty:review", "ground": "wpg:32a"}
AUDITOR = {"role": "auditor", "purpose": "duty:review", "ground": "wpg:33"}
REVIEWER = {"role": "access_reviewer", "purpose": "duty:review", "ground": "wpg:32a"}
LAPSED = ("casework.glass.review_lapsed", "review.lapsed")
LONG_AGO = timedelta(days=30)


@pytest.fixture
def served(archive: Archive, tmp_path: Path) -> Iterator[Served]:
    take_in(archive, a_dealer(), *pair(1))
    with serving(archive, tmp_path) as served:
        yield served


def broken(archive: Archive, ago: timedelta, unit: str = "amsterdam") -> None:
    """A glass that the officer broke, and that held until so long ago."""

    def act(_: Glass, seal: Seal) -> EventData:
        return Broken(
            by=OFFICER,
            emergency="life",
            role="district_detective",
            unit=unit,
            until=(datetime.now(UTC) - ago).isoformat(timespec="milliseconds"),
            why=seal("Kind vermist."),
        )

    archive.casework.in_glass(OFFICER, act, Standpoint(f"user:{OFFICER}", "wpg:8", unit))


def queued(served: Served, source: str = review.REAL) -> UUID:
    """A review of a read that the officer made."""
    look(served)
    with served.archive.database.connection() as connection:
        facts = served.archive.journal.recorder.reader.after(connection, 0, 1_000)
    read = next(f for f in facts if isinstance(f.data, Read) and f.data.user == OFFICER)
    data = review.Queued(
        at=read.recorded_at.isoformat(),
        explained=False,
        key=read.stream.hex,
        officer=OFFICER,
        opening=1,
        path=("Nothing that was recorded explains it.",),
        purpose="duty:front_desk",
        rank=1,
        read=read.stream.hex,
        role="district_detective",
        rules=(),
        score=6,
        source=source,
        why="rank",
    )
    stream = ids.review_id(read.stream)
    event = Event(stream, data, envelope("process:reviewing", CUSTODY, this_moment(), 1))
    with served.archive.database.transaction() as cursor:
        served.archive.casework.recorder.append(cursor, [pending(event)])
    follow(served.archive)
    return stream


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reads are to be judged as soon as they are queued."""
    monkeypatch.setattr(review, "judge_by", lambda queued_at: queued_at)


def look(served: Served) -> None:
    """Somebody reads, by which the process learns how late it is."""
    served.told("{ hits(first: 1) { nodes { id } } }")
    follow(served.archive)


def lapsed(archive: Archive) -> list[str]:
    with archive.database.connection() as connection:
        facts = archive.casework.recorder.reader.after(connection, 0, 10_000)
    return [fact.topic for fact in facts if fact.topic in LAPSED]


def overdue(served: Served, **who: str) -> list[Any]:
    fields = "id kind officer role since judgeBy"
    return served.nodes("overdueReviews(first: 10)", fields, **(who or PRIVACY))


def done(served: Served, mutation: str, **who: str) -> Any:
    more = "... on GlassRefused { code }" if "Glass" in mutation else ""
    (told,) = served.told(
        f"mutation {{ {mutation} {{ __typename {more} }} }}", None, **who
    ).values()
    follow(served.archive)
    return told


BREAK = 'breakGlass(emergency: life, why: "Weer een kind vermist.")'


class TestWhoIsNotTold:
    def test_whoever_lets_it_lapse_and_whoever_is_reviewed(self, served: Served) -> None:
        broken(served.archive, LONG_AGO)
        follow(served.archive)
        query = "{ overdueReviews(first: 1) { nodes { id } refused { __typename } } }"
        for role in set(Role) - {Role.PRIVACY_OFFICER, Role.AUDITOR}:
            for ground in ("wpg:32a", "wpg:33"):
                who = {"role": role.value, "purpose": "duty:review", "ground": ground}

                told = served.told(query, None, **who)["overdueReviews"]

                assert told == {"nodes": None, "refused": {"__typename": "NotPermitted"}}

    def test_who_oversees_those_of_another_controller(self, served: Served) -> None:
        broken(served.archive, LONG_AGO)
        look(served)

        assert overdue(served, **PRIVACY, unit="kmar-schiphol") == []
        assert len(overdue(served)) == 1

    def test_of_what_is_still_in_its_term_nobody(self, served: Served) -> None:
        broken(served.archive, timedelta(days=6))
        queued(served)
        look(served)

        assert lapsed(served.archive) == []
        assert overdue(served) == overdue(served, **AUDITOR) == []


class TestAGlass:
    def test_that_nobody_judged_lapses_once_and_is_told(self, served: Served) -> None:
        broken(served.archive, LONG_AGO)
        for _ in range(3):
            look(served)

        (told,) = overdue(served)

        assert lapsed(served.archive) == ["casework.glass.review_lapsed"]
        assert (told["kind"], told["officer"]) == ("glass", OFFICER)
        assert told["role"] == "district_detective"
        assert datetime.fromisoformat(told["judgeBy"]) > datetime.fromisoformat(told["since"])
        assert overdue(served, **AUDITOR) == [told]
        (shown,) = served.nodes("glasses(first: 10)", "id verdict overdue", **REVIEWER)
        assert shown == {"id": told["id"], "verdict": None, "overdue": True}

    def test_does_not_reopen_the_door(self, served: Served) -> None:
        broken(served.archive, LONG_AGO)
        look(served)

        assert done(served, BREAK)["code"] == "review_open"
        assert lapsed(served.archive) == ["casework.glass.review_lapsed"]

    def test_is_still_judged_and_then_a_new_one_may_begin(self, served: Served) -> None:
        broken(served.archive, LONG_AGO)
        look(served)
        (told,) = overdue(served)
        judged = f'reviewGlass(id: "{told["id"]}", verdict: training, why: "Te laat bekeken.")'

        assert done(served, judged, **REVIEWER)["__typename"] == "GlassChanged"

        assert overdue(served) == []
        assert done(served, BREAK)["__typename"] == "GlassChanged"
        look(served)
        assert len(lapsed(served.archive)) == 1

    def test_that_was_judged_in_time_does_not_lapse(self, served: Served) -> None:
        broken(served.archive, timedelta(hours=1))
        follow(served.archive)
        (shown,) = served.nodes("glasses(first: 1)", "id overdue", **REVIEWER)
        judged = f'reviewGlass(id: "{shown["id"]}", verdict: lawful, why: "Het kon niet wachten.")'
        done(served, judged, **REVIEWER)
        look(served)

        assert not shown["overdue"]
        assert lapsed(served.archive) == []


@pytest.mark.usefixtures("at_once")
class TestARead:
    def test_that_nobody_judged_lapses_once_and_is_told(self, served: Served) -> None:
        stream = queued(served)
        for _ in range(3):
            look(served)

        (told,) = overdue(served)

        assert lapsed(served.archive) == ["review.lapsed"]
        assert (told["id"], told["kind"], told["officer"]) == (str(stream), "read", OFFICER)
        (shown,) = served.nodes("reviewQueue(first: 1)", "id state overdue", **REVIEWER)
        assert shown == {"id": str(stream), "state": "queued", "overdue": True}

    def test_is_still_judged(self, served: Served) -> None:
        stream = queued(served)
        look(served)
        verdict = f'giveVerdict(review: "{stream}", verdict: lawful)'

        told = done(served, verdict, **REVIEWER)

        assert told["__typename"] == "ReviewDone"
        assert overdue(served) == []
        (shown,) = served.nodes("reviewQueue(first: 1)", "state overdue", **REVIEWER)
        assert shown == {"state": "decided", "overdue": False}

    def test_that_was_rehearsed_need_not_be_judged(self, served: Served) -> None:
        queued(served, source="personeel")
        look(served)

        assert lapsed(served.archive) == []
        assert overdue(served) == []


def test_the_terms_are_data_with_a_validity() -> None:
    ended = datetime(2026, 3, 2, 13, 5, tzinfo=UTC)

    assert glass.judge_by(ended) == datetime(2026, 3, 9, 23, 0, tzinfo=UTC)
    assert review.judge_by(ended) == datetime(2026, 3, 30, 22, 0, tzinfo=UTC)
