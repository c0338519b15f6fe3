"""How cases stand at this moment, and the glass of an officer: what a purpose is held against.

Read models follow, and a purpose cannot wait for them: who left a case a moment ago has left it. So
a case is folded from its own events and remembered, and before each use it is asked whether another
event came since.
"""

import re
from collections import OrderedDict
from threading import Lock
from typing import NamedTuple
from uuid import UUID

from psycopg import Connection

from herkomst.domain import ids
from herkomst.domain.casework import case, glass
from herkomst.domain.casework.case import Case
from herkomst.domain.casework.glass import Glass
from herkomst.domain.events import Recorded
from herkomst.record.database import Database, Row
from herkomst.record.reader import SequenceReader

REMEMBERED = 1024
"""Cases that are kept folded: those that somebody works under at the same time."""
_ID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class StandingCase(NamedTuple):
    """A case as it stands; its state is not to be changed."""

    id: UUID
    article: str
    """The ground that it was opened on, such as `wpg:9`."""
    handling: str
    version: int
    state: Case


class Standings:
    """Finds cases by their number or their id, and the glass of an officer."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._reader = SequenceReader("casework")
        self._lock = Lock()
        self._remembered: OrderedDict[str, StandingCase] = OrderedDict()

    def case(self, name: str) -> StandingCase | None:
        """The case of a number or an id as it stands now; None where there is none.

        Raises `DatabaseDown`.
        """
        with self._lock:
            before = self._remembered.get(name)
        with self._database.connection() as connection:
            if before and self._reader.version_of(connection, before.id) == before.version:
                return before
            found = self._folded(connection, name, before)
        if found is not None:
            self._remember(name, found)
        return found

    def glass(self, officer: str) -> Glass:
        """The glass of an officer as it is now. Raises `DatabaseDown`."""
        stream = ids.glass_of(officer)
        with self._database.connection() as connection:
            return glass.folded(self._reader.streams(connection, [stream]).get(stream, []))

    def _folded(
        self, connection: Connection[Row], name: str, before: StandingCase | None
    ) -> StandingCase | None:
        stream = before.id if before else self._stream_of(connection, name)
        if stream is None:
            return None
        return _standing(self._reader.streams(connection, [stream]).get(stream, []))

    def _stream_of(self, connection: Connection[Row], name: str) -> UUID | None:
        if _ID.fullmatch(name):
            return UUID(name)
        found = case.NUMBER.fullmatch(name)
        if found is None:
            return None
        year, place, is_secret = int(found["year"]), int(found["place"]), bool(found["series"])
        if name != case.number_of(year, place, is_secret=is_secret):
            return None
        fact = self._reader.fact(connection, case.series_of(year, is_secret=is_secret), place)
        return UUID(hex=fact.data.case) if fact and isinstance(fact.data, case.Numbered) else None

    def _remember(self, name: str, found: StandingCase) -> None:
        with self._lock:
            self._remembered[name] = found
            self._remembered.move_to_end(name)
            if len(self._remembered) > REMEMBERED:
                self._remembered.popitem(last=False)


def _standing(facts: list[Recorded]) -> StandingCase | None:
    state = case.folded(facts)
    if state is None:
        return None
    born, last = facts[0].envelope, facts[-1]
    return StandingCase(last.stream, born.ground, born.handling, last.version, state)
