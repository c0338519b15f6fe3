"""Rebuilding read models: beside the old generation, while the system serves.

All models of a sequence share one scan. The new tables are filled to the head, indexed, and
swapped in one short transaction that holds the follower still while the last events are applied.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from time import monotonic, sleep
from typing import NamedTuple

from psycopg import Connection
from psycopg.errors import LockNotAvailable

from herkomst.domain.events import known_events
from herkomst.domain.register.identity import IdentityErased
from herkomst.domain.register.keeping import KeyDestroyed
from herkomst.projections import registry
from herkomst.projections.follower import Follower, Keeper
from herkomst.projections.model import Model
from herkomst.record.database import Row
from herkomst.record.reader import SequenceReader
from herkomst.steps import reached

log = logging.getLogger(__name__)
BATCH = 5000
PATIENCE = 30.0
"""Seconds for which a generation that was replaced is kept for who began to read it before."""
Progress = Callable[[str, int, int], None]


AHEAD = 5.0
"""Seconds that a process is given to come to an erasure that lies before it."""
_POLL = 0.1
_ERASED = (
    "SELECT EXISTS (SELECT FROM record.register_events "
    "WHERE notification_id > %s AND topic = ANY(%s))"
)
_ERASING = [IdentityErased.TOPIC, KeyDestroyed.TOPIC]


class ErasureAhead(Exception):
    """Somebody was erased to whom the process of a model has not come yet."""

    code = "erasure_ahead"

    def __init__(self, model: str, follower: str) -> None:
        super().__init__(
            f"{model} is not swapped in: an erasure lies before `{follower}`. What it compared by "
            "cannot be read any more, so what it found by that would stay. Run `herkomst work` "
            "until it has come there, and rebuild again."
        )


class _Build(NamedTuple):
    follower: Follower
    model: Model
    generation: int


def open_missing(
    connection: Connection[Row], follower: Follower, now: Mapping[str, tuple[int, int, str]]
) -> list[str]:
    """Make the models of a follower where there are none; the names of those that are there in
    another version, and must be rebuilt before it can follow.

    Args:
        now: `registry.generations`, as read when the follower was owned already.

    Raises `registry.OtherVersion` where a newer program keeps one of them: it is left alone.
    """
    for model in follower.models:
        if model.name in now and now[model.name][1] > model.version:
            raise registry.OtherVersion(model.name, now[model.name][1], model.version)
    for model in follower.models:
        if model.name not in now:
            with connection.transaction():
                generation = registry.open_generation(
                    connection, model, follower.name, is_live=True
                )
                model.index(connection, generation)
    return [m.name for m in follower.models if now.get(m.name, (0, m.version))[1] != m.version]


def rebuild(
    connection: Connection[Row],
    followers: Sequence[Follower],
    names: Sequence[str],
    progress: Progress | None = None,
) -> None:
    """Build these models anew beside the old and swap them in, by sequence."""
    for sequence in sorted({follower.sequence for follower in followers}):
        chosen = [
            (follower, model)
            for follower in followers
            if follower.sequence == sequence
            for model in follower.models
            if model.name in names
        ]
        if chosen:
            _rebuild(connection, sequence, chosen, progress or _unseen)


def _rebuild(
    connection: Connection[Row],
    sequence: str,
    chosen: Sequence[tuple[Follower, Model]],
    progress: Progress,
) -> None:
    with ExitStack() as stack:
        for model in sorted((model for _, model in chosen), key=lambda model: model.name):
            stack.enter_context(registry.building(connection, model))
        registry.enrol(connection, {(f.name, f.kind, sequence) for f, _ in chosen})
        _build(connection, SequenceReader(sequence), chosen, progress)


def _build(
    connection: Connection[Row],
    reader: SequenceReader,
    chosen: Sequence[tuple[Follower, Model]],
    progress: Progress,
) -> None:
    builds = []
    for follower, model in chosen:
        with connection.transaction():
            generation = registry.open_generation(connection, model, follower.name, is_live=False)
        builds.append(_Build(follower, model, generation))
    limits = _limits(connection, reader, builds)
    position = 0
    while going_on := [build for build in builds if limits[build] > position]:
        goal = min(limits[build] for build in going_on)
        with connection.transaction():
            # What a crash takes of this is begun anew; the swap waits for the disk, for all of it.
            connection.execute("SET LOCAL synchronous_commit = off")
            position = _advance(connection, reader, going_on, position, goal)
        progress(reader.sequence, position, max(limits.values()))
    assert reached("swap.built")
    for build in builds:
        build.model.index(connection, build.generation)
    assert reached("swap.indexed")
    for build in builds:
        _finish(connection, reader, build, limits[build])
    assert reached("swap.committed")
    registry.outwait_readers(connection, PATIENCE)
    for build in builds:
        _retire(connection, build.model)
    assert reached("swap.retired")


def _limits(
    connection: Connection[Row], reader: SequenceReader, builds: Sequence[_Build]
) -> dict[_Build, int]:
    """How far the shared scan goes: to the head, but a model of a process never runs ahead of
    the process."""
    head = reader.head(connection)
    stands = {standing.name: standing.position for standing in registry.standings(connection)}
    return {
        build: head if build.follower.kind == "projection" else stands[build.follower.name]
        for build in builds
    }


def _advance(
    connection: Connection[Row],
    reader: SequenceReader,
    builds: Sequence[_Build],
    position: int,
    limit: int,
) -> int:
    """Fold the next batch. What none of these models folds stays at the server, but for topics
    that nobody here knows: those must stop the rebuild."""
    end = min(position + BATCH, limit)
    folded = frozenset[str]().union(*[build.model.topic_names for build in builds])
    facts = reader.within(connection, position, end, known_events().keys() - folded)
    for build in builds:
        assert isinstance(build.follower, Keeper)
        unsealed = build.follower.unsealed(connection, facts)
        build.model.apply(connection, build.generation, facts, unsealed)
    return end


def _finish(
    connection: Connection[Row], reader: SequenceReader, build: _Build, position: int
) -> None:
    """Catch up to where the follower stands, or to the head if that is further, and swap.

    A process that finds by what was erased closes what it found when it comes to the erasure, by
    the rows it has. Those cannot be made again, so it comes there first. Without another version
    of its model it does not move, so there it mends what it found by them at once.

    Raises `ErasureAhead`.
    """
    ends = monotonic() + AHEAD
    while not _swapped(connection, reader, build, position):
        if monotonic() >= ends:
            raise ErasureAhead(build.model.name, build.follower.name)
        sleep(_POLL)


def _swapped(
    connection: Connection[Row], reader: SequenceReader, build: _Build, position: int
) -> bool:
    follower, model = build.follower, build.model
    with connection.transaction():
        stands = registry.position(connection, follower.name)
        is_new = _is_of_another_version(connection, model)
        if follower.kind == "process" and not is_new and _has_erasure(connection, stands):
            return False
        goal = stands if follower.kind != "projection" else max(stands, position)
        while position < goal:
            position = _advance(connection, reader, [build], position, goal)
        registry.swap(connection, model, build.generation)
        if is_new:
            assert isinstance(follower, Keeper)
            follower.settle(connection, stands)
        if position != stands:
            registry.move(connection, follower.name, stands, position)
        assert reached("swap.swapped")
    return True


def _is_of_another_version(connection: Connection[Row], model: Model) -> bool:
    live = registry.generations(connection).get(model.name)
    return live is None or live[1] != model.version


def _has_erasure(connection: Connection[Row], stands: int) -> bool:
    """Whether something was destroyed to which who stands there has not come."""
    return connection.execute(_ERASED, (stands, _ERASING)).fetchone() == (True,)


def _retire(connection: Connection[Row], model: Model) -> None:
    try:
        registry.retire(connection, model)
    except LockNotAvailable:
        log.info("a reader still holds an old generation of %s; it is dropped later", model.name)


def _unseen(*_: object) -> None:
    """Progress that nobody watches."""
