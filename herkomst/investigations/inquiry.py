"""An inquiry: one operation's view of the read models, at one moment, over one connection.

All that it reads belongs to one snapshot, so what an answer says of its moment holds for all of it.
The tables of the live generations are locked against being dropped while they are read; when one
was swapped away in between, the inquiry begins once more.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, contextmanager
from datetime import datetime
from types import TracebackType
from typing import Any, LiteralString, NamedTuple, Self
from uuid import UUID

import anyio
import psycopg
from psycopg import AsyncConnection, AsyncRawCursor
from psycopg.rows import namedtuple_row
from psycopg.sql import SQL, Composed
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from herkomst.access.reading import Returned
from herkomst.domain import ids
from herkomst.investigations.live import BEGIN, Live, Ready, understood
from herkomst.investigations.pages import COUNTED, NEWEST, Count, Cursors, InvalidPage
from herkomst.projections.registry import ModelBehind
from herkomst.record.archive import Archive
from herkomst.record.database import RECONNECT, DatabaseDown, Row, Undecoded, is_silent, options
from herkomst.record.vault import DataKey, KeyRow, key_of_part
from herkomst.search import configured
from herkomst.search.engines import Engine, Remote
from herkomst.search.postgres import PostgresEngine

Pool = AsyncConnectionPool[AsyncConnection[Row]]
CONNECTION_TIMEOUT = 5.0
"""Seconds that a question waits for a connection before the database counts as down."""
STATEMENT_TIMEOUT = 5
"""Seconds that one statement of a question may take."""

_FROM_REGISTER = frozenset({"purchase", "stolen_item", "presentation", "dealer", "establishment"})
"""Kinds whose revision is a position of the register; that of others is one of casework."""
_SWAPS = 5
"""How often an inquiry begins anew because models are swapped at that moment."""
_AS_IT_IS, _COUNTED = SQL("{}"), SQL("SELECT count(*) AS found FROM ({}) AS listed")
# What is only compared is read by who works in a case that it is in; the vault by nobody.
_READABLE: LiteralString = (
    "NOT EXISTS (SELECT FROM {keepings} r WHERE r.key_id = k.key_id "
    "AND r.key_id = ANY(%(ids)s) "
    "AND NOT (r.state = 'comparable' AND (r.key_id IS NOT DISTINCT FROM %(own_case)s "
    "OR r.key_id IN {sold_in_case} OR r.key_id IN (SELECT g.stolen_item {by_hit}))))"
)
_OF_STREAMS: LiteralString = (
    "SELECT k.key_id, k.wrapped, k.kek FROM vault.keys k WHERE k.key_id = ANY(%(ids)s) AND "
)
# A part whose own key was destroyed is not opened with another.
_OF_STREAM_NOT_DESTROYED: LiteralString = (
    "CASE WHEN NOT EXISTS "
    "(SELECT FROM record.register_events e WHERE e.originator_id = p.telling) THEN p.stream END"
)
_OF_PARTS: LiteralString = (
    "SELECT p.part, k.key_id, k.wrapped, k.kek "
    "FROM unnest(%(ids)s::uuid[], %(streams)s::uuid[], %(tellings)s::uuid[]) "
    "AS p (part, stream, telling) JOIN vault.keys k ON k.key_id = "
    + key_of_part("p.part", _OF_STREAM_NOT_DESTROYED)
    + " WHERE "
)
_KEYS, _PART_KEYS = SQL(_OF_STREAMS + _READABLE), SQL(_OF_PARTS + _READABLE)
_VAULT_KEY = SQL(
    "SELECT k.key_id, k.wrapped, k.kek FROM vault.keys k JOIN {keepings} r USING (key_id) "
    "WHERE k.key_id = %(id)s AND r.state = 'vault'"
)


class TooSlow(Exception):
    """The question takes longer than a question may."""

    code = "too_slow"
    message = f"A statement of this question takes longer than {STATEMENT_TIMEOUT} seconds."
    cure = "Narrow the question: a shorter period, one establishment, a smaller page."

    def __init__(self) -> None:
        super().__init__(f"{self.message} {self.cure}")


class Latest:
    """The tables that were found live last; the next inquiry locks them before it looks itself."""

    live: Live | None = None


class Desk(NamedTuple):
    """What questions are answered with."""

    archive: Archive
    pool: Pool
    cursors: Cursors
    latest: Latest
    primary: Pool
    """Where search by the database is asked: the same pool, but where reads go to a replica."""
    outside: Remote | None
    """What answers searches outside of the database, where that is configured."""

    async def aclose(self) -> None:
        """Let go of what is outside of the database."""
        if self.outside is not None:
            await self.outside.close()


def open_desk(archive: Archive, *, size: int = 8) -> Desk:
    """A desk whose pool is opened by `async with desk.pool`; who searches opens `desk.primary` too,
    which may be the same."""
    pool = _pool(archive.urls.read, size)
    primary = pool if archive.urls.read == archive.urls.app else _pool(archive.urls.app, size)
    outside = configured.outside(archive.urls.search)
    return Desk(archive, pool, Cursors(archive.keyring), Latest(), primary, outside)


def _pool(url: str, size: int) -> Pool:
    settings = options("herkomst read")
    settings["options"] += f" -c statement_timeout={STATEMENT_TIMEOUT}s"

    async def check(connection: AsyncConnection[Row]) -> None:
        if is_silent(connection):
            return
        try:
            await AsyncConnectionPool.check_connection(connection)
        except psycopg.Error:
            await pool.check()  # As in `Database`: the others died with it.
            raise

    pool: Pool = AsyncConnectionPool(
        url,
        min_size=1,
        max_size=size,
        timeout=CONNECTION_TIMEOUT,
        open=False,
        kwargs={"autocommit": True, **settings},
        configure=_configure,
        check=check,
        reconnect_timeout=RECONNECT,
        reconnect_failed=_connect_again,
    )
    return pool


async def _connect_again(pool: Pool) -> None:
    await pool.check()


async def _configure(connection: AsyncConnection[Row]) -> None:
    connection.adapters.register_loader("jsonb", Undecoded)


class Inquiry:
    """Reads for one operation; it takes a connection with its first statement."""

    def __init__(self, desk: Desk, returned: Returned, case: UUID | None = None) -> None:
        """`case` is the one that is worked in: what is only compared opens there alone."""
        self.cursors = desk.cursors
        self.token = desk.archive.keyring.token
        self.returned = returned
        self.positions: Mapping[str, int] = {}
        """Where the followers of each sequence stood: what the answer is as of."""
        self.as_of: datetime | None = None
        """The same as a moment: what was committed by then is in it. It tells nothing of how much
        that is, so it may be told to anybody; a position may not."""
        self.told: dict[str, int] = {}
        """Of each sequence, the newest revision among what is returned."""
        self.statements = 0
        self._desk, self._case = desk, case
        self._turn = anyio.Lock(fast_acquire=True)
        self._stack = AsyncExitStack()
        self._connection: AsyncConnection[Row] | None = None
        self._live: Live
        self._behind: Sequence[str] = ()
        """Models whose live generation is of another version than this program's."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            await self._stack.__aexit__(kind, error, traceback)
        except psycopg.OperationalError as lost:
            raise DatabaseDown(f"The database for reading was lost: {lost}") from lost

    @contextmanager
    def unreturned(self) -> Iterator[None]:
        """What is made meanwhile is compared, and not returned: who makes it notes what is."""
        noted, self.returned = self.returned, Returned()
        try:
            yield
        finally:
            self.returned = noted

    def returns(self, kind: str, identity: UUID, revision: int) -> None:
        """Note that a record is part of the answer, as of a revision."""
        self.returned.add(kind, identity)
        sequence = "register" if kind in _FROM_REGISTER else "casework"
        self.told[sequence] = max(revision, self.told.get(sequence, 0))

    async def rows(
        self,
        statement: SQL,
        values: Mapping[str, object],
        asked: Sequence[SQL] = (),
        around: SQL = _AS_IT_IS,
    ) -> list[Any]:
        """Run a statement over the live tables, which it names as `{hits}`, `{purchases}` and so
        on, and what may be seen as `{hit_shown}` (`visibility`); `{asked}` stands for the
        conditions that narrow it. Rows have names for their columns.

        Raises `DatabaseDown`, `InvalidPage`, `ModelBehind`, `ModelMissing`, `TooSlow`.
        """
        async with self._turn:
            with self._translated():
                connection = self._connection or await self._begin()
                return await self._fetch(
                    connection, self._live.ready(statement, asked, around), values
                )

    @property
    def engine(self) -> Engine:
        """What answers searches."""
        return self._desk.outside or PostgresEngine(self.searched)

    async def searched(self, statement: Composed) -> list[Any]:
        """Run a statement of the engine of search, which names its tables and values itself: in the
        snapshot, or where reads go to a replica at the primary, because what is searched is copied
        to none. Raises `DatabaseDown`, `InvalidPage`, `TooSlow`."""
        async with self._turn:
            with self._translated():
                snapshot = self._connection or await self._begin()
                desk = self._desk
                if desk.primary is desk.pool:
                    return await self._found(snapshot, statement)
                async with desk.primary.connection() as connection:
                    return await self._found(connection, statement)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except psycopg.errors.QueryCanceled as error:
            raise TooSlow from error
        except psycopg.errors.UndefinedColumn as error:
            if not self._behind:
                raise
            raise ModelBehind(self._behind) from error
        except psycopg.DataError as error:
            raise InvalidPage(
                "filter",
                "value",
                "A value that narrows the list is none that can be stored.",
                "Send text without U+0000, and a day that exists.",
            ) from error
        except (psycopg.OperationalError, PoolTimeout) as error:
            raise DatabaseDown(f"The database for reading cannot be reached: {error}") from error

    def counting(self, statement: SQL, values: Mapping[str, object], asked: Sequence[SQL]) -> Count:
        """What counts the list whose pages this statement reads, by the same conditions."""

        async def count() -> int | None:
            all_of_it = {**values, "before": NEWEST, "limit": COUNTED + 1}
            (row,) = await self.rows(statement, all_of_it, asked, _COUNTED)
            return None if row.found > COUNTED else int(row.found)

        return count

    async def keys(self, wanted: Iterable[UUID]) -> dict[UUID, DataKey]:
        """The data keys that may open something here; one that was destroyed is not there, and
        neither is one that is only compared, outside of its case, or in the vault.

        They are looked for also where nothing is sealed: how many statements a question takes
        depends on what is asked, and never on what is found.
        """
        vault = self._desk.archive.register.vault
        rows = await self.rows(_KEYS, {"ids": list(wanted), "own_case": self._case})
        return {row.key_id: vault.unwrap(KeyRow(*row)) for row in rows}

    async def part_keys(self, parts: Mapping[UUID, UUID]) -> dict[UUID, DataKey]:
        """The data keys of parts of streams, by the part: its own, or that of its stream where it
        never had one. A part of which a clock told had one, so what was destroyed stays shut."""
        vault = self._desk.archive.register.vault
        values = {
            "ids": list(parts),
            "own_case": self._case,
            "streams": list(parts.values()),
            "tellings": [ids.keeping_of(part) for part in parts],
        }
        rows = await self.rows(_PART_KEYS, values)
        return {row.part: vault.unwrap(KeyRow(*row[1:])) for row in rows}

    async def vault_key(self, identity: UUID) -> DataKey | None:
        """The data key of something that lies in the vault; only for who may open that."""
        vault = self._desk.archive.register.vault
        rows = await self.rows(_VAULT_KEY, {"id": identity})
        return vault.unwrap(KeyRow(*rows[0])) if rows else None

    async def _begin(self) -> AsyncConnection[Row]:
        connection = await self._stack.enter_async_context(self._desk.pool.connection())
        for _ in range(_SWAPS):
            known = self._desk.latest.live
            found = await self._looked(connection, known)
            if known is not None and found is known:
                self.statements += 2  # What is locked, and what stands.
                self._live, self._connection = known, connection
                return connection
            self._desk.latest.live = found
            await connection.rollback()
        raise DatabaseDown("The models are being swapped all the time; ask again.")

    async def _looked(self, connection: AsyncConnection[Row], known: Live | None) -> Live | None:
        """Begin a snapshot in which these tables are locked, and see which are live in it; None
        where one of them was dropped. All of it is one round trip."""
        async with connection.cursor() as cursor:
            try:
                await cursor.execute(BEGIN if known is None else known.begin)
            except psycopg.errors.UndefinedTable:
                return None
            while cursor.nextset():
                pass
            row = await cursor.fetchone()
        assert row is not None
        found, self._behind, self.positions, self.as_of = understood(row)
        return found

    async def _fetch(
        self, connection: AsyncConnection[Row], statement: Ready, values: Mapping[str, object]
    ) -> list[Any]:
        self.statements += 1
        async with AsyncRawCursor(connection, row_factory=namedtuple_row) as cursor:
            await cursor.execute(statement.text, statement.values(values), binary=True)
            return await cursor.fetchall()

    async def _found(self, connection: AsyncConnection[Row], statement: Composed) -> list[Any]:
        self.statements += 1
        async with connection.cursor(row_factory=namedtuple_row) as cursor:
            await cursor.execute(statement, binary=True)
            return await cursor.fetchall()
