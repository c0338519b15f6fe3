"""Health: alive is alive; ready is ready to answer, with the part that is not by its name."""

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

import msgspec
from anyio import to_thread
from psycopg import Connection, Error
from starlette.requests import Request
from starlette.responses import Response

from herkomst.projections import registry
from herkomst.record import migrations, replica
from herkomst.record.archive import Archive
from herkomst.record.database import DatabaseDown, Row

_encode = msgspec.json.Encoder().encode
_ROLE = (
    "SELECT NOT rolsuper AND NOT EXISTS (SELECT FROM pg_class c JOIN pg_namespace n "
    "ON n.oid = c.relnamespace WHERE n.nspname = 'record' AND pg_has_role(r.oid, c.relowner, "
    "'USAGE')) AND NOT has_table_privilege('record.register_events', 'UPDATE, DELETE, TRUNCATE') "
    "AND NOT has_table_privilege('record.casework_events', 'UPDATE, DELETE, TRUNCATE') "
    "AND NOT has_table_privilege('record.journal_events', 'UPDATE, DELETE, TRUNCATE') "
    "FROM pg_roles r WHERE rolname = current_user"
)
_JOURNAL = "SELECT has_table_privilege('record.journal_events', 'INSERT')"


class Check(NamedTuple):
    """A part that must work, and whether it does. It tells nothing of what is stored."""

    name: str
    ok: bool
    message: str


def _is_true(connection: Connection[Row], statement: str) -> bool:
    return connection.execute(statement.encode()).fetchone() == (True,)


def _fsync(connection: Connection[Row]) -> bool:
    return connection.execute("SHOW fsync").fetchone() == ("on",)


def _schema(connection: Connection[Row]) -> bool:
    return migrations.applied(connection) == migrations.migrations()[-1].number


def _role(connection: Connection[Row]) -> bool:
    return _is_true(connection, _ROLE)


def _journal(connection: Connection[Row]) -> bool:
    return _is_true(connection, _JOURNAL)


def _followers(connection: Connection[Row]) -> bool:
    return all(standing.state != "failed" for standing in registry.standings(connection))


class Part(NamedTuple):
    """How a part is looked at, and what is said of it when it works and when it does not."""

    works: Callable[[Connection[Row]], bool]
    well: str
    ill: str


PARTS: Mapping[str, Part] = {
    "schema": Part(
        _schema,
        "the database has the schema of this version",
        "the database has the schema of another version; `herkomst migrate` brings it to this one",
    ),
    "fsync": Part(
        _fsync,
        "the server writes through to the disk",
        "the server does not write through to the disk; switch fsync on",
    ),
    "role": Part(
        _role,
        "the role may add to the record and not change it",
        "the role may change the record, or is its owner; serve with one that may only connect",
    ),
    "journal": Part(
        _journal,
        "the role may write the journal",
        "the role may not write the journal, so nothing is answered; `herkomst migrate` grants it",
    ),
    "followers": Part(
        _followers,
        "no follower was stopped by an event",
        "a follower was stopped by an event, or none can be seen; `herkomst doctor` says which",
    ),
}
"""What is looked at once the database answers, in this order."""
_REACHABLE = "the database answers"
_UNREACHABLE = "the database does not answer"


async def livez(_request: Request) -> Response:
    return Response(b'{"status":"ok"}', media_type="application/json")


class Readiness:
    """Looks at each part when it is asked."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive

    async def answer(self, _request: Request) -> Response:
        checks = await to_thread.run_sync(self._checks)
        failing = [check.name for check in checks if not check.ok]
        body = {
            "status": "failing" if failing else "ok",
            "failing": failing,
            "checks": [check._asdict() for check in checks],
        }
        return Response(_encode(body), 503 if failing else 200, media_type="application/json")

    def _checks(self) -> list[Check]:
        try:
            with self._archive.database.connection() as connection:
                return [
                    Check("database", True, _REACHABLE),
                    *(_check(connection, name) for name in PARTS),
                    *self._replica(connection),
                ]
        except (DatabaseDown, Error):
            return [Check("database", False, _UNREACHABLE)]

    def _replica(self, connection: Connection[Row]) -> Iterator[Check]:
        """The server that answers are read from, where that is another one."""
        urls = self._archive.urls
        if urls.read == urls.app:
            return
        try:
            found = replica.look(urls.read, connection)
        except replica.ReplicaUnusable as error:
            yield Check("replica", False, f"{error.code}: {error.message}")
        else:
            yield Check("replica", True, f"the read replica answers: {found}")


def _check(connection: Connection[Row], name: str) -> Check:
    part = PARTS[name]
    try:
        works = part.works(connection)
    except Error:  # Such as a table that is not there: this part fails, and the next is looked at.
        works = False
    return Check(name, works, part.well if works else part.ill)
