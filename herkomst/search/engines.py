"""The port: what an engine of search does, whichever it is.

Answering is for who asks, and is asynchronous. Writing is for who follows the record: it may be
done again after a crash, because a document bears a version, and an older one changes nothing.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, Protocol

from herkomst.search.documents import Source
from herkomst.search.questions import (
    Answer,
    Completion,
    NameFound,
    NameQuestion,
    Question,
    Subject,
    Typed,
)


class Change(NamedTuple):
    """What a document is as of a version, which is the position in the record up to which it was
    looked at; without a source it is gone."""

    id: str
    version: int
    regime: str
    source: Source | None


class Refused(Exception):
    """An engine did not take a document in; nothing else of the batch is lost by it."""


class Engine(Protocol):
    """Answers questions."""

    async def ask(self, question: Question) -> Answer:
        """A page, and figures of all that is found. Raises `EngineDown`, `TooSlow`."""

    async def complete(self, typed: Typed) -> Sequence[Completion]:
        """What somebody may be typing, of what he may see."""

    async def names(self, question: NameQuestion) -> Sequence[NameFound]:
        """Persons with a name like this one, of whom he may know; the most alike first, equal ones
        by their id. Raises `EngineDown`, `TooSlow`."""


class Remote(Engine, Protocol):
    """An engine that is not the database."""

    async def close(self) -> None:
        """Let go of its connections."""


class Index(Protocol):
    """Takes documents in. Each generation of a subject is an index of its own for each regime; one
    generation is live, which is what is asked. Which one it is, is told by the registry of indexes
    (`follow.indexes`), and an engine is told so by `swap`."""

    name: str
    """Of the engine."""
    clock: str
    """When what was removed has left the engine's files."""

    def create(self, subject: Subject, generation: int) -> None:
        """Make a generation, which may have been begun before."""

    def is_whole(self, subject: Subject, generation: int) -> bool:
        """Whether what was put into a generation is still there. An engine may lose it all at
        once, and never a part: by a crash, or with its disk."""

    def put(self, subject: Subject, generation: int, changes: Iterable[Change]) -> None:
        """Take changes in, in parts and no faster than the engine can; when it returns they are
        kept. A change that is no newer than what is there changes nothing. Raises `Refused`,
        `EngineDown`."""

    def settle(self, subject: Subject, generation: int) -> None:
        """Let what was put be found, and let go of what is gone."""

    def swap(self, subject: Subject, generation: int) -> None:
        """Let this generation be asked from now on, in all regimes at once. It is told again by who
        does not know whether it was."""

    def drop(self, subject: Subject, generation: int) -> None:
        """Remove a generation, which may not be there."""

    def documents(self, subject: Subject, generation: int) -> Iterator[Source]:
        """All that is there, by id; what was put before is among it."""


class EngineDown(Exception):
    """The engine of search cannot be reached."""

    code = "search_down"


class TooSlow(Exception):
    """The question takes longer than a question may."""

    code = "search_too_slow"
