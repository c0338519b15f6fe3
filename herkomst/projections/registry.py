"""Which generation of each read model is read, and where each follower stands.

A new version of a model is built beside the old one and swapped by one row here. A view that is
replaced would wait behind every reader; a row does not.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from psycopg import Connection
from psycopg.sql import Identifier

from herkomst.projections.model import Model
from herkomst.record.database import Row


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


def enrol(connection: Connection[Row], name: str, kind: str, sequence: str) -> None:
    """Make the follower known, at position 0 if it is new."""
    connection.execute(
        "INSERT INTO follow.followers (name, kind, sequence) VALUES (%s, %s, %s) "
        "ON CONFLICT (name) DO NOTHING",
        (name, kind, sequence),
    )


def position(connection: Connection[Row], follower: str) -> int:
    """Where a follower stands, locked until the transaction ends."""
    row = connection.execute(
        "SELECT position FROM follow.followers WHERE name = %s FOR UPDATE", (follower,)
    ).fetchone()
    return 0 if row is None else int(row[0])


def move(connection: Connection[Row], follower: str, before: int, after: int) -> bool:
    """Compare and set the position; False when another runner moved it meanwhile."""
    return (
        connection.execute(
            "UPDATE follow.followers SET position = %s, moved_at = now(), "
            "state = CASE state WHEN 'rebuilding' THEN state ELSE 'live' END, error = NULL "
            "WHERE name = %s AND position = %s",
            (after, follower, before),
        ).rowcount
        == 1
    )


def mark(connection: Connection[Row], follower: str, state: str, error: str | None = None) -> None:
    """Set what `status` says of a follower."""
    connection.execute(
        "UPDATE follow.followers SET state = %s, error = %s WHERE name = %s",
        (state, error, follower),
    )


def standings(connection: Connection[Row]) -> list[Standing]:
    """All followers, by name."""
    rows = connection.execute(
        "SELECT name, kind, sequence, position, state, error, moved_at "
        "FROM follow.followers ORDER BY name"
    ).fetchall()
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


def retire(connection: Connection[Row], model: Model) -> Sequence[int]:
    """Drop the generations that are neither live nor being built; which they were."""
    rows = connection.execute(
        "DELETE FROM follow.models m WHERE name = %s AND NOT live AND generation < "
        "(SELECT generation FROM follow.models l WHERE l.name = m.name AND l.live) "
        "RETURNING generation",
        (model.name,),
    ).fetchall()
    for (generation,) in rows:
        model.drop(connection, generation)
    return [row[0] for row in rows]
