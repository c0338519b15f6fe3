"""What an index holds, held against the rows that it is made of."""

from collections.abc import Iterator

from psycopg import Connection

from herkomst.record.archive import Archive
from herkomst.record.database import Row, connect
from herkomst.search.documents import Source
from herkomst.search.indexing import Indexing
from herkomst.search.postgres import PostgresIndex
from tests.projections.following import followers_of


def indexing_of(archive: Archive) -> Indexing:
    (found,) = [f for f in followers_of(archive, ["index"]) if isinstance(f, Indexing)]
    return found


def indexed(archive: Archive) -> dict[str, Source]:
    """The documents of an index, by id."""
    with connect(archive.urls.app, "test") as connection:
        return {source.id: source for source in indexing_of(archive).documents(connection)}


def due(archive: Archive) -> dict[str, Source]:
    """The documents as they must be by the rows."""
    with connect(archive.urls.app, "test") as connection:
        return {source.id: source for source in indexing_of(archive).sources(connection)}


def words_known(archive: Archive) -> set[str]:
    """Every word that PostgreSQL keeps in clear for searching."""
    with connect(archive.urls.app, "test") as connection:
        return set(_words(connection))


def _words(connection: Connection[Row]) -> Iterator[str]:
    live = connection.execute(
        "SELECT subject, generation FROM follow.indexes WHERE engine = %s", (PostgresIndex.name,)
    ).fetchall()
    for subject, generation in live:
        name = f"{subject}_words_{generation}"
        for (word,) in connection.execute(f'SELECT word FROM search."{name}"').fetchall():  # noqa: S608
            yield word
