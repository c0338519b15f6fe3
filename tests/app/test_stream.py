"""Hits as they come: who gets them, in which order, and what ends it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from herkomst.access.tokens import KEY_FILE
from herkomst.app import stream as room
from herkomst.record.archive import Archive
from tests.access.test_reading import revoke
from tests.app.events import events, first_hits, stream
from tests.archives import a_dealer
from tests.serving import OFFICER, Served, journal, pair, serving, take_in


@pytest.fixture(autouse=True)
def _brisk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "POLL", 0.01)


@pytest.fixture
def served(archive: Archive, tmp_path: Path) -> Iterator[Served]:
    take_in(archive, a_dealer(), *pair(1), *pair(2, "confidential"), *pair(3, "closed"))
    with serving(archive, tmp_path) as served:
        yield served


class TestWhoGetsNone:
    @pytest.mark.parametrize(
        ("role", "ground"), [("auditor", "wpg:8"), ("boa_1", "sr:437"), ("dealer", "wpg:8")]
    )
    def test_a_role_that_may_not(self, served: Served, role: str, ground: str) -> None:
        with stream(served, role=role, ground=ground) as answer:
            assert answer.status_code == 403
            assert answer.read()

    def test_a_closed_item_makes_none_and_a_withheld_one_tells_only_that(
        self, served: Served
    ) -> None:
        open_one, withheld = first_hits(served, 2, after=0)

        assert open_one["stolen"]["identifiers"] == [{"type": "frame", "value": "GZ47110001"}]
        assert withheld["stolen"] == {
            "withheld": {"reason": "handling_confidential", "contact": "politie"}
        }
        assert (withheld["grade"], withheld["reasons"]) == (None, [])

    def test_the_authorised_officer_gets_all(self, served: Served) -> None:
        assert [card["revision"] for card in first_hits(served, 3, after=0, role=OFFICER)] == [
            1,
            2,
            3,
        ]


class TestOrder:
    def test_a_card_is_what_the_page_draws(self, served: Served) -> None:
        (card,) = first_hits(served, 1, after=0)

        purchase = card["purchase"]
        assert (card["grade"], card["time"], card["state"]) == ("full_hit", "after", "found")
        assert purchase["establishment"] == purchase["dealer"] == "Winkel Voorbeeld"
        assert purchase["municipality"]["name"] == "Amsterdam"
        assert (purchase["register_number"], purchase["line"]) == (1, 1)
        assert purchase["price"] == {"amount": "80.00", "currency": "EUR"}
        assert purchase["acquired"]["from"] == "2026-03-02T14:05:00+01:00"
        assert card["stolen"]["stolen"]["to"] == "2026-03-01T08:00:00+01:00"

    def test_it_resumes_behind_what_was_seen_last(self, served: Served) -> None:
        by_query = first_hits(served, 1, after=1)
        by_header = first_hits(served, 1, last_event_id="1")

        assert [card["revision"] for card in by_query + by_header] == [2, 2]

    def test_it_begins_with_what_comes_from_now_on(self, served: Served) -> None:
        """Given an open stream, when a hit is found, then it comes, and no earlier one."""
        with stream(served) as answer:
            following = events(answer.iter_lines())
            assert "comment" in next(following)
            take_in(served.archive, *pair(4))

            event = next(e for e in following if "event" in e)

        assert event["id"] == "4"

    def test_it_shows_a_sign_of_life_where_nothing_comes(
        self, served: Served, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(room, "HEARTBEAT", 0.01)

        with stream(served) as answer:
            following = events(answer.iter_lines())
            assert [next(following).keys() for _ in range(3)] == [{"comment"}] * 3

    @pytest.mark.parametrize("after", ["x", "-1", "1.5", "9" * 19])
    def test_what_is_no_revision_is_refused(self, served: Served, after: str) -> None:
        with stream(served, after=after) as answer:
            assert answer.status_code == 400


class TestJournal:
    def test_each_push_is_written_before_it_is_sent(self, served: Served) -> None:
        with stream(served, after=0) as answer:
            following = (e for e in events(answer.iter_lines()) if "event" in e)
            assert [next(following)["id"], next(following)["id"]] == ["1", "2"]
            (first,) = journal(served.archive)
            take_in(served.archive, *pair(4))
            assert next(following)["id"] == "4"
            (_, second) = journal(served.archive)

        assert (first.way, first.purpose) == ("stream", "duty:acceptance")
        assert sum(i.startswith("hit:") for i in first.returned) == 2
        assert sum(i.startswith("hit:") for i in second.returned) == 1

    def test_a_quiet_stream_leaves_no_entry(self, served: Served) -> None:
        with stream(served) as answer:
            next(events(answer.iter_lines()))

        assert journal(served.archive) == []


class TestEnds:
    def ended(self, served: Served) -> str:
        """The word with which the stream ended, and nothing before it but comments."""
        with stream(served, after=0) as answer:
            told = [event for event in events(answer.iter_lines()) if "event" in event]
        (end,) = told
        assert end["event"] == "end"
        return end["data"]

    def test_where_the_journal_cannot_be_written(self, served: Served) -> None:
        revoke(served.archive)

        assert self.ended(served) == '{"code":"journal_unavailable"}'

    def test_with_the_token(self, served: Served) -> None:
        """Given an open stream, when its token is no longer good, then nothing more comes."""
        with stream(served) as answer:
            following = events(answer.iter_lines())
            next(following)
            (served.settings.home / KEY_FILE).unlink()

            assert next(e for e in following if "event" in e)["data"] == '{"code":"token_invalid"}'

    def test_there_is_room_for_so_many(
        self, served: Served, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(room, "STREAMS", 1)

        with stream(served) as first:
            following = events(first.iter_lines())
            next(following)
            with stream(served) as second:
                assert second.status_code == 503
                assert second.headers["retry-after"]
