"""The engine of search that is configured: OpenSearch where its URL is set, else PostgreSQL.

Its client takes longer to load than most commands run, so it is loaded where it is used alone.
"""

from psycopg import Connection

from herkomst.record.archive import SearchServer
from herkomst.record.database import Row
from herkomst.search.engines import Index, Remote
from herkomst.search.indexing import IndexOf
from herkomst.search.postgres import PostgresIndex


def index_of(server: SearchServer | None) -> IndexOf:
    """What takes documents in. Nothing is connected to before it is used."""
    if server is None:
        return PostgresIndex
    from herkomst.search.opensearch import Index as OpenSearchIndex

    index = OpenSearchIndex(*server)

    def outside(_: Connection[Row]) -> Index:
        return index

    return outside


def clock(server: SearchServer | None) -> str:
    """When what was removed has left the files of the engine."""
    if server is None:
        return PostgresIndex.clock
    from herkomst.search.opensearch import Index as OpenSearchIndex

    return OpenSearchIndex.clock


def outside(server: SearchServer | None) -> Remote | None:
    """What answers outside of the database, to be closed at the end; None where PostgreSQL does."""
    if server is None:
        return None
    from herkomst.search.opensearch import Engine as OpenSearchEngine

    return OpenSearchEngine(*server)
