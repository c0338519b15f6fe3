"""Statements over the tables that are live: composed once for these generations of the models.

Composing a statement and finding its values' places costs more than sending it, and the statements
are a few dozen constants; only the generations change, when a model was rebuilt.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from psycopg.sql import SQL

from herkomst.investigations import visibility
from herkomst.projections.access_requests import AccessRequests
from herkomst.projections.alerts import Alerts
from herkomst.projections.attempts import Attempts
from herkomst.projections.authorisations import Authorisations
from herkomst.projections.case_entries import CaseEntries
from herkomst.projections.case_items import CaseItems
from herkomst.projections.cases import Cases
from herkomst.projections.dealers import Dealers
from herkomst.projections.descriptions import Descriptions
from herkomst.projections.establishments import Establishments
from herkomst.projections.firings import Firings
from herkomst.projections.glasses import Glasses
from herkomst.projections.hits import Hits
from herkomst.projections.holds import Holds
from herkomst.projections.keepings import Keepings
from herkomst.projections.match_keys import MatchKeys
from herkomst.projections.matches import Matches
from herkomst.projections.measures import Measures
from herkomst.projections.mentions import Mentions
from herkomst.projections.model import Model
from herkomst.projections.muted_numbers import MutedNumbers
from herkomst.projections.mutes import Mutes
from herkomst.projections.officers import Officers
from herkomst.projections.passages import Passages
from herkomst.projections.person_requests import PersonRequests
from herkomst.projections.presentations import Presentations
from herkomst.projections.purchases import Purchases
from herkomst.projections.reads import Reads
from herkomst.projections.reasons import Reasons
from herkomst.projections.registry import ModelMissing
from herkomst.projections.reveals import Reveals
from herkomst.projections.reviews import Reviews
from herkomst.projections.sightings import Sightings
from herkomst.projections.stolen_items import StolenItems

MODELS: tuple[Model, ...] = (
    AccessRequests(),
    Alerts(),
    Attempts(),
    Authorisations(),
    CaseEntries(),
    CaseItems(),
    Cases(),
    Dealers(),
    Descriptions(),
    Establishments(),
    Firings(),
    Glasses(),
    Hits(),
    Holds(),
    Keepings(),
    PersonRequests(),
    Mentions(),
    MatchKeys(),
    Matches(),
    Measures(),
    MutedNumbers(),
    Mutes(),
    Officers(),
    Passages(),
    Presentations(),
    Purchases(),
    Reads(),
    Reasons(),
    Reveals(),
    Reviews(),
    Sightings(),
    StolenItems(),
)
_PLACE = re.compile(rb"%(?:\((\w+)\)s|%)")
_ALL = SQL("true").format()
_BEGIN = SQL("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; {}SELECT * FROM follow.standing()")
BEGIN = _BEGIN.format(SQL("")).as_bytes()
"""Begins a snapshot, and tells which generations are live in it, where the followers of each
sequence stand, and as of when that is."""


class Standing(NamedTuple):
    """What is live in a snapshot, and how far it is."""

    live: "Live"
    behind: Sequence[str]
    """Models whose live generation is of another version than this program's."""
    positions: Mapping[str, int]
    """Where the followers of each sequence stand."""
    as_of: datetime
    """What was recorded before then is in it."""


class Ready(NamedTuple):
    """A statement as the engine reads it, and the names of the values that it takes, in order."""

    text: bytes
    names: Sequence[str]

    def values(self, named: Mapping[str, object]) -> list[object]:
        return [_sent(named[name]) for name in self.names]


class Live:
    """The tables of one generation of each model."""

    def __init__(self, generations: Sequence[int]) -> None:
        live = list(zip(MODELS, generations, strict=True))
        tables = {name: table for m, n in live for name, table in m.tables(n).items()}
        self._names = visibility.conditions(tables)
        lock = SQL("LOCK TABLE {} IN ACCESS SHARE MODE; ")
        self.begin = _BEGIN.format(lock.format(SQL(", ").join(tables.values()))).as_bytes()
        """The same as `BEGIN`, with the tables kept from being dropped while they are read."""
        self._ready = lru_cache(maxsize=1024)(self._composed)

    def ready(self, statement: SQL, asked: Sequence[SQL], around: SQL) -> Ready:
        """The statement, narrowed by what is `asked`, inside of what is put `around` it."""
        return self._ready(
            statement.as_string(), tuple([each.as_string() for each in asked]), around.as_string()
        )

    def _composed(self, statement: str, asked: Sequence[str], around: str) -> Ready:
        narrowed = [SQL(each).format(**self._names) for each in asked] or [_ALL]
        inner = SQL(statement).format(**self._names, asked=SQL(" AND ").join(narrowed))
        return _numbered(SQL(around).format(inner).as_bytes())


def understood(row: Sequence[Any]) -> Standing:
    """What `BEGIN` told. Raises `ModelMissing`."""
    models, stands, as_of = row
    found, behind = _models(models or "", tuple([(each.name, each.version) for each in MODELS]))
    positions = [each.split() for each in stands.split(",")] if stands else []
    return Standing(found, behind, {name: int(at) for name, at in positions}, as_of)


@lru_cache(maxsize=4)
def _models(told: str, wanted: Sequence[tuple[str, int]]) -> tuple[Live, Sequence[str]]:
    """What is live at these generations, and which models are of another version than `wanted`."""
    rows = [each.split() for each in told.split(",") if each]
    found = {name: (int(generation), int(version)) for name, generation, version in rows}
    for name, _ in wanted:
        if name not in found:
            raise ModelMissing(name)
    behind = [name for name, version in wanted if found[name][1] != version]
    return Live([found[name][0] for name, _ in wanted]), behind


def _numbered(text: bytes) -> Ready:
    """The text with its values' places numbered, as PostgreSQL has them."""
    names: dict[str, int] = {}

    def place(found: re.Match[bytes]) -> bytes:
        if found[1] is None:
            return b"%"
        return b"$%d" % names.setdefault(found[1].decode(), len(names) + 1)

    return Ready(_PLACE.sub(place, text), tuple(names))


def _sent(value: object) -> object:
    """Ids and texts as one text, which the driver need not look through as it does a list."""
    if isinstance(value, list) and value:
        if isinstance(value[0], UUID):
            return f"{{{','.join([each.hex for each in value])}}}"
        if isinstance(value[0], str):
            return _array(value)
    return value


def _array(texts: Sequence[str]) -> str:
    """Texts as PostgreSQL writes an array of them."""
    quoted = [each.replace("\\", r"\\").replace('"', r"\"") for each in texts]
    return '{{"{}"}}'.format('","'.join(quoted))
