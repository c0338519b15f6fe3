"""One snapshot an operation, read while models are swapped and dropped."""

import asyncio

import psycopg
import pytest
from psycopg.sql import SQL

from herkomst.access.policy import Action
from herkomst.access.reading import Returned
from herkomst.investigations import freshness, hits, inquiry
from herkomst.investigations.freshness import InvalidWaitFor, Stale, parse_wait_for, wait
from herkomst.investigations.inquiry import Desk, Inquiry, TooSlow
from herkomst.investigations.pages import Page
from herkomst.processes.followers import followers
from herkomst.projections.hits import Hits
from herkomst.projections.rebuild import rebuild
from herkomst.projections.registry import ModelBehind, ModelMissing
from herkomst.record.archive import Archive
from herkomst.record.database import DatabaseDown, connect
from herkomst.record.postgres import EmbeddedPostgres
from tests.archives import a_dealer, make_archive
from tests.investigations.inquiring import allowed, at_desk, inquire
from tests.serving import follow, pair, take_in

PERMITTED = allowed(Action.READ_HITS)


def rebuild_hits(archive: Archive) -> None:
    with connect(archive.urls.app, "rebuild") as connection:
        rebuild(connection, followers(archive), ["hits"])


class TestSnapshot:
    def test_an_inquiry_sees_one_moment(self, archive: Archive) -> None:
        take_in(archive, a_dealer(), *pair(1))

        async def ask(inquiry: Inquiry) -> tuple[int, int]:
            before = len((await hits.page(PERMITTED, inquiry, Page(10))).nodes)
            await asyncio.to_thread(take_in, archive, *pair(2))
            after = len((await hits.page(PERMITTED, inquiry, Page(10))).nodes)
            assert inquiry.positions["casework"] == 1
            return before, after

        assert inquire(archive, ask) == (1, 1)

    def test_a_model_may_be_rebuilt_between_two_inquiries(self, archive: Archive) -> None:
        take_in(archive, a_dealer(), *pair(1))

        async def work(desk: Desk) -> list[str | None]:
            found = []
            for _ in range(3):
                async with Inquiry(desk, Returned()) as question:
                    page = await hits.page(PERMITTED, question, Page(10))
                    found += [page.page_info.end_cursor]
                await asyncio.to_thread(rebuild_hits, archive)
            return found

        first, *others = at_desk(archive, work)

        assert first is not None
        assert others == [first, first]


class TestWhatFails:
    def test_a_model_that_is_not_built_is_named(self, server: EmbeddedPostgres) -> None:
        async def ask(question: Inquiry) -> object:
            return await hits.page(PERMITTED, question, Page(10))

        with make_archive(server) as nobody_followed, pytest.raises(ModelMissing):
            inquire(nobody_followed, ask)

    def test_a_model_that_is_being_built_anew_after_an_upgrade_is_named(
        self, archive: Archive, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        follow(archive)

        async def ask(question: Inquiry) -> object:
            return await question.rows(SQL("SELECT a_new_column FROM {hits}"), {})

        with pytest.raises(psycopg.errors.UndefinedColumn):
            inquire(archive, ask)
        monkeypatch.setattr(Hits, "version", Hits.version + 1)
        with pytest.raises(ModelBehind, match="hits"):
            inquire(archive, ask)

    def test_a_statement_that_takes_too_long_is_given_up(
        self, archive: Archive, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        follow(archive)
        monkeypatch.setattr(inquiry, "STATEMENT_TIMEOUT", 0.01)

        async def ask(question: Inquiry) -> object:
            return await question.rows(SQL("SELECT pg_sleep(10)"), {})

        with pytest.raises(TooSlow):
            inquire(archive, ask)

    def test_a_database_that_is_gone_is_named(self, server: EmbeddedPostgres) -> None:
        with make_archive(server) as archive:
            follow(archive)
            gone = archive._replace(urls=archive.urls._replace(read="postgresql:///x?host=/x"))

        async def work(desk: Desk) -> None:
            desk.pool.timeout = 0.01
            async with Inquiry(desk, Returned()) as question:
                await question.rows(SQL("SELECT 1"), {})

        with pytest.raises(DatabaseDown):
            at_desk(gone, work)

    def test_nothing_is_written_over_an_inquiry(self, archive: Archive) -> None:
        follow(archive)

        async def ask(question: Inquiry) -> object:
            return await question.rows(SQL("DELETE FROM {hits} RETURNING hit"), {})

        with pytest.raises(Exception, match="read-only transaction"):
            inquire(archive, ask)


class TestReadYourWrites:
    def test_what_was_matched_is_waited_for(self, archive: Archive) -> None:
        """Given a pair that nobody followed yet, when it is waited for, then its hit is there."""
        follow(archive)
        receipts = archive.register.take_in(
            list(enumerate([a_dealer(), *pair(1)], 1)), actor="source:kassa"
        )
        last = receipts[-1].position
        assert last is not None

        async def work(desk: Desk) -> int:
            following = asyncio.create_task(asyncio.to_thread(follow, archive))
            await wait(desk, {"register": last})
            async with Inquiry(desk, Returned()) as question:
                found = len((await hits.page(PERMITTED, question, Page(10))).nodes)
            await following
            return found

        assert at_desk(archive, work) == 1

    def test_what_does_not_come_is_stale_and_does_not_say_how_much_there_is(
        self, archive: Archive, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(freshness, "PATIENCE", 0.05)
        take_in(archive, a_dealer(), *pair(1))

        with pytest.raises(Stale) as stale:
            at_desk(archive, lambda desk: wait(desk, {"register": 99}))

        assert stale.value.message.endswith("still before register=99.")

    def test_where_nobody_follows_everything_is_stale(
        self, archive: Archive, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(freshness, "PATIENCE", 0.05)

        with pytest.raises(Stale):
            at_desk(archive, lambda desk: wait(desk, {"casework": 1}))

    def test_nothing_is_waited_for_where_nothing_is_asked(self, archive: Archive) -> None:
        at_desk(archive, lambda desk: wait(desk, {}))

    @pytest.mark.parametrize(
        ("header", "wanted"),
        [
            (None, {}),
            ("", {}),
            ("register=41", {"register": 41}),
            ("register=41,casework=7", {"register": 41, "casework": 7}),
            ("casework=7, register=41", {"register": 41, "casework": 7}),
        ],
    )
    def test_the_header_is_read(self, header: str | None, wanted: dict[str, int]) -> None:
        assert parse_wait_for(header) == wanted

    @pytest.mark.parametrize("header", ["41", "register", "journal=1", "register=-1", "a=1,", ","])
    def test_another_header_is_refused(self, header: str) -> None:
        with pytest.raises(InvalidWaitFor):
            parse_wait_for(header)
