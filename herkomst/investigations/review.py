"""The review desk: which reads are worth a look, why, and what became of asking.

It tells of who read, when, what for and by which path that is explained. Of whom was read it tells
nothing but the key of the record: to judge a read, no name of a seller is needed.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from psycopg import IsolationLevel

from herkomst.access.policy import Action, Permitted
from herkomst.access.reading import Asked, Question, Returned, write
from herkomst.domain.batches import batched
from herkomst.processes.weighing import Weighed, head, weigh
from herkomst.record.archive import Archive
from herkomst.record.database import connect

EXPORTED_AT_ONCE: Final = 1000
"""Lines that share an entry of the journal."""


def export_review(archive: Archive, permitted: Permitted) -> Iterator[dict[str, object]]:
    """Every read by rank, as `export review` tells it.

    Some are journaled, and only then handed on. Raises `JournalUnavailable`, `ModelMissing`.
    """
    permitted.must_be(Action.EXPORT_REVIEW)
    asked = Asked(archive, permitted.reading, Question("export review", {}, "export"))
    with connect(archive.urls.read, "herkomst export") as connection:
        connection.isolation_level = IsolationLevel.REPEATABLE_READ
        with connection.transaction():
            found = weigh(connection, until=head(connection))
    if not found:
        write(archive, asked.read(Returned()))
    for some in batched(found, EXPORTED_AT_ONCE):
        write(archive, asked.read(_returned(some)))
        yield from map(_exported, some)


def _returned(weighed: Sequence[Weighed]) -> Returned:
    returned = Returned()
    for each in weighed:
        returned.add("read", each.read.id)
    return returned


def _exported(weighed: Weighed) -> dict[str, object]:
    source, _, key = weighed.read.officer.rpartition(":")
    return {
        "source": weighed.read.source,
        "key": weighed.read.key,
        "officer": {"source": source, "key": key},
        "score": weighed.score,
        "explained": weighed.explanation.holds,
        "path": weighed.explanation.path,
        "rules": [{"code": held.code, "weight": held.weight} for held in weighed.held],
    }
