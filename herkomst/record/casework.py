"""Casework: hits, what people decide on them, numbers that flood, and cases."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import ClassVar, NamedTuple, TypeVar
from uuid import UUID

import uuid_utils
from psycopg import Cursor

from herkomst.domain import controllers, ids
from herkomst.domain.calendar import legal_date
from herkomst.domain.casework import case, glass, hit, reveal
from herkomst.domain.casework.case import Case
from herkomst.domain.casework.glass import Glass
from herkomst.domain.casework.parts import Part
from herkomst.domain.casework.reveal import Reveals
from herkomst.domain.events import Event, EventData, Recorded
from herkomst.domain.register import keeping
from herkomst.record.application import (
    Custody,
    Outcome,
    RecordApplication,
    envelope,
    pending,
    this_moment,
)
from herkomst.record.database import Row
from herkomst.record.reader import SequenceReader
from herkomst.record.vault import DataKey, KeyRow

CUSTODY = Custody(controller=controllers.POLICE, ground="wpg:8", regime="wpg:8", unit="herkomst")
"""A hit becomes police data when it is found, whoever reported the goods."""


class UnknownHit(Exception):
    """There is no hit of this id."""

    code = "unknown_hit"


class UnknownCase(Exception):
    """There is no case of this id."""

    code = "unknown_case"


class CaseErased(Exception):
    """The data key of the case was destroyed: it has no texts any more, and takes none."""

    code = "case_erased"


class Opening(NamedTuple):
    """What a case is opened with."""

    title: str
    lead: str
    unit: str
    article: str
    """Ground and regime, such as `wpg:9`."""
    handling: str = "open"
    aim: str | None = None

    @property
    def custody(self) -> Custody:
        """Under which it falls: whoever the unit belongs to answers for its cases."""
        return Custody(controllers.of_unit(self.unit), self.article, self.article, self.unit)


class CaseOpened(NamedTuple):
    """A case that was opened: its id, its number, and where it stands."""

    id: UUID
    number: str
    position: int


class Standpoint(NamedTuple):
    """Who acts, on which ground, for which unit."""

    actor: str
    ground: str
    unit: str

    @property
    def custody(self) -> Custody:
        """Under which what he does falls."""
        return Custody(controllers.of_unit(self.unit), self.ground, self.ground, self.unit)


_REGISTER = SequenceReader("register")
S = TypeVar("S")
Seal = Callable[[str], bytes]
"""Seals a text with the data key of a case."""


class Casework(RecordApplication):
    """The application of the sequence `casework`."""

    name = "casework"
    sequence: ClassVar[str] = "casework"

    def decide(
        self, hit_id: UUID, decide: Callable[[hit.Hit], EventData], *, actor: str, ground: str
    ) -> int:
        """Assess, confirm or reject a hit: `decide` calls one of its methods. The new position.

        Raises `UnknownHit`, `hit.HitClosed`.
        """

        def append(cursor: Cursor[Row]) -> Outcome[int]:
            events = self.recorder.reader.streams(cursor.connection, [hit_id]).get(hit_id)
            if events is None:
                raise UnknownHit(f"There is no hit {hit_id}.")
            state: hit.Hit | None = None
            for recorded in events:
                state = hit.evolve(state, recorded.data)
            assert state is not None
            data = decide(state)
            under = CUSTODY._replace(ground=ground)
            decided = [
                pending(Event(hit_id, data, envelope(actor, under, this_moment(), data.VERSION)))
            ]
            appended = self.recorder.append_locked(cursor, decided)
            return Outcome(appended.last, decided, appended)

        return self.committing(append)

    def assess_suggestion(
        self,
        hit_id: UUID,
        found: hit.Suggested,
        decide: Callable[[hit.Hit], EventData],
        *,
        actor: str,
        ground: str,
    ) -> int:
        """Record what a person made of a suggestion, with what it rests on: `decide` calls one of
        the methods of a hit. The new position.

        Raises `hit.HitClosed`.
        """

        def append(cursor: Cursor[Row]) -> Outcome[int]:
            facts = self.recorder.reader.streams(cursor.connection, [hit_id]).get(hit_id, [])
            state: hit.Hit | None = None
            for recorded in facts:
                state = hit.evolve(state, recorded.data)
            said: list[tuple[UUID, EventData]] = []
            if not any(isinstance(recorded.data, hit.Suggested) for recorded in facts):
                noted = ids.suggestions_of(UUID(hex=found.pair.stolen))
                said.append((noted, hit.SuggestionNoted(hit=hit_id.hex)))
            suggested = found if state is None else state.suggest(found)
            if suggested is not None:
                said.append((hit_id, suggested))
                state = hit.evolve(state, suggested)
            assert state is not None
            said.append((hit_id, decide(state)))
            under = CUSTODY._replace(ground=ground)
            events = [
                pending(Event(stream, data, envelope(actor, under, this_moment(), data.VERSION)))
                for stream, data in said
            ]
            appended = self.recorder.append_locked(cursor, events)
            return Outcome(appended.last, events, appended)

        return self.committing(append)

    def open_case(self, opening: Opening, *, actor: str) -> CaseOpened:
        """Open a case and give it the next number of its year and series.

        Raises `case.CaseRefused`.
        """
        case.must_say(opening.title, "title")
        case.must_name(opening.lead, "lead")
        stream = UUID(bytes=uuid_utils.uuid7().bytes)
        now = datetime.now(UTC)
        year = legal_date(now).year
        key, row = self.vault.new_key(stream)
        opened = case.Opened(
            aim=None if opening.aim is None else key.seal(opening.aim.encode()),
            lead=opening.lead,
            since=now.isoformat(timespec="milliseconds"),
            title=key.seal(opening.title.encode()),
        )
        custody = opening.custody
        numbered = case.Numbered(case=stream.hex, year=year)
        is_secret = opening.handling in case.SECRET
        series = case.series_of(year, is_secret=is_secret)
        events = [
            pending(Event(at, data, envelope(actor, custody, this_moment(), 1, opening.handling)))
            for at, data in ((stream, opened), (series, numbered))
        ]

        def append(cursor: Cursor[Row]) -> Outcome[CaseOpened]:
            appended = self.recorder.append_locked(cursor, events, [row])
            number = case.number_of(year, appended.versions[1], is_secret=is_secret)
            return Outcome(CaseOpened(stream, number, appended.last), events, appended)

        return self.committing(append)

    def in_case(self, case_id: UUID, act: Callable[[Case, Seal], EventData], *, actor: str) -> int:
        """Do something in a case: `act` calls one of its methods. The new position.

        Raises `UnknownCase`, `CaseErased`, `case.CaseRefused`.
        """

        def append(cursor: Cursor[Row]) -> Outcome[int]:
            facts = self.recorder.reader.streams(cursor.connection, [case_id]).get(case_id, [])
            state = case.folded(facts)
            if state is None:
                raise UnknownCase(f"There is no case {case_id}.")
            key = self.vault.keys(cursor.connection, [case_id]).get(case_id)
            if key is None:
                raise CaseErased(f"The texts of case {case_id} were destroyed.")
            data = act(state, partial(_sealed, key))
            born = facts[0].envelope
            custody = Custody(born.controller, born.ground, born.regime, state.unit)
            under = envelope(actor, custody, this_moment(), data.VERSION, born.handling)
            done = [pending(Event(case_id, data, under))]
            appended = self.recorder.append_locked(cursor, done)
            return Outcome(appended.last, done, appended)

        return self.committing(append)

    def in_reveals(
        self, officer: str, act: Callable[[Reveals, Seal], EventData], by: Standpoint
    ) -> int:
        """Add to what was revealed to an officer today, or allowed to him; the new position.

        Raises `reveal.RevealRefused`, and what `act` raises.
        """
        now = datetime.now(UTC)
        days = [
            ids.reveals_of(officer, legal_date(now - timedelta(days=ago)).isoformat())
            for ago in (1, 0)
        ]
        return self.add(days, reveal.folded, act, by.actor, by.custody)[1]

    def in_glass(
        self, officer: str, act: Callable[[Glass, Seal], EventData], by: Standpoint
    ) -> tuple[EventData, int]:
        """Break the glass of an officer, end that or review it; what was recorded, and where.

        Raises `glass.GlassRefused`, and what `act` raises.
        """
        stream = ids.glass_of(officer)

        def part(state: Glass) -> Part:
            return Part(ids.glass_id(stream, state.place), state.reviewed)

        return self.add([stream], glass.folded, act, by.actor, by.custody, part)

    def add(
        self,
        streams: Sequence[UUID],
        fold: Callable[[Sequence[Recorded]], S],
        act: Callable[[S, Seal], EventData],
        actor: str,
        custody: Custody,
        part: Callable[[S], Part] | None = None,
    ) -> tuple[EventData, int]:
        """Add to the last of these streams what `act` says, given what they all come to; what was
        recorded, and where. The last stream has a data key of its own, made when there is none; or
        one for each `part` of it.

        Raises what `fold` and `act` raise; sealing raises `case.CaseRefused` where the key was
        destroyed.
        """

        def acting(state: S, seal: Seal) -> Sequence[EventData]:
            return [act(state, seal)]

        (data,), position = self.add_all(streams, fold, acting, actor, custody, part)
        return data, position

    def add_all(
        self,
        streams: Sequence[UUID],
        fold: Callable[[Sequence[Recorded]], S],
        act: Callable[[S, Seal], Sequence[EventData]],
        actor: str,
        custody: Custody,
        part: Callable[[S], Part] | None = None,
    ) -> tuple[Sequence[EventData], int]:
        """The same where `act` says several things at once; where the last of them stands."""

        def append(cursor: Cursor[Row]) -> Outcome[tuple[Sequence[EventData], int]]:
            found = self.recorder.reader.streams(cursor.connection, streams)
            state = fold([fact for stream in streams for fact in found.get(stream, [])])
            seal, row = self.seal_of(cursor, streams[-1], part and part(state))
            said = act(state, seal)
            done = [
                pending(
                    Event(streams[-1], data, envelope(actor, custody, this_moment(), data.VERSION))
                )
                for data in said
            ]
            appended = self.recorder.append_locked(cursor, done, [] if row is None else [row])
            return Outcome((said, appended.last), done, appended)

        return self.committing(append)

    def seal_of(
        self, cursor: Cursor[Row], stream: UUID, part: Part | None
    ) -> tuple[Seal, KeyRow | None]:
        """What seals with the data key of a stream, or of a part of it; a new key comes with the
        row to be committed. What began before parts had keys goes on with that of the stream."""
        wanted = part or Part(stream, begins=False)
        if not wanted.begins:
            found = self.vault.keys(cursor.connection, [wanted.key, stream])
            key = found.get(wanted.key) or found.get(stream)
            if key is not None:
                return partial(_sealed, key), None
            if _is_destroyed(cursor, wanted.key):
                return _refused, None
        key, row = self.vault.new_key(wanted.key)
        return partial(_sealed, key), row


def _is_destroyed(cursor: Cursor[Row], key: UUID) -> bool:
    """Whether a key was there and was destroyed, so that none is made anew under its name."""
    told = _REGISTER.streams(cursor.connection, [ids.keeping_of(key)])
    return keeping.reached(fact for facts in told.values() for fact in facts) == "destroyed"


def _refused(_: str) -> bytes:
    raise case.CaseRefused(
        "destroyed",
        "What was said of this is over its term and was destroyed.",
        "Nothing is added to it any more; begin anew.",
    )


def _sealed(key: DataKey, text: str) -> bytes:
    """A text that says something, sealed. Raises `case.CaseRefused`."""
    case.must_say(text, "text")
    return key.seal(text.encode())
