"""Which generation of each read model is read, and where each follower stands.

A new version of a model is built beside the old one and swapped by one row here. A view that is
replaced would wait behind every reader; a row does not.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from time import monotonic, sleep
from typing import LiteralString, NamedTuple

from psycopg import Connection
from psycopg.sql import Identifier

from herkomst.projections.model import Model
from herkomst.record.database import Row

_BUILDERS: LiteralString = "hashtextextended(current_database() || %s, 2)"
_BEHIND: LiteralString = (
    "SELECT f.name FROM follow.followers f WHERE f.name = ANY(%s) AND f.position < CASE f.sequence "
    "WHEN 'register' THEN (SELECT max(notification_id) FROM record.register_events) "
    "WHEN 'casework' THEN (SELECT max(notification_id) FROM record.casework_events) "
    "ELSE (SELECT max(notification_id) FROM record.journal_events) END"
)
_STANDINGS: LiteralString = (
    # Whether a model is rebuilt is told by the lock of its builders, which goes with who held it.
    "WITH built AS (SELECT m.follower FROM follow.models m JOIN pg_locks l "
    "ON (l.classid::bigint << 32) | l.objid::bigint = "
    "hashtextextended(current_database() || m.name, 2) "
    "WHERE l.locktype = 'advisory' AND l.granted) "
    "SELECT name, kind, sequence, position, CASE WHEN name IN (SELECT follower FROM built) "
    "THEN 'rebuilding' ELSE state END, error, moved_at FROM follow.followers ORDER BY name"
)
_ANY_BEFORE: LiteralString = (
    "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() "
    "AND backend_type = 'client backend' AND pid <> pg_backend_pid() AND xact_start < %s)"
)
_POLL = 0.02


class Standing(NamedTuple):
    """A follower as the registry has it."""

    name: str
    kind: str
    sequence: str
    position: int
    state: str
    error: str | None
    moved_at: datetime


class ModelMissing(Exception):
    """A read model has not been built yet."""

    code = "model_missing"

    def __init__(self, name: str) -> None:
        super().__init__(f"The read model {name!r} has not been built; run `herkomst work`.")


class ModelBehind(ModelMissing):
    """After an upgrade a read model does not have yet what is asked of it."""

    code = "model_behind"

    def __init__(self, names: Sequence[str]) -> None:
        Exception.__init__(
            self,
            f"The question needs what is being built anew: {', '.join(names)}. Ask again when "
            "`herkomst status` says that they are live.",
        )


class OtherVersion(Exception):
    """The live generation is of a version that this program does not keep: another one does."""

    code = "other_version"

    def __init__(self, name: str, found: int, ours: int) -> None:
        super().__init__(
            f"The read model {name!r} is of version {found} and this program keeps version {ours}; "
            + (
                "run the newer program alone."
                if found > ours
                else "stop the older program, so that this one rebuilds it."
            )
        )
        self.is_newer = found > ours


def enrol(connection: Connection[Row], followers: Iterable[tuple[str, str, str]]) -> None:
    """Make followers known by name, kind and sequence, at position 0 where they are new."""
    columns = [list(column) for column in zip(*followers, strict=True)]
    connection.execute(
        "INSERT INTO follow.followers (name, kind, sequence) "
        "SELECT * FROM unnest(%s::text[], %s::text[], %s::text[]) AS f (name, kind, sequence) "
        # In one order, so that two that enrol at once do not wait for each other.
        "ORDER BY name ON CONFLICT (name) DO NOTHING",
        columns or ([], [], []),
    )


def position(connection: Connection[Row], follower: str, *, waits: bool = True) -> int:
    """Where a follower stands, locked until the transaction ends, whose commit `waits` for the disk
    or does not.

    What only follows from the record need not wait: rows and position are lost together or not at
    all, and then the same events are followed again to the same rows.
    """
    row = connection.execute(
        "SELECT position, set_config('synchronous_commit', CASE WHEN %s "
        "THEN current_setting('synchronous_commit') ELSE 'off' END, true) "
        "FROM follow.followers WHERE name = %s FOR UPDATE",
        (waits, follower),
    ).fetchone()
    return 0 if row is None else int(row[0])


def behind(connection: Connection[Row], names: Iterable[str]) -> set[str]:
    """Those of these followers before whose position something was appended."""
    rows = connection.execute(_BEHIND, (list(names),)).fetchall()
    return {name for (name,) in rows}


def move(connection: Connection[Row], follower: str, before: int, after: int) -> bool:
    """Compare and set the position; False when another runner moved it meanwhile."""
    return (
        connection.execute(
            "UPDATE follow.followers SET position = %s, moved_at = now(), "
            "state = CASE state WHEN 'stopped' THEN state ELSE 'live' END, error = NULL "
            "WHERE name = %s AND position = %s",
            (after, follower, before),
        ).rowcount
        == 1
    )


def mark(
    connection: Connection[Row], followers: Iterable[str], state: str, error: str | None = None
) -> None:
    """Set what `status` says of followers."""
    connection.execute(
        "UPDATE follow.followers SET state = %s, error = %s WHERE name = ANY(%s)",
        (state, error, list(followers)),
    )


def standings(connection: Connection[Row]) -> list[Standing]:
    """All followers, by name."""
    rows = connection.execute(_STANDINGS).fetchall()
    return [Standing(*row) for row in rows]


def generations(connection: Connection[Row]) -> dict[str, tuple[int, int, str]]:
    """Generation, version and follower of each live model, by its name."""
    rows = connection.execute(
        "SELECT name, generation, version, follower FROM follow.models WHERE live"
    ).fetchall()
    return {row[0]: (row[1], row[2], row[3]) for row in rows}


def live(connection: Connection[Row], model: Model) -> int:
    """The generation of a model that is read now. Raises `ModelMissing`."""
    row = connection.execute(
        "SELECT generation FROM follow.models WHERE name = %s AND live", (model.name,)
    ).fetchone()
    if row is None:
        raise ModelMissing(model.name)
    return int(row[0])


def kept(connection: Connection[Row], model: Model) -> int:
    """The live generation of a model, to be written to. Raises `ModelMissing`, `OtherVersion`."""
    row = connection.execute(
        "SELECT generation, version FROM follow.models WHERE name = %s AND live", (model.name,)
    ).fetchone()
    if row is None:
        raise ModelMissing(model.name)
    if row[1] != model.version:
        raise OtherVersion(model.name, row[1], model.version)
    return int(row[0])


def live_tables(connection: Connection[Row], models: Iterable[Model]) -> dict[str, Identifier]:
    """The tables that are read now, by model name. Raises `ModelMissing`."""
    now = generations(connection)
    tables = {}
    for model in models:
        if model.name not in now:
            raise ModelMissing(model.name)
        tables[model.name] = model.table(now[model.name][0])
    return tables


def open_generation(
    connection: Connection[Row], model: Model, follower: str, *, is_live: bool
) -> int:
    """Make the table of the next generation of a model; its number."""
    row = connection.execute(
        "INSERT INTO follow.models (name, generation, version, follower, live) "
        "SELECT %s, coalesce(max(generation), 0) + 1, %s, %s, %s "
        "FROM follow.models WHERE name = %s RETURNING generation",
        (model.name, model.version, follower, is_live, model.name),
    ).fetchone()
    assert row is not None
    model.create(connection, row[0])
    return int(row[0])


def swap(connection: Connection[Row], model: Model, generation: int) -> None:
    """Let this generation be the one that is read, inside the caller's transaction."""
    connection.execute(
        "UPDATE follow.models SET live = false WHERE name = %s AND live", (model.name,)
    )
    connection.execute(
        "UPDATE follow.models SET live = true WHERE name = %s AND generation = %s",
        (model.name, generation),
    )


def retire(connection: Connection[Row], model: Model) -> None:
    """Drop the generations that are not live, also those that a killed rebuild left. Only for who
    holds the lock of the model's builders: otherwise one of them may be building."""
    rows = connection.execute(
        "SELECT generation FROM follow.models WHERE name = %s AND NOT live", (model.name,)
    ).fetchall()
    for (generation,) in rows:
        with connection.transaction():
            connection.execute(
                "DELETE FROM follow.models WHERE name = %s AND generation = %s",
                (model.name, generation),
            )
            model.drop(connection, generation)


@contextmanager
def building(connection: Connection[Row], model: Model) -> Iterator[None]:
    """The lock of the builders of a model; two rebuilds of it take turns."""
    # Who waited inside a statement would look like a reader of what is to be dropped.
    while not _is_true(connection, f"SELECT pg_try_advisory_lock({_BUILDERS})", model.name):
        sleep(_POLL)
    try:
        yield
    finally:
        connection.execute(f"SELECT pg_advisory_unlock({_BUILDERS})", (model.name,))


def sweep(connection: Connection[Row], model: Model) -> bool:
    """Drop what is not live inside the caller's transaction; False while the model is rebuilt."""
    if not _is_true(connection, f"SELECT pg_try_advisory_xact_lock({_BUILDERS})", model.name):
        return False
    retire(connection, model)
    return True


def outwait_readers(connection: Connection[Row], patience: float) -> None:
    """Wait, so many seconds at most, for the transactions that began before this moment: they may
    have read which generation is live, and not yet looked into it."""
    deadline = monotonic() + patience
    now = connection.execute("SELECT clock_timestamp()").fetchone()
    assert now is not None
    while monotonic() < deadline and _is_true(connection, _ANY_BEFORE, now[0]):
        sleep(_POLL)


def _is_true(connection: Connection[Row], statement: LiteralString, value: object) -> bool:
    return connection.execute(statement, (value,)).fetchone() == (True,)
