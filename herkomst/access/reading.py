"""The one order that every way of reading follows.

Permitted? Then execute, collect the ids of what is returned, write the journal, commit, and only
then answer. What changes something is journaled before it is tried, and its outcome after it. When
the journal cannot be written nothing is answered: a read that leaves no trace does not happen
(art. 32a Wpg).
"""

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from hashlib import sha256
from time import perf_counter_ns
from typing import Generic, Literal, NamedTuple, TypeVar
from uuid import UUID

import anyio
import msgspec

from herkomst.access import policy
from herkomst.access.viewer import Reading
from herkomst.domain.events import Event, EventData
from herkomst.domain.journal import Attempted, Concluded, Read
from herkomst.metrics import JOURNALING
from herkomst.record.archive import Archive
from herkomst.record.journal import Entry, journal_event
from herkomst.record.vault import KeyRow

Way = Literal["graphql", "stream", "export", "command"]
T = TypeVar("T")
PATIENCE = 5.0
"""Seconds that an answer waits for the journal before it is given up."""
_encode = msgspec.json.Encoder(order="sorted", enc_hook=str).encode


_ID = re.compile(r"\b[0-9a-fA-F]{8}-?(?:[0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}\b")


class JournalUnavailable(Exception):
    """The journal cannot be written, so nothing may be read."""

    code = "journal_unavailable"
    message = "The journal of reads cannot be written, so nothing is answered."
    cure = "Try again later; `/readyz` says which part fails."

    def __init__(self) -> None:
        super().__init__(f"{self.message} {self.cure}")


class Question(msgspec.Struct):
    """What is asked: the text of the operation and its variables, and by which way it came."""

    text: str
    variables: Mapping[str, object]
    way: Way
    attempts: int = 0
    """How often something that it asks for was tried."""

    @property
    def document(self) -> str:
        """SHA-256 of the operation without its variables."""
        return sha256(self.text.encode()).hexdigest()

    @property
    def named(self) -> tuple[str, ...]:
        """The ids that stand in it, in hex."""
        found = _ID.findall(self.encoded().decode())
        return tuple(dict.fromkeys([each.replace("-", "").lower() for each in found]))

    def encoded(self) -> bytes:
        """Text and variables: the same for the same question."""
        return _encode([self.text, self.variables])


class Returned:
    """The ids of what an operation returns, in the order in which they were met."""

    def __init__(self) -> None:
        self._ids: dict[str, None] = {}
        self._sought: dict[str, None] = {}
        self._numbers: set[str] = set()
        self.withheld = 0
        self.counts: tuple[int | None, ...] = ()
        """The sizes of what was counted."""
        self.answer: bytes | None = None
        """The answer as it leaves, where it counts."""

    def add(self, kind: str, identity: UUID) -> None:
        """Note that a record is part of the answer."""
        self._ids[f"{kind}:{identity}"] = None

    def seek(self, identity: UUID) -> None:
        """Note that a record is asked for by its id, found or not."""
        self._sought[identity.hex] = None

    def seek_number(self, keys: Iterable[str]) -> None:
        """Note that a number was searched for, by where goods meet that bear it."""
        self._numbers.update(keys)

    def withhold(self) -> None:
        """Note that something was withheld from the answer."""
        self.withheld += 1

    def count(self, counts: tuple[int | None, ...], answer: bytes) -> None:
        """Note the sizes that are part of the answer."""
        self.counts, self.answer = counts, answer

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(self._ids)

    @property
    def sought(self) -> tuple[str, ...]:
        return tuple(self._sought)

    @property
    def numbers(self) -> str:
        """The keys of numbers that were searched for, a line each."""
        return "\n".join(sorted(self._numbers))


class Answer(NamedTuple, Generic[T]):
    """What may leave now, and where the journal says so."""

    value: T
    journal: int


class Asked:
    """A question on its own stream of the journal, sealed with a key of its own."""

    def __init__(self, archive: Archive, reading: Reading, question: Question) -> None:
        self._reading, self._question = reading, question
        self._begun = perf_counter_ns()
        self._entry: Entry = archive.journal.open_entry()
        self._key: KeyRow | None = self._entry.row
        plain = question.encoded()
        self._sealed = self._entry.key.seal(plain)
        self._token = archive.keyring.token
        self._asked_token = self._token(f"asked:{plain.decode()}")
        why = reading.reason
        self._reason = self._entry.key.seal(why.encode()) if why else None

    def read(self, returned: Returned) -> tuple[Event, KeyRow | None]:
        """The entry that says what was returned."""
        viewer, ids, numbers = self._reading.viewer, returned.ids, returned.numbers
        return self._event(
            Read(
                answered_token=self._answered_token(returned),
                asked=self._sealed,
                asked_token=self._asked_token,
                count=len(ids),
                counts=returned.counts,
                device=self._reading.device,
                document=self._question.document,
                duration_us=(perf_counter_ns() - self._begun) // 1000,
                ground=self._reading.ground,
                numbers=self._entry.key.seal(numbers.encode()) if numbers else None,
                policy=policy.version(),
                purpose=str(self._reading.purpose),
                reason=self._reason,
                returned=ids,
                role=viewer.role,
                sought=returned.sought,
                unit=viewer.unit,
                user=viewer.subject,
                way=self._question.way,
                withheld=returned.withheld,
            )
        )

    def attempted(self) -> tuple[Event, KeyRow | None]:
        """The entry that says what is about to be tried."""
        self._question.attempts += 1
        viewer = self._reading.viewer
        return self._event(
            Attempted(
                asked=self._sealed,
                asked_token=self._asked_token,
                device=self._reading.device,
                document=self._question.document,
                ground=self._reading.ground,
                policy=policy.version(),
                purpose=str(self._reading.purpose),
                reason=self._reason,
                role=viewer.role,
                sought=self._question.named,
                unit=viewer.unit,
                user=viewer.subject,
                way=self._question.way,
            )
        )

    def concluded(self, outcome: str, positions: tuple[str, ...]) -> tuple[Event, KeyRow | None]:
        """The entry that says what became of it."""
        return self._event(Concluded(outcome=outcome, positions=positions))

    def _answered_token(self, returned: Returned) -> str | None:
        if returned.answer is None:
            return None
        return self._token(f"answered:{returned.answer.decode()}")

    def _event(self, data: EventData) -> tuple[Event, KeyRow | None]:
        # The key is committed once, with the first entry of the stream.
        key, self._key = self._key, None
        viewer = self._reading.viewer
        ground = self._reading.ground
        event = journal_event(
            self._entry.stream,
            data,
            user=viewer.subject,
            ground=ground,
            unit=viewer.unit,
            controller=viewer.controller,
        )
        return event, key


async def read(
    archive: Archive,
    reading: Reading,
    question: Question,
    execute: Callable[[Returned], Awaitable[T]],
) -> Answer[T]:
    """Execute, journal what is returned, and only then hand over the answer.

    Raises `JournalUnavailable`, and whatever `execute` raises.
    """
    asked, returned = Asked(archive, reading, question), Returned()
    value = await execute(returned)
    return Answer(value, await _commit(archive, asked.read(returned)))


async def attempt(
    archive: Archive,
    reading: Reading,
    question: Question,
    act: Callable[[], Awaitable[T]],
    positions: Callable[[T], tuple[str, ...]],
) -> Answer[T]:
    """Journal the attempt, act, and journal the outcome.

    An exception is an outcome too, and is raised again. Raises `JournalUnavailable`.
    """
    asked = Asked(archive, reading, question)
    await _commit(archive, asked.attempted())
    try:
        value = await act()
    except Exception as error:
        await _commit(archive, asked.concluded(str(getattr(error, "code", "failed")), ()))
        raise
    return Answer(value, await _commit(archive, asked.concluded("done", positions(value))))


async def fail(archive: Archive, reading: Reading, question: Question, outcome: str) -> None:
    """Journal an attempt that came to nothing before anything was done, with its outcome.

    Raises `JournalUnavailable`.
    """
    asked = Asked(archive, reading, question)
    await _commit(archive, asked.attempted())
    await _commit(archive, asked.concluded(outcome, ()))


def write(archive: Archive, entry: tuple[Event, KeyRow | None]) -> int:
    """Commit an entry for who waits in a thread of its own, as a command does.

    Raises `JournalUnavailable`.
    """
    try:
        return archive.journal.write([entry])
    except Exception as error:
        raise JournalUnavailable from error


async def _commit(archive: Archive, entry: tuple[Event, KeyRow | None]) -> int:
    try:
        with anyio.fail_after(PATIENCE), JOURNALING.time():
            return await archive.journal.commit(*entry)
    except Exception as error:
        # Whatever the reason is: without the entry there is no answer.
        raise JournalUnavailable from error
