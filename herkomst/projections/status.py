"""How far everything is: the head of each sequence and each follower's distance to it."""

from datetime import UTC, datetime

import msgspec
from psycopg import Connection

from herkomst.projections import registry
from herkomst.record.database import Row
from herkomst.record.reader import SequenceReader

SEQUENCES = ("register", "casework", "journal")


class Head(msgspec.Struct):
    head: int


class FollowerStatus(msgspec.Struct):
    """A follower, and how far it is behind."""

    name: str
    kind: str
    generation: int | None
    """Of the read model that it keeps."""
    position: int
    lag_events: int
    lag_seconds: float
    """Age of the oldest event that it has not taken in; 0 when there is none."""
    state: str
    error: str | None


class Status(msgspec.Struct):
    sequences: dict[str, Head]
    followers: list[FollowerStatus]


def status(connection: Connection[Row]) -> Status:
    """The status at this moment."""
    readers = {name: SequenceReader(name) for name in SEQUENCES}
    heads = {name: reader.head(connection) for name, reader in readers.items()}
    kept = {
        follower: generation
        for generation, _, follower in registry.generations(connection).values()
    }
    return Status(
        sequences={name: Head(head) for name, head in heads.items()},
        followers=[
            FollowerStatus(
                name=s.name,
                kind=s.kind,
                generation=kept.get(s.name),
                position=s.position,
                lag_events=max(0, heads[s.sequence] - s.position),
                lag_seconds=_lag(connection, readers[s.sequence], s.position),
                state=s.state,
                error=s.error,
            )
            for s in registry.standings(connection)
        ],
    )


def _lag(connection: Connection[Row], reader: SequenceReader, position: int) -> float:
    waiting = reader.between(connection, position, None, (), 1)
    if not waiting:
        return 0.0
    recorded_at: datetime = waiting[0][5]
    return round(max(0.0, (datetime.now(UTC) - recorded_at).total_seconds()), 3)
